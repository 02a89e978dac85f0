//! Reports that people bring as files.

use serde_json::json;

use crate::support::{ACCOUNTS, Site, bare, source};

/// A PR with this many requests in each month of 2024.
fn report(customer: &str, counts: &[u64]) -> String {
    let months: serde_json::Map<String, serde_json::Value> =
        counts.iter().enumerate().map(|(i, count)| (format!("2024-{:02}", i + 1), json!(count))).collect();
    json!({
        "Report_Header": {
            "Release": "5.1", "Report_ID": "PR", "Report_Name": "Platform Report", "Created": "2025-01-05T00:00:00Z", "Created_By": "v",
            "Institution_Name": "x", "Institution_ID": { "Proprietary": [format!("v:{customer}")] },
            "Report_Filters": { "Begin_Date": "2024-01-01", "End_Date": format!("2024-{:02}-28", counts.len()) }, "Report_Attributes": {},
        },
        "Report_Items": [{ "Platform": "v", "Attribute_Performance": [
            { "Data_Type": "Article", "Access_Method": "Regular", "Performance": { "Total_Item_Requests": months } }] }],
    })
    .to_string()
}

const BIG: &str = "institution,name,kind,municipality,isil,valid_from,valid_to\nstor,Stor,public_library,3101,,,\nliten,Liten,public_library,3124,,,\nmiddels,Middels,public_library,3122,,,\n";

/// 700 000, 450 and 49 550 inhabitants on one network.
fn worked_example() -> Site {
    let site = Site::new(&source("s", "http://127.0.0.1:9", "p", ""));
    let municipalities = crate::support::REGISTRY[0].1;
    site.import("municipalities", municipalities).expect(0);
    site.import("institutions", BIG).expect(0);
    site.import("persons", "subject,date,persons\n3101,2024-01-01,700000\n3124,2024-01-01,450\n3122,2024-01-01,49550\n").expect(0);
    site.import("networks", "institution,range\nstor,192.0.2.0/24\nliten,192.0.2.0/24\nmiddels,192.0.2.0/24\n").expect(0);
    site.import("vendors", "vendor,name\nv,V\n").expect(0);
    site.import("products", "product,name,vendor,headline\np,P,v,PR:Total_Item_Requests\n").expect(0);
    site.import("accounts", &format!("{ACCOUNTS}felles,s,CUST,192.0.2.0/24,ip,,,,\n")).expect(0);
    site
}

fn year(site: &Site, institution: &str) -> u64 {
    site.export(&["statistics", "--institution", institution]).iter().map(|row| row["value"].parse::<u64>().unwrap()).sum()
}

#[test]
fn over_the_year_the_smallest_gets_what_its_weight_says() {
    let site = worked_example();
    let file = site.write("report.json", report("CUST", &[1000; 12]));
    site.ok(&["import", "usage", file.to_str().unwrap()]);
    assert_eq!([year(&site, "stor"), year(&site, "liten"), year(&site, "middels")], [11_200, 7, 793]);
    let rows = site.export(&["statistics"]);
    assert_eq!(rows.len(), 36, "a row also where the value is 0");
    let liten: Vec<&str> = rows.iter().filter(|row| row["institution"] == "liten").map(|row| row["exact"].as_str()).collect();
    assert_eq!(liten, ["0.600000"; 12]);
    for month in 1..=12 {
        let month = format!("2024-{month:02}");
        let sum: u64 = rows.iter().filter(|row| row["month"] == month).map(|row| row["value"].parse::<u64>().unwrap()).sum();
        assert_eq!(sum, 1000);
    }
    let why = site
        .ok(&["--json", "explain", "--institution", "liten", "--product", "p", "--month", "2024-12", "--metric", "Total_Item_Requests"])
        .json();
    let part = &why["parts"][0];
    assert_eq!(
        (why["value"].as_u64(), part["method"].as_str(), part["run_from"].as_str()),
        (part["value"].as_u64(), Some("population"), Some("2024-01"))
    );
    assert_eq!(part["cumulative_after"].as_u64().unwrap() - part["cumulative_before"].as_u64().unwrap(), 1000);
    let weights: Vec<(&str, u64)> =
        part["claimants"].as_array().unwrap().iter().map(|c| (c["institution"].as_str().unwrap(), c["weight"].as_u64().unwrap())).collect();
    assert_eq!(weights.iter().map(|(_, weight)| weight).sum::<u64>(), 750_000);
    assert_eq!(part["reply"].as_str().unwrap().len(), 64);
    let words =
        site.ok(&["explain", "--institution", "liten", "--product", "p", "--month", "2024-12", "--metric", "Total_Item_Requests"]).stdout;
    assert!(words.contains("Liten") && words.contains("450") && words.contains("felles"), "{words}");
    site.ok(&["verify"]);
}

#[test]
fn the_same_file_again_changes_nothing_and_a_corrected_one_makes_revisions() {
    let site = worked_example();
    let file = site.write("report.json", report("CUST", &[1000; 12]));
    site.ok(&["import", "usage", file.to_str().unwrap()]);
    let before = site.everything();
    let again = site.ok(&["import", "usage", file.to_str().unwrap()]).stdout;
    assert!(again.contains("nothing that was not there already"), "{again}");
    assert_eq!(site.everything()["statistics"], before["statistics"]);
    let mut counts = [1000; 12];
    counts[5] = 2000;
    let file = site.write("corrected.json", report("CUST", &counts));
    let done = site.ok(&["--json", "import", "usage", file.to_str().unwrap()]).json();
    assert_eq!(done[0]["changes"], json!([{ "month": "2024-06", "before": 1000, "after": 2000 }]));
    let rows = site.export(&["statistics", "--institution", "stor"]);
    let revision = |month: &str| rows.iter().find(|row| row["month"] == month).unwrap()["revision"].clone();
    assert_eq!((revision("2024-05").as_str(), revision("2024-06").as_str()), ("1", "2"));
    let why = |month| {
        site.ok(&["--json", "explain", "--institution", "stor", "--product", "p", "--month", month, "--metric", "Total_Item_Requests"])
            .json()
    };
    assert_eq!(why("2024-05")["earlier"], json!([]));
    let earlier = &why("2024-06")["earlier"][0];
    assert_eq!((earlier["revision"].as_u64(), earlier["value"].as_u64(), earlier["reason"].as_str()), (Some(1), Some(933), Some("vendor")));
    assert!(earlier["cause"].as_str().unwrap().contains("PR of felles"), "{earlier}");
    site.ok(&["verify"]);
}

#[test]
fn whose_report_it_is_must_be_clear() {
    let site = worked_example();
    let file = site.write("report.json", report("NOBODY", &[10; 3]));
    let path = file.to_str().unwrap();
    let ran = site.run(&["import", "usage", path]).expect(2);
    assert!(ran.stderr.contains("--account") && ran.stderr.contains("report.json"), "{}", ran.stderr);
    let ran = site.run(&["import", "usage", path, "--account", "feles"]).expect(2);
    assert!(ran.stderr.contains("did you mean 'felles'"), "{}", ran.stderr);
    site.run(&["import", "usage", path, "--source", "other", "--account", "felles"]).expect(2);
    assert!(site.export(&["facts"]).is_empty(), "nothing was stored");
    site.ok(&["import", "usage", path, "--source", "s", "--account", "felles"]);
    assert_eq!(site.export(&["facts"]).len(), 3);
    let facts = site.export(&["runs"]);
    assert!(facts.iter().all(|run| run["state"] == "harvested"));
}

#[test]
fn a_dry_run_needs_nothing_and_says_what_it_understood() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = write("good.json", &report("X", &[5, 0, 7]));
    let said = bare(&["import", "usage", &good, "--dry-run", "--json"]).expect(0).json();
    assert_eq!(
        said,
        json!({ "report": "PR", "release": "5.1", "months": ["2024-01", "2024-03"], "records": 2, "sum": 12,
            "metrics": { "Total_Item_Requests": 12 }, "exceptions": [], "notes": [] })
    );
    let exception = write("exception.json", r#"{"Code": 3030, "Message": "No Usage Available", "Data": "x"}"#);
    let said = bare(&["--json", "import", "usage", &exception, "--dry-run"]).expect(0).json();
    assert_eq!((said["exceptions"][0]["code"].as_u64(), said["sum"].as_u64(), said["records"].as_u64()), (Some(3030), Some(0), Some(0)));
    for (name, text) in
        [("page.html", "<!doctype html><title>Log in</title>"), ("cut.json", &report("X", &[5, 6])[..300]), ("other.json", "{\"a\": 1}")]
    {
        let ran = bare(&["--json", "import", "usage", &write(name, text), "--dry-run"]).expect(2);
        assert!(ran.json()["error"].as_str().unwrap().contains(name), "{ran:?}");
    }
    let ran = bare(&["--json", "import", "usage", "/nowhere/at/all.json", "--dry-run"]).expect(2);
    assert!(ran.json()["error"].as_str().unwrap().contains("/nowhere/at/all.json"));
    // An exception alone is understood, and is nothing to import.
    let site = worked_example();
    let ran = site.run(&["import", "usage", &exception, "--account", "felles"]).expect(2);
    assert!(ran.stderr.contains("3030"), "{}", ran.stderr);
}

#[test]
fn a_count_that_a_report_gives_in_two_parts_is_one_count() {
    let site = worked_example();
    let mut report: serde_json::Value = serde_json::from_str(&report("CUST", &[300, 400])).unwrap();
    let again = report["Report_Items"][0].clone();
    report["Report_Items"].as_array_mut().unwrap().push(again);
    let file = site.write("report.json", report.to_string());
    site.ok(&["import", "usage", file.to_str().unwrap()]);
    let counts: Vec<String> = site.export(&["facts"]).iter().map(|fact| fact["count"].clone()).collect();
    assert_eq!(counts, ["600", "800"]);
    site.ok(&["verify"]);
}

/// A PR with one count in October 2024, over these dates.
fn covering(begin: &str, end: &str) -> String {
    let mut report: serde_json::Value = serde_json::from_str(&report("CUST", &[0])).unwrap();
    report["Report_Header"]["Report_Filters"] = json!({ "Begin_Date": begin, "End_Date": end });
    report["Report_Items"][0]["Attribute_Performance"][0]["Performance"]["Total_Item_Requests"] = json!({ "2024-10": 7 });
    report.to_string()
}

#[test]
fn only_months_that_would_be_asked_for_become_a_zero() {
    // It is January 2025, and everything begins with October 2024.
    let whole = ["2024-10 harvested", "2024-11 empty", "2024-12 empty"];
    for (begin, end, valid, expected) in [
        ("2024-01-01", "2025-12-31", ",", &whole[..]),
        ("0001-01-01", "9999-12-31", ",", &whole[..]),
        ("2024-10-01", "2024-11-30", ",", &whole[..2]),
        ("2024-01-01", "2025-12-31", ",2024-12-01", &whole[..2]),
        ("2024-01-01", "2025-12-31", "2024-12-01,", &["2024-10 harvested", "2024-12 empty"]),
        ("2024-12-31", "2024-01-01", ",", &whole[..1]),
    ] {
        let site = worked_example();
        site.import("accounts", &format!("{ACCOUNTS}felles,s,CUST,192.0.2.0/24,ip,,,{valid}\n")).expect(0);
        let file = site.write("report.json", covering(begin, end));
        site.ok(&["import", "usage", file.to_str().unwrap()]);
        let runs: Vec<String> = site.export(&["runs"]).iter().map(|run| format!("{} {}", run["month"], run["state"])).collect();
        assert_eq!(runs, expected, "{begin} to {end}, valid {valid}");
    }
}

#[test]
fn a_report_can_come_through_a_pipe() {
    use std::io::Write as _;
    let site = worked_example();
    let mut command = site.command();
    command.args(["import", "usage", "/dev/stdin"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(report("CUST", &[5, 6]).as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(site.export(&["facts"]).len(), 2);
    site.ok(&["verify"]);
    let ran = site.run(&["import", "usage", "data", "--dry-run"]).expect(2);
    assert!(ran.stderr.contains("data: is a folder"), "{}", ran.stderr);
}
