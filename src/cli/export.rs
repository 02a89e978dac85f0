//! `avling export`.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::{Seek as _, Write};

use super::arguments::{ExportArguments, ExportKind};
use super::context::{Context, write_whole};
use super::{Done, Failure, known};
use crate::export::query::{ReadModel, Who, missing, run as run_row};
use crate::export::{
    ChangeTableRow, FactRow, FindingRow, Format, Geography, RevisionRow, Selection, StatisticRow, Table, Text, WorkbookNotes, write_csv,
    write_json, write_statistics_xlsx, write_table_xlsx,
};
use crate::model::registry::{Covers, Registry};
use crate::model::{AccountId, Month, MonthRange, MonthState, SourceId};
use crate::store::{AccountMonth, MonthRow, StatisticFilter, Store, StoreError, StoredFact};

/// Runs the command.
pub async fn run(context: &Context, arguments: &ExportArguments) -> Result<Done, Failure> {
    if arguments.kind == ExportKind::NetworksForm {
        let registry = context.reader().await?.registry().await?;
        check(context, arguments, &registry)?;
        return super::form::run(context, &registry, arguments);
    }
    if arguments.output.is_none() && arguments.format == Format::Xlsx && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        return Err(Failure::input("a workbook is no text for a terminal; name a file with --output FILE.xlsx"));
    }
    let store = context.reader().await?;
    let registry = match arguments.as_of {
        Some(day) => store.registry_at(change_of(context, &store, day).await?).await?,
        None => store.registry().await?,
    };
    check(context, arguments, &registry)?;
    let written = match &arguments.output {
        Some(path) => {
            let mut written = 0;
            write_whole(path, |out| {
                written = collect(context, &store, &registry, arguments, out)?;
                Ok(())
            })?;
            context.printer.say(format_args!("{} written", path.display()));
            written
        }
        None => {
            // Nothing of what cannot be had whole is shown.
            let mut whole = tempfile::SpooledTempFile::new(IN_MEMORY);
            let written = collect(context, &store, &registry, arguments, &mut std::io::BufWriter::new(&mut whole))?;
            whole.seek(std::io::SeekFrom::Start(0))?;
            let mut out = std::io::stdout().lock();
            std::io::copy(&mut whole, &mut out)?;
            out.flush()?;
            written
        }
    };
    if written == 0 && arguments.format == Format::Csv {
        context.printer.say("avling: nothing matches; `avling export runs` tells what is harvested");
    }
    Ok(Done::Whole)
}

/// So many bytes of what goes to standard output are kept in memory, the rest in a temporary file.
const IN_MEMORY: usize = 16 * 1024 * 1024;

/// A name that nothing has is an oversight, not an empty result.
fn check(context: &Context, arguments: &ExportArguments, registry: &Registry) -> Result<(), Failure> {
    use crate::registry::problem::did_you_mean;
    let unknown =
        |what: &str, id: &str, near: String| Err(Failure::input(format_args!("{what} {id}: nothing of that name is registered{near}")));
    if arguments.month.is_some() && arguments.kind != ExportKind::NetworksForm {
        return Err(Failure::input("--month goes with networks-form; use --from and --to"));
    }
    known::range(arguments.from, arguments.to)?;
    let metrics =
        matches!(arguments.kind, ExportKind::Subscriptions | ExportKind::Runs | ExportKind::Findings) && !arguments.metrics.is_empty();
    if metrics || (arguments.kind == ExportKind::Subscriptions && arguments.report.is_some()) {
        return Err(Failure::input("subscriptions have no report and no metric, and runs and findings no metric; leave these out"));
    }
    if let Some(county) = &arguments.county
        && !registry.municipalities.iter().any(|m| m.county == *county)
    {
        return unknown("--county", county, " (two digits, such as 31)".into());
    }
    if let Some(code) = &arguments.municipality
        && !registry.municipalities.iter().any(|m| m.code == *code)
    {
        return unknown(
            "--municipality",
            code.as_str(),
            did_you_mean(code.as_str(), registry.municipalities.iter().map(|m| m.code.as_str())),
        );
    }
    arguments.products.iter().try_for_each(|id| known::product(id, registry, &context.settings))?;
    arguments.report.iter().try_for_each(known::report)?;
    arguments.institution.iter().try_for_each(|id| known::institution(id, registry))
}

/// The last change up to the end of a day where the libraries are.
async fn change_of(context: &Context, store: &Store, day: chrono::NaiveDate) -> Result<i64, Failure> {
    let midnight = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0));
    let zone = context.settings.schedule.time_zone;
    // Where clocks skip midnight, the day ends when they go on.
    let end = midnight.and_then(|midnight| {
        midnight
            .and_local_timezone(zone)
            .earliest()
            .or_else(|| (midnight + chrono::TimeDelta::hours(1)).and_local_timezone(zone).earliest())
    });
    let end = end.ok_or_else(|| Failure::input(format_args!("--as-of {day}: that day is beyond the calendar")))?;
    let last = end.with_timezone(&chrono::Utc) - chrono::TimeDelta::seconds(1);
    Ok(store.change_at(&last.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).await?)
}

/// Writes the export; gives the number of rows of what has rows one by one. The registry is that of the day, if there is one
/// (`--as-of`).
pub fn collect(
    context: &Context,
    store: &Store,
    registry: &Registry,
    arguments: &ExportArguments,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    now(export(context, store, registry, arguments, out))
}

/// Waits for something from where nothing knows of waiting: the writers, who take rows as they come.
fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

async fn export(
    context: &Context,
    store: &Store,
    registry: &Registry,
    arguments: &ExportArguments,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    if arguments.as_of.is_some() && arguments.kind != ExportKind::Statistics {
        return Err(Failure::input("--as-of is for statistics; `export revisions` and `export changes` tell what changed when"));
    }
    let today = arguments.as_of.unwrap_or_else(|| context.clock.today(context.settings.schedule.time_zone));
    let model = ReadModel::new(registry, today, arguments.geography);
    let who =
        Who { county: arguments.county.clone(), municipality: arguments.municipality.clone(), institution: arguments.institution.clone() };
    let in_range = |month: Month| arguments.from.is_none_or(|from| from <= month) && arguments.to.is_none_or(|to| month <= to);
    let mut months = store.months().await?;
    let mut as_of = None;
    if let Some(day) = arguments.as_of {
        let change = change_of(context, store, day).await?;
        let before = store.harvested_before(change).await?;
        for row in &mut months {
            if let Some(harvested_at) = before.get(&row.key) {
                row.harvested_at = *harvested_at;
            }
        }
        as_of = Some(change);
    }
    match arguments.kind {
        ExportKind::Statistics => {
            let filter = filter(&model, registry, &who, arguments, as_of);
            if arguments.format == Format::Xlsx {
                let rows = model.statistics(store.statistics(&filter).await?, &months, &who);
                let mut concerned = concerned(&model, registry, &who, &rows, &months);
                add_never_asked(context, registry, arguments, &months, &mut concerned);
                let notes = workbook_notes(context, &model, registry, arguments, &concerned);
                write_statistics_xlsx(out, &rows, &model.products(), &notes)?;
                return Ok(rows.len() as u64);
            }
            // A month at a time: rows are sorted by month first.
            let (reader, with_figures) = store.statistics_by_month(&filter).await?;
            let rows = with_figures.into_iter().flat_map(|month| match now(store.statistics_of_month(&reader, month)) {
                Ok(stored) => model.statistics(stored, &months, &who).into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            });
            write(context, arguments.format, out, rows)
        }
        ExportKind::Subscriptions => {
            let rows = model.subscriptions(&who, &arguments.products, arguments.from, arguments.to);
            write(context, arguments.format, out, rows.into_iter().map(Ok::<_, Infallible>))
        }
        ExportKind::Runs => {
            let picked =
                |row: &&MonthRow| in_range(row.key.month) && arguments.report.as_ref().is_none_or(|report| row.key.report == *report);
            let of_product = |row: &&MonthRow| {
                let source = context.settings.sources.iter().find(|source| source.id == row.source);
                arguments.products.is_empty()
                    || source.is_some_and(|source| source.products().into_iter().any(|product| arguments.products.contains(product)))
            };
            let months = concerned(&model, registry, &who, &[], &months);
            write(
                context,
                arguments.format,
                out,
                months.iter().filter(picked).filter(of_product).map(|row| Ok::<_, Infallible>(run_row(row))),
            )
        }
        ExportKind::Findings => {
            let concerned: BTreeSet<AccountMonth> =
                concerned(&model, registry, &who, &[], &months).into_iter().map(|row| row.key).collect();
            let source_of: std::collections::BTreeMap<&AccountMonth, &SourceId> =
                months.iter().map(|row| (&row.key, &row.source)).collect();
            let mut rows = Vec::new();
            for (finding, found_at) in store.report_findings().await? {
                let key = AccountMonth { account: finding.account.clone(), report: finding.report.clone(), month: finding.month };
                let of_report = arguments.report.as_ref().is_none_or(|report| finding.report == *report);
                let of_product =
                    arguments.products.is_empty() || finding.product.as_ref().is_some_and(|product| arguments.products.contains(product));
                if of_report && of_product && in_range(finding.month) && concerned.contains(&key) {
                    let source = source_of.get(&key).map(|source| (*source).clone());
                    rows.push(FindingRow { source, finding, found_at: found_at.as_str().into() });
                }
            }
            write(context, arguments.format, out, rows.into_iter().map(Ok::<_, Infallible>))
        }
        ExportKind::Revisions => {
            let filter = filter(&model, registry, &who, arguments, None);
            let revisions = store.revisions(&filter).await?;
            // Where places are those of each month, the filter could not choose.
            let wanted = |key: &crate::model::statistic::StatisticKey| model.is_wanted_in(key.institution.as_ref(), key.month, &who);
            let rows = revisions.into_iter().filter(|revision| wanted(&revision.key)).map(RevisionRow::from);
            write(context, arguments.format, out, rows.map(Ok::<_, Infallible>))
        }
        ExportKind::Changes => {
            let filtered = who != Who::default() || !arguments.products.is_empty() || arguments.report.is_some();
            if filtered || !arguments.metrics.is_empty() || arguments.from.is_some() || arguments.to.is_some() {
                return Err(Failure::input("changes of the registry are exported whole; leave out what would choose among figures"));
            }
            let mut steps = Vec::new();
            for kind in crate::model::registry::Kind::ALL {
                steps.extend(store.registry_steps(kind, None).await?.into_iter().map(|step| (kind, step)));
            }
            steps.sort_by_key(|(kind, step)| (step.change.id, *kind));
            let rows = steps.iter().map(|(kind, step)| ChangeTableRow::new(*kind, step));
            write(context, arguments.format, out, rows.map(Ok::<_, Infallible>))
        }
        ExportKind::NetworksForm => Err(Failure::input("forms are a workbook for each library, not one document")),
        ExportKind::Facts => {
            if arguments.county.is_some() || arguments.municipality.is_some() || arguments.institution.is_some() {
                return Err(Failure::input(
                    "facts are what vendors counted on their accounts, before any of it is a library's; leave out --county, --municipality and --institution",
                ));
            }
            let harvested = months.iter().filter(|row| row.state == MonthState::Harvested && in_range(row.key.month));
            let picked = harvested.filter(|row| arguments.report.as_ref().is_none_or(|report| row.key.report == *report));
            // A month of an account at a time: only the file itself is in memory whole.
            let rows = picked.flat_map(|row| match facts(store, &model, arguments, row) {
                Ok(rows) => rows.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            });
            write(context, arguments.format, out, rows)
        }
    }
}

/// The statistics that an export needs, as far as that is known before any is read.
fn filter(model: &ReadModel<'_>, registry: &Registry, who: &Who, arguments: &ExportArguments, as_of: Option<i64>) -> StatisticFilter {
    // Where places are those of today, whose rows are wanted is known before any is read.
    let known = *who != Who::default() && arguments.geography == Geography::Today;
    let of_wanted = || registry.institutions.iter().map(|i| &i.id).filter(|id| model.is_wanted(id, who)).cloned().map(Some).collect();
    StatisticFilter {
        products: arguments.products.clone(),
        report: arguments.report.clone(),
        metrics: arguments.metrics.clone(),
        institutions: match &arguments.institution {
            Some(id) => Some(vec![Some(id.clone())]),
            None => known.then(of_wanted),
        },
        from: arguments.from,
        to: arguments.to,
        as_of,
    }
}

/// The facts of one month of one report of one account, sorted by content and not by the order in which things arrived.
fn facts(store: &Store, model: &ReadModel<'_>, arguments: &ExportArguments, row: &MonthRow) -> Result<Vec<FactRow>, StoreError> {
    let mut rows = Vec::new();
    let take = &mut |fact: StoredFact<'_>| -> Result<(), StoreError> {
        let product = arguments.products.is_empty() || arguments.products.contains(fact.product);
        if product && (arguments.metrics.is_empty() || arguments.metrics.iter().any(|metric| metric == fact.metric)) {
            rows.push(model.fact(&fact, row));
        }
        Ok(())
    };
    let months = BTreeSet::from([row.key.month]);
    let read = store.facts(&row.key.account, &row.key.report, &months, take);
    now(read)?;
    rows.sort_by_cached_key(|row| format!("{row:?}"));
    Ok(rows)
}

fn write<T: Table, E: std::error::Error + Send + Sync + 'static>(
    context: &Context,
    format: Format,
    out: &mut dyn Write,
    rows: impl Iterator<Item = Result<T, E>>,
) -> Result<u64, Failure> {
    Ok(match format {
        Format::Csv => write_csv(out, rows)?,
        Format::Json => write_json(out, rows)?,
        Format::Xlsx => write_table_xlsx(out, rows, context.clock.now())?,
    })
}

/// The months of accounts whose use is, or may be, that of the institutions that are asked for.
fn concerned(model: &ReadModel<'_>, registry: &Registry, who: &Who, rows: &[StatisticRow], months: &[MonthRow]) -> Vec<MonthRow> {
    if *who == Who::default() {
        return months.to_vec();
    }
    let mut accounts: BTreeSet<&str> = rows.iter().flat_map(|row| row.accounts.split(' ')).collect();
    accounts.extend(registry.accounts.iter().filter_map(|account| {
        let covers = match &account.covers {
            Covers::Subscribers => true,
            Covers::These { institutions, .. } => institutions.iter().any(|institution| model.is_wanted(institution, who)),
        };
        covers.then_some(account.id.as_str())
    }));
    months.iter().filter(|row| accounts.contains(row.key.account.as_str())).cloned().collect()
}

/// Months of the selection that nobody has asked for yet, of accounts some months of which are concerned.
fn add_never_asked(context: &Context, registry: &Registry, arguments: &ExportArguments, known: &[MonthRow], concerned: &mut Vec<MonthRow>) {
    let zone = context.settings.schedule.time_zone;
    let from = arguments.from.unwrap_or(context.settings.schedule.backfill_from);
    let to = arguments.to.unwrap_or_else(|| context.clock.last_full_month(zone));
    let known: BTreeSet<&AccountMonth> = known.iter().map(|row| &row.key).collect();
    let everybody = arguments.county.is_none() && arguments.municipality.is_none() && arguments.institution.is_none();
    let accounts: BTreeSet<AccountId> = concerned.iter().map(|row| row.key.account.clone()).collect();
    for account in registry.accounts.iter().filter(|account| everybody || accounts.contains(&account.id)) {
        let Some(source) = context.settings.sources.iter().find(|source| source.id == account.source) else { continue };
        for report in source.reports.iter().filter(|report| arguments.report.as_ref().is_none_or(|wanted| wanted == *report)) {
            for month in MonthRange::new(from, to).iter().filter(|month| account.valid.in_month(*month)) {
                let key = AccountMonth { account: account.id.clone(), report: report.clone(), month };
                if !known.contains(&key) {
                    concerned.push(MonthRow::never_asked(key, source.id.clone()));
                }
            }
        }
    }
    concerned.sort_by(|a, b| a.key.cmp(&b.key));
}

fn workbook_notes(
    context: &Context,
    model: &ReadModel<'_>,
    registry: &Registry,
    arguments: &ExportArguments,
    months: &[MonthRow],
) -> WorkbookNotes {
    let name = |id: &str, name: Option<&String>| -> Text { name.map_or_else(|| id.into(), |name| format!("{id} {name}").into()) };
    let in_range =
        |row: &MonthRow| arguments.from.is_none_or(|from| from <= row.key.month) && arguments.to.is_none_or(|to| row.key.month <= to);
    let months: Vec<MonthRow> = months.iter().filter(|row| in_range(row)).cloned().collect();
    let products = |source: &SourceId| {
        let configured = context.settings.sources.iter().find(|s| s.id == *source);
        configured.map(|s| s.products().into_iter().cloned().collect()).unwrap_or_default()
    };
    WorkbookNotes {
        made_at: context.clock.now(),
        time_zone: context.settings.schedule.time_zone,
        selection: Selection {
            county: arguments.county.as_ref().and_then(|county| model.county_name(county)).unwrap_or_default(),
            municipality: arguments.municipality.as_ref().map_or_else(Text::default, |code| {
                let row = registry.municipalities.iter().filter(|m| m.code == *code).max_by_key(|m| m.valid.from);
                name(code.as_str(), row.map(|m| &m.name))
            }),
            institution: arguments
                .institution
                .as_ref()
                .map_or_else(Text::default, |id| name(id.as_str(), registry.institutions.iter().find(|i| i.id == *id).map(|i| &i.name))),
            products: arguments
                .products
                .iter()
                .map(|id| registry.products.iter().find(|p| p.id == *id).map_or_else(|| id.as_str().into(), |p| p.name.as_str().into()))
                .collect(),
            report: arguments.report.clone(),
            metrics: arguments.metrics.iter().map(|metric| metric.as_str().into()).collect(),
            from: arguments.from,
            to: arguments.to,
            geography: arguments.geography,
        },
        missing: missing(&months, &products),
    }
}
