//! Who claims an address: a month's claims as disjoint sorted intervals, each with its set of claims.
//!
//! Built once a month of registry; a look-up is a binary search (ATTRIBUTION section 2, rule 1).

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::address::successor;
use crate::model::registry::Claim;
use crate::model::{AddressRange, InstitutionId};

/// The claims of one month.
#[derive(Debug, Default)]
pub struct AddressTable {
    claims: Vec<Claim>,
    /// Disjoint, ascending; IPv4 before IPv6.
    intervals: Vec<Interval>,
}

#[derive(Debug)]
struct Interval {
    range: AddressRange,
    /// Places in `claims`, ascending: those that count after the rule of exclusive claims.
    claims: Box<[u32]>,
}

impl AddressTable {
    /// The table of these claims; all of them must be valid in the month.
    #[must_use]
    pub fn new(claims: Vec<Claim>) -> Self {
        // A sweep over the places where some claim begins or has ended.
        let mut begins: Vec<u32> = (0..u32::try_from(claims.len()).unwrap_or(u32::MAX)).collect();
        let claim = |ix: u32| &claims[ix as usize];
        begins.sort_by_key(|ix| claim(*ix).range);
        let mut cuts: BTreeSet<IpAddr> = BTreeSet::new();
        for claim in &claims {
            cuts.insert(claim.range.first());
            cuts.extend(successor(claim.range.last()));
        }
        let cuts: Vec<IpAddr> = cuts.into_iter().collect();
        let mut intervals: Vec<Interval> = Vec::with_capacity(cuts.len());
        let mut active: Vec<u32> = Vec::new();
        let mut next = begins.iter().copied().peekable();
        for (place, cut) in cuts.iter().enumerate() {
            active.retain(|ix| claim(*ix).range.contains(*cut));
            while let Some(ix) = next.next_if(|ix| claim(*ix).range.first() == *cut) {
                active.push(ix);
            }
            let Some(first) = active.first() else { continue };
            // Up to the next cut of the same family, else to the end of what is active (then nothing else is near).
            let last = match cuts.get(place + 1) {
                Some(until) if until.is_ipv4() == cut.is_ipv4() => predecessor(*until),
                _ => claim(*first).range.last(),
            };
            let Some(range) = AddressRange::new(*cut, last) else { continue };
            let counting = counting(&claims, &active);
            match intervals.last_mut() {
                Some(before) if before.claims == counting && successor(before.range.last()) == Some(*cut) => {
                    before.range = AddressRange::new(before.range.first(), last).unwrap_or(before.range);
                }
                _ => intervals.push(Interval { range, claims: counting }),
            }
        }
        Self { claims, intervals }
    }

    /// The claims that count for `address`.
    pub fn of_address(&self, address: IpAddr) -> impl Iterator<Item = &Claim> {
        let address = address.to_canonical();
        let place = self.intervals.partition_point(|interval| interval.range.last() < address);
        let interval = self.intervals.get(place).filter(|interval| interval.range.contains(address));
        interval.into_iter().flat_map(|interval| interval.claims.iter()).map(|ix| &self.claims[*ix as usize])
    }

    /// The claims that count for some address of `range`, each once, in the order of claims.
    #[must_use]
    pub fn of_range(&self, range: AddressRange) -> Vec<&Claim> {
        let from = self.intervals.partition_point(|interval| interval.range.last() < range.first());
        let places: BTreeSet<u32> = self.intervals[from..]
            .iter()
            .take_while(|interval| interval.range.first() <= range.last())
            .filter(|interval| interval.range.overlaps(range))
            .flat_map(|interval| interval.claims.iter().copied())
            .collect();
        places.into_iter().map(|ix| &self.claims[ix as usize]).collect()
    }

    /// All claims of an institution.
    pub fn claims_of<'a>(&'a self, institution: &'a InstitutionId) -> impl Iterator<Item = &'a Claim> {
        self.claims.iter().filter(move |claim| claim.institution == *institution)
    }

    /// The disjoint intervals, ascending, each with the claims that count in it.
    pub fn intervals(&self) -> impl Iterator<Item = (AddressRange, impl Iterator<Item = &Claim>)> {
        self.intervals.iter().map(|interval| (interval.range, interval.claims.iter().map(|ix| &self.claims[*ix as usize])))
    }

    /// All claims, in the order of the registry.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }
}

/// If some are exclusive, only the narrowest exclusive ones and claims of exactly their range count.
fn counting(claims: &[Claim], active: &[u32]) -> Box<[u32]> {
    let claim = |ix: &u32| &claims[*ix as usize];
    let narrowest = active.iter().map(claim).filter(|c| c.exclusive).map(|c| c.range.span()).min();
    let mut counting: Vec<u32> = match narrowest {
        None => active.to_vec(),
        Some(span) => {
            let ranges: Vec<AddressRange> =
                active.iter().map(claim).filter(|c| c.exclusive && c.range.span() == span).map(|c| c.range).collect();
            active.iter().copied().filter(|ix| ranges.contains(&claim(ix).range)).collect()
        }
    };
    counting.sort_unstable();
    counting.into()
}

fn predecessor(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(a) => IpAddr::V4(u32::from(a).saturating_sub(1).into()),
        IpAddr::V6(a) => IpAddr::V6(u128::from(a).saturating_sub(1).into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::registry::Validity;

    fn claim(institution: &str, first: u32, last: u32, exclusive: bool) -> Claim {
        let range = AddressRange::new(IpAddr::V4(first.into()), IpAddr::V4(last.into())).unwrap();
        Claim { institution: InstitutionId::trusted(institution), range, valid: Validity::default(), exclusive, note: String::new() }
    }

    fn who(table: &AddressTable, address: u32) -> Vec<String> {
        let mut who: Vec<String> = table.of_address(IpAddr::V4(address.into())).map(|c| c.institution.to_string()).collect();
        who.sort();
        who
    }

    #[test]
    fn an_exclusive_claim_shuts_wider_ones_out_but_not_one_of_its_own_range() {
        let table = AddressTable::new(vec![
            claim("county", 0, 1000, false),
            claim("school", 100, 200, true),
            claim("town-hall", 100, 200, false),
            claim("inner", 120, 130, false),
            claim("wide", 50, 300, true),
        ]);
        assert_eq!(who(&table, 10), ["county"]);
        assert_eq!(who(&table, 60), ["wide"]);
        assert_eq!(who(&table, 125), ["school", "town-hall"]);
        assert_eq!(who(&table, 1001), Vec::<String>::new());
    }

    #[test]
    fn the_ends_of_the_address_space_are_addresses_too() {
        let all = AddressRange::new("::".parse().unwrap(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap()).unwrap();
        let mut six = claim("six", 0, 0, false);
        six.range = all;
        let table = AddressTable::new(vec![six, claim("last", u32::MAX, u32::MAX, false), claim("first", 0, 0, false)]);
        assert_eq!(who(&table, u32::MAX), ["last"]);
        assert_eq!(who(&table, 0), ["first"]);
        assert_eq!(table.of_address(all.last()).count(), 1);
        assert_eq!(table.of_range(all).len(), 1);
    }

    proptest! {
        /// Beside a scan of all claims for the same address.
        #[test]
        fn the_table_says_what_a_scan_of_all_claims_says(
            spans in prop::collection::vec((0_u32..60, 0_u32..20, any::<bool>()), 0..25),
            address in 0_u32..90, width in 0_u32..30,
        ) {
            let claims: Vec<Claim> =
                spans.iter().enumerate().map(|(i, (first, len, exclusive))| claim(&format!("i{i}"), *first, first + len, *exclusive)).collect();
            let scan = |address: u32| {
                let on: Vec<u32> = claims.iter().enumerate()
                    .filter(|(_, c)| c.range.contains(IpAddr::V4(address.into())))
                    .map(|(i, _)| u32::try_from(i).unwrap()).collect();
                let mut names: Vec<String> = counting(&claims, &on).iter().map(|i| claims[*i as usize].institution.to_string()).collect();
                names.sort();
                names
            };
            let table = AddressTable::new(claims.clone());
            prop_assert_eq!(who(&table, address), scan(address));
            let union: BTreeSet<String> = (address..=address + width).flat_map(scan).collect();
            let range = AddressRange::new(IpAddr::V4(address.into()), IpAddr::V4((address + width).into())).unwrap();
            let found: BTreeSet<String> = table.of_range(range).iter().map(|c| c.institution.to_string()).collect();
            prop_assert_eq!(found, union);
        }
    }
}
