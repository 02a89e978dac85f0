//! Where header, items and exceptions stand in a reply: at the root, in a header, wrapped, listed, quoted.
//!
//! [`Document`] reads it all into the state and a [`Shape`]; [`finish`] decides what the whole is.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::header::{exceptions, header, text};
use super::item::Items;
use super::names::{Name, NameSeed, shown};
use super::state::State;
use super::values::{SMALL, Skip, Small};
use crate::formats::{FormatError, Reading};
use crate::model::Exception;

/// How deep wrappings may go.
const WRAPPINGS: usize = 4;

/// What was found of a reply.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Something was understood.
    pub(super) began: bool,
    header: Option<Map<String, Value>>,
    /// Fields of a header that stand at the root.
    root: Map<String, Value>,
    /// Lists of report items.
    lists: u32,
    /// What the vendor says that is no exception.
    says: Vec<String>,
}

/// Reads a reply, or what is wrapped in it.
pub(super) struct Document<'a, 's> {
    pub(super) state: &'a mut State<'s>,
    pub(super) shape: &'a mut Shape,
    pub(super) depth: usize,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Document<'_, '_> {
    fn scalar(self, what: &str) {
        self.shape.began = true;
        self.shape.says.push(what.to_owned());
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a COUNTER report or an exception")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar("null");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.scalar(&value.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.scalar(&value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.scalar(&value.to_string());
        Ok(())
    }

    /// Text within a wrapping that holds JSON.
    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        let Self { state, shape, depth } = self;
        if depth < WRAPPINGS && value.trim_start().starts_with(['{', '[']) {
            state.notes.add("the report is text that holds JSON", || "the whole reply".into());
            let mut json = serde_json::Deserializer::from_str(value);
            let read = Document { state: &mut *state, shape, depth: depth + 1 }.deserialize(&mut json).and_then(|()| json.end());
            return read.map_err(|error| {
                let what = format!("text that holds JSON is broken: {error}");
                state.fail(FormatError::NotReport(what))
            });
        }
        shape.says.push(shown(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { state, shape, depth } = self;
        if depth >= WRAPPINGS {
            return Skip.visit_seq(seq);
        }
        while seq.next_element_seed(Document { state: &mut *state, shape: &mut *shape, depth: depth + 1 })?.is_some() {
            shape.began = true;
        }
        shape.began = true;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, shape, depth } = self;
        let mut left = SMALL;
        let mut naked = Map::new();
        let mut others: Vec<(String, String)> = vec![];
        while let Some(name) = map.next_key_seed(NameSeed(state))? {
            shape.began = true;
            match name {
                Some(Name::ReportItems) => {
                    shape.lists += 1;
                    if shape.lists > 1 {
                        return Err(state.fail(FormatError::NotReport("it holds more than one list of Report_Items".into())));
                    }
                    state.reading.has_items = true;
                    map.next_value_seed(Items(state))?;
                }
                Some(Name::ReportHeader) => match map.next_value_seed(Small { left: &mut left })? {
                    Value::Object(object) => {
                        let found = object.iter().filter(|(key, _)| is(key, Name::Exceptions)).flat_map(|(_, value)| exceptions(value));
                        state.reading.exceptions.extend(found);
                        shape.header.get_or_insert(object);
                    }
                    Value::Null => state.notes.add("Report_Header is null", || "Report_Header".into()),
                    _ => return Err(state.fail(FormatError::NotReport("its Report_Header is not an object".into()))),
                },
                Some(Name::Exceptions) => {
                    let value = map.next_value_seed(Small { left: &mut left })?;
                    let found = exceptions(&value);
                    if found.is_empty() && !text(&value).is_empty() {
                        shape.says.push(shown(&text(&value)));
                    }
                    state.reading.exceptions.extend(found);
                }
                Some(Name::Body | Name::Response) if depth < WRAPPINGS => {
                    if name == Some(Name::Body) {
                        state.notes.add("the report is wrapped in another object", || "body".into());
                    }
                    let says = shape.says.len();
                    map.next_value_seed(Document { state: &mut *state, shape: &mut *shape, depth: depth + 1 })?;
                    shape.says.truncate(says);
                }
                Some(name @ (Name::Code | Name::Message | Name::Severity | Name::HelpUrl | Name::Data)) => {
                    let value = map.next_value_seed(Small { left: &mut left })?;
                    naked.insert(name.text().to_owned(), value);
                }
                Some(name) if is_of_header(name) => {
                    let value = map.next_value_seed(Small { left: &mut left })?;
                    shape.root.insert(name.text().to_owned(), value);
                }
                Some(name) => {
                    others.push((name.text().to_owned(), String::new()));
                    map.next_value_seed(Skip)?;
                }
                None => {
                    let name = std::mem::take(&mut state.unknown_name);
                    let value = map.next_value_seed(Glance)?;
                    if others.len() < 20 {
                        others.push((name, value));
                    }
                }
            }
        }
        if !naked.is_empty() {
            let naked = Value::Object(naked);
            let found: Vec<Exception> = exceptions(&naked);
            if found.is_empty() {
                let message = naked.get(Name::Message.text()).map(text).unwrap_or_default();
                others.push(("Message".into(), shown(&message)));
            }
            state.reading.exceptions.extend(found);
        }
        shape.began = true;
        for (name, value) in others {
            if depth == 0 && shape.lists > 0 {
                state.notes.add(format!("unknown field '{}' beside Report_Items", shown(&name)), || "the whole reply".into());
            }
            shape.says.push(if value.is_empty() { name } else { format!("{name}: {value}") });
        }
        Ok(())
    }
}

fn is(key: &str, name: Name) -> bool {
    super::names::known(key).is_some_and(|(known, _)| known == name)
}

fn is_of_header(name: Name) -> bool {
    matches!(
        name,
        Name::Release
            | Name::ReportId
            | Name::ReportName
            | Name::Created
            | Name::CreatedBy
            | Name::CustomerId
            | Name::InstitutionName
            | Name::InstitutionId
            | Name::ReportFilters
            | Name::ReportAttributes
    )
}

/// Skips a value; of a short text it keeps what fits into a message.
struct Glance;

impl<'de> DeserializeSeed<'de> for Glance {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Glance {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(shown(text))
    }

    fn visit_u64<E>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E>(self, value: f64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_bool<E>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<String, A::Error> {
        Skip.visit_seq(seq).map(|()| String::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
        Skip.visit_map(map).map(|()| String::new())
    }
}

/// Decides what was read.
pub(super) fn finish(state: State<'_>, shape: Shape) -> Result<Reading, FormatError> {
    let State { mut reading, mut notes, .. } = state;
    let has_header = shape.header.is_some();
    if !reading.has_items && !has_header && reading.exceptions.is_empty() {
        let says = if shape.says.is_empty() { String::new() } else { format!("; it holds {}", shown(&shape.says.join(", "))) };
        return Err(FormatError::NotReport(format!("it has neither Report_Items nor an exception{says}")));
    }
    let mut object = shape.header.unwrap_or_default();
    if !shape.root.is_empty() {
        notes.add("fields of the header at the root", || "the whole reply".into());
        for (name, value) in shape.root {
            object.entry(name).or_insert(value);
        }
    }
    if object.is_empty() {
        if reading.has_items {
            notes.add("there is no Report_Header", || "the whole reply".into());
        }
    } else {
        reading.header = header(&object, &mut notes);
    }
    if !reading.has_items && reading.exceptions.is_empty() {
        notes.add("there are neither Report_Items nor an exception", || "the whole reply".into());
    }
    if let Some(report) = &reading.header.report
        && let Some(like) = reading.looks_like
        && reading.records > 0
        && report.is_counter()
        && report.master() != like
    {
        notes.add(format!("it says that it is {report}, its items look like {like}"), || "Report_Header".into());
    }
    reading.notes = notes.into_notes();
    Ok(reading)
}
