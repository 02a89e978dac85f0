//! What makes no sense in what a vendor reported (HARVEST section 5).

use std::fmt;
use std::str::FromStr;

use super::{AccountId, Month, ProductId, ReportId};

/// What kind of nonsense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportFindingKind {
    /// More unique uses than uses.
    UniqueAboveTotal,
    /// More requests than investigations, which include them.
    RequestsAboveInvestigations,
    /// The platform's report against those of its databases, titles and items.
    PlatformDiffers,
    /// A month far above or below those before it.
    OutOfProportion,
    /// A month with exactly the figures of another.
    IdenticalMonths,
    /// Use, and nobody who may have used it subscribes.
    NoSubscription,
    /// A paid subscription that nobody uses.
    NoUse,
}

impl ReportFindingKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::UniqueAboveTotal,
        Self::RequestsAboveInvestigations,
        Self::PlatformDiffers,
        Self::OutOfProportion,
        Self::IdenticalMonths,
        Self::NoSubscription,
        Self::NoUse,
    ];

    /// The word in the store, in `status` and in `export findings`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UniqueAboveTotal => "unique_above_total",
            Self::RequestsAboveInvestigations => "requests_above_investigations",
            Self::PlatformDiffers => "platform_differs",
            Self::OutOfProportion => "out_of_proportion",
            Self::IdenticalMonths => "identical_months",
            Self::NoSubscription => "no_subscription",
            Self::NoUse => "no_use",
        }
    }
}

impl fmt::Display for ReportFindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ReportFindingKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Something in a month of a report of an account that makes no sense. There is one of a kind and product for a month.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportFinding {
    /// The account.
    pub account: AccountId,
    /// The report.
    pub report: ReportId,
    /// The month.
    pub month: Month,
    /// What kind.
    pub kind: ReportFindingKind,
    /// The product, where it is about one.
    pub product: Option<ProductId>,
    /// What it is, with the figures, and what to do.
    pub what: String,
}
