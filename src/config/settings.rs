//! The settings as the rest of the program uses them: checked, complete, paths absolute.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;

use super::SourceSettings;
use crate::model::Month;
use crate::secrets::KeyLocation;

/// Everything that is configured. No secret is in it, so it may be shown.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The configuration file; nothing if there is none, and everything is by default or from the environment.
    pub file: Option<PathBuf>,
    /// What is not wrong, but probably not meant. One sentence each, with its place.
    pub warnings: Vec<String>,
    /// `[data]`.
    pub data: DataSettings,
    /// `[store]`.
    pub store: StoreSettings,
    /// `[archive]`.
    pub archive: ArchiveSettings,
    /// `[schedule]`.
    pub schedule: ScheduleSettings,
    /// `[harvest]`.
    pub harvest: HarvestSettings,
    /// `[attribution]`.
    pub attribution: AttributionSettings,
    /// `[http]`.
    pub http: HttpSettings,
    /// `[secrets]`.
    pub secrets: SecretSettings,
    /// Every `[[source]]`, in the order of the files.
    pub sources: Vec<SourceSettings>,
}

/// Where everything is that has no place of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSettings {
    /// The folder. It need not exist yet.
    pub dir: PathBuf,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// `sqlite://` and an absolute path as it is, not percent-encoded; or `postgres://user@host/db`. Never a password.
    pub url: String,
}

/// Where raw replies are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// `file:///path` (percent-encoded, as URLs are), or `s3://bucket/prefix`. Never a password.
    pub url: String,
}

/// When is harvested, and which months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSettings {
    /// Where the libraries are.
    pub time_zone: Tz,
    /// Five fields, separated by one space: minute, hour, day of month, month, day of week.
    pub cron: String,
    /// The first month of all.
    pub backfill_from: Month,
    /// How many of the newest harvested months are fetched again once in each calendar month; 0 to 120.
    pub restate_months: u32,
}

/// How is harvested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HarvestSettings {
    /// How many hosts are asked side by side; 1 to 1000.
    pub sources_in_parallel: usize,
    /// Between the end of a request and the next one to the same host.
    pub pause: Duration,
    /// The longest silence of a vendor.
    pub timeout: Duration,
    /// The largest reply, after decompression, in bytes.
    pub max_report_size: u64,
}

/// How is attributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributionSettings {
    /// Use is divided among those only who subscribe to the product.
    pub subscribers_only: bool,
}

/// The web server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: SocketAddr,
}

/// What seals stored secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSettings {
    /// Where the key is; a file's path is absolute.
    pub key: KeyLocation,
}
