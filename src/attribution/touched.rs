//! What a change of the registry touches: scopes that are divided otherwise after it in some month, and whose figures that moves.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::attributor::Attributor;
use super::division::Division;
use crate::model::registry::ManualFigure;
use crate::model::{AccountId, InstitutionId, Month, ProductId, Scope, Unit};

/// Whose figures of a unit a change may move; nobody stands for what is unresolved.
///
/// `scopes` are the accounts and scopes that have usage in the unit.
pub fn touched(
    before: &mut Attributor<'_>,
    after: &mut Attributor<'_>,
    unit: &Unit,
    scopes: &[(AccountId, Scope)],
) -> BTreeSet<Option<InstitutionId>> {
    let mut takers = BTreeSet::new();
    for (account, scope) in scopes {
        if is_touched(before, after, unit, account, scope) {
            takers.extend(before.takers(unit, account, scope));
            takers.extend(after.takers(unit, account, scope));
        }
    }
    let (old, new): (Vec<&ManualFigure>, Vec<&ManualFigure>) = (before.manual_of(unit).collect(), after.manual_of(unit).collect());
    let (old_set, new_set): (BTreeSet<_>, BTreeSet<_>) = (old.iter().map(|f| plain(f)).collect(), new.iter().map(|f| plain(f)).collect());
    takers.extend(old_set.symmetric_difference(&new_set).map(|(institution, ..)| Some((*institution).clone())));
    takers
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
