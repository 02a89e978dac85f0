//! Asks vendors, and gives what they said: the only place that sends HTTP to vendors.
//!
//! [`HttpClients`] sends requests and follows no redirect to anybody else; [`fetch_report`] asks for a report of
//! the COUNTER API and streams the reply, decompressed and with our secrets taken out, into the archive;
//! [`status`], [`reports`] and [`members`] ask the rest of that API; [`fetch_soap_report`] asks servers of Release 4 in SOAP, and [`manifest`]
//! vendors that have an interface of their own. What a reply means is decided elsewhere.

mod answer;
pub mod counter_api;
mod counter_info;
pub mod discover;
mod error;
pub mod http;
mod keep;
pub mod manifest;
mod redact;
pub mod registry_file;
mod retry_after;
mod speak;
pub mod sushi_soap;

#[cfg(test)]
mod tests;

pub use counter_api::{Credentials, ReportRequest, fetch_report};
pub use counter_info::{AvailableReport, InfoReply, InfoRequest, MemberAccount, ServiceStatus, members, reports, status};
pub use error::FetchError;
pub use http::HttpClients;
pub use keep::RawReply;
pub use redact::{RedactedStream, Redactor};
pub use retry_after::RetryAfter;
pub use sushi_soap::{Soap, fetch_soap_report};

/// The host of a source's address, with its scheme and port: what is asked one thing at a time. An address that is none stands for itself.
#[must_use]
pub fn host_of(url: &str) -> String {
    counter_api::base_url(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}
