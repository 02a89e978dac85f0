//! Whether what is stored holds what ATTRIBUTION section 6 promises, checked on the store itself.
//!
//! [`verify`] works everything out again: facts from the archived replies, statistics from the facts, sums from both,
//! and lists every [`Violation`].

mod evidence;
mod figures;
mod history;

use std::sync::Arc;

use serde::Serialize;

use super::access_log;
use super::attribute::AttributeError;
use super::places::Places;
use super::settle::SettleError;
use crate::archive::Archive;
use crate::attribution::Attributor;
use crate::config::Settings;
use crate::store::{Store, StoreError};

/// Something that should never be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which promise is broken.
    pub kind: &'static str,
    /// Where.
    pub place: String,
    /// What was found, and what should be.
    pub what: String,
}

/// What was checked, and what was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verified {
    /// Units (product, report, year) worked out again.
    pub units: usize,
    /// Figures compared.
    pub statistics: usize,
    /// Months of reports whose facts were compared with their archived reply.
    pub months: usize,
    /// Archived replies read again.
    pub replies: usize,
    /// Archived replies that could not be read again because their source is not configured any more, or its rules have changed since.
    pub skipped: usize,
    /// Units of closed years whose figures are held back from what is pending.
    pub held: usize,
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
}

impl Verified {
    /// Notes something that should never be.
    #[allow(clippy::needless_pass_by_value, reason = "texts made for it, and ids, come as they are")]
    pub fn found(&mut self, kind: &'static str, place: impl ToString, what: impl ToString) {
        self.violations.push(Violation { kind, place: place.to_string(), what: what.to_string() });
    }
}

/// Checks everything.
///
/// # Errors
/// The store cannot be read at all; what is wrong in it is a violation.
pub async fn verify(
    store: &Store,
    archive: &Archive,
    settings: &Settings,
    attributor: &mut Attributor<'_>,
    places: &Arc<dyn Places>,
) -> Result<Verified, SettleError> {
    let mut verified = Verified::default();
    let months = match store.months().await {
        Ok(months) => months,
        Err(StoreError::Corrupt(what)) => {
            // Nothing can be compared with what cannot be read.
            verified.found("months", store.path().display(), what);
            return Ok(verified);
        }
        Err(error) => return Err(error.into()),
    };
    // What logs of events told is among the sessions, and no month of a report.
    let of_a_report = |record: Result<crate::archive::ReplyRecord, _>| record.map_or(true, |record| record.method != access_log::METHOD);
    if months.is_empty() && archive.records().any(of_a_report) {
        verified.found("store", store.path().display(), "knows of no month, but the archive holds replies: is it the right store?");
    }
    for problem in store.damage().await? {
        verified.found("database", store.path().display(), problem);
    }
    let sums = evidence::check_sums(store, &months, &mut verified).await.map_err(SettleError::from);
    corrupt_is_found("sum", store, sums, &mut verified)?;
    let replies = evidence::check_replies(store, archive, settings, places, &months, &mut verified).await;
    corrupt_is_found("facts", store, replies, &mut verified)?;
    let statistics = figures::check(store, attributor, &mut verified).await;
    corrupt_is_found("statistics", store, statistics, &mut verified)?;
    let histories = history::check(store, &mut verified).await.map_err(SettleError::from);
    corrupt_is_found("revision", store, histories, &mut verified)?;
    verified.violations.sort_by(|a, b| (a.kind, &a.place, &a.what).cmp(&(b.kind, &b.place, &b.what)));
    Ok(verified)
}

/// A row that avling would not write is what is looked for, and no reason to stop looking.
fn corrupt_is_found(kind: &'static str, store: &Store, done: Result<(), SettleError>, verified: &mut Verified) -> Result<(), SettleError> {
    match done {
        Err(SettleError::Store(StoreError::Corrupt(what)) | SettleError::Attribute(AttributeError::Store(StoreError::Corrupt(what)))) => {
            verified.found(kind, store.path().display(), what);
            Ok(())
        }
        done => done,
    }
}
