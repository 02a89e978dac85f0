//! The worker: what is due is fetched, archived, read, judged, stored and attributed, a request at a time per host,
//! many hosts side by side.
//!
//! [`Harvester::run`] takes the tasks of [`crate::schedule::plan`] and gives a [`HarvestReport`]. One vendor's trouble never
//! keeps another's data back: it becomes an outcome of its months.

pub mod attribute;
pub mod change;
pub mod intake;
pub mod manifest;
mod members;
pub mod places;
mod queue;
pub mod settle;
pub mod verdict;
pub mod verify;
mod worker;

pub use queue::PATIENCE;
pub use worker::{HarvestError, HarvestReport, Harvester, Progress, RequestReport, Silent};
