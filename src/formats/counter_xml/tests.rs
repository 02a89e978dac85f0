//! Release 4 as XML, right and wrong.

use std::io::{self, Read};

use proptest::prelude::*;

use super::read;
use super::source::encoded;
use crate::formats::{FormatError, Reading, RecordSink, Stopped};
use crate::model::UsageRecord;

#[derive(Default)]
struct Lines(Vec<String>);

impl RecordSink for Lines {
    fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
        let i = r.item;
        let names = [&i.title, &i.database, &i.item].map(String::as_str).join("");
        let member = r.member.map(|m| format!(" of {}/{}/{}", m.customer_id, m.name, m.isil)).unwrap_or_default();
        let yop = if r.yop.is_empty() { String::new() } else { format!(" {}", r.yop) };
        self.0.push(format!("{} {names} [{}] {} {}{yop} {}{member}", i.platform, r.data_type, r.metric, r.month, r.count));
        Ok(())
    }
}

fn read_bytes(bytes: &[u8]) -> Result<(Vec<String>, Reading), FormatError> {
    let mut lines = Lines::default();
    let reading = read(bytes, &mut lines)?;
    Ok((lines.0, reading))
}

#[track_caller]
fn rows(text: &str) -> Vec<String> {
    read_bytes(text.as_bytes()).unwrap_or_else(|error| panic!("{error}")).0
}

#[track_caller]
fn refused(text: &str) -> String {
    read_bytes(text.as_bytes()).err().unwrap_or_else(|| panic!("{text} was taken")).to_string()
}

fn instance(metric: &str, count: impl std::fmt::Display) -> String {
    format!("<Instance><MetricType>{metric}</MetricType><Count>{count}</Count></Instance>")
}

fn performance(month: &str, category: &str, instances: &str) -> String {
    let last = month.parse::<crate::model::Month>().unwrap().last_day();
    let period = format!("<Period><Begin>{month}-01</Begin><End>{last}</End></Period>");
    format!("<ItemPerformance>{period}<Category>{category}</Category>{instances}</ItemPerformance>")
}

fn item(name: &str, performances: &str) -> String {
    format!(
        "<ReportItems><ItemPlatform>P</ItemPlatform><ItemName>{name}</ItemName><ItemDataType>Journal</ItemDataType>{performances}</ReportItems>"
    )
}

fn one(name: &str, count: impl std::fmt::Display) -> String {
    item(name, &performance("2018-01", "Requests", &instance("ft_total", count)))
}

fn report(inner: &str) -> String {
    format!("<Report Name=\"JR1\" Version=\"4\">{inner}</Report>")
}

fn response(reference: &str, customers: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><r:ReportResponse xmlns:r=\"x\">\
         <Requestor><ID>r</ID><Name>n</Name><Email>somebody@example.org</Email></Requestor>\
         <CustomerReference><ID>{reference}</ID></CustomerReference><ReportDefinition Name=\"JR1\" Release=\"4\"><Filters>\
         <UsageDateRange><Begin>2018-01-01</Begin><End>2018-01-31</End></UsageDateRange></Filters></ReportDefinition>\
         <r:Report>{}</r:Report></r:ReportResponse></s:Body></s:Envelope>",
        report(customers)
    )
}

fn customer(id: &str, inner: &str) -> String {
    format!("<Customer><Name>Lib {id}</Name><ID>{id}</ID>{inner}</Customer>")
}

#[test]
fn a_reply_says_whose_it_is_and_what() {
    let text = response("C1", &customer("C1", &one("A &amp; B", 7)));
    let (lines, reading) = read_bytes(text.as_bytes()).unwrap();
    assert_eq!(lines, ["P A & B [Journal] ft_total 2018-01 7"]);
    assert_eq!((reading.header.customer_id.as_str(), reading.header.institution_ids[0].value.as_str()), ("C1", "C1"));
    assert_eq!(reading.header.report.as_ref().unwrap().as_str(), "JR1");
    assert_eq!(reading.header.begin.unwrap().to_string(), "2018-01-01");
    assert_eq!(reading.header.end.unwrap().to_string(), "2018-01-31");
    assert!(reading.has_items);
    assert!(!format!("{:?}", reading.header).contains("somebody@example.org"));
}

#[test]
fn envelopes_customers_and_reports_may_be_missing() {
    let expected = ["P A [Journal] ft_total 2018-01 7"];
    assert_eq!(rows(&one("A", 7)), expected);
    assert_eq!(rows(&report(&one("A", 7))), expected);
    let bare = format!("<report Name=\"Journal Report 1 (R4)\">{}</report>", customer("C", &one("A", 7)));
    let (lines, reading) = read_bytes(bare.as_bytes()).unwrap();
    assert_eq!((lines.as_slice(), reading.header.report.unwrap().as_str()), (expected.map(str::to_owned).as_slice(), "JR1"));
    assert_eq!(rows(&format!("<a:Wrapped xmlns:a='y'><Reports>{}</Reports></a:Wrapped>", report(&one("A", 7)))), expected);
}

#[test]
fn what_counts_the_same_twice_stays_apart() {
    let instances = [instance("ft_html", 2), instance("ft_pdf", 3), instance("ft_total", 5)].concat();
    let denied = performance("2018-01", "Access_denied", &instance("ft_total", 9));
    let text = report(&item("A", &(performance("2018-01", "Requests", &instances) + &denied)));
    let (lines, reading) = read_bytes(text.as_bytes()).unwrap();
    let metrics: Vec<&str> = lines.iter().map(|line| line.split("] ").nth(1).unwrap()).collect();
    assert_eq!(metrics, ["ft_html 2018-01 2", "ft_pdf 2018-01 3", "ft_total 2018-01 5", "Access_denied:ft_total 2018-01 9"]);
    assert_eq!(reading.notes.len(), 1, "{:?}", reading.notes);
}

#[test]
fn what_describes_an_item_may_stand_anywhere_in_it() {
    let text = "<Report Name='BR2'><ReportItems><ItemPerformance PubYrFrom='2000' PubYrTo='2005'>\
                <Instance><Count>4</Count><MetricType>ft_total</MetricType></Instance><Category>Requests</Category>\
                <Period><End>2018-01-31T00:00:00.000</End><Begin>2018-01-01T00:00:00.000</Begin></Period></ItemPerformance>\
                <ItemDataType>Book</ItemDataType><ItemName><![CDATA[A <b>]]> &#x41;&#66;</ItemName><ItemPlatform>P</ItemPlatform>\
                <ItemIdentifier><Value>978-0-306-40615-7</Value><Type>Print_ISBN</Type></ItemIdentifier></ReportItems></Report>";
    assert_eq!(rows(text), ["P A <b> AB [Book] ft_total 2018-01 2000-2005 4"]);
}

#[test]
fn names_go_where_their_kind_says() {
    let named = |kind: &str| {
        let text = report(&one("N", 1)).replace(">Journal<", &format!(">{kind}<"));
        let mut found = String::new();
        struct Where<'a>(&'a mut String);
        impl RecordSink for Where<'_> {
            fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
                *self.0 = format!("{}/{}/{}", r.item.title, r.item.database, r.item.item);
                Ok(())
            }
        }
        read(text.as_bytes(), &mut Where(&mut found)).unwrap();
        found
    };
    assert_eq!(named("Journal"), "N//");
    assert_eq!(named("Database"), "/N/");
    assert_eq!(named("Collection"), "/N/");
    assert_eq!(named("Platform"), "//N");
    assert_eq!(named("Multimedia"), "//N");
}

#[test]
fn one_customer_is_the_account_and_several_are_members() {
    let alone = response("C1", &customer("another name for C1", &one("A", 1)));
    assert_eq!(rows(&alone), ["P A [Journal] ft_total 2018-01 1"]);
    let isil = "<InstitutionalIdentifier><Type>ISIL</Type><Value>NO-1</Value></InstitutionalIdentifier>";
    let two = response("C1", &(customer("M1", &(isil.to_owned() + &one("A", 1))) + &customer("M2", &one("A", 2))));
    let (lines, reading) = read_bytes(two.as_bytes()).unwrap();
    assert_eq!(lines, ["P A [Journal] ft_total 2018-01 1 of M1/Lib M1/NO-1", "P A [Journal] ft_total 2018-01 2 of M2/Lib M2/"]);
    assert!(reading.header.institution_ids.is_empty());
}

#[test]
fn the_consortiums_own_sum_is_not_counted_again() {
    let members = customer("M1", &one("A", 1)) + &customer("M2", &one("A", 2));
    for with_sum in [customer("C1", &one("A", 3)) + &members, members.clone() + &customer("C1", &one("A", 3))] {
        let (lines, reading) = read_bytes(response("C1", &with_sum).as_bytes()).unwrap();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(reading.notes.iter().any(|note| note.what.contains("not counted again")), "{:?}", reading.notes);
        assert_eq!(reading.records, 2);
    }
    // What is not the sum is the use of somebody.
    let own = customer("C1", &one("A", 4)) + &members;
    assert_eq!(rows(&response("C1", &own)).len(), 3);
}

#[test]
fn exceptions_are_found_wherever_they_stand() {
    let exception = "<Exception><Number>3030</Number><Severity>Error</Severity><Message>No Usage</Message><Data>2018-01</Data></Exception>";
    let in_report = response("C1", exception);
    for text in [
        exception.to_owned(),
        format!("<ReportResponse>{exception}</ReportResponse>"),
        format!("<Envelope><Header>{exception}</Header><Body/></Envelope>"),
        format!("<Envelope><Body><Fault><faultcode>x:Server</faultcode><detail>{exception}</detail></Fault></Body></Envelope>"),
        in_report.replace("<Report Name=\"JR1\" Version=\"4\">", "<Report>"),
    ] {
        let (lines, reading) = read_bytes(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(lines, Vec::<String>::new());
        assert!(!reading.has_items, "{text}");
        let [said] = reading.exceptions.as_slice() else { panic!("{text}: {:?}", reading.exceptions) };
        assert_eq!((said.code, said.message.as_str(), said.data.as_str()), (3030, "No Usage", "2018-01"), "{text}");
    }
    assert_eq!(read_bytes(in_report.as_bytes()).unwrap().1.exceptions.len(), 1);
}

#[test]
fn a_fault_is_an_exception() {
    let fault = |code: &str, text: &str| {
        let text = format!(
            "<e:Envelope xmlns:e='x'><e:Body><e:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></e:Fault></e:Body></e:Envelope>"
        );
        let reading = read_bytes(text.as_bytes()).unwrap().1;
        (reading.exceptions[0].code, reading.exceptions[0].message.clone())
    };
    assert_eq!(fault("e:Client", "no such thing"), (1030, "SOAP fault e:Client: no such thing".into()));
    assert_eq!(fault("e:Server", "out of order").0, 1000);
    assert_eq!(fault("e:Server", "Requestor Not Authorized to Access Service").0, 2000);
    let soap12 = "<Envelope><Body><Fault><Code><Value>e:Sender</Value></Code><Reason><Text>what?</Text></Reason></Fault></Body></Envelope>";
    assert_eq!(read_bytes(soap12.as_bytes()).unwrap().1.exceptions[0].code, 1030);
}

#[test]
fn document_types_and_entities_are_refused() {
    let bomb = format!("<!DOCTYPE Report [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>{}", report(&one("&b;", 1)));
    assert!(refused(&bomb).contains("DOCTYPE"));
    let external = format!("<!DOCTYPE Report SYSTEM \"file:///etc/passwd\">{}", report(&one("A", 1)));
    assert!(refused(&external).contains("DOCTYPE"));
    assert!(refused(&report(&one("&nbsp;", 1))).contains("&nbsp;"));
    assert!(refused(&report(&one("&#0;", 1))).contains("&#0;"));
    assert!(refused(&report(&one("A", 1)).replace("\"JR1\"", "\"&x;\"")).contains("attribute"));
    assert!(refused(&format!("<a>{}</a>", "&lt;&x;")).contains("&x;"));
}

#[test]
fn a_lone_ampersand_is_one() {
    let (lines, reading) = read_bytes(report(&one("R & D; A &c", 7)).as_bytes()).unwrap();
    assert_eq!(lines, ["P R & D; A &c [Journal] ft_total 2018-01 7"]);
    assert!(reading.notes.iter().any(|note| note.what.contains("lone '&'")), "{:?}", reading.notes);
}

#[test]
fn pages_and_rubbish_are_no_reports() {
    for page in ["<!DOCTYPE html><html><br></html>", "<html><body><form>Log in", "\u{feff}\n<!doctype HTML PUBLIC \"x\">", "<HTML></HTML>"]
    {
        assert!(matches!(read_bytes(page.as_bytes()), Err(FormatError::Html { .. })), "{page}");
    }
    for text in ["<a/>", "<error>go away</error>", "<<<", "<a></b>", "<a", "<!", "<br> 192.0.2.77"] {
        let error = read_bytes(text.as_bytes()).unwrap_err();
        assert!(matches!(error, FormatError::NotReport(_)), "{text}: {error:?}");
        assert!(!error.to_string().contains("192.0.2.77"));
    }
    let cut = response("C1", &customer("C1", &one("A", 7)));
    let cut = &cut[..cut.len() * 3 / 4];
    assert!(matches!(read_bytes(cut.as_bytes()), Err(FormatError::BrokenXml { line: 1, .. })));
    let twice = report(&one("A", 1)).repeat(2);
    assert!(refused(&twice).contains("root"));
}

#[test]
fn a_row_that_cannot_be_true_refuses_the_whole_with_its_place() {
    for (count, what) in [("-7", "below zero"), ("3.5", "whole"), ("", "empty"), ("1,000", "whole"), ("99999999999999999999", "too large")]
    {
        let said = refused(&report(&format!("{}\n{}", one("A", 1), one("B", count))));
        assert!(said.starts_with("line 2, item 2 'B', ft_total, 2018-01: "), "{said}");
        assert!(said.contains(what), "{said}");
    }
    let year = report(&one("A", 1)).replace("2018-01-31</End></Period>", "2018-12-31</End></Period>");
    assert!(refused(&year).contains("not one whole month"));
    assert!(refused(&report(&one("A", 1)).replace("<MetricType>ft_total</MetricType>", "")).contains("MetricType"));
    assert!(refused(&report(&one("A", 1)).replace("<Count>1</Count>", "")).contains("Count"));
    let two = format!("<Reports>{}{}</Reports>", report(&one("A", 1)), report(&one("A", 1)).replace("JR1", "BR1"));
    assert!(refused(&two).contains("several reports"));
}

#[test]
fn a_document_is_read_in_its_own_encoding() {
    let text = response("C1", &customer("C1", &one("Bø og ål", 7)));
    for (label, declared) in
        [("UTF-8", ""), ("ISO-8859-1", "ISO-8859-1"), ("UTF-16LE", "UTF-16"), ("UTF-16BE", "utf-16"), ("UTF-8", "utf-8")]
    {
        let declaration = if declared.is_empty() { String::new() } else { format!("<?xml version=\"1.0\" encoding='{declared}'?>\n") };
        let bytes = encoded(&format!("{declaration}{text}"), label);
        let mark: &[u8] = match label {
            "UTF-16LE" => &[0xff, 0xfe],
            "UTF-16BE" => &[0xfe, 0xff],
            _ => &[],
        };
        for bytes in [bytes.clone(), [mark, bytes.as_slice()].concat()] {
            assert!(super::is_markup(&bytes), "{label}");
            let mut lines = Lines::default();
            crate::formats::read(&bytes[..], &mut lines).unwrap_or_else(|error| panic!("{label} {declared}: {error}"));
            assert_eq!(lines.0, ["P Bø og ål [Journal] ft_total 2018-01 7"], "{label} {declared}");
        }
    }
    assert!(refused("<?xml version='1.0' encoding='klingon'?><Report/>").contains("klingon"));
    let wrong = [b"<Report Name='JR1'><ReportItems><ItemName>".as_slice(), &[0xe6], b"</ItemName></ReportItems></Report>"].concat();
    assert!(read_bytes(&wrong).unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn nothing_is_without_end() {
    struct Endless<'a>(&'a [u8], usize, u64);
    impl Read for Endless<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            assert!(self.2 < 64 * 1024 * 1024, "it is read for ever");
            self.2 += into.len() as u64;
            for byte in into.iter_mut() {
                *byte = self.0[self.1];
                self.1 = (self.1 + 1) % self.0.len();
            }
            Ok(into.len())
        }
    }
    for (start, piece) in [
        ("", "<a>"),
        ("<Report Name='", "x"),
        ("<Report ", "a='1' "),
        ("<Report><!--", " -> <"),
        ("<Report><ReportItems><ItemName>", "x "),
        ("<Report><ReportItems><ItemName>", "<![CDATA[x<]]>"),
        ("<Report><ReportItems>", "<ItemIdentifier><Type>DOI</Type><Value>1</Value></ItemIdentifier>"),
        ("<Report><ReportItems><ItemPerformance>", "<Instance><MetricType>x</MetricType><Count>1</Count></Instance>"),
        ("<!DOCTYPE a [", "<!ENTITY a 'b'>"),
        ("<?", "x"),
    ] {
        let reader = start.as_bytes().chain(Endless(piece.as_bytes(), 0, 0));
        let error = read(reader, &mut Lines::default()).unwrap_err();
        assert!(!matches!(error, FormatError::Io(_)), "{start}: {error}");
    }
}

#[test]
fn a_large_report_streams_and_an_item_may_be_large() {
    let many: String =
        (0..12).map(|m| performance(&format!("20{:02}-{:02}", m % 90 + 10, m % 12 + 1), "Requests", &instance("ft_total", 1))).collect();
    let items = item("A", &many.repeat(12_000));
    let text = report(&customer("C", &items));
    let mut lines = Lines::default();
    let reading = read(text.as_bytes(), &mut lines).unwrap();
    assert_eq!(reading.records, 144_000);
    // Too many for the first of several.
    let two = report(&(customer("C", &items.repeat(3)) + &customer("D", &one("A", 1))));
    assert!(refused(&two).contains("too many counts"));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[<>/&;!\\[\\]'\" =a-zA-Z0-9?-]{0,200}") {
        let _ = read_bytes(text.as_bytes());
        let _ = read_bytes(format!("<Report Name='JR1'>{text}").as_bytes());
    }

    #[test]
    fn no_change_of_a_byte_makes_it_panic(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let text = response("C1", &(customer("C1", &one("A", 7)) + &customer("C2", &one("B", 1))));
        let mut bytes = text.into_bytes();
        let at = place.index(bytes.len());
        bytes[at] = byte;
        let _ = read_bytes(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = read_bytes(&bytes);
    }

    #[test]
    fn every_count_arrives_however_the_bytes_come(
        counts in prop::collection::vec((0_u64..1000, 1_u32..=12, prop::sample::select(vec!["ft_total", "ft_pdf", "toc"])), 1..40),
        piece in 1_usize..50,
    ) {
        struct Pieces<'a>(&'a [u8], usize);
        impl Read for Pieces<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let size = self.0.len().min(into.len()).min(self.1);
                into[..size].copy_from_slice(&self.0[..size]);
                self.0 = &self.0[size..];
                Ok(size)
            }
        }
        let performances: String =
            counts.iter().map(|(count, month, metric)| performance(&format!("2018-{month:02}"), "Requests", &instance(metric, count))).collect();
        let text = response("C1", &customer("C1", &item("Å", &performances)));
        let mut lines = Lines::default();
        read(Pieces(text.as_bytes(), piece), &mut lines).unwrap();
        let mut expected: Vec<String> = counts
            .iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, month, metric)| format!("P Å [Journal] {metric} 2018-{month:02} {count}"))
            .collect();
        expected.sort_unstable();
        lines.0.sort_unstable();
        prop_assert_eq!(lines.0, expected);
    }
}
