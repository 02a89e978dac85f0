//! What was reported: facts add up, and are those of the archived replies.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Verified;
use crate::archive::{Archive, ArchiveError, ReplyRecord};
use crate::config::{Settings, SourceSettings};
use crate::formats::summary::MonthDigests;
use crate::harvest::intake::{look, product_rules};
use crate::harvest::places::Places;
use crate::harvest::settle::SettleError;
use crate::model::{Month, MonthState, Scope, UsageRecord};
use crate::store::{AccountMonth, ChangeRow, MonthRow, Store, StoreError, StoredFact};

/// Facts add up to groups, groups to months.
pub(super) async fn check_sums(store: &Store, months: &[MonthRow], verified: &mut Verified) -> Result<(), StoreError> {
    for (account, report, month, total, facts) in store.group_differences().await? {
        verified.found("sum", format!("{account} {report} {month}"), format!("a group's total is {total}, its facts add up to {facts}"));
    }
    let stray = store.stray_facts().await?;
    if stray > 0 {
        verified.found("sum", "facts", format!("{stray} facts belong to no report"));
    }
    let totals = store.month_totals().await?;
    let known: BTreeSet<_> = months.iter().map(|row| row.key.clone()).collect();
    for (key, total) in &totals {
        if !known.contains(key) {
            let place = format!("{} {} {}", key.account, key.report, key.month);
            verified.found("sum", place, format!("there are facts with a total of {total}, but the month was never harvested"));
        }
    }
    for row in months {
        let facts = totals.get(&row.key).copied().unwrap_or(0);
        if facts != i128::from(row.total) {
            let place = place_of(row);
            verified.found("sum", place, format!("the vendor reported {}, the facts add up to {facts}", row.total));
        } else if facts > 0 && row.state != MonthState::Harvested {
            let place = place_of(row);
            verified.found("sum", place, format!("is said to be {}, but there are facts", row.state));
        }
    }
    Ok(())
}

fn place_of(row: &MonthRow) -> String {
    format!("{} {} {}", row.key.account, row.key.report, row.key.month)
}

/// The archived replies, read again, give the facts that are stored.
pub(super) async fn check_replies(
    store: &Store,
    archive: &Archive,
    settings: &Settings,
    places: &Arc<dyn Places>,
    months: &[MonthRow],
    verified: &mut Verified,
) -> Result<(), SettleError> {
    let sources: HashMap<&str, &SourceSettings> = settings.sources.iter().map(|s| (s.id.as_str(), s)).collect();
    let mut of_reply: BTreeMap<(&str, &str), Vec<&MonthRow>> = BTreeMap::new();
    let records = Records::read(archive, verified);
    records.check(store, settings, months, verified).await?;
    // What is said to be empty must be so in the reply that says it.
    for row in months.iter().filter(|row| row.state == MonthState::Empty && records.is_complete(&row.reply)) {
        of_reply.entry((row.reply.as_str(), row.source.as_str())).or_default().push(row);
    }
    for row in months.iter().filter(|row| row.state == MonthState::Harvested) {
        let place = place_of(row);
        verified.months += 1;
        let mut digests = MonthDigests::default();
        let mut add = |fact: StoredFact<'_>| {
            let (member, addresses) = match fact.scope {
                Scope::Account => (None, None),
                Scope::Member(member) => (Some(member), None),
                Scope::Addresses(addresses) => (None, Some(*addresses)),
            };
            digests.add(&UsageRecord {
                item: fact.item,
                member,
                addresses,
                metric: fact.metric,
                month: fact.month,
                data_type: fact.data_type,
                access_method: fact.access_method,
                access_type: fact.access_type,
                yop: fact.yop,
                count: fact.count,
            });
            Ok(())
        };
        let read = store.facts(&row.key.account, &row.key.report, &BTreeSet::from([row.key.month]), &mut add).await;
        match read {
            Err(StoreError::Corrupt(what)) => verified.found("facts", &place, what),
            Err(error) => return Err(error.into()),
            Ok(()) => {
                let stored = row.digest.split('-').next().unwrap_or("");
                if digests.get(row.key.month) != stored {
                    verified.found("facts", &place, "the facts are not those that were stored: their fingerprint is another");
                }
            }
        }
        if row.reply.is_empty() {
            verified.found("reply", &place, "there are facts, but no archived reply that they came from");
        } else {
            of_reply.entry((row.reply.as_str(), row.source.as_str())).or_default().push(row);
        }
    }
    for ((sha256, source), rows) in of_reply {
        let first = rows[0];
        let place = format!("{} {} reply {sha256}", first.key.account, first.key.report);
        let reader = match archive.read(sha256) {
            Ok(reader) => reader,
            Err(error @ (ArchiveError::Missing { .. } | ArchiveError::NotHash(_))) => {
                verified.found("reply", place, error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let Some(source) = sources.get(source).map(|source| (*source).clone()) else {
            verified.skipped += 1;
            continue;
        };
        let rules = product_rules(&source);
        // Where it is configured how a reply becomes facts, facts that were made in another way are not those of today's reading.
        let is_mapped = source.mapping.is_some();
        let by_these =
            |row: &&MonthRow| !is_mapped || row.digest.is_empty() || row.digest.split_once('-').is_some_and(|(_, made)| made == rules);
        let all = rows.len();
        let rows: Vec<&MonthRow> = rows.into_iter().filter(by_these).collect();
        verified.skipped += all - rows.len();
        if rows.is_empty() {
            continue;
        }
        let places = Arc::clone(places);
        let contents = match tokio::task::spawn_blocking(move || look(reader, &source, &*places)).await {
            Ok(contents) => contents,
            Err(error) => {
                verified.found("reply", place, error);
                continue;
            }
        };
        verified.replies += 1;
        if let Err(error) = &contents.reading {
            if rows.iter().any(|row| row.state == MonthState::Harvested) {
                verified.found("reply", place, format!("the archived reply cannot be read any more: {error}"));
            }
            continue;
        }
        for row in rows {
            let place = format!("{} {} {} reply {sha256}", row.key.account, row.key.report, row.key.month);
            let found = contents.months.get(&row.key.month);
            if row.state == MonthState::Empty {
                if let Some(found) = found {
                    verified.found("reply", place, format!("is said to be empty, but the archived reply has {} counts", found.records));
                }
                continue;
            }
            let (stored_facts, stored_rules) = row.digest.split_once('-').unwrap_or((&row.digest, ""));
            let facts = found.and_then(|found| found.digest.split('-').next()).unwrap_or("");
            if facts != stored_facts {
                verified.found("reply", place, "the archived reply gives other facts than those that are stored");
            } else if stored_rules != rules {
                verified.skipped += 1;
            }
            if let Some(found) = found
                && found.records != row.records
            {
                verified.found(
                    "reply",
                    place_of(row),
                    format!("the archived reply has {} counts, {} are said to be", found.records, row.records),
                );
            }
        }
    }
    Ok(())
}

/// What the archive says of its replies.
#[derive(Default)]
struct Records {
    /// By the name of the reply; a reply that came twice has two.
    by_reply: HashMap<String, Vec<ReplyRecord>>,
}

impl Records {
    fn read(archive: &Archive, verified: &mut Verified) -> Self {
        let mut records = Self::default();
        for record in archive.records() {
            match record {
                Ok(record) => records.by_reply.entry(record.sha256.clone()).or_default().push(record),
                Err(error) => verified.found("record", "archive", error),
            }
        }
        records
    }

    fn is_complete(&self, sha256: &str) -> bool {
        self.by_reply.get(sha256).is_some_and(|records| records.iter().any(|record| record.complete))
    }

    /// Every month that rests on a reply has a record of it, for its source, account and report; and what was settled from a reply is
    /// still known.
    async fn check(&self, store: &Store, settings: &Settings, months: &[MonthRow], verified: &mut Verified) -> Result<(), SettleError> {
        for row in months.iter().filter(|row| row.state == MonthState::Harvested && !row.reply.is_empty()) {
            let place = place_of(row);
            let of_reply = self.by_reply.get(&row.reply).map_or(&[][..], Vec::as_slice);
            let theirs = |r: &&ReplyRecord| r.source == row.source && r.account == row.key.account && r.report == row.key.report;
            let mine: Vec<&ReplyRecord> = of_reply.iter().filter(theirs).collect();
            if mine.is_empty() {
                verified.found("record", &place, format!("the archive has no record that reply {} came for it", row.reply));
                continue;
            }
            if !mine.iter().any(|record| record.release == row.release) {
                verified.found(
                    "record",
                    &place,
                    format!("is said to be of release '{}', the archive's record says '{}'", row.release, mine[0].release),
                );
            }
            if row.harvested_at.is_some_and(|at| mine.iter().all(|record| record.fetched_at > at)) {
                verified.found("record", &place, "is said to have been harvested before its reply came");
            }
        }
        let known: HashSet<&AccountMonth> = months.iter().map(|row| &row.key).collect();
        let with_fallback: HashSet<&str> = settings.sources.iter().filter(|s| s.fallback.is_some()).map(|s| s.id.as_str()).collect();
        let settled: BTreeSet<String> = store.changes(&BTreeSet::new()).await?.iter().filter_map(settled_reply).collect();
        for record in self.by_reply.values().flatten().filter(|record| record.complete) {
            // A reply that was never settled belongs to a run that was cut off; its months are asked for again.
            let was_settled = record.sha256.get(..12).is_some_and(|start| settled.contains(start));
            let (Some(begin), Some(end)) = (record.begin, record.end) else { continue };
            if !was_settled || with_fallback.contains(record.source.as_str()) {
                continue;
            }
            let key = |month: Month| AccountMonth { account: record.account.clone(), report: record.report.clone(), month };
            // What was asked for was settled for all its months. A file that somebody brought was not asked for: only its first and last
            // month are known to have had use.
            let every = record.method != "FILE";
            let months = (begin.index()..=end.index()).filter_map(Month::from_index);
            let settled = months.filter(|month| every || *month == begin || *month == end);
            if let Some(lost) = settled.into_iter().find(|month| !known.contains(&key(*month))) {
                let place = format!("{} {} {lost}", record.account, record.report);
                verified.found(
                    "months",
                    place,
                    format!("was settled from reply {}, but nothing is known of the month any more", record.sha256),
                );
            }
        }
        Ok(())
    }
}

/// The beginning of the name of the reply that a change was settled from.
fn settled_reply(change: &ChangeRow) -> Option<String> {
    let (_, reply) = change.what.rsplit_once(", reply ")?;
    (change.reason == "vendor").then(|| reply.to_owned())
}
