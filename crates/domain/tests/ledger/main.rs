//! The desk against a slow model of the rules, under random commands (R5 to R22).
//!
//! [`model`] is written from the rules and scans everything at every step; [`driver`] uses the real desk as the
//! store does: it loads a short head of the pool and the sensors concerned, and applies the changes to its records.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod ahead;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod forecast;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod model;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod settling;
