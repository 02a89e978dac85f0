//! Rows of keys against one another and against what is stored: a key says one thing in all its rows, an agreed one never changes,
//! and a proposal that everybody concerned has signed takes effect.

use std::collections::BTreeMap;

use super::{Place, Placed};
use crate::model::registry::{Registry, Row as _};
use crate::model::{InstitutionId, KeyId, KeyRow, KeyState};
use crate::registry::agreement::Key;

/// What is wrong with a row: where, in which column, what.
type Wrong = (Place, &'static str, String);

/// Makes the rows what they become, rows that are stored and change along included; gives what is wrong with which of them.
pub(super) fn settle(rows: &mut Vec<Placed<KeyRow>>, stored: &Registry, replace: bool) -> Vec<Wrong> {
    let known = Key::all(stored);
    let mut by_key: BTreeMap<KeyId, Vec<Placed<KeyRow>>> = BTreeMap::new();
    for placed in rows.drain(..) {
        by_key.entry(placed.row.key.clone()).or_default().push(placed);
    }
    let mut wrong = Vec::new();
    if replace {
        for key in
            known.values().filter(|key| matches!(key.state, KeyState::Agreed | KeyState::Superseded) && !by_key.contains_key(&key.id))
        {
            let what = format!("lacks key {}, which is {} and has to stay; give it an end (valid_to) instead", key.id, key.state);
            wrong.push((Place { file: 0, line: 0 }, "key", what));
        }
    }
    for (id, mut of_key) in by_key {
        let before = wrong.len();
        same_head(&of_key, &mut wrong);
        if wrong.len() == before {
            let missing = known.get(&id).map(|old| against(old, &mut of_key, replace, &mut wrong)).unwrap_or_default();
            if wrong.len() == before {
                take_effect(&mut of_key, missing, stored, &mut wrong);
            }
        }
        rows.append(&mut of_key);
    }
    rows.sort_by_key(|placed| (placed.at.file, placed.at.line));
    wrong
}

/// What a key says beside its institutions, column by column.
fn head(row: &KeyRow) -> [(&'static str, String); 6] {
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    [
        ("applies_to", row.applies_to.to_string()),
        ("product", row.product.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("method", row.method.to_string()),
        ("valid_from", day(row.valid.from)),
        ("valid_to", day(row.valid.to)),
        ("state", row.state.to_string()),
    ]
}

fn same_head(rows: &[Placed<KeyRow>], wrong: &mut Vec<Wrong>) {
    let Some((first, others)) = rows.split_first() else { return };
    let right = head(&first.row);
    for other in others {
        for ((column, mine), (_, theirs)) in head(&other.row).into_iter().zip(&right) {
            if mine != *theirs {
                let what = format!(
                    "is '{mine}', but '{theirs}' in the first row of key {}; it must be the same in all of its rows",
                    first.row.key
                );
                wrong.push((other.at, column, what));
            }
        }
    }
}

/// The rows of a key that is stored against it. Gives the stored rows that the files lack.
fn against(old: &Key, rows: &mut [Placed<KeyRow>], replace: bool, wrong: &mut Vec<Wrong>) -> Vec<KeyRow> {
    let in_files: Vec<InstitutionId> = rows.iter().map(|placed| placed.row.institution.clone()).collect();
    let missing: Vec<KeyRow> = old.rows().into_iter().filter(|row| !in_files.contains(&row.institution)).collect();
    let Some(at) = rows.first().map(|placed| placed.at) else { return missing };
    let old_head = old.rows().first().map(head);
    let new_head = rows.first().map(|placed| head(&placed.row));
    let changed: Vec<&'static str> = match (&old_head, &new_head) {
        (Some(old), Some(new)) => old.iter().zip(new).filter(|(a, b)| a != b).map(|(a, _)| a.0).collect(),
        _ => Vec::new(),
    };
    let weights_change =
        rows.iter().any(|placed| old.parts.get(&placed.row.institution).is_none_or(|part| part.weight != placed.row.weight));
    let terms_change = weights_change || changed.iter().any(|column| *column != "state") || (replace && !missing.is_empty());
    if !missing.is_empty() && (terms_change || !changed.is_empty()) {
        let lacks: Vec<&str> = missing.iter().map(|row| row.institution.as_str()).collect();
        wrong.push((at, "key", format!("changes key {}, so all of its rows are needed; missing: {}", old.id, lacks.join(", "))));
        return missing;
    }
    let proposed = rows.first().is_some_and(|placed| placed.row.state == KeyState::Proposed);
    if old.state != KeyState::Proposed && proposed && !terms_change && changed == ["state"] {
        // The proposal as it once was: what has become of it since stays.
        for placed in rows {
            placed.row.state = old.state;
            if let Some(part) = old.parts.get(&placed.row.institution).filter(|part| !part.agreed_by.is_empty()) {
                placed.row.agreed_by.clone_from(&part.agreed_by);
            }
        }
        return missing;
    }
    match old.state {
        KeyState::Proposed => {
            for placed in rows.iter_mut().filter(|placed| !terms_change && placed.row.agreed_by.is_empty()) {
                // A form of one library knows nothing of what others have signed meanwhile.
                if let Some(part) = old.parts.get(&placed.row.institution) {
                    placed.row.agreed_by.clone_from(&part.agreed_by);
                }
            }
        }
        KeyState::Rejected => {
            if terms_change || !changed.is_empty() {
                wrong.push((at, "key", format!("key {} was rejected; propose what it is now under another id", old.id)));
            }
        }
        KeyState::Agreed | KeyState::Superseded => {
            agreed_stays(old, rows, &changed, wrong);
        }
    }
    missing
}

/// An agreed key is given an end or superseded, and nothing else.
fn agreed_stays(old: &Key, rows: &mut [Placed<KeyRow>], changed: &[&'static str], wrong: &mut Vec<Wrong>) {
    let state = old.state;
    let never = |what: &str| format!("key {} is {state} and never changes: {what}; propose another key, which takes its place", old.id);
    let Some(at) = rows.first().map(|placed| placed.at) else { return };
    let valid_to = rows.first().and_then(|placed| placed.row.valid.to);
    let new_state = rows.first().map_or(state, |placed| placed.row.state);
    for column in changed {
        let allowed = match *column {
            "valid_to" => valid_to.is_some_and(|end| old.valid.to.is_none_or(|before| end <= before)),
            "state" => new_state == KeyState::Superseded,
            _ => false,
        };
        if !allowed {
            let what = match *column {
                "valid_to" => "it can be given an end, or an earlier one, but no later one",
                "state" => "it can be superseded, but not taken back",
                _ => "this would be another key",
            };
            wrong.push((at, column, never(what)));
        }
    }
    for placed in rows {
        match old.parts.get(&placed.row.institution) {
            None => wrong.push((placed.at, "institution", never("nobody joins it"))),
            Some(part) if part.weight != placed.row.weight => wrong.push((placed.at, "weight", never("its weights stay"))),
            Some(part) if placed.row.agreed_by.is_empty() => placed.row.agreed_by.clone_from(&part.agreed_by),
            Some(part) if !part.agreed_by.is_empty() && part.agreed_by != placed.row.agreed_by => {
                wrong.push((placed.at, "agreed_by", never("who signed it is kept")));
            }
            Some(_) => {}
        }
    }
}

/// A proposal that everybody concerned has signed is agreed, in all of its rows.
fn take_effect(rows: &mut Vec<Placed<KeyRow>>, missing: Vec<KeyRow>, stored: &Registry, wrong: &mut Vec<Wrong>) {
    let Some(at) = rows.first().map(|placed| placed.at) else { return };
    let Some(key) = Key::of_rows(rows.iter().map(|placed| &placed.row).chain(&missing)) else { return };
    if !key.weights_fit() {
        wrong.push((
            at,
            "weight",
            format!("the weights of key {} have too many digits together; write them shorter, for example as percentages", key.id),
        ));
        return;
    }
    let signed = key.parts.values().any(|part| !part.agreed_by.is_empty());
    // A form that came back with its own row alone is no agreement of one with itself.
    if key.state != KeyState::Proposed || key.parts.len() < 2 || !signed || !key.is_agreed_by_all(stored) {
        return;
    }
    rows.extend(missing.into_iter().map(|row| Placed { identity: row.identity(), row, at }));
    for placed in rows {
        placed.row.state = KeyState::Agreed;
    }
}
