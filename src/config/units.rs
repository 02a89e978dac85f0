//! Durations and sizes with their units, as people write them.

use std::time::Duration;

/// Reads `3s`, `500ms`, `5m`, `1h30m`, `2d`; `0` needs no unit. At most a year.
///
/// # Errors
/// What is wrong, and what would be right.
pub fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let wrong = || format!("'{}' is not a duration; write it as 3s, 500ms, 5m, 1h30m or 2d", super::problem::shown(text));
    let trimmed = text.trim();
    if trimmed == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = trimmed;
    let mut total = 0_u64;
    let mut largest_left = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let letters = rest[digits..].len() - rest[digits..].trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = &rest[digits..digits + letters];
        let size = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size).ok_or_else(wrong)?;
        // Larger units come first, each once: `30m1h` is a slip of the pen.
        if size >= largest_left {
            return Err(wrong());
        }
        largest_left = size;
        total = number.checked_mul(size).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = rest[digits + letters..].trim_start();
    }
    if largest_left == u64::MAX {
        return Err(wrong());
    }
    if total > 366 * 86_400_000 {
        return Err(format!("'{}' is more than a year", super::problem::shown(text)));
    }
    Ok(Duration::from_millis(total))
}

/// Reads `512MiB`, `2 GB`, `1.5GiB`, `900B`: `KB`, `MB`, `GB`, `TB` in thousands, with an `i` in steps of 1024. In bytes.
///
/// # Errors
/// What is wrong, and what would be right.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("'{}' is not a size; write it as 512MiB, 2GiB or 500MB", super::problem::shown(text));
    let trimmed = text.trim();
    let number = trimmed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = trimmed[number.len()..].to_ascii_lowercase();
    let unit: u64 = match unit.as_str() {
        "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(wrong()),
    };
    let (whole, fraction) = number.trim_end().split_once('.').unwrap_or((number.trim_end(), "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return Err(wrong());
    }
    let parse = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let scale = 10_u64.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let whole = parse(whole)?.checked_mul(unit).ok_or_else(wrong)?;
    let part = u128::from(parse(fraction)?) * u128::from(unit) / u128::from(scale);
    u64::try_from(part).ok().and_then(|part| whole.checked_add(part)).filter(|bytes| i64::try_from(*bytes).is_ok()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, millis) in [
            ("3s", 3000),
            ("500ms", 500),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2d", 172_800_000),
            ("0", 0),
            ("0s", 0),
            (" 7s ", 7000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_what_would_be_right() {
        for text in
            ["", "3", "s", "3 sek", "-3s", "3.5s", "30m1h", "1h1h", "3S", "1y", "99999999999999999999s", "18446744073709551615d", "400d"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("3 sek").unwrap_err().contains("write it as 3s"));
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in [
            ("2GiB", 2 << 30),
            ("2 GiB", 2 << 30),
            ("500MB", 500_000_000),
            ("1.5KiB", 1536),
            ("900B", 900),
            ("1kb", 1000),
            ("1tib", 1 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "2", "GiB", "-2GiB", "2G", "2 gigabytes", "9999999999TiB", "1.2.3MB", "1.MB", ".5MB", "1.1234567MB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_makes_them_fall_over(text in "\\PC{0,20}") {
            let _ = (duration(&text), size(&text));
        }

        #[test]
        fn what_is_written_is_what_is_read(hours in 0_u64..1000, minutes in 0_u64..10_000, bytes in 0_u64..1 << 40) {
            prop_assert_eq!(duration(&format!("{hours}h{minutes}m")), Ok(Duration::from_secs(hours * 3600 + minutes * 60)));
            prop_assert_eq!(size(&format!("{bytes}B")), Ok(bytes));
        }
    }
}
