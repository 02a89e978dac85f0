//! `avling verify` finds each kind of corruption, put into a sound store on purpose.

use std::path::PathBuf;

use avling::model::Release;
use avling::simulator::{AccountPlan, Simulator, VendorPlan};

use crate::support::{ACCOUNTS, Site, source, sql};

/// A site with use of shared and own networks in two reports.
async fn site() -> Site {
    let vendor = VendorPlan::new("avis", Release::R51, vec![AccountPlan::new("A", 32_000), AccountPlan::new("B", 4000)]);
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source("avis", &simulator.url("avis"), "avis", "").replace("[\"PR\"]", "[\"PR\", \"TR\"]"));
    let accounts = "halden,avis,A,2010100,ip,,a-secret-key,,\naremark,avis,B,2011800,login,env:SOME_KEY,,,\n";
    site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);
    let ran = site.command().arg("harvest").env("SOME_KEY", "another-key").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    // Something that has a past.
    site.import("persons", "subject,date,persons\n3124,2024-01-01,2600\n").expect(0);
    assert!(site.export(&["revisions"]).len() > 10);
    site.ok(&["verify"]);
    site
}

fn kinds(site: &Site) -> Vec<String> {
    let found = site.run(&["--json", "verify"]).expect(4).json();
    let mut kinds: Vec<String> =
        found["violations"].as_array().unwrap().iter().map(|violation| violation["kind"].as_str().unwrap().to_owned()).collect();
    kinds.dedup();
    kinds
}

/// Corruptions by SQL: what, statements, the kind under which it must be found.
const BY_SQL: &[(&str, &[&str], &str)] = &[
    ("a figure is one more", &["UPDATE statistic SET value = value + 1 WHERE rowid_is(1)"], "conservation"),
    (
        "one institution has what is another's",
        &["UPDATE statistic SET value = value + 1 WHERE rowid_is(1)", "UPDATE statistic SET value = value - 1 WHERE sibling_of(1)"],
        "statistics",
    ),
    ("a figure is below zero", &["UPDATE statistic SET value = -5 WHERE rowid_is(1)"], "statistics"),
    ("an exact share is another", &["UPDATE statistic SET exact = '1/3' WHERE rowid_is(1)"], "conservation"),
    (
        "somebody who is no claimant has a figure",
        &[
            "INSERT INTO statistic SELECT product, report, month, (SELECT max(id) + 1 FROM term), metric, data_type, 0, '0', basis, 1, 0 FROM statistic WHERE rowid_is(1)",
            "INSERT INTO term SELECT max(id) + 1, '2011900' FROM term",
        ],
        "claimants",
    ),
    ("a figure is missing", &["DELETE FROM statistic WHERE rowid_is(1)"], "conservation"),
    ("a figure claims an agreed key", &["UPDATE basis SET keys = 'made-up', quality = 'agreed_key'"], "statistics"),
    (
        "a count is another",
        &["UPDATE fact SET count = count + 1 WHERE (usage_group, item) IN (SELECT usage_group, item FROM fact LIMIT 1)"],
        "sum",
    ),
    ("a count is missing", &["DELETE FROM fact WHERE (usage_group, item) IN (SELECT usage_group, item FROM fact LIMIT 1)"], "sum"),
    (
        "a whole group is another, sums and all",
        &[
            "UPDATE fact SET count = count + 1 WHERE (usage_group, item) IN (SELECT usage_group, item FROM fact ORDER BY usage_group LIMIT 1)",
            "UPDATE usage_group SET total = total + 1 WHERE id = (SELECT min(usage_group) FROM fact)",
            "UPDATE month_state SET total = total + 1 WHERE (account, report, month) = (SELECT a.text, r.text, g.month FROM usage_group g \
             JOIN term a ON a.id = g.account JOIN term r ON r.id = g.report WHERE g.id = (SELECT min(usage_group) FROM fact))",
        ],
        "facts",
    ),
    (
        "what was used has another title",
        &["UPDATE item SET body = '{\"title\":\"Another\"}' WHERE id = (SELECT min(item) FROM fact)"],
        "facts",
    ),
    (
        "what the vendor reported is another",
        &[
            "UPDATE month_state SET total = total + 1 WHERE (account, report, month) IN (SELECT account, report, month FROM month_state LIMIT 1)",
        ],
        "sum",
    ),
    (
        "a fact has no reply",
        &["UPDATE month_state SET reply = '' WHERE (account, report, month) IN (SELECT account, report, month FROM month_state LIMIT 1)"],
        "reply",
    ),
    (
        "a month was never harvested",
        &["DELETE FROM month_state WHERE (account, report, month) IN (SELECT account, report, month FROM month_state LIMIT 1)"],
        "sum",
    ),
    ("a revision skips a number", &["UPDATE statistic SET revision = 7 WHERE rowid_is(1)"], "revision"),
    ("a secret stands in clear", &["UPDATE accounts SET api_key = 'a-secret-key' WHERE account = 'halden'"], "registry"),
    (
        "a month is said to wait that is there",
        &[
            "UPDATE month_state SET state = 'waiting' WHERE (account, report, month) IN (SELECT account, report, month FROM month_state LIMIT 1)",
        ],
        "sum",
    ),
    (
        "a month has a state that there is not",
        &[
            "UPDATE month_state SET state = 'xyz' WHERE (account, report, month) IN (SELECT account, report, month FROM month_state LIMIT 1)",
        ],
        "months",
    ),
    (
        "a month is said to have had more counts",
        &["UPDATE month_state SET records = 99 WHERE (account, report, month) IN (SELECT account, report, month FROM month_state LIMIT 1)"],
        "reply",
    ),
    ("a revision is a word", &["UPDATE statistic SET revision = 'x' WHERE rowid_is(1)"], "statistics"),
    ("everything is gone", &["DELETE FROM month_state", "DELETE FROM fact", "DELETE FROM usage_group", "DELETE FROM statistic"], "store"),
    (
        "a revision was another figure",
        &["UPDATE revision SET value = value + 1 WHERE (product, report, month, institution, metric, data_type, ended) IN \
       (SELECT product, report, month, institution, metric, data_type, ended FROM revision LIMIT 1)"],
        "change",
    ),
    ("a revision had another reason", &["UPDATE revision SET reason = 'vendor'"], "change"),
    ("the past is gone", &["DELETE FROM revision", "UPDATE statistic SET revision = 1"], "change"),
    ("somebody else did it", &["UPDATE change SET who = 'nobody' WHERE id = (SELECT max(id) FROM change)"], "change"),
    ("it was done at another time", &["UPDATE change SET \"at\" = '2001-01-01T00:00:00Z' WHERE id = 2"], "change"),
    ("a change is gone", &["DELETE FROM change WHERE id = (SELECT max(id) FROM change)"], "change"),
    ("an early change is gone", &["DELETE FROM change WHERE id = 3"], "change"),
    ("what was registered before is forgotten", &["DELETE FROM registry_change WHERE kind = 'persons'"], "change"),
    (
        "a claim was another",
        &["UPDATE registry_change SET after = replace(after, '192.0.2.0/25', '192.0.2.0/26') WHERE kind = 'networks'"],
        "change",
    ),
    (
        "a month that was used is said to be empty",
        &[
            "DELETE FROM fact WHERE usage_group IN (SELECT id FROM usage_group WHERE month = (SELECT max(month) FROM usage_group))",
            "DELETE FROM usage_group WHERE month = (SELECT max(month) FROM usage_group)",
            "DELETE FROM statistic WHERE month = (SELECT max(month) FROM statistic)",
            "UPDATE month_state SET state = 'empty', total = 0, records = 0 WHERE month = (SELECT max(month) FROM month_state)",
        ],
        "reply",
    ),
    (
        "a month that was used is forgotten",
        &[
            "DELETE FROM fact WHERE usage_group IN (SELECT id FROM usage_group WHERE month = (SELECT max(month) FROM usage_group))",
            "DELETE FROM usage_group WHERE month = (SELECT max(month) FROM usage_group)",
            "DELETE FROM statistic WHERE month = (SELECT max(month) FROM statistic)",
            "DELETE FROM month_state WHERE month = (SELECT max(month) FROM month_state)",
        ],
        "months",
    ),
    ("a month came from another source", &["UPDATE month_state SET source = 'x'"], "record"),
    ("a month came in another release", &["UPDATE month_state SET release = '5'"], "record"),
    ("a month came before its reply", &["UPDATE month_state SET harvested_at = '2025-01-01T00:00:00Z'"], "record"),
    ("a claim was changed behind our back", &["DELETE FROM networks WHERE institution = 'vgs-halden'"], "statistics"),
];

/// A figure of the halden account that is shared, and another institution's of the same group.
const FIRST: &str = "(product, report, month, institution, metric, data_type) = (SELECT product, report, month, institution, metric, data_type \
     FROM statistic WHERE value > 5 AND institution = (SELECT id FROM term WHERE text = '2010100') ORDER BY report, month, metric, data_type LIMIT 1)";
const SIBLING: &str = "(product, report, month, metric, data_type) = (SELECT product, report, month, metric, data_type FROM statistic WHERE \
     value > 5 AND institution = (SELECT id FROM term WHERE text = '2010100') ORDER BY report, month, metric, data_type LIMIT 1) \
     AND institution = (SELECT id FROM term WHERE text = '2011800')";

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_done_to_the_store() {
    let site = site().await;
    let sound = std::fs::read(site.database()).unwrap();
    for (what, statements, kind) in BY_SQL {
        let statements: Vec<String> =
            statements.iter().map(|s| s.replace("rowid_is(1)", FIRST).replace("sibling_of(1)", SIBLING)).collect();
        sql(&site, &statements.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let found = kinds(&site);
        assert!(found.contains(&(*kind).to_owned()), "{what}: {kind} is not among {found:?}");
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", site.database().display()));
        }
        std::fs::write(site.database(), &sound).unwrap();
    }
    site.ok(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_gone_or_is_another() {
    let site = site().await;
    let reply = site.export(&["runs"])[0]["reply"].clone();
    let path = find(&site.path().join("data/archive"), &reply).expect("the reply is in the archive under its name");
    let sound = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(kinds(&site), ["reply"]);
    // Another content under the old name.
    let text = zstd::decode_all(&sound[..]).unwrap();
    let text = String::from_utf8(text).unwrap().replacen("\"2024-11\":", "\"2024-11\":1", 1);
    std::fs::write(&path, zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
    assert_eq!(kinds(&site), ["reply"]);
    // Half of it.
    std::fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    assert_eq!(kinds(&site), ["reply"]);
    std::fs::write(&path, &sound).unwrap();
    site.ok(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_reply_that_is_gone_or_says_otherwise() {
    let site = site().await;
    let folder = site.path().join("data/archive/records");
    let path = find(&folder, "").expect("a record");
    let sound = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(kinds(&site).contains(&"record".to_owned()));
    std::fs::write(&path, sound.replace("halden", "another").replace("aremark", "another")).unwrap();
    assert!(kinds(&site).contains(&"record".to_owned()));
    std::fs::write(&path, "{").unwrap();
    assert!(kinds(&site).contains(&"record".to_owned()));
    std::fs::write(&path, sound).unwrap();
    site.ok(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_of_a_closed_year_that_was_edited() {
    let site = site().await;
    site.ok(&["close", "--year", "2024"]);
    site.import("persons", "subject,date,persons\n3124,2024-01-01,3000\n").expect(0);
    site.ok(&["verify"]);
    sql(&site, &["UPDATE statistic SET value = value + 1 WHERE (product, report, month, institution, metric, data_type) IN (SELECT product, report, month, institution, metric, data_type FROM statistic LIMIT 1)"]).await;
    let found = kinds(&site);
    assert!(found.contains(&"closed".to_owned()), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_is_damaged() {
    let site = site().await;
    let mut bytes = std::fs::read(site.database()).unwrap();
    // Pages in the middle, where tables are.
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 3 * 4096].fill(0x5a);
    std::fs::write(site.database(), bytes).unwrap();
    let ran = site.run(&["verify"]);
    assert!(matches!(ran.status, Some(1 | 4)), "{ran:?}");
    assert!(ran.stdout.contains("database") || ran.stderr.contains("malformed") || ran.stderr.contains("backup"), "{ran:?}");
}

fn find(folder: &std::path::Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            find(&path, name)
        } else {
            path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)).then_some(path)
        }
    })
}
