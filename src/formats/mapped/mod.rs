//! Payloads that are not COUNTER, read by a [`Mapping`]: JSON, lines of JSON, CSV, TSV, workbooks, XML.
//!
//! [`read`] passes the counts of a payload to a sink, as every parser does. A payload may be wrapped in [`frames`], as replies of a
//! vendor's own interface are archived: all pages of a reply in one stream, so that one hash names them all; [`read_plain`] is for files
//! that people bring. [`look`] reads one page for
//! what paging needs, and [`watch`] reads as [`read`] does, goes on after rows that are wrong, and tells what became of each row.
//!
//! A format's reader finds the rows, in bounded memory, and takes the cells that the mapping names out of each; `rows` makes usage of
//! cells. A payload is taken whole or refused whole; no message repeats a cell, since any of them may be somebody's address.

pub mod frames;
mod json;
mod limited;
mod rows;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

use self::frames::Frames;
use self::rows::{Rows, Take};
use super::{FormatError, Reading, RecordSink};
use crate::model::manifest::place::Place;
use crate::model::manifest::{Format, Mapping, MonthField};
use crate::model::{MonthRange, UsageRecord};

pub use self::rows::{RowSeen, Seen};

/// Read from the source at once.
const CHUNK: usize = 256 * 1024;

/// Names of fields that nothing reads, at most.
const MOST_UNREAD: usize = 60;

/// What a page holds besides usage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageSeen {
    /// Its rows.
    pub rows: u64,
    /// What stands in the places that were asked for, in their order; an empty text for nothing in a place that is there.
    pub found: Vec<Option<String>>,
}

/// Reads a payload, or the pages of an archived reply, in one pass.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub fn read(reader: impl Read, mapping: &Mapping, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut rows = Rows::new(mapping, sink);
    all_pages(reader, mapping, &mut rows)?;
    rows.finish()
}

/// Reads a file that is not wrapped in anything, whatever it begins with.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub fn read_plain(reader: impl Read, mapping: &Mapping, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut rows = Rows::new(mapping, sink);
    let mut found = Vec::new();
    let mut wanted = Wanted { places: &[], found: &mut found, unread: None };
    page(BufReader::with_capacity(CHUNK, reader), mapping, &mut rows, &mut wanted)?;
    rows.finish()
}

/// Reads likewise, but goes on after a row that is wrong, and tells of the first `most` rows what became of them.
///
/// # Errors
/// It cannot be read at all; see [`FormatError`].
pub fn watch(reader: impl Read, mapping: &Mapping, most: usize) -> Result<(Reading, Seen), FormatError> {
    struct Nobody;
    impl RecordSink for Nobody {
        fn record(&mut self, _: &UsageRecord<'_>) -> Result<(), super::Stopped> {
            Ok(())
        }
    }
    let mut nobody = Nobody;
    let mut rows = Rows::new(mapping, &mut nobody);
    rows.watch(most);
    all_pages(reader, mapping, &mut rows)?;
    rows.seen()
}

/// Reads one page, not wrapped in anything, for its number of rows and for what stands in some places of the whole of it.
///
/// # Errors
/// It cannot be read; see [`FormatError`].
pub fn look(reader: impl Read, mapping: &Mapping, places: &[&Place]) -> Result<PageSeen, FormatError> {
    struct Count(u64);
    impl Take for Count {
        fn row(&mut self, _: u64, _: &mut Vec<Option<String>>) -> Result<(), FormatError> {
            self.0 += 1;
            Ok(())
        }
    }
    let (mut count, mut found) = (Count(0), vec![None; places.len()]);
    let mut wanted = Wanted { places, found: &mut found, unread: None };
    page(BufReader::with_capacity(CHUNK, reader), mapping, &mut count, &mut wanted)?;
    Ok(PageSeen { rows: count.0, found })
}

/// What is wanted of a page besides its rows.
struct Wanted<'w> {
    /// Places of the whole page.
    places: &'w [&'w Place],
    /// What stands there.
    found: &'w mut Vec<Option<String>>,
    /// The names of fields that the mapping does not read, if they are to be told.
    unread: Option<&'w mut BTreeSet<String>>,
}

impl Wanted<'_> {
    /// A field that the mapping does not read. Its name is shown, so it must look like one.
    fn unread(&mut self, name: &str) {
        if let Some(unread) = &mut self.unread
            && unread.len() < MOST_UNREAD
            && name.len() <= 80
            && !super::usage_table::is_address(name)
            && !unread.contains(name)
        {
            unread.insert(name.to_owned());
        }
    }
}

fn all_pages(reader: impl Read, mapping: &Mapping, rows: &mut Rows<'_>) -> Result<(), FormatError> {
    let mut frames = Frames::open(BufReader::with_capacity(CHUNK, reader))?;
    rows.asked = frames.months();
    if mapping.month == MonthField::Asked && rows.asked.is_none_or(|months: MonthRange| months.first != months.last) {
        let what = "its rows do not say which month they are of, and it is not the reply to a request for one month; \
                    say in fields.month where the month stands";
        return Err(FormatError::NotReport(what.into()));
    }
    let mut unread = BTreeSet::new();
    while let Some(head) = frames.next_page()? {
        if !(200..300).contains(&head.status) {
            return Err(FormatError::NotReport(format!("page {} was answered with status {}", head.page, head.status)));
        }
        rows.page = head.page;
        let mut found = Vec::new();
        let is_watched = rows.is_watched();
        let mut wanted = Wanted { places: &[], found: &mut found, unread: is_watched.then_some(&mut unread) };
        page(BufReader::with_capacity(CHUNK, &mut frames), mapping, rows, &mut wanted)?;
    }
    rows.unread = unread;
    Ok(())
}

/// Passes the rows of one page on.
fn page(reader: impl BufRead, mapping: &Mapping, take: &mut dyn Take, wanted: &mut Wanted<'_>) -> Result<(), FormatError> {
    match mapping.format {
        Format::Json => json::read(reader, mapping, take, wanted),
        Format::JsonLines => json::lines(reader, mapping, take, wanted),
        Format::Csv | Format::Tsv => table::read(reader, mapping, take, wanted),
        Format::Xlsx => sheet::read(reader, mapping, take, wanted),
        Format::Xml => xml::read(reader, mapping, take, wanted),
    }
}
