//! SUSHI of Release 4 over SOAP 1.1 (ANSI/NISO Z39.93): how a report is asked for.
//!
//! [`fetch_soap_report`] takes the same [`ReportRequest`] as the COUNTER API and leaves the reply in the archive, with what the
//! vendor repeats of our requestor id taken out. What we send is not kept: it is made of the account and of what the record says.

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret as _;

use super::answer::Answer;
use super::counter_api::{Credentials, ReportRequest, recorded_headers, redacted_url, redactor};
use super::error::FetchError;
use super::http::{Call, HttpClients, Outgoing};
use super::keep::{RawReply, keep};
use crate::archive::{Archive, ReplyRecord};
use crate::clock::Clock;
use crate::model::release4::sushi_name;
use crate::model::usage::short_hash;

/// What stands in a request beside the account's credentials.
#[derive(Debug, Clone, Copy)]
pub struct Soap<'a> {
    /// `SOAPAction` (SOAP 1.1 section 6.1.1), without quotes.
    pub action: &'a str,
    /// `Name` of the requestor, or nothing.
    pub requestor_name: &'a str,
    /// `Email` of the requestor, or nothing.
    pub requestor_email: &'a str,
}

/// Asks for a report, and leaves the reply in the archive, whatever it says: also a refusal is a reply.
/// `progress` is told the bytes received so far, after decompression.
///
/// # Errors
/// No reply came, or not all of it. If some of it came, its beginning is in the archive.
pub async fn fetch_soap_report(
    client: &HttpClients,
    archive: &Archive,
    request: &ReportRequest<'_>,
    soap: Soap<'_>,
    clock: Clock,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<RawReply, FetchError> {
    let redactor = redactor(request.credentials, &service_url(request.base_url)?);
    let answer = post(client, request, soap, clock.now()).await.map_err(|error| error.redacted(&redactor))?;
    let record = ReplyRecord {
        source: request.source.clone(),
        account: request.account.clone(),
        report: request.report.clone(),
        release: request.release.to_string(),
        begin: Some(request.months.first),
        end: Some(request.months.last),
        method: "POST".into(),
        url: redacted_url(&answer.url, &redactor, &[]),
        request_headers: recorded_headers(&answer.request_headers, &redactor, &[]),
        status: answer.status,
        headers: recorded_headers(&answer.headers, &redactor, &[]),
        fetched_at: clock.now(),
        sha256: String::new(),
        bytes: 0,
        complete: true,
        problem: String::new(),
    };
    keep(answer, archive, &redactor, record, progress).await
}

/// Asks for a report to see whether the service answers, since Release 4 has nothing like `/status`. Gives the status and the body, of
/// which nothing is kept.
///
/// # Errors
/// No reply came, or not all of it.
pub async fn ask_soap(
    client: &HttpClients,
    request: &ReportRequest<'_>,
    soap: Soap<'_>,
    clock: Clock,
) -> Result<(u16, Vec<u8>), FetchError> {
    let redactor = redactor(request.credentials, &service_url(request.base_url)?);
    let mut answer = post(client, request, soap, clock.now()).await.map_err(|error| error.redacted(&redactor))?;
    let mut body = Vec::new();
    while let Some(piece) = answer.next().await.map_err(|error| error.redacted(&redactor))? {
        body.extend_from_slice(piece);
    }
    Ok((answer.status, body))
}

async fn post(client: &HttpClients, request: &ReportRequest<'_>, soap: Soap<'_>, now: DateTime<Utc>) -> Result<Answer, FetchError> {
    let ReportRequest { user_agent, allow_http, timeout, max_size, .. } = *request;
    let refused = |_| FetchError::Address { what: "has a soap_action with characters that no HTTP header can hold".into() };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/xml, */*;q=0.5"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    headers.insert("soapaction", HeaderValue::from_str(&format!("\"{}\"", soap.action)).map_err(refused)?);
    let outgoing = Outgoing { method: Some(Method::POST), headers, body: Some(envelope(request, soap, now).into()) };
    let url = service_url(request.base_url)?;
    client.send(Call { url, headers: HeaderMap::new(), user_agent, allow_http, timeout, max_size }, &outgoing).await
}

/// The address of the service as it will be used: as it is given, without the `?wsdl` that people copy along with it.
///
/// # Errors
/// [`FetchError::Address`] if it is none, or has a user name or password in it.
pub fn service_url(configured: &str) -> Result<Url, FetchError> {
    let refused = |what: String| FetchError::Address { what };
    let mut url = Url::parse(configured.trim()).map_err(|error| refused(format!("is no URL: {error}")))?;
    if !url.has_host() {
        return Err(refused("must begin with https://".into()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("has a user name or password in it; credentials belong to the accounts".into()));
    }
    url.set_fragment(None);
    if url.query().is_some_and(|query| query.eq_ignore_ascii_case("wsdl") || query.eq_ignore_ascii_case("singlewsdl")) {
        url.set_query(None);
    }
    Ok(url)
}

/// The request (Z39.93 section 5, schema SUSHI 1.7): who asks, for whom, and for which report of which months.
fn envelope(request: &ReportRequest<'_>, soap: Soap<'_>, now: DateTime<Utc>) -> String {
    let Credentials { customer_id, requestor_id, .. } = request.credentials;
    let (begin, end) = (request.months.first.first_day(), request.months.last.last_day());
    let created = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let about = format!("{}|{}|{}|{begin}|{end}|{created}", request.source, request.account, request.report);
    let id = hex::encode(short_hash(about.as_bytes()));
    let requestor = requestor_id.as_ref().map_or("", |id| id.expose_secret());
    let [requestor, customer, name, email, report] =
        [requestor, customer_id, soap.requestor_name, soap.requestor_email, sushi_name(request.report)].map(escaped);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <sc:ReportRequest xmlns:sc=\"http://www.niso.org/schemas/sushi/counter\" xmlns:s=\"http://www.niso.org/schemas/sushi\" \
         ID=\"{id}\" Created=\"{created}\">\
         <s:Requestor><s:ID>{requestor}</s:ID><s:Name>{name}</s:Name><s:Email>{email}</s:Email></s:Requestor>\
         <s:CustomerReference><s:ID>{customer}</s:ID></s:CustomerReference>\
         <s:ReportDefinition Name=\"{report}\" Release=\"4\"><s:Filters><s:UsageDateRange>\
         <s:Begin>{begin}</s:Begin><s:End>{end}</s:End></s:UsageDateRange></s:Filters></s:ReportDefinition>\
         </sc:ReportRequest></soap:Body></soap:Envelope>\n"
    )
}

/// A text within XML, an attribute's value too. Characters that XML cannot hold (section 2.2) are left out.
fn escaped(text: &str) -> String {
    let plain: String = text.chars().filter(|c| *c >= ' ' || matches!(c, '\t' | '\n' | '\r')).collect();
    quick_xml::escape::escape(plain).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{MonthRange, Release, ReportId};

    #[test]
    fn a_request_says_who_asks_for_whom_and_for_what() {
        let credentials = Credentials { customer_id: "C<1>".into(), requestor_id: Some("r&d\u{1}".into()), api_key: None };
        let request = ReportRequest {
            source: &"s".parse().unwrap(),
            account: &"a".parse().unwrap(),
            base_url: "https://example.org/sushi",
            release: Release::R4,
            report: &ReportId::trusted("JR1A"),
            months: MonthRange::new("2018-01".parse().unwrap(), "2018-02".parse().unwrap()),
            credentials: &credentials,
            dialect: &crate::model::Dialect::default(),
            allow_http: false,
            user_agent: None,
            whole_dates: false,
            timeout: Duration::from_secs(1),
            max_size: 1,
        };
        let soap = Soap { action: "x", requestor_name: "Øst \"fold\"", requestor_email: "a@example.org" };
        let text = envelope(&request, soap, "2025-01-20T03:30:00Z".parse().unwrap());
        for part in [
            "<s:Requestor><s:ID>r&amp;d</s:ID><s:Name>Øst &quot;fold&quot;</s:Name><s:Email>a@example.org</s:Email></s:Requestor>",
            "<s:CustomerReference><s:ID>C&lt;1&gt;</s:ID></s:CustomerReference>",
            "<s:ReportDefinition Name=\"JR1a\" Release=\"4\">",
            "<s:Begin>2018-01-01</s:Begin><s:End>2018-02-28</s:End>",
            "Created=\"2025-01-20T03:30:00Z\"",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let mut xml = quick_xml::Reader::from_str(&text);
        while xml.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }

    #[test]
    fn the_address_is_used_as_it_is_given() {
        for (configured, right) in [
            (" https://example.org/SushiService.svc ", "https://example.org/SushiService.svc"),
            ("https://example.org/sushi/?wsdl", "https://example.org/sushi/"),
            ("https://example.org/sushi/reports#x", "https://example.org/sushi/reports"),
            ("https://example.org/sushi?db=1", "https://example.org/sushi?db=1"),
        ] {
            assert_eq!(service_url(configured).unwrap().as_str(), right, "{configured}");
        }
        for configured in ["", "example.org/sushi", "mailto:hidden@example.org", "https://user:hidden@example.org/"] {
            assert!(!service_url(configured).unwrap_err().to_string().contains("hidden"));
        }
    }
}
