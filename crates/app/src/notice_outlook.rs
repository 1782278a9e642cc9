//! What the next mails of the License Manager will say, if nobody does anything.

use std::collections::BTreeMap;

use tenure_domain::notice::{self, Kind, POOL_DAYS};
use tenure_domain::{AtEnd, Date, Instant, OrganizationId, SensorId};
use tenure_store::notices;
use tenure_store::recipients::{self, Notification};

use crate::ahead::{Outlook, licenses_left};
use crate::notices::{at_ends, written_on};
use crate::{App, AppError, Ctx};

/// How many days ahead mails are told.
const DAYS: i64 = 62;

/// A mail that will be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComingMail {
    /// What it is about.
    pub kind: Kind,
    /// When it is written.
    pub at: Instant,
    /// Of how many sensors it tells.
    pub sensors: usize,
    /// The first of their last covered dates.
    pub first_expires_on: Date,
    /// The last of them.
    pub last_expires_on: Date,
    /// How many will be renewed from the pool.
    pub renews: usize,
    /// For how many no license is left.
    pub no_license: usize,
    /// How many have auto renewal off.
    pub stops: usize,
}

/// Whether the pool suffices for the renewals that come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolOutlook {
    /// How many licenses the renewals want by then.
    pub needed: usize,
    /// How many are in the pool.
    pub licenses_left: i64,
    /// The last local date that is looked at: in 60 days.
    pub until: Date,
}

/// What the next mails will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeOutlook {
    /// How many people are told of expirations (R30).
    pub recipients: usize,
    /// When the organization was last looked at for notices.
    pub last_run: Option<Instant>,
    /// When it is looked at next.
    pub next_run: Instant,
    /// The mails of the next 62 days, the first one first.
    pub next: Vec<ComingMail>,
    /// Whether the pool suffices.
    pub pool: PoolOutlook,
}

impl App {
    /// What the next mails of an organization will say, if nobody does anything.
    ///
    /// # Errors
    ///
    /// [`tenure_domain::Refusal::NotFound`] when there is no such organization; those of the store.
    pub async fn notice_outlook(&self, ctx: &Ctx, id: OrganizationId) -> Result<NoticeOutlook, AppError> {
        let mut reading = self.read_settled(ctx, id).await?;
        let (now, today) = (reading.now, reading.today);
        let organization = reading.organization.clone();
        let until = now.plus_seconds(DAYS * 86_400);
        let tx = &mut reading.tx;
        let candidates = notices::candidates(tx, id, until).await?;
        let sensors: Vec<SensorId> = candidates.iter().map(|candidate| candidate.sensor).collect();
        let told = notices::told(tx, &sensors).await?;
        let written = written_on(tx, id, notice::day(&organization.zone, now)).await?;
        let ends = at_ends(tx, &organization, &candidates).await?;
        let mut mails: BTreeMap<(Instant, Kind), ComingMail> = BTreeMap::new();
        for (candidate, at_end) in candidates.iter().zip(ends) {
            let (end, zone) = (candidate.end(), &organization.zone);
            let morning = notice::next_morning(zone, now);
            let overdue =
                end.due(zone, now).map(|kind| (kind, if written.contains(&kind) { morning } else { now }));
            let first = end.next(zone, now);
            let second = first.and_then(|(_, at)| end.next(zone, at));
            // What waits for the morning and is no longer true then is not told.
            let overdue = overdue.filter(|(_, at)| first.is_none_or(|(_, next)| *at < next));
            for (kind, at) in [overdue, first, second].into_iter().flatten() {
                if at > until || told.contains(&(candidate.sensor, end.expires_on, kind)) {
                    continue;
                }
                let on = end.expires_on;
                let mail = mails.entry((at, kind)).or_insert(ComingMail {
                    kind,
                    at,
                    sensors: 0,
                    first_expires_on: on,
                    last_expires_on: on,
                    renews: 0,
                    no_license: 0,
                    stops: 0,
                });
                mail.sensors += 1;
                mail.first_expires_on = mail.first_expires_on.min(on);
                mail.last_expires_on = mail.last_expires_on.max(on);
                match at_end {
                    AtEnd::Renews => mail.renews += 1,
                    AtEnd::NoLicense => mail.no_license += 1,
                    AtEnd::Stops => mail.stops += 1,
                }
            }
        }
        let mut outlook = Outlook::load_days(tx, &organization, today, POOL_DAYS).await?;
        let ahead = outlook.look(tx, &[]).await?;
        let licenses_left = licenses_left(tx, id).await?;
        let recipients = recipients::of(tx, id, Notification::LicenseExpiration).await?.len();
        reading.tx.roll_back().await?;
        Ok(NoticeOutlook {
            recipients,
            last_run: organization.notices_looked_at,
            next_run: organization.notices_next.max(now),
            next: mails.into_values().collect(),
            pool: PoolOutlook { needed: ahead.wanted(), licenses_left, until: outlook.until },
        })
    }
}
