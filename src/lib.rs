//! avling harvests usage statistics from the vendors of libraries' digital content, works out which
//! library each use belongs to, and keeps the result where people and systems can use it.
//!
//! The map, in the order in which data passes:

#![forbid(unsafe_code)]
// The documentation of modules is the map for those who change them, so it names what is inside.
#![allow(rustdoc::private_intra_doc_links)]

pub mod model;

pub mod config;
pub mod secrets;

pub mod archive;
pub mod attribution;
pub mod formats;
pub mod registry;
pub mod schedule;
pub mod sources;
pub mod store;

pub mod export;
pub mod harvest;
pub mod words;

pub mod cli;
pub mod clock;
pub mod simulator;

#[cfg(test)]
mod skipped_tests;
