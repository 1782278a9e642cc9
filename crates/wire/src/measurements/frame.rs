//! A message with measurements as it lies in its datagram, without a copy.
//!
//! [`Frame::scan`] reads what sensors send in the one shape in which they send it. All else (fields that are not
//! known, numbers beyond their type, offsets in pieces, damage) is left to prost, which decides what it means; the
//! two never differ on what both can read, as a test proves.

use crate::DecodeError;
use crate::proto::Measurements;

/// The channels of a message; more are refused before one is made.
pub(super) const CHANNELS: usize = 6;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Frame<'a> {
    pub(super) serial_number: &'a [u8],
    pub(super) battery_status: bool,
    pub(super) period_base: u32,
    pub(super) channels: [RawChannel<'a>; CHANNELS],
    pub(super) channel_count: usize,
    pub(super) next_transmission_at: u32,
    pub(super) transfer_reason: u32,
    pub(super) signal: u32,
    pub(super) period_factor: u32,
    pub(super) configuration_hash: u32,
    pub(super) cloud_token: &'a str,
    pub(super) extended_configuration_hash: u32,
    pub(super) battery_level: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct RawChannel<'a> {
    pub(super) kind: i32,
    pub(super) timestamp: i32,
    pub(super) start_point: i32,
    pub(super) offsets: Offsets<'a>,
}

/// Offsets, decoded or as they are on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Offsets<'a> {
    Decoded(&'a [i32]),
    /// Zigzag-coded varints that are known to be whole and to fit in 32 bits, and how many.
    Packed(&'a [u8], usize),
}

impl Default for Offsets<'_> {
    fn default() -> Self {
        Self::Decoded(&[])
    }
}

impl PartialEq for Offsets<'_> {
    fn eq(&self, other: &Self) -> bool {
        (*self).eq(*other)
    }
}

impl Offsets<'_> {
    pub(super) const fn length(&self) -> usize {
        match self {
            Self::Decoded(offsets) => offsets.len(),
            Self::Packed(_, count) => *count,
        }
    }
}

impl Iterator for Offsets<'_> {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        match self {
            Self::Decoded(offsets) => {
                let (first, rest) = offsets.split_first()?;
                *offsets = rest;
                Some(*first)
            }
            Self::Packed(bytes, _) => signed(bytes),
        }
    }
}

impl<'a> Frame<'a> {
    pub(super) fn channels(&self) -> &[RawChannel<'a>] {
        self.channels.get(..self.channel_count).unwrap_or_default()
    }

    /// Reads a message in its usual shape.
    pub(super) fn scan(mut body: &'a [u8]) -> Option<Self> {
        let mut frame = Self::default();
        let rest = &mut body;
        while !rest.is_empty() {
            match varint(rest)? {
                0x0a => frame.serial_number = bytes(rest)?,
                0x10 => frame.battery_status = boolean(rest)?,
                0x18 => frame.period_base = varint(rest)?,
                0x22 => {
                    let channel = RawChannel::scan(bytes(rest)?)?;
                    *frame.channels.get_mut(frame.channel_count)? = channel;
                    frame.channel_count += 1;
                }
                0x28 => frame.next_transmission_at = varint(rest)?,
                0x30 => frame.transfer_reason = varint(rest)?,
                0x38 => frame.signal = varint(rest)?,
                0x40 => frame.period_factor = varint(rest)?,
                0x48 => frame.configuration_hash = varint(rest)?,
                0x82 => frame.cloud_token = std::str::from_utf8(bytes(rest)?).ok()?,
                0x88 => frame.extended_configuration_hash = varint(rest)?,
                0x90 => frame.battery_level = varint(rest)?,
                _ => return None,
            }
        }
        Some(frame)
    }

    /// The frame of a message that prost has read.
    pub(super) fn of(message: &'a Measurements) -> Result<Self, DecodeError> {
        let mut frame = Self {
            serial_number: &message.serial_number,
            battery_status: message.battery_status,
            period_base: message.measurement_period_base,
            channels: [RawChannel::default(); CHANNELS],
            channel_count: message.channels.len(),
            next_transmission_at: message.next_transmission_at,
            transfer_reason: message.transfer_reason,
            signal: message.signal,
            period_factor: message.measurement_period_factor,
            configuration_hash: message.configuration_hash,
            cloud_token: &message.cloud_token,
            extended_configuration_hash: message.extended_configuration_hash,
            battery_level: message.battery_level,
        };
        if frame.channel_count > CHANNELS {
            return Err(DecodeError::TooManyChannels { count: frame.channel_count });
        }
        for (place, channel) in frame.channels.iter_mut().zip(&message.channels) {
            *place = RawChannel {
                kind: channel.r#type,
                timestamp: channel.timestamp,
                start_point: channel.start_point,
                offsets: Offsets::Decoded(&channel.sample_offsets),
            };
        }
        Ok(frame)
    }
}

impl<'a> RawChannel<'a> {
    fn scan(mut body: &'a [u8]) -> Option<Self> {
        let mut channel = Self::default();
        let rest = &mut body;
        while !rest.is_empty() {
            match varint(rest)? {
                0x08 => channel.kind = i32::try_from(varint(rest)?).ok()?,
                0x10 => channel.timestamp = i32::try_from(varint(rest)?).ok()?,
                0x20 => channel.start_point = signed(rest)?,
                // A second run of offsets would have to be appended to the first.
                0x2a if channel.offsets.length() == 0 => {
                    let packed = bytes(rest)?;
                    let (mut left, mut count) = (packed, 0);
                    while !left.is_empty() {
                        varint(&mut left)?;
                        count += 1;
                    }
                    channel.offsets = Offsets::Packed(packed, count);
                }
                _ => return None,
            }
        }
        Some(channel)
    }
}

/// A number of at most 32 bits in at most five bytes.
fn varint(rest: &mut &[u8]) -> Option<u32> {
    let (first, more) = rest.split_first()?;
    *rest = more;
    let mut number = u64::from(first & 0x7f);
    let mut byte = *first;
    let mut shift = 7;
    while byte & 0x80 != 0 {
        if shift > 28 {
            return None;
        }
        let (next, more) = rest.split_first()?;
        *rest = more;
        byte = *next;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
    }
    u32::try_from(number).ok()
}

fn signed(rest: &mut &[u8]) -> Option<i32> {
    let number = varint(rest)?;
    Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}

fn boolean(rest: &mut &[u8]) -> Option<bool> {
    match varint(rest)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(rest)?).ok()?;
    let (bytes, more) = rest.split_at_checked(length)?;
    *rest = more;
    Some(bytes)
}
