//! What whoever watches a harvest is told.

use std::sync::Mutex;
use std::time::Duration;

use avling::archive::Archive;
use avling::attribution::{Attributor, Rules};
use avling::clock::Clock;
use avling::config;
use avling::harvest::{Harvester, Progress, RequestReport};
use avling::model::{AccountId, MonthRange, Release, ReportId, SourceId};
use avling::schedule::Task;
use avling::secrets::Sealer;
use avling::simulator::{AccountPlan, Behaviour, Simulator, VendorPlan};
use avling::sources::HttpClients;
use avling::store::Store;

use crate::support::{ACCOUNTS, Scripted, Site, source};

/// Writes down what it is told.
#[derive(Debug, Default)]
struct Told {
    requests: Mutex<usize>,
    last_words: Mutex<usize>,
    waiting: Mutex<Vec<(usize, Duration)>>,
}

impl Progress for Told {
    fn planned(&self, _: usize, requests: usize, _: usize) {
        *self.requests.lock().unwrap() += requests;
    }
    fn received(&self, _: u64) {}
    fn asking(&self, _: &SourceId, _: &AccountId, _: &ReportId) {}
    fn settled(&self, report: &RequestReport) {
        *self.last_words.lock().unwrap() += usize::from(!report.comes_again);
    }
    fn added(&self, requests: usize) {
        *self.requests.lock().unwrap() += requests;
    }
    fn waiting(&self, requests: usize, how_long: Duration) {
        self.waiting.lock().unwrap().push((requests, how_long));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_counted_and_what_waits_is_told_until_it_comes() {
    let account = || vec![AccountPlan::new("A", 500)];
    let vendors = vec![
        VendorPlan::new("one", Release::R51, account()).behaving(Behaviour::Queued { times: 1 }),
        VendorPlan::new("two", Release::R51, account()).behaving(Behaviour::Queued { times: 1 }),
        VendorPlan { first_month: "2024-12".parse().unwrap(), ..VendorPlan::new("new", Release::R51, account()) },
        VendorPlan::new("old", Release::R5, account()),
    ];
    let simulator = Simulator::start(vendors, "2025-01-20".parse().unwrap()).await.unwrap();
    // Asked for three months it refuses, and each month of them alone too.
    let picky = Scripted::start(vec![("400 Bad Request", "{\"Code\": 3020, \"Message\": \"Invalid Date Arguments\"}".into())]);
    let fallback = format!("fallback = {{ release = \"5\", url = \"{}\" }}", simulator.url("old"));
    let sources = ["one", "two"].map(|id| source(id, &simulator.url(id), "film", "")).concat()
        + &source("new", &simulator.url("new"), "film", &fallback)
        + &source("picky", &picky.url, "film", "");
    let site = Site::with_registry(&sources);
    let ids = ["new", "one", "picky", "two"];
    let accounts: String = ids.iter().map(|id| format!("{id},{id},A,2010100,login,,,,\n")).collect();
    site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);

    let settings = config::load(Some(&site.path().join("avling.toml")), std::iter::empty()).unwrap();
    let store = Store::open_writer(&settings.store.url).await.unwrap();
    let registry = store.registry().await.unwrap();
    let (rules, told) = (Rules { subscribers_only: true, sources: std::iter::empty().collect() }, Told::default());
    let (clients, sealer) = (HttpClients::new(None).unwrap(), Sealer::new(settings.secrets.key.clone()));
    let harvester = Harvester {
        settings: &settings,
        registry: &registry,
        store: &store,
        archive: Archive::open(&settings.archive.url).unwrap(),
        clients: &clients,
        sealer: &sealer,
        clock: Clock::Fixed("2025-01-20T03:30:00Z".parse().unwrap()),
        attributor: tokio::sync::Mutex::new(Attributor::new(&registry, &rules)),
        places: std::sync::Arc::new(avling::harvest::places::ByClaims::new(&registry)),
        who: "a test",
        progress: &told,
        releases: tokio::sync::Mutex::default(),
        members_asked: tokio::sync::Mutex::default(),
        lists: tokio::sync::Mutex::default(),
        unbounded: false,
    };
    let months = MonthRange::new("2024-10".parse().unwrap(), "2024-12".parse().unwrap());
    let task = |id: &&str| Task { source: id.parse().unwrap(), account: id.parse().unwrap(), report: "PR".parse().unwrap(), months };
    harvester.run(ids.iter().map(task).collect()).await.unwrap();

    // Four were planned, one came of the fallback, three of single months; each had its last word once.
    assert_eq!((*told.requests.lock().unwrap(), *told.last_words.lock().unwrap()), (8, 8));
    let waiting = told.waiting.lock().unwrap();
    assert_eq!(waiting.iter().map(|(requests, _)| *requests).max(), Some(2), "{waiting:?}");
    assert!(waiting.iter().all(|(_, how_long)| *how_long <= Duration::from_millis(1100)), "{waiting:?}");
    assert_eq!(waiting.last(), Some(&(0, Duration::ZERO)), "nothing waits in the end");
}
