//! Sums of the books by what a report shows: the rows of a report, and the truth for tests.
//!
//! [`Tally`] has all that a report depends on; [`Tally::add`] puts one title's use into [`Rows`].

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::model::{Month, Release};

use super::ask::Ask;
use super::books::{Books, Cell, Counts, Customer, Metric};
use super::plan::VendorPlan;
use super::view::Master;

/// By what a row is told apart from the others of one item; what is not shown is empty or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// The member's place in the account's list.
    pub member: Option<usize>,
    pub data_type: &'static str,
    pub yop: u16,
    pub access_type: &'static str,
    pub access_method: &'static str,
}

/// The rows of one item: counts for each month asked for.
pub(super) type Rows = BTreeMap<Key, Vec<Counts>>;

/// One report of one account.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub plan: Arc<VendorPlan>,
    pub books: Arc<Books>,
    pub ask: Ask,
    /// The day as of which old months are restated; never, if none.
    pub restated_on: Option<NaiveDate>,
}

impl Tally {
    /// Whether the figures of `month` have been corrected by now.
    fn is_restated(&self, month: Month) -> bool {
        self.restated_on.is_some_and(|today| Month::of(today) >= month.plus(2))
    }

    /// The months of the report.
    pub(super) fn months(&self) -> impl DoubleEndedIterator<Item = Month> + use<> {
        self.ask.months.iter()
    }

    /// Whose use the report counts: the account itself, or its members.
    fn people(&self) -> Vec<(Option<usize>, Customer)> {
        let Some(account) = self.plan.accounts.get(self.ask.account) else { return Vec::new() };
        if account.members.is_empty() {
            return vec![(None, self.books.customer(&account.customer_id, account.size))];
        }
        let member = |(place, member): (usize, &super::plan::MemberPlan)| {
            (self.ask.shown.members.then_some(place), self.books.customer(&member.customer_id, member.size))
        };
        account.members.iter().enumerate().map(member).collect()
    }

    /// The platforms, at least one.
    pub(super) fn platforms(&self) -> Vec<&str> {
        if self.plan.platforms.is_empty() {
            vec![self.plan.name.as_str()]
        } else {
            self.plan.platforms.iter().map(String::as_str).collect()
        }
    }

    /// The platform of title number `title`, as its place.
    pub(super) fn platform_of(&self, title: usize) -> usize {
        title % self.plan.platforms.len().max(1)
    }

    /// The database of title number `title`: two on each platform.
    pub(super) fn database_of(&self, title: usize) -> usize {
        title % (2 * self.plan.platforms.len().max(1))
    }

    /// Whether the report has anything from the platform of `title` and lists titles of its kind.
    pub(super) fn wants(&self, title: usize) -> bool {
        let platform = self.plan.platforms.get(self.platform_of(title)).unwrap_or(&self.plan.name);
        self.ask.platform.as_ref().is_none_or(|wanted| wanted == platform)
            && (self.ask.view.master != Master::Title || self.books.kind(title).is_title)
    }

    /// Number of items that an item report has for `title`.
    pub(super) fn items_of(&self, title: usize) -> usize {
        if self.books.kind(title).is_title { 2 } else { 1 }
    }

    /// Adds the use of `title`, or of `item` of it, to `rows`.
    pub(super) fn add(&self, rows: &mut Rows, title: usize, item: Option<usize>) {
        let kind = self.books.kind(title);
        let own = if self.ask.view.master == Master::Item { kind.item_type } else { kind.data_type };
        let of_whole = match (self.ask.view.master, self.plan.release) {
            (Master::Platform, _) => Some("Platform"),
            (Master::Database, Release::R4 | Release::R5) => Some("Database"),
            (Master::Database, Release::R51) => Some("Database_Full"),
            _ => None,
        };
        let months: Vec<Month> = self.months().collect();
        for (member, customer) in self.people() {
            for (place, month) in months.iter().enumerate() {
                for mut cell in self.books.cells(customer, title, *month, self.is_restated(*month)) {
                    if let Some(item) = item {
                        cell.counts = cell.counts.part(item, self.items_of(title));
                    }
                    for data_type in [Some(own), of_whole].into_iter().flatten() {
                        if let Some(key) = self.key(member, data_type, &cell) {
                            let row = rows.entry(key).or_insert_with(|| vec![Counts::default(); months.len()]);
                            if let Some(counts) = row.get_mut(place) {
                                counts.add(&cell.counts);
                            }
                        }
                    }
                }
            }
        }
    }

    /// The row into which a cell falls, if the view and the filters let it through.
    fn key(&self, member: Option<usize>, data_type: &'static str, cell: &Cell) -> Option<Key> {
        let ask = &self.ask;
        let passes = |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|one| one == value);
        let whole = matches!(data_type, "Platform" | "Database" | "Database_Full");
        let wanted = (whole || ask.view.data_types.is_empty() || ask.view.data_types.contains(&data_type))
            && (!ask.view.controlled_only || cell.access_type == "Controlled")
            && (!ask.view.regular_only || cell.access_method == "Regular")
            && passes(&ask.data_types, data_type)
            && passes(&ask.access_types, cell.access_type)
            && passes(&ask.access_methods, cell.access_method);
        wanted.then_some(Key {
            member,
            data_type,
            yop: if ask.shown.yop { cell.yop } else { 0 },
            access_type: if ask.shown.access_type { cell.access_type } else { "" },
            access_method: if ask.shown.access_method { cell.access_method } else { "" },
        })
    }

    /// The metrics that the report has for a data type, as filtered.
    pub(super) fn metrics(&self, data_type: &str) -> impl Iterator<Item = Metric> {
        let wanted = |metric: &Metric| self.ask.metrics.is_empty() || self.ask.metrics.iter().any(|name| name == metric.as_str());
        self.ask.view.metrics.iter().copied().filter(move |metric| self.ask.view.counts(*metric, data_type) && wanted(metric))
    }
}
