//! Who the members of a consortium are, where its report does not say enough: the vendor's list, asked for once in a run.
//!
//! The list is stored before the report is settled, so that a run that is stopped between loses nothing: the report is asked for again,
//! and whoever divides knows the list when it divides the report.

use std::collections::{BTreeMap, BTreeSet};

use chrono::SecondsFormat;

use super::change::{Ground, change_registry};
use super::intake::Contents;
use super::worker::{HarvestError, Harvester};
use crate::attribution::claimants::is_somebody;
use crate::config::SourceSettings;
use crate::model::SourceId;
use crate::model::registry::{Account, Change, ConsortiumMember, Kind, Row as _};
use crate::sources::{Credentials, InfoRequest, MemberAccount, members};
use crate::store::{Cause, StoreError};

impl Harvester<'_> {
    /// Asks for the members of an account, if a report of it names some that nobody is known to be. To be called while no other
    /// request is made in the report's place. Gives a note if the list could not be had or used.
    ///
    /// # Errors
    /// The store or the archive fails.
    pub(super) async fn learn_members(
        &self,
        source: &SourceSettings,
        account: &Account,
        base_url: &str,
        credentials: &Credentials,
        contents: &Contents,
    ) -> Result<Option<String>, HarvestError> {
        if contents.members.is_empty() || !self.names_nobody(account, contents).await {
            return Ok(None);
        }
        if !self.members_asked.lock().await.insert(account.id.clone()) {
            return Ok(None);
        }
        tokio::time::sleep(source.pause.unwrap_or(self.settings.harvest.pause)).await;
        let request = InfoRequest {
            base_url,
            credentials,
            allow_http: source.allow_http,
            user_agent: source.user_agent.as_deref(),
            dialect: &source.dialect,
            timeout: source.timeout.unwrap_or(self.settings.harvest.timeout),
        };
        let why = match members(self.clients, &request).await {
            Err(error) => error.to_string(),
            Ok(reply) if !reply.entries.is_empty() => return self.take_members(account, &reply.entries).await,
            Ok(reply) => match reply.exceptions.first() {
                Some(exception) => format!("exception {}, {}", exception.code, exception.message),
                None if reply.is_json && reply.status == 200 => "the list is empty".to_owned(),
                None => format!("status {}: {}", reply.status, reply.beginning),
            },
        };
        Ok(Some(format!("the report names members that are not known, and /members could not say who they are: {why}")))
    }

    /// Whether the report names a member that is nobody in one of its months.
    async fn names_nobody(&self, account: &Account, contents: &Contents) -> bool {
        let mut attributor = self.attributor.lock().await;
        contents.months.keys().any(|month| {
            let view = attributor.view(*month);
            view.account(&account.id).is_some_and(|account| contents.members.iter().any(|member| !is_somebody(&view, account, member)))
        })
    }

    /// Stores what is new in the list, with the figures that follow.
    async fn take_members(&self, account: &Account, listed: &[MemberAccount]) -> Result<Option<String>, HarvestError> {
        let theirs = self.written_by_people(&account.source).await?;
        let rules = self.attributor.lock().await.rules();
        let at = self.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
        let what = format!("members of {}", account.id);
        let mut transaction = self.store.begin(Cause { who: self.who.to_owned(), reason: "vendor", what, at }).await?;
        let registry = transaction.registry().await?;
        let changes = changes(&account.source, listed, &registry.members, &theirs);
        if changes.is_empty() {
            transaction.roll_back().await?;
            return Ok(None);
        }
        let ground = Ground { rules, settings: self.settings, archive: &self.archive };
        match change_registry(&mut transaction, &ground, &registry, &[(Kind::Members, changes)]).await {
            Err(error) if error.is_of_the_report() => {
                transaction.roll_back().await?;
                return Ok(Some(format!("the list of members cannot be used: {error}")));
            }
            changed => changed?,
        };
        let stored = transaction.registry().await?.members;
        // Nobody divides by the list before between now and then: settling waits for the transaction, and then for this.
        let mut attributor = self.attributor.lock().await;
        transaction.commit().await?;
        attributor.learn_members(&stored);
        Ok(None)
    }

    /// The rows of a source that people have imported: these are as they want them, and no vendor changes them.
    async fn written_by_people(&self, source: &SourceId) -> Result<BTreeSet<Vec<String>>, StoreError> {
        let mut last = BTreeMap::new();
        for step in self.store.registry_steps(Kind::Members, Some(source.as_str())).await? {
            if let Some(cells) = step.after.or(step.before) {
                last.insert(cells.into_iter().take(2).collect(), step.change.reason != "vendor");
            }
        }
        Ok(last.into_iter().filter(|(_, by_people)| *by_people).map(|(identity, _)| identity).collect())
    }
}

/// What a vendor's list changes: new members, and other names and ISILs of those that it listed before. It takes nobody away, and what it
/// leaves empty takes nothing away either. What is no row is left out.
fn changes(source: &SourceId, listed: &[MemberAccount], stored: &[ConsortiumMember], theirs: &BTreeSet<Vec<String>>) -> Vec<Change> {
    let stored: BTreeMap<Vec<String>, &ConsortiumMember> =
        stored.iter().filter(|row| row.source == *source).map(|row| (row.identity(), row)).collect();
    let mut changes: BTreeMap<Vec<String>, Change> = BTreeMap::new();
    for entry in listed {
        let isil = entry.ids.iter().find(|id| id.kind.eq_ignore_ascii_case("ISIL")).map_or("", |id| id.value.as_str());
        let Ok(mut row) = ConsortiumMember::parse(&[source.as_str(), &entry.customer_id, &entry.name, isil]) else { continue };
        let identity = row.identity();
        if theirs.contains(&identity) || changes.contains_key(&identity) {
            continue;
        }
        let before = stored.get(&identity).copied();
        if let Some(before) = before {
            if row.name.is_empty() {
                row.name.clone_from(&before.name);
            }
            if row.isil.is_empty() {
                row.isil.clone_from(&before.isil);
            }
        }
        if before != Some(&row) {
            let change =
                Change { identity: identity.clone(), before: before.map(crate::model::registry::Row::cells), after: Some(row.cells()) };
            changes.insert(identity, change);
        }
    }
    changes.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Identifier;

    fn entry(customer_id: &str, name: &str, isil: &str) -> MemberAccount {
        let ids = if isil.is_empty() { vec![] } else { vec![Identifier { kind: "ISIL".into(), value: isil.into(), original: None }] };
        MemberAccount { customer_id: customer_id.into(), requestor_id: None, name: name.into(), ids }
    }

    fn row(cells: [&str; 4]) -> ConsortiumMember {
        ConsortiumMember::parse(&cells).unwrap()
    }

    fn after(listed: &[MemberAccount], stored: &[ConsortiumMember], theirs: &[[&str; 2]]) -> Vec<String> {
        let theirs = theirs.iter().map(|identity| identity.map(str::to_owned).to_vec()).collect();
        let changes = changes(&SourceId::trusted("s"), listed, stored, &theirs);
        changes.into_iter().map(|change| change.after.unwrap().join("|")).collect()
    }

    #[test]
    fn a_list_adds_and_renames_and_takes_nothing_away() {
        let stored = [row(["s", "m1", "Halden", "NO-1"]), row(["s", "m2", "Moss", ""]), row(["t", "m3", "Other", ""])];
        let listed = [entry("m1", "", ""), entry("m2", "Moss bibliotek", "NO-2"), entry("m3", "Marker", ""), entry("m3", "Twice", "")];
        assert_eq!(after(&listed, &stored, &[]), ["s|m2|Moss bibliotek|NO-2", "s|m3|Marker|"]);
        assert!(after(&[entry("m2", "Moss", "")], &stored, &[]).is_empty());
    }

    #[test]
    fn what_people_imported_is_theirs() {
        let stored = [row(["s", "m1", "Halden", "NO-1"])];
        assert!(after(&[entry("m1", "HALDEN KOMMUNE", "NO-9")], &stored, &[["s", "m1"]]).is_empty());
    }

    #[test]
    fn what_is_no_row_is_left_out() {
        let listed = [entry("m\u{1}", "Halden", ""), entry("m2", "Moss", "NO 2"), entry("m3", " Marker\n", "")];
        assert_eq!(after(&listed, &[], &[]), ["s|m3|Marker|"]);
    }
}
