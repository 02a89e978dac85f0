//! Workbooks read back as a reader sees them.

use std::io::Cursor;

use calamine::{Data, Range, Reader, Xlsx};

use super::super::rows::RunRow;
use super::super::rows::tests::statistic;
use super::*;
use crate::model::Quality;

fn notes() -> WorkbookNotes {
    WorkbookNotes {
        made_at: DateTime::parse_from_rfc3339("2025-01-20T03:30:00Z").unwrap().to_utc(),
        time_zone: chrono_tz::Europe::Oslo,
        selection: Selection::default(),
        missing: vec![MissingMonths {
            source: "naxos".parse().unwrap(),
            account: "naxos-finnmark".parse().unwrap(),
            report: "PR".parse().unwrap(),
            products: vec!["naxos-jazz".parse().unwrap()],
            months: MonthRange::new("2024-05".parse().unwrap(), "2024-06".parse().unwrap()),
            state: MonthState::Waiting,
            partial: false,
            unconfirmed: false,
            reason: "Leverandøren er ikke klar (3031).".into(),
            next_attempt: DateTime::parse_from_rfc3339("2025-01-21T03:30:00Z").ok().map(|time| time.to_utc()),
        }],
    }
}

fn product(id: &str, name: &str, headline: &str) -> ProductInfo {
    ProductInfo { id: id.parse().unwrap(), name: name.into(), vendor: "Naxos".into(), headline: headline.into() }
}

fn rows() -> Vec<StatisticRow> {
    let mut rows = vec![
        statistic("2024-01", "2201200", "Alta bibliotek", 10),
        statistic("2024-01", "2200400", "Åsen bibliotek", 20),
        statistic("2024-03", "2201200", "Alta bibliotek", 7),
        statistic("2024-03", "2201200", "Alta bibliotek", 5),
    ];
    rows[3].data_type = "Sound".into();
    rows[3].quality = Quality::Estimate;
    let mut unplaced = statistic("2024-03", "x", "", 3);
    unplaced.institution = None;
    unplaced.municipality = None;
    unplaced.persons = None;
    unplaced.county = "".into();
    unplaced.quality = Quality::Unresolved;
    rows.push(unplaced);
    let mut other = statistic("2024-01", "2201200", "=1+1", 99);
    other.metric = "Total_Item_Requests".into();
    rows.push(other.clone());
    other.product = "film".parse().unwrap();
    other.product_name = "Film".into();
    rows.push(other);
    rows
}

fn workbook(rows: &[StatisticRow], products: &[ProductInfo]) -> Vec<u8> {
    let mut out = Vec::new();
    write_statistics_xlsx(&mut out, rows, products, &notes()).unwrap();
    out
}

fn open(bytes: Vec<u8>) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

/// The rows of a range as text, empty cells empty.
fn texts(range: &Range<Data>) -> Vec<Vec<String>> {
    range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn line<'a>(table: &'a [Vec<String>], first: &str) -> &'a [String] {
    table.iter().find(|row| row[0] == first).unwrap_or_else(|| panic!("no line {first}: {table:#?}"))
}

#[test]
fn there_is_a_sheet_of_rows_one_a_product_and_an_explanation() {
    let products = [product("film", "Film: [alle]", ""), product("unused", "Ubrukt", ""), product("naxos-jazz", "Naxos Jazz", "")];
    let book = open(workbook(&rows(), &products));
    assert_eq!(book.sheet_names(), ["Statistikk", "Film- -alle-", "Naxos Jazz", "Forklaring"]);
}

#[test]
fn the_rows_are_there_as_numbers_dates_and_text() {
    let mut book = open(workbook(&rows(), &[]));
    let range = book.worksheet_range("Statistikk").unwrap();
    assert_eq!(range.height(), rows().len() + 1);
    let head: Vec<_> = texts(&range).remove(0);
    assert_eq!(head, StatisticRow::COLUMNS);
    let column = |name: &str| u32::try_from(StatisticRow::COLUMNS.iter().position(|column| *column == name).unwrap()).unwrap();
    let cell = |row: u32, name: &str| range.get_value((row, column(name))).unwrap().clone();
    assert!(matches!(cell(1, "month"), Data::DateTime(date) if date.as_f64().to_bits() == 45292.0_f64.to_bits()), "{:?}", cell(1, "month"));
    assert_eq!(cell(1, "value"), Data::Float(10.0));
    assert_eq!(cell(1, "exact"), Data::Float(10.25));
    assert_eq!(cell(1, "per_1000"), Data::Float(0.46));
    assert_eq!(cell(1, "municipality"), Data::String("5601".into()), "codes are text and keep their zeros");
    assert_eq!(cell(5, "institution"), Data::Empty);
    assert_eq!(cell(6, "institution_name"), Data::String("=1+1".into()));
    assert!(book.worksheet_formula("Statistikk").unwrap().is_empty(), "text never becomes a formula");
}

#[test]
fn a_pivot_adds_up_and_stores_its_results() {
    let mut book = open(workbook(&rows(), &[product("naxos-jazz", "Naxos Jazz", "PR:Unique_Item_Requests")]));
    let table = texts(&book.worksheet_range("Naxos Jazz").unwrap());
    assert_eq!(table[0][0], "Naxos Jazz (Naxos)");
    assert!(table[1][0].ends_with("Unique_Item_Requests i plattformrapporten (PR)"), "{}", table[1][0]);
    assert!(table[2][0].contains("* Måneden mangler"));
    let names: Vec<_> = table[5..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names, ["Alta bibliotek", "Åsen bibliotek", "(ikke plassert)", "Sum"]);
    // January to June: April has nothing, May and June are known to be missing.
    assert_eq!(line(&table, "Alta bibliotek")[4..], ["10", "", "12", "", "", "", "22", "21708", "1.01", "anslag"]);
    assert_eq!(line(&table, "Åsen bibliotek")[4..], ["20", "", "", "", "", "", "20", "21708", "0.92", "standardnøkkel"]);
    assert_eq!(line(&table, "(ikke plassert)")[4..], ["", "", "3", "", "", "", "3", "", "", "ikke plassert"]);
    assert_eq!(line(&table, "Sum")[4..], ["30", "0", "15", "0", "0", "0", "45", "", "", ""]);
    let formulas = book.worksheet_formula("Naxos Jazz").unwrap();
    assert_eq!(formulas.get_value((5, 10)).unwrap(), "SUM(E6:J6)");
    assert_eq!(formulas.get_value((8, 4)).unwrap(), "SUM(E6:E8)");
    assert_eq!(formulas.get_value((8, 10)).unwrap(), "SUM(K6:K8)");
    assert_eq!(formulas.get_value((5, 12)).unwrap(), "K6/L6*1000");
}

#[test]
fn a_product_without_its_headline_shows_what_there_is_and_says_so() {
    let mut book = open(workbook(&rows(), &[product("film", "Film", "TR:Unique_Title_Requests"), product("naxos-jazz", "Jazz", "")]));
    let table = texts(&book.worksheet_range("Film").unwrap());
    assert!(table[1][0].contains("Total_Item_Requests"));
    assert!(table[2][0].contains("Produktets nøkkeltall TR:Unique_Title_Requests finnes ikke i utvalget"));
    let table = texts(&book.worksheet_range("Jazz").unwrap());
    assert!(table[1][0].contains("Unique_Item_Requests"));
    assert!(!table[2][0].contains("nøkkeltall"));
}

#[test]
fn products_of_the_same_name_get_sheets_of_their_own() {
    let products = [product("film", "Statistikk", ""), product("naxos-jazz", "statistikk", "")];
    let mut book = open(workbook(&rows(), &products));
    assert_eq!(book.sheet_names(), ["Statistikk", "Statistikk (2)", "statistikk (3)", "Forklaring"]);
    assert_eq!(texts(&book.worksheet_range("Statistikk (2)").unwrap())[0][0], "Statistikk (Naxos)");
}

#[test]
fn the_explanation_says_when_what_and_what_is_missing() {
    let mut book = open(workbook(&rows(), &[product("unused", "Ubrukt", "")]));
    let table = texts(&book.worksheet_range("Forklaring").unwrap());
    assert_eq!(table[1][0], "Laget 20.01.2025 kl. 04:30 av avling.");
    let missing = line(&table, "naxos");
    assert_eq!(missing[1..5], ["naxos-finnmark", "PR", "mai 2024 – juni 2024", "venter"]);
    assert_eq!(missing[5], "Leverandøren er ikke klar (3031). Nytt forsøk 21.01.2025 kl. 04:30.");
    assert_eq!(line(&table, "Uten tall i utvalget")[1], "Ubrukt");
    for quality in Quality::ALL {
        assert!(table.iter().any(|row| row[0].contains(&format!("({quality})"))), "{quality}");
    }
}

#[test]
fn a_selection_without_figures_is_a_workbook_too() {
    let mut book = open(workbook(&[], &[product("naxos-jazz", "Naxos Jazz", "")]));
    assert_eq!(book.sheet_names(), ["Statistikk", "Forklaring"]);
    assert_eq!(book.worksheet_range("Statistikk").unwrap().height(), 1);
}

#[test]
fn a_month_far_away_does_not_make_a_thousand_columns() {
    let far = [statistic("1850-01", "1", "A", 1), statistic("2024-01", "1", "A", 2)];
    let mut book = open(workbook(&far, &[]));
    let table = texts(&book.worksheet_range("Naxos Jazz").unwrap());
    assert_eq!(line(&table, "Institusjon")[4], "1850-01");
    assert_eq!(line(&table, "A")[4..7], ["1", "2", "3"]);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let products = [product("film", "Film", ""), product("naxos-jazz", "Naxos Jazz", "")];
    assert!(workbook(&rows(), &products) == workbook(&rows(), &products));
}

#[test]
fn more_rows_than_a_sheet_holds_go_on_in_the_next() {
    let rows = (0..7).map(|value| Ok::<_, Infallible>(statistic("2024-01", "1", "A", value)));
    let (sheets, written) = table_sheets(rows, &Styles::new(), 4).unwrap();
    assert_eq!(written, 7);
    let mut out = Vec::new();
    save::<Infallible>(&mut out, sheets, "", notes().made_at).unwrap();
    let mut book = open(out);
    assert_eq!(book.sheet_names(), ["Statistikk 1", "Statistikk 2", "Statistikk 3"]);
    let heights: Vec<_> = ["Statistikk 1", "Statistikk 2", "Statistikk 3"].map(|name| book.worksheet_range(name).unwrap().height()).into();
    assert_eq!(heights, [4, 4, 2]);
}

#[test]
fn text_with_control_characters_and_of_any_length_is_kept_readable() {
    let mut row = statistic("2024-01", "1", "A\u{0}B\u{1f}\u{fffe}_x0041_", 1);
    row.note = "ø".repeat(40_000).into();
    row.product_name = "'\u{1}'".into();
    let mut book = open(workbook(&[row], &[]));
    let range = book.worksheet_range("Statistikk").unwrap();
    assert_eq!(range.get_value((1, 6)).unwrap().to_string(), "A\u{fffd}B\u{fffd}\u{fffd}_x0041_");
    assert_eq!(range.get_value((1, 24)).unwrap().to_string().chars().count(), 32_767);
    assert_eq!(book.sheet_names(), ["Statistikk", "Ark", "Forklaring"]);
}

#[test]
fn any_table_can_be_a_workbook_and_a_bad_row_stops_it() {
    let run = RunRow {
        source: "naxos".parse().unwrap(),
        account: "a".parse().unwrap(),
        report: "PR".parse().unwrap(),
        month: "2024-01".parse().unwrap(),
        state: MonthState::Failing,
        reason: "=cmd|' /C calc'!A0".into(),
        partial: true,
        unconfirmed: false,
        attempts: 3,
        next_attempt: "".into(),
        harvested_at: "".into(),
        checked_at: "2025-01-20T03:30:00Z".into(),
        records: Some(u64::MAX),
        total: None,
        reply: "".into(),
    };
    let mut out = Vec::new();
    assert_eq!(write_table_xlsx(&mut out, [Ok::<_, Infallible>(run.clone())], notes().made_at).unwrap(), 1);
    let mut book = open(out);
    let table = texts(&book.worksheet_range("Høsting").unwrap());
    assert_eq!(table[1][4..8], ["failing", "=cmd|' /C calc'!A0", "yes", ""]);
    assert_eq!(table[1][12], "18446744073709551615", "too large for a spreadsheet's numbers: every digit is kept as text");
    let stopped = write_table_xlsx(&mut Vec::new(), [Ok(run), Err("gone")], notes().made_at);
    assert!(matches!(stopped, Err(ExportError::Row("gone"))));
}
