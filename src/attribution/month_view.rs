//! The registry as it is in one month: who exists, who claims what, who subscribes to what.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::addresses::{AddressTable, claims_in};
use super::members::MemberList;
use crate::model::registry::{Account, Institution, Registry};
use crate::model::{AccountId, InstitutionId, Month, ProductId, SourceId};

/// One month of a registry. Validity is by whole month: what is valid on its first day.
#[derive(Debug)]
pub struct MonthView<'a> {
    /// The month.
    pub month: Month,
    institutions: HashMap<&'a str, &'a Institution>,
    by_isil: HashMap<&'a str, &'a Institution>,
    subscribers: HashMap<&'a str, BTreeSet<&'a InstitutionId>>,
    accounts: HashMap<&'a str, &'a Account>,
    by_customer: HashMap<(&'a str, &'a str), &'a Account>,
    addresses: Arc<AddressTable<'a>>,
    members: Arc<MemberList>,
    restricted: HashSet<&'a str>,
}

impl<'a> MonthView<'a> {
    /// The view of `month`.
    #[must_use]
    pub fn new(registry: &'a Registry, month: Month) -> Self {
        let addresses = Arc::new(AddressTable::new(claims_in(registry, month)));
        Self::with(registry, month, addresses, Arc::new(MemberList::new(&registry.members)))
    }

    /// The view of `month` with a table of its addresses that other months may have too
    /// ([`AddressTables::of_month`](super::addresses::AddressTables::of_month)), and with lists of members that all months have.
    #[must_use]
    pub fn with(registry: &'a Registry, month: Month, addresses: Arc<AddressTable<'a>>, members: Arc<MemberList>) -> Self {
        let institutions: HashMap<&str, &Institution> =
            registry.institutions.iter().filter(|i| i.valid.in_month(month)).map(|i| (i.id.as_str(), i)).collect();
        let exists = |id: &InstitutionId| institutions.contains_key(id.as_str());
        let mut subscribers: HashMap<&str, BTreeSet<&InstitutionId>> = HashMap::new();
        for row in registry.subscriptions.iter().filter(|s| s.valid.in_month(month) && exists(&s.institution)) {
            subscribers.entry(row.product.as_str()).or_default().insert(&row.institution);
        }
        let accounts: Vec<&Account> = registry.accounts.iter().filter(|a| a.valid.in_month(month)).collect();
        Self {
            month,
            // Of two with one ISIL, which no import takes, the first by id is meant, whatever the order of the files.
            by_isil: registry
                .institutions
                .iter()
                .rev()
                .filter(|i| !i.isil.is_empty() && i.valid.in_month(month))
                .map(|i| (i.isil.as_str(), i))
                .collect(),
            subscribers,
            // Of two accounts with one customer id the first by id is meant, whatever the order of the files.
            by_customer: accounts.iter().rev().map(|a| ((a.source.as_str(), a.customer_id.as_str()), *a)).collect(),
            accounts: accounts.iter().map(|a| (a.id.as_str(), *a)).collect(),
            addresses,
            members,
            restricted: registry.subscriptions.iter().map(|s| s.product.as_str()).collect(),
            institutions,
        }
    }

    /// The institution, if it exists in the month.
    #[must_use]
    pub fn institution(&self, id: &str) -> Option<&'a Institution> {
        self.institutions.get(id).copied()
    }

    /// The institution with this ISIL, with or without the prefix `ISIL:`.
    #[must_use]
    pub fn institution_by_isil(&self, isil: &str) -> Option<&'a Institution> {
        self.by_isil.get(isil.strip_prefix("ISIL:").unwrap_or(isil)).copied()
    }

    /// Every institution of the month, in the order of ids.
    #[must_use]
    pub fn institutions(&self) -> BTreeSet<&'a InstitutionId> {
        self.institutions.values().map(|i| &i.id).collect()
    }

    /// The account, if it is valid in the month.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<&'a Account> {
        self.accounts.get(id.as_str()).copied()
    }

    /// All accounts of the month.
    pub fn accounts(&self) -> impl Iterator<Item = &'a Account> {
        self.accounts.values().copied()
    }

    /// The account of a source with this customer id.
    #[must_use]
    pub fn account_of_customer(&self, source: &SourceId, customer_id: &str) -> Option<&'a Account> {
        self.by_customer.get(&(source.as_str(), customer_id)).copied()
    }

    /// Who subscribes to the product in the month.
    #[must_use]
    pub fn subscribers(&self, product: &ProductId) -> Option<&BTreeSet<&'a InstitutionId>> {
        self.subscribers.get(product.as_str())
    }

    /// Whether somebody has subscribed to the product at any time: without a single row it is open to everyone.
    #[must_use]
    pub fn is_restricted(&self, product: &ProductId) -> bool {
        self.restricted.contains(product.as_str())
    }

    /// The members of consortia, as listed.
    #[must_use]
    pub fn members(&self) -> &MemberList {
        &self.members
    }

    /// Who claims which addresses.
    #[must_use]
    pub fn addresses(&self) -> &AddressTable<'a> {
        &self.addresses
    }
}
