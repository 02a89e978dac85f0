//! The command line: one file a command. A command asks the library and prints the answer.
//!
//! [`run`] parses the arguments, runs the command and gives the exit status of the contract: 0 done, 1 an error,
//! 2 bad command line, configuration or input, 3 some of the work failed, 4 `verify` found a violation.

mod arguments;
mod attribute;
mod check;
mod check_soap;
mod close;
mod context;
mod convert;
mod demo;
mod discover;
mod explain;
mod export;
mod files;
mod form;
mod harvest;
mod import;
mod import_sessions;
mod import_usage;
mod keys;
mod known;
mod networks;
mod overlaps;
mod printer;
mod progress;
mod propose;
mod simulate;
mod source;
mod source_new;
mod status;
mod table;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use arguments::{Arguments, Command};
use context::Context;
use printer::Printer;

/// How a command ended, short of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// All of it.
    Whole,
    /// Some of the work failed, and was listed.
    InPart,
    /// `verify` found a violation.
    Violated,
}

/// How a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The command line, the configuration or an input file is wrong; nothing was changed. Exit status 2.
    Input(anyhow::Error),
    /// Anything else. Exit status 1.
    Error(anyhow::Error),
    /// Nobody reads what is printed any more (`avling … | head`). Exit status 0.
    NobodyReads,
}

impl Failure {
    /// Bad input, in these words.
    pub fn input(words: impl std::fmt::Display) -> Self {
        Self::Input(anyhow::anyhow!("{words}"))
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error: anyhow::Error = error.into();
        let broken_pipe = error
            .chain()
            .any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe));
        if broken_pipe { Self::NobodyReads } else { Self::Error(error) }
    }
}

/// Runs the command that `arguments` (the program's name first) and the environment ask for.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match Arguments::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let printer = Printer::new(arguments.json, arguments.quiet);
    start_logging(arguments.verbose, arguments.quiet);
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(dispatch(arguments, &printer)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(Done::Whole) | Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        Ok(Done::InPart) => ExitCode::from(3),
        Ok(Done::Violated) => ExitCode::from(4),
        Err(Failure::Input(error)) => {
            printer.error(&error);
            ExitCode::from(2)
        }
        Err(Failure::Error(error)) => {
            printer.error(&error);
            ExitCode::from(1)
        }
    }
}

async fn dispatch(arguments: Arguments, printer: &Printer) -> Result<Done, Failure> {
    // These need no configuration.
    match &arguments.command {
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Arguments::command(), "avling", &mut std::io::stdout());
            return Ok(Done::Whole);
        }
        Command::Man => {
            clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout())?;
            return Ok(Done::Whole);
        }
        Command::Demo(demo) => return self::demo::run(demo, printer).await,
        Command::Convert(convert) => return self::convert::run(convert, printer),
        Command::Import(import) if import.is_dry_usage() => return import_usage::dry_run(import, None, printer),
        _ => {}
    }
    // A manifest can be tried out and written with no configuration around it.
    if let Command::Source { command } = &arguments.command {
        return self::source::run(command, arguments.config.as_deref(), arguments.by.as_deref(), printer).await;
    }
    let context = Context::load(arguments.config.as_deref(), arguments.by.as_deref(), printer)?;
    match &arguments.command {
        Command::Check(check) => self::check::run(&context, check).await,
        Command::Import(import) if import.is_dry_usage_of_source() => import_usage::dry_run_of_source(&context, import),
        Command::Import(import) => self::import::run(&context, import).await,
        Command::Harvest(selection) => self::harvest::run(&context, selection, false).await,
        Command::Reharvest(selection) => self::harvest::run(&context, selection, true).await,
        Command::Attribute(attribute) => self::attribute::run(&context, attribute).await,
        Command::Status(selection) => self::status::run(&context, selection).await,
        Command::Export(export) => self::export::run(&context, export).await,
        Command::Explain(explain) => self::explain::run(&context, explain).await,
        Command::Keys { command } => self::keys::run(&context, command).await,
        Command::Close(close) => self::close::run(&context, close).await,
        Command::Networks { command } => self::networks::run(&context, command).await,
        Command::Verify => self::verify::run(&context).await,
        Command::Completions { .. } | Command::Man | Command::Demo(_) | Command::Convert(_) | Command::Source { .. } => Ok(Done::Whole),
    }
}

/// Logs go to stderr: warnings by default, more with each `-v`, errors only with `-q`; `AVLING_LOG` has the last word.
fn start_logging(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "avling=info,warn",
        (false, 2) => "avling=debug,info",
        (false, _) => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("AVLING_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .try_init();
}
