//! [`ReplyRecord`]: what was asked, when, and how it was answered; JSON beside the replies.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Month, ReportId, SourceId};

/// One reply that came. Secrets are taken out before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyRecord {
    /// The source that was asked.
    pub source: SourceId,
    /// For which account.
    pub account: AccountId,
    /// For which report.
    pub report: ReportId,
    /// In which release (`5`, `5.1`); empty where there is none.
    #[serde(default)]
    pub release: String,
    /// The first month asked for.
    pub begin: Option<Month>,
    /// The last month asked for, included.
    pub end: Option<Month>,
    /// `GET`.
    pub method: String,
    /// The address that answered in the end, secrets replaced by `***`.
    pub url: String,
    /// What was sent beside the address, secrets replaced.
    pub request_headers: Vec<(String, String)>,
    /// The HTTP status.
    pub status: u16,
    /// What came beside the body, secrets replaced.
    pub headers: Vec<(String, String)>,
    /// When the answer began to come.
    pub fetched_at: DateTime<Utc>,
    /// SHA-256 of what is kept of the body, 64 hexadecimal digits; [`Writer::finish`](super::Writer::finish) fills it in.
    #[serde(default)]
    pub sha256: String,
    /// How many bytes of the body are kept, before compression; [`Writer::finish`](super::Writer::finish) fills it in.
    #[serde(default)]
    pub bytes: u64,
    /// Whether that is all of it. If not, it is the beginning, as evidence, and is never read as a report.
    pub complete: bool,
    /// Why it is not all of it; empty if it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
}

impl ReplyRecord {
    /// The folder below `records/`, and the file name up to the ending, neither of which ids can break out of.
    pub(super) fn place(&self) -> (String, String) {
        let folder = self.fetched_at.format("%Y/%m/%d").to_string();
        let time = self.fetched_at.format("%Y%m%dT%H%M%SZ");
        let start = self.sha256.get(..8).unwrap_or("");
        let name = format!("{time}-{}-{}-{start}", safe(self.account.as_str()), safe(self.report.as_str()));
        (folder, name)
    }
}

/// An id as part of a file name: nothing but ASCII letters, digits, `_`, `.` and `-`, at most 60 of them.
fn safe(id: &str) -> String {
    id.chars().take(60).map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' }).collect()
}
