//! `avling import sessions`: events of an access control, added up by month.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use super::arguments::ImportArguments;
use super::context::Context;
use super::table::grouped;
use super::{Done, Failure, attribute};
use crate::harvest::change::{Ground, change_registry};
use crate::model::registry::{Kind, Registry};
use crate::model::{Month, SessionCount};
use crate::registry::import::{Difference, changes};
use crate::registry::problem::Problems;
use crate::registry::sessions::{Events, Rules, Sessions, read};
use crate::store::{Changed, Store};

/// A file, and whether its sessions are added.
struct File {
    name: String,
    events: Events,
    is_new: bool,
}

/// Runs the command.
pub async fn run(context: &Context, arguments: &ImportArguments) -> Result<Done, Failure> {
    let store = if arguments.dry_run { context.reader().await? } else { context.writer().await? };
    let registry = store.registry().await?;
    let counted = store.session_files().await?;
    // Only this process writes, so that what is registered stays as it is while files are read.
    let files = read_files(context, arguments, &registry, &counted)?;
    let sessions = added(&registry, &files, arguments.replace)?;
    let difference = changes(&registry.sessions, &sessions, arguments.replace);
    let changed =
        if arguments.dry_run { Changed::default() } else { take(context, &store, &files, &difference, &counted, arguments).await? };
    store.close().await?;
    report(context, arguments, &files, &difference, changed)?;
    Ok(Done::Whole)
}

/// Reads all files; each is new, or counted already.
fn read_files(
    context: &Context,
    arguments: &ImportArguments,
    registry: &Registry,
    counted: &BTreeSet<String>,
) -> Result<Vec<File>, Failure> {
    let zone = context.settings.schedule.time_zone;
    let rules = Rules { registry, zone, this_month: Month::of(context.clock.today(zone)) };
    let (mut files, mut problems): (Vec<File>, _) = (Vec::new(), Problems::default());
    for path in &arguments.files {
        let at = |error: std::io::Error| Failure::input(format_args!("{}: {error}", path.display()));
        let name = path.display().to_string();
        let mut events = read(&name, std::fs::File::open(path).map_err(at)?, &rules).map_err(at)?;
        problems.extend(std::mem::take(&mut events.problems));
        let before = !arguments.replace && counted.contains(&events.sha256);
        let is_new = !before && !files.iter().any(|file| file.events.sha256 == events.sha256);
        files.push(File { name, events, is_new });
    }
    if problems.is_empty() { Ok(files) } else { Err(Failure::input(problems)) }
}

/// What is stored of each month that a new file has sessions of.
fn added(registry: &Registry, files: &[File], replace: bool) -> Result<Vec<SessionCount>, Failure> {
    let rows = registry.sessions.iter().filter(|_| !replace);
    let stored: Sessions = rows.map(|row| ((row.institution.clone(), row.product.clone(), row.month), row.sessions)).collect();
    let mut sums = Sessions::new();
    for (key, more) in files.iter().filter(|file| file.is_new).flat_map(|file| &file.events.sessions) {
        let sum = sums.entry(key.clone()).or_insert_with(|| stored.get(key).copied().unwrap_or(0));
        *sum = sum.checked_add(*more).filter(|sum| i64::try_from(*sum).is_ok()).ok_or_else(|| {
            Failure::input(format_args!("the sessions of {} for {} in {} are more than can be counted", key.0, key.1, key.2))
        })?;
    }
    if replace && sums.is_empty() && !registry.sessions.is_empty() {
        return Err(Failure::input(format_args!(
            "there are no sessions in the files, and --replace would remove all that are stored, {} months of institutions; \
             leave out --replace, or give the files that stay",
            registry.sessions.len()
        )));
    }
    Ok(sums.into_iter().map(|((institution, product, month), sessions)| SessionCount { institution, product, month, sessions }).collect())
}

/// Takes the sessions into the store, with the statistics that change by it, in one transaction.
async fn take(
    context: &Context,
    store: &Store,
    files: &[File],
    difference: &Difference,
    counted: &BTreeSet<String>,
    arguments: &ImportArguments,
) -> Result<Changed, Failure> {
    let new: Vec<&File> = files.iter().filter(|file| file.is_new).collect();
    let same_files = arguments.replace && new.iter().map(|file| file.events.sha256.clone()).collect::<BTreeSet<_>>() == *counted;
    if difference.changes.is_empty() && (new.is_empty() || same_files) {
        return Ok(Changed::default());
    }
    let base = |name: &str| Path::new(name).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let names: Vec<String> = new.iter().map(|file| base(&file.name)).collect();
    let mut transaction = store.begin(context.cause("registry", format!("import sessions {}", names.join(" ")))).await?;
    if arguments.replace {
        transaction.forget_session_files().await?;
    }
    for (file, name) in new.iter().zip(&names) {
        transaction.count_session_file(&file.events.sha256, name).await?;
    }
    let (rules, archive) = (context.rules(), context.archive()?);
    let ground = Ground { rules: &rules, settings: &context.settings, archive: &archive };
    let registry = transaction.registry().await?;
    let changed = change_registry(&mut transaction, &ground, &registry, &[(Kind::Sessions, difference.changes.clone())]).await?;
    transaction.commit().await?;
    Ok(changed)
}

fn report(
    context: &Context,
    arguments: &ImportArguments,
    files: &[File],
    difference: &Difference,
    changed: Changed,
) -> Result<(), Failure> {
    let Difference { added, replaced, removed, unchanged, .. } = difference;
    let sum = |file: &File| file.events.sessions.values().map(|sum| u128::from(*sum)).sum::<u128>();
    let shown: Vec<_> = files
        .iter()
        .map(|file| json!({ "file": file.name, "sha256": file.events.sha256, "rows": file.events.rows, "sessions": sum(file).to_string().parse::<u64>().ok(), "counted_before": !file.is_new }))
        .collect();
    let document = json!({
        "kind": Kind::Sessions.as_str(), "rows": files.iter().map(|file| file.events.rows).sum::<u64>(), "files": shown,
        "added": added, "replaced": replaced, "removed": removed, "unchanged": unchanged, "warnings": [], "dry_run": arguments.dry_run,
        "statistics": (!arguments.dry_run).then(|| json!({ "added": changed.added, "revised": changed.revised, "removed": changed.removed })),
    });
    context.printer.result(&document, || {
        let mut out = String::new();
        for file in files {
            let what = if file.is_new { "" } else { "; the file is counted already" };
            let sessions = u64::try_from(sum(file)).map_or_else(|_| sum(file).to_string(), grouped);
            out.push_str(&format!("{}: {sessions} sessions in {} rows{what}\n", file.name, grouped(file.events.rows)));
        }
        let count = |n: &usize| grouped(*n as u64);
        out.push_str(&format!("months of institutions and products: {} new, {} changed", count(added), count(replaced)));
        if *removed > 0 {
            out.push_str(&format!(", {} removed", count(removed)));
        }
        out.push_str(".\n");
        if arguments.dry_run {
            out.push_str("Nothing was changed: this was a dry run.\n");
        } else if changed != Changed::default() {
            out.push_str(&attribute::words(changed));
        }
        out
    })?;
    Ok(())
}
