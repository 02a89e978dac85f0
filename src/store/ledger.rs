//! The ledger: every change sealed with all that it wrote, so that nothing of the past can be edited unseen.
//!
//! While a transaction writes, [`Ledger`] adds up a hash of each row; the sum does not depend on their order. When it is committed the
//! change gets the sum, and a seal over itself, the sum and the seal before. [`Store::broken_seals`] works all of it out again.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::{Connection, Store, StoreError};

/// What a change has written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ledger(u128);

/// A row of a figure: product, report, month, institution, metric, data type.
pub(super) type RowKey = [i64; 6];

impl Ledger {
    /// A figure as the change made it.
    pub(super) fn made(&mut self, key: &RowKey, value: i64, exact: &str, basis: i64, revision: i64) {
        let mut hash = begin(b'm', key);
        for number in [value, basis, revision] {
            hash.update(number.to_be_bytes());
        }
        self.add(hash, &[exact]);
    }

    /// A figure that the change ended.
    pub(super) fn ended(&mut self, key: &RowKey, made: i64, revision: i64, reason: &str) {
        let mut hash = begin(b'e', key);
        for number in [made, revision] {
            hash.update(number.to_be_bytes());
        }
        self.add(hash, &[reason]);
    }

    /// A row of the registry that the change wrote.
    pub(super) fn registered(&mut self, kind: &str, identity: &str, before: &str, after: &str) {
        self.add(begin(b'r', &[0; 6]), &[kind, identity, before, after]);
    }

    /// Adds what another has added up.
    pub(super) fn join(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    fn add(&mut self, mut hash: Sha256, texts: &[&str]) {
        for text in texts {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        let digest = hash.finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        self.0 = self.0.wrapping_add(u128::from_be_bytes(first));
    }

    fn text(self) -> String {
        format!("{:032x}", self.0)
    }
}

fn begin(kind: u8, key: &RowKey) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update([kind]);
    for part in key {
        hash.update(part.to_be_bytes());
    }
    hash
}

/// The seal of a change after the one before.
fn seal(before: &str, id: i64, [at, who, reason, what, sum]: [&str; 5]) -> String {
    let mut hash = Sha256::new();
    hash.update(id.to_be_bytes());
    for text in [before, at, who, reason, what, sum] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hex::encode(hash.finalize())
}

/// Seals a change, which is the last one.
pub(super) async fn close(connection: &mut Connection, id: i64, ledger: Ledger) -> Result<(), StoreError> {
    let before: Option<String> = sqlx::query_scalar("SELECT seal FROM change WHERE id < $1 ORDER BY id DESC LIMIT 1")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    let row = sqlx::query("SELECT \"at\", who, reason, what FROM change WHERE id = $1").bind(id).fetch_one(&mut *connection).await?;
    let sum = ledger.text();
    let sealed = seal(&before.unwrap_or_default(), id, [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, &sum]);
    sqlx::query("UPDATE change SET sum = $1, seal = $2 WHERE id = $3").bind(sum).bind(sealed).bind(id).execute(connection).await?;
    Ok(())
}

impl Store {
    /// Changes whose seal is broken: when and what they were, and what is wrong.
    ///
    /// # Errors
    /// The database fails.
    pub async fn broken_seals(&self) -> Result<Vec<(String, String)>, StoreError> {
        broken(&mut *self.reading().await).await.map_err(|e| self.named(e))
    }
}

async fn broken(connection: &mut Connection) -> Result<Vec<(String, String)>, StoreError> {
    let sums = sums(connection).await?;
    let sql = "SELECT id, \"at\", who, reason, what, sum, seal FROM change ORDER BY id";
    let (mut broken, mut before, mut last) = (Vec::new(), String::new(), 0_i64);
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let id: i64 = row.try_get(0)?;
        let [at, who, reason, what, sum, sealed] =
            [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?, row.try_get::<&str, _>(6)?];
        let place = format!("change {id} of {at}, {what}");
        // What was done before changes were sealed has no seal, and nothing without one comes after.
        if sealed.is_empty() && !before.is_empty() {
            broken.push((place.clone(), "is not sealed".to_owned()));
        } else if !sealed.is_empty() {
            if sum != sums.get(&id).copied().unwrap_or_default().text() {
                broken.push((place.clone(), "what it wrote into figures, history or registry is not what is there".to_owned()));
            }
            if sealed != seal(&before, id, [at, who, reason, what, sum]) {
                broken.push((place.clone(), "its seal is another: it, or a change before it, was edited or is gone".to_owned()));
            }
        }
        last = id;
        sealed.clone_into(&mut before);
    }
    for id in sums.keys().filter(|id| **id > last) {
        broken.push((format!("change {id}"), "has written figures or registry rows, but is not there".to_owned()));
    }
    Ok(broken)
}

/// What each change has written, from what is there.
async fn sums(connection: &mut Connection) -> Result<BTreeMap<i64, Ledger>, StoreError> {
    let mut sums: BTreeMap<i64, Ledger> = BTreeMap::new();
    for (table, ended) in [("statistic", "0, ''"), ("revision", "ended, reason")] {
        let sql = format!(
            "SELECT product, report, month, institution, metric, data_type, value, exact, basis, revision, made, {ended} FROM {table}"
        );
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let key = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?];
            let (revision, made, ended): (i64, i64, i64) = (row.try_get(9)?, row.try_get(10)?, row.try_get(11)?);
            sums.entry(made).or_default().made(&key, row.try_get(6)?, row.try_get(7)?, row.try_get(8)?, revision);
            if ended != 0 {
                sums.entry(ended).or_default().ended(&key, made, revision, row.try_get(12)?);
            }
        }
    }
    let mut rows = sqlx::query("SELECT change, kind, identity, before, after FROM registry_change").fetch(connection);
    while let Some(row) = rows.try_next().await? {
        sums.entry(row.try_get(0)?).or_default().registered(row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
    }
    sums.remove(&0);
    Ok(sums)
}
