//! Any [`Table`] as CSV, streamed row by row.
//!
//! RFC 4180 with `\n` line ends: comma, header row, UTF-8 without BOM, numbers with a point. Machines read it; people
//! open it in a spreadsheet all the same, so text from vendors is kept from becoming a formula there ([`neutral`]).

use std::borrow::Cow;
use std::io::Write;

use ::csv::{Terminator, Writer, WriterBuilder};

use super::ExportError;
use super::rows::{Cell, Table};

/// Writes the header and all rows; gives the number of rows.
///
/// Empty cells are empty, yes is `yes` and no is empty, months are `2024-03`, days `2024-03-01`.
///
/// # Errors
/// The first row that cannot be had, or the writer's error; the file is then cut short.
pub fn write_csv<T: Table, E>(out: &mut dyn Write, rows: impl IntoIterator<Item = Result<T, E>>) -> Result<u64, ExportError<E>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(out);
    writer.write_record(T::COLUMNS).map_err(io_error)?;
    let mut written = 0;
    for row in rows {
        let row = row.map_err(ExportError::Row)?;
        for cell in row.cells() {
            write_cell(&mut writer, &cell).map_err(io_error)?;
        }
        writer.write_record(None::<&[u8]>).map_err(io_error)?;
        written += 1;
    }
    writer.flush()?;
    Ok(written)
}

fn write_cell(writer: &mut Writer<&mut dyn Write>, cell: &Cell<'_>) -> ::csv::Result<()> {
    match cell {
        Cell::Empty | Cell::Flag(false) => writer.write_field(""),
        Cell::Text(text) => writer.write_field(neutral(text).as_bytes()),
        Cell::Whole(number) => writer.write_field(number.to_string()),
        Cell::Decimal(number) => writer.write_field(number.as_bytes()),
        Cell::Month(month) => writer.write_field(month.to_string()),
        Cell::Date(date) => writer.write_field(date.to_string()),
        Cell::Flag(true) => writer.write_field("yes"),
    }
}

fn io_error<E>(error: ::csv::Error) -> ExportError<E> {
    ExportError::Write(error.into())
}

/// `text` with an apostrophe before whatever a spreadsheet would take for the beginning of a formula.
///
/// A cell that begins with `=`, `+`, `-`, `@`, a tab or a line end gets one in front, also if spaces or quotes come
/// before. So does what follows a semicolon, tab or line end inside the cell: a Norwegian Excel that opens a
/// comma-separated file by a double click splits it at semicolons and knows nothing of our quotes.
#[must_use]
pub fn neutral(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut copied, mut cell_start, mut at_start) = (0, 0, true);
    let mut apostrophe_before = |place: usize| {
        out.push_str(text.get(copied..place).unwrap_or_default());
        out.push('\'');
        copied = place;
    };
    if text.starts_with(['\t', '\r', '\n']) {
        apostrophe_before(0);
    }
    for (place, letter) in text.char_indices() {
        match letter {
            ';' | '\t' | '\r' | '\n' => (cell_start, at_start) = (place + 1, true),
            '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}' if at_start => {
                apostrophe_before(cell_start);
                at_start = false;
            }
            '"' => {}
            // Nor does what nobody sees hide what follows it.
            _ if letter.is_whitespace() || letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') => {}
            _ => at_start = false,
        }
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io;

    use super::super::rows::tests::statistic;
    use super::*;
    use crate::export::StatisticRow;

    fn csv(rows: Vec<StatisticRow>) -> String {
        let mut out = Vec::new();
        write_csv(&mut out, rows.into_iter().map(Ok::<_, Infallible>)).unwrap();
        String::from_utf8(out).unwrap()
    }

    const HEADER: &str = "month,county,county_name,municipality,municipality_name,institution,institution_name,kind,vendor,product,\
        product_name,report,metric,data_type,value,exact,quality,key,shared_with,persons,per_1000,accounts,revision,harvested_at,note\n";

    #[test]
    fn the_header_is_the_contracts_also_without_rows() {
        assert_eq!(csv(vec![]), HEADER);
    }

    #[test]
    fn a_row_is_one_line_of_plain_values() {
        let placed = statistic("2024-03", "2201200", "Alta bibliotek", 1234);
        let mut unplaced = statistic("2024-03", "x", "", 5);
        unplaced.institution = None;
        unplaced.municipality = None;
        unplaced.kind = None;
        unplaced.persons = None;
        for text in [&mut unplaced.county, &mut unplaced.county_name, &mut unplaced.municipality_name, &mut unplaced.key] {
            *text = "".into();
        }
        assert_eq!(
            csv(vec![placed, unplaced]),
            format!(
                "{HEADER}2024-03,56,Finnmark - Finnmárku - Finmarkku,5601,Alta,2201200,Alta bibliotek,public_library,naxos,naxos-jazz,\
                 Naxos Jazz,PR,Unique_Item_Requests,Audiovisual,1234,1234.250000,default_key,population,2562800 alta-vgs,21708,56.85,\
                 naxos-finnmark,2,2025-01-20T03:30:00Z,\n\
                 2024-03,,,,,,,,naxos,naxos-jazz,\
                 Naxos Jazz,PR,Unique_Item_Requests,Audiovisual,5,5.250000,default_key,,2562800 alta-vgs,,,\
                 naxos-finnmark,2,2025-01-20T03:30:00Z,\n"
            )
        );
    }

    #[test]
    fn what_a_reader_reads_back_is_what_was_written() {
        for name in ["Bø; Ål, \"Sør\"", "two\nlines", "æøåÆØÅ čđŋ", "comma, then", "\"", "a\r\nb"] {
            let text = csv(vec![statistic("2024-03", "1", name, 1)]);
            assert!(!text.starts_with('\u{feff}'));
            let mut reader = ::csv::Reader::from_reader(text.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            assert_eq!(&record[6], name);
            assert_eq!(record.len(), 25);
        }
    }

    #[test]
    fn text_never_becomes_a_formula() {
        for (text, safe) in [
            ("=1+1", "'=1+1"),
            ("+47 22", "'+47 22"),
            ("-ing", "'-ing"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\rx", "'\rx"),
            ("\n", "'\n"),
            ("  =1", "'  =1"),
            ("\"=1\"", "'\"=1\""),
            ("Sult;=cmd|' /C calc'!A0;x", "Sult;'=cmd|' /C calc'!A0;x"),
            ("a; \"-1", "a;' \"-1"),
            ("a\n=1;+2", "a\n'=1;'+2"),
            ("Å;=Å", "Å;'=Å"),
        ] {
            assert_eq!(neutral(text), safe);
        }
        for text in ["", "a=b", "Bø - Ål", "a; b-c", "1+1", "ISSN:1234-5678; DOI:10.1/x", "'=1", ";;", " "] {
            assert!(matches!(neutral(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn numbers_are_left_alone() {
        let mut out = Vec::new();
        let mut writer = WriterBuilder::new().from_writer(&mut out as &mut dyn Write);
        write_cell(&mut writer, &Cell::decimal("-5.50")).unwrap();
        write_cell(&mut writer, &Cell::decimal("-5,50")).unwrap();
        writer.write_record(None::<&[u8]>).unwrap();
        drop(writer);
        assert_eq!(String::from_utf8(out).unwrap(), "-5.50,\"'-5,50\"\n");
    }

    #[test]
    fn the_first_bad_row_stops_it() {
        let rows = [Ok(statistic("2024-03", "1", "", 1)), Err("the store is gone"), Ok(statistic("2024-03", "1", "", 1))];
        let error = write_csv(&mut Vec::new(), rows).unwrap_err();
        assert!(matches!(error, ExportError::Row("the store is gone")));
    }

    #[test]
    fn a_full_disk_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write_csv(&mut Full, [Ok::<_, Infallible>(statistic("2024-03", "1", "", 1))]).unwrap_err();
        assert!(matches!(&error, ExportError::Write(io) if io.kind() == io::ErrorKind::StorageFull), "{error:?}");
    }
}
