//! A plain table of use, as a vendor or a proxy sends it: a month, the addresses that it was counted on, and counts.
//!
//! [`read`] takes text with a header: `month`, then `metric` and `count` or a column for each metric, and where they are there
//! `address`, `report`, `data_type`, `access_method`, `access_type`, `yop`, `platform`, `database`, `title`. [`is_header`] tells such a
//! header from the beginning of anything else. A table is taken whole or refused whole. An address is personal: no message repeats a cell.

mod header;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{BufReader, Read};
use std::net::IpAddr;

use self::header::{Field as Name, Header};
use super::delimited::{Record, Records};
use super::lines::LineError;
use super::notes::Notes;
use super::words::{Field, Standing, Words};
use super::{FormatError, Reading, RecordSink};
use crate::model::notation::parse_ranges;
use crate::model::{AddressRange, Addresses, Item, Month, ReportId, UsageRecord};

pub use self::header::is_header;
pub(super) use self::header::is_metric;

/// Read from the source at once.
const CHUNK: usize = 256 * 1024;

/// So many different words are kept from row to row.
const WORDS: usize = 4096;

/// The report that a table is where it does not say.
const REPORT: &str = "PR";

/// Reads a table in one pass; memory does not grow with its size.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub fn read(reader: impl Read, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut records = Records::new(BufReader::with_capacity(CHUNK, reader));
    let mut record = Record::default();
    let mut notes = Notes::default();
    if !records.header(&mut record, header::score).map_err(refused)? {
        return Err(FormatError::NotReport("it is empty".into()));
    }
    let header = Header::new(&record, &mut notes).map_err(|what| at(&record, what))?;
    let mut rows = Rows {
        header,
        notes,
        words: [Field::DataType, Field::AccessMethod, Field::AccessType, Field::Yop, Field::Metric].map(Words::new),
        item: Item::default(),
        report: None,
        months: BTreeSet::new(),
        records: 0,
    };
    while records.next(&mut record).map_err(refused)? {
        rows.row(&record, sink)?;
    }
    rows.finish()
}

/// What is wrong with a record.
fn at(record: &Record, what: impl Into<String>) -> FormatError {
    FormatError::BadRow { place: format!("line {}", record.line()), what: what.into() }
}

fn refused(error: LineError) -> FormatError {
    match error {
        LineError::Io(error) => FormatError::Io(error),
        LineError::Bad { line, what } => FormatError::BadRow { place: format!("line {line}"), what: what.into() },
    }
}

/// What is known while rows are read.
struct Rows {
    header: Header,
    notes: Notes,
    /// Data type, access method, access type, year of publication, metric.
    words: [Words; 5],
    item: Item,
    report: Option<ReportId>,
    months: BTreeSet<Month>,
    records: u64,
}

impl Rows {
    fn row(&mut self, record: &Record, sink: &mut impl RecordSink) -> Result<(), FormatError> {
        let width = self.header.width;
        let filled = record.filled();
        if filled > width || record.len() < width {
            let (has, hint) =
                if filled > width { (filled, "; a cell with a separator in it must stand in quotes") } else { (record.len(), "") };
            return Err(at(record, format!("has {has} cells where the header has {width}{hint}")));
        }
        let (month, addresses) = (self.month(record)?, self.addresses(record)?);
        self.report(record)?;
        self.months.insert(month);
        self.text(record, Name::Platform)?.clone_into(&mut self.item.platform);
        self.text(record, Name::Database)?.clone_into(&mut self.item.database);
        self.text(record, Name::Title)?.clone_into(&mut self.item.title);
        let mut words = [0; 4];
        for (place, name) in [Name::DataType, Name::AccessMethod, Name::AccessType, Name::Yop].into_iter().enumerate() {
            let cell = self.text(record, name)?;
            words[place] = self.word(place, cell, record.line(), name.name());
        }
        if self.header.metrics.is_empty() {
            let metric = self.text(record, Name::Metric)?;
            if !header::is_metric(metric) {
                let what = if metric.is_empty() { "is empty" } else { "is not a metric; they look like Total_Item_Requests" };
                return Err(at(record, format!("metric: {what}")));
            }
            let metric = self.word(4, metric, record.line(), Name::Metric.name());
            let cell = self.cell(record, Name::Count)?;
            if cell.is_empty() {
                return Err(at(record, "count: is empty; write 0 for none"));
            }
            let count = whole(cell).map_err(|what| at(record, format!("count: {what}")))?;
            let metric = self.words[4].text(metric);
            return pass(&mut self.records, sink, &Self::record(&self.item, &self.words, words, metric, month, addresses, count));
        }
        for (place, metric) in &self.header.metrics {
            let cell = record.cell(*place).map_err(|_| not_utf8(record))?;
            // A cell that is left empty in a table of many columns says that there was nothing.
            let count = if cell.is_empty() { 0 } else { whole(cell).map_err(|what| at(record, format!("{metric}: {what}")))? };
            pass(&mut self.records, sink, &Self::record(&self.item, &self.words, words, metric, month, addresses, count))?;
        }
        Ok(())
    }

    fn record<'a>(
        item: &'a Item,
        texts: &'a [Words; 5],
        words: [u32; 4],
        metric: &'a str,
        month: Month,
        addresses: Option<Addresses>,
        count: u64,
    ) -> UsageRecord<'a> {
        let text = |place: usize| texts[place].text(words[place]);
        let access_method = if text(1).is_empty() { "Regular" } else { text(1) };
        let (data_type, access_type, yop) = (text(0), text(2), text(3));
        UsageRecord { item, member: None, addresses, metric, month, data_type, access_method, access_type, yop, count }
    }

    /// The cell of a column; empty where the table does not have it.
    fn cell<'a>(&self, record: &'a Record, name: Name) -> Result<&'a str, FormatError> {
        let Some(place) = self.header.place(name) else { return Ok("") };
        record.cell(place).map_err(|_| not_utf8(record))
    }

    /// The cell of a column that is kept as it stands: in a row that slipped sideways it could be an address, which is not.
    fn text<'a>(&self, record: &'a Record, name: Name) -> Result<&'a str, FormatError> {
        let cell = self.cell(record, name)?;
        if is_address(cell) {
            return Err(at(record, format!("{}: holds an address, which belongs in the column 'address'", name.name())));
        }
        Ok(cell)
    }

    fn month(&self, record: &Record) -> Result<Month, FormatError> {
        let cell = self.cell(record, Name::Month)?;
        let what = || if cell.is_empty() { "is empty" } else { "is not a month; write it as YYYY-MM, for example 2024-03" };
        cell.parse().map_err(|_| at(record, format!("month: {}", what())))
    }

    fn addresses(&self, record: &Record) -> Result<Option<Addresses>, FormatError> {
        let cell = self.cell(record, Name::Address)?;
        if cell.is_empty() {
            return Ok(None);
        }
        match range(cell) {
            Ok(range) => Ok(Some(Addresses::Range(range))),
            Err(what) => Err(at(record, format!("address: {what}"))),
        }
    }

    fn report(&mut self, record: &Record) -> Result<(), FormatError> {
        let cell = self.text(record, Name::Report)?;
        let cell = if cell.is_empty() { REPORT } else { cell };
        if let Some(report) = &self.report {
            return if report.as_str().eq_ignore_ascii_case(cell) {
                Ok(())
            } else {
                Err(at(record, "report: is another than that of the rows before; a table holds one report, so make a file of each"))
            };
        }
        let report = cell.parse().map_err(|_| at(record, "report: is no name of a report; they look like PR or TR_J1"))?;
        self.report = Some(report);
        Ok(())
    }

    fn word(&mut self, place: usize, raw: &str, line: u64, column: &str) -> u32 {
        let Some(words) = self.words.get_mut(place) else { return 0 };
        if words.len() > WORDS {
            words.clear();
        }
        let (word, standing) = words.intern(raw);
        match standing {
            Standing::Known => {}
            Standing::Respelt => self.notes.add(format!("{column} is spelt in another way than the standard's"), || format!("line {line}")),
            Standing::Unknown => self.notes.add(format!("{column} is not one of the standard's"), || format!("line {line}")),
        }
        word
    }

    fn finish(self) -> Result<Reading, FormatError> {
        let (Some(first), Some(last), Some(report)) = (self.months.first(), self.months.last(), self.report) else {
            return Err(FormatError::NotReport("it is a table without any row".into()));
        };
        let mut reading = Reading { has_items: true, records: self.records, notes: self.notes.into_notes(), ..Reading::default() };
        reading.header.report = Some(report);
        // Months that have rows, if only zeros, are told of; a table with a gap says nothing about the months in it.
        let months = usize::try_from(last.index() - first.index()).map_or(0, |months| months + 1);
        if months == self.months.len() {
            (reading.header.begin, reading.header.end) = (Some(first.first_day()), Some(last.last_day()));
        }
        Ok(reading)
    }
}

fn pass(records: &mut u64, sink: &mut impl RecordSink, record: &UsageRecord<'_>) -> Result<(), FormatError> {
    if record.count > 0 {
        *records += 1;
        sink.record(record)?;
    }
    Ok(())
}

fn not_utf8(record: &Record) -> FormatError {
    at(record, "has a character that is not UTF-8; save the file as UTF-8 (in Excel: CSV UTF-8)")
}

/// The one range that a cell stands for.
pub(super) fn range(cell: &str) -> Result<AddressRange, &'static str> {
    if let Ok(address) = cell.parse::<IpAddr>() {
        return AddressRange::new(address, address).ok_or("is not an address");
    }
    match parse_ranges(cell).as_deref() {
        Ok([range]) => Ok(*range),
        Ok(_) => Err("stands for several ranges (not shown: addresses are personal); a row is about one"),
        Err(_) => Err("cannot be read as an address or a range (not shown: addresses are personal); \
             write for example 192.0.2.7, 192.0.2.0/24 or 192.0.2.1-192.0.2.9, and nothing for the whole account"),
    }
}

/// Whether a cell is nothing but an address or a range.
pub(super) fn is_address(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':')
        && cell.contains(['.', ':'])
        && cell.split(['-', '/', ' ', ',', ';', '–']).next().is_some_and(|first| first.parse::<IpAddr>().is_ok())
}

/// A whole number from 0, below 2^63; spaces may stand between thousands.
fn whole(cell: &str) -> Result<u64, &'static str> {
    const WHAT: &str = "is not a whole number from 0";
    let mut groups = cell.split(char::is_whitespace);
    let first = groups.next().unwrap_or_default();
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let apart = cell.contains(char::is_whitespace);
    if !digits(first) || (apart && first.len() > 3) || !groups.all(|group| group.len() == 3 && digits(group)) {
        return Err(match cell.strip_prefix(['-', '−']) {
            Some(rest) if digits(rest) => "is negative",
            _ => WHAT,
        });
    }
    let number: String = cell.chars().filter(char::is_ascii_digit).collect();
    let number = number.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
    number.ok_or("is larger than can be counted")
}
