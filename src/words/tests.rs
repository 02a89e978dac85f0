//! Every language says the same, nothing is missing, nothing is left over, and every message can be said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

/// A file's messages: the variables of each, and those that choose between variants.
type Messages = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

fn messages(file: &str) -> Messages {
    let mut messages = Messages::new();
    let mut last: Option<String> = None;
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            let id = line.split(" =").next().unwrap().to_owned();
            assert!(messages.insert(id.clone(), Default::default()).is_none(), "{id} stands twice");
            last = Some(id);
        }
        for rest in line.split('$').skip(1) {
            let variable: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let entry = messages.get_mut(last.as_ref().unwrap()).unwrap();
            if rest[variable.len()..].trim_start().starts_with("->") {
                entry.1.insert(variable.clone());
            }
            entry.0.insert(variable);
        }
    }
    messages
}

#[test]
fn every_language_has_the_same_messages_with_the_same_variables() {
    for (place, english) in Language::En.files().into_iter().enumerate() {
        let english = messages(english);
        assert!(english.len() > 2);
        for language in Language::ALL {
            let theirs = messages(language.files()[place]);
            assert_eq!(theirs.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{language}");
            for (id, (variables, _)) in &theirs {
                assert_eq!(*variables, english[id].0, "{language} {id}");
            }
        }
    }
}

#[test]
fn every_file_is_sound() {
    for language in Language::ALL {
        for file in language.files() {
            if let Err((_, errors)) = FluentResource::try_new(file.to_owned()) {
                panic!("{language}: {errors:?}");
            }
            for id in messages(file).keys() {
                assert!(Words::of(language).bundle.has_message(id), "{language} {id}");
            }
        }
    }
}

#[test]
fn every_message_can_be_said() {
    let samples: [Value<'_>; 6] = ["Åse".into(), 0.into(), 1.into(), 2.into(), 12_345.into(), u64::MAX.into()];
    for language in Language::ALL {
        let words = Words::of(language);
        for (id, (variables, choosing)) in language.files().into_iter().flat_map(messages) {
            for sample in &samples {
                let values: Vec<(&str, Value<'_>)> = variables.iter().map(|name| (name.as_str(), sample.clone())).collect();
                let said = words.message(&id, &values).unwrap_or_else(|| panic!("{language} {id}"));
                assert!(!said.trim().is_empty() && !said.contains(['{', '}', '$']), "{language} {id}: {said}");
                if matches!(sample, Value::Text(_)) && variables.difference(&choosing).count() > 0 {
                    let shown = said.matches("Åse").count();
                    assert!(shown >= variables.difference(&choosing).count(), "{language} {id} leaves something out: {said}");
                }
            }
            if !variables.is_empty() {
                assert!(words.message(&id, &[]).is_none(), "{language} {id} is not said without its values");
            }
        }
    }
}

/// Names of messages in the sources, outside tests.
fn used() -> BTreeSet<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut used = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let literals = text.split('"').filter(|literal| {
                    ["common-", "explain-"].iter().any(|start| literal.starts_with(start) && literal.len() > start.len())
                        && literal.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                });
                used.extend(literals.map(str::to_owned));
            }
        }
    }
    used
}

#[test]
fn what_is_said_is_there_and_what_is_there_is_said() {
    let there: BTreeSet<String> = Language::En.files().into_iter().flat_map(messages).map(|(id, _)| id).collect();
    let used = used();
    assert_eq!(used.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "said, but in no file");
    assert_eq!(there.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "in the files, but never said");
}

#[test]
fn numbers_months_and_times_are_written_as_the_language_does() {
    let month: Month = "2024-03".parse().unwrap();
    let shown = Language::ALL.map(|language| {
        let words = Words::of(language);
        let moment = words.moment("2025-01-20T03:05:00Z", chrono_tz::Europe::Oslo);
        (words.whole(12_345), words.decimal("12345.6"), words.month(month), moment)
    });
    let of = |whole: &str, decimal: &str, month: &str, moment: &str| (whole.into(), decimal.into(), month.into(), moment.into());
    let norwegian = of("12\u{a0}345", "12\u{a0}345,6", "mars 2024", "20. januar 2025 kl. 04.05");
    assert_eq!(shown, [of("12,345", "12,345.6", "March 2024", "20 January 2025, 04:05"), norwegian.clone(), norwegian]);
    assert_eq!(Words::of(Language::Nn).month("0999-12".parse().unwrap()), "desember 0999");
    assert_eq!(Words::of(Language::En).moment("soon", chrono_tz::UTC), "soon");
}

#[test]
fn a_count_decides_between_singular_and_plural_and_is_never_rounded() {
    let divided = |language, count: u64| Words::of(language).say("explain-divided", &[("how", "x".into()), ("count", count.into())]);
    assert_eq!(divided(Language::En, 1), "Divided x among 1 institution:");
    assert_eq!(divided(Language::Nb, 1), "Fordelt x på 1 institusjon:");
    assert_eq!(divided(Language::Nn, 2), "Fordelt x på 2 institusjonar:");
    // Beyond 2^53, where a floating number would be another.
    assert_eq!(divided(Language::En, (1 << 53) + 1), "Divided x among 9,007,199,254,740,993 institutions:");
}

#[test]
fn things_are_listed() {
    let things = ["A", "B", "C"].map(str::to_owned);
    let listed = |language: Language| [0, 1, 2, 3].map(|n| Words::of(language).list(&things[..n]));
    assert_eq!(listed(Language::En), ["", "A", "A and B", "A, B and C"]);
    assert_eq!(listed(Language::Nn), ["", "A", "A og B", "A, B og C"]);
}

#[test]
fn languages_are_known_by_their_codes() {
    for language in Language::ALL {
        assert_eq!(language.to_string().parse(), Ok(language));
    }
    assert!("no".parse::<Language>().unwrap_err().to_string().contains("nb, nn or en"));
}
