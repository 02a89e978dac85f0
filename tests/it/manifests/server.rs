//! Vendors with interfaces of their own, on loopback: real HTTP servers that speak as the shipped manifests say, from books of their own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn of(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What is answered: a status, more headers, a body.
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type".into(), kind.into())], body: body.into() }
    }

    pub fn json(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// A server that answers as a function says.
pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, known) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, known) = (Arc::clone(&answer), Arc::clone(&known));
                std::thread::spawn(move || {
                    let mut stream = stream.expect("a connection");
                    let Some(request) = read(&stream) else { return };
                    known.lock().unwrap().push(request.clone());
                    let response = answer(&request);
                    let mut head =
                        format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n", response.status, response.body.len());
                    for (name, value) in &response.headers {
                        let _ = write!(head, "{name}: {value}\r\n");
                    }
                    let _ = stream
                        .write_all(head.as_bytes())
                        .and_then(|()| stream.write_all(b"\r\n"))
                        .and_then(|()| stream.write_all(&response.body));
                });
            }
        });
        Self { url, seen }
    }

    /// Every request so far, in order.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let url = reqwest::Url::parse(&format!("http://x{target}")).ok()?;
    let mut request = Request { method, path: url.path().to_owned(), ..Request::default() };
    request.query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = request.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

/// The secrets that the vendors have given out: requestor id and api key.
pub const USER: &str = "bruker-4711";
pub const KEY: &str = "hemmelig/nokkel+42";
/// The same for vendors whose keys stand in headers.
pub const ASCII_KEY: &str = "hemmelig-ascii-42";
pub const TOKEN: &str = "token-of-the-day-1";

/// One line of a vendor's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub title: String,
    pub day: u32,
    pub address: String,
    pub library: (String, String, String),
    pub owner: (String, String),
    pub count: u64,
    pub few: u64,
}

/// What a vendor has in its books of a month: some lines, made of the vendor's name and the month.
pub fn book(vendor: &str, month: &str) -> Vec<Use> {
    let number: u64 = format!("{vendor}{month}").bytes().fold(7, |sum, byte| (sum * 31 + u64::from(byte)) % 100_003);
    (0..7 + number % 5)
        .map(|line| Use {
            title: format!("{vendor} \"{line}\" æøå & <co>; {}", line % 3),
            day: u32::try_from(line % 28).unwrap() + 1,
            address: format!("192.0.2.{}", (number + line * 37) % 250),
            library: (format!("L{}", line % 3), format!("Bibliotek {}", line % 3), format!("NO-201{}", line % 3)),
            owner: (format!("L{}", line % 2), format!("Bibliotek {}", line % 2)),
            count: (number * (line + 1)) % 4000,
            few: (number * (line + 1)) % 4000 / 7,
        })
        .collect()
}

/// What of a list a page has.
fn page<T: Clone>(all: &[T], from: usize, size: usize) -> Vec<T> {
    all.iter().skip(from).take(size).cloned().collect()
}

fn forbidden() -> Response {
    Response::new(401, "application/json", r#"{"error":"who are you?"}"#)
}

pub fn newspapers(request: &Request) -> Response {
    if request.header("x-api-key") != ASCII_KEY {
        return forbidden();
    }
    if request.path != "/v1/customers/C%201/usage" {
        return Response::new(404, "text/plain", request.path.clone());
    }
    let month = &request.of("from")[..7];
    assert_eq!(request.of("from"), format!("{month}-01"));
    assert!(["31", "30"].contains(&&request.of("to")[8..]), "{}", request.of("to"));
    let (rows, size) = (book("newspapers-by-ip", month), 4);
    let number: usize = request.of("page").parse().unwrap();
    let articles: Vec<Value> = page(&rows, (number - 1) * size, size)
        .iter()
        .map(|line| {
            json!({ "newspaper": line.title, "newspaper_id": line.library.0, "day": format!("{month}-{:02}", line.day), "ip": line.address,
                "views": line.count, "readers": line.few, "open": line.day % 2 == 0, "reader_age": 44 })
        })
        .collect();
    // The vendor says our key back to us.
    Response::json(&json!({ "pages": rows.len().div_ceil(size), "articles": articles, "request": { "key": ASCII_KEY } }))
}

pub fn films(request: &Request) -> Response {
    if request.header("authorization") != "Basic YnJ1a2VyLTQ3MTE6aGVtbWVsaWctYXNjaWktNDI=" || request.method != "POST" {
        return forbidden();
    }
    let asked: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((request.path.as_str(), &asked["customer"]), ("/v2/plays/search", &json!("C 1")));
    assert_eq!((&asked["period"]["from"], &asked["period"]["until"]), (&json!("2024-10-01"), &json!("2025-01-01")));
    let mut plays = Vec::new();
    for month in ["2024-10", "2024-11", "2024-12"] {
        for line in book("film-by-library-card", month) {
            plays.push(json!({ "period": month, "film": { "title": line.title, "id": line.day }, "kind": "loan",
                "library": { "isil": line.library.2, "name": line.library.1 }, "plays": line.count }));
        }
        plays.push(json!({ "period": month, "film": { "title": "Trailer" }, "kind": "preview", "plays": 99_999 }));
    }
    let offset = usize::try_from(asked["offset"].as_u64().unwrap()).unwrap();
    // However many are asked for, it gives five.
    Response::json(&json!({ "total": plays.len(), "plays": page(&plays, offset, 5) }))
}

pub fn music(request: &Request) -> Response {
    if request.header("authorization") != format!("Bearer {ASCII_KEY}") {
        return forbidden();
    }
    let asked = request.of("month").to_owned();
    let month = format!("{}-{}", &asked[..4], &asked[4..]);
    let rows = book("music-cursor", &month);
    let from: usize = request.of("cursor").trim_start_matches("after=").parse().unwrap_or(0);
    let streams: Vec<Value> = page(&rows, from, 3)
        .iter()
        .flat_map(|line| {
            [
                json!({ "track": line.title, "event": "stream", "n": line.count }),
                json!({ "track": line.title, "event": "listener", "n": line.few }),
            ]
        })
        .collect();
    let next = (from + 3 < rows.len()).then(|| format!("after={}", from + 3));
    // The month stands after the rows that it is of.
    Response::new(
        200,
        "application/json",
        format!(r#"{{"data":{{"groups":[{{"streams":{},"month":"{asked}"}}]}},"meta":{{"next_cursor":{}}}}}"#, json!(streams), json!(next)),
    )
}

pub fn ebooks(request: &Request, url: &str, tokens: &Mutex<u32>) -> Response {
    if request.path == "/oauth/token" {
        assert_eq!((request.method.as_str(), request.body.as_str()), ("POST", "grant_type=client_credentials&scope=statistics.read"));
        assert!(request.header("authorization").starts_with("Basic "));
        *tokens.lock().unwrap() += 1;
        return Response::json(&json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600 }));
    }
    if request.header("authorization") != format!("Bearer {TOKEN}") {
        return forbidden();
    }
    let month = &request.of("begin")[..7];
    let (rows, number) = (book("ebooks-lending", month), request.of("side").parse::<usize>().unwrap_or(0));
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let mut loans = String::new();
    for line in page(&rows, number * 4, 4) {
        let own = line.library.0 == line.owner.0;
        let _ = write!(
            loans,
            "<Loan count=\"{}\" own=\"{own}\"><Title>{}</Title><Identifier type='ean'>1</Identifier><Identifier type='isbn'>978-0-306-40615-7\
             </Identifier><Lender id=\"{}\">{}</Lender><Owner id=\"{}\">{}</Owner></Loan>",
            line.count,
            escape(&line.title),
            line.library.0,
            line.library.1,
            line.owner.0,
            line.owner.1
        );
    }
    let body =
        format!("<?xml version=\"1.0\"?>\n<x:Loans xmlns:x='urn:x' token='{TOKEN}'><Month value='{month}'>{loans}</Month></x:Loans>");
    let response = Response::new(200, "application/xml", body);
    if (number + 1) * 4 < rows.len() {
        let next = format!("{url}/statistics/loans.xml?begin={month}-01&side={}", number + 1);
        response.with("Link", format!("<{url}/>; rel=\"first\", <{next}>; title=\"a, b\"; rel=\"next last\""))
    } else {
        response
    }
}

pub fn encyclopedia(request: &Request) -> Response {
    if request.of("nokkel") != KEY {
        return forbidden();
    }
    let month = request.path.strip_prefix("/statistikk/C%201/").and_then(|file| file.strip_suffix(".csv.gz")).unwrap();
    let mut text = format!("Leksikonet\r\nLaget for {KEY}\r\nType;Oppslag;Søk og oppslag\r\n");
    let grouped = |number: u64| if number >= 1000 { format!("{}.{:03},00", number / 1000, number % 1000) } else { number.to_string() };
    let (mut sum, mut few) = (0, 0);
    for line in book("encyclopedia-csv", month) {
        let kind = ["Artikkel", "Bilde", "Annet"][line.day as usize % 3];
        let _ = write!(text, "{kind};{};{}\r\n", grouped(line.count), grouped(line.few));
        (sum, few) = (sum + line.count, few + line.few);
    }
    let _ = write!(text, "Sum;{};{}\r\n", grouped(sum), grouped(few));
    let (latin, _, wrong) = encoding_rs::WINDOWS_1252.encode(&text);
    assert!(!wrong);
    Response::new(200, "application/octet-stream", gzip(&latin))
}

pub fn magazines(request: &Request) -> Response {
    if request.header("authorization-token") != format!("Token {ASCII_KEY}") {
        return forbidden();
    }
    let form: BTreeMap<String, String> =
        reqwest::Url::parse(&format!("http://x/?{}", request.body)).unwrap().query_pairs().into_owned().collect();
    assert_eq!((request.header("content-type"), form["customer"].as_str()), ("application/x-www-form-urlencoded", "C 1"));
    let month = format!("{}-{}", form["year"], form["month"]);
    let mut table = "Year\tMonth\tName\tISSN\tIssues read\n".to_owned();
    for line in book("magazines-zip", &month) {
        let _ = writeln!(table, "{}\t{}\t{}\t20493630\t{}", form["year"], form["month"], line.title.replace('"', "'"), line.count);
    }
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("usage-1.tsv", table.as_str()), ("readme.txt", "hello")] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    Response::new(200, "application/zip", zip.finish().unwrap().into_inner())
}

pub fn courses(request: &Request) -> Response {
    let month = request.of("month");
    let mut workbook = rust_xlsxwriter::Workbook::new();
    workbook.add_worksheet().set_name("About").unwrap().write(0, 0, "Sessions").unwrap();
    let sheet = workbook.add_worksheet().set_name("Sessions").unwrap();
    for (column, name) in ["Started", "Course", "Library", "User"].into_iter().enumerate() {
        sheet.write(0, u16::try_from(column).unwrap(), name).unwrap();
    }
    let date = rust_xlsxwriter::Format::new().set_num_format("dd.mm.yyyy hh:mm");
    let (year, number) = (month[..4].parse().unwrap(), month[5..].parse().unwrap());
    let mut row = 1;
    for line in book("language-course-workbook", month) {
        for _ in 0..line.count % 20 {
            let day = rust_xlsxwriter::ExcelDateTime::from_ymd(year, number, u8::try_from(line.day).unwrap()).unwrap();
            sheet.write_with_format(row, 0, &day, &date).unwrap();
            sheet.write(row, 1, &line.title).unwrap();
            sheet.write(row, 2, &line.library.0).unwrap();
            sheet.write(row, 3, "kari@example.org").unwrap();
            row += 1;
        }
    }
    Response::new(200, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook.save_to_buffer().unwrap())
}

pub fn events(request: &Request) -> Response {
    if request.header("authorization") != format!("Bearer {TOKEN}") {
        return forbidden();
    }
    let month = request.of("month");
    let rows = book("access-events-lines", month);
    let from: usize = request.of("cursor").parse().unwrap_or(0);
    let mut lines = String::new();
    for line in page(&rows, from, 5) {
        let mut event = json!({ "at": format!("{month}-{:02}T23:59:59+01:00", line.day), "school": line.library.0, "opened": line.count,
            "resource": { "name": line.title, "type": "book", "ids": [{ "type": "isbn", "value": "0306406152" }] } });
        if line.few > 0 {
            event["read"] = json!(line.few);
        }
        let _ = writeln!(lines, "{event}");
    }
    let response = Response::new(200, "application/x-ndjson", lines);
    if from + 5 < rows.len() { response.with("X-Next-Cursor", (from + 5).to_string()) } else { response }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use tokio::io::AsyncWriteExt as _;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
        encoder.write_all(bytes).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    })
}
