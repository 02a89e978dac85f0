//! A `[[source]]`: a vendor's platform that usage comes from.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::Pattern;
pub use super::source_files::{FileSettings, FolderSettings, InstitutionBy, LogProduct, LogSettings};
use crate::model::manifest::{Mapping, Requests};
use crate::model::registry::{Access, SharedTraffic};
use crate::model::{Dialect, ProductId, Release, ReportId, SourceId};

/// One source, checked. How it is spoken to, what is asked of it, and which products its usage belongs to.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Its id; no other source has it.
    pub id: SourceId,
    /// Who runs it, in free words; empty if not told.
    pub vendor: String,
    /// What it speaks.
    pub kind: SourceKind,
    /// The release of the Code of Practice that it speaks; `counter_api` only.
    pub release: ReleaseChoice,
    /// The base address, used as it is given; empty only for kinds other than `counter_api`.
    pub url: String,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// Asked for the months that `release` does not have.
    pub fallback: Option<Fallback>,
    /// The reports that are harvested, each once.
    pub reports: Vec<ReportId>,
    /// The product of whatever no rule is about.
    pub product: ProductId,
    /// Several products behind one source; the first rule that matches decides.
    pub product_rules: Vec<ProductRule>,
    /// How users get in, where an account does not say it.
    pub access: Access,
    /// How it books traffic that several of its accounts share.
    pub shared_traffic: SharedTraffic,
    /// Instead of `harvest.pause`.
    pub pause: Option<Duration>,
    /// Instead of `harvest.timeout`.
    pub timeout: Option<Duration>,
    /// Instead of `schedule.cron`; five fields, separated by one space.
    pub cron: Option<String>,
    /// How many requests its host gets at once; 1 to 100.
    pub requests_at_once: usize,
    /// What we call ourselves there, for vendors that refuse clients they do not know.
    pub user_agent: Option<String>,
    /// `sushi_soap` only: what goes into requests beside credentials.
    pub soap: SoapSettings,
    /// Months are asked for as whole dates, `YYYY-MM-DD`; else as `YYYY-MM`.
    pub whole_dates: bool,
    /// What the vendor wants otherwise than the specification has it.
    pub dialect: Dialect,
    /// How it is asked, if it does not speak COUNTER; `manifest` only.
    pub requests: Option<Arc<Requests>>,
    /// How what it gives is read, if that is not COUNTER; `manifest`, and `folder` if it takes such files.
    pub mapping: Option<Arc<Mapping>>,
    /// Where its files are; `folder` and `access_log` only.
    pub files: Option<FileSettings>,
}

/// What stands in a SOAP request beside the account's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoapSettings {
    /// `SOAPAction` (SOAP 1.1 section 6.1.1), without quotes.
    pub action: String,
    /// `Name` of the requestor; empty if not told.
    pub requestor_name: String,
    /// `Email` of the requestor; empty if not told.
    pub requestor_email: String,
}

impl Default for SoapSettings {
    /// What most servers expect.
    fn default() -> Self {
        Self { action: "SushiService:GetReportIn".into(), requestor_name: String::new(), requestor_email: String::new() }
    }
}

/// What a source speaks (HARVEST section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// COUNTER API, Release 5 and 5.1.
    CounterApi,
    /// Release 4 SUSHI over SOAP.
    SushiSoap,
    /// An interface of the vendor's own, described in TOML.
    Manifest,
    /// Files that people put in a folder.
    Folder,
    /// Events of the shared access control, or a proxy's log.
    AccessLog,
}

impl SourceKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::CounterApi, Self::SushiSoap, Self::Manifest, Self::Folder, Self::AccessLog];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CounterApi => "counter_api",
            Self::SushiSoap => "sushi_soap",
            Self::Manifest => "manifest",
            Self::Folder => "folder",
            Self::AccessLog => "access_log",
        }
    }
}

impl FromStr for SourceKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Which release is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReleaseChoice {
    /// This one.
    Release(Release),
    /// Whichever the vendor's list of reports names.
    Auto,
}

/// A second address of the same vendor in another release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// The release spoken there.
    pub release: Release,
    /// The base address.
    pub url: String,
}

/// Says which usage belongs to a product: what all of its patterns match. A pattern that is not given matches anything.
/// Its `Debug` text tells rules apart, so it must say all that decides and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRule {
    /// The product.
    pub product: ProductId,
    /// The platform's name.
    pub platform: Option<Pattern>,
    /// The database's name.
    pub database: Option<Pattern>,
    /// The title's name.
    pub title: Option<Pattern>,
    /// `Data_Type`.
    pub data_type: Option<Pattern>,
}

impl ProductRule {
    /// Whether it is about this usage.
    #[must_use]
    pub fn matches(&self, platform: &str, database: &str, title: &str, data_type: &str) -> bool {
        let fits = |pattern: &Option<Pattern>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(text));
        fits(&self.platform, platform) && fits(&self.data_type, data_type) && fits(&self.database, database) && fits(&self.title, title)
    }
}

impl SourceSettings {
    /// The product that usage of these attributes belongs to.
    #[must_use]
    pub fn product_of(&self, platform: &str, database: &str, title: &str, data_type: &str) -> &ProductId {
        let rule = self.product_rules.iter().find(|rule| rule.matches(platform, database, title, data_type));
        rule.map_or(&self.product, |rule| &rule.product)
    }

    /// Every product that its usage can belong to, each once, its own first.
    #[must_use]
    pub fn products(&self) -> Vec<&ProductId> {
        let mut products = vec![&self.product];
        for rule in &self.product_rules {
            if !products.contains(&&rule.product) {
                products.push(&rule.product);
            }
        }
        products
    }
}
