//! The lines of a text as a stream, each with its number, none of them without end.

use std::io::{BufRead, Read as _};

/// No line that a person or a program writes is longer.
const LONGEST: usize = 1024 * 1024;

/// Why the next line cannot be read. Nothing after it can.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The reader failed.
    #[error("reading failed: {0}")]
    Io(#[from] std::io::Error),
    /// It is none that can be used.
    #[error("line {line}: {what}")]
    Bad {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it; never what stands in it.
        what: &'static str,
    },
}

/// Gives the lines of a reader.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    number: u64,
    /// The last line had no end.
    open: bool,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0, open: false }
    }

    /// Whether the line that was given last has no end, as where a file was cut off.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Puts the next line, without its end and without a byte order mark, into `line`, and gives its number, from 1; nothing at the end.
    ///
    /// # Errors
    /// The reader fails; a line is longer than 1 MiB; the text is in UTF-16, or ends its lines with a carriage return alone.
    pub fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<u64>, LineError> {
        line.clear();
        let most = LONGEST as u64 + 1;
        if self.reader.by_ref().take(most).read_until(b'\n', line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let bad = |what| Err(LineError::Bad { line: self.number, what });
        if line.len() > LONGEST {
            return bad("is longer than 1 MiB");
        }
        self.open = !line.ends_with(b"\n");
        if !self.open {
            line.pop();
        }
        if line.ends_with(b"\r") {
            line.pop();
        }
        if self.number == 1 {
            if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
                return bad("the file is in UTF-16; save it as UTF-8");
            }
            if line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            if line.contains(&b'\r') {
                return bad("lines end with a carriage return alone; save the file with other line ends");
            }
        }
        Ok(Some(self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Result<Vec<(u64, String)>, String> {
        let (mut lines, mut line, mut found) = (Lines::new(bytes), Vec::new(), Vec::new());
        while let Some(number) = lines.next(&mut line).map_err(|error| error.to_string())? {
            found.push((number, String::from_utf8_lossy(&line).into_owned()));
        }
        Ok(found)
    }

    #[test]
    fn lines_come_with_their_numbers_and_without_their_ends() {
        let found = lines(b"\xef\xbb\xbfa\r\n\nb\n\r\nc").unwrap();
        assert_eq!(found, [(1, "a".into()), (2, String::new()), (3, "b".into()), (4, String::new()), (5, "c".into())]);
        assert_eq!(lines(b"").unwrap(), []);
    }

    #[test]
    fn what_is_no_text_of_lines_is_refused() {
        assert!(lines(&vec![b'x'; LONGEST + 1]).unwrap_err().starts_with("line 1: is longer than 1 MiB"));
        assert!(lines(&vec![b'x'; LONGEST]).is_ok());
        assert!(lines(b"\xff\xfea\0").unwrap_err().contains("UTF-16"));
        assert!(lines(b"a,b\r1,2\r").unwrap_err().contains("carriage return"));
    }
}
