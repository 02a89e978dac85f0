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

/// The decision about one month after one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthOutcome {
    /// The month.
    pub month: Month,
    /// Where it stands now.
    pub state: MonthState,
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
