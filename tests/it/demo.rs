//! The demonstration: whole, and killed at any moment.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{PROGRAM, rows};

fn demo(dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args(["--json", "demo", "--dir"]).arg(dir);
    command
}

fn run(dir: &Path, arguments: &[&str]) -> String {
    let config = dir.join("avling.toml");
    let output = Command::new(PROGRAM)
        .env_clear()
        .env("AVLING_NOW", "2025-02-20T03:30:00Z")
        .arg("--config")
        .arg(config)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every export that the program makes of a site, and every file that the demonstration wrote.
fn exports(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all: BTreeMap<String, Vec<u8>> = ["statistics", "facts", "subscriptions", "runs"]
        .into_iter()
        .map(|kind| (kind.to_owned(), run(dir, &["export", kind]).into_bytes()))
        .collect();
    for entry in std::fs::read_dir(dir.join("exports")).unwrap() {
        let path = entry.unwrap().path();
        all.insert(path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap());
    }
    all
}

/// Kills it when it has said of so many requests that they are settled; false if it ended before.
fn kill_after(mut child: Child, settled: usize) -> bool {
    let said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let reached = said.filter(|line| line.contains("settled")).take(settled).count() == settled;
    if reached {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    assert!(reached || status.success(), "{status}");
    reached
}

#[test]
fn killed_fifty_times_it_ends_with_the_exports_of_an_undisturbed_run() {
    let folder = tempfile::tempdir().unwrap();
    let (undisturbed, killed) = (folder.path().join("undisturbed"), folder.path().join("killed"));
    let output = demo(&undisturbed).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["verified"]["violations"], serde_json::json!([]));
    assert!(summary["harvests"][1]["requests"].as_array().unwrap().iter().any(|r| !r["changes"].as_array().unwrap().is_empty()));
    let right = exports(&undisturbed);
    let requests: usize = summary["harvests"].as_array().unwrap().iter().map(|harvest| harvest["requests"].as_array().unwrap().len()).sum();
    // Spread over the whole harvest, each a little further than the one before; between requests, and in the middle of the next.
    let mut kills = 0;
    for i in 0..50 {
        let child = demo(&killed).arg("-v").stdout(Stdio::null()).spawn().unwrap();
        kills += usize::from(kill_after(child, requests * (i + 1) / 51 - requests * i / 51 - i % 3));
    }
    assert_eq!(kills, 50);
    let output = demo(&killed).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = exports(&killed);
    assert_eq!(found.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
    for (name, bytes) in &right {
        assert!(found[name] == *bytes, "{name} is another after {kills} kills: {}", first_difference(&found[name], bytes));
    }
    run(&killed, &["verify"]);
    // Again changes nothing.
    assert!(demo(&killed).output().unwrap().status.success());
    assert!(exports(&killed) == right);
    holds(&right, &undisturbed);
}

fn first_difference(found: &[u8], right: &[u8]) -> String {
    let (found, right) = (String::from_utf8_lossy(found), String::from_utf8_lossy(right));
    let differs = found.lines().zip(right.lines()).find(|(found, right)| found != right);
    let lines = (found.lines().count(), right.lines().count());
    differs.map_or_else(|| format!("{lines:?} lines"), |(found, right)| format!("{lines:?} lines\nfound {found}\nright {right}"))
}

/// What the demonstration promises of its figures.
fn holds(exports: &BTreeMap<String, Vec<u8>>, dir: &Path) {
    let text = |name: &str| String::from_utf8(exports[name].clone()).unwrap();
    let (statistics, facts) = (rows(&text("statistics")), rows(&text("facts")));
    // Section by section: what the institutions have is what the vendors reported.
    let mut reported: BTreeMap<(String, String, String, String, String), u64> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact["access_method"] == "Regular") {
        let key = ["month", "product", "report", "metric", "data_type"].map(|column| fact[column].clone());
        let [a, b, c, d, e] = key;
        *reported.entry((a, b, c, d, e)).or_default() += fact["count"].parse::<u64>().unwrap();
    }
    let mut given = BTreeMap::new();
    let mut qualities = std::collections::BTreeSet::new();
    for row in &statistics {
        let key = ["month", "product", "report", "metric", "data_type"].map(|column| row[column].clone());
        let [a, b, c, d, e] = key;
        *given.entry((a, b, c, d, e)).or_default() += row["value"].parse::<u64>().unwrap();
        qualities.insert(row["quality"].clone());
    }
    assert!(reported == given, "sums differ");
    for quality in ["exact", "default_key", "assumed", "estimate"] {
        assert!(qualities.contains(quality), "{quality} is not among {qualities:?}");
    }
    // A smaller neighbour behind a larger one gets its part over the year.
    assert!(statistics.iter().any(|row| row["county"] == "31" && row["shared_with"].contains(' ') && row["value"] != "0"));
    for county in ["03", "11", "15", "18", "31", "32", "33", "34", "39", "40", "42", "46", "50", "55", "56"] {
        assert!(dir.join(format!("exports/county-{county}.xlsx")).exists(), "county {county}");
    }
}
