//! Which report a table is: what its heading says, held against its columns.
//!
//! A table that says one thing and is another is refused, with what was found and what was expected: stored under the wrong name it would
//! replace, or stand beside, figures that it has nothing to do with.

use crate::formats::delimited::Record;
use crate::formats::notes::Notes;
use crate::formats::words::same_letters;
use crate::model::{Release, ReportId};

use super::columns::{Columns, Field, Shape, has};
use super::heading::{Heading, report_named};
use super::release4::{self, Detail, REPORTS, Thing};
use super::shown;

/// The master reports of R5, and the columns by which a row of each is told.
const MASTERS: [(&str, Field, &str); 4] = [
    ("IR", Field::Item, "Item, Publisher, Platform, Metric_Type and a column for each month"),
    ("DR", Field::Database, "Database, Publisher, Platform, Metric_Type and a column for each month"),
    ("TR", Field::Title, "Title, Publisher, Platform, Metric_Type and a column for each month"),
    ("PR", Field::Platform, "Platform, Metric_Type and a column for each month"),
];

/// Which report a table is.
#[derive(Debug)]
pub(super) struct Report {
    /// Its name, where it says or where the columns leave no doubt.
    pub(super) id: Option<ReportId>,
    pub(super) release: Option<Release>,
    /// The master report of R5 that its columns are those of.
    pub(super) looks_like: Option<&'static str>,
    /// What is counted in it, if it is one of R4.
    pub(super) r4: Option<&'static release4::Report>,
}

/// Whether a table counts without a column `Metric_Type`, as those of R4 do: by its heading, else by its columns.
pub(super) fn is_r4(heading: &Heading, columns: &Record) -> bool {
    if heading.titled.is_some() || heading.header.release == Some(Release::R4) || release4::by_id(&heading.report).is_some() {
        return true;
    }
    let of_r4 = [Field::Activity, Field::Category, Field::PageType, Field::ItemType, Field::Html, Field::Collection, Field::Proprietary];
    let says_r5 = heading.header.release.is_some() || !heading.report.is_empty() || heading.is_there;
    !says_r5 && !has(columns, Field::Metric) && of_r4.iter().any(|field| has(columns, *field))
}

/// What the heading of a report of R4 says that it is.
pub(super) fn named_r4(heading: &Heading) -> Result<Option<&'static release4::Report>, String> {
    let Some((titled, _)) = &heading.titled else { return Ok(release4::by_id(&heading.report)) };
    if let Some(release) = titled.release.filter(|release| *release != 4) {
        return Err(format!("it is {} of release {release}; of the releases before 5, 4 is read", titled.id));
    }
    let known = || REPORTS.iter().map(|report| report.id).collect::<Vec<_>>().join(", ");
    release4::by_id(&titled.id)
        .map(Some)
        .ok_or_else(|| format!("it says that it is {}, which is none of the tables of R4: {}", titled.id, known()))
}

/// Says which report of R4 a table is, or why it cannot be.
pub(super) fn of_r4(named: Option<&'static release4::Report>, columns: &Columns) -> Result<Report, String> {
    let r4 = match named {
        Some(report) => agreeing(report, columns)?,
        None => guessed(columns)?,
    };
    Ok(Report { id: r4.id.parse().ok(), release: Some(Release::R4), looks_like: None, r4: Some(r4) })
}

fn detail_of(columns: &Columns) -> Detail {
    let by = |field| columns.place(field).is_some();
    match () {
        () if matches!(columns.shape, Shape::Years(_)) => Detail::Years,
        () if by(Field::Activity) => Detail::Activity,
        () if by(Field::Category) => Detail::Category,
        () if by(Field::PageType) => Detail::PageType,
        () if by(Field::ItemType) => Detail::ItemType,
        () => Detail::None,
    }
}

fn thing_of(columns: &Columns) -> Option<Thing> {
    let things = [
        (Field::Database, Thing::Database),
        (Field::Collection, Thing::Collection),
        (Field::Title, Thing::Title),
        (Field::Platform, Thing::Platform),
    ];
    things.into_iter().find(|(field, _)| columns.place(*field).is_some()).map(|(_, thing)| thing)
}

fn agreeing(report: &'static release4::Report, columns: &Columns) -> Result<&'static release4::Report, String> {
    let (thing, detail) = (thing_of(columns), detail_of(columns));
    // Collections of multimedia are also called titles.
    let is_it = thing == Some(report.thing) || (report.thing == Thing::Collection && thing == Some(Thing::Title));
    if is_it && detail == report.detail && columns.place(Field::Metric).is_none() {
        return Ok(report);
    }
    let thing = match report.thing {
        Thing::Title => "Title (or Journal)",
        Thing::Database => "Database",
        Thing::Platform => "Platform, but no Title, Database or Collection",
        Thing::Collection => "Collection",
    };
    let detail = match report.detail {
        Detail::None => "no column that says what is counted",
        Detail::Activity => "User Activity",
        Detail::Category => "Access Denied Category",
        Detail::PageType => "Page Type",
        Detail::ItemType => "Item Type",
        Detail::Years => "a column for each year of publication (YOP 2012)",
    };
    Err(format!("it says that it is {}, which has {thing}, and {detail}; found {}", report.id, columns.found()))
}

/// The only report of R4 that has these columns.
fn guessed(columns: &Columns) -> Result<&'static release4::Report, String> {
    let (thing, detail) = (thing_of(columns), detail_of(columns));
    let title = columns.place(Field::Title).map(|place| columns.name(place)).unwrap_or_default();
    let kind = match () {
        () if columns.place(Field::DataType).is_some() => "TR",
        () if same_letters(&title, "Journal") => "JR",
        () if thing == Some(Thing::Title) && (columns.place(Field::Isbn).is_some() || title.starts_with("column ")) => "BR",
        () => "",
    };
    // Reports on mobile use, and of services, have the columns of others and were hardly ever made.
    let rare = ["JR3MOBILE", "TR1MOBILE", "PR2", "BR6"];
    let fits = |report: &&release4::Report| {
        Some(report.thing) == thing && report.detail == detail && report.id.starts_with(kind) && !rare.contains(&report.id)
    };
    let found: Vec<&'static release4::Report> = REPORTS.iter().filter(fits).collect();
    match *found {
        [only] => Ok(only),
        [] => Err(format!("it does not say which report it is, and no report has these columns: {}", columns.found())),
        _ => Err(format!(
            "it does not say which report it is; its columns are those of {}. Write which into its first line, like Journal Report 1 (R4)",
            found.iter().map(|report| report.id).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// Says which report of R5 or R5.1 a table is, or why it cannot be.
pub(super) fn of_r5(heading: &Heading, columns: &Columns, notes: &mut Notes) -> Result<Report, String> {
    let looks_like = MASTERS.iter().find(|(_, field, _)| columns.place(*field).is_some());
    let (like, _, _) = looks_like.ok_or_else(|| {
        format!("there is no column Platform, Database, Title or Item, which says of what the counts are; found {}", columns.found())
    })?;
    let header = &heading.header;
    let id: Option<ReportId> = if heading.report.is_empty() {
        if heading.is_there {
            notes.add("Report_ID is missing", || "the heading".into());
        } else {
            notes.add("there is no heading that says what the table is", || "the beginning".into());
        }
        report_named(&header.report_name).and_then(|id| id.parse().ok())
    } else {
        let no_name = |_| format!("its Report_ID '{}' is no name of a report; by its columns it is a {like}", shown(&heading.report));
        Some(heading.report.parse().map_err(no_name)?)
    };
    if let Some(id) = &id {
        let expected = MASTERS.iter().find(|(master, _, _)| *master == id.master());
        match expected {
            Some((master, _, columns_of)) if master != like => {
                return Err(format!(
                    "it says that it is {id}, but its columns are those of a {like}: found {}; a {master} has {columns_of}",
                    columns.found()
                ));
            }
            // Vendors' own reports have a namespace (R5.1 section 11.4); their columns say what they are.
            None if !id.as_str().contains(':') => {
                return Err(format!("its Report_ID is {id}, which is no report of R5 or R5.1; by its columns it is a {like}"));
            }
            _ => {}
        }
    }
    if header.release.is_none() && heading.is_there {
        notes.add("Release is missing", || "the heading".into());
    }
    Ok(Report { id, release: header.release, looks_like: Some(*like), r4: None })
}
