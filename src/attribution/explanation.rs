//! An answer to why a figure is what it is: data without words, which [`crate::words::explanation`] puts into a language.

use std::fmt;

use num_rational::BigRational;
use num_traits::Zero as _;
use serde::{Serialize, Serializer};

use super::claimants::Because;
use crate::model::statistic::Earlier;
use crate::model::{AddressRange, Month, Quality, Scope};

/// Who entered something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entered {
    /// Who; empty if it is not known.
    pub who: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// The answer. As JSON it is the contract's document without the parts; [`crate::words::explanation::Document`] has them too.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// Whose; empty for what is unresolved.
    pub institution: String,
    /// The product.
    pub product: String,
    /// The month.
    pub month: Month,
    /// `Metric_Type`.
    pub metric: String,
    /// The report.
    pub report: String,
    /// The whole number.
    pub value: u64,
    /// The exact share, six decimals.
    pub exact: f64,
    /// The exact share as a fraction in lowest terms.
    #[serde(rename = "exact_fraction", serialize_with = "as_text")]
    pub share: BigRational,
    /// The weakest quality among the parts; nothing if there is no part with a share above zero.
    #[serde(serialize_with = "text_or_empty")]
    pub quality: Option<Quality>,
    /// The figure that stands, where its year is closed and what follows from now would move it; only once the year is reopened it
    /// becomes `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_value: Option<u64>,
    /// What it was before it changed, by data type, the oldest first.
    pub earlier: Vec<Earlier>,
    /// What it is made of.
    #[serde(skip)]
    pub parts: Vec<ExplainedPart>,
}

/// One scope's part of a figure, of one data type; or a figure that people have entered.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedPart {
    /// The account that it was reported on; empty for a figure by hand.
    pub account: String,
    /// What of the account; nothing for a figure by hand.
    #[serde(serialize_with = "text_or_empty")]
    pub scope: Option<Scope>,
    /// The accounts that report the same traffic, if there are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub same_traffic: Vec<String>,
    /// `Data_Type`.
    pub data_type: String,
    /// What the vendor reported for the scope in the month.
    pub reported: u64,
    /// How much of it counts: all or nothing.
    pub counted: u64,
    /// Why nothing of it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_counted: Option<NotCounted>,
    /// Whose figures by hand stand in its place, if they do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub displaced_by: Vec<String>,
    /// Whom it is divided among.
    #[serde(skip)]
    pub claimants: Vec<ExplainedClaimant>,
    /// Who might have used it, but has no subscription.
    #[serde(skip)]
    pub dropped: Vec<ExplainedClaimant>,
    /// The agreed key, if one was used.
    pub key: Option<String>,
    /// The first month in which it divides; nothing if no key was used, or if it always did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_from: Option<Month>,
    /// Agreed keys that would fit, if they did not leave somebody out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys_left_out: Vec<KeyLeftOut>,
    /// How the weights came about; empty where nothing is divided.
    pub method: &'static str,
    /// How strong this part is.
    #[serde(serialize_with = "as_text")]
    pub quality: Quality,
    /// Its marks.
    pub notes: Vec<&'static str>,
    /// The first month of the run.
    pub run_from: Month,
    /// The run's sum before this.
    pub cumulative_before: u64,
    /// And after it.
    pub cumulative_after: u64,
    /// What the run had given the institution before this.
    pub given_before: u64,
    /// And after it: the part's value is the difference.
    pub given_after: u64,
    /// The whole number.
    pub value: u64,
    /// The exact share, six decimals.
    pub exact: f64,
    /// The exact share.
    #[serde(skip)]
    pub share: BigRational,
    /// SHA-256 of the archived reply; empty if there is none.
    pub reply: String,
    /// Where it lies in the archive, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_file: Option<String>,
    /// How people entered it, if they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
}

/// Why use is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCounted {
    /// Another account reports the same traffic, and its report counts.
    SameTraffic,
    /// Figures by hand stand in its place.
    ByHand,
}

/// A figure that people have entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ByHand {
    /// Who entered it, and when, if that is known.
    #[serde(flatten)]
    pub entered: Option<Entered>,
    /// Their remark.
    pub note: String,
    /// The accounts whose use it stands instead of.
    pub instead_of: Vec<String>,
}

/// An agreed key that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyLeftOut {
    /// The key.
    pub key: String,
    /// Whom it says nothing of.
    pub institutions: Vec<String>,
}

/// Somebody who takes part in a division, or was dropped from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedClaimant {
    /// Who.
    pub institution: String,
    /// Why.
    pub reason: Reason,
    /// With what weight; nothing for who was dropped.
    pub weight: Option<EnteredWeight>,
}

/// Why somebody takes part in a division, or does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Takes part.
    Takes(Because),
    /// Would take part, but has no subscription.
    NoSubscription(Because),
    /// The figure was entered for it.
    ByHand,
}

impl Reason {
    /// The word in JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Takes(Because::Covered) => "covered",
            Self::Takes(Because::Claims(_)) => "claims",
            Self::Takes(Because::Member(_)) => "member",
            Self::Takes(Because::Subscriber) => "subscriber",
            Self::Takes(Because::OpenToAll) => "open_to_all",
            Self::NoSubscription(_) => "no_subscription",
            Self::ByHand => "by_hand",
        }
    }

    /// The addresses that it claims, if that is why.
    #[must_use]
    pub fn ranges(&self) -> &[AddressRange] {
        match self {
            Self::Takes(Because::Claims(ranges)) | Self::NoSubscription(Because::Claims(ranges)) => ranges,
            _ => &[],
        }
    }
}

/// A weight as it was entered: a whole number divided by so many tens. In JSON a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnteredWeight {
    /// The number.
    pub whole: u64,
    /// How many of its digits are decimals.
    pub decimals: u32,
}

/// Without zeros at the end: `62.5`.
impl fmt::Display for EnteredWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tens = 10_u64.checked_pow(self.decimals).unwrap_or(u64::MAX);
        let (whole, part) = (self.whole / tens, self.whole % tens);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let part = format!("{part:0>width$}", width = self.decimals as usize);
        write!(f, "{whole}.{}", part.trim_end_matches('0'))
    }
}

impl Serialize for EnteredWeight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_string().parse::<f64>() {
            Ok(number) if self.decimals > 0 && number.fract() != 0.0 => serializer.serialize_f64(number),
            _ => serializer.serialize_u64(self.whole / 10_u64.checked_pow(self.decimals).unwrap_or(u64::MAX)),
        }
    }
}

fn as_text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[allow(clippy::ref_option, reason = "serde hands over the field as it is")]
fn text_or_empty<T: fmt::Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_str(""),
    }
}

impl ExplainedPart {
    /// A part in which nothing was reported.
    pub(super) fn new(month: Month, quality: Quality) -> Self {
        Self {
            account: String::new(),
            scope: None,
            same_traffic: Vec::new(),
            data_type: String::new(),
            reported: 0,
            counted: 0,
            not_counted: None,
            displaced_by: Vec::new(),
            claimants: Vec::new(),
            dropped: Vec::new(),
            key: None,
            key_from: None,
            keys_left_out: Vec::new(),
            method: "",
            quality,
            notes: Vec::new(),
            run_from: month,
            cumulative_before: 0,
            cumulative_after: 0,
            given_before: 0,
            given_after: 0,
            value: 0,
            exact: 0.0,
            share: BigRational::zero(),
            reply: String::new(),
            reply_file: None,
            by_hand: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_shown_as_they_were_entered() {
        let shown = |whole, decimals| EnteredWeight { whole, decimals }.to_string();
        assert_eq!(
            [shown(31_935, 0), shown(625, 1), shown(6250, 2), shown(600, 1), shown(5, 9)],
            ["31935", "62.5", "62.5", "60", "0.000000005"]
        );
        let json = |whole, decimals| serde_json::to_string(&EnteredWeight { whole, decimals }).unwrap();
        assert_eq!([json(31_935, 0), json(625, 1), json(600, 1)], ["31935", "62.5", "60"]);
    }
}
