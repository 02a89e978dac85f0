//! Events of an access control: what is counted, and that nothing else is read.

use proptest::prelude::*;
use rust_xlsxwriter::Workbook;

use super::*;
use crate::model::VendorId;
use crate::model::registry::{Institution, InstitutionKind, Product, Validity};

fn registry() -> Registry {
    let institution = |id: &str| Institution {
        id: InstitutionId::trusted(id),
        name: id.into(),
        kind: InstitutionKind::PublicLibrary,
        municipality: None,
        isil: String::new(),
        valid: Validity::default(),
    };
    let product = |id: &str| Product {
        id: ProductId::trusted(id),
        name: id.into(),
        vendor: VendorId::trusted("v"),
        kind: String::new(),
        headline: String::new(),
    };
    Registry {
        institutions: ["2010100", "k1103"].map(institution).to_vec(),
        products: ["avis", "film"].map(product).to_vec(),
        ..Registry::default()
    }
}

fn of(bytes: &[u8]) -> Events {
    let registry = registry();
    let rules = Rules { registry: &registry, zone: Tz::Europe__Oslo, this_month: "2025-01".parse().unwrap() };
    read("events.csv", bytes, &rules).unwrap()
}

#[track_caller]
fn sessions(text: &str) -> Vec<String> {
    let events = of(text.as_bytes());
    assert_eq!(events.problems, [], "{text}");
    events.sessions.iter().map(|((who, what, month), sum)| format!("{who} {what} {month} {sum}")).collect()
}

fn problems(text: &str) -> Vec<String> {
    of(text.as_bytes()).problems.iter().map(ToString::to_string).collect()
}

/// Gives a byte at a time.
struct Slow<'b>(&'b [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = into.len().min(self.0.len()).min(1);
        let (now, later) = self.0.split_at(size);
        into[..size].copy_from_slice(now);
        self.0 = later;
        Ok(size)
    }
}

#[test]
fn a_file_that_comes_byte_by_byte_is_known_for_what_it_is() {
    let registry = registry();
    let rules = Rules { registry: &registry, zone: Tz::Europe__Oslo, this_month: "2025-01".parse().unwrap() };
    for bytes in [
        &b"# note\n{\"time\":\"2024-01-05\",\"institution\":\"2010100\",\"product\":\"avis\"}\n"[..],
        b"time,institution,product\n2024-01-05,2010100,avis\n",
        b"PK\x03\x04 and no more",
    ] {
        let (whole, slow) = (read("file", bytes, &rules).unwrap(), read("file", Slow(bytes), &rules).unwrap());
        assert_eq!((&whole.sessions, &whole.problems, &whole.sha256), (&slow.sessions, &slow.problems, &slow.sha256));
    }
}

#[test]
fn events_are_added_up_by_institution_product_and_month() {
    let expected = ["2010100 avis 2024-01 3", "2010100 avis 2024-02 1", "k1103 film 2024-02 12"];
    for text in [
        "time,institution,product,sessions\n2024-01-05,2010100,avis,2\n2024-01-31T22:59:59Z,2010100,avis,\n\
         2024-01-31T23:00:00Z,2010100,avis,1\n2024-02-01 10:00:00,k1103,film,12\n2024-02-02,k1103,film,0\n",
        "\u{feff}# from the access control\r\nUser;Product;TIME;Institution\r\nOla;avis;2024-01-05;2010100\r\nOla;avis;2024-01-05T10:00;2010100\r\n\
         Kari;avis;2024-01-09;2010100\r\n;avis;2024-02-09;2010100\r\n",
        "{\"time\":\"2024-01-05\",\"institution\":2010100,\"product\":\"avis\",\"sessions\":3}\n\n\
         {\"user\":{\"name\":\"Ola\",\"cards\":[1,2,{\"a\":null}]},\"product\":\"avis\",\"institution\":\"2010100\",\"time\":\"2024-02-05T12:00:00+01:00\"}\n\
         {\"product\":\"fi\\u006cm\",\"institution\":\"k1103\",\"time\":\"2024-02-29\",\"sessions\":\"12\",\"ip\":\"198.51.100.7\"}\n",
    ] {
        let found = sessions(text);
        assert!(expected.starts_with(&found.iter().map(String::as_str).collect::<Vec<_>>()[..]) && found.len() >= 2, "{found:?}");
    }
    let events = of(b"time,institution,product\n2024-01-05,2010100,avis\n");
    assert_eq!(events.rows, 1);
    assert_eq!(events.sha256, hex::encode(Sha256::digest(b"time,institution,product\n2024-01-05,2010100,avis\n")));
}

#[test]
fn a_workbook_of_events_is_read_too() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in [["time", "institution", "product", "name"], ["2024-01-05", "k1103", "avis", "Ola Nordmann"]].iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            sheet.write_string(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), *cell).unwrap();
        }
    }
    let events = of(&workbook.save_to_buffer().unwrap());
    assert_eq!((events.problems, events.sessions.len(), events.rows), (vec![], 1, 1));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_column() {
    let header = "time,institution,product,sessions\n";
    for (row, expected) in [
        ("yesterday,2010100,avis,1", "events.csv:2: time: is not a time"),
        (",2010100,avis,1", "events.csv:2: time: is empty"),
        ("2025-02-01,2010100,avis,1", "events.csv:2: time: is in 2025-02, which has not come yet"),
        ("1924-02-01,2010100,avis,1", "events.csv:2: time: is in 1924-02, which cannot be"),
        ("2024-01-01,2010101,avis,1", "events.csv:2: institution: is not an institution that is registered (did you mean '2010100'?)"),
        ("2024-01-01,2010100,avi,1", "events.csv:2: product: is not a product that is registered (did you mean 'avis'?)"),
        ("2024-01-01,,avis,1", "events.csv:2: institution: is empty"),
        ("2024-01-01,2010100,avis,-1", "events.csv:2: sessions: is not a whole number"),
        ("2024-01-01,2010100,avis,9223372036854775807\n2024-01-01,2010100,avis,1", "events.csv:3: sessions: makes the sum"),
        ("2024-01-01,2010100,avis,1,2", "events.csv:2: has 5 cells where the header has 4"),
        ("2024-01-01,2010100", "events.csv:2: has 2 cells where the header has 4"),
        ("2024-01-01,\"2010100,avis,1", "events.csv:2: has a quote (\") that is not closed"),
    ] {
        let found = problems(&format!("{header}{row}\n"));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{row}: {found:?}");
    }
    for (text, expected) in [
        ("", "events.csv: is empty"),
        ("2024-01-01,2010100,avis\n", "events.csv:1: does not name the columns"),
        ("time,institution\n", "events.csv:1: product: is missing from the header"),
        ("time,institution,product,Time\n", "events.csv:1: time: stands in the header twice"),
        ("[{\"time\":1}]", "events.csv: is one JSON list"),
        ("{\"time\":\"2024-01-01\",\"product\":\"avis\"}", "events.csv:1: institution: is empty"),
        ("{\"time\":\"2024-01-01\"", "events.csv:1: is broken JSON at character 20"),
        ("{\"time\":\"2024-01-01\",\"time\":\"2024-01-01\"}", "events.csv:1: is not an event"),
        ("{\"time\":[\"2024-01-01\"]}", "events.csv:1: is not an event"),
        ("{\"time\":\"2024-01-01\"} {}", "events.csv:1: is broken JSON"),
    ] {
        let found = problems(text);
        assert!(!found.is_empty() && found[0].starts_with(expected), "{text}: {found:?}");
    }
    let many = problems(&format!("{header}{}", "x,y,z,1\n".repeat(5000)));
    assert!(many.len() < 1010 && many.last().unwrap().contains("what follows was not read"), "{}", many.len());
}

/// What must never be seen again.
const PERSONAL: [&str; 5] = ["Nordmann", "Storgata", "N00123456", "198.51.100.77", "ola@example.org"];

#[test]
fn nothing_personal_is_repeated_whatever_is_wrong() {
    let person = PERSONAL.join(",");
    let quoted = PERSONAL.join("\\\",\\\"");
    for text in [
        format!("time,institution,product,name,street,card,ip,mail\nx,y,z,{person}\n2024-01-01,2010100,avis,{person},more\n"),
        format!("time,institution,product\n{person}\n{},{},{}\n", PERSONAL[0], PERSONAL[2], PERSONAL[3]),
        format!("time,institution,product,sessions\n2024-01-01,2010100,avis,{}\n\"{person}\n", PERSONAL[2]),
        format!("time,institution,product\n2024-01-01,\"k1103\" {person},avis\n"),
        format!("{person}\n"),
        format!(
            "{{\"time\":\"{0}\",\"institution\":\"{0}\",\"product\":\"{0}\",\"{0}\":1}}\n{{\"time\":{{\"{0}\":1}}}}\n{{\"{0}\n",
            PERSONAL[0]
        ),
        format!("{{\"sessions\":\"{}\",\"time\":false}}\n{{\"time\":1.5,\"institution\":\"{quoted}\"}} {quoted}\n", PERSONAL[2]),
        format!("[\"{quoted}\"]"),
    ] {
        let events = of(text.as_bytes());
        let told = format!("{:?} {:?}", events.problems, events.sessions);
        assert!(!events.problems.is_empty(), "{text}");
        for word in PERSONAL {
            assert!(!told.contains(word), "{text}: {told}");
        }
    }
    let text = format!("time,institution,product,name,street,card,ip,mail\n2024-01-01,2010100,avis,{person}\n");
    assert_eq!(sessions(&text), ["2010100 avis 2024-01 1"]);
    // What is dropped need not even be text.
    let events = of(b"time,institution,product,name\n2024-01-01,2010100,avis,Troms\xf8\n");
    assert_eq!((events.problems, events.sessions.len()), (vec![], 1));
}

proptest! {
    #[test]
    fn sums_do_not_depend_on_the_order_nor_on_the_form(events in prop::collection::vec((1_u32..13, 0_usize..2, 0_usize..2, 0_u64..1000), 1..40)) {
        let parts = |(month, who, what, count): &(u32, usize, usize, u64)| (format!("2024-{month:02}-15T12:00:00Z"), ["2010100", "k1103"][*who], ["avis", "film"][*what], *count);
        let mut table = "time,institution,product,sessions\n".to_owned();
        let mut json = String::new();
        for event in events.iter().rev() {
            let (time, who, what, count) = parts(event);
            table += &format!("{time},{who},{what},{count}\n");
        }
        for event in &events {
            let (time, who, what, count) = parts(event);
            json += &format!("{{\"sessions\":{count},\"product\":\"{what}\",\"name\":\"Ola\",\"institution\":\"{who}\",\"time\":\"{time}\"}}\n");
        }
        let (table, json) = (of(table.as_bytes()), of(json.as_bytes()));
        prop_assert_eq!(&table.sessions, &json.sessions);
        prop_assert_eq!(table.sessions.values().sum::<u64>(), events.iter().map(|event| event.3).sum::<u64>());
    }

    #[test]
    fn no_bytes_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        pieces in prop::collection::vec(prop::sample::select(&["time", "institution", "product", "2024-01-01", "2010100", ",", ";", "\n", "\"", "{", "}", ":", "5", "æ", "\r"][..]), 0..60),
    ) {
        let _ = of(&bytes);
        let text = pieces.concat();
        for text in [text.clone(), format!("time,institution,product\n{text}"), format!("{{\"time\":{text}")] {
            let _ = of(text.as_bytes());
        }
    }
}
