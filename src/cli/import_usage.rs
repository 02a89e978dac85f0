//! `avling import usage`: a COUNTER report, or a table of use, that somebody brings as a file.

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::arguments::ImportArguments;
use super::context::Context;
use super::printer::Printer;
use super::table::grouped;
use super::{Done, Failure};
use crate::config::SourceSettings;
use crate::formats::Reading;
use crate::formats::summary::{Summary, summarise};
use crate::formats::views::{self, DeriveError, View};
use crate::harvest::file_intake::{self, FileDesk, FileError, ReportFile, WhoseError, usable};
use crate::harvest::input::Input;
use crate::harvest::intake;
use crate::harvest::places::{ByClaims, Places};
use crate::harvest::settle::Settled;
use crate::model::registry::{Account, Registry};
use crate::model::{Month, Release, ReportId};
use crate::registry::problem::did_you_mean;

/// Says what is understood of each file; needs no store, and no configuration unless a source is said, by whose mapping files are read.
pub fn dry_run(arguments: &ImportArguments, source: Option<&SourceSettings>, printer: &Printer) -> Result<Done, Failure> {
    let mut documents = Vec::new();
    let mut text = String::new();
    for path in &arguments.files {
        let input = Input::of(path).map_err(Failure::input)?;
        let mut understood = understood(path, &input, source)?;
        if let Some(view) = &arguments.view {
            understood = as_view(path, &input, view, understood)?;
        }
        let (reading, summary) = understood;
        text.push_str(&words(path, &reading, &summary));
        documents.push(document(&reading, &summary)?);
    }
    let document = if documents.len() == 1 { documents.remove(0) } else { Value::Array(documents) };
    printer.result(&document, || text)?;
    Ok(Done::Whole)
}

fn understood(path: &Path, input: &Input, source: Option<&SourceSettings>) -> Result<(Reading, Summary), Failure> {
    let reader = BufReader::with_capacity(256 * 1024, input.open().map_err(Failure::input)?);
    let read = match source {
        None => summarise(reader),
        Some(source) => intake::summarise(reader, source),
    };
    read.map_err(|error| Failure::input(format_args!("{}: {error}", path.display())))
}

/// The source that was said: by its mapping files are read that are not COUNTER.
fn said_source<'a>(context: &'a Context, arguments: &ImportArguments, registry: &Registry) -> Option<&'a SourceSettings> {
    let of_account = arguments.account.as_ref().and_then(|id| registry.accounts.iter().find(|account| account.id == *id));
    let id = arguments.source.as_ref().or(of_account.map(|account| &account.source))?;
    context.settings.sources.iter().find(|source| source.id == *id)
}

/// Refuses what is no standard view.
pub fn known_view(view: &ReportId) -> Result<(), Failure> {
    let near = || did_you_mean(view.as_str(), views::VIEWS.into_iter());
    View::of(view.as_str(), Release::R51).map(|_| ()).map_err(|error| Failure::input(format_args!("--view: {error}{}", near())))
}

/// What is understood of the view that is derived from a file. What only says why there is no report has no view either.
fn as_view(path: &Path, input: &Input, view: &ReportId, plain: (Reading, Summary)) -> Result<(Reading, Summary), Failure> {
    let at = |error: DeriveError| Failure::input(format_args!("{}: {error}", path.display()));
    known_view(view)?;
    if plain.0.is_mapped {
        return Err(Failure::input(format_args!(
            "{}: is no COUNTER report, so no view is derived from it; leave --view out",
            path.display()
        )));
    }
    if !plain.0.has_items && plain.0.header.report.is_none() {
        return Ok(plain);
    }
    views::summarise(view.as_str(), &plain.0, BufReader::with_capacity(256 * 1024, input.open().map_err(Failure::input)?)).map_err(at)
}

fn document(reading: &Reading, summary: &Summary) -> Result<Value, Failure> {
    let header = &reading.header;
    // Sums beyond 2^64 cannot be stored either.
    let sum = u64::try_from(summary.sum).map_err(|_| Failure::input("the counts of the report add up to 2^64 or more"))?;
    Ok(json!({
        "report": header.report,
        "release": header.release,
        "months": summary.months,
        "records": reading.records,
        "sum": sum,
        "metrics": summary.metrics,
        "exceptions": reading.exceptions,
        "notes": reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}

fn words(path: &Path, reading: &Reading, summary: &Summary) -> String {
    use std::fmt::Write as _;
    let header = &reading.header;
    let mut out = String::new();
    let report = header.report.as_ref().map_or("a report without a name", |report| report.as_str());
    let release = header.release.map(|release| format!(", release {release}")).unwrap_or_default();
    let _ = writeln!(out, "{}: {report}{release}, {} counts above zero, sum {}", path.display(), grouped(reading.records), summary.sum);
    if let (Some(first), Some(last)) = (summary.months.first(), summary.months.last()) {
        let _ = writeln!(out, "  months: {first} to {last}, {} of them with counts", summary.months.len());
    }
    for (metric, sum) in &summary.metrics {
        let _ = writeln!(out, "  {metric}: {sum}");
    }
    for exception in &reading.exceptions {
        let _ = writeln!(out, "  the vendor says: {exception}");
    }
    for note in &reading.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    out
}

/// Says what is understood of each file, read as those of the source that was said.
pub fn dry_run_of_source(context: &Context, arguments: &ImportArguments) -> Result<Done, Failure> {
    let Some(id) = &arguments.source else { return dry_run(arguments, None, &context.printer) };
    let sources = &context.settings.sources;
    let Some(source) = sources.iter().find(|source| source.id == *id) else {
        let near = did_you_mean(id.as_str(), sources.iter().map(|source| source.id.as_str()));
        return Err(Failure::input(format_args!("--source {id}: no source of that name is configured{near}")));
    };
    dry_run(arguments, Some(source), &context.printer)
}

/// Runs the command.
pub async fn run(context: &Context, arguments: &ImportArguments) -> Result<Done, Failure> {
    let store = context.writer().await?;
    let registry = store.registry().await?;
    // Everything is looked at before anything is stored.
    let mut files = Vec::new();
    for path in &arguments.files {
        let input = Input::of(path).map_err(Failure::input)?;
        let (reading, summary) = understood(path, &input, said_source(context, arguments, &registry))?;
        let at = |what: String| Failure::input(format_args!("{}: {what}", path.display()));
        let this_month = Month::of(context.clock.today(context.settings.schedule.time_zone));
        // Whose an empty answer is does not matter.
        let report = if reading.has_items { None } else { Some(usable(&reading, std::iter::empty(), this_month).map_err(at)?) };
        let (account, source) = whose(context, &registry, arguments, &reading).map_err(at)?;
        let named = &reading.header.customer_id;
        if !named.is_empty() && !named.trim().eq_ignore_ascii_case(account.customer_id.trim()) {
            let words =
                format!("it names customer {named}; account {} is customer {}. It is taken as said", account.id, account.customer_id);
            context.printer.say(format_args!("avling: {}: {words}", path.display()));
        }
        let report = report.map_or_else(|| usable(&reading, summary.months.iter().copied(), this_month).map_err(at), Ok)?;
        files.push((path, input, account, source, report));
    }
    let places: Arc<dyn Places> = Arc::new(ByClaims::new(&registry));
    let (rules, archive) = (context.rules(), context.archive()?);
    let desk = FileDesk {
        settings: &context.settings,
        clock: context.clock,
        store: &store,
        archive: &archive,
        registry: &registry,
        rules: &rules,
        places: &places,
        who: &context.who,
    };
    let mut settled = Vec::new();
    for (path, input, account, source, report) in files {
        let (contents, sha256) = desk.look(&input, source).map_err(Failure::input)?;
        contents.reading.as_ref().map_err(|error| Failure::input(format_args!("{}: {error}", path.display())))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let file = ReportFile { name: &name, input: &input, account, source, report: &report, contents: &contents, sha256: &sha256 };
        let done = desk.settle(&file).await.map_err(|error| match error {
            FileError::Input(error) => Failure::input(error),
            other => other.into(),
        })?;
        settled.push((path, account, report, done));
    }
    store.close().await?;
    let document: Vec<Value> = settled
        .iter()
        .map(|(path, account, report, settled)| {
            let changes: Vec<Value> =
                settled.changes.iter().map(|c| json!({ "month": c.month, "before": c.before, "after": c.after })).collect();
            json!({ "file": path, "source": account.source, "account": account.id, "report": report, "rows": settled.rows, "changes": changes })
        })
        .collect();
    context.printer.result(&document, || {
        let line = |(path, account, report, settled): &(&std::path::PathBuf, &Account, crate::model::ReportId, Settled)| {
            let months = settled.changes.len();
            let what = if months == 0 {
                "nothing that was not there already".to_owned()
            } else {
                format!("{} rows in {months} months", grouped(settled.rows))
            };
            format!("{}: {report} of {} ({}): {what}\n", path.display(), account.id, account.source)
        };
        settled.iter().map(line).collect()
    })?;
    Ok(Done::Whole)
}

/// The account that a report belongs to, and its source.
fn whose<'a>(
    context: &'a Context,
    registry: &'a Registry,
    arguments: &ImportArguments,
    reading: &Reading,
) -> Result<(&'a Account, &'a SourceSettings), String> {
    let said = (arguments.source.as_ref(), arguments.account.as_ref());
    file_intake::whose(&context.settings, registry, said, reading).map_err(|error| match &error {
        WhoseError::NoSource { id, near } => format!("--source {id}: no source of that name is configured{near}"),
        WhoseError::NoAccount { id, near } => format!("--account {id}: no such account is registered{near}"),
        WhoseError::NamesNobody | WhoseError::Unknown(_) | WhoseError::NotSaid { .. } => {
            format!("{error}; say whose it is with --account ID")
        }
        WhoseError::Several(_) => format!("{error}; choose with --account ID"),
        WhoseError::NotConfigured { .. } => error.to_string(),
    })
}
