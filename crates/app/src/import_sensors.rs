//! Importing a file of sensors (R22): adding, assigning, renaming and switching, all of it or nothing, and a look at it
//! beforehand.
//!
//! The lines are gone through in their order, and take licenses in that order. When all are through, the expired sensors
//! whose auto renewal the file has switched on take what is left of the pool, in R14's order (R12). A dry run does the
//! same, and undoes it.

mod file;
mod work;

use tenure_domain::{Date, OrganizationId, Refusal, Term};
use tenure_store::counters::Counter;

use self::work::Work;
use crate::{App, AppError, Ctx};

/// The most lines of a file.
pub const MOST_LINES: usize = 100_000;

/// The most licenses that one line asks for.
pub const MOST_LICENSES: u32 = 100;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// How many lines are through.
    pub done: usize,
    /// Of how many.
    pub of: usize,
}

/// What an import is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It waits until the organization, or the service, is free.
    Waiting,
    /// It goes through the lines.
    Lines,
    /// It gives the expired sensors that were switched on what is left, and finishes: commits, or undoes.
    Finishing,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It was done.
    Done(Report),
    /// It was a dry run: nothing was done.
    DryRun(Report),
    /// There are lines with errors, so nothing was done.
    Refused(Report),
}

/// What an import does, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many lines have something in them, the header left out.
    pub lines: usize,
    /// How many sensors are new.
    pub added: usize,
    /// How many sensors come back that were removed (R21).
    pub brought_back: usize,
    /// How many sensors that are there take more licenses.
    pub assigned: usize,
    /// How many licenses those take.
    pub assigned_licenses: usize,
    /// How many sensors that are there, or come back, get another name.
    pub renamed: usize,
    /// How many sensors that are there have their auto renewal switched.
    pub auto_renewal_changed: usize,
    /// How many expired sensors that are switched on take a license at once (R12).
    pub renewed: usize,
    /// How many lines change nothing.
    pub unchanged: usize,
    /// How many lines have errors.
    pub errors: usize,
    /// How many licenses all of this takes; those that are missing count too.
    pub licenses_needed: usize,
    /// How many licenses are in the pool beforehand.
    pub licenses_left: i64,
    /// The names of the file's columns that mean nothing here.
    pub ignored_columns: Vec<String>,
    /// The lines: all of a dry run, and those with errors of an import that is refused.
    pub items: Vec<Item>,
}

/// A line, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its line, as a person sees it in the spreadsheet, from 1.
    pub line: u32,
    /// The serial number, as it is written there.
    pub serial: String,
    /// The name that the sensor has then; where there is an error, what is written there.
    pub name: String,
    /// What it does, or why it cannot.
    pub outcome: Result<Deed, Refusal>,
}

/// What a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What it does to the sensor.
    pub what: What,
    /// The licenses that the sensor takes.
    pub licenses: Vec<Given>,
    /// What else changes.
    pub changes: Vec<Changed>,
}

/// What a line does to its sensor, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is added.
    Add,
    /// It comes back (R21).
    ComesBack,
    /// It is there, and takes licenses.
    Assign,
    /// It is there, and something else changes.
    Change,
    /// Nothing.
    Unchanged,
}

/// What else changes of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Its name.
    Renamed,
    /// Its auto renewal is switched on.
    AutoRenewalOn,
    /// Its auto renewal is switched off.
    AutoRenewalOff,
    /// It was expired, and takes a license as its auto renewal is on now (R12).
    Renewed,
}

/// A license that a sensor takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its license key.
    pub key: String,
    /// Its term.
    pub term: Term,
    /// The date from which it covers.
    pub activation_date: Date,
    /// The last date that it covers.
    pub expires_on: Date,
}

impl App {
    /// Imports a file of sensors, whole or not at all: CSV in UTF-8 with commas, semicolons or tabs, with a header or
    /// without one. A dry run does the same and undoes it.
    ///
    /// `progress` is told how far it is; it must not wait.
    ///
    /// # Errors
    ///
    /// When the file cannot be read at all: [`Refusal::ImportEmpty`], [`Refusal::ImportTooLong`],
    /// [`Refusal::ImportNotUtf8`], [`Refusal::ImportQuoteOpen`], [`Refusal::ImportNoSerials`],
    /// [`Refusal::ImportColumnTwice`]. What is wrong with single lines is in the report.
    pub async fn import_sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        bytes: &[u8],
        dry_run: bool,
        progress: &(impl Fn(Progress) + Sync),
    ) -> Result<Imported, AppError> {
        let file = file::read(bytes)?;
        let of = file.lines.len();
        progress(Progress { phase: Phase::Waiting, done: 0, of });
        let count = u32::try_from(of).unwrap_or(u32::MAX);
        // Numbers of a dry run are lost: a row that is undone must not keep all others waiting for its number.
        let first_number = self.db.take_numbers(Counter::Sensor, count).await?;
        let first_id = self.entropy.bits();
        let mut settled = self.settled(ctx, organization).await?;
        settled.tx.plan_anew().await?;
        let mut work = Work::begin(&mut settled, &file, (ctx.now, first_number, first_id)).await?;
        let mut done = 0;
        while done < of {
            progress(Progress { phase: Phase::Lines, done, of });
            done = work.some(&mut settled, done).await?;
        }
        progress(Progress { phase: Phase::Finishing, done, of });
        work.renew(&mut settled).await?;
        let report = work.report();
        if dry_run {
            settled.roll_back().await?;
            return Ok(Imported::DryRun(report));
        }
        if report.errors > 0 {
            settled.roll_back().await?;
            let items = report.items.into_iter().filter(|item| item.outcome.is_err()).collect();
            return Ok(Imported::Refused(Report { items, ..report }));
        }
        settled.commit(self).await?;
        Ok(Imported::Done(Report { items: Vec::new(), ..report }))
    }
}
