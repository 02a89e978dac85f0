//! What one figure is explained from: only what the question needs, however large the store is.

use std::collections::BTreeSet;

use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::changes::ChangeRow;
use super::facts::parse_scope;
use super::months::{count_of, month_of};
use super::{Connection, Store, StoreError};
use crate::model::registry::Row;
use crate::model::{AccountId, Count, Group, Month, MonthFacts, MonthRange, ProductId, ReportId, Unit};

/// A month of an account's report, as far as an explanation needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedMonth {
    /// The account.
    pub account: AccountId,
    /// The month.
    pub month: Month,
    /// The report's sum, and whether there will be more.
    pub facts: MonthFacts,
    /// SHA-256 of the reply that it was read from.
    pub reply: String,
}

/// How many values a list in a query holds at most.
const LIST: usize = 500;

impl Store {
    /// The reports in which somebody has a figure of this metric of a product in a month.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reports_with(&self, product: &ProductId, metric: &str, month: Month) -> Result<BTreeSet<ReportId>, StoreError> {
        let mut connection = self.reading().await;
        // From one report to the next in the key of the table, instead of through all its rows.
        let sql = "WITH RECURSIVE this AS (SELECT id FROM term WHERE text = $1), \
                   reports (report) AS (SELECT min(report) FROM statistic WHERE product = (SELECT id FROM this) UNION ALL \
                       SELECT (SELECT min(s.report) FROM statistic s WHERE s.product = (SELECT id FROM this) AND s.report > r.report) \
                       FROM reports r WHERE r.report IS NOT NULL) \
                   SELECT t.text FROM reports r JOIN term t ON t.id = r.report WHERE EXISTS (SELECT 1 FROM statistic s \
                       WHERE s.product = (SELECT id FROM this) AND s.report = r.report AND s.month = $2 \
                       AND s.metric = (SELECT id FROM term WHERE text = $3))";
        let rows = sqlx::query(sql)
            .bind(product.as_str())
            .bind(i64::from(month.index()))
            .bind(metric)
            .fetch_all(&mut *connection)
            .await
            .map_err(|e| self.named(e))?;
        rows.iter().map(|row| Ok(ReportId::trusted(row.try_get(0)?))).collect()
    }

    /// The counts of one metric of a unit from January up to a month. With `accounts`, what was counted for an account as a whole
    /// is left out for others than these.
    ///
    /// # Errors
    /// The database fails.
    pub async fn counts_until(
        &self,
        unit: &Unit,
        metric: &str,
        last: Month,
        accounts: Option<&BTreeSet<AccountId>>,
    ) -> Result<Vec<Count>, StoreError> {
        counts_until(&mut *self.reading().await, unit, metric, last, accounts).await.map_err(|e| self.named(e))
    }

    /// What is known of these accounts' months of a report.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reported_months(
        &self,
        report: &ReportId,
        months: MonthRange,
        accounts: &BTreeSet<AccountId>,
    ) -> Result<Vec<ReportedMonth>, StoreError> {
        reported_months(&mut *self.reading().await, report, months, accounts).await.map_err(|e| self.named(e))
    }

    /// The last change of a row of the registry.
    ///
    /// # Errors
    /// The database fails.
    pub async fn last_change_of<R: Row>(&self, row: &R) -> Result<Option<ChangeRow>, StoreError> {
        let sql = "SELECT c.id, c.\"at\", c.who, c.reason, c.what FROM registry_change r JOIN change c ON c.id = r.change \
                   WHERE r.kind = $1 AND r.identity = $2 ORDER BY r.change DESC LIMIT 1";
        let identity = serde_json::json!(row.identity()).to_string();
        let found = sqlx::query(sql)
            .bind(R::KIND.as_str())
            .bind(identity)
            .fetch_optional(&mut *self.reading().await)
            .await
            .map_err(|e| self.named(e))?;
        let change = |row: sqlx::sqlite::SqliteRow| -> Result<ChangeRow, sqlx::Error> {
            Ok(ChangeRow { id: row.try_get(0)?, at: row.try_get(1)?, who: row.try_get(2)?, reason: row.try_get(3)?, what: row.try_get(4)? })
        };
        found.map(change).transpose().map_err(|e| self.named(e))
    }
}

async fn counts_until(
    connection: &mut Connection,
    unit: &Unit,
    metric: &str,
    last: Month,
    accounts: Option<&BTreeSet<AccountId>>,
) -> Result<Vec<Count>, StoreError> {
    let months = MonthRange::new(last.january(), last);
    let mut found = Vec::new();
    let Some(accounts) = accounts else {
        let mut query = counts_of(unit, metric);
        query
            .push(" AND g.month >= ")
            .push_bind(i64::from(months.first.index()))
            .push(" AND g.month <= ")
            .push_bind(i64::from(last.index()));
        return read_counts(connection, query, metric, &mut found).await.map(|()| found);
    };
    // Both follow the index of units: one from account to account in each month, the other through what has a scope in it.
    let accounts: Vec<&AccountId> = accounts.iter().collect();
    for some in accounts.chunks(LIST) {
        let mut query = counts_of(unit, metric);
        query.push(" AND g.month IN (");
        let mut list = query.separated(", ");
        for month in months.iter() {
            list.push_bind(i64::from(month.index()));
        }
        query.push(") AND g.account IN (SELECT id FROM term WHERE text IN (");
        let mut list = query.separated(", ");
        for account in some {
            list.push_bind(account.as_str());
        }
        query.push(")) AND g.scope = (SELECT id FROM term WHERE text = '')");
        read_counts(connection, query, metric, &mut found).await?;
    }
    let mut query = counts_of(unit, metric);
    query.push(" AND g.month >= ").push_bind(i64::from(months.first.index())).push(" AND g.month <= ").push_bind(i64::from(last.index()));
    query.push(" AND g.scope <> (SELECT id FROM term WHERE text = '')");
    read_counts(connection, query, metric, &mut found).await?;
    Ok(found)
}

/// A query of counts, to which its months are to be added.
fn counts_of(unit: &Unit, metric: &str) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(
        "SELECT a.text, s.text, d.text, x.text, g.month, g.total FROM usage_group g \
     JOIN term a ON a.id = g.account JOIN term s ON s.id = g.scope \
     JOIN term d ON d.id = g.data_type JOIN term x ON x.id = g.access_method \
     WHERE g.product = (SELECT id FROM term WHERE text = ",
    );
    query.push_bind(unit.product.to_string()).push(") AND g.report = (SELECT id FROM term WHERE text = ");
    query.push_bind(unit.report.to_string()).push(") AND g.metric = (SELECT id FROM term WHERE text = ");
    query.push_bind(metric.to_owned()).push(")");
    query
}

async fn read_counts(
    connection: &mut Connection,
    mut query: QueryBuilder<Sqlite>,
    metric: &str,
    found: &mut Vec<Count>,
) -> Result<(), StoreError> {
    for row in query.build().fetch_all(connection).await? {
        found.push(Count {
            account: AccountId::trusted(row.try_get(0)?),
            scope: parse_scope(row.try_get(1)?)?,
            metric: metric.to_owned(),
            group: Group {
                month: month_of(row.try_get(4)?)?,
                data_type: row.try_get(2)?,
                access_method: row.try_get(3)?,
                total: count_of(row.try_get(5)?)?,
            },
        });
    }
    Ok(())
}

async fn reported_months(
    connection: &mut Connection,
    report: &ReportId,
    months: MonthRange,
    accounts: &BTreeSet<AccountId>,
) -> Result<Vec<ReportedMonth>, StoreError> {
    let accounts: Vec<&AccountId> = accounts.iter().collect();
    let mut found = Vec::new();
    for some in accounts.chunks(LIST) {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT account, month, total, partial, reply FROM month_state WHERE report = ");
        query.push_bind(report.as_str()).push(" AND month >= ").push_bind(i64::from(months.first.index()));
        query.push(" AND month <= ").push_bind(i64::from(months.last.index())).push(" AND account IN (");
        let mut list = query.separated(", ");
        for account in some {
            list.push_bind(account.as_str());
        }
        query.push(")");
        for row in query.build().fetch_all(&mut *connection).await? {
            found.push(ReportedMonth {
                account: AccountId::trusted(row.try_get(0)?),
                month: month_of(row.try_get(1)?)?,
                facts: MonthFacts { total: count_of(row.try_get(2)?)?, partial: row.try_get::<i64, _>(3)? != 0 },
                reply: row.try_get(4)?,
            });
        }
    }
    Ok(found)
}
