//! The small parts of a report, once they are in memory: header, exceptions, identifiers, authors, members.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::names::{Name, known};
use super::performance::day;
use crate::formats::identifiers::{identifier, known_kind};
use crate::formats::notes::Notes;
use crate::model::{Exception, Identifier, Member, Month, ReportHeader};

/// The messages of exceptions that come without a code (R5.1 Appendix D, R5 Appendix F).
const MESSAGES: [(&str, u32); 22] = [
    ("serviceunavailable", 1000),
    ("servicenotavailable", 1000),
    ("servicebusy", 1010),
    ("reportqueued", 1011),
    ("clienthasmadetoomany", 1020),
    ("toomanyrequests", 1020),
    ("insufficientinformation", 1030),
    ("requestornotauthorized", 2000),
    ("requestorisnotauthorized", 2010),
    ("globalreportsnotsupported", 2011),
    ("apikeyinvalid", 2020),
    ("invalidapikey", 2020),
    ("ipaddressnotauthorized", 2030),
    ("reportnotsupported", 3000),
    ("reportversionnotsupported", 3010),
    ("invaliddatearguments", 3020),
    ("nousageavailable", 3030),
    ("usagenotready", 3031),
    ("usagenolongeravailable", 3032),
    ("partialdatareturned", 3040),
    ("parameternotrecognized", 3050),
    ("invalidreportfilter", 3060),
];

/// The value of a field, whatever the case of its name.
pub(super) fn get(object: &Map<String, Value>, name: Name) -> Option<&Value> {
    let found =
        object.get(name.text()).or_else(|| object.iter().find(|(key, _)| known(key).is_some_and(|(k, _)| k == name)).map(|(_, v)| v));
    found.filter(|value| !value.is_null())
}

/// A value as text: numbers too, several joined by `|`.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Array(list) => list.iter().map(text).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("|"),
        other => other.to_string(),
    }
}

fn field(object: &Map<String, Value>, name: Name) -> String {
    get(object, name).map(text).unwrap_or_default()
}

/// A list as it is, nothing as none, anything else as a list of one.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(list) => list,
        other => std::slice::from_ref(other),
    }
}

fn plain<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// `[{Type, Value}]` of R5 and `{Type: Value or [Value]}` of R5.1, as pairs.
fn pairs(value: &Value, type_name: &str) -> Vec<(String, String)> {
    let mut pairs = vec![];
    for entry in list(value) {
        match entry {
            Value::Object(entry) => match (plain(entry, type_name), plain(entry, "Value")) {
                (Some(kind), Some(value)) => pairs.push((text(kind), text(value))),
                _ => pairs.extend(entry.iter().flat_map(|(kind, values)| list(values).iter().map(|value| (kind.clone(), text(value))))),
            },
            Value::String(entry) => {
                let (kind, value) = entry.split_once(':').filter(|(kind, _)| known_kind(kind).is_some()).unwrap_or(("", entry));
                pairs.push((kind.to_owned(), value.to_owned()));
            }
            _ => {}
        }
    }
    pairs
}

/// Identifiers in either release's shape, in their usual form, sorted.
pub(super) fn identifiers(value: &Value) -> Vec<Identifier> {
    let mut ids: Vec<_> = pairs(value, "Type").iter().filter_map(|(kind, value)| identifier(kind, value)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The names of authors: `Authors` of R5.1, `Item_Contributors` of R5 that are authors.
pub(super) fn authors(value: &Value) -> Vec<String> {
    let author = |entry: &Value| match entry {
        Value::Object(entry) => {
            let is_author = plain(entry, "Type").is_none_or(|kind| text(kind).eq_ignore_ascii_case("Author"));
            plain(entry, "Name").filter(|_| is_author).map(text)
        }
        Value::String(name) => Some(name.trim().to_owned()),
        _ => None,
    };
    list(value).iter().filter_map(author).filter(|name| !name.is_empty()).collect()
}

/// The value of one type in a list of types and values; empty if it is not there.
pub(super) fn typed(value: &Value, kind: &str) -> String {
    pairs(value, "Type").into_iter().find(|(k, _)| k.eq_ignore_ascii_case(kind)).map(|(_, value)| value).unwrap_or_default()
}

/// Takes what a field says of the institution that a count is broken down to (Code of Practice 11.5).
pub(super) fn member_of(member: &mut Member, name: Name, value: &Value) {
    match name {
        Name::CustomerId => member.customer_id = text(value),
        Name::InstitutionName => member.name = text(value),
        _ => {
            let isil = identifiers(value).into_iter().find(|id| id.kind == "ISIL");
            member.isil = isil.map(|id| id.value).unwrap_or_default();
        }
    }
}

/// Exceptions of any shape: one, several, none.
pub(super) fn exceptions(value: &Value) -> Vec<Exception> {
    list(value).iter().filter_map(exception).collect()
}

fn exception(value: &Value) -> Option<Exception> {
    match value {
        Value::Object(object) => {
            // `{"Exception": {…}}` within a list of exceptions.
            if let Some(inner @ Value::Object(_)) = get(object, Name::Exceptions) {
                return exception(inner);
            }
            let message = field(object, Name::Message);
            let code = get(object, Name::Code).and_then(code).or_else(|| code_of(&message))?;
            let data = get(object, Name::Data).map(text).unwrap_or_default();
            Some(Exception { code, message, severity: field(object, Name::Severity), data, help_url: field(object, Name::HelpUrl) })
        }
        Value::String(message) => {
            code_of(message).map(|code| Exception { code, message: message.trim().to_owned(), ..Exception::default() })
        }
        _ => None,
    }
}

/// A code as number or text, also with its message behind it.
fn code(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.to_string().split('.').next()?.parse().ok(),
        Value::String(text) => {
            let text = text.trim();
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            text[..digits].parse().ok()
        }
        _ => None,
    }
}

/// The code of a standard message.
pub(in crate::formats) fn code_of(message: &str) -> Option<u32> {
    let letters: String = message.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    MESSAGES.iter().find(|(start, _)| letters.starts_with(start)).map(|(_, code)| *code)
}

/// The header as far as it can be understood; what cannot is noted.
pub(super) fn header(object: &Map<String, Value>, notes: &mut Notes) -> ReportHeader {
    let mut header = ReportHeader {
        report_name: field(object, Name::ReportName),
        created: field(object, Name::Created),
        created_by: field(object, Name::CreatedBy),
        registry_record: field(object, Name::RegistryRecord),
        customer_id: field(object, Name::CustomerId),
        institution_name: field(object, Name::InstitutionName),
        institution_ids: get(object, Name::InstitutionId).map(identifiers).unwrap_or_default(),
        ..ReportHeader::default()
    };
    let mut note = |what: String| notes.add(what, || "Report_Header".into());
    let report = field(object, Name::ReportId);
    header.report = report.parse().ok();
    if header.report.is_none() {
        note("Report_ID is missing".into());
    } else if report.bytes().any(|b| b.is_ascii_lowercase()) {
        note("Report_ID is in lower case".into());
    }
    match get(object, Name::Release) {
        None => note("Release is missing".into()),
        Some(release) => {
            header.release = text(release).parse().ok();
            if header.release.is_none() {
                note(format!("Release '{}' is not known", super::names::shown(&text(release))));
            } else if !matches!(release.as_str(), Some("5" | "5.1")) {
                note("Release is not written as 5 or 5.1".into());
            }
        }
    }
    for (name, value) in get(object, Name::ReportFilters).map(settings).unwrap_or_default() {
        match known(&name).map(|(name, _)| name) {
            Some(Name::BeginDate) => header.begin = date(&value, false),
            Some(Name::EndDate) => header.end = date(&value, true),
            _ => {
                header.filters.push((name, value));
                continue;
            }
        }
        if date(&value, false).is_none() {
            note(format!("{name} '{}' of the filters is not a date", super::names::shown(&value)));
        }
    }
    header.attributes = get(object, Name::ReportAttributes).map(settings).unwrap_or_default();
    header
}

/// `[{Name, Value}]` of R5 and `{Name: Value or [Value]}` of R5.1.
fn settings(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(object) if plain(object, "Value").is_none() => {
            object.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        }
        other => pairs(other, "Name"),
    }
}

/// A day, with or without a time; a month is its first or last day.
fn date(text: &str, last: bool) -> Option<NaiveDate> {
    let of_month = |month: Month| if last { month.last_day() } else { month.first_day() };
    day(text).or_else(|| text.parse().ok().map(of_month))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn exceptions_are_read_in_every_shape() {
        let codes = |value: Value| exceptions(&value).iter().map(|e| e.code).collect::<Vec<_>>();
        assert_eq!(codes(json!({"Code": 3030, "Message": "No Usage"})), [3030]);
        assert_eq!(codes(json!([{"code": "2020"}, {"Number": 1011.0}, null])), [2020, 1011]);
        assert_eq!(codes(json!({"number": "3040: partial"})), [3040]);
        assert_eq!(codes(json!([{"Exception": {"Code": 1}}])), [1]);
        assert_eq!(codes(json!("No Usage Available for Requested Dates")), [3030]);
        assert_eq!(codes(json!({"Message": "Usage Not Ready for Requested Dates", "Severity": 4})), [3031]);
        assert!(codes(json!({"Message": "something else"})).is_empty());
    }

    #[test]
    fn identifiers_are_the_same_in_the_shapes_of_both_releases() {
        let r5 = identifiers(&json!([{"Type": "DOI", "Value": "10.1/x"}, {"Type": "ISBN", "Value": "978-0-306-40615-7"}]));
        let r51 = identifiers(&json!({"ISBN": "978-0-306-40615-7", "DOI": "10.1/x"}));
        assert_eq!(r5, r51);
        assert_eq!(r5.len(), 2);
        assert_eq!(identifiers(&json!({"ISNI": ["1", "2", null]})).len(), 2);
        assert!(identifiers(&json!(null)).is_empty());
        assert!(identifiers(&json!([])).is_empty());
    }

    #[test]
    fn only_authors_are_authors() {
        let r5 = json!([{"Type": "Author", "Name": "A", "Identifier": "ORCID:1"}, {"Type": "Editor", "Name": "B"}]);
        assert_eq!(authors(&r5), ["A"]);
        assert_eq!(authors(&json!([{"Name": "A"}, {"Name": "C"}])), ["A", "C"]);
    }

    #[test]
    fn filters_of_both_releases_give_the_dates() {
        let mut notes = Notes::default();
        let r5 = json!({"Report_ID": "tr", "Release": 5, "Report_Filters": [{"Name": "begin_date", "Value": "2020-01"}, {"Name": "End_Date", "Value": "2020-02"}]});
        let header = header(r5.as_object().unwrap(), &mut notes);
        assert_eq!(header.begin.unwrap().to_string(), "2020-01-01");
        assert_eq!(header.end.unwrap().to_string(), "2020-02-29");
        assert_eq!(header.report.unwrap().as_str(), "TR");
        assert_eq!(header.release, Some(crate::model::Release::R5));
        assert_eq!(notes.into_notes().len(), 2);
    }
}
