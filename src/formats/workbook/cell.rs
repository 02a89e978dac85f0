//! What stands in a cell, as the text that one would write in its place.

/// A filled cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A value, as text.
    Text(String),
    /// An error of the spreadsheet, as it shows it.
    Error(String),
}

impl Value {
    /// What one sees.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Error(text) => text,
        }
    }
}

/// A number as spreadsheets show it: no more than their 15 digits, none after a whole number.
pub(crate) fn number(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    // The minus of a zero says nothing.
    let rounded = if rounded == 0.0 { 0.0 } else { rounded };
    format!("{rounded}")
}

/// The words of files for true and false.
pub(crate) fn truth(is: bool) -> &'static str {
    if is { "yes" } else { "" }
}

/// A day, with its time if there is one.
pub(crate) fn moment((year, month, day): (u16, u8, u8), (hour, minute, second): (u8, u8, u8)) -> String {
    let day = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { day } else { format!("{day} {hour:02}:{minute:02}:{second:02}") }
}

/// A day or time in ISO 8601; midnight is the day alone.
pub(crate) fn iso(text: &str) -> String {
    match text.split_once('T') {
        Some((day, time)) if time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.')) => day.to_owned(),
        Some((day, time)) => format!("{day} {time}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_would() {
        for (value, text) in [
            (301.0, "301"),
            (2_030_000.0, "2030000"),
            (0.1 + 0.2, "0.3"),
            (24_300.5, "24300.5"),
            (-0.0, "0"),
            (1e12, "1000000000000"),
            (62.5, "62.5"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn days_have_a_time_only_if_they_need_one() {
        assert_eq!(moment((2024, 1, 31), (0, 0, 0)), "2024-01-31");
        assert_eq!(moment((2024, 1, 31), (7, 5, 9)), "2024-01-31 07:05:09");
        assert_eq!(iso("2024-01-31T00:00:00"), "2024-01-31");
        assert_eq!(iso("2024-01-31T07:05:09"), "2024-01-31 07:05:09");
        assert_eq!(iso("2024-01-31"), "2024-01-31");
    }
}
