//! `avling close`: years whose figures stay as they are, and what is held back until they are reopened.

use std::collections::BTreeSet;

use serde_json::json;

use super::arguments::CloseArguments;
use super::context::Context;
use super::table::grouped;
use super::{Done, Failure, attribute};
use crate::attribution::Attributor;
use crate::harvest::attribute::everything;
use crate::store::{Changed, Store};

/// Runs the command.
pub async fn run(context: &Context, arguments: &CloseArguments) -> Result<Done, Failure> {
    match arguments.year {
        None => {
            let store = context.reader().await?;
            let held = pending(&store).await?;
            let document = json!({ "closed": held.iter().map(Held::document).collect::<Vec<_>>() });
            context.printer.result(&document, || words(&held))?;
            Ok(Done::Whole)
        }
        Some(year) if arguments.reopen => reopen(context, year).await,
        Some(year) => close(context, year).await,
    }
}

async fn close(context: &Context, year: i32) -> Result<Done, Failure> {
    let store = context.writer().await?;
    let mut transaction = store.begin(context.cause("closing", format!("close {year}"))).await?;
    let has_figures = transaction.units().await?.iter().any(|unit| unit.year == year);
    if !has_figures {
        transaction.roll_back().await?;
        return Err(Failure::input(format_args!("--year {year}: there are no figures of that year to close")));
    }
    let newly = transaction.close_year(year).await?;
    if newly {
        transaction.commit().await?
    } else {
        transaction.roll_back().await?
    }
    store.close().await?;
    context.printer.result(&json!({ "year": year, "closed": true, "was_closed": !newly }), || {
        if newly {
            format!("{year} is closed: its figures stay as they are until `avling close --year {year} --reopen`.\n")
        } else {
            format!("{year} was closed already.\n")
        }
    })?;
    Ok(Done::Whole)
}

async fn reopen(context: &Context, year: i32) -> Result<Done, Failure> {
    let store = context.writer().await?;
    let mut transaction = store.begin(context.cause("reopening", format!("close {year} --reopen"))).await?;
    if !transaction.reopen_year(year).await? {
        transaction.roll_back().await?;
        return Err(Failure::input(format_args!("--year {year}: that year is not closed")));
    }
    let registry = transaction.registry().await?;
    let rules = context.rules();
    let mut attributor = Attributor::new(&registry, &rules);
    let changed = everything(&mut transaction, &mut attributor, Some(year)).await?;
    transaction.commit().await?;
    store.close().await?;
    let document = json!({ "year": year, "closed": false, "statistics": { "added": changed.added, "revised": changed.revised, "removed": changed.removed } });
    context.printer.result(&document, || {
        let mut out = format!("{year} is open again.\n");
        if changed != Changed::default() {
            out.push_str(&attribute::words(changed));
        }
        out
    })?;
    Ok(Done::Whole)
}

/// A closed year, and what is held back in it.
pub struct Held {
    year: i32,
    since: String,
    by: String,
    changes: Vec<crate::store::ChangeRow>,
    units: Vec<String>,
}

impl Held {
    /// As JSON.
    pub fn document(&self) -> serde_json::Value {
        json!({ "year": self.year, "since": self.since, "by": self.by, "pending": self.changes, "touches": self.units })
    }
}

/// The closed years with what is pending in them.
pub async fn pending(store: &Store) -> Result<Vec<Held>, Failure> {
    let closed = store.closed_years().await?;
    if closed.is_empty() {
        return Ok(Vec::new());
    }
    let units = store.pending().await?;
    let wanted: BTreeSet<i64> = closed.iter().map(|year| year.change).chain(units.values().flatten().copied()).collect();
    let changes = store.changes(&wanted).await?;
    let mut held = Vec::new();
    for year in closed {
        let of_year = || units.iter().filter(|(unit, _)| unit.year == year.year);
        let ids: BTreeSet<i64> = of_year().flat_map(|(_, changes)| changes.iter().copied()).collect();
        let closing = changes.iter().find(|change| change.id == year.change);
        held.push(Held {
            year: year.year,
            since: closing.map(|change| change.at.clone()).unwrap_or_default(),
            by: closing.map(|change| change.who.clone()).unwrap_or_default(),
            changes: changes.iter().filter(|change| ids.contains(&change.id)).cloned().collect(),
            units: of_year().map(|(unit, _)| format!("{} {}", unit.product, unit.report)).collect(),
        });
    }
    Ok(held)
}

/// What is closed and pending, in words.
pub fn words(held: &[Held]) -> String {
    if held.is_empty() {
        return "No year is closed.\n".into();
    }
    let mut out = String::new();
    for year in held {
        out.push_str(&format!("{} is closed since {} by {}.\n", year.year, year.since, year.by));
        if year.changes.is_empty() {
            out.push_str("  Nothing is pending.\n");
            continue;
        }
        out.push_str(&format!(
            "  Pending ({}), each of which would move figures of {}:\n",
            grouped(year.changes.len() as u64),
            year.units.join(", ")
        ));
        for change in &year.changes {
            out.push_str(&format!("    {} {}: {}\n", change.at, change.who, change.what));
        }
    }
    out
}
