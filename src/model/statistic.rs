//! What a library gets: a figure, how sure it is, and what it rests on.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use num_rational::BigRational;
use serde::Serialize;

use super::{AccountId, InstitutionId, Month, ProductId, ReportId};

/// ATTRIBUTION section 5, from strongest to weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// One claimant.
    Exact,
    /// Divided by people, outside avling.
    Manual,
    /// Divided by an agreed key.
    AgreedKey,
    /// Divided by the default key.
    DefaultKey,
    /// One institution takes all because others are unknown or were dropped.
    Assumed,
    /// From an account that covers every subscriber.
    Estimate,
    /// Nobody to give it to.
    Unresolved,
}

impl Quality {
    /// All of them, strongest first.
    pub const ALL: [Self; 7] =
        [Self::Exact, Self::Manual, Self::AgreedKey, Self::DefaultKey, Self::Assumed, Self::Estimate, Self::Unresolved];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Manual => "manual",
            Self::AgreedKey => "agreed_key",
            Self::DefaultKey => "default_key",
            Self::Assumed => "assumed",
            Self::Estimate => "estimate",
            Self::Unresolved => "unresolved",
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Quality {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|q| q.as_str() == text).ok_or(())
    }
}

/// Which figure: everything that tells two rows of statistics apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatisticKey {
    /// The product.
    pub product: ProductId,
    /// The report it was counted in.
    pub report: ReportId,
    /// The month of use.
    pub month: Month,
    /// The institution; nobody for what could not be resolved.
    pub institution: Option<InstitutionId>,
    /// `Metric_Type`.
    pub metric: String,
    /// `Data_Type`; empty where the report has none.
    pub data_type: String,
}

/// A figure of one institution and month, access method `Regular`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistic {
    /// Which figure.
    pub key: StatisticKey,
    /// The whole number that adds up.
    pub value: u64,
    /// The exact share; above zero.
    pub exact: BigRational,
    /// What it rests on.
    pub basis: Arc<Basis>,
}

/// What a figure rests on; many figures share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Basis {
    /// The weakest among parts with a share above zero.
    pub quality: Quality,
    /// The keys used: `population`, `equal`, or an agreed key's id; sorted, empty where nothing was divided.
    pub keys: Vec<String>,
    /// All claimants of the parts, the institution itself included; sorted.
    pub claimants: Vec<InstitutionId>,
    /// The accounts that it was counted on; sorted.
    pub accounts: Vec<AccountId>,
    /// The marks of ATTRIBUTION (`no_subscriber`, `no_persons`, `zero_weights`), `partial`; sorted.
    pub notes: Vec<String>,
}

/// `exact` as files have it: six decimals, half to even.
#[must_use]
pub fn six_decimals(exact: &BigRational) -> String {
    use num_bigint::BigInt;
    use num_traits::{Signed as _, Zero as _};
    let million = BigInt::from(1_000_000);
    let scaled = exact.numer() * &million;
    let (mut quotient, remainder) = (&scaled / exact.denom(), &scaled % exact.denom());
    let twice: BigInt = remainder * 2;
    let odd = !(&quotient % BigInt::from(2)).is_zero();
    if twice > *exact.denom() || (twice == *exact.denom() && odd) {
        quotient += 1;
    }
    debug_assert!(!exact.is_negative());
    format!("{}.{:06}", &quotient / &million, &quotient % &million)
}

/// What a figure of one data type was before it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Earlier {
    /// `Data_Type`.
    pub data_type: String,
    /// Its revision, from 1.
    pub revision: u32,
    /// The whole number.
    pub value: u64,
    /// When it gave way, RFC 3339 in UTC.
    pub changed_at: String,
    /// What kind of change it was: `vendor`, `registry`, `key`, `reopening`, or `rounding` where only another month's figure moved it.
    pub reason: String,
    /// What was changed: the report and its reply, or the file that was imported.
    pub cause: String,
    /// Who changed it.
    pub who: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimals(n: i64, d: i64) -> String {
        six_decimals(&BigRational::new(n.into(), d.into()))
    }

    #[test]
    fn exact_shares_are_rounded_half_to_even() {
        assert_eq!(decimals(36, 5), "7.200000");
        assert_eq!(decimals(1, 3), "0.333333");
        assert_eq!(decimals(2, 3), "0.666667");
        assert_eq!(decimals(1, 2_000_000), "0.000000");
        assert_eq!(decimals(3, 2_000_000), "0.000002");
        assert_eq!(decimals(5, 2_000_000), "0.000002");
        assert_eq!(decimals(1_999_999_999, 1_000_000), "1999.999999");
    }
}
