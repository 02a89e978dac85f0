//! The rest of the COUNTER API: [`status`], [`reports`] and [`members`] (Code of Practice R5.1 section 8.1),
//! read with tolerance, since vendors take liberties with the case of names and with what surrounds the list.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::counter_api::{Credentials, redactor};
use super::error::FetchError;
use super::http::{Call, HttpClients};
use super::keep::printable;
use super::speak::{Speaker, Spoken};
use crate::model::{Dialect, Exception, Identifier, Month, Release, ReportId};

/// These replies are short; 16 MiB are some 50,000 members.
const MAX_SIZE: u64 = 16 * 1024 * 1024;

/// Whom to ask.
#[derive(Debug, Clone, Copy)]
pub struct InfoRequest<'a> {
    /// The address below which the API is, as for reports.
    pub base_url: &'a str,
    /// Who asks.
    pub credentials: &'a Credentials,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// Instead of our own name.
    pub user_agent: Option<&'a str>,
    /// What the vendor wants otherwise.
    pub dialect: &'a Dialect,
    /// The longest silence.
    pub timeout: Duration,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct InfoReply<T> {
    /// The HTTP status.
    pub status: u16,
    /// What could be read of what was asked for; empty if it was refused.
    pub entries: Vec<T>,
    /// The exceptions in the reply.
    pub exceptions: Vec<Exception>,
    /// Whether it was JSON at all.
    pub is_json: bool,
    /// The first 200 bytes, printable, without secrets.
    pub beginning: String,
}

/// An entry of `/status`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceStatus {
    /// `Service_Active`, if it says so.
    pub active: Option<bool>,
    /// `Description`.
    pub description: String,
    /// `Note`.
    pub note: String,
    /// The texts of `Alerts`.
    pub alerts: Vec<String>,
}

/// An entry of `/reports`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableReport {
    /// `Report_ID`, in capitals whatever the vendor writes.
    pub id: ReportId,
    /// `Release`, if it is one we know.
    pub release: Option<Release>,
    /// `Report_Name`.
    pub name: String,
    /// `First_Month_Available`.
    pub first: Option<Month>,
    /// `Last_Month_Available`.
    pub last: Option<Month>,
}

/// An entry of `/members`: a consortium's member, a site, or the customer itself.
#[derive(Debug, Clone)]
pub struct MemberAccount {
    /// `Customer_ID`.
    pub customer_id: String,
    /// `Requestor_ID`, if the member has one of its own.
    pub requestor_id: Option<SecretString>,
    /// `Institution_Name` (R5: `Name`).
    pub name: String,
    /// `Institution_ID`.
    pub ids: Vec<Identifier>,
}

/// Asks how the service is. It is public, so nobody's credentials are sent, unless the vendor wants them.
///
/// # Errors
/// No reply came, or not all of it.
pub async fn status(client: &HttpClients, request: &InfoRequest<'_>) -> Result<InfoReply<ServiceStatus>, FetchError> {
    ask(client, request, "status", |entry| {
        let active = match entry.get("service_active") {
            Some(Value::Bool(active)) => Some(*active),
            Some(Value::String(text)) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        };
        let alerts = entry.get("alerts").map(list).unwrap_or_default();
        let alerts = alerts.into_iter().filter_map(|alert| match alert {
            Value::String(text) => Some(text.clone()),
            Value::Object(alert) => Some(text(&lower(alert), &["alert"])),
            _ => None,
        });
        let alerts = alerts.filter(|alert| !alert.is_empty()).collect();
        let status = ServiceStatus { active, description: text(&entry, &["description"]), note: text(&entry, &["note"]), alerts };
        (status != ServiceStatus::default()).then_some(status)
    })
    .await
}

/// Asks which reports there are, and for which months.
///
/// # Errors
/// No reply came, or not all of it.
pub async fn reports(client: &HttpClients, request: &InfoRequest<'_>) -> Result<InfoReply<AvailableReport>, FetchError> {
    ask(client, request, "reports", |entry| {
        let month = |name| {
            let date = text(&entry, &[name]);
            date.get(..7).unwrap_or(&date).parse().ok()
        };
        Some(AvailableReport {
            id: text(&entry, &["report_id"]).parse().ok()?,
            release: text(&entry, &["release"]).parse().ok(),
            name: text(&entry, &["report_name"]),
            first: month("first_month_available"),
            last: month("last_month_available"),
        })
    })
    .await
}

/// Asks who belongs to this customer. It also shows whether the credentials are right.
///
/// # Errors
/// No reply came, or not all of it.
pub async fn members(client: &HttpClients, request: &InfoRequest<'_>) -> Result<InfoReply<MemberAccount>, FetchError> {
    ask(client, request, "members", |entry| {
        let customer_id = text(&entry, &["customer_id"]);
        let requestor_id = text(&entry, &["requestor_id"]);
        (!customer_id.is_empty()).then(|| MemberAccount {
            customer_id,
            requestor_id: Some(requestor_id).filter(|id| !id.is_empty()).map(SecretString::from),
            name: text(&entry, &["institution_name", "name"]),
            ids: entry.get("institution_id").map(identifiers).unwrap_or_default(),
        })
    })
    .await
}

async fn ask<T>(
    client: &HttpClients,
    request: &InfoRequest<'_>,
    path: &str,
    entry: impl Fn(Map<String, Value>) -> Option<T>,
) -> Result<InfoReply<T>, FetchError> {
    let InfoRequest { user_agent, allow_http, timeout, dialect, .. } = *request;
    let speaker = Speaker { base_url: request.base_url, credentials: request.credentials, dialect };
    let Spoken { url, headers, .. } = speaker.info(path)?;
    let redactor = redactor(request.credentials, &url);
    let call = Call { url, headers, user_agent, allow_http, timeout, max_size: MAX_SIZE };
    let mut answer = client.get(call).await.map_err(|error| error.redacted(&redactor))?;
    let (mut stream, mut body) = (redactor.stream(), Vec::new());
    while let Some(piece) = answer.next().await.map_err(|error| error.redacted(&redactor))? {
        stream.push(piece, &mut body);
    }
    stream.finish(&mut body);
    let json = parse(&body);
    let found = json.as_ref().map(|json| entries(json, path)).unwrap_or_default();
    let mut reply =
        InfoReply { status: answer.status, entries: vec![], exceptions: vec![], is_json: json.is_some(), beginning: printable(&body) };
    for object in found {
        match exception(&object) {
            Some(exception) => reply.exceptions.push(exception),
            None => reply.entries.extend(entry(object)),
        }
    }
    Ok(reply)
}

/// JSON, also after a byte order mark or within a string of JSON.
fn parse(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match serde_json::from_slice(body).ok()? {
        Value::String(text) => serde_json::from_str(&text).ok(),
        json => Some(json),
    }
}

/// The objects that a reply lists: at its root, or under the names in which vendors wrap them.
fn entries(json: &Value, path: &str) -> Vec<Map<String, Value>> {
    let mut found = Vec::new();
    for value in list(json) {
        let Value::Object(object) = value else { continue };
        let object = lower(object);
        let wrapped: Vec<&Value> = ["body", "exception", "exceptions", path, "report_list", "consortium_members"]
            .iter()
            .filter_map(|name| object.get(*name))
            .collect();
        if wrapped.is_empty() {
            found.push(object);
        } else {
            let inside = wrapped.into_iter().flat_map(list).filter_map(Value::as_object);
            found.extend(inside.map(lower));
        }
    }
    found
}

/// A list as it is, anything else as a list of one.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => vec![],
        value => vec![value],
    }
}

/// The same object with its names in lower case.
fn lower(object: &Map<String, Value>) -> Map<String, Value> {
    object.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

/// The text under the first of these names that has one; a number as text.
fn text(object: &Map<String, Value>, names: &[&str]) -> String {
    let found = names.iter().find_map(|name| match object.get(*name)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    found.unwrap_or_default()
}

/// An exception is known by its code and message (R5.1 Appendix D; R5 Appendix F).
fn exception(object: &Map<String, Value>) -> Option<Exception> {
    let code = text(object, &["code", "number"]).parse().ok()?;
    let data = text(object, &["data"]);
    let (message, severity) = (text(object, &["message"]), text(object, &["severity"]));
    Some(Exception { code, message, severity, data, help_url: text(object, &["help_url"]) })
}

/// R5: `[{"Type": "ISNI", "Value": "…"}]`; R5.1: `{"ISNI": ["…"]}`.
fn identifiers(value: &Value) -> Vec<Identifier> {
    let mut found = Vec::new();
    let mut add = |kind: &str, value: &Value| {
        found.extend(value.as_str().map(|value| Identifier { kind: kind.to_owned(), value: value.to_owned(), original: None }));
    };
    for entry in list(value) {
        let Value::Object(entry) = entry else { continue };
        let flat = lower(entry);
        if let (Some(Value::String(kind)), Some(value)) = (flat.get("type"), flat.get("value")) {
            add(kind, value);
        } else {
            entry.iter().for_each(|(kind, values)| list(values).into_iter().for_each(|value| add(kind, value)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_wherever_vendors_put_them() {
        for json in [
            r#"[{"Report_ID":"TR"}]"#,
            r#"{"Report_ID":"TR"}"#,
            r#"{"Reports":[{"report_id":"TR"}]}"#,
            r#"{"body":[{"REPORT_ID":"TR"}]}"#,
            "\u{feff}[{\"Report_ID\":\"TR\"}]",
            r#""[{\"Report_ID\":\"TR\"}]""#,
        ] {
            let found = entries(&parse(json.as_bytes()).unwrap(), "reports");
            assert_eq!(text(&found[0], &["report_id"]), "TR", "{json}");
        }
    }

    #[test]
    fn exceptions_are_told_from_entries() {
        for json in [
            r#"{"Code":2000,"Message":"no"}"#,
            r#"[{"Number":"2000","Message":"no"}]"#,
            r#"{"Exception":{"code":2000,"message":"no"}}"#,
            r#"{"Exceptions":[{"Code":2000,"Message":"no"}]}"#,
        ] {
            let found = entries(&parse(json.as_bytes()).unwrap(), "reports");
            let exception = exception(&found[0]).unwrap();
            assert_eq!((exception.code, exception.message.as_str()), (2000, "no"), "{json}");
        }
    }

    #[test]
    fn both_forms_of_identifiers_are_read() {
        for json in [r#"{"ISIL":["NO-1"]}"#, r#"{"ISIL":"NO-1"}"#, r#"[{"Type":"ISIL","Value":"NO-1"}]"#] {
            let found = identifiers(&serde_json::from_str(json).unwrap());
            assert_eq!(found, [Identifier { kind: "ISIL".into(), value: "NO-1".into(), original: None }], "{json}");
        }
        assert!(identifiers(&Value::Null).is_empty());
    }
}
