//! COUNTER Release 4 XML, as SUSHI sends it: in a SOAP envelope, in a `ReportResponse` or bare, read once, as a stream.
//!
//! [`read`] gives the reader to quick-xml through a [`source`](self::source::Source) (encoding, nothing without end). `element` says
//! what each element is by where it stands; the `State` fills an item with what its elements say and passes its counts on when it
//! ends, through `customers`, which knows whose they are; `vocabulary` has Release 4's words and what they became in Release 5.
//!
//! A document type, and every entity but XML's own five, is refused: nothing is ever expanded or fetched. What is tolerated becomes a
//! note; what cannot be true refuses the whole reply.

mod customers;
mod element;
mod head;
#[cfg(test)]
mod samples;
mod source;
mod state;
#[cfg(test)]
mod tests;
mod values;
mod vocabulary;

use std::io::Read;

use quick_xml::Reader;
use quick_xml::errors::Error;
use quick_xml::events::{BytesRef, BytesStart, Event};

use self::element::{Node, child};
use self::source::Source;
use self::state::State;
use super::counter_json::without_addresses;
use super::{FormatError, Reading, RecordSink};

pub(super) use self::source::is_markup;

/// Elements within one another; a reply has a dozen.
const DEEPEST: usize = 64;

/// What is tolerated of an ampersand.
const LONE: &str = "a lone '&', which XML writes as '&amp;'";

/// Reads a reply of SUSHI, or what a vendor sends instead of one, in one pass; memory does not grow with its size.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub fn read(reader: impl Read, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut xml = Reader::from_reader(Source::new(reader)?);
    xml.config_mut().expand_empty_elements = true;
    // What is no reference is a lone ampersand, which old servers forget to escape.
    xml.config_mut().allow_dangling_amp = true;
    let mut state = State::new(sink);
    let mut walk = Walk { stack: Vec::with_capacity(DEEPEST), began: false };
    let mut buffer = Vec::with_capacity(4096);
    loop {
        buffer.clear();
        let outcome = match xml.read_event_into(&mut buffer) {
            Ok(Event::Eof) => walk.end(),
            Ok(event) => walk.step(&event, &mut state).map(|()| false),
            Err(error) => Err(broken(&error)),
        };
        match outcome {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => return Err(placed(error, xml.get_ref(), walk.began)),
        }
        let source = xml.get_mut();
        source.mark();
        state.line = source.line();
    }
    state.finish()
}

/// A failure of quick-xml.
fn broken(error: &Error) -> FormatError {
    match error {
        Error::Io(error) => match source::complaint(error) {
            Some(what) => FormatError::BrokenXml { line: 0, column: 0, what },
            None => FormatError::Io(std::io::Error::new(error.kind(), error.to_string())),
        },
        Error::Encoding(_) => {
            FormatError::BrokenXml { line: 0, column: 0, what: "it is not UTF-8, and does not declare another encoding".into() }
        }
        other => FormatError::BrokenXml { line: 0, column: 0, what: other.to_string() },
    }
}

/// The failure with its place, or as that of something that is no report at all.
fn placed<R: Read>(error: FormatError, source: &Source<R>, began: bool) -> FormatError {
    match error {
        FormatError::BrokenXml { what, .. } if began => FormatError::BrokenXml { line: source.line(), column: source.column(), what },
        FormatError::BrokenXml { what, .. } => {
            let beginning = without_addresses(&source.beginning());
            FormatError::NotReport(format!("it is no sound XML ({what}); it begins with: {beginning}"))
        }
        FormatError::Html { .. } => FormatError::Html { beginning: without_addresses(&source.beginning()) },
        FormatError::BadRow { place, what } => FormatError::BadRow { place: format!("line {}, {place}", source.line()), what },
        other => other,
    }
}

/// Where reading stands in the document.
struct Walk {
    stack: Vec<Node>,
    /// Something was met that a reply of SUSHI has.
    began: bool,
}

impl Walk {
    /// Takes one event.
    fn step(&mut self, event: &Event<'_>, state: &mut State<'_>) -> Result<(), FormatError> {
        let at = self.stack.last().copied();
        match event {
            Event::Start(start) => return self.start(start, at.unwrap_or(Node::Outer), state),
            Event::End(_) => {
                self.stack.pop();
                if let Some(node) = at {
                    return state.end(node, self.stack.last().copied().unwrap_or(Node::Outer));
                }
            }
            Event::Text(text) if matches!(at, Some(Node::Leaf(_))) => {
                let text = text.borrow().into_inner();
                if text.starts_with('&') {
                    state.note(LONE);
                }
                return state.text(&text);
            }
            Event::CData(text) if matches!(at, Some(Node::Leaf(_))) => return state.text(&text.borrow().into_inner()),
            Event::GeneralRef(reference) => {
                let name = reference.borrow().into_inner();
                if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '#' | '_' | '-' | '.' | ':')) {
                    state.note(LONE);
                    let is_leaf = matches!(at, Some(Node::Leaf(_)));
                    return if is_leaf { state.text(&format!("&{name};")) } else { Ok(()) };
                }
                let character = character(reference).ok_or_else(|| {
                    let what = format!("the entity '&{};' is none of XML's own five", state::shown(&name));
                    if self.began { state.refused(what) } else { FormatError::BrokenXml { line: 0, column: 0, what } }
                })?;
                if matches!(at, Some(Node::Leaf(_))) {
                    return state.text(character.encode_utf8(&mut [0; 4]));
                }
            }
            Event::DocType(doctype) => {
                let name = doctype.borrow().into_inner();
                if name.trim_start().get(..4).is_some_and(|name| name.eq_ignore_ascii_case("html")) {
                    return Err(FormatError::Html { beginning: String::new() });
                }
                let what = "it has a document type (<!DOCTYPE>), which no report has and by which a reply could make us fetch or expand \
                            anything; nothing of it was read";
                return Err(FormatError::NotReport(what.into()));
            }
            Event::Text(text)
                if at.is_none() && !text.borrow().into_inner().trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty() =>
            {
                return Err(FormatError::BrokenXml { line: 0, column: 0, what: "text stands outside the root element".into() });
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'_>, within: Node, state: &mut State<'_>) -> Result<(), FormatError> {
        let name = start.local_name();
        let name = name.as_ref();
        if self.stack.is_empty() {
            if name.eq_ignore_ascii_case("html") {
                return Err(FormatError::Html { beginning: String::new() });
            }
            if state.has_root() {
                return Err(FormatError::BrokenXml { line: 0, column: 0, what: "it has more than one root element".into() });
            }
            state.root(name);
        }
        if self.stack.len() >= DEEPEST {
            return Err(FormatError::NotReport(format!("its elements stand more than {DEEPEST} deep in one another; no report's do")));
        }
        let node = match (within, child(within, name)) {
            (Node::Leaf(_), _) => {
                state.note(format!("unknown element <{}> within a text", state::shown(name)));
                Node::Skip
            }
            (_, Some(node)) => node,
            (within, None) => {
                state.note(format!("unknown element <{}> in {}", state::shown(name), within.name()));
                Node::Skip
            }
        };
        self.began |= !matches!(node, Node::Outer | Node::Skip) || matches!(name, "Envelope" | "ReportResponse");
        self.stack.push(node);
        state.begin(node, within, start)
    }

    /// The end of the document: whether it is sound.
    fn end(&self) -> Result<bool, FormatError> {
        if self.stack.is_empty() {
            return Ok(true);
        }
        Err(FormatError::BrokenXml { line: 0, column: 0, what: "it ends in the middle".into() })
    }
}

/// What a reference stands for: a character by its number, or one of XML's own five names.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        // XML 1.0 section 2.2.
        return (character >= ' ' || matches!(character, '\t' | '\n' | '\r')).then_some(character);
    }
    match &*reference.borrow().into_inner() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    }
}
