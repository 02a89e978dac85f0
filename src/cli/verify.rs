//! `avling verify`.

use std::sync::Arc;

use super::context::Context;
use super::table::grouped;
use super::{Done, Failure};
use crate::attribution::Attributor;
use crate::harvest::places::{ByClaims, Places};
use crate::harvest::verify::{Verified, verify};
use crate::store::{Store, StoreError};

/// Violations shown in text; JSON has all.
const SHOWN: usize = 100;

/// Runs the command.
pub async fn run(context: &Context) -> Result<Done, Failure> {
    let store = context.reader().await?;
    let verified = check(context, &store).await?;
    context.printer.result(&verified, || words(&verified))?;
    Ok(if verified.violations.is_empty() { Done::Whole } else { Done::Violated })
}

/// Checks everything.
pub async fn check(context: &Context, store: &Store) -> Result<Verified, Failure> {
    let registry = match store.registry().await {
        Ok(registry) => registry,
        // A row that no import would take, a secret in clear among them; without the registry nothing can be worked out.
        Err(StoreError::Corrupt(what)) => {
            let mut verified = Verified::default();
            verified.found("registry", store.path().display(), what);
            return Ok(verified);
        }
        Err(error) => return Err(error.into()),
    };
    let rules = context.rules();
    let mut attributor = Attributor::new(&registry, &rules);
    let places: Arc<dyn Places> = Arc::new(ByClaims::new(&registry));
    Ok(verify(store, &context.archive()?, &context.settings, &mut attributor, &places).await?)
}

/// What was found, in words.
pub fn words(verified: &Verified) -> String {
    use std::fmt::Write as _;
    let mut out = format!(
        "{} figures worked out again from {} months of reports; {} archived replies read again",
        grouped(verified.statistics as u64),
        grouped(verified.months as u64),
        grouped(verified.replies as u64),
    );
    if verified.skipped > 0 {
        let _ = write!(
            out,
            ", {} skipped because their source is not configured any more or its rules have changed since",
            grouped(verified.skipped as u64)
        );
    }
    if verified.held > 0 {
        let _ = write!(
            out,
            "; {} reports of closed years held as they are (`avling close` lists what is pending)",
            grouped(verified.held as u64)
        );
    }
    if verified.violations.is_empty() {
        out.push_str(".\nEverything adds up.\n");
        return out;
    }
    let _ = writeln!(out, ".\n{} violations:", verified.violations.len());
    for violation in verified.violations.iter().take(SHOWN) {
        let _ = writeln!(out, "  {}: {}: {}", violation.kind, violation.place, violation.what);
    }
    if verified.violations.iter().all(|violation| ["statistics", "claimants"].contains(&violation.kind)) {
        out.push_str(
            "If the configuration was changed (subscribers_only, access, shared_traffic), run `avling attribute` and verify again.\n",
        );
    }
    if verified.violations.len() > SHOWN {
        let _ = writeln!(out, "  and {} more (--json lists all)", verified.violations.len() - SHOWN);
    }
    out
}
