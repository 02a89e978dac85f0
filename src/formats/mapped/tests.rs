//! Payloads of every form, read as a mapping says.

use std::fs;
use std::sync::Arc;

use proptest::prelude::*;

use super::frames::{Frames, PageHead, head, page};
use super::{look, read, watch};
use crate::config;
use crate::formats::{FormatError, Reading, RecordSink, Stopped};
use crate::model::manifest::{Mapping, Requests};
use crate::model::{MonthRange, Scope, UsageRecord};

/// A source with these sections.
fn source(sections: &str) -> (Arc<Requests>, Arc<Mapping>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    fs::write(&file, sections).unwrap();
    let (source, _) = config::load_manifest(&file, Some("https://example.org")).unwrap_or_else(|error| panic!("{error}\n{sections}"));
    (source.requests.unwrap(), source.mapping.unwrap())
}

fn mapping(sections: &str) -> Arc<Mapping> {
    source(&format!("[request.query]\nm = \"{{month}}\"\n{sections}")).1
}

/// Records as lines: month, title, metric, count, scope.
#[derive(Default)]
struct Lines(Vec<String>);

impl RecordSink for Lines {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        let scope = Scope::of(record.member, record.addresses);
        self.0.push(format!("{} {} {} {} {scope}", record.month, record.item.title, record.metric, record.count));
        Ok(())
    }
}

fn all(mapping: &Mapping, payload: &[u8]) -> Result<(Reading, Vec<String>), FormatError> {
    let mut lines = Lines::default();
    let reading = read(payload, mapping, &mut lines)?;
    Ok((reading, lines.0))
}

#[track_caller]
fn lines(mapping: &Mapping, payload: &str) -> Vec<String> {
    all(mapping, payload.as_bytes()).unwrap_or_else(|error| panic!("{error}")).1
}

#[track_caller]
fn refused(mapping: &Mapping, payload: &str) -> String {
    all(mapping, payload.as_bytes()).expect_err("is refused").to_string()
}

const METRICS: &str = "[[metric]]\nname = \"Total_Item_Requests\"\nfrom = \"views\"\n";

#[test]
fn json_is_read_along_its_path() {
    let mapping = mapping(&format!(
        "[rows]\nformat = \"json\"\npath = \"data.months[*].items[*]\"\n[fields]\nmonth = \"^.month\"\ntitle = \"name.nb\"\n{METRICS}"
    ));
    let expected =
        ["2024-01 A Total_Item_Requests 3 account", "2024-01 B Total_Item_Requests 4 account", "2024-02 A Total_Item_Requests 5 account"];
    let payload = r#"{"x":[{"y":1}],"data":{"months":[
        {"month":"2024-01","items":[{"name":{"nb":"A"},"views":3,"extra":{}},{"name":{"nb":"B"},"views":"4"},{"name":{"nb":"C"},"views":0}]},
        {"items":[{"name":{"nb":"A"},"views":5.0}],"month":"2024-02"}]},"z":null}"#;
    assert_eq!(lines(&mapping, payload), expected);
    assert_eq!(lines(&mapping, &format!("\u{feff}\n{payload}")), expected);
    assert!(lines(&mapping, r#"{"data":{"months":[]}}"#).is_empty());
    assert!(lines(&mapping, r#"{"data":{"months":null}}"#).is_empty());
}

#[test]
fn json_that_is_something_else_is_refused() {
    let mapping = mapping(&format!("[rows]\nformat = \"json\"\npath = \"items[*]\"\n[fields]\nmonth = \"m\"\n{METRICS}"));
    for (payload, expected) in [
        ("<html>", "not JSON: it begins with: <html>"),
        ("", "(nothing)"),
        (r#"{"error":"no"}"#, "no rows where the path of rows leads"),
        (r#"{"items":{"m":1}}"#, "month: is empty or missing"),
        (r#"{"items":"none"}"#, "there is a text where the path of rows wants a list of rows"),
        (r#"[{"items":[]}]"#, "there is a list where the path of rows wants an object with 'items' in it"),
        (r#"{"items":[{"m":"2024-01","views":1}"#, "ends in the middle"),
        (r#"{"items":[{"m":"2024-01","views":1}]} x"#, "broken JSON"),
        (r#"{"items":[{"m":"2024-01","views":1},{"m":"2024-01","views":-1}]}"#, "row 2: Total_Item_Requests: is negative"),
        (r#"{"items":[{"m":"2024-01","views":1},{"m":"secret","views":1}]}"#, "row 2: month: is not written as"),
        (r#"{"items":[{"m":"2024-01","view":1}]}"#, "none of the 1 rows has 'views'"),
    ] {
        let what = refused(&mapping, payload);
        assert!(what.contains(expected) && !what.contains("secret"), "{payload}: {what}");
    }
    assert!(refused(&mapping, &format!("{{\"items\":[{}", "[".repeat(300))).contains("recursion limit"), "no depth without end");
}

#[test]
fn a_row_without_end_is_refused_and_what_lies_beside_the_rows_is_not() {
    let mapping = mapping(&format!("[rows]\nformat = \"json\"\npath = \"items[*]\"\n[fields]\nmonth = \"m\"\n{METRICS}"));
    let long = "x".repeat(2 << 20);
    assert!(refused(&mapping, &format!(r#"{{"items":[{{"m":"{long}"#)).contains("row 1: goes on for more than 1 MiB"));
    let beside = format!(r#"{{"a":[{}1],"items":[{{"m":"2024-01","views":1}}]}}"#, "\"xxxxxxxxxxxxxxxx\",".repeat(1 << 20));
    assert_eq!(lines(&mapping, &beside).len(), 1);
}

#[test]
fn fields_may_be_queries_constants_and_mapped() {
    let mapping = mapping(
        r#"
        [rows]
        format = "json_lines"
        [fields]
        month = "day"
        title = { value = "Always" }
        isbn = "$.ids[?@.type=='isbn'].value"
        data_type = { from = "kind", map = { ebook = "Book", audio = "Sound" }, otherwise = "Other", empty = "Unspecified" }
        metric = { from = "event", map = { view = "Total_Item_Investigations", loan = "Total_Item_Requests" } }
        count = "n"
        [[keep]]
        from = "status"
        is_not = ["test", ""]
        "#,
    );
    let rows = [
        r#"{"day":"2024-01-02T10:00:00Z","ids":[{"type":"ean","value":"1"},{"type":"isbn","value":"978-0-306-40615-7"}],"kind":"ebook","event":"loan","n":2,"status":"ok"}"#,
        r#"{"day":"2024-01-31","kind":"film","event":"view","n":3,"status":"ok"}"#,
        "",
        r#"{"day":"x","status":"test"}"#,
        r#"{"day":"2024-02-01","event":"view","n":1,"status":"ok"}"#,
    ];
    struct Kinds(Vec<String>);
    impl RecordSink for Kinds {
        fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
            let id = record.item.ids.first().map_or("", |id| &id.value);
            self.0.push(format!("{} {} {} {id}", record.month, record.data_type, record.item.title));
            Ok(())
        }
    }
    let mut kinds = Kinds(Vec::new());
    let reading = read(rows.join("\n").as_bytes(), &mapping, &mut kinds).unwrap();
    assert_eq!(kinds.0, ["2024-01 Book Always 9780306406157", "2024-01 Other Always ", "2024-02 Unspecified Always "]);
    assert_eq!((reading.records, reading.header.report.unwrap().as_str()), (3, "PR"));
    assert!(refused(&mapping, r#"{"day":"2024-01-02","event":"a b","n":1,"status":"ok"}"#).contains("line 1: metric: is not a metric"));
}

#[test]
fn institutions_and_addresses_are_scopes() {
    let mapping = mapping(&format!(
        "[rows]\nformat = \"csv\"\nreport = \"TR\"\n[fields]\nmonth = \"måned\"\ntitle = \"tittel\"\naddress = \"ip\"\n[fields.institution]\nid = \"kunde\"\nname = \"bibliotek\"\n{METRICS}"
    ));
    let found = lines(
        &mapping,
        "Måned;Tittel;IP;Kunde;Bibliotek;views\n2024-01;#1;192.0.2.7;;;1\n2024-01;\"B;C\";;7;Halden;2\n2024-01;D;192.0.2.0/24;;;\n",
    );
    assert_eq!(
        found,
        [
            "2024-01 #1 Total_Item_Requests 1 addresses 192.0.2.7",
            "2024-01 B;C Total_Item_Requests 2 member customer_id=\"7\" name=\"Halden\""
        ]
    );
    let wrong = refused(&mapping, "måned;tittel;ip;kunde;bibliotek;views\n2024-01;192.0.2.7;A;;;1\n");
    assert!(wrong.contains("line 2: title: holds an address") && !wrong.contains("192"), "{wrong}");
    let wrong = refused(&mapping, "måned;tittel;ip;kunde;bibliotek;views\n2024-01;A;203.0.113.999;;;1\n");
    assert!(wrong.contains("line 2: address:") && !wrong.contains("203"), "{wrong}");
    assert!(
        refused(&mapping, "måned;tittel;ip;kunde;views\n").contains("has no column 'bibliotek'; it has: måned, tittel, ip, kunde, views")
    );
    assert!(refused(&mapping, "måned;tittel;ip;kunde;bibliotek;views\n2024-01;A\n").contains("line 2: has 2 cells where the header has 6"));
    assert!(refused(&mapping, "<html>\n<b>no</b>").contains("has no column"));
    assert!(refused(&mapping, "").contains("it is empty"));
}

#[test]
fn tables_come_in_many_letters_and_shapes() {
    let fields = "[fields]\nyear = \"År\"\nmonth = \"Måned\"\ntitle = \"#3\"\n[[metric]]\nname = \"Total_Item_Requests\"\nfrom = \"Antall\"\n[[keep]]\nfrom = \"Måned\"\nis_not = \"Sum\"\n";
    let text = "Statistikk for Halden\r\n\r\nÅr;Måned;Tittel;Antall\r\n2024;mars;Blåbær;1.234,00\r\n2024;4;Øl;2\r\n2024;Sum\r\n";
    let expected = ["2024-03 Blåbær Total_Item_Requests 1234 account", "2024-04 Øl Total_Item_Requests 2 account"];
    let rows = |encoding: &str| {
        mapping(&format!("[rows]\nformat = \"csv\"\nencoding = \"{encoding}\"\nskip = 2\ndecimal = \",\"\nthousands = \".\"\n{fields}"))
    };
    let found = |mapping: &Mapping, bytes: &[u8]| all(mapping, bytes).unwrap_or_else(|error| panic!("{error}")).1;
    assert_eq!(found(&rows("utf-8"), text.as_bytes()), expected);
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(text);
    assert_eq!(found(&rows("windows-1252"), &latin), expected);
    let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(found(&rows("utf-16"), &wide), expected);
    let what = all(&rows("utf-8"), &latin).unwrap_err().to_string();
    assert!(what.contains("windows-1252"), "{what}");
    let tabs = mapping(&format!(
        "[rows]\nformat = \"tsv\"\nheader = false\n[fields]\nmonth = \"#1\"\ntitle = \"#2\"\n{}",
        METRICS.replace("views", "#4")
    ));
    assert_eq!(lines(&tabs, "2024-01\tA, B\t\t5\n"), ["2024-01 A, B Total_Item_Requests 5 account"]);
}

#[test]
fn xml_is_read_along_its_path() {
    let mapping = mapping(
        r#"
        [rows]
        format = "xml"
        path = "Report/Month/Loan"
        [fields]
        month = "^/@month"
        title = "Title"
        isbn = "Id[@type='isbn']"
        institution = { id = "Lender/@id" }
        [[metric]]
        name = "Total_Item_Requests"
        from = "@count"
        [[metric]]
        name = "Lent_To_Others"
        from = "@count"
        institution = { id = "Owner/@id" }
        [[metric.keep]]
        from = "Own"
        is = "no"
        "#,
    );
    let payload = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><v:Report xmlns:v='x'><!-- c --><Head><a/></Head><Month month='2024-01'>\
        <Loan count='2'><Title>Ibsen &amp; &#229;</Title><Id type='ean'>1</Id><Id type='isbn'>2</Id><Lender id='L'/><Owner id='O'/><Own>no</Own></Loan>\
        <Loan count='1'><Title><![CDATA[B]]></Title><Lender id='L'/><Owner id='L'/><Own>yes</Own></Loan></Month><Month month='2024-02'/></v:Report>";
    assert_eq!(
        lines(&mapping, payload),
        [
            "2024-01 Ibsen & å Total_Item_Requests 2 member customer_id=\"L\"",
            "2024-01 Ibsen & å Lent_To_Others 2 member customer_id=\"O\"",
            "2024-01 B Total_Item_Requests 1 member customer_id=\"L\"",
        ]
    );
    for (payload, expected) in [
        ("<Error>no</Error>", "it is <Error> where the path of rows begins with <Report>"),
        ("<Report></Report>", "no rows where the path"),
        ("<Report><Month month='2024-01'><Loan count='1'>", "ends in the middle"),
        ("<!DOCTYPE r [<!ENTITY a 'b'>]><Report/>", "DOCTYPE"),
        ("<Report><Month month='2024-01'><Loan count='1'><Title>&a;</Title></Loan></Month></Report>", "entity"),
        ("{}", "it is not XML"),
        ("<Report><Month month='2024-01'><Loan count='x'/></Month></Report>", "row 1: Total_Item_Requests: is not a whole number"),
    ] {
        let what = refused(&mapping, payload);
        assert!(what.contains(expected), "{payload}: {what}");
    }
    let endless = format!("<Report><Month month='2024-01'><Loan><Title>{}", "x".repeat(2 << 20));
    assert!(refused(&mapping, &endless).contains("row 1: goes on for more than 1 MiB"));
    let beside = format!("<Report><Big>{}</Big><Month month='2024-01'/></Report>", "<a>xxxxxxxxxxxx</a>".repeat(1 << 16));
    assert!(lines(&mapping, &beside).is_empty());
}

#[test]
fn workbooks_are_read_by_their_columns() {
    let mapping = mapping(
        "[rows]\nformat = \"xlsx\"\nsheet = \"Bruk\"\nskip = 1\n[fields]\nmonth = \"Dato\"\ntitle = \"Tittel\"\n[[metric]]\nname = \"Total_Item_Requests\"\nfrom = \"Antall\"\n",
    );
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().write(0, 0, "another").unwrap();
    let sheet = book.add_worksheet().set_name("Bruk").unwrap();
    sheet.write(0, 0, "a title").unwrap();
    for (column, name) in ["Tittel", "Dato", "Antall"].into_iter().enumerate() {
        sheet.write(2, u16::try_from(column).unwrap(), name).unwrap();
    }
    let date = rust_xlsxwriter::Format::new().set_num_format("dd.mm.yyyy");
    for (row, (title, day, count)) in [("A", 5, 12.0), ("B", 6, 3.0)].into_iter().enumerate() {
        let row = u32::try_from(row).unwrap() + 4;
        sheet.write(row, 0, title).unwrap();
        let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2024, 3, day).unwrap();
        sheet.write_with_format(row, 1, &day, &date).unwrap();
        sheet.write(row, 2, count).unwrap();
    }
    let bytes = book.save_to_buffer().unwrap();
    let expected = ["2024-03 A Total_Item_Requests 12 account", "2024-03 B Total_Item_Requests 3 account"];
    assert_eq!(all(&mapping, &bytes).unwrap().1, expected);
    for broken in [&bytes[..bytes.len() / 2], b"PK\x03\x04", b"<html>"] {
        assert!(all(&mapping, broken).is_err());
    }
    let other = self::mapping(
        "[rows]\nformat = \"xlsx\"\nsheet = \"Annet\"\n[fields]\nmonth = \"Dato\"\n[[metric]]\nname = \"M\"\nfrom = \"Antall\"\n",
    );
    assert!(all(&other, &bytes).unwrap_err().to_string().contains("has no sheet 'Annet'; its sheets: 'Sheet1', 'Bruk'"));
}

fn framed(months: (&str, &str), pages: &[(u16, &str)]) -> Vec<u8> {
    let mut out = head(MonthRange::new(months.0.parse().unwrap(), months.1.parse().unwrap()));
    for (number, (status, body)) in pages.iter().enumerate() {
        let head = PageHead {
            page: number as u64 + 1,
            status: *status,
            url: "https://x".into(),
            content_type: String::new(),
            bytes: body.len() as u64,
        };
        out.extend(page(&head));
        out.extend(body.as_bytes());
        out.push(b'\n');
    }
    out
}

#[test]
fn pages_in_frames_are_one_reply() {
    let mapping = mapping("[rows]\nformat = \"csv\"\n[fields]\ntitle = \"t\"\n[[metric]]\nname = \"Total_Item_Requests\"\nfrom = \"n\"\n");
    let two = framed(("2024-05", "2024-05"), &[(200, "t,n\nA,1\n"), (200, "t,n\nB,2")]);
    let expected = ["2024-05 A Total_Item_Requests 1 account", "2024-05 B Total_Item_Requests 2 account"];
    assert_eq!(all(&mapping, &two).unwrap().1, expected);
    let what = |bytes: &[u8]| all(&mapping, bytes).unwrap_err().to_string();
    assert!(
        what(&framed(("2024-05", "2024-05"), &[(200, "t,n\nA,1\n"), (200, "t,n\nB,x\n")])).contains("page 2, line 2: Total_Item_Requests")
    );
    assert!(what(&framed(("2024-05", "2024-05"), &[(200, "t,n\nA,1\n"), (503, "no")])).contains("page 2 was answered with status 503"));
    assert!(what(&framed(("2024-05", "2024-06"), &[(200, "t,n\nA,1\n")])).contains("do not say which month"));
    assert!(what(b"t,n\nA,1\n").contains("do not say which month"));
    for cut in 16..two.len() {
        let read = all(&mapping, &two[..cut]);
        assert!(read.is_err() || read.is_ok_and(|(_, lines)| lines.len() < 2 || lines == expected), "cut at {cut}");
    }
}

#[test]
fn a_page_tells_what_paging_needs() {
    let (requests, mapping) = source(
        "[request.query]\nm = \"{month}\"\nc = \"{cursor}\"\n[pages]\nkind = \"cursor\"\ncursor = \"data.meta.next\"\nmore = \"data.more\"\n\
         [rows]\nformat = \"json\"\npath = \"data.items[*]\"\n[fields]\nmonth = \"m\"\n[[metric]]\nname = \"M\"\nfrom = \"n\"\n",
    );
    let pages = requests.pages.as_ref().unwrap();
    let seen = look(&br#"{"data":{"items":[{"a":1},{"b":2}],"more":true,"meta":{"next":"abc"}}}"#[..], &mapping, &pages.places()).unwrap();
    assert_eq!((seen.rows, seen.found), (2, vec![Some("abc".into()), Some("true".into())]));
    let (requests, mapping) = source(
        "[request.query]\nm = \"{month}\"\np = \"{page}\"\n[pages]\nkind = \"page\"\npage_count = \"Report/@pages\"\nmore = \"Report/Meta/More\"\n\
         [rows]\nformat = \"xml\"\npath = \"Report/Items/Item\"\n[fields]\nmonth = \"@m\"\n[[metric]]\nname = \"M\"\nfrom = \"@n\"\n",
    );
    let pages = requests.pages.as_ref().unwrap();
    let payload = b"<Report pages='7'><Meta><More>false</More></Meta><Items><Item/></Items></Report>";
    let seen = look(&payload[..], &mapping, &pages.places()).unwrap();
    assert_eq!((seen.rows, seen.found), (1, vec![Some("7".into()), Some("false".into())]));
}

#[test]
fn a_watched_payload_tells_of_every_row() {
    let mapping = mapping(&format!(
        "[rows]\nformat = \"json\"\npath = \"[*]\"\n[fields]\nmonth = \"m\"\ntitle = \"t\"\naddress = \"ip\"\n{METRICS}[[keep]]\nfrom = \"t\"\nis_not = \"Sum\"\n"
    ));
    let payload = r#"[{"m":"2024-01","t":"A","ip":"192.0.2.7","views":1,"who":"kari"},{"m":"x","t":"B","views":1},{"t":"Sum"},{"m":"2024-01","t":"C","views":4}]"#;
    let (reading, seen) = watch(payload.as_bytes(), &mapping, 2).unwrap();
    assert_eq!((seen.rows, seen.left_out, seen.wrong, seen.records, reading.records), (4, 1, 1, 2, 2));
    assert!(seen.first[0].addresses && seen.first[0].wrong.is_none());
    assert!(seen.first[1].wrong.as_deref().unwrap().starts_with("month: is not written"));
    assert_eq!(seen.sums.values().copied().collect::<Vec<_>>(), [5]);
    assert_eq!(seen.unread.iter().map(String::as_str).collect::<Vec<_>>(), ["who"]);
    assert!(!format!("{seen:?}").contains("192.0.2"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_comes_makes_a_reader_fall_over(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "[a-z0-9{}\\[\\]\":,<>/=' \n.-]{0,120}",
    ) {
        for sections in [
            "[rows]\nformat = \"json\"\npath = \"a[*].b[*]\"\n[fields]\nmonth = \"^.m\"\n[[metric]]\nname = \"M\"\nfrom = \"n\"\n",
            "[rows]\nformat = \"json_lines\"\n[fields]\nmonth = \"m\"\n[[metric]]\nname = \"M\"\nfrom = \"n\"\n",
            "[rows]\nformat = \"csv\"\nencoding = \"utf-16\"\n[fields]\nmonth = \"#1\"\n[[metric]]\nname = \"M\"\nfrom = \"#2\"\n",
            "[rows]\nformat = \"xlsx\"\n[fields]\nmonth = \"m\"\n[[metric]]\nname = \"M\"\nfrom = \"n\"\n",
            "[rows]\nformat = \"xml\"\npath = \"a/b\"\n[fields]\nmonth = \"^/@m\"\n[[metric]]\nname = \"M\"\nfrom = \"n\"\n",
        ] {
            let mapping = mapping(sections);
            for bytes in [&bytes[..], text.as_bytes(), format!("<a m='2024-01'><b><n>1</n></b>{text}</a>").as_bytes(), format!("{{\"a\":[{{\"m\":\"2024-01\",\"b\":[{text}]}}]}}").as_bytes()] {
                let _ = all(&mapping, bytes);
                let _ = watch(bytes, &mapping, 3);
                let _ = all(&mapping, &[b"avling-reply/1\n", bytes].concat());
                if let Ok(mut frames) = Frames::open(bytes) {
                    let _ = frames.next_page();
                }
            }
        }
    }

    #[test]
    fn the_same_use_is_read_from_every_form(
        rows in prop::collection::vec((1_u32..13, "[A-ZÆØÅ][a-zæøå ,;<&\"']{0,12}", 0_u64..1_000_000), 0..20),
    ) {
        let trimmed = |title: &str| title.trim().to_owned();
        let expected: Vec<String> = rows.iter().filter(|(_, _, count)| *count > 0)
            .map(|(month, title, count)| format!("2024-{month:02} {} Total_Item_Requests {count} account", trimmed(title))).collect();
        let fields = "[fields]\nmonth = \"m\"\ntitle = \"t\"\n[[metric]]\nname = \"Total_Item_Requests\"\nfrom = \"n\"\n";
        let json: Vec<serde_json::Value> = rows.iter().map(|(m, t, n)| serde_json::json!({"m": format!("2024-{m:02}"), "t": t, "n": n})).collect();
        let document = serde_json::json!({ "rows": json }).to_string();
        let in_lines: String = json.iter().map(|row| format!("{row}\n")).collect();
        let mut csv = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
        csv.write_record(["m", "t", "n"]).unwrap();
        for (m, t, n) in &rows {
            csv.write_record([format!("2024-{m:02}"), t.clone(), n.to_string()]).unwrap();
        }
        let csv = String::from_utf8(csv.into_inner().unwrap()).unwrap();
        let escaped = |text: &str| quick_xml::escape::escape(text).into_owned();
        let xml: String = rows.iter().map(|(m, t, n)| format!("<r><m>2024-{m:02}</m><t>{}</t><n>{n}</n></r>", escaped(t))).collect();
        for (section, payload) in [
            ("format = \"json\"\npath = \"rows[*]\"", document),
            ("format = \"json_lines\"", in_lines),
            ("format = \"csv\"", csv),
            ("format = \"xml\"\npath = \"d/r\"", format!("<d>{xml}</d>")),
        ] {
            let mapping = mapping(&format!("[rows]\n{section}\n{fields}"));
            prop_assert_eq!(&lines(&mapping, &payload), &expected, "{}", section);
        }
    }
}
