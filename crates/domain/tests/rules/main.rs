//! The rules of the ledger, one by one, at the very instants at which they turn.

#[cfg(test)]
mod assigning;
#[cfg(test)]
mod common_date;
#[cfg(test)]
mod house;
#[cfg(test)]
mod removing;
#[cfg(test)]
mod revoking;
#[cfg(test)]
mod taking_back;
#[cfg(test)]
mod time;
#[cfg(test)]
mod waiting;
