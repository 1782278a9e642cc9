//! The forms that words take beside a number.

use super::dates::number_in;

/// Which of its forms a word takes beside this number: 0 for one, and so on.
///
/// English and German have two, Polish has three for whole numbers: one, few (2 to 4, 22 to 24 …), many.
pub(super) const fn form(language: &str, number: i64) -> usize {
    let number = number.unsigned_abs();
    if number == 1 {
        return 0;
    }
    let polish = matches!(language.as_bytes(), b"pl");
    if polish && !(number % 10 >= 2 && number % 10 <= 4 && !(number % 100 >= 12 && number % 100 <= 14)) {
        return 2;
    }
    1
}

/// How many forms a word has in this language.
pub(super) const fn forms(language: &str) -> usize {
    if matches!(language.as_bytes(), b"pl") { 3 } else { 2 }
}

/// The form that fits, with the number in the place of `#`.
pub(super) fn fitting(language: &str, number: i64, words: &[&str]) -> String {
    let chosen = words.get(form(language, number)).or_else(|| words.last()).copied().unwrap_or_default();
    chosen.replace('#', &number_in(language, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polish_has_three_forms() {
        let sensors = |number| fitting("pl", number, &["# czujnik", "# czujniki", "# czujników"]);
        for (number, expected) in [
            (0, "0 czujników"),
            (1, "1 czujnik"),
            (2, "2 czujniki"),
            (4, "4 czujniki"),
            (5, "5 czujników"),
            (11, "11 czujników"),
            (12, "12 czujników"),
            (14, "14 czujników"),
            (21, "21 czujników"),
            (22, "22 czujniki"),
            (51, "51 czujników"),
            (112, "112 czujników"),
            (1_003, "1003 czujniki"),
        ] {
            assert_eq!(sensors(number), expected);
        }
    }

    #[test]
    fn english_and_german_have_two_forms() {
        for (number, expected) in [(0, "0 sensors"), (1, "1 sensor"), (2, "2 sensors"), (21, "21 sensors")] {
            assert_eq!(fitting("en", number, &["# sensor", "# sensors"]), expected);
        }
        assert_eq!(fitting("de", 1_000, &["# Sensor", "# Sensoren"]), "1.000 Sensoren");
    }
}
