//! Counts as they stand in cells: whole numbers, also with thousands separators.

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Nothing, which in a table means no use.
    Nothing,
    /// A number as it should be written.
    Plain(u64),
    /// A number with thousands separators.
    Grouped(u64),
    /// A whole number with zeros after a decimal point.
    Decimal(u64),
    /// A dash.
    Dash,
}

impl Count {
    /// Its value.
    pub(super) fn value(self) -> u64 {
        match self {
            Self::Plain(count) | Self::Grouped(count) | Self::Decimal(count) => count,
            Self::Nothing | Self::Dash => 0,
        }
    }
}

/// Reads a cell; what is wrong with it is said as what follows its text.
pub(super) fn count(cell: &[u8]) -> Result<Count, &'static str> {
    if cell.is_empty() {
        return Ok(Count::Nothing);
    }
    if cell.len() <= 18 && cell.iter().all(u8::is_ascii_digit) {
        return Ok(Count::Plain(cell.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))));
    }
    slowly(&super::text(cell))
}

fn slowly(cell: &str) -> Result<Count, &'static str> {
    const WHAT: &str = "is not a whole number from 0";
    if cell.is_empty() {
        return Ok(Count::Nothing);
    }
    if matches!(cell, "-" | "–" | "—" | "−") {
        return Ok(Count::Dash);
    }
    if cell.starts_with('#') {
        return Err("is what a spreadsheet shows where something went wrong");
    }
    if let Some(rest) = cell.strip_prefix(['-', '−', '–']).or_else(|| cell.strip_prefix('(')) {
        return Err(if rest.starts_with(|c: char| c.is_ascii_digit()) { "is below zero" } else { WHAT });
    }
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mut whole, mut decimal) = (cell, false);
    // One or two places after the last point or comma are decimals, three are thousands.
    if let Some(at) = cell.rfind(['.', ',']) {
        let (before, after) = (cell.get(..at).unwrap_or_default(), cell.get(at + 1..).unwrap_or_default());
        if (1..=2).contains(&after.len()) && is_digits(after) {
            if after.bytes().any(|digit| digit != b'0') {
                return Err(WHAT);
            }
            (whole, decimal) = (before, true);
        }
    }
    let separator = whole.chars().find(|c| !c.is_ascii_digit());
    let digits: String = match separator {
        None => whole.to_owned(),
        Some(separator) => {
            let is_one = matches!(separator, ',' | '.' | '\'' | '’' | '\u{a0}' | '\u{202f}' | '\u{2009}' | ' ');
            let mut groups = whole.split(separator);
            let first = groups.next().unwrap_or_default();
            if !is_one || first.len() > 3 || !is_digits(first) || !groups.clone().all(|group| group.len() == 3 && is_digits(group)) {
                return Err(WHAT);
            }
            groups.fold(first.to_owned(), |digits, group| digits + group)
        }
    };
    if !is_digits(&digits) {
        return Err(WHAT);
    }
    let number = digits.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok()).ok_or("is larger than can be counted")?;
    Ok(match (decimal, separator) {
        (true, _) => Count::Decimal(number),
        (false, Some(_)) => Count::Grouped(number),
        (false, None) => Count::Plain(number),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn thousands_are_told_from_decimals() {
        for text in [
            "1234567",
            "1,234,567",
            "1 234 567",
            "1.234.567",
            "1\u{a0}234\u{a0}567",
            "1'234'567",
            "1,234,567.00",
            "1.234.567,0",
            "1234567.0",
        ] {
            assert_eq!(count(text.as_bytes()).map(Count::value), Ok(1_234_567), "{text}");
        }
        assert_eq!(count(b"1.000"), Ok(Count::Grouped(1000)));
        assert_eq!(count(b"1\xa0000"), Ok(Count::Grouped(1000)), "in Windows-1252");
        assert_eq!((count(b""), count(b"-"), count(b" 7 ")), (Ok(Count::Nothing), Ok(Count::Dash), Ok(Count::Plain(7))));
        assert_eq!(count(b"9223372036854775807"), Ok(Count::Plain(i64::MAX.unsigned_abs())));
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for text in
            ["1.5", "1,50", "12,34,567", "1,2345", "0,0001", "x", "1e3", "+5", "1 2", "1,000.5", "1.000,000.000", "1,000 000", "n/a", "٣"]
        {
            assert_eq!(count(text.as_bytes()), Err("is not a whole number from 0"), "{text}");
        }
        assert_eq!(count(b"-5"), Err("is below zero"));
        assert_eq!(count("−5".as_bytes()), Err("is below zero"));
        assert_eq!(count(b"#REF!"), Err("is what a spreadsheet shows where something went wrong"));
        assert_eq!(count(b"9223372036854775808"), Err("is larger than can be counted"));
    }

    proptest! {
        #[test]
        fn grouping_changes_nothing(number in 0u64..1 << 62, separator in prop::sample::select(vec![",", ".", " ", "\u{a0}", "'"])) {
            let plain = number.to_string();
            let mut grouped = String::new();
            for (place, digit) in plain.chars().enumerate() {
                if place > 0 && (plain.len() - place) % 3 == 0 {
                    grouped.push_str(separator);
                }
                grouped.push(digit);
            }
            prop_assert_eq!(count(grouped.as_bytes()).map(Count::value), Ok(number));
            prop_assert_eq!(count(plain.as_bytes()), Ok(Count::Plain(number)));
        }

        #[test]
        fn nothing_panics(cell in prop::collection::vec(any::<u8>(), 0..24), text in "[0-9.,' -]{0,12}") {
            let _ = (count(&cell), count(text.as_bytes()));
        }
    }
}
