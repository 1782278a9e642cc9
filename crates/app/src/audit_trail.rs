//! Reading the audit trail (R18).

use tenure_domain::{CodeId, Instant, OrganizationId, Refusal, SensorId};
use tenure_store::audit::{self, Filter, MOST_FOUND, Numbered};
use tenure_store::{Tx, keys, sensors};

use crate::{App, AppError, cut, list_sensors};

/// The rows of one piece of an export.
const PIECE: u32 = 500;

/// Who or what made a change, for reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorShown {
    /// `user`, `token`, `operator`, `service`, `auto_renewal` or `calendar`.
    pub kind: &'static str,
    /// The user's or the token's identifier.
    pub id: Option<String>,
    /// The address of the user, or of the token's user.
    pub email: Option<String>,
}

impl ActorShown {
    /// Reads what [`crate::Actor`] and the ledger write.
    ///
    /// ```
    /// use tenure_app::audit_trail::ActorShown;
    /// let actor = ActorShown::read("token:tok_01jxgb66p004hmasw9nf6yy093:ana@harbor.example");
    /// assert_eq!((actor.kind, actor.email.as_deref()), ("token", Some("ana@harbor.example")));
    /// assert_eq!(ActorShown::read("operator:command-line").kind, "operator");
    /// assert_eq!(ActorShown::read("calendar").kind, "calendar");
    /// ```
    #[must_use]
    pub fn read(written: &str) -> Self {
        let (kind, rest) = written.split_once(':').unwrap_or((written, ""));
        let kind = match kind {
            "user" => "user",
            "token" => "token",
            "operator" => "operator",
            "auto_renewal" => "auto_renewal",
            "calendar" => "calendar",
            _ => "service",
        };
        let (id, email) = match rest.split_once(':') {
            Some((id, email)) => (Some(id), Some(email)),
            None => (None, Some(rest).filter(|rest| rest.contains('@'))),
        };
        Self { kind, id: id.map(str::to_owned), email: email.map(str::to_owned) }
    }
}

/// A row of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the trail, from 1.
    pub seq: i64,
    /// When it was due.
    pub at: Instant,
    /// Who or what made the change.
    pub actor: ActorShown,
    /// What was done.
    pub action: String,
    /// The identifier of what it was done to.
    pub subject: String,
    /// How that is called today, if it has a name and is still there.
    pub name: Option<String>,
    /// Of a license the sensor that it is or was on, and how that is called.
    pub sensor: Option<(String, Option<String>)>,
    /// What was before, as JSON.
    pub before: Option<String>,
    /// What was after, as JSON.
    pub after: Option<String>,
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Only those of the user with this e-mail address, and of their tokens.
    pub actor: Option<String>,
    /// Only those of this action.
    pub action: Option<String>,
    /// Only those with this subject.
    pub subject: Option<String>,
    /// Only those of this sensor and its licenses.
    pub sensor: Option<SensorId>,
    /// Only those of this license key and its licenses.
    pub code: Option<CodeId>,
    /// Only those of what this text names: sensors, people, license keys, identifiers.
    pub search: Option<String>,
    /// Only those from this instant on.
    pub from: Option<Instant>,
    /// Only those before this instant.
    pub to: Option<Instant>,
    /// Only those before this place.
    pub before: Option<i64>,
    /// As many at the most.
    pub limit: u32,
}

/// An export of a trail, to be read a piece at a time.
#[derive(Clone, Debug)]
pub struct TrailExport {
    organization: OrganizationId,
    /// What is still to be read, if anything is.
    left: Option<Filter>,
}

impl App {
    /// A page of an organization's audit trail, newest first, and the place where it ends if there is more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the sensor or the license key that is asked for is not in the organization,
    /// [`Refusal::SearchTooBroad`] when the search names more than 200 things.
    pub async fn audit_trail(
        &self,
        organization: OrganizationId,
        asked: Asked,
    ) -> Result<(Vec<AuditRow>, Option<i64>), AppError> {
        let mut tx = self.db.read().await?;
        let page = match filter(&mut tx, organization, asked).await? {
            None => (Vec::new(), None),
            Some(filter) => page(&mut tx, organization, &filter).await?,
        };
        tx.roll_back().await?;
        Ok(page)
    }

    /// Begins an export of an organization's audit trail. What the search names is looked up once, here.
    ///
    /// # Errors
    ///
    /// As [`App::audit_trail`].
    pub async fn export_trail(
        &self,
        organization: OrganizationId,
        asked: Asked,
    ) -> Result<TrailExport, AppError> {
        let mut tx = self.db.read().await?;
        let left = filter(&mut tx, organization, Asked { limit: PIECE, ..asked }).await?;
        tx.roll_back().await?;
        Ok(TrailExport { organization, left })
    }

    /// The next piece of an export, newest first; none when that was all.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn next_trail_rows(&self, export: &mut TrailExport) -> Result<Option<Vec<AuditRow>>, AppError> {
        let Some(filter) = export.left.take() else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let (rows, place) = page(&mut tx, export.organization, &filter).await?;
        tx.roll_back().await?;
        export.left = place.map(|place| Filter { before: Some(place), ..filter });
        Ok(Some(rows))
    }
}

/// What is asked of the store; none when nothing can fit.
async fn filter(tx: &mut Tx, organization: OrganizationId, asked: Asked) -> Result<Option<Filter>, AppError> {
    let Asked { actor, action, subject, sensor, code, search, from, to, before, limit } = asked;
    if let Some(sensor) = sensor {
        sensors::get(tx, organization, sensor).await?.ok_or(Refusal::NotFound { what: "sensor" })?;
    }
    if let Some(code) = code {
        keys::get(tx, organization, code).await?.ok_or(Refusal::NotFound { what: "license key" })?;
    }
    let actors = match &actor {
        None => None,
        Some(email) => match audit::actors_of(tx, email).await? {
            actors if actors.is_empty() => return Ok(None),
            actors => Some(actors),
        },
    };
    let found = match &search {
        None => None,
        Some(text) => {
            let codes = list_sensors::keys(tx, organization, text).await?;
            let found = audit::find(tx, organization, text, &codes).await?;
            if found.len() > MOST_FOUND {
                return Err(Refusal::SearchTooBroad.into());
            }
            if found.is_empty() {
                return Ok(None);
            }
            Some(found)
        }
    };
    // The rows of a sensor are those about it: the index has them together.
    let (subject, about) = match (subject, sensor) {
        (subject, Some(sensor)) => (subject, Some(sensor.to_string())),
        (Some(subject), None) if !subject.starts_with("lic_") => (Some(subject.clone()), Some(subject)),
        (subject, None) => (subject, None),
    };
    let limit = limit.saturating_add(1);
    Ok(Some(Filter { actors, action, subject, about, code, found, from, to, before, limit }))
}

/// The rows that a filter with one more than fits has, and the place where they end if there is more.
async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    filter: &Filter,
) -> Result<(Vec<AuditRow>, Option<i64>), AppError> {
    let rows = audit::page(tx, organization, filter).await?;
    let (rows, place) = cut(rows, filter.limit.saturating_sub(1), |row| row.seq);
    let mut subjects: Vec<String> =
        rows.iter().flat_map(|row| [row.entry.subject.clone(), row.about.clone()]).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let names = audit::subject_names(tx, organization, &subjects).await?;
    let row = |Numbered { seq, entry, about }: Numbered| {
        let on_sensor = entry.subject.starts_with("lic_") && about.starts_with("sen_");
        AuditRow {
            seq,
            at: entry.at,
            actor: ActorShown::read(&entry.actor),
            action: entry.action,
            name: names.get(&entry.subject).cloned(),
            sensor: on_sensor.then(|| (about.clone(), names.get(&about).cloned())),
            subject: entry.subject,
            before: entry.before,
            after: entry.after,
        }
    };
    Ok((rows.into_iter().map(row).collect(), place))
}
