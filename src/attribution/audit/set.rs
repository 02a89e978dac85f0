//! Sets of addresses: disjoint ranges in order, and what two sets have in common.

use std::net::IpAddr;

use crate::model::AddressRange;
use crate::model::address::successor;

/// Addresses as disjoint ranges, ascending, none of which touches the next; IPv4 before IPv6.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressSet(Vec<AddressRange>);

impl AddressSet {
    /// Its ranges.
    #[must_use]
    pub fn ranges(&self) -> &[AddressRange] {
        &self.0
    }

    /// Its ranges, for keeping.
    #[must_use]
    pub fn into_ranges(self) -> Vec<AddressRange> {
        self.0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many addresses. Exact for all but the whole of IPv6 (2^128), which is one more than the largest number there is.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.0.iter().fold(0_u128, |sum, range| sum.saturating_add(range.span()).saturating_add(1))
    }

    /// Adds a range that begins no earlier than the last that was added.
    pub fn append(&mut self, range: AddressRange) {
        match self.0.last_mut() {
            Some(last) if range.first() <= last.last() || successor(last.last()) == Some(range.first()) => {
                *last = AddressRange::new(last.first(), last.last().max(range.last())).unwrap_or(*last);
            }
            _ => self.0.push(range),
        }
    }

    /// What of it lies in `range`.
    pub fn within(&self, range: AddressRange) -> impl Iterator<Item = AddressRange> {
        let from = self.0.partition_point(|own| own.last() < range.first());
        let near = self.0.iter().skip(from).take_while(move |own| own.first() <= range.last());
        near.filter_map(move |own| common(*own, range))
    }

    /// Whether they share an address; quickest where `self` is the smaller.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().any(|range| other.within(*range).next().is_some())
    }

    /// What both have.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().flat_map(|range| other.within(*range)).collect())
    }

    /// What `other` does not have.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        for range in &self.0 {
            let mut begin = Some(range.first());
            for hole in other.within(*range) {
                left.extend(begin.zip(predecessor(hole.first())).and_then(|(begin, end)| AddressRange::new(begin, end)));
                begin = successor(hole.last());
            }
            left.extend(begin.and_then(|begin| AddressRange::new(begin, range.last())));
        }
        Self(left)
    }
}

/// Of any ranges, in any order.
impl FromIterator<AddressRange> for AddressSet {
    fn from_iter<I: IntoIterator<Item = AddressRange>>(ranges: I) -> Self {
        let mut ranges: Vec<AddressRange> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut set = Self::default();
        for range in ranges {
            set.append(range);
        }
        set
    }
}

/// The addresses that two ranges share.
#[must_use]
pub fn common(one: AddressRange, other: AddressRange) -> Option<AddressRange> {
    AddressRange::new(one.first().max(other.first()), one.last().min(other.last()))
}

/// The address just below, or nothing below the lowest.
fn predecessor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(a) => u32::from(a).checked_sub(1).map(|n| IpAddr::V4(n.into())),
        IpAddr::V6(a) => u128::from(a).checked_sub(1).map(|n| IpAddr::V6(n.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn range(first: u32, last: u32) -> AddressRange {
        AddressRange::new(IpAddr::V4(first.into()), IpAddr::V4(last.into())).unwrap()
    }

    fn members(set: &AddressSet) -> BTreeSet<u32> {
        (0..80).filter(|n| set.ranges().iter().any(|range| range.contains(IpAddr::V4((*n).into())))).collect()
    }

    #[test]
    fn both_ends_of_both_families_are_in_reach() {
        let all: AddressSet = ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
            .into_iter()
            .filter_map(|text| {
                let (first, last) = text.split_once('-')?;
                AddressRange::new(first.parse().ok()?, last.parse().ok()?)
            })
            .collect();
        assert_eq!(all.ranges().len(), 2, "the last of IPv4 does not touch the first of IPv6");
        assert_eq!(all.count(), u128::MAX);
        assert!(all.without(&all).is_empty());
        let ends: AddressSet = [range(0, 0), range(u32::MAX, u32::MAX)].into_iter().collect();
        assert_eq!(all.and(&ends), ends);
        assert_eq!(all.without(&ends).count(), u128::MAX, "2^32 - 2 + 2^128 is more than there are numbers");
        let v4: AddressSet = [range(0, u32::MAX)].into_iter().collect();
        assert_eq!(v4.without(&ends).count(), (1 << 32) - 2);
    }

    proptest! {
        /// Beside sets of single numbers.
        #[test]
        fn sets_of_ranges_are_sets(
            one in prop::collection::vec((0_u32..60, 0_u32..12), 0..8), other in prop::collection::vec((0_u32..60, 0_u32..12), 0..8),
        ) {
            let set = |spans: &[(u32, u32)]| spans.iter().map(|(first, len)| range(*first, first + len)).collect::<AddressSet>();
            let (one, other) = (set(&one), set(&other));
            let (a, b) = (members(&one), members(&other));
            prop_assert_eq!(one.count(), a.len() as u128);
            prop_assert_eq!(members(&one.and(&other)), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(one.meets(&other), !a.is_disjoint(&b));
            prop_assert_eq!(members(&one.without(&other)), a.difference(&b).copied().collect::<BTreeSet<_>>());
            for set in [&one, &one.and(&other), &one.without(&other)] {
                for pair in set.ranges().windows(2) {
                    prop_assert!(successor(pair[0].last()).is_some_and(|next| next < pair[1].first()), "{set:?}");
                }
            }
        }
    }
}
