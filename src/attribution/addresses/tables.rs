//! A registry's tables of addresses: one for all months between two days on which some claim begins or ends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::AddressTable;
use crate::model::registry::{Claim, Registry};
use crate::model::{AddressRange, Month};

/// The claims that are valid in a month, of institutions that exist in it.
pub(in crate::attribution) fn claims_in(registry: &Registry, month: Month) -> Vec<&Claim> {
    let exist: HashSet<&str> = registry.institutions.iter().filter(|i| i.valid.in_month(month)).map(|i| i.id.as_str()).collect();
    registry.claims.iter().filter(|claim| claim.valid.in_month(month) && exist.contains(claim.institution.as_str())).collect()
}

/// Makes a table when the first month needs it, and hands it out to every month with the same claims.
#[derive(Debug)]
pub struct AddressTables<'a> {
    registry: &'a Registry,
    cuts: Vec<AddressRange>,
    /// The days on which some claim, or an institution with claims, begins or has ended; ascending.
    days: Vec<NaiveDate>,
    /// By the number of days that have passed.
    tables: HashMap<usize, Arc<AddressTable<'a>>>,
}

impl<'a> AddressTables<'a> {
    /// The tables of a registry.
    #[must_use]
    pub fn new(registry: &'a Registry) -> Self {
        Self::with_cuts(registry, Vec::new())
    }

    /// The same, with intervals also cut at the ends of these ranges (see [`AddressTable::with_cuts`]).
    #[must_use]
    pub fn with_cuts(registry: &'a Registry, cuts: Vec<AddressRange>) -> Self {
        let claiming: HashSet<&str> = registry.claims.iter().map(|claim| claim.institution.as_str()).collect();
        let institutions = registry.institutions.iter().filter(|i| claiming.contains(i.id.as_str())).map(|i| i.valid);
        let times = registry.claims.iter().map(|claim| claim.valid).chain(institutions);
        let mut days: Vec<NaiveDate> = times.flat_map(|valid| [valid.from, valid.to]).flatten().collect();
        days.sort_unstable();
        days.dedup();
        Self { registry, cuts, days, tables: HashMap::new() }
    }

    /// The table of a month.
    pub fn of_month(&mut self, month: Month) -> Arc<AddressTable<'a>> {
        let passed = self.days.partition_point(|day| *day <= month.first_day());
        let table = || Arc::new(AddressTable::with_cuts(claims_in(self.registry, month), &self.cuts));
        self.tables.entry(passed).or_insert_with(table).clone()
    }
}
