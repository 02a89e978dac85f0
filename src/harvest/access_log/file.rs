//! A log as a file: found, opened (also compressed), known again whatever it is called by then, and read by lines from any place.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::config::LogSettings;
use crate::config::glob;
use crate::formats::access_log::{CsvHeader, Layout};
use crate::harvest::folder::place::is_unfinished;
use crate::secrets::hmac::hmac;

/// So much of a log's beginning is looked at.
const BEGINNING: usize = 64 * 1024;

/// A log is known by so many bytes of its first events.
pub const FIRST: usize = 4096;

/// And by so many bytes before the place up to which it is counted.
pub const TAIL: u64 = 1024;

/// No line that means anything is longer.
const LONGEST: usize = 1024 * 1024;

/// Makes keyed hashes, so that what is known of a log says nothing to anybody else.
#[derive(Clone)]
pub struct Keyed(pub [u8; 32]);

impl Keyed {
    /// A key that nobody knows.
    pub fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self(key))
    }

    /// Half of the keyed hash of these parts.
    pub fn hash(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut half = [0; 16];
        half.copy_from_slice(&hmac(&self.0, parts)[..16]);
        half
    }

    /// The same in hexadecimal.
    pub fn text(&self, bytes: &[u8]) -> String {
        hex::encode(self.hash(&[bytes]))
    }
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

/// A file that was looked at.
pub struct Peek {
    /// Where it is.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    packing: Packing,
    /// Its size, as it lies there.
    pub raw_bytes: u64,
    /// A keyed hash of its beginning and end, as they lie there.
    pub raw: String,
    /// Its first events, at most [`FIRST`] bytes of whole lines.
    pub first: Vec<u8>,
    /// Where these begin.
    pub first_at: u64,
    /// After so many lines.
    pub lines_before: u64,
    /// The header before them.
    pub header: Option<CsvHeader>,
}

/// The files of a log, in the order of their names; links, hidden and unfinished files are passed over.
pub fn list(settings: &LogSettings) -> Result<Vec<PathBuf>, String> {
    let (base, pattern) = if settings.path.is_dir() {
        (settings.path.as_path(), "*".to_owned())
    } else {
        (Path::new("/"), settings.path.to_string_lossy().into_owned())
    };
    let mut found = glob::expand(base, &pattern)?;
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    found.retain(|path| !is_unfinished(&name(path)) && fs::symlink_metadata(path).is_ok_and(|data| data.is_file()));
    Ok(found)
}

impl Peek {
    /// Looks at a file; nothing if it has no whole event yet.
    ///
    /// # Errors
    /// It cannot be read, or is no log of this layout; the inner error says so for people.
    pub fn at(path: &Path, settings: &LogSettings, keyed: &Keyed) -> io::Result<Result<Option<Self>, String>> {
        let mut file = File::open(path)?;
        let raw_bytes = file.metadata()?.len();
        let mut ends = Vec::new();
        file.by_ref().take(FIRST as u64).read_to_end(&mut ends)?;
        let packing = match ends.as_slice() {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd,
            [b'B', b'Z', b'h', ..] | [0xfd, b'7', b'z', b'X', b'Z', ..] | [b'P', b'K', 3, 4, ..] => {
                return Ok(Err("is packed in a way that is not known here; use gzip or zstd".to_owned()));
            }
            _ => Packing::None,
        };
        file.seek(SeekFrom::Start(raw_bytes.saturating_sub(FIRST as u64)))?;
        file.take(FIRST as u64).read_to_end(&mut ends)?;
        ends.extend_from_slice(&raw_bytes.to_be_bytes());
        let mut peek = Self {
            path: path.to_owned(),
            name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            packing,
            raw_bytes,
            raw: keyed.text(&ends),
            first: Vec::new(),
            first_at: 0,
            lines_before: 0,
            header: None,
        };
        let mut beginning = Vec::new();
        peek.open()?.take(BEGINNING as u64).read_to_end(&mut beginning)?;
        // In a packed file there is nothing more to come.
        let ended = packing != Packing::None && beginning.len() < BEGINNING;
        if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") {
            return Ok(Err("is in UTF-16; a log is read as UTF-8".to_owned()));
        }
        let is_csv = matches!(settings.layout, Layout::Csv);
        let mut at = 0;
        for line in beginning.split_inclusive(|byte| *byte == b'\n') {
            let whole = line.ends_with(b"\n") || ended;
            if !whole {
                break;
            }
            let bare = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            if settings.layout.passes_over(bare) {
                (at, peek.lines_before) = (at + line.len(), peek.lines_before + 1);
            } else if is_csv && peek.header.is_none() {
                peek.header = CsvHeader::new(bare.trim_ascii_end(), &settings.names);
                if peek.header.is_none() {
                    return Ok(Err("does not name its columns in its first line, as CSV must: the time and others".to_owned()));
                }
                (at, peek.lines_before) = (at + line.len(), peek.lines_before + 1);
            } else {
                let events = beginning.get(at..).unwrap_or_default();
                let whole = if ended { events.len() } else { events.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1) };
                peek.first = events.get(..whole.min(FIRST)).unwrap_or_default().to_vec();
                peek.first_at = at as u64;
                return Ok(Ok(Some(peek)));
            }
        }
        Ok(Ok(None))
    }

    fn open(&self) -> io::Result<Box<dyn Read>> {
        let file = BufReader::with_capacity(64 * 1024, File::open(&self.path)?);
        Ok(match self.packing {
            Packing::None => Box::new(file),
            Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(file)?),
        })
    }

    /// Whether nothing comes behind what is there.
    pub fn is_packed(&self) -> bool {
        self.packing != Packing::None
    }

    /// Its lines from a place on; nothing if it is not so long.
    pub fn lines_from(&self, offset: u64) -> io::Result<Option<Lines>> {
        let reader: Box<dyn Read> = if self.packing == Packing::None {
            let mut file = File::open(&self.path)?;
            if file.metadata()?.len() < offset {
                return Ok(None);
            }
            file.seek(SeekFrom::Start(offset))?;
            Box::new(file)
        } else {
            let mut reader = self.open()?;
            if io::copy(&mut reader.by_ref().take(offset), &mut io::sink())? < offset {
                return Ok(None);
            }
            reader
        };
        Ok(Some(Lines { reader: BufReader::with_capacity(64 * 1024, reader), offset }))
    }

    /// Whether the other is the same log: what both have of their first events is the same.
    pub fn is_like(&self, other: &Self) -> bool {
        let both = self.first.len().min(other.first.len());
        both > 0 && self.first.get(..both) == other.first.get(..both)
    }
}

/// Lines with their places.
pub struct Lines {
    reader: BufReader<Box<dyn Read>>,
    /// Where the next one begins.
    pub offset: u64,
}

/// What a line is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineAt {
    /// Where it begins.
    pub start: u64,
    /// It has its end; without one, more of it may be to come.
    pub ended: bool,
    /// It is longer than any that means something; only its beginning was kept.
    pub too_long: bool,
}

impl Lines {
    /// Reads so many bytes.
    pub fn bytes(&mut self, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(count).read_to_end(&mut bytes)?;
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }

    /// Puts the next line, with its end, into `line`; nothing at the end of the file.
    pub fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Option<LineAt>> {
        line.clear();
        let start = self.offset;
        let mut size = self.reader.by_ref().take(LONGEST as u64).read_until(b'\n', line)? as u64;
        if size == 0 {
            return Ok(None);
        }
        let mut ended = line.ends_with(b"\n");
        let mut too_long = false;
        while !ended {
            let more = self.reader.fill_buf()?;
            if more.is_empty() {
                break;
            }
            too_long = true;
            let end = more.iter().position(|byte| *byte == b'\n');
            ended = end.is_some();
            let passed = end.map_or(more.len(), |end| end + 1);
            self.reader.consume(passed);
            size += passed as u64;
        }
        self.offset += size;
        Ok(Some(LineAt { start, ended, too_long }))
    }
}
