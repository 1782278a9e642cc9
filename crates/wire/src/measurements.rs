//! Messages with measurements (end point `m`): protobuf from and to [`Uplink`].

use prost::Message as _;
use tenure_domain::Instant;
use tenure_domain::measurement::{
    Battery, Channel, ChannelType, MAX_CHANNELS, Period, PowerSource, Reading, Sample, TransferReason,
    Uplink, is_error_code,
};

use crate::proto::{MeasuredChannel, Measurements};
use crate::{ChannelError, DecodeError, serial, time, token};

mod frame;

use frame::{Frame, RawChannel};

/// More samples of one channel than this are refused. A sensor sends at most 60, and a kilobyte holds a thousand.
pub const MAX_SAMPLES: usize = 4_096;

/// What `battery_level` ÷ 6 is when no voltage was measured.
const NO_VOLTAGE: u32 = 10_921;

/// The largest base and the largest factor of a period that a sensor can be set to.
const MAX_PERIOD_PART: u32 = 65_535;

/// Reads the body of a message.
///
/// # Errors
/// It is not a message with measurements, or something in it is out of bounds; nothing is repaired or guessed.
pub fn decode(body: &[u8]) -> Result<Uplink, DecodeError> {
    match Frame::scan(body) {
        Some(frame) => read(&frame),
        None => read(&Frame::of(&Measurements::decode(body)?)?),
    }
}

fn read(frame: &Frame<'_>) -> Result<Uplink, DecodeError> {
    let serial = serial(frame.serial_number)?;
    let period = period(frame)?;
    let mut channels = Vec::with_capacity(frame.channels().len());
    for (position, channel) in (1_u8..).zip(frame.channels()) {
        let read = decode_channel(position, channel, period);
        channels.extend(read.map_err(|reason| DecodeError::Channel { position, reason })?);
    }
    Ok(Uplink {
        serial,
        device_token: token(frame.cloud_token).map(str::to_owned),
        battery: battery(frame.battery_status, frame.battery_level),
        signal_dbm: signal_dbm(frame.signal),
        next_transmission_at: present(frame.next_transmission_at).map(|at| Instant::from_seconds(at.into())),
        period,
        configuration_hash: present(frame.configuration_hash),
        extended_configuration_hash: present(frame.extended_configuration_hash),
        transfer_reason: TransferReason(frame.transfer_reason),
        channels,
    })
}

/// Protobuf does not send zeros, so a zero says nothing.
fn present(number: u32) -> Option<u32> {
    Some(number).filter(|number| *number != 0)
}

fn period(frame: &Frame<'_>) -> Result<Period, DecodeError> {
    let (base, factor) = (frame.period_base, frame.period_factor);
    if base > MAX_PERIOD_PART || factor > MAX_PERIOD_PART {
        return Err(DecodeError::Period { base, factor });
    }
    let has_binary =
        || frame.channels().iter().filter_map(|channel| kind(channel.kind)).any(ChannelType::is_binary);
    let factor = present(factor).unwrap_or_else(|| if has_binary() { 14 } else { 1 });
    Ok(Period { base_seconds: base, factor })
}

fn kind(number: i32) -> Option<ChannelType> {
    u8::try_from(number).ok().and_then(ChannelType::from_number)
}

fn decode_channel(
    position: u8,
    channel: &RawChannel<'_>,
    period: Period,
) -> Result<Option<Channel>, ChannelError> {
    let kind = kind(channel.kind).ok_or(ChannelError::UnknownType(channel.kind))?;
    if kind == ChannelType::NoSensor {
        return Ok(None);
    }
    let offsets = channel.offsets;
    if offsets.length() > MAX_SAMPLES {
        return Err(ChannelError::TooManySamples(offsets.length()));
    }
    let mut samples = Vec::with_capacity(offsets.length());
    let start = i64::from(channel.timestamp);
    if kind.is_binary() {
        let mut last = start;
        for offset in offsets {
            // An error has no time of its own: it stands where the state before it stood.
            let (at, reading) = if is_error_code(offset) {
                (last, Reading::Error(offset))
            } else {
                let after = offset.unsigned_abs().checked_sub(1).ok_or(ChannelError::BinaryOffset)?;
                (start + i64::from(after), Reading::Value(i32::from(offset > 0)))
            };
            last = at;
            samples.push(Sample { at: instant(at)?, reading });
        }
        if !samples.is_sorted_by_key(|sample| sample.at) {
            samples.sort_by_key(|sample| sample.at);
        }
    } else {
        let step = i64::from(period.seconds());
        let mut at = start;
        for offset in offsets {
            let reading = if is_error_code(offset) {
                Reading::Error(offset)
            } else {
                Reading::Value(channel.start_point.checked_add(offset).ok_or(ChannelError::Value)?)
            };
            samples.push(Sample { at: instant(at)?, reading });
            at += step;
        }
    }
    Ok(Some(Channel { position, kind, samples }))
}

/// The instant of these Unix seconds, from 1970 to 2106 as the sensors' own 32 bits hold them.
pub(crate) fn instant(seconds: i64) -> Result<Instant, ChannelError> {
    u32::try_from(seconds)
        .map(|seconds| Instant::from_seconds(seconds.into()))
        .map_err(|_| ChannelError::Time)
}

fn battery(fine: bool, level: u32) -> Battery {
    let known = level != 0;
    let source = match level % 6 {
        0 => PowerSource::Battery,
        1 => PowerSource::Rechargeable,
        2 => PowerSource::Charging,
        _ => PowerSource::Unknown,
    };
    let centivolts = if level / 6 == NO_VOLTAGE { None } else { u16::try_from(level / 6).ok() };
    Battery { low: !fine, centivolts: centivolts.filter(|_| known), source: known.then_some(source) }
}

/// Steps of 1 dB from −110 dBm up to 63. 0 is what sensors send that do not say, and 99 is "unknown".
fn signal_dbm(signal: u32) -> Option<i16> {
    i16::try_from(signal).ok().filter(|signal| (1..=63).contains(signal)).map(|signal| signal - 110)
}

/// A message that a sensor cannot send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A position is not from 1 to 6, or comes twice, or the channels are not in its order.
    #[error("channel positions go upwards from 1 to 6")]
    Position,
    /// A sample's instant is not a whole second from 1970 to 2038, or off the regular times of its channel.
    #[error("samples stand at whole seconds, and those of a continuous channel at the period's distance")]
    Time,
    /// A value is too far from the channel's first one, or an error code is outside its range.
    #[error("a value that offsets cannot express")]
    Value,
}

/// The body of a message, as a sensor would send it.
///
/// # Errors
/// The samples are not what a sensor can say in one message.
pub fn encode(uplink: &Uplink) -> Result<Vec<u8>, EncodeError> {
    let mut channels = Vec::new();
    for channel in &uplink.channels {
        let holes = usize::from(channel.position).checked_sub(1).ok_or(EncodeError::Position)?;
        if holes < channels.len() || channel.position > MAX_CHANNELS {
            return Err(EncodeError::Position);
        }
        channels.resize_with(holes, MeasuredChannel::default);
        channels.push(encode_channel(channel, uplink.period)?);
    }
    let message = Measurements {
        serial_number: uplink.serial.bytes().to_vec(),
        battery_status: !uplink.battery.low,
        measurement_period_base: uplink.period.base_seconds,
        channels,
        next_transmission_at: uplink.next_transmission_at.map(time::seconds).unwrap_or_default(),
        transfer_reason: uplink.transfer_reason.0,
        signal: uplink
            .signal_dbm
            .and_then(|dbm| u32::try_from(dbm.saturating_add(110)).ok())
            .filter(|signal| *signal <= 63)
            .unwrap_or_default(),
        measurement_period_factor: uplink.period.factor,
        configuration_hash: uplink.configuration_hash.unwrap_or_default(),
        cloud_token: uplink.device_token.clone().unwrap_or_default(),
        extended_configuration_hash: uplink.extended_configuration_hash.unwrap_or_default(),
        battery_level: battery_level(uplink.battery),
    };
    Ok(message.encode_to_vec())
}

fn battery_level(battery: Battery) -> u32 {
    let Some(source) = battery.source else { return 0 };
    let remainder = match source {
        PowerSource::Battery => 0,
        PowerSource::Rechargeable => 1,
        PowerSource::Charging => 2,
        PowerSource::Unknown => 3,
    };
    battery.centivolts.map_or(NO_VOLTAGE, u32::from) * 6 + remainder
}

fn encode_channel(channel: &Channel, period: Period) -> Result<MeasuredChannel, EncodeError> {
    let mut encoded = MeasuredChannel { r#type: channel.kind.number().into(), ..Default::default() };
    let Some(first) = channel.samples.first() else {
        return Ok(encoded);
    };
    let start = first.at.as_seconds();
    encoded.timestamp = i32::try_from(start).ok().filter(|start| *start >= 0).ok_or(EncodeError::Time)?;
    encoded.sample_offsets.reserve_exact(channel.samples.len());
    let binary = channel.kind.is_binary();
    if !binary {
        encoded.start_point = channel.samples.iter().find_map(|sample| sample.reading.value()).unwrap_or(0);
    }
    let mut regular = start;
    for sample in &channel.samples {
        let at = sample.at.as_seconds();
        if sample.at != Instant::from_seconds(at) || (!binary && at != regular) {
            return Err(EncodeError::Time);
        }
        regular += i64::from(period.seconds());
        let offset = match sample.reading {
            Reading::Error(code) => Some(code).filter(|code| is_error_code(*code)),
            Reading::Value(state) if binary => i32::try_from(at - start)
                .ok()
                .and_then(|after| after.checked_add(1))
                .filter(|offset| *offset > 0 && !is_error_code(*offset))
                .map(|offset| if state > 0 { offset } else { -offset }),
            Reading::Value(raw) => {
                raw.checked_sub(encoded.start_point).filter(|offset| !is_error_code(*offset))
            }
        };
        encoded.sample_offsets.push(offset.ok_or(EncodeError::Value)?);
    }
    Ok(encoded)
}

#[cfg(test)]
mod tests;
