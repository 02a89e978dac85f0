//! What configuration says about attribution, as plain values.

use std::collections::BTreeMap;

use crate::model::SourceId;
use crate::model::registry::{Access, Account, SharedTraffic};

/// The rules of a run.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Institutions without a subscription get nothing.
    pub subscribers_only: bool,
    /// What is configured of each source.
    pub sources: BTreeMap<SourceId, SourceRules>,
}

/// The rules of one source.
#[derive(Debug, Clone, Copy)]
pub struct SourceRules {
    /// How its accounts' users get in, where the account does not say.
    pub access: Access,
    /// How it books shared traffic.
    pub shared_traffic: SharedTraffic,
}

impl Rules {
    /// How an account's users get in: as it says, else as its source says, else by address.
    #[must_use]
    pub fn access(&self, account: &Account) -> Access {
        account.access.or_else(|| self.sources.get(&account.source).map(|s| s.access)).unwrap_or(Access::Ip)
    }

    /// How the source books shared traffic.
    #[must_use]
    pub fn shared_traffic(&self, source: &SourceId) -> SharedTraffic {
        self.sources.get(source).map(|s| s.shared_traffic).unwrap_or_default()
    }
}
