//! `avling attribute`.

use serde_json::json;

use super::arguments::AttributeArguments;
use super::context::Context;
use super::table::grouped;
use super::{Done, Failure};
use crate::attribution::Attributor;
use crate::harvest::attribute::everything;
use crate::store::{Changed, Transaction};

/// Runs the command.
pub async fn run(context: &Context, arguments: &AttributeArguments) -> Result<Done, Failure> {
    let store = context.writer().await?;
    let mut transaction = store.begin(context.cause("registry", "avling attribute")).await?;
    let changed = again(context, &mut transaction, arguments.year).await?;
    transaction.commit().await?;
    store.close().await?;
    let document = json!({ "added": changed.added, "revised": changed.revised, "removed": changed.removed });
    context.printer.result(&document, || words(changed))?;
    Ok(Done::Whole)
}

/// Makes statistics again from what the transaction sees.
pub async fn again(context: &Context, transaction: &mut Transaction<'_>, year: Option<i32>) -> Result<Changed, Failure> {
    let registry = transaction.registry().await?;
    let rules = context.rules();
    let mut attributor = Attributor::new(&registry, &rules);
    Ok(everything(transaction, &mut attributor, year).await?)
}

/// What changed, in words.
pub fn words(changed: Changed) -> String {
    if changed == Changed::default() {
        return "The statistics stay as they are.\n".into();
    }
    let mut out = String::new();
    if changed.added + changed.revised + changed.removed > 0 {
        let (added, revised, removed) = (grouped(changed.added), grouped(changed.revised), grouped(changed.removed));
        out = format!("Statistics: {added} new, {revised} revised, {removed} removed.\n");
    }
    if changed.held > 0 {
        out.push_str(&format!(
            "{} figures of closed years stay as they are; `avling close` lists what is pending.\n",
            grouped(changed.held)
        ));
    }
    out
}
