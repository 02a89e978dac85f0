//! What stands between a reply and the XML parser: the encoding undone, nothing without end, lines counted.
//!
//! [`Source`] gives UTF-8 whatever the document is in (XML 1.0 section 4.3.3: byte order mark, else declaration, else UTF-8), and
//! fails once one piece of markup or text is longer than any that a report has: the parser keeps one in memory.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::formats::FormatError;

/// Read from the source at once.
const CHUNK: usize = 256 * 1024;
/// The declaration stands within so many bytes.
const DECLARATION: usize = 1024;
/// How many bytes are shown of what is no report.
const SHOWN: usize = 200;
/// No tag, text or comment of a report is this long.
const LONGEST: usize = 1024 * 1024;

/// Marks an [`io::Error`] as ours: the bytes are bad, not the reading of them.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadBytes(String);

fn bad_bytes(what: impl Into<String>) -> io::Error {
    io::Error::other(BadBytes(what.into()))
}

/// What our own complaint says, if it is one.
pub(super) fn complaint(error: &io::Error) -> Option<String> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<BadBytes>()).map(|bad| bad.0.clone())
}

/// Whether a document that begins so is XML or HTML, in any encoding that is told apart by its first bytes.
pub(in crate::formats) fn is_markup(beginning: &[u8]) -> bool {
    match beginning {
        [0xff, 0xfe, rest @ ..] => first_unit(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => first_unit(rest, u16::from_be_bytes),
        [0, b'<', 0, _, ..] | [b'<', 0, _, 0, ..] => true,
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.trim_ascii_start().first() == Some(&b'<'),
        other => other.trim_ascii_start().first() == Some(&b'<'),
    }
}

/// Whether the first unit of UTF-16 that is not space is `<`.
fn first_unit(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(unit));
    units.into_iter().find(|unit| !matches!(unit, 9 | 10 | 13 | 32)) == Some(u16::from(b'<'))
}

/// The encoding of a document that begins so, and how long its byte order mark is.
fn encoding_of(beginning: &[u8]) -> Result<(&'static Encoding, usize), String> {
    if let Some((encoding, mark)) = Encoding::for_bom(beginning) {
        return Ok((encoding, mark));
    }
    match beginning {
        [0, b'<', 0, _, ..] => return Ok((UTF_16BE, 0)),
        [b'<', 0, _, 0, ..] => return Ok((UTF_16LE, 0)),
        _ => {}
    }
    let text = beginning.trim_ascii_start();
    let Some(declared) = text.strip_prefix(b"<?xml").and_then(declared) else { return Ok((UTF_8, 0)) };
    match Encoding::for_label_no_replacement(declared) {
        // What can be read here in bytes is not UTF-16, whatever it says of itself.
        Some(encoding) if encoding == UTF_16BE || encoding == UTF_16LE => Ok((UTF_8, 0)),
        Some(encoding) => Ok((encoding, 0)),
        None => {
            let shown: String = String::from_utf8_lossy(declared).chars().filter(|c| !c.is_control()).take(40).collect();
            Err(format!("it declares the encoding '{shown}', which is not known; UTF-8, UTF-16 and ISO-8859-1 are"))
        }
    }
}

/// The encoding that a declaration names, from behind `<?xml`.
fn declared(declaration: &[u8]) -> Option<&[u8]> {
    let end = declaration.windows(2).position(|pair| pair == b"?>")?;
    let declaration = declaration.get(..end)?;
    let at = declaration.windows(8).position(|word| word == b"encoding")?;
    let rest = declaration.get(at + 8..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    let end = rest.iter().position(|byte| byte == quote)?;
    rest.get(..end)
}

/// A document as UTF-8.
pub(super) struct Source<R> {
    reader: R,
    /// None for UTF-8, which the parser checks itself.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// How much of `raw` is there, and how much of that is decoded.
    raw_end: usize,
    raw_at: usize,
    /// What is given out, unless the document is UTF-8: then `raw` is.
    text: Vec<u8>,
    text_end: usize,
    text_at: usize,
    ended: bool,
    beginning: Vec<u8>,
    /// Bytes given out since the last [`Self::mark`].
    since: usize,
    line: usize,
    column: usize,
}

impl<R: Read> Source<R> {
    /// Reads the beginning of a document to learn its encoding.
    pub(super) fn new(mut reader: R) -> Result<Self, FormatError> {
        let mut raw = vec![0; CHUNK];
        let mut raw_end = 0;
        while let Some(rest) = raw.get_mut(raw_end..DECLARATION).filter(|rest| !rest.is_empty()) {
            match retried(&mut reader, rest)? {
                0 => break,
                n => raw_end += n,
            }
        }
        let (encoding, raw_at) = encoding_of(raw.get(..raw_end).unwrap_or_default()).map_err(FormatError::NotReport)?;
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
        let text = if decoder.is_some() { vec![0; CHUNK] } else { Vec::new() };
        Ok(Self {
            reader,
            decoder,
            raw,
            raw_end,
            raw_at,
            text,
            text_end: 0,
            text_at: 0,
            ended: false,
            beginning: Vec::new(),
            since: 0,
            line: 1,
            column: 1,
        })
    }

    /// Says that one piece of markup or text has ended.
    pub(super) fn mark(&mut self) {
        self.since = 0;
    }

    /// The line at hand, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The column at hand, in bytes of UTF-8, from 1.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// The first bytes, printable.
    pub(super) fn beginning(&self) -> String {
        let buffer =
            if self.decoder.is_some() { self.text.get(self.text_at..self.text_end) } else { self.raw.get(self.raw_at..self.raw_end) };
        let ahead = buffer.unwrap_or_default().iter().take(SHOWN - self.beginning.len());
        let bytes: Vec<u8> = self.beginning.iter().chain(ahead).copied().collect();
        String::from_utf8_lossy(&bytes).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }

    /// Decodes what is there of `raw` into `text`, and reads more where that gives nothing.
    fn decode(&mut self) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        (self.text_at, self.text_end) = (0, 0);
        while self.text_end == 0 && !self.ended {
            if self.raw_at == self.raw_end {
                (self.raw_at, self.raw_end) = (0, retried(&mut self.reader, &mut self.raw)?);
            }
            let last = self.raw_end == 0;
            let raw = self.raw.get(self.raw_at..self.raw_end).unwrap_or_default();
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(raw, &mut self.text, last);
            (self.raw_at, self.text_end) = (self.raw_at + read, written);
            match result {
                DecoderResult::Malformed(..) => {
                    return Err(bad_bytes(format!("it is not in the encoding that it declares, {}", decoder.encoding().name())));
                }
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => {}
            }
        }
        Ok(())
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

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let given = self.fill_buf()?;
        let size = given.len().min(into.len());
        if let (Some(into), Some(given)) = (into.get_mut(..size), given.get(..size)) {
            into.copy_from_slice(given);
        }
        self.consume(size);
        Ok(size)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > LONGEST {
            return Err(bad_bytes("one tag, text or comment in it is longer than 1 MiB"));
        }
        if self.decoder.is_some() {
            if self.text_at == self.text_end {
                self.decode()?;
            }
            return Ok(self.text.get(self.text_at..self.text_end).unwrap_or_default());
        }
        if self.raw_at == self.raw_end {
            (self.raw_at, self.raw_end) = (0, retried(&mut self.reader, &mut self.raw)?);
        }
        Ok(self.raw.get(self.raw_at..self.raw_end).unwrap_or_default())
    }

    fn consume(&mut self, size: usize) {
        let (buffer, at) = if self.decoder.is_some() { (&self.text, &mut self.text_at) } else { (&self.raw, &mut self.raw_at) };
        let taken = buffer.get(*at..*at + size).unwrap_or_default();
        *at += size;
        self.since += size;
        if self.beginning.len() < SHOWN {
            self.beginning.extend(taken.iter().take(SHOWN - self.beginning.len()));
        }
        match taken.iter().rposition(|byte| *byte == b'\n') {
            None => self.column += size,
            Some(last) => {
                self.line += taken.split(|byte| *byte == b'\n').count() - 1;
                self.column = size - last;
            }
        }
    }
}

/// Text in an encoding, for tests.
#[cfg(test)]
pub(super) fn encoded(text: &str, label: &str) -> Vec<u8> {
    match label {
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        other => {
            let mut encoder = Encoding::for_label(other.as_bytes()).unwrap().new_encoder();
            let mut out = vec![0; text.len() * 4];
            let (result, _, written, _) = encoder.encode_from_utf8(text, &mut out, true);
            assert_eq!(result, encoding_rs::CoderResult::InputEmpty);
            out.truncate(written);
            out
        }
    }
}
