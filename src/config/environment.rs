//! Settings from the environment: `AVLING__STORE__URL` is `store.url`.

use std::collections::BTreeMap;
use std::path::Path;

use config::ValueKind;

use super::layers::{Layer, Place, Places};
use super::problem::{Problem, nearest};
use super::schema::{self, Kind};

const PREFIX: &str = "AVLING__";

/// The name of a setting in the environment.
pub fn variable(setting: &str) -> String {
    format!("{PREFIX}{}", setting.replace('.', "__").to_ascii_uppercase())
}

/// This process's environment, as far as it is about avling.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with("AVLING"))?;
        Some((name, value.to_string_lossy().into_owned()))
    })
}

/// The layer that the environment makes. An empty variable is as none; relative paths are relative to `here`.
pub fn layer(
    environment: &BTreeMap<String, String>,
    here: &Path,
    places: &mut Places,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<String>,
) -> Layer {
    let mut layer = Layer::default();
    for (name, text) in environment.iter().filter(|(_, text)| !text.is_empty()) {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            // AVLING_STORE_URL: one underscore too few.
            let meant = schema::names().map(variable).find(|meant| meant.replace("__", "_") == *name);
            if let Some(meant) = meant {
                warnings.push(format!("{name}: this environment variable is not read; did you mean {meant}, with two underscores each?"));
            }
            continue;
        };
        let setting = rest.to_ascii_lowercase().replace("__", ".");
        let mut refuse = |what: String| problems.push(Problem { place: name.clone(), key: String::new(), what });
        let Some(found) = schema::find(&setting) else {
            if setting == "source" || setting.starts_with("source.") {
                refuse("sources cannot come from the environment; write a [[source]] in the configuration file".into());
            } else {
                let meant = nearest(&setting, schema::names());
                let hint = meant.map_or_else(String::new, |meant| format!("; did you mean {}?", variable(meant)));
                refuse(format!("no setting has this name{hint}"));
            }
            continue;
        };
        let place = Place { text: name.clone(), base: here.to_owned() };
        let value = parse(found.kind, text, &place, places);
        layer.0.insert(setting, value);
    }
    layer
}

/// The defaults, as a layer. Relative paths are relative to `here`.
pub fn defaults(here: &Path, places: &mut Places) -> Layer {
    let mut layer = Layer::default();
    for setting in &schema::SETTINGS {
        if let Some(default) = setting.default {
            let place = Place { text: "default".into(), base: here.to_owned() };
            let value = parse(setting.kind, default, &place, places);
            layer.0.insert(setting.name.to_owned(), value);
        }
    }
    layer
}

/// A text as what the setting holds; if it is no such thing it stays a text, and whoever reads it says so.
fn parse(kind: Kind, text: &str, place: &Place, places: &mut Places) -> config::Value {
    let trimmed = text.trim();
    let string = || ValueKind::String(text.to_owned());
    let kind = match kind {
        Kind::Text => string(),
        Kind::Number => trimmed.parse().map_or_else(|_| string(), ValueKind::I64),
        Kind::Switch => trimmed.parse().map_or_else(|_| string(), ValueKind::Boolean),
        Kind::Texts => {
            let items = trimmed.split(',').map(str::trim).filter(|item| !item.is_empty());
            ValueKind::Array(items.map(|item| places.value(place.clone(), ValueKind::String(item.to_owned()))).collect())
        }
    };
    places.value(place.clone(), kind)
}
