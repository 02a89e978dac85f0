//! Release 4: SUSHI over SOAP, with figures from the same books as the reports of later releases.
//!
//! A request becomes the same parameters as those of the COUNTER API; [`rows`] sums the books as Release 4 names things, and
//! [`Document`] writes them as vendors do.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Uri, header};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use crate::model::Month;

use super::super::ask::{self, Ask, Notice, Refusal};
use super::super::body;
use super::super::books::{Counts, Metric};
use super::super::label;
use super::super::plan::Behaviour;
use super::super::tally::{Rows, Tally};
use super::super::view::Master;
use super::{Book, Reply, SeenRequest, Vendor, lock, no_months};

/// A metric: its category, its name, and what it is in the books.
type Metric4 = (&'static str, &'static str, fn(&Counts) -> u64);

const TOTAL: Metric4 = ("Requests", "ft_total", |counts| counts.get(Metric::TotalItemRequests));
/// Six tenths, rounded up; PDF is the rest.
const HTML: Metric4 = ("Requests", "ft_html", |counts| counts.get(Metric::TotalItemRequests).saturating_mul(6).div_ceil(10));
const PDF: Metric4 = ("Requests", "ft_pdf", |counts| TOTAL.2(counts) - HTML.2(counts).min(TOTAL.2(counts)));
const MULTIMEDIA: Metric4 = ("Requests", "multimedia", |counts| counts.get(Metric::TotalItemRequests));
const CLICKS: Metric4 = ("Requests", "result_click", |counts| counts.get(Metric::TotalItemRequests));
const VIEWS: Metric4 = ("Requests", "record_view", |counts| counts.get(Metric::TotalItemInvestigations));
const SEARCHES: Metric4 = ("Searches", "search_reg", |counts| counts.get(Metric::SearchesRegular));
const FEDERATED: Metric4 = ("Searches", "search_fed", |counts| counts.get(Metric::SearchesAutomated));
const ON_PLATFORM: Metric4 = ("Searches", "search_reg", |counts| counts.get(Metric::SearchesPlatform));
const TURNAWAY: Metric4 = ("Access_denied", "turnaway", |counts| counts.get(Metric::LimitExceeded));
const NO_LICENCE: Metric4 = ("Access_denied", "no_license", |counts| counts.get(Metric::NoLicense));

/// `ItemDataType` and metrics of a report.
fn shape(report: &str) -> (&'static str, &'static [Metric4]) {
    match report {
        "JR1" => ("Journal", &[HTML, PDF, TOTAL]),
        "JR2" => ("Journal", &[TURNAWAY, NO_LICENCE]),
        "BR2" => ("Book", &[TOTAL]),
        "BR3" => ("Book", &[TURNAWAY, NO_LICENCE]),
        "DB1" => ("Database", &[SEARCHES, FEDERATED, CLICKS, VIEWS]),
        "MR1" => ("Collection", &[MULTIMEDIA]),
        _ => ("Platform", &[ON_PLATFORM, CLICKS, VIEWS]),
    }
}

/// One item of one customer.
struct Item4 {
    name: String,
    platform: String,
    publisher: String,
    ids: Vec<(String, String)>,
    /// By month, in the order of the report's metrics.
    counts: Vec<(Month, Vec<u64>)>,
}

/// The items of a report, by member; by nothing where there are none.
fn rows(tally: &Tally) -> BTreeMap<Option<usize>, Vec<Item4>> {
    let (data_type, metrics) = shape(tally.ask.view.id);
    let mut things: BTreeMap<usize, Rows> = BTreeMap::new();
    for title in (0..tally.books.titles()).filter(|title| tally.wants(*title)) {
        let thing = match tally.ask.view.master {
            Master::Platform => tally.platform_of(title),
            Master::Database => tally.database_of(title),
            Master::Title | Master::Item => title,
        };
        tally.add(things.entry(thing).or_default(), title, None);
    }
    let mut items: BTreeMap<Option<usize>, Vec<Item4>> = BTreeMap::new();
    for (thing, rows) in things {
        let mut by_member: BTreeMap<Option<usize>, Vec<Counts>> = BTreeMap::new();
        let whole = |name: &str| !matches!(data_type, "Database" | "Platform") || name == data_type;
        for (key, counts) in rows.iter().filter(|(key, _)| whole(key.data_type)) {
            let sums = by_member.entry(key.member).or_insert_with(|| vec![Counts::default(); counts.len()]);
            sums.iter_mut().zip(counts).for_each(|(sum, counts)| sum.add(counts));
        }
        for (member, sums) in by_member {
            let of = |counts: &Counts| metrics.iter().map(|metric| metric.2(counts)).collect::<Vec<u64>>();
            let counts: Vec<(Month, Vec<u64>)> = tally.months().zip(sums.iter().map(of)).collect();
            if counts.iter().any(|(_, counts)| counts.iter().any(|count| *count > 0)) {
                items.entry(member).or_default().push(named(tally, thing, counts));
            }
        }
    }
    items
}

/// An item with its names, which are those of later releases.
fn named(tally: &Tally, thing: usize, counts: Vec<(Month, Vec<u64>)>) -> Item4 {
    let platforms = tally.platforms();
    let platform_at = |place: usize| platforms.get(place % platforms.len().max(1)).copied().unwrap_or_default().to_owned();
    let vendor = tally.plan.name.clone();
    match tally.ask.view.master {
        Master::Platform => Item4 { name: String::new(), platform: platform_at(thing), publisher: vendor, ids: Vec::new(), counts },
        Master::Database => {
            let platform = platform_at(thing);
            let name = format!("{platform} base {}", thing / platforms.len().max(1) + 1);
            Item4 { name, platform, publisher: vendor, ids: vec![("Proprietary".into(), format!("simulator:D{thing}"))], counts }
        }
        Master::Title | Master::Item => {
            let kind = tally.books.kind(thing);
            let ids = label::title_ids(kind, thing, tally.plan.release);
            let text = |id: &serde_json::Value, name: &str| id.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
            let kind_of = |name: String| if name == "ISBN" { "Print_ISBN".to_owned() } else { name };
            let ids = ids.as_array().into_iter().flatten().map(|id| (kind_of(text(id, "Type")), text(id, "Value"))).collect();
            let name = label::title_name(kind, thing);
            Item4 { name, platform: platform_at(tally.platform_of(thing)), publisher: label::publisher(thing), ids, counts }
        }
    }
}

/// What the books hold, under the names of Release 4.
pub(super) fn book(tally: &Tally, is_wanted: impl Fn(usize) -> bool) -> Book {
    let (data_type, metrics) = shape(tally.ask.view.id);
    let mut book = Book::new();
    for (_, items) in rows(tally).into_iter().filter(|(member, _)| member.is_none_or(&is_wanted)) {
        for (_, counts) in items.into_iter().flat_map(|item| item.counts) {
            for ((_, metric, _), count) in metrics.iter().zip(counts).filter(|(_, count)| *count > 0) {
                *book.entry(((*metric).to_owned(), data_type.to_owned(), "Regular".to_owned())).or_default() += count;
            }
        }
    }
    book
}

/// The content of the first element of this local name.
fn inside<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = rest.get(start + 1..)?;
        let tag = rest.split(['>', ' ', '/', '\n']).next()?;
        if tag.rsplit(':').next() == Some(name) && !rest.starts_with('/') {
            let content = rest.get(rest.find('>')? + 1..)?;
            return content.get(..content.find(&format!("</{tag}>"))?);
        }
    }
    None
}

/// An attribute of the first element of this local name.
fn attribute<'a>(text: &'a str, element: &str, name: &str) -> Option<&'a str> {
    let start = text.find(&format!("{element} "))?;
    let tag = text.get(start..)?.split('>').next()?;
    tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What a request wants.
struct Wanted {
    report: String,
    params: Vec<(String, String)>,
}

impl Wanted {
    fn of(body: &str) -> Self {
        let id = |element: &str| inside(body, element).and_then(|inner| inside(inner, "ID")).map(unescaped).unwrap_or_default();
        let date = |element: &str| inside(body, element).unwrap_or_default().to_owned();
        let pairs = [
            ("customer_id", id("CustomerReference")),
            ("requestor_id", id("Requestor")),
            ("begin_date", date("Begin")),
            ("end_date", date("End")),
        ];
        let report = attribute(body, "ReportDefinition", "Name").unwrap_or_default().to_ascii_uppercase();
        Self { report, params: pairs.map(|(name, value)| (name.to_owned(), value)).to_vec() }
    }

    fn get(&self, name: &str) -> String {
        ask::param(&self.params, name).unwrap_or_default().to_owned()
    }
}

/// A reply as text.
struct Document<'a> {
    wanted: &'a Wanted,
    notices: &'a [Notice],
    /// The report, where there is one.
    tally: Option<&'a Tally>,
    /// Put in place of the first count.
    spoiled: Option<&'static str>,
}

impl Document<'_> {
    fn text(&mut self) -> String {
        let exceptions: String = self.notices.iter().map(exception).collect();
        let wanted = self.wanted;
        let (begin, end) = match self.tally {
            Some(Tally { ask: Ask { filters, .. }, .. }) => (filters.0.to_string(), filters.1.to_string()),
            None => (wanted.get("begin_date"), wanted.get("end_date")),
        };
        let report = self.report();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body>\
             <ns3:ReportResponse xmlns=\"http://www.niso.org/schemas/counter\" xmlns:ns2=\"http://www.niso.org/schemas/sushi\" \
             xmlns:ns3=\"http://www.niso.org/schemas/sushi/counter\">{exceptions}\n\
             <ns2:Requestor><ns2:ID>{requestor}</ns2:ID><ns2:Name/><ns2:Email/></ns2:Requestor>\
             <ns2:CustomerReference><ns2:ID>{customer}</ns2:ID></ns2:CustomerReference>\
             <ns2:ReportDefinition Release=\"4\" Name=\"{name}\"><ns2:Filters><ns2:UsageDateRange><ns2:Begin>{begin}</ns2:Begin>\
             <ns2:End>{end}</ns2:End></ns2:UsageDateRange></ns2:Filters></ns2:ReportDefinition>\n\
             <ns3:Report>{report}</ns3:Report></ns3:ReportResponse></S:Body></S:Envelope>\n",
            requestor = escaped(&wanted.get("requestor_id")),
            customer = escaped(&wanted.get("customer_id")),
            name = escaped(&wanted.report),
        )
    }

    fn report(&mut self) -> String {
        let Some(tally) = self.tally else { return String::new() };
        let mut items = rows(tally);
        let account = tally.plan.accounts.get(tally.ask.account);
        let members = account.map(|account| account.members.as_slice()).unwrap_or_default();
        let mut out = format!(
            "<Report Name=\"{id}\" Title=\"{id}\" Version=\"4\" ID=\"{id}\"><Vendor><Name>{vendor}</Name><ID>{vendor}</ID></Vendor>",
            id = tally.ask.view.id,
            vendor = escaped(&tally.plan.name),
        );
        if members.is_empty() {
            let (id, name) = account.map_or(("", ""), |account| (account.customer_id.as_str(), account.name.as_str()));
            out.push_str(&self.customer(id, name, "", items.remove(&None).unwrap_or_default()));
        }
        for (place, member) in members.iter().enumerate() {
            out.push_str(&self.customer(&member.customer_id, &member.name, &member.isil, items.remove(&Some(place)).unwrap_or_default()));
        }
        out + "</Report>"
    }

    fn customer(&mut self, id: &str, name: &str, isil: &str, items: Vec<Item4>) -> String {
        let mut out = format!("\n<Customer><Name>{}</Name><ID>{}</ID>", escaped(name), escaped(id));
        if !isil.is_empty() {
            out.push_str(&format!("<InstitutionalIdentifier><Type>ISIL</Type><Value>{isil}</Value></InstitutionalIdentifier>"));
        }
        for item in items {
            out.push_str(&self.item(&item));
        }
        out + "</Customer>"
    }

    fn item(&mut self, item: &Item4) -> String {
        let (data_type, metrics) = shape(self.tally.map_or("", |tally| tally.ask.view.id));
        let mut out = "\n<ReportItems>".to_owned();
        for (kind, value) in &item.ids {
            out.push_str(&format!("<ItemIdentifier><Type>{kind}</Type><Value>{value}</Value></ItemIdentifier>"));
        }
        out.push_str(&format!(
            "<ItemPlatform>{}</ItemPlatform><ItemPublisher>{}</ItemPublisher><ItemName>{}</ItemName><ItemDataType>{data_type}</ItemDataType>",
            escaped(&item.platform),
            escaped(&item.publisher),
            escaped(&item.name)
        ));
        for (month, counts) in &item.counts {
            for category in ["Requests", "Searches", "Access_denied"] {
                let mut instances = String::new();
                for ((_, metric, _), count) in metrics.iter().zip(counts).filter(|((own, ..), _)| *own == category) {
                    let count = self.spoiled.take().map_or_else(|| count.to_string(), str::to_owned);
                    instances.push_str(&format!("<Instance><MetricType>{metric}</MetricType><Count>{count}</Count></Instance>"));
                }
                if !instances.is_empty() {
                    let (begin, end) = (month.first_day(), month.last_day());
                    out.push_str(&format!(
                        "<ItemPerformance><Period><Begin>{begin}</Begin><End>{end}</End></Period><Category>{category}</Category>{instances}</ItemPerformance>"
                    ));
                }
            }
        }
        out + "</ReportItems>"
    }
}

fn exception(notice: &Notice) -> String {
    let severity = if notice.code >= 1000 { "Error" } else { "Warning" };
    format!(
        "<ns2:Exception><ns2:Number>{}</ns2:Number><ns2:Severity>{severity}</ns2:Severity><ns2:Message>{}</ns2:Message><ns2:Data>{}</ns2:Data></ns2:Exception>",
        notice.code,
        escaped(notice.message),
        escaped(&notice.data)
    )
}

/// An exception in an envelope: SUSHI says what is wrong with status 200.
pub(super) fn refusal(refusal: &Refusal) -> Reply {
    let wanted = Wanted { report: String::new(), params: Vec::new() };
    let notices = [refusal.notice.clone()];
    xml(Document { wanted: &wanted, notices: &notices, tally: None, spoiled: None }.text())
}

fn xml(text: String) -> Reply {
    Reply::new(200, "text/xml; charset=utf-8", body::whole(text))
}

impl Vendor {
    /// Answers a SOAP request.
    pub(super) fn soap_reply(&self, uri: &Uri, headers: &HeaderMap, request: &str, at_once: usize) -> Reply {
        let behaviour = lock(&self.behaviour).clone();
        let wanted = Wanted::of(request);
        let account = ask::authorise(&self.plan, &wanted.params);
        let header = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        lock(&self.seen).push(SeenRequest {
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            report: wanted.report.clone(),
            customer_id: wanted.get("customer_id"),
            begin: wanted.get("begin_date"),
            end: wanted.get("end_date"),
            authorised: account.is_ok(),
            at_once,
            user_agent: header(header::USER_AGENT).unwrap_or_default(),
            referer: header(header::REFERER),
        });
        match &behaviour {
            Behaviour::Echo => return Reply::new(400, "text/plain", body::whole(format!("Bad request: POST {uri}\n{request}"))),
            Behaviour::SoapFault => {
                let fault = "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body><S:Fault><faultcode>S:Server</faultcode>\
                             <faultstring>The service has lost its database</faultstring></S:Fault></S:Body></S:Envelope>";
                return Reply::new(500, "text/xml", body::whole(fault.to_owned()));
            }
            _ => {}
        }
        if let Some(reply) = self.whatever_is_asked(&behaviour, uri, headers) {
            return reply;
        }
        let says_soap = headers.contains_key("soapaction") && header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/xml"));
        if uri.path() != self.base_path() || !says_soap {
            return Reply::new(404, "text/html", body::whole("<html><body><h1>Not Found</h1></body></html>".to_owned()));
        }
        account.and_then(|account| self.soap_report(account, &behaviour, &wanted)).unwrap_or_else(|refused| refusal(&refused))
    }

    fn soap_report(&self, account: usize, behaviour: &Behaviour, wanted: &Wanted) -> Result<Reply, Refusal> {
        let today = *self.today.borrow();
        let mut ask = ask::understand(&self.plan, account, today, behaviour, &wanted.report, &wanted.params)?;
        self.misbehave(behaviour, &wanted.report, &wanted.params, &mut ask)?;
        let spoiled = match behaviour {
            Behaviour::NegativeCount => Some("-7"),
            Behaviour::FractionalCount => Some("3.5"),
            _ => None,
        };
        let mut notices = std::mem::take(&mut ask.notices);
        let tally = self.tally(ask, behaviour, today);
        if notices.is_empty() && *behaviour != Behaviour::EmptyNoException && rows(&tally).is_empty() {
            notices.push(Notice::new(3030, ""));
        }
        let text = Document { wanted, notices: &notices, tally: Some(&tally), spoiled }.text();
        Ok(match behaviour {
            Behaviour::CutJson => xml(text.chars().take(text.chars().count() / 2).collect()),
            Behaviour::Dropped => {
                let half: String = text.chars().take(text.chars().count() / 2).collect();
                let broken = async {
                    tokio::task::yield_now().await;
                    Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
                };
                Reply::new(200, "text/xml", stream::iter([Ok(Bytes::from(half))]).chain(stream::once(broken)).boxed())
            }
            Behaviour::DoctypeAttack => {
                let bomb: String = (1..30).map(|n| format!("<!ENTITY e{n} \"&e{};&e{};\">", n - 1, n - 1)).collect();
                let doctype = format!("<!DOCTYPE S:Envelope [<!ENTITY e0 SYSTEM \"file:///etc/hostname\">{bomb}]>\n");
                xml(text.replacen('\n', &format!("\n{doctype}"), 1).replacen("<ItemName>", "<ItemName>&e29;", 1))
            }
            Behaviour::Gzip => Reply::new(200, "text/xml", body::gzip(body::whole(text))).with(header::CONTENT_ENCODING, "gzip"),
            _ => xml(text),
        })
    }

    /// What the behaviour makes of a request that was understood.
    fn misbehave(&self, behaviour: &Behaviour, report: &str, params: &ask::Params, ask: &mut Ask) -> Result<(), Refusal> {
        match behaviour {
            Behaviour::Queued { times } if self.puts_off(report, params, *times) => return Err(Refusal::new(200, 1011, "")),
            Behaviour::Busy { times } if self.puts_off(report, params, *times) => return Err(Refusal::new(200, 1010, "")),
            Behaviour::Empty => {
                ask.months = no_months(ask.months);
                ask.notices = vec![Notice::new(3030, "")];
            }
            Behaviour::EmptyNoException => {
                ask.months = no_months(ask.months);
                ask.notices.clear();
            }
            Behaviour::MissingMonths => {
                let last = ask.months.last.previous();
                ask.filters.1 = if last < ask.months.first { ask.filters.0 } else { last.last_day() };
                ask.months.last = last;
                ask.notices.clear();
            }
            Behaviour::OtherCustomer => ask.account = (ask.account + 1) % self.plan.accounts.len().max(1),
            Behaviour::Partial3040 => ask.notices.push(Notice::new(3040, "logs of two days were lost")),
            _ => {}
        }
        Ok(())
    }
}
