//! Parts come together to a figure: values add up, exact shares add up as fractions, the weakest quality stands for all.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;

use super::division::{Division, Mark};
use super::run::Part;
use crate::model::registry::ManualFigure;
use crate::model::statistic::{Basis, StatisticKey};
use crate::model::{AccountId, InstitutionId, Month, Quality, Statistic, Unit};

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
    /// The first denominator, and the sum of its numerators; a denominator of 0 is none.
    first: (u64, u128),
    more: Vec<(u64, u128)>,
    rest: Option<BigRational>,
}

impl Exact {
    fn add(&mut self, portion: u128, of: u64) {
        if self.first.0 == 0 {
            self.first.0 = of;
        }
        let known = std::iter::once(&mut self.first).chain(&mut self.more).find(|(denominator, _)| *denominator == of);
        match known {
            Some((_, sum)) => match sum.checked_add(portion) {
                Some(larger) => *sum = larger,
                None => {
                    let rest = self.rest.get_or_insert_with(BigRational::zero);
                    *rest += reduced(portion, of);
                }
            },
            None => self.more.push((of, portion)),
        }
    }

    fn sum(self) -> BigRational {
        let first = if self.first.0 == 0 { BigRational::zero() } else { reduced(self.first.1, self.first.0) };
        let others = self.more.into_iter().map(|(of, portion)| reduced(portion, of)).chain(self.rest);
        others.fold(first, |sum, fraction| sum + fraction)
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

/// Things that many figures share, each with its number.
#[derive(Debug)]
struct Numbered<T> {
    all: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn new() -> Self {
        Self { all: Vec::new(), numbers: HashMap::new() }
    }

    fn number(&mut self, thing: &T) -> u32 {
        if let Some(number) = self.numbers.get(thing) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(thing.clone());
        self.numbers.insert(thing.clone(), number);
        number
    }
}

/// What a part of a figure rests on: a division, an account, and whether there will be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Rest {
    division: u32,
    account: u32,
    partial: bool,
}

/// A figure as its parts come together.
#[derive(Debug)]
struct Sum {
    value: u64,
    exact: Exact,
    rests: Vec<Rest>,
    /// Places among the figures by hand.
    manual: Vec<u32>,
}

/// Month, institution, metric, data type: their numbers.
type Key = (Month, u32, u32, u32);

/// The figures of a unit as they come together.
pub(super) struct Sums<'a> {
    institutions: Numbered<Option<InstitutionId>>,
    texts: Numbered<String>,
    accounts: Numbered<AccountId>,
    divisions: Vec<Arc<Division>>,
    /// By where they stand in memory; `divisions` keeps them there.
    places: HashMap<usize, u32>,
    manual: Vec<&'a ManualFigure>,
    sums: HashMap<Key, Sum>,
}

impl<'a> Sums<'a> {
    pub fn new() -> Self {
        Self {
            institutions: Numbered::new(),
            texts: Numbered::new(),
            accounts: Numbered::new(),
            divisions: Vec::new(),
            places: HashMap::new(),
            manual: Vec::new(),
            sums: HashMap::new(),
        }
    }

    /// Adds the shares of a part, of those institutions that are wanted.
    pub fn add(&mut self, metric: &str, account: &AccountId, part: &Part, partial: bool, wanted: impl Fn(&Option<InstitutionId>) -> bool) {
        let (metric, data_type) = (self.texts.number(&metric.to_owned()), self.texts.number(&part.group.data_type));
        let account = self.accounts.number(account);
        let place = Arc::as_ptr(&part.division).addr();
        let division = *self.places.entry(place).or_insert_with(|| {
            self.divisions.push(part.division.clone());
            u32::try_from(self.divisions.len() - 1).unwrap_or(u32::MAX)
        });
        let rest = Rest { division, account, partial };
        for share in shares(part).filter(|share| wanted(&share.institution)) {
            let key = (part.group.month, self.institutions.number(&share.institution), metric, data_type);
            let sum = self.sums.entry(key).or_insert_with(Sum::new);
            sum.value = sum.value.saturating_add(share.value);
            sum.exact.add(share.portion, share.of);
            if !sum.rests.contains(&rest) {
                sum.rests.push(rest);
            }
        }
    }

    /// Adds what people have entered.
    pub fn add_manual(&mut self, figure: &'a ManualFigure) {
        let institution = self.institutions.number(&Some(figure.institution.clone()));
        let key = (figure.month, institution, self.texts.number(&figure.metric), self.texts.number(&String::new()));
        let sum = self.sums.entry(key).or_insert_with(Sum::new);
        sum.value = sum.value.saturating_add(figure.value);
        sum.exact.add(u128::from(figure.value), 1);
        sum.manual.push(u32::try_from(self.manual.len()).unwrap_or(u32::MAX));
        self.manual.push(figure);
    }

    /// The statistics, in the order of their keys.
    pub fn statistics(mut self, unit: &Unit) -> Vec<Statistic> {
        let mut bases: HashMap<(Vec<Rest>, Vec<u32>), Arc<Basis>> = HashMap::new();
        let sums = std::mem::take(&mut self.sums);
        let mut statistics: Vec<Statistic> = Vec::with_capacity(sums.len());
        for ((month, institution, metric, data_type), mut sum) in sums {
            sum.rests.sort_unstable();
            let basis = bases.entry((sum.rests, sum.manual)).or_insert_with_key(|(rests, manual)| Arc::new(self.basis(rests, manual)));
            let text = |number: u32| self.texts.all.get(number as usize).cloned().unwrap_or_default();
            let key = StatisticKey {
                product: unit.product.clone(),
                report: unit.report.clone(),
                month,
                institution: self.institutions.all.get(institution as usize).cloned().flatten(),
                metric: text(metric),
                data_type: text(data_type),
            };
            statistics.push(Statistic { key, value: sum.value, exact: sum.exact.sum(), basis: basis.clone() });
        }
        statistics.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        statistics
    }

    fn basis(&self, rests: &[Rest], manual: &[u32]) -> Basis {
        let mut quality = Quality::Exact;
        let (mut keys, mut marks) = (BTreeSet::new(), BTreeSet::new());
        let (mut claimants, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        for rest in rests {
            let Some(division) = self.divisions.get(rest.division as usize) else { continue };
            quality = quality.max(division.quality);
            keys.extend(Some(division.key_word()).filter(|word| !word.is_empty()));
            claimants.extend(division.claimants.iter().map(|c| &c.institution));
            marks.extend(division.marks.iter().copied().chain(rest.partial.then_some(Mark::Partial)));
            accounts.extend(self.accounts.all.get(rest.account as usize));
        }
        for figure in manual.iter().filter_map(|place| self.manual.get(*place as usize)) {
            quality = quality.max(Quality::Manual);
            claimants.insert(&figure.institution);
            accounts.extend(&figure.instead_of);
        }
        Basis {
            quality,
            keys: keys.into_iter().map(str::to_owned).collect(),
            claimants: claimants.into_iter().cloned().collect(),
            accounts: accounts.into_iter().cloned().collect(),
            notes: marks.into_iter().map(|mark| mark.as_str().to_owned()).collect(),
        }
    }
}

impl Sum {
    fn new() -> Self {
        Self { value: 0, exact: Exact::default(), rests: Vec::new(), manual: Vec::new() }
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
