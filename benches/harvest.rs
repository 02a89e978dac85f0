//! How fast reports go from a vendor into the store, statistics included.
//!
//! `cargo bench --bench harvest [-- ACCOUNTS TITLES]` starts a simulated vendor with so many accounts (by default 20) and titles (2000),
//! harvests a year of title reports from it with the real program, and says rows per second. The floor in the same run is the same
//! replies fetched into the archive and read, with nothing stored: what is above it is the price of keeping and dividing.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use avling::archive::Archive;
use avling::clock::Clock;
use avling::formats::{RecordSink, Stopped, counter_json};
use avling::model::{Month, MonthRange, Release, UsageRecord};
use avling::simulator::{AccountPlan, Simulator, VendorPlan};
use avling::sources::{Credentials, HttpClients, ReportRequest, fetch_report};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut sizes = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let accounts: usize = sizes.next().map_or(Ok(20), |text| text.parse())?;
    let titles: usize = sizes.next().map_or(Ok(2000), |text| text.parse())?;
    let plans = (0..accounts).map(|i| AccountPlan::new(&format!("C{i}"), 200_000)).collect();
    let vendor = VendorPlan { titles, ..VendorPlan::new("v", Release::R51, plans) };
    let simulator = Simulator::start(vec![vendor], "2025-01-20".parse()?).await?;
    let folder = tempfile::tempdir()?;

    let start = Instant::now();
    let floor_rows = floor(&folder.path().join("floor"), &simulator.url("v"), accounts).await?;
    let floor = start.elapsed().as_secs_f64();

    prepare(folder.path(), &simulator.url("v"), accounts)?;
    let start = Instant::now();
    let output = program(folder.path(), &["--json", "harvest"])?;
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
    Ok(())
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

/// Runs the program, which is built beside this one.
fn program(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Box<dyn Error>> {
    let output = Command::new(env!("CARGO_BIN_EXE_avling"))
        .env("AVLING_NOW", "2025-01-20T03:30:00Z")
        .arg("--config")
        .arg(folder.join("avling.toml"))
        .args(arguments)
        .output()?;
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned().into()) }
}
