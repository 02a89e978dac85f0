//! Any [`Table`] as one JSON document, streamed: an array with an object for each row, one row a line.
//!
//! Every object has every column in order; an empty cell is `null`. Decimals are written as numbers with the digits
//! that they have (`7.200000`): a reader that wants them exact can have them.

use std::io::{self, Write};

use super::ExportError;
use super::rows::{Cell, Table};

/// Writes all rows; gives their number.
///
/// # Errors
/// The first row that cannot be had, or the writer's error; what is written by then is no JSON document.
pub fn write_json<T: Table, E>(out: &mut dyn Write, rows: impl IntoIterator<Item = Result<T, E>>) -> Result<u64, ExportError<E>> {
    // A row is some twenty small writes.
    let mut out = io::BufWriter::new(out);
    let mut written = 0;
    out.write_all(b"[")?;
    for row in rows {
        let row = row.map_err(ExportError::Row)?;
        out.write_all(if written == 0 { b"\n" } else { b",\n" })?;
        write_object(&mut out, &row)?;
        written += 1;
    }
    out.write_all(if written == 0 { b"]\n" } else { b"\n]\n" })?;
    out.flush()?;
    Ok(written)
}

fn write_object<T: Table>(out: &mut impl Write, row: &T) -> io::Result<()> {
    for (place, (column, cell)) in T::COLUMNS.iter().zip(row.cells()).enumerate() {
        // Columns' names are plain words of this program: nothing to escape.
        write!(out, "{}\"{column}\":", if place == 0 { '{' } else { ',' })?;
        match cell {
            Cell::Empty => out.write_all(b"null")?,
            Cell::Text(text) => serde_json::to_writer(&mut *out, &*text)?,
            Cell::Whole(number) => write!(out, "{number}")?,
            Cell::Decimal(number) => out.write_all(number.as_bytes())?,
            Cell::Month(month) => write!(out, "\"{month}\"")?,
            Cell::Date(date) => write!(out, "\"{date}\"")?,
            Cell::Flag(flag) => write!(out, "{flag}")?,
        }
    }
    out.write_all(b"}")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::rows::tests::statistic;
    use super::*;
    use crate::export::StatisticRow;

    fn json(rows: Vec<StatisticRow>) -> String {
        let mut out = Vec::new();
        write_json(&mut out, rows.into_iter().map(Ok::<_, Infallible>)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn it_parses_back_with_all_columns_in_order() {
        let text = json(vec![statistic("2024-03", "2201200", "Bø; \"Ål\"\n=1+1\u{1}", 7), statistic("2024-04", "2", "", 8)]);
        assert_eq!(text.lines().count(), 4);
        assert!(text.starts_with("[\n{\"month\":\"2024-03\",\"county\":\"56\","), "{text}");
        let parsed: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed.len(), 2);
        let first = &parsed[0];
        assert_eq!(first.len(), StatisticRow::COLUMNS.len());
        assert_eq!(first["institution_name"], "Bø; \"Ål\"\n=1+1\u{1}", "JSON is for machines and keeps text as it is");
        assert_eq!(first["value"], 7);
        assert_eq!(first["exact"], 7.25);
        assert_eq!(first["per_1000"], 0.32);
        assert!(first["note"].is_null());
        assert_eq!(parsed[1]["month"], "2024-04");
    }

    #[test]
    fn decimals_keep_their_digits() {
        assert!(json(vec![statistic("2024-03", "1", "", 7)]).contains("\"exact\":7.250000,"));
    }

    #[test]
    fn no_rows_are_an_empty_array() {
        assert_eq!(json(vec![]), "[]\n");
    }

    #[test]
    fn a_bad_row_leaves_no_document_that_looks_whole() {
        let mut out = Vec::new();
        let error = write_json(&mut out, [Ok(statistic("2024-03", "1", "", 1)), Err("gone")]).unwrap_err();
        assert!(matches!(error, ExportError::Row("gone")));
        assert!(serde_json::from_slice::<serde_json::Value>(&out).is_err());
    }
}
