//! Vendors that answer badly, or not at all: the others go on, the reason is named, old figures stay.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use avling::model::Release;
use avling::simulator::{AccountPlan, Behaviour, Simulator, VendorPlan};
use tokio::net::TcpSocket;

use crate::support::{ACCOUNTS, Ran, Row, Scripted, Site, source};

const BAD: &str = "bad";
const GOOD: &str = "good";

fn figures(site: &Site, account: &str) -> Vec<Row> {
    site.export(&["statistics"]).into_iter().filter(|row| row["accounts"] == account).collect()
}

fn state(site: &Site, account: &str, month: &str) -> Row {
    let runs = site.export(&["runs", "--from", month, "--to", month]);
    runs.into_iter().find(|row| row["account"] == account).unwrap_or_default()
}

/// Both vendors, harvested for October and November.
struct Both {
    site: Site,
    simulator: Simulator,
    /// The figures of what is going to be the bad one.
    before: Vec<Row>,
}

impl Both {
    /// `more`: further settings of the bad one.
    async fn harvested(more: &str) -> Self {
        let vendors =
            [BAD, GOOD].map(|name| VendorPlan::new(name, Release::R51, vec![AccountPlan::new("A", 5000), AccountPlan::new("B", 3000)]));
        let simulator = Simulator::start(vendors.to_vec(), "2025-01-20".parse().unwrap()).await.unwrap();
        let sources = source(BAD, &simulator.url(BAD), "film", more) + &source(GOOD, &simulator.url(GOOD), "film", "");
        let site = Site::with_registry(&sources);
        let accounts =
            "bad,bad,A,2010100,login,,secret-key-1,,\nbad-2,bad,B,2011800,login,,secret-key-1,2031-01-01,\ngood,good,A,2011900,login,,,,\n";
        site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);
        site.ok(&["harvest", "--to", "2024-11"]);
        let before = figures(&site, "bad");
        assert!(!before.is_empty());
        Self { site, simulator, before }
    }

    /// Everything is harvested again, with December.
    fn again(&self) -> Ran {
        self.site.run(&["reharvest", "--from", "2024-10", "--to", "2024-12"])
    }

    /// What must be true whatever the bad one does.
    fn check(&self, ran: &Ran, what: &str, reason: &str) {
        let site = &self.site;
        assert_eq!(ran.status, Some(3), "{what}: {ran:?}");
        assert!(ran.stdout.contains(reason), "{what}: {reason} is not in: {}", ran.stdout);
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains("secret-key-1"), "{what}: {text}");
        }
        assert!(figures(site, "bad") == self.before, "{what}: old figures stay");
        let december = state(site, "bad", "2024-12");
        assert!(["failing", "waiting"].contains(&december["state"].as_str()), "{what}: {december:?}");
        assert!(december["reason"].contains(reason), "{what}: {december:?}");
        assert_eq!(state(site, "good", "2024-12")["state"], "harvested", "{what}: the others go on");
        assert!(figures(site, "good").iter().any(|row| row["month"] == "2024-12"), "{what}: and their data arrive");
        let status = site.ok(&["status"]).stdout;
        assert!(status.contains(reason), "{what}: {status}");
        site.ok(&["verify"]);
    }
}

/// What must be true of a vendor that behaves so.
async fn fails(behaviour: Behaviour, reason: &str) {
    let both = Both::harvested("").await;
    both.simulator.set_behaviour(BAD, behaviour.clone());
    both.check(&both.again(), &format!("{behaviour:?}"), reason);
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
    a_login_page: Behaviour::Html => "HTML page";
    json_cut_in_the_middle: Behaviour::CutJson => "broken JSON";
    a_connection_that_breaks: Behaviour::Dropped => "in the middle of the reply";
    other_months: Behaviour::OtherMonths => "none of the months";
    a_negative_count: Behaviour::NegativeCount => "below zero";
    a_fractional_count: Behaviour::FractionalCount => "whole";
    another_customers_report: Behaviour::OtherCustomer => "customer";
    a_redirect_to_another_host: Behaviour::RedirectElsewhere("http://192.0.2.1:9/".into()) => "sends us on";
    a_month_that_is_silently_missing: Behaviour::MissingMonths => "covers";
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_never_sends_the_body() {
    let both = Both::harvested("timeout = \"500ms\"").await;
    both.simulator.set_behaviour(BAD, Behaviour::Silent);
    both.check(&both.again(), "silence", "nothing more came");
}

/// A port where nobody listens, and nobody can while it is held.
fn nobody() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_reached() {
    let (_held, port) = nobody();
    let both = Both::harvested("").await;
    both.site.move_source(&both.simulator.url(BAD), &format!("http://127.0.0.1:{port}/r51"));
    both.check(&both.again(), "nobody there", &format!("127.0.0.1:{port}: cannot be reached"));
}

/// All files under a folder, with what they hold once it is unpacked.
fn unpacked(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let packed = path.extension().is_some_and(|e| e == "zst");
            files.push((path, if packed { zstd::decode_all(&bytes[..]).unwrap() } else { bytes }));
        }
    }
    files
}

/// What must be true of a vendor that sends more than anybody can keep.
async fn is_kept_in_part(behaviour: Behaviour) {
    const MIB: usize = 1024 * 1024;
    let both = Both::harvested("").await;
    both.simulator.set_behaviour(BAD, behaviour.clone());
    both.check(&both.again(), &format!("{behaviour:?}"), "larger than 33554432 bytes");
    let data = both.site.path().join("data");
    let files = unpacked(&data);
    let largest_reply = files.iter().filter(|(path, _)| path.starts_with(data.join("archive"))).map(|(_, bytes)| bytes.len()).max();
    assert_eq!(largest_reply, Some(MIB), "{behaviour:?}: the first MiB is the evidence");
    let all: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(all < 8 * MIB, "{behaviour:?}: {all} bytes are kept");
    let left = files.iter().filter(|(path, _)| path.starts_with(data.join("archive/tmp"))).count();
    assert_eq!(left, 0, "{behaviour:?}: nothing is left of what was being written");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_gibibytes() {
    is_kept_in_part(Behaviour::Endless).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_bomb() {
    is_kept_in_part(Behaviour::GzipBomb).await;
}

#[test]
fn where_nobody_is_there_only_one_request_is_tried() {
    let (_held, port) = nobody();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_trusts() {
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
    let both = Both::harvested("").await;
    both.site.move_source(&both.simulator.url(BAD), &format!("https://localhost:{port}/r51"));
    let ran = both.again();
    both.check(&ran, "a certificate", &format!("localhost:{port}: no safe connection"));
    assert!(ran.stdout.to_lowercase().contains("certificate"), "{}", ran.stdout);
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
    let both = Both::harvested("").await;
    both.simulator.set_behaviour(BAD, Behaviour::Echo);
    let (site, ran) = (&both.site, both.again());
    assert_eq!(ran.status, Some(3));
    for text in [&ran.stdout, &ran.stderr, &site.ok(&["status"]).stdout, &site.ok(&["export", "runs"]).stdout] {
        assert!(!text.contains("secret-key-1"), "{text}");
    }
    let files = unpacked(&site.path().join("data"));
    for (path, bytes) in &files {
        assert!(!bytes.windows(12).any(|window| window == b"secret-key-1"), "the key stands in {}", path.display());
    }
    assert!(files.len() > 5, "the archive and the store were looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn absurd_counts_keep_nobody_elses_back() {
    let months = ["2024-10", "2024-11", "2024-12"].map(|month| format!("\"{month}\": {}", 1_u64 << 62)).join(", ");
    let body = format!(
        "{{\"Report_Header\": {{\"Report_ID\": \"PR\", \"Release\": \"5.1\"}}, \"Report_Items\": [{{\"Platform\": \"p\", \"Attribute_Performance\": \
         [{{\"Data_Type\": \"Article\", \"Access_Method\": \"Regular\", \"Performance\": {{\"Total_Item_Requests\": {{{months}}}}}}}]}}]}}"
    );
    let vendor_of_absurdities = Scripted::start(vec![("200 OK", body)]);
    let url = &vendor_of_absurdities.url;
    let vendor = VendorPlan::new(GOOD, Release::R51, vec![AccountPlan::new("A", 5000)]);
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&(source("aaa", url, "avis", "") + &source(GOOD, &simulator.url(GOOD), "film", "")));
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
    let vendor = Scripted::start(vec![("400 Bad Request", body.into())]);
    let site = Site::with_registry(&source(BAD, &vendor.url, "film", ""));
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
    let vendor = Scripted::start(vec![("429 Too Many Requests\r\nRetry-After: 0", body.into())]);
    let site = Site::with_registry(&source(BAD, &vendor.url, "film", "pause = \"0s\""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,,,\n")).expect(0);
    site.run(&["harvest"]).expect(3);
    let asked = vendor.asked();
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

/// A refusal as vendors write it.
fn exception(code: u32, message: &str) -> String {
    format!("{{\"Code\": {code}, \"Message\": \"{message}\", \"Severity\": \"Error\"}}")
}

#[test]
fn what_was_not_ready_for_days_has_all_its_tries_when_something_else_goes_wrong() {
    let not_ready = || ("200 OK", exception(3031, "Usage Not Ready for Requested Dates"));
    let page = || ("200 OK", "<html>maintenance</html>".to_owned());
    let queued = || ("202 Accepted", exception(1011, "Report Queued for Processing"));
    let down = || ("503 Service Unavailable", String::new());
    let days =
        [vec![not_ready()], vec![not_ready()], vec![not_ready()], vec![page(), page(), page()], vec![queued()], vec![down(), queued()]];
    let vendor = Scripted::start(days.concat());
    let mut site = Site::with_registry(&source(BAD, &vendor.url, "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,,,\n")).expect(0);
    let mut asked = 0;
    let expected = [("waiting", 0), ("waiting", 0), ("waiting", 0), ("failing", 3), ("waiting", 0), ("waiting", 0)];
    for (day, (answers, (expected, status))) in days.iter().zip(expected).enumerate() {
        site.at(&format!("2025-01-{:02}T03:30:00Z", 10 + day));
        site.run(&["harvest", "--from", "2024-12", "--to", "2024-12"]).expect(status);
        asked += answers.len();
        assert_eq!(vendor.asked(), asked, "on day {day} it is asked so often");
        let month = state(&site, "bad", "2024-12");
        assert_eq!(month["state"], expected, "{day}: {month:?}");
    }
    // Its day in the queue begins with the last of these answers.
    let month = state(&site, "bad", "2024-12");
    assert!(month["reason"].contains("1011") && month["attempts"] == "1", "{month:?}");
    for (now, expected) in [("2025-01-16T03:00:00Z", "waiting"), ("2025-01-16T04:00:00Z", "failing")] {
        site.at(now);
        site.run(&["harvest", "--account", "bad", "--from", "2024-12", "--to", "2024-12"]);
        assert_eq!(state(&site, "bad", "2024-12")["state"], expected, "{now}");
    }
}

#[test]
fn a_vendor_that_does_not_admit_our_address_is_told_which_it_is() {
    let body = r#"{"Code": 2030, "Message": "IP Address Not Authorized to Access Service", "Data": "203.0.113.77 is not registered"}"#;
    let vendor = Scripted::start(vec![("403 Forbidden", body.into())]);
    let site = Site::with_registry(&source(BAD, &vendor.url, "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}bad,bad,A,2010100,login,,,,\n")).expect(0);
    let said = site.run(&["harvest"]).expect(3).stdout;
    for expected in ["asks from 127.0.0.1;", "gateway", "203.0.113.77", "2030"] {
        assert!(said.contains(expected), "{expected} is not in: {said}");
    }
    assert_eq!(vendor.asked(), 1, "once is enough");
}
