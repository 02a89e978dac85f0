//! What is sent for a page: its address, headers and body.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method as HttpMethod, Url};
use serde_json::Value;

use super::ManifestRequest;
use super::paging::Course;
use crate::model::manifest::{Auth, Body, End, Fill, Json, Method, Template};
use crate::sources::counter_api::redacted_url;
use crate::sources::error::FetchError;
use crate::sources::http::Outgoing;
use crate::sources::redact::{MASK, Redactor};

/// What is filled in for a page.
fn fill<'a>(request: &ManifestRequest<'a>, course: &'a Course) -> Fill<'a> {
    Fill {
        account: request.account.as_str(),
        customer_id: request.customer_id,
        months: request.months,
        end_excluded: request.requests.end == End::Excluded,
        cursor: &course.cursor,
        page: course.number,
        offset: course.offset,
    }
}

/// The address of a page: the one that the page before gave, else as the manifest says.
pub(super) fn url(request: &ManifestRequest<'_>, course: &Course) -> Result<Url, FetchError> {
    if let Some(url) = &course.url {
        return Ok(url.clone());
    }
    let refused = |what: String| FetchError::Address { what };
    let mut url = Url::parse(request.base_url.trim()).map_err(|error| refused(format!("is no URL: {error}")))?;
    if url.cannot_be_a_base() {
        return Err(refused("must begin with https://".into()));
    }
    let fill = fill(request, course);
    if let Some(path) = &request.requests.path {
        let path = format!("{}{}", url.path().trim_end_matches('/'), path.fill(&fill, encoded));
        url.set_path(&path);
    }
    let pairs = filled(&request.requests.query, &fill);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}

/// Names with their texts; a cursor is left out where there is none yet.
fn filled(templates: &[(String, Template)], fill: &Fill<'_>) -> Vec<(String, String)> {
    let sent = templates.iter().filter(|(_, template)| !(template.is_cursor() && fill.cursor.is_empty()));
    sent.map(|(name, template)| (name.clone(), template.fill(fill, str::to_owned))).collect()
}

/// Percent-encoded, so that it stays within one part of a path.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// All but the address, without who asks.
pub(super) fn outgoing(request: &ManifestRequest<'_>, course: &Course) -> Result<Outgoing, FetchError> {
    let fill = fill(request, course);
    let mut headers = HeaderMap::new();
    for (name, text) in filled(&request.requests.headers, &fill) {
        headers.insert(header_name(&name)?, header_value(&text)?);
    }
    let (kind, body) = match &request.requests.body {
        Body::None => (None, None),
        Body::Form(form) => (Some("application/x-www-form-urlencoded"), Some(form_body(&filled(form, &fill)))),
        Body::Json(value) => (Some("application/json"), Some(json(value, &fill).to_string().into_bytes())),
    };
    if let Some(kind) = kind.filter(|_| !headers.contains_key(CONTENT_TYPE)) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    let method = if request.requests.method == Method::Get { HttpMethod::GET } else { HttpMethod::POST };
    // The next address that a vendor gives is whole, whatever was sent for the first page.
    let followed = course.url.is_some() && method == HttpMethod::POST;
    Ok(if followed { Outgoing { method: None, headers, body: None } } else { Outgoing { method: Some(method), headers, body } })
}

pub(super) fn header_name(name: &str) -> Result<HeaderName, FetchError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| FetchError::Address { what: format!("cannot be asked: '{name}' is no name of a header") })
}

pub(super) fn header_value(text: &str) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| FetchError::Address {
        what: "cannot be asked: a header or a secret that is to be sent has characters that no header can hold".into(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// As an HTML form is sent.
pub(super) fn form_body(pairs: &[(String, String)]) -> Vec<u8> {
    // The parser of addresses has the encoder of forms.
    let Ok(mut url) = Url::parse("http://form/") else { return Vec::new() };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().as_bytes().to_vec()
}

fn json(value: &Json, fill: &Fill<'_>) -> Value {
    match value {
        Json::Text(template) if template.is_cursor() && fill.cursor.is_empty() => Value::Null,
        Json::Text(template) => {
            let text = template.fill(fill, str::to_owned);
            // A page's number is a number.
            let number = template.is_of_page() && !template.is_cursor();
            match text.parse::<u64>() {
                Ok(number_itself) if number => Value::from(number_itself),
                _ => Value::from(text),
            }
        }
        Json::Number(number) => Value::from(*number),
        Json::Decimal(number) => Value::from(*number),
        Json::Switch(is) => Value::from(*is),
        Json::List(items) => items.iter().map(|item| json(item, fill)).collect(),
        Json::Object(entries) => Value::Object(entries.iter().map(|(name, value)| (name.clone(), json(value, fill))).collect()),
    }
}

/// An address for the record: our secret masked, whatever it is called, and what is called as secrets are.
pub(super) fn shown(url: &Url, auth: &Auth, redactor: &Redactor) -> String {
    let mut shown = url.clone();
    if let Auth::Query { name: secret, .. } = auth
        && url.query().is_some()
    {
        let masked = |name: &str, value: &str| if name == secret { MASK.to_owned() } else { value.to_owned() };
        let pairs: Vec<(String, String)> =
            url.query_pairs().map(|(name, value)| (name.clone().into_owned(), masked(&name, &value))).collect();
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    redacted_url(&shown, redactor, &[])
}
