//! A source's `dialect`: one-off ways of a vendor, each switched on by itself.

use config::{Map, Value, ValueKind};
use reqwest::header::{HeaderName, HeaderValue};

use super::build_source::{SECRET_PARAMETERS, known_keys, one_of};
use super::problem::shown;
use super::reader::{Reader, Section, described};
use super::schema::DIALECT_KEYS;
use crate::model::Dialect;
use crate::model::dialect::{PARAMETERS, unknown_placeholder};

/// Headers that a request has anyway, or that would change what it is.
const OUR_HEADERS: [&str; 8] =
    ["accept-encoding", "connection", "content-length", "cookie", "host", "referer", "transfer-encoding", "user-agent"];

/// The dialect; the specification's if there is none. Nothing if it is wrong.
pub fn dialect(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Dialect> {
    let Some(value) = section.get("dialect") else { return Some(Dialect::default()) };
    let ValueKind::Table(table) = &value.kind else {
        let what = format!("is {}; write it as {{ parameters = {{ platform = \"…\" }} }}", described(&value.kind));
        reader.problem(section, "dialect", what);
        return None;
    };
    let name = section.key("dialect");
    let inner = Section { name: &name, table };
    known_keys(reader, &inner, &DIALECT_KEYS);
    let parameters = pairs(reader, &inner, "parameters", parameter);
    let report_parameters = pairs(reader, &inner, "report_parameters", parameter);
    let headers = pairs(reader, &inner, "headers", header);
    let names = pairs(reader, &inner, "names", |name, other| {
        if !PARAMETERS.contains(&name) {
            return Err(one_of(name, &PARAMETERS));
        }
        if other.is_empty() { Err(format!("gives {name} no name; to send it under none, name it in leave_out")) } else { Ok(()) }
    });
    let leave_out = if inner.get("leave_out").is_some() {
        reader.list(
            &inner,
            "leave_out",
            |text| {
                if PARAMETERS.contains(&text) { Ok(text.to_owned()) } else { Err(one_of(text, &PARAMETERS)) }
            },
        )
    } else {
        Some(Vec::new())
    };
    let list_separator = match inner.get("list_separator").map(|value| &value.kind) {
        None => Some("|".to_owned()),
        Some(ValueKind::String(text)) if !text.is_empty() && text.len() <= 3 => Some(text.clone()),
        Some(other) => {
            reader.problem(&inner, "list_separator", format!("is {}, but must be one to three characters, as \",\"", described(other)));
            None
        }
    };
    let status = if inner.get("status_credentials").is_some() { reader.switch(&inner, "status_credentials") } else { Some(false) };
    Some(Dialect {
        parameters: parameters?,
        report_parameters: report_parameters?,
        headers: headers?,
        names: names?,
        leave_out: leave_out?,
        list_separator: list_separator?,
        status_credentials: status?,
    })
}

/// A table of texts, in the order of its names.
fn pairs(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &str,
    check: impl Fn(&str, &str) -> Result<(), String>,
) -> Option<Vec<(String, String)>> {
    let Some(value) = section.get(key) else { return Some(Vec::new()) };
    let ValueKind::Table(table) = &value.kind else {
        reader.problem(section, key, format!("is {}, but must be names with texts: {{ name = \"…\" }}", described(&value.kind)));
        return None;
    };
    let table: &Map<String, Value> = table;
    let mut names: Vec<&String> = table.keys().collect();
    names.sort();
    let mut pairs = Vec::with_capacity(names.len());
    for name in names {
        let Some(value) = table.get(name) else { continue };
        let text = match &value.kind {
            ValueKind::String(text) => Ok(text.trim().to_owned()),
            ValueKind::I64(number) => Ok(number.to_string()),
            ValueKind::Boolean(switch) => Ok(switch.to_string()),
            other => Err(format!("is {}, but must be a text", described(other))),
        };
        match text.and_then(|text| check(name, &text).map(|()| text)) {
            Ok(text) => pairs.push((name.clone(), text)),
            Err(what) => {
                let place = reader.places.of(value);
                reader.at(&place, format!("{}.{}", section.key(key), shown(name)), what);
            }
        }
    }
    (pairs.len() == table.len()).then_some(pairs)
}

fn parameter(name: &str, value: &str) -> Result<(), String> {
    placeholders(value)?;
    if SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) && !value.contains('{') {
        return Err(
            "is a secret in clear; write {api_key} or {requestor_id}, and give the account the secret (avling import accounts)".into()
        );
    }
    if name.is_empty() || name.contains(char::is_control) { Err("is no name of a parameter".into()) } else { Ok(()) }
}

fn header(name: &str, value: &str) -> Result<(), String> {
    placeholders(value)?;
    let Ok(known) = HeaderName::from_bytes(name.as_bytes()) else { return Err("is no name of a header".into()) };
    if OUR_HEADERS.contains(&known.as_str()) {
        return Err("is a header that is set for every request; for the User-Agent there is user_agent".into());
    }
    let secret = ["auth", "key", "token", "secret"].iter().any(|part| known.as_str().contains(part));
    if secret && !value.contains('{') {
        return Err(
            "is a secret in clear; write {api_key} or {requestor_id}, and give the account the secret (avling import accounts)".into()
        );
    }
    HeaderValue::from_str(value).map(|_| ()).map_err(|_| "has characters that no header takes; use plain ASCII".into())
}

fn placeholders(value: &str) -> Result<(), String> {
    unknown_placeholder(value)
        .map_or(Ok(()), |what| Err(format!("has {what}; there are {{customer_id}}, {{requestor_id}} and {{api_key}}")))
}
