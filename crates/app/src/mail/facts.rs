//! What a template is told of a mail: the figures, the names, and the table.

use minijinja::{Value, context};
use serde::Serialize;
use tenure_domain::alert::Because;
use tenure_domain::notice::Kind;
use tenure_domain::{AtEnd, Date};

use super::content::{Alerts, CodeRevoked, Content, Expirations, Expiring, Happening, PoolLow, TestMail};
use super::dates::date_in;
use super::words::{heads_in, more_in, one_line, role_in, shortened};

/// How many lines of a table a mail shows; all are in the attached list (R31).
const SHOWN: usize = 50;
/// How long a name is in a sentence, in characters; whole it stands in the table.
const NAME: usize = 60;

/// A table of sensors.
#[derive(Debug, Default, Serialize)]
pub(super) struct Table {
    /// The heads of the columns: the sensor, its serial number, and what the cells are.
    pub heads: Vec<&'static str>,
    /// The lines.
    pub rows: Vec<Row>,
    /// That it goes on elsewhere, if it does.
    pub more: Option<String>,
}

/// A line of a table.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// The sensor's name.
    pub name: String,
    /// Its serial number.
    pub serial: String,
    /// What else there is to say of it.
    pub cells: Vec<String>,
}

/// Some sensors of a mail.
#[derive(Debug, Serialize)]
struct Group {
    /// How many.
    count: usize,
    /// The first one's name, shortened.
    name: String,
    /// The first of their last days, in words.
    first_on: String,
    /// Whether it is the last day of all of them.
    one_day: bool,
}

impl Group {
    fn of<'a>(language: &str, sensors: impl Iterator<Item = &'a Expiring>) -> Self {
        let sensors: Vec<&Expiring> = sensors.collect();
        let days: Vec<Date> = sensors.iter().map(|sensor| sensor.expires_on).collect();
        let (first, last) = (days.iter().min(), days.iter().max());
        Self {
            count: sensors.len(),
            name: sensors.first().map(|sensor| named(&sensor.name)).unwrap_or_default(),
            first_on: first.map(|day| date_in(language, *day)).unwrap_or_default(),
            one_day: first == last,
        }
    }
}

/// A name as it stands in a sentence.
fn named(name: &str) -> String {
    shortened(&one_line(name), NAME)
}

/// Whether a sensor goes on without anybody doing anything.
fn goes_on(sensor: &Expiring) -> bool {
    !sensor.over && sensor.at_end == AtEnd::Renews
}

impl Content<'_> {
    /// What the template is told.
    pub(super) fn facts(&self, language: &str) -> Value {
        match self {
            Self::PasswordReset { email, .. } => context! { email => one_line(email) },
            Self::Invitation { email, organization, invited_by, role, until, .. } => context! {
                email => one_line(email),
                organization => one_line(organization),
                invited_by => one_line(invited_by),
                role => role_in(language, *role),
                until => date_in(language, *until),
            },
            Self::Expirations(expirations) => expirations.facts(language),
            Self::PoolLow(PoolLow { organization, licenses_left, needed, days, until, without }) => {
                context! {
                    organization => one_line(organization),
                    licenses_left, needed, days,
                    until => date_in(language, *until),
                    without => Group::of(language, without.iter()),
                }
            }
            Self::Alerts(alerts) => alerts.facts(language),
            Self::CodeRevoked(revoked) => revoked.facts(),
            Self::Test(TestMail { organization, asked_by }) => context! {
                organization => one_line(organization),
                asked_by => one_line(asked_by),
            },
        }
    }

    /// The table, if the mail has one.
    pub(super) fn table(&self, language: &str) -> Option<Table> {
        let heads = heads_in(language);
        let attached = !matches!(self, Self::Alerts(_));
        let (heads, rows, all) = match self {
            Self::Expirations(Expirations { sensors, .. })
            | Self::PoolLow(PoolLow { without: sensors, .. }) => {
                let heads = vec![heads.sensor, heads.serial, heads.expires_on, heads.what_happens];
                // Who goes without comes first, else in R14's order.
                let (on, without): (Vec<_>, Vec<_>) = sensors.iter().partition(|sensor| goes_on(sensor));
                let rows = without.into_iter().chain(on).take(SHOWN).map(|sensor| Row {
                    name: one_line(&sensor.name),
                    serial: sensor.serial.to_string(),
                    cells: vec![
                        date_in(language, sensor.expires_on),
                        sensor.what_happens(language).to_owned(),
                    ],
                });
                (heads, rows.collect::<Vec<_>>(), sensors.len())
            }
            Self::Alerts(Alerts { zone, happenings, .. }) => {
                let (closed, open): (Vec<_>, Vec<_>) =
                    happenings.iter().partition(|one| one.closed.is_some());
                let rows = open.into_iter().chain(closed).take(SHOWN).map(|one| Row {
                    name: one_line(&one.sensor),
                    serial: one.serial.to_string(),
                    cells: vec![one.what(language), one.when(language, zone)],
                });
                (vec![heads.sensor, heads.serial, heads.alert, heads.when], rows.collect(), happenings.len())
            }
            Self::CodeRevoked(CodeRevoked { losing_cover, .. }) => {
                let rows = losing_cover.iter().take(SHOWN).map(|(name, serial)| Row {
                    name: one_line(name),
                    serial: serial.to_string(),
                    cells: Vec::new(),
                });
                (vec![heads.sensor, heads.serial], rows.collect(), losing_cover.len())
            }
            Self::PasswordReset { .. } | Self::Invitation { .. } | Self::Test(_) => return None,
        };
        let more = i64::try_from(all.saturating_sub(rows.len())).unwrap_or(i64::MAX);
        let more = (more > 0).then(|| more_in(language, more, attached));
        (!rows.is_empty()).then_some(Table { heads, rows, more })
    }
}

impl Expirations {
    fn facts(&self, language: &str) -> Value {
        let Self { kind, organization, today, licenses_left, sensors } = self;
        let group = |chosen: &dyn Fn(&&Expiring) -> bool| Group::of(language, sensors.iter().filter(chosen));
        let without = |why: AtEnd| sensors.iter().filter(|one| !goes_on(one) && one.at_end == why).count();
        context! {
            organization => one_line(organization),
            today => date_in(language, *today),
            licenses_left,
            last_day => *kind == Kind::ExpirationDay,
            total => sensors.len(),
            stopping => group(&|one| !one.over && !goes_on(one)),
            stopped => group(&|one| one.over),
            renewed => group(&|one| goes_on(one)),
            no_license => without(AtEnd::NoLicense),
            renewal_off => without(AtEnd::Stops),
        }
    }
}

impl Alerts {
    fn facts(&self, language: &str) -> Value {
        let Self { organization, rule, zone, happenings } = self;
        let count = |chosen: &dyn Fn(&&Happening) -> bool| happenings.iter().filter(chosen).count();
        let normal = |one: &&Happening| matches!(one.closed, Some((_, Because::BackToNormal)));
        let first = happenings.first();
        context! {
            organization => one_line(organization),
            rule => named(rule),
            zone => zone.name(),
            total => happenings.len(),
            open => count(&|one| one.closed.is_none()),
            closed => count(&|one| one.closed.is_some()),
            normal => count(&normal),
            sensor => first.map(|one| named(&one.sensor)).unwrap_or_default(),
            what => first.map(|one| one.what(language)).unwrap_or_default(),
            when => first.map(|one| one.when(language, zone)).unwrap_or_default(),
        }
    }
}

impl CodeRevoked {
    fn facts(&self) -> Value {
        let Self { organization, key, revoked, ended_active, losing_cover } = self;
        let name = losing_cover.first().map(|(name, _)| named(name)).unwrap_or_default();
        let head = key.split('-').next().unwrap_or_default();
        context! {
            organization => one_line(organization),
            key => one_line(key),
            short_key => format!("{}-…", one_line(head)),
            revoked, ended_active,
            losing => context! { count => losing_cover.len(), name },
        }
    }
}
