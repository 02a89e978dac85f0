//! `avling import`: files of the registry, all of them or nothing.

use std::collections::{BTreeSet, HashMap};

use secrecy::SecretString;
use serde_json::json;

use super::arguments::{ImportArguments, ImportKind};
use super::context::{Context, read_file};
use super::table::grouped;
use super::{Done, Failure, attribute, import_sessions, import_usage};
use crate::harvest::attribute::given_by_accounts;
use crate::harvest::change::{Ground, change_registry};
use crate::model::registry::{Kind, ManualFigure, Registry, Row as _};
use crate::model::{AccountId, InstitutionId, Month, ProductId};
use crate::registry::import::{FileInput, Imported, Known, import};
use crate::store::{Changed, Store};

/// How files are taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner<'a> {
    /// They are the whole truth of their kind.
    pub replace: bool,
    /// The accounts that figures by hand stand instead of, beside those that the files name.
    pub instead_of: &'a [AccountId],
}

/// Which accounts give an institution figures of a product in a month.
type Given = HashMap<(InstitutionId, ProductId, Month), BTreeSet<AccountId>>;

/// Runs the command.
pub async fn run(context: &Context, arguments: &ImportArguments) -> Result<Done, Failure> {
    if arguments.kind != ImportKind::Statistics && !arguments.instead_of.is_empty() {
        return Err(Failure::input("--instead-of is for `import statistics`"));
    }
    if arguments.kind != ImportKind::Usage && (arguments.source.is_some() || arguments.account.is_some()) {
        return Err(Failure::input("--source and --account are for `import usage`"));
    }
    if arguments.kind != ImportKind::Usage && arguments.view.is_some() {
        return Err(Failure::input("--view is for `import usage --dry-run`"));
    }
    let Some(kind) = kind(arguments.kind) else {
        if arguments.kind == ImportKind::Sessions {
            return import_sessions::run(context, arguments).await;
        }
        if arguments.replace {
            return Err(Failure::input("--replace is for files of the registry; a report replaces the months that it holds"));
        }
        return import_usage::run(context, arguments).await;
    };
    let mut files = Vec::new();
    for path in &arguments.files {
        files.push((path.display().to_string(), read_file(path)?));
    }
    let manner = Manner { replace: arguments.replace, instead_of: &arguments.instead_of };
    let named: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let (imported, changed) = if arguments.dry_run {
        let store = context.reader().await?;
        let registry = store.registry().await?;
        (read_all(context, &store, kind, &named, &registry, manner, true).await?, Changed::default())
    } else {
        let store = context.writer().await?;
        let done = store_files(context, &store, kind, &named, manner).await?;
        store.close().await?;
        done
    };
    for warning in &imported.warnings {
        context.printer.say(format_args!("{warning}"));
    }
    let document = json!({
        "kind": kind.as_str(), "rows": imported.rows, "added": imported.added, "replaced": imported.replaced,
        "removed": imported.removed, "unchanged": imported.unchanged, "warnings": imported.warnings, "dry_run": arguments.dry_run,
        // Figures are worked out only when rows are stored.
        "statistics": (!arguments.dry_run).then(|| json!({ "added": changed.added, "revised": changed.revised, "removed": changed.removed })),
    });
    context.printer.result(&document, || words(kind, &imported, changed, arguments.dry_run))?;
    Ok(Done::Whole)
}

fn kind(kind: ImportKind) -> Option<Kind> {
    Some(match kind {
        ImportKind::Municipalities => Kind::Municipalities,
        ImportKind::Transitions => Kind::Transitions,
        ImportKind::Institutions => Kind::Institutions,
        ImportKind::Persons => Kind::Persons,
        ImportKind::Networks => Kind::Networks,
        ImportKind::Vendors => Kind::Vendors,
        ImportKind::Products => Kind::Products,
        ImportKind::Subscriptions => Kind::Subscriptions,
        ImportKind::Accounts => Kind::Accounts,
        ImportKind::Members => Kind::Members,
        ImportKind::Keys => Kind::Keys,
        ImportKind::Statistics => Kind::Statistics,
        ImportKind::Sessions | ImportKind::Usage => return None,
    })
}

/// Reads the files against what is registered.
fn read(
    context: &Context,
    kind: Kind,
    files: &[(&str, &[u8])],
    registry: &Registry,
    manner: Manner<'_>,
    dry_run: bool,
    given: Given,
) -> Result<Imported, Failure> {
    let inputs: Vec<FileInput<'_>> = files.iter().map(|(name, bytes)| FileInput { name, bytes }).collect();
    let sealer = context.sealer();
    let mut seal = |account: &AccountId, column: &'static str, secret: &str| {
        // Trying leaves no key behind.
        if dry_run && sealer.key_is_to_be_made() {
            return Ok("sealed:v1:".to_owned());
        }
        let secret = SecretString::from(secret.to_owned());
        sealer.seal(&crate::secrets::context(account, column), &secret).map_err(|error| error.to_string())
    };
    for id in manner.instead_of {
        let known = registry.accounts.iter().map(|account| account.id.as_str());
        super::known::among("--instead-of", id.as_str(), "no account of that name is registered", known)?;
    }
    let known = Known {
        sources: context.settings.sources.iter().map(|source| source.id.as_str()).collect(),
        given,
        instead_of: manner.instead_of.iter().map(AccountId::as_str).collect(),
    };
    let today = context.clock.today(context.settings.schedule.time_zone);
    import(kind, &inputs, registry, &known, manner.replace, today, &mut seal).map_err(Failure::input)
}

/// Reads the files, figures by hand also against what accounts give.
async fn read_all(
    context: &Context,
    store: &Store,
    kind: Kind,
    files: &[(&str, &[u8])],
    registry: &Registry,
    manner: Manner<'_>,
    dry_run: bool,
) -> Result<Imported, Failure> {
    let imported = read(context, kind, files, registry, manner, dry_run, Given::new())?;
    if kind != Kind::Statistics || imported.changes.is_empty() {
        return Ok(imported);
    }
    // Which products and years they are for is known now, and so what their figures must not be counted beside.
    let rows = imported.changes.iter().filter_map(|change| change.after.as_ref());
    let row = |cells: &Vec<String>| ManualFigure::parse(&cells.iter().map(String::as_str).collect::<Vec<_>>()).ok();
    let products: BTreeSet<_> = rows.filter_map(row).map(|figure| (figure.product, figure.month.year())).collect();
    let given = given_by_accounts(store, &context.rules(), registry, &products).await?;
    read(context, kind, files, registry, manner, dry_run, given)
}

/// Takes files into the store, with the statistics that change by it, in one transaction.
pub async fn store_files(
    context: &Context,
    store: &Store,
    kind: Kind,
    files: &[(&str, &[u8])],
    manner: Manner<'_>,
) -> Result<(Imported, Changed), Failure> {
    let names: Vec<&str> = files.iter().map(|(name, _)| name.rsplit('/').next().unwrap_or(name)).collect();
    let cause = context.cause("registry", format!("import {kind} {}", names.join(" ")));
    let mut transaction = store.begin(cause).await?;
    let registry = transaction.registry().await?;
    let imported = read_all(context, store, kind, files, &registry, manner, false).await?;
    if imported.changes.is_empty() {
        transaction.roll_back().await?;
        return Ok((imported, Changed::default()));
    }
    if kind == Kind::Accounts {
        // Whatever an account was refused for may be mended now.
        let changed: BTreeSet<&String> = imported.changes.iter().filter_map(|change| change.identity.first()).collect();
        for id in changed {
            transaction.try_again(&AccountId::trusted(id), context.clock.now()).await?;
        }
    }
    let (rules, archive) = (context.rules(), context.archive()?);
    let ground = Ground { rules: &rules, settings: &context.settings, archive: &archive };
    let changed = change_registry(&mut transaction, &ground, &registry, &[(kind, imported.changes.clone())]).await?;
    transaction.commit().await?;
    Ok((imported, changed))
}

fn words(kind: Kind, imported: &Imported, changed: Changed, dry_run: bool) -> String {
    let count = |n: usize| grouped(n as u64);
    let mut out = format!(
        "{kind}: {} rows, {} new, {} changed, {} as they were",
        count(imported.rows),
        count(imported.added),
        count(imported.replaced),
        count(imported.unchanged)
    );
    if imported.removed > 0 {
        out.push_str(&format!(", {} removed", count(imported.removed)));
    }
    out.push_str(".\n");
    if dry_run {
        out.push_str("Nothing was changed: this was a dry run.\n");
    } else if changed != Changed::default() {
        out.push_str(&attribute::words(changed));
    }
    out
}
