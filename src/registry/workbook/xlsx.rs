//! Sheets of Office Open XML, cell by cell: a sheet whose two corners are filled takes no more memory than two cells.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, Xlsx};

use super::{Budget, Rows, put};
use crate::formats::workbook::cell::{Value, iso, moment, number, truth};
use crate::formats::workbook::container;

/// A workbook.
pub(super) struct Book<'b>(Xlsx<Cursor<&'b [u8]>>);

impl<'b> Book<'b> {
    /// Opens a file that was [looked through](container::check).
    pub(super) fn open(bytes: &'b [u8]) -> Result<Self, String> {
        Xlsx::new(Cursor::new(bytes)).map(Self).map_err(|error| container::broken(&error))
    }

    /// The names of the sheets that have cells, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        let sheets = self.0.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        sheets.map(|sheet| sheet.name.clone()).collect()
    }

    /// The cells of a sheet.
    pub(super) fn rows(&mut self, name: &str, budget: &mut Budget) -> Result<Rows, String> {
        let broken = |error: calamine::XlsxError| container::broken(&error);
        let mut cells = self.0.worksheet_cells_reader(name).map_err(broken)?;
        let mut rows = Rows::new();
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            if let Some(value) = value(cell.get_value()) {
                put(&mut rows, budget, cell.get_position(), value)?;
            }
        }
        Ok(rows)
    }
}

/// What a cell holds; nothing if that is nothing. A formula is the value that it had when the file was saved.
fn value(data: &DataRef<'_>) -> Option<Value> {
    let text = match data {
        DataRef::Empty => return None,
        DataRef::Error(error) => return Some(Value::Error(error.to_string())),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::String(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Int(whole) => whole.to_string(),
        DataRef::Float(float) => number(*float),
        DataRef::Bool(is) => truth(*is).to_owned(),
        DataRef::DateTime(time) => excel(*time),
        DataRef::DateTimeIso(text) => iso(text),
    };
    (!text.is_empty()).then_some(Value::Text(text))
}

/// Days since 1900 (or 1904) as a date; a duration stays a number.
fn excel(time: ExcelDateTime) -> String {
    if time.is_duration() {
        return number(time.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    moment((year, month, day), (hour, minute, second))
}
