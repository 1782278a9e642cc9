//! Tables as files for spreadsheets (XLSX), with typed cells.

use std::fmt;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, StreamExt, stream};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use tenure_domain::{Date, Instant, Zone};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::Problem;

/// The media type of workbooks.
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Rows of a sheet at the most, its header included; what is more goes to another sheet.
const MOST_ROWS: u32 = 1_048_576;
/// How many pieces of rows wait to be written at the most.
const WAITING: usize = 4;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Nothing.
    Empty,
    /// A text, which is never a formula.
    Text(String),
    /// A date.
    Date(Date),
    /// An instant; in a workbook it is shown by the organization's clocks.
    Moment(Instant),
    /// A whole number.
    Int(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Truth(bool),
}

impl Cell {
    /// A cell of what may not be there.
    pub(crate) fn or_empty<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Empty, cell)
    }
}

/// The cell as CSV has it.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Date(date) => date.fmt(f),
            Self::Moment(instant) => instant.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Truth(yes) => yes.fmt(f),
        }
    }
}

/// A column: its name, and its width in characters.
pub(crate) type Column = (&'static str, u8);

/// How a table looks.
#[derive(Clone)]
pub(crate) struct Table {
    /// The sheet's name.
    pub(crate) sheet: &'static str,
    /// The columns, first to last.
    pub(crate) columns: &'static [Column],
    /// In which zone instants are shown.
    pub(crate) zone: Zone,
}

/// An answer that is a workbook. `rows` sends pieces of it until it drops the sender; if it fails, the answer breaks off.
///
/// The rows are written to a temporary file as they come, so that the memory which this takes does not grow with them:
/// only the finished, compressed file is held whole. The answer's head goes out at once.
pub(crate) fn file<F>(
    name: &str,
    table: Table,
    rows: impl FnOnce(Sender<Vec<Vec<Cell>>>) -> F,
) -> Result<Response, Problem>
where
    F: Future<Output = Result<(), tenure_app::AppError>> + Send + 'static,
{
    let (sender, receiver) = tokio::sync::mpsc::channel(WAITING);
    let reading = rows(sender);
    let made = async move {
        let writing = tokio::task::spawn_blocking(move || write(&table, receiver));
        let read = reading.await;
        let written = writing.await.map_err(std::io::Error::other)?.map_err(std::io::Error::other);
        read.map_err(std::io::Error::other)?;
        written
    };
    let made = made.inspect(|made| {
        if let Err(error) = made {
            tracing::error!(%error, "a workbook could not be made");
        }
    });
    let mut response = Body::from_stream(stream::once(made).boxed()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(XLSX));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    headers.insert(CONTENT_DISPOSITION, disposition.map_err(|_| Problem::internal())?);
    Ok(response)
}

/// The formats of cells.
struct Formats {
    head: Format,
    date: Format,
    moment: Format,
}

fn write(table: &Table, mut pieces: Receiver<Vec<Vec<Cell>>>) -> Result<Vec<u8>, XlsxError> {
    let formats = Formats {
        head: Format::new().set_bold(),
        date: Format::new().set_num_format("yyyy-mm-dd"),
        moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
    };
    let mut book = Workbook::new();
    let mut waiting = pieces.blocking_recv();
    let mut number = 1_u32;
    loop {
        let name = if number == 1 { table.sheet.to_owned() } else { format!("{} {number}", table.sheet) };
        let sheet = book.add_worksheet_with_constant_memory()?.set_name(name)?;
        let mut place = begin(sheet, table, &formats)?;
        while let Some(mut rows) = waiting.take() {
            let room = usize::try_from(MOST_ROWS - place).unwrap_or(usize::MAX);
            let rest = rows.split_off(rows.len().min(room));
            for row in &rows {
                for (column, cell) in (0..).zip(row) {
                    put(sheet, (place, column), cell, &table.zone, &formats)?;
                }
                place += 1;
            }
            if !rest.is_empty() {
                waiting = Some(rest);
                break;
            }
            waiting = pieces.blocking_recv();
        }
        let last_column = u16::try_from(table.columns.len()).unwrap_or(u16::MAX).saturating_sub(1);
        sheet.autofilter(0, 0, place.saturating_sub(1), last_column)?;
        if waiting.is_none() {
            return book.save_to_buffer();
        }
        number += 1;
    }
}

/// The header, which stays in sight; returns the row behind it.
fn begin(sheet: &mut Worksheet, table: &Table, formats: &Formats) -> Result<u32, XlsxError> {
    for (column, (name, width)) in (0..).zip(table.columns) {
        sheet.set_column_width(column, *width)?;
        sheet.write_string_with_format(0, column, *name, &formats.head)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(1)
}

fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    zone: &Zone,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => sheet.write_string(row, column, text)?,
        Cell::Date(date) => sheet.write_datetime_with_format(row, column, day(*date)?, &formats.date)?,
        Cell::Moment(instant) => {
            let (date, time) = (zone.date_at(*instant), zone.time_at(*instant));
            let part = |part: i8| u8::try_from(part).unwrap_or(0);
            let shown =
                day(date)?.and_hms(u16::from(part(time.hour())), part(time.minute()), part(time.second()))?;
            sheet.write_datetime_with_format(row, column, shown, &formats.moment)?
        }
        // A spreadsheet counts in 64-bit floating point; what is counted here is far below 2 to the power of 53.
        Cell::Int(number) => {
            sheet.write_number(row, column, number.to_string().parse::<f64>().unwrap_or(f64::NAN))?
        }
        Cell::Number(number) => sheet.write_number(row, column, *number)?,
        Cell::Truth(yes) => sheet.write_boolean(row, column, *yes)?,
    };
    Ok(())
}

fn day(date: Date) -> Result<ExcelDateTime, XlsxError> {
    let part = |part: i8| u8::try_from(part).unwrap_or(0);
    ExcelDateTime::from_ymd(u16::try_from(date.year()).unwrap_or(0), part(date.month()), part(date.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_on_a_sheet_goes_to_the_next() {
        let table = Table { sheet: "Sensors", columns: &[("n", 9)], zone: Zone::UTC };
        let (sender, receiver) = tokio::sync::mpsc::channel(2);
        let writing = std::thread::spawn(move || write(&table, receiver));
        let count = i64::from(MOST_ROWS) + 1;
        let mut pieces = (0..count).map(|number| vec![Cell::Int(number)]);
        loop {
            let piece: Vec<_> = pieces.by_ref().take(100_000).collect();
            if piece.is_empty() {
                break;
            }
            sender.blocking_send(piece).unwrap();
        }
        drop(sender);
        let file = writing.join().unwrap().unwrap();
        let entry = |name: &str| file.windows(name.len()).any(|bytes| bytes == name.as_bytes());
        assert!(entry("xl/worksheets/sheet2.xml"));
        assert!(!entry("xl/worksheets/sheet3.xml"));
    }
}
