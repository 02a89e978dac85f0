//! Random registries and reports, in random order: what always holds, holds, and nothing depends on the order of arrival.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use avling::archive::{Archive, ReplyRecord};
use avling::attribution::{Attributor, Rules, SourceRules};
use avling::config::{self, Settings};
use avling::harvest::change::{Ground, change_registry};
use avling::harvest::places::{ByClaims, Places};
use avling::harvest::settle::{Desk, Reply, Subject};
use avling::harvest::{intake, verify};
use avling::model::registry::Kind;
use avling::model::{MonthOutcome, MonthState, ReportId};
use avling::registry::import::{FileInput, Known, import};
use avling::store::{Cause, StatisticFilter, Store};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tokio::sync::Mutex;

use crate::rules::report;

/// Something that arrives.
#[derive(Debug, Clone)]
enum Arrival {
    /// A file of the registry.
    File(Kind, String),
    /// A report of an account, of these counts by month of 2024.
    Report(&'static str, Vec<(u32, u64)>),
    /// A table of use by address: month of 2024, last part of the address, count.
    Table(Vec<(u32, u8, u64)>),
}

const MONTHS: [&str; 12] =
    ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08", "2024-09", "2024-10", "2024-11", "2024-12"];
const WHO: [&str; 6] = ["a", "b", "c", "d", "school", "hall"];
const ACCOUNTS: [&str; 5] = ["acc-a", "acc-range", "acc-all", "acc-login", "acc-twin"];

/// What everything begins with.
const BASE: [(Kind, &str); 5] = [
    (
        Kind::Municipalities,
        "municipality,name,county,county_name\n3101,A,31,Østfold\n3102,B,31,Østfold\n3103,C,31,Østfold\n3104,D,31,Østfold\n",
    ),
    (
        Kind::Institutions,
        "institution,name,kind,municipality\na,A,public_library,3101\nb,B,public_library,3102\nc,C,public_library,3103\nd,D,public_library,3103\n\
         school,S,school_library,3101\nhall,H,other_body,3101\n",
    ),
    (Kind::Vendors, "vendor,name\nv,V\n"),
    (Kind::Products, "product,name,vendor\np,P,v\n"),
    (
        Kind::Accounts,
        "account,source,customer_id,covers,access\nacc-a,s,1,a,ip\nacc-range,s,2,192.0.2.0-192.0.2.7,ip\nacc-all,s,3,*,ip\nacc-login,s,4,b,login\n\
         acc-twin,s,5,192.0.2.0/29,ip\nacc-table,s,6,a,ip\n",
    ),
];

fn claim() -> impl Strategy<Value = (usize, u8, u8, u32, u32, bool)> {
    (0..WHO.len(), 0_u8..12, 0_u8..8, 1_u32..13, 1_u32..14, prop::bool::weighted(0.2))
}

fn day(month: u32) -> String {
    if month > 12 { "2025-01-01".into() } else { format!("2024-{month:02}-01") }
}

/// Files and reports whose rows contradict none of the others, each with its own identity.
fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let claims = prop::collection::vec(claim(), 0..10);
    let persons = prop::collection::vec((0_usize..6, 0_u64..900), 0..6);
    let subscriptions = prop::collection::vec((0..WHO.len(), 1_u32..13), 0..6);
    let keys = prop::collection::vec((prop::collection::vec((0..WHO.len(), 0_u64..100), 2..5), 1_u32..13, 0_u8..4, any::<bool>()), 0..4);
    let sessions = prop::collection::vec((0..WHO.len(), 0_usize..12, 1_u64..50), 0..6);
    let reports = prop::collection::vec((0..ACCOUNTS.len(), prop::collection::vec((1_u32..13, 1_u64..400), 1..5)), 1..9);
    let tables = prop::collection::vec(prop::collection::vec((1_u32..13, 0_u8..100, 1_u64..100), 1..6), 0..3);
    (claims, persons, subscriptions, keys, sessions, reports, tables).prop_map(
        |(claims, persons, subscriptions, keys, sessions, reports, tables)| {
            let mut all = Vec::new();
            for (n, (who, first, length, from, to, exclusive)) in claims.into_iter().enumerate() {
                // The last address makes each claim another row, whatever its dates.
                let (first, last) = (first, 12 + 8 * u8::try_from(n).unwrap() + length);
                let exclusive = if exclusive { "yes" } else { "" };
                let to = if to > from { day(to) } else { String::new() };
                let row = format!(
                    "institution,range,valid_from,valid_to,exclusive\n{},192.0.2.{first}-192.0.2.{last},{},{to},{exclusive}\n",
                    WHO[who],
                    day(from)
                );
                all.push((format!("c{} {first} {last} {from}", WHO[who]), Arrival::File(Kind::Networks, row)));
            }
            for (subject, number) in persons {
                let subject = ["3101", "3102", "3103", "3104", "school", "hall"][subject];
                all.push((
                    format!("p{subject}"),
                    Arrival::File(Kind::Persons, format!("subject,date,persons\n{subject},2024-01-01,{number}\n")),
                ));
            }
            for (who, from) in subscriptions {
                let row = format!("institution,product,valid_from\n{},p,{}\n", WHO[who], day(from));
                all.push((format!("s{}", WHO[who]), Arrival::File(Kind::Subscriptions, row)));
            }
            for (n, (members, from, applies, fixed)) in keys.into_iter().enumerate() {
                let applies = ["", "acc-a", "192.0.2.0/28", "acc-range"][usize::from(applies)];
                let method = if fixed { "fixed" } else { ["equal", "population", "measured"][n % 3] };
                let members: BTreeMap<usize, u64> = members.into_iter().collect();
                let mut file = "key,applies_to,product,method,institution,weight,valid_from,valid_to,state,agreed_by\n".to_owned();
                for (who, weight) in members {
                    let weight = if fixed { weight.to_string() } else { String::new() };
                    file.push_str(&format!("k{n},{applies},,{method},{},{weight},{},,agreed,\n", WHO[who], day(from)));
                }
                all.push((format!("k{n}"), Arrival::File(Kind::Keys, file)));
            }
            for (who, month, count) in sessions {
                let month = format!("2023-{:02}", month + 1);
                let row = format!("institution,product,month,sessions\n{},p,{month},{count}\n", WHO[who]);
                all.push((format!("e{} {month}", WHO[who]), Arrival::File(Kind::Sessions, row)));
            }
            for (n, (account, counts)) in reports.into_iter().enumerate() {
                let counts: BTreeMap<u32, u64> = counts.into_iter().collect();
                all.push((format!("r{n}"), Arrival::Report(ACCOUNTS[account], counts.into_iter().collect())));
            }
            all.extend(tables.into_iter().enumerate().map(|(n, rows)| (format!("t{n}"), Arrival::Table(rows))));
            // Of several rows with one identity the first stays.
            let mut seen = std::collections::HashSet::new();
            all.into_iter().filter(|(identity, _)| seen.insert(identity.clone())).map(|(_, arrival)| arrival).collect()
        },
    )
}

struct World {
    _folder: tempfile::TempDir,
    settings: Settings,
    store: Store,
    archive: Archive,
    rules: Rules,
    now: DateTime<Utc>,
}

impl World {
    async fn new(replicated: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shared = if replicated { "shared_traffic = \"replicated\"" } else { "" };
        let file = folder.path().join("avling.toml");
        std::fs::write(&file, crate::support::source("s", "http://127.0.0.1:9", "p", shared)).unwrap();
        let settings = config::load(Some(&file), std::iter::empty()).unwrap();
        let source = &settings.sources[0];
        let of_source = SourceRules { access: source.access, shared_traffic: source.shared_traffic };
        let rules = Rules { subscribers_only: true, sources: BTreeMap::from([(source.id.clone(), of_source)]) };
        let (store, archive) = opened(folder.path()).await;
        let mut world = Self { _folder: folder, settings, store, archive, rules, now: "2025-01-20T03:30:00Z".parse().unwrap() };
        for (kind, text) in BASE {
            world.take(&Arrival::File(kind, text.to_owned())).await;
        }
        world
    }

    fn cause() -> Cause {
        Cause { who: "test".into(), reason: "registry", what: "test".into(), at: "2025-01-20T03:30:00Z".into() }
    }

    async fn take(&mut self, arrival: &Arrival) {
        match arrival {
            Arrival::File(kind, text) => {
                let mut transaction = self.store.begin(Self::cause()).await.unwrap();
                let registry = transaction.registry().await.unwrap();
                let known = Known { sources: vec!["s"], ..Known::default() };
                let file = FileInput { name: "file.csv", bytes: text.as_bytes() };
                let imported =
                    import(*kind, &[file], &registry, &known, false, self.now.date_naive(), &mut |_, _, _| Err("no secrets".into()));
                let imported = imported.unwrap_or_else(|problems| panic!("{text}: {problems}"));
                let ground = Ground { rules: &self.rules, settings: &self.settings, archive: &self.archive };
                change_registry(&mut transaction, &ground, &registry, &[(*kind, imported.changes)]).await.unwrap();
                transaction.commit().await.unwrap();
            }
            Arrival::Report(account, counts) => {
                let counts: Vec<(&str, u64)> = counts.iter().map(|(month, count)| (MONTHS[*month as usize - 1], *count)).collect();
                self.settle(account, report("X", &counts)).await;
            }
            Arrival::Table(rows) => {
                let row = |(month, last, count): &(u32, u8, u64)| format!("{};192.0.2.{last};{count}\n", MONTHS[*month as usize - 1]);
                let table: String = rows.iter().map(row).collect();
                self.settle("acc-table", format!("month;address;Total_Item_Requests\n{table}")).await;
            }
        }
    }

    async fn settle(&self, account: &str, bytes: String) {
        let source = &self.settings.sources[0];
        let (account, report) = (account.parse().unwrap(), "PR".parse::<ReportId>().unwrap());
        let registry = self.store.registry().await.unwrap();
        let places: Arc<dyn Places> = Arc::new(ByClaims::new(&registry));
        let contents = intake::look(bytes.as_bytes(), source, &*places);
        let mut writer = self.archive.begin().await.unwrap();
        writer.write(bytes.as_bytes()).await.unwrap();
        let record = ReplyRecord {
            source: source.id.clone(),
            account,
            report: report.clone(),
            release: "5.1".into(),
            begin: contents.months.keys().next().copied(),
            end: contents.months.keys().next().copied(),
            method: "FILE".into(),
            url: "file:x".into(),
            request_headers: Vec::new(),
            status: 200,
            headers: Vec::new(),
            fetched_at: self.now,
            sha256: String::new(),
            bytes: 0,
            complete: true,
            problem: String::new(),
        };
        let account = record.account.clone();
        let archived = writer.finish(record).await.unwrap();
        let outcome = |month| MonthOutcome {
            month,
            state: MonthState::Harvested,
            reason: String::new(),
            next_attempt: None,
            partial: false,
            unconfirmed: false,
            zero_said: false,
            trouble: None,
        };
        let outcomes: Vec<MonthOutcome> = contents.months.keys().map(|month| outcome(*month)).collect();
        let attributor = Mutex::new(Attributor::new(&registry, &self.rules));
        let desk = Desk { store: &self.store, archive: &self.archive, attributor: &attributor, places: &places, who: "test" };
        let subject = Subject { source, account: &account, report: &report };
        let reply = Reply { sha256: &archived.sha256, contents: &contents, release: "5.1".into() };
        desk.settle(&subject, &outcomes, Some(&reply), self.now).await.unwrap();
    }

    /// All figures but how often they changed on the way.
    async fn figures(&self) -> Vec<String> {
        let mut rows: Vec<String> = self
            .store
            .statistics(&StatisticFilter::default())
            .await
            .unwrap()
            .into_iter()
            .map(|row| format!("{:?}", row.statistic))
            .collect();
        rows.sort();
        rows
    }

    async fn violations(&self) -> Vec<String> {
        let registry = self.store.registry().await.unwrap();
        let mut attributor = Attributor::new(&registry, &self.rules);
        let places: Arc<dyn Places> = Arc::new(ByClaims::new(&registry));
        let verified = verify::verify(&self.store, &self.archive, &self.settings, &mut attributor, &places).await.unwrap();
        verified.violations.iter().map(|v| format!("{} {}: {}", v.kind, v.place, v.what)).collect()
    }
}

async fn opened(folder: &Path) -> (Store, Archive) {
    let store = Store::open_writer(&format!("sqlite://{}", folder.join("avling.db").display())).await.unwrap();
    (store, Archive::open(&format!("file://{}", folder.join("archive").display())).unwrap())
}

/// Another order, in which reports of one account stay in theirs: the later one corrects the earlier.
fn reordered(arrivals: &[Arrival], seed: u64) -> Vec<Arrival> {
    let mut keyed: Vec<(u64, usize)> = Vec::new();
    let mut state = seed;
    for place in 0..arrivals.len() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        keyed.push((state >> 20, place));
    }
    let account = |arrival: &Arrival| match arrival {
        Arrival::Report(account, _) => *account,
        Arrival::Table(_) => "acc-table",
        Arrival::File(..) => "",
    };
    for of in ACCOUNTS.into_iter().chain(["acc-table"]) {
        let places: Vec<usize> = arrivals.iter().enumerate().filter(|(_, arrival)| account(arrival) == of).map(|(i, _)| i).collect();
        let mut keys: Vec<u64> = places.iter().map(|place| keyed[*place].0).collect();
        keys.sort_unstable();
        for (place, key) in places.into_iter().zip(keys) {
            keyed[place].0 = key;
        }
    }
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, place)| arrivals[place].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_by_address_can_make_another_account_s_report_of_the_same_traffic_uncounted() {
    let mut world = World::new(true).await;
    let claim = "institution,range,valid_from,valid_to,exclusive\na,192.0.2.0-192.0.2.12,2024-01-01,,\n";
    world.take(&Arrival::File(Kind::Networks, claim.into())).await;
    world.take(&Arrival::Report("acc-a", vec![(6, 1)])).await;
    world.take(&Arrival::Table(vec![(6, 13, 2)])).await;
    assert_eq!(world.violations().await, Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn whatever_arrives_in_whatever_order(arrivals in arrivals(), seed in any::<u64>(), replicated in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut one, mut other) = (World::new(replicated).await, World::new(replicated).await);
            for arrival in &arrivals {
                one.take(arrival).await;
            }
            for arrival in reordered(&arrivals, seed) {
                other.take(&arrival).await;
            }
            prop_assert_eq!(one.figures().await, other.figures().await);
            prop_assert_eq!(one.violations().await, Vec::<String>::new());
            prop_assert_eq!(other.violations().await, Vec::<String>::new());
            Ok(())
        })?;
    }
}
