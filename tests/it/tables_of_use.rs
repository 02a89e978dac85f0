//! Use by address as a table: taken whole or refused whole, and no address leaves the archive.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{ACCOUNTS, Site, bare, source};

const TABLE: &str = "# from the vendor\nmonth;address;metric;count\n2024-10;192.0.2.5;Unique_Item_Requests;10\n\
                     2024-10;192.0.2.70-192.0.2.75;Unique_Item_Requests;20\n2024-10;203.0.113.9;Unique_Item_Requests;4\n\
                     2024-10;;Unique_Item_Requests;8\n2024-11;192.0.2.6;Unique_Item_Requests;0\n";

fn site() -> Site {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9", "avis", ""));
    site.import("accounts", &format!("{ACCOUNTS}felles,s,CUST,2010100 2011800 vgs-halden,ip,,,,\n")).expect(0);
    site
}

/// The counts of the facts by scope.
fn scopes(site: &Site) -> BTreeMap<String, String> {
    site.export(&["facts"]).into_iter().map(|row| (row["scope"].clone(), row["count"].clone())).collect()
}

/// In no export, no explanation and no byte of the database.
#[track_caller]
fn is_nowhere(site: &Site, address: &str) {
    for (kind, text) in site.everything() {
        assert!(!text.contains(address), "{kind}: {text}");
    }
    for name in ["avling.db", "avling.db-wal"] {
        let Ok(bytes) = std::fs::read(site.path().join("data").join(name)) else { continue };
        assert!(!bytes.windows(address.len()).any(|window| window == address.as_bytes()), "{name}");
    }
}

#[test]
fn what_is_kept_of_an_address_is_the_range_of_claims_that_it_lies_in() {
    let site = site();
    let file = site.write("use.csv", TABLE);
    let path = file.to_str().unwrap();
    let said = site.ok(&["import", "usage", path, "--source", "s", "--account", "felles"]);
    let expected = [("", "8"), ("addresses 192.0.2.0/26", "10"), ("addresses 192.0.2.64/26", "20"), ("addresses nobody's", "4")];
    assert_eq!(scopes(&site), expected.map(|(scope, count)| (scope.to_owned(), count.to_owned())).into());
    for address in ["192.0.2.5", "192.0.2.6,", "192.0.2.70", "203.0.113.9"] {
        assert!(!said.stdout.contains(address) && !said.stderr.contains(address), "{said:?}");
        is_nowhere(&site, address);
    }
    // The school shares the first range, Aremark the second; nobody has the third. All of it adds up.
    let rows = site.export(&["statistics"]);
    let of = |who: &str| rows.iter().filter(|row| row["institution"] == who).map(|row| row["value"].parse::<u64>().unwrap()).sum::<u64>();
    assert_eq!(of("2010100") + of("2011800") + of("vgs-halden"), 38);
    assert_eq!((of(""), of("radhus-halden"), of("2011900")), (4, 0, 0));
    // The month without use is known to be empty.
    let states: Vec<String> = site.export(&["runs"]).iter().map(|run| format!("{} {}", run["month"], run["state"])).collect();
    assert!(states.contains(&"2024-11 empty".into()) && states.contains(&"2024-10 harvested".into()), "{states:?}");
    site.ok(&["verify"]);
    let before = site.everything();
    assert!(site.ok(&["import", "usage", path, "--account", "felles"]).stdout.contains("nothing that was not there already"));
    assert_eq!(site.everything(), before);
}

/// Claims change after the use came: it finds its place anew from the archived table, at once and whatever came first.
#[test]
fn use_by_address_follows_its_claims_and_keys() {
    let site = site();
    let file = site.write("use.csv", TABLE);
    site.ok(&["import", "usage", file.to_str().unwrap(), "--account", "felles"]);
    // The school alone has a part of what it shared.
    site.import("networks", "institution,range,exclusive\nvgs-halden,192.0.2.0/27,yes\n").expect(0);
    assert_eq!(scopes(&site).get("addresses 192.0.2.0/27").map(String::as_str), Some("10"), "{:?}", scopes(&site));
    let rows = site.export(&["statistics", "--institution", "vgs-halden"]);
    let exact: Vec<(&str, &str)> = rows.iter().map(|row| (row["value"].as_str(), row["quality"].as_str())).collect();
    // 10 of its own, and 1 200 of 33 500 persons of the whole account's 8: 0.29, a row of both with the weaker quality.
    assert_eq!(exact, [("10", "default_key")]);
    // Somebody claims what was nobody's.
    site.import("networks", "institution,range\n2011800,203.0.113.0/24\n").expect(0);
    assert!(site.export(&["statistics"]).iter().all(|row| !row["institution"].is_empty()));
    // A key for a part of a claim cuts it: 192.0.2.70-75 lies in it, and is divided by it: half each of 20.
    let key = "key,applies_to,product,method,institution,weight,valid_from,valid_to,state,agreed_by\n\
               k,192.0.2.70-192.0.2.79,,equal,2010100,,,,agreed,\nk,192.0.2.70-192.0.2.79,,equal,2011800,,,,agreed,\n";
    site.import("keys", key).expect(0);
    assert_eq!(scopes(&site).get("addresses 192.0.2.70-192.0.2.79").map(String::as_str), Some("20"), "{:?}", scopes(&site));
    for address in ["192.0.2.5", "192.0.2.75", "203.0.113.9"] {
        is_nowhere(&site, address);
    }
    site.ok(&["verify"]);
    // The other way round it is the same.
    let other = self::site();
    other.import("keys", key).expect(0);
    other.import("networks", "institution,range,exclusive\n2011800,203.0.113.0/24,\nvgs-halden,192.0.2.0/27,yes\n").expect(0);
    let file = other.write("use.csv", TABLE);
    other.ok(&["import", "usage", file.to_str().unwrap(), "--account", "felles"]);
    let figures = |site: &Site| -> Vec<String> {
        site.export(&["statistics"])
            .into_iter()
            .map(|row| format!("{} {} {} {} {}", row["month"], row["institution"], row["value"], row["exact"], row["key"]))
            .collect()
    };
    assert_eq!(figures(&site), figures(&other));
}

#[test]
fn a_dry_run_says_what_a_table_holds() {
    let site = site();
    let file = site.write("use.csv", TABLE);
    let said = bare(&["--json", "import", "usage", file.to_str().unwrap(), "--dry-run"]).expect(0).json();
    assert_eq!(
        said,
        json!({ "report": "PR", "release": null, "months": ["2024-10"], "records": 4, "sum": 42,
            "metrics": { "Unique_Item_Requests": 42 }, "exceptions": [], "notes": [] })
    );
    assert!(bare(&["import", "usage", file.to_str().unwrap(), "--dry-run"]).expect(0).stdout.contains("PR, 4 counts above zero, sum 42"));
}

#[test]
fn a_table_with_one_wrong_row_is_refused_whole_without_repeating_it() {
    let site = site();
    for (row, expected) in [
        ("2024-10;203.0.113.999;Unique_Item_Requests;1", "line 8: address:"),
        ("2024-10;203.0.113.77;Unique_Item_Requests;-1", "line 8: count: is negative"),
        ("oktober;203.0.113.77;Unique_Item_Requests;1", "line 8: month:"),
        ("203.0.113.77;2024-10;Unique_Item_Requests;1", "line 8: month:"),
        ("2024-10;203.0.113.77", "line 8: has 2 cells"),
    ] {
        let file = site.write("use.csv", format!("{TABLE}{row}\n"));
        for arguments in [
            &["import", "usage", file.to_str().unwrap(), "--account", "felles"][..],
            &["--json", "import", "usage", file.to_str().unwrap(), "--dry-run"],
        ] {
            let ran = site.run(arguments).expect(2);
            assert!(ran.stderr.contains(expected) && ran.stderr.contains("use.csv"), "{expected}: {}", ran.stderr);
            assert!(!ran.stderr.contains("203.0.113.") && !ran.stdout.contains("203.0.113."), "{ran:?}");
        }
    }
    let file = site.write("use.csv", "month,report,metric,count\n2024-10,PR,A_B,1\n2024-10,TR,A_B,1\n");
    let ran = site.run(&["import", "usage", file.to_str().unwrap(), "--account", "felles"]).expect(2);
    assert!(ran.stderr.contains("make a file of each"), "{}", ran.stderr);
    // Whose it is must be said.
    let file = site.write("use.csv", TABLE);
    let ran = site.run(&["import", "usage", file.to_str().unwrap()]).expect(2);
    assert!(ran.stderr.contains("--account ID"), "{}", ran.stderr);
    assert!(site.export(&["facts"]).is_empty());
}
