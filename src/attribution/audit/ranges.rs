//! What is wrong with a range by itself: addresses that nobody has on the Internet, and more than anybody uses.

use std::collections::BTreeMap;

use super::blocks::blocks_of;
use super::set::AddressSet;
use super::{Audit, Block, Detail, Finding, Severity, Width};
use crate::model::registry::{Account, Covers};
use crate::model::{AddressRange, InstitutionId};

/// The most addresses of IPv4 that a range may have: those of a /16.
pub const WIDEST_V4: u128 = 1 << 16;
/// The most addresses of IPv6 that a range may have: those of a /32, which is what a whole provider gets.
pub const WIDEST_V6: u128 = 1 << 96;
/// The most addresses of IPv4 for each person of an institution.
pub const ADDRESSES_PER_PERSON: u128 = 1000;

/// Whose a range is.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Institution(&'a InstitutionId),
    Account(&'a Account),
}

impl Audit<'_> {
    /// Claims and accounts' ranges in blocks that nobody on the Internet has; a finding for each block of each institution or account.
    #[must_use]
    pub fn reserved(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (owner, ranges) in self.ranges() {
            // In the order in which the owner's ranges come to them.
            let mut blocks: Vec<(&'static Block, Vec<AddressRange>)> = Vec::new();
            for (block, addresses) in ranges.into_iter().flat_map(blocks_of) {
                match blocks.iter_mut().find(|(known, _)| *known == block) {
                    Some((_, ranges)) => ranges.extend(addresses.into_ranges()),
                    None => blocks.push((block, addresses.into_ranges())),
                }
            }
            found
                .extend(blocks.into_iter().map(|(block, ranges)| self.about(owner, Detail::Reserved(block), ranges.into_iter().collect())));
        }
        found
    }

    /// Claims and accounts' ranges that have far more addresses than anybody uses; a finding for each.
    #[must_use]
    pub fn too_wide(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (owner, ranges) in self.ranges() {
            // An institution without persons is one whose persons nobody has counted.
            let persons = match owner {
                Owner::Institution(id) => self.view.institution(id.as_str()).and_then(|i| self.persons.behind(i, self.view.month.year())),
                Owner::Account(_) => None,
            };
            for range in ranges {
                if let Some(width) = width(range, persons.filter(|persons| *persons > 0)) {
                    found.push(self.about(owner, Detail::TooWide(width), [range].into_iter().collect()));
                }
            }
        }
        found
    }

    fn about(&self, owner: Owner<'_>, detail: Detail, addresses: AddressSet) -> Finding {
        let severity = if detail == Detail::TooWide(Width::Absolute) { Severity::Serious } else { Severity::Warning };
        match owner {
            Owner::Institution(id) => self.finding(severity, detail, vec![id.clone()], addresses),
            Owner::Account(account) => {
                let Covers::These { institutions, .. } = &account.covers else { return self.finding(severity, detail, vec![], addresses) };
                let mut who: Vec<InstitutionId> =
                    institutions.iter().filter(|id| self.view.institution(id.as_str()).is_some()).cloned().collect();
                who.sort();
                let mut finding = self.finding(severity, detail, who, addresses);
                finding.accounts.insert(account.id.clone());
                finding.products.extend(self.products.get(&account.source).into_iter().flatten().cloned());
                finding
            }
        }
    }

    /// All claims, then all ranges of accounts, by owner.
    fn ranges(&self) -> Vec<(Owner<'_>, Vec<AddressRange>)> {
        let mut claims: BTreeMap<&InstitutionId, Vec<AddressRange>> = BTreeMap::new();
        for claim in self.view.addresses().claims() {
            claims.entry(&claim.institution).or_default().push(claim.range);
        }
        let claims = claims.into_iter().map(|(id, ranges)| (Owner::Institution(id), ranges));
        let given = self.accounts().into_iter().filter_map(|account| match &account.covers {
            Covers::Subscribers => None,
            Covers::These { ranges, .. } => Some((Owner::Account(account), ranges.clone())),
        });
        claims.chain(given).collect()
    }
}

/// In what way a range of somebody with so many persons is too wide, if it is.
fn width(range: AddressRange, persons: Option<u64>) -> Option<Width> {
    let v4 = range.first().is_ipv4();
    let size = range.span().saturating_add(1);
    if size > if v4 { WIDEST_V4 } else { WIDEST_V6 } {
        return Some(Width::Absolute);
    }
    let persons = persons?;
    (v4 && size > ADDRESSES_PER_PERSON.saturating_mul(u128::from(persons))).then_some(Width::For(persons))
}
