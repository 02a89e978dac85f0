//! Agreed keys: which of them divides a scope's use in a month (ATTRIBUTION section 3).
//!
//! A [`KeyBook`] holds the keys that are in force in one month; [`KeyBook::fitting`] gives those that fit, the best first.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike as _, NaiveDate};

use crate::model::registry::Registry;
use crate::model::{AccountId, AddressRange, AppliesTo, InstitutionId, KeyId, KeyMethod, KeyState, Month, ProductId, Weight};

/// A key that is agreed.
#[derive(Debug)]
pub struct AgreedKey<'a> {
    /// Its id.
    pub id: &'a KeyId,
    /// What use it is for.
    pub applies_to: &'a AppliesTo,
    /// Only for this product, if given.
    pub product: Option<&'a ProductId>,
    /// How its weights come about.
    pub method: KeyMethod,
    /// The first day on which it divides; nothing: always did.
    pub from: Option<NaiveDate>,
    /// Its institutions, with their weights where the method has them.
    pub institutions: BTreeMap<&'a InstitutionId, Option<Weight>>,
}

/// The agreed keys of one month.
#[derive(Debug, Default)]
pub struct KeyBook<'a> {
    keys: Vec<AgreedKey<'a>>,
    /// Places in `keys` of those that an institution is in.
    by_institution: HashMap<&'a str, Vec<u32>>,
}

/// What is to be divided.
pub struct Wanted<'w> {
    /// The accounts that are the scope.
    pub accounts: &'w [AccountId],
    /// The product.
    pub product: &'w ProductId,
    /// The scope's addresses; none where it has none.
    pub addresses: &'w mut dyn FnMut() -> Vec<AddressRange>,
}

/// The keys of a month for something that is to be divided.
#[derive(Debug, Default)]
pub struct Fitting<'b, 'a> {
    /// Those that include all claimants, the best first.
    pub keys: Vec<&'b AgreedKey<'a>>,
    /// Those that would fit if they did not leave these out: a finding.
    pub left_out: Vec<(KeyId, Vec<InstitutionId>)>,
}

impl<'a> KeyBook<'a> {
    /// The keys that are agreed and valid in `month`.
    #[must_use]
    pub fn new(registry: &'a Registry, month: Month) -> Self {
        let agreed = registry.keys.iter().filter(|row| row.state == KeyState::Agreed && row.valid.in_month(month));
        let mut keys: Vec<AgreedKey<'a>> = Vec::new();
        for row in agreed {
            // Rows are in the order of keys.
            match keys.last_mut() {
                Some(key) if *key.id == row.key => {
                    key.institutions.insert(&row.institution, row.weight);
                }
                _ => keys.push(AgreedKey {
                    id: &row.key,
                    applies_to: &row.applies_to,
                    product: row.product.as_ref(),
                    method: row.method,
                    from: row.valid.from,
                    institutions: BTreeMap::from([(&row.institution, row.weight)]),
                }),
            }
        }
        let mut by_institution: HashMap<&str, Vec<u32>> = HashMap::new();
        for (place, key) in (0_u32..).zip(&keys) {
            for institution in key.institutions.keys() {
                by_institution.entry(institution.as_str()).or_default().push(place);
            }
        }
        Self { keys, by_institution }
    }

    /// The keys for the use of these claimants, who are in the order of ids.
    pub fn fitting(&self, claimants: &[&InstitutionId], wanted: &mut Wanted<'_>) -> Fitting<'_, 'a> {
        let mut fitting = Fitting::default();
        if self.keys.is_empty() {
            return fitting;
        }
        let mut places: Vec<u32> = claimants.iter().filter_map(|id| self.by_institution.get(id.as_str())).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let mut addresses: Option<Vec<AddressRange>> = None;
        for place in places {
            let Some(key) = self.keys.get(place as usize) else { continue };
            if key.product.is_some_and(|product| product != wanted.product) {
                continue;
            }
            let applies = match key.applies_to {
                AppliesTo::Anything => true,
                AppliesTo::Account(account) => wanted.accounts.contains(account),
                AppliesTo::Range(range) => {
                    let addresses = addresses.get_or_insert_with(|| (wanted.addresses)());
                    !addresses.is_empty() && addresses.iter().all(|address| range.covers(*address))
                }
            };
            if !applies {
                continue;
            }
            // What a key leaves out is worth a word only where its institutions share addresses. Looked at is the key's list, which is
            // short, and not that of the claimants, who may be everybody.
            let anything = *key.applies_to == AppliesTo::Anything;
            let inside = key.institutions.keys().filter(|id| claimants.binary_search(id).is_ok()).count();
            if inside == claimants.len() {
                fitting.keys.push(key);
                continue;
            }
            // A key in general that has only one of them in it is about something else that this one shares, and what is not
            // shared by address is nothing that its institutions agreed on.
            if !anything || (inside > 1 && !addresses.get_or_insert_with(|| (wanted.addresses)()).is_empty()) {
                let missing = claimants.iter().filter(|id| !key.institutions.contains_key(*id)).map(|id| (*id).clone()).collect();
                fitting.left_out.push((key.id.clone(), missing));
            }
        }
        let order = |key: &AgreedKey<'_>| {
            let anything = *key.applies_to == AppliesTo::Anything;
            (anything, key.product.is_none(), std::cmp::Reverse(key.from), key.id.clone())
        };
        fitting.keys.sort_by_cached_key(|key| order(key));
        fitting
    }
}

/// Sessions at the access control, for keys that measure.
#[derive(Debug, Default)]
pub struct Sessions<'a>(HashMap<(&'a str, &'a str), BTreeMap<Month, u64>>);

impl<'a> Sessions<'a> {
    /// All that were counted.
    #[must_use]
    pub fn new(registry: &'a Registry) -> Self {
        let mut sessions: HashMap<(&str, &str), BTreeMap<Month, u64>> = HashMap::new();
        for row in &registry.sessions {
            *sessions.entry((row.product.as_str(), row.institution.as_str())).or_default().entry(row.month).or_default() += row.sessions;
        }
        Self(sessions)
    }

    /// An institution's sessions with a product in the twelve months up to and with `last`.
    #[must_use]
    pub fn year_to(&self, product: &ProductId, institution: &InstitutionId, last: Month) -> u64 {
        let months = self.0.get(&(product.as_str(), institution.as_str()));
        months.map_or(0, |months| months.range(last.plus(-11)..=last).fold(0_u64, |sum, (_, n)| sum.saturating_add(*n)))
    }
}

/// The last of the twelve full months that are measured for a key's use in `month`: those before the later of the key's first day
/// and 1 January of the month's year.
#[must_use]
pub fn measured_until(from: Option<NaiveDate>, month: Month) -> Month {
    let january = month.january();
    // A month that the key begins in the middle of is not full.
    let begins = from.map_or(january, |day| Month::of(day).max(january));
    debug_assert!(from.is_none_or(|day| day.year() <= month.year()));
    begins.previous()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::KeyRow;
    use crate::model::registry::Validity;

    fn row(key: &str, applies_to: AppliesTo, product: &str, institution: &str, from: &str) -> KeyRow {
        KeyRow {
            key: KeyId::trusted(key),
            applies_to,
            product: (!product.is_empty()).then(|| ProductId::trusted(product)),
            method: KeyMethod::Equal,
            institution: InstitutionId::trusted(institution),
            weight: None,
            valid: Validity { from: from.parse().ok(), to: None },
            state: KeyState::Agreed,
            agreed_by: String::new(),
        }
    }

    fn range(text: &str) -> AddressRange {
        let (first, last) = text.split_once('-').unwrap();
        AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    }

    fn both(key: &str, applies_to: &AppliesTo, product: &str, from: &str) -> [KeyRow; 2] {
        ["a", "b"].map(|id| row(key, applies_to.clone(), product, id, from))
    }

    fn chosen(rows: impl IntoIterator<Item = [KeyRow; 2]>, addresses: &[&str]) -> Vec<String> {
        let mut keys: Vec<KeyRow> = rows.into_iter().flatten().collect();
        keys.sort_by(|a, b| (&a.key, &a.institution).cmp(&(&b.key, &b.institution)));
        let registry = Registry { keys, ..Registry::default() };
        let book = KeyBook::new(&registry, "2024-03".parse().unwrap());
        let (a, b) = (InstitutionId::trusted("a"), InstitutionId::trusted("b"));
        let accounts = [AccountId::trusted("acc")];
        let mut of_scope = || addresses.iter().map(|text| range(text)).collect();
        let mut wanted = Wanted { accounts: &accounts, product: &ProductId::trusted("p"), addresses: &mut of_scope };
        book.fitting(&[&a, &b], &mut wanted).keys.iter().map(|key| key.id.to_string()).collect()
    }

    #[test]
    fn what_is_nearer_to_the_use_goes_first_then_what_is_newer_then_the_lower_id() {
        let account = AppliesTo::Account(AccountId::trusted("acc"));
        let around = AppliesTo::Range(range("192.0.2.0-192.0.2.255"));
        let order = chosen(
            [
                both("general", &AppliesTo::Anything, "", "2024-01-01"),
                both("old", &AppliesTo::Anything, "p", "2020-01-01"),
                both("new-b", &AppliesTo::Anything, "p", "2023-01-01"),
                both("new-a", &AppliesTo::Anything, "p", "2023-01-01"),
                both("range", &around, "", "2020-01-01"),
                both("account", &account, "p", "2020-01-01"),
                both("range-p", &around, "p", "2021-01-01"),
                both("other-product", &AppliesTo::Anything, "q", "2020-01-01"),
                both("other-account", &AppliesTo::Account(AccountId::trusted("x")), "", "2020-01-01"),
                both("later", &account, "p", "2024-03-02"),
            ],
            &["192.0.2.0-192.0.2.63", "192.0.2.128-192.0.2.191"],
        );
        assert_eq!(order, ["range-p", "account", "range", "new-a", "new-b", "old", "general"]);
    }

    #[test]
    fn a_range_must_contain_every_address_of_the_scope_and_a_scope_without_addresses_is_in_none() {
        let narrow = AppliesTo::Range(range("192.0.2.0-192.0.2.127"));
        let rows = || [both("range", &narrow, "", "2020-01-01")];
        assert_eq!(chosen(rows(), &["192.0.2.5-192.0.2.9"]), ["range"]);
        assert!(chosen(rows(), &["192.0.2.5-192.0.2.9", "192.0.2.128-192.0.2.128"]).is_empty());
        assert!(chosen(rows(), &[]).is_empty());
    }

    #[test]
    fn a_key_that_leaves_a_claimant_out_does_not_fit_and_is_told() {
        let mut keys = both("ab", &AppliesTo::Anything, "", "2020-01-01").to_vec();
        keys.push(row("ax", AppliesTo::Anything, "", "a", "2020-01-01"));
        let registry = Registry { keys, ..Registry::default() };
        let book = KeyBook::new(&registry, "2024-03".parse().unwrap());
        let ids = ["a", "b", "c"].map(InstitutionId::trusted);
        let claimants: Vec<&InstitutionId> = ids.iter().collect();
        let mut shared = || vec![range("192.0.2.0-192.0.2.9")];
        let fitting = book.fitting(&claimants, &mut Wanted { accounts: &[], product: &ProductId::trusted("p"), addresses: &mut shared });
        assert!(fitting.keys.is_empty());
        assert_eq!(fitting.left_out, [(KeyId::trusted("ab"), vec![InstitutionId::trusted("c")])]);
    }

    #[test]
    fn the_twelve_full_months_before_the_key_or_the_year() {
        let until =
            |from: Option<&str>, month: &str| measured_until(from.map(|day| day.parse().unwrap()), month.parse().unwrap()).to_string();
        assert_eq!(until(Some("2024-03-01"), "2024-06"), "2024-02");
        assert_eq!(until(Some("2024-03-15"), "2024-06"), "2024-02");
        assert_eq!(until(Some("2022-03-01"), "2024-06"), "2023-12");
        assert_eq!(until(None, "2024-06"), "2023-12");
    }
}
