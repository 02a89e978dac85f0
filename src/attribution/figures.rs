//! Parts come together to a figure: values add up, exact shares add up as fractions, the weakest quality stands for all.

use std::borrow::Borrow;
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

impl<T: Clone + Ord + Hash> Numbered<T> {
    fn new() -> Self {
        Self { all: Vec::new(), numbers: HashMap::new() }
    }

    fn number<Q>(&mut self, thing: &Q) -> u32
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(number) = self.numbers.get(thing) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(NONE);
        self.all.push(thing.to_owned());
        self.numbers.insert(thing.to_owned(), number);
        number
    }

    /// For each number the place of its thing in the order of things.
    fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.all.len()).collect();
        order.sort_unstable_by_key(|number| self.all.get(*number));
        let mut ranks = vec![NONE; self.all.len()];
        for (rank, number) in (0_u32..).zip(order) {
            if let Some(place) = ranks.get_mut(number) {
                *place = rank;
            }
        }
        ranks
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
    /// Whose; the number of an institution.
    institution: u32,
    value: u64,
    exact: Exact,
    rests: Vec<Rest>,
    /// Places among the figures by hand.
    manual: Vec<u32>,
}

/// A division as the figures see it.
struct Among {
    division: Arc<Division>,
    /// The sum of the weights.
    of: u64,
    /// The number of each claimant who is wanted and gets something, with its weight and place among them.
    takers: Vec<(u32, u64, usize)>,
    /// The number of nobody, who takes what has no claimants.
    nobody: Option<u32>,
}

/// The figures of a unit as they come together.
pub(super) struct Sums<'a> {
    /// Whose figures are wanted; everybody's if nothing is given.
    only: Option<&'a BTreeSet<Option<InstitutionId>>>,
    institutions: Numbered<Option<InstitutionId>>,
    texts: Numbered<String>,
    accounts: Numbered<AccountId>,
    divisions: Vec<Among>,
    /// By where they stand in memory; `divisions` keeps them there.
    places: HashMap<usize, u32>,
    manual: Vec<&'a ManualFigure>,
    /// For each month, metric and data type the place of each institution's sum; [`NONE`] where it has none.
    cells: HashMap<(Month, u32, u32), Vec<u32>>,
    sums: Vec<Sum>,
}

/// No place.
const NONE: u32 = u32::MAX;

impl<'a> Sums<'a> {
    pub fn new(only: Option<&'a BTreeSet<Option<InstitutionId>>>) -> Self {
        Self {
            only,
            institutions: Numbered::new(),
            texts: Numbered::new(),
            accounts: Numbered::new(),
            divisions: Vec::new(),
            places: HashMap::new(),
            manual: Vec::new(),
            cells: HashMap::new(),
            sums: Vec::new(),
        }
    }

    /// The number of an institution, or of nobody, if its figures are wanted.
    fn wanted(&mut self, institution: Option<&InstitutionId>) -> Option<u32> {
        let institution = institution.cloned();
        self.only.is_none_or(|only| only.contains(&institution)).then(|| self.institutions.number(&institution))
    }

    /// The number of a division.
    fn among(&mut self, division: &Arc<Division>) -> u32 {
        let place = Arc::as_ptr(division).addr();
        if let Some(number) = self.places.get(&place) {
            return *number;
        }
        let mut takers = Vec::new();
        for (place, claimant) in division.claimants.iter().enumerate().filter(|(_, claimant)| claimant.weight > 0) {
            let number = self.wanted(Some(&claimant.institution));
            takers.extend(number.map(|number| (number, claimant.weight, place)));
        }
        let nobody = if division.claimants.is_empty() { self.wanted(None) } else { None };
        let of = division.claimants.iter().map(|claimant| claimant.weight).sum();
        let number = u32::try_from(self.divisions.len()).unwrap_or(NONE);
        self.divisions.push(Among { division: division.clone(), of, takers, nobody });
        self.places.insert(place, number);
        number
    }

    /// Adds the shares of a part that are above zero, of those who are wanted.
    pub fn add(&mut self, metric: &str, account: &AccountId, part: &Part, partial: bool) {
        let division = self.among(&part.division);
        let Some(among) = self.divisions.get(division as usize) else { return };
        if among.takers.is_empty() && among.nobody.is_none() {
            return;
        }
        let (metric, data_type) = (self.texts.number(metric), self.texts.number(part.group.data_type.as_str()));
        let rest = Rest { division, account: self.accounts.number(account), partial };
        let n = part.group.total;
        let cell = self.cells.entry((part.group.month, metric, data_type)).or_default();
        let sums = &mut self.sums;
        let mut give = |institution: u32, value: u64, portion: u128, of: u64| {
            if let Some(sum) = sum_of(cell, sums, institution) {
                sum.value = sum.value.saturating_add(value);
                sum.exact.add(portion, of);
                if !sum.rests.contains(&rest) {
                    sum.rests.push(rest);
                }
            }
        };
        for (institution, weight, place) in &among.takers {
            let value = part.values.get(*place).copied().unwrap_or(0);
            give(*institution, value, u128::from(n) * u128::from(*weight), among.of);
        }
        if let Some(nobody) = among.nobody {
            give(nobody, n, u128::from(n), 1);
        }
    }

    /// Adds what people have entered, if it is wanted.
    pub fn add_manual(&mut self, figure: &'a ManualFigure) {
        let Some(institution) = self.wanted(Some(&figure.institution)) else { return };
        let cell = self.cells.entry((figure.month, self.texts.number(figure.metric.as_str()), self.texts.number(""))).or_default();
        if let Some(sum) = sum_of(cell, &mut self.sums, institution) {
            sum.value = sum.value.saturating_add(figure.value);
            sum.exact.add(u128::from(figure.value), 1);
            sum.manual.push(u32::try_from(self.manual.len()).unwrap_or(NONE));
            self.manual.push(figure);
        }
    }

    /// The statistics, in the order of their keys.
    pub fn statistics(mut self, unit: &Unit) -> Vec<Statistic> {
        let (institutions, texts) = (self.institutions.ranks(), self.texts.ranks());
        let rank = |ranks: &[u32], number: u32| ranks.get(number as usize).copied().unwrap_or(NONE);
        // Numbers are compared much faster than what they stand for.
        let mut order: Vec<([u32; 4], Month, u32, u32, u32)> = Vec::with_capacity(self.sums.len());
        for ((month, metric, data_type), cell) in &self.cells {
            let of_month = u32::try_from(month.index()).unwrap_or(0);
            for (institution, place) in (0_u32..).zip(cell).filter(|(_, place)| **place != NONE) {
                let key = [of_month, rank(&institutions, institution), rank(&texts, *metric), rank(&texts, *data_type)];
                order.push((key, *month, *metric, *data_type, *place));
            }
        }
        order.sort_unstable();
        let mut bases: HashMap<(Vec<Rest>, Vec<u32>), Arc<Basis>> = HashMap::new();
        let mut sums: Vec<Option<Sum>> = std::mem::take(&mut self.sums).into_iter().map(Some).collect();
        let mut statistics: Vec<Statistic> = Vec::with_capacity(sums.len());
        for (_, month, metric, data_type, place) in order {
            let Some(mut sum) = sums.get_mut(place as usize).and_then(Option::take) else { continue };
            sum.rests.sort_unstable();
            let basis = bases.entry((sum.rests, sum.manual)).or_insert_with_key(|(rests, manual)| Arc::new(self.basis(rests, manual)));
            let text = |number: u32| self.texts.all.get(number as usize).cloned().unwrap_or_default();
            let key = StatisticKey {
                product: unit.product.clone(),
                report: unit.report.clone(),
                month,
                institution: self.institutions.all.get(sum.institution as usize).cloned().flatten(),
                metric: text(metric),
                data_type: text(data_type),
            };
            statistics.push(Statistic { key, value: sum.value, exact: sum.exact.sum(), basis: basis.clone() });
        }
        statistics
    }

    fn basis(&self, rests: &[Rest], manual: &[u32]) -> Basis {
        let mut quality = Quality::Exact;
        let (mut keys, mut marks) = (BTreeSet::new(), BTreeSet::new());
        let (mut claimants, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        for rest in rests {
            let Some(Among { division, .. }) = self.divisions.get(rest.division as usize) else { continue };
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

/// An institution's sum among those of a month, metric and data type; a new one if it has none.
fn sum_of<'s>(cell: &mut Vec<u32>, sums: &'s mut Vec<Sum>, institution: u32) -> Option<&'s mut Sum> {
    let at = institution as usize;
    if cell.len() <= at {
        cell.resize(at + 1, NONE);
    }
    let place = cell.get_mut(at)?;
    if *place == NONE {
        *place = u32::try_from(sums.len()).ok().filter(|place| *place != NONE)?;
        sums.push(Sum { institution, value: 0, exact: Exact::default(), rests: Vec::new(), manual: Vec::new() });
    }
    sums.get_mut(*place as usize)
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
