//! Workbooks (.xlsx, .ods) as tables, so that what people fill in comes back as it is.
//!
//! [`read`] finds the sheet of a kind of file and its header, and gives the same [`Table`] as a text would; the line of a row is its
//! number in the sheet. A file that unpacks to far more than people write, or that is broken, is refused before anything is made of it:
//! [`container`] looks through all of it first, [`xlsx`] and [`ods`] read cells one by one.

mod ods;
#[cfg(test)]
mod tests;
mod xlsx;

use std::collections::{BTreeMap, BTreeSet};

use super::problem::shortened;
use super::table::{Header, Reading, Table, is};
use crate::formats::workbook::cell::Value;
use crate::formats::workbook::container::{self, Kind, Limits};
use crate::model::registry::Column;

/// Files with more bytes are refused unread.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// What a workbook may unpack to.
const UNPACKED: Limits = Limits { sheets: 256 * 1024 * 1024, others: 256 * 1024 * 1024 };

/// So many cells are read of a workbook, and so many bytes of text in them.
const MOST_CELLS: usize = 2_000_000;
const MOST_TEXT: usize = 64 * 1024 * 1024;

/// What a sheet can have at most.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: u32 = 16_384;

/// A table with more columns is none of ours.
const WIDEST: usize = 1000;

/// The header is among so many rows that have something in them.
const HEADER_WITHIN: usize = 100;

/// The filled cells of a sheet, by row and column from 0.
type Rows = BTreeMap<u32, BTreeMap<u32, Value>>;

/// Whether a file begins as a workbook does, one that cannot be read included.
#[must_use]
pub fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(container::ZIP) || bytes.starts_with(container::COMPOUND)
}

/// How much may still be read.
struct Budget {
    cells: usize,
    text: usize,
}

impl Budget {
    /// A cell more.
    fn take(&mut self, text: usize) -> Result<(), String> {
        match (self.cells.checked_sub(1), self.text.checked_sub(text)) {
            (Some(cells), Some(text)) => {
                (self.cells, self.text) = (cells, text);
                Ok(())
            }
            _ => Err(format!("has more than {MOST_CELLS} filled cells, or too much text in them; no file of the registry has")),
        }
    }
}

/// Puts a value into its place.
fn put(rows: &mut Rows, budget: &mut Budget, (row, column): (u32, u32), value: Value) -> Result<(), String> {
    if row >= MOST_ROWS || column >= MOST_COLUMNS {
        return Err("has cells beyond the last row or column that a sheet can have".to_owned());
    }
    budget.take(value.text().len())?;
    rows.entry(row).or_default().insert(column, value);
    Ok(())
}

/// Reads the sheet named `kind`, else the first whose header names the columns. `file` is its name in problems, nothing more.
pub(super) fn read(file: &str, bytes: &[u8], kind: &str, columns: &[Column]) -> Table {
    match sheet(bytes, kind, columns) {
        Ok((name, rows)) => table(&format!("{file}[{}]", shortened(&name, 60)), &rows, columns),
        Err(what) => {
            let mut reading = Reading::new(file);
            reading.wrong(0, "", what);
            reading.table
        }
    }
}

/// The sheet that is meant: its name and its cells.
fn sheet(bytes: &[u8], kind: &str, columns: &[Column]) -> Result<(String, Rows), String> {
    if bytes.len() as u64 > LARGEST {
        return Err(format!("is larger than {} MiB, which no file of the registry is", LARGEST >> 20));
    }
    let mut budget = Budget { cells: MOST_CELLS, text: MOST_TEXT };
    let mut best: Option<(usize, String, Rows)> = None;
    let mut names = Vec::new();
    match container::check(bytes, UNPACKED)? {
        Kind::Xlsx => {
            let mut book = xlsx::Book::open(bytes)?;
            names.extend(book.names());
            if let Some(name) = names.iter().find(|name| is(kind, name)) {
                return Ok((name.clone(), book.rows(name, &mut budget)?));
            }
            for name in &names {
                let rows = book.rows(name, &mut budget)?;
                if fits_better(&mut best, name, rows, columns) {
                    break;
                }
            }
        }
        Kind::Ods => {
            let mut sheets = ods::read(bytes, &mut budget)?;
            names.extend(sheets.iter().map(|(name, _)| name.clone()));
            if let Some(place) = names.iter().position(|name| is(kind, name)) {
                return Ok(sheets.swap_remove(place));
            }
            for (name, rows) in sheets {
                if fits_better(&mut best, &name, rows, columns) {
                    break;
                }
            }
        }
    }
    let list = || columns.iter().map(|c| c.name).collect::<Vec<_>>().join(",");
    best.map(|(_, name, rows)| (name, rows)).ok_or_else(|| {
        let sheets: Vec<String> = names.iter().take(10).map(|name| format!("'{}'", shortened(name, 60))).collect();
        let sheets = if sheets.is_empty() { "no sheet at all".to_owned() } else { format!("only {}", sheets.join(", ")) };
        format!("has no sheet named '{kind}', and none in which a row names the columns ({}): {sheets}", list())
    })
}

/// Keeps the sheet if it names more of the columns than those before it; says whether it names all that must be there.
fn fits_better(best: &mut Option<(usize, String, Rows)>, name: &str, rows: Rows, columns: &[Column]) -> bool {
    let Some((_, header)) = header(&rows, columns) else { return false };
    let named: Vec<bool> = columns.iter().map(|column| names(header, column)).collect();
    let known = named.iter().filter(|named| **named).count();
    let whole = columns.iter().zip(&named).all(|(column, named)| *named || !column.required);
    if known > 1 && (whole || best.as_ref().is_none_or(|(before, ..)| known > *before)) {
        *best = Some((known, name.to_owned(), rows));
        return whole;
    }
    false
}

/// Whether a row names a column.
fn names(row: &BTreeMap<u32, Value>, column: &Column) -> bool {
    row.values().any(|value| matches!(value, Value::Text(text) if is(column.name, text)))
}

/// The first row that names at least two columns, else the first that names one; rows before it are for people.
fn header<'r>(rows: &'r Rows, columns: &[Column]) -> Option<(u32, &'r BTreeMap<u32, Value>)> {
    let known = |row: &BTreeMap<u32, Value>| columns.iter().filter(|column| names(row, column)).count();
    let first = || rows.iter().filter(|(_, row)| !is_comment(row)).take(HEADER_WITHIN);
    let found = first().find(|(_, row)| known(row) > 1).or_else(|| first().find(|(_, row)| known(row) > 0));
    found.map(|(number, row)| (*number, row))
}

/// Whether the first of a row's cells begins with `#`.
fn is_comment(row: &BTreeMap<u32, Value>) -> bool {
    matches!(row.values().next(), Some(Value::Text(text)) if text.trim_start().starts_with('#'))
}

/// The rows below the header.
fn table(file: &str, rows: &Rows, columns: &[Column]) -> Table {
    let mut reading = Reading::new(file);
    reading.table.is_sheet = true;
    let Some((at, names)) = header(rows, columns) else {
        let list: Vec<&str> = columns.iter().map(|c| c.name).collect();
        reading.wrong(0, "", format!("has no row that names the columns: {}", list.join(",")));
        return reading.table;
    };
    let width = names.last_key_value().map_or(0, |(column, _)| *column as usize + 1);
    if width > WIDEST {
        reading.wrong(line(at), "", format!("names columns beyond the first {WIDEST}"));
        return reading.table;
    }
    let text = |row: &BTreeMap<u32, Value>, column: usize| {
        u32::try_from(column).ok().and_then(|column| row.get(&column)).map_or_else(String::new, |value| value.text().to_owned())
    };
    let titles: Vec<String> = (0..width).map(|column| text(names, column)).collect();
    let Some(header) = reading.header_of(line(at), &titles, columns) else { return reading.table };
    let mut unnamed = BTreeSet::new();
    for (number, row) in rows.range(at + 1..).filter(|(_, row)| !is_comment(row)) {
        unnamed.extend(row.keys().copied().filter(|column| titles.get(*column as usize).is_none_or(String::is_empty)));
        if !errors(&mut reading, line(*number), row, &header, columns) {
            let cells: Vec<String> = (0..width).map(|column| text(row, column)).collect();
            reading.row(line(*number), &cells, &header);
        }
    }
    for column in unnamed {
        reading.odd(line(at), format!("column {} has no name and is not read", letters(column)));
    }
    reading.table
}

/// Tells of cells that hold an error instead of a value, in columns that are read. Says whether there are any.
fn errors(reading: &mut Reading, line: u64, row: &BTreeMap<u32, Value>, header: &Header, columns: &[Column]) -> bool {
    let mut found = false;
    for (column, place) in columns.iter().zip(header.places()) {
        let value = place.and_then(|place| u32::try_from(place).ok()).and_then(|place| row.get(&place));
        if let Some(Value::Error(error)) = value {
            reading.wrong(
                line,
                column.name,
                format!("holds {}, an error of the spreadsheet; mend the formula, or write the value", shortened(error, 20)),
            );
            found = true;
        }
    }
    found
}

/// A row as people count.
fn line(row: u32) -> u64 {
    u64::from(row) + 1
}

/// A column as spreadsheets name it.
fn letters(column: u32) -> String {
    let (mut left, mut letters) = (column + 1, Vec::new());
    while left > 0 {
        left -= 1;
        letters.push(char::from(b'A' + u8::try_from(left % 26).unwrap_or(0)));
        left /= 26;
    }
    letters.into_iter().rev().collect()
}
