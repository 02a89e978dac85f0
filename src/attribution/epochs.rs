//! Months in which a registry says the same: nothing in it begins or ends between them, so that what was worked out of one is right for all.

use chrono::{Datelike as _, NaiveDate};

use crate::model::Month;
use crate::model::registry::{Registry, Validity};

/// The days on which something that decides about the division of use begins or has ended.
#[derive(Debug)]
pub struct Epochs {
    /// Ascending.
    days: Vec<NaiveDate>,
}

impl Epochs {
    /// Those of a registry.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let institutions = registry.institutions.iter().map(|row| row.valid);
        let claims = registry.claims.iter().map(|row| row.valid);
        let subscriptions = registry.subscriptions.iter().map(|row| row.valid);
        let accounts = registry.accounts.iter().map(|row| row.valid);
        let keys = registry.keys.iter().map(|row| row.valid);
        Self::between(institutions.chain(claims).chain(subscriptions).chain(accounts).chain(keys))
    }

    /// Those in which the same keys are in force.
    #[must_use]
    pub fn of_keys(registry: &Registry) -> Self {
        Self::between(registry.keys.iter().map(|row| row.valid))
    }

    fn between(times: impl Iterator<Item = Validity>) -> Self {
        let mut days: Vec<NaiveDate> = times.flat_map(|valid| [valid.from, valid.to]).flatten().collect();
        days.sort_unstable();
        days.dedup();
        Self { days }
    }

    /// The first month of the same calendar year from which on nothing has begun or ended until `month`: use is divided alike in both.
    /// Person figures are a year's, and what is measured is so up to a key's first day or 1 January, so years are kept apart.
    #[must_use]
    pub fn first_like(&self, month: Month) -> Month {
        let passed = self.days.partition_point(|day| *day <= month.first_day());
        let Some(last) = passed.checked_sub(1).and_then(|place| self.days.get(place)) else { return month.january() };
        // What begins in the middle of a month counts from the next one on.
        let since = if last.day() == 1 { Month::of(*last) } else { Month::of(*last).plus(1) };
        since.max(month.january())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry::Subscription;
    use crate::model::{InstitutionId, ProductId};

    #[test]
    fn months_between_two_days_are_alike_and_years_are_not() {
        let subscription = |from: &str, to: &str| Subscription {
            institution: InstitutionId::trusted("a"),
            product: ProductId::trusted("p"),
            valid: Validity { from: from.parse().ok(), to: to.parse().ok() },
            price: String::new(),
            currency: String::new(),
            funding: None,
        };
        let subscriptions = vec![subscription("2023-05-02", ""), subscription("", "2024-06-01"), subscription("2024-08-15", "")];
        let epochs = Epochs::new(&Registry { subscriptions, ..Registry::default() });
        let first = |month: &str| epochs.first_like(month.parse().unwrap()).to_string();
        assert_eq!(first("2023-05"), "2023-01");
        assert_eq!(first("2023-07"), "2023-06");
        assert_eq!([first("2024-01"), first("2024-05")], ["2024-01", "2024-01"]);
        assert_eq!([first("2024-06"), first("2024-08")], ["2024-06", "2024-06"]);
        assert_eq!([first("2024-09"), first("2024-12"), first("2025-02")], ["2024-09", "2024-09", "2025-01"]);
        assert_eq!(Epochs::new(&Registry::default()).first_like("2024-12".parse().unwrap()).to_string(), "2024-01");
    }
}
