//! `avling status`: where every month stands, and what waits or fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::arguments::StatusArguments;
use super::context::Context;
use super::table::{Align, TextTable};
use super::{Done, Failure, close, files, known};
use crate::attribution::Attributor;
use crate::attribution::findings::{Finding, Harvested, findings};
use crate::model::finding::ReportFinding;
use crate::model::{AccountId, Month, MonthState, SourceId};
use crate::store::{MonthRow, Store};

/// Per state, how many accounts' reports.
#[derive(Debug, Default, Clone, Copy)]
struct Counts([usize; 5]);

const STATES: [MonthState; 5] = [MonthState::Harvested, MonthState::Empty, MonthState::Waiting, MonthState::Failing, MonthState::Gone];

/// Runs the command.
pub async fn run(context: &Context, arguments: &StatusArguments) -> Result<Done, Failure> {
    arguments.sources.iter().try_for_each(|id| known::source(id, &context.settings))?;
    known::range(arguments.from, arguments.to)?;
    let store = context.reader().await?;
    let picked = |row: &MonthRow| {
        (arguments.sources.is_empty() || arguments.sources.contains(&row.source))
            && arguments.from.is_none_or(|from| from <= row.key.month)
            && arguments.to.is_none_or(|to| row.key.month <= to)
    };
    let all = store.months().await?;
    let nothing_there = all.is_empty();
    let rows: Vec<MonthRow> = all.into_iter().filter(picked).collect();
    // An account counts once a month, with the worst of its reports.
    let mut worst: BTreeMap<(&SourceId, Month, &str), MonthState> = BTreeMap::new();
    for row in &rows {
        let state = worst.entry((&row.source, row.key.month, row.key.account.as_str())).or_insert(row.state);
        *state = (*state).max(row.state);
    }
    let mut counts: BTreeMap<(&SourceId, Month), Counts> = BTreeMap::new();
    for ((source, month, _), state) in &worst {
        let place = STATES.iter().position(|s| s == state).unwrap_or(0);
        counts.entry((source, *month)).or_default().0[place] += 1;
    }
    let open = open_rows(&rows);
    let found = found(context, &store, &rows).await?;
    let nonsense = nonsense(&store, &rows).await?;
    let held = close::pending(&store).await?;
    let files = files::status(context, &store, &arguments.sources).await?;
    let (of_folders, of_logs) = files.documents();
    let document = json!({
        "folders": of_folders,
        "logs": of_logs,
        "months": counts.iter().map(|((source, month), counts)| json!({
            "source": source, "month": month, "harvested": counts.0[0], "empty": counts.0[1], "waiting": counts.0[2],
            "failing": counts.0[3], "gone": counts.0[4],
        })).collect::<Vec<_>>(),
        "open": open.iter().map(|open| json!({
            "source": open.first.source, "account": open.first.key.account, "report": open.first.key.report,
            "from": open.first.key.month, "to": open.last, "state": open.first.state.as_str(), "reason": open.first.reason,
            "attempts": open.first.attempts.count, "next_attempt": open.first.next_attempt,
        })).collect::<Vec<_>>(),
        "findings": found.iter().map(|finding| json!(finding)).chain(nonsense.iter().map(|finding| json!({
            "kind": finding.kind.as_str(), "accounts": [finding.account], "report": finding.report, "product": finding.product,
            "from": finding.month, "to": finding.month, "what": finding.what,
        }))).collect::<Vec<_>>(),
        "closed": held.iter().map(close::Held::document).collect::<Vec<_>>(),
    });
    context.printer.result(&document, || {
        if nothing_there {
            return format!("Nothing has been harvested yet. `avling harvest` fetches what is due.\n{}", files.words());
        }
        if rows.is_empty() {
            let nothing = "Nothing matches: no month of this selection has been asked for yet. `avling status` shows all there is.";
            return format!("{nothing}\n{}", files.words());
        }
        let mut table = TextTable::new(&[
            ("source", Align::Left),
            ("month", Align::Left),
            ("harvested", Align::Right),
            ("empty", Align::Right),
            ("waiting", Align::Right),
            ("failing", Align::Right),
            ("gone", Align::Right),
        ]);
        for ((source, month), counts) in &counts {
            let numbers = counts.0.iter().map(|n| if *n == 0 { "·".to_owned() } else { n.to_string() });
            table.row([source.to_string(), month.to_string()].into_iter().chain(numbers));
        }
        let mut out = format!("Accounts by source and month, each as the worst of its reports:\n\n{table}");
        if !open.is_empty() {
            out.push_str("\nWaiting, failing, or not as asked for:\n");
        }
        for open in &open {
            let row = open.first;
            let months = if open.last == row.key.month { row.key.month.to_string() } else { format!("{} to {}", row.key.month, open.last) };
            let next = row.next_attempt.map_or_else(
                || "not asked again before something changes".to_owned(),
                |t| format!("next attempt {}", t.with_timezone(&context.settings.schedule.time_zone).format("%Y-%m-%d %H:%M %Z")),
            );
            let line = format!("  {} {} {} {months}: {}: {}; {next}\n", row.source, row.key.account, row.key.report, row.state, row.reason);
            out.push_str(&line);
        }
        if !found.is_empty() {
            out.push_str("\nTo be put right, since figures are less exact for it:\n");
        }
        for finding in &found {
            let months = if finding.from == finding.to { finding.from.to_string() } else { format!("{} to {}", finding.from, finding.to) };
            let accounts: Vec<&str> = finding.accounts.iter().map(AccountId::as_str).collect();
            let product = finding.product.as_ref().map(|product| format!(" {product}")).unwrap_or_default();
            out.push_str(&format!("  {}: {}{product} {months}: {}\n", finding.kind, accounts.join(" "), finding.what));
        }
        out.push_str(&nonsense_words(&nonsense));
        if !held.is_empty() {
            out.push_str(&format!("\n{}", close::words(&held)));
        }
        out.push_str(&files.words());
        out
    })?;
    Ok(Done::Whole)
}

/// What attribution finds in the months that were harvested.
async fn found(context: &Context, store: &Store, rows: &[MonthRow]) -> Result<Vec<Finding>, Failure> {
    let mut harvested = Harvested::new();
    for row in rows.iter().filter(|row| row.state == MonthState::Harvested) {
        harvested.entry((row.key.account.clone(), row.key.report.clone())).or_default().insert(row.key.month, row.total);
    }
    let registry = store.registry().await?;
    let rules = context.rules();
    Ok(findings(&mut Attributor::new(&registry, &rules), &store.all_scopes().await?, &harvested))
}

/// What makes no sense in the reports of these months.
async fn nonsense(store: &Store, rows: &[MonthRow]) -> Result<Vec<ReportFinding>, Failure> {
    let picked: BTreeSet<(&str, &str, Month)> =
        rows.iter().map(|row| (row.key.account.as_str(), row.key.report.as_str(), row.key.month)).collect();
    let found = store.report_findings().await?.into_iter().map(|(finding, _)| finding);
    Ok(found.filter(|f| picked.contains(&(f.account.as_str(), f.report.as_str(), f.month))).collect())
}

/// The same for people: of one kind in one report, the newest month, and how many there are besides.
fn nonsense_words(found: &[ReportFinding]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let mut of_report: BTreeMap<_, Vec<&ReportFinding>> = BTreeMap::new();
    for finding in found {
        of_report.entry((&finding.account, &finding.report, finding.kind, &finding.product)).or_default().push(finding);
    }
    let mut out = format!("\nReported, and hard to believe ({}; `avling export findings` has all):\n", found.len());
    for ((account, report, kind, _), mut findings) in of_report {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.month));
        let Some(newest) = findings.first() else { continue };
        let more = match findings.len() {
            1 => String::new(),
            n => format!(" (and {} months before)", n - 1),
        };
        out.push_str(&format!("  {kind}: {account} {report} {}{more}: {}\n", newest.month, newest.what));
    }
    out
}

/// Months in a row of one report of one account that are not well for one reason.
struct Open<'a> {
    first: &'a MonthRow,
    last: Month,
}

fn open_rows(rows: &[MonthRow]) -> Vec<Open<'_>> {
    let mut open: Vec<Open<'_>> = Vec::new();
    // A month that is there and did not come when it was asked for again is worth a line too.
    let not_well = |row: &&MonthRow| match row.state {
        MonthState::Waiting | MonthState::Failing => true,
        MonthState::Harvested => !row.reason.is_empty(),
        MonthState::Empty => row.unconfirmed && row.next_attempt.is_some(),
        MonthState::Gone => false,
    };
    for row in rows.iter().filter(not_well) {
        match open.last_mut() {
            Some(before)
                if before.first.key.account == row.key.account
                    && before.first.key.report == row.key.report
                    && before.last.next() == row.key.month
                    && before.first.state == row.state
                    && before.first.reason == row.reason =>
            {
                before.last = row.key.month;
            }
            _ => open.push(Open { first: row, last: row.key.month }),
        }
    }
    open
}
