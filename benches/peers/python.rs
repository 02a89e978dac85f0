//! The peers: parsers in Python, each in a virtual environment of its own that is kept for the next run.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{Ran, measured};

/// A parser, ready to run.
#[derive(Debug)]
pub struct Peer {
    /// As in PyPI.
    pub name: &'static str,
    python: PathBuf,
    script: PathBuf,
}

/// A Python that can make virtual environments.
#[derive(Debug)]
pub struct Python {
    program: PathBuf,
    /// `3.12.1`
    version: String,
}

impl Python {
    /// The one that `PEERS_PYTHON` names, or the first of the usual names.
    pub fn find() -> Result<Self, Box<dyn Error>> {
        let named = std::env::var_os("PEERS_PYTHON").map(PathBuf::from);
        let usual = || ["python3.12", "python3"].map(PathBuf::from).to_vec();
        let mut why = String::new();
        for program in named.clone().map_or_else(usual, |named| vec![named]) {
            let ask = "import ensurepip, venv, platform; print(platform.python_version())";
            match Command::new(&program).args(["-c", ask]).output() {
                Ok(output) if output.status.success() => {
                    return Ok(Self { program, version: String::from_utf8_lossy(&output.stdout).trim().to_owned() });
                }
                Ok(output) => why += &format!("\n{}: {}", program.display(), String::from_utf8_lossy(&output.stderr).trim()),
                Err(error) => why += &format!("\n{}: {error}", program.display()),
            }
        }
        let what = "the peers need Python 3.9 or later with venv and ensurepip (3.12 for the newest of them)";
        Err(format!("{what}; name one with PEERS_PYTHON=/path/to/python3{why}").into())
    }

    /// Installs a parser, unless that was done before.
    pub fn peer(&self, cache: &Path, name: &'static str, requirements: &str) -> Result<Peer, Box<dyn Error>> {
        let folder = cache.join(format!("{name}-python-{}", self.version));
        let python = folder.join("bin").join("python");
        let mark = folder.join("installed.txt");
        if !std::fs::read_to_string(&mark).is_ok_and(|installed| installed == requirements) {
            println!("{name}: installed from PyPI into {}", folder.display());
            done(Command::new(&self.program).args(["-m", "venv", "--clear"]).arg(&folder), "no virtual environment could be made")?;
            let wanted = folder.join("wanted.txt");
            std::fs::write(&wanted, requirements)?;
            let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
            done(Command::new(&python).args(install).arg(&wanted), "pip could not install it; PyPI has to be within reach")?;
            std::fs::rename(&wanted, &mark)?;
        }
        let script = folder.join("read.py");
        std::fs::write(&script, include_str!("read.py"))?;
        Ok(Peer { name, python, script })
    }
}

fn done(command: &mut Command, what: &str) -> Result<(), Box<dyn Error>> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

impl Peer {
    /// Loads it once, so that it is compiled and in the system's memory; gives its versions.
    pub fn versions(&self) -> Result<String, Box<dyn Error>> {
        let output = Command::new(&self.python).arg(&self.script).args([self.name, "none"]).output()?;
        if !output.status.success() {
            return Err(format!("{} does not load: {}", self.name, String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Reads a file with it, in a process of its own.
    pub fn read(&self, form: &str, file: &Path, folder: &Path) -> Result<Ran, Box<dyn Error>> {
        let ran = measured(Command::new(&self.python).arg(&self.script).args([self.name, form]).arg(file), folder)?;
        ran.ok().map_err(|error| format!("{}, {}: {error}", self.name, file.display()).into())
    }
}
