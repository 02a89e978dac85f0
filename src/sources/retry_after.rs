//! [`RetryAfter`]: when a server wants to be asked again (RFC 9110 section 10.2.3).

use chrono::{DateTime, NaiveDateTime, Utc};

/// The value of a `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so many seconds.
    Seconds(u64),
    /// At this time.
    At(DateTime<Utc>),
}

impl RetryAfter {
    /// Reads seconds, or a date in any of the three forms of HTTP (RFC 9110 section 5.6.7). A name of a day
    /// that is not the date's is overlooked. Nothing if it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than fit mean "never"; the caller has a limit of its own.
            return Some(Self::Seconds(text.parse().unwrap_or(u64::MAX)));
        }
        let date = match text.split_once(", ") {
            Some((_, date)) => ["%d %b %Y %H:%M:%S GMT", "%d-%b-%y %H:%M:%S GMT", "%d %b %Y %H:%M:%S UTC"]
                .iter()
                .find_map(|form| NaiveDateTime::parse_from_str(date, form).ok()),
            None => NaiveDateTime::parse_from_str(text.split_once(' ')?.1, "%b %e %H:%M:%S %Y").ok(),
        };
        date.map(|date| Self::At(date.and_utc()))
    }

    /// The time that is meant, if it was said at `now`; at the latest a year later.
    #[must_use]
    pub fn from(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let latest = now.checked_add_signed(chrono::TimeDelta::days(365)).unwrap_or(now);
        let wanted = match self {
            Self::At(time) => Some(time),
            Self::Seconds(seconds) => {
                i64::try_from(seconds).ok().and_then(chrono::TimeDelta::try_seconds).and_then(|delta| now.checked_add_signed(delta))
            }
        };
        wanted.map_or(latest, |time| time.clamp(now, latest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_understood() {
        let at = Some(RetryAfter::At("1994-11-06T08:49:37Z".parse().unwrap()));
        assert_eq!(RetryAfter::parse(" 120 "), Some(RetryAfter::Seconds(120)));
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(RetryAfter::parse(text), at, "{text}");
        }
        for text in ["", "soon", "-5", "1.5", "12 s", "Sun, 99 Nov 1994 08:49:37 GMT", "é, ", "é "] {
            assert_eq!(RetryAfter::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_time_meant_is_never_past_and_never_beyond_a_year() {
        let now: DateTime<Utc> = "2025-01-20T03:30:00Z".parse().unwrap();
        let year = now + chrono::TimeDelta::days(365);
        assert_eq!(RetryAfter::Seconds(60).from(now).to_rfc3339(), "2025-01-20T03:31:00+00:00");
        assert_eq!(RetryAfter::parse("99999999999999999999999").unwrap().from(now), year);
        assert_eq!(RetryAfter::Seconds(u64::MAX / 2_000_000).from(now), year);
        assert_eq!(RetryAfter::At("1994-11-06T08:49:37Z".parse().unwrap()).from(now), now);
    }
}
