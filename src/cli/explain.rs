//! `avling explain`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::arguments::ExplainArguments;
use super::context::Context;
use super::{Done, Failure};
use crate::attribution::Attributor;
use crate::attribution::explain::{Question, explain};
use crate::model::registry::Registry;
use crate::model::{ReportId, Unit};
use crate::registry::problem::did_you_mean;
use crate::store::{StatisticFilter, Store};

/// Runs the command.
pub async fn run(context: &Context, arguments: &ExplainArguments) -> Result<Done, Failure> {
    let store = context.reader().await?;
    let registry = store.registry().await?;
    if let Some(id) = &arguments.institution
        && !registry.institutions.iter().any(|i| i.id == *id)
    {
        let near = did_you_mean(id.as_str(), registry.institutions.iter().map(|i| i.id.as_str()));
        return Err(Failure::input(format_args!("--institution {id}: no institution of that id is registered{near}")));
    }
    super::known::product(&arguments.product, &registry, &context.settings)?;
    arguments.report.iter().try_for_each(super::known::report)?;
    let report = match &arguments.report {
        Some(report) => report.clone(),
        None => report_of(&store, &registry, arguments).await?,
    };
    let unit = Unit { product: arguments.product.clone(), report: report.clone(), year: arguments.month.year() };
    let counts = store.counts(&unit).await?;
    let months = store.months_known(&unit).await?;
    let rows = store.months().await?;
    let replies: BTreeMap<_, _> =
        rows.into_iter().filter(|row| row.key.report == report).map(|row| ((row.key.account, row.key.month), row.reply)).collect();
    let rules = context.rules();
    let mut attributor = Attributor::new(&registry, &rules);
    let question = Question {
        institution: arguments.institution.clone(),
        product: arguments.product.clone(),
        month: arguments.month,
        metric: arguments.metric.clone(),
        report,
    };
    let earlier =
        store.earlier(&question.product, &question.report, question.month, question.institution.as_ref(), &question.metric).await?;
    let explanation = explain(&mut attributor, &question, &counts, &months, &replies, earlier)?;
    let names: HashMap<&str, &str> = registry.institutions.iter().map(|i| (i.id.as_str(), i.name.as_str())).collect();
    let name = |id: &str| names.get(id).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"));
    context.printer.result(&explanation, || explanation.words(&name))?;
    Ok(Done::Whole)
}

/// The report to explain where none was named: the headline figure's, else PR, else the only one there is.
async fn report_of(store: &Store, registry: &Registry, arguments: &ExplainArguments) -> Result<ReportId, Failure> {
    let filter = StatisticFilter {
        products: vec![arguments.product.clone()],
        metrics: vec![arguments.metric.clone()],
        from: Some(arguments.month),
        to: Some(arguments.month),
        ..StatisticFilter::default()
    };
    let reports: BTreeSet<ReportId> = store.statistics(&filter).await?.into_iter().map(|row| row.statistic.key.report).collect();
    let headline = registry.products.iter().find(|p| p.id == arguments.product).map_or("", |p| p.headline.as_str());
    let preferred = [headline.split(':').next().unwrap_or(""), "PR"];
    if let Some(report) = preferred.into_iter().find_map(|id| reports.iter().find(|r| r.as_str() == id)) {
        return Ok(report.clone());
    }
    let all: Vec<&str> = reports.iter().map(ReportId::as_str).collect();
    match all[..] {
        [] => Err(Failure::input(format_args!(
            "no report has {} of {} in {}; `avling export statistics --product {} --from {} --to {}` shows what there is",
            arguments.metric, arguments.product, arguments.month, arguments.product, arguments.month, arguments.month
        ))),
        [only] => Ok(ReportId::trusted(only)),
        _ => Err(Failure::input(format_args!("several reports have it; choose one with --report: {}", all.join(", ")))),
    }
}
