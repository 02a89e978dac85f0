//! Text with separators (CSV) as a stream of records, each with its line, for files that are too large to be kept.
//!
//! [`Records`] finds the separator out by the header, passes over comments and blank lines, and reads quotes as RFC 4180 has them.
//! [`Records::plain`] takes the separator as given and has no comments; a quote that only stands in a cell of text cut by tabs is then
//! no more than a character. The csv crate counts comments and blank lines to the record that follows, and reads on to the end of the file after a quote that
//! is not closed; people need the right line, and memory has its bounds.

use std::io::BufRead;

use super::lines::{LineError, Lines};

/// What may stand between cells.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A record of several lines is not longer than this.
const LONGEST: usize = 1024 * 1024;

/// One record.
#[derive(Debug, Default, Clone)]
pub struct Record {
    line: u64,
    text: Vec<u8>,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

impl Record {
    /// The line on which it begins, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How many cells it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether nothing stands in any of its cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filled() == 0
    }

    /// How many cells it has without the empty ones at its end.
    #[must_use]
    pub fn filled(&self) -> usize {
        (0..self.len()).rposition(|place| !matches!(self.cell(place), Ok(""))).map_or(0, |last| last + 1)
    }

    /// A cell, without the blanks around it; a missing one is empty.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn cell(&self, place: usize) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(self.bytes(place)).map(trimmed)
    }

    /// A cell as it stands; a missing one is empty.
    pub(super) fn bytes(&self, place: usize) -> &[u8] {
        let begin = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(place).and_then(|end| self.text.get(begin..*end)).unwrap_or_default()
    }

    /// Takes one line on its own, which holds all of the record.
    ///
    /// # Errors
    /// What is wrong with it; never what stands in it.
    pub(super) fn of_line(&mut self, line: &[u8], separator: u8) -> Result<(), &'static str> {
        self.clear(1);
        if self.cut(line, separator, false)? { Err("has a quote (\") that is not closed") } else { Ok(()) }
    }

    fn is_comment(&self) -> bool {
        String::from_utf8_lossy(self.bytes(0)).trim_start().starts_with('#')
    }

    /// Adds a cell at the end.
    pub(super) fn push(&mut self, cell: &[u8]) {
        self.text.extend_from_slice(cell);
        self.ends.push(self.text.len());
    }

    /// Whether all of it is UTF-8.
    pub(super) fn is_utf8(&self) -> bool {
        std::str::from_utf8(&self.text).is_ok()
    }

    /// Whether its cells hold the same as another's.
    pub(super) fn same_cells(&self, other: &Self) -> bool {
        self.ends == other.ends && self.text == other.text
    }

    /// Makes it an empty record of this line.
    pub(super) fn clear(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
    }

    /// Cuts a line at every separator, whatever stands in quotes; only a pair of quotes around a whole cell is taken off.
    fn cut_literally(&mut self, line: &[u8], separator: u8) {
        for cell in line.split(|byte| *byte == separator) {
            let inside = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\""));
            self.push(inside.unwrap_or(cell));
        }
    }

    /// Cuts a line, or the continuation of a cell in quotes if `open`; says whether a quote is left open.
    fn cut(&mut self, mut line: &[u8], separator: u8, mut open: bool) -> Result<bool, &'static str> {
        loop {
            if open {
                match line.iter().position(|byte| *byte == b'"') {
                    None => {
                        self.text.extend_from_slice(line);
                        self.text.push(b'\n');
                        return Ok(true);
                    }
                    Some(quote) => {
                        self.text.extend_from_slice(&line[..quote]);
                        line = &line[quote + 1..];
                        if let Some(rest) = line.strip_prefix(b"\"") {
                            self.text.push(b'"');
                            line = rest;
                            continue;
                        }
                    }
                }
                open = false;
                self.ends.push(self.text.len());
                line = without_blanks(line);
                match line.split_first() {
                    None => return Ok(false),
                    Some((first, rest)) if *first == separator => line = rest,
                    Some(_) => return Err("has text after a closing quote (\"); a quote inside of quotes is written twice"),
                }
            } else if let Some(inside) = without_blanks(line).strip_prefix(b"\"") {
                // Blanks before a quote are let go, as people write them and spreadsheets do not.
                (open, line) = (true, inside);
            } else if let Some(end) = line.iter().position(|byte| *byte == separator) {
                self.text.extend_from_slice(&line[..end]);
                self.ends.push(self.text.len());
                line = &line[end + 1..];
            } else {
                self.text.extend_from_slice(line);
                self.ends.push(self.text.len());
                return Ok(false);
            }
        }
    }
}

/// Without spaces at the beginning.
fn without_blanks(line: &[u8]) -> &[u8] {
    line.iter().position(|byte| *byte != b' ').map_or(&[], |begin| &line[begin..])
}

/// Without the blanks that one sees and those that one does not.
#[must_use]
pub fn trimmed(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'))
}

/// The records of a reader.
#[derive(Debug)]
pub struct Records<R> {
    lines: Lines<R>,
    separator: u8,
    line: Vec<u8>,
    /// There are no comments, and quotes may be characters.
    plain: bool,
    /// How many cells a record has, if that is known.
    width: usize,
    /// What begins with `#` is a comment; else a row as any other.
    comments: bool,
    /// The separator is known and not to be found out.
    given: bool,
}

impl<R: BufRead> Records<R> {
    /// The records of `reader`; the first of them is the [`header`](Self::header).
    pub fn new(reader: R) -> Self {
        Self { lines: Lines::new(reader), separator: SEPARATORS[0], line: Vec::new(), plain: false, width: 0, comments: true, given: false }
    }

    /// The records of `reader` with this between their cells, comments included; all of them are given by [`next`](Self::next).
    pub(super) fn plain(reader: R, separator: u8) -> Self {
        Self { separator, plain: true, comments: false, ..Self::new(reader) }
    }

    /// The records of a text that has no comments, with this separator if it is known.
    pub(super) fn without_comments(reader: R, separator: Option<u8>) -> Self {
        let (separator, given) = (separator.unwrap_or(SEPARATORS[0]), separator.is_some());
        Self { separator, given, comments: false, ..Self::new(reader) }
    }

    /// Whether the text ended within the record that was given last.
    pub(super) fn is_open(&self) -> bool {
        self.lines.is_open()
    }

    /// Says how many cells records have from here on.
    pub(super) fn expect(&mut self, width: usize) {
        self.width = width;
    }

    fn passes_over(&self) -> bool {
        if self.comments { is_passed_over(&self.line) } else { self.line.trim_ascii().is_empty() }
    }

    /// Puts the first record into `record`; the file's separator is the one with which `score` finds most in it. Says whether there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn header(&mut self, record: &mut Record, score: impl Fn(&Record) -> usize) -> Result<bool, LineError> {
        loop {
            let Some(number) = self.lines.next(&mut self.line)? else { return Ok(false) };
            // Excel's own way to say what separates.
            let says_separator = number == 1 && self.line.len() == 5 && self.line[..4].eq_ignore_ascii_case(b"sep=");
            if says_separator || self.passes_over() {
                continue;
            }
            if !self.given {
                self.separator = separator_of(&self.line, &score);
            }
            if self.rest(number, record)? {
                return Ok(true);
            }
        }
    }

    /// Puts the next record that is neither blank nor a comment into `record`. Says whether there is one.
    ///
    /// # Errors
    /// The reader fails, or the text cannot be cut into records from there on.
    pub fn next(&mut self, record: &mut Record) -> Result<bool, LineError> {
        loop {
            let Some(number) = self.lines.next(&mut self.line)? else { return Ok(false) };
            if !self.passes_over() && self.rest(number, record)? {
                return Ok(true);
            }
        }
    }

    /// The record that begins with the line at hand; false if it is a comment or has nothing in it.
    fn rest(&mut self, number: u64, record: &mut Record) -> Result<bool, LineError> {
        let bad = |what| LineError::Bad { line: number, what };
        record.clear(number);
        let cut = record.cut(&self.line, self.separator, false);
        if self.plain && self.separator == b'\t' && cut != Ok(false) {
            // Programs that write tabs often quote nothing. If the line is whole without quotes, they are characters of a title.
            let cells = self.line.split(|byte| *byte == b'\t').count();
            if cells == self.width || cut.is_err() {
                record.clear(number);
                record.cut_literally(&self.line, self.separator);
                return Ok(!record.is_empty());
            }
        }
        let mut open = cut.map_err(bad)?;
        while open {
            let ended = self.lines.next(&mut self.line)?.is_none();
            if ended || record.text.len() > LONGEST {
                return Err(bad("has a quote (\") that is not closed; what follows was not read"));
            }
            open = record.cut(&self.line, self.separator, true).map_err(bad)?;
        }
        // A spreadsheet may have put a comment into quotes.
        let is_comment = self.comments && record.is_comment();
        Ok(!(is_comment || record.is_empty()))
    }
}

/// Whether a line is blank or a comment.
pub(super) fn is_passed_over(line: &[u8]) -> bool {
    line.trim_ascii_start().first().is_none_or(|first| *first == b'#')
}

/// The separator with which `score` finds most in a line.
pub(super) fn separator_of(line: &[u8], score: impl Fn(&Record) -> usize) -> u8 {
    let mut best = (0, 0, SEPARATORS[0]);
    for separator in SEPARATORS {
        let mut record = Record::default();
        if record.cut(line, separator, false).is_ok() && (score(&record), record.len()) > (best.0, best.1) {
            best = (score(&record), record.len(), separator);
        }
    }
    best.2
}

/// A line cut by the separator with which `score` finds most in it.
pub(super) fn one(line: &[u8], score: impl Fn(&Record) -> usize) -> Record {
    let mut record = Record { line: 1, ..Record::default() };
    let separator = separator_of(line, score);
    // What cannot be cut to its end has its first cells all the same.
    let _ = record.cut(line, separator, false);
    record
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut records = Records::new(text);
        let (mut record, mut found) = (Record::default(), Vec::new());
        let known = |record: &Record| (0..record.len()).filter(|place| matches!(record.cell(*place), Ok("a" | "b" | "c"))).count();
        let mut more = records.header(&mut record, known).map_err(|e| e.to_string())?;
        while more {
            let cells = (0..record.len()).map(|place| record.cell(place).unwrap_or("?").to_owned()).collect();
            found.push((record.line(), cells));
            more = records.next(&mut record).map_err(|e| e.to_string())?;
        }
        Ok(found)
    }

    fn row(line: u64, cells: [&str; 3]) -> (u64, Vec<String>) {
        (line, cells.map(str::to_owned).to_vec())
    }

    #[test]
    fn the_header_tells_the_separator() {
        for text in ["a,b,c\n1,2;2,3\n", "a;b;c\r\n1;\"2;2\";3", "\u{feff}a\tb\tc\n1\t2;2\t3\n", "sep=;\na ;b; c\n 1;\"2;2\" ;3\u{a0}\n"] {
            let first = u64::from(text.starts_with("sep")) + 1;
            assert_eq!(read(text.as_bytes()).unwrap(), [row(first, ["a", "b", "c"]), row(first + 1, ["1", "2;2", "3"])], "{text}");
        }
    }

    #[test]
    fn records_keep_their_lines_beside_comments_blanks_and_breaks_in_quotes() {
        let text = "# first, \"a comment\n\na,b,c\n\"# another, in quotes\",,\n1,\"two\nlines and a \"\"quote\"\"\",3\n,,\n4,5\" disk,6\n";
        assert_eq!(
            read(text.as_bytes()).unwrap(),
            [row(3, ["a", "b", "c"]), row(5, ["1", "two\nlines and a \"quote\"", "3"]), row(8, ["4", "5\" disk", "6"])]
        );
    }

    #[test]
    fn what_cannot_be_cut_is_told_with_its_line_and_without_what_stands_there() {
        let open = read(b"a,b\n1,2\n3,\"secret\n5,6\n").unwrap_err();
        assert!(open.starts_with("line 3: has a quote (\") that is not closed") && !open.contains("secret"), "{open}");
        let after = read(b"a,b\n\"1\"secret,2\n").unwrap_err();
        assert!(after.starts_with("line 2: has text after a closing quote") && !after.contains("secret"), "{after}");
    }

    proptest! {
        #[test]
        fn what_a_csv_writer_writes_is_read_back(
            rows in proptest::collection::vec(("[a-z0-9]{1,5}", "[^#\\p{C}]{0,8}", "[a-z\",;\t\n ]{0,8}"), 0..6),
            separator in prop::sample::select(&SEPARATORS[..]),
        ) {
            let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).unwrap();
            for (a, b, c) in &rows {
                writer.write_record([a, b, c]).unwrap();
            }
            let found = read(&writer.into_inner().unwrap()).unwrap();
            let cells: Vec<Vec<String>> = found.into_iter().skip(1).map(|(_, cells)| cells).collect();
            let written: Vec<Vec<String>> = rows.iter().map(|(a, b, c)| [a, b, c].map(|cell| trimmed(cell).to_owned()).to_vec()).collect();
            prop_assert_eq!(cells, written);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[abc,;\t\"#\r\n ]{0,80}") {
            let _ = read(&bytes);
            let _ = read(format!("a,b\n{text}").as_bytes());
        }
    }
}
