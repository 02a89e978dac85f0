//! A vendor's own interface, described and not programmed: how it is asked, and how its replies are read.
//!
//! [`Requests`] says how: address, [`Auth`], [`Paging`]. [`Mapping`] says where the rows of a reply are and which of their values is
//! what; its [`Field`]s name places in a row as [`place`] has them. Texts that are filled in are [`Template`]s. All of it is checked
//! when it is made, so that whoever uses it meets no surprise. `docs/manifests.md` describes how it is written.

mod dates;
mod mapping;
mod numbers;
pub mod place;
mod request;
mod template;
#[cfg(test)]
mod tests;

pub use dates::{DateFormats, month_number};
pub use mapping::{Counts, Encoding, Field, Format, From, Institution, Keep, Mapping, MetricField, MonthField, RowsAt, Text};
pub use numbers::Numbers;
pub use request::{Auth, Body, End, Json, Method, Packed, Paging, Per, Requests, Secret, SendClient};
pub use template::{Fill, Template};
