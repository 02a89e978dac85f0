//! Requests as a manifest says, their pages and their secrets.

use std::fs;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue, LINK};

use super::paging::{Course, Next};
use super::*;
use crate::config;

fn parts(sections: &str) -> (Arc<Requests>, Arc<Mapping>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    let rows = "[rows]\nformat = \"json\"\npath = \"items[*]\"\n[fields]\nmonth = \"m\"\n[[metric]]\nname = \"M\"\nfrom = \"n\"\n";
    fs::write(&file, format!("{sections}\n{rows}")).unwrap();
    let (source, _) = config::load_manifest(&file, Some("https://example.org")).unwrap_or_else(|error| panic!("{error}"));
    (source.requests.unwrap(), source.mapping.unwrap())
}

/// Does something with a request.
fn with<T>(base_url: &str, sections: &str, act: impl FnOnce(&ManifestRequest<'_>) -> T) -> T {
    let (requests, mapping) = parts(sections);
    let secrets = Secrets { user: Some("somebody".into()), secret: Some("s3cr3t/å".into()), others: Vec::new() };
    act(&ManifestRequest {
        source: &"s".parse().unwrap(),
        account: &"acc".parse().unwrap(),
        customer_id: "C/1 ?",
        base_url,
        requests: &requests,
        mapping: &mapping,
        months: MonthRange::new("2024-01".parse().unwrap(), "2024-02".parse().unwrap()),
        secrets: &secrets,
        allow_http: false,
        user_agent: None,
        timeout: Duration::from_secs(1),
        max_size: 1000,
        pause: Duration::ZERO,
    })
}

#[test]
fn addresses_are_made_of_their_parts() {
    let sections = "[request]\npath = \"/x/{customer_id}/{month}.csv\"\nquery = { b = \"{begin}\", e = \"{end:%d.%m.%Y}\", c = \"{cursor}\" }\n[pages]\nkind = \"cursor\"\nheader = \"X-Next\"\n";
    with("https://example.org/api/?v=2", sections, |request| {
        let mut course = Course::new(request.requests.pages.as_ref());
        let url = |course: &Course| sending::url(request, course).unwrap().to_string();
        assert_eq!(url(&course), "https://example.org/api/x/C%2F1%20%3F/2024-01.csv?v=2&b=2024-01-01&e=29.02.2024");
        course.cursor = "a&b".into();
        assert!(url(&course).ends_with("&b=2024-01-01&c=a%26b&e=29.02.2024"), "{}", url(&course));
    });
}

#[test]
fn bodies_are_forms_or_json() {
    let sections = "[request]\nform = { m = \"{month}\", t = \"a b&\" }\n";
    with("https://example.org", sections, |request| {
        let outgoing = sending::outgoing(request, &Course::new(None)).unwrap();
        assert_eq!(outgoing.body.as_deref(), Some(&b"m=2024-01&t=a+b%26"[..]));
        assert_eq!(outgoing.headers["content-type"], "application/x-www-form-urlencoded");
    });
    let sections = "[request]\njson = { page = \"{page}\", list = [{ month = \"{month}\" }, 2, true, 1.5], id = \"{customer_id}\" }\n[pages]\nkind = \"page\"\nfirst = 0\n";
    with("https://example.org", sections, |request| {
        let outgoing = sending::outgoing(request, &Course::new(request.requests.pages.as_ref())).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&outgoing.body.unwrap()).unwrap();
        assert_eq!(body, serde_json::json!({ "page": 0, "list": [{ "month": "2024-01" }, 2, true, 1.5], "id": "C/1 ?" }));
    });
}

#[test]
fn the_record_shows_no_secret() {
    let sections = "[request]\nquery = { m = \"{month}\" }\n[auth]\nkind = \"query\"\nname = \"pw\"\n";
    with("https://example.org", sections, |request| {
        let url = Url::parse("https://example.org/?m=2024-01&pw=short&token=x").unwrap();
        let shown = sending::shown(&url, &request.requests.auth, &redactor_for(request.secrets, request.customer_id));
        assert_eq!(shown, "https://example.org/?m=2024-01&pw=***&token=***");
        let headers = vec![("authorization".into(), "Basic x".into()), ("x".into(), "see s3cr3t/å".into())];
        let shown = super::shown(headers, &request.requests.auth, &redactor_for(request.secrets, request.customer_id));
        assert_eq!(shown, [("authorization".into(), "***".into()), ("x".into(), "see ***".to_owned())]);
    });
}

fn seen(rows: u64, found: &[Option<&str>]) -> PageSeen {
    PageSeen { rows, found: found.iter().map(|text| text.map(str::to_owned)).collect() }
}

/// What comes after pages with these contents, one after the other.
fn course(sections: &str, pages: &[PageSeen]) -> (String, Course) {
    let (requests, _) = parts(sections);
    let paging = requests.pages.as_ref().unwrap();
    let mut course = Course::new(Some(paging));
    let url = Url::parse("https://example.org/a/b").unwrap();
    let mut said = String::new();
    for page in pages {
        said += match course.next(paging, page, &HeaderMap::new(), &url) {
            Ok(Next::More) => "more ",
            Ok(Next::End) => "end ",
            Ok(Next::OtherHost(_)) => "other ",
            Err(_) => "wrong ",
        };
    }
    (said, course)
}

#[test]
fn pages_by_number_end_where_the_reply_says_or_with_the_rows() {
    let page = |more: &str| format!("[request]\nquery = {{ m = \"{{month}}\", p = \"{{page}}\" }}\n[pages]\nkind = \"page\"\n{more}");
    let plain = [seen(3, &[]), seen(2, &[]), seen(0, &[])];
    let (said, last) = course(&page(""), &plain);
    assert_eq!((said.as_str(), last.number, last.pages), ("more more end ", 3, 3));
    assert_eq!(course(&page("size = 3"), &plain[..2]).0, "more end ");
    assert_eq!(course(&page("page_count = \"n\""), &[seen(1, &[Some("2")]), seen(1, &[Some("2")])]).0, "more end ");
    assert_eq!(course(&page("first = 0\npage_count = \"n\""), &[seen(1, &[Some("2")]), seen(1, &[Some("2")])]).0, "more end ");
    assert_eq!(course(&page("page_count = \"n\""), &[seen(1, &[Some("many")])]).0, "wrong ");
    assert_eq!(course(&page("more = \"n\""), &[seen(1, &[Some("true")]), seen(1, &[Some("False")])]).0, "more end ");
    assert_eq!(course(&page("more = \"n\""), &[seen(1, &[Some("perhaps")])]).0, "wrong ");
    // What says nothing leaves it to the rows.
    assert_eq!(course(&page("more = \"n\""), &[seen(1, &[None]), seen(0, &[None])]).0, "more end ");
}

#[test]
fn pages_by_offset_count_rows_or_steps() {
    let page = |more: &str| format!("[request]\nquery = {{ m = \"{{month}}\", o = \"{{offset}}\" }}\n[pages]\nkind = \"offset\"\n{more}");
    let (said, last) = course(&page("row_count = \"n\""), &[seen(5, &[Some("9")]), seen(4, &[Some("9")])]);
    assert_eq!((said.as_str(), last.offset), ("more end ", 5));
    let (said, last) = course(&page("size = 100\nfirst = 1"), &[seen(100, &[]), seen(99, &[])]);
    assert_eq!((said.as_str(), last.offset), ("more end ", 101));
}

#[test]
fn cursors_and_links_are_followed_once() {
    let cursor = "[request]\nquery = { m = \"{month}\", c = \"{cursor}\" }\n[pages]\nkind = \"cursor\"\ncursor = \"next\"\n";
    let (said, last) = course(cursor, &[seen(1, &[Some("a")]), seen(1, &[Some("b")]), seen(1, &[Some("a")])]);
    assert_eq!((said.as_str(), last.cursor.as_str()), ("more more wrong ", "b"));
    assert_eq!(course(cursor, &[seen(1, &[Some("")])]).0, "end ");
    // A place that never was there is a slip, unless it is said not to be.
    assert_eq!(course(cursor, &[seen(1, &[None])]).0, "wrong ");
    assert_eq!(course(cursor, &[seen(1, &[Some("a")]), seen(1, &[None])]).0, "more end ");
    assert_eq!(course(&format!("{cursor}may_be_absent = true\n"), &[seen(1, &[None])]).0, "end ");
    let link = "[request]\nquery = { m = \"{month}\" }\n[pages]\nkind = \"link\"\nnext = \"next\"\n";
    let (said, last) = course(link, &[seen(1, &[Some("c?page=2")]), seen(1, &[Some("https://example.com/")]), seen(1, &[Some("")])]);
    assert_eq!((said.as_str(), last.url.unwrap().as_str()), ("more other end ", "https://example.org/a/c?page=2"));
    let (requests, _) = parts("[request]\nquery = { m = \"{month}\" }\n[pages]\nkind = \"link\"\n");
    let paging = requests.pages.as_ref().unwrap();
    for (header, expected) in [
        ("<https://example.org/2>; rel=\"next\"", Some("https://example.org/2")),
        ("</1>; rel=prev, </2>; title=\"a, <b>\"; rel=\"x NEXT\"", Some("https://example.org/2")),
        ("</1>; rel=prev", None),
        ("nonsense", None),
        ("<", None),
    ] {
        let mut course = Course::new(Some(paging));
        let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_str(header).unwrap())]);
        let next = course.next(paging, &seen(1, &[]), &headers, &Url::parse("https://example.org/a").unwrap()).unwrap();
        assert_eq!((next == Next::More, course.url.as_ref().map(Url::as_str)), (expected.is_some(), expected), "{header}");
    }
}
