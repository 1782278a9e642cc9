//! What webhooks tell of.

use std::fmt;
use std::str::FromStr;

use crate::Refusal;

/// Something that happened, and that a webhook can tell another system of.
///
/// ```
/// use tenure_domain::WebhookEvent;
/// assert_eq!("license.expired".parse(), Ok(WebhookEvent::LicenseExpired));
/// assert_eq!(WebhookEvent::PoolLow.to_string(), "pool.low");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WebhookEvent {
    /// The chains of sensors end in a month or less: told with the notice of the month before (R29).
    LicenseExpiring,
    /// The chains of sensors have ended, and nothing follows.
    LicenseExpired,
    /// The chains of sensors go on: by auto renewal (R12, R15), or because somebody gave them licenses.
    LicenseRenewed,
    /// The pool holds less than the next renewals need.
    PoolLow,
    /// Data of sensors is refused, for the first time since their covers ended (R26).
    SensorRefused,
    /// Somebody tries whether the webhook works. It goes to every webhook that is tried, wanted or not.
    Test,
}

impl WebhookEvent {
    /// Those that a webhook can want, in the order of their declaration.
    pub const WANTED: [Self; 5] = [
        Self::LicenseExpiring,
        Self::LicenseExpired,
        Self::LicenseRenewed,
        Self::PoolLow,
        Self::SensorRefused,
    ];

    /// The event's name, `license.expired`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LicenseExpiring => "license.expiring",
            Self::LicenseExpired => "license.expired",
            Self::LicenseRenewed => "license.renewed",
            Self::PoolLow => "pool.low",
            Self::SensorRefused => "sensor.refused",
            Self::Test => "webhook.test",
        }
    }
}

impl fmt::Display for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WebhookEvent {
    type Err = Refusal;

    /// Reads the name of an event that a webhook can want.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let names: Vec<&str> = Self::WANTED.iter().map(|event| event.name()).collect();
        Self::WANTED.into_iter().find(|event| event.name() == text).ok_or_else(|| Refusal::Invalid {
            field: "events",
            expected: format!("names out of {}", names.join(", ")),
        })
    }
}
