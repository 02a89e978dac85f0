//! Weights and sessions as people enter them: decimal numbers, kept exactly.

use std::fmt;
use std::str::FromStr;

use super::Month;
use super::ids::{InstitutionId, ProductId};

/// The sum of the weights that something is divided by stays below this (ATTRIBUTION section 4).
pub const WEIGHT_LIMIT: u64 = 1 << 60;

/// The most decimals that a weight can have.
pub const DECIMALS: u32 = 9;

/// A decimal number from 0 to 10^12 with at most nine decimals, as entered: `62.5`, a percentage or any other weight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u128);

/// Why a text is not a weight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a weight; write a number from 0 to 1000000000000 with at most nine decimals, like 62.5")]
pub struct WeightError;

impl Weight {
    /// A whole number.
    #[must_use]
    pub fn whole(number: u64) -> Self {
        Self(u128::from(number) * 10_u128.pow(DECIMALS))
    }

    /// So many billionths, for messages: it may be larger than a weight can be.
    #[must_use]
    pub fn from_billionths(number: u128) -> Self {
        Self(number)
    }

    /// The number of billionths.
    #[must_use]
    pub fn billionths(self) -> u128 {
        self.0
    }
}

impl FromStr for Weight {
    type Err = WeightError;

    /// A point or a comma before the decimals; a percent sign after the number changes nothing.
    fn from_str(text: &str) -> Result<Self, WeightError> {
        let text = text.trim();
        let text = text.strip_suffix('%').unwrap_or(text).trim_end().replace(',', ".");
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let dot_without_decimals = text.ends_with('.');
        if whole.is_empty() || whole.len() > 13 || !digits(whole) || part.len() > DECIMALS as usize || !digits(part) || dot_without_decimals
        {
            return Err(WeightError);
        }
        let number = format!("{whole}{part:0<9}").parse::<u128>().map_err(|_| WeightError)?;
        if number > 10_u128.pow(12 + DECIMALS) { Err(WeightError) } else { Ok(Self(number)) }
    }
}

/// The shortest form: no zeros at the end, no point behind a whole number.
impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u128.pow(DECIMALS);
        let (whole, part) = (self.0 / one, self.0 % one);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let part = format!("{part:09}");
        write!(f, "{whole}.{}", part.trim_end_matches('0'))
    }
}

impl fmt::Debug for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Sessions of one institution with one product in one month, counted from the access control's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCount {
    /// Whose.
    pub institution: InstitutionId,
    /// With what.
    pub product: ProductId,
    /// When.
    pub month: Month,
    /// How many; above zero.
    pub sessions: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_kept_as_entered() {
        for (text, shown) in [("62.5", "62.5"), ("62,50 %", "62.5"), ("0", "0"), ("007", "7"), ("1000000000000", "1000000000000")] {
            assert_eq!(text.parse::<Weight>().unwrap().to_string(), shown);
        }
        assert_eq!("0.000000001".parse::<Weight>().unwrap().billionths(), 1);
        for wrong in ["", "-1", "1e3", "1.", ".5", "1.0000000001", "1000000000001", "1 000", "x", "%"] {
            assert!(wrong.parse::<Weight>().is_err(), "{wrong}");
        }
    }
}
