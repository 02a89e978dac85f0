//! Sources with an interface of their own: their secrets opened, their months asked for as their manifest says.
//!
//! What comes of a reply is judged, settled and verified as any other; how it is read is chosen in `intake`.

use secrecy::SecretString;

use super::verdict::{Stop, Verdict};
use super::worker::Harvester;
use crate::config::SourceSettings;
use crate::model::manifest::{Auth, Per, Requests, Secret};
use crate::model::registry::Account;
use crate::model::{Month, MonthRange};
use crate::schedule::Task;
use crate::secrets::{KeyLocation, Sealer};
use crate::sources::manifest::{ManifestRequest, Secrets, fetch};
use crate::sources::{Credentials, FetchError, RawReply};

/// Opens what the source's manifest asks of an account.
///
/// # Errors
/// A secret is not there or cannot be opened; in words that can be shown.
pub fn secrets(requests: &Requests, credentials: &Credentials, sealer: &Sealer) -> Result<Secrets, String> {
    let (user, secret) = requests.auth.secrets();
    let open = |secret: Option<&Secret>| secret.map(|secret| open(secret, credentials, sealer)).transpose();
    let opened = Secrets { user: open(user)?, secret: open(secret)?, others: Vec::new() };
    let others = [&credentials.requestor_id, &credentials.api_key].into_iter().flatten().cloned().collect();
    Ok(Secrets { others, ..opened })
}

fn open(secret: &Secret, credentials: &Credentials, sealer: &Sealer) -> Result<SecretString, String> {
    let of_account = |stored: &Option<SecretString>, column: &str| {
        stored.clone().ok_or_else(|| format!("the account has no {column}, which auth of its source needs; import the account with it"))
    };
    let elsewhere = |location: KeyLocation| sealer.read(&location).map_err(|error| format!("auth of the source: {error}"));
    match secret {
        Secret::ApiKey => of_account(&credentials.api_key, "api_key"),
        Secret::RequestorId => of_account(&credentials.requestor_id, "requestor_id"),
        Secret::CustomerId => Ok(SecretString::from(credentials.customer_id.as_str())),
        Secret::Env(name) => elsewhere(KeyLocation::Env(name.clone())),
        Secret::Credential(name) => elsewhere(KeyLocation::Credential(name.clone())),
        Secret::File(path) => elsewhere(KeyLocation::File(path.clone())),
    }
}

/// The requests that a task takes: a source may be asked for a month at a time, or for so many.
pub(super) fn requests_of(task: Task, source: &SourceSettings) -> Vec<Task> {
    let most = match source.requests.as_ref().map(|requests| requests.per) {
        None => return vec![task],
        Some(Per::Month) => 1,
        Some(Per::Range(most)) => usize::try_from(most).unwrap_or(usize::MAX),
    };
    let months: Vec<Month> = task.months.iter().collect();
    let parts = months.chunks(most.max(1)).filter_map(|part| Some(MonthRange::new(*part.first()?, *part.last()?)));
    parts.map(|months| Task { months, ..task.clone() }).collect()
}

/// The verdict in words that fit a source without COUNTER.
pub(super) fn in_its_words(verdict: &mut Verdict, reply: &RawReply, requests: &Requests) {
    let said = if reply.beginning.is_empty() { String::new() } else { format!(", {}", reply.beginning) };
    let reason = match verdict.stop {
        Stop::Report => format!(
            "the vendor has nothing at this address: status {}{said}; correct the source's url, or path and query in its manifest",
            reply.status
        ),
        Stop::Account if requests.auth == Auth::None => {
            format!("the vendor does not let us in: status {}{said}; the source's manifest says nothing of auth", reply.status)
        }
        _ => return,
    };
    verdict.months.iter_mut().for_each(|outcome| outcome.reason.clone_from(&reason));
}

impl Harvester<'_> {
    /// Sends the requests of a task.
    ///
    /// # Errors
    /// Not all of the reply came.
    pub(super) async fn fetch_by_manifest(
        &self,
        source: &SourceSettings,
        account: &Account,
        task: &Task,
        secrets: &Secrets,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<RawReply, FetchError> {
        let (Some(requests), Some(mapping)) = (&source.requests, &source.mapping) else {
            return Err(FetchError::Address { what: "has no manifest".into() });
        };
        let request = ManifestRequest {
            source: &source.id,
            account: &account.id,
            customer_id: &account.customer_id,
            base_url: &source.url,
            requests,
            mapping,
            months: task.months,
            secrets,
            allow_http: source.allow_http,
            user_agent: source.user_agent.as_deref(),
            timeout: source.timeout.unwrap_or(self.settings.harvest.timeout),
            max_size: self.settings.harvest.max_report_size,
            pause: source.pause.unwrap_or(self.settings.harvest.pause),
        };
        fetch(self.clients, &self.archive, &request, self.clock, progress).await
    }
}
