//! A full disk, a store that cannot be written, a second writer: a clear error, nothing lost, and reading works meanwhile.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use avling::model::Release;
use avling::simulator::{AccountPlan, Simulator, VendorPlan};
use avling::store::Store;

use crate::skipped_tests::skip;
use crate::support::{ACCOUNTS, PROGRAM, Site, source};

/// A site with a harvested account, and its vendor.
async fn harvested() -> (Site, Simulator) {
    let vendor = VendorPlan::new("film", Release::R51, vec![AccountPlan::new("A", 5000)]);
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source("film", &simulator.url("film"), "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}a,film,A,2010100 2011800,ip,,,,\n")).expect(0);
    site.ok(&["harvest", "--to", "2024-11"]);
    (site, simulator)
}

const READING: [&[&str]; 6] = [
    &["status"],
    &["export", "statistics"],
    &[
        "explain",
        "--institution",
        "2010100",
        "--product",
        "film",
        "--month",
        "2024-11",
        "--metric",
        "Total_Item_Requests",
        "--report",
        "PR",
    ],
    &["networks", "overlaps"],
    &["verify"],
    &["check"],
];

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_refused_and_readers_are_not() {
    let (site, _simulator) = harvested().await;
    let before = site.everything();
    let url = format!("sqlite://{}", site.database().display());
    let held = Store::open_writer(&url).await.unwrap();
    for arguments in [&["harvest"][..], &["attribute"], &["reharvest", "--from", "2024-10", "--to", "2024-10"]] {
        let ran = site.run(arguments).expect(1);
        assert!(ran.stderr.contains("another avling process") && ran.stderr.contains(&std::process::id().to_string()), "{}", ran.stderr);
    }
    site.import("vendors", "vendor,name,contact\nother,Another,\n").expect(1);
    // Also in the middle of a change.
    let cause =
        avling::store::Cause { who: "somebody".into(), reason: "registry", what: "a test".into(), at: "2025-01-20T03:30:00Z".into() };
    let transaction = held.begin(cause).await.unwrap();
    for arguments in READING {
        site.ok(arguments);
    }
    assert_eq!(site.everything(), before);
    transaction.roll_back().await.unwrap();
    drop(held);
    site.ok(&["harvest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_written_can_still_be_read() {
    let (site, _simulator) = harvested().await;
    let before = site.everything();
    let read = READING.map(|arguments| site.ok(arguments).stdout);
    let data = site.path().join("data");
    let mode = |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    // The folders of the data (the data first, so that what is in them can be reached) and the files.
    let all = |folder_mode, file_mode| {
        mode(&data, 0o755);
        let mut folders = vec![data.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    mode(&path, 0o755);
                    folders.push(path);
                } else {
                    mode(&path, file_mode);
                }
            }
            mode(&folder, folder_mode);
        }
    };
    // Rights mean nothing to root, so that the program runs as somebody else.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    mode(site.path(), 0o755);
    all(0o555, 0o444);
    let run = |arguments: &[&str]| {
        let mut command = site.command();
        if is_root {
            // The program itself may stand where only root may look.
            let copy = std::env::temp_dir().join(format!("avling-{}", std::process::id()));
            std::fs::copy(PROGRAM, &copy).unwrap();
            mode(&copy, 0o755);
            command = Command::new(&copy);
            command.env_clear().env("AVLING_NOW", "2025-01-20T03:30:00Z").current_dir("/").uid(65534).gid(65534);
            command.arg("--config").arg(site.path().join("avling.toml"));
        }
        let output = command.args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, _, stderr) = run(&["harvest"]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(stderr.contains("cannot be written") && stderr.contains("avling.db"), "{stderr}");
    let (status, stdout, stderr) = run(&["export", "statistics"]);
    assert_eq!((status, &stdout), (Some(0), &before["statistics"]), "{stderr}");
    // All but `check`, which says that nothing can be written.
    for (arguments, expected) in READING.iter().zip(&read).filter(|(arguments, _)| arguments[0] != "check") {
        let (status, stdout, stderr) = run(arguments);
        assert_eq!((status, &stdout), (Some(0), expected), "{arguments:?}: {stderr}");
    }
    all(0o755, 0o644);
    site.ok(&["harvest"]);
    site.ok(&["verify"]);
}

/// Runs in a mount namespace of its own, where the site's data lies on a disk of half a megabyte.
const FULL_DISK: &str = r#"
set -e
cd "$1"; program=$2
mkdir disk
mount -t tmpfs -o size=20m tmpfs disk
cp -a data/. disk/
used=$(du -sk disk | cut -f1)
mount -o remount,size=$((used + 60))k disk
rm -rf data; ln -s disk data
export AVLING_NOW=2025-01-20T03:30:00Z
set +e
"$program" --config avling.toml harvest >full.out 2>full.err; echo $? >full.status
"$program" --config avling.toml export statistics --to 2024-11 >after.csv 2>after.err; echo $? >after.status
"$program" --config avling.toml verify >verify.out 2>&1; echo $? >verify.status
mount -o remount,size=20m disk
"$program" --config avling.toml harvest >room.out 2>room.err; echo $? >room.status
"$program" --config avling.toml verify >verify2.out 2>&1; echo $? >verify2.status
"$program" --config avling.toml export runs >runs.csv 2>>room.err
"#;

/// Whether this machine lets us have a small disk of our own; if not, why.
fn may_mount() -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let tried = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).output();
    match tried {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("unshare: {error}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_with_room_it_goes_on() {
    if let Err(why) = may_mount() {
        return skip(&format!("a small disk of one's own cannot be mounted here: {why}"));
    }
    // Hundreds of titles, so that a month does not fit.
    let vendor = VendorPlan { titles: 900, ..VendorPlan::new("film", Release::R51, vec![AccountPlan::new("A", 500_000)]) };
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse().unwrap()).await.unwrap();
    let site = Site::with_registry(&source("film", &simulator.url("film"), "film", "").replace("[\"PR\"]", "[\"TR\", \"IR\"]"));
    site.import("accounts", &format!("{ACCOUNTS}a,film,A,2010100 2011800,ip,,,,\n")).expect(0);
    site.ok(&["harvest", "--to", "2024-10", "--report", "TR"]);
    let before = site.ok(&["export", "statistics"]).stdout;
    let ran = Command::new("unshare").args(["-rm", "sh", "-c", FULL_DISK, "sh"]).arg(site.path()).arg(PROGRAM).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let read = |name: &str| std::fs::read_to_string(site.path().join(name)).unwrap();
    assert_eq!(read("full.status").trim(), "1", "{}{}", read("full.out"), read("full.err"));
    assert!(read("full.err").contains("full"), "{}", read("full.err"));
    assert_eq!(read("after.status").trim(), "0", "{}", read("after.err"));
    let of_before = |text: &str| {
        text.lines().filter(|line| line.contains(",TR,") && line.starts_with("2024-10")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of_before(&read("after.csv")), of_before(&before));
    assert_eq!(read("verify.status").trim(), "0", "{}", read("verify.out"));
    assert_eq!(read("room.status").trim(), "0", "{}", read("room.err"));
    assert_eq!(read("verify2.status").trim(), "0", "{}", read("verify2.out"));
    assert!(crate::support::rows(&read("runs.csv")).iter().all(|run| run["state"] == "harvested"), "{}", read("runs.csv"));
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let site = Site::with_registry("");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(crate::support::sql(
        &site,
        &["UPDATE _sqlx_migrations SET version = 999 WHERE version = (SELECT max(version) FROM _sqlx_migrations)"],
    ));
    for arguments in [&["status"][..], &["harvest"]] {
        let ran = site.run(arguments).expect(1);
        assert!(ran.stderr.contains("999") && ran.stderr.contains("newer"), "{}", ran.stderr);
    }
}

#[test]
fn what_was_never_harvested_reads_as_empty() {
    let site = Site::new("");
    assert_eq!(site.ok(&["export", "statistics"]).stdout.lines().count(), 1);
    assert!(site.ok(&["status"]).stdout.contains("Nothing has been harvested yet"));
    site.ok(&["verify"]);
    assert!(!site.path().join("data").exists(), "reading makes nothing");
}
