//! Does the vendor make sense? HARVEST section 5, as pure functions of sums by month and metric.
//!
//! [`judge`] looks at one report of one account: its months as [`Figures`]. [`platform_differs`] compares reports, [`no_subscription`] and
//! [`no_use`] compare use and subscriptions. `check` brings them what the store has when a report is settled, and keeps what they find.
//!
//! Thresholds keep small libraries from being told of chance: see the constants.

pub mod check;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::model::finding::ReportFindingKind as Kind;
use crate::model::{InstitutionId, Month, ProductId, Release, ReportId};

/// A month is compared with so many before it.
pub const BEFORE: i32 = 12;
/// Of them at least so many must be known: the median of fewer says little, and a new account grows.
pub const KNOWN_BEFORE: usize = 6;
/// Neither a month nor the median is out of proportion below this: 3 uses after months of 30 are chance.
pub const PROPORTION_FROM: u64 = 100;
/// Two months with fewer uses than this may be the same by chance.
pub const IDENTICAL_FROM: u64 = 100;
/// So many requests in a month without a subscription are worth a look; a handful are trials and visitors.
pub const REQUESTS_WITHOUT_SUBSCRIPTION: u64 = 10;
/// A paid subscription is noticed after so many months without use.
pub const MONTHS_WITHOUT_USE: i32 = 3;
/// Reports are made on different days: so few counts between them are no difference.
const DIFFERENCE_FROM: u64 = 10;

/// What is known of a month that is known: harvested, or a confirmed zero, which has no sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// The vendor says that there will be more.
    pub partial: bool,
    /// The release that it was reported in.
    pub release: Option<Release>,
    /// By metric, data type and access method.
    pub sums: BTreeMap<(String, String, String), u64>,
    /// By product and metric.
    pub of_products: BTreeMap<(ProductId, String), u64>,
}

impl Figures {
    /// Adds a sum.
    pub fn add(&mut self, product: &ProductId, metric: &str, data_type: &str, access_method: &str, sum: u64) {
        let entry = self.sums.entry((metric.to_owned(), data_type.to_owned(), access_method.to_owned())).or_default();
        *entry = entry.saturating_add(sum);
        let entry = self.of_products.entry((product.clone(), metric.to_owned())).or_default();
        *entry = entry.saturating_add(sum);
    }

    /// A metric's sum over everything.
    #[must_use]
    pub fn metric(&self, metric: &str) -> u64 {
        self.sums.iter().filter(|((of, _, _), _)| of == metric).fold(0, |sum, (_, more)| sum.saturating_add(*more))
    }

    fn whole(&self) -> u64 {
        self.sums.values().fold(0, |sum, more| sum.saturating_add(*more))
    }

    fn of_kind(&self, metric: &str, kind: &(&str, &str)) -> u64 {
        self.sums.get(&(metric.to_owned(), kind.0.to_owned(), kind.1.to_owned())).copied().unwrap_or(0)
    }
}

/// The known months of a report of an account.
pub type Series = BTreeMap<Month, Figures>;

/// What is wrong with a month by itself and beside those before it.
#[must_use]
pub fn judge(report: &ReportId, series: &Series, month: Month) -> Vec<(Kind, String)> {
    let Some(figures) = series.get(&month) else { return Vec::new() };
    let mut found = Vec::new();
    found.extend(unique_above_total(figures).map(|what| (Kind::UniqueAboveTotal, what)));
    found.extend(requests_above_investigations(report, series, figures).map(|what| (Kind::RequestsAboveInvestigations, what)));
    found.extend(out_of_proportion(series, month, figures).map(|what| (Kind::OutOfProportion, what)));
    found.extend(identical(series, month, figures).map(|what| (Kind::IdenticalMonths, what)));
    found
}

/// Each unique use is one of the total at least (Code of Practice section 3.3.3), so there is nothing to tolerate.
fn unique_above_total(figures: &Figures) -> Option<String> {
    for of in ["Requests", "Investigations"] {
        let (unique, total) = (format!("Unique_Item_{of}"), format!("Total_Item_{of}"));
        let kinds =
            figures.sums.keys().filter(|(metric, _, _)| *metric == unique).map(|(_, kind, method)| (kind.as_str(), method.as_str()));
        let kinds: Vec<(&str, &str)> = kinds.collect();
        for kind in kinds {
            let (few, many) = (figures.of_kind(&unique, &kind), figures.of_kind(&total, &kind));
            if few > many {
                return Some(unique_words(&unique, few, &total, many, &format!(" of {} {}", kind.0, kind.1)));
            }
        }
        // A title's unique uses stand under the title's data type, its total under that of what was used: compared as a whole.
        let title = format!("Unique_Title_{of}");
        let (few, many) = (figures.metric(&title), figures.metric(&total));
        if few > many {
            return Some(unique_words(&title, few, &total, many, ""));
        }
    }
    None
}

fn unique_words(unique: &str, few: u64, total: &str, many: u64, of: &str) -> String {
    format!(
        "{unique}{of} is {few}, {total} {many}: there cannot be more unique uses than uses; ask the vendor, and trust neither until it has answered"
    )
}

/// Every request is an investigation too (Code of Practice section 3.3.3). Some views have no investigations, and people may leave them
/// out of a file: where no month of the report has any, nothing is said.
fn requests_above_investigations(report: &ReportId, series: &Series, figures: &Figures) -> Option<String> {
    for measure in ["Total_Item", "Unique_Item", "Unique_Title"] {
        let (requests, investigations) = (format!("{measure}_Requests"), format!("{measure}_Investigations"));
        if !series.values().any(|figures| figures.metric(&investigations) > 0) {
            continue;
        }
        let (more, less) = (figures.metric(&requests), figures.metric(&investigations));
        if more > less {
            return Some(format!(
                "{requests} is {more}, {investigations} {less}: every request is an investigation too; ask the vendor how it counts in {report}"
            ));
        }
    }
    None
}

/// The metrics by which a report's size is told, the best first.
const MEASURES: [&str; 6] = [
    "Total_Item_Requests",
    "Total_Item_Investigations",
    "Searches_Platform",
    "Searches_Regular",
    "Unique_Item_Requests",
    "Unique_Item_Investigations",
];

/// The metric by which these months are compared: one of [`MEASURES`], else the largest there is.
fn measure(months: &[&Figures]) -> Option<String> {
    let has = |metric: &&&str| months.iter().any(|figures| figures.metric(metric) > 0);
    if let Some(known) = MEASURES.iter().find(has) {
        return Some((*known).to_owned());
    }
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for ((metric, _, _), sum) in months.iter().flat_map(|figures| &figures.sums) {
        let entry = sums.entry(metric).or_default();
        *entry = entry.saturating_add(*sum);
    }
    sums.into_iter().max_by_key(|(_, sum)| *sum).map(|(metric, _)| metric.to_owned())
}

/// More than ten times, or less than a tenth of, the median of the twelve months before. A partial month is not called low.
fn out_of_proportion(series: &Series, month: Month, figures: &Figures) -> Option<String> {
    let before: Vec<&Figures> = series.range(month.plus(-BEFORE)..month).map(|(_, figures)| figures).collect();
    if before.len() < KNOWN_BEFORE {
        return None;
    }
    let metric = measure(&[before.as_slice(), &[figures]].concat())?;
    let mut sums: Vec<u64> = before.iter().map(|figures| figures.metric(&metric)).collect();
    sums.sort_unstable();
    // Twice the median, so that the mean of the two in the middle stays whole.
    let twice = match sums.len() % 2 {
        0 => u128::from(*sums.get(sums.len() / 2 - 1)?) + u128::from(*sums.get(sums.len() / 2)?),
        _ => 2 * u128::from(*sums.get(sums.len() / 2)?),
    };
    let now = figures.metric(&metric);
    let from = u128::from(PROPORTION_FROM);
    let high = u128::from(now) * 2 > twice * 10 && u128::from(now) >= from;
    let low = u128::from(now) * 20 < twice && twice >= 2 * from && !figures.partial;
    let median = if twice % 2 == 0 { (twice / 2).to_string() } else { format!("{}.5", twice / 2) };
    let known = before.len();
    let than = if high {
        "more than ten times"
    } else if low {
        "less than a tenth of"
    } else {
        return None;
    };
    Some(format!(
        "{metric} is {now}, {than} {median}, the median of the {known} known months of the twelve before; if nothing happened at the libraries that explains it, ask the vendor, and reharvest the month"
    ))
}

/// Exactly the figures of one of the twelve months before, in every metric, data type and access method.
fn identical(series: &Series, month: Month, figures: &Figures) -> Option<String> {
    let metrics = figures.sums.keys().map(|(metric, _, _)| metric).collect::<std::collections::BTreeSet<_>>().len();
    // One number alone may come twice.
    if figures.whole() < IDENTICAL_FROM || metrics < 2 {
        return None;
    }
    let (same, _) = series.range(month.plus(-BEFORE)..month).rev().find(|(_, before)| before.sums == figures.sums)?;
    Some(format!(
        "its figures are exactly those of {same}, in {} sums: most likely one month was reported twice; ask the vendor, and reharvest both",
        figures.sums.len()
    ))
}

/// What the platform's report has against those of databases, titles and items in the same month, in metrics that count each use once in
/// all of them. Of the three, those that are known.
#[must_use]
pub fn platform_differs(platform: &Figures, parts: &BTreeMap<&str, &Figures>) -> Option<String> {
    if platform.partial || parts.values().any(|part| part.partial) || parts.is_empty() {
        return None;
    }
    // Each report is made by itself, and R5 leaves more to the vendor than R5.1: what a difference may be, in percent.
    let r5 = platform.release == Some(Release::R5);
    let percent: u128 = if r5 { 5 } else { 1 };
    let above =
        |more: u64, less: u64| more.saturating_sub(less) > DIFFERENCE_FROM && u128::from(more) * 100 > u128::from(less) * (100 + percent);
    for metric in ["Total_Item_Requests", "Total_Item_Investigations"] {
        let whole = platform.metric(metric);
        let of_parts: Vec<(&str, u64)> = parts.iter().map(|(name, part)| (*name, part.metric(metric))).collect();
        // In R5, what is in several databases may stand in each of them.
        let larger = of_parts.iter().find(|(name, part)| above(*part, whole) && !(r5 && *name == "DR"));
        if let Some((name, part)) = larger {
            return Some(format!(
                "{metric} is {whole} in PR and {part} in {name}: a part is larger than the whole; ask the vendor which is right"
            ));
        }
        let sum = of_parts.iter().fold(0_u64, |sum, (_, part)| sum.saturating_add(*part));
        if of_parts.len() == 3 && above(whole, sum) {
            return Some(format!(
                "{metric} is {whole} in PR and {sum} in DR, TR and IR together: use is in none of them; ask the vendor what is missing"
            ));
        }
    }
    None
}

/// Use of a product in a month in which none of those who may have used it subscribes. `requests`: what was fetched.
#[must_use]
pub fn no_subscription(product: &ProductId, requests: u64, subscribed: bool) -> Option<String> {
    (!subscribed && requests >= REQUESTS_WITHOUT_SUBSCRIPTION).then(|| {
        format!(
            "Total_Item_Requests of {product} is {requests}, and nobody whom the account covers subscribes to it in the month: import the missing subscription, correct what the account covers, or ask the vendor to close the access"
        )
    })
}

/// Who pays for a product and has no use of it in the months up to this one, three in all.
#[must_use]
pub fn no_use(product: &ProductId, paying: &[&InstitutionId]) -> Option<String> {
    let first: Vec<&str> = paying.iter().take(5).map(|id| id.as_str()).collect();
    if first.is_empty() {
        return None;
    }
    let more = if paying.len() > first.len() { format!(" and {} more", paying.len() - first.len()) } else { String::new() };
    let (pay, have) = if paying.len() == 1 { ("pays", "has") } else { ("pay", "have") };
    Some(format!(
        "{}{more} {pay} for {product} and {have} not used it in this and the two months before; do their addresses and links work, and is it worth its price?",
        first.join(", ")
    ))
}
