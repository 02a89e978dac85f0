//! Where each month of each report of each account stands.

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::facts::year_bounds;
use super::{Connection, Store, StoreError, Transaction};
use crate::model::{AccountId, Attempts, Month, MonthFacts, MonthState, MonthsKnown, ReportId, SourceId, Trouble, Unit};

/// Which month of which report of which account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountMonth {
    /// The account.
    pub account: AccountId,
    /// The report.
    pub report: ReportId,
    /// The month.
    pub month: Month,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthRow {
    /// Which.
    pub key: AccountMonth,
    /// The source that was asked.
    pub source: SourceId,
    /// Harvested, empty, waiting, failing, gone.
    pub state: MonthState,
    /// Why.
    pub reason: String,
    /// The vendor says that there will be more.
    pub partial: bool,
    /// Empty, but the vendor has not said so.
    pub unconfirmed: bool,
    /// The latest attempts that met the same trouble.
    pub attempts: Attempts,
    /// When it is asked again.
    pub next_attempt: Option<DateTime<Utc>>,
    /// When its facts were last replaced.
    pub harvested_at: Option<DateTime<Utc>>,
    /// When it was last asked for.
    pub checked_at: Option<DateTime<Utc>>,
    /// The release of the report that its facts come from; empty if it has none.
    pub release: String,
    /// How many counts above zero it has.
    pub records: u64,
    /// Their sum.
    pub total: u64,
    /// The fingerprint of its facts; empty if it has none.
    pub digest: String,
    /// SHA-256 of the reply that its facts come from, or of the last reply if it has none.
    pub reply: String,
}

impl MonthRow {
    /// A month that nobody has asked for yet, for lists of what is missing.
    #[must_use]
    pub fn never_asked(key: AccountMonth, source: SourceId) -> Self {
        Self {
            key,
            source,
            state: MonthState::Waiting,
            reason: String::new(),
            partial: false,
            unconfirmed: false,
            attempts: Attempts::default(),
            next_attempt: None,
            harvested_at: None,
            checked_at: None,
            release: String::new(),
            records: 0,
            total: 0,
            digest: String::new(),
            reply: String::new(),
        }
    }

    /// Whether it was asked for at all.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.checked_at.is_some()
    }
}

/// A time as the store has it.
pub(super) fn time(time: Option<DateTime<Utc>>) -> String {
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}

fn parse_time(text: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| StoreError::Corrupt(format!("'{text}' is not a time")))?;
    Ok(Some(parsed.with_timezone(&Utc)))
}

/// The first three columns of a row: texts of account and report, and the month.
pub(super) fn account_month(row: &SqliteRow) -> Result<AccountMonth, StoreError> {
    let (account, report) = (AccountId::trusted(row.try_get(0)?), ReportId::trusted(row.try_get(1)?));
    Ok(AccountMonth { account, report, month: month_of(row.try_get(2)?)? })
}

/// A month's number as the store has it.
pub(super) fn month_of(index: i64) -> Result<Month, StoreError> {
    i32::try_from(index).ok().and_then(Month::from_index).ok_or_else(|| StoreError::Corrupt(format!("{index} is not a month")))
}

/// A count as the store has it.
pub(super) fn count_of(count: i64) -> Result<u64, StoreError> {
    u64::try_from(count).map_err(|_| StoreError::Corrupt(format!("{count} is a negative count")))
}

/// A count for the store.
pub(super) fn to_count(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|_| StoreError::TooLarge(count))
}

fn parse(row: &SqliteRow) -> Result<MonthRow, StoreError> {
    let text = |i: usize| row.try_get::<String, _>(i);
    let whole = |i: usize| row.try_get::<i64, _>(i);
    let number = |i: usize| whole(i).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let (state, trouble) = (text(4)?, text(18)?);
    let met = || trouble.parse().map_err(|()| StoreError::Corrupt(format!("'{trouble}' is no trouble of a month")));
    Ok(MonthRow {
        key: AccountMonth { account: AccountId::trusted(&text(0)?), report: ReportId::trusted(&text(1)?), month: month_of(whole(2)?)? },
        source: SourceId::trusted(&text(3)?),
        state: state.parse().map_err(|()| StoreError::Corrupt(format!("'{state}' is not a state of a month")))?,
        reason: text(5)?,
        partial: whole(6)? != 0,
        unconfirmed: whole(7)? != 0,
        attempts: Attempts {
            trouble: if trouble.is_empty() { None } else { Some(met()?) },
            count: number(8)?,
            first: parse_time(&text(9)?)?,
            incomplete: number(19)?,
        },
        next_attempt: parse_time(&text(10)?)?,
        harvested_at: parse_time(&text(11)?)?,
        checked_at: parse_time(&text(12)?)?,
        release: text(13)?,
        records: count_of(whole(14)?)?,
        total: count_of(whole(15)?)?,
        digest: text(16)?,
        reply: text(17)?,
    })
}

const COLUMNS: &str = "account, report, month, source, state, reason, partial, unconfirmed, attempts, first_attempt, next_attempt, \
    harvested_at, checked_at, release, records, total, digest, reply, trouble, incomplete";

async fn all(connection: &mut Connection) -> Result<Vec<MonthRow>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM month_state ORDER BY source, account, report, month"));
    sqlx::query(sql).fetch_all(connection).await?.iter().map(parse).collect()
}

async fn of_report(connection: &mut Connection, account: &AccountId, report: &ReportId) -> Result<Vec<MonthRow>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM month_state WHERE account = $1 AND report = $2 ORDER BY month"));
    sqlx::query(sql).bind(account.as_str()).bind(report.as_str()).fetch_all(connection).await?.iter().map(parse).collect()
}

async fn known(connection: &mut Connection, unit: &Unit) -> Result<MonthsKnown, StoreError> {
    let (first, after) = year_bounds(unit.year);
    let sql = "SELECT account, month, total, partial FROM month_state WHERE report = $1 AND month >= $2 AND month < $3";
    let rows = sqlx::query(sql).bind(unit.report.as_str()).bind(first).bind(after).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let facts = MonthFacts { total: count_of(row.try_get(2)?)?, partial: row.try_get::<i64, _>(3)? != 0 };
            Ok(((AccountId::trusted(row.try_get(0)?), month_of(row.try_get(1)?)?), facts))
        })
        .collect()
}

impl Store {
    /// What attribution needs to know of the months of a unit's report.
    ///
    /// # Errors
    /// The database fails.
    pub async fn months_known(&self, unit: &Unit) -> Result<MonthsKnown, StoreError> {
        known(&mut *self.reading().await, unit).await.map_err(|e| self.named(e))
    }

    /// Where the months of one report of one account stand, as far as they were ever asked for.
    ///
    /// # Errors
    /// The database fails.
    pub async fn months_of(&self, account: &AccountId, report: &ReportId) -> Result<Vec<MonthRow>, StoreError> {
        of_report(&mut *self.reading().await, account, report).await.map_err(|e| self.named(e))
    }

    /// When the data of each month was harvested that counted after a change, where that is not the data of now.
    ///
    /// # Errors
    /// The database fails.
    pub async fn harvested_before(
        &self,
        change: i64,
    ) -> Result<std::collections::HashMap<AccountMonth, Option<DateTime<Utc>>>, StoreError> {
        let sql =
            "SELECT account, report, month, harvested_at, min(ended) FROM month_past WHERE ended > $1 GROUP BY account, report, month";
        let rows = sqlx::query(sql).bind(change).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        rows.iter().map(|row| Ok((account_month(row)?, parse_time(row.try_get(3)?)?))).collect()
    }

    /// The first month that anything was harvested of.
    ///
    /// # Errors
    /// The database fails.
    pub async fn first_harvested(&self) -> Result<Option<Month>, StoreError> {
        let sql = "SELECT min(month) FROM month_state WHERE state = 'harvested'";
        let first: Option<i64> = sqlx::query_scalar(sql).fetch_one(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        first.map(month_of).transpose()
    }

    /// All months, by source, account, report and month.
    ///
    /// # Errors
    /// The database fails.
    pub async fn months(&self) -> Result<Vec<MonthRow>, StoreError> {
        all(&mut *self.reading().await).await.map_err(|e| self.named(e))
    }
}

impl Transaction<'_> {
    /// What attribution needs to know of the months of a unit's report.
    ///
    /// # Errors
    /// The database fails.
    pub async fn months_known(&mut self, unit: &Unit) -> Result<MonthsKnown, StoreError> {
        known(self.connection(), unit).await.map_err(|e| self.named(e))
    }

    /// Lets what fails of an account be tried again at once: the account or its secret has changed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn try_again(&mut self, account: &AccountId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "UPDATE month_state SET next_attempt = $1 WHERE account = $2 AND state = 'failing'";
        let result = sqlx::query(sql).bind(time(Some(now))).bind(account.as_str()).execute(self.connection()).await;
        result.map(|_| ()).map_err(|e| self.named(e))
    }

    /// Where these months of one report of one account stand, as far as they were ever asked for.
    ///
    /// # Errors
    /// The database fails.
    pub async fn months_of(&mut self, account: &AccountId, report: &ReportId) -> Result<Vec<MonthRow>, StoreError> {
        of_report(self.connection(), account, report).await.map_err(|e| self.named(e))
    }

    /// Writes where a month stands, over what was there. When data that counted gives way, it is remembered until when it did.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_month(&mut self, row: &MonthRow) -> Result<(), StoreError> {
        let change = self.change().await.map_err(|e| self.named(e))?;
        let sql = "INSERT INTO month_past SELECT account, report, month, $1, harvested_at, total, reply FROM month_state \
                   WHERE account = $2 AND report = $3 AND month = $4 AND harvested_at <> '' AND harvested_at <> $5 \
                   ON CONFLICT DO NOTHING";
        let kept = sqlx::query(sql)
            .bind(change)
            .bind(row.key.account.as_str())
            .bind(row.key.report.as_str())
            .bind(i64::from(row.key.month.index()))
            .bind(time(row.harvested_at))
            .execute(self.connection())
            .await;
        kept.map_err(|e| self.named(e))?;
        let sql = sqlx::AssertSqlSafe(format!(
            "INSERT OR REPLACE INTO month_state ({COLUMNS}) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"
        ));
        let result = sqlx::query(sql)
            .bind(row.key.account.as_str())
            .bind(row.key.report.as_str())
            .bind(i64::from(row.key.month.index()))
            .bind(row.source.as_str())
            .bind(row.state.as_str())
            .bind(&row.reason)
            .bind(i64::from(row.partial))
            .bind(i64::from(row.unconfirmed))
            .bind(i64::from(row.attempts.count))
            .bind(time(row.attempts.first))
            .bind(time(row.next_attempt))
            .bind(time(row.harvested_at))
            .bind(time(row.checked_at))
            .bind(&row.release)
            .bind(to_count(row.records)?)
            .bind(to_count(row.total)?)
            .bind(&row.digest)
            .bind(&row.reply)
            .bind(row.attempts.trouble.map_or("", Trouble::as_str))
            .bind(i64::from(row.attempts.incomplete))
            .execute(self.connection())
            .await;
        result.map(|_| ()).map_err(|e| self.named(e))
    }
}
