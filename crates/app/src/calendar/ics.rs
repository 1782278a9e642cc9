//! The form of iCalendar (RFC 5545): lines, their folding, and what is escaped in them.

use tenure_domain::{Date, Instant};

/// The longest line, in octets, without its end (RFC 5545 §3.1).
const LONGEST_LINE: usize = 75;

/// Lines of content, one after another.
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    /// Adds a line whose value is in its form already: a word, an address, a duration.
    pub(super) fn plain(&mut self, name: &str, value: &str) {
        self.line(&format!("{name}:{value}"));
    }

    /// Adds a line whose value is text that people wrote (RFC 5545 §3.3.11).
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.line(&format!("{name}:{}", escaped(value)));
    }

    /// Adds a line with a date (RFC 5545 §3.3.4).
    pub(super) fn date(&mut self, name: &str, date: Date) {
        let (year, month, day) = (date.year(), date.month(), date.day());
        self.line(&format!("{name};VALUE=DATE:{year:04}{month:02}{day:02}"));
    }

    /// Adds a line with an instant, in UTC and to the second (RFC 5545 §3.3.5).
    pub(super) fn instant(&mut self, name: &str, instant: Instant) {
        let whole = Instant::from_seconds(instant.as_seconds()).to_string();
        self.plain(name, &whole.replace(['-', ':'], ""));
    }

    /// All lines.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// Adds a line, folded between characters: what follows begins with a space, which counts.
    fn line(&mut self, line: &str) {
        let mut length = 0;
        for letter in line.chars() {
            if length + letter.len_utf8() > LONGEST_LINE {
                self.0.push_str("\r\n ");
                length = 1;
            }
            self.0.push(letter);
            length += letter.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// Text in which nothing is taken for a mark of the format. A control character that is no end of a line may not be in
/// it, and is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => escaped.extend(['\\', letter]),
            '\n' => escaped.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: &str) -> String {
        let mut lines = Lines::default();
        lines.text("SUMMARY", value);
        lines.into_text()
    }

    #[test]
    fn marks_of_the_format_are_escaped() {
        assert_eq!(text("a;b,c\\d\r\ne\u{7}"), "SUMMARY:a\\;b\\,c\\\\d\\ne\r\n");
    }

    #[test]
    fn a_line_of_75_octets_is_not_folded_and_one_of_76_is() {
        let (fits, long) = ("x".repeat(75 - 8), "x".repeat(76 - 8));
        assert_eq!(text(&fits), format!("SUMMARY:{fits}\r\n"));
        assert_eq!(text(&long), format!("SUMMARY:{fits}\r\n x\r\n"));
    }

    #[test]
    fn dates_and_instants_have_no_marks_between_their_parts() {
        let mut lines = Lines::default();
        lines.date("DTSTART", "2028-02-29".parse().unwrap());
        lines.instant("DTSTAMP", "2028-02-29T08:05:00.999999Z".parse().unwrap());
        assert_eq!(lines.into_text(), "DTSTART;VALUE=DATE:20280229\r\nDTSTAMP:20280229T080500Z\r\n");
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(value in "\\PC*(\n\\PC*)?") {
            let written = text(&value);
            for line in written.trim_end_matches("\r\n").split("\r\n") {
                prop_assert!(line.len() <= LONGEST_LINE && !line.contains(['\r', '\n']));
            }
            let unfolded = written.replace("\r\n ", "");
            let raw = unfolded.strip_prefix("SUMMARY:").unwrap().strip_suffix("\r\n").unwrap();
            let (mut read, mut letters) = (String::new(), raw.chars());
            while let Some(letter) = letters.next() {
                match letter {
                    '\\' => match letters.next().unwrap() { 'n' => read.push('\n'), mark => read.push(mark) },
                    ';' | ',' => prop_assert!(false, "{raw} ends too early"),
                    letter => read.push(letter),
                }
            }
            prop_assert_eq!(read, value);
        }
    }
}
