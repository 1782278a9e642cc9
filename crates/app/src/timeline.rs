//! A sensor's time line: how it was covered from its first day on, with the gaps as gaps (R16).
//!
//! It is put together from the audit trail, which alone says when a sensor was out of the organization (R21), which
//! license was taken back (R19), and what went to another sensor since. What is queued is read from the licenses, for
//! it is a promise of now.

mod fold;

use std::collections::HashMap;

use tenure_domain::license::State;
use tenure_domain::{CodeId, Date, Instant, LicenseId, OrganizationId, Refusal, SensorId, Serial, Term};
use tenure_store::{audit, keys, ledger, removed, sensors};

use crate::audit_trail::ActorShown;
use crate::{App, AppError, Ctx};

use fold::Fold;

/// What one item of a time line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A license covers, covered or will cover it.
    License,
    /// Nothing covers it.
    Gap,
    /// It was added to the organization.
    Added,
    /// It got another serial number (R20).
    Replaced,
    /// It was removed (R21).
    Removed,
    /// It was added again (R21).
    BroughtBack,
}

/// How a license on a time line stands, or how it went from the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It covers the sensor.
    Active,
    /// It will.
    Queued,
    /// Its time was over.
    Ended,
    /// The sensor was removed while it covered it (R21).
    Released,
    /// The operator took it away (R5).
    Revoked,
    /// It went back to the pool; nothing was saved under it (R19).
    TakenBack,
}

/// Why a license began on a sensor, or why a gap did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody gave the license to the sensor (R11).
    Assigned,
    /// The sensor took it by itself (R12, R15).
    AutoRenewal,
    /// It was queued, and its turn came (R7).
    Queue,
    /// The sensor came back while it still ran (R21).
    CameBack,
    /// Another sensor had left it behind (R21).
    RestGiven,
    /// The sensor had no license yet.
    Unlicensed,
    /// Its chain ended, and no license was left for it.
    NoLicenseLeft,
    /// Its chain ended with auto renewal off.
    AutoRenewalOff,
    /// Its license was taken back (R19).
    TakenBack,
    /// Its license was revoked (R5).
    Revoked,
    /// It was removed (R21).
    Removed,
}

/// An item of a time line: an interval, or a point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its first instant.
    pub starts: Instant,
    /// The first instant that is not in it any more; none of a point, and of a gap that goes on.
    pub ends: Option<Instant>,
    /// Of a license what it is.
    pub license: Option<OnLine>,
    /// Why a license or a gap began.
    pub cause: Option<Cause>,
    /// Who or what gave the license, or did what the point tells.
    pub by: Option<ActorShown>,
    /// Of a point the serial number from then on.
    pub serial: Option<Serial>,
    /// The serial number that was replaced.
    pub serial_before: Option<Serial>,
}

/// A license on a time line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnLine {
    /// The license.
    pub id: LicenseId,
    /// The code that its license key was.
    pub code: CodeId,
    /// Its license key.
    pub key: String,
    /// Its term.
    pub term: Term,
    /// How it stands.
    pub standing: Standing,
    /// The local date on which it began here.
    pub activation_date: Date,
    /// The last local date that it covers, or was to cover.
    pub expires_on: Date,
}

/// A sensor's time line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// When the sensor was first added.
    pub since: Instant,
    /// Its items, in the order of time.
    pub items: Vec<Item>,
    /// Where the next page begins, if there is more.
    pub next: Option<usize>,
}

impl App {
    /// A page of a sensor's time line, from the first day on; `after` is where the page before ended. Also of a removed
    /// sensor, when `removed` asks for one.
    ///
    /// Its licenses and gaps follow each other from `since` on without a hole and without an overlap: an instant up to
    /// now lies in a license just when the gate let the sensor's data in.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor in the organization.
    pub async fn timeline(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        removed: bool,
        (after, limit): (usize, u32),
    ) -> Result<Timeline, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let tx = &mut reading.tx;
        let since = if removed {
            let row = removed::get(tx, organization, sensor).await?;
            row.ok_or(Refusal::NotFound { what: "removed sensor" })?.added_at
        } else {
            let row = sensors::get(tx, organization, sensor).await?;
            row.ok_or(Refusal::NotFound { what: "sensor" })?.added_at
        };
        let mut fold = Fold::new(sensor, since);
        for entry in audit::of_cover(tx, organization, sensor).await? {
            fold.take(&entry)?;
        }
        for recorded in ledger::of_sensor(tx, sensor).await? {
            if let State::Queued(placed) = recorded.state {
                fold.queued(recorded.license.id, &placed.cover);
            }
        }
        let all = fold.items();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = after.saturating_add(limit);
        let next = (next < all.len()).then_some(next);
        let page: Vec<fold::Raw> = all.into_iter().skip(after).take(limit).collect();
        let licenses: Vec<LicenseId> = page.iter().filter_map(|raw| Some(raw.license.as_ref()?.id)).collect();
        let mut keys = keys::of_licenses(tx, organization, &licenses).await?;
        reading.tx.roll_back().await?;
        // A license may be on the line more than once: it was taken back and given again.
        let items = page.into_iter().map(|raw| raw.named(&mut keys)).collect();
        Ok(Timeline { since, items, next })
    }
}

type Keys = HashMap<LicenseId, (CodeId, String, Term)>;
