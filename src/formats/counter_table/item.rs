//! What a row is about, from its cells: the same [`Item`] and [`Member`] that the report would give as JSON.

use std::borrow::Cow;

use crate::formats::delimited::Record;
use crate::formats::identifiers::{identifier, known_kind};
use crate::model::usage::Related;
use crate::model::{Identifier, Item, Member, Release};

use super::columns::{Columns, Field};
use super::heading::named_ids;
use super::report::Report;
use super::text;

/// What an item, its parent and its component are identified by.
const IDS: [(Field, &str); 7] = [
    (Field::Doi, "DOI"),
    (Field::Proprietary, "Proprietary"),
    (Field::Isbn, "ISBN"),
    (Field::PrintIssn, "Print_ISSN"),
    (Field::OnlineIssn, "Online_ISSN"),
    (Field::LinkingIssn, "Linking_ISSN"),
    (Field::Uri, "URI"),
];
const PARENT_IDS: [(Field, &str); 6] = [
    (Field::ParentDoi, "DOI"),
    (Field::ParentProprietary, "Proprietary"),
    (Field::ParentIsbn, "ISBN"),
    (Field::ParentPrintIssn, "Print_ISSN"),
    (Field::ParentOnlineIssn, "Online_ISSN"),
    (Field::ParentUri, "URI"),
];
const COMPONENT_IDS: [(Field, &str); 6] = [
    (Field::ComponentDoi, "DOI"),
    (Field::ComponentProprietary, "Proprietary"),
    (Field::ComponentIsbn, "ISBN"),
    (Field::ComponentPrintIssn, "Print_ISSN"),
    (Field::ComponentOnlineIssn, "Online_ISSN"),
    (Field::ComponentUri, "URI"),
];

/// The cells of a row.
pub(super) struct Cells<'a> {
    pub(super) columns: &'a Columns,
    pub(super) record: &'a Record,
}

impl<'a> Cells<'a> {
    pub(super) fn get(&self, field: Field) -> Cow<'a, str> {
        text(self.columns.bytes(self.record, field))
    }

    fn owned(&self, field: Field) -> String {
        self.get(field).into_owned()
    }

    fn ids(&self, fields: &[(Field, &str)]) -> Vec<Identifier> {
        let mut ids: Vec<Identifier> = fields.iter().filter_map(|(field, kind)| identifier(kind, &self.get(*field))).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// What the row is called: for totals, and for places.
    pub(super) fn title(&self) -> Cow<'a, str> {
        let names = [Field::Item, Field::Title, Field::Database, Field::Collection, Field::Platform];
        names.into_iter().map(|field| self.get(field)).find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// Whether something that no other thing has stands in the row.
    pub(super) fn is_identified(&self) -> bool {
        let fields = [Field::Doi, Field::Isbn, Field::PrintIssn, Field::OnlineIssn, Field::Issn, Field::Uri];
        fields.iter().any(|field| !self.get(*field).is_empty())
    }

    /// The item, with the parent's type already in the standard's spelling.
    pub(super) fn item(&self, report: &Report, parent_type: &str, section_type: &str) -> Item {
        let mut item = Item {
            platform: self.owned(Field::Platform),
            database: self.owned(Field::Database),
            title: self.owned(Field::Title),
            item: self.owned(Field::Item),
            publisher: self.owned(Field::Publisher),
            publisher_ids: named_ids(&self.get(Field::PublisherId)),
            ids: self.ids(&IDS),
            authors: authors(&self.get(Field::Authors)),
            publication_date: self.owned(Field::PublicationDate),
            article_version: self.owned(Field::ArticleVersion),
            section_type: self.owned(Field::SectionType),
            parent: None,
            component: None,
        };
        if item.database.is_empty() {
            item.database = self.owned(Field::Collection);
        }
        if item.section_type.is_empty() {
            section_type.clone_into(&mut item.section_type);
        }
        if let Some(issn) = identifier("ISSN", &self.get(Field::Issn)) {
            item.ids.push(issn);
            item.ids.sort_unstable();
        }
        let parent = Related {
            title: self.owned(Field::ParentTitle),
            data_type: parent_type.to_owned(),
            ids: self.ids(&PARENT_IDS),
            authors: authors(&self.get(Field::ParentAuthors)),
            publication_date: self.owned(Field::ParentDate),
            article_version: self.owned(Field::ParentVersion),
        };
        if parent != Related::default() {
            // In R5.1 items stand within their title, in R5 the title stands beside them: as JSON they are told apart in the same way.
            if report.release != Some(Release::R5) && item.title.is_empty() {
                item.title.clone_from(&parent.title);
            }
            item.parent = Some(Box::new(parent));
        }
        let component = Related {
            title: self.owned(Field::ComponentTitle),
            data_type: self.owned(Field::ComponentType),
            ids: self.ids(&COMPONENT_IDS),
            authors: authors(&self.get(Field::ComponentAuthors)),
            publication_date: self.owned(Field::ComponentDate),
            article_version: self.owned(Field::ComponentVersion),
        };
        if component != Related::default() {
            item.component = Some(Box::new(component));
        }
        item
    }

    /// The institution that the row is broken down to, if it is.
    pub(super) fn member(&self) -> Option<Member> {
        let isil = named_ids(&self.get(Field::InstitutionId)).into_iter().find(|id| id.kind == "ISIL");
        let member = Member {
            customer_id: self.owned(Field::CustomerId),
            name: self.owned(Field::InstitutionName),
            isil: isil.map(|id| id.value).unwrap_or_default(),
        };
        (member != Member::default()).then_some(member)
    }
}

/// `Ann Author (ORCID:0000-0001-2345-6789); Bo Author` as names (R5.1 section 3.3.6).
fn authors(cell: &str) -> Vec<String> {
    let name = |part: &str| {
        let part = part.trim();
        let without = part.strip_suffix(')').and_then(|part| part.rsplit_once('('));
        let identified = without.filter(|(_, id)| id.split_once(':').is_some_and(|(kind, _)| known_kind(kind.trim()).is_some()));
        identified.map_or(part, |(name, _)| name.trim_end()).to_owned()
    };
    cell.split(';').map(name).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_are_names_without_what_identifies_them() {
        assert_eq!(authors("Ann A (ORCID:0000-0001-2345-6789); Bo B. ; Cy C (Oslo)"), ["Ann A", "Bo B.", "Cy C (Oslo)"]);
        assert!(authors("").is_empty());
    }
}
