//! Reads values by their names, and keeps what is wrong with them instead of stopping at the first.

use config::{Map, Value, ValueKind};

use super::layers::{Place, Places};
use super::problem::{Problem, shown};

/// Where problems go, and where places are known.
pub struct Reader<'a> {
    /// The place of every value.
    pub places: &'a Places,
    /// What is wrong.
    pub problems: &'a mut Vec<Problem>,
    /// What is probably not meant.
    pub warnings: &'a mut Vec<String>,
}

/// A table whose entries are read, and how it is called in messages.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    /// Before a key's name: `harvest`, `source idunn`.
    pub name: &'a str,
    /// Its entries.
    pub table: &'a Map<String, Value>,
}

impl<'a> Section<'a> {
    /// A key's full name.
    pub fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.table.get(key)
    }
}

impl Reader<'_> {
    /// A problem with a value.
    pub fn problem(&mut self, section: &Section<'_>, key: &str, what: impl Into<String>) {
        let place = section.get(key).map(|value| self.places.of(value)).unwrap_or_default();
        self.at(&place, section.key(key), what);
    }

    /// A problem at a place.
    pub fn at(&mut self, place: &Place, key: String, what: impl Into<String>) {
        self.problems.push(Problem { place: place.text.clone(), key, what: what.into() });
    }

    /// A text, as `parse` reads it. Nothing if it is not given, or wrong.
    pub fn parse<T>(&mut self, section: &Section<'_>, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.parse_at(section, key, |text, _| parse(text))
    }

    /// Likewise, where the place matters.
    pub fn parse_at<T>(&mut self, section: &Section<'_>, key: &str, parse: impl FnOnce(&str, &Place) -> Result<T, String>) -> Option<T> {
        let value = section.get(key)?;
        let place = self.places.of(value);
        let parsed = match &value.kind {
            ValueKind::String(text) if text.trim().is_empty() => Err("is empty; leave it out if there is nothing to say".into()),
            ValueKind::String(text) => parse(text.trim(), &place),
            // What is right for it is known only to `parse`.
            ValueKind::I64(number) => Err(match parse(&number.to_string(), &place) {
                Ok(_) => format!("is the number {number}, but must be a text: \"{number}\""),
                Err(what) => format!("{what}, in quotes"),
            }),
            other => Err(format!("is {}, but must be a text in quotes", described(other))),
        };
        parsed.map_err(|what| self.at(&place, section.key(key), what)).ok()
    }

    /// A whole number within bounds.
    pub fn number(&mut self, section: &Section<'_>, key: &str, low: u32, high: u32) -> Option<u32> {
        let value = section.get(key)?;
        let number = match value.kind {
            ValueKind::I64(number) => u32::try_from(number).ok().filter(|number| (low..=high).contains(number)),
            _ => None,
        };
        if number.is_none() {
            self.problem(section, key, format!("is {}, but must be a whole number from {low} to {high}", described(&value.kind)));
        }
        number
    }

    /// `true` or `false`.
    pub fn switch(&mut self, section: &Section<'_>, key: &str) -> Option<bool> {
        let value = section.get(key)?;
        if let ValueKind::Boolean(switch) = value.kind {
            return Some(switch);
        }
        self.problem(section, key, format!("is {}, but must be true or false, without quotes", described(&value.kind)));
        None
    }

    /// A list of texts, each as `parse` reads it.
    pub fn list<T>(&mut self, section: &Section<'_>, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let value = section.get(key)?;
        let ValueKind::Array(items) = &value.kind else {
            self.problem(section, key, format!("is {}, but must be a list of texts: [\"…\", \"…\"]", described(&value.kind)));
            return None;
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let parsed = match &item.kind {
                ValueKind::String(text) => parse(text),
                other => Err(format!("{} is in the list, but all of it must be texts in quotes", described(other))),
            };
            match parsed {
                Ok(parsed) => list.push(parsed),
                Err(what) => self.at(&self.places.of(item), section.key(key), what),
            }
        }
        (list.len() == items.len()).then_some(list)
    }
}

/// A value in words.
pub fn described(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Nil => "nothing".into(),
        ValueKind::Boolean(switch) => format!("{switch}"),
        ValueKind::I64(number) => format!("the number {number}"),
        ValueKind::Float(number) => format!("the number {number}"),
        ValueKind::String(text) => format!("the text '{}'", shown(text)),
        ValueKind::Table(_) => "a section".into(),
        ValueKind::Array(_) => "a list".into(),
        _ => "a large number".into(),
    }
}
