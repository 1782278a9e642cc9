//! A sensor as the API shows it: one row of the License Manager's table.

use serde::Serialize;
use tenure_app::Caller;
use tenure_app::list_sensors::Row;
use tenure_app::rows::{Earlier, QueuedRow, Shown};
use tenure_domain::{AtEnd, Date, Instant, LicenseId, Permission, SensorId, Serial, Standing, Term};
use utoipa::ToSchema;

use crate::shapes;
use crate::workbook::{Cell, Column};

/// A sensor. For those who may not read licenses the fields about licenses are null or empty.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sensor {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    id: SensorId,
    /// 12 hexadecimal digits.
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    name: String,
    /// `covered`, `expiring` (covered for at most 30 days more), `expired` or `unlicensed`.
    #[schema(value_type = shapes::Standing, example = "covered")]
    standing: Standing,
    /// The license that covers it now: what is taken back when it was assigned by mistake (R19).
    #[schema(value_type = Option<String>)]
    license_id: Option<LicenseId>,
    /// The local date on which the active license, or the last one, began.
    #[schema(value_type = Option<String>, format = Date)]
    activation_date: Option<Date>,
    /// The last local date that it covers.
    #[schema(value_type = Option<String>, format = Date)]
    expires_on: Option<Date>,
    /// The first instant that it does not cover any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
    /// Days from today to `expires_on` (R10); negative when it is over.
    days_remaining: Option<i32>,
    /// Its license key.
    key: Option<String>,
    /// How many licenses of that key are or were on sensors.
    key_licenses_assigned: Option<i64>,
    /// What follows the active license, in its order.
    queued: Vec<Queued>,
    /// The first instant that the whole chain, queue included, does not cover any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    covered_until: Option<Instant>,
    /// The last local date that it covers.
    #[schema(value_type = Option<String>, format = Date)]
    covered_until_on: Option<Date>,
    /// Whether it takes a license of the pool when its chain ends (R12).
    auto_renewal: bool,
    /// What happens at the end of its chain if nobody does anything: `renews`, `no_license` (it takes one, but none is
    /// left for it, R14) or `stops` (auto renewal is off). Told of a chain that ends within 60 days, and of an expired
    /// sensor, which waits for a license or has stopped; else null.
    #[schema(value_type = Option<shapes::AtEnd>, example = "renews")]
    at_end: Option<AtEnd>,
    /// The last five covers that were over before the shown one, newest last: what is between them are gaps (R16).
    earlier_cover: Vec<EarlierCover>,
    /// How many of its messages were refused since one was last saved (R27).
    refused_messages: i64,
    /// When the first of them arrived.
    #[schema(value_type = Option<String>, format = DateTime)]
    refused_since: Option<Instant>,
    /// When its last message arrived, saved or refused.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Instant>,
    /// Null until its first message.
    battery: Option<BatteryBody>,
    /// The strength of its radio signal, where it is known.
    signal_dbm: Option<i16>,
    #[schema(value_type = String, format = DateTime)]
    added_at: Instant,
}

/// The columns of an exported table.
pub(crate) const COLUMNS: [Column; 21] = [
    ("id", 31),
    ("serial", 14),
    ("name", 28),
    ("standing", 11),
    ("activation_date", 15),
    ("expires_on", 12),
    ("expires_at", 20),
    ("days_remaining", 15),
    ("key", 31),
    ("queued_licenses", 15),
    ("covered_until", 20),
    ("covered_until_on", 16),
    ("auto_renewal", 13),
    ("at_end", 11),
    ("last_seen_at", 20),
    ("battery_low", 11),
    ("battery_volts", 13),
    ("signal_dbm", 11),
    ("refused_messages", 17),
    ("refused_since", 20),
    ("added_at", 20),
];

impl Sensor {
    /// The row's cells under [`COLUMNS`].
    pub(crate) fn cells(&self) -> [Cell; 21] {
        let battery = self.battery.as_ref();
        let volts = battery.and_then(|battery| battery.volts);
        [
            Cell::Text(self.id.to_string()),
            Cell::Text(self.serial.to_string()),
            Cell::Text(self.name.clone()),
            Cell::Text(self.standing.to_string()),
            Cell::or_empty(self.activation_date, Cell::Date),
            Cell::or_empty(self.expires_on, Cell::Date),
            Cell::or_empty(self.expires_at, Cell::Moment),
            Cell::or_empty(self.days_remaining, |days| Cell::Int(days.into())),
            Cell::or_empty(self.key.clone(), Cell::Text),
            Cell::Int(i64::try_from(self.queued.len()).unwrap_or(i64::MAX)),
            Cell::or_empty(self.covered_until, Cell::Moment),
            Cell::or_empty(self.covered_until_on, Cell::Date),
            Cell::Truth(self.auto_renewal),
            Cell::or_empty(self.at_end, |at_end| Cell::Text(at_end.name().to_owned())),
            Cell::or_empty(self.last_seen_at, Cell::Moment),
            Cell::or_empty(battery, |battery| Cell::Truth(battery.low)),
            Cell::or_empty(volts, Cell::Number),
            Cell::or_empty(self.signal_dbm, |signal| Cell::Int(signal.into())),
            Cell::Int(self.refused_messages),
            Cell::or_empty(self.refused_since, Cell::Moment),
            Cell::Moment(self.added_at),
        ]
    }
}

/// A license behind the active one.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedLicense)]
struct Queued {
    #[schema(value_type = String)]
    license_id: LicenseId,
    key: String,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    #[schema(value_type = String, format = Date)]
    activation_date: Date,
    #[schema(value_type = String, format = Date)]
    expires_on: Date,
}

/// A cover that is over, by local dates.
#[derive(Serialize, ToSchema)]
struct EarlierCover {
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// The last date that it covered.
    #[schema(value_type = String, format = Date)]
    until: Date,
}

/// A sensor's battery.
#[derive(Serialize, ToSchema)]
#[schema(as = Battery)]
struct BatteryBody {
    low: bool,
    volts: Option<f64>,
}

impl Sensor {
    /// The row as this caller may see it (R34).
    pub(crate) fn new(row: Row, caller: &Caller) -> Self {
        let Row { sensor, standing, days_remaining, queued, at_end, earlier, state } = row;
        let licenses = caller.role_allows(Permission::ReadLicenses);
        let shown = sensor.shown.filter(|_| licenses);
        let chain_end = sensor.chain_end.filter(|_| licenses);
        let dates = shown.as_ref().map(|Shown { activation_date, expires_on, expires_at, .. }| {
            (*activation_date, *expires_on, *expires_at)
        });
        let queue = |row: QueuedRow| Queued {
            license_id: row.license,
            key: row.key,
            term: row.term,
            activation_date: row.activation_date,
            expires_on: row.expires_on,
        };
        let cover = |Earlier { from, until }| EarlierCover { from, until };
        let battery = |battery: tenure_domain::measurement::Battery| BatteryBody {
            low: battery.low,
            volts: battery.centivolts.map(|level| f64::from(level) / 100.0),
        };
        Self {
            id: sensor.id,
            serial: sensor.serial,
            name: sensor.name,
            standing,
            license_id: sensor.active.filter(|_| licenses),
            activation_date: dates.map(|(activation_date, ..)| activation_date),
            expires_on: dates.map(|(_, expires_on, _)| expires_on),
            expires_at: dates.map(|(.., expires_at)| expires_at),
            days_remaining: days_remaining.filter(|_| licenses),
            key_licenses_assigned: shown.as_ref().map(|shown| shown.key_assigned),
            key: shown.map(|shown| shown.key),
            queued: queued.into_iter().filter(|_| licenses).map(queue).collect(),
            covered_until: chain_end.map(|end| end.ends),
            covered_until_on: chain_end.map(|end| end.expires_on),
            auto_renewal: sensor.auto_renewal,
            at_end: at_end.filter(|_| licenses),
            earlier_cover: earlier.into_iter().filter(|_| licenses).map(cover).collect(),
            refused_messages: state.map_or(0, |state| state.refused),
            refused_since: state.and_then(|state| state.refused_since),
            last_seen_at: state.map(|state| state.last_seen),
            battery: state.map(|state| battery(state.status.battery)),
            signal_dbm: state.and_then(|state| state.status.signal_dbm),
            added_at: sensor.added_at,
        }
    }
}
