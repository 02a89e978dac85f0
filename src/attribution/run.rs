//! Cumulative division: the counts of a year handed out so that months add up to years (ATTRIBUTION section 4).

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::division::Division;
use super::webster::{DivideError, Divider};
use crate::model::{Group, InstitutionId, Month, ProductId};

/// What became of a group.
#[derive(Debug, Clone)]
pub struct Part {
    /// The group.
    pub group: Group,
    /// Whom it was divided among.
    pub division: Arc<Division>,
    /// The first month of its run.
    pub run_from: Month,
    /// The run's cumulative sum before the group.
    pub before: u64,
    /// And after it.
    pub after: u64,
    /// What each claimant gets, in the division's order; adds up to the group's total. Empty if there is nobody.
    pub values: Vec<u64>,
}

/// Divides the groups of one scope, report, product and metric in one calendar year.
///
/// `divisions` are those of the months of the year, January first, as far as they are needed: up to the last month
/// with a group.
///
/// # Errors
/// A run's total of 2^63 or more.
pub fn divide(product: &ProductId, mut groups: Vec<Group>, divisions: &[Arc<Division>]) -> Result<Vec<Part>, DivideError> {
    groups.sort_by_cached_key(|group| (group.month, order_in_month(group)));
    let mut parts = Vec::with_capacity(groups.len());
    let mut run: Option<Run> = None;
    for group in groups {
        let place = group.month.number() as usize - 1;
        let Some(division) = divisions.get(place) else { continue };
        let run_from = run_from(group.month, divisions);
        let run = match &mut run {
            Some(run) if run.from == run_from => run,
            _ => run.insert(Run::new(run_from, division, product)?),
        };
        let before = run.sum;
        let after = before.checked_add(group.total).ok_or(DivideError::CountTooLarge)?;
        let now = run.apportion(after)?;
        let values = now.iter().zip(&run.given).map(|(now, given)| now - given).collect();
        run.given = now;
        run.sum = after;
        parts.push(Part { group, division: division.clone(), run_from, before, after, values });
    }
    Ok(parts)
}

/// A run as far as it has come.
struct Run {
    from: Month,
    divider: Option<Divider>,
    given: Vec<u64>,
    sum: u64,
}

impl Run {
    fn new(from: Month, division: &Division, product: &ProductId) -> Result<Self, DivideError> {
        let draws: Vec<[u8; 32]> = division.claimants.iter().map(|c| draw(&c.institution, product, from.year())).collect();
        let divider = if draws.is_empty() { None } else { Some(Divider::new(&division.weights(), &draws)?) };
        Ok(Self { from, divider, given: vec![0; draws.len()], sum: 0 })
    }

    fn apportion(&self, n: u64) -> Result<Vec<u64>, DivideError> {
        self.divider.as_ref().map_or_else(|| Ok(Vec::new()), |divider| divider.apportion(n))
    }
}

/// The first month of the unbroken sequence, in the calendar year, with the claimants and weights of `month`.
#[must_use]
pub fn run_from(month: Month, divisions: &[Arc<Division>]) -> Month {
    let place = month.number() as usize - 1;
    let first = (1..=place).rev().find(|i| !divisions[*i].same_run(&divisions[*i - 1])).unwrap_or(0);
    month.january().plus(i32::try_from(first).unwrap_or(0))
}

/// One draw a year, the same for every report and metric. Bytes compare as lower-case hex does.
fn draw(institution: &InstitutionId, product: &ProductId, year: i32) -> [u8; 32] {
    Sha256::digest(format!("{institution}|{product}|{year:04}")).into()
}

/// The stable hash of month and group that orders the groups of a month.
fn order_in_month(group: &Group) -> [u8; 32] {
    Sha256::digest(format!("{}|{}|{}", group.month, group.data_type, group.access_method)).into()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::attribution::claimants::Because;
    use crate::attribution::division::{Claimant, Method};
    use crate::model::Quality;

    fn division(weights: &[(&str, u64)]) -> Arc<Division> {
        let claimant =
            |(id, weight): &(&str, u64)| Claimant { institution: InstitutionId::trusted(id), because: Because::Covered, weight: *weight };
        Arc::new(Division {
            claimants: weights.iter().map(claimant).collect(),
            dropped: BTreeMap::new(),
            method: Method::Population,
            key: None,
            decimals: 0,
            left_out: Vec::new(),
            quality: Quality::DefaultKey,
            marks: BTreeSet::new(),
        })
    }

    fn group(month: u32, data_type: &str, total: u64) -> Group {
        Group { month: Month::new(2024, month).unwrap(), data_type: data_type.into(), access_method: "Regular".into(), total }
    }

    fn product() -> ProductId {
        ProductId::trusted("p")
    }

    #[test]
    fn the_smallest_gets_its_seven_over_the_year() {
        // ATTRIBUTION section 4: exact 11 200 / 7.2 / 792.8.
        let divisions = vec![division(&[("big", 700_000), ("mid", 49_550), ("small", 450)]); 12];
        let parts = divide(&product(), (1..=12).map(|m| group(m, "Book", 1000)).collect(), &divisions).unwrap();
        let sum = |i: usize| parts.iter().map(|p| p.values[i]).sum::<u64>();
        assert_eq!([sum(0), sum(1), sum(2)], [11_200, 793, 7]);
        assert!(parts.iter().all(|p| p.values.iter().sum::<u64>() == 1000 && p.run_from.number() == 1));
    }

    #[test]
    fn a_change_of_weights_starts_a_new_run() {
        let (old, new) = (division(&[("a", 1), ("b", 1)]), division(&[("a", 1), ("b", 2)]));
        let divisions: Vec<_> = (1..=12).map(|m| if m < 7 { old.clone() } else { new.clone() }).collect();
        let parts = divide(&product(), vec![group(6, "", 5), group(8, "", 6)], &divisions).unwrap();
        assert_eq!((parts[0].run_from.number(), parts[0].before, parts[0].after), (1, 0, 5));
        assert_eq!((parts[1].run_from.number(), parts[1].before, parts[1].values.clone()), (7, 0, vec![2, 4]));
    }

    #[test]
    fn with_nobody_to_give_it_to_the_count_is_kept() {
        let parts = divide(&product(), vec![group(1, "", 5)], &[division(&[])]).unwrap();
        assert!(parts[0].values.is_empty());
        assert_eq!(parts[0].group.total, 5);
    }

    #[test]
    fn a_total_beyond_the_bound_is_refused() {
        let divisions = vec![division(&[("a", 1), ("b", 1)]); 12];
        assert!(divide(&product(), vec![group(1, "", (1 << 63) - 1)], &divisions).is_ok());
        assert_eq!(
            divide(&product(), vec![group(1, "", (1 << 63) - 1), group(2, "", 1)], &divisions).unwrap_err(),
            DivideError::CountTooLarge
        );
        assert_eq!(divide(&product(), vec![group(1, "", u64::MAX), group(2, "", 1)], &divisions).unwrap_err(), DivideError::CountTooLarge);
    }

    proptest! {
        /// However the year's counts fall on months and types, everybody ends where Webster puts the total,
        /// every group is handed out whole, and a later month changes no earlier one.
        #[test]
        fn division_is_cumulative(
            weights in prop::collection::vec(1_u64..100_000, 1..12),
            totals in prop::collection::vec((1_u32..=12, 0_usize..4, 0_u64..5_000), 1..40),
        ) {
            let names: Vec<String> = (0..weights.len()).map(|i| format!("i{i:02}")).collect();
            let pairs: Vec<(&str, u64)> = names.iter().map(String::as_str).zip(weights.iter().copied()).collect();
            let divisions = vec![division(&pairs); 12];
            let mut groups: BTreeMap<(u32, usize), u64> = BTreeMap::new();
            for (month, kind, total) in totals {
                *groups.entry((month, kind)).or_default() += total;
            }
            let groups: Vec<Group> = groups.into_iter().map(|((m, k), n)| group(m, ["Book", "Journal", "", "Other"][k], n)).collect();
            let parts = divide(&product(), groups.clone(), &divisions).unwrap();
            let total: u64 = groups.iter().map(|g| g.total).sum();
            let draws: Vec<[u8; 32]> = names.iter().map(|n| draw(&InstitutionId::trusted(n), &product(), 2024)).collect();
            let webster = Divider::new(&weights, &draws).unwrap().apportion(total).unwrap();
            for (i, expected) in webster.iter().enumerate() {
                prop_assert_eq!(parts.iter().map(|p| p.values[i]).sum::<u64>(), *expected);
            }
            for part in &parts {
                prop_assert_eq!(part.values.iter().sum::<u64>(), part.group.total);
            }
            // The prefix up to any month is the same without the months after it.
            let early: Vec<Group> = groups.iter().filter(|g| g.month.number() <= 6).cloned().collect();
            let alone = divide(&product(), early, &divisions).unwrap();
            for (a, b) in alone.iter().zip(&parts) {
                prop_assert_eq!((&a.group, &a.values), (&b.group, &b.values));
            }
        }

        /// Groups given in another order are divided the same.
        #[test]
        fn arrival_order_does_not_matter(seed in prop::collection::vec((1_u32..=12, 0_u64..500), 2..12), turn in 1_usize..11) {
            let mut groups: BTreeMap<u32, u64> = BTreeMap::new();
            for (month, total) in seed {
                *groups.entry(month).or_default() += total;
            }
            let groups: Vec<Group> = groups.into_iter().map(|(m, n)| group(m, "Book", n)).collect();
            let mut turned = groups.clone();
            turned.rotate_left(turn % groups.len());
            let divisions = vec![division(&[("a", 3), ("b", 5), ("c", 1)]); 12];
            let values = |groups| divide(&product(), groups, &divisions).unwrap().into_iter().map(|p| (p.group, p.values)).collect::<Vec<_>>();
            prop_assert_eq!(values(groups), values(turned));
        }
    }
}
