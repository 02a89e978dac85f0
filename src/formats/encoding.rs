//! Characters: text in UTF-16 as UTF-8, and cells that are in Windows-1252.
//!
//! Vendors' spreadsheets write all three. UTF-16 is seen at the beginning of a file and decoded as a stream ([`Utf8`]). Windows-1252 shows
//! itself only where a character is no UTF-8, which may be late in a large file, so it is decoded cell by cell ([`text`]).

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decoded at once.
const CHUNK: usize = 64 * 1024;

/// The encoding, if a text begins as one in UTF-16 does: with its byte order mark, or with two characters of ASCII. XML says of itself how
/// it is encoded, and is left as it is.
pub(super) fn utf16(beginning: &[u8]) -> Option<&'static Encoding> {
    match beginning {
        [0xff, 0xfe, b'<', 0, ..] | [0xfe, 0xff, 0, b'<', ..] | [b'<', 0, ..] | [0, b'<', ..] => None,
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        [one, 0, two, 0, ..] if *one != 0 && *two != 0 => Some(UTF_16LE),
        [0, one, 0, two, ..] if *one != 0 && *two != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// A cell as text, and whether it was not UTF-8. Every byte is a character of Windows-1252, so this cannot fail.
pub(super) fn text(cell: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(cell) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(cell).0, true),
    }
}

/// A text in another encoding, as UTF-8.
pub(super) struct Utf8<R> {
    reader: R,
    decoder: Decoder,
    /// Read and not yet decoded: from `begin` to `end`.
    input: Vec<u8>,
    begin: usize,
    end: usize,
    /// Decoded, and from `given` on not yet given out.
    output: Vec<u8>,
    given: usize,
    ended: bool,
    /// Something in it is no character, and was replaced.
    pub(super) malformed: bool,
}

impl<R: Read> Utf8<R> {
    pub(super) fn new(reader: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { reader, decoder, input: vec![0; CHUNK], begin: 0, end: 0, output: Vec::new(), given: 0, ended: false, malformed: false }
    }

    /// Decodes some more.
    fn fill(&mut self) -> io::Result<()> {
        self.output.clear();
        self.given = 0;
        while self.output.is_empty() && !self.ended {
            if self.begin == self.end {
                self.begin = 0;
                self.end = loop {
                    match self.reader.read(&mut self.input) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        other => break other?,
                    }
                };
            }
            let last = self.end == 0;
            let input = self.input.get(self.begin..self.end).unwrap_or_default();
            self.output.resize(CHUNK * 2, 0);
            let (result, read, written, malformed) = self.decoder.decode_to_utf8(input, &mut self.output, last);
            self.output.truncate(written);
            self.begin += read;
            self.malformed |= malformed;
            self.ended = last && result == CoderResult::InputEmpty;
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.output.len() {
            self.fill()?;
        }
        let rest = self.output.get(self.given..).unwrap_or_default();
        let size = rest.len().min(into.len());
        into[..size].copy_from_slice(&rest[..size]);
        self.given += size;
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(bytes: &[u8]) -> (String, bool) {
        let mut utf8 = Utf8::new(bytes, utf16(bytes).unwrap());
        let mut text = String::new();
        utf8.read_to_string(&mut text).unwrap();
        (text, utf8.malformed)
    }

    #[test]
    fn windows_1252_is_known_by_what_is_no_utf_8() {
        assert_eq!(text("Blåbærsyltetøy".as_bytes()), ("Blåbærsyltetøy".into(), false));
        assert_eq!(text(b"Bl\xe5b\xe6rsyltet\xf8y \x96 \x80 5"), ("Blåbærsyltetøy – € 5".into(), true));
    }

    #[test]
    fn what_is_no_character_is_told() {
        assert_eq!(decoded(b"a\0b\0\0\xd8c\0"), ("ab\u{fffd}c".into(), true));
        assert_eq!(decoded(b"a\0b\0c"), ("ab\u{fffd}".into(), true));
    }

    #[test]
    fn other_text_is_not_taken_for_utf_16() {
        for text in [
            &b""[..],
            b"a",
            b"a\0",
            b"Report_Name",
            b"\xef\xbb\xbfReport",
            b"PK\x03\x04",
            b"\0\0\0\0",
            b"a\0\0\0",
            b"\xff\xfe<\0",
            b"<\0?\0",
        ] {
            assert!(utf16(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn utf_16_is_decoded_however_it_is_cut(text in "[a-z]{2}\\PC{0,300}", big in any::<bool>(), mark in any::<bool>(), long in 1usize..2000) {
            let text = text.repeat(long);
            let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            let bytes: Vec<u8> = units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
            prop_assert_eq!(decoded(&bytes), (text, false));
        }
    }
}
