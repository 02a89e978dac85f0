//! From counts to statistics: every scope's counts divided, and summed per institution.
//!
//! [`Attributor`] holds a registry and what was worked out of it. A [`Count`] is the sum of a report's facts at the
//! vendor's scope; all counts of one product, report and calendar year together give the [`Statistic`]s of that year.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::addresses::AddressTables;
use super::claimants::{Claimants, addresses, claimants};
use super::division::{Division, Means};
use super::epochs::Epochs;
use super::figures::Sums;
use super::keys::{KeyBook, Sessions, Wanted};
use super::members::MemberList;
use super::month_view::MonthView;
use super::persons::PersonFigures;
use super::rules::Rules;
use super::run::{Part, divide};
use super::webster::DivideError;
use crate::model::registry::{Access, Account, ConsortiumMember, ManualFigure, Registry, SharedTraffic};
use crate::model::{
    AccountId, AddressRange, Addresses, Count, Group, InstitutionId, Month, MonthsKnown, ProductId, Scope, Statistic, Unit,
};

/// What became of the counts of one scope and metric.
#[derive(Debug, Clone)]
pub struct ScopeParts {
    /// The accounts that are one scope; the first one of those that share all their addresses names it.
    pub accounts: Arc<[AccountId]>,
    /// What of them.
    pub scope: Scope,
    /// `Metric_Type`.
    pub metric: String,
    /// Each group with what became of it, and the account whose report was counted.
    pub parts: Vec<(AccountId, Part)>,
    /// Groups that were reported by another account of the same addresses, and not counted.
    pub not_counted: Vec<(AccountId, Group)>,
    /// Groups that are not counted because people have entered figures in their place.
    pub displaced: Vec<(AccountId, Group)>,
}

/// Divides counts by what is registered.
pub struct Attributor<'a> {
    registry: &'a Registry,
    rules: &'a Rules,
    persons: PersonFigures,
    sessions: Sessions<'a>,
    accounts: HashMap<&'a str, &'a Account>,
    manual: HashMap<&'a str, BTreeMap<Month, Vec<&'a ManualFigure>>>,
    tables: AddressTables<'a>,
    members: Arc<MemberList>,
    epochs: Epochs,
    epochs_of_keys: Epochs,
    views: HashMap<Month, Arc<MonthView<'a>>>,
    books: HashMap<Month, Arc<KeyBook<'a>>>,
    years: HashMap<YearKey, Arc<YearDivisions>>,
    replicas: HashMap<(String, Month), Arc<Replicas>>,
}

/// What is divided in a year: the accounts that are one scope, what of them, the product, the year.
type YearKey = (Arc<[AccountId]>, Scope, ProductId, i32);
/// How a scope's use is divided in each month, January first. Months that are divided alike share one.
pub type YearDivisions = [Arc<Division>; 12];
/// The accounts of a source that have the same addresses in a month, by each of them.
type Replicas = HashMap<AccountId, Arc<[AccountId]>>;

/// A scope of an account in a year: with whom it is one scope in each month, and how that is divided.
pub(super) struct ScopeYear {
    accounts: Vec<Arc<[AccountId]>>,
    divisions: Vec<Arc<YearDivisions>>,
}

impl ScopeYear {
    /// The accounts that are one scope in a month, and their division; months count from 0.
    pub fn in_month(&self, place: usize) -> Option<(&Arc<[AccountId]>, &Arc<Division>)> {
        Some((self.accounts.get(place)?, self.divisions.get(place)?.get(place)?))
    }
}

impl<'a> Attributor<'a> {
    /// An attributor of a registry.
    #[must_use]
    pub fn new(registry: &'a Registry, rules: &'a Rules) -> Self {
        let mut manual: HashMap<&str, BTreeMap<Month, Vec<&ManualFigure>>> = HashMap::new();
        for row in &registry.manual {
            manual.entry(row.product.as_str()).or_default().entry(row.month).or_default().push(row);
        }
        Self {
            registry,
            rules,
            persons: PersonFigures::new(registry),
            sessions: Sessions::new(registry),
            accounts: registry.accounts.iter().map(|a| (a.id.as_str(), a)).collect(),
            manual,
            tables: AddressTables::new(registry),
            members: Arc::new(MemberList::new(&registry.members)),
            epochs: Epochs::new(registry),
            epochs_of_keys: Epochs::of_keys(registry),
            views: HashMap::new(),
            books: HashMap::new(),
            years: HashMap::new(),
            replicas: HashMap::new(),
        }
    }

    /// The registry that it works with.
    #[must_use]
    pub fn registry(&self) -> &'a Registry {
        self.registry
    }

    /// Takes lists of members in place of the registry's: what vendors said since it was read.
    pub fn learn_members(&mut self, members: &[ConsortiumMember]) {
        self.members = Arc::new(MemberList::new(members));
        self.views.clear();
        self.years.clear();
    }

    /// The rules that it works by.
    #[must_use]
    pub fn rules(&self) -> &'a Rules {
        self.rules
    }

    /// The registry as it is in a month.
    pub fn view(&mut self, month: Month) -> Arc<MonthView<'a>> {
        let (registry, tables, members) = (self.registry, &mut self.tables, &self.members);
        let view = || Arc::new(MonthView::with(registry, month, tables.of_month(month), members.clone()));
        self.views.entry(month).or_insert_with(view).clone()
    }

    /// The person figures.
    #[must_use]
    pub fn persons(&self) -> &PersonFigures {
        &self.persons
    }

    /// Figures of a product in a month that people have entered.
    pub fn manual(&self, product: &ProductId, month: Month) -> &[&'a ManualFigure] {
        self.manual.get(product.as_str()).and_then(|months| months.get(&month)).map_or(&[], Vec::as_slice)
    }

    /// The accounts that are one scope with `account` in `month`: itself, and where its source replicates shared traffic,
    /// those with the same addresses; in the order of ids.
    pub fn scope_accounts(&mut self, account: &AccountId, scope: &Scope, month: Month) -> Arc<[AccountId]> {
        let alone = || Arc::from([account.clone()]);
        let Some(source) = self.accounts.get(account.as_str()).map(|a| &a.source) else { return alone() };
        if *scope != Scope::Account || self.rules.shared_traffic(source) != SharedTraffic::Replicated {
            return alone();
        }
        let month = self.epochs.first_like(month);
        let key = (source.to_string(), month);
        if !self.replicas.contains_key(&key) {
            let view = self.view(month);
            let mut same: BTreeMap<BTreeSet<AddressRange>, Vec<AccountId>> = BTreeMap::new();
            for account in view.accounts().filter(|a| a.source == *source) {
                let addresses = addresses(&view, account);
                if !addresses.is_empty() && self.rules.access(account) != Access::Login {
                    same.entry(merged(&addresses)).or_default().push(account.id.clone());
                }
            }
            let mut replicas = Replicas::new();
            for mut accounts in same.into_values() {
                accounts.sort_unstable();
                let accounts: Arc<[AccountId]> = accounts.into();
                for account in &*accounts {
                    replicas.insert(account.clone(), accounts.clone());
                }
            }
            self.replicas.insert(key.clone(), Arc::new(replicas));
        }
        self.replicas.get(&key).and_then(|replicas| replicas.get(account)).cloned().unwrap_or_else(alone)
    }

    /// Whether the account's source books shared traffic with each of the accounts that share it.
    #[must_use]
    pub fn is_replicated(&self, account: &AccountId) -> bool {
        self.accounts.get(account.as_str()).is_some_and(|account| self.rules.shared_traffic(&account.source) == SharedTraffic::Replicated)
    }

    /// How a scope's use is divided in each month of a year.
    pub fn divisions(&mut self, accounts: &Arc<[AccountId]>, scope: &Scope, product: &ProductId, year: i32) -> Arc<YearDivisions> {
        let key: YearKey = (accounts.clone(), scope.clone(), product.clone(), year);
        if let Some(divisions) = self.years.get(&key) {
            return divisions.clone();
        }
        let mut last: Option<Arc<Division>> = None;
        let divisions: YearDivisions = std::array::from_fn(|place| {
            let january = Month::from_index(year * 12).unwrap_or_else(|| Month::of(chrono::NaiveDate::MIN));
            let month = january.plus(i32::try_from(place).unwrap_or(0));
            let division = match last.take() {
                Some(before) if self.epochs.first_like(month) != month => before,
                before => {
                    let division = self.division(accounts, scope, product, month);
                    before.filter(|before| **before == division).unwrap_or_else(|| Arc::new(division))
                }
            };
            last = Some(division.clone());
            division
        });
        let divisions = Arc::new(divisions);
        self.years.insert(key, divisions.clone());
        divisions
    }

    /// Whom the use of a scope may belong to in a month; nobody's key is looked at.
    pub(super) fn claimants(&mut self, account: &AccountId, scope: &Scope, product: &ProductId, month: Month) -> Claimants {
        let accounts = self.scope_accounts(account, scope, month);
        let view = self.view(self.epochs.first_like(month));
        claimants(&view, self.rules, &valid_in(&view, &accounts), scope, product)
    }

    fn division(&mut self, accounts: &[AccountId], scope: &Scope, product: &ProductId, month: Month) -> Division {
        let view = self.view(month);
        let registry = self.registry;
        let of_keys = self.epochs_of_keys.first_like(month);
        let book = self.books.entry(of_keys).or_insert_with(|| Arc::new(KeyBook::new(registry, month))).clone();
        let valid = valid_in(&view, accounts);
        let rules = self.rules;
        let mut of_scope = || match scope {
            Scope::Account => {
                let by_address = valid.iter().filter(|account| rules.access(account) != Access::Login);
                by_address.flat_map(|account| addresses(&view, account)).collect()
            }
            Scope::Addresses(Addresses::Range(range)) => vec![*range],
            Scope::Addresses(Addresses::Unclaimed) | Scope::Member(_) => Vec::new(),
        };
        let mut wanted = Wanted { accounts, product, addresses: &mut of_scope };
        let means = Means { view: &view, persons: &self.persons, keys: &book, sessions: &self.sessions };
        Division::new(&means, claimants(&view, rules, &valid, scope, product), &mut wanted)
    }

    pub(super) fn scope_year(&mut self, account: &AccountId, scope: &Scope, product: &ProductId, year: i32) -> ScopeYear {
        let january = year * 12;
        let accounts: Vec<Arc<[AccountId]>> =
            (january..january + 12).filter_map(Month::from_index).map(|month| self.scope_accounts(account, scope, month)).collect();
        let divisions = accounts.iter().map(|accounts| self.divisions(accounts, scope, product, year)).collect();
        ScopeYear { accounts, divisions }
    }

    /// Everybody who may get something of the scope's use in any month of the year; nobody stands for what is unresolved.
    pub fn takers(&mut self, unit: &Unit, account: &AccountId, scope: &Scope) -> BTreeSet<Option<InstitutionId>> {
        let of_year = self.scope_year(account, scope, &unit.product, unit.year);
        let mut takers = BTreeSet::new();
        let mut last: Option<&Arc<Division>> = None;
        for (place, divisions) in of_year.divisions.iter().enumerate() {
            let division = &divisions[place];
            if last.is_some_and(|last| Arc::ptr_eq(last, division)) {
                continue;
            }
            takers.extend(division.claimants.iter().map(|c| Some(c.institution.clone())));
            if division.claimants.is_empty() {
                takers.insert(None);
            }
            last = Some(division);
        }
        takers
    }

    /// Whether people have entered figures in the place of a scope's use in a month: instead of one of its accounts, or for one of
    /// those that it is divided among, who would have it twice.
    pub(super) fn is_displaced(&self, accounts: &[AccountId], division: &Division, product: &ProductId, month: Month) -> bool {
        self.manual(product, month).iter().any(|figure| {
            figure.instead_of.iter().any(|account| accounts.contains(account))
                || division.claimants.iter().any(|claimant| claimant.institution == figure.institution)
        })
    }

    /// Divides the counts of a unit. They must be complete for every scope that is among them.
    ///
    /// # Errors
    /// A run whose total is beyond what can be divided.
    pub fn parts(&mut self, unit: &Unit, counts: &[Count], months: &MonthsKnown) -> Result<Vec<ScopeParts>, DivideError> {
        let mut of_unit: Vec<&Count> = counts.iter().filter(|c| c.group.month.year() == unit.year).collect();
        of_unit.sort_unstable_by(|a, b| (&a.account, &a.scope, &a.metric).cmp(&(&b.account, &b.scope, &b.metric)));
        let mut found: BTreeMap<(Arc<[AccountId]>, Scope, String), Gathered> = BTreeMap::new();
        for of_scope in of_unit.chunk_by(|a, b| a.account == b.account && a.scope == b.scope) {
            let Some(first) = of_scope.first() else { continue };
            let of_year = self.scope_year(&first.account, &first.scope, &unit.product, unit.year);
            for of_metric in of_scope.chunk_by(|a, b| a.metric == b.metric) {
                let mut of_months: [Vec<&Count>; 12] = Default::default();
                for count in of_metric {
                    of_months[count.group.month.number() as usize - 1].push(count);
                }
                for (place, counts) in of_months.iter().enumerate() {
                    let (Some(count), Some(accounts), Some(divisions)) =
                        (counts.first(), of_year.accounts.get(place), of_year.divisions.get(place))
                    else {
                        continue;
                    };
                    let key = (accounts.clone(), count.scope.clone(), count.metric.clone());
                    let gathered = found.entry(key).or_insert_with(|| Gathered::new(divisions.clone()));
                    let side = if self.is_displaced(accounts, &divisions[place], &unit.product, count.group.month) {
                        &mut gathered.displaced
                    } else if accounts.len() == 1 || counted_account(accounts, count.group.month, months) == Some(&count.account) {
                        &mut gathered.counted
                    } else {
                        &mut gathered.not_counted
                    };
                    side.extend(counts.iter().map(|count| (count.account.clone(), count.group.clone())));
                }
            }
        }
        let mut all = Vec::with_capacity(found.len());
        for ((accounts, scope, metric), gathered) in found {
            let whose: HashMap<Month, AccountId> = gathered.counted.iter().map(|(account, group)| (group.month, account.clone())).collect();
            let groups = gathered.counted.into_iter().map(|(_, group)| group).collect();
            let parts = divide(&unit.product, groups, &*gathered.divisions)?;
            let parts = parts.into_iter().filter_map(|part| Some((whose.get(&part.group.month)?.clone(), part))).collect();
            let (not_counted, displaced) = (gathered.not_counted, gathered.displaced);
            all.push(ScopeParts { accounts, scope, metric, parts, not_counted, displaced });
        }
        Ok(all)
    }

    /// The statistics of a unit, in the order of their keys; of `only` these institutions if given.
    ///
    /// # Errors
    /// A run whose total is beyond what can be divided.
    pub fn statistics(
        &mut self,
        unit: &Unit,
        counts: &[Count],
        months: &MonthsKnown,
        only: Option<&BTreeSet<Option<InstitutionId>>>,
    ) -> Result<Vec<Statistic>, DivideError> {
        let parts = self.parts(unit, counts, months)?;
        Ok(self.statistics_of(unit, &parts, months, only))
    }

    /// The statistics of a unit whose counts are divided already.
    #[must_use]
    pub fn statistics_of(
        &self,
        unit: &Unit,
        parts: &[ScopeParts],
        months: &MonthsKnown,
        only: Option<&BTreeSet<Option<InstitutionId>>>,
    ) -> Vec<Statistic> {
        let mut sums = Sums::new(only);
        for scope in parts {
            for (account, part) in &scope.parts {
                if part.group.access_method != "Regular" || part.group.total == 0 {
                    continue;
                }
                let partial = months.get(&(account.clone(), part.group.month)).is_some_and(|m| m.partial);
                sums.add(&scope.metric, account, part, partial);
            }
        }
        for figure in self.manual_of(unit).filter(|figure| figure.value > 0) {
            sums.add_manual(figure);
        }
        sums.statistics(unit)
    }

    /// The figures by hand of a unit.
    pub fn manual_of(&self, unit: &Unit) -> impl Iterator<Item = &'a ManualFigure> {
        let january = unit.year * 12;
        (january..january + 12)
            .filter_map(Month::from_index)
            .flat_map(|month| self.manual(&unit.product, month).iter().copied())
            .filter(|figure| figure.report == unit.report)
    }
}

/// Those of some accounts that are valid in the month: others, or such as are not registered any more, cover nobody.
fn valid_in<'a>(view: &MonthView<'a>, accounts: &[AccountId]) -> Vec<&'a Account> {
    accounts.iter().filter_map(|id| view.account(id)).collect()
}

/// Of replicated reports the one with the largest total counts, of equals that of the first id.
pub(super) fn counted_account<'c>(accounts: &'c [AccountId], month: Month, months: &MonthsKnown) -> Option<&'c AccountId> {
    accounts.iter().max_by_key(|account| {
        let total = months.get(&((*account).clone(), month)).map_or(0, |m| m.total);
        (total, std::cmp::Reverse((*account).clone()))
    })
}

/// The same addresses, however they are cut into ranges.
pub(super) fn merged(ranges: &BTreeSet<AddressRange>) -> BTreeSet<AddressRange> {
    let mut merged: Vec<AddressRange> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if last.overlaps(*range) || crate::model::address::successor(last.last()) == Some(range.first()) => {
                let end = last.last().max(range.last());
                *last = AddressRange::new(last.first(), end).unwrap_or(*last);
            }
            _ => merged.push(*range),
        }
    }
    merged.into_iter().collect()
}

/// The counts of one scope and metric as they come together.
struct Gathered {
    divisions: Arc<YearDivisions>,
    counted: Vec<(AccountId, Group)>,
    not_counted: Vec<(AccountId, Group)>,
    displaced: Vec<(AccountId, Group)>,
}

impl Gathered {
    fn new(divisions: Arc<YearDivisions>) -> Self {
        Self { divisions, counted: Vec::new(), not_counted: Vec::new(), displaced: Vec::new() }
    }
}
