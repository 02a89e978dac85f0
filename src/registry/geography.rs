//! Which municipality and county a place is in, through time.
//!
//! [`Geography`] is made once from the registry's municipalities and transitions. It takes a municipality's code of
//! any time and gives the [`Place`] that was there on a day:
//!
//! - The code's own row, if it is valid on that day.
//! - Else the code is followed through transitions, back if it came into being after the day, on if it had ended by
//!   then. Renumbering is exact, and so is the way back from a split: there is one code to follow.
//! - A merger on the way back, or a split on the way on, leaves a choice. The code with the same name is taken, if there
//!   is exactly one: Moss before 2020 is Moss, not Rygge. The name that the place has at first goes before those that it
//!   has on the way: the library of Haram was in Ålesund from 2020 to 2023, and in Haram before that.
//! - With no such name, nothing tells the parts apart. The municipality nearest in time stays (Nordre Follo, which
//!   was Ski and Oppegård). Its county stays too, unless all the parts were in one county: then it is that one, so that a
//!   county's figures for a month are whole.
//! - A code without any row gets a place that has only the code.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::model::registry::{Municipality, Registry};
use crate::model::{Month, MunicipalityCode};

/// A municipality and its county as they were on a day; texts are empty where the registry does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Four digits.
    pub municipality: MunicipalityCode,
    /// Its name.
    pub municipality_name: String,
    /// Two digits.
    pub county: String,
    /// The county's name.
    pub county_name: String,
}

impl Place {
    fn of(row: &Municipality) -> Self {
        Self {
            municipality: row.code.clone(),
            municipality_name: row.name.clone(),
            county: row.county.clone(),
            county_name: row.county_name.clone(),
        }
    }
}

/// The codes at the other end of transitions, by code and day.
type Steps = HashMap<MunicipalityCode, BTreeMap<NaiveDate, Vec<MunicipalityCode>>>;

/// Municipalities of all times and how they follow one another.
#[derive(Debug, Default)]
pub struct Geography {
    /// A code's rows, earliest first.
    rows: HashMap<MunicipalityCode, Vec<Municipality>>,
    /// What a code came from.
    into: Steps,
    /// What a code became.
    out_of: Steps,
}

impl Geography {
    /// From everything registered.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let mut geography = Self::default();
        for row in &registry.municipalities {
            geography.rows.entry(row.code.clone()).or_default().push(row.clone());
        }
        for rows in geography.rows.values_mut() {
            rows.sort_by_key(|row| row.valid.from);
        }
        for step in &registry.transitions {
            geography.into.entry(step.to.clone()).or_default().entry(step.date).or_default().push(step.from.clone());
            geography.out_of.entry(step.from.clone()).or_default().entry(step.date).or_default().push(step.to.clone());
        }
        geography
    }

    /// The present place of a municipality's code of any time.
    #[must_use]
    pub fn place_today(&self, code: &MunicipalityCode, today: NaiveDate) -> Place {
        self.place_on(code, today)
    }

    /// The place in a month, as on its first day.
    #[must_use]
    pub fn place_in(&self, code: &MunicipalityCode, month: Month) -> Place {
        self.place_on(code, month.first_day())
    }

    fn place_on(&self, code: &MunicipalityCode, day: NaiveDate) -> Place {
        let mut path: Vec<&MunicipalityCode> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        let mut here = code;
        loop {
            if let Some(row) = self.row_on(here, day) {
                return Place::of(row);
            }
            path.push(here);
            names.extend(self.row_near(here, day).map(|row| row.name.as_str()));
            let next = self.next(here, day);
            let followed = match next {
                [] => None,
                [one] => Some(one),
                several => self.namesake(several, &names, day),
            };
            match followed {
                // Transitions that go in a circle lead nowhere.
                Some(one) if !path.contains(&one) => here = one,
                _ => return self.nearest_place(&path, next, day),
            }
        }
    }

    /// The codes to follow from one that is not valid on `day`: what it came from, if it came into being after the day,
    /// else what it became. The contract has institutions under their present code, so the way back is tried first.
    fn next(&self, code: &MunicipalityCode, day: NaiveDate) -> &[MunicipalityCode] {
        let last = |steps: &Steps| steps.get(code).and_then(|days| days.range(..=day).next_back()).map(|(day, _)| *day);
        let (came, went) = (last(&self.into), last(&self.out_of));
        // Others joined it after the day, but by its transitions it was there already: only its row is missing.
        let there = came.is_some_and(|came| went.is_none_or(|went| went < came));
        let after = self.into.get(code).and_then(|days| days.range(day..).find(|(began, _)| **began > day));
        if let (Some((_, from)), false) = (after, there) {
            return from;
        }
        went.and_then(|went| self.out_of.get(code)?.get(&went)).map_or(&[], Vec::as_slice)
    }

    /// The one of several that has the first of these names that exactly one of them has.
    fn namesake<'a>(&'a self, several: &'a [MunicipalityCode], names: &[&str], day: NaiveDate) -> Option<&'a MunicipalityCode> {
        names.iter().find_map(|name| {
            let mut same = several.iter().filter(|code| self.row_near(code, day).is_some_and(|row| same_name(&row.name, name)));
            let first = same.next()?;
            same.all(|other| other == first).then_some(first)
        })
    }

    /// The place nearest in time to a day that the path did not reach, in the county that all of `parts` were in.
    fn nearest_place(&self, path: &[&MunicipalityCode], parts: &[MunicipalityCode], day: NaiveDate) -> Place {
        let Some(row) = path.iter().rev().find_map(|code| self.row_near(code, day)) else {
            let unknown = String::new;
            let municipality = path.first().map_or_else(|| MunicipalityCode::trusted(""), |code| (*code).clone());
            return Place { municipality, municipality_name: unknown(), county: unknown(), county_name: unknown() };
        };
        let mut place = Place::of(row);
        let counties: Option<Vec<&Municipality>> = parts.iter().map(|part| self.row_on(part, day)).collect();
        if let Some([first, others @ ..]) = counties.as_deref()
            && others.iter().all(|other| other.county == first.county)
        {
            place.county.clone_from(&first.county);
            place.county_name.clone_from(&first.county_name);
        }
        place
    }

    fn row_on(&self, code: &MunicipalityCode, day: NaiveDate) -> Option<&Municipality> {
        // Should rows overlap, the one that began last counts.
        self.rows.get(code)?.iter().rev().find(|row| row.valid.on(day))
    }

    /// The latest row that began by `day`, else the earliest.
    fn row_near(&self, code: &MunicipalityCode, day: NaiveDate) -> Option<&Municipality> {
        let rows = self.rows.get(code)?;
        rows.iter().rev().find(|row| row.valid.from.is_none_or(|from| from <= day)).or_else(|| rows.first())
    }
}

/// Whether two municipalities have a name in common: those with names in several languages have them all, in any
/// order, with ` - ` between (`Hábmer - Hamarøy`), and not the same ones at all times.
fn same_name(one: &str, other: &str) -> bool {
    let names = |text: &str| text.split(" - ").map(|name| name.trim().to_lowercase()).collect::<Vec<_>>();
    let others = names(other);
    names(one).iter().any(|name| !name.is_empty() && others.contains(name))
}

#[cfg(test)]
mod tests;
