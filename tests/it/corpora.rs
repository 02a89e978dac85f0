//! The fuzzer's corpora, replayed: every input that was ever bad for a parser, and those from which the fuzzer begins.
//!
//! What is done with an input stands in `fuzz/src`, and the fuzzer does the same. Time is bounded by the size of the inputs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// No input is larger: what goes wrong with a large one goes wrong with a small one.
const LARGEST: u64 = 10 * 1024;

/// All of them together are not larger.
const LARGEST_ALL: u64 = 300 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = fuzz().join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}

/// The names in a folder, without what follows the dot.
fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_parser_stands_every_input_of_every_corpus() {
    let mut all = Vec::new();
    for (of, _) in targets::TARGETS {
        let inputs = inputs(of);
        assert!(inputs.len() >= 3, "the corpus of {of} has {} inputs", inputs.len());
        all.extend(inputs);
    }
    let sizes: Vec<u64> = all.iter().map(|input| fs::metadata(input).unwrap().len()).collect();
    for (input, size) in all.iter().zip(&sizes) {
        assert!(*size <= LARGEST, "{} has {size} bytes; make it smaller (cargo fuzz tmin)", input.display());
    }
    assert!(sizes.iter().sum::<u64>() <= LARGEST_ALL, "the corpora have grown; cargo fuzz cmin");
    let mut failed = Vec::new();
    for input in &all {
        let data = fs::read(input).unwrap();
        // What is bad for one parser is shown to all the others too.
        for (name, target) in targets::TARGETS {
            if std::panic::catch_unwind(|| target(&data)).is_err() {
                failed.push(format!("{name}: {}", input.display()));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_check_that_fails_is_seen() {
    let odd = std::panic::catch_unwind(|| {
        targets::twice_of(b"x", |reader| {
            let mut first = [0; 64];
            reader.read(&mut first).unwrap()
        });
    });
    assert!(odd.is_ok(), "one byte comes in one piece");
    let odd = std::panic::catch_unwind(|| {
        targets::twice_of(b"more than one", |reader| {
            let mut first = [0; 64];
            reader.read(&mut first).unwrap()
        });
    });
    assert!(odd.is_err(), "what depends on the pieces is found");
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let targets: BTreeSet<String> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
    let cargo: toml::Table = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap().parse().unwrap();
    let programs = cargo["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap().to_owned());
    assert_eq!(programs.collect::<BTreeSet<_>>(), targets);
    for target in &targets {
        let program = fs::read_to_string(fuzz().join("fuzz_targets").join(format!("{target}.rs"))).unwrap();
        assert!(program.contains(&format!("avling_fuzz::{target}(data)")), "{target}.rs runs something else");
    }
}

#[test]
fn the_fuzzer_is_built_from_what_the_program_is_built_from() {
    let packages = |lock: PathBuf| -> BTreeSet<(String, String)> {
        let lock: toml::Table = fs::read_to_string(lock).unwrap().parse().unwrap();
        let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
        lock["package"].as_array().unwrap().iter().map(|package| (text(package, "name"), text(package, "version"))).collect()
    };
    let ours = packages(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"));
    let others: BTreeSet<String> = packages(fuzz().join("Cargo.lock")).difference(&ours).map(|(name, _)| name.clone()).collect();
    // Under MIT, Apache-2.0 and NCSA, of which none is in the program.
    assert_eq!(others, BTreeSet::from(["arbitrary", "avling-fuzz", "libfuzzer-sys"].map(str::to_owned)));
}
