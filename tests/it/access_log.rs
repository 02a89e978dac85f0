//! Logs of an access control and of proxies: sessions by month, however the logs come, and nobody's name anywhere.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{ACCOUNTS, Ran, Site, source, sql};

/// Whoever is in the logs, and what else of them must be nowhere.
const PERSONAL: [&str; 8] =
    ["nordmann", "Nordmann", "N00123456", "192.0.2.5", "192.0.2.70", "198.51.100.9", "203.0.113.77", "Firefox-of-Kari"];

const JSON: &str = "[source.log]\nformat = \"json_lines\"\ninstitution_by = \"field\"\nfields = { user = \"sub\" }\n";

fn site_of(path: &str, log: &str) -> Site {
    Site::with_registry(&format!("[[source]]\nid = \"tilgang\"\nkind = \"access_log\"\npath = \"{path}\"\nproduct = \"avis\"\n{log}"))
}

const HARVEST: &[&str] = &["--json", "-vvv", "harvest", "--source", "tilgang"];

/// Runs, fails the test if it says anything personal, and gives what it said of the log.
fn harvest(site: &Site, status: i32) -> Value {
    let ran = site.run(HARVEST).expect(status);
    says_nobody(&ran);
    ran.json()["logs"][0].clone()
}

#[track_caller]
fn says_nobody(ran: &Ran) {
    for word in PERSONAL {
        assert!(!ran.stdout.contains(word) && !ran.stderr.contains(word), "{word}: {ran:?}");
    }
}

/// An event as JSON.
fn event(day: &str, clock: &str, user: &str, institution: &str) -> String {
    format!("{{\"time\":\"2024-{day}T{clock}+02:00\",\"sub\":\"{user}\",\"institution\":\"{institution}\",\"ip\":\"192.0.2.5\"}}\n")
}

/// An event on each day from one to another, of somebody at Marker.
fn days(month: u32, first: u32, last: u32) -> String {
    (first..=last).map(|day| event(&format!("{month:02}-{day:02}"), "06:00:00", "per.nordmann", "2011900")).collect()
}

/// Sessions in October of Halden and Aremark: five and two.
fn uses() -> Vec<String> {
    vec![
        event("10-05", "09:00:00", "kari.nordmann", "2010100"),
        event("10-05", "09:30:00", "kari.nordmann", "2010100"),
        event("10-05", "09:45:00", "ola.nordmann", "2010100"),
        event("10-05", "09:59:59", "kari.nordmann", "2010100"),
        event("10-05", "10:30:00", "kari.nordmann", "2010100"),
        event("10-05", "23:50:00", "kari.nordmann", "2010100"),
        event("10-06", "00:10:00", "kari.nordmann", "2010100"),
        event("10-06", "00:20:00", "N00123456", "2011800"),
        event("10-06", "00:50:01", "N00123456", "2011800"),
        event("10-06", "00:51:00", "ola.nordmann", "2010100"),
        event("10-06", "00:52:00", "N00123456", "2011800"),
    ]
}

/// All of the events, in the order of time.
fn whole() -> String {
    days(10, 1, 4) + &days(10, 5, 5) + &uses().concat() + &days(10, 6, 31) + &days(11, 1, 3)
}

/// Fails unless so many sessions are registered.
async fn registered(site: &Site, rows: &[(&str, &str, u32)]) {
    for (institution, month, sessions) in rows {
        sql(
            site,
            &[&format!(
                "UPDATE sessions SET month = month WHERE institution = '{institution}' AND product = 'avis' AND month = '{month}' AND sessions = '{sessions}'"
            )],
        )
        .await;
    }
}

/// Every byte that is kept: the store, and the archive unpacked.
fn kept(site: &Site) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![site.path().join("data")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let bytes = if path.extension().is_some_and(|e| e == "zst") { zstd::decode_all(&bytes[..]).unwrap() } else { bytes };
            found.push((path, bytes));
        }
    }
    found
}

#[track_caller]
fn nobody_is_kept(site: &Site) {
    let kept = kept(site);
    assert!(kept.iter().any(|(path, _)| path.ends_with("avling.db")));
    for (path, bytes) in kept {
        for word in PERSONAL {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word} is in {}", path.display());
        }
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn sessions_are_thirty_minutes_apart_and_count_once_however_the_log_comes() {
    let right = [("2010100", "2024-10", 5), ("2011800", "2024-10", 2), ("2011900", "2024-10", 31)];
    // At once.
    let site = site_of("logs", JSON);
    site.write("logs/access.log", whole());
    let said = harvest(&site, 0);
    // The start of November is not released yet.
    assert_eq!((&said["sessions"], &said["released"], &said["held"][0]["month"]), (&json!(41), &json!(["2024-10"]), &json!("2024-11")));
    registered(&site, &right).await;
    let said = harvest(&site, 0);
    assert_eq!((&said["sessions"], &said["read"], &said["released"]), (&json!(0), &json!(0), &json!([])));
    nobody_is_kept(&site);
    site.ok(&["verify"]);

    // A line at a time, cut in the middle of lines, rotated, packed, shuffled to other names, and looked at after each.
    let site = site_of("logs/access.log*", JSON);
    let text = whole();
    let mut now = String::new();
    let mut rotated = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let (begin, end) = line.split_at(line.len() / 2);
        now.push_str(begin);
        site.write("logs/access.log", &now);
        if number % 3 == 0 {
            harvest(&site, 0);
        }
        now.push_str(end);
        site.write("logs/access.log", &now);
        // In the middle of what Kari reads at midnight, too.
        if number % 5 == 0 || (8..14).contains(&number) {
            harvest(&site, 0);
        }
        if number % 9 == 8 || number == 11 {
            for old in (1..=rotated).rev() {
                let (from, to) = (format!("logs/access.log.{old}.gz"), format!("logs/access.log.{}.gz", old + 1));
                std::fs::rename(site.path().join(from), site.path().join(to)).unwrap();
            }
            site.write("logs/access.log.1.gz", gzip(&now));
            if number % 2 == 0 {
                // Both are there for a while.
                harvest(&site, 0);
            }
            rotated += 1;
            now.clear();
            site.write("logs/access.log", "");
        }
    }
    let last = harvest(&site, 0);
    assert_eq!(last["files"], json!(rotated + 1), "{last}");
    registered(&site, &right).await;
    nobody_is_kept(&site);
    // The archive has what was released, as a file that can be imported.
    let evidence: Vec<String> = kept(&site)
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|e| e == "zst"))
        .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
        .collect();
    let other = Site::with_registry("");
    let newest = evidence.iter().max_by_key(|text| text.contains("2024-10-01,2010100,avis,5")).unwrap();
    let file = other.write("evidence.csv", newest);
    other.ok(&["import", "sessions", file.to_str().unwrap()]);
    registered(&other, &right).await;
    site.ok(&["verify"]);
}

#[tokio::test]
async fn logs_that_are_written_side_by_side_are_read_side_by_side() {
    let site = site_of("logs", JSON);
    // Two proxies that take turns, and the first of them splits its log.
    let mut logs = [String::new(), String::new(), String::new()];
    for (number, line) in whole().split_inclusive('\n').enumerate() {
        let place = if number % 2 == 0 { 0 } else { 1 + usize::from(number > 12) };
        logs[place].push_str(line);
    }
    for (number, log) in logs.iter().enumerate() {
        site.write(&format!("logs/{}.log", ["b", "c", "a"][number]), log);
    }
    assert_eq!(harvest(&site, 0)["sessions"], json!(41));
    registered(&site, &[("2010100", "2024-10", 5), ("2011800", "2024-10", 2)]).await;
}

#[tokio::test]
async fn months_that_the_logs_do_not_wholly_cover_wait() {
    let site = site_of("logs", JSON);
    let text = uses().concat() + &days(10, 6, 9) + &days(10, 14, 31) + &days(11, 1, 3);
    site.write("logs/a.log", &text);
    let said = harvest(&site, 0);
    assert_eq!(said["released"], json!([]));
    let why = said["held"][0]["reason"].as_str().unwrap();
    assert!(why.contains("no event on day 1 to 4, 10 to 13"), "{why}");
    let words = site.ok(&["status"]).stdout;
    assert!(words.contains("Logs of tilgang: counted up to 2024-11-03") && words.contains("2024-10 is not complete"), "{words}");
    // What was missing comes late.
    site.write("logs/b.log", days(10, 1, 4));
    assert_eq!(harvest(&site, 0)["released"], json!([]));
    site.write("logs/c.log", days(10, 10, 12));
    assert_eq!(harvest(&site, 0)["released"], json!(["2024-10"]));
    registered(&site, &[("2010100", "2024-10", 5), ("2011900", "2024-10", 29)]).await;
    // And more, after it was released.
    site.write("logs/d.log", event("10-20", "12:00:00", "kari.nordmann", "2010100"));
    assert_eq!(harvest(&site, 0)["released"], json!(["2024-10"]));
    registered(&site, &[("2010100", "2024-10", 6), ("2011900", "2024-10", 29)]).await;
    // Beside what somebody imports.
    let file = site.write("more.csv", "time,institution,product,sessions\n2024-10-01,2010100,avis,100\n");
    site.ok(&["import", "sessions", file.to_str().unwrap()]);
    site.write("logs/e.log", event("10-21", "12:00:00", "kari.nordmann", "2010100"));
    harvest(&site, 0);
    registered(&site, &[("2010100", "2024-10", 107)]).await;
    site.ok(&["verify"]);
}

/// A line as EZproxy writes it.
fn ezproxy(day: u32, clock: &str, user: &str, url: &str, status: u16) -> String {
    format!("203.0.113.77 - {user} [{day:02}/Oct/2024:{clock} +0200] \"GET {url} HTTP/1.1\" {status} 5120\n")
}

#[tokio::test]
async fn a_proxy_tells_institutions_by_realm_and_products_by_address() {
    let log = "[source.log]\nformat = \"pattern\"\npattern = '%h %l %u %t \"%r\" %s %b'\ninstitution_by = \"realm\"\nquiet_days = 15\n\
               [source.log.institutions]\n\"halden.kommune.no\" = \"2010100\"\n\"Aremark.no\" = \"2011800\"\n\
               [[source.log.product]]\nproduct = \"avis\"\nurl = [\"*.avis.no\", \"avis.no\"]\n\
               [[source.log.product]]\nproduct = \"film\"\nurl = [\"video.example.org/film/*\"]\n";
    let site = site_of("ezp", log);
    let mut text = String::from("# a remark of the proxy's\n");
    for day in [1, 15, 31] {
        text += &ezproxy(day, "08:00:00", "kari.nordmann@Halden.kommune.no", "http://www.avis.no:80/1?user=kari.nordmann", 200);
        text += &ezproxy(day, "08:10:00", "kari.nordmann@halden.kommune.no", "https://video.example.org/film/1", 302);
        text += &ezproxy(day, "08:11:00", "ola.nordmann@aremark.no", "http://AVIS.no/2", 200);
        text += &ezproxy(day, "08:12:00", "kari.nordmann@halden.kommune.no", "http://www.avis.no/3", 200);
        text += &ezproxy(day, "09:12:00", "kari.nordmann@halden.kommune.no", "http://www.avis.no/forbidden", 403);
        text += &ezproxy(day, "09:13:00", "kari.nordmann@halden.kommune.no", "http://www.other.no/", 200);
        text += &ezproxy(day, "09:14:00", "per@elsewhere.no", "http://www.avis.no/", 200);
        text += &ezproxy(day, "09:15:00", "-", "http://www.avis.no/", 200);
    }
    // A crash of the proxy's, and somebody with a quote in what they looked for.
    text += "203.0.113.77 - kari.nordm\n";
    text += &ezproxy(31, "10:00:00", "ola.nordmann@aremark.no", "http://avis.no/?q=\\\"Nordmann\\\"", 200);
    site.write("ezp/ezp202410.log", text);
    let said = harvest(&site, 0);
    let of = |name: &str| said[name].as_u64().unwrap();
    assert_eq!(
        [of("events"), of("sessions"), of("bad_lines"), of("unsuccessful"), of("no_product"), of("no_institution")],
        [25, 10, 1, 3, 3, 6],
        "{said}"
    );
    assert!(said["notes"][0].as_str().unwrap().contains("ezp202410.log: Lines that are none: 26 ("), "{said}");
    registered(&site, &[("2010100", "2024-10", 3), ("2011800", "2024-10", 4)]).await;
    sql(&site, &["UPDATE sessions SET month = month WHERE institution = '2010100' AND product = 'film' AND sessions = '3'"]).await;
    nobody_is_kept(&site);
}

#[tokio::test]
async fn a_log_of_addresses_tells_institutions_by_claims_of_the_month() {
    let log = "[source.log]\nformat = \"combined\"\ninstitution_by = \"address\"\nquiet_days = 15\n";
    let site = site_of("www/*.log", log);
    // Marker's addresses are its own, but it does not subscribe to the newspaper: it gets what nobody else claims. Of the first half of
    // Halden's network the town hall has no subscription, and Halden shares with the school; of the second with Aremark.
    site.import(
        "networks",
        "institution,range,valid_from,valid_to,exclusive,note\n2011800,203.0.113.0/24,,2024-10-31,,\n2010100,203.0.113.0/24,2024-11-01,,,\n",
    )
    .expect(0);
    let mut text = String::new();
    for (month, address, agent) in [
        ("Oct", "203.0.113.77", "Firefox-of-Kari"),
        ("Oct", "203.0.113.77", "Firefox-of-Kari"),
        ("Oct", "203.0.113.77", "Other"),
        ("Oct", "192.0.2.5", "x"),
        ("Oct", "192.0.2.70", "x"),
        ("Oct", "198.51.100.9", "x"),
        ("Oct", "2001:db8::1", "x"),
        ("Nov", "203.0.113.77", "Firefox-of-Kari"),
    ] {
        for day in [1, 15, 30] {
            let _ = writeln!(
                text,
                "{address} - - [{day:02}/{month}/2024:08:00:00 +0200] \"GET /a HTTP/1.1\" 200 12 \"http://x/kari.nordmann\" \"{agent}\""
            );
        }
    }
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.sort_by_key(|line| (line.contains("/Nov/"), line.split('[').nth(1).map(|at| at[..2].to_owned())));
    site.write("www/1.log", lines.concat());
    let said = harvest(&site, 0);
    assert_eq!([&said["shared_addresses"], &said["no_institution"]], [&json!(6), &json!(3)], "{said}");
    registered(&site, &[("2011800", "2024-10", 6), ("2010100", "2024-11", 3), ("2011900", "2024-10", 3)]).await;
    nobody_is_kept(&site);
}

#[tokio::test]
async fn what_is_no_log_is_refused_and_read_when_it_is_mended() {
    let site = site_of("logs", JSON);
    site.write("logs/good.log", whole());
    let bad = format!("{}kari.nordmann 192.0.2.5\nkari.nordmann\n", event("10-07", "12:00:00", "kari.nordmann", "2010100"));
    site.write("logs/bad.log", &bad);
    site.write("logs/x.bz2", "BZh91AY&SY");
    let said = harvest(&site, 3);
    let refused: Vec<&str> = said["not_read"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect();
    assert_eq!(refused, ["x.bz2", "bad.log"]);
    let why = said["not_read"][1]["reason"].as_str().unwrap();
    assert!(why.contains("2 lines that are no events, and 1 that are") && why.contains("2, 3 ("), "{why}");
    registered(&site, &[("2010100", "2024-10", 5)]).await;
    let ran = site.ok(&["status"]);
    says_nobody(&ran);
    assert!(ran.stdout.contains("bad.log has 2 lines"), "{}", ran.stdout);
    std::fs::remove_file(site.path().join("logs/x.bz2")).unwrap();
    site.write("logs/bad.log", event("10-07", "12:00:00", "kari.nordmann", "2010100"));
    harvest(&site, 0);
    registered(&site, &[("2010100", "2024-10", 6)]).await;
    // A log that is edited where it is counted already is not counted again.
    let text = whole();
    let (before, last) = text.split_at(text.rfind("per.nordmann").unwrap());
    let edited = format!("{before}pia{}{}", &last[3..], event("11-04", "12:00:00", "kari.nordmann", "2010100"));
    site.write("logs/good.log", edited);
    let said = harvest(&site, 3);
    assert_eq!((&said["sessions"], &said["not_read"][0]["file"]), (&json!(0), &json!("good.log")), "{said}");
    site.write("logs/good.log", text + &event("11-04", "12:00:00", "kari.nordmann", "2010100"));
    assert_eq!(harvest(&site, 0)["sessions"], json!(1), "only what is new is counted");
    nobody_is_kept(&site);
}

#[test]
fn whoever_the_settings_name_must_be_registered() {
    let log = "[source.log]\nformat = \"json_lines\"\ninstitution_by = \"field\"\n[source.log.institutions]\nhalden = \"2010199\"\n";
    let site = site_of("logs", log);
    site.write("logs/a.log", whole());
    let ran = site.run(&["harvest"]).expect(3);
    assert!(ran.stdout.contains("2010199, which is not registered"), "{}", ran.stdout);
    let ran = site.run(&["check"]).expect(3);
    assert!(ran.stdout.contains("WRONG source tilgang: source tilgang: its log.institutions name 2010199"), "{}", ran.stdout);
    let log =
        "[source.log]\nformat = \"common\"\ninstitution_by = \"address\"\n[[source.log.product]]\nproduct = \"avisa\"\nurl = [\"*\"]\n";
    let said = site_of("logs", log).run(&["check"]).stdout;
    assert!(said.contains("names the product avisa, which is not registered"), "{said}");
    let site = site_of("logs/*.log", JSON);
    assert!(site.run(&["check"]).expect(3).stdout.contains("there is no log at"));
    site.write("logs/a.log", "");
    assert!(site.run(&["check"]).stdout.contains("ok    source tilgang: "));
    harvest(&site, 0);
}

#[test]
fn killed_at_any_step_no_event_counts_twice() {
    let undisturbed = site_of("logs", JSON);
    let site = site_of("logs", JSON);
    let text = whole();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut kills = 0;
    for (number, until) in (8..lines.len()).step_by(6).enumerate() {
        site.write("logs/a.log", lines[..until].concat());
        let mut child =
            site.command().args(["-v", "harvest", "--source", "tilgang"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        kills += usize::from(said.filter(|line| line.contains("tilgang")).take(number % 3 + 1).count() > 0);
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(kills > 3);
    for site in [&site, &undisturbed] {
        site.write("logs/a.log", &text);
        harvest(site, 0);
    }
    let counts = |site: &Site| {
        let mut found: Vec<Vec<u8>> =
            kept(site).into_iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "zst")).map(|(_, bytes)| bytes).collect();
        found.sort_by_key(Vec::len);
        found.pop()
    };
    assert!(counts(&undisturbed).is_some());
    assert_eq!(counts(&site), counts(&undisturbed));
}

#[test]
fn a_measured_key_divides_by_what_the_log_has_seen() {
    let log = format!(
        "[[source]]\nid = \"tilgang\"\nkind = \"access_log\"\npath = \"logs\"\nproduct = \"avis\"\n{JSON}{}",
        source("s", "http://127.0.0.1:9", "avis", "")
    );
    let mut site = Site::with_registry(&log);
    site.at("2025-03-20T03:30:00Z");
    site.import("accounts", &format!("{ACCOUNTS}felles,s,CUST,2010100 2011800,login,,,,\n")).expect(0);
    site.import(
        "keys",
        "key,product,applies_to,method,institution,weight,valid_from,valid_to,state,agreed_by\n\
         k,avis,,measured,2010100,,2025-01-01,,agreed,Kari\nk,avis,,measured,2011800,,2025-01-01,,agreed,Ola\n",
    )
    .expect(0);
    let table = site.write("use.csv", "month,metric,count\n2025-01,Total_Item_Requests,700\n");
    site.ok(&["import", "usage", table.to_str().unwrap(), "--source", "s", "--account", "felles"]);
    let value = |who: &str| {
        let rows = site.export(&["statistics", "--institution", who]);
        (rows[0]["value"].clone(), rows[0]["quality"].clone())
    };
    assert_eq!(value("2010100").1, "default_key", "nothing is measured yet");
    site.write("logs/a.log", whole());
    let said = harvest(&site, 0);
    assert!(said["statistics"]["revised"].as_u64().unwrap() > 0, "{said}");
    assert_eq!([value("2010100"), value("2011800")], [("500", "agreed_key"), ("200", "agreed_key")].map(|(v, q)| (v.into(), q.into())));
    site.ok(&["verify"]);
    let mut record = String::new();
    let folder = site.path().join("data/archive/records");
    let path = find(&folder, "SESSIONS").expect("a record of what was released");
    std::fs::File::open(path).unwrap().read_to_string(&mut record).unwrap();
    assert!(record.contains("log:tilgang"), "{record}");
}

/// The first file below a folder whose name has this in it.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { find(&path, name) } else { path.to_str().is_some_and(|text| text.contains(name)).then_some(path) }
    })
}
