//! Reading the audit trail (R18).

use tenure_domain::{Instant, OrganizationId, Refusal, SensorId};
use tenure_store::audit::{self, Filter, Numbered};
use tenure_store::sensors;

use crate::{App, AppError, cut};

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
    /// Only those from this instant on.
    pub from: Option<Instant>,
    /// Only those before this instant.
    pub to: Option<Instant>,
    /// Only those before this place.
    pub before: Option<i64>,
    /// As many at the most.
    pub limit: u32,
}

impl App {
    /// A page of an organization's audit trail, newest first, and the place where it ends if there is more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the sensor that is asked for is not in the organization.
    pub async fn audit_trail(
        &self,
        organization: OrganizationId,
        asked: Asked,
    ) -> Result<(Vec<AuditRow>, Option<i64>), AppError> {
        let Asked { actor, action, subject, sensor, from, to, before, limit } = asked;
        let mut tx = self.db.read().await?;
        if let Some(sensor) = sensor {
            sensors::get(&mut tx, organization, sensor).await?.ok_or(Refusal::NotFound { what: "sensor" })?;
        }
        let actors = match &actor {
            None => None,
            Some(email) => match audit::actors_of(&mut tx, email).await? {
                actors if actors.is_empty() => return Ok((Vec::new(), None)),
                actors => Some(actors),
            },
        };
        // The rows of a sensor are those about it: the index has them together.
        let (subject, about) = match (subject, sensor) {
            (subject, Some(sensor)) => (subject, Some(sensor.to_string())),
            (Some(subject), None) if !subject.starts_with("lic_") => (Some(subject.clone()), Some(subject)),
            (subject, None) => (subject, None),
        };
        let filter =
            Filter { actors, action, subject, about, from, to, before, limit: limit.saturating_add(1) };
        let rows = audit::page(&mut tx, organization, &filter).await?;
        let (rows, place) = cut(rows, limit, |row| row.seq);
        let mut subjects: Vec<String> =
            rows.iter().flat_map(|row| [row.entry.subject.clone(), row.about.clone()]).collect();
        subjects.sort_unstable();
        subjects.dedup();
        let names = audit::subject_names(&mut tx, organization, &subjects).await?;
        tx.roll_back().await?;
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
}
