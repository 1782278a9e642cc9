//! What an import does, as the API shows it.

use serde::Serialize;
use tenure_app::import_sensors::{Changed, Deed, Given, Item, Phase, Progress, Report, What};
use tenure_domain::{Date, Refusal, Term};
use utoipa::ToSchema;

use crate::csv;
use crate::problem::ProblemBody;

/// What an import has done, or would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportReport {
    /// Whether nothing was done, as that was asked for.
    dry_run: bool,
    /// How many lines have something in them, the header left out.
    lines: usize,
    /// How many sensors are new.
    added: usize,
    /// How many sensors come back that were removed (R21).
    brought_back: usize,
    /// How many sensors that are there take more licenses.
    assigned: usize,
    /// How many licenses those take.
    assigned_licenses: usize,
    /// How many sensors get another name; new ones do not count.
    renamed: usize,
    /// How many sensors that are there have their auto renewal switched.
    auto_renewal_changed: usize,
    /// How many expired sensors that are switched on take a license at once (R12).
    renewed: usize,
    /// How many lines change nothing.
    unchanged: usize,
    /// How many lines have errors.
    errors: usize,
    /// How many licenses all of this takes; those that are missing count too.
    licenses_needed: usize,
    /// How many licenses are left beforehand.
    licenses_left: i64,
    /// The names of the file's columns that mean nothing here.
    ignored_columns: Vec<String>,
    /// Of a dry run all lines; of an import that is refused those with errors; else none.
    items: Vec<ImportLine>,
}

/// A line of the file.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportLine {
    /// As a person sees it in the spreadsheet: the first line, which may be the header, is 1.
    #[schema(minimum = 1)]
    line: u32,
    /// As it is written there.
    serial: String,
    /// The name that the sensor has then; of an error, what is written there.
    name: String,
    outcome: ImportOutcome,
    /// The licenses that the sensor takes, or comes back with.
    licenses: Vec<ImportLicense>,
    /// What else changes.
    changes: Vec<ImportChange>,
    /// Of an error its stable code: `serial_malformed`, `serial_rounded`, `serial_repeated`,
    /// `serial_in_use_elsewhere`, `no_license_left`, `key_not_available`, `not_found` (the license key),
    /// `chain_too_long` or `invalid`.
    #[schema(example = "serial_repeated")]
    code: Option<&'static str>,
    /// Of an error what is wrong, and what to do.
    detail: Option<String>,
}

/// What a line does to its sensor.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportOutcome {
    /// It is new.
    Add,
    /// It was removed and comes back (R21).
    ComesBack,
    /// It is there, and takes licenses.
    Assign,
    /// It is there, and something else changes.
    Change,
    /// Nothing.
    Unchanged,
    /// The line cannot be done.
    Error,
}

impl ImportOutcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::ComesBack => "comes_back",
            Self::Assign => "assign",
            Self::Change => "change",
            Self::Unchanged => "unchanged",
            Self::Error => "error",
        }
    }
}

/// What else changes.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportChange {
    /// Its name.
    Renamed,
    /// Its auto renewal is switched on.
    AutoRenewalOn,
    /// Its auto renewal is switched off.
    AutoRenewalOff,
    /// It was expired, and takes a license as its auto renewal is on now (R12).
    Renewed,
}

impl ImportChange {
    const fn name(self) -> &'static str {
        match self {
            Self::Renamed => "renamed",
            Self::AutoRenewalOn => "auto_renewal_on",
            Self::AutoRenewalOff => "auto_renewal_off",
            Self::Renewed => "renewed",
        }
    }
}

/// A license that a sensor takes.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportLicense {
    /// Its license key.
    key: String,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    #[schema(value_type = String, format = Date)]
    activation_date: Date,
    /// The last local date that it covers.
    #[schema(value_type = String, format = Date)]
    expires_on: Date,
}

/// Why an import was not done (RFC 9457), with the report.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportProblem {
    #[serde(flatten)]
    problem: ProblemBody,
    /// With the lines that have errors. Null where the file could not be read at all.
    report: Option<ImportReport>,
}

/// How far an import is: the data of an event `progress`.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportProgress {
    phase: ImportPhase,
    /// How many lines are through.
    done: usize,
    /// Of how many; 0 while that is not known.
    of: usize,
}

/// What an import is doing.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportPhase {
    /// It waits for others to finish.
    Waiting,
    /// It goes through the lines.
    Lines,
    /// It finishes what it did, or undoes it.
    Finishing,
}

impl From<Progress> for ImportProgress {
    fn from(Progress { phase, done, of }: Progress) -> Self {
        let phase = match phase {
            Phase::Waiting => ImportPhase::Waiting,
            Phase::Lines => ImportPhase::Lines,
            Phase::Finishing => ImportPhase::Finishing,
        };
        Self { phase, done, of }
    }
}

impl ImportProblem {
    pub(crate) fn new(problem: ProblemBody, report: Option<Report>) -> Self {
        Self { problem, report: report.map(|report| ImportReport::new(report, false)) }
    }
}

impl ImportReport {
    pub(crate) fn new(report: Report, dry_run: bool) -> Self {
        Self {
            dry_run,
            lines: report.lines,
            added: report.added,
            brought_back: report.brought_back,
            assigned: report.assigned,
            assigned_licenses: report.assigned_licenses,
            renamed: report.renamed,
            auto_renewal_changed: report.auto_renewal_changed,
            renewed: report.renewed,
            unchanged: report.unchanged,
            errors: report.errors,
            licenses_needed: report.licenses_needed,
            licenses_left: report.licenses_left,
            ignored_columns: report.ignored_columns,
            items: report.items.into_iter().map(ImportLine::from).collect(),
        }
    }

    /// The lines as CSV.
    pub(crate) fn csv(&self) -> String {
        let mut text = String::new();
        let header = [
            "line",
            "serial",
            "name",
            "outcome",
            "licenses",
            "key",
            "activation_date",
            "expires_on",
            "changes",
            "code",
            "detail",
        ];
        csv::record(&mut text, header);
        for item in &self.items {
            let (first, last) = (item.licenses.first(), item.licenses.last());
            let date = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
            let changes: Vec<&str> = item.changes.iter().map(|change| change.name()).collect();
            let fields = [
                item.line.to_string(),
                item.serial.clone(),
                item.name.clone(),
                item.outcome.name().to_owned(),
                item.licenses.len().to_string(),
                first.map_or_else(String::new, |license| license.key.clone()),
                date(first.map(|license| license.activation_date)),
                date(last.map(|license| license.expires_on)),
                changes.join(" "),
                item.code.unwrap_or_default().to_owned(),
                item.detail.clone().unwrap_or_default(),
            ];
            csv::record(&mut text, fields.iter().map(String::as_str));
        }
        text
    }
}

impl From<Item> for ImportLine {
    fn from(Item { line, serial, name, outcome }: Item) -> Self {
        let (deed, refusal) = match outcome {
            Ok(deed) => (Some(deed), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let (outcome, licenses, changes) = match deed {
            None => (ImportOutcome::Error, Vec::new(), Vec::new()),
            Some(Deed { what, licenses, changes }) => {
                let outcome = match what {
                    What::Add => ImportOutcome::Add,
                    What::ComesBack => ImportOutcome::ComesBack,
                    What::Assign => ImportOutcome::Assign,
                    What::Change => ImportOutcome::Change,
                    What::Unchanged => ImportOutcome::Unchanged,
                };
                (outcome, licenses, changes)
            }
        };
        let license = |given: Given| ImportLicense {
            key: given.key,
            term: given.term,
            activation_date: given.activation_date,
            expires_on: given.expires_on,
        };
        let change = |changed: Changed| match changed {
            Changed::Renamed => ImportChange::Renamed,
            Changed::AutoRenewalOn => ImportChange::AutoRenewalOn,
            Changed::AutoRenewalOff => ImportChange::AutoRenewalOff,
            Changed::Renewed => ImportChange::Renewed,
        };
        Self {
            line,
            serial,
            name,
            outcome,
            licenses: licenses.into_iter().map(license).collect(),
            changes: changes.into_iter().map(change).collect(),
            code: refusal.as_ref().map(Refusal::code),
            detail: refusal.map(|refusal| refusal.to_string()),
        }
    }
}
