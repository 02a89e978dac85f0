//! Whose counts they are: the account's, or those of the members of a consortium, which comes to light as the reply goes on.
//!
//! A reply with one `Customer` is the account's own, whatever the vendor calls it there; one with several is broken down to them.
//! So the first customer's counts wait, up to a bound, until a second one comes or the reply ends. The customer that we asked about
//! may stand among its members with the sum of them all: its counts wait too, and are left out if they are that sum.

use std::collections::BTreeMap;

use super::vocabulary::Numbered;
use crate::formats::{FormatError, RecordSink, Stopped};
use crate::model::{Item, Member, Month, UsageRecord};

/// So many counts, or so many bytes of descriptions, wait at most.
const WAITING: usize = 256 * 1024;
const WAITING_TEXT: usize = 16 * 1024 * 1024;

/// What a `Customer` says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Customer {
    pub(super) member: Member,
    /// It names the consortium that it belongs to.
    pub(super) in_consortium: bool,
    /// Names and codes of that consortium.
    pub(super) consortium: Vec<String>,
}

impl Customer {
    fn name(&self) -> &str {
        [&self.member.customer_id, &self.member.name].into_iter().find(|name| !name.is_empty()).map_or("without a name", String::as_str)
    }
}

/// The attributes of counts, as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Attributes {
    pub(super) metric: u32,
    pub(super) yop: u32,
}

/// Counts that wait.
#[derive(Debug)]
struct Held {
    item: Item,
    data_type: String,
    runs: Vec<(Attributes, Vec<(Month, u64)>)>,
}

#[derive(Debug)]
enum Mode {
    /// There was no `Customer`, or the only one so far had more counts than can wait.
    Account,
    /// Counts wait.
    Hold,
    /// Counts are this one's.
    Member(Member),
}

/// Sums by metric and month.
type Sums = BTreeMap<(u32, Month), u128>;

/// Passes counts on to those who want them, with the member that each belongs to.
pub(super) struct Customers<'s> {
    sink: &'s mut dyn RecordSink,
    mode: Mode,
    /// The customers that came, of whom the first and the one at hand are known by name.
    pub(super) many: usize,
    first: Customer,
    current: Customer,
    held: Vec<Held>,
    held_counts: usize,
    held_text: usize,
    /// Whose counts wait.
    holder: Option<Customer>,
    held_sums: Sums,
    other_sums: Sums,
    /// Counts passed on.
    pub(super) records: u64,
}

impl<'s> Customers<'s> {
    pub(super) fn new(sink: &'s mut dyn RecordSink) -> Self {
        Self {
            sink,
            mode: Mode::Account,
            many: 0,
            first: Customer::default(),
            current: Customer::default(),
            held: Vec::new(),
            held_counts: 0,
            held_text: 0,
            holder: None,
            held_sums: Sums::new(),
            other_sums: Sums::new(),
            records: 0,
        }
    }

    /// Begins a customer. `asked`: the customer id that we asked about, if the reply says it. `by_member`: the report is one that is
    /// always broken down.
    pub(super) fn begin(&mut self, customer: Customer, asked: &str, by_member: bool, words: &Numbered) -> Result<(), FormatError> {
        if self.many > 0 && customer == self.current {
            return Ok(());
        }
        let same = |one: &str, two: &str| !one.is_empty() && one.trim().eq_ignore_ascii_case(two.trim());
        let names = [&customer.member.customer_id, &customer.member.name];
        let is_asked =
            same(&customer.member.customer_id, asked) || names.iter().any(|name| customer.consortium.iter().any(|c| same(c, name)));
        let may_be_alone = !by_member && (asked.is_empty() || !customer.in_consortium);
        self.many += 1;
        if self.many == 1 {
            self.first = customer.clone();
        } else {
            if matches!(self.mode, Mode::Account) {
                let place = format!("Customer {}", self.many);
                let first = self.first.name();
                let what = format!("it is one of several, and {first} before it has too many counts to be kept waiting for that");
                return Err(FormatError::BadRow { place, what });
            }
            // Who waited only to be told from an account is a member; the one that we asked about goes on waiting.
            if self.holder.as_ref().is_some_and(|holder| !same(&holder.member.customer_id, asked) && !is_consortium(holder)) {
                self.release(true, words)?;
            }
        }
        self.current = customer.clone();
        self.mode = if self.holder.is_none() && (is_asked || (self.many == 1 && may_be_alone)) {
            self.holder = Some(customer);
            Mode::Hold
        } else {
            Mode::Member(customer.member)
        };
        Ok(())
    }

    /// Takes the counts of an item that share all else.
    pub(super) fn deliver(
        &mut self,
        item: &Item,
        data_type: &str,
        attributes: Attributes,
        counts: &[(Month, u64)],
        words: &Numbered,
    ) -> Result<(), FormatError> {
        if self.many > 0 && !matches!(self.mode, Mode::Account) {
            let sums = if matches!(self.mode, Mode::Hold) { &mut self.held_sums } else { &mut self.other_sums };
            for (month, count) in counts {
                *sums.entry((attributes.metric, *month)).or_default() += u128::from(*count);
            }
            if sums.len() > WAITING {
                let what = "it has more metrics and months than any report".into();
                return Err(FormatError::BadRow { place: format!("Customer {}", self.many), what });
            }
        }
        match &self.mode {
            Mode::Account => Ok(pass(self.sink, &mut self.records, (item, data_type), None, attributes, counts, words)?),
            Mode::Member(member) => Ok(pass(self.sink, &mut self.records, (item, data_type), Some(member), attributes, counts, words)?),
            Mode::Hold => self.hold(item, data_type, attributes, counts, words),
        }
    }

    fn hold(
        &mut self,
        item: &Item,
        data_type: &str,
        attributes: Attributes,
        counts: &[(Month, u64)],
        words: &Numbered,
    ) -> Result<(), FormatError> {
        match self.held.last_mut().filter(|held| held.item == *item && held.data_type == data_type) {
            Some(held) => held.runs.push((attributes, counts.to_vec())),
            None => {
                self.held_text += size(item);
                self.held.push(Held { item: item.clone(), data_type: data_type.to_owned(), runs: vec![(attributes, counts.to_vec())] });
            }
        }
        // A short run costs its own list.
        self.held_counts += counts.len() + 2;
        if self.held_counts <= WAITING && self.held_text <= WAITING_TEXT {
            return Ok(());
        }
        if self.many == 1 {
            self.mode = Mode::Account;
            return self.release(false, words);
        }
        let holder = self.holder.clone().unwrap_or_default();
        let what = "it is the customer that was asked about, stands among others, and has too many counts to be compared with theirs";
        Err(FormatError::BadRow { place: format!("Customer {}", holder.name()), what: what.into() })
    }

    /// Passes on what waited.
    fn release(&mut self, as_member: bool, words: &Numbered) -> Result<(), FormatError> {
        let member = self.holder.take().filter(|_| as_member).map(|holder| holder.member);
        for held in std::mem::take(&mut self.held) {
            for (attributes, counts) in held.runs {
                pass(self.sink, &mut self.records, (&held.item, &held.data_type), member.as_ref(), attributes, &counts, words)?;
            }
        }
        (self.held_counts, self.held_text) = (0, 0);
        for (key, sum) in std::mem::take(&mut self.held_sums) {
            *self.other_sums.entry(key).or_default() += sum;
        }
        Ok(())
    }

    /// Ends the reply. Gives what is to be noted.
    pub(super) fn finish(&mut self, words: &Numbered) -> Result<Option<String>, FormatError> {
        let Some(holder) = &self.holder else { return Ok(None) };
        if self.many == 1 {
            self.release(false, words)?;
            return Ok(None);
        }
        if self.held_sums == self.other_sums {
            let name = holder.name().to_owned();
            self.held.clear();
            return Ok(Some(format!("the counts of customer '{name}' are the sum of the other customers': they are not counted again")));
        }
        self.release(true, words)?;
        Ok(None)
    }

    /// The only customer, if there is one.
    pub(super) fn only(&self) -> Option<&Customer> {
        (self.many == 1).then_some(&self.first)
    }
}

/// Whether a customer is the consortium itself.
fn is_consortium(customer: &Customer) -> bool {
    let names = [&customer.member.customer_id, &customer.member.name];
    names.iter().any(|name| !name.is_empty() && customer.consortium.iter().any(|other| other.eq_ignore_ascii_case(name)))
}

fn size(item: &Item) -> usize {
    let ids: usize = item.ids.iter().map(|id| id.kind.len() + id.value.len() + 64).sum();
    item.title.len() + item.item.len() + item.database.len() + item.platform.len() + item.publisher.len() + ids + 400
}

fn pass(
    sink: &mut dyn RecordSink,
    records: &mut u64,
    (item, data_type): (&Item, &str),
    member: Option<&Member>,
    attributes: Attributes,
    counts: &[(Month, u64)],
    words: &Numbered,
) -> Result<(), Stopped> {
    let Some(&(month, count)) = counts.first() else { return Ok(()) };
    let like = UsageRecord {
        item,
        member: member.filter(|member| **member != Member::default()),
        addresses: None,
        metric: words.text(attributes.metric),
        month,
        data_type,
        access_method: "Regular",
        access_type: "",
        yop: words.text(attributes.yop),
        count,
    };
    *records += counts.len() as u64;
    sink.months(&like, counts)
}
