//! Whether logs wholly cover a month: pure, from the days that have events.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use crate::model::Month;

/// Days of a month without any event, first and last included.
pub type Gap = (u32, u32);

/// Why a month is not complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incomplete {
    /// It is not over, or its last events may still be to come.
    Running,
    /// There is no event on these days.
    Gaps(Vec<Gap>),
}

impl Incomplete {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        let day = |(first, last): &Gap| if first == last { format!("{first}") } else { format!("{first} to {last}") };
        match self {
            Self::Running => "the month is not over, or the log has not gone beyond its end yet".to_owned(),
            Self::Gaps(gaps) => format!("the log has no event on day {}", gaps.iter().map(day).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// Whether logs with events on these days (bit 1: the first of the month) cover a month: it is over, the log has gone on after it, and
/// nowhere in it are more than `quiet` days in a row without an event.
///
/// # Errors
/// Why not.
pub fn complete(days: &BTreeMap<Month, u32>, month: Month, quiet: u32, today: NaiveDate) -> Result<(), Incomplete> {
    let gone_on = days.range(month.next()..).any(|(_, days)| *days != 0);
    let since = today.signed_duration_since(month.last_day()).num_days();
    if since <= 0 || !(gone_on || since > i64::from(quiet)) {
        return Err(Incomplete::Running);
    }
    let bits = days.get(&month).copied().unwrap_or(0);
    let (mut gaps, mut from): (Vec<Gap>, Option<u32>) = (Vec::new(), None);
    let last = month.last_day().day();
    for day in 1..=last + 1 {
        let empty = day <= last && bits & (1 << day) == 0;
        match (empty, from) {
            (true, None) => from = Some(day),
            (false, Some(first)) => {
                gaps.push((first, day - 1));
                from = None;
            }
            _ => {}
        }
    }
    gaps.retain(|(first, last)| last - first + 1 > quiet);
    if gaps.is_empty() { Ok(()) } else { Err(Incomplete::Gaps(gaps)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    /// Bits of days.
    fn days(first: u32, last: u32) -> u32 {
        (first..=last).fold(0, |bits, day| bits | 1 << day)
    }

    fn of(october: u32, november: u32, quiet: u32, today: &str) -> Result<(), Incomplete> {
        let days = BTreeMap::from([(month("2024-10"), october), (month("2024-11"), november)]);
        complete(&days, month("2024-10"), quiet, today.parse().unwrap())
    }

    #[test]
    fn a_month_is_complete_if_the_log_goes_through_it_and_on() {
        assert_eq!(of(days(1, 31), 2, 0, "2024-11-02"), Ok(()));
        assert_eq!(of(days(1, 31), 0, 0, "2024-11-01"), Ok(()), "a day has gone by");
        assert_eq!(of(days(1, 31), 0, 2, "2024-11-02"), Err(Incomplete::Running), "the rest of the last day may be to come");
        assert_eq!(of(days(1, 31), 0, 2, "2024-11-03"), Ok(()));
        assert_eq!(of(days(1, 31), 2, 0, "2024-10-31"), Err(Incomplete::Running));
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(of(days(14, 31), 2, 2, "2024-11-09"), Err(Incomplete::Gaps(vec![(1, 13)])));
        assert_eq!(of(days(3, 28), 2, 2, "2024-11-09"), Err(Incomplete::Gaps(vec![(29, 31)])));
        assert_eq!(of(days(3, 29), 2, 2, "2024-11-09"), Ok(()), "two quiet days are not many");
        assert_eq!(of(days(1, 9) | days(13, 31), 2, 2, "2024-11-09"), Err(Incomplete::Gaps(vec![(10, 12)])));
        assert_eq!(of(0, 2, 2, "2024-11-09"), Err(Incomplete::Gaps(vec![(1, 31)])));
        assert!(Incomplete::Gaps(vec![(1, 13), (20, 20)]).words().ends_with("day 1 to 13, 20"));
    }
}
