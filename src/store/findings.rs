//! What makes no sense in reports, and the sums by which that is found out.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;

use super::months::{count_of, month_of};
use super::terms::known;
use super::{Connection, Store, StoreError, Transaction};
use crate::model::finding::{ReportFinding, ReportFindingKind};
use crate::model::{AccountId, InstitutionId, Month, MonthRange, ProductId, ReportId};

/// What a month of a report has of a metric in one product, data type and access method, whoever used it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSum {
    /// The month.
    pub month: Month,
    /// The product.
    pub product: ProductId,
    /// `Metric_Type`.
    pub metric: String,
    /// `Data_Type`.
    pub data_type: String,
    /// `Access_Method`.
    pub access_method: String,
    /// The sum.
    pub sum: u64,
}

async fn sums(
    connection: &mut Connection,
    (account, report): (&AccountId, &ReportId),
    months: MonthRange,
) -> Result<Vec<MetricSum>, StoreError> {
    let (Some(account), Some(report)) = (known(connection, account.as_str()).await?, known(connection, report.as_str()).await?) else {
        return Ok(Vec::new());
    };
    // Sums of groups, by their key: no fact is read.
    let sql = "SELECT g.month, p.text, m.text, d.text, x.text, g.sum FROM (SELECT month, product, metric, data_type, access_method, \
               sum(total) AS sum FROM usage_group WHERE account = $1 AND report = $2 AND month >= $3 AND month <= $4 \
               GROUP BY month, product, metric, data_type, access_method) g \
               JOIN term p ON p.id = g.product JOIN term m ON m.id = g.metric JOIN term d ON d.id = g.data_type \
               JOIN term x ON x.id = g.access_method";
    let (first, last) = (i64::from(months.first.index()), i64::from(months.last.index()));
    let rows = sqlx::query(sql).bind(account).bind(report).bind(first).bind(last).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(MetricSum {
                month: month_of(row.try_get(0)?)?,
                product: ProductId::trusted(row.try_get(1)?),
                metric: row.try_get(2)?,
                data_type: row.try_get(3)?,
                access_method: row.try_get(4)?,
                sum: count_of(row.try_get(5)?)?,
            })
        })
        .collect()
}

async fn users(
    connection: &mut Connection,
    (product, report): (&ProductId, &ReportId),
    months: MonthRange,
) -> Result<BTreeSet<(Month, InstitutionId)>, StoreError> {
    let (Some(product), Some(report)) = (known(connection, product.as_str()).await?, known(connection, report.as_str()).await?) else {
        return Ok(BTreeSet::new());
    };
    let sql = "SELECT s.month, t.text FROM (SELECT DISTINCT month, institution FROM statistic WHERE product = $1 AND report = $2 \
               AND month >= $3 AND month <= $4) s JOIN term t ON t.id = s.institution WHERE t.text <> ''";
    let (first, last) = (i64::from(months.first.index()), i64::from(months.last.index()));
    let rows = sqlx::query(sql).bind(product).bind(report).bind(first).bind(last).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((month_of(row.try_get(0)?)?, InstitutionId::trusted(row.try_get(1)?)))).collect()
}

fn parse(row: &sqlx::sqlite::SqliteRow) -> Result<ReportFinding, StoreError> {
    let (kind, product): (String, String) = (row.try_get(3)?, row.try_get(4)?);
    Ok(ReportFinding {
        account: AccountId::trusted(row.try_get(0)?),
        report: ReportId::trusted(row.try_get(1)?),
        month: month_of(row.try_get(2)?)?,
        kind: kind.parse().map_err(|()| StoreError::Corrupt(format!("'{kind}' is no kind of finding")))?,
        product: (!product.is_empty()).then(|| ProductId::trusted(&product)),
        what: row.try_get(5)?,
    })
}

impl Store {
    /// Every finding, with when it was first made, by account, report, month, kind and product.
    ///
    /// # Errors
    /// The database fails.
    pub async fn report_findings(&self) -> Result<Vec<(ReportFinding, String)>, StoreError> {
        let sql = "SELECT account, report, month, kind, product, what, found_at FROM report_finding ORDER BY 1, 2, 3, 4, 5";
        let rows = sqlx::query(sql).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        rows.iter().map(|row| Ok((parse(row)?, row.try_get(6)?))).collect()
    }
}

impl Transaction<'_> {
    /// The sums of a report of an account in some months.
    ///
    /// # Errors
    /// The database fails.
    pub async fn metric_sums(&mut self, account: &AccountId, report: &ReportId, months: MonthRange) -> Result<Vec<MetricSum>, StoreError> {
        sums(self.connection(), (account, report), months).await.map_err(|e| self.named(e))
    }

    /// Who has a figure of a product in a report, by month.
    ///
    /// # Errors
    /// The database fails.
    pub async fn users_of(
        &mut self,
        product: &ProductId,
        report: &ReportId,
        months: MonthRange,
    ) -> Result<BTreeSet<(Month, InstitutionId)>, StoreError> {
        users(self.connection(), (product, report), months).await.map_err(|e| self.named(e))
    }

    /// The reports of an account that something is known of.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reports_of(&mut self, account: &AccountId) -> Result<BTreeSet<ReportId>, StoreError> {
        let sql = "SELECT DISTINCT report FROM month_state WHERE account = $1";
        let reports: Result<Vec<String>, _> = sqlx::query_scalar(sql).bind(account.as_str()).fetch_all(self.connection()).await;
        Ok(reports.map_err(|e| self.named(e))?.iter().map(|report| ReportId::trusted(report)).collect())
    }

    /// Makes these the findings of these kinds in these months of a report of an account, and says how many are new. What was found before and holds still keeps
    /// its time; what holds no more is removed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_findings(
        &mut self,
        (account, report): (&AccountId, &ReportId),
        months: MonthRange,
        kinds: &[ReportFindingKind],
        found: &[ReportFinding],
        now: &str,
    ) -> Result<u64, StoreError> {
        let result: Result<u64, StoreError> = async {
            let mut new = 0;
            let connection = self.connection();
            let sql = "SELECT account, report, month, kind, product, what FROM report_finding \
                       WHERE account = $1 AND report = $2 AND month >= $3 AND month <= $4";
            let (first, last) = (i64::from(months.first.index()), i64::from(months.last.index()));
            let rows =
                sqlx::query(sql).bind(account.as_str()).bind(report.as_str()).bind(first).bind(last).fetch_all(&mut *connection).await?;
            let key = |finding: &ReportFinding| (finding.month, finding.kind, finding.product.clone());
            let mut before = BTreeMap::new();
            for row in &rows {
                let finding = parse(row)?;
                if kinds.contains(&finding.kind) {
                    before.insert(key(&finding), finding);
                }
            }
            for finding in found {
                match before.remove(&key(finding)) {
                    Some(before) if before.what == finding.what => continue,
                    Some(_) => {}
                    None => new += 1,
                }
                let sql = "INSERT INTO report_finding (account, report, month, kind, product, what, found_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, report, month, kind, product) DO UPDATE SET what = $6";
                sqlx::query(sql)
                    .bind(account.as_str())
                    .bind(report.as_str())
                    .bind(i64::from(finding.month.index()))
                    .bind(finding.kind.as_str())
                    .bind(finding.product.as_ref().map_or("", ProductId::as_str))
                    .bind(&finding.what)
                    .bind(now)
                    .execute(&mut *connection)
                    .await?;
            }
            for (month, kind, product) in before.into_keys() {
                let sql = "DELETE FROM report_finding WHERE account = $1 AND report = $2 AND month = $3 AND kind = $4 AND product = $5";
                sqlx::query(sql)
                    .bind(account.as_str())
                    .bind(report.as_str())
                    .bind(i64::from(month.index()))
                    .bind(kind.as_str())
                    .bind(product.as_ref().map_or("", ProductId::as_str))
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(new)
        }
        .await;
        result.map_err(|e| self.named(e))
    }

    /// The reports of accounts that have findings which the registry decides.
    ///
    /// # Errors
    /// The database fails.
    pub async fn findings_of_subscriptions(&mut self) -> Result<BTreeMap<(AccountId, ReportId), MonthRange>, StoreError> {
        let sql = "SELECT account, report, min(month), max(month) FROM report_finding WHERE kind IN ('no_subscription', 'no_use') \
                   GROUP BY account, report";
        let rows = sqlx::query(sql).fetch_all(self.connection()).await.map_err(|e| self.named(e))?;
        rows.iter()
            .map(|row| {
                let key = (AccountId::trusted(row.try_get(0)?), ReportId::trusted(row.try_get(1)?));
                Ok((key, MonthRange::new(month_of(row.try_get(2)?)?, month_of(row.try_get(3)?)?)))
            })
            .collect()
    }
}
