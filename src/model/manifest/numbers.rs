//! [`Numbers`]: how a vendor writes counts.

/// What stands between thousands and before decimals. Spaces may always stand between thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Before decimals.
    pub decimal: char,
    /// Between thousands, besides spaces.
    pub thousands: Option<char>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { decimal: '.', thousands: None }
    }
}

impl Numbers {
    /// A whole number from 0, below 2^63. Decimals must be zeros.
    ///
    /// # Errors
    /// Why it is none, as what follows the name of the field; never what stands there.
    pub fn count(self, text: &str) -> Result<u64, &'static str> {
        const WHAT: &str = "is not a whole number from 0";
        let text = text.trim();
        let (whole, decimals) = text.split_once(self.decimal).unwrap_or((text, ""));
        let digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
        if !decimals.is_empty() && !digits(decimals) || (text.ends_with(self.decimal) && decimals.is_empty() && text.len() != whole.len()) {
            return Err(WHAT);
        }
        let between = |c: char| c.is_whitespace() || Some(c) == self.thousands;
        let unsigned = whole.strip_prefix(['-', '−']).unwrap_or(whole);
        let mut groups = unsigned.split(between);
        let first = groups.next().unwrap_or_default();
        let apart = unsigned.contains(between);
        if !digits(first) || (apart && first.len() > 3) || !groups.all(|group| group.len() == 3 && digits(group)) {
            return Err(WHAT);
        }
        let number: String = unsigned.chars().filter(char::is_ascii_digit).collect();
        let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
        if !is_zero(decimals) {
            return Err("is not a whole number; if that is what stands between thousands, say so with decimal and thousands in rows");
        }
        if unsigned.len() != whole.len() && !is_zero(&number) {
            return Err(
                "is negative, as corrections are; a count cannot be, so ask the vendor for corrected figures, or keep such rows out with keep",
            );
        }
        number.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok()).ok_or("is larger than can be counted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NORWEGIAN: Numbers = Numbers { decimal: ',', thousands: Some('.') };

    #[test]
    fn counts_are_read_as_they_are_written() {
        for (numbers, text, count) in [
            (Numbers::default(), "0", 0),
            (Numbers::default(), " 12 ", 12),
            (Numbers::default(), "12.00", 12),
            (Numbers::default(), "1 234\u{a0}567", 1_234_567),
            (Numbers::default(), "-0", 0),
            (NORWEGIAN, "1.234,0", 1234),
            (NORWEGIAN, "12 345", 12345),
            (NORWEGIAN, "9223372036854775807", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(numbers.count(text), Ok(count), "{text}");
        }
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for text in ["", "x", "1.5", "1.234", "1,234", "1e3", "12%", "--1", "1.", ".5", "12 34", "1 2345", "９", "9223372036854775808"] {
            assert!(Numbers::default().count(text).is_err(), "{text}");
        }
        assert!(Numbers::default().count("-3").unwrap_err().starts_with("is negative"));
        assert!(NORWEGIAN.count("−1.234").unwrap_err().starts_with("is negative"));
        for text in ["1234.5", "1.2345", "1,5", "12.34"] {
            assert!(NORWEGIAN.count(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_makes_it_fall_over(text in "\\PC{0,20}", decimal in any::<char>(), thousands in any::<Option<char>>()) {
            let _ = Numbers { decimal, thousands }.count(&text);
        }

        #[test]
        fn what_is_grouped_is_what_is_read(count in 0_u64..1 << 60) {
            let digits = count.to_string();
            let grouped: String = digits.chars().enumerate().flat_map(|(place, c)| {
                let dot = place > 0 && (digits.len() - place).is_multiple_of(3);
                dot.then_some('.').into_iter().chain([c])
            }).collect();
            prop_assert_eq!(NORWEGIAN.count(&grouped), Ok(count));
            prop_assert_eq!(Numbers::default().count(&digits), Ok(count));
        }
    }
}
