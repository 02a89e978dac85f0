//! What crosses parts: the real program against real servers on loopback.
//!
//! Each test makes a [`support::Site`] (a folder with a configuration, a registry and a store of its own), runs the program on it
//! as a user does, and looks at what it prints, writes and leaves behind.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests say what went wrong by failing")]
#![allow(clippy::cast_precision_loss, reason = "the figures of tests are small")]

#[path = "../../src/skipped_tests.rs"]
mod skipped_tests;
mod support;

mod access_log;
mod agreement;
mod bad_vendors;
mod command_line;
mod corpora;
mod counter_tables;
mod demo;
mod discover;
mod explaining;
mod findings;
mod folder;
mod imports;
mod manifests;
mod members;
mod networks;
mod pipeline;
mod progress;
mod properties;
mod quirks;
mod revisions;
mod rules;
mod sessions;
mod store_story;
mod sushi;
mod tables_of_use;
mod tidy;
mod usage_files;
mod verify_finds;
mod views;
mod workbooks;
