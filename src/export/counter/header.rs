//! The block above a table (Code of Practice, section 3.2.1), and what its first line of the body says.

use super::cells::{BETWEEN, identifiers};
use super::plan::Plan;
use crate::formats::layout::report_name;
use crate::model::{Identifier, Month, Release, ReportHeader};

/// Filters in the order of the Code of Practice; others follow.
const FILTERS: [&str; 7] = ["Data_Type", "Parent_Data_Type", "Section_Type", "YOP", "Access_Type", "Access_Method", "Platform"];

/// `Report_Name`: the standard's, where the vendor gave none.
pub(super) fn name(plan: &Plan) -> &str {
    let own = plan.header.report_name.as_str();
    if own.is_empty() { report_name(plan.report.as_str(), plan.release).unwrap_or_default() } else { own }
}

/// The rows of the header: label and value. An empty row follows them.
pub(super) fn rows(plan: &Plan) -> Vec<(&'static str, String)> {
    let header = &plan.header;
    let is_metric = |name: &str| name.eq_ignore_ascii_case("Metric_Type") || name.eq_ignore_ascii_case("Metric_Types");
    let metrics = header.filters.iter().find(|(name, _)| is_metric(name)).map(|(_, value)| value.replace('|', BETWEEN));
    let mut filters: Vec<&(String, String)> = header.filters.iter().filter(|(name, _)| !is_metric(name)).collect();
    filters.sort_by_key(|(name, _)| FILTERS.iter().position(|known| *known == name).unwrap_or(FILTERS.len()));
    let exceptions: Vec<String> = plan
        .exceptions
        .iter()
        .map(|exception| {
            let data = if exception.data.is_empty() { String::new() } else { format!(" ({})", exception.data) };
            format!("{}: {}{data}", exception.code, exception.message)
        })
        .collect();
    let period = match period(plan) {
        Some((begin, end)) => format!("Begin_Date={begin}; End_Date={end}"),
        None => String::new(),
    };
    let mut rows = vec![
        ("Report_Name", name(plan).to_owned()),
        ("Report_ID", plan.report.to_string()),
        ("Release", plan.release.to_string()),
        ("Institution_Name", header.institution_name.clone()),
        ("Institution_ID", identifiers(&institution_ids(header))),
        ("Metric_Types", metrics.unwrap_or_default()),
        ("Report_Filters", settings(filters.into_iter())),
        ("Report_Attributes", settings(header.attributes.iter())),
        ("Exceptions", exceptions.join(BETWEEN)),
        ("Reporting_Period", period),
        ("Created", header.created.clone()),
        ("Created_By", header.created_by.clone()),
    ];
    if plan.release != Release::R5 {
        rows.push(("Registry_Record", header.registry_record.clone()));
    }
    rows
}

/// The first and the last day of the report.
pub(super) fn period(plan: &Plan) -> Option<(chrono::NaiveDate, chrono::NaiveDate)> {
    let of_months = || Some((plan.months.first()?.first_day(), plan.months.last()?.last_day()));
    plan.header.begin.zip(plan.header.end).or_else(of_months)
}

/// The institution's identifiers, its number as a customer among them: a table has no other place for that.
fn institution_ids(header: &ReportHeader) -> Vec<Identifier> {
    let mut ids = header.institution_ids.clone();
    let customer = header.customer_id.trim();
    let is_in = |id: &Identifier| id.value == customer || id.value.rsplit(':').next() == Some(customer);
    if !customer.is_empty() && !ids.iter().any(is_in) {
        ids.push(Identifier { kind: "Proprietary".into(), value: customer.to_owned(), original: None });
    }
    ids
}

fn settings<'a>(settings: impl Iterator<Item = &'a (String, String)>) -> String {
    settings.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(BETWEEN)
}

/// A month as the heading of its column: `Jan-2024`.
pub(super) fn month(month: Month) -> String {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = usize::try_from(month.number()).ok().and_then(|number| NAMES.get(number.checked_sub(1)?)).copied().unwrap_or("Jan");
    format!("{name}-{}", month.year())
}

/// The headings of the body.
pub(super) fn headings(plan: &Plan) -> Vec<String> {
    let fixed = plan.columns.iter().map(crate::formats::layout::Column::name).chain(["Metric_Type", "Reporting_Period_Total"]);
    fixed.map(str::to_owned).chain(plan.months.iter().map(|month_| month(*month_))).collect()
}
