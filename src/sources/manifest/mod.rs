//! Vendors with an interface of their own, asked as their manifest says.
//!
//! [`fetch`] sends the requests for some months of an account, page after page, and leaves one reply in the archive: all pages in one
//! stream, each as it came but for our secrets and for what it was packed in ([`frames`]). `sending`
//! makes addresses, headers and bodies, `auth` says who asks, `spool` takes a page, `paging` finds the next.

mod auth;
mod paging;
mod sending;
mod spool;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;

use self::auth::Sender;
use self::paging::{Course, Next};
use self::spool::Spool;
use super::answer::Answer;
use super::error::{FetchError, host_of};
use super::http::{Call, HttpClients, address_towards, pairs};
use super::keep::{RawReply, printable};
use super::redact::{MASK, Redactor};
use crate::archive::{Archive, ArchiveError, ReplyRecord, Writer};
use crate::clock::Clock;
use crate::formats::mapped::{self, PageSeen, frames};
use crate::model::manifest::{Auth, Format, Mapping, Method, Packed, Requests};
use crate::model::{AccountId, MonthRange, SourceId};

pub use self::auth::{Secrets, Tokens};

/// How much is kept of a reply that did not come whole.
const KEPT_OF_INCOMPLETE: u64 = 1024 * 1024;

/// What is to be asked for.
#[derive(Debug, Clone, Copy)]
pub struct ManifestRequest<'a> {
    /// The source, for the record.
    pub source: &'a SourceId,
    /// The account.
    pub account: &'a AccountId,
    /// The account's customer id.
    pub customer_id: &'a str,
    /// The address of the source.
    pub base_url: &'a str,
    /// How it is asked.
    pub requests: &'a Arc<Requests>,
    /// How its replies are read.
    pub mapping: &'a Arc<Mapping>,
    /// The months, both ends included.
    pub months: MonthRange,
    /// Who asks.
    pub secrets: &'a Secrets,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// Instead of our own name.
    pub user_agent: Option<&'a str>,
    /// The longest silence; a page may take twelve times that.
    pub timeout: Duration,
    /// The largest reply, all pages together, after decompression, in bytes.
    pub max_size: u64,
    /// Between two pages.
    pub pause: Duration,
}

/// Asks for the pages of a reply, and leaves them in the archive as one, whatever they say: also a refusal is a reply, and ends it.
/// `progress` is told the bytes received so far, after decompression.
///
/// # Errors
/// Not all of it came. What came is in the archive, marked as incomplete, up to 1 MiB of it.
pub async fn fetch(
    client: &HttpClients,
    archive: &Archive,
    request: &ManifestRequest<'_>,
    clock: Clock,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<RawReply, FetchError> {
    let mut writer = archive.begin().await?;
    writer.write(&frames::head(request.months)).await?;
    let mut fetching = Fetching {
        client,
        archive,
        request,
        sender: Sender::new(request),
        writer,
        record: None,
        received: 0,
        progress,
        hashes: HashSet::new(),
    };
    let outcome = fetching.pages(clock).await;
    let Fetching { sender, mut writer, record, .. } = fetching;
    match (outcome, record) {
        (Ok(last), Some(record)) => {
            let redactor = sender.redactor();
            let fetched_at = record.fetched_at;
            let record = ReplyRecord { status: last.status, headers: last.shown_headers(request, &redactor), ..record };
            let archived = writer.finish(record).await?;
            Ok(RawReply {
                status: last.status,
                content_type: redactor.text(&last.content_type),
                retry_after: last.retry_after,
                sha256: archived.sha256,
                bytes: archived.bytes,
                beginning: printable(&last.beginning),
                our_address: last.our_address,
                fetched_at,
            })
        }
        (Err(error), Some(record)) if !matches!(error, FetchError::Archive(_)) => {
            let error = error.redacted(&sender.redactor());
            writer.truncate(KEPT_OF_INCOMPLETE).await?;
            writer.finish(ReplyRecord { complete: false, problem: error.to_string(), ..record }).await?;
            Err(error)
        }
        (Err(error), _) => Err(error.redacted(&sender.redactor())),
        (Ok(_), None) => Err(ArchiveError::Stopped.into()),
    }
}

/// What takes the secrets of a request out of what a vendor said.
#[must_use]
pub fn redactor_for(secrets: &Secrets, customer_id: &str) -> Redactor {
    secrets.redactor(customer_id, &[])
}

struct Fetching<'a, 'r> {
    client: &'a HttpClients,
    archive: &'a Archive,
    request: &'a ManifestRequest<'r>,
    sender: Sender<'a, 'r>,
    writer: Writer,
    /// Once the first answer came.
    record: Option<ReplyRecord>,
    received: u64,
    progress: &'a (dyn Fn(u64) + Send + Sync),
    /// Of the pages that came.
    hashes: HashSet<[u8; 32]>,
}

/// The last page.
struct Last {
    status: u16,
    content_type: String,
    headers: HeaderMap,
    retry_after: Option<super::RetryAfter>,
    beginning: Vec<u8>,
    our_address: Option<std::net::IpAddr>,
}

impl Last {
    fn shown_headers(&self, request: &ManifestRequest<'_>, redactor: &Redactor) -> Vec<(String, String)> {
        shown(pairs(&self.headers), &request.requests.auth, redactor)
    }
}

/// Headers without secrets.
fn shown(headers: Vec<(String, String)>, auth: &Auth, redactor: &Redactor) -> Vec<(String, String)> {
    let is_secret = |name: &str| {
        matches!(name, "authorization" | "cookie" | "set-cookie") || matches!(auth, Auth::Header { name: secret, .. } if secret == name)
    };
    headers
        .into_iter()
        .map(|(name, value)| if is_secret(&name) { (name, MASK.to_owned()) } else { (name, redactor.text(&value)) })
        .collect()
}

impl Fetching<'_, '_> {
    /// Fetches page after page; gives the last.
    async fn pages(&mut self, clock: Clock) -> Result<Last, FetchError> {
        let requests = self.request.requests;
        let mut course = Course::new(requests.pages.as_ref());
        loop {
            let (answer, url) = self.ask(&course).await?;
            let host = host_of(&url);
            if self.record.is_none() {
                self.record = Some(self.new_record(&answer, &url, clock));
            }
            let last = Last {
                status: answer.status,
                content_type: answer.content_type(),
                headers: answer.headers.clone(),
                retry_after: answer.retry_after(),
                beginning: Vec::new(),
                our_address: answer.peer.and_then(address_towards),
            };
            let page = self.take(answer, &host).await?;
            let last = Last { beginning: page.beginning.clone(), ..last };
            self.write(&page, &last, &url, course.pages).await?;
            if !(200..300).contains(&last.status) || last.status == 202 {
                return Ok(last);
            }
            let Some(paging) = &requests.pages else { return Ok(last) };
            // A page that cannot be read ends it: whoever reads the reply will say why.
            let Some(seen) = self.look(&page).await? else { return Ok(last) };
            let failed = |what: String| FetchError::Pages { host: host.clone(), what };
            if seen.rows > 0 && !self.hashes.insert(page.hash) {
                let what = format!(
                    "page {} is the same as one before it, so there would be no end; the vendor does not honour what pages says",
                    course.pages
                );
                return Err(failed(what));
            }
            match course.next(paging, &seen, &last.headers, &url).map_err(failed)? {
                Next::End => return Ok(last),
                Next::OtherHost(other) => return Err(FetchError::OtherHost { host, other }),
                Next::More => {}
            }
            if course.pages > requests.most_pages {
                let what = format!("there are more than {} pages; if that is right, raise most in pages", requests.most_pages);
                return Err(FetchError::Pages { host, what });
            }
            tokio::time::sleep(self.request.pause).await;
        }
    }

    /// Sends the request for a page; once more with a new token if the one that was kept is not taken any more.
    async fn ask(&mut self, course: &Course) -> Result<(Answer, Url), FetchError> {
        let request = self.request;
        let mut again = true;
        loop {
            let url = sending::url(request, course)?;
            let (outgoing, url, token_was_kept) = self.sender.outgoing(self.client, course, url).await?;
            let left = request.max_size.saturating_sub(self.received);
            let call = Call {
                url: url.clone(),
                headers: HeaderMap::new(),
                user_agent: request.user_agent,
                allow_http: request.allow_http,
                timeout: request.timeout,
                max_size: left,
            };
            let answer = self.client.send(call, &outgoing).await?;
            if answer.status == 401 && token_was_kept && again {
                again = false;
                self.sender.forget_token(self.client).await;
                continue;
            }
            return Ok((answer, url));
        }
    }

    fn new_record(&self, answer: &Answer, url: &Url, clock: Clock) -> ReplyRecord {
        let (request, redactor) = (self.request, self.sender.redactor());
        ReplyRecord {
            source: request.source.clone(),
            account: request.account.clone(),
            report: request.mapping.report.clone(),
            release: String::new(),
            begin: Some(request.months.first),
            end: Some(request.months.last),
            method: if request.requests.method == Method::Get { "GET" } else { "POST" }.into(),
            url: sending::shown(url, &request.requests.auth, &redactor),
            request_headers: shown(pairs(&answer.request_headers), &request.requests.auth, &redactor),
            status: answer.status,
            headers: shown(pairs(&answer.headers), &request.requests.auth, &redactor),
            fetched_at: clock.now(),
            sha256: String::new(),
            bytes: 0,
            complete: true,
            problem: String::new(),
        }
    }

    /// Takes the body of a page, with our secrets taken out, unpacked.
    async fn take(&mut self, mut answer: Answer, host: &str) -> Result<Spool, FetchError> {
        let request = self.request;
        let redactor = self.sender.redactor();
        if request.requests.packed == Some(Packed::Gzip) {
            answer.unpack_gzip();
        }
        let status = answer.status;
        let (before, progress) = (self.received, self.progress);
        // What is in an archive has its secrets taken out when it is unpacked.
        let page = Spool::fill(self.archive.scratch()?, &mut answer, &redactor, &|size| progress(before + size)).await?;
        let left = request.max_size.saturating_sub(before);
        let is_zip = (200..300).contains(&status) && page.beginning.starts_with(b"PK");
        let page = match &request.requests.packed {
            Some(Packed::Zip(file)) if is_zip => page.unzip(self.archive.scratch()?, file.clone(), redactor, host, left).await?,
            _ if is_zip && request.mapping.format == Format::Xlsx => page.without_echo(redactor, host).await?,
            _ => page,
        };
        self.received += page.bytes;
        if self.received > request.max_size {
            return Err(FetchError::TooLarge { host: host.to_owned(), limit: request.max_size });
        }
        Ok(page)
    }

    /// Writes a page into the archived reply.
    async fn write(&mut self, page: &Spool, last: &Last, url: &Url, number: u64) -> Result<(), FetchError> {
        let redactor = self.sender.redactor();
        let head = frames::PageHead {
            page: number,
            status: last.status,
            url: sending::shown(url, &self.request.requests.auth, &redactor),
            content_type: redactor.text(&last.content_type),
            bytes: page.bytes,
        };
        self.writer.write(&frames::page(&head)).await?;
        page.copy_into(&mut self.writer).await?;
        Ok(self.writer.write(b"\n").await?)
    }

    /// What a page holds; nothing if it cannot be read.
    async fn look(&self, page: &Spool) -> Result<Option<PageSeen>, FetchError> {
        let file = page.reader().map_err(spool::failed)?;
        let (requests, mapping) = (Arc::clone(self.request.requests), Arc::clone(self.request.mapping));
        let looked = tokio::task::spawn_blocking(move || {
            let places = requests.pages.as_ref().map(|pages| pages.places()).unwrap_or_default();
            mapped::look(file, &mapping, &places)
        });
        Ok(looked.await.map_err(|_| ArchiveError::Stopped)?.ok())
    }
}
