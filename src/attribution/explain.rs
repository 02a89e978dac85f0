//! Why a figure is what it is (ATTRIBUTION section 7): every scope that gave it something, with all steps.
//!
//! [`explain`] answers a [`Question`] from [`Evidence`] with an [`Explanation`].

use std::collections::HashMap;

use chrono::Datelike as _;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;

use super::attributor::{Attributor, ScopeParts};
use super::division::{Division, Mark};
use super::explanation::{ByHand, Entered, EnteredWeight, ExplainedClaimant, ExplainedPart, Explanation, KeyLeftOut, NotCounted, Reason};
use super::figures::shares;
use super::run::Part;
use super::webster::DivideError;
use crate::model::registry::ManualFigure;
use crate::model::statistic::{Earlier, six_decimals};
use crate::model::{AccountId, Count, Group, InstitutionId, KeyId, KeyRow, Month, MonthsKnown, ProductId, Quality, ReportId, Unit};

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

/// What a question is answered from.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The counts of the question's unit and metric, at least those up to its month.
    pub counts: &'a [Count],
    /// What is known of the months of its report, at least of the accounts that have counts and of those with the same addresses.
    pub months: &'a MonthsKnown,
    /// SHA-256 of the archived reply from which each account's report of the month was read.
    pub replies: &'a HashMap<AccountId, String>,
    /// Who entered the figure by hand that the registry holds, if it holds one, and when.
    pub entered: Option<Entered>,
    /// What the figure was before.
    pub earlier: Vec<Earlier>,
}

/// Answers a question.
///
/// # Errors
/// The counts cannot be divided.
pub fn explain(attributor: &mut Attributor<'_>, question: &Question, evidence: Evidence<'_>) -> Result<Explanation, DivideError> {
    let unit = Unit { product: question.product.clone(), report: question.report.clone(), year: question.month.year() };
    // Later months move nothing in this one.
    let before = |count: &&Count| count.metric == question.metric && count.group.month <= question.month;
    let counts: Vec<Count> = evidence.counts.iter().filter(before).cloned().collect();
    let mut parts: Vec<ExplainedPart> = Vec::new();
    let figures = attributor.manual(&question.product, question.month).iter().filter(|figure| question.asks_for(figure));
    parts.extend(figures.map(|figure| by_hand(figure, evidence.entered.clone())));
    for scope in attributor.parts(&unit, &counts, evidence.months)? {
        parts.extend(counted(attributor.registry().keys.as_slice(), question, &evidence, &scope));
        parts.extend(not_counted(attributor, question, &evidence, &scope));
    }
    let (mut value, mut share, mut quality) = (0_u64, BigRational::zero(), None::<Quality>);
    for part in &parts {
        value = value.saturating_add(part.value);
        if !part.share.is_zero() {
            share += &part.share;
            quality = quality.max(Some(part.quality));
        }
    }
    Ok(Explanation {
        institution: question.institution.as_ref().map(ToString::to_string).unwrap_or_default(),
        product: question.product.to_string(),
        month: question.month,
        metric: question.metric.clone(),
        report: question.report.to_string(),
        value,
        exact: decimal(&share),
        share,
        quality,
        closed_value: None,
        earlier: evidence.earlier,
        parts,
    })
}

fn by_hand(figure: &ManualFigure, entered: Option<Entered>) -> ExplainedPart {
    let share = BigRational::from_integer(BigInt::from(figure.value));
    let claimant = ExplainedClaimant {
        institution: figure.institution.to_string(),
        reason: Reason::ByHand,
        weight: Some(EnteredWeight { whole: 1, decimals: 0 }),
    };
    ExplainedPart {
        reported: figure.value,
        counted: figure.value,
        claimants: vec![claimant],
        cumulative_after: figure.value,
        given_after: figure.value,
        value: figure.value,
        exact: decimal(&share),
        share,
        by_hand: Some(ByHand { entered, note: figure.note.clone(), instead_of: texts(&figure.instead_of) }),
        ..ExplainedPart::new(figure.month, Quality::Manual)
    }
}

/// The parts of a scope that gave something to the institution that is asked about, or might have.
fn counted(keys: &[KeyRow], question: &Question, evidence: &Evidence<'_>, scope: &ScopeParts) -> Vec<ExplainedPart> {
    let institution = question.institution.as_ref();
    let mut found = Vec::new();
    for (place, (account, part)) in scope.parts.iter().enumerate() {
        let division = &*part.division;
        if !question.is_about(&part.group) || !concerns(division, institution) {
            continue;
        }
        let mine = shares(part).find(|share| share.institution.as_ref() == institution);
        let (value, share) = mine.map_or((0, BigRational::zero()), |share| (share.value, share.exact()));
        let of_run = scope.parts[..place].iter().map(|(_, earlier)| earlier).filter(|earlier| earlier.run_from == part.run_from);
        let given_before: u64 = of_run.map(|earlier| given(earlier, institution)).sum();
        let partial = evidence.months.get(&(account.clone(), part.group.month)).is_some_and(|month| month.partial);
        let marks = division.marks.iter().copied().chain(partial.then_some(Mark::Partial));
        found.push(ExplainedPart {
            counted: part.group.total,
            claimants: claimants(division),
            dropped: dropped(division),
            key: division.key.as_ref().map(ToString::to_string),
            key_from: division.key.as_ref().and_then(|key| first_month(keys, key)),
            keys_left_out: division
                .left_out
                .iter()
                .map(|(key, whom)| KeyLeftOut { key: key.to_string(), institutions: texts(whom) })
                .collect(),
            method: division.method.as_str(),
            notes: marks.map(Mark::as_str).collect(),
            run_from: part.run_from,
            cumulative_before: part.before,
            cumulative_after: part.after,
            given_before,
            given_after: given_before + value,
            value,
            exact: decimal(&share),
            share,
            ..reported(question, evidence, scope, account, &part.group, division.quality)
        });
    }
    found
}

/// What was reported of a scope that concerns the institution, and is not counted.
fn not_counted(attributor: &mut Attributor<'_>, question: &Question, evidence: &Evidence<'_>, scope: &ScopeParts) -> Vec<ExplainedPart> {
    let same = scope.not_counted.iter().map(|(account, group)| (account, group, NotCounted::SameTraffic));
    let displaced = scope.displaced.iter().map(|(account, group)| (account, group, NotCounted::ByHand));
    let mut asked: Vec<_> = same.chain(displaced).filter(|(_, group, _)| question.is_about(group)).collect();
    asked.sort_unstable_by_key(|(account, group, _)| (*account, *group));
    if asked.is_empty() {
        return Vec::new();
    }
    let divisions = attributor.divisions(&scope.accounts, &scope.scope, &question.product, question.month.year());
    let Some(division) = divisions.get(question.month.number() as usize - 1) else { return Vec::new() };
    if !concerns(division, question.institution.as_ref()) {
        return Vec::new();
    }
    let instead = |figure: &&&ManualFigure| {
        figure.instead_of.iter().any(|account| scope.accounts.contains(account))
            || division.claimants.iter().any(|claimant| claimant.institution == figure.institution)
    };
    let mut displaced_by: Vec<String> =
        attributor.manual(&question.product, question.month).iter().filter(instead).map(|figure| figure.institution.to_string()).collect();
    displaced_by.dedup();
    let part = |(account, group, why): (&AccountId, &Group, NotCounted)| ExplainedPart {
        not_counted: Some(why),
        displaced_by: if why == NotCounted::ByHand { displaced_by.clone() } else { Vec::new() },
        claimants: claimants(division),
        dropped: dropped(division),
        method: division.method.as_str(),
        ..reported(question, evidence, scope, account, group, division.quality)
    };
    asked.into_iter().map(part).collect()
}

impl Question {
    /// Whether a figure by hand is the one that is asked about.
    #[must_use]
    pub fn asks_for(&self, figure: &ManualFigure) -> bool {
        Some(&figure.institution) == self.institution.as_ref()
            && (&figure.product, figure.month, &figure.report, &figure.metric) == (&self.product, self.month, &self.report, &self.metric)
    }

    fn is_about(&self, group: &Group) -> bool {
        group.month == self.month && group.access_method == "Regular"
    }
}

/// What was reported, before anything is done with it.
fn reported(
    question: &Question,
    evidence: &Evidence<'_>,
    scope: &ScopeParts,
    account: &AccountId,
    group: &Group,
    quality: Quality,
) -> ExplainedPart {
    ExplainedPart {
        account: account.to_string(),
        scope: Some(scope.scope.clone()),
        same_traffic: scope.accounts.iter().filter(|other| *other != account).map(ToString::to_string).collect(),
        data_type: group.data_type.clone(),
        reported: group.total,
        reply: evidence.replies.get(account).cloned().unwrap_or_default(),
        ..ExplainedPart::new(question.month, quality)
    }
}

/// Whether an institution takes part in a division, or was dropped from it; nobody, where there is nobody to divide among.
fn concerns(division: &Division, institution: Option<&InstitutionId>) -> bool {
    match institution {
        Some(id) => division.claimants.iter().any(|claimant| claimant.institution == *id) || division.dropped.contains_key(id),
        None => division.claimants.is_empty(),
    }
}

/// What a part gave an institution.
fn given(part: &Part, institution: Option<&InstitutionId>) -> u64 {
    shares(part).find(|share| share.institution.as_ref() == institution).map_or(0, |share| share.value)
}

/// The first month on whose first day a key is valid.
fn first_month(keys: &[KeyRow], key: &KeyId) -> Option<Month> {
    let from = keys.iter().find(|row| row.key == *key)?.valid.from?;
    Some(if from.day() == 1 { Month::of(from) } else { Month::of(from).next() })
}

fn claimants(division: &Division) -> Vec<ExplainedClaimant> {
    let explained = division.claimants.iter().map(|claimant| ExplainedClaimant {
        institution: claimant.institution.to_string(),
        reason: Reason::Takes(claimant.because.clone()),
        weight: Some(EnteredWeight { whole: claimant.weight, decimals: division.decimals }),
    });
    explained.collect()
}

fn dropped(division: &Division) -> Vec<ExplainedClaimant> {
    let explained = division.dropped.iter().map(|(institution, because)| ExplainedClaimant {
        institution: institution.to_string(),
        reason: Reason::NoSubscription(because.clone()),
        weight: None,
    });
    explained.collect()
}

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn decimal(exact: &BigRational) -> f64 {
    six_decimals(exact).parse().unwrap_or(f64::NAN)
}
