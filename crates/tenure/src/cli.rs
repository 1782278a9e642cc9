//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tenure_domain::{CodeId, Date, Instant, Role, Serial, Term, Zone};

use crate::kept::Kept;

/// An open, self-hosted license manager for sensor clouds.
#[derive(Parser)]
#[command(name = "tenure", version, about, propagate_version = true)]
pub struct Cli {
    /// A TOML file with the configuration; the environment wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Runs the service: HTTP, CoAP, scheduler.
    Serve(Serve),
    /// Runs the service with a fresh demo database and simulated sensors.
    Demo(Demo),
    /// Activation codes.
    #[command(subcommand)]
    Code(Code),
    /// Users.
    #[command(subcommand)]
    User(User),
    /// API tokens.
    #[command(subcommand)]
    Token(Token),
    /// Mails.
    #[command(subcommand)]
    Mail(Mail),
    /// Sensors and their licenses; and a sensor, and a fleet of them, for trials and load.
    #[command(subcommand)]
    Sensor(Sensor),
    /// Serial numbers, whichever organization has them.
    #[command(subcommand)]
    Serial(SerialNumber),
    /// Brings the database's schema up to date.
    Migrate,
    /// Looks whether everything that the service needs is there.
    Doctor,
    /// Copies the embedded database into a new file, while it is in use.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Prints the OpenAPI document of the API.
    Openapi,
    /// Prints the shell's completions for this command.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Clone, Default)]
pub struct Serve {
    /// For trials: the clock stands at this instant, and is moved by instants written on standard input, one a line.
    #[arg(long, value_name = "INSTANT")]
    pub trial_clock: Option<Instant>,
}

#[derive(Args, Clone)]
pub struct Demo {
    /// Seconds in which a day of the demo's clock passes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400), default_value_t = 86_400)]
    pub day_seconds: u32,
    /// No simulated sensors.
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Subcommand)]
pub enum Code {
    /// Issues an activation code and prints it, once.
    Issue {
        /// How many licenses it is for.
        #[arg(long)]
        licenses: u32,
        /// How long each lasts, as an ISO 8601 duration: P2Y, P18M, P30D.
        #[arg(long)]
        term: Term,
        /// The order that it is for.
        #[arg(long)]
        order: Option<String>,
        /// The last date on which it can be redeemed.
        #[arg(long, value_name = "DATE")]
        redeem_by: Option<Date>,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Lists the codes, newest first.
    List {
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Revokes a code, and those of its licenses that are in the pool or queued.
    Revoke {
        /// The code's identifier, as `code list` prints it.
        code_id: CodeId,
        /// Ends its active licenses at once, too.
        #[arg(long)]
        end_active: bool,
        /// Says what would happen, and changes nothing.
        #[arg(long)]
        dry_run: bool,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub enum User {
    /// Makes a user, and their organization if it is new.
    Create {
        /// Their e-mail address.
        #[arg(long)]
        email: String,
        /// Their organization's name; none for an operator.
        #[arg(long)]
        organization: Option<String>,
        /// administrator, manager, analyst or operator.
        #[arg(long)]
        role: Role,
        /// The time zone of an organization that is made.
        #[arg(long, default_value = "UTC")]
        time_zone: Zone,
        /// Reads their password from standard input.
        #[arg(long)]
        password_stdin: bool,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub enum Token {
    /// Makes an API token of a user's role and prints it, once.
    Create {
        /// The user's e-mail address.
        #[arg(long)]
        email: String,
        /// The organization's name; none for an operator.
        #[arg(long)]
        organization: Option<String>,
        /// A token that only reads.
        #[arg(long)]
        read_only: bool,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub enum Mail {
    /// Writes every mail, made of samples, into a folder: as .eml, .txt and .html.
    ///
    /// The templates of `mail_templates` are tried; one that is broken is named with its line.
    Preview {
        /// The folder; it is made where there is none.
        #[arg(long, value_name = "DIR", default_value = "mail-preview")]
        folder: PathBuf,
        /// Only in this language: en, pl or de.
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<String>,
    },
}

#[derive(Subcommand)]
pub enum Sensor {
    /// Sends one message and prints the answer.
    Send(Send),
    /// Sends messages of many sensors.
    Simulate(Simulate),
    #[command(flatten)]
    Kept(Kept),
}

#[derive(Subcommand)]
pub enum SerialNumber {
    /// Says which organization has a serial number.
    Show {
        /// The serial number, 12 hexadecimal digits.
        serial: Serial,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Removes the sensor with this serial number from the organization that has it, so that another can add it.
    Free {
        /// The serial number, 12 hexadecimal digits.
        serial: Serial,
        /// Says what would happen, and changes nothing.
        #[arg(long)]
        dry_run: bool,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub struct Send {
    /// The server, coap://HOST:PORT.
    #[arg(long, default_value = "coap://127.0.0.1:5683")]
    pub server: String,
    /// The sensor's serial number.
    #[arg(long)]
    pub serial: Serial,
    /// The organization's device token.
    #[arg(long)]
    pub token: Option<String>,
    /// A channel's type and value, such as temperature=21.5; may be given up to six times.
    #[arg(long = "value", value_name = "TYPE=VALUE", default_values = ["temperature=21.5", "humidity=50"])]
    pub values: Vec<String>,
    /// When it was measured; now when it is not given.
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<Instant>,
    /// Sends these bytes instead of a message made of values.
    #[arg(long, value_name = "HEX")]
    pub frame: Option<String>,
}

#[derive(Args)]
pub struct Simulate {
    /// The server, coap://HOST:PORT.
    #[arg(long, default_value = "coap://127.0.0.1:5683")]
    pub server: String,
    /// How many sensors.
    #[arg(long)]
    pub sensors: u32,
    /// The first one's serial number; the others follow it.
    #[arg(long, default_value = "7e0000000001")]
    pub first_serial: Serial,
    /// The organization's device token.
    #[arg(long)]
    pub token: Option<String>,
    /// Seconds between two messages of a sensor.
    #[arg(long, default_value_t = 60)]
    pub period: u32,
    /// Messages of each sensor; without end when it is not given.
    #[arg(long)]
    pub messages: Option<u32>,
}
