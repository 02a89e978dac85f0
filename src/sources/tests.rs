//! The client asked over real HTTP: what comes whole is kept as it came, what does not is stopped and said, and no
//! secret reaches anybody but the vendor that it is for.

mod info;
mod limits;
mod replies;
mod secrets;

use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use tempfile::TempDir;

use super::*;
use crate::archive::{Archive, ReplyRecord};
use crate::clock::Clock;
use crate::model::{AccountId, MonthRange, Release, ReportId, SourceId};
use crate::simulator::{AccountPlan, Behaviour, Simulator, VendorPlan};

const KEY: &str = "Sn0w/fl&ke+æ9%";
const REQUESTOR: &str = "requestor-7f3a";

/// A vendor `v` of release 5.1 with the customer `c`, who needs both secrets.
async fn vendor(behaviour: Behaviour) -> Simulator {
    vendors(&[("v", behaviour)]).await
}

async fn vendors(named: &[(&str, Behaviour)]) -> Simulator {
    let plan = |(name, behaviour): &(&str, Behaviour)| {
        let account = AccountPlan { requestor_id: Some(REQUESTOR.into()), api_key: Some(KEY.into()), ..AccountPlan::new("c", 5_000) };
        VendorPlan::new(name, Release::R51, vec![account]).behaving(behaviour.clone())
    };
    Simulator::start(named.iter().map(plan).collect(), "2025-01-20".parse().unwrap()).await.unwrap()
}

/// A request as a test server saw it.
#[derive(Debug, Clone)]
struct Seen {
    uri: String,
    headers: Vec<(String, String)>,
}

type Answering = Arc<dyn Fn(&str) -> Response + Send + Sync>;

/// A server on loopback that answers any path (it is given with its query) so, and remembers what it was asked.
#[derive(Clone)]
struct Server {
    answering: Answering,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// The server and its address.
    async fn start(answering: impl Fn(&str) -> Response + Send + Sync + 'static) -> (Self, String) {
        let server = Self { answering: Arc::new(answering), seen: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(Self::answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, url)
    }

    #[allow(clippy::unused_async, reason = "handlers are")]
    async fn answer(State(server): State<Self>, request: Request) -> Response {
        let uri = request.uri().to_string();
        let headers = http::pairs(request.headers());
        server.seen.lock().unwrap().push(Seen { uri: uri.clone(), headers });
        (server.answering)(&uri)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn clock() -> Clock {
    Clock::Fixed("2025-01-20T03:30:00Z".parse().unwrap())
}

/// Our side: clients, an archive of its own, and what is asked for.
struct Ours {
    folder: TempDir,
    archive: Archive,
    clients: HttpClients,
    credentials: Credentials,
    source: SourceId,
    account: AccountId,
    dialect: crate::model::Dialect,
    timeout: Duration,
    max_size: u64,
}

impl Ours {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            archive: Archive::open(folder.path().to_str().unwrap()).unwrap(),
            folder,
            clients: HttpClients::new(Some("drift@example.org")).unwrap(),
            credentials: Credentials { customer_id: "c".into(), requestor_id: Some(REQUESTOR.into()), api_key: Some(KEY.into()) },
            source: "source".parse().unwrap(),
            account: "account".parse().unwrap(),
            dialect: crate::model::Dialect::default(),
            timeout: Duration::from_secs(20),
            max_size: 64 << 20,
        }
    }

    fn impatient(self) -> Self {
        Self { timeout: Duration::from_millis(200), ..self }
    }

    fn taking_at_most(self, max_size: u64) -> Self {
        Self { max_size, ..self }
    }

    /// Asks for a title report of 2024.
    async fn fetch(&self, base_url: &str) -> Result<RawReply, FetchError> {
        self.fetch_with(base_url, &|_| {}).await
    }

    async fn fetch_with(&self, base_url: &str, progress: &(dyn Fn(u64) + Send + Sync)) -> Result<RawReply, FetchError> {
        let report: ReportId = "TR".parse().unwrap();
        let request = ReportRequest {
            source: &self.source,
            account: &self.account,
            base_url,
            release: Release::R51,
            report: &report,
            months: MonthRange::new("2024-01".parse().unwrap(), "2024-12".parse().unwrap()),
            credentials: &self.credentials,
            allow_http: false,
            user_agent: None,
            whole_dates: false,
            dialect: &self.dialect,
            timeout: self.timeout,
            max_size: self.max_size,
        };
        fetch_report(&self.clients, &self.archive, &request, clock(), progress).await
    }

    fn info<'a>(&'a self, base_url: &'a str) -> InfoRequest<'a> {
        InfoRequest {
            base_url,
            credentials: &self.credentials,
            allow_http: false,
            user_agent: None,
            dialect: &self.dialect,
            timeout: self.timeout,
        }
    }

    fn body(&self, sha256: &str) -> Vec<u8> {
        let mut body = Vec::new();
        self.archive.read(sha256).unwrap().read_to_end(&mut body).unwrap();
        body
    }

    fn records(&self) -> Vec<ReplyRecord> {
        self.archive.records().map(Result::unwrap).collect()
    }

    /// The only record.
    fn record(&self) -> ReplyRecord {
        let records = self.records();
        assert_eq!(records.len(), 1, "{records:?}");
        records.into_iter().next().unwrap()
    }

    /// Every byte that the archive holds, bodies as they were before compression, file names too.
    fn everything(&self) -> String {
        let mut all = String::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                all.push_str(path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap());
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    let zipped = path.extension().is_some_and(|ending| ending == "zst");
                    let bytes = if zipped { zstd::decode_all(bytes.as_slice()).unwrap() } else { bytes };
                    all.push_str(&String::from_utf8_lossy(&bytes));
                }
            }
        }
        all
    }
}

/// Fails if a text holds one of our secrets, however it is written.
fn assert_no_secret(text: &str) {
    let text = text.to_lowercase();
    for part in [KEY, REQUESTOR, "Sn0w", "fl%26ke", "fl&ke", "7f3a"] {
        assert!(!text.contains(&part.to_lowercase()), "{part} is in: {text}");
    }
}
