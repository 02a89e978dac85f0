//! What may be written on the command line, and its help.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::{AccountId, InstitutionId, KeyId, KeyMethod, KeyState, Month, MunicipalityCode, ProductId, ReportId, SourceId};

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
    #[command(
        long_about = "Reads files of one KIND: CSV (UTF-8, a header row, comma or semicolon) or a workbook (.xlsx, .ods). Import in this \
        order: municipalities, transitions, institutions, persons, networks, vendors, products, subscriptions, accounts, members, keys, \
        sessions, statistics. Every error is shown with file, line and column, and then nothing is imported. Importing the same file twice \
        changes nothing. `import usage` takes COUNTER reports (JSON, R5 and R5.1) and tables of use by address (CSV); with --dry-run it \
        needs no store and says what it understood. \
        Columns of every kind: docs/files.md."
    )]
    Import(ImportArguments),
    /// Write a COUNTER report in another form, or a standard view derived from it
    #[command(
        long_about = "Reads a COUNTER report in any form that `import usage` takes, and writes it as CSV, TSV, a workbook or COUNTER JSON of \
        the same release. With --view it writes a standard view, derived by the filters of the Code of Practice. It needs neither \
        configuration nor store. Example: avling convert tr.json --to xlsx --view TR_J1 --output tr_j1.xlsx"
    )]
    Convert(ConvertArguments),
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
    /// Agree locally on how shared use is divided: allocation keys
    Keys {
        /// What to do with keys
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Close a year: its figures stay, and what would change them is held until it is reopened
    #[command(
        long_about = "Closes a calendar year for the whole country: its statistics stay as they are. Later changes of usage, networks, \
        keys and so on are kept, but what they would do to the year's figures is pending, and listed here and in `avling status`. \
        Without --year it lists the closed years and what is pending. --reopen lets the year's figures be worked out again."
    )]
    Close(CloseArguments),
    /// Show who claims which addresses, and who shares them with whom
    Networks {
        /// What to show
        #[command(subcommand)]
        command: NetworksCommand,
    },
    /// Find out what a vendor has, and try out and describe sources
    Source {
        /// What to do with sources
        #[command(subcommand)]
        command: SourceCommand,
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

/// What to do with sources.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Send one request as a manifest says, and show what came and what was understood of it
    #[command(
        long_about = "Sends one request as a manifest says, and shows the beginning of the reply, what was understood of it row by row, and \
        what was not. Nothing is stored. FILE is a manifest, or a configuration with a [[source]] of the kind manifest. Secrets are those of \
        --account, which is looked up in the store; without it they come from AVLING_API_KEY and AVLING_REQUESTOR_ID in the environment, and \
        from --customer-id. Secrets and addresses of users are not shown."
    )]
    Test(SourceTestArguments),
    /// Answer questions and have a manifest written
    #[command(
        long_about = "Asks how a vendor is asked and how it replies, one question a line, and writes a manifest that `avling check` accepts. \
        An empty answer takes what stands in brackets. The answers may come from a file or another program."
    )]
    New(SourceNewArguments),
    /// Ask a vendor's COUNTER API what it has, and propose the configuration
    #[command(
        long_about = "Looks for a vendor's COUNTER API at and near an address, one request at a time, reads its lists of reports and \
        members, and proposes a [[source]] for the configuration and rows for a file of accounts. Nothing is stored.\n\n\
        Example:\n  \
        avling source discover https://example.org/counter/r51 --customer-id 12345 --api-key env:EXAMPLE_KEY"
    )]
    Discover(DiscoverArguments),
}

/// Arguments of `source test`.
#[derive(Debug, Args)]
pub struct SourceTestArguments {
    /// A manifest, or a configuration with a source of the kind manifest
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The source, where a configuration has several
    #[arg(long, value_name = "ID")]
    pub source: Option<SourceId>,
    /// Ask as this account of the store, with its secrets
    #[arg(long, value_name = "ID")]
    pub account: Option<AccountId>,
    /// The customer id, without an account
    #[arg(long, value_name = "TEXT", conflicts_with = "account")]
    pub customer_id: Option<String>,
    /// The month to ask for [default: the last full month]
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<Month>,
    /// Ask at this address, whatever the manifest or the source says
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Read this file as the reply, and send nothing
    #[arg(long, value_name = "FILE")]
    pub reply: Option<PathBuf>,
    /// Show so many rows
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub rows: usize,
}

/// Arguments of `source new`.
#[derive(Debug, Args)]
pub struct SourceNewArguments {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
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
    /// Members of consortia, as vendors list them
    Members,
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
    /// usage, with --dry-run: what is understood of this standard view (TR_J1, …), derived from the report
    #[arg(long, value_name = "ID", requires = "dry_run")]
    pub view: Option<ReportId>,
    /// statistics: the figures stand instead of this account's use of the product in their months; may be given several times
    #[arg(long, value_name = "ACCOUNT")]
    pub instead_of: Vec<AccountId>,
}

impl ImportArguments {
    /// Whether neither configuration nor store is needed.
    pub fn is_dry_usage(&self) -> bool {
        self.kind == ImportKind::Usage && self.dry_run && self.source.is_none()
    }

    /// Whether the configuration is needed, which says how files of the source are read, but no store.
    pub fn is_dry_usage_of_source(&self) -> bool {
        self.kind == ImportKind::Usage && self.dry_run && self.source.is_some()
    }
}

/// Arguments of `convert`.
#[derive(Debug, Args)]
pub struct ConvertArguments {
    /// The report
    pub file: PathBuf,
    /// csv, tsv, xlsx or json
    #[arg(long, value_name = "FORM")]
    pub to: crate::export::counter::CounterForm,
    /// This standard view (TR_J1, …), derived from the report
    #[arg(long, value_name = "ID")]
    pub view: Option<ReportId>,
    /// The file to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
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

/// Arguments of `source discover`.
#[derive(Debug, Args)]
pub struct DiscoverArguments {
    /// The address as the vendor gives it
    pub url: String,
    /// The customer id
    #[arg(long, value_name = "ID")]
    pub customer_id: String,
    /// The requestor id: env:NAME, credential:NAME, or itself
    #[arg(long, value_name = "SECRET")]
    pub requestor_id: Option<String>,
    /// The API key: env:NAME, credential:NAME, or itself
    #[arg(long, value_name = "SECRET")]
    pub api_key: Option<String>,
    /// The platform, for vendors that want one
    #[arg(long, value_name = "P")]
    pub platform: Option<String>,
    /// What COUNTER's registry says of the platform: a file of its API's JSON
    #[arg(long, value_name = "FILE")]
    pub registry: Option<PathBuf>,
    /// The id of the source that is proposed [default: from the host's name]
    #[arg(long, value_name = "ID")]
    pub id: Option<SourceId>,
    /// What we call ourselves, for vendors that refuse clients they do not know
    #[arg(long, value_name = "NAME")]
    pub user_agent: Option<String>,
    /// Ask over plain http too, where anybody on the way can read the credentials
    #[arg(long)]
    pub allow_http: bool,
    /// Write the source to this file, and the accounts beside it (FILE with the ending .accounts.csv)
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
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
    /// What makes no sense in what vendors reported
    Findings,
    /// What figures were before they changed, what they became, why, and who changed them
    Revisions,
    /// What was registered otherwise before: every change of networks, keys and all other files
    Changes,
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
    /// statistics: as they were at the end of this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub as_of: Option<chrono::NaiveDate>,
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
    /// The language of the answer: nb (bokmål), nn (nynorsk) or en
    #[arg(long, value_name = "nb|nn|en", default_value = "en")]
    pub language: crate::words::Language,
}

/// Arguments of `close`.
#[derive(Debug, Args)]
pub struct CloseArguments {
    /// The calendar year
    #[arg(long, value_name = "YYYY", value_parser = clap::value_parser!(i32).range(1990..=9999))]
    pub year: Option<i32>,
    /// Reopen it
    #[arg(long, requires = "year")]
    pub reopen: bool,
}

/// What `keys` does.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List keys, with what they wait for
    List {
        /// Only keys in this state: proposed, agreed, superseded or rejected
        #[arg(long, value_name = "STATE", value_parser = key_state)]
        state: Option<KeyState>,
        /// Only keys with an institution of this county (two digits)
        #[arg(long, value_name = "CC")]
        county: Option<String>,
        /// Only keys of this institution
        #[arg(long, value_name = "ID")]
        institution: Option<InstitutionId>,
    },
    /// Show a key: its weights, who has signed, and every step that was taken
    Show {
        /// The key
        key: KeyId,
    },
    /// Propose a key
    #[command(
        long_about = "Proposes a key: by which weights use that some institutions share is divided, from a first month on. It divides \
        nothing before everybody concerned has agreed (`avling keys agree`); the institution that proposes it has agreed by that.\n\n\
        Who takes part: those named with --member or --weight; if none are, everybody who subscribes and uses the addresses that \
        --applies-to names, or those of the institution that proposes.\n\n\
        Examples:\n  avling keys propose halden-2025 --institution 2010100 --from 2025-01 --by 'Kari Nordmann'\n  \
        avling keys propose halden-2025 --institution 2010100 --from 2025-01 --weight 2010100=70% --weight k3124=30% --by 'Kari Nordmann'"
    )]
    Propose(ProposeArguments),
    /// Agree to a proposed key, for an institution or, as its county, on behalf of those that have not yet
    Agree(SignArguments),
    /// Reject a proposed key
    Reject {
        /// Who, for whom
        #[command(flatten)]
        sign: SignArguments,
        /// Why
        #[arg(long, value_name = "WORDS")]
        why: String,
    },
    /// Show what a key would do to a year's figures, before anybody agrees
    Simulate {
        /// The key
        key: KeyId,
        /// The calendar year
        #[arg(long, value_name = "YYYY", value_parser = clap::value_parser!(i32).range(1990..=9999))]
        year: i32,
    },
}

fn key_state(text: &str) -> Result<KeyState, String> {
    text.parse().map_err(|()| format!("one of {}", KeyState::ALL.map(KeyState::as_str).join(", ")))
}

fn key_method(text: &str) -> Result<KeyMethod, String> {
    text.parse().map_err(|()| format!("one of {}", KeyMethod::ALL.map(KeyMethod::as_str).join(", ")))
}

/// Arguments of `keys propose`.
#[derive(Debug, Args)]
pub struct ProposeArguments {
    /// The id of the new key
    pub key: KeyId,
    /// The institution that proposes it
    #[arg(long, value_name = "ID", required_unless_present = "county", conflicts_with = "county")]
    pub institution: Option<InstitutionId>,
    /// The county that proposes it (two digits)
    #[arg(long, value_name = "CC")]
    pub county: Option<String>,
    /// The first month
    #[arg(long, value_name = "YYYY-MM")]
    pub from: Month,
    /// The last month, included [default: until another key takes its place]
    #[arg(long, value_name = "YYYY-MM")]
    pub to: Option<Month>,
    /// Only for use of this account or of addresses in this range [default: whatever they share]
    #[arg(long, value_name = "ACCOUNT|RANGE")]
    pub applies_to: Option<String>,
    /// Only for this product [default: all]
    #[arg(long, value_name = "ID")]
    pub product: Option<ProductId>,
    /// fixed, equal, population or measured [default: fixed with weights, else population]
    #[arg(long, value_name = "METHOD", value_parser = key_method)]
    pub method: Option<KeyMethod>,
    /// An institution that takes part; may be given several times
    #[arg(long = "member", value_name = "ID")]
    pub members: Vec<InstitutionId>,
    /// An institution with its weight, or with its part in percent (70%); may be given several times
    #[arg(long = "weight", value_name = "ID=WEIGHT")]
    pub weights: Vec<String>,
    /// Fill in weights from inhabitants, pupils and staff
    #[arg(long, conflicts_with_all = ["weights", "from_measured", "method"])]
    pub from_population: bool,
    /// Fill in weights from the sessions that the access control has seen in the twelve months before
    #[arg(long, conflicts_with_all = ["weights", "method"], requires = "product")]
    pub from_measured: bool,
}

/// Who agrees or rejects, for whom.
#[derive(Debug, Args)]
pub struct SignArguments {
    /// The key
    pub key: KeyId,
    /// For this institution; may be given several times
    #[arg(long = "institution", value_name = "ID", required_unless_present = "county", conflicts_with = "county")]
    pub institutions: Vec<InstitutionId>,
    /// As this county (two digits), on behalf of its institutions
    #[arg(long, value_name = "CC")]
    pub county: Option<String>,
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
