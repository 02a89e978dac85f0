//! What vendors really do, each with a reply of our own making in `fixtures/` or a simulated vendor that does it, through the real program.
//! docs/formats.md lists them with these tests' names.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

use avling::model::{Month, Release};
use avling::simulator::{AccountPlan, Behaviour, Simulator, VendorPlan};
use serde_json::Value;

use crate::support::{ACCOUNTS, Ran, Row, Scripted, Site, bare, source};

fn path_of(name: &str) -> String {
    format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(path_of(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What `import usage --dry-run` understands of a fixture.
fn understood(name: &str) -> Value {
    bare(&["--json", "import", "usage", &path_of(name), "--dry-run"]).expect(0).json()
}

fn refused(name: &str) -> String {
    bare(&["--json", "import", "usage", &path_of(name), "--dry-run"]).expect(2).json()["error"].as_str().unwrap().to_owned()
}

fn notes(document: &Value) -> String {
    document["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

fn codes(document: &Value) -> Vec<u64> {
    document["exceptions"].as_array().unwrap().iter().map(|exception| exception["code"].as_u64().unwrap()).collect()
}

/// A site whose only account is harvested from October to December 2024 from a vendor that gives these answers.
fn harvest(answers: Vec<(&'static str, String)>, more: &str) -> (Site, Ran) {
    let vendor = Scripted::start(answers);
    let site = Site::with_registry(&source("s", &vendor.url, "film", more));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
    let ran = site.run(&["--json", "harvest"]);
    (site, ran)
}

fn states(site: &Site) -> Vec<String> {
    site.export(&["runs"]).into_iter().map(|run| format!("{} {}", run["month"], run["state"])).collect()
}

fn of_all(state: &str) -> Vec<String> {
    ["2024-10", "2024-11", "2024-12"].map(|month| format!("{month} {state}")).to_vec()
}

fn reasons(site: &Site) -> String {
    site.export(&["runs"]).into_iter().map(|run| run["reason"].clone()).collect::<Vec<_>>().join("\n")
}

fn sums(site: &Site) -> Vec<u64> {
    let mut rows: Vec<Row> = site.export(&["facts"]);
    rows.sort_by(|a, b| a["month"].cmp(&b["month"]));
    rows.iter().map(|row| row["count"].parse().unwrap()).collect()
}

#[test]
fn a_wrapped_report_is_unwrapped_and_a_wrapped_error_is_one() {
    let report = understood("http/wrapped_report.json");
    assert_eq!((report["report"].as_str(), report["sum"].as_u64()), (Some("PR"), Some(24)));
    assert!(notes(&report).contains("wrapped"));
    assert_eq!(codes(&understood("http/wrapped_error.json")), [1001]);
    let (site, _) = harvest(vec![("200 OK", fixture("http/wrapped_error.json"))], "");
    assert_eq!(states(&site), of_all("failing"));
    assert!(reasons(&site).contains("1001 The report generator is out of order"), "{}", reasons(&site));
}

#[test]
fn a_naked_exception_is_no_empty_report() {
    assert_eq!(codes(&understood("http/naked_exception.json")), [3030]);
    assert_eq!(codes(&understood("http/list_of_exceptions.json")), [3030, 3062]);
    // October ended more than 60 days ago: a zero in words. The others may not be ready.
    let (site, ran) = harvest(vec![("200 OK", fixture("http/list_of_exceptions.json"))], "");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(states(&site), ["2024-10 empty", "2024-11 waiting", "2024-12 waiting"]);
    assert_eq!(site.export(&["runs"])[0]["unconfirmed"], "");
}

#[test]
fn exceptions_are_read_wherever_they_are_and_the_gravest_decides() {
    let mut found = codes(&understood("http/exceptions_everywhere.json"));
    found.sort_unstable();
    assert_eq!(found, [42, 3040, 3050, 3062]);
    let (site, _) = harvest(vec![("200 OK", fixture("http/exceptions_everywhere.json"))], "");
    assert_eq!(states(&site), of_all("harvested"));
    assert!(site.export(&["runs"]).iter().all(|run| run["partial"] == "yes"));
    let (site, _) = harvest(vec![("200 OK", fixture("http/gravest_of_two.json"))], "");
    assert_eq!(states(&site), of_all("failing"));
    assert!(sums(&site).is_empty() && reasons(&site).contains("credentials"), "{}", reasons(&site));
}

#[test]
fn json_in_a_json_string_is_decoded_twice() {
    let report = understood("http/json_in_a_string.json");
    assert_eq!(report["sum"], 24);
    assert!(notes(&report).contains("text that holds JSON"));
}

#[test]
fn a_header_at_the_root_late_or_missing_is_taken_and_noted() {
    for (name, expected) in [
        ("http/header_at_the_root.json", "fields of the header at the root"),
        ("http/items_without_header.json", "no Report_Header"),
        ("http/items_before_header.json", ""),
    ] {
        let report = understood(name);
        assert_eq!(report["sum"], 24, "{name}");
        assert!(notes(&report).contains(expected), "{name}: {report}");
        let (site, _) = harvest(vec![("200 OK", fixture(name))], "");
        assert_eq!((states(&site), sums(&site)), (of_all("harvested"), vec![7, 8, 9]), "{name}");
    }
}

#[test]
fn severity_decides_nothing() {
    let (site, ran) = harvest(vec![("200 OK", fixture("http/severities_that_mean_nothing.json"))], "");
    assert_eq!((ran.status, states(&site)), (Some(0), of_all("harvested")));
}

#[test]
fn codes_that_nobody_knows_are_errors_above_999_and_warnings_below() {
    let (site, ran) = harvest(vec![("200 OK", fixture("http/unknown_code.json"))], "");
    assert_eq!((ran.status, states(&site)), (Some(3), of_all("failing")));
    assert!(reasons(&site).contains("Customer portal migration"), "{}", reasons(&site));
    let (site, ran) = harvest(vec![("200 OK", fixture("http/code_999_with_a_report.json"))], "");
    assert_eq!((ran.status, states(&site), sums(&site)), (Some(0), of_all("harvested"), vec![7, 8, 9]));
    let (site, _) = harvest(vec![("200 OK", fixture("http/queued_in_words.json"))], "");
    assert_eq!(states(&site), of_all("waiting"));
}

#[test]
fn the_code_decides_whatever_the_status_and_a_page_is_no_report() {
    let (site, _) = harvest(vec![("404 Not Found", fixture("http/code_3031_for_another_release.json"))], "");
    assert_eq!(states(&site), ["2024-10 failing", "2024-11 waiting", "2024-12 waiting"]);
    assert!(!reasons(&site).contains("at this address"), "{}", reasons(&site));
    let (site, ran) = harvest(vec![("202 Accepted", String::new())], "");
    assert_eq!((ran.status, states(&site)), (Some(0), of_all("waiting")));
    let (site, _) = harvest(vec![("200 OK", fixture("http/login_page.html"))], "");
    assert_eq!(states(&site), of_all("failing"));
    assert!(reasons(&site).contains("an HTML page") && reasons(&site).contains("Sign in"), "{}", reasons(&site));
    let (site, _) = harvest(vec![("200 OK", fixture("http/report_after_a_byte_order_mark.json"))], "");
    assert_eq!((states(&site), sums(&site)), (of_all("harvested"), vec![7, 8, 9]));
}

/// Two releases of one vendor, of which the newer has December only.
async fn two_releases(behaviour: Behaviour, backfill_from: &str) -> (Simulator, Site) {
    let first_month = "2024-12".parse().unwrap();
    let new = VendorPlan { first_month, ..VendorPlan::new("new", Release::R51, vec![AccountPlan::new("A", 5000)]) }.behaving(behaviour);
    let old = VendorPlan::new("old", Release::R5, vec![AccountPlan::new("A", 5000)]);
    let simulator = Simulator::start(vec![new, old], "2025-01-20".parse().unwrap()).await.unwrap();
    let fallback = format!("fallback = {{ release = \"5\", url = \"{}\" }}", simulator.url("old"));
    let site = Site::with_registry(&source("s", &simulator.url("new"), "film", &fallback));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
    site.run(&["harvest", "--from", backfill_from]).expect(0);
    (simulator, site)
}

fn asked_months(simulator: &Simulator, vendor: &str) -> Vec<String> {
    let seen = simulator.requests(vendor).into_iter().filter(|seen| !seen.report.is_empty());
    seen.map(|seen| format!("{} {}", seen.begin, seen.end)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_means_the_other_release_leads_there() {
    for code in [3030, 3031, 3032] {
        let (simulator, site) = two_releases(Behaviour::WrongCodeForOldMonths(code), "2024-10").await;
        assert_eq!(states(&site), of_all("harvested"), "{code}");
        assert_eq!(asked_months(&simulator, "new"), ["2024-10 2024-12"], "{code}");
        assert_eq!(asked_months(&simulator, "old"), ["2024-10 2024-11"], "{code}");
        let releases: std::collections::BTreeSet<String> =
            site.export(&["facts"]).iter().map(|row| format!("{} {}", row["month"], row["release"])).collect();
        assert_eq!(releases.into_iter().collect::<Vec<_>>(), ["2024-10 5", "2024-11 5", "2024-12 5.1"], "{code}");
    }
}

#[test]
fn an_old_release_that_is_switched_off_is_no_failure_of_the_new_one() {
    let old = Scripted::start(vec![("404 Not Found", "<html>gone</html>".to_owned())]);
    let fallback = format!("fallback = {{ release = \"5\", url = \"{}\" }}", old.url.replace("/r51", "/r5"));
    let (site, ran) = harvest(vec![("200 OK", fixture("http/code_3031_for_another_release.json"))], &fallback);
    assert_eq!(old.asked(), 1);
    // As the new release says: October should be there, the others may come.
    assert_eq!((ran.status, states(&site)), (Some(3), vec!["2024-10 failing".into(), "2024-11 waiting".into(), "2024-12 waiting".into()]));
    assert!(!reasons(&site).contains("404") && ran.stdout.contains("the other release was asked too, in vain"), "{ran:?}");
}

#[test]
fn no_usage_of_a_young_month_is_asked_for_again() {
    let (mut site, _) = harvest(vec![("200 OK", fixture("http/naked_exception.json"))], "");
    assert_eq!(states(&site), ["2024-10 empty", "2024-11 waiting", "2024-12 waiting"]);
    site.at("2025-03-15T03:30:00Z");
    site.run(&["harvest", "--to", "2024-12"]).expect(0);
    assert_eq!(states(&site), of_all("empty"));
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_are_written_as_the_vendor_wants_them() {
    let plan = VendorPlan::new("v", Release::R51, vec![AccountPlan::new("A", 5000)]).behaving(Behaviour::WantsWholeDates);
    let simulator = Simulator::start(vec![plan], "2025-01-20".parse().unwrap()).await.unwrap();
    let sources =
        source("wrong", &simulator.url("v"), "film", "") + &source("right", &simulator.url("v"), "film", "date_format = \"YYYY-MM-DD\"");
    let site = Site::with_registry(&sources);
    site.import("accounts", &format!("{ACCOUNTS}w,wrong,A,2010100,login,,,,\nr,right,A,2010100,login,,,,\n")).expect(0);
    site.run(&["harvest"]).expect(3);
    for run in site.export(&["runs"]) {
        let expected = if run["source"] == "right" { "harvested" } else { "failing" };
        assert_eq!(run["state"], expected, "{run:?}");
    }
    assert!(reasons(&site).contains("date_format"), "{}", reasons(&site));
    // The same from a file: one day is not three months.
    let (site, _) = harvest(vec![("200 OK", fixture("http/first_day_only.json"))], "");
    assert_eq!(states(&site), of_all("failing"));
}

#[test]
fn months_that_nobody_asked_for_are_left_out() {
    let (site, ran) = harvest(vec![("200 OK", fixture("http/months_that_nobody_asked_for.json"))], "");
    assert_eq!((states(&site), sums(&site)), (of_all("harvested"), vec![7, 8, 9]));
    assert!(ran.stdout.contains("left out, because they were not asked for: 2024-09"), "{}", ran.stdout);
    // A file that people bring was not asked for by months.
    assert_eq!(understood("http/months_that_nobody_asked_for.json")["sum"], 1024);
}

/// A vendor that remembers the heads of all requests, and answers by them.
struct Vendor {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Vendor {
    fn start(answer: impl Fn(&str) -> (&'static str, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let (status, body) = answer(&head);
                kept.lock().unwrap().push(head);
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { url, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

#[test]
fn a_dialect_says_what_is_sent_otherwise() {
    let vendor = Vendor::start(|_| ("200 OK", fixture("http/wrapped_report.json")));
    let dialect = r#"
        date_format = "YYYY-MM-DD"
        [source.dialect]
        parameters = { platform = "AB C" }
        report_parameters = { granularity = "Month" }
        headers = { X-API-Key = "{api_key}" }
        names = { begin_date = "from", end_date = "until" }
        leave_out = ["requestor_id"]
        list_separator = ","
        "#;
    let url = format!("{}/customers/{{customer_id}}/r51", vendor.url);
    let site = Site::with_registry(&source("s", &url, "film", dialect).replace("\"PR\"", "\"PR\", \"TR\""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A/1,2010100,login,req-secret-1,key-secret-1,,\n")).expect(0);
    site.run(&["harvest"]).expect(3);
    assert_eq!(states(&site).iter().filter(|state| state.ends_with("harvested")).count(), 3, "the PR is right: {}", reasons(&site));
    let heads = vendor.heads();
    let platform = heads.iter().find(|head| head.contains("/reports/pr?")).unwrap();
    assert!(
        platform.starts_with(
            "GET /customers/A%2F1/r51/reports/pr?from=2024-10-01&until=2024-12-31&attributes_to_show=Access_Method&platform=AB+C&granularity=Month HTTP/1.1"
        ),
        "{platform}"
    );
    assert!(platform.to_ascii_lowercase().contains("x-api-key: key-secret-1\r\n"), "{platform}");
    let title = heads.iter().find(|head| head.contains("/reports/tr?")).unwrap();
    assert!(title.contains("attributes_to_show=YOP%2CAccess_Type%2CAccess_Method"), "{title}");
    assert!(heads.iter().all(|head| !head.contains("req-secret") && !head.contains("customer_id")), "{heads:?}");
    // What is in a header is as secret as what is in the query.
    let mut folders = vec![site.path().join("data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let bytes = if path.extension().is_some_and(|e| e == "zst") { zstd::decode_all(&bytes[..]).unwrap() } else { bytes };
            let has = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!has(b"key-secret-1") && !has(b"req-secret-1"), "a secret stands in {}", path.display());
        }
    }
    // The status is public, and asked for without what is secret.
    let checked = site.run(&["check", "--online"]);
    let status = vendor.heads().into_iter().find(|head| head.contains("/r51/status")).unwrap_or_else(|| panic!("{checked:?}"));
    assert!(status.starts_with("GET /customers/A%2F1/r51/status?platform=AB+C HTTP/1.1") && !status.contains("key-secret"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn vendors_that_want_more_than_the_specification_get_it() {
    let account = || vec![AccountPlan { api_key: Some("the-key".into()), ..AccountPlan::new("A", 5000) }];
    let agent = "user_agent = \"Mozilla/5.0 (library statistics)\"";
    for (behaviour, setting, reason) in [
        (Behaviour::WantsPlatform("v".into()), "[source.dialect]\nparameters = { platform = \"v\" }", "platform is missing"),
        (Behaviour::WantsPlatform("v".into()), "[source.dialect]\nreport_parameters = { platform = \"v\" }", "platform is missing"),
        (Behaviour::WantsKeyInHeader("x-key".into()), "[source.dialect]\nheaders = { X-Key = \"{api_key}\" }", "credentials"),
        (Behaviour::RefusesOurName, agent, "403"),
    ] {
        let plan = VendorPlan::new("v", Release::R51, account()).behaving(behaviour.clone());
        let simulator = Simulator::start(vec![plan], "2025-01-20".parse().unwrap()).await.unwrap();
        for (more, state, status) in [("", "failing", 3), (setting, "harvested", 0)] {
            let site = Site::with_registry(&source("s", &simulator.url("v"), "film", more));
            site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,the-key,,\n")).expect(0);
            site.run(&["harvest"]).expect(status);
            assert_eq!(states(&site), of_all(state), "{behaviour:?} {more}");
            assert!(state == "harvested" || reasons(&site).contains(reason), "{behaviour:?}: {}", reasons(&site));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrapping_and_quoting_change_no_figure() {
    for release in [Release::R5, Release::R51] {
        let plan = VendorPlan::new("v", release, vec![AccountPlan::new("A", 5000)]);
        let simulator = Simulator::start(vec![plan], "2025-01-20".parse().unwrap()).await.unwrap();
        let url = simulator.url("v");
        let mut all = Vec::new();
        for behaviour in [Behaviour::Normal, Behaviour::Wrapped, Behaviour::Quoted] {
            simulator.set_behaviour("v", behaviour);
            let text = source("s", &url, "film", "").replace("release = \"5.1\"", &format!("release = \"{release}\""));
            let site = Site::with_registry(&text);
            site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
            site.ok(&["harvest"]);
            all.push(sums(&site));
        }
        assert!(!all[0].is_empty() && all[0] == all[1] && all[0] == all[2], "{release}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_too_much_at_its_end_is_made_right_and_shown() {
    let simulator =
        Simulator::start(vec![VendorPlan::new("v", Release::R51, vec![AccountPlan::new("A", 5000)])], "2025-01-20".parse().unwrap())
            .await
            .unwrap();
    for end in ["/reports", "/status/", "//", "/members", "/"] {
        let url = format!("{}{end}", simulator.url("v"));
        let site = Site::with_registry(&source("s", &url, "film", ""));
        site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
        site.ok(&["harvest"]);
        assert_eq!(states(&site), of_all("harvested"), "{end}");
        let shown = site.run(&["check"]).stdout;
        let told = shown.contains(&format!("its url is used as {}", simulator.url("v")));
        assert!(told || end == "/" || end == "//", "{end}: {shown}");
    }
}

#[test]
fn the_list_of_reports_bounds_what_is_asked() {
    let list = fixture("http/reports_in_lower_case.json");
    let vendor = Vendor::start(move |head| {
        if head.contains("/reports?") {
            return ("200 OK", list.clone());
        }
        let report = fixture("http/wrapped_report.json").replace("2024-10-01", "2024-07-01").replace("2024-12-31", "2024-11-30");
        ("200 OK", report.replace("2024-12", "2024-09"))
    });
    let site = Site::with_registry(&source("s", &vendor.url, "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
    site.run(&["harvest", "--from", "2024-04"]).expect(0);
    let asked: Vec<String> = vendor.heads().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[1].contains("begin_date=2024-07&end_date=2024-11"), "{asked:?}");
    assert_eq!(
        states(&site),
        [
            "2024-04 gone",
            "2024-05 gone",
            "2024-06 gone",
            "2024-07 empty",
            "2024-08 empty",
            "2024-09 harvested",
            "2024-10 harvested",
            "2024-11 harvested",
            "2024-12 waiting"
        ]
    );
    for expected in ["the vendor's list of reports begins with 2024-07", "the vendor's list of reports ends with 2024-11"] {
        assert!(reasons(&site).contains(expected), "{}", reasons(&site));
    }
    // Whoever asks again for a range is asked for whatever the list says.
    site.run(&["reharvest", "--from", "2024-04", "--to", "2024-12"]);
    assert!(vendor.heads()[2].contains("begin_date=2024-04&end_date=2024-12"), "{:?}", vendor.heads());
}

#[tokio::test(flavor = "multi_thread")]
async fn months_before_the_first_are_asked_for_in_the_other_release_at_once() {
    let (simulator, site) = two_releases(Behaviour::Normal, "2024-06").await;
    assert_eq!(asked_months(&simulator, "new"), ["2024-12 2024-12"]);
    assert_eq!(asked_months(&simulator, "old"), ["2024-06 2024-11"]);
    assert!(states(&site).iter().all(|state| state.ends_with("harvested")), "{:?}", states(&site));
    let month: Month = "2024-06".parse().unwrap();
    let book: u64 = simulator.book("old", "A", "PR", month).values().sum();
    let facts: u64 =
        site.export(&["facts", "--from", "2024-06", "--to", "2024-06"]).iter().map(|row| row["count"].parse::<u64>().unwrap()).sum();
    assert_eq!(facts, book);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_the_list_does_not_have_either_is_not_asked_for_account_by_account() {
    let accounts = ["A", "B", "C"].map(|id| AccountPlan::new(id, 5000)).to_vec();
    let plan = VendorPlan { reports: vec!["PR"], ..VendorPlan::new("v", Release::R51, accounts) };
    let simulator = Simulator::start(vec![plan], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source("s", &simulator.url("v"), "film", "").replace("\"PR\"", "\"PR\", \"TR\""));
    let rows = ["A", "B", "C"].map(|id| format!("{id},s,{id},2010100,login,,,,\n")).concat();
    site.import("accounts", &format!("{ACCOUNTS}{rows}")).expect(0);
    site.run(&["harvest"]).expect(3);
    let asked: Vec<String> = simulator.requests("v").into_iter().map(|seen| seen.report).collect();
    assert_eq!(asked.iter().filter(|report| *report == "TR").count(), 1, "{asked:?}");
    assert_eq!(asked.iter().filter(|report| *report == "PR").count(), 3, "{asked:?}");
    for run in site.export(&["runs"]) {
        assert_eq!(run["state"], if run["report"] == "PR" { "harvested" } else { "failing" }, "{run:?}");
        assert!(run["report"] == "PR" || run["reason"].contains("its list of reports does not have it either"), "{run:?}");
    }
}

#[test]
fn identifiers_are_taken_in_every_form() {
    let report = understood("counter/5/item_ids_of_all_kinds.json");
    assert_eq!((report["records"].as_u64(), report["sum"].as_u64()), (Some(6), Some(63)));
    assert!(notes(&report).contains("Item_ID is null"));
    assert_eq!(understood("counter/5/database_with_a_uri.json")["sum"], 3);
    let facts = imported("counter/5/item_ids_of_all_kinds.json");
    let of = |title: &str| facts.iter().find(|fact| fact["title"] == title).unwrap().values().cloned().collect::<Vec<_>>().join("|");
    for (title, id) in [
        ("Object", "2049-3630"),
        ("Unknown type", "A 12"),
        ("Unknown type", "https://example.org/t"),
        ("Proprietary", "v:1"),
        ("Proprietary_ID", "v:2"),
    ] {
        assert!(of(title).contains(id), "{title}: {}", of(title));
    }
}

/// The facts of a fixture that was imported.
fn imported(name: &str) -> Vec<Row> {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9/r5", "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
    site.ok(&["import", "usage", &path_of(name), "--source", "s", "--account", "a"]);
    site.export(&["facts"])
}

#[test]
fn an_item_without_counts_is_noted_and_a_bad_row_refuses_with_its_place() {
    let report = understood("counter/5/item_without_performance.json");
    assert_eq!(report["sum"], 11);
    assert!(notes(&report).contains("items without counts (item 2 'Not counted')"));
    let why = refused("counter/5/bad_row_among_good.json");
    assert!(why.contains("item 2 'Bad', Total_Item_Requests, 2024-01") && why.contains("-4"), "{why}");
}

#[test]
fn a_parents_counts_are_not_its_items() {
    let report = understood("counter/5/parents_as_a_list.json");
    assert_eq!(report["sum"], 7);
    assert!(notes(&report).contains("Item_Parent is a list") && notes(&report).contains("counts of a parent"));
}

#[test]
fn the_same_metric_and_month_twice_are_added() {
    let report = understood("counter/5.1/same_attributes_twice.json");
    assert_eq!((report["records"].as_u64(), report["sum"].as_u64()), (Some(2), Some(12)));
    assert!(notes(&report).contains("more than once"));
}

#[test]
fn nulls_unknown_metrics_and_odd_releases_are_taken_and_noted() {
    let report = understood("counter/5/nulls_and_an_unknown_metric.json");
    assert_eq!((report["release"].as_str(), report["sum"].as_u64()), (Some("5"), Some(7)));
    assert_eq!(report["metrics"]["Total_Item_Downloads"], 4);
    for expected in ["Title is null", "Platform is null", "Publisher is null", "unknown Metric_Type", "Release is not written"] {
        assert!(notes(&report).contains(expected), "{expected}: {report}");
    }
    assert_eq!(understood("counter/5/release_5.0_and_numbers_as_written.json")["release"], "5");
}

#[test]
fn numbers_of_titles_are_brought_to_their_usual_form() {
    let facts = imported("counter/5/release_5.0_and_numbers_as_written.json");
    let of = |title: &str| facts.iter().find(|fact| fact["title"] == title).unwrap().values().cloned().collect::<Vec<_>>().join("|");
    for (title, ids) in [
        ("ISSN", &["2049-3630", "2434-561X"][..]),
        ("Lost zeros", &["0028-0836"]),
        ("Books", &["9780306406157"]),
        ("More books", &["9788202297718"]),
    ] {
        assert!(ids.iter().all(|id| of(title).contains(id)), "{title}: {}", of(title));
    }
}

#[test]
fn one_releases_spelling_under_the_others_name_is_read_as_what_it_is() {
    let report = understood("counter/5/spelt_as_5.1.json");
    assert_eq!((report["release"].as_str(), report["sum"].as_u64()), (Some("5"), Some(11)));
    let report = understood("counter/5.1/spelt_as_5.json");
    assert_eq!((report["release"].as_str(), report["sum"].as_u64()), (Some("5.1"), Some(5)));
}

#[test]
fn items_with_a_parents_identifier_in_common_are_not_one() {
    let report = understood("counter/5/identifiers_at_two_levels.json");
    assert_eq!((report["records"].as_u64(), report["sum"].as_u64()), (Some(3), Some(7)));
    let facts = imported("counter/5/identifiers_at_two_levels.json");
    let mut items: Vec<String> = facts.iter().map(|fact| format!("{} {}", fact["item"], fact["count"])).collect();
    items.sort();
    assert_eq!(items, ["a 1", "b 2", "c 4"]);
}

#[test]
fn months_are_the_same_west_of_utc() {
    let document = |zone: &str| {
        let output = std::process::Command::new(crate::support::PROGRAM)
            .env_clear()
            .env("TZ", zone)
            .args(["--json", "import", "usage", &path_of("counter/5/last_second_of_the_month.json"), "--dry-run"])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let west = document("America/Los_Angeles");
    assert!(west.contains("\"months\":[\"2024-01\"]") && west.contains("\"sum\":9"), "{west}");
    assert_eq!(west, document("Pacific/Kiritimati"));
}

#[test]
fn years_of_publication_are_kept() {
    assert!(imported("counter/5/item_ids_of_all_kinds.json").iter().all(|fact| fact["yop"] == "2020"));
}

#[test]
fn a_second_harvest_takes_away_what_has_vanished_and_keeps_both_replies() {
    let fewer = fixture("http/wrapped_report.json").replace("\"2024-11\": 8,", "");
    let fewer = if fewer.contains("\"2024-11\": 8") { panic!("{fewer}") } else { fewer };
    let two = fixture("http/wrapped_report.json").replace("\"P\"", "\"Q\"").replace(": 7", ": 70");
    let (site, _) = harvest(vec![("200 OK", fixture("http/wrapped_report.json")), ("200 OK", two), ("200 OK", fewer)], "");
    assert_eq!(sums(&site), [7, 8, 9]);
    let changed = site.ok(&["reharvest", "--from", "2024-10", "--to", "2024-12"]).stdout;
    assert!(changed.contains("a PR 2024-10: 7 -> 70"), "{changed}");
    assert_eq!(sums(&site), [70, 8, 9]);
    assert!(site.export(&["facts"]).iter().all(|fact| fact["platform"] == "Q"), "nothing of the first is left");
    site.ok(&["reharvest", "--from", "2024-10", "--to", "2024-12"]);
    assert_eq!(sums(&site), [7, 8, 9], "a month that came before stays if it does not come again");
    let replies = std::fs::read_dir(site.path().join("data/archive/replies")).unwrap().count();
    assert_eq!(replies, 3, "every reply is kept");
    site.ok(&["verify"]);
}

/// Every `module::test` of the tables of docs/formats.md is there.
#[test]
fn the_table_in_the_documentation_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/formats.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with("JSON over HTTP")).expect("a section JSON over HTTP");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).collect();
    assert!(rows.len() > 30, "{} rows", rows.len());
    let mut sources = String::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                sources.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut named = 0;
    for row in rows.iter().filter(|row| !row.contains("| test")) {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let tests: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test is named in: {row}");
        for test in tests {
            let name = test.rsplit("::").next().unwrap();
            // Some are made by a macro that takes their names.
            let there = sources.contains(&format!("fn {name}(")) || sources.contains(&format!("\n    {name}: Behaviour::"));
            assert!(there, "{test} is nowhere, and named in: {row}");
            named += 1;
        }
    }
    assert!(named > 40, "{named}");
}
