//! When an event was: the second, for telling sessions apart, and the day by the libraries' clocks.

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use crate::model::Month;

/// No events are older, and none are this new.
const YEARS: std::ops::Range<i32> = 1990..2200;

/// When an event was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    /// The month by the libraries' clocks.
    pub month: Month,
    /// The day of the month, from 1.
    pub day: u32,
}

impl Moment {
    /// Reads `2024-10-05T09:12:44+02:00` (or `Z`, with a blank, with parts of a second, or without an offset, in `zone`),
    /// `05/Oct/2024:09:12:44 +0200`, or seconds, thousandths or millionths since 1970.
    #[must_use]
    pub fn read(text: &str, zone: Tz) -> Option<Self> {
        let text = text.trim().trim_start_matches('[').trim_end_matches(']');
        let seconds = since_1970(text).or_else(|| written(text, zone))?;
        let local = zone.from_utc_datetime(&DateTime::from_timestamp(seconds, 0)?.naive_utc());
        let date = local.date_naive();
        YEARS.contains(&date.year()).then(|| Self { seconds, month: Month::of(date), day: date.day() })
    }
}

/// A number of seconds, or of parts of a second.
fn since_1970(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(9..=16).contains(&whole.len()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    Some(match whole.len() {
        ..=11 => number,
        12..=13 => number / 1000,
        _ => number / 1_000_000,
    })
}

fn written(text: &str, zone: Tz) -> Option<i64> {
    let (pattern, length) = match text.as_bytes().get(..5)? {
        [_, _, _, _, b'-'] => ("%Y-%m-%d %H:%M:%S", 19),
        [_, _, b'/', _, _] if text.as_bytes().get(3)?.is_ascii_alphabetic() => ("%d/%b/%Y:%H:%M:%S", 20),
        _ => return None,
    };
    let (clock, rest) = text.split_at_checked(length)?;
    let clock = clock.replacen(['T', 't'], if length == 19 { " " } else { "T" }, usize::from(length == 19));
    let clock = NaiveDateTime::parse_from_str(&clock, pattern).ok()?;
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let rest = rest.trim_start();
    if rest.is_empty() {
        // In the hour that comes twice the first is meant; one that never comes is as if the clock had not been changed.
        let local = zone.from_local_datetime(&clock);
        let shifted = || zone.from_local_datetime(&(clock - TimeDelta::hours(1))).earliest().map(|time| time + TimeDelta::hours(1));
        return Some(local.earliest().or_else(shifted)?.timestamp());
    }
    clock.and_utc().timestamp().checked_sub(offset(rest)?)
}

/// An offset in seconds east.
fn offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(0);
    }
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, minutes) = digits.split_once(':').or_else(|| digits.split_at_checked(2))?;
    let two = |text: &str, most: i64| {
        let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<i64>().ok()).flatten().filter(|number| *number <= most)
    };
    let minutes = if minutes.is_empty() { "00" } else { minutes };
    Some(sign * (two(hours, 23)? * 3600 + two(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(i64, String)> {
        Moment::read(text, Tz::Europe__Oslo).map(|moment| (moment.seconds, format!("{}-{:02}", moment.month, moment.day)))
    }

    #[test]
    fn times_of_all_forms_are_one_second_and_a_day_of_the_libraries() {
        let expected = Some((1_728_112_364, "2024-10-05".to_owned()));
        for text in [
            "2024-10-05T07:12:44Z",
            "2024-10-05T09:12:44+02:00",
            "2024-10-05 09:12:44.123 +0200",
            "2024-10-05T09:12:44",
            "05/Oct/2024:09:12:44 +0200",
            "[05/Oct/2024:09:12:44 +0200]",
            "05/Oct/2024:09:12:44",
            "1728112364",
            "1728112364.5",
            "1728112364123",
            "1728112364123456",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("2024-10-31T23:30:00Z").unwrap().1, "2024-11-01");
        assert_eq!(read("2024-03-31T02:30:00").unwrap().1, "2024-03-31");
        assert_eq!(read("2024-10-27 02:30:00").unwrap().0, read("2024-10-27T02:30:00+02:00").unwrap().0);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "-",
            "2024-10-05",
            "2024-13-05T09:12:44Z",
            "05/10/2024:09:12:44",
            "12",
            "1728112364x",
            "0905-10-05T09:12:44Z",
            "2024-10-05T09:12:44 x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_chrono_writes_is_read(seconds in 700_000_000_i64..4_000_000_000, east in -14_i32..15) {
            let offset = chrono::FixedOffset::east_opt(east * 3600).unwrap();
            let time = DateTime::from_timestamp(seconds, 0).unwrap().with_timezone(&offset);
            for text in [time.to_rfc3339(), time.format("%d/%b/%Y:%H:%M:%S %z").to_string(), seconds.to_string()] {
                prop_assert_eq!(read(&text).map(|read| read.0), Some(seconds), "{}", text);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}", near in "[0-9]{2,4}[-/][A-Za-z0-9]{2,3}[-/][0-9:T .+-]{0,24}") {
            let _ = (read(&text), read(&near));
        }
    }
}
