//! The frames in which a reply of several pages is archived as one.
//!
//! ```text
//! avling-reply/1
//! {"begin":"2024-01","end":"2024-01"}
//! {"page":1,"status":200,"url":"https://…","content_type":"application/json","bytes":1234}
//! …1234 bytes, as they came…
//! {"page":2, …
//! ```
//!
//! [`head`] and [`page`] write them, [`Frames`] reads them, and takes what has none for a single page.

use std::io::{self, BufRead, Chain, Cursor, Read};

use serde::{Deserialize, Serialize};

use super::super::FormatError;
use crate::model::{Month, MonthRange};

/// What a framed reply begins with.
const MAGIC: &[u8] = b"avling-reply/1\n";

/// No line about a page is longer.
const LONGEST: u64 = 64 * 1024;

/// What was asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    begin: Month,
    end: Month,
}

/// What stands before a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageHead {
    /// Its number, from 1.
    pub page: u64,
    /// The HTTP status that it came with.
    pub status: u16,
    /// Where it came from, without secrets.
    pub url: String,
    /// `Content-Type`; empty if there was none.
    pub content_type: String,
    /// Its length.
    pub bytes: u64,
}

/// So much of a stream as tells whether it is framed.
///
/// # Errors
/// The reader fails.
pub fn beginning(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    reader.take(MAGIC.len() as u64).read_to_end(&mut beginning)?;
    Ok(beginning)
}

/// Whether a stream with this [`beginning`] is framed.
#[must_use]
pub fn is_framed(beginning: &[u8]) -> bool {
    beginning == MAGIC
}

/// The beginning of a reply about these months.
#[must_use]
pub fn head(months: MonthRange) -> Vec<u8> {
    let head = Head { begin: months.first, end: months.last };
    let mut out = MAGIC.to_vec();
    out.extend(serde_json::to_vec(&head).unwrap_or_default());
    out.push(b'\n');
    out
}

/// What stands before a page; its bytes follow, and a line break.
#[must_use]
pub fn page(head: &PageHead) -> Vec<u8> {
    let mut out = serde_json::to_vec(head).unwrap_or_default();
    out.push(b'\n');
    out
}

/// Reads frames: after [`next_page`](Self::next_page) it gives the bytes of that page.
pub struct Frames<R> {
    reader: Chain<Cursor<Vec<u8>>, R>,
    months: Option<MonthRange>,
    framed: bool,
    /// Pages so far.
    pages: u64,
    /// What is left of the page.
    left: u64,
}

impl<R: BufRead> Frames<R> {
    /// Looks how it begins.
    ///
    /// # Errors
    /// The reader fails, or the frames are broken.
    pub fn open(mut reader: R) -> Result<Self, FormatError> {
        let mut beginning = beginning(&mut reader)?;
        let framed = is_framed(&beginning);
        if framed {
            beginning.clear();
        }
        let mut frames = Self { reader: Cursor::new(beginning).chain(reader), months: None, framed, pages: 0, left: 0 };
        if framed {
            let line = frames.line()?.ok_or_else(|| broken("the line after the first is missing"))?;
            let head: Head = serde_json::from_slice(&line).map_err(|_| broken("the months are not said"))?;
            if head.begin > head.end {
                return Err(broken("the months run backwards"));
            }
            frames.months = Some(MonthRange::new(head.begin, head.end));
        }
        Ok(frames)
    }

    /// The months that were asked for, if it says so.
    #[must_use]
    pub fn months(&self) -> Option<MonthRange> {
        self.months
    }

    /// Goes to the next page; nothing if there is none.
    ///
    /// # Errors
    /// The reader fails, or the frames are broken.
    pub fn next_page(&mut self) -> Result<Option<PageHead>, FormatError> {
        if !self.framed {
            self.pages += 1;
            let head = PageHead { page: 1, status: 200, url: String::new(), content_type: String::new(), bytes: u64::MAX };
            self.left = u64::MAX;
            return Ok((self.pages == 1).then_some(head));
        }
        // What nobody wanted to read.
        let skipped = io::copy(&mut self.reader.by_ref().take(self.left), &mut io::sink())?;
        if skipped < self.left {
            return Err(broken("a page ends too early"));
        }
        self.left = 0;
        if self.pages > 0 {
            let mut end = [0];
            if self.reader.read(&mut end)? != 1 || end != *b"\n" {
                return Err(broken("a page does not end where it should"));
            }
        }
        let Some(line) = self.line()? else { return Ok(None) };
        let head: PageHead = serde_json::from_slice(&line).map_err(|_| broken("what stands before a page cannot be read"))?;
        self.pages += 1;
        self.left = head.bytes;
        Ok(Some(head))
    }

    /// A line without its end; nothing at the end of all.
    fn line(&mut self) -> Result<Option<Vec<u8>>, FormatError> {
        let mut line = Vec::new();
        if self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.pop() == Some(b'\n') { Ok(Some(line)) } else { Err(broken("a line does not end")) }
    }
}

fn broken(what: &str) -> FormatError {
    FormatError::NotReport(format!("the frames of the archived reply are broken: {what}"))
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let Some(into) = into.get_mut(..most) else { return Ok(0) };
        let size = self.reader.read(into)?;
        self.left -= size as u64;
        Ok(size)
    }
}
