//! The registry's tables: the rows of people's files in canonical form, and every change of them.

use std::borrow::Cow;
use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row as _};

use super::ledger::Ledger;
use super::{ChangeRow, Connection, Store, StoreError, Transaction};
use crate::model::ProductId;
use crate::model::registry::{Change, Column, Kind, Registry, Row};

impl Store {
    /// Everything that is registered.
    ///
    /// # Errors
    /// The database fails, or holds a row that is none.
    pub async fn registry(&self) -> Result<Registry, StoreError> {
        load(&mut *self.reading().await).await.map_err(|e| self.named(e))
    }

    /// What is registered that has to do with a product: of subscriptions, keys, sessions and figures by hand only the product's, and
    /// of places only what figures of persons go through. Enough to divide the product's use.
    ///
    /// # Errors
    /// The database fails, or holds a row that is none.
    pub async fn registry_of(&self, product: &ProductId) -> Result<Registry, StoreError> {
        load_of(&mut *self.reading().await, product).await.map_err(|e| self.named(e))
    }
}

impl Store {
    /// Everything that was registered after a change: all later changes undone.
    ///
    /// # Errors
    /// The database fails, or holds a row that is none.
    pub async fn registry_at(&self, change: i64) -> Result<Registry, StoreError> {
        let mut connection = self.reading().await;
        before_changes_after(&mut connection, change).await.map_err(|e| self.named(e))
    }
}

/// One change of one row of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryStep {
    /// Who, when, why.
    pub change: ChangeRow,
    /// The row before, as cells; nothing if it was not there.
    pub before: Option<Vec<String>>,
    /// The row after; nothing if it was removed.
    pub after: Option<Vec<String>>,
}

impl Store {
    /// Every change of rows of a kind whose identity begins with `first`, of all rows if nothing is named, the oldest first.
    ///
    /// # Errors
    /// The database fails, or holds a change that is none.
    pub async fn registry_steps(&self, kind: Kind, first: Option<&str>) -> Result<Vec<RegistryStep>, StoreError> {
        let sql = "SELECT r.change, c.\"at\", c.who, c.reason, c.what, r.identity, r.before, r.after FROM registry_change r \
                   JOIN change c ON c.id = r.change WHERE r.kind = $1 ORDER BY r.change, r.identity";
        let rows = sqlx::query(sql).bind(kind.as_str()).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        let mut steps = Vec::new();
        for row in rows {
            let optional = |text: &str| if text.is_empty() { Ok(None) } else { cells(text).map(Some) };
            let found = || -> Result<Option<RegistryStep>, StoreError> {
                if first.is_some_and(|first| {
                    !cells(row.try_get(5).unwrap_or("")).is_ok_and(|cells| cells.first().is_some_and(|name| name == first))
                }) {
                    return Ok(None);
                }
                let change = ChangeRow {
                    id: row.try_get(0)?,
                    at: row.try_get(1)?,
                    who: row.try_get(2)?,
                    reason: row.try_get(3)?,
                    what: row.try_get(4)?,
                };
                Ok(Some(RegistryStep { change, before: optional(row.try_get(6)?)?, after: optional(row.try_get(7)?)? }))
            };
            steps.extend(found().map_err(|e| self.named(e))?);
        }
        Ok(steps)
    }
}

fn cells(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(format!("a change of the registry: {e}")))
}

impl Transaction<'_> {
    /// Everything that is registered, this transaction's changes included.
    ///
    /// # Errors
    /// The database fails, or holds a row that is none.
    pub async fn registry(&mut self) -> Result<Registry, StoreError> {
        load(self.connection()).await.map_err(|e| self.named(e))
    }

    /// Everything that is registered, where nothing but these kinds has changed since `before` was read.
    ///
    /// # Errors
    /// The database fails, or holds a row that is none.
    pub async fn registry_after(&mut self, before: &Registry, kinds: &[Kind]) -> Result<Registry, StoreError> {
        load_again(self.connection(), before, kinds).await.map_err(|e| self.named(e))
    }

    /// Makes changes to one kind, and remembers them with the transaction's cause.
    ///
    /// # Errors
    /// The database fails.
    pub async fn change_registry(&mut self, kind: Kind, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let columns = columns(kind);
        let applied: Result<(), StoreError> = async {
            let change = self.change().await?;
            let ledger = apply(self.connection(), kind, columns, changes, change).await?;
            self.ledger.join(ledger);
            Ok(())
        }
        .await;
        applied.map_err(|e| self.named(e))
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
        Kind::Members => r::ConsortiumMember::COLUMNS,
        Kind::Keys => crate::model::KeyRow::COLUMNS,
        Kind::Sessions => crate::model::SessionCount::COLUMNS,
        Kind::Statistics => r::ManualFigure::COLUMNS,
    }
}

async fn load(connection: &mut Connection) -> Result<Registry, StoreError> {
    let municipalities = begin(connection).await?;
    let transitions = begin(connection).await?;
    let institutions = begin(connection).await?;
    let persons = begin(connection).await?;
    let claims = begin(connection).await?;
    let vendors = begin(connection).await?;
    let products = begin(connection).await?;
    let subscriptions = begin(connection).await?;
    let accounts = begin(connection).await?;
    let members = begin(connection).await?;
    let keys = begin(connection).await?;
    let sessions = begin(connection).await?;
    let manual = begin(connection).await?;
    Ok(Registry {
        municipalities: municipalities.end().await?,
        transitions: transitions.end().await?,
        institutions: institutions.end().await?,
        persons: persons.end().await?,
        claims: claims.end().await?,
        vendors: vendors.end().await?,
        products: products.end().await?,
        subscriptions: subscriptions.end().await?,
        accounts: accounts.end().await?,
        members: members.end().await?,
        keys: keys.end().await?,
        sessions: sessions.end().await?,
        manual: manual.end().await?,
    })
}

async fn load_again(connection: &mut Connection, before: &Registry, kinds: &[Kind]) -> Result<Registry, StoreError> {
    let mut after = before.clone();
    for kind in kinds {
        match kind {
            Kind::Municipalities => after.municipalities = rows(connection).await?,
            Kind::Transitions => after.transitions = rows(connection).await?,
            Kind::Institutions => after.institutions = rows(connection).await?,
            Kind::Persons => after.persons = rows(connection).await?,
            Kind::Networks => after.claims = rows(connection).await?,
            Kind::Vendors => after.vendors = rows(connection).await?,
            Kind::Products => after.products = rows(connection).await?,
            Kind::Subscriptions => after.subscriptions = rows(connection).await?,
            Kind::Accounts => after.accounts = rows(connection).await?,
            Kind::Members => after.members = rows(connection).await?,
            Kind::Keys => after.keys = rows(connection).await?,
            Kind::Sessions => after.sessions = rows(connection).await?,
            Kind::Statistics => after.manual = rows(connection).await?,
        }
    }
    Ok(after)
}

async fn load_of(connection: &mut Connection, product: &ProductId) -> Result<Registry, StoreError> {
    // What takes longest to be read comes first.
    let claims = begin(connection).await?;
    let accounts = begin(connection).await?;
    let keys = begin_of(connection, OF_PRODUCT_OR_ANY, product).await?;
    let subscriptions = begin_of(connection, OF_PRODUCT, product).await?;
    let persons = begin(connection).await?;
    let institutions = begin(connection).await?;
    let transitions = begin(connection).await?;
    let products = begin_of(connection, OF_PRODUCT, product).await?;
    let members = begin(connection).await?;
    let sessions = begin_of(connection, OF_PRODUCT, product).await?;
    let manual = begin_of(connection, OF_PRODUCT, product).await?;
    Ok(Registry {
        transitions: transitions.end().await?,
        institutions: institutions.end().await?,
        persons: persons.end().await?,
        claims: claims.end().await?,
        products: products.end().await?,
        subscriptions: subscriptions.end().await?,
        accounts: accounts.end().await?,
        members: members.end().await?,
        keys: keys.end().await?,
        sessions: sessions.end().await?,
        manual: manual.end().await?,
        ..Registry::default()
    })
}

async fn before_changes_after(connection: &mut Connection, change: i64) -> Result<Registry, StoreError> {
    let sql = "SELECT kind, identity, before FROM registry_change WHERE change > $1 ORDER BY change DESC";
    // The oldest of the later changes of a row says what it was.
    let mut undone: HashMap<String, HashMap<Vec<String>, Option<Vec<String>>>> = HashMap::new();
    let cells =
        |text: &str| serde_json::from_str::<Vec<String>>(text).map_err(|e| StoreError::Corrupt(format!("a change of the registry: {e}")));
    for row in sqlx::query(sql).bind(change).fetch_all(&mut *connection).await? {
        let (kind, identity, before): (String, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let before = if before.is_empty() { None } else { Some(cells(before)?) };
        undone.entry(kind).or_default().insert(cells(identity)?, before);
    }
    let mut registry = load(connection).await?;
    undo(&mut registry.municipalities, &undone)?;
    undo(&mut registry.transitions, &undone)?;
    undo(&mut registry.institutions, &undone)?;
    undo(&mut registry.persons, &undone)?;
    undo(&mut registry.claims, &undone)?;
    undo(&mut registry.vendors, &undone)?;
    undo(&mut registry.products, &undone)?;
    undo(&mut registry.subscriptions, &undone)?;
    undo(&mut registry.accounts, &undone)?;
    undo(&mut registry.members, &undone)?;
    undo(&mut registry.keys, &undone)?;
    undo(&mut registry.sessions, &undone)?;
    undo(&mut registry.manual, &undone)?;
    Ok(registry)
}

/// Puts rows back as they were.
fn undo<R: Row>(rows: &mut Vec<R>, undone: &HashMap<String, HashMap<Vec<String>, Option<Vec<String>>>>) -> Result<(), StoreError> {
    let Some(undone) = undone.get(R::KIND.as_str()) else { return Ok(()) };
    rows.retain(|row| !undone.contains_key(&row.identity()));
    for cells in undone.values().flatten() {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        rows.push(parsed(&cells)?);
    }
    rows.sort_by_cached_key(Row::identity);
    Ok(())
}

/// The rows of one kind, in the order of identity.
async fn rows<R: Row + Send + 'static>(connection: &mut Connection) -> Result<Vec<R>, StoreError> {
    begin(connection).await?.end().await
}

/// Rows that the database has given, and that are understood on a thread of their own while it gives others.
struct Begun<R>(tokio::task::JoinHandle<Result<Vec<R>, StoreError>>);

impl<R: Row + Send + 'static> Begun<R> {
    fn new(json: String) -> Self {
        Self(tokio::task::spawn_blocking(move || read(&json)))
    }

    /// The rows, in the order of identity.
    async fn end(self) -> Result<Vec<R>, StoreError> {
        self.0.await.unwrap_or_else(|error| Err(StoreError::Corrupt(format!("the rows of {}: {error}", R::KIND))))
    }
}

async fn begin<R: Row + Send + 'static>(connection: &mut Connection) -> Result<Begun<R>, StoreError> {
    Ok(Begun::new(sqlx::query_scalar(AssertSqlSafe(select::<R>(""))).fetch_one(connection).await?))
}

/// Rows of one product, and those that are of any.
const OF_PRODUCT: &str = " WHERE product = $1";
const OF_PRODUCT_OR_ANY: &str = " WHERE product = $1 OR product = ''";

/// The rows of one kind, which has a column `product`, that are of this product.
async fn begin_of<R: Row + Send + 'static>(
    connection: &mut Connection,
    condition: &'static str,
    product: &ProductId,
) -> Result<Begun<R>, StoreError> {
    let sql = select::<R>(condition);
    Ok(Begun::new(sqlx::query_scalar(AssertSqlSafe(sql)).bind(product.as_str()).fetch_one(connection).await?))
}

/// All rows as one JSON list of lists of cells: handing thousands over one by one costs more than all else that is done with them.
fn select<R: Row>(condition: &'static str) -> String {
    let list = |columns: &mut dyn Iterator<Item = &Column>| columns.map(|c| format!("\"{}\"", c.name)).collect::<Vec<_>>().join(", ");
    let all = list(&mut R::COLUMNS.iter());
    let order = list(&mut R::COLUMNS.iter().filter(|c| c.identity));
    format!("SELECT json_group_array(json_array({all})) FROM (SELECT {all} FROM {}{condition} ORDER BY {order})", R::KIND.table())
}

fn read<R: Row>(json: &str) -> Result<Vec<R>, StoreError> {
    let mut rows: Vec<Vec<Cow<'_, str>>> =
        serde_json::from_str(json).map_err(|error| StoreError::Corrupt(format!("the rows of {}: {error}", R::KIND)))?;
    // They come in this order already, only that no promise of the database says so.
    let identity: Vec<usize> = R::COLUMNS.iter().enumerate().filter(|(_, column)| column.identity).map(|(place, _)| place).collect();
    rows.sort_by(|a, b| identity.iter().map(|place| &a[*place]).cmp(identity.iter().map(|place| &b[*place])));
    let read = |cells: &Vec<Cow<'_, str>>| parsed(&cells.iter().map(|cell| &**cell).collect::<Vec<&str>>());
    rows.iter().map(read).collect()
}

fn parsed<R: Row>(cells: &[&str]) -> Result<R, StoreError> {
    R::parse(cells).map_err(|errors| {
        let what: Vec<String> = errors.iter().map(|e| format!("{}: {}", e.column, e.what)).collect();
        StoreError::Corrupt(format!("a row of {}: {}", R::KIND, what.join("; ")))
    })
}

async fn apply(
    connection: &mut Connection,
    kind: Kind,
    columns: &[Column],
    changes: &[Change],
    change_id: i64,
) -> Result<Ledger, StoreError> {
    let mut ledger = Ledger::default();
    let names: Vec<String> = columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
    let places: Vec<String> = (1..=columns.len()).map(|i| format!("${i}")).collect();
    let table = kind.table();
    let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    let identity: Vec<&String> = names.iter().zip(columns).filter(|(_, c)| c.identity).map(|(name, _)| name).collect();
    let condition: Vec<String> = identity.iter().zip(1..).map(|(name, i)| format!("{name} = ${i}")).collect();
    let delete = format!("DELETE FROM {table} WHERE {}", condition.join(" AND "));
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
        let json = |cells: &Option<Vec<String>>| cells.as_ref().map(|cells| serde_json::json!(cells).to_string()).unwrap_or_default();
        let (identity, before, after) = (serde_json::json!(change.identity).to_string(), json(&change.before), json(&change.after));
        ledger.registered(kind.as_str(), &identity, &before, &after);
        sqlx::query("INSERT INTO registry_change (change, kind, identity, before, after) VALUES ($1, $2, $3, $4, $5)")
            .bind(change_id)
            .bind(kind.as_str())
            .bind(identity)
            .bind(before)
            .bind(after)
            .execute(&mut *connection)
            .await?;
    }
    Ok(ledger)
}
