//! For tests: how one that cannot run on this machine says so.

use std::io::Write as _;

/// Says that a test, or a part of it, is not run here, and why; where `CI` is `true` everything has to be run, so there it is a failure.
///
/// Beside the test's own output, the words go to the file that `AVLING_SKIPPED_TESTS` names, from which `tests/run` lists them.
#[track_caller]
pub fn skip(what: &str) {
    let on_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!on_ci, "nothing may be skipped here, since CI is true: {what}");
    let line = format!("skipped: {}: {what}\n", std::thread::current().name().unwrap_or("a test"));
    // Not with `eprintln!`, which the test runner keeps to itself if the test passes.
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("AVLING_SKIPPED_TESTS") {
        let list = std::fs::OpenOptions::new().create(true).append(true).open(path);
        list.and_then(|mut list| list.write_all(line.as_bytes())).expect("the list of skipped tests can be written");
    }
}
