//! Sessions of a month that logs wholly cover become registered, like those of files that people import.

use std::collections::{BTreeMap, HashSet};

use super::{LogDesk, LogError, METHOD};
use crate::archive::ReplyRecord;
use crate::config::SourceSettings;
use crate::harvest::change::change_registry;
use crate::model::registry::Kind;
use crate::model::{AccountId, Month, ReportId, SessionCount};
use crate::registry::import::changes;
use crate::store::{Changed, LogCount, Transaction};

/// What the counts of a log are called in the archive.
const REPORT: &str = "SESSIONS";

/// Adds to the registered sessions what a log has told of a month and is not among them yet. The archive gets the counts, and who is
/// registered no more is left out.
///
/// # Errors
/// The store or the archive fails; then the transaction is not to be committed.
pub(super) async fn release(
    transaction: &mut Transaction<'_>,
    desk: &LogDesk<'_>,
    source: &SourceSettings,
    month: Month,
) -> Result<Changed, LogError> {
    let registry = transaction.registry().await?;
    let institutions: HashSet<&str> = registry.institutions.iter().map(|row| row.id.as_str()).collect();
    let products: HashSet<&str> = registry.products.iter().map(|row| row.id.as_str()).collect();
    let is_known = |row: &LogCount| institutions.contains(row.institution.as_str()) && products.contains(row.product.as_str());
    let counts: Vec<LogCount> = transaction.log_counts(&source.id, month).await?.into_iter().filter(is_known).collect();
    let stored: BTreeMap<_, u64> =
        registry.sessions.iter().filter(|row| row.month == month).map(|row| ((&row.institution, &row.product), row.sessions)).collect();
    let most = u64::try_from(i64::MAX).unwrap_or(u64::MAX);
    let more: Vec<SessionCount> = counts
        .iter()
        .filter(|row| row.sessions > row.released)
        .map(|row| {
            let before = stored.get(&(&row.institution, &row.product)).copied().unwrap_or(0);
            let sessions = before.saturating_add(row.sessions - row.released).min(most);
            SessionCount { institution: row.institution.clone(), product: row.product.clone(), month, sessions }
        })
        .collect();
    if more.is_empty() {
        return Ok(Changed::default());
    }
    keep(desk, source, month, &counts).await?;
    let difference = changes(&registry.sessions, &more, false);
    let changed = change_registry(transaction, &desk.ground, &registry, &[(Kind::Sessions, difference.changes)]).await?;
    transaction.release_log_counts(&source.id, &counts).await?;
    Ok(changed)
}

/// Puts the counts of a month into the archive, as a file that `import sessions` takes.
async fn keep(desk: &LogDesk<'_>, source: &SourceSettings, month: Month, counts: &[LogCount]) -> Result<(), LogError> {
    let mut text = format!(
        "# Sessions in {month} as the access log {} tells: events of one user with one product, no more than 30 minutes apart.\n\
         time,institution,product,sessions\n",
        source.id
    );
    for row in counts {
        text.push_str(&format!(
            "{},{},{},{}\n",
            month.first_day(),
            quoted(row.institution.as_str()),
            quoted(row.product.as_str()),
            row.sessions
        ));
    }
    let mut writer = desk.ground.archive.begin().await?;
    writer.write(text.as_bytes()).await?;
    writer
        .finish(ReplyRecord {
            source: source.id.clone(),
            account: AccountId::trusted(source.id.as_str()),
            report: ReportId::trusted(REPORT),
            release: String::new(),
            begin: Some(month),
            end: Some(month),
            method: METHOD.into(),
            url: format!("log:{}", source.id),
            request_headers: Vec::new(),
            status: 200,
            headers: Vec::new(),
            fetched_at: desk.clock.now(),
            sha256: String::new(),
            bytes: 0,
            complete: true,
            problem: String::new(),
        })
        .await?;
    Ok(())
}

/// An id as a cell of CSV.
fn quoted(id: &str) -> String {
    if id.contains([',', '"', '#']) { format!("\"{}\"", id.replace('"', "\"\"")) } else { id.to_owned() }
}
