//! Logs of events of a shared access control, or of a proxy: sessions per institution, product and month, and nothing personal.
//!
//! [`read`] looks at the files of a source ([`mod@file`]), reads what is new in each once to judge it ([`judge`]) and once more to count it
//! ([`count`]), and writes all of it in one transaction: how far each log is counted, the sessions, and for months that the logs wholly
//! cover ([`coverage`]) the sessions among those that are registered, from which keys of the method `measured` take their weights.
//!
//! Of a log nothing is kept but counts by month, the days that have events, and keyed hashes by which it is known again. The archive
//! gets the counts of each month that is released, since they are the evidence, and never the log: who read what is nobody's business.

pub mod count;
pub mod coverage;
pub mod file;
pub mod judge;
mod release;
#[cfg(test)]
mod tests;

use std::io;

use chrono::SecondsFormat;

use self::count::{Counter, Tally};
use self::coverage::{Incomplete, complete};
use self::file::{Keyed, Peek};
use self::judge::{Judged, Part};
use super::change::Ground;
use super::settle::SettleError;
use crate::archive::ArchiveError;
use crate::clock::Clock;
use crate::config::{LogSettings, SourceSettings};
use crate::formats::access_log::{Layout, Role};
use crate::model::registry::Registry;
use crate::model::{Month, ProductId, SourceId};
use crate::store::{Cause, Changed, LogFile, LogState, Store, StoreError};

/// How the archive's records of counts from logs say that they came.
pub const METHOD: &str = "LOG";

/// Why the logs of a source could not be read. Nothing of them was counted.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Where they are, or what is said of them.
    #[error("source {id}: {what}")]
    Settings {
        /// The source.
        id: SourceId,
        /// What is wrong.
        what: String,
    },
    /// A file.
    #[error("source {id}: a log could not be read: {error}")]
    Io {
        /// The source.
        id: SourceId,
        /// What the system said.
        error: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Statistics could not be made again.
    #[error(transparent)]
    Settle(#[from] SettleError),
}

impl LogError {
    /// Whether it is the source that is wrong, and not the store or the archive.
    #[must_use]
    pub fn is_of_the_source(&self) -> bool {
        matches!(self, Self::Settings { .. } | Self::Io { .. })
    }
}

/// What became of the logs of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// The source.
    pub source: SourceId,
    /// Files that there are.
    pub files: usize,
    /// Files in which there was something new.
    pub read: usize,
    /// What became of their events.
    pub tally: Tally,
    /// Lines that were no events.
    pub bad: u64,
    /// What is to be said about them.
    pub notes: Vec<String>,
    /// Files that were not read, and why.
    pub troubles: Vec<(String, String)>,
    /// Months whose sessions were registered, or more of them.
    pub released: Vec<Month>,
    /// Months whose sessions are held back, and why.
    pub held: Vec<(Month, String)>,
    /// The figures that changed.
    pub changed: Changed,
}

/// What reading logs needs.
pub struct LogDesk<'a> {
    /// The time.
    pub clock: Clock,
    /// The store, open for writing.
    pub store: &'a Store,
    /// What is registered.
    pub registry: &'a Registry,
    /// The rules, the configuration and the archive.
    pub ground: Ground<'a>,
    /// Who has it done.
    pub who: &'a str,
}

/// Reads what is new in the logs of a source, and counts it.
///
/// # Errors
/// See [`LogError`].
pub async fn read(desk: &LogDesk<'_>, source: &SourceSettings, settings: &LogSettings) -> Result<LogReport, LogError> {
    known(desk.registry, source, settings)?;
    let zone = desk.ground.settings.schedule.time_zone;
    let today = desk.clock.today(zone);
    let this_month = Month::of(today);
    let mut state = desk.store.log_state(&source.id).await?;
    let of_source = |error: io::Error| LogError::Io { id: source.id.clone(), error };
    let keyed = match hex::decode(&state.salt).ok().and_then(|salt| salt.try_into().ok()) {
        Some(salt) => Keyed(salt),
        None => Keyed::new().map_err(of_source)?,
    };
    state.salt = hex::encode(keyed.0);
    let files = file::list(settings).map_err(|what| LogError::Settings { id: source.id.clone(), what })?;
    let count = files.len();
    let mut report = LogReport {
        source: source.id.clone(),
        files: count,
        read: 0,
        tally: Tally::default(),
        bad: 0,
        notes: Vec::new(),
        troubles: Vec::new(),
        released: Vec::new(),
        held: Vec::new(),
        changed: Changed::default(),
    };
    let mut peeks: Vec<Peek> = Vec::new();
    for path in files {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match Peek::at(&path, settings, &keyed) {
            Ok(Ok(peek)) => peeks.extend(peek),
            Ok(Err(what)) => report.troubles.push((name, what)),
            // It was renamed since; it is found under its other name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => report.troubles.push((name, format!("cannot be read: {error}"))),
        }
    }
    let peeks = each_once(peeks);
    let mut parts: Vec<Part> = Vec::new();
    let mut written: Vec<(Option<String>, LogFile)> = Vec::new();
    for peek in peeks {
        let name = peek.name.clone();
        match judge::judge(peek, &state.files, &keyed, settings, zone, this_month) {
            Ok(Judged::New(part) | Judged::Nothing(Some(part))) => parts.push(*part),
            Ok(Judged::Nothing(None)) => {}
            Ok(Judged::Refused(what)) => report.troubles.push((name, what)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => report.troubles.push((name, format!("cannot be read: {error}"))),
        }
    }
    tracing::info!(source = %source.id, files = count, "looked at");
    let counter = Counter::new(settings, desk.registry, desk.ground.rules, &source.product, zone, this_month).map_err(of_source)?;
    let (counts, tally) = counter.count(&parts).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound => {
            of_source(io::Error::other("it was moved or cut while it was read; nothing is counted, and all of it is read the next time"))
        }
        _ => of_source(error),
    })?;
    tracing::info!(source = %source.id, events = tally.events, sessions = tally.sessions, "counted");
    (report.tally, report.read) = (tally, parts.iter().filter(|part| part.good > 0 || part.bad > 0).count());
    for part in &parts {
        report.bad += part.bad;
        if part.bad > 0 {
            report.notes.push(format!("{}: {}", part.peek.name, part.bad_words()));
        }
        for (month, days) in &part.days {
            *state.days.entry(*month).or_default() |= days;
        }
        state.newest = state.newest.max(part.after.newest);
        if part.before.as_ref() != Some(&part.after) {
            written.push((part.before.as_ref().map(|log| log.first.clone()), part.after.clone()));
        }
    }
    state.troubles.clone_from(&report.troubles);
    let at = desk.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let cause = Cause { who: desk.who.to_owned(), reason: "registry", what: format!("sessions of the access log {}", source.id), at };
    let mut transaction = desk.store.begin(cause).await?;
    transaction.set_log_state(&source.id, &state, &written).await?;
    transaction.add_log_counts(&source.id, &counts).await?;
    for month in transaction.log_held(&source.id).await? {
        match complete(&state.days, month, settings.quiet_days, today) {
            Ok(()) => {
                let changed = release::release(&mut transaction, desk, source, month).await?;
                report.changed = report.changed.and(changed);
                report.released.push(month);
            }
            Err(why) => report.held.push((month, why.words())),
        }
    }
    transaction.commit().await?;
    tracing::info!(source = %source.id, "written");
    Ok(report)
}

/// Whether everybody and everything that the settings name is registered: what is counted as nobody's cannot be counted again.
///
/// # Errors
/// What is not.
pub fn known(registry: &Registry, source: &SourceSettings, settings: &LogSettings) -> Result<(), LogError> {
    let wrong = |what: String| Err(LogError::Settings { id: source.id.clone(), what });
    let institution = settings.institutions.values().find(|id| !registry.institutions.iter().any(|row| row.id == **id));
    if let Some(id) = institution {
        return wrong(format!("its log.institutions name {id}, which is not registered; import institutions first, or correct it"));
    }
    let unknown = |id: &&ProductId| !registry.products.iter().any(|row| row.id == **id);
    if let Some(id) = settings.products.iter().map(|rule| &rule.product).find(unknown) {
        return wrong(format!("its log names the product {id}, which is not registered; import products first, or correct it"));
    }
    // Where no line can say which product it is about, all of them are about the source's own.
    let silent = matches!(&settings.layout, Layout::Pattern(pattern) if !pattern.has(Role::Product));
    if settings.products.is_empty() && silent && unknown(&&source.product) {
        let id = &source.product;
        return wrong(format!("its product {id} is not registered; import products first, or give it another product"));
    }
    Ok(())
}

/// Of files that are one log, as while one is being packed, the one that is not packed, or else the largest.
fn each_once(mut peeks: Vec<Peek>) -> Vec<Peek> {
    peeks.sort_by(|a, b| {
        (a.is_packed(), std::cmp::Reverse(a.raw_bytes), &a.name).cmp(&(b.is_packed(), std::cmp::Reverse(b.raw_bytes), &b.name))
    });
    let mut once: Vec<Peek> = Vec::with_capacity(peeks.len());
    for peek in peeks {
        if !once.iter().any(|known| known.is_like(&peek)) {
            once.push(peek);
        }
    }
    once
}

/// Months of which the logs of a source tell something and that are not complete, the newest so many of them.
#[must_use]
pub fn incomplete(state: &LogState, quiet_days: u32, today: chrono::NaiveDate, most: usize) -> Vec<(Month, Incomplete)> {
    let why = |month: &Month| complete(&state.days, *month, quiet_days, today).err().map(|why| (*month, why));
    let mut found: Vec<_> = state.days.keys().rev().filter_map(why).take(most).collect();
    found.reverse();
    found
}
