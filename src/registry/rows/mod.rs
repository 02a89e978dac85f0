//! The rows of the registry as cells and back: [`Row`] for each kind of file, in the contract's columns.
//!
//! Reading accepts what people write (a decimal comma, capitals, every notation of addresses) and finds all that is
//! wrong, not just the first; writing is canonical, so that equal rows have equal cells, in files and in the store.
//!
//! [`Row`]: crate::model::registry::Row

mod accounts;
mod figures;
mod keys;
mod members;
mod networks;
mod places;
mod products;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;

use super::problem::{nearest, shortened};
use crate::model::MunicipalityCode;
use crate::model::registry::{CellError, Column, Validity};

pub use accounts::{SEALED, SECRETS, is_reference};

/// How much of a wrong value a message repeats.
const QUOTED: usize = 60;

/// Part of the identity, and must be in the header.
const fn key(name: &'static str) -> Column {
    Column { name, identity: true, required: true }
}

/// Part of the identity, but may be left out: empty.
const fn optional_key(name: &'static str) -> Column {
    Column { name, identity: true, required: false }
}

/// Must be in the header.
const fn required(name: &'static str) -> Column {
    Column { name, identity: false, required: true }
}

/// May be left out: empty.
const fn optional(name: &'static str) -> Column {
    Column { name, identity: false, required: false }
}

/// The cells of a row by name, and what was found wrong with them so far.
struct Cells<'a> {
    columns: &'static [Column],
    cells: &'a [&'a str],
    errors: Vec<CellError>,
    /// Words and dates that are wrong are not repeated: in a row that slipped sideways they could be a secret.
    discreet: bool,
    /// The column after the one asked for last: most are asked for in their order.
    next: Cell<usize>,
}

impl<'a> Cells<'a> {
    fn new(columns: &'static [Column], cells: &'a [&'a str]) -> Self {
        Self { columns, cells, errors: Vec::new(), discreet: false, next: Cell::new(0) }
    }

    /// `'value' `, to begin a message with, unless it may be a secret.
    fn quoted(&self, cell: &str) -> String {
        if self.discreet { String::new() } else { format!("'{}' ", shortened(cell, QUOTED)) }
    }

    /// The cell of a column; a missing one is empty.
    fn get(&self, column: &'static str) -> &'a str {
        let next = self.next.get();
        let is_next = self.columns.get(next).is_some_and(|c| c.name == column);
        let at = if is_next { Some(next) } else { self.columns.iter().position(|c| c.name == column) };
        self.next.set(at.map_or(next, |at| at + 1));
        at.and_then(|at| self.cells.get(at)).map_or("", |cell| cell.trim())
    }

    fn wrong<T>(&mut self, column: &'static str, what: impl Into<String>) -> Option<T> {
        self.errors.push(CellError { column, what: what.into() });
        None
    }

    /// An id, or anything else whose reading says what is wrong.
    fn id<T: FromStr<Err: Display>>(&mut self, column: &'static str) -> Option<T> {
        match self.get(column).parse() {
            Ok(id) => Some(id),
            Err(error) => self.wrong(column, T::Err::to_string(&error)),
        }
    }

    /// A municipality's code. Spreadsheets take it for a number and drop its first zero, which is worth saying.
    fn municipality(&mut self, column: &'static str) -> Option<MunicipalityCode> {
        let cell = self.get(column);
        if cell.len() == 3 && cell.bytes().all(|b| b.is_ascii_digit()) {
            return self.wrong(column, format!("'{cell}' is not a municipality code of four digits; was it 0{cell} before a spreadsheet?"));
        }
        self.id(column)
    }

    /// Free text on one line: breaks and tabs become spaces, other control characters are refused.
    fn text(&mut self, column: &'static str) -> Option<String> {
        let cell = self.get(column);
        let lines: Vec<&str> = cell.split(['\n', '\r', '\t']).map(str::trim).filter(|line| !line.is_empty()).collect();
        let text = lines.join(" ");
        if text.chars().any(char::is_control) {
            return self.wrong(column, "has a control character in it; write it again by hand");
        }
        Some(text)
    }

    /// Text that must be there.
    fn filled(&mut self, column: &'static str) -> Option<String> {
        let text = self.text(column)?;
        if text.is_empty() { self.wrong(column, "is empty") } else { Some(text) }
    }

    /// One of some words, in any case.
    fn word<T: FromStr>(&mut self, column: &'static str, words: &[&str]) -> Option<T> {
        let cell = self.get(column);
        if let Ok(word) = cell.to_lowercase().parse() {
            return Some(word);
        }
        let known = words.join(", ");
        if cell.is_empty() {
            return self.wrong(column, format!("is empty; it must be one of {known}"));
        }
        let near = nearest(cell, words.iter().copied()).map_or_else(String::new, |word| format!(" (did you mean '{word}'?)"));
        self.wrong(column, format!("{}is none of {known}{near}", self.quoted(cell)))
    }

    /// One of some words, or empty. The outer nothing: wrong.
    #[allow(clippy::option_option, reason = "wrong and empty are different")]
    fn word_or_empty<T: FromStr>(&mut self, column: &'static str, words: &[&str]) -> Option<Option<T>> {
        if self.get(column).is_empty() { Some(None) } else { self.word(column, words).map(Some) }
    }

    /// A day.
    fn date(&mut self, column: &'static str) -> Option<NaiveDate> {
        let cell = self.get(column);
        if cell.is_empty() {
            return self.wrong(column, "is empty; it must be a date, YYYY-MM-DD");
        }
        match date(cell) {
            Ok(date) => Some(date),
            Err(what) => self.wrong(column, format!("{}{what}", self.quoted(cell))),
        }
    }

    /// `valid_from` and `valid_to`, either of which may be empty.
    fn validity(&mut self) -> Option<Validity> {
        let mut end = |column| if self.get(column).is_empty() { Some(None) } else { self.date(column).map(Some) };
        let (from, to) = (end("valid_from"), end("valid_to"));
        let validity = Validity { from: from?, to: to? };
        match (validity.from, validity.to) {
            (Some(from), Some(to)) if from >= to => {
                self.wrong("valid_to", format!("{to} is not after valid_from {from}; it is the first day no longer valid"))
            }
            _ => Some(validity),
        }
    }

    /// The row, if all of it could be read.
    fn finish<R>(self, row: Option<R>) -> Result<R, Vec<CellError>> {
        match row {
            Some(row) if self.errors.is_empty() => Ok(row),
            _ => Err(self.errors),
        }
    }
}

/// A day as `YYYY-MM-DD` and in no other form; one that people also write is told what it would be.
fn date(cell: &str) -> Result<NaiveDate, String> {
    let iso = cell.len() == 10 && cell.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if iso {
        return NaiveDate::parse_from_str(cell, "%Y-%m-%d").map_err(|_| "is not a day of the calendar".to_owned());
    }
    let guess = ["%d.%m.%Y", "%Y%m%d"].into_iter().find_map(|form| NaiveDate::parse_from_str(cell, form).ok());
    let hint = guess.filter(|day| (1000..=9999).contains(&chrono::Datelike::year(day))).map_or_else(String::new, |day| format!(": {day}?"));
    Err(format!("is not a date; write YYYY-MM-DD{hint}"))
}

/// An open end is an empty cell.
fn open(day: Option<NaiveDate>) -> String {
    day.map_or_else(String::new, |day| day.to_string())
}

/// Takes out the spaces that people put between thousands, if that is all that they are.
pub(super) fn without_thousands(cell: &str) -> Option<String> {
    if !cell.contains(char::is_whitespace) {
        return Some(cell.to_owned());
    }
    let whole = cell.split(['.', ',']).next().unwrap_or(cell);
    let mut groups = whole.split(char::is_whitespace);
    let first = groups.next().unwrap_or_default();
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let fits = (1..=3).contains(&first.len()) && digits(first) && groups.all(|g| g.len() == 3 && digits(g));
    let rest = &cell[whole.len()..];
    (fits && !rest.contains(char::is_whitespace)).then(|| cell.chars().filter(|c| !c.is_whitespace()).collect())
}
