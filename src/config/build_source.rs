//! From a `[[source]]` to [`SourceSettings`].

use std::collections::BTreeMap;
use std::sync::Arc;

use config::{Map, Value, ValueKind};
use reqwest::Url;

use super::layers::Place;
use super::problem::{did_you_mean, shown};
use super::reader::{Reader, Section, described};
use super::schema::{COUNTER_KEYS, FALLBACK_KEYS, MANIFEST_KEYS, RULE_KEYS, SOAP_KEYS, SOURCE_KEYS};
use super::source::{Fallback, ProductRule, ReleaseChoice, SoapSettings, SourceKind, SourceSettings};
use super::{Pattern, build, build_files, build_manifest, build_mapping, cron, dialect};
use crate::model::ids::COUNTER_REPORTS;
use crate::model::manifest::{Mapping, Requests};
use crate::model::registry::{Access, SharedTraffic};
use crate::model::release4::{RELEASE_4_REPORTS, release_4_report};
use crate::model::{ProductId, Release, ReportId, SourceId};

/// Words in a query that name a secret.
pub(super) const SECRET_PARAMETERS: [&str; 8] = ["api_key", "apikey", "requestor_id", "key", "token", "access_token", "password", "secret"];

/// Every source. What is wrong with one is kept by the reader, and the source left out.
pub fn sources(reader: &mut Reader<'_>, values: &[Value]) -> Vec<SourceSettings> {
    let mut sources: Vec<SourceSettings> = Vec::with_capacity(values.len());
    let mut ids: BTreeMap<SourceId, Place> = BTreeMap::new();
    for value in values {
        let ValueKind::Table(table) = &value.kind else { continue };
        let place = reader.places.of(value);
        let id = table.get("id").and_then(|id| match &id.kind {
            ValueKind::String(id) => Some(shown(id)),
            _ => None,
        });
        let name = id.map_or_else(|| "source".to_owned(), |id| format!("source {id}"));
        let source = source(reader, &Section { name: &name, table }, &place);
        if let Some(source) = source {
            if let Some(other) = ids.get(&source.id) {
                let what = format!("there is a source of this id at {} already; give one of them another", other.text);
                reader.at(&place, format!("{name}.id"), what);
                continue;
            }
            ids.insert(source.id.clone(), place);
            sources.push(source);
        }
    }
    sources
}

fn source(reader: &mut Reader<'_>, section: &Section<'_>, place: &Place) -> Option<SourceSettings> {
    let id: Option<SourceId> = reader.parse(section, "id", id);
    let kind = reader.parse(section, "kind", |text| {
        let kinds = SourceKind::ALL.map(SourceKind::as_str);
        text.parse::<SourceKind>().map_err(|()| one_of(text, &kinds))
    });
    let counter = kind.is_none_or(|kind| kind == SourceKind::CounterApi);
    let soap = kind == Some(SourceKind::SushiSoap);
    for required in ["id", "kind", "url"] {
        if section.get(required).is_none() && (required != "url" || counter || soap) {
            reader.at(place, section.name.to_owned(), format!("has no {required}; every [[source]] needs one"));
        }
    }
    let is_manifest = kind == Some(SourceKind::Manifest);
    let (requests, mapping) = if is_manifest { manifest(reader, section, place) } else { (None, None) };
    let (mut files, mut of_files) = (Some(None), Some(None));
    match kind {
        Some(SourceKind::Folder) => {
            files = build_files::folder(reader, section, place).map(Some);
            of_files = build_files::mapping(reader, section, place);
        }
        Some(SourceKind::AccessLog) => files = build_files::access_log(reader, section, place).map(Some),
        Some(SourceKind::SushiSoap) => known_keys(reader, section, &SOAP_KEYS),
        Some(SourceKind::Manifest) => keys_of_manifest(reader, section),
        Some(SourceKind::CounterApi) | None => known_keys(reader, section, &SOURCE_KEYS),
    }

    let allow_http = if section.get("allow_http").is_some() { reader.switch(section, "allow_http") } else { Some(false) };
    let release = if soap { release_4(reader, section) } else { release_choice(reader, section) };
    let check = |text: &str| if counter || soap { address(text, allow_http.unwrap_or(true)) } else { other_address(text) };
    let url =
        if is_manifest { manifest_url(reader, section, place, allow_http.unwrap_or(true)) } else { reader.parse(section, "url", check) };
    let fallback = fallback(reader, section, allow_http.unwrap_or(true));
    if let (Some(Some(fallback)), Some(url), Some(ReleaseChoice::Release(release))) = (&fallback, &url, release)
        && fallback.url == *url
        && fallback.release == release
    {
        reader.problem(
            section,
            "fallback",
            "is the same release at the same address, so it has nothing that is missing there; leave it out",
        );
    }
    let reports = match &mapping {
        Some(mapping) => Some(vec![mapping.report.clone()]),
        None if soap => reports_4(reader, section),
        None => reports(reader, section, counter),
    };
    let product: Option<ProductId> = match section.get("product") {
        Some(_) => reader.parse(section, "product", self::id),
        None => id.as_ref().map(|id| ProductId::trusted(id.as_str())),
    };
    let product_rules = product_rules(reader, section);
    let vendor = given(reader, section, "vendor", |text| Ok(text.to_owned()));
    let access = given(reader, section, "access", |text| text.parse::<Access>().map_err(|()| one_of(text, &["ip", "login", "mixed"])));
    let shared_traffic = given(reader, section, "shared_traffic", |text| match text {
        "single" => Ok(SharedTraffic::Single),
        "replicated" => Ok(SharedTraffic::Replicated),
        other => Err(one_of(other, &["single", "replicated"])),
    });
    let pause = given(reader, section, "pause", build::pause);
    let timeout = given(reader, section, "timeout", build::timeout);
    let cron = given(reader, section, "cron", cron::cron);
    let at_once = if section.get("requests_at_once").is_some() { reader.number(section, "requests_at_once", 1, 100) } else { Some(1) };
    let user_agent = given(reader, section, "user_agent", |text| {
        let visible = text.bytes().all(|b| (b' '..=b'~').contains(&b));
        if visible { Ok(text.to_owned()) } else { Err("has characters that no header takes; use plain ASCII".into()) }
    });
    let date_format = given(reader, section, "date_format", |text| match text {
        "YYYY-MM" => Ok(false),
        "YYYY-MM-DD" => Ok(true),
        other => Err(one_of(other, &["YYYY-MM", "YYYY-MM-DD"])),
    });
    let soap_settings = soap_settings(reader, section, soap);
    let dialect = dialect::dialect(reader, section);
    Some(SourceSettings {
        id: id?,
        vendor: vendor?.unwrap_or_default(),
        kind: kind?,
        release: release?,
        url: if counter || soap || is_manifest { url? } else { url.unwrap_or_default() },
        allow_http: allow_http?,
        fallback: fallback?,
        reports: reports?,
        product: product?,
        product_rules: product_rules?,
        access: access?.unwrap_or(Access::Ip),
        shared_traffic: shared_traffic?.unwrap_or_default(),
        pause: pause?,
        timeout: timeout?,
        cron: cron?,
        requests_at_once: usize::try_from(at_once?).ok()?,
        user_agent: user_agent?,
        soap: soap_settings?,
        files: files?,
        whole_dates: date_format?.unwrap_or(false),
        dialect: dialect?,
        requests: if is_manifest { Some(Arc::new(requests?)) } else { None },
        mapping: if is_manifest { Some(Arc::new(mapping?)) } else { of_files?.map(Arc::new) },
    })
}

/// How a source without COUNTER is asked, and how its replies are read.
fn manifest(reader: &mut Reader<'_>, section: &Section<'_>, place: &Place) -> (Option<Requests>, Option<Mapping>) {
    for required in ["request", "rows"] {
        if section.get(required).is_none() {
            let what = format!("has no {required}; write [source.{required}], or name a file that has it: manifest = \"vendors/x.toml\"");
            reader.at(place, section.name.to_owned(), what);
        }
    }
    let Some(rows) = section.get("rows") else { return (None, None) };
    let Some(format) = build_mapping::format(reader, section) else {
        if matches!(&rows.kind, ValueKind::Table(rows) if rows.get("format").is_none()) {
            reader.problem(section, "rows", "has no format; there are json, json_lines, csv, tsv, xlsx, xml");
        } else if !matches!(rows.kind, ValueKind::Table(_)) {
            reader.problem(section, "rows", "must be a section: [source.rows]");
        }
        return (None, None);
    };
    let has_month =
        matches!(section.get("fields").map(|fields| &fields.kind), Some(ValueKind::Table(fields)) if fields.get("month").is_some());
    let requests = build_manifest::requests(reader, section, format, has_month);
    (requests, build_mapping::mapping(reader, section, format, true))
}

/// Refuses keys that mean nothing to a source without COUNTER.
fn keys_of_manifest(reader: &mut Reader<'_>, section: &Section<'_>) {
    let mut keys: Vec<&String> = section.table.keys().collect();
    keys.sort();
    for key in keys {
        let known = || SOURCE_KEYS.into_iter().chain(MANIFEST_KEYS).filter(|key| !COUNTER_KEYS.contains(key));
        if key == "reports" {
            reader.problem(section, key, "is the COUNTER API's; the report of other usage stands in rows: report = \"TR\"");
        } else if COUNTER_KEYS.contains(&key.as_str()) {
            reader.problem(section, key, "is the COUNTER API's and means nothing to this kind; take it out");
        } else if !known().any(|known| known == key) {
            reader.problem(section, key, format!("no key has this name here{}", did_you_mean(key, known())));
        }
    }
}

/// The address of the source, else of its manifest.
fn manifest_url(reader: &mut Reader<'_>, section: &Section<'_>, place: &Place, allow_http: bool) -> Option<String> {
    let check = |text: &str| address(text, allow_http).and_then(|text| build_manifest::without_places(&text).map(|()| text));
    if section.get("url").is_some() {
        return reader.parse(section, "url", check);
    }
    let Some(value) = build_manifest::url(section) else {
        reader.at(place, section.name.to_owned(), "has no url, and neither has its request; say where the vendor is asked");
        return None;
    };
    let table = Map::from([("url".to_owned(), value.clone())]);
    let name = section.key("request");
    reader.parse(&Section { name: &name, table: &table }, "url", check)
}

/// `Some(None)` if it is not given, `None` if it is wrong.
#[allow(clippy::option_option, reason = "not given and wrong are two things here")]
pub(super) fn given<T>(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<Option<T>> {
    if section.get(key).is_none() { Some(None) } else { reader.parse(section, key, parse).map(Some) }
}

pub(super) fn id<T: std::str::FromStr<Err = crate::model::ids::IdError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

pub(super) fn one_of(text: &str, words: &[&str]) -> String {
    format!("'{}' is none of {}{}", shown(text), words.join(", "), did_you_mean(text, words.iter().copied()))
}

/// Refuses keys that are not known.
pub(super) fn known_keys(reader: &mut Reader<'_>, section: &Section<'_>, known: &[&str]) {
    let mut unknown: Vec<&String> = section.table.keys().filter(|key| !known.contains(&key.as_str())).collect();
    unknown.sort();
    for key in unknown {
        let hint = if (known == FALLBACK_KEYS || known == RULE_KEYS) && SOURCE_KEYS.contains(&key.as_str()) {
            "; it is a key of [[source]] and must stand above the sections within it".to_owned()
        } else {
            did_you_mean(key, known.iter().copied())
        };
        reader.problem(section, key, format!("no key has this name here{hint}"));
    }
}

/// `"5.1"`, also without quotes.
fn release_text(section: &Section<'_>) -> Option<String> {
    match &section.get("release")?.kind {
        ValueKind::String(text) => Some(text.trim().to_owned()),
        ValueKind::I64(number) => Some(number.to_string()),
        ValueKind::Float(number) => Some(number.to_string()),
        other => Some(described(other)),
    }
}

fn release_choice(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<ReleaseChoice> {
    let Some(text) = release_text(section) else { return Some(ReleaseChoice::Release(Release::R51)) };
    if text == "auto" {
        return Some(ReleaseChoice::Auto);
    }
    if text.parse() == Ok(Release::R4) {
        reader.problem(section, "release", "Release 4 has no COUNTER API; a source that speaks it is of kind = \"sushi_soap\"");
        return None;
    }
    let Ok(release) = text.parse() else {
        let what = format!("'{}' is no release that this source can be asked for; write \"5\", \"5.1\" or \"auto\"", shown(&text));
        reader.problem(section, "release", what);
        return None;
    };
    Some(ReleaseChoice::Release(release))
}

/// The release of a `sushi_soap` source, which speaks no other.
fn release_4(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<ReleaseChoice> {
    match release_text(section) {
        Some(text) if text.parse() != Ok(Release::R4) => {
            let what = format!("'{}' is not spoken in SOAP: a source of kind sushi_soap speaks Release 4; leave release out", shown(&text));
            reader.problem(section, "release", what);
            None
        }
        _ => Some(ReleaseChoice::Release(Release::R4)),
    }
}

/// What stands in SOAP requests; the defaults for other kinds.
fn soap_settings(reader: &mut Reader<'_>, section: &Section<'_>, soap: bool) -> Option<SoapSettings> {
    let mut settings = SoapSettings::default();
    if !soap {
        return Some(settings);
    }
    let action = given(reader, section, "soap_action", |text| {
        let fits = text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"');
        if fits { Ok(text.to_owned()) } else { Err("has quotes, or characters that no header takes; use plain ASCII".into()) }
    });
    let mut text = |key| given(reader, section, key, |text| Ok(text.to_owned()));
    let (name, email) = (text("requestor_name"), text("requestor_email"));
    settings.action = action?.unwrap_or(settings.action);
    settings.requestor_name = name?.unwrap_or_default();
    settings.requestor_email = email?.unwrap_or_default();
    Some(settings)
}

/// The base address of a COUNTER API. What it says of an address never shows it whole: a secret may be in it.
pub(super) fn address(text: &str, allow_http: bool) -> Result<String, String> {
    let url = Url::parse(&without_placeholder(text)?)
        .map_err(|error| format!("is no URL: {error}; write it as https://example.org/counter/r51"))?;
    let host = url.host_str().unwrap_or_default();
    no_credentials(&url)?;
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(host) => {}
        "http" => {
            return Err(format!(
                "is plain http to {host}, where anybody on the way can read the credentials; use https, or set allow_http = true"
            ));
        }
        other => return Err(format!("begins with '{}:'; it must be https", shown(other))),
    }
    Ok(text.to_owned())
}

/// An address whose path or query may name the customer: the only thing of an account that may stand there.
fn without_placeholder(text: &str) -> Result<String, String> {
    let plain = text.replace("{customer_id}", "customer_id");
    if plain.contains(['{', '}']) {
        return Err("has braces in it; only {customer_id} can stand in a url, and secrets belong into the dialect's headers".into());
    }
    let host = Url::parse(&plain).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    if plain != text && host.contains("customer_id") {
        return Err("has {customer_id} in the host's name; it can stand in the path or the query".into());
    }
    Ok(plain)
}

/// What other kinds have as their address; it may be a path.
fn other_address(text: &str) -> Result<String, String> {
    if let Ok(url) = Url::parse(text) {
        no_credentials(&url)?;
    }
    Ok(text.to_owned())
}

fn no_credentials(url: &Url) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it; credentials belong to the accounts (avling import accounts)".into());
    }
    match url.query_pairs().find(|(name, _)| SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str())) {
        Some((name, _)) => Err(format!("has {name}= in it; credentials belong to the accounts (avling import accounts)")),
        None => Ok(()),
    }
}

/// Whether the host is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.to_canonical().is_loopback())
}

#[allow(clippy::option_option, reason = "not given and wrong are two things here")]
fn fallback(reader: &mut Reader<'_>, section: &Section<'_>, allow_http: bool) -> Option<Option<Fallback>> {
    let Some(value) = section.get("fallback") else { return Some(None) };
    let ValueKind::Table(table) = &value.kind else {
        let what = format!("is {}; write it as {{ release = \"5\", url = \"https://example.org/counter/r5\" }}", described(&value.kind));
        reader.problem(section, "fallback", what);
        return None;
    };
    let name = section.key("fallback");
    let inner = Section { name: &name, table };
    known_keys(reader, &inner, &FALLBACK_KEYS);
    for required in FALLBACK_KEYS {
        if inner.get(required).is_none() {
            reader.problem(section, "fallback", format!("has no {required}; it needs a release and a url"));
        }
    }
    let url = reader.parse(&inner, "url", |text| address(text, allow_http));
    let release = match release_choice(reader, &inner) {
        Some(ReleaseChoice::Release(release)) => Some(release),
        Some(ReleaseChoice::Auto) => {
            reader.problem(&inner, "release", "cannot be \"auto\": a fallback is for another release; write \"5\" or \"5.1\"");
            None
        }
        None => None,
    };
    inner.get("release")?;
    Some(Some(Fallback { release: release?, url: url? }))
}

fn reports(reader: &mut Reader<'_>, section: &Section<'_>, counter: bool) -> Option<Vec<ReportId>> {
    report_list(reader, section, "PR", |text| {
        let report: ReportId = id(text)?;
        if counter && !report.is_counter() {
            let hint = did_you_mean(report.as_str(), COUNTER_REPORTS);
            return Err(format!("'{}' is no report of COUNTER Release 5{hint}; there are {}", shown(text), COUNTER_REPORTS.join(", ")));
        }
        Ok(report)
    })
}

/// The reports of a `sushi_soap` source.
fn reports_4(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Vec<ReportId>> {
    report_list(reader, section, "PR1", |text| {
        let known = RELEASE_4_REPORTS.map(|(_, name)| name);
        release_4_report(text).ok_or_else(|| {
            let hint = did_you_mean(text, known);
            format!("'{}' is no report of COUNTER Release 4{hint}; there are {}", shown(text), known.join(", "))
        })
    })
}

fn report_list(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    default: &str,
    parse: impl Fn(&str) -> Result<ReportId, String>,
) -> Option<Vec<ReportId>> {
    if section.get("reports").is_none() {
        return Some(vec![ReportId::trusted(default)]);
    }
    let reports = reader.list(section, "reports", parse)?;
    let twice = reports.iter().enumerate().find(|(at, report)| reports[..*at].contains(report)).map(|(_, report)| report.clone());
    if let Some(twice) = twice {
        reader.problem(section, "reports", format!("{twice} is named twice; name every report once"));
        return None;
    }
    if reports.is_empty() {
        reader.problem(section, "reports", "names no report; name at least one, as [\"PR\"]");
        return None;
    }
    Some(reports)
}

fn product_rules(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Vec<ProductRule>> {
    let Some(value) = section.get("product_rule") else { return Some(Vec::new()) };
    let tables: Option<Vec<(&Value, &Map<String, Value>)>> = match &value.kind {
        ValueKind::Array(items) => {
            items.iter().map(|item| if let ValueKind::Table(table) = &item.kind { Some((item, table)) } else { None }).collect()
        }
        _ => None,
    };
    let Some(tables) = tables else {
        reader.problem(section, "product_rule", "every rule is a section of its own: [[source.product_rule]], in two brackets");
        return None;
    };
    let name = section.key("product_rule");
    let rules: Vec<Option<ProductRule>> = tables
        .into_iter()
        .map(|(value, table)| {
            let place = reader.places.of(value);
            product_rule(reader, &Section { name: &name, table }, &place)
        })
        .collect();
    rules.into_iter().collect()
}

fn product_rule(reader: &mut Reader<'_>, section: &Section<'_>, place: &Place) -> Option<ProductRule> {
    known_keys(reader, section, &RULE_KEYS);
    if section.get("product").is_none() {
        reader.at(place, section.name.to_owned(), "has no product; say which product the usage belongs to");
    }
    let product: Option<ProductId> = reader.parse(section, "product", id);
    let mut pattern = |key| given(reader, section, key, |text| Ok(Pattern::new(text)));
    let (platform, database, title, data_type) = (pattern("platform"), pattern("database"), pattern("title"), pattern("data_type"));
    let (platform, database, title, data_type) = (platform?, database?, title?, data_type?);
    if [&platform, &database, &title, &data_type].iter().all(|pattern| pattern.is_none()) {
        reader.at(place, section.name.to_owned(), "says nothing of the usage it is about; give a platform, database, title or data_type");
        return None;
    }
    Some(ProductRule { product: product?, platform, database, title, data_type })
}
