//! Configuration, manifests, and payloads that a manifest's mapping reads.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use avling::config;
use avling::formats::mapped;
use avling::model::manifest::Mapping;
use avling::model::manifest::place::Place;
use tempfile::TempDir;

use super::book::book;
use super::sink::twice;

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder for what is loaded from files");
}

/// Puts an input into a file; nothing if it names other files, which are no business of its own.
fn file(name: &str, data: &[u8]) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(data);
    let table: Result<toml::Table, _> = text.trim_start_matches('\u{feff}').parse();
    if table.is_ok_and(|table| names_files(&toml::Value::Table(table))) {
        return None;
    }
    let path = FOLDER.with(|folder| folder.path().join(name));
    fs::write(&path, data).expect("the folder takes files");
    Some(path)
}

/// Whether some key names a file that would be read.
fn names_files(value: &toml::Value) -> bool {
    match value {
        toml::Value::Table(table) => table.iter().any(|(key, value)| ["include", "manifest"].contains(&key.as_str()) || names_files(value)),
        toml::Value::Array(values) => values.iter().any(names_files),
        _ => false,
    }
}

/// A configuration: all that is wrong with it has a place, and it is loaded again as it was.
pub fn config(data: &[u8]) {
    let Some(path) = file("avling.toml", data) else { return };
    let load = || config::load(Some(&path), std::iter::empty()).map(|settings| format!("{settings:?}")).map_err(|error| error.problems);
    let first = load();
    assert_eq!(first, load());
    if let Err(problems) = first {
        assert!(!problems.is_empty(), "what is refused has something wrong with it");
        assert!(problems.iter().all(|problem| !problem.what.is_empty()));
    }
}

/// A manifest, and below a line `---` a payload that is read by it.
pub fn manifest(data: &[u8]) {
    const RULE: &[u8] = b"\n---\n";
    let at = data.windows(RULE.len()).position(|window| window == RULE);
    let (text, payload) = at.map_or((data, &data[data.len()..]), |at| (&data[..=at], &data[at + RULE.len()..]));
    let Some(path) = file("vendor.toml", text) else { return };
    match config::load_manifest(&path, Some("https://vendor.example")) {
        Ok((source, _)) => {
            let mapping = source.mapping.expect("a manifest that is loaded has a mapping");
            of_mapping(&mapping, payload);
        }
        Err(error) => assert!(!error.problems.is_empty(), "what is refused has something wrong with it"),
    }
}

/// Mappings, one for each format and for what is special in it.
const MAPPINGS: [&str; 8] = [
    // 0
    r#"
    [rows]
    format = "json"
    path = "data.months[*].items[*]"
    may_be_absent = true
    [fields]
    month = "^.month"
    title = "name.nb"
    address = "ip"
    "#,
    // 1
    r#"
    [rows]
    format = "json"
    path = "items[*]"
    date = ["%d.%m.%Y", "%b %Y"]
    [fields]
    month = "day"
    isbn = "$.ids[?@.type == 'isbn'].value"
    doi = "$..doi"
    institution = { id = "customer.id", name = "customer.name" }
    "#,
    // 2
    r#"
    [rows]
    format = "json_lines"
    [fields]
    year = "y"
    month = "m"
    data_type = { from = "kind", map = { ebook = "Book" }, otherwise = "Other", empty = "Unspecified" }
    [[keep]]
    from = "status"
    is_not = ["test", ""]
    "#,
    // 3
    r#"
    [rows]
    format = "csv"
    decimal = ","
    thousands = "."
    [fields]
    month = "month"
    title = "title"
    address = "ip"
    institution = { isil = "isil" }
    "#,
    // 4
    r##"
    [rows]
    format = "tsv"
    encoding = "windows-1252"
    header = false
    skip = 1
    [fields]
    month = "#1"
    title = "#2"
    "##,
    // 5
    r#"
    [rows]
    format = "csv"
    encoding = "utf-16"
    separator = ";"
    [fields]
    month = "month"
    "#,
    // 6
    r#"
    [rows]
    format = "xml"
    path = "Report/Month/Loan"
    [fields]
    month = "^/@month"
    title = "Title"
    isbn = "Id[@type='isbn']"
    institution = { id = "Lender/@id" }
    "#,
    // 7
    r#"
    [rows]
    format = "xlsx"
    skip = 1
    may_be_absent = true
    [fields]
    month = "month"
    title = "title"
    "#,
];

/// What they count.
fn metric(number: usize) -> &'static str {
    match number {
        4 => "[[metric]]\nname = \"Total_Item_Requests\"\nfrom = \"#3\"\n",
        6 => "[[metric]]\nname = \"Total_Item_Requests\"\nfrom = \"@count\"\n",
        _ => "[[metric]]\nname = \"Total_Item_Requests\"\nfrom = \"views\"\n",
    }
}

fn mappings() -> &'static [Arc<Mapping>] {
    static READY: OnceLock<Vec<Arc<Mapping>>> = OnceLock::new();
    READY.get_or_init(|| {
        let mapping = |(number, sections): (usize, &&str)| {
            let text = format!("[request.query]\nm = \"{{month}}\"\n{sections}{}", metric(number));
            let path = file("vendor.toml", text.as_bytes()).expect("it names no files");
            let (source, _) =
                config::load_manifest(&path, Some("https://vendor.example")).unwrap_or_else(|error| panic!("{number}: {error}"));
            source.mapping.expect("a manifest has a mapping")
        };
        MAPPINGS.iter().enumerate().map(mapping).collect()
    })
}

/// A payload, behind the digit of the mapping that it is read by. A workbook may come in parts.
pub fn mapped(data: &[u8]) {
    let Some((number, payload)) = data.split_first() else { return };
    let number = usize::from(*number) % MAPPINGS.len();
    let payload = if number == 7 && !payload.starts_with(b"PK") { Cow::Owned(book(payload)) } else { Cow::Borrowed(payload) };
    of_mapping(&mappings()[number], &payload);
}

/// Reads a payload in all the ways that there are.
fn of_mapping(mapping: &Mapping, payload: &[u8]) {
    let reading = twice(payload, |reader, sink| mapped::read(reader, mapping, sink));
    let places: Vec<&Place> = mapping.places.iter().take(3).collect();
    let _ = mapped::look(payload, mapping, &places);
    let watched = mapped::watch(payload, mapping, 3);
    if let Some(reading) = reading {
        let (watched, _) = watched.expect("what is read is read while somebody watches");
        assert_eq!(reading.records, watched.records, "watching changes nothing");
    }
}
