//! What a report holds, in a few figures: what `import usage --dry-run` says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

pub use super::digest::MonthDigests;
use super::{FormatError, Reading, RecordSink, Stopped};
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
        self.months(record, &[(record.month, record.count)])
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        self.months.extend(counts.iter().map(|(month, _)| *month));
        self.records += counts.len() as u64;
        let sum: u128 = counts.iter().map(|(_, count)| u128::from(*count)).sum();
        self.sum += sum;
        match self.metrics.get_mut(like.metric) {
            Some(known) => *known += sum,
            None => {
                self.metrics.insert(like.metric.to_owned(), sum);
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
    let reading = super::read(reader, &mut summary)?;
    Ok((reading, summary))
}
