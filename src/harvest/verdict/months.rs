//! The months of a reply that is a report: which came, and what the absence of the others means.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::meaning::{Remarks, remarks};
use super::{Asked, Verdict};
use crate::formats::Reading;
use crate::model::{Exception, Month, MonthOutcome, MonthRange, MonthState, Release, Trouble};

/// A month is young until so many days after its end: vendors have four weeks, and some take eight.
const YOUNG_DAYS: i64 = 60;
/// How often a partial month and an unconfirmed zero are asked for again.
const ASKED_AGAIN: u32 = 5;

/// Why a sound reply is not the report that was asked for, if it is not.
pub(super) fn not_what_was_asked(
    reading: &Reading,
    months_with_data: &BTreeSet<Month>,
    asked: &Asked<'_>,
    exceptions: &[Exception],
) -> Option<String> {
    let header = &reading.header;
    if let Some(report) = header.report.as_ref().filter(|report| *report != asked.report) {
        return Some(format!("it is a {report}, not a {}", asked.report));
    }
    if let (None, Some(looks_like)) = (&header.report, reading.looks_like)
        && looks_like != asked.report.master()
    {
        return Some(format!("it looks like a {looks_like}, not like a {}", asked.report));
    }
    if let Some(whose) = other_customer(reading, asked) {
        return Some(format!("it is the report of customer {whose}, not of {}", asked.customer_id));
    }
    if !months_with_data.is_empty() && !months_with_data.iter().any(|month| asked.months.contains(*month)) {
        let months: Vec<String> = months_with_data.iter().take(3).map(Month::to_string).collect();
        return Some(format!("it has none of the months {}, but {}", asked.months, months.join(", ")));
    }
    let said = remarks(exceptions);
    let explained = said.not_ready || said.gone || said.partial || said.no_usage;
    if let (Some(begin), Some(end)) = (header.begin, header.end)
        && !explained
        && (begin > asked.months.first.first_day() || end < asked.months.last.last_day())
    {
        // Some write the first of the month as the end of a month that is covered whole.
        let whole_months = end == asked.months.last.first_day() && end != begin && begin <= asked.months.first.first_day();
        if !whole_months {
            let hint = if begin == end { "; it may want another date_format (a setting of the source)" } else { "" };
            return Some(format!("it covers {begin} to {end}, not the months {}{hint}", asked.months));
        }
    }
    None
}

/// The customer whose report it is, if that is somebody else.
fn other_customer(reading: &Reading, asked: &Asked<'_>) -> Option<String> {
    let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
    let header = &reading.header;
    if !header.customer_id.trim().is_empty() && !asked.customer_id.is_empty() {
        if !same(&header.customer_id, asked.customer_id) {
            return Some(header.customer_id.clone());
        }
        // A reply of Release 4 repeats whom we asked about, and says beside it whose the figures are.
        if header.release != Some(Release::R4) {
            return None;
        }
    }
    let bare = |value: &str| value.rsplit(':').next().unwrap_or(value).to_owned();
    let ids: Vec<String> = header.institution_ids.iter().map(|id| bare(&id.value)).collect();
    if ids.iter().any(|id| same(id, asked.customer_id)) {
        return None;
    }
    ids.into_iter().find(|id| asked.other_customers.iter().any(|other| same(other, id)))
}

/// An outcome for each month that was asked for.
pub(super) fn decide(
    reading: &Reading,
    months_with_data: &BTreeSet<Month>,
    asked: &Asked<'_>,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Verdict {
    let said = remarks(&reading.exceptions);
    let mut verdict = Verdict::default();
    let last_with_data = months_with_data.iter().rev().find(|month| asked.months.contains(**month)).copied();
    for month in asked.months.iter() {
        let outcome = if months_with_data.contains(&month) {
            came(month, said, asked.earlier.of(month).incomplete, now)
        } else {
            missing(month, said, last_with_data, asked, today, now)
        };
        // Codes 3030 to 3032 are also used for "not in this release".
        if asked.has_fallback && !months_with_data.contains(&month) && (said.not_ready || said.gone || said.no_usage) {
            verdict.try_fallback.push(month);
        }
        verdict.months.push(outcome);
    }
    let outside: Vec<String> = months_with_data.iter().filter(|m| !asked.months.contains(**m)).map(Month::to_string).collect();
    if !outside.is_empty() {
        verdict.notes.push(format!("left out, because they were not asked for: {}", outside.join(", ")));
    }
    if said.not_honoured {
        verdict.notes.push("the vendor did not honour all that we asked for; the report covers the months, so it is kept".into());
    }
    verdict
}

/// The months that a vendor's list of reports has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// `First_Month_Available`.
    pub first: Option<Month>,
    /// `Last_Month_Available`.
    pub last: Option<Month>,
}

impl Bounds {
    /// Whether the month is there.
    #[must_use]
    pub fn contains(self, month: Month) -> bool {
        self.first.is_none_or(|first| first <= month) && self.last.is_none_or(|last| month <= last)
    }
}

/// What becomes of the months that a vendor's list of reports does not have, without asking for them: those before it are gone, those
/// after it not ready, and where there is another release, that is asked.
#[must_use]
pub fn outside(months: MonthRange, bounds: Bounds, has_fallback: bool, today: NaiveDate, now: DateTime<Utc>) -> Verdict {
    let mut verdict = Verdict::default();
    for month in months.iter().filter(|month| !bounds.contains(*month)) {
        let after = |days| Some(now + TimeDelta::days(days));
        let outcome = match (bounds.first, bounds.last) {
            (Some(first), _) if month < first => MonthOutcome {
                trouble: Some(Trouble::Gone),
                reason: format!("the vendor's list of reports begins with {first}; `avling reharvest` asks all the same"),
                ..MonthOutcome::plain(month, MonthState::Gone)
            },
            (_, last) => {
                let young = (today - month.last_day()).num_days() < YOUNG_DAYS;
                let last = last.map(|last| last.to_string()).unwrap_or_default();
                let (state, more, days) = if young {
                    (MonthState::Waiting, "it is asked for when that has it", 1)
                } else {
                    (MonthState::Failing, "60 days after the month's end; ask the vendor", 7)
                };
                MonthOutcome {
                    trouble: Some(Trouble::NotReady),
                    reason: format!("the vendor's list of reports ends with {last}, {more}"),
                    next_attempt: after(days),
                    ..MonthOutcome::plain(month, state)
                }
            }
        };
        if has_fallback {
            verdict.try_fallback.push(month);
        }
        verdict.months.push(outcome);
    }
    verdict
}

/// When a month is asked for again that came `incomplete` times before, but not for good.
fn again_after(incomplete: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (incomplete < ASKED_AGAIN).then(|| now + TimeDelta::days(7))
}

fn came(month: Month, said: Remarks, incomplete: u32, now: DateTime<Utc>) -> MonthOutcome {
    let whole = MonthOutcome::plain(month, MonthState::Harvested);
    if !said.partial {
        return whole;
    }
    MonthOutcome {
        trouble: Some(Trouble::Partial),
        reason: "the vendor says that there will be more".into(),
        next_attempt: again_after(incomplete, now),
        partial: true,
        ..whole
    }
}

/// A month for which nothing came.
fn missing(
    month: Month,
    said: Remarks,
    last_with_data: Option<Month>,
    asked: &Asked<'_>,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> MonthOutcome {
    let young = (today - month.last_day()).num_days() < YOUNG_DAYS;
    let incomplete = asked.earlier.of(month).incomplete;
    let after = |days| Some(now + TimeDelta::days(days));
    let outcome = |state, trouble, reason: &str, next_attempt| MonthOutcome {
        trouble,
        reason: reason.to_owned(),
        next_attempt,
        ..MonthOutcome::plain(month, state)
    };
    let not_ready = Some(Trouble::NotReady);
    let elsewhere = if asked.is_fallback { " in either release" } else { "" };
    if said.not_ready && young {
        outcome(MonthState::Waiting, not_ready, "the vendor does not have it ready yet", after(1))
    } else if said.not_ready {
        let reason = format!("the vendor does not have it ready{elsewhere}, 60 days after the month's end; ask the vendor");
        outcome(MonthState::Failing, not_ready, &reason, after(7))
    } else if said.gone {
        outcome(MonthState::Gone, Some(Trouble::Gone), &format!("the vendor does not have it any more{elsewhere}"), None)
    } else if said.no_usage && young {
        outcome(MonthState::Waiting, not_ready, "the vendor says that there was no use, which may mean that it is not ready", after(7))
    } else if said.no_usage {
        MonthOutcome { zero_said: true, ..MonthOutcome::plain(month, MonthState::Empty) }
    } else if said.partial {
        let reason = "the vendor says that there will be more";
        let outcome = outcome(MonthState::Empty, Some(Trouble::Partial), reason, again_after(incomplete, now));
        MonthOutcome { partial: true, unconfirmed: true, ..outcome }
    } else if last_with_data.is_some_and(|last| last < month) && young {
        outcome(MonthState::Waiting, not_ready, "earlier months came and this one did not, which may mean that it is not ready", after(7))
    } else if last_with_data.is_some() {
        // The report covers the month and has others: it was not used.
        outcome(MonthState::Empty, None, "the report covers the month and has nothing for it", None)
    } else {
        let reason = "an empty report, with no word that there was no use";
        let outcome = outcome(MonthState::Empty, Some(Trouble::Unconfirmed), reason, again_after(incomplete, now));
        MonthOutcome { unconfirmed: true, ..outcome }
    }
}
