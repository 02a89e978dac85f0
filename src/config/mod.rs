//! The configuration: found, read, checked, and given to the rest of the program as [`Settings`].
//!
//! [`load`] lays over each other what is by default, what stands in the files and what the environment says, checks
//! all of it, and gives [`Settings`] with its [`SourceSettings`], or a [`ConfigError`] with everything that is wrong:
//! where, which setting, and what would be right. `config/avling.toml` in the project describes every setting.
//!
//! In order: `files` reads TOML and keeps the place of every value, `environment` does the same for variables,
//! `layers` lays them over each other, `build`, `build_source`, `build_manifest` and `build_mapping` check; `schema` says which names there are.

mod build;
mod build_files;
mod build_manifest;
mod build_mapping;
mod build_source;
mod cron;
mod dialect;
mod environment;
mod files;
pub mod glob;
mod layers;
mod pattern;
mod problem;
mod reader;
mod schema;
mod settings;
mod source;
mod source_files;
mod units;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ::config::ValueKind;

pub use environment::process_environment;
pub use pattern::Pattern;
pub use problem::{ConfigError, Problem};
pub use settings::{
    ArchiveSettings, AttributionSettings, DataSettings, HarvestSettings, HttpSettings, ScheduleSettings, SecretSettings, Settings,
    StoreSettings,
};
pub use source::{
    Fallback, FileSettings, FolderSettings, InstitutionBy, LogProduct, LogSettings, ProductRule, ReleaseChoice, SoapSettings, SourceKind,
    SourceSettings,
};

use files::{Files, Reading};
use layers::Places;
use reader::Reader;

/// The name that a configuration file has where none is named.
const FILE_NAME: &str = "avling.toml";

/// Where an administrator puts the configuration of a whole machine.
const SYSTEM: &str = "/etc/avling/avling.toml";

/// Loads the configuration: from `file`, else from the file that `AVLING_CONFIG` names, else from `./avling.toml`, else
/// from `/etc/avling/avling.toml`, else from nothing but the defaults; `AVLING__SECTION__KEY` in the environment has the
/// last word. A relative path is relative to the file it stands in, in the environment to the working directory.
///
/// # Errors
/// Everything that is wrong, each with its place.
pub fn load(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Result<Settings, ConfigError> {
    load_from(Path::new(""), Path::new(SYSTEM), file, environment)
}

/// Likewise, with another working directory and another file for the machine.
fn load_from(
    here: &Path,
    system: &Path,
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Settings, ConfigError> {
    let environment: BTreeMap<String, String> = environment.into_iter().collect();
    let file = find(here, system, file, &environment);
    let (mut places, mut problems, mut warnings) = (Places::default(), Vec::new(), Vec::new());
    // What is not given is as if it stood in the file.
    let folder = file.as_deref().and_then(Path::parent).unwrap_or(here);
    let defaults = environment::defaults(folder, &mut places);
    let over = environment::layer(&environment, here, &mut places, &mut problems, &mut warnings);
    let mut reading = Reading { places: &mut places, problems: &mut problems, warnings: &mut warnings };
    let include = over.0.get("include").cloned();
    let mut files = if let Some(file) = &file {
        reading.file_and_included(file, include)
    } else {
        let mut files = Files::default();
        if let Some(include) = include {
            reading.included(None, &include, &mut files);
        }
        files
    };
    reading.manifests(&mut files.sources);
    let root = layers::overlay([defaults, files.layer, over]);
    let mut reader = Reader { places: &places, problems: &mut problems, warnings: &mut warnings };
    let settings = root.map_err(|what| reader.at(&layers::Place::default(), String::new(), what)).ok();
    let settings = settings.and_then(|root| build::settings(&mut reader, &root, file.as_deref()));
    let sources = build_source::sources(&mut reader, &files.sources);
    match settings {
        Some(settings) if problems.is_empty() => Ok(Settings { warnings, sources, ..settings }),
        _ => {
            if problems.is_empty() {
                let what = "the settings could not be worked out; this is an error of avling".to_owned();
                problems.push(Problem { place: String::new(), key: String::new(), what });
            }
            Err(ConfigError { problems })
        }
    }
}

/// Whether a file holds a manifest and no configuration: sections of the one and none of the other. One that cannot be read is none.
#[must_use]
pub fn is_manifest(path: &Path) -> bool {
    let table = std::fs::read_to_string(path).ok().and_then(|text| text.trim_start_matches('\u{feff}').parse::<toml::Table>().ok());
    table.is_some_and(|table| {
        table.keys().any(|key| schema::MANIFEST_FILE_KEYS.contains(&key.as_str()))
            && !table.keys().any(|key| key == "source" || key == "include" || schema::is_section(key))
    })
}

/// A source that is nothing but a manifest, at `url` if that is given and else where the manifest says; and what is probably not meant.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn load_manifest(path: &Path, url: Option<&str>) -> Result<(SourceSettings, Vec<String>), ConfigError> {
    let (mut places, mut problems, mut warnings) = (Places::default(), Vec::new(), Vec::new());
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let id = if stem.parse::<crate::model::SourceId>().is_ok() { stem.as_str() } else { "manifest" };
    let place = layers::Place { text: path.display().to_string(), base: PathBuf::new() };
    let mut table = ::config::Map::new();
    let path = path.to_string_lossy().into_owned();
    let keys = [("id", Some(id)), ("kind", Some("manifest")), ("manifest", Some(path.as_str())), ("url", url)];
    for (key, text) in keys {
        if let Some(text) = text {
            table.insert(key.to_owned(), places.value(place.clone(), ValueKind::String(text.to_owned())));
        }
    }
    let mut sources = [places.value(place, ValueKind::Table(table))];
    Reading { places: &mut places, problems: &mut problems, warnings: &mut warnings }.manifests(&mut sources);
    let mut reader = Reader { places: &places, problems: &mut problems, warnings: &mut warnings };
    let source = if reader.problems.is_empty() { build_source::sources(&mut reader, &sources).pop() } else { None };
    match source {
        Some(source) if problems.is_empty() => Ok((source, warnings)),
        _ => Err(ConfigError { problems }),
    }
}

/// The configuration file; one that was named is taken even if it is not there, so that this is told.
fn find(here: &Path, system: &Path, file: Option<&Path>, environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let named = file.map(Path::to_owned).or_else(|| environment.get("AVLING_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from));
    let exists = |path: &PathBuf| path.symlink_metadata().is_ok();
    named.map(|file| here.join(file)).or_else(|| [here.join(FILE_NAME), system.to_owned()].into_iter().find(exists))
}
