//! What is read, tolerated and refused, on fixtures of our own and on bytes that no vendor would send.

use std::io::Read;

use proptest::prelude::*;

use super::read;
use crate::formats::summary::summarise;
use crate::formats::{FormatError, Reading, RecordSink, Stopped};
use crate::model::{Item, Member, Release, UsageRecord};

/// A record that outlives its reading.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    item: Item,
    member: Option<Member>,
    /// Metric, month, data type, access method, access type, YOP.
    words: [String; 6],
    count: u64,
}

#[derive(Default)]
struct Rows(Vec<Row>);

impl RecordSink for Rows {
    fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
        let words = [r.metric, &r.month.to_string(), r.data_type, r.access_method, r.access_type, r.yop].map(str::to_owned);
        self.0.push(Row { item: r.item.clone(), member: r.member.cloned(), words, count: r.count });
        Ok(())
    }
}

fn rows(bytes: impl AsRef<[u8]>) -> Result<(Reading, Vec<Row>), FormatError> {
    let mut rows = Rows::default();
    let reading = read(bytes.as_ref(), &mut rows)?;
    Ok((reading, rows.0))
}

fn fixture(name: &str) -> String {
    let path = format!("{}/fixtures/counter/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn codes(text: &str) -> Vec<u32> {
    rows(text).unwrap().0.exceptions.iter().map(|exception| exception.code).collect()
}

fn notes(reading: &Reading) -> String {
    reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A platform report with these months of one metric.
fn platform(months: &str) -> String {
    format!(r#"{{"Report_Items":[{{"Platform":"P","Attribute_Performance":[{{"Performance":{{"Searches_Platform":{months}}}}}]}}]}}"#)
}

#[test]
fn an_r5_report_is_read_whatever_the_order_and_spelling() {
    let (reading, rows) = rows(fixture("5/title_with_text_counts_and_times")).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].words, ["Total_Item_Requests", "2024-02", "Book", "Regular", "Controlled", "2019"]);
    assert_eq!((rows[0].count, rows[1].count), (12, 7));
    let item = &rows[0].item;
    assert_eq!((item.title.as_str(), item.platform.as_str(), item.section_type.as_str()), ("Fjell og fjord", "Bokhylla", "Chapter"));
    let ids: Vec<_> = item.ids.iter().map(|id| format!("{}={}", id.kind, id.value)).collect();
    assert_eq!(ids, ["ISBN=9780306406157", "Print_ISSN=2434-561X", "Proprietary=b:1"]);
    assert_eq!(reading.header.release, Some(Release::R5));
    assert_eq!(reading.header.report.as_ref().unwrap().as_str(), "TR");
    assert_eq!(reading.header.customer_id, "kunde-1");
    assert_eq!(reading.header.end.unwrap().to_string(), "2024-02-29");
    assert_eq!(reading.header.filters, [("Data_Type".to_owned(), "Book|Journal".to_owned())]);
    assert_eq!(reading.looks_like, Some("TR"));
    let mut codes: Vec<_> = reading.exceptions.iter().map(|exception| exception.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [3040, 3050]);
    let notes = notes(&reading);
    for expected in ["counts written as text (line", "read as 'Total_Item_Requests'", "have a time", "lower case", "Publisher is null"] {
        assert!(notes.contains(expected.trim_end_matches(" (line")), "{expected} is not in:\n{notes}");
    }
}

#[test]
fn a_parents_counts_are_left_out_and_a_components_are_its_own() {
    let (reading, rows) = rows(fixture("5/item_with_parent_and_component")).unwrap();
    assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [3, 5]);
    let (component, item) = (&rows[0].item, &rows[1].item);
    assert_eq!(item.component, None);
    assert_eq!(item.authors, ["A. Author"]);
    assert_eq!((item.publication_date.as_str(), item.article_version.as_str()), ("2019-10-03", "VoR"));
    let parent = item.parent.as_ref().unwrap();
    assert_eq!((parent.title.as_str(), parent.data_type.as_str(), parent.ids[0].value.as_str()), ("The Book", "Book", "10.1/book"));
    let figure = component.component.as_ref().unwrap();
    assert_eq!((figure.title.as_str(), figure.data_type.as_str()), ("Figure 1", "Image"));
    assert_eq!((component.item.as_str(), rows[0].words[2].as_str()), ("Chapter 1", "Image"));
    assert_eq!(rows[0].words[5], "2019");
    assert_eq!(rows[1].words[2], "Book_Segment");
    assert!(notes(&reading).contains("counts of a parent"));
}

#[test]
fn an_item_may_be_described_after_its_counts() {
    let (reading, rows) = rows(fixture("5.1/item_described_after_its_counts")).unwrap();
    assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [5, 6, 1]);
    assert_eq!(rows[0].words, ["Total_Item_Requests", "2024-01", "Article", "TDM", "Open", "2023"]);
    assert_eq!(rows[2].words, ["Total_Item_Requests", "2024-01", "Image", "TDM", "Open", "2023"]);
    let item = &rows[0].item;
    assert_eq!((item.title.as_str(), item.item.as_str()), ("Journal", "Article 1"));
    assert_eq!(item.authors, ["A", "B"]);
    let parent = item.parent.as_ref().unwrap();
    assert_eq!((parent.data_type.as_str(), parent.ids[0].value.as_str()), ("Journal", "2049-3630"));
    assert_eq!(rows[2].item.component.as_ref().unwrap().title, "Figure");
    assert_eq!(reading.looks_like, Some("IR"));
}

#[test]
fn a_parent_with_items_and_counts_of_its_own_counts_its_items_only() {
    let item = r#""Items":[{"Item":"I","Attribute_Performance":[{"Performance":{"M":{"2024-01":5}}}]}]"#;
    let own = r#""Attribute_Performance":[{"Performance":{"M":{"2024-01":70}}}]"#;
    for parent in [format!("{item},{own}"), format!("{own},{item}")] {
        let (reading, rows) = rows(format!(r#"{{"Report_Items":[{{"Title":"T",{parent}}}]}}"#)).unwrap();
        assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [5], "{parent}");
        assert!(notes(&reading).contains("counts of a parent"), "{}", notes(&reading));
    }
}

#[test]
fn a_report_without_parents_may_hold_all_of_its_items_in_one() {
    let item =
        |number| format!(r#"{{"Attribute_Performance":[{{"Performance":{{"M":{{"2024-01":1}}}}}}],"Item":"{number}","Platform":"P"}}"#);
    let items: Vec<_> = (0..150_000).map(item).collect();
    let text = format!(r#"{{"Report_Items":[{{"Items":[{}]}}]}}"#, items.join(","));
    let (_, rows) = rows(text).unwrap();
    assert_eq!(rows.len(), 150_000);
    assert!(rows.iter().enumerate().all(|(number, row)| row.item.item == number.to_string() && row.item.parent.is_none()));
}

#[test]
fn a_consortiums_members_are_found_in_both_shapes() {
    let member = Member { customer_id: "c-1".into(), name: "Bibliotek Nord".into(), isil: "NO-2030000".into() };
    for (case, others) in [("5/consortium_with_members", 0), ("5.1/consortium_with_members", 1)] {
        let (_, rows) = rows(fixture(case)).unwrap();
        assert_eq!(rows[0].member.as_ref(), Some(&member), "{case}");
        assert_eq!(rows[1..].iter().map(|row| row.member.clone()).collect::<Vec<_>>(), vec![None; others], "{case}");
    }
}

#[test]
fn a_month_that_comes_twice_adds_up_and_is_noted() {
    let (reading, summary) = summarise(fixture("5.1/same_month_twice").as_bytes()).unwrap();
    assert_eq!((summary.records, summary.sum, summary.months.len()), (3, 8, 2));
    assert_eq!(summary.metrics["Searches_Platform"], 8);
    assert!(notes(&reading).contains("more than once"), "{}", notes(&reading));
    let (reading, _) = rows(fixture("5.1/consortium_with_members")).unwrap();
    assert!(!notes(&reading).contains("more than once"), "{}", notes(&reading));
}

#[test]
fn a_report_that_is_text_and_wrapped_is_read() {
    for text in [fixture("5.1/wrapped_and_quoted"), format!("\u{feff} \n{}", fixture("5.1/wrapped_and_quoted"))] {
        let (reading, rows) = rows(text).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].item.platform, "Blå \"P\" 😀");
        assert_eq!(reading.header.release, Some(Release::R51));
    }
}

#[test]
fn an_empty_field_of_another_report_does_not_make_it_look_like_that() {
    let counts = r#""Attribute_Performance":[{"Performance":{"Total_Item_Requests":{"2024-01":5}}}]"#;
    let (reading, _) = rows(format!(r#"{{"Report_Items":[{{"Title":"T","Database":null,"Item":"",{counts}}}]}}"#)).unwrap();
    assert_eq!(reading.looks_like, Some("TR"));
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(rows(format!("\u{feff}{}", platform(r#"{"2024-01":5}"#))).unwrap().1.len(), 1);
}

#[test]
fn exceptions_are_found_wherever_they_stand() {
    assert_eq!(codes(r#"{"Code": 3030, "Message": "No Usage"}"#), [3030]);
    assert_eq!(codes(r#"[{"Code": 3030}, {"Number": "3040"}]"#), [3030, 3040]);
    assert_eq!(codes(r#"{"number": 1001, "severity": "Error", "message": "m"}"#), [1001]);
    assert_eq!(codes(r#"{"body": null, "response": {"number": 1001}}"#), [1001]);
    assert_eq!(codes(r#"{"Exceptions": {"Code": 1}, "Exception": [{"Code": 2}]}"#), [1, 2]);
    assert_eq!(codes(r#"{"Report_Header": {"Exception": {"Code": 1}, "Exceptions": [{"Code": 2}]}, "Exception": {"Code": 3}}"#), [1, 2, 3]);
    assert_eq!(codes(r#""{\"Exception\": {\"Code\": 2090}}""#), [2090]);
    let reading = rows(r#"{"Code": 1011, "Severity": 4}"#).unwrap().0;
    assert!(!reading.has_items);
    assert_eq!(reading.exceptions[0].severity, "4");
}

#[test]
fn an_empty_list_of_items_is_a_list() {
    for items in ["[]", "null"] {
        let (reading, rows) =
            rows(format!(r#"{{"Report_Header": {{"Report_ID": "TR", "Release": "5.1"}}, "Report_Items": {items}}}"#)).unwrap();
        assert!(reading.has_items && rows.is_empty());
    }
}

#[test]
fn counts_that_cannot_be_true_refuse_the_whole_report() {
    let bad = |months: &str| match rows(platform(months)) {
        Err(FormatError::BadRow { place, what }) => format!("{place}: {what}"),
        other => panic!("{months}: {other:?}"),
    };
    for count in ["-1", "1.5", "9223372036854775808", "1e300", "-0.5", "\"x\"", "\"\"", "\"-3\"", "\"1,000\"", "null", "true", "[1]", "{}"]
    {
        let why = bad(&format!(r#"{{"2024-01": {count}}}"#));
        assert!(why.contains("item 1 'P', Searches_Platform, 2024-01"), "{count}: {why}");
    }
    for month in ["2024-13", "2024", "2024-01-15", "January", "Reporting_Period_Total", ""] {
        assert!(bad(&format!(r#"{{"{month}": 1}}"#)).contains("is not a month"), "{month}");
    }
    bad("5");
    assert_eq!(rows(platform(r#"{"2024-01": 9223372036854775807}"#)).unwrap().1[0].count, i64::MAX.unsigned_abs());
}

#[test]
fn a_refusal_says_where() {
    let Err(FormatError::BadRow { place, .. }) = rows(fixture("5.1/negative_count")) else { panic!("was taken") };
    assert_eq!(place, "line 5, item 2 'Bad', Total_Item_Requests, 2024-02");
}

#[test]
fn periods_that_are_not_a_whole_month_refuse_the_whole_report() {
    assert!(matches!(rows(fixture("5/period_of_two_months")), Err(FormatError::BadRow { .. })));
    let with = |begin: &str, end: &str| rows(fixture("5/period_of_two_months").replace("2024-01-01", begin).replace("2024-02-29", end));
    for (begin, end) in [
        ("2024-02-01", "2024-02-01"),
        ("2024-02-02", "2024-02-29"),
        ("2024-02-01", ""),
        ("", ""),
        ("2024-02-30", "2024-02-30"),
        ("å", "åååååååååå"),
    ] {
        assert!(matches!(with(begin, end), Err(FormatError::BadRow { .. })), "{begin} {end}");
    }
    for (begin, end) in [("2024-02-01", "2024-02-28"), ("2024-02", "2024-02"), ("2024-02-01 00:00:00", "2024-02-29")] {
        assert!(!with(begin, end).unwrap().0.notes.is_empty(), "{begin} {end}");
    }
}

#[test]
fn what_is_no_report_is_told_apart() {
    for text in ["", "  \n", "<html><body>Sign in</body></html>", "Not found", "nothing here"] {
        assert!(matches!(rows(text), Err(FormatError::NotJson { .. })), "{text}");
    }
    for text in [
        "null",
        "5",
        "[]",
        "{}",
        r#"{"foo": "bar"}"#,
        r#"{"message": "Forbidden"}"#,
        r#"[{"Report_ID": "TR", "Path": "/reports/tr"}]"#,
        r#""hello""#,
    ] {
        let told = rows(text);
        assert!(matches!(told, Err(FormatError::NotReport(_) | FormatError::NotJson { .. })), "{text}: {told:?}");
    }
    let Err(FormatError::NotReport(why)) = rows(r#"{"message": "Forbidden"}"#) else { panic!("was taken") };
    assert!(why.contains("Forbidden"), "{why}");
    let whole = fixture("5.1/same_month_twice");
    let Err(FormatError::Broken { line, column, .. }) = rows(&whole[..whole.len() - 20]) else { panic!("was taken") };
    assert!(line > 5 && column > 0);
    for cut in [&whole[..1], &whole[..8], &fixture("5.1/wrapped_and_quoted")[..60]] {
        assert!(matches!(rows(cut), Err(FormatError::Broken { .. })), "{cut}");
    }
    assert!(matches!(rows(format!("{whole} {{}}")), Err(FormatError::Broken { .. })));
    let deep = format!(r#"{{"Report_Items": [{{"x": {}"#, "[".repeat(100_000));
    assert!(matches!(rows(deep), Err(FormatError::Broken { .. })));
}

#[test]
fn a_sink_that_stops_ends_the_reading() {
    struct Full;
    impl RecordSink for Full {
        fn record(&mut self, _: &UsageRecord<'_>) -> Result<(), Stopped> {
            Err(Stopped)
        }
    }
    assert!(matches!(read(fixture("5.1/same_month_twice").as_bytes(), &mut Full), Err(FormatError::Stopped(_))));
}

#[test]
fn a_reader_that_fails_is_not_a_broken_report() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let reader = br#"{"Report_Items": ["#.chain(Failing);
    assert!(matches!(read(reader, &mut Rows::default()), Err(FormatError::Io(error)) if error.to_string() == "gone"));
}

/// More counts than wait at most: 168 000 of one item, in many attributes or in one.
fn large(late: &str, attributes: usize, metrics: usize) -> String {
    let months: Vec<_> = (1..=12).map(|month| format!(r#""2024-{month:02}":1"#)).collect();
    let metrics: Vec<_> = (0..metrics).map(|metric| format!(r#""M{}":{{{}}}"#, metric % 50, months.join(","))).collect();
    let performance = format!(r#"{{"Data_Type":"Book","Performance":{{{}}}}}"#, metrics.join(","));
    let all = vec![performance; attributes].join(",");
    format!(r#"{{"Report_Items":[{{"Platform":"P","Title":"T","Attribute_Performance":[{all}]{late}}}]}}"#)
}

#[test]
fn an_item_larger_than_the_buffer_is_passed_on_in_parts() {
    for (attributes, metrics) in [(400, 35), (1, 14_000)] {
        let (_, summary) = summarise(large("", attributes, metrics).as_bytes()).unwrap();
        assert_eq!(summary.sum, 168_000);
        assert!(summarise(large(r#","Publisher":"""#, attributes, metrics).as_bytes()).is_ok());
        let refused = summarise(large(r#","Publisher":"F""#, attributes, metrics).as_bytes());
        assert!(matches!(refused, Err(FormatError::BadRow { .. })), "{refused:?}");
    }
}

#[test]
fn a_text_without_end_is_refused() {
    for beginning in [r#"{"Report_Items": [{"Title": ""#, r#""{\"Report_Items\": [{\"Title\": \""#] {
        let reader = beginning.as_bytes().chain(std::io::repeat(b'x').take(16 << 20));
        let refused = read(reader, &mut Rows::default());
        assert!(matches!(&refused, Err(FormatError::BadRow { what, .. }) if what.contains("4 MiB")), "{refused:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(which in 0usize..6, cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..6)) {
        let cases = ["5/title_with_text_counts_and_times", "5/item_with_parent_and_component", "5/consortium_with_members", "5.1/item_described_after_its_counts", "5.1/same_month_twice", "5.1/wrapped_and_quoted"];
        let mut bytes = fixture(cases[which]).into_bytes();
        for (index, byte, what) in cuts {
            let place = index.index(bytes.len().max(1));
            match what {
                0 if place < bytes.len() => bytes[place] = byte,
                1 if place < bytes.len() => { bytes.remove(place); }
                2 => bytes.truncate(place),
                _ => bytes.insert(place, byte),
            }
        }
        let _ = rows(&bytes);
    }

    #[test]
    fn how_the_bytes_arrive_does_not_matter(which in 0usize..3, size in 1usize..50) {
        struct Slow<'a>(&'a [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let size = self.1.min(into.len());
                self.0.read(&mut into[..size])
            }
        }
        let text = fixture(["5/title_with_text_counts_and_times", "5.1/item_described_after_its_counts", "5.1/wrapped_and_quoted"][which]);
        let mut slowly = Rows::default();
        let reading = read(Slow(text.as_bytes(), size), &mut slowly).unwrap();
        prop_assert_eq!((reading, slowly.0), rows(&text).unwrap());
    }
}
