//! A report that comes as a file, by `import usage` or in a folder: whose it is, whether it can be used, and how it is settled.
//!
//! [`whose`] finds the account that a header is about, [`usable`] says which report it is; [`FileDesk`] reads the file
//! ([`look`](FileDesk::look)), keeps it in the archive and settles its months ([`settle`](FileDesk::settle)).

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::input::{Input, InputError};
use super::intake::{self, Contents};
use super::places::Places;
use super::settle::{Desk, Reply, SettleError, Settled, Subject};
use crate::archive::{Archive, ArchiveError, ReplyRecord};
use crate::attribution::{Attributor, Rules};
use crate::clock::Clock;
use crate::config::{Settings, SourceSettings};
use crate::formats::Reading;
use crate::model::registry::{Account, Registry};
use crate::model::{AccountId, Month, MonthOutcome, MonthRange, MonthState, ReportHeader, ReportId, SourceId, Trouble};
use crate::registry::problem::did_you_mean;
use crate::store::{Store, StoreError};

/// Why nobody knows whose a report is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhoseError {
    /// The source that was said.
    #[error("no source of the name {id} is configured{near}")]
    NoSource {
        /// What was said.
        id: SourceId,
        /// Which was probably meant.
        near: String,
    },
    /// The account that was said.
    #[error("no account of the name {id} is registered{near}")]
    NoAccount {
        /// What was said.
        id: AccountId,
        /// Which was probably meant.
        near: String,
    },
    /// The header is silent.
    #[error("it names no customer")]
    NamesNobody,
    /// The header names somebody else.
    #[error("it names {}, which is the customer id of no registered account", .0.join(" and "))]
    Unknown(Vec<String>),
    /// Several accounts fit.
    #[error("several accounts have its customer id: {}", .0.join(", "))]
    Several(Vec<String>),
    /// It is not of a form that says it, and its source does not have one account alone.
    #[error("files that the mapping of source {source_id} reads do not say whose they are, and the source has {}", several(.accounts))]
    NotSaid {
        /// The source.
        source_id: SourceId,
        /// Its accounts.
        accounts: Vec<String>,
    },
    /// The account's source is gone.
    #[error("account {account} belongs to source {source_id}, which is not configured")]
    NotConfigured {
        /// The account.
        account: AccountId,
        /// Its source.
        source_id: SourceId,
    },
}

fn several(accounts: &[String]) -> String {
    if accounts.is_empty() { "no account".to_owned() } else { format!("several accounts: {}", accounts.join(", ")) }
}

/// The account that a report belongs to, and its source: the one that was said, else the one whose customer id the header names. What a
/// mapping has read names none; it belongs to the source's account, if that is the only one.
///
/// # Errors
/// There is none, or several.
pub fn whose<'a>(
    settings: &'a Settings,
    registry: &'a Registry,
    said: (Option<&SourceId>, Option<&AccountId>),
    reading: &Reading,
) -> Result<(&'a Account, &'a SourceSettings), WhoseError> {
    let (sources, header) = (&settings.sources, &reading.header);
    let (said_source, said_account) = said;
    if let Some(id) = said_source.filter(|id| !sources.iter().any(|source| source.id == **id)) {
        let near = did_you_mean(id.as_str(), sources.iter().map(|s| s.id.as_str()));
        return Err(WhoseError::NoSource { id: id.clone(), near });
    }
    let of_source = |account: &&Account| said_source.is_none_or(|source| account.source == *source);
    let bare = |text: &str| text.rsplit(':').next().unwrap_or(text).trim().to_ascii_lowercase();
    let mut ids: BTreeSet<String> = header.institution_ids.iter().map(|id| bare(&id.value)).collect();
    ids.insert(header.customer_id.trim().to_ascii_lowercase());
    ids.remove("");
    let alone = said_source.filter(|_| reading.is_mapped && said_account.is_none());
    let is_it = |account: &&Account| match said_account {
        _ if alone.is_some() => true,
        Some(id) => account.id == *id,
        None => ids.contains(&account.customer_id.trim().to_ascii_lowercase()),
    };
    let found: Vec<&Account> = registry.accounts.iter().filter(is_it).filter(of_source).collect();
    if let (Some(source), [] | [_, _, ..]) = (alone, found.as_slice()) {
        let accounts = found.iter().map(|account| account.id.to_string()).collect();
        return Err(WhoseError::NotSaid { source_id: source.clone(), accounts });
    }
    let account = match (found.as_slice(), said_account) {
        ([account], _) => *account,
        ([], Some(id)) => {
            let near = did_you_mean(id.as_str(), registry.accounts.iter().map(|a| a.id.as_str()));
            return Err(WhoseError::NoAccount { id: id.clone(), near });
        }
        ([], None) if ids.is_empty() => return Err(WhoseError::NamesNobody),
        ([], None) => return Err(WhoseError::Unknown(ids.into_iter().collect())),
        (several, _) => {
            return Err(WhoseError::Several(several.iter().map(|account| format!("{} ({})", account.id, account.source)).collect()));
        }
    };
    let source = sources.iter().find(|source| source.id == account.source);
    let source = source.ok_or_else(|| WhoseError::NotConfigured { account: account.id.clone(), source_id: account.source.clone() })?;
    Ok((account, source))
}

/// Which report it is, if it is one that can be stored.
///
/// # Errors
/// Why not, in words.
pub fn usable(reading: &Reading, months: impl Iterator<Item = Month>, this_month: Month) -> Result<ReportId, String> {
    if !reading.has_items {
        let said: Vec<String> = reading.exceptions.iter().map(ToString::to_string).collect();
        return Err(format!("it holds no report, only: {}; nothing to import", said.join("; ")));
    }
    if let Some(month) = months.into_iter().find(|month| month.year() < 1990 || *month > this_month) {
        return Err(format!("it has figures for {month}, which cannot be"));
    }
    let report = reading.header.report.clone().or_else(|| reading.looks_like.and_then(|id| id.parse().ok()));
    report.ok_or_else(|| "it does not say which report it is (Report_ID)".into())
}

/// Why a file could not be settled. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read, or did not stay as it was.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It could not be settled.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file that was looked at.
pub struct ReportFile<'a> {
    /// What it is called, without folders.
    pub name: &'a str,
    /// The file.
    pub input: &'a Input,
    /// Whose it is.
    pub account: &'a Account,
    /// The account's source.
    pub source: &'a SourceSettings,
    /// Which report.
    pub report: &'a ReportId,
    /// What it holds.
    pub contents: &'a Contents,
    /// Its SHA-256 when it was looked at.
    pub sha256: &'a str,
}

/// Where files are settled.
pub struct FileDesk<'a> {
    /// The configuration.
    pub settings: &'a Settings,
    /// The time.
    pub clock: Clock,
    /// The store, open for writing.
    pub store: &'a Store,
    /// The archive.
    pub archive: &'a Archive,
    /// What is registered.
    pub registry: &'a Registry,
    /// The rules of attribution.
    pub rules: &'a Rules,
    /// Where addresses belong.
    pub places: &'a Arc<dyn Places>,
    /// Who has it done.
    pub who: &'a str,
}

impl FileDesk<'_> {
    /// Reads a file to see what it holds, and its SHA-256.
    ///
    /// # Errors
    /// The file system fails; what is wrong with the report is part of what is seen.
    pub fn look(&self, input: &Input, source: &SourceSettings) -> Result<(Contents, String), InputError> {
        let mut reader = input.open()?;
        let contents = intake::look(&mut reader, source, &**self.places);
        let sha256 = reader.finish().map_err(|source| input.failed(source))?;
        Ok((contents, sha256))
    }

    /// The months that a report covers, as far as a harvest would ask for them: of others it is no news that there was no use.
    fn covered(&self, header: &ReportHeader, account: &Account) -> impl Iterator<Item = Month> {
        let schedule = &self.settings.schedule;
        let range = header.begin.zip(header.end).map(|(begin, end)| {
            let last_full = self.clock.last_full_month(schedule.time_zone);
            MonthRange::new(Month::of(begin).max(schedule.backfill_from), Month::of(end).min(last_full))
        });
        range.into_iter().flat_map(MonthRange::iter).filter(|month| account.valid.in_month(*month))
    }

    /// Archives a file, and stores what it holds.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn settle(&self, file: &ReportFile<'_>) -> Result<Settled, FileError> {
        let empty = Reading::default();
        let reading = file.contents.reading.as_ref().unwrap_or(&empty);
        let header = &reading.header;
        let mut writer = self.archive.begin().await?;
        let mut reader = file.input.open()?;
        let mut piece = vec![0; 256 * 1024];
        loop {
            let n = reader.read(&mut piece).map_err(|source| file.input.failed(source))?;
            let Some(bytes) = piece.get(..n).filter(|bytes| !bytes.is_empty()) else { break };
            writer.write(bytes).await?;
        }
        if reader.finish().map_err(|source| file.input.failed(source))? != file.sha256 {
            return Err(InputError::Changed { path: file.input.path().to_owned() }.into());
        }
        let release = header.release.map(|release| release.to_string()).unwrap_or_default();
        let months = &file.contents.months;
        let archived = writer
            .finish(ReplyRecord {
                source: file.source.id.clone(),
                account: file.account.id.clone(),
                report: file.report.clone(),
                release: release.clone(),
                begin: months.keys().next().copied(),
                end: months.keys().next_back().copied(),
                method: "FILE".into(),
                url: format!("file:{}", file.name),
                request_headers: Vec::new(),
                status: 200,
                headers: Vec::new(),
                fetched_at: self.clock.now(),
                sha256: String::new(),
                bytes: 0,
                complete: true,
                problem: String::new(),
            })
            .await?;
        let known = self.store.months_of(&file.account.id, file.report).await?;
        let partial = reading.exceptions.iter().any(|e| e.code == 3040);
        let incomplete = partial || reading.exceptions.iter().any(|e| (3030..3040).contains(&e.code));
        let outcome =
            |month, state| MonthOutcome { partial, trouble: partial.then_some(Trouble::Partial), ..MonthOutcome::plain(month, state) };
        let mut outcomes: Vec<MonthOutcome> = months.keys().map(|month| outcome(*month, MonthState::Harvested)).collect();
        // A month that the report covers and has nothing for was not used, unless something else is known.
        for month in self.covered(header, file.account).filter(|_| !incomplete) {
            let open = known
                .iter()
                .find(|row| row.key.month == month)
                .is_none_or(|row| matches!(row.state, MonthState::Waiting | MonthState::Failing | MonthState::Gone) || row.unconfirmed);
            if open && !months.contains_key(&month) {
                outcomes.push(outcome(month, MonthState::Empty));
            }
        }
        let attributor = Mutex::new(Attributor::new(self.registry, self.rules));
        let desk = Desk { store: self.store, archive: self.archive, attributor: &attributor, places: self.places, who: self.who };
        let subject = Subject { source: file.source, account: &file.account.id, report: file.report };
        let reply = Reply { sha256: &archived.sha256, contents: file.contents, release };
        Ok(desk.settle(&subject, &outcomes, Some(&reply), self.clock.now()).await?)
    }
}
