//! Text with separators (CSV) as a table: cells in the order that is asked for, each row with its line.
//!
//! [`read`] forgives what spreadsheets do (byte order mark, semicolons, `sep=;`, empty rows and columns at the end,
//! non-breaking spaces, comments in quotes) and gives a [`Table`]. What cannot be forgiven is a [`Problem`] with its
//! line, and the other rows are read all the same, so that everything that is wrong can be said at once. A workbook is a
//! table too: [`workbook`] reads it into the same.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::problem::{Problem, did_you_mean, shortened};
use super::workbook;
use crate::model::registry::Column;

/// The rows of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The name by which its problems are told: the file's, and that of a workbook's sheet.
    pub file: String,
    /// It is a sheet of a workbook, and lines are its rows.
    pub is_sheet: bool,
    /// The rows that could be read.
    pub rows: Vec<TableRow>,
    /// What is odd, but does no harm.
    pub warnings: Vec<Problem>,
    /// What is wrong; if there is any, nothing of the file should be used.
    pub problems: Vec<Problem>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// A cell for each column asked for, trimmed; empty where the file does not have the column.
    pub cells: Vec<String>,
}

/// Reads a file of which `columns` are known; of a workbook the sheet named `kind`, or the first that has the columns.
/// `file` is its name in problems, nothing more.
#[must_use]
pub fn read(file: &str, bytes: &[u8], kind: &str, columns: &[Column]) -> Table {
    if workbook::is_workbook(bytes) {
        return workbook::read(file, bytes, kind, columns);
    }
    let mut reading = Reading::new(file);
    match text(bytes) {
        // Some spreadsheets on a Mac end lines with a carriage return alone.
        Ok(text) if text.contains('\r') && !text.contains('\n') => reading.text(&text.replace('\r', "\n"), columns),
        Ok(text) => reading.text(text, columns),
        Err((line, what)) => reading.wrong(line, "", what),
    }
    reading.table
}

/// The text, or the line and what is wrong with it.
fn text(bytes: &[u8]) -> Result<&str, (u64, String)> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err((0, "is in UTF-16; save it as CSV UTF-8".to_owned()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|b| *b == b'\n').count() as u64;
        (line, "has a character that is not UTF-8; save the file as UTF-8 (in Excel: CSV UTF-8)".to_owned())
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Without the blanks that one sees and those that one does not.
fn trimmed(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'))
}

/// Where each known column stands in the file, and how many cells a row has.
pub(super) struct Header {
    /// For each column asked for, its place.
    places: Vec<Option<usize>>,
    /// The cells of the header, without empty ones at the end.
    width: usize,
}

impl Header {
    /// For each column asked for, its place.
    pub(super) fn places(&self) -> impl Iterator<Item = Option<usize>> {
        self.places.iter().copied()
    }
}

/// A table that is being read.
pub(super) struct Reading {
    pub(super) table: Table,
}

impl Reading {
    /// Of a file with this name.
    pub(super) fn new(file: &str) -> Self {
        Self { table: Table { file: file.to_owned(), ..Table::default() } }
    }

    /// Something is wrong.
    pub(super) fn wrong(&mut self, line: u64, column: &str, what: impl Into<String>) {
        let problem = Problem { file: self.table.file.clone(), line, column: column.to_owned(), what: what.into() };
        self.table.problems.push(problem);
    }

    /// Something is odd.
    pub(super) fn odd(&mut self, line: u64, what: impl Into<String>) {
        let problem = Problem { file: self.table.file.clone(), line, column: String::new(), what: what.into() };
        self.table.warnings.push(problem);
    }

    fn text(&mut self, text: &str, columns: &[Column]) {
        let mut lines = Lines { rest: text, line: 1 };
        let Some((header, separator)) = self.header(&mut lines, columns) else { return };
        while let Some(record) = lines.next(separator) {
            match record.cells {
                Ok(cells) => self.row(record.line, &cells, &header),
                Err(what) => self.wrong(record.line, "", what),
            }
        }
    }

    /// The first record that is no comment; nothing, and a problem, if it does not name the columns.
    fn header(&mut self, lines: &mut Lines<'_>, columns: &[Column]) -> Option<(Header, char)> {
        lines.skip_separator_line();
        let known = |cells: &[String]| cells.iter().filter(|cell| columns.iter().any(|c| is(c.name, cell))).count();
        let read = |separator: char| {
            let mut lines = lines.clone();
            let record = lines.next(separator);
            (record, lines, separator)
        };
        let score = |read: &(Option<Record>, Lines<'_>, char)| match &read.0 {
            Some(Record { cells: Ok(cells), .. }) => (known(cells), cells.len()),
            _ => (0, 0),
        };
        let (comma, semicolon) = (read(','), read(';'));
        let (record, after, separator) = if score(&semicolon) > score(&comma) { semicolon } else { comma };
        *lines = after;
        let names = || columns.iter().map(|c| c.name).collect::<Vec<_>>().join(",");
        let Some(record) = record else {
            self.wrong(0, "", format!("is empty; its first line must name the columns: {}", names()));
            return None;
        };
        let cells = match record.cells {
            Ok(cells) if known(&cells) > 0 => cells,
            Ok(_) => {
                self.wrong(record.line, "", format!("does not name the columns, as the first line must: {}", names()));
                return None;
            }
            Err(what) => {
                self.wrong(record.line, "", what);
                return None;
            }
        };
        self.header_of(record.line, &cells, columns).map(|header| (header, separator))
    }

    /// The header that these cells are; nothing, and problems, if a column is missing or stands there twice.
    pub(super) fn header_of(&mut self, line: u64, cells: &[String], columns: &[Column]) -> Option<Header> {
        let width = cells.iter().rposition(|cell| !trimmed(cell).is_empty()).map_or(0, |last| last + 1);
        let places = self.places(line, &cells[..width], columns)?;
        Some(Header { places, width })
    }

    /// Where the columns stand. Nothing if one that must be there is not, or one is there twice.
    fn places(&mut self, line: u64, cells: &[String], columns: &[Column]) -> Option<Vec<Option<usize>>> {
        let before = self.table.problems.len();
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let mut found = cells.iter().enumerate().filter(|(_, cell)| is(column.name, cell)).map(|(place, _)| place);
            let place = found.next();
            if found.next().is_some() {
                self.wrong(line, column.name, "stands in the header twice");
            }
            places.push(place);
        }
        let missing = |column: &&Column| !cells.iter().any(|cell| is(column.name, cell));
        let mut warned = HashSet::new();
        for cell in cells.iter().map(|cell| trimmed(cell)).filter(|cell| !columns.iter().any(|c| is(c.name, cell))) {
            if warned.insert(cell) && !cell.is_empty() {
                let near = did_you_mean(cell, columns.iter().filter(missing).map(|c| c.name));
                self.odd(line, format!("column '{}' is not known and not read{near}", shortened(cell, 60)));
            }
        }
        for column in columns.iter().filter(|c| c.required).filter(missing) {
            let unknown = cells.iter().map(|cell| trimmed(cell)).filter(|cell| !columns.iter().any(|c| is(c.name, cell)));
            let near = super::problem::nearest(column.name, unknown);
            let near = near.map_or_else(String::new, |near| format!("; is it '{}'?", shortened(near, 60)));
            self.wrong(line, column.name, format!("is missing from the header{near}"));
        }
        (self.table.problems.len() == before).then_some(places)
    }

    /// A row below the header.
    pub(super) fn row(&mut self, line: u64, cells: &[String], header: &Header) {
        let filled = cells.iter().rposition(|cell| !trimmed(cell).is_empty()).map_or(0, |last| last + 1);
        if filled == 0 {
            return;
        }
        if filled > header.width || cells.len() < header.width {
            let (has, width) = (if filled > header.width { filled } else { cells.len() }, header.width);
            let hint = if filled > header.width { "; a cell with a separator in it must stand in quotes" } else { "" };
            self.wrong(line, "", format!("has {has} cells where the header has {width}{hint}"));
            return;
        }
        let cell = |place: &Option<usize>| place.and_then(|place| cells.get(place)).map_or("", |cell| trimmed(cell)).to_owned();
        self.table.rows.push(TableRow { line, cells: header.places.iter().map(cell).collect() });
    }
}

/// Whether a header's cell names the column: in any case.
pub(super) fn is(name: &str, cell: &str) -> bool {
    trimmed(cell).eq_ignore_ascii_case(name)
}

/// One record.
struct Record {
    /// The line on which it begins.
    line: u64,
    /// Its cells, or what is wrong with it.
    cells: Result<Vec<String>, String>,
}

/// What is left of the text, and the number of its first line.
///
/// The csv crate counts blank and commented lines to the record that follows them, and reads on to the end of the
/// file after a quote that is not closed; people need the right line, so the text is cut into records here.
#[derive(Clone)]
struct Lines<'a> {
    rest: &'a str,
    line: u64,
}

impl<'a> Lines<'a> {
    /// Excel's own way to say what separates: `sep=;`.
    fn skip_separator_line(&mut self) {
        let (first, _) = self.peek();
        if first.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep=")) && first.len() == 5 {
            self.skip();
        }
    }

    /// The first line without its end, and what follows.
    fn peek(&self) -> (&'a str, &'a str) {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        (line.strip_suffix('\r').unwrap_or(line), rest)
    }

    fn skip(&mut self) -> &'a str {
        let (line, rest) = self.peek();
        self.rest = rest;
        self.line += 1;
        line
    }

    /// The next record that is neither blank nor a comment. A comment may have got quotes from a spreadsheet.
    fn next(&mut self, separator: char) -> Option<Record> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let (line, _) = self.peek();
            if trimmed(line).is_empty() || trimmed(line).starts_with('#') {
                self.skip();
                continue;
            }
            let record = self.record(separator);
            let comment = |cells: &Vec<String>| cells.first().is_some_and(|cell| trimmed(cell).starts_with('#'));
            if !record.cells.as_ref().is_ok_and(comment) {
                return Some(record);
            }
        }
    }

    fn record(&mut self, separator: char) -> Record {
        let start = self.line;
        let (mut cells, mut line, before) = (Vec::new(), self.skip(), self.clone());
        loop {
            // Blanks before a quote are let go, as people write them and spreadsheets do not.
            let Some(inside) = line.trim_start_matches([' ', '\u{a0}']).strip_prefix('"') else {
                let Some((cell, rest)) = line.split_once(separator) else {
                    cells.push(line.to_owned());
                    return Record { line: start, cells: Ok(cells) };
                };
                cells.push(cell.to_owned());
                line = rest;
                continue;
            };
            let Some((cell, after)) = self.quoted(inside) else {
                *self = before;
                return Record { line: start, cells: Err("has a quote (\") that is not closed".to_owned()) };
            };
            cells.push(cell);
            let after = after.trim_start_matches([' ', '\u{a0}']);
            match after.strip_prefix(separator) {
                Some(rest) => line = rest,
                None if after.is_empty() => return Record { line: start, cells: Ok(cells) },
                None => {
                    let what = "has text after a closing quote (\"); a quote inside of quotes is written twice";
                    return Record { line: start, cells: Err(what.to_owned()) };
                }
            }
        }
    }

    /// A cell up to its closing quote, over several lines if need be, and what follows on the line; nothing if it is not closed.
    fn quoted(&mut self, inside: &'a str) -> Option<(String, &'a str)> {
        let (mut cell, mut line) = (String::new(), inside);
        loop {
            match line.split_once('"') {
                Some((text, after)) => {
                    cell.push_str(text);
                    let Some(rest) = after.strip_prefix('"') else { return Some((cell, after)) };
                    cell.push('"');
                    line = rest;
                }
                None if self.rest.is_empty() => return None,
                None => {
                    cell.push_str(line);
                    cell.push('\n');
                    line = self.skip();
                }
            }
        }
    }
}
