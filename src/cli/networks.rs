//! `avling networks list|overlaps|lookup`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;

use super::arguments::NetworksCommand;
use super::context::Context;
use super::table::{Align, TextTable};
use super::{Done, Failure, known};
use crate::attribution::month_view::MonthView;
use crate::model::registry::{Claim, Registry};
use crate::model::{AddressRange, InstitutionId, Month};

/// Runs the command.
pub async fn run(context: &Context, command: &NetworksCommand) -> Result<Done, Failure> {
    let registry = context.reader().await?.registry().await?;
    let this_month = Month::of(context.clock.today(context.settings.schedule.time_zone));
    let names: HashMap<&str, &str> = registry.institutions.iter().map(|i| (i.id.as_str(), i.name.as_str())).collect();
    match command {
        NetworksCommand::List { month, institution } => list(context, &registry, month.unwrap_or(this_month), institution.as_ref(), &names),
        NetworksCommand::Overlaps { month } => overlaps(context, &registry, month.unwrap_or(this_month), &names),
        NetworksCommand::Lookup { address, month } => {
            let month = month.unwrap_or(this_month);
            let view = MonthView::new(&registry, month);
            let claims: Vec<&Claim> = view.addresses().of_address(*address).collect();
            let document =
                json!({ "address": address, "month": month, "claims": claims.iter().map(|c| claim_json(c, &names)).collect::<Vec<_>>() });
            context.printer.result(&document, || {
                if claims.is_empty() {
                    return format!("Nobody claims {address} in {month}.\n");
                }
                let mut out = String::new();
                for claim in claims {
                    let exclusive = if claim.exclusive { ", exclusively" } else { "" };
                    out.push_str(&format!(
                        "{} ({}) claims {}{exclusive}\n",
                        name(&names, &claim.institution),
                        claim.institution,
                        claim.range
                    ));
                }
                out
            })?;
            Ok(Done::Whole)
        }
    }
}

fn name<'n>(names: &HashMap<&str, &'n str>, id: &InstitutionId) -> &'n str {
    names.get(id.as_str()).copied().unwrap_or("")
}

fn claim_json(claim: &Claim, names: &HashMap<&str, &str>) -> serde_json::Value {
    json!({
        "institution": claim.institution, "institution_name": name(names, &claim.institution), "range": claim.range.to_string(),
        "valid_from": claim.valid.from, "valid_to": claim.valid.to, "exclusive": claim.exclusive, "note": claim.note,
    })
}

fn list(
    context: &Context,
    registry: &Registry,
    month: Month,
    institution: Option<&InstitutionId>,
    names: &HashMap<&str, &str>,
) -> Result<Done, Failure> {
    if let Some(id) = institution {
        known::institution(id, registry)?;
    }
    let view = MonthView::new(registry, month);
    let claims: Vec<&Claim> =
        view.addresses().claims().iter().copied().filter(|claim| institution.is_none_or(|id| claim.institution == *id)).collect();
    let document = json!({ "month": month, "claims": claims.iter().map(|c| claim_json(c, names)).collect::<Vec<_>>() });
    context.printer.result(&document, || {
        let header =
            [("institution", Align::Left), ("name", Align::Left), ("range", Align::Left), ("valid", Align::Left), ("", Align::Left)];
        let mut table = TextTable::new(&header);
        for claim in &claims {
            let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
            let valid = match (claim.valid.from, claim.valid.to) {
                (None, None) => String::new(),
                (from, to) => format!("{}..{}", day(from), day(to)),
            };
            let exclusive = if claim.exclusive { "exclusive" } else { "" };
            table.row([
                claim.institution.to_string(),
                name(names, &claim.institution).to_owned(),
                claim.range.to_string(),
                valid,
                exclusive.to_owned(),
            ]);
        }
        if table.is_empty() { format!("Nobody claims an address in {month}.\n") } else { table.to_string() }
    })?;
    Ok(Done::Whole)
}

/// What two institutions share.
#[derive(Debug, Default)]
struct Shared {
    addresses: u128,
    ranges: Vec<AddressRange>,
}

fn overlaps(context: &Context, registry: &Registry, month: Month, names: &HashMap<&str, &str>) -> Result<Done, Failure> {
    let view = MonthView::new(registry, month);
    let mut pairs: BTreeMap<(&InstitutionId, &InstitutionId), Shared> = BTreeMap::new();
    for (range, claims) in view.addresses().intervals() {
        let who: BTreeSet<&InstitutionId> = claims.map(|claim| &claim.institution).collect();
        let who: Vec<&InstitutionId> = who.into_iter().collect();
        for (i, one) in who.iter().enumerate() {
            for other in &who[i + 1..] {
                let shared = pairs.entry((one, other)).or_default();
                shared.addresses = shared.addresses.saturating_add(range.span()).saturating_add(1);
                shared.ranges.push(range);
            }
        }
    }
    let document: Vec<_> = pairs
        .iter()
        .map(|((one, other), shared)| {
            json!({
                "institution": one, "institution_name": name(names, one), "with": other, "with_name": name(names, other),
                "addresses": shared.addresses.to_string(), "ranges": shared.ranges.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    context.printer.result(&json!({ "month": month, "shared": document }), || {
        let header = [("institution", Align::Left), ("shares with", Align::Left), ("addresses", Align::Right), ("where", Align::Left)];
        let mut table = TextTable::new(&header);
        for ((one, other), shared) in &pairs {
            let ranges: Vec<String> = shared.ranges.iter().take(3).map(ToString::to_string).collect();
            let more = if shared.ranges.len() > 3 { format!(" and {} more", shared.ranges.len() - 3) } else { String::new() };
            table.row([
                format!("{} ({one})", name(names, one)),
                format!("{} ({other})", name(names, other)),
                shared.addresses.to_string(),
                format!("{}{more}", ranges.join(", ")),
            ]);
        }
        if table.is_empty() { format!("Nobody shares an address with anybody in {month}.\n") } else { table.to_string() }
    })?;
    Ok(Done::Whole)
}
