//! The header of a table of use: which column is what.

use crate::formats::delimited::{self, Record};
use crate::formats::notes::Notes;
use crate::formats::words::{Field as Word, Standing, Words, same_letters};
use crate::model::Month;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Month,
    Address,
    Metric,
    Count,
    Report,
    DataType,
    AccessMethod,
    AccessType,
    Yop,
    Platform,
    Database,
    Title,
}

/// The columns by their names, the first of each being its own; case, spaces and `_` do not count.
const NAMES: [(&str, Field); 18] = [
    ("month", Field::Month),
    ("address", Field::Address),
    ("ip", Field::Address),
    ("ip_address", Field::Address),
    ("range", Field::Address),
    ("ip_range", Field::Address),
    ("metric", Field::Metric),
    ("metric_type", Field::Metric),
    ("count", Field::Count),
    ("report", Field::Report),
    ("report_id", Field::Report),
    ("data_type", Field::DataType),
    ("access_method", Field::AccessMethod),
    ("access_type", Field::AccessType),
    ("yop", Field::Yop),
    ("platform", Field::Platform),
    ("database", Field::Database),
    ("title", Field::Title),
];

/// Names of columns whose numbers count no use.
const NO_METRICS: [&str; 19] = [
    "account",
    "card",
    "comment",
    "customer",
    "date",
    "day",
    "id",
    "institution",
    "isil",
    "kommune",
    "library",
    "municipality",
    "name",
    "note",
    "number",
    "port",
    "sum",
    "total",
    "year",
];

impl Field {
    /// The column's name.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }

    fn of(cell: &str) -> Option<Self> {
        NAMES.iter().find(|(name, _)| same_letters(name, cell)).map(|(_, field)| *field)
    }
}

/// Where the columns stand.
#[derive(Debug, Default)]
pub(super) struct Header {
    places: Vec<(Field, usize)>,
    /// The columns that are a metric each, with its name.
    pub(super) metrics: Vec<(usize, String)>,
    /// How many columns there are.
    pub(super) width: usize,
}

impl Header {
    /// The columns that a record names, or what is wrong with it.
    pub(super) fn new(record: &Record, notes: &mut Notes) -> Result<Self, String> {
        let mut header = Self { width: record.filled(), ..Self::default() };
        let mut others = Vec::new();
        for place in 0..header.width {
            let cell = record.cell(place).map_err(|_| "has a character that is not UTF-8; save the file as UTF-8".to_owned())?;
            match Field::of(cell) {
                Some(field) if header.place(field).is_some() => return Err(format!("there are two columns for '{}'", field.name())),
                Some(field) => header.places.push((field, place)),
                None => others.push((place, cell)),
            }
        }
        let named = |field| header.place(field).is_some();
        if !named(Field::Month) {
            return Err("does not name a column 'month', as the first line of a table of use must".to_owned());
        }
        match (named(Field::Metric), named(Field::Count)) {
            (true, true) => {
                for (place, cell) in others {
                    notes.add(format!("{} is not known and not read", shown(place, cell)), || format!("line {}", record.line()));
                }
                Ok(header)
            }
            (true, false) => Err("names a column 'metric' but none 'count'".to_owned()),
            (false, true) => Err("names a column 'count' but none 'metric'".to_owned()),
            (false, false) => header.with_metrics(record, &others, notes),
        }
    }

    /// Every column that is nothing else is a metric.
    fn with_metrics(mut self, record: &Record, others: &[(usize, &str)], notes: &mut Notes) -> Result<Self, String> {
        let mut words = Words::new(Word::Metric);
        for (place, cell) in others {
            let (word, standing) = words.intern(cell);
            let metric = words.text(word).to_owned();
            if standing == Standing::Unknown && !may_be_metric(cell) || cell.is_empty() {
                return Err(format!(
                    "{} is neither a column that is known nor a metric (they look like Total_Item_Requests); take it out",
                    shown(*place, cell)
                ));
            }
            if self.metrics.iter().any(|(_, known)| *known == metric) {
                return Err(format!("there are two columns for '{metric}'"));
            }
            if standing == Standing::Unknown {
                let what = format!("{} is read as a metric that the standard does not have", shown(*place, cell));
                notes.add(what, || format!("line {}", record.line()));
            }
            self.metrics.push((*place, metric));
        }
        if self.metrics.is_empty() {
            return Err("has no counts: name the columns 'metric' and 'count', or one column for each metric".to_owned());
        }
        Ok(self)
    }

    /// Where a column stands.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.places.iter().find(|(of, _)| *of == field).map(|(_, place)| *place)
    }
}

/// A column for a message: by its name, unless that could be anything.
fn shown(place: usize, cell: &str) -> String {
    if is_metric(cell) && cell.len() <= 60 { format!("column '{cell}'") } else { format!("column {}", place + 1) }
}

/// Whether a text can be a metric's name: letters, digits and `_`.
pub(in crate::formats) fn is_metric(text: &str) -> bool {
    text.len() <= 200
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether a column of that name counts use.
fn may_be_metric(cell: &str) -> bool {
    let last = cell.rsplit(['_', '-']).next().unwrap_or(cell);
    is_metric(cell) && !NO_METRICS.iter().any(|name| name.eq_ignore_ascii_case(last) || same_letters(name, cell))
}

/// How many columns of a table of use a record names.
pub(super) fn score(record: &Record) -> usize {
    let known = |cell: &str| Field::of(cell).is_some() || is_standard(cell);
    (0..record.len()).filter(|place| record.cell(*place).is_ok_and(known)).count()
}

/// Whether it is a metric of the Code of Practice.
fn is_standard(cell: &str) -> bool {
    !cell.is_empty() && Words::new(Word::Metric).intern(cell).1 != Standing::Unknown
}

/// Whether a line is meant as the header, or for want of one the first row, of a table of use: it names `month` and something that is
/// counted, or all but one of these by another name, or it has a month and an address. Refusing it as a table then says what is wrong.
#[must_use]
pub fn is_header(line: &[u8]) -> bool {
    let record = delimited::one(line, |record| score(record) + usize::from(is_row(record)));
    let cells: Vec<&str> = (0..record.len()).filter_map(|place| record.cell(place).ok()).collect();
    let named = |field| cells.iter().any(|cell| Field::of(cell) == Some(field));
    let metric = cells.iter().any(|cell| is_standard(cell) || (cell.contains('_') && Field::of(cell).is_none() && may_be_metric(cell)));
    let counted = [Field::Metric, Field::Count, Field::Address].into_iter().filter(|field| named(*field)).count();
    (named(Field::Month) && (counted > 0 || metric))
        || counted > 1
        || (counted > 0 && cells.iter().any(|cell| is_standard(cell)))
        || is_row(&record)
}

/// Whether a month and an address stand in it.
fn is_row(record: &Record) -> bool {
    let cells = || (0..record.len()).filter_map(|place| record.cell(place).ok());
    cells().any(|cell| cell.parse::<Month>().is_ok()) && cells().any(super::is_address)
}
