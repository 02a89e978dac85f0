//! Statistics: worked out again they are those that are stored, and they add up to what was reported.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_rational::BigRational;

use super::Verified;
use crate::attribution::Attributor;
use crate::attribution::touched::manual_units;
use crate::harvest::attribute::AttributeError;
use crate::harvest::settle::SettleError;
use crate::model::statistic::StatisticKey;
use crate::model::{Month, Statistic, Unit};
use crate::store::{StatisticFilter, Store, StoreError};

/// Statistics worked out again are those that are stored, and add up to what was reported.
pub(super) async fn check(store: &Store, attributor: &mut Attributor<'_>, verified: &mut Verified) -> Result<(), SettleError> {
    let closed: BTreeSet<i32> = store.closed_years().await?.iter().map(|closed| closed.year).collect();
    let pending = store.pending().await?;
    let mut units = store.units().await?;
    units.extend(manual_units(&attributor.registry().manual));
    for unit in units {
        if closed.contains(&unit.year) && pending.contains_key(&unit) {
            // They are what they were when the year was closed, which its fingerprint tells.
            verified.held += 1;
            continue;
        }
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
        let right = attributor.statistics_of(&unit, &parts, &known, None);
        let mut reported: BTreeMap<Sum, u128> = BTreeMap::new();
        for (metric, group) in parts.iter().flat_map(|scope| scope.parts.iter().map(|(_, part)| (&scope.metric, &part.group))) {
            if group.access_method == "Regular" {
                *reported.entry((group.month, metric.clone(), group.data_type.clone())).or_default() += u128::from(group.total);
            }
        }
        for figure in attributor.manual_of(&unit) {
            *reported.entry((figure.month, figure.metric.clone(), String::new())).or_default() += u128::from(figure.value);
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
