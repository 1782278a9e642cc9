//! Samples as few bytes: one message as it is stored at once, and a long run of one channel as it is kept.
//!
//! Both forms begin with a byte that names form and version, hold every instant and every 32-bit integer exactly,
//! and tell errors from values without a reserved number. All numbers are variable-length, differences are zigzag
//! coded, and instants are counted in seconds when all of them are whole seconds.

use crate::Instant;

use super::varint::{Reader, put, zigzag};
use super::{Channel, ChannelType, Reading, Sample};

/// The first byte of one message's channels.
const MESSAGE: u8 = 0x01;
/// The first byte of a sealed run.
const RUN: u8 = 0x41;

/// The instants are whole seconds.
const SECONDS: u8 = 1;
/// Some readings are errors, so each one carries a bit that says so.
const ERRORS: u8 = 1 << 1;
/// The instants follow each other at one distance.
const REGULAR: u8 = 1 << 2;

/// The bytes are not packed samples, or a newer version wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// The first byte names another form or version.
    #[error("packed samples of an unknown form")]
    Form,
    /// The bytes end too early, go on too long, or hold a number that cannot be.
    #[error("packed samples are damaged")]
    Damaged,
}

/// Appends one message's channels to `out`: about 40 bytes for two channels of ten samples.
pub fn pack(channels: &[Channel], out: &mut Vec<u8>) {
    out.push(MESSAGE);
    let mut start = 0;
    for channel in channels {
        let flags = flags(&channel.samples);
        let period = regular_period(&channel.samples, flags);
        let flags = if period.is_some() { flags | REGULAR } else { flags };
        out.push(flags);
        out.push(channel.position);
        out.push(channel.kind.number());
        put_length(out, channel.samples.len());
        let mut previous = start;
        match (period, channel.samples.first()) {
            (Some(period), Some(first)) => {
                previous = in_unit(first.at, flags);
                put(out, zigzag(previous.wrapping_sub(start)));
                put(out, zigzag(period));
                start = previous;
            }
            _ => {
                for sample in &channel.samples {
                    let at = in_unit(sample.at, flags);
                    put(out, zigzag(at.wrapping_sub(previous)));
                    previous = at;
                }
            }
        }
        put_readings(out, &channel.samples, flags);
    }
}

/// The channels of one message.
///
/// # Errors
/// The bytes were not written by [`pack`].
pub fn unpack(bytes: &[u8]) -> Result<Vec<Channel>, PackedError> {
    let mut reader = Reader::new(bytes);
    if reader.byte() != Some(MESSAGE) {
        return Err(PackedError::Form);
    }
    let mut channels = Vec::new();
    let mut start = 0;
    while reader.remaining() > 0 {
        channels.push(unpack_channel(&mut reader, &mut start).ok_or(PackedError::Damaged)?);
    }
    Ok(channels)
}

fn unpack_channel(reader: &mut Reader<'_>, start: &mut i64) -> Option<Channel> {
    let flags = reader.byte().filter(|flags| *flags < 8)?;
    let position = reader.byte()?;
    let kind = ChannelType::from_number(reader.byte()?)?;
    let length = get_length(reader)?;
    let mut samples = Vec::with_capacity(length);
    let mut at = *start;
    if flags & REGULAR != 0 {
        at = at.wrapping_add(reader.signed()?);
        *start = at;
        let period = reader.signed()?;
        for _ in 0..length {
            samples.push(Sample { at: from_unit(at, flags), reading: Reading::Value(0) });
            at = at.wrapping_add(period);
        }
    } else {
        for _ in 0..length {
            at = at.wrapping_add(reader.signed()?);
            samples.push(Sample { at: from_unit(at, flags), reading: Reading::Value(0) });
        }
    }
    get_readings(reader, &mut samples, flags)?;
    Some(Channel { position, kind, samples })
}

/// A run of one sensor's one channel as it is kept: instants first, then readings; 1 to 4 bytes a sample on
/// plausible data.
///
/// Instants are differences of differences with run lengths, so any number of regular ones costs three bytes. They
/// are best, but need not be, in the order of time.
///
/// ```
/// use tenure_domain::Instant;
/// use tenure_domain::measurement::{Reading, Sample, packed};
/// let run: Vec<Sample> = (0..1_000)
///     .map(|minute| Sample { at: Instant::from_seconds(minute * 60), reading: Reading::Value(233) })
///     .collect();
/// let bytes = packed::seal(&run);
/// assert!(bytes.len() < 1_020);
/// assert_eq!(packed::unseal(&bytes).unwrap(), run);
/// ```
#[must_use]
pub fn seal(samples: &[Sample]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + samples.len() * 2);
    out.push(RUN);
    let flags = flags(samples);
    out.push(flags);
    put_length(&mut out, samples.len());
    let (mut previous, mut distance) = (0_i64, 0_i64);
    let mut run: Option<(i64, u64)> = None;
    for sample in samples {
        let at = in_unit(sample.at, flags);
        let next = at.wrapping_sub(previous);
        let change = next.wrapping_sub(distance);
        (previous, distance) = (at, next);
        run = match run {
            Some((same, count)) if same == change => Some((same, count + 1)),
            other => {
                put_run(&mut out, other);
                Some((change, 1))
            }
        };
    }
    put_run(&mut out, run);
    put_readings(&mut out, samples, flags);
    out
}

fn put_run(out: &mut Vec<u8>, run: Option<(i64, u64)>) {
    if let Some((change, count)) = run {
        put(out, zigzag(change));
        put(out, count);
    }
}

/// The samples of a sealed run.
///
/// # Errors
/// The bytes were not written by [`seal`].
pub fn unseal(bytes: &[u8]) -> Result<Vec<Sample>, PackedError> {
    let mut reader = Reader::new(bytes);
    if reader.byte() != Some(RUN) {
        return Err(PackedError::Form);
    }
    let samples = unseal_rest(&mut reader).ok_or(PackedError::Damaged)?;
    if reader.remaining() == 0 { Ok(samples) } else { Err(PackedError::Damaged) }
}

fn unseal_rest(reader: &mut Reader<'_>) -> Option<Vec<Sample>> {
    let flags = reader.byte().filter(|flags| *flags < REGULAR)?;
    let length = get_length(reader)?;
    let mut samples = Vec::with_capacity(length);
    let (mut at, mut distance) = (0_i64, 0_i64);
    while samples.len() < length {
        let change = reader.signed()?;
        let count = usize::try_from(reader.varint()?).ok()?;
        if count == 0 || count > length - samples.len() {
            return None;
        }
        for _ in 0..count {
            distance = distance.wrapping_add(change);
            at = at.wrapping_add(distance);
            samples.push(Sample { at: from_unit(at, flags), reading: Reading::Value(0) });
        }
    }
    get_readings(reader, &mut samples, flags)?;
    Some(samples)
}

fn flags(samples: &[Sample]) -> u8 {
    let mut flags = SECONDS;
    for sample in samples {
        if sample.at.as_micros() % 1_000_000 != 0 {
            flags &= !SECONDS;
        }
        if matches!(sample.reading, Reading::Error(_)) {
            flags |= ERRORS;
        }
    }
    flags
}

fn in_unit(at: Instant, flags: u8) -> i64 {
    if flags & SECONDS != 0 { at.as_seconds() } else { at.as_micros() }
}

fn from_unit(at: i64, flags: u8) -> Instant {
    if flags & SECONDS != 0 { Instant::from_seconds(at) } else { Instant::from_micros(at) }
}

/// The distance between each two neighbors, when it is one and the same.
fn regular_period(samples: &[Sample], flags: u8) -> Option<i64> {
    let mut period = None;
    for (earlier, later) in samples.iter().zip(samples.iter().skip(1)) {
        let distance = in_unit(later.at, flags).wrapping_sub(in_unit(earlier.at, flags));
        if *period.get_or_insert(distance) != distance {
            return None;
        }
    }
    (!samples.is_empty()).then(|| period.unwrap_or(0))
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put(out, u64::try_from(length).unwrap_or(u64::MAX));
}

/// A number of samples. Each reading takes a byte or more, so what is left bounds what may be allocated.
fn get_length(reader: &mut Reader<'_>) -> Option<usize> {
    let length = usize::try_from(reader.varint()?).ok()?;
    (length <= reader.remaining()).then_some(length)
}

/// Values as differences from the value before, errors as differences from the error before.
fn put_readings(out: &mut Vec<u8>, samples: &[Sample], flags: u8) {
    let (mut value, mut error) = (0_i64, 0_i64);
    for sample in samples {
        let (raw, last, tag) = match sample.reading {
            Reading::Value(raw) => (i64::from(raw), &mut value, 0),
            Reading::Error(code) => (i64::from(code), &mut error, 1),
        };
        let difference = zigzag(raw - *last);
        *last = raw;
        put(out, if flags & ERRORS == 0 { difference } else { difference << 1 | tag });
    }
}

fn get_readings(reader: &mut Reader<'_>, samples: &mut [Sample], flags: u8) -> Option<()> {
    let (mut value, mut error) = (0_i64, 0_i64);
    for sample in samples {
        let mut number = reader.varint()?;
        let is_error = flags & ERRORS != 0 && number & 1 == 1;
        if flags & ERRORS != 0 {
            number >>= 1;
        }
        let last = if is_error { &mut error } else { &mut value };
        *last = last.checked_add(super::varint::unzigzag(number))?;
        let raw = i32::try_from(*last).ok()?;
        sample.reading = if is_error { Reading::Error(raw) } else { Reading::Value(raw) };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_sample() -> impl Strategy<Value = Sample> {
        let at = prop_oneof![
            any::<i64>().prop_map(Instant::from_micros),
            (0_i64..4_000_000_000).prop_map(Instant::from_seconds)
        ];
        let raw = prop_oneof![any::<i32>(), -9_i32..9];
        (at, raw, prop::bool::weighted(0.2)).prop_map(|(at, raw, error)| Sample {
            at,
            reading: if error { Reading::Error(raw) } else { Reading::Value(raw) },
        })
    }

    fn any_run() -> impl Strategy<Value = Vec<Sample>> {
        let regular = (any::<i64>(), any::<i64>(), prop::collection::vec(any_sample(), 0..40)).prop_map(
            |(first, period, mut samples)| {
                let mut at = first;
                for sample in &mut samples {
                    sample.at = Instant::from_micros(at);
                    at = at.wrapping_add(period);
                }
                samples
            },
        );
        prop_oneof![regular, prop::collection::vec(any_sample(), 0..40)]
    }

    fn any_channel() -> impl Strategy<Value = Channel> {
        (any::<u8>(), 0_u8..44, any_run()).prop_map(|(position, kind, samples)| Channel {
            position,
            kind: ChannelType::from_number(kind).unwrap(),
            samples,
        })
    }

    fn minutes(position: u8, kind: ChannelType, raw: impl Fn(i64) -> i32) -> Channel {
        let sample =
            |i| Sample { at: Instant::from_seconds(1_749_674_040 + i * 60), reading: Reading::Value(raw(i)) };
        Channel { position, kind, samples: (0..10).map(sample).collect() }
    }

    proptest! {
        #[test]
        fn channels_survive_packing(channels in prop::collection::vec(any_channel(), 0..6)) {
            let mut bytes = Vec::new();
            pack(&channels, &mut bytes);
            prop_assert_eq!(unpack(&bytes), Ok(channels));
        }

        #[test]
        fn a_run_survives_sealing(samples in any_run()) {
            prop_assert_eq!(unseal(&seal(&samples)), Ok(samples));
        }

        #[test]
        fn random_bytes_never_panic(form in prop::sample::select(vec![MESSAGE, RUN]), mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            bytes.insert(0, form);
            let _ = (unpack(&bytes), unseal(&bytes));
        }
    }

    #[test]
    fn two_channels_of_ten_steady_samples_take_less_than_45_bytes() {
        let temperature = minutes(1, ChannelType::Temperature, |i| 233 + i32::from(i % 3 == 0));
        let humidity = minutes(2, ChannelType::Humidity, |_| 57);
        let mut bytes = Vec::new();
        pack(&[temperature, humidity], &mut bytes);
        assert!(bytes.len() <= 45, "{} bytes", bytes.len());
    }

    #[test]
    fn a_plausible_day_takes_less_than_two_bytes_a_sample() {
        let day: Vec<Sample> = (0..1_440)
            .map(|i| {
                // Now and then a message is a second late, and the value wanders.
                let late = i64::from(i % 97 == 0);
                let raw = i32::try_from(200 + (i * i) % 37 - (i % 11)).unwrap();
                Sample {
                    at: Instant::from_seconds(1_749_674_040 + i * 60 + late),
                    reading: Reading::Value(raw),
                }
            })
            .collect();
        let bytes = seal(&day);
        assert!(bytes.len() < 2 * day.len(), "{} bytes", bytes.len());
    }

    #[test]
    fn a_huge_count_in_few_bytes_is_refused_before_anything_is_allocated() {
        assert_eq!(unseal(&[RUN, SECONDS, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 1]), Err(PackedError::Damaged));
        assert_eq!(unpack(&[MESSAGE, SECONDS, 1, 1, 0xff, 0xff, 0xff, 0x7f]), Err(PackedError::Damaged));
        assert_eq!(unpack(&[0x02]), Err(PackedError::Form));
        assert_eq!(unpack(&[]), Err(PackedError::Form));
    }
}
