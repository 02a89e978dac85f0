//! The command `avling`: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    avling::cli::run(std::env::args_os())
}
