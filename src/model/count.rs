//! Sums of usage at the vendor's scope: what attribution works on.

use std::collections::HashMap;

use super::{AccountId, Month, ProductId, ReportId, Scope};

/// A product, a report and a calendar year: what is attributed together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    /// The product.
    pub product: ProductId,
    /// The report.
    pub report: ReportId,
    /// The calendar year.
    pub year: i32,
}

/// The sum of a scope's counts of one metric in one month with one data type and access method.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The month.
    pub month: Month,
    /// `Data_Type`.
    pub data_type: String,
    /// `Access_Method`.
    pub access_method: String,
    /// The sum.
    pub total: u64,
}

/// A group of one account, scope and metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count {
    /// The account that it was reported on.
    pub account: AccountId,
    /// What of the account.
    pub scope: Scope,
    /// `Metric_Type`.
    pub metric: String,
    /// Month, data type, access method, sum.
    pub group: Group,
}

/// What is known of a month of an account's report beside its counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MonthFacts {
    /// The sum of the whole report in the month, all products and metrics: decides which of several replicated reports counts.
    pub total: u64,
    /// The vendor says that there will be more.
    pub partial: bool,
}

/// Per account and month of one report.
pub type MonthsKnown = HashMap<(AccountId, Month), MonthFacts>;
