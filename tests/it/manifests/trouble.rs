//! What can go wrong with a vendor's own interface, and what becomes of it.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use super::server::{ASCII_KEY, Request, Response, Server, TOKEN};
use crate::support::{ACCOUNTS, Site};

const ROWS: &str = "[source.rows]\nformat = \"json\"\npath = \"items[*]\"\n[source.fields]\nmonth = \"m\"\ntitle = \"t\"\n\
                    [[source.metric]]\nname = \"Total_Item_Requests\"\nfrom = \"n\"\n";
const QUERY: &str = "[source.request]\nquery = { month = \"{month}\", page = \"{page}\" }\n[source.pages]\nkind = \"page\"\n";

fn site(url: &str, sections: &str) -> Site {
    let site =
        Site::with_registry(&format!("[[source]]\nid = \"s\"\nkind = \"manifest\"\nurl = \"{url}\"\nproduct = \"avis\"\n{sections}"));
    site.import("accounts", &format!("{ACCOUNTS}a,s,C1,*,ip,user-of-ours,{ASCII_KEY},,\n")).expect(0);
    site
}

fn items(month: &str, titles: &[&str]) -> Response {
    let items: Vec<_> = titles.iter().map(|title| json!({ "m": month, "t": title, "n": 5 })).collect();
    Response::json(&json!({ "items": items }))
}

/// State and reason of each month.
fn states(site: &Site) -> Vec<(String, String)> {
    site.export(&["runs"]).into_iter().map(|run| (run["state"].clone(), run["reason"].clone())).collect()
}

#[track_caller]
fn all_fail(site: &Site, expected: &str) {
    site.run(&["harvest"]).expect(3);
    let states = states(site);
    assert_eq!(states.len(), 3, "{states:?}");
    for (state, reason) in states {
        assert!(state == "failing" && reason.contains(expected), "{state}: {reason}");
        assert!(!reason.contains(ASCII_KEY) && !reason.contains(TOKEN));
    }
    assert!(site.export(&["facts"]).is_empty());
    site.ok(&["verify"]);
}

#[test]
fn a_page_that_is_not_there_leaves_nothing_of_the_others() {
    let down = std::sync::Arc::new(AtomicU32::new(1));
    let is_down = std::sync::Arc::clone(&down);
    let server = Server::start(move |request: &Request| match request.of("page") {
        "1" => items(request.of("month"), &["A"]),
        "2" if is_down.load(Ordering::SeqCst) > 0 => Response::new(503, "text/plain", "out of order").with("Retry-After", "86400"),
        "2" => items(request.of("month"), &["B"]),
        _ => items("", &[]),
    });
    let mut site = site(&server.url, &format!("{QUERY}{ROWS}"));
    site.run(&["harvest"]).expect(3);
    assert!(site.export(&["facts"]).is_empty());
    assert!(
        states(&site).iter().all(|(state, reason)| state == "waiting" && reason.contains("status 503, out of order")),
        "{:?}",
        states(&site)
    );
    site.ok(&["verify"]);
    down.store(0, Ordering::SeqCst);
    site.at("2025-01-22T03:30:00Z");
    site.ok(&["harvest"]);
    assert_eq!(site.export(&["facts"]).len(), 6);
    assert_eq!(server.seen().iter().filter(|request| request.of("page") == "3").count(), 3, "an empty page is the last");
    site.ok(&["verify"]);
}

#[test]
fn pages_without_end_are_not_followed() {
    let server = Server::start(|request: &Request| items(request.of("month"), &["A"]));
    all_fail(&site(&server.url, &format!("{QUERY}{ROWS}")), "page 2 is the same as one before it");
    let count = AtomicU32::new(0);
    let server = Server::start(move |request: &Request| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        items(request.of("month"), &[&format!("title {number}")])
    });
    all_fail(&site(&server.url, &format!("{QUERY}most = 3\n{ROWS}")), "there are more than 3 pages");
    let server = Server::start(|request: &Request| {
        let items = json!([{ "m": request.of("month"), "t": request.of("c"), "n": 1 }]);
        Response::json(&json!({ "items": items, "next": if request.of("c") == "x" { "y" } else { "x" } }))
    });
    let cursor =
        "[source.request]\nquery = { month = \"{month}\", c = \"{cursor}\" }\n[source.pages]\nkind = \"cursor\"\ncursor = \"next\"\n";
    all_fail(&site(&server.url, &format!("{cursor}{ROWS}")), "has led to a page before");
}

#[test]
fn nobody_else_is_asked_for_the_next_page() {
    let server = Server::start(|request: &Request| items(request.of("month"), &["A"]).with("Link", "<http://127.0.0.1:9/x>; rel=next"));
    let link = "[source.request]\nquery = { month = \"{month}\" }\n[source.pages]\nkind = \"link\"\n[source.auth]\nkind = \"bearer\"\n";
    all_fail(&site(&server.url, &format!("{link}{ROWS}")), "sends us on to http://127.0.0.1:9");
}

#[test]
fn one_wrong_row_refuses_the_whole_with_its_place() {
    let server = Server::start(|request: &Request| match request.of("page") {
        "1" => items(request.of("month"), &["A"]),
        "2" => Response::json(&json!({ "items": [{ "m": request.of("month"), "t": "B", "n": -4, "who": "kari@example.org" }] })),
        _ => items("", &[]),
    });
    all_fail(&site(&server.url, &format!("{QUERY}{ROWS}")), "the report is refused: page 2, row 1: Total_Item_Requests: is negative");
}

#[test]
fn a_reply_that_is_something_else_is_not_an_empty_one() {
    let server =
        Server::start(|request: &Request| Response::json(&json!({ "message": format!("come back later, {}", request.header("x-key")) })));
    let auth = "[source.request]\nquery = { month = \"{month}\" }\n[source.auth]\nkind = \"header\"\nname = \"X-Key\"\n";
    all_fail(&site(&server.url, &format!("{auth}{ROWS}")), "there are no rows where the path of rows leads");
    let server = Server::start(|_: &Request| Response::new(404, "text/plain", "nobody here"));
    all_fail(&site(&server.url, &format!("{auth}{ROWS}")), "the vendor has nothing at this address: status 404, nobody here");
}

#[test]
fn a_token_that_is_not_taken_any_more_is_asked_for_again() {
    let given = std::sync::Arc::new(AtomicU32::new(0));
    let known = std::sync::Arc::clone(&given);
    let server = Server::start(move |request: &Request| {
        if request.path == "/token" {
            if !request.body.contains("client_secret=hemmelig") {
                return Response::new(401, "application/json", r#"{"error":"invalid_client"}"#);
            }
            let number = known.fetch_add(1, Ordering::SeqCst) + 1;
            return Response::json(&json!({ "access_token": format!("{TOKEN}-{number}"), "expires_in": "7200" }));
        }
        // The first token is forgotten after one use.
        let is_current = request.header("authorization") == format!("Bearer {TOKEN}-2") || request.of("month") == "2024-10";
        if is_current {
            items(request.of("month"), &["A"])
        } else {
            Response::new(401, "text/plain", format!("expired: {}", request.header("authorization")))
        }
    });
    let auth = format!(
        "[source.request]\nquery = {{ month = \"{{month}}\" }}\n[source.auth]\nkind = \"oauth2\"\ntoken_url = \"{}/token\"\nsend = \"form\"\n",
        server.url
    );
    let site = site(&server.url, &format!("{auth}{ROWS}"));
    site.ok(&["harvest"]);
    assert_eq!(given.load(Ordering::SeqCst), 2);
    assert_eq!(site.export(&["facts"]).len(), 3);
    let other = Site::with_registry(&format!(
        "[[source]]\nid = \"s\"\nkind = \"manifest\"\nurl = \"{}\"\nproduct = \"avis\"\n{auth}{ROWS}",
        server.url
    ));
    other.import("accounts", &format!("{ACCOUNTS}a,s,C1,*,ip,user-of-ours,another-secret,,\n")).expect(0);
    all_fail(&other, "no token was given (status 401, invalid_client)");
}

#[test]
fn a_secret_that_is_not_there_is_told_before_anybody_is_asked() {
    let server = Server::start(|_: &Request| Response::new(200, "text/plain", ""));
    let auth = "[source.request]\nquery = { month = \"{month}\" }\n[source.auth]\nkind = \"bearer\"\nsecret = \"env:NOT_SET_ANYWHERE\"\n";
    let site = site(&server.url, &format!("{auth}{ROWS}"));
    assert!(site.run(&["check"]).expect(3).stdout.contains("the environment variable NOT_SET_ANYWHERE is not set"));
    all_fail(&site, "the environment variable NOT_SET_ANYWHERE is not set");
    assert!(server.seen().is_empty());
}

/// A place that is spelt wrong must not look like a month with one page.
#[test]
fn a_cursor_that_is_not_there_is_no_last_page() {
    let server = Server::start(|request: &Request| {
        let items = json!([{ "m": request.of("month"), "t": "A", "n": 1 }]);
        Response::json(&json!({ "items": items, "meta": { "next": null } }))
    });
    let cursor = |place: &str| {
        format!(
            "[source.request]\nquery = {{ month = \"{{month}}\", c = \"{{cursor}}\" }}\n[source.pages]\nkind = \"cursor\"\ncursor = \"{place}\"\n{ROWS}"
        )
    };
    all_fail(&site(&server.url, &cursor("meta.nxt")), "the reply has no place for the cursor where pages looks");
    site(&server.url, &cursor("meta.next")).ok(&["harvest"]);
}

/// Nothing can be taken out of a workbook, and what unpacks without end is not unpacked to its end.
#[test]
fn a_workbook_with_a_secret_in_it_is_not_kept() {
    let server = Server::start(|request: &Request| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (column, text) in ["m", "n", request.header("x-key")].into_iter().enumerate() {
            sheet.write(0, u16::try_from(column).unwrap(), text).unwrap();
        }
        sheet.write(1, 0, request.of("month")).unwrap();
        sheet.write(1, 1, 3).unwrap();
        Response::new(200, "application/octet-stream", book.save_to_buffer().unwrap())
    });
    let sections = "[source.request]\nquery = { month = \"{month}\" }\n[source.auth]\nkind = \"header\"\nname = \"X-Key\"\n[source.rows]\nformat = \"xlsx\"\n\
                    [source.fields]\nmonth = \"m\"\n[[source.metric]]\nname = \"Total_Item_Requests\"\nfrom = \"n\"\n";
    all_fail(&site(&server.url, sections), "the workbook repeats our credentials");
}

#[test]
fn what_unpacks_to_more_than_is_allowed_is_refused() {
    let rows = "month,n\n".to_owned() + &"2024-10,1\n".repeat(4 << 20);
    let packed = super::server::gzip(rows.as_bytes());
    assert!(packed.len() < 1 << 20 && rows.len() > 32 << 20);
    let server = Server::start(move |_: &Request| Response::new(200, "application/gzip", packed.clone()));
    let sections = "[source.request]\nquery = { month = \"{month}\" }\npacked = \"gzip\"\n[source.rows]\nformat = \"csv\"\n\
                    [source.fields]\nmonth = \"month\"\n[[source.metric]]\nname = \"Total_Item_Requests\"\nfrom = \"n\"\n";
    all_fail(&site(&server.url, sections), "the reply is larger than 33554432 bytes after decompression");
}

/// The facts are not those of today's reading, which is no fault; asked for again, they are replaced.
#[test]
fn a_mapping_that_changes_is_noticed() {
    let server = Server::start(|request: &Request| {
        let n = if request.of("month") == "2024-12" { 0 } else { 5 };
        Response::json(&json!({ "items": [{ "m": request.of("month"), "t": "A", "n": n, "all": 9 }] }))
    });
    let site = site(&server.url, &format!("[source.request]\nquery = {{ month = \"{{month}}\" }}\n{ROWS}"));
    site.ok(&["harvest"]);
    let counts = || site.export(&["facts"]).into_iter().map(|row| row["count"].clone()).collect::<Vec<_>>();
    assert_eq!(counts(), ["5", "5"]);
    let settings = std::fs::read_to_string(site.path().join("avling.toml")).unwrap();
    site.write("avling.toml", settings.replace("from = \"n\"", "from = \"all\""));
    let verified = site.ok(&["--json", "verify"]).json();
    assert!(verified["skipped"].as_u64().is_some_and(|skipped| skipped > 0), "{verified}");
    assert_eq!(counts(), ["5", "5"]);
    site.ok(&["reharvest", "--from", "2024-10", "--to", "2024-12"]);
    assert_eq!(counts(), ["9", "9", "9"]);
    site.ok(&["verify"]);
}

#[test]
fn a_counter_report_that_people_bring_is_still_one() {
    let server = Server::start(|request: &Request| items(request.of("month"), &["A"]));
    let site = site(&server.url, &format!("[source.request]\nquery = {{ month = \"{{month}}\" }}\n{ROWS}"));
    let file = site.write("use.csv", "month,metric,count\n2024-10,Unique_Item_Requests,7\n");
    site.ok(&["import", "usage", file.to_str().unwrap(), "--account", "a"]);
    assert_eq!(site.export(&["facts"])[0]["count"], "7");
    site.ok(&["harvest"]);
    site.ok(&["verify"]);
}
