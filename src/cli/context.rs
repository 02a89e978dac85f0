//! What most commands need: configuration, clock, and what they open with these.

use std::path::{Path, PathBuf};

use super::Failure;
use super::printer::Printer;
use crate::archive::{Archive, ArchiveError};
use crate::attribution::{Rules, SourceRules};
use crate::clock::Clock;
use crate::config::{self, Settings};
use crate::secrets::Sealer;
use crate::store::{Cause, Store, StoreError};

/// The configuration and the clock of a command.
#[derive(Debug)]
pub struct Context {
    /// The configuration.
    pub settings: Settings,
    /// The time.
    pub clock: Clock,
    /// Who prints.
    pub printer: Printer,
    /// Who does it, as it is kept with every change.
    pub who: String,
    /// They have said so themselves.
    pub signed: bool,
}

impl Context {
    /// From the configuration file and the environment.
    pub fn load(file: Option<&Path>, by: Option<&str>, printer: &Printer) -> Result<Self, Failure> {
        let settings = config::load(file, config::process_environment()).map_err(Failure::input)?;
        let clock = Clock::from_environment().map_err(Failure::input)?;
        for warning in &settings.warnings {
            printer.say(format_args!("avling: {warning}"));
        }
        Ok(Self { settings, clock, printer: *printer, who: who(by)?, signed: by.is_some() })
    }

    /// Why a transaction changes things now.
    pub fn cause(&self, reason: &'static str, what: impl Into<String>) -> Cause {
        Cause { who: self.who.clone(), reason, what: what.into(), at: self.now_text() }
    }

    /// The store, for writing.
    pub async fn writer(&self) -> Result<Store, Failure> {
        Store::open_writer(&self.settings.store.url).await.map_err(opening)
    }

    /// The store, for reading.
    pub async fn reader(&self) -> Result<Store, Failure> {
        Store::open_reader(&self.settings.store.url).await.map_err(opening)
    }

    /// The archive.
    pub fn archive(&self) -> Result<Archive, Failure> {
        Archive::open(&self.settings.archive.url).map_err(|error| match error {
            ArchiveError::Url { .. } => Failure::Input(error.into()),
            other => other.into(),
        })
    }

    /// Who seals and opens secrets.
    pub fn sealer(&self) -> Sealer {
        Sealer::new(self.settings.secrets.key.clone())
    }

    /// The rules of attribution.
    pub fn rules(&self) -> Rules {
        let rules = |source: &config::SourceSettings| {
            (source.id.clone(), SourceRules { access: source.access, shared_traffic: source.shared_traffic })
        };
        Rules { subscribers_only: self.settings.attribution.subscribers_only, sources: self.settings.sources.iter().map(rules).collect() }
    }

    /// The time as the store and exports have it.
    pub fn now_text(&self) -> String {
        self.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }
}

/// Who does it: as they say, else as the system calls them.
pub fn who(by: Option<&str>) -> Result<String, Failure> {
    let name = by.map(str::to_owned).or_else(|| ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()));
    let name = name.unwrap_or_else(|| "avling".into());
    let name = name.trim();
    if name.is_empty() || name.len() > 200 || name.contains(char::is_control) {
        return Err(Failure::input("--by must be a name, on one line and of at most 200 bytes"));
    }
    Ok(name.to_owned())
}

/// A store of a kind that this version does not know is a matter of configuration.
fn opening(error: StoreError) -> Failure {
    match error {
        StoreError::UnknownUrl(_) => Failure::Input(error.into()),
        other => other.into(),
    }
}

/// Reads a file that somebody named.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::input(format_args!("{}: {error}", path.display())))
}

/// Writes a result beside its place and brings it there whole, so that nobody sees half a file. What is there keeps its rights;
/// a link stays a link, and what is no file (a pipe, a terminal) is written to as it is.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn std::io::Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let at = |error: std::io::Error| anyhow::anyhow!("{}: {error}", path.display());
    let there = std::fs::metadata(path).ok();
    if there.as_ref().is_some_and(std::fs::Metadata::is_dir) {
        return Err(Failure::input(format_args!("{}: is a folder; name a file in it", path.display())));
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        let mut out = std::io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(path).map_err(at)?);
        write(&mut out)?;
        return Ok(std::io::Write::flush(&mut out).map_err(at)?);
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    if !folder.is_dir() {
        return Err(Failure::input(format_args!("{}: there is no folder {}", path.display(), folder.display())));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".avling-");
    // As a file that is made there by anybody else; the umask has its say.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(&folder).map_err(at)?;
    {
        let mut out = std::io::BufWriter::new(file.as_file_mut());
        write(&mut out)?;
        std::io::Write::flush(&mut out).map_err(at)?;
    }
    if let Some(there) = there {
        file.as_file().set_permissions(there.permissions()).map_err(at)?;
    }
    file.persist(&target).map_err(|error| at(error.error))?;
    Ok(())
}
