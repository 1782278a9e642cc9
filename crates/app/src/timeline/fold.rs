//! Putting a time line together: one row of the trail after the other, each closing what it ends and opening what it
//! begins.

use serde::Deserialize;
use tenure_domain::{Cover, Date, Instant, LicenseId, SensorId, Serial};
use tenure_store::StoreError;
use tenure_store::audit::Entry;

use super::{Cause, Item, Keys, Kind, OnLine, Standing};
use crate::audit_trail::ActorShown;

/// What the fold reads of the states before and after a row.
#[derive(Default, Deserialize)]
struct Told {
    state: Option<String>,
    sensor_id: Option<SensorId>,
    ends_at: Option<Instant>,
    activation_date: Option<Date>,
    expires_on: Option<Date>,
    serial: Option<Serial>,
    auto_renewal: Option<bool>,
}

impl Told {
    fn read(text: Option<&str>, column: &str) -> Result<Self, StoreError> {
        let Some(text) = text else { return Ok(Self::default()) };
        serde_json::from_str(text).map_err(|error| StoreError::Corrupt {
            column: column.to_owned(),
            value: text.to_owned(),
            reason: error.to_string(),
        })
    }

    fn is(&self, state: &str) -> bool {
        self.state.as_deref() == Some(state)
    }
}

/// An item whose license is not named yet.
pub(super) struct Raw {
    pub(super) kind: Kind,
    pub(super) starts: Instant,
    pub(super) ends: Option<Instant>,
    pub(super) license: Option<Placed>,
    pub(super) cause: Option<Cause>,
    pub(super) by: Option<ActorShown>,
    pub(super) serial: Option<Serial>,
    pub(super) serial_before: Option<Serial>,
}

/// A license on the line.
#[derive(Clone)]
pub(super) struct Placed {
    pub(super) id: LicenseId,
    standing: Standing,
    activation_date: Date,
    expires_on: Date,
}

impl Raw {
    fn interval(kind: Kind, starts: Instant, ends: Option<Instant>, cause: Cause) -> Self {
        Self {
            kind,
            starts,
            ends,
            license: None,
            cause: Some(cause),
            by: None,
            serial: None,
            serial_before: None,
        }
    }

    /// The item, with what is known of its license.
    pub(super) fn named(self, keys: &mut Keys) -> Item {
        let Self { kind, starts, ends, license, cause, by, serial, serial_before } = self;
        let license = license.and_then(|Placed { id, standing, activation_date, expires_on }| {
            let (code, key, term) = keys.get(&id).cloned()?;
            Some(OnLine { id, code, key, term, standing, activation_date, expires_on })
        });
        Item { kind, starts, ends, license, cause, by, serial, serial_before }
    }
}

/// A time line that grows.
pub(super) struct Fold {
    sensor: SensorId,
    auto_renewal: bool,
    done: Vec<Raw>,
    /// The interval that goes on: a license or a gap.
    open: Raw,
}

impl Fold {
    pub(super) fn new(sensor: SensorId, since: Instant) -> Self {
        let open = Raw::interval(Kind::Gap, since, None, Cause::Unlicensed);
        Self { sensor, auto_renewal: true, done: Vec::new(), open }
    }

    /// Ends the interval that goes on, and begins another one.
    fn turn(&mut self, at: Instant, next: Raw) {
        let mut ended = std::mem::replace(&mut self.open, next);
        // What was over at the instant at which it began covered nothing, and left nothing uncovered.
        if ended.starts < at {
            ended.ends = Some(at);
            self.done.push(ended);
        }
    }

    fn gap(&mut self, at: Instant, cause: Cause) {
        self.turn(at, Raw::interval(Kind::Gap, at, None, cause));
    }

    /// Ends the license that covers, which stands so from now on, and begins a gap.
    fn end(&mut self, entry: &Entry, standing: Standing, expires_on: Option<Date>, cause: Cause) {
        let Some(license) = &mut self.open.license else { return };
        if license.id.to_string() != entry.subject {
            return;
        }
        license.standing = standing;
        license.expires_on = expires_on.unwrap_or(license.expires_on);
        self.gap(entry.at, cause);
    }

    fn point(&mut self, kind: Kind, entry: &Entry, serial: Option<Serial>, serial_before: Option<Serial>) {
        self.done.push(Raw {
            kind,
            starts: entry.at,
            ends: None,
            license: None,
            cause: None,
            by: Some(ActorShown::read(&entry.actor)),
            serial,
            serial_before,
        });
    }

    /// Takes the next row of the trail.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when it tells no states.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let before = Told::read(entry.before.as_deref(), "before_state")?;
        let after = Told::read(entry.after.as_deref(), "after_state")?;
        match entry.action.as_str() {
            "sensor_added" | "sensor_brought_back" => {
                self.auto_renewal = after.auto_renewal.unwrap_or(self.auto_renewal);
                let back = entry.action == "sensor_brought_back";
                let kind = if back { Kind::BroughtBack } else { Kind::Added };
                self.point(kind, entry, after.serial, None);
                self.gap(entry.at, Cause::Unlicensed);
            }
            "sensor_removed" => {
                self.point(Kind::Removed, entry, before.serial, None);
                if self.open.kind == Kind::Gap {
                    self.gap(entry.at, Cause::Removed);
                }
            }
            "sensor_replaced" => self.point(Kind::Replaced, entry, after.serial, before.serial),
            "auto_renewal_switched" => self.auto_renewal = after.auto_renewal.unwrap_or(self.auto_renewal),
            "license_activated" => self.activated(entry, &before, &after),
            "license_ended" => {
                let none_left = if self.auto_renewal { Cause::NoLicenseLeft } else { Cause::AutoRenewalOff };
                self.end(entry, Standing::Ended, None, none_left);
            }
            "license_released" => self.end(entry, Standing::Released, None, Cause::Removed),
            "license_revoked" => self.end(entry, Standing::Revoked, after.expires_on, Cause::Revoked),
            "license_taken_back" => self.end(entry, Standing::TakenBack, None, Cause::TakenBack),
            _ => {}
        }
        Ok(())
    }

    fn activated(&mut self, entry: &Entry, before: &Told, after: &Told) {
        let (Ok(id), Some(ends), Some(activation_date), Some(expires_on)) =
            (entry.subject.parse(), after.ends_at, after.activation_date, after.expires_on)
        else {
            return;
        };
        let cause = if before.is("queued") {
            Cause::Queue
        } else if before.is("released") && before.sensor_id == Some(self.sensor) {
            Cause::CameBack
        } else if before.is("released") {
            Cause::RestGiven
        } else if entry.actor == "auto_renewal" {
            Cause::AutoRenewal
        } else {
            Cause::Assigned
        };
        let license = Placed { id, standing: Standing::Active, activation_date, expires_on };
        let next = Raw {
            license: Some(license),
            by: Some(ActorShown::read(&entry.actor)),
            ..Raw::interval(Kind::License, entry.at, Some(ends), cause)
        };
        self.turn(entry.at, next);
    }

    /// Adds a license of the queue, first to last.
    pub(super) fn queued(&mut self, id: LicenseId, cover: &Cover) {
        let Cover { starts, ends, activation_date, expires_on, .. } = *cover;
        let license = Placed { id, standing: Standing::Queued, activation_date, expires_on };
        let next =
            Raw { license: Some(license), ..Raw::interval(Kind::License, starts, Some(ends), Cause::Queue) };
        self.turn(starts, next);
    }

    /// All items, in the order of time: points before the intervals that begin with them.
    pub(super) fn items(self) -> Vec<Raw> {
        let mut items = self.done;
        items.push(self.open);
        items.sort_by_key(|item| (item.starts, item.cause.is_some()));
        items
    }
}
