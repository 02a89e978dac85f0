//! A file that somebody names and that may be large: read as often as is needed, and never whole in memory.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Failure;

/// The file.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    /// What can be read only once (a pipe) is copied aside.
    copy: Option<File>,
}

impl Input {
    /// The file at `path`.
    pub fn of(path: &Path) -> Result<Self, Failure> {
        let at = |error: io::Error| Failure::input(format_args!("{}: {error}", path.display()));
        let mut file = File::open(path).map_err(at)?;
        let kind = file.metadata().map_err(at)?.file_type();
        if kind.is_dir() {
            return Err(Failure::input(format_args!("{}: is a folder; name the files in it", path.display())));
        }
        let mut copy = None;
        if !kind.is_file() {
            let mut aside = tempfile::tempfile()?;
            io::copy(&mut file, &mut aside).map_err(at)?;
            copy = Some(aside);
        }
        Ok(Self { path: path.to_owned(), copy })
    }

    /// A reader from its beginning; one at a time.
    pub fn open(&self) -> Result<Hashed<File>, Failure> {
        let open = || match &self.copy {
            None => File::open(&self.path),
            Some(copy) => {
                let mut copy = copy.try_clone()?;
                copy.rewind()?;
                Ok(copy)
            }
        };
        let file = open().map_err(|error| Failure::input(format_args!("{}: {error}", self.path.display())))?;
        Ok(Hashed { reader: file, hash: Sha256::new() })
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
            let Err(Failure::Input(error)) = Input::of(&path) else { panic!("{} was taken", path.display()) };
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
