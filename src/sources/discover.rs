//! Finds out where below an address a vendor's COUNTER API is, and what it has: [`discover`].
//!
//! People copy addresses from mails and portals, with and without the release, with `/reports` or a whole request behind them. The ways in
//! which vendors write them are tried one after the other, with a pause, and no longer than it takes; nobody but the host that was named
//! is asked, and refused credentials are not tried again.

use std::time::Duration;

use reqwest::Url;

use super::counter_api::{Credentials, base_url};
use super::counter_info::{AvailableReport, InfoReply, InfoRequest, MemberAccount, ServiceStatus, members, reports, status};
use super::error::FetchError;
use super::http::HttpClients;
use crate::model::{Dialect, Exception, Release};

/// Where to look, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What people have.
    pub url: &'a str,
    /// More addresses that may be right; only those of the same host are asked.
    pub also: &'a [String],
    /// Who asks.
    pub credentials: &'a Credentials,
    /// What the vendor is known to want.
    pub dialect: &'a Dialect,
    /// Instead of our own name.
    pub user_agent: Option<&'a str>,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// Between two requests.
    pub pause: Duration,
    /// The longest silence.
    pub timeout: Duration,
}

/// An address that was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The address below which the API would be.
    pub base: String,
    /// What it answered.
    pub outcome: String,
}

/// An API that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The address below which it is.
    pub base: String,
    /// The release that it speaks: as its list says, else as its address does.
    pub release: Release,
    /// What `/status` says; nothing if it could not be had.
    pub status: Option<ServiceStatus>,
    /// What `/reports` lists.
    pub reports: Vec<AvailableReport>,
}

/// All that was found out.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// The APIs, one for each release.
    pub found: Vec<Found>,
    /// A consortium's members, as the newest release lists them; empty if the customer has none but itself.
    pub members: Vec<MemberAccount>,
    /// Every address that was tried, in order.
    pub tried: Vec<Tried>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// Asks.
///
/// # Errors
/// The address is none, or nobody is there at all.
pub async fn discover(client: &HttpClients, question: &Question<'_>) -> Result<Discovery, FetchError> {
    let mut discovery = Discovery::default();
    let origin = base_url(question.url)?.origin();
    let mut candidates = candidates(question.url)?;
    for also in question.also {
        match base_url(also) {
            Ok(url) if url.origin() == origin => candidates.insert(1.min(candidates.len()), url.to_string()),
            Ok(url) => {
                let host = url.host_str().unwrap_or_default().to_owned();
                discovery.notes.push(format!("the registry also names {host}, which was not asked: give it as the address to look there"));
            }
            Err(_) => {}
        }
    }
    let mut seen = Vec::new();
    let mut first = true;
    for base in candidates {
        let release = release_of_path(&base);
        let known = |release| discovery.found.iter().any(|found: &Found| found.release == release);
        if seen.contains(&base) || release.is_some_and(known) || (known(Release::R5) && known(Release::R51)) {
            continue;
        }
        seen.push(base.clone());
        match one(client, question, &base, &mut first).await? {
            Outcome::Found(found) if known(found.release) => {
                discovery.tried.push(Tried { base, outcome: format!("the same release {} again", found.release) });
            }
            Outcome::Found(found) => {
                let outcome = format!("release {}, {} reports", found.release, found.reports.len());
                discovery.tried.push(Tried { base, outcome });
                discovery.found.push(found);
            }
            Outcome::Nothing(outcome) => discovery.tried.push(Tried { base, outcome }),
            Outcome::Stop(outcome) => {
                discovery.notes.push(format!("no further address was tried: {outcome}"));
                discovery.tried.push(Tried { base, outcome });
                break;
            }
        }
    }
    discovery.found.sort_by_key(|found| std::cmp::Reverse(found.release));
    if let Some(newest) = discovery.found.first() {
        let base = newest.base.clone();
        wait(question, &mut first).await;
        match members(client, &request(question, &base)).await {
            Ok(reply) => {
                let own = |member: &MemberAccount| member.customer_id.eq_ignore_ascii_case(&question.credentials.customer_id);
                discovery.members = reply.entries.into_iter().filter(|member| !own(member)).collect();
            }
            Err(error) => discovery.notes.push(format!("/members could not be asked: {error}")),
        }
    }
    Ok(discovery)
}

enum Outcome {
    Found(Found),
    Nothing(String),
    Stop(String),
}

fn request<'a>(question: &Question<'a>, base: &'a str) -> InfoRequest<'a> {
    let Question { credentials, dialect, user_agent, allow_http, timeout, .. } = *question;
    InfoRequest { base_url: base, credentials, allow_http, user_agent, dialect, timeout }
}

async fn wait(question: &Question<'_>, first: &mut bool) {
    if !std::mem::take(first) {
        tokio::time::sleep(question.pause).await;
    }
}

/// Asks one address for its reports, and how it is if it has any.
async fn one(client: &HttpClients, question: &Question<'_>, base: &str, first: &mut bool) -> Result<Outcome, FetchError> {
    let request = request(question, base);
    wait(question, first).await;
    let listed = match reports(client, &request).await {
        Ok(listed) => listed,
        // Nobody is there, or it is not to be asked so: no other path changes that.
        Err(error) if error.is_of_host() || matches!(error, FetchError::Tls { .. } | FetchError::Address { .. }) => return Err(error),
        Err(error) => return Ok(Outcome::Nothing(error.to_string())),
    };
    if listed.entries.is_empty() {
        return Ok(refusal(&listed));
    }
    wait(question, first).await;
    let status = status(client, &request).await.ok().and_then(|reply| reply.entries.into_iter().next());
    Ok(Outcome::Found(Found { base: base.to_owned(), release: release(base, &listed.entries), status, reports: listed.entries }))
}

/// What an answer without reports means.
fn refusal(reply: &InfoReply<AvailableReport>) -> Outcome {
    let gravest = reply.exceptions.iter().find(|exception| exception.code > 999);
    let said = gravest.map_or_else(|| format!("status {}", reply.status), Exception::to_string);
    match gravest.map(|exception| exception.code) {
        Some(2000 | 2010 | 2020) => Outcome::Stop(format!("the vendor does not accept the credentials: {said}")),
        Some(2030) => Outcome::Stop(format!("the vendor does not admit the address that we send from: {said}")),
        Some(1020) => Outcome::Stop(format!("the vendor wants fewer requests: {said}")),
        Some(1030) => {
            Outcome::Stop(format!("the request is incomplete: {said}; does the vendor want a platform, a requestor id or a key?"))
        }
        Some(_) => Outcome::Nothing(said),
        None if reply.status == 401 || (reply.status == 403 && reply.is_json) => {
            Outcome::Stop(format!("the vendor does not accept the credentials: {said}"))
        }
        None if reply.status == 429 => Outcome::Stop(format!("the vendor wants fewer requests: {said}")),
        None if reply.is_json => Outcome::Nothing(format!("{said}, a list without reports")),
        None => Outcome::Nothing(format!("{said}, not JSON")),
    }
}

/// The release of a list: the newest that it names; else as the address says; else by its months, which only R5.1 tells.
fn release(base: &str, listed: &[AvailableReport]) -> Release {
    let named = listed.iter().filter_map(|report| report.release).max();
    let months = listed.iter().any(|report| report.first.is_some() || report.last.is_some());
    named.or_else(|| release_of_path(base)).unwrap_or(if months { Release::R51 } else { Release::R5 })
}

/// The release that the last part of the path names.
fn release_of_path(base: &str) -> Option<Release> {
    let url = Url::parse(base).ok()?;
    match url.path_segments()?.next_back()?.to_ascii_lowercase().as_str() {
        "r51" | "r5.1" => Some(Release::R51),
        "r5" => Some(Release::R5),
        _ => None,
    }
}

/// The addresses below which the API may be, the likeliest first: as given, beside and below it for each release, and where vendors
/// commonly have it.
fn candidates(given: &str) -> Result<Vec<String>, FetchError> {
    let mut url = base_url(given)?;
    let mut segments: Vec<String> = url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).map(str::to_owned).collect();
    // A whole request was copied: what belongs to it goes, and what is the vendor's own stays.
    if let Some(at) = segments.iter().position(|part| ["reports", "status", "members"].contains(&part.to_ascii_lowercase().as_str())) {
        segments.truncate(at);
    }
    let ours = |name: &str| crate::model::dialect::PARAMETERS.contains(&name);
    let kept: Vec<(String, String)> =
        url.query_pairs().filter(|(name, _)| !ours(name)).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    let with = |segments: &[String], more: &[&str]| {
        let mut url = url.clone();
        let path: Vec<&str> = segments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        url.set_path(&path.join("/"));
        url.to_string()
    };
    let is_release = |part: &String| ["r5", "r51", "r5.1"].contains(&part.to_ascii_lowercase().as_str());
    let stem = match segments.last() {
        Some(last) if is_release(last) => segments.get(..segments.len() - 1).unwrap_or_default(),
        _ => segments.as_slice(),
    };
    let mut candidates = vec![with(&segments, &[]), with(stem, &["r51"]), with(stem, &["r5"]), with(stem, &[])];
    if stem.is_empty() {
        for folder in ["counter", "sushi"] {
            candidates.extend([with(&[], &[folder, "r51"]), with(&[], &[folder, "r5"]), with(&[], &[folder])]);
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    candidates.retain(|candidate| seen.insert(candidate.clone()));
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(given: &str) -> Vec<String> {
        candidates(given).unwrap().into_iter().map(|url| url.strip_prefix("https://example.org/").unwrap().to_owned()).collect()
    }

    #[test]
    fn the_likeliest_addresses_come_first_and_each_once() {
        assert_eq!(paths("https://example.org/api/r51/"), ["api/r51", "api/r5", "api"]);
        assert_eq!(paths("https://example.org/api/reports"), ["api", "api/r51", "api/r5"]);
        assert_eq!(
            paths("https://example.org/api/r5/reports/tr?customer_id=secret&api_key=secret&platform=p"),
            ["api/r5?platform=p", "api/r51?platform=p", "api?platform=p"]
        );
        assert_eq!(
            paths("https://example.org"),
            ["", "r51", "r5", "counter/r51", "counter/r5", "counter", "sushi/r51", "sushi/r5", "sushi"]
        );
        assert!(candidates("example.org").is_err());
    }

    fn listed(release: Option<Release>, first: &str) -> AvailableReport {
        AvailableReport { id: "TR".parse().unwrap(), release, name: String::new(), first: first.parse().ok(), last: None }
    }

    #[test]
    fn the_release_is_what_the_list_says_and_else_what_the_address_does() {
        assert_eq!(release("https://example.org/r5", &[listed(Some(Release::R51), "")]), Release::R51);
        assert_eq!(release("https://example.org/r5", &[listed(None, "2024-01")]), Release::R5);
        assert_eq!(release("https://example.org/api", &[listed(None, "2024-01")]), Release::R51);
        assert_eq!(release("https://example.org/api", &[listed(None, "")]), Release::R5);
    }

    #[test]
    fn what_is_refused_for_good_ends_the_search() {
        let reply = |status, code: Option<u32>| InfoReply {
            status,
            entries: Vec::new(),
            exceptions: code.map(|code| Exception { code, ..Exception::default() }).into_iter().collect(),
            is_json: true,
            beginning: String::new(),
        };
        for (status, code, stops) in [
            (200, Some(2020), true),
            (429, None, true),
            (401, None, true),
            (400, Some(1030), true),
            (404, Some(3000), false),
            (404, None, false),
        ] {
            assert_eq!(matches!(refusal(&reply(status, code)), Outcome::Stop(_)), stops, "{status} {code:?}");
        }
    }
}
