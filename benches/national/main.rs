//! A national year: how long it takes to divide it, to change something in it, to explain and verify it, and in how much memory.
//!
//! `cargo bench --bench national [-- STEP...]` harvests a year from 40 simulated vendors with 30 accounts each, ten million facts, for
//! 700 institutions with 5,000 claims of which one in three is shared; then does each step (`floor`, `attribute`, `changes`,
//! `explain`, `verify`, `export`; all of them where none is named) on a copy of it with the real program, each a process of its own.
//! The floor is what the database alone needs to read as many groups and write as many statistics.
//!
//! `NATIONAL_DIR` keeps the site there and uses it again; `NATIONAL_SCALE=0.05` makes a smaller one, on which no aim is judged;
//! `NATIONAL_PROGRAM` measures another build of the program, to compare.
//! Fails if an aim is missed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

mod draw;
mod floor;
#[path = "../process/mod.rs"]
mod process;
mod program;
mod registry;
mod site;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use process::Ran;
use program::run;
use registry::{Country, country, product_name};
use site::{Site, database};

const ATTRIBUTE_SECONDS: f64 = 20.0;
const CHANGE_SECONDS: f64 = 1.0;
const EXPLAIN_SECONDS: f64 = 0.05;
/// While figures are made or changed, or one is explained.
const PEAK_MIB: u64 = 512;

const STEPS: [&str; 6] = ["floor", "attribute", "changes", "explain", "verify", "export"];
/// How often the same question is asked.
const ASKED: usize = 3;

#[tokio::main]
async fn main() -> ExitCode {
    match bench().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn bench() -> Result<bool, Box<dyn Error>> {
    let steps: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Some(unknown) = steps.iter().find(|step| !STEPS.contains(&step.as_str())) {
        return Err(format!("there is no step {unknown}; there are {}", STEPS.join(", ")).into());
    }
    let wanted = |step: &str| steps.is_empty() || steps.iter().any(|wanted| wanted == step);
    let scale: f64 = std::env::var("NATIONAL_SCALE").map_or(Ok(1.0), |text| text.parse())?;
    if !(scale > 0.0 && scale <= 1.0) {
        return Err("NATIONAL_SCALE is above 0 and at most 1".into());
    }
    let temporary = tempfile::tempdir()?;
    let folder = std::env::var_os("NATIONAL_DIR").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;

    let country = country(scale)?;
    let site = Site::ready(&folder, scale, &country).await?;
    // Statistics that are taken out are missed by verify: what begins from none has a copy of its own.
    let (work, scratch, floor) = (folder.join("work"), folder.join("scratch"), folder.join("floor"));
    site.copy(&work)?;
    let sizes = floor::sizes(&database(&work)).await?;
    println!(
        "{} products, {} accounts, {} facts in {} groups, {} statistics on {} bases\n",
        country.vendors.len(),
        country.accounts,
        sizes.facts,
        sizes.groups,
        sizes.statistics,
        sizes.bases
    );
    let mut table = Table { judged: scale >= 1.0, missed: false, floor: None };
    Table::head();
    if wanted("floor") {
        site.copy(&floor)?;
        floor::empty(&database(&floor)).await?;
        let seconds = floor::floor(&database(&work), &database(&floor)).await?;
        table.floor = Some(seconds);
        println!("{:<28} {seconds:>9.3} s {:>28}", "the database alone", "1.00");
    }
    if wanted("attribute") {
        site.copy(&scratch)?;
        floor::empty(&database(&scratch)).await?;
        let ran = run(&scratch, &["attribute"])?.ok()?;
        let made = floor::sizes(&database(&scratch)).await?;
        // The harvest has left what figures rested on before the year was whole.
        if made.statistics != sizes.statistics {
            return Err(format!("from scratch there are {made:?}, after the harvest there were {sizes:?}").into());
        }
        table.row("attribute from scratch", &[ran], Some(ATTRIBUTE_SECONDS));
    }
    if wanted("changes") {
        changes(&work, &country, &mut table)?;
    }
    if wanted("explain") {
        explain(&work, &country, &mut table)?;
    }
    if wanted("verify") {
        let ran = run(&work, &["verify"])?.ok()?;
        table.row("verify", &[ran], None);
    }
    if wanted("export") {
        let ran = run(&work, &["export", "statistics", "--county", "31", "--format", "xlsx", "--output", "county.xlsx"])?.ok()?;
        table.row("export of a county, xlsx", &[ran], None);
        let ran = run(&work, &["export", "statistics", "--output", "all.csv"])?.ok()?;
        table.row("export of everything, csv", &[ran], None);
    }
    for folder in [&work, &scratch, &floor] {
        std::fs::remove_dir_all(folder).or_else(|error| if folder.exists() { Err(error) } else { Ok(()) })?;
    }
    if !table.judged {
        println!("\nat scale {scale} no aim is judged");
    }
    Ok(!table.missed)
}

fn write(folder: &Path, name: &str, content: &str) -> Result<String, std::io::Error> {
    std::fs::write(folder.join(name), content)?;
    Ok(name.to_owned())
}

/// One key, one claim, one subscription, one person figure more or other: imported, and the statistics that follow.
fn changes(work: &Path, country: &Country, table: &mut Table) -> Result<(), Box<dyn Error>> {
    let mut of_kind: BTreeMap<&str, Vec<Ran>> = BTreeMap::new();
    for (kind, content) in &country.changes {
        let name = write(work, "change.csv", content)?;
        let ran = run(work, &["--json", "import", kind, &name])?.ok()?;
        let done: serde_json::Value = serde_json::from_str(&ran.output()?)?;
        let moved: u64 = ["added", "revised", "removed"].iter().filter_map(|what| done["statistics"][what].as_u64()).sum();
        if moved == 0 && table.judged {
            return Err(format!("a change of {kind} changed no statistics: {content}").into());
        }
        of_kind.entry(kind).or_default().push(ran);
    }
    for (kind, what) in [("keys", "key"), ("networks", "claim"), ("subscriptions", "subscription"), ("persons", "person figure")] {
        // What the others move differs without bounds: a person figure of a large town moves a third of all.
        let aim = (kind == "keys").then_some(CHANGE_SECONDS);
        table.row(&format!("one changed {what}"), of_kind.get(kind).map_or(&[], Vec::as_slice), aim);
    }
    Ok(())
}

/// Figures that several share, asked for one by one.
fn explain(work: &Path, country: &Country, table: &mut Table) -> Result<(), Box<dyn Error>> {
    let mut questions: Vec<[String; 4]> = Vec::new();
    for number in (0..country.vendors.len()).step_by(country.vendors.len().div_ceil(5)) {
        let product = product_name(number);
        let shown = run(work, &["export", "statistics", "--product", &product, "--from", "2024-10", "--to", "2024-10"])?.ok()?;
        let mut reader = csv::Reader::from_path(&shown.stdout)?;
        let columns = reader.headers()?.clone();
        let place = |name: &str| columns.iter().position(|column| column == name).ok_or(format!("no column {name}"));
        let (institution, report, metric, shared) = (place("institution")?, place("report")?, place("metric")?, place("shared_with")?);
        let mut found: Vec<[String; 4]> = Vec::new();
        for row in reader.records() {
            let row = row?;
            if row[shared].contains(' ') && !row[institution].is_empty() && &row[report] != "PR" {
                found.push([row[institution].to_owned(), product.clone(), row[report].to_owned(), row[metric].to_owned()]);
            }
        }
        // The one in the middle is nobody's favourite.
        questions.extend((!found.is_empty()).then(|| found.swap_remove(found.len() / 2)));
    }
    if questions.is_empty() {
        return Err("no figure is shared".into());
    }
    let mut all = Vec::new();
    for [institution, product, report, metric] in &questions {
        for _ in 0..ASKED {
            let asked = ["explain", "--institution", institution, "--product", product, "--month", "2024-10", "--metric", metric];
            all.push(run(work, &[&["--json"], &asked[..], &["--report", report]].concat())?.ok()?);
        }
    }
    table.row("explain, median", &all, Some(EXPLAIN_SECONDS));
    Ok(())
}

/// What is printed, and whether an aim was missed.
struct Table {
    judged: bool,
    missed: bool,
    /// Seconds that the database alone needs.
    floor: Option<f64>,
}

impl Table {
    fn head() {
        println!("{:<28} {:>11} {:>10} {:>8} {:>8} {:>8} {:>9}", "", "time", "slowest", "aim", "x floor", "cpu", "peak");
    }

    /// A line for runs of one kind, by their median.
    fn row(&mut self, what: &str, ran: &[Ran], aim: Option<f64>) {
        let mut seconds: Vec<f64> = ran.iter().map(|ran| ran.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let (Some(median), Some(slowest)) = (seconds.get(seconds.len() / 2).copied(), seconds.last()) else { return };
        let ratio = self.floor.map_or_else(String::new, |floor| format!("{:.2}", median / floor));
        let mut cpu: Vec<f64> = ran.iter().filter_map(|ran| ran.cpu_seconds).collect();
        cpu.sort_by(f64::total_cmp);
        let cpu = cpu.get(cpu.len() / 2).map_or_else(String::new, |cpu| format!("{cpu:.2} s"));
        let peak = ran.iter().filter_map(|ran| ran.peak_kib).max().map(|kib| kib / 1024);
        let too_slow = aim.is_some_and(|aim| median >= aim);
        let too_large = aim.is_some() && peak.is_some_and(|peak| peak >= PEAK_MIB);
        let aim = aim.map_or_else(String::new, |aim| format!("{aim} s"));
        let peak = peak.map_or_else(String::new, |peak| format!("{peak} MiB"));
        let verdict = match (self.judged, too_slow, too_large) {
            (true, true, _) => "  TOO SLOW",
            (true, _, true) => "  TOO LARGE",
            _ => "",
        };
        self.missed |= !verdict.is_empty();
        println!("{what:<28} {median:>9.3} s {slowest:>8.3} s {aim:>8} {ratio:>8} {cpu:>8} {peak:>9}{verdict}");
    }
}
