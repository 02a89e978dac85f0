//! Where addresses that a report names belong: into ranges that somebody claims, before anything is kept.
//!
//! Who claims which addresses is registered; which of them was used is personal, and stays in the archived reply alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::attribution::addresses::{AddressTables, kept};
use crate::formats::{RecordSink, Stopped};
use crate::model::registry::Registry;
use crate::model::{AddressRange, Addresses, AppliesTo, KeyRow, Month, UsageRecord};

/// Puts addresses into ranges that are claimed.
pub trait Places: Send + Sync {
    /// What is kept of addresses that a report of `month` names.
    fn place(&self, month: Month, addresses: Addresses) -> Addresses;
}

/// The months' ranges that have the same claims throughout, made when a report names addresses.
#[derive(Debug)]
pub struct ByClaims {
    /// Institutions and claims alone.
    registry: Registry,
    /// Ranges that keys apply to: none of them ends within a range that is kept.
    cuts: Vec<AddressRange>,
    months: Mutex<HashMap<Month, Arc<[AddressRange]>>>,
}

impl ByClaims {
    /// The claims of a registry.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let cut = |row: &KeyRow| match row.applies_to {
            AppliesTo::Range(range) => Some(range),
            _ => None,
        };
        let mut cuts: Vec<AddressRange> = registry.keys.iter().filter_map(cut).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let registry = Registry { institutions: registry.institutions.clone(), claims: registry.claims.clone(), ..Registry::default() };
        Self { registry, cuts, months: Mutex::default() }
    }

    /// Whether all of it is the same for both: no report's addresses belong elsewhere.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.registry.institutions == other.registry.institutions
            && self.registry.claims == other.registry.claims
            && self.cuts == other.cuts
    }

    fn of(&self, month: Month) -> Arc<[AddressRange]> {
        let mut months = self.months.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let table = AddressTables::with_cuts(&self.registry, self.cuts.clone()).of_month(month);
            table.intervals().map(|(range, _)| range).collect()
        };
        months.entry(month).or_insert_with(made).clone()
    }
}

impl Places for ByClaims {
    /// The range that all of it lies in; nobody's if nobody claims any of it; itself if it is wider than one range of claims.
    fn place(&self, month: Month, addresses: Addresses) -> Addresses {
        let Addresses::Range(range) = addresses else { return addresses };
        let claimed = self.of(month);
        let first = claimed.partition_point(|interval| interval.last() < range.first());
        kept(range, claimed.get(first).copied().filter(|interval| interval.overlaps(range)))
    }
}

/// Passes records on with their addresses in their places.
pub(super) struct Placed<'a, S> {
    /// Who takes them.
    pub sink: &'a mut S,
    /// Who knows the places.
    pub places: &'a dyn Places,
}

impl<S: RecordSink> RecordSink for Placed<'_, S> {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        let addresses = record.addresses.map(|addresses| self.places.place(record.month, addresses));
        self.sink.record(&UsageRecord { addresses, ..*record })
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        if like.addresses.is_none() {
            return self.sink.months(like, counts);
        }
        // Claims begin and end with months.
        counts.iter().try_for_each(|&(month, count)| self.record(&UsageRecord { month, count, ..*like }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InstitutionId;
    use crate::model::notation::parse_ranges;
    use crate::model::registry::{Claim, Institution, InstitutionKind, Validity};

    fn range(text: &str) -> AddressRange {
        parse_ranges(text).unwrap()[0]
    }

    fn places(claims: &[(&str, &str, Option<&str>)]) -> ByClaims {
        let mut registry = Registry::default();
        for (who, addresses, from) in claims {
            let id = InstitutionId::trusted(who);
            let valid = Validity { from: from.map(|day| day.parse().unwrap()), to: None };
            registry.claims.push(Claim { institution: id.clone(), range: range(addresses), valid, exclusive: false, note: String::new() });
            registry.institutions.push(Institution {
                id,
                name: (*who).into(),
                kind: InstitutionKind::PublicLibrary,
                municipality: None,
                isil: String::new(),
                valid: Validity::default(),
            });
        }
        ByClaims::new(&registry)
    }

    #[test]
    fn an_address_becomes_the_range_that_has_the_same_claims_throughout() {
        let places = places(&[("a", "192.0.2.0/24", None), ("b", "192.0.2.128/25", None), ("c", "2001:db8::/32", Some("2024-03-01"))]);
        let place = |month: &str, addresses: &str| places.place(month.parse().unwrap(), Addresses::Range(range(addresses))).to_string();
        assert_eq!(place("2024-01", "192.0.2.7"), "192.0.2.0/25");
        assert_eq!(place("2024-01", "192.0.2.129-192.0.2.140"), "192.0.2.128/25");
        assert_eq!(place("2024-01", "192.0.2.127-192.0.2.128"), "192.0.2.127-192.0.2.128");
        assert_eq!(place("2024-01", "192.0.2.0/23"), "192.0.2.0/23");
        assert_eq!(place("2024-01", "198.51.100.1"), "nobody's");
        assert_eq!(place("2024-01", "192.0.3.0"), "nobody's");
        assert_eq!(place("2024-02", "2001:db8::7"), "nobody's");
        assert_eq!(place("2024-03", "2001:db8::7"), "2001:db8::/32");
        assert_eq!(places.place("2024-01".parse().unwrap(), Addresses::Unclaimed), Addresses::Unclaimed);
    }

    #[test]
    fn a_range_that_begins_below_a_claim_is_not_passed_over() {
        let places = places(&[("a", "192.0.2.8", None)]);
        let place = |addresses: &str| places.place("2024-01".parse().unwrap(), Addresses::Range(range(addresses))).to_string();
        assert_eq!(place("192.0.2.0/24"), "192.0.2.0/24");
        assert_eq!(place("192.0.2.8"), "192.0.2.8");
        assert_eq!(place("192.0.2.0-192.0.2.7"), "nobody's");
    }
}
