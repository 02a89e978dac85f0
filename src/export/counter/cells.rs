//! What stands in the cells of a row.

use std::borrow::Cow;

use crate::formats::gather::Kind;
use crate::formats::identifiers::known_kind;
use crate::formats::layout::{Column, ID_COLUMNS};
use crate::model::{Identifier, Item, Member, usage::Related};

/// Between several values in one cell (Code of Practice, section 3.2).
pub(super) const BETWEEN: &str = "; ";

/// The cell of a column.
pub(super) fn cell<'a>(column: Column, item: &'a Item, kind: &'a Kind) -> Cow<'a, str> {
    use Column as C;
    if let Some(cell) = identifier_cell(column, item) {
        return cell;
    }
    let parent = item.parent.as_deref();
    let component = item.component.as_deref();
    let related = |related: Option<&'a Related>, of: fn(&'a Related) -> &'a String| related.map_or("", |related| of(related).as_str());
    let member = |of: fn(&'a Member) -> &'a String| kind.member.as_ref().map_or("", |member| of(member).as_str());
    Cow::Borrowed(match column {
        C::InstitutionName => member(|member| &member.name),
        C::CustomerId => member(|member| &member.customer_id),
        C::Database => &item.database,
        C::Title => &item.title,
        C::Item => &item.item,
        C::Publisher => &item.publisher,
        C::Platform => &item.platform,
        C::PublicationDate => &item.publication_date,
        C::ArticleVersion => &item.article_version,
        C::ParentTitle => related(parent, |parent| &parent.title),
        C::ParentPublicationDate => related(parent, |parent| &parent.publication_date),
        C::ParentArticleVersion => related(parent, |parent| &parent.article_version),
        C::ParentDataType => related(parent, |parent| &parent.data_type),
        C::ComponentTitle => related(component, |component| &component.title),
        C::ComponentPublicationDate => related(component, |component| &component.publication_date),
        C::ComponentDataType => related(component, |component| &component.data_type),
        C::DataType => &kind.data_type,
        C::SectionType => &item.section_type,
        C::Yop => &kind.yop,
        C::AccessType => &kind.access_type,
        C::AccessMethod => &kind.access_method,
        C::ComponentArticleVersion => related(component, |component| &component.article_version),
        C::InstitutionId => {
            let isil = member(|member| &member.isil);
            return if isil.is_empty() { Cow::Borrowed("") } else { Cow::Owned(format!("ISIL:{isil}")) };
        }
        C::PublisherId => return Cow::Owned(identifiers(&item.publisher_ids)),
        C::Authors => return names(&item.authors),
        C::ParentAuthors => return parent.map_or(Cow::Borrowed(""), |parent| names(&parent.authors)),
        C::ComponentAuthors => return component.map_or(Cow::Borrowed(""), |component| names(&component.authors)),
        _ => "",
    })
}

/// Identifiers with their kinds, as headers and publishers have them. One that is the vendor's own has the vendor's name before it
/// already, or nothing; if that name is a kind, its own kind is said.
pub(super) fn identifiers(ids: &[Identifier]) -> String {
    let one = |id: &Identifier| {
        let value = written(id);
        let is_kind = value.split_once(':').is_some_and(|(kind, _)| known_kind(kind).is_some());
        if id.kind == "Proprietary" && !is_kind { value.to_owned() } else { format!("{}:{value}", id.kind) }
    };
    ids.iter().map(one).collect::<Vec<_>>().join(BETWEEN)
}

/// An identifier as the vendor wrote it.
pub(super) fn written(id: &Identifier) -> &str {
    id.original.as_deref().unwrap_or(&id.value)
}

fn names(names: &[String]) -> Cow<'_, str> {
    match names {
        [name] => Cow::Borrowed(name),
        several => Cow::Owned(several.join(BETWEEN)),
    }
}

/// The cell of a column that holds one kind of identifier, if it is one.
fn identifier_cell(column: Column, item: &Item) -> Option<Cow<'_, str>> {
    let found = ID_COLUMNS.iter().find_map(|(kind, columns)| Some((*kind, columns.iter().position(|known| *known == Some(column))?)));
    let (kind, place) = found?;
    let ids: &[Identifier] = match place {
        0 => &item.ids,
        1 => item.parent.as_ref().map_or(&[], |parent| &parent.ids),
        _ => item.component.as_ref().map_or(&[], |component| &component.ids),
    };
    let mut values = ids.iter().filter(|id| id.kind == kind).map(written);
    let first = values.next().unwrap_or_default();
    Some(match values.next() {
        None => Cow::Borrowed(first),
        Some(second) => Cow::Owned([first, second].into_iter().chain(values).collect::<Vec<_>>().join(BETWEEN)),
    })
}
