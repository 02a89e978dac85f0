//! How many persons stand behind a library in a year: the figures of the default key.
//!
//! A municipality's figure is also found through transitions (ATTRIBUTION section 3): renumbered, the figure of
//! the other code; merged, the sum of its parts where all are known for a year; split, never.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike as _, NaiveDate};

use crate::model::registry::{Institution, InstitutionKind, Registry};

/// Figures by day.
type Series = BTreeMap<NaiveDate, u64>;

/// All person figures, with what follows from transitions.
#[derive(Debug, Default)]
pub struct PersonFigures {
    series: HashMap<String, Series>,
}

/// What a municipality came from or became on a day, one step.
#[derive(Debug, Default)]
struct Steps<'a> {
    /// Into this code: the day, and what it came from.
    into: HashMap<&'a str, BTreeMap<NaiveDate, Vec<&'a str>>>,
    /// Out of this code: the day, and what it became.
    out_of: HashMap<&'a str, BTreeMap<NaiveDate, Vec<&'a str>>>,
}

impl PersonFigures {
    /// From everything registered.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let mut own: HashMap<&str, Series> = HashMap::new();
        for row in &registry.persons {
            own.entry(&row.subject).or_default().insert(row.date, row.persons);
        }
        let mut steps = Steps::default();
        for transition in &registry.transitions {
            let (from, to) = (transition.from.as_str(), transition.to.as_str());
            steps.into.entry(to).or_default().entry(transition.date).or_default().push(from);
            steps.out_of.entry(from).or_default().entry(transition.date).or_default().push(to);
        }
        let mut series: HashMap<String, Series> = HashMap::new();
        let codes = steps.into.keys().chain(steps.out_of.keys()).chain(own.keys());
        for code in codes.collect::<std::collections::BTreeSet<_>>() {
            let mut found = Series::new();
            let mut seen = vec![*code];
            collect(code, &own, &steps, &mut seen, &mut found);
            if !found.is_empty() {
                series.insert((*code).to_owned(), found);
            }
        }
        Self { series }
    }

    /// The figure of `year`, else the latest earlier one, else the earliest later one.
    #[must_use]
    pub fn of(&self, subject: &str, year: i32) -> Option<u64> {
        let series = self.series.get(subject)?;
        let first_day = NaiveDate::from_ymd_opt(year, 1, 1)?;
        let last_day = NaiveDate::from_ymd_opt(year, 12, 31)?;
        let of_year = series.range(first_day..=last_day).next();
        of_year.or_else(|| series.range(..first_day).next_back()).or_else(|| series.range(last_day..).next()).map(|(_, n)| *n)
    }

    /// The persons behind an institution in a year: a public library's inhabitants, anybody else's own.
    #[must_use]
    pub fn behind(&self, institution: &Institution, year: i32) -> Option<u64> {
        match (institution.kind, &institution.municipality) {
            (InstitutionKind::PublicLibrary, Some(code)) => self.of(code.as_str(), year),
            (InstitutionKind::PublicLibrary, None) => None,
            _ => self.of(institution.id.as_str(), year),
        }
    }
}

/// Adds to `found` what is known of `code`: its own figures first, then those of codes that it is another number of,
/// then sums of the parts that merged into it.
fn collect<'a>(code: &'a str, own: &HashMap<&str, Series>, steps: &Steps<'a>, seen: &mut Vec<&'a str>, found: &mut Series) {
    if let Some(figures) = own.get(code) {
        for (day, n) in figures {
            // One figure a year: the code's own goes before that of another number of it.
            if !found.keys().any(|known| known.year() == day.year()) || seen.len() == 1 {
                found.entry(*day).or_insert(*n);
            }
        }
    }
    for sources in steps.into.get(code).into_iter().flat_map(BTreeMap::iter) {
        let (day, parts) = sources;
        let whole = |part: &&&str| steps.out_of.get(**part).and_then(|out| out.get(day)).is_some_and(|to| to.len() == 1);
        if !parts.iter().all(|part| whole(&part)) {
            continue;
        }
        if let [part] = parts[..] {
            if !seen.contains(&part) {
                seen.push(part);
                collect(part, own, steps, seen, found);
            }
            continue;
        }
        let mut sums: BTreeMap<i32, (NaiveDate, u64, usize)> = BTreeMap::new();
        for part in parts {
            let mut of_part = Series::new();
            // A part's own history is another one: only this path is remembered, so that nothing goes round in a circle.
            let mut path = seen.clone();
            if path.contains(part) {
                continue;
            }
            path.push(part);
            collect(part, own, steps, &mut path, &mut of_part);
            let mut years: BTreeMap<i32, (NaiveDate, u64)> = BTreeMap::new();
            for (day, n) in of_part {
                years.entry(day.year()).or_insert((day, n));
            }
            for (year, (day, n)) in years {
                let sum = sums.entry(year).or_insert((day, 0, 0));
                sum.1 = sum.1.saturating_add(n);
                sum.2 += 1;
            }
        }
        for (year, (day, sum, known)) in sums {
            if known == parts.len() && !found.keys().any(|d| d.year() == year) {
                found.insert(day, sum);
            }
        }
    }
    for (day, became) in steps.out_of.get(code).into_iter().flat_map(BTreeMap::iter) {
        let [next] = became[..] else { continue };
        let alone = steps.into.get(next).and_then(|into| into.get(day)).is_some_and(|from| from.len() == 1);
        if alone && !seen.contains(&next) {
            seen.push(next);
            collect(next, own, steps, seen, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MunicipalityCode;
    use crate::model::registry::{Persons, Transition};

    fn figures(persons: &[(&str, &str, u64)], transitions: &[(&str, &str, &str)]) -> PersonFigures {
        let code = MunicipalityCode::trusted;
        PersonFigures::new(&Registry {
            persons: persons.iter().map(|(s, d, n)| Persons { subject: (*s).into(), date: d.parse().unwrap(), persons: *n }).collect(),
            transitions: transitions.iter().map(|(d, f, t)| Transition { date: d.parse().unwrap(), from: code(f), to: code(t) }).collect(),
            ..Registry::default()
        })
    }

    #[test]
    fn the_figure_of_the_year_else_the_latest_earlier_else_the_earliest_later() {
        let f = figures(&[("0301", "2020-01-01", 20), ("0301", "2022-01-01", 22), ("0301", "2022-07-01", 99)], &[]);
        assert_eq!(f.of("0301", 2022), Some(22));
        assert_eq!(f.of("0301", 2021), Some(20));
        assert_eq!(f.of("0301", 2030), Some(99));
        assert_eq!(f.of("0301", 2010), Some(20));
        assert_eq!(f.of("9999", 2022), None);
    }

    #[test]
    fn a_renumbered_municipality_has_the_figures_of_both_its_numbers() {
        // Moss: 0104 and 0136 merged into 3002 in 2020, which became 3103 in 2024.
        let steps = [("2020-01-01", "0104", "3002"), ("2020-01-01", "0136", "3002"), ("2024-01-01", "3002", "3103")];
        let f = figures(&[("3002", "2022-01-01", 50_290), ("3103", "2024-01-01", 52_051)], &steps);
        assert_eq!(f.of("3103", 2022), Some(50_290));
        assert_eq!(f.of("3002", 2024), Some(52_051));
        // A part never gets the figure of the whole.
        assert_eq!(f.of("0104", 2022), None);
    }

    #[test]
    fn a_merged_municipality_has_the_sum_of_its_parts_if_all_are_known() {
        let steps = [("2020-01-01", "0104", "3002"), ("2020-01-01", "0136", "3002"), ("2024-01-01", "3002", "3103")];
        let both = figures(&[("0104", "2019-01-01", 32_000), ("0136", "2019-01-01", 15_000), ("0104", "2018-01-01", 1)], &steps);
        assert_eq!(both.of("3103", 2024), Some(47_000));
        assert_eq!(both.of("3002", 2018), Some(47_000), "2018 is known of one part only, so the earliest later year counts");
        let one = figures(&[("0104", "2019-01-01", 32_000)], &steps);
        assert_eq!(one.of("3103", 2024), None);
    }

    #[test]
    fn a_split_gives_nothing_to_its_parts() {
        let steps = [("2024-01-01", "1507", "1508"), ("2024-01-01", "1507", "1580")];
        let f = figures(&[("1507", "2023-01-01", 67_000), ("1508", "2024-01-01", 58_000), ("1580", "2024-01-01", 9_000)], &steps);
        assert_eq!(f.of("1508", 2023), Some(58_000));
        assert_eq!(f.of("1507", 2024), Some(67_000));
    }

    #[test]
    fn transitions_that_go_in_a_circle_end() {
        let steps = [("2020-01-01", "0001", "0002"), ("2021-01-01", "0002", "0001"), ("2022-01-01", "0001", "0001")];
        assert_eq!(figures(&[("0001", "2020-01-01", 5)], &steps).of("0002", 2020), Some(5));
    }
}
