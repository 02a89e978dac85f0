//! How a vendor is asked: address, what is sent, who asks, page after page.

use std::path::PathBuf;

use super::Template;
use super::place::Place;

/// How requests are made.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests {
    /// What follows the source's address; nothing or a path that begins with a slash.
    pub path: Option<Template>,
    /// How.
    pub method: Method,
    /// Whether each month is asked for alone.
    pub per: Per,
    /// What `{end}` is.
    pub end: End,
    /// Parameters, in their order.
    pub query: Vec<(String, Template)>,
    /// More headers; names in lower case.
    pub headers: Vec<(String, Template)>,
    /// What is sent.
    pub body: Body,
    /// How the payload is packed, besides what HTTP itself packs.
    pub packed: Option<Packed>,
    /// Who asks.
    pub auth: Auth,
    /// How the rest of a reply is asked for.
    pub pages: Option<Paging>,
    /// The most pages.
    pub most_pages: u64,
}

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Nothing is sent.
    Get,
    /// A body is sent.
    Post,
}

/// How many months a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// One.
    Month,
    /// As many as are due in a row, but not more than this.
    Range(u32),
}

/// What `{end}` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The last day.
    Included,
    /// The day after the last.
    Excluded,
}

/// What is sent with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Nothing.
    None,
    /// A form.
    Form(Vec<(String, Template)>),
    /// JSON.
    Json(Json),
}

/// JSON with templates in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// A text.
    Text(Template),
    /// A whole number.
    Number(i64),
    /// A number with decimals.
    Decimal(f64),
    /// True or false.
    Switch(bool),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

/// How a payload is packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packed {
    /// gzip.
    Gzip,
    /// A zip archive, and which file in it: a name, or `*` for the only one. Nothing: the only file.
    Zip(Option<String>),
}

/// Where a secret is. It is never in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// The account's `api_key`.
    ApiKey,
    /// The account's `requestor_id`.
    RequestorId,
    /// The account's `customer_id`, which is no secret.
    CustomerId,
    /// An environment variable.
    Env(String),
    /// A systemd credential.
    Credential(String),
    /// A file.
    File(PathBuf),
}

/// How we say who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Not at all: the vendor knows our address.
    None,
    /// HTTP's basic authentication.
    Basic {
        /// Who.
        user: Secret,
        /// With which word.
        password: Secret,
    },
    /// `Authorization: Bearer`.
    Bearer {
        /// The token.
        secret: Secret,
    },
    /// A header.
    Header {
        /// Its name, in lower case.
        name: String,
        /// What stands before the secret.
        prefix: String,
        /// The secret.
        secret: Secret,
    },
    /// A parameter.
    Query {
        /// Its name.
        name: String,
        /// The secret.
        secret: Secret,
    },
    /// OAuth 2.0, client credentials (RFC 6749 section 4.4).
    OAuth2 {
        /// Where tokens are given.
        token_url: String,
        /// Who.
        client_id: Secret,
        /// With which word.
        client_secret: Secret,
        /// For what; empty if that is not asked.
        scope: String,
        /// How client id and secret are sent.
        send: SendClient,
    },
}

impl Auth {
    /// The secrets that it needs: who, and with which word.
    #[must_use]
    pub fn secrets(&self) -> (Option<&Secret>, Option<&Secret>) {
        match self {
            Self::None => (None, None),
            Self::Basic { user, password } => (Some(user), Some(password)),
            Self::Bearer { secret } | Self::Header { secret, .. } | Self::Query { secret, .. } => (None, Some(secret)),
            Self::OAuth2 { client_id, client_secret, .. } => (Some(client_id), Some(client_secret)),
        }
    }
}

/// How client id and secret are sent for a token (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendClient {
    /// As HTTP's basic authentication.
    Basic,
    /// In the form.
    Form,
}

/// How the next page is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Paging {
    /// By number, until a page has no rows.
    Page {
        /// The number of the first.
        first: u64,
        /// How many rows a whole page has: a page with fewer is the last.
        size: Option<u64>,
        /// Where a reply says how many pages there are.
        pages: Option<Place>,
        /// Where a reply says whether there are more.
        more: Option<Place>,
    },
    /// By the number of rows before it, until a page has no rows.
    Offset {
        /// The offset of the first.
        first: u64,
        /// How many rows a whole page has: a page with fewer is the last. Without it the rows are counted, and an empty page is the last.
        size: Option<u64>,
        /// Where a reply says how many rows there are in all.
        total: Option<Place>,
        /// Where a reply says whether there are more.
        more: Option<Place>,
    },
    /// By a word that the reply gives.
    Cursor {
        /// Where in the reply.
        place: Option<Place>,
        /// In which header, in lower case.
        header: Option<String>,
        /// A reply that has no place for one at all is the last; else the manifest is taken to be wrong.
        may_be_absent: bool,
        /// Where a reply says whether there are more.
        more: Option<Place>,
    },
    /// By an address that the reply gives: where in it, or in its header `Link` (RFC 8288).
    Link {
        /// Where in the reply; nothing for the header.
        place: Option<Place>,
        /// A reply that has no such place at all is the last; else the manifest is taken to be wrong.
        may_be_absent: bool,
    },
}

impl Paging {
    /// The places in a reply that it asks for.
    #[must_use]
    pub fn places(&self) -> Vec<&Place> {
        match self {
            Self::Page { pages, more, .. } => pages.iter().chain(more).collect(),
            Self::Offset { total, more, .. } => total.iter().chain(more).collect(),
            Self::Cursor { place, more, .. } => place.iter().chain(more).collect(),
            Self::Link { place, .. } => place.iter().collect(),
        }
    }
}
