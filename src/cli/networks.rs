//! `avling networks list|overlaps|lookup`.

use std::collections::HashMap;

use serde_json::json;

use super::arguments::NetworksCommand;
use super::context::Context;
use super::table::{Align, TextTable};
use super::{Done, Failure, known};
use crate::attribution::month_view::MonthView;
use crate::model::registry::{Claim, Registry};
use crate::model::{InstitutionId, Month};

/// Runs the command.
pub async fn run(context: &Context, command: &NetworksCommand) -> Result<Done, Failure> {
    let registry = context.reader().await?.registry().await?;
    let this_month = Month::of(context.clock.today(context.settings.schedule.time_zone));
    let names: HashMap<&str, &str> = registry.institutions.iter().map(|i| (i.id.as_str(), i.name.as_str())).collect();
    match command {
        NetworksCommand::List { month, institution } => list(context, &registry, month.unwrap_or(this_month), institution.as_ref(), &names),
        NetworksCommand::Overlaps(overlaps) => super::overlaps::run(context, &registry, overlaps.month.unwrap_or(this_month), overlaps),
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
