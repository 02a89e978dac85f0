//! The HTTP side of one vendor: credentials, concurrency, and every way to behave.
//!
//! [`Vendor`] is the shared state; [`serve`] answers on a listener until told to stop.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use chrono::NaiveDate;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::model::{Month, MonthRange, Release};

use super::ask::{self, Ask, Notice, Params, Refusal};
use super::body::{self, Pieces};
use super::books::Books;
use super::plan::{Behaviour, VendorPlan};
use super::tally::{Rows, Tally};
use super::text::{ReportText, Spoiled};
use super::view::View;

/// A request as the vendor saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// The path.
    pub path: String,
    /// The query as sent, secrets included.
    pub query: String,
    /// The report asked for, in capitals; empty for status, members and the report list.
    pub report: String,
    /// `customer_id`; empty if not given.
    pub customer_id: String,
    /// `begin_date` as given.
    pub begin: String,
    /// `end_date` as given.
    pub end: String,
    /// Whether customer, requestor and key were right.
    pub authorised: bool,
    /// Requests that this vendor was answering when it came, itself included.
    pub at_once: usize,
    /// `User-Agent`.
    pub user_agent: String,
    /// `Referer`, which should never be sent: it carries keys.
    pub referer: Option<String>,
}

/// Sums by `Metric_Type`, `Data_Type` and `Access_Method`.
pub type Book = BTreeMap<(String, String, String), u64>;

/// One vendor while it runs.
#[derive(Debug)]
pub(super) struct Vendor {
    plan: Arc<VendorPlan>,
    books: Arc<Books>,
    today: watch::Receiver<NaiveDate>,
    behaviour: Mutex<Behaviour>,
    seen: Mutex<Vec<SeenRequest>>,
    /// Requests for a report of an account that were put off.
    put_off: Mutex<HashMap<(String, String), u32>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// A panic elsewhere does not make these values wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a request as being answered for as long as it lives.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Vendor>);

impl InFlight {
    fn begin(vendor: &Arc<Vendor>) -> (Self, usize) {
        let now = vendor.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        vendor.most_at_once.fetch_max(now, Ordering::SeqCst);
        (Self(Arc::clone(vendor)), now)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Answers requests until `today`'s sender, the simulator's handle, is gone.
pub(super) async fn serve(listener: TcpListener, vendor: Arc<Vendor>) -> std::io::Result<()> {
    let mut today = vendor.today.clone();
    let router = Router::new().fallback(answer).with_state(vendor);
    let stop = async move { while today.changed().await.is_ok() {} };
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// The reply to one request, before it becomes HTTP.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(header::HeaderName, String)>,
    pieces: Pieces,
}

impl Reply {
    fn new(status: u16, content_type: &str, pieces: Pieces) -> Self {
        Self { status, headers: vec![(header::CONTENT_TYPE, content_type.to_owned())], pieces }
    }

    fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", body::whole(format!("{value}\n")))
    }

    fn with(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

async fn answer(State(vendor): State<Arc<Vendor>>, Query(params): Query<Vec<(String, String)>>, request: Request) -> Response {
    let (in_flight, at_once) = InFlight::begin(&vendor);
    let (parts, _) = request.into_parts();
    let reply = vendor.reply(&parts.uri, &parts.headers, &params, at_once);
    let stopped = vendor.today.clone();
    let mut response = Response::new(Body::from_stream(body::counted(reply.pieces, in_flight, stopped)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(name, value);
        }
    }
    response
}

impl Vendor {
    pub(super) fn new(plan: VendorPlan, today: watch::Receiver<NaiveDate>) -> Self {
        Self {
            books: Arc::new(Books::new(&plan)),
            behaviour: Mutex::new(plan.behaviour.clone()),
            plan: Arc::new(plan),
            today,
            seen: Mutex::default(),
            put_off: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.plan.name
    }

    /// Below the port; vendors differ here, R5.1 does not.
    pub(super) fn base_path(&self) -> &'static str {
        match self.plan.release {
            Release::R4 => "/sushi",
            Release::R5 => "/counter/r5",
            Release::R51 => "/counter/r51",
        }
    }

    pub(super) fn set_behaviour(&self, behaviour: Behaviour) {
        *lock(&self.behaviour) = behaviour;
        lock(&self.put_off).clear();
    }

    pub(super) fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.seen).clone()
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// What the books hold for a customer, or for one member of it, as of today.
    pub(super) fn book(&self, customer_id: &str, report: &str, month: Month) -> Book {
        let mut book = Book::new();
        let member_of = |place: &usize| {
            self.plan.accounts.get(*place).is_some_and(|account| account.members.iter().any(|member| member.customer_id == customer_id))
        };
        let account = self.plan.accounts.iter().position(|account| account.customer_id == customer_id);
        let Some(account_place) = account.or_else(|| (0..self.plan.accounts.len()).find(member_of)) else { return book };
        let Some(view) = View::find(report) else { return book };
        let mut shown = view.shown;
        shown.access_method = true;
        shown.members = account.is_none();
        let ask = Ask {
            view,
            account: account_place,
            filters: (month.first_day(), month.last_day()),
            months: MonthRange::new(month, month),
            shown,
            platform: None,
            data_types: Vec::new(),
            metrics: Vec::new(),
            access_types: Vec::new(),
            access_methods: Vec::new(),
            notices: Vec::new(),
        };
        let behaviour = lock(&self.behaviour).clone();
        let tally = self.tally(ask, &behaviour, *self.today.borrow());
        let mut rows = Rows::new();
        for title in (0..self.books.titles()).filter(|title| tally.wants(*title)) {
            tally.add(&mut rows, title, None);
        }
        let is_wanted = |place: usize| {
            let members = self.plan.accounts.get(account_place).map(|account| &account.members);
            members.and_then(|members| members.get(place)).is_some_and(|member| member.customer_id == customer_id)
        };
        for (key, counts) in rows.iter().filter(|(key, _)| key.member.is_none_or(is_wanted)) {
            for metric in tally.metrics(key.data_type) {
                let count: u64 = counts.iter().map(|counts| counts.get(metric)).sum();
                if count > 0 {
                    let name = (metric.as_str().to_owned(), key.data_type.to_owned(), key.access_method.to_owned());
                    *book.entry(name).or_default() += count;
                }
            }
        }
        book
    }

    fn tally(&self, ask: Ask, behaviour: &Behaviour, today: NaiveDate) -> Tally {
        let restated_on = (*behaviour == Behaviour::Restating).then_some(today);
        Tally { plan: Arc::clone(&self.plan), books: Arc::clone(&self.books), ask, restated_on }
    }

    /// Whether the request is one of the first `times` for this report and account.
    fn puts_off(&self, report: &str, params: &Params, times: u32) -> bool {
        let customer = ask::param(params, "customer_id").unwrap_or_default();
        let mut put_off = lock(&self.put_off);
        let so_far = put_off.entry((report.to_ascii_uppercase(), customer.to_owned())).or_default();
        *so_far = so_far.saturating_add(1);
        *so_far <= times
    }

    fn reply(&self, uri: &Uri, headers: &HeaderMap, params: &Params, at_once: usize) -> Reply {
        let behaviour = lock(&self.behaviour).clone();
        let today = *self.today.borrow();
        let account = ask::authorise(&self.plan, params);
        let path = uri.path().strip_prefix(self.base_path());
        let report = path.and_then(|path| path.strip_prefix("/reports/")).unwrap_or_default();
        let given = |name: &str| ask::param(params, name).unwrap_or_default().to_owned();
        let header = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        lock(&self.seen).push(SeenRequest {
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            report: report.to_ascii_uppercase(),
            customer_id: given("customer_id"),
            begin: given("begin_date"),
            end: given("end_date"),
            authorised: account.is_ok(),
            at_once,
            user_agent: header(header::USER_AGENT).unwrap_or_default(),
            referer: header(header::REFERER),
        });
        if let Some(reply) = self.whatever_is_asked(&behaviour, uri, headers) {
            return reply;
        }
        let answered = match path {
            Some("/status") => Ok(self.status()),
            Some("/members") => account.map(|account| self.members(account)),
            Some("/reports") => account.map(|_| self.report_list(today, &behaviour)),
            Some(path) if path.starts_with("/reports/") => {
                account.and_then(|account| self.report(account, today, &behaviour, report, params))
            }
            _ => return Reply::new(404, "text/html", body::whole("<html><body><h1>Not Found</h1></body></html>".to_owned())),
        };
        answered.unwrap_or_else(|refusal| self.refuse(&refusal))
    }

    fn refuse(&self, refusal: &Refusal) -> Reply {
        Reply::json(refusal.status, &refusal.notice.json(self.plan.release))
    }

    /// Replies that do not depend on what was asked for.
    fn whatever_is_asked(&self, behaviour: &Behaviour, uri: &Uri, headers: &HeaderMap) -> Option<Reply> {
        let status = uri.path().ends_with("/status");
        Some(match behaviour {
            Behaviour::Unauthorized if !status => self.refuse(&Refusal::new(401, 2010, "")),
            Behaviour::BadCredentials2020 if !status => self.refuse(&Refusal::new(401, 2020, "")),
            Behaviour::NotFound => Reply::new(404, "text/html", body::whole("<html><body><h1>404 Not Found</h1></body></html>".to_owned())),
            Behaviour::TooManyRequests { retry_after_s } if !status => {
                self.refuse(&Refusal::new(429, 1020, "")).with(header::RETRY_AFTER, retry_after_s.to_string())
            }
            Behaviour::ServerError => Reply::new(500, "text/plain", body::whole("Internal Server Error".to_owned())),
            Behaviour::Html => Reply::new(
                200,
                "text/html; charset=utf-8",
                body::whole("<!DOCTYPE html>\n<html><body><form action=\"/login\">Please log in</form></body></html>\n".to_owned()),
            ),
            Behaviour::Silent => Reply::new(200, "application/json", body::silence()),
            Behaviour::RedirectElsewhere(url) => {
                Reply::new(307, "text/plain", body::whole(String::new())).with(header::LOCATION, url.clone())
            }
            Behaviour::Echo => {
                let headers: String =
                    headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))).collect();
                Reply::new(400, "text/plain", body::whole(format!("Bad request: GET {uri}\n{headers}")))
            }
            _ => return None,
        })
    }

    fn status(&self) -> Reply {
        let description = format!("{}, COUNTER API", self.plan.name);
        match self.plan.release {
            Release::R4 | Release::R5 => Reply::json(200, &serde_json::json!([{ "Description": description, "Service_Active": true }])),
            Release::R51 => Reply::json(200, &serde_json::json!({ "Description": description, "Service_Active": true })),
        }
    }

    /// The account's members; of an account that has none, itself.
    fn members(&self, account: usize) -> Reply {
        let r5 = self.plan.release == Release::R5;
        let name_field = if r5 { "Name" } else { "Institution_Name" };
        let entry = |customer_id: &str, name: &str, isil: &str| {
            let name = if name.is_empty() { customer_id } else { name };
            let mut entry = serde_json::json!({ "Customer_ID": customer_id, name_field: name });
            if !isil.is_empty() {
                entry["Institution_ID"] =
                    if r5 { serde_json::json!([{ "Type": "ISIL", "Value": isil }]) } else { serde_json::json!({ "ISIL": [isil] }) };
            }
            entry
        };
        let account = self.plan.accounts.get(account);
        let members: Vec<_> = match account {
            Some(account) if account.members.is_empty() => vec![entry(&account.customer_id, &account.name, "")],
            Some(account) => account.members.iter().map(|member| entry(&member.customer_id, &member.name, &member.isil)).collect(),
            None => Vec::new(),
        };
        Reply::json(200, &serde_json::Value::Array(members))
    }

    fn report_list(&self, today: NaiveDate, behaviour: &Behaviour) -> Reply {
        let release = self.plan.release;
        let entry = |view: &View| {
            let mut entry = serde_json::json!({
                "Report_Name": view.name(release),
                "Report_ID": view.id,
                "Release": release.to_string(),
                "Report_Description": view.name(release),
            });
            if let (Release::R51, Some(fields)) = (release, entry.as_object_mut()) {
                fields.insert("First_Month_Available".to_owned(), self.plan.first_month.to_string().into());
                fields.insert("Last_Month_Available".to_owned(), ask::last_ready(today, behaviour).to_string().into());
            }
            entry
        };
        let list = self.plan.reports.iter().filter_map(|id| View::find(id)).map(entry).collect();
        Reply::json(200, &serde_json::Value::Array(list))
    }

    fn report(&self, account: usize, today: NaiveDate, behaviour: &Behaviour, report: &str, params: &Params) -> Result<Reply, Refusal> {
        let mut ask = ask::understand(&self.plan, account, today, behaviour, report, params)?;
        match behaviour {
            Behaviour::Queued { times } if self.puts_off(report, params, *times) => {
                return Ok(self.refuse(&Refusal::new(202, 1011, "")).with(header::RETRY_AFTER, "1"));
            }
            Behaviour::Busy { times } if self.puts_off(report, params, *times) => return Err(Refusal::new(503, 1010, "")),
            Behaviour::Empty => {
                ask.months = no_months(ask.months);
                ask.notices = vec![Notice::new(3030, "")];
            }
            Behaviour::EmptyNoException => {
                ask.months = no_months(ask.months);
                ask.notices.clear();
            }
            Behaviour::OtherMonths => {
                ask.months = MonthRange::new(ask.months.first.plus(-12), ask.months.last.plus(-12));
                ask.filters = (ask.months.first.first_day(), ask.months.last.last_day());
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
        let spoiled = match behaviour {
            Behaviour::NegativeCount => Some(Spoiled::Negative),
            Behaviour::FractionalCount => Some(Spoiled::Fractional),
            _ => None,
        };
        let mut text = ReportText::new(self.tally(ask, behaviour, today), today, spoiled);
        if *behaviour != Behaviour::EmptyNoException {
            text.note_if_empty();
        }
        let pieces = match behaviour {
            Behaviour::CutJson => body::cut(text),
            Behaviour::Dropped => body::dropped(text),
            Behaviour::ChunkedSlow => body::slow(text),
            Behaviour::Endless => body::endless(text.head(), self.plan.release),
            Behaviour::Gzip => body::gzip(body::plain(text)),
            Behaviour::GzipBomb => body::gzip(body::spaces(text.head())),
            _ => body::plain(text),
        };
        let reply = Reply::new(200, "application/json", pieces);
        let zipped = matches!(behaviour, Behaviour::Gzip | Behaviour::GzipBomb);
        Ok(if zipped { reply.with(header::CONTENT_ENCODING, "gzip") } else { reply })
    }
}

/// A range without months.
fn no_months(months: MonthRange) -> MonthRange {
    MonthRange::new(months.first, months.first.previous())
}
