//! [`Mapping`]: how the rows of a payload become usage.

use std::collections::BTreeMap;

use super::place::{JsonStep, Place};
use super::{DateFormats, Numbers};
use crate::model::ReportId;

/// Where rows are, and what is what in them. Its `Debug` text tells mappings apart: it says all that decides and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// How the payload is written.
    pub format: Format,
    /// In which letters; tables and lines of JSON alone, all else says it itself.
    pub encoding: Encoding,
    /// Where the rows are.
    pub rows: RowsAt,
    /// No rows are there if the place of the rows is not; else the reply is not what was asked for.
    pub may_be_absent: bool,
    /// The report that the usage belongs to.
    pub report: ReportId,
    /// How counts are written.
    pub numbers: Numbers,
    /// How dates are written.
    pub dates: DateFormats,
    /// The places that are read of each row; fields name them by number.
    pub places: Vec<Place>,
    /// Which month a row is of.
    pub month: MonthField,
    /// What describes the use.
    pub texts: Vec<(Text, Field)>,
    /// Whose use it is, where a row says that.
    pub institution: Institution,
    /// On which addresses.
    pub address: Option<Field>,
    /// Which rows count.
    pub keep: Vec<Keep>,
    /// What is counted.
    pub counts: Counts,
}

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// JSON, one row a line.
    JsonLines,
    /// Text with commas, semicolons or tabs between.
    Csv,
    /// Text with tabs between.
    Tsv,
    /// A workbook.
    Xlsx,
    /// XML.
    Xml,
}

/// The letters of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows-1252, which Latin-1 is read as too.
    Windows1252,
    /// UTF-16, by its byte order mark, else little-endian.
    Utf16,
}

/// Where rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsAt {
    /// In JSON, along these steps.
    Json(Vec<JsonStep>),
    /// In lines of JSON: each of them.
    Lines,
    /// In XML, the elements along these names.
    Xml(Vec<String>),
    /// In a table below a header.
    Table {
        /// What stands between cells; nothing: found out by the header.
        separator: Option<u8>,
        /// Lines before the header.
        skip: u32,
        /// Whether there is a header; else columns have numbers alone.
        header: bool,
    },
    /// In a sheet below a header.
    Sheet {
        /// Its name; nothing: the first.
        name: Option<String>,
        /// Rows before the header.
        skip: u32,
        /// Whether there is a header; else columns have numbers alone.
        header: bool,
    },
}

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// From the place with this number.
    Place(usize),
    /// It is always this.
    Value(String),
}

/// A text of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Where it comes from.
    pub from: From,
    /// What it is called instead.
    pub map: BTreeMap<String, String>,
    /// What is taken for a text that `map` does not have; nothing: the text itself.
    pub otherwise: Option<String>,
    /// What is taken for no text at all.
    pub empty: String,
}

impl Field {
    /// A place as it is.
    #[must_use]
    pub fn place(number: usize) -> Self {
        Self { from: From::Place(number), map: BTreeMap::new(), otherwise: None, empty: String::new() }
    }

    /// Always this.
    #[must_use]
    pub fn value(text: &str) -> Self {
        Self { from: From::Value(text.to_owned()), ..Self::place(0) }
    }

    /// What it is in a row.
    #[must_use]
    pub fn text<'a>(&'a self, cells: &'a [Option<String>]) -> &'a str {
        let text = match &self.from {
            From::Place(number) => cells.get(*number).and_then(Option::as_deref).unwrap_or_default().trim(),
            From::Value(text) => text,
        };
        if text.is_empty() {
            return &self.empty;
        }
        match (self.map.get(text), &self.otherwise) {
            (Some(mapped), _) => mapped,
            (None, Some(otherwise)) => otherwise,
            (None, None) => text,
        }
    }
}

/// Which month a row is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MonthField {
    /// The month that was asked for.
    Asked,
    /// That of a date.
    Date(Field),
    /// Of a year and a month in two places.
    Parts {
        /// The year.
        year: Field,
        /// The month: its number or name.
        month: Field,
    },
}

/// What describes a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Text {
    /// `Title`.
    Title,
    /// `Item`.
    Item,
    /// `Platform`.
    Platform,
    /// `Database`.
    Database,
    /// `Publisher`.
    Publisher,
    /// `Data_Type`.
    DataType,
    /// `Access_Method`.
    AccessMethod,
    /// `Access_Type`.
    AccessType,
    /// `YOP`.
    Yop,
    /// An identifier of this kind.
    Id(&'static str),
}

impl Text {
    /// All of them, as they are called in a manifest.
    pub const ALL: [(&'static str, Self); 16] = [
        ("title", Self::Title),
        ("item", Self::Item),
        ("platform", Self::Platform),
        ("database", Self::Database),
        ("publisher", Self::Publisher),
        ("data_type", Self::DataType),
        ("access_method", Self::AccessMethod),
        ("access_type", Self::AccessType),
        ("yop", Self::Yop),
        ("isbn", Self::Id("ISBN")),
        ("print_issn", Self::Id("Print_ISSN")),
        ("online_issn", Self::Id("Online_ISSN")),
        ("doi", Self::Id("DOI")),
        ("uri", Self::Id("URI")),
        ("isni", Self::Id("ISNI")),
        ("proprietary", Self::Id("Proprietary")),
    ];

    /// What it is called in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, text)| *text == self).map_or("", |(name, _)| name)
    }
}

/// Whose use it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Institution {
    /// By the vendor's number.
    pub id: Option<Field>,
    /// By name.
    pub name: Option<Field>,
    /// By ISIL.
    pub isil: Option<Field>,
}

impl Institution {
    /// Whether nothing says whose it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Rows that count: those in which a field is one of these, or none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The field.
    pub field: Field,
    /// The texts.
    pub texts: Vec<String>,
    /// It must be one of them; else it must be none.
    pub is: bool,
}

impl Keep {
    /// Whether a row counts.
    #[must_use]
    pub fn keeps(&self, cells: &[Option<String>]) -> bool {
        let text = self.field.text(cells);
        self.texts.iter().any(|known| known == text) == self.is
    }
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// Each metric has a place of its own.
    Fields(Vec<MetricField>),
    /// A row names its metric and has one count.
    Named {
        /// The metric.
        metric: Field,
        /// The count.
        count: Field,
    },
}

/// A metric with a place of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricField {
    /// Its name.
    pub name: String,
    /// Its count.
    pub count: Field,
    /// Whose it is, if not that of all metrics.
    pub institution: Institution,
    /// Which rows count for it.
    pub keep: Vec<Keep>,
}
