//! What is to be done about an answer: HARVEST section 3, as a pure function.
//!
//! [`judge`] takes an [`Answer`] and what was [`Asked`] and gives a [`Verdict`]: an outcome for each month, and whether to
//! ask again now, at the other release, a month at a time, or not at all. [`judge_transport`] does so when no answer came.

mod meaning;
mod months;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use self::meaning::Meaning;
use super::queue::PATIENCE;
use crate::formats::{FormatError, Reading};
use crate::model::usage::short_hash;
use crate::model::{Exception, Month, MonthOutcome, MonthRange, MonthState, Release, ReportId};
use crate::sources::RetryAfter;

/// How often something that is not the report is asked for again before a person is asked.
const RETRIES: u32 = 2;
/// How often a server in trouble is asked again within a run.
const RETRIES_IN_RUN: u32 = 3;

/// What came.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// When the vendor wants to be asked again, if it says so.
    pub retry_after: Option<RetryAfter>,
    /// What the reply says of itself, or why it cannot be read.
    pub reading: Result<&'a Reading, &'a FormatError>,
    /// The months for which it has counts.
    pub months_with_data: &'a BTreeSet<Month>,
    /// Its first 200 bytes, printable, without secrets.
    pub beginning: &'a str,
}

/// What was asked for, and what is known of earlier attempts.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The report.
    pub report: &'a ReportId,
    /// The release.
    pub release: Release,
    /// The months.
    pub months: MonthRange,
    /// Our customer id.
    pub customer_id: &'a str,
    /// Customer ids of the source's other accounts.
    pub other_customers: &'a [String],
    /// The source has another release to be asked for what this one does not have.
    pub has_fallback: bool,
    /// This is that other release.
    pub is_fallback: bool,
    /// How often it was asked for before, with the same outcome.
    pub attempts: u32,
    /// When for the first time.
    pub first_attempt: Option<DateTime<Utc>>,
}

/// How a host is to be treated from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostMood(Option<DateTime<Utc>>);

impl HostMood {
    /// It gets no request before this time: it said so, or nobody is there.
    #[must_use]
    pub fn until(self) -> Option<DateTime<Utc>> {
        self.0
    }
}

/// What else must not be asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stop {
    /// Nothing.
    #[default]
    None,
    /// This report of this account.
    Report,
    /// Anything of this account.
    Account,
}

/// What is to be done about an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Where each month that was asked for stands now.
    pub months: Vec<MonthOutcome>,
    /// How the host is to be treated.
    pub host: HostMood,
    /// Months to be asked for at the other release.
    pub try_fallback: Vec<Month>,
    /// To be asked for again a month at a time.
    pub single_months: bool,
    /// What else is not to be asked for.
    pub stop: Stop,
    /// May be asked for again in this run, after so long.
    pub retry_now_after: Option<Duration>,
    /// The server is in trouble or fends us off: months may only wait, but the request failed.
    pub trouble: bool,
    /// What else is to be said.
    pub notes: Vec<String>,
}

impl Verdict {
    /// All of these months need a person, for this reason; they are asked for again at `next_attempt`, if it is given.
    #[must_use]
    pub fn failing(months: MonthRange, reason: &str, next_attempt: Option<DateTime<Utc>>) -> Self {
        Self { months: all(months, MonthState::Failing, reason, next_attempt), ..Self::default() }
    }
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// For people, without secrets.
    pub reason: String,
    /// Trying again does not help.
    pub needs_a_person: bool,
    /// Nobody is there, whatever is asked for.
    pub of_host: bool,
}

/// What to do when no answer came. `attempts` counts earlier failures of the same request.
#[must_use]
pub fn judge_transport(transport: &Transport, months: MonthRange, attempts: u32, now: DateTime<Utc>) -> Verdict {
    if transport.needs_a_person {
        // Once it is mended, nobody has to think of asking again.
        let months = all(months, MonthState::Failing, &transport.reason, Some(now + TimeDelta::days(1)));
        return Verdict { months, trouble: true, ..Verdict::default() };
    }
    let verdict = in_trouble(&transport.reason, months, attempts, &months.to_string(), None, now);
    let until = verdict.months.first().and_then(|outcome| outcome.next_attempt).filter(|_| transport.of_host);
    Verdict { host: HostMood(until), ..verdict }
}

/// What to do about an answer. `zone` is where days begin.
#[must_use]
pub fn judge(answer: &Answer<'_>, asked: &Asked<'_>, now: DateTime<Utc>, zone: Tz) -> Verdict {
    let exceptions = answer.reading.map(|reading| reading.exceptions.as_slice()).unwrap_or_default();
    let (meaning, exception) = meaning::of_answer(answer.status, exceptions);
    let said = said(answer, exception);
    // The vendor, or a setting, may be mended; a request a week costs nobody anything.
    let failing = |reason: &str| Verdict::failing(asked.months, reason, Some(now + TimeDelta::days(7)));
    match meaning {
        Meaning::Report => report(answer, asked, exceptions, now, zone),
        Meaning::Queued => queued(&said, answer, asked, now),
        Meaning::Unavailable => in_trouble(
            &format!("the vendor's server is in trouble: {said}"),
            asked.months,
            asked.attempts,
            asked.report.as_str(),
            answer.retry_after,
            now,
        ),
        Meaning::TooMany => too_many(&said, exception, answer, asked, now, zone),
        Meaning::Refused => failing(&format!("the vendor refuses: {said}")),
        Meaning::BadRequest => Verdict {
            single_months: asked.months.first != asked.months.last,
            ..failing(&format!(
                "the vendor says that our request is incomplete or its dates are wrong: {said}; see its documentation for parameters that it wants"
            ))
        },
        Meaning::Unsupported => Verdict {
            stop: Stop::Report,
            ..failing(&format!(
                "the vendor has no {} in release {} at this address: {said}; take the report out of the source's `reports`, or correct its `url` or `release`",
                asked.report, asked.release
            ))
        },
        Meaning::Address => Verdict {
            stop: Stop::Account,
            months: all(
                asked.months,
                MonthState::Failing,
                &format!("the vendor does not admit the address that we send from: {said}; ask it to admit this server's public address"),
                Some(tomorrow(now, zone)),
            ),
            ..Verdict::default()
        },
        Meaning::Credentials => Verdict {
            stop: Stop::Account,
            months: all(
                asked.months,
                MonthState::Failing,
                &format!(
                    "the vendor does not accept the account's credentials: {said}; check customer_id, requestor_id and api_key of the account"
                ),
                Some(tomorrow(now, zone)),
            ),
            ..Verdict::default()
        },
    }
}

/// What the vendor said, for people.
fn said(answer: &Answer<'_>, exception: Option<&Exception>) -> String {
    match exception {
        Some(exception) if exception.code == 0 && exception.message.is_empty() => format!("status {}", answer.status),
        Some(exception) => exception.to_string(),
        None if answer.beginning.trim().is_empty() => format!("status {}", answer.status),
        None => format!("status {}, {}", answer.status, answer.beginning.trim()),
    }
}

fn all(months: MonthRange, state: MonthState, reason: &str, next_attempt: Option<DateTime<Utc>>) -> Vec<MonthOutcome> {
    let outcome = |month| MonthOutcome {
        month,
        state,
        reason: reason.to_owned(),
        next_attempt,
        partial: false,
        unconfirmed: false,
        zero_said: false,
    };
    months.iter().map(outcome).collect()
}

/// The same time tomorrow, by the clock of the zone.
fn tomorrow(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let local = now.with_timezone(&zone).naive_local();
    let next = local.checked_add_days(Days::new(1)).and_then(|time| zone.from_local_datetime(&time).latest());
    next.map_or(now + TimeDelta::days(1), |time| time.with_timezone(&Utc))
}

/// Waits, and may come again in this run if the wait is short.
fn wait(months: MonthRange, reason: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Verdict {
    let delay = (until - now).to_std().unwrap_or_default();
    Verdict {
        months: all(months, MonthState::Waiting, reason, Some(until)),
        retry_now_after: (delay <= PATIENCE).then_some(delay),
        ..Verdict::default()
    }
}

/// Twice as long each time, up to a day, and not all at the same moment: up to a quarter is added, which depends on `salt`
/// and not on chance, so that this stays a pure function.
fn growing(first: TimeDelta, attempts: u32, salt: &str) -> TimeDelta {
    let grown = first * 2_i32.saturating_pow(attempts.min(12));
    let part = i32::from(short_hash(format!("{attempts}|{salt}").as_bytes())[0]);
    (grown + grown * part / 1024).min(TimeDelta::days(1))
}

/// What a vendor says of when to come again, but never so soon that we would hammer it: a second at first, longer each time, up to
/// some 16 seconds.
fn not_before(wanted: DateTime<Utc>, attempts: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    wanted.max(now + growing(TimeDelta::seconds(1), attempts.min(4), ""))
}

/// Asked again a few times in this run, then later and later.
fn in_trouble(reason: &str, months: MonthRange, attempts: u32, salt: &str, retry_after: Option<RetryAfter>, now: DateTime<Utc>) -> Verdict {
    let until = match retry_after {
        Some(retry_after) => not_before(retry_after.from(now), attempts, now),
        None if attempts < RETRIES_IN_RUN => now + growing(TimeDelta::seconds(1), attempts, salt),
        None => now + growing(TimeDelta::minutes(10), attempts - RETRIES_IN_RUN, salt),
    };
    Verdict { trouble: true, ..wait(months, reason, until, now) }
}

fn queued(said: &str, answer: &Answer<'_>, asked: &Asked<'_>, now: DateTime<Utc>) -> Verdict {
    if asked.attempts > 0 && asked.first_attempt.is_some_and(|first| now - first > TimeDelta::days(1)) {
        let reason = format!("the vendor has had the report in its queue for more than a day: {said}; ask the vendor");
        return Verdict { months: all(asked.months, MonthState::Failing, &reason, Some(now + TimeDelta::days(7))), ..Verdict::default() };
    }
    let until =
        answer.retry_after.map_or(now + TimeDelta::minutes(10), |retry_after| not_before(retry_after.from(now), asked.attempts, now));
    wait(asked.months, &format!("the vendor is preparing the report: {said}"), until, now)
}

fn too_many(said: &str, exception: Option<&Exception>, answer: &Answer<'_>, asked: &Asked<'_>, now: DateTime<Utc>, zone: Tz) -> Verdict {
    let daily = exception.is_some_and(|e| {
        let words = format!("{} {}", e.message, e.data).to_ascii_lowercase();
        ["per day", "a day", "daily", "/day", "24 hours"].iter().any(|word| words.contains(word))
    });
    let until = match answer.retry_after {
        Some(retry_after) => not_before(retry_after.from(now), asked.attempts, now),
        None if daily => {
            let midnight = now.with_timezone(&zone).date_naive().succ_opt().map(|day| day.and_time(NaiveTime::MIN));
            let midnight = midnight.and_then(|time| zone.from_local_datetime(&time).earliest());
            midnight.map_or(now + TimeDelta::days(1), |time| time.with_timezone(&Utc) + TimeDelta::minutes(5))
        }
        None => now + TimeDelta::hours(1),
    };
    let verdict = wait(asked.months, &format!("the vendor wants fewer requests: {said}"), until, now);
    Verdict { host: HostMood(Some(until)), trouble: true, ..verdict }
}

/// A reply with a status of success and no grave exception.
fn report(answer: &Answer<'_>, asked: &Asked<'_>, exceptions: &[Exception], now: DateTime<Utc>, zone: Tz) -> Verdict {
    let reading = match answer.reading {
        Ok(reading) => reading,
        // The same row will be there tomorrow; a vendor that is told may mend it.
        Err(error @ FormatError::BadRow { .. }) => {
            let reason = format!("the report is refused: {error}; tell the vendor");
            return Verdict {
                months: all(asked.months, MonthState::Failing, &reason, Some(now + TimeDelta::days(7))),
                ..Verdict::default()
            };
        }
        Err(error) => return not_the_report(&error.to_string(), answer, asked, now),
    };
    if let Some(why) = months::not_what_was_asked(reading, answer.months_with_data, asked, exceptions) {
        return not_the_report(&why, answer, asked, now);
    }
    let today = now.with_timezone(&zone).date_naive();
    let mut verdict = months::decide(reading, answer.months_with_data, asked, today, now);
    verdict.notes.extend(exceptions.iter().map(|e| format!("the vendor says: {e}")));
    verdict
}

/// Nothing of it is stored; asked for twice more in this run, then a person looks.
fn not_the_report(why: &str, answer: &Answer<'_>, asked: &Asked<'_>, now: DateTime<Utc>) -> Verdict {
    if asked.attempts < RETRIES {
        let until = now + growing(TimeDelta::seconds(1), asked.attempts, asked.report.as_str());
        return wait(asked.months, &format!("not the report: {why}"), until, now);
    }
    let beginning = answer.beginning.trim();
    // Some reasons already show how the reply begins.
    let shown = if beginning.is_empty() || why.contains(beginning) { String::new() } else { format!("; it begins with: {beginning}") };
    Verdict {
        months: all(asked.months, MonthState::Failing, &format!("not the report: {why}{shown}"), Some(now + TimeDelta::days(7))),
        ..Verdict::default()
    }
}
