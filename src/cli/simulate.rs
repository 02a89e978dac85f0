//! `avling keys simulate`: each institution's figures now and under a key, before anybody agrees.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;

use super::context::Context;
use super::keys::{changes_of, document, known, with_superseded};
use super::table::{Align, TextTable, grouped};
use super::{Done, Failure};
use crate::attribution::Attributor;
use crate::attribution::touched::touched;
use crate::model::registry::Registry;
use crate::model::{InstitutionId, KeyId, KeyRow, KeyState, ProductId, ReportId, Statistic};

/// A product's figure of an institution in a year.
type Figure = (ProductId, ReportId, String, Option<InstitutionId>);

/// Runs the command.
pub async fn run(context: &Context, id: &KeyId, year: i32) -> Result<Done, Failure> {
    let store = context.reader().await?;
    let registry = store.registry().await?;
    let mut key = known(&registry, id)?;
    let stored = key.clone();
    key.state = KeyState::Agreed;
    let mut with_key = registry.clone();
    let changed = with_superseded(key, &registry);
    let ids: BTreeSet<&KeyId> = changed.iter().map(|key| &key.id).collect();
    with_key.keys.retain(|row| !ids.contains(&row.key));
    with_key.keys.extend(changed.iter().flat_map(crate::registry::agreement::Key::rows));
    with_key.keys.sort_by(|a: &KeyRow, b| (&a.key, &a.institution).cmp(&(&b.key, &b.institution)));
    let is_changed = !changes_of(&registry, &changed).is_empty();

    let rules = context.rules();
    let (mut now, mut then) = (Attributor::new(&registry, &rules), Attributor::new(&with_key, &rules));
    let mut figures: BTreeMap<Figure, (u64, u64)> = BTreeMap::new();
    let mut stays: BTreeSet<ProductId> = BTreeSet::new();
    for (unit, scopes) in store.all_scopes().await?.into_iter().filter(|(unit, _)| unit.year == year) {
        let takers = touched(&mut now, &mut then, &unit, &scopes, None);
        if takers.is_empty() {
            stays.insert(unit.product.clone());
            continue;
        }
        let (counts, months) = (store.counts(&unit).await?, store.months_known(&unit).await?);
        let mut add = |statistics: Vec<Statistic>, side: fn(&mut (u64, u64)) -> &mut u64| {
            for Statistic { key, value, .. } in statistics {
                let figure = (key.product, key.report, key.metric, key.institution);
                *side(figures.entry(figure).or_default()) += value;
            }
        };
        add(now.statistics(&unit, &counts, &months, Some(&takers))?, |figure| &mut figure.0);
        add(then.statistics(&unit, &counts, &months, Some(&takers))?, |figure| &mut figure.1);
    }
    let moved: BTreeSet<ProductId> = figures.iter().filter(|(_, (a, b))| a != b).map(|((product, ..), _)| product.clone()).collect();
    stays.extend(figures.keys().map(|(product, ..)| product.clone()));
    stays.retain(|product| !moved.contains(product));
    let rows: Vec<_> = figures
        .iter()
        .map(|((product, report, metric, institution), (now, then))| {
            json!({
                "institution": institution.as_ref().map_or("", |id| id.as_str()), "product": product, "report": report, "metric": metric,
                "now": now, "under_key": then, "difference": i128::from(*then) - i128::from(*now),
            })
        })
        .collect();
    let document = json!({ "key": document(&stored, &registry), "year": year, "moves": moved, "stays": stays, "figures": rows });
    context.printer.result(&document, || words(&registry, id, year, &figures, &moved, &stays, is_changed))?;
    Ok(Done::Whole)
}

fn words(
    registry: &Registry,
    key: &KeyId,
    year: i32,
    figures: &BTreeMap<Figure, (u64, u64)>,
    moved: &BTreeSet<ProductId>,
    stays: &BTreeSet<ProductId>,
    is_changed: bool,
) -> String {
    if moved.is_empty() {
        let why =
            if is_changed { "none of its institutions' use in the year is divided otherwise by it" } else { "it is in force already" };
        return format!("Key {key} moves nothing in {year}: {why}.\n");
    }
    let names: HashMap<&str, &str> = registry.institutions.iter().map(|i| (i.id.as_str(), i.name.as_str())).collect();
    let mut table = TextTable::new(&[
        ("product", Align::Left),
        ("figure", Align::Left),
        ("institution", Align::Left),
        ("now", Align::Right),
        ("under the key", Align::Right),
        ("difference", Align::Right),
    ]);
    for product in moved {
        let headline = registry.products.iter().find(|p| p.id == *product).map_or("", |p| p.headline.as_str());
        let of_product = || figures.iter().filter(|((of, ..), _)| of == product);
        let reports: BTreeSet<(&str, &str)> = of_product().map(|((_, report, metric, _), _)| (report.as_str(), metric.as_str())).collect();
        let wanted = headline.split_once(':').unwrap_or(("PR", "Unique_Item_Requests"));
        let Some(shown) = reports.get(&wanted).or_else(|| reports.first()).copied() else { continue };
        for ((_, report, metric, institution), (now, then)) in of_product() {
            if (report.as_str(), metric.as_str()) != shown || now == then && *now == 0 {
                continue;
            }
            let id = institution.as_ref().map_or("", |id| id.as_str());
            let name = names.get(id).copied().unwrap_or("(nobody)");
            let difference = i128::from(*then) - i128::from(*now);
            let sign = match difference.signum() {
                1 => "+",
                -1 => "−",
                _ => "",
            };
            table.row([
                product.to_string(),
                format!("{report}:{metric}"),
                format!("{name} ({id})"),
                grouped(*now),
                grouped(*then),
                format!("{sign}{}", grouped(u64::try_from(difference.unsigned_abs()).unwrap_or(u64::MAX))),
            ]);
        }
    }
    let list = |products: &BTreeSet<ProductId>| products.iter().map(ProductId::as_str).collect::<Vec<_>>().join(", ");
    let mut out = format!(
        "Figures of {year}, now and under key {key} (headline figure of each product; --json has all):\n\n{table}\nMoves: {}.\n",
        list(moved)
    );
    if !stays.is_empty() {
        out.push_str(&format!("Stays as it is: {}.\n", list(stays)));
    }
    out
}
