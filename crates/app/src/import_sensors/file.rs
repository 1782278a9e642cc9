//! A file of sensors, as people make it in a spreadsheet: which columns it has, and what each line asks for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tenure_domain::{Refusal, Serial};

use super::{MOST_LICENSES, MOST_LINES};
use crate::csv::read::{self, OpenQuote, Row};
use crate::sensors::checked_name;

/// A file that can be read.
#[derive(Debug)]
pub(super) struct File<'a> {
    /// Its lines with something in them, first to last.
    pub(super) lines: Vec<Line<'a>>,
    /// The names of the columns that mean nothing here.
    pub(super) ignored: Vec<String>,
}

/// A line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// As a person sees it in the spreadsheet, from 1.
    pub(super) line: u32,
    /// Its serial number, as it is written.
    pub(super) serial: Cow<'a, str>,
    /// Its name, as it is written.
    pub(super) name: Cow<'a, str>,
    /// What it asks for, or why it cannot be understood.
    pub(super) wish: Result<Wish<'a>, Refusal>,
}

/// What a line asks for. What is missing is left as it is, or as it is for new sensors.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish<'a> {
    pub(super) serial: Serial,
    pub(super) name: Option<String>,
    pub(super) key: Option<Cow<'a, str>>,
    pub(super) auto_renewal: Option<bool>,
    pub(super) licenses: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Serial,
    Name,
    Key,
    AutoRenewal,
    Licenses,
}

/// The columns, in the order that they have when the file does not name them.
const COLUMNS: [Column; 5] =
    [Column::Serial, Column::Name, Column::Key, Column::AutoRenewal, Column::Licenses];

/// How columns are called: the API's names, and those of the web UI's languages. Case, spaces and signs do not matter.
const NAMES: [(Column, &[&str]); 5] = [
    (
        Column::Serial,
        &["serial", "serialnumber", "serialno", "numerseryjny", "nrseryjny", "seriennummer", "seriennr"],
    ),
    (Column::Name, &["name", "nazwa"]),
    (
        Column::Key,
        &["key", "licensekey", "licencekey", "klucz", "kluczlicencji", "schlüssel", "lizenzschlüssel"],
    ),
    (
        Column::AutoRenewal,
        &[
            "autorenewal",
            "automatyczneodnawianie",
            "autoodnawianie",
            "automatischeverlängerung",
            "autoverlängerung",
        ],
    ),
    (Column::Licenses, &["licenses", "licences", "licencje", "liczbalicencji", "lizenzen", "anzahllizenzen"]),
];

const YES: [&str; 11] = ["true", "yes", "y", "on", "1", "tak", "ja", "wł", "włączone", "ein", "an"];
const NO: [&str; 10] = ["false", "no", "n", "off", "0", "nie", "nein", "wył", "wyłączone", "aus"];

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Name => "name",
            Self::Key => "key",
            Self::AutoRenewal => "auto_renewal",
            Self::Licenses => "licenses",
        }
    }

    fn called(name: &str) -> Option<Self> {
        let letters = name.chars().filter(|letter| letter.is_alphanumeric());
        let plain: String = letters.flat_map(char::to_lowercase).collect();
        NAMES.iter().find_map(|(column, names)| names.contains(&plain.as_str()).then_some(*column))
    }
}

/// Reads a file: its encoding, its delimiter, its columns and its lines.
pub(super) fn read(bytes: &[u8]) -> Result<File<'_>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (good, _) = bytes.split_at(error.valid_up_to());
        let lines = good.iter().filter(|byte| **byte == b'\n').count();
        Refusal::ImportNotUtf8 { line: u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1) }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (text, delimiter, above) = match named_delimiter(text) {
        Some((delimiter, rest)) => (rest, delimiter, 1),
        None => (text, read::delimiter(text), 0),
    };
    let mut rows = read::rows(text, delimiter).map(|row| match row {
        Ok(Row { line, cells }) => Ok((line + above, cells)),
        Err(OpenQuote { line }) => Err(Refusal::ImportQuoteOpen { line: line + above }),
    });
    let blank = |cells: &[Cow<'_, str>]| cells.iter().all(|cell| cell.trim().is_empty());
    let first = loop {
        let (line, cells) = rows.next().ok_or(Refusal::ImportEmpty)??;
        if !blank(&cells) {
            break (line, cells);
        }
    };
    let (columns, ignored, first) = columns(first)?;
    let (mut lines, mut seen): (Vec<Line<'_>>, Seen) = (Vec::new(), HashMap::new());
    for row in first.map(Ok).into_iter().chain(rows) {
        let (line, cells) = row?;
        if blank(&cells) {
            continue;
        }
        if lines.len() == MOST_LINES {
            return Err(Refusal::ImportTooLong);
        }
        let read = one(line, cells, &columns, (&lines, &mut seen));
        lines.push(read);
    }
    if lines.is_empty() {
        return Err(Refusal::ImportEmpty);
    }
    // Of two lines with one serial number, both say so.
    for at in seen.into_values() {
        if let (first, Some(second)) = at
            && let Some(line) = lines.get_mut(first)
        {
            line.wish = Err(Refusal::SerialRepeated { line: second });
        }
    }
    Ok(File { lines, ignored })
}

/// The delimiter that some spreadsheets name in a line above the table, `sep=;`.
fn named_delimiter(text: &str) -> Option<(char, &str)> {
    let rest = text.strip_prefix("sep=")?;
    let delimiter = rest.chars().next().filter(|letter| matches!(letter, ',' | ';' | '\t'))?;
    let rest = rest.strip_prefix(delimiter)?;
    let rest =
        rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).or_else(|| rest.strip_prefix('\r'))?;
    Some((delimiter, rest))
}

type Cells<'a> = (u32, Vec<Cow<'a, str>>);

/// What is in which column, which names mean nothing, and the first line if it is no header.
#[expect(clippy::type_complexity, reason = "three things that are told apart at once")]
fn columns(first: Cells<'_>) -> Result<(Vec<Option<Column>>, Vec<String>, Option<Cells<'_>>), Refusal> {
    let named: Vec<Option<Column>> = first.1.iter().map(|cell| Column::called(cell)).collect();
    if named.iter().all(Option::is_none) {
        let serial = first.1.first().is_some_and(|cell| serial(cell).is_ok());
        return if serial {
            Ok((COLUMNS.map(Some).to_vec(), Vec::new(), Some(first)))
        } else {
            Err(Refusal::ImportNoSerials)
        };
    }
    for column in COLUMNS {
        match named.iter().filter(|named| **named == Some(column)).count() {
            0 if column == Column::Serial => return Err(Refusal::ImportNoSerials),
            0 | 1 => {}
            _ => return Err(Refusal::ImportColumnTwice { column: column.name() }),
        }
    }
    let unknown =
        named.iter().zip(&first.1).filter(|(column, name)| column.is_none() && !name.trim().is_empty());
    let ignored = unknown.map(|(_, name)| shown(name)).collect();
    Ok((named, ignored, None))
}

/// Where a serial number was seen: in which line of the list first, and in which line of the file again.
type Seen = HashMap<Serial, (usize, Option<u32>)>;

/// One line. `seen` knows the serial numbers of those above it, by their places.
fn one<'a>(
    line: u32,
    cells: Vec<Cow<'a, str>>,
    columns: &[Option<Column>],
    (lines, seen): (&[Line<'_>], &mut Seen),
) -> Line<'a> {
    let (mut found, mut behind) = ([const { Cow::Borrowed("") }; 5], false);
    for (place, cell) in cells.into_iter().enumerate() {
        match columns.get(place) {
            None => behind |= !cell.trim().is_empty(),
            Some(None) => {}
            Some(Some(column)) => {
                let place = COLUMNS.iter().position(|other| other == column);
                if let Some(slot) = place.and_then(|place| found.get_mut(place)) {
                    *slot = read::unquoted(cell);
                }
            }
        }
    }
    let [number, name, key, auto_renewal, licenses] = found;
    let wish = wish((&number, &name, key, &auto_renewal, &licenses), behind).and_then(|wish| {
        match seen.entry(wish.serial) {
            Entry::Vacant(entry) => {
                entry.insert((lines.len(), None));
                Ok(wish)
            }
            Entry::Occupied(mut entry) => {
                let (first, again) = entry.get_mut();
                again.get_or_insert(line);
                Err(Refusal::SerialRepeated { line: lines.get(*first).map_or(0, |first| first.line) })
            }
        }
    });
    Line { line, serial: number, name, wish }
}

fn wish<'a>(
    (number, name, key, auto_renewal, licenses): (&str, &str, Cow<'a, str>, &str, &str),
    behind: bool,
) -> Result<Wish<'a>, Refusal> {
    let serial = serial(number)?;
    if behind {
        let expected = "as many cells as the first line has".to_owned();
        return Err(Refusal::Invalid { field: "line", expected });
    }
    let said = |cell: &str| Some(cell.trim().to_lowercase()).filter(|said| !said.is_empty());
    let name = said(name).map(|_| checked_name(name)).transpose()?.map(str::to_owned);
    let key = (!key.trim().is_empty()).then_some(key);
    let auto_renewal = said(auto_renewal)
        .map(|said| match (YES.contains(&said.as_str()), NO.contains(&said.as_str())) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => {
                let expected = "yes or no".to_owned();
                Err(Refusal::Invalid { field: "auto_renewal", expected })
            }
        })
        .transpose()?;
    let count = |said: String| said.parse().ok().filter(|count| *count <= MOST_LICENSES);
    let expected = || format!("a whole number from 0 to {MOST_LICENSES}");
    let licenses = said(licenses)
        .map(|said| count(said).ok_or_else(|| Refusal::Invalid { field: "licenses", expected: expected() }))
        .transpose()?;
    Ok(Wish { serial, name, key, auto_renewal, licenses })
}

/// A serial number, or what a spreadsheet has made of it.
fn serial(text: &str) -> Result<Serial, Refusal> {
    // An apostrophe is what people type so that a spreadsheet leaves the rest alone.
    let text = text.trim();
    let text = text.strip_prefix('\'').unwrap_or(text);
    text.parse().map_err(|refusal| {
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or(("", ""));
        let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
        let rounded = digits.split(['.', ',']).all(number) && exponent.strip_prefix('+').is_some_and(number);
        if rounded { Refusal::SerialRounded } else { refusal }
    })
}

/// The longest text of a file that is repeated.
const LONGEST_REPEATED: usize = 100;

/// A text of the file as it may be repeated.
pub(super) fn shown(text: &str) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_REPEATED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let line = |line: &Line<'_>| match &line.wish {
            Ok(wish) => format!(
                "{} {} {:?} {:?} {:?} {:?}",
                line.line,
                wish.serial,
                wish.name.as_deref().unwrap_or("-"),
                wish.key.as_deref().unwrap_or("-"),
                wish.auto_renewal,
                wish.licenses
            ),
            Err(refusal) => format!("{} {} {refusal}", line.line, refusal.code()),
        };
        match read(text.as_bytes()) {
            Ok(file) => file.lines.iter().map(line).chain(file.ignored).collect(),
            Err(refusal) => vec![format!("{} {refusal}", refusal.code())],
        }
    }

    #[test]
    fn columns_are_found_by_their_names_in_three_languages() {
        for (header, row) in [
            ("serial,name,key,auto_renewal,licenses", "282c02424eed,Hall,K,yes,2"),
            (
                "\u{feff}Name;Numer seryjny;Automatyczne odnawianie;Klucz licencji;Liczba licencji",
                "Hall;282c02424eed;tak;K;2",
            ),
            (
                "Lizenzen\tLizenzschlüssel\tName\tSeriennummer\tAutomatische Verlängerung",
                "2\tK\tHall\t282C02424EED\tJa",
            ),
            (
                "sep=;\r\nSerial number;NAME;License key;Auto-renewal;Licenses",
                "'28-2c-02-42-4e-ed;Hall;K;TRUE;2",
            ),
        ] {
            let line = if header.starts_with("sep") { 3 } else { 2 };
            assert_eq!(
                told(&format!("{header}\r\n{row}\r\n")),
                [format!("{line} 282c02424eed \"Hall\" \"K\" Some(true) Some(2)")],
                "{header}"
            );
        }
    }

    #[test]
    fn a_list_without_a_header_begins_with_serial_numbers() {
        let text = "\n282c02424ee1\n282c02424ee2,\"Hall, left\"\n,,\n282c02424ee3,'=x,,no";
        assert_eq!(
            told(text),
            [
                "2 282c02424ee1 \"-\" \"-\" None None",
                "3 282c02424ee2 \"Hall, left\" \"-\" None None",
                "5 282c02424ee3 \"=x\" \"-\" Some(false) None",
            ]
        );
    }

    #[test]
    fn what_is_exported_is_read_and_the_rest_named() {
        let text = "id,serial,name,standing,key,auto_renewal,licences\nsen_1,282c02424ee1,A,covered,K,true,0";
        assert_eq!(told(text), ["2 282c02424ee1 \"A\" \"K\" Some(true) Some(0)", "id", "standing"]);
    }

    #[test]
    fn r22_lines_that_cannot_be_understood_say_why() {
        let text = "serial,name,auto_renewal,licenses\n\
            282c02424eed,a\n\
            xyz,b\n\
            2.82E+11,c\n\
            282c02424ee1,d,perhaps\n\
            282c02424ee2,e,,101\n\
            282c02424ee3,f,,-1\n\
            282c02424ee4,g,,,5\n\
            282c0242-4EED,h\n\
            282c02424eed,i\n\
            ,j\n";
        let told = told(text);
        let told: Vec<&str> =
            told.iter().map(|line| line.split_once(". ").map_or(line.as_str(), |(first, _)| first)).collect();
        assert_eq!(
            told,
            [
                "2 serial_repeated This serial number is also in line 9",
                "3 serial_malformed A serial number has 12 hexadecimal digits (0 to 9, a to f)",
                "4 serial_rounded A spreadsheet has turned this serial number into a number",
                "5 invalid auto_renewal: yes or no",
                "6 invalid licenses: a whole number from 0 to 100",
                "7 invalid licenses: a whole number from 0 to 100",
                "8 invalid line: as many cells as the first line has",
                "9 serial_repeated This serial number is also in line 2",
                "10 serial_repeated This serial number is also in line 2",
                "11 serial_malformed A serial number has 12 hexadecimal digits (0 to 9, a to f)",
            ]
        );
    }

    #[test]
    fn files_that_cannot_be_read_say_why() {
        for (text, code) in [
            ("", "import_empty"),
            (" \r\n;;\n", "import_empty"),
            ("serial,name\n", "import_empty"),
            ("name,key\nx,y", "import_no_serials"),
            ("Hall 1\n282c02424eed", "import_no_serials"),
            ("serial,name,Serial number\n", "import_column_twice"),
            ("serial\n\"282c02424eed", "import_quote_open"),
        ] {
            assert!(told(text)[0].starts_with(&format!("{code} ")), "{text}: {:?}", told(text));
        }
        let latin = [b"serial;name\n282c02424eed;K".as_slice(), &[0xfc], b"hler"].concat();
        assert_eq!(read(&latin).unwrap_err(), Refusal::ImportNotUtf8 { line: 2 });
        let long = "282c02424eed\n".repeat(MOST_LINES + 1);
        assert_eq!(read(long.as_bytes()).unwrap_err(), Refusal::ImportTooLong);
    }
}
