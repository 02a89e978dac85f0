//! `avling keys list|show|agree|reject`: local agreement on how shared use is divided.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;

use super::arguments::{KeysCommand, SignArguments};
use super::context::Context;
use super::table::{Align, TextTable};
use super::{Done, Failure, attribute, propose, simulate};
use crate::harvest::change::{Ground, change_registry};
use crate::model::registry::{Change, Kind, Registry};
use crate::model::{InstitutionId, KeyId, KeyRow, KeyState};
use crate::registry::agreement::{Key, superseded_by};
use crate::registry::geography::Geography;
use crate::registry::import::changes;
use crate::registry::problem::did_you_mean;
use crate::store::{Changed, RegistryStep};

/// Runs the command.
pub async fn run(context: &Context, command: &KeysCommand) -> Result<Done, Failure> {
    match command {
        KeysCommand::List { state, county, institution } => {
            let registry = context.reader().await?.registry().await?;
            list(context, &registry, *state, county.as_deref(), institution.as_ref())
        }
        KeysCommand::Show { key } => show(context, key).await,
        KeysCommand::Propose(arguments) => propose::run(context, arguments).await,
        KeysCommand::Agree(arguments) => {
            signed(context)?;
            let what = format!("keys agree {}", arguments.key);
            step(context, &what, |registry| {
                let key = known(registry, &arguments.key)?;
                let (institutions, by) = signers(context, registry, &key, arguments)?;
                let signed = key.sign(&institutions, &by, registry).map_err(Failure::input)?;
                Ok(with_superseded(signed, registry))
            })
            .await
        }
        KeysCommand::Reject { sign, why } => {
            signed(context)?;
            let why = why.trim();
            if why.is_empty() {
                return Err(Failure::input("--why must say why; the others want to know what would be better"));
            }
            let what = format!("keys reject {}: {why}", sign.key);
            step(context, &what, |registry| {
                let key = known(registry, &sign.key)?;
                let (institutions, _) = signers(context, registry, &key, sign)?;
                Ok(vec![key.reject(institutions.first()).map_err(Failure::input)?])
            })
            .await
        }
        KeysCommand::Simulate { key, year } => simulate::run(context, key, *year).await,
    }
}

/// Steps of an agreement are signed by a person, not by an account on a machine.
pub fn signed(context: &Context) -> Result<(), Failure> {
    if context.signed { Ok(()) } else { Err(Failure::input("say who you are with --by 'NAME'; every step of an agreement is signed")) }
}

/// The key of this id.
pub fn known(registry: &Registry, id: &KeyId) -> Result<Key, Failure> {
    let rows: Vec<&KeyRow> = registry.keys.iter().filter(|row| row.key == *id).collect();
    Key::of_rows(rows).ok_or_else(|| {
        let near = did_you_mean(id.as_str(), registry.keys.iter().map(|row| row.key.as_str()));
        Failure::input(format_args!("there is no key '{id}'{near}; `avling keys list` shows all"))
    })
}

/// An agreed key, and those that it takes the place of.
pub fn with_superseded(key: Key, registry: &Registry) -> Vec<Key> {
    let mut keys = if key.state == KeyState::Agreed { superseded_by(&key, &Key::all(registry)) } else { Vec::new() };
    keys.insert(0, key);
    keys
}

/// For whom somebody signs, and how that is written down.
fn signers(context: &Context, registry: &Registry, key: &Key, arguments: &SignArguments) -> Result<(Vec<InstitutionId>, String), Failure> {
    let Some(county) = &arguments.county else {
        arguments.institutions.iter().try_for_each(|id| super::known::institution(id, registry))?;
        return Ok((arguments.institutions.clone(), context.who.clone()));
    };
    let of_county = in_county(context, registry, county);
    let unsigned = |id: &&InstitutionId| key.parts.get(*id).is_some_and(|part| part.agreed_by.is_empty());
    let institutions: Vec<InstitutionId> = key.parts.keys().filter(|id| of_county.contains(id)).filter(unsigned).cloned().collect();
    if institutions.is_empty() {
        return Err(Failure::input(format_args!("county {county} has no institution in key {} that has not signed yet", key.id)));
    }
    Ok((institutions, format!("county {county} on behalf: {}", context.who)))
}

/// The institutions that lie in a county today.
pub fn in_county<'r>(context: &Context, registry: &'r Registry, county: &str) -> BTreeSet<&'r InstitutionId> {
    let today = context.clock.today(context.settings.schedule.time_zone);
    let geography = Geography::new(registry);
    let lies_there = |code| geography.place_today(code, today).county == county;
    registry.institutions.iter().filter(|i| i.municipality.as_ref().is_some_and(lies_there)).map(|i| &i.id).collect()
}

/// Takes a step: works out what keys become, stores them, and makes the statistics again that this touches.
pub async fn step(context: &Context, what: &str, work: impl FnOnce(&Registry) -> Result<Vec<Key>, Failure>) -> Result<Done, Failure> {
    let store = context.writer().await?;
    let mut transaction = store.begin(context.cause("key", what)).await?;
    let registry = transaction.registry().await?;
    let keys = match work(&registry) {
        Ok(keys) => keys,
        Err(failure) => {
            transaction.roll_back().await?;
            return Err(failure);
        }
    };
    let changes = changes_of(&registry, &keys);
    let (rules, archive) = (context.rules(), context.archive()?);
    let ground = Ground { rules: &rules, settings: &context.settings, archive: &archive };
    let changed = change_registry(&mut transaction, &ground, &registry, &[(Kind::Keys, changes)]).await?;
    transaction.commit().await?;
    store.close().await?;
    let Some(key) = keys.first() else { return Ok(Done::Whole) };
    let waits: Vec<String> = key.waits_for(&registry).iter().map(ToString::to_string).collect();
    let superseded: Vec<&str> = keys[1..].iter().map(|key| key.id.as_str()).collect();
    let document = json!({
        "key": key.id, "state": key.state.as_str(), "waits_for": if key.state == KeyState::Proposed { waits.clone() } else { Vec::new() },
        "supersedes": superseded,
        "statistics": { "added": changed.added, "revised": changed.revised, "removed": changed.removed, "held": changed.held },
    });
    context.printer.result(&document, || step_words(key, &waits, &superseded, changed))?;
    Ok(Done::Whole)
}

fn step_words(key: &Key, waits: &[String], superseded: &[&str], changed: Changed) -> String {
    let mut out = match key.state {
        KeyState::Proposed => {
            format!("Key {} is proposed. It divides nothing before these have agreed: {}.\n", key.id, waits.join(", "))
        }
        KeyState::Agreed => {
            let from = key.valid.from.map_or_else(|| "always".to_owned(), |day| format!("from {day} on"));
            format!("Key {} is agreed, and divides {from}.\n", key.id)
        }
        state => format!("Key {} is {state}.\n", key.id),
    };
    if !superseded.is_empty() {
        out.push_str(&format!("It takes the place of {}.\n", superseded.join(", ")));
    }
    if changed != Changed::default() {
        out.push_str(&attribute::words(changed));
    }
    out
}

/// What becomes of the stored rows of keys.
pub fn changes_of(registry: &Registry, keys: &[Key]) -> Vec<Change> {
    let stored: Vec<KeyRow> = registry.keys.iter().filter(|row| keys.iter().any(|key| key.id == row.key)).cloned().collect();
    let new: Vec<KeyRow> = keys.iter().flat_map(Key::rows).collect();
    changes(&stored, &new, true).changes
}

fn list(
    context: &Context,
    registry: &Registry,
    state: Option<KeyState>,
    county: Option<&str>,
    institution: Option<&InstitutionId>,
) -> Result<Done, Failure> {
    let of_county = county.map(|county| in_county(context, registry, county));
    let all = Key::all(registry);
    let picked: Vec<&Key> = all
        .values()
        .filter(|key| state.is_none_or(|state| key.state == state))
        .filter(|key| of_county.as_ref().is_none_or(|of_county| key.parts.keys().any(|id| of_county.contains(id))))
        .filter(|key| institution.is_none_or(|id| key.parts.contains_key(id)))
        .collect();
    let waits = |key: &Key| match key.state {
        KeyState::Proposed => key.waits_for(registry).iter().map(ToString::to_string).collect(),
        _ => Vec::<String>::new(),
    };
    let document: Vec<_> = picked.iter().map(|key| document(key, registry)).collect();
    context.printer.result(&json!({ "keys": document }), || {
        let header = ["key", "state", "applies to", "product", "method", "from", "until", "institutions", "waits for"];
        let mut table = TextTable::new(&header.map(|name| (name, Align::Left)));
        for key in &picked {
            let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
            let members: Vec<&str> = key.parts.keys().map(InstitutionId::as_str).collect();
            table.row([
                key.id.to_string(),
                key.state.to_string(),
                key.applies_to.to_string(),
                key.product.as_ref().map(ToString::to_string).unwrap_or_default(),
                key.method.to_string(),
                day(key.valid.from),
                day(key.valid.to),
                shortened(&members),
                shortened(&waits(key)),
            ]);
        }
        if table.is_empty() { "No such key. `avling keys propose --help` says how one begins.\n".into() } else { table.to_string() }
    })?;
    Ok(Done::Whole)
}

/// The first three of a list, and how many more.
fn shortened<T: AsRef<str>>(list: &[T]) -> String {
    let first: Vec<&str> = list.iter().take(3).map(AsRef::as_ref).collect();
    let more = if list.len() > 3 { format!(" and {} more", list.len() - 3) } else { String::new() };
    format!("{}{more}", first.join(", "))
}

/// A key as JSON.
pub fn document(key: &Key, registry: &Registry) -> serde_json::Value {
    let waits = if key.state == KeyState::Proposed { key.waits_for(registry) } else { BTreeSet::new() };
    let parts: Vec<_> = key
        .parts
        .iter()
        .map(|(id, part)| json!({ "institution": id, "weight": part.weight.map(|w| w.to_string()), "agreed_by": part.agreed_by }))
        .collect();
    json!({
        "key": key.id, "state": key.state.as_str(), "applies_to": key.applies_to.to_string(), "product": key.product,
        "method": key.method.as_str(), "valid_from": key.valid.from, "valid_to": key.valid.to, "institutions": parts,
        "waits_for": waits,
    })
}

async fn show(context: &Context, id: &KeyId) -> Result<Done, Failure> {
    let store = context.reader().await?;
    let registry = store.registry().await?;
    let key = known(&registry, id)?;
    let steps = store.registry_steps(Kind::Keys, Some(id.as_str())).await?;
    let names: HashMap<&str, &str> = registry.institutions.iter().map(|i| (i.id.as_str(), i.name.as_str())).collect();
    let mut document = document(&key, &registry);
    let told = history(&steps);
    document["steps"] =
        told.iter().map(|step| json!({ "at": step.at, "who": step.who, "what": step.what, "changes": step.changes })).collect();
    context.printer.result(&document, || {
        let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let mut out = format!("Key {}: {}\n", key.id, key.state);
        let applies = if key.applies_to == crate::model::AppliesTo::Anything {
            "whatever its institutions share".into()
        } else {
            key.applies_to.to_string()
        };
        out.push_str(&format!("  for:     {applies}\n"));
        out.push_str(&format!("  product: {}\n", key.product.as_ref().map_or("all", |product| product.as_str())));
        out.push_str(&format!("  method:  {}\n", key.method));
        out.push_str(&format!("  valid:   {}..{}\n\n", day(key.valid.from), day(key.valid.to)));
        let mut table = TextTable::new(&[("institution", Align::Left), ("weight", Align::Right), ("agreed by", Align::Left)]);
        let concerned = key.concerned(&registry);
        for (id, part) in &key.parts {
            let by = match (part.agreed_by.as_str(), concerned.contains(id)) {
                ("", true) => "(not yet)",
                ("", false) => "(need not: no subscription)",
                (by, _) => by,
            };
            let name = names.get(id.as_str()).copied().unwrap_or("");
            table.row([format!("{name} ({id})"), part.weight.map(|w| w.to_string()).unwrap_or_default(), by.to_owned()]);
        }
        out.push_str(&table.to_string());
        out.push_str("\nSteps:\n");
        for step in &told {
            out.push_str(&format!("  {} {}: {}: {}\n", step.at, step.who, step.what, step.changes.join("; ")));
        }
        out
    })?;
    Ok(Done::Whole)
}

/// One change of a key, in words.
struct Told {
    at: String,
    who: String,
    what: String,
    changes: Vec<String>,
}

/// What happened to a key, from the changes of its rows.
fn history(steps: &[RegistryStep]) -> Vec<Told> {
    use crate::model::registry::Row as _;
    let mut told: BTreeMap<i64, Told> = BTreeMap::new();
    let column = |name: &str| KeyRow::COLUMNS.iter().position(|column| column.name == name).unwrap_or(0);
    for step in steps {
        let entry = told.entry(step.change.id).or_insert_with(|| Told {
            at: step.change.at.clone(),
            who: step.change.who.clone(),
            what: step.change.what.clone(),
            changes: Vec::new(),
        });
        let cell =
            |cells: &Option<Vec<String>>, name: &str| cells.as_ref().and_then(|cells| cells.get(column(name)).cloned()).unwrap_or_default();
        let institution = if step.after.is_some() { cell(&step.after, "institution") } else { cell(&step.before, "institution") };
        let mut words = Vec::new();
        match (&step.before, &step.after) {
            (None, Some(_)) => words.push(format!("{institution} takes part")),
            (Some(_), None) => words.push(format!("{institution} takes part no more")),
            _ => {
                for name in ["applies_to", "product", "method", "weight", "valid_from", "valid_to"] {
                    let (old, new) = (cell(&step.before, name), cell(&step.after, name));
                    if old != new {
                        words.push(format!("{name} '{old}' becomes '{new}'"));
                    }
                }
            }
        }
        let (old, new) = (cell(&step.before, "agreed_by"), cell(&step.after, "agreed_by"));
        if old != new {
            words.push(if new.is_empty() {
                format!("the signature for {institution} lapses")
            } else {
                format!("signed for {institution} by {new}")
            });
        }
        let (old, new) = (cell(&step.before, "state"), cell(&step.after, "state"));
        if old != new && !new.is_empty() {
            words.push(format!("is {new}"));
        }
        for word in words {
            if !entry.changes.contains(&word) {
                entry.changes.push(word);
            }
        }
    }
    told.into_values().collect()
}
