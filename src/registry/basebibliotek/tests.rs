//! The register's samples, own fixtures, and whatever else a file may be.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::registry::InstitutionKind;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 6, 10).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn fixture(name: &str) -> String {
    fs::read_to_string(format!("{}/fixtures/basebibliotek/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn of(text: &str) -> Register {
    read(text.as_bytes(), today()).unwrap()
}

/// One of the register's own files; nothing if they are not there.
fn sample(name: &str) -> Option<Register> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/norway/basebibliotek"));
    if !folder.exists() {
        crate::skipped_tests::skip(&format!("{} is not there", folder.display()));
        return None;
    }
    Some(of(&fs::read_to_string(folder.join(name)).unwrap()))
}

/// Id, name, kind, municipality, ISIL and end.
type Told<'a> = (&'a str, &'a str, InstitutionKind, &'a str, &'a str, Option<NaiveDate>);

fn told(register: &Register) -> Vec<Told<'_>> {
    register
        .institutions
        .iter()
        .map(|(_, i)| (i.id.as_str(), &*i.name, i.kind, i.municipality.as_ref().map_or("", |m| m.as_str()), &*i.isil, i.valid.to))
        .collect()
}

fn reasons(remarks: &[Remark]) -> Vec<String> {
    remarks.iter().map(ToString::to_string).collect()
}

/// Line, column and what is wrong.
fn failure(bytes: &[u8]) -> (usize, usize, String) {
    match read(bytes, today()) {
        Err(RegisterError::Broken { line, column, what }) => (line, column, what),
        other => panic!("{other:?}"),
    }
}

fn wrapped(records: &str) -> String {
    format!("<BaseBibliotek xmlns=\"http://nb.no/BaseBibliotek\">{records}</BaseBibliotek>")
}

use InstitutionKind::{CountyLibrary, OtherBody, OtherLibrary, PublicLibrary, SchoolLibrary};

#[test]
fn a_public_library_of_the_register_is_read() {
    let Some(register) = sample("bb_2062200.xml") else { return };
    let krodsherad = ("2062200", "Midt-Buskerud bibliotek Krødsherad", PublicLibrary, "3046", "NO-2062200", None);
    assert_eq!(told(&register), [krodsherad]);
    assert_eq!(register.institutions[0].0, 3);
    assert_eq!((register.skipped, register.notes), (vec![], vec![]));
}

#[test]
fn the_national_library_is_read_with_its_part_and_is_in_oslo() {
    let Some(register) = sample("bb_0030100.xml") else { return };
    let name = "Nasjonalbiblioteket, Seksjon Publikumstjenesten, Veiledningen";
    assert_eq!(told(&register), [("0030100", name, OtherLibrary, "0301", "NO-0030100", None)]);
    assert_eq!(reasons(&register.notes), [format!("line 3: rid 1, 0030100, {name} is in district 0305 of Oslo, municipality 0301")]);
}

#[test]
fn an_export_with_a_record_that_has_no_number_is_read_but_for_that_record() {
    let Some(register) = sample("basebibliotek_redacted_incremental_1.xml") else { return };
    let ids: Vec<&str> = register.institutions.iter().map(|(_, i)| i.id.as_str()).collect();
    assert_eq!(ids, ["0030100", "0030101"]);
    let why = "rid 17, NO-1010601, Høgskolen i Østfold, Biblioteket - Fredrikstad has no number (bibnr)";
    assert_eq!(reasons(&register.skipped), [format!("line {}: {why}", register.skipped[0].line)]);
}

#[test]
fn a_library_abroad_is_left_out_and_said() {
    let Some(register) = sample("basebibliotek_redacted_incremental_2.xml") else { return };
    let ids: Vec<&str> = register.institutions.iter().map(|(_, i)| i.id.as_str()).collect();
    assert_eq!(ids, ["0030101", "0030103", "0030100"]);
    assert_eq!(register.skipped.len(), 1, "{:?}", register.skipped);
    assert!(register.skipped[0].to_string().ends_with("7049304, Fachhochschule Hannover, Bibliothek is a library abroad (bibltype UTL)"));
    let Some(abroad) = sample("basebibliotek_redacted_incremental_3.xml") else { return };
    assert_eq!((abroad.institutions.len(), abroad.skipped.len()), (0, 1));
}

#[test]
fn each_kind_of_the_register_becomes_a_kind_of_institution() {
    let register = of(&fixture("kinds.xml"));
    assert_eq!(
        told(&register),
        [
            ("2010100", "Halden bibliotek", PublicLibrary, "3101", "NO-2010100", None),
            ("9990001", "Oppdiktet videregående skole, Biblioteket & læringssenteret", SchoolLibrary, "3101", "NO-9990001", None),
            ("9990002", "Oppdiktet fylkesbibliotek", CountyLibrary, "3101", "NO-9990002", None),
            ("9990003", "Oppdiktet filial", OtherLibrary, "3101", "NO-9990003", None),
            ("9990004", "Oppdiktet etat", OtherBody, "0301", "NO-9990004", None),
            ("9990005", "Oppdiktet <nytt> slag", OtherLibrary, "3101", "NO-9990005", None),
        ]
    );
    assert_eq!(register.institutions.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 10, 17, 23, 29, 35]);
    assert_eq!(register.notes.len(), 2);
    assert!(register.notes[1].why.contains("unknown bibltype 'NYTT'"));
    assert!(register.skipped.is_empty());
}

#[test]
fn a_library_closed_for_good_ends_and_one_closed_for_a_while_does_not() {
    let register = of(&fixture("closed.xml"));
    let ends: Vec<_> = register.institutions.iter().map(|(_, i)| i.valid.to).collect();
    // The day of its last change; the day it says; the day of the export; none.
    assert_eq!(ends, [Some(day("2022-03-04")), Some(day("2021-07-01")), Some(day("2024-06-03")), None]);
    assert_eq!(register.notes.len(), 4);
    assert!(register.notes[3].why.contains("closed for a while"));
}

#[test]
fn the_end_of_a_closed_library_is_the_same_whenever_the_file_is_read() {
    let text = fixture("closed.xml");
    let later = read(text.as_bytes(), today() + chrono::Days::new(100)).unwrap();
    assert_eq!(told(&later), told(&of(&text)));
}

#[test]
fn a_closed_library_without_any_day_ends_today_and_never_later() {
    let record = |tstamp: &str| {
        let fields = "<bibnr>9990001</bibnr><bibltype>FBI</bibltype><kommnr>3101</kommnr><inst>A</inst><stengt>X</stengt>";
        of(&wrapped(&format!("<record{tstamp}>{fields}</record>"))).institutions[0].1.valid.to
    };
    assert_eq!(record(""), Some(today()));
    assert_eq!(record(" tstamp=\"2999-01-01 00:00:00\""), Some(today()));
    assert_eq!(record(" tstamp=\"soon\""), Some(today()));
}

#[test]
fn records_that_lack_what_matters_are_skipped_one_by_one_with_the_reason() {
    let register = of(&fixture("incomplete.xml"));
    assert_eq!(
        reasons(&register.skipped),
        [
            "line 3: rid 1, NO-9990021, Oppdiktet uten nummer has no number (bibnr)",
            "line 9: rid 2, 2310122, Oppdiktet uten kommune has no municipality (kommnr)",
            "line 14: rid 3, 7990023, Oppdiktet utlandet is a library abroad (bibltype UTL)",
            "line 19: rid 4, 99900, Oppdiktet kort nummer has the number (bibnr) '99900', which is not seven digits",
            "line 25: rid 5, 9990025, Oppdiktet kort kommune has a kommnr that is none: '31' is not a municipality code of four digits",
            "line 31: rid 6, 9990026 has no name (inst)",
            "line 37: the record has no number (bibnr)",
            "line 38: rid 8, 9990028, Oppdiktet, det eldre stands again on line 45, changed as late or later",
        ]
    );
    // Of two with one number the one that was changed last is used, and nothing is said of the other's ISIL.
    assert_eq!(told(&register), [("9990028", "Oppdiktet, det nyere", PublicLibrary, "3103", "NO-9990028", None)]);
    assert_eq!(register.institutions[0].0, 45);
    assert!(register.notes.is_empty());
}

#[test]
fn of_two_records_with_one_number_the_newer_one_counts_wherever_it_stands() {
    let record = |tstamp: &str, name: &str| {
        format!("<record tstamp='{tstamp}'><bibnr>9990001</bibnr><bibltype>FBI</bibltype><kommnr>3101</kommnr><inst>{name}</inst></record>")
    };
    let newer_first = of(&wrapped(&[record("2024-02-01 10:00:01", "ny"), record("2024-02-01 10:00:00", "gammel")].concat()));
    assert_eq!((newer_first.institutions.len(), &*newer_first.institutions[0].1.name), (1, "ny"));
    assert!(newer_first.skipped[0].to_string().contains("changed later"));
}

#[test]
fn another_isil_than_the_numbers_is_noted_and_not_used() {
    let text = "<record><bibnr>9990001</bibnr><isil>NO-1</isil><bibltype>FBI</bibltype><kommnr>3101</kommnr><inst>A</inst></record>";
    let register = of(&wrapped(text));
    assert_eq!(register.institutions[0].1.isil, "NO-9990001");
    assert!(register.notes[0].why.contains("'NO-1'"));
}

#[test]
fn fields_of_other_elements_are_not_mistaken_for_the_records_own() {
    let text = "<andre><bibnr>1</bibnr></andre>\
        <record><andre_koder><bibnr>1111111</bibnr></andre_koder><bibnr>9990001</bibnr><bibnr>2222222</bibnr>\
        <bibltype>FBI</bibltype><kommnr>3101</kommnr><inst>A <b>B</b> C</inst></record>";
    assert_eq!(told(&of(&wrapped(text))), [("9990001", "A B C", PublicLibrary, "3101", "NO-9990001", None)]);
}

#[test]
fn a_prefix_instead_of_a_default_namespace_and_a_byte_order_mark_do_not_matter() {
    let text = "\u{feff}<?xml version='1.0'?><b:BaseBibliotek xmlns:b='http://nb.no/BaseBibliotek'><b:record><b:bibnr>9990001</b:bibnr>\
        <b:bibltype>fbi</b:bibltype><b:kommnr> 3101 </b:kommnr><b:inst>A</b:inst></b:record></b:BaseBibliotek>";
    assert_eq!(told(&of(text)), [("9990001", "A", PublicLibrary, "3101", "NO-9990001", None)]);
}

#[test]
fn xml_that_is_broken_is_refused_with_line_and_column() {
    let (line, column, what) = failure(b"<BaseBibliotek>\n <record>\n  <bibnr>1</isil>\n </record></BaseBibliotek>");
    assert_eq!((line, column), (3, 11), "{what}");
    assert!(what.contains("not well-formed"), "{what}");
    let (line, column, what) = failure("<BaseBibliotek>\n <record>\n  <inst>Bø".as_bytes());
    assert_eq!((line, column), (3, 11), "{what}");
    assert!(what.contains("<inst> has no end"), "{what}");
    assert_eq!(failure(b"<BaseBibliotek>\n<rec").0, 2);
    assert!(failure(b"<BaseBibliotek><a b='1' b='2'/></BaseBibliotek>").2.contains("not well-formed"));
    assert!(failure(b"<BaseBibliotek>a & b</BaseBibliotek>").2.contains("not well-formed"));
    assert!(failure(b"<BaseBibliotek>&#xFFFFFFFF;</BaseBibliotek>").2.contains("not well-formed"));
    assert!(failure(b"<BaseBibliotek>\xE6</BaseBibliotek>").2.contains("not well-formed"));
}

#[test]
fn what_is_not_the_register_is_said_to_be_something_else() {
    assert!(failure(b"").2.contains("nothing in it"));
    assert!(failure(b"<error><message>Not found</message></error>").2.contains("<error>"));
    assert!(failure(b"institution,name\n1,2\n").2.contains("not XML"));
    assert!(failure(b"<BaseBibliotek/><BaseBibliotek/>").2.contains("after the end"));
    assert!(failure(b"<BaseBibliotek/>more").2.contains("outside"));
    assert!(failure(b"<BaseBibliotek/>&amp;").2.contains("outside"));
    assert!(failure(b"<?xml version='1.0' encoding='ISO-8859-1'?><BaseBibliotek/>").2.contains("UTF-8"));
}

#[test]
fn a_document_type_and_entities_of_its_own_are_refused() {
    let bomb =
        "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n<BaseBibliotek><record><inst>&b;</inst></record></BaseBibliotek>";
    let (line, column, what) = failure(bomb.as_bytes());
    assert_eq!((line, column), (1, 1));
    assert!(what.contains("DOCTYPE"), "{what}");
    assert!(failure(wrapped("<record><inst>&eacute;</inst></record>").as_bytes()).2.contains("&eacute;"));
    assert!(failure(wrapped("<record rid='&eacute;'/>").as_bytes()).2.contains("eacute"));
}

#[test]
fn a_record_without_end_and_a_nest_without_end_are_stopped() {
    let endless = std::io::Read::chain(&b"<BaseBibliotek><record><inst>"[..], std::io::repeat(b'a'));
    let Err(RegisterError::Broken { what, .. }) = read(std::io::BufReader::new(endless), today()) else { panic!() };
    assert!(what.contains("MiB"), "{what}");
    assert!(failure("<BaseBibliotek>".repeat(100).as_bytes()).2.contains("in each other"));
}

#[test]
fn a_file_may_be_longer_than_the_longest_record() {
    let filler = " ".repeat(LONGEST_RECORD / 3);
    let text = wrapped(&format!("<record><omtale>{filler}</omtale></record>").repeat(5));
    assert!(text.len() > LONGEST_RECORD);
    assert_eq!(of(&text).skipped.len(), 5);
}

#[test]
fn a_failure_to_read_is_said_as_such() {
    struct Fails;
    impl std::io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let error = read(std::io::BufReader::new(Fails), today()).unwrap_err();
    assert_eq!(error.to_string(), "cannot be read: the disk is gone");
}

proptest! {
    #[test]
    fn a_file_that_was_damaged_never_causes_a_panic(
        name in prop::sample::select(vec!["kinds.xml", "closed.xml", "incomplete.xml"]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, "[<>&;#/'\"=!\\[\\]x0 æ-]{0,6}"), 1..6),
    ) {
        let mut bytes = fixture(name).into_bytes();
        for (at, what, text) in edits {
            let at = at.index(bytes.len() + 1);
            match what {
                0 => { bytes.splice(at..at, text.bytes()); }
                1 => { bytes.drain(at..(at + text.len() + 1).min(bytes.len())); }
                _ => bytes.truncate(at),
            }
        }
        match read(bytes.as_slice(), today()) {
            Ok(register) => for (_, institution) in register.institutions {
                prop_assert_eq!(institution.isil, format!("NO-{}", institution.id));
                prop_assert!(institution.municipality.is_some_and(|code| code.as_str().parse::<crate::model::MunicipalityCode>().is_ok()));
            },
            Err(RegisterError::Broken { line, column, .. }) => {
                prop_assert!(line >= 1 && line <= bytes.split(|b| *b == b'\n').count() && column >= 1);
            }
            Err(RegisterError::Read(problem)) => prop_assert!(false, "{problem}"),
        }
    }

    #[test]
    fn any_bytes_at_all_never_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let whole = [b"<BaseBibliotek><record>".as_slice(), &bytes].concat();
        prop_assert!(read(whole.as_slice(), today()).is_err() || bytes.contains(&b'<'));
        let _ = read(bytes.as_slice(), today());
    }

    #[test]
    fn how_the_file_comes_in_pieces_does_not_matter(size in 1..64usize) {
        let text = fixture("kinds.xml");
        let pieces = std::io::BufReader::with_capacity(size, text.as_bytes());
        prop_assert_eq!(read(pieces, today()).unwrap(), of(&text));
    }
}
