//! Measurements: what a sensor reports, in the types that the wire, the hot path and the store share.
//!
//! A message ([`Uplink`]) carries up to six channels, a [`Channel`] carries samples in the order of time, and a
//! [`Sample`] is an instant and a raw integer exactly as the sensor sent it. What the integer means is decided
//! once, by its [`ChannelType`].

mod channel_type;
mod decimal;
mod downsample;
mod merge;
pub mod packed;
mod reading;
mod uplink;
mod varint;

pub use channel_type::{ChannelType, Scale, UnknownChannelType};
pub use decimal::{Decimal, DecimalError};
pub use downsample::{Bucket, Summary, downsample};
pub use merge::merge;
pub use reading::{Calibration, CounterState, Detail, Interpreted, RawError, counter_total};
pub use uplink::{
    Battery, Channel, MAX_CHANNELS, Period, PowerSource, Reading, Sample, TransferReason, Uplink,
};

/// The first raw offset that is an error code and not a value.
pub const FIRST_ERROR_CODE: i32 = 8_355_840;
/// The last raw offset that is an error code and not a value.
pub const LAST_ERROR_CODE: i32 = 8_388_607;

/// Whether an offset on the wire is an error code, to which the channel's start point is not added.
#[must_use]
pub const fn is_error_code(offset: i32) -> bool {
    offset >= FIRST_ERROR_CODE && offset <= LAST_ERROR_CODE
}
