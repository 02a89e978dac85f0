//! From claims that lie over each other to disjoint intervals: one pass over the places where something begins or ends.

use std::collections::HashMap;

use super::number::Number;
use super::search::Row;
use crate::model::AddressRange;
use crate::model::registry::Claim;

/// Sets of claims, each kept once: many intervals have the same.
#[derive(Debug)]
pub(super) struct Sets {
    /// The places of claims, set after set, ascending within a set.
    members: Vec<u32>,
    /// Where each set ends in `members`.
    ends: Vec<usize>,
}

impl Sets {
    /// The members of a set.
    pub fn members(&self, set: u32) -> &[u32] {
        let set = set as usize;
        let from = set.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.members[from..self.ends[set]]
    }
}

/// Gives every set that it has not seen a number; the empty set has [`NOBODY`](super::search::NOBODY).
pub(super) struct Numbering {
    sets: Sets,
    known: HashMap<Box<[u32]>, u32>,
}

impl Numbering {
    pub fn new() -> Self {
        Self { sets: Sets { members: Vec::new(), ends: vec![0] }, known: HashMap::from([(Box::default(), 0)]) }
    }

    fn number(&mut self, set: &[u32]) -> u32 {
        if let Some(number) = self.known.get(set) {
            return *number;
        }
        let number = u32::try_from(self.sets.ends.len()).unwrap_or(u32::MAX);
        self.sets.members.extend_from_slice(set);
        self.sets.ends.push(self.sets.members.len());
        self.known.insert(set.into(), number);
        number
    }

    pub fn sets(self) -> Sets {
        self.sets
    }
}

/// The intervals of one family. Neighbours with the same claims are one, except at `cuts`: ascending, each the first address
/// that belongs to something else than the one before it.
pub(super) fn intervals<K: Number>(claims: &[&Claim], cuts: &[K], numbering: &mut Numbering) -> Vec<Row<K>> {
    let ends_of = |claim: &Claim| K::of(claim.range.first()).zip(K::of(claim.range.last()));
    let mut begins: Vec<(K, K, u32)> =
        claims.iter().zip(0..).filter_map(|(claim, place)| ends_of(claim).map(|(first, last)| (first, last, place))).collect();
    let mut ends: Vec<(K, u32)> = begins.iter().map(|(_, last, place)| (*last, *place)).collect();
    begins.sort_unstable();
    ends.sort_unstable();
    let mut begins = begins.into_iter().map(|(first, _, place)| (first, place)).peekable();
    let mut ends = ends.into_iter().peekable();
    let mut cuts = cuts.iter().copied().peekable();
    let mut rows: Vec<Row<K>> = Vec::with_capacity(2 * begins.len());
    let mut active = Active::default();
    let Some(mut at) = begins.peek().map(|(first, _)| *first) else { return rows };
    loop {
        while let Some((_, place)) = begins.next_if(|(first, _)| *first == at) {
            active.begin(claims, place);
        }
        let mut cut_here = false;
        while let Some(cut) = cuts.next_if(|cut| *cut <= at) {
            cut_here = cut == at;
        }
        // Up to the nearest end of a claim, or to where the next one begins or a cut is.
        let Some((mut last, _)) = ends.peek().copied() else { break };
        for limit in [begins.peek().map(|(first, _)| *first), cuts.peek().copied()].into_iter().flatten() {
            last = last.min(limit.below());
        }
        let set = numbering.number(active.counting(claims));
        match rows.last_mut() {
            Some(before) if before.set == set && before.last.above() == at && !cut_here => before.last = last,
            _ => rows.push(Row { first: at, last, set }),
        }
        while let Some((_, place)) = ends.next_if(|(end, _)| *end == last) {
            active.end(place);
        }
        // On to the address after it, or over a gap.
        at = match begins.peek() {
            Some((first, _)) if active.places.is_empty() => *first,
            None if active.places.is_empty() => break,
            _ => last.above(),
        };
    }
    rows.retain_mut(|row| {
        let ends = K::of_this_family(row.first, row.last);
        (row.first, row.last) = ends.unwrap_or((row.first, row.last));
        ends.is_some()
    });
    rows
}

/// The claims that hold the address that the pass has come to.
#[derive(Default)]
struct Active {
    /// Ascending.
    places: Vec<u32>,
    exclusive: Vec<u32>,
    counting: Vec<u32>,
}

impl Active {
    fn begin(&mut self, claims: &[&Claim], place: u32) {
        let among = self.places.partition_point(|other| *other < place);
        self.places.insert(among, place);
        if claims[place as usize].exclusive {
            self.exclusive.push(place);
        }
    }

    fn end(&mut self, place: u32) {
        if let Ok(among) = self.places.binary_search(&place) {
            self.places.remove(among);
        }
        self.exclusive.retain(|other| *other != place);
    }

    /// Those that count: if some are exclusive, only the narrowest exclusive ones and claims of exactly their range.
    fn counting(&mut self, claims: &[&Claim]) -> &[u32] {
        let range = |place: &u32| claims[*place as usize].range;
        let Some(narrowest) = self.exclusive.iter().map(|place| range(place).span()).min() else { return &self.places };
        let ranges: Vec<AddressRange> = self.exclusive.iter().map(range).filter(|range| range.span() == narrowest).collect();
        self.counting.clear();
        self.counting.extend(self.places.iter().filter(|place| ranges.contains(&range(place))));
        &self.counting
    }
}
