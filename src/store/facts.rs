//! Facts at the vendor's scope: interned, grouped, replaced a month of an account's report at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite};

use super::months::{account_month, count_of, month_of, to_count};
use super::terms::{Interned, Terms, all_texts, known};
use super::{AccountMonth, Connection, Store, StoreError, Transaction};
use crate::model::{AccountId, AddressRange, Addresses, Count, Group, Item, Member, Month, ProductId, ReportId, Scope, Unit};

/// An item to be interned.
#[derive(Debug, Clone)]
pub struct ItemRow {
    /// Its identity.
    pub fingerprint: [u8; 16],
    /// The item as JSON.
    pub body: String,
}

/// A fact as it travels from the parser to the store: places in the batch's items and in the stream's words.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    /// Its item, a place in [`FactBatch::items`].
    pub item: u32,
    /// The month.
    pub month: Month,
    /// Its scope, product, metric, data type and access method: places among the words of the whole stream.
    pub group: [u32; 5],
    /// Access type, another word.
    pub access_type: u32,
    /// Year of publication, another word.
    pub yop: u32,
    /// The count; above zero.
    pub count: u64,
}

/// A handful of facts of one stream.
#[derive(Debug, Default)]
pub struct FactBatch {
    /// Words that are new since the batch before; each has the next place.
    pub words: Vec<String>,
    /// The items of this batch.
    pub items: Vec<ItemRow>,
    /// The facts.
    pub facts: Vec<Fact>,
}

/// A fact with all its words, read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredFact<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The report.
    pub report: &'a ReportId,
    /// The month.
    pub month: Month,
    /// The scope.
    pub scope: &'a Scope,
    /// The product.
    pub product: &'a ProductId,
    /// `Metric_Type`.
    pub metric: &'a str,
    /// `Data_Type`.
    pub data_type: &'a str,
    /// `Access_Method`.
    pub access_method: &'a str,
    /// `Access_Type`.
    pub access_type: &'a str,
    /// `YOP`.
    pub yop: &'a str,
    /// What was used.
    pub item: &'a Item,
    /// The count.
    pub count: u64,
}

/// Takes facts as they are read.
pub type TakeFact<'t> = dyn FnMut(StoredFact<'_>) -> Result<(), StoreError> + Send + 't;

/// Where a stream of facts has come in a transaction.
#[derive(Debug)]
pub struct FactStream {
    account: i64,
    report: i64,
    words: Vec<i64>,
    groups: HashMap<(Month, [u32; 5]), (i64, u64)>,
    next_group: i64,
}

/// Stands for addresses that nobody claims.
const UNCLAIMED: &str = "unclaimed";

/// The form of a scope that can be read back.
fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::Account => String::new(),
        Scope::Addresses(Addresses::Unclaimed) => UNCLAIMED.to_owned(),
        Scope::Addresses(Addresses::Range(range)) => format!("{} {}", range.first(), range.last()),
        Scope::Member(member) => serde_json::json!([member.customer_id, member.isil, member.name]).to_string(),
    }
}

/// The word under which a scope travels in a [`FactBatch`].
#[must_use]
pub fn scope_word(member: Option<&Member>, addresses: Option<Addresses>) -> String {
    scope_text(&Scope::of(member, addresses))
}

/// A scope as it was written.
pub(super) fn parse_scope(text: &str) -> Result<Scope, StoreError> {
    if text.is_empty() {
        return Ok(Scope::Account);
    }
    if text == UNCLAIMED {
        return Ok(Scope::Addresses(Addresses::Unclaimed));
    }
    if let Some((first, last)) = text.split_once(' ').filter(|_| !text.starts_with('[')) {
        let range = first.parse().ok().zip(last.parse().ok()).and_then(|(first, last)| AddressRange::new(first, last));
        let range = range.ok_or_else(|| StoreError::Corrupt(format!("'{text}' is not a scope")))?;
        return Ok(Scope::Addresses(Addresses::Range(range)));
    }
    let [customer_id, isil, name]: [String; 3] =
        serde_json::from_str(text).map_err(|_| StoreError::Corrupt(format!("'{text}' is not a scope")))?;
    Ok(Scope::Member(Member { customer_id, name, isil }))
}

impl Transaction<'_> {
    /// Removes the facts of these months of a report of an account.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_facts(&mut self, account: &AccountId, report: &ReportId, months: &BTreeSet<Month>) -> Result<(), StoreError> {
        let result = async {
            let (connection, terms) = self.parts();
            let account = terms.number(connection, account.as_str()).await?;
            let report = terms.number(connection, report.as_str()).await?;
            for month in months {
                let month = i64::from(month.index());
                sqlx::query(
                    "DELETE FROM fact WHERE usage_group IN (SELECT id FROM usage_group WHERE account = $1 AND report = $2 AND month = $3)",
                )
                .bind(account)
                .bind(report)
                .bind(month)
                .execute(&mut *connection)
                .await?;
                let sql = "DELETE FROM usage_group WHERE account = $1 AND report = $2 AND month = $3";
                sqlx::query(sql).bind(account).bind(report).bind(month).execute(&mut *connection).await?;
            }
            Ok(())
        };
        let result: Result<(), StoreError> = result.await;
        result.map_err(|e| self.named(e))
    }

    /// Begins to take the facts of a report of an account, whose months were removed before.
    ///
    /// # Errors
    /// The database fails.
    pub async fn begin_facts(&mut self, account: &AccountId, report: &ReportId) -> Result<FactStream, StoreError> {
        let (connection, terms) = self.parts();
        let result = async {
            let account = terms.number(connection, account.as_str()).await?;
            let report = terms.number(connection, report.as_str()).await?;
            let next_group: i64 =
                sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM usage_group").fetch_one(&mut *connection).await?;
            Ok(FactStream { account, report, words: Vec::new(), groups: HashMap::new(), next_group })
        };
        let result: Result<FactStream, StoreError> = result.await;
        result.map_err(|e| self.named(e))
    }

    /// Takes a batch. Facts that differ in nothing but their count add up.
    ///
    /// # Errors
    /// The database fails, or a sum is beyond what can be counted.
    pub async fn take_facts(&mut self, stream: &mut FactStream, batch: &FactBatch) -> Result<(), StoreError> {
        let (connection, terms) = self.parts();
        take(connection, terms, stream, batch).await.map_err(|e| self.named(e))
    }

    /// Ends the stream: writes its groups with their totals, and says which products and years it touched.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_facts(&mut self, stream: FactStream) -> Result<(), StoreError> {
        let (connection, _) = self.parts();
        end(connection, stream).await.map_err(|e| self.named(e))
    }

    /// The units that have usage of these months of a report of an account.
    ///
    /// # Errors
    /// The database fails.
    pub async fn units_of(
        &mut self,
        account: &AccountId,
        report: &ReportId,
        months: &BTreeSet<Month>,
    ) -> Result<BTreeSet<Unit>, StoreError> {
        let (connection, terms) = self.parts();
        let result = async {
            let account = terms.number(connection, account.as_str()).await?;
            let number = terms.number(connection, report.as_str()).await?;
            let mut units = BTreeSet::new();
            for month in months {
                let sql = "SELECT DISTINCT t.text FROM usage_group g JOIN term t ON t.id = g.product \
                           WHERE g.account = $1 AND g.report = $2 AND g.month = $3";
                let products: Vec<String> =
                    sqlx::query_scalar(sql).bind(account).bind(number).bind(i64::from(month.index())).fetch_all(&mut *connection).await?;
                for product in products {
                    units.insert(Unit { product: ProductId::trusted(&product), report: report.clone(), year: month.year() });
                }
            }
            Ok(units)
        };
        let result: Result<BTreeSet<Unit>, StoreError> = result.await;
        result.map_err(|e| self.named(e))
    }

    /// All units that have usage or statistics.
    ///
    /// # Errors
    /// The database fails.
    pub async fn units(&mut self) -> Result<BTreeSet<Unit>, StoreError> {
        units(self.connection()).await.map_err(|e| self.named(e))
    }

    /// The reports of accounts that have usage by address.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reports_by_address(&mut self) -> Result<BTreeSet<(AccountId, ReportId)>, StoreError> {
        let result: Result<BTreeSet<(AccountId, ReportId)>, StoreError> = async {
            let connection = self.connection();
            // Scopes are few; an account's is empty and a member's begins with a bracket.
            let sql = "SELECT DISTINCT a.text, r.text, s.text FROM (SELECT DISTINCT account, report, scope FROM usage_group) g \
                       JOIN term a ON a.id = g.account JOIN term r ON r.id = g.report JOIN term s ON s.id = g.scope WHERE s.text <> ''";
            let mut found = BTreeSet::new();
            for row in sqlx::query(sql).fetch_all(connection).await? {
                if matches!(parse_scope(row.try_get(2)?)?, Scope::Addresses(_)) {
                    found.insert((AccountId::trusted(row.try_get(0)?), ReportId::trusted(row.try_get(1)?)));
                }
            }
            Ok(found)
        }
        .await;
        result.map_err(|e| self.named(e))
    }

    /// The accounts and scopes that have usage, by unit.
    ///
    /// # Errors
    /// The database fails.
    pub async fn all_scopes(&mut self) -> Result<BTreeMap<Unit, Vec<(AccountId, Scope)>>, StoreError> {
        all_scopes(self.connection()).await.map_err(|e| self.named(e))
    }

    /// The accounts and scopes that have usage in a unit.
    ///
    /// # Errors
    /// The database fails.
    pub async fn scopes(&mut self, unit: &Unit) -> Result<Vec<(AccountId, Scope)>, StoreError> {
        let result = async {
            let (connection, terms) = self.parts();
            let (product, report) =
                (terms.number(connection, unit.product.as_str()).await?, terms.number(connection, unit.report.as_str()).await?);
            let sql = "SELECT a.text, s.text FROM (SELECT DISTINCT account, scope FROM usage_group \
                       WHERE product = $1 AND report = $2 AND month >= $3 AND month < $4) g \
                       JOIN term a ON a.id = g.account JOIN term s ON s.id = g.scope ORDER BY 1, 2";
            let (first, after) = year_bounds(unit.year);
            let rows = sqlx::query(sql).bind(product).bind(report).bind(first).bind(after).fetch_all(connection).await?;
            rows.iter().map(|row| Ok((AccountId::trusted(row.try_get(0)?), parse_scope(row.try_get(1)?)?))).collect()
        };
        let result: Result<Vec<(AccountId, Scope)>, StoreError> = result.await;
        result.map_err(|e| self.named(e))
    }

    /// The counts of a unit, of these accounts only if given.
    ///
    /// # Errors
    /// The database fails.
    pub async fn counts(&mut self, unit: &Unit, accounts: Option<&BTreeSet<AccountId>>) -> Result<Vec<Count>, StoreError> {
        counts(self.connection(), unit, accounts).await.map_err(|e| self.named(e))
    }
}

impl Store {
    /// The accounts and scopes that have usage, by unit.
    ///
    /// # Errors
    /// The database fails.
    pub async fn all_scopes(&self) -> Result<BTreeMap<Unit, Vec<(AccountId, Scope)>>, StoreError> {
        all_scopes(&mut *self.reading().await).await.map_err(|e| self.named(e))
    }

    /// All units that have usage or statistics.
    ///
    /// # Errors
    /// The database fails.
    pub async fn units(&self) -> Result<BTreeSet<Unit>, StoreError> {
        units(&mut *self.reading().await).await.map_err(|e| self.named(e))
    }

    /// The counts of a unit.
    ///
    /// # Errors
    /// The database fails.
    pub async fn counts(&self, unit: &Unit) -> Result<Vec<Count>, StoreError> {
        counts(&mut *self.reading().await, unit, None).await.map_err(|e| self.named(e))
    }

    /// The facts of one report of one account in some months, a month after the other and in each all facts of one item together, to
    /// `take` as they are read.
    ///
    /// # Errors
    /// The database fails, or `take` does.
    pub async fn facts(
        &self,
        account: &AccountId,
        report: &ReportId,
        months: &BTreeSet<Month>,
        take: &mut TakeFact<'_>,
    ) -> Result<(), StoreError> {
        let (mut connection, mut interned) = (self.reading().await, self.interned().await);
        read_facts(&mut connection, &mut interned, (account, report), months, take).await.map_err(|e| self.named(e))
    }

    /// For every group its stored total and the sum of its facts, where these differ: (account, report, month, total, sum).
    ///
    /// # Errors
    /// The database fails.
    pub async fn group_differences(&self) -> Result<Vec<(AccountId, ReportId, Month, i64, i64)>, StoreError> {
        let sql = "SELECT a.text, r.text, g.month, g.total, coalesce(sum(f.count), 0) AS facts FROM usage_group g \
                   JOIN term a ON a.id = g.account JOIN term r ON r.id = g.report LEFT JOIN fact f ON f.usage_group = g.id \
                   GROUP BY g.id HAVING facts <> g.total OR g.total <= 0 OR min(f.count) <= 0 ORDER BY 1, 2, 3";
        let rows = sqlx::query(sql).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        rows.iter()
            .map(|row| {
                Ok((
                    AccountId::trusted(&row.try_get::<String, _>(0)?),
                    ReportId::trusted(&row.try_get::<String, _>(1)?),
                    month_of(row.try_get(2)?)?,
                    row.try_get(3)?,
                    row.try_get(4)?,
                ))
            })
            .collect()
    }

    /// The sum of the groups of each month that has any.
    ///
    /// # Errors
    /// The database fails.
    pub async fn month_totals(&self) -> Result<BTreeMap<AccountMonth, i128>, StoreError> {
        let sql = "SELECT a.text, r.text, g.month, sum(g.total) FROM usage_group g \
                   JOIN term a ON a.id = g.account JOIN term r ON r.id = g.report GROUP BY 1, 2, 3";
        let rows = sqlx::query(sql).fetch_all(&mut *self.reading().await).await.map_err(|e| self.named(e))?;
        rows.iter().map(|row| Ok((account_month(row)?, i128::from(row.try_get::<i64, _>(3)?)))).collect()
    }

    /// How many facts belong to no group.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stray_facts(&self) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM fact WHERE usage_group NOT IN (SELECT id FROM usage_group)";
        sqlx::query_scalar(sql).fetch_one(&mut *self.reading().await).await.map_err(|e| self.named(e))
    }
}

/// January's month number, and that of the January after.
pub(super) fn year_bounds(year: i32) -> (i64, i64) {
    (i64::from(year) * 12, (i64::from(year) + 1) * 12)
}

async fn take(connection: &mut Connection, terms: &mut Terms, stream: &mut FactStream, batch: &FactBatch) -> Result<(), StoreError> {
    for word in &batch.words {
        let number = terms.number(connection, word).await?;
        stream.words.push(number);
    }
    let items = terms.items(connection, &batch.items).await?;
    let missing = || StoreError::Corrupt("a fact names a word or an item that its batch does not have".into());
    let word = |words: &[i64], place: u32| words.get(place as usize).copied().ok_or_else(missing);
    let mut rows = Vec::with_capacity(batch.facts.len());
    for fact in &batch.facts {
        let next = &mut stream.next_group;
        let group = stream.groups.entry((fact.month, fact.group)).or_insert_with(|| {
            *next += 1;
            (*next - 1, 0)
        });
        group.1 = group.1.checked_add(fact.count).ok_or_else(|| StoreError::TooLarge(u64::MAX))?;
        let item = items.get(fact.item as usize).copied().ok_or_else(missing)?;
        let access_type = word(&stream.words, fact.access_type)?;
        let yop = word(&stream.words, fact.yop)?;
        rows.push((group.0, item, access_type, yop, to_count(fact.count)?));
    }
    // Rows in the order of their key go in much faster.
    rows.sort_unstable();
    for chunk in rows.chunks(1000) {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO fact (usage_group, item, access_type, yop, count) ");
        query.push_values(chunk, |mut values, row| {
            values.push_bind(row.0).push_bind(row.1).push_bind(row.2).push_bind(row.3).push_bind(row.4);
        });
        query.push(" ON CONFLICT DO UPDATE SET count = count + excluded.count");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn end(connection: &mut Connection, stream: FactStream) -> Result<(), StoreError> {
    let mut groups: Vec<(i64, u64, Month, [u32; 5])> = stream.groups.into_iter().map(|((m, g), (id, total))| (id, total, m, g)).collect();
    groups.sort_unstable();
    for chunk in groups.chunks(1000) {
        let mut rows = Vec::with_capacity(chunk.len());
        for (id, total, month, group) in chunk {
            let mut words = [0; 5];
            for (word, place) in words.iter_mut().zip(group) {
                *word =
                    stream.words.get(*place as usize).copied().ok_or_else(|| StoreError::Corrupt("a group without its words".into()))?;
            }
            rows.push((*id, i64::from(month.index()), words, to_count(*total)?));
        }
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO usage_group (id, account, report, month, scope, product, metric, data_type, access_method, total) ",
        );
        query.push_values(rows, |mut values, (id, month, words, total)| {
            values.push_bind(id).push_bind(stream.account).push_bind(stream.report).push_bind(month);
            for word in words {
                values.push_bind(word);
            }
            values.push_bind(total);
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn all_scopes(connection: &mut Connection) -> Result<BTreeMap<Unit, Vec<(AccountId, Scope)>>, StoreError> {
    let texts = all_texts(&mut *connection).await?;
    let text = |number: i64| texts.get(&number).ok_or_else(|| StoreError::Corrupt(format!("term {number} is missing")));
    // The index of units has all that is wanted.
    let sql = "SELECT DISTINCT product, report, month / 12, account, scope FROM usage_group ORDER BY 1, 2, 3";
    let mut units: BTreeMap<Unit, Vec<(AccountId, Scope)>> = BTreeMap::new();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let unit = Unit {
            product: ProductId::trusted(text(row.try_get(0)?)?),
            report: ReportId::trusted(text(row.try_get(1)?)?),
            year: i32::try_from(row.try_get::<i64, _>(2)?).map_err(|_| StoreError::Corrupt("a year beyond bounds".into()))?,
        };
        let scope = (AccountId::trusted(text(row.try_get(3)?)?), parse_scope(text(row.try_get(4)?)?)?);
        units.entry(unit).or_default().push(scope);
    }
    Ok(units)
}

async fn units(connection: &mut Connection) -> Result<BTreeSet<Unit>, StoreError> {
    let sql = "SELECT DISTINCT p.text, r.text, u.year FROM ( \
                   SELECT product, report, month / 12 AS year FROM usage_group UNION SELECT product, report, month / 12 FROM statistic) u \
               JOIN term p ON p.id = u.product JOIN term r ON r.id = u.report";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(Unit {
                product: ProductId::trusted(&row.try_get::<String, _>(0)?),
                report: ReportId::trusted(&row.try_get::<String, _>(1)?),
                year: i32::try_from(row.try_get::<i64, _>(2)?).map_err(|_| StoreError::Corrupt("a year beyond bounds".into()))?,
            })
        })
        .collect()
}

async fn counts(connection: &mut Connection, unit: &Unit, accounts: Option<&BTreeSet<AccountId>>) -> Result<Vec<Count>, StoreError> {
    let (first, after) = year_bounds(unit.year);
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT a.text, s.text, m.text, d.text, x.text, g.month, g.total FROM usage_group g \
         JOIN term a ON a.id = g.account JOIN term s ON s.id = g.scope JOIN term m ON m.id = g.metric \
         JOIN term d ON d.id = g.data_type JOIN term x ON x.id = g.access_method \
         WHERE g.product = (SELECT id FROM term WHERE text = ",
    );
    query.push_bind(unit.product.as_str()).push(") AND g.report = (SELECT id FROM term WHERE text = ").push_bind(unit.report.as_str());
    query.push(") AND g.month >= ").push_bind(first).push(" AND g.month < ").push_bind(after);
    // A long list would cost more than reading all; the rest is then left out below.
    if let Some(accounts) = accounts.filter(|accounts| accounts.len() <= 500) {
        query.push(" AND a.text IN (");
        let mut list = query.separated(", ");
        for account in accounts {
            list.push_bind(account.as_str());
        }
        query.push(")");
    }
    let rows = query.build().fetch_all(connection).await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        let account = AccountId::trusted(row.try_get::<&str, _>(0)?);
        if accounts.is_some_and(|accounts| !accounts.contains(&account)) {
            continue;
        }
        counts.push(Count {
            account,
            scope: parse_scope(row.try_get(1)?)?,
            metric: row.try_get(2)?,
            group: Group {
                month: month_of(row.try_get(5)?)?,
                data_type: row.try_get(3)?,
                access_method: row.try_get(4)?,
                total: count_of(row.try_get(6)?)?,
            },
        });
    }
    Ok(counts)
}

/// What a group says of its facts, with their words.
struct GroupWords {
    scope: Scope,
    product: ProductId,
    /// Metric, data type, access method.
    words: [Arc<str>; 3],
}

async fn read_facts(
    connection: &mut Connection,
    interned: &mut Interned,
    (account, report): (&AccountId, &ReportId),
    months: &BTreeSet<Month>,
    take: &mut TakeFact<'_>,
) -> Result<(), StoreError> {
    let (account_number, report_number) = (known(connection, account.as_str()).await?, known(connection, report.as_str()).await?);
    for month in months {
        let of_month = "g.account = $1 AND g.report = $2 AND g.month = $3";
        let month_number = i64::from(month.index());
        let sql = format!("SELECT id, scope, product, metric, data_type, access_method FROM usage_group g WHERE {of_month} ORDER BY id");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(account_number).bind(report_number).bind(month_number);
        let rows: Vec<[i64; 6]> = rows.fetch_all(&mut *connection).await?.iter().map(numbers).collect::<Result<_, _>>()?;
        interned.read_texts(connection, rows.iter().flat_map(|row| &row[1..])).await?;
        let mut groups: HashMap<i64, GroupWords> = HashMap::with_capacity(rows.len());
        for [id, scope, product, metric, data_type, access_method] in rows {
            let text = |number| interned.text(number).cloned();
            let words = [text(metric)?, text(data_type)?, text(access_method)?];
            groups.insert(id, GroupWords { scope: parse_scope(&text(scope)?)?, product: ProductId::trusted(&text(product)?), words });
        }
        let sql = format!(
            "SELECT f.item, f.usage_group, f.access_type, f.yop, f.count FROM usage_group g JOIN fact f ON f.usage_group = g.id \
             WHERE {of_month}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(account_number).bind(report_number).bind(month_number);
        let mut facts: Vec<[i64; 5]> = rows.fetch_all(&mut *connection).await?.iter().map(numbers).collect::<Result<_, _>>()?;
        // Whoever takes them has something to do for each new item.
        facts.sort_unstable();
        interned.read_texts(connection, facts.iter().flat_map(|fact| &fact[2..4])).await?;
        interned.read_items(connection, facts.iter().map(|fact| fact[0])).await?;
        for [item, group, access_type, yop, count] in facts {
            let missing = || StoreError::Corrupt(format!("group {group} is missing"));
            let GroupWords { scope, product, words: [metric, data_type, access_method] } = groups.get(&group).ok_or_else(missing)?;
            let (access_type, yop) = (interned.text(access_type)?, interned.text(yop)?);
            let (item, count) = (interned.item(item)?, count_of(count)?);
            take(StoredFact {
                account,
                report,
                month: *month,
                scope,
                product,
                metric,
                data_type,
                access_method,
                access_type,
                yop,
                item,
                count,
            })?;
        }
    }
    Ok(())
}

/// The first columns of a row, all of them numbers.
fn numbers<const N: usize>(row: &SqliteRow) -> Result<[i64; N], sqlx::Error> {
    let mut numbers = [0; N];
    for (place, number) in numbers.iter_mut().enumerate() {
        *number = row.try_get(place)?;
    }
    Ok(numbers)
}
