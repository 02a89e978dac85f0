//! A calendar month, the unit in which COUNTER counts and in which everything is valid.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// A calendar month of the years 0000 to 9999, ordered in time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

/// Why a text is not a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a month; write it as YYYY-MM, for example 2024-03")]
pub struct MonthError(pub String);

impl Month {
    /// The month `number` (1 to 12) of `year` (0 to 9999), or nothing outside these.
    #[must_use]
    pub fn new(year: i32, number: u32) -> Option<Self> {
        let month0 = i32::try_from(number).ok()?.checked_sub(1)?;
        ((0..=9999).contains(&year) && (0..12).contains(&month0)).then_some(Self(year * 12 + month0))
    }

    /// The month in which `date` lies.
    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        let month0 = i32::try_from(date.month0()).unwrap_or(0);
        Self(date.year().clamp(0, 9999) * 12 + month0)
    }

    /// The month with this [`index`](Self::index), or nothing outside the years 0 to 9999.
    #[must_use]
    pub fn from_index(index: i32) -> Option<Self> {
        (0..10_000 * 12).contains(&index).then_some(Self(index))
    }

    /// Months since January of year 0: consecutive months have consecutive numbers.
    #[must_use]
    pub fn index(self) -> i32 {
        self.0
    }

    /// The calendar year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// 1 for January to 12 for December.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::try_from(self.0.rem_euclid(12)).unwrap_or(0) + 1
    }

    /// The day on which validity is decided.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year(), self.number(), 1).unwrap_or(NaiveDate::MIN)
    }

    /// The last day, for reports' `End_Date`.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.next().first_day().pred_opt().unwrap_or(NaiveDate::MAX)
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Self {
        self.plus(-1)
    }

    /// This month moved by `months`.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self(self.0.saturating_add(months))
    }

    /// January of this month's year.
    #[must_use]
    pub fn january(self) -> Self {
        Self(self.year() * 12)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.number())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| -> Option<u32> {
            let part = bytes.get(range)?;
            part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
        };
        let parsed = (bytes.len() == 7 && bytes[4] == b'-')
            .then(|| Some((digits(0..4)?, digits(5..7)?)))
            .flatten()
            .and_then(|(year, month)| Self::new(i32::try_from(year).ok()?, month));
        parsed.ok_or_else(|| MonthError(text.chars().take(40).collect()))
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An unbroken stretch of months, both ends included; empty when `first > last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthRange {
    /// The first month.
    pub first: Month,
    /// The last month, included.
    pub last: Month,
}

impl MonthRange {
    /// From `first` to `last`, both included.
    #[must_use]
    pub fn new(first: Month, last: Month) -> Self {
        Self { first, last }
    }

    /// Whether `month` lies in it.
    #[must_use]
    pub fn contains(self, month: Month) -> bool {
        self.first <= month && month <= self.last
    }

    /// Its months in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Month> {
        (self.first.index()..=self.last.index()).map(Month)
    }
}

impl fmt::Display for MonthRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{} to {}", self.first, self.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_written_and_counted() {
        let month: Month = "2024-12".parse().unwrap();
        assert_eq!(month.next().to_string(), "2025-01");
        assert_eq!(month.january().to_string(), "2024-01");
        assert_eq!(month.last_day().to_string(), "2024-12-31");
        assert_eq!(Month::of(NaiveDate::from_ymd_opt(2024, 2, 29).unwrap()).to_string(), "2024-02");
        assert_eq!(MonthRange::new(month, month.plus(2)).iter().count(), 3);
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in ["", "2024", "2024-13", "2024-00", "2024-1", "24-01", "2024/01", "2024-01-01", "２024-01", "+024-01"] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }
}
