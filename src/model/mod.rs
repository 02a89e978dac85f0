//! Words of the domain as types: months, ids, usage records, registry rows, statistics. No I/O.
//!
//! Everything else speaks in these: [`Month`] is the unit of time, the ids in [`ids`] name things,
//! [`UsageRecord`] is one count as a vendor reported it, the structs in [`registry`] are the rows of
//! the files that people import, [`notation`] reads what people write for addresses, [`manifest`] is how a
//! vendor's own interface is described, and [`Statistic`] is what a library gets.

pub mod address;
pub mod count;
pub mod dialect;
pub mod finding;
pub mod ids;
pub mod key;
pub mod manifest;
pub mod month;
pub mod notation;
pub mod outcome;
pub mod registry;
pub mod release4;
pub mod report;
pub mod statistic;
pub mod usage;
pub mod weight;

pub use address::AddressRange;
pub use count::{Count, Group, MonthFacts, MonthsKnown, Unit};
pub use dialect::Dialect;
pub use ids::{AccountId, InstitutionId, KeyId, MunicipalityCode, ProductId, ReportId, SourceId, VendorId};
pub use key::{AppliesTo, KeyMethod, KeyRow, KeyState};
pub use month::{Month, MonthRange};
pub use outcome::{Attempts, MonthOutcome, MonthState, Trouble};
pub use report::{Exception, Release, ReportHeader};
pub use statistic::{Quality, Statistic};
pub use usage::{Addresses, Identifier, Item, Member, Scope, UsageRecord};
pub use weight::{SessionCount, Weight};
