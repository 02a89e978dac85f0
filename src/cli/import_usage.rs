//! `avling import usage`: a COUNTER report, or a table of use, that somebody brings as a file.

use std::collections::BTreeSet;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::arguments::ImportArguments;
use super::context::Context;
use super::input::Input;
use super::printer::Printer;
use super::table::grouped;
use super::{Done, Failure};
use crate::archive::ReplyRecord;
use crate::attribution::Attributor;
use crate::config::SourceSettings;
use crate::formats::Reading;
use crate::formats::summary::{Summary, summarise};
use crate::formats::views::{self, DeriveError, View};
use crate::harvest::intake;
use crate::harvest::places::{ByClaims, Places};
use crate::harvest::settle::{Desk, Reply, Settled, Subject};
use crate::model::registry::{Account, Registry};
use crate::model::{Month, MonthOutcome, MonthRange, MonthState, Release, ReportId, Trouble};
use crate::registry::problem::did_you_mean;
use crate::store::Store;

/// Says what is understood of each file; needs neither configuration nor store.
pub fn dry_run(arguments: &ImportArguments, printer: &Printer) -> Result<Done, Failure> {
    let mut documents = Vec::new();
    let mut text = String::new();
    for path in &arguments.files {
        let input = Input::of(path)?;
        let mut understood = understood(path, &input)?;
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

fn understood(path: &Path, input: &Input) -> Result<(Reading, Summary), Failure> {
    summarise(BufReader::with_capacity(256 * 1024, input.open()?))
        .map_err(|error| Failure::input(format_args!("{}: {error}", path.display())))
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
    if !plain.0.has_items && plain.0.header.report.is_none() {
        return Ok(plain);
    }
    views::summarise(view.as_str(), &plain.0, BufReader::with_capacity(256 * 1024, input.open()?)).map_err(at)
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

/// Runs the command.
pub async fn run(context: &Context, arguments: &ImportArguments) -> Result<Done, Failure> {
    let store = context.writer().await?;
    let registry = store.registry().await?;
    // Everything is looked at before anything is stored.
    let mut files = Vec::new();
    for path in &arguments.files {
        let input = Input::of(path)?;
        let (reading, summary) = understood(path, &input)?;
        let at = |what: String| Failure::input(format_args!("{}: {what}", path.display()));
        if !reading.has_items {
            let said: Vec<String> = reading.exceptions.iter().map(ToString::to_string).collect();
            return Err(at(format!("it holds no report, only: {}; nothing to import", said.join("; "))));
        }
        let (account, source) = whose(context, &registry, arguments, &reading).map_err(at)?;
        let named = &reading.header.customer_id;
        if !named.is_empty() && !named.trim().eq_ignore_ascii_case(account.customer_id.trim()) {
            let words =
                format!("it names customer {named}; account {} is customer {}. It is taken as said", account.id, account.customer_id);
            context.printer.say(format_args!("avling: {}: {words}", path.display()));
        }
        let this_month = Month::of(context.clock.today(context.settings.schedule.time_zone));
        if let Some(month) = summary.months.iter().find(|month| month.year() < 1990 || **month > this_month) {
            return Err(at(format!("it has figures for {month}, which cannot be")));
        }
        let report = reading.header.report.clone().or_else(|| reading.looks_like.and_then(|id| id.parse().ok()));
        let report = report.ok_or_else(|| at("it does not say which report it is (Report_ID)".into()))?;
        files.push((path, input, account, source, report, reading));
    }
    let places: Arc<dyn Places> = Arc::new(ByClaims::new(&registry));
    let mut settled = Vec::new();
    for (path, input, account, source, report, reading) in files {
        let file = File { path, input: &input, account, source, report: &report, reading: &reading };
        let done = file.settle(context, &store, &registry, &places).await?;
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
    let sources = &context.settings.sources;
    if let Some(id) = &arguments.source
        && !sources.iter().any(|source| source.id == *id)
    {
        return Err(format!(
            "--source {id}: no source of that name is configured{}",
            did_you_mean(id.as_str(), sources.iter().map(|s| s.id.as_str()))
        ));
    }
    let of_source = |account: &&Account| arguments.source.as_ref().is_none_or(|source| account.source == *source);
    let bare = |text: &str| text.rsplit(':').next().unwrap_or(text).trim().to_ascii_lowercase();
    let header = &reading.header;
    let mut ids: BTreeSet<String> = header.institution_ids.iter().map(|id| bare(&id.value)).collect();
    ids.insert(header.customer_id.trim().to_ascii_lowercase());
    ids.remove("");
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    let found: Vec<&Account> = if let Some(id) = &arguments.account {
        registry.accounts.iter().filter(|account| account.id == *id).filter(of_source).collect()
    } else {
        registry
            .accounts
            .iter()
            .filter(|account| ids.contains(&account.customer_id.trim().to_ascii_lowercase()))
            .filter(of_source)
            .collect()
    };
    let account = match (found[..].as_ref(), &arguments.account) {
        ([account], _) => *account,
        ([], Some(id)) => {
            return Err(format!(
                "--account {id}: no such account is registered{}",
                did_you_mean(id.as_str(), registry.accounts.iter().map(|a| a.id.as_str()))
            ));
        }
        ([], None) if named.is_empty() => return Err("it names no customer; say whose it is with --account ID".into()),
        ([], None) => {
            return Err(format!(
                "it names {}, which is the customer id of no registered account; say whose it is with --account ID",
                named.join(" and ")
            ));
        }
        (several, _) => {
            let ids: Vec<String> = several.iter().map(|account| format!("{} ({})", account.id, account.source)).collect();
            return Err(format!("several accounts have its customer id: {}; choose with --account ID", ids.join(", ")));
        }
    };
    let source = sources.iter().find(|source| source.id == account.source);
    let source = source.ok_or_else(|| format!("account {} belongs to source {}, which is not configured", account.id, account.source))?;
    Ok((account, source))
}

/// A report as a file.
struct File<'a> {
    path: &'a Path,
    input: &'a Input,
    account: &'a Account,
    source: &'a SourceSettings,
    report: &'a crate::model::ReportId,
    reading: &'a Reading,
}

impl File<'_> {
    /// The months that the report covers, as far as a harvest would ask for them: of others it is no news that there was no use.
    fn covered(&self, context: &Context) -> impl Iterator<Item = Month> {
        let header = &self.reading.header;
        let schedule = &context.settings.schedule;
        let range = header.begin.zip(header.end).map(|(begin, end)| {
            let last_full = context.clock.last_full_month(schedule.time_zone);
            MonthRange::new(Month::of(begin).max(schedule.backfill_from), Month::of(end).min(last_full))
        });
        range.into_iter().flat_map(MonthRange::iter).filter(|month| self.account.valid.in_month(*month))
    }

    /// Archives the file, and stores what it holds.
    async fn settle(&self, context: &Context, store: &Store, registry: &Registry, places: &Arc<dyn Places>) -> Result<Settled, Failure> {
        let archive = context.archive()?;
        let header = &self.reading.header;
        let mut reader = self.input.open()?;
        let contents = intake::look(&mut reader, self.source, &**places);
        contents.reading.as_ref().map_err(|error| Failure::input(format_args!("{}: {error}", self.path.display())))?;
        let looked_at = reader.finish()?;
        let mut writer = archive.begin().await?;
        let mut reader = self.input.open()?;
        let mut piece = vec![0; 256 * 1024];
        loop {
            let n = reader.read(&mut piece)?;
            let Some(bytes) = piece.get(..n).filter(|bytes| !bytes.is_empty()) else { break };
            writer.write(bytes).await?;
        }
        if reader.finish()? != looked_at {
            return Err(Failure::input(format_args!("{}: was written to while it was read; import it again", self.path.display())));
        }
        let release = header.release.map(|release| release.to_string()).unwrap_or_default();
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let archived = writer
            .finish(ReplyRecord {
                source: self.source.id.clone(),
                account: self.account.id.clone(),
                report: self.report.clone(),
                release: release.clone(),
                begin: contents.months.keys().next().copied(),
                end: contents.months.keys().next_back().copied(),
                method: "FILE".into(),
                url: format!("file:{name}"),
                request_headers: Vec::new(),
                status: 200,
                headers: Vec::new(),
                fetched_at: context.clock.now(),
                sha256: String::new(),
                bytes: 0,
                complete: true,
                problem: String::new(),
            })
            .await?;
        let known = store.months_of(&self.account.id, self.report).await?;
        let partial = self.reading.exceptions.iter().any(|e| e.code == 3040);
        let incomplete = partial || self.reading.exceptions.iter().any(|e| (3030..3040).contains(&e.code));
        let outcome =
            |month, state| MonthOutcome { partial, trouble: partial.then_some(Trouble::Partial), ..MonthOutcome::plain(month, state) };
        let mut outcomes: Vec<MonthOutcome> = contents.months.keys().map(|month| outcome(*month, MonthState::Harvested)).collect();
        // A month that the report covers and has nothing for was not used, unless something else is known.
        for month in self.covered(context).filter(|_| !incomplete) {
            let open = known
                .iter()
                .find(|row| row.key.month == month)
                .is_none_or(|row| matches!(row.state, MonthState::Waiting | MonthState::Failing | MonthState::Gone) || row.unconfirmed);
            if open && !contents.months.contains_key(&month) {
                outcomes.push(outcome(month, MonthState::Empty));
            }
        }
        let rules = context.rules();
        let attributor = Mutex::new(Attributor::new(registry, &rules));
        let desk = Desk { store, archive: &archive, attributor: &attributor, places, who: &context.who };
        let subject = Subject { source: self.source, account: &self.account.id, report: self.report };
        let reply = Reply { sha256: &archived.sha256, contents: &contents, release };
        Ok(desk.settle(&subject, &outcomes, Some(&reply), context.clock.now()).await?)
    }
}
