//! The proof that an organization is locked and settled: without it no license changes hands.

use std::collections::BTreeMap;

use tenure_domain::ledger::PoolHeadTooShort;
use tenure_domain::{
    Chain, Change, Date, Desk, Held, Instant, OrganizationId, Pool, Refusal, Sensor, SensorId, Serial, Zone,
};
use tenure_store::audit::{self, Entry};
use tenure_store::organizations::{self, Organization};
use tenure_store::{Tx, ledger, messages, released};

use crate::idempotency::Mark;
use crate::webhook_events::{ChainStep, chain_steps, tell_of_chains};
use crate::{App, AppError, CoverChange, Ctx};

/// How many licenses of the pool are loaded beyond one for each sensor.
const POOL_HEAD: u32 = 64;

/// An organization whose row this transaction has locked, and in which everything due by `now` has happened (R17).
pub(crate) struct SettledOrganization {
    pub(crate) tx: Tx,
    pub(crate) organization: Organization,
    /// The command's instant: the clock, or what is settled already if the clock is behind (R9).
    pub(crate) now: Instant,
    actor: String,
    mark: Option<Mark>,
    touched: BTreeMap<SensorId, CoverChange>,
    gone: Vec<CoverChange>,
    numbers: BTreeMap<SensorId, i64>,
    /// What has happened to chains, of which webhooks may want to know.
    chain_steps: Vec<ChainStep>,
}

/// A row of the audit trail that is to be: what was done, to what, and what was before and after.
pub(crate) type Row = (&'static str, String, Option<serde_json::Value>, Option<serde_json::Value>);

/// Why the work at a desk stopped.
pub(crate) enum Stop {
    /// More of the pool is needed.
    PoolHeadTooShort,
    /// The rules refuse it.
    Refused(Refusal),
}

impl From<PoolHeadTooShort> for Stop {
    fn from(_: PoolHeadTooShort) -> Self {
        Self::PoolHeadTooShort
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl App {
    /// Locks an organization and settles it up to now.
    pub(crate) async fn settled(
        &self,
        ctx: &Ctx,
        id: OrganizationId,
    ) -> Result<SettledOrganization, AppError> {
        let tx = self.db.begin().await?;
        self.settled_in(tx, ctx, id).await
    }

    /// As [`App::settled`], in a transaction that has begun and holds no organization's lock yet.
    pub(crate) async fn settled_in(
        &self,
        mut tx: Tx,
        ctx: &Ctx,
        id: OrganizationId,
    ) -> Result<SettledOrganization, AppError> {
        let organization = organizations::lock(&mut tx, id).await?;
        let organization = organization.ok_or(Refusal::NotFound { what: "organization" })?;
        let now = ctx.now.max(organization.settled_until);
        let (touched, numbers) = (BTreeMap::new(), BTreeMap::new());
        let actor = ctx.actor.to_string();
        let mut settled = SettledOrganization {
            tx,
            organization,
            now,
            actor,
            mark: ctx.mark.clone(),
            touched,
            gone: Vec::new(),
            numbers,
            chain_steps: Vec::new(),
        };
        if settled.organization.next_due.is_some_and(|due| due <= now) {
            settled.settle().await?;
        }
        settled.organization.settled_until = now;
        Ok(settled)
    }
}

impl SettledOrganization {
    /// Today in the organization's zone.
    pub(crate) fn today(&self) -> Date {
        self.organization.zone.date_at(self.now)
    }

    async fn settle(&mut self) -> Result<(), AppError> {
        let due = ledger::due(&mut self.tx, self.organization.id, self.now).await?;
        let rests = released::due(&mut self.tx, self.organization.id, self.now).await?;
        self.at_desk(due, |desk, sensors| Ok(desk.settle_with(sensors, &rests)?)).await.map(drop)
    }

    /// Lets the domain work on sensors and the pool, keeps what it changed, and returns the changed sensors.
    ///
    /// A head of the pool is loaded that suffices for one license a sensor; where the work wants more it is done
    /// again with a longer one.
    pub(crate) async fn at_desk(
        &mut self,
        sensors: Vec<Sensor>,
        work: impl Fn(&mut Desk<'_>, &mut [Sensor]) -> Result<(), Stop>,
    ) -> Result<Vec<Sensor>, AppError> {
        let zone = self.organization.zone.clone();
        let mut length = u32::try_from(sensors.len()).unwrap_or(u32::MAX).saturating_add(POOL_HEAD);
        loop {
            let pool = ledger::pool(&mut self.tx, self.organization.id, length).await?;
            let mut desk = Desk::new(&zone, self.now, pool);
            let mut worked = sensors.clone();
            match work(&mut desk, &mut worked) {
                Err(Stop::PoolHeadTooShort) => length = length.saturating_mul(2),
                Err(Stop::Refused(refusal)) => return Err(refusal.into()),
                Ok(()) => {
                    let changes = desk.into_changes();
                    return self.keep_work(&changes, sensors, worked).await;
                }
            }
        }
    }

    /// Keeps what work at a desk has changed: its changes, and the sensors before and after it, in the same order.
    /// Returns those that are not as they were.
    pub(crate) async fn keep_work(
        &mut self,
        changes: &[Change],
        before: Vec<Sensor>,
        after: Vec<Sensor>,
    ) -> Result<Vec<Sensor>, AppError> {
        self.chain_steps.extend(chain_steps(changes, before.iter().zip(&after)));
        let pairs = after.into_iter().zip(before);
        let changed: Vec<Sensor> =
            pairs.filter_map(|(after, before)| (after != before).then_some(after)).collect();
        self.keep(changes, &changed).await?;
        Ok(changed)
    }

    /// Keeps changes of licenses and sensors, with their audit rows.
    pub(crate) async fn keep(&mut self, changes: &[Change], sensors: &[Sensor]) -> Result<(), AppError> {
        if changes.is_empty() && sensors.is_empty() {
            return Ok(());
        }
        ledger::keep(&mut self.tx, &mut self.organization, changes, sensors, &self.actor).await?;
        for sensor in sensors {
            self.touch(sensor);
        }
        Ok(())
    }

    /// Gives what has entered the pool to the sensors that wait (R15); returns those that took one.
    pub(crate) async fn renew_waiting(&mut self, entered: u32) -> Result<Vec<Sensor>, AppError> {
        let waiting = ledger::waiting(&mut self.tx, self.organization.id, entered).await?;
        if waiting.is_empty() {
            return Ok(waiting);
        }
        self.at_desk(waiting, |desk, sensors| Ok(desk.renew_waiting(sensors)?)).await
    }

    /// A desk without a pool, for what takes nothing out of it.
    pub(crate) fn desk<'zone>(&self, zone: &'zone Zone) -> Desk<'zone> {
        Desk::new(zone, self.now, Pool::default())
    }

    /// How the audit trail names who gave the command.
    pub(crate) fn actor(&self) -> &str {
        &self.actor
    }

    /// Adds a row for each subject of one action to the organization's audit trail.
    pub(crate) async fn audit_each(
        &mut self,
        action: &str,
        changes: impl IntoIterator<Item = (String, serde_json::Value, serde_json::Value)>,
    ) -> Result<(), AppError> {
        let entry = |(subject, before, after): (String, serde_json::Value, serde_json::Value)| Entry {
            at: self.now,
            actor: self.actor.clone(),
            action: action.to_owned(),
            subject,
            before: Some(before.to_string()),
            after: Some(after.to_string()),
        };
        let entries = changes.into_iter().map(entry).collect();
        Ok(audit::add(&mut self.tx, &mut self.organization, entries).await?)
    }

    /// Adds a row to the organization's audit trail.
    pub(crate) async fn audit(
        &mut self,
        action: &str,
        subject: String,
        before: Option<serde_json::Value>,
        after: Option<serde_json::Value>,
    ) -> Result<(), AppError> {
        let entry = Entry {
            at: self.now,
            actor: self.actor.clone(),
            action: action.to_owned(),
            subject,
            before: before.map(|value| value.to_string()),
            after: after.map(|value| value.to_string()),
        };
        Ok(audit::add(&mut self.tx, &mut self.organization, vec![entry]).await?)
    }

    /// Adds rows to the organization's audit trail: of each an action, a subject, and what was before and after.
    pub(crate) async fn audit_all(&mut self, rows: Vec<Row>) -> Result<(), AppError> {
        let entry = |(action, subject, before, after): Row| Entry {
            at: self.now,
            actor: self.actor.clone(),
            action: action.to_owned(),
            subject,
            before: before.map(|value| value.to_string()),
            after: after.map(|value| value.to_string()),
        };
        let entries = rows.into_iter().map(entry).collect();
        Ok(audit::add(&mut self.tx, &mut self.organization, entries).await?)
    }

    /// Whether something was saved under the license that a sensor holds: here, or on a sensor that was removed since
    /// (R19). `number` is that of the sensor.
    pub(crate) async fn saved_under(&mut self, held: &Held, number: i64) -> Result<bool, AppError> {
        if released::saved_before(&mut self.tx, held.license.id).await? {
            return Ok(true);
        }
        let states = messages::states(&mut self.tx, &[number]).await?;
        let last_saved = states.get(&number).and_then(|state| state.last_saved);
        Ok(last_saved.is_some_and(|at| at >= held.cover.starts))
    }

    /// Remembers the number of a sensor whose serial number is new to the organization.
    pub(crate) fn added(&mut self, sensor: SensorId, number: i64) {
        self.numbers.insert(sensor, number);
    }

    /// Remembers that the organization has a serial number no more.
    pub(crate) fn forget(&mut self, serial: Serial, number: i64) {
        self.touched.retain(|_, change| change.serial != serial);
        let number = Some(number);
        self.gone.push(CoverChange { serial, number, chain_ends: None, running: false, gone: true });
    }

    /// Remembers a sensor of which the gate is to hear.
    pub(crate) fn touch(&mut self, sensor: &Sensor) {
        let change = CoverChange {
            serial: sensor.serial,
            number: self.numbers.get(&sensor.id).copied(),
            chain_ends: sensor.chain.end().map(|end| end.ends),
            running: matches!(sensor.chain, Chain::Running { .. }),
            gone: false,
        };
        self.touched.insert(sensor.id, change);
    }

    /// Commits, with the events for webhooks, and tells the gate.
    pub(crate) async fn commit(mut self, app: &App) -> Result<(), AppError> {
        let steps = std::mem::take(&mut self.chain_steps);
        if !steps.is_empty() {
            tell_of_chains(app, &mut self, &steps).await?;
        }
        organizations::finish(&mut self.tx, &self.organization).await?;
        app.commit(self.tx, self.mark.as_ref()).await?;
        if self.touched.is_empty() && self.gone.is_empty() {
            return Ok(());
        }
        if let Some(listener) = app.listener() {
            // What is gone comes first, for its serial number may be in use again.
            let changes: Vec<CoverChange> = self.gone.into_iter().chain(self.touched.into_values()).collect();
            listener.covers_changed(self.organization.id, self.organization.rev, &changes);
        }
        app.covers_moved(self.organization.id);
        Ok(())
    }

    /// Commits what is besides the command, which is refused: it may be sent again.
    pub(crate) async fn commit_refused(mut self, app: &App) -> Result<(), AppError> {
        self.mark = None;
        self.commit(app).await
    }

    /// Undoes everything, settling included: for a look at what a command would do.
    pub(crate) async fn roll_back(self) -> Result<(), AppError> {
        Ok(self.tx.roll_back().await?)
    }
}
