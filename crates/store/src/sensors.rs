//! Sensors as rows: the License Manager's table, the gate's list, adding and renaming.

use tenure_domain::standing::{ChainEnd, expiring_until};
use tenure_domain::{CodeId, Date, Instant, LicenseId, OrganizationId, SensorId, Serial, Standing, Term};

use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::{Row, StoreError, Tx};

/// A sensor's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorRow {
    /// Its identifier.
    pub id: SensorId,
    /// The number under which its measurements are kept.
    pub number: i64,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub added_at: Instant,
    /// Whether it takes a license of the pool when its chain ends (R12).
    pub auto_renewal: bool,
    /// The license that covers it now.
    pub active: Option<LicenseId>,
    /// The active license's dates, or those of the last one that ended.
    pub shown: Option<Shown>,
    /// When its chain ends or ended, with its queue.
    pub chain_end: Option<ChainEnd>,
}

/// The dates of the license that a sensor's row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its code.
    pub code: CodeId,
    /// The code's license key.
    pub key: String,
    /// How many licenses of that key are on sensors, or have ended there. Revoked ones do not count.
    pub key_assigned: i64,
    /// The date from which it covers.
    pub activation_date: Date,
    /// The last date that it covers.
    pub expires_on: Date,
    /// The first instant that it does not cover any more.
    pub expires_at: Instant,
}

/// A queued license in a sensor's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRow {
    /// The sensor.
    pub sensor: SensorId,
    /// The license.
    pub license: LicenseId,
    /// Its license key.
    pub key: String,
    /// Its term.
    pub term: Term,
    /// The date from which it will cover.
    pub activation_date: Date,
    /// The last date that it will cover.
    pub expires_on: Date,
}

/// How the table is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By the shown license's end; sensors without one last.
    #[default]
    ExpiresAt,
    /// By name, then serial number.
    Name,
    /// By serial number.
    Serial,
    /// By the shown license's activation date; sensors without one last.
    ActivationDate,
    /// By license key, oldest issue first; sensors without one last.
    Key,
    /// Those with auto renewal off first.
    AutoRenewal,
    /// By the end of the whole chain; sensors without one last.
    CoveredUntil,
}

impl Sort {
    /// All of them with their names in the API.
    pub const ALL: [(&'static str, Self); 7] = [
        ("expires_at", Self::ExpiresAt),
        ("name", Self::Name),
        ("serial", Self::Serial),
        ("activation_date", Self::ActivationDate),
        ("key", Self::Key),
        ("auto_renewal", Self::AutoRenewal),
        ("covered_until", Self::CoveredUntil),
    ];

    /// The expression that is sorted by: never null, so that both engines put what is missing in one place, which
    /// is the end in either direction.
    const fn expression(self, descending: bool) -> (&'static str, Kind) {
        match (self, descending) {
            (Self::ExpiresAt, false) => ("coalesce(s.expires_us, 9223372036854775807)", Kind::Int),
            (Self::ExpiresAt, true) => ("coalesce(s.expires_us, -1)", Kind::Int),
            (Self::Name, _) => ("s.search", Kind::Text),
            (Self::Serial, _) => ("s.serial", Kind::Text),
            (Self::ActivationDate, false) => ("coalesce(s.activation_date, '9999-12-31')", Kind::Text),
            (Self::ActivationDate, true) => ("coalesce(s.activation_date, '')", Kind::Text),
            (Self::Key, false) => ("coalesce(s.code_id, 'z')", Kind::Text),
            (Self::Key, true) => ("coalesce(s.code_id, '')", Kind::Text),
            (Self::AutoRenewal, _) => {
                ("CAST(CASE WHEN s.auto_renewal THEN 1 ELSE 0 END AS bigint)", Kind::Int)
            }
            (Self::CoveredUntil, false) => ("coalesce(s.chain_ends_us, 9223372036854775807)", Kind::Int),
            (Self::CoveredUntil, true) => ("coalesce(s.chain_ends_us, -1)", Kind::Int),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
}

/// Where a page ended: the sort value and the identifier of its last row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The sort value, as text.
    pub value: String,
    /// The row.
    pub id: SensorId,
}

/// Which rows of the table are asked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// Part of a name or serial number, in any case of letters; empty for all.
    pub search: String,
    /// Only sensors that stand so.
    pub standing: Option<Standing>,
    /// The order.
    pub sort: Sort,
    /// Whether the order is turned round.
    pub descending: bool,
    /// Rows behind this place.
    pub after: Option<Place>,
    /// As many at the most.
    pub limit: u32,
    /// The instant at which they are looked at.
    pub now: Instant,
    /// Its local date.
    pub today: Date,
}

const COLUMNS: &str =
    "s.id, s.number, s.serial, s.name, s.added_us, s.auto_renewal, s.code_id, s.activation_date,
    s.expires_on, s.expires_us, s.chain_ends_us, s.chain_expires_on, c.license_key,
    c.queued + c.active + c.ended AS key_assigned,
    (SELECT l.id FROM licenses l WHERE l.sensor_id = s.id AND l.state = 'active') AS active_id";

fn read(row: &Row) -> Result<SensorRow, StoreError> {
    let shown = match row.parsed_or_null("code_id")? {
        None => None,
        Some(code) => Some(Shown {
            code,
            key: row.text("license_key")?,
            key_assigned: row.int("key_assigned")?,
            activation_date: row.parsed("activation_date")?,
            expires_on: row.parsed("expires_on")?,
            expires_at: row.instant("expires_us")?,
        }),
    };
    let chain_end = match (row.instant_or_null("chain_ends_us")?, row.parsed_or_null("chain_expires_on")?) {
        (Some(ends), Some(expires_on)) => Some(ChainEnd { ends, expires_on }),
        _ => None,
    };
    Ok(SensorRow {
        id: row.parsed("id")?,
        number: row.int("number")?,
        serial: row.parsed("serial")?,
        name: row.text("name")?,
        added_at: row.instant("added_us")?,
        auto_renewal: row.bool("auto_renewal")?,
        active: row.parsed_or_null("active_id")?,
        shown,
        chain_end,
    })
}

/// Escapes what `LIKE` gives a meaning, and looks for it anywhere.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for letter in lower_case(search).chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The condition that selects a standing: the same instants and dates by which [`Standing::of`] decides.
fn standing_condition(standing: Standing, next: usize, now: Instant, today: Date) -> (String, Vec<Arg>) {
    let horizon = expiring_until(today);
    let second = next + 1;
    match standing {
        Standing::Unlicensed => ("s.chain_ends_us IS NULL".to_owned(), args![]),
        Standing::Expired => (format!("s.chain_ends_us <= ${next}"), args![now]),
        Standing::Expiring => {
            (format!("s.chain_ends_us > ${next} AND s.chain_expires_on <= ${second}"), args![now, horizon])
        }
        Standing::Covered => {
            (format!("s.chain_ends_us > ${next} AND s.chain_expires_on > ${second}"), args![now, horizon])
        }
    }
}

/// A page of the License Manager's table, and the place where it ends if there is more.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    query: &Query,
) -> Result<(Vec<SensorRow>, Option<Place>), StoreError> {
    let (expression, kind) = query.sort.expression(query.descending);
    let (direction, beyond) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
    let mut args = args![organization];
    let mut conditions = String::from("s.organization_id = $1");
    if !query.search.is_empty() {
        args.push(Arg::from(pattern(&query.search)));
        conditions.push_str(&format!(" AND s.search LIKE ${} ESCAPE '\\'", args.len()));
    }
    if let Some(standing) = query.standing {
        let (condition, values) = standing_condition(standing, args.len() + 1, query.now, query.today);
        conditions.push_str(" AND ");
        conditions.push_str(&condition);
        args.extend(values);
    }
    if let Some(place) = &query.after {
        let value = match kind {
            Kind::Text => Arg::from(place.value.as_str()),
            Kind::Int => Arg::from(place.value.parse::<i64>().unwrap_or(i64::MIN)),
        };
        let (first, second) = (args.len() + 1, args.len() + 2);
        args.extend([value, Arg::from(place.id)]);
        conditions.push_str(&format!(
            " AND {expression} {beyond}= ${first} AND ({expression} {beyond} ${first} OR s.id {beyond} ${second})"
        ));
    }
    args.push(Arg::from(query.limit + 1));
    // The page's rows are found by the narrow index alone; the joined columns are read for them only.
    let text = format!(
        "SELECT {COLUMNS}, p.place FROM
            (SELECT s.id, {expression} AS place FROM sensors s WHERE {conditions}
             ORDER BY {expression} {direction}, s.id {direction} LIMIT ${}) p
         JOIN sensors s ON s.id = p.id LEFT JOIN activation_codes c ON c.id = s.code_id
         ORDER BY p.place {direction}, s.id {direction}",
        args.len()
    );
    let mut rows = tx.all_text(text, args).await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let place = match rows.last() {
        Some(last) if more => {
            let value = match kind {
                Kind::Text => last.text("place")?,
                Kind::Int => last.int("place")?.to_string(),
            };
            Some(Place { value, id: last.parsed("id")? })
        }
        _ => None,
    };
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, place))
}

/// One sensor of an organization.
pub async fn get(
    tx: &mut Tx,
    organization: OrganizationId,
    id: SensorId,
) -> Result<Option<SensorRow>, StoreError> {
    let text = format!(
        "SELECT {COLUMNS} FROM sensors s LEFT JOIN activation_codes c ON c.id = s.code_id
         WHERE s.organization_id = $1 AND s.id = $2"
    );
    tx.all_text(text, args![organization, id]).await?.first().map(read).transpose()
}

/// The queued licenses of sensors, in the order of their chains.
pub async fn queued(tx: &mut Tx, sensors: &[SensorId]) -> Result<Vec<QueuedRow>, StoreError> {
    if sensors.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT l.sensor_id, l.id, c.license_key, l.term, l.activation_date, l.expires_on FROM licenses l
         JOIN activation_codes c ON c.id = l.code_id
         WHERE l.state = 'queued' AND l.sensor_id IN ({}) ORDER BY l.sensor_id, l.starts_us",
        placeholders(sensors.len())
    );
    let args = sensors.iter().map(|id| Arg::from(*id)).collect();
    let rows = tx.all_text(text, args).await?;
    rows.iter()
        .map(|row| {
            Ok(QueuedRow {
                sensor: row.parsed("sensor_id")?,
                license: row.parsed("id")?,
                key: row.text("license_key")?,
                term: row.parsed("term")?,
                activation_date: row.parsed("activation_date")?,
                expires_on: row.parsed("expires_on")?,
            })
        })
        .collect()
}

/// `$1, $2, …` up to `count`.
pub(crate) fn placeholders(count: usize) -> String {
    let numbers: Vec<String> = (1..=count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

/// How many sensors stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StandingCounts {
    /// [`Standing::Covered`].
    pub covered: i64,
    /// [`Standing::Expiring`].
    pub expiring: i64,
    /// [`Standing::Expired`].
    pub expired: i64,
    /// [`Standing::Unlicensed`].
    pub unlicensed: i64,
}

/// Counts an organization's sensors by their standing at `now`, which is on the local date `today`.
pub async fn count_by_standing(
    tx: &mut Tx,
    organization: OrganizationId,
    now: Instant,
    today: Date,
) -> Result<StandingCounts, StoreError> {
    let horizon = expiring_until(today);
    let sql = "SELECT
            count(*) FILTER (WHERE chain_ends_us > $2 AND chain_expires_on > $3) AS covered,
            count(*) FILTER (WHERE chain_ends_us > $2 AND chain_expires_on <= $3) AS expiring,
            count(*) FILTER (WHERE chain_ends_us <= $2) AS expired,
            count(*) FILTER (WHERE chain_ends_us IS NULL) AS unlicensed
        FROM sensors WHERE organization_id = $1";
    let row = tx.one(sql, args![organization, now, horizon]).await?;
    Ok(StandingCounts {
        covered: row.int("covered")?,
        expiring: row.int("expiring")?,
        expired: row.int("expired")?,
        unlicensed: row.int("unlicensed")?,
    })
}

/// What a new sensor's row needs.
#[derive(Clone, Debug)]
pub struct NewSensor {
    /// Its identifier.
    pub id: SensorId,
    /// The number under which its measurements will be kept.
    pub number: i64,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// When it is added.
    pub added_at: Instant,
    /// Whether it will take a license of the pool when its chain ends.
    pub auto_renewal: bool,
}

/// A text in one case of letters. Greek has two small sigmas, and which one a capital becomes depends on where it
/// stands; a search may break off anywhere, so both are one here.
fn lower_case(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

fn folded(name: &str, serial: Serial) -> String {
    format!("{} {serial}", lower_case(name))
}

/// Adds sensors without licenses. Serial numbers that some organization has are left out: returns how many came in.
pub async fn insert(tx: &mut Tx, sensors: &[NewSensor]) -> Result<u64, StoreError> {
    const INSERT: Bulk = Bulk {
        head: "INSERT INTO sensors (id, number, organization_id, serial, name, search, added_us, auto_renewal, chain,
            cover_rev)",
        columns: &[Column::Text, Column::Int, Column::Text, Column::Text, Column::Text, Column::Text, Column::Int, Column::Bool, Column::Text, Column::Int],
        tail: "ON CONFLICT DO NOTHING",
    };
    let rows = sensors.iter().map(|sensor| {
        let NewSensor { id, number, organization, serial, name, added_at, auto_renewal } = sensor;
        let search = folded(name, *serial);
        args![
            *id,
            *number,
            *organization,
            *serial,
            name.as_str(),
            search,
            *added_at,
            *auto_renewal,
            "unlicensed",
            0_i64
        ]
    });
    INSERT.run(tx, rows.collect()).await
}

/// The organization that has a sensor with this serial number (R22).
pub async fn owner(tx: &mut Tx, serial: Serial) -> Result<Option<OrganizationId>, StoreError> {
    let sql = "SELECT organization_id FROM sensors WHERE serial = $1";
    tx.one_or_none(sql, args![serial]).await?.map(|row| row.parsed("organization_id")).transpose()
}

/// Gives a sensor another name.
pub async fn rename(tx: &mut Tx, id: SensorId, serial: Serial, name: &str) -> Result<(), StoreError> {
    let sql = "UPDATE sensors SET name = $2, search = $3 WHERE id = $1";
    tx.execute(sql, args![id, name, folded(name, serial)]).await.map(drop)
}

/// Switches a sensor's auto renewal.
pub async fn set_auto_renewal(tx: &mut Tx, id: SensorId, on: bool) -> Result<(), StoreError> {
    tx.execute("UPDATE sensors SET auto_renewal = $2 WHERE id = $1", args![id, on]).await.map(drop)
}

/// How many sensors there are in all organizations.
pub async fn count_all(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.one("SELECT count(*) AS sensors FROM sensors", args![]).await?.int("sensors")
}

/// What the gate knows of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRow {
    /// Its organization.
    pub organization: OrganizationId,
    /// Its serial number.
    pub serial: Serial,
    /// The number under which its measurements are kept.
    pub number: i64,
    /// When its chain ends or ended.
    pub chain_ends: Option<Instant>,
    /// Whether the chain still has an active license, so that its end is for settling to decide.
    pub running: bool,
}

/// The sensors of an organization whose cover has changed since it had this `rev`; all, for -1.
pub async fn gate_rows(
    tx: &mut Tx,
    organization: OrganizationId,
    since_rev: i64,
) -> Result<Vec<GateRow>, StoreError> {
    let sql = "SELECT organization_id, serial, number, chain_ends_us, chain FROM sensors
        WHERE organization_id = $1 AND cover_rev > $2";
    let rows = tx.all(sql, args![organization, since_rev]).await?;
    rows.iter()
        .map(|row| {
            Ok(GateRow {
                organization: row.parsed("organization_id")?,
                serial: row.parsed("serial")?,
                number: row.int("number")?,
                chain_ends: row.instant_or_null("chain_ends_us")?,
                running: row.text("chain")? == "running",
            })
        })
        .collect()
}
