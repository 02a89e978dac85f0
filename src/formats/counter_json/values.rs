//! Seeds for the small values of a report: texts, words, counts, lists of a few things, and what is skipped.
//!
//! All of them end at the parser's depth limit; [`Small`] also ends at a size, because a header is kept in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::names::shown;
use super::state::State;
use crate::formats::words::{Field, Standing};

/// How large a header, an exception or an item's list of identifiers may be, in bytes of text and parts.
pub(super) const SMALL: usize = 1024 * 1024;

/// Reads any value into memory, as long as it is small: `left` counts down, over several values if need be.
pub(super) struct Small<'a> {
    pub(super) left: &'a mut usize,
}

impl Small<'_> {
    fn take<E: Error>(&mut self, size: usize) -> Result<(), E> {
        match self.left.checked_sub(size.saturating_add(32)) {
            Some(left) => {
                *self.left = left;
                Ok(())
            }
            None => Err(E::custom("is larger than 1 MiB; no header, exception or description is")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Small<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Small<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(mut self, value: &str) -> Result<Value, E> {
        self.take(value.len())?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let mut list = vec![];
        while let Some(value) = seq.next_element_seed(Small { left: self.left })? {
            self.take(0)?;
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            self.take(name.len())?;
            let value = map.next_value_seed(Small { left: self.left })?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// Skips any value without keeping it, down to the depth limit (which `IgnoredAny` does not have).
pub(super) struct Skip;

impl<'de> DeserializeSeed<'de> for Skip {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(Self)?.is_some() {
            map.next_value_seed(Self)?;
        }
        Ok(())
    }
}

/// Reads a text; a number is a text too, nothing is the empty one, of a list it is the first.
pub(super) struct Text<'a, 's> {
    pub(super) state: &'a mut State<'s>,
    pub(super) name: &'static str,
}

impl<'de> DeserializeSeed<'de> for Text<'_, '_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Text<'_, '_> {
    fn odd(&mut self, what: &'static str) {
        let name = self.name;
        self.state.note(format!("{name} {what}"));
    }
}

impl<'de> Visitor<'de> for Text<'_, '_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text as {}", self.name)
    }

    fn visit_str<E>(self, value: &str) -> Result<String, E> {
        Ok(value.trim().to_owned())
    }

    fn visit_unit<E>(mut self) -> Result<String, E> {
        self.odd("is null");
        Ok(String::new())
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<String, E> {
        self.odd("is not a text");
        Ok(value.to_string())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<String, E> {
        self.odd("is a number");
        Ok(value.to_string())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<String, E> {
        self.odd("is a number");
        Ok(value.to_string())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<String, E> {
        self.odd("is a number");
        Ok(value.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<String, A::Error> {
        self.odd("is a list; its first entry is taken");
        let first = seq.next_element_seed(Text { state: self.state, name: self.name })?.unwrap_or_default();
        while seq.next_element_seed(Skip)?.is_some() {}
        Ok(first)
    }
}

/// Reads a word that repeats, without keeping its text again.
pub(super) struct Word<'a, 's> {
    pub(super) state: &'a mut State<'s>,
    pub(super) field: Field,
}

impl<'de> DeserializeSeed<'de> for Word<'_, '_> {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u32, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Word<'_, '_> {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text as {}", self.field.name())
    }

    fn visit_str<E>(self, value: &str) -> Result<u32, E> {
        Ok(word(self.state, self.field, value))
    }

    fn visit_unit<E>(self) -> Result<u32, E> {
        Ok(0)
    }

    fn visit_u64<E>(self, value: u64) -> Result<u32, E> {
        Ok(word(self.state, self.field, &value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<u32, E> {
        Ok(word(self.state, self.field, &value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<u32, A::Error> {
        let first = seq.next_element_seed(Word { state: self.state, field: self.field })?.unwrap_or_default();
        if seq.next_element_seed(Skip)?.is_some() {
            let what = format!("{} is a list of several", self.field.name());
            return Err(self.state.bad_row(what));
        }
        Ok(first)
    }
}

/// The number of a word; what is odd about it is noted.
pub(super) fn word(state: &mut State<'_>, field: Field, raw: &str) -> u32 {
    let (word, standing) = state.words(field).intern(raw);
    if standing != Standing::Known {
        let what = match standing {
            Standing::Respelt => format!("{} '{}' read as '{}'", field.name(), shown(raw), state.words(field).text(word)),
            _ => format!("unknown {} '{}'", field.name(), shown(raw)),
        };
        state.note(what);
    }
    word
}

/// Reads a count: a whole number from 0 to 2^63 - 1.
pub(super) struct Count<'a, 's>(pub(super) &'a mut State<'s>);

impl<'de> DeserializeSeed<'de> for Count<'_, '_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Count<'_, '_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        if value > i64::MAX.unsigned_abs() { Err(self.0.bad_row(format!("the count {value} is too large"))) } else { Ok(value) }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        u64::try_from(value).map_err(|_| self.0.bad_row(format!("the count {value} is below zero")))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<u64, E> {
        // Up to 2^53 a float is exactly the number that was written.
        if value.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&value) {
            self.0.note("counts written as decimal fractions");
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and in range")]
            return Ok(value as u64);
        }
        let why = if value < 0.0 {
            "is below zero"
        } else if value.fract() == 0.0 {
            "is too large"
        } else {
            "is not a whole number"
        };
        Err(self.0.bad_row(format!("the count {value} {why}")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<u64, E> {
        let digits = value.trim();
        let count = if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None };
        match count.filter(|count| *count <= i64::MAX.unsigned_abs()) {
            Some(count) => {
                self.0.note("counts written as text");
                Ok(count)
            }
            None => Err(self.0.bad_row(format!("the count '{}' is not a whole number from 0 to 2^63 - 1", shown(value)))),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<u64, E> {
        Err(self.0.bad_row("the count is null"))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<u64, E> {
        Err(self.0.bad_row(format!("the count is {value}")))
    }
}
