//! How files move.

use std::fs;
use std::path::{Path, PathBuf};

use super::place::*;

fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    folder
}

fn look_at(folder: &Path) -> Listing {
    look(folder, &|name| name == "konto").unwrap()
}

/// Every file, wherever it is, by its name.
fn everything(folder: &Path) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn only_finished_plain_files_wait() {
    let folder = folder(&[
        "b.json",
        "a.csv",
        ".hidden",
        "~$a.xlsx",
        "c.json.part",
        "d.TMP",
        "e~",
        "Thumbs.db",
        "konto/f.json",
        "other/g.json",
        "done/h.json",
        "rejected/i.json",
        ".avling-work/x/j.json",
        "konto/deeper/k.json",
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.json")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc", folder.path().join("linked")).unwrap();
    let listing = look_at(folder.path());
    let names: Vec<String> = listing.files.iter().map(|f| format!("{}/{}", f.account.as_deref().unwrap_or(""), f.name)).collect();
    assert_eq!(names, ["/a.csv", "/b.json", "konto/f.json"]);
    let passed: Vec<&str> = listing.passed_over.iter().filter_map(|what| what.split(':').next()).collect();
    assert_eq!(passed, if cfg!(unix) { &["deeper", "link.json", "linked", "other"][..] } else { &["deeper", "other"] });
}

#[test]
fn what_grows_between_two_looks_waits() {
    let folder = folder(&["a.json", "b.json", "c.json"]);
    let first = look_at(folder.path());
    fs::write(folder.path().join("b.json"), "more than before").unwrap();
    fs::remove_file(folder.path().join("c.json")).unwrap();
    fs::write(folder.path().join("d.json"), "new").unwrap();
    let (settled, growing) = look_at(folder.path()).settled_since(&first);
    let names = |files: Vec<Waiting>| files.into_iter().map(|f| f.name).collect::<Vec<_>>();
    assert_eq!((names(settled), names(growing)), (vec!["a.json".to_owned()], vec!["b.json".to_owned(), "d.json".to_owned()]));
}

#[test]
fn a_file_is_taken_by_one_alone_and_put_away_with_its_reason() {
    let folder = folder(&["a.json", "konto/b.json", "c.json"]);
    let files = look_at(folder.path()).files;
    let taken = take_over(folder.path(), &files[0]).unwrap().unwrap();
    assert!(take_over(folder.path(), &files[0]).unwrap().is_none(), "nobody else takes it");
    assert!(left_behind(folder.path()).unwrap().is_empty(), "whoever has it is at it");
    assert_eq!(taken.done(folder.path(), "2025-").unwrap(), "2025-a.json");
    let taken = take_over(folder.path(), &files[2]).unwrap().unwrap();
    assert_eq!(taken.file.account.as_deref(), Some("konto"));
    assert_eq!(taken.rejected(folder.path(), "2025-", "Why: it is no report\n").unwrap(), "2025-b.json");
    assert_eq!(rejected(folder.path()).unwrap(), [("2025-b.json".to_owned(), "it is no report".to_owned())]);
    // What changed since it was looked at is put back.
    fs::write(folder.path().join("c.json"), "longer than it was").unwrap();
    assert!(take_over(folder.path(), &files[1]).unwrap().is_none());
    assert_eq!(
        everything(folder.path()),
        ["c.json", "done/2025-a.json", "rejected/2025-b.json", "rejected/2025-b.json.why.txt"],
        "nothing else is left"
    );
}

#[test]
fn no_file_takes_the_place_of_another() {
    let folder = folder(&["done/a.json", "rejected/a.json.why.txt", "a.json"]);
    let take = || {
        let files = look_at(folder.path()).files;
        take_over(folder.path(), &files[0]).unwrap().unwrap()
    };
    let taken = take();
    fs::write(folder.path().join("a.json"), "another that came meanwhile").unwrap();
    taken.put_back(folder.path()).unwrap();
    assert_eq!(everything(folder.path()), ["a (2).json", "a.json", "done/a.json", "rejected/a.json.why.txt"]);
    assert_eq!(take().done(folder.path(), "x-").unwrap(), "x-a (2).json");
    assert_eq!(take().done(folder.path(), "").unwrap(), "a (2).json");
    assert_eq!(fs::read_to_string(folder.path().join("done/a.json")).unwrap(), "done/a.json");
    fs::write(folder.path().join("a.json"), "bad").unwrap();
    assert_eq!(take().rejected(folder.path(), "", "Why: x").unwrap(), "a (2).json");
}

#[test]
fn what_somebody_left_behind_is_taken_up_again() {
    let folder = folder(&[
        ".avling-work/1/.lock",
        ".avling-work/1/a.json",
        ".avling-work/2/.lock",
        ".avling-work/2/konto/b.json",
        ".avling-work/3/.lock",
    ]);
    let left = left_behind(folder.path()).unwrap();
    let names: Vec<(Option<&str>, &str)> = left.iter().map(|taken| (taken.file.account.as_deref(), taken.file.name.as_str())).collect();
    assert_eq!(names, [(None, "a.json"), (Some("konto"), "b.json")]);
    assert!(left_behind(folder.path()).unwrap().is_empty(), "now it is ours");
    for taken in left {
        taken.put_back(folder.path()).unwrap();
    }
    assert_eq!(everything(folder.path()), ["a.json", "konto/b.json"]);
    assert!(!PathBuf::from(folder.path()).join(".avling-work").exists());
}
