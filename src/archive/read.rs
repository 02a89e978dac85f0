//! Reading back: [`ReplyReader`] gives a body and proves it, [`Records`] walks through the records.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::{ArchiveError, ReplyRecord};

/// The body of a reply, decompressed as it is read. The end of it is an error if the bytes do not hash to its name.
pub struct ReplyReader {
    decoder: zstd::stream::read::Decoder<'static, BufReader<File>>,
    hash: Sha256,
    sha256: String,
}

impl std::fmt::Debug for ReplyReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplyReader").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

impl ReplyReader {
    pub(super) fn open(path: PathBuf, sha256: &str) -> Result<Self, ArchiveError> {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ArchiveError::Missing { sha256: sha256.to_owned(), path });
            }
            Err(error) => return Err(ArchiveError::io("reading", &path, error)),
        };
        let decoder = zstd::stream::read::Decoder::new(file).map_err(|error| ArchiveError::io("reading", &path, error))?;
        Ok(Self { decoder, hash: Sha256::new(), sha256: sha256.to_owned() })
    }

    fn damaged(&self, what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("the archived reply {} is damaged: {what}", self.sha256))
    }
}

impl Read for ReplyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let n = self.decoder.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => self.damaged(&error.to_string()),
        })?;
        if n == 0 && hex::encode(self.hash.clone().finalize()) != self.sha256 {
            return Err(self.damaged("its bytes do not hash to its name"));
        }
        self.hash.update(buffer.get(..n).unwrap_or_default());
        Ok(n)
    }
}

/// The records in the order of time; a damaged one is an error in its place, and the walk goes on.
#[derive(Debug)]
pub struct Records {
    /// What is still to be visited, the next one last.
    ahead: Vec<PathBuf>,
}

impl Records {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { ahead: vec![root] }
    }

    /// Puts what is in a folder before everything else, in order.
    fn enter(&mut self, folder: &PathBuf) -> io::Result<()> {
        let mut inside = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        inside.sort_unstable_by(|a, b| b.cmp(a));
        self.ahead.append(&mut inside);
        Ok(())
    }
}

impl Iterator for Records {
    type Item = Result<ReplyRecord, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let path = self.ahead.pop()?;
            if path.is_dir() {
                if let Err(error) = self.enter(&path) {
                    return Some(Err(ArchiveError::io("reading", &path, error)));
                }
            } else if path.extension().is_some_and(|ending| ending == "json") {
                return Some(read_record(path));
            }
        }
    }
}

fn read_record(path: PathBuf) -> Result<ReplyRecord, ArchiveError> {
    let bytes = fs::read(&path).map_err(|error| ArchiveError::io("reading", &path, error))?;
    serde_json::from_slice(&bytes).map_err(|error| ArchiveError::Record { path, what: error.to_string() })
}
