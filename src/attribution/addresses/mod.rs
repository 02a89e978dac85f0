//! Who claims an address: a month's claims as disjoint sorted intervals, each with its set of claims.
//!
//! An [`AddressTable`] is made once from claims that lie over each other ([`sweep`]) and searched often ([`search`]);
//! [`AddressTables`] makes one for all months with the same claims (ATTRIBUTION section 2, rule 1).

mod number;
mod search;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use number::Number;
use search::{Intervals, LeadingBits, LeadingHalves};
use sweep::{Numbering, Sets};
pub use tables::AddressTables;
pub(super) use tables::claims_in;

use crate::model::registry::Claim;
use crate::model::{AddressRange, Addresses, InstitutionId};

/// The claims of a month.
#[derive(Debug)]
pub struct AddressTable<'a> {
    claims: Vec<&'a Claim>,
    /// Places in `claims`, in the order of institutions.
    by_institution: Vec<u32>,
    four: Intervals<LeadingBits>,
    six: Intervals<LeadingHalves>,
    sets: Sets,
}

impl<'a> AddressTable<'a> {
    /// The table of these claims; all of them must be valid in the month.
    #[must_use]
    pub fn new(claims: Vec<&'a Claim>) -> Self {
        Self::with_cuts(claims, &[])
    }

    /// The same, but no interval lies partly in one of these ranges and partly outside it.
    #[must_use]
    pub fn with_cuts(claims: Vec<&'a Claim>, cuts: &[AddressRange]) -> Self {
        let mut numbering = Numbering::new();
        let four = sweep::intervals(&claims, &cuts_of(cuts), &mut numbering);
        let six = sweep::intervals(&claims, &cuts_of(cuts), &mut numbering);
        let mut by_institution: Vec<u32> = (0..).take(claims.len()).collect();
        // Stable, and quick where they are in that order already, as in the registry.
        by_institution.sort_by_key(|place| &claims[*place as usize].institution);
        Self { claims, by_institution, four: Intervals::new(four), six: Intervals::new(six), sets: numbering.sets() }
    }

    /// The claims that count for `address`, in the order of claims.
    #[inline]
    pub fn of_address(&self, address: IpAddr) -> impl Iterator<Item = &'a Claim> + use<'_, 'a> {
        let set = match address.to_canonical() {
            IpAddr::V4(address) => self.four.set(address.into()),
            IpAddr::V6(address) => self.six.set(address.into()),
        };
        self.members(set)
    }

    /// Which of the [`intervals`](Self::intervals) holds `address`, counted from 0.
    #[must_use]
    #[inline]
    pub fn position(&self, address: IpAddr) -> Option<usize> {
        match address.to_canonical() {
            IpAddr::V4(address) => self.four.position(address.into()),
            IpAddr::V6(address) => self.six.position(address.into()).map(|place| self.four.rows().len() + place),
        }
    }

    /// The claims that count for some address of `range`, each once, in the order of claims.
    #[must_use]
    pub fn of_range(&self, range: AddressRange) -> Vec<&'a Claim> {
        let mut sets: Vec<u32> = self.overlapping(range).map(|(_, set)| set).collect();
        sets.sort_unstable();
        sets.dedup();
        let mut places: Vec<u32> = sets.iter().flat_map(|set| self.sets.members(*set)).copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| self.claims[place as usize]).collect()
    }

    /// What is kept of addresses that a report names: the interval that holds all of them, and that nobody claims them if nobody does.
    ///
    /// Addresses that are claimed differently, or in part, have no such interval and stay as they were named. A single address is always
    /// in one interval or nobody's; it is kept as it is only where the interval is no wider, as when somebody claims just it.
    #[must_use]
    pub fn place(&self, range: AddressRange) -> Addresses {
        kept(range, self.overlapping(range).next().map(|(interval, _)| interval.unwrap_or(range)))
    }

    /// All claims of an institution, in the order of claims.
    pub fn claims_of(&self, institution: &InstitutionId) -> impl Iterator<Item = &'a Claim> + use<'_, 'a> {
        let whose = |place: &u32| &self.claims[*place as usize].institution;
        let from = self.by_institution.partition_point(|place| whose(place) < institution);
        let theirs = &self.by_institution[from..];
        let until = theirs.partition_point(|place| whose(place) == institution);
        theirs[..until].iter().map(|place| self.claims[*place as usize])
    }

    /// The disjoint intervals, ascending, IPv4 before IPv6, each with the claims that count in it.
    pub fn intervals(&self) -> impl Iterator<Item = (AddressRange, impl Iterator<Item = &'a Claim> + use<'_, 'a>)> {
        let four = self.four.rows().iter().map(|row| (row.range(), row.set));
        let six = self.six.rows().iter().map(|row| (row.range(), row.set));
        four.chain(six).filter_map(|(range, set)| Some((range?, self.members(set))))
    }

    /// All claims, in the order of the registry.
    #[must_use]
    pub fn claims(&self) -> &[&'a Claim] {
        &self.claims
    }

    fn members(&self, set: u32) -> impl Iterator<Item = &'a Claim> + use<'_, 'a> {
        self.sets.members(set).iter().map(|place| self.claims[*place as usize])
    }

    /// The intervals with an address of `range`, and their sets of claims.
    fn overlapping(&self, range: AddressRange) -> impl Iterator<Item = (Option<AddressRange>, u32)> {
        let four = self.four.overlapping(range).map(|row| (row.range(), row.set));
        four.chain(self.six.overlapping(range).map(|row| (row.range(), row.set)))
    }
}

/// What is kept of the addresses in `range` where `first` is the first interval of claims that has some of them, if any has.
#[must_use]
pub fn kept(range: AddressRange, first: Option<AddressRange>) -> Addresses {
    match first {
        None => Addresses::Unclaimed,
        Some(interval) if interval.covers(range) => Addresses::Range(interval),
        // More than one address, and so nobody's alone.
        Some(_) => Addresses::Range(range),
    }
}

/// The addresses at which one of these ranges begins or has ended, ascending.
fn cuts_of<K: Number>(ranges: &[AddressRange]) -> Vec<K> {
    let ends = ranges.iter().filter_map(|range| K::of(range.first()).zip(K::of(range.last())));
    let after = |last: K| (last < K::HIGHEST).then(|| last.above());
    let mut cuts: Vec<K> = ends.flat_map(|(first, last)| [Some(first), after(last)]).flatten().collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}
