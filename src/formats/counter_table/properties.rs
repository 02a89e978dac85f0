//! What holds of every table: no bytes do harm, and how a table is written does not change what it says.

use proptest::prelude::*;

use crate::formats::{RecordSink, Stopped, read};
use crate::model::{Month, UsageRecord};

/// The records of a reading, in order.
#[derive(Default, Debug, PartialEq)]
struct All(Vec<String>);

impl RecordSink for All {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.0.push(format!("{record:?}"));
        Ok(())
    }
}

fn records(bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut all = All::default();
    read(bytes, &mut all).map_err(|error| error.to_string())?;
    Ok(all.0)
}

/// A row: title, publisher, what identifies it, data type, metric, counts.
type Row = (String, String, String, &'static str, &'static str, Vec<u64>);

fn row(months: usize) -> impl Strategy<Value = Row> {
    let title = prop_oneof!["[A-Za-zæøåé ,;|'\"-]{1,20}", Just("Total recall".to_owned()), Just("#1".to_owned())];
    let metric = prop::sample::select(vec!["Total_Item_Requests", "Unique_Item_Requests", "No_License"]);
    let data_type = prop::sample::select(vec!["Book", "Journal", ""]);
    (title, "[a-zæøå]{0,8}", "(10\\.1/[a-z]{1,5})?", data_type, metric, prop::collection::vec(0u64..2_000_000, months))
}

fn tables() -> impl Strategy<Value = (Month, Vec<Row>)> {
    (1usize..14, 2000 * 12i32..2030 * 12)
        .prop_flat_map(|(months, first)| (Just(Month::from_index(first).unwrap()), prop::collection::vec(row(months), 0..12)))
}

/// How a table is written.
#[derive(Debug, Clone)]
struct Manner {
    separator: char,
    months: usize,
    grouped: bool,
    heading: bool,
    line_end: &'static str,
}

fn manners() -> impl Strategy<Value = Manner> {
    (prop::sample::select(vec!['\t', ',', ';', '|']), 0usize..5, any::<bool>(), any::<bool>(), prop::sample::select(vec!["\n", "\r\n"]))
        .prop_map(|(separator, months, grouped, heading, line_end)| Manner { separator, months, grouped, heading, line_end })
}

fn month_name(month: Month, manner: usize) -> String {
    const NAMES: [[&str; 12]; 2] = [
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        ["januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"],
    ];
    let (y, m) = (month.year(), month.number() as usize);
    match manner {
        0 => format!("{}-{y}", NAMES[0][m - 1]),
        1 => format!("{} {y}", NAMES[1][m - 1]),
        2 => month.to_string(),
        3 => format!("{m:02}.{y}"),
        _ => format!("{month}-01 00:00:00"),
    }
}

fn grouped(number: u64) -> String {
    let plain = number.to_string();
    let mut out = String::new();
    for (place, digit) in plain.chars().enumerate() {
        if place > 0 && (plain.len() - place) % 3 == 0 {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

fn written((first, rows): &(Month, Vec<Row>), manner: &Manner) -> String {
    let columns = rows.first().map_or(1, |row| row.5.len());
    let mut writer = csv::WriterBuilder::new()
        .delimiter(manner.separator as u8)
        .flexible(true)
        .terminator(if manner.line_end == "\n" { csv::Terminator::Any(b'\n') } else { csv::Terminator::CRLF })
        .quote_style(csv::QuoteStyle::Necessary)
        .from_writer(Vec::new());
    if manner.heading {
        writer.write_record(["Report_ID", "TR"]).unwrap();
        writer.write_record(["Release", "5.1"]).unwrap();
    }
    let start = ["Title", "Publisher", "DOI", "Data_Type", "Metric_Type", "Reporting_Period_Total"].map(str::to_owned);
    let months = (0..columns).map(|place| month_name(first.plus(i32::try_from(place).unwrap()), manner.months));
    writer.write_record(start.into_iter().chain(months)).unwrap();
    for (title, publisher, doi, data_type, metric, counts) in rows {
        let number = |count: u64| if manner.grouped { grouped(count) } else { count.to_string() };
        let start =
            [title.clone(), publisher.clone(), doi.clone(), (*data_type).to_owned(), (*metric).to_owned(), number(counts.iter().sum())];
        writer.write_record(start.into_iter().chain(counts.iter().map(|count| number(*count)))).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn encoded(text: &str, encoding: usize) -> Vec<u8> {
    let utf16 = |big: bool| text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
    match encoding {
        0 => text.as_bytes().to_vec(),
        1 => format!("\u{feff}{text}").into_bytes(),
        2 => utf16(false),
        3 => utf16(true),
        _ => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
    }
}

proptest! {
    #[test]
    fn how_a_table_is_written_does_not_change_what_it_says(table in tables(), one in manners(), two in manners(), encoding in 0usize..5) {
        let first = records(written(&table, &one).as_bytes());
        let bytes = encoded(&written(&table, &two), encoding);
        prop_assert_eq!(&first, &records(&bytes));
        let counted: usize = table.1.iter().map(|row| row.5.iter().filter(|count| **count > 0).count()).sum();
        prop_assert_eq!(first.map(|records| records.len()), Ok(counted));
    }

    #[test]
    fn no_cut_and_no_slip_panics(table in tables(), manner in manners(), encoding in 0usize..5, at in any::<prop::sample::Index>(), noise in prop::collection::vec(any::<u8>(), 0..8), cut in any::<bool>()) {
        let mut bytes = encoded(&written(&table, &manner), encoding);
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        }
        let at = at.min(bytes.len());
        bytes.splice(at..at, noise);
        let _ = records(&bytes);
    }

    #[test]
    fn no_text_panics(
        lines in prop::collection::vec(prop_oneof![
            "[\\PC\t]{0,40}",
            "(Report_ID|Release|Exceptions|Reporting_Period|Journal Report [0-9]a? \\(R[345]\\)|Period covered by Report:|Date run:)[\t,]\\PC{0,20}",
            "(Title|Journal|Database|Platform|Publisher|User Activity|Metric_Type|Month|Count|Reporting_Period_Total|Jan-2024|Feb-2024|YOP 2012|\\PC{0,6}|[\t,]){0,12}",
            "([0-9.,-]{0,4}|Total|[a-z]{0,5}|\"|[\t,]){0,16}",
        ], 0..14),
    ) {
        let _ = records(lines.join("\n").as_bytes());
    }
}
