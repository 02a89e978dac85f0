//! Reads the national library register's XML (BaseBibliotek, `http://nb.no/BaseBibliotek`) into institutions.
//!
//! [`read`] goes through the file as a stream and gives a [`Register`]: the institutions, the records that could not be
//! one, and what had to be understood. Memory is bounded by the institutions and [`LONGEST_RECORD`].
//!
//! Of a record these count: `bibnr` (the id), `inst`, `bibltype` (the kind), `kommnr`, `stengt` and `stengt_fra`. The
//! municipality is `kommnr` as written, which may be one that has since been renumbered; nothing is made of the digits in a
//! bibnr. People named in records are not read.
//!
//! A document type, an entity other than XML's own five, or anything else that is not well formed is refused.

use std::collections::HashMap;
use std::io::BufRead;

use chrono::NaiveDate;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use self::counted::{Counted, Position};
use self::record::{Days, Record};
use crate::model::registry::Institution;

mod counted;
mod record;

/// The most bytes of one record, and of what stands between two.
pub const LONGEST_RECORD: usize = 4 << 20;

/// The deepest nesting of elements; the register has four levels.
const DEEPEST: usize = 64;

/// What the register has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Register {
    /// The libraries, in the order of the file, each with the line on which its record begins (from 1).
    pub institutions: Vec<(usize, Institution)>,
    /// Records that are no institution for avling, and why.
    pub skipped: Vec<Skipped>,
    /// What had to be understood in records that are used.
    pub notes: Vec<Note>,
}

/// A record and something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its number and name, as far as it has them.
    pub record: String,
    /// What there is to say; begins with a verb, the record being its subject.
    pub why: String,
}

/// A record that is not used, and why.
pub type Skipped = Remark;

/// Something that people should know about a record that is used.
pub type Note = Remark;

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let record = if self.record.is_empty() { "the record" } else { &self.record };
        write!(f, "line {}: {record} {}", self.line, self.why)
    }
}

/// Why a file cannot be read as the register; nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Not well formed, or not the register.
    #[error("line {line}, column {column}: {what}")]
    Broken {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[source] std::io::Error),
}

/// Reads a register from XML in UTF-8. `today` is the last resort for the end of a library that is closed for good.
///
/// Should a number stand in the file more than once, the record that was changed last counts, and the later of equals.
///
/// # Errors
/// The first thing that is wrong, with line and column; a failure to read.
pub fn read(reader: impl BufRead, today: NaiveDate) -> Result<Register, RegisterError> {
    let mut xml = Reader::from_reader(Counted::new(reader, LONGEST_RECORD));
    xml.config_mut().expand_empty_elements = true;
    xml.config_mut().check_comments = true;
    let mut state = State::new(today);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let at = xml.get_ref().position();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Eof) => {
                state.end(at)?;
                return Ok(state.register);
            }
            Ok(event) => state.take(event, at)?,
            Err(_) if xml.get_ref().exhausted() => {
                let most = LONGEST_RECORD >> 20;
                return Err(broken(
                    at,
                    format!("goes on for more than {most} MiB with no end of the record; the file is not the register"),
                ));
            }
            Err(quick_xml::Error::Io(problem)) => {
                return Err(RegisterError::Read(std::io::Error::new(problem.kind(), problem.to_string())));
            }
            Err(problem) => return Err(broken(at, format!("is not well-formed XML: {problem}"))),
        }
        if state.open.len() < 2 {
            xml.get_mut().pause();
        }
    }
}

fn broken(at: Position, what: impl Into<String>) -> RegisterError {
    RegisterError::Broken { line: at.line, column: at.column, what: what.into() }
}

/// Between two events.
struct State {
    days: Days,
    /// The names of the open elements, outermost first.
    open: Vec<String>,
    /// Whether the outermost element has begun.
    begun: bool,
    record: Record,
    /// The text of the open field.
    text: String,
    /// By number: where the record stands that counts so far.
    seen: HashMap<String, Seen>,
    register: Register,
}

/// The record that an institution is from.
struct Seen {
    /// Among the register's institutions.
    place: usize,
    /// When it was last changed, as written: times in this form sort as texts.
    changed: String,
    /// The record without a remark yet.
    remark: Remark,
}

impl State {
    fn new(today: NaiveDate) -> Self {
        Self {
            days: Days { exported: None, today },
            open: Vec::new(),
            begun: false,
            record: Record::default(),
            text: String::new(),
            seen: HashMap::new(),
            register: Register::default(),
        }
    }

    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), RegisterError> {
        match event {
            Event::Start(start) => self.start(&start, at),
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content(), at),
            Event::CData(text) => self.text(&text.xml10_content(), at),
            Event::GeneralRef(reference) => {
                let text = resolve(&reference).map_err(|what| broken(at, what))?;
                if self.open.is_empty() {
                    return Err(broken(at, "has a reference outside of all elements"));
                }
                self.text(text.encode_utf8(&mut [0; 4]), at)
            }
            Event::Decl(declaration) => match declaration.encoding() {
                None => Ok(()),
                Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
                Some(Ok(name)) => Err(broken(at, format!("is in the encoding {name}; save it as UTF-8"))),
                Some(Err(problem)) => Err(broken(at, format!("is not well-formed XML: {problem}"))),
            },
            Event::DocType(_) => Err(broken(at, "has a document type (DOCTYPE), which the register has not and which is not safe")),
            _ => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, at: Position) -> Result<(), RegisterError> {
        let name = start.local_name().into_inner();
        match self.open.len() {
            0 if self.begun => return Err(broken(at, format!("has <{name}> after the end of <BaseBibliotek>"))),
            0 if name != "BaseBibliotek" => {
                return Err(broken(at, format!("has <{name}> where the library register has <BaseBibliotek>; it is another kind of file")));
            }
            DEEPEST.. => return Err(broken(at, format!("has more than {DEEPEST} elements in each other"))),
            _ => {}
        }
        let record = self.open.len() == 1 && name == "record";
        if record {
            self.record = Record { line: at.line, ..Record::default() };
        }
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|problem| broken(at, format!("is not well-formed XML: {problem}")))?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|problem| broken(at, format!("is not well-formed XML: {problem}")))?;
            match attribute.key.into_inner() {
                "export" if self.open.is_empty() => self.days.exported = record::day(&value),
                "rid" if record => self.record.rid = value.chars().filter(|c| !c.is_control()).take(20).collect(),
                "tstamp" if record => self.record.changed = value.into_owned(),
                _ => {}
            }
        }
        self.begun = true;
        if self.open.len() == 2 {
            self.text.clear();
        }
        self.open.push(name.to_owned());
        Ok(())
    }

    fn text(&mut self, text: &str, at: Position) -> Result<(), RegisterError> {
        if self.open.is_empty() && !text.trim_matches('\u{feff}').trim().is_empty() {
            return Err(broken(at, "has text outside of all elements; it is not XML, or something was put before or after it"));
        }
        if self.in_record() && self.open.len() >= 3 {
            self.text.push_str(text);
        }
        Ok(())
    }

    fn in_record(&self) -> bool {
        self.open.get(1).is_some_and(|name| name == "record")
    }

    fn close(&mut self) {
        if self.in_record() {
            match self.open.as_slice() {
                [_, _] => self.finish(),
                [_, _, element] => {
                    let text = std::mem::take(&mut self.text);
                    // Should a field stand there twice, the first that says something counts.
                    if let Some(field) = self.record.field(element).filter(|field| field.trim().is_empty()) {
                        *field = text;
                    }
                }
                _ => {}
            }
        }
        self.open.pop();
    }

    /// A record is at its end: an institution, or one that is skipped.
    fn finish(&mut self) {
        let record = std::mem::take(&mut self.record);
        let mut notes = Vec::new();
        let institution = match record.institution(self.days, &mut notes) {
            Ok(institution) => institution,
            Err(why) => return self.register.skipped.push(record.remark(why)),
        };
        let register = &mut self.register;
        let mut seen = Seen { place: register.institutions.len(), changed: record.changed.trim().to_owned(), remark: record.remark("") };
        match self.seen.get_mut(institution.id.as_str()) {
            Some(before) if seen.changed >= before.changed => {
                seen.place = before.place;
                let Remark { line, record, .. } = std::mem::replace(before, seen).remark;
                register.notes.retain(|note| (note.line, &note.record) != (line, &record));
                let why = format!("stands again on line {}, changed as late or later", before.remark.line);
                register.skipped.push(Remark { line, record, why });
                register.institutions[before.place] = (before.remark.line, institution);
            }
            Some(before) => {
                return register.skipped.push(record.remark(format!("stands on line {} too, changed later", before.remark.line)));
            }
            None => {
                self.seen.insert(institution.id.as_str().to_owned(), seen);
                register.institutions.push((record.line, institution));
            }
        }
        register.notes.append(&mut notes);
    }

    fn end(&self, at: Position) -> Result<(), RegisterError> {
        match self.open.last() {
            Some(name) => Err(broken(at, format!("ends in the middle: <{name}> has no end; fetch the file again"))),
            None if !self.begun => Err(broken(at, "has nothing in it; the library register begins with <BaseBibliotek>")),
            None => Ok(()),
        }
    }
}

/// What a reference in text stands for: one of XML's five entities, or a character by its number.
fn resolve(reference: &BytesRef<'_>) -> Result<char, String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => return Ok(character),
        Err(problem) => return Err(format!("is not well-formed XML: {problem}")),
        Ok(None) => {}
    }
    Ok(match &**reference {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        other => {
            let name: String = other.chars().take(40).collect();
            return Err(format!("has the entity &{name};, which XML does not know by itself"));
        }
    })
}

#[cfg(test)]
mod tests;
