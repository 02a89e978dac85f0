//! The program on a site.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use super::process::{Ran, measured};

const PROGRAM: &str = env!("CARGO_BIN_EXE_avling");

/// Runs the program on the site in `folder`, on 20 January 2025.
pub fn run(folder: &Path, arguments: &[&str]) -> Result<Ran, Box<dyn Error>> {
    let mut command = Command::new(std::env::var_os("NATIONAL_PROGRAM").unwrap_or_else(|| PROGRAM.into()));
    command.env_clear().env("AVLING_NOW", "2025-01-20T03:30:00Z").env("HOME", folder).current_dir(folder);
    measured(command.arg("--config").arg(folder.join("avling.toml")).args(arguments), folder)
}
