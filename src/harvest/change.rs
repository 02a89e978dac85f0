//! The registry changed, with everything that follows from it, in one transaction: use of addresses finds its claims anew, and the
//! statistics that this touches are made again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attribute::{Known, Takers, by_report, of_takers};
use super::findings;
use super::intake::look;
use super::places::{ByClaims, Places};
use super::settle::{SettleError, Subject, take_facts};
use crate::archive::{Archive, ArchiveError};
use crate::attribution::nearby::Nearby;
use crate::attribution::touched::{ChangedKeys, manual_units, touched};
use crate::attribution::{Attributor, Rules};
use crate::config::Settings;
use crate::model::registry::{Change, Kind, Registry};
use crate::model::{AccountId, InstitutionId, KeyId, Month, ReportId, Scope, Unit};
use crate::store::{Changed, MonthRow, Transaction};

/// What a change of the registry needs beside the store.
pub struct Ground<'a> {
    /// The rules of attribution.
    pub rules: &'a Rules,
    /// The configuration.
    pub settings: &'a Settings,
    /// The archive, where addresses are that reports named.
    pub archive: &'a Archive,
}

/// Changes rows of the registry, which is `before` as yet. Statistics are made again of scopes that are divided otherwise in some month, and of no others.
///
/// # Errors
/// The store or the archive fails, or some counts cannot be divided; then the transaction is not to be committed.
pub async fn change_registry(
    transaction: &mut Transaction<'_>,
    ground: &Ground<'_>,
    before: &Registry,
    changes: &[(Kind, Vec<Change>)],
) -> Result<Changed, SettleError> {
    for (kind, changes) in changes {
        transaction.change_registry(*kind, changes).await?;
    }
    // Names of vendors, what products are called and where municipalities lie divide nothing.
    if changes.iter().all(|(kind, changes)| matches!(kind, Kind::Vendors | Kind::Products | Kind::Municipalities) || changes.is_empty()) {
        return Ok(Changed::default());
    }
    let kinds: Vec<Kind> = changes.iter().filter(|(_, changes)| !changes.is_empty()).map(|(kind, _)| *kind).collect();
    let after = transaction.registry_after(before, &kinds).await?;
    let scopes_before = transaction.all_scopes().await?;
    let moved = place_again(transaction, ground, before, &after).await?;
    let moved_scopes = if moved.is_empty() { None } else { Some(transaction.all_scopes().await?) };
    let scopes = moved_scopes.as_ref().unwrap_or(&scopes_before);
    let mut units: BTreeSet<Unit> = scopes.keys().chain(scopes_before.keys()).cloned().collect();
    units.extend(manual_units(before.manual.iter().chain(&after.manual)));
    let (mut old, mut new) = (Attributor::new(before, ground.rules), Attributor::new(&after, ground.rules));
    let named = named(changes);
    // Looking near many costs more than looking everywhere.
    let near = named.filter(|named| named.len() <= NEAR).map(|named| {
        let named: BTreeSet<&InstitutionId> = named.iter().collect();
        [before, &after].map(|registry| Nearby::of(registry, ground.rules, &named))
    });
    let ids = |(_, changes): &(Kind, Vec<Change>)| {
        changes.iter().filter_map(|change| change.identity.first()).map(|id| KeyId::trusted(id)).collect::<BTreeSet<_>>()
    };
    let keys = (kinds == [Kind::Keys])
        .then(|| ChangedKeys::new(before, &after, &changes.iter().filter(|(kind, _)| *kind == Kind::Keys).flat_map(ids).collect()));
    let mut changed = Changed::default();
    let (mut known, mut near_takers) = (Known::default(), NearTakers::default());
    for unit in &by_report(units) {
        let of_unit = |scopes: &BTreeMap<Unit, Vec<(AccountId, Scope)>>| scopes.get(unit).cloned().unwrap_or_default();
        let now = of_unit(scopes);
        // What is far from everybody who is named need not be looked at.
        let looked_at: Vec<(AccountId, Scope)> = match &near {
            Some(near) => now.iter().filter(|(account, scope)| near.iter().any(|near| near.may_concern(account, scope))).cloned().collect(),
            None => now.clone(),
        };
        let mut takers = touched(&mut old, &mut new, unit, &looked_at, keys.as_ref());
        if !moved.is_empty() {
            for (account, scope) in of_unit(&scopes_before).iter().filter(|(account, _)| moved.contains(account)) {
                takers.extend(old.takers(unit, account, scope));
            }
            for (account, scope) in now.iter().filter(|(account, _)| moved.contains(account)) {
                takers.extend(new.takers(unit, account, scope));
            }
        }
        if !takers.is_empty() {
            let near = near_takers.of(&after, ground.rules, &takers);
            let takers = Takers { takers: &takers, scopes: &now, near };
            changed = changed.and(of_takers(transaction, &mut new, &mut known, unit, takers).await?);
        }
    }
    // Who pays for what, and may use it, nothing else says.
    let says_who = |kind: &Kind| matches!(kind, Kind::Subscriptions | Kind::Accounts | Kind::Institutions | Kind::Networks | Kind::Members);
    if kinds.iter().any(says_who) {
        let at = transaction.at();
        findings::check::registry_changed(transaction, &mut new, &ground.settings.sources, &at).await?;
    }
    Ok(changed)
}

/// Near so many institutions it pays to look, rather than everywhere.
const NEAR: usize = 40;

/// The institutions that the changes name, before or after them; nothing if they may touch anybody.
fn named(changes: &[(Kind, Vec<Change>)]) -> Option<BTreeSet<InstitutionId>> {
    let mut named = BTreeSet::new();
    for (kind, changes) in changes.iter().filter(|(_, changes)| !changes.is_empty()) {
        let place = match kind {
            Kind::Keys => 1,
            Kind::Networks | Kind::Sessions => 0,
            _ => return None,
        };
        named.extend(changes.iter().filter_map(|change| change.identity.get(place)).map(|id| InstitutionId::trusted(id)));
    }
    Some(named)
}

/// What is near to those whose figures are made again: in most units they are the same.
#[derive(Default)]
struct NearTakers(Option<(BTreeSet<InstitutionId>, Nearby)>);

impl NearTakers {
    /// What is near to them; nothing if they are too many for it to be worth while.
    fn of(&mut self, registry: &Registry, rules: &Rules, takers: &BTreeSet<Option<InstitutionId>>) -> Option<&Nearby> {
        let institutions: BTreeSet<&InstitutionId> = takers.iter().flatten().collect();
        if institutions.len() > NEAR {
            return None;
        }
        if !self.0.as_ref().is_some_and(|(known, _)| known.iter().eq(institutions.iter().copied())) {
            self.0 = Some((institutions.iter().map(|id| (*id).clone()).collect(), Nearby::of(registry, rules, &institutions)));
        }
        self.0.as_ref().map(|(_, near)| near)
    }
}

/// Reads reports again that name addresses, where claims have changed so that some of these belong elsewhere. Gives the accounts whose
/// facts moved. A reply that is kept no more leaves its facts in the ranges that they were put in.
async fn place_again(
    transaction: &mut Transaction<'_>,
    ground: &Ground<'_>,
    before: &Registry,
    after: &Registry,
) -> Result<BTreeSet<AccountId>, SettleError> {
    let mut moved = BTreeSet::new();
    let (old, new) = (ByClaims::new(before), ByClaims::new(after));
    if old.is_like(&new) {
        return Ok(moved);
    }
    let places: Arc<dyn Places> = Arc::new(new);
    for (account, report) in transaction.reports_by_address().await? {
        let rows = transaction.months_of(&account, &report).await?;
        let mut by_reply: BTreeMap<&str, Vec<&MonthRow>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.records > 0) {
            by_reply.entry(&row.reply).or_default().push(row);
        }
        for (sha256, rows) in by_reply {
            let Some(source) = rows.first().and_then(|row| ground.settings.sources.iter().find(|source| source.id == row.source)) else {
                continue;
            };
            let reader = match ground.archive.read(sha256) {
                Err(ArchiveError::Missing { .. }) => continue,
                reader => reader?,
            };
            let (of_thread, places_of_thread) = (source.clone(), Arc::clone(&places));
            let looked = tokio::task::spawn_blocking(move || look(reader, &of_thread, &*places_of_thread)).await;
            let Some(contents) = looked.ok().filter(|contents| contents.reading.is_ok()) else { continue };
            let other: BTreeMap<Month, &MonthRow> = rows
                .into_iter()
                .filter(|row| contents.months.get(&row.key.month).is_some_and(|month| month.digest != row.digest))
                .map(|row| (row.key.month, row))
                .collect();
            if other.is_empty() {
                continue;
            }
            replace(transaction, ground, &places, (&account, &report), sha256, source, &other, &contents).await?;
            moved.insert(account.clone());
        }
    }
    Ok(moved)
}

#[allow(clippy::too_many_arguments, reason = "what is replaced by what, named")]
async fn replace(
    transaction: &mut Transaction<'_>,
    ground: &Ground<'_>,
    places: &Arc<dyn Places>,
    (account, report): (&AccountId, &ReportId),
    sha256: &str,
    source: &crate::config::SourceSettings,
    rows: &BTreeMap<Month, &MonthRow>,
    contents: &super::intake::Contents,
) -> Result<(), SettleError> {
    let months: BTreeSet<Month> = rows.keys().copied().collect();
    transaction.remove_facts(account, report, &months).await?;
    let subject = Subject { source, account, report };
    take_facts(transaction, ground.archive, places, &subject, sha256, &months).await?;
    for (month, row) in rows {
        let Some(found) = contents.months.get(month) else { continue };
        let row = MonthRow { records: found.records, total: found.total, digest: found.digest.clone(), ..(*row).clone() };
        transaction.set_month(&row).await?;
    }
    Ok(())
}
