//! What a report's table looks like before its first row is written.

use std::collections::BTreeSet;

use crate::formats::layout::{Column, Columns, ID_COLUMNS};
use crate::formats::notes::Notes;
use crate::formats::views::VIEWS;
use crate::formats::{Note, Reading, RecordSink, Stopped};
use crate::model::{Exception, Identifier, Item, Member, Month, Release, ReportHeader, ReportId, UsageRecord, usage::Related};

/// A report of more months than this is no report.
const MONTHS: usize = 600;

/// Why a report cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It does not say which report it is.
    #[error("it does not say which report it is (Report_ID)")]
    Nameless,
    /// It is not a report of COUNTER release 5 or 5.1.
    #[error("{report} is not a report of COUNTER release 5 or 5.1, and only these are written")]
    NotCounter {
        /// The report.
        report: String,
    },
    /// It is not said of which release it is.
    #[error("it does not say that it is of release 5 or 5.1 (Release)")]
    NoRelease,
    /// Its counts are of addresses.
    #[error("its counts are of addresses, which no COUNTER report has, and which are personal")]
    Addresses,
    /// Its months lie too far apart.
    #[error("its months, {first} to {last}, are more than a table can have")]
    TooManyMonths {
        /// The first.
        first: Month,
        /// The last.
        last: Month,
    },
}

/// What a first reading finds out: months, and what has something to say.
#[derive(Debug, Default)]
pub struct Shape {
    months: BTreeSet<Month>,
    columns: Columns,
    addresses: bool,
    other_methods: bool,
    /// What no column of a table can tell.
    untold: Notes,
    last: Option<Item>,
}

impl Shape {
    fn text(&mut self, column: Column, text: &str) {
        if !text.is_empty() {
            self.columns.add(column);
        }
    }

    fn item(&mut self, item: &Item) {
        use Column as C;
        for (column, text) in [
            (C::Platform, &item.platform),
            (C::Database, &item.database),
            (C::Item, &item.item),
            (C::Publisher, &item.publisher),
            (C::PublicationDate, &item.publication_date),
            (C::ArticleVersion, &item.article_version),
            (C::SectionType, &item.section_type),
        ] {
            self.text(column, text);
        }
        // In an item's report the title is the parent's.
        if item.parent.as_ref().is_none_or(|parent| parent.title != item.title) {
            self.text(C::Title, &item.title);
        }
        if !item.publisher_ids.is_empty() {
            self.columns.add(C::PublisherId);
        }
        self.names(C::Authors, &item.authors);
        self.ids(&item.ids, 0);
        if let Some(parent) = item.parent.as_deref() {
            self.columns.add(C::ParentTitle);
            self.related(parent, 1, [C::ParentTitle, C::ParentDataType, C::ParentPublicationDate], C::ParentAuthors);
            self.text(C::ParentArticleVersion, &parent.article_version);
        }
        if let Some(component) = item.component.as_deref() {
            self.columns.add(C::ComponentTitle);
            self.related(component, 2, [C::ComponentTitle, C::ComponentDataType, C::ComponentPublicationDate], C::ComponentAuthors);
            self.text(C::ComponentArticleVersion, &component.article_version);
        }
    }

    fn related(&mut self, related: &Related, place: usize, columns: [Column; 3], authors: Column) {
        let texts = [&related.title, &related.data_type, &related.publication_date];
        for (column, text) in columns.into_iter().zip(texts) {
            self.text(column, text);
        }
        self.names(authors, &related.authors);
        self.ids(&related.ids, place);
    }

    fn names(&mut self, column: Column, names: &[String]) {
        if !names.is_empty() {
            self.columns.add(column);
        }
        if names.iter().any(|name| name.contains(';')) {
            self.untold("authors with a semicolon in their names, which in tables are several");
        }
    }

    fn ids(&mut self, ids: &[Identifier], place: usize) {
        for (number, id) in ids.iter().enumerate() {
            let column =
                ID_COLUMNS.iter().find(|(kind, _)| *kind == id.kind).and_then(|(_, columns)| columns.get(place).copied().flatten());
            match column {
                Some(column) => self.columns.add(column),
                None => self.untold(&format!("identifiers of the kind {}", id.kind.chars().take(40).collect::<String>())),
            }
            if ids.iter().take(number).any(|other| other.kind == id.kind) {
                self.untold("several identifiers of one kind");
            }
        }
    }

    fn member(&mut self, member: &Member) {
        self.text(Column::InstitutionName, &member.name);
        self.text(Column::CustomerId, &member.customer_id);
        self.text(Column::InstitutionId, &member.isil);
    }

    fn untold(&mut self, what: &str) {
        self.untold.add(what.to_owned(), || "tables".into());
    }
}

impl RecordSink for Shape {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.months(record, &[(record.month, record.count)])
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        self.months.extend(counts.iter().map(|(month, _)| *month));
        self.addresses |= like.addresses.is_some();
        self.other_methods |= like.access_method != "Regular";
        for (column, text) in [(Column::DataType, like.data_type), (Column::Yop, like.yop), (Column::AccessType, like.access_type)] {
            self.text(column, text);
        }
        if let Some(member) = like.member {
            self.member(member);
        }
        if self.last.as_ref() != Some(like.item) {
            self.item(like.item);
            self.last = Some(like.item.clone());
        }
        Ok(())
    }
}

/// How a report is written.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) header: ReportHeader,
    pub(super) report: ReportId,
    pub(super) release: Release,
    pub(super) exceptions: Vec<Exception>,
    pub(super) columns: Columns,
    pub(super) months: Vec<Month>,
    notes: Vec<Note>,
}

impl Plan {
    /// The plan for what was read, whose records have this shape.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn new(reading: &Reading, shape: Shape) -> Result<Self, PlanError> {
        let header = reading.header.clone();
        let report = header.report.clone().or_else(|| reading.looks_like.and_then(|id| id.parse().ok())).ok_or(PlanError::Nameless)?;
        if !report.is_counter() {
            return Err(PlanError::NotCounter { report: report.to_string() });
        }
        if shape.addresses {
            return Err(PlanError::Addresses);
        }
        let release = header.release.ok_or(PlanError::NoRelease)?;
        let Some(always) = Columns::of(report.as_str(), release).filter(|_| matches!(release, Release::R5 | Release::R51)) else {
            return Err(PlanError::NoRelease);
        };
        let mut columns = always.and(shape.columns);
        // Of a view it is known; that a report says nothing of it is no different from Regular here.
        let is_view = VIEWS.contains(&report.as_str());
        if shape.other_methods || !is_view {
            columns.add(Column::AccessMethod);
        }
        if !is_view {
            columns = columns.and(asked_for(&header));
        }
        let months = months(&header, &shape.months)?;
        Ok(Self { header, report, release, exceptions: reading.exceptions.clone(), columns, months, notes: shape.untold.into_notes() })
    }

    /// What cannot be told in a table of this report, and only in JSON.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

/// The columns that the report was asked to show, if it has anything in them or not.
fn asked_for(header: &ReportHeader) -> Columns {
    let mut columns = Columns::default();
    for (name, value) in &header.attributes {
        let group = match name.to_ascii_lowercase().as_str() {
            "attributes_to_show" => {
                let named = value.split('|').filter_map(|value| Column::ALL.iter().find(|column| column.name() == value.trim()));
                named.for_each(|column| columns.add(*column));
                continue;
            }
            "include_parent_details" => "Parent_",
            "include_component_details" => "Component_",
            _ => continue,
        };
        if value.eq_ignore_ascii_case("true") {
            let of_group = |column: &&Column| column.name().starts_with(group) && **column != Column::ComponentArticleVersion;
            Column::ALL.iter().filter(of_group).for_each(|column| columns.add(*column));
        }
    }
    columns
}

/// The months of the report, those without counts included.
fn months(header: &ReportHeader, seen: &BTreeSet<Month>) -> Result<Vec<Month>, PlanError> {
    let period = header.begin.zip(header.end).map(|(begin, end)| [Month::of(begin), Month::of(end)]);
    let all = seen.iter().copied().chain(period.into_iter().flatten());
    let (Some(first), Some(last)) = (all.clone().min(), all.max()) else { return Ok(vec![]) };
    if usize::try_from(last.index() - first.index()).map_or(true, |months| months >= MONTHS) {
        return Err(PlanError::TooManyMonths { first, last });
    }
    Ok(crate::model::MonthRange::new(first, last).iter().collect())
}
