//! The COUNTER API, R5 and R5.1 (Code of Practice section 8): how a report is asked for.
//!
//! [`fetch_report`] takes a [`ReportRequest`] and leaves the reply in the archive. What is asked for is everything
//! that the release can break a report down by, since what was not asked for can never be told apart later.

use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::FetchError;
use super::http::{Call, HttpClients, pairs};
use super::keep::{RawReply, keep};
use super::redact::{MASK, Redactor};
use crate::archive::{Archive, ReplyRecord};
use crate::clock::Clock;
use crate::model::{AccountId, MonthRange, Release, ReportId, SourceId};

/// How a customer shows who it is (Code of Practice R5.1 section 8.2).
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `customer_id`; no secret, reports hold it.
    pub customer_id: String,
    /// `requestor_id`, where the vendor has given one.
    pub requestor_id: Option<SecretString>,
    /// `api_key`, where the vendor has given one.
    pub api_key: Option<SecretString>,
}

/// One report to be asked for.
#[derive(Debug, Clone, Copy)]
pub struct ReportRequest<'a> {
    /// The source, for the record.
    pub source: &'a SourceId,
    /// The account, for the record.
    pub account: &'a AccountId,
    /// The address below which `/reports` is. What is in its query (`?platform=…`) is sent with every request.
    pub base_url: &'a str,
    /// The release that is spoken there.
    pub release: Release,
    /// The report or view.
    pub report: &'a ReportId,
    /// The months, both ends included.
    pub months: MonthRange,
    /// Who asks.
    pub credentials: &'a Credentials,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// Instead of our own name.
    pub user_agent: Option<&'a str>,
    /// Whether months are asked for as whole dates, `YYYY-MM-DD`; else as `YYYY-MM`.
    pub whole_dates: bool,
    /// The longest silence; all of it may take twelve times that.
    pub timeout: Duration,
    /// The largest reply after decompression, in bytes.
    pub max_size: u64,
}

/// Asks for a report, and leaves the reply in the archive, whatever it says: also a refusal is a reply.
/// `progress` is told the bytes received so far, after decompression.
///
/// # Errors
/// No reply came, or not all of it. If some of it came, its beginning is in the archive.
pub async fn fetch_report(
    client: &HttpClients,
    archive: &Archive,
    request: &ReportRequest<'_>,
    clock: Clock,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<RawReply, FetchError> {
    let url = report_url(request)?;
    let redactor = redactor(request.credentials, &url);
    let ReportRequest { user_agent, allow_http, timeout, max_size, .. } = *request;
    let call = Call { url, user_agent, allow_http, timeout, max_size };
    let answer = client.get(call).await.map_err(|error| error.redacted(&redactor))?;
    let redacted = |(name, value): (String, String)| {
        let value = if name == "set-cookie" { MASK.to_owned() } else { redactor.text(&value) };
        (name, value)
    };
    let record = ReplyRecord {
        source: request.source.clone(),
        account: request.account.clone(),
        report: request.report.clone(),
        release: request.release.to_string(),
        begin: Some(request.months.first),
        end: Some(request.months.last),
        method: "GET".into(),
        url: redacted_url(&answer.url, &redactor),
        request_headers: pairs(&answer.request_headers).into_iter().map(redacted).collect(),
        status: answer.status,
        headers: pairs(&answer.headers).into_iter().map(redacted).collect(),
        fetched_at: clock.now(),
        sha256: String::new(),
        bytes: 0,
        complete: true,
        problem: String::new(),
    };
    keep(answer, archive, &redactor, record, progress).await
}

/// The address below which the API is, as it will be used: without slashes and API paths at its end, which
/// people copy along with it.
///
/// # Errors
/// [`FetchError::Address`] if it is none, or has a user name or password in it.
pub fn base_url(configured: &str) -> Result<Url, FetchError> {
    let refused = |what: String| FetchError::Address { what };
    let mut url = Url::parse(configured.trim()).map_err(|error| refused(format!("is no URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("has a user name or password in it, which no COUNTER API takes; credentials belong to the accounts".into()));
    }
    url.set_fragment(None);
    let mut segments: Vec<String> =
        url.path_segments().ok_or_else(|| refused("must begin with https://".into()))?.map(str::to_owned).collect();
    let superfluous =
        |last: &String| last.is_empty() || ["reports", "status", "members"].iter().any(|path| last.eq_ignore_ascii_case(path));
    while segments.pop_if(|last| superfluous(last)).is_some() {}
    url.set_path(&segments.join("/"));
    Ok(url)
}

/// `path` below the base address, with what the base's query holds and these parameters.
pub(super) fn endpoint(base: &str, path: &[&str], parameters: &[(&str, &str)]) -> Result<Url, FetchError> {
    let mut url = base_url(base)?;
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| parameters.iter().all(|(ours, _)| ours != name))
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url.set_query(None);
    if !(parameters.is_empty() && kept.is_empty()) {
        url.query_pairs_mut().extend_pairs(parameters).extend_pairs(kept);
    }
    Ok(url)
}

/// The parameters that say who asks.
pub(super) fn credential_parameters(credentials: &Credentials) -> Vec<(&'static str, &str)> {
    let mut parameters = vec![("customer_id", credentials.customer_id.as_str())];
    let secrets = [("requestor_id", &credentials.requestor_id), ("api_key", &credentials.api_key)];
    parameters.extend(secrets.into_iter().filter_map(|(name, secret)| Some((name, secret.as_ref()?.expose_secret()))));
    parameters
}

/// The whole address of a report. Report ids stand in it in lower case (Code of Practice R5 and R5.1, section 8.1).
fn report_url(request: &ReportRequest<'_>) -> Result<Url, FetchError> {
    let (first, last) = (request.months.first, request.months.last);
    let (begin, end) = if request.whole_dates {
        (first.first_day().to_string(), last.last_day().to_string())
    } else {
        (first.to_string(), last.to_string())
    };
    let mut parameters = credential_parameters(request.credentials);
    parameters.extend([("begin_date", begin.as_str()), ("end_date", end.as_str())]);
    if let Some(attributes) = attributes_to_show(request.release, request.report) {
        parameters.push(("attributes_to_show", attributes));
    }
    // Components are not asked for: servers need not support them, and without them an item's counts stay whole.
    if request.report.as_str() == "IR" {
        parameters.push(("include_parent_details", "True"));
    }
    endpoint(request.base_url, &["reports", &request.report.as_str().to_lowercase()], &parameters)
}

/// All attributes by which a master report can be broken down; R5.1 shows always what R5 had to be asked for.
/// The standard views have none (Code of Practice section 3.3.8).
fn attributes_to_show(release: Release, report: &ReportId) -> Option<&'static str> {
    Some(match (release, report.as_str()) {
        (Release::R5, "PR" | "DR") => "Data_Type|Access_Method",
        (Release::R5, "TR") => "Data_Type|Section_Type|YOP|Access_Type|Access_Method",
        (Release::R5, "IR") => "Authors|Publication_Date|Article_Version|Data_Type|YOP|Access_Type|Access_Method",
        (Release::R51, "PR" | "DR") => "Access_Method",
        (Release::R51, "TR") => "YOP|Access_Type|Access_Method",
        (Release::R51, "IR") => "Authors|Publication_Date|Article_Version|YOP|Access_Type|Access_Method",
        _ => return None,
    })
}

/// Knows all the secrets that a request holds.
/// What takes these credentials, and secrets in the address, out of what a vendor said and others are to read.
#[must_use]
pub fn redactor_for(credentials: &Credentials, base: &str) -> Redactor {
    let nowhere = || Redactor::new([], "");
    base_url(base).map_or_else(|_| nowhere(), |url| redactor(credentials, &url))
}

pub(super) fn redactor(credentials: &Credentials, url: &Url) -> Redactor {
    let mut secrets: Vec<String> = Vec::new();
    secrets.extend([&credentials.requestor_id, &credentials.api_key].into_iter().flatten().map(|secret| secret.expose_secret().to_owned()));
    secrets.extend(url.query_pairs().filter(|(name, _)| is_secret(name)).map(|(_, value)| value.into_owned()));
    Redactor::new(secrets.iter().map(String::as_str), &credentials.customer_id)
}

/// Whether a parameter with this name holds a secret. Besides COUNTER's own, a vendor's own may stand in the
/// configured address.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["requestor", "key", "token", "secret", "passw", "auth", "signature"].iter().any(|part| name.contains(part))
}

/// The address for the record: every secret parameter masked, whatever it holds.
pub(super) fn redacted_url(url: &Url, redactor: &Redactor) -> String {
    let mut shown = url.clone();
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if is_secret(&name) { MASK.to_owned() } else { redactor.text(&value) };
                (name.into_owned(), value)
            })
            .collect();
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    redactor.text(shown.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MonthRange;

    fn url(release: Release, report: &str, base: &str) -> Result<String, String> {
        let credentials =
            Credentials { customer_id: "C 1&2".into(), requestor_id: Some("requestor".into()), api_key: Some("k|e+y".into()) };
        let request = ReportRequest {
            source: &"s".parse().unwrap(),
            account: &"a".parse().unwrap(),
            base_url: base,
            release,
            report: &ReportId::trusted(&report.to_uppercase()),
            months: MonthRange::new("2024-01".parse().unwrap(), "2024-03".parse().unwrap()),
            credentials: &credentials,
            allow_http: false,
            user_agent: None,
            whole_dates: false,
            timeout: Duration::from_secs(1),
            max_size: 1,
        };
        report_url(&request).map(Into::into).map_err(|error| error.to_string())
    }

    #[test]
    fn reports_are_asked_for_as_the_specification_names_things() {
        let start = "https://example.org/r51/reports/tr?customer_id=C+1%262&requestor_id=requestor&api_key=k%7Ce%2By&begin_date=2024-01&end_date=2024-03";
        assert_eq!(
            url(Release::R51, "TR", "https://example.org/r51").unwrap(),
            format!("{start}&attributes_to_show=YOP%7CAccess_Type%7CAccess_Method")
        );
        let asked = |release, report| url(release, report, "https://example.org").unwrap().split_once("2024-03").unwrap().1.to_owned();
        assert_eq!(asked(Release::R5, "pr"), "&attributes_to_show=Data_Type%7CAccess_Method");
        assert_eq!(asked(Release::R51, "DR"), "&attributes_to_show=Access_Method");
        assert!(asked(Release::R51, "IR").ends_with("%7CAccess_Method&include_parent_details=True"));
        assert_eq!(asked(Release::R51, "TR_J1"), "");
        assert!(url(Release::R5, "TR_J1", "https://example.org").unwrap().starts_with("https://example.org/reports/tr_j1?"));
        assert!(url(Release::R5, "../x?y", "https://example.org/a").unwrap().starts_with("https://example.org/a/reports/..%2Fx%3Fy?"));
    }

    #[test]
    fn addresses_are_made_right() {
        for (configured, right) in [
            ("https://example.org", "https://example.org/"),
            (" https://example.org/sushi/r51/ ", "https://example.org/sushi/r51"),
            ("https://example.org/sushi//", "https://example.org/sushi"),
            ("https://example.org/sushi/Reports/", "https://example.org/sushi"),
            ("https://example.org/r5/status", "https://example.org/r5"),
            ("https://example.org/r51/members#x", "https://example.org/r51"),
            ("https://example.org/a?platform=x", "https://example.org/a?platform=x"),
        ] {
            assert_eq!(base_url(configured).unwrap().as_str(), right, "{configured}");
        }
        let with_platform = url(Release::R51, "PR_P1", "https://example.org/a/?platform=x+y&begin_date=1").unwrap();
        assert!(with_platform.starts_with("https://example.org/a/reports/pr_p1?customer_id="));
        assert!(with_platform.ends_with("&end_date=2024-03&platform=x+y"), "{with_platform}");
    }

    #[test]
    fn what_is_no_address_is_refused_without_telling_it() {
        for configured in ["", "example.org/r51", "mailto:hidden@example.org", "https://user:hidden@example.org/", "https://"] {
            let error = base_url(configured).unwrap_err().to_string();
            assert!(!error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn the_recorded_address_holds_no_secret_however_short() {
        let url =
            Url::parse("https://example.org/reports/tr?customer_id=C1&requestor_id=ab&api_key=long-secret&Token=x&platform=long-secret")
                .unwrap();
        let credentials = Credentials { customer_id: "C1".into(), requestor_id: Some("ab".into()), api_key: Some("long-secret".into()) };
        let shown = redacted_url(&url, &redactor(&credentials, &url));
        assert_eq!(shown, "https://example.org/reports/tr?customer_id=C1&requestor_id=***&api_key=***&Token=***&platform=***");
    }
}
