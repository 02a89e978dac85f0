//! How fast reports go from a vendor into the store, statistics included.
//!
//! `cargo bench --bench harvest [-- ACCOUNTS TITLES LARGE]` starts a simulated vendor with so many accounts (by default 20) and titles
//! (2000), harvests a year of title reports from it with the real program, and says rows per second. The floor in the same run is the
//! same replies fetched into the archive and read, with nothing stored: what is above it is the price of keeping and dividing.
//!
//! Then one report of LARGE titles (60 000) is harvested, and imported as a file, each by a process of its own whose peak memory is
//! told. Fails if one of them needs 64 MiB or more.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::error::Error;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use avling::archive::Archive;
use avling::clock::Clock;
use avling::formats::{RecordSink, Stopped, counter_json};
use avling::model::{Month, MonthRange, Release, UsageRecord};
use avling::simulator::{AccountPlan, Simulator, VendorPlan};
use avling::sources::{Credentials, HttpClients, ReportRequest, fetch_report};

const LIMIT_KIB: u64 = 64 * 1024;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool, Box<dyn Error>> {
    let mut sizes = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let accounts: usize = sizes.next().map_or(Ok(20), |text| text.parse())?;
    let titles: usize = sizes.next().map_or(Ok(2000), |text| text.parse())?;
    let large: usize = sizes.next().map_or(Ok(60_000), |text| text.parse())?;
    let plans = (0..accounts).map(|i| AccountPlan::new(&format!("C{i}"), 200_000)).collect();
    let vendor = VendorPlan { titles, ..VendorPlan::new("v", Release::R51, plans) };
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse()?).await?;
    let folder = tempfile::tempdir()?;

    let start = Instant::now();
    let floor_rows = floor(&folder.path().join("floor"), &simulator.url("v"), accounts).await?;
    let floor = start.elapsed().as_secs_f64();

    prepare(folder.path(), &simulator.url("v"), accounts)?;
    let start = Instant::now();
    let (output, _) = program(folder.path(), &["--json", "harvest"])?;
    let seconds = start.elapsed().as_secs_f64();
    let report: serde_json::Value = serde_json::from_slice(&output)?;
    let rows: u64 = report["requests"].as_array().into_iter().flatten().filter_map(|request| request["rows"].as_u64()).sum();
    let bytes: u64 = report["requests"].as_array().into_iter().flatten().filter_map(|request| request["bytes"].as_u64()).sum();
    if rows != floor_rows || rows == 0 {
        return Err(format!("{rows} rows were stored of {floor_rows}").into());
    }
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let (rate, floor_rate, megabytes) = (rows as f64 / seconds, rows as f64 / floor, bytes as f64 / 1e6);
    println!("{accounts} accounts, {titles} titles, 12 months: {rows} rows in {megabytes:.0} MB of replies");
    println!("fetched, archived and read    {floor:>7.2} s {floor_rate:>9.0} rows/s");
    println!("harvested, stored and divided {seconds:>7.2} s {rate:>9.0} rows/s");
    println!("ratio                         {:>7.2}", seconds / floor);
    memory(large).await
}

/// One large report, harvested and imported: in how much memory.
async fn memory(titles: usize) -> Result<bool, Box<dyn Error>> {
    let vendor = VendorPlan { titles, ..VendorPlan::new("v", Release::R51, vec![AccountPlan::new("C0", 200_000)]) };
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse()?).await?;
    let folder = tempfile::tempdir()?;
    prepare(&folder.path().join("harvest"), &simulator.url("v"), 1)?;
    prepare(&folder.path().join("import"), &simulator.url("v"), 1)?;
    let start = Instant::now();
    let (output, harvest) = tokio::task::block_in_place(|| program(&folder.path().join("harvest"), &["--json", "harvest"]))?;
    let harvested = start.elapsed().as_secs_f64();
    let report: serde_json::Value = serde_json::from_slice(&output)?;
    let (rows, bytes) = (&report["requests"][0]["rows"], report["requests"][0]["bytes"].as_u64().unwrap_or(0));
    println!("\none account, {titles} titles, 12 months: {rows} rows in a reply of {} MB", bytes / 1_000_000);

    let archive = Archive::open(&folder.path().join("harvest/data/archive").display().to_string())?;
    let record = archive.records().next().ok_or("the archive is empty")??;
    let file = folder.path().join("report.json");
    std::io::copy(&mut archive.read(&record.sha256)?, &mut std::fs::File::create(&file)?)?;
    let start = Instant::now();
    let arguments = ["--json", "import", "usage", &file.display().to_string(), "--account", "a0"];
    let (output, import) = program(&folder.path().join("import"), &arguments)?;
    let imported = start.elapsed().as_secs_f64();
    let report: serde_json::Value = serde_json::from_slice(&output)?;
    if report[0]["rows"] != *rows || rows.as_u64().unwrap_or(0) == 0 {
        return Err(format!("{} rows were imported of {rows}", report[0]["rows"]).into());
    }
    for (what, seconds, peak) in [("harvested", harvested, harvest), ("imported as a file", imported, import)] {
        println!("{what:<29} {seconds:>7.2} s, peak {:>4} MiB", peak.div_ceil(1024));
    }
    let largest = harvest.max(import);
    if largest >= LIMIT_KIB {
        eprintln!("avling needed {} MiB; it must stay below {} MiB", largest.div_ceil(1024), LIMIT_KIB / 1024);
    }
    Ok(largest < LIMIT_KIB)
}

struct Count(u64);

impl RecordSink for Count {
    fn record(&mut self, _: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.0 += 1;
        Ok(())
    }
}

async fn floor(folder: &Path, url: &str, accounts: usize) -> Result<u64, Box<dyn Error>> {
    let archive = Archive::open(&folder.display().to_string())?;
    let clients = HttpClients::new(None)?;
    let (source, report) = ("v".parse()?, "TR".parse()?);
    let dialect = avling::model::Dialect::default();
    let months = MonthRange::new("2024-01".parse::<Month>()?, "2024-12".parse()?);
    let mut rows = 0;
    for i in 0..accounts {
        let credentials = Credentials { customer_id: format!("C{i}"), requestor_id: None, api_key: None };
        let request = ReportRequest {
            source: &source,
            account: &format!("a{i}").parse()?,
            base_url: url,
            release: Release::R51,
            report: &report,
            months,
            credentials: &credentials,
            allow_http: false,
            user_agent: None,
            whole_dates: false,
            dialect: &dialect,
            timeout: std::time::Duration::from_mins(1),
            max_size: 1 << 31,
        };
        let reply = fetch_report(&clients, &archive, &request, Clock::Fixed("2025-01-20T03:30:00Z".parse()?), &|_| {}).await?;
        let reader = archive.read(&reply.sha256)?;
        let mut count = Count(0);
        tokio::task::block_in_place(|| counter_json::read(std::io::BufReader::with_capacity(256 * 1024, reader), &mut count))?;
        rows += count.0;
    }
    Ok(rows)
}

fn prepare(folder: &Path, url: &str, accounts: usize) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let config = format!(
        "[data]\ndir = \"data\"\n[schedule]\nbackfill_from = \"2024-01\"\n[harvest]\npause = \"0s\"\n\
         [[source]]\nid = \"v\"\nvendor = \"v\"\nkind = \"counter_api\"\nrelease = \"5.1\"\nurl = \"{url}\"\nreports = [\"TR\"]\n"
    );
    std::fs::write(folder.join("avling.toml"), config)?;
    let mut institutions = "institution,name,kind,municipality\n".to_owned();
    let mut persons = "subject,date,persons\n".to_owned();
    let mut networks = "institution,range\n".to_owned();
    let mut list = "account,source,customer_id,covers\n".to_owned();
    for i in 0..accounts {
        for (who, people) in [("town", 30_000), ("village", 900)] {
            institutions.push_str(&format!("{who}{i},{who} {i},other_library,\n"));
            persons.push_str(&format!("{who}{i},2024-01-01,{}\n", people + i));
            networks.push_str(&format!("{who}{i},198.18.{}.0/24\n", i % 250));
        }
        list.push_str(&format!("a{i},v,C{i},town{i}\n"));
    }
    let files = [
        ("institutions", institutions),
        ("persons", persons),
        ("networks", networks),
        ("vendors", "vendor,name\nv,V\n".into()),
        ("products", "product,name,vendor\nv,V,v\n".into()),
        ("accounts", list),
    ];
    for (kind, text) in files {
        let path = folder.join(format!("{kind}.csv"));
        std::fs::write(&path, text)?;
        program(folder, &["import", kind, &path.display().to_string()])?;
    }
    Ok(())
}

/// Runs the program, which is built beside this one; gives what it printed, and its peak memory in KiB.
fn program(folder: &Path, arguments: &[&str]) -> Result<(Vec<u8>, u64), Box<dyn Error>> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_avling"))
        .env("AVLING_NOW", "2025-01-20T03:30:00Z")
        .arg("--config")
        .arg(folder.join("avling.toml"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut pipes = (child.stdout.take().ok_or("no stdout")?, child.stderr.take().ok_or("no stderr")?);
    let reading = std::thread::spawn(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        pipes.0.read_to_end(&mut out).and_then(|_| pipes.1.read_to_end(&mut err)).map(|_| (out, err))
    });
    // The mark only rises, so the last one seen before the end is the peak, but for what the last hundredth of a second added.
    let mut peak = 0;
    let status = loop {
        peak = peak.max(high_water_kib(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let (out, err) = reading.join().map_err(|_| "what it printed could not be read")??;
    if status.success() { Ok((out, peak)) } else { Err(String::from_utf8_lossy(&err).into_owned().into()) }
}

/// `VmHWM` of a process.
fn high_water_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find(|line| line.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()
}
