//! JSON: rows along a path, as a stream; and JSON with a row on each line.
//!
//! One row at a time is in memory, as a value. What a field looks for around the rows is kept as it passes; where it comes only after
//! the rows, they wait for it, up to a limit.

use std::io::BufRead;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Value};

use super::limited::{Limited, Used, beginning, too_long};
use super::rows::Take;
use super::{FormatError, Wanted};
use crate::formats::counter_json::without_addresses;
use crate::formats::lines::{LineError, Lines};
use crate::model::manifest::place::{Find, JsonStep, Place, follow};
use crate::model::manifest::{Mapping, RowsAt};

/// Rows that wait for what stands after them take no more memory than this, in bytes of their cells.
const MOST_WAITING: usize = 32 * 1024 * 1024;

/// Passes the rows of a document on.
pub(super) fn read(mut reader: impl BufRead, mapping: &Mapping, take: &mut dyn Take, wanted: &mut Wanted<'_>) -> Result<(), FormatError> {
    let RowsAt::Json(steps) = &mapping.rows else { return Err(FormatError::NotReport("the mapping is not one of JSON".into())) };
    let (first, beginning) = beginning(&mut reader)?;
    if !matches!(first, Some(b'{' | b'[')) {
        return Err(FormatError::NotJson { beginning: without_addresses(&beginning) });
    }
    let (reader, used) = Limited::new(reader);
    let mut state = State::new(mapping, steps, take, wanted, used);
    let mut json = Deserializer::from_reader(reader);
    let read = Walk { state: &mut state, step: 0, level: 0 }.deserialize(&mut json).and_then(|()| json.end());
    if let Some(failed) = state.failed.take() {
        return Err(failed);
    }
    read.map_err(|error| state.wrong(error))?;
    if !state.found && !mapping.may_be_absent {
        let what = "there are no rows where the path of rows leads; if that means that there was no use, say may_be_absent = true in rows";
        return Err(FormatError::NotReport(what.into()));
    }
    Ok(())
}

/// Passes the rows of lines on.
pub(super) fn lines(reader: impl BufRead, mapping: &Mapping, take: &mut dyn Take, wanted: &mut Wanted<'_>) -> Result<(), FormatError> {
    let mut lines = Lines::new(reader);
    let mut line = Vec::new();
    loop {
        let number = match lines.next(&mut line) {
            Ok(Some(number)) => number,
            Ok(None) => return Ok(()),
            Err(LineError::Io(error)) => return Err(error.into()),
            Err(LineError::Bad { line, what }) => return Err(bad_line(line, what)),
        };
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Ok(value) = serde_json::from_slice::<Value>(&line) else {
            return Err(match number {
                1 => FormatError::NotJson { beginning: without_addresses(&String::from_utf8_lossy(line.get(..200).unwrap_or(&line))) },
                _ => bad_line(number, "is not JSON"),
            });
        };
        unread(&value, mapping, wanted);
        take.row(number, &mut cells(&value, mapping))?;
    }
}

fn bad_line(line: u64, what: &str) -> FormatError {
    FormatError::BadRow { place: format!("line {line}"), what: what.into() }
}

/// The cells of a row that stand in it.
fn cells(row: &Value, mapping: &Mapping) -> Vec<Option<String>> {
    let cell = |place: &Place| match &place.find {
        _ if place.up > 0 => None,
        Find::Json(steps) => follow(row, steps).and_then(text),
        Find::Query(query) => query.query(row).first().and_then(text),
        _ => None,
    };
    mapping.places.iter().map(cell).collect()
}

/// A value as text; nothing for null, for objects, and for lists of more than one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Array(items) => match items.as_slice() {
            [only] => text(only),
            _ => None,
        },
        Value::Null | Value::Object(_) => None,
    }
}

/// Tells which fields of a row nothing reads.
fn unread(row: &Value, mapping: &Mapping, wanted: &mut Wanted<'_>) {
    let (Some(object), true) = (row.as_object(), wanted.unread.is_some()) else { return };
    let is_read = |name: &str| {
        mapping.places.iter().any(|place| match &place.find {
            Find::Json(steps) => place.up == 0 && matches!(steps.first(), Some(JsonStep::Key(key)) if key == name),
            Find::Query(_) => place.as_str().contains(name),
            _ => false,
        })
    };
    object.keys().filter(|name| !is_read(name)).for_each(|name| wanted.unread(name));
}

/// What is kept of an object around the rows.
struct Capture {
    steps: Vec<JsonStep>,
    target: Target,
}

#[derive(Clone, Copy)]
enum Target {
    /// A cell of the rows in it.
    Cell(usize),
    /// A place of the whole page.
    Page(usize),
}

/// A row that waits for what stands after it.
struct Waiting {
    number: u64,
    cells: Vec<Option<String>>,
    /// Its cells that are missing, and the level at which they may come.
    missing: Vec<(usize, usize)>,
}

struct State<'s, 'w> {
    mapping: &'s Mapping,
    steps: &'s [JsonStep],
    take: &'s mut dyn Take,
    wanted: &'s mut Wanted<'w>,
    used: Used,
    /// What is kept, by the level of the object: the outermost is 0.
    captures: Vec<Vec<Capture>>,
    /// The cells that come from around the rows: which, from which level, and what was found so far.
    around: Vec<(usize, usize, Option<String>)>,
    waiting: Vec<Waiting>,
    waiting_size: usize,
    rows: u64,
    found: bool,
    failed: Option<FormatError>,
}

impl<'s, 'w> State<'s, 'w> {
    fn new(mapping: &'s Mapping, steps: &'s [JsonStep], take: &'s mut dyn Take, wanted: &'s mut Wanted<'w>, used: Used) -> Self {
        let levels = steps.iter().filter(|step| matches!(step, JsonStep::Key(_))).count();
        let mut captures: Vec<Vec<Capture>> = (0..levels).map(|_| Vec::new()).collect();
        let mut around = Vec::new();
        for (cell, place) in mapping.places.iter().enumerate().filter(|(_, place)| place.up > 0) {
            if let (Some(level), Find::Json(steps)) = (levels.checked_sub(place.up), &place.find) {
                if let Some(captures) = captures.get_mut(level) {
                    captures.push(Capture { steps: steps.clone(), target: Target::Cell(cell) });
                }
                around.push((cell, level, None));
            }
        }
        for (number, place) in wanted.places.iter().enumerate() {
            let Find::Json(place) = &place.find else { continue };
            if let Some((level, rest)) = on_the_way(steps, place)
                && let Some(captures) = captures.get_mut(level)
            {
                captures.push(Capture { steps: rest.to_vec(), target: Target::Page(number) });
            }
        }
        Self {
            mapping,
            steps,
            take,
            wanted,
            used,
            captures,
            around,
            waiting: Vec::new(),
            waiting_size: 0,
            rows: 0,
            found: false,
            failed: None,
        }
    }

    fn wrong(&self, error: serde_json::Error) -> FormatError {
        if self.used.exceeded() {
            return too_long(format!("row {}", self.rows + 1));
        }
        let (line, column) = (error.line(), error.column());
        if error.is_io() {
            return FormatError::Io(error.into());
        }
        let what = if error.is_eof() { "it ends in the middle".to_owned() } else { error.to_string() };
        let what = what.split(" at line ").next().unwrap_or_default().to_owned();
        FormatError::Broken { line, column, what }
    }

    /// An object on the way to the rows begins.
    fn enter(&mut self, level: usize) {
        self.around.iter_mut().filter(|(_, of, _)| *of == level).for_each(|(_, _, found)| *found = None);
    }

    /// Whether something is kept of what stands under a name.
    fn wants(&self, level: usize, key: &str) -> bool {
        let captures = self.captures.get(level).map_or(&[][..], Vec::as_slice);
        captures.iter().any(|capture| matches!(capture.steps.first(), Some(JsonStep::Key(first)) if first == key))
    }

    fn keep(&mut self, level: usize, key: &str, value: &Value) {
        for capture in self.captures.get(level).map_or(&[][..], Vec::as_slice) {
            let Some((JsonStep::Key(first), rest)) = capture.steps.split_first() else { continue };
            if first != key {
                continue;
            }
            let there = follow(value, rest);
            let found = there.and_then(text);
            match capture.target {
                Target::Page(number) => {
                    if let Some(place) = self.wanted.found.get_mut(number) {
                        *place = found.or_else(|| there.map(|_| String::new()));
                    }
                }
                Target::Cell(cell) => {
                    let known = self.around.iter_mut().filter(|(of, at, _)| *of == cell && *at == level);
                    known.for_each(|(_, _, known)| known.clone_from(&found));
                }
            }
        }
    }

    /// A row.
    fn row(&mut self, value: &Value) -> Result<(), FormatError> {
        self.rows += 1;
        self.found = true;
        unread(value, self.mapping, self.wanted);
        let mut cells = cells(value, self.mapping);
        let mut missing = Vec::new();
        for (cell, level, found) in &self.around {
            match (found, cells.get_mut(*cell)) {
                (Some(found), Some(cell)) => *cell = Some(found.clone()),
                _ => missing.push((*cell, *level)),
            }
        }
        if missing.is_empty() {
            return self.take.row(self.rows, &mut cells);
        }
        self.waiting_size += cells.iter().flatten().map(String::len).sum::<usize>() + 64 * (1 + cells.len());
        if self.waiting_size > MOST_WAITING {
            let what =
                "a value that is looked for around the rows (^) does not stand before them, and there are too many rows to wait for it";
            return Err(FormatError::BadRow { place: format!("row {}", self.rows), what: what.into() });
        }
        self.waiting.push(Waiting { number: self.rows, cells, missing });
        Ok(())
    }

    /// An object on the way to the rows has ended: what was not found in it is not there.
    fn leave(&mut self, level: usize) -> Result<(), FormatError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut still = Vec::new();
        for mut row in std::mem::take(&mut self.waiting) {
            for (cell, _) in row.missing.iter().filter(|(_, at)| *at == level) {
                let found = self.around.iter().find(|(of, at, _)| of == cell && *at == level).and_then(|(_, _, found)| found.clone());
                if let Some(place) = row.cells.get_mut(*cell) {
                    *place = found;
                }
            }
            row.missing.retain(|(_, at)| *at != level);
            if row.missing.is_empty() {
                self.take.row(row.number, &mut row.cells)?;
            } else {
                still.push(row);
            }
        }
        if still.is_empty() {
            self.waiting_size = 0;
        }
        self.waiting = still;
        Ok(())
    }
}

/// The level of the object on the way to the rows from which a place is found, and the way from there; nothing if it lies in what is read
/// row by row.
fn on_the_way<'p>(rows: &[JsonStep], place: &'p [JsonStep]) -> Option<(usize, &'p [JsonStep])> {
    let mut level = 0;
    let mut rest = place;
    loop {
        let first = rest.first()?;
        if rows.get(level) != Some(first) {
            // An object is at this level only if all steps so far lead through objects.
            return matches!((rows.get(level), first), (Some(JsonStep::Key(_)), JsonStep::Key(_))).then_some((level, rest));
        }
        if !matches!(rows.get(level + 1), Some(JsonStep::Key(_))) {
            return None;
        }
        level += 1;
        rest = rest.get(1..)?;
    }
}

/// One step on the way to the rows.
struct Walk<'k, 's, 'w> {
    state: &'k mut State<'s, 'w>,
    step: usize,
    level: usize,
}

impl Walk<'_, '_, '_> {
    /// Keeps what went wrong, and ends reading.
    fn stop<E: serde::de::Error>(&mut self, failed: FormatError) -> E {
        self.state.failed = Some(failed);
        E::custom("stopped")
    }

    fn other<E: serde::de::Error>(&mut self, what: &str) -> E {
        let step = match self.state.steps.get(self.step) {
            Some(JsonStep::Key(key)) => format!("an object with '{key}' in it"),
            _ => "a list of rows".to_owned(),
        };
        self.stop(FormatError::NotReport(format!("there is {what} where the path of rows wants {step}")))
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        if self.step < self.state.steps.len() {
            return deserializer.deserialize_any(self);
        }
        self.state.used.begin();
        let value: Value = serde::Deserialize::deserialize(deserializer)?;
        self.state.row(&value).map_err(|failed| self.stop(failed))
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("what leads to the rows")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let Some(JsonStep::Key(wanted)) = self.state.steps.get(self.step) else {
            // Each of an object's values, as RFC 9535 has it.
            self.state.found = true;
            while map.next_key::<IgnoredAny>()?.is_some() {
                self.state.used.begin();
                map.next_value_seed(Walk { state: self.state, step: self.step + 1, level: self.level })?;
            }
            return Ok(());
        };
        let level = self.level;
        self.state.enter(level);
        self.state.used.begin();
        while let Some(key) = map.next_key::<String>()? {
            self.state.used.begin();
            if key == *wanted {
                map.next_value_seed(Walk { state: self.state, step: self.step + 1, level: level + 1 })?;
            } else if self.state.wants(level, &key) {
                let value: Value = map.next_value()?;
                self.state.keep(level, &key, &value);
            } else {
                let used = self.state.used.clone();
                map.next_value_seed(Skip(&used))?;
            }
            self.state.used.begin();
        }
        self.state.leave(level).map_err(|failed| self.stop(failed))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        if self.state.steps.get(self.step) != Some(&JsonStep::Each) {
            return Err(self.other("a list"));
        }
        self.state.found = true;
        self.state.used.begin();
        while seq.next_element_seed(Walk { state: self.state, step: self.step + 1, level: self.level })?.is_some() {
            self.state.used.begin();
        }
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        // Null where a list would be: no rows.
        self.state.found |= self.state.steps.get(self.step) == Some(&JsonStep::Each);
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(mut self, _: bool) -> Result<(), E> {
        Err(self.other("true or false"))
    }

    fn visit_i64<E: serde::de::Error>(mut self, _: i64) -> Result<(), E> {
        Err(self.other("a number"))
    }

    fn visit_u64<E: serde::de::Error>(mut self, _: u64) -> Result<(), E> {
        Err(self.other("a number"))
    }

    fn visit_f64<E: serde::de::Error>(mut self, _: f64) -> Result<(), E> {
        Err(self.other("a number"))
    }

    fn visit_str<E: serde::de::Error>(mut self, _: &str) -> Result<(), E> {
        Err(self.other("a text"))
    }
}

/// Passes over a value. Unlike serde's own, it goes no deeper than the parser allows.
struct Skip<'u>(&'u Used);

impl<'de> DeserializeSeed<'de> for Skip<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            self.0.begin();
            map.next_value_seed(Skip(self.0))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Skip(self.0))?.is_some() {
            self.0.begin();
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
