//! A message as it is handed on.

use serde::Serialize;
use tenure_domain::measurement::{Battery, Channel, ChannelType, PowerSource, Reading};
use tenure_domain::{Instant, OrganizationId, SensorId, Serial};
use tenure_store::forwards::Forward;
use tenure_store::messages::{Fate, Status};

/// A message that is ready to be handed on.
pub(super) struct Outgoing {
    /// Its number, by which it is told apart here.
    pub(super) number: i64,
    pub(super) organization: OrganizationId,
    pub(super) serial: Serial,
    /// How often it was refused already.
    pub(super) refusals: u32,
    /// JSON.
    pub(super) body: String,
}

/// docs/forwarding.md describes it.
#[derive(Serialize)]
struct Message {
    id: String,
    organization_id: OrganizationId,
    sensor_id: SensorId,
    serial: Serial,
    arrived_at: Instant,
    late: bool,
    battery: BatteryBody,
    signal_dbm: Option<i16>,
    next_transmission_at: Option<Instant>,
    channels: Vec<ChannelBody>,
}

#[derive(Serialize)]
struct BatteryBody {
    low: bool,
    volts: Option<f64>,
    source: Option<&'static str>,
}

#[derive(Serialize)]
struct ChannelBody {
    channel: u8,
    r#type: ChannelType,
    unit: &'static str,
    points: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    at: Instant,
    value: Option<f64>,
    /// The sensor's code for what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<i32>,
}

impl Outgoing {
    /// Writes a message as JSON.
    pub(super) fn of(forward: Forward) -> Result<Self, serde_json::Error> {
        let Forward { number, organization, sensor, serial, arrived, fate, status, channels, refusals } =
            forward;
        let Status { battery, signal_dbm, next_transmission_at } = status;
        let message = Message {
            id: number.to_string(),
            organization_id: organization,
            sensor_id: sensor,
            serial,
            arrived_at: arrived,
            late: fate == Fate::SavedLate,
            battery: battery_body(battery),
            signal_dbm,
            next_transmission_at,
            channels: channels.into_iter().map(channel_body).collect(),
        };
        let body = serde_json::to_string(&message)?;
        Ok(Self { number, organization, serial, refusals, body })
    }
}

fn battery_body(battery: Battery) -> BatteryBody {
    let source = battery.source.map(|source| match source {
        PowerSource::Battery => "battery",
        PowerSource::Rechargeable => "rechargeable",
        PowerSource::Charging => "charging",
        PowerSource::Unknown => "unknown",
    });
    let volts = battery.centivolts.map(|level| f64::from(level) / 100.0);
    BatteryBody { low: battery.low, volts, source }
}

fn channel_body(channel: Channel) -> ChannelBody {
    let Channel { position, kind, samples } = channel;
    let points = samples.into_iter().map(|sample| {
        let (value, error) = match sample.reading {
            Reading::Value(raw) => (Some(kind.read(raw).value.to_f64()), None),
            Reading::Error(code) => (None, Some(code)),
        };
        Point { at: sample.at, value, error }
    });
    ChannelBody { channel: position, r#type: kind, unit: kind.unit(), points: points.collect() }
}
