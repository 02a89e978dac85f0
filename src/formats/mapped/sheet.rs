//! Sheets of workbooks (.xlsx), row by row.
//!
//! A workbook can only be opened whole, so its size has a limit, and so has what it unpacks to: a few bytes can stand for gigabytes.

use std::io::{BufRead, Cursor, Read};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, Xlsx};
use zip::ZipArchive;

use super::rows::Take;
use super::table::{Columns, columns};
use super::{FormatError, Wanted};
use crate::formats::counter_json::without_addresses;
use crate::model::manifest::place::Find;
use crate::model::manifest::{Mapping, RowsAt};

/// The largest workbook, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// All of its parts together may unpack to this, in bytes.
const MOST_UNPACKED: u64 = 1024 * 1024 * 1024;

/// Its texts are in memory; they may unpack to this, in bytes.
const MOST_TEXTS: u64 = 128 * 1024 * 1024;

/// A sheet has no more columns.
const WIDEST: u32 = 16_384;

/// Passes the rows of a sheet on.
pub(super) fn read(reader: impl BufRead, mapping: &Mapping, take: &mut dyn Take, wanted: &mut Wanted<'_>) -> Result<(), FormatError> {
    let RowsAt::Sheet { name, skip, header } = &mapping.rows else {
        return Err(FormatError::NotReport("the mapping is not one of a workbook".into()));
    };
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(FormatError::NotReport(format!("the workbook is larger than {} MiB", LARGEST >> 20)));
    }
    look_through(&bytes)?;
    let mut book = Xlsx::new(Cursor::new(bytes.as_slice())).map_err(|error| broken(&error))?;
    let sheet = sheet_of(&book, name.as_deref())?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|error| broken(&error))?;
    let mut state = Sheet { mapping, take, wanted, skip: *skip, header: *header, columns: None };
    let mut row: (u32, Vec<Option<String>>) = (0, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
        let (at, column) = cell.get_position();
        if column >= WIDEST {
            return Err(FormatError::NotReport("the sheet has cells beyond the last column that a sheet can have".into()));
        }
        if at != row.0 {
            state.row(row.0, &row.1)?;
            row = (at, Vec::new());
        }
        if let Some(text) = value(cell.get_value()) {
            let place = column as usize;
            if row.1.len() <= place {
                row.1.resize(place + 1, None);
            }
            if let Some(cell) = row.1.get_mut(place) {
                *cell = Some(text);
            }
        }
    }
    state.row(row.0, &row.1)?;
    if state.columns.is_none() && !mapping.may_be_absent {
        let what = "the sheet is empty; if that means that there was no use, say may_be_absent = true in rows";
        return Err(FormatError::NotReport(what.into()));
    }
    Ok(())
}

struct Sheet<'s, 'w> {
    mapping: &'s Mapping,
    take: &'s mut dyn Take,
    wanted: &'s mut Wanted<'w>,
    skip: u32,
    header: bool,
    columns: Option<Columns>,
}

impl Sheet<'_, '_> {
    fn row(&mut self, at: u32, row: &[Option<String>]) -> Result<(), FormatError> {
        if at < self.skip || row.iter().all(Option::is_none) {
            return Ok(());
        }
        if self.columns.is_none() {
            if self.header {
                let names: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or_default().trim()).collect();
                self.columns = Some(columns(&self.mapping.places, &names, self.wanted)?);
                return Ok(());
            }
            let number = |find: &Find| if let Find::Number(number) = find { *number } else { usize::MAX };
            let of_places = self.mapping.places.iter().map(|place| number(&place.find)).collect();
            self.columns = Some(Columns { width: None, of_places });
        }
        let of_places = self.columns.as_ref().map_or(&[][..], |columns| &columns.of_places);
        let mut cells = of_places.iter().map(|place| row.get(*place).cloned().flatten()).collect();
        self.take.row(u64::from(at) + 1, &mut cells)
    }
}

/// The sheet that is meant.
fn sheet_of(book: &Xlsx<Cursor<&[u8]>>, name: Option<&str>) -> Result<String, FormatError> {
    let mut names = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).map(|sheet| sheet.name.as_str());
    let found = match name {
        None => names.clone().next(),
        Some(name) => names.clone().find(|known| known.eq_ignore_ascii_case(name)),
    };
    if let Some(found) = found {
        return Ok(found.to_owned());
    }
    let known: Vec<String> = names.by_ref().take(20).map(|name| format!("'{name}'")).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(FormatError::NotReport(format!("the workbook has no sheet '{}'; its sheets: {known}", name.unwrap_or_default())))
}

/// Unpacks everything once, and throws it away.
fn look_through(bytes: &[u8]) -> Result<(), FormatError> {
    if !bytes.starts_with(b"PK") {
        let beginning: String =
            String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes)).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        return Err(FormatError::NotReport(format!("it is no workbook (.xlsx); it begins with: {}", without_addresses(&beginning))));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut left = MOST_UNPACKED;
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(|error| broken(&error))?;
        let is_texts = part.name().is_ok_and(|name| name.to_ascii_lowercase().ends_with("sharedstrings.xml"));
        let most = if is_texts { left.min(MOST_TEXTS) } else { left };
        let size = std::io::copy(&mut part.take(most + 1), &mut std::io::sink()).map_err(|error| broken(&error))?;
        if size > most {
            return Err(FormatError::NotReport("the workbook unpacks to more than is allowed".into()));
        }
        left -= size;
    }
    Ok(())
}

fn broken(error: &dyn std::error::Error) -> FormatError {
    FormatError::NotReport(format!("it is a broken workbook: {error}"))
}

/// What a cell holds; nothing if that is nothing. A formula is the value that it had when the file was saved.
fn value(data: &DataRef<'_>) -> Option<String> {
    let text = match data {
        DataRef::Empty | DataRef::Error(_) => return None,
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::String(text) | DataRef::DurationIso(text) | DataRef::DateTimeIso(text) => text.clone(),
        DataRef::Int(whole) => whole.to_string(),
        DataRef::Float(float) => float.to_string(),
        DataRef::Bool(is) => is.to_string(),
        DataRef::DateTime(time) => day(*time),
    };
    (!text.trim().is_empty()).then_some(text)
}

/// Days since 1900 (or 1904) as a date; a duration stays a number.
fn day(time: ExcelDateTime) -> String {
    if time.is_duration() {
        return time.as_f64().to_string();
    }
    let (year, month, day, ..) = time.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02}")
}
