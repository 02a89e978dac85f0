//! From the sections of a manifest to [`Requests`]: how a vendor without COUNTER is asked.
//!
//! They stand in a `[[source]]`, or in a file that it names; a section in the source takes the place of that of the file.
//! [`mapping`](super::build_mapping::mapping) reads the sections that say how replies are read.

use config::{Map, Value, ValueKind};
use reqwest::Url;
use reqwest::header::HeaderName;

use super::build_source::{SECRET_PARAMETERS, known_keys, one_of};
use super::problem::shown;
use super::reader::{Reader, Section, described};
use super::schema::{AUTH_KEYS, PAGES_KEYS, REQUEST_KEYS};
use crate::model::manifest::place::{Find, Place};
use crate::model::manifest::{Auth, Body, End, Format, Json, Method, Packed, Paging, Per, Requests, Secret, SendClient, Template};
use crate::secrets::KeyLocation;

/// Most months of one request: no more are planned for one.
const MOST_MONTHS: u32 = 12;

/// Most pages of one request, if the manifest does not say otherwise.
const MOST_PAGES: u32 = 1000;

/// A section within a section; one that is not there is empty.
pub(super) fn inner<'a>(
    reader: &mut Reader<'_>,
    section: &Section<'a>,
    key: &str,
    empty: &'a Map<String, Value>,
) -> &'a Map<String, Value> {
    match section.get(key).map(|value| &value.kind) {
        None => empty,
        Some(ValueKind::Table(table)) => table,
        Some(other) => {
            let what = format!("is {}, but must be a section: [source.{key}]", described(other));
            reader.problem(section, key, what);
            empty
        }
    }
}

/// How the vendor is asked. `format` is how it replies.
pub(super) fn requests(reader: &mut Reader<'_>, source: &Section<'_>, format: Format, has_month: bool) -> Option<Requests> {
    let before = reader.problems.len();
    let empty = Map::new();
    let name = source.key("request");
    let section = Section { name: &name, table: inner(reader, source, "request", &empty) };
    known_keys(reader, &section, &REQUEST_KEYS);
    let path = reader.parse(&section, "path", |text| {
        if !text.starts_with('/') {
            return Err("must begin with a slash; it follows the address of the source".into());
        }
        if text.contains(['?', '#']) {
            return Err("has a ? or # in it; parameters stand in query".into());
        }
        Template::parse(text)
    });
    let query = templates(reader, &section, "query");
    let headers = headers(reader, &section);
    let body = body(reader, &section);
    let method = reader.parse(&section, "method", |text| match text {
        "GET" => Ok(Method::Get),
        "POST" => Ok(Method::Post),
        other => Err(one_of(other, &["GET", "POST"])),
    });
    let method = method.unwrap_or(if body == Body::None { Method::Get } else { Method::Post });
    if method == Method::Get && body != Body::None {
        reader.problem(&section, "method", "is GET, with which nothing is sent; take out form and json, or make it POST");
    }
    let per = per(reader, &section, has_month);
    let end = reader.parse(&section, "end", |text| match text {
        "included" => Ok(End::Included),
        "excluded" => Ok(End::Excluded),
        other => Err(one_of(other, &["included", "excluded"])),
    });
    let packed = packed(reader, &section);
    let auth = auth(reader, source);
    let (pages, most_pages) = pages(reader, source, format);
    let requests = Requests {
        path,
        method,
        per,
        end: end.unwrap_or(End::Included),
        query,
        headers,
        body,
        packed,
        auth,
        pages,
        most_pages: u64::from(most_pages),
    };
    check_places(reader, source, &requests);
    (reader.problems.len() == before).then_some(requests)
}

/// Every template, to see what is filled in.
fn all_templates(requests: &Requests) -> Vec<&Template> {
    fn json<'a>(value: &'a Json, into: &mut Vec<&'a Template>) {
        match value {
            Json::Text(template) => into.push(template),
            Json::List(list) => list.iter().for_each(|value| json(value, into)),
            Json::Object(entries) => entries.iter().for_each(|(_, value)| json(value, into)),
            Json::Number(_) | Json::Decimal(_) | Json::Switch(_) => {}
        }
    }
    let mut all: Vec<&Template> = requests.path.iter().collect();
    all.extend(requests.query.iter().chain(&requests.headers).map(|(_, template)| template));
    match &requests.body {
        Body::None => {}
        Body::Form(form) => all.extend(form.iter().map(|(_, template)| template)),
        Body::Json(value) => json(value, &mut all),
    }
    all
}

/// What pages need must be sent, and nothing else that pages would need.
fn check_places(reader: &mut Reader<'_>, source: &Section<'_>, requests: &Requests) {
    let all = all_templates(requests);
    let used = all.iter().fold([false; 3], |used, template| {
        let more = template.pages_by();
        [used[0] | more[0], used[1] | more[1], used[2] | more[2]]
    });
    let (kind, needed) = match &requests.pages {
        Some(Paging::Cursor { .. }) => ("cursor", Some(0)),
        Some(Paging::Page { .. }) => ("page", Some(1)),
        Some(Paging::Offset { .. }) => ("offset", Some(2)),
        Some(Paging::Link { .. }) => ("link", None),
        None => ("", None),
    };
    for (place, name) in ["cursor", "page", "offset"].into_iter().enumerate() {
        let is_used = used.get(place).copied().unwrap_or_default();
        if needed == Some(place) && !is_used {
            let what = format!("is '{kind}', but the request never sends {{{name}}}; put it into query, path or body");
            reader.problem(source, "pages", what);
        } else if is_used && needed != Some(place) {
            let what = format!("sends {{{name}}}, but pages is not of the kind '{name}'; say in [source.pages] how pages follow");
            reader.problem(source, "request", what);
        }
    }
    if !all.iter().any(|template| template.is_of_months()) {
        let place = source.get("request").map(|value| reader.places.of(value)).unwrap_or_default();
        reader.warnings.push(format!(
            "{}: {}: sends neither {{month}} nor {{begin}} nor {{end}}, so each request asks for the same",
            place.text,
            source.key("request")
        ));
    }
}

fn per(reader: &mut Reader<'_>, section: &Section<'_>, has_month: bool) -> Per {
    let most = section.get("months_at_once").and_then(|_| reader.number(section, "months_at_once", 1, MOST_MONTHS));
    let per = reader.parse(section, "per", |text| match text {
        "month" => Ok(Per::Month),
        "range" => Ok(Per::Range(most.unwrap_or(MOST_MONTHS))),
        other => Err(one_of(other, &["month", "range"])),
    });
    let per = per.unwrap_or(Per::Month);
    if per == Per::Month && section.get("months_at_once").is_some() {
        reader.problem(section, "months_at_once", "is for requests of a range; say per = \"range\"");
    }
    if per != Per::Month && !has_month {
        reader.problem(section, "per", "is 'range', but no field of the rows says which month they are of; say so in fields.month");
    }
    per
}

fn packed(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Packed> {
    let file = reader.parse(section, "packed_file", |text| Ok(text.to_owned()));
    let packed = reader.parse(section, "packed", |text| match text {
        "gzip" => Ok(Packed::Gzip),
        "zip" => Ok(Packed::Zip(file.clone())),
        other => Err(one_of(other, &["gzip", "zip"])),
    });
    if file.is_some() && !matches!(packed, Some(Packed::Zip(_))) {
        reader.problem(section, "packed_file", "is for payloads in a zip archive; say packed = \"zip\"");
    }
    packed
}

/// A section of names and templates, in the order of the names.
fn templates(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Vec<(String, Template)> {
    let empty = Map::new();
    let name = section.key(key);
    let inner = Section { name: &name, table: inner(reader, section, key, &empty) };
    let mut names: Vec<&String> = inner.table.keys().collect();
    names.sort();
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        if SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) {
            reader.problem(&inner, name, "names a secret; secrets belong into [source.auth], where they are only named and not written");
        } else if let Some(template) = plain(reader, &inner, name) {
            found.push((name.clone(), template));
        }
    }
    found
}

/// A text, number or switch as a template.
fn plain(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Option<Template> {
    let text = match &section.get(key)?.kind {
        ValueKind::String(text) => text.clone(),
        ValueKind::I64(number) => number.to_string(),
        ValueKind::Boolean(switch) => switch.to_string(),
        other => {
            reader.problem(section, key, format!("is {}, but must be a text in quotes", described(other)));
            return None;
        }
    };
    if text.contains(char::is_control) {
        reader.problem(section, key, "has a character that cannot be seen, which cannot be sent");
        return None;
    }
    Template::parse(&text).map_err(|what| reader.problem(section, key, what)).ok()
}

fn headers(reader: &mut Reader<'_>, section: &Section<'_>) -> Vec<(String, Template)> {
    let found = templates(reader, section, "headers");
    let mut headers = Vec::with_capacity(found.len());
    for (name, template) in found {
        let what = match HeaderName::from_bytes(name.as_bytes()) {
            Err(_) => "is no name of a header",
            Ok(name) if matches!(name.as_str(), "authorization" | "cookie" | "proxy-authorization") => {
                "holds a secret; secrets belong into [source.auth], where they are only named and not written"
            }
            Ok(name) if matches!(name.as_str(), "host" | "content-length" | "connection" | "transfer-encoding" | "accept-encoding") => {
                "is the HTTP client's own affair; leave it out"
            }
            Ok(_) if !template.as_str().is_ascii() => "has characters that no header takes; use plain ASCII",
            Ok(name) => {
                headers.push((name.as_str().to_owned(), template));
                continue;
            }
        };
        let place = section.get("headers").map(|value| reader.places.of(value)).unwrap_or_default();
        reader.at(&place, format!("{}.{}", section.key("headers"), shown(&name)), what);
    }
    headers
}

fn body(reader: &mut Reader<'_>, section: &Section<'_>) -> Body {
    match (section.get("form"), section.get("json")) {
        (Some(_), Some(_)) => {
            reader.problem(section, "json", "stands beside form; one body is sent, so keep one of them");
            Body::None
        }
        (Some(_), None) => Body::Form(templates(reader, section, "form")),
        (None, Some(value)) => json(reader, section, "json", value).map_or(Body::None, Body::Json),
        (None, None) => Body::None,
    }
}

fn json(reader: &mut Reader<'_>, section: &Section<'_>, key: &str, value: &Value) -> Option<Json> {
    match &value.kind {
        ValueKind::String(text) => {
            Template::parse(text).map(Json::Text).map_err(|what| reader.at(&reader.places.of(value), section.key(key), what)).ok()
        }
        ValueKind::I64(number) => Some(Json::Number(*number)),
        ValueKind::Float(number) if number.is_finite() => Some(Json::Decimal(*number)),
        ValueKind::Boolean(switch) => Some(Json::Switch(*switch)),
        ValueKind::Array(items) => {
            let items: Vec<Option<Json>> = items.iter().map(|item| json(reader, section, key, item)).collect();
            items.into_iter().collect::<Option<Vec<Json>>>().map(Json::List)
        }
        ValueKind::Table(table) => {
            let mut names: Vec<&String> = table.keys().collect();
            names.sort();
            let name = section.key(key);
            let mut entries = Vec::with_capacity(names.len());
            for key in names {
                let inner = Section { name: &name, table };
                if SECRET_PARAMETERS.contains(&key.to_ascii_lowercase().as_str()) {
                    reader.problem(
                        &inner,
                        key,
                        "names a secret; secrets belong into [source.auth], where they are only named and not written",
                    );
                    return None;
                }
                entries.push((key.clone(), json(reader, &inner, key, table.get(key)?)?));
            }
            Some(Json::Object(entries))
        }
        other => {
            reader.problem(section, key, format!("is {}, which cannot be sent as JSON", described(other)));
            None
        }
    }
}

fn auth(reader: &mut Reader<'_>, source: &Section<'_>) -> Auth {
    const KINDS: [&str; 6] = ["none", "basic", "bearer", "header", "query", "oauth2"];
    let empty = Map::new();
    let name = source.key("auth");
    let section = Section { name: &name, table: inner(reader, source, "auth", &empty) };
    if source.get("auth").is_none() {
        return Auth::None;
    }
    known_keys(reader, &section, &AUTH_KEYS);
    let kind = reader.parse(&section, "kind", |text| if KINDS.contains(&text) { Ok(text.to_owned()) } else { Err(one_of(text, &KINDS)) });
    if section.get("kind").is_none() {
        reader.problem(source, "auth", format!("has no kind; there are {}", KINDS.join(", ")));
    }
    let Some(kind) = kind else { return Auth::None };
    let needs: &[&str] = match kind.as_str() {
        "basic" => &["user", "password"],
        "bearer" => &["secret"],
        "header" => &["name", "prefix", "secret"],
        "query" => &["name", "secret"],
        "oauth2" => &["token_url", "client_id", "client_secret", "scope", "send"],
        _ => &[],
    };
    let mut beside: Vec<&String> = section.table.keys().filter(|key| AUTH_KEYS.contains(&key.as_str())).collect();
    beside.sort();
    for key in beside {
        if key != "kind" && !needs.contains(&key.as_str()) {
            let takes = if needs.is_empty() { "nothing".to_owned() } else { needs.join(", ") };
            reader.problem(&section, key, format!("is nothing for the kind '{kind}', which takes {takes}"));
        }
    }
    let mut secret = |key: &str, usual: Secret| reader.parse_at(&section, key, self::secret).unwrap_or(usual);
    let (user, password) = (secret("user", Secret::RequestorId), secret("password", Secret::ApiKey));
    let (client_id, client_secret) = (secret("client_id", Secret::RequestorId), secret("client_secret", Secret::ApiKey));
    let secret = secret("secret", Secret::ApiKey);
    let name = reader.parse(&section, "name", |text| match kind.as_str() {
        "header" => {
            HeaderName::from_bytes(text.as_bytes()).map(|name| name.as_str().to_owned()).map_err(|_| "is no name of a header".into())
        }
        _ => Ok(text.to_owned()),
    });
    if needs.contains(&"name") && section.get("name").is_none() {
        reader.problem(source, "auth", format!("has no name; say in which {kind} the secret is sent"));
    }
    let name = name.unwrap_or_default();
    match kind.as_str() {
        "basic" => Auth::Basic { user, password },
        "bearer" => Auth::Bearer { secret },
        "header" => {
            // Not trimmed: a blank at its end is meant.
            let prefix = match section.get("prefix").map(|value| &value.kind) {
                Some(ValueKind::String(text)) if text.is_ascii() && !text.contains(char::is_control) => text.clone(),
                None => String::new(),
                Some(_) => {
                    reader.problem(&section, "prefix", "must be a text of plain ASCII, in quotes");
                    String::new()
                }
            };
            Auth::Header { name, prefix, secret }
        }
        "query" => Auth::Query { name, secret },
        "oauth2" => {
            let allow_http = matches!(source.get("allow_http").map(|value| &value.kind), Some(ValueKind::Boolean(true)));
            let token_url = reader.parse(&section, "token_url", |text| super::build_source::address(text, allow_http));
            if section.get("token_url").is_none() {
                reader.problem(source, "auth", "has no token_url; say where tokens are given");
            }
            let scope = reader.parse(&section, "scope", |text| Ok(text.to_owned())).unwrap_or_default();
            let send = reader.parse(&section, "send", |text| match text {
                "basic" => Ok(SendClient::Basic),
                "form" => Ok(SendClient::Form),
                other => Err(one_of(other, &["basic", "form"])),
            });
            let send = send.unwrap_or(SendClient::Basic);
            Auth::OAuth2 { token_url: token_url.unwrap_or_default(), client_id, client_secret, scope, send }
        }
        _ => Auth::None,
    }
}

/// Where a secret is. What is written is not shown: it may be the secret itself.
fn secret(text: &str, place: &super::layers::Place) -> Result<Secret, String> {
    match text {
        "api_key" => return Ok(Secret::ApiKey),
        "requestor_id" => return Ok(Secret::RequestorId),
        "customer_id" => return Ok(Secret::CustomerId),
        _ => {}
    }
    match text.parse::<KeyLocation>() {
        Ok(KeyLocation::Env(name)) => Ok(Secret::Env(name)),
        Ok(KeyLocation::Credential(name)) => Ok(Secret::Credential(name)),
        Ok(KeyLocation::File(path)) => Ok(Secret::File(place.base.join(path))),
        Err(_) => Err("does not say where the secret is; write api_key or requestor_id for the account's own, or env:NAME, \
             credential:NAME or file:PATH (what is written is not shown here, as it may be a secret)"
            .into()),
    }
}

fn pages(reader: &mut Reader<'_>, source: &Section<'_>, format: Format) -> (Option<Paging>, u32) {
    const KINDS: [&str; 4] = ["page", "offset", "cursor", "link"];
    if source.get("pages").is_none() {
        return (None, 1);
    }
    let empty = Map::new();
    let name = source.key("pages");
    let section = Section { name: &name, table: inner(reader, source, "pages", &empty) };
    known_keys(reader, &section, &PAGES_KEYS);
    let kind = reader.parse(&section, "kind", |text| if KINDS.contains(&text) { Ok(text.to_owned()) } else { Err(one_of(text, &KINDS)) });
    if section.get("kind").is_none() {
        reader.problem(source, "pages", format!("has no kind; there are {}", KINDS.join(", ")));
    }
    let most = if section.get("most").is_some() { reader.number(&section, "most", 1, 1_000_000) } else { Some(MOST_PAGES) };
    let Some(kind) = kind else { return (None, 1) };
    let takes: &[&str] = match kind.as_str() {
        "page" => &["first", "size", "page_count", "more"],
        "offset" => &["first", "size", "row_count", "more"],
        "cursor" => &["cursor", "header", "more", "may_be_absent"],
        _ => &["next", "may_be_absent"],
    };
    let mut beside: Vec<&String> = section.table.keys().filter(|key| PAGES_KEYS.contains(&key.as_str())).collect();
    beside.sort();
    for key in beside {
        if key != "kind" && key != "most" && !takes.contains(&key.as_str()) {
            reader.problem(&section, key, format!("is nothing for pages of the kind '{kind}', which take {}", takes.join(", ")));
        }
    }
    let mut place = |key: &str| reader.parse(&section, key, |text| place_in_reply(text, format));
    let (page_count, row_count, more, cursor, next) =
        (place("page_count"), place("row_count"), place("more"), place("cursor"), place("next"));
    let mut number = |key: &str| section.get(key).and_then(|_| reader.number(&section, key, 0, u32::MAX)).map(u64::from);
    let (first, size) = (number("first"), number("size"));
    if size == Some(0) {
        reader.problem(&section, "size", "is 0; a page has rows");
    }
    let header = reader.parse(&section, "header", |text| {
        HeaderName::from_bytes(text.as_bytes()).map(|name| name.as_str().to_owned()).map_err(|_| "is no name of a header".to_owned())
    });
    let may_be_absent = section.get("may_be_absent").and_then(|_| reader.switch(&section, "may_be_absent")).unwrap_or(false);
    let paging = match kind.as_str() {
        "page" => Paging::Page { first: first.unwrap_or(1), size, pages: page_count, more },
        "offset" => Paging::Offset { first: first.unwrap_or(0), size, total: row_count, more },
        "cursor" => {
            if section.get("cursor").is_some() == section.get("header").is_some() {
                reader.problem(source, "pages", "says where the cursor is by cursor (in the reply) or by header; give one of them");
            }
            Paging::Cursor { place: cursor, header, may_be_absent, more }
        }
        _ => Paging::Link { place: next, may_be_absent },
    };
    (Some(paging), most.unwrap_or(MOST_PAGES))
}

/// A place in the whole reply.
fn place_in_reply(text: &str, format: Format) -> Result<Place, String> {
    let place = match format {
        Format::Json => Place::json(text)?,
        Format::Xml => Place::xml(text)?,
        _ => return Err("is for replies in JSON or XML; a table says such things in headers, if at all".into()),
    };
    if place.up > 0 || matches!(place.find, Find::Query(_)) {
        return Err("must be a plain way from the beginning of the reply, as meta.next or Report/Next".into());
    }
    Ok(place)
}

/// The address that a source without its own takes from its manifest.
pub(super) fn url<'a>(source: &Section<'a>) -> Option<&'a Value> {
    match &source.get("request")?.kind {
        ValueKind::Table(table) => table.get("url"),
        _ => None,
    }
}

/// Whether a host stands in it as it is: nothing is filled in there.
pub(super) fn without_places(text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    let decoded = url.path().replace("%7B", "{").replace("%7D", "}");
    if decoded.contains(['{', '}']) || url.query().is_some_and(|query| query.contains(['{', '}'])) {
        return Err("has braces in it; what is filled in stands in request.path and request.query".into());
    }
    Ok(())
}
