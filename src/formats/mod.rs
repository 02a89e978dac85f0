//! From a raw reply to usage records and problems: one file a format; pure, streaming.
//!
//! A parser is given a reader and a [`RecordSink`]. It passes every count above zero to the sink as it
//! comes, and returns a [`Reading`]: what the report said about itself, the exceptions that it carried,
//! and what was tolerated. Memory does not grow with the report. [`read`] finds out which format it is.

pub mod access_log;
pub mod counter_json;
pub mod counter_table;
pub mod counter_xml;
pub mod delimited;
pub mod digest;
pub mod either;
mod encoding;
pub mod formula;
pub mod gather;
pub mod identifiers;
pub mod layout;
pub mod lines;
pub mod mapped;
pub mod notes;
pub mod summary;
pub mod usage_table;
pub mod views;
mod words;
pub(crate) mod workbook;

use std::fmt;
use std::io::{Cursor, Read};

use crate::model::{Exception, Month, ReportHeader, UsageRecord};

/// Takes the records of a report as they are read.
pub trait RecordSink {
    /// Takes one record.
    ///
    /// # Errors
    /// [`Stopped`], when nobody wants more; reading ends at once.
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped>;

    /// Takes the counts of several months that share all else with `like`, whose own month and count are the first of them.
    ///
    /// The same as [`record`](Self::record) for each; a sink that looks closely at each record saves time by looking once.
    ///
    /// # Errors
    /// As for [`record`](Self::record).
    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        counts.iter().try_for_each(|&(month, count)| self.record(&UsageRecord { month, count, ..*like }))
    }
}

/// The receiver of records is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("reading was stopped")]
pub struct Stopped;

/// What a reply held beside its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The header, as far as it was there.
    pub header: ReportHeader,
    /// Every exception, wherever it stood, in the order of the reply.
    pub exceptions: Vec<Exception>,
    /// What was tolerated, each kind once, with how often and the first place.
    pub notes: Vec<Note>,
    /// Records passed to the sink.
    pub records: u64,
    /// Whether there was a list of report items at all (also an empty one).
    pub has_items: bool,
    /// The report that the items look like (`TR`, `DR`, `IR`, `PR`), where that can be told.
    pub looks_like: Option<&'static str>,
    /// It was read by a mapping, and is no COUNTER report.
    pub is_mapped: bool,
}

/// Something that was tolerated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What, for people.
    pub what: String,
    /// How many times.
    pub times: u64,
    /// Where it was first.
    pub place: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.what, self.place)?;
        if self.times > 1 {
            write!(f, ", and {} more", self.times - 1)?;
        }
        f.write_str(")")
    }
}

/// Why a reply could not be read as a report. Nothing of it is to be used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Not JSON at all: HTML, plain text, nothing.
    #[error("not JSON: it begins with: {beginning}")]
    NotJson {
        /// The first 200 bytes, printable.
        beginning: String,
    },
    /// A page for people: a login, an error.
    #[error("not a report, but an HTML page: it begins with: {beginning}")]
    Html {
        /// The first 200 bytes, printable.
        beginning: String,
    },
    /// XML that ends in the middle or is broken.
    #[error("broken XML at line {line}, column {column}: {what}")]
    BrokenXml {
        /// Line, from 1.
        line: usize,
        /// Column, from 1, in bytes.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// JSON that ends in the middle or is broken.
    #[error("broken JSON at line {line}, column {column}: {what}")]
    Broken {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// Sound JSON or XML that is neither a report nor an exception.
    #[error("not a COUNTER report: {0}")]
    NotReport(String),
    /// A row that cannot be true or cannot be understood.
    #[error("{place}: {what}")]
    BadRow {
        /// Which item, metric and month.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// The reader failed.
    #[error("reading failed: {0}")]
    Io(#[from] std::io::Error),
    /// The sink wanted no more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// A header's line is not longer than this, with the comments before it; nor is what stands above a table.
const BEGINNING: usize = 64 * 1024;

/// Reads a report in any form that is known, in one pass.
///
/// What begins with `<` is XML. A workbook is a COUNTER table, and so is text that begins as one; what begins with the header of a table
/// of use is such a table; all else has to be COUNTER JSON.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub fn read(mut reader: impl Read, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut beginning = Vec::new();
    reader.by_ref().take(4096).read_to_end(&mut beginning)?;
    let is_workbook = workbook::is_workbook(&beginning);
    let utf16 = encoding::utf16(&beginning);
    let reader = Cursor::new(beginning).chain(reader);
    if is_workbook {
        return counter_table::read_workbook(reader, sink);
    }
    let Some(encoding) = utf16 else { return read_text(reader, sink) };
    let mut utf8 = encoding::Utf8::new(reader, encoding);
    let mut reading = read_text(&mut utf8, sink)?;
    let mut note = |what: &str| reading.notes.push(Note { what: what.to_owned(), times: 1, place: "the whole file".to_owned() });
    note("the text is in UTF-16");
    if utf8.malformed {
        note("something in it is no character of UTF-16, and was replaced");
    }
    Ok(reading)
}

/// Reads text.
fn read_text(mut reader: impl Read, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut beginning = Vec::new();
    reader.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning)?;
    if counter_xml::is_markup(&beginning) {
        return counter_xml::read(Cursor::new(beginning).chain(reader), sink);
    }
    let is_use = is_table(&beginning);
    let table = counter_table::sniff(&beginning);
    let reader = Cursor::new(beginning).chain(reader);
    match table {
        Some(table) if !is_use || table.says_more => counter_table::read(reader, table.separator, sink),
        _ if is_use => usage_table::read(reader, sink),
        _ => counter_json::read(reader, sink),
    }
}

/// Whether a text begins as JSON or XML does.
fn is_markup(beginning: &[u8]) -> bool {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    matches!(text.trim_ascii_start().first(), None | Some(b'{' | b'[' | b'<'))
}

/// Whether a text is a table of use, by the first line of it that is no comment.
fn is_table(beginning: &[u8]) -> bool {
    if is_markup(beginning) {
        return false;
    }
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line = line.trim_ascii_end();
        let says_separator = line.len() == 5 && line[..4].eq_ignore_ascii_case(b"sep=");
        if !delimited::is_passed_over(line) && !says_separator {
            return usage_table::is_header(line);
        }
    }
    false
}
