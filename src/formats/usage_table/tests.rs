//! Tables of use: what is read, what is refused, and that no message repeats a cell.

use proptest::prelude::*;

use super::*;
use crate::formats::{self, Stopped};

/// What a test looks at of a record.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    month: String,
    addresses: String,
    metric: String,
    rest: String,
    count: u64,
}

#[derive(Default)]
struct All(Vec<Seen>);

impl RecordSink for All {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        let item = record.item;
        let rest = [record.data_type, record.access_method, record.access_type, record.yop, &item.platform, &item.database, &item.title];
        self.0.push(Seen {
            month: record.month.to_string(),
            addresses: record.addresses.map(|a| a.to_string()).unwrap_or_default(),
            metric: record.metric.to_owned(),
            rest: rest.join("|"),
            count: record.count,
        });
        Ok(())
    }
}

fn try_read(text: &[u8]) -> Result<(Reading, Vec<Seen>), FormatError> {
    let mut all = All::default();
    let reading = formats::read(text, &mut all)?;
    Ok((reading, all.0))
}

#[track_caller]
fn table(text: &str) -> (Reading, Vec<Seen>) {
    try_read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn wrong(text: &str) -> String {
    try_read(text.as_bytes()).expect_err(text).to_string()
}

fn seen(month: &str, addresses: &str, metric: &str, count: u64) -> Seen {
    Seen { month: month.into(), addresses: addresses.into(), metric: metric.into(), rest: "|Regular|||||".into(), count }
}

#[test]
fn metric_and_count_or_a_column_for_each_metric_say_the_same() {
    let expected = [
        seen("2024-01", "192.0.2.7", "Total_Item_Requests", 12),
        seen("2024-01", "192.0.2.7", "Unique_Item_Requests", 5),
        seen("2024-02", "", "Total_Item_Requests", 1_234_567),
        seen("2024-02", "2001:db8::/32", "Unique_Item_Requests", 1),
    ];
    for text in [
        "month,address,metric,count\n2024-01,192.0.2.7,Total_Item_Requests,12\n2024-01,192.0.2.7,Unique_Item_Requests,5\n\
         2024-02,,Total_Item_Requests,1 234 567\n2024-02,2001:db8::/32,Unique_Item_Requests,1\n2024-01,192.0.2.9,No_License,0\n",
        "\u{feff}# fra leverandøren\r\n\r\nMetric_Type;Count;IP;Month\r\ntotal_item_requests;12;192.0.2.7;2024-01\r\n\
         Unique_Item_Requests;5;192.0.2.7;2024-01\r\nTotal_Item_Requests;1\u{a0}234\u{a0}567;;2024-02\r\nUnique_Item_Requests;1;2001:db8::/32;2024-02\r\n",
        "Month\tRange\tTotal_Item_Requests\tUnique_Item_Requests\n2024-01\t192.0.2.7\t12\t5\n2024-02\t\t1234567\t\n2024-02\t2001:db8::/32\t0\t1\n",
    ] {
        let (reading, found) = table(text);
        assert_eq!(found, expected, "{text}");
        assert_eq!(
            (reading.header.report.unwrap().as_str(), reading.header.release, reading.records, reading.has_items),
            ("PR", None, 4, true)
        );
    }
}

#[test]
fn what_describes_the_use_is_kept() {
    let text = "report,month,address,data type,access_method,access_type,yop,platform,database,title,metric,count,remark\n\
                tr_j1,2024-03,192.0.2.1-9,journal,tdm,Controlled,2019,P,D,\"A, B\",Streams,3,hush\n";
    let (reading, found) = table(text);
    assert_eq!(reading.header.report.unwrap().as_str(), "TR_J1");
    assert_eq!((found[0].rest.as_str(), found[0].metric.as_str()), ("Journal|TDM|Controlled|2019|P|D|A, B", "Streams"));
    assert_eq!(found[0].addresses, "192.0.2.1-192.0.2.9");
    let notes: Vec<String> = reading.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "column 'remark' is not known and not read (line 1)",
            "data_type is spelt in another way than the standard's (line 2)",
            "access_method is spelt in another way than the standard's (line 2)",
            "metric is not one of the standard's (line 2)"
        ]
    );
}

#[test]
fn months_that_have_only_zeros_are_told_of_if_there_is_no_gap() {
    let (reading, _) = table("month,metric,count\n2024-01,A_B,1\n2024-02,A_B,0\n2024-03,A_B,0\n");
    let ends = |reading: &Reading| (reading.header.begin.map(|day| day.to_string()), reading.header.end.map(|day| day.to_string()));
    assert_eq!(ends(&reading), (Some("2024-01-01".into()), Some("2024-03-31".into())));
    let (reading, found) = table("month,metric,count\n2024-01,A_B,1\n2024-03,A_B,0\n");
    assert_eq!((ends(&reading), found.len()), ((None, None), 1));
}

#[test]
fn a_table_is_refused_with_the_line_and_the_column() {
    let header = "month,address,metric,count\n2024-01,203.0.113.77,Total_Item_Requests,1\n";
    for (row, expected) in [
        ("2024-13,203.0.113.77,Total_Item_Requests,1", "line 3: month: is not a month"),
        (",203.0.113.77,Total_Item_Requests,1", "line 3: month: is empty"),
        ("2024-01,203.0.113.77,Total_Item_Requests,-4", "line 3: count: is negative"),
        ("2024-01,203.0.113.77,Total_Item_Requests,1.5", "line 3: count: is not a whole number"),
        ("2024-01,203.0.113.77,Total_Item_Requests,12 34", "line 3: count: is not a whole number"),
        ("2024-01,203.0.113.77,Total_Item_Requests,", "line 3: count: is empty"),
        ("2024-01,203.0.113.77,Total_Item_Requests,9223372036854775808", "line 3: count: is larger"),
        ("2024-01,203.0.113.77,,1", "line 3: metric: is empty"),
        ("2024-01,203.0.113.77,Halden bibliotek,1", "line 3: metric: is not a metric"),
        ("2024-01,203.0.113.77 203.0.113.99,Total_Item_Requests,1", "line 3: address: stands for several"),
        ("2024-01,203.0.113.777,Total_Item_Requests,1", "line 3: address: cannot be read"),
        ("2024-01,203.0.113.77,Total_Item_Requests,1,2", "line 3: has 5 cells where the header has 4"),
        ("2024-01,203.0.113.77,1", "line 3: has 3 cells where the header has 4"),
        ("\"2024-01,203.0.113.77,1,1", "line 3: has a quote"),
        ("203.0.113.77,2024-01,Total_Item_Requests,1", "line 3: month: is not a month"),
    ] {
        let what = wrong(&format!("{header}{row}\n"));
        assert!(what.starts_with(expected), "{row}: {what}");
        assert!(!what.contains("203.0.113") && !what.contains("Halden"), "{what}");
    }
    let what = wrong("month,report,metric,count\n2024-01,PR,A_B,1\n2024-01,TR,A_B,1\n");
    assert!(what.starts_with("line 3: report: is another") && what.contains("make a file of each"), "{what}");
    let what = wrong("month,title,metric,count\n2024-01,203.0.113.77,A_B,1\n");
    assert!(what.starts_with("line 2: title: holds an address") && !what.contains("203.0.113"), "{what}");
    assert!(wrong("month,metric,count\n").contains("without any row"));
    assert!(
        try_read(b"month,title,metric,count\n2024-01,Troms\xf8,A_B,1\n").unwrap_err().to_string().starts_with("line 2: has a character")
    );
}

#[test]
fn a_header_says_what_it_lacks() {
    for (text, expected) in [
        ("maaned,address,metric,count\n", "line 1: does not name a column 'month'"),
        ("# x\n\nmonth,address,count\n", "line 3: names a column 'count' but none 'metric'"),
        ("month;metric;address\n", "line 1: names a column 'metric' but none 'count'"),
        ("month,address\n", "line 1: has no counts"),
        ("month,ip,range,metric,count\n", "line 1: there are two columns for 'address'"),
        ("month,address,Total_Item_Requests,total item requests\n", "line 1: there are two columns for 'Total_Item_Requests'"),
        ("month,address,Total_Item_Requests,institution\n", "line 1: column 'institution' is neither"),
        ("month,address,Total_Item_Requests,card_number\n", "line 1: column 'card_number' is neither"),
        ("month,address,Total_Item_Requests,198.51.100.9\n", "line 1: column 4 is neither"),
        ("2024-01,198.51.100.9,Total_Item_Requests,4\n", "line 1: does not name a column 'month'"),
        ("198.51.100.9;2024-01;4\n", "line 1: does not name a column 'month'"),
    ] {
        let what = wrong(text);
        assert!(what.starts_with(expected) && !what.contains("198.51"), "{text}: {what}");
    }
    let (reading, _) = table("month,address,Streams_Played\n2024-01,192.0.2.7,3\n");
    assert_eq!(reading.notes[0].what, "column 'Streams_Played' is read as a metric that the standard does not have");
}

#[test]
fn what_is_no_table_is_as_strictly_json_as_ever() {
    for text in [
        "",
        "  \n ",
        "<!doctype html><title>month,address</title>",
        "Please log in\nmonth,address,metric,count\n",
        "# month,address,metric,count\nnothing",
        "month",
        "no usage in this month, sorry",
        "\"text\"",
        "{\"month\": 1, \"count\": 2}",
        "[1, 2",
        "nul",
    ] {
        let (mut through, mut direct) = (All::default(), All::default());
        let read = formats::read(text.as_bytes(), &mut through).map_err(|error| error.to_string());
        assert_eq!(read, formats::counter_json::read(text.as_bytes(), &mut direct).map_err(|error| error.to_string()), "{text}");
        assert!(read.is_err() && through.0.is_empty(), "{text}");
    }
    // More comments than are looked through are no table.
    let long = format!("{}month,metric,count\n2024-01,A_B,1\n", "# remark\n".repeat(10_000));
    assert!(matches!(try_read(long.as_bytes()), Err(FormatError::NotJson { .. })));
}

/// Gives a byte at a time, as a slow reader may.
struct Slowly<'a>(&'a [u8]);

impl Read for Slowly<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let (Some((first, rest)), Some(place)) = (self.0.split_first(), into.first_mut()) else { return Ok(0) };
        (*place, self.0) = (*first, rest);
        Ok(1)
    }
}

#[test]
fn a_slow_reader_gives_the_same() {
    let text = "# x\nmonth,address,metric,count\n2024-01,192.0.2.7,A_B,1\n";
    let mut all = All::default();
    formats::read(Slowly(text.as_bytes()), &mut all).unwrap();
    assert_eq!(all.0, [seen("2024-01", "192.0.2.7", "A_B", 1)]);
}

proptest! {
    #[test]
    fn counts_come_as_they_were_written(rows in prop::collection::vec((1_u32..13, 0_u8..255, 0_u64..1 << 62), 1..20), semicolon in any::<bool>()) {
        let separator = if semicolon { ";" } else { "," };
        let mut text = ["month", "address", "Total_Item_Requests"].join(separator) + "\n";
        for (month, address, count) in &rows {
            text += &([format!("2024-{month:02}"), format!("192.0.2.{address}"), count.to_string()].join(separator) + "\n");
        }
        let (reading, found) = try_read(text.as_bytes()).unwrap();
        let written: Vec<Seen> = rows.iter().filter(|(.., count)| *count > 0)
            .map(|(month, address, count)| seen(&format!("2024-{month:02}"), &format!("192.0.2.{address}"), "Total_Item_Requests", *count)).collect();
        prop_assert_eq!(reading.records, written.len() as u64);
        prop_assert_eq!(found, written);
    }

    #[test]
    fn no_bytes_panic_and_no_address_is_told(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        rows in prop::collection::vec(prop::sample::select(&["2024-01", "198.51.100.77", "A_B", "5", "-5", "\"", ",", ";", "\n", "x", " ", "æ", "#"][..]), 0..40),
    ) {
        let _ = try_read(&bytes);
        let text = format!("month,address,title,metric,count\n{}", rows.concat());
        if let Err(error) = try_read(text.as_bytes()) {
            prop_assert!(!error.to_string().contains("198.51"), "{}", error);
        }
    }
}
