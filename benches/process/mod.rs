//! A program run as a process of its own, its time and its peak memory.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run took.
#[derive(Debug)]
pub struct Ran {
    /// From start to end.
    pub seconds: f64,
    /// Of that on a processor, in all threads: what other processes on the machine change least. Nothing where the system does not tell.
    pub cpu_seconds: Option<f64>,
    /// The most memory that it ever had resident; nothing where the system does not tell.
    pub peak_kib: Option<u64>,
    /// Its exit status.
    pub status: Option<i32>,
    /// Where what it wrote to stdout lies, until the next run in the same folder.
    pub stdout: PathBuf,
    /// The same for stderr.
    pub stderr: PathBuf,
}

impl Ran {
    /// What it wrote to stdout.
    pub fn output(&self) -> Result<String, std::io::Error> {
        std::fs::read_to_string(&self.stdout)
    }

    /// The same, or an error unless it ended well.
    pub fn ok(self) -> Result<Self, Box<dyn Error>> {
        if self.status == Some(0) {
            return Ok(self);
        }
        let mut said = self.output()?;
        said.push_str(&std::fs::read_to_string(&self.stderr)?);
        let end = said.char_indices().nth(4000).map_or(said.len(), |(end, _)| end);
        Err(format!("the program ended with {:?}: {}", self.status, &said[..end]).into())
    }
}

/// Runs a command; what it writes goes to files in `folder`.
pub fn measured(command: &mut Command, folder: &Path) -> Result<Ran, Box<dyn Error>> {
    let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
    command.stdin(Stdio::null()).stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
    let start = Instant::now();
    let mut child = command.spawn()?;
    let system = PathBuf::from(format!("/proc/{}", child.id()));
    let (mut peak_kib, mut cpu_seconds) = (None, None);
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        // The system adds up itself; only what happens within the last wait is missed.
        peak_kib = peak(&system).or(peak_kib);
        cpu_seconds = cpu(&system).or(cpu_seconds);
        std::thread::sleep(if start.elapsed() < Duration::from_secs(1) { Duration::from_millis(1) } else { Duration::from_millis(10) });
    };
    Ok(Ran { seconds: start.elapsed().as_secs_f64(), cpu_seconds, peak_kib, status: ended.code(), stdout, stderr })
}

fn peak(system: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(system.join("status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

/// `utime` and `stime` of proc(5), which are in hundredths of a second.
fn cpu(system: &Path) -> Option<f64> {
    let text = std::fs::read_to_string(system.join("stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(f64::from(ticks()? + ticks()?) / 100.0)
}
