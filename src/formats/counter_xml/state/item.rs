//! Counts and items as they end: what a count is called, when it was, and what it is of.

use super::super::customers::Attributes;
use super::super::values;
use super::super::vocabulary::{self, Standing};
use super::{Entry, State, WAITING, shown};
use crate::formats::FormatError;
use crate::model::usage::Related;

impl State<'_> {
    pub(super) fn end_instance(&mut self) -> Result<(), FormatError> {
        if self.metric == 0 {
            return Err(self.refused("has a count without a MetricType"));
        }
        let Some(count) = self.count.take() else { return Err(self.refused("has a metric without a Count")) };
        if self.pending.len() >= WAITING {
            return Err(self.refused("has more counts in one ItemPerformance than any report"));
        }
        self.pending.push((self.metric, count));
        Ok(())
    }

    pub(super) fn end_performance(&mut self) -> Result<(), FormatError> {
        if self.pending.is_empty() {
            self.note("an ItemPerformance without an Instance");
            return Ok(());
        }
        let Ok((month, odd)) = values::month(&self.begin, &self.end) else {
            let (begin, end) = (shown(&self.begin), shown(&self.end));
            return Err(self.refused(format!("the Period from '{begin}' to '{end}' is not one whole month")));
        };
        if let Some(odd) = odd {
            self.note(odd);
        }
        let years = values::years(&self.years[0], &self.years[1], &self.years[2]);
        let yop = self.word(&years)?;
        let mut pending = std::mem::take(&mut self.pending);
        for (raw, count) in pending.drain(..) {
            self.seen += 1;
            if count == 0 {
                continue;
            }
            let metric = match self.metrics.get(&(self.category, raw)) {
                Some(metric) => *metric,
                None => self.metric_of(raw)?,
            };
            self.entries.push(Entry { attributes: Attributes { metric, yop }, month, count });
        }
        self.pending = pending;
        self.metric = 0;
        if self.entries.len() >= WAITING {
            self.flush()?;
            self.sealed = true;
        }
        Ok(())
    }

    /// The metric of a category and a type that were not met together before.
    fn metric_of(&mut self, raw: u32) -> Result<u32, FormatError> {
        let (category, word) = (self.words.text(self.category).to_owned(), self.words.text(raw).to_owned());
        let (metric, standing) = vocabulary::metric(&category, &word);
        match standing {
            Standing::Known => {}
            Standing::Respelt => self.note(format!("MetricType '{}' read as '{metric}'", shown(&word))),
            Standing::Unknown => self.note(format!("unknown MetricType '{}'", shown(&word))),
            Standing::Elsewhere => {
                self.note(format!("MetricType '{}' in the Category '{}': kept apart as '{metric}'", shown(&word), shown(&category)));
            }
        }
        let number = self.word(&metric)?;
        self.metrics.insert((self.category, raw), number);
        Ok(number)
    }

    pub(super) fn end_item(&mut self) -> Result<(), FormatError> {
        if self.seen == 0 {
            self.note("items without counts");
        }
        self.flush()?;
        (self.described, self.sealed) = (0, false);
        if self.types.len() < 100 || self.types.contains_key(&self.data_type) {
            *self.types.entry(self.data_type.clone()).or_default() += 1;
        }
        Ok(())
    }

    /// Passes the item's counts on.
    fn flush(&mut self) -> Result<(), FormatError> {
        if !self.sealed {
            self.complete();
        }
        self.entries.sort_by_key(|entry| (entry.attributes, entry.month));
        let entries = std::mem::take(&mut self.entries);
        for of_metric in entries.chunk_by(|one, two| one.attributes == two.attributes) {
            let Some(first) = of_metric.first() else { continue };
            self.run.clear();
            self.run.extend(of_metric.iter().map(|entry| (entry.month, entry.count)));
            if let Some(twice) = of_metric.windows(2).find(|pair| pair.first().map(|e| e.month) == pair.last().map(|e| e.month)) {
                self.metric = first.attributes.metric;
                self.begin = twice.first().map(|entry| entry.month.to_string()).unwrap_or_default();
                self.note("the same metric and month more than once for one item: the counts were added");
            }
            self.customers.deliver(&self.item, &self.data_type, first.attributes, &self.run, &self.words)?;
        }
        self.entries = entries;
        self.entries.clear();
        Ok(())
    }

    /// Makes the item of what was said of it.
    fn complete(&mut self) {
        let (data_type, standing) = vocabulary::data_type(&self.data_type);
        match standing {
            Standing::Respelt => self.note(format!("ItemDataType '{}' read as '{data_type}'", shown(&self.data_type))),
            Standing::Unknown => self.note(format!("unknown ItemDataType '{}'", shown(&self.data_type))),
            Standing::Known | Standing::Elsewhere => {}
        }
        self.data_type = data_type;
        let name = self.name.clone();
        match vocabulary::family(&self.data_type).or_else(|| self.head.family()) {
            Some("MR") if self.data_type == "Multimedia" => self.item.item = name,
            Some("DB" | "MR") => self.item.database = name,
            Some("PR") if self.item.platform.is_empty() => self.item.platform = name,
            Some("PR") if self.item.platform == name => {}
            Some("PR") => self.item.item = name,
            _ => self.item.title = name,
        }
        if self.parent != Related::default() {
            self.parent.ids.sort_unstable();
            self.item.parent = Some(Box::new(std::mem::take(&mut self.parent)));
        }
        self.item.ids.sort_unstable();
        self.item.ids.dedup();
    }
}
