//! Raw replies, kept for ever: the evidence that every figure goes back to.
//!
//! [`Archive`] is the place, [`Writer`] takes one reply as it comes, [`ReplyReader`] gives a body back, and
//! [`ReplyRecord`] says what was asked, when, and how it was answered. Bodies are compressed and named by the
//! SHA-256 of their bytes, so the same reply is kept once; records are one file for each reply that came.
//!
//! ```text
//! replies/ab/abcdef….zst                                  the body, zstd
//! records/2025/01/20/20250120T033000Z-ACCOUNT-REPORT-abcdef01.json
//! tmp/                                                    what is being written
//! ```
//!
//! Nothing here is ever changed. A file is written whole under `tmp/`, brought to the disk, and only then given
//! its name, body before record, so that a crash leaves at most a file in `tmp/` or a body without a record.

mod read;
mod record;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use read::{Records, ReplyReader};
pub use record::ReplyRecord;
pub use writer::{Archived, Writer};

/// How old a leftover of a killed process must be before it is removed: nothing is written for so long.
const LEFTOVER_AGE: Duration = Duration::from_hours(24);

/// Why the archive could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// `archive.url` is nothing that an archive can be at.
    #[error("archive.url is '{url}', which {what}; write it as file:///var/lib/avling/archive")]
    Url {
        /// What was configured.
        url: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No room.
    #[error("no room left for the archive at {}: free some disk space there, or move the archive (archive.url)", path.display())]
    Full {
        /// Where there is no room.
        path: PathBuf,
    },
    /// Nothing with this hash.
    #[error("the archive has no reply {sha256}; it should be at {}", path.display())]
    Missing {
        /// What was asked for.
        sha256: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// Not 64 hexadecimal digits in lower case.
    #[error("'{0}' is not the SHA-256 of a reply: 64 hexadecimal digits in lower case")]
    NotHash(String),
    /// A record that cannot be read.
    #[error("the record {} is damaged: {what}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Any other failure of the file system.
    #[error("{doing} {} failed: {source}", path.display())]
    Io {
        /// What was tried (`writing`, `reading`).
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The runtime is shutting down.
    #[error("writing to the archive was stopped, because the program ends")]
    Stopped,
}

impl ArchiveError {
    /// A failure of the file system, told apart.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { doing, path, source },
        }
    }
}

/// The place where replies are kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive {
    root: Arc<Path>,
}

impl Archive {
    /// The archive at `url` (`file:///path`, or a plain path). Nothing is made before something is kept.
    ///
    /// # Errors
    /// [`ArchiveError::Url`].
    pub fn open(url: &str) -> Result<Self, ArchiveError> {
        Ok(Self { root: path_of(url)?.into() })
    }

    /// Begins to take a reply. Makes the archive's folders if they are not there, and removes what a killed process
    /// left in `tmp/` more than a day ago.
    ///
    /// # Errors
    /// The folders or the temporary file cannot be made.
    pub async fn begin(&self) -> Result<Writer, ArchiveError> {
        for folder in ["replies", "records", "tmp"] {
            make_folder(&self.root.join(folder))?;
        }
        remove_leftovers(&self.root.join("tmp"));
        Writer::begin(Arc::clone(&self.root)).await
    }

    /// A file without a name on the archive's disk, for what has to be looked at before it is taken; it goes when it is closed.
    ///
    /// # Errors
    /// The folders or the file cannot be made.
    pub fn scratch(&self) -> Result<File, ArchiveError> {
        let folder = self.root.join("tmp");
        make_folder(&folder)?;
        tempfile::tempfile_in(&folder).map_err(|error| ArchiveError::io("writing in", &folder, error))
    }

    /// Opens the body of a reply. It blocks: for `spawn_blocking`, or a thread.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`], [`ArchiveError::NotHash`], or the file cannot be opened. Damage shows as an
    /// error at the end of reading.
    pub fn read(&self, sha256: &str) -> Result<ReplyReader, ArchiveError> {
        ReplyReader::open(self.body_path(sha256)?, sha256)
    }

    /// Whether the body of a reply is here. It blocks, shortly.
    #[must_use]
    pub fn exists(&self, sha256: &str) -> bool {
        self.file_of(sha256).is_some()
    }

    /// Where the body of a reply lies, if it is here. It blocks, shortly.
    #[must_use]
    pub fn file_of(&self, sha256: &str) -> Option<PathBuf> {
        self.body_path(sha256).ok().filter(|path| path.is_file())
    }

    /// The record of every reply, in the order of time. It blocks; memory does not grow with the archive
    /// beyond one day's names.
    #[must_use]
    pub fn records(&self) -> Records {
        Records::new(self.root.join("records"))
    }

    fn body_path(&self, sha256: &str) -> Result<PathBuf, ArchiveError> {
        body_path(&self.root, sha256)
    }
}

/// Where the body with this hash is.
fn body_path(root: &Path, sha256: &str) -> Result<PathBuf, ArchiveError> {
    let hexadecimal = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match sha256.get(..2) {
        Some(start) if hexadecimal => Ok(root.join("replies").join(start).join(format!("{sha256}.zst"))),
        _ => Err(ArchiveError::NotHash(sha256.chars().take(80).collect())),
    }
}

fn path_of(url: &str) -> Result<PathBuf, ArchiveError> {
    let refuse = |what| ArchiveError::Url { url: without_userinfo(url), what };
    if url.is_empty() {
        return Err(refuse("is empty"));
    }
    if !url.contains("://") {
        return Ok(PathBuf::from(url));
    }
    if !url.starts_with("file://") {
        return Err(refuse("is no kind of archive known here"));
    }
    let parsed = reqwest::Url::parse(url).map_err(|_| refuse("is not a URL"))?;
    parsed.to_file_path().map_err(|()| refuse("names a host; a file URL has three slashes"))
}

/// Whatever stands before the host may be a secret.
fn without_userinfo(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

/// Makes a folder and those above it, so that their names outlive a crash.
fn make_folder(path: &Path) -> Result<(), ArchiveError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    match fs::create_dir(path) {
        Ok(()) => sync_folder(parent.unwrap_or(Path::new("."))),
        // Somebody else was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(ArchiveError::io("making the folder", path, error)),
    }
}

/// Brings the names in a folder to the disk.
fn sync_folder(path: &Path) -> Result<(), ArchiveError> {
    // Windows has no such thing; there a file's name is as durable as the file.
    if cfg!(unix) {
        File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| ArchiveError::io("writing the folder", path, error))?;
    }
    Ok(())
}

/// Removes old temporary files. Failing to is no reason not to start.
fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        // Measured with the system's clock, because the file system's times are.
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > LEFTOVER_AGE)
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::warn!(path = %entry.path().display(), %error, "a leftover temporary file could not be removed");
        }
    }
}
