//! The only SQL: what is registered, what was harvested, what follows from it.
//!
//! [`Store`] opens a store for reading (any number of processes) or for writing (one process, by a lock).
//! All writing happens in a [`Transaction`], which is committed whole or not at all and sees its own changes.

mod changes;
mod closing;
mod error;
mod evidence;
mod facts;
mod figures;
mod files;
mod findings;
mod ledger;
mod months;
mod open;
mod registry;
mod revisions;
mod sessions;
mod statistics;
mod terms;

pub use changes::{Cause, ChangeRow};
pub use closing::ClosedYear;
pub use error::StoreError;
pub use evidence::ReportedMonth;
pub use facts::{Fact, FactBatch, FactStream, ItemRow, StoredFact, TakeFact, scope_word};
pub use figures::{StatisticFilter, StatisticReader, StoredStatistic};
pub use files::{LogCount, LogFile, LogState, TakenFile};
pub use findings::MetricSum;
pub use months::{AccountMonth, MonthRow};
pub use open::{Store, Transaction};
pub use registry::RegistryStep;
pub use revisions::Revision;
pub use statistics::Changed;

/// What this store's connections are.
pub(crate) type Connection = sqlx::SqliteConnection;
