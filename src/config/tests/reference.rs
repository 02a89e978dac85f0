//! The commented reference, `config/avling.toml`, against what the program knows.

use super::*;
use crate::config::schema;
use crate::model::ProductId;

const REFERENCE: &str = include_str!("../../../config/avling.toml");

/// A manifest that an example names, where it names it.
const MANIFEST: (&str, &str) =
    ("vendors/language-course-workbook.toml", include_str!("../../../config/vendors/language-course-workbook.toml"));

/// With every setting and example taken out of its comment.
fn uncommented() -> String {
    let line = |line: &'static str| line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' ')).unwrap_or(line);
    REFERENCE.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn shown(settings: &Settings) -> String {
    format!("{:#?}", Settings { sources: Vec::new(), ..settings.clone() })
}

#[test]
fn the_reference_as_it_is_changes_nothing_and_its_settings_are_the_defaults() {
    let folder = folder(&[("avling.toml", ""), MANIFEST]);
    let defaults = load_in(&folder, None, &[]).unwrap();
    for text in [REFERENCE, &uncommented()] {
        fs::write(folder.path().join("avling.toml"), text).unwrap();
        assert_eq!(shown(&load_in(&folder, None, &[]).unwrap()), shown(&defaults));
    }
    fs::write(folder.path().join("avling.toml"), REFERENCE).unwrap();
    assert!(load_in(&folder, None, &[]).unwrap().sources.is_empty());
}

#[test]
fn the_reference_has_every_setting_and_every_key_of_a_source() {
    let table: toml::Table = toml::from_str(&uncommented()).unwrap();
    for name in schema::names() {
        let value = name.split('.').try_fold(None, |at: Option<&toml::Value>, part| match at {
            None => table.get(part).map(Some),
            Some(value) => value.get(part).map(Some),
        });
        assert!(value.is_some(), "{name} is not in config/avling.toml");
    }
    let sources = table["source"].as_array().unwrap();
    let anywhere = |key: &str, of: &dyn Fn(&toml::Value) -> Vec<toml::Value>| {
        let has = sources.iter().flat_map(of).any(|table| table.get(key).is_some());
        assert!(has, "{key} is in no source of config/avling.toml");
    };
    for key in schema::SOURCE_KEYS.into_iter().chain(schema::SOAP_KEYS) {
        anywhere(key, &|source| vec![source.clone()]);
    }
    for key in schema::FALLBACK_KEYS {
        anywhere(key, &|source| source.get("fallback").cloned().into_iter().collect());
    }
    for key in schema::DIALECT_KEYS {
        anywhere(key, &|source| source.get("dialect").cloned().into_iter().collect());
    }
    for key in schema::FOLDER_KEYS.iter().chain(&schema::LOG_SOURCE_KEYS) {
        anywhere(key, &|source| vec![source.clone()]);
    }
    for key in schema::LOG_KEYS {
        anywhere(key, &|source| source.get("log").cloned().into_iter().collect());
    }
    let products = |source: &toml::Value| {
        let products = source.get("log").and_then(|log| log.get("product")).and_then(|products| products.as_array().cloned());
        products.unwrap_or_default()
    };
    for key in schema::LOG_PRODUCT_KEYS {
        anywhere(key, &products);
    }
    let rules = |source: &toml::Value| source.get("product_rule").and_then(|rules| rules.as_array().cloned()).unwrap_or_default();
    for key in schema::RULE_KEYS {
        anywhere(key, &rules);
    }
}

#[test]
fn its_example_sources_load() {
    let folder = folder(&[("avling.toml", &uncommented()), MANIFEST]);
    let sources = load_in(&folder, None, &[]).unwrap().sources;
    assert_eq!(
        sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(),
        ["idunn", "naxos", "old", "post", "regneark", "kurs", "tilgang"]
    );
    let products: Vec<&str> = sources[1].products().into_iter().map(ProductId::as_str).collect();
    assert_eq!(products, ["naxos", "naxos-jazz", "naxos-video"]);
    let mapped: Vec<&str> = sources.iter().filter(|source| source.mapping.is_some()).map(|source| source.id.as_str()).collect();
    assert_eq!(mapped, ["regneark", "kurs"]);
}
