//! Every rule by which use is divided, with figures worked out by hand, through the real program.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{ACCOUNTS, Site, source};

/// A PR of these counts, by month, of one metric.
pub fn report(customer: &str, counts: &[(&str, u64)]) -> String {
    let months: serde_json::Map<String, serde_json::Value> =
        counts.iter().map(|(month, count)| ((*month).to_owned(), json!(count))).collect();
    let (first, last) = (counts.iter().map(|c| c.0).min().unwrap(), counts.iter().map(|c| c.0).max().unwrap());
    json!({
        "Report_Header": {
            "Release": "5.1", "Report_ID": "PR", "Report_Name": "Platform Report", "Created": "2025-01-05T00:00:00Z", "Created_By": "v",
            "Institution_Name": "x", "Institution_ID": { "Proprietary": [format!("v:{customer}")] },
            "Report_Filters": { "Begin_Date": format!("{first}-01"), "End_Date": format!("{last}-28") }, "Report_Attributes": {},
        },
        "Report_Items": [{ "Platform": "v", "Attribute_Performance": [
            { "Data_Type": "Article", "Access_Method": "Regular", "Performance": { "Total_Item_Requests": months } }] }],
    })
    .to_string()
}

/// The twelve months of 2024 with one count each.
pub fn all_year(count: u64) -> Vec<(&'static str, u64)> {
    const MONTHS: [&str; 12] = [
        "2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08", "2024-09", "2024-10", "2024-11", "2024-12",
    ];
    MONTHS.iter().map(|month| (*month, count)).collect()
}

/// Library `a` (300 inhabitants) and library `b` (100) on one network, which account `acc` (customer C) covers; both subscribe to `p`.
/// A third library `c` (600) is alone. Source `s`, product `p`; a product `q` that only `a` has; `open` that nobody subscribes to.
pub fn two_neighbours(more: &str) -> Site {
    let site = Site::new(&format!(
        "{}{}{}",
        source("s", "http://127.0.0.1:9", "p", more),
        source("q", "http://127.0.0.1:9", "q", ""),
        source("o", "http://127.0.0.1:9", "open", "")
    ));
    for (kind, content) in [
        (
            "municipalities",
            "municipality,name,county,county_name\n3101,A,31,Østfold\n3124,B,31,Østfold\n3122,C,31,Østfold\n0301,Oslo,03,Oslo\n",
        ),
        (
            "institutions",
            "institution,name,kind,municipality,isil\na,A bibliotek,public_library,3101,NO-1\nb,B bibliotek,public_library,3124,NO-2\n\
             c,C bibliotek,public_library,3122,NO-3\nhall,A rådhus,other_body,3101,\nskole,A skole,school_library,3101,\n",
        ),
        ("persons", "subject,date,persons\n3101,2024-01-01,300\n3124,2024-01-01,100\n3122,2024-01-01,600\nhall,2024-01-01,100\n"),
        ("networks", "institution,range\na,192.0.2.0/24\nb,192.0.2.0/24\nc,198.51.100.0/24\n"),
        ("vendors", "vendor,name\nv,V\n"),
        ("products", "product,name,vendor,headline\np,P,v,PR:Total_Item_Requests\nq,Q,v,\nopen,Open,v,\n"),
        ("subscriptions", "institution,product\na,p\nb,p\na,q\n"),
        ("accounts", &format!("{ACCOUNTS}acc,s,C,a,ip,,,,\nqacc,q,Q,a,ip,,,,\noacc,o,O,a,ip,,,,\n")),
    ] {
        site.import(kind, content).expect(0);
    }
    site
}

/// Imports use of an account.
#[track_caller]
pub fn usage(site: &Site, account: &str, counts: &[(&str, u64)]) {
    let file = site.write("usage.json", report("X", counts));
    site.ok(&["import", "usage", file.to_str().unwrap(), "--account", account]);
}

/// Sums per institution over all months of the export, of a product.
#[track_caller]
pub fn sums(site: &Site, arguments: &[&str]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for row in site.export(&[&["statistics"], arguments].concat()) {
        *sums.entry(row["institution"].clone()).or_default() += row["value"].parse::<u64>().unwrap();
    }
    sums
}

pub fn map(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect()
}

const KEYS: &str = "key,applies_to,product,method,institution,weight,valid_from,valid_to,state,agreed_by\n";

#[track_caller]
fn quality(site: &Site, arguments: &[&str], institution: &str) -> (String, String) {
    let rows = site.export(&[&["statistics"], arguments].concat());
    let row = rows.iter().find(|row| row["institution"] == institution).unwrap_or_else(|| panic!("no row of {institution}: {rows:?}"));
    (row["quality"].clone(), row["key"].clone())
}

#[test]
fn a_fixed_key_divides_from_its_first_month_on() {
    let site = two_neighbours("");
    usage(&site, "acc", &all_year(100));
    // By inhabitants 3:1, 1 200 uses: 900 and 300.
    assert_eq!(sums(&site, &[]), map(&[("a", 900), ("b", 300)]));
    site.import("keys", &format!("{KEYS}k,,,fixed,a,70,2024-07-01,,agreed,A\nk,,,fixed,b,30,2024-07-01,,agreed,B\n")).expect(0);
    // Six months by inhabitants: 450 and 150 of 600; six by 70:30: 420 and 180.
    assert_eq!(sums(&site, &["--to", "2024-06"]), map(&[("a", 450), ("b", 150)]));
    assert_eq!(sums(&site, &["--from", "2024-07"]), map(&[("a", 420), ("b", 180)]));
    assert_eq!(quality(&site, &["--from", "2024-07", "--to", "2024-07"], "b"), ("agreed_key".into(), "k".into()));
    assert_eq!(quality(&site, &["--from", "2024-06", "--to", "2024-06"], "b"), ("default_key".into(), "population".into()));
    let why = site
        .ok(&["--json", "explain", "--institution", "b", "--product", "p", "--month", "2024-07", "--metric", "Total_Item_Requests"])
        .json();
    let part = &why["parts"][0];
    assert_eq!((part["key"].as_str(), part["method"].as_str(), part["run_from"].as_str()), (Some("k"), Some("fixed"), Some("2024-07")));
    assert_eq!(why["value"], 30);
    site.ok(&["verify"]);
}

#[test]
fn weights_with_decimals_and_percent_signs_are_divided_by_as_entered() {
    let site = two_neighbours("");
    usage(&site, "acc", &[("2024-01", 1000)]);
    // 62.5 % and 37.5 % of 1 000: 625 and 375.
    site.import("keys", &format!("{KEYS}k,,,fixed,a,\"62,5 %\",,,agreed,\nk,,,fixed,b,37.5%,,,agreed,\n")).expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 625), ("b", 375)]));
    let why = site
        .ok(&["--json", "explain", "--institution", "a", "--product", "p", "--month", "2024-01", "--metric", "Total_Item_Requests"])
        .json();
    let weights: Vec<f64> = why["parts"][0]["claimants"].as_array().unwrap().iter().map(|c| c["weight"].as_f64().unwrap()).collect();
    assert_eq!(weights, [62.5, 37.5]);
}

#[test]
fn equal_population_and_measured_keys() {
    let site = two_neighbours("");
    usage(&site, "acc", &[("2024-03", 100)]);
    site.import("keys", &format!("{KEYS}e,,,equal,a,,,,agreed,\ne,,,equal,b,,,,agreed,\n")).expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 50), ("b", 50)]));
    // A newer one by inhabitants goes first: 75 and 25.
    site.import("keys", &format!("{KEYS}p,,,population,a,,2024-01-01,,agreed,\np,,,population,b,,2024-01-01,,agreed,\n")).expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 75), ("b", 25)]));
    assert_eq!(quality(&site, &[], "a"), ("agreed_key".into(), "p".into()));
    // A still newer one measures; without any session it does not fit.
    site.import("keys", &format!("{KEYS}m,,,measured,a,,2024-02-01,,agreed,\nm,,,measured,b,,2024-02-01,,agreed,\n")).expect(0);
    assert_eq!(quality(&site, &[], "a").1, "p");
    // In the twelve full months before 1 February 2024: February 2023 to January 2024. 1 and 4 sessions count, those before and after do not.
    site.import(
        "sessions",
        "time,institution,product,sessions\n2023-01-31T12:00:00+01:00,a,p,50\n2023-02-01T00:00:00+01:00,a,p,1\n2024-01-31T23:59:59+01:00,b,p,4\n2024-02-01T00:00:00+01:00,a,p,70\n",
    )
    .expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 20), ("b", 80)]));
    assert_eq!(quality(&site, &[], "a").1, "m");
    site.ok(&["verify"]);
}

#[test]
fn the_key_nearest_to_the_use_divides() {
    let site = two_neighbours("");
    usage(&site, "acc", &[("2024-03", 100)]);
    let key = |id: &str, applies: &str, product: &str, a: u64, from: &str| {
        format!("{id},{applies},{product},fixed,a,{a},{from},,agreed,\n{id},{applies},{product},fixed,b,{},{from},,agreed,\n", 100 - a)
    };
    // Each is nearer to the use than those before it, or newer.
    for (row, right) in [
        (key("g", "", "", 10, "2024-01-01"), 10),
        (key("g2", "", "", 15, "2024-02-01"), 15),
        (key("later", "", "", 16, "2024-04-01"), 15),
        (key("p", "", "p", 20, "2020-01-01"), 20),
        (key("q", "", "q", 25, "2024-03-01"), 20),
        (key("r", "192.0.2.0/23", "", 30, "2020-01-01"), 30),
        (key("r-elsewhere", "198.51.100.0/24", "", 35, "2024-01-01"), 30),
        (key("acc", "acc", "", 40, "2020-01-02"), 40),
        (key("rp", "192.0.2.0/24", "p", 50, "2019-01-01"), 50),
        (key("ap", "acc", "p", 60, "2019-01-01"), 60),
    ] {
        site.import("keys", &format!("{KEYS}{row}")).expect(0);
        assert_eq!(sums(&site, &[]), map(&[("a", right), ("b", 100 - right)]), "{row}");
    }
    site.ok(&["verify"]);
}

#[test]
fn a_key_that_leaves_a_claimant_out_does_not_fit_and_is_a_finding() {
    let site = two_neighbours("");
    usage(&site, "acc", &[("2024-03", 100)]);
    site.import("networks", "institution,range\nhall,192.0.2.0/24\n").expect(0);
    site.import("keys", &format!("{KEYS}k,,,fixed,a,50,,,agreed,\nk,,,fixed,b,50,,,agreed,\n")).expect(0);
    // The town hall has no subscription, so it is no claimant, and the key fits.
    assert_eq!(sums(&site, &[]), map(&[("a", 50), ("b", 50)]));
    // With one it is, with its 100 persons: 300, 100 and 100 of 500.
    site.import("subscriptions", "institution,product\nhall,p\n").expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 60), ("b", 20), ("hall", 20)]));
    let status = site.ok(&["--json", "status"]).json();
    let finding = &status["findings"][0];
    assert_eq!((finding["kind"].as_str(), finding["from"].as_str()), (Some("key_leaves_out"), Some("2024-03")));
    assert!(finding["what"].as_str().unwrap().contains("leaves out hall"), "{finding}");
    site.ok(&["verify"]);
}

#[test]
fn who_subscribes_to_nothing_is_left_out_unless_nobody_would_be_left_or_the_product_is_open() {
    let site = two_neighbours("");
    // q is a's alone: b is dropped, and what a has is assumed.
    usage(&site, "qacc", &[("2024-01", 100)]);
    assert_eq!(sums(&site, &["--product", "q"]), map(&[("a", 100)]));
    assert_eq!(quality(&site, &["--product", "q"], "a").0, "assumed");
    // open has no subscription at all: everybody on the addresses, 75 and 25.
    usage(&site, "oacc", &[("2024-01", 100)]);
    assert_eq!(sums(&site, &["--product", "open"]), map(&[("a", 75), ("b", 25)]));
    // a ends its subscription: in February nobody subscribes, and nobody is dropped.
    site.import("subscriptions", "institution,product,valid_from,valid_to\na,q,,2024-02-01\n").expect(0);
    usage(&site, "qacc", &[("2024-02", 100)]);
    assert_eq!(sums(&site, &["--product", "q", "--from", "2024-02"]), map(&[("a", 75), ("b", 25)]));
    let rows = site.export(&["statistics", "--product", "q", "--from", "2024-02"]);
    assert!(rows.iter().all(|row| row["note"] == "no_subscriber"), "{rows:?}");
    site.ok(&["verify"]);
}

#[test]
fn claims_and_accounts_that_change_within_the_year() {
    let site = two_neighbours("");
    usage(&site, "acc", &all_year(100));
    // b leaves the network on 15 April: it is there on 1 April and not on 1 May. January to April 3:1 of 400.
    site.import("networks", "institution,range,valid_from,valid_to\nb,192.0.2.0/24,,2024-04-15\n").expect(0);
    assert_eq!(sums(&site, &["--to", "2024-04"]), map(&[("a", 300), ("b", 100)]));
    assert_eq!(sums(&site, &["--from", "2024-05"]), map(&[("a", 800)]));
    assert_eq!(quality(&site, &["--from", "2024-05"], "a").0, "exact");
    // The account ends in October: whose November's use is, nobody knows.
    site.import("accounts", &format!("{ACCOUNTS}acc,s,C,a,ip,,,,2024-11-01\n")).expect(0);
    assert_eq!(sums(&site, &["--from", "2024-11"]), map(&[("", 200)]));
    assert_eq!(quality(&site, &["--from", "2024-11"], "").0, "unresolved");
    assert_eq!(sums(&site, &[]).values().sum::<u64>(), 1200);
    site.ok(&["verify"]);
}

#[test]
fn exclusive_claims_ranges_login_and_everybody() {
    let site = two_neighbours("");
    site.import("accounts", &format!("{ACCOUNTS}r,s,R,192.0.2.0-192.0.2.9,ip,,,,\nl,s,L,b,login,,,,\nall,s,*ALL,*,ip,,,,\n")).expect(0);
    // A range: both claim it, 3:1 of 40.
    usage(&site, "r", &[("2024-01", 40)]);
    assert_eq!(sums(&site, &[]), map(&[("a", 30), ("b", 10)]));
    // b's exclusive claim of a narrower range leaves a only what lies outside: the union of claimants is still both.
    site.import("networks", "institution,range,valid_from,valid_to,exclusive\nb,192.0.2.0-192.0.2.4,,,yes\n").expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 30), ("b", 10)]));
    // Of exactly the range: b alone.
    site.import("networks", "institution,range,valid_from,valid_to,exclusive\nb,192.0.2.0-192.0.2.9,,,yes\n").expect(0);
    assert_eq!(sums(&site, &[]), map(&[("b", 40)]));
    // By login: b alone, exactly, whoever else is on the address.
    usage(&site, "l", &[("2024-02", 7)]);
    assert_eq!(quality(&site, &["--from", "2024-02"], "b").0, "exact");
    // Everybody who subscribes, an estimate: a and b, 3:1 of 4.
    usage(&site, "all", &[("2024-03", 4)]);
    assert_eq!(sums(&site, &["--from", "2024-03"]), map(&[("a", 3), ("b", 1)]));
    assert_eq!(quality(&site, &["--from", "2024-03"], "a"), ("estimate".into(), "population".into()));
    site.ok(&["verify"]);
}

#[test]
fn traffic_that_is_reported_twice_counts_once_and_what_contradicts_is_told() {
    let site = two_neighbours("shared_traffic = \"replicated\"");
    // Two accounts of the same addresses, written otherwise, and one that overlaps in part.
    site.import(
        "accounts",
        &format!("{ACCOUNTS}one,s,1,192.0.2.0/24,ip,,,,\ntwo,s,2,192.0.2.0-192.0.2.99 192.0.2.100-192.0.2.255,ip,,,,\nthree,s,3,192.0.2.128/25,ip,,,,\n"),
    )
    .expect(0);
    usage(&site, "one", &[("2024-01", 100), ("2024-02", 80)]);
    usage(&site, "two", &[("2024-01", 100), ("2024-02", 120)]);
    // January's are equal, and the first by id counts; of February's the larger: 220 in all, 3:1.
    assert_eq!(sums(&site, &[]), map(&[("a", 165), ("b", 55)]));
    let status = site.ok(&["--json", "status"]).json();
    let conflicts: Vec<&serde_json::Value> =
        status["findings"].as_array().unwrap().iter().filter(|f| f["kind"] == "traffic_conflict").collect();
    assert_eq!(conflicts.len(), 1, "{status}");
    assert_eq!((&conflicts[0]["from"], &conflicts[0]["to"]), (&json!("2024-02"), &json!("2024-02")));
    usage(&site, "three", &[("2024-01", 9)]);
    let status = site.ok(&["--json", "status"]).json();
    assert!(status["findings"].as_array().unwrap().iter().any(|f| f["kind"] == "addresses_overlap"), "{status}");
    site.ok(&["verify"]);
}

#[test]
fn without_persons_or_with_none_everybody_gets_the_same() {
    let site = two_neighbours("");
    site.import("networks", "institution,range\nskole,192.0.2.0/24\n").expect(0);
    site.import("subscriptions", "institution,product\nskole,p\n").expect(0);
    usage(&site, "acc", &[("2024-01", 90)]);
    // The school has no figure: 30 each.
    assert_eq!(sums(&site, &[]), map(&[("a", 30), ("b", 30), ("skole", 30)]));
    assert!(site.export(&["statistics"]).iter().all(|row| row["note"] == "no_persons" && row["key"] == "equal"));
    let status = site.ok(&["--json", "status"]).json();
    assert_eq!(status["findings"][0]["kind"], "no_persons");
    // With 200 of them: 300, 100 and 200 of 600 share 90.
    site.import("persons", "subject,date,persons\nskole,2024-01-01,200\n").expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 45), ("b", 15), ("skole", 30)]));
    // All weights of a key zero: equal.
    site.import("keys", &format!("{KEYS}z,,,fixed,a,0,,,agreed,\nz,,,fixed,b,0,,,agreed,\nz,,,fixed,skole,0,,,agreed,\n")).expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 30), ("b", 30), ("skole", 30)]));
    assert!(
        site.export(&["statistics"]).iter().all(|row| row["note"] == "zero_weights" && row["key"] == "z" && row["quality"] == "agreed_key")
    );
    site.ok(&["verify"]);
}

/// Moss was 3002 in Viken until 2023 and is 3103 in Østfold since; Ålesund, 1507, was split in Ålesund (1508) and Haram (1580) in 2024.
#[test]
fn figures_do_not_break_where_municipalities_are_renumbered_or_split() {
    let site = Site::new(&source("s", "http://127.0.0.1:9", "p", ""));
    for (kind, content) in [
        (
            "municipalities",
            "municipality,name,county,county_name,valid_from,valid_to\n3002,Moss,30,Viken,2020-01-01,2024-01-01\n3103,Moss,31,Østfold,2024-01-01,\n\
             1507,Ålesund,15,Møre og Romsdal,2020-01-01,2024-01-01\n1508,Ålesund,15,Møre og Romsdal,2024-01-01,\n1580,Haram,15,Møre og Romsdal,2024-01-01,\n",
        ),
        ("transitions", "date,from,to\n2024-01-01,3002,3103\n2024-01-01,1507,1508\n2024-01-01,1507,1580\n"),
        (
            "institutions",
            "institution,name,kind,municipality\nmoss,Moss bibliotek,public_library,3103\nalesund,Ålesund bibliotek,public_library,1508\nharam,Haram bibliotek,public_library,1580\n",
        ),
        // Moss is known under its old number only, of 2023; Haram and Ålesund under their new ones.
        ("persons", "subject,date,persons\n3002,2023-01-01,50000\n1508,2024-01-01,58000\n1580,2024-01-01,2000\n1507,2023-01-01,67000\n"),
        ("networks", "institution,range\nmoss,192.0.2.0/24\nharam,192.0.2.0/24\n"),
        ("vendors", "vendor,name\nv,V\n"),
        ("products", "product,name,vendor\np,P,v\n"),
        ("accounts", &format!("{ACCOUNTS}acc,s,C,192.0.2.0/24,ip,,,,\n")),
    ] {
        site.import(kind, content).expect(0);
    }
    usage(&site, "acc", &[("2023-12", 520), ("2024-01", 520)]);
    // Moss by its old number in both years (50 000), Haram by its own of 2024 (2 000), never by a part of Ålesund's: 500 and 20 of 520.
    for month in ["2023-12", "2024-01"] {
        assert_eq!(sums(&site, &["--from", month, "--to", month]), map(&[("haram", 20), ("moss", 500)]), "{month}");
    }
    let places = |geography: &str| -> Vec<String> {
        let rows = site.export(&["statistics", "--institution", "moss", "--geography", geography]);
        rows.iter().map(|row| format!("{} {} {} {}", row["month"], row["municipality"], row["county_name"], row["persons"])).collect()
    };
    assert_eq!(places("today"), ["2023-12 3103 Østfold 50000", "2024-01 3103 Østfold 50000"]);
    assert_eq!(places("month"), ["2023-12 3002 Viken 50000", "2024-01 3103 Østfold 50000"]);
    // By county of the month, December is Viken's.
    assert_eq!(sums(&site, &["--county", "30", "--geography", "month"]), map(&[("moss", 500)]));
    assert_eq!(sums(&site, &["--county", "31"]), map(&[("moss", 1000)]));
    site.ok(&["verify"]);
}
