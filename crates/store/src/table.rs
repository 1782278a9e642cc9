//! The License Manager's table: searched, filtered and sorted by every column, a page at a time.
//!
//! A sort is a sequence of parts, each of which is a range of one index in its order: what has a value, then what has
//! none. So a page costs what it shows, however many sensors there are.

use tenure_domain::standing::expiring_until;
use tenure_domain::{CodeId, Date, Instant, OrganizationId, SensorId, Standing};

use crate::args::{Arg, args};
use crate::sensors::{COLUMNS, SensorRow, lower_case, read};
use crate::{Args, Row, StoreError, Tx};

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
    /// By standing: expired, expiring, covered; those without a license last. Within one, by the end of the chain.
    Standing,
    /// By the shown license's activation date; sensors without one last.
    ActivationDate,
    /// By license key, oldest issue first; sensors without one last.
    Key,
    /// Those with auto renewal off first; then by name.
    AutoRenewal,
    /// By the end of the whole chain; sensors without one last.
    CoveredUntil,
    /// By the last message, as of the last minute or so; sensors that have sent none last.
    LastSeenAt,
}

impl Sort {
    /// All of them with their names in the API.
    pub const ALL: [(&'static str, Self); 9] = [
        ("expires_at", Self::ExpiresAt),
        ("name", Self::Name),
        ("serial", Self::Serial),
        ("standing", Self::Standing),
        ("activation_date", Self::ActivationDate),
        ("key", Self::Key),
        ("auto_renewal", Self::AutoRenewal),
        ("covered_until", Self::CoveredUntil),
        ("last_seen_at", Self::LastSeenAt),
    ];

    /// The parts of the table in this order.
    fn parts(self, descending: bool) -> Vec<Part> {
        let whole = |key, kind| vec![Part { key: Some((key, kind)), ..Part::ALL }];
        let missing_last = |key, kind, there, missing| {
            vec![
                Part { only: Only::Sql(there), key: Some((key, kind)), ..Part::ALL },
                Part { only: Only::Sql(missing), ..Part::ALL },
            ]
        };
        match self {
            Self::Name => whole("s.search", Kind::Text),
            Self::Serial => whole("s.serial", Kind::Text),
            Self::ExpiresAt => {
                let (there, missing) = ("s.expires_us IS NOT NULL", "s.expires_us IS NULL");
                missing_last("s.expires_us", Kind::Int, there, missing)
            }
            Self::ActivationDate => {
                let (there, missing) = ("s.activation_date IS NOT NULL", "s.activation_date IS NULL");
                missing_last("s.activation_date", Kind::Text, there, missing)
            }
            Self::Key => missing_last("s.code_id", Kind::Text, "s.code_id IS NOT NULL", "s.code_id IS NULL"),
            Self::CoveredUntil => {
                let (there, missing) = ("s.chain_ends_us IS NOT NULL", "s.chain_ends_us IS NULL");
                missing_last("s.chain_ends_us", Kind::Int, there, missing)
            }
            Self::AutoRenewal => {
                let part =
                    |only| Part { only: Only::Sql(only), key: Some(("s.search", Kind::Text)), ..Part::ALL };
                let mut parts = vec![part("s.auto_renewal = false"), part("s.auto_renewal = true")];
                if descending {
                    parts.reverse();
                }
                parts
            }
            Self::Standing => {
                let part = |standing| Part {
                    only: Only::Standing(standing),
                    key: Some(("s.chain_ends_us", Kind::Int)),
                    ..Part::ALL
                };
                let mut parts =
                    vec![part(Standing::Expired), part(Standing::Expiring), part(Standing::Covered)];
                if descending {
                    parts.reverse();
                }
                parts.push(Part { only: Only::Standing(Standing::Unlicensed), ..Part::ALL });
                parts
            }
            Self::LastSeenAt => vec![
                Part {
                    from: "sensor_state st JOIN sensors s ON s.number = st.sensor",
                    only: Only::Sql("st.organization_id = $1"),
                    key: Some(("st.last_seen_us", Kind::Int)),
                    tie: ("st.sensor", Kind::Int),
                },
                Part {
                    only: Only::Sql("NOT EXISTS (SELECT 1 FROM sensor_state st WHERE st.sensor = s.number)"),
                    key: Some(("s.search", Kind::Text)),
                    ..Part::ALL
                },
            ],
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
}

impl Kind {
    /// A value of a place as an argument.
    fn arg(self, value: &str) -> Arg {
        match self {
            Self::Text => Arg::from(value),
            Self::Int => Arg::from(value.parse::<i64>().unwrap_or(i64::MIN)),
        }
    }

    fn text(self, row: &Row, column: &str) -> Result<String, StoreError> {
        match self {
            Self::Text => row.text(column),
            Self::Int => row.int(column).map(|value| value.to_string()),
        }
    }
}

/// Which sensors are in a part.
#[derive(Clone, Copy)]
enum Only {
    All,
    Sql(&'static str),
    Standing(Standing),
}

/// A part of the table: a range of one index.
#[derive(Clone, Copy)]
struct Part {
    from: &'static str,
    only: Only,
    /// What is sorted by; by nothing but the tie-break where there is no value.
    key: Option<(&'static str, Kind)>,
    /// What decides between equals.
    tie: (&'static str, Kind),
}

impl Part {
    const ALL: Self = Self { from: "sensors s", only: Only::All, key: None, tie: ("s.id", Kind::Text) };
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The part of the table, and the values of its last row in it: nobody's business but this module's.
    pub value: String,
    /// The row.
    pub id: SensorId,
}

/// Which rows of the table are asked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// Part of a name or serial number, in any case of letters; empty for all.
    pub search: String,
    /// Codes whose sensors are found by the search too: their keys have what is searched for.
    pub keys: Vec<CodeId>,
    /// Only sensors that stand so.
    pub standing: Option<Standing>,
    /// Only these sensors.
    pub only: Option<Vec<SensorId>>,
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

pub(crate) fn pattern(search: &str) -> String {
    containing(&lower_case(search))
}

/// Escapes what `LIKE` gives a meaning, and looks for it anywhere.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Conditions and their arguments.
struct Conditions {
    text: String,
    args: Args,
}

impl Conditions {
    /// All sensors of an organization, which is `$1`.
    fn of(organization: OrganizationId) -> Self {
        Self {
            text: String::from("s.organization_id = $1 AND s.removed_us IS NULL"),
            args: args![organization],
        }
    }

    fn and(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// Adds an argument, and returns its placeholder.
    fn arg(&mut self, value: impl Into<Arg>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    fn ids(&mut self, ids: impl Iterator<Item = Arg>) -> String {
        let places: Vec<String> = ids.map(|id| self.arg(id)).collect();
        places.join(", ")
    }

    fn search(&mut self, search: &str, keys: &[CodeId]) {
        if search.is_empty() {
            return;
        }
        let pattern = self.arg(pattern(search));
        let named = format!("s.search LIKE {pattern} ESCAPE '\\'");
        if keys.is_empty() {
            return self.and(&named);
        }
        let keys = self.ids(keys.iter().map(|key| Arg::from(*key)));
        self.and(&format!("({named} OR s.code_id IN ({keys}))"));
    }

    /// Selects a standing: the same instants and dates by which [`Standing::of`] decides.
    ///
    /// Behind a place the page begins there: the bound of the instants on the same side would only lead SQLite to begin
    /// at it instead, and a `+` hides it from the index.
    fn standing(&mut self, standing: Standing, query: &Query) {
        let behind = query.after.is_some();
        let lower = if behind && !query.descending { "+" } else { "" };
        let upper = if behind && query.descending { "+" } else { "" };
        if standing == Standing::Unlicensed {
            return self.and("s.chain_ends_us IS NULL");
        }
        let now = self.arg(query.now);
        if standing == Standing::Expired {
            return self.and(&format!("{upper}s.chain_ends_us <= {now}"));
        }
        let beyond = if standing == Standing::Covered { ">" } else { "<=" };
        let horizon = self.arg(expiring_until(query.today));
        self.and(&format!("{lower}s.chain_ends_us > {now} AND s.chain_expires_on {beyond} {horizon}"));
    }
}

/// The rows of one part, behind a place in it: their ids, sort values and tie-breaks, in their order.
fn rows_of(
    part: Part,
    organization: OrganizationId,
    query: &Query,
    after: Option<(&str, &str)>,
    limit: u32,
) -> (String, Args) {
    let (direction, beyond) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
    let mut conditions = Conditions::of(organization);
    match part.only {
        Only::All => {}
        Only::Sql(condition) => conditions.and(condition),
        Only::Standing(standing) => conditions.standing(standing, query),
    }
    conditions.search(&query.search, &query.keys);
    if let Some(standing) = query.standing {
        conditions.standing(standing, query);
    }
    if let Some(only) = &query.only {
        let ids = conditions.ids(only.iter().map(|id| Arg::from(*id)));
        conditions.and(&format!("s.id IN ({ids})"));
    }
    let (tie, tie_kind) = part.tie;
    if let Some((value, tie_value)) = after {
        let tied = conditions.arg(tie_kind.arg(tie_value));
        let behind = match part.key {
            None => format!("{tie} {beyond} {tied}"),
            Some((key, kind)) => {
                let value = conditions.arg(kind.arg(value));
                // Compared as rows, the index goes right to the place, however many have the same value.
                format!("({key}, {tie}) {beyond} ({value}, {tied})")
            }
        };
        conditions.and(&behind);
    }
    let limit = conditions.arg(limit);
    let Conditions { text, args } = conditions;
    let (place, order) = match part.key {
        Some((key, _)) => (key, format!("{key} {direction}, {tie} {direction}")),
        None => (tie, format!("{tie} {direction}")),
    };
    let text = format!(
        "SELECT s.id, {place} AS place, {tie} AS tie FROM {} WHERE {text} ORDER BY {order} LIMIT {limit}",
        part.from
    );
    (text, args)
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
    let direction = if query.descending { "DESC" } else { "ASC" };
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut rows: Vec<SensorRow> = Vec::new();
    let mut places: Vec<String> = Vec::new();
    let after: Option<(usize, &str, &str)> = query.after.as_ref().and_then(|place| {
        let mut values = place.value.splitn(3, ':');
        let part = values.next()?.parse().ok()?;
        let tie = values.next()?;
        Some((part, values.next()?, tie))
    });
    let first = after.map_or(0, |(part, ..)| part);
    for (number, part) in query.sort.parts(query.descending).into_iter().enumerate().skip(first) {
        if rows.len() > limit {
            break;
        }
        let wanted = limit.saturating_add(1).saturating_sub(rows.len());
        let behind = after.filter(|(part, ..)| *part == number).map(|(_, value, tie)| (value, tie));
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        // The page's rows are found by the narrow index alone; the joined columns are read for them only.
        let (inner, args) = rows_of(part, organization, query, behind, wanted);
        let text = format!(
            "SELECT {COLUMNS}, p.place, p.tie FROM ({inner}) p
             JOIN sensors s ON s.id = p.id LEFT JOIN activation_codes c ON c.id = s.code_id
             ORDER BY p.place {direction}, p.tie {direction}"
        );
        let kind = part.key.map_or(part.tie.1, |(_, kind)| kind);
        for row in tx.all_text(text, args).await? {
            let (value, tie) = (kind.text(&row, "place")?, part.tie.1.text(&row, "tie")?);
            places.push(format!("{number}:{tie}:{value}"));
            rows.push(read(&row)?);
        }
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let place = match (rows.last(), limit.checked_sub(1).and_then(|last| places.get(last))) {
        (Some(last), Some(value)) if more => Some(Place { value: value.clone(), id: last.id }),
        _ => None,
    };
    Ok((rows, place))
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
    count_found(tx, organization, "", &[], now, today).await
}

/// As [`count_by_standing`], of those that a search finds.
pub async fn count_found(
    tx: &mut Tx,
    organization: OrganizationId,
    search: &str,
    keys: &[CodeId],
    now: Instant,
    today: Date,
) -> Result<StandingCounts, StoreError> {
    let mut conditions = Conditions::of(organization);
    let (now, horizon) = (conditions.arg(now), conditions.arg(expiring_until(today)));
    conditions.search(search, keys);
    let Conditions { text, args } = conditions;
    let text = format!(
        "SELECT
            count(*) FILTER (WHERE s.chain_ends_us > {now} AND s.chain_expires_on > {horizon}) AS covered,
            count(*) FILTER (WHERE s.chain_ends_us > {now} AND s.chain_expires_on <= {horizon}) AS expiring,
            count(*) FILTER (WHERE s.chain_ends_us <= {now}) AS expired,
            count(*) FILTER (WHERE s.chain_ends_us IS NULL) AS unlicensed
        FROM sensors s WHERE {text}"
    );
    let rows = tx.all_text(text, args).await?;
    let row = rows.first().ok_or(StoreError::Database(sqlx::Error::RowNotFound))?;
    Ok(StandingCounts {
        covered: row.int("covered")?,
        expiring: row.int("expiring")?,
        expired: row.int("expired")?,
        unlicensed: row.int("unlicensed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Engine;
    use crate::on_both;
    use crate::testing::TestDb;

    /// Each part of each sort, in either direction, from the start and behind a place, is a walk along an index.
    async fn every_sort_is_served_by_an_index(test: TestDb) {
        if test.db.engine() != Engine::Sqlite {
            return;
        }
        let organization = OrganizationId::from_bits(1);
        let mut tx = test.db.read().await.unwrap();
        for (name, sort) in Sort::ALL {
            for descending in [false, true] {
                let query = Query {
                    search: String::new(),
                    keys: Vec::new(),
                    standing: None,
                    only: None,
                    sort,
                    descending,
                    after: None,
                    limit: 50,
                    now: Instant::from_seconds(1_780_000_000),
                    today: Date::constant(2026, 5, 28),
                };
                // With a filter and another order the database may well find the few and sort them.
                let filters: &[Standing] = if sort == Sort::CoveredUntil { &Standing::ALL[..3] } else { &[] };
                let mut cases = Vec::new();
                for part in sort.parts(descending) {
                    cases.push((part, None));
                    cases.extend(filters.iter().map(|standing| (part, Some(*standing))));
                }
                for (part, standing) in cases {
                    for after in [None, Some(("1", "1"))] {
                        let place = Place { value: String::new(), id: SensorId::from_bits(1) };
                        let query = Query { after: after.map(|_| place), standing, ..query.clone() };
                        let (text, args) = rows_of(part, organization, &query, after, 50);
                        let plan = tx.all_text(format!("EXPLAIN QUERY PLAN {text}"), args).await.unwrap();
                        let plan: Vec<String> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
                        assert!(
                            !plan.iter().any(|step| step.contains("TEMP B-TREE") || step.starts_with("SCAN")),
                            "{name} {descending} {after:?}: {text}\n{plan:#?}"
                        );
                        // Behind a place the walk begins at it, however many have the same value.
                        let begins = if descending { ")<(?,?)" } else { ")>(?,?)" };
                        assert!(
                            after.is_none()
                                || part.key.is_none()
                                || plan.iter().any(|step| step.contains(begins)),
                            "{name} {descending}: {text}\n{plan:#?}"
                        );
                    }
                }
            }
        }
    }

    on_both!(every_sort_is_served_by_an_index);
}
