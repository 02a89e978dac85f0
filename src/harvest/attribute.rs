//! Statistics made again from what is stored, in the transaction that changed what they rest on.

use std::collections::{BTreeMap, BTreeSet};

use crate::attribution::touched::{manual_units, touched};
use crate::attribution::webster::DivideError;
use crate::attribution::{Attributor, Rules};
use crate::model::registry::{Change, Kind, Registry};
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

/// Makes the statistics of a unit again that are of these takers, from all accounts that give them something.
async fn of_takers(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    unit: &Unit,
    scopes: &[(AccountId, Scope)],
    takers: &BTreeSet<Option<InstitutionId>>,
) -> Result<Changed, AttributeError> {
    let mut accounts: BTreeSet<AccountId> = BTreeSet::new();
    for (account, scope) in scopes {
        if !accounts.contains(account) && !attributor.takers(unit, account, scope).is_disjoint(takers) {
            accounts.insert(account.clone());
        }
    }
    let counts = transaction.counts(unit, Some(&accounts)).await?;
    let known = transaction.months_known(unit).await?;
    let statistics = attributor.statistics(unit, &counts, &known, Some(takers)).map_err(|e| divide_error(unit, e))?;
    Ok(transaction.write_statistics(unit, Some(takers), &statistics).await?)
}

/// Makes the statistics again that usage of `account` may move: those of its takers, from all accounts that give them something.
/// `had` are the scopes of the account that had usage before.
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
    of_takers(transaction, attributor, unit, &scopes, &takers).await
}

/// Changes rows of the registry, and makes the statistics again that the change touches: those of scopes that are divided otherwise
/// in some month, and no others.
///
/// # Errors
/// The store fails, or some counts cannot be divided.
pub async fn change_registry(
    transaction: &mut Transaction<'_>,
    rules: &Rules,
    changes: &[(Kind, Vec<Change>)],
) -> Result<Changed, AttributeError> {
    let before = transaction.registry().await?;
    for (kind, changes) in changes {
        transaction.change_registry(*kind, changes).await?;
    }
    // Names of vendors and what products are called divide nothing.
    if changes.iter().all(|(kind, changes)| matches!(kind, Kind::Vendors | Kind::Products | Kind::Municipalities) || changes.is_empty()) {
        return Ok(Changed::default());
    }
    let after = transaction.registry().await?;
    after_change(transaction, rules, &before, &after).await
}

/// Makes the statistics again that a change of the registry, already written, touches.
///
/// # Errors
/// The store fails, or some counts cannot be divided.
pub async fn after_change(
    transaction: &mut Transaction<'_>,
    rules: &Rules,
    before: &Registry,
    after: &Registry,
) -> Result<Changed, AttributeError> {
    let mut of_units: BTreeMap<Unit, Vec<(AccountId, Scope)>> = transaction.all_scopes().await?;
    for unit in manual_units(before.manual.iter().chain(&after.manual)) {
        of_units.entry(unit).or_default();
    }
    let (mut old, mut new) = (Attributor::new(before, rules), Attributor::new(after, rules));
    let mut changed = Changed::default();
    for (unit, scopes) in &of_units {
        let takers = touched(&mut old, &mut new, unit, scopes);
        if !takers.is_empty() {
            changed = changed.and(of_takers(transaction, &mut new, unit, scopes, &takers).await?);
        }
    }
    Ok(changed)
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
    let mut units = transaction.units().await?;
    units.extend(manual_units(&attributor.registry().manual));
    for unit in units.iter().filter(|unit| year.is_none_or(|year| unit.year == year)) {
        changed = changed.and(whole_unit(transaction, attributor, unit).await?);
    }
    Ok(changed)
}
