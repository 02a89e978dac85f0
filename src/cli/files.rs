//! Sources of files, in a harvest: reports that people put in folders, and logs of events.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Failure;
use super::context::Context;
use super::table::grouped;
use crate::config::{FileSettings, FolderSettings, SourceSettings};
use crate::harvest::access_log::{self, LogDesk, LogReport};
use crate::harvest::change::Ground;
use crate::harvest::file_intake::FileDesk;
use crate::harvest::folder::{self, FileOutcome, FileResult, FolderError, FolderIntake};
use crate::harvest::places::{ByClaims, Places};
use crate::model::SourceId;
use crate::schedule::Selection;
use crate::store::{Changed, Store};

/// What became of files.
#[derive(Debug, Default)]
pub struct FilesReport {
    /// Reports in folders.
    files: Vec<FileOutcome>,
    /// Logs of events.
    logs: Vec<LogReport>,
    /// Sources that could not be gone through, and why.
    problems: Vec<(SourceId, String)>,
}

/// Whether a source is one of those that are meant. What is selected by account, report or month is asked of vendors.
fn is_selected(source: &SourceSettings, selection: &Selection) -> bool {
    let by_source = Selection { sources: selection.sources.clone(), ..Selection::default() };
    *selection == by_source && (selection.sources.is_empty() || selection.sources.contains(&source.id))
}

/// Takes the files of the sources that are selected.
pub async fn take(context: &Context, store: &Store, selection: &Selection) -> Result<FilesReport, Failure> {
    let mut report = FilesReport::default();
    let (mut folders, mut logs) = (Vec::new(), Vec::new());
    for source in context.settings.sources.iter().filter(|source| is_selected(source, selection)) {
        match &source.files {
            Some(FileSettings::Folder(folder)) => folders.push((source, folder)),
            Some(FileSettings::Log(log)) => logs.push((source, &**log)),
            None => {}
        }
    }
    for (source, settings) in logs {
        let registry = store.registry().await?;
        let (rules, archive) = (context.rules(), context.archive()?);
        let ground = Ground { rules: &rules, settings: &context.settings, archive: &archive };
        let desk = LogDesk { clock: context.clock, store, registry: &registry, ground, who: &context.who };
        match access_log::read(&desk, source, settings).await {
            Ok(done) => report.logs.push(done),
            Err(error) if error.is_of_the_source() => report.problems.push((source.id.clone(), error.to_string())),
            Err(error) => return Err(error.into()),
        }
    }
    if !folders.is_empty() {
        take_folders(context, store, &folders, &mut report).await?;
    }
    Ok(report)
}

async fn take_folders(
    context: &Context,
    store: &Store,
    folders: &[(&SourceSettings, &FolderSettings)],
    report: &mut FilesReport,
) -> Result<(), Failure> {
    let registry = store.registry().await?;
    let (rules, archive) = (context.rules(), context.archive()?);
    let places: Arc<dyn Places> = Arc::new(ByClaims::new(&registry));
    let mut looks = Vec::new();
    for (source, settings) in folders {
        match folder::look(source, settings, &registry) {
            Ok(listing) => looks.push((*source, *settings, listing)),
            Err(error) => report.problems.push((source.id.clone(), error.to_string())),
        }
    }
    // One wait for all of them, and none if there is nothing to wait for.
    let watched = looks.iter().filter(|(_, _, listing)| !listing.files.is_empty()).map(|(_, settings, _)| settings.settle).max();
    if let Some(wait) = watched.filter(|wait| !wait.is_zero()) {
        tokio::time::sleep(wait).await;
    }
    for (source, settings, listing) in looks {
        let desk = FileDesk {
            settings: &context.settings,
            clock: context.clock,
            store,
            archive: &archive,
            registry: &registry,
            rules: &rules,
            places: &places,
            who: &context.who,
        };
        let intake = FolderIntake { desk, source, folder: &settings.path };
        match intake.take(&listing).await {
            Ok(outcomes) => report.files.extend(outcomes),
            Err(error @ FolderError::Folder { .. }) => report.problems.push((source.id.clone(), error.to_string())),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

impl FilesReport {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.logs.is_empty() && self.problems.is_empty()
    }

    /// Whether somebody has to look at something.
    pub fn failed(&self) -> bool {
        let rejected = |file: &FileOutcome| matches!(file.result, FileResult::Rejected { .. });
        !self.problems.is_empty() || self.files.iter().any(rejected) || self.logs.iter().any(|log| !log.troubles.is_empty())
    }

    /// Adds it to a result as JSON.
    pub fn document(&self, into: &mut Value) {
        let file = |file: &FileOutcome| {
            let mut document = json!({ "source": file.source, "file": file.file });
            let more = match &file.result {
                FileResult::Taken { account, report, months, rows, notes } => {
                    json!({ "result": "taken", "account": account, "report": report, "months": months, "rows": rows, "notes": notes })
                }
                FileResult::Known { name, taken_at } => json!({ "result": "known", "name": name, "taken_at": taken_at }),
                FileResult::Rejected { why } => json!({ "result": "rejected", "reason": why }),
                FileResult::Left { why } => json!({ "result": "left", "reason": why }),
            };
            if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
                document.extend(more);
            }
            document
        };
        let log = |log: &LogReport| {
            let tally = &log.tally;
            json!({
                "source": log.source, "files": log.files, "read": log.read, "events": tally.events, "sessions": tally.sessions,
                "bad_lines": log.bad, "unsuccessful": tally.unsuccessful, "no_product": tally.no_product,
                "no_institution": tally.no_institution, "shared_addresses": tally.shared, "notes": log.notes,
                "not_read": log.troubles.iter().map(|(file, why)| json!({ "file": file, "reason": why })).collect::<Vec<_>>(),
                "released": log.released,
                "held": log.held.iter().map(|(month, why)| json!({ "month": month, "reason": why })).collect::<Vec<_>>(),
                "statistics": { "added": log.changed.added, "revised": log.changed.revised, "removed": log.changed.removed },
            })
        };
        let Some(into) = into.as_object_mut() else { return };
        into.insert("files".into(), self.files.iter().map(file).collect());
        into.insert("logs".into(), self.logs.iter().map(log).collect());
        let problem = |(source, what): &(SourceId, String)| json!({ "source": source, "reason": what });
        into.insert("problems".into(), self.problems.iter().map(problem).collect());
    }

    /// For people.
    pub fn words(&self) -> String {
        use std::fmt::Write as _;
        let mut out = String::new();
        for FileOutcome { source, file, result } in &self.files {
            let what = match result {
                FileResult::Taken { account, report, months: 0, .. } => {
                    format!("{report} of {account}, nothing that was not there already")
                }
                FileResult::Taken { account, report, months, rows, .. } => {
                    format!("{report} of {account}, {} rows in {months} months", grouped(*rows))
                }
                FileResult::Known { name, taken_at } => {
                    format!("the same file was taken before, as {name}, at {taken_at}; nothing was done")
                }
                FileResult::Rejected { why } => format!("REJECTED: {why}"),
                FileResult::Left { why } => format!("left: {why}"),
            };
            let _ = writeln!(out, "{source}: {file}: {what}");
            if let FileResult::Taken { notes, .. } = result {
                for note in notes {
                    let _ = writeln!(out, "  note: {note}");
                }
            }
        }
        for log in &self.logs {
            log_words(log, &mut out);
        }
        for (_, what) in &self.problems {
            let _ = writeln!(out, "Needs a person: {what}");
        }
        out
    }
}

fn log_words(log: &LogReport, out: &mut String) {
    use std::fmt::Write as _;
    let tally = &log.tally;
    let _ = writeln!(
        out,
        "{}: {} sessions from {} events, new in {} of {} files",
        log.source,
        grouped(tally.sessions),
        grouped(tally.events),
        log.read,
        log.files
    );
    for (count, what) in [
        (tally.unsuccessful, "were not answered with what was asked for"),
        (tally.no_product, "have to do with no product"),
        (tally.no_institution, "are nobody's who is registered"),
        (tally.shared, "come from addresses that several use, so that nobody can tell whose they are"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "  not counted: {} events {what}", grouped(count));
        }
    }
    for note in &log.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    for (file, why) in &log.troubles {
        let _ = writeln!(out, "  NOT READ: {file} {why}");
    }
    if !log.released.is_empty() {
        let months: Vec<String> = log.released.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "  sessions registered for {}", months.join(", "));
    }
    for (month, why) in &log.held {
        let _ = writeln!(out, "  {month} held back: {why}");
    }
    if log.changed != Changed::default() {
        out.push_str(&super::attribute::words(log.changed));
    }
}

/// What `status` tells of the sources of files.
pub struct FilesStatus {
    folders: Vec<FolderStatus>,
    logs: Vec<LogStatus>,
}

/// A folder.
struct FolderStatus {
    source: SourceId,
    /// Files that wait.
    waiting: usize,
    /// Files that were rejected, and why.
    rejected: Vec<(String, String)>,
}

/// The logs of a source.
struct LogStatus {
    source: SourceId,
    /// When the last event was that is counted.
    newest: Option<String>,
    /// What is to be put right or waited for.
    open: Vec<String>,
}

/// Months of a log that are looked back on.
const MONTHS_BACK: usize = 13;

/// Looks at the sources of files, or those of these.
pub async fn status(context: &Context, store: &Store, only: &[SourceId]) -> Result<FilesStatus, Failure> {
    let mut status = FilesStatus { folders: Vec::new(), logs: Vec::new() };
    let zone = context.settings.schedule.time_zone;
    let today = context.clock.today(zone);
    let mut registry = None;
    for source in context.settings.sources.iter().filter(|source| only.is_empty() || only.contains(&source.id)) {
        match &source.files {
            Some(FileSettings::Folder(settings)) => {
                if registry.is_none() {
                    registry = Some(store.registry().await?);
                }
                let Some(registry) = &registry else { continue };
                let waiting = folder::look(source, settings, registry).map_or(0, |listing| listing.files.len());
                let rejected = folder::place::rejected(&settings.path).unwrap_or_default();
                status.folders.push(FolderStatus { source: source.id.clone(), waiting, rejected });
            }
            Some(FileSettings::Log(settings)) => {
                let state = store.log_state(&source.id).await?;
                let newest = chrono::DateTime::from_timestamp(state.newest, 0).filter(|_| state.newest > 0);
                let newest = newest.map(|time| time.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string());
                let incomplete = access_log::incomplete(&state, settings.quiet_days, today, MONTHS_BACK);
                let mut words: Vec<String> =
                    incomplete.iter().map(|(month, why)| format!("{month} is not complete: {}", why.words())).collect();
                words.extend(state.troubles.iter().map(|(file, why)| format!("{file} {why}")));
                status.logs.push(LogStatus { source: source.id.clone(), newest, open: words });
            }
            None => {}
        }
    }
    Ok(status)
}

impl FilesStatus {
    /// As JSON: folders and logs.
    pub fn documents(&self) -> (Value, Value) {
        let rejected = |(file, why): &(String, String)| json!({ "file": file, "reason": why });
        let folder = |folder: &FolderStatus| {
            let rejected: Vec<_> = folder.rejected.iter().map(rejected).collect();
            json!({ "source": folder.source, "waiting": folder.waiting, "rejected": rejected })
        };
        let log = |log: &LogStatus| json!({ "source": log.source, "counted_to": log.newest, "open": log.open });
        (self.folders.iter().map(folder).collect(), self.logs.iter().map(log).collect())
    }

    /// For people; empty if there is nothing to tell.
    pub fn words(&self) -> String {
        let mut out = String::new();
        for FolderStatus { source, waiting, rejected } in &self.folders {
            if *waiting == 0 && rejected.is_empty() {
                continue;
            }
            out.push_str(&format!("\nFiles of {source}: {waiting} wait, {} rejected\n", rejected.len()));
            for (file, why) in rejected {
                out.push_str(&format!("  {}/{file}: {why}\n", folder::place::REJECTED));
            }
        }
        for LogStatus { source, newest, open } in &self.logs {
            let newest = newest.as_ref().map_or_else(|| "nothing is counted yet".to_owned(), |time| format!("counted up to {time}"));
            out.push_str(&format!("\nLogs of {source}: {newest}\n"));
            for what in open {
                out.push_str(&format!("  {what}\n"));
            }
        }
        out
    }
}

/// Whether the files of a source can be got at; what is good about it.
pub fn check(context: &Context, source: &SourceSettings, registry: &crate::model::registry::Registry) -> Option<Result<String, String>> {
    match source.files.as_ref()? {
        FileSettings::Folder(settings) => {
            let found = folder::look(source, settings, registry).map_err(|error| error.to_string());
            let writable = |path: &Path| {
                tempfile::Builder::new().prefix(".avling-check-").tempfile_in(path).map_err(|error| {
                    format!("files in {} cannot be put away: {error}; give the user that runs avling the right to", path.display())
                })
            };
            Some(found.and_then(|listing| {
                writable(&settings.path)?;
                let accounts = registry.accounts.iter().filter(|account| account.source == source.id).count();
                if accounts == 0 {
                    return Err("no account of it is registered, so no file can be anybody's; import accounts".to_owned());
                }
                Ok(format!("{}; {accounts} accounts, {} files wait", settings.path.display(), listing.files.len()))
            }))
        }
        FileSettings::Log(settings) => {
            let known = access_log::known(registry, source, settings).map_err(|error| error.to_string());
            Some(known.and_then(|()| match access_log::file::list(settings)?.len() {
                0 => Err(format!("there is no log at {}", settings.path.display())),
                files => Ok(format!("{}; {files} files; clock of {}", settings.path.display(), context.settings.schedule.time_zone)),
            }))
        }
    }
}
