//! History: no revision is missing, no change was edited, and closed years are as they were closed.

use super::Verified;
use crate::store::{Store, StoreError};

/// Checks all that is kept of the past.
pub(super) async fn check(store: &Store, verified: &mut Verified) -> Result<(), StoreError> {
    for (place, what) in store.broken_histories().await? {
        verified.found("revision", place, what);
    }
    for (place, what) in store.broken_seals().await? {
        verified.found("change", place, what);
    }
    for closed in store.closed_years().await? {
        if store.year_fingerprint(closed.year).await? != closed.fingerprint {
            verified.found("closed", closed.year, "the figures of this closed year are not those that it was closed with");
        }
    }
    Ok(())
}
