//! What is due: pure, from what is registered, what we have, and the time.
//!
//! [`plan`] gives the [`Task`]s of a harvest: which months to ask for, of which report of which account.
//! Nothing of it is stored; a restart plans again (HARVEST section 1).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::model::registry::Account;
use crate::model::{AccountId, Month, MonthRange, MonthState, ReportId, SourceId};

/// The most months that one request asks for.
pub const MONTHS_PER_REQUEST: i32 = 12;

/// What a source wants harvested.
#[derive(Debug, Clone)]
pub struct SourcePlan {
    /// The source.
    pub source: SourceId,
    /// Its reports.
    pub reports: Vec<ReportId>,
}

/// What the store knows of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownMonth {
    /// Where it stands.
    pub state: MonthState,
    /// When it is asked again.
    pub next_attempt: Option<DateTime<Utc>>,
    /// When it was last asked for.
    pub checked_at: Option<DateTime<Utc>>,
}

/// What the store knows of the months of a report of an account.
pub type KnownMonths = BTreeMap<(AccountId, ReportId), BTreeMap<Month, KnownMonth>>;

/// The rules of planning.
#[derive(Debug, Clone, Copy)]
pub struct PlanRules {
    /// The first month of all.
    pub backfill_from: Month,
    /// How many of the newest harvested months are fetched again once in each calendar month.
    pub restate_months: u32,
    /// Where calendar months begin.
    pub zone: Tz,
}

/// What somebody asked for; empty lists mean all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these sources.
    pub sources: Vec<SourceId>,
    /// Only these accounts.
    pub accounts: Vec<AccountId>,
    /// Only these reports, also where a source does not list them.
    pub reports: Vec<ReportId>,
    /// From this month on.
    pub from: Option<Month>,
    /// Up to this month.
    pub to: Option<Month>,
    /// Fetch again what is there.
    pub again: bool,
}

impl Selection {
    /// Whether nothing was selected: what is due is meant.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// One request to be made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account: AccountId,
    /// The report.
    pub report: ReportId,
    /// The months, unbroken.
    pub months: MonthRange,
}

/// The tasks, by source, account, report and month.
#[must_use]
pub fn plan(
    sources: &[SourcePlan],
    accounts: &[Account],
    known: &KnownMonths,
    rules: &PlanRules,
    selection: &Selection,
    now: DateTime<Utc>,
) -> Vec<Task> {
    let picked = |list: &[SourceId], id: &SourceId| list.is_empty() || list.contains(id);
    let last_full = Month::of(now.with_timezone(&rules.zone).date_naive()).previous();
    let mut tasks = Vec::new();
    for source in sources.iter().filter(|s| picked(&selection.sources, &s.source)) {
        let mut of_source: Vec<&Account> = accounts.iter().filter(|a| a.source == source.source).collect();
        of_source.sort_by(|a, b| a.id.cmp(&b.id));
        for account in of_source {
            if !selection.accounts.is_empty() && !selection.accounts.contains(&account.id) {
                continue;
            }
            let reports = if selection.reports.is_empty() { &source.reports } else { &selection.reports };
            for report in reports {
                let empty = BTreeMap::new();
                let known = known.get(&(account.id.clone(), report.clone())).unwrap_or(&empty);
                let due = due(account, known, rules, selection, last_full, now);
                for months in ranges(&due) {
                    tasks.push(Task { source: source.source.clone(), account: account.id.clone(), report: report.clone(), months });
                }
            }
        }
    }
    tasks
}

/// The months of one report of one account to ask for now.
fn due(
    account: &Account,
    known: &BTreeMap<Month, KnownMonth>,
    rules: &PlanRules,
    selection: &Selection,
    last_full: Month,
    now: DateTime<Utc>,
) -> BTreeSet<Month> {
    let first = selection.from.unwrap_or(rules.backfill_from);
    let last = selection.to.map_or(last_full, |to| to.min(last_full));
    let valid = MonthRange::new(first, last).iter().filter(|month| account.valid.in_month(*month));
    if selection.again {
        return valid.collect();
    }
    let reached = |month: &KnownMonth| month.next_attempt.is_some_and(|next| next <= now);
    let selected = !selection.is_everything();
    let mut due: BTreeSet<Month> = valid
        .filter(|month| match known.get(month) {
            None => true,
            Some(month) => match month.state {
                // A partial month and an unconfirmed zero are asked again when their time has come.
                MonthState::Harvested | MonthState::Empty => reached(month),
                MonthState::Waiting | MonthState::Failing => selected || reached(month),
                MonthState::Gone => false,
            },
        })
        .collect();
    if !selected {
        due.extend(restated(account, known, rules, now));
    }
    due
}

/// The newest harvested months that were not asked for in this calendar month.
fn restated(account: &Account, known: &BTreeMap<Month, KnownMonth>, rules: &PlanRules, now: DateTime<Utc>) -> Vec<Month> {
    let today = now.with_timezone(&rules.zone).date_naive();
    let month_began =
        today.with_day(1).and_then(|day| day.and_hms_opt(0, 0, 0)).and_then(|time| rules.zone.from_local_datetime(&time).earliest());
    let Some(month_began) = month_began.map(|time| time.with_timezone(&Utc)) else { return Vec::new() };
    let harvested = known.iter().rev().filter(|(_, known)| known.state == MonthState::Harvested);
    let newest = harvested.take(rules.restate_months as usize);
    newest
        .filter(|(month, known)| known.checked_at.is_none_or(|checked| checked < month_began) && account.valid.in_month(**month))
        .map(|(month, _)| *month)
        .collect()
}

/// Months as unbroken ranges of at most [`MONTHS_PER_REQUEST`].
fn ranges(months: &BTreeSet<Month>) -> Vec<MonthRange> {
    let mut ranges: Vec<MonthRange> = Vec::new();
    for month in months {
        match ranges.last_mut() {
            Some(range) if range.last.next() == *month && month.index() - range.first.index() < MONTHS_PER_REQUEST => range.last = *month,
            _ => ranges.push(MonthRange::new(*month, *month)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry::{Covers, Validity};

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn account(valid_from: Option<&str>) -> Account {
        Account {
            id: AccountId::trusted("a"),
            source: SourceId::trusted("s"),
            customer_id: "c".into(),
            covers: Covers::Subscribers,
            access: None,
            requestor_id: String::new(),
            api_key: String::new(),
            valid: Validity { from: valid_from.map(|d| d.parse().unwrap()), to: None },
        }
    }

    fn planned(known: &[(&str, MonthState, Option<&str>, &str)], selection: &Selection, now: &str) -> Vec<String> {
        let months = known
            .iter()
            .map(|(m, state, next, checked)| {
                (month(m), KnownMonth { state: *state, next_attempt: next.map(at), checked_at: Some(at(checked)) })
            })
            .collect();
        let known = KnownMonths::from([((AccountId::trusted("a"), ReportId::trusted("TR")), months)]);
        let rules = PlanRules { backfill_from: month("2024-01"), restate_months: 2, zone: chrono_tz::Europe::Oslo };
        let sources = [SourcePlan { source: SourceId::trusted("s"), reports: vec![ReportId::trusted("TR")] }];
        plan(&sources, &[account(None)], &known, &rules, selection, at(now)).iter().map(|t| t.months.to_string()).collect()
    }

    #[test]
    fn what_is_missing_is_due_up_to_the_last_full_month() {
        assert_eq!(planned(&[], &Selection::default(), "2024-04-10T03:00:00Z"), ["2024-01 to 2024-03"]);
        // In Oslo it is May already.
        assert_eq!(planned(&[], &Selection::default(), "2024-04-30T22:30:00Z"), ["2024-01 to 2024-04"]);
        assert_eq!(planned(&[], &Selection::default(), "2025-04-10T03:00:00Z"), ["2024-01 to 2024-12", "2025-01 to 2025-03"]);
    }

    #[test]
    fn what_waits_is_due_when_its_time_has_come() {
        let known = [
            ("2024-01", MonthState::Harvested, None, "2024-04-09T03:00:00Z"),
            ("2024-02", MonthState::Waiting, Some("2024-04-10T02:00:00Z"), "2024-04-09T03:00:00Z"),
            ("2024-03", MonthState::Waiting, Some("2024-04-11T02:00:00Z"), "2024-04-09T03:00:00Z"),
        ];
        assert_eq!(planned(&known, &Selection::default(), "2024-04-10T03:00:00Z"), ["2024-02"]);
        let selection = Selection { accounts: vec![AccountId::trusted("a")], ..Selection::default() };
        assert_eq!(planned(&known, &selection, "2024-04-10T03:00:00Z"), ["2024-02 to 2024-03"]);
    }

    #[test]
    fn what_needs_a_person_and_what_is_gone_is_not_asked_again_by_itself() {
        let known = [
            ("2024-01", MonthState::Failing, None, "2024-04-09T03:00:00Z"),
            ("2024-02", MonthState::Gone, None, "2024-04-09T03:00:00Z"),
            ("2024-03", MonthState::Empty, None, "2024-04-09T03:00:00Z"),
        ];
        assert!(planned(&known, &Selection::default(), "2024-04-10T03:00:00Z").is_empty());
    }

    #[test]
    fn the_newest_harvested_months_are_asked_again_once_a_calendar_month() {
        let known: Vec<_> =
            ["2024-01", "2024-02", "2024-03"].iter().map(|m| (*m, MonthState::Harvested, None, "2024-04-09T03:00:00Z")).collect();
        assert!(planned(&known, &Selection::default(), "2024-04-28T03:00:00Z").is_empty());
        assert_eq!(planned(&known, &Selection::default(), "2024-05-08T03:00:00Z"), ["2024-02 to 2024-04"]);
    }

    #[test]
    fn a_reharvest_asks_for_everything_in_its_range() {
        let known =
            [("2024-01", MonthState::Harvested, None, "2024-04-09T03:00:00Z"), ("2024-02", MonthState::Gone, None, "2024-04-09T03:00:00Z")];
        let selection = Selection { from: Some(month("2024-01")), to: Some(month("2024-02")), again: true, ..Selection::default() };
        assert_eq!(planned(&known, &selection, "2024-04-10T03:00:00Z"), ["2024-01 to 2024-02"]);
    }

    #[test]
    fn an_account_is_asked_for_the_months_in_which_it_is_valid() {
        let rules = PlanRules { backfill_from: month("2024-01"), restate_months: 2, zone: chrono_tz::Europe::Oslo };
        let sources = [SourcePlan { source: SourceId::trusted("s"), reports: vec![ReportId::trusted("TR")] }];
        let tasks =
            plan(&sources, &[account(Some("2024-02-02"))], &KnownMonths::new(), &rules, &Selection::default(), at("2024-05-10T03:00:00Z"));
        assert_eq!(tasks.iter().map(|t| t.months.to_string()).collect::<Vec<_>>(), ["2024-03 to 2024-04"]);
    }
}
