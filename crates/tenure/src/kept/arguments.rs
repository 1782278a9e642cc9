//! The words of `tenure sensor` that are about an organization's sensors.

use clap::{Args, Subcommand, ValueEnum};
use tenure_domain::{LicenseId, Serial, Standing};

/// Whose sensors, and how the answer is printed.
#[derive(Args)]
pub struct Of {
    /// The organization's name.
    #[arg(long, value_name = "NAME")]
    pub organization: String,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// One sensor of an organization.
#[derive(Args)]
pub struct Which {
    /// The sensor's serial number, 12 hexadecimal digits.
    pub serial: Serial,
    #[command(flatten)]
    pub of: Of,
}

/// A switch.
#[derive(Clone, Copy, ValueEnum)]
pub enum Switch {
    /// It is on.
    On,
    /// It is off.
    Off,
}

#[derive(Subcommand)]
pub enum Kept {
    /// Lists an organization's sensors.
    List {
        #[command(flatten)]
        of: Of,
        /// Only those with this in their name or serial number.
        #[arg(long, default_value = "", hide_default_value = true)]
        search: String,
        /// Only those that are covered, expiring, expired or unlicensed.
        #[arg(long)]
        standing: Option<Standing>,
    },
    /// Shows a sensor with all its licenses.
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Adds a sensor, which takes a license; one that was removed comes back.
    Add {
        #[command(flatten)]
        which: Which,
        /// Its name; its serial number when none is given.
        #[arg(long)]
        name: Option<String>,
        /// The license key, or the code's identifier, to take a license of; that which is next when none is given.
        #[arg(long)]
        key: Option<String>,
        /// Whether it renews itself; when not given: as it did before, or on.
        #[arg(long, value_name = "SWITCH")]
        auto_renewal: Option<Switch>,
        /// Says what would happen, and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Gives a sensor one more license: active now, or behind its queue.
    Assign {
        #[command(flatten)]
        which: Which,
        /// The license key, or the code's identifier; that which is next when none is given.
        #[arg(long)]
        key: Option<String>,
        /// Says what would happen, and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Takes a license back into the pool: a queued one, or the active one while nothing is saved under it.
    TakeBack {
        #[command(flatten)]
        which: Which,
        /// The license's identifier, as `sensor show` prints it.
        license_id: LicenseId,
    },
    /// Switches a sensor's auto renewal; switched on, an expired one renews at once.
    AutoRenewal {
        #[command(flatten)]
        which: Which,
        switch: Switch,
        /// Says what would happen, and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Renames a sensor.
    Rename {
        #[command(flatten)]
        which: Which,
        name: String,
    },
    /// Gives a broken sensor's place, with licenses, name and history, to another serial number.
    Replace {
        #[command(flatten)]
        which: Which,
        /// The new sensor's serial number.
        new_serial: Serial,
    },
    /// Removes a sensor: its queue goes back to the pool, its active license keeps its end, its history stays.
    Remove {
        #[command(flatten)]
        which: Which,
        /// Says what would happen, and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Lists the sensors that were removed, with what they have left behind.
    Removed {
        #[command(flatten)]
        of: Of,
    },
    /// Gives the rest of a license that a removed sensor has left behind to a sensor that is not covered.
    GiveRest {
        #[command(flatten)]
        which: Which,
        /// The license's identifier, as `sensor removed` prints it.
        license_id: LicenseId,
        /// Says what would happen, and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Erases the history of a removed sensor, for good.
    EraseHistory {
        #[command(flatten)]
        which: Which,
        /// The serial number once more.
        #[arg(long, value_name = "SERIAL")]
        confirm: String,
    },
}

impl Switch {
    /// Whether it is on.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

impl Kept {
    /// Whose sensors it is about.
    pub const fn of(&self) -> &Of {
        match self {
            Self::List { of, .. } | Self::Removed { of } => of,
            Self::Show { which }
            | Self::Add { which, .. }
            | Self::Assign { which, .. }
            | Self::TakeBack { which, .. }
            | Self::AutoRenewal { which, .. }
            | Self::Rename { which, .. }
            | Self::Replace { which, .. }
            | Self::Remove { which, .. }
            | Self::GiveRest { which, .. }
            | Self::EraseHistory { which, .. } => &which.of,
        }
    }
}
