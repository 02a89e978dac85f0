//! Statistics read back, as they stand or as they stood after a change.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::months::{count_of, month_of};
use super::terms::known;
use super::{Connection, Store, StoreError, Transaction};
use crate::model::statistic::{Basis, StatisticKey};
use crate::model::{AccountId, InstitutionId, Month, ProductId, ReportId, Statistic};

/// A figure as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStatistic {
    /// The figure.
    pub statistic: Statistic,
    /// 1 at first, one more each time its value or exact share changed.
    pub revision: u32,
}

/// Which statistics to read; empty lists mean all.
#[derive(Debug, Clone, Default)]
pub struct StatisticFilter {
    /// Only these products.
    pub products: Vec<ProductId>,
    /// Only this report.
    pub report: Option<ReportId>,
    /// Only these metrics.
    pub metrics: Vec<String>,
    /// Only these institutions (nobody: what is unresolved).
    pub institutions: Option<Vec<Option<InstitutionId>>>,
    /// From this month on.
    pub from: Option<Month>,
    /// Up to this month.
    pub to: Option<Month>,
    /// As they were after this change; nothing: as they are.
    pub as_of: Option<i64>,
}

/// A fraction as the store has it.
pub(super) fn parse_exact(text: &str) -> Result<BigRational, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("'{text}' is not an exact share"));
    let number = |text: &str| text.parse::<BigInt>().map_err(|_| corrupt());
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    let denominator = number(denominator)?;
    if denominator <= BigInt::from(0) {
        return Err(corrupt());
    }
    Ok(BigRational::new(number(numerator)?, denominator))
}

/// A filter as conditions of SQL.
pub(super) struct Conditions {
    /// Columns, and the numbers that they may have.
    lists: Vec<(&'static str, Vec<i64>)>,
    from: Option<Month>,
    to: Option<Month>,
}

impl Conditions {
    pub(super) async fn of(connection: &mut Connection, filter: &StatisticFilter) -> Result<Self, StoreError> {
        let mut numbers_of = async |words: Vec<&str>| -> Result<Vec<i64>, StoreError> {
            let mut numbers = Vec::new();
            for word in words {
                numbers.extend(known(&mut *connection, word).await?);
            }
            Ok(numbers)
        };
        let mut lists = Vec::new();
        if !filter.products.is_empty() {
            lists.push(("product", numbers_of(filter.products.iter().map(ProductId::as_str).collect()).await?));
        }
        if let Some(report) = &filter.report {
            lists.push(("report", numbers_of(vec![report.as_str()]).await?));
        }
        if !filter.metrics.is_empty() {
            lists.push(("metric", numbers_of(filter.metrics.iter().map(String::as_str).collect()).await?));
        }
        if let Some(institutions) = &filter.institutions {
            let words = institutions.iter().map(|i| i.as_ref().map_or("", InstitutionId::as_str)).collect();
            lists.push(("institution", numbers_of(words).await?));
        }
        Ok(Self { lists, from: filter.from, to: filter.to })
    }

    pub(super) fn push(&self, query: &mut QueryBuilder<Sqlite>) {
        for (column, numbers) in &self.lists {
            query.push(" AND ").push(*column).push(" IN (");
            let mut list = query.separated(", ");
            for number in numbers {
                list.push(number);
            }
            query.push(")");
        }
        if let Some(from) = self.from {
            query.push(" AND month >= ").push_bind(i64::from(from.index()));
        }
        if let Some(to) = self.to {
            query.push(" AND month <= ").push_bind(i64::from(to.index()));
        }
    }
}

/// Statistics that are read a month at a time: what all of them need is read once.
pub struct StatisticReader {
    filter: StatisticFilter,
    conditions: Conditions,
    texts: HashMap<i64, String>,
    bases: HashMap<i64, Arc<Basis>>,
}

impl Transaction<'_> {
    /// The statistics that pass the filter, this transaction's changes included.
    ///
    /// # Errors
    /// The database fails.
    pub async fn statistics(&mut self, filter: &StatisticFilter) -> Result<Vec<StoredStatistic>, StoreError> {
        read(self.connection(), filter).await.map_err(|e| self.named(e))
    }
}

impl Store {
    /// The statistics that pass the filter, in no particular order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn statistics(&self, filter: &StatisticFilter) -> Result<Vec<StoredStatistic>, StoreError> {
        read(&mut *self.reading().await, filter).await.map_err(|e| self.named(e))
    }

    /// Begins to read the statistics that pass the filter by month: the months that there are, ascending.
    ///
    /// # Errors
    /// The database fails.
    pub async fn statistics_by_month(&self, filter: &StatisticFilter) -> Result<(StatisticReader, Vec<Month>), StoreError> {
        let begun = async {
            let connection = &mut *self.reading().await;
            let mut reader = StatisticReader::new(connection, filter).await?;
            let months = reader.months(connection).await?;
            Ok((reader, months))
        };
        begun.await.map_err(|e: StoreError| self.named(e))
    }

    /// The statistics of a month, in no particular order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn statistics_of_month(&self, reader: &StatisticReader, month: Month) -> Result<Vec<StoredStatistic>, StoreError> {
        reader.read(&mut *self.reading().await, Some(month)).await.map_err(|e| self.named(e))
    }
}

async fn read(connection: &mut Connection, filter: &StatisticFilter) -> Result<Vec<StoredStatistic>, StoreError> {
    StatisticReader::new(connection, filter).await?.read(connection, None).await
}

const COLUMNS: &str = "product, report, month, institution, metric, data_type, value, exact, basis, revision";

impl StatisticReader {
    async fn new(connection: &mut Connection, filter: &StatisticFilter) -> Result<Self, StoreError> {
        Ok(Self {
            filter: filter.clone(),
            conditions: Conditions::of(connection, filter).await?,
            texts: super::terms::all_texts(&mut *connection).await?,
            bases: read_bases(&mut *connection).await?,
        })
    }

    /// Where the figures stand that are read.
    fn push_table(&self, query: &mut QueryBuilder<Sqlite>) {
        match self.filter.as_of {
            None => query.push("statistic"),
            Some(change) => {
                query.push(format!("(SELECT {COLUMNS} FROM statistic WHERE made <= ")).push_bind(change);
                query.push(format!(" UNION ALL SELECT {COLUMNS} FROM revision WHERE made <= ")).push_bind(change);
                query.push(" AND ended > ").push_bind(change).push(")")
            }
        };
        query.push(" WHERE 1 = 1");
        self.conditions.push(query);
    }

    /// The months that there are. From then on products and reports are asked for by name, so that the database goes to each month at
    /// once.
    async fn months(&mut self, connection: &mut Connection) -> Result<Vec<Month>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT DISTINCT product, report, month FROM ");
        self.push_table(&mut query);
        let (mut products, mut reports, mut months) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for row in query.build().persistent(false).fetch_all(connection).await? {
            products.insert(row.try_get::<i64, _>(0)?);
            reports.insert(row.try_get::<i64, _>(1)?);
            months.insert(month_of(row.try_get(2)?)?);
        }
        self.conditions.lists.retain(|(column, _)| !matches!(*column, "product" | "report"));
        self.conditions.lists.push(("product", products.into_iter().collect()));
        self.conditions.lists.push(("report", reports.into_iter().collect()));
        Ok(months.into_iter().collect())
    }

    async fn read(&self, connection: &mut Connection, month: Option<Month>) -> Result<Vec<StoredStatistic>, StoreError> {
        let text = |number: i64| self.texts.get(&number).ok_or_else(|| StoreError::Corrupt(format!("term {number} is missing")));
        let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM "));
        self.push_table(&mut query);
        if let Some(month) = month {
            query.push(" AND month = ").push_bind(i64::from(month.index()));
        }
        let rows = query.build().persistent(false).fetch_all(&mut *connection).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let institution = text(row.try_get(3)?)?;
            let basis: i64 = row.try_get(8)?;
            found.push(StoredStatistic {
                statistic: Statistic {
                    key: StatisticKey {
                        product: ProductId::trusted(text(row.try_get(0)?)?),
                        report: ReportId::trusted(text(row.try_get(1)?)?),
                        month: month_of(row.try_get(2)?)?,
                        institution: (!institution.is_empty()).then(|| InstitutionId::trusted(institution)),
                        metric: text(row.try_get(4)?)?.clone(),
                        data_type: text(row.try_get(5)?)?.clone(),
                    },
                    value: count_of(row.try_get(6)?)?,
                    exact: parse_exact(row.try_get(7)?)?,
                    basis: self.bases.get(&basis).cloned().ok_or_else(|| StoreError::Corrupt(format!("basis {basis} is missing")))?,
                },
                revision: u32::try_from(row.try_get::<i64, _>(9)?).map_err(|_| StoreError::Corrupt("a revision beyond bounds".into()))?,
            });
        }
        Ok(found)
    }
}

pub(super) async fn read_bases(connection: &mut Connection) -> Result<HashMap<i64, Arc<Basis>>, StoreError> {
    let rows = sqlx::query("SELECT id, quality, keys, claimants, accounts, notes FROM basis").fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let list = |i: usize| -> Result<Vec<String>, sqlx::Error> {
                Ok(row.try_get::<&str, _>(i)?.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
            };
            let quality: &str = row.try_get(1)?;
            let basis = Basis {
                quality: quality.parse().map_err(|()| StoreError::Corrupt(format!("'{quality}' is not a quality")))?,
                keys: list(2)?,
                claimants: list(3)?.iter().map(|id| InstitutionId::trusted(id)).collect(),
                accounts: list(4)?.iter().map(|id| AccountId::trusted(id)).collect(),
                notes: list(5)?,
            };
            Ok((row.try_get(0)?, Arc::new(basis)))
        })
        .collect()
}
