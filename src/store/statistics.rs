//! Statistics as they stand, and what they were before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use num_rational::BigRational;
use sqlx::{AssertSqlSafe, Row as _};

use super::facts::year_bounds;
use super::ledger::{Ledger, RowKey};
use super::months::{month_of, to_count};
use super::terms::Terms;
use super::{Connection, Store, StoreError, Transaction};
use crate::model::statistic::Basis;
use crate::model::usage::short_hash;
use crate::model::{AccountId, InstitutionId, Statistic, Unit};

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

/// A fraction in lowest terms, as the store has it.
fn exact_text(exact: &BigRational) -> String {
    if exact.is_integer() { exact.numer().to_string() } else { format!("{}/{}", exact.numer(), exact.denom()) }
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
        let written: Result<Changed, StoreError> = async {
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
            let mut ledger = Ledger::default();
            let changed = write(connection, terms, &work, only, new, &mut ledger).await?;
            self.ledger.join(ledger);
            Ok(changed)
        }
        .await;
        written.map_err(|e| self.named(e))
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
    ledger: &mut Ledger,
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
    let (mut bases, mut places) = (HashMap::new(), HashMap::new());
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
        // Figures that rest on the same share one basis, so that it is looked up once.
        let place = std::sync::Arc::as_ptr(&statistic.basis).addr();
        let basis = match places.get(&place) {
            Some(number) => *number,
            None => {
                let number = basis_number(connection, &mut bases, &statistic.basis).await?;
                places.insert(place, number);
                number
            }
        };
        match old.remove(&key) {
            None => {
                if history.is_none() {
                    history = Some(last_revisions(connection, (product, report), work.year, wanted.as_ref()).await?);
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
    for (key, value, exact, basis, revision) in &upserts {
        ledger.made(key, *value, exact, *basis, *revision);
    }
    for (key, row, reason) in &past {
        ledger.ended(key, row.made, row.revision, reason);
    }
    let head = "INSERT OR REPLACE INTO statistic \
                (product, report, month, institution, metric, data_type, value, exact, basis, revision, made)";
    let whole = insert(head, ROWS, 11);
    for chunk in upserts.chunks(ROWS) {
        let is_whole = chunk.len() == ROWS;
        let sql = if is_whole { whole.clone() } else { insert(head, chunk.len(), 11) };
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_whole);
        for (key, value, exact, basis, revision) in chunk {
            for part in key {
                query = query.bind(*part);
            }
            query = query.bind(*value).bind(exact.as_str()).bind(*basis).bind(*revision).bind(work.change);
        }
        query.execute(&mut *connection).await?;
    }
    let head = "INSERT INTO revision \
                (product, report, month, institution, metric, data_type, ended, made, revision, value, exact, basis, reason)";
    for chunk in past.chunks(ROWS) {
        // What came and went within one transaction was never seen by anybody.
        let sql = insert(head, chunk.len(), 13) + " ON CONFLICT DO NOTHING";
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == ROWS);
        for (key, row, reason) in chunk {
            for part in key {
                query = query.bind(*part);
            }
            query = query.bind(work.change).bind(row.made).bind(row.revision).bind(row.value);
            query = query.bind(row.exact.as_str()).bind(row.basis).bind(*reason);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(changed)
}

/// A list that is longer costs more than reading everything and leaving out the rest.
const LISTED: usize = 200;

/// Figures of a unit from a table, of some institutions only if they are few: in SQL, what follows `FROM`.
fn of_unit(table: &str, (product, report): (i64, i64), year: i32, wanted: Option<&BTreeSet<i64>>) -> String {
    let list = |numbers: &mut dyn Iterator<Item = i64>| numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let (first, after) = year_bounds(year);
    let mut sql = format!("{table} WHERE product = {product} AND report = {report}");
    match wanted.filter(|wanted| wanted.len() <= LISTED) {
        // Each month by itself, so that the database goes to the institutions at once.
        Some(wanted) => {
            sql.push_str(&format!(
                " AND month IN ({}) AND institution IN ({})",
                list(&mut (first..after)),
                list(&mut wanted.iter().copied())
            ));
        }
        None => sql.push_str(&format!(" AND month >= {first} AND month < {after}")),
    }
    sql
}

async fn old_rows(
    connection: &mut Connection,
    unit: (i64, i64),
    year: i32,
    wanted: Option<&BTreeSet<i64>>,
) -> Result<BTreeMap<RowKey, OldRow>, StoreError> {
    let (product, report) = unit;
    let from = of_unit("statistic", unit, year, wanted);
    let sql = format!("SELECT month, institution, metric, data_type, value, exact, basis, revision, made FROM {from}");
    let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await?;
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
async fn last_revisions(
    connection: &mut Connection,
    unit: (i64, i64),
    year: i32,
    wanted: Option<&BTreeSet<i64>>,
) -> Result<HashMap<RowKey, i64>, StoreError> {
    let (product, report) = unit;
    let from = of_unit("revision", unit, year, wanted);
    let sql = format!("SELECT month, institution, metric, data_type, max(revision) FROM {from} GROUP BY 1, 2, 3, 4");
    let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await?;
    rows.iter()
        .map(|row| Ok(([product, report, row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?], row.try_get(4)?)))
        .collect()
}

/// How many rows are written at once.
const ROWS: usize = 1000;

/// The head of an INSERT and places for so many rows of so many values.
fn insert(head: &str, rows: usize, values: usize) -> String {
    let row = format!("({})", vec!["?"; values].join(", "));
    format!("{head} VALUES {}", vec![row; rows].join(", "))
}
