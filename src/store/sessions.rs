//! Which files of events are counted, so that none counts twice.

use std::collections::BTreeSet;

use super::{Store, StoreError, Transaction};

impl Store {
    /// The files whose sessions are counted, by the SHA-256 of their content.
    ///
    /// # Errors
    /// The database fails.
    pub async fn session_files(&self) -> Result<BTreeSet<String>, StoreError> {
        let sql = "SELECT sha256 FROM session_file";
        let found: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        Ok(found.into_iter().collect())
    }
}

impl Transaction<'_> {
    /// Notes that a file's sessions are counted.
    ///
    /// # Errors
    /// The database fails, or the file was counted before.
    pub async fn count_session_file(&mut self, sha256: &str, name: &str) -> Result<(), StoreError> {
        let result = async {
            let change = self.change().await?;
            let sql = "INSERT INTO session_file (sha256, name, change) VALUES ($1, $2, $3)";
            sqlx::query(sql).bind(sha256).bind(name).bind(change).execute(self.connection()).await?;
            Ok(())
        };
        let result: Result<(), StoreError> = result.await;
        result.map_err(|e| self.named(e))
    }

    /// Forgets which files are counted: others take their place.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget_session_files(&mut self) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM session_file").execute(self.connection()).await;
        done.map(|_| ()).map_err(|e| self.named(e))
    }
}
