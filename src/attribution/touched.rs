//! What a change of the registry touches: scopes that are divided otherwise after it in some month, and whose figures that moves.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::attributor::Attributor;
use super::division::Division;
use crate::model::registry::{ManualFigure, Registry};
use crate::model::{AccountId, InstitutionId, KeyId, KeyRow, KeyState, Month, ProductId, Scope, Unit};

/// Whose figures of a unit a change may move; nobody stands for what is unresolved.
///
/// `scopes` are the accounts and scopes that have usage in the unit; `keys` is what changed, if it was nothing but keys.
pub fn touched(
    before: &mut Attributor<'_>,
    after: &mut Attributor<'_>,
    unit: &Unit,
    scopes: &[(AccountId, Scope)],
    keys: Option<&ChangedKeys<'_>>,
) -> BTreeSet<Option<InstitutionId>> {
    let mut takers = BTreeSet::new();
    for (account, scope) in scopes {
        if keys.is_none_or(|keys| keys.may_divide(after, unit, account, scope)) && is_touched(before, after, unit, account, scope) {
            takers.extend(before.takers(unit, account, scope));
            takers.extend(after.takers(unit, account, scope));
        }
    }
    let (old, new): (Vec<&ManualFigure>, Vec<&ManualFigure>) = (before.manual_of(unit).collect(), after.manual_of(unit).collect());
    let (old_set, new_set): (BTreeSet<_>, BTreeSet<_>) = (old.iter().map(|f| plain(f)).collect(), new.iter().map(|f| plain(f)).collect());
    takers.extend(old_set.symmetric_difference(&new_set).map(|(institution, ..)| Some((*institution).clone())));
    takers
}

/// Keys as they are before and after a change of nothing else.
#[derive(Debug)]
pub struct ChangedKeys<'r> {
    /// The rows that are agreed, by key and institution.
    before: Vec<&'r KeyRow>,
    after: Vec<&'r KeyRow>,
}

impl<'r> ChangedKeys<'r> {
    /// Those with these ids.
    #[must_use]
    pub fn new(before: &'r Registry, after: &'r Registry, ids: &BTreeSet<KeyId>) -> Self {
        let agreed = |registry: &'r Registry| {
            let agreed = registry.keys.iter().filter(|row| row.state == KeyState::Agreed && ids.contains(&row.key));
            agreed.collect::<Vec<&KeyRow>>()
        };
        Self { before: agreed(before), after: agreed(after) }
    }

    /// Whether one of them could divide the use of a scope otherwise than before in some month of the unit: it is another in that month,
    /// and all who may have used it are in it.
    fn may_divide(&self, attributor: &mut Attributor<'_>, unit: &Unit, account: &AccountId, scope: &Scope) -> bool {
        let january = unit.year * 12;
        (january..january + 12).filter_map(Month::from_index).any(|month| {
            let in_force = |rows: &[&'r KeyRow]| -> Vec<&'r KeyRow> {
                let of_product = |row: &KeyRow| row.product.as_ref().is_none_or(|product| *product == unit.product);
                rows.iter().copied().filter(|row| row.valid.in_month(month) && of_product(row)).collect()
            };
            let (before, after) = (in_force(&self.before), in_force(&self.after));
            // When a key ends, and who signed it, divides nothing.
            if before.iter().map(|row| decides(row)).eq(after.iter().map(|row| decides(row))) {
                return false;
            }
            let versions = before.chunk_by(|a, b| a.key == b.key).chain(after.chunk_by(|a, b| a.key == b.key));
            let sets: Vec<HashSet<&InstitutionId>> = versions.map(|rows| rows.iter().map(|row| &row.institution).collect()).collect();
            let claimants = attributor.claimants(account, scope, &unit.product, month).all;
            claimants.len() > 1 && sets.iter().any(|set| claimants.keys().all(|id| set.contains(id)))
        })
    }
}

/// What of a key's row decides about a month in which it is in force.
fn decides(row: &KeyRow) -> impl PartialEq {
    (&row.key, &row.applies_to, row.method, &row.institution, row.weight, row.valid.from)
}

/// A figure by hand as its parts that figures rest on.
fn plain(figure: &ManualFigure) -> (&InstitutionId, Month, &str, u64, &[AccountId]) {
    (&figure.institution, figure.month, &figure.metric, figure.value, &figure.instead_of)
}

fn is_touched(before: &mut Attributor<'_>, after: &mut Attributor<'_>, unit: &Unit, account: &AccountId, scope: &Scope) -> bool {
    let (old, new) =
        (before.scope_year(account, scope, &unit.product, unit.year), after.scope_year(account, scope, &unit.product, unit.year));
    let january = unit.year * 12;
    (0..12_usize).any(|place| {
        let Some(month) = Month::from_index(january + i32::try_from(place).unwrap_or(0)) else { return false };
        let (Some((accounts, division)), Some((new_accounts, new_division))) = (old.in_month(place), new.in_month(place)) else {
            return false;
        };
        let displaced =
            |of: &Attributor<'_>, accounts: &[AccountId], division: &Division| of.is_displaced(accounts, division, &unit.product, month);
        accounts != new_accounts
            || !same_figures(division, new_division)
            || displaced(before, accounts, division) != displaced(after, new_accounts, new_division)
    })
}

/// Whether two divisions give the same figures: reasons and whom they leave out may differ.
fn same_figures(one: &Arc<Division>, other: &Arc<Division>) -> bool {
    one.same_run(other) && one.quality == other.quality && one.key_word() == other.key_word() && one.marks == other.marks
}

/// The units that figures by hand stand in.
pub fn manual_units<'r>(figures: impl IntoIterator<Item = &'r ManualFigure>) -> BTreeSet<Unit> {
    let unit = |figure: &ManualFigure| Unit {
        product: ProductId::clone(&figure.product),
        report: figure.report.clone(),
        year: figure.month.year(),
    };
    figures.into_iter().map(unit).collect()
}
