//! The columns that the Code of Practice gives each report and standard view (R5 and R5.1, sections 4.1 to 4.4).
//!
//! [`Column`] is one of them, [`Columns`] a set of them in the standard's order, and [`Columns::of`] those that a report always has.
//! Deriving a view keeps what its columns can say, and tables are written by them.

use crate::model::Release;

macro_rules! columns {
    ($($name:ident = $text:literal),+ $(,)?) => {
        /// A column of a COUNTER table before its months, in the order in which the Code of Practice puts them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column {
            $(#[doc = concat!("`", $text, "`.")] $name),+
        }

        impl Column {
            /// All of them, in the order of a table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The heading.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

columns! {
    InstitutionName = "Institution_Name",
    CustomerId = "Customer_ID",
    InstitutionId = "Institution_ID",
    Database = "Database",
    Title = "Title",
    Item = "Item",
    Publisher = "Publisher",
    PublisherId = "Publisher_ID",
    Platform = "Platform",
    Authors = "Authors",
    PublicationDate = "Publication_Date",
    ArticleVersion = "Article_Version",
    Doi = "DOI",
    ProprietaryId = "Proprietary_ID",
    Isbn = "ISBN",
    PrintIssn = "Print_ISSN",
    OnlineIssn = "Online_ISSN",
    LinkingIssn = "Linking_ISSN",
    Uri = "URI",
    ParentTitle = "Parent_Title",
    ParentAuthors = "Parent_Authors",
    ParentPublicationDate = "Parent_Publication_Date",
    ParentArticleVersion = "Parent_Article_Version",
    ParentDataType = "Parent_Data_Type",
    ParentDoi = "Parent_DOI",
    ParentProprietaryId = "Parent_Proprietary_ID",
    ParentIsbn = "Parent_ISBN",
    ParentPrintIssn = "Parent_Print_ISSN",
    ParentOnlineIssn = "Parent_Online_ISSN",
    ParentUri = "Parent_URI",
    ComponentTitle = "Component_Title",
    ComponentAuthors = "Component_Authors",
    ComponentPublicationDate = "Component_Publication_Date",
    ComponentArticleVersion = "Component_Article_Version",
    ComponentDataType = "Component_Data_Type",
    ComponentDoi = "Component_DOI",
    ComponentProprietaryId = "Component_Proprietary_ID",
    ComponentIsbn = "Component_ISBN",
    ComponentPrintIssn = "Component_Print_ISSN",
    ComponentOnlineIssn = "Component_Online_ISSN",
    ComponentUri = "Component_URI",
    DataType = "Data_Type",
    SectionType = "Section_Type",
    Yop = "YOP",
    AccessType = "Access_Type",
    AccessMethod = "Access_Method",
}

/// The kinds of identifiers that have columns of their own, with those columns of the item, its parent and its component.
pub const ID_COLUMNS: [(&str, [Option<Column>; 3]); 7] = [
    ("DOI", [Some(Column::Doi), Some(Column::ParentDoi), Some(Column::ComponentDoi)]),
    ("Proprietary", [Some(Column::ProprietaryId), Some(Column::ParentProprietaryId), Some(Column::ComponentProprietaryId)]),
    ("ISBN", [Some(Column::Isbn), Some(Column::ParentIsbn), Some(Column::ComponentIsbn)]),
    ("Print_ISSN", [Some(Column::PrintIssn), Some(Column::ParentPrintIssn), Some(Column::ComponentPrintIssn)]),
    ("Online_ISSN", [Some(Column::OnlineIssn), Some(Column::ParentOnlineIssn), Some(Column::ComponentOnlineIssn)]),
    ("Linking_ISSN", [Some(Column::LinkingIssn), None, None]),
    ("URI", [Some(Column::Uri), Some(Column::ParentUri), Some(Column::ComponentUri)]),
];

/// A set of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns(u64);

impl Columns {
    /// These columns.
    #[must_use]
    pub const fn new(columns: &[Column]) -> Self {
        let (mut set, mut place) = (0, 0);
        while place < columns.len() {
            set |= 1 << columns[place] as u32;
            place += 1;
        }
        Self(set)
    }

    /// Whether the column is one of them.
    #[must_use]
    pub const fn has(self, column: Column) -> bool {
        self.0 & (1 << column as u32) != 0
    }

    /// Adds a column.
    pub fn add(&mut self, column: Column) {
        self.0 |= 1 << column as u32;
    }

    /// These, and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These, in the order of a table.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::ALL.iter().copied().filter(move |column| self.has(*column))
    }

    /// The columns that a report or view always has, `Metric_Type` and the months aside; nothing for a report of no such name.
    ///
    /// What else a master report shows depends on what was asked for (`Attributes_To_Show` and the like).
    #[must_use]
    pub fn of(report: &str, release: Release) -> Option<Self> {
        use Column as C;
        const TITLE: Columns = Columns::new(&[
            C::Title,
            C::Publisher,
            C::PublisherId,
            C::Platform,
            C::Doi,
            C::ProprietaryId,
            C::PrintIssn,
            C::OnlineIssn,
            C::Uri,
        ]);
        const ITEM: Columns = Columns::new(&[C::Item, C::Publisher, C::PublisherId, C::Platform, C::Doi, C::ProprietaryId, C::Uri]);
        const ISSNS: Columns = Columns::new(&[C::PrintIssn, C::OnlineIssn]);
        const ARTICLE: Columns = Columns::new(&[
            C::Authors,
            C::PublicationDate,
            C::ArticleVersion,
            C::ParentTitle,
            C::ParentAuthors,
            C::ParentArticleVersion,
            C::ParentDoi,
            C::ParentProprietaryId,
            C::ParentPrintIssn,
            C::ParentOnlineIssn,
            C::ParentUri,
            C::AccessType,
        ]);
        let data_type = if release == Release::R51 { Self::new(&[C::DataType]) } else { Self::default() };
        let database = Self::new(&[C::Database, C::Publisher, C::PublisherId, C::Platform, C::ProprietaryId]);
        let book = TITLE.and(Self::new(&[C::Isbn, C::Yop])).and(data_type);
        Some(match report {
            "PR" | "PR_P1" => Self::new(&[C::Platform]).and(data_type),
            "DR" => database.and(data_type),
            "DR_D1" | "DR_D2" => database,
            "TR" => TITLE.and(Self::new(&[C::Isbn])).and(data_type),
            "TR_B1" | "TR_B2" => book,
            "TR_B3" => book.and(Self::new(&[C::AccessType])),
            "TR_J1" | "TR_J2" => TITLE,
            "TR_J3" => TITLE.and(Self::new(&[C::AccessType])),
            "TR_J4" => TITLE.and(Self::new(&[C::Yop])),
            "IR" => ITEM.and(ISSNS).and(Self::new(&[C::Isbn])).and(data_type),
            "IR_A1" => ITEM.and(ISSNS).and(ARTICLE),
            "IR_M1" => ITEM.and(data_type),
            _ => return None,
        })
    }
}

/// `Report_Name` of a report or view; nothing for a report of no such name.
#[must_use]
pub fn report_name(report: &str, release: Release) -> Option<&'static str> {
    let by_release = |r5, r51| if release == Release::R5 { r5 } else { r51 };
    Some(match report {
        "PR" => by_release("Platform Master Report", "Platform Report"),
        "PR_P1" => "Platform Usage",
        "DR" => by_release("Database Master Report", "Database Report"),
        "DR_D1" => "Database Search and Item Usage",
        "DR_D2" => "Database Access Denied",
        "TR" => by_release("Title Master Report", "Title Report"),
        "TR_B1" => by_release("Book Requests (Excluding OA_Gold)", "Book Requests (Controlled)"),
        "TR_B2" => "Book Access Denied",
        "TR_B3" => "Book Usage by Access Type",
        "TR_J1" => by_release("Journal Requests (Excluding OA_Gold)", "Journal Requests (Controlled)"),
        "TR_J2" => "Journal Access Denied",
        "TR_J3" => "Journal Usage by Access Type",
        "TR_J4" => by_release("Journal Requests by YOP (Excluding OA_Gold)", "Journal Requests by YOP (Controlled)"),
        "IR" => by_release("Item Master Report", "Item Report"),
        "IR_A1" => "Journal Article Requests",
        "IR_M1" => "Multimedia Item Requests",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(report: &str, release: Release) -> String {
        Columns::of(report, release).unwrap().iter().map(Column::name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn columns_stand_in_the_order_of_the_code_of_practice() {
        assert_eq!(
            headings("TR_B3", Release::R51),
            "Title Publisher Publisher_ID Platform DOI Proprietary_ID ISBN Print_ISSN Online_ISSN URI Data_Type YOP Access_Type"
        );
        assert_eq!(
            headings("TR_B1", Release::R5),
            "Title Publisher Publisher_ID Platform DOI Proprietary_ID ISBN Print_ISSN Online_ISSN URI YOP"
        );
        assert_eq!(
            headings("IR_A1", Release::R5),
            "Item Publisher Publisher_ID Platform Authors Publication_Date Article_Version DOI Proprietary_ID Print_ISSN Online_ISSN URI \
             Parent_Title Parent_Authors Parent_Article_Version Parent_DOI Parent_Proprietary_ID Parent_Print_ISSN Parent_Online_ISSN \
             Parent_URI Access_Type"
        );
        assert_eq!(headings("PR_P1", Release::R5), "Platform");
        assert_eq!(headings("IR_M1", Release::R51), "Item Publisher Publisher_ID Platform DOI Proprietary_ID URI Data_Type");
    }

    #[test]
    fn every_report_has_columns_and_a_name_in_both_releases() {
        for release in [Release::R5, Release::R51] {
            for report in crate::model::ids::COUNTER_REPORTS {
                assert!(Columns::of(report, release).is_some() && report_name(report, release).is_some(), "{report}");
            }
        }
        assert!(Columns::of("JR1", Release::R5).is_none() && report_name("JR1", Release::R5).is_none());
    }
}
