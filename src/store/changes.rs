//! Everything that was ever done: each transaction that changes something is one numbered change, signed and dated.

use sqlx::Row as _;

use super::{Connection, Store, StoreError, Transaction};

/// Why a transaction changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Who does it: a person's name, or what the system calls the user.
    pub who: String,
    /// `vendor`, `registry`, `key`, `reopening`: what changed. A figure whose exact share stays moved by `rounding`.
    pub reason: &'static str,
    /// In words: the harvest, the file, the command.
    pub what: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// A change, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChangeRow {
    /// Its number; later ones have higher numbers.
    pub id: i64,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Who.
    pub who: String,
    /// What kind of change.
    pub reason: String,
    /// In words.
    pub what: String,
}

impl Transaction<'_> {
    /// The number of this transaction's change; the first call makes it known.
    pub(super) async fn change(&mut self) -> Result<i64, StoreError> {
        if let Some(id) = self.change {
            return Ok(id);
        }
        let cause = self.cause().clone();
        let id = begin(self.connection(), &cause).await?;
        self.change = Some(id);
        Ok(id)
    }
}

async fn begin(connection: &mut Connection, cause: &Cause) -> Result<i64, StoreError> {
    let id: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM change").fetch_one(&mut *connection).await?;
    sqlx::query("INSERT INTO change (id, \"at\", who, reason, what) VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(&cause.at)
        .bind(&cause.who)
        .bind(cause.reason)
        .bind(&cause.what)
        .execute(connection)
        .await?;
    Ok(id)
}

impl Store {
    /// The last change up to a moment (RFC 3339 in UTC), 0 if there was none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn change_at(&self, moment: &str) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(id), 0) FROM change WHERE \"at\" <= $1";
        sqlx::query_scalar(sql).bind(moment).fetch_one(&mut *self.reading().await).await.map_err(|e| self.named(e))
    }

    /// These changes, by number; all if none are named.
    ///
    /// # Errors
    /// The database fails.
    pub async fn changes(&self, ids: &std::collections::BTreeSet<i64>) -> Result<Vec<ChangeRow>, StoreError> {
        let sql = "SELECT id, \"at\", who, reason, what FROM change ORDER BY id";
        let rows = sqlx::query(sql).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        let mut changes = Vec::new();
        for row in rows {
            let id: i64 = row.try_get(0)?;
            if ids.is_empty() || ids.contains(&id) {
                changes.push(ChangeRow { id, at: row.try_get(1)?, who: row.try_get(2)?, reason: row.try_get(3)?, what: row.try_get(4)? });
            }
        }
        Ok(changes)
    }
}
