//! What vendors let in, beside what is claimed: addresses that nobody claims, subscribers that are left outside, and bodies
//! that are inside and do not pay.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::set::AddressSet;
use super::{Audit, Detail, Finding, Severity};
use crate::model::registry::{Access, Account, Claim, Covers, InstitutionKind};
use crate::model::{AccountId, AddressRange, InstitutionId, ProductId};

/// What an account lets in by address.
struct Door<'a> {
    account: &'a Account,
    /// Institutions that it covers and that exist.
    covered: Vec<&'a InstitutionId>,
    /// The ranges given, and all claims of those covered.
    addresses: AddressSet,
}

/// How a product is got into.
#[derive(Default)]
struct Entrance<'d> {
    /// By address, through these.
    doors: Vec<&'d Door<'d>>,
    /// Some account covers every subscriber.
    everybody: bool,
    /// Covered by name.
    covered: HashSet<&'d InstitutionId>,
    /// Some account lets users in by address.
    by_address: bool,
}

/// All claims of an institution.
type Claims<'a> = HashMap<&'a InstitutionId, Vec<AddressRange>>;

impl<'a> Audit<'a> {
    /// Addresses in accounts' `covers` that nobody claims, an account a finding.
    #[must_use]
    pub fn exposed(&self) -> Vec<Finding> {
        let claimed: AddressSet = self.view.addresses().claims().iter().map(|claim| claim.range).collect();
        let mut found = Vec::new();
        for account in self.accounts() {
            let Covers::These { institutions, ranges } = &account.covers else { continue };
            if self.rules.access(account) == Access::Login {
                continue;
            }
            let given: AddressSet = ranges.iter().copied().collect();
            let nobodys = given.without(&claimed);
            if nobodys.is_empty() {
                continue;
            }
            // Those who can tell: the account's own institutions, else those who use its other addresses.
            let mut who: BTreeSet<&InstitutionId> = institutions.iter().filter(|id| self.view.institution(id.as_str()).is_some()).collect();
            if who.is_empty() {
                who.extend(ranges.iter().flat_map(|range| self.view.addresses().of_range(*range)).map(|claim| &claim.institution));
            }
            let mut finding = self.finding(Severity::Serious, Detail::Exposed, who.into_iter().cloned().collect(), nobodys);
            finding.accounts.insert(account.id.clone());
            finding.products.extend(self.products.get(&account.source).into_iter().flatten().cloned());
            found.push(finding);
        }
        found
    }

    /// Subscribers to products that are got into by address, some of whose addresses no account of the product has.
    ///
    /// An account that covers the institution by name, or `*`, has all of its addresses.
    #[must_use]
    pub fn locked_out(&self) -> Vec<Finding> {
        let claims = self.claims();
        let doors = self.doors(&claims);
        let mut found = Vec::new();
        for (product, entrance) in self.entrances(&doors) {
            if entrance.everybody || !entrance.by_address {
                continue;
            }
            let let_in: AddressSet = entrance.doors.iter().flat_map(|door| door.addresses.ranges()).copied().collect();
            for subscriber in self.view.subscribers(product).into_iter().flatten().filter(|id| !entrance.covered.contains(**id)) {
                let claimed: AddressSet = claims.get(*subscriber).into_iter().flatten().copied().collect();
                let outside = claimed.without(&let_in);
                if outside.is_empty() {
                    continue;
                }
                let severity = if outside == claimed { Severity::Serious } else { Severity::Warning };
                let detail = Detail::LockedOut { claimed: claimed.count() };
                let mut finding = self.finding(severity, detail, vec![(*subscriber).clone()], outside);
                finding.products.insert(product.clone());
                // Those that have the rest of its addresses: the likely place for these.
                let near = entrance.doors.iter().filter(|door| claimed.meets(&door.addresses));
                finding.accounts.extend(near.map(|door| door.account.id.clone()));
                found.push(finding);
            }
        }
        found.sort_by(|a, b| (a.severity, &a.institutions, &a.products).cmp(&(b.severity, &b.institutions, &b.products)));
        found
    }

    /// Other bodies on addresses of an account of a product that others pay for and they do not.
    #[must_use]
    pub fn unpaid(&self) -> Vec<Finding> {
        #[derive(Default)]
        struct Inside<'i> {
            ranges: Vec<AddressRange>,
            accounts: BTreeSet<&'i AccountId>,
            /// Subscribers on the same addresses.
            beside: BTreeSet<&'i InstitutionId>,
        }
        let claims = self.claims();
        let doors = self.doors(&claims);
        let table: Vec<(AddressRange, Vec<&Claim>)> =
            self.view.addresses().intervals().map(|(range, claims)| (range, claims.collect())).collect();
        let is_other_body = |id: &InstitutionId| self.view.institution(id.as_str()).is_some_and(|i| i.kind == InstitutionKind::OtherBody);
        // Only where there is such a body at all.
        let bodies: Vec<(AddressRange, Vec<&InstitutionId>, Vec<&InstitutionId>)> = table
            .into_iter()
            .filter_map(|(range, claims)| {
                let who: BTreeSet<&InstitutionId> = claims.into_iter().map(|claim| &claim.institution).collect();
                let (bodies, others): (Vec<_>, Vec<_>) = who.into_iter().partition(|id| is_other_body(id));
                (!bodies.is_empty()).then_some((range, bodies, others))
            })
            .collect();
        let mut inside: BTreeMap<(&InstitutionId, &ProductId), Inside<'_>> = BTreeMap::new();
        for (product, entrance) in self.entrances(&doors) {
            if !self.view.is_restricted(product) {
                continue;
            }
            let subscribers = self.view.subscribers(product);
            let pays = |id: &InstitutionId| subscribers.is_some_and(|subscribers| subscribers.contains(id));
            for door in &entrance.doors {
                for range in door.addresses.ranges() {
                    let from = bodies.partition_point(|(theirs, ..)| theirs.last() < range.first());
                    for (theirs, bodies, others) in bodies.iter().skip(from).take_while(|(theirs, ..)| theirs.first() <= range.last()) {
                        let Some(common) = super::set::common(*theirs, *range) else { continue };
                        for body in bodies.iter().filter(|body| !pays(body)) {
                            let inside = inside.entry((body, product)).or_default();
                            inside.ranges.push(common);
                            inside.accounts.insert(&door.account.id);
                            inside.beside.extend(others.iter().chain(bodies).filter(|id| pays(id)));
                        }
                    }
                }
            }
        }
        let finding = |((body, product), inside): ((&InstitutionId, &ProductId), Inside<'_>)| {
            let figure = self.view.institution(body.as_str()).and_then(|body| self.persons.behind(body, self.view.month.year()));
            let who = std::iter::once(body).chain(inside.beside).cloned().collect();
            let addresses = inside.ranges.into_iter().collect();
            let mut finding = self.finding(Severity::Warning, Detail::Unpaid { persons: figure }, who, addresses);
            finding.products.insert(product.clone());
            finding.accounts.extend(inside.accounts.into_iter().cloned());
            finding
        };
        inside.into_iter().map(finding).collect()
    }

    /// The month's accounts in the order of ids.
    pub(super) fn accounts(&self) -> Vec<&'a Account> {
        let mut accounts: Vec<&Account> = self.view.accounts().collect();
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        accounts
    }

    fn claims(&self) -> Claims<'a> {
        let mut claims = Claims::new();
        for claim in self.view.addresses().claims() {
            claims.entry(&claim.institution).or_default().push(claim.range);
        }
        claims
    }

    /// Every account, with what it lets in by address (nothing where users log in).
    fn doors(&self, claims: &Claims<'a>) -> Vec<Door<'a>> {
        let door = |account: &'a Account| {
            let (covered, ranges): (Vec<_>, &[AddressRange]) = match &account.covers {
                Covers::Subscribers => (Vec::new(), &[]),
                Covers::These { institutions, ranges } => {
                    (institutions.iter().filter(|id| self.view.institution(id.as_str()).is_some()).collect(), ranges)
                }
            };
            let claimed = covered.iter().filter_map(|id| claims.get(*id)).flatten();
            let addresses = match self.rules.access(account) {
                Access::Login => AddressSet::default(),
                Access::Ip | Access::Mixed => claimed.chain(ranges).copied().collect(),
            };
            Door { account, covered, addresses }
        };
        self.accounts().into_iter().map(door).collect()
    }

    fn entrances<'d>(&self, doors: &'d [Door<'a>]) -> BTreeMap<&'a ProductId, Entrance<'d>> {
        let mut entrances: BTreeMap<&'a ProductId, Entrance<'d>> = BTreeMap::new();
        for door in doors {
            for product in self.products.get(&door.account.source).into_iter().flatten() {
                let entrance = entrances.entry(product).or_default();
                entrance.everybody |= door.account.covers == Covers::Subscribers;
                entrance.covered.extend(&door.covered);
                if self.rules.access(door.account) != Access::Login {
                    entrance.by_address = true;
                    entrance.doors.push(door);
                }
            }
        }
        entrances
    }
}
