//! [`HttpClients`]: the one place where HTTP clients are made, and where a request is sent.
//!
//! The key to somebody's statistics stands in the address of nearly every request, so an address is given to
//! nobody but the host it is for: no `Referer`, no redirect to another host, port or scheme, no plain HTTP
//! beyond this machine unless the configuration says so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Once;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use reqwest::{Client, Method, Request, Url, redirect};
use tokio::time::Instant;

use super::answer::{Answer, Limits};
use super::error::{FetchError, host_of};
use super::manifest::Tokens;

/// How long connecting may take, TLS included.
const CONNECT: Duration = Duration::from_secs(30);
/// How many redirects of one host are followed.
const REDIRECTS: usize = 5;
/// A request ends after this many times its longest silence, however the host drips.
pub(super) const SILENCES: u32 = 12;
/// No configured patience is longer.
const LONGEST: Duration = Duration::from_hours(24);

/// Clients for vendors. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct HttpClients {
    /// For everybody else. It is no client where the system has no certificates to trust: then only this
    /// machine can be asked, which is enough for a demonstration.
    outward: Result<Client, String>,
    /// For this machine in plain HTTP: no proxy, no certificates.
    loopback: Client,
    user_agent: HeaderValue,
    /// Tokens that vendors gave us, until they expire.
    pub(super) tokens: Tokens,
}

/// A request to be sent.
#[derive(Clone)]
pub(super) struct Call<'a> {
    /// What is asked for; it holds secrets, so this has no `Debug`.
    pub url: Url,
    /// More headers; they may hold secrets, and go no further than the address does.
    pub headers: HeaderMap,
    /// Instead of our own name.
    pub user_agent: Option<&'a str>,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// The longest silence: until the answer begins, and between its parts. All of it may take twelve times that.
    pub timeout: Duration,
    /// The largest body, after decompression, in bytes.
    pub max_size: u64,
}

/// What is sent besides the address; it may hold secrets, so this has no `Debug`.
#[derive(Clone, Default)]
pub(super) struct Outgoing {
    /// `GET` if it is none.
    pub method: Option<Method>,
    /// Instead of, or besides our own.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Vec<u8>>,
}

impl HttpClients {
    /// Makes the clients. `contact` (an address where the people who run this can be reached, or nothing) is
    /// told to vendors in `User-Agent`, since some of them refuse clients that they do not know.
    ///
    /// # Errors
    /// [`FetchError::Address`] if `contact` cannot stand in a header; [`FetchError::Protocol`] if TLS cannot be set up.
    pub fn new(contact: Option<&str>) -> Result<Self, FetchError> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error means that there is one already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let failed = |error: reqwest::Error| FetchError::Protocol { host: "this machine".into(), cause: error.to_string() };
        let builder =
            || Client::builder().redirect(redirect::Policy::none()).referer(false).retry(reqwest::retry::never()).connect_timeout(CONNECT);
        let outward = builder().build().map_err(|error| super::error::deepest(&error));
        let loopback = builder().no_proxy().tls_certs_only([]).build().map_err(failed)?;
        Ok(Self { outward, loopback, user_agent: user_agent(&default_user_agent(contact))?, tokens: Tokens::default() })
    }

    /// Sends a request, follows redirects of the same origin, and waits for the head of the answer.
    pub(super) async fn get(&self, call: Call<'_>) -> Result<Answer, FetchError> {
        self.send(call, &Outgoing::default()).await
    }

    /// Likewise, with more than an address. A redirect that would turn it into another request is not followed.
    pub(super) async fn send(&self, call: Call<'_>, outgoing: &Outgoing) -> Result<Answer, FetchError> {
        let timeout = call.timeout.min(LONGEST);
        let overall = Instant::now() + timeout * SILENCES;
        let method = outgoing.method.clone().unwrap_or(Method::GET);
        let mut headers = self.headers(&call)?;
        outgoing.headers.iter().for_each(|(name, value)| {
            headers.insert(name, value.clone());
        });
        let mut url = call.url.clone();
        for _ in 0..=REDIRECTS {
            let host = host_of(&url);
            let mut request = Request::new(method.clone(), url.clone());
            *request.headers_mut() = headers.clone();
            *request.body_mut() = outgoing.body.clone().map(Into::into);
            let sent = self.client_for(&url, call.allow_http)?.execute(request);
            let seconds = timeout.as_secs();
            let response = tokio::time::timeout_at(overall.min(Instant::now() + timeout), sent)
                .await
                .map_err(|_| FetchError::Timeout { host: host.clone(), what: "no answer", seconds })?
                .map_err(|error| FetchError::sending(error, host.clone(), CONNECT.as_secs()))?;
            let Some(next) = redirection(&url, &response)? else {
                let limits = Limits { silence: timeout, overall, max_size: call.max_size };
                return Ok(Answer::new(response, url, headers, limits));
            };
            if method != Method::GET && !matches!(response.status().as_u16(), 307 | 308) {
                let cause = format!("it answers a {method} with a redirect that would make it another request; correct the address");
                return Err(FetchError::Protocol { host, cause });
            }
            url = next;
        }
        Err(FetchError::Redirects { host: host_of(&url), times: REDIRECTS })
    }

    fn headers(&self, call: &Call<'_>) -> Result<HeaderMap, FetchError> {
        let mut headers = HeaderMap::new();
        let agent = call.user_agent.map_or_else(|| Ok(self.user_agent.clone()), user_agent)?;
        headers.insert(USER_AGENT, agent);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, zstd, deflate"));
        headers.extend(call.headers.clone());
        Ok(headers)
    }

    fn client_for(&self, url: &Url, allow_http: bool) -> Result<&Client, FetchError> {
        let loopback = is_loopback(url);
        match url.scheme() {
            "http" if loopback => return Ok(&self.loopback),
            "https" => {}
            "http" if allow_http => {}
            "http" => {
                let what = format!(
                    "is plain http to {}, where anybody on the way can read the credentials; use https, or set allow_http = true",
                    host_of(url)
                );
                return Err(FetchError::Address { what });
            }
            other => return Err(FetchError::Address { what: format!("begins with '{other}:'; it must be https") }),
        }
        let no_certificates = |cause: &String| FetchError::Tls { host: host_of(url), cause: cause.clone() };
        self.outward.as_ref().map_err(no_certificates)
    }
}

/// What we call ourselves if the source does not say otherwise.
fn default_user_agent(contact: Option<&str>) -> String {
    let about: Vec<String> = [env!("CARGO_PKG_HOMEPAGE"), env!("CARGO_PKG_REPOSITORY")]
        .into_iter()
        .find(|page| !page.is_empty())
        .map(|page| format!("+{page}"))
        .into_iter()
        .chain(contact.map(str::trim).filter(|contact| !contact.is_empty()).map(str::to_owned))
        .collect();
    let name = concat!("avling/", env!("CARGO_PKG_VERSION"));
    if about.is_empty() { format!("{name} (COUNTER usage harvester)") } else { format!("{name} ({})", about.join("; ")) }
}

fn user_agent(text: &str) -> Result<HeaderValue, FetchError> {
    let refused = |_| FetchError::Address { what: "has a user_agent or contact with characters that no HTTP header can hold".into() };
    HeaderValue::from_str(text).map_err(refused)
}

/// Whether the host is this machine.
fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.to_canonical().is_loopback())
}

/// Where the response sends us, if it does and that is the same origin.
fn redirection(from: &Url, response: &reqwest::Response) -> Result<Option<Url>, FetchError> {
    let status = response.status().as_u16();
    let location = response.headers().get(LOCATION).filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308));
    let Some(location) = location else { return Ok(None) };
    let target = std::str::from_utf8(location.as_bytes()).ok().and_then(|location| from.join(location).ok());
    let Some(mut target) = target else {
        return Err(FetchError::Protocol { host: host_of(from), cause: "it redirects to what is no address".into() });
    };
    if target.origin() != from.origin() {
        let other = format!("{}://{}", target.scheme(), host_of(&target));
        return Err(FetchError::OtherHost { host: host_of(from), other });
    }
    // Same origin, so it may have what the first address had; setting cannot fail on an address with a host.
    let _ = target.set_username(from.username());
    let _ = target.set_password(from.password());
    Ok(Some(target))
}

/// The address that this machine sends from to `peer`, as its routes have it: connecting a socket for datagrams sends nothing.
pub(super) fn address_towards(peer: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(peer).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Headers as pairs of texts.
pub(super) fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value): (&HeaderName, _)| (name.as_str().to_owned(), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:80/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:8/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://LOCALHOST/", true),
            ("http://localhost.example.org/", false),
            ("http://192.0.2.1/", false),
            ("http://[2001:db8::1]/", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn plain_http_leaves_this_machine_only_if_allowed() {
        let clients = HttpClients::new(None).unwrap();
        let error = |url: &str, allow| clients.client_for(&url.parse().unwrap(), allow).map(|_| ()).map_err(|e| e.to_string());
        assert!(error("http://example.org/?api_key=secret", false).unwrap_err().contains("allow_http"));
        assert!(!error("http://example.org/?api_key=secret", false).unwrap_err().contains("secret"));
        assert!(error("ftp://example.org/", true).is_err());
        assert!(error("http://127.0.0.1/", false).is_ok());
    }

    #[test]
    fn our_own_address_is_that_of_the_route() {
        let towards = |peer: &str| address_towards(peer.parse().unwrap());
        assert_eq!(towards("127.0.0.1:443"), Some("127.0.0.1".parse().unwrap()));
        // No packet is sent there, and whether there is a route is the machine's affair.
        assert_ne!(towards("192.0.2.1:443"), Some("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn vendors_are_told_who_asks() {
        assert!(default_user_agent(None).starts_with(concat!("avling/", env!("CARGO_PKG_VERSION"), " (")));
        assert!(default_user_agent(Some("drift@example.org")).contains("drift@example.org)"));
        assert!(HttpClients::new(Some("a\nb")).is_err());
    }
}
