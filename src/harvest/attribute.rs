//! Statistics made again from what is stored, in the transaction that changed what they rest on.

use std::collections::{BTreeSet, HashMap};

use crate::attribution::touched::manual_units;
use crate::attribution::webster::DivideError;
use crate::attribution::{Attributor, Rules};
use crate::model::registry::Registry;
use crate::model::{AccountId, InstitutionId, Month, ProductId, Scope, Unit};
use crate::store::{Changed, Store, StoreError, Transaction};

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
pub(super) async fn of_takers(
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

/// Which accounts give an institution figures of these products in a month, by their usage and as if nobody had entered any by hand.
///
/// # Errors
/// The store fails.
pub async fn given_by_accounts(
    store: &Store,
    rules: &Rules,
    registry: &Registry,
    products: &BTreeSet<(ProductId, i32)>,
) -> Result<HashMap<(InstitutionId, ProductId, Month), BTreeSet<AccountId>>, StoreError> {
    let mut attributor = Attributor::new(registry, rules);
    let mut given: HashMap<(InstitutionId, ProductId, Month), BTreeSet<AccountId>> = HashMap::new();
    let units = store.units().await?;
    for unit in units.iter().filter(|unit| products.contains(&(unit.product.clone(), unit.year))) {
        let counts = store.counts(unit).await?;
        let used: BTreeSet<(&AccountId, &Scope, Month)> =
            counts.iter().map(|count| (&count.account, &count.scope, count.group.month)).collect();
        for (account, scope, month) in used {
            let accounts = attributor.scope_accounts(account, scope, month);
            let divisions = attributor.divisions(&accounts, scope, &unit.product, unit.year);
            let Some(division) = divisions.get(month.number() as usize - 1) else { continue };
            for claimant in &division.claimants {
                let of = (claimant.institution.clone(), unit.product.clone(), month);
                given.entry(of).or_default().insert(account.clone());
            }
        }
    }
    Ok(given)
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
