//! The audit trail: written in the transaction of the change, never changed (R18).

mod search;

use std::collections::HashMap;

use tenure_domain::{CodeId, Instant, OrganizationId, SensorId};

use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::counters::{self, Counter};
use crate::organizations::Organization;
use crate::sensors::placeholders;
use crate::{Args, Row, StoreError, Tx};

pub use search::{MOST_FOUND, Thing, find};

/// The actions that settling writes in masses.
const FREQUENT: [&str; 2] = ["license_ended", "license_activated"];

/// What the index over actors has.
const OF_PEOPLE: &str = "actor <> 'calendar' AND actor <> 'auto_renewal'";

/// One row of an audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was due, in UTC.
    pub at: Instant,
    /// Who or what: `user:usr_…:ana@harbor.example`, `token:tok_…:ana@harbor.example`, `operator:command-line`, `auto_renewal`, `calendar`.
    pub actor: String,
    /// What was done: `license_activated`.
    pub action: String,
    /// What it was done to: an identifier.
    pub subject: String,
    /// What was before, as JSON.
    pub before: Option<String>,
    /// What was after, as JSON.
    pub after: Option<String>,
}

const INSERT: Bulk = Bulk {
    head: "INSERT INTO audit (trail, seq, at_us, actor, action, subject, before_state, after_state, about, code_id)",
    columns: &[
        Column::Text,
        Column::Int,
        Column::Int,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
    ],
    tail: "",
};

/// What a row is about: of a license the sensor that it is or was on, else the subject.
fn about(entry: &Entry) -> &str {
    fn sensor(state: Option<&str>) -> Option<&str> {
        let (_, behind) = state?.split_once("\"sensor_id\":\"")?;
        behind.split_once('"').map(|(sensor, _)| sensor)
    }
    if !entry.subject.starts_with("lic_") {
        return &entry.subject;
    }
    let (before, after) = (entry.before.as_deref(), entry.after.as_deref());
    sensor(after).or_else(|| sensor(before)).unwrap_or(&entry.subject)
}

/// The code that a row about a code is about.
fn code(entry: &Entry) -> Option<String> {
    entry.subject.starts_with("cod_").then(|| entry.subject.clone())
}

fn rows(trail: &str, first: i64, entries: impl IntoIterator<Item = (Entry, Option<String>)>) -> Vec<Args> {
    let row = |(seq, (entry, code)): (i64, (Entry, Option<String>))| {
        let about = about(&entry).to_owned();
        args![
            trail,
            seq,
            entry.at,
            entry.actor,
            entry.action,
            entry.subject,
            entry.before,
            entry.after,
            about,
            code
        ]
    };
    (first..).zip(entries).map(row).collect()
}

/// Adds rows to an organization's trail, whose lock is held.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn add(
    tx: &mut Tx,
    organization: &mut Organization,
    entries: Vec<Entry>,
) -> Result<(), StoreError> {
    let entries = entries.into_iter().map(|entry| (code(&entry), entry)).map(|(code, entry)| (entry, code));
    append(tx, organization, entries.collect()).await
}

/// As [`add`], of licenses, each with the code that it came with.
pub(crate) async fn add_of_licenses(
    tx: &mut Tx,
    organization: &mut Organization,
    entries: Vec<(Entry, CodeId)>,
) -> Result<(), StoreError> {
    let entries = entries.into_iter().map(|(entry, code)| (entry, Some(code.to_string())));
    append(tx, organization, entries.collect()).await
}

async fn append(
    tx: &mut Tx,
    organization: &mut Organization,
    entries: Vec<(Entry, Option<String>)>,
) -> Result<(), StoreError> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let rows = rows(&organization.id.to_string(), organization.audit_seq + 1, entries);
    organization.audit_seq += count;
    INSERT.run(tx, rows).await.map(drop)
}

/// Adds a row to the service's trail: what the operator does outside of any organization.
pub async fn add_to_service(tx: &mut Tx, entry: Entry) -> Result<(), StoreError> {
    let seq = counters::take_in(tx, Counter::ServiceAudit, 1).await?;
    let code = code(&entry);
    INSERT.run(tx, rows("service", seq, [(entry, code)])).await.map(drop)
}

/// A row with its place in the trail, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Its place, from 1.
    pub seq: i64,
    /// The row.
    pub entry: Entry,
    /// The sensor that a license is or was on, else the subject.
    pub about: String,
}

/// Which rows of a trail are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those of these actors, as they are written; of all when nothing is said.
    pub actors: Option<Vec<String>>,
    /// Only those of this action.
    pub action: Option<String>,
    /// Only those with this subject.
    pub subject: Option<String>,
    /// Only those that are about this: a sensor with its licenses.
    pub about: Option<String>,
    /// Only those of this code and its licenses.
    pub code: Option<CodeId>,
    /// Only those of one of these.
    pub found: Option<Vec<Thing>>,
    /// Only those from this instant on.
    pub from: Option<Instant>,
    /// Only those before this instant.
    pub to: Option<Instant>,
    /// Only those before this place.
    pub before: Option<i64>,
    /// As many at the most.
    pub limit: u32,
}

fn read(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        at: row.instant("at_us")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        before: row.text_or_null("before_state")?,
        after: row.text_or_null("after_state")?,
    })
}

/// Rows of an organization's trail, newest first.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    filter: &Filter,
) -> Result<Vec<Numbered>, StoreError> {
    let conditions = Conditions::of(tx, organization, filter).await?;
    let (conditions, limit) = match &filter.found {
        None => (conditions, filter.limit),
        Some(found) => {
            let places = search::places(tx, &conditions, found, filter.limit).await?;
            if places.is_empty() {
                return Ok(Vec::new());
            }
            let list = placeholders_from(2, places.len());
            let mut args = args![organization];
            args.extend(places.into_iter().map(Arg::from));
            (Conditions { text: format!("trail = $1 AND seq IN ({list})"), args }, filter.limit)
        }
    };
    let Conditions { text, mut args } = conditions;
    args.push(Arg::from(limit));
    let text = format!(
        "SELECT seq, at_us, actor, action, subject, before_state, after_state, about FROM audit
         WHERE {text} ORDER BY seq DESC LIMIT ${}",
        args.len()
    );
    let rows = tx.all_text(text, args).await?;
    rows.iter().map(numbered).collect()
}

fn numbered(row: &Row) -> Result<Numbered, StoreError> {
    Ok(Numbered { seq: row.int("seq")?, entry: read(row)?, about: row.text("about")? })
}

/// Placeholders of `count` arguments, from `$first` on.
fn placeholders_from(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|place| format!("${place}")).collect();
    places.join(", ")
}

/// Conditions of a statement and their arguments.
#[derive(Clone)]
struct Conditions {
    text: String,
    args: Args,
}

impl Conditions {
    /// All that a filter says but for what it has found.
    async fn of(tx: &mut Tx, organization: OrganizationId, filter: &Filter) -> Result<Self, StoreError> {
        let mut before = filter.before.unwrap_or(i64::MAX);
        if let Some(to) = filter.to {
            before = before.min(first_from(tx, organization, to).await?);
        }
        let mut all =
            Self { text: String::from("trail = $1 AND seq < $2"), args: args![organization, before] };
        if let Some(from) = filter.from {
            let from = first_from(tx, organization, from).await?;
            all.and("seq >=", from);
        }
        // What was found has indexes of its own: the one over actions would lead the database away from them.
        let action = if filter.found.is_some() { "action || '' =" } else { "action =" };
        for (column, value) in
            [("about =", &filter.about), ("subject =", &filter.subject), (action, &filter.action)]
        {
            if let Some(value) = value {
                all.and(column, value.as_str());
            }
        }
        if let Some(code) = filter.code {
            all.and("code_id =", code);
        }
        // These say to the database that the indexes over what people do suffice.
        if filter.found.is_none()
            && filter.action.as_ref().is_some_and(|action| !FREQUENT.contains(&action.as_str()))
        {
            all.text.push_str(" AND action <> 'license_ended' AND action <> 'license_activated'");
        }
        if let Some(actors) = &filter.actors {
            let places = placeholders_from(all.args.len() + 1, actors.len());
            all.args.extend(actors.iter().map(|actor| Arg::from(actor.as_str())));
            all.text.push_str(&format!(" AND actor IN ({places}) AND {OF_PEOPLE}"));
        }
        Ok(all)
    }

    fn and(&mut self, condition: &str, value: impl Into<Arg>) {
        self.args.push(value.into());
        self.text.push_str(&format!(" AND {condition} ${}", self.args.len()));
    }
}

/// The place of the first row that is not before an instant: rows are in the order of their instants.
async fn first_from(tx: &mut Tx, organization: OrganizationId, from: Instant) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(seq), 0) AS last FROM audit WHERE trail = $1";
    let (mut low, mut high) = (1, tx.one(sql, args![organization]).await?.int("last")? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let sql = "SELECT at_us FROM audit WHERE trail = $1 AND seq = $2";
        let at = tx.one(sql, args![organization, middle]).await?.instant("at_us")?;
        if at < from { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// What has happened to a sensor and to the licenses that covered it, oldest first: what was only queued or moved is left
/// out.
pub async fn of_cover(
    tx: &mut Tx,
    organization: OrganizationId,
    sensor: SensorId,
) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT at_us, actor, action, subject, before_state, after_state FROM audit
        WHERE trail = $1 AND about = $2 AND action IN ('sensor_added', 'sensor_brought_back', 'sensor_removed',
            'sensor_replaced', 'auto_renewal_switched', 'license_activated', 'license_ended', 'license_released',
            'license_revoked', 'license_taken_back')
        ORDER BY seq";
    tx.all(sql, args![organization, sensor]).await?.iter().map(read).collect()
}

/// How an organization's trail names the user with this e-mail address and their tokens, whatever case it is in.
pub async fn actors_of(tx: &mut Tx, email: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT u.id, u.email, t.id AS token FROM users u LEFT JOIN tokens t ON t.user_id = u.id
        WHERE u.email_folded = $1";
    let mut actors = Vec::new();
    for row in tx.all(sql, args![email.to_lowercase()]).await? {
        let (user, email) = (row.text("id")?, row.text("email")?);
        actors.push(format!("user:{user}:{email}"));
        actors.extend(row.text_or_null("token")?.map(|token| format!("token:{token}:{email}")));
    }
    actors.sort_unstable();
    actors.dedup();
    Ok(actors)
}

/// How the subjects of rows are called: sensors by their names, users by their addresses, codes by their keys.
pub async fn subject_names(
    tx: &mut Tx,
    organization: OrganizationId,
    subjects: &[String],
) -> Result<HashMap<String, String>, StoreError> {
    let mut names = HashMap::new();
    if subjects.is_empty() {
        return Ok(names);
    }
    let places = placeholders(subjects.len());
    let trail = subjects.len() + 1;
    let text = format!(
        "SELECT id, name FROM sensors WHERE id IN ({places}) AND organization_id = ${trail}
         UNION ALL SELECT id, license_key AS name FROM activation_codes
            WHERE id IN ({places}) AND organization_id = ${trail}
         UNION ALL SELECT id, name FROM organizations WHERE id IN ({places}) AND id = ${trail}
         UNION ALL SELECT id, email AS name FROM users WHERE id IN ({places})"
    );
    let mut args: Args = subjects.iter().map(|subject| Arg::from(subject.as_str())).collect();
    args.push(Arg::from(organization));
    for row in tx.all_text(text, args).await? {
        if let Some(name) = row.text_or_null("name")? {
            names.insert(row.text("id")?, name);
        }
    }
    Ok(names)
}

/// An organization's trail, oldest first.
pub async fn of_organization(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Entry>, StoreError> {
    of_trail(tx, &organization.to_string()).await
}

/// The service's trail, oldest first.
pub async fn of_service(tx: &mut Tx) -> Result<Vec<Entry>, StoreError> {
    of_trail(tx, "service").await
}

async fn of_trail(tx: &mut Tx, trail: &str) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT at_us, actor, action, subject, before_state, after_state FROM audit WHERE trail = $1 ORDER BY seq";
    let rows = tx.all(sql, args![trail]).await?;
    rows.iter().map(read).collect()
}
