//! From counts to statistics: every scope's counts divided, and summed per institution.
//!
//! [`Attributor`] holds a registry and what was worked out of it. A [`Count`] is the sum of a report's facts at the
//! vendor's scope; all counts of one product, report and calendar year together give the [`Statistic`]s of that year.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;

use super::claimants::{addresses, claimants};
use super::division::{Division, Mark};
use super::month_view::MonthView;
use super::persons::PersonFigures;
use super::rules::Rules;
use super::run::{Part, divide};
use super::webster::DivideError;
use crate::model::registry::{Account, Registry, SharedTraffic};
use crate::model::statistic::{Basis, StatisticKey};
use crate::model::{AccountId, AddressRange, Count, Group, InstitutionId, Month, MonthsKnown, ProductId, Quality, Scope, Statistic, Unit};

/// What became of the counts of one scope and metric.
#[derive(Debug, Clone)]
pub struct ScopeParts {
    /// The accounts that are one scope; the first one of those that share all their addresses names it.
    pub accounts: Vec<AccountId>,
    /// What of them.
    pub scope: Scope,
    /// `Metric_Type`.
    pub metric: String,
    /// Each group with what became of it, and the account whose report was counted.
    pub parts: Vec<(AccountId, Part)>,
    /// Groups that were reported by another account of the same addresses, and not counted.
    pub not_counted: Vec<(AccountId, Group)>,
}

/// Divides counts by what is registered.
pub struct Attributor<'a> {
    registry: &'a Registry,
    rules: &'a Rules,
    persons: PersonFigures,
    accounts: HashMap<&'a str, &'a Account>,
    views: HashMap<Month, Arc<MonthView<'a>>>,
    divisions: HashMap<(Vec<AccountId>, Scope, ProductId, Month), Arc<Division>>,
    replicas: HashMap<(String, Month), Arc<Replicas>>,
}

/// The accounts of a source that have the same addresses in a month, by each of them.
type Replicas = HashMap<AccountId, Vec<AccountId>>;

impl<'a> Attributor<'a> {
    /// An attributor of a registry.
    #[must_use]
    pub fn new(registry: &'a Registry, rules: &'a Rules) -> Self {
        Self {
            registry,
            rules,
            persons: PersonFigures::new(registry),
            accounts: registry.accounts.iter().map(|a| (a.id.as_str(), a)).collect(),
            views: HashMap::new(),
            divisions: HashMap::new(),
            replicas: HashMap::new(),
        }
    }

    /// The registry as it is in a month.
    pub fn view(&mut self, month: Month) -> Arc<MonthView<'a>> {
        let registry = self.registry;
        self.views.entry(month).or_insert_with(|| Arc::new(MonthView::new(registry, month))).clone()
    }

    /// The person figures.
    #[must_use]
    pub fn persons(&self) -> &PersonFigures {
        &self.persons
    }

    /// The accounts that are one scope with `account` in `month`: itself, and where its source replicates shared traffic,
    /// those with the same addresses; in the order of ids.
    fn scope_accounts(&mut self, account: &AccountId, scope: &Scope, month: Month) -> Vec<AccountId> {
        let alone = || vec![account.clone()];
        let Some(source) = self.accounts.get(account.as_str()).map(|a| &a.source) else { return alone() };
        if *scope != Scope::Account || self.rules.shared_traffic(source) != SharedTraffic::Replicated {
            return alone();
        }
        let key = (source.to_string(), month);
        if !self.replicas.contains_key(&key) {
            let view = self.view(month);
            let mut same: BTreeMap<BTreeSet<AddressRange>, Vec<AccountId>> = BTreeMap::new();
            for account in view.accounts().filter(|a| a.source == *source) {
                let addresses = addresses(&view, account);
                if !addresses.is_empty() && self.rules.access(account) != crate::model::registry::Access::Login {
                    same.entry(addresses).or_default().push(account.id.clone());
                }
            }
            let mut replicas = Replicas::new();
            for mut accounts in same.into_values() {
                accounts.sort_unstable();
                for account in &accounts {
                    replicas.insert(account.clone(), accounts.clone());
                }
            }
            self.replicas.insert(key.clone(), Arc::new(replicas));
        }
        self.replicas.get(&key).and_then(|replicas| replicas.get(account)).cloned().unwrap_or_else(alone)
    }

    /// How a scope's use is divided in a month.
    pub fn division(&mut self, accounts: &[AccountId], scope: &Scope, product: &ProductId, month: Month) -> Arc<Division> {
        let key = (accounts.to_vec(), scope.clone(), product.clone(), month);
        if let Some(division) = self.divisions.get(&key) {
            return division.clone();
        }
        let view = self.view(month);
        // An account that is not valid in the month, or not registered any more, covers nobody.
        let valid: Vec<&Account> = accounts.iter().filter_map(|id| view.account(id)).collect();
        let division = Arc::new(Division::new(&view, &self.persons, claimants(&view, self.rules, &valid, scope, product)));
        self.divisions.insert(key, division.clone());
        division
    }

    /// Everybody who may get something of the scope's use in any month of the year; nobody stands for what is unresolved.
    pub fn takers(&mut self, unit: &Unit, account: &AccountId, scope: &Scope) -> BTreeSet<Option<InstitutionId>> {
        let mut takers = BTreeSet::new();
        for month in (1..=12).filter_map(|m| Month::new(unit.year, m)) {
            let accounts = self.scope_accounts(account, scope, month);
            let division = self.division(&accounts, scope, &unit.product, month);
            takers.extend(division.claimants.iter().map(|c| Some(c.institution.clone())));
            if division.claimants.is_empty() {
                takers.insert(None);
            }
        }
        takers
    }

    /// Divides the counts of a unit. They must be complete for every scope that is among them.
    ///
    /// # Errors
    /// A run whose total is beyond what can be divided.
    pub fn parts(&mut self, unit: &Unit, counts: &[Count], months: &MonthsKnown) -> Result<Vec<ScopeParts>, DivideError> {
        type Counted = Vec<(AccountId, Group)>;
        let mut scopes: BTreeMap<(Vec<AccountId>, Scope, String), (Counted, Counted)> = BTreeMap::new();
        for count in counts.iter().filter(|c| c.group.month.year() == unit.year) {
            let month = count.group.month;
            let accounts = self.scope_accounts(&count.account, &count.scope, month);
            let weight = |account: &AccountId| {
                let total = months.get(&(account.clone(), month)).map_or(0, |m| m.total);
                (total, std::cmp::Reverse(account.clone()))
            };
            // Of replicated reports the one with the largest total counts, of equals that of the first id.
            let counted = accounts.len() == 1 || accounts.iter().max_by_key(|a| weight(a)) == Some(&count.account);
            let entry = scopes.entry((accounts, count.scope.clone(), count.metric.clone())).or_default();
            let side = if counted { &mut entry.0 } else { &mut entry.1 };
            side.push((count.account.clone(), count.group.clone()));
        }
        let mut all = Vec::with_capacity(scopes.len());
        for ((accounts, scope, metric), (counted, not_counted)) in scopes {
            let last = counted.iter().map(|(_, group)| group.month.number()).max().unwrap_or(0);
            let divisions: Vec<Arc<Division>> = (1..=last)
                .filter_map(|m| Month::new(unit.year, m))
                .map(|month| self.division(&accounts, &scope, &unit.product, month))
                .collect();
            let whose: HashMap<Month, AccountId> = counted.iter().map(|(account, group)| (group.month, account.clone())).collect();
            let groups = counted.into_iter().map(|(_, group)| group).collect();
            let parts = divide(&unit.product, groups, &divisions)?;
            let parts = parts.into_iter().filter_map(|part| Some((whose.get(&part.group.month)?.clone(), part))).collect();
            all.push(ScopeParts { accounts, scope, metric, parts, not_counted });
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
        let mut sums: BTreeMap<StatisticKey, Sum> = BTreeMap::new();
        for scope in self.parts(unit, counts, months)? {
            for (account, part) in &scope.parts {
                if part.group.access_method != "Regular" || part.group.total == 0 {
                    continue;
                }
                let partial = months.get(&(account.clone(), part.group.month)).is_some_and(|m| m.partial);
                for share in shares(part) {
                    if only.is_some_and(|only| !only.contains(&share.institution)) {
                        continue;
                    }
                    let key = StatisticKey {
                        product: unit.product.clone(),
                        report: unit.report.clone(),
                        month: part.group.month,
                        institution: share.institution,
                        metric: scope.metric.clone(),
                        data_type: part.group.data_type.clone(),
                    };
                    sums.entry(key).or_default().add(account, &part.division, share.value, share.exact, partial);
                }
            }
        }
        Ok(sums.into_iter().map(|(key, sum)| sum.statistic(key)).collect())
    }
}

/// One institution's share of a part, above zero.
#[derive(Debug, Clone)]
pub struct Share {
    /// Whose; nobody for what is unresolved.
    pub institution: Option<InstitutionId>,
    /// The whole number.
    pub value: u64,
    /// n × weight / total weight.
    pub exact: BigRational,
}

/// The shares of a part whose exact share is above zero.
#[must_use]
pub fn shares(part: &Part) -> Vec<Share> {
    let n = BigInt::from(part.group.total);
    if part.division.claimants.is_empty() {
        return vec![Share { institution: None, value: part.group.total, exact: BigRational::from_integer(n) }];
    }
    let total: u64 = part.division.claimants.iter().map(|c| c.weight).sum();
    let with_weight = part.division.claimants.iter().zip(&part.values).filter(|(claimant, _)| claimant.weight > 0);
    with_weight
        .map(|(claimant, value)| Share {
            institution: Some(claimant.institution.clone()),
            value: *value,
            exact: BigRational::new(&n * claimant.weight, BigInt::from(total)),
        })
        .collect()
}

/// A figure as its parts come together.
struct Sum {
    value: u64,
    exact: BigRational,
    quality: Quality,
    keys: BTreeSet<&'static str>,
    claimants: BTreeSet<InstitutionId>,
    accounts: BTreeSet<AccountId>,
    marks: BTreeSet<Mark>,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            value: 0,
            exact: BigRational::zero(),
            quality: Quality::Exact,
            keys: BTreeSet::new(),
            claimants: BTreeSet::new(),
            accounts: BTreeSet::new(),
            marks: BTreeSet::new(),
        }
    }
}

impl Sum {
    fn add(&mut self, account: &AccountId, division: &Division, value: u64, exact: BigRational, partial: bool) {
        self.value = self.value.saturating_add(value);
        self.exact += exact;
        self.quality = self.quality.max(division.quality);
        self.keys.extend(Some(division.method.as_str()).filter(|method| !method.is_empty()));
        self.claimants.extend(division.claimants.iter().map(|c| c.institution.clone()));
        self.accounts.insert(account.clone());
        self.marks.extend(&division.marks);
        if partial {
            self.marks.insert(Mark::Partial);
        }
    }

    fn statistic(self, key: StatisticKey) -> Statistic {
        let basis = Basis {
            quality: self.quality,
            keys: self.keys.into_iter().map(str::to_owned).collect(),
            claimants: self.claimants.into_iter().collect(),
            accounts: self.accounts.into_iter().collect(),
            notes: self.marks.into_iter().map(|mark| mark.as_str().to_owned()).collect(),
        };
        Statistic { key, value: self.value, exact: self.exact, basis }
    }
}
