//! What a report holds, in a few figures: what `import usage --dry-run` says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

pub use super::digest::MonthDigests;
use super::{FormatError, Reading, RecordSink, Stopped, counter_json};
use crate::model::{Month, UsageRecord};

/// The figures of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The months that have counts.
    pub months: BTreeSet<Month>,
    /// Counts above zero.
    pub records: u64,
    /// All counts together.
    pub sum: u128,
    /// All counts of each metric together.
    pub metrics: BTreeMap<String, u128>,
}

impl RecordSink for Summary {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.months.insert(record.month);
        self.records += 1;
        self.sum += u128::from(record.count);
        match self.metrics.get_mut(record.metric) {
            Some(sum) => *sum += u128::from(record.count),
            None => {
                self.metrics.insert(record.metric.to_owned(), u128::from(record.count));
            }
        }
        Ok(())
    }
}

/// Reads a report for its figures.
///
/// # Errors
/// It cannot be read; see [`FormatError`].
pub fn summarise(reader: impl Read) -> Result<(Reading, Summary), FormatError> {
    let mut summary = Summary::default();
    let reading = counter_json::read(reader, &mut summary)?;
    Ok((reading, summary))
}
