//! Findings are looked for when a report is settled, in its transaction, from sums of the months around those that came.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};

use super::{BEFORE, Figures, MONTHS_WITHOUT_USE, Series, judge, no_subscription, no_use, platform_differs};
use crate::attribution::Attributor;
use crate::attribution::claimants::{Because, claimants};
use crate::config::SourceSettings;
use crate::harvest::settle::Subject;
use crate::model::finding::{ReportFinding, ReportFindingKind as Kind};
use crate::model::registry::{Covers, Subscription};
use crate::model::{AccountId, InstitutionId, Month, MonthRange, MonthState, ProductId, ReportId, Scope};
use crate::store::{StoreError, Transaction};

/// What a report is judged by itself for.
const OWN: [Kind; 4] = [Kind::UniqueAboveTotal, Kind::RequestsAboveInvestigations, Kind::OutOfProportion, Kind::IdenticalMonths];
/// What only the registry decides.
const OF_SUBSCRIPTIONS: [Kind; 2] = [Kind::NoSubscription, Kind::NoUse];
/// The reports that are compared with the platform's.
const PARTS: [&str; 3] = ["DR", "TR", "IR"];
/// By which of an account's reports it is told whether a subscription is used, the best first.
const WIDEST: [&str; 8] = ["PR", "TR", "DR", "IR", "PR_P1", "TR_J1", "TR_B1", "DR_D1"];

/// Who has figures of a product in a report, read once for as long as many reports are looked at.
#[derive(Debug, Default)]
struct Users(HashMap<(ProductId, ReportId), (MonthRange, Arc<UsersByMonth>)>);

/// Who, in which month.
type UsersByMonth = BTreeSet<(Month, InstitutionId)>;

impl Users {
    /// Who had figures in these months, and perhaps in more.
    async fn of(
        &mut self,
        transaction: &mut Transaction<'_>,
        product: &ProductId,
        report: &ReportId,
        months: MonthRange,
    ) -> Result<Arc<UsersByMonth>, StoreError> {
        let key = (product.clone(), report.clone());
        let mut wanted = months;
        if let Some((known, users)) = self.0.get(&key) {
            if known.contains(months.first) && known.contains(months.last) {
                return Ok(Arc::clone(users));
            }
            wanted = MonthRange::new(known.first.min(months.first), known.last.max(months.last));
        }
        let users = Arc::new(transaction.users_of(product, report, wanted).await?);
        self.0.insert(key, (wanted, Arc::clone(&users)));
        Ok(users)
    }
}

/// Looks at a report of which these months were settled, and keeps what is found instead of what was. Says how many findings are new.
///
/// # Errors
/// The database fails.
pub async fn settled(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    subject: &Subject<'_>,
    months: &BTreeSet<Month>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return Ok(0) };
    let now = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (account, report) = (subject.account, subject.report);
    // A month is measured by those before it, so a year after those that came is looked at again.
    let looked_at = MonthRange::new(*first, last.plus(BEFORE));
    let series = series(transaction, account, report, MonthRange::new(first.plus(-BEFORE), looked_at.last)).await?;
    let mut found = Vec::new();
    for month in series.range(looked_at.first..=looked_at.last).map(|(month, _)| *month) {
        let finding = |(kind, what)| ReportFinding { account: account.clone(), report: report.clone(), month, kind, product: None, what };
        found.extend(judge(report, &series, month).into_iter().map(finding));
    }
    let mut new = transaction.set_findings((account, report), looked_at, &OWN, &found, &now).await?;
    let looked_at = MonthRange::new(*first, last.plus(MONTHS_WITHOUT_USE - 1));
    let found =
        of_subscriptions(transaction, attributor, &mut Users::default(), subject.source, (account, report), &series, looked_at).await?;
    new += transaction.set_findings((account, report), looked_at, &OF_SUBSCRIPTIONS, &found, &now).await?;
    if report.as_str() == "PR" || PARTS.contains(&report.as_str()) {
        new += compare_reports(transaction, account, MonthRange::new(*first, *last), &now).await?;
    }
    Ok(new)
}

/// Looks again at what the registry decides, where something was found before: what people have put right is found no more.
///
/// # Errors
/// The database fails.
pub async fn registry_changed(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    sources: &[SourceSettings],
    now: &str,
) -> Result<(), StoreError> {
    let mut users = Users::default();
    for ((account, report), months) in transaction.findings_of_subscriptions().await? {
        let rows = transaction.months_of(&account, &report).await?;
        let source = rows.first().and_then(|row| sources.iter().find(|source| source.id == row.source));
        let found = match source {
            Some(source) => {
                let series = series(transaction, &account, &report, MonthRange::new(months.first.plus(-BEFORE), months.last)).await?;
                of_subscriptions(transaction, attributor, &mut users, source, (&account, &report), &series, months).await?
            }
            None => Vec::new(),
        };
        transaction.set_findings((&account, &report), months, &OF_SUBSCRIPTIONS, &found, now).await?;
    }
    Ok(())
}

/// The known months of a report.
async fn series(
    transaction: &mut Transaction<'_>,
    account: &AccountId,
    report: &ReportId,
    months: MonthRange,
) -> Result<Series, StoreError> {
    let mut series = Series::new();
    for row in transaction.months_of(account, report).await? {
        let known = row.state == MonthState::Harvested || (row.state == MonthState::Empty && !row.unconfirmed);
        if known && months.contains(row.key.month) {
            series.insert(row.key.month, Figures { partial: row.partial, release: row.release.parse().ok(), ..Figures::default() });
        }
    }
    for sum in transaction.metric_sums(account, report, months).await? {
        if let Some(figures) = series.get_mut(&sum.month) {
            figures.add(&sum.product, &sum.metric, &sum.data_type, &sum.access_method, sum.sum);
        }
    }
    Ok(series)
}

/// The platform's report beside the others; what is found is of the platform's.
async fn compare_reports(transaction: &mut Transaction<'_>, account: &AccountId, months: MonthRange, now: &str) -> Result<u64, StoreError> {
    let platform = ReportId::trusted("PR");
    let reports = transaction.reports_of(account).await?;
    if !reports.contains(&platform) {
        return Ok(0);
    }
    let of_platform = series(transaction, account, &platform, months).await?;
    let mut parts: Vec<(&str, Series)> = Vec::new();
    for name in PARTS {
        let report = ReportId::trusted(name);
        if reports.contains(&report) {
            parts.push((name, series(transaction, account, &report, months).await?));
        }
    }
    let mut found = Vec::new();
    for (month, figures) in &of_platform {
        let known: BTreeMap<&str, &Figures> = parts.iter().filter_map(|(name, series)| Some((*name, series.get(month)?))).collect();
        if let Some(what) = platform_differs(figures, &known) {
            found.push(ReportFinding {
                account: account.clone(),
                report: platform.clone(),
                month: *month,
                kind: Kind::PlatformDiffers,
                product: None,
                what,
            });
        }
    }
    transaction.set_findings((account, &platform), months, &[Kind::PlatformDiffers], &found, now).await
}

async fn of_subscriptions(
    transaction: &mut Transaction<'_>,
    attributor: &mut Attributor<'_>,
    users: &mut Users,
    source: &SourceSettings,
    (account, report): (&AccountId, &ReportId),
    series: &Series,
    months: MonthRange,
) -> Result<Vec<ReportFinding>, StoreError> {
    let mut found = Vec::new();
    let mut products: BTreeSet<ProductId> = source.products().into_iter().cloned().collect();
    products.extend(series.values().flat_map(|figures| figures.of_products.keys().map(|(product, _)| product.clone())));
    let widest = is_widest(report, &transaction.reports_of(account).await?);
    for product in products {
        let registry = attributor.registry();
        let mut subscriptions: HashMap<&InstitutionId, Vec<&Subscription>> = HashMap::new();
        for row in registry.subscriptions.iter().filter(|row| row.product == product) {
            subscriptions.entry(&row.institution).or_default().push(row);
        }
        // Nobody has ever subscribed: it is open to everyone.
        if subscriptions.is_empty() {
            continue;
        }
        for (month, figures) in series.range(months.first..=months.last) {
            let finding = |kind, what| ReportFinding {
                account: account.clone(),
                report: report.clone(),
                month: *month,
                kind,
                product: Some(product.clone()),
                what,
            };
            let requests = figures.of_products.get(&(product.clone(), "Total_Item_Requests".to_owned())).copied().unwrap_or(0);
            if requests > 0
                && let Some(subscribed) = subscribed(attributor, account, &product, *month)
            {
                found.extend(no_subscription(&product, requests, subscribed).map(|what| finding(Kind::NoSubscription, what)));
            }
            let quarter: Vec<Month> = (0..MONTHS_WITHOUT_USE).map(|back| month.plus(-back)).collect();
            if widest && quarter.iter().all(|month| series.get(month).is_some_and(|figures| !figures.partial)) {
                let paying = paying(attributor, account, &product, &quarter, &subscriptions);
                if paying.is_empty() {
                    continue;
                }
                let all = MonthRange::new(months.first.plus(1 - MONTHS_WITHOUT_USE), months.last);
                let used = users.of(transaction, &product, report, all).await?;
                let unused = |id: &&InstitutionId| !quarter.iter().any(|month| used.contains(&(*month, (*id).clone())));
                let paying: Vec<&InstitutionId> = paying.iter().filter(unused).collect();
                found.extend(no_use(&product, &paying).map(|what| finding(Kind::NoUse, what)));
            }
        }
    }
    Ok(found)
}

/// Whether the use of subscriptions is told by this report among those of the account.
fn is_widest(report: &ReportId, reports: &BTreeSet<ReportId>) -> bool {
    let best = WIDEST.iter().find(|name| reports.iter().any(|report| report.as_str() == **name));
    best.map_or_else(|| reports.first() == Some(report), |best| report.as_str() == *best)
}

/// Whether somebody who may have used the product on the account subscribes to it; nothing if nobody is known who may.
fn subscribed(attributor: &mut Attributor<'_>, account: &AccountId, product: &ProductId, month: Month) -> Option<bool> {
    let view = attributor.view(month);
    let account = view.account(account)?;
    let claimants = claimants(&view, attributor.rules(), &[account], &Scope::Account, product);
    let subscribers = view.subscribers(product);
    let subscribes = |id: &InstitutionId| subscribers.is_some_and(|subscribers| subscribers.contains(id));
    let mut anybody = claimants.all.keys().chain(claimants.dropped.keys()).peekable();
    if anybody.peek().is_none() {
        // An account of all subscribers, and there are none.
        return (account.covers == Covers::Subscribers).then_some(false);
    }
    Some(anybody.any(subscribes))
}

/// The institutions of the account that pay for the product in all of these months.
fn paying(
    attributor: &mut Attributor<'_>,
    account: &AccountId,
    product: &ProductId,
    months: &[Month],
    subscriptions: &HashMap<&InstitutionId, Vec<&Subscription>>,
) -> Vec<InstitutionId> {
    let Some(month) = months.first() else { return Vec::new() };
    let view = attributor.view(*month);
    let Some(account) = view.account(account) else { return Vec::new() };
    let claimants = claimants(&view, attributor.rules(), &[account], &Scope::Account, product);
    let covered = claimants.all.iter().filter(|(_, because)| matches!(because, Because::Covered | Because::Subscriber));
    let pays = |id: &InstitutionId, month: Month| {
        subscriptions.get(id).into_iter().flatten().any(|row| row.valid.in_month(month) && is_paid(&row.price))
    };
    covered.map(|(id, _)| id).filter(|id| months.iter().all(|month| pays(id, *month))).cloned().collect()
}

/// Whether a price is one: a decimal number above zero.
fn is_paid(price: &str) -> bool {
    price.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}
