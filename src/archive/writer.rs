//! [`Writer`]: takes the body of one reply as it comes, and gives it its place at the end.
//!
//! Bytes gather in memory until there are enough to be worth a thread; then they are hashed, compressed and
//! written away from the threads that wait for the network.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{ArchiveError, ReplyRecord, body_path, make_folder, sync_folder};

/// How much is gathered before a thread is asked to compress it.
const CHUNK: usize = 256 * 1024;
/// zstd's own default: JSON shrinks to a tenth at some hundreds of MB a second.
const LEVEL: i32 = 3;

/// One reply that is being taken. Dropped without [`finish`](Self::finish), it leaves nothing behind.
#[derive(Debug)]
pub struct Writer {
    /// Nothing only while a thread has it, or after a failure.
    body: Option<Body>,
    pending: Vec<u8>,
    size: u64,
    root: Arc<Path>,
}

/// What [`Writer::finish`] made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// SHA-256 of the body, 64 hexadecimal digits: its name.
    pub sha256: String,
    /// Bytes of the body before compression.
    pub bytes: u64,
    /// The record's file, relative to the archive.
    pub record: String,
}

impl Writer {
    pub(super) async fn begin(root: Arc<Path>) -> Result<Self, ArchiveError> {
        let folder = root.join("tmp");
        let body = on_a_thread(move || Body::new(&folder)).await?;
        Ok(Self { body: Some(body), pending: Vec::new(), size: 0, root })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The file system failed; this writer is of no more use.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.size += bytes.len() as u64;
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= CHUNK { self.flush().await } else { Ok(()) }
    }

    /// How many bytes it has taken, before compression.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Forgets all but the first `keep` bytes: of a reply that is not kept whole, the beginning is the evidence.
    ///
    /// # Errors
    /// The file system failed; this writer is of no more use.
    pub async fn truncate(&mut self, keep: u64) -> Result<(), ArchiveError> {
        if keep >= self.size {
            return Ok(());
        }
        self.flush().await?;
        let body = self.body.take().ok_or(ArchiveError::Stopped)?;
        self.body = Some(on_a_thread(move || body.beginning(keep)).await?);
        self.size = keep;
        Ok(())
    }

    /// Gives the body and its record their places, for good. A body that is there already is not written again.
    /// `record`'s hash and size are filled in here.
    ///
    /// # Errors
    /// The file system failed. Nothing is left then but perhaps a body without a record.
    pub async fn finish(mut self, mut record: ReplyRecord) -> Result<Archived, ArchiveError> {
        let mut body = self.body.take().ok_or(ArchiveError::Stopped)?;
        let pending = std::mem::take(&mut self.pending);
        let (root, bytes) = (Arc::clone(&self.root), self.size);
        on_a_thread(move || {
            body.write(&pending)?;
            let sha256 = body.place(&root)?;
            record.sha256.clone_from(&sha256);
            record.bytes = bytes;
            let record = place_record(&root, &record)?;
            Ok(Archived { sha256, bytes, record })
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ArchiveError> {
        let mut body = self.body.take().ok_or(ArchiveError::Stopped)?;
        let mut pending = std::mem::take(&mut self.pending);
        let (body, pending) = on_a_thread(move || {
            body.write(&pending)?;
            pending.clear();
            Ok((body, pending))
        })
        .await?;
        (self.body, self.pending) = (Some(body), pending);
        Ok(())
    }
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static) -> Result<T, ArchiveError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ArchiveError::Stopped)?
}

/// A body in its temporary file, which goes when this does.
struct Body {
    file: NamedTempFile,
    encoder: zstd::stream::write::Encoder<'static, File>,
    hash: Sha256,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("file", &self.file.path()).finish_non_exhaustive()
    }
}

impl Body {
    fn new(folder: &Path) -> Result<Self, ArchiveError> {
        let make = || {
            let file = temporary(folder)?;
            let encoder = zstd::stream::write::Encoder::new(file.reopen()?, LEVEL)?;
            Ok(Self { file, encoder, hash: Sha256::new() })
        };
        make().map_err(|error| ArchiveError::io("writing in", folder, error))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.hash.update(bytes);
        self.encoder.write_all(bytes).map_err(|error| ArchiveError::io("writing", self.file.path(), error))
    }

    /// A new body with the first `keep` bytes of this one.
    fn beginning(self, keep: u64) -> Result<Self, ArchiveError> {
        let path = self.file.path().to_path_buf();
        let failed = |error| ArchiveError::io("reading back", &path, error);
        let mut whole = self.encoder.finish().map_err(failed)?;
        whole.seek(SeekFrom::Start(0)).map_err(failed)?;
        // The handle that wrote may not read; the temporary file's own may.
        let file = self.file.reopen().map_err(failed)?;
        let mut decoder = zstd::stream::read::Decoder::new(file).map_err(failed)?.take(keep);
        let mut short = Self::new(path.parent().unwrap_or(Path::new(".")))?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = decoder.read(&mut buffer).map_err(failed)?;
            let Some(bytes) = buffer.get(..n).filter(|bytes| !bytes.is_empty()) else { return Ok(short) };
            short.write(bytes)?;
        }
    }

    /// Moves it to the place that its hash names; returns the hash.
    fn place(self, root: &Path) -> Result<String, ArchiveError> {
        let sha256 = hex::encode(self.hash.finalize());
        let target = body_path(root, &sha256)?;
        if target.is_file() {
            return Ok(sha256);
        }
        let written = self.encoder.finish().and_then(|file| file.sync_all());
        written.map_err(|error| ArchiveError::io("writing", self.file.path(), error))?;
        put(self.file, &target)?;
        Ok(sha256)
    }
}

fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix("reply-").suffix(".tmp").tempfile_in(folder)
}

/// Gives a file that is on the disk its name, unless something has it; says whether it did.
fn put(file: NamedTempFile, target: &Path) -> Result<bool, ArchiveError> {
    let folder = target.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    match file.persist_noclobber(target) {
        Ok(_) => sync_folder(folder).map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(ArchiveError::io("writing", target, error.error)),
    }
}

/// Writes the record under the first free name; returns its path relative to the archive.
fn place_record(root: &Path, record: &ReplyRecord) -> Result<String, ArchiveError> {
    let (folder, name) = record.place();
    let folder = PathBuf::from("records").join(folder);
    let temporary_folder = root.join("tmp");
    let json = serde_json::to_vec_pretty(record)
        .map_err(|error| ArchiveError::Record { path: root.join(&folder).join(&name), what: error.to_string() })?;
    // Two replies of one second may bring the same: each is an event of its own.
    for number in 1_u64.. {
        let file = if number == 1 { format!("{name}.json") } else { format!("{name}-{number}.json") };
        let place = folder.join(file);
        if root.join(&place).exists() {
            continue;
        }
        let write = || {
            let mut file = temporary(&temporary_folder)?;
            file.write_all(&json)?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = write().map_err(|error| ArchiveError::io("writing in", &temporary_folder, error))?;
        if put(file, &root.join(&place))? {
            return Ok(place.to_string_lossy().into_owned());
        }
    }
    Err(ArchiveError::Stopped)
}
