//! The row that names the columns: which it is, and what each column holds.
//!
//! Columns are known by their names, whatever their order, in the spelling of R5, R5.1 and R4 (Code of Practice R5.1 sections 3.2.2 and
//! 4, R4 section 4.1). A month that cannot be read, that stands there twice or is left out between others, refuses the table: its counts
//! would go to another month, or to none.

use crate::formats::delimited::Record;
use crate::formats::notes::Notes;
use crate::formats::words::{Field as Word, Standing, Words, same_letters};
use crate::model::Month;

use super::months::{looks_like_month, month};
use super::{shown, text};

macro_rules! fields {
    ($($field:ident = $name:literal $(| $other:literal)*),+ $(,)?) => {
        /// What a column holds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field { $($field),+ }

        const NAMES: &[(&str, Field)] = &[$(($name, Field::$field) $(, ($other, Field::$field))*),+];

        impl Field {
            /// As the Code of Practice writes it.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$field => $name),+ }
            }
        }
    };
}

fields! {
    InstitutionName = "Institution_Name" | "Institution" | "Organization" | "Organisation",
    CustomerId = "Customer_ID",
    InstitutionId = "Institution_ID",
    Title = "Title" | "Journal" | "Book" | "Book_Title" | "Journal_Title",
    Collection = "Collection",
    Database = "Database" | "Database_Name",
    Item = "Item" | "Item_Name",
    Platform = "Platform" | "Service",
    Publisher = "Publisher" | "Content_Provider",
    PublisherId = "Publisher_ID" | "Publisher_Id",
    Authors = "Authors" | "Author",
    PublicationDate = "Publication_Date",
    ArticleVersion = "Article_Version",
    Doi = "DOI" | "Journal_DOI" | "Book_DOI" | "Title_DOI" | "Item_DOI",
    Proprietary = "Proprietary_ID" | "Proprietary_Identifier" | "Proprietary",
    Isbn = "ISBN",
    PrintIssn = "Print_ISSN" | "Printed_ISSN" | "ISSN_Print" | "P_ISSN",
    OnlineIssn = "Online_ISSN" | "ISSN_Online" | "E_ISSN",
    LinkingIssn = "Linking_ISSN" | "ISSN_L",
    Issn = "ISSN",
    Uri = "URI" | "URL",
    ParentTitle = "Parent_Title",
    ParentAuthors = "Parent_Authors" | "Parent_Author",
    ParentDate = "Parent_Publication_Date",
    ParentVersion = "Parent_Article_Version",
    ParentType = "Parent_Data_Type",
    ParentDoi = "Parent_DOI",
    ParentProprietary = "Parent_Proprietary_ID" | "Parent_Proprietary",
    ParentIsbn = "Parent_ISBN",
    ParentPrintIssn = "Parent_Print_ISSN",
    ParentOnlineIssn = "Parent_Online_ISSN",
    ParentUri = "Parent_URI",
    ComponentTitle = "Component_Title",
    ComponentAuthors = "Component_Authors" | "Component_Author",
    ComponentDate = "Component_Publication_Date",
    ComponentVersion = "Component_Article_Version",
    ComponentType = "Component_Data_Type",
    ComponentDoi = "Component_DOI",
    ComponentProprietary = "Component_Proprietary_ID" | "Component_Proprietary",
    ComponentIsbn = "Component_ISBN",
    ComponentPrintIssn = "Component_Print_ISSN",
    ComponentOnlineIssn = "Component_Online_ISSN",
    ComponentUri = "Component_URI",
    SectionType = "Section_Type",
    DataType = "Data_Type",
    AccessMethod = "Access_Method",
    AccessType = "Access_Type",
    Yop = "YOP" | "Year_of_Publication" | "Publication_Year",
    Metric = "Metric_Type" | "Metric",
    Activity = "User_Activity",
    Category = "Access_Denied_Category",
    PageType = "Page_Type",
    ItemType = "Item_Type",
    Total = "Reporting_Period_Total" | "Reporting_Total" | "Period_Total" | "YTD_Total" | "Total" | "Sum" | "Totalt",
    Html = "Reporting_Period_HTML" | "YTD_HTML",
    Pdf = "Reporting_Period_PDF" | "YTD_PDF",
    Month = "Month" | "Usage_Month" | "Usage_Date" | "Report_Month" | "Year_Month" | "Period" | "Date" | "Måned",
    Count = "Count" | "Usage" | "Usage_Count" | "Metric_Value" | "Metric_Count" | "Value" | "Antall",
}

impl Field {
    fn of(cell: &str) -> Option<Self> {
        NAMES.iter().find(|(name, _)| *name == cell || same_letters(name, cell)).map(|(_, field)| *field)
    }

    /// Whether it says of what or of whose a row is: rows with the same cells there are about the same.
    pub(super) fn describes(self) -> bool {
        (self as usize) <= (Self::SectionType as usize)
    }
}

/// Where counts stand.
#[derive(Debug)]
pub(super) enum Shape {
    /// A column for each month.
    Months(Vec<(usize, Month)>),
    /// A row for each month.
    Rows { month: usize, count: usize },
    /// A row for each month, and a column for each metric.
    Metrics { month: usize, metrics: Vec<(usize, String)> },
    /// A column for each year of publication (JR5).
    Years(Vec<(usize, String)>),
}

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Columns {
    places: Vec<(Field, usize)>,
    pub(super) shape: Shape,
    /// How many there are.
    pub(super) width: usize,
    /// The record that names them.
    pub(super) record: Record,
    /// Its names, for people.
    names: Vec<String>,
}

/// How many columns a record names; none if it is not the row that does.
pub(super) fn score(record: &Record) -> usize {
    let (mut known, mut months, mut telling) = (Vec::new(), 0, false);
    for place in 0..record.len().min(400) {
        let cell = text(record.bytes(place));
        match Field::of(&cell) {
            Some(field) if !known.contains(&field) => {
                telling |= matches!(field, Field::Metric | Field::Total | Field::Activity | Field::Category);
                known.push(field);
            }
            None if !cell.is_empty() && (month(&cell).is_some() || is_metric(&cell) || year_of_publication(&cell).is_some()) => {
                months += 1;
            }
            _ => {}
        }
    }
    let describing = known.iter().filter(|field| field.describes()).count();
    let is_header = describing > 0 && (known.len() >= 4 || (known.len() >= 2 && (telling || months > 1)));
    if is_header { known.len() + months } else { 0 }
}

/// Whether a record names a column of this kind.
pub(super) fn has(record: &Record, field: Field) -> bool {
    (0..record.len()).any(|place| Field::of(&text(record.bytes(place))) == Some(field))
}

/// Whether a record names columns as nothing but COUNTER does: with the total of the reporting period, or metrics beside months.
pub(super) fn is_certain(record: &Record) -> bool {
    let has = |is: &dyn Fn(&str) -> bool| (0..record.len().min(400)).any(|place| is(&text(record.bytes(place))));
    score(record) > 0
        && (has(&|cell| same_letters("Reporting_Period_Total", cell))
            || has(&|cell| same_letters("Metric_Type", cell)) && has(&|cell| month(cell).is_some()))
}

/// Whether a record names columns that a table of use does not have, and none with addresses, which only such a table has.
pub(super) fn says_more(record: &Record) -> bool {
    let more = [
        Field::Publisher,
        Field::Doi,
        Field::Isbn,
        Field::PrintIssn,
        Field::OnlineIssn,
        Field::Item,
        Field::Proprietary,
        Field::CustomerId,
    ];
    let names = || (0..record.len()).map(|place| text(record.bytes(place)));
    let is_address = |name: &str| ["address", "ip", "ip_address", "range", "ip_range"].iter().any(|address| same_letters(address, name));
    more.iter().any(|field| has(record, *field)) && !names().any(|name| is_address(&name))
}

/// Whether it is a metric of R5.
fn is_metric(cell: &str) -> bool {
    cell.contains(['_', ' ']) && !cell.is_empty() && Words::new(Word::Metric).intern(cell).1 != Standing::Unknown
}

impl Columns {
    /// The columns that a record names, or what is wrong with them. `has_no_metric`: what is counted is known without a column for it.
    pub(super) fn new(record: &Record, has_no_metric: bool, notes: &mut Notes, place: &str) -> Result<Self, String> {
        let width = record.filled();
        let names: Vec<String> = (0..width).map(|place| text(record.bytes(place)).into_owned()).collect();
        let mut columns = Self { places: Vec::new(), shape: Shape::Months(Vec::new()), width, record: record.clone(), names };
        let (mut months, mut others) = (Vec::new(), Vec::new());
        for (at, name) in columns.names.iter().enumerate() {
            match Field::of(name) {
                Some(field) if columns.places.iter().any(|(known, _)| *known == field) => {
                    return Err(format!("there are two columns for {}: {}", field.name(), columns.found()));
                }
                Some(field) => columns.places.push((field, at)),
                None => match month(name) {
                    Some(month) => months.push((at, month)),
                    None => others.push(at),
                },
            }
        }
        columns.find_title(&others);
        let name = |at: usize| columns.names.get(at).map_or("", String::as_str);
        if let (Some(first), Some(wrong)) = (months.first(), others.iter().find(|at| looks_like_month(name(**at)))) {
            let near = months.iter().rev().find(|(at, _)| at < wrong).unwrap_or(first);
            return Err(format!(
                "the column '{}' beside {} is no month; months are written like Jan-2024, jan-24, mai 2024, 2024-01 or 01.2024",
                shown(name(*wrong)),
                near.1
            ));
        }
        let metrics: Vec<(usize, String)> =
            others.iter().filter(|at| is_metric(name(**at))).map(|at| (*at, metric_name(name(*at)))).collect();
        let years: Vec<(usize, String)> = others.iter().filter_map(|at| year_of_publication(name(*at)).map(|yop| (*at, yop))).collect();
        let taken = |at: &usize| metrics.iter().chain(&years).any(|(taken, _)| taken == at) || columns.place(Field::Title) == Some(*at);
        for at in others.iter().filter(|at| !taken(at) && !name(**at).is_empty()) {
            notes.add(format!("the column '{}' is not known and not read", shown(name(*at))), || place.to_owned());
        }
        let row_month = columns.place(Field::Month);
        let shape = match (row_month, columns.place(Field::Count)) {
            _ if !months.is_empty() => {
                columns.unbroken(&months)?;
                Shape::Months(months)
            }
            (Some(month), Some(count)) => Shape::Rows { month, count },
            (Some(month), None) if !metrics.is_empty() && columns.place(Field::Metric).is_none() => Shape::Metrics { month, metrics },
            _ if !years.is_empty() && has_no_metric => Shape::Years(years),
            _ => return Err(columns.no_months(row_month.is_some())),
        };
        columns.shape = shape;
        if !has_no_metric && columns.place(Field::Metric).is_none() && !matches!(columns.shape, Shape::Metrics { .. }) {
            return Err(format!("there is no column Metric_Type, which says what is counted; found {}", columns.found()));
        }
        Ok(columns)
    }

    /// In R4's reports of books the column of titles has no name; it stands before the publisher.
    fn find_title(&mut self, others: &[usize]) {
        let named = [Field::Title, Field::Item, Field::Database, Field::Collection].iter().any(|field| self.place(*field).is_some());
        let Some(before) = self.place(Field::Publisher).and_then(|publisher| publisher.checked_sub(1)) else { return };
        let is_blank = self.names.get(before).is_some_and(String::is_empty);
        if !named && is_blank && others.contains(&before) && self.place(Field::Metric).is_none() {
            self.places.push((Field::Title, before));
        }
    }

    /// Sees that every month between the first and the last has one column.
    fn unbroken(&self, months: &[(usize, Month)]) -> Result<(), String> {
        let mut sorted: Vec<Month> = months.iter().map(|(_, month)| *month).collect();
        sorted.sort_unstable();
        for pair in sorted.windows(2) {
            let [one, two] = pair else { continue };
            if one == two {
                return Err(format!("there are two columns for {one}; found {}", self.found()));
            }
            if one.next() != *two {
                return Err(format!("there is no column for {} between {one} and {two}; found {}", one.next(), self.found()));
            }
        }
        Ok(())
    }

    fn no_months(&self, has_row_months: bool) -> String {
        let (found, expected) = (self.found(), "a column for each month is expected, like Jan-2024");
        if has_row_months {
            return format!("it has a month in each row, but no column Count with what was counted; found {found}");
        }
        match self.place(Field::Total) {
            Some(at) => {
                let total = self.names.get(at).map_or("", String::as_str);
                format!(
                    "there is no column for a month, only {total}: the report was made without monthly details (Exclude_Monthly_Details). \
                     Have it made with them; {expected}; found {found}"
                )
            }
            None => format!("there is no column for a month; {expected}; found {found}"),
        }
    }

    /// What the columns are called, for people.
    pub(super) fn found(&self) -> String {
        let mut names: Vec<String> =
            self.names.iter().take(40).map(|name| if name.is_empty() { "(blank)".to_owned() } else { shown(name) }).collect();
        if self.names.len() > 40 {
            names.push("…".to_owned());
        }
        names.join(", ")
    }

    /// Where a column stands.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.places.iter().find(|(of, _)| *of == field).map(|(_, place)| *place)
    }

    /// Where a column stands, and its cell in a record as it is; empty where the table does not have it.
    pub(super) fn bytes<'r>(&self, record: &'r Record, field: Field) -> &'r [u8] {
        self.place(field).map(|place| record.bytes(place)).unwrap_or_default()
    }

    /// The places of the columns that say of what a row is, in order.
    pub(super) fn describing(&self) -> Vec<usize> {
        let mut places: Vec<usize> = self.places.iter().filter(|(field, _)| field.describes()).map(|(_, place)| *place).collect();
        places.sort_unstable();
        places
    }

    /// A column's name, for people.
    pub(super) fn name(&self, place: usize) -> String {
        match self.names.get(place).filter(|name| !name.is_empty()) {
            Some(name) => shown(name),
            None => format!("column {}", place + 1),
        }
    }
}

/// A metric as the standard writes it.
fn metric_name(name: &str) -> String {
    let mut words = Words::new(Word::Metric);
    let (word, _) = words.intern(name);
    words.text(word).to_owned()
}

/// The year of publication that a column of JR5 counts: `YOP 2012`, `YOP Pre-2000`, `YOP unknown`, `Articles in Press`.
fn year_of_publication(name: &str) -> Option<String> {
    if same_letters(name, "Articles in Press") {
        // As R5 writes it (section 3.3.6).
        return Some("9999".to_owned());
    }
    let start = name.get(..3).filter(|start| start.eq_ignore_ascii_case("yop"))?;
    let year = name.get(start.len()..)?.trim_start_matches(['_', ' ', '-']);
    match year {
        "" => None,
        _ if year.eq_ignore_ascii_case("unknown") => Some("0001".to_owned()),
        year => Some(year.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(cells: &[&str]) -> Record {
        let mut record = Record::default();
        for cell in cells {
            record.push(cell.as_bytes());
        }
        record
    }

    fn columns(cells: &[&str], r4: bool) -> Result<Columns, String> {
        Columns::new(&record(cells), r4, &mut Notes::default(), "line 1")
    }

    #[test]
    fn the_row_of_columns_is_known_by_what_stands_in_it() {
        for cells in [
            &["Platform", "Metric_Type", "Reporting_Period_Total", "Jan-2024"][..],
            &["", "Publisher", "Platform", "Book DOI", "Proprietary Identifier"],
            &["Platform", "Publisher", "User Activity", "Reporting Period Total"],
            &["title", "publisher", "jan-24", "feb-24"],
            &["Platform", "Month", "Total_Item_Requests", "Unique_Item_Requests"],
        ] {
            assert!(score(&record(cells)) > 0, "{cells:?}");
        }
        for cells in [
            &["Title"][..],
            &["Report_Name", "Title Master Report"],
            &["Institution_Name", "Platform"],
            &["Database", "Gamma", "x", "Database", "Regular", "5"],
            &["Metric_Types", "Total_Item_Requests", "Unique_Item_Requests"],
            &["month", "metric", "count"],
        ] {
            assert_eq!(score(&record(cells)), 0, "{cells:?}");
        }
    }

    #[test]
    fn months_that_are_wrong_missing_or_double_are_refused_by_name() {
        let start = ["Title", "Publisher", "Metric_Type", "Reporting_Period_Total"];
        let with = |months: &[&str]| columns(&[&start[..], months].concat(), false).map(|_| ()).unwrap_err();
        assert!(with(&["Jan-2024", "Febr-2024", "Mar-2024"]).starts_with("the column 'Febr-2024' beside 2024-01 is no month"));
        assert!(with(&["Jan-2024", "Mar-2024"]).starts_with("there is no column for 2024-02 between 2024-01 and 2024-03; found Title"));
        assert!(with(&["Jan-2024", "2024-01"]).starts_with("there are two columns for 2024-01"));
        assert!(with(&[]).contains("only Reporting_Period_Total: the report was made without monthly details (Exclude_Monthly_Details)"));
        assert!(with(&["Month"]).contains("no column Count"));
        assert!(columns(&["Title", "title", "Metric_Type", "Jan-2024"], false).unwrap_err().starts_with("there are two columns for Title"));
        assert!(columns(&["Title", "Publisher", "Jan-2024"], false).unwrap_err().starts_with("there is no column Metric_Type"));
        assert!(columns(&["Title", "Publisher", "Jan-2024"], true).is_ok());
    }

    #[test]
    fn the_column_of_titles_has_no_name_in_reports_of_books() {
        let columns = columns(&["", "", "Publisher", "Platform", "Jan-2024"], true).unwrap();
        assert_eq!(columns.place(Field::Title), Some(1));
    }

    #[test]
    fn years_of_publication_are_columns_in_jr5() {
        let columns = columns(&["Journal", "Publisher", "Articles in Press", "YOP 2012", "YOP Pre-2000", "YOP unknown"], true).unwrap();
        let Shape::Years(years) = columns.shape else { panic!() };
        assert_eq!(years, [(2, "9999".into()), (3, "2012".into()), (4, "Pre-2000".into()), (5, "0001".into())]);
    }
}
