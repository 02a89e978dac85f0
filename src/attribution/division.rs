//! By which weights a scope's use is divided in a month (ATTRIBUTION section 3), and how strong that is (section 5).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::claimants::{Because, Claimants};
use super::keys::{AgreedKey, KeyBook, Sessions, Wanted, measured_until};
use super::month_view::MonthView;
use super::persons::PersonFigures;
use crate::model::registry::InstitutionKind;
use crate::model::weight::{DECIMALS, WEIGHT_LIMIT};
use crate::model::{InstitutionId, KeyId, KeyMethod, ProductId, Quality, Weight};

/// How weights come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// One claimant, or none: nothing to divide.
    None,
    /// By inhabitants, pupils and staff.
    Population,
    /// The same for everyone.
    Equal,
    /// As an agreed key has them.
    Fixed,
    /// By the sessions that the access control has seen.
    Measured,
}

impl Method {
    /// The word in files; empty where nothing is divided.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Population => "population",
            Self::Equal => "equal",
            Self::Fixed => "fixed",
            Self::Measured => "measured",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A mark that a figure carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Nobody subscribes, so nobody was dropped.
    NoSubscriber,
    /// Somebody has no person figure, so everybody gets the same.
    NoPersons,
    /// All weights are zero, so everybody gets the same.
    ZeroWeights,
    /// The vendor says that there will be more (code 3040).
    Partial,
}

impl Mark {
    /// The word in the column `note`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSubscriber => "no_subscriber",
            Self::NoPersons => "no_persons",
            Self::ZeroWeights => "zero_weights",
            Self::Partial => "partial",
        }
    }
}

/// How the use of one scope is divided in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Who takes part, in the order of ids, with weight and reason.
    pub claimants: Vec<Claimant>,
    /// Who was dropped.
    pub dropped: BTreeMap<InstitutionId, Because>,
    /// How the weights came about.
    pub method: Method,
    /// The agreed key that they come from; nothing: the default key, or nothing to divide.
    pub key: Option<KeyId>,
    /// Weights are whole; entered was a weight divided by so many tens.
    pub decimals: u32,
    /// Agreed keys that would fit if they did not leave these claimants out.
    pub left_out: Vec<(KeyId, Vec<InstitutionId>)>,
    /// How strong the figures are.
    pub quality: Quality,
    /// What else is to be said.
    pub marks: BTreeSet<Mark>,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimant {
    /// Who.
    pub institution: InstitutionId,
    /// Why.
    pub because: Because,
    /// Its weight: persons, or a multiple of persons where a municipality's are divided among its libraries.
    pub weight: u64,
}

/// What a division is made with, beside the claimants.
pub struct Means<'m, 'a> {
    /// The registry of the month.
    pub view: &'m MonthView<'a>,
    /// Person figures.
    pub persons: &'m PersonFigures,
    /// The agreed keys of the month.
    pub keys: &'m KeyBook<'a>,
    /// What the access control has seen.
    pub sessions: &'m Sessions<'a>,
}

/// Weights, and how they came about.
struct Weights {
    method: Method,
    weights: Vec<u64>,
    decimals: u32,
    mark: Option<Mark>,
}

impl Weights {
    fn of(method: Method, weights: Vec<u64>) -> Self {
        // All weights zero: equal.
        let zero = weights.iter().all(|weight| *weight == 0);
        if zero { Self::equal(weights.len(), Some(Mark::ZeroWeights)) } else { Self { method, weights, decimals: 0, mark: None } }
    }

    fn equal(claimants: usize, mark: Option<Mark>) -> Self {
        Self { method: Method::Equal, weights: vec![1; claimants], decimals: 0, mark }
    }
}

impl Division {
    /// The division among these claimants.
    #[must_use]
    pub fn new(means: &Means<'_, '_>, claimants: Claimants, wanted: &mut Wanted<'_>) -> Self {
        let Claimants { all, dropped, no_subscriber, undivided, .. } = claimants;
        let mut marks = BTreeSet::new();
        if no_subscriber {
            marks.insert(Mark::NoSubscriber);
        }
        let (mut key, mut left_out) = (None, Vec::new());
        let weights = if all.len() < 2 {
            Weights { method: Method::None, weights: vec![1; all.len()], decimals: 0, mark: None }
        } else {
            let ids: Vec<&InstitutionId> = all.keys().collect();
            let fitting = means.keys.fitting(&ids, wanted);
            let product = wanted.product;
            let by_key = fitting.keys.iter().find_map(|agreed| Some((agreed.id.clone(), means.by_key(agreed, &ids, product)?)));
            left_out = fitting.left_out;
            match by_key {
                Some((id, weights)) => {
                    key = Some(id);
                    weights
                }
                None => means.by_population(&ids),
            }
        };
        marks.extend(weights.mark);
        let quality = undivided.unwrap_or(if key.is_some() { Quality::AgreedKey } else { Quality::DefaultKey });
        let claimants = all
            .into_iter()
            .zip(weights.weights)
            .map(|((institution, because), weight)| Claimant { institution, because, weight })
            .collect();
        Self { claimants, dropped, method: weights.method, key, decimals: weights.decimals, left_out, quality, marks }
    }

    /// What the column `key` says: the agreed key, else how the default key divided; empty where nothing was divided.
    #[must_use]
    pub fn key_word(&self) -> &str {
        self.key.as_ref().map_or(self.method.as_str(), KeyId::as_str)
    }

    /// Whether a run goes on from one to the other: the same claimants with the same weights.
    #[must_use]
    pub fn same_run(&self, other: &Self) -> bool {
        let theirs = other.claimants.iter().map(|c| (&c.institution, c.weight));
        self.claimants.iter().map(|c| (&c.institution, c.weight)).eq(theirs)
    }

    /// The weights in the order of claimants.
    #[must_use]
    pub fn weights(&self) -> Vec<u64> {
        self.claimants.iter().map(|c| c.weight).collect()
    }
}

impl Means<'_, '_> {
    /// The weights that an agreed key gives these claimants; nothing if it measures and has nothing to measure by.
    fn by_key(&self, key: &AgreedKey<'_>, claimants: &[&InstitutionId], product: &ProductId) -> Option<Weights> {
        Some(match key.method {
            KeyMethod::Equal => Weights::equal(claimants.len(), None),
            KeyMethod::Population => self.by_population(claimants),
            KeyMethod::Fixed => {
                let weights: Vec<u128> =
                    claimants.iter().map(|id| key.institutions.get(*id).copied().flatten().map_or(0, Weight::billionths)).collect();
                let decimals = decimals_of(&weights);
                let tens = 10_u128.pow(DECIMALS - decimals);
                let weights = whole_weights(weights.into_iter().map(|weight| weight / tens).collect(), 1);
                Weights { decimals, ..Weights::of(Method::Fixed, weights) }
            }
            KeyMethod::Measured => {
                let last = measured_until(key.from, self.view.month);
                let weights: Vec<u128> = claimants.iter().map(|id| u128::from(self.sessions.year_to(product, id, last))).collect();
                if weights.iter().all(|sessions| *sessions == 0) {
                    return None;
                }
                Weights::of(Method::Measured, whole_weights(weights, 1))
            }
        })
    }

    fn by_population(&self, claimants: &[&InstitutionId]) -> Weights {
        match population(self.view, self.persons, claimants.iter().copied()) {
            Ok(weights) => Weights::of(Method::Population, weights),
            Err(NoPersons) => Weights::equal(claimants.len(), Some(Mark::NoPersons)),
        }
    }
}

/// How many decimals these billionths need.
fn decimals_of(billionths: &[u128]) -> u32 {
    (0..DECIMALS).find(|decimals| billionths.iter().all(|weight| weight % 10_u128.pow(DECIMALS - decimals) == 0)).unwrap_or(DECIMALS)
}

/// A public or school library has no figure at all.
struct NoPersons;

/// The weights that the default key gives these institutions, in their order; nothing if a public or school library has no figure.
pub fn population_weights<'a>(
    view: &MonthView<'_>,
    persons: &PersonFigures,
    institutions: impl Iterator<Item = &'a InstitutionId>,
) -> Option<Vec<u64>> {
    population(view, persons, institutions).ok()
}

/// Weights by persons, as whole numbers.
fn population<'a>(
    view: &MonthView<'_>,
    persons: &PersonFigures,
    claimants: impl Iterator<Item = &'a InstitutionId>,
) -> Result<Vec<u64>, NoPersons> {
    let year = view.month.year();
    let institutions: Vec<_> = claimants.map(|id| view.institution(id.as_str())).collect();
    let mut of_municipality: BTreeMap<&str, u64> = BTreeMap::new();
    for institution in institutions.iter().flatten().filter(|i| i.kind == InstitutionKind::PublicLibrary) {
        if let Some(municipality) = &institution.municipality {
            *of_municipality.entry(municipality.as_str()).or_default() += 1;
        }
    }
    // Inhabitants are divided between the public libraries of one municipality: all weights times a common multiple.
    let common = of_municipality.values().copied().fold(1_u128, |common, n| lcm(common, u128::from(n)));
    let mut weights = Vec::with_capacity(institutions.len());
    for institution in institutions {
        let Some(institution) = institution else {
            weights.push(0);
            continue;
        };
        let own = persons.of(institution.id.as_str(), year);
        let (figure, among) = match institution.kind {
            InstitutionKind::PublicLibrary => {
                let code = institution.municipality.as_ref().ok_or(NoPersons)?.as_str();
                (persons.of(code, year).ok_or(NoPersons)?, of_municipality.get(code).copied().unwrap_or(1))
            }
            InstitutionKind::SchoolLibrary => (own.ok_or(NoPersons)?, 1),
            InstitutionKind::CountyLibrary | InstitutionKind::OtherLibrary | InstitutionKind::OtherBody => (own.unwrap_or(0), 1),
        };
        weights.push(u128::from(figure).saturating_mul(common / u128::from(among)));
    }
    Ok(whole_weights(weights, common))
}

/// Weights as small as they can be while whole if `common` is what they were multiplied by: the persons themselves where nothing
/// had to be divided. Their sum stays below [`WEIGHT_LIMIT`] (person figures are far from it; should a registry hold absurd ones,
/// they are halved together until they fit).
fn whole_weights(mut weights: Vec<u128>, common: u128) -> Vec<u64> {
    let divisor = weights.iter().copied().fold(common, gcd).max(1);
    for weight in &mut weights {
        *weight /= divisor;
    }
    while weights.iter().try_fold(0_u128, |sum, w| sum.checked_add(*w)).is_none_or(|sum| sum >= u128::from(WEIGHT_LIMIT)) {
        for weight in &mut weights {
            *weight /= 2;
        }
    }
    weights.into_iter().map(|w| u64::try_from(w).unwrap_or(0)).collect()
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn lcm(a: u128, b: u128) -> u128 {
    (a / gcd(a, b).max(1)).saturating_mul(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_persons_where_they_can_be_and_fit() {
        assert_eq!(whole_weights(vec![700_000, 450, 49_550], 1), [700_000, 450, 49_550]);
        assert_eq!(whole_weights(vec![0, 0], 1), [0, 0]);
        // Two libraries share a municipality of 31 000; a third has one of 1 300, and then one of 1 301, to itself.
        assert_eq!(whole_weights(vec![31_000, 31_000, 2600], 2), [15_500, 15_500, 1300]);
        assert_eq!(whole_weights(vec![31_001, 31_001, 2602], 2), [31_001, 31_001, 2602]);
        assert!(whole_weights(vec![u128::MAX, u128::MAX - 1], 1).iter().sum::<u64>() < WEIGHT_LIMIT);
        assert_eq!(lcm(4, 6), 12);
    }
}
