//! Who asks: secrets put into requests, tokens asked for and kept until they expire, and all of them known to the redactor.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

use super::ManifestRequest;
use super::paging::Course;
use super::sending::{self, form_body, header_name, header_value};
use crate::model::manifest::{Auth, SendClient};
use crate::model::usage::short_hash;
use crate::sources::error::{FetchError, host_of};
use crate::sources::http::{Call, HttpClients, Outgoing};
use crate::sources::redact::Redactor;

/// A token whose life is not said lives this long.
const LIFE: Duration = Duration::from_mins(5);
/// A token is not used in the last moments of its life.
const MARGIN: Duration = Duration::from_secs(30);
/// A reply with a token is not larger.
const MOST: u64 = 256 * 1024;

/// What a source's manifest asks of an account, opened.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// Who.
    pub user: Option<SecretString>,
    /// With which word.
    pub secret: Option<SecretString>,
    /// What else the account has, which no reply may repeat either.
    pub others: Vec<SecretString>,
}

impl Secrets {
    /// Takes these secrets, and `more`, out of what is said.
    pub(super) fn redactor(&self, customer_id: &str, more: &[SecretString]) -> Redactor {
        let mut known: Vec<String> = Vec::new();
        let all = self.user.iter().chain(&self.secret).chain(&self.others).chain(more);
        known.extend(all.map(|secret| secret.expose_secret().to_owned()));
        if let (Some(user), Some(secret)) = (&self.user, &self.secret) {
            // As HTTP's basic authentication has it.
            known.push(base64(format!("{}:{}", user.expose_secret(), secret.expose_secret()).as_bytes()));
        }
        Redactor::new(known.iter().map(String::as_str), customer_id)
    }
}

/// Tokens until they expire. Cheap to clone; clones share them. They are in memory alone.
#[derive(Clone, Default)]
pub struct Tokens(Arc<Mutex<HashMap<[u8; 16], Kept>>>);

/// The token of one client, if there is one. Locked while it is asked for.
type Kept = Arc<Mutex<Option<Token>>>;

/// The tokens themselves are not shown.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[derive(Clone)]
struct Token {
    secret: SecretString,
    until: Instant,
}

/// Puts into requests who asks.
pub(super) struct Sender<'a, 'r> {
    request: &'a ManifestRequest<'r>,
    /// The tokens that were used, to be taken out of replies.
    used: Vec<SecretString>,
}

impl<'a, 'r> Sender<'a, 'r> {
    pub(super) fn new(request: &'a ManifestRequest<'r>) -> Self {
        Self { request, used: Vec::new() }
    }

    /// Takes all secrets out of what is said.
    pub(super) fn redactor(&self) -> Redactor {
        self.request.secrets.redactor(self.request.customer_id, &self.used)
    }

    /// All that is sent for a page, and whether a token was used that was kept from before.
    pub(super) async fn outgoing(
        &mut self,
        client: &HttpClients,
        course: &Course,
        mut url: Url,
    ) -> Result<(Outgoing, Url, bool), FetchError> {
        let request = self.request;
        let mut outgoing = sending::outgoing(request, course)?;
        let secrets = request.secrets;
        let secret = || secrets.secret.as_ref().map_or("", ExposeSecret::expose_secret);
        let user = || secrets.user.as_ref().map_or("", ExposeSecret::expose_secret);
        let mut was_kept = false;
        match &request.requests.auth {
            Auth::None => {}
            Auth::Basic { .. } => {
                outgoing.headers.insert(AUTHORIZATION, basic(user(), secret())?);
            }
            Auth::Bearer { .. } => {
                outgoing.headers.insert(AUTHORIZATION, header_value(&format!("Bearer {}", secret()))?);
            }
            Auth::Header { name, prefix, .. } => {
                outgoing.headers.insert(header_name(name)?, header_value(&format!("{prefix}{}", secret()))?);
            }
            Auth::Query { name, .. } => {
                let others: Vec<(String, String)> = url
                    .query_pairs()
                    .filter(|(known, _)| known != name)
                    .map(|(name, value)| (name.into_owned(), value.into_owned()))
                    .collect();
                url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, secret());
            }
            Auth::OAuth2 { .. } => {
                let (token, kept) = self.token(client).await?;
                was_kept = kept;
                outgoing.headers.insert(AUTHORIZATION, header_value(&format!("Bearer {}", token.expose_secret()))?);
                if !self.used.iter().any(|used| used.expose_secret() == token.expose_secret()) {
                    self.used.push(token);
                }
            }
        }
        Ok((outgoing, url, was_kept))
    }

    /// The token that was kept is of no use any more.
    pub(super) async fn forget_token(&self, client: &HttpClients) {
        *self.kept(client).await.lock().await = None;
    }

    /// Whose tokens they are.
    fn key(&self) -> [u8; 16] {
        let Auth::OAuth2 { token_url, scope, .. } = &self.request.requests.auth else { return [0; 16] };
        let part = |secret: &Option<SecretString>| secret.as_ref().map_or(String::new(), |secret| secret.expose_secret().to_owned());
        let (user, secret) = (part(&self.request.secrets.user), part(&self.request.secrets.secret));
        short_hash(format!("{token_url}\n{scope}\n{}\n{user}\n{secret}", user.len()).as_bytes())
    }

    /// A token, and whether it was kept from before. Nobody else asks for one meanwhile.
    async fn token(&self, client: &HttpClients) -> Result<(SecretString, bool), FetchError> {
        let kept = self.kept(client).await;
        let mut kept = kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.until > Instant::now()) {
            return Ok((token.secret.clone(), true));
        }
        let token = self.ask_for_token(client).await?;
        *kept = Some(token.clone());
        Ok((token.secret, false))
    }

    async fn kept(&self, client: &HttpClients) -> Kept {
        Arc::clone(client.tokens.0.lock().await.entry(self.key()).or_default())
    }

    /// Asks for a token (RFC 6749 section 4.4). The reply is not archived.
    async fn ask_for_token(&self, client: &HttpClients) -> Result<Token, FetchError> {
        let request = self.request;
        let Auth::OAuth2 { token_url, scope, send, .. } = &request.requests.auth else {
            return Err(FetchError::Address { what: "is not asked for tokens".into() });
        };
        let url = Url::parse(token_url)
            .map_err(|error| FetchError::Address { what: format!("cannot be asked for a token: token_url is no URL: {error}") })?;
        let secrets = request.secrets;
        let text = |secret: &Option<SecretString>| secret.as_ref().map_or(String::new(), |secret| secret.expose_secret().to_owned());
        let (user, secret) = (text(&secrets.user), text(&secrets.secret));
        let mut form = vec![("grant_type".to_owned(), "client_credentials".to_owned())];
        if !scope.is_empty() {
            form.push(("scope".to_owned(), scope.clone()));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        match send {
            SendClient::Basic => {
                headers.insert(AUTHORIZATION, basic(&user, &secret)?);
            }
            SendClient::Form => form.extend([("client_id".to_owned(), user), ("client_secret".to_owned(), secret)]),
        }
        let outgoing = Outgoing { method: Some(Method::POST), headers, body: Some(form_body(&form)) };
        let host = host_of(&url);
        let ManifestRequest { user_agent, allow_http, timeout, .. } = *request;
        let mut answer =
            client.send(Call { url, headers: HeaderMap::new(), user_agent, allow_http, timeout, max_size: MOST }, &outgoing).await?;
        let (status, mut body) = (answer.status, Vec::new());
        while let Some(piece) = answer.next().await? {
            body.extend_from_slice(piece);
        }
        let reply = serde_json::from_slice::<Value>(&body).ok();
        let text = |name: &str| reply.as_ref().and_then(|reply| reply.get(name)).and_then(Value::as_str).filter(|text| !text.is_empty());
        match text("access_token") {
            Some(token) if (200..300).contains(&status) => {
                let life = reply.as_ref().and_then(|reply| reply.get("expires_in"));
                let life =
                    life.and_then(|life| life.as_u64().or_else(|| life.as_str()?.trim().parse().ok())).map_or(LIFE, Duration::from_secs);
                // At most a day, whatever is said; and a short one is used once.
                let life = life.min(Duration::from_hours(24)).saturating_sub(MARGIN);
                Ok(Token { secret: SecretString::from(token), until: Instant::now() + life })
            }
            _ => {
                let said = text("error").map_or_else(|| format!("status {status}"), |error| format!("status {status}, {error}"));
                let said: String = said.chars().filter(|c| !c.is_control()).take(120).collect();
                // A reply of success without a token is no better than a refusal.
                let status = if (200..400).contains(&status) { 400 } else { status };
                Err(FetchError::Token { host, status, said })
            }
        }
    }
}

/// HTTP's basic authentication (RFC 7617).
fn basic(user: &str, password: &str) -> Result<HeaderValue, FetchError> {
    if user.contains(':') {
        return Err(FetchError::Address {
            what: "cannot be asked: the user name has a colon in it, which basic authentication cannot hold".into(),
        });
    }
    header_value(&format!("Basic {}", base64(format!("{user}:{password}").as_bytes())))
}

/// Base64 with padding (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            let letter = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            out.push(if place > three.len() { '=' } else { char::from(LETTERS[letter]) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
            ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let secrets = Secrets { user: Some("somebody-1".into()), secret: Some("wonderful".into()), others: vec!["another-one".into()] };
        assert!(!format!("{secrets:?}").contains("wonderful"));
        let redactor = secrets.redactor("C-1", &["token-token".into()]);
        let said = format!("somebody-1 wonderful another-one token-token {}", base64(b"somebody-1:wonderful"));
        assert_eq!(redactor.text(&said), "*** *** *** *** ***");
    }
}
