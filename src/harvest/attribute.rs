//! Statistics made again from what is stored, in the transaction that changed what they rest on.

use std::collections::BTreeSet;

use crate::attribution::Attributor;
use crate::attribution::webster::DivideError;
use crate::model::{AccountId, InstitutionId, Scope, Unit};
use crate::store::{Changed, StoreError, Transaction};

/// Why statistics could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AttributeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The counts of a unit cannot be divided.
    #[error("{product}, {report}, {year}: {source}")]
    Divide {
        /// The product.
        product: String,
        /// The report.
        report: String,
        /// The year.
        year: i32,
        /// Why.
        #[source]
        source: DivideError,
    },
}

fn divide_error(unit: &Unit, source: DivideError) -> AttributeError {
    AttributeError::Divide { product: unit.product.to_string(), report: unit.report.to_string(), year: unit.year, source }
}

/// Makes the statistics of a whole unit again.
///
/// # Errors
/// The store fails, or the counts cannot be divided.
pub async fn whole_unit(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    unit: &Unit,
) -> Result<Changed, AttributeError> {
    let counts = transaction.counts(unit, None).await?;
    let known = transaction.months_known(unit).await?;
    let statistics = attributor.statistics(unit, &counts, &known, None).map_err(|e| divide_error(unit, e))?;
    Ok(transaction.write_statistics(unit, None, &statistics).await?)
}

/// Makes the statistics again that usage of `account` may move: those of its takers, from all accounts that give them something.
///
/// # Errors
/// The store fails, or the counts cannot be divided.
pub async fn after_usage_of(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    unit: &Unit,
    account: &AccountId,
    had: &BTreeSet<Scope>,
) -> Result<Changed, AttributeError> {
    let scopes = transaction.scopes(unit).await?;
    let mut takers: BTreeSet<Option<InstitutionId>> = BTreeSet::new();
    for scope in scopes.iter().filter(|(of, _)| of == account).map(|(_, scope)| scope).chain(had) {
        takers.extend(attributor.takers(unit, account, scope));
    }
    let mut accounts: BTreeSet<AccountId> = BTreeSet::from([account.clone()]);
    for (other, scope) in &scopes {
        if !accounts.contains(other) && !attributor.takers(unit, other, scope).is_disjoint(&takers) {
            accounts.insert(other.clone());
        }
    }
    let counts = transaction.counts(unit, Some(&accounts)).await?;
    let known = transaction.months_known(unit).await?;
    let statistics = attributor.statistics(unit, &counts, &known, Some(&takers)).map_err(|e| divide_error(unit, e))?;
    Ok(transaction.write_statistics(unit, Some(&takers), &statistics).await?)
}

/// Makes all statistics again, of one year only if given.
///
/// # Errors
/// The store fails, or some counts cannot be divided.
pub async fn everything(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    year: Option<i32>,
) -> Result<Changed, AttributeError> {
    let mut changed = Changed::default();
    for unit in transaction.units().await?.iter().filter(|unit| year.is_none_or(|year| unit.year == year)) {
        changed = changed.and(whole_unit(transaction, attributor, unit).await?);
    }
    Ok(changed)
}
