//! What is printed where, and the exit statuses.

use calamine::{Data, DataType as _, Reader as _};

use avling::model::Release;
use avling::simulator::{AccountPlan, Behaviour, Simulator, VendorPlan};

use crate::support::{ACCOUNTS, Site, bare, source};

const COMMANDS: [&str; 12] =
    ["demo", "check", "import", "harvest", "reharvest", "attribute", "status", "export", "explain", "networks", "verify", "completions"];

#[test]
fn every_command_explains_itself() {
    let help = bare(&["--help"]).expect(0).stdout;
    for command in COMMANDS {
        assert!(help.contains(command), "{command}");
        let own = bare(&[command, "--help"]).expect(0).stdout;
        assert!(own.contains("Usage: avling") && own.lines().count() > 5, "{own}");
    }
    for words in ["Exit status", "First steps"] {
        assert!(help.contains(words), "{help}");
    }
}

#[test]
fn completions_and_the_man_page_name_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = bare(&["completions", shell]).expect(0).stdout;
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
    }
    let page = bare(&["man"]).expect(0).stdout;
    assert!(page.starts_with(".ie") || page.contains(".TH"), "{page}");
    assert!(COMMANDS.iter().all(|command| page.contains(command)));
}

#[test]
fn a_wrong_command_line_is_status_2_and_changes_nothing() {
    let site = Site::with_registry("");
    for arguments in [
        &["frobnicate"][..],
        &["harvest", "--from", "2024-13"],
        &["harvest", "--source", "nobody"],
        &["harvest", "--account", "nobody"],
        &["reharvest", "--source", "nobody"],
        &["harvest", "--from", "2024-12", "--to", "2024-01"],
        &["harvest", "--report", "XX"],
        &["reharvest", "--report", "TR_J9", "--from", "2024-10", "--to", "2024-10"],
        &["status", "--from", "2025-01", "--to", "2024-01"],
        &["status", "--source", "nobody"],
        &["networks", "list", "--institution", "nobody"],
        &["explain", "--product", "nothing", "--month", "2024-01", "--metric", "M", "--report", "PR"],
        &["explain", "--product", "film", "--month", "2024-01", "--metric", "M", "--report", "XX"],
        &["export", "statistics", "--product", "nothing"],
        &["export", "statistics", "--report", "XX"],
        &["export", "statistics", "--institution", "nobody"],
        &["export", "statistics", "--output", "data"],
        &["export", "statistics", "--county", "99"],
        &["export", "statistics", "--format", "pdf"],
        &["export", "facts", "--county", "31"],
        &["explain", "--institution", "2010101", "--product", "film", "--month", "2024-01", "--metric", "M"],
        &["import", "networks", "/nowhere.csv"],
        &["import", "networks", "/nowhere.csv", "--account", "a"],
    ] {
        let ran = site.run(arguments).expect(2);
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    }
    for (arguments, meant) in [
        (&["harvest", "--report", "TR_J9"][..], "TR_J"),
        (&["networks", "list", "--institution", "2010101"], "2010100"),
        (&["explain", "--product", "flim", "--month", "2024-01", "--metric", "M", "--report", "PR"], "film"),
        (&["export", "statistics", "--product", "flim"], "film"),
    ] {
        let ran = site.run(arguments).expect(2);
        assert!(ran.stderr.contains(&format!("did you mean '{meant}")), "{arguments:?}: {}", ran.stderr);
    }
    let ran = site.run(&["export", "statistics", "--output", "data"]).expect(2);
    assert!(ran.stderr.contains("data: is a folder; name a file in it"), "{}", ran.stderr);
    let ran = site.run(&["--json", "export", "statistics", "--county", "99"]).expect(2);
    assert!(ran.json()["error"].as_str().unwrap().contains("99"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_that_nothing_is_in_is_told_from_a_store_that_nothing_is_in() {
    let vendor = VendorPlan::new("avis", Release::R51, vec![AccountPlan::new("H", 32_000)]);
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site =
        Site::with_registry(&(source("avis", &simulator.url("avis"), "avis", "") + &source("film", "http://127.0.0.1:9", "film", "")));
    site.import("accounts", &format!("{ACCOUNTS}h,avis,H,2010100,ip,,,,\n")).expect(0);
    assert!(site.ok(&["status", "--source", "film"]).stdout.contains("Nothing has been harvested yet"));
    site.ok(&["harvest"]);
    for arguments in [&["status", "--source", "film"][..], &["status", "--from", "2030-01"], &["status", "--to", "2020-01"]] {
        let said = site.ok(arguments).stdout;
        assert!(said.contains("Nothing matches") && !said.contains("harvested yet"), "{arguments:?}: {said}");
    }
    assert!(site.ok(&["status", "--from", "2024-12"]).stdout.contains("2024-12"));
}

#[test]
fn a_wrong_configuration_is_status_2_with_file_key_and_the_nearest_name() {
    let site = Site::new("");
    site.write("avling.toml", "[schedule]\nbackfil_from = \"2024-01\"\n[harvest]\npause = \"fast\"\n");
    let ran = site.run(&["status"]).expect(2);
    for expected in ["avling.toml", "backfil_from", "backfill_from", "pause"] {
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
    }
    let ran = site.command().args(["--config", "/nowhere.toml", "status"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    site.write("avling.toml", "");
    let ran = site.command().arg("status").env("AVLING__STORE__URI", "sqlite:///x").output().unwrap();
    assert_eq!(ran.status.code(), Some(2), "{ran:?}");
    let ran = site.command().arg("status").env("AVLING_NOW", "yesterday").output().unwrap();
    assert_eq!(ran.status.code(), Some(2), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_asks_every_source() {
    let vendors = vec![
        VendorPlan::new("good", Release::R51, vec![AccountPlan::new("A", 500)]),
        VendorPlan::new("old", Release::R5, vec![AccountPlan::new("A", 500)]),
        VendorPlan::new("bad", Release::R51, vec![AccountPlan::new("A", 500)]).behaving(Behaviour::Unauthorized),
    ];
    let simulator = Simulator::start(vendors, "2025-01-20".parse().unwrap()).await.unwrap();
    let sources =
        source("good", &simulator.url("good"), "film", "") + &source("old", &simulator.url("old"), "film", "").replace("5.1", "5");
    let accounts = format!("{ACCOUNTS}a,good,A,2010100,login,,,,\nb,old,A,2010100,login,,,,\n");
    let site = Site::with_registry(&sources);
    site.import("accounts", &accounts).expect(0);
    let said = site.ok(&["check", "--online"]).stdout;
    assert!(said.contains("Everything is in order"), "{said}");
    let site = Site::with_registry(&(sources + &source("bad", &simulator.url("bad"), "film", "")));
    site.import("accounts", &format!("{accounts}c,bad,A,2010100,login,,,,\n")).expect(0);
    let said = site.run(&["check", "--online"]).expect(3).stdout;
    assert!(said.contains("WRONG source bad") && said.contains("ok    source good"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_are_the_same_rows_in_every_format() {
    let vendor = VendorPlan::new("avis", Release::R51, vec![AccountPlan::new("H", 32_000)]);
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source("avis", &simulator.url("avis"), "avis", ""));
    site.import("accounts", &format!("{ACCOUNTS}h,avis,H,2010100,ip,,,,\n")).expect(0);
    site.ok(&["harvest"]);
    let arguments = ["statistics", "--county", "31", "--metric", "Unique_Item_Requests", "--metric", "Total_Item_Requests"];
    let csv = site.export(&arguments);
    assert!(csv.len() > 20);
    let header = site.ok(&["export", "statistics"]).stdout.lines().next().unwrap().trim_start_matches('\u{feff}').to_owned();
    assert_eq!(
        header,
        "month,county,county_name,municipality,municipality_name,institution,institution_name,kind,vendor,product,product_name,report,\
         metric,data_type,value,exact,quality,key,shared_with,persons,per_1000,accounts,revision,harvested_at,note"
    );
    let json = site.ok(&[&["export", "--format", "json"][..], &arguments].concat()).json();
    let json = json.as_array().unwrap();
    assert_eq!(json.len(), csv.len());
    for (json, csv) in json.iter().zip(&csv) {
        assert_eq!(json["value"].to_string(), csv["value"]);
        assert_eq!(json["institution"].as_str().unwrap(), csv["institution"]);
    }
    let file = site.path().join("out.xlsx");
    site.ok(&[&["export", "--format", "xlsx", "--output", file.to_str().unwrap()][..], &arguments].concat());
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(&file).unwrap();
    let names = book.sheet_names();
    assert_eq!(names.len(), 3, "rows, a pivot for the product, notes: {names:?}");
    let sheet = book.worksheet_range(&names[0]).unwrap();
    assert_eq!(sheet.height(), csv.len() + 1);
    let column = sheet.rows().next().unwrap().iter().position(|cell| *cell == Data::String("value".into())).unwrap();
    let values: Vec<String> = sheet.rows().skip(1).map(|row| row[column].to_string()).collect();
    assert_eq!(values, csv.iter().map(|row| row["value"].clone()).collect::<Vec<_>>());
    // The pivot's total is the sum of the headline figure.
    let headline: u64 =
        csv.iter().filter(|row| row["metric"] == "Unique_Item_Requests").map(|row| row["value"].parse::<u64>().unwrap()).sum();
    let pivot = book.worksheet_range(&names[1]).unwrap();
    assert!(pivot.rows().flatten().any(|cell| cell.as_f64() == Some(headline as f64)), "{headline} is not in the pivot");
    for kind in ["facts", "subscriptions", "runs"] {
        let csv = site.export(&[kind]);
        let json = site.ok(&["export", kind, "--format", "json"]).json();
        assert_eq!(json.as_array().unwrap().len(), csv.len(), "{kind}");
        assert!(!csv.is_empty(), "{kind}");
    }
    // Everything, with what nobody can be given.
    assert!(site.export(&["statistics"]).len() >= csv.len());
    let one = site.export(&["statistics", "--municipality", "3124"]);
    assert!(!one.is_empty() && one.iter().all(|row| row["institution"] == "2011800"));
}

#[test]
fn the_demonstration_keeps_out_of_real_sites() {
    let site = Site::with_registry("");
    let before = std::fs::read(site.path().join("avling.toml")).unwrap();
    let ran = bare(&["demo", "--dir", site.path().to_str().unwrap()]).expect(2);
    assert!(ran.stderr.contains("--dir") && ran.stderr.contains("avling.toml"), "{}", ran.stderr);
    let ran = bare(&["demo", "--dir", site.path().join("data").to_str().unwrap()]).expect(2);
    assert!(ran.stderr.contains("avling.db"), "{}", ran.stderr);
    assert_eq!(std::fs::read(site.path().join("avling.toml")).unwrap(), before);
}

#[test]
fn check_names_what_the_figures_lack() {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9", "flim", ""));
    site.import("institutions", "institution,name,kind,municipality\nvgs-ny,Ny skole,school_library,3101\n").expect(0);
    site.import("networks", "institution,range\nvgs-ny,192.0.2.0/26\n").expect(0);
    let said = site.run(&["check"]).expect(3).stdout;
    assert!(said.contains("product flim is not registered (did you mean 'film'?)"), "{said}");
    assert!(said.contains("institution vgs-ny") && said.contains("persons"), "{said}");
}

#[test]
fn what_is_written_over_keeps_its_rights_and_stays_what_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::with_registry("");
    let target = site.write("real.csv", "old");
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
    let link = site.path().join("link.csv");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    site.ok(&["export", "subscriptions", "--output", link.to_str().unwrap()]);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().starts_with("institution,"));
    assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    let piped = site.ok(&["export", "subscriptions", "--output", "/dev/stdout"]);
    assert!(piped.stdout.starts_with("institution,"), "{piped:?}");
    let ran = site.run(&["export", "subscriptions", "--output", "/nowhere/at/all.csv"]).expect(2);
    assert!(ran.stderr.contains("there is no folder /nowhere/at"), "{}", ran.stderr);
    let mode = std::fs::metadata(site.path().join("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "the data are not for everybody");
}
