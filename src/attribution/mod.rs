//! From what a vendor counted to what each library gets: exact where it can be, explained where it cannot,
//! and always adding up. Pure functions over plain values; integers only.
//!
//! Data passes so: a [`MonthView`](month_view::MonthView) of the registry tells the [`claimants`] of a scope; these get
//! weights as a [`Division`](division::Division); [`run::divide`] hands a year's counts out by
//! [`Webster's method`](webster::Divider), cumulatively; [`Attributor`] sums the parts per institution.

pub mod addresses;
pub mod attributor;
pub mod audit;
pub mod claimants;
pub mod division;
mod epochs;
pub mod explain;
pub mod explanation;
pub mod figures;
pub mod findings;
pub mod keys;
pub mod members;
pub mod month_view;
pub mod nearby;
pub mod persons;
pub mod rules;
pub mod run;
pub mod touched;
pub mod webster;

pub use attributor::{Attributor, ScopeParts};
pub use persons::PersonFigures;
pub use rules::{Rules, SourceRules};
