//! Whom the use of a scope may belong to in a month (ATTRIBUTION section 2).

use std::collections::{BTreeMap, BTreeSet};

use super::month_view::MonthView;
use super::rules::Rules;
use crate::model::registry::{Access, Account, Covers};
use crate::model::{AddressRange, Addresses, InstitutionId, Member, ProductId, Quality, Scope};

/// Why somebody is a claimant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// The account covers it.
    Covered,
    /// It claims these of the account's addresses.
    Claims(Vec<AddressRange>),
    /// It is the member institution that the vendor named.
    Member(String),
    /// The account covers every subscriber.
    Subscriber,
    /// The account covers everybody, and the product is open to everyone.
    OpenToAll,
}

/// The claimants of a scope, who was dropped, and how strong a figure they allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimants {
    /// Who may have used it, in the order of ids.
    pub all: BTreeMap<InstitutionId, Because>,
    /// Who was dropped for having no subscription.
    pub dropped: BTreeMap<InstitutionId, Because>,
    /// Nobody subscribes, so nobody was dropped.
    pub no_subscriber: bool,
    /// The quality of a figure when nothing needs a key; `None` where one must be divided.
    pub undivided: Option<Quality>,
    /// The account covers every subscriber.
    pub estimate: bool,
}

/// The claimants of `scope` on these `accounts` (several only where they share one set of addresses) for `product`.
#[must_use]
pub fn claimants(view: &MonthView<'_>, rules: &Rules, accounts: &[&Account], scope: &Scope, product: &ProductId) -> Claimants {
    let mut found = Found { all: BTreeMap::new(), addresses_known: true, estimate: false };
    match scope {
        Scope::Member(member) => {
            for account in accounts {
                found.member(view, account, member);
            }
        }
        // Rule 3: who claims them, whatever the account covers.
        Scope::Addresses(Addresses::Range(range)) => found.claim(view, *range),
        Scope::Addresses(Addresses::Unclaimed) => {}
        Scope::Account => {
            for account in accounts {
                found.account(view, rules, account, product);
            }
        }
    }
    let Found { mut all, addresses_known, estimate } = found;
    let before = all.len();
    let mut dropped = BTreeMap::new();
    let mut no_subscriber = false;
    if rules.subscribers_only && view.is_restricted(product) && !all.is_empty() {
        let subscribes = |id: &InstitutionId| view.subscribers(product).is_some_and(|subscribers| subscribers.contains(id));
        no_subscriber = !all.keys().any(subscribes);
        if !no_subscriber {
            dropped = all.extract_if(.., |id, _| !subscribes(id)).collect();
        }
    }
    let undivided = match all.len() {
        0 => Some(Quality::Unresolved),
        _ if estimate => Some(Quality::Estimate),
        1 if before > 1 || !addresses_known => Some(Quality::Assumed),
        1 => Some(Quality::Exact),
        _ => None,
    };
    Claimants { all, dropped, no_subscriber, undivided, estimate }
}

/// Whether a member that a report of the account names is an institution that is known in the month.
#[must_use]
pub fn is_somebody(view: &MonthView<'_>, account: &Account, member: &Member) -> bool {
    let mut found = Found { all: BTreeMap::new(), addresses_known: true, estimate: false };
    found.member(view, account, member);
    !found.all.is_empty()
}

struct Found {
    all: BTreeMap<InstitutionId, Because>,
    addresses_known: bool,
    estimate: bool,
}

impl Found {
    fn add(&mut self, id: &InstitutionId, because: Because) {
        match (self.all.get_mut(id), because) {
            (Some(Because::Claims(known)), Because::Claims(more)) => {
                known.extend(more);
                known.sort_unstable();
                known.dedup();
            }
            (Some(_), _) => {}
            (None, because) => {
                self.all.insert(id.clone(), because);
            }
        }
    }

    /// Rule 1: everybody whose claims count at some address of the range.
    fn claim(&mut self, view: &MonthView<'_>, range: AddressRange) {
        for claim in view.addresses().of_range(range) {
            self.add(&claim.institution, Because::Claims(vec![claim.range]));
        }
    }

    /// Rule 2: the institution of the account with that customer id, else the one with that ISIL, else nobody. What the report leaves out
    /// of the two, the source's list of members says.
    fn member(&mut self, view: &MonthView<'_>, account: &Account, member: &Member) {
        let member = &*view.members().completed(&account.source, member);
        let customer = (!member.customer_id.is_empty()).then_some(member.customer_id.as_str());
        if let Some(customer) = customer {
            // The consortium's own account is no member of itself.
            let theirs = view.account_of_customer(&account.source, customer).filter(|theirs| theirs.id != account.id);
            if let Some(Covers::These { institutions, .. }) = theirs.map(|theirs| &theirs.covers) {
                for id in institutions.iter().filter(|id| view.institution(id.as_str()).is_some()) {
                    self.add(id, Because::Member(customer.to_owned()));
                }
            }
        }
        if self.all.is_empty() {
            let by_isil = [member.isil.as_str(), &member.customer_id].into_iter().find_map(|isil| view.institution_by_isil(isil));
            if let Some(institution) = by_isil {
                self.add(&institution.id, Because::Member(institution.isil.clone()));
            }
        }
    }

    /// Rules 4 and 5.
    fn account(&mut self, view: &MonthView<'_>, rules: &Rules, account: &Account, product: &ProductId) {
        match &account.covers {
            Covers::Subscribers => {
                self.estimate = true;
                if view.is_restricted(product) {
                    for id in view.subscribers(product).into_iter().flatten() {
                        self.add(id, Because::Subscriber);
                    }
                } else {
                    for id in view.institutions() {
                        self.add(id, Because::OpenToAll);
                    }
                }
            }
            Covers::These { institutions, .. } => {
                for id in institutions.iter().filter(|id| view.institution(id.as_str()).is_some()) {
                    self.add(id, Because::Covered);
                }
                if rules.access(account) == Access::Login {
                    return;
                }
                let addresses = addresses(view, account);
                self.addresses_known &= !addresses.is_empty();
                for range in addresses {
                    self.claim(view, range);
                }
            }
        }
    }
}

/// An account's addresses in the month: the ranges given, and all claims of the covered institutions.
#[must_use]
pub fn addresses(view: &MonthView<'_>, account: &Account) -> BTreeSet<AddressRange> {
    match &account.covers {
        Covers::Subscribers => BTreeSet::new(),
        Covers::These { institutions, ranges } => {
            let claimed = institutions.iter().flat_map(|id| view.addresses().claims_of(id)).map(|claim| claim.range);
            claimed.chain(ranges.iter().copied()).collect()
        }
    }
}
