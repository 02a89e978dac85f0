//! The sharing audit and the libraries' forms, through the program: out as files, and back in.

use std::collections::BTreeMap;
use std::path::Path;

use calamine::{Reader as _, Xlsx};
use rust_xlsxwriter::Workbook;

use crate::support::{ACCOUNTS, Site, rows, source};

/// The small registry with a vendor of `avis` that lets in Halden's addresses, eight that nobody has, and half of Marker's.
fn site() -> Site {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9", "avis", ""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100 203.0.113.8/29 198.51.100.0/25,ip,,hemmelig,,\n")).expect(0);
    site.import("subscriptions", "institution,product,valid_from\n2011900,avis,2023-01-01\n").expect(0);
    site
}

type Book = BTreeMap<String, Vec<Vec<String>>>;

fn workbook(path: &Path) -> Book {
    let mut book: Xlsx<_> = calamine::open_workbook(path).unwrap();
    let mut sheets = BTreeMap::new();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).unwrap();
        let (last_row, last_column) = range.end().unwrap_or_default();
        let cell = |row, column| range.get_value((row, column)).map(ToString::to_string).unwrap_or_default();
        sheets.insert(name, (0..=last_row).map(|row| (0..=last_column).map(|column| cell(row, column)).collect()).collect());
    }
    sheets
}

/// The workbook as somebody's spreadsheet saves it.
fn saved(site: &Site, name: &str, book: &Book) -> String {
    let mut workbook = Workbook::new();
    for (name, rows) in book {
        let sheet = workbook.add_worksheet().set_name(name).unwrap();
        for (row, cells) in (0..).zip(rows) {
            for (column, cell) in (0..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    site.write(name, workbook.save_to_buffer().unwrap()).to_str().unwrap().to_owned()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_audit_finds_each_kind_and_says_what_to_do() {
    let site = site();
    let document = site.ok(&["--json", "networks", "overlaps"]).json();
    assert_eq!(document["month"], "2025-01");
    let of = |kind: &str| {
        let found = document["findings"].as_array().unwrap().iter().filter(|finding| finding["kind"] == kind);
        found
            .map(|finding| {
                let who: Vec<&str> =
                    finding["institutions"].as_array().unwrap().iter().map(|i| i["institution"].as_str().unwrap()).collect();
                format!("{} {} {}", who.join("+"), finding["addresses"].as_str().unwrap(), finding["severity"].as_str().unwrap())
            })
            .collect::<Vec<_>>()
    };
    // Halden .0-.127, Aremark .64-.127, the school .0-.63, the town hall .0-.255.
    assert_eq!(
        of("shared"),
        [
            "2010100+2011800 64 note",
            "2010100+radhus-halden 128 note",
            "2010100+vgs-halden 64 note",
            "2011800+radhus-halden 64 note",
            "radhus-halden+vgs-halden 64 note"
        ]
    );
    // Aremark's remark names Halden, where both the library and the town hall are. The others in Halden have parts of one another's.
    assert_eq!(
        of("unaware"),
        ["2010100+radhus-halden 128 warning", "2010100+vgs-halden 64 warning", "radhus-halden+vgs-halden 64 warning"]
    );
    assert_eq!(of("exposed"), ["2010100 8 serious"]);
    assert_eq!(of("locked_out"), ["2011900 128 warning"]);
    assert_eq!(of("unpaid"), ["radhus-halden+2010100+2011800+vgs-halden 128 warning"]);
    assert_eq!(of("too_wide"), Vec::<String>::new());
    assert!(
        of("reserved").len() == 7,
        "five claims and two ranges of the account, all from blocks for documentation: {:?}",
        of("reserved")
    );
    assert!(!document.to_string().contains("hemmelig"));

    let text = site.ok(&["networks", "overlaps"]).stdout;
    for words in ["(locked_out): 1", "What to do: Send the vendor the addresses", "Marker bibliotek (2011900)", "198.51.100.128/25"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let text = site.ok(&["networks", "overlaps", "--kind", "too-wide", "--county", "31"]).stdout;
    assert_eq!(text, "Nothing was found of kind too_wide in 31 Østfold in 2025-01.\n");
}

#[test]
fn the_audit_is_given_by_address_by_county_and_by_month() {
    let site = site();
    let by_address = rows(&site.ok(&["networks", "overlaps", "--kind", "shared", "--per", "address", "--format", "csv"]).stdout);
    let shown: Vec<String> =
        by_address.iter().map(|row| format!("{} {} {}", row["ranges"], row["addresses"], row["institutions"])).collect();
    assert_eq!(shown, ["192.0.2.0/26 64 2010100 radhus-halden vgs-halden", "192.0.2.64/26 64 2010100 2011800 radhus-halden"]);
    let by_county = rows(&site.ok(&["networks", "overlaps", "--kind", "shared", "--per", "county", "--format", "csv"]).stdout);
    assert_eq!(by_county.len(), 1);
    assert_eq!((&*by_county[0]["counties"], &*by_county[0]["addresses"], &*by_county[0]["why"]), ("31", "128", "within the county"));
    // A claim that has ended is of no later month.
    site.import("networks", "institution,range,valid_to\n2011800,192.0.2.64-192.0.2.127,2025-01-01\n").expect(0);
    let count = |month: &str| {
        let arguments = ["--json", "networks", "overlaps", "--kind", "shared", "--month", month];
        site.ok(&arguments).json()["counts"]["shared"].as_u64().unwrap()
    };
    assert_eq!((count("2024-12"), count("2025-01")), (5, 3));
}

#[test]
fn counties_get_workbooks_of_their_own() {
    let site = site();
    let file = site.path().join("ostfold.xlsx");
    site.ok(&["networks", "overlaps", "--county", "31", "--format", "xlsx", "--output", file.to_str().unwrap()]);
    let book = workbook(&file);
    assert!(book["Les meg"][0][0].ends_with("31 Østfold"));
    assert_eq!(book["Stengt ute"].len(), 2, "{:?}", book["Stengt ute"]);
    let folder = site.path().join("til fylkene");
    std::fs::create_dir(&folder).unwrap();
    site.ok(&["networks", "overlaps", "--format", "xlsx", "--output", folder.to_str().unwrap()]);
    assert_eq!(files(&folder), ["networks-31.xlsx"]);
    assert!(std::fs::read(folder.join("networks-31.xlsx")).unwrap() == std::fs::read(&file).unwrap());
    // What nobody can be told of by county has a workbook too.
    site.import("accounts", &format!("{ACCOUNTS}b,s,B,81.0.0.0/30,ip,,,,\n")).expect(0);
    site.ok(&["networks", "overlaps", "--format", "xlsx", "--output", folder.to_str().unwrap()]);
    assert_eq!(files(&folder), ["networks-31.xlsx", "networks-uten-fylke.xlsx"]);
    assert_eq!(workbook(&folder.join("networks-uten-fylke.xlsx"))["Åpent for uvedkommende"].len(), 2);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let site = site();
    let folder = site.path().to_str().unwrap().to_owned();
    for (arguments, words) in [
        (&["networks", "overlaps", "--county", "99"][..], "--county 99"),
        (&["networks", "overlaps", "--kind", "wide"], "too_wide"),
        (&["networks", "overlaps", "--per", "town"], "address, institution or county"),
        (&["networks", "overlaps", "--output", "x.txt"], "--format csv or xlsx"),
        (&["--json", "networks", "overlaps", "--format", "csv"], "exclude each other"),
        (&["networks", "overlaps", "--format", "csv", "--output", &folder], "is a folder"),
        (&["networks", "overlaps", "--format", "xlsx", "--county", "31", "--output", &folder], "a workbook for each county"),
        (&["networks", "overlaps", "--format", "xlsx", "--output", "missing/"], "there is no such folder"),
        (&["export", "networks-form", "--output", "forms"], "whose form?"),
        (&["export", "networks-form", "--county", "31"], "where to?"),
        (&["export", "networks-form", "--county", "99", "--output", "forms"], "--county 99"),
        (&["export", "networks-form", "--institution", "radhus-halden", "--output", "f.xlsx"], "radhus-halden is no library"),
        (&["export", "networks-form", "--institution", "2010101", "--output", "f.xlsx"], "did you mean '2010100'"),
        (&["export", "networks-form", "--county", "31", "--from", "2024-01", "--output", "forms"], "goes with --county"),
        (&["export", "statistics", "--month", "2024-01"], "--month goes with networks-form"),
    ] {
        let ran = site.run(arguments).expect(2);
        assert!(ran.stderr.contains(words), "{arguments:?}: {words} is not in {}", ran.stderr);
    }
    assert!(!site.path().join("forms").exists() && !site.path().join("f.xlsx").exists());
}

#[test]
fn every_library_of_a_county_gets_a_form_and_what_comes_back_unchanged_changes_nothing() {
    let site = site();
    let folder = site.path().join("forms");
    site.ok(&["export", "networks-form", "--county", "31", "--output", folder.to_str().unwrap()]);
    assert_eq!(
        files(&folder),
        [
            "2010100-halden-bibliotek.xlsx",
            "2011800-aremark-bibliotek.xlsx",
            "2011900-marker-bibliotek.xlsx",
            "vgs-halden-halden-videregaende-skole.xlsx"
        ]
    );
    for name in files(&folder) {
        let file = folder.join(&name);
        let said = site.ok(&["import", "networks", file.to_str().unwrap()]).stdout;
        assert!(said.contains("1 as they were") && said.contains("0 new"), "{name}: {said}");
    }
    let one = site.path().join("halden.XLSX");
    site.ok(&["export", "networks-form", "--institution", "2010100", "--month", "2025-01", "--output", one.to_str().unwrap()]);
    assert!(std::fs::read(one).unwrap() == std::fs::read(folder.join("2010100-halden-bibliotek.xlsx")).unwrap());
}

#[test]
fn libraries_answer_one_after_the_other_until_a_suggested_key_is_agreed() {
    let site = site();
    let folder = site.path().join("forms");
    site.ok(&["export", "networks-form", "--county", "31", "--output", folder.to_str().unwrap()]);
    // All forms went out on the same day; each library signs its own row.
    let answer = |library: &str, name: &str| {
        let file = files(&folder).into_iter().find(|file| file.starts_with(library)).unwrap();
        let mut book = workbook(&folder.join(file));
        let own = book.get_mut("keys").unwrap().iter_mut().find(|row| row[4] == library).unwrap();
        assert_eq!(own[..9], ["delt-2010100-2025", "", "", "population", library, "", "2025-01-01", "", "proposed"]);
        own[9] = name.to_owned();
        let back = saved(&site, &format!("back-{library}.xlsx"), &book);
        site.ok(&["import", "keys", &back, "--by", "Berit Borg"]).stdout
    };
    let key = || site.ok(&["--json", "keys", "show", "delt-2010100-2025"]).json();
    assert!(answer("2011800", "Kari Nordmann").contains("3 new"));
    assert!(answer("vgs-halden", "Per Hansen").contains("1 changed"));
    assert_eq!(key()["state"], "proposed");
    // What is asked now is the proposal, with the names of those who have signed; the rows of others are only for reading.
    let one = site.path().join("halden.xlsx");
    site.ok(&["export", "networks-form", "--institution", "2010100", "--output", one.to_str().unwrap()]);
    let keys = workbook(&one).remove("keys").unwrap();
    let signed: Vec<String> =
        keys.iter().filter(|row| row[0].contains("delt-")).map(|row| format!("{} {} {}", row[0], row[4], row[9])).collect();
    assert_eq!(
        signed,
        ["delt-2010100-2025 2010100 ", "# delt-2010100-2025 2011800 Kari Nordmann", "# delt-2010100-2025 vgs-halden Per Hansen"]
    );
    answer("2010100", "Ola Nordmann");
    assert_eq!(key()["state"], "agreed");
    let rows = key()["institutions"].to_string();
    assert!(["Kari Nordmann", "Per Hansen", "Ola Nordmann"].into_iter().all(|name| rows.contains(name)), "{rows}");
    // A form that is read in twice changes nothing, and nothing is asked any more.
    assert!(answer("2011800", "Kari Nordmann").contains("3 as they were"));
    site.ok(&["export", "networks-form", "--institution", "2010100", "--output", one.to_str().unwrap()]);
    assert!(workbook(&one)["keys"].iter().all(|row| !row[0].contains("delt-")));
    // Everybody who subscribes and shares knows of the others now.
    let unaware = site.ok(&["networks", "overlaps", "--kind", "unaware", "--format", "csv"]).stdout;
    assert!(!unaware.contains("2010100 vgs-halden") && unaware.contains("2010100 radhus-halden"), "{unaware}");
}

#[test]
fn of_a_proposed_key_a_form_brings_its_own_librarys_word_alone() {
    let site = site();
    site.ok(&[
        "keys",
        "propose",
        "felles",
        "--county",
        "31",
        "--from",
        "2025-01",
        "--member",
        "2010100",
        "--member",
        "2011800",
        "--member",
        "vgs-halden",
        "--by",
        "Berit Borg",
    ]);
    let one = site.path().join("aremark.xlsx");
    site.ok(&["export", "networks-form", "--institution", "2011800", "--output", one.to_str().unwrap()]);
    let mut book = workbook(&one);
    for row in book.get_mut("keys").unwrap().iter_mut().filter(|row| row[0].contains("felles")) {
        row[9] = "Kari Nordmann".into();
    }
    let back = saved(&site, "back.xlsx", &book);
    assert!(site.ok(&["import", "keys", &back, "--by", "Berit Borg"]).stdout.contains("1 rows, 0 new, 1 changed"));
    assert_eq!(site.ok(&["--json", "keys", "show", "felles"]).json().to_string().matches("\"agreed_by\":\"Kari Nordmann\"").count(), 1);
}

#[test]
fn what_a_librarian_adds_and_ends_comes_back() {
    let site = site();
    let one = site.path().join("halden.xlsx");
    site.ok(&["export", "networks-form", "--institution", "2010100", "--output", one.to_str().unwrap()]);
    let mut book = workbook(&one);
    let networks = book.get_mut("networks").unwrap();
    for row in networks.iter_mut().filter(|row| row[1] == "192.0.2.0/25") {
        row[3] = "2025-02-01".into();
    }
    let empty = networks.iter_mut().find(|row| row[0] == "2010100" && row[1].is_empty()).unwrap();
    empty[1] = "81.0.0.7, 81.0.0.16/28".into();
    empty[2] = "2025-02-01".into();
    empty[5] = "ny linje".into();
    let said = site.ok(&["import", "networks", &saved(&site, "back.xlsx", &book)]).stdout;
    assert!(said.contains("2 new") && said.contains("1 changed"), "{said}");
    let claims = site.ok(&["networks", "list", "--month", "2025-02", "--institution", "2010100"]).stdout;
    assert!(claims.contains("81.0.0.7") && claims.contains("81.0.0.16/28") && !claims.contains("192.0.2.0/25"), "{claims}");
}
