//! The time, as a value that is passed in.
//!
//! [`Clock`] is either the system's or stands still; standing still makes runs repeatable, for the demo,
//! for tests, and for anyone who sets `AVLING_NOW`.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::model::Month;

/// Where the time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The system's clock.
    System,
    /// It is always this moment.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// The clock that the environment asks for: `AVLING_NOW` (RFC 3339) if set, else the system's.
    ///
    /// # Errors
    /// A sentence for the user if `AVLING_NOW` is not a time.
    pub fn from_environment() -> Result<Self, String> {
        match std::env::var("AVLING_NOW") {
            Err(_) => Ok(Self::System),
            Ok(text) if text.is_empty() => Ok(Self::System),
            Ok(text) => DateTime::parse_from_rfc3339(&text)
                .map(|time| Self::Fixed(time.with_timezone(&Utc)))
                .map_err(|_| format!("AVLING_NOW is '{text}', which is not a time; write it as 2025-01-20T03:30:00Z")),
        }
    }

    /// Now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn now(self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Fixed(time) => time,
        }
    }

    /// Today where the libraries are.
    #[must_use]
    pub fn today(self, zone: Tz) -> NaiveDate {
        self.now().with_timezone(&zone).date_naive()
    }

    /// The newest month that has ended where the libraries are.
    #[must_use]
    pub fn last_full_month(self, zone: Tz) -> Month {
        Month::of(self.today(zone)).previous()
    }
}
