//! What mails are about.

use tenure_domain::alert::{Because, Condition};
use tenure_domain::measurement::Decimal;
use tenure_domain::notice::Kind;
use tenure_domain::{AtEnd, Date, Instant, Role, Serial, Zone};

/// What a mail is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// A link by which a password is set anew.
    PasswordReset {
        /// Whose.
        email: &'a str,
        /// The link.
        link: &'a str,
    },
    /// An invitation to an organization.
    Invitation {
        /// Who is invited.
        email: &'a str,
        /// The link.
        link: &'a str,
        /// The organization's name.
        organization: &'a str,
        /// Who invites.
        invited_by: &'a str,
        /// What the invited will be.
        role: Role,
        /// The last day of the link.
        until: Date,
    },
    /// Sensors whose cover ends or has ended (R29).
    Expirations(&'a Expirations),
    /// The pool has fewer licenses than the coming renewals need.
    PoolLow(&'a PoolLow),
    /// Alerts of a rule.
    Alerts(&'a Alerts),
    /// An activation code was revoked (R5).
    CodeRevoked(&'a CodeRevoked),
    /// A mail that somebody asked for, to see whether mail arrives.
    Test(&'a TestMail),
}

/// A digest: the sensors of an organization that have a notice of one kind on one day (R31).
#[derive(Clone, Debug)]
pub(crate) struct Expirations {
    /// Which notice.
    pub kind: Kind,
    /// The organization's name.
    pub organization: String,
    /// The local date.
    pub today: Date,
    /// How many licenses the pool has.
    pub licenses_left: i64,
    /// The sensors, in R14's order.
    pub sensors: Vec<Expiring>,
}

/// A sensor whose cover ends or has ended.
#[derive(Clone, Debug)]
pub(crate) struct Expiring {
    /// Its name.
    pub name: String,
    /// Its serial number.
    pub serial: Serial,
    /// The last day of its chain.
    pub expires_on: Date,
    /// Whether its cover is over already.
    pub over: bool,
    /// What happens by itself (R32).
    pub at_end: AtEnd,
}

/// The pool has fewer licenses than the coming renewals need.
#[derive(Clone, Debug)]
pub(crate) struct PoolLow {
    /// The organization's name.
    pub organization: String,
    /// How many licenses the pool has.
    pub licenses_left: i64,
    /// How many the renewals take until then, if they are there.
    pub needed: usize,
    /// How many days are looked ahead.
    pub days: u32,
    /// The last of them.
    pub until: Date,
    /// The sensors that go without, in R14's order.
    pub without: Vec<Expiring>,
}

/// What has happened under one alert rule since its last mail.
#[derive(Clone, Debug)]
pub(crate) struct Alerts {
    /// The organization's name.
    pub organization: String,
    /// The rule's name.
    pub rule: String,
    /// The zone whose clocks the mail shows.
    pub zone: Zone,
    /// The alerts that opened or closed, in the order in which they opened.
    pub happenings: Vec<Happening>,
}

/// An alert that opened or closed.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    /// The sensor's name.
    pub sensor: String,
    /// The sensor's serial number.
    pub serial: Serial,
    /// When it opened.
    pub opened_at: Instant,
    /// When it closed and why, if it has.
    pub closed: Option<(Instant, Because)>,
    /// What the rule watched for when it opened.
    pub condition: Condition,
    /// The value that was farthest beyond the threshold, where there is a threshold.
    pub worst: Option<Decimal>,
}

/// An activation code was revoked (R5).
#[derive(Clone, Debug)]
pub(crate) struct CodeRevoked {
    /// The organization that redeemed it.
    pub organization: String,
    /// The license key that it had become (R2).
    pub key: String,
    /// How many of its licenses are revoked.
    pub revoked: i64,
    /// How many of these were active and ended at once.
    pub ended_active: i64,
    /// The sensors that have no cover any more: their names and serial numbers.
    pub losing_cover: Vec<(String, Serial)>,
}

/// A mail that somebody asked for, to see whether mail arrives.
#[derive(Clone, Debug)]
pub(crate) struct TestMail {
    /// The organization's name.
    pub organization: String,
    /// Who asked for it: an e-mail address.
    pub asked_by: String,
}

impl Content<'_> {
    /// The mail's kind in the outbox, which is the name of its template.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::PasswordReset { .. } => "password_reset",
            Self::Invitation { .. } => "invitation",
            Self::Expirations(Expirations { kind, .. }) => kind.name(),
            Self::PoolLow(_) => "pool_low",
            Self::Alerts(_) => "alerts",
            Self::CodeRevoked(_) => "code_revoked",
            Self::Test(_) => "test",
        }
    }

    /// Where its button leads. `place` is the service's address.
    pub(super) fn link(&self, place: &str) -> String {
        match self {
            Self::PasswordReset { link, .. } | Self::Invitation { link, .. } => (*link).to_owned(),
            Self::Expirations(_) | Self::PoolLow(_) | Self::CodeRevoked(_) => format!("{place}/licenses"),
            Self::Alerts(_) => format!("{place}/alerts"),
            Self::Test(_) => format!("{place}/settings/notifications"),
        }
    }

    /// Whether who gets it may stop such mails (RFC 8058): what is asked for, or concerns the account, is sent always.
    pub(super) const fn can_be_stopped(&self) -> bool {
        matches!(self, Self::Expirations(_) | Self::PoolLow(_) | Self::Alerts(_))
    }
}
