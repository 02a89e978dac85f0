//! A table as text: CSV and TSV.

use std::io::Write;

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use super::cells::cell;
use super::plan::Plan;
use super::{CounterError, header};
use crate::formats::formula::guard;
use crate::formats::gather::Row;
use crate::model::Item;

/// A table that is being written.
pub(super) struct TextTable<'a> {
    plan: &'a Plan,
    out: Writer<&'a mut dyn Write>,
}

impl<'a> TextTable<'a> {
    /// Writes the header block and the headings; as in the standard's samples, every line has as many cells as the body.
    pub(super) fn begin(plan: &'a Plan, separator: u8, out: &'a mut dyn Write) -> Result<Self, CounterError> {
        // Spreadsheets know UTF-8 by its mark.
        out.write_all("\u{feff}".as_bytes())?;
        let mut out = WriterBuilder::new()
            .delimiter(separator)
            .terminator(Terminator::Any(b'\n'))
            .quote_style(QuoteStyle::Necessary)
            .flexible(true)
            .from_writer(out);
        let headings = header::headings(plan);
        let blank = vec![""; headings.len().saturating_sub(2)];
        for (label, value) in header::rows(plan) {
            let value = one_line(&value);
            out.write_record([label, guard(&value).as_ref()].into_iter().chain(blank.iter().copied())).map_err(io)?;
        }
        out.write_record(std::iter::repeat_n("", headings.len())).map_err(io)?;
        out.write_record(&headings).map_err(io)?;
        Ok(Self { plan, out })
    }

    /// Writes the rows of an item.
    pub(super) fn item(&mut self, item: &Item, rows: &[Row]) -> Result<(), CounterError> {
        for row in rows {
            for column in self.plan.columns.iter() {
                let cell = cell(column, item, &row.kind);
                self.out.write_field(guard(&cell).as_bytes()).map_err(io)?;
            }
            self.out.write_field(guard(&row.kind.metric).as_bytes()).map_err(io)?;
            let total: u128 = row.counts.values().map(|count| u128::from(*count)).sum();
            self.out.write_field(total.to_string()).map_err(io)?;
            for month in &self.plan.months {
                self.out.write_field(row.counts.get(month).copied().unwrap_or(0).to_string()).map_err(io)?;
            }
            self.out.write_record(None::<&[u8]>).map_err(io)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), CounterError> {
        Ok(self.out.flush()?)
    }
}

/// The header's values stand on a line each.
fn one_line(text: &str) -> String {
    text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn io(error: csv::Error) -> CounterError {
    CounterError::Write(error.into())
}
