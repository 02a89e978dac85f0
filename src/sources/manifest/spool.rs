//! [`Spool`]: a page on the disk until it is known what it is, in a file without a name that goes with it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use zip::ZipArchive;

use crate::archive::{ArchiveError, Writer};
use crate::sources::answer::Answer;
use crate::sources::error::FetchError;
use crate::sources::redact::Redactor;

/// How much is kept at hand to be shown.
const SHOWN: usize = 200;
/// Read at a time.
const PIECE: usize = 64 * 1024;
/// No archive with a report in it has more files.
const MOST_FILES: usize = 10_000;

/// A page, with our secrets taken out.
pub(super) struct Spool {
    file: File,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub hash: [u8; 32],
    /// Its first bytes.
    pub beginning: Vec<u8>,
}

/// No room, most likely.
pub(super) fn failed(error: io::Error) -> FetchError {
    ArchiveError::io("writing in", Path::new("the archive's folder tmp"), error).into()
}

impl Spool {
    /// Takes the body of an answer into `file`. `progress` is told its bytes so far.
    pub(super) async fn fill(
        file: File,
        answer: &mut Answer,
        redactor: &Redactor,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Self, FetchError> {
        let mut out = tokio::fs::File::from_std(file.try_clone().map_err(failed)?);
        let (mut stream, mut hash) = (redactor.stream(), Sha256::new());
        let (mut piece, mut beginning, mut bytes, mut received) = (Vec::new(), Vec::new(), 0, 0);
        let mut stream_ended = false;
        while !stream_ended {
            match answer.next().await? {
                Some(more) => {
                    received += more.len() as u64;
                    stream.push(more, &mut piece);
                }
                None => {
                    std::mem::replace(&mut stream, redactor.stream()).finish(&mut piece);
                    stream_ended = true;
                }
            }
            bytes += piece.len() as u64;
            hash.update(&piece);
            beginning.extend(piece.iter().take(SHOWN.saturating_sub(beginning.len())));
            out.write_all(&piece).await.map_err(failed)?;
            piece.clear();
            progress(received);
        }
        out.flush().await.map_err(failed)?;
        Ok(Self { file, bytes, hash: hash.finalize().into(), beginning })
    }

    /// Reads it from its beginning.
    pub(super) fn reader(&self) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }

    /// Writes it into the archive.
    pub(super) async fn copy_into(&self, writer: &mut Writer) -> Result<(), FetchError> {
        use tokio::io::AsyncReadExt as _;
        let mut file = tokio::fs::File::from_std(self.reader().map_err(failed)?);
        let mut piece = vec![0; PIECE];
        loop {
            let size = file.read(&mut piece).await.map_err(failed)?;
            match piece.get(..size).filter(|piece| !piece.is_empty()) {
                Some(piece) => writer.write(piece).await?,
                None => return Ok(()),
            }
        }
    }

    /// The file in it, with our secrets taken out; at most `most` bytes of it.
    pub(super) async fn unzip(
        self,
        into: File,
        name: Option<String>,
        redactor: Redactor,
        host: &str,
        most: u64,
    ) -> Result<Self, FetchError> {
        let host = host.to_owned();
        on_a_thread(move || self.unzipped(into, name.as_deref(), &redactor, &host, most)).await
    }

    fn unzipped(self, mut out: File, name: Option<&str>, redactor: &Redactor, host: &str, most: u64) -> Result<Self, FetchError> {
        let bad = |cause: String| FetchError::Decompression { host: host.to_owned(), cause };
        let mut archive = ZipArchive::new(self.reader().map_err(failed)?).map_err(|error| bad(error.to_string()))?;
        if archive.len() > MOST_FILES {
            return Err(bad("the zip archive has too many files".into()));
        }
        let names: Vec<String> = archive
            .file_names()
            .filter_map(|name| name.ok().map(std::borrow::Cow::into_owned))
            .filter(|name| !name.ends_with('/'))
            .collect();
        let found: Vec<&String> = names.iter().filter(|known| name.is_none_or(|name| fits(name, known))).collect();
        let shown = |names: &[&String]| names.iter().take(10).map(|name| redactor.text(name)).collect::<Vec<_>>().join(", ");
        let found = match found.as_slice() {
            [one] => (*one).clone(),
            [] => return Err(bad(format!("the zip archive has no such file; it has: {}", shown(&names.iter().collect::<Vec<_>>())))),
            several => return Err(bad(format!("the zip archive has several such files: {}; say which with packed_file", shown(several)))),
        };
        let mut part = archive.by_name(&found).map_err(|error| bad(error.to_string()))?;
        let (mut stream, mut hash, mut piece, mut buffer) = (redactor.stream(), Sha256::new(), Vec::new(), vec![0; PIECE]);
        let (mut beginning, mut bytes, mut unpacked) = (Vec::new(), 0, 0);
        let mut ended = false;
        while !ended {
            let size = part.read(&mut buffer).map_err(|error| bad(error.to_string()))?;
            unpacked += size as u64;
            if unpacked > most {
                return Err(FetchError::TooLarge { host: host.to_owned(), limit: most });
            }
            ended = size == 0;
            if ended {
                std::mem::replace(&mut stream, redactor.stream()).finish(&mut piece);
            } else {
                stream.push(buffer.get(..size).unwrap_or_default(), &mut piece);
            }
            bytes += piece.len() as u64;
            hash.update(&piece);
            beginning.extend(piece.iter().take(SHOWN.saturating_sub(beginning.len())));
            out.write_all(&piece).map_err(failed)?;
            piece.clear();
        }
        Ok(Self { file: out, bytes, hash: hash.finalize().into(), beginning })
    }

    /// Itself, a workbook, unless one of our secrets stands in it: out of there it could not be taken.
    pub(super) async fn without_echo(self, redactor: Redactor, host: &str) -> Result<Self, FetchError> {
        let host = host.to_owned();
        on_a_thread(move || {
            // What is no archive is no workbook either, and whoever reads it says so.
            let Ok(mut archive) = ZipArchive::new(self.reader().map_err(failed)?) else { return Ok(self) };
            let mut buffer = vec![0; PIECE];
            for place in 0..archive.len().min(MOST_FILES) {
                let Ok(mut part) = archive.by_index(place) else { continue };
                let (mut stream, mut out, mut differs, mut before) = (redactor.stream(), Vec::new(), false, Vec::new());
                // The redactor may be behind by what it cannot decide yet.
                while let Ok(size @ 1..) = part.read(&mut buffer) {
                    let piece = buffer.get(..size).unwrap_or_default();
                    before.extend_from_slice(piece);
                    stream.push(piece, &mut out);
                    differs |= !before.starts_with(&out);
                    before.drain(..out.len().min(before.len()));
                    out.clear();
                }
                stream.finish(&mut out);
                if differs || before != out {
                    return Err(FetchError::Echo { host });
                }
            }
            Ok(self)
        })
        .await
    }
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, FetchError> + Send + 'static) -> Result<T, FetchError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ArchiveError::Stopped)?
}

/// Whether a file's name, with or without its folder, fits: `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let fits_all = |text: &str| {
        let mut parts = pattern.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        let Some(middle) = rest.strip_suffix(last) else { return false };
        rest = middle;
        parts.all(|part| match rest.find(part) {
            Some(at) => {
                rest = rest.get(at + part.len()..).unwrap_or_default();
                true
            }
            None => false,
        })
    };
    fits_all(name) || fits_all(name.rsplit('/').next().unwrap_or(name))
}
