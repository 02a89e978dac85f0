//! Where an address lies among disjoint intervals.
//!
//! The first interval that ends at an address or after it is the only one that can hold it. For IPv4 a table over the
//! leading bits leads there, as finely divided as intervals are close; for IPv6 a binary search over leading halves.
//! Addresses come in no order that a processor could guess, so a look-up has no branch that depends on where they lie.

use std::hint::select_unpredictable;

use super::number::Number;
use crate::model::AddressRange;

/// The set of claims of addresses that nobody claims.
pub(super) const NOBODY: u32 = 0;

/// An unbroken range of addresses with one set of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<K> {
    pub first: K,
    pub last: K,
    /// The number of its set of claims.
    pub set: u32,
}

impl<K: Number> Row<K> {
    pub fn range(&self) -> Option<AddressRange> {
        AddressRange::new(self.first.address(), self.last.address())
    }
}

/// Leads to the first row that ends at an address or after it.
pub(super) trait Guide {
    type Key: Number;
    fn new(rows: &[Row<Self::Key>]) -> Self;
    /// `rows` are those that the guide was made for, and one more that ends at the highest address.
    fn first_ending_from(&self, rows: &[Row<Self::Key>], key: Self::Key) -> usize;
}

/// The intervals of one family, ascending.
#[derive(Debug)]
pub(super) struct Intervals<G: Guide> {
    /// With one more at the end that is nobody's, so that every search ends at some row.
    rows: Vec<Row<G::Key>>,
    guide: G,
}

impl<G: Guide> Intervals<G> {
    pub fn new(mut rows: Vec<Row<G::Key>>) -> Self {
        let guide = G::new(&rows);
        let highest = G::Key::HIGHEST;
        rows.push(Row { first: highest, last: highest, set: NOBODY });
        Self { rows, guide }
    }

    /// All of them.
    pub fn rows(&self) -> &[Row<G::Key>] {
        &self.rows[..self.rows.len() - 1]
    }

    /// The place of the interval that holds `key`.
    #[inline]
    pub fn position(&self, key: G::Key) -> Option<usize> {
        let place = self.guide.first_ending_from(&self.rows, key);
        let place = select_unpredictable(self.rows[place].first <= key, place, usize::MAX);
        // The row at the end holds the highest address if no other does.
        (place < self.rows.len() - 1).then_some(place)
    }

    /// The set of claims at `key`.
    #[inline]
    pub fn set(&self, key: G::Key) -> u32 {
        let row = &self.rows[self.guide.first_ending_from(&self.rows, key)];
        select_unpredictable(row.first <= key, row.set, NOBODY)
    }

    /// Those that have an address of `range`; none if it is of the other family.
    pub fn overlapping(&self, range: AddressRange) -> impl Iterator<Item = &Row<G::Key>> {
        let ends = G::Key::of(range.first()).zip(G::Key::of(range.last()));
        ends.into_iter().flat_map(|(first, last)| {
            let from = self.guide.first_ending_from(&self.rows, first);
            self.rows().get(from..).unwrap_or_default().iter().take_while(move |row| row.first <= last)
        })
    }
}

/// Leading bits of IPv4 addresses, in two steps: a bucket for the first 8 to 16 bits, and in each bucket so many equal slots
/// that most have at most one interval's end in them, however crowded the bucket.
#[derive(Debug)]
pub(super) struct LeadingBits {
    /// How far to the right the bucket's number is.
    shift: u32,
    /// The bits below it.
    below: u32,
    buckets: Vec<Bucket>,
    /// For each slot the first row that ends in it or after it; after the last slot, the number of rows.
    slots: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Its first slot.
    slot: u32,
    /// How far to the right a slot's number is.
    shift: u32,
}

/// How many bits it takes to write `n`.
fn length(n: usize) -> u32 {
    usize::BITS - n.leading_zeros()
}

/// A count as it is kept: of claims in memory there are never more.
fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Guide for LeadingBits {
    type Key = u32;

    fn new(rows: &[Row<u32>]) -> Self {
        let bits = length(rows.len()).clamp(8, 16);
        let shift = u32::BITS - bits;
        let below = u32::MAX >> bits;
        let mut buckets = Vec::with_capacity(1 << bits);
        let mut slots = Vec::with_capacity((1 << bits) + 4 * rows.len() + 1);
        let mut next = 0;
        for number in 0..1_u32 << bits {
            let low = number << shift;
            let inside = rows[next..].iter().take_while(|row| row.last <= low | below).count();
            let fine = if inside == 0 { 0 } else { (length(inside) + 1).min(shift) };
            buckets.push(Bucket { slot: small(slots.len()), shift: shift - fine });
            let after = next + inside;
            for slot in 0..1_u32 << fine {
                let from = low | slot << (shift - fine);
                next += rows[next..after].iter().take_while(|row| row.last < from).count();
                slots.push(small(next));
            }
            next = after;
        }
        slots.push(small(rows.len()));
        Self { shift, below, buckets, slots }
    }

    #[inline]
    fn first_ending_from(&self, rows: &[Row<u32>], key: u32) -> usize {
        let bucket = self.buckets[(key >> self.shift) as usize];
        let slot = bucket.slot as usize + ((key & self.below) >> bucket.shift) as usize;
        let place = self.slots[slot] as usize;
        let place = place + usize::from(rows[place].last < key);
        if rows[place].last < key {
            // Several end in this slot: seldom.
            return place + rows[place..self.slots[slot + 1] as usize].partition_point(|row| row.last < key);
        }
        place
    }
}

/// Leading halves of the last addresses of IPv6 intervals: half as much to read as whole addresses, and hardly ever alike.
#[derive(Debug)]
pub(super) struct LeadingHalves(Vec<u64>);

fn leading_half(key: u128) -> u64 {
    // The upper 64 bits of 128 always fit.
    u64::try_from(key >> 64).unwrap_or(u64::MAX)
}

impl Guide for LeadingHalves {
    type Key = u128;

    fn new(rows: &[Row<u128>]) -> Self {
        Self(rows.iter().map(|row| leading_half(row.last)).collect())
    }

    #[inline]
    fn first_ending_from(&self, rows: &[Row<u128>], key: u128) -> usize {
        let half = leading_half(key);
        let place = self.0.partition_point(|last| *last < half);
        if rows[place].last < key {
            // Several end in one /64: seldom.
            return place + rows[place..].partition_point(|row| row.last < key);
        }
        place
    }
}
