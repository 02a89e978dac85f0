//! Whole numbers by weights: apportionment with the Webster/Sainte-Laguë divisor method.
//!
//! [`Divider`] is made once of weights and gives `W(n)` for any `n` (ATTRIBUTION section 4): house-monotone,
//! so that differences of `W` are never negative and always add up. Integers only.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::model::weight::WEIGHT_LIMIT;

/// What is divided stays below this.
pub const COUNT_LIMIT: u64 = 1 << 63;

/// Why weights or a count cannot be divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DivideError {
    /// All weights are zero, or there are none.
    #[error("there is no weight above zero to divide by")]
    NoWeight,
    /// The sum of weights is 2^60 or more.
    #[error("the weights add up to 2^60 or more")]
    WeightsTooLarge,
    /// The count is 2^63 or more.
    #[error("the cumulative count is 2^63 or more")]
    CountTooLarge,
}

/// Divides by fixed weights.
#[derive(Debug, Clone)]
pub struct Divider {
    /// Weight and place of those with a weight above zero, first in a tie first.
    entries: Vec<(u64, usize)>,
    total: u64,
    places: usize,
}

/// A claimant's quotient w / (2s + 1), greatest first; in a tie the entry that stands first.
struct Priority {
    weight: u64,
    odd: u128,
    entry: usize,
}

impl Ord for Priority {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (u128::from(self.weight) * other.odd, u128::from(other.weight) * self.odd);
        mine.cmp(&theirs).then_with(|| other.entry.cmp(&self.entry))
    }
}

impl PartialOrd for Priority {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Priority {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Priority {}

impl Divider {
    /// A divider by `weights`; of two with equal priority the larger weight comes first, then the lower `draw`.
    ///
    /// # Errors
    /// No weight above zero, or a sum of [`WEIGHT_LIMIT`] or more.
    pub fn new<D: Ord>(weights: &[u64], draws: &[D]) -> Result<Self, DivideError> {
        let mut total = 0_u64;
        for weight in weights {
            total = total.checked_add(*weight).filter(|sum| *sum < WEIGHT_LIMIT).ok_or(DivideError::WeightsTooLarge)?;
        }
        if total == 0 {
            return Err(DivideError::NoWeight);
        }
        let mut entries: Vec<(u64, usize)> =
            weights.iter().enumerate().filter(|(_, weight)| **weight > 0).map(|(place, weight)| (*weight, place)).collect();
        entries.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| draws.get(a.1).cmp(&draws.get(b.1))).then_with(|| a.1.cmp(&b.1)));
        Ok(Self { entries, total, places: weights.len() })
    }

    /// `W(n)`: how many of `n` each place gets; adds up to `n`.
    ///
    /// # Errors
    /// `n` is [`COUNT_LIMIT`] or more.
    pub fn apportion(&self, n: u64) -> Result<Vec<u64>, DivideError> {
        if n >= COUNT_LIMIT {
            return Err(DivideError::CountTooLarge);
        }
        let mut seats = vec![0_u64; self.places];
        if let [(_, place)] = self.entries[..] {
            seats[place] = n;
            return Ok(seats);
        }
        // With k claimants nobody ends below w·(n - k/2)/total rounded (halves down), and that leaves at most k to hand out.
        let claimants = self.entries.len() as u128;
        let twice = (2 * u128::from(n)).saturating_sub(claimants);
        let total = u128::from(self.total);
        let mut left = n;
        let mut queue = Vec::with_capacity(self.entries.len());
        for (entry, (weight, place)) in self.entries.iter().enumerate() {
            // ceil(w·twice/(2·total) - 1/2), without leaving 128 bits: w < 2^60, twice < 2^64.
            let product = u128::from(*weight) * twice;
            let start = product.saturating_sub(total).div_ceil(2 * total);
            let start = u64::try_from(start).unwrap_or(u64::MAX);
            seats[*place] = start;
            left = left.saturating_sub(start);
            queue.push(Priority { weight: *weight, odd: 2 * u128::from(start) + 1, entry });
        }
        let mut queue = BinaryHeap::from(queue);
        while left > 0 {
            let Some(mut next) = queue.pop() else { break };
            seats[self.entries[next.entry].1] += 1;
            next.odd += 2;
            queue.push(next);
            left -= 1;
        }
        Ok(seats)
    }

    /// The sum of the weights.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    fn divider(weights: &[u64]) -> Divider {
        let draws: Vec<usize> = (0..weights.len()).collect();
        Divider::new(weights, &draws).unwrap()
    }

    /// Webster's method as the textbook has it: hand out one at a time by the highest w/(2s+1).
    fn textbook(weights: &[u64], n: u64) -> Vec<u64> {
        let mut seats = vec![0_u64; weights.len()];
        for _ in 0..n {
            let mut best: Option<usize> = None;
            for (i, w) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
                let Some(b) = best else {
                    best = Some(i);
                    continue;
                };
                let mine = BigUint::from(*w) * BigUint::from(2 * seats[b] + 1);
                let theirs = BigUint::from(weights[b]) * BigUint::from(2 * seats[i] + 1);
                if mine > theirs || (mine == theirs && *w > weights[b]) {
                    best = Some(i);
                }
            }
            seats[best.unwrap()] += 1;
        }
        seats
    }

    #[test]
    fn the_worked_example_gives_the_smallest_its_seven() {
        // 700 000 / 450 / 49 550 of 750 000; 12 000 uses: exact shares 11 200, 7.2, 792.8.
        assert_eq!(divider(&[700_000, 450, 49_550]).apportion(12_000).unwrap(), [11_200, 7, 793]);
    }

    #[test]
    fn a_tie_goes_to_the_larger_weight_then_to_the_lower_draw() {
        // One use, weights 1 and 1: the draw decides. Weights 3 and 1 at the second use: 3/3 = 1/1, the larger wins.
        assert_eq!(Divider::new(&[1, 1], &["b", "a"]).unwrap().apportion(1).unwrap(), [0, 1]);
        assert_eq!(Divider::new(&[1, 3], &["a", "b"]).unwrap().apportion(2).unwrap(), [0, 2]);
    }

    #[test]
    fn what_cannot_be_divided_is_refused() {
        let none: [u8; 0] = [];
        assert_eq!(Divider::new(&[], &none).unwrap_err(), DivideError::NoWeight);
        assert_eq!(Divider::new(&[0, 0], &[1, 2]).unwrap_err(), DivideError::NoWeight);
        assert_eq!(Divider::new(&[WEIGHT_LIMIT - 1, 1], &[1, 2]).unwrap_err(), DivideError::WeightsTooLarge);
        assert_eq!(Divider::new(&[u64::MAX, u64::MAX], &[1, 2]).unwrap_err(), DivideError::WeightsTooLarge);
        assert_eq!(divider(&[1, 2]).apportion(COUNT_LIMIT).unwrap_err(), DivideError::CountTooLarge);
    }

    fn weights() -> impl Strategy<Value = Vec<u64>> {
        prop_oneof![
            prop::collection::vec(0_u64..20, 1..8),
            prop::collection::vec(0_u64..800_000, 1..40),
            prop::collection::vec(prop_oneof![Just(1_u64), Just(2), 0_u64..(1 << 54)], 1..60),
            Just(vec![WEIGHT_LIMIT - 1]),
            Just(vec![WEIGHT_LIMIT - 2, 1]),
            Just(vec![WEIGHT_LIMIT / 2, WEIGHT_LIMIT / 2 - 1]),
        ]
        .prop_filter("some weight", |w| w.iter().any(|w| *w > 0))
    }

    proptest! {
        #[test]
        fn it_is_websters_method(weights in weights(), n in 0_u64..400) {
            prop_assert_eq!(divider(&weights).apportion(n).unwrap(), textbook(&weights, n));
        }

        #[test]
        fn it_adds_up_and_grows_with_what_there_is(weights in weights(), n in prop_oneof![0_u64..1000, 0..COUNT_LIMIT - 1]) {
            let divider = divider(&weights);
            let (now, more) = (divider.apportion(n).unwrap(), divider.apportion(n + 1).unwrap());
            prop_assert_eq!(now.iter().map(|s| u128::from(*s)).sum::<u128>(), u128::from(n));
            prop_assert_eq!(more.iter().zip(&now).filter(|(m, s)| m > s).count(), 1);
            prop_assert!(more.iter().zip(&now).all(|(m, s)| m >= s));
            prop_assert!(now.iter().zip(&weights).all(|(s, w)| *w > 0 || *s == 0));
        }

        /// Webster stays within the bounds that its divisor sets: nobody is further than k/2 + 1/2 from the exact share.
        #[test]
        fn it_stays_beside_the_exact_share(weights in weights(), n in 0..COUNT_LIMIT) {
            let divider = divider(&weights);
            let k = weights.iter().filter(|w| **w > 0).count();
            for (seat, weight) in divider.apportion(n).unwrap().iter().zip(&weights) {
                let exact = BigUint::from(n) * BigUint::from(*weight);
                let mine = BigUint::from(*seat) * BigUint::from(divider.total());
                let away = if mine > exact { mine - exact } else { exact - mine };
                prop_assert!(away * 2_u8 <= BigUint::from(k + 1) * BigUint::from(divider.total()));
            }
        }

        #[test]
        fn the_order_of_the_weights_does_not_matter(weights in weights(), n in 0..COUNT_LIMIT, turn in 0_usize..60) {
            let draws: Vec<usize> = (0..weights.len()).collect();
            let (mut turned, mut turned_draws) = (weights.clone(), draws.clone());
            let by = turn % weights.len();
            turned.rotate_left(by);
            turned_draws.rotate_left(by);
            let mut theirs = Divider::new(&turned, &turned_draws).unwrap().apportion(n).unwrap();
            theirs.rotate_right(by);
            prop_assert_eq!(Divider::new(&weights, &draws).unwrap().apportion(n).unwrap(), theirs);
        }
    }
}
