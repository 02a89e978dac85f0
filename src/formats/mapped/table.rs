//! Tables as text: CSV and TSV, in UTF-8, Windows-1252 or UTF-16.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{Decoder, UTF_16LE, WINDOWS_1252};

use super::super::delimited::{Record, Records};
use super::super::lines::LineError;
use super::super::usage_table::is_address;
use super::super::words::same_letters;
use super::rows::Take;
use super::{FormatError, Wanted};
use crate::model::manifest::place::{Find, Place};
use crate::model::manifest::{Encoding, Mapping, RowsAt};

/// A line before the header is not longer.
const LONGEST_LINE: u64 = 1024 * 1024;

/// Passes the rows of a table on.
pub(super) fn read(reader: impl BufRead, mapping: &Mapping, take: &mut dyn Take, wanted: &mut Wanted<'_>) -> Result<(), FormatError> {
    match mapping.encoding {
        Encoding::Utf8 => rows(reader, mapping, take, wanted),
        Encoding::Windows1252 => rows(BufReader::new(Decoded::new(reader, WINDOWS_1252.new_decoder())), mapping, take, wanted),
        Encoding::Utf16 => rows(BufReader::new(Decoded::new(reader, UTF_16LE.new_decoder())), mapping, take, wanted),
    }
}

fn rows(mut reader: impl BufRead, mapping: &Mapping, take: &mut dyn Take, wanted: &mut Wanted<'_>) -> Result<(), FormatError> {
    let RowsAt::Table { separator, skip, header } = mapping.rows else {
        return Err(FormatError::NotReport("the mapping is not one of a table".into()));
    };
    for _ in 0..skip {
        let mut line = Vec::new();
        reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    }
    let mut records = Records::without_comments(reader, separator);
    let mut record = Record::default();
    let known = |record: &Record| {
        let is_column =
            |cell: &str| mapping.places.iter().any(|place| matches!(&place.find, Find::Column(name) if same_letters(name, cell)));
        (0..record.len()).filter(|place| record.cell(*place).is_ok_and(|cell| !cell.is_empty() && is_column(cell))).count()
    };
    let line = |record: &Record| record.line() + u64::from(skip);
    let mut more = records.header(&mut record, known).map_err(|error| refused(error, skip))?;
    if !more && mapping.may_be_absent {
        return Ok(());
    }
    if !more {
        return Err(FormatError::NotReport("it is empty; if that means that there was no use, say may_be_absent = true in rows".into()));
    }
    let columns = if header {
        let names: Result<Vec<&str>, _> = (0..record.filled()).map(|place| record.cell(place)).collect();
        let names = names.map_err(|_| not_utf8(line(&record)))?;
        let columns = columns(&mapping.places, &names, wanted)?;
        more = records.next(&mut record).map_err(|error| refused(error, skip))?;
        columns
    } else {
        let number = |place: &Place| if let Find::Number(number) = place.find { number } else { usize::MAX };
        Columns { width: None, of_places: mapping.places.iter().map(number).collect() }
    };
    let mut cells: Vec<Option<String>> = Vec::new();
    while more {
        let number = line(&record);
        cells.clear();
        for place in &columns.of_places {
            let cell = record.cell(*place).map_err(|_| not_utf8(number))?;
            cells.push((!cell.is_empty()).then(|| cell.to_owned()));
        }
        // What filters leave out may be a line of another shape, as the sum at the end.
        if let Some(width) = columns.width.filter(|width| record.filled() > *width || record.len() < *width)
            && mapping.keep.iter().all(|keep| keep.keeps(&cells))
        {
            let (has, hint) = if record.filled() > width {
                (record.filled(), "; a cell with a separator in it must stand in quotes")
            } else {
                (record.len(), "; if it is no row, leave it out by keep in the mapping")
            };
            let what = format!("has {has} cells where the header has {width}{hint}");
            return Err(FormatError::BadRow { place: format!("line {number}"), what });
        }
        take.row(number, &mut cells)?;
        more = records.next(&mut record).map_err(|error| refused(error, skip))?;
    }
    Ok(())
}

/// Which columns the mapping's places are.
pub(super) struct Columns {
    /// How many the header names; nothing if there is none.
    pub width: Option<usize>,
    /// The column of each place, from 0.
    pub of_places: Vec<usize>,
}

/// The columns that a header names.
pub(super) fn columns(places: &[Place], names: &[&str], wanted: &mut Wanted<'_>) -> Result<Columns, FormatError> {
    let mut of_places = Vec::with_capacity(places.len());
    for place in places {
        let column = match &place.find {
            Find::Number(number) if *number < names.len() => *number,
            Find::Number(number) => {
                let what = format!("it has no column #{}; the header has {}", number + 1, names.len());
                return Err(FormatError::NotReport(what));
            }
            Find::Column(name) => column(name, names)?,
            _ => return Err(FormatError::NotReport("the mapping is not one of a table".into())),
        };
        of_places.push(column);
    }
    for (place, name) in names.iter().enumerate().filter(|(place, _)| !of_places.contains(place)) {
        if name.is_empty() { wanted.unread(&format!("#{}", place + 1)) } else { wanted.unread(name) }
    }
    Ok(Columns { width: Some(names.len()), of_places })
}

/// The column of this name: as it is written, else but for case, blanks and underscores.
fn column(name: &str, names: &[&str]) -> Result<usize, FormatError> {
    let find = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
        names.iter().enumerate().filter(|(_, known)| same(known)).map(|(place, _)| place).collect()
    };
    let mut found = find(&|known| known == name);
    if found.is_empty() {
        found = find(&|known| same_letters(known, name));
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let shown = |name: &&&str| !name.is_empty() && !is_address(name);
            let known: Vec<String> =
                names.iter().filter(shown).take(30).map(|name| name.chars().filter(|c| !c.is_control()).take(40).collect()).collect();
            Err(FormatError::NotReport(format!("it has no column '{name}'; it has: {}", known.join(", "))))
        }
        _ => Err(FormatError::NotReport(format!("it has several columns '{name}'; name the right one by its number, as #3"))),
    }
}

fn refused(error: LineError, skip: u32) -> FormatError {
    match error {
        LineError::Io(error) => FormatError::Io(error),
        LineError::Bad { line, what } => {
            let hint = if what.contains("UTF-16") { "the file is in UTF-16; say encoding = \"utf-16\" in rows" } else { what };
            FormatError::BadRow { place: format!("line {}", line + u64::from(skip)), what: hint.into() }
        }
    }
}

fn not_utf8(line: u64) -> FormatError {
    let what = "has a character that is not UTF-8; say in rows how the text is written, most likely encoding = \"windows-1252\"";
    FormatError::BadRow { place: format!("line {line}"), what: what.into() }
}

/// A text in other letters, as UTF-8. A byte order mark has the last word.
struct Decoded<R> {
    reader: R,
    decoder: Decoder,
    out: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: BufRead> Decoded<R> {
    fn new(reader: R, decoder: Decoder) -> Self {
        Self { reader, decoder, out: Vec::new(), given: 0, ended: false }
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.out.len() {
            if self.ended {
                return Ok(0);
            }
            let available = self.reader.fill_buf()?;
            self.ended = available.is_empty();
            let piece = available.get(..available.len().min(16 * 1024)).unwrap_or(available);
            let most = self.decoder.max_utf8_buffer_length(piece.len()).unwrap_or(64 * 1024);
            self.out.clear();
            self.out.resize(most, 0);
            // What is no letter becomes U+FFFD.
            let (_, read, written, _) = self.decoder.decode_to_utf8(piece, &mut self.out, self.ended);
            self.out.truncate(written);
            self.given = 0;
            self.reader.consume(read);
        }
        let rest = self.out.get(self.given..).unwrap_or_default();
        let size = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..size), rest.get(..size)) {
            to.copy_from_slice(from);
        }
        self.given += size;
        Ok(size)
    }
}
