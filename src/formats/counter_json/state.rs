//! What is known while a report is read: the item at hand, its counts that wait for its end, and what was noted.
//!
//! A [`Subject`] is something that counts belong to, [`Attributes`] say of which kind they are, an [`Entry`] is one count.
//! Entries wait because JSON may say what an item is after its counts; [`State::flush`] passes them on.

use std::collections::HashMap;

use serde::de::Error;

use super::names::Name;
use crate::formats::notes::Notes;
use crate::formats::words::{Field, Words};
use crate::formats::{FormatError, Reading, RecordSink};
use crate::model::{Item, Member, Month, UsageRecord, usage::Related};

/// So many counts, or so many bytes of descriptions, wait at most for an item's end.
const WAITING: usize = 64 * 1024;
const WAITING_TEXT: usize = 4 * 1024 * 1024;
/// So many different words are kept from item to item.
const WORDS: usize = 4096;

/// How a subject stands to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// An entry of `Report_Items`.
    Whole,
    /// An entry of `Items` within a parent (R5.1 IR).
    Within(usize),
    /// A component of an item.
    ComponentOf(usize),
}

/// Something that counts belong to.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) item: Item,
    /// `Item_Name`: what R5 calls parents and components.
    pub(super) name: String,
    pub(super) relation: Relation,
    /// The attributes that hold for all of its counts.
    pub(super) base: usize,
    /// Its relation is worked into `item`.
    done: bool,
}

/// Of which kind counts are; what is missing is taken from `up`.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes {
    /// `Data_Type`, `Access_Method`, `Access_Type`, `YOP`; by [`Field`].
    pub(super) words: [u32; 4],
    pub(super) member: Member,
    pub(super) up: Option<usize>,
    /// `up` is a parent: its `Data_Type` is its own.
    pub(super) of_parent: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    subject: u32,
    attributes: u32,
    metric: u32,
    /// Nothing until its `Period` was read.
    month: Option<Month>,
    count: u64,
}

/// How much there was when something nested began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    subjects: usize,
    attributes: usize,
}

/// All that is known while a report is read.
pub(super) struct State<'s> {
    sink: &'s mut dyn RecordSink,
    pub(super) reading: Reading,
    pub(super) notes: Notes,
    /// Why reading was broken off, where serde's error cannot say it.
    pub(super) failed: Option<FormatError>,
    /// The text of the last name that [`super::names::NameSeed`] did not know.
    pub(super) unknown_name: String,
    /// Counts are read and checked, but do not count: they are a parent's.
    pub(super) mute: bool,
    /// The entry of `Report_Items` at hand, from 1; 0 before the first.
    pub(super) number: u64,
    /// The subject, metric and month at hand.
    pub(super) at: (usize, u32, Option<Month>),
    /// Counts seen in the item at hand, zeros included.
    pub(super) seen: u64,
    pub(super) subjects: Vec<Subject>,
    pub(super) attributes: Vec<Attributes>,
    entries: Vec<Entry>,
    text: usize,
    /// What is below was passed on already and cannot be described any more.
    sealed: Mark,
    words: [Words; Field::COUNT],
    looks: Option<(u8, &'static str)>,
    /// The counts that are being passed on.
    run: Vec<(Month, u64)>,
    /// The members of the item at hand.
    members: Vec<Member>,
    /// The months of each subject, attributes, metric and member, 64 to a number.
    twice: HashMap<(u32, [u32; 4], u32, usize, i32), u64>,
}

impl<'s> State<'s> {
    pub(super) fn new(sink: &'s mut dyn RecordSink) -> Self {
        Self {
            sink,
            reading: Reading::default(),
            notes: Notes::default(),
            failed: None,
            unknown_name: String::new(),
            mute: false,
            number: 0,
            at: (0, 0, None),
            seen: 0,
            subjects: vec![],
            attributes: vec![],
            entries: vec![],
            text: 0,
            sealed: Mark { subjects: 0, attributes: 0 },
            words: [Field::DataType, Field::AccessMethod, Field::AccessType, Field::Yop, Field::Metric].map(Words::new),
            looks: None,
            run: vec![],
            members: vec![],
            twice: HashMap::new(),
        }
    }

    pub(super) fn words(&mut self, field: Field) -> &mut Words {
        &mut self.words[field as usize]
    }

    /// Where reading stands, for people.
    pub(super) fn place(&self) -> String {
        if self.number == 0 {
            return "before the first item".into();
        }
        let mut place = format!("item {}", self.number);
        if let Some(subject) = self.subjects.get(self.at.0) {
            let item = &subject.item;
            let names = [&item.item, &item.title, &item.database, &subject.name, &item.platform];
            if let Some(name) = names.into_iter().find(|name| !name.is_empty()) {
                place = format!("{place} '{}'", super::names::shown(name));
            }
        }
        if self.at.1 > 0 {
            place = format!("{place}, {}", self.words[Field::Metric as usize].text(self.at.1));
        }
        if let Some(month) = self.at.2 {
            place = format!("{place}, {month}");
        }
        place
    }

    /// Refuses the report for what is wrong at this place.
    pub(super) fn bad_row<E: Error>(&mut self, what: impl Into<String>) -> E {
        self.fail(FormatError::BadRow { place: self.place(), what: what.into() })
    }

    /// Breaks reading off.
    pub(super) fn fail<E: Error>(&mut self, error: FormatError) -> E {
        self.failed.get_or_insert(error);
        E::custom("refused")
    }

    /// Notes something at this place.
    pub(super) fn note(&mut self, what: impl Into<std::borrow::Cow<'static, str>>) {
        let what = what.into();
        if !self.notes.again(&what) {
            let place = self.place();
            self.notes.add(what, || place);
        }
    }

    /// Begins an entry of `Report_Items`.
    pub(super) fn begin(&mut self) {
        self.number += 1;
        self.subjects.clear();
        self.attributes.clear();
        self.entries.clear();
        self.text = 0;
        self.seen = 0;
        self.mute = false;
        self.at = (0, 0, None);
        self.sealed = Mark { subjects: 0, attributes: 0 };
        self.words.iter_mut().filter(|words| words.len() > WORDS).for_each(Words::clear);
    }

    pub(super) fn add_subject(&mut self, relation: Relation, base: usize) -> usize {
        self.subjects.push(Subject { item: Item::default(), name: String::new(), relation, base, done: false });
        self.subjects.len() - 1
    }

    pub(super) fn add_attributes(&mut self, up: Option<usize>, of_parent: bool) -> usize {
        self.attributes.push(Attributes { up, of_parent, ..Attributes::default() });
        self.attributes.len() - 1
    }

    /// The subject, to be described.
    pub(super) fn describe<E: Error>(&mut self, subject: usize, size: usize) -> Result<&mut Subject, E> {
        if subject < self.sealed.subjects && size > 0 {
            return Err(self.bad_row("is described after more counts than are kept waiting; put its description before them"));
        }
        self.text += size;
        self.subjects.get_mut(subject).ok_or_else(|| E::custom("no such item"))
    }

    /// The attributes, to be set.
    pub(super) fn attribute<E: Error>(&mut self, attributes: usize) -> Result<&mut Attributes, E> {
        if attributes < self.sealed.attributes {
            return Err(self.bad_row("has attributes after more counts than are kept waiting; put them before its Performance"));
        }
        self.attributes.get_mut(attributes).ok_or_else(|| E::custom("no such attributes"))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { subjects: self.subjects.len(), attributes: self.attributes.len() }
    }

    /// How many counts wait.
    pub(super) fn waiting(&self) -> usize {
        self.entries.len()
    }

    /// Takes a count; zeros say nothing.
    pub(super) fn push(&mut self, subject: usize, attributes: usize, metric: u32, month: Option<Month>, count: u64) {
        self.seen += 1;
        if count > 0 && !self.mute {
            let place = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
            self.entries.push(Entry { subject: place(subject), attributes: place(attributes), metric, month, count });
        }
    }

    /// Gives the counts from `first` on their month.
    pub(super) fn date(&mut self, first: usize, month: Month) {
        for entry in self.entries.iter_mut().skip(first) {
            entry.month.get_or_insert(month);
        }
    }

    /// Forgets the counts of the item so far.
    pub(super) fn forget<E: Error>(&mut self) -> Result<(), E> {
        if self.sealed.subjects > 0 {
            return Err(self.bad_row("has both Items and more counts of its own than are kept waiting"));
        }
        self.entries.clear();
        Ok(())
    }

    /// Drops what began after `mark` and has no counts.
    pub(super) fn drop_after(&mut self, mark: Mark) {
        self.subjects.truncate(mark.subjects);
        self.attributes.truncate(mark.attributes);
    }

    /// Takes notice of a field that tells reports apart.
    pub(super) fn saw(&mut self, name: Name) {
        let (rank, report) = match name {
            Name::Item | Name::Items => (3, "IR"),
            Name::Database => (2, "DR"),
            Name::Title => (1, "TR"),
            Name::Platform => (0, "PR"),
            _ => return,
        };
        if self.looks.is_none_or(|(known, _)| known < rank) {
            self.looks = Some((rank, report));
            self.reading.looks_like = Some(report);
        }
    }

    /// Passes counts on if too many wait. What began after `mark` has ended.
    ///
    /// Between items more room is left than within one, so that an ordinary item is whole before it is passed on.
    pub(super) fn relieve<E: Error>(&mut self, mark: Mark, between_items: bool) -> Result<(), E> {
        let times = if between_items { 1 } else { 2 };
        let most = self.entries.len().max(self.attributes.len()).max(self.subjects.len());
        if most < WAITING * times && self.text < WAITING_TEXT * times {
            return Ok(());
        }
        self.flush()?;
        self.subjects.truncate(mark.subjects);
        self.attributes.truncate(mark.attributes);
        self.sealed = mark;
        Ok(())
    }

    /// Passes all waiting counts on.
    pub(super) fn flush<E: Error>(&mut self) -> Result<(), E> {
        self.text = 0;
        let mut from = 0;
        while let Some(&first) = self.entries.get(from) {
            let alike =
                |entry: &&Entry| entry.subject == first.subject && entry.attributes == first.attributes && entry.metric == first.metric;
            let to = from + self.entries[from..].iter().take_while(alike).count();
            self.relate(first.subject as usize);
            let (words, member) = self.resolve(first.attributes as usize);
            self.run.clear();
            for entry in &self.entries[from..to] {
                let Some(month) = entry.month else { return Err(E::custom("a count without its month")) };
                self.run.push((month, entry.count));
            }
            self.find_twice(&first, words, &member);
            let text = |field: Field| self.words[field as usize].text(words[field as usize]);
            let access_method = text(Field::AccessMethod);
            let (Some(subject), Some(&(month, count))) = (self.subjects.get(first.subject as usize), self.run.first()) else { break };
            let like = UsageRecord {
                item: &subject.item,
                member: (member != Member::default()).then_some(&member),
                addresses: None,
                metric: self.words[Field::Metric as usize].text(first.metric),
                month,
                data_type: text(Field::DataType),
                access_method: if access_method.is_empty() { "Regular" } else { access_method },
                access_type: text(Field::AccessType),
                yop: text(Field::Yop),
                count,
            };
            if let Err(stopped) = self.sink.months(&like, &self.run) {
                return Err(self.fail(stopped.into()));
            }
            self.reading.records += self.run.len() as u64;
            from = to;
        }
        self.entries.clear();
        self.twice.clear();
        self.members.clear();
        Ok(())
    }

    /// The attributes with all that they take from those above.
    fn resolve(&self, attributes: usize) -> ([u32; 4], Member) {
        let (mut words, mut member) = ([0; 4], Member::default());
        let (mut next, mut of_parent) = (Some(attributes), false);
        while let Some(own) = next.and_then(|place| self.attributes.get(place)) {
            for (field, (word, own)) in words.iter_mut().zip(own.words).enumerate() {
                if *word == 0 && !(of_parent && field == Field::DataType as usize) {
                    *word = own;
                }
            }
            if member == Member::default() && own.member != Member::default() {
                member = own.member.clone();
            }
            (next, of_parent) = (own.up, own.of_parent);
        }
        (words, member)
    }

    /// Notes months that come twice with the same attributes; their counts add up.
    fn find_twice(&mut self, first: &Entry, words: [u32; 4], member: &Member) {
        let member = if *member == Member::default() {
            0
        } else if let Some(place) = self.members.iter().position(|known| known == member) {
            place + 1
        } else {
            self.members.push(member.clone());
            self.members.len()
        };
        let mut again = None;
        let mut months = self.run.iter().map(|(month, _)| *month).peekable();
        while let Some(month) = months.next() {
            let block = month.index() / 64;
            let mut bits = 1_u64 << (month.index() % 64);
            while let Some(next) = months.next_if(|next| next.index() / 64 == block) {
                let bit = 1 << (next.index() % 64);
                again = again.or((bits & bit != 0).then_some(next));
                bits |= bit;
            }
            let known = self.twice.entry((first.subject, words, first.metric, member, block)).or_default();
            again = again.or((*known & bits != 0).then_some(month));
            *known |= bits;
        }
        if let Some(month) = again {
            self.at = (first.subject as usize, first.metric, Some(month));
            self.note("the same metric and month more than once for one item: the counts were added");
        }
    }

    /// Works a subject's parent or component into its item.
    fn relate(&mut self, place: usize) {
        let Some(subject) = self.subjects.get_mut(place).filter(|subject| !subject.done) else { return };
        let relation = subject.relation;
        let mut item = match relation {
            Relation::Whole | Relation::Within(_) => std::mem::take(&mut subject.item),
            Relation::ComponentOf(whole) => {
                self.relate(whole);
                let related = self.subjects.get(place).map(|component| self.related(component));
                let mut item = self.subjects.get(whole).map(|whole| whole.item.clone()).unwrap_or_default();
                item.component = related.map(Box::new);
                item
            }
        };
        if let Relation::Whole = relation
            && item.item.is_empty()
            && item.title.is_empty()
            && item.database.is_empty()
            && let Some(subject) = self.subjects.get(place)
        {
            item.item.clone_from(&subject.name);
        }
        if let Relation::Within(parent) = relation
            && let Some(above) = self.subjects.get(parent)
        {
            for (own, theirs) in [
                (&mut item.title, &above.item.title),
                (&mut item.platform, &above.item.platform),
                (&mut item.publisher, &above.item.publisher),
                (&mut item.database, &above.item.database),
            ] {
                if own.is_empty() {
                    own.clone_from(theirs);
                }
            }
            let related = self.related(above);
            if related != Related::default() {
                item.parent = Some(Box::new(related));
            }
        }
        for ids in [&mut item.ids, &mut item.publisher_ids] {
            ids.sort_unstable();
            ids.dedup();
        }
        if let Some(subject) = self.subjects.get_mut(place) {
            subject.item = item;
            subject.done = true;
        }
    }

    /// A parent or component as its item tells it.
    pub(super) fn related(&self, subject: &Subject) -> Related {
        let item = &subject.item;
        let title = [&subject.name, &item.title, &item.item].into_iter().find(|title| !title.is_empty());
        let data_type = self.attributes.get(subject.base).map_or(0, |base| base.words[Field::DataType as usize]);
        let mut ids = item.ids.clone();
        ids.sort_unstable();
        ids.dedup();
        Related {
            title: title.cloned().unwrap_or_default(),
            data_type: self.words[Field::DataType as usize].text(data_type).to_owned(),
            ids,
            authors: item.authors.clone(),
            publication_date: item.publication_date.clone(),
            article_version: item.article_version.clone(),
        }
    }
}
