//! Whether what is stored holds what ATTRIBUTION section 6 promises, checked on the store itself.
//!
//! [`verify`] works everything out again: facts from the archived replies, statistics from the facts, sums from both,
//! and lists every [`Violation`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use serde::Serialize;

use super::attribute::AttributeError;
use super::intake::{Contents, look, product_rules};
use super::places::{Nowhere, Places};
use super::settle::SettleError;
use crate::archive::{Archive, ArchiveError};
use crate::attribution::Attributor;
use crate::config::{Settings, SourceSettings};
use crate::formats::FormatError;
use crate::formats::summary::MonthDigests;
use crate::model::statistic::StatisticKey;
use crate::model::{Addresses, Month, MonthState, Scope, Statistic, Unit, UsageRecord};
use crate::store::{MonthRow, StatisticFilter, Store, StoreError, StoredFact};

/// Something that should never be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which promise is broken.
    pub kind: &'static str,
    /// Where.
    pub place: String,
    /// What was found, and what should be.
    pub what: String,
}

/// What was checked, and what was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verified {
    /// Units (product, report, year) worked out again.
    pub units: usize,
    /// Figures compared.
    pub statistics: usize,
    /// Months of reports whose facts were compared with their archived reply.
    pub months: usize,
    /// Archived replies read again.
    pub replies: usize,
    /// Archived replies, or months of them, that could not be compared because their rules or the claims of addresses have changed since.
    pub skipped: usize,
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
}

impl Verified {
    /// Notes something that should never be.
    #[allow(clippy::needless_pass_by_value, reason = "texts made for it, and ids, come as they are")]
    pub fn found(&mut self, kind: &'static str, place: impl ToString, what: impl ToString) {
        self.violations.push(Violation { kind, place: place.to_string(), what: what.to_string() });
    }
}

/// Checks everything.
///
/// # Errors
/// The store cannot be read at all; what is wrong in it is a violation.
pub async fn verify(
    store: &Store,
    archive: &Archive,
    settings: &Settings,
    attributor: &mut Attributor<'_>,
    places: &Arc<dyn Places>,
) -> Result<Verified, SettleError> {
    let mut verified = Verified::default();
    let months = match store.months().await {
        Ok(months) => months,
        Err(StoreError::Corrupt(what)) => {
            // Nothing can be compared with what cannot be read.
            verified.found("months", store.path().display(), what);
            return Ok(verified);
        }
        Err(error) => return Err(error.into()),
    };
    if months.is_empty() && archive.records().next().is_some() {
        verified.found("store", store.path().display(), "knows of no month, but the archive holds replies: is it the right store?");
    }
    for problem in store.damage().await? {
        verified.found("database", store.path().display(), problem);
    }
    let sums = check_sums(store, &months, &mut verified).await.map_err(SettleError::from);
    corrupt_is_found("sum", store, sums, &mut verified)?;
    let replies = check_replies(store, archive, settings, places, &months, &mut verified).await;
    corrupt_is_found("facts", store, replies, &mut verified)?;
    let statistics = check_statistics(store, attributor, &mut verified).await;
    corrupt_is_found("statistics", store, statistics, &mut verified)?;
    let histories = match store.broken_histories().await {
        Ok(broken) => {
            for (place, what) in broken {
                verified.found("revision", place, what);
            }
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    corrupt_is_found("revision", store, histories, &mut verified)?;
    verified.violations.sort_by(|a, b| (a.kind, &a.place, &a.what).cmp(&(b.kind, &b.place, &b.what)));
    Ok(verified)
}

/// A row that avling would not write is what is looked for, and no reason to stop looking.
fn corrupt_is_found(kind: &'static str, store: &Store, done: Result<(), SettleError>, verified: &mut Verified) -> Result<(), SettleError> {
    match done {
        Err(SettleError::Store(StoreError::Corrupt(what)) | SettleError::Attribute(AttributeError::Store(StoreError::Corrupt(what)))) => {
            verified.found(kind, store.path().display(), what);
            Ok(())
        }
        done => done,
    }
}

/// Facts add up to groups, groups to months.
async fn check_sums(store: &Store, months: &[MonthRow], verified: &mut Verified) -> Result<(), StoreError> {
    for (account, report, month, total, facts) in store.group_differences().await? {
        verified.found("sum", format!("{account} {report} {month}"), format!("a group's total is {total}, its facts add up to {facts}"));
    }
    let stray = store.stray_facts().await?;
    if stray > 0 {
        verified.found("sum", "facts", format!("{stray} facts belong to no report"));
    }
    let totals = store.month_totals().await?;
    let known: BTreeSet<_> = months.iter().map(|row| row.key.clone()).collect();
    for (key, total) in &totals {
        if !known.contains(key) {
            let place = format!("{} {} {}", key.account, key.report, key.month);
            verified.found("sum", place, format!("there are facts with a total of {total}, but the month was never harvested"));
        }
    }
    for row in months {
        let facts = totals.get(&row.key).copied().unwrap_or(0);
        if facts != i128::from(row.total) {
            let place = place_of(row);
            verified.found("sum", place, format!("the vendor reported {}, the facts add up to {facts}", row.total));
        } else if facts > 0 && row.state != MonthState::Harvested {
            let place = place_of(row);
            verified.found("sum", place, format!("is said to be {}, but there are facts", row.state));
        }
    }
    Ok(())
}

fn place_of(row: &MonthRow) -> String {
    format!("{} {} {}", row.key.account, row.key.report, row.key.month)
}

/// The archived replies, read again, give the facts that are stored.
async fn check_replies(
    store: &Store,
    archive: &Archive,
    settings: &Settings,
    places: &Arc<dyn Places>,
    months: &[MonthRow],
    verified: &mut Verified,
) -> Result<(), SettleError> {
    let sources: HashMap<&str, &SourceSettings> = settings.sources.iter().map(|s| (s.id.as_str(), s)).collect();
    let mut of_reply: BTreeMap<(&str, &str), Vec<&MonthRow>> = BTreeMap::new();
    for row in months.iter().filter(|row| row.state == MonthState::Harvested) {
        let place = place_of(row);
        verified.months += 1;
        let digest = digest(store, row, false).await;
        match digest {
            Err(StoreError::Corrupt(what)) => verified.found("facts", &place, what),
            Err(error) => return Err(error.into()),
            Ok(digest) => {
                let stored = row.digest.split('-').next().unwrap_or("");
                if digest != stored {
                    verified.found("facts", &place, "the facts are not those that were stored: their fingerprint is another");
                }
            }
        }
        if row.reply.is_empty() {
            verified.found("reply", &place, "there are facts, but no archived reply that they came from");
        } else {
            of_reply.entry((row.reply.as_str(), row.source.as_str())).or_default().push(row);
        }
    }
    for ((sha256, source), rows) in of_reply {
        let first = rows[0];
        let place = format!("{} {} reply {sha256}", first.key.account, first.key.report);
        let reader = match archive.read(sha256) {
            Ok(reader) => reader,
            Err(error @ (ArchiveError::Missing { .. } | ArchiveError::NotHash(_))) => {
                verified.found("reply", place, error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let Some(source) = sources.get(source).copied() else {
            verified.skipped += 1;
            continue;
        };
        let contents = read_again(reader, source, Arc::clone(places)).await;
        let rules = product_rules(source);
        verified.replies += 1;
        if let Err(error) = &contents.reading {
            verified.found("reply", place, format!("the archived reply cannot be read any more: {error}"));
            continue;
        }
        let mut nowhere = None;
        for row in rows {
            let place = format!("{} {} {} reply {sha256}", row.key.account, row.key.report, row.key.month);
            let found = contents.months.get(&row.key.month);
            let (stored_facts, stored_rules) = row.digest.split_once('-').unwrap_or((&row.digest, ""));
            let facts = found.and_then(|found| found.digest.split('-').next()).unwrap_or("");
            if facts != stored_facts {
                // Where addresses belong may have changed since; all else may not.
                let elsewhere = match nowhere.take() {
                    Some(elsewhere) => elsewhere,
                    None => read_again(archive.read(sha256)?, source, Arc::new(Nowhere)).await,
                };
                let facts = elsewhere.months.get(&row.key.month).and_then(|month| month.digest.split('-').next()).unwrap_or("");
                if digest(store, row, true).await.is_ok_and(|stored| stored == facts) {
                    verified.skipped += 1;
                } else {
                    verified.found("reply", place, "the archived reply gives other facts than those that are stored");
                }
                nowhere = Some(elsewhere);
            } else if stored_rules != rules {
                verified.skipped += 1;
            }
            if let Some(found) = found
                && found.records != row.records
            {
                verified.found(
                    "reply",
                    place_of(row),
                    format!("the archived reply has {} counts, {} are said to be", found.records, row.records),
                );
            }
        }
    }
    Ok(())
}

/// An archived reply, read again on a thread of its own.
async fn read_again(reader: impl Read + Send + 'static, source: &SourceSettings, places: Arc<dyn Places>) -> Contents {
    let source = source.clone();
    let read = tokio::task::spawn_blocking(move || look(reader, &source, &*places)).await;
    read.unwrap_or_else(|error| Contents { reading: Err(FormatError::Io(std::io::Error::other(error))), months: BTreeMap::new() })
}

/// The fingerprint of the facts that are stored of a month, as if nobody claimed any address if `unclaimed`.
async fn digest(store: &Store, row: &MonthRow, unclaimed: bool) -> Result<String, StoreError> {
    let mut digests = MonthDigests::default();
    let mut add = |fact: StoredFact| {
        let (member, addresses) = match &fact.scope {
            Scope::Account => (None, None),
            Scope::Member(member) => (Some(member), None),
            Scope::Addresses(_) if unclaimed => (None, Some(Addresses::Unclaimed)),
            Scope::Addresses(addresses) => (None, Some(*addresses)),
        };
        digests.add(&UsageRecord {
            item: &fact.item,
            member,
            addresses,
            metric: &fact.metric,
            month: fact.month,
            data_type: &fact.data_type,
            access_method: &fact.access_method,
            access_type: &fact.access_type,
            yop: &fact.yop,
            count: fact.count,
        });
        Ok(())
    };
    store.facts(&row.key.account, &row.key.report, &BTreeSet::from([row.key.month]), &mut add).await?;
    Ok(digests.get(row.key.month))
}

/// Statistics worked out again are those that are stored, and add up to what was reported.
async fn check_statistics(store: &Store, attributor: &mut Attributor<'_>, verified: &mut Verified) -> Result<(), SettleError> {
    for unit in store.units().await? {
        verified.units += 1;
        let counts = store.counts(&unit).await?;
        let known = store.months_known(&unit).await?;
        let (Some(from), Some(to)) = (Month::new(unit.year, 1), Month::new(unit.year, 12)) else { continue };
        let filter = StatisticFilter {
            products: vec![unit.product.clone()],
            report: Some(unit.report.clone()),
            from: Some(from),
            to: Some(to),
            ..StatisticFilter::default()
        };
        let stored = match store.statistics(&filter).await {
            Ok(stored) => stored,
            Err(StoreError::Corrupt(what)) => {
                verified.found("statistics", place(&unit), what);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let divide =
            |source| AttributeError::Divide { product: unit.product.to_string(), report: unit.report.to_string(), year: unit.year, source };
        let parts = attributor.parts(&unit, &counts, &known).map_err(divide)?;
        let right = attributor.statistics(&unit, &counts, &known, None).map_err(divide)?;
        let mut reported: BTreeMap<Sum, u128> = BTreeMap::new();
        for (metric, group) in parts.iter().flat_map(|scope| scope.parts.iter().map(|(_, part)| (&scope.metric, &part.group))) {
            if group.access_method == "Regular" {
                *reported.entry((group.month, metric.clone(), group.data_type.clone())).or_default() += u128::from(group.total);
            }
        }
        let stored: Vec<Statistic> = stored.into_iter().map(|row| row.statistic).collect();
        verified.statistics += stored.len();
        compare_sums(&unit, &reported, &stored, verified);
        compare_rows(&right, stored, verified);
    }
    Ok(())
}

/// Month, metric, data type.
type Sum = (Month, String, String);

fn place(unit: &Unit) -> String {
    format!("{} {} {}", unit.product, unit.report, unit.year)
}

fn compare_sums(unit: &Unit, reported: &BTreeMap<Sum, u128>, stored: &[Statistic], verified: &mut Verified) {
    let mut sums: BTreeMap<Sum, (u128, BigRational)> = BTreeMap::new();
    for statistic in stored {
        let key = (statistic.key.month, statistic.key.metric.clone(), statistic.key.data_type.clone());
        let sum = sums.entry(key).or_default();
        sum.0 += u128::from(statistic.value);
        sum.1 += &statistic.exact;
    }
    let keys: BTreeSet<&Sum> = reported.keys().chain(sums.keys()).collect();
    for key in keys {
        let counted = reported.get(key).copied().unwrap_or(0);
        let (value, exact) = sums.get(key).cloned().unwrap_or_default();
        let where_ = format!("{} {} {} {} {}", unit.product, unit.report, key.0, key.1, key.2);
        if value != counted {
            verified.found("conservation", &where_, format!("the vendor reported {counted}, the institutions have {value}"));
        }
        if exact != BigRational::from_integer(BigInt::from(counted)) {
            verified.found("conservation", &where_, format!("the vendor reported {counted}, the exact shares add up to {exact}"));
        }
    }
}

fn compare_rows(right: &[Statistic], stored: Vec<Statistic>, verified: &mut Verified) {
    let mut stored: BTreeMap<StatisticKey, Statistic> = stored.into_iter().map(|statistic| (statistic.key.clone(), statistic)).collect();
    let named = |key: &StatisticKey| {
        let who = key.institution.as_ref().map_or("(nobody)", |id| id.as_str());
        format!("{} {} {} {who} {} {}", key.product, key.report, key.month, key.metric, key.data_type)
    };
    for right in right {
        match stored.remove(&right.key) {
            None => verified.found("statistics", named(&right.key), format!("is missing; it should be {}", right.value)),
            Some(is) if is.value != right.value || is.exact != right.exact => {
                let what = format!("is {} ({}), it should be {} ({})", is.value, is.exact, right.value, right.exact);
                verified.found("statistics", named(&right.key), what);
            }
            Some(is) if is.basis != right.basis => {
                let what = format!("rests on {:?}, it should rest on {:?}", is.basis, right.basis);
                verified.found("statistics", named(&right.key), what);
            }
            Some(_) => {}
        }
    }
    for (key, is) in stored {
        verified.found("claimants", named(&key), format!("has {}, but it is no claimant of anything that was reported", is.value));
    }
}
