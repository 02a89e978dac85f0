//! Usage written as a COUNTER report: as a table (CSV, TSV, XLSX) or as JSON, of release 5.1 or 5.
//!
//! A report is written from two readings. The first fills a [`Shape`]: months, and which columns have something in them. A [`Plan`] is
//! made of it and of the report's header. The second reading goes through a [`Gather`](crate::formats::gather::Gather), which brings
//! rows together, into a [`CounterWriter`]. Nothing is kept but what the gather holds. Reading back gives the same records:
//! what a form cannot tell is named by [`Plan::notes`], nothing is left out in silence.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe in CSV and TSV ([`crate::formats::formula`]), which reading a
//! table takes away again.

mod cells;
mod header;
mod json;
mod plan;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod text;
mod workbook;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use crate::formats::Stopped;
use crate::formats::gather::{Row, TakesItems};
use crate::model::Item;

pub use plan::{Plan, PlanError, Shape};

/// A form that a COUNTER report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterForm {
    /// Comma-separated values, UTF-8 with a byte order mark, RFC 4180.
    Csv,
    /// Tab-separated values, likewise (Code of Practice, section 3.2).
    Tsv,
    /// An Excel workbook of one sheet.
    Xlsx,
    /// COUNTER JSON (COUNTER API).
    Json,
}

impl CounterForm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Tsv, Self::Xlsx, Self::Json];

    /// The word on the command line, which is also the usual end of a file's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for CounterForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for CounterForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|form| form.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| "COUNTER reports are written as csv, tsv, xlsx or json".to_owned())
    }
}

/// Why a report was not written. What was written before is not a whole file.
#[derive(Debug, thiserror::Error)]
pub enum CounterError {
    /// The file could not be written.
    #[error("the report could not be written: {0}")]
    Write(#[from] io::Error),
    /// The workbook would break a rule of Excel.
    #[error("the workbook could not be made: {0}; write csv, tsv or json instead")]
    Workbook(#[from] Box<rust_xlsxwriter::XlsxError>),
    /// A sheet has no room for it.
    #[error("it has more rows than a sheet holds (1,048,576); write csv, tsv or json instead")]
    TooManyRows,
}

impl From<rust_xlsxwriter::XlsxError> for CounterError {
    fn from(error: rust_xlsxwriter::XlsxError) -> Self {
        Self::Workbook(Box::new(error))
    }
}

/// Writes a report, item by item. When it refuses an item ([`Stopped`]), [`finish`](Self::finish) says why.
pub struct CounterWriter<'a> {
    form: Form<'a>,
    failed: Option<CounterError>,
}

enum Form<'a> {
    Text(Box<text::TextTable<'a>>),
    Workbook(Box<workbook::Sheet<'a>>),
    Json(json::JsonReport<'a>),
}

impl fmt::Debug for CounterWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CounterWriter").field("failed", &self.failed).finish_non_exhaustive()
    }
}

impl<'a> CounterWriter<'a> {
    /// Begins a report of this plan; writes its header.
    ///
    /// # Errors
    /// See [`CounterError`].
    pub fn new(form: CounterForm, plan: &'a Plan, out: &'a mut dyn Write) -> Result<Self, CounterError> {
        let form = match form {
            CounterForm::Csv => Form::Text(Box::new(text::TextTable::begin(plan, b',', out)?)),
            CounterForm::Tsv => Form::Text(Box::new(text::TextTable::begin(plan, b'\t', out)?)),
            CounterForm::Xlsx => Form::Workbook(Box::new(workbook::Sheet::begin(plan, out)?)),
            CounterForm::Json => Form::Json(json::JsonReport::begin(plan, out)?),
        };
        Ok(Self { form, failed: None })
    }

    /// Ends the report.
    ///
    /// # Errors
    /// Why an item was refused, or what went wrong now; see [`CounterError`].
    pub fn finish(self) -> Result<(), CounterError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.form {
            Form::Text(table) => table.finish(),
            Form::Workbook(sheet) => sheet.finish(),
            Form::Json(report) => report.finish(),
        }
    }
}

impl TakesItems for CounterWriter<'_> {
    fn item(&mut self, item: &Item, rows: &[Row]) -> Result<(), Stopped> {
        if self.failed.is_some() {
            return Err(Stopped);
        }
        let written = match &mut self.form {
            Form::Text(table) => table.item(item, rows),
            Form::Workbook(sheet) => sheet.item(item, rows),
            Form::Json(report) => report.item(item, rows),
        };
        written.map_err(|error| {
            self.failed = Some(error);
            Stopped
        })
    }
}
