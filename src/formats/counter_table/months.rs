//! Months and days as spreadsheets and people write them, in English and Norwegian.
//!
//! [`month`] reads what stands above a column or in a cell, [`looks_like_month`] says whether something was meant as one, [`period`]
//! reads the first and the last day of a report. Nothing is guessed: `24-jan` could be a day or a year, and is neither.

use chrono::{Datelike as _, NaiveDate, TimeDelta};

use crate::model::Month;

/// The names of months, English and Norwegian, by their first letters; a name is known by these and may go on as one of them does.
const NAMES: [(&str, u32); 24] = [
    ("january", 1),
    ("januar", 1),
    ("february", 2),
    ("februar", 2),
    ("march", 3),
    ("mars", 3),
    ("april", 4),
    ("may", 5),
    ("mai", 5),
    ("june", 6),
    ("juni", 6),
    ("july", 7),
    ("juli", 7),
    ("august", 8),
    ("september", 9),
    ("sept", 9),
    ("october", 10),
    ("oktober", 10),
    ("november", 11),
    ("december", 12),
    ("desember", 12),
    ("okt", 10),
    ("des", 12),
    ("jun", 6),
];

/// A run of letters or of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Word(&'a str),
    /// A number, and how many digits it has.
    Number(u32, usize),
}

/// What a text is made of, without a time of day; nothing if there is more in it than a date has.
fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    let mut rest = without_time(text.trim());
    let mut parts = Vec::with_capacity(4);
    while let Some(first) = rest.chars().next() {
        let is_same: fn(char) -> bool = match first {
            '0'..='9' => |c| c.is_ascii_digit(),
            c if c.is_alphabetic() => char::is_alphabetic,
            ' ' | '-' | '.' | '/' | ',' | '_' | '\'' | '\u{a0}' | '–' => {
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
                continue;
            }
            _ => return None,
        };
        let end = rest.find(|c| !is_same(c)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if parts.len() == 3 {
            return None;
        }
        parts.push(if first.is_ascii_digit() { Part::Number(part.parse().ok()?, part.len()) } else { Part::Word(part) });
        rest = after;
    }
    Some(parts)
}

/// Without a time of day at its end: `2018-01-01 00:00:00`, `2018-01-01T00:00:00Z`.
fn without_time(text: &str) -> &str {
    let Some(colon) = text.find(':') else { return text };
    let before = text.get(..colon).unwrap_or_default();
    before.rfind([' ', 'T']).and_then(|end| before.get(..end)).unwrap_or(text).trim_end()
}

fn named(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    let found = NAMES.iter().find(|(name, _)| word.len() >= 3 && (*name == word || (word.len() == 3 && name.starts_with(&*word))));
    found.map(|(_, number)| *number)
}

fn year(number: u32, digits: usize) -> Option<i32> {
    let year = i32::try_from(number).ok()?;
    match digits {
        4 if (1900..2100).contains(&year) => Some(year),
        2 if year >= 70 => Some(1900 + year),
        2 => Some(2000 + year),
        _ => None,
    }
}

/// The month that a text names: `Jan-2024`, `jan-24`, `mai 2024`, `2024-01`, `01.2024`, `202401`, its first or last day, or Excel's
/// number of its first day.
pub(super) fn month(text: &str) -> Option<Month> {
    let parts = parts(text)?;
    match *parts.as_slice() {
        [Part::Word(name), Part::Number(y, digits)] => Month::new(year(y, digits)?, named(name)?),
        [Part::Number(y, 4), Part::Word(name)] => Month::new(year(y, 4)?, named(name)?),
        [Part::Number(y, 4), Part::Number(m, 1 | 2)] | [Part::Number(m, 1 | 2), Part::Number(y, 4)] => Month::new(year(y, 4)?, m),
        // 01/24 can only be a month of a year, 01/02 could be anything.
        [Part::Number(m, 1 | 2), Part::Number(y, 2)] if y > 12 => Month::new(year(y, 2)?, m),
        [Part::Number(whole, 6)] => Month::new(year(whole / 100, 4)?, whole % 100),
        [Part::Number(serial, 5)] => of_serial(serial),
        _ => {
            let date = date_of(&parts)?;
            (date.day() == 1 || date == Month::of(date).last_day()).then_some(Month::of(date))
        }
    }
}

/// Excel's days since 1900, where a cell has lost its format.
fn of_serial(days: u32) -> Option<Month> {
    let date = NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(TimeDelta::days(days.into()))?;
    ((1990..2100).contains(&date.year()) && date.day() == 1).then_some(Month::of(date))
}

/// The day of three parts, or of eight digits.
fn date_of(parts: &[Part<'_>]) -> Option<NaiveDate> {
    let (y, m, d) = match *parts {
        [Part::Number(d, 1 | 2), Part::Word(name), Part::Number(y, digits)]
        | [Part::Word(name), Part::Number(d, 1 | 2), Part::Number(y, digits)] => (year(y, digits)?, named(name)?, d),
        [Part::Number(y, 4), Part::Word(name), Part::Number(d, 1 | 2)] => (year(y, 4)?, named(name)?, d),
        [Part::Number(y, 4), Part::Number(m, 1 | 2), Part::Number(d, 1 | 2)] => (year(y, 4)?, m, d),
        [Part::Number(one, 1 | 2), Part::Number(two, 1 | 2), Part::Number(y, digits @ (2 | 4))] => {
            // 31.01.2024 and 1/31/2024 are told apart by what can be no month; of 1/2/2024, the first of a month is meant.
            let (d, m) = match (one, two) {
                (13.., _) => (one, two),
                (_, 13..) => (two, one),
                (1, _) => (one, two),
                (_, 1) => (two, one),
                _ if one == two => (one, two),
                _ => return None,
            };
            (year(y, digits)?, m, d)
        }
        [Part::Number(whole, 8)] => (year(whole / 10_000, 4)?, whole / 100 % 100, whole % 100),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(y, m, d)
}

/// Whether a text was meant as a month: it has a year in it, and a word or a number beside it.
pub(super) fn looks_like_month(text: &str) -> bool {
    let Some(parts) = parts(text) else { return false };
    let is_year = |part: &Part<'_>| matches!(part, Part::Number(y, 4) if (1990..2100).contains(y));
    match parts.as_slice() {
        [Part::Word(name), Part::Number(_, 2)] => (3..=9).contains(&name.chars().count()),
        [Part::Number(_, 2), Part::Word(name)] => (3..=9).contains(&name.chars().count()),
        several => several.len() > 1 && several.iter().any(is_year) && !several.iter().any(|part| is_word_of_another_column(*part)),
    }
}

/// `YOP 2012` is a column of years.
fn is_word_of_another_column(part: Part<'_>) -> bool {
    matches!(part, Part::Word(word) if word.chars().count() > 9 || word.eq_ignore_ascii_case("yop") || word.eq_ignore_ascii_case("total"))
}

/// The day that a text names; a month stands for its first or its last day.
pub(super) fn day(text: &str, last: bool) -> Option<NaiveDate> {
    if let Some(date) = parts(text).and_then(|parts| date_of(&parts)) {
        return Some(date);
    }
    month(text).map(|month| if last { month.last_day() } else { month.first_day() })
}

/// The first and the last day of what is said of a period: `Begin_Date=2022-01-01; End_Date=2022-12-31`, `2022-01-01 to 2022-12-31`,
/// `2022-01 til 2022-12`, or one month.
pub(super) fn period(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    // A time has colons of its own, a name has no digits.
    let is_name = |name: &&str| !name.contains(|c: char| c.is_ascii_digit());
    let bare = |part: &str| {
        let named = part.split_once(['=', ':']).filter(|(name, _)| is_name(name));
        named.map_or(part, |(_, value)| value).trim().to_owned()
    };
    let cut = [";", " to ", " til ", " through ", " - ", " – ", "–", "|", ","].into_iter().find_map(|between| text.split_once(between));
    let (begin, end) = match cut {
        Some((begin, end)) => (day(&bare(begin), false)?, day(&bare(end), true)?),
        None => (day(&bare(text), false)?, day(&bare(text), true)?),
    };
    (begin <= end).then_some((begin, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn months_are_known_however_they_are_written() {
        for text in [
            "Jan-2024",
            "jan-24",
            "January 2024",
            "Jan 2024",
            "jan. 2024",
            "JAN'24",
            "januar 2024",
            "2024-01",
            "2024/1",
            "01.2024",
            "1-2024",
            "01/24",
            "202401",
            "2024-Jan",
            "2024-01-01",
            "2024-01-01 00:00:00",
            "2024-01-01T00:00:00Z",
            "01.01.2024",
            "31.01.2024",
            "1/31/2024",
            "1/1/24",
            "1-Jan-24",
            "20240101",
            "45292",
        ] {
            assert_eq!(month(text).map(|month| month.to_string()).as_deref(), Some("2024-01"), "{text}");
        }
        for (text, number) in
            [("mai-2024", 5), ("May-24", 5), ("Okt-2024", 10), ("des 24", 12), ("Sept 2024", 9), ("2/1/2024", 2), ("1/2/2024", 2)]
        {
            assert_eq!(month(text).map(Month::number), Some(number), "{text}");
        }
        assert_eq!(month("Dec-99").map(Month::year), Some(1999));
    }

    #[test]
    fn what_is_no_month_is_none() {
        for text in [
            "",
            "2024",
            "24-jan",
            "01-02",
            "Mrz-2018",
            "Jal-2022",
            "2024-13",
            "Total",
            "15.01.2024",
            "2/3/2024",
            "ja-2024",
            "45300",
            "YOP 2012",
            "Jan-2024 x",
            "Juncture 2024",
        ] {
            assert_eq!(month(text), None, "{text}");
        }
        for text in ["Mrz-2018", "Jal-2022", "Dez-18", "2024-13", "15.01.2024", "24-jan"] {
            assert!(looks_like_month(text), "{text}");
        }
        for text in
            ["", "2024", "Reporting_Period_Total", "YOP 2012", "ISBN", "Print_ISSN", "YTD Total", "Institution_Name", "R5", "Usage (2024)"]
        {
            assert!(!looks_like_month(text), "{text}");
        }
    }

    #[test]
    fn periods_are_two_days() {
        let expected = (NaiveDate::from_ymd_opt(2022, 1, 1).unwrap(), NaiveDate::from_ymd_opt(2022, 6, 30).unwrap());
        for text in [
            "Begin_Date=2022-01-01; End_Date=2022-06-30",
            "begin_date=2022-01; end_date=2022-06",
            "2022-01-01 to 2022-06-30",
            "2022-01 to 2022-06",
            "01.01.2022 – 30.06.2022",
            "Jan-2022 til Jun-2022",
            "2022-01-01 00:00:00 to 2022-06-30 00:00:00",
            "Begin_Date: 2022-01-01; End_Date: 2022-06-30",
        ] {
            assert_eq!(period(text), Some(expected), "{text}");
        }
        assert_eq!(period("2022-06").unwrap().1, expected.1);
        for text in ["", "as selected", "2022-06-30 to 2022-01-01", "2022 to 2023"] {
            assert_eq!(period(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_month_is_read_in_every_form(index in 1980 * 12i32..2060 * 12) {
            let month_ = Month::from_index(index).unwrap();
            let (y, m) = (month_.year(), month_.number());
            let name = NAMES.iter().find(|(_, number)| *number == m).unwrap().0;
            for text in [format!("{}-{y}", &name[..3]), format!("{name} {y}"), format!("{y}-{m:02}"), format!("{m:02}.{y}"), format!("{y}{m:02}"), format!("{y}-{m:02}-01"), month_.last_day().to_string()] {
                prop_assert_eq!(month(&text), Some(month_), "{}", text);
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,30}|[0-9A-Za-z./: ,-]{0,24}") {
            let _ = (month(&text), looks_like_month(&text), period(&text), day(&text, true));
        }
    }
}
