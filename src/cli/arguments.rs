//! What may be written on the command line, and its help.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::{AccountId, InstitutionId, Month, MunicipalityCode, ProductId, ReportId, SourceId};

/// Harvests usage statistics from the vendors of libraries' digital content, and works out which library each use belongs to.
#[derive(Debug, Parser)]
#[command(name = "avling", version, propagate_version = true, after_help = AFTER, max_term_width = 110)]
pub struct Arguments {
    /// The configuration file [default: $AVLING_CONFIG, ./avling.toml, /etc/avling/avling.toml, built-in defaults]
    #[arg(long, global = true, value_name = "FILE", display_order = 900)]
    pub config: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true, display_order = 901)]
    pub json: bool,
    /// Say more on stderr; twice and thrice say more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet", display_order = 902)]
    pub verbose: u8,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, display_order = 903)]
    pub quiet: bool,
    /// Who does this, as it is kept with every change [default: $AVLING_BY, the system's name for you]
    #[arg(long, global = true, value_name = "NAME", env = "AVLING_BY", hide_env = true, display_order = 904)]
    pub by: Option<String>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
First steps:
  avling demo                                  see all of it at work, with nothing to set up
  avling import institutions institutions.csv  tell it about your libraries (see docs/files.md for every file)
  avling check --online                        are the sources reachable, are the credentials right?
  avling harvest                               fetch what is due
  avling export statistics --county 31 --format xlsx --output ostfold.xlsx

Exit status: 0 done; 1 an error; 2 bad command line, configuration or input file, nothing changed;
3 done, but some of the work failed (each failure listed); 4 verify found a violation.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it at work: a year from simulated vendors, divided among Norwegian libraries, verified and exported
    #[command(
        long_about = "Starts simulated vendors on this machine, loads a registry of all Norwegian municipalities, harvests a year from \
        several kinds of vendor, divides shared use, verifies everything and writes a workbook for each county. \
        The registry's codes and inhabitants are real; networks, vendors and use are invented. \
        It can be stopped at any time and started again: it goes on where it was."
    )]
    Demo(DemoArguments),
    /// Check the configuration, the store and the credentials; with --online ask every source
    Check(CheckArguments),
    /// Read a file into the registry, or a report into the store: all of it or nothing
    #[command(long_about = "Reads files of one KIND. UTF-8, a header row, comma or semicolon. Import in this order: municipalities, \
        transitions, institutions, persons, networks, vendors, products, subscriptions, accounts. Every error is shown with file, line \
        and column, and then nothing is imported. Importing the same file twice changes nothing. \
        `import usage` takes COUNTER reports (JSON, R5 and R5.1); with --dry-run it needs no store and says what it understood. \
        Columns of every kind: docs/files.md.")]
    Import(ImportArguments),
    /// Fetch what is missing in the selection, or what is due if nothing is selected
    Harvest(SelectionArguments),
    /// Fetch a range again, replace it, and print what changed
    Reharvest(SelectionArguments),
    /// Make the statistics again from stored facts, without fetching
    Attribute(AttributeArguments),
    /// Show per source and month what is harvested, empty, waiting and failing, and why
    Status(StatusArguments),
    /// Write statistics, facts, subscriptions, runs or forms for libraries as files
    Export(ExportArguments),
    /// Explain why a figure is what it is
    Explain(ExplainArguments),
    /// Show who claims which addresses, and who shares them with whom
    Networks {
        /// What to show
        #[command(subcommand)]
        command: NetworksCommand,
    },
    /// Check that everything adds up and can be made again from the archived replies
    Verify,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where everything goes
    #[arg(long, value_name = "DIR", default_value = "avling-demo")]
    pub dir: PathBuf,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Also ask every source for its status
    #[arg(long)]
    pub online: bool,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportKind {
    /// Municipalities of all times
    Municipalities,
    /// What became of municipalities
    Transitions,
    /// Libraries and other bodies on their networks; also the national library register's XML
    Institutions,
    /// Inhabitants, pupils and staff
    Persons,
    /// Who claims which addresses
    Networks,
    /// Vendors
    Vendors,
    /// Products
    Products,
    /// Who subscribes to what
    Subscriptions,
    /// Customer accounts at vendors
    Accounts,
    /// Allocation keys
    Keys,
    /// A COUNTER report, or a table of use by address
    Usage,
    /// Events of the access control
    Sessions,
    /// Figures that people have divided by hand
    Statistics,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// What the files hold
    #[arg(value_enum)]
    pub kind: ImportKind,
    /// The files
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Say what would happen, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The files are the whole truth of their kind: rows that they lack are removed
    #[arg(long)]
    pub replace: bool,
    /// usage: the source that the report belongs to [default: found by the account]
    #[arg(long, value_name = "ID")]
    pub source: Option<SourceId>,
    /// usage: the account that the report belongs to [default: found by the report's customer id]
    #[arg(long, value_name = "ID")]
    pub account: Option<AccountId>,
}

impl ImportArguments {
    /// Whether neither configuration nor store is needed.
    pub fn is_dry_usage(&self) -> bool {
        self.kind == ImportKind::Usage && self.dry_run
    }
}

/// A selection of what to harvest.
#[derive(Debug, Clone, Args)]
pub struct SelectionArguments {
    /// Only this source; may be given several times
    #[arg(long = "source", value_name = "ID")]
    pub sources: Vec<SourceId>,
    /// Only this account; may be given several times
    #[arg(long = "account", value_name = "ID")]
    pub accounts: Vec<AccountId>,
    /// Only this report (PR, TR_J1, …); may be given several times
    #[arg(long = "report", value_name = "ID")]
    pub reports: Vec<ReportId>,
    /// The first month
    #[arg(long, value_name = "YYYY-MM")]
    pub from: Option<Month>,
    /// The last month, included
    #[arg(long, value_name = "YYYY-MM")]
    pub to: Option<Month>,
}

/// Arguments of `attribute`.
#[derive(Debug, Args)]
pub struct AttributeArguments {
    /// Only this calendar year
    #[arg(long, value_name = "YYYY", value_parser = clap::value_parser!(i32).range(1990..=9999))]
    pub year: Option<i32>,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Only this source; may be given several times
    #[arg(long = "source", value_name = "ID")]
    pub sources: Vec<SourceId>,
    /// The first month
    #[arg(long, value_name = "YYYY-MM")]
    pub from: Option<Month>,
    /// The last month, included
    #[arg(long, value_name = "YYYY-MM")]
    pub to: Option<Month>,
}

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportKind {
    /// Figures per institution
    Statistics,
    /// Usage as the vendors reported it
    Facts,
    /// Who has what
    Subscriptions,
    /// Where each month of each report stands
    Runs,
    /// A workbook for each library to fill in: its addresses, who shares them, keys to sign
    NetworksForm,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// What to export
    #[arg(value_enum)]
    pub kind: ExportKind,
    /// Only this county (two digits)
    #[arg(long, value_name = "CC")]
    pub county: Option<String>,
    /// Only this municipality (four digits)
    #[arg(long, value_name = "NNNN")]
    pub municipality: Option<MunicipalityCode>,
    /// Only this institution
    #[arg(long, value_name = "ID")]
    pub institution: Option<InstitutionId>,
    /// Only this product; may be given several times
    #[arg(long = "product", value_name = "ID")]
    pub products: Vec<ProductId>,
    /// Only this report
    #[arg(long, value_name = "ID")]
    pub report: Option<ReportId>,
    /// Only this metric; may be given several times
    #[arg(long = "metric", value_name = "M")]
    pub metrics: Vec<String>,
    /// The first month
    #[arg(long, value_name = "YYYY-MM")]
    pub from: Option<Month>,
    /// The last month, included
    #[arg(long, value_name = "YYYY-MM")]
    pub to: Option<Month>,
    /// networks-form: the month that is looked at [default: today's]
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<Month>,
    /// Where an institution is shown: where it lies today in all months, or where it lay in each month
    #[arg(long, value_name = "month|today", default_value = "today")]
    pub geography: crate::export::Geography,
    /// csv, xlsx or json
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    pub format: crate::export::Format,
    /// The file to write [default: stdout]; networks-form: the folder
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The institution; leave out to explain what could not be placed
    #[arg(long, value_name = "ID")]
    pub institution: Option<InstitutionId>,
    /// The product
    #[arg(long, value_name = "ID")]
    pub product: ProductId,
    /// The month
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Month,
    /// The metric (Metric_Type)
    #[arg(long, value_name = "M")]
    pub metric: String,
    /// The report [default: the one of the product's headline figure, else PR, else the only one there is]
    #[arg(long, value_name = "ID")]
    pub report: Option<ReportId>,
}

/// How the sharing audit is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OverlapsFormat {
    /// For the terminal, shortened
    Table,
    /// All of it, a line a finding
    Csv,
    /// A workbook in Norwegian to send out
    Xlsx,
}

/// Arguments of `networks overlaps`.
#[derive(Debug, Args)]
pub struct OverlapsArguments {
    /// In this month [default: today's]
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<Month>,
    /// Only what concerns institutions of this county (two digits), where they lie today
    #[arg(long, value_name = "CC")]
    pub county: Option<String>,
    /// A finding of sharing for each address, institution or county [default: institution; a workbook has all three]
    #[arg(long, value_name = "HOW")]
    pub per: Option<crate::attribution::audit::Per>,
    /// Only findings of this kind; may be given several times
    #[arg(long = "kind", value_name = "KIND")]
    pub kinds: Vec<crate::attribution::audit::FindingKind>,
    /// How it is given [default: table]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<OverlapsFormat>,
    /// The file to write; with xlsx, an existing folder takes a workbook for each county [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What `networks` shows.
#[derive(Debug, Subcommand)]
pub enum NetworksCommand {
    /// Every claim of addresses
    List {
        /// In this month [default: today's]
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<Month>,
        /// Only this institution's
        #[arg(long, value_name = "ID")]
        institution: Option<InstitutionId>,
    },
    /// Who shares addresses with whom, and what is wrong with what is registered about them
    #[command(long_about = "Audits the addresses of a month. Kinds of findings:\n\n\
        shared      several institutions claim the same addresses\n\
        unaware     they do, and nothing says that they know of each other\n\
        exposed     a vendor lets in addresses that nobody claims\n\
        locked_out  a subscriber has addresses that the vendor does not let in\n\
        unpaid      another body is let in and has no subscription\n\
        reserved    private and other addresses that nobody on the Internet has\n\
        too_wide    ranges far too wide\n\n\
        What each means, and what to do: docs/networks.md.")]
    Overlaps(OverlapsArguments),
    /// Who claims an address
    Lookup {
        /// The address
        address: IpAddr,
        /// In this month [default: today's]
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<Month>,
    },
}
