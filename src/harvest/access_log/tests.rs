//! Sessions are the same however a log is read: checked against the definition.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono_tz::Tz;
use proptest::prelude::*;

use super::count::{Counter, Counts, SESSION};
use super::file::{Keyed, Peek};
use super::judge::{Judged, Part, judge};
use super::*;
use crate::attribution::Rules;
use crate::config::InstitutionBy;
use crate::formats::access_log::Names;
use crate::model::registry::{Institution, InstitutionKind, Product, Validity};
use crate::model::{InstitutionId, VendorId};

fn registry() -> Registry {
    let institution = |id: &str| Institution {
        id: InstitutionId::trusted(id),
        name: id.into(),
        kind: InstitutionKind::PublicLibrary,
        municipality: None,
        isil: String::new(),
        valid: Validity::default(),
    };
    let product = |id: &str| Product {
        id: ProductId::trusted(id),
        name: id.into(),
        vendor: VendorId::trusted("v"),
        kind: String::new(),
        headline: String::new(),
    };
    Registry { institutions: ["a", "b"].map(institution).to_vec(), products: ["p", "q"].map(product).to_vec(), ..Registry::default() }
}

fn settings(path: &Path) -> LogSettings {
    LogSettings {
        path: path.to_owned(),
        layout: Layout::JsonLines,
        names: Names::default(),
        institution_by: InstitutionBy::Field,
        institutions: BTreeMap::new(),
        products: Vec::new(),
        quiet_days: 2,
    }
}

/// What is known of logs between readings, and what was counted.
struct Known {
    keyed: Keyed,
    files: Vec<LogFile>,
    counts: Counts,
}

impl Known {
    /// Reads all files in a folder once.
    fn read(&mut self, folder: &Path) {
        let (settings, registry, rules) = (settings(folder), registry(), Rules::default());
        let this_month: Month = "2025-01".parse().unwrap();
        let looked =
            file::list(&settings).unwrap().into_iter().filter_map(|path| Peek::at(&path, &settings, &self.keyed).unwrap().unwrap());
        let mut parts: Vec<Part> = Vec::new();
        for peek in each_once(looked.collect()) {
            match judge(peek, &self.files, &self.keyed, &settings, Tz::UTC, this_month).unwrap() {
                Judged::New(part) | Judged::Nothing(Some(part)) => parts.push(*part),
                Judged::Nothing(None) => {}
                Judged::Refused(what) => panic!("{what}"),
            }
        }
        let whole = ProductId::trusted("p");
        let counter = Counter::new(&settings, &registry, &rules, &whole, Tz::UTC, this_month).unwrap();
        for (key, sessions) in counter.count(&parts).unwrap().0 {
            *self.counts.entry(key).or_default() += sessions;
        }
        for part in parts {
            self.files.retain(|log| part.before.as_ref().is_none_or(|before| log.first != before.first));
            self.files.push(part.after);
        }
    }
}

/// An event: minutes after the one before, user, institution, product.
type Event = (u8, u8, bool, bool);

/// The events as lines, and the sessions by the definition.
fn told(events: &[Event]) -> (Vec<String>, u64) {
    let (mut seconds, mut sessions, mut last) = (1_728_000_000_i64, 0, HashMap::new());
    let mut lines = Vec::new();
    for (after, user, institution, product) in events {
        // No two events are alike.
        seconds += i64::from(*after) * 60 + i64::from(*user) + 1;
        let (institution, product) = (if *institution { "a" } else { "b" }, if *product { "p" } else { "q" });
        let before = last.insert((*user, institution, product), seconds);
        sessions += u64::from(before.is_none_or(|before| seconds - before > SESSION));
        // Of different lengths, so that pieces of logs are known by many places.
        let more = "x".repeat(usize::from(*after) * 40);
        lines.push(format!(
            "{{\"time\":{seconds},\"user\":\"u{user}\",\"institution\":\"{institution}\",\"product\":\"{product}\",\"more\":\"{more}\"}}\n"
        ));
    }
    (lines, sessions)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn sessions_do_not_depend_on_how_a_log_is_cut_rotated_and_read(
        events in proptest::collection::vec((0_u8..45, 0_u8..3, any::<bool>(), any::<bool>()), 1..60),
        steps in proptest::collection::vec((1_usize..9, 0_u8..4, 0_usize..80), 1..20),
    ) {
        let (lines, right) = told(&events);
        let folder = tempfile::tempdir().unwrap();
        let log = |number: usize| folder.path().join(format!("log.{number}"));
        let mut known = Known { keyed: Keyed([7; 32]), files: Vec::new(), counts: Counts::new() };
        let (mut now, mut rotated, mut at) = (String::new(), 0, 0);
        for (count, what, cut) in steps.iter().cycle() {
            let until = (at + count).min(lines.len());
            now.push_str(&lines[at..until].concat());
            at = until;
            // The beginning of a line that is still being written.
            let begun = lines.get(at).map_or("", |line| &line[..(*cut).min(line.len() - 1)]);
            std::fs::write(log(0), format!("{now}{begun}")).unwrap();
            if *what > 0 {
                known.read(folder.path());
            }
            if *what > 1 {
                // All logs get the next number, the newest of them with all of its lines.
                std::fs::write(log(0), &now).unwrap();
                for number in (0..=rotated).rev() {
                    std::fs::rename(log(number), log(number + 1)).unwrap();
                }
                (rotated, now) = (rotated + 1, String::new());
                if *what > 2 {
                    known.read(folder.path());
                }
            }
            if at == lines.len() {
                break;
            }
        }
        std::fs::write(log(0), &now).unwrap();
        known.read(folder.path());
        known.read(folder.path());
        prop_assert_eq!(known.counts.values().sum::<u64>(), right);
    }
}
