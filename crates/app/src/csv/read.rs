//! Reading CSV as spreadsheets write it (RFC 4180, with any delimiter and any line end).

use std::borrow::Cow;

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its line as a person sees it in the spreadsheet, from 1: a line break inside of a cell begins none.
    pub line: u32,
    /// Its cells, first to last; one empty cell when the line is blank.
    pub cells: Vec<Cow<'a, str>>,
}

/// A quotation mark that is opened in this line and never closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenQuote {
    /// The line.
    pub line: u32,
}

/// The rows of a text. See [`rows`].
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    rest: &'a str,
    delimiter: char,
    line: u32,
}

/// The rows of a text, blank ones too, with this delimiter between cells.
///
/// ```
/// let mut rows = tenure_app::csv::read::rows("a;\"b;\n\"\"c\"\"\"\r\n\nd", ';');
/// let row = rows.next().unwrap().unwrap();
/// assert_eq!((row.line, row.cells.len(), &*row.cells[1]), (1, 2, "b;\n\"c\""));
/// assert_eq!(rows.nth(1).unwrap().unwrap().line, 3);
/// ```
#[must_use]
pub const fn rows(text: &str, delimiter: char) -> Rows<'_> {
    Rows { rest: text, delimiter, line: 0 }
}

impl<'a> Rows<'a> {
    /// One cell, up to the delimiter or the end of the line.
    fn cell(&mut self) -> Result<Cow<'a, str>, OpenQuote> {
        let Some(mut rest) = self.rest.strip_prefix('"') else {
            return Ok(Cow::Borrowed(self.plain()));
        };
        let mut cell = Cow::Borrowed("");
        loop {
            let (part, behind) = rest.split_once('"').ok_or(OpenQuote { line: self.line })?;
            cell += part;
            rest = behind;
            let Some(after) = rest.strip_prefix('"') else { break };
            cell += "\"";
            rest = after;
        }
        self.rest = rest;
        cell += self.plain();
        Ok(cell)
    }

    fn plain(&mut self) -> &'a str {
        let ends = |letter: char| letter == self.delimiter || letter == '\r' || letter == '\n';
        let (cell, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        cell
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<Row<'a>, OpenQuote>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let mut cells = Vec::new();
        loop {
            match self.cell() {
                Ok(cell) => cells.push(cell),
                Err(open) => {
                    self.rest = "";
                    return Some(Err(open));
                }
            }
            if let Some(rest) = self.rest.strip_prefix(self.delimiter) {
                self.rest = rest;
                continue;
            }
            let ends = ["\r\n", "\r", "\n"];
            self.rest = ends.iter().find_map(|end| self.rest.strip_prefix(end)).unwrap_or(self.rest);
            return Some(Ok(Row { line: self.line, cells }));
        }
    }
}

/// What most likely stands between the cells of a text: whichever of `;`, tab and `,` its first line with words
/// has most of.
#[must_use]
pub fn delimiter(text: &str) -> char {
    let first = text.split(['\r', '\n']).find(|line| line.contains(char::is_alphanumeric)).unwrap_or(text);
    // What is quoted is between every second pair of quotation marks.
    let count = |mark: char| -> usize {
        first.split('"').step_by(2).map(|part| part.chars().filter(|letter| *letter == mark).count()).sum()
    };
    let marks = [',', '\t', ';'];
    marks.into_iter().max_by_key(|mark| count(*mark)).filter(|mark| count(*mark) > 0).unwrap_or(',')
}

/// What a cell was before [`record`](super::record) put an apostrophe in front of it.
#[must_use]
pub fn unquoted(cell: Cow<'_, str>) -> Cow<'_, str> {
    if !cell.starts_with('\'') || !super::looks_like_a_formula(&cell) {
        return cell;
    }
    match cell {
        Cow::Borrowed(cell) => Cow::Borrowed(cell.strip_prefix('\'').unwrap_or(cell)),
        Cow::Owned(mut cell) => {
            cell.remove(0);
            Cow::Owned(cell)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, delimiter: char) -> Vec<(u32, Vec<String>)> {
        let owned = |row: Row<'_>| (row.line, row.cells.into_iter().map(Cow::into_owned).collect());
        rows(text, delimiter).map(|row| owned(row.unwrap())).collect()
    }

    #[test]
    fn lines_are_counted_as_a_spreadsheet_shows_them() {
        let text = "serial;name\r\na;\"two\r\nlines\"\r\n\r\n;\rb;c;\nd";
        let cells = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            read(text, ';'),
            [
                (1, cells(&["serial", "name"])),
                (2, cells(&["a", "two\r\nlines"])),
                (3, cells(&[""])),
                (4, cells(&["", ""])),
                (5, cells(&["b", "c", ""])),
                (6, cells(&["d"])),
            ]
        );
    }

    #[test]
    fn a_quotation_mark_that_stays_open_is_told() {
        let mut rows = rows("a,b\n\"c\nd", ',');
        assert!(rows.next().unwrap().is_ok());
        assert_eq!(rows.next(), Some(Err(OpenQuote { line: 2 })));
        assert_eq!(rows.next(), None);
    }

    #[test]
    fn the_delimiter_is_what_the_first_line_has() {
        for (text, expected) in [
            ("serial,name", ','),
            ("\r\nserial;name;\"a,b,c\"", ';'),
            ("serial\tname, full", '\t'),
            ("serial", ','),
            (",,,\nserial;name", ';'),
            ("", ','),
        ] {
            assert_eq!(delimiter(text), expected, "{text}");
        }
    }

    proptest! {
        /// The crate csv reads the same cells. It leaves blank lines out.
        #[test]
        fn another_reader_reads_the_same(text in "([a,;\"\r\n ]|\"\"|\"a;\"){0,24}") {
            let ours: Result<Vec<Row<'_>>, OpenQuote> = rows(&text, ';').collect();
            prop_assume!(ours.is_ok());
            let ours: Vec<Vec<String>> = ours
                .unwrap()
                .into_iter()
                .map(|row| row.cells.into_iter().map(Cow::into_owned).collect::<Vec<String>>())
                .filter(|cells| cells != &[""])
                .collect();
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(b';')
                .from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<String>>())
                .filter(|cells| cells != &[""])
                .collect();
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn what_was_written_is_read_back(cells in prop::collection::vec("['=+@\\-\"a0,;. \t\r\n]{0,6}", 1..5)) {
            let mut text = String::new();
            super::super::record(&mut text, cells.iter().map(String::as_str));
            let back: Vec<Row<'_>> = rows(&text, ',').map(Result::unwrap).collect();
            let back = back.into_iter().flat_map(|row| row.cells.into_iter().map(|cell| unquoted(cell).into_owned()));
            prop_assert_eq!(back.collect::<Vec<_>>(), cells);
        }
    }
}
