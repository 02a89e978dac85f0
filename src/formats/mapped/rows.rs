//! From the cells of a row to usage: [`Rows`] checks a row, and passes its counts on.

use std::collections::{BTreeMap, BTreeSet};

use super::super::identifiers::identifier;
use super::super::notes::Notes;
use super::super::usage_table::{is_address, is_metric, range};
use super::super::words::{Field as Word, Standing, Words};
use super::super::{FormatError, Reading, RecordSink};
use crate::model::manifest::{Counts, Field, Format, From, Institution, Keep, Mapping, MonthField, Text};
use crate::model::{Addresses, Item, Member, Month, MonthRange, ReportHeader, UsageRecord};

/// So many different words are kept from row to row.
const WORDS: usize = 4096;

/// Takes rows as they are found.
pub(super) trait Take {
    /// A row: its number, or that of its line, and its cells in the order of the mapping's places.
    fn row(&mut self, number: u64, cells: &mut Vec<Option<String>>) -> Result<(), FormatError>;
}

/// What became of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSeen {
    /// Where it is.
    pub place: String,
    /// The month; nothing if the row does not count.
    pub month: Option<Month>,
    /// Metrics and counts, zeros included, with whose they are if a metric has its own institution.
    pub counts: Vec<(String, u64, Option<Member>)>,
    /// What was used, as a title or whatever names it.
    pub title: String,
    /// Whose use it is, if the row says that.
    pub member: Option<Member>,
    /// Whether it names addresses; they are not shown.
    pub addresses: bool,
    /// Why it is left out: a filter.
    pub left_out: bool,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// What became of the rows of a payload that was only looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The first of them.
    pub first: Vec<RowSeen>,
    /// How many there are.
    pub rows: u64,
    /// How many filters left out.
    pub left_out: u64,
    /// How many are wrong.
    pub wrong: u64,
    /// The first of those that are wrong, and that are not among the first.
    pub more_wrong: Vec<RowSeen>,
    /// Counts above zero.
    pub records: u64,
    /// The sum of each metric in each month.
    pub sums: BTreeMap<(Month, String), u128>,
    /// Fields of the rows that the mapping does not read.
    pub unread: BTreeSet<String>,
}

/// What is known while rows are read.
pub(super) struct Rows<'a> {
    mapping: &'a Mapping,
    sink: &'a mut dyn RecordSink,
    /// The months that were asked for, if that is known.
    pub asked: Option<MonthRange>,
    /// The page at hand, from 1.
    pub page: u64,
    /// Fields of the rows that the mapping does not read.
    pub unread: BTreeSet<String>,
    notes: Notes,
    /// Data type, access method, access type, year of publication, metric.
    words: [Words; 5],
    /// Which of the mapping's places had something in some row.
    filled: Vec<bool>,
    rows: u64,
    kept: u64,
    records: u64,
    watching: Option<(usize, Seen)>,
}

/// One count of a row.
struct Count<'m> {
    metric: u32,
    count: u64,
    institution: Option<&'m Institution>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(mapping: &'a Mapping, sink: &'a mut dyn RecordSink) -> Self {
        Self {
            mapping,
            sink,
            asked: None,
            page: 1,
            unread: BTreeSet::new(),
            notes: Notes::default(),
            words: [Word::DataType, Word::AccessMethod, Word::AccessType, Word::Yop, Word::Metric].map(Words::new),
            filled: vec![false; mapping.places.len()],
            rows: 0,
            kept: 0,
            records: 0,
            watching: None,
        }
    }

    /// From now on rows that are wrong are told and passed over, and the first `most` are told in any case.
    pub(super) fn watch(&mut self, most: usize) {
        self.watching = Some((most, Seen::default()));
    }

    pub(super) fn is_watched(&self) -> bool {
        self.watching.is_some()
    }

    /// What the payload held.
    pub(super) fn finish(self) -> Result<Reading, FormatError> {
        self.check_filled()?;
        Ok(self.reading())
    }

    /// The same with what became of the rows.
    pub(super) fn seen(mut self) -> Result<(Reading, Seen), FormatError> {
        let (_, mut seen) = self.watching.take().unwrap_or_default();
        if seen.wrong == 0 {
            self.check_filled()?;
        }
        seen.unread = std::mem::take(&mut self.unread);
        seen.rows = self.rows;
        seen.records = self.records;
        Ok((self.reading(), seen))
    }

    /// A slip in the name of what is counted must not look like no use.
    fn check_filled(&self) -> Result<(), FormatError> {
        let place = |field: &Field| if let From::Place(number) = field.from { Some(number) } else { None };
        let counted: Vec<usize> = match &self.mapping.counts {
            Counts::Fields(metrics) => metrics.iter().filter_map(|metric| place(&metric.count)).collect(),
            Counts::Named { count, .. } => place(count).into_iter().collect(),
        };
        let is_filled = |number: &usize| self.filled.get(*number).copied().unwrap_or(false);
        if self.kept == 0 || counted.is_empty() || counted.iter().any(is_filled) {
            return Ok(());
        }
        let names: Vec<String> =
            counted.iter().filter_map(|number| self.mapping.places.get(*number)).map(|place| format!("'{}'", place.as_str())).collect();
        Err(FormatError::NotReport(format!("none of the {} rows has {}, which is counted", self.kept, names.join(" or "))))
    }

    fn reading(mut self) -> Reading {
        for (number, place) in self.mapping.places.iter().enumerate() {
            if self.kept > 0 && !self.filled.get(number).copied().unwrap_or(true) {
                self.notes.add(format!("'{}' is empty or missing in every row", place.as_str()), || "all rows".into());
            }
        }
        let header = ReportHeader { report: Some(self.mapping.report.clone()), ..ReportHeader::default() };
        let (notes, records) = (self.notes.into_notes(), self.records);
        Reading { header, notes, records, has_items: true, is_mapped: true, ..Reading::default() }
    }

    fn place(&self, number: u64) -> String {
        let unit = if matches!(self.mapping.format, Format::Csv | Format::Tsv | Format::JsonLines) { "line" } else { "row" };
        if self.page > 1 { format!("page {}, {unit} {number}", self.page) } else { format!("{unit} {number}") }
    }

    /// Reads a row and passes its counts on. What is wrong with it is told without its place.
    fn take(&mut self, number: u64, cells: &[Option<String>], seen: &mut Option<RowSeen>) -> Result<(), Refused> {
        let mapping = self.mapping;
        if !mapping.keep.iter().all(|keep| keep.keeps(cells)) {
            if let Some(seen) = seen {
                seen.left_out = true;
            }
            return Ok(());
        }
        self.kept += 1;
        for (filled, cell) in self.filled.iter_mut().zip(cells) {
            *filled |= cell.as_deref().is_some_and(|cell| !cell.trim().is_empty());
        }
        let month = self.month(cells)?;
        let mut item = Item::default();
        let mut words = [0; 4];
        for (text, field) in &mapping.texts {
            let value = plain(field, cells, text.name())?;
            self.describe(*text, value, number, &mut item, &mut words);
        }
        item.ids.sort();
        item.ids.dedup();
        let member = member(&mapping.institution, cells)?;
        let addresses = addresses(mapping.address.as_ref(), cells)?;
        let counts = self.counts(cells, number)?;
        if let Some(seen) = seen {
            seen.month = Some(month);
            seen.title = [&item.title, &item.item, &item.database, &item.platform]
                .into_iter()
                .find(|name| !name.is_empty())
                .cloned()
                .unwrap_or_default();
            seen.member.clone_from(&member);
            seen.addresses = addresses.is_some();
        }
        for Count { metric, count, institution } in counts {
            let own = institution.map(|institution| self::member(institution, cells)).transpose()?.flatten();
            let member = own.as_ref().or(member.as_ref());
            let name = self.words[4].text(metric);
            if let Some(seen) = seen {
                seen.counts.push((name.to_owned(), count, own.clone()));
            }
            if count == 0 {
                continue;
            }
            let text = |place: usize| self.words[place].text(words[place]);
            let access_method = if text(1).is_empty() { "Regular" } else { text(1) };
            self.records += 1;
            self.sink.record(&UsageRecord {
                item: &item,
                member,
                addresses,
                metric: name,
                month,
                data_type: text(0),
                access_method,
                access_type: text(2),
                yop: text(3),
                count,
            })?;
            if let Some((_, seen)) = &mut self.watching {
                *seen.sums.entry((month, name.to_owned())).or_default() += u128::from(count);
            }
        }
        Ok(())
    }

    fn month(&self, cells: &[Option<String>]) -> Result<Month, Refused> {
        let found = match &self.mapping.month {
            MonthField::Asked => return self.asked.map(|months| months.first).ok_or_else(|| Refused::row("month: is not said")),
            MonthField::Date(field) => {
                let text = field.text(cells);
                if text.is_empty() {
                    return Err(Refused::row("month: is empty or missing"));
                }
                self.mapping.dates.month(text)
            }
            MonthField::Parts { year, month } => {
                let (year, month) = (year.text(cells), month.text(cells));
                if year.is_empty() || month.is_empty() {
                    return Err(Refused::row("month: its year or its month is empty or missing"));
                }
                let year = (year.len() == 4).then(|| year.parse::<i32>().ok()).flatten();
                year.zip(crate::model::manifest::month_number(month)).and_then(|(year, month)| Month::new(year, month))
            }
        };
        found.ok_or_else(|| Refused::row("month: is not written as YYYY-MM or YYYY-MM-DD, nor as date in rows says"))
    }

    fn describe(&mut self, text: Text, value: &str, number: u64, item: &mut Item, words: &mut [u32; 4]) {
        let place = match text {
            Text::Title => return value.clone_into(&mut item.title),
            Text::Item => return value.clone_into(&mut item.item),
            Text::Platform => return value.clone_into(&mut item.platform),
            Text::Database => return value.clone_into(&mut item.database),
            Text::Publisher => return value.clone_into(&mut item.publisher),
            Text::Id(kind) => return item.ids.extend(identifier(kind, value)),
            Text::DataType => 0,
            Text::AccessMethod => 1,
            Text::AccessType => 2,
            Text::Yop => 3,
        };
        words[place] = self.word(place, value, number, text.name());
    }

    fn counts(&mut self, cells: &[Option<String>], number: u64) -> Result<Vec<Count<'a>>, Refused> {
        let mapping = self.mapping;
        let numbers = mapping.numbers;
        match &mapping.counts {
            Counts::Named { metric, count } => {
                let name = plain(metric, cells, "metric")?;
                if !is_metric(name) {
                    let what = if name.is_empty() {
                        "is empty or missing"
                    } else {
                        "is not a metric; they look like Total_Item_Requests, so say in map what it is called"
                    };
                    return Err(Refused::Row(format!("metric: {what}")));
                }
                let text = count.text(cells);
                if text.is_empty() {
                    return Err(Refused::row("count: is empty or missing"));
                }
                let count = numbers.count(text).map_err(|what| Refused::Row(format!("count: {what}")))?;
                Ok(vec![Count { metric: self.word(4, name, number, "metric"), count, institution: None }])
            }
            Counts::Fields(metrics) => {
                let mut counts = Vec::with_capacity(metrics.len());
                for metric in metrics {
                    if !metric.keep.iter().all(|keep: &Keep| keep.keeps(cells)) {
                        continue;
                    }
                    let text = metric.count.text(cells);
                    // Where there are many metrics, one that is left empty says that there was nothing.
                    let count = if text.is_empty() {
                        0
                    } else {
                        numbers.count(text).map_err(|what| Refused::Row(format!("{}: {what}", metric.name)))?
                    };
                    let institution = (!metric.institution.is_empty()).then_some(&metric.institution);
                    counts.push(Count { metric: self.word(4, &metric.name, number, "metric"), count, institution });
                }
                Ok(counts)
            }
        }
    }

    fn word(&mut self, place: usize, raw: &str, number: u64, name: &str) -> u32 {
        let at = self.place(number);
        let Some(words) = self.words.get_mut(place) else { return 0 };
        if words.len() > WORDS {
            words.clear();
        }
        let (word, standing) = words.intern(raw);
        match standing {
            Standing::Known => {}
            Standing::Respelt => self.notes.add(format!("{name} is spelt in another way than the standard's"), || at),
            Standing::Unknown => self.notes.add(format!("{name} is not one of the standard's"), || at),
        }
        word
    }
}

/// Why a row is refused.
enum Refused {
    /// Something in it.
    Row(String),
    /// Nobody wants more.
    Stopped(super::super::Stopped),
}

impl Refused {
    fn row(what: &str) -> Self {
        Self::Row(what.to_owned())
    }
}

impl std::convert::From<super::super::Stopped> for Refused {
    fn from(stopped: super::super::Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl Take for Rows<'_> {
    fn row(&mut self, number: u64, cells: &mut Vec<Option<String>>) -> Result<(), FormatError> {
        self.rows += 1;
        let mut seen = self.watching.is_some().then(RowSeen::default);
        let outcome = self.take(number, cells, &mut seen);
        let place = if outcome.is_err() || seen.is_some() { self.place(number) } else { String::new() };
        if let (Some(mut row), Some((most, seen))) = (seen, &mut self.watching) {
            row.place.clone_from(&place);
            seen.left_out += u64::from(row.left_out);
            match &outcome {
                Err(Refused::Stopped(stopped)) => return Err((*stopped).into()),
                Err(Refused::Row(what)) => {
                    row.wrong = Some(what.clone());
                    seen.wrong += 1;
                }
                Ok(()) => {}
            }
            if seen.first.len() < *most {
                seen.first.push(row);
            } else if row.wrong.is_some() && seen.more_wrong.len() < *most {
                seen.more_wrong.push(row);
            }
            return Ok(());
        }
        match outcome {
            Ok(()) => Ok(()),
            Err(Refused::Stopped(stopped)) => Err(stopped.into()),
            Err(Refused::Row(what)) => Err(FormatError::BadRow { place, what }),
        }
    }
}

/// A text that is kept as it stands: in a row that slipped sideways it could be an address, which is not.
fn plain<'c>(field: &'c Field, cells: &'c [Option<String>], name: &str) -> Result<&'c str, Refused> {
    let text = field.text(cells);
    if is_address(text) { Err(Refused::Row(format!("{name}: holds an address, which belongs in the field 'address'"))) } else { Ok(text) }
}

/// Whose use it is; nothing if the row does not say.
fn member(institution: &Institution, cells: &[Option<String>]) -> Result<Option<Member>, Refused> {
    if institution.is_empty() {
        return Ok(None);
    }
    let text = |field: &Option<Field>, name| field.as_ref().map_or(Ok(String::new()), |field| plain(field, cells, name).map(str::to_owned));
    let member = Member {
        customer_id: text(&institution.id, "institution.id")?,
        name: text(&institution.name, "institution.name")?,
        isil: text(&institution.isil, "institution.isil")?,
    };
    Ok((member != Member::default()).then_some(member))
}

fn addresses(field: Option<&Field>, cells: &[Option<String>]) -> Result<Option<Addresses>, Refused> {
    let text = field.map_or("", |field| field.text(cells));
    if text.is_empty() {
        return Ok(None);
    }
    range(text).map(|range| Some(Addresses::Range(range))).map_err(|what| Refused::Row(format!("address: {what}")))
}
