//! Dates, times and numbers as people write them in each language.

use tenure_domain::measurement::Decimal;
use tenure_domain::{Date, Instant, Zone};

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const POLISH: [&str; 12] = [
    "stycznia",
    "lutego",
    "marca",
    "kwietnia",
    "maja",
    "czerwca",
    "lipca",
    "sierpnia",
    "września",
    "października",
    "listopada",
    "grudnia",
];
const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// A date in words: `29 November 2026`.
pub(crate) fn date_in(language: &str, date: Date) -> String {
    let (names, dot) = match language {
        "pl" => (&POLISH, ""),
        "de" => (&GERMAN, "."),
        _ => (&ENGLISH, ""),
    };
    let place = usize::try_from(date.month().saturating_sub(1)).unwrap_or(0);
    let month = names.get(place).copied().unwrap_or_default();
    format!("{}{dot} {month} {}", date.day(), date.year())
}

/// An instant in words, by the clocks of a zone: `29 November 2026, 14:05`.
pub(super) fn instant_in(language: &str, zone: &Zone, instant: Instant) -> String {
    format!("{}, {}", date_in(language, zone.date_at(instant)), time_in(zone, instant))
}

/// The time of day, by the clocks of a zone: `14:05`.
pub(super) fn time_in(zone: &Zone, instant: Instant) -> String {
    let time = zone.time_at(instant);
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// A whole number with the language's groups of three digits: `12,000`.
pub(super) fn number_in(language: &str, number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let (separator, least) = match language {
        "pl" => ('\u{a0}', 5),
        "de" => ('.', 4),
        _ => (',', 4),
    };
    let mut written = String::new();
    if number < 0 {
        written.push('\u{2212}');
    }
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left.is_multiple_of(3) && digits.len() >= least {
            written.push(separator);
        }
        written.push(digit);
    }
    written
}

/// A decimal number with at least so many digits after the language's decimal point: `9.3`.
pub(super) fn decimal_in(language: &str, number: Decimal, decimals: u8) -> String {
    let mut written = number.to_string();
    let after = written.split_once('.').map_or(0, |(_, after)| after.len());
    let wanted = usize::from(decimals);
    if after < wanted {
        if after == 0 {
            written.push('.');
        }
        written.extend(std::iter::repeat_n('0', wanted - after));
    }
    let point = if matches!(language, "pl" | "de") { "," } else { "." };
    written.replace('.', point).replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_people_write_them() {
        let date = "2028-03-05".parse().unwrap();
        assert_eq!(
            ["en", "pl", "de"].map(|language| date_in(language, date)),
            ["5 March 2028", "5 marca 2028", "5. März 2028"]
        );
        let zone: Zone = "Europe/Warsaw".parse().unwrap();
        let instant = "2028-03-05T22:59:59Z".parse().unwrap();
        assert_eq!(instant_in("de", &zone, instant), "5. März 2028, 23:59");
        assert_eq!(instant_in("en", &zone, "2028-03-05T23:05:00Z".parse().unwrap()), "6 March 2028, 00:05");
    }

    #[test]
    fn numbers_have_the_languages_signs() {
        let all = |number| ["en", "pl", "de"].map(|language| number_in(language, number));
        assert_eq!(all(999), ["999", "999", "999"]);
        assert_eq!(all(1_234), ["1,234", "1234", "1.234"]);
        assert_eq!(all(-1_234_567), ["−1,234,567", "−1\u{a0}234\u{a0}567", "−1.234.567"]);
        assert_eq!(decimal_in("en", Decimal::new(8, 0), 1), "8.0");
        assert_eq!(decimal_in("de", Decimal::new(-125, 2), 1), "−1,25");
        assert_eq!(decimal_in("pl", Decimal::new(7, 0), 0), "7");
    }
}
