//! Files of the registry: all or nothing, errors with their place, and the same file twice changes nothing.

use crate::support::{ACCOUNTS, REGISTRY, Site, source};

/// What the store holds of the registry, as exports and commands show it.
fn state(site: &Site) -> String {
    let mut out = site.ok(&["export", "subscriptions"]).stdout;
    out.push_str(&site.ok(&["--json", "networks", "list"]).stdout);
    out
}

#[test]
fn a_file_with_one_wrong_cell_is_refused_whole_with_its_place() {
    let site = Site::with_registry("");
    let before = state(&site);
    let file = "institution;range;valid_from;valid_to;exclusive;note\n\
                # en kommentar\n\
                2010100;203.0.113.0/24;2024-01-01;;;Ærfugl, øy og ås\n\
                2010100;203.0.113.0/33;2024-13-01;;;\n\
                2010100;203.0.113.9;;;perhaps;\n\
                2010109;203.0.113.9;;;;\n";
    let ran = site.import("networks", file).expect(2);
    for expected in ["networks.csv:4: range:", "networks.csv:4: valid_from:", "networks.csv:5: exclusive:", "networks.csv:6: institution:"]
    {
        assert!(ran.stderr.contains(expected), "{expected} is not in {}", ran.stderr);
    }
    assert!(ran.stderr.contains("2010100"), "the nearest known id is named: {}", ran.stderr);
    assert_eq!(state(&site), before);
    site.import("networks", &file.lines().take(3).collect::<Vec<_>>().join("\n")).expect(0);
    assert!(state(&site).contains("203.0.113.0/24"));
}

#[test]
fn every_file_can_be_imported_again_and_a_byte_order_mark_is_fine() {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9", "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,hemmelig-nøkkel,,\n")).expect(0);
    let before = std::fs::read(site.database()).unwrap();
    for (kind, content) in REGISTRY {
        let path = site.write(&format!("bom-{kind}.csv"), format!("\u{feff}{}", content.replace('\n', "\r\n")));
        let said = site.ok(&["--json", "import", kind, path.to_str().unwrap()]).json();
        assert_eq!((&said["added"], &said["replaced"], &said["removed"]), (&0.into(), &0.into(), &0.into()), "{kind}: {said}");
    }
    let said = site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,hemmelig-nøkkel,,\n")).expect(0);
    assert!(said.stdout.contains("1 as they were"), "{}", said.stdout);
    assert!(std::fs::read(site.database()).unwrap() == before, "not a byte of the store changed");
}

#[test]
fn a_secret_is_sealed_and_shown_nowhere() {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9", "film", ""));
    let secret = "hemmelig-123456";
    let said = site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,{secret},{secret},,\n")).expect(0);
    assert!(!said.stdout.contains(secret) && !said.stderr.contains(secret));
    for name in ["avling.db", "avling.db-wal"] {
        let Ok(bytes) = std::fs::read(site.path().join("data").join(name)) else { continue };
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{name}");
    }
    let key = site.path().join("avling.key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // A wrong row beside it does not tell it either.
    let ran = site.import("accounts", &format!("{ACCOUNTS}b,sss,B,2010100,,{secret},{secret},,\n")).expect(2);
    assert!(!ran.stderr.contains(secret) && ran.stderr.contains("source: names no source that there is"), "{}", ran.stderr);
    assert!(site.ok(&["check"]).stdout.contains("can be opened"));
    // Without the key nothing can be opened, and that is said.
    std::fs::remove_file(&key).unwrap();
    let ran = site.run(&["check"]).expect(3);
    assert!(ran.stdout.contains("account a") && ran.stdout.contains("avling.key"), "{}", ran.stdout);
    let ran = site.run(&["harvest"]).expect(3);
    assert!(ran.stdout.contains("avling.key"), "{}", ran.stdout);
}

#[test]
fn a_dry_run_changes_nothing_and_replace_removes_what_the_file_lacks() {
    let site = Site::with_registry("");
    let before = std::fs::read(site.database()).unwrap();
    let file = site.write("n.csv", "institution,range\n2011900,198.51.100.0/24\n2011900,203.0.113.7\n");
    let said = site.ok(&["--json", "import", "networks", file.to_str().unwrap(), "--replace", "--dry-run"]).json();
    assert_eq!((&said["added"], &said["removed"], &said["unchanged"]), (&1.into(), &4.into(), &1.into()), "{said}");
    assert!(std::fs::read(site.database()).unwrap() == before);
    site.ok(&["import", "networks", file.to_str().unwrap(), "--replace"]);
    let claims = site.ok(&["networks", "list"]).stdout;
    assert!(!claims.contains("192.0.2.") && claims.contains("203.0.113.7"), "{claims}");
    // What others still refer to cannot be removed.
    let file = site.write("i.csv", REGISTRY[1].1.lines().take(2).collect::<Vec<_>>().join("\n"));
    let ran = site.run(&["import", "institutions", file.to_str().unwrap(), "--replace"]).expect(2);
    assert!(ran.stderr.contains("2011800"), "{}", ran.stderr);
}

#[test]
fn the_national_library_register_is_read() {
    let site = Site::with_registry("");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/basebibliotek");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "xml") {
            let ran = site.run(&["--json", "import", "institutions", path.to_str().unwrap(), "--dry-run"]);
            assert!(matches!(ran.status, Some(0 | 2)), "{}: {ran:?}", path.display());
            read += usize::from(ran.status == Some(0));
        }
    }
    assert!(read > 0);
    let ran = site.import("institutions", "<?xml version=\"1.0\"?><BaseBibliotek><record>").expect(2);
    assert!(ran.stderr.contains("institutions.csv"), "{}", ran.stderr);
}

#[test]
fn shared_addresses_are_shown() {
    let site = Site::with_registry("");
    let overlaps = site.ok(&["networks", "overlaps"]).stdout;
    assert!(overlaps.contains("2010100") && overlaps.contains("2011800"), "{overlaps}");
    let lookup = site.ok(&["--json", "networks", "lookup", "192.0.2.70"]).json().to_string();
    assert!(lookup.contains("2011800") && lookup.contains("radhus-halden") && !lookup.contains("vgs-halden"), "{lookup}");
    let nobody = site.ok(&["networks", "lookup", "203.0.113.1"]).stdout;
    assert!(!nobody.trim().is_empty(), "nobody is an answer too");
    site.run(&["networks", "lookup", "192.0.2.999"]).expect(2);
}

#[test]
fn what_would_be_counted_twice_or_by_lot_is_refused() {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9", "film", ""));
    let ran = site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,\nb,s,A,2011800,login,,,,\n")).expect(2);
    assert!(ran.stderr.contains("accounts.csv:3: customer_id:") && ran.stderr.contains("counted twice"), "{}", ran.stderr);
    // One after the other is fine.
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100,login,,,,2024-07-01\nb,s,A,2011800,login,,,2024-07-01,\n")).expect(0);
    let ran = site.import("institutions", "institution,name,kind,isil\nx,X,other_library,NO-2010100\n").expect(2);
    assert!(ran.stderr.contains("institutions.csv:2: isil:") && ran.stderr.contains("2010100"), "{}", ran.stderr);
}

#[test]
fn a_file_without_rows_replaces_nothing_and_a_macs_line_ends_are_read() {
    let site = Site::with_registry("");
    let before = state(&site);
    let file = site.write("s.csv", "institution,product,valid_from\n");
    let ran = site.run(&["import", "subscriptions", file.to_str().unwrap(), "--replace"]).expect(2);
    assert!(ran.stderr.contains("--replace would remove all 6 subscriptions"), "{}", ran.stderr);
    assert_eq!(state(&site), before);
    let ran = site.import("vendors", "vendor,name\rw,Second\rx,Third\r").expect(0);
    assert!(ran.stdout.contains("2 rows, 2 new"), "{}", ran.stdout);
}

#[test]
fn a_secret_in_the_wrong_column_is_not_shown() {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9", "film", ""));
    let ran = site.import("accounts", &format!("{ACCOUNTS}a,TopS3cretKey99,A,TopS3cretKey99,login,,,,\n")).expect(2);
    assert!(!ran.stderr.contains("TopS3cret") && ran.stderr.contains("accounts.csv:2: covers:"), "{}", ran.stderr);
}
