//! [`DateFormats`]: how a vendor writes months and days.

use std::fmt::Write as _;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveDate};

use crate::model::Month;

/// Norwegian names of months where they differ from the English ones, and as those are.
const NORWEGIAN: [(&str, &str); 11] = [
    ("januar", "January"),
    ("februar", "February"),
    ("mars", "March"),
    ("mai", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("oktober", "October"),
    ("okt", "Oct"),
    ("desember", "December"),
    ("des", "Dec"),
    ("sept", "Sep"),
];

/// The names of the months by their first letters, in English and Norwegian.
const NAMES: [&[&str]; 12] = [
    &["january", "januar", "jan"],
    &["february", "februar", "feb"],
    &["march", "mars", "mar"],
    &["april", "apr"],
    &["may", "mai"],
    &["june", "juni", "jun"],
    &["july", "juli", "jul"],
    &["august", "aug"],
    &["september", "sept", "sep"],
    &["october", "oktober", "oct", "okt"],
    &["november", "nov"],
    &["december", "desember", "dec", "des"],
];

/// Formats of dates in strftime's words, tried in their order; after them `YYYY-MM` and ISO 8601 days and times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DateFormats(Vec<String>);

impl DateFormats {
    /// These formats.
    ///
    /// # Errors
    /// What is wrong with one of them: it is no format, or does not give a year and a month.
    pub fn new(formats: Vec<String>) -> Result<Self, String> {
        for format in &formats {
            let wrong = |what: &str| format!("'{format}' {what}; write it as strftime has it: %Y-%m-%d, %d.%m.%Y, %B %Y");
            if StrftimeItems::new(format).any(|item| matches!(item, Item::Error)) {
                return Err(wrong("is no format of a date"));
            }
            let sample = DateTime::from_timestamp(1_709_644_455, 0).unwrap_or_default();
            let mut text = String::new();
            let written = write!(text, "{}", sample.format(format));
            if written.is_err() || read(format, &text) != Some(Month::of(sample.date_naive())) {
                return Err(wrong("does not give a year and a month"));
            }
        }
        Ok(Self(formats))
    }

    /// The month of a date that is written so; nothing if it is none.
    #[must_use]
    pub fn month(&self, text: &str) -> Option<Month> {
        let text = text.trim();
        self.0.iter().find_map(|format| read(format, text)).or_else(|| iso(text))
    }
}

/// The number of a month that stands in a column of its own: 1 to 12, or a name.
#[must_use]
pub fn month_number(text: &str) -> Option<u32> {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    if let Some(place) = NAMES.iter().position(|names| names.contains(&text.as_str())) {
        return u32::try_from(place + 1).ok();
    }
    text.parse().ok().filter(|number| (1..=12).contains(number))
}

/// `YYYY-MM`, or a day, alone or before a time.
fn iso(text: &str) -> Option<Month> {
    if let Ok(month) = text.parse() {
        return Some(month);
    }
    let day = text.get(..10)?;
    let rest = text.get(10..)?;
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    (rest.is_empty() || rest.starts_with(['T', 't', ' '])).then(|| Month::of(day))
}

fn read(format: &str, text: &str) -> Option<Month> {
    let mut parsed = Parsed::new();
    let with_names = format.contains("%B") || format.contains("%b") || format.contains("%h");
    let translated = if with_names { in_english(text) } else { text.to_owned() };
    parse(&mut parsed, &translated, StrftimeItems::new(format)).ok()?;
    if let Ok(day) = parsed.to_naive_date() {
        return Some(Month::of(day));
    }
    if let Some(seconds) = parsed.timestamp() {
        return DateTime::from_timestamp(seconds, 0).map(|time| Month::of(time.date_naive()));
    }
    if parsed.day().is_some() || parsed.ordinal().is_some() {
        return None;
    }
    // A month without a day is no date, but all that is wanted.
    let year = parsed.year().or_else(|| parsed.year_mod_100().map(|year| if year < 70 { 2000 + year } else { 1900 + year }))?;
    Month::new(year, parsed.month()?)
}

/// With Norwegian names of months in English.
fn in_english(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut word = String::new();
    let put = |word: &mut String, out: &mut String| {
        let lower = word.to_lowercase();
        let name = NORWEGIAN.iter().find(|(norwegian, _)| *norwegian == lower);
        out.push_str(name.map_or(word.as_str(), |(_, english)| english));
        word.clear();
    };
    for c in text.chars() {
        if c.is_alphabetic() {
            word.push(c);
        } else {
            put(&mut word, &mut out);
            out.push(c);
        }
    }
    put(&mut word, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn month(formats: &[&str], text: &str) -> Option<String> {
        let formats = DateFormats::new(formats.iter().map(|format| (*format).to_owned()).collect()).unwrap();
        formats.month(text).map(|month| month.to_string())
    }

    #[test]
    fn dates_are_read_as_their_formats_say() {
        for (formats, text, expected) in [
            (&[][..], "2024-03", "2024-03"),
            (&[], "2024-03-05", "2024-03"),
            (&[], "2024-03-31T23:59:59+01:00", "2024-03"),
            (&[], "2024-03-31 23:59", "2024-03"),
            (&["%d.%m.%Y"], "05.03.2024", "2024-03"),
            (&["%d.%m.%Y"], "2024-03-05", "2024-03"),
            (&["%m/%Y", "%Y%m"], "202403", "2024-03"),
            (&["%B %Y"], "mars 2024", "2024-03"),
            (&["%B %Y"], "Desember 2024", "2024-12"),
            (&["%b-%y"], "okt-24", "2024-10"),
            (&["%d. %B %Y"], "5. mai 2024", "2024-05"),
            (&["%s"], "1709644455", "2024-03"),
            (&["%Y-%j"], "2024-061", "2024-03"),
        ] {
            assert_eq!(month(formats, text).as_deref(), Some(expected), "{text}");
        }
        for (formats, text) in
            [(&[][..], "05.03.2024"), (&["%d.%m.%Y"], "31.02.2024"), (&["%Y%m"], "202413"), (&[], "2024-02-30"), (&[], "")]
        {
            assert_eq!(month(formats, text), None, "{text}");
        }
    }

    #[test]
    fn a_format_must_give_a_year_and_a_month() {
        for format in ["%Y", "%m", "%H:%M", "%Q", "", "%d.%m", "x"] {
            assert!(DateFormats::new(vec![format.into()]).is_err(), "{format}");
        }
    }

    #[test]
    fn months_in_a_column_of_their_own_are_numbers_or_names() {
        for (text, number) in [("3", 3), ("03", 3), ("Mars", 3), ("mar.", 3), ("March", 3), (" des ", 12), ("okt", 10)] {
            assert_eq!(month_number(text), Some(number), "{text}");
        }
        for text in ["0", "13", "", "x", "-1"] {
            assert_eq!(month_number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_makes_them_fall_over(format in "[%A-Za-z0-9. /:#-]{0,12}", text in "\\PC{0,20}") {
            if let Ok(formats) = DateFormats::new(vec![format]) {
                let _ = formats.month(&text);
            }
            let _ = month_number(&text);
        }

        #[test]
        fn what_a_format_writes_it_reads(format in prop::sample::select(&["%d.%m.%Y", "%Y%m", "%B %Y", "%b %d, %Y", "%y/%m"][..]), days in 0_i64..20_000) {
            let day = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + chrono::TimeDelta::days(days % 18_000);
            let text = day.format(format).to_string();
            prop_assert_eq!(month(&[format], &text), Some(Month::of(day).to_string()));
        }
    }
}
