//! Why a figure is what it is (ATTRIBUTION section 7): every scope that gave it something, with all steps.

use std::collections::BTreeMap;

use num_rational::BigRational;
use num_traits::Zero as _;
use serde::Serialize;

use super::attributor::Attributor;
use super::figures::shares;
use super::run::Part;
use super::webster::DivideError;
use crate::model::statistic::{Earlier, six_decimals};
use crate::model::{AccountId, Count, Group, InstitutionId, Month, MonthsKnown, ProductId, Quality, ReportId, Unit};

/// Which figure is asked about; all data types together, access method `Regular`.
#[derive(Debug, Clone)]
pub struct Question {
    /// Whose; nobody asks about what is unresolved.
    pub institution: Option<InstitutionId>,
    /// The product.
    pub product: ProductId,
    /// The month.
    pub month: Month,
    /// `Metric_Type`.
    pub metric: String,
    /// The report.
    pub report: ReportId,
}

/// The answer; as JSON in the contract's form.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// Whose; empty for what is unresolved.
    pub institution: String,
    /// The product.
    pub product: String,
    /// The month.
    pub month: Month,
    /// `Metric_Type`.
    pub metric: String,
    /// The report.
    pub report: String,
    /// The whole number.
    pub value: u64,
    /// The exact share, six decimals.
    pub exact: f64,
    /// The exact share as a fraction in lowest terms.
    pub exact_fraction: String,
    /// The weakest quality among the parts; empty if there is no part.
    pub quality: &'static str,
    /// What it is made of.
    pub parts: Vec<ExplainedPart>,
    /// What it was before it changed, by data type, the oldest first.
    pub earlier: Vec<Earlier>,
}

/// One scope's part of a figure, of one data type.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedPart {
    /// The account that it was reported on.
    pub account: String,
    /// `account`, or the member.
    pub scope: String,
    /// The accounts that report the same traffic, if there are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub same_traffic: Vec<String>,
    /// `Data_Type`.
    pub data_type: String,
    /// What the vendor reported for the scope in the month.
    pub reported: u64,
    /// How much of it counts: all, or nothing where another account's report of the same traffic counts.
    pub counted: u64,
    /// Whom it is divided among.
    pub claimants: Vec<ExplainedClaimant>,
    /// Who might have used it, but has no subscription.
    pub dropped: Vec<ExplainedClaimant>,
    /// The agreed key, if one was used.
    pub key: Option<String>,
    /// How the weights came about; empty where nothing is divided.
    pub method: &'static str,
    /// How strong this part is.
    pub quality: &'static str,
    /// Its marks.
    pub notes: Vec<&'static str>,
    /// The first month of the run.
    pub run_from: Month,
    /// The run's sum before this.
    pub cumulative_before: u64,
    /// And after it.
    pub cumulative_after: u64,
    /// What the run had given the institution before this.
    pub given_before: u64,
    /// And after it: the part's value is the difference.
    pub given_after: u64,
    /// The whole number.
    pub value: u64,
    /// The exact share, six decimals.
    pub exact: f64,
    /// SHA-256 of the archived reply.
    pub reply: String,
}

/// Somebody who takes part in a division, or was dropped from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedClaimant {
    /// Who.
    pub institution: String,
    /// Why.
    pub because: String,
    /// With what weight; nothing for who was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u64>,
}

/// Answers a question from all counts of its unit, and the archived reply of each account and month of its report.
///
/// # Errors
/// The counts cannot be divided.
pub fn explain(
    attributor: &mut Attributor<'_>,
    question: &Question,
    counts: &[Count],
    months: &MonthsKnown,
    replies: &BTreeMap<(AccountId, Month), String>,
    earlier: Vec<Earlier>,
) -> Result<Explanation, DivideError> {
    let unit = Unit { product: question.product.clone(), report: question.report.clone(), year: question.month.year() };
    let of_metric: Vec<Count> = counts.iter().filter(|count| count.metric == question.metric).cloned().collect();
    let asked = |group: &Group| group.month == question.month && group.access_method == "Regular";
    let (mut value, mut exact, mut quality) = (0_u64, BigRational::zero(), None::<Quality>);
    let mut parts = Vec::new();
    for scope in attributor.parts(&unit, &of_metric, months)? {
        for (place, (account, part)) in scope.parts.iter().enumerate() {
            if !asked(&part.group) {
                continue;
            }
            let mine = shares(part).find(|share| share.institution == question.institution);
            let dropped = question.institution.as_ref().is_some_and(|id| part.division.dropped.contains_key(id));
            let named = part.division.claimants.iter().any(|c| Some(&c.institution) == question.institution.as_ref());
            if mine.is_none() && !dropped && !named {
                continue;
            }
            let (my_value, my_exact) = mine.map_or((0, BigRational::zero()), |share| (share.value, share.exact()));
            if !my_exact.is_zero() {
                quality = quality.max(Some(part.division.quality));
            }
            value = value.saturating_add(my_value);
            exact += &my_exact;
            let of_run = scope.parts[..place].iter().map(|(_, earlier)| earlier).filter(|earlier| earlier.run_from == part.run_from);
            let given_before = of_run.map(|earlier| given(earlier, question.institution.as_ref())).sum();
            parts.push(ExplainedPart {
                account: account.to_string(),
                scope: scope.scope.to_string(),
                same_traffic: others(&scope.accounts, account),
                data_type: part.group.data_type.clone(),
                reported: part.group.total,
                counted: part.group.total,
                claimants: claimants(part),
                dropped: dropped_of(part),
                key: part.division.key.as_ref().map(ToString::to_string),
                method: part.division.method.as_str(),
                quality: part.division.quality.as_str(),
                notes: part.division.marks.iter().map(|mark| mark.as_str()).collect(),
                run_from: part.run_from,
                cumulative_before: part.before,
                cumulative_after: part.after,
                given_before,
                given_after: given_before + my_value,
                value: my_value,
                exact: decimal(&my_exact),
                reply: replies.get(&(account.clone(), part.group.month)).cloned().unwrap_or_default(),
            });
        }
        for (account, group) in scope.not_counted.iter().filter(|(_, group)| asked(group)) {
            // The same traffic is explained by the account that counts; this says that it was reported here too.
            let Some(counted) = parts.iter().find(|part| part.same_traffic.contains(&account.to_string())) else { continue };
            let part = ExplainedPart {
                account: account.to_string(),
                same_traffic: others(&scope.accounts, account),
                data_type: group.data_type.clone(),
                reported: group.total,
                counted: 0,
                value: 0,
                exact: 0.0,
                given_after: counted.given_before,
                cumulative_after: counted.cumulative_before,
                reply: replies.get(&(account.clone(), group.month)).cloned().unwrap_or_default(),
                ..counted.clone()
            };
            parts.push(part);
        }
    }
    Ok(Explanation {
        institution: question.institution.as_ref().map(ToString::to_string).unwrap_or_default(),
        product: question.product.to_string(),
        month: question.month,
        metric: question.metric.clone(),
        report: question.report.to_string(),
        value,
        exact: decimal(&exact),
        exact_fraction: exact.to_string(),
        quality: quality.map_or("", Quality::as_str),
        parts,
        earlier,
    })
}

fn decimal(exact: &BigRational) -> f64 {
    six_decimals(exact).parse().unwrap_or(f64::NAN)
}

fn given(part: &Part, institution: Option<&InstitutionId>) -> u64 {
    match institution {
        Some(id) => part
            .division
            .claimants
            .iter()
            .zip(&part.values)
            .find(|(claimant, _)| claimant.institution == *id)
            .map_or(0, |(_, value)| *value),
        None if part.division.claimants.is_empty() => part.group.total,
        None => 0,
    }
}

fn others(accounts: &[AccountId], account: &AccountId) -> Vec<String> {
    accounts.iter().filter(|other| *other != account).map(ToString::to_string).collect()
}

fn claimants(part: &Part) -> Vec<ExplainedClaimant> {
    let explained = part.division.claimants.iter().map(|claimant| ExplainedClaimant {
        institution: claimant.institution.to_string(),
        because: claimant.because.to_string(),
        weight: Some(claimant.weight),
    });
    explained.collect()
}

fn dropped_of(part: &Part) -> Vec<ExplainedClaimant> {
    let explained = part.division.dropped.iter().map(|(institution, because)| ExplainedClaimant {
        institution: institution.to_string(),
        because: format!("{because}, but it has no subscription"),
        weight: None,
    });
    explained.collect()
}

impl Explanation {
    /// The answer in words.
    #[must_use]
    pub fn words(&self, name: &dyn Fn(&str) -> String) -> String {
        use std::fmt::Write as _;
        let who = if self.institution.is_empty() { "Nobody (use that could not be placed)".to_owned() } else { name(&self.institution) };
        let mut out = format!(
            "{who}: {} of {} in {} ({}, {}), exactly {}\n",
            self.value, self.metric, self.month, self.product, self.report, self.exact
        );
        if self.parts.is_empty() {
            out.push_str("No account has any use in this month that it could be a part of.\n");
            out.push_str("(Addresses, subscriptions and accounts count in a month if they are valid on its first day.)\n");
        } else if !self.quality.is_empty() {
            let _ = writeln!(out, "Quality: {}", self.quality);
        }
        let mut before: Option<&ExplainedPart> = None;
        for (i, part) in self.parts.iter().enumerate() {
            let kind = if part.data_type.is_empty() { String::new() } else { format!(" of type {}", part.data_type) };
            let _ = writeln!(out, "\n{}. Account {} ({}): the vendor counted {}{kind}.", i + 1, part.account, part.scope, part.reported);
            if part.counted == 0 {
                let _ = writeln!(
                    out,
                    "   Not counted: {} report the same traffic, and the largest report counts.",
                    part.same_traffic.join(", ")
                );
                let _ = writeln!(out, "   Reply {}", part.reply);
                continue;
            }
            let total: u64 = part.claimants.iter().filter_map(|c| c.weight).sum();
            match part.claimants.len() {
                0 if part.scope == "account" => out.push_str("   Nobody is known who can have used it: it is kept under no institution.\n"),
                0 => out.push_str(
                    "   No account of this source has that customer id, and no institution that ISIL, so it is kept under no institution. \
                     Register one of them, and it is placed at once.\n",
                ),
                _ if before.is_some_and(|before| before.claimants == part.claimants && before.dropped == part.dropped) => {
                    out.push_str("   As above: the same institutions with the same weights.\n");
                }
                1 => {
                    let only = &part.claimants[0];
                    let _ = writeln!(out, "   All of it belongs to {}: {}.", name(&only.institution), only.because);
                }
                _ => {
                    let by = if part.method == "equal" { "equally" } else { "by persons" };
                    let _ = writeln!(out, "   Divided {by} among {}:", part.claimants.len());
                    for claimant in &part.claimants {
                        let weight = claimant.weight.unwrap_or(0);
                        let share = percent(weight, total);
                        let _ =
                            writeln!(out, "     {} with weight {weight} ({share} %): {}", name(&claimant.institution), claimant.because);
                    }
                }
            }
            let known = before.is_some_and(|before| before.claimants == part.claimants && before.dropped == part.dropped);
            before = Some(part);
            for dropped in part.dropped.iter().filter(|_| !known) {
                let _ = writeln!(out, "   Left out: {}: {}.", name(&dropped.institution), dropped.because);
            }
            for note in &part.notes {
                let meaning = match *note {
                    "no_persons" => ": a library among them has no person figure (`avling check` names it), so all have the same weight",
                    "zero_weights" => ": none of them has any persons, so all have the same weight",
                    "no_subscriber" => ": none of them subscribes, so nobody is left out for it",
                    "partial" => ": the vendor says that there will be more",
                    _ => "",
                };
                let _ = writeln!(out, "   Note: {note}{meaning}");
            }
            if part.claimants.len() > 1 && part.claimants.iter().any(|claimant| claimant.institution == self.institution) {
                let _ = writeln!(
                    out,
                    "   Since {} the same division holds. Counted up to this figure there were {} uses, of which it had {}; with it {}, of which it has {}.",
                    part.run_from, part.cumulative_before, part.given_before, part.cumulative_after, part.given_after
                );
                let _ = writeln!(out, "   {} - {} = {} (exactly {})", part.given_after, part.given_before, part.value, part.exact);
            }
            let _ = writeln!(out, "   Reply {}", part.reply);
        }
        if !self.earlier.is_empty() {
            out.push_str("\nEarlier:\n");
        }
        for earlier in &self.earlier {
            let kind = if earlier.data_type.is_empty() { String::new() } else { format!(" of type {}", earlier.data_type) };
            let (value, until, reason, cause) = (earlier.value, &earlier.changed_at, &earlier.reason, &earlier.cause);
            let _ = writeln!(out, "   {value}{kind} until {until}; changed by the {reason}: {cause}");
        }
        out
    }
}

/// A part of a whole in percent, with two decimals, rounded half up.
fn percent(part: u64, whole: u64) -> String {
    let whole = u128::from(whole.max(1));
    let hundredths = (u128::from(part) * 20_000 + whole) / (2 * whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_rounded() {
        assert_eq!(percent(4047, 100_000), "4.05");
        assert_eq!([percent(2, 3), percent(1, 3), percent(0, 0), percent(7, 7)], ["66.67", "33.33", "0.00", "100.00"]);
    }
}
