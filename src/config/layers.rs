//! Values with the places that they come from, laid over each other: defaults, files, environment.
//!
//! A [`Value`] carries in its origin the number of its [`Place`], so that whoever reads it can say where it stands.

use std::path::PathBuf;

use config::{Config, Map, Source, Value, ValueKind};

/// Where a value stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// `file:line:column`, or the name of an environment variable.
    pub text: String,
    /// What a relative path there is relative to.
    pub base: PathBuf,
}

/// Every place that a value comes from.
#[derive(Debug, Default)]
pub struct Places(Vec<Place>);

impl Places {
    /// A value that stands at this place.
    pub fn value(&mut self, place: Place, kind: ValueKind) -> Value {
        let number = self.0.len().to_string();
        self.0.push(place);
        Value::new(Some(&number), kind)
    }

    /// Where the value stands.
    pub fn of(&self, value: &Value) -> Place {
        let number = value.origin().and_then(|number| number.parse::<usize>().ok());
        number.and_then(|number| self.0.get(number)).cloned().unwrap_or_default()
    }
}

/// Settings by their full names.
#[derive(Debug, Clone, Default)]
pub struct Layer(pub Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// The layers over each other, the last on top.
///
/// # Errors
/// A sentence; it is an error of this program if that happens.
pub fn overlay(layers: impl IntoIterator<Item = Layer>) -> Result<Value, String> {
    let mut builder = Config::builder();
    for layer in layers {
        builder = builder.add_source(layer);
    }
    builder.build().map(|config| config.cache).map_err(|error| error.to_string())
}

/// The value under a full name, such as `store.url`.
pub fn get<'a>(root: &'a Value, name: &str) -> Option<&'a Value> {
    name.split('.').try_fold(root, |value, part| match &value.kind {
        ValueKind::Table(table) => table.get(part),
        _ => None,
    })
}
