//! What is known of files: reports that were taken from folders, and how far logs of events are counted.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::Row as _;

use super::{Store, StoreError, Transaction};
use crate::model::{InstitutionId, Month, ProductId, SourceId};

/// A report that was taken from a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFile {
    /// The name it had.
    pub name: String,
    /// When, RFC 3339 in UTC.
    pub taken_at: String,
    /// Whose it was.
    pub account: String,
    /// Which report.
    pub report: String,
}

/// A log of events, as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFile {
    /// A keyed hash of its first events.
    pub first: String,
    /// Over so many bytes.
    pub first_bytes: u64,
    /// So many bytes of it are counted.
    pub counted: u64,
    /// So many lines.
    pub lines: u64,
    /// A keyed hash of the last bytes before.
    pub tail: String,
    /// From this byte on it is read again for the sessions that are open at its end.
    pub replay: u64,
    /// Its last event, in seconds since 1970.
    pub newest: i64,
    /// The size of the file, compressed or not, when it was looked at.
    pub raw_bytes: u64,
    /// A keyed hash of its beginning and end then.
    pub raw: String,
}

/// What is known of the logs of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogState {
    /// The key of its hashes, in hexadecimal; empty if there is none yet.
    pub salt: String,
    /// The last event of all, in seconds since 1970.
    pub newest: i64,
    /// Its files.
    pub files: Vec<LogFile>,
    /// The days of each month that have events, as bits.
    pub days: BTreeMap<Month, u32>,
    /// Files that could not be read the last time, and why.
    pub troubles: Vec<(String, String)>,
    /// The months that have sessions which are not among those that are registered.
    pub held: Vec<Month>,
}

/// Sessions of an institution and a product in a month, as a log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCount {
    /// The institution.
    pub institution: InstitutionId,
    /// The product.
    pub product: ProductId,
    /// The month.
    pub month: Month,
    /// All of them.
    pub sessions: u64,
    /// Those that are registered.
    pub released: u64,
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn month(index: i64) -> Result<Month, StoreError> {
    let month = i32::try_from(index).ok().and_then(Month::from_index);
    month.ok_or_else(|| StoreError::Corrupt(format!("{index} is no month")))
}

impl Store {
    /// The file with this content, if it was taken from the source's folder before.
    ///
    /// # Errors
    /// The database fails.
    pub async fn taken_file(&self, source: &SourceId, sha256: &str) -> Result<Option<TakenFile>, StoreError> {
        let sql = "SELECT name, taken_at, account, report FROM taken_file WHERE source = $1 AND sha256 = $2";
        let row = sqlx::query(sql).bind(source.as_str()).bind(sha256).fetch_optional(&mut *self.reading().await).await;
        let Some(row) = row.map_err(|e| self.named(e))? else { return Ok(None) };
        let taken =
            || Ok(TakenFile { name: row.try_get(0)?, taken_at: row.try_get(1)?, account: row.try_get(2)?, report: row.try_get(3)? });
        taken().map(Some).map_err(|e: StoreError| self.named(e))
    }

    /// What is known of the logs of a source.
    ///
    /// # Errors
    /// The database fails.
    pub async fn log_state(&self, source: &SourceId) -> Result<LogState, StoreError> {
        let mut connection = self.reading().await;
        let result = async {
            let mut state = LogState::default();
            let id = source.as_str();
            if let Some(row) =
                sqlx::query("SELECT salt, newest FROM log_source WHERE source = $1").bind(id).fetch_optional(&mut *connection).await?
            {
                (state.salt, state.newest) = (row.try_get(0)?, row.try_get(1)?);
            }
            let sql = "SELECT first, first_bytes, counted, lines, tail, replay, newest, raw_bytes, raw FROM log_file \
                       WHERE source = $1 ORDER BY first";
            for row in sqlx::query(sql).bind(id).fetch_all(&mut *connection).await? {
                state.files.push(LogFile {
                    first: row.try_get(0)?,
                    first_bytes: count(row.try_get(1)?),
                    counted: count(row.try_get(2)?),
                    lines: count(row.try_get(3)?),
                    tail: row.try_get(4)?,
                    replay: count(row.try_get(5)?),
                    newest: row.try_get(6)?,
                    raw_bytes: count(row.try_get(7)?),
                    raw: row.try_get(8)?,
                });
            }
            for row in sqlx::query("SELECT month, days FROM log_day WHERE source = $1").bind(id).fetch_all(&mut *connection).await? {
                state.days.insert(month(row.try_get(0)?)?, u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0));
            }
            let sql = "SELECT name, what FROM log_trouble WHERE source = $1 ORDER BY name";
            for row in sqlx::query(sql).bind(id).fetch_all(&mut *connection).await? {
                state.troubles.push((row.try_get(0)?, row.try_get(1)?));
            }
            let sql = "SELECT DISTINCT month FROM log_count WHERE source = $1 AND sessions > released ORDER BY month";
            let held: Vec<i64> = sqlx::query_scalar(sql).bind(id).fetch_all(&mut *connection).await?;
            state.held = held.into_iter().map(month).collect::<Result<_, _>>()?;
            Ok(state)
        };
        let result: Result<LogState, StoreError> = result.await;
        result.map_err(|e| self.named(e))
    }
}

impl Transaction<'_> {
    /// Notes that a file was taken.
    ///
    /// # Errors
    /// The database fails.
    pub async fn take_file(&mut self, source: &SourceId, sha256: &str, file: [&str; 3], now: DateTime<Utc>) -> Result<(), StoreError> {
        let [name, account, report] = file;
        let sql = "INSERT OR REPLACE INTO taken_file (source, sha256, name, taken_at, account, report) VALUES ($1, $2, $3, $4, $5, $6)";
        let query = sqlx::query(sql).bind(source.as_str()).bind(sha256).bind(name);
        let query = query.bind(now.to_rfc3339_opts(SecondsFormat::Secs, true)).bind(account).bind(report);
        let done = query.execute(self.connection()).await;
        done.map(|_| ()).map_err(|e| self.named(e))
    }

    /// Writes how far the logs of a source are read: `files` by what they were known as before, if they were, `days` beside those that
    /// are known, `troubles` in the place of those before.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_log_state(
        &mut self,
        source: &SourceId,
        state: &LogState,
        files: &[(Option<String>, LogFile)],
    ) -> Result<(), StoreError> {
        let id = source.as_str();
        let result = async {
            let sql = "INSERT OR REPLACE INTO log_source (source, salt, newest) VALUES ($1, $2, $3)";
            sqlx::query(sql).bind(id).bind(&state.salt).bind(state.newest).execute(self.connection()).await?;
            for (before, file) in files {
                if let Some(before) = before {
                    let sql = "DELETE FROM log_file WHERE source = $1 AND first = $2";
                    sqlx::query(sql).bind(id).bind(before).execute(self.connection()).await?;
                }
                let sql = "INSERT OR REPLACE INTO log_file (source, first, first_bytes, counted, lines, tail, replay, newest, raw_bytes, raw) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
                let query = sqlx::query(sql).bind(id).bind(&file.first).bind(number(file.first_bytes)).bind(number(file.counted));
                let query = query.bind(number(file.lines)).bind(&file.tail).bind(number(file.replay)).bind(file.newest);
                query.bind(number(file.raw_bytes)).bind(&file.raw).execute(self.connection()).await?;
            }
            for (month, days) in &state.days {
                let sql = "INSERT INTO log_day (source, month, days) VALUES ($1, $2, $3) \
                           ON CONFLICT (source, month) DO UPDATE SET days = days | excluded.days";
                let query = sqlx::query(sql).bind(id).bind(i64::from(month.index())).bind(i64::from(*days));
                query.execute(self.connection()).await?;
            }
            sqlx::query("DELETE FROM log_trouble WHERE source = $1").bind(id).execute(self.connection()).await?;
            for (name, what) in &state.troubles {
                let sql = "INSERT OR REPLACE INTO log_trouble (source, name, what) VALUES ($1, $2, $3)";
                sqlx::query(sql).bind(id).bind(name).bind(what).execute(self.connection()).await?;
            }
            Ok(())
        };
        let result: Result<(), StoreError> = result.await;
        result.map_err(|e| self.named(e))
    }

    /// Adds sessions to those that the logs of a source have told of.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add_log_counts(
        &mut self,
        source: &SourceId,
        counts: &BTreeMap<(InstitutionId, ProductId, Month), u64>,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO log_count (source, month, institution, product, sessions, released) VALUES ($1, $2, $3, $4, $5, 0) \
                   ON CONFLICT (source, month, institution, product) DO UPDATE SET sessions = sessions + excluded.sessions";
        for ((institution, product, month), sessions) in counts {
            let query = sqlx::query(sql).bind(source.as_str()).bind(i64::from(month.index())).bind(institution.as_str());
            let done = query.bind(product.as_str()).bind(number(*sessions)).execute(self.connection()).await;
            done.map_err(|e| self.named(e))?;
        }
        Ok(())
    }

    /// The sessions of a month that the logs of a source have told of, by institution and product.
    ///
    /// # Errors
    /// The database fails.
    pub async fn log_counts(&mut self, source: &SourceId, of: Month) -> Result<Vec<LogCount>, StoreError> {
        let sql = "SELECT institution, product, sessions, released FROM log_count WHERE source = $1 AND month = $2 ORDER BY 1, 2";
        let rows = sqlx::query(sql).bind(source.as_str()).bind(i64::from(of.index())).fetch_all(self.connection()).await;
        let rows = rows.map_err(|e| self.named(e))?;
        let row = |row: &sqlx::sqlite::SqliteRow| -> Result<LogCount, StoreError> {
            Ok(LogCount {
                institution: InstitutionId::trusted(row.try_get(0)?),
                product: ProductId::trusted(row.try_get(1)?),
                month: of,
                sessions: count(row.try_get(2)?),
                released: count(row.try_get(3)?),
            })
        };
        rows.iter().map(row).collect()
    }

    /// Months with sessions that are not registered yet, and the days of each that have events.
    ///
    /// # Errors
    /// The database fails.
    pub async fn log_held(&mut self, source: &SourceId) -> Result<Vec<Month>, StoreError> {
        let sql = "SELECT DISTINCT month FROM log_count WHERE source = $1 AND sessions > released ORDER BY month";
        let found: Result<Vec<i64>, _> = sqlx::query_scalar(sql).bind(source.as_str()).fetch_all(self.connection()).await;
        found.map_err(|e| self.named(e))?.into_iter().map(month).collect()
    }

    /// Notes that all sessions of these are registered now.
    ///
    /// # Errors
    /// The database fails.
    pub async fn release_log_counts(&mut self, source: &SourceId, counts: &[LogCount]) -> Result<(), StoreError> {
        let sql = "UPDATE log_count SET released = sessions WHERE source = $1 AND month = $2 AND institution = $3 AND product = $4";
        for row in counts {
            let query = sqlx::query(sql).bind(source.as_str()).bind(i64::from(row.month.index())).bind(row.institution.as_str());
            query.bind(row.product.as_str()).execute(self.connection()).await.map_err(|e| self.named(e))?;
        }
        Ok(())
    }
}
