//! What is sent to a COUNTER API, as its vendor wants it: address, parameters and headers, by the specification and the source's dialect.
//!
//! A [`Speaker`] gives a [`Spoken`] for each path of the API.

use std::collections::BTreeSet;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use super::counter_api::{Credentials, base_url};
use super::error::FetchError;
use crate::model::Dialect;
use crate::model::dialect::{Values, fill};

/// Who speaks, where, and how.
pub(super) struct Speaker<'a> {
    /// The address below which the API is; `{customer_id}` may be in it.
    pub base_url: &'a str,
    /// Who asks.
    pub credentials: &'a Credentials,
    /// What the vendor wants otherwise.
    pub dialect: &'a Dialect,
}

/// What is to be sent. It holds secrets, so it has no `Debug`.
pub(super) struct Spoken {
    /// The whole address.
    pub url: Url,
    /// More headers.
    pub headers: HeaderMap,
    /// The names of parameters and headers that hold a secret.
    pub secrets: Vec<String>,
}

/// A parameter, before it is known whether another takes its place.
struct Parameter {
    name: String,
    value: String,
    is_secret: bool,
}

impl Speaker<'_> {
    /// A request for a report, with these parameters of the specification.
    pub(super) fn report(&self, report: &str, parameters: &[(&str, String)]) -> Result<Spoken, FetchError> {
        self.speak(&["reports", report], parameters, true)
    }

    /// A request for `status`, `reports` or `members`.
    pub(super) fn info(&self, path: &str) -> Result<Spoken, FetchError> {
        self.speak(&[path], &[], path != "status" || self.dialect.status_credentials)
    }

    fn speak(&self, path: &[&str], parameters: &[(&str, String)], with_credentials: bool) -> Result<Spoken, FetchError> {
        let shown = |secret: &Option<secrecy::SecretString>| secret.as_ref().map_or_else(String::new, |s| s.expose_secret().to_owned());
        let (requestor_id, api_key) = (shown(&self.credentials.requestor_id), shown(&self.credentials.api_key));
        let values = Values { customer_id: &self.credentials.customer_id, requestor_id: &requestor_id, api_key: &api_key };
        let dialect = self.dialect;
        let mut used: BTreeSet<&str> = BTreeSet::new();
        if self.base_url.contains("{customer_id}") {
            used.insert("customer_id");
        }
        let base = self.base_url.replace("{customer_id}", &encoded(values.customer_id));

        let filled = |name: &str, text: &str| {
            let filled = fill(text, values, str::to_owned);
            let lacks = filled
                .used
                .iter()
                .find(|used| (**used == "api_key" && api_key.is_empty()) || (**used == "requestor_id" && requestor_id.is_empty()));
            match lacks {
                Some(lacks) if with_credentials => Err(FetchError::Address {
                    what: format!(
                        "wants the {lacks} for '{name}' (the source's dialect), and the account has none; import the account with one"
                    ),
                }),
                _ => Ok(filled),
            }
        };
        let for_reports = if path.len() > 1 { dialect.report_parameters.as_slice() } else { &[] };
        let mut extra: Vec<Parameter> = Vec::new();
        for (name, text) in dialect.parameters.iter().chain(for_reports) {
            let filled = filled(name, text)?;
            used.extend(&filled.used);
            if with_credentials || filled.used.is_empty() {
                let is_secret = filled.is_secret();
                extra.retain(|before| before.name != *name);
                extra.push(Parameter { name: name.clone(), value: filled.text, is_secret });
            }
        }
        let mut headers = HeaderMap::new();
        let mut secrets = Vec::new();
        for (name, text) in &dialect.headers {
            let filled = filled(name, text)?;
            used.extend(&filled.used);
            if !with_credentials && !filled.used.is_empty() {
                continue;
            }
            let (Ok(header), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&filled.text)) else {
                return Err(FetchError::Address {
                    what: format!("has a header '{name}' in its dialect that cannot be sent with this account"),
                });
            };
            if filled.is_secret() {
                value.set_sensitive(true);
                secrets.push(name.clone());
            }
            headers.insert(header, value);
        }

        let mut own: Vec<Parameter> = Vec::new();
        let credentials = [("customer_id", values.customer_id), ("requestor_id", &requestor_id), ("api_key", &api_key)];
        for (parameter, value) in credentials.into_iter().filter(|_| with_credentials) {
            // A customer id is always sent, also an empty one; secrets only where there are any.
            let there = parameter == "customer_id" || !value.is_empty();
            if let Some(name) = dialect.name(parameter).filter(|_| there && !used.contains(parameter)) {
                own.push(Parameter { name: name.to_owned(), value: value.to_owned(), is_secret: parameter != "customer_id" });
            }
        }
        for (parameter, value) in parameters {
            if let Some(name) = dialect.name(parameter) {
                own.push(Parameter { name: name.to_owned(), value: value.clone(), is_secret: false });
            }
        }
        own.retain(|own| extra.iter().all(|extra| extra.name != own.name));
        own.extend(extra);
        secrets.extend(own.iter().filter(|parameter| parameter.is_secret).map(|parameter| parameter.name.clone()));
        Ok(Spoken { url: endpoint(&base, path, &own)?, headers, secrets })
    }
}

/// `path` below the base address, with these parameters and what else the base's query holds.
fn endpoint(base: &str, path: &[&str], parameters: &[Parameter]) -> Result<Url, FetchError> {
    let mut url = base_url(base)?;
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| parameters.iter().all(|ours| ours.name != *name))
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url.set_query(None);
    if !(parameters.is_empty() && kept.is_empty()) {
        let ours = parameters.iter().map(|parameter| (&parameter.name, &parameter.value));
        url.query_pairs_mut().extend_pairs(ours).extend_pairs(kept);
    }
    Ok(url)
}

/// A text as it can stand in a path or a query: everything but letters, digits and `-._~` as its bytes in hexadecimal
/// (RFC 3986 section 2.3).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // What would be "this folder" or "the one above" stands for itself.
    if matches!(text, "." | "..") { text.replace('.', "%2E") } else { out }
}

/// Whether a parameter with this name holds a secret. Besides COUNTER's own, a vendor's own may stand in the
/// configured address.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["requestor", "key", "token", "secret", "passw", "auth", "signature"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn credentials() -> Credentials {
        Credentials { customer_id: "c/1".into(), requestor_id: Some("req".into()), api_key: Some("k&y".into()) }
    }

    fn spoken(base_url: &str, dialect: &Dialect) -> Spoken {
        let credentials = credentials();
        let speaker = Speaker { base_url, credentials: &credentials, dialect };
        speaker.report("tr", &[("begin_date", "2024-01".into())]).map_err(|error| error.to_string()).unwrap()
    }

    fn asked(base_url: &str, dialect: &Dialect) -> String {
        spoken(base_url, dialect).url.to_string().split_once("example.org").unwrap().1.to_owned()
    }

    #[test]
    fn the_customer_may_be_in_the_path_or_under_another_name() {
        let plain = Dialect::default();
        assert_eq!(
            asked("https://example.org/c/{customer_id}/r51", &plain),
            "/c/c%2F1/r51/reports/tr?requestor_id=req&api_key=k%26y&begin_date=2024-01"
        );
        assert_eq!(
            asked("https://example.org/?site={customer_id}", &plain),
            "/reports/tr?requestor_id=req&api_key=k%26y&begin_date=2024-01&site=c%2F1"
        );
        let renamed = Dialect {
            names: pairs(&[("customer_id", "institutionId"), ("begin_date", "from")]),
            leave_out: vec!["requestor_id".into()],
            ..Dialect::default()
        };
        assert_eq!(asked("https://example.org", &renamed), "/reports/tr?institutionId=c%2F1&api_key=k%26y&from=2024-01");
    }

    #[test]
    fn what_is_sent_in_a_header_or_another_parameter_is_not_sent_twice() {
        let dialect = Dialect {
            headers: pairs(&[("X-API-Key", "{api_key}")]),
            parameters: pairs(&[("login", "{customer_id}:{requestor_id}"), ("platform", "p q")]),
            report_parameters: pairs(&[("granularity", "Month")]),
            ..Dialect::default()
        };
        let spoken = spoken("https://example.org/?platform=old", &dialect);
        assert_eq!(
            spoken.url.as_str(),
            "https://example.org/reports/tr?begin_date=2024-01&login=c%2F1%3Areq&platform=p+q&granularity=Month"
        );
        assert_eq!(spoken.headers.get("x-api-key").unwrap(), "k&y");
        assert_eq!(spoken.secrets, ["X-API-Key", "login"]);
        let credentials = credentials();
        let speaker = Speaker { base_url: "https://example.org", credentials: &credentials, dialect: &dialect };
        let reports = speaker.info("reports").map_err(|error| error.to_string()).unwrap();
        assert_eq!(reports.url.query(), Some("login=c%2F1%3Areq&platform=p+q"));
        // The status is public: nobody's credentials are sent.
        let status = speaker.info("status").map_err(|error| error.to_string()).unwrap();
        assert_eq!((status.url.query(), status.headers.len()), (Some("platform=p+q"), 0));
        let asking = Dialect { status_credentials: true, ..dialect };
        let speaker = Speaker { base_url: "https://example.org", credentials: &credentials, dialect: &asking };
        let status = speaker.info("status").map_err(|error| error.to_string()).unwrap();
        assert_eq!((status.url.query(), status.headers.len()), (Some("login=c%2F1%3Areq&platform=p+q"), 1));
    }

    #[test]
    fn a_parameter_of_the_vendors_takes_the_place_of_ours() {
        let dialect = Dialect { report_parameters: pairs(&[("begin_date", "2020-01")]), ..Dialect::default() };
        assert!(asked("https://example.org", &dialect).ends_with("api_key=k%26y&begin_date=2020-01"));
    }

    #[test]
    fn an_account_without_the_secret_that_is_wanted_is_told_so() {
        let dialect = Dialect { headers: pairs(&[("X-API-Key", "{api_key}")]), ..Dialect::default() };
        let credentials = Credentials { api_key: None, ..credentials() };
        let speaker = Speaker { base_url: "https://example.org", credentials: &credentials, dialect: &dialect };
        let error = speaker.info("reports").err().unwrap().to_string();
        assert!(error.contains("wants the api_key for 'X-API-Key'") && error.contains("import the account"), "{error}");
        assert!(speaker.info("status").is_ok());
        let newline = Credentials { api_key: Some("a\nb".into()), ..credentials };
        let speaker = Speaker { base_url: "https://example.org", credentials: &newline, dialect: &dialect };
        assert!(speaker.info("reports").err().unwrap().to_string().contains("cannot be sent"));
    }

    #[test]
    fn a_customer_id_in_the_path_stays_one_piece_of_it() {
        for (id, written) in [("a b", "a%20b"), ("..", "%2E%2E"), ("a?b#c", "a%3Fb%23c"), ("æ", "%C3%A6"), ("A-1._~", "A-1._~")] {
            assert_eq!(encoded(id), written);
        }
    }
}
