//! A request for a report, as the COUNTER API defines it, understood or refused.
//!
//! [`understand`] turns query parameters into an [`Ask`], or into the [`Refusal`] that vendors give.

use chrono::NaiveDate;

use crate::model::{Month, MonthRange, Release};

use super::plan::{AccountPlan, Behaviour, VendorPlan};
use super::view::{Master, Shown, View};

/// Query parameters, in the order in which they came.
pub(super) type Params = [(String, String)];

/// An exception as it is sent (R5.1 Appendix D).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub code: u32,
    pub message: &'static str,
    pub data: String,
}

impl Notice {
    pub(super) fn new(code: u32, data: impl Into<String>) -> Self {
        let message = match code {
            1010 => "Service Busy",
            1011 => "Report Queued for Processing",
            1020 => "Client has made too many requests",
            1030 => "Insufficient Information to Process Request",
            2000 => "Requestor Not Authorized to Access Service",
            2010 => "Requestor is Not Authorized to Access Usage for Institution",
            2020 => "APIKey Invalid",
            3000 => "Report Not Supported",
            3020 => "Invalid Date Arguments",
            3030 => "No Usage Available for Requested Dates",
            3031 => "Usage Not Ready for Requested Dates",
            3032 => "Usage No Longer Available for Requested Dates",
            3040 => "Partial Data Returned",
            3050 => "Parameter Not Recognized in this Context",
            3062 => "Invalid ReportAttribute Value",
            _ => "Service Not Available",
        };
        Self { code, message, data: data.into() }
    }

    /// The JSON object, as this release has it.
    pub(super) fn json(&self, release: Release) -> serde_json::Value {
        let mut object = serde_json::json!({ "Code": self.code, "Message": self.message });
        if let Some(fields) = object.as_object_mut() {
            if release == Release::R5 {
                fields.insert("Severity".to_owned(), if self.code >= 1000 { "Error" } else { "Warning" }.into());
            }
            if !self.data.is_empty() {
                fields.insert("Data".to_owned(), self.data.clone().into());
            }
        }
        object
    }
}

/// No report: a status and an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub notice: Notice,
}

impl Refusal {
    pub(super) fn new(status: u16, code: u32, data: impl Into<String>) -> Self {
        Self { status, notice: Notice::new(code, data) }
    }
}

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub view: &'static View,
    /// The account, as its place in the plan.
    pub account: usize,
    /// What the reply's filters say.
    pub filters: (NaiveDate, NaiveDate),
    /// The months that have data; empty if none of those asked for has.
    pub months: MonthRange,
    pub shown: Shown,
    pub platform: Option<String>,
    pub data_types: Vec<String>,
    pub metrics: Vec<String>,
    pub access_types: Vec<String>,
    pub access_methods: Vec<String>,
    /// Exceptions that go into the header.
    pub notices: Vec<Notice>,
}

/// The first value of a parameter; empty counts as not given.
pub(super) fn param<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

fn list(params: &Params, name: &str) -> Vec<String> {
    param(params, name).map(|text| text.split('|').map(str::to_owned).collect()).unwrap_or_default()
}

/// The account that the request may read, as its place in the plan.
pub(super) fn authorise(plan: &VendorPlan, params: &Params) -> Result<usize, Refusal> {
    let Some(customer) = param(params, "customer_id") else {
        return Err(Refusal::new(400, 1030, "customer_id is missing"));
    };
    let Some((place, account)) = plan.accounts.iter().enumerate().find(|(_, account)| account.customer_id == customer) else {
        return Err(Refusal::new(401, 1030, "customer_id is not known"));
    };
    let AccountPlan { requestor_id, api_key, .. } = account;
    if requestor_id.as_deref().is_some_and(|right| param(params, "requestor_id") != Some(right)) {
        return Err(Refusal::new(401, 2000, ""));
    }
    if api_key.as_deref().is_some_and(|right| param(params, "api_key") != Some(right)) {
        return Err(Refusal::new(401, 2020, ""));
    }
    Ok(place)
}

/// The newest month whose usage is ready.
pub(super) fn last_ready(today: NaiveDate, behaviour: &Behaviour) -> Month {
    let back = match behaviour {
        Behaviour::NotReady { months_back } => i32::try_from(*months_back).unwrap_or(i32::MAX),
        _ => 0,
    };
    Month::of(today).previous().plus(back.saturating_neg())
}

/// `2024-03` or `2024-03-01`: the month, if it is one.
fn date(text: &str) -> Option<Month> {
    text.parse().ok().or_else(|| text.parse::<NaiveDate>().ok().map(Month::of))
}

/// The months that the request names, or why they are none.
fn asked_months(params: &Params, today: NaiveDate) -> Result<MonthRange, Refusal> {
    let (Some(begin), Some(end)) = (param(params, "begin_date"), param(params, "end_date")) else {
        return Err(Refusal::new(400, 1030, "begin_date or end_date is missing"));
    };
    match (date(begin), date(end)) {
        (Some(first), Some(last)) if first <= last && first < Month::of(today) => Ok(MonthRange::new(first, last)),
        _ => Err(Refusal::new(400, 3020, format!("{begin} to {end}"))),
    }
}

/// Understands a request of an authorised account.
pub(super) fn understand(
    plan: &VendorPlan,
    account: usize,
    today: NaiveDate,
    behaviour: &Behaviour,
    report: &str,
    params: &Params,
) -> Result<Ask, Refusal> {
    let offered = plan.reports.iter().any(|id| id.eq_ignore_ascii_case(report));
    let Some(view) = View::find(report).filter(|_| offered) else {
        return Err(Refusal::new(404, 3000, report));
    };
    let asked = asked_months(params, today)?;
    let mut notices = Vec::new();

    // The months that there are, and what is said about the others.
    let newest = Month::of(today).previous();
    let last = last_ready(today, behaviour);
    let months = MonthRange::new(asked.first.max(plan.first_month), asked.last.min(last));
    if asked.first < plan.first_month {
        notices.push(Notice::new(3032, format!("usage is available from {}", plan.first_month)));
    }
    if asked.last > last {
        let from = asked.first.max(last.next());
        notices.push(Notice::new(3031, MonthRange::new(from, asked.last).to_string()));
    }

    let known = ["customer_id", "requestor_id", "api_key", "begin_date", "end_date", "platform", "metric_type", "data_type", "access_type"];
    let known_too = ["access_method", "attributes_to_show", "include_parent_details", "include_component_details"];
    let unknown: Vec<&str> =
        params.iter().map(|(key, _)| key.as_str()).filter(|key| !known.contains(key) && !known_too.contains(key)).collect();
    if !unknown.is_empty() {
        notices.push(Notice::new(3050, unknown.join("|")));
    }

    let mut shown = view.shown;
    if view.is_master() {
        let attributes = list(params, "attributes_to_show");
        let has = |name: &str| attributes.iter().any(|attribute| attribute == name);
        let by_title = matches!(view.master, Master::Title | Master::Item);
        shown = Shown {
            yop: by_title && has("YOP"),
            access_type: by_title && has("Access_Type"),
            access_method: has("Access_Method"),
            members: plan.accounts.get(account).is_some_and(|account| !account.members.is_empty()),
        };
        let known = ["Data_Type", "Access_Method", "Customer_ID", "Institution_Name"];
        let by_title_too = ["YOP", "Access_Type", "Section_Type", "Authors", "Publication_Date", "Article_Version"];
        let unknown: Vec<&str> = attributes
            .iter()
            .map(String::as_str)
            .filter(|name| !known.contains(name) && (!by_title || !by_title_too.contains(name)))
            .collect();
        if !unknown.is_empty() {
            notices.push(Notice::new(3062, unknown.join("|")));
        }
    }
    Ok(Ask {
        view,
        account,
        filters: (asked.first.first_day(), asked.last.min(newest).last_day()),
        months,
        shown,
        platform: param(params, "platform").map(str::to_owned),
        data_types: list(params, "data_type"),
        metrics: list(params, "metric_type"),
        access_types: list(params, "access_type"),
        access_methods: list(params, "access_method"),
        notices,
    })
}
