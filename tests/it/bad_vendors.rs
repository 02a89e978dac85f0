//! Vendors that answer badly, or not at all: the others go on, the reason is named, old figures stay.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};

use avling::model::Release;
use avling::simulator::{AccountPlan, Behaviour, Simulator, VendorPlan};

use crate::support::{ACCOUNTS, Ran, Row, Site, source};

const BAD: &str = "bad";
const GOOD: &str = "good";

fn figures(site: &Site, account: &str) -> Vec<Row> {
    site.export(&["statistics"]).into_iter().filter(|row| row["accounts"] == account).collect()
}

fn state(site: &Site, account: &str, month: &str) -> Row {
    let runs = site.export(&["runs", "--from", month, "--to", month]);
    runs.into_iter().find(|row| row["account"] == account).unwrap_or_default()
}

/// Both vendors are harvested for October and November; then one goes bad, and everything is harvested again, with December.
async fn harvest_with(behaviour: Behaviour) -> (Site, Ran, Vec<Row>) {
    let vendors =
        [BAD, GOOD].map(|name| VendorPlan::new(name, Release::R51, vec![AccountPlan::new("A", 5000), AccountPlan::new("B", 3000)]));
    let simulator = Simulator::start(vendors.to_vec(), "2025-01-20".parse().unwrap()).await.unwrap();
    let sources = [BAD, GOOD].map(|id| source(id, &simulator.url(id), "film", "")).concat();
    let site = Site::with_registry(&sources);
    let accounts =
        "bad,bad,A,2010100,login,,secret-key-1,,\nbad-2,bad,B,2011800,login,,secret-key-1,2031-01-01,\ngood,good,A,2011900,login,,,,\n";
    site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);
    site.ok(&["harvest", "--to", "2024-11"]);
    let before = figures(&site, "bad");
    assert!(!before.is_empty());
    simulator.set_behaviour(BAD, behaviour);
    let ran = site.run(&["reharvest", "--from", "2024-10", "--to", "2024-12"]);
    (site, ran, before)
}

/// What must be true whatever the vendor does.
async fn fails(behaviour: Behaviour, reason: &str) {
    let (site, ran, before) = harvest_with(behaviour.clone()).await;
    assert_eq!(ran.status, Some(3), "{behaviour:?}: {ran:?}");
    assert!(ran.stdout.contains(reason), "{behaviour:?}: {reason} is not in: {}", ran.stdout);
    assert!(figures(&site, "bad") == before, "{behaviour:?}: old figures stay");
    let december = state(&site, "bad", "2024-12");
    assert!(["failing", "waiting"].contains(&december["state"].as_str()), "{behaviour:?}: {december:?}");
    assert!(december["reason"].contains(reason), "{behaviour:?}: {december:?}");
    assert_eq!(state(&site, "good", "2024-12")["state"], "harvested", "{behaviour:?}: the others go on");
    let status = site.ok(&["status"]).stdout;
    assert!(status.contains(reason), "{behaviour:?}: {status}");
    site.ok(&["verify"]);
}

macro_rules! bad {
    ($($name:ident: $behaviour:expr => $reason:literal;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            fails($behaviour, $reason).await;
        }
    )+};
}

bad! {
    unauthorized: Behaviour::Unauthorized => "credentials";
    wrong_key: Behaviour::BadCredentials2020 => "credentials";
    not_found: Behaviour::NotFound => "404";
    too_many_requests: Behaviour::TooManyRequests { retry_after_s: 3600 } => "fewer requests";
    server_error: Behaviour::ServerError => "500";
    a_login_page: Behaviour::Html => "not JSON";
    json_cut_in_the_middle: Behaviour::CutJson => "broken JSON";
    a_connection_that_breaks: Behaviour::Dropped => "in the middle of the reply";
    other_months: Behaviour::OtherMonths => "none of the months";
    a_negative_count: Behaviour::NegativeCount => "below zero";
    a_fractional_count: Behaviour::FractionalCount => "whole";
    another_customers_report: Behaviour::OtherCustomer => "customer";
    ten_gibibytes: Behaviour::Endless => "larger than";
    a_gzip_bomb: Behaviour::GzipBomb => "larger than";
    a_redirect_to_another_host: Behaviour::RedirectElsewhere("http://192.0.2.1:9/".into()) => "sends us on";
    a_month_that_is_silently_missing: Behaviour::MissingMonths => "covers";
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_never_sends_the_body() {
    let (site, ran, before) = harvest_with(Behaviour::Normal).await;
    ran.expect(0);
    drop((site, before));
    let vendors = vec![VendorPlan::new(BAD, Release::R51, vec![AccountPlan::new("A", 5000)]).behaving(Behaviour::Silent)];
    let simulator = Simulator::start(vendors, "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source(BAD, &simulator.url(BAD), "film", "timeout = \"500ms\""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,,,\n")).expect(0);
    let ran = site.run(&["harvest"]).expect(3);
    assert!(ran.stdout.contains("2024-10") && ran.stdout.contains("127.0.0.1"), "{}", ran.stdout);
}

/// Harvests one account at this address.
fn harvest_at(url: &str) -> Ran {
    let site = Site::with_registry(&source(BAD, url, "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,secret-key-1,,\n")).expect(0);
    site.run(&["harvest"])
}

#[test]
fn a_host_that_cannot_be_reached() {
    // Bound and let go: nobody listens there.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let ran = harvest_at(&format!("http://127.0.0.1:{port}/r51")).expect(3);
    assert!(ran.stdout.contains(&format!("127.0.0.1:{port}")) && !ran.stdout.contains("secret-key-1"), "{}", ran.stdout);
}

#[test]
fn where_nobody_is_there_only_one_request_is_tried() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let site = Site::with_registry(&source(BAD, &format!("http://127.0.0.1:{port}/r51"), "film", ""));
    let accounts: String = (0..40).map(|i| format!("bad-{i:02},bad,A{i},2010100,login,,,,\n")).collect();
    site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);
    let said = site.run(&["--json", "harvest"]).expect(3).json();
    assert_eq!(said["waiting"], 120);
    let runs = site.export(&["runs"]);
    let left_alone = runs.iter().filter(|run| run["reason"].contains("left alone")).count();
    assert_eq!(left_alone, 39 * 3, "{runs:?}");
    assert!(runs.iter().all(|run| !run["next_attempt"].is_empty()));
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut session = tokio_rustls::rustls::ServerConnection::new(config.clone()).unwrap();
            // The client breaks the handshake off when it sees who we are.
            let mut tls = tokio_rustls::rustls::Stream::new(&mut session, &mut stream);
            let _ = tls.read(&mut [0; 64]);
        }
    });
    let ran = harvest_at(&format!("https://localhost:{port}/r51")).expect(3);
    assert!(ran.stdout.contains("localhost") && ran.stdout.to_lowercase().contains("certificate"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("secret-key-1") && !ran.stderr.contains("secret-key-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_vendor_is_asked_again_until_it_answers() {
    let vendor = VendorPlan::new(BAD, Release::R51, vec![AccountPlan::new("A", 5000)]).behaving(Behaviour::Busy { times: 2 });
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source(BAD, &simulator.url(BAD), "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,,,\n")).expect(0);
    assert_eq!(site.ok(&["--json", "harvest"]).json()["harvested"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_report_is_kept_and_marked() {
    let vendor = VendorPlan::new(BAD, Release::R51, vec![AccountPlan::new("A", 5000)]).behaving(Behaviour::Partial3040);
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source(BAD, &simulator.url(BAD), "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,,,\n")).expect(0);
    site.ok(&["harvest"]);
    let december = state(&site, "bad", "2024-12");
    assert_eq!((december["state"].as_str(), december["partial"].as_str()), ("harvested", "yes"), "{december:?}");
    assert!(!december["next_attempt"].is_empty());
    assert!(site.export(&["statistics"]).iter().all(|row| row["note"].contains("partial")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_repeats_our_request_teaches_nobody_our_key() {
    let (site, ran, _) = harvest_with(Behaviour::Echo).await;
    assert_eq!(ran.status, Some(3));
    for text in [&ran.stdout, &ran.stderr, &site.ok(&["status"]).stdout, &site.ok(&["export", "runs"]).stdout] {
        assert!(!text.contains("secret-key-1"), "{text}");
    }
    let mut seen = 0;
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
            seen += 1;
            let found = bytes.windows(12).any(|window| window == b"secret-key-1");
            assert!(!found, "the key stands in {}", path.display());
        }
    }
    assert!(seen > 5, "the archive and the store were looked at");
}

/// A server that answers everything with these lines of a head and this body, and counts how often.
fn fixed(head: &'static str, body: String) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use std::io::Write as _;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/r51", listener.local_addr().unwrap());
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap_or(0) == 0 {
                    break;
                }
                request.push(byte[0]);
            }
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let _ = write!(
                stream,
                "{head}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn absurd_counts_keep_nobody_elses_back() {
    let months = ["2024-10", "2024-11", "2024-12"].map(|month| format!("\"{month}\": {}", 1_u64 << 62)).join(", ");
    let body = format!(
        "{{\"Report_Header\": {{\"Report_ID\": \"PR\", \"Release\": \"5.1\"}}, \"Report_Items\": [{{\"Platform\": \"p\", \"Attribute_Performance\": \
         [{{\"Data_Type\": \"Article\", \"Access_Method\": \"Regular\", \"Performance\": {{\"Total_Item_Requests\": {{{months}}}}}}}]}}]}}"
    );
    let (url, _) = fixed("HTTP/1.1 200 OK", body);
    let vendor = VendorPlan::new(GOOD, Release::R51, vec![AccountPlan::new("A", 5000)]);
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&(source("aaa", &url, "avis", "") + &source(GOOD, &simulator.url(GOOD), "film", "")));
    site.import("accounts", &format!("{ACCOUNTS}a,aaa,A,2010100,ip,,,,\ngood,good,A,2011900,login,,,,\n")).expect(0);
    let ran = site.run(&["harvest"]).expect(3);
    assert!(ran.stdout.contains("2^63") && ran.stdout.contains("aaa"), "{}", ran.stdout);
    assert_eq!(state(&site, "good", "2024-12")["state"], "harvested");
    assert_eq!(state(&site, "a", "2024-12")["state"], "failing");
    site.ok(&["verify"]);
}

#[test]
fn a_key_that_is_said_back_in_escapes_of_capitals_is_not_shown() {
    let body = r#"{"Code": 2010, "Message": "bad key aBcDeFg\u0048 %41%42%43%44%45%46%47%48"}"#;
    let (url, _) = fixed("HTTP/1.1 400 Bad Request", body.into());
    let site = Site::with_registry(&source(BAD, &url, "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,aBcDeFgH,,\n")).expect(0);
    let ran = site.run(&["harvest"]).expect(3);
    for text in [&ran.stdout, &ran.stderr, &site.ok(&["--json", "status"]).stdout, &site.ok(&["export", "runs"]).stdout] {
        assert!(!text.contains("aBcDeFgH") && !text.contains("%41%42"), "{text}");
    }
    assert!(!std::fs::read(site.database()).unwrap().windows(8).any(|window| window == b"aBcDeFgH"));
}

#[test]
fn a_vendor_that_wants_to_be_asked_again_at_once_is_not_hammered() {
    let body = r#"{"Code": 1020, "Message": "Too many requests"}"#;
    let (url, asked) = fixed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0", body.into());
    let site = Site::with_registry(&source(BAD, &url, "film", "pause = \"0s\""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,,,\n")).expect(0);
    site.run(&["harvest"]).expect(3);
    let asked = asked.load(std::sync::atomic::Ordering::SeqCst);
    assert!((2..=6).contains(&asked), "asked {asked} times in half a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_here_is_tried_again_once_it_is_mended() {
    let plan = AccountPlan { api_key: Some("the-right-key".into()), ..AccountPlan::new("A", 5000) };
    let simulator = Simulator::start(vec![VendorPlan::new(GOOD, Release::R51, vec![plan])], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source(GOOD, &simulator.url(GOOD), "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}good,good,A,2010100,login,,env:GOOD_KEY,,\n")).expect(0);
    let ran = site.run(&["harvest"]).expect(3);
    assert!(ran.stdout.contains("GOOD_KEY"), "{}", ran.stdout);
    assert!(simulator.requests(GOOD).is_empty());
    let output = site.command().args(["--json", "harvest"]).env("GOOD_KEY", "the-right-key").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(site.export(&["runs"]).iter().all(|run| run["state"] == "harvested"));
}
