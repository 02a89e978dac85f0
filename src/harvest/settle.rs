//! One request settled: what was judged is written, whole or not at all (HARVEST section 4.3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::sync::{Mutex, mpsc};

use super::attribute::{self, AttributeError};
use super::findings;
use super::intake::{self, Contents};
use super::places::Places;
use crate::archive::{Archive, ArchiveError};
use crate::attribution::Attributor;
use crate::config::SourceSettings;
use crate::formats::FormatError;
use crate::model::{AccountId, Month, MonthOutcome, MonthState, ReportId, Scope, Unit};
use crate::store::{AccountMonth, Cause, FactBatch, MonthRow, Store, StoreError, Transaction};

/// Why a request could not be settled. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Statistics could not be made.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    /// The archived reply reads otherwise than a moment ago.
    #[error("the archived reply {sha256} could not be read a second time: {source}")]
    Reread {
        /// Which.
        sha256: String,
        /// Why.
        #[source]
        source: FormatError,
    },
}

impl SettleError {
    /// Whether it is what was reported that cannot be kept, and not the store that cannot keep it.
    #[must_use]
    pub fn is_of_the_report(&self) -> bool {
        matches!(
            self,
            Self::Attribute(AttributeError::Divide { .. } | AttributeError::Store(StoreError::TooLarge(_)))
                | Self::Store(StoreError::TooLarge(_))
                | Self::Reread { .. }
        )
    }
}

/// A reply in the archive, and what it holds.
#[derive(Debug)]
pub struct Reply<'a> {
    /// Its name.
    pub sha256: &'a str,
    /// What it holds.
    pub contents: &'a Contents,
    /// The release it was asked for in.
    pub release: String,
}

/// Whose months are settled.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The source.
    pub source: &'a SourceSettings,
    /// The account.
    pub account: &'a AccountId,
    /// The report.
    pub report: &'a ReportId,
}

/// A month whose sum changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthChange {
    /// The month.
    pub month: Month,
    /// The sum before; nothing if it was not there.
    pub before: Option<u64>,
    /// The sum now.
    pub after: u64,
}

/// What settling did.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// The months whose facts were replaced.
    pub changes: Vec<MonthChange>,
    /// Counts above zero in them.
    pub rows: u64,
    /// What makes no sense in them and was not found before.
    pub findings: u64,
}

/// Where things are written.
pub struct Desk<'a, 'r> {
    /// The store.
    pub store: &'a Store,
    /// The archive.
    pub archive: &'a Archive,
    /// Who divides.
    pub attributor: &'a Mutex<Attributor<'r>>,
    /// Where addresses belong.
    pub places: &'a Arc<dyn Places>,
    /// Who has it written.
    pub who: &'a str,
}

impl Desk<'_, '_> {
    /// Writes what became of the months, with their facts and the statistics that follow, in one transaction.
    /// What was harvested before is given up only for what was harvested now, or for a confirmed zero.
    ///
    /// # Errors
    /// The store, the archive or attribution fails; then nothing was written.
    pub async fn settle(
        &self,
        subject: &Subject<'_>,
        outcomes: &[MonthOutcome],
        reply: Option<&Reply<'_>>,
        now: DateTime<Utc>,
    ) -> Result<Settled, SettleError> {
        let what = match reply {
            Some(reply) => format!("{} of {}, reply {}", subject.report, subject.account, reply.sha256.get(..12).unwrap_or("")),
            None => format!("{} of {}", subject.report, subject.account),
        };
        let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut transaction = self.store.begin(Cause { who: self.who.to_owned(), reason: "vendor", what, at }).await?;
        let rows = transaction.months_of(subject.account, subject.report).await?;
        let old: BTreeMap<Month, MonthRow> = rows.into_iter().map(|row| (row.key.month, row)).collect();
        let mut settled = Settled::default();
        let mut replaced = BTreeSet::new();
        let mut moved = BTreeSet::new();
        let mut new_rows = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            let before = old.get(&outcome.month);
            let row = new_row(subject, before, outcome, reply, now);
            let had = before.filter(|b| b.state == MonthState::Harvested);
            if had.map(|b| &b.digest) != Some(&row.digest) && (had.is_some() || row.state == MonthState::Harvested) {
                replaced.insert(outcome.month);
                settled.changes.push(MonthChange { month: outcome.month, before: had.map(|b| b.total), after: row.total });
                settled.rows += row.records;
            } else if had.is_some_and(|b| b.partial != row.partial) {
                moved.insert(outcome.month);
            }
            new_rows.push(row);
        }
        moved.extend(&replaced);
        let mut units: BTreeMap<Unit, BTreeSet<Scope>> = BTreeMap::new();
        for unit in transaction.units_of(subject.account, subject.report, &moved).await? {
            let scopes = transaction.scopes(&unit).await?;
            units.insert(unit, scopes.into_iter().filter(|(account, _)| account == subject.account).map(|(_, scope)| scope).collect());
        }
        if !replaced.is_empty() {
            transaction.remove_facts(subject.account, subject.report, &replaced).await?;
            if let Some(reply) = reply {
                take_facts(&mut transaction, self.archive, self.places, subject, reply.sha256, &replaced).await?;
            }
        }
        for row in &new_rows {
            transaction.set_month(row).await?;
        }
        for unit in transaction.units_of(subject.account, subject.report, &moved).await? {
            units.entry(unit).or_default();
        }
        let mut attributor = self.attributor.lock().await;
        for (unit, had) in &units {
            attribute::after_usage_of(&mut transaction, &mut attributor, unit, subject.account, had).await?;
        }
        let known = |row: &&MonthRow| matches!(row.state, MonthState::Harvested | MonthState::Empty);
        let came: BTreeSet<Month> = new_rows.iter().filter(known).map(|row| row.key.month).collect();
        settled.findings = findings::check::settled(&mut transaction, &mut attributor, subject, &came, now).await?;
        drop(attributor);
        transaction.commit().await?;
        Ok(settled)
    }
}

/// Reads a reply again, on a thread of its own, into the store: its facts of these months, which were removed before.
pub(super) async fn take_facts(
    transaction: &mut Transaction<'_>,
    archive: &Archive,
    places: &Arc<dyn Places>,
    subject: &Subject<'_>,
    sha256: &str,
    months: &BTreeSet<Month>,
) -> Result<(), SettleError> {
    let (sender, mut receiver) = mpsc::channel::<FactBatch>(4);
    let reader = archive.read(sha256)?;
    let (source, places, months) = (subject.source.clone(), Arc::clone(places), months.clone());
    let parsing = tokio::task::spawn_blocking(move || intake::send(reader, &source, &*places, &months, &sender));
    let mut stream = transaction.begin_facts(subject.account, subject.report).await?;
    while let Some(batch) = receiver.recv().await {
        transaction.take_facts(&mut stream, &batch).await?;
    }
    let parsed = parsing.await.unwrap_or_else(|error| Err(FormatError::Io(std::io::Error::other(error))));
    parsed.map_err(|source| SettleError::Reread { sha256: sha256.to_owned(), source })?;
    transaction.end_facts(stream).await?;
    Ok(())
}

/// Where a month stands after an outcome.
fn new_row(
    subject: &Subject<'_>,
    before: Option<&MonthRow>,
    outcome: &MonthOutcome,
    reply: Option<&Reply<'_>>,
    now: DateTime<Utc>,
) -> MonthRow {
    let sha256 = reply.map(|reply| reply.sha256.to_owned()).unwrap_or_default();
    let fresh = MonthRow {
        key: AccountMonth { account: subject.account.clone(), report: subject.report.clone(), month: outcome.month },
        source: subject.source.id.clone(),
        state: outcome.state,
        reason: outcome.reason.clone(),
        partial: outcome.partial,
        unconfirmed: outcome.unconfirmed,
        attempts: before.map(|b| b.attempts).unwrap_or_default().and(outcome, now),
        next_attempt: outcome.next_attempt,
        harvested_at: None,
        checked_at: Some(now),
        release: String::new(),
        records: 0,
        total: 0,
        // Read in another way, the reply of an empty month may hold counts: by which way it was empty is kept.
        digest: match subject.source.mapping {
            Some(_) if outcome.state == MonthState::Empty && reply.is_some() => format!("-{}", intake::product_rules(subject.source)),
            _ => String::new(),
        },
        reply: sha256,
    };
    let contents = reply.and_then(|reply| reply.contents.months.get(&outcome.month));
    match (outcome.state, before) {
        (MonthState::Harvested, Some(b)) if b.state == MonthState::Harvested && contents.is_some_and(|c| c.digest == b.digest) => {
            // The same facts: nothing changes but that they were checked.
            MonthRow {
                harvested_at: b.harvested_at,
                release: b.release.clone(),
                records: b.records,
                total: b.total,
                digest: b.digest.clone(),
                reply: b.reply.clone(),
                ..fresh
            }
        }
        (MonthState::Harvested, _) => {
            let contents = contents.cloned().unwrap_or_default();
            MonthRow {
                harvested_at: Some(now),
                release: reply.map(|reply| reply.release.clone()).unwrap_or_default(),
                records: contents.records,
                total: contents.total,
                digest: contents.digest,
                ..fresh
            }
        }
        // A zero that the vendor puts in words takes the place of what was there; anything else leaves it.
        (MonthState::Empty, Some(b)) if b.state == MonthState::Harvested && !outcome.zero_said => kept(b, outcome, now),
        (MonthState::Waiting | MonthState::Failing | MonthState::Gone, Some(b))
            if matches!(b.state, MonthState::Harvested | MonthState::Empty) =>
        {
            kept(b, outcome, now)
        }
        _ => fresh,
    }
}

/// The month as it was, with a word on the attempt that changed nothing.
fn kept(before: &MonthRow, outcome: &MonthOutcome, now: DateTime<Utc>) -> MonthRow {
    // A month that was passed over met nothing.
    let again = if outcome.trouble.is_some() || outcome.state == MonthState::Empty { "asked again" } else { "to be asked again" };
    MonthRow {
        reason: format!("{again}, {}: {}; what was there is kept", outcome.state, outcome.reason),
        attempts: before.attempts.and(outcome, now),
        next_attempt: outcome.next_attempt,
        checked_at: Some(now),
        ..before.clone()
    }
}
