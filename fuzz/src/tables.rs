//! People's files: tables of the registry, the national register of libraries, events of an access control.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use avling::model::registry::{Change, Kind, Registry, Row};
use avling::registry::import::{FileInput, Imported, Known, import};
use avling::registry::problem::Problems;
use avling::registry::sessions;
use chrono::NaiveDate;

use super::sink::twice_of;

/// What is registered already.
const BASE: [(Kind, &str); 7] = [
    (
        Kind::Municipalities,
        "municipality,name,county,valid_from,valid_to\n0301,Oslo,03,,\n0104,Moss,01,,2020-01-01\n3103,Moss,31,2024-01-01,\n",
    ),
    (Kind::Institutions, "institution,name,kind,municipality\na,A,public_library,0301\nb,B,public_library,3103\nc,C,school_library,3103\n"),
    (Kind::Vendors, "vendor,name\nv,V\n"),
    (Kind::Products, "product,name,vendor\np,P,v\nq,Q,v\n"),
    (Kind::Subscriptions, "institution,product,valid_from,valid_to\na,p,2024-01-01,\n"),
    (
        Kind::Networks,
        "institution,range,valid_from,valid_to,exclusive\na,192.0.2.0/25,2024-01-01,,\nb,192.0.2.128/25,2024-01-01,2025-01-01,yes\n",
    ),
    (Kind::Accounts, "account,source,customer_id,covers,access\nx,s,1,a,ip\ny,s,2,192.0.2.0/24,ip\n"),
];

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).expect("a day")
}

fn take(kind: Kind, name: &str, bytes: &[u8], registry: &Registry, replace: bool) -> Result<Imported, Problems> {
    let known = Known { sources: vec!["s"], ..Known::default() };
    let files = [FileInput { name, bytes }];
    import(kind, &files, registry, &known, replace, today(), &mut |account, column, secret| {
        if secret.len() > 100 { Err("cannot be sealed".to_owned()) } else { Ok(format!("sealed:{account}/{column}/{}", secret.len())) }
    })
}

/// Makes changes as the store makes them.
fn apply(registry: &mut Registry, kind: Kind, changes: &[Change]) {
    fn to<R: Row>(rows: &mut Vec<R>, changes: &[Change]) {
        let mut all: BTreeMap<Vec<String>, R> = rows.drain(..).map(|row| (row.identity(), row)).collect();
        for change in changes {
            let before = all.remove(&change.identity).map(|row| row.cells());
            assert_eq!(before, change.before, "a change begins with what is there");
            if let Some(after) = &change.after {
                let cells: Vec<&str> = after.iter().map(String::as_str).collect();
                let row = R::parse(&cells).unwrap_or_else(|wrong| panic!("{after:?} cannot be read again: {wrong:?}"));
                assert_eq!(row.cells(), *after, "cells are as they are kept");
                all.insert(change.identity.clone(), row);
            }
        }
        rows.extend(all.into_values());
    }
    match kind {
        Kind::Municipalities => to(&mut registry.municipalities, changes),
        Kind::Transitions => to(&mut registry.transitions, changes),
        Kind::Institutions => to(&mut registry.institutions, changes),
        Kind::Persons => to(&mut registry.persons, changes),
        Kind::Networks => to(&mut registry.claims, changes),
        Kind::Vendors => to(&mut registry.vendors, changes),
        Kind::Products => to(&mut registry.products, changes),
        Kind::Subscriptions => to(&mut registry.subscriptions, changes),
        Kind::Accounts => to(&mut registry.accounts, changes),
        Kind::Members => to(&mut registry.members, changes),
        Kind::Keys => to(&mut registry.keys, changes),
        Kind::Sessions => to(&mut registry.sessions, changes),
        Kind::Statistics => to(&mut registry.manual, changes),
    }
}

fn base() -> &'static Registry {
    static READY: OnceLock<Registry> = OnceLock::new();
    READY.get_or_init(|| {
        let mut registry = Registry::default();
        for (kind, text) in BASE {
            let imported =
                take(kind, "base.csv", text.as_bytes(), &registry, false).unwrap_or_else(|problems| panic!("{kind}: {problems}"));
            apply(&mut registry, kind, &imported.changes);
        }
        registry
    })
}

/// A file of the registry, behind the letter of its kind: `a` for the first of them. A capital means that the file is the whole truth.
/// What is taken can be kept, and taking it again changes nothing.
pub fn registry(data: &[u8]) {
    let Some((letter, bytes)) = data.split_first() else { return };
    let replace = letter.is_ascii_uppercase();
    let kind = Kind::ALL[usize::from(letter.to_ascii_lowercase().wrapping_sub(b'a')) % Kind::ALL.len()];
    let name = if bytes.starts_with(b"<") { "file.xml" } else { "file.csv" };
    match take(kind, name, bytes, base(), replace) {
        Err(problems) => assert!(!problems.to_string().is_empty(), "what is refused has something wrong with it"),
        Ok(imported) => {
            let mut registry = base().clone();
            apply(&mut registry, kind, &imported.changes);
            let again =
                take(kind, name, bytes, &registry, replace).unwrap_or_else(|problems| panic!("refused the second time: {problems}"));
            assert_eq!(again.changes, [], "taking a file again changes nothing");
        }
    }
}

/// Events of an access control.
pub fn sessions(data: &[u8]) {
    let rules = sessions::Rules { registry: base(), zone: chrono_tz::Europe::Oslo, this_month: "2026-11".parse().expect("a month") };
    twice_of(data, |reader| {
        let events = sessions::read("events", reader, &rules).expect("bytes in memory can be read");
        assert!(events.sessions.values().all(|count| *count > 0), "sessions of nobody");
        // What is not read to its end has no hash to speak of.
        let sha256 = if events.problems.is_empty() { events.sha256 } else { String::new() };
        format!("{:?} {} {:?} {sha256}", events.sessions, events.rows, events.problems)
    });
}
