//! What a reply says beside its items: whom and what it is about, exceptions, faults.

use super::values::day;
use super::vocabulary::family;
use crate::formats::counter_json::code_of;
use crate::formats::notes::Notes;
use crate::model::release4::release_4_report;
use crate::model::{Exception, Identifier, Release, ReportHeader};

/// More exceptions than anybody reads.
const MOST_EXCEPTIONS: usize = 1000;

/// What was read of the parts of a reply that are not items.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The root element's name; empty before it.
    pub(super) root: String,
    /// A `ReportResponse`, a `Report` with attributes or a `ReportDefinition` was there.
    pub(super) is_reply: bool,
    /// `CustomerReference`: id and name.
    pub(super) asked: (String, String),
    /// `Name` and `Release` of `ReportDefinition`.
    pub(super) definition: (String, String),
    pub(super) begin: String,
    pub(super) end: String,
    pub(super) filters: Vec<(String, String)>,
    /// Attributes of COUNTER's `Report`: name, title, version, time.
    pub(super) report: [String; 4],
    pub(super) vendor: String,
    exception: Exception,
    exceptions: usize,
    fault: (String, String),
}

impl Head {
    /// Takes the attributes of a `Report`. An error if it is another report than the one before.
    pub(super) fn take_report(&mut self, attributes: [String; 4]) -> Result<(), String> {
        let (known, new) = (meant(&self.report), meant(&attributes));
        if let (Some(known), Some(new)) = (&known, &new)
            && known != new
        {
            return Err(format!("it holds several reports, {known} and {new}; only one at a time can be read"));
        }
        if known.is_none() {
            self.report = attributes;
        }
        Ok(())
    }

    fn is(&self, family: &str) -> bool {
        let asked = release_4_report(&self.definition.0);
        asked.or_else(|| meant(&self.report)).is_some_and(|report| report.as_str().starts_with(family))
    }

    /// Whether the report is one of those that are always broken down to the members of a consortium.
    pub(super) fn is_by_member(&self) -> bool {
        self.is("CR")
    }

    /// The reports that it is one of, where that says what its items are.
    pub(super) fn family(&self) -> Option<&'static str> {
        ["JR", "BR", "DB", "PR", "MR"].into_iter().find(|family| self.is(family))
    }

    /// Begins an exception.
    pub(super) fn begin_exception(&mut self) {
        self.exception = Exception::default();
    }

    pub(super) fn exception(&mut self) -> &mut Exception {
        &mut self.exception
    }

    /// Ends an exception; one that says nothing is none.
    pub(super) fn end_exception(&mut self, number: &str, exceptions: &mut Vec<Exception>, notes: &mut Notes) {
        let mut exception = std::mem::take(&mut self.exception);
        let digits: String = number.trim().chars().take_while(char::is_ascii_digit).collect();
        let code = digits.parse().ok().or_else(|| code_of(&exception.message));
        if code.is_none() && exception.message.is_empty() && exception.data.is_empty() {
            notes.add("an Exception that says nothing", || "Exception".into());
            return;
        }
        if code.is_none() {
            notes.add("an Exception without a Number", || "Exception".into());
        }
        // What has no number is no mere warning: it came in place of a report.
        exception.code = code.unwrap_or(1000);
        self.exceptions += 1;
        if self.exceptions <= MOST_EXCEPTIONS {
            exceptions.push(exception);
        }
    }

    /// Takes a part of a SOAP fault; the first of each kind counts.
    pub(super) fn fault(&mut self, is_code: bool, text: &str) {
        let part = if is_code { &mut self.fault.0 } else { &mut self.fault.1 };
        if part.is_empty() {
            text.clone_into(part);
        }
    }

    /// Ends a fault (SOAP 1.1 section 4.4). It has no number of COUNTER's: that of the message it repeats, else that our request is
    /// wrong, or that the server is out of order. What an exception within it says goes before.
    pub(super) fn end_fault(&mut self, exceptions: &mut Vec<Exception>) {
        let (code, text) = std::mem::take(&mut self.fault);
        if (code.is_empty() && text.is_empty()) || !exceptions.is_empty() {
            return;
        }
        let ours = ["client", "sender"].iter().any(|who| code.to_ascii_lowercase().contains(who));
        let number = code_of(&text).unwrap_or(if ours { 1030 } else { 1000 });
        let message = format!("SOAP fault {code}: {text}");
        exceptions.push(Exception { code: number, message, severity: "Error".into(), ..Exception::default() });
    }

    /// The header; what is odd about it is noted. `seen`: the data type of most items.
    pub(super) fn header(self, only: Option<(&str, &str)>, seen: &str, notes: &mut Notes) -> ReportHeader {
        let mut note = |what: String| notes.add(what, || "ReportDefinition".into());
        let defined = Some(&self.definition.0).filter(|name| !name.is_empty());
        let asked = defined.and_then(|name| release_4_report(name).or_else(|| name.parse().ok()));
        let named = meant(&self.report);
        let report = match (asked, named) {
            (Some(asked), Some(named)) if asked != named => {
                // What was asked for is only repeated; but the name of the report is often wrong.
                let of = family(seen);
                let fits = |report: &crate::model::ReportId| of.is_some_and(|family| report.as_str().starts_with(family));
                note(format!("it says that it is {asked}, and that it is {named}"));
                Some(if fits(&named) && !fits(&asked) { named } else { asked })
            }
            (asked, named) => asked.or(named),
        };
        match &report {
            None => note("it does not say which report it is".into()),
            Some(report) => {
                let is_of_one_kind = ["JR", "BR", "DB", "PR", "MR"].iter().any(|family| report.as_str().starts_with(family));
                let like = family(seen).filter(|family| is_of_one_kind && !report.as_str().starts_with(family));
                if let Some(like) = like {
                    note(format!("it says that it is {report}, its items look like {like}"));
                }
            }
        }
        let version = [&self.definition.1, &self.report[2]].into_iter().find(|text| !text.is_empty());
        let is_4 = |text: &String| matches!(text.trim().trim_start_matches(['R', 'r']), "4" | "4.0" | "4.1");
        let release = version.is_none_or(is_4).then_some(Release::R4);
        if let Some(version) = version.filter(|_| release.is_none()) {
            note(format!("Release '{}' is not 4", super::state::shown(version)));
        }
        let mut dates = [None, None];
        for (date, (text, last)) in dates.iter_mut().zip([(&self.begin, false), (&self.end, true)]) {
            *date = day(text, last);
            if date.is_none() && !text.is_empty() {
                note(format!("'{}' of the UsageDateRange is not a date", super::state::shown(text)));
            }
        }
        let (own_id, own_name) = only.unwrap_or_default();
        let id = |value: &str| Identifier { kind: "Proprietary".into(), value: value.into(), original: None };
        ReportHeader {
            release,
            report,
            report_name: self.report.iter().take(2).rev().find(|text| !text.is_empty()).cloned().unwrap_or_default(),
            created: self.report[3].clone(),
            created_by: self.vendor,
            customer_id: self.asked.0,
            institution_name: if own_name.is_empty() { self.asked.1 } else { own_name.to_owned() },
            institution_ids: if own_id.is_empty() { Vec::new() } else { vec![id(own_id)] },
            begin: dates[0],
            end: dates[1],
            filters: self.filters,
            attributes: Vec::new(),
            registry_record: String::new(),
        }
    }
}

/// The report that its own attributes name.
fn meant(report: &[String; 4]) -> Option<crate::model::ReportId> {
    report.iter().take(2).find_map(|text| release_4_report(text))
}
