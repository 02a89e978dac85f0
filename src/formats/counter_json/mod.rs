//! COUNTER R5 and R5.1 JSON: every report and standard view, read once, as a stream.
//!
//! [`read`] gives the reader to serde_json through a guard (byte order mark, tokens without end, text that holds JSON).
//! `document` finds header, exceptions and items wherever a vendor puts them; `item` and `performance` fill the [`State`]
//! with what one item says; the state passes its counts on when the item ends, because only then all of its attributes are
//! known. An item larger than the buffer is passed on in parts. What is tolerated becomes a note; what cannot be true
//! refuses the whole report.

mod document;
mod guard;
mod header;
mod item;
mod names;
mod performance;
#[cfg(test)]
mod samples;
mod state;
#[cfg(test)]
mod tests;
mod values;

use std::io::{BufReader, Read};

use serde::de::DeserializeSeed;
use serde_json::Deserializer;
use serde_json::error::Category;

pub(super) use self::header::code_of;

use self::document::{Document, Shape};
use self::guard::{Guard, Opening, Unquoted};
pub(super) use self::header::code_of as code_of_message;
use self::state::State;
use super::{FormatError, Reading, RecordSink};

/// Read from the source at once: as much as callers' buffers hold, so that nothing is copied twice.
const CHUNK: usize = 256 * 1024;

/// Reads a report, or what a vendor sends instead of one, in one pass; memory does not grow with its size.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub fn read(reader: impl Read, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut guard = Guard::new(reader);
    let mut state = State::new(sink);
    let shape = match guard.opening()? {
        Opening::Text => {
            state.notes.add("the report is text that holds JSON", || "the whole reply".into());
            let mut unquoted = Unquoted::new(BufReader::with_capacity(CHUNK, &mut guard));
            let shape = parse(Guard::new(&mut unquoted), &mut state).map_err(|failure| failure.into_error(&unquoted.beginning()))?;
            unquoted.finish()?;
            shape
        }
        Opening::Nothing => return Err(FormatError::NotJson { beginning: without_addresses(&guard.beginning()) }),
        Opening::Other => parse(&mut guard, &mut state).map_err(|failure| failure.into_error(&guard.beginning()))?,
    };
    document::finish(state, shape)
}

/// Why parsing ended, before it is known how the reply began.
struct Failure {
    error: FormatError,
    /// Nothing was understood at all.
    at_once: bool,
    /// It ended too early.
    cut: bool,
}

impl Failure {
    fn into_error(self, beginning: &str) -> FormatError {
        match self.error {
            FormatError::Broken { .. } if self.at_once && !(self.cut && beginning.trim_start().starts_with(['{', '['])) => {
                FormatError::NotJson { beginning: without_addresses(beginning) }
            }
            error => error,
        }
    }
}

fn parse(reader: impl Read, state: &mut State<'_>) -> Result<Shape, Failure> {
    let mut json = Deserializer::from_reader(BufReader::with_capacity(CHUNK, reader));
    let mut shape = Shape::default();
    let parsed = Document { state, shape: &mut shape, depth: 0 }.deserialize(&mut json).and_then(|()| json.end());
    match parsed {
        Ok(()) => Ok(shape),
        Err(error) => Err(Failure { at_once: !shape.began, cut: error.is_eof() || error.is_io(), error: why(error, state) }),
    }
}

/// What a failure of serde_json stands for.
fn why(error: serde_json::Error, state: &mut State<'_>) -> FormatError {
    let (line, column) = (error.line(), error.column());
    match state.failed.take() {
        Some(FormatError::BadRow { place, what }) if line > 0 => {
            return FormatError::BadRow { place: format!("line {line}, {place}"), what };
        }
        Some(failed) => return failed,
        None => {}
    }
    let mut what = error.to_string();
    if let Some(end) = what.rfind(" at line ") {
        what.truncate(end);
    }
    match error.classify() {
        Category::Io => guard::io_error(error.into()),
        Category::Data => FormatError::BadRow { place: format!("line {line}, {}", state.place()), what },
        // At the very beginning of a line serde_json says column 0.
        Category::Syntax | Category::Eof => FormatError::Broken { line, column: column.max(1), what },
    }
}

/// A text without the Internet addresses in it: in a table that is none they are somebody's.
pub(in crate::formats) fn without_addresses(text: &str) -> String {
    let part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(part) {
        let end = rest[start..].find(|c| !part(c)).map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        out.push_str(&rest[..start]);
        let address = word.trim_matches(['.', ':']).parse::<std::net::IpAddr>().is_ok() || word.parse::<std::net::IpAddr>().is_ok();
        out.push_str(if address { "(address)" } else { word });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod address_tests {
    #[test]
    fn addresses_are_taken_out_of_what_is_shown() {
        let shown = super::without_addresses("ip,hits 192.0.2.77,4 2001:db8::7; <html> 12:30 v1.2.3 192.0.2.1.");
        assert_eq!(shown, "ip,hits (address),4 (address); <html> 12:30 v1.2.3 (address)");
    }
}
