//! Standard views, derived from master reports by the filters of the Code of Practice (R5 and R5.1, sections 4.1 to 4.4).
//!
//! [`View::of`] finds a view of a release, [`View::check`] says whether a report can give it, and [`Derivation`] is the sink that
//! does it: counts that the view's filters let through are passed on with what the view's columns can say, as they come. What
//! becomes the same thereby is added up by a [`Gather`] behind it.

mod derive;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::io::Read;

use super::gather::{AsRecords, Gather};
use super::layout::Columns;
use super::summary::Summary;
use super::words::same_letters;
use super::{FormatError, Note, Reading};
use crate::model::{Release, ReportHeader, ReportId};

pub use derive::Derivation;

/// Why no view came of a report.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// The report cannot give it.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The report cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Counts that become the same add up to too much.
    #[error("counts that the view adds up are 2^63 or more together")]
    TooLarge,
}

/// The names of the standard views.
pub const VIEWS: [&str; 12] = ["PR_P1", "DR_D1", "DR_D2", "TR_B1", "TR_B2", "TR_B3", "TR_J1", "TR_J2", "TR_J3", "TR_J4", "IR_A1", "IR_M1"];

/// Why a report cannot give a view.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// No view has that name.
    #[error("'{name}' is not a standard view; they are {}", VIEWS.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The report is another than the one that the view is made of.
    #[error("it is {report}; {view} is derived from {master}, or from itself")]
    Other {
        /// The report.
        report: String,
        /// The view.
        view: &'static str,
        /// The view's master report.
        master: &'static str,
    },
    /// It is not known which report it is.
    #[error("it does not say which report it is (Report_ID), so that {view} cannot be derived")]
    Nameless {
        /// The view.
        view: &'static str,
    },
    /// It is not known by which release's filters to derive the view.
    #[error("it does not say that it is of release 5 or 5.1 (Release), whose filters for {view} are not the same")]
    NoRelease {
        /// The view.
        view: &'static str,
    },
    /// The vendor filtered out what the view consists of.
    #[error("it was made with the filter {name}={value}, which leaves out all that {view} is about")]
    FilteredOut {
        /// The view.
        view: &'static str,
        /// The filter.
        name: String,
        /// Its value.
        value: String,
    },
    /// The report does not break its counts down by what the view filters by.
    #[error("it does not show {attribute}, so that {view} cannot be derived; ask the vendor for the report with {attribute}")]
    Lacks {
        /// The view.
        view: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
}

/// What a view filters by, beside its metrics and `Access_Method=Regular`, which all views have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    DataType,
    AccessType,
    ParentDataType,
    Yop,
}

impl Attribute {
    const ALL: [Self; 4] = [Self::DataType, Self::AccessType, Self::ParentDataType, Self::Yop];

    const fn name(self) -> &'static str {
        match self {
            Self::DataType => "Data_Type",
            Self::AccessType => "Access_Type",
            Self::ParentDataType => "Parent_Data_Type",
            Self::Yop => "YOP",
        }
    }
}

/// A standard view of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub id: &'static str,
    /// The release whose filters these are.
    pub release: Release,
    /// The report that it is a part of.
    pub master: &'static str,
    /// Its columns, `Metric_Type` and the months aside.
    pub columns: Columns,
    /// Its metrics.
    pub metrics: &'static [&'static str],
    /// Its data types; empty: all.
    data_types: &'static [&'static str],
    /// Its access types; empty: all.
    access_types: &'static [&'static str],
    /// The data types of its items' parents; empty: all.
    parent_data_types: &'static [&'static str],
    /// What it is a breakdown by: without it, there is no such view.
    by: Option<Attribute>,
}

const REQUESTS: &[&str] = &["Total_Item_Requests", "Unique_Item_Requests"];
const DENIED: &[&str] = &["Limit_Exceeded", "No_License"];
const CONTROLLED: &[&str] = &["Controlled"];
const BOOK: &[&str] = &["Book", "Reference_Work"];
const JOURNAL: &[&str] = &["Journal"];
/// Of release 5.1, whose order is the standard's; release 5 has the first of them.
const MULTIMEDIA: &[&str] = &["Audiovisual", "Image", "Interactive_Resource", "Multimedia", "Sound"];
const SEARCHES: &[&str] = &[
    "Searches_Automated",
    "Searches_Federated",
    "Searches_Regular",
    "Total_Item_Investigations",
    "Total_Item_Requests",
    "Unique_Item_Investigations",
    "Unique_Item_Requests",
];
const BY_ACCESS: &[&str] = &[
    "Total_Item_Investigations",
    "Total_Item_Requests",
    "Unique_Item_Investigations",
    "Unique_Item_Requests",
    "Unique_Title_Investigations",
    "Unique_Title_Requests",
];

impl View {
    /// The view of this name, by the filters of this release.
    ///
    /// # Errors
    /// [`ViewError::Unknown`], and [`ViewError::NoRelease`] for a release that has no such views.
    pub fn of(name: &str, release: Release) -> Result<Self, ViewError> {
        let Some(id) = VIEWS.into_iter().find(|view| view.eq_ignore_ascii_case(name.trim())) else {
            return Err(ViewError::Unknown { name: name.chars().take(40).collect() });
        };
        let columns = Columns::of(id, release).filter(|_| matches!(release, Release::R5 | Release::R51));
        let Some(columns) = columns else { return Err(ViewError::NoRelease { view: id }) };
        let r5 = release == Release::R5;
        let of_release = |r5_has: &'static [&'static str], r51_has| if r5 { r5_has } else { r51_has };
        let plain = Self {
            id,
            release,
            master: id.split_once('_').map_or(id, |(master, _)| master),
            columns,
            metrics: REQUESTS,
            data_types: &[],
            access_types: &[],
            parent_data_types: &[],
            by: None,
        };
        let book = Self { data_types: of_release(&BOOK[..1], BOOK), ..plain };
        let journal = Self { data_types: JOURNAL, ..plain };
        Ok(match id {
            "PR_P1" => {
                Self { metrics: &["Searches_Platform", "Total_Item_Requests", "Unique_Item_Requests", "Unique_Title_Requests"], ..plain }
            }
            // Unique items of databases came with release 5.1.
            "DR_D1" => Self { metrics: of_release(&SEARCHES[..5], SEARCHES), ..plain },
            "DR_D2" => Self { metrics: DENIED, ..plain },
            "TR_B1" => Self { access_types: CONTROLLED, metrics: &["Total_Item_Requests", "Unique_Title_Requests"], ..book },
            "TR_B2" => Self { metrics: DENIED, ..book },
            "TR_B3" => Self { metrics: BY_ACCESS, by: Some(Attribute::AccessType), ..book },
            "TR_J1" => Self { access_types: CONTROLLED, ..journal },
            "TR_J2" => Self { metrics: DENIED, ..journal },
            "TR_J3" => Self { metrics: &BY_ACCESS[..4], by: Some(Attribute::AccessType), ..journal },
            "TR_J4" => Self { access_types: CONTROLLED, by: Some(Attribute::Yop), ..journal },
            "IR_A1" => Self { data_types: &["Article"], parent_data_types: of_release(JOURNAL, &[]), ..plain },
            _ => Self { data_types: of_release(&["Multimedia"], MULTIMEDIA), metrics: of_release(&REQUESTS[..1], REQUESTS), ..plain },
        })
    }

    /// The view of this name that this report can give, as far as its header says.
    ///
    /// # Errors
    /// See [`ViewError`].
    pub fn from_report(name: &str, reading: &Reading) -> Result<Self, ViewError> {
        // A name is wrong whatever the report is.
        let any = Self::of(name, Release::R51)?;
        let header = &reading.header;
        let report = header.report.as_ref().map(ReportId::as_str).or(reading.looks_like);
        let report = report.ok_or(ViewError::Nameless { view: any.id })?;
        if report != any.master && report != any.id {
            return Err(ViewError::Other { report: report.to_owned(), view: any.id, master: any.master });
        }
        let release = header.release.ok_or(ViewError::NoRelease { view: any.id })?;
        let view = Self::of(name, release)?;
        view.check(header)?;
        Ok(view)
    }

    /// What the view allows of an attribute; empty: everything.
    const fn allowed(&self, attribute: Attribute) -> &'static [&'static str] {
        match attribute {
            Attribute::DataType => self.data_types,
            Attribute::AccessType => self.access_types,
            Attribute::ParentDataType => self.parent_data_types,
            Attribute::Yop => &[],
        }
    }

    /// The view's filters, as a header names them.
    fn filters(&self) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        let all = [
            ("Data_Type", self.data_types),
            ("Parent_Data_Type", self.parent_data_types),
            ("Access_Type", self.access_types),
            ("Access_Method", &["Regular"] as &[_]),
        ];
        all.into_iter().filter(|(_, values)| !values.is_empty())
    }

    /// Whether the vendor's own filters leave something of the view.
    fn check(&self, header: &ReportHeader) -> Result<(), ViewError> {
        let metrics = ("Metric_Type", self.metrics);
        for (name, allowed) in self.filters().chain([metrics]) {
            let Some((name, value)) = filter(header, name) else { continue };
            if Standing::of(value, allowed) == Standing::Disjoint {
                return Err(ViewError::FilteredOut { view: self.id, name: name.to_owned(), value: value.chars().take(120).collect() });
            }
        }
        Ok(())
    }

    /// The header of the view, made from that of the report.
    #[must_use]
    pub fn header(&self, of: &ReportHeader) -> ReportHeader {
        let mut filters: Vec<(String, String)> = vec![("Metric_Type".into(), self.metrics.join("|"))];
        filters.extend(self.filters().map(|(name, values)| (name.to_owned(), values.join("|"))));
        // A report of one platform gives a view of one platform.
        filters.extend(filter(of, "Platform").map(|(name, value)| (name.to_owned(), value.to_owned())));
        ReportHeader {
            report: self.id.parse().ok(),
            release: Some(self.release),
            report_name: super::layout::report_name(self.id, self.release).unwrap_or_default().to_owned(),
            filters,
            attributes: vec![],
            ..of.clone()
        }
    }
}

/// The figures of a view of a report, which was read once for `of`; its records are the view's counts after adding up.
///
/// # Errors
/// See [`DeriveError`].
pub fn summarise(name: &str, of: &Reading, reader: impl Read) -> Result<(Reading, Summary), DeriveError> {
    let view = View::from_report(name, of)?;
    let mut summary = Summary::default();
    let mut gather = Gather::new(AsRecords(&mut summary));
    let mut derivation = Derivation::new(view, &of.header, &mut gather);
    let read = super::read(reader, &mut derivation);
    let told = derivation.finish();
    if gather.is_overflow() {
        return Err(DeriveError::TooLarge);
    }
    let (mut reading, mut notes) = (read?, told?);
    let (_, records, in_parts) = gather.finish().map_err(|_| DeriveError::TooLarge)?;
    if in_parts {
        notes.push(Note { what: IN_PARTS.to_owned(), times: 1, place: view.id.to_owned() });
    }
    reading.header = view.header(&of.header);
    reading.records = records;
    reading.looks_like = None;
    reading.notes.append(&mut notes);
    Ok((reading, summary))
}

/// What is said where not all that belongs together could be brought together.
pub const IN_PARTS: &str = "the report is too large to bring all of it together at once: rows of one item that stand far apart stay apart";

/// A filter of a header, in any spelling of its name.
fn filter<'a>(header: &'a ReportHeader, name: &str) -> Option<(&'a str, &'a str)> {
    let found = header.filters.iter().find(|(known, _)| same_letters(known, name) || same_letters(known, &format!("{name}s")));
    found.map(|(name, value)| (name.as_str(), value.as_str())).filter(|(_, value)| !value.trim().is_empty())
}

/// How a vendor's filter stands to what a view allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It lets nothing through that the view does not allow.
    Within,
    /// It leaves out something that the view allows.
    Narrower,
    /// It leaves out all that the view allows.
    Disjoint,
    /// It leaves out nothing of the view.
    Wider,
}

impl Standing {
    fn of(value: &str, allowed: &[&str]) -> Self {
        let values: Vec<&str> = value.split(['|', ';', ',']).map(str::trim).filter(|value| !value.is_empty()).collect();
        let says = |word: &str| values.iter().any(|value| same_letters(value, word));
        let is_allowed = |value: &str| allowed.iter().any(|word| same_letters(word, value));
        let common = allowed.iter().filter(|word| says(word)).count();
        if values.is_empty() || says("all") {
            Self::Wider
        } else if values.iter().all(|value| is_allowed(value)) {
            Self::Within
        } else if common == 0 {
            Self::Disjoint
        } else if common < allowed.len() {
            Self::Narrower
        } else {
            Self::Wider
        }
    }
}
