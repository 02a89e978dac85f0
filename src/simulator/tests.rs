//! The simulator asked over real HTTP: replies are whole, add up to the books, and each behaviour does what it says.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::model::Release;

/// A reply as it came over the wire.
struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
    /// Whether the body ended as HTTP says it must.
    whole: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn has_header(&self, line: &str) -> bool {
        self.headers.to_ascii_lowercase().lines().any(|one| one == line)
    }

    /// Codes of the exceptions in the header.
    fn codes(&self) -> Vec<u64> {
        let json = self.json();
        let exceptions = json["Report_Header"]["Exceptions"].as_array().cloned().unwrap_or_default();
        exceptions.iter().map(|exception| exception["Code"].as_u64().unwrap()).collect()
    }
}

/// Reads at most `limit` bytes of a reply.
fn get_at_most(url: &str, limit: u64) -> Answer {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut raw = Vec::new();
    let _ = stream.take(limit).read_to_end(&mut raw);
    let split = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let headers = String::from_utf8(raw[..split].to_vec()).unwrap();
    let (mut body, mut whole, mut rest) = (Vec::new(), false, &raw[split + 4..]);
    while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        rest = &rest[line + 2..];
        if size == 0 || rest.len() < size + 2 {
            whole = size == 0;
            break;
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
    Answer { status: headers[9..12].parse().unwrap(), headers, body, whole }
}

async fn get(url: String) -> Answer {
    tokio::task::spawn_blocking(move || get_at_most(&url, u64::MAX)).await.unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

const ALL: &str = "attributes_to_show=YOP%7CAccess_Type%7CAccess_Method";

/// A vendor `v` with a customer `c` of 30,000 and a customer `d`, on 20 January 2025.
async fn start(release: Release, behaviour: Behaviour) -> Simulator {
    let accounts = vec![AccountPlan::new("c", 30_000), AccountPlan::new("d", 9_000)];
    let plan = VendorPlan::new("v", release, accounts).behaving(behaviour);
    Simulator::start(vec![plan], day("2025-01-20")).await.unwrap()
}

fn report_url(simulator: &Simulator, report: &str, begin: &str, end: &str) -> String {
    format!("{}/reports/{report}?customer_id=c&begin_date={begin}&end_date={end}", simulator.url("v"))
}

/// Asks a vendor that behaves so for a title report of 2024.
async fn ask(behaviour: Behaviour) -> Answer {
    let simulator = start(Release::R51, behaviour).await;
    get(report_url(&simulator, "tr", "2024-01", "2024-12")).await
}

/// Sums of a report in either release, by metric, data type and access method, of one month or all.
fn sums(report: &Value, of: Option<&str>) -> Book {
    let mut sums = Book::new();
    let mut add = |metric: &str, row: &Value, month: &str, count: &Value| {
        if of.is_none_or(|of| month.starts_with(of)) {
            let method = row["Access_Method"].as_str().unwrap_or("").to_owned();
            let name = (metric.to_owned(), row["Data_Type"].as_str().unwrap().to_owned(), method);
            *sums.entry(name).or_default() += count.as_u64().unwrap();
        }
    };
    let items = report["Report_Items"].as_array().unwrap();
    let flat = items.iter().flat_map(|item| item["Items"].as_array().cloned().unwrap_or_else(|| vec![item.clone()]));
    for item in flat {
        if let Some(rows) = item["Attribute_Performance"].as_array() {
            for row in rows {
                for (metric, months) in row["Performance"].as_object().unwrap() {
                    months.as_object().unwrap().iter().for_each(|(month, count)| add(metric, row, month, count));
                }
            }
        } else {
            for period in item["Performance"].as_array().unwrap() {
                for instance in period["Instance"].as_array().unwrap() {
                    let month = period["Period"]["Begin_Date"].as_str().unwrap();
                    add(instance["Metric_Type"].as_str().unwrap(), &item, month, &instance["Count"]);
                }
            }
        }
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_add_up_to_the_books_in_both_releases() {
    for release in [Release::R5, Release::R51] {
        let simulator = start(release, Behaviour::Normal).await;
        for report in ["PR", "DR", "TR", "IR"] {
            let url = format!("{}&{ALL}", report_url(&simulator, report, "2024-01-01", "2024-03-31"));
            let answer = get(url).await;
            assert_eq!(answer.status, 200);
            let json = answer.json();
            assert_eq!(json["Report_Header"]["Release"], release.to_string());
            for one in ["2024-01", "2024-02", "2024-03"] {
                let sums = sums(&json, Some(one));
                assert!(!sums.is_empty());
                assert_eq!(sums, simulator.book("v", "c", report, month(one)), "{release} {report} {one}");
            }
            let methods: Vec<_> = sums(&json, None).into_keys().map(|(_, _, method)| method).collect();
            assert!(methods.iter().any(|method| method == "TDM") && methods.iter().any(|method| method == "Regular"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_report_is_the_sum_of_the_others() {
    let simulator = start(Release::R51, Behaviour::Normal).await;
    let of = |report: &str| {
        let book = simulator.book("v", "c", report, month("2024-05"));
        book.iter().filter(|((metric, ..), _)| metric == "Total_Item_Requests").map(|(_, count)| count).sum::<u64>()
    };
    assert!(of("PR") > 1_000);
    assert_eq!((of("DR"), of("IR")), (of("PR"), of("PR")));
    // Films are in no title report.
    let films: u64 = simulator
        .book("v", "c", "PR", month("2024-05"))
        .iter()
        .filter(|((metric, data_type, _), _)| metric == "Total_Item_Requests" && data_type == "Audiovisual")
        .map(|(_, count)| count)
        .sum();
    assert_eq!(of("TR") + films, of("PR"));
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_views_are_their_masters_filtered() {
    let mut plan = VendorPlan::new("v", Release::R51, vec![AccountPlan::new("c", 30_000)]);
    plan.reports = vec!["PR_P1", "DR_D1", "DR_D2", "TR_B1", "TR_B2", "TR_B3", "TR_J1", "TR_J2", "TR_J3", "TR_J4", "IR_A1", "IR_M1"];
    let reports = plan.reports.clone();
    let simulator = Simulator::start(vec![plan], day("2025-01-20")).await.unwrap();
    for report in reports {
        let json = get(report_url(&simulator, report, "2024-01", "2024-12")).await.json();
        let sums: u64 = sums(&json, None).values().sum();
        let months = crate::model::MonthRange::new(month("2024-01"), month("2024-12")).iter();
        let books: u64 = months.flat_map(|month| simulator.book("v", "c", report, month).into_values()).sum();
        assert_eq!(sums, books, "{report}");
        assert!(sums > 0, "{report}");
    }
    let controlled = simulator.book("v", "c", "TR_J1", month("2024-02"));
    assert!(
        controlled
            .keys()
            .all(|(metric, data_type, method)| { metric.ends_with("_Item_Requests") && data_type == "Journal" && method == "Regular" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_honoured() {
    let simulator = start(Release::R51, Behaviour::Normal).await;
    let url = format!("{}&metric_type=Unique_Item_Requests&data_type=Book", report_url(&simulator, "PR", "2024-02", "2024-02"));
    let json = get(url).await.json();
    assert_eq!(json["Report_Header"]["Report_Filters"]["Data_Type"][0], "Book");
    let keys: Vec<_> = sums(&json, None).into_keys().collect();
    assert_eq!(keys, [("Unique_Item_Requests".to_owned(), "Book".to_owned(), String::new())]);
    let url = format!("{}&page=2&attributes_to_show=Colour", report_url(&simulator, "PR", "2024-02", "2024-02"));
    assert_eq!(get(url).await.codes(), [3050, 3062]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consortium_is_broken_down_by_member() {
    let member = |id: &str, size| MemberPlan { customer_id: id.to_owned(), name: format!("Library {id}"), isil: format!("NO-{id}"), size };
    let account = AccountPlan { members: vec![member("m1", 20_000), member("m2", 5_000)], ..AccountPlan::new("c", 0) };
    let simulator = Simulator::start(vec![VendorPlan::new("v", Release::R51, vec![account])], day("2025-01-20")).await.unwrap();
    let json = get(report_url(&simulator, "PR", "2024-02", "2024-02")).await.json();
    let rows: Vec<&Value> = json["Report_Items"][0]["Attribute_Performance"].as_array().unwrap().iter().collect();
    assert!(rows.iter().any(|row| row["Customer_ID"] == "m1" && row["Institution_ID"]["ISIL"][0] == "NO-m1"));
    assert!(rows.iter().all(|row| row["Customer_ID"].is_string()));
    let of = |customer: &str| simulator.book("v", customer, "PR", month("2024-02")).values().sum::<u64>();
    assert_eq!(of("m1") + of("m2"), of("c"));
    assert!(of("m1") > of("m2") && of("m2") > 0);
    let members = get(format!("{}/members?customer_id=c", simulator.url("v"))).await.json();
    assert_eq!(members[1]["Customer_ID"], "m2");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_dates_are_checked() {
    let account = AccountPlan { requestor_id: Some("r".to_owned()), api_key: Some("k".to_owned()), ..AccountPlan::new("c", 1_000) };
    let simulator = Simulator::start(vec![VendorPlan::new("v", Release::R51, vec![account])], day("2025-01-20")).await.unwrap();
    let base = simulator.url("v");
    assert!(base.ends_with("/r51"));
    let months = "begin_date=2024-01&end_date=2024-02";
    for (query, status, code) in [
        (months.to_owned(), 400, 1030),
        (format!("customer_id=x&{months}"), 401, 1030),
        (format!("customer_id=c&api_key=k&{months}"), 401, 2000),
        (format!("customer_id=c&requestor_id=r&api_key=x&{months}"), 401, 2020),
        ("customer_id=c&requestor_id=r&api_key=k".to_owned(), 400, 1030),
        ("customer_id=c&requestor_id=r&api_key=k&begin_date=2024-13&end_date=2024-14".to_owned(), 400, 3020),
        ("customer_id=c&requestor_id=r&api_key=k&begin_date=2024-02&end_date=2024-01".to_owned(), 400, 3020),
        ("customer_id=c&requestor_id=r&api_key=k&begin_date=2025-01&end_date=2025-01".to_owned(), 400, 3020),
    ] {
        let answer = get(format!("{base}/reports/pr?{query}")).await;
        assert_eq!((answer.status, answer.json()["Code"].as_u64()), (status, Some(code)), "{query}");
    }
    let answer = get(format!("{base}/reports/tr_j9?customer_id=c&requestor_id=r&api_key=k&{months}")).await;
    assert_eq!((answer.status, answer.json()["Code"].as_u64()), (404, Some(3000)));
    assert_eq!(get(format!("{base}/status")).await.json()["Service_Active"], true);
    let list = get(format!("{base}/reports?customer_id=c&requestor_id=r&api_key=k")).await.json();
    assert_eq!((&list[0]["Report_ID"], &list[0]["Last_Month_Available"]), (&"PR".into(), &"2024-12".into()));
    let seen = simulator.requests("v");
    assert_eq!((seen[0].authorised, seen[5].authorised, seen[5].report.as_str()), (false, true, "PR"));
    assert_eq!((seen[5].begin.as_str(), seen[5].end.as_str()), ("2024-13", "2024-14"));
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_the_same_bytes_whatever_the_port() {
    let one = start(Release::R51, Behaviour::Normal).await;
    let two = start(Release::R51, Behaviour::Normal).await;
    let ask = |simulator: &Simulator| get(report_url(simulator, "IR", "2024-01", "2024-12"));
    assert_eq!(ask(&one).await.body, ask(&two).await.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_reply_waits() {
    let simulator = start(Release::R51, Behaviour::Queued { times: 2 }).await;
    for _ in 0..2 {
        let answer = get(report_url(&simulator, "tr", "2024-01", "2024-01")).await;
        assert_eq!((answer.status, answer.json()["Code"].as_u64()), (202, Some(1011)));
        assert!(answer.has_header("retry-after: 1"));
    }
    assert_eq!(get(report_url(&simulator, "TR", "2024-01", "2024-01")).await.status, 200);
    assert_eq!(get(report_url(&simulator, "PR", "2024-01", "2024-01")).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn months_that_are_not_ready_come_later() {
    let simulator = start(Release::R51, Behaviour::NotReady { months_back: 1 }).await;
    let answer = get(report_url(&simulator, "PR", "2024-11", "2024-12")).await;
    assert_eq!(answer.codes(), [3031]);
    assert_eq!(answer.json()["Report_Header"]["Exceptions"][0]["Data"], "2024-12");
    let json = answer.json();
    assert!(!sums(&json, Some("2024-11")).is_empty() && sums(&json, Some("2024-12")).is_empty());
    assert_eq!(get(report_url(&simulator, "PR", "2024-12", "2024-12")).await.json()["Report_Items"], serde_json::json!([]));
    simulator.set_today(day("2025-02-20"));
    assert!(!sums(&get(report_url(&simulator, "PR", "2024-12", "2024-12")).await.json(), None).is_empty());
    let early = get(report_url(&simulator, "PR", "2021-12", "2022-01")).await;
    assert_eq!(early.codes(), [3032]);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_figures_are_restated_two_months_later() {
    let simulator = start(Release::R51, Behaviour::Restating).await;
    let fetch = || async { sums(&get(report_url(&simulator, "PR", "2024-11", "2024-12")).await.json(), Some("2024-12")) };
    let before = fetch().await;
    simulator.set_today(day("2025-02-20"));
    let after = fetch().await;
    assert_ne!(before, after);
    let sum = |sums: &Book| sums.values().sum::<u64>();
    assert!(sum(&after) > sum(&before) && sum(&after) < sum(&before) * 11 / 10);
    assert_eq!(sum(&after), sum(&simulator.book("v", "c", "PR", month("2024-12"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_their_status_and_code() {
    for (behaviour, status, code) in [
        (Behaviour::Unauthorized, 401, Some(2010)),
        (Behaviour::BadCredentials2020, 401, Some(2020)),
        (Behaviour::Busy { times: 1 }, 503, Some(1010)),
        (Behaviour::TooManyRequests { retry_after_s: 90 }, 429, Some(1020)),
        (Behaviour::NotFound, 404, None),
        (Behaviour::ServerError, 500, None),
        (Behaviour::Html, 200, None),
    ] {
        let answer = ask(behaviour.clone()).await;
        let json = serde_json::from_slice::<Value>(&answer.body).ok();
        let found = json.and_then(|json| json["Code"].as_u64());
        assert_eq!((answer.status, found), (status, code), "{behaviour:?}");
        assert_eq!(answer.has_header("retry-after: 90"), status == 429);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_replies_say_so_or_not() {
    let empty = ask(Behaviour::Empty).await;
    assert_eq!((empty.codes(), empty.json()["Report_Items"].as_array().unwrap().len()), (vec![3030], 0));
    let silent = ask(Behaviour::EmptyNoException).await;
    assert_eq!((silent.codes(), silent.json()["Report_Items"].as_array().unwrap().len()), (vec![], 0));
    let nobody = Simulator::start(vec![VendorPlan::new("v", Release::R5, vec![AccountPlan::new("c", 0)])], day("2025-01-20"));
    let answer = get(report_url(&nobody.await.unwrap(), "TR", "2024-01", "2024-12")).await;
    assert_eq!(answer.codes(), [3030]);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_replies_are_broken_in_their_way() {
    let cut = ask(Behaviour::CutJson).await;
    assert!(cut.whole && serde_json::from_slice::<Value>(&cut.body).is_err());
    let dropped = ask(Behaviour::Dropped).await;
    assert!(!dropped.whole && !dropped.body.is_empty());
    let negative = ask(Behaviour::NegativeCount).await;
    assert_eq!(String::from_utf8_lossy(&negative.body).matches(":-7").count(), 1);
    let fractional = ask(Behaviour::FractionalCount).await;
    assert_eq!(String::from_utf8_lossy(&fractional.body).matches(":3.5").count(), 1);
    let slow = ask(Behaviour::ChunkedSlow).await;
    assert_eq!(slow.body, ask(Behaviour::Normal).await.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_replies_are_wrong_in_their_way() {
    let other = ask(Behaviour::OtherMonths).await.json();
    assert!(sums(&other, Some("2024")).is_empty() && !sums(&other, Some("2023")).is_empty());
    let customer = ask(Behaviour::OtherCustomer).await.json();
    assert_eq!(customer["Report_Header"]["Institution_ID"]["Proprietary"][0], "simulator:d");
    let missing = ask(Behaviour::MissingMonths).await;
    assert_eq!(missing.json()["Report_Header"]["Report_Filters"]["End_Date"], "2024-11-30");
    assert!(missing.codes().is_empty() && sums(&missing.json(), Some("2024-12")).is_empty());
    let partial = ask(Behaviour::Partial3040).await;
    assert_eq!(partial.codes(), [3040]);
    assert!(!sums(&partial.json(), None).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_points_elsewhere_and_an_echo_repeats_the_keys() {
    let redirect = ask(Behaviour::RedirectElsewhere("http://192.0.2.1/x".to_owned())).await;
    assert_eq!(redirect.status, 307);
    assert!(redirect.has_header("location: http://192.0.2.1/x"));
    let simulator = start(Release::R5, Behaviour::Echo).await;
    let answer = get(format!("{}/reports/pr?customer_id=c&api_key=very-secret", simulator.url("v"))).await;
    assert_eq!(answer.status, 400);
    assert!(String::from_utf8(answer.body).unwrap().contains("api_key=very-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_replies_go_on_and_bombs_are_small() {
    let simulator = start(Release::R51, Behaviour::Endless).await;
    let url = report_url(&simulator, "tr", "2024-01", "2024-12");
    let endless = tokio::task::spawn_blocking(move || get_at_most(&url, 1 << 20)).await.unwrap();
    assert!(!endless.whole && endless.body.len() > 900_000);
    assert!(endless.body.starts_with(b"{\"Report_Header\":"));

    simulator.set_behaviour("v", Behaviour::GzipBomb);
    let url = report_url(&simulator, "tr", "2024-01", "2024-12");
    let bomb = tokio::task::spawn_blocking(move || get_at_most(&url, 64 << 10)).await.unwrap();
    assert!(bomb.has_header("content-encoding: gzip"));
    let inflated = inflate(&bomb.body).await;
    assert!(inflated.len() > 200 * bomb.body.len(), "{} of {}", inflated.len(), bomb.body.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_replies_are_the_same_inside() {
    let zipped = ask(Behaviour::Gzip).await;
    let plain = ask(Behaviour::Normal).await;
    assert!(zipped.body.len() < plain.body.len());
    assert_eq!(inflate(&zipped.body).await, plain.body);
}

/// What can be inflated of a beginning.
async fn inflate(bytes: &[u8]) -> Vec<u8> {
    use tokio::io::AsyncReadExt as _;
    let mut inflated = Vec::new();
    let _ = async_compression::tokio::bufread::GzipDecoder::new(bytes).read_to_end(&mut inflated).await;
    inflated
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_while_they_are_answered() {
    let simulator = start(Release::R51, Behaviour::Normal).await;
    for _ in 0..20 {
        get(report_url(&simulator, "PR", "2024-01", "2024-12")).await;
    }
    assert_eq!(simulator.most_at_once("v"), 1);
    // Three that are never finished, each seen before the next is sent.
    simulator.set_behaviour("v", Behaviour::Silent);
    let host = simulator.url("v").trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&host).unwrap();
        stream.write_all(format!("GET /counter/r51/status HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).unwrap();
        open.push(stream);
    }
    assert_eq!(simulator.most_at_once("v"), 3);
    assert_eq!(simulator.requests("v").last().unwrap().at_once, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn vendors_stop_with_the_handle() {
    let simulator = start(Release::R51, Behaviour::Silent).await;
    let url = report_url(&simulator, "PR", "2024-01", "2024-12");
    let waiting = tokio::spawn(get(url.clone()));
    while simulator.requests("v").is_empty() {
        tokio::task::yield_now().await;
    }
    drop(simulator);
    // The open reply ends, and in the end nobody listens.
    assert!(waiting.await.unwrap().body.is_empty());
    let host = url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    while TcpStream::connect(&host).is_ok() {
        tokio::task::yield_now().await;
    }
}
