//! What figures were before they changed.

use sqlx::Row as _;

use super::{Store, StoreError};
use crate::model::statistic::Earlier;
use crate::model::{InstitutionId, Month, ProductId, ReportId};

impl Store {
    /// The earlier values of an institution's figures of one metric in one month, by data type, the oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn earlier(
        &self,
        product: &ProductId,
        report: &ReportId,
        month: Month,
        institution: Option<&InstitutionId>,
        metric: &str,
    ) -> Result<Vec<Earlier>, StoreError> {
        let sql = "SELECT d.text, v.revision, v.value, c.\"at\", v.reason, c.what, c.who \
                   FROM revision v JOIN term d ON d.id = v.data_type JOIN change c ON c.id = v.ended \
                   WHERE v.product = (SELECT id FROM term WHERE text = $1) AND v.report = (SELECT id FROM term WHERE text = $2) \
                   AND v.month = $3 AND v.institution = (SELECT id FROM term WHERE text = $4) \
                   AND v.metric = (SELECT id FROM term WHERE text = $5) AND v.reason <> 'basis' ORDER BY d.text, v.revision";
        let rows = sqlx::query(sql)
            .bind(product.as_str())
            .bind(report.as_str())
            .bind(i64::from(month.index()))
            .bind(institution.map_or("", InstitutionId::as_str))
            .bind(metric)
            .fetch_all(&mut *self.reading().await)
            .await
            .map_err(|e| self.named(e))?;
        let number = |n: i64| u64::try_from(n).map_err(|_| StoreError::Corrupt(format!("an earlier figure is {n}")));
        rows.iter()
            .map(|row| {
                Ok(Earlier {
                    data_type: row.try_get(0)?,
                    revision: u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or(u32::MAX),
                    value: number(row.try_get(2)?)?,
                    changed_at: row.try_get(3)?,
                    reason: row.try_get(4)?,
                    cause: row.try_get(5)?,
                    who: row.try_get(6)?,
                })
            })
            .collect()
    }
}
