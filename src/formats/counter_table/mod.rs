//! COUNTER reports as tables: R5.1, R5 and R4, as text with separators or as a workbook, read once, as a stream.
//!
//! [`sniff`] finds out at the beginning of a text whether it is such a table and what stands between its cells. [`read`] and
//! [`read_workbook`] then take record after record: `heading` what stands above the table, `columns` the row that names the columns,
//! `report` which report that makes it, and `rows` each row's counts, which go to the sink at once. `totals` holds what the table says of
//! itself in sums against its rows. What is tolerated becomes a note; a row that cannot be true, or a table that is not what it says,
//! refuses the whole.

mod columns;
mod heading;
mod item;
mod months;
mod number;
#[cfg(test)]
mod properties;
mod release4;
mod report;
mod rows;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod totals;

use std::borrow::Cow;
use std::io::{BufReader, Read};

use self::columns::{Columns, score};
use self::heading::Heading;
use self::rows::Table;
use super::delimited::{Record, Records, trimmed};
use super::formula::unguard;
use super::lines::LineError;
use super::notes::Notes;
use super::workbook::{Book, BookError, Sheet};
use super::{FormatError, Reading, RecordSink, encoding};

/// Read from the source at once.
const CHUNK: usize = 256 * 1024;

/// What may stand between cells.
const SEPARATORS: [u8; 4] = [b'\t', b',', b';', b'|'];

/// The row that names the columns is among so many rows that have something in them.
const HEADING: usize = 200;

/// What the beginning of a text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sniffed {
    /// What stands between its cells.
    pub(super) separator: u8,
    /// It describes what was used as only COUNTER does, and names nobody's address.
    pub(super) says_more: bool,
}

/// Looks whether a text is a COUNTER table: a row among its first names columns as COUNTER does, or stands in such a table's heading.
pub(super) fn sniff(beginning: &[u8]) -> Option<Sniffed> {
    if super::is_markup(beginning) {
        return None;
    }
    let mut best: Option<((usize, usize), Sniffed)> = None;
    for separator in SEPARATORS {
        let mut records = Records::plain(beginning, separator);
        let (mut record, mut telling, mut found, mut says_more) = (Record::default(), 0, 0, false);
        for _ in 0..HEADING {
            if !matches!(records.next(&mut record), Ok(true)) {
                break;
            }
            telling += usize::from(heading::is_telling(&record));
            found = score(&record);
            if found > 0 {
                says_more = columns::says_more(&record);
                break;
            }
        }
        let rank = (found, telling);
        if (found > 0 || telling > 0) && best.is_none_or(|(known, _)| known < rank) {
            best = Some((rank, Sniffed { separator, says_more: says_more || telling > 0 }));
        }
    }
    best.map(|(_, sniffed)| sniffed)
}

/// Whether a text with this beginning is a COUNTER report beyond doubt, and not some other table with columns of the same names.
pub(super) fn is_report(beginning: &[u8]) -> bool {
    SEPARATORS.iter().any(|separator| {
        let mut records = Records::plain(beginning, *separator);
        // A line that cannot be read is no line of a heading; what follows it is not looked at.
        is_report_in(|record| Ok(matches!(records.next(record), Ok(true)))).unwrap_or(false)
    })
}

/// Whether a workbook has such a table in one of its sheets.
///
/// # Errors
/// It cannot be read.
pub(super) fn is_report_workbook(reader: impl Read) -> Result<bool, BookError> {
    let mut book = Book::open(reader)?;
    for name in book.names() {
        let mut sheet = book.sheet(&name)?;
        if is_report_in(|record| sheet.next(record)).map_err(BookError::Bad)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether one of the first records is one that only COUNTER has.
fn is_report_in(mut next: impl FnMut(&mut Record) -> Result<bool, String>) -> Result<bool, String> {
    let mut record = Record::default();
    for _ in 0..HEADING {
        if !next(&mut record)? {
            break;
        }
        if heading::is_certain(&record) || columns::is_certain(&record) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A cell as text, without the blanks around it, and without the apostrophe that keeps a text from being a formula.
fn text(cell: &[u8]) -> Cow<'_, str> {
    let text = match encoding::text(cell).0 {
        Cow::Borrowed(text) => Cow::Borrowed(trimmed(text)),
        Cow::Owned(text) => Cow::Owned(trimmed(&text).to_owned()),
    };
    if !text.contains('\'') {
        return text;
    }
    match text {
        Cow::Borrowed(text) => unguard(text),
        Cow::Owned(text) => Cow::Owned(unguard(&text).into_owned()),
    }
}

/// As much of a vendor's text as fits into a message.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}

/// Where records come from.
trait Source {
    /// Puts the next record that has something in it into `record`. Says whether there is one.
    fn next(&mut self, record: &mut Record) -> Result<bool, FormatError>;
    /// How a record's line is called.
    fn place(&self, line: u64) -> String;
    /// Says how many cells records have from here on.
    fn expect(&mut self, _width: usize) {}
    /// Whether a record may leave out its last cells, because nothing stands in them.
    fn leaves_out(&self) -> bool {
        false
    }
    /// Whether the source ended within the record that was given last.
    fn is_open(&self) -> bool {
        false
    }
}

/// Text.
struct Text<R: Read>(Records<BufReader<R>>);

impl<R: Read> Source for Text<R> {
    fn next(&mut self, record: &mut Record) -> Result<bool, FormatError> {
        self.0.next(record).map_err(|error| match error {
            LineError::Io(error) => FormatError::Io(error),
            LineError::Bad { line, what } => FormatError::BadRow { place: self.place(line), what: what.into() },
        })
    }

    fn place(&self, line: u64) -> String {
        format!("line {line}")
    }

    fn expect(&mut self, width: usize) {
        self.0.expect(width);
    }

    fn is_open(&self) -> bool {
        self.0.is_open()
    }
}

/// A sheet of a workbook.
struct Named<'a> {
    sheet: Sheet<'a>,
    name: String,
}

impl Source for Named<'_> {
    fn next(&mut self, record: &mut Record) -> Result<bool, FormatError> {
        loop {
            match self.sheet.next(record) {
                Ok(true) if record.is_empty() => {}
                Ok(more) => return Ok(more),
                Err(what) => return Err(FormatError::NotReport(format!("the workbook {what}"))),
            }
        }
    }

    fn place(&self, line: u64) -> String {
        format!("sheet '{}', row {line}", shown(&self.name))
    }

    fn leaves_out(&self) -> bool {
        true
    }
}

/// Reads a text in one pass; memory does not grow with its size.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub(super) fn read(reader: impl Read, separator: u8, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let records = Records::plain(BufReader::with_capacity(CHUNK, reader), separator);
    parse(Text(records), Notes::default(), sink)
}

/// Reads a workbook; of its contents, only the texts that cells share are held in memory.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub(super) fn read_workbook(reader: impl Read, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let bad = |error| match error {
        BookError::Io(error) => FormatError::Io(error),
        BookError::Bad(what) => FormatError::NotReport(format!("the workbook {what}")),
    };
    let mut book = Book::open(reader).map_err(bad)?;
    let names = book.names();
    let (mut tables, mut notes) = (Vec::new(), Notes::default());
    for name in &names {
        let mut sheet = Named { sheet: book.sheet(name).map_err(bad)?, name: name.clone() };
        let (mut record, mut rows, mut is_table) = (Record::default(), 0, false);
        while rows < HEADING && !is_table && sheet.next(&mut record)? {
            rows += 1;
            is_table = score(&record) > 0;
        }
        if is_table {
            tables.push(name);
        } else if rows > 0 {
            notes.add("sheets without a COUNTER table are not read", || format!("sheet '{}'", shown(name)));
        }
    }
    let name = match *tables {
        [] => names.first().ok_or_else(|| FormatError::NotReport("the workbook has no sheet".into()))?,
        [only] => only,
        _ => {
            let names: Vec<String> = tables.iter().map(|name| format!("'{}'", shown(name))).collect();
            let what = format!("the workbook has a table in each of the sheets {}; make a file of each", names.join(", "));
            return Err(FormatError::NotReport(what));
        }
    };
    let notes = if tables.is_empty() { Notes::default() } else { notes };
    parse(Named { sheet: book.sheet(name).map_err(bad)?, name: name.clone() }, notes, sink)
}

/// Reads a table from its heading to its last row.
fn parse(mut source: impl Source, mut notes: Notes, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let (mut record, mut heading) = (Record::default(), Heading::new());
    for _ in 0..HEADING {
        if !source.next(&mut record)? {
            break;
        }
        let place = source.place(record.line());
        if score(&record) == 0 {
            heading.row(&record, &mut notes, &place);
            continue;
        }
        let refused = |what| FormatError::BadRow { place: place.clone(), what };
        let is_r4 = report::is_r4(&heading, &record);
        let named = if is_r4 { report::named_r4(&heading).map_err(refused)? } else { None };
        let columns = Columns::new(&record, is_r4, &mut notes, &place).map_err(refused)?;
        let report = if is_r4 { report::of_r4(named, &columns) } else { report::of_r5(&heading, &columns, &mut notes) };
        let report = report.map_err(refused)?;
        source.expect(columns.width);
        let mut table = Table::new(columns, report, heading, notes, sink).map_err(refused)?;
        while source.next(&mut record)? {
            table.row(&record, &source)?;
        }
        return table.finish();
    }
    without_table(heading, notes)
}

/// What a heading is without a table below it: the exceptions that it names, or nothing.
fn without_table(heading: Heading, notes: Notes) -> Result<Reading, FormatError> {
    if heading.exceptions.is_empty() {
        let expected =
            "a row that names the columns is expected, like Title, Publisher, Platform, Metric_Type, Reporting_Period_Total, Jan-2024";
        let what = match (&heading.titled, heading.report.as_str()) {
            (Some((titled, _)), _) => format!("it begins as {}, but there is no table in it: {expected}", titled.id),
            (None, "") => format!("there is no table in it: {expected}"),
            (None, id) => format!("it begins as {}, but there is no table in it: {expected}", shown(id)),
        };
        return Err(FormatError::NotReport(what));
    }
    let mut reading = Reading { header: heading.header, exceptions: heading.exceptions, notes: notes.into_notes(), ..Reading::default() };
    reading.header.report = heading.report.parse().ok();
    if let Some((begin, end)) = heading.period {
        (reading.header.begin, reading.header.end) = (Some(begin), Some(end));
    }
    Ok(reading)
}
