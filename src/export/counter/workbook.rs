//! A table as a workbook of one sheet. Rows go to a file aside as they come, so that memory does not grow with them.

use std::io::{self, Seek as _, Write};

use rust_xlsxwriter::{ColNum, Format, RowNum, Workbook, XlsxError};

use super::cells::cell;
use super::plan::Plan;
use super::{CounterError, header};
use crate::export::xlsx::clean;
use crate::formats::formula::guard_in_sheet;
use crate::formats::gather::Row;
use crate::model::Item;

/// Rows that a sheet holds.
const MAX_ROWS: RowNum = 1_048_576;
/// The largest whole number that a spreadsheet keeps exactly; larger ones are written as text.
const MAX_EXACT: u64 = 1 << 53;

/// A sheet that is being written.
pub(super) struct Sheet<'a> {
    plan: &'a Plan,
    out: &'a mut dyn Write,
    workbook: Workbook,
    next: RowNum,
}

impl<'a> Sheet<'a> {
    pub(super) fn begin(plan: &'a Plan, out: &'a mut dyn Write) -> Result<Self, CounterError> {
        let mut workbook = Workbook::new();
        workbook.add_worksheet_with_constant_memory()?.set_name(plan.report.as_str())?;
        let mut sheet = Self { plan, out, workbook, next: 0 };
        for (label, value) in header::rows(plan) {
            sheet.text(0, label, None)?;
            sheet.text(1, &value, None)?;
            sheet.next += 1;
        }
        sheet.next += 1;
        let bold = Format::new().set_bold();
        for (column, heading) in header::headings(plan).iter().enumerate() {
            sheet.text(place(column)?, heading, Some(&bold))?;
        }
        sheet.next += 1;
        Ok(sheet)
    }

    fn text(&mut self, column: ColNum, text: &str, format: Option<&Format>) -> Result<(), CounterError> {
        if text.is_empty() {
            return Ok(());
        }
        let guarded = guard_in_sheet(text);
        let text = clean(&guarded);
        let row = self.next;
        let sheet = self.workbook.worksheet_from_index(0)?;
        match format {
            Some(format) => sheet.write_string_with_format(row, column, text, format)?,
            None => sheet.write_string(row, column, text)?,
        };
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "only numbers that are kept exactly")]
    fn number(&mut self, column: ColNum, number: u128) -> Result<(), CounterError> {
        match u64::try_from(number) {
            Ok(number) if number <= MAX_EXACT => {
                let row = self.next;
                self.workbook.worksheet_from_index(0)?.write_number(row, column, number as f64)?;
                Ok(())
            }
            _ => self.text(column, &number.to_string(), None),
        }
    }

    pub(super) fn item(&mut self, item: &Item, rows: &[Row]) -> Result<(), CounterError> {
        let plan = self.plan;
        for row in rows {
            if self.next >= MAX_ROWS {
                return Err(CounterError::TooManyRows);
            }
            let mut columns = 0..;
            let mut next = || columns.next().map_or(Err(CounterError::TooManyRows), place);
            for column in plan.columns.iter() {
                let text = cell(column, item, &row.kind);
                self.text(next()?, &text, None)?;
            }
            self.text(next()?, &row.kind.metric, None)?;
            self.number(next()?, row.counts.values().map(|count| u128::from(*count)).sum())?;
            for month in &plan.months {
                self.number(next()?, row.counts.get(month).copied().unwrap_or(0).into())?;
            }
            self.next += 1;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), CounterError> {
        let mut file = tempfile::tempfile()?;
        self.workbook.save_to_writer(&mut file)?;
        file.rewind()?;
        io::copy(&mut file, self.out)?;
        Ok(self.out.flush()?)
    }
}

fn place(column: usize) -> Result<ColNum, CounterError> {
    ColNum::try_from(column).map_err(|_| XlsxError::RowColumnLimitError.into())
}
