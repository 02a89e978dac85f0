//! From a vendor's COUNTER API to figures per library, and what becomes of them later.

use avling::model::{Month, Release};
use avling::simulator::{AccountPlan, Behaviour, MemberPlan, Simulator, VendorPlan};
use chrono::NaiveDate;

use crate::support::{ACCOUNTS, Row, Site, source};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// What the vendor's books hold of a metric in a month, by ordinary access.
fn booked(simulator: &Simulator, vendor: &str, customer: &str, report: &str, of: &str, metric: &str) -> u64 {
    let book = simulator.book(vendor, customer, report, month(of));
    book.iter().filter(|((m, _, method), _)| m == metric && method == "Regular").map(|(_, count)| count).sum()
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>) -> u64 {
    rows.into_iter().map(|row| row["value"].parse::<u64>().unwrap()).sum()
}

fn of<'a>(rows: &'a [Row], month: &str, metric: &str) -> Vec<&'a Row> {
    rows.iter().filter(|row| row["month"] == month && row["metric"] == metric).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_use_is_divided_and_adds_up_to_what_the_vendor_counted() {
    let vendor = VendorPlan::new("avis", Release::R51, vec![AccountPlan::new("H1", 32_000)]);
    let simulator = Simulator::start(vec![vendor], day("2025-01-20")).await.unwrap();
    let site = Site::with_registry(&source("avis", &simulator.url("avis"), "avis", "reports = [\"PR\", \"TR\"]").replacen(
        "reports = [\"PR\"]\n",
        "",
        1,
    ));
    site.import("accounts", &format!("{ACCOUNTS}halden,avis,H1,2010100,ip,,,,\n")).expect(0);
    let report = site.ok(&["--json", "harvest"]).json();
    assert_eq!(report["harvested"], 6);
    let rows = site.export(&["statistics"]);
    for month in ["2024-10", "2024-11", "2024-12"] {
        for (report, metric) in [("PR", "Total_Item_Requests"), ("PR", "Unique_Item_Requests"), ("TR", "Unique_Title_Requests")] {
            let rows: Vec<&Row> = of(&rows, month, metric).into_iter().filter(|row| row["report"] == report).collect();
            let right = booked(&simulator, "avis", "H1", report, month, metric);
            assert!(right > 100, "{report} {metric} {month} is a figure worth dividing: {right}");
            assert_eq!(sum(rows.iter().copied()), right, "{report} {metric} {month}");
            // Halden and whoever shares its addresses and subscribes: the town hall and Marker do not.
            let mut who: Vec<&str> = rows.iter().map(|row| row["institution"].as_str()).collect();
            who.sort_unstable();
            who.dedup();
            assert_eq!(who, ["2010100", "2011800", "vgs-halden"]);
            assert!(rows.iter().all(|row| row["quality"] == "default_key" && row["accounts"] == "halden"));
        }
    }
    // By inhabitants and pupils: 31 000, 1 300 and 1 200 of 33 500.
    let year = booked(&simulator, "avis", "H1", "PR", "2024-10", "Total_Item_Requests")
        + booked(&simulator, "avis", "H1", "PR", "2024-11", "Total_Item_Requests")
        + booked(&simulator, "avis", "H1", "PR", "2024-12", "Total_Item_Requests");
    let aremark: Vec<Row> = rows
        .iter()
        .filter(|r| r["institution"] == "2011800" && r["report"] == "PR" && r["metric"] == "Total_Item_Requests")
        .cloned()
        .collect();
    let exact = year as f64 * 1300.0 / 33_500.0;
    assert!((sum(&aremark) as f64 - exact).abs() < 1.0, "{} and {exact}", sum(&aremark));
    let shared: Vec<&str> = aremark[0]["shared_with"].split(' ').collect();
    assert_eq!(shared, ["2010100", "vgs-halden"]);
    site.ok(&["verify"]);
    // One request at a time, for each report one that holds all months.
    assert_eq!(simulator.most_at_once("avis"), 1);
    let reports: Vec<_> = simulator.requests("avis").into_iter().map(|seen| seen.report).filter(|report| !report.is_empty()).collect();
    assert_eq!(reports, ["PR", "TR"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_by_login_and_members_of_a_consortium_are_exact_and_everybodys_account_is_an_estimate() {
    let members = ["NO-2010100", "NO-2011800", "NO-2099999"];
    let member = |isil: &&str| MemberPlan { customer_id: format!("m-{isil}"), name: (*isil).into(), isil: (*isil).into(), size: 900 };
    let consortium = AccountPlan { members: members.iter().map(member).collect(), ..AccountPlan::new("C", 3000) };
    let vendors = vec![
        VendorPlan::new("login", Release::R5, vec![AccountPlan::new("L1", 5000)]),
        VendorPlan::new("consortium", Release::R51, vec![consortium]),
        VendorPlan::new("everybody", Release::R51, vec![AccountPlan::new("E", 9000)]),
    ];
    let simulator = Simulator::start(vendors, day("2025-01-20")).await.unwrap();
    let sources = [("login", "release = \"5\""), ("consortium", ""), ("everybody", "")]
        .map(|(id, release)| {
            let text = source(id, &simulator.url(id), "film", "");
            if release.is_empty() { text } else { text.replace("release = \"5.1\"", release) }
        })
        .concat();
    let site = Site::with_registry(&sources);
    let accounts = format!(
        "{ACCOUNTS}login-marker,login,L1,2011900,login,,,,\nfelles,consortium,C,2010100 2011800 2011900,login,,,,\nalle,everybody,E,*,ip,,,,\n"
    );
    site.import("accounts", &accounts).expect(0);
    site.ok(&["harvest"]);
    let rows = site.export(&["statistics", "--metric", "Total_Item_Requests"]);
    let part = |account: &str, metric: &str| {
        booked(&simulator, account.split(':').next().unwrap(), account.split(':').nth(1).unwrap(), "PR", "2024-11", metric)
    };
    let quality = |institution: &str| -> Vec<String> {
        let mut found: Vec<String> = of(&rows, "2024-11", "Total_Item_Requests")
            .into_iter()
            .filter(|row| row["institution"] == institution)
            .map(|row| row["quality"].clone())
            .collect();
        found.sort();
        found.dedup();
        found
    };
    // What holds a part of the account for all is an estimate, and nobody's is nobody's.
    assert!(quality("2011900").contains(&"estimate".to_owned()), "{:?}", quality("2011900"));
    assert_eq!(quality(""), ["unresolved"]);
    let nobody: Vec<&Row> = of(&rows, "2024-11", "Total_Item_Requests").into_iter().filter(|row| row["institution"].is_empty()).collect();
    assert_eq!(sum(nobody.iter().copied()), part("consortium:m-NO-2099999", "Total_Item_Requests"));
    let all = part("login:L1", "Total_Item_Requests")
        + part("everybody:E", "Total_Item_Requests")
        + members.iter().map(|isil| part(&format!("consortium:m-{isil}"), "Total_Item_Requests")).sum::<u64>();
    assert_eq!(sum(of(&rows, "2024-11", "Total_Item_Requests")), all);
    let explained = site
        .ok(&[
            "--json",
            "explain",
            "--institution",
            "2011900",
            "--product",
            "film",
            "--month",
            "2024-11",
            "--metric",
            "Total_Item_Requests",
        ])
        .json();
    let qualities: Vec<&str> = explained["parts"].as_array().unwrap().iter().map(|part| part["account"].as_str().unwrap()).collect();
    assert!(qualities.contains(&"login-marker") && qualities.contains(&"alle"), "{explained}");
    let values: u64 = explained["parts"].as_array().unwrap().iter().map(|part| part["value"].as_u64().unwrap()).sum();
    assert_eq!(explained["value"].as_u64(), Some(values));
    site.ok(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_harvest_changes_nothing_and_a_restatement_makes_a_revision() {
    let vendor = VendorPlan::new("avis", Release::R51, vec![AccountPlan::new("H1", 32_000)]).behaving(Behaviour::Restating);
    let simulator = Simulator::start(vec![vendor], day("2025-01-20")).await.unwrap();
    let mut site = Site::with_registry(&source("avis", &simulator.url("avis"), "avis", ""));
    site.import("accounts", &format!("{ACCOUNTS}halden,avis,H1,2010100,ip,,,,\n")).expect(0);
    site.ok(&["harvest"]);
    let first = site.everything();
    let again = site.ok(&["--json", "reharvest", "--from", "2024-10", "--to", "2024-12"]).json();
    assert!(again["requests"][0]["changes"].as_array().unwrap().is_empty(), "{again}");
    assert_eq!(site.everything()["statistics"], first["statistics"]);
    assert_eq!(site.ok(&["harvest"]).stdout, "Nothing is due.\n");
    // Two months later the vendor has corrected December, and says so only when it is asked again.
    simulator.set_today(day("2025-02-20"));
    site.at("2025-02-20T03:30:00Z");
    let report = site.ok(&["--json", "harvest"]).json();
    let changes: Vec<&serde_json::Value> = report["requests"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|r| r["changes"].as_array().unwrap())
        .filter(|c| c["month"] == "2024-12")
        .collect();
    assert_eq!(changes.len(), 1, "{report}");
    assert_ne!(changes[0]["before"], changes[0]["after"]);
    let rows = site.export(&["statistics", "--from", "2024-12", "--to", "2024-12", "--metric", "Total_Item_Requests"]);
    assert_eq!(sum(&rows), booked(&simulator, "avis", "H1", "PR", "2024-12", "Total_Item_Requests"));
    assert!(rows.iter().any(|row| row["revision"] == "2"), "{rows:?}");
    site.ok(&["verify"]);
    // Both replies are there.
    assert!(site.export(&["runs"]).iter().all(|row| row["state"] == "harvested"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_queued_is_waited_for_and_what_is_late_comes_later() {
    let vendors = vec![
        VendorPlan::new("queue", Release::R51, vec![AccountPlan::new("Q", 5000)]).behaving(Behaviour::Queued { times: 2 }),
        VendorPlan::new("late", Release::R51, vec![AccountPlan::new("L", 5000)]).behaving(Behaviour::NotReady { months_back: 1 }),
        VendorPlan::new("none", Release::R51, vec![AccountPlan::new("N", 5000)]).behaving(Behaviour::Empty),
    ];
    let simulator = Simulator::start(vendors, day("2025-01-20")).await.unwrap();
    let sources = ["queue", "late", "none"].map(|id| source(id, &simulator.url(id), "film", "")).concat();
    let mut site = Site::with_registry(&sources);
    site.import("accounts", &format!("{ACCOUNTS}q,queue,Q,2010100,login,,,,\nl,late,L,2010100,login,,,,\nn,none,N,2010100,login,,,,\n"))
        .expect(0);
    // Work that only waits is no failure.
    let report = site.ok(&["--json", "harvest"]).json();
    assert_eq!((report["harvested"].as_u64(), report["waiting"].as_u64()), (Some(5), Some(3)), "{report}");
    let runs = site.export(&["runs"]);
    let state = |account: &str, month: &str| runs.iter().find(|r| r["account"] == account && r["month"] == month).unwrap()["state"].clone();
    assert_eq!(["2024-10", "2024-11", "2024-12"].map(|m| state("q", m)), ["harvested"; 3]);
    assert_eq!(["2024-10", "2024-11", "2024-12"].map(|m| state("l", m)), ["harvested", "harvested", "waiting"]);
    // October is over for 60 days and more: no usage is no usage. The others may just not be ready.
    assert_eq!(["2024-10", "2024-11", "2024-12"].map(|m| state("n", m)), ["empty", "waiting", "waiting"]);
    let status = site.ok(&["status"]).stdout;
    assert!(status.contains("late") && status.contains("next attempt"), "{status}");
    simulator.set_today(day("2025-03-20"));
    site.at("2025-03-20T03:30:00Z");
    site.ok(&["harvest"]);
    let runs = site.export(&["runs", "--to", "2024-12"]);
    assert!(runs.iter().filter(|r| r["account"] == "l").all(|r| r["state"] == "harvested"), "{runs:?}");
    assert!(runs.iter().filter(|r| r["account"] == "n").all(|r| r["state"] == "empty"), "{runs:?}");
    site.ok(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn months_that_one_release_lacks_are_asked_for_in_the_other() {
    let new = VendorPlan { first_month: month("2024-12"), ..VendorPlan::new("new", Release::R51, vec![AccountPlan::new("A", 5000)]) };
    let old = VendorPlan::new("old", Release::R5, vec![AccountPlan::new("A", 5000)]);
    let simulator = Simulator::start(vec![new, old], day("2025-01-20")).await.unwrap();
    let fallback = format!("fallback = {{ release = \"5\", url = \"{}\" }}", simulator.url("old"));
    let site = Site::with_registry(&source("s", &simulator.url("new"), "film", &fallback));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
    site.ok(&["harvest"]);
    let runs = site.export(&["runs"]);
    assert!(runs.iter().all(|run| run["state"] == "harvested"), "{runs:?}");
    let rows = site.export(&["statistics", "--metric", "Total_Item_Requests"]);
    for (of_month, vendor) in [("2024-10", "old"), ("2024-11", "old"), ("2024-12", "new")] {
        assert_eq!(
            sum(of(&rows, of_month, "Total_Item_Requests")),
            booked(&simulator, vendor, "A", "PR", of_month, "Total_Item_Requests"),
            "{of_month}"
        );
    }
    let releases: Vec<String> = site
        .export(&["facts", "--metric", "Total_Item_Requests"])
        .iter()
        .map(|row| format!("{} {}", row["month"], row["release"]))
        .collect();
    assert!(releases.contains(&"2024-10 5".to_owned()) && releases.contains(&"2024-12 5.1".to_owned()), "{releases:?}");
    site.ok(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_that_every_account_reports_is_counted_once() {
    let vendor = VendorPlan::new("avis", Release::R51, vec![AccountPlan::new("H1", 32_000), AccountPlan::new("H2", 20_000)]);
    let simulator = Simulator::start(vec![vendor], day("2025-01-20")).await.unwrap();
    let site = Site::with_registry(&source("avis", &simulator.url("avis"), "avis", "shared_traffic = \"replicated\""));
    site.import("accounts", &format!("{ACCOUNTS}one,avis,H1,192.0.2.0/25,ip,,,,\ntwo,avis,H2,192.0.2.0/25,ip,,,,\n")).expect(0);
    site.ok(&["harvest"]);
    let rows = site.export(&["statistics", "--metric", "Total_Item_Requests", "--from", "2024-11", "--to", "2024-11"]);
    let of = |customer| booked(&simulator, "avis", customer, "PR", "2024-11", "Total_Item_Requests");
    assert_eq!(sum(&rows), of("H1").max(of("H2")));
    site.ok(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_registry_moves_only_the_months_in_which_it_is_valid() {
    let vendor = VendorPlan::new("avis", Release::R51, vec![AccountPlan::new("H1", 32_000)]);
    let simulator = Simulator::start(vec![vendor], day("2025-01-20")).await.unwrap();
    let site = Site::with_registry(&source("avis", &simulator.url("avis"), "avis", ""));
    site.import("accounts", &format!("{ACCOUNTS}halden,avis,H1,2010100,ip,,,,\n")).expect(0);
    site.ok(&["harvest"]);
    let before = site.export(&["statistics"]);
    // The town hall subscribes too from December on.
    site.import("subscriptions", "institution,product,valid_from\nradhus-halden,avis,2024-12-01\n").expect(0);
    let after = site.export(&["statistics"]);
    let of = |rows: &[Row], month: &str| rows.iter().filter(|row| row["month"] == month).cloned().collect::<Vec<_>>();
    for month in ["2024-10", "2024-11"] {
        assert_eq!(of(&before, month), of(&after, month));
    }
    assert_ne!(of(&before, "2024-12"), of(&after, "2024-12"));
    assert_eq!(sum(&of(&before, "2024-12")), sum(&of(&after, "2024-12")));
    site.ok(&["verify"]);
    // The order in which things arrive makes no difference: harvested again from nothing, everything is the same.
    let other = Site::with_registry(&source("avis", &simulator.url("avis"), "avis", ""));
    other.import("subscriptions", "institution,product,valid_from\nradhus-halden,avis,2024-12-01\n").expect(0);
    other.import("accounts", &format!("{ACCOUNTS}halden,avis,H1,2010100,ip,,,,\n")).expect(0);
    for month in ["2024-12", "2024-10", "2024-11"] {
        other.ok(&["harvest", "--from", month, "--to", month]);
    }
    let without_revision = |rows: Vec<Row>| -> Vec<Row> {
        rows.into_iter()
            .map(|mut row| {
                row.remove("revision");
                row
            })
            .collect()
    };
    assert_eq!(without_revision(after), without_revision(other.export(&["statistics"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_release_is_asked_for_once_where_it_is_left_open() {
    let accounts = vec![AccountPlan::new("A", 5000), AccountPlan::new("B", 4000)];
    let vendors = vec![VendorPlan::new("old", Release::R5, accounts.clone()), VendorPlan::new("new", Release::R51, accounts)];
    let simulator = Simulator::start(vendors, day("2025-01-20")).await.unwrap();
    let sources =
        ["old", "new"].map(|id| source(id, &simulator.url(id), "film", "").replace("release = \"5.1\"", "release = \"auto\"")).concat();
    let site = Site::with_registry(&sources);
    let rows = "a,old,A,2010100,login,,,,\nb,old,B,2011800,login,,,,\nc,new,A,2010100,login,,,,\nd,new,B,2011800,login,,,,\n";
    site.import("accounts", &format!("{ACCOUNTS}{rows}")).expect(0);
    site.ok(&["harvest"]);
    let facts = site.export(&["facts"]);
    let release = |source: &str| facts.iter().find(|fact| fact["source"] == source).unwrap()["release"].clone();
    assert_eq!((release("old").as_str(), release("new").as_str()), ("5", "5.1"));
    assert!(site.export(&["runs"]).iter().all(|run| run["state"] == "harvested"));
    for vendor in ["old", "new"] {
        let asked = simulator.requests(vendor).into_iter().filter(|seen| seen.path.ends_with("/reports")).count();
        assert_eq!(asked, 1, "{vendor}");
    }
}
