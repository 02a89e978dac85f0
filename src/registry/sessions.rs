//! Events of an access control, as sessions per institution, product and month.
//!
//! [`read`] takes `time`, `institution`, `product` and `sessions` out of a table or of JSON lines, as a stream, and keeps nothing else:
//! who came in, and from where, is in other columns and is dropped unread. No message repeats what stands in a file, since in a row that
//! slipped sideways anything may stand anywhere.

#[cfg(test)]
mod tests;
mod time;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use sha2::{Digest as _, Sha256};

use super::problem::{Problem, did_you_mean};
use super::rows::without_thousands;
use super::table;
use super::workbook::{self, is_workbook};
use crate::formats::delimited::{Record, Records, trimmed};
use crate::formats::lines::{LineError, Lines};
use crate::model::registry::{Column, Registry};
use crate::model::{InstitutionId, Month, ProductId};

/// The columns that are read.
const COLUMNS: [Column; 4] = [
    Column { name: "time", identity: true, required: true },
    Column { name: "institution", identity: true, required: true },
    Column { name: "product", identity: true, required: true },
    Column { name: "sessions", identity: false, required: false },
];

/// Read from the source at once.
const CHUNK: usize = 256 * 1024;

/// A file with more problems than this is not read on.
const MOST_PROBLEMS: usize = 1000;

/// No events are older.
const FIRST_YEAR: i32 = 1990;

/// What files of events are read against.
#[derive(Debug)]
pub struct Rules<'a> {
    /// What is registered.
    pub registry: &'a Registry,
    /// Where times are that do not say where.
    pub zone: Tz,
    /// Later months have not come yet.
    pub this_month: Month,
}

/// Sessions of an institution and a product in a month.
pub type Sessions = BTreeMap<(InstitutionId, ProductId, Month), u64>;

/// What a file holds.
#[derive(Debug, Clone, Default)]
pub struct Events {
    /// The sessions; above zero.
    pub sessions: Sessions,
    /// Rows that were read.
    pub rows: u64,
    /// The SHA-256 of the whole file, if all of it was read.
    pub sha256: String,
    /// What is wrong; if there is anything, nothing of the file should be used.
    pub problems: Vec<Problem>,
}

/// Reads a file. `file` is its name in problems, nothing more. Memory does not grow with its size.
///
/// # Errors
/// The reader fails.
pub fn read(file: &str, reader: impl Read, rules: &Rules<'_>) -> io::Result<Events> {
    let mut reader = Hashing { reader, hash: Sha256::new() };
    let mut reading = Reading::new(file, rules);
    // A reader may give as little at a time as it likes.
    let mut beginning = Vec::new();
    reader.by_ref().take(CHUNK as u64).read_to_end(&mut beginning)?;
    let (is_workbook, first) = (is_workbook(&beginning), first_byte(&beginning));
    let mut reader = Cursor::new(beginning).chain(BufReader::with_capacity(CHUNK, reader));
    if is_workbook {
        let mut bytes = Vec::new();
        reader.by_ref().take(workbook::LARGEST + 1).read_to_end(&mut bytes)?;
        reading.workbook(&bytes);
    } else {
        let read = match first {
            Some(b'{') => reading.json(&mut reader),
            Some(b'[') => {
                reading.wrong(0, "", "is one JSON list; write one event on each line, with nothing around them");
                Ok(())
            }
            _ => reading.table(&mut reader),
        };
        match read {
            Err(LineError::Io(error)) => return Err(error),
            Err(LineError::Bad { line, what }) => reading.wrong(line, "", what),
            Ok(()) => {}
        }
    }
    let sha256 = hex::encode(reader.into_inner().1.into_inner().hash.finalize());
    Ok(reading.finish(sha256))
}

/// The first byte that is in no comment.
fn first_byte(beginning: &[u8]) -> Option<u8> {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    text.split(|byte| *byte == b'\n').filter_map(|line| line.trim_ascii_start().first().copied()).find(|first| *first != b'#')
}

/// Makes the SHA-256 of what is read.
struct Hashing<R> {
    reader: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.reader.read(into)?;
        self.hash.update(&into[..size]);
        Ok(size)
    }
}

/// An event as JSON; other members are skipped and not kept, not even for a moment.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    time: Option<Text<'a>>,
    #[serde(borrow, default)]
    institution: Option<Text<'a>>,
    #[serde(borrow, default)]
    product: Option<Text<'a>>,
    #[serde(borrow, default)]
    sessions: Option<Text<'a>>,
}

/// A text, or a whole number as text: ids may be written as numbers.
struct Text<'a>(std::borrow::Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(text.into()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(text.to_owned().into()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(number.to_string().into()))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// What is known while a file is read.
struct Reading<'a> {
    file: String,
    rules: &'a Rules<'a>,
    institutions: HashMap<&'a str, &'a InstitutionId>,
    products: HashMap<&'a str, &'a ProductId>,
    sessions: HashMap<(&'a InstitutionId, &'a ProductId, Month), u64>,
    rows: u64,
    problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    fn new(file: &str, rules: &'a Rules<'a>) -> Self {
        Self {
            file: file.to_owned(),
            rules,
            institutions: rules.registry.institutions.iter().map(|row| (row.id.as_str(), &row.id)).collect(),
            products: rules.registry.products.iter().map(|row| (row.id.as_str(), &row.id)).collect(),
            sessions: HashMap::new(),
            rows: 0,
            problems: Vec::new(),
        }
    }

    fn wrong(&mut self, line: u64, column: &str, what: impl Into<String>) {
        self.problems.push(Problem { file: self.file.clone(), line, column: column.to_owned(), what: what.into() });
    }

    /// Whether there are so many problems that reading on helps nobody.
    fn is_enough(&mut self, line: u64) -> bool {
        let enough = self.problems.len() >= MOST_PROBLEMS;
        if enough {
            self.wrong(line, "", "what follows was not read: there is too much wrong before it");
        }
        enough
    }

    fn table(&mut self, reader: impl BufRead) -> Result<(), LineError> {
        let (mut records, mut record) = (Records::new(reader), Record::default());
        let is =
            |record: &Record, place: usize, column: &Column| record.cell(place).is_ok_and(|cell| cell.eq_ignore_ascii_case(column.name));
        let score = |record: &Record| COLUMNS.iter().filter(|column| (0..record.len()).any(|place| is(record, place, column))).count();
        if !records.header(&mut record, score)? {
            self.wrong(0, "", "is empty; its first line must name the columns: time,institution,product,sessions");
            return Ok(());
        }
        if score(&record) == 0 {
            self.wrong(record.line(), "", "does not name the columns, as the first line must: time,institution,product,sessions");
            return Ok(());
        }
        let mut places = [None; COLUMNS.len()];
        for (place, column) in places.iter_mut().zip(&COLUMNS) {
            let mut found = (0..record.len()).filter(|at| is(&record, *at, column));
            *place = found.next();
            if found.next().is_some() {
                self.wrong(record.line(), column.name, "stands in the header twice");
            } else if column.required && place.is_none() {
                self.wrong(record.line(), column.name, "is missing from the header");
            }
        }
        if !self.problems.is_empty() {
            return Ok(());
        }
        let width = record.filled();
        while records.next(&mut record)? {
            let filled = record.filled();
            if filled > width || record.len() < width {
                let (has, hint) =
                    if filled > width { (filled, "; a cell with a separator in it must stand in quotes") } else { (record.len(), "") };
                self.wrong(record.line(), "", format!("has {has} cells where the header has {width}{hint}"));
            } else {
                // Only these cells are looked at; the others need not even be text.
                let cells = places.map(|place| place.map_or(Ok(""), |place| record.cell(place)));
                self.event(record.line(), cells.map(|cell| cell.unwrap_or("\u{fffd}")));
            }
            if self.is_enough(record.line()) {
                break;
            }
        }
        Ok(())
    }

    fn json(&mut self, reader: impl BufRead) -> Result<(), LineError> {
        let (mut lines, mut line) = (Lines::new(reader), Vec::new());
        while let Some(number) = lines.next(&mut line)? {
            if line.trim_ascii_start().first().is_none_or(|first| *first == b'#') {
                continue;
            }
            match serde_json::from_slice::<Event<'_>>(&line) {
                Ok(Event { time, institution, product, sessions }) => {
                    let cells = [&time, &institution, &product, &sessions];
                    self.event(number, cells.map(|text| text.as_ref().map_or("", |text| trimmed(&text.0))));
                }
                // What serde_json says repeats what stands there.
                Err(error) if error.is_data() => {
                    self.wrong(number, "", "is not an event: a JSON object that has time, institution and product once each, as texts");
                }
                Err(error) => self.wrong(number, "", format!("is broken JSON at character {}", error.column())),
            }
            if self.is_enough(number) {
                break;
            }
        }
        Ok(())
    }

    fn workbook(&mut self, bytes: &[u8]) {
        let table = table::read(&self.file, bytes, "sessions", &COLUMNS);
        self.file = table.file;
        self.problems.extend(table.problems);
        for row in &table.rows {
            let cell = |place: usize| row.cells.get(place).map_or("", String::as_str);
            self.event(row.line, [cell(0), cell(1), cell(2), cell(3)]);
            if self.is_enough(row.line) {
                break;
            }
        }
    }

    /// Takes an event: its time, institution, product and sessions.
    fn event(&mut self, line: u64, [time, institution, product, sessions]: [&str; 4]) {
        self.rows += 1;
        let before = self.problems.len();
        let month = time::month(time, self.rules.zone);
        match month {
            None if time.is_empty() => self.wrong(line, "time", "is empty"),
            None => self.wrong(line, "time", "is not a time; write 2024-01-31T12:00:00+01:00, 2024-01-31 12:00:00 or 2024-01-31"),
            Some(month) if month > self.rules.this_month => self.wrong(line, "time", format!("is in {month}, which has not come yet")),
            Some(month) if month.year() < FIRST_YEAR => self.wrong(line, "time", format!("is in {month}, which cannot be")),
            Some(_) => {}
        }
        let (known_institution, known_product) = (self.institutions.get(institution).copied(), self.products.get(product).copied());
        if known_institution.is_none() {
            let near = self.near(institution, |reading| reading.institutions.keys());
            self.wrong(line, "institution", unknown(institution, "an institution", &near, "import institutions first"));
        }
        if known_product.is_none() {
            let near = self.near(product, |reading| reading.products.keys());
            self.wrong(line, "product", unknown(product, "a product", &near, "import products first"));
        }
        let count = if sessions.is_empty() { Some(1) } else { whole(sessions) };
        if count.is_none() {
            self.wrong(line, "sessions", "is not a whole number from 0");
        }
        let (Some(institution), Some(product), Some(month), Some(count)) = (known_institution, known_product, month, count) else { return };
        if self.problems.len() > before || count == 0 {
            return;
        }
        let sum = self.sessions.entry((institution, product, month)).or_default();
        match sum.checked_add(count).filter(|sum| i64::try_from(*sum).is_ok()) {
            Some(more) => *sum = more,
            None => self.wrong(line, "sessions", "makes the sum of the month larger than can be counted"),
        }
    }

    /// A known id that was probably meant. It costs time, and is for what is shown.
    fn near<'k, K: Iterator<Item = &'k &'a str>>(&'k self, id: &str, known: impl Fn(&'k Self) -> K) -> String
    where
        'a: 'k,
    {
        if self.problems.len() > 50 { String::new() } else { did_you_mean(id, known(self).copied()) }
    }

    fn finish(self, sha256: String) -> Events {
        let sessions = self.sessions.into_iter().map(|((who, what, month), sum)| ((who.clone(), what.clone(), month), sum)).collect();
        Events { sessions, rows: self.rows, sha256, problems: self.problems }
    }
}

/// What is wrong with an id that is not known; never the id, which may be anything.
fn unknown(id: &str, what: &str, near: &str, hint: &str) -> String {
    if id.is_empty() {
        return "is empty".to_owned();
    }
    format!("is not {what} that is registered{near}; {hint} (what stands there is not shown: it may be personal)")
}

/// A whole number from 0, below 2^63; thousands may stand apart.
fn whole(cell: &str) -> Option<u64> {
    without_thousands(cell)?.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok())
}
