//! The names that COUNTER gives to the fields of a report, both releases, known also in another spelling.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use super::state::State;
use crate::formats::words::same_letters;

macro_rules! names {
    ($($name:ident = $first:literal $(| $other:literal)*),+ $(,)?) => {
        /// A field that means something to avling.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(clippy::enum_variant_names, reason = "one of the standard's names is Item_Name")]
        pub(super) enum Name { $($name),+ }

        const NAMES: &[(&str, Name)] = &[$(($first, Name::$name) $(, ($other, Name::$name))*),+];

        impl Name {
            /// As the Code of Practice writes it.
            pub(super) fn text(self) -> &'static str {
                match self { $(Self::$name => $first),+ }
            }
        }
    };
}

names! {
    Performance = "Performance",
    DataType = "Data_Type",
    Yop = "YOP",
    AccessType = "Access_Type",
    AccessMethod = "Access_Method",
    Period = "Period",
    Instance = "Instance",
    MetricType = "Metric_Type",
    Count = "Count",
    BeginDate = "Begin_Date",
    EndDate = "End_Date",
    Title = "Title",
    Platform = "Platform",
    Publisher = "Publisher",
    PublisherId = "Publisher_ID",
    ItemId = "Item_ID",
    AttributePerformance = "Attribute_Performance",
    Database = "Database",
    Item = "Item",
    Items = "Items",
    Authors = "Authors",
    PublicationDate = "Publication_Date",
    ArticleVersion = "Article_Version",
    SectionType = "Section_Type",
    ItemName = "Item_Name",
    ItemContributors = "Item_Contributors",
    ItemDates = "Item_Dates",
    ItemAttributes = "Item_Attributes",
    ItemParent = "Item_Parent",
    Components = "Components" | "Item_Component" | "Item_Components" | "Component",
    CustomerId = "Customer_ID",
    InstitutionName = "Institution_Name",
    InstitutionId = "Institution_ID",
    ReportHeader = "Report_Header",
    ReportItems = "Report_Items",
    Exceptions = "Exceptions" | "Exception",
    Body = "body",
    Response = "response",
    Code = "Code" | "Number",
    Message = "Message",
    Severity = "Severity",
    HelpUrl = "Help_URL",
    Data = "Data",
    Release = "Release",
    ReportId = "Report_ID",
    ReportName = "Report_Name",
    Created = "Created",
    CreatedBy = "Created_By",
    ReportFilters = "Report_Filters",
    ReportAttributes = "Report_Attributes",
    RegistryRecord = "Registry_Record",
    RequestorId = "Requestor_ID",
}

/// The name that this text is, and whether it is spelt as it should be.
pub(super) fn known(text: &str) -> Option<(Name, bool)> {
    let exact = NAMES.iter().find(|(name, _)| *name == text);
    exact.map(|(_, name)| (*name, true)).or_else(|| NAMES.iter().find(|(name, _)| same_letters(name, text)).map(|(_, name)| (*name, false)))
}

/// Reads the name of a field; of one that it does not know, the state keeps the text.
pub(super) struct NameSeed<'a, 's>(pub(super) &'a mut State<'s>);

impl<'de> DeserializeSeed<'de> for NameSeed<'_, '_> {
    type Value = Option<Name>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_, '_> {
    type Value = Option<Name>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        let Some((name, exact)) = known(text) else {
            self.0.unknown_name.clear();
            self.0.unknown_name.extend(text.chars().take(60));
            return Ok(None);
        };
        if !exact && !matches!(name, Name::Code | Name::Message | Name::Severity | Name::Data | Name::HelpUrl) {
            const WHAT: &str = "names of fields in another spelling";
            if !self.0.notes.again(WHAT) {
                let place = self.0.place();
                self.0.notes.add(WHAT, || format!("'{}', {place}", shown(text)));
            }
        }
        Ok(Some(name))
    }
}

/// As much of a vendor's text as fits into a message.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_with_any_separator() {
        assert_eq!(known("Report_Items"), Some((Name::ReportItems, true)));
        assert_eq!(known("report items"), Some((Name::ReportItems, false)));
        assert_eq!(known("item_id"), Some((Name::ItemId, false)));
        assert_eq!(known("Number"), Some((Name::Code, true)));
        assert_eq!(known("Items_of_note"), None);
    }
}
