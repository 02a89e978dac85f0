//! The worker: what is due is fetched, archived, read, judged, stored and attributed, a request at a time per host,
//! many hosts side by side.
//!
//! [`Harvester::run`] takes the tasks of [`crate::schedule::plan`] and gives a [`HarvestReport`]. One vendor's trouble never
//! keeps another's data back: it becomes an outcome of its months.

pub mod access_log;
pub mod attribute;
mod available;
pub mod change;
pub mod file_intake;
pub mod findings;
pub mod folder;
pub mod input;
pub mod intake;
pub mod manifest;
mod members;
pub mod places;
mod queue;
pub mod settle;
pub mod verdict;
pub mod verify;
mod worker;

pub use available::Lists;
pub use queue::PATIENCE;
pub use worker::{HarvestError, HarvestReport, Harvester, Progress, RequestReport, Silent};
