//! Workbooks as people save them, whole and damaged.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::*;

const COLUMNS: &[Column] = &[
    Column { name: "institution", identity: true, required: true },
    Column { name: "range", identity: true, required: true },
    Column { name: "valid_from", identity: true, required: false },
    Column { name: "exclusive", identity: false, required: false },
];

fn of(bytes: &[u8]) -> Table {
    read("a.xlsx", bytes, "networks", COLUMNS)
}

fn book(fill: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(&mut workbook);
    workbook.save_to_buffer().unwrap()
}

fn add<'w>(workbook: &'w mut Workbook, name: &str, rows: &[&[&str]]) -> &'w mut Worksheet {
    let sheet = workbook.add_worksheet().set_name(name).unwrap();
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), *cell).unwrap();
        }
    }
    sheet
}

/// An archive of these parts.
fn zipped(parts: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An OpenDocument file with these tables.
fn opendocument(tables: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\" xmlns:draw=\"d\" xmlns:calcext=\"c\">\
         <office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    );
    let mimetype: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";
    zipped(&[("mimetype", mimetype), ("content.xml", content.as_bytes())], CompressionMethod::Stored)
}

fn rows(table: &Table) -> Vec<(u64, Vec<&str>)> {
    assert_eq!(table.problems, []);
    table.rows.iter().map(|row| (row.line, row.cells.iter().map(String::as_str).collect())).collect()
}

fn said(problems: &[crate::registry::problem::Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_sheet_of_the_kind_is_read_from_its_header_on() {
    let bytes = book(|workbook| {
        add(workbook, "Forklaring", &[&["institution", "range"], &["not", "this"]]);
        let sheet = add(
            workbook,
            "Networks",
            &[
                &["Skjema for Halden, fyll ut nedenfor"],
                &[],
                &["# a remark", "institution", "range"],
                &["Range", "", "Institution ", "exclusive", "valid_from", "delt med"],
                &["192.0.2.0/24", "", "", "", "", "Aremark"],
                &["# a row for later"],
                &["198.51.100.7", "", "k1103", "", "2024-01-01", ""],
            ],
        );
        sheet.write_number(4, 2, 2_010_100.0).unwrap();
        sheet.write_boolean(4, 3, true).unwrap();
        let date = Format::new().set_num_format("dd.mm.yyyy");
        sheet.write_datetime_with_format(4, 4, ExcelDateTime::from_ymd(2024, 3, 1).unwrap(), &date).unwrap();
        sheet.write_boolean(6, 3, false).unwrap();
        sheet.write_formula(7, 0, Formula::new("=\"203.0.113.\"&9").set_result("203.0.113.9")).unwrap();
        sheet.write_formula(7, 2, Formula::new("=3*100+1").set_result("301")).unwrap();
        sheet.write_string(6, 8, "beside").unwrap();
    });
    let table = of(&bytes);
    assert_eq!(
        rows(&table),
        [
            (5, vec!["2010100", "192.0.2.0/24", "2024-03-01", "yes"]),
            (7, vec!["k1103", "198.51.100.7", "2024-01-01", ""]),
            (8, vec!["301", "203.0.113.9", "", ""])
        ]
    );
    assert_eq!((table.file.as_str(), table.is_sheet), ("a.xlsx[Networks]", true));
    assert_eq!(
        said(&table.warnings),
        ["a.xlsx[Networks]:4: column 'delt med' is not known and not read", "a.xlsx[Networks]:4: column I has no name and is not read"]
    );
}

#[test]
fn without_its_name_the_first_sheet_that_has_the_columns_is_read() {
    let bytes = book(|workbook| {
        add(workbook, "Ark1", &[&["institution", "note"], &["a", "b"]]);
        add(workbook, "Ark2", &[&["Range", "Institution"], &["192.0.2.1", "k1"]]);
        add(workbook, "Ark3", &[&["institution", "range"], &["k2", "192.0.2.2"]]);
    });
    assert_eq!(rows(&of(&bytes)), [(2, vec!["k1", "192.0.2.1", "", ""])]);
    // One that nearly has them is told what it lacks.
    let bytes = book(|workbook| {
        add(workbook, "Ark1", &[&["institution", "valid_from", "rang"], &["a", "", "192.0.2.1"]]);
    });
    assert_eq!(said(&of(&bytes).problems), ["a.xlsx[Ark1]:1: range: is missing from the header; is it 'rang'?"]);
    let bytes = book(|workbook| {
        add(workbook, "Ark1", &[&["something", "else"]]);
        workbook.add_worksheet().set_name("Tom").unwrap();
    });
    let problems = said(&of(&bytes).problems);
    assert!(problems[0].starts_with("a.xlsx: has no sheet named 'networks', and none in which a row names the columns"), "{problems:?}");
    assert!(problems[0].ends_with("only 'Ark1', 'Tom'"), "{problems:?}");
    let bytes = book(|workbook| {
        add(workbook, "networks", &[&["Kommer senere"]]);
    });
    assert_eq!(said(&of(&bytes).problems), ["a.xlsx[networks]: has no row that names the columns: institution,range,valid_from,exclusive"]);
}

#[test]
fn an_error_of_the_spreadsheet_is_a_problem_where_it_is_read() {
    let bytes = book(|workbook| {
        let sheet = add(workbook, "networks", &[&["institution", "range", "sum"], &["k1", "", ""], &["k2", "192.0.2.2", ""]]);
        sheet.write_formula(1, 1, Formula::new("=A9+B0").set_result("#REF!")).unwrap();
        sheet.write_formula(2, 2, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    });
    let table = of(&bytes);
    assert_eq!(
        said(&table.problems),
        ["a.xlsx[networks]:2: range: holds #REF!, an error of the spreadsheet; mend the formula, or write the value"]
    );
    assert_eq!(table.rows.len(), 1);
}

#[test]
fn opendocument_is_read_alike() {
    let bytes = opendocument(
        "<table:table table:name=\"Info\"><table:table-row><table:table-cell office:value-type=\"string\"><text:p>hello</text:p></table:table-cell></table:table-row></table:table>\
         <table:table table:name=\"networks\"><table:table-column/>\
         <table:table-row table:number-rows-repeated=\"2\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>\
         <table:table-row><table:table-cell office:value-type=\"string\"><text:p>institution</text:p></table:table-cell><table:table-cell/>\
           <table:table-cell office:value-type=\"string\"><office:annotation><text:p>remark</text:p></office:annotation><text:p>ra<text:span>nge</text:span></text:p></table:table-cell>\
           <table:table-cell office:value-type=\"string\"><text:p>valid_from</text:p></table:table-cell>\
           <table:table-cell office:value-type=\"string\"><text:p>exclusive</text:p></table:table-cell></table:table-row>\
         <table:table-row><table:table-cell office:value-type=\"float\" office:value=\"2010100\"><text:p>2 010 100</text:p></table:table-cell><table:table-cell/>\
           <table:table-cell office:value-type=\"string\"><text:p>192.0.2.1<text:s text:c=\"2\"/>&#45; 192.0.2.9</text:p></table:table-cell>\
           <table:table-cell office:value-type=\"date\" office:date-value=\"2024-03-01T00:00:00\"><text:p>01.03.24</text:p></table:table-cell>\
           <table:table-cell office:value-type=\"boolean\" office:boolean-value=\"true\"><text:p>SANN</text:p></table:table-cell></table:table-row>\
         <table:table-row table:number-rows-repeated=\"2\"><table:table-cell office:value-type=\"string\"><text:p>k2</text:p></table:table-cell>\
           <table:covered-table-cell/><table:table-cell office:value-type=\"string\"><text:p>A &amp; B</text:p></table:table-cell></table:table-row>\
         <table:table-row><table:table-cell/><table:table-cell/><table:table-cell office:value-type=\"string\" office:string-value=\"\" calcext:value-type=\"error\"><text:p>#NAVN?</text:p></table:table-cell></table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048500\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row></table:table>",
    );
    let mut table = read("a.ods", &bytes, "networks", COLUMNS);
    assert_eq!(
        said(&std::mem::take(&mut table.problems)),
        ["a.ods[networks]:7: range: holds #NAVN?, an error of the spreadsheet; mend the formula, or write the value"]
    );
    assert_eq!(
        rows(&table),
        [
            (4, vec!["2010100", "192.0.2.1  - 192.0.2.9", "2024-03-01", "yes"]),
            (5, vec!["k2", "A & B", "", ""]),
            (6, vec!["k2", "A & B", "", ""])
        ]
    );
}

#[test]
fn what_is_no_workbook_of_ours_is_refused_with_what_to_do() {
    let plain: &[u8] = b"<a/>";
    let stored = CompressionMethod::Stored;
    for (bytes, expected) in [
        (b"PK\x03\x04 and no more".to_vec(), "a.xlsx: is a broken workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "a.xlsx: is an old workbook (.xls); open it"),
        ([&b"\xd0\xcf\x11\xe0"[..], b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"].concat(), "a.xlsx: is protected by a password"),
        (zipped(&[("a.txt", b"hello")], stored), "a.xlsx: is an archive, but no workbook"),
        (zipped(&[("xl/workbook.bin", b"x"), ("[Content_Types].xml", plain)], stored), "a.xlsx: is a binary workbook (.xlsb)"),
        (zipped(&[("[Content_Types].xml", plain)], stored), "a.xlsx: is a broken workbook"),
        (zipped(&[("content.xml", b"<a><b>")], stored), "a.xlsx: is a broken workbook (a part of it breaks off)"),
        (zipped(&[("content.xml", b"<!DOCTYPE a [<!ENTITY b \"c\">]><a/>")], stored), "a.xlsx: has a document type"),
        (zipped(&[("content.xml", "<a>".repeat(300).as_bytes())], stored), "a.xlsx: has more than 256 elements in each other"),
        (
            zipped(&[("content.xml", plain), ("META-INF/manifest.xml", b"<m><manifest:encryption-data/></m>")], stored),
            "a.xlsx: is protected by a password",
        ),
    ] {
        let problems = said(&of(&bytes).problems);
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{expected}: {problems:?}");
    }
    let large = vec![b'P'; usize::try_from(LARGEST).unwrap() + 1];
    assert_eq!(sheet(&large, "networks", COLUMNS), Err("is larger than 64 MiB, which no file of the registry is".into()));
}

#[test]
fn what_stands_for_far_more_than_it_is_is_refused() {
    let zeros = vec![0; 257 * 1024 * 1024];
    let bomb = zipped(&[("xl/media/image.bin", &zeros), ("[Content_Types].xml", b"<a/>")], CompressionMethod::Deflated);
    drop(zeros);
    assert!(bomb.len() < 1024 * 1024);
    assert_eq!(said(&of(&bomb).problems), ["a.xlsx: unpacks to more than 256 MiB"]);
    let repeated = opendocument(
        "<table:table table:name=\"networks\"><table:table-row table:number-rows-repeated=\"1000000\">\
         <table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"string\"><text:p>range</text:p></table:table-cell></table:table-row></table:table>",
    );
    assert!(said(&of(&repeated).problems)[0].starts_with("a.xlsx: has more than 2000000 filled cells"));
    let far = opendocument(
        "<table:table table:name=\"networks\"><table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell/></table:table-row>\
         <table:table-row><table:table-cell office:value-type=\"string\"><text:p>range</text:p></table:table-cell></table:table-row></table:table>",
    );
    assert!(said(&of(&far).problems)[0].starts_with("a.xlsx: has cells beyond the last row"));
    // Two corners of a sheet are two cells.
    let corners = book(|workbook| {
        let sheet = add(workbook, "networks", &[&["institution", "range"]]);
        sheet.write_string(1_048_575, 16_383, "far away").unwrap();
    });
    let table = of(&corners);
    assert_eq!(said(&table.warnings), ["a.xlsx[networks]:1: column XFD has no name and is not read"]);
    let wide = book(|workbook| {
        let sheet = add(workbook, "networks", &[&["institution", "range"]]);
        sheet.write_string(0, 1500, "note").unwrap();
    });
    assert_eq!(said(&of(&wide).problems), ["a.xlsx[networks]:1: names columns beyond the first 1000"]);
}

/// The parts of a small workbook, to be spoilt.
fn parts() -> Vec<(String, Vec<u8>)> {
    let bytes = book(|workbook| {
        let sheet = add(workbook, "networks", &[&["institution", "range"], &["k1", "192.0.2.1"], &["# x"], &["k2", "192.0.2.2"]]);
        sheet.write_number(4, 0, 5.5).unwrap();
    });
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|place| {
            let mut part = archive.by_index(place).unwrap();
            let mut content = Vec::new();
            part.read_to_end(&mut content).unwrap();
            (part.name().unwrap().into_owned(), content)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        for beginning in [container::ZIP, container::COMPOUND] {
            let _ = of(&[beginning, &bytes].concat());
        }
        let names: Vec<(String, Vec<u8>)> = parts();
        let mut whole = zipped(&names.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect::<Vec<_>>(), CompressionMethod::Deflated);
        let at = place.index(whole.len());
        whole[at] = byte;
        let _ = of(&whole);
        let _ = of(&whole[..cut.index(whole.len())]);
    }

    #[test]
    fn no_spoilt_part_panics_or_hangs(
        which in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
        with in prop::sample::select(&["", "<", ">", "\"", "99999999999", "-1", "<row r=\"1048577\"/>", "<c r=\"XFE1\"><v>1</v></c>", "&x;", "t=\"s\"", "A", "\u{0}"][..]),
    ) {
        let mut parts = parts();
        let at = which.index(parts.len());
        let content = &mut parts[at].1;
        let (from, to) = (from.index(content.len()), to.index(content.len()));
        content.splice(from.min(to)..from.max(to).min(from.min(to) + 12), with.bytes());
        let _ = of(&zipped(&parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect::<Vec<_>>(), CompressionMethod::Stored));
    }

    #[test]
    fn no_content_of_opendocument_panics(pieces in prop::collection::vec(prop::sample::select(&[
        "<table:table table:name=\"networks\">", "</table:table>", "<table:table-row>", "</table:table-row>", "<table:table-row table:number-rows-repeated=\"70000\"/>",
        "<table:table-cell office:value-type=\"float\" office:value=\"1e400\">", "</table:table-cell>", "<table:table-cell table:number-columns-repeated=\"-3\"/>",
        "<text:p>", "</text:p>", "range", "institution", "<text:s text:c=\"99999999999\"/>", "&#x110000;", "&lt;", "<draw:frame>", "</draw:frame>",
    ][..]), 0..40)) {
        let _ = of(&opendocument(&pieces.concat()));
    }
}
