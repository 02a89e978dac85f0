//! A file that is a COUNTER report, or else is read by a [`Mapping`]: what people put in a folder may be either.
//!
//! [`read`] decides by the beginning alone, by what only COUNTER's reports have there. So a COUNTER report that is broken is refused as
//! what it is and never reaches the mapping, and a vendor's own table whose columns happen to have COUNTER's names is not taken for a
//! report. What the mapping's format rules out is left to the readers of COUNTER too: they know better what such a file is.

use std::borrow::Cow;
use std::io::{self, Cursor, Read, Seek as _};

use tempfile::spooled_tempfile;

use super::words::same_letters;
use super::{BEGINNING, FormatError, Reading, RecordSink, counter_table, counter_xml, encoding, mapped, workbook};
use crate::model::manifest::{Format, Mapping};

/// Reads a COUNTER report in any form that is known, and by the mapping what is none, in one pass.
///
/// # Errors
/// See [`FormatError`]: nothing that was passed to the sink is to be used then.
pub fn read(mut reader: impl Read, mapping: &Mapping, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut beginning = Vec::new();
    reader.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning)?;
    let is_workbook = workbook::is_workbook(&beginning);
    let is_report = is_workbook || is_report(&beginning, mapping.format)?;
    let reader = Cursor::new(beginning).chain(reader);
    if is_workbook && mapping.format == Format::Xlsx {
        read_workbook(reader, mapping, sink)
    } else if is_report {
        super::read(reader, sink)
    } else {
        mapped::read_plain(reader, mapping, sink)
    }
}

/// Reads a workbook. It is put aside, as its parts stand in no order: one look tells what it is.
fn read_workbook(reader: impl Read, mapping: &Mapping, sink: &mut impl RecordSink) -> Result<Reading, FormatError> {
    let mut file = spooled_tempfile(workbook::IN_MEMORY);
    // One that is larger is refused when it is opened.
    io::copy(&mut reader.take(workbook::LARGEST + 1), &mut file)?;
    file.rewind()?;
    // Of one that cannot be opened, the reader of COUNTER says why.
    let is_report = counter_table::is_report_workbook(&mut file).unwrap_or(true);
    file.rewind()?;
    if is_report { super::read(file, sink) } else { mapped::read_plain(file, mapping, sink) }
}

/// Whether a text with this beginning is for the readers of COUNTER. `format` is what the mapping is for.
fn is_report(beginning: &[u8], format: Format) -> io::Result<bool> {
    let text: Cow<'_, [u8]> = match encoding::utf16(beginning.get(..4096).unwrap_or(beginning)) {
        None => Cow::Borrowed(beginning),
        Some(encoding) => {
            let mut text = Vec::new();
            encoding::Utf8::new(beginning, encoding).read_to_end(&mut text)?;
            Cow::Owned(text)
        }
    };
    if counter_xml::is_markup(&text) {
        return Ok(format != Format::Xml || is_report_xml(&text));
    }
    let bare = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text).trim_ascii_start();
    Ok(match bare.first() {
        Some(b'{') if !matches!(format, Format::Json | Format::JsonLines) => true,
        Some(b'{' | b'[') => is_report_json(bare),
        // A text that holds JSON; else a cell in quotes.
        Some(b'"') if is_report_json(bare) => true,
        _ => counter_table::is_report(&text),
    })
}

/// Whether JSON names the parts of a COUNTER report: one of them as the Code of Practice writes it, or both in any spelling.
fn is_report_json(text: &[u8]) -> bool {
    const PARTS: [&str; 2] = ["Report_Header", "Report_Items"];
    let text = String::from_utf8_lossy(text);
    let (mut parts, mut found) = (text.split('"').peekable(), [false; 2]);
    while let Some(part) = parts.next() {
        if !parts.peek().is_some_and(|next| next.trim_start().starts_with(':')) {
            continue;
        }
        // In text that holds JSON, quotes are escaped.
        let name = part.trim_end_matches('\\');
        if PARTS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return true;
        }
        for (found, known) in found.iter_mut().zip(PARTS) {
            *found |= same_letters(known, name);
        }
    }
    found == [true; 2]
}

/// Whether XML is a reply of SUSHI or a report of Release 4: by its namespaces, or by the elements that it must have.
fn is_report_xml(text: &[u8]) -> bool {
    // In UTF-16, every other byte is zero.
    let text: String =
        text.iter().filter(|byte| byte.is_ascii() && **byte != 0).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let has = |what: &str| text.contains(what);
    has("niso.org/schemas/counter")
        || has("niso.org/schemas/sushi")
        || has("reportresponse")
        || has("reportitems") && has("itemperformance")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: [(&str, bool); 12] = [
        ("Report_Name,Platform Report\nReport_ID,PR\nRelease,5.1\n", true),
        ("Report_ID: TR_J1\n\nTitle,Platform\n", true),
        ("\u{feff}Report_ID;TR\n", true),
        ("Journal Report 1 (R4);Number of requests\n", true),
        ("Platform\tMetric_Type\tReporting_Period_Total\tJan-2024\nA\tx\t1\t1\n", true),
        ("Title,Platform,Metric_Type,Jan-2024,Feb-2024\nA,B,c,1,2\n", true),
        ("Tittel;Utgiver;Måned;Antall\nA;B;2024-01;1\n", false),
        // COUNTER's names, but nothing that is COUNTER's alone.
        ("Title,Publisher,Platform,ISBN,Month,Count\nA,B,C,,2024-01,1\n", false),
        ("Report name;Loans per title\nReport ID;77\nTitle;Total\nA;1\n", false),
        ("\"Title\",\"Total\"\n\"Report_Items\",1\n", false),
        ("month,metric,count\n2024-01,Total_Item_Requests,1\n", false),
        ("", false),
    ];

    #[test]
    fn only_what_is_counters_alone_makes_a_table_a_report() {
        for (text, expected) in TABLES {
            for format in [Format::Csv, Format::Tsv, Format::Xlsx, Format::Json] {
                assert_eq!(is_report(text.as_bytes(), format).unwrap(), expected, "{text}");
            }
            let utf16: Vec<u8> = text.trim_start_matches('\u{feff}').encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(is_report(&[b"\xff\xfe".to_vec(), utf16].concat(), Format::Csv).unwrap(), expected, "{text} in UTF-16");
        }
    }

    #[test]
    fn json_and_xml_are_for_the_mapping_if_it_is_one_of_them_and_they_are_no_report() {
        for (text, own, other) in [
            (r#"{"Report_Header":{"Release":"5.1"}"#, true, true),
            (r#" [ {"report_items" : [] } ]"#, true, true),
            (r#"{"reportHeader":{},"reportItems":[]}"#, true, true),
            (r#""{\"Report_Header\":{}}""#, true, true),
            (r#"{"reportItems":[{"n":1}]}"#, false, true),
            (r#"{"title":"Report_Items","n":1}"#, false, true),
            (r#"[{"n":1}]"#, false, false),
        ] {
            for (format, expected) in [(Format::Json, own), (Format::JsonLines, own), (Format::Csv, other)] {
                assert_eq!(is_report(text.as_bytes(), format).unwrap(), expected, "{text} {format:?}");
            }
        }
        for (text, own) in [
            ("<Report xmlns=\"http://www.niso.org/schemas/counter\">", true),
            ("<?xml version=\"1.0\"?><s:Envelope><s:Body><ReportResponse>", true),
            ("<Reports><Report><Customer><ReportItems><ItemPerformance>", true),
            ("<Report><Item><Title>", false),
            ("<html><body>", false),
        ] {
            assert_eq!((is_report(text.as_bytes(), Format::Xml).unwrap(), is_report(text.as_bytes(), Format::Csv).unwrap()), (own, true));
        }
    }
}
