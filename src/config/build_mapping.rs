//! From the sections of a manifest to a [`Mapping`]: how a payload that is not COUNTER is read.

use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};

use super::build_manifest::inner;
use super::build_source::{known_keys, one_of};
use super::reader::{Reader, Section, described};
use super::schema::{FIELD_KEYS, FIELDS_KEYS, INSTITUTION_KEYS, KEEP_KEYS, METRIC_KEYS, ROWS_KEYS};
use crate::model::ReportId;
use crate::model::manifest::place::{Find, JsonStep, Place, json_rows, xml_rows};
use crate::model::manifest::{
    Counts, DateFormats, Encoding, Field, Format, From, Institution, Keep, Mapping, MetricField, MonthField, Numbers, RowsAt, Text,
};

/// How the replies of a source are written; nothing if that is not said, or wrong.
pub(super) fn format(reader: &mut Reader<'_>, source: &Section<'_>) -> Option<Format> {
    const FORMATS: [(&str, Format); 6] = [
        ("json", Format::Json),
        ("json_lines", Format::JsonLines),
        ("csv", Format::Csv),
        ("tsv", Format::Tsv),
        ("xlsx", Format::Xlsx),
        ("xml", Format::Xml),
    ];
    let ValueKind::Table(table) = &source.get("rows")?.kind else { return None };
    let name = source.key("rows");
    let section = Section { name: &name, table };
    let names = FORMATS.map(|(name, _)| name);
    reader.parse(&section, "format", |text| {
        FORMATS.iter().find(|(name, _)| *name == text).map(|(_, format)| *format).ok_or_else(|| one_of(text, &names))
    })
}

/// The mapping that `rows`, `fields`, `metric` and `keep` make. `asks_by_month`: rows may leave it to the request which month they are of.
pub(super) fn mapping(reader: &mut Reader<'_>, source: &Section<'_>, format: Format, asks_by_month: bool) -> Option<Mapping> {
    let before = reader.problems.len();
    let empty = Map::new();
    let name = source.key("rows");
    let rows = Section { name: &name, table: inner(reader, source, "rows", &empty) };
    known_keys(reader, &rows, &ROWS_KEYS);
    only_for(reader, &rows, format);
    let at = rows_at(reader, &rows, format);
    let encoding = reader.parse(&rows, "encoding", |text| match text.to_ascii_lowercase().as_str() {
        "utf-8" => Ok(Encoding::Utf8),
        "windows-1252" => Ok(Encoding::Windows1252),
        "utf-16" => Ok(Encoding::Utf16),
        other => Err(one_of(other, &["utf-8", "windows-1252", "utf-16"])),
    });
    let may_be_absent = rows.get("may_be_absent").and_then(|_| reader.switch(&rows, "may_be_absent")).unwrap_or(false);
    let report = reader.parse(&rows, "report", |text| text.parse::<ReportId>().map_err(|error| error.to_string()));
    let numbers = numbers(reader, &rows);
    let dates = dates(reader, &rows);
    let mut build = Build { reader, format, places: Vec::new() };
    let name = source.key("fields");
    let fields = Section { name: &name, table: inner(build.reader, source, "fields", &empty) };
    known_keys(build.reader, &fields, &FIELDS_KEYS);
    let month = build.month(&fields, source, asks_by_month);
    let texts = Text::ALL.iter().filter_map(|(name, text)| Some((*text, build.field(&fields, name)?))).collect();
    let institution = build.institution(&fields);
    let address = build.field(&fields, "address");
    let keep = build.keeps(source);
    let counts = build.counts(source, &fields);
    let places = build.places;
    if let Some(at) = &at {
        check_places(reader, source, at, &places);
    }
    if reader.problems.len() > before {
        return None;
    }
    Some(Mapping {
        format,
        encoding: encoding.unwrap_or(Encoding::Utf8),
        rows: at?,
        may_be_absent,
        report: report.unwrap_or_else(|| ReportId::trusted("PR")),
        numbers,
        dates,
        places,
        month: month?,
        texts,
        institution,
        address,
        keep,
        counts: counts?,
    })
}

/// Places that there cannot be where the rows are.
fn check_places(reader: &mut Reader<'_>, source: &Section<'_>, at: &RowsAt, places: &[Place]) {
    let around = match at {
        RowsAt::Json(steps) => steps.iter().filter(|step| matches!(step, JsonStep::Key(_))).count(),
        RowsAt::Xml(names) => names.len() - 1,
        _ => 0,
    };
    for place in places {
        if place.up > around {
            let what = format!("looks with '{}' further up than there is: around the rows are {around} that have names", place.as_str());
            reader.problem(source, "fields", what);
        }
        if matches!(at, RowsAt::Table { header: false, .. } | RowsAt::Sheet { header: false, .. }) && matches!(place.find, Find::Column(_))
        {
            let what = format!(
                "names the column '{}', but header = false says that columns have no names; write its number, as #3",
                place.as_str()
            );
            reader.problem(source, "fields", what);
        }
    }
}

/// Keys of other formats are slips of the pen.
fn only_for(reader: &mut Reader<'_>, rows: &Section<'_>, format: Format) {
    const TABLES: &[Format] = &[Format::Csv, Format::Tsv];
    let keys: [(&str, &[Format]); 6] = [
        ("path", &[Format::Json, Format::Xml]),
        ("encoding", TABLES),
        ("separator", &[Format::Csv]),
        ("skip", &[Format::Csv, Format::Tsv, Format::Xlsx]),
        ("header", &[Format::Csv, Format::Tsv, Format::Xlsx]),
        ("sheet", &[Format::Xlsx]),
    ];
    for (key, formats) in keys {
        if rows.get(key).is_some() && !formats.contains(&format) {
            reader.problem(rows, key, "is nothing for this format; take it out");
        }
    }
}

fn rows_at(reader: &mut Reader<'_>, rows: &Section<'_>, format: Format) -> Option<RowsAt> {
    let skip = if rows.get("skip").is_some() { reader.number(rows, "skip", 0, 10_000) } else { Some(0) };
    let header = if rows.get("header").is_some() { reader.switch(rows, "header") } else { Some(true) };
    match format {
        Format::JsonLines => Some(RowsAt::Lines),
        Format::Json | Format::Xml => {
            if rows.get("path").is_none() {
                let example = if format == Format::Json { "items[*]" } else { "Report/Item" };
                reader.problem(rows, "format", format!("needs a path beside it that says where the rows are, as path = \"{example}\""));
                return None;
            }
            reader.parse(rows, "path", |text| match format {
                Format::Json => json_rows(text).map(RowsAt::Json),
                _ => xml_rows(text).map(RowsAt::Xml),
            })
        }
        Format::Csv | Format::Tsv => {
            let separator = reader.parse(rows, "separator", |text| match text {
                "," => Ok(b','),
                ";" => Ok(b';'),
                "|" => Ok(b'|'),
                "tab" => Ok(b'\t'),
                other => Err(one_of(other, &[",", ";", "|", "tab"])),
            });
            let separator = if format == Format::Tsv { Some(b'\t') } else { separator };
            if header == Some(false) && separator.is_none() {
                reader.problem(rows, "header", "is false, so nothing tells what separates cells; say it with separator");
            }
            Some(RowsAt::Table { separator, skip: skip?, header: header? })
        }
        Format::Xlsx => {
            let name = reader.parse(rows, "sheet", |text| Ok(text.to_owned()));
            Some(RowsAt::Sheet { name, skip: skip?, header: header? })
        }
    }
}

fn numbers(reader: &mut Reader<'_>, rows: &Section<'_>) -> Numbers {
    let one = |text: &str| match text {
        "." => Ok('.'),
        "," => Ok(','),
        "'" => Ok('\''),
        other => Err(one_of(other, &[".", ",", "'"])),
    };
    let decimal = reader.parse(rows, "decimal", one);
    let thousands = reader.parse(rows, "thousands", one);
    let numbers = match (decimal, thousands) {
        (Some(decimal), thousands) => Numbers { decimal, thousands },
        (None, Some('.')) => Numbers { decimal: ',', thousands },
        (None, thousands) => Numbers { decimal: '.', thousands },
    };
    if Some(numbers.decimal) == numbers.thousands {
        reader.problem(rows, "thousands", "is the same as decimal; one character cannot be both");
    }
    numbers
}

fn dates(reader: &mut Reader<'_>, rows: &Section<'_>) -> DateFormats {
    let formats = match rows.get("date").map(|value| &value.kind) {
        None => return DateFormats::default(),
        Some(ValueKind::Array(_)) => reader.list(rows, "date", |text| Ok(text.to_owned())),
        Some(_) => reader.parse(rows, "date", |text| Ok(vec![text.to_owned()])),
    };
    let made = DateFormats::new(formats.unwrap_or_default());
    made.unwrap_or_else(|what| {
        reader.problem(rows, "date", what);
        DateFormats::default()
    })
}

/// Fields as they are read, each place once.
struct Build<'r, 'a> {
    reader: &'r mut Reader<'a>,
    format: Format,
    places: Vec<Place>,
}

impl Build<'_, '_> {
    /// The number of a place.
    fn place(&mut self, text: &str) -> Result<usize, String> {
        let place = match self.format {
            Format::Json | Format::JsonLines => Place::json(text)?,
            Format::Csv | Format::Tsv | Format::Xlsx => Place::column(text)?,
            Format::Xml => Place::xml(text)?,
        };
        if place.up > 0 && self.format == Format::JsonLines {
            return Err("looks around a row of JSON lines, where nothing is".into());
        }
        if let Some(known) = self.places.iter().position(|known| *known == place) {
            return Ok(known);
        }
        self.places.push(place);
        Ok(self.places.len() - 1)
    }

    /// A field: the text of a place, or a section that says more.
    fn field(&mut self, section: &Section<'_>, key: &str) -> Option<Field> {
        match &section.get(key)?.kind {
            ValueKind::String(text) => {
                let number = self.place(text);
                number.map(Field::place).map_err(|what| self.reader.problem(section, key, what)).ok()
            }
            ValueKind::Table(table) => {
                let name = section.key(key);
                let inner = Section { name: &name, table };
                known_keys(self.reader, &inner, &FIELD_KEYS);
                self.field_of(&inner, section, key)
            }
            other => {
                let what = format!("is {}, but must be the name of a field in quotes, or {{ from = …, map = … }}", described(other));
                self.reader.problem(section, key, what);
                None
            }
        }
    }

    /// A field that is a section of its own.
    fn field_of(&mut self, inner: &Section<'_>, outer: &Section<'_>, key: &str) -> Option<Field> {
        let from = match (inner.get("from"), inner.get("value")) {
            (Some(value), None) => {
                let ValueKind::String(text) = &value.kind else {
                    self.reader.problem(inner, "from", "must be a text in quotes");
                    return None;
                };
                let number = self.place(text);
                From::Place(number.map_err(|what| self.reader.problem(inner, "from", what)).ok()?)
            }
            (None, Some(_)) => From::Value(self.text(inner, "value")?),
            _ => {
                self.reader.problem(
                    outer,
                    key,
                    "says where it comes from by from (a place in the row) or value (always the same); give one of them",
                );
                return None;
            }
        };
        let text = |build: &mut Self, key: &str| inner.get(key).and_then(|_| build.text(inner, key));
        let (otherwise, empty) = (text(self, "otherwise"), text(self, "empty"));
        Some(Field { from, map: self.map(inner)?, otherwise, empty: empty.unwrap_or_default() })
    }

    /// A text, also an empty one, or a number.
    fn text(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        match &section.get(key)?.kind {
            ValueKind::String(text) => Some(text.trim().to_owned()),
            ValueKind::I64(number) => Some(number.to_string()),
            ValueKind::Boolean(switch) => Some(switch.to_string()),
            other => {
                self.reader.problem(section, key, format!("is {}, but must be a text in quotes", described(other)));
                None
            }
        }
    }

    fn map(&mut self, section: &Section<'_>) -> Option<BTreeMap<String, String>> {
        let Some(value) = section.get("map") else { return Some(BTreeMap::new()) };
        let ValueKind::Table(table) = &value.kind else {
            self.reader.problem(section, "map", "must say what becomes what: { loan = \"Total_Item_Requests\" }");
            return None;
        };
        let name = section.key("map");
        let inner = Section { name: &name, table };
        table.keys().map(|key| Some((key.trim().to_owned(), self.text(&inner, key)?))).collect()
    }

    fn month(&mut self, fields: &Section<'_>, source: &Section<'_>, asks_by_month: bool) -> Option<MonthField> {
        match (fields.get("month").is_some(), fields.get("year").is_some()) {
            (true, true) => {
                let (year, month) = (self.field(fields, "year"), self.field(fields, "month"));
                Some(MonthField::Parts { year: year?, month: month? })
            }
            (true, false) => self.field(fields, "month").map(MonthField::Date),
            (false, true) => {
                self.reader.problem(fields, "year", "stands without month; a year is not enough");
                None
            }
            (false, false) if asks_by_month => Some(MonthField::Asked),
            (false, false) => {
                self.reader.problem(source, "rows", "has no field that says which month a row is of; say so with month in [source.fields]");
                None
            }
        }
    }

    fn institution(&mut self, section: &Section<'_>) -> Institution {
        let Some(value) = section.get("institution") else { return Institution::default() };
        let ValueKind::Table(table) = &value.kind else {
            let what = "must say by what the institution is known: { id = \"library\" }, or name, or isil";
            self.reader.problem(section, "institution", what);
            return Institution::default();
        };
        let name = section.key("institution");
        let inner = Section { name: &name, table };
        known_keys(self.reader, &inner, &INSTITUTION_KEYS);
        let institution = Institution { id: self.field(&inner, "id"), name: self.field(&inner, "name"), isil: self.field(&inner, "isil") };
        if institution.is_empty() {
            self.reader.problem(section, "institution", "says nothing; give id, name or isil");
        }
        institution
    }

    /// The sections of a list, each with its place; nothing if it is none.
    fn sections<'a>(&mut self, section: &Section<'a>, key: &str, written: &str) -> Vec<(&'a Value, &'a Map<String, Value>)> {
        let Some(value) = section.get(key) else { return Vec::new() };
        let tables: Option<Vec<(&Value, &Map<String, Value>)>> = match &value.kind {
            ValueKind::Array(items) => {
                items.iter().map(|item| if let ValueKind::Table(table) = &item.kind { Some((item, table)) } else { None }).collect()
            }
            _ => None,
        };
        tables.unwrap_or_else(|| {
            self.reader.problem(section, key, format!("must be sections of their own: {written}, in two brackets"));
            Vec::new()
        })
    }

    fn keeps(&mut self, section: &Section<'_>) -> Vec<Keep> {
        let tables = self.sections(section, "keep", "[[source.keep]]");
        let name = section.key("keep");
        tables.into_iter().filter_map(|(value, table)| self.keep(value, &Section { name: &name, table })).collect()
    }

    fn keep(&mut self, value: &Value, section: &Section<'_>) -> Option<Keep> {
        known_keys(self.reader, section, &KEEP_KEYS);
        let place = self.reader.places.of(value);
        let (key, is) = match (section.get("is").is_some(), section.get("is_not").is_some()) {
            (true, false) => ("is", true),
            (false, true) => ("is_not", false),
            _ => {
                self.reader.at(&place, section.name.to_owned(), "says which rows count by is or by is_not; give one of them");
                return None;
            }
        };
        let texts = match section.get(key).map(|value| &value.kind) {
            Some(ValueKind::Array(items)) => {
                let texts = items.iter().map(|item| match &item.kind {
                    ValueKind::String(text) => Some(text.trim().to_owned()),
                    ValueKind::I64(number) => Some(number.to_string()),
                    ValueKind::Boolean(switch) => Some(switch.to_string()),
                    _ => None,
                });
                let texts: Option<Vec<String>> = texts.collect();
                if texts.is_none() {
                    self.reader.problem(section, key, "must be a text, or a list of texts");
                }
                texts
            }
            _ => self.text(section, key).map(|text| vec![text]),
        };
        if section.get("from").is_none() {
            self.reader.at(&place, section.name.to_owned(), "does not say from which field of the row; give from");
            return None;
        }
        let field = self.field(section, "from");
        Some(Keep { field: field?, texts: texts?, is })
    }

    fn counts(&mut self, source: &Section<'_>, fields: &Section<'_>) -> Option<Counts> {
        let named = (fields.get("metric").is_some(), fields.get("count").is_some());
        let tables = self.sections(source, "metric", "[[source.metric]]");
        match (named, tables.is_empty()) {
            ((false, false), true) => {
                let what =
                    "says nothing of what is counted; give a [[source.metric]] for each metric, or metric and count in [source.fields]";
                self.reader.problem(source, "rows", what);
                None
            }
            ((true, true), true) => {
                let (metric, count) = (self.field(fields, "metric"), self.field(fields, "count"));
                let metric = metric?;
                let wrong = metric.map.values().chain(&metric.otherwise).find(|name| !is_metric(name));
                if wrong.is_some() || matches!(&metric.from, From::Value(name) if !is_metric(name)) {
                    self.reader.problem(fields, "metric", "is made into something that is no metric; they look like Total_Item_Requests");
                }
                Some(Counts::Named { metric, count: count? })
            }
            ((false, false), false) => {
                let name = source.key("metric");
                let metrics: Vec<MetricField> =
                    tables.into_iter().filter_map(|(value, table)| self.metric(value, &Section { name: &name, table })).collect();
                Some(Counts::Fields(metrics))
            }
            ((true, true), false) => {
                self.reader.problem(
                    source,
                    "metric",
                    "stands beside metric and count in fields; say what is counted in one of the two ways",
                );
                None
            }
            (_, _) => {
                let key = if named.0 { "metric" } else { "count" };
                self.reader.problem(fields, key, "stands alone; metric and count go together, or take a [[source.metric]] for each metric");
                None
            }
        }
    }

    fn metric(&mut self, value: &Value, section: &Section<'_>) -> Option<MetricField> {
        known_keys(self.reader, section, &METRIC_KEYS);
        let place = self.reader.places.of(value);
        let name = self.reader.parse(section, "name", |text| {
            if is_metric(text) { Ok(text.to_owned()) } else { Err("is no metric; they look like Total_Item_Requests".into()) }
        });
        if section.get("name").is_none() {
            self.reader.at(&place, section.name.to_owned(), "has no name; say which metric it is, as Total_Item_Requests");
        }
        if section.get("from").is_some() == section.get("value").is_some() {
            let what = "says how much by from (a field of the row) or value (1, if each row is one use); give one of them";
            self.reader.at(&place, section.name.to_owned(), what);
            return None;
        }
        let count = self.field_of(section, section, "from");
        let institution = self.institution(section);
        let keep = self.keeps(section);
        Some(MetricField { name: name?, count: count?, institution, keep })
    }
}

/// Whether a text can be a metric's name: letters, digits, `_` and `-`.
fn is_metric(text: &str) -> bool {
    text.len() <= 200
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
