//! What files change of what is stored.

use std::collections::BTreeMap;

use crate::model::registry::{Change, Row};

/// The changes, and how many of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Removed, then replaced, then added rows, each in the order of identity.
    pub changes: Vec<Change>,
    /// How many are new.
    pub added: usize,
    /// How many have other contents.
    pub replaced: usize,
    /// How many are no more.
    pub removed: usize,
    /// How many are as they were.
    pub unchanged: usize,
}

/// Compares rows by identity; no two of `new` should have the same. Stored rows that `new` lacks stay, unless `replace`.
#[must_use]
pub fn changes<R: Row>(stored: &[R], new: &[R], replace: bool) -> Difference {
    let by_identity = |rows: &[R]| -> BTreeMap<Vec<String>, Vec<String>> { rows.iter().map(|r| (r.identity(), r.cells())).collect() };
    let (mut before, after) = (by_identity(stored), by_identity(new));
    let (mut added, mut replaced, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (identity, cells) in after {
        match before.remove(&identity) {
            None => added.push(Change { identity, before: None, after: Some(cells) }),
            Some(old) if old == cells => unchanged += 1,
            Some(old) => replaced.push(Change { identity, before: Some(old), after: Some(cells) }),
        }
    }
    if !replace {
        before.clear();
    }
    let removed: Vec<Change> = before.into_iter().map(|(identity, cells)| Change { identity, before: Some(cells), after: None }).collect();
    let counts = (added.len(), replaced.len(), removed.len());
    let changes = removed.into_iter().chain(replaced).chain(added).collect();
    Difference { changes, added: counts.0, replaced: counts.1, removed: counts.2, unchanged }
}
