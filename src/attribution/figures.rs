//! Parts come together to a figure: values add up, exact shares add up as fractions, the weakest quality stands for all.

use std::collections::BTreeSet;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;

use super::division::{Division, Mark};
use super::run::Part;
use crate::model::registry::ManualFigure;
use crate::model::statistic::{Basis, StatisticKey};
use crate::model::{AccountId, InstitutionId, Quality, Statistic};

/// One institution's share of a part, above zero.
#[derive(Debug, Clone)]
pub struct Share {
    /// Whose; nobody for what is unresolved.
    pub institution: Option<InstitutionId>,
    /// The whole number.
    pub value: u64,
    /// n × weight; the exact share is this divided by `of`. Below 2^123.
    pub portion: u128,
    /// The sum of the weights.
    pub of: u64,
}

impl Share {
    /// n × weight / total weight.
    #[must_use]
    pub fn exact(&self) -> BigRational {
        BigRational::new(BigInt::from(self.portion), BigInt::from(self.of))
    }
}

/// The shares of a part whose exact share is above zero.
pub fn shares(part: &Part) -> impl Iterator<Item = Share> {
    let n = part.group.total;
    let nobody = part.division.claimants.is_empty().then(|| Share { institution: None, value: n, portion: u128::from(n), of: 1 });
    let of: u64 = part.division.claimants.iter().map(|c| c.weight).sum();
    let with_weight = part.division.claimants.iter().zip(&part.values).filter(|(claimant, _)| claimant.weight > 0);
    let shares = with_weight.map(move |(claimant, value)| Share {
        institution: Some(claimant.institution.clone()),
        value: *value,
        portion: u128::from(n) * u128::from(claimant.weight),
        of,
    });
    nobody.into_iter().chain(shares)
}

/// A sum of fractions. Those of one denominator, which are most, are added without reducing any.
#[derive(Debug, Default)]
struct Exact {
    by_denominator: Vec<(u64, u128)>,
    rest: Option<BigRational>,
}

impl Exact {
    fn add(&mut self, portion: u128, of: u64) {
        match self.by_denominator.iter_mut().find(|(denominator, _)| *denominator == of) {
            Some((_, sum)) => match sum.checked_add(portion) {
                Some(larger) => *sum = larger,
                None => {
                    let rest = self.rest.get_or_insert_with(BigRational::zero);
                    *rest += reduced(portion, of);
                }
            },
            None => self.by_denominator.push((of, portion)),
        }
    }

    fn sum(self) -> BigRational {
        let mut fractions = self.by_denominator.into_iter().map(|(of, portion)| reduced(portion, of)).chain(self.rest);
        let first = fractions.next().unwrap_or_else(BigRational::zero);
        fractions.fold(first, |sum, fraction| sum + fraction)
    }
}

/// A fraction in lowest terms; the denominator is above zero.
fn reduced(numerator: u128, denominator: u64) -> BigRational {
    let common = gcd(numerator, u128::from(denominator)).max(1);
    BigRational::new_raw(BigInt::from(numerator / common), BigInt::from(u128::from(denominator) / common))
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        // Numbers that fit are divided much faster.
        if let (Ok(mut x), Ok(mut y)) = (u64::try_from(a), u64::try_from(b)) {
            while y != 0 {
                (x, y) = (y, x % y);
            }
            return u128::from(x);
        }
        (a, b) = (b, a % b);
    }
    a
}

/// A figure as its parts come together.
pub(super) struct Sum {
    value: u64,
    exact: Exact,
    quality: Quality,
    keys: BTreeSet<String>,
    claimants: BTreeSet<InstitutionId>,
    accounts: BTreeSet<AccountId>,
    marks: BTreeSet<Mark>,
    /// Where the division that was added last stands in memory: most figures have one.
    last: usize,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            value: 0,
            exact: Exact::default(),
            quality: Quality::Exact,
            keys: BTreeSet::new(),
            claimants: BTreeSet::new(),
            accounts: BTreeSet::new(),
            marks: BTreeSet::new(),
            last: 0,
        }
    }
}

impl Sum {
    /// Adds a share of a part of this division.
    pub fn add(&mut self, account: &AccountId, division: &Division, share: &Share, partial: bool) {
        self.value = self.value.saturating_add(share.value);
        self.exact.add(share.portion, share.of);
        let place = std::ptr::from_ref(division).addr();
        if self.last != place {
            self.last = place;
            self.quality = self.quality.max(division.quality);
            let word = division.key_word();
            if !word.is_empty() {
                self.keys.insert(word.to_owned());
            }
            self.claimants.extend(division.claimants.iter().map(|c| c.institution.clone()));
            self.marks.extend(&division.marks);
        }
        if !self.accounts.contains(account) {
            self.accounts.insert(account.clone());
        }
        if partial {
            self.marks.insert(Mark::Partial);
        }
    }

    /// Adds what people have entered.
    pub fn add_manual(&mut self, figure: &ManualFigure) {
        self.value = self.value.saturating_add(figure.value);
        self.exact.add(u128::from(figure.value), 1);
        self.quality = self.quality.max(Quality::Manual);
        self.claimants.insert(figure.institution.clone());
        self.accounts.extend(figure.instead_of.iter().cloned());
    }

    pub fn statistic(self, key: StatisticKey) -> Statistic {
        let basis = Basis {
            quality: self.quality,
            keys: self.keys.into_iter().collect(),
            claimants: self.claimants.into_iter().collect(),
            accounts: self.accounts.into_iter().collect(),
            notes: self.marks.into_iter().map(|mark| mark.as_str().to_owned()).collect(),
        };
        Statistic { key, value: self.value, exact: self.exact.sum(), basis }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Beside fractions of any size.
        #[test]
        fn fractions_add_up(parts in prop::collection::vec((prop_oneof![0_u128..1000, any::<u128>().prop_map(|n| n >> 5), Just(u128::MAX)], prop_oneof![1_u64..20, 1_u64..1 << 60]), 0..12)) {
            let (mut exact, mut plain) = (Exact::default(), BigRational::zero());
            for (portion, of) in parts {
                exact.add(portion, of);
                plain += BigRational::new(portion.into(), of.into());
            }
            prop_assert_eq!(exact.sum(), plain);
        }
    }
}
