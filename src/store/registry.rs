//! The registry's tables: the rows of people's files in canonical form, and every change of them.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Connection, Store, StoreError, Transaction};
use crate::model::registry::{Change, Column, Kind, Registry, Row};

impl Store {
    /// Everything that is registered.
    ///
    /// # Errors
    /// The database fails, or holds a row that is none.
    pub async fn registry(&self) -> Result<Registry, StoreError> {
        load(&mut *self.reading().await).await.map_err(|e| self.named(e))
    }
}

impl Transaction<'_> {
    /// Everything that is registered, this transaction's changes included.
    ///
    /// # Errors
    /// The database fails, or holds a row that is none.
    pub async fn registry(&mut self) -> Result<Registry, StoreError> {
        load(self.connection()).await.map_err(|e| self.named(e))
    }

    /// Makes changes to one kind, and remembers them with their cause (the file that said so).
    ///
    /// # Errors
    /// The database fails.
    pub async fn change_registry(&mut self, kind: Kind, changes: &[Change], now: &str, cause: &str) -> Result<(), StoreError> {
        let columns = columns(kind);
        apply(self.connection(), kind, columns, changes, now, cause).await.map_err(|e| self.named(e))
    }
}

/// The columns of a kind.
fn columns(kind: Kind) -> &'static [Column] {
    use crate::model::registry as r;
    match kind {
        Kind::Municipalities => r::Municipality::COLUMNS,
        Kind::Transitions => r::Transition::COLUMNS,
        Kind::Institutions => r::Institution::COLUMNS,
        Kind::Persons => r::Persons::COLUMNS,
        Kind::Networks => r::Claim::COLUMNS,
        Kind::Vendors => r::Vendor::COLUMNS,
        Kind::Products => r::Product::COLUMNS,
        Kind::Subscriptions => r::Subscription::COLUMNS,
        Kind::Accounts => r::Account::COLUMNS,
    }
}

async fn load(connection: &mut Connection) -> Result<Registry, StoreError> {
    Ok(Registry {
        municipalities: rows(connection).await?,
        transitions: rows(connection).await?,
        institutions: rows(connection).await?,
        persons: rows(connection).await?,
        claims: rows(connection).await?,
        vendors: rows(connection).await?,
        products: rows(connection).await?,
        subscriptions: rows(connection).await?,
        accounts: rows(connection).await?,
    })
}

/// The rows of one kind, in the order of identity.
async fn rows<R: Row>(connection: &mut Connection) -> Result<Vec<R>, StoreError> {
    let list = |columns: &mut dyn Iterator<Item = &Column>| columns.map(|c| format!("\"{}\"", c.name)).collect::<Vec<_>>().join(", ");
    let all = list(&mut R::COLUMNS.iter());
    let order = list(&mut R::COLUMNS.iter().filter(|c| c.identity));
    let sql = format!("SELECT {all} FROM {} ORDER BY {order}", R::KIND);
    let found = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    found.iter().map(row::<R>).collect()
}

fn row<R: Row>(row: &SqliteRow) -> Result<R, StoreError> {
    let cells: Vec<String> = (0..R::COLUMNS.len()).map(|i| row.try_get(i)).collect::<Result<_, _>>()?;
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    R::parse(&cells).map_err(|errors| {
        let what: Vec<String> = errors.iter().map(|e| format!("{}: {}", e.column, e.what)).collect();
        StoreError::Corrupt(format!("a row of {}: {}", R::KIND, what.join("; ")))
    })
}

async fn apply(
    connection: &mut Connection,
    kind: Kind,
    columns: &[Column],
    changes: &[Change],
    now: &str,
    cause: &str,
) -> Result<(), StoreError> {
    let names: Vec<String> = columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
    let places: Vec<String> = (1..=columns.len()).map(|i| format!("${i}")).collect();
    let insert = format!("INSERT INTO {kind} ({}) VALUES ({})", names.join(", "), places.join(", "));
    let identity: Vec<&String> = names.iter().zip(columns).filter(|(_, c)| c.identity).map(|(name, _)| name).collect();
    let condition: Vec<String> = identity.iter().zip(1..).map(|(name, i)| format!("{name} = ${i}")).collect();
    let delete = format!("DELETE FROM {kind} WHERE {}", condition.join(" AND "));
    let mut id: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM registry_change").fetch_one(&mut *connection).await?;
    for change in changes {
        let mut query = sqlx::query(AssertSqlSafe(delete.clone()));
        for cell in &change.identity {
            query = query.bind(cell);
        }
        query.execute(&mut *connection).await?;
        if let Some(cells) = &change.after {
            let mut query = sqlx::query(AssertSqlSafe(insert.clone()));
            for cell in cells {
                query = query.bind(cell);
            }
            query.execute(&mut *connection).await?;
        }
        id += 1;
        let json = |cells: &Option<Vec<String>>| cells.as_ref().map(|cells| serde_json::json!(cells).to_string()).unwrap_or_default();
        sqlx::query(
            "INSERT INTO registry_change (id, changed_at, kind, identity, before, after, cause) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id)
        .bind(now)
        .bind(kind.as_str())
        .bind(serde_json::json!(change.identity).to_string())
        .bind(json(&change.before))
        .bind(json(&change.after))
        .bind(cause)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
