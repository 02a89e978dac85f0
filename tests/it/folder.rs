//! Reports that people put in a folder: taken once, put away, never lost.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{ACCOUNTS, Site, source};

/// A PR of a customer with these requests in the months from October 2024 on.
fn report(customer: &str, counts: &[u64]) -> String {
    let months: serde_json::Map<String, Value> =
        counts.iter().enumerate().map(|(i, count)| (format!("2024-{:02}", i + 10), json!(count))).collect();
    json!({
        "Report_Header": {
            "Release": "5.1", "Report_ID": "PR", "Report_Name": "Platform Report", "Created": "2025-01-05T00:00:00Z", "Created_By": "v",
            "Institution_Name": "x", "Institution_ID": { "Proprietary": [format!("v:{customer}")] },
            "Report_Filters": { "Begin_Date": "2024-10-01", "End_Date": format!("2024-{:02}-30", counts.len() + 9) }, "Report_Attributes": {},
        },
        "Report_Items": [{ "Platform": "v", "Attribute_Performance": [
            { "Data_Type": "Article", "Access_Method": "Regular", "Performance": { "Total_Item_Requests": months } }] }],
    })
    .to_string()
}

fn folder_source(path: &str) -> String {
    format!("[[source]]\nid = \"post\"\nkind = \"folder\"\npath = \"{path}\"\nsettle = \"0s\"\nproduct = \"avis\"\n")
}

/// A site whose folder is `in`, with an account of the folder for Halden and one for Marker, and another of a vendor's own.
fn site_at(path: &str) -> Site {
    let sources = folder_source(path) + &source("s", "http://127.0.0.1:9", "avis", "");
    let site = Site::with_registry(&sources);
    let accounts = "halden,post,CUST-1,2010100,login,,,,\nmarker,post,CUST-2,2011900,login,,,,\nnett,s,CUST-3,2011800,login,,,,\n";
    site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);
    std::fs::create_dir_all(site.path().join("in")).unwrap();
    site
}

fn site() -> Site {
    site_at("in")
}

const HARVEST: &[&str] = &["--json", "harvest", "--source", "post"];

/// What became of each file, by its name.
fn results(document: &Value) -> BTreeMap<String, String> {
    let files = document["files"].as_array().unwrap().iter();
    files.map(|file| (file["file"].as_str().unwrap().to_owned(), file["result"].as_str().unwrap().to_owned())).collect()
}

/// Every file in the folder, by its place, with its content.
fn everything(folder: &Path) -> BTreeMap<String, String> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.file_name() != ".lock" {
                let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    found
}

fn facts(site: &Site) -> Vec<(String, String, String)> {
    let rows = site.export(&["facts"]);
    let mut facts: Vec<_> = rows.iter().map(|row| (row["account"].clone(), row["month"].clone(), row["count"].clone())).collect();
    facts.sort();
    facts
}

fn fact(account: &str, month: &str, count: u64) -> (String, String, String) {
    (account.into(), month.into(), count.to_string())
}

#[test]
fn each_file_is_taken_or_rejected_with_a_reason_and_the_rest_is_left_alone() {
    let site = site();
    site.write("in/halden.json", report("CUST-1", &[10, 20]));
    site.write("in/marker/uten navn.json", report("", &[7]));
    site.write("in/nett/andre.json", report("CUST-9", &[5]));
    site.write("in/login.html", "<!doctype html><title>Log in</title>");
    site.write("in/fremmed.json", report("CUST-9", &[1]));
    site.write("in/nettkunde.json", report("CUST-3", &[1]));
    site.write("in/tom.json", "");
    site.write("in/kommer.json", report("CUST-1", &[1; 3]).replace("2024-12", "2025-12"));
    for ignored in ["in/~$halden.xlsx", "in/.skjult.json", "in/neste.json.part", "in/mappe/x.json"] {
        site.write(ignored, report("CUST-1", &[99]));
    }
    let outside = site.write("outside.json", report("CUST-1", &[77]));
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, site.path().join("in/lenke.json")).unwrap();
    let before = everything(&site.path().join("in"));
    let said = site.run(HARVEST).expect(3);
    let mut expected = BTreeMap::from([
        ("halden.json", "taken"),
        ("marker/uten navn.json", "taken"),
        ("nett/andre.json", "taken"),
        ("login.html", "rejected"),
        ("fremmed.json", "rejected"),
        ("nettkunde.json", "rejected"),
        ("tom.json", "rejected"),
        ("kommer.json", "rejected"),
        ("mappe", "left"),
    ]);
    if cfg!(unix) {
        expected.insert("lenke.json", "left");
    }
    let found = results(&said.json());
    assert_eq!(found, expected.into_iter().map(|(name, result)| (name.to_owned(), result.to_owned())).collect());
    assert_eq!(
        facts(&site),
        [fact("halden", "2024-10", 10), fact("halden", "2024-11", 20), fact("marker", "2024-10", 7), fact("nett", "2024-10", 5)]
    );
    site.ok(&["verify"]);
    // Every file is still there, with its content.
    let after = everything(&site.path().join("in"));
    for content in before.values() {
        assert!(after.values().any(|kept| kept == content));
    }
    let place = |end: &str| after.keys().find(|name| name.ends_with(end)).unwrap_or_else(|| panic!("{end}: {:?}", after.keys())).clone();
    assert!(place("-halden.json").starts_with("done/20250120-043000-"), "{after:?}");
    for (end, expected) in [
        ("-login.html.why.txt", "it begins with: <!doctype html>"),
        ("-fremmed.json.why.txt", "cust-9, which is the customer id of no registered account"),
        ("-nettkunde.json.why.txt", "cust-3, which is the customer id of no registered account"),
        ("-tom.json.why.txt", "it is empty"),
        ("-kommer.json.why.txt", "2025-12, which cannot be"),
    ] {
        let why = &after[&place(end)];
        assert!(place(end).starts_with("rejected/2025") && why.contains(expected) && why.contains("What to do: "), "{end}: {why}");
    }
    let status = site.ok(&["--json", "status"]).json();
    assert_eq!((status["folders"][0]["rejected"].as_array().unwrap().len(), &status["folders"][0]["waiting"]), (5, &json!(0)));
    let words = site.ok(&["status"]).stdout;
    assert!(words.contains("Files of post: 0 wait, 5 rejected") && words.contains("login.html: "), "{words}");
    // Nothing is left to be done; the vendor's own source is not asked for anything here.
    let again = site.ok(HARVEST).json();
    assert!(results(&again).values().all(|result| result == "left"), "{again}");
}

#[test]
fn the_same_file_again_is_known_and_a_corrected_one_is_taken() {
    let site = site();
    site.write("in/a.json", report("CUST-1", &[10, 20]));
    site.ok(HARVEST);
    let before = site.export(&["statistics"]);
    site.write("in/b.json", report("CUST-1", &[10, 20]));
    let said = site.ok(HARVEST).json();
    assert_eq!((&said["files"][0]["result"], &said["files"][0]["name"]), (&json!("known"), &json!("a.json")));
    site.write("in/a.json", report("CUST-1", &[10, 25]));
    assert_eq!(site.ok(HARVEST).json()["files"][0]["months"], json!(1));
    assert_eq!(facts(&site), [fact("halden", "2024-10", 10), fact("halden", "2024-11", 25)]);
    // The first file once more does not bring the old figure back.
    site.write("in/c.json", report("CUST-1", &[10, 20]));
    let words = site.ok(&["harvest", "--source", "post"]).stdout;
    assert!(words.contains("c.json: the same file was taken before, as a.json"), "{words}");
    assert_eq!(facts(&site)[1], fact("halden", "2024-11", 25));
    assert_ne!(site.export(&["statistics"]), before);
    assert_eq!(everything(&site.path().join("in")).keys().filter(|name| name.starts_with("done/")).count(), 4);
    site.run(&["reharvest", "--source", "post", "--from", "2024-10", "--to", "2024-11"]).expect(2);
    site.ok(&["verify"]);
}

#[test]
fn what_a_full_disk_or_a_kill_left_behind_is_taken_up_again() {
    let site = site();
    // Whoever took it over is gone.
    let left = report("CUST-2", &[3]);
    site.write("in/.avling-work/0011/left.json", &left);
    site.write("in/.avling-work/0011/.lock", "");
    site.write("in/a.json", report("CUST-1", &[10]));
    // Nothing can be archived.
    site.write("data/archive", "");
    let ran = site.run(HARVEST).expect(1);
    assert!(ran.stderr.contains("archive"), "{}", ran.stderr);
    let there = everything(&site.path().join("in"));
    assert!(there.values().any(|content| *content == left) && there.len() == 2, "{there:?}");
    assert!(facts(&site).is_empty());
    std::fs::remove_file(site.path().join("data/archive")).unwrap();
    let found = results(&site.ok(HARVEST).json());
    assert_eq!(found, BTreeMap::from([("a.json".to_owned(), "taken".to_owned()), ("left.json".to_owned(), "taken".to_owned())]));
    assert_eq!(facts(&site), [fact("halden", "2024-10", 10), fact("marker", "2024-10", 3)]);
    assert!(everything(&site.path().join("in")).keys().all(|name| name.starts_with("done/")));
}

#[test]
fn killed_at_any_step_no_file_is_lost_and_none_counts_twice() {
    let site = site();
    let mut contents: Vec<PathBuf> = Vec::new();
    for number in 0..8_u64 {
        let counts = [number + 1];
        contents.push(site.write(&format!("in/{number}.json"), report(if number % 2 == 0 { "CUST-1" } else { "CUST-2" }, &counts)));
    }
    contents.push(site.write("in/bad.html", "<html>"));
    let right = everything(&site.path().join("in"));
    let mut kills = 0;
    for steps in 1..=9 {
        let mut child =
            site.command().args(["-v", "harvest", "--source", "post"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let said =
            lines.filter(|line| ["taken over", "read", "put away"].iter().any(|step| line.contains(step))).take(steps % 4 + 1).count();
        let _ = child.kill();
        child.wait().unwrap();
        kills += usize::from(said > 0);
        let now = everything(&site.path().join("in"));
        for content in right.values() {
            assert!(now.values().any(|kept| kept == content), "a file is lost after {kills} kills");
        }
    }
    assert!(kills > 1, "some of the runs were killed at work");
    site.run(HARVEST);
    let after = everything(&site.path().join("in"));
    assert!(after.keys().all(|name| name.starts_with("done/") || name.starts_with("rejected/")), "{:?}", after.keys());
    // Each replaced the one before for its month, in the order of their names.
    let found = facts(&site);
    assert_eq!(found.iter().map(|(account, ..)| account.as_str()).collect::<Vec<_>>(), ["halden", "marker"]);
    assert!(after.values().filter(|content| content.contains("CUST")).count() >= 8);
    site.ok(&["verify"]);
}

#[test]
fn two_that_share_a_folder_never_take_the_same_file() {
    let shared = tempfile::tempdir().unwrap();
    let path = shared.path().to_str().unwrap();
    let (one, other) = (site_at(path), site_at(path));
    for number in 1..=30_u64 {
        std::fs::write(shared.path().join(format!("{number}.json")), report("CUST-1", &[number])).unwrap();
    }
    let start = |site: &Site| site.command().args(HARVEST).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (first, second) = (start(&one), start(&other));
    let taken = |child: std::process::Child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        results(&document).into_iter().filter(|(_, result)| result == "taken").map(|(name, _)| name).collect::<Vec<_>>()
    };
    let mut all = taken(first);
    all.extend(taken(second));
    all.sort();
    let mut expected: Vec<String> = (1..=30).map(|number| format!("{number}.json")).collect();
    expected.sort();
    assert_eq!(all, expected);
    assert_eq!(everything(shared.path()).keys().filter(|name| name.starts_with("done/")).count(), 30);
}

#[test]
fn check_says_what_a_folder_needs() {
    let site = Site::with_registry(&folder_source("in"));
    let found = site.run(&["check"]).expect(3).stdout;
    assert!(found.contains("WRONG source post: the folder"), "{found}");
    assert!(site.run(&["harvest"]).expect(3).stdout.contains("Needs a person: the folder"));
    std::fs::create_dir(site.path().join("in")).unwrap();
    assert!(site.run(&["check"]).expect(3).stdout.contains("no account of it is registered"));
    site.import("accounts", &format!("{ACCOUNTS}halden,post,CUST-1,2010100,login,,,,\n")).expect(0);
    site.write("in/a.json", "x");
    let found = site.run(&["check"]).stdout;
    assert!(found.contains("ok    source post: ") && found.contains("1 accounts, 1 files wait"), "{found}");
    assert_eq!(everything(&site.path().join("in")).len(), 1, "nothing is left behind");
}

/// How a vendor's own table is read, which a spreadsheet has written in Norwegian.
const TABLE: &str = r#"
[source.rows]
format = "csv"
encoding = "windows-1252"
skip = 1
decimal = ","
thousands = "."
date = "%d.%m.%Y"
report = "TR"
[source.fields]
month = "Måned"
title = "Tittel"
[[source.metric]]
name = "Total_Item_Requests"
from = "Utlån"
[[source.metric]]
name = "Total_Item_Investigations"
from = "Oppslag"
[[source.keep]]
from = "Tittel"
is_not = "Sum"
"#;

/// As a spreadsheet saves it.
fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// A table with these rows.
fn table(rows: &str) -> Vec<u8> {
    windows_1252(&format!("Bruk av e-aviser;;;\r\nMåned;Tittel;Utlån;Oppslag\r\n{rows};Sum;;1.241\r\n"))
}

/// The sum of the counts by account, month and metric.
fn sums(site: &Site) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for row in site.export(&["facts"]) {
        *sums.entry(format!("{} {} {}", row["account"], row["month"], row["metric"])).or_default() += row["count"].parse::<u64>().unwrap();
    }
    sums
}

fn expected<const N: usize>(sums: [(&str, u64); N]) -> BTreeMap<String, u64> {
    sums.map(|(name, sum)| (name.to_owned(), sum)).into()
}

/// A site whose folder takes files by this mapping; the accounts are those of the folder.
fn mapped_site(mapping: &str, accounts: &str) -> Site {
    let site = Site::new(&(folder_source("in") + mapping));
    site.write("vendors/kurs.toml", WORKBOOK);
    site.registry();
    site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);
    std::fs::create_dir_all(site.path().join("in")).unwrap();
    site
}

const TWO: &str = "halden,post,CUST-1,2010100,login,,,,\nmarker,post,CUST-2,2011900,login,,,,\n";

#[test]
fn a_vendors_own_table_is_read_by_the_mapping_and_counter_as_ever() {
    let site = mapped_site(TABLE, TWO);
    let rows = "01.10.2024;Ås avis;1.200;3.400,0\r\n15.10.2024;Ås avis;34;66\r\n01.11.2024;Bygdebladet;7;\r\n";
    site.write("in/marker/oktober.csv", table(rows));
    site.write("in/halden.json", report("CUST-1", &[10, 20]));
    // Whose it is, is not said; it is another table; a count is none; it is broken, and a table for nobody else to read.
    site.write("in/hvem.csv", table("01.10.2024;Ås avis;1;1\r\n"));
    site.write("in/marker/annen.csv", "Dato;Antall\r\n01.10.2024;5\r\n");
    site.write("in/marker/minus.csv", table("01.10.2024;Ås avis;1;1\r\n01.10.2024;Bygdebladet;-5;1\r\n"));
    let whole = report("CUST-2", &[5]);
    site.write("in/marker/avbrutt.json", &whole[..whole.len() - 20]);
    site.write("in/marker/counter.csv", "Report_ID,PR\nRelease,5.1\n\nPlatform,Metric_Type,Reporting_Period_Total,Oct-2024\nv,X,2,1.5\n");
    site.write("in/marker/login.csv", "<!doctype html><title>Log in</title>");
    let said = site.run(HARVEST).expect(3).json();
    let taken: Vec<String> = results(&said).into_iter().filter(|(_, result)| result == "taken").map(|(name, _)| name).collect();
    assert_eq!(taken, ["halden.json", "marker/oktober.csv"], "{said}");
    let right = expected([
        ("halden 2024-10 Total_Item_Requests", 10),
        ("halden 2024-11 Total_Item_Requests", 20),
        ("marker 2024-10 Total_Item_Requests", 1234),
        ("marker 2024-10 Total_Item_Investigations", 3466),
        ("marker 2024-11 Total_Item_Requests", 7),
    ]);
    assert_eq!(sums(&site), right);
    site.ok(&["verify"]);
    let rejected = site.path().join("in/rejected");
    let why = |end: &str| {
        let found = std::fs::read_dir(&rejected).unwrap().flatten().map(|entry| entry.path());
        let path = found.into_iter().find(|path| path.to_str().unwrap().ends_with(&format!("-{end}.why.txt")));
        std::fs::read_to_string(path.unwrap_or_else(|| panic!("{end}: {said}"))).unwrap()
    };
    for (end, expected) in [
        ("hvem.csv", "do not say whose they are, and the source has several accounts: halden, marker"),
        ("annen.csv", "no column 'Måned'"),
        ("minus.csv", "line 4: Total_Item_Requests: "),
        ("avbrutt.json", "broken JSON at line 1"),
        ("counter.csv", "1.5"),
        ("login.csv", "not a report, but an HTML page"),
    ] {
        assert!(why(end).contains(expected), "{end}: {}", why(end));
    }
    assert!(why("annen.csv").contains("files of source post has to follow"), "{}", why("annen.csv"));
    // The same file once more; then a corrected one, whose months take the place of what was there.
    site.write("in/marker/igjen.csv", table(rows));
    let said = site.ok(HARVEST).json();
    assert_eq!((&said["files"][0]["result"], &said["files"][0]["name"]), (&json!("known"), &json!("oktober.csv")));
    site.write("in/marker/rettet.csv", table("01.11.2024;Bygdebladet;9;\r\n"));
    assert_eq!(site.ok(HARVEST).json()["files"][0]["months"], json!(1));
    assert_eq!(sums(&site)["marker 2024-11 Total_Item_Requests"], 9);
    assert_eq!(sums(&site)["marker 2024-10 Total_Item_Requests"], 1234);
    site.ok(&["verify"]);
}

#[test]
fn what_another_mapping_made_is_passed_over_until_the_file_is_imported_again() {
    let site = mapped_site(TABLE, TWO);
    let file = site.write("in/marker/a.csv", table("01.10.2024;Ås avis;12;30\r\n"));
    let copy = site.write("kopi.csv", std::fs::read(&file).unwrap());
    let copy = copy.to_str().unwrap();
    // It is looked at as it would be read.
    let said = site.ok(&["--json", "import", "usage", copy, "--source", "post", "--dry-run"]).json();
    let metrics = json!({ "Total_Item_Requests": 12, "Total_Item_Investigations": 30 });
    assert_eq!((&said["report"], &said["metrics"], &said["months"]), (&json!("TR"), &metrics, &json!(["2024-10"])));
    assert!(site.run(&["import", "usage", copy, "--source", "pst", "--dry-run"]).expect(2).stderr.contains("did you mean 'post'"));
    site.run(&["import", "usage", copy, "--dry-run"]).expect(2);
    site.ok(HARVEST);
    let verified = site.ok(&["--json", "verify"]).json();
    assert!(site.ok(&["import", "usage", copy, "--source", "post", "--account", "marker"]).stdout.contains("nothing that was not there"));
    site.move_source("name = \"Total_Item_Requests\"", "name = \"Unique_Item_Requests\"");
    let passed = site.ok(&["--json", "verify"]).json();
    assert!(passed["skipped"].as_u64() > verified["skipped"].as_u64(), "{verified} {passed}");
    assert_eq!(sums(&site)["marker 2024-10 Total_Item_Requests"], 12);
    let refused = site.run(&["import", "usage", copy, "--source", "post"]).expect(2).stderr;
    assert!(refused.contains("several accounts: halden, marker; say whose it is with --account ID"), "{refused}");
    site.ok(&["import", "usage", copy, "--account", "marker"]);
    let right = expected([("marker 2024-10 Unique_Item_Requests", 12), ("marker 2024-10 Total_Item_Investigations", 30)]);
    assert_eq!(sums(&site), right);
    assert_eq!(site.ok(&["--json", "verify"]).json()["skipped"], verified["skipped"]);
}

/// How a vendor's workbook is read; the file is shared with a source that would ask for it.
const WORKBOOK: &str = r#"
[request]
url = "https://courses.example"
[rows]
format = "xlsx"
sheet = "Bruk"
report = "DR"
[fields]
month = "Startet"
database = "Kurs"
address = "IP"
[[metric]]
name = "Unique_Item_Requests"
from = "Antall"
"#;

/// A workbook as the vendor mails it: an account of itself, and rows with dates that are dates.
fn workbook(rows: &[(&str, &str, &str, f64)]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().set_name("Om").unwrap().write(0, 0, "Rapport for bibliotek").unwrap();
    let sheet = book.add_worksheet().set_name("Bruk").unwrap();
    sheet.write_row(0, 0, ["Startet", "Kurs", "IP", "Antall"]).unwrap();
    let date = rust_xlsxwriter::Format::new().set_num_format("dd.mm.yyyy");
    for (row, (day, course, address, count)) in (1..).zip(rows) {
        let day = rust_xlsxwriter::ExcelDateTime::parse_from_str(day).unwrap();
        sheet.write_with_format(row, 0, &day, &date).unwrap();
        sheet.write_row(row, 1, [*course, *address]).unwrap();
        sheet.write(row, 3, *count).unwrap();
    }
    book.save_to_buffer().unwrap()
}

/// A COUNTER report as a workbook.
fn counter_workbook(customer: &str, count: u32) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in [["Report_ID", "PR"], ["Release", "5.1"], ["Customer_ID", customer]].into_iter().enumerate() {
        sheet.write_row(u32::try_from(row).unwrap(), 0, line).unwrap();
    }
    sheet.write_row(4, 0, ["Platform", "Data_Type", "Metric_Type", "Reporting_Period_Total", "Dec-2024"]).unwrap();
    sheet.write_row(5, 0, ["v", "Article", "Total_Item_Requests"]).unwrap();
    sheet.write_row(5, 3, [count, count]).unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_is_the_only_accounts_and_its_addresses_follow_the_claims() {
    let site = mapped_site("manifest = \"vendors/kurs.toml\"\n", "felles,post,CUST,2010100 2011800 vgs-halden,ip,,,,\n");
    let rows = [
        ("2024-10-01", "Norsk", "192.0.2.5", 10.0),
        ("2024-10-31", "Norsk", "192.0.2.5", 4.0),
        ("2024-10-07", "Spansk", "203.0.113.9", 20.0),
        ("2024-11-02", "Norsk", "192.0.2.5", 3.0),
    ];
    site.write("in/bruk.xlsx", workbook(&rows));
    site.write("in/counter.xlsx", counter_workbook("CUST", 77));
    site.write("in/halv.xlsx", workbook(&[("2024-12-01", "Norsk", "192.0.2.5", 1.5)]));
    let half = workbook(&rows);
    site.write("in/avbrutt.xlsx", &half[..half.len() / 2]);
    let said = site.run(HARVEST).expect(3).json();
    let of = ["avbrutt.xlsx", "bruk.xlsx", "counter.xlsx", "halv.xlsx"].map(String::from);
    let became = ["rejected", "taken", "taken", "rejected"].map(String::from);
    assert_eq!(results(&said), of.into_iter().zip(became).collect(), "{said}");
    let right = expected([
        ("felles 2024-10 Unique_Item_Requests", 34),
        ("felles 2024-11 Unique_Item_Requests", 3),
        ("felles 2024-12 Total_Item_Requests", 77),
    ]);
    assert_eq!(sums(&site), right);
    site.ok(&["verify"]);
    // Somebody claims what was nobody's: the archived workbook is read again, by the same mapping.
    let scopes = |site: &Site| -> Vec<String> {
        let facts = site.export(&["facts"]).into_iter();
        facts.filter(|row| row["count"] == "20").map(|row| row["scope"].clone()).collect()
    };
    assert_eq!(scopes(&site), ["addresses nobody's"]);
    site.import("networks", "institution,range\n2011800,203.0.113.0/24\n").expect(0);
    assert_eq!(scopes(&site), ["addresses 203.0.113.0/24"]);
    assert_eq!(sums(&site), right);
    for (kind, text) in site.everything() {
        assert!(!text.contains("203.0.113.9") && !text.contains("192.0.2.5"), "{kind}: {text}");
    }
    site.ok(&["verify"]);
}
