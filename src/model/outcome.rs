//! What became of one month of one report of one account.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::Month;

/// HARVEST section 1: where one month stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MonthState {
    /// Its facts are stored.
    Harvested,
    /// A confirmed zero, or an unconfirmed one that is asked again.
    Empty,
    /// Not there yet; asked again at a known time.
    Waiting,
    /// Needs a person.
    Failing,
    /// The vendor does not have it any more.
    Gone,
}

impl MonthState {
    /// The word in the store, in `status` and in `export runs`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Harvested => "harvested",
            Self::Empty => "empty",
            Self::Waiting => "waiting",
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }
}

impl fmt::Display for MonthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MonthState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Harvested, Self::Empty, Self::Waiting, Self::Failing, Self::Gone].into_iter().find(|s| s.as_str() == text).ok_or(())
    }
}

/// What keeps a month from coming, or from coming whole. How often in a row is counted for each of these alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// No answer, or a server in trouble.
    Unavailable,
    /// The vendor wants fewer requests.
    TooMany,
    /// What came is not the report.
    NotTheReport,
    /// The vendor is preparing it.
    Queued,
    /// Not ready, or perhaps not.
    NotReady,
    /// The vendor does not have it any more.
    Gone,
    /// There will be more of it.
    Partial,
    /// An empty report, and no word that there was no use.
    Unconfirmed,
    /// Only a person can do something about it.
    Person,
}

impl Trouble {
    const ALL: [Self; 9] = [
        Self::Unavailable,
        Self::TooMany,
        Self::NotTheReport,
        Self::Queued,
        Self::NotReady,
        Self::Gone,
        Self::Partial,
        Self::Unconfirmed,
        Self::Person,
    ];

    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::TooMany => "too_many",
            Self::NotTheReport => "not_the_report",
            Self::Queued => "queued",
            Self::NotReady => "not_ready",
            Self::Gone => "gone",
            Self::Partial => "partial",
            Self::Unconfirmed => "unconfirmed",
            Self::Person => "person",
        }
    }
}

impl FromStr for Trouble {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == text).ok_or(())
    }
}

/// The latest attempts at a month that met the same trouble, one after the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempts {
    /// What they met; nothing if the month came, or was never asked for.
    pub trouble: Option<Trouble>,
    /// How many.
    pub count: u32,
    /// The first of them.
    pub first: Option<DateTime<Utc>>,
    /// How often the month came but not for good (in part, or empty without a word) since it was last whole. Other trouble in between
    /// does not begin this anew, or a vendor with a shaky server would be asked for ever.
    pub incomplete: u32,
}

impl Attempts {
    /// How many attempts in a row met this trouble, up to now.
    #[must_use]
    pub fn met(&self, trouble: Trouble) -> u32 {
        if self.trouble == Some(trouble) { self.count } else { 0 }
    }

    /// With this outcome as well. A month that came ends the count; one that was not asked for leaves it.
    #[must_use]
    pub fn and(self, outcome: &MonthOutcome, now: DateTime<Utc>) -> Self {
        match (outcome.trouble, outcome.state) {
            (None, MonthState::Harvested | MonthState::Empty) => Self::default(),
            (None, _) => self,
            (Some(trouble), _) => Self {
                trouble: Some(trouble),
                count: self.met(trouble).saturating_add(1),
                first: self.first.filter(|_| self.trouble == Some(trouble)).or(Some(now)),
                incomplete: self.incomplete.saturating_add(u32::from(matches!(trouble, Trouble::Partial | Trouble::Unconfirmed))),
            },
        }
    }
}

/// The decision about one month after one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthOutcome {
    /// The month.
    pub month: Month,
    /// Where it stands now.
    pub state: MonthState,
    /// What was met; nothing if the month came, or was not asked for.
    pub trouble: Option<Trouble>,
    /// Why, for people; empty for a plain success. Never holds a secret.
    pub reason: String,
    /// When it is asked for again, if it is.
    pub next_attempt: Option<DateTime<Utc>>,
    /// Code 3040: the vendor says that there will be more.
    pub partial: bool,
    /// An empty month that the vendor has not said to be empty.
    pub unconfirmed: bool,
    /// The vendor says in so many words (code 3030) that there was no use: only that takes the place of figures.
    pub zero_said: bool,
}

impl MonthOutcome {
    /// The month in this state, with nothing more to be said.
    #[must_use]
    pub fn plain(month: Month, state: MonthState) -> Self {
        Self {
            month,
            state,
            trouble: None,
            reason: String::new(),
            next_attempt: None,
            partial: false,
            unconfirmed: false,
            zero_said: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(trouble: Trouble) -> MonthOutcome {
        let month = "2024-12".parse().unwrap();
        MonthOutcome { trouble: Some(trouble), ..MonthOutcome::plain(month, MonthState::Waiting) }
    }

    fn day(day: u32) -> DateTime<Utc> {
        format!("2025-01-{day:02}T03:30:00Z").parse().unwrap()
    }

    #[test]
    fn words_of_trouble_are_read_back() {
        for trouble in Trouble::ALL {
            assert_eq!(trouble.as_str().parse(), Ok(trouble));
        }
        assert_eq!("sorrow".parse::<Trouble>(), Err(()));
    }

    #[test]
    fn attempts_are_counted_for_each_trouble_alone() {
        let mut attempts = Attempts::default();
        for n in 1..=5 {
            attempts = attempts.and(&met(Trouble::NotReady), day(n));
        }
        assert_eq!((attempts.met(Trouble::NotReady), attempts.first), (5, Some(day(1))));
        assert_eq!(attempts.met(Trouble::NotTheReport), 0);
        attempts = attempts.and(&met(Trouble::Queued), day(6));
        assert_eq!((attempts.met(Trouble::Queued), attempts.first), (1, Some(day(6))));
        attempts = attempts.and(&met(Trouble::NotReady), day(7));
        assert_eq!((attempts.met(Trouble::NotReady), attempts.first), (1, Some(day(7))));
    }

    #[test]
    fn what_came_ends_the_count_and_what_was_not_asked_for_leaves_it() {
        let month = "2024-12".parse().unwrap();
        let twice = Attempts::default().and(&met(Trouble::Partial), day(1)).and(&met(Trouble::Partial), day(8));
        for state in [MonthState::Waiting, MonthState::Failing] {
            assert_eq!(twice.and(&MonthOutcome::plain(month, state), day(9)), twice);
        }
        for state in [MonthState::Harvested, MonthState::Empty] {
            assert_eq!(twice.and(&MonthOutcome::plain(month, state), day(9)), Attempts::default());
        }
    }

    #[test]
    fn a_shaky_server_does_not_make_a_partial_month_be_asked_for_for_ever() {
        let mut attempts = Attempts::default();
        for n in 1..=6 {
            attempts = attempts.and(&met(Trouble::Unavailable), day(n)).and(&met(Trouble::Partial), day(n));
        }
        assert_eq!((attempts.met(Trouble::Partial), attempts.incomplete), (1, 6));
    }
}
