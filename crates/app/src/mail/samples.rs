//! Samples of all mails, by which templates are tried and shown.

use tenure_domain::alert::{Because, Condition, Threshold};
use tenure_domain::measurement::{ChannelType, Decimal};
use tenure_domain::notice::Kind;
use tenure_domain::{AtEnd, Date, Instant, Role, Serial, Zone};

use super::content::{Alerts, CodeRevoked, Content, Expirations, Expiring, Happening, PoolLow, TestMail};

/// The service's address in samples.
pub(super) const PLACE: &str = "https://tenure.harbor.example";
/// The address that stops mails in samples.
pub(super) const STOP: &str = "https://tenure.harbor.example/api/v1/unsubscriptions/sample";
/// The numbers of sensors in samples: each form of a word, and more than a mail shows.
const COUNTS: [usize; 4] = [1, 2, 5, 51];
/// When samples are written: 21 November 2028, 09:30 in Warsaw.
pub(super) const NOW: Instant = Instant::from_micros(1_858_408_200_000_000);

const NAMES: [&str; 7] = [
    "Cold store 1",
    "Chłodnia „Północ”",
    "Kühlraum Süd",
    "Office, 2nd floor",
    "<Server & \"rack\">",
    "Greenhouse",
    "=Freezer 7",
];

const ORGANIZATION: &str = "Harbor & Łódź Dairy";

fn name(number: usize) -> String {
    let name = NAMES.get(number % NAMES.len()).copied().unwrap_or_default();
    if number < NAMES.len() { name.to_owned() } else { format!("{name} {number}") }
}

fn serial(number: usize) -> Serial {
    let number = u64::try_from(number).unwrap_or_default();
    Serial::from_number(0x282c_0242_4e00 + number * 37)
}

fn day(month: i8, day: i8) -> Date {
    Date::constant(2028, month, day)
}

/// Which sensors a sample of a notice has.
#[derive(Clone, Copy)]
enum Fate {
    /// None goes on.
    Stop,
    /// All are renewed.
    Renew,
    /// All have stopped.
    Stopped,
    /// Of each some.
    Mixed,
}

impl Fate {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Stop, ""), (Self::Renew, "-renewed"), (Self::Stopped, "-stopped"), (Self::Mixed, "-mixed")];

    const fn of(self, number: usize, month: bool) -> (bool, AtEnd) {
        match (self, number % 4) {
            (Self::Renew, _) | (Self::Mixed, 1) => (false, AtEnd::Renews),
            (Self::Mixed, 3) => (!month, AtEnd::NoLicense),
            (Self::Stopped, 2) => (true, AtEnd::Stops),
            (Self::Stopped, _) => (true, AtEnd::NoLicense),
            (_, 2) => (false, AtEnd::Stops),
            _ => (false, AtEnd::NoLicense),
        }
    }
}

fn expiring(fate: Fate, count: usize, on: Date) -> Vec<Expiring> {
    let month = on != day(11, 21);
    let sensors = (0..count).map(|number| {
        let (over, at_end) = fate.of(number, month);
        let expires_on = if over { on.yesterday().unwrap_or(on) } else { on };
        Expiring { name: name(number), serial: serial(number), expires_on, over, at_end }
    });
    sensors.collect()
}

fn expirations(kind: Kind, fate: Fate, count: usize) -> Expirations {
    let today = day(11, 21);
    let on = if kind == Kind::MonthBefore { day(12, 21) } else { today };
    let mut sensors = expiring(fate, count, on);
    // Many chains that end within one digest do not all end on one day.
    if let (Kind::MonthBefore, true, Some(last)) = (kind, count > 5, sensors.last_mut()) {
        last.expires_on = day(12, 22);
    }
    let licenses_left = match fate {
        Fate::Stop => 1,
        Fate::Renew => 1_204,
        Fate::Stopped => 0,
        Fate::Mixed => 2,
    };
    Expirations { kind, organization: ORGANIZATION.to_owned(), today, licenses_left, sensors }
}

fn happening(number: usize, closed: Option<Because>) -> Happening {
    let threshold = |channel_type, tenths| Threshold {
        channel_type,
        threshold: Decimal::new(tenths, 1),
        hysteresis: Decimal::new(5, 1),
    };
    let (condition, worst) = match number % 5 {
        0 => (Condition::Above(threshold(ChannelType::Temperature, 80)), Some(Decimal::new(93, 1))),
        1 => (Condition::Below(threshold(ChannelType::HumidityAccurate, 400)), Some(Decimal::new(385, 1))),
        2 => (Condition::LostConnection { after_minutes: 90 }, None),
        3 => (Condition::LowBattery, None),
        _ => (Condition::Above(threshold(ChannelType::OkAlarm, 5)), Some(Decimal::new(1, 0))),
    };
    let minutes = i64::try_from(number).unwrap_or_default() + 45;
    Happening {
        sensor: name(number),
        serial: serial(number),
        opened_at: NOW.plus_seconds(-60 * minutes),
        closed: closed.map(|because| (NOW.plus_seconds(-600), because)),
        condition,
        worst,
    }
}

fn alerts(count: usize, closed: &dyn Fn(usize) -> Option<Because>) -> Alerts {
    Alerts {
        organization: ORGANIZATION.to_owned(),
        rule: "Too warm".to_owned(),
        zone: "Europe/Warsaw".parse().unwrap_or(Zone::UTC),
        happenings: (0..count).map(|number| happening(number, closed(number))).collect(),
    }
}

/// Calls `with` with the name and the content of each sample, until it fails.
pub(super) fn each<E>(with: &mut dyn FnMut(&str, &Content<'_>) -> Result<(), E>) -> Result<(), E> {
    let link = format!("{PLACE}/reset#sample");
    with("password_reset", &Content::PasswordReset { email: "ana@harbor.example", link: &link })?;
    let invitation = Content::Invitation {
        email: "bob@harbor.example",
        link: &format!("{PLACE}/invitation#sample"),
        organization: ORGANIZATION,
        invited_by: "ana@harbor.example",
        role: Role::Manager,
        until: day(11, 24),
    };
    with("invitation", &invitation)?;
    for kind in Kind::ALL {
        for (fate, called) in Fate::ALL {
            if kind == Kind::MonthBefore && matches!(fate, Fate::Stopped) {
                continue;
            }
            for count in COUNTS {
                let sample = expirations(kind, fate, count);
                with(&format!("{}{called}-{count}", kind.name()), &Content::Expirations(&sample))?;
            }
        }
    }
    for count in COUNTS {
        let sample = PoolLow {
            organization: ORGANIZATION.to_owned(),
            licenses_left: i64::from(count > 1),
            needed: count + usize::from(count > 1),
            days: 60,
            until: Date::constant(2029, 1, 20),
            without: expiring(Fate::Stop, count, day(12, 21))
                .into_iter()
                .map(|mut one| {
                    one.at_end = AtEnd::NoLicense;
                    one
                })
                .collect(),
        };
        with(&format!("pool_low-{count}"), &Content::PoolLow(&sample))?;
    }
    for count in COUNTS {
        let sample = alerts(count, &|_| None);
        with(&format!("alerts-{count}"), &Content::Alerts(&sample))?;
        let sample = alerts(count, &|_| Some(Because::BackToNormal));
        with(&format!("alerts-normal-{count}"), &Content::Alerts(&sample))?;
        let sample = alerts(count, &|number| (number % 2 == 1).then_some(Because::BackToNormal));
        with(&format!("alerts-mixed-{count}"), &Content::Alerts(&sample))?;
    }
    for (count, because) in
        [(1, Because::RuleChanged), (2, Because::RuleRemoved), (5, Because::SensorRemoved)]
    {
        let sample = alerts(count, &|_| Some(because));
        with(&format!("alerts-closed-{count}"), &Content::Alerts(&sample))?;
    }
    for count in [0, 1, 2, 5, 51] {
        let lost = i64::try_from(count).unwrap_or_default();
        let sample = CodeRevoked {
            organization: ORGANIZATION.to_owned(),
            key: "7K3Q9-ZX2MP-4RTVW-8HJ5C-N6BD1".to_owned(),
            revoked: lost + 1,
            ended_active: lost,
            losing_cover: (0..count).map(|number| (name(number), serial(number))).collect(),
        };
        with(&format!("code_revoked-{count}"), &Content::CodeRevoked(&sample))?;
    }
    let sample =
        TestMail { organization: ORGANIZATION.to_owned(), asked_by: "ana@harbor.example".to_owned() };
    with("test", &Content::Test(&sample))
}
