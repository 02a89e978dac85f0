//! From an archived reply to facts: read once to see what it holds, and once more into the store.
//!
//! The first reading tells [`Contents`] (months, sums, fingerprints) so that a report is judged before anything is written;
//! the second sends [`FactBatch`]es through a channel. Parsing runs on a thread of its own, in bounded memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::{BufReader, Read};

use tokio::sync::mpsc;

use super::places::{Placed, Places};
use crate::config::{SourceKind, SourceSettings};
use crate::formats::mapped;
use crate::formats::summary::{MonthDigests, Summary};
use crate::formats::{self, FormatError, Reading, RecordSink, Stopped, either};
use crate::model::usage::short_hash;
use crate::model::{Addresses, Item, Member, Month, UsageRecord};
use crate::store::{Fact, FactBatch, ItemRow, scope_word};

/// How many facts travel together.
const BATCH: usize = 4096;

/// Read from the archive at once.
const CHUNK: usize = 256 * 1024;

/// What a reply holds of one month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonthContents {
    /// Counts above zero.
    pub records: u64,
    /// Their sum.
    pub total: u64,
    /// The fingerprint of its facts, and of the rules by which they were made.
    pub digest: String,
}

/// What a reply holds.
#[derive(Debug)]
pub struct Contents {
    /// What it says of itself, or why it cannot be read.
    pub reading: Result<Reading, FormatError>,
    /// Per month.
    pub months: BTreeMap<Month, MonthContents>,
    /// The institutions that it is broken down to.
    pub members: BTreeSet<Member>,
}

/// Reads a reply to see what it holds; addresses that it names are put in their places first.
///
/// # Errors
/// Never: what is wrong with the reply is part of what is seen.
pub fn look(reader: impl Read, source: &SourceSettings, places: &dyn Places) -> Contents {
    let mut sink =
        Look { months: BTreeMap::new(), members: BTreeSet::new(), last: None, digests: MonthDigests::default(), overflow: false };
    let mut placed = Placed { sink: &mut sink, places };
    let mut reading = read(reader, source, &mut placed);
    if sink.overflow {
        reading = Err(FormatError::BadRow { place: "the whole report".into(), what: "its counts add up to 2^63 or more".into() });
    }
    let rules = product_rules(source);
    let (digests, members) = (sink.digests, sink.members);
    let months = sink
        .months
        .into_iter()
        .map(|(month, (records, total))| (month, MonthContents { records, total, digest: format!("{}-{rules}", digests.get(month)) }))
        .collect();
    Contents { reading, months, members }
}

/// Reads a file of a source for its figures.
///
/// # Errors
/// It cannot be read; see [`FormatError`].
pub fn summarise(reader: impl Read, source: &SourceSettings) -> Result<(Reading, Summary), FormatError> {
    let mut summary = Summary::default();
    let reading = read(reader, source, &mut summary)?;
    Ok((reading, summary))
}

/// Reads a reply of a source: the one place where it is chosen how.
///
/// Of a source with an interface of its own, what was archived in frames was fetched as its manifest says; what has none was brought as a
/// file. Any other source with a mapping has files alone, which are COUNTER reports, or else what the mapping reads.
fn read(mut reader: impl Read, source: &SourceSettings, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let Some(mapping) = &source.mapping else { return formats::read(BufReader::with_capacity(CHUNK, reader), sink) };
    if source.kind != SourceKind::Manifest {
        return either::read(BufReader::with_capacity(CHUNK, reader), mapping, sink);
    }
    let beginning = mapped::frames::beginning(&mut reader)?;
    let is_framed = mapped::frames::is_framed(&beginning);
    let reader = BufReader::with_capacity(CHUNK, std::io::Cursor::new(beginning).chain(reader));
    if is_framed { mapped::read(reader, mapping, sink) } else { formats::read(reader, sink) }
}

/// A fingerprint of what decides which product a fact belongs to, and of how a reply becomes facts where that is configured.
#[must_use]
pub fn product_rules(source: &SourceSettings) -> String {
    let mut rules = format!("{}|{:?}", source.product, source.product_rules);
    if let Some(mapping) = &source.mapping {
        let _ = write!(rules, "|{mapping:?}");
    }
    hex::encode(&short_hash(rules.as_bytes())[..4])
}

struct Look {
    months: BTreeMap<Month, (u64, u64)>,
    members: BTreeSet<Member>,
    /// The member of the record before: most records share it.
    last: Option<Member>,
    digests: MonthDigests,
    overflow: bool,
}

impl Look {
    fn add(&mut self, month: Month, count: u64) -> Result<(), Stopped> {
        let month = self.months.entry(month).or_default();
        month.0 += 1;
        match month.1.checked_add(count).filter(|sum| *sum < 1 << 63) {
            Some(sum) => month.1 = sum,
            None => {
                self.overflow = true;
                return Err(Stopped);
            }
        }
        Ok(())
    }
}

impl RecordSink for Look {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.months(record, &[(record.month, record.count)])
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        for (month, count) in counts {
            self.add(*month, *count)?;
        }
        if let Some(member) = like.member.filter(|member| self.last.as_ref() != Some(*member)) {
            self.last = Some(member.clone());
            if *member != Member::default() && !self.members.contains(member) {
                self.members.insert(member.clone());
            }
        }
        self.digests.add_months(like, counts);
        Ok(())
    }
}

/// Reads a reply into batches of facts of these months.
///
/// # Errors
/// The reply cannot be read, or nobody takes the batches any more.
pub fn send(
    reader: impl Read,
    source: &SourceSettings,
    places: &dyn Places,
    months: &BTreeSet<Month>,
    to: &mpsc::Sender<FactBatch>,
) -> Result<(), FormatError> {
    let mut sink = Batches {
        source,
        months,
        to,
        batch: FactBatch::default(),
        words: HashMap::new(),
        item: Item::default(),
        has_item: false,
        last: None,
    };
    read(reader, source, &mut Placed { sink: &mut sink, places })?;
    sink.flush()?;
    Ok(())
}

struct Batches<'a> {
    source: &'a SourceSettings,
    months: &'a BTreeSet<Month>,
    to: &'a mpsc::Sender<FactBatch>,
    batch: FactBatch,
    words: HashMap<String, u32>,
    item: Item,
    /// `item` is the last of the batch's items.
    has_item: bool,
    last: Option<Last>,
}

/// The attributes of the record before: most records share them with it, so that nothing is looked up.
struct Last {
    member: Option<Member>,
    addresses: Option<Addresses>,
    metric: String,
    data_type: String,
    access_method: String,
    access_type: String,
    yop: String,
    group: [u32; 5],
    access: [u32; 2],
}

impl Last {
    fn is_of(&self, record: &UsageRecord<'_>) -> bool {
        self.metric == record.metric
            && self.data_type == record.data_type
            && self.access_method == record.access_method
            && self.access_type == record.access_type
            && self.yop == record.yop
            && self.member.as_ref() == record.member
            && self.addresses == record.addresses
    }
}

impl Batches<'_> {
    fn word(&mut self, text: &str) -> u32 {
        if let Some(place) = self.words.get(text) {
            return *place;
        }
        let place = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.insert(text.to_owned(), place);
        self.batch.words.push(text.to_owned());
        place
    }

    /// The words of a record's group and of its access type and year of publication.
    fn words_of(&mut self, record: &UsageRecord<'_>) -> ([u32; 5], [u32; 2]) {
        if let Some(last) = self.last.as_ref().filter(|last| last.is_of(record)) {
            return (last.group, last.access);
        }
        let product = self.source.product_of(&record.item.platform, &record.item.database, &record.item.title, record.data_type);
        let product = product.to_string();
        let group = [
            self.word(&scope_word(record.member, record.addresses)),
            self.word(&product),
            self.word(record.metric),
            self.word(record.data_type),
            self.word(record.access_method),
        ];
        let access = [self.word(record.access_type), self.word(record.yop)];
        self.last = Some(Last {
            member: record.member.cloned(),
            addresses: record.addresses,
            metric: record.metric.into(),
            data_type: record.data_type.into(),
            access_method: record.access_method.into(),
            access_type: record.access_type.into(),
            yop: record.yop.into(),
            group,
            access,
        });
        (group, access)
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        self.has_item = false;
        let batch = std::mem::take(&mut self.batch);
        if batch.facts.is_empty() && batch.words.is_empty() { Ok(()) } else { self.to.blocking_send(batch).map_err(|_| Stopped) }
    }
}

impl RecordSink for Batches<'_> {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.months(record, &[(record.month, record.count)])
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        if !counts.iter().any(|(month, _)| self.months.contains(month)) {
            return Ok(());
        }
        if !self.has_item || self.item != *like.item {
            if self.item != *like.item {
                self.item = like.item.clone();
                self.last = None;
            }
            let body = serde_json::to_string(&self.item).unwrap_or_default();
            self.batch.items.push(ItemRow { fingerprint: self.item.fingerprint(), body });
            self.has_item = true;
        }
        let (group, [access_type, yop]) = self.words_of(like);
        let item = u32::try_from(self.batch.items.len() - 1).unwrap_or(u32::MAX);
        let asked = counts.iter().filter(|(month, _)| self.months.contains(month));
        self.batch.facts.extend(asked.map(|&(month, count)| Fact { item, month, group, access_type, yop, count }));
        if self.batch.facts.len() >= BATCH { self.flush() } else { Ok(()) }
    }
}
