//! What stands above a table: labels and values in R5 and R5.1, lines in R4, in any order and with anything missing.
//!
//! (Code of Practice R5.1 section 3.2.1, R5 section 3.2.1, R4 section 4.1.) [`Heading`] is given the rows one after another and becomes
//! the [`ReportHeader`] that the same report would have as JSON.

use chrono::NaiveDate;

use crate::formats::counter_json::code_of_message;
use crate::formats::delimited::Record;
use crate::formats::identifiers::{identifier, known_kind};
use crate::formats::notes::Notes;
use crate::formats::words::same_letters;
use crate::model::{Exception, Identifier, Release, ReportHeader, ReportId};

use super::months::period;
use super::release4::{Titled, titled};
use super::{shown, text};

/// A label of the heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    ReportName,
    ReportId,
    Release,
    InstitutionName,
    InstitutionId,
    CustomerId,
    MetricTypes,
    ReportFilters,
    ReportAttributes,
    Exceptions,
    ReportingPeriod,
    Created,
    CreatedBy,
    RegistryRecord,
}

const LABELS: [(&str, Label); 22] = [
    ("Report_Name", Label::ReportName),
    ("Report_ID", Label::ReportId),
    ("Release", Label::Release),
    ("Institution_Name", Label::InstitutionName),
    ("Customer_Name", Label::InstitutionName),
    ("Institution_ID", Label::InstitutionId),
    ("Customer_ID", Label::CustomerId),
    ("Metric_Types", Label::MetricTypes),
    ("Metric_Type", Label::MetricTypes),
    ("Report_Filters", Label::ReportFilters),
    ("Report_Filter", Label::ReportFilters),
    ("Report_Attributes", Label::ReportAttributes),
    ("Report_Attribute", Label::ReportAttributes),
    ("Exceptions", Label::Exceptions),
    ("Exception", Label::Exceptions),
    ("Reporting_Period", Label::ReportingPeriod),
    ("Report_Period", Label::ReportingPeriod),
    ("Created", Label::Created),
    ("Date_Created", Label::Created),
    ("Created_By", Label::CreatedBy),
    ("Registry_Record", Label::RegistryRecord),
    ("Registry_URL", Label::RegistryRecord),
];

fn label(cell: &str) -> Option<Label> {
    let cell = cell.trim_end_matches([':', ' ']);
    LABELS.iter().find(|(name, _)| *name == cell || same_letters(name, cell)).map(|(_, label)| *label)
}

/// Whether a record is a row of a heading that nothing else has.
pub(super) fn is_telling(record: &Record) -> bool {
    let first = (0..record.len()).map(|place| text(record.bytes(place))).find(|cell| !cell.is_empty());
    first.is_some_and(|cell| {
        matches!(label(&cell), Some(Label::ReportName | Label::ReportId)) || titled(&cell).is_some_and(|titled| titled.release.is_some())
    })
}

/// Whether a record is a row of a heading that nothing but COUNTER has: the id of a report of Release 5, or the first line of Release 4.
pub(super) fn is_certain(record: &Record) -> bool {
    let mut cells = (0..record.len()).map(|place| text(record.bytes(place))).filter(|cell| !cell.is_empty());
    let Some(first) = cells.next() else { return false };
    let is_id = |id: &str| id.parse::<ReportId>().is_ok_and(|id| id.is_counter());
    match (label(&first), first.split_once([':', '='])) {
        (Some(Label::ReportId), _) => cells.next().is_some_and(|id| is_id(&id)),
        (None, Some((name, id))) if label(name) == Some(Label::ReportId) => is_id(id.trim()),
        _ => titled(&first).is_some_and(|titled| titled.release.is_some()),
    }
}

fn is_line_of_r4(first: &str) -> bool {
    starts(first, "period covered by") || starts(first, "date run")
}

fn starts(text: &str, with: &str) -> bool {
    text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// What an R4 line announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announced {
    Nothing,
    Period,
    Run,
}

/// The heading of a table, as far as it was read.
#[derive(Debug)]
pub(super) struct Heading {
    pub(super) header: ReportHeader,
    pub(super) exceptions: Vec<Exception>,
    /// `Report_ID` as it is written; empty if it is not there.
    pub(super) report: String,
    /// The first line of R4, and its number.
    pub(super) titled: Option<(Titled, u64)>,
    /// `Section Type` of a BR2.
    pub(super) section_type: String,
    /// The days that the report says it covers.
    pub(super) period: Option<(NaiveDate, NaiveDate)>,
    /// Whether any row was understood.
    pub(super) is_there: bool,
    announced: Announced,
    /// Where the section type is to stand, and the line above it.
    section: Option<(usize, u64)>,
}

impl Heading {
    pub(super) fn new() -> Self {
        Self {
            header: ReportHeader::default(),
            exceptions: Vec::new(),
            report: String::new(),
            titled: None,
            section_type: String::new(),
            period: None,
            is_there: false,
            announced: Announced::Nothing,
            section: None,
        }
    }

    /// Takes a row. `place` is where it stands, for notes.
    pub(super) fn row(&mut self, record: &Record, notes: &mut Notes, place: &str) {
        let cells: Vec<(usize, String)> =
            (0..record.len()).map(|place| (place, text(record.bytes(place)).into_owned())).filter(|(_, cell)| !cell.is_empty()).collect();
        let Some((_, first)) = cells.first() else { return };
        let rest: Vec<&str> = cells.iter().skip(1).map(|(_, cell)| cell.as_str()).collect();
        // A cell that holds both: `Report_ID: TR`.
        let halves = first.split_once([':', '=']).and_then(|(name, value)| label(name).map(|label| (label, value.trim())));
        if let Some(label) = label(first) {
            self.is_there = true;
            self.value(label, &rest.join(", "), notes, place);
        } else if let Some((label, value)) = halves {
            self.is_there = true;
            self.value(label, value, notes, place);
        } else if self.titled.is_none()
            && let Some(titled) = titled(first)
        {
            self.is_there = true;
            if let Some(name) = rest.first() {
                (*name).clone_into(&mut self.header.report_name);
            }
            self.titled = Some((titled, record.line()));
        } else if self.titled.is_some() || self.announced != Announced::Nothing || is_line_of_r4(first) {
            self.line(first, &cells, record.line(), notes, place);
        }
    }

    fn value(&mut self, label: Label, value: &str, notes: &mut Notes, place: &str) {
        let header = &mut self.header;
        match label {
            Label::ReportName => value.clone_into(&mut header.report_name),
            Label::ReportId => {
                value.clone_into(&mut self.report);
                if value.bytes().any(|byte| byte.is_ascii_lowercase()) {
                    notes.add("Report_ID is in lower case", || place.to_owned());
                }
            }
            Label::Release => {
                header.release = if matches!(value, "4" | "R4" | "4.0" | "4.1") { Some(Release::R4) } else { value.parse().ok() };
                if header.release.is_none() {
                    notes.add(format!("Release '{}' is not known", shown(value)), || place.to_owned());
                }
            }
            Label::InstitutionName => value.clone_into(&mut header.institution_name),
            Label::InstitutionId => header.institution_ids = named_ids(value),
            Label::CustomerId => value.clone_into(&mut header.customer_id),
            Label::MetricTypes => {
                let metrics: Vec<&str> = value.split([';', '|']).map(str::trim).filter(|metric| !metric.is_empty()).collect();
                if !metrics.is_empty() {
                    header.filters.push(("Metric_Type".into(), metrics.join("|")));
                }
            }
            Label::ReportFilters => header.filters.extend(settings(value)),
            Label::ReportAttributes => header.attributes.extend(settings(value)),
            Label::Exceptions => {
                let (found, all) = exceptions(value);
                if !all {
                    notes.add(format!("Exceptions says '{}', which is not understood", shown(value)), || place.to_owned());
                }
                self.exceptions.extend(found);
            }
            Label::ReportingPeriod => self.period(value, notes, place),
            Label::Created => value.clone_into(&mut header.created),
            Label::CreatedBy => value.clone_into(&mut header.created_by),
            Label::RegistryRecord => value.clone_into(&mut header.registry_record),
        }
    }

    fn period(&mut self, value: &str, notes: &mut Notes, place: &str) {
        self.period = period(value);
        if self.period.is_none() && !value.is_empty() {
            notes.add(format!("the reporting period '{}' is not understood", shown(value)), || place.to_owned());
        }
    }

    /// A line of R4 below the first.
    fn line(&mut self, first: &str, cells: &[(usize, String)], number: u64, notes: &mut Notes, place: &str) {
        // What stands beside the label, behind it in its cell, or else in the next row.
        let second = cells.get(1).map(|(_, cell)| cell.as_str());
        let beside = second.or_else(|| first.split_once(':').map(|(_, value)| value.trim())).filter(|value| !value.is_empty());
        if let Some((place, _)) = cells.iter().find(|(_, cell)| same_letters(cell.trim_end_matches([':', ' ']), "Section Type")) {
            self.section = Some((*place, number));
        } else if let Some((column, above)) = self.section
            && above + 1 == number
            && let Some((_, cell)) = cells.iter().find(|(place, _)| *place == column)
        {
            cell.clone_into(&mut self.section_type);
        }
        if starts(first, "period covered") || starts(first, "reporting period") {
            match beside {
                Some(value) => self.period(value, notes, place),
                None => self.announced = Announced::Period,
            }
        } else if starts(first, "date run") {
            match beside {
                Some(value) => value.clone_into(&mut self.header.created),
                None => self.announced = Announced::Run,
            }
        } else if self.announced == Announced::Period {
            self.announced = Announced::Nothing;
            self.period(first, notes, place);
        } else if self.announced == Announced::Run {
            self.announced = Announced::Nothing;
            first.clone_into(&mut self.header.created);
        } else if let Some((_, title)) = self.titled {
            match number.saturating_sub(title) {
                1 => first.clone_into(&mut self.header.institution_name),
                2 if self.period.is_none() => self.header.institution_ids = named_ids(first),
                _ => {}
            }
        }
    }
}

/// `ISNI:1234; vendor:abc` as identifiers: by its namespace if that is one the standard has, else the vendor's own, namespace and all.
pub(super) fn named_ids(value: &str) -> Vec<Identifier> {
    let one = |part: &str| {
        let named = part.split_once([':', '=']).filter(|(kind, _)| known_kind(kind.trim()).is_some());
        let (kind, value) = named.unwrap_or(("", part));
        identifier(kind, value)
    };
    let mut ids: Vec<Identifier> = value.split([';', '|']).filter_map(one).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// `Data_Type=Book|Journal; Access_Method=Regular` as names and values.
fn settings(value: &str) -> Vec<(String, String)> {
    let parts = value.split(';').map(str::trim).filter(|part| !part.is_empty());
    let pair = |part: &str| part.split_once(['=', ':']).map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    parts.filter_map(pair).collect()
}

/// `3030: No Usage Available for Requested Dates; 3040: Partial Data Returned (2024-06)` as exceptions, and whether all of it was understood.
fn exceptions(value: &str) -> (Vec<Exception>, bool) {
    let (mut found, mut all) = (Vec::<Exception>::new(), true);
    for part in value.split([';', '\n', '|']).map(str::trim).filter(|part| !part.is_empty()) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let rest = rest.trim_start_matches([':', '-', ',', '=', ' ', '–']).trim();
        match (number.parse().ok(), code_of_message(part)) {
            (Some(code), _) if digits <= 5 => {
                let data = rest.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
                let (message, data) = data.map_or((rest, ""), |(message, data)| (message.trim(), data.trim()));
                found.push(Exception { code, message: message.to_owned(), data: data.to_owned(), ..Exception::default() });
            }
            (_, Some(code)) => found.push(Exception { code, message: part.to_owned(), ..Exception::default() }),
            // A message may have a semicolon in it.
            _ => match found.last_mut() {
                Some(last) => last.message = format!("{}; {part}", last.message),
                None => all = matches!(part.to_ascii_lowercase().as_str(), "none" | "no exceptions" | "n/a" | "-"),
            },
        }
    }
    (found, all)
}

/// The report that a name of R5 or R5.1 stands for (R5.1 sections 4.1 to 4.4; R5 likewise).
pub(super) fn report_named(name: &str) -> Option<&'static str> {
    const REPORTS: [(&str, &str); 27] = [
        ("platformmasterreport", "PR"),
        ("platformreport", "PR"),
        ("platformusage", "PR_P1"),
        ("databasemasterreport", "DR"),
        ("databasereport", "DR"),
        ("databasesearchanditemusage", "DR_D1"),
        ("databaseaccessdenied", "DR_D2"),
        ("databasesaccessdenied", "DR_D2"),
        ("titlemasterreport", "TR"),
        ("titlereport", "TR"),
        ("bookrequests", "TR_B1"),
        ("bookaccessdenied", "TR_B2"),
        ("accessdeniedbybook", "TR_B2"),
        ("bookusagebyaccesstype", "TR_B3"),
        ("journalrequestsbyyop", "TR_J4"),
        ("journalrequests", "TR_J1"),
        ("journalaccessdenied", "TR_J2"),
        ("accessdeniedbyjournal", "TR_J2"),
        ("journalusagebyaccesstype", "TR_J3"),
        ("itemmasterreport", "IR"),
        ("itemreport", "IR"),
        ("journalarticlerequests", "IR_A1"),
        ("multimediaitemrequests", "IR_M1"),
        ("masterplatformreport", "PR"),
        ("masterdatabasereport", "DR"),
        ("mastertitlereport", "TR"),
        ("masteritemreport", "IR"),
    ];
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    REPORTS.iter().find(|(start, _)| letters.starts_with(start)).map(|(_, report)| *report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(rows: &[&[&str]]) -> (Heading, Vec<String>) {
        let (mut heading, mut notes) = (Heading::new(), Notes::default());
        for (line, cells) in (1..).zip(rows) {
            let mut record = Record::default();
            record.clear(line);
            for cell in *cells {
                record.push(cell.as_bytes());
            }
            heading.row(&record, &mut notes, &format!("line {line}"));
        }
        (heading, notes.into_notes().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn labels_are_known_in_any_order_and_spelling() {
        let (heading, notes) = heading(&[
            &["", "report id:", "tr_j1"],
            &["Release", "5"],
            &["Institution ID", "ISNI:1234123412341234; NO:abc"],
            &["Metric_Types", "Total_Item_Requests; Unique_Item_Requests"],
            &["Report Filters", "Data_Type=Journal; Access_Method=Regular"],
            &["Report_Attributes", "Attributes_To_Show=YOP|Access_Type; Exclude_Monthly_Details=True"],
            &["Exceptions", "3040: Partial Data Returned (2024-06; later); 3032: Usage No Longer Available"],
            &["Reporting_Period: 2024-01-01 to 2024-06-30"],
            &["Created_By", "Me", "Myself"],
        ]);
        let header = &heading.header;
        assert_eq!((heading.report.as_str(), header.release, header.created_by.as_str()), ("tr_j1", Some(Release::R5), "Me, Myself"));
        let ids: Vec<_> = header.institution_ids.iter().map(|id| (id.kind.as_str(), id.value.as_str())).collect();
        assert_eq!(ids, [("ISNI", "1234123412341234"), ("Proprietary", "NO:abc")]);
        assert_eq!(header.filters[0], ("Metric_Type".into(), "Total_Item_Requests|Unique_Item_Requests".into()));
        assert_eq!(header.filters[1], ("Data_Type".into(), "Journal".into()));
        let said: Vec<_> = heading.exceptions.iter().map(|e| (e.code, e.message.as_str())).collect();
        assert_eq!(said, [(3040, "Partial Data Returned (2024-06; later)"), (3032, "Usage No Longer Available")]);
        assert_eq!(heading.period.unwrap().1.to_string(), "2024-06-30");
        assert_eq!(notes, ["Report_ID is in lower case (line 1)"]);
    }

    #[test]
    fn exceptions_are_read_with_and_without_their_code() {
        let codes = |text: &str| exceptions(text).0.iter().map(|e| e.code).collect::<Vec<_>>();
        assert_eq!(codes("3030: No Usage Available for Requested Dates"), [3030]);
        assert_eq!(codes("No Usage Available for Requested Dates"), [3030]);
        assert_eq!(exceptions("3031: Usage Not Ready (June)").0[0].data, "June");
        assert_eq!(exceptions("none"), (vec![], true));
        assert_eq!(exceptions("something"), (vec![], false));
        assert_eq!(exceptions(""), (vec![], true));
    }

    #[test]
    fn the_lines_of_r4_say_whose_and_when() {
        let (one, _) = heading(&[
            &["Book Report 2 (R4)", "Number of Successful Section Requests by Month and Title"],
            &["My Library", "Section Type:"],
            &["12345", "Chapter"],
            &["Period covered by Report:"],
            &["2017-01-01 to 2017-12-31"],
            &["Date run:"],
            &["2020-01-01"],
        ]);
        assert_eq!(one.titled.as_ref().map(|(titled, _)| titled.id.as_str()), Some("BR2"));
        assert_eq!((one.header.institution_name.as_str(), one.section_type.as_str()), ("My Library", "Chapter"));
        assert_eq!(one.header.institution_ids[0].value, "12345");
        assert_eq!((one.period.unwrap().0.to_string().as_str(), one.header.created.as_str()), ("2017-01-01", "2020-01-01"));
        let (two, _) =
            heading(&[&["Journal Report 1 (R4)"], &["Period covered by Report: 2017-01 to 2017-12"], &["Date run", "2018-01-02"]]);
        assert_eq!((two.period.unwrap().1.to_string().as_str(), two.header.created.as_str()), ("2017-12-31", "2018-01-02"));
    }

    #[test]
    fn a_report_is_known_by_its_name_where_it_has_no_id() {
        for (name, report) in [
            ("Title Master Report xxx", "TR"),
            ("Journal Requests by YOP (Excluding OA_Gold)", "TR_J4"),
            ("Journal Requests (Controlled)", "TR_J1"),
            ("Database Search and Item Usage", "DR_D1"),
            ("Multimedia Item Requests", "IR_M1"),
        ] {
            assert_eq!(report_named(name), Some(report), "{name}");
        }
        assert_eq!(report_named("My report"), None);
    }
}
