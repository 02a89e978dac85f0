//! From the keys of a source of files (`folder`, `access_log`) to [`FileSettings`], and to the mapping of files that are not COUNTER.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use config::{Map, Value, ValueKind};

use super::build_source::{given, id, known_keys, one_of};
use super::layers::Place;
use super::problem::shown;
use super::reader::{Reader, Section, described};
use super::schema::{ASKING_KEYS, FOLDER_KEYS, LOG_KEYS, LOG_PRODUCT_KEYS, LOG_SOURCE_KEYS};
use super::source_files::{FileSettings, FolderSettings, InstitutionBy, LogProduct, LogSettings};
use super::{Pattern, build, build_mapping};
use crate::formats::access_log::{Layout, LinePattern, Names, Role};
use crate::model::InstitutionId;
use crate::model::manifest::Mapping;

/// A file is watched for so long where nothing else is said.
const SETTLE: Duration = Duration::from_secs(5);

/// So many days in a row may be without an event where nothing else is said.
const QUIET_DAYS: u32 = 2;

/// What Apache and others call combined.
const COMBINED: &str = "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"";

/// The shorter one, which EZproxy writes unless it is told otherwise.
const COMMON: &str = "%h %l %u %t \"%r\" %>s %b";

/// The words for what a line is.
const FORMATS: [&str; 5] = ["json_lines", "csv", "combined", "common", "pattern"];

/// A folder of reports.
pub fn folder(reader: &mut Reader<'_>, section: &Section<'_>, place: &Place) -> Option<FileSettings> {
    let known: Vec<&str> = FOLDER_KEYS.into_iter().chain(ASKING_KEYS.into_iter().filter(|key| section.get(key).is_some())).collect();
    known_keys(reader, section, &known);
    let path = path(reader, section, place, false);
    let settle = given(reader, section, "settle", build::pause);
    Some(FileSettings::Folder(FolderSettings { path: path?, settle: settle?.unwrap_or(SETTLE) }))
}

/// How files that are not COUNTER are read; `Some(None)` if they are not.
#[allow(clippy::option_option, reason = "not given and wrong are two things here")]
pub fn mapping(reader: &mut Reader<'_>, section: &Section<'_>, place: &Place) -> Option<Option<Mapping>> {
    // A file may be shared with sources that ask: how they do it is nothing to this one. In the source itself it is a slip.
    for key in ASKING_KEYS {
        if section.get(key).is_some_and(|value| file_of(&reader.places.of(value)) == file_of(place)) {
            reader.problem(
                section,
                key,
                "is about asking a vendor, and a folder asks nobody; take it out, or is the kind \"manifest\" meant?",
            );
        }
    }
    let given = ["manifest", "rows", "fields", "metric", "keep"].into_iter().find(|key| section.get(key).is_some());
    let Some(given) = given else { return Some(None) };
    let Some(rows) = section.get("rows") else {
        let what = if given == "manifest" {
            "names a file that has no [rows], which say how files are read"
        } else {
            "has no rows beside it; say how files are read in [source.rows], or name a file that does: manifest = \"vendors/x.toml\""
        };
        reader.problem(section, given, what);
        return None;
    };
    let Some(format) = build_mapping::format(reader, section) else {
        match &rows.kind {
            ValueKind::Table(rows) if rows.get("format").is_some() => {}
            ValueKind::Table(_) => reader.problem(section, "rows", "has no format; there are json, json_lines, csv, tsv, xlsx, xml"),
            _ => reader.problem(section, "rows", "must be a section: [source.rows]"),
        }
        return None;
    };
    build_mapping::mapping(reader, section, format, false).map(Some)
}

/// The file of a place, without line and column.
fn file_of(place: &Place) -> &str {
    let without = |text| str::rsplit_once(text, ':').map_or(text, |(rest, _)| rest);
    without(without(place.text.as_str()))
}

/// Logs of events.
pub fn access_log(reader: &mut Reader<'_>, section: &Section<'_>, place: &Place) -> Option<FileSettings> {
    known_keys(reader, section, &LOG_SOURCE_KEYS);
    let path = path(reader, section, place, true);
    let table = match section.get("log").map(|value| &value.kind) {
        Some(ValueKind::Table(table)) => table,
        Some(other) => {
            let what = format!("is {}; it is a section of its own: [source.log]", described(other));
            reader.problem(section, "log", what);
            return None;
        }
        None => {
            reader.at(place, section.name.to_owned(), "has no log; say in [source.log] what a line of the log is, and whose an event is");
            return None;
        }
    };
    let name = section.key("log");
    let log = Section { name: &name, table };
    known_keys(reader, &log, &LOG_KEYS);
    for required in ["format", "institution_by"] {
        if log.get(required).is_none() {
            reader.problem(section, "log", format!("has no {required}; every [source.log] needs one"));
        }
    }
    let names = names(reader, &log);
    let layout = layout(reader, &log, names.as_ref());
    let institution_by = reader.parse(&log, "institution_by", |text| {
        let found = InstitutionBy::ALL.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, by)| by).ok_or_else(|| one_of(text, &InstitutionBy::ALL.map(|(word, _)| word)))
    });
    let institutions = institutions(reader, &log);
    let products = products(reader, &log);
    let quiet_days = if log.get("quiet_days").is_some() { reader.number(&log, "quiet_days", 0, 15) } else { Some(QUIET_DAYS) };
    let (layout, names, institution_by, institutions) = (layout?, names?, institution_by?, institutions?);
    if institution_by == InstitutionBy::Realm && institutions.is_empty() {
        reader.problem(&log, "institution_by", "is \"realm\", but no realm is anybody's; write which under [source.log.institutions]");
        return None;
    }
    if institution_by == InstitutionBy::Address && !institutions.is_empty() {
        reader.problem(&log, "institutions", "is not used: whose an event is, is told by its address; leave it out");
        return None;
    }
    if let Layout::Pattern(pattern) = &layout {
        let (role, what) = match institution_by {
            InstitutionBy::Field => (Role::Institution, "the institution; say which under fields"),
            InstitutionBy::Realm => (Role::User, "the user, whose realm says whose an event is; it is usually %u"),
            InstitutionBy::Address => (Role::Address, "the address, which says whose an event is; it is usually %h"),
        };
        if !pattern.has(role) {
            reader.problem(&log, "institution_by", format!("nothing in the line is {what}"));
            return None;
        }
    }
    Some(FileSettings::Log(Box::new(LogSettings {
        path: path?,
        layout,
        names,
        institution_by,
        institutions,
        products: products?,
        quiet_days: quiet_days?,
    })))
}

/// The path of a folder, or if `wild` also one with `*`; absolute.
fn path(reader: &mut Reader<'_>, section: &Section<'_>, place: &Place, wild: bool) -> Option<std::path::PathBuf> {
    if section.get("path").is_none() {
        let example = if wild { "/var/log/ezproxy/*.log*" } else { "/srv/avling/reports" };
        reader.at(place, section.name.to_owned(), format!("has no path; say where the files are, for example \"{example}\""));
        return None;
    }
    reader.parse_at(section, "path", |text, place| {
        if text.contains("://") {
            return Err("is a URL; files are taken from a folder of this machine, or one that is mounted on it".into());
        }
        if !wild && text.contains('*') {
            return Err("has a * in it; name the folder, and all files in it are taken".into());
        }
        if wild && (text.contains("**") || text.contains(['?', '[', '{'])) {
            return Err(format!("'{}' has more than a * in it; only * is known here, for anything within one name", shown(text)));
        }
        let path = build::path(text, place)?;
        if path == Path::new("/") { Err("is the root of the file system; name the folder of the files".into()) } else { Ok(path) }
    })
}

/// Which field is what.
fn names(reader: &mut Reader<'_>, log: &Section<'_>) -> Option<Names> {
    let mut names = Names::default();
    let Some(value) = log.get("fields") else { return Some(names) };
    let ValueKind::Table(table) = &value.kind else {
        reader.problem(log, "fields", "is no section; write it as fields = { time = \"timestamp\", user = \"sub\" }");
        return None;
    };
    let name = log.key("fields");
    let fields = Section { name: &name, table };
    known_keys(reader, &fields, &Role::ALL.map(Role::word));
    let mut right = true;
    for role in Role::ALL {
        match given(reader, &fields, role.word(), |text| Ok(text.to_owned())) {
            Some(Some(field)) => names.set(role, field),
            Some(None) => {}
            None => right = false,
        }
    }
    right.then_some(names)
}

fn layout(reader: &mut Reader<'_>, log: &Section<'_>, names: Option<&Names>) -> Option<Layout> {
    let format =
        reader.parse(log, "format", |text| FORMATS.into_iter().find(|format| *format == text).ok_or_else(|| one_of(text, &FORMATS)));
    let pattern = given(reader, log, "pattern", |text| Ok(text.to_owned()))?;
    let names = names?;
    let text = match (format?, pattern) {
        ("pattern", None) => {
            reader.problem(log, "format", "is \"pattern\", but there is none; write as pattern what the log's own LogFormat is");
            return None;
        }
        ("pattern", Some(text)) => text,
        (other, Some(_)) => {
            reader.problem(log, "pattern", format!("is for format = \"pattern\" only; the format is \"{other}\""));
            return None;
        }
        ("json_lines", None) => return Some(Layout::JsonLines),
        ("csv", None) => return Some(Layout::Csv),
        ("combined", None) => COMBINED.to_owned(),
        _ => COMMON.to_owned(),
    };
    match LinePattern::new(&text, names) {
        Ok(pattern) => Some(Layout::Pattern(pattern)),
        Err(what) => {
            let key = if log.get("pattern").is_some() { "pattern" } else { "fields" };
            reader.problem(log, key, what);
            None
        }
    }
}

/// A table of texts and institutions.
fn institutions(reader: &mut Reader<'_>, log: &Section<'_>) -> Option<BTreeMap<String, InstitutionId>> {
    let mut institutions = BTreeMap::new();
    let Some(value) = log.get("institutions") else { return Some(institutions) };
    let ValueKind::Table(table) = &value.kind else {
        reader.problem(
            log,
            "institutions",
            "is no section; write it as [source.log.institutions] with lines like \"halden.no\" = \"2010100\"",
        );
        return None;
    };
    let name = log.key("institutions");
    let section = Section { name: &name, table };
    for key in table.keys() {
        let institution: Option<InstitutionId> = reader.parse(&section, key, id);
        if let Some(institution) = institution {
            institutions.insert(key.to_lowercase(), institution);
        }
    }
    (institutions.len() == table.len()).then_some(institutions)
}

fn products(reader: &mut Reader<'_>, log: &Section<'_>) -> Option<Vec<LogProduct>> {
    let Some(value) = log.get("product") else { return Some(Vec::new()) };
    let tables: Option<Vec<(&Value, &Map<String, Value>)>> = match &value.kind {
        ValueKind::Array(items) => {
            items.iter().map(|item| if let ValueKind::Table(table) = &item.kind { Some((item, table)) } else { None }).collect()
        }
        _ => None,
    };
    let Some(tables) = tables else {
        reader.problem(log, "product", "every product is a section of its own: [[source.log.product]], in two brackets");
        return None;
    };
    let name = log.key("product");
    let mut products = Vec::new();
    let count = tables.len();
    for (value, table) in tables {
        let place = reader.places.of(value);
        let section = Section { name: &name, table };
        known_keys(reader, &section, &LOG_PRODUCT_KEYS);
        for required in LOG_PRODUCT_KEYS {
            if section.get(required).is_none() {
                reader.at(&place, name.clone(), format!("has no {required}; write the product, and as url a list of hosts or addresses"));
            }
        }
        let product = reader.parse(&section, "product", id);
        let urls = reader.list(&section, "url", url);
        if let (Some(product), Some(urls)) = (product, urls) {
            if urls.is_empty() {
                reader.problem(&section, "url", "names no address; write for example [\"*.example.org\"]");
                continue;
            }
            products.push(LogProduct { product, urls });
        }
    }
    (products.len() == count).then_some(products)
}

/// A host, or a host with a path; a scheme before it says nothing.
fn url(text: &str) -> Result<Pattern, String> {
    let text = text.trim();
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    if bare.is_empty() || bare.contains(char::is_whitespace) {
        return Err(format!("'{}' is no address; write \"*.example.org\", \"example.org/path/*\" or \"/path/*\"", shown(text)));
    }
    if bare.contains('@') {
        return Err("has a user name in it; write \"*.example.org\", \"example.org/path/*\" or \"/path/*\"".into());
    }
    Ok(Pattern::new(&bare.to_lowercase()))
}
