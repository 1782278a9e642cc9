//! What a calendar feed says, in each language.

use tenure_domain::{AtEnd, Serial};

/// The name under which the calendar appears.
pub(super) fn calendar_name(language: &str, organization: &str) -> String {
    match language {
        "pl" => format!("Wygasanie licencji: {organization}"),
        "de" => format!("Ablauf der Lizenzen: {organization}"),
        _ => format!("License expirations: {organization}"),
    }
}

/// What happens on the day.
pub(super) fn summary(language: &str, name: &str, over: bool) -> String {
    match (language, over) {
        ("pl", false) => format!("{name}: licencja wygasa"),
        ("pl", true) => format!("{name}: licencja wygasła"),
        ("de", false) => format!("{name}: Lizenz läuft ab"),
        ("de", true) => format!("{name}: Lizenz ist abgelaufen"),
        (_, false) => format!("{name}: license expires"),
        (_, true) => format!("{name}: license has expired"),
    }
}

/// The sensor's serial number.
pub(super) fn serial_number(language: &str, serial: Serial) -> String {
    match language {
        "pl" => format!("Numer seryjny: {serial}"),
        "de" => format!("Seriennummer: {serial}"),
        _ => format!("Serial number: {serial}"),
    }
}

/// What happens by itself at an end that is to come, in R32's words. `at_end` is none while the end is too far away to
/// say whether a license is left for it.
pub(super) const fn to_come(language: &str, at_end: Option<AtEnd>, auto_renewal: bool) -> &'static str {
    let (polish, german, english) = match (at_end, auto_renewal) {
        (Some(AtEnd::Renews), _) => (
            "Zostanie automatycznie odnowiona z puli.",
            "Wird automatisch aus dem Vorrat verlängert.",
            "Will be renewed automatically from the pool.",
        ),
        (Some(AtEnd::NoLicense), _) => (
            "Zabraknie dla niego licencji: pomiary po tym dniu nie będą zapisywane.",
            "Für ihn ist keine Lizenz mehr da: Was er nach diesem Tag misst, wird nicht gespeichert.",
            "No license left for it: what it measures after this day is not saved.",
        ),
        (Some(AtEnd::Stops), _) | (None, false) => (
            "Automatyczne odnawianie jest wyłączone: pomiary po tym dniu nie będą zapisywane.",
            "Die automatische Verlängerung ist aus: Was er nach diesem Tag misst, wird nicht gespeichert.",
            "Auto renewal is off: what it measures after this day is not saved.",
        ),
        (None, true) => (
            "Automatyczne odnawianie jest włączone: odnowi się z puli, jeśli zostanie w niej licencja.",
            "Die automatische Verlängerung ist an: Er verlängert sich, wenn im Vorrat dann eine Lizenz da ist.",
            "Auto renewal is on: it will be renewed from the pool if a license is left then.",
        ),
    };
    pick(language, polish, german, english)
}

/// What is so after an end that is over.
pub(super) const fn over(language: &str, auto_renewal: bool) -> &'static str {
    let (polish, german, english) = if auto_renewal {
        (
            "Zabrakło dla niego licencji: jego pomiary nie są zapisywane. Weźmie następną, która trafi do puli.",
            "Für ihn war keine Lizenz mehr da: Was er misst, wird nicht gespeichert. Er nimmt die nächste, die in den Vorrat kommt.",
            "No license was left for it: what it measures is not saved. It takes the next one that enters the pool.",
        )
    } else {
        (
            "Automatyczne odnawianie jest wyłączone: jego pomiary nie są zapisywane.",
            "Die automatische Verlängerung ist aus: Was er misst, wird nicht gespeichert.",
            "Auto renewal is off: what it measures is not saved.",
        )
    };
    pick(language, polish, german, english)
}

const fn pick(
    language: &str,
    polish: &'static str,
    german: &'static str,
    english: &'static str,
) -> &'static str {
    match language.as_bytes() {
        b"pl" => polish,
        b"de" => german,
        _ => english,
    }
}
