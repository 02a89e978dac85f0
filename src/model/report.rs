//! What a COUNTER report says about itself, and what a vendor says instead of a report.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Identifier, ReportId};

/// A release of the COUNTER Code of Practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Release {
    /// Release 4.
    #[serde(rename = "4")]
    R4,
    /// Release 5.
    #[serde(rename = "5")]
    R5,
    /// Release 5.1.
    #[serde(rename = "5.1")]
    R51,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::R4 => "4",
            Self::R5 => "5",
            Self::R51 => "5.1",
        })
    }
}

impl FromStr for Release {
    type Err = ();

    /// `4`, `5`, `5.0`, `R5`, `5.1`, `5.1.0`, `R5.1`: vendors write all of these.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim().trim_start_matches(['R', 'r']);
        match text {
            "4" | "4.0" | "4.1" => Ok(Self::R4),
            "5" | "5.0" | "5.0.0" | "5.0.1" | "5.0.2" | "5.0.3" => Ok(Self::R5),
            _ if text == "5.1" || text.starts_with("5.1.") => Ok(Self::R51),
            _ => Err(()),
        }
    }
}

/// `Report_Header`, as far as it was there (Code of Practice R5.1 section 3.2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportHeader {
    /// `Release`, if it is one we know.
    pub release: Option<Release>,
    /// `Report_ID`, in capitals.
    pub report: Option<ReportId>,
    /// `Report_Name`.
    pub report_name: String,
    /// `Created`, as written.
    pub created: String,
    /// `Created_By`.
    pub created_by: String,
    /// `Registry_Record` (R5.1 only): the platform in COUNTER's registry.
    pub registry_record: String,
    /// `Customer_ID` (R5 only).
    pub customer_id: String,
    /// `Institution_Name`.
    pub institution_name: String,
    /// `Institution_ID`.
    pub institution_ids: Vec<Identifier>,
    /// `Begin_Date` of the filters.
    pub begin: Option<NaiveDate>,
    /// `End_Date` of the filters.
    pub end: Option<NaiveDate>,
    /// The other `Report_Filters`, as name and value (several values joined by `|`).
    pub filters: Vec<(String, String)>,
    /// `Report_Attributes`, likewise.
    pub attributes: Vec<(String, String)>,
}

/// An exception of the COUNTER API (R5.1 Appendix D; R5 Appendix F), wherever and however it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// `Code` or `Number`.
    pub code: u32,
    /// `Message`.
    pub message: String,
    /// `Severity`, as written; never decides anything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub severity: String,
    /// `Data`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub data: String,
    /// `Help_URL`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help_url: String,
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.message.is_empty() {
            write!(f, " {}", self.message)?;
        }
        if !self.data.is_empty() {
            write!(f, " ({})", self.data)?;
        }
        Ok(())
    }
}
