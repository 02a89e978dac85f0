//! Where the files of a source are, and what is in them: [`FolderSettings`] for reports that people bring, [`LogSettings`] for the logs of
//! an access control or a proxy.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::Pattern;
use crate::formats::access_log::{Layout, Names};
use crate::model::{InstitutionId, ProductId};

/// The files of a source.
#[derive(Debug, Clone)]
pub enum FileSettings {
    /// Reports that people put in a folder.
    Folder(FolderSettings),
    /// Logs of events.
    Log(Box<LogSettings>),
}

/// A folder of reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSettings {
    /// The folder, absolute.
    pub path: PathBuf,
    /// How long a file is watched: if it has not grown by then, it is taken.
    pub settle: Duration,
}

/// Logs of events.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// A folder, or a path with `*` in it, absolute.
    pub path: PathBuf,
    /// What a line is.
    pub layout: Layout,
    /// Which field of a line is what, where that is not so by itself.
    pub names: Names,
    /// How it is known whose an event is.
    pub institution_by: InstitutionBy,
    /// Institutions by what stands in the field, or by realm, in lower case.
    pub institutions: BTreeMap<String, InstitutionId>,
    /// Products by address; the first that matches decides. If there are none, the field `product` decides, else all is of the source's.
    pub products: Vec<LogProduct>,
    /// So many days in a row may be without any event in a month that is wholly covered.
    pub quiet_days: u32,
}

/// How it is known whose an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstitutionBy {
    /// A field names the institution.
    Field,
    /// The user's name ends in a realm: `user@realm`.
    Realm,
    /// Who claims the address.
    Address,
}

impl InstitutionBy {
    /// Every way, with its word in files.
    pub const ALL: [(&'static str, Self); 3] = [("field", Self::Field), ("realm", Self::Realm), ("address", Self::Address)];
}

/// A product, and the addresses on the web that are its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProduct {
    /// The product.
    pub product: ProductId,
    /// At least one: a host, or a host and a path, in lower case.
    pub urls: Vec<Pattern>,
}

impl LogProduct {
    /// Whether an address is the product's: `host`, and `path` from the slash on; both in lower case.
    #[must_use]
    pub fn has(&self, host: &str, path: &str) -> bool {
        self.urls.iter().any(|pattern| match pattern.as_str().split_once('/') {
            None => !host.is_empty() && pattern.matches(host),
            Some(("", _)) => pattern.matches(path),
            Some(_) => !host.is_empty() && pattern.matches(&format!("{host}{path}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_products_by_host_by_path_or_by_both() {
        let has = |url: &str, host: &str, path: &str| {
            LogProduct { product: ProductId::trusted("p"), urls: vec![Pattern::new(url)] }.has(host, path)
        };
        assert!(has("*.idunn.no", "www.idunn.no", "/doi/1"));
        assert!(!has("*.idunn.no", "idunn.no", "/"));
        assert!(has("idunn.no", "idunn.no", "/"));
        assert!(!has("*", "", "/"), "without a host nothing is of any host");
        assert!(has("/avis/*", "", "/avis/1") && has("/avis/*", "proxy.no", "/avis/1"));
        assert!(has("*.no/avis/*", "a.no", "/avis/1") && !has("*.no/avis/*", "a.no", "/bok/1"));
        assert!(!has("*.no/avis/*", "", "/avis/1"));
    }
}
