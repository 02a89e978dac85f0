//! Configuration files: found, read, and joined, with the place of every value.
//!
//! [`read`] gives the settings of a file and of those that it includes as one [`Files`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use config::{Map, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::glob;
use super::layers::{Layer, Place, Places};
use super::problem::{Problem, did_you_mean, nearest};
use super::schema;

/// What stands in the files.
#[derive(Debug, Default)]
pub struct Files {
    /// Settings by their full names.
    pub layer: Layer,
    /// Every `[[source]]`, in order.
    pub sources: Vec<Value>,
}

/// Reads files; keeps what is wrong with them.
pub struct Reading<'a> {
    /// Places are kept here.
    pub places: &'a mut Places,
    /// What is wrong.
    pub problems: &'a mut Vec<Problem>,
    /// What is probably not meant.
    pub warnings: &'a mut Vec<String>,
}

/// A file's text and where it is, to tell places in it.
struct Text<'a> {
    name: String,
    folder: PathBuf,
    text: &'a str,
    /// Where its lines begin, the second on.
    lines: Vec<usize>,
}

impl<'a> Text<'a> {
    fn new(name: String, folder: PathBuf, text: &'a str) -> Self {
        Self { name, folder, text, lines: text.match_indices('\n').map(|(at, _)| at + 1).collect() }
    }

    /// The place of a byte.
    fn place(&self, at: usize) -> Place {
        let passed = self.lines.partition_point(|begins| *begins <= at);
        let begins = passed.checked_sub(1).and_then(|last| self.lines.get(last)).copied().unwrap_or(0);
        let line = passed + 1;
        let column = self.text.get(begins..at).unwrap_or_default().chars().count() + 1;
        Place { text: format!("{}:{line}:{column}", self.name), base: self.folder.clone() }
    }
}

impl Reading<'_> {
    /// Reads a file and those that it includes. `include` is what the environment says instead of the file.
    pub fn file_and_included(&mut self, path: &Path, include: Option<Value>) -> Files {
        let mut files = Files::default();
        self.file(path, &mut files);
        let include = include.or_else(|| files.layer.0.get("include").cloned());
        if let Some(include) = include {
            self.included(Some(path), &include, &mut files);
        }
        files
    }

    /// Reads the files that `include` names.
    pub fn included(&mut self, main: Option<&Path>, include: &Value, files: &mut Files) {
        let ValueKind::Array(patterns) = &include.kind else { return };
        let mut seen: BTreeSet<PathBuf> = main.and_then(|main| main.canonicalize().ok()).into_iter().collect();
        for pattern in patterns {
            let ValueKind::String(text) = &pattern.kind else { continue };
            let place = self.places.of(pattern);
            let found = match glob::expand(&place.base, text) {
                Ok(found) => found,
                Err(what) => {
                    self.problem(&place, "include", what);
                    continue;
                }
            };
            if found.is_empty() && text.contains(['*', '?']) {
                self.warnings.push(format!("{}: include: no file is called '{text}'", place.text));
            } else if found.is_empty() {
                self.problem(&place, "include", format!("there is no file '{}'", place.base.join(text).display()));
            }
            for path in found {
                // Named twice, or the file that includes: once is enough.
                if seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
                    let mut one = Files::default();
                    self.file(&path, &mut one);
                    self.join(files, one);
                }
            }
        }
    }

    /// Adds what an included file says to what others say.
    fn join(&mut self, files: &mut Files, one: Files) {
        for (name, value) in one.layer.0 {
            let place = self.places.of(&value);
            if name == "include" {
                self.problem(&place, "include", "an included file cannot include others; name them in the first file".into());
            } else if let Some(other) = files.layer.0.get(&name) {
                let what = format!("is given a second time; it stands at {} already, keep one of them", self.places.of(other).text);
                self.problem(&place, &name, what);
            } else {
                files.layer.0.insert(name, value);
            }
        }
        files.sources.extend(one.sources);
    }

    fn problem(&mut self, place: &Place, key: &str, what: String) {
        self.problems.push(Problem { place: place.text.clone(), key: key.to_owned(), what });
    }

    fn file(&mut self, path: &Path, files: &mut Files) {
        self.with_file(path, "configuration file", |reading, text, table| reading.sections(text, table, files));
    }

    /// Reads a file of TOML and gives it to `take`, unless something is wrong with it.
    fn with_file(&mut self, path: &Path, kind: &str, take: impl FnOnce(&mut Self, &Text<'_>, &DeTable<'_>)) {
        let name = path.display().to_string();
        let in_file = |what: String| Problem { place: name.clone(), key: String::new(), what };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.problems.push(in_file(format!("the {kind} cannot be read: {error}")));
                return;
            }
        };
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) => {
                let line = bytes.get(..error.valid_up_to()).unwrap_or_default().split(|byte| *byte == b'\n').count();
                self.problems.push(in_file(format!("line {line} is not UTF-8; save the file as UTF-8")));
                return;
            }
        };
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let text = Text::new(name, folder, text.strip_prefix('\u{feff}').unwrap_or(text));
        let (table, errors) = DeTable::parse_recoverable(text.text);
        if errors.is_empty() {
            take(self, &text, table.get_ref());
        }
        for error in errors {
            // Its message only: its display shows the line, in which anything may stand.
            let place = text.place(error.span().map_or(0, |span| span.start));
            let what = format!("{}; this is not TOML", error.message().replace('\n', ", "));
            self.problems.push(Problem { place: place.text, key: String::new(), what });
        }
    }

    /// Brings into each source the sections of the manifest that it names; what stands in the source itself goes before them.
    pub fn manifests(&mut self, sources: &mut [Value]) {
        let mut known: BTreeMap<PathBuf, Map<String, Value>> = BTreeMap::new();
        for source in sources {
            let ValueKind::Table(table) = &mut source.kind else { continue };
            let Some(value) = table.get("manifest") else { continue };
            let place = self.places.of(value);
            let ValueKind::String(name) = &value.kind else {
                self.problem(&place, "manifest", "must be the name of a file, in quotes".into());
                continue;
            };
            let path = place.base.join(name);
            if !known.contains_key(&path) {
                let sections = self.manifest(&path, &place);
                known.insert(path.clone(), sections);
            }
            for (key, section) in known.get(&path).into_iter().flatten() {
                table.entry(key.clone()).or_insert_with(|| section.clone());
            }
        }
    }

    /// The sections of a manifest's file.
    fn manifest(&mut self, path: &Path, named_at: &Place) -> Map<String, Value> {
        let mut sections = Map::new();
        if !path.is_file() {
            self.problem(named_at, "manifest", format!("there is no file '{}'", path.display()));
            return sections;
        }
        self.with_file(path, "manifest", |reading, text, table| {
            for (key, value) in in_order(table) {
                let name: &str = key.get_ref();
                let place = text.place(key.span().start);
                if !schema::MANIFEST_FILE_KEYS.contains(&name) {
                    let hint = if schema::SOURCE_KEYS.contains(&name) || name == "source" {
                        "; a manifest holds sections alone, what is about a source stands in its [[source]]".to_owned()
                    } else {
                        did_you_mean(name, schema::MANIFEST_FILE_KEYS)
                    };
                    reading.problem(&place, name, format!("no section of a manifest has this name{hint}"));
                } else if name != "about" {
                    let value = reading.value(text, place, value);
                    sections.insert(name.to_owned(), value);
                }
            }
        });
        sections
    }

    /// The top of a file.
    fn sections(&mut self, text: &Text<'_>, table: &DeTable<'_>, files: &mut Files) {
        for (key, value) in in_order(table) {
            let name: &str = key.get_ref();
            let place = text.place(key.span().start);
            match value.get_ref() {
                DeValue::Array(sources) if name == "source" && sources.iter().all(|source| source.get_ref().is_table()) => {
                    for source in sources {
                        let place = text.place(source.span().start);
                        let value = self.value(text, place, source);
                        files.sources.push(value);
                    }
                }
                _ if name == "source" => {
                    self.problem(&place, name, "every source is a section of its own: [[source]], in two brackets".into());
                }
                DeValue::Table(section) if schema::is_section(name) => self.section(text, name, section, files),
                _ if schema::is_section(name) => self.problem(&place, name, format!("is a section: [{name}]")),
                _ if schema::find(name).is_some() => {
                    let value = self.value(text, place, value);
                    files.layer.0.insert(name.to_owned(), value);
                }
                _ => {
                    let sections = schema::names().map(|known| known.split('.').next().unwrap_or(known));
                    let hint = elsewhere(name).unwrap_or_else(|| did_you_mean(name, sections.chain(["source"])));
                    self.problem(&place, name, format!("no section or setting has this name{hint}"));
                }
            }
        }
    }

    fn section(&mut self, text: &Text<'_>, section: &str, table: &DeTable<'_>, files: &mut Files) {
        for (key, value) in in_order(table) {
            let name = format!("{section}.{}", key.get_ref());
            let place = text.place(key.span().start);
            if schema::find(&name).is_some() {
                let value = self.value(text, place, value);
                files.layer.0.insert(name, value);
            } else {
                let hint = nearest(&name, schema::names().filter(|known| known.starts_with(section)));
                let hint = hint.map(|meant| format!("; did you mean '{meant}'?")).or_else(|| elsewhere(key.get_ref())).unwrap_or_default();
                self.problem(&place, &name, format!("no setting has this name{hint}"));
            }
        }
    }

    /// A value with everything in it; what stands in a table has the place of its key.
    fn value(&mut self, text: &Text<'_>, place: Place, value: &Spanned<DeValue<'_>>) -> Value {
        let kind = match value.get_ref() {
            DeValue::String(string) => ValueKind::String(string.to_string()),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(number) => ValueKind::I64(number),
                Err(_) => ValueKind::Float(f64::INFINITY),
            },
            DeValue::Float(float) => ValueKind::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(switch) => ValueKind::Boolean(*switch),
            DeValue::Datetime(time) => ValueKind::String(time.to_string()),
            DeValue::Array(array) => {
                let items = array.iter().map(|item| (text.place(item.span().start), item));
                ValueKind::Array(items.map(|(place, item)| self.value(text, place, item)).collect())
            }
            DeValue::Table(table) => {
                let mut map = Map::new();
                for (key, value) in in_order(table) {
                    let place = text.place(key.span().start);
                    map.insert(key.get_ref().to_string(), self.value(text, place, value));
                }
                ValueKind::Table(map)
            }
        };
        self.places.value(place, kind)
    }
}

/// The entries in the order of the file.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// A hint if the key is known, but in another section.
fn elsewhere(key: &str) -> Option<String> {
    let found: Vec<&str> = schema::names().filter(|known| known.rsplit('.').next() == Some(key)).collect();
    match found.as_slice() {
        [] => schema::SOURCE_KEYS.contains(&key).then(|| "; it is a key of [[source]]".to_owned()),
        [one] => Some(format!("; did you mean '{one}'?")),
        several => Some(format!("; did you mean one of '{}'?", several.join("', '"))),
    }
}
