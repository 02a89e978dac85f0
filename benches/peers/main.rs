//! Reports read by avling and by the parsers in Python that the field uses, celus-nigiri and pycounter: the same files in one run.
//!
//! `cargo bench --bench peers [-- NAME...]` writes reports of each form (all, or those whose name contains a NAME), installs the peers
//! from PyPI into virtual environments of its own, and has each file read to its end and summed up by `avling import usage --dry-run`
//! and by each peer that reads such a file: every reading a process of its own, its start included. What each found is compared with
//! what was written.
//!
//! `PEERS_PYTHON` names the Python; `PEERS_DIR` is where environments are kept (else below `target`); `PEERS_SCALE=0.01` makes smaller
//! files. Prints a table for docs/benchmarks.md. Fails if somebody found something else than expected, and, unless the files are smaller
//! or it is no release build, if avling took longer or more memory than a peer.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

mod files;
#[path = "../process/mod.rs"]
mod process;
mod python;
mod titles;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use avling::export::counter::CounterForm;
use avling::model::Release;
use files::{Old, Report};
use process::{Ran, measured};
use python::{Peer, Python};
use titles::Written;

const PROGRAM: &str = env!("CARGO_BIN_EXE_avling");

/// A file, and who reads it.
struct Case {
    name: &'static str,
    file: &'static str,
    report: Report,
    titles: u64,
    /// The peers that read it, each with its word for such a file, and what else than the counts it gives.
    peers: &'static [(&'static str, &'static str, Gives)],
}

/// What a peer is known to give.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// Every count.
    All,
    /// Of `JR1` as XML only `ft_total` month by month.
    Totals,
    /// The column of the year's sums too, as if it was January.
    YearAsMonth,
}

const NIGIRI: &str = "celus-nigiri";
const PYCOUNTER: &str = "pycounter";

const CASES: [Case; 8] = [
    Case {
        name: "TR, R5.1, JSON",
        file: "tr51.json",
        report: Report::Master(Release::R51, CounterForm::Json),
        titles: 16_000,
        peers: &[(NIGIRI, "json-5.1", Gives::All)],
    },
    Case {
        name: "TR, R5, JSON",
        file: "tr5.json",
        report: Report::Master(Release::R5, CounterForm::Json),
        titles: 4_000,
        peers: &[(NIGIRI, "json-5", Gives::All)],
    },
    Case {
        name: "TR_J2, R5, JSON",
        file: "tr_j2.json",
        report: Report::View("TR_J2", CounterForm::Json),
        titles: 12_000,
        peers: &[(PYCOUNTER, "json-5", Gives::All)],
    },
    Case {
        name: "TR, R5, CSV",
        file: "tr5.csv",
        report: Report::Master(Release::R5, CounterForm::Csv),
        titles: 8_000,
        peers: &[(NIGIRI, "table-5", Gives::All)],
    },
    Case {
        name: "JR1, R4, CSV",
        file: "jr1.csv",
        report: Report::Journals(Old::Csv),
        titles: 150_000,
        peers: &[(NIGIRI, "table-4", Gives::All), (PYCOUNTER, "table-4", Gives::All)],
    },
    Case {
        name: "JR1, R4, XLSX",
        file: "jr1.xlsx",
        report: Report::Journals(Old::Xlsx),
        titles: 50_000,
        peers: &[(NIGIRI, "table-4", Gives::All), (PYCOUNTER, "table-4", Gives::All)],
    },
    Case {
        name: "TR_J1, R5, XLSX",
        file: "tr_j1.xlsx",
        report: Report::View("TR_J1", CounterForm::Xlsx),
        titles: 25_000,
        peers: &[(PYCOUNTER, "table-5", Gives::YearAsMonth)],
    },
    Case {
        name: "JR1, R4, XML",
        file: "jr1.xml",
        report: Report::Journals(Old::Xml),
        titles: 8_000,
        peers: &[(NIGIRI, "xml-4", Gives::Totals), (PYCOUNTER, "xml-4", Gives::Totals)],
    },
];

fn main() -> ExitCode {
    match bench() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<bool, Box<dyn Error>> {
    let names: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let scale: f64 = std::env::var("PEERS_SCALE").map_or(Ok(1.0), |text| text.parse())?;
    if !(scale > 0.0 && scale <= 1.0) {
        return Err("PEERS_SCALE is above 0 and at most 1".into());
    }
    let is_wanted = |case: &&Case| names.is_empty() || names.iter().any(|name| case.name.contains(name.as_str()));
    let cases: Vec<&Case> = CASES.iter().filter(is_wanted).collect();
    if cases.is_empty() {
        let all = CASES.iter().map(|case| case.name).collect::<Vec<_>>().join("; ");
        return Err(format!("no file has such a name; there are {all}").into());
    }
    let cache = std::env::var_os("PEERS_DIR").map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers"), PathBuf::from);
    std::fs::create_dir_all(&cache)?;
    let cache = cache.canonicalize()?;
    let python = Python::find()?;
    let peers =
        [python.peer(&cache, NIGIRI, include_str!("celus-nigiri.txt"))?, python.peer(&cache, PYCOUNTER, include_str!("pycounter.txt"))?];
    for peer in &peers {
        println!("{}: {}", peer.name, peer.versions()?);
    }
    let folder = tempfile::tempdir()?;
    println!("\n| file | read by | time | ratio | processor time | ratio | peak memory | ratio |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut said = Said::default();
    for case in cases {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "titles are few")]
        let titles = (case.titles as f64 * scale).ceil() as u64;
        run(case, titles, &peers, folder.path(), &mut said)?;
    }
    println!();
    said.remarks.iter().for_each(|remark| println!("{remark}"));
    said.wrong.iter().for_each(|wrong| eprintln!("wrong: {wrong}"));
    let is_judged = scale >= 1.0 && !cfg!(debug_assertions);
    if is_judged {
        said.worse.iter().for_each(|worse| eprintln!("missed: {worse}"));
    } else {
        println!("Smaller files, or no release build: no ratio was judged.");
    }
    Ok(said.wrong.is_empty() && (said.worse.is_empty() || !is_judged))
}

/// What there is to say below the table.
#[derive(Default)]
struct Said {
    remarks: Vec<String>,
    wrong: Vec<String>,
    worse: Vec<String>,
}

/// Writes a file and has it read by all.
fn run(case: &Case, titles: u64, peers: &[Peer], folder: &Path, said: &mut Said) -> Result<(), Box<dyn Error>> {
    let file = folder.join(case.file);
    let (written, totals) = files::write(&file, case.report, titles)?;
    let ours = avling(&file, folder)?;
    let found = found(&ours)?;
    if found != written {
        said.wrong.push(format!("{}: {written:?} was written, avling found {found:?}", case.name));
    }
    let size = std::fs::metadata(&file)?.len();
    let label = format!("{}: {}.{} MB, {} counts", case.name, size / 1_000_000, size / 100_000 % 10, written.counts);
    println!("| {label} | avling | {} |", cells(&ours, None));
    for (name, form, gives) in case.peers {
        let peer = peers.iter().find(|peer| peer.name == *name).ok_or("no such peer")?;
        let ran = peer.read(form, &file, folder)?;
        println!("| | {name} | {} |", cells(&ran, Some(&ours)));
        let found = self::found(&ran)?;
        let (expected, remark) = match gives {
            Gives::All => (written, None),
            Gives::Totals => (totals, Some("gives only ft_total month by month")),
            Gives::YearAsMonth => {
                // The year's sum stands above zero in every row with any count.
                (Written { counts: found.counts, sum: written.sum * 2 }, Some("takes Reporting_Period_Total for January: sums are doubled"))
            }
        };
        if found != expected {
            said.wrong.push(format!("{}: {expected:?} was expected, {name} found {found:?}", case.name));
        }
        said.remarks.extend(remark.map(|remark| format!("{}: {name} {remark}.", case.name)));
        if ran.seconds < ours.seconds {
            said.worse.push(format!("{}: avling took {:.2} s, {name} {:.2} s", case.name, ours.seconds, ran.seconds));
        }
        match (ours.peak_kib, ran.peak_kib) {
            (Some(ours), Some(theirs)) if ours <= theirs => {}
            (Some(ours), Some(theirs)) => said.worse.push(format!("{}: avling took {ours} KiB, {name} {theirs} KiB", case.name)),
            _ => said.remarks.push(format!("{}: the system does not tell how much memory was used.", case.name)),
        }
    }
    std::fs::remove_file(&file)?;
    Ok(())
}

/// Reads a file with the program.
fn avling(file: &Path, folder: &Path) -> Result<Ran, Box<dyn Error>> {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("HOME", folder).current_dir(folder);
    measured(command.args(["--json", "import", "usage", "--dry-run"]).arg(file), folder)?.ok()
}

/// What a program said that it found.
fn found(ran: &Ran) -> Result<Written, Box<dyn Error>> {
    let said: serde_json::Value = serde_json::from_str(&ran.output()?)?;
    let number = |name: &str| said.get(name).and_then(serde_json::Value::as_u64).ok_or_else(|| format!("no {name} in {said}"));
    Ok(Written { counts: number("records")?, sum: number("sum")? })
}

/// Time, processor time and memory, and how many times what avling took.
fn cells(ran: &Ran, ours: Option<&Ran>) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let mib = |ran: &Ran| ran.peak_kib.map(|kib| kib as f64 / 1024.0);
    let ratio = |of: fn(&Ran) -> Option<f64>| match (of(ran), ours.and_then(of)) {
        (Some(theirs), Some(ours)) if ours > 0.0 => format!("{:.1}", theirs / ours),
        _ => String::new(),
    };
    let shown = |value: Option<f64>, unit: &str, digits: usize| value.map_or("?".to_owned(), |value| format!("{value:.digits$} {unit}"));
    [
        shown(Some(ran.seconds), "s", 2),
        ratio(|ran| Some(ran.seconds)),
        shown(ran.cpu_seconds, "s", 2),
        ratio(|ran| ran.cpu_seconds),
        shown(mib(ran), "MiB", 0),
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        ratio(|ran| ran.peak_kib.map(|kib| kib as f64)),
    ]
    .join(" | ")
}
