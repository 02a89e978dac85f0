//! A reader that knows its line and column, and refuses to go on for too long without a pause.

use std::io::{self, BufRead, Read};

/// Where something is in a text, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub line: usize,
    pub column: usize,
}

/// Passes bytes on, counts lines and columns, and fails after `most` bytes without [`Self::pause`]: what a parser has to
/// hold in memory between two pauses is bounded.
pub(super) struct Counted<R> {
    inner: R,
    position: Position,
    most: usize,
    left: usize,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R, most: usize) -> Self {
        Self { inner, position: Position { line: 1, column: 1 }, most, left: most }
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Begins to count anew towards the limit.
    pub(super) fn pause(&mut self) {
        self.left = self.most;
    }

    /// Whether the limit was met: the cause of a failed read.
    pub(super) fn exhausted(&self) -> bool {
        self.left == 0
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.inner.fill_buf()?;
        if self.left == 0 && !available.is_empty() {
            return Err(io::Error::other("too long"));
        }
        Ok(&available[..available.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        // The buffer is filled, or there would be nothing to consume: this reads nothing.
        if let Ok(available) = self.inner.fill_buf() {
            for byte in available.iter().take(amount) {
                if *byte == b'\n' {
                    self.position = Position { line: self.position.line + 1, column: 1 };
                } else if byte & 0b1100_0000 != 0b1000_0000 {
                    self.position.column += 1;
                }
            }
        }
        self.left = self.left.saturating_sub(amount);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(buf.len());
        buf[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_begin_anew() {
        let mut reader = Counted::new("æø\nå".as_bytes(), 100);
        let at = |reader: &Counted<&[u8]>| (reader.position().line, reader.position().column);
        reader.consume(2);
        assert_eq!(at(&reader), (1, 2));
        reader.consume(3);
        assert_eq!(at(&reader), (2, 1));
        reader.consume(2);
        assert_eq!(at(&reader), (2, 2));
    }

    #[test]
    fn it_fails_at_the_limit_unless_paused_and_a_text_of_just_that_length_passes() {
        let mut out = Vec::new();
        assert!(Counted::new(&b"12345"[..], 4).read_to_end(&mut out).is_err());
        assert_eq!(out, b"1234");
        out.clear();
        assert_eq!(Counted::new(&b"1234"[..], 4).read_to_end(&mut out).unwrap(), 4);
        let mut paused = Counted::new(&b"12345"[..], 4);
        paused.consume(4);
        assert!(paused.exhausted());
        paused.pause();
        assert_eq!(paused.fill_buf().unwrap(), b"5");
    }
}
