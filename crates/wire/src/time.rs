//! The time end point: what a sensor asks when its network tells no time.

use tenure_domain::Instant;

/// The answer to a sensor that asks for the time: Unix seconds in four bytes, most significant first.
///
/// Instants before 1970 are answered as 0 and those from 2106-02-07T06:28:16Z on as the largest number.
///
/// ```
/// use tenure_domain::Instant;
/// assert_eq!(tenure_wire::time::answer(Instant::from_seconds(1_749_674_040)), [0x68, 0x49, 0xe8, 0x38]);
/// ```
#[must_use]
pub fn answer(now: Instant) -> [u8; 4] {
    seconds(now).to_be_bytes()
}

/// Unix seconds as the sensors' 32 bits hold them, stopping at both ends.
pub(crate) fn seconds(at: Instant) -> u32 {
    u32::try_from(at.as_seconds().max(0)).unwrap_or(u32::MAX)
}
