//! Small values of a reply: months, counts, years of publication.

use chrono::NaiveDate;

use crate::model::Month;

/// Year, month and day of a date, which may have a time behind it. The day may be one that its month does not have.
fn parts(text: &str) -> Option<(i32, u32, u32)> {
    let text = text.trim();
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let separated = text.as_bytes().get(4) == Some(&b'-');
    let (year, month) = (i32::try_from(digits(0..4)?).ok()?, digits(5..7)?);
    let day = match text.get(7..) {
        Some("") => 0,
        Some(_) if text.as_bytes().get(7) == Some(&b'-') => {
            let rest = text.get(10..)?;
            // A time, or the zone of a date (XML Schema part 2, section 3.2.9).
            let known = rest.is_empty() || rest.starts_with(['T', 't', ' ', 'Z', '+', '-']);
            known.then(|| digits(8..10))??
        }
        _ => return None,
    };
    separated.then_some((year, month, day))
}

/// The month of a `Period` from `begin` to `end`, and what is odd about it; an error if it is not one whole month.
///
/// Dates are taken as they are written: a time zone makes no other day of them.
pub(super) fn month(begin: &str, end: &str) -> Result<(Month, Option<&'static str>), ()> {
    let (Some(first), Some(last)) = (parts(begin), parts(end)) else { return Err(()) };
    let month = Month::new(first.0, first.1).ok_or(())?;
    if (last.0, last.1) != (first.0, first.1) || first.2 > 1 {
        return Err(());
    }
    let odd = match last.2 {
        0 => Some("a Period's dates are months"),
        day if !(28..=31).contains(&day) => return Err(()),
        day if NaiveDate::from_ymd_opt(last.0, last.1, day).is_none() => Some("a Period ends on a day that its month does not have"),
        day if day != chrono::Datelike::day(&month.last_day()) => {
            Some("a Period ends before the last day of its month; the whole month is meant")
        }
        _ if begin.trim().len() > 10 || end.trim().len() > 10 => Some("a Period's dates have a time"),
        _ => None,
    };
    Ok((month, odd))
}

/// A day of the range that was asked for; of a month its first or last.
pub(super) fn day(text: &str, last: bool) -> Option<NaiveDate> {
    let (year, month, day) = parts(text)?;
    let of_month = Month::new(year, month)?;
    if day == 0 {
        return Some(if last { of_month.last_day() } else { of_month.first_day() });
    }
    NaiveDate::from_ymd_opt(year, month, day)
}

/// A count: a whole number from 0 to 2^63 - 1, and whether it was written as a fraction.
pub(super) fn count(text: &str) -> Result<(u64, bool), String> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if text.is_empty() {
        return Err("the count is empty".into());
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let shown = super::state::shown(text);
    if let Some(rest) = whole.strip_prefix('-').filter(|rest| !rest.is_empty() && digits(rest)) {
        let zero = rest.bytes().chain(fraction.bytes()).all(|byte| byte == b'0');
        return if zero { Ok((0, true)) } else { Err(format!("the count {shown} is below zero")) };
    }
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(format!("the count '{shown}' is not a whole number from 0 to 2^63 - 1"));
    }
    if fraction.bytes().any(|byte| byte != b'0') {
        return Err(format!("the count {shown} is not a whole number"));
    }
    let count = whole.parse().ok().filter(|count: &u64| *count <= i64::MAX.unsigned_abs());
    count.map(|count| (count, text.len() > whole.len())).ok_or_else(|| format!("the count {shown} is too large"))
}

/// A year of publication, or a range of them that may be open at an end.
pub(super) fn years(year: &str, from: &str, to: &str) -> String {
    let [year, from, to] = [year, from, to].map(str::trim);
    match (year, from, to) {
        ("", "", "") => String::new(),
        ("", from, to) if from == to => from.to_owned(),
        ("", from, to) => format!("{from}-{to}"),
        (year, ..) => year.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_one_month_however_its_dates_are_written() {
        for (begin, end, odd) in [
            ("2018-01-01", "2018-01-31", false),
            ("2013-02-01", "2013-02-28", false),
            (" 2013-02-01 ", "2013-02-28\n", false),
            ("2013-02-01", "2013-02-29", true),
            ("2013-01-01", "2013-01-30", true),
            ("2018-01-01T00:00:00.000Z", "2018-01-31T23:59:59.999-05:00", true),
            ("2018-01-01+01:00", "2018-01-31+01:00", true),
            ("2018-01", "2018-01", true),
        ] {
            let (month, said) = month(begin, end).unwrap_or_else(|()| panic!("{begin} to {end}"));
            assert_eq!(month.to_string(), begin.trim()[..7], "{begin}");
            assert_eq!(said.is_some(), odd, "{begin} to {end}: {said:?}");
        }
        for (begin, end) in [
            ("2018-01-01", "2018-02-28"),
            ("2018-01-01", "2018-01-01"),
            ("2018-01-05", "2018-01-31"),
            ("2018-13-01", "2018-13-31"),
            ("", ""),
            ("2018/01/01", "2018/01/31"),
            ("01-01-2018", "31-01-2018"),
            ("2018-01-01x", "2018-01-31"),
            ("2018-01-é1", "2018-01-31"),
        ] {
            assert!(month(begin, end).is_err(), "{begin} to {end}");
        }
    }

    #[test]
    fn counts_are_whole_numbers() {
        assert_eq!(count(" 12 "), Ok((12, false)));
        assert_eq!(count("12.0"), Ok((12, true)));
        assert_eq!(count("9223372036854775807"), Ok((i64::MAX.unsigned_abs(), false)));
        for text in ["", "-1", "1.5", "1,000", "+1", "1e3", "9223372036854775808", "x", ".", ".5", "-"] {
            assert!(count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn years_of_publication_are_one_or_a_range() {
        assert_eq!(years("2010", "", ""), "2010");
        assert_eq!(years("", "2000", "2005"), "2000-2005");
        assert_eq!(years("", "2000", "2000"), "2000");
        assert_eq!(years("", "", "1999"), "-1999");
        assert_eq!(years("", "", ""), "");
    }
}
