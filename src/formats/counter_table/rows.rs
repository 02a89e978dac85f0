//! Rows of a table: each to the counts of its months, with all that it says of them.
//!
//! Most rows share what they are about with the row before. Cells are compared as bytes, and only what differs is made anew.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::formats::delimited::Record;
use crate::formats::notes::Notes;
use crate::formats::words::{Field as Word, Standing, Words};
use crate::formats::{FormatError, Reading, RecordSink};
use crate::model::{Exception, Item, Member, Month, Release, ReportHeader, UsageRecord};

use super::columns::{Columns, Field, Shape};
use super::heading::Heading;
use super::item::Cells;
use super::months::month;
use super::number::{Count, count};
use super::release4::{self, Detail};
use super::report::Report;
use super::totals::{Totals, is_called_total, is_total};
use super::{Source, shown, text};

/// So many different words are kept from row to row.
const WORDS: usize = 4096;
/// Among so many rows of one thing, one that comes twice is found.
const ALIKE: usize = 65_536;

/// A column whose few words come again and again.
struct Attribute {
    column: Option<Field>,
    words: Words,
    /// The cell of the row before, and what it says.
    raw: Vec<u8>,
    text: String,
}

impl Attribute {
    fn new(column: Option<Field>, word: Word, text: &str) -> Self {
        Self { column, words: Words::new(word), raw: Vec::new(), text: text.to_owned() }
    }
}

const DATA_TYPE: usize = 0;
const ACCESS_METHOD: usize = 1;
const ACCESS_TYPE: usize = 2;
const YOP: usize = 3;
const METRIC: usize = 4;

/// A table, from its columns on.
pub(super) struct Table<'s, S> {
    sink: &'s mut S,
    columns: Columns,
    report: Report,
    header: ReportHeader,
    exceptions: Vec<Exception>,
    section_type: String,
    /// The first and the last month that the heading names.
    period: Option<(Month, Month)>,
    notes: Notes,
    /// The columns that say of what a row is.
    describing: Vec<usize>,
    /// The row that was described last.
    last: Record,
    item: Item,
    member: Option<Member>,
    /// By the constants above.
    attributes: [Attribute; 5],
    parent_types: Words,
    run: Vec<(Month, u64)>,
    /// What was counted of the thing at hand.
    alike: HashSet<u64>,
    totals: Totals,
    total: Option<usize>,
    /// Months that have a cell with something in it, and months that have counts.
    told: BTreeSet<Month>,
    used: BTreeSet<Month>,
    records: u64,
    is_foreign: bool,
}

impl<'s, S: RecordSink> Table<'s, S> {
    /// A table with these columns; what is wrong is said as what follows their place.
    pub(super) fn new(columns: Columns, report: Report, heading: Heading, notes: Notes, sink: &'s mut S) -> Result<Self, String> {
        let period = heading.period.map(|(begin, end)| (Month::of(begin), Month::of(end)));
        if matches!(columns.shape, Shape::Years(_)) && period.is_none_or(|(first, last)| first != last) {
            let found = period.map_or("no period".to_owned(), |(first, last)| format!("{first} to {last}"));
            return Err(format!("it counts years of publication over its whole period, which has to be one month; found {found}"));
        }
        let (data_type, metric, detail) = report.r4.map_or(("", "", None), |r4| (r4.data_type, r4.metric, Some(r4.detail)));
        let metric_column = match detail {
            None if matches!(columns.shape, Shape::Metrics { .. }) => None,
            None => Some(Field::Metric),
            Some(Detail::None | Detail::Years) => None,
            Some(Detail::Activity) => Some(Field::Activity),
            Some(Detail::Category) => Some(Field::Category),
            Some(Detail::PageType) => Some(Field::PageType),
            Some(Detail::ItemType) => Some(Field::ItemType),
        };
        let there = |field| columns.place(field).is_some().then_some(field);
        let attributes = [
            Attribute::new(there(Field::DataType), Word::DataType, data_type),
            Attribute::new(there(Field::AccessMethod), Word::AccessMethod, "Regular"),
            Attribute::new(there(Field::AccessType), Word::AccessType, ""),
            Attribute::new(there(Field::Yop), Word::Yop, ""),
            Attribute::new(metric_column, Word::Metric, metric),
        ];
        let counted = match &columns.shape {
            Shape::Months(months) => months.len(),
            Shape::Years(years) => years.len(),
            Shape::Metrics { metrics, .. } => metrics.len(),
            Shape::Rows { .. } => 1,
        };
        Ok(Self {
            sink,
            describing: columns.describing(),
            total: columns.place(Field::Total),
            columns,
            report,
            header: heading.header,
            exceptions: heading.exceptions,
            section_type: heading.section_type,
            period,
            notes,
            last: Record::default(),
            item: Item::default(),
            member: None,
            attributes,
            parent_types: Words::new(Word::DataType),
            run: Vec::new(),
            alike: HashSet::new(),
            totals: Totals::new(counted),
            told: BTreeSet::new(),
            used: BTreeSet::new(),
            records: 0,
            is_foreign: false,
        })
    }

    /// Takes a row.
    pub(super) fn row(&mut self, record: &Record, source: &impl Source) -> Result<(), FormatError> {
        let place = || source.place(record.line());
        if record.same_cells(&self.columns.record) {
            self.notes.add("the row that names the columns is there again", place);
            return Ok(());
        }
        if !self.is_foreign && !record.is_utf8() {
            self.is_foreign = true;
            self.notes.add("characters that are not UTF-8 are read as Windows-1252", place);
        }
        if self.is_total(record) {
            self.claim(record, source);
            return Ok(());
        }
        let filled = record.filled();
        if filled > self.columns.width {
            let what = format!(
                "has {filled} cells where there are {} columns; a cell with a separator in it must stand in quotes",
                self.columns.width
            );
            return Err(refused(source, record, None, what));
        }
        let is_short = record.len() < self.columns.width && !source.leaves_out();
        if is_short && source.is_open() && self.last_column() >= record.len() {
            let what = format!("is cut off after {} of {} cells; the file was not saved or sent whole", record.len(), self.columns.width);
            return Err(refused(source, record, None, what));
        }
        if !self.describe(record, source)? {
            return Ok(());
        }
        let total = self.total.map(|place| count(record.bytes(place).trim_ascii()));
        // Programs leave out empty cells at the end of a line. What is missing where months are may also be counts that are lost.
        let sum = self.counts(record, source)?;
        let total = match total {
            Some(Ok(Count::Nothing)) | None => None,
            Some(Ok(total)) => Some(total.value()),
            Some(Err(_)) => {
                self.notes.add("Reporting_Period_Total cannot be read", place);
                None
            }
        };
        if is_short && self.last_column() >= record.len() && total != Some(sum) {
            let what = format!(
                "has {} cells where there are {} columns, and no total that says that nothing is missing",
                record.len(),
                self.columns.width
            );
            return Err(refused(source, record, None, what));
        }
        if let Some(total) = total
            && !matches!(self.columns.shape, Shape::Rows { .. } | Shape::Metrics { .. })
        {
            let is_unique = self.attributes[METRIC].text.starts_with("Unique");
            self.totals.compare(total, sum, is_unique, &mut self.notes, place);
        }
        Ok(())
    }

    /// The last column that has to be there.
    fn last_column(&self) -> usize {
        let counted = match &self.columns.shape {
            Shape::Months(months) => months.iter().map(|(place, _)| *place).max(),
            Shape::Years(columns) | Shape::Metrics { metrics: columns, .. } => columns.iter().map(|(place, _)| *place).max(),
            Shape::Rows { month, count } => Some(*month.max(count)),
        };
        counted.unwrap_or(0)
    }

    fn is_total(&self, record: &Record) -> bool {
        let cells = Cells { columns: &self.columns, record };
        let identified = || cells.is_identified();
        let first = (0..record.len()).map(|place| record.bytes(place)).find(|cell| !cell.trim_ascii().is_empty()).unwrap_or_default();
        let (first, title) = (text(first), cells.title());
        // Without a metric a row can only be one of totals, if it is called so.
        let has_no_metric = self.attributes[METRIC].column.is_some_and(|column| text(self.columns.bytes(record, column)).is_empty());
        is_total(&first, identified) || is_total(&title, identified) || (has_no_metric && is_called_total(&first))
    }

    /// Takes a totals row.
    fn claim(&mut self, record: &Record, source: &impl Source) {
        let Shape::Months(months) = &self.columns.shape else { return };
        let counts: Result<Vec<_>, _> = months.iter().map(|(place, _)| count(record.bytes(*place).trim_ascii())).collect();
        let place = source.place(record.line());
        match counts {
            Ok(_) if record.len() < self.columns.width && !source.leaves_out() => {
                self.notes.add("a totals row has other cells than the table, and is not compared", || place);
            }
            Ok(counts) => {
                let values = counts.into_iter().map(|count| (count != Count::Nothing).then(|| count.value())).collect();
                let metric = self.metric_of(record);
                self.totals.claim(&metric.unwrap_or_default(), values, place);
            }
            Err(_) => self.notes.add("a totals row cannot be read, and is not compared", || place),
        }
    }

    /// What a row counts, if it says so.
    fn metric_of(&mut self, record: &Record) -> Option<String> {
        let attribute = &mut self.attributes[METRIC];
        let Some(column) = attribute.column else { return Some(attribute.text.clone()) };
        let cell = text(self.columns.bytes(record, column));
        match self.report.r4 {
            _ if cell.is_empty() => None,
            Some(r4) => Some(release4::metric(r4.detail, &cell).map_or_else(|| cell.into_owned(), str::to_owned)),
            None => {
                let (word, _) = attribute.words.intern(&cell);
                Some(attribute.words.text(word).to_owned())
            }
        }
    }

    /// Works out what a row is about and what it counts; false if it has no counts and is passed over.
    fn describe(&mut self, record: &Record, source: &impl Source) -> Result<bool, FormatError> {
        let place = || source.place(record.line());
        let metric = match self.attributes[METRIC].column {
            Some(column) => self.columns.bytes(record, column),
            None => self.attributes[METRIC].text.as_bytes(),
        };
        let has_metric = !text(metric).is_empty() || matches!(self.columns.shape, Shape::Metrics { .. });
        if (!has_metric || self.attributes[METRIC].column.is_none()) && !self.has_counts(record) {
            self.notes.add("rows without counts", place);
            return Ok(false);
        }
        if !has_metric {
            let what = "is empty, and there are counts";
            return Err(refused(
                source,
                record,
                self.attributes[METRIC].column.and_then(|field| self.columns.place(field)).map(|place| self.columns.name(place)),
                what,
            ));
        }
        for which in 0..self.attributes.len() {
            self.attribute(which, record, source);
        }
        let is_same = self.last.line() > 0 && self.describing.iter().all(|place| self.last.bytes(*place) == record.bytes(*place));
        if !is_same {
            let cells = Cells { columns: &self.columns, record };
            let parent = cells.get(Field::ParentType);
            if self.parent_types.len() > WORDS {
                self.parent_types.clear();
            }
            let (word, standing) = self.parent_types.intern(&parent);
            odd(&mut self.notes, "Parent_Data_Type", standing, &parent, self.parent_types.text(word), place);
            self.item = cells.item(&self.report, self.parent_types.text(word), &self.section_type);
            self.member = cells.member();
            self.last.clone_from(record);
            self.alike.clear();
        }
        Ok(true)
    }

    fn has_counts(&self, record: &Record) -> bool {
        let filled = |place: usize| !record.bytes(place).trim_ascii().is_empty();
        let counted = match &self.columns.shape {
            Shape::Months(months) => months.iter().any(|(place, _)| filled(*place)),
            Shape::Years(columns) | Shape::Metrics { metrics: columns, .. } => columns.iter().any(|(place, _)| filled(*place)),
            Shape::Rows { count, .. } => filled(*count),
        };
        counted || self.total.is_some_and(filled)
    }

    /// Reads what one of the attributes says, unless it says what it said before.
    fn attribute(&mut self, which: usize, record: &Record, source: &impl Source) {
        let Some(attribute) = self.attributes.get_mut(which) else { return };
        let Some(column) = attribute.column else { return };
        let raw = self.columns.bytes(record, column);
        if attribute.raw == raw && !raw.is_empty() {
            return;
        }
        attribute.raw.clear();
        attribute.raw.extend_from_slice(raw);
        let cell = text(raw);
        let place = || source.place(record.line());
        attribute.text.clear();
        if let (METRIC, Some(r4)) = (which, self.report.r4) {
            let known = release4::metric(r4.detail, &cell);
            if known.is_none() {
                self.notes.add(format!("unknown {} '{}'", column.name(), shown(&cell)), place);
            }
            attribute.text.push_str(known.unwrap_or(&cell));
            return;
        }
        if attribute.words.len() > WORDS {
            attribute.words.clear();
        }
        let (word, standing) = attribute.words.intern(&cell);
        attribute.text.push_str(attribute.words.text(word));
        odd(&mut self.notes, column.name(), standing, &cell, &attribute.text, place);
        match which {
            ACCESS_METHOD if attribute.text.is_empty() => attribute.text.push_str("Regular"),
            YOP if (1..4).contains(&attribute.text.len()) && attribute.text.bytes().all(|byte| byte.is_ascii_digit()) => {
                attribute.text = format!("{:0>4}", attribute.text);
                self.notes.add("YOP without its leading zeros", place);
            }
            _ => {}
        }
    }

    /// Reads a row's counts and passes them on; gives their sum.
    fn counts(&mut self, record: &Record, source: &impl Source) -> Result<u64, FormatError> {
        self.totals.metric(&self.attributes[METRIC].text);
        self.run.clear();
        let mut sum = 0_u64;
        match &self.columns.shape {
            Shape::Months(months) => {
                for (index, &(place, month)) in months.iter().enumerate() {
                    let count = one(&self.columns, &mut self.notes, record, source, place)?;
                    if count != Count::Nothing && !self.told.contains(&month) {
                        self.told.insert(month);
                    }
                    let count = count.value();
                    if count > 0 {
                        self.totals.add(index, count);
                        self.run.push((month, count));
                        sum = sum.saturating_add(count);
                    }
                }
                self.find_twice(None, record, source);
                self.pass()?;
            }
            &Shape::Rows { month: place, count } => {
                let month = self.month(record, source, place)?;
                let count = one(&self.columns, &mut self.notes, record, source, count)?.value();
                self.told.insert(month);
                self.totals.add(0, count);
                sum = count;
                if count > 0 {
                    self.run.push((month, count));
                }
                self.find_twice(Some(month), record, source);
                self.pass()?;
            }
            Shape::Metrics { month, metrics } => {
                let (month, metrics) = (self.month(record, source, *month)?, metrics.clone());
                self.told.insert(month);
                self.find_twice(Some(month), record, source);
                for (place, metric) in metrics {
                    let count = one(&self.columns, &mut self.notes, record, source, place)?.value();
                    sum = sum.saturating_add(count);
                    self.attributes[METRIC].text = metric;
                    self.run = if count > 0 { vec![(month, count)] } else { Vec::new() };
                    self.pass()?;
                }
            }
            Shape::Years(years) => {
                let (years, month) = (years.clone(), self.period.map(|(first, _)| first));
                self.find_twice(None, record, source);
                for (index, (place, yop)) in years.into_iter().enumerate() {
                    let count = one(&self.columns, &mut self.notes, record, source, place)?.value();
                    sum = sum.saturating_add(count);
                    self.totals.add(index, count);
                    self.attributes[YOP].text = yop;
                    self.run = month.filter(|_| count > 0).map(|month| (month, count)).into_iter().collect();
                    self.pass()?;
                }
                self.told.extend(month);
            }
        }
        Ok(sum)
    }

    fn month(&self, record: &Record, source: &impl Source, place: usize) -> Result<Month, FormatError> {
        let cell = text(record.bytes(place));
        month(&cell).ok_or_else(|| {
            let what = if cell.is_empty() { "is empty".to_owned() } else { format!("'{}' is no month", shown(&cell)) };
            refused(source, record, Some(self.columns.name(place)), what)
        })
    }

    /// Notes rows that count the same of the same thing; their counts add up.
    fn find_twice(&mut self, month: Option<Month>, record: &Record, source: &impl Source) {
        let mut hasher = DefaultHasher::new();
        self.attributes.iter().for_each(|attribute| attribute.text.hash(&mut hasher));
        month.hash(&mut hasher);
        if self.alike.len() < ALIKE && !self.alike.insert(hasher.finish()) {
            self.notes.add("the same metric and month more than once for one item: the counts were added", || source.place(record.line()));
        }
    }

    /// Passes the counts at hand on.
    fn pass(&mut self) -> Result<(), FormatError> {
        let Some(&(month, count)) = self.run.first() else { return Ok(()) };
        for (month, _) in &self.run {
            if !self.used.contains(month) {
                self.used.insert(*month);
            }
        }
        let text = |which: usize| self.attributes.get(which).map_or("", |attribute| attribute.text.as_str());
        let like = UsageRecord {
            item: &self.item,
            member: self.member.as_ref(),
            addresses: None,
            metric: text(METRIC),
            month,
            data_type: text(DATA_TYPE),
            access_method: text(ACCESS_METHOD),
            access_type: text(ACCESS_TYPE),
            yop: text(YOP),
            count,
        };
        self.sink.months(&like, &self.run)?;
        self.records += self.run.len() as u64;
        Ok(())
    }

    /// What the table said beside its counts.
    pub(super) fn finish(mut self) -> Result<Reading, FormatError> {
        let name = |column: usize| match &self.columns.shape {
            Shape::Months(months) => months.get(column).map_or_else(String::new, |(place, _)| self.columns.name(*place)),
            _ => String::new(),
        };
        self.totals.finish(&mut self.notes, name).map_err(|(place, what)| FormatError::BadRow { place, what })?;
        if let Some((first, last)) = self.covered() {
            (self.header.begin, self.header.end) = (Some(first.first_day()), Some(last.last_day()));
        }
        self.header.report = self.report.id;
        self.header.release = self.report.release.or(self.header.release);
        if self.header.release == Some(Release::R4) && self.header.report_name.is_empty() {
            self.header.report_name = self.report.r4.map(|r4| r4.id.to_owned()).unwrap_or_default();
        }
        Ok(Reading {
            header: self.header,
            exceptions: self.exceptions,
            notes: self.notes.into_notes(),
            records: self.records,
            has_items: true,
            looks_like: self.report.looks_like,
            is_mapped: false,
        })
    }

    /// The months of which the table tells, those without use included: of others it says nothing, whatever its heading has.
    fn covered(&mut self) -> Option<(Month, Month)> {
        let told = match &self.columns.shape {
            Shape::Months(months) => {
                let there = months.iter().map(|(_, month)| *month);
                (there.clone().min()?, there.max()?)
            }
            _ => (*self.told.first()?, *self.told.last()?),
        };
        let (mut first, mut last) = match self.period {
            Some((begin, end)) => {
                if (begin, end) != told {
                    let what = "the months of the table are not those of its reporting period; the table counts";
                    self.notes.add(what, || format!("{} to {}, and {begin} to {end}", told.0, told.1));
                }
                let both = (told.0.max(begin), told.1.min(end));
                if both.0 <= both.1 { both } else { told }
            }
            // A form for a whole year is blank where the year has not come to.
            None => (*self.told.first().unwrap_or(&told.0), *self.told.last().unwrap_or(&told.1)),
        };
        if let (Some(one), Some(two)) = (self.used.first(), self.used.last()) {
            (first, last) = (first.min(*one), last.max(*two));
        }
        Some((first, last))
    }
}

/// Reads a cell with a count; what is tolerated is noted.
fn one(columns: &Columns, notes: &mut Notes, record: &Record, source: &impl Source, place: usize) -> Result<Count, FormatError> {
    let cell = record.bytes(place).trim_ascii();
    let found =
        count(cell).map_err(|what| refused(source, record, Some(columns.name(place)), format!("'{}' {what}", shown(&text(cell)))))?;
    let odd = match found {
        Count::Nothing | Count::Plain(_) => return Ok(found),
        Count::Grouped(_) => "counts with separators between thousands",
        Count::Decimal(_) => "counts written as decimal fractions",
        Count::Dash => "dashes where nothing was counted",
    };
    notes.add(odd, || format!("{}, {}", source.place(record.line()), columns.name(place)));
    Ok(found)
}

/// Notes a word that is not as the standard writes it.
fn odd(notes: &mut Notes, column: &str, standing: Standing, raw: &str, read: &str, place: impl FnOnce() -> String) {
    match standing {
        Standing::Known => {}
        Standing::Respelt => notes.add(format!("{column} '{}' read as '{read}'", shown(raw)), place),
        Standing::Unknown => notes.add(format!("unknown {column} '{}'", shown(raw)), place),
    }
}

/// What is wrong with a row, or with a cell of it.
fn refused(source: &impl Source, record: &Record, column: Option<String>, what: impl Into<String>) -> FormatError {
    let line = source.place(record.line());
    let place = column.map_or_else(|| line.clone(), |column| format!("{line}, {column}"));
    FormatError::BadRow { place, what: what.into() }
}
