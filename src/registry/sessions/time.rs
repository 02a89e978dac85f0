//! In which month an event was, by the clocks of the libraries.

use chrono::{NaiveDate, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use crate::model::Month;

/// The month of a time: a day, with hours and minutes or without, with an offset or in `zone`. Nothing if it is no time.
pub(super) fn month(text: &str, zone: Tz) -> Option<Month> {
    let (day, rest) = text.split_at_checked(10)?;
    let fits = day.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    let date = fits.then(|| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()).flatten()?;
    if rest.is_empty() {
        return Some(Month::of(date));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match rest.find(['Z', 'z', '+', '-', ' ']) {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, ""),
    };
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next());
    let whole = second.map_or("00", |second| second.split_once(['.', ',']).map_or(second, |(whole, _)| whole));
    let fraction = second.map_or("", |second| &second[whole.len()..]);
    let fraction_fits = fraction.is_empty() || (fraction.len() > 1 && fraction[1..].bytes().all(|byte| byte.is_ascii_digit()));
    // A leap second is in the minute before it.
    let (hour, minute, _) = (two(hour, 23)?, two(minute, 59)?, two(whole, 60)?);
    if !fraction_fits || parts.next().is_some() {
        return None;
    }
    // Where the clock goes, the month is as it says; also in the hour that a change of the clock leaves out.
    let Some(offset) = minutes(offset.trim_start_matches(' '))? else { return Some(Month::of(date)) };
    let utc = date.and_hms_opt(hour, minute, 0)?.checked_sub_signed(TimeDelta::minutes(offset))?;
    Some(Month::of(zone.from_utc_datetime(&utc).date_naive()))
}

/// Two digits up to `most`.
fn two(text: &str, most: u32) -> Option<u32> {
    let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten().filter(|number| *number <= most)
}

/// An offset (`Z`, `+01:00`, `+0100`) in minutes east; the outer nothing: it is none, the inner: there is none.
#[allow(clippy::option_option, reason = "wrong and missing are different")]
fn minutes(text: &str) -> Option<Option<i64>> {
    if text.is_empty() {
        return Some(None);
    }
    if text.eq_ignore_ascii_case("z") {
        return Some(Some(0));
    }
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, minutes) = digits.split_once(':').or_else(|| digits.split_at_checked(2))?;
    Some(Some(sign * (i64::from(two(hours, 23)?) * 60 + i64::from(two(minutes, 59)?))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Option<String> {
        month(text, Tz::Europe__Oslo).map(|month| month.to_string())
    }

    #[test]
    fn a_time_is_in_the_month_of_the_libraries_clocks() {
        for (text, expected) in [
            ("2024-01-31", "2024-01"),
            ("2024-01-31T23:30:00Z", "2024-02"),
            ("2024-01-31t22:59:59.999z", "2024-01"),
            ("2024-01-31T23:30", "2024-01"),
            ("2024-01-31 23:30:00", "2024-01"),
            ("2024-06-30T22:30:00+00:00", "2024-07"),
            ("2024-07-01T00:30:00+03:00", "2024-06"),
            ("2024-07-01 00:30:00 +0200", "2024-07"),
            ("2023-12-31T18:00:00-06:00", "2024-01"),
            ("2016-12-31T23:59:60Z", "2017-01"),
            ("2024-03-31T02:30:00", "2024-03"),
        ] {
            assert_eq!(of(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2024-01",
            "2024-13-01",
            "2024-02-30",
            "31.01.2024",
            "2024-01-31T",
            "2024-01-31T24:00",
            "2024-01-31T1:00",
            "2024-01-31x10:00",
            "2024-01-31T10:60",
            "2024-01-31T10:00:61",
            "2024-01-31T10:00:00.",
            "2024-01-31T10:00:00:00",
            "2024-01-31T10:00:00+1",
            "2024-01-31T10:00:00+0160",
            "2024-01-31T10:00:00 Oslo",
            "2024-01-3æ",
            "+024-01-01",
            "2024-01-31Z",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_chrono_reads_is_read_alike(seconds in -2_000_000_000_i64..4_000_000_000, east in -14_i32..15) {
            let offset = chrono::FixedOffset::east_opt(east * 3600).unwrap();
            let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
            let expected = Month::of(time.with_timezone(&Tz::Europe__Oslo).date_naive()).to_string();
            prop_assert_eq!(of(&time.with_timezone(&offset).to_rfc3339()), Some(expected));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}", near in "20[0-9]{2}-[01][0-9]-[0-3][0-9][T ]?[0-9:.Z+ -]{0,16}") {
            let _ = of(&text);
            let _ = of(&near);
        }
    }
}
