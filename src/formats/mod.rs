//! From a raw reply to usage records and problems: one file a format; pure, streaming.
//!
//! A parser is given a reader and a [`RecordSink`]. It passes every count above zero to the sink as it
//! comes, and returns a [`Reading`]: what the report said about itself, the exceptions that it carried,
//! and what was tolerated. Memory does not grow with the report. [`read`] finds out which format it is.

pub mod counter_json;
pub mod delimited;
pub mod digest;
pub mod identifiers;
pub mod lines;
pub mod mapped;
pub mod notes;
pub mod summary;
pub mod usage_table;
mod words;

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
    /// Sound JSON that is neither a report nor an exception.
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

/// A header's line is not longer than this, with the comments before it.
const BEGINNING: usize = 64 * 1024;

/// Reads a report in any form that is known, in one pass.
///
/// What begins with the header of a table of use is a table; all else has to be COUNTER JSON.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub fn read(mut reader: impl Read, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut beginning = Vec::new();
    let is_table = loop {
        if let Some(is_table) = is_table(&beginning, beginning.len() >= BEGINNING) {
            break is_table;
        }
        let before = beginning.len();
        reader.by_ref().take(4096).read_to_end(&mut beginning)?;
        if beginning.len() == before {
            break is_table(&beginning, true).unwrap_or(false);
        }
    };
    let reader = Cursor::new(beginning).chain(reader);
    if is_table { usage_table::read(reader, sink) } else { counter_json::read(reader, sink) }
}

/// Whether a text is a table of use; nothing if more of it has to be seen. `whole`: there is no more.
fn is_table(beginning: &[u8], whole: bool) -> Option<bool> {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    match text.trim_ascii_start().first() {
        Some(b'{' | b'[' | b'<') => return Some(false),
        None if whole => return Some(false),
        _ => {}
    }
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if !whole && !line.ends_with(b"\n") {
            return None;
        }
        let line = line.trim_ascii_end();
        let says_separator = line.len() == 5 && line[..4].eq_ignore_ascii_case(b"sep=");
        if !delimited::is_passed_over(line) && !says_separator {
            return Some(usage_table::is_header(line));
        }
    }
    if whole { Some(false) } else { None }
}
