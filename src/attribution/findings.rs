//! What attribution cannot put right and people can: keys that leave somebody out, missing person figures, reports of the same
//! traffic that contradict each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::attributor::Attributor;
use super::claimants::addresses;
use super::division::Mark;
use crate::model::registry::{Access, SharedTraffic};
use crate::model::{AccountId, AddressRange, InstitutionId, Month, ProductId, ReportId, Scope, SourceId, Unit};

/// Something to be put right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// `key_leaves_out`, `no_persons`, `traffic_conflict`, `addresses_overlap` or `by_hand`.
    pub kind: &'static str,
    /// The accounts concerned.
    pub accounts: Vec<AccountId>,
    /// The product, where it is about one.
    pub product: Option<ProductId>,
    /// The first month.
    pub from: Month,
    /// The last month of an unbroken sequence.
    pub to: Month,
    /// What it is, and what to do.
    pub what: String,
}

/// The months that were harvested of each report of each account, with the sum that the vendor reported.
pub type Harvested = BTreeMap<(AccountId, ReportId), BTreeMap<Month, u64>>;

/// Everything that can be found. `scopes` are the accounts and scopes that have usage, by unit.
pub fn findings(attributor: &mut Attributor<'_>, scopes: &BTreeMap<Unit, Vec<(AccountId, Scope)>>, harvested: &Harvested) -> Vec<Finding> {
    let mut found = Found::default();
    let mut of_account: BTreeMap<&AccountId, BTreeSet<Month>> = BTreeMap::new();
    for ((account, _), months) in harvested {
        of_account.entry(account).or_default().extend(months.keys().copied());
    }
    // Reports of one product are divided alike.
    let of_products: BTreeSet<(&ProductId, i32, &AccountId, &Scope)> =
        scopes.iter().flat_map(|(unit, scopes)| scopes.iter().map(|(account, scope)| (&unit.product, unit.year, account, scope))).collect();
    for (product, year, account, scope) in of_products {
        for month in of_account.get(account).into_iter().flatten().filter(|month| month.year() == year) {
            divided(attributor, &mut found, product, account, scope, *month);
        }
    }
    replicated(attributor, &mut found, harvested, &of_account);
    found.into_findings()
}

fn divided(attributor: &mut Attributor<'_>, found: &mut Found, product: &ProductId, account: &AccountId, scope: &Scope, month: Month) {
    let accounts = attributor.scope_accounts(account, scope, month);
    let divisions = attributor.divisions(&accounts, scope, product, month.year());
    let Some(division) = divisions.get(month.number() as usize - 1) else { return };
    // Where another key divides, nothing is amiss.
    for (key, missing) in division.left_out.iter().filter(|_| division.key.is_none()) {
        let what = format!(
            "key {key} would divide this, but it leaves out {}; propose a key with everybody in it, or correct whose addresses these are",
            list(missing)
        );
        found.add("key_leaves_out", vec![account.clone()], Some(product.clone()), month, what);
    }
    if division.marks.contains(&Mark::NoPersons) {
        let claimants: Vec<InstitutionId> = division.claimants.iter().map(|claimant| claimant.institution.clone()).collect();
        let what = format!(
            "a library among {} has no person figure, so all get the same; `avling check` names it, import persons for it",
            list(&claimants)
        );
        found.add("no_persons", vec![account.clone()], Some(product.clone()), month, what);
    }
    if attributor.is_displaced(&accounts, division, product, month) {
        let what = "its use is kept but not counted, because figures by hand stand in its place".to_owned();
        found.add("by_hand", vec![account.clone()], Some(product.clone()), month, what);
    }
}

/// Accounts of sources that report shared traffic on each of them.
fn replicated(
    attributor: &mut Attributor<'_>,
    found: &mut Found,
    harvested: &Harvested,
    of_account: &BTreeMap<&AccountId, BTreeSet<Month>>,
) {
    let registry = attributor.registry();
    let sources: BTreeSet<&SourceId> = registry
        .accounts
        .iter()
        .map(|a| &a.source)
        .filter(|source| attributor.rules().shared_traffic(source) == SharedTraffic::Replicated)
        .collect();
    let accounts: Vec<_> = registry.accounts.iter().filter(|a| sources.contains(&a.source)).collect();
    for ((account, report), months) in harvested.iter().filter(|((account, _), _)| accounts.iter().any(|a| a.id == *account)) {
        for (month, total) in months {
            let same = attributor.scope_accounts(account, &Scope::Account, *month);
            for other in same.iter().filter(|other| *other > account) {
                let theirs = harvested.get(&(other.clone(), report.clone())).and_then(|months| months.get(month));
                if let Some(theirs) = theirs.filter(|theirs| *theirs != total) {
                    let what = format!(
                        "both report all traffic of the same addresses, but {report} has {total} on {account} and {theirs} on {other}; the larger counts, ask the vendor which is right"
                    );
                    found.add("traffic_conflict", vec![account.clone(), other.clone()], None, *month, what);
                }
            }
        }
    }
    let months: BTreeSet<Month> = accounts.iter().filter_map(|a| of_account.get(&a.id)).flatten().copied().collect();
    for month in months {
        let view = attributor.view(month);
        let rules = attributor.rules();
        let sets: Vec<(&AccountId, &SourceId, BTreeSet<AddressRange>)> = view
            .accounts()
            .filter(|a| sources.contains(&a.source) && rules.access(a) != Access::Login)
            .map(|a| (&a.id, &a.source, super::attributor::merged(&addresses(&view, a))))
            .collect();
        for (place, (one, source, mine)) in sets.iter().enumerate() {
            for (other, of_source, theirs) in &sets[place + 1..] {
                let overlap = mine.iter().any(|a| theirs.iter().any(|b| a.overlaps(*b)));
                if source == of_source && mine != theirs && overlap {
                    let mut both = vec![(*one).clone(), (*other).clone()];
                    both.sort_unstable();
                    let what = "their addresses overlap in part, so some traffic is reported and counted twice; give both the same addresses, or addresses apart".to_owned();
                    found.add("addresses_overlap", both, None, month, what);
                }
            }
        }
    }
}

fn list(institutions: &[InstitutionId]) -> String {
    let first: Vec<&str> = institutions.iter().take(5).map(InstitutionId::as_str).collect();
    let more = if institutions.len() > 5 { format!(" and {} more", institutions.len() - 5) } else { String::new() };
    format!("{}{more}", first.join(", "))
}

/// What is found, by what it is, with its months.
#[derive(Default)]
struct Found(BTreeMap<(&'static str, Vec<AccountId>, Option<ProductId>, String), BTreeSet<Month>>);

impl Found {
    fn add(&mut self, kind: &'static str, accounts: Vec<AccountId>, product: Option<ProductId>, month: Month, what: String) {
        self.0.entry((kind, accounts, product, what)).or_default().insert(month);
    }

    fn into_findings(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for ((kind, accounts, product, what), months) in self.0 {
            let mut last: Option<Month> = None;
            for month in months {
                match findings.last_mut() {
                    Some(finding) if last == Some(month.previous()) => finding.to = month,
                    _ => findings.push(Finding {
                        kind,
                        accounts: accounts.clone(),
                        product: product.clone(),
                        from: month,
                        to: month,
                        what: what.clone(),
                    }),
                }
                last = Some(month);
            }
        }
        findings
    }
}
