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
