//! What makes no sense in what vendors report: found when it is harvested, kept, shown, and gone when it is true no more.

use crate::support::{ACCOUNTS, Row, Scripted, Site, source};

/// A platform or title report for the months, each with its metrics.
fn report(id: &str, months: &[(&str, &[(&str, u64)])]) -> String {
    let mut metrics: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for (month, counts) in months {
        for (metric, count) in *counts {
            metrics.entry(metric).or_default().push(format!("\"{month}\": {count}"));
        }
    }
    let performance: Vec<String> = metrics.iter().map(|(metric, counts)| format!("\"{metric}\": {{{}}}", counts.join(", "))).collect();
    let title = if id == "TR" { "\"Title\": \"T\", " } else { "" };
    format!(
        "{{\"Report_Header\": {{\"Report_ID\": \"{id}\", \"Release\": \"5.1\"}}, \"Report_Items\": [{{{title}\"Platform\": \"p\", \
         \"Attribute_Performance\": [{{\"Data_Type\": \"Article\", \"Access_Method\": \"Regular\", \"Performance\": {{{}}}}}]}}]}}",
        performance.join(", ")
    )
}

fn found(site: &Site) -> Vec<String> {
    site.export(&["findings"]).iter().map(|row| format!("{} {} {} {}", row["kind"], row["report"], row["month"], row["product"])).collect()
}

fn what(site: &Site, kind: &str) -> Vec<Row> {
    site.export(&["findings"]).into_iter().filter(|row| row["kind"] == kind).collect()
}

const R: &str = "Total_Item_Requests";
const U: &str = "Unique_Item_Requests";
const I: &str = "Total_Item_Investigations";

#[test]
fn a_contradiction_is_found_shown_exported_and_gone_once_it_is_mended() {
    let wrong = report(
        "PR",
        &[("2024-10", &[(R, 50), (U, 40), (I, 60)]), ("2024-11", &[(R, 30), (U, 31), (I, 29)]), ("2024-12", &[(R, 9), (I, 9)])],
    );
    let right = wrong.replace("\"2024-11\": 31", "\"2024-11\": 30").replace("\"2024-11\": 29", "\"2024-11\": 30");
    let vendor = Scripted::start(vec![("200 OK", wrong.clone()), ("200 OK", wrong), ("200 OK", right)]);
    let site = Site::with_registry(&source("s", &vendor.url, "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
    let said = site.ok(&["harvest"]).stdout;
    assert!(said.contains("2 new things in them are hard to believe"), "{said}");
    assert_eq!(found(&site), ["requests_above_investigations PR 2024-11 ", "unique_above_total PR 2024-11 "]);
    let status = site.ok(&["status"]).stdout;
    for expected in ["Reported, and hard to believe (2", "unique_above_total: a PR 2024-11: Unique_Item_Requests of Article Regular is 31"]
    {
        assert!(status.contains(expected), "{status}");
    }
    let json = site.ok(&["--json", "status"]).json();
    let findings: Vec<&str> = json["findings"].as_array().unwrap().iter().filter_map(|f| f["kind"].as_str()).collect();
    assert!(findings.contains(&"unique_above_total") && findings.contains(&"requests_above_investigations"), "{json}");
    assert_eq!(site.ok(&["export", "findings", "--from", "2024-12"]).stdout.lines().count(), 1, "only the header");
    // The same again changes nothing, not even since when it is known.
    let before = site.ok(&["export", "findings"]).stdout;
    assert!(before.contains("2025-01-20T03:30:00Z"), "{before}");
    let mut site = site;
    site.at("2025-01-21T03:30:00Z");
    let said = site.ok(&["reharvest", "--from", "2024-10", "--to", "2024-12"]).stdout;
    assert!(!said.contains("hard to believe"), "{said}");
    assert_eq!(site.ok(&["export", "findings"]).stdout, before);
    site.ok(&["reharvest", "--from", "2024-10", "--to", "2024-12"]);
    assert!(found(&site).is_empty(), "{:?}", found(&site));
    assert!(!site.ok(&["status"]).stdout.contains("hard to believe"));
    site.ok(&["verify"]);
}

#[test]
fn months_are_measured_by_the_year_before_them() {
    let months = ["2024-04", "2024-05", "2024-06", "2024-07", "2024-08", "2024-09", "2024-10", "2024-11", "2024-12"];
    let with = |counts: [u64; 9]| {
        let metrics: Vec<[(&str, u64); 2]> = counts.iter().map(|count| [(R, *count), (U, count - count / 3)]).collect();
        let months: Vec<(&str, &[(&str, u64)])> = months.iter().zip(&metrics).map(|(month, counts)| (*month, counts.as_slice())).collect();
        report("PR", &months)
    };
    // The median of the first six is 65. November is 11 times October; December is September again.
    let first = with([60, 61, 64, 66, 70, 80, 65, 700, 80]);
    // Restated, November and December are themselves.
    let second = with([60, 61, 64, 66, 70, 80, 65, 71, 7]);
    let vendor = Scripted::start(vec![("404 Not Found", String::new()), ("200 OK", first), ("200 OK", second)]);
    let site = Site::with_registry(&source("s", &vendor.url, "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
    site.ok(&["harvest", "--from", "2024-04"]);
    assert_eq!(found(&site), ["out_of_proportion PR 2024-11 ", "identical_months PR 2024-12 "]);
    let of = |kind: &str| what(&site, kind)[0]["what"].clone();
    assert!(
        of("out_of_proportion").contains("is 700, more than ten times 65, the median of the 7 known months"),
        "{}",
        of("out_of_proportion")
    );
    assert!(of("identical_months").contains("exactly those of 2024-09"), "{}", of("identical_months"));
    site.ok(&["reharvest", "--from", "2024-04", "--to", "2024-12"]);
    // 7 is less than a tenth of 65.5, but that is too little to be told of.
    assert!(found(&site).is_empty(), "{:?}", found(&site));
}

#[test]
fn the_platform_is_compared_with_its_titles_whichever_comes_last() {
    let months =
        |count| -> Vec<(&str, Vec<(&str, u64)>)> { ["2024-10", "2024-11", "2024-12"].map(|month| (month, vec![(R, count)])).to_vec() };
    let text = |id: &str, count: u64| {
        let months = months(count);
        let months: Vec<(&str, &[(&str, u64)])> = months.iter().map(|(month, counts)| (*month, counts.as_slice())).collect();
        report(id, &months)
    };
    // The PR first, then the TR; and again, the TR mended.
    let vendor = Scripted::start(vec![
        ("200 OK", text("PR", 1000)),
        ("200 OK", text("TR", 1100)),
        ("200 OK", text("PR", 1000)),
        ("200 OK", text("TR", 1000)),
    ]);
    let site = Site::with_registry(&source("s", &vendor.url, "film", "").replace("\"PR\"", "\"PR\", \"TR\""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\n")).expect(0);
    site.ok(&["harvest"]);
    assert_eq!(found(&site), ["2024-10", "2024-11", "2024-12"].map(|month| format!("platform_differs PR {month} ")));
    assert!(what(&site, "platform_differs")[0]["what"].starts_with("Total_Item_Requests is 1000 in PR and 1100 in TR"));
    assert!(site.ok(&["status"]).stdout.contains("platform_differs: a PR 2024-12 (and 2 months before): "));
    site.ok(&["reharvest", "--from", "2024-10", "--to", "2024-12"]);
    assert!(found(&site).is_empty(), "{:?}", found(&site));
}

#[test]
fn use_and_subscriptions_are_compared_and_the_registry_can_mend_it() {
    // Marker (2011900) has no subscription to `avis`; Halden pays for it and has none of its use.
    let used = report("PR", &[("2024-10", &[(R, 12)]), ("2024-11", &[(R, 9)]), ("2024-12", &[(R, 10)])]);
    let unused = "{\"Report_Header\": {\"Report_ID\": \"PR\", \"Release\": \"5.1\", \"Exceptions\": [{\"Code\": 3030, \"Message\": \
                  \"No Usage\"}]}, \"Report_Items\": []}";
    let (marker, halden) = (Scripted::start(vec![("200 OK", used)]), Scripted::start(vec![("200 OK", unused.to_owned())]));
    let mut site = Site::with_registry(&(source("m", &marker.url, "avis", "") + &source("h", &halden.url, "avis", "")));
    site.at("2025-03-20T03:30:00Z");
    site.import("accounts", &format!("{ACCOUNTS}marker,m,A,2011900,login,,,,\nhalden,h,B,2010100 2011800,login,,,,\n")).expect(0);
    site.ok(&["harvest", "--to", "2024-12"]);
    assert_eq!(
        found(&site),
        ["no_use PR 2024-12 avis", "no_subscription PR 2024-10 avis", "no_subscription PR 2024-12 avis"],
        "9 requests in November are too few"
    );
    // Aremark's subscription has no price, so nobody asks whether it is worth it.
    assert!(what(&site, "no_use")[0]["what"].starts_with("2010100 pays for avis and has not used it"), "{:?}", what(&site, "no_use"));
    assert!(what(&site, "no_subscription")[0]["what"].contains("Total_Item_Requests of avis is 12"));
    // Only what concerns Marker.
    let of_marker = site.export(&["findings", "--institution", "2011900"]);
    assert!(of_marker.len() == 2 && of_marker.iter().all(|row| row["account"] == "marker"), "{of_marker:?}");
    // The subscription was missing; and Halden does not pay any more.
    let subscriptions = "institution,product,valid_from,valid_to,price,currency,funding\n2011900,avis,2024-01-01,,100,NOK,own\n\
                         2010100,avis,2023-01-01,,0,NOK,own\n";
    site.import("subscriptions", subscriptions).expect(0);
    assert!(found(&site).is_empty(), "{:?}", found(&site));
    // What the registry has made wrong meanwhile is found when the report comes again.
    site.import("subscriptions", &subscriptions.replace("2011900,avis,2024-01-01,,100", "2011900,avis,2024-01-01,2024-12-01,100"))
        .expect(0);
    site.ok(&["reharvest", "--source", "m", "--from", "2024-10", "--to", "2024-12"]);
    assert_eq!(found(&site), ["no_subscription PR 2024-12 avis"]);
    site.ok(&["verify"]);
}

#[test]
fn a_product_that_nobody_subscribes_to_is_open_to_everyone() {
    let used = report("PR", &[("2024-10", &[(R, 500)]), ("2024-11", &[(R, 600)]), ("2024-12", &[(R, 700)])]);
    let vendor = Scripted::start(vec![("200 OK", used)]);
    let site = Site::with_registry(&source("s", &vendor.url, "fri", ""));
    site.import("products", "product,name,vendor,kind,headline\nfri,Fri,v,films,\n").expect(0);
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2011900,login,,,,\n")).expect(0);
    site.ok(&["harvest"]);
    assert!(found(&site).is_empty(), "{:?}", found(&site));
}
