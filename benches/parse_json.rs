//! How fast a large COUNTER R5.1 report is read, and in how much memory.
//!
//! `cargo bench --bench parse_json [-- MEGABYTES]` writes a title report of 200 MB (or as much as is asked for), then reads
//! it with serde_json's `IgnoredAny`, the floor, and with avling's parser into a sink that counts and fingerprints. Each
//! reading is a process of its own, so that its peak memory is its own. Fails if avling needs 64 MiB or more.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::process::{Command, ExitCode};
use std::time::Instant;

use avling::formats::summary::MonthDigests;
use avling::formats::{RecordSink, Stopped, counter_json};
use avling::model::{Month, UsageRecord};

const LIMIT_KIB: u64 = 64 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let done = match arguments.first().map(String::as_str) {
        Some("floor") => child(&arguments, floor),
        Some("avling") => child(&arguments, parser),
        size => match size.unwrap_or("200").parse() {
            Ok(megabytes) => parent(megabytes),
            Err(_) => Err("the size is a number of megabytes".into()),
        },
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parent(megabytes: u64) -> Result<bool, Box<dyn Error>> {
    let file = tempfile::NamedTempFile::new()?;
    let counts = generate(file.as_file(), megabytes * 1_000_000)?;
    let size = file.as_file().metadata()?.len();
    println!("a title report of {} MB with {counts} counts", size / 1_000_000);
    let mut seconds = vec![];
    let mut peak = 0;
    for (what, name) in [("floor", "IgnoredAny"), ("avling", "avling")] {
        let output = Command::new(std::env::current_exe()?).arg(what).arg(file.path()).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<&str> = said.split_whitespace().collect();
        let [time, kib, result] = numbers[..] else {
            return Err(format!("{name} failed: {said}{}", String::from_utf8_lossy(&output.stderr)).into());
        };
        let (time, kib): (f64, u64) = (time.parse()?, kib.parse()?);
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let rate = size as f64 / 1e6 / time;
        println!("{name:<10} {time:>7.2} s {rate:>7.0} MB/s, peak {:>4} MiB, {result}", kib / 1024);
        seconds.push(time);
        peak = kib;
    }
    println!("ratio      {:>7.2}", seconds[1] / seconds[0]);
    if peak >= LIMIT_KIB {
        eprintln!("avling needed {} MiB; it must stay below {} MiB", peak / 1024, LIMIT_KIB / 1024);
    }
    Ok(peak < LIMIT_KIB)
}

type Reading = fn(BufReader<File>) -> Result<String, Box<dyn Error>>;

/// Reads the file and says: seconds, peak memory in KiB, result.
fn child(arguments: &[String], read: Reading) -> Result<bool, Box<dyn Error>> {
    let path = arguments.get(1).ok_or("which file?")?;
    let reader = BufReader::with_capacity(256 * 1024, File::open(path)?);
    let start = Instant::now();
    let result = read(reader)?;
    println!("{:.4} {} {result}", start.elapsed().as_secs_f64(), peak_kib()?);
    Ok(true)
}

fn floor(reader: BufReader<File>) -> Result<String, Box<dyn Error>> {
    serde_json::from_reader::<_, serde::de::IgnoredAny>(reader)?;
    Ok("ignored".into())
}

#[derive(Default)]
struct Counting {
    records: u64,
    sum: u128,
    digests: MonthDigests,
}

impl RecordSink for Counting {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.months(record, &[(record.month, record.count)])
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        self.records += counts.len() as u64;
        self.sum += counts.iter().map(|(_, count)| u128::from(*count)).sum::<u128>();
        self.digests.add_months(like, counts);
        Ok(())
    }
}

fn parser(reader: BufReader<File>) -> Result<String, Box<dyn Error>> {
    let mut sink = Counting::default();
    counter_json::read(reader, &mut sink)?;
    let january = Month::new(2024, 1).map(|month| sink.digests.get(month)).unwrap_or_default();
    Ok(format!("records={},sum={},january={}", sink.records, sink.sum, &january[..8]))
}

/// `VmHWM` of this process.
fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.split_whitespace().nth(1).ok_or("VmHWM has no value")?.parse()?)
}

/// Writes a title report, always the same one for the same size; gives its number of counts.
fn generate(file: &File, size: u64) -> Result<u64, Box<dyn Error>> {
    const METRICS: [&str; 6] = [
        "Total_Item_Investigations",
        "Total_Item_Requests",
        "Unique_Item_Investigations",
        "Unique_Item_Requests",
        "Limit_Exceeded",
        "No_License",
    ];
    let mut out = BufWriter::with_capacity(1024 * 1024, file);
    write!(
        out,
        r#"{{"Report_Header":{{"Release":"5.1","Report_ID":"TR","Report_Name":"Title Report","Created":"2025-02-15T09:11:12Z","Created_By":"Publisher","Institution_ID":{{"ISIL":["NO-1"]}},"Institution_Name":"Library","Report_Filters":{{"Begin_Date":"2024-01-01","End_Date":"2024-12-31"}},"Report_Attributes":{{"Attributes_To_Show":["YOP","Access_Type","Access_Method"]}}}},"Report_Items":["#
    )?;
    let (mut written, mut counts, mut title) = (0_u64, 0_u64, 0_u64);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut line = String::with_capacity(64 * 1024);
    while written < size {
        use std::fmt::Write as _;
        line.clear();
        if title > 0 {
            line.push(',');
        }
        title += 1;
        write!(
            line,
            r#"{{"Title":"Journal of Things, Part {title}","Publisher":"Publisher of Things","Publisher_ID":{{"ISNI":["4321432143214321"]}},"Platform":"Platform","Item_ID":{{"DOI":"10.9999/j{title}","Proprietary":"P:{title}","Online_ISSN":"{:04}-{:04}","URI":"https://doi.org/10.9999/j{title}"}},"Attribute_Performance":["#,
            title / 10_000 % 10_000,
            title % 10_000
        )?;
        for (place, (year, access)) in [(2022, "Controlled"), (2023, "Open"), (2023, "Controlled")].into_iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(
                line,
                r#"{comma}{{"Data_Type":"Journal","YOP":"{year}","Access_Type":"{access}","Access_Method":"Regular","Performance":{{"#
            )?;
            for (place, metric) in METRICS.into_iter().enumerate() {
                let comma = if place > 0 { "," } else { "" };
                write!(line, r#"{comma}"{metric}":{{"#)?;
                for month in 1..=12 {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let comma = if month > 1 { "," } else { "" };
                    write!(line, r#"{comma}"2024-{month:02}":{}"#, 1 + random % 2000)?;
                    counts += 1;
                }
                line.push('}');
            }
            line.push_str("}}");
        }
        line.push_str("]}");
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    out.write_all(b"]}")?;
    out.flush()?;
    Ok(counts)
}
