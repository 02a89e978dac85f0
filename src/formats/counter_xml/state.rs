//! What is known while a reply is read: the element at hand, the item with its counts, and what was noted.
//!
//! Counts wait for the end of their `ItemPerformance`, because its period and category may follow them, and then for the end of their
//! item, because what describes it may.

mod item;

use std::borrow::Cow;
use std::collections::HashMap;

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

use super::customers::{Attributes, Customer, Customers};
use super::element::{Leaf, Node};
use super::head::Head;
use super::values;
use super::vocabulary::{MOST_WORDS, Numbered};
use crate::formats::identifiers::identifier;
use crate::formats::notes::Notes;
use crate::formats::{FormatError, Reading, RecordSink};
use crate::model::usage::Related;
use crate::model::{Item, Month};

/// No text of a report is longer, in bytes.
const LONGEST_TEXT: usize = 64 * 1024;
/// No word that repeats is longer.
const LONGEST_WORD: usize = 200;
/// All that describes one item, or the head of a reply, is not larger.
const LARGEST_DESCRIPTION: usize = 1024 * 1024;
/// So many counts of one item wait.
const WAITING: usize = 64 * 1024;
/// No element that is read has more attributes.
const MOST_ATTRIBUTES: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Entry {
    attributes: Attributes,
    month: Month,
    count: u64,
}

/// All that is known while a reply is read.
pub(super) struct State<'s> {
    customers: Customers<'s>,
    reading: Reading,
    notes: Notes,
    head: Head,
    words: Numbered,
    /// Category and `MetricType` as they came, and the metric that they make.
    metrics: HashMap<(u32, u32), u32>,
    /// The line at hand.
    pub(super) line: usize,
    /// The text of the leaf at hand.
    text: String,
    /// Type and value of an identifier, a date, an attribute or a contributor.
    pair: (String, String),
    customer: Customer,
    /// The customer at hand has had items.
    customer_began: bool,
    /// The item at hand, from 1, and what it is.
    number: u64,
    item: Item,
    name: String,
    data_type: String,
    parent: Related,
    /// Bytes that describe it; of the head before the first.
    described: usize,
    /// Some of its counts were passed on.
    sealed: bool,
    /// Counts of it that were seen, zeros too.
    seen: u64,
    entries: Vec<Entry>,
    run: Vec<(Month, u64)>,
    /// Of the `ItemPerformance` at hand.
    begin: String,
    end: String,
    category: u32,
    years: [String; 3],
    pending: Vec<(u32, u64)>,
    /// Of the `Instance` at hand.
    metric: u32,
    count: Option<u64>,
    /// `Number` of the exception at hand.
    code: String,
    /// How many items there are of each data type.
    types: HashMap<String, u64>,
}

impl<'s> State<'s> {
    pub(super) fn new(sink: &'s mut dyn RecordSink) -> Self {
        Self {
            customers: Customers::new(sink),
            reading: Reading::default(),
            notes: Notes::default(),
            head: Head::default(),
            words: Numbered::new(),
            metrics: HashMap::new(),
            line: 1,
            text: String::new(),
            pair: Default::default(),
            customer: Customer::default(),
            customer_began: false,
            number: 0,
            item: Item::default(),
            name: String::new(),
            data_type: String::new(),
            parent: Related::default(),
            described: 0,
            sealed: false,
            seen: 0,
            entries: Vec::new(),
            run: Vec::new(),
            begin: String::new(),
            end: String::new(),
            category: 0,
            years: Default::default(),
            pending: Vec::new(),
            metric: 0,
            count: None,
            code: String::new(),
            types: HashMap::new(),
        }
    }

    pub(super) fn has_root(&self) -> bool {
        !self.head.root.is_empty()
    }

    pub(super) fn root(&mut self, name: &str) {
        self.head.root = shown(name);
    }

    /// Where reading stands, for people.
    fn place(&self) -> String {
        if self.number == 0 {
            return "before the first item".into();
        }
        let mut place = format!("item {}", self.number);
        if let Some(name) = [&self.name, &self.item.platform].into_iter().find(|name| !name.is_empty()) {
            place = format!("{place} '{}'", shown(name));
        }
        if self.metric > 0 {
            place = format!("{place}, {}", self.words.text(self.metric));
        }
        if let Some(month) = self.begin.get(..7) {
            place = format!("{place}, {month}");
        }
        place
    }

    /// The refusal of the whole for what is wrong at this place.
    pub(super) fn refused(&self, what: impl Into<String>) -> FormatError {
        FormatError::BadRow { place: self.place(), what: what.into() }
    }

    /// Notes something at this place.
    pub(super) fn note(&mut self, what: impl Into<Cow<'static, str>>) {
        let what = what.into();
        if !self.notes.again(&what) {
            let place = format!("line {}, {}", self.line, self.place());
            self.notes.add(what, || place);
        }
    }

    /// Takes a piece of the text at hand.
    pub(super) fn text(&mut self, piece: &str) -> Result<(), FormatError> {
        if self.text.len() + piece.len() > LONGEST_TEXT {
            return Err(self.refused("a text is longer than 64 KiB"));
        }
        self.text.push_str(piece);
        Ok(())
    }

    /// Begins an element.
    pub(super) fn begin(&mut self, node: Node, within: Node, start: &BytesStart<'_>) -> Result<(), FormatError> {
        match node {
            Node::Leaf(leaf) => {
                self.text.clear();
                if leaf == Leaf::Filter {
                    [self.pair.0] = self.attributes(start, ["Name"])?;
                    self.describe(self.pair.0.len())?;
                }
            }
            Node::Instance => (self.metric, self.count) = (0, None),
            Node::Performance => {
                self.begin.clear();
                self.end.clear();
                self.category = 0;
                self.pending.clear();
                self.years = self.attributes(start, ["PubYr", "PubYrFrom", "PubYrTo"])?;
            }
            Node::Identifier | Node::ParentIdentifier | Node::Institution | Node::Described | Node::Contributor => {
                self.pair.0.clear();
                self.pair.1.clear();
            }
            Node::Item => self.begin_item(within)?,
            Node::Customer => {
                self.reading.has_items = true;
                self.described = 0;
                (self.customer, self.customer_began) = (Customer::default(), false);
            }
            Node::Consortium => self.customer.in_consortium = true,
            Node::Report => {
                let attributes = self.attributes(start, ["Name", "Title", "Version", "Created"])?;
                if attributes.iter().any(|text| !text.is_empty()) {
                    (self.reading.has_items, self.head.is_reply) = (true, true);
                    self.head.take_report(attributes).map_err(FormatError::NotReport)?;
                }
            }
            Node::Definition => {
                self.head.is_reply = true;
                let [name, release] = self.attributes(start, ["Name", "Release"])?;
                self.head.definition = (name, release);
            }
            Node::Exception => {
                self.code.clear();
                self.head.begin_exception();
            }
            Node::Outer => self.head.is_reply |= start.local_name().as_ref().eq_ignore_ascii_case("ReportResponse"),
            _ => {}
        }
        Ok(())
    }

    /// The values of attributes with these names; empty where there is none.
    fn attributes<const N: usize>(&self, start: &BytesStart<'_>, names: [&str; N]) -> Result<[String; N], FormatError> {
        let mut values = [const { String::new() }; N];
        // Looking for names that come twice takes the square of their number.
        for attribute in start.attributes().with_checks(false).take(MOST_ATTRIBUTES) {
            let attribute = attribute.map_err(|error| self.refused(format!("an attribute is broken: {error}")))?;
            let name = attribute.key.local_name();
            let Some(place) = names.iter().position(|known| known.eq_ignore_ascii_case(name.as_ref())) else { continue };
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            let value = value.map_err(|error| self.refused(format!("an attribute is broken: {error}")))?;
            if value.len() > LONGEST_TEXT {
                return Err(self.refused("an attribute is longer than 64 KiB"));
            }
            if let Some(known) = values.get_mut(place) {
                value.trim().clone_into(known);
            }
        }
        Ok(values)
    }

    fn begin_item(&mut self, within: Node) -> Result<(), FormatError> {
        self.reading.has_items = true;
        if within == Node::Customer && !self.customer_began {
            self.customer_began = true;
            self.customers.begin(self.customer.clone(), &self.head.asked.0, self.head.is_by_member(), &self.words)?;
        }
        self.number += 1;
        (self.item, self.parent) = (Item::default(), Related::default());
        self.name.clear();
        self.data_type.clear();
        self.begin.clear();
        self.metric = 0;
        (self.described, self.sealed, self.seen) = (0, false, 0);
        Ok(())
    }

    /// Ends an element that stood in `within`.
    pub(super) fn end(&mut self, node: Node, within: Node) -> Result<(), FormatError> {
        match node {
            Node::Leaf(leaf) => return self.leaf(leaf, within),
            Node::Instance => return self.end_instance(),
            Node::Performance => return self.end_performance(),
            Node::Item => return self.end_item(),
            Node::Identifier | Node::ParentIdentifier => {
                let ids = identifier(&self.pair.0, &self.pair.1);
                let own = if node == Node::Identifier { &mut self.item.ids } else { &mut self.parent.ids };
                own.extend(ids);
            }
            Node::Institution => {
                let isil = identifier(&self.pair.0, &self.pair.1).filter(|id| id.kind == "ISIL");
                if let Some(isil) = isil {
                    self.customer.member.isil = isil.value;
                }
            }
            Node::Contributor => {
                let (role, name) = &self.pair;
                if !name.is_empty() && (role.is_empty() || role.eq_ignore_ascii_case("Author")) {
                    self.item.authors.push(name.clone());
                }
            }
            Node::Described => {
                let (kind, value) = &self.pair;
                let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
                match kind.as_str() {
                    "pubdate" | "publicationdate" => self.item.publication_date.clone_from(value),
                    "articleversion" => self.item.article_version.clone_from(value),
                    _ => {}
                }
            }
            Node::Customer if self.customer_began => {}
            Node::Customer => {
                // One without items is a customer too.
                self.customers.begin(self.customer.clone(), &self.head.asked.0, self.head.is_by_member(), &self.words)?;
            }
            Node::Exception => {
                let code = std::mem::take(&mut self.code);
                self.head.end_exception(&code, &mut self.reading.exceptions, &mut self.notes);
            }
            Node::Fault if within != Node::Fault => self.head.end_fault(&mut self.reading.exceptions),
            _ => {}
        }
        Ok(())
    }

    /// Takes a text.
    fn leaf(&mut self, leaf: Leaf, within: Node) -> Result<(), FormatError> {
        let text = std::mem::take(&mut self.text);
        let taken = self.take_leaf(leaf, within, text.trim());
        // The buffer is used again.
        self.text = text;
        self.text.clear();
        taken
    }

    fn take_leaf(&mut self, leaf: Leaf, within: Node, text: &str) -> Result<(), FormatError> {
        match (leaf, within) {
            (Leaf::Count, _) => {
                let (count, fraction) = values::count(text).map_err(|what| self.refused(what))?;
                if fraction {
                    self.note("counts written as decimal fractions");
                }
                self.count = Some(count);
                return Ok(());
            }
            (Leaf::Metric, _) => {
                self.metric = self.word(text)?;
                return Ok(());
            }
            (Leaf::Category, _) => {
                self.category = self.word(text)?;
                return Ok(());
            }
            (Leaf::Begin | Leaf::End, Node::Period) => {
                let date = if leaf == Leaf::Begin { &mut self.begin } else { &mut self.end };
                date.clear();
                date.push_str(text.get(..40).unwrap_or(text));
                return Ok(());
            }
            _ => {}
        }
        self.describe(text.len())?;
        let own = match (leaf, within) {
            (Leaf::Begin, _) => &mut self.head.begin,
            (Leaf::End, _) => &mut self.head.end,
            (Leaf::Id, Node::Reference) => &mut self.head.asked.0,
            (Leaf::Name, Node::Reference) => &mut self.head.asked.1,
            (Leaf::Name, Node::Vendor) => &mut self.head.vendor,
            (Leaf::Id | Leaf::Name, Node::Customer) => {
                let member = &mut self.customer.member;
                let known = if leaf == Leaf::Id { &mut member.customer_id } else { &mut member.name };
                if self.customer_began && known != text {
                    return Err(self.refused("a Customer says who it is after its items"));
                }
                known
            }
            (Leaf::Code | Leaf::WellKnownName, _) => {
                self.customer.consortium.push(text.to_owned());
                return Ok(());
            }
            (Leaf::Type, _) => &mut self.pair.0,
            (Leaf::Value, _) | (Leaf::Name, Node::Contributor) => &mut self.pair.1,
            (Leaf::Name, Node::Parent) => &mut self.parent.title,
            (Leaf::DataType, Node::Parent) => &mut self.parent.data_type,
            (Leaf::Name, _) => &mut self.name,
            (Leaf::Platform, _) => &mut self.item.platform,
            (Leaf::Publisher, _) => &mut self.item.publisher,
            (Leaf::DataType, _) => &mut self.data_type,
            (Leaf::PubYr, _) => &mut self.years[0],
            (Leaf::PubYrFrom, _) => &mut self.years[1],
            (Leaf::PubYrTo, _) => &mut self.years[2],
            (Leaf::Number, _) => &mut self.code,
            (Leaf::Severity, _) => &mut self.head.exception().severity,
            (Leaf::Message, _) => &mut self.head.exception().message,
            (Leaf::Data, _) => &mut self.head.exception().data,
            (Leaf::HelpUrl, _) => &mut self.head.exception().help_url,
            (Leaf::FaultCode | Leaf::FaultText, _) => {
                self.head.fault(leaf == Leaf::FaultCode, text);
                return Ok(());
            }
            (Leaf::Filter, _) => {
                self.head.filters.push((std::mem::take(&mut self.pair.0), text.to_owned()));
                return Ok(());
            }
            _ => return Ok(()),
        };
        text.clone_into(own);
        Ok(())
    }

    /// Whether something that describes an item, or the reply, may still come.
    fn describe(&mut self, size: usize) -> Result<(), FormatError> {
        if self.sealed {
            return Err(self.refused("is described after more counts than are kept waiting"));
        }
        // Short texts take room of their own.
        self.described += size + 32;
        if self.described > LARGEST_DESCRIPTION {
            return Err(self.refused("what describes it is larger than 1 MiB; no item's description is"));
        }
        Ok(())
    }

    /// The number of a word that repeats.
    fn word(&mut self, text: &str) -> Result<u32, FormatError> {
        if text.len() > LONGEST_WORD {
            return Err(self.refused(format!("'{}' is too long for a MetricType or Category", shown(text))));
        }
        match self.words.number(text) {
            Some(number) => Ok(number),
            None => Err(self.refused(format!("it has more than {MOST_WORDS} different metrics, categories and years"))),
        }
    }

    /// Decides what was read.
    pub(super) fn finish(mut self) -> Result<Reading, FormatError> {
        if let Some(note) = self.customers.finish(&self.words)? {
            self.notes.add(note, || "the whole reply".into());
        }
        self.reading.records = self.customers.records;
        let Self { mut reading, mut notes, head, .. } = self;
        if !reading.has_items && !head.is_reply && reading.exceptions.is_empty() {
            let root = if head.root.is_empty() { "nothing".to_owned() } else { format!("<{}>", head.root) };
            return Err(FormatError::NotReport(format!("it is XML, but has neither ReportItems nor an Exception; it holds {root}")));
        }
        if !reading.has_items && reading.exceptions.is_empty() {
            notes.add("there are neither ReportItems nor an Exception", || "the whole reply".into());
        }
        let only = self.customers.only().map(|customer| (customer.member.customer_id.as_str(), customer.member.name.as_str()));
        let seen = self.types.iter().max_by_key(|(name, times)| (**times, (*name).clone())).map_or("", |(name, _)| name.as_str());
        let has_items = reading.has_items;
        let mut said = Notes::default();
        reading.header = head.header(only, seen, if has_items { &mut notes } else { &mut said });
        reading.notes = notes.into_notes();
        Ok(reading)
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
