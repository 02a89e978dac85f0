//! Tables of the registry as text.

use proptest::prelude::*;

use super::*;

const COLUMNS: &[Column] = &[
    Column { name: "institution", identity: true, required: true },
    Column { name: "name", identity: false, required: true },
    Column { name: "note", identity: false, required: false },
];

fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
    let table = read("a.csv", text.as_bytes(), "institutions", COLUMNS);
    assert_eq!(table.problems, [], "{text}");
    table.rows.into_iter().map(|row| (row.line, row.cells)).collect()
}

fn row(line: u64, cells: [&str; 3]) -> (u64, Vec<String>) {
    (line, cells.map(str::to_owned).to_vec())
}

fn problems(bytes: &[u8]) -> Vec<String> {
    read("a.csv", bytes, "institutions", COLUMNS).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn comma_semicolon_byte_order_mark_and_line_ends_make_no_difference() {
    let expected = [row(2, ["1", "A", "x"]), row(3, ["2", "B", ""])];
    for text in [
        "institution,name,note\n1,A,x\n2,B,\n",
        "institution;name;note\r\n1;A;x\r\n2;B;\r\n",
        "\u{feff}institution,name,note\n1,A,x\n2,B,",
        "Institution ; NAME;\"Note\"\n1; A\u{a0};\"x\"\n2;B;\n",
        "note,name,institution\nx,A,1\n,B,2\n",
    ] {
        assert_eq!(rows(text), expected, "{text}");
    }
    assert_eq!(rows("name;institution\nA, B;1"), [row(2, ["1", "A, B", ""])]);
}

#[test]
fn comments_and_blank_lines_are_skipped_and_lines_counted_right() {
    let text = "# first, \"a comment\n\ninstitution,name,note\n# and, \"another\n1,A,\"two\nlines\"\n\n   \n  # third\n2,B,\n";
    assert_eq!(rows(text), [row(5, ["1", "A", "two\nlines"]), row(10, ["2", "B", ""])]);
}

#[test]
fn what_spreadsheets_leave_behind_is_let_go() {
    let text = "sep=;\n\"# a comment; in quotes\";;;;\ninstitution;name;note;;\n;;;;\n1;A;;;\n;;;;\n";
    assert_eq!(rows(text), [row(5, ["1", "A", ""])]);
}

#[test]
fn quotes_are_read_as_in_rfc_4180() {
    let text = "institution,name,note\n1,\"A, \"\"B\"\"\", \"c\" \n2,5\" disk,\"\"\n";
    assert_eq!(rows(text), [row(2, ["1", "A, \"B\"", "c"]), row(3, ["2", "5\" disk", ""])]);
}

#[test]
fn a_quote_that_is_not_closed_spoils_its_row_and_no_other() {
    let table = read("a.csv", b"institution,name,note\n1,\"A,x\n2,B,y\n", "institutions", COLUMNS);
    assert_eq!(table.problems[0].to_string(), "a.csv:2: has a quote (\") that is not closed");
    assert_eq!(table.rows, [TableRow { line: 3, cells: vec!["2".into(), "B".into(), "y".into()] }]);
    assert!(problems(b"institution,name\n1,\"A\"x\n")[0].starts_with("a.csv:2: has text after a closing quote"));
}

#[test]
fn rows_of_another_width_are_problems_and_the_others_are_read() {
    let table = read("a.csv", b"institution,name,note\n1,A\n2,B,x,y\n3,C,\n", "institutions", COLUMNS);
    let shown: Vec<String> = table.problems.iter().map(ToString::to_string).collect();
    assert_eq!(shown[0], "a.csv:2: has 2 cells where the header has 3");
    assert!(shown[1].starts_with("a.csv:3: has 4 cells where the header has 3; a cell with a separator"), "{shown:?}");
    assert_eq!(table.rows.len(), 1);
}

#[test]
fn an_unknown_column_is_a_warning_and_a_missing_one_a_problem_if_it_must_be_there() {
    let table = read("a.csv", b"institution,name,notes,notes,colour\n1,A,x,y,red\n", "institutions", COLUMNS);
    let shown: Vec<String> = table.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["a.csv:1: column 'notes' is not known and not read (did you mean 'note'?)", "a.csv:1: column 'colour' is not known and not read"]
    );
    assert_eq!(table.rows[0].cells, ["1", "A", ""]);
    assert_eq!(problems(b"institution,nam\n1,A\n"), ["a.csv:1: name: is missing from the header; is it 'nam'?"]);
    assert_eq!(problems(b"institution,name,name\n1,A,B\n"), ["a.csv:1: name: stands in the header twice"]);
    assert!(problems(b"1,A,x\n")[0].starts_with("a.csv:1: does not name the columns"));
    assert!(problems(b"# nothing\n\n")[0].starts_with("a.csv: is empty"));
}

#[test]
fn text_that_is_not_utf8_is_refused_with_its_line_and_what_to_do() {
    assert_eq!(
        problems(b"institution,name\n1,A\n2,Troms\xf8\n"),
        ["a.csv:3: has a character that is not UTF-8; save the file as UTF-8 (in Excel: CSV UTF-8)"]
    );
    assert!(problems(b"\xff\xfei\0n\0")[0].contains("UTF-16"));
    assert!(problems(b"PK\x03\x04rest")[0].starts_with("a.csv: is a broken workbook"));
    assert!(problems(b"\xd0\xcf\x11\xe0rest")[0].starts_with("a.csv: is an old workbook (.xls)"));
}

proptest! {
    #[test]
    fn what_a_csv_writer_writes_is_read_back(
        cells in proptest::collection::vec(("[a-z0-9]{1,5}", "[^#\\p{C}]{0,8}", "[a-z\",;\n ]{0,8}"), 0..5),
        semicolon in any::<bool>(),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(if semicolon { b';' } else { b',' }).from_writer(Vec::new());
        writer.write_record(["institution", "name", "note"]).unwrap();
        for (a, b, c) in &cells {
            writer.write_record([a, b, c]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let table = read("a.csv", &bytes, "institutions", COLUMNS);
        prop_assert_eq!(&table.problems, &[]);
        let read: Vec<Vec<String>> = table.rows.into_iter().map(|row| row.cells).collect();
        let written: Vec<Vec<String>> = cells.iter().map(|(a, b, c)| vec![a.clone(), trimmed(b).to_owned(), trimmed(c).to_owned()]).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[institution,;name\"#\r\n ]{0,80}") {
        let with_header = format!("institution,name\n{text}");
        for input in [bytes.as_slice(), text.as_bytes(), with_header.as_bytes()] {
            let table = read("a.csv", input, "institutions", COLUMNS);
            prop_assert!(table.rows.iter().all(|row| row.cells.len() == COLUMNS.len() && row.line > 1));
            prop_assert!(table.problems.iter().all(|problem| problem.line <= 1 + input.len() as u64));
        }
    }
}
