//! Fingerprints of months, to see whether a vendor restated anything, whatever the order of the rows.
//!
//! [`MonthDigests`] hashes what each record says of its use, multiplies by the count, and adds a month's products up: neither
//! the order of records matters, nor whether a count comes whole or in parts.

use std::collections::HashMap;

use crate::model::usage::short_hash;
use crate::model::{Addresses, Item, Member, Month, UsageRecord};

/// So many words are remembered with their hash.
const WORDS: usize = 4096;

/// The fingerprints of the months of a reading. The value for a month stands in stores: how it is made never changes.
#[derive(Debug, Default)]
pub struct MonthDigests {
    /// By [`Month::index`].
    sums: Vec<u128>,
    words: HashMap<String, u128>,
    last: Last,
}

/// The record before; most records share nearly all with it.
#[derive(Debug, Default)]
struct Last {
    item: Option<Item>,
    item_hash: u128,
    member: Member,
    member_hash: u128,
    addresses: Option<Addresses>,
    addresses_hash: u128,
    /// Metric, data type, access method, access type, YOP.
    words: [(String, u128); 5],
    /// Of all of the above.
    hash: u128,
}

impl MonthDigests {
    /// Adds a record.
    pub fn add(&mut self, record: &UsageRecord<'_>) {
        self.add_months(record, &[(record.month, record.count)]);
    }

    /// Adds the counts of several months that share all else with `record`.
    pub fn add_months(&mut self, record: &UsageRecord<'_>, counts: &[(Month, u64)]) {
        let mut same = true;
        let last = &mut self.last;
        if last.item.as_ref() != Some(record.item) {
            last.item = Some(record.item.clone());
            last.item_hash = u128::from_be_bytes(record.item.fingerprint());
            same = false;
        }
        match record.member.filter(|member| **member != Member::default()) {
            Some(member) if *member != last.member => {
                last.member = member.clone();
                let Member { customer_id, name, isil } = member;
                let text = format!("{}:{customer_id}{}:{name}{}:{isil}", customer_id.len(), name.len(), isil.len());
                last.member_hash = u128::from_be_bytes(short_hash(text.as_bytes()));
                same = false;
            }
            None if last.member_hash != 0 => {
                last.member = Member::default();
                last.member_hash = 0;
                same = false;
            }
            _ => {}
        }
        if record.addresses != last.addresses {
            last.addresses = record.addresses;
            last.addresses_hash =
                record.addresses.map_or(0, |addresses| u128::from_be_bytes(short_hash(format!("addresses {addresses}").as_bytes())));
            same = false;
        }
        let words = [record.metric, record.data_type, record.access_method, record.access_type, record.yop];
        for (known, word) in last.words.iter_mut().zip(words) {
            if known.0 != word {
                known.0.clear();
                known.0.push_str(word);
                known.1 = hash_of(&mut self.words, word);
                same = false;
            }
        }
        if !same {
            last.hash =
                last.words.iter().fold(mix(last.item_hash, last.member_hash ^ last.addresses_hash), |hash, (_, word)| mix(hash, *word));
        }
        for &(month, count) in counts {
            let place = usize::try_from(month.index()).unwrap_or(0);
            if place >= self.sums.len() {
                self.sums.resize(place + 1, 0);
            }
            // Proportional to the count: a fact that a report gives in two parts is stored as one, and has to give the same.
            let fact = mix(last.hash, u128::from(month.index().unsigned_abs()));
            self.sums[place] = self.sums[place].wrapping_add(fact.wrapping_mul(u128::from(count)));
        }
    }

    /// The fingerprint of a month: 32 hexadecimal digits, all of them 0 for a month without records.
    #[must_use]
    pub fn get(&self, month: Month) -> String {
        let sum = usize::try_from(month.index()).ok().and_then(|place| self.sums.get(place)).copied().unwrap_or(0);
        format!("{sum:032x}")
    }
}

/// A word's hash; no word has none.
fn hash_of(words: &mut HashMap<String, u128>, word: &str) -> u128 {
    if word.is_empty() {
        return 0;
    }
    if let Some(hash) = words.get(word) {
        return *hash;
    }
    if words.len() >= WORDS {
        words.clear();
    }
    let hash = u128::from_be_bytes(short_hash(word.as_bytes()));
    words.insert(word.to_owned(), hash);
    hash
}

/// Both numbers stirred into one, in which their order matters. Each half goes through the finaliser of SplitMix64.
fn mix(one: u128, two: u128) -> u128 {
    #[expect(clippy::cast_possible_truncation, reason = "the halves are meant")]
    let halves = |number: u128| ((number >> 64) as u64, number as u64);
    let ((a, b), (c, d)) = (halves(one), halves(two));
    let left = stir(a ^ stir(c.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_add(d.wrapping_mul(0xd6e8_feb8_6659_fd93)));
    let right = stir(b.wrapping_add(left) ^ stir(d.wrapping_add(0xa076_1d64_78bd_642f)).wrapping_add(c.rotate_left(32)));
    (u128::from(left) << 64) | u128::from(right)
}

fn stir(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Row = (String, String, u32, u64, bool);

    fn digest(rows: &[Row]) -> Vec<String> {
        let mut digests = MonthDigests::default();
        for (title, metric, month, count, member) in rows {
            let item = Item { title: title.clone(), ..Item::default() };
            let member = member.then(|| Member { name: title.clone(), ..Member::default() });
            digests.add(&UsageRecord {
                item: &item,
                member: member.as_ref(),
                addresses: None,
                metric,
                month: Month::new(2024, *month).unwrap(),
                data_type: "Book",
                access_method: "Regular",
                access_type: "",
                yop: "",
                count: *count,
            });
        }
        (1..=12).map(|month| digests.get(Month::new(2024, month).unwrap())).collect()
    }

    fn row(title: &str, count: u64) -> Row {
        (title.into(), "M".into(), 1, count, false)
    }

    #[test]
    fn every_part_of_a_record_counts() {
        let first = digest(&[row("A", 1)]);
        for other in [
            row("B", 1),
            row("A", 2),
            ("A".into(), "N".into(), 1, 1, false),
            ("A".into(), "M".into(), 2, 1, false),
            ("A".into(), "M".into(), 1, 1, true),
        ] {
            assert_ne!(first, digest(std::slice::from_ref(&other)), "{other:?}");
        }
    }

    #[test]
    fn a_count_in_two_parts_is_the_same_count() {
        assert_ne!(digest(&[row("A", 1)]), digest(&[row("A", 1), row("A", 1)]));
        assert_eq!(digest(&[row("A", 12), row("B", 1)]), digest(&[row("A", 5), row("B", 1), row("A", 7)]));
    }

    #[test]
    fn an_empty_member_is_no_member() {
        let item = Item::default();
        let month = Month::new(2024, 1).unwrap();
        let (nobody, somebody) = (Member::default(), Member { name: "A".into(), ..Member::default() });
        let one = |member| {
            let mut digests = MonthDigests::default();
            digests.add(&UsageRecord {
                item: &item,
                member,
                addresses: None,
                metric: "M",
                month,
                data_type: "",
                access_method: "",
                access_type: "",
                yop: "",
                count: 1,
            });
            digests.get(month)
        };
        assert_eq!(one(None), one(Some(&nobody)));
        assert_ne!(one(None), one(Some(&somebody)));
    }

    #[test]
    fn a_fingerprint_is_the_same_in_years_to_come() {
        assert_eq!(digest(&[row("A", 1), row("B", 7)])[0], "8982178a4b89270cbf2d79ad9adbb40c");
    }

    proptest! {
        #[test]
        fn the_order_of_records_does_not_matter(mut rows in prop::collection::vec(("[A-C]", "[MN]", 1u32..4, 1u64..5, any::<bool>()), 0..20), seed in any::<u64>()) {
            let before = digest(&rows);
            let mut state = seed;
            for i in (1..rows.len()).rev() {
                state = stir(state.wrapping_add(1));
                rows.swap(i, usize::try_from(state % (i as u64 + 1)).unwrap());
            }
            prop_assert_eq!(before, digest(&rows));
        }
    }
}
