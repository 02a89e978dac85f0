//! [`Limited`]: a reader that refuses a row without end, since one row at a time is in memory.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use super::super::FormatError;

/// The largest row, in bytes.
pub(super) const LONGEST_ROW: u64 = 1024 * 1024;

/// How many bytes were read since the row began.
#[derive(Debug, Clone, Default)]
pub(super) struct Used(Rc<Cell<u64>>);

impl Used {
    /// A row begins, or what is passed over between rows goes on.
    pub(super) fn begin(&self) {
        self.0.set(0);
    }

    /// Whether more was read than a row may have.
    pub(super) fn exceeded(&self) -> bool {
        self.0.get() > LONGEST_ROW
    }
}

/// What is refused.
pub(super) fn too_long(place: String) -> FormatError {
    FormatError::BadRow { place, what: format!("goes on for more than {} MiB", LONGEST_ROW >> 20) }
}

/// A reader that counts.
pub(super) struct Limited<R> {
    reader: R,
    used: Used,
}

impl<R: BufRead> Limited<R> {
    pub(super) fn new(reader: R) -> (Self, Used) {
        let used = Used::default();
        (Self { reader, used: used.clone() }, used)
    }

    fn count(&self, bytes: usize) {
        self.used.0.set(self.used.0.get().saturating_add(bytes as u64));
    }

    fn refuse(&self) -> io::Result<()> {
        if self.used.exceeded() { Err(io::Error::other("a row without end")) } else { Ok(()) }
    }
}

impl<R: BufRead> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.refuse()?;
        let available = self.reader.fill_buf()?;
        let size = available.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..size), available.get(..size)) {
            to.copy_from_slice(from);
        }
        self.reader.consume(size);
        self.count(size);
        Ok(size)
    }
}

impl<R: BufRead> BufRead for Limited<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.refuse()?;
        self.reader.fill_buf()
    }

    fn consume(&mut self, size: usize) {
        self.reader.consume(size);
        self.count(size);
    }
}

/// The first bytes of a reader, without a byte order mark, without blanks, printable.
pub(super) fn beginning(reader: &mut impl BufRead) -> io::Result<(Option<u8>, String)> {
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok((None, "(nothing)".into()));
        }
        let blanks = available.iter().take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf)).count();
        if let Some(first) = available.get(blanks).copied() {
            let shown = available.get(blanks..available.len().min(blanks + 200)).unwrap_or_default();
            let text = String::from_utf8_lossy(shown).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            reader.consume(blanks);
            return Ok((Some(first), text));
        }
        reader.consume(blanks);
    }
}
