//! What the database itself needs: all groups read and as many statistics written, with nothing worked out.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, QueryBuilder, Row as _, Sqlite, SqliteConnection};

/// How much there is.
#[derive(Debug)]
pub struct Sizes {
    pub facts: i64,
    pub groups: i64,
    pub statistics: i64,
    pub bases: i64,
}

async fn open(database: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(database).pragma("cache_size", "-16000");
    SqliteConnection::connect_with(&options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)).await
}

async fn count(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(sql).fetch_one(connection).await
}

/// How much is in a store.
pub async fn sizes(database: &Path) -> Result<Sizes, Box<dyn Error>> {
    let mut connection = open(database).await?;
    let sizes = Sizes {
        facts: count(&mut connection, "SELECT count(*) FROM fact").await?,
        groups: count(&mut connection, "SELECT count(*) FROM usage_group").await?,
        statistics: count(&mut connection, "SELECT count(*) FROM statistic").await?,
        bases: count(&mut connection, "SELECT count(*) FROM basis").await?,
    };
    connection.close().await?;
    Ok(sizes)
}

/// Takes out everything that attribution has made.
pub async fn empty(database: &Path) -> Result<(), Box<dyn Error>> {
    let mut connection = open(database).await?;
    for statement in ["DELETE FROM statistic", "DELETE FROM revision", "DELETE FROM basis", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Reads all groups of `emptied` and writes the statistics of `full` there, in the order of their keys; gives the seconds.
pub async fn floor(full: &Path, emptied: &Path) -> Result<f64, Box<dyn Error>> {
    let mut connection = open(full).await?;
    let sql = "SELECT product, report, month, institution, metric, data_type, value, exact, basis, revision, made FROM statistic \
               ORDER BY 1, 2, 3, 4, 5, 6";
    let mut statistics: Vec<([i64; 10], String)> = Vec::new();
    {
        let mut rows = sqlx::query(sql).fetch(&mut connection);
        while let Some(row) = rows.try_next().await? {
            let mut numbers = [0; 10];
            for (number, column) in numbers.iter_mut().zip([0, 1, 2, 3, 4, 5, 6, 8, 9, 10]) {
                *number = row.try_get(column)?;
            }
            statistics.push((numbers, row.try_get(7)?));
        }
    }
    connection.close().await?;
    let mut connection = open(emptied).await?;
    let start = Instant::now();
    let mut transaction = connection.begin().await?;
    let mut total = 0;
    {
        let sql = "SELECT account, report, month, scope, product, metric, data_type, access_method, total FROM usage_group \
                   ORDER BY product, report, month, account, scope";
        let mut rows = sqlx::query(sql).fetch(&mut *transaction);
        while let Some(row) = rows.try_next().await? {
            for column in 0..9 {
                total ^= row.try_get::<i64, _>(column)?;
            }
        }
    }
    std::hint::black_box(total);
    for chunk in statistics.chunks(1000) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO statistic (product, report, month, institution, metric, data_type, value, exact, basis, revision, made) ",
        );
        query.push_values(chunk, |mut values, (numbers, exact)| {
            for number in &numbers[..7] {
                values.push_bind(*number);
            }
            values.push_bind(exact.as_str());
            for number in &numbers[7..] {
                values.push_bind(*number);
            }
        });
        query.build().execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    let seconds = start.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(seconds)
}
