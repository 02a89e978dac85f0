//! When a schedule runs: five fields, checked here so that a slip is told at the start and not on the day.

use chrono::NaiveDate;

/// One field's name, lowest and highest number, and the words for its numbers.
struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    words: &'static [&'static str],
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field { name: "minute", low: 0, high: 59, words: &[] },
    Field { name: "hour", low: 0, high: 23, words: &[] },
    Field { name: "day of the month", low: 1, high: 31, words: &[] },
    Field { name: "month", low: 1, high: 12, words: &MONTHS },
    Field { name: "day of the week", low: 0, high: 7, words: &DAYS },
];

/// Checks a schedule of minute, hour, day of month, month and day of week, and gives it with single spaces and words as
/// numbers. A field is `*`, a number, a range `8-28`, either of the last with words (`mon-fri`), a range or `*` in steps
/// (`*/15`), or several of these with commas.
///
/// # Errors
/// What is wrong, and what would be right.
pub fn cron(text: &str) -> Result<String, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let shown = super::problem::shown(text);
        return Err(format!(
            "'{shown}' has {} fields, not five: minute, hour, day of the month, month, day of the week; write it as \"30 3 8-28 * *\"",
            fields.len()
        ));
    }
    let mut normal = Vec::with_capacity(FIELDS.len());
    for (field, text) in FIELDS.iter().zip(&fields) {
        let wrong = |what: String| format!("the {} '{}' {what}", field.name, super::problem::shown(text));
        let parts: Result<Vec<String>, String> = text.split(',').map(|part| self::part(field, part)).collect();
        normal.push(parts.map_err(wrong)?.join(","));
    }
    if normal[4] == "*" && !a_day_comes(&normal[2], &normal[3]) {
        return Err(format!("'{}' never comes: no such month has such a day", super::problem::shown(text)));
    }
    Ok(normal.join(" "))
}

/// One of the parts between commas, with words as numbers.
fn part(field: &Field, part: &str) -> Result<String, String> {
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    let number = |text: &str| -> Result<u32, String> {
        let word = field.words.iter().position(|word| word.eq_ignore_ascii_case(text)).and_then(|at| u32::try_from(at).ok());
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = word.map(|at| at + field.low).or_else(|| digits.then(|| text.parse().ok()).flatten());
        let inside = number.filter(|number| (field.low..=field.high).contains(number));
        inside.ok_or_else(|| format!("is none: a number from {} to {}, a range, or * is", field.low, field.high))
    };
    let mut normal = match range.split_once('-') {
        _ if range == "*" => "*".to_owned(),
        Some((from, to)) => {
            let (from, to) = (number(from)?, number(to)?);
            // A week that ends on Sunday: `fri-sun`.
            let to = if field.high == 7 && to == 0 && from > 0 { 7 } else { to };
            if from > to {
                return Err(format!("runs backwards; write it as {from}-{},{}-{to}", field.high, field.low));
            }
            format!("{from}-{to}")
        }
        None if step.is_some() => return Err("has a step without a range; write it as */15 or 0-30/10".into()),
        None => number(range)?.to_string(),
    };
    if let Some(step) = step {
        let valid = step.parse::<u32>().ok().filter(|n| step.bytes().all(|b| b.is_ascii_digit()) && (1..=field.high).contains(n));
        let step = valid.ok_or_else(|| format!("has a step that is not a number from 1 to {}", field.high))?;
        normal = format!("{normal}/{step}");
    }
    Ok(normal)
}

/// Whether a checked field holds a number.
fn holds(field: &str, low: u32, number: u32) -> bool {
    field.split(',').any(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step = step.parse().unwrap_or(1_u32).max(1);
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, u32::MAX),
            Some((from, to)) => (from.parse().unwrap_or(low), to.parse().unwrap_or(u32::MAX)),
            None => (range.parse().unwrap_or(u32::MAX), range.parse().unwrap_or(0)),
        };
        (from..=to).contains(&number) && (number - from).is_multiple_of(step)
    })
}

fn a_day_comes(days: &str, months: &str) -> bool {
    // 2024 has a 29 February.
    (1..=12)
        .filter(|month| holds(months, 1, *month))
        .any(|month| (1..=31).any(|day| holds(days, 1, day) && NaiveDate::from_ymd_opt(2024, month, day).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn five_fields_are_a_schedule() {
        for (text, right) in [
            ("30 3 8-28 * *", "30 3 8-28 * *"),
            ("  0   4 10 * * ", "0 4 10 * *"),
            ("*/15 0-23/2 1,15 jan-MAR mon-fri", "*/15 0-23/2 1,15 1-3 1-5"),
            ("0 0 * * 7", "0 0 * * 7"),
            ("0 0 * * fri-sun", "0 0 * * 5-7"),
            ("0 0 29 2 *", "0 0 29 2 *"),
            ("0 0 31 2 mon", "0 0 31 2 1"),
        ] {
            assert_eq!(cron(text).as_deref(), Ok(right), "{text}");
        }
    }

    #[test]
    fn a_slip_is_told_with_the_field() {
        for (text, says) in [
            ("30 3 * *", "has 4 fields"),
            ("0 30 3 8-28 * *", "has 6 fields"),
            ("60 3 * * *", "the minute '60' is none: a number from 0 to 59"),
            ("0 24 * * *", "the hour '24'"),
            ("0 0 0 * *", "the day of the month '0'"),
            ("0 0 * 13 *", "the month '13'"),
            ("0 0 * * 8", "the day of the week '8'"),
            ("0 0 28-8 * *", "runs backwards; write it as 28-31,1-8"),
            ("5/10 0 * * *", "has a step without a range"),
            ("*/0 0 * * *", "has a step that is not"),
            ("*/99 0 * * *", "has a step that is not"),
            ("1,,2 0 * * *", "the minute '1,,2'"),
            ("0 0 L * *", "the day of the month 'L'"),
            ("0 0 31 2,4 *", "never comes"),
            ("@daily", "has 1 fields"),
        ] {
            let wrong = cron(text).unwrap_err();
            assert!(wrong.contains(says), "{text}: {wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_was_accepted_is_accepted_again_unchanged(text in "([*0-9,/-]{1,6} ){4}[*0-9,/-]{1,6}") {
            if let Ok(normal) = cron(&text) {
                prop_assert_eq!(cron(&normal), Ok(normal.clone()));
            }
        }
    }
}
