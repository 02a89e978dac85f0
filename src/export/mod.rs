//! What people and systems take away: rows of statistics, facts, subscriptions and runs as CSV, JSON and XLSX.
//!
//! A row ([`StatisticRow`], [`FactRow`], [`SubscriptionRow`], [`RunRow`]) implements [`Table`]: its columns and its
//! typed [`Cell`]s. [`write_csv`], [`write_json`] and [`write_table_xlsx`] take any `Table` and stream it;
//! [`write_statistics_xlsx`] adds to the rows one sheet per product and an explanation for the librarian who opens it.
//! [`AuditReport`] puts names to the sharing audit, [`Forms`] are what libraries are asked about their networks.
//! Nothing here asks a store or a clock: the same rows give the same bytes.

pub mod audit;
pub mod counter;
pub mod csv;
pub mod findings;
pub mod form;
pub mod json;
#[cfg(test)]
mod network_tests;
pub mod query;
pub mod revisions;
pub mod rows;
pub mod xlsx;

use std::fmt;
use std::io;
use std::str::FromStr;

pub use audit::{AuditReport, AuditRow};
pub use csv::write_csv;
pub use findings::FindingRow;
pub use form::{Forms, LibraryForm};
pub use json::write_json;
pub use revisions::{ChangeTableRow, RevisionRow};
pub use rows::{Cell, FactRow, RunRow, StatisticRow, SubscriptionRow, Table, Text, per_1000};
pub use xlsx::{
    MissingMonths, ProductInfo, Selection, WorkbookNotes, write_audit_xlsx, write_form_xlsx, write_statistics_xlsx, write_table_xlsx,
};

/// A file format that exports can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values, RFC 4180.
    Csv,
    /// An Excel workbook, Office Open XML.
    Xlsx,
    /// One JSON document, an array of objects.
    Json,
}

/// Why a format cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Known, but not part of this build.
    #[error("this build of avling cannot write parquet; use csv, xlsx or json")]
    Parquet,
    /// Not known.
    #[error("'{0}' is not an export format; use csv, xlsx or json")]
    Unknown(String),
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Xlsx, Self::Json];

    /// The word on the command line, which is also the usual end of a file's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }

    /// The media type, for HTTP.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match Self::ALL.into_iter().find(|format| format.as_str() == text) {
            Some(format) => Ok(format),
            None if text == "parquet" => Err(FormatError::Parquet),
            None => Err(FormatError::Unknown(text.chars().take(40).collect())),
        }
    }
}

/// In which municipality and county an institution is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Geography {
    /// Where it lies today, in all months.
    #[default]
    Today,
    /// Where it lay in each month.
    Month,
}

impl Geography {
    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Month => "month",
        }
    }
}

impl fmt::Display for Geography {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Geography {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Today, Self::Month]
            .into_iter()
            .find(|geography| geography.as_str() == text)
            .ok_or_else(|| format!("'{}' is not a geography; use today or month", text.chars().take(40).collect::<String>()))
    }
}

/// Why an export stopped. What was written before is not a whole file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError<E> {
    /// The next row could not be had.
    #[error(transparent)]
    Row(E),
    /// The file could not be written.
    #[error("the export could not be written: {0}")]
    Write(#[source] io::Error),
    /// The workbook would break a rule of Excel.
    #[error("the workbook could not be made: {0}; export a smaller selection, or --format csv")]
    Workbook(#[source] Box<rust_xlsxwriter::XlsxError>),
}

impl<E> From<io::Error> for ExportError<E> {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl<E> From<rust_xlsxwriter::XlsxError> for ExportError<E> {
    fn from(error: rust_xlsxwriter::XlsxError) -> Self {
        Self::Workbook(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_by_name_and_parquet_says_why_not() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("parquet".parse::<Format>(), Err(FormatError::Parquet));
        assert!("xls".parse::<Format>().unwrap_err().to_string().contains("'xls' is not an export format"));
        assert_eq!("month".parse(), Ok(Geography::Month));
        assert!("yesterday".parse::<Geography>().is_err());
    }
}
