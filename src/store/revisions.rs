//! What figures were before they changed.

use std::collections::HashMap;
use std::sync::Arc;

use num_rational::BigRational;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::figures::{Conditions, parse_exact, read_bases};
use super::months::{count_of, month_of};
use super::{ChangeRow, Connection, StatisticFilter, Store, StoreError};
use crate::model::statistic::{Basis, Earlier, StatisticKey};
use crate::model::{InstitutionId, Month, ProductId, ReportId};

/// A figure, its exact share and what it rests on.
pub type FigureState = (u64, BigRational, Arc<Basis>);

/// One change of one figure.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Which figure.
    pub key: StatisticKey,
    /// The revision that ended.
    pub revision: u32,
    /// Who, when, why.
    pub change: ChangeRow,
    /// `vendor`, `registry`, `key`, `reopening`, `rounding`, or `basis` where only what it rests on changed.
    pub reason: String,
    /// What it was.
    pub before: FigureState,
    /// What it became; nothing if it is no more.
    pub after: Option<FigureState>,
}

/// A row of history or of now: its key, the change that made it, the one that ended it if any, and its state.
struct State {
    key: [i64; 6],
    made: i64,
    ended: Option<i64>,
    revision: i64,
    reason: String,
    figure: FigureState,
}

impl Store {
    /// Every change of the figures that pass the filter, by figure, the oldest first. What is new leaves no revision.
    ///
    /// # Errors
    /// The database fails, or holds what is none.
    pub async fn revisions(&self, filter: &StatisticFilter) -> Result<Vec<Revision>, StoreError> {
        let changes: HashMap<i64, ChangeRow> =
            self.changes(&std::collections::BTreeSet::new()).await?.into_iter().map(|change| (change.id, change)).collect();
        revisions(&mut *self.reading().await, filter, &changes).await.map_err(|e| self.named(e))
    }

    /// The earlier values of an institution's figures of one metric in one month, by data type, the oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn earlier(
        &self,
        product: &ProductId,
        report: &ReportId,
        month: Month,
        institution: Option<&InstitutionId>,
        metric: &str,
    ) -> Result<Vec<Earlier>, StoreError> {
        let sql = "SELECT d.text, v.revision, v.value, c.\"at\", v.reason, c.what, c.who \
                   FROM revision v JOIN term d ON d.id = v.data_type JOIN change c ON c.id = v.ended \
                   WHERE v.product = (SELECT id FROM term WHERE text = $1) AND v.report = (SELECT id FROM term WHERE text = $2) \
                   AND v.month = $3 AND v.institution = (SELECT id FROM term WHERE text = $4) \
                   AND v.metric = (SELECT id FROM term WHERE text = $5) AND v.reason <> 'basis' ORDER BY d.text, v.revision";
        let rows = sqlx::query(sql)
            .bind(product.as_str())
            .bind(report.as_str())
            .bind(i64::from(month.index()))
            .bind(institution.map_or("", InstitutionId::as_str))
            .bind(metric)
            .fetch_all(&mut *self.reading().await)
            .await
            .map_err(|e| self.named(e))?;
        let number = |n: i64| u64::try_from(n).map_err(|_| StoreError::Corrupt(format!("an earlier figure is {n}")));
        rows.iter()
            .map(|row| {
                Ok(Earlier {
                    data_type: row.try_get(0)?,
                    revision: u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or(u32::MAX),
                    value: number(row.try_get(2)?)?,
                    changed_at: row.try_get(3)?,
                    reason: row.try_get(4)?,
                    cause: row.try_get(5)?,
                    who: row.try_get(6)?,
                })
            })
            .collect()
    }
}

async fn revisions(
    connection: &mut Connection,
    filter: &StatisticFilter,
    changes: &HashMap<i64, ChangeRow>,
) -> Result<Vec<Revision>, StoreError> {
    let conditions = Conditions::of(connection, filter).await?;
    let texts = super::terms::all_texts(&mut *connection).await?;
    let text = |number: i64| texts.get(&number).ok_or_else(|| StoreError::Corrupt(format!("term {number} is missing")));
    let bases = read_bases(&mut *connection).await?;
    const KEY: &str = "product, report, month, institution, metric, data_type";
    let mut states: Vec<State> = Vec::new();
    for (table, more) in [("revision", "made, ended, reason"), ("statistic", "made, NULL, ''")] {
        let mut query =
            QueryBuilder::<Sqlite>::new(format!("SELECT {KEY}, value, exact, basis, revision, {more} FROM {table} WHERE 1 = 1"));
        conditions.push(&mut query);
        for row in query.build().fetch_all(&mut *connection).await? {
            let basis: i64 = row.try_get(8)?;
            let basis = bases.get(&basis).cloned().ok_or_else(|| StoreError::Corrupt(format!("basis {basis} is missing")))?;
            states.push(State {
                key: [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?],
                figure: (count_of(row.try_get(6)?)?, parse_exact(row.try_get(7)?)?, basis),
                revision: row.try_get(9)?,
                made: row.try_get(10)?,
                ended: row.try_get(11)?,
                reason: row.try_get(12)?,
            });
        }
    }
    states.sort_by_key(|state| (state.key, state.ended.unwrap_or(i64::MAX)));
    let mut found = Vec::new();
    for (place, state) in states.iter().enumerate() {
        let Some(ended) = state.ended else { continue };
        let next = states.get(place + 1).filter(|next| next.key == state.key && next.made == ended);
        let change = changes.get(&ended).cloned().ok_or_else(|| StoreError::Corrupt(format!("change {ended} is missing")))?;
        let institution = text(state.key[3])?;
        found.push(Revision {
            key: StatisticKey {
                product: ProductId::trusted(text(state.key[0])?),
                report: ReportId::trusted(text(state.key[1])?),
                month: month_of(state.key[2])?,
                institution: (!institution.is_empty()).then(|| InstitutionId::trusted(institution)),
                metric: text(state.key[4])?.clone(),
                data_type: text(state.key[5])?.clone(),
            },
            revision: u32::try_from(state.revision).map_err(|_| StoreError::Corrupt("a revision beyond bounds".into()))?,
            change,
            reason: state.reason.clone(),
            before: state.figure.clone(),
            after: next.map(|next| next.figure.clone()),
        });
    }
    Ok(found)
}
