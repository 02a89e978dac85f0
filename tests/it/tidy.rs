//! What can be seen of the project's rules by looking at its files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, String)> {
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root().join("src")).unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    let sources: Vec<_> = files(&root().join("src"), "rs").into_iter().map(read).collect();
    assert!(sources.len() > 80, "the sources were found");
    sources
}

/// What a file uses of the crate outside its tests.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let words = code.join("\n");
    words.split("crate::").skip(1).map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn every_module_says_what_it_is_for() {
    for (name, text) in sources() {
        if !name.ends_with("tests.rs") && !name.contains("/tests/") {
            assert!(text.starts_with("//!"), "{name} does not begin with //!");
        }
    }
}

#[test]
fn no_file_has_outgrown_itself() {
    let mut lengths: Vec<(usize, String)> = sources().into_iter().map(|(name, text)| (text.lines().count(), name)).collect();
    lengths.sort();
    let longest = lengths.last().unwrap();
    assert!(longest.0 <= 700, "{} has {} lines", longest.1, longest.0);
    let median = lengths[lengths.len() / 2].0;
    assert!(median < 250, "half of the files have more than {median} lines");
}

#[test]
fn arrows_point_one_way() {
    // Whom a folder may use; `model` and `clock` are everybody's.
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("model", &[][..]),
        ("clock", &[]),
        ("config", &["formats", "secrets"]),
        ("secrets", &[]),
        ("archive", &[]),
        ("attribution", &[]),
        ("formats", &[]),
        ("registry", &["formats"]),
        ("schedule", &[]),
        ("sources", &["archive", "formats"]),
        ("store", &["formats"]),
        ("export", &["attribution", "formats", "registry", "store"]),
        ("harvest", &["archive", "attribution", "config", "formats", "registry", "schedule", "secrets", "sources", "store"]),
        ("simulator", &[]),
        ("words", &["attribution"]),
    ]);
    for (name, text) in sources() {
        let folder = name.split(['/', '.']).next().unwrap();
        if ["cli", "main", "lib"].contains(&folder) || name.contains("tests") {
            continue;
        }
        let allowed = allowed.get(folder).unwrap_or_else(|| panic!("{folder} is not in the picture"));
        for used in used(&text) {
            let fine = used == folder || ["model", "clock", "skipped_tests"].contains(&used.as_str()) || allowed.contains(&used.as_str());
            assert!(fine, "{name} uses crate::{used}, against the direction of the arrows");
        }
    }
}

#[test]
fn what_is_pure_does_no_input_or_output() {
    // What only tests use is declared under cfg(test) by the module above it.
    let of_tests: BTreeSet<String> = sources()
        .iter()
        .flat_map(|(name, text)| {
            let folder = name.trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
            let modules =
                text.split("#[cfg(test)]\nmod ").skip(1).filter_map(|rest| rest.split(';').next().map(str::to_owned)).collect::<Vec<_>>();
            modules.into_iter().map(move |module| format!("{folder}/{module}.rs"))
        })
        .collect();
    assert!(!of_tests.is_empty());
    for (name, text) in sources() {
        let folder = name.split(['/', '.']).next().unwrap();
        if !["model", "attribution", "schedule", "formats", "registry", "words"].contains(&folder)
            || of_tests.contains(&name)
            || name.contains("/tests/")
        {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or(&text);
        for word in ["std::fs", "tokio::", "std::net::Tcp", "SystemTime::now", "Utc::now", "std::env::var", "sqlx"] {
            assert!(!code.contains(word), "{name} is to be pure, and has {word}");
        }
    }
}

#[test]
fn sql_is_in_the_store_alone() {
    for (name, text) in sources() {
        if !name.starts_with("store") && !name.starts_with("store/") {
            for word in ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "sqlx"] {
                let code = text.split("#[cfg(test)]").next().unwrap_or(&text);
                assert!(!code.contains(word), "{name} has {word}");
            }
        }
    }
}

#[test]
fn nothing_is_left_to_be_done() {
    for (name, text) in sources() {
        // Put together, so that this file does not find itself.
        for word in [["todo", "!("].concat(), ["unimpl", "emented!("].concat(), ["FIX", "ME"].concat(), ["(being ", "written)"].concat()] {
            assert!(!text.contains(&word), "{name} has {word}");
        }
    }
}

#[test]
fn links_in_the_documentation_lead_somewhere() {
    let mut pages = files(&root().join("docs"), "md");
    pages.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)));
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                assert!(page.parent().unwrap().join(target).exists(), "{}: {link} leads nowhere", page.display());
            }
        }
    }
}

/// Whether a licence expression is satisfied by these licences.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // In all that we use, OR binds weaker than AND only inside parentheses that hold nothing but OR.
    let parts: Vec<&str> = expression.split(" AND ").collect();
    parts
        .iter()
        .all(|part| part.split(" OR ").any(|licence| allowed.contains(licence.split_whitespace().collect::<Vec<_>>().join(" ").as_str())))
}

#[test]
fn everything_that_we_are_built_from_may_be_used() {
    let deny: toml::Table = std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    let strings =
        |value: &toml::Value| -> BTreeSet<String> { value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect() };
    let allowed = strings(&deny["licenses"]["allow"]);
    let banned: BTreeSet<&str> = deny["bans"]["deny"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_else(|| panic!("{name} says no licence"));
        assert!(satisfied(licence, &allowed), "{name} is under {licence}");
        assert!(!banned.contains(name), "{name} is not to be used");
        let from = package["source"].as_str();
        let known = "registry+https://github.com/rust-lang/crates.io-index";
        assert!(from == Some(known) || (from.is_none() && name == "avling"), "{name} is from {from:?}");
    }
    // Every direct dependency has its line among the decisions.
    let decisions = std::fs::read_to_string(root().join("docs/decisions.md")).unwrap();
    let cargo: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    for section in ["dependencies", "dev-dependencies"] {
        for name in cargo[section].as_table().unwrap().keys() {
            assert!(decisions.contains(&format!("`{name}`")), "docs/decisions.md does not say what {name} is for");
        }
    }
}
