//! What Bluetooth gateways post: JSON with one measurement of one sensor per entry.
//!
//! A gateway resends a post until it is answered with 201, and waits five minutes after a 503; the [`Answer`] tells
//! it which entries are accepted.

use serde::Deserialize;
use serde_json::value::RawValue;
use tenure_domain::measurement::{
    Battery, Channel, ChannelType, Decimal, MAX_CHANNELS, Period, RawError, Reading, Sample, TransferReason,
    Uplink,
};
use tenure_domain::{Instant, Serial};

use crate::measurements::instant;

/// More entries in one post than this are refused.
pub const MAX_ENTRIES: usize = 10_000;

/// One entry of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The gateway's own number for it, by which it is answered.
    pub response_handle: i64,
    /// What was measured. The token is not in it: a gateway sends one in a header, for all its sensors.
    pub uplink: Uplink,
}

/// A post that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It is not the JSON object that it should be.
    #[error("not a gateway's post: {0}")]
    Json(#[from] serde_json::Error),
    /// It has more entries than [`MAX_ENTRIES`].
    #[error("{count} entries in one post")]
    TooManyEntries {
        /// How many.
        count: usize,
    },
    /// An entry is not the object that it should be.
    #[error("measurements[{index}]: {source}")]
    Entry {
        /// Which entry, from 0.
        index: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A field of an entry cannot be read.
    #[error("measurements[{index}].{field}: {reason}")]
    Field {
        /// Which entry, from 0.
        index: usize,
        /// Which field.
        field: Field,
        /// What is wrong with it.
        reason: FieldError,
    },
}

/// A field of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which of the entry's `params` it is in, from 0; none when it is the entry's own.
    pub param: Option<usize>,
    /// Its name.
    pub name: &'static str,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.param {
            Some(param) => write!(f, "params[{param}].{}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// It is of another type, or not written as it should be.
    #[error("malformed")]
    Malformed,
    /// It is well written, and names nothing that is known.
    #[error("unknown")]
    Unknown,
    /// It is beyond its range.
    #[error("out of range")]
    OutOfRange,
    /// It came before in the same entry.
    #[error("repeated")]
    Repeated,
    /// Its type cannot hold the value.
    #[error(transparent)]
    Value(#[from] RawError),
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    measurements: Vec<&'a RawValue>,
}

/// An entry whose fields are not read yet; a null counts as absent.
#[derive(Deserialize)]
struct RawEntry<'a> {
    #[serde(borrow)]
    serial: Option<&'a RawValue>,
    response_handle: Option<&'a RawValue>,
    battery: Option<&'a RawValue>,
    signal: Option<&'a RawValue>,
    measured_at: Option<&'a RawValue>,
    measurement_interval: Option<&'a RawValue>,
    next_measurement_at: Option<&'a RawValue>,
    params: Option<Vec<RawParam<'a>>>,
}

#[derive(Deserialize)]
struct RawParam<'a> {
    #[serde(borrow)]
    channel: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// An entry that cannot be read, beside others that can.
#[derive(Debug)]
pub struct Rejected {
    /// Its handle, when at least that can be read: the gateway can then be told not to send it again.
    pub response_handle: Option<i64>,
    /// Why it cannot be read.
    pub error: GatewayError,
}

/// Reads the body of a post to `/api/v2/measurements`, all or nothing.
///
/// Instants are UTC: `2025-06-11 20:34:00 UTC`, the same without the suffix, or RFC 3339. A value finer than its
/// type's resolution is rounded, half away from zero.
///
/// # Errors
/// The post or one of its entries cannot be read; the error names the entry and the field.
pub fn parse(body: &[u8]) -> Result<Vec<Entry>, GatewayError> {
    raw_entries(body)?.iter().enumerate().map(|(index, raw)| parse_entry(index, raw)).collect()
}

/// Reads the body of a post like [`parse`], but entry by entry: a gateway resends a post as a whole until it is
/// accepted, so that one broken entry should not hold up the others.
///
/// # Errors
/// The body as a whole cannot be read.
pub fn parse_each(body: &[u8]) -> Result<Vec<Result<Entry, Rejected>>, GatewayError> {
    let entry = |(index, raw): (usize, &&RawValue)| {
        parse_entry(index, raw).map_err(|error| Rejected { response_handle: handle(raw), error })
    };
    Ok(raw_entries(body)?.iter().enumerate().map(entry).collect())
}

fn raw_entries(body: &[u8]) -> Result<Vec<&RawValue>, GatewayError> {
    let body: Body<'_> = serde_json::from_slice(body)?;
    let count = body.measurements.len();
    if count > MAX_ENTRIES { Err(GatewayError::TooManyEntries { count }) } else { Ok(body.measurements) }
}

fn parse_entry(index: usize, raw: &RawValue) -> Result<Entry, GatewayError> {
    let raw: RawEntry<'_> =
        serde_json::from_str(raw.get()).map_err(|source| GatewayError::Entry { index, source })?;
    read_entry(&raw).map_err(|(field, reason)| GatewayError::Field { index, field, reason })
}

/// The handle of an entry, whatever else it is; read as that of an entry that is well.
fn handle(raw: &RawValue) -> Option<i64> {
    #[derive(Deserialize)]
    struct Handle<'a> {
        #[serde(borrow)]
        response_handle: &'a RawValue,
    }
    let handle: Handle<'_> = serde_json::from_str(raw.get()).ok()?;
    integer(handle.response_handle).ok()
}

type FieldResult<T> = Result<T, (Field, FieldError)>;

fn read_entry(raw: &RawEntry<'_>) -> FieldResult<Entry> {
    let at = field("measured_at", raw.measured_at, read_instant)?;
    let low = |text: &RawValue| match string(text)? {
        "ok" => Ok(false),
        "low" => Ok(true),
        _ => Err(FieldError::Unknown),
    };
    let interval = |text: &RawValue| u32::try_from(integer(text)?).map_err(|_| FieldError::OutOfRange);
    let signal = |text: &RawValue| i16::try_from(integer(text)?).map_err(|_| FieldError::OutOfRange);
    let uplink = Uplink {
        serial: field("serial", raw.serial, |text| {
            string(text)?.parse::<Serial>().map_err(|_| FieldError::Malformed)
        })?,
        device_token: None,
        battery: Battery { low: field("battery", raw.battery, low)?, centivolts: None, source: None },
        // Only negative strengths are plausible; sensors that do not know theirs say 0.
        signal_dbm: optional("signal", raw.signal, signal)?.filter(|dbm| *dbm < 0),
        next_transmission_at: optional("next_measurement_at", raw.next_measurement_at, read_instant)?,
        period: Period {
            base_seconds: optional("measurement_interval", raw.measurement_interval, interval)?.unwrap_or(0),
            factor: 1,
        },
        configuration_hash: None,
        extended_configuration_hash: None,
        transfer_reason: TransferReason::default(),
        channels: read_params(raw.params.as_deref(), at)?,
    };
    Ok(Entry { response_handle: field("response_handle", raw.response_handle, integer)?, uplink })
}

fn read_params(params: Option<&[RawParam<'_>]>, at: Instant) -> FieldResult<Vec<Channel>> {
    let missing = (Field { param: None, name: "params" }, FieldError::Missing);
    let mut channels: Vec<Channel> = Vec::new();
    for (param, raw) in params.ok_or(missing)?.iter().enumerate() {
        let within = |(field, reason): (Field, FieldError)| (Field { param: Some(param), ..field }, reason);
        let position = field("channel", raw.channel, |text| {
            let position =
                u8::try_from(integer(text)?).ok().filter(|position| (1..=MAX_CHANNELS).contains(position));
            let position = position.ok_or(FieldError::OutOfRange)?;
            let repeated = channels.iter().any(|channel| channel.position == position);
            if repeated { Err(FieldError::Repeated) } else { Ok(position) }
        });
        let position = position.map_err(within)?;
        let kind = field("type", raw.kind, read_kind).map_err(within)?;
        let value = field("value", raw.value, |text| read_value(kind, text)).map_err(within)?;
        channels.push(Channel {
            position,
            kind,
            samples: vec![Sample { at, reading: Reading::Value(value) }],
        });
    }
    channels.sort_by_key(|channel| channel.position);
    Ok(channels)
}

fn field<T>(
    name: &'static str,
    raw: Option<&RawValue>,
    read: impl FnOnce(&RawValue) -> Result<T, FieldError>,
) -> FieldResult<T> {
    let field = Field { param: None, name };
    read(raw.ok_or((field, FieldError::Missing))?).map_err(|reason| (field, reason))
}

fn optional<T>(
    name: &'static str,
    raw: Option<&RawValue>,
    read: impl FnOnce(&RawValue) -> Result<T, FieldError>,
) -> FieldResult<Option<T>> {
    raw.map(|raw| field(name, Some(raw), read)).transpose()
}

/// A text without escapes, as all texts of a gateway are.
fn string(raw: &RawValue) -> Result<&str, FieldError> {
    let inner = raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.filter(|text| !text.contains('\\')).ok_or(FieldError::Malformed)
}

/// A number, exactly as it is written; also within quotes.
fn decimal(raw: &RawValue) -> Result<Decimal, FieldError> {
    string(raw).unwrap_or(raw.get()).parse().map_err(|_| FieldError::Malformed)
}

fn integer(raw: &RawValue) -> Result<i64, FieldError> {
    // A handle may have more digits than a value that is measured.
    if let Ok(whole) = string(raw).unwrap_or(raw.get()).parse() {
        return Ok(whole);
    }
    let number = decimal(raw)?;
    if number.decimals() == 0 { Ok(number.mantissa()) } else { Err(FieldError::Malformed) }
}

fn read_instant(raw: &RawValue) -> Result<Instant, FieldError> {
    let text = string(raw)?.trim();
    let plain = text.strip_suffix("UTC").map_or(text, str::trim_end);
    let at: Instant = match plain.parse() {
        Ok(at) => at,
        Err(_) => format!("{plain}Z").parse().map_err(|_| FieldError::Malformed)?,
    };
    instant(at.as_seconds()).map(|_| at).map_err(|_| FieldError::OutOfRange)
}

fn read_kind(raw: &RawValue) -> Result<ChannelType, FieldError> {
    match string(raw)? {
        "pressure_diff" => Ok(ChannelType::DifferentialPressure),
        "open-close" | "open_close" => Ok(ChannelType::OkAlarm),
        name => name.parse().map_err(|_| FieldError::Unknown),
    }
}

fn read_value(kind: ChannelType, raw: &RawValue) -> Result<i32, FieldError> {
    if kind.is_binary() {
        match raw.get().trim_matches('"') {
            "open" | "alarm" | "on" | "water" | "true" => return Ok(1),
            "closed" | "ok" | "off" | "dry" | "false" => return Ok(0),
            _ => {}
        }
    }
    Ok(kind.raw_of(decimal(raw)?)?)
}

/// What a gateway is answered, with status 201.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The handles of entries that are accepted, and whose sensors the gateway keeps in step.
    pub accepted: Vec<i64>,
    /// The handles of entries that are not wanted.
    pub refused: Vec<i64>,
}

impl Answer {
    /// The body of the answer, `{"Y":[1,2],"N":[]}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let list = |handles: &[i64]| handles.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        format!("{{\"Y\":[{}],\"N\":[{}]}}", list(&self.accepted), list(&self.refused))
    }
}

#[cfg(test)]
mod tests;
