//! Release 4 over SOAP: from a vendor's old service to figures per library, and everything that such a service does wrong.

use std::path::Path;

use avling::model::{Month, Release};
use avling::simulator::{AccountPlan, Behaviour, MemberPlan, Simulator, VendorPlan};

use crate::support::{ACCOUNTS, Ran, Row, Scripted, Site};

const SECRET: &str = "requestor-secret-&-1";
const MONTHS: [&str; 3] = ["2024-10", "2024-11", "2024-12"];
const REPORTS: [(&str, &[&str]); 5] = [
    ("JR1", &["ft_html", "ft_pdf", "ft_total"]),
    ("BR2", &["ft_total"]),
    ("DB1", &["search_reg", "search_fed", "result_click", "record_view"]),
    ("PR1", &["search_reg", "result_click", "record_view"]),
    ("MR1", &["multimedia"]),
];

fn vendor(name: &str, accounts: Vec<AccountPlan>) -> VendorPlan {
    VendorPlan { reports: REPORTS.iter().map(|(report, _)| *report).collect(), ..VendorPlan::new(name, Release::R4, accounts) }
}

fn account(customer: &str, size: u64) -> AccountPlan {
    AccountPlan { requestor_id: Some(SECRET.into()), ..AccountPlan::new(customer, size) }
}

/// A source that harvests all reports, or `JR1`.
fn source(id: &str, url: &str, all: bool, more: &str) -> String {
    let reports: Vec<&str> = REPORTS.iter().map(|(report, _)| *report).take(if all { 9 } else { 1 }).collect();
    format!(
        "[[source]]\nid = \"{id}\"\nvendor = \"v\"\nkind = \"sushi_soap\"\nurl = \"{url}\"\nreports = {reports:?}\nproduct = \"film\"\n{more}\n"
    )
}

async fn simulator(vendors: Vec<VendorPlan>) -> Simulator {
    Simulator::start(vendors, "2025-01-20".parse().unwrap()).await.unwrap()
}

fn booked(simulator: &Simulator, customer: &str, report: &str, month: &str, metric: &str) -> u64 {
    let book = simulator.book("old", customer, report, month.parse::<Month>().unwrap());
    book.iter().filter(|((of, ..), _)| of == metric).map(|(_, count)| count).sum()
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>) -> u64 {
    rows.into_iter().map(|row| row["value"].parse::<u64>().unwrap()).sum()
}

fn states(site: &Site) -> Vec<String> {
    site.export(&["runs"]).iter().map(|row| format!("{} {}", row["month"], row["state"])).collect()
}

/// Whether any file below a folder holds a text, once it is unpacked.
fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap();
        let packed = path.extension().is_some_and(|extension| extension == "zst");
        let bytes = if packed { zstd::decode_all(&bytes[..]).unwrap() } else { bytes };
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

fn assert_no_secret(site: &Site, ran: &[&Ran]) {
    for secret in [SECRET, "requestor-secret-&amp;-1"] {
        assert!(!holds(&site.path().join("data"), secret), "{secret}");
        for ran in ran {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{ran:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_old_vendor_counted_arrives_under_its_own_names() {
    let simulator = simulator(vec![vendor("old", vec![account("H1", 32_000)])]).await;
    let site = Site::with_registry(&source("old", &simulator.url("old"), true, ""));
    site.import("accounts", &format!("{ACCOUNTS}halden,old,H1,2010100,login,{SECRET},,,\n")).expect(0);
    let online = site.ok(&["check", "--online"]);
    assert!(online.stdout.contains("answers; JR1 of 2024-12 was asked for as halden, since Release 4 has no /status"), "{}", online.stdout);
    let before = simulator.requests("old").len();
    let harvest = site.ok(&["--json", "harvest"]);
    assert_eq!(harvest.json()["harvested"], 15, "{harvest:?}");
    let rows = site.export(&["statistics"]);
    for (report, metrics) in REPORTS {
        for metric in metrics {
            for month in MONTHS {
                let of = |row: &&Row| row["report"] == report && row["metric"] == *metric && row["month"] == month;
                let right = booked(&simulator, "H1", report, month, metric);
                assert!(right > 0 || *metric == "search_fed", "{report} {metric} {month}");
                assert_eq!(sum(rows.iter().filter(of)), right, "{report} {metric} {month}");
            }
        }
        let month = MONTHS[0];
        if report == "JR1" {
            let [html, pdf, total] = ["ft_html", "ft_pdf", "ft_total"].map(|metric| booked(&simulator, "H1", report, month, metric));
            assert_eq!(html + pdf, total);
        }
    }
    assert!(rows.iter().all(|row| row["institution"] == "2010100" && row["quality"] == "exact"));
    assert!(holds(&site.path().join("data/archive/records"), "\"release\": \"4\""), "the release is kept");
    site.ok(&["verify"]);
    // One request for each report, for all months; nobody is asked for a list of members, or twice.
    let seen = simulator.requests("old").split_off(before);
    assert_eq!(seen.iter().map(|seen| seen.report.as_str()).collect::<Vec<_>>(), REPORTS.map(|(report, _)| report));
    assert!(seen.iter().all(|seen| seen.authorised && seen.begin == "2024-10-01" && seen.end == "2024-12-31" && seen.referer.is_none()));
    assert_eq!(simulator.most_at_once("old"), 1);
    assert_no_secret(&site, &[&harvest, &online]);
    assert!(!holds(&site.path().join("data/archive"), "ReportRequest"), "what we sent is not kept");
    // It is asked for nothing of another release.
    assert_eq!(site.ok(&["harvest", "--report", "TR"]).stdout, "Nothing is due.\n");
    // Again: nothing is due, nothing changes.
    let before = site.everything()["statistics"].clone();
    assert_eq!(site.ok(&["harvest"]).stdout, "Nothing is due.\n");
    site.ok(&["reharvest", "--from", "2024-10", "--to", "2024-12"]);
    assert_eq!(site.everything()["statistics"], before);
    assert!(site.ok(&["status"]).stdout.contains("old"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_with_several_customers_is_their_members() {
    let members = [("m1", "2010100"), ("m2", "2011800"), ("m3", "2011900")];
    let plan = |(place, (customer, institution)): (usize, &(&str, &str))| MemberPlan {
        customer_id: (*customer).into(),
        name: format!("Medlem {customer}"),
        isil: format!("NO-{institution}"),
        size: 9_000 * (place as u64 + 1),
    };
    let consortium = AccountPlan { members: members.iter().enumerate().map(plan).collect(), ..account("C", 0) };
    let simulator = simulator(vec![vendor("old", vec![consortium])]).await;
    let site = Site::with_registry(&source("old", &simulator.url("old"), true, ""));
    site.import("accounts", &format!("{ACCOUNTS}felles,old,C,2010100 2011800 2011900,login,{SECRET},,,\n")).expect(0);
    assert_eq!(site.ok(&["--json", "harvest"]).json()["harvested"], 15);
    let rows = site.export(&["statistics"]);
    assert!(rows.iter().all(|row| row["quality"] == "exact"), "{rows:?}");
    for (report, metrics) in REPORTS {
        for month in MONTHS {
            let metric = metrics.last().unwrap();
            let of = |row: &&Row| row["report"] == report && row["metric"] == *metric && row["month"] == month;
            for (customer, institution) in members {
                let found = sum(rows.iter().filter(of).filter(|row| row["institution"] == institution));
                assert_eq!(found, booked(&simulator, customer, report, month, metric), "{customer} {report} {month}");
            }
            assert_eq!(sum(rows.iter().filter(of)), booked(&simulator, "C", report, month, metric), "{report} {month}");
        }
    }
    site.ok(&["verify"]);
}

/// A vendor with two accounts, harvested for two months; then it misbehaves, and all of it is asked for again with a third.
async fn misbehaving(behaviour: Behaviour) -> (Site, Simulator, Ran, Vec<Row>) {
    let simulator = simulator(vec![vendor("old", vec![account("A", 5_000), account("B", 3_000)])]).await;
    let site = Site::with_registry(&source("old", &simulator.url("old"), false, ""));
    let accounts = format!("a,old,A,2010100,login,{SECRET},,,\nb,old,B,2011800,login,{SECRET},,2031-01-01,\n");
    site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);
    site.ok(&["harvest", "--to", "2024-11"]);
    let before = site.export(&["statistics"]);
    assert!(!before.is_empty());
    simulator.set_behaviour("old", behaviour);
    let ran = site.run(&["--json", "reharvest", "--account", "a", "--from", "2024-10", "--to", "2024-12"]);
    (site, simulator, ran, before)
}

async fn fails(behaviour: Behaviour, status: i32, says: &str) {
    let what = format!("{behaviour:?}");
    let (site, _simulator, ran, before) = misbehaving(behaviour).await;
    assert_eq!(ran.status, Some(status), "{what}: {ran:?}");
    assert!(ran.stdout.contains(says), "{what}: {says} is not in {}", ran.stdout);
    assert!(site.export(&["statistics"]) == before, "{what}: what was there stays");
    let december = states(&site).into_iter().find(|state| state.starts_with("2024-12")).unwrap();
    assert!(["2024-12 waiting", "2024-12 failing"].contains(&december.as_str()), "{what}: {december}");
    site.ok(&["verify"]);
    assert_no_secret(&site, &[&ran]);
}

macro_rules! bad {
    ($($name:ident: $behaviour:expr => $status:literal, $says:literal;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            fails($behaviour, $status, $says).await;
        }
    )+};
}

bad! {
    a_login_page: Behaviour::Html => 3, "HTML page";
    a_soap_fault: Behaviour::SoapFault => 3, "SOAP fault S:Server: The service has lost its database";
    a_document_type_that_grows_and_reads_files: Behaviour::DoctypeAttack => 3, "document type";
    another_customers_figures: Behaviour::OtherCustomer => 3, "it is the report of customer B, not of A";
    a_month_that_is_silently_missing: Behaviour::MissingMonths => 3, "it covers 2024-10-01 to 2024-11-30";
    a_negative_count: Behaviour::NegativeCount => 3, "below zero";
    a_fractional_count: Behaviour::FractionalCount => 3, "not a whole number";
    xml_cut_in_the_middle: Behaviour::CutJson => 3, "broken XML";
    a_connection_that_breaks: Behaviour::Dropped => 3, "in the middle of the reply";
    refused_credentials: Behaviour::Unauthorized => 3, "credentials";
    a_server_error: Behaviour::ServerError => 3, "500";
    too_many_requests: Behaviour::TooManyRequests { retry_after_s: 3600 } => 3, "fewer requests";
    a_request_that_is_said_back: Behaviour::Echo => 3, "status 400";
    a_redirect_to_another_host: Behaviour::RedirectElsewhere("http://192.0.2.1:9/".into()) => 3, "sends us on";
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_being_made_is_waited_for() {
    let simulator = simulator(vec![vendor("old", vec![account("A", 5_000)]).behaving(Behaviour::Busy { times: 1 })]).await;
    let site = Site::with_registry(&source("old", &simulator.url("old"), false, ""));
    site.import("accounts", &format!("{ACCOUNTS}a,old,A,2010100,login,{SECRET},,,\n")).expect(0);
    assert_eq!(site.ok(&["--json", "harvest"]).json()["harvested"], 3);
    assert_eq!(simulator.requests("old").len(), 2);
    // Without Retry-After it is asked for again in ten minutes, which a run does not wait for.
    let (mut site, simulator, ran, before) = misbehaving(Behaviour::Queued { times: 1 }).await;
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("preparing the report"), "{}", ran.stdout);
    assert!(site.export(&["statistics"]) == before);
    site.at("2025-01-20T03:45:00Z");
    site.ok(&["harvest", "--account", "a"]);
    assert!(states(&site).contains(&"2024-12 harvested".into()), "{:?}", states(&site));
    assert_eq!(simulator.requests("old").last().unwrap().begin, "2024-10-01");
}

#[tokio::test(flavor = "multi_thread")]
async fn months_that_are_not_ready_and_zeros_are_told_apart() {
    let (site, _simulator, ran, before) = misbehaving(Behaviour::NotReady { months_back: 1 }).await;
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("does not have it ready yet"), "{}", ran.stdout);
    assert!(site.export(&["statistics"]) == before);
    let (site, _simulator, ran, _) = misbehaving(Behaviour::EmptyNoException).await;
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(states(&site).contains(&"2024-12 empty".into()), "{:?}", states(&site));
    let (site, _simulator, ran, _) = misbehaving(Behaviour::Gzip).await;
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(states(&site).contains(&"2024-12 harvested".into()));
    let (_site, _simulator, ran, _) = misbehaving(Behaviour::Partial3040).await;
    assert!(ran.stdout.contains("there will be more"), "{}", ran.stdout);
}

#[test]
fn what_a_service_says_in_other_words_is_understood() {
    let reply = |inner: &str| {
        format!(
            "<soapenv:Envelope xmlns:soapenv='x'><soapenv:Body><ReportResponse>{inner}</ReportResponse></soapenv:Body></soapenv:Envelope>"
        )
    };
    let exception = |code: u32, message: &str| {
        reply(&format!(
            "<Report><s:Exception xmlns:s='y'><s:Number>{code}</s:Number><s:Message>{message}</s:Message></s:Exception></Report>"
        ))
    };
    for (code, message, status, says) in [
        (1111, "Authentication Failed. Invalid userId/password", 3, "the vendor refuses: 1111 Authentication Failed"),
        (1110, "Invalid location", 3, "the vendor refuses: 1110 Invalid location"),
        (4001, "Report Queued", 0, "preparing the report: 4001 Report Queued"),
        (2010, "Requestor is Not Authorized", 3, "credentials"),
        (3000, "Report Not Supported", 3, "no JR1 in release 4"),
        (3020, "Invalid Date Arguments", 3, "dates are wrong"),
    ] {
        let server = Scripted::start(vec![("200 OK", exception(code, message))]);
        let site = Site::with_registry(&source("old", &server.url, false, ""));
        site.import("accounts", &format!("{ACCOUNTS}a,old,A,2010100,login,,,,\n")).expect(0);
        let ran = site.run(&["--json", "harvest"]);
        assert_eq!(ran.status, Some(status), "{code}: {ran:?}");
        assert!(ran.stdout.contains(says), "{code}: {}", ran.stdout);
        if status == 3 {
            let online = site.run(&["check", "--online"]).expect(3);
            assert!(online.stdout.contains(message), "{}", online.stdout);
        }
    }
}

#[test]
fn a_file_is_read_like_a_reply() {
    let site = Site::with_registry(&source("old", "https://example.org/sushi", false, ""));
    site.import("accounts", &format!("{ACCOUNTS}a,old,A,2010100,login,,,,\n")).expect(0);
    let item = "<ReportItems><ItemPlatform>P</ItemPlatform><ItemName>Tidsskrift</ItemName><ItemDataType>Journal</ItemDataType><ItemPerformance>\
                <Period><Begin>2024-11-01</Begin><End>2024-11-30</End></Period><Category>Requests</Category><Instance><MetricType>ft_total\
                </MetricType><Count>41</Count></Instance></ItemPerformance></ReportItems>";
    let report = format!("<Report Name=\"JR1\" Version=\"4\"><Customer><ID>A</ID>{item}</Customer></Report>");
    let path = site.write("jr1.xml", &report);
    let path = path.to_str().unwrap();
    let said = site.ok(&["--json", "import", "usage", path, "--dry-run"]).json();
    assert_eq!((said["report"].as_str(), said["release"].as_str()), (Some("JR1"), Some("4")), "{said}");
    assert_eq!((&said["metrics"]["ft_total"], &said["months"][0]), (&41.into(), &"2024-11".into()), "{said}");
    site.ok(&["import", "usage", path]);
    let rows = site.export(&["statistics"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((rows[0]["metric"].as_str(), rows[0]["value"].as_str(), rows[0]["report"].as_str()), ("ft_total", "41", "JR1"));
    let page = site.write("page.xml", "<!DOCTYPE html><html><body>Log in</body></html>");
    let said = site.run(&["import", "usage", page.to_str().unwrap(), "--dry-run"]).expect(2);
    assert!(said.stderr.contains("HTML page") || said.stdout.contains("HTML page"), "{said:?}");
}
