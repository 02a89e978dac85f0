//! A file that somebody names and that may be large: read as often as is needed, and never whole in memory.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is no file.
    #[error("{}: is a folder; name the files in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// It did not stay as it was.
    #[error("{}: was written to while it was read; import it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// The file.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    /// What can be read only once (a pipe) is copied aside.
    copy: Option<File>,
}

impl Input {
    /// The file at `path`.
    ///
    /// # Errors
    /// It cannot be read, or is a folder.
    pub fn of(path: &Path) -> Result<Self, InputError> {
        let at = |source: io::Error| InputError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(at)?;
        let kind = file.metadata().map_err(at)?.file_type();
        if kind.is_dir() {
            return Err(InputError::Folder { path: path.to_owned() });
        }
        let mut copy = None;
        if !kind.is_file() {
            let mut aside = tempfile::tempfile().map_err(at)?;
            io::copy(&mut file, &mut aside).map_err(at)?;
            copy = Some(aside);
        }
        Ok(Self { path: path.to_owned(), copy })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A reader from its beginning; one at a time.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(&self) -> Result<Hashed<File>, InputError> {
        let open = || match &self.copy {
            None => File::open(&self.path),
            Some(copy) => {
                let mut copy = copy.try_clone()?;
                copy.rewind()?;
                Ok(copy)
            }
        };
        let reader = open().map_err(|source| self.failed(source))?;
        Ok(Hashed { reader, hash: Sha256::new() })
    }

    /// Reading it failed.
    pub(super) fn failed(&self, source: io::Error) -> InputError {
        InputError::Io { path: self.path.clone(), source }
    }
}

/// A reader that knows the SHA-256 of what it has read.
#[derive(Debug)]
pub struct Hashed<R> {
    reader: R,
    hash: Sha256,
}

impl<R: Read> Hashed<R> {
    /// Reads what is left, and says the SHA-256 of all of it, in hexadecimal.
    ///
    /// # Errors
    /// The reader fails.
    pub fn finish(mut self) -> io::Result<String> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(hex::encode(self.hash.finalize()))
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.hash.update(buffer.get(..n).unwrap_or_default());
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_from_its_beginning_each_time() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, b"abc").unwrap();
        let input = Input::of(file.path()).unwrap();
        for _ in 0..2 {
            let mut reader = input.open().unwrap();
            let mut first = [0];
            reader.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"a");
            assert_eq!(reader.finish().unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        }
    }

    #[test]
    fn what_is_no_file_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        for (path, expected) in [(folder.path().to_owned(), "folder"), (folder.path().join("none.json"), "none.json")] {
            let Err(error) = Input::of(&path) else { panic!("{} was taken", path.display()) };
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
