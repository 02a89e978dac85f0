//! `avling harvest` and `avling reharvest`.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Mutex;

use super::arguments::SelectionArguments;
use super::context::Context;
use super::progress::Bar;
use super::table::grouped;
use super::{Done, Failure, files, known};
use crate::attribution::Attributor;
use crate::config::{Settings, SourceKind};
use crate::harvest::places::ByClaims;
use crate::harvest::{HarvestReport, Harvester, PATIENCE};
use crate::model::MonthState;
use crate::model::release4::is_release_4;
use crate::schedule::{KnownMonth, KnownMonths, PlanRules, Selection, SourcePlan, Task, plan};
use crate::sources::HttpClients;
use crate::store::{MonthRow, Store};

/// Runs the command.
pub async fn run(context: &Context, arguments: &SelectionArguments, again: bool) -> Result<Done, Failure> {
    if again && (arguments.from.is_none() || arguments.to.is_none()) {
        return Err(Failure::input("reharvest replaces what is there, so it wants a range: --from YYYY-MM --to YYYY-MM"));
    }
    known::range(arguments.from, arguments.to)?;
    arguments.reports.iter().try_for_each(known::report)?;
    let store = context.writer().await?;
    let selection = Selection {
        sources: arguments.sources.clone(),
        accounts: arguments.accounts.clone(),
        reports: arguments.reports.clone(),
        from: arguments.from,
        to: arguments.to,
        again,
    };
    read_once(context, &selection)?;
    // What is here already costs nobody any waiting; the sessions of logs weigh in what comes after.
    let taken = files::take(context, &store, &selection).await?;
    let report = harvest(context, &store, &selection).await?;
    store.close().await?;
    let mut document = document(&report);
    taken.document(&mut document);
    context.printer.result(&document, || {
        let asked = if report.requests.is_empty() && !taken.is_empty() { String::new() } else { words(&report, again) };
        taken.words() + &asked
    })?;
    Ok(if taken.failed() || report.failures().next().is_some() { Done::InPart } else { Done::Whole })
}

/// Files are not fetched again by asking.
fn read_once(context: &Context, selection: &Selection) -> Result<(), Failure> {
    let named = context.settings.sources.iter().find(|source| source.files.is_some() && selection.sources.contains(&source.id));
    match named {
        Some(source) if selection.again => Err(Failure::input(format_args!(
            "--source {}: its files are read once; to read a report again use `avling import usage FILE`",
            source.id
        ))),
        _ => Ok(()),
    }
}

/// Plans and harvests.
pub async fn harvest(context: &Context, store: &Store, selection: &Selection) -> Result<HarvestReport, Failure> {
    let registry = store.registry().await?;
    let settings = &context.settings;
    selection.sources.iter().try_for_each(|id| known::source(id, settings))?;
    selection.accounts.iter().try_for_each(|id| known::account(id, &registry))?;
    let rules = PlanRules {
        backfill_from: settings.schedule.backfill_from,
        restate_months: settings.schedule.restate_months,
        zone: settings.schedule.time_zone,
    };
    let months = store.months().await?;
    // What becomes due while this run would wait for it is due.
    let until = context.clock.now() + PATIENCE;
    let mut tasks = plan(&source_plans(settings), &registry.accounts, &known_months(&months), &rules, selection, until);
    // A report that is named may be one of a release that a source does not speak.
    tasks.retain(|task| speaks(settings, task));
    let archive = context.archive()?;
    let clients = HttpClients::new(None)?;
    let sealer = context.sealer();
    let attribution = context.rules();
    let bar = Bar::new(context.printer);
    let harvester = Harvester {
        settings,
        registry: &registry,
        store,
        archive,
        clients: &clients,
        sealer: &sealer,
        clock: context.clock,
        attributor: Mutex::new(Attributor::new(&registry, &attribution)),
        places: Arc::new(ByClaims::new(&registry)),
        who: &context.who,
        progress: &bar,
        releases: Mutex::default(),
        members_asked: Mutex::default(),
        lists: Mutex::default(),
        unbounded: selection.again,
    };
    let report = harvester.run(tasks).await;
    bar.finish();
    Ok(report?)
}

/// What each source that is asked for reports wants harvested.
fn source_plans(settings: &Settings) -> Vec<SourcePlan> {
    let asked = settings
        .sources
        .iter()
        .filter(|source| matches!(source.kind, SourceKind::CounterApi | SourceKind::SushiSoap | SourceKind::Manifest));
    asked.map(|source| SourcePlan { source: source.id.clone(), reports: source.reports.clone() }).collect()
}

/// Whether the report of a task is one of the release that its source speaks.
fn speaks(settings: &Settings, task: &Task) -> bool {
    let source = settings.sources.iter().find(|source| source.id == task.source);
    source.is_some_and(|source| (source.kind == SourceKind::SushiSoap) == is_release_4(&task.report))
}

fn known_months(rows: &[MonthRow]) -> KnownMonths {
    let mut known = KnownMonths::new();
    for row in rows {
        let month = KnownMonth { state: row.state, next_attempt: row.next_attempt, checked_at: row.checked_at };
        known.entry((row.key.account.clone(), row.key.report.clone())).or_default().insert(row.key.month, month);
    }
    known
}

/// The report as JSON.
pub fn document(report: &HarvestReport) -> serde_json::Value {
    let requests: Vec<_> = report
        .requests
        .iter()
        .map(|request| {
            let months: Vec<_> = request
                .outcomes
                .iter()
                .map(|o| json!({ "month": o.month, "state": o.state.as_str(), "reason": o.reason, "next_attempt": o.next_attempt, "partial": o.partial, "unconfirmed": o.unconfirmed }))
                .collect();
            let changes: Vec<_> =
                request.changes.iter().map(|c| json!({ "month": c.month, "before": c.before, "after": c.after })).collect();
            json!({
                "source": request.task.source, "account": request.task.account, "report": request.task.report,
                "months": months, "changes": changes, "rows": request.rows, "findings": request.findings, "bytes": request.bytes, "notes": request.notes,
            })
        })
        .collect();
    let count = |state| report.months(state);
    json!({
        "harvested": count(MonthState::Harvested), "empty": count(MonthState::Empty), "waiting": count(MonthState::Waiting),
        "failing": count(MonthState::Failing), "gone": count(MonthState::Gone), "requests": requests,
    })
}

/// The report for people.
pub fn words(report: &HarvestReport, again: bool) -> String {
    use std::fmt::Write as _;
    if report.requests.is_empty() {
        return "Nothing is due.\n".into();
    }
    let mut out = String::new();
    let bytes: u64 = report.requests.iter().map(|r| r.bytes).sum();
    let rows: u64 = report.requests.iter().map(|r| r.rows).sum();
    let _ = write!(out, "{} months harvested, {} empty", report.months(MonthState::Harvested), report.months(MonthState::Empty));
    for state in [MonthState::Waiting, MonthState::Failing, MonthState::Gone] {
        if report.months(state) > 0 {
            let _ = write!(out, ", {} {state}", report.months(state));
        }
    }
    let _ = writeln!(out, "; {} rows from {} bytes.", grouped(rows), grouped(bytes));
    match report.requests.iter().map(|request| request.findings).sum::<u64>() {
        0 => {}
        1 => out.push_str("One new thing in them is hard to believe; `avling status` says what.\n"),
        n => {
            let _ = writeln!(out, "{} new things in them are hard to believe; `avling status` says what.", grouped(n));
        }
    }
    if again {
        let changed: Vec<_> =
            report.requests.iter().flat_map(|r| r.changes.iter().filter(|c| c.before.is_some()).map(move |c| (r, c))).collect();
        if changed.is_empty() {
            out.push_str("Nothing that was there has changed.\n");
        }
        for (request, change) in changed {
            let before = change.before.map_or_else(|| "nothing".into(), grouped);
            let after = grouped(change.after);
            let _ = writeln!(out, "  {} {} {}: {before} -> {after}", request.task.account, request.task.report, change.month);
        }
    }
    let kinds = [
        (MonthState::Failing, None, "Needs a person:"),
        (MonthState::Waiting, Some(true), "Could not be fetched, tried again later:"),
        (MonthState::Waiting, Some(false), "Waiting:"),
    ];
    for (state, trouble, title) in kinds {
        let of_kind = report.requests.iter().filter(|r| trouble.is_none_or(|trouble| r.trouble == trouble));
        let first: Vec<_> = of_kind.filter_map(|r| r.outcomes.iter().find(|o| o.state == state).map(|o| (r, o))).collect();
        if first.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{title}");
        for (request, outcome) in first {
            let months = request.outcomes.iter().filter(|o| o.state == state).count();
            let more = if months > 1 { format!(" and {} more", months - 1) } else { String::new() };
            let next = outcome.next_attempt.map(|t| format!("; next attempt {}", t.format("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
            let _ = writeln!(
                out,
                "  {} {} {} {}{more}: {}{next}",
                request.task.source, request.task.account, request.task.report, outcome.month, outcome.reason
            );
        }
    }
    out
}
