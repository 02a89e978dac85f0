//! `avling explain`: reads no more than the question needs, so that it answers at once however large the store is.

use std::collections::{BTreeSet, HashMap};

use super::arguments::ExplainArguments;
use super::context::Context;
use super::{Done, Failure};
use crate::attribution::explain::{Evidence, Question, explain};
use crate::attribution::explanation::{Entered, Explanation};
use crate::attribution::nearby::Nearby;
use crate::attribution::{Attributor, Rules};
use crate::model::registry::{Registry, SharedTraffic};
use crate::model::{AccountId, Count, MonthRange, MonthsKnown, ReportId, Unit};
use crate::store::{StatisticFilter, Store};
use crate::words::Words;
use crate::words::explanation::{Document, text};

/// Runs the command.
pub async fn run(context: &Context, arguments: &ExplainArguments) -> Result<Done, Failure> {
    let store = context.reader().await?;
    let mut registry = store.registry_of(&arguments.product).await?;
    arguments.institution.iter().try_for_each(|id| super::known::institution(id, &registry))?;
    if registry.products.is_empty() {
        // Not registered: what it may have been meant to be is looked for among all.
        super::known::product(&arguments.product, &store.registry().await?, &context.settings)?;
    }
    arguments.report.iter().try_for_each(super::known::report)?;
    let report = match &arguments.report {
        Some(report) => report.clone(),
        None => report_of(&store, &registry, arguments).await?,
    };
    let question = Question {
        institution: arguments.institution.clone(),
        product: arguments.product.clone(),
        month: arguments.month,
        metric: arguments.metric.clone(),
        report,
    };
    let mut explanation = answer(&store, &mut registry, &context.rules(), &question).await?;
    explanation.closed_value = closed_value(&store, &question).await?.filter(|stands| *stands != explanation.value);
    if let Ok(archive) = context.archive() {
        for part in &mut explanation.parts {
            part.reply_file = archive.file_of(&part.reply).map(|path| path.display().to_string());
        }
    }
    let names: HashMap<&str, &str> = registry.institutions.iter().map(|i| (i.id.as_str(), i.name.as_str())).collect();
    let name = |id: &str| names.get(id).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"));
    let words = Words::of(arguments.language);
    let zone = context.settings.schedule.time_zone;
    context.printer.result(&Document::new(&explanation, words), || text(&explanation, words, &name, zone))?;
    Ok(Done::Whole)
}

/// The figure as it stands, where its year is closed and something is pending.
async fn closed_value(store: &Store, question: &Question) -> Result<Option<u64>, Failure> {
    let year = question.month.year();
    if store.closed_years().await?.iter().all(|closed| closed.year != year) {
        return Ok(None);
    }
    let filter = StatisticFilter {
        products: vec![question.product.clone()],
        report: Some(question.report.clone()),
        metrics: vec![question.metric.clone()],
        institutions: Some(vec![question.institution.clone()]),
        from: Some(question.month),
        to: Some(question.month),
        as_of: None,
    };
    let stands = store.statistics(&filter).await?.iter().fold(0_u64, |sum, row| sum.saturating_add(row.statistic.value));
    Ok(Some(stands))
}

/// Answers a question from the store. Of the registry only what the answer rests on is left.
async fn answer(store: &Store, registry: &mut Registry, rules: &Rules, question: &Question) -> Result<Explanation, Failure> {
    let unit = Unit { product: question.product.clone(), report: question.report.clone(), year: question.month.year() };
    let nearby = Nearby::new(registry, rules, question.institution.as_ref(), question.month);
    let mut counts = store.counts_until(&unit, &question.metric, question.month, nearby.accounts()).await?;
    nearby.narrow(registry, &mut counts);
    let (mut months, mut replies) = (MonthsKnown::new(), HashMap::new());
    let in_month = counts.iter().filter(|count| count.group.month == question.month);
    let accounts: BTreeSet<AccountId> = in_month.map(|count| count.account.clone()).collect();
    for month in store.reported_months(&question.report, MonthRange::new(question.month, question.month), &accounts).await? {
        replies.insert(month.account.clone(), month.reply);
        months.insert((month.account, month.month), month.facts);
    }
    let beside = replicas(registry, rules, &counts);
    let year = MonthRange::new(question.month.january(), question.month);
    for month in store.reported_months(&question.report, year, &beside).await? {
        months.insert((month.account, month.month), month.facts);
    }
    let earlier =
        store.earlier(&question.product, &question.report, question.month, question.institution.as_ref(), &question.metric).await?;
    let evidence =
        Evidence { counts: &counts, months: &months, replies: &replies, entered: entered(store, registry, question).await?, earlier };
    Ok(explain(&mut Attributor::new(registry, rules), question, evidence)?)
}

/// Accounts that may report the same traffic as those that have counts: which of them counts, their reports' sums decide.
fn replicas(registry: &Registry, rules: &Rules, counts: &[Count]) -> BTreeSet<AccountId> {
    let with_counts: BTreeSet<&AccountId> = counts.iter().map(|count| &count.account).collect();
    let sources: BTreeSet<_> = registry
        .accounts
        .iter()
        .filter(|account| with_counts.contains(&account.id) && rules.shared_traffic(&account.source) == SharedTraffic::Replicated)
        .map(|account| &account.source)
        .collect();
    registry.accounts.iter().filter(|account| sources.contains(&account.source)).map(|account| account.id.clone()).collect()
}

/// Who entered the figure by hand that is asked about, if there is one.
async fn entered(store: &Store, registry: &Registry, question: &Question) -> Result<Option<Entered>, Failure> {
    let asked = registry.manual.iter().find(|figure| question.asks_for(figure));
    let Some(figure) = asked else { return Ok(None) };
    let change = store.last_change_of(figure).await?;
    Ok(change.map(|change| Entered { who: change.who, at: change.at }))
}

/// The report to explain where none was named: the headline figure's, else PR, else the only one there is.
async fn report_of(store: &Store, registry: &Registry, arguments: &ExplainArguments) -> Result<ReportId, Failure> {
    let reports = store.reports_with(&arguments.product, &arguments.metric, arguments.month).await?;
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
