//! What answers mean, case by case.

use super::*;
use crate::model::{Identifier, ReportHeader};

/// 20 January 2025, early in the morning.
fn now() -> DateTime<Utc> {
    "2025-01-20T03:30:00Z".parse().unwrap()
}

fn months(first: &str, last: &str) -> MonthRange {
    MonthRange::new(first.parse().unwrap(), last.parse().unwrap())
}

fn exception(code: u32, message: &str) -> Exception {
    Exception { code, message: message.into(), ..Exception::default() }
}

/// A case: what is asked and what comes, all ordinary unless changed.
struct Case {
    status: u16,
    retry_after: Option<RetryAfter>,
    reading: Result<Reading, FormatError>,
    data: Vec<&'static str>,
    months: MonthRange,
    has_fallback: bool,
    /// Of every month.
    earlier: Attempts,
    our_address: Option<IpAddr>,
}

impl Case {
    fn new() -> Self {
        let header = ReportHeader { report: Some("PR".parse().unwrap()), ..ReportHeader::default() };
        Self {
            status: 200,
            retry_after: None,
            reading: Ok(Reading { header, has_items: true, ..Reading::default() }),
            data: vec![],
            months: months("2024-10", "2024-12"),
            has_fallback: false,
            earlier: Attempts::default(),
            our_address: None,
        }
    }

    fn with(codes: &[u32], data: &[&'static str]) -> Self {
        let mut case = Self::new();
        case.reading.as_mut().unwrap().exceptions = codes.iter().map(|code| exception(*code, "said so")).collect();
        case.data = data.to_vec();
        case
    }

    fn header(&mut self) -> &mut ReportHeader {
        &mut self.reading.as_mut().unwrap().header
    }

    fn judge(&self) -> Verdict {
        let data: BTreeSet<Month> = self.data.iter().map(|m| m.parse().unwrap()).collect();
        let report = "PR".parse().unwrap();
        let others = ["c2".to_owned()];
        let earlier = self.months.iter().map(|month| (month, self.earlier)).collect();
        let answer = Answer {
            status: self.status,
            retry_after: self.retry_after,
            reading: self.reading.as_ref(),
            months_with_data: &data,
            beginning: "<html>",
        };
        let asked = Asked {
            report: &report,
            release: Release::R51,
            months: self.months,
            customer_id: "c1",
            other_customers: &others,
            has_fallback: self.has_fallback,
            is_fallback: false,
            earlier: &earlier,
            our_address: self.our_address,
        };
        judge(&answer, &asked, now(), chrono_tz::Europe::Oslo)
    }

    /// Was tried so often with this outcome, yesterday for the first time.
    fn tried(&mut self, trouble: Trouble, count: u32) {
        self.earlier = Attempts { trouble: Some(trouble), count, first: Some(now() - TimeDelta::hours(25)), incomplete: 0 };
    }

    fn states(&self) -> Vec<String> {
        self.judge().months.iter().map(|o| o.state.to_string()).collect()
    }
}

const ALL: [&str; 3] = ["2024-10", "2024-11", "2024-12"];

#[test]
fn a_whole_report_is_harvested_whole() {
    let verdict = Case::with(&[], &ALL).judge();
    assert!(verdict.months.iter().all(|o| o.state == MonthState::Harvested && o.next_attempt.is_none() && !o.partial));
    assert_eq!(verdict.retry_now_after, None);
    assert!(!verdict.trouble);
}

#[test]
fn warnings_and_information_change_nothing() {
    for code in [0, 1, 500, 999, 2011, 3063, 3050, 3060, 3061, 3062, 3070] {
        assert_eq!(Case::with(&[code], &ALL).states(), ["harvested"; 3], "{code}");
    }
}

#[test]
fn months_that_are_not_ready_wait_and_the_others_are_kept() {
    let verdict = Case::with(&[3031], &["2024-10", "2024-11"]).judge();
    assert_eq!(verdict.months.iter().map(|o| o.state.as_str()).collect::<Vec<_>>(), ["harvested", "harvested", "waiting"]);
    assert_eq!(verdict.months[2].next_attempt, Some("2025-01-21T03:30:00Z".parse().unwrap()));
    // October ended more than 60 days ago.
    assert_eq!(Case::with(&[3031], &["2024-12"]).states(), ["failing", "waiting", "harvested"]);
}

#[test]
fn no_usage_is_believed_once_the_month_is_old() {
    assert_eq!(Case::with(&[3030], &[]).states(), ["empty", "waiting", "waiting"]);
}

#[test]
fn what_is_gone_is_asked_for_at_the_other_release() {
    let mut case = Case::with(&[3032], &["2024-12"]);
    assert_eq!(case.states(), ["gone", "gone", "harvested"]);
    assert!(case.judge().try_fallback.is_empty());
    case.has_fallback = true;
    assert_eq!(case.judge().try_fallback, ["2024-10".parse().unwrap(), "2024-11".parse().unwrap()]);
}

#[test]
fn a_partial_month_is_kept_and_asked_for_five_times_more() {
    let mut case = Case::with(&[3040], &ALL);
    let verdict = case.judge();
    assert!(verdict.months.iter().all(|o| o.state == MonthState::Harvested && o.partial && o.next_attempt.is_some()));
    case.earlier.incomplete = 4;
    assert!(case.judge().months.iter().all(|o| o.partial && o.next_attempt.is_some()));
    case.earlier.incomplete = 5;
    assert!(case.judge().months.iter().all(|o| o.partial && o.next_attempt.is_none()));
}

#[test]
fn an_empty_report_without_a_word_is_an_unconfirmed_zero() {
    let verdict = Case::with(&[], &[]).judge();
    assert!(verdict.months.iter().all(|o| o.state == MonthState::Empty && o.unconfirmed && o.next_attempt.is_some()));
}

#[test]
fn a_gap_between_months_is_a_zero_and_a_young_month_at_the_end_is_not() {
    assert_eq!(Case::with(&[], &["2024-10", "2024-12"]).states(), ["harvested", "empty", "harvested"]);
    assert_eq!(Case::with(&[], &["2024-10", "2024-11"]).states(), ["harvested", "harvested", "waiting"]);
}

#[test]
fn wrong_credentials_stop_the_account_until_tomorrow() {
    let mut by_status = Case::new();
    by_status.status = 401;
    by_status.reading = Err(FormatError::NotJson { beginning: "<html>".into() });
    for case in [Case::with(&[2000], &[]), Case::with(&[2010], &ALL), Case::with(&[2020], &[]), by_status] {
        let verdict = case.judge();
        assert_eq!(verdict.stop, Stop::Account);
        assert!(
            verdict
                .months
                .iter()
                .all(|o| o.state == MonthState::Failing && o.next_attempt == Some("2025-01-21T03:30:00Z".parse().unwrap()))
        );
        assert!(verdict.months[0].reason.contains("credentials"), "{}", verdict.months[0].reason);
    }
}

#[test]
fn the_code_decides_before_the_status() {
    // "Not ready" with a status that alone would mean "no such report".
    let mut case = Case::with(&[3031], &[]);
    case.status = 404;
    case.months = months("2024-12", "2024-12");
    assert_eq!(case.states(), ["waiting"]);
    // The gravest of several decides.
    assert_eq!(Case::with(&[3031, 2010], &ALL).judge().stop, Stop::Account);
}

#[test]
fn a_report_that_the_vendor_does_not_have_stops_alone() {
    for codes in [[3000], [3010]] {
        let verdict = Case::with(&codes, &[]).judge();
        assert_eq!(verdict.stop, Stop::Report);
        assert!(verdict.months.iter().all(|o| o.state == MonthState::Failing && o.next_attempt.is_some()));
    }
}

#[test]
fn a_request_that_the_vendor_finds_wrong_is_sent_again_month_by_month() {
    assert!(Case::with(&[3020], &[]).judge().single_months);
    let mut one = Case::with(&[1030], &[]);
    one.months = months("2024-12", "2024-12");
    let verdict = one.judge();
    assert!(!verdict.single_months && verdict.months[0].state == MonthState::Failing);
}

#[test]
fn a_queued_report_is_fetched_when_the_vendor_says() {
    let mut case = Case::with(&[1011], &[]);
    case.retry_after = Some(RetryAfter::Seconds(5));
    let verdict = case.judge();
    assert_eq!(verdict.retry_now_after, Some(Duration::from_secs(5)));
    assert!(verdict.months.iter().all(|o| o.state == MonthState::Waiting) && !verdict.trouble);
    case.retry_after = None;
    let verdict = case.judge();
    assert_eq!(verdict.months[0].next_attempt, Some("2025-01-20T03:40:00Z".parse().unwrap()));
    assert_eq!(verdict.retry_now_after, None);
    case.tried(Trouble::Queued, 9);
    assert_eq!(case.states(), ["failing"; 3]);
    // What was met before it came into the queue does not count.
    case.tried(Trouble::NotReady, 9);
    assert_eq!(case.states(), ["waiting"; 3]);
    let mut bare = Case::new();
    bare.status = 202;
    bare.reading = Err(FormatError::NotJson { beginning: String::new() });
    assert_eq!(bare.states(), ["waiting"; 3]);
}

#[test]
fn a_vendor_that_is_asked_too_often_is_left_alone() {
    let mut case = Case::with(&[1020], &[]);
    assert_eq!(case.judge().host.until(), Some("2025-01-20T04:30:00Z".parse().unwrap()));
    case.reading.as_mut().unwrap().exceptions[0].data = "5 requests per day".into();
    // Five past midnight in Oslo.
    assert_eq!(case.judge().host.until(), Some("2025-01-20T23:05:00Z".parse().unwrap()));
    case.retry_after = Some(RetryAfter::Seconds(2));
    let verdict = case.judge();
    assert_eq!(verdict.retry_now_after, Some(Duration::from_secs(2)));
    assert!(verdict.trouble);
}

#[test]
fn a_vendor_that_wants_to_be_asked_again_at_once_is_not_hammered() {
    for (code, trouble) in [(1020, Trouble::TooMany), (1011, Trouble::Queued), (1010, Trouble::Unavailable)] {
        let mut case = Case::with(&[code], &[]);
        case.retry_after = Some(RetryAfter::Seconds(0));
        for (attempts, least) in [(0, 1), (3, 8), (6, 16)] {
            case.tried(trouble, attempts);
            case.earlier.first = Some(now());
            let wait = case.judge().months[0].next_attempt.unwrap() - now();
            assert!(wait >= TimeDelta::seconds(least), "{code}, {attempts}: {wait}");
        }
    }
}

#[test]
fn a_server_in_trouble_is_asked_again_with_growing_pauses() {
    let mut case = Case::new();
    case.status = 503;
    case.reading = Err(FormatError::NotJson { beginning: "<html>".into() });
    let mut pauses = Vec::new();
    for attempts in 0..6 {
        case.tried(Trouble::Unavailable, attempts);
        let verdict = case.judge();
        assert!(verdict.trouble && verdict.months.iter().all(|o| o.state == MonthState::Waiting));
        assert_eq!(verdict.retry_now_after.is_some(), attempts < 3, "{attempts}");
        pauses.push(verdict.months[0].next_attempt.unwrap() - now());
    }
    assert!(pauses.is_sorted() && pauses[0] >= TimeDelta::seconds(1) && pauses[3] >= TimeDelta::minutes(10), "{pauses:?}");
    case.tried(Trouble::Unavailable, 1000);
    assert_eq!(case.judge().months[0].next_attempt.unwrap() - now(), TimeDelta::days(1));
    // That it was not ready for weeks is no reason to be impatient with a moment's trouble.
    case.tried(Trouble::NotReady, 1000);
    assert!(case.judge().retry_now_after.is_some());
}

#[test]
fn what_is_not_the_report_is_asked_for_twice_more_and_then_shown() {
    let mut html = Case::new();
    html.reading = Err(FormatError::NotJson { beginning: "<html>".into() });
    let mut other_report = Case::with(&[], &ALL);
    other_report.header().report = Some("TR".parse().unwrap());
    let mut no_header = Case::with(&[], &ALL);
    no_header.header().report = None;
    no_header.reading.as_mut().unwrap().looks_like = Some("TR");
    let mut other_customer = Case::with(&[], &ALL);
    other_customer.header().customer_id = "c9".into();
    let mut by_institution = Case::with(&[], &ALL);
    by_institution.header().institution_ids = vec![Identifier { kind: "Proprietary".into(), value: "vendor:C2".into(), original: None }];
    let other_months = Case::with(&[], &["2023-10"]);
    let mut first_day_only = Case::with(&[], &["2024-10"]);
    first_day_only.header().begin = Some("2024-10-01".parse().unwrap());
    first_day_only.header().end = Some("2024-10-01".parse().unwrap());
    let expected = ["<html>", "it is a TR", "looks like a TR", "customer c9", "customer C2", "2023-10", "date_format"];
    let cases = [html, other_report, no_header, other_customer, by_institution, other_months, first_day_only];
    for (mut case, expected) in cases.into_iter().zip(expected) {
        let verdict = case.judge();
        assert!(verdict.retry_now_after.is_some(), "{expected}");
        assert!(verdict.months.iter().all(|o| o.state == MonthState::Waiting), "{expected}");
        case.tried(Trouble::NotReady, 30);
        assert!(case.judge().retry_now_after.is_some(), "{expected}");
        case.tried(Trouble::NotTheReport, 2);
        let verdict = case.judge();
        assert!(verdict.months.iter().all(|o| o.state == MonthState::Failing), "{expected}");
        assert_eq!(verdict.retry_now_after, None);
        assert!(verdict.months[0].reason.contains(expected), "{}", verdict.months[0].reason);
    }
}

#[test]
fn our_own_customer_id_in_another_case_or_namespace_is_ours() {
    let mut case = Case::with(&[], &ALL);
    case.header().customer_id = " C1 ".into();
    assert_eq!(case.states(), ["harvested"; 3]);
    let mut case = Case::with(&[], &ALL);
    let id = |value: &str| Identifier { kind: "Proprietary".into(), value: value.into(), original: None };
    case.header().institution_ids = vec![id("x:c2"), id("x:c1")];
    assert_eq!(case.states(), ["harvested"; 3]);
}

#[test]
fn a_bad_row_refuses_the_report_with_its_place() {
    let mut case = Case::new();
    case.reading = Err(FormatError::BadRow { place: "item 3, Total_Item_Requests, 2024-10".into(), what: "-5 is negative".into() });
    let verdict = case.judge();
    assert!(verdict.months.iter().all(|o| o.state == MonthState::Failing));
    assert!(verdict.months[0].reason.contains("item 3") && verdict.months[0].reason.contains("-5"));
}

#[test]
fn months_outside_the_request_are_left_out_and_told() {
    let mut case = Case::with(&[], &["2024-09", "2024-10", "2024-11", "2024-12"]);
    case.header().begin = Some("2024-09-01".parse().unwrap());
    case.header().end = Some("2024-12-31".parse().unwrap());
    let verdict = case.judge();
    assert_eq!(verdict.months.len(), 3);
    assert!(verdict.notes.iter().any(|note| note.contains("2024-09")));
}

#[test]
fn an_unknown_code_is_an_error_unless_it_says_that_the_report_is_queued() {
    assert_eq!(Case::with(&[4001], &ALL).states(), ["failing"; 3]);
    let mut queued = Case::with(&[1111], &[]);
    queued.reading.as_mut().unwrap().exceptions[0].message = "Report Queued for processing".into();
    assert_eq!(queued.states(), ["waiting"; 3]);
}

#[test]
fn no_answer_at_all_waits_unless_a_person_is_needed() {
    let transport = |needs_a_person| Transport { reason: "cannot reach example.org".into(), needs_a_person, of_host: true };
    let verdict = judge_transport(&transport(false), months("2024-10", "2024-12"), &Earlier::default(), now());
    assert!(verdict.trouble && verdict.retry_now_after.is_some());
    assert!(verdict.months.iter().all(|o| o.state == MonthState::Waiting && o.reason.contains("example.org")));
    assert_eq!(verdict.host.until(), verdict.months[0].next_attempt, "nobody else is asked for there meanwhile");
    let verdict = judge_transport(&transport(true), months("2024-10", "2024-12"), &Earlier::default(), now());
    assert!(verdict.trouble && verdict.retry_now_after.is_none());
    assert!(verdict.months.iter().all(|o| o.state == MonthState::Failing));
}

#[test]
fn a_new_month_has_all_its_tries_also_in_the_company_of_an_old_one() {
    let long = |trouble| Attempts { trouble: Some(trouble), count: 9, first: Some(now() - TimeDelta::days(9)), incomplete: 9 };
    let (old, new): (Month, Month) = ("2024-11".parse().unwrap(), "2024-12".parse().unwrap());
    let earlier: Earlier = [(old, long(Trouble::NotTheReport))].into_iter().collect();
    assert_eq!(earlier.met(months("2024-11", "2024-11"), Trouble::NotTheReport), 9);
    assert_eq!(earlier.met(months("2024-11", "2024-12"), Trouble::NotTheReport), 0);
    let queued: Earlier = [(old, long(Trouble::Queued))].into_iter().collect();
    assert!(queued.since(months("2024-11", "2024-11"), Trouble::Queued).is_some());
    assert_eq!(queued.since(months("2024-11", "2024-12"), Trouble::Queued), None);
    assert_eq!((earlier.of(old).incomplete, earlier.of(new).incomplete), (9, 0));
}

#[test]
fn an_address_that_is_not_admitted_is_named() {
    let mut case = Case::with(&[2030], &[]);
    case.reading.as_mut().unwrap().exceptions[0].data = "198.51.100.7".into();
    let reason = |case: &Case| case.judge().months[0].reason.clone();
    assert!(!reason(&case).contains("This machine asks from"), "{}", reason(&case));
    case.our_address = Some("192.0.2.5".parse().unwrap());
    let verdict = case.judge();
    assert_eq!(verdict.stop, Stop::Account);
    for expected in ["asks from 192.0.2.5;", "gateway", "198.51.100.7", "public address"] {
        assert!(reason(&case).contains(expected), "{}", reason(&case));
    }
}
