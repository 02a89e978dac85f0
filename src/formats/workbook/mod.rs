//! Workbooks (.xlsx) as a stream of rows, for tables that are too large to be kept.
//!
//! [`Book::open`] puts the file aside, since its parts stand in no order, and looks through it; [`Book::sheet`] gives the rows of a sheet
//! as [`Record`]s, whose line is the row's number and whose cells are text. A formula counts as the value that it had when the file was
//! saved. Only the texts that cells share are held in memory, up to a limit.

pub(crate) mod cell;
pub(crate) mod container;

use std::io::{self, Read, Seek as _, Write as _};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx, XlsxCellReader};
use tempfile::{SpooledTempFile, spooled_tempfile};

use self::cell::{iso, moment, number};
use self::container::{Kind, Limits};
use super::delimited::Record;

/// Larger files are not taken, packed as they are.
pub(super) const LARGEST: u64 = 512 * 1024 * 1024;

/// Smaller files are not put on disk.
pub(super) const IN_MEMORY: usize = 2 * 1024 * 1024;

/// What a workbook may unpack to. A full sheet of a million rows and forty columns has some 2 GiB.
const UNPACKED: Limits = Limits { sheets: 4 << 30, others: 128 << 20 };

/// A table with more columns is none of ours.
const WIDEST: u32 = 4096;

/// Why a workbook cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BookError {
    /// The file cannot be had, or not be put aside.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What is wrong with it, said as what follows its name.
    #[error("{0}")]
    Bad(String),
}

/// Whether a file begins as a workbook does, one that cannot be read included.
pub(super) fn is_workbook(beginning: &[u8]) -> bool {
    beginning.starts_with(container::ZIP) || beginning.starts_with(container::COMPOUND)
}

/// A workbook.
pub(super) struct Book(Xlsx<SpooledTempFile>);

impl Book {
    /// Takes a file from its beginning.
    pub(super) fn open(reader: impl Read) -> Result<Self, BookError> {
        let mut file = aside(reader)?;
        if container::check_archive(&mut file, UNPACKED).map_err(BookError::Bad)? == Kind::Ods {
            return Err(BookError::Bad("is an OpenDocument workbook (.ods); save it as .xlsx or CSV".to_owned()));
        }
        file.rewind()?;
        Xlsx::new(file).map(Self).map_err(|error| BookError::Bad(container::broken(&error)))
    }

    /// The names of the sheets that have cells, in their order; those that one does not see only if there is no other.
    pub(super) fn names(&self) -> Vec<String> {
        let all = || self.0.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        let seen: Vec<String> = all().filter(|sheet| sheet.visible == SheetVisible::Visible).map(|sheet| sheet.name.clone()).collect();
        if seen.is_empty() { all().map(|sheet| sheet.name.clone()).collect() } else { seen }
    }

    /// The rows of a sheet.
    pub(super) fn sheet(&mut self, name: &str) -> Result<Sheet<'_>, BookError> {
        let cells = self.0.worksheet_cells_reader(name).map_err(|error| BookError::Bad(container::broken(&error)))?;
        Ok(Sheet { cells, next: None, row: None, ended: false, text: String::new() })
    }
}

/// Copies a file to where it can be read in any order.
fn aside(mut reader: impl Read) -> Result<SpooledTempFile, BookError> {
    let mut file = spooled_tempfile(IN_MEMORY);
    let size = io::copy(&mut reader.by_ref().take(LARGEST + 1), &mut file)?;
    if size > LARGEST {
        return Err(BookError::Bad(format!("is larger than {} MiB, packed as it is", LARGEST >> 20)));
    }
    file.flush()?;
    file.rewind()?;
    let mut beginning = [0; 4];
    if file.read(&mut beginning)? == beginning.len() && beginning == container::COMPOUND {
        let what =
            "is an old workbook (.xls), or one behind a password; open it in the spreadsheet and save it as .xlsx, without a password";
        return Err(BookError::Bad(what.to_owned()));
    }
    file.rewind()?;
    Ok(file)
}

/// The rows of a sheet.
pub(super) struct Sheet<'a> {
    cells: XlsxCellReader<'a, SpooledTempFile>,
    /// The first cell of the row that comes.
    next: Option<(u32, u32, Value<'a>)>,
    /// The row before.
    row: Option<u32>,
    /// There are no more cells.
    ended: bool,
    text: String,
}

enum Value<'a> {
    Of(DataRef<'a>),
    /// A formula that was never worked out.
    Formula,
}

impl<'a> Sheet<'a> {
    /// Puts the next row that has a cell into `record`. Says whether there is one.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, String> {
        let Some((row, mut column, mut value)) = (match self.next.take() {
            Some(first) => Some(first),
            None => self.cell()?,
        }) else {
            return Ok(false);
        };
        if self.row.is_some_and(|before| before >= row) {
            return Err(format!("is a broken workbook (row {} does not follow row {})", row + 1, self.row.unwrap_or(0) + 1));
        }
        self.row = Some(row);
        record.clear(u64::from(row) + 1);
        loop {
            if column > WIDEST {
                return Err(format!("has more than {WIDEST} columns in row {}", row + 1));
            }
            if (column as usize) < record.len() {
                return Err(format!("is a broken workbook (the cells of row {} are in no order)", row + 1));
            }
            while record.len() < column as usize {
                record.push(b"");
            }
            self.push(&value, record);
            match self.cell()? {
                Some((same, to, of)) if same == row => (column, value) = (to, of),
                next => {
                    self.next = next;
                    return Ok(true);
                }
            }
        }
    }

    /// The next cell that holds something.
    fn cell(&mut self) -> Result<Option<(u32, u32, Value<'a>)>, String> {
        while !self.ended {
            let Some(cell) = self.cells.next_cell_with_formula_metadata().map_err(|error| container::broken(&error))? else {
                self.ended = true;
                break;
            };
            let value = match (cell.value, cell.formula) {
                (DataRef::Empty, None) => continue,
                (DataRef::Empty, Some(_)) => Value::Formula,
                (value, _) => Value::Of(value),
            };
            return Ok(Some((cell.pos.0, cell.pos.1, value)));
        }
        Ok(None)
    }

    fn push(&mut self, value: &Value<'_>, record: &mut Record) {
        use std::fmt::Write as _;
        self.text.clear();
        let _ = match value {
            Value::Formula => {
                self.text.write_str("#VALUE? (a formula that was never worked out; open the file in a spreadsheet and save it)")
            }
            Value::Of(value) => match value {
                DataRef::Empty => Ok(()),
                DataRef::SharedString(text) => return record.push(text.as_bytes()),
                DataRef::String(text) | DataRef::DurationIso(text) => return record.push(text.as_bytes()),
                DataRef::Int(whole) => write!(self.text, "{whole}"),
                DataRef::Float(float) => match exactly(*float) {
                    Some(whole) => write!(self.text, "{whole}"),
                    None => self.text.write_str(&number(*float)),
                },
                DataRef::Bool(is) => self.text.write_str(if *is { "TRUE" } else { "FALSE" }),
                DataRef::DateTime(time) => self.text.write_str(&day(*time)),
                DataRef::DateTimeIso(text) => self.text.write_str(&iso(text)),
                DataRef::Error(error) => write!(self.text, "{error}"),
            },
        };
        record.push(self.text.as_bytes());
    }
}

/// The whole number that a float is, if it is one.
fn exactly(float: f64) -> Option<i64> {
    // Up to 2^53 a float is exactly the number that was written.
    if float.fract() != 0.0 || float.abs() >= 9_007_199_254_740_992.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and in range")]
    Some(float as i64)
}

/// Days since 1900 (or 1904) as a date; a duration stays a number.
fn day(time: ExcelDateTime) -> String {
    if time.is_duration() {
        return number(time.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    moment((year, month, day), (hour, minute, second))
}
