//! Reports that people put in a folder (mail attachments, portals without an API): each is taken over, read, settled like any reply, and
//! put away as done, or as rejected beside a text that says why.
//!
//! [`look`] is done twice, some time apart: what did not change in between is no longer being written. [`FolderIntake::take`] does the
//! rest and gives a [`FileOutcome`] for each file. No file is ever lost: see [`place`] for how it moves.

pub mod place;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use chrono::SecondsFormat;

use self::place::{Listing, Taken};
use super::file_intake::{FileDesk, FileError, ReportFile, WhoseError, usable, whose};
use super::input::{Input, InputError};
use crate::config::{FolderSettings, SourceSettings};
use crate::formats::FormatError;
use crate::model::registry::Registry;
use crate::model::{AccountId, Month, ReportId, SourceId};
use crate::store::Cause;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileResult {
    /// It was taken.
    Taken {
        /// Whose it is.
        account: AccountId,
        /// Which report.
        report: ReportId,
        /// The months whose counts it changed.
        months: usize,
        /// The rows that it brought.
        rows: u64,
        /// What was tolerated.
        notes: Vec<String>,
    },
    /// The same file was taken before.
    Known {
        /// The name it had.
        name: String,
        /// When, RFC 3339 in UTC.
        taken_at: String,
    },
    /// It was not taken.
    Rejected {
        /// Why.
        why: String,
    },
    /// It waits for the next time.
    Left {
        /// Why.
        why: String,
    },
}

/// A file, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOutcome {
    /// The source whose folder it was in.
    pub source: SourceId,
    /// Its name, with its folder if it was in one.
    pub file: String,
    /// What became of it.
    pub result: FileResult,
}

/// Why a folder could not be gone through. What was settled before stays, and no file is lost.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder itself.
    #[error("the folder {path} of source {id}: {error}")]
    Folder {
        /// The source.
        id: SourceId,
        /// The folder.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// The store or the archive.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Looks into the folder of a source.
///
/// # Errors
/// The folder cannot be read.
pub fn look(source: &SourceSettings, folder: &FolderSettings, registry: &Registry) -> Result<Listing, FolderError> {
    let is_account = |name: &str| registry.accounts.iter().any(|account| account.id.as_str() == name);
    place::look(&folder.path, &is_account).map_err(|error| folder_error(source, &folder.path, error))
}

fn folder_error(source: &SourceSettings, path: &Path, error: io::Error) -> FolderError {
    FolderError::Folder { id: source.id.clone(), path: path.display().to_string(), error }
}

/// What a file came to, before it is put away.
enum Read {
    Taken { account: AccountId, report: ReportId, months: usize, rows: u64, notes: Vec<String>, sha256: String },
    Known { name: String, taken_at: String, sha256: String },
    Rejected { why: String, advice: String },
    Left { why: String },
}

/// Takes what is in the folder of a source.
pub struct FolderIntake<'a> {
    /// Where files are settled.
    pub desk: FileDesk<'a>,
    /// The source.
    pub source: &'a SourceSettings,
    /// Its folder.
    pub folder: &'a Path,
}

impl FolderIntake<'_> {
    /// Takes what was left behind by a run that was cut off, and all files that did not change since an earlier look.
    ///
    /// # Errors
    /// The folder, the store or the archive fails. Files that were not gone through wait, or are taken up again the next time.
    pub async fn take(&self, earlier: &Listing) -> Result<Vec<FileOutcome>, FolderError> {
        let mut outcomes = Vec::new();
        for taken in place::left_behind(self.folder).map_err(|error| self.failed(error))? {
            outcomes.push(self.one(taken).await?);
        }
        let is_account = |name: &str| self.desk.registry.accounts.iter().any(|account| account.id.as_str() == name);
        let listing = place::look(self.folder, &is_account).map_err(|error| self.failed(error))?;
        for what in &listing.passed_over {
            let (file, why) = what.split_once(": ").unwrap_or((what, ""));
            outcomes.push(self.outcome(file.to_owned(), FileResult::Left { why: why.to_owned() }));
        }
        let (settled, growing) = listing.settled_since(earlier);
        for file in settled {
            let taken = place::take_over(self.folder, &file).map_err(|error| self.failed(error))?;
            if let Some(taken) = taken {
                outcomes.push(self.one(taken).await?);
            }
        }
        for file in growing {
            let why = "it is new, or still being written; it is taken the next time".to_owned();
            outcomes.push(self.outcome(shown(&file), FileResult::Left { why }));
        }
        Ok(outcomes)
    }

    fn failed(&self, error: io::Error) -> FolderError {
        folder_error(self.source, self.folder, error)
    }

    fn outcome(&self, file: String, result: FileResult) -> FileOutcome {
        FileOutcome { source: self.source.id.clone(), file, result }
    }

    /// Reads a file and puts it away.
    async fn one(&self, taken: Taken) -> Result<FileOutcome, FolderError> {
        let (name, own_name) = (shown(&taken.file), taken.file.name.clone());
        tracing::info!(source = %self.source.id, file = name, "taken over");
        let read = self.read(&taken).await?;
        tracing::info!(source = %self.source.id, file = name, "read");
        let now = self.desk.clock.now().with_timezone(&self.desk.settings.schedule.time_zone);
        let date = now.format("%Y%m%d-%H%M%S");
        let stamp = |sha256: &str| format!("{date}-{}-", sha256.get(..8).unwrap_or("0"));
        let result = match read {
            Read::Taken { account, report, months, rows, notes, sha256 } => {
                self.remember(&sha256, [&own_name, account.as_str(), report.as_str()]).await?;
                taken.done(self.folder, &stamp(&sha256)).map_err(|error| self.failed(error))?;
                FileResult::Taken { account, report, months, rows, notes }
            }
            Read::Known { name, taken_at, sha256 } => {
                taken.done(self.folder, &stamp(&sha256)).map_err(|error| self.failed(error))?;
                FileResult::Known { name, taken_at }
            }
            Read::Rejected { why, advice } => {
                let text = format!(
                    "The file {name} was not taken. Nothing of it is in the statistics.\n\nWhy: {why}\n\nWhat to do: {advice}\n\n\
                     avling, source {}, {}\n",
                    self.source.id,
                    now.format("%Y-%m-%d %H:%M")
                );
                taken.rejected(self.folder, &format!("{date}-"), &text).map_err(|error| self.failed(error))?;
                FileResult::Rejected { why }
            }
            Read::Left { why } => {
                taken.put_back(self.folder).map_err(|error| self.failed(error))?;
                FileResult::Left { why }
            }
        };
        tracing::info!(source = %self.source.id, file = name, "put away");
        Ok(self.outcome(name, result))
    }

    /// Notes that a file was taken. If that is cut off, it is taken once more, which changes nothing.
    async fn remember(&self, sha256: &str, file: [&str; 3]) -> Result<(), FileError> {
        let now = self.desk.clock.now();
        let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let cause = Cause { who: self.desk.who.to_owned(), reason: "vendor", what: format!("a file of {}", self.source.id), at };
        let mut transaction = self.desk.store.begin(cause).await?;
        transaction.take_file(&self.source.id, sha256, file, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn read(&self, taken: &Taken) -> Result<Read, FileError> {
        let left = |why: &str| Ok(Read::Left { why: why.to_owned() });
        const GROWS: &str = "it was written to while it was read; it is taken the next time";
        let input = match Input::of(&taken.path) {
            Ok(input) => input,
            Err(error) => return left(&format!("it cannot be read: {}", without_place(&error))),
        };
        // Whose it is decides by which source's rules it is read.
        let said = taken.file.account.as_deref().map(AccountId::trusted);
        let of_account = said.as_ref().and_then(|id| self.desk.registry.accounts.iter().find(|account| account.id == *id));
        let of_account = of_account.and_then(|account| self.desk.settings.sources.iter().find(|source| source.id == account.source));
        let by = of_account.unwrap_or(self.source);
        let (contents, sha256) = match self.desk.look(&input, by) {
            Ok(looked) => looked,
            Err(error) => return left(&format!("it cannot be read: {}", without_place(&error))),
        };
        if !taken.is_as_it_was() {
            return left(GROWS);
        }
        if let Some(before) = self.desk.store.taken_file(&self.source.id, &sha256).await? {
            return Ok(Read::Known { name: before.name, taken_at: before.taken_at, sha256 });
        }
        let reading = match &contents.reading {
            Ok(reading) => reading,
            Err(FormatError::Io(error)) => return left(&format!("it cannot be read: {error}")),
            Err(_) if taken.file.size == 0 => return Ok(rejected("it is empty", "Ask whoever sent it to send it again.")),
            Err(error) => {
                let mut advice =
                    "Open the file and see whether it is the report at all. If it is a page that asks for a password, or a summary of your \
                     own making, fetch the report from the vendor again, unchanged, and put that in the folder."
                        .to_owned();
                if by.mapping.is_some() {
                    let more = "If the vendor has begun to write it in another way, tell whoever runs avling: what the configuration says of \
                                the rows and fields in files of source";
                    let _ = write!(advice, " {more} {} has to follow. Then put the file in the folder again.", by.id);
                }
                return Ok(rejected(&error.to_string(), &advice));
            }
        };
        let source = said.is_none().then_some(&self.source.id);
        let (account, source) = match whose(self.desk.settings, self.desk.registry, (source, said.as_ref()), reading) {
            Ok(found) => found,
            Err(error) => return Ok(rejected(&error.to_string(), &self.advice(&error))),
        };
        let this_month = Month::of(self.desk.clock.today(self.desk.settings.schedule.time_zone));
        let report = match usable(reading, contents.months.keys().copied(), this_month) {
            Ok(report) => report,
            Err(why) => {
                let advice = "Fetch the report from the vendor again, for months that are over, and put it in the folder.";
                return Ok(rejected(&why, advice));
            }
        };
        let name = &taken.file.name;
        let file = ReportFile { name, input: &input, account, source, report: &report, contents: &contents, sha256: &sha256 };
        match self.desk.settle(&file).await {
            Ok(settled) => Ok(Read::Taken {
                account: account.id.clone(),
                report,
                months: settled.changes.len(),
                rows: settled.rows,
                notes: reading.notes.iter().map(ToString::to_string).collect(),
                sha256,
            }),
            Err(FileError::Input(InputError::Changed { .. })) => left(GROWS),
            Err(FileError::Input(error)) => left(&format!("it cannot be read: {}", without_place(&error))),
            Err(FileError::Settle(error)) if error.is_of_the_report() => {
                Ok(rejected(&format!("the figures cannot be kept: {error}"), "Tell the vendor: counts as large as that cannot be right."))
            }
            Err(error) => Err(error),
        }
    }

    fn advice(&self, error: &WhoseError) -> String {
        let folder = self.folder.join("ACCOUNT");
        let move_it = format!("Put the file into a folder named after the account: {}", folder.display());
        match error {
            WhoseError::NoSource { .. } | WhoseError::NotConfigured { .. } => {
                "Tell whoever runs avling: the account's source is not in the configuration.".to_owned()
            }
            WhoseError::NoAccount { .. } => format!("The account of that folder is not registered any more. {move_it}."),
            WhoseError::NamesNobody | WhoseError::NotSaid { .. } => format!("{move_it}, so that it is clear whose it is."),
            WhoseError::Unknown(_) => format!(
                "If it is the report of an account of source {}, register that customer id for it (avling import accounts). Or: {move_it}.",
                self.source.id
            ),
            WhoseError::Several(_) => format!("{move_it}, so that it is clear which of them is meant."),
        }
    }
}

/// What the system said, without where: the file is in a place that nobody knows it by.
fn without_place(error: &InputError) -> String {
    match error {
        InputError::Io { source, .. } => source.to_string(),
        InputError::Folder { .. } => "it is a folder".to_owned(),
        InputError::Changed { .. } => "it was written to while it was read".to_owned(),
    }
}

fn rejected(why: &str, advice: &str) -> Read {
    let one_line = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Read::Rejected { why: one_line(why), advice: one_line(advice) }
}

fn shown(file: &place::Waiting) -> String {
    file.account.as_ref().map_or_else(|| file.name.clone(), |account| format!("{account}/{}", file.name))
}
