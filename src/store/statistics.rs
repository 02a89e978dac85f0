//! Statistics as they stand, and what they were before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use num_bigint::BigInt;
use num_rational::BigRational;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::facts::year_bounds;
use super::months::{count_of, month_of, to_count};
use super::terms::{Terms, known};
use super::{Connection, Store, StoreError, Transaction};
use crate::model::statistic::{Basis, StatisticKey};
use crate::model::usage::short_hash;
use crate::model::{AccountId, InstitutionId, Month, ProductId, ReportId, Statistic, Unit};

/// A figure as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStatistic {
    /// The figure.
    pub statistic: Statistic,
    /// 1 at first, one more each time its value or exact share changed.
    pub revision: u32,
}

/// How many rows of statistics were written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// New rows.
    pub added: u64,
    /// Rows whose value or exact share changed.
    pub revised: u64,
    /// Rows that are no more.
    pub removed: u64,
    /// Rows of closed years that would be new, revised or removed, and stay as they are.
    pub held: u64,
}

impl Changed {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            added: self.added + other.added,
            revised: self.revised + other.revised,
            removed: self.removed + other.removed,
            held: self.held + other.held,
        }
    }
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

/// A fraction in lowest terms, as the store has it.
fn exact_text(exact: &BigRational) -> String {
    if exact.is_integer() { exact.numer().to_string() } else { format!("{}/{}", exact.numer(), exact.denom()) }
}

fn parse_exact(text: &str) -> Result<BigRational, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("'{text}' is not an exact share"));
    let number = |text: &str| text.parse::<BigInt>().map_err(|_| corrupt());
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    let denominator = number(denominator)?;
    if denominator <= BigInt::from(0) {
        return Err(corrupt());
    }
    Ok(BigRational::new(number(numerator)?, denominator))
}

fn join<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> String {
    let mut out = String::new();
    for word in list {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word.as_ref());
    }
    out
}

/// A basis as five texts.
fn basis_texts(basis: &Basis) -> [String; 5] {
    [
        basis.quality.as_str().to_owned(),
        join(&basis.keys),
        join(basis.claimants.iter().map(InstitutionId::as_str)),
        join(basis.accounts.iter().map(AccountId::as_str)),
        join(&basis.notes),
    ]
}

async fn basis_number(connection: &mut Connection, cache: &mut HashMap<[u8; 16], i64>, basis: &Basis) -> Result<i64, StoreError> {
    let texts = basis_texts(basis);
    let fingerprint = short_hash(texts.join("\n").as_bytes());
    if let Some(number) = cache.get(&fingerprint) {
        return Ok(*number);
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT id FROM basis WHERE fingerprint = $1")
        .bind(fingerprint.to_vec())
        .fetch_optional(&mut *connection)
        .await?;
    let number = match found {
        Some(number) => number,
        None => {
            let number: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM basis").fetch_one(&mut *connection).await?;
            let sql = "INSERT INTO basis (id, fingerprint, quality, keys, claimants, accounts, notes) VALUES ($1, $2, $3, $4, $5, $6, $7)";
            let mut query = sqlx::query(sql).bind(number).bind(fingerprint.to_vec());
            for text in texts {
                query = query.bind(text);
            }
            query.execute(connection).await?;
            number
        }
    };
    cache.insert(fingerprint, number);
    Ok(number)
}

/// The columns that tell rows apart, as numbers: product, report, month, institution, metric, data type.
type RowKey = [i64; 6];

struct OldRow {
    value: i64,
    exact: String,
    basis: i64,
    revision: i64,
    made: i64,
}

impl Transaction<'_> {
    /// Makes the stored statistics of a unit, of `only` these institutions if given, what `new` says; what was otherwise
    /// is kept as a revision. Rows that stay the same are not touched, and nothing is in a closed year: there it is only
    /// noted that something is pending.
    ///
    /// # Errors
    /// The database fails.
    pub async fn write_statistics(
        &mut self,
        unit: &Unit,
        only: Option<&BTreeSet<Option<InstitutionId>>>,
        new: &[Statistic],
    ) -> Result<Changed, StoreError> {
        let written = async {
            let change = self.change().await?;
            let reason = self.cause().reason;
            let (connection, terms) = self.parts();
            let work = Work {
                product: terms.number(connection, unit.product.as_str()).await?,
                report: terms.number(connection, unit.report.as_str()).await?,
                year: unit.year,
                change,
                reason,
            };
            write(connection, terms, &work, only, new).await
        };
        written.await.map_err(|e| self.named(e))
    }

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
}

impl Store {
    /// What the database itself finds wrong with its file.
    ///
    /// # Errors
    /// The database fails.
    pub async fn damage(&self) -> Result<Vec<String>, StoreError> {
        let lines: Vec<String> =
            sqlx::query_scalar("PRAGMA quick_check").fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// Figures whose revision is not one more than the number of revisions kept of them: where, and what.
    ///
    /// # Errors
    /// The database fails.
    pub async fn broken_histories(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT p.text, r.text, s.month, i.text, m.text, s.revision, \
                       (SELECT count(DISTINCT v.revision) FROM revision v WHERE v.product = s.product AND v.report = s.report \
                        AND v.month = s.month AND v.institution = s.institution AND v.metric = s.metric AND v.data_type = s.data_type \
                        AND v.revision < s.revision) AS kept \
                   FROM statistic s JOIN term p ON p.id = s.product JOIN term r ON r.id = s.report JOIN term i ON i.id = s.institution \
                   JOIN term m ON m.id = s.metric WHERE s.revision <> kept + 1";
        let rows = sqlx::query(sql).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        rows.iter()
            .map(|row| {
                let text = |i: usize| row.try_get::<String, _>(i);
                let place = format!("{} {} {} {} {}", text(0)?, text(1)?, month_of(row.try_get(2)?)?, text(3)?, text(4)?);
                let (revision, kept): (i64, i64) = (row.try_get(5)?, row.try_get(6)?);
                Ok((place, format!("is at revision {revision}, but {kept} earlier ones are kept")))
            })
            .collect()
    }
}

/// What is written, and on what account.
struct Work {
    product: i64,
    report: i64,
    year: i32,
    change: i64,
    reason: &'static str,
}

async fn write(
    connection: &mut Connection,
    terms: &mut Terms,
    work: &Work,
    only: Option<&BTreeSet<Option<InstitutionId>>>,
    new: &[Statistic],
) -> Result<Changed, StoreError> {
    let (product, report) = (work.product, work.report);
    let mut wanted: Option<BTreeSet<i64>> = None;
    if let Some(only) = only {
        let mut numbers = BTreeSet::new();
        for institution in only {
            numbers.insert(terms.number(connection, institution.as_ref().map_or("", InstitutionId::as_str)).await?);
        }
        wanted = Some(numbers);
    }
    let mut old = old_rows(connection, (product, report), work.year, wanted.as_ref()).await?;
    let closed = super::closing::is_closed(connection, work.year).await?;
    let mut bases = HashMap::new();
    let mut changed = Changed::default();
    let mut upserts: Vec<(RowKey, i64, String, i64, i64)> = Vec::new();
    let mut past: Vec<(RowKey, OldRow, &'static str)> = Vec::new();
    let mut history: Option<HashMap<RowKey, i64>> = None;
    for statistic in new {
        let key = [
            product,
            report,
            i64::from(statistic.key.month.index()),
            terms.number(connection, statistic.key.institution.as_ref().map_or("", InstitutionId::as_str)).await?,
            terms.number(connection, &statistic.key.metric).await?,
            terms.number(connection, &statistic.key.data_type).await?,
        ];
        let value = to_count(statistic.value)?;
        let exact = exact_text(&statistic.exact);
        let basis = basis_number(connection, &mut bases, &statistic.basis).await?;
        match old.remove(&key) {
            None => {
                if history.is_none() {
                    history = Some(last_revisions(connection, (product, report), work.year).await?);
                }
                let before = history.as_ref().and_then(|history| history.get(&key)).copied().unwrap_or(0);
                upserts.push((key, value, exact, basis, before + 1));
                changed.added += 1;
            }
            Some(row) if row.value == value && row.exact == exact && row.basis == basis => {}
            Some(row) if row.value == value && row.exact == exact => {
                // What it rests on may change (an account more) without the figure: no new revision, but what was is known.
                upserts.push((key, value, exact, basis, row.revision));
                past.push((key, row, "basis"));
            }
            Some(row) => {
                let reason = if row.exact == exact { "rounding" } else { work.reason };
                upserts.push((key, value, exact, basis, row.revision + 1));
                past.push((key, row, reason));
                changed.revised += 1;
            }
        }
    }
    if closed {
        let held = (upserts.len() + old.len()) as u64;
        if held > 0 {
            super::closing::hold(connection, (product, report), work.year, work.change).await?;
        }
        return Ok(Changed { held, ..Changed::default() });
    }
    for (key, row) in old {
        sqlx::query(
            "DELETE FROM statistic WHERE product = $1 AND report = $2 AND month = $3 AND institution = $4 AND metric = $5 AND data_type = $6",
        )
        .bind(key[0])
        .bind(key[1])
        .bind(key[2])
        .bind(key[3])
        .bind(key[4])
        .bind(key[5])
        .execute(&mut *connection)
        .await?;
        past.push((key, row, work.reason));
        changed.removed += 1;
    }
    upserts.sort_unstable_by_key(|row| row.0);
    for chunk in upserts.chunks(1000) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT OR REPLACE INTO statistic \
             (product, report, month, institution, metric, data_type, value, exact, basis, revision, made) ",
        );
        query.push_values(chunk, |mut values, (key, value, exact, basis, revision)| {
            for part in key {
                values.push_bind(*part);
            }
            values.push_bind(*value).push_bind(exact.clone()).push_bind(*basis).push_bind(*revision).push_bind(work.change);
        });
        query.build().execute(&mut *connection).await?;
    }
    for chunk in past.chunks(1000) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO revision \
             (product, report, month, institution, metric, data_type, ended, made, revision, value, exact, basis, reason) ",
        );
        query.push_values(chunk, |mut values, (key, row, reason)| {
            for part in key {
                values.push_bind(*part);
            }
            values.push_bind(work.change).push_bind(row.made).push_bind(row.revision).push_bind(row.value);
            values.push_bind(row.exact.clone()).push_bind(row.basis).push_bind(*reason);
        });
        // What came and went within one transaction was never seen by anybody.
        query.push(" ON CONFLICT DO NOTHING");
        query.build().execute(&mut *connection).await?;
    }
    Ok(changed)
}

async fn old_rows(
    connection: &mut Connection,
    (product, report): (i64, i64),
    year: i32,
    wanted: Option<&BTreeSet<i64>>,
) -> Result<BTreeMap<RowKey, OldRow>, StoreError> {
    let (first, after) = year_bounds(year);
    let sql = "SELECT month, institution, metric, data_type, value, exact, basis, revision, made FROM statistic \
               WHERE product = $1 AND report = $2 AND month >= $3 AND month < $4";
    let rows = sqlx::query(sql).bind(product).bind(report).bind(first).bind(after).fetch_all(connection).await?;
    let mut old = BTreeMap::new();
    for row in rows {
        let institution: i64 = row.try_get(1)?;
        if wanted.is_some_and(|wanted| !wanted.contains(&institution)) {
            continue;
        }
        let key = [product, report, row.try_get(0)?, institution, row.try_get(2)?, row.try_get(3)?];
        old.insert(
            key,
            OldRow {
                value: row.try_get(4)?,
                exact: row.try_get(5)?,
                basis: row.try_get(6)?,
                revision: row.try_get(7)?,
                made: row.try_get(8)?,
            },
        );
    }
    Ok(old)
}

/// The last revision of each figure of a unit that has a history, so that one that comes back goes on counting.
async fn last_revisions(connection: &mut Connection, (product, report): (i64, i64), year: i32) -> Result<HashMap<RowKey, i64>, StoreError> {
    let (first, after) = year_bounds(year);
    let sql = "SELECT month, institution, metric, data_type, max(revision) FROM revision \
               WHERE product = $1 AND report = $2 AND month >= $3 AND month < $4 GROUP BY 1, 2, 3, 4";
    let rows = sqlx::query(sql).bind(product).bind(report).bind(first).bind(after).fetch_all(connection).await?;
    rows.iter()
        .map(|row| Ok(([product, report, row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?], row.try_get(4)?)))
        .collect()
}

async fn read(connection: &mut Connection, filter: &StatisticFilter) -> Result<Vec<StoredStatistic>, StoreError> {
    let texts = super::terms::all_texts(&mut *connection).await?;
    let text = |number: i64| texts.get(&number).ok_or_else(|| StoreError::Corrupt(format!("term {number} is missing")));
    let mut numbers_of = async |words: Vec<&str>| -> Result<Vec<i64>, StoreError> {
        let mut numbers = Vec::new();
        for word in words {
            numbers.extend(known(&mut *connection, word).await?);
        }
        Ok(numbers)
    };
    let mut conditions: Vec<(&str, Vec<i64>)> = Vec::new();
    if !filter.products.is_empty() {
        conditions.push(("product", numbers_of(filter.products.iter().map(ProductId::as_str).collect()).await?));
    }
    if let Some(report) = &filter.report {
        conditions.push(("report", numbers_of(vec![report.as_str()]).await?));
    }
    if !filter.metrics.is_empty() {
        conditions.push(("metric", numbers_of(filter.metrics.iter().map(String::as_str).collect()).await?));
    }
    if let Some(institutions) = &filter.institutions {
        let words = institutions.iter().map(|i| i.as_ref().map_or("", InstitutionId::as_str)).collect();
        conditions.push(("institution", numbers_of(words).await?));
    }
    const COLUMNS: &str = "product, report, month, institution, metric, data_type, value, exact, basis, revision";
    let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM "));
    match filter.as_of {
        None => query.push("statistic"),
        Some(change) => {
            query.push(format!("(SELECT {COLUMNS} FROM statistic WHERE made <= ")).push_bind(change);
            query.push(format!(" UNION ALL SELECT {COLUMNS} FROM revision WHERE made <= ")).push_bind(change);
            query.push(" AND ended > ").push_bind(change).push(")")
        }
    };
    query.push(" WHERE 1 = 1");
    for (column, numbers) in &conditions {
        query.push(" AND ").push(*column).push(" IN (");
        let mut list = query.separated(", ");
        for number in numbers {
            list.push(number);
        }
        query.push(")");
    }
    if let Some(from) = filter.from {
        query.push(" AND month >= ").push_bind(i64::from(from.index()));
    }
    if let Some(to) = filter.to {
        query.push(" AND month <= ").push_bind(i64::from(to.index()));
    }
    let bases = read_bases(&mut *connection).await?;
    let rows = query.build().fetch_all(&mut *connection).await?;
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
                basis: bases.get(&basis).cloned().ok_or_else(|| StoreError::Corrupt(format!("basis {basis} is missing")))?,
            },
            revision: u32::try_from(row.try_get::<i64, _>(9)?).map_err(|_| StoreError::Corrupt("a revision beyond bounds".into()))?,
        });
    }
    Ok(found)
}

async fn read_bases(connection: &mut Connection) -> Result<HashMap<i64, Basis>, StoreError> {
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
            Ok((row.try_get(0)?, basis))
        })
        .collect()
}
