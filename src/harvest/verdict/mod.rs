//! What is to be done about an answer: HARVEST section 3, as a pure function.
//!
//! [`judge`] takes an [`Answer`] and what was [`Asked`] and gives a [`Verdict`]: an outcome for each month, and whether to
//! ask again now, at the other release, a month at a time, or not at all. [`judge_transport`] does so when no answer came.

mod meaning;
mod months;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use self::meaning::Meaning;
pub use self::months::{Bounds, outside};
use super::queue::PATIENCE;
use crate::formats::{FormatError, Reading};
use crate::model::usage::short_hash;
use crate::model::{Attempts, Exception, Month, MonthOutcome, MonthRange, MonthState, Release, ReportId, Trouble};
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
    /// What earlier attempts met.
    pub earlier: &'a Earlier,
    /// The address of this machine from which the vendor was asked, if it is known.
    pub our_address: Option<IpAddr>,
}

/// What earlier attempts met, month by month. A request for several months has been tried as often as that of them which was tried
/// least: what is promised to a month (so many tries, so much time) does not depend on the company in which it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier(BTreeMap<Month, Attempts>);

impl Earlier {
    /// Of one month.
    fn of(&self, month: Month) -> Attempts {
        self.0.get(&month).copied().unwrap_or_default()
    }

    /// How often in a row these months were asked for and met this trouble.
    #[must_use]
    pub fn met(&self, months: MonthRange, trouble: Trouble) -> u32 {
        months.iter().map(|month| self.of(month).met(trouble)).min().unwrap_or(0)
    }

    /// Since when these months have met this trouble and nothing else; nothing unless all of them have.
    fn since(&self, months: MonthRange, trouble: Trouble) -> Option<DateTime<Utc>> {
        let firsts: Option<Vec<_>> = months.iter().map(|month| self.of(month)).map(|a| a.first.filter(|_| a.met(trouble) > 0)).collect();
        firsts?.into_iter().max()
    }
}

impl FromIterator<(Month, Attempts)> for Earlier {
    fn from_iter<T: IntoIterator<Item = (Month, Attempts)>>(months: T) -> Self {
        Self(months.into_iter().collect())
    }
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
    /// This report of any account of the source: the vendor's list of reports does not have it either.
    Source,
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
    pub fn failing(months: MonthRange, trouble: Trouble, reason: &str, next_attempt: Option<DateTime<Utc>>) -> Self {
        Self { months: all(months, MonthState::Failing, Some(trouble), reason, next_attempt), ..Self::default() }
    }

    /// Of a release that was asked for what the other does not have, and that has no such report at all: what the other said stands.
    /// A vendor that has switched its old release off is no failure of the new one.
    #[must_use]
    pub fn or_of_the_other(self, first: &[MonthOutcome]) -> Self {
        if self.stop != Stop::Report || first.is_empty() {
            return self;
        }
        let why = self.months.first().map(|outcome| outcome.reason.clone()).unwrap_or_default();
        let notes = vec![format!("the other release was asked too, in vain: {why}")];
        Self { months: first.to_vec(), notes, ..Self::default() }
    }

    /// The same for months that were not asked for, because something is amiss here.
    #[must_use]
    pub fn not_asked(months: MonthRange, reason: &str, next_attempt: Option<DateTime<Utc>>) -> Self {
        Self { months: all(months, MonthState::Failing, None, reason, next_attempt), ..Self::default() }
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

/// What to do when no answer came.
#[must_use]
pub fn judge_transport(transport: &Transport, months: MonthRange, earlier: &Earlier, now: DateTime<Utc>) -> Verdict {
    if transport.needs_a_person {
        // Once it is mended, nobody has to think of asking again.
        let verdict = Verdict::failing(months, Trouble::Person, &transport.reason, Some(now + TimeDelta::days(1)));
        return Verdict { trouble: true, ..verdict };
    }
    let verdict = in_trouble(&transport.reason, months, earlier, &months.to_string(), None, now);
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
    let failing = |reason: &str| Verdict::failing(asked.months, Trouble::Person, reason, Some(now + TimeDelta::days(7)));
    // Nobody is to be hammered with credentials or addresses that are refused.
    let stopped = |reason: &str| Verdict {
        stop: Stop::Account,
        ..Verdict::failing(asked.months, Trouble::Person, reason, Some(tomorrow(now, zone)))
    };
    match meaning {
        Meaning::Report => report(answer, asked, exceptions, now, zone),
        Meaning::Queued => queued(&said, answer, asked, now),
        Meaning::Unavailable => in_trouble(
            &format!("the vendor's server is in trouble: {said}"),
            asked.months,
            asked.earlier,
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
        Meaning::Address => stopped(&address_refused(&said, asked.our_address)),
        Meaning::Credentials => stopped(&format!(
            "the vendor does not accept the account's credentials: {said}; check customer_id, requestor_id and api_key of the account"
        )),
    }
}

/// Which address the vendor is to admit. What it has seen itself, it may say in its own words.
fn address_refused(said: &str, ours: Option<IpAddr>) -> String {
    let ours = ours.map_or_else(String::new, |ours| {
        format!(" This machine asks from {ours}; behind a gateway or a proxy, the vendor sees that one's address instead.")
    });
    let said = said.trim_end_matches('.');
    format!("the vendor does not admit the address that we send from: {said}.{ours} Ask the vendor to admit this server's public address")
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

fn all(
    months: MonthRange,
    state: MonthState,
    trouble: Option<Trouble>,
    reason: &str,
    next_attempt: Option<DateTime<Utc>>,
) -> Vec<MonthOutcome> {
    let outcome = |month| MonthOutcome { trouble, reason: reason.to_owned(), next_attempt, ..MonthOutcome::plain(month, state) };
    months.iter().map(outcome).collect()
}

/// The same time tomorrow, by the clock of the zone.
fn tomorrow(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let local = now.with_timezone(&zone).naive_local();
    let next = local.checked_add_days(Days::new(1)).and_then(|time| zone.from_local_datetime(&time).latest());
    next.map_or(now + TimeDelta::days(1), |time| time.with_timezone(&Utc))
}

/// Waits, and may come again in this run if the wait is short.
fn wait(months: MonthRange, trouble: Trouble, reason: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Verdict {
    let delay = (until - now).to_std().unwrap_or_default();
    Verdict {
        months: all(months, MonthState::Waiting, Some(trouble), reason, Some(until)),
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
fn in_trouble(
    reason: &str,
    months: MonthRange,
    earlier: &Earlier,
    salt: &str,
    retry_after: Option<RetryAfter>,
    now: DateTime<Utc>,
) -> Verdict {
    let attempts = earlier.met(months, Trouble::Unavailable);
    let until = match retry_after {
        Some(retry_after) => not_before(retry_after.from(now), attempts, now),
        None if attempts < RETRIES_IN_RUN => now + growing(TimeDelta::seconds(1), attempts, salt),
        None => now + growing(TimeDelta::minutes(10), attempts - RETRIES_IN_RUN, salt),
    };
    Verdict { trouble: true, ..wait(months, Trouble::Unavailable, reason, until, now) }
}

fn queued(said: &str, answer: &Answer<'_>, asked: &Asked<'_>, now: DateTime<Utc>) -> Verdict {
    if asked.earlier.since(asked.months, Trouble::Queued).is_some_and(|first| now - first > TimeDelta::days(1)) {
        let reason = format!("the vendor has had the report in its queue for more than a day: {said}; ask the vendor");
        return Verdict::failing(asked.months, Trouble::Queued, &reason, Some(now + TimeDelta::days(7)));
    }
    let attempts = asked.earlier.met(asked.months, Trouble::Queued);
    let until = answer.retry_after.map_or(now + TimeDelta::minutes(10), |retry_after| not_before(retry_after.from(now), attempts, now));
    wait(asked.months, Trouble::Queued, &format!("the vendor is preparing the report: {said}"), until, now)
}

fn too_many(said: &str, exception: Option<&Exception>, answer: &Answer<'_>, asked: &Asked<'_>, now: DateTime<Utc>, zone: Tz) -> Verdict {
    let daily = exception.is_some_and(|e| {
        let words = format!("{} {}", e.message, e.data).to_ascii_lowercase();
        ["per day", "a day", "daily", "/day", "24 hours"].iter().any(|word| words.contains(word))
    });
    let until = match answer.retry_after {
        Some(retry_after) => not_before(retry_after.from(now), asked.earlier.met(asked.months, Trouble::TooMany), now),
        None if daily => {
            let midnight = now.with_timezone(&zone).date_naive().succ_opt().map(|day| day.and_time(NaiveTime::MIN));
            let midnight = midnight.and_then(|time| zone.from_local_datetime(&time).earliest());
            midnight.map_or(now + TimeDelta::days(1), |time| time.with_timezone(&Utc) + TimeDelta::minutes(5))
        }
        None => now + TimeDelta::hours(1),
    };
    let verdict = wait(asked.months, Trouble::TooMany, &format!("the vendor wants fewer requests: {said}"), until, now);
    Verdict { host: HostMood(Some(until)), trouble: true, ..verdict }
}

/// A reply with a status of success and no grave exception.
fn report(answer: &Answer<'_>, asked: &Asked<'_>, exceptions: &[Exception], now: DateTime<Utc>, zone: Tz) -> Verdict {
    let reading = match answer.reading {
        Ok(reading) => reading,
        // The same row will be there tomorrow; a vendor that is told may mend it.
        Err(error @ FormatError::BadRow { .. }) => {
            let reason = format!("the report is refused: {error}; tell the vendor");
            return Verdict::failing(asked.months, Trouble::Person, &reason, Some(now + TimeDelta::days(7)));
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
    let attempts = asked.earlier.met(asked.months, Trouble::NotTheReport);
    if attempts < RETRIES {
        let until = now + growing(TimeDelta::seconds(1), attempts, asked.report.as_str());
        return wait(asked.months, Trouble::NotTheReport, &format!("not the report: {why}"), until, now);
    }
    let beginning = answer.beginning.trim();
    // Some reasons already show how the reply begins.
    let shown = if beginning.is_empty() || why.contains(beginning) { String::new() } else { format!("; it begins with: {beginning}") };
    Verdict::failing(asked.months, Trouble::NotTheReport, &format!("not the report: {why}{shown}"), Some(now + TimeDelta::days(7)))
}
