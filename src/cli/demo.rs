//! `avling demo`: the main job with nothing to set up.
//!
//! Simulated vendors, the bundled registry, two harvests on two days, verification, exports. Each step is what the command of
//! its name does, so that the demonstration can be stopped anywhere and goes on where it was; nothing in it is a special case.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::arguments::{DemoArguments, ExportArguments, ExportKind};
use super::context::{Context, write_whole};
use super::export::collect;
use super::printer::Printer;
use super::table::{Align, TextTable, grouped};
use super::{Done, Failure, harvest, import, verify};
use crate::clock::Clock;
use crate::config;
use crate::export::query::ReadModel;
use crate::export::{Format, Geography};
use crate::harvest::HarvestReport;
use crate::model::registry::Registry;
use crate::model::{Month, MonthState};
use crate::schedule::Selection;
use crate::simulator::Simulator;
use crate::simulator::demo::{COUNTY, FIRST_DAY, REGISTRY, SECOND_DAY, demo_config, demo_vendors};
use crate::store::{StatisticFilter, Store};

/// Runs the command.
pub async fn run(arguments: &DemoArguments, printer: &Printer) -> Result<Done, Failure> {
    let dir = &arguments.dir;
    check_is_ours(dir)?;
    std::fs::create_dir_all(dir.join("exports")).map_err(|error| Failure::input(format_args!("{}: {error}", dir.display())))?;
    let dir = &dir.canonicalize()?;
    printer.say("Starting vendors on this machine: their usage is invented, what they answer with is COUNTER as real vendors send it.");
    let simulator = Simulator::start(demo_vendors(), FIRST_DAY).await?;
    let file = dir.join("avling.toml");
    let text = configuration(&simulator);
    write_whole(&file, |out| Ok(out.write_all(text.as_bytes())?))?;
    let settings = config::load(Some(&file), std::iter::empty()).map_err(Failure::input)?;
    let mut context = Context { settings, clock: at(FIRST_DAY), printer: *printer, who: "avling demo".into(), signed: false };
    let store = context.writer().await?;

    printer.say("Reading the registry: municipalities with their inhabitants, libraries, networks, subscriptions, accounts …");
    for (kind, name, content) in REGISTRY {
        let kind = kind.parse().map_err(|()| anyhow::anyhow!("the bundled registry has no kind {kind}"))?;
        import::store_files(&context, &store, kind, &[(*name, content.as_bytes())], import::Manner::default()).await?;
    }
    printer.say(format_args!("{}: harvesting the year 2024 …", day(FIRST_DAY)));
    let first = harvest::harvest(&context, &store, &Selection::default()).await?;
    said(printer, &first);
    simulator.set_today(SECOND_DAY);
    context.clock = at(SECOND_DAY);
    printer.say(format_args!("{}: harvesting what is new, what was late, and the newest months once more …", day(SECOND_DAY)));
    let second = harvest::harvest(&context, &store, &Selection::default()).await?;
    said(printer, &second);
    drop(simulator);

    printer.say("Verifying: working every figure out again, reading every archived reply again …");
    let verified = verify::check(&context, &store).await?;
    printer.say("Writing a workbook for every county …");
    let registry = store.registry().await?;
    let written = exports(&context, &store, &registry, dir)?;
    let summary = summary(&context, &store, &registry).await?;
    store.close().await?;
    let document = json!({
        "dir": dir, "config": file, "exports": written, "verified": verified,
        "harvests": [harvest::document(&first), harvest::document(&second)], "county": summary.document,
    });
    printer.result(&document, || {
        let mut out = summary.text;
        let _ = write!(out, "\n{}", verify::words(&verified));
        let here = dir.display();
        let _ = writeln!(out, "\nWorkbooks for all counties: {here}/exports/  (county-{COUNTY}.xlsx is the table above, month by month)");
        let _ = writeln!(out, "Every figure can be asked why, for example:");
        let _ = writeln!(out, "  avling --config {} {}", file.display(), summary.question);
        let _ = writeln!(out, "Other things to try with the same --config: status, networks overlaps, export facts, verify");
        out
    })?;
    let failed = first.failures().next().is_some() || second.failures().next().is_some();
    Ok(match (verified.violations.is_empty(), failed) {
        (false, _) => Done::Violated,
        (true, true) => Done::InPart,
        (true, false) => Done::Whole,
    })
}

/// The first line of the configuration that the demonstration writes, by which it knows its own folder again.
const OURS: &str = "# Written by `avling demo`.";

/// Invented data must never get into a real site.
fn check_is_ours(dir: &Path) -> Result<(), Failure> {
    let file = dir.join("avling.toml");
    let ours = std::fs::read_to_string(&file).is_ok_and(|text| text.starts_with(OURS));
    let foreign = ["avling.toml", "avling.db", "avling.key", "archive"].into_iter().find(|name| dir.join(name).exists());
    match foreign {
        Some(name) if !ours => Err(Failure::input(format_args!(
            "{} holds something ({name}) that the demonstration did not make; give it a folder of its own with --dir",
            dir.display()
        ))),
        _ => Ok(()),
    }
}

/// Half past four in the morning in Norway.
fn at(day: NaiveDate) -> Clock {
    let time = day.and_hms_opt(3, 30, 0).map_or(DateTime::<Utc>::MIN_UTC, |time| time.and_utc());
    Clock::Fixed(time)
}

fn day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

fn configuration(simulator: &Simulator) -> String {
    format!(
        "{OURS} The vendors are simulated and run only while the demonstration does.\n\
         [data]\ndir = \".\"\n\n[schedule]\nbackfill_from = \"2024-01\"\n\n{}",
        demo_config(|vendor| simulator.url(vendor))
    )
}

fn said(printer: &Printer, report: &HarvestReport) {
    let months = |state| report.months(state);
    let rows: u64 = report.requests.iter().map(|request| request.rows).sum();
    let restated = report.requests.iter().flat_map(|r| &r.changes).filter(|change| change.before.is_some()).count();
    let mut words = format!("  {} months of reports, {} counts", months(MonthState::Harvested), grouped(rows));
    let others = [
        (months(MonthState::Empty), "without use"),
        (months(MonthState::Waiting), "not ready"),
        (months(MonthState::Failing), "failed"),
        (restated, "restated by the vendor"),
    ];
    for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(words, ", {count} {what}");
    }
    printer.say(words);
    for (request, outcome) in report.failures() {
        printer.say(format_args!("  {} {} {}: {}", request.task.account, request.task.report, outcome.month, outcome.reason));
    }
}

fn year() -> (Option<Month>, Option<Month>) {
    (Month::new(2024, 1), Month::new(2024, 12))
}

/// A workbook for each county, and everything as CSV.
fn exports(context: &Context, store: &Store, registry: &Registry, dir: &Path) -> Result<Vec<String>, Failure> {
    let (from, to) = year();
    let today = context.clock.today(context.settings.schedule.time_zone);
    let counties = ReadModel::new(registry, today, Geography::Today).counties();
    let arguments = |kind, county: Option<&str>, format| ExportArguments {
        kind,
        county: county.map(str::to_owned),
        municipality: None,
        institution: None,
        products: Vec::new(),
        report: None,
        metrics: Vec::new(),
        from,
        to,
        as_of: None,
        month: None,
        geography: Geography::Today,
        format,
        output: None,
    };
    let mut wanted: Vec<(String, ExportArguments)> = counties
        .keys()
        .map(|county| (format!("county-{county}.xlsx"), arguments(ExportKind::Statistics, Some(county), Format::Xlsx)))
        .collect();
    wanted.push(("statistics.csv".into(), arguments(ExportKind::Statistics, None, Format::Csv)));
    wanted.push(("runs.csv".into(), arguments(ExportKind::Runs, None, Format::Csv)));
    let mut written = Vec::new();
    for (name, arguments) in wanted {
        let path = dir.join("exports").join(name);
        write_whole(&path, |out| collect(context, store, registry, &arguments, out).map(|_| ()))?;
        written.push(path.display().to_string());
    }
    Ok(written)
}

/// What the demonstration ends with.
struct Summary {
    text: String,
    document: serde_json::Value,
    question: String,
}

/// The county's libraries and their headline figures of the year.
async fn summary(context: &Context, store: &Store, registry: &Registry) -> Result<Summary, Failure> {
    let (from, to) = year();
    let today = context.clock.today(context.settings.schedule.time_zone);
    let model = ReadModel::new(registry, today, Geography::Today);
    let who = crate::export::query::Who { county: Some(COUNTY.into()), ..Default::default() };
    let stored = store.statistics(&StatisticFilter { from, to, ..StatisticFilter::default() }).await?;
    let rows = model.statistics(stored, &store.months().await?, &who);
    let mut products: Vec<&crate::model::registry::Product> = registry.products.iter().collect();
    products.retain(|product| rows.iter().any(|row| row.product == product.id));
    let headline = |product: &crate::model::registry::Product| match product.headline.split_once(':') {
        Some((report, metric)) => (report.to_owned(), metric.to_owned()),
        None => ("PR".to_owned(), "Unique_Item_Requests".to_owned()),
    };
    let mut institutions: Vec<(String, String)> =
        rows.iter().filter_map(|row| Some((row.institution.as_ref()?.to_string(), row.institution_name.to_string()))).collect();
    institutions.sort();
    institutions.dedup();
    let mut header = vec![("library", Align::Left)];
    header.extend(products.iter().map(|product| (product.name.as_str(), Align::Right)));
    header.push(("quality of the figures", Align::Left));
    let mut table = TextTable::new(&header);
    let mut document = Vec::new();
    let mut question = None;
    for (id, name) in &institutions {
        let own = |row: &&crate::export::StatisticRow| row.institution.as_ref().is_some_and(|own| own.as_str() == id);
        let mut cells = vec![name.clone()];
        let mut figures = serde_json::Map::new();
        let mut qualities = std::collections::BTreeSet::new();
        for product in &products {
            let (report, metric) = headline(product);
            let of_product: Vec<_> = rows
                .iter()
                .filter(own)
                .filter(|row| row.product == product.id && row.report.as_str() == report && *row.metric == *metric)
                .collect();
            let sum: u64 = of_product.iter().map(|row| row.value).sum();
            qualities.extend(of_product.iter().map(|row| row.quality.as_str()));
            if let Some(shared) = of_product.iter().find(|row| !row.shared_with.is_nobody() && row.value > 0) {
                question.get_or_insert_with(|| {
                    format!(
                        "explain --institution {id} --product {} --month {} --metric {metric} --report {report}",
                        product.id, shared.month
                    )
                });
            }
            cells.push(if of_product.is_empty() { "·".into() } else { grouped(sum) });
            figures.insert(product.id.to_string(), json!(sum));
        }
        cells.push(qualities.into_iter().collect::<Vec<_>>().join(", "));
        document.push(json!({ "institution": id, "name": name, "figures": figures }));
        table.row(cells);
    }
    let county = model.county_name(COUNTY).unwrap_or_else(|| COUNTY.into());
    let text = format!("\nUse in {county}, 2024, per library (headline figure of each product):\n\n{table}");
    Ok(Summary { text, document: json!(document), question: question.unwrap_or_else(|| "status".into()) })
}
