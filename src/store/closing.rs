//! Years that are closed: their figures stay as they are, and what would move them is noted.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::facts::year_bounds;
use super::{Connection, Store, StoreError, Transaction};
use crate::model::{ProductId, ReportId, Unit};

/// A closed year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedYear {
    /// The calendar year.
    pub year: i32,
    /// The change that closed it.
    pub change: i64,
    /// SHA-256 over its figures as they were then.
    pub fingerprint: String,
}

/// Whether a year's figures stay as they are.
pub(super) async fn is_closed(connection: &mut Connection, year: i32) -> Result<bool, StoreError> {
    let found: i64 =
        sqlx::query_scalar("SELECT count(*) FROM closed_year WHERE year = $1").bind(i64::from(year)).fetch_one(connection).await?;
    Ok(found > 0)
}

/// Notes that a change would move figures of a unit of a closed year.
pub(super) async fn hold(connection: &mut Connection, (product, report): (i64, i64), year: i32, change: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO pending (product, report, year, change) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(product).bind(report).bind(i64::from(year)).bind(change).execute(connection).await?;
    Ok(())
}

async fn fingerprint(connection: &mut Connection, year: i32) -> Result<String, StoreError> {
    use futures_util::TryStreamExt as _;
    let (first, after) = year_bounds(year);
    let sql = "SELECT product, report, month, institution, metric, data_type, value, exact, basis, revision FROM statistic \
               WHERE month >= $1 AND month < $2 ORDER BY 1, 2, 3, 4, 5, 6";
    let mut hash = Sha256::new();
    let mut rows = sqlx::query(sql).bind(first).bind(after).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        for column in [0, 1, 2, 3, 4, 5, 6, 8, 9] {
            hash.update(row.try_get::<i64, _>(column)?.to_be_bytes());
        }
        let exact: &str = row.try_get(7)?;
        hash.update(exact.len().to_be_bytes());
        hash.update(exact);
    }
    Ok(hex::encode(hash.finalize()))
}

impl Transaction<'_> {
    /// Closes a year; false if it was closed already.
    ///
    /// # Errors
    /// The database fails.
    pub async fn close_year(&mut self, year: i32) -> Result<bool, StoreError> {
        let closed = async {
            if is_closed(self.connection(), year).await? {
                return Ok(false);
            }
            let change = self.change().await?;
            let fingerprint = fingerprint(self.connection(), year).await?;
            let sql = "INSERT INTO closed_year (year, change, fingerprint) VALUES ($1, $2, $3)";
            sqlx::query(sql).bind(i64::from(year)).bind(change).bind(fingerprint).execute(self.connection()).await?;
            Ok(true)
        };
        let closed: Result<bool, StoreError> = closed.await;
        closed.map_err(|e| self.named(e))
    }

    /// Reopens a year; false if it was not closed. What was pending is forgotten: its figures are to be made again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reopen_year(&mut self, year: i32) -> Result<bool, StoreError> {
        let reopened = async {
            self.change().await?;
            let gone = sqlx::query("DELETE FROM closed_year WHERE year = $1").bind(i64::from(year)).execute(self.connection()).await?;
            sqlx::query("DELETE FROM pending WHERE year = $1").bind(i64::from(year)).execute(self.connection()).await?;
            Ok(gone.rows_affected() > 0)
        };
        let reopened: Result<bool, StoreError> = reopened.await;
        reopened.map_err(|e| self.named(e))
    }
}

impl Store {
    /// The closed years, by year.
    ///
    /// # Errors
    /// The database fails.
    pub async fn closed_years(&self) -> Result<Vec<ClosedYear>, StoreError> {
        let sql = "SELECT year, change, fingerprint FROM closed_year ORDER BY year";
        let rows = sqlx::query(sql).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        rows.iter()
            .map(|row| {
                let year = i32::try_from(row.try_get::<i64, _>(0)?).map_err(|_| StoreError::Corrupt("a year beyond bounds".into()))?;
                Ok(ClosedYear { year, change: row.try_get(1)?, fingerprint: row.try_get(2)? })
            })
            .collect()
    }

    /// The fingerprint that a year's figures have now.
    ///
    /// # Errors
    /// The database fails.
    pub async fn year_fingerprint(&self, year: i32) -> Result<String, StoreError> {
        fingerprint(&mut *self.reading().await, year).await.map_err(|e| self.named(e))
    }

    /// What is pending in closed years: for each unit the changes that would move it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn pending(&self) -> Result<BTreeMap<Unit, BTreeSet<i64>>, StoreError> {
        let sql = "SELECT p.text, r.text, h.year, h.change FROM pending h JOIN term p ON p.id = h.product JOIN term r ON r.id = h.report";
        let rows = sqlx::query(sql).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        let mut pending: BTreeMap<Unit, BTreeSet<i64>> = BTreeMap::new();
        for row in rows {
            let year = i32::try_from(row.try_get::<i64, _>(2)?).map_err(|_| StoreError::Corrupt("a year beyond bounds".into()))?;
            let unit = Unit { product: ProductId::trusted(row.try_get(0)?), report: ReportId::trusted(row.try_get(1)?), year };
            pending.entry(unit).or_default().insert(row.try_get(3)?);
        }
        Ok(pending)
    }
}
