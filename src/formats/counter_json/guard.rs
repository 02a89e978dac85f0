//! What stands between a reply and the JSON parser: no byte order mark, no token without end, text that holds JSON opened.
//!
//! [`Guard`] looks at each piece as a whole, so it costs next to nothing; [`Unquoted`] undoes the quoting of a document that
//! is one JSON string, as it streams.

use std::io::{self, BufRead, BufReader, Read};

use crate::formats::FormatError;

/// How many bytes are shown of what is no report.
const SHOWN: usize = 200;
/// No name or value of a report is this long; the parser keeps one in memory.
const LONGEST_TOKEN: usize = 4 * 1024 * 1024;

/// Marks an [`io::Error`] as ours: the bytes are bad, not the reading of them.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct BadBytes {
    what: &'static str,
    /// Where the text that holds JSON is broken, on its one line.
    column: Option<usize>,
}

fn bad_bytes(what: &'static str, column: Option<usize>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, BadBytes { what, column })
}

/// Tells our own complaints from a reader that failed.
pub(super) fn io_error(error: io::Error) -> FormatError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<BadBytes>()) {
        Some(&BadBytes { what, column: Some(column) }) => FormatError::Broken { line: 1, column, what: what.into() },
        Some(&BadBytes { what, column: None }) => FormatError::BadRow { place: "the whole reply".into(), what: what.into() },
        None => FormatError::Io(error),
    }
}

/// What a reply begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Nothing but space.
    Nothing,
    /// A JSON string.
    Text,
    /// Anything else.
    Other,
}

/// The first bytes of a stream, kept to be shown.
#[derive(Debug, Default)]
struct Beginning(Vec<u8>);

impl Beginning {
    fn take(&mut self, bytes: &[u8]) {
        if self.0.len() < SHOWN {
            self.0.extend_from_slice(&bytes[..bytes.len().min(SHOWN - self.0.len())]);
        }
    }

    fn show(&self) -> String {
        if self.0.is_empty() {
            return "(nothing)".into();
        }
        String::from_utf8_lossy(&self.0).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

/// A reader that skips a byte order mark and refuses tokens without end.
pub(super) struct Guard<R> {
    reader: R,
    /// Read ahead to see how the reply begins, and not yet given out.
    ahead: Vec<u8>,
    given: usize,
    beginning: Beginning,
    /// Bytes since the last quote.
    unquoted: usize,
    last: u8,
}

impl<R: Read> Guard<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, ahead: vec![], given: 0, beginning: Beginning::default(), unquoted: 0, last: 0 }
    }

    /// Looks at the first byte that is not space, without taking it.
    pub(super) fn opening(&mut self) -> io::Result<Opening> {
        let mut piece = vec![0; 4096];
        let mut spaces = 0;
        loop {
            let read = retried(&mut self.reader, &mut piece)?;
            if read == 0 {
                break;
            }
            self.ahead.extend_from_slice(&piece[..read]);
            if self.ahead.len() < 3 {
                continue;
            }
            if self.ahead.starts_with(b"\xef\xbb\xbf") {
                self.ahead.drain(..3);
            }
            self.ahead = self.ahead.trim_ascii_start().to_vec();
            spaces += read;
            if !self.ahead.is_empty() || spaces > LONGEST_TOKEN {
                break;
            }
        }
        self.beginning.take(&self.ahead);
        let first = self.ahead.trim_ascii_start().first();
        Ok(match first {
            None => Opening::Nothing,
            Some(b'"') => Opening::Text,
            Some(_) => Opening::Other,
        })
    }

    /// The first bytes, printable.
    pub(super) fn beginning(&self) -> String {
        self.beginning.show()
    }

    /// A string is read into memory whole: quotes must come now and then.
    fn watch(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut before = self.last;
        let mut found = false;
        for &byte in bytes {
            if byte == b'"' && before != b'\\' {
                found = true;
                break;
            }
            before = byte;
        }
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.unquoted = if found { 0 } else { self.unquoted + bytes.len() };
        if self.unquoted > LONGEST_TOKEN { Err(bad_bytes("a name or value in it is longer than 4 MiB", None)) } else { Ok(()) }
    }
}

fn retried(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given < self.ahead.len() {
            let rest = &self.ahead[self.given..];
            let size = rest.len().min(into.len());
            into[..size].copy_from_slice(&rest[..size]);
            self.given += size;
            return Ok(size);
        }
        let size = retried(&mut self.reader, into)?;
        self.beginning.take(&into[..size]);
        // A document that is one string has only escaped quotes: `Unquoted` has a guard of its own inside.
        if self.ahead.first() != Some(&b'"') {
            self.watch(&into[..size])?;
        }
        Ok(size)
    }
}

/// The text of a JSON string, as a stream.
pub(super) struct Unquoted<R> {
    reader: BufReader<R>,
    beginning: Beginning,
    state: Quoting,
    /// UTF-8 that did not fit into the reader's buffer.
    left: Vec<u8>,
    /// Bytes taken from the reader.
    taken: usize,
    /// Why no more can be decoded, once all before was given out.
    failed: Option<io::Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Before,
    Inside,
    After,
}

impl<R: Read> Unquoted<R> {
    pub(super) fn new(reader: BufReader<R>) -> Self {
        Self { reader, beginning: Beginning::default(), state: Quoting::Before, left: vec![], taken: 0, failed: None }
    }

    /// The first bytes of the text, printable.
    pub(super) fn beginning(&self) -> String {
        self.beginning.show()
    }

    /// Checks that nothing follows the string.
    pub(super) fn finish(mut self) -> Result<(), FormatError> {
        let mut rest = [0; 4096];
        loop {
            let size = retried(&mut self, &mut rest)?;
            if rest[..size].iter().any(|byte| !byte.is_ascii_whitespace()) {
                return Err(FormatError::NotReport("something follows the JSON in it".into()));
            }
            if size == 0 {
                break;
            }
        }
        loop {
            let size = retried(&mut self.reader, &mut rest)?;
            if size == 0 {
                return Ok(());
            }
            if rest[..size].iter().any(|byte| !byte.is_ascii_whitespace()) {
                return Err(FormatError::NotReport("something follows the text that holds JSON".into()));
            }
        }
    }

    fn broken(&self, what: &'static str) -> io::Error {
        bad_bytes(what, Some(self.taken.max(1)))
    }

    fn byte(&mut self) -> io::Result<u8> {
        let Some(&byte) = self.reader.fill_buf()?.first() else { return Err(self.broken("the text that holds JSON has no end")) };
        self.reader.consume(1);
        self.taken += 1;
        Ok(byte)
    }

    fn unit(&mut self) -> io::Result<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte()?).to_digit(16).ok_or_else(|| self.broken("broken \\u in the text that holds JSON"))?;
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }

    fn escaped(&mut self) -> io::Result<char> {
        Ok(match self.byte()? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'u' => {
                let mut code = self.unit()?;
                if (0xd800..0xdc00).contains(&code) && self.byte()? == b'\\' && self.byte()? == b'u' {
                    let low = self.unit()?;
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                }
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(self.broken("a backslash stands alone in the text that holds JSON")),
        })
    }
}

impl<R: Read> Unquoted<R> {
    /// Decodes into `into`, from `size` on.
    fn fill(&mut self, into: &mut [u8], size: &mut usize) -> io::Result<()> {
        if self.state == Quoting::Before {
            while self.byte()? != b'"' {}
            self.state = Quoting::Inside;
        }
        while *size < into.len() && self.state == Quoting::Inside {
            match self.byte()? {
                b'"' => self.state = Quoting::After,
                b'\\' => {
                    let mut utf8 = [0; 4];
                    let utf8 = self.escaped()?.encode_utf8(&mut utf8).as_bytes();
                    let fits = utf8.len().min(into.len() - *size);
                    into[*size..*size + fits].copy_from_slice(&utf8[..fits]);
                    self.left.extend_from_slice(&utf8[fits..]);
                    *size += fits;
                }
                byte => {
                    into[*size] = byte;
                    *size += 1;
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Unquoted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut size = self.left.len().min(into.len());
        into[..size].copy_from_slice(&self.left[..size]);
        self.left.drain(..size);
        match self.fill(into, &mut size) {
            // What was decoded before goes first.
            Err(error) if size > 0 => self.failed = Some(error),
            other => other?,
        }
        self.beginning.take(&into[..size]);
        Ok(size)
    }
}
