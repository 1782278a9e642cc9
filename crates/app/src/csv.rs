//! Records of CSV (RFC 4180), in UTF-8.

pub mod read;

/// Adds a record to a text.
///
/// What a spreadsheet would take for a formula gets an apostrophe in front of it, which is how OWASP says to defuse it:
/// a name is typed by people, and may be typed to do harm. A plain number is none. What has such an apostrophe already
/// gets another one, so that [`read::unquoted`] gives back what was written.
///
/// ```
/// let mut out = String::new();
/// tenure_app::csv::record(&mut out, ["a,b", "=1+1", "-12.5"]);
/// assert_eq!(out, "\"a,b\",'=1+1,-12.5\r\n");
/// ```
pub fn record<'a>(out: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        let formula = looks_like_a_formula(field) && !is_number(field);
        let quoted = field.contains([',', '"', '\r', '\n']);
        if quoted {
            out.push('"');
        }
        if formula {
            out.push('\'');
        }
        for letter in field.chars() {
            if letter == '"' {
                out.push('"');
            }
            out.push(letter);
        }
        if quoted {
            out.push('"');
        }
    }
    out.push_str("\r\n");
}

/// Whether a text begins as formulas do, behind any apostrophes.
fn looks_like_a_formula(field: &str) -> bool {
    field.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

fn is_number(field: &str) -> bool {
    let digits = field.strip_prefix(['-', '+']).unwrap_or(field);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: &[&str]) -> String {
        let mut out = String::new();
        record(&mut out, fields.iter().copied());
        out
    }

    #[test]
    fn a_record_is_quoted_where_it_has_to_be() {
        assert_eq!(written(&["a", "", "b c", "ź"]), "a,,b c,ź\r\n");
        assert_eq!(
            written(&["a,b", "say \"no\"", "two\nlines"]),
            "\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\r\n"
        );
    }

    #[test]
    fn what_looks_like_a_formula_is_none() {
        for (field, expected) in [
            ("=1+1", "'=1+1"),
            ("+cmd", "'+cmd"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("-12.5", "-12.5"),
            ("+7", "+7"),
            ("-", "'-"),
            ("-1.", "'-1."),
            ("-1e5", "'-1e5"),
            ("a=b", "a=b"),
            ("'=1", "''=1"),
            ("'a", "'a"),
        ] {
            assert_eq!(written(&[field]), format!("{expected}\r\n"), "{field}");
        }
    }
}
