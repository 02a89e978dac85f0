//! Interning: texts and items that many rows share have a number each.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite};

use super::facts::ItemRow;
use super::{Connection, StoreError};
use crate::model::Item;

/// How many items are remembered while facts are read.
const ITEMS_READ: usize = 50_000;

/// How many numbers of items are remembered; an item is looked up again after that.
const ITEMS_REMEMBERED: usize = 200_000;

/// Numbers that are known, of this transaction and those before it.
#[derive(Debug, Default)]
pub struct Terms {
    /// A transaction was begun and not ended.
    pub(super) abandoned: bool,
    texts: HashMap<String, i64>,
    next_text: Option<i64>,
    items: HashMap<[u8; 16], i64>,
    next_item: Option<i64>,
}

async fn next(connection: &mut Connection, known: &mut Option<i64>, table: &str) -> Result<i64, StoreError> {
    let next = match *known {
        Some(next) => next,
        None => {
            let sql = AssertSqlSafe(format!("SELECT coalesce(max(id), 0) + 1 FROM {table}"));
            sqlx::query_scalar(sql).fetch_one(connection).await?
        }
    };
    *known = Some(next + 1);
    Ok(next)
}

impl Terms {
    /// The number of a text; a new one if it has none.
    pub(super) async fn number(&mut self, connection: &mut Connection, text: &str) -> Result<i64, StoreError> {
        if let Some(number) = self.texts.get(text) {
            return Ok(*number);
        }
        let found: Option<i64> =
            sqlx::query_scalar("SELECT id FROM term WHERE text = $1").bind(text).fetch_optional(&mut *connection).await?;
        let number = match found {
            Some(number) => number,
            None => {
                let number = next(connection, &mut self.next_text, "term").await?;
                sqlx::query("INSERT INTO term (id, text) VALUES ($1, $2)").bind(number).bind(text).execute(connection).await?;
                number
            }
        };
        self.texts.insert(text.to_owned(), number);
        Ok(number)
    }

    /// The numbers of items, in their order; new ones for those that have none.
    pub(super) async fn items(&mut self, connection: &mut Connection, rows: &[ItemRow]) -> Result<Vec<i64>, StoreError> {
        if self.items.len() > ITEMS_REMEMBERED {
            self.items.clear();
        }
        let unknown: Vec<&ItemRow> = rows.iter().filter(|row| !self.items.contains_key(&row.fingerprint)).collect();
        for chunk in unknown.chunks(500) {
            let mut query = QueryBuilder::<Sqlite>::new("SELECT fingerprint, id FROM item WHERE fingerprint IN (");
            let mut list = query.separated(", ");
            for row in chunk {
                list.push_bind(row.fingerprint.to_vec());
            }
            query.push(")");
            for row in query.build().fetch_all(&mut *connection).await? {
                let bytes: Vec<u8> = row.try_get(0)?;
                let fingerprint = bytes.try_into().map_err(|_| StoreError::Corrupt("an item's fingerprint is not 16 bytes".into()))?;
                self.items.insert(fingerprint, row.try_get(1)?);
            }
        }
        let mut new: Vec<(i64, &ItemRow)> = Vec::new();
        for row in unknown {
            if !self.items.contains_key(&row.fingerprint) {
                let number = next(connection, &mut self.next_item, "item").await?;
                self.items.insert(row.fingerprint, number);
                new.push((number, row));
            }
        }
        for chunk in new.chunks(500) {
            let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO item (id, fingerprint, body) ");
            query.push_values(chunk, |mut values, (number, row)| {
                values.push_bind(*number).push_bind(row.fingerprint.to_vec()).push_bind(row.body.clone());
            });
            query.build().execute(&mut *connection).await?;
        }
        rows.iter()
            .map(|row| self.items.get(&row.fingerprint).copied().ok_or_else(|| StoreError::Corrupt("an item was not interned".into())))
            .collect()
    }
}

/// Texts and items that were read before, by number. What has a number never changes.
#[derive(Debug, Default)]
pub struct Interned {
    texts: HashMap<i64, Arc<str>>,
    items: HashMap<i64, Item>,
}

impl Interned {
    /// Reads the texts with these numbers, as far as they are not known.
    pub(super) async fn read_texts<'n>(
        &mut self,
        connection: &mut Connection,
        numbers: impl Iterator<Item = &'n i64>,
    ) -> Result<(), StoreError> {
        let new: BTreeSet<i64> = numbers.copied().filter(|number| !self.texts.contains_key(number)).collect();
        for row in by_number(connection, "SELECT id, text FROM term WHERE id IN (", &new).await? {
            self.texts.insert(row.try_get(0)?, row.try_get::<&str, _>(1)?.into());
        }
        Ok(())
    }

    /// A text that was read.
    pub(super) fn text(&self, number: i64) -> Result<&Arc<str>, StoreError> {
        self.texts.get(&number).ok_or_else(|| StoreError::Corrupt(format!("term {number} is missing")))
    }

    /// Reads the items with these numbers, as far as they are not known.
    pub(super) async fn read_items(&mut self, connection: &mut Connection, numbers: impl Iterator<Item = i64>) -> Result<(), StoreError> {
        let wanted: BTreeSet<i64> = numbers.collect();
        if self.items.len() + wanted.len() > ITEMS_READ {
            self.items.clear();
        }
        let new: BTreeSet<i64> = wanted.into_iter().filter(|number| !self.items.contains_key(number)).collect();
        for row in by_number(connection, "SELECT id, body FROM item WHERE id IN (", &new).await? {
            let item = serde_json::from_str(row.try_get(1)?).map_err(|e| StoreError::Corrupt(format!("an item: {e}")))?;
            self.items.insert(row.try_get(0)?, item);
        }
        Ok(())
    }

    /// An item that was read.
    pub(super) fn item(&self, number: i64) -> Result<&Item, StoreError> {
        self.items.get(&number).ok_or_else(|| StoreError::Corrupt(format!("item {number} is missing")))
    }
}

/// The rows with these numbers, of a query that ends with an open bracket.
async fn by_number(connection: &mut Connection, sql: &'static str, numbers: &BTreeSet<i64>) -> Result<Vec<SqliteRow>, StoreError> {
    let numbers: Vec<i64> = numbers.iter().copied().collect();
    let mut rows = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(500) {
        let mut query = QueryBuilder::<Sqlite>::new(sql);
        let mut list = query.separated(", ");
        for number in chunk {
            list.push(number);
        }
        query.push(")");
        // Each list is another statement; they are not kept.
        rows.extend(query.build().persistent(false).fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

/// All texts by number, for reading.
pub(super) async fn all_texts(connection: &mut Connection) -> Result<HashMap<i64, String>, StoreError> {
    let rows = sqlx::query("SELECT id, text FROM term").fetch_all(connection).await?;
    rows.into_iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The number of a text, if it has one.
pub(super) async fn known(connection: &mut Connection, text: &str) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT id FROM term WHERE text = $1").bind(text).fetch_optional(connection).await?)
}
