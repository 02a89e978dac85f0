//! Statistics made again from what is stored, in the transaction that changed what they rest on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::attribution::nearby::Nearby;
use crate::attribution::touched::manual_units;
use crate::attribution::webster::DivideError;
use crate::attribution::{Attributor, Rules};
use crate::model::registry::Registry;
use crate::model::{AccountId, Count, InstitutionId, Month, MonthsKnown, ProductId, ReportId, Scope, Statistic, Unit};
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

/// What is known of the months of reports, read once for as long as one report and year is asked about.
#[derive(Debug, Default)]
pub(super) struct Known(Option<(ReportId, i32, Arc<MonthsKnown>)>);

impl Known {
    /// What is known of the months of a unit's report.
    async fn of(&mut self, transaction: &mut Transaction<'_>, unit: &Unit) -> Result<Arc<MonthsKnown>, StoreError> {
        if let Some((report, year, known)) = &self.0
            && (report, *year) == (&unit.report, unit.year)
        {
            return Ok(known.clone());
        }
        let known = Arc::new(transaction.months_known(unit).await?);
        self.0 = Some((unit.report.clone(), unit.year, known.clone()));
        Ok(known)
    }
}

/// Units in the order in which least has to be read again.
pub(super) fn by_report(units: impl IntoIterator<Item = Unit>) -> Vec<Unit> {
    let mut units: Vec<Unit> = units.into_iter().collect();
    units.sort_by(|a, b| (&a.report, a.year, &a.product).cmp(&(&b.report, b.year, &b.product)));
    units
}

/// Whose statistics of a unit are made again, and of what.
pub(super) struct Takers<'t> {
    /// Who; nobody stands for what is unresolved.
    pub takers: &'t BTreeSet<Option<InstitutionId>>,
    /// What has usage in the unit.
    pub scopes: &'t [(AccountId, Scope)],
    /// What is near to them, where that is known.
    pub near: Option<&'t Nearby>,
}

/// Makes the statistics of a unit again that are of these takers, from all accounts that give them something.
pub(super) async fn of_takers(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    known: &mut Known,
    unit: &Unit,
    Takers { takers, scopes, near }: Takers<'_>,
) -> Result<Changed, AttributeError> {
    let mut accounts: BTreeSet<AccountId> = BTreeSet::new();
    for (account, scope) in scopes {
        let gives = |attributor: &mut Attributor<'_>| match near {
            // Some more than need be; that is much less work than to find out.
            Some(near) if !takers.contains(&None) => near.may_concern(account, scope),
            _ => !attributor.takers(unit, account, scope).is_disjoint(takers),
        };
        if !accounts.contains(account) && gives(attributor) {
            accounts.insert(account.clone());
        }
    }
    let counts = transaction.counts(unit, Some(&accounts)).await?;
    let known = known.of(transaction, unit).await?;
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
    // Whatever of it came, its sum decides which of several reports of the same traffic counts.
    let as_a_whole = attributor.is_replicated(account).then_some(&Scope::Account);
    for scope in scopes.iter().filter(|(of, _)| of == account).map(|(_, scope)| scope).chain(had).chain(as_a_whole) {
        takers.extend(attributor.takers(unit, account, scope));
    }
    let takers = Takers { takers: &takers, scopes: &scopes, near: None };
    of_takers(transaction, attributor, &mut Known::default(), unit, takers).await
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

/// Makes all statistics again, of one year only if given. Where there is a thread for it, one unit is divided while the one before is
/// written.
///
/// # Errors
/// The store fails, or some counts cannot be divided.
pub async fn everything(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    year: Option<i32>,
) -> Result<Changed, AttributeError> {
    let mut units = transaction.units().await?;
    units.extend(manual_units(&attributor.registry().manual));
    let units = by_report(units.into_iter().filter(|unit| year.is_none_or(|year| unit.year == year)));
    let runtime = tokio::runtime::Handle::current();
    if runtime.runtime_flavor() != tokio::runtime::RuntimeFlavor::MultiThread {
        let (mut known, mut changed) = (Known::default(), Changed::default());
        for unit in units {
            let read = Undivided::read(transaction, &mut known, unit).await?;
            changed = changed.and(read.divide(attributor)?.write(transaction).await?);
        }
        return Ok(changed);
    }
    let (sender, undivided) = std::sync::mpsc::channel::<Undivided>();
    let (divided, mut receiver) = mpsc::channel::<Result<Divided, AttributeError>>(1);
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for unit in undivided {
                    let result = unit.divide(attributor);
                    if result.is_err() | divided.blocking_send(result).is_err() {
                        break;
                    }
                }
            });
            // The sender is dropped with this, which ends the thread.
            runtime.block_on(async move {
                let (mut known, mut changed, mut ahead) = (Known::default(), Changed::default(), 0_u32);
                for unit in units {
                    let read = Undivided::read(transaction, &mut known, unit).await?;
                    if sender.send(read).is_err() {
                        // The reason is among what has been divided.
                        break;
                    }
                    if ahead < 1 {
                        ahead += 1;
                    } else if let Some(unit) = receiver.recv().await {
                        changed = changed.and(unit?.write(transaction).await?);
                    }
                }
                drop(sender);
                while let Some(unit) = receiver.recv().await {
                    changed = changed.and(unit?.write(transaction).await?);
                }
                Ok(changed)
            })
        })
    })
}

/// A unit's counts, as they were reported.
struct Undivided {
    unit: Unit,
    counts: Vec<Count>,
    known: Arc<MonthsKnown>,
}

/// A unit's statistics, not written yet.
struct Divided {
    unit: Unit,
    statistics: Vec<Statistic>,
}

impl Undivided {
    async fn read(transaction: &mut Transaction<'_>, known: &mut Known, unit: Unit) -> Result<Self, StoreError> {
        let counts = transaction.counts(&unit, None).await?;
        Ok(Self { counts, known: known.of(transaction, &unit).await?, unit })
    }

    fn divide(self, attributor: &mut Attributor<'_>) -> Result<Divided, AttributeError> {
        let Self { unit, counts, known } = self;
        let statistics = attributor.statistics(&unit, &counts, &known, None).map_err(|error| divide_error(&unit, error))?;
        Ok(Divided { unit, statistics })
    }
}

impl Divided {
    async fn write(self, transaction: &mut Transaction<'_>) -> Result<Changed, StoreError> {
        transaction.write_statistics(&self.unit, None, &self.statistics).await
    }
}
