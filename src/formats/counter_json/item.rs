//! Items: what was used, with their parents, their components and the attributes of their counts.
//!
//! One seed, [`Thing`], reads all that is described alike: an entry of `Report_Items`, an item within a parent, a parent
//! (R5 `Item_Parent`) and a component.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::header::{self, identifiers, member_of};
use super::names::{Name, NameSeed, shown};
use super::performance::Performance;
use super::state::{Relation, State};
use super::values::{SMALL, Skip, Small, Text, Word};
use crate::formats::FormatError;
use crate::formats::words::Field;

/// A parent's counts are also its items' counts, or are nobody's here.
const PARENTS: &str = "counts of a parent, which are not the item's: left out";

/// Reads `Report_Items`.
pub(super) struct Items<'a, 's>(pub(super) &'a mut State<'s>);

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of report items")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.notes.add("Report_Items is null", || "Report_Items".into());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Entry(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let state = self.0;
        let before = state.reading.records;
        state.notes.add("Report_Items is one item, not a list", || "Report_Items".into());
        Entry(&mut *state).visit_map(map)?;
        if state.reading.records == before {
            return Err(state.fail(FormatError::NotReport("Report_Items is neither a list nor an item".into())));
        }
        Ok(())
    }
}

/// Reads an entry of `Report_Items` and passes its counts on.
struct Entry<'a, 's>(&'a mut State<'s>);

impl<'de> DeserializeSeed<'de> for Entry<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report item")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.begin();
        self.0.note("an item is null");
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let state = self.0;
        state.begin();
        let base = state.add_attributes(None, false);
        let subject = state.add_subject(Relation::Whole, base);
        Thing { state, subject, base, is_parent: false }.visit_map(map)?;
        state.at = (subject, 0, None);
        if state.seen == 0 {
            state.note("items without counts");
        }
        state.flush()
    }
}

/// Reads something that is described like an item into its subject.
struct Thing<'a, 's> {
    state: &'a mut State<'s>,
    subject: usize,
    base: usize,
    /// Named only to describe another.
    is_parent: bool,
}

impl<'de> DeserializeSeed<'de> for Thing<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Thing<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, subject, base, mut is_parent } = self;
        let mut left = SMALL;
        state.at = (subject, 0, None);
        while let Some(name) = map.next_key_seed(NameSeed(state))? {
            let Some(name) = name else {
                let what = format!("unknown field '{}' of an item", shown(&state.unknown_name));
                state.note(what);
                map.next_value_seed(Skip)?;
                continue;
            };
            let text = |state: &mut State<'_>, map: &mut A| map.next_value_seed(Text { state, name: name.text() });
            match name {
                Name::Title | Name::Platform | Name::Database | Name::Item | Name::Publisher | Name::ItemName => {
                    let text = text(state, &mut map)?;
                    if !is_parent && !text.is_empty() {
                        state.saw(name);
                    }
                    let thing = state.describe::<A::Error>(subject, text.len())?;
                    *match name {
                        Name::Title => &mut thing.item.title,
                        Name::Platform => &mut thing.item.platform,
                        Name::Database => &mut thing.item.database,
                        Name::Item => &mut thing.item.item,
                        Name::Publisher => &mut thing.item.publisher,
                        _ => &mut thing.name,
                    } = text;
                }
                Name::PublicationDate | Name::ArticleVersion | Name::SectionType => {
                    let text = text(state, &mut map)?;
                    let item = &mut state.describe::<A::Error>(subject, text.len())?.item;
                    *match name {
                        Name::PublicationDate => &mut item.publication_date,
                        Name::ArticleVersion => &mut item.article_version,
                        _ => &mut item.section_type,
                    } = text;
                }
                Name::ItemId | Name::PublisherId => {
                    let value = map.next_value_seed(Small { left: &mut left })?;
                    if value.is_null() {
                        state.note(format!("{} is null", name.text()));
                    }
                    let ids = identifiers(&value);
                    let size = ids.iter().map(|id| id.kind.len() + id.value.len() + 64).sum();
                    let item = &mut state.describe::<A::Error>(subject, size)?.item;
                    if name == Name::ItemId { item.ids = ids } else { item.publisher_ids = ids }
                }
                Name::Authors | Name::ItemContributors => {
                    let value = map.next_value_seed(Small { left: &mut left })?;
                    let authors = header::authors(&value);
                    let size = authors.iter().map(|author| author.len() + 24).sum();
                    state.describe::<A::Error>(subject, size)?.item.authors = authors;
                }
                Name::ItemDates | Name::ItemAttributes => {
                    let value = map.next_value_seed(Small { left: &mut left })?;
                    let date = header::typed(&value, "Publication_Date");
                    let version = header::typed(&value, "Article_Version");
                    let item = &mut state.describe::<A::Error>(subject, date.len() + version.len())?.item;
                    for (own, new) in [(&mut item.publication_date, date), (&mut item.article_version, version)] {
                        if own.is_empty() {
                            *own = new;
                        }
                    }
                }
                Name::ItemParent => {
                    let mute = std::mem::replace(&mut state.mute, true);
                    map.next_value_seed(Parents { state, of: subject })?;
                    state.mute = mute;
                }
                Name::Components => map.next_value_seed(Many { state, within: Relation::ComponentOf(subject), up: base })?,
                Name::Items => {
                    if state.seen > 0 && !state.mute {
                        state.forget::<A::Error>()?;
                        state.note(PARENTS);
                    }
                    state.saw(Name::Items);
                    map.next_value_seed(Many { state, within: Relation::Within(subject), up: base })?;
                    is_parent = true;
                }
                Name::Performance | Name::AttributePerformance => {
                    let (mute, seen) = (state.mute, state.seen);
                    state.mute |= is_parent;
                    if name == Name::Performance {
                        map.next_value_seed(Performance { state, subject, attributes: base })?;
                    } else {
                        map.next_value_seed(AttributePerformance { state, subject, base })?;
                    }
                    state.mute = mute;
                    if is_parent && state.seen > seen {
                        state.seen = seen;
                        state.note(PARENTS);
                    }
                }
                _ => attribute(state, &mut map, name, base, &mut left)?,
            }
            state.at = (subject, 0, None);
        }
        Ok(())
    }
}

/// Reads what items and the attributes of their counts have in common.
fn attribute<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    map: &mut A,
    name: Name,
    attributes: usize,
    left: &mut usize,
) -> Result<(), A::Error> {
    let field = match name {
        Name::DataType => Field::DataType,
        Name::AccessMethod => Field::AccessMethod,
        Name::AccessType => Field::AccessType,
        Name::Yop => Field::Yop,
        Name::CustomerId | Name::InstitutionName | Name::InstitutionId => {
            let value = map.next_value_seed(Small { left })?;
            let member = &mut state.attribute::<A::Error>(attributes)?.member;
            member_of(member, name, &value);
            return Ok(());
        }
        Name::Exceptions => {
            let value = map.next_value_seed(Small { left })?;
            state.reading.exceptions.extend(header::exceptions(&value));
            return Ok(());
        }
        _ => {
            state.note(format!("unknown field '{}' of an item", name.text()));
            return map.next_value_seed(Skip);
        }
    };
    let word = map.next_value_seed(Word { state, field })?;
    state.attribute::<A::Error>(attributes)?.words[field as usize] = word;
    Ok(())
}

/// Reads `Item_Parent`: one parent, or a list of them, of which the first is kept.
struct Parents<'a, 's> {
    state: &'a mut State<'s>,
    of: usize,
}

impl<'de> DeserializeSeed<'de> for Parents<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Parents<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a parent")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.state.note("Item_Parent is a list");
        while seq.next_element_seed(Parents { state: self.state, of: self.of })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Self { state, of } = self;
        let mark = state.mark();
        let base = state.add_attributes(None, false);
        let subject = state.add_subject(Relation::Whole, base);
        Thing { state, subject, base, is_parent: true }.visit_map(map)?;
        let related = state.subjects.get(subject).map(|parent| state.related(parent)).unwrap_or_default();
        let size = related.title.len() + related.ids.len() * 64;
        let item = &mut state.describe::<A::Error>(of, size)?.item;
        if item.parent.is_none() {
            item.parent = Some(Box::new(related));
        } else if item.parent.as_deref() != Some(&related) {
            state.note("more than one parent; the first is kept");
        }
        state.drop_after(mark);
        Ok(())
    }
}

/// Reads a list of items within a parent, or of components.
struct Many<'a, 's> {
    state: &'a mut State<'s>,
    within: Relation,
    up: usize,
}

impl<'de> DeserializeSeed<'de> for Many<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Many<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items or components")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { state, within, up } = self;
        while seq.next_element_seed(Many { state, within, up })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Self { state, within, up } = self;
        let mark = state.mark();
        let base = state.add_attributes(Some(up), matches!(within, Relation::Within(_)));
        let subject = state.add_subject(within, base);
        Thing { state, subject, base, is_parent: false }.visit_map(map)?;
        state.relieve(mark, matches!(within, Relation::Within(_)))
    }
}

/// Reads `Attribute_Performance` (R5.1): counts, and of which kind they are.
struct AttributePerformance<'a, 's> {
    state: &'a mut State<'s>,
    subject: usize,
    base: usize,
}

impl<'de> DeserializeSeed<'de> for AttributePerformance<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AttributePerformance<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attribute_Performance: a list of objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.state.note("Attribute_Performance is null");
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { state, subject, base } = self;
        while seq.next_element_seed(AttributePerformance { state, subject, base })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, subject, base } = self;
        let mark = state.mark();
        let attributes = state.add_attributes(Some(base), false);
        let mut left = SMALL;
        while let Some(name) = map.next_key_seed(NameSeed(state))? {
            match name {
                Some(Name::Performance) => map.next_value_seed(Performance { state, subject, attributes })?,
                Some(Name::Components) => {
                    map.next_value_seed(Many { state, within: Relation::ComponentOf(subject), up: attributes })?;
                }
                Some(name) => attribute(state, &mut map, name, attributes, &mut left)?,
                None => {
                    let what = format!("unknown field '{}' of Attribute_Performance", shown(&state.unknown_name));
                    state.note(what);
                    map.next_value_seed(Skip)?;
                }
            }
            state.at = (subject, 0, None);
        }
        state.relieve(mark, false)
    }
}
