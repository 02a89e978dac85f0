//! `avling source`: trying out, and writing manifests.

use std::io::Write as _;
use std::process::Stdio;

use super::server::{self, ASCII_KEY, Request, Response, Server, USER, book};
use super::vendors;
use crate::support::{ACCOUNTS, Ran, Site, bare};

fn with_input(site: &Site, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child =
        site.command().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn tested(site: &Site, arguments: &[&str]) -> Ran {
    let output = site.command().args(arguments).env("AVLING_API_KEY", ASCII_KEY).env("AVLING_REQUESTOR_ID", USER).output().unwrap();
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn a_manifest_is_tried_out_without_a_store() {
    let server = Server::start(server::newspapers);
    let site = Site::new("");
    let file = vendors().join("newspapers-by-ip.toml");
    let arguments = ["source", "test", file.to_str().unwrap(), "--url", &server.url, "--customer-id", "C 1", "--month", "2024-11"];
    let ran = tested(&site, &arguments).expect(0);
    assert!(!site.database().exists(), "nothing is stored");
    let rows = book("newspapers-by-ip", "2024-11");
    assert!(ran.stdout.contains(&format!("Understood: {} rows, 0 of them left out by keep, 0 wrong", rows.len())), "{}", ran.stdout);
    assert!(ran.stdout.contains("Not read: reader_age") && ran.stdout.contains("an address (hidden)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("page 2: ") && ran.stdout.contains("(address)"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("192.0.2.") && !ran.stdout.contains(ASCII_KEY) && !ran.stderr.contains(ASCII_KEY), "{ran:?}");
    let json = tested(&site, &[&["--json"], &arguments[..]].concat()).expect(0).json();
    assert_eq!((json["understood"]["rows"].as_u64(), json["status"].as_u64()), (Some(rows.len() as u64), Some(200)));
    let sum: u64 = rows.iter().map(|line| line.count).sum();
    let sums = json["understood"]["sums"].as_array().unwrap();
    assert!(sums.iter().any(|known| known["metric"] == "Total_Item_Requests" && known["sum"] == sum), "{sums:?}");
    assert!(!json.to_string().contains("192.0.2."));
    // Nobody's credentials.
    let refused = site.run(&arguments).expect(1);
    assert!(refused.stderr.contains("has no api_key, which auth of its source needs"), "{refused:?}");
}

#[test]
fn a_source_is_tried_out_as_an_account_and_from_a_file() {
    let server = Server::start(|_: &Request| Response::new(200, "text/csv", "day;n\n2024-12-01;4\n2024-12-02;x\n192.0.2.9;1\n"));
    let sections = "[source.request]\nquery = { m = \"{month}\" }\n[source.rows]\nformat = \"csv\"\n[source.fields]\nmonth = \"day\"\n\
                    [[source.metric]]\nname = \"Total_Item_Requests\"\nfrom = \"n\"\n";
    let site = Site::with_registry(&format!(
        "[[source]]\nid = \"s\"\nkind = \"manifest\"\nurl = \"{}\"\nproduct = \"avis\"\n{sections}",
        server.url
    ));
    site.import("accounts", &format!("{ACCOUNTS}a,s,C1,*,ip,,,,\n")).expect(0);
    let ran = site.run(&["source", "test", "avling.toml", "--account", "a"]).expect(3);
    for expected in [
        "line 2: 2024-12",
        "line 3: WRONG: Total_Item_Requests: is not a whole number",
        "line 4: WRONG: month:",
        "3 rows, 0 of them left out by keep, 2 wrong",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("192.0.2"), "{}", ran.stdout);
    assert!(
        site.run(&["check", "--online"]).expect(3).stdout.contains("2 of 3 rows are wrong, the first: line 3"),
        "the same is told by check"
    );
    let file = site.write("reply.csv", "day;n\n2024-11-01;4\n");
    let before = server.seen().len();
    let ran = site.ok(&["source", "test", "avling.toml", "--reply", file.to_str().unwrap()]);
    assert!(ran.stdout.contains("Sum of 2024-11: Total_Item_Requests 4"), "{}", ran.stdout);
    assert_eq!(server.seen().len(), before, "nothing is sent");
}

#[test]
fn answers_become_a_manifest_that_works() {
    let server = Server::start(|request: &Request| {
        assert_eq!((request.path.as_str(), request.header("authorization")), ("/v1/C1/use", format!("Bearer {ASCII_KEY}").as_str()));
        Response::new(200, "text/csv", format!("Dato;Tittel;Antall\n05.{}.{};A;3\n", &request.of("m")[5..], &request.of("m")[..4]))
    });
    let site = Site::with_registry("");
    // Whose, address, path, per, packed, parameters, headers, auth, secret, pages, format, letters, report, dates, decimals, fields …
    let answers = [
        "An example",
        &server.url,
        "/v1/{customer_id}/use",
        "month",
        "no",
        "m = {month}",
        "",
        "accept = text/csv",
        "",
        "bearer",
        "api_key",
        "no",
        "odd",
        "csv",
        "utf-8",
        "TR",
        "%d.%m.%Y",
        ".",
        "Dato",
        "Tittel",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "Total_Item_Requests",
        "Antall",
        "",
    ];
    let (status, out, said) = with_input(&site, &["source", "new", "made.toml"], &answers.map(|answer| format!("{answer}\n")).concat());
    assert_eq!(status, Some(0), "{out}\n{said}");
    assert!(said.contains("is none of json, json_lines, csv"), "a slip is asked again: {said}");
    let settings = std::fs::read_to_string(site.path().join("avling.toml")).unwrap();
    site.write(
        "avling.toml",
        format!("{settings}\n[[source]]\nid = \"made\"\nkind = \"manifest\"\nmanifest = \"made.toml\"\nproduct = \"avis\"\n"),
    );
    site.import("accounts", &format!("{ACCOUNTS}a,made,C1,*,ip,,{ASCII_KEY},,\n")).expect(0);
    site.ok(&["check", "--online"]);
    site.ok(&["harvest"]);
    assert_eq!(site.export(&["facts"]).len(), 3);
    // What is there stays, and answers that make no manifest leave nothing.
    let (status, _, said) = with_input(&site, &["source", "new", "made.toml"], "");
    assert!(status == Some(2) && said.contains("is there already"), "{said}");
    let (status, _, said) = with_input(&site, &["source", "new", "other.toml"], "x\n");
    assert!(status == Some(2) && said.contains("an answer is needed") && !site.path().join("other.toml").exists(), "{said}");
}

#[test]
fn a_manifest_that_is_wrong_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    std::fs::write(&file, "[request]\nurl = \"https://example.org\"\npth = \"/x\"\n[rows]\nformat = \"jsn\"\n").unwrap();
    let said = bare(&["source", "test", file.to_str().unwrap()]).expect(2).stderr;
    assert!(said.contains("x.toml:5:1") && said.contains("did you mean 'json'?"), "{said}");
}
