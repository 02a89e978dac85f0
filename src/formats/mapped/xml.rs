//! XML: the elements along a path as rows, as a stream.
//!
//! One row at a time is in memory. Names are compared without their prefixes. Attributes of the elements around the rows are known when
//! they begin, their other elements if they stand before the rows. A document type, and an entity other than XML's own five, is refused.

use std::io::BufRead;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::limited::{Limited, Used, beginning, too_long};
use super::rows::Take;
use super::{FormatError, Wanted};
use crate::model::manifest::place::{Find, Place, XmlFind};
use crate::model::manifest::{Mapping, RowsAt};

/// The deepest nesting of elements.
const DEEPEST: usize = 64;

/// An element with what is in it.
#[derive(Debug, Default)]
struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn find(&self, find: &XmlFind) -> Option<&str> {
        let mut node = self;
        for (number, step) in find.steps.iter().enumerate() {
            let fits = |child: &&Node| {
                child.name == step.name
                    && step.test.as_ref().is_none_or(|(is_attribute, name, value)| {
                        let found = if *is_attribute {
                            child.attribute(name)
                        } else {
                            child.children.iter().find(|inner| inner.name == *name).map(|inner| inner.text.trim())
                        };
                        found == Some(value)
                    })
            };
            // The first that fits and has the rest of the way.
            let rest = XmlFind { steps: find.steps.get(number + 1..).unwrap_or_default().to_vec(), attribute: find.attribute.clone() };
            let mut children = node.children.iter().filter(fits);
            if children.clone().count() > 1 && !rest.steps.is_empty() {
                return children.find_map(|child| child.find(&rest));
            }
            node = children.next()?;
        }
        match &find.attribute {
            Some(name) => node.attribute(name),
            None => Some(node.text.trim()),
        }
    }

    fn cell(&self, place: &Place) -> Option<String> {
        let Find::Xml(find) = &place.find else { return None };
        self.find(find).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// Passes the rows of a document on.
pub(super) fn read(mut reader: impl BufRead, mapping: &Mapping, take: &mut dyn Take, wanted: &mut Wanted<'_>) -> Result<(), FormatError> {
    let RowsAt::Xml(path) = &mapping.rows else { return Err(FormatError::NotReport("the mapping is not one of XML".into())) };
    let (first, beginning) = beginning(&mut reader)?;
    if first != Some(b'<') {
        return Err(FormatError::NotReport(format!("it is not XML; it begins with: {beginning}")));
    }
    let (reader, used) = Limited::new(reader);
    let mut xml = Reader::from_reader(reader);
    xml.config_mut().expand_empty_elements = true;
    xml.config_mut().check_comments = true;
    let mut state = State {
        mapping,
        path,
        take,
        wanted,
        used: used.clone(),
        around: Vec::new(),
        building: Vec::new(),
        skipped: 0,
        rows: 0,
        reached: path.len() < 2,
        ended: false,
    };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Eof) => break,
            Ok(event) => state.event(event)?,
            Err(_) if used.exceeded() => return Err(too_long(format!("row {}", state.rows + 1))),
            Err(quick_xml::Error::Io(problem)) => {
                return Err(FormatError::Io(std::io::Error::new(problem.kind(), problem.to_string())));
            }
            Err(problem) => return Err(state.broken(&problem.to_string())),
        }
        if used.exceeded() {
            return Err(too_long(format!("row {}", state.rows + 1)));
        }
    }
    if !state.ended {
        return Err(state.broken("it ends in the middle"));
    }
    if !state.reached && !mapping.may_be_absent {
        let what = "there are no rows where the path of rows leads; if that means that there was no use, say may_be_absent = true in rows";
        return Err(FormatError::NotReport(what.into()));
    }
    Ok(())
}

struct State<'s, 'w> {
    mapping: &'s Mapping,
    path: &'s [String],
    take: &'s mut dyn Take,
    wanted: &'s mut Wanted<'w>,
    used: Used,
    /// The open elements on the way to the rows, with the elements in them that came and are looked for.
    around: Vec<Node>,
    /// The open elements of what is being taken, outermost first: a row, or an element beside the way to it.
    building: Vec<Node>,
    /// Open elements that nobody wants.
    skipped: usize,
    rows: u64,
    /// The element that the rows lie in has begun.
    reached: bool,
    ended: bool,
}

impl State<'_, '_> {
    fn broken(&self, what: &str) -> FormatError {
        FormatError::NotReport(format!("it is not well-formed XML after row {}: {what}", self.rows))
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), FormatError> {
        match event {
            Event::Start(start) => self.start(&start),
            Event::End(_) => self.end(),
            Event::Text(text) => {
                self.text(&text.xml10_content());
                Ok(())
            }
            Event::CData(text) => {
                self.text(&text.xml10_content());
                Ok(())
            }
            Event::GeneralRef(reference) => {
                let character = resolve(&reference).ok_or_else(|| self.broken("it has an entity that XML does not know by itself"))?;
                self.text(character.encode_utf8(&mut [0; 4]));
                Ok(())
            }
            Event::DocType(_) => Err(self.broken("it has a document type (DOCTYPE), which is not safe")),
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(name)) if !name.eq_ignore_ascii_case("utf-8") && !name.eq_ignore_ascii_case("us-ascii") => {
                    Err(self.broken("it is not in UTF-8"))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(node) = self.building.last_mut() {
            node.text.push_str(text);
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), FormatError> {
        if self.skipped > 0 {
            self.skipped += 1;
            self.used.begin();
            return if self.skipped > 10_000 { Err(self.broken("its elements lie too deep in each other")) } else { Ok(()) };
        }
        let name = start.local_name().into_inner().to_owned();
        if !self.building.is_empty() {
            if self.building.len() >= DEEPEST {
                return Err(self.broken("its elements lie too deep in each other"));
            }
            let node = self.node(name, start)?;
            self.building.push(node);
            return Ok(());
        }
        let depth = self.around.len();
        if self.path.get(depth) == Some(&name) {
            let is_row = depth + 1 == self.path.len();
            if is_row {
                self.used.begin();
            }
            let node = self.node(name, start)?;
            if is_row {
                self.building.push(node);
            } else {
                self.around.push(node);
            }
            self.reached |= self.around.len() + 1 == self.path.len();
            return Ok(());
        }
        if depth == 0 {
            let wanted = self.path.first().map_or("", String::as_str);
            let shown: String = name.chars().take(60).collect();
            return Err(FormatError::NotReport(format!("it is <{shown}> where the path of rows begins with <{wanted}>")));
        }
        if self.is_wanted(depth, &name) {
            let node = self.node(name, start)?;
            self.building.push(node);
        } else {
            self.skipped = 1;
        }
        Ok(())
    }

    /// Whether something looks into an element beside the way to the rows.
    fn is_wanted(&self, depth: usize, name: &str) -> bool {
        let begins = |find: &Find, steps: usize| match find {
            Find::Xml(find) => find.steps.get(steps).is_some_and(|step| step.name == name),
            _ => false,
        };
        // The row is one deeper than what is open around it.
        let of_rows =
            |place: &&Place| place.up > 0 && self.path.len().checked_sub(1 + place.up) == Some(depth - 1) && begins(&place.find, 0);
        self.mapping.places.iter().any(|place| of_rows(&place)) || self.wanted.places.iter().any(|place| begins(&place.find, depth))
    }

    fn node(&self, name: String, start: &BytesStart<'_>) -> Result<Node, FormatError> {
        let mut node = Node { name, ..Node::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|problem| self.broken(&problem.to_string()))?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|problem| self.broken(&problem.to_string()))?;
            let key = attribute.key.into_inner();
            let key = key.rsplit(':').next().unwrap_or(key);
            node.attributes.push((key.to_owned(), value.into_owned()));
        }
        Ok(node)
    }

    fn end(&mut self) -> Result<(), FormatError> {
        if self.skipped > 0 {
            self.skipped -= 1;
            self.used.begin();
            return Ok(());
        }
        if let Some(node) = self.building.pop() {
            if let Some(parent) = self.building.last_mut() {
                parent.children.push(node);
                return Ok(());
            }
            self.used.begin();
            if self.around.len() + 1 == self.path.len() && self.path.last() == Some(&node.name) {
                if self.around.is_empty() {
                    self.ended = true;
                }
                return self.row(&node);
            }
            if let Some(around) = self.around.last_mut() {
                // The last of its name counts, so that memory does not grow.
                around.children.retain(|known| known.name != node.name);
                around.children.push(node);
            }
            self.page_places();
            return Ok(());
        }
        self.page_places();
        self.around.pop();
        self.ended = self.around.is_empty();
        Ok(())
    }

    /// What is looked for in the whole page, as far as it is there now.
    fn page_places(&mut self) {
        for (number, place) in self.wanted.places.iter().enumerate() {
            let Find::Xml(find) = &place.find else { continue };
            let depth = self.around.len();
            let on_the_way =
                depth > 0 && find.steps.len() >= depth && find.steps.iter().zip(&self.around).all(|(step, node)| step.name == node.name);
            if !on_the_way {
                continue;
            }
            let rest = XmlFind { steps: find.steps.get(depth..).unwrap_or_default().to_vec(), attribute: find.attribute.clone() };
            let is_here = !rest.steps.is_empty() || rest.attribute.is_some();
            if let (true, Some(found)) = (is_here, self.around.last().and_then(|node| node.find(&rest)))
                && let Some(known) = self.wanted.found.get_mut(number)
            {
                *known = Some(found.to_owned());
            }
        }
    }

    fn row(&mut self, row: &Node) -> Result<(), FormatError> {
        self.rows += 1;
        if self.wanted.unread.is_some() {
            self.unread(row);
        }
        let cell = |place: &Place| match place.up {
            0 => row.cell(place),
            up => self.around.len().checked_sub(up).and_then(|at| self.around.get(at)).and_then(|node| node.cell(place)),
        };
        let mut cells = self.mapping.places.iter().map(cell).collect();
        self.take.row(self.rows, &mut cells)
    }

    fn unread(&mut self, row: &Node) {
        let find = |place: &'_ Place| match &place.find {
            Find::Xml(find) if place.up == 0 => Some(find.clone()),
            _ => None,
        };
        let places: Vec<XmlFind> = self.mapping.places.iter().filter_map(find).collect();
        let names = row
            .children
            .iter()
            .map(|child| child.name.clone())
            .filter(|name| !places.iter().any(|find| find.steps.first().is_some_and(|step| step.name == *name)));
        let attributes = row
            .attributes
            .iter()
            .filter(|(name, _)| !places.iter().any(|find| find.steps.is_empty() && find.attribute.as_ref() == Some(name)));
        let all: Vec<String> = names.chain(attributes.map(|(name, _)| format!("@{name}"))).collect();
        for name in &all {
            self.wanted.unread(name);
        }
    }
}

/// What a reference in text stands for: one of XML's five entities, or a character by its number.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character);
    }
    Some(match &**reference {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}
