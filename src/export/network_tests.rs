//! The audit and the libraries' forms, read back as those see them who get them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use chrono::{DateTime, NaiveDate, Utc};

use super::form::{LibraryForm, Neighbours};
use super::rows::{Cell, Table};
use super::{AuditReport, Forms, write_audit_xlsx, write_csv, write_form_xlsx};
use crate::attribution::audit::{FindingKind, Per};
use crate::attribution::{Rules, SourceRules};
use crate::model::registry::{Access, Claim, Registry, Row, SharedTraffic};
use crate::model::{InstitutionId, KeyRow, Month, ProductId, SourceId};

/// Rows as files have them.
fn rows<R: Row>(text: &str) -> Vec<R> {
    let row = |line: &str| R::parse(&line.split(',').collect::<Vec<_>>()).unwrap_or_else(|errors| panic!("{line}: {errors:?}"));
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(row).collect()
}

/// Halden with a school and a town hall, Aremark behind it, Marker alone; Alta far away on one of Halden's addresses.
fn registry() -> Registry {
    Registry {
        municipalities: rows(
            "3101,Halden,31,Østfold,2024-01-01,
            3122,Marker,31,Østfold,2024-01-01,
            3124,Aremark,31,Østfold,2024-01-01,
            5601,Alta,56,Finnmark,2024-01-01,",
        ),
        institutions: rows(
            "2010100,Halden bibliotek,public_library,3101,,,
            2011800,Aremark bibliotek,public_library,3124,,,
            2011900,Marker bibliotek,public_library,3122,,,
            2201200,Alta bibliotek,public_library,5601,,,
            radhus-halden,=Halden rådhus,other_body,3101,,,
            vgs-halden,Halden videregående skole,school_library,3101,,,",
        ),
        persons: rows("3101,2024-01-01,31000\n3122,2024-01-01,3600\n3124,2024-01-01,1300\nvgs-halden,2024-01-01,1200"),
        claims: rows(
            "2010100,192.0.2.0/25,,,,
            2010100,198.51.100.7,,2020-01-01,,nedlagt filial
            2010100,2001:db8::/48,2030-01-01,,,kommer
            2011800,192.0.2.64-192.0.2.127,,,,bak Halden
            2011900,203.0.113.0/24,2024-01-01,,yes,
            2201200,192.0.2.127,,,,
            radhus-halden,192.0.2.0/24,,,,
            vgs-halden,192.0.2.0/26,,,,",
        ),
        products: rows("avis,Avisen,v,newspapers,"),
        subscriptions: rows(
            "2010100,avis,2023-01-01,,,,
            2011800,avis,2023-01-01,,,,
            2011900,avis,2023-01-01,,,,
            vgs-halden,avis,2023-01-01,,,,",
        ),
        accounts: rows("a,s,A,2010100 198.51.100.0/28,,,,,"),
        ..Registry::default()
    }
}

fn today() -> NaiveDate {
    "2025-01-20".parse().unwrap()
}

fn made_at() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2025-01-20T03:30:00Z").unwrap().to_utc()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn audited<T>(registry: &Registry, look: impl FnOnce(&AuditReport<'_>) -> T) -> T {
    let source = SourceId::trusted("s");
    let products = BTreeMap::from([(source.clone(), vec![ProductId::trusted("avis")])]);
    let rules = Rules {
        subscribers_only: true,
        sources: BTreeMap::from([(source, SourceRules { access: Access::Ip, shared_traffic: SharedTraffic::Single })]),
    };
    look(&AuditReport::new(registry, month("2025-01"), today(), &rules, &products))
}

fn open(bytes: Vec<u8>) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

/// A sheet as text from its first row and column on, empty cells empty.
fn texts(book: &mut Xlsx<Cursor<Vec<u8>>>, sheet: &str) -> Vec<Vec<String>> {
    let range = book.worksheet_range(sheet).unwrap();
    let (last_row, last_column) = range.end().unwrap_or_default();
    let cell = |row, column| range.get_value((row, column)).map(ToString::to_string).unwrap_or_default();
    (0..=last_row).map(|row| (0..=last_column).map(|column| cell(row, column)).collect()).collect()
}

/// What an import takes from a sheet: its header, and rows that say something beside whose they are.
fn imported(table: &[Vec<String>], identity: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut rows = table.iter().filter(|row| !row[0].starts_with('#') && row.iter().any(|cell| !cell.is_empty()));
    let header = rows.next().unwrap().clone();
    let rows = rows.filter(|row| row.iter().zip(&header).any(|(cell, column)| column != identity && !cell.is_empty()));
    let rows = rows.cloned().collect();
    (header, rows)
}

#[test]
fn rows_of_the_audit_are_complete_and_neutral() {
    let registry = registry();
    let text = audited(&registry, |report| {
        let rows = report.findings(&[], Per::Institution, None).iter().map(|finding| report.row(finding)).collect::<Vec<_>>();
        assert!(rows.iter().all(|row| row.cells().count() == super::AuditRow::COLUMNS.len()));
        assert!(rows.iter().all(|row| matches!(row.cells().nth(9), Some(Cell::Decimal(_)))));
        let mut out = Vec::new();
        write_csv(&mut out, rows.into_iter().map(Ok::<_, std::convert::Infallible>)).unwrap();
        String::from_utf8(out).unwrap()
    });
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("month,kind,severity,counties,county_names,institutions,"), "{}", lines[0]);
    let line = |kind: &str, who: &str| {
        lines.iter().find(|line| line.starts_with(&format!("2025-01,{kind},")) && line.contains(who)).unwrap_or_else(|| panic!("{text}"))
    };
    assert!(line("shared", ",2010100 2201200,").contains(",31 56,Østfold; Finnmark,"));
    assert!(line("shared", ",2010100 2011800,").contains(",64,192.0.2.64/26,"));
    assert!(line("exposed", ",a,").contains(",16,198.51.100.0/28,"));
    // The account has Halden's addresses; Marker's 256 are nowhere.
    assert!(line("locked_out", ",2011900,").contains(",avis,,256,203.0.113.0/24,,none of its addresses is let in,"));
    // All 128 addresses that the account lets in; how many sit in the town hall nobody has registered.
    assert!(line("unpaid", ",radhus-halden 2010100 2011800 vgs-halden,").contains(",128,192.0.2.0/25,,how many persons"));
    assert!(line("unpaid", "radhus").contains(",'=Halden rådhus; "), "{}", line("unpaid", "radhus"));
}

#[test]
fn a_county_gets_what_concerns_its_institutions() {
    let registry = registry();
    audited(&registry, |report| {
        let of = |county: &str| {
            let found = report.findings(&[FindingKind::Shared], Per::Institution, Some(county));
            found
                .iter()
                .map(|finding| finding.institutions.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("56"),
            ["2010100+2201200", "2011800+2201200", "2201200+radhus-halden"],
            "the whole of what is shared with others, wherever these are"
        );
        assert_eq!(of("31").len(), 8);
        assert_eq!(of(""), Vec::<String>::new());
        assert_eq!(report.counties().keys().collect::<Vec<_>>(), ["31", "56"]);
        let json = report.json(&report.findings(&[FindingKind::LockedOut], Per::Institution, None)[0]);
        assert_eq!(json["addresses"], "256");
        assert_eq!(json["institutions"][0]["name"], "Marker bibliotek");
        assert_eq!(json["severity"], "serious");
    });
}

#[test]
fn an_account_of_nobodys_addresses_concerns_no_county() {
    let mut registry = registry();
    registry.accounts = rows("b,s,B,203.0.114.0/24,,,,,");
    audited(&registry, |report| {
        assert_eq!(report.findings(&[FindingKind::Exposed], Per::Institution, Some("")).len(), 1);
        assert_eq!(report.findings(&[FindingKind::Exposed], Per::Institution, Some("31")).len(), 0);
    });
}

#[test]
fn the_audits_workbook_has_a_sheet_for_each_kind_and_a_cover_that_explains() {
    let registry = registry();
    let write = |county: Option<&str>, kinds: &[FindingKind], per| {
        audited(&registry, |report| {
            let mut out = Vec::new();
            write_audit_xlsx(&mut out, report, &report.chapters(kinds, per), county, made_at()).unwrap();
            out
        })
    };
    let bytes = write(Some("31"), &[], None);
    assert!(bytes == write(Some("31"), &[], None), "the same findings give the same bytes");
    let mut book = open(bytes);
    assert_eq!(
        book.sheet_names(),
        [
            "Les meg",
            "Hvem deler med hvem",
            "Delte adresser",
            "Deling i og mellom fylker",
            "Kjenner ikke til hverandre",
            "Åpent for uvedkommende",
            "Stengt ute",
            "Inne uten abonnement",
            "Adresser som ikke er på nett",
            "Altfor store områder"
        ]
    );
    let cover = texts(&mut book, "Les meg");
    assert_eq!(cover[0][0], "Delte og registrerte IP-adresser: 31 Østfold");
    let of = |name: &str| cover.iter().find(|row| row[0] == name).unwrap().clone();
    assert_eq!(of("Stengt ute")[1..3], ["1", "alvorlig"]);
    assert_eq!(of("Altfor store områder")[1..3], ["0", "ingen funn"]);
    assert!(cover[6..].iter().all(|row| row[3].len() > 40 && row[4].len() > 40), "{cover:#?}");

    let pairs = texts(&mut book, "Hvem deler med hvem");
    assert_eq!(pairs[0], ["Fylke", "Institusjon", "Id", "Deler med", "Id", "Antall adresser", "Adresser"]);
    assert!(pairs.contains(
        &["31 Østfold", "Halden bibliotek", "2010100", "Aremark bibliotek", "2011800", "64", "192.0.2.64/26"].map(String::from).to_vec()
    ));
    let unpaid = texts(&mut book, "Inne uten abonnement");
    assert_eq!(unpaid[1][1], "=Halden rådhus");
    assert!(book.worksheet_formula("Inne uten abonnement").unwrap().is_empty(), "text never becomes a formula");
    let locked = texts(&mut book, "Stengt ute");
    assert_eq!(
        locked[1][..8],
        ["alvorlig", "31 Østfold", "Marker bibliotek", "2011900", "Avisen", "256", "203.0.113.0/24", "ingen av adressene slippes inn"]
    );
    let range = book.worksheet_range("Stengt ute").unwrap();
    assert_eq!(range.get_value((1, 5)), Some(&Data::Float(256.0)));
    let reserved = texts(&mut book, "Adresser som ikke er på nett");
    assert!(reserved.iter().any(|row| row[6] == "bare for eksempler: documentation (203.0.113.0/24, RFC 5737)"), "{reserved:#?}");
    // The gate to the country: another county, one kind, one view.
    assert_eq!(open(write(None, &[FindingKind::Shared], Some(Per::County))).sheet_names(), ["Les meg", "Deling i og mellom fylker"]);
    let mut none = open(write(Some("56"), &[FindingKind::LockedOut], None));
    assert_eq!(texts(&mut none, "Stengt ute").len(), 1, "a header alone says that there is nothing");
}

#[test]
fn many_ranges_are_cut_short_in_a_cell_and_their_number_is_whole() {
    let mut registry = registry();
    let claim =
        |who: &str, n: usize| Claim { institution: InstitutionId::trusted(who), ..rows::<Claim>(&format!("x,81.0.{n}.7,,,,"))[0].clone() };
    registry.claims = (0..100).flat_map(|n| [claim("2010100", n), claim("2011800", n)]).collect();
    let bytes = audited(&registry, |report| {
        let mut out = Vec::new();
        write_audit_xlsx(&mut out, report, &report.chapters(&[FindingKind::Shared], Some(Per::Institution)), None, made_at()).unwrap();
        out
    });
    let table = texts(&mut open(bytes), "Hvem deler med hvem");
    assert_eq!(table[1][5], "100");
    assert!(table[1][6].ends_with("81.0.39.7 … og 60 til"), "{}", table[1][6]);
}

fn form_of(registry: &Registry, at: &str, id: &str) -> LibraryForm {
    let forms = Forms::new(registry, month(at), today(), true);
    let library = forms.libraries(None).into_iter().find(|library| library.id.as_str() == id).unwrap_or_else(|| panic!("no form for {id}"));
    forms.of(library)
}

/// `who weight per mille`, for each on these addresses.
fn shares(neighbours: &Neighbours) -> Vec<String> {
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    neighbours.who.iter().map(|one| format!("{} {} {}", one.institution, number(one.weight), number(one.per_mille))).collect()
}

#[test]
fn a_county_has_forms_for_its_libraries_and_none_for_other_bodies() {
    let registry = registry();
    let forms = Forms::new(&registry, month("2025-01"), today(), true);
    let of = |county| forms.libraries(county).into_iter().map(|library| library.id.to_string()).collect::<Vec<_>>();
    assert_eq!(of(Some("31")), ["2010100", "2011800", "2011900", "vgs-halden"]);
    assert_eq!(of(None).len(), 5);
    assert_eq!(of(Some("99")), Vec::<String>::new());
}

#[test]
fn a_form_shows_who_else_is_there_and_what_falls_to_whom() {
    let form = form_of(&registry(), "2025-01", "2010100");
    assert_eq!(form.county, "31 Østfold");
    // What has ended is left out, what is to come is not.
    let ranges: Vec<String> = form.claims.iter().map(|claim| claim.range.to_string()).collect();
    assert_eq!(ranges, ["192.0.2.0/25", "2001:db8::/48"]);
    let shown: Vec<(String, Vec<String>)> = form
        .neighbours
        .iter()
        .map(|together| (format!("{} {:?}", together.addresses.count(), together.addresses.ranges()), shares(together)))
        .collect();
    // Neither the town hall nor Alta subscribes. 31,000 : 1,200 is 962.7 : 37.3 per mille, 31,000 : 1,300 is 959.8 : 40.2.
    let expected = [
        ("64 [192.0.2.0/26]", vec!["2010100 31000 963", "radhus-halden - -", "vgs-halden 1200 37"]),
        ("63 [192.0.2.64-192.0.2.126]", vec!["2010100 31000 960", "2011800 1300 40", "radhus-halden - -"]),
        ("1 [192.0.2.127]", vec!["2010100 31000 960", "2011800 1300 40", "2201200 - -", "radhus-halden - -"]),
    ];
    let expected: Vec<(String, Vec<String>)> =
        expected.into_iter().map(|(range, who)| (range.to_owned(), who.into_iter().map(String::from).collect())).collect();
    assert_eq!(shown, expected);
    assert!(form_of(&registry(), "2025-01", "2011900").neighbours[0].is_alone());
}

#[test]
fn a_key_is_suggested_to_everybody_who_is_tied_together() {
    let registry = registry();
    // The school and Aremark do not share with each other, but both with Halden.
    for (who, at, key, from) in [
        ("2010100", "2025-01", "delt-2010100-2025", "2025-01-01"),
        ("vgs-halden", "2025-11", "delt-2010100-2025", "2025-01-01"),
        ("2011800", "2025-12", "delt-2010100-2026", "2026-01-01"),
    ] {
        let form = form_of(&registry, at, who);
        let cells: Vec<Vec<String>> = form.keys[0].rows.iter().map(Row::cells).collect();
        let row = |institution: &str| [key, "", "", "population", institution, "", from, "", "proposed", ""].map(String::from).to_vec();
        assert_eq!(cells, [row("2010100"), row("2011800"), row("vgs-halden")]);
        assert!(form.keys[0].suggested && form.keys.len() == 1);
    }
    assert_eq!(form_of(&registry, "2025-01", "2011900").keys, [], "who is alone has nothing to agree on");
    assert_eq!(form_of(&registry, "2025-01", "2201200").keys, [], "who subscribes to nothing has no part in it");
}

#[test]
fn what_is_proposed_is_shown_and_what_is_agreed_is_not_asked_for_again() {
    let mut registry = registry();
    let key = |id: &str, who: &str, state: &str, by: &str| rows::<KeyRow>(&format!("{id},,,equal,{who},,2025-01-01,,{state},{by}"));
    // A proposal of all three takes the suggestion's place.
    registry.keys = [
        key("felles", "2010100", "proposed", ""),
        key("felles", "2011800", "proposed", "Kari Nordmann"),
        key("felles", "vgs-halden", "proposed", ""),
    ]
    .concat();
    let form = form_of(&registry, "2025-01", "vgs-halden");
    assert_eq!(form.keys.len(), 1);
    assert!(!form.keys[0].suggested && form.keys[0].rows == registry.keys);
    for row in &mut registry.keys {
        row.state = crate::model::KeyState::Agreed;
    }
    assert_eq!(form_of(&registry, "2025-01", "vgs-halden").keys, []);
    // One that two of them have agreed on does not do for use that is all three's.
    registry.keys.pop();
    let form = form_of(&registry, "2025-01", "2011800");
    assert_eq!((form.keys.len(), form.keys[0].suggested), (1, true));
    // One that has ended does not count.
    registry.keys = key("alt", "2010100", "proposed", "");
    registry.keys[0].valid.to = Some("2025-01-01".parse().unwrap());
    assert_eq!(form_of(&registry, "2025-01", "2010100").keys.iter().map(|key| key.suggested).collect::<Vec<_>>(), [true]);
}

#[test]
fn a_name_that_is_taken_is_left() {
    let mut registry = registry();
    let suggested = |registry: &Registry| {
        let form = form_of(registry, "2025-03", "2010100");
        form.keys.iter().map(|key| format!("{} {} {}", key.rows[0].key, key.rows.len(), key.suggested)).collect::<Vec<_>>()
    };
    // Somebody else's key of that name has two of them: what is suggested is another.
    registry.keys = rows(
        "delt-2010100-2025,,,population,2010100,,2025-01-01,,proposed,
        delt-2010100-2025,,,population,2011800,,2025-01-01,,proposed,Kari Nordmann",
    );
    assert_eq!(suggested(&registry), ["delt-2010100-2025 2 false", "delt-2010100-2025-2 3 true"]);
    for row in &mut registry.keys {
        row.state = crate::model::KeyState::Rejected;
    }
    assert_eq!(suggested(&registry), ["delt-2010100-2025-2 3 true"]);
    // The suggestion itself, come back from one of them, is a proposal that waits for the others.
    registry.keys = form_of(&registry, "2025-03", "2010100").keys[0].rows.clone();
    assert_eq!(suggested(&registry), ["delt-2010100-2025-2 3 false"]);
}

#[test]
fn a_form_comes_back_as_it_went_out() {
    let mut registry = registry();
    registry.keys = rows(
        "felles,192.0.2.0/24,avis,fixed,2010100,62.5,2025-01-01,,proposed,\nfelles,192.0.2.0/24,avis,fixed,2011800,37.5,2025-01-01,,proposed,Kari Nordmann",
    );
    let form = form_of(&registry, "2025-01", "2010100");
    let write = || {
        let mut out = Vec::new();
        write_form_xlsx(&mut out, &form, made_at()).unwrap();
        out
    };
    assert!(write() == write(), "the same form gives the same bytes");
    let mut book = open(write());
    assert_eq!(book.sheet_names(), ["Les meg", "networks", "Deler med", "keys"]);

    let networks = texts(&mut book, "networks");
    assert!(networks[0][0].starts_with("# IP-adressene til Halden bibliotek"));
    let (header, claims) = imported(&networks, "institution");
    assert_eq!(header, Claim::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>());
    let claims: Vec<Claim> = claims.iter().map(|row| Claim::parse(&row.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()).collect();
    assert_eq!(claims, form.claims);
    let empty = networks.iter().filter(|row| row[0] == "2010100" && row[1..].iter().all(String::is_empty)).count();
    assert_eq!(empty, 20);

    let keys = texts(&mut book, "keys");
    let (header, own) = imported(&keys, "");
    assert_eq!(header, KeyRow::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>());
    let own: Vec<KeyRow> = own.iter().map(|row| KeyRow::parse(&row.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()).collect();
    // Its own row of the key that waits, and all rows, its own first, of the one that is suggested because the school is not in that.
    assert_eq!(
        own.iter().map(|row| (row.key.as_str(), row.institution.as_str())).collect::<Vec<_>>(),
        [("felles", "2010100"), ("delt-2010100-2025", "2010100"), ("delt-2010100-2025", "2011800"), ("delt-2010100-2025", "vgs-halden")]
    );
    assert_eq!(own[0], registry.keys[0]);
    let shown: BTreeSet<String> =
        keys.iter().filter(|row| row[0].starts_with("# ") && !row[4].is_empty()).map(|row| row[..5].join(",")).collect();
    assert!(shown.contains("# felles,192.0.2.0/24,avis,fixed,2011800"), "{keys:#?}");
    assert_eq!(shown.len(), 1, "others' rows of what is proposed are shown and not read");
    assert!(keys.iter().any(|row| row[9] == "Kari Nordmann"));

    let shared = texts(&mut book, "Deler med");
    let line = |range: &str, who: &str| shared.iter().find(|row| row[0] == range && row[3] == who).unwrap_or_else(|| panic!("{shared:#?}"));
    assert_eq!(line("192.0.2.0/26", "2010100")[1..], ["64", "Halden bibliotek", "2010100", "folkebibliotek", "Halden", "96.3", "Dere."]);
    assert_eq!(
        line("192.0.2.0/26", "radhus-halden")[2..],
        ["=Halden rådhus", "radhus-halden", "annen virksomhet", "Halden", "", "Abonnerer ikke på noe, og får ingen del."]
    );
    for sheet in ["networks", "keys", "Deler med"] {
        assert!(book.worksheet_formula(sheet).unwrap().is_empty(), "{sheet}: text never becomes a formula");
    }
    let read_me: Vec<String> = texts(&mut book, "Les meg").concat();
    for number in ["1.", "2.", "3.", "4.", "5."] {
        assert!(read_me.iter().any(|cell| cell == number));
    }
}

#[test]
fn a_library_without_addresses_or_names_gets_a_form_too() {
    let mut registry = registry();
    registry.claims.clear();
    registry.municipalities.clear();
    let form = form_of(&registry, "2025-01", "2011900");
    let mut out = Vec::new();
    write_form_xlsx(&mut out, &form, made_at()).unwrap();
    let mut book = open(out);
    let networks = texts(&mut book, "networks");
    assert_eq!(imported(&networks, "institution").1, Vec::<Vec<String>>::new());
    let keys = texts(&mut book, "keys");
    assert_eq!(imported(&keys, "").1, Vec::<Vec<String>>::new());
    assert!(keys[1][0].contains("ingenting å gjøre"));
    assert!(texts(&mut book, "Deler med").iter().any(|row| row[0].contains("Ingen adresser")));
}

#[test]
fn where_somebody_else_is_alone_a_library_sees_that_it_is_left_out() {
    let mut registry = registry();
    registry.claims = rows("2010100,192.0.2.0/24,,,,\n2011800,192.0.2.64,,,yes,");
    let form = form_of(&registry, "2025-01", "2010100");
    let out_of_it: Vec<Vec<String>> = form.neighbours.iter().map(shares).collect();
    assert_eq!(out_of_it, [vec!["2010100 1 1000"], vec!["2011800 1 1000"]]);
    let mut out = Vec::new();
    write_form_xlsx(&mut out, &form, made_at()).unwrap();
    let shared = texts(&mut open(out), "Deler med");
    assert!(shared.iter().any(|row| row[3] == "2011800" && row[7].contains("dere heller ikke")), "{shared:#?}");
}
