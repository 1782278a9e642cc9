//! Words that several mails, the attached list and other texts share.

use tenure_domain::alert::{Because, Condition};
use tenure_domain::measurement::{ChannelType, Decimal};
use tenure_domain::{AtEnd, Role, Zone};

use super::content::{Expiring, Happening};
use super::dates::{decimal_in, instant_in, time_in};
use super::measured::{channel_in, state_in, unit_in};
use super::plural::fitting;

/// A text on one line, without what could forge another or turn the direction of writing of what follows.
///
/// Names are typed by people, and stand in subjects and lines of text.
pub(super) fn one_line(text: &str) -> String {
    let forging = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let spaced = |letter: char| if matches!(letter, '\n' | '\r' | '\t') { ' ' } else { letter };
    let line: String = text.chars().map(spaced).filter(|letter| !forging(*letter)).collect();
    line.trim().to_owned()
}

/// A text of at most so many characters, whose end is an ellipsis where something is left out.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A role in words.
pub(crate) const fn role_in(language: &str, role: Role) -> &'static str {
    match (role, language.as_bytes()) {
        (Role::Administrator, _) => "Administrator",
        (Role::Manager, b"pl") => "Menedżer",
        (Role::Manager, _) => "Manager",
        (Role::Analyst, b"pl") => "Analityk",
        (Role::Analyst, _) => "Analyst",
        (Role::Operator, b"de") => "Betreiber",
        (Role::Operator, _) => "Operator",
    }
}

/// What happens to a sensor by itself (R32). `over`: its cover is over already.
pub(crate) const fn at_end_in(language: &str, over: bool, at_end: AtEnd) -> &'static str {
    match (over, at_end, language.as_bytes()) {
        (false, AtEnd::Renews, b"pl") => "zostanie odnowiony automatycznie z puli",
        (false, AtEnd::Renews, b"de") => "wird automatisch aus dem Vorrat verlängert",
        (false, AtEnd::Renews, _) => "will be renewed automatically from the pool",
        (false, AtEnd::NoLicense, b"pl") => "nie ma już dla niego licencji",
        (false, AtEnd::NoLicense, b"de") => "keine Lizenz mehr für ihn frei",
        (false, AtEnd::NoLicense, _) => "no license left for it",
        (false, AtEnd::Stops, b"pl") => "automatyczne odnawianie jest wyłączone",
        (false, AtEnd::Stops, b"de") => "automatische Verlängerung ist aus",
        (false, AtEnd::Stops, _) => "auto renewal is off",
        (true, AtEnd::Renews, b"pl") => "już nie wysyła danych",
        (true, AtEnd::Renews, b"de") => "sendet nicht mehr",
        (true, AtEnd::Renews, _) => "has stopped",
        (true, AtEnd::NoLicense, b"pl") => "już nie wysyła danych; nie ma dla niego licencji",
        (true, AtEnd::NoLicense, b"de") => "sendet nicht mehr; keine Lizenz für ihn frei",
        (true, AtEnd::NoLicense, _) => "has stopped; no license left for it",
        (true, AtEnd::Stops, b"pl") => "już nie wysyła danych; automatyczne odnawianie jest wyłączone",
        (true, AtEnd::Stops, b"de") => "sendet nicht mehr; automatische Verlängerung ist aus",
        (true, AtEnd::Stops, _) => "has stopped; auto renewal is off",
    }
}

impl Expiring {
    /// What happens to it by itself, in words.
    pub(super) const fn what_happens(&self, language: &str) -> &'static str {
        at_end_in(language, self.over, self.at_end)
    }
}

/// The heads of the columns of tables and of attached lists.
pub(super) struct Heads {
    /// A sensor.
    pub sensor: &'static str,
    /// Its serial number.
    pub serial: &'static str,
    /// The last day of its cover.
    pub expires_on: &'static str,
    /// What happens to it by itself.
    pub what_happens: &'static str,
    /// What an alert is about.
    pub alert: &'static str,
    /// How long it was open.
    pub when: &'static str,
}

/// The heads of columns.
pub(super) const fn heads_in(language: &str) -> Heads {
    match language.as_bytes() {
        b"pl" => Heads {
            sensor: "Czujnik",
            serial: "Numer seryjny",
            expires_on: "Wygasa",
            what_happens: "Co się stanie",
            alert: "Alarm",
            when: "Kiedy",
        },
        b"de" => Heads {
            sensor: "Sensor",
            serial: "Seriennummer",
            expires_on: "Läuft ab",
            what_happens: "Was geschieht",
            alert: "Alarm",
            when: "Wann",
        },
        _ => Heads {
            sensor: "Sensor",
            serial: "Serial number",
            expires_on: "Expires on",
            what_happens: "What happens",
            alert: "Alert",
            when: "When",
        },
    }
}

/// That a table goes on elsewhere: in the attached list, or only in Tenure.
pub(super) fn more_in(language: &str, more: i64, attached: bool) -> String {
    let words = match (language, attached) {
        ("pl", true) => [
            "i # inny, zobacz załączoną listę",
            "i # inne, zobacz załączoną listę",
            "i # innych, zobacz załączoną listę",
        ],
        ("pl", false) => {
            ["i # inny, zobacz w Tenure", "i # inne, zobacz w Tenure", "i # innych, zobacz w Tenure"]
        }
        ("de", true) => {
            ["und # weiterer, siehe die angehängte Liste", "und # weitere, siehe die angehängte Liste", ""]
        }
        ("de", false) => ["und # weiterer, siehe Tenure", "und # weitere, siehe Tenure", ""],
        (_, true) => ["and # more, see the attached list", "and # more, see the attached list", ""],
        (_, false) => ["and # more, see Tenure", "and # more, see Tenure", ""],
    };
    fitting(language, more, &words)
}

/// A length of time in its two largest units: `2 days 3 hours`.
fn minutes_in(language: &str, minutes: u32) -> String {
    let words = match language {
        "pl" => [
            ["# dzień", "# dni", "# dni"],
            ["# godzina", "# godziny", "# godzin"],
            ["# minuta", "# minuty", "# minut"],
        ],
        "de" => [["# Tag", "# Tage", ""], ["# Stunde", "# Stunden", ""], ["# Minute", "# Minuten", ""]],
        _ => [["# day", "# days", ""], ["# hour", "# hours", ""], ["# minute", "# minutes", ""]],
    };
    let counts = [minutes / 1_440, minutes % 1_440 / 60, minutes % 60];
    let parts = counts.into_iter().zip(words).skip_while(|(count, _)| *count == 0).take(2);
    let parts: Vec<String> = parts
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| fitting(language, i64::from(count), &words))
        .collect();
    parts.join(" ")
}

/// A value with its unit: `9.3 °C`, `Open`.
fn value_in(language: &str, kind: ChannelType, value: Decimal) -> String {
    if kind.is_binary() {
        return state_in(language, kind, value >= Decimal::new(5, 1)).to_owned();
    }
    let number = decimal_in(language, value, kind.decimals());
    match (unit_in(language, kind), language) {
        ("", _) => number,
        // Whether a space stands before the percent sign is the language's; before other units there is one (SI).
        ("%", "de") => format!("{number}\u{a0}%"),
        ("%", _) => format!("{number}%"),
        (unit, _) => format!("{number}\u{a0}{unit}"),
    }
}

/// What a rule watches for: `Temperature above 8.0 °C`.
fn condition_in(language: &str, condition: &Condition) -> String {
    let (threshold, above) = match condition {
        Condition::Above(threshold) => (threshold, true),
        Condition::Below(threshold) => (threshold, false),
        Condition::LowBattery => {
            let words = match language {
                "pl" => "Słaba bateria",
                "de" => "Batterie schwach",
                _ => "Battery low",
            };
            return words.to_owned();
        }
        Condition::LostConnection { after_minutes } => {
            let after = minutes_in(language, *after_minutes);
            return match language {
                "pl" => format!("Brak wiadomości ({after})"),
                "de" => format!("Keine Nachricht ({after})"),
                _ => format!("No message for {after}"),
            };
        }
    };
    let kind = threshold.channel_type;
    let what = channel_in(language, kind);
    if kind.is_binary() {
        return format!("{what}: {}", state_in(language, kind, above));
    }
    let word = match (language, above) {
        ("pl", true) => "powyżej",
        ("pl", false) => "poniżej",
        ("de", true) => "über",
        ("de", false) => "unter",
        (_, true) => "above",
        (_, false) => "below",
    };
    format!("{what} {word} {}", value_in(language, kind, threshold.threshold))
}

impl Happening {
    /// What it is about: `Temperature above 8.0 °C, worst value 9.3 °C`.
    pub(super) fn what(&self, language: &str) -> String {
        let mut what = condition_in(language, &self.condition);
        if let (Some(kind), Some(worst)) = (self.condition.channel_type(), self.worst)
            && !kind.is_binary()
        {
            let word = match language {
                "pl" => "najgorsza wartość",
                "de" => "schlechtester Wert",
                _ => "worst value",
            };
            what.push_str(&format!(", {word} {}", value_in(language, kind, worst)));
        }
        what
    }

    /// How long it was open, by the clocks of the zone, and why it closed.
    pub(super) fn when(&self, language: &str, zone: &Zone) -> String {
        let from = instant_in(language, zone, self.opened_at);
        let Some((closed_at, because)) = self.closed else {
            return match language {
                "pl" => format!("od {from}"),
                "de" => format!("seit {from}"),
                _ => format!("since {from}"),
            };
        };
        let until = if zone.date_at(self.opened_at) == zone.date_at(closed_at) {
            time_in(zone, closed_at)
        } else {
            instant_in(language, zone, closed_at)
        };
        let because = because_in(language, because);
        match language {
            "pl" => format!("od {from} do {until}, {because}"),
            "de" => format!("{from} bis {until}, {because}"),
            _ => format!("{from} to {until}, {because}"),
        }
    }
}

const fn because_in(language: &str, because: Because) -> &'static str {
    match (because, language.as_bytes()) {
        (Because::BackToNormal, b"pl") => "znów w normie",
        (Because::BackToNormal, b"de") => "wieder normal",
        (Because::BackToNormal, _) => "back to normal",
        (Because::RuleChanged, b"pl") => "zamknięty, bo zmieniono regułę",
        (Because::RuleChanged, b"de") => "geschlossen, weil die Regel geändert wurde",
        (Because::RuleChanged, _) => "closed because its rule was changed",
        (Because::RuleRemoved, b"pl") => "zamknięty, bo usunięto regułę",
        (Because::RuleRemoved, b"de") => "geschlossen, weil die Regel entfernt wurde",
        (Because::RuleRemoved, _) => "closed because its rule was removed",
        (Because::SensorRemoved, b"pl") => "zamknięty, bo usunięto czujnik",
        (Because::SensorRemoved, b"de") => "geschlossen, weil der Sensor entfernt wurde",
        (Because::SensorRemoved, _) => "closed because its sensor was removed",
    }
}
