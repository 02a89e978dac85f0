//! Counts: `Performance` in the shape of R5 (periods with instances) and of R5.1 (metrics with months), told apart by what is there.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::names::{Name, NameSeed, shown};
use super::state::State;
use super::values::{Count, Skip, Text, Word, word};
use crate::formats::words::{Field, Standing};
use crate::model::Month;

/// Reads a `Performance` of a subject with these attributes.
pub(super) struct Performance<'a, 's> {
    pub(super) state: &'a mut State<'s>,
    pub(super) subject: usize,
    pub(super) attributes: usize,
}

impl<'s> Performance<'_, 's> {
    fn again(&mut self) -> Performance<'_, 's> {
        Performance { state: self.state, subject: self.subject, attributes: self.attributes }
    }
}

impl<'de> DeserializeSeed<'de> for Performance<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Performance<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Performance: a list of periods or an object of metrics")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.state.note("Performance is null");
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self.again())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, subject, attributes } = self;
        let mut first = state.waiting();
        let (mut month, mut dated, mut undated) = (None, false, false);
        state.at = (subject, 0, None);
        while let Some(key) = map.next_key_seed(PerformanceKey(state))? {
            match key {
                PerformanceKeyIs::Period => {
                    month = Some(map.next_value_seed(Period(state))?);
                    dated = true;
                }
                PerformanceKeyIs::Instance => {
                    undated = true;
                    map.next_value_seed(Instances { state, subject, attributes, month })?;
                }
                PerformanceKeyIs::Metric(metric) => {
                    state.at = (subject, metric, None);
                    map.next_value_seed(Counts { state, subject, attributes, metric })?;
                    // Counts whose Period is still to come cannot be passed on.
                    if !undated {
                        let mark = state.mark();
                        state.relieve(mark, false)?;
                        first = first.min(state.waiting());
                    }
                }
            }
            state.at = (subject, 0, None);
        }
        match month {
            Some(month) => state.date(first, month),
            None if undated => return Err(state.bad_row("has counts without a Period")),
            None => {}
        }
        if dated && !undated {
            state.note("a Period without an Instance");
        }
        let mark = state.mark();
        state.relieve(mark, false)
    }
}

enum PerformanceKeyIs {
    Period,
    Instance,
    Metric(u32),
}

struct PerformanceKey<'a, 's>(&'a mut State<'s>);

impl<'de> DeserializeSeed<'de> for PerformanceKey<'_, '_> {
    type Value = PerformanceKeyIs;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for PerformanceKey<'_, '_> {
    type Value = PerformanceKeyIs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Period, Instance or a metric")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(if text.eq_ignore_ascii_case("Period") {
            PerformanceKeyIs::Period
        } else if text.eq_ignore_ascii_case("Instance") || text.eq_ignore_ascii_case("Instances") {
            PerformanceKeyIs::Instance
        } else {
            PerformanceKeyIs::Metric(word(self.0, Field::Metric, text))
        })
    }
}

/// Reads the months of a metric (R5.1).
struct Counts<'a, 's> {
    state: &'a mut State<'s>,
    subject: usize,
    attributes: usize,
    metric: u32,
}

impl<'de> DeserializeSeed<'de> for Counts<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counts<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of months and counts")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.state.note("a metric is null");
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let metrics = self.state.words(Field::Metric);
        let name = metrics.text(self.metric).to_owned();
        if metrics.intern(&name).1 == Standing::Known {
            return Err(self.state.bad_row(format!("'{}' is not an object of months and counts", shown(text))));
        }
        self.state.note("unknown fields in Performance");
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, subject, attributes, metric } = self;
        if metric == 0 {
            return Err(state.bad_row("has a metric without a name"));
        }
        while let Some(month) = map.next_key_seed(MonthKey(state))? {
            state.at.2 = Some(month);
            let count = map.next_value_seed(Count(state))?;
            state.push(subject, attributes, metric, Some(month), count);
        }
        Ok(())
    }
}

struct MonthKey<'a, 's>(&'a mut State<'s>);

impl<'de> DeserializeSeed<'de> for MonthKey<'_, '_> {
    type Value = Month;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Month, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for MonthKey<'_, '_> {
    type Value = Month;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a month")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Month, E> {
        if let Ok(month) = text.parse() {
            return Ok(month);
        }
        self.0.at.2 = None;
        match day(text) {
            Some(date) if date.day() == 1 => {
                self.0.note("months written as their first day");
                Ok(Month::of(date))
            }
            _ => Err(self.0.bad_row(format!("'{}' is not a month", shown(text)))),
        }
    }
}

/// Reads the month that a `Period` is (R5).
struct Period<'a, 's>(&'a mut State<'s>);

impl<'de> DeserializeSeed<'de> for Period<'_, '_> {
    type Value = Month;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Month, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Period<'_, '_> {
    type Value = Month;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Period with Begin_Date and End_Date")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Month, A::Error> {
        let state = self.0;
        let (mut begin, mut end) = (String::new(), String::new());
        while let Some(name) = map.next_key_seed(NameSeed(state))? {
            match name {
                Some(Name::BeginDate) => begin = map.next_value_seed(Text { state, name: "Begin_Date" })?,
                Some(Name::EndDate) => end = map.next_value_seed(Text { state, name: "End_Date" })?,
                _ => {
                    state.note("unknown fields in a Period");
                    map.next_value_seed(Skip)?;
                }
            }
        }
        whole_month(state, &begin, &end)
    }
}

/// The month from `begin` to `end`; an end that misses its last days by a slip is the end of the month.
fn whole_month<E: Error>(state: &mut State<'_>, begin: &str, end: &str) -> Result<Month, E> {
    if let (Ok(first), Ok(last)) = (begin.parse::<Month>(), end.parse::<Month>())
        && first == last
    {
        state.note("a Period's dates are months");
        return Ok(first);
    }
    let refused = |state: &mut State<'_>| {
        let (begin, end) = (shown(begin), shown(end));
        Err(state.bad_row(format!("the Period from '{begin}' to '{end}' is not one whole month")))
    };
    let (Some(first), Some(last)) = (day(begin), day(end)) else { return refused(state) };
    let month = Month::of(first);
    if first.day() != 1 || Month::of(last) != month || last.day() < 28 {
        return refused(state);
    }
    if last != month.last_day() {
        state.note("a Period ends before the last day of its month; the whole month is meant");
    }
    if begin.len() > 10 || end.len() > 10 {
        state.note("a Period's dates have a time");
    }
    Ok(month)
}

/// The day of a date, with or without a time.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let rest = text.get(10..)?;
    let is_time = rest.is_empty() || rest.starts_with(['T', 't', ' ']);
    let digits = text.as_bytes()[..10].iter().enumerate().all(|(place, byte)| matches!(place, 4 | 7) || byte.is_ascii_digit());
    if is_time && digits { NaiveDate::parse_from_str(&text[..10], "%Y-%m-%d").ok() } else { None }
}

/// Reads the `Instance` of a period (R5): metrics and counts.
struct Instances<'a, 's> {
    state: &'a mut State<'s>,
    subject: usize,
    attributes: usize,
    month: Option<Month>,
}

impl<'s> Instances<'_, 's> {
    fn again(&mut self) -> Instances<'_, 's> {
        Instances { state: self.state, subject: self.subject, attributes: self.attributes, month: self.month }
    }
}

impl<'de> DeserializeSeed<'de> for Instances<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Instances<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an Instance with Metric_Type and Count")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.state.note("Instance is null");
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self.again())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, subject, attributes, month } = self;
        let (mut metric, mut count) = (0, None);
        state.at = (subject, 0, month);
        while let Some(name) = map.next_key_seed(NameSeed(state))? {
            match name {
                Some(Name::MetricType) => {
                    metric = map.next_value_seed(Word { state, field: Field::Metric })?;
                    state.at.1 = metric;
                }
                Some(Name::Count) => count = Some(map.next_value_seed(Count(state))?),
                _ => {
                    state.note("unknown fields in an Instance");
                    map.next_value_seed(Skip)?;
                }
            }
        }
        match (metric, count) {
            (0, _) => Err(state.bad_row("has a count without a Metric_Type")),
            (_, None) => Err(state.bad_row("has a metric without a Count")),
            (metric, Some(count)) => {
                state.push(subject, attributes, metric, month, count);
                Ok(())
            }
        }
    }
}
