//! From the network into the archive: [`keep`] streams a reply there with our secrets taken out, and gives
//! [`RawReply`], what is needed to decide what to do with it.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::error::FetchError;
use super::http::address_towards;
use super::redact::Redactor;
use super::retry_after::RetryAfter;
use crate::archive::{Archive, ReplyRecord};

/// How much is kept of a reply that did not come whole: enough to see what it was. A vendor that sends
/// gigabytes, or breaks off each time, must not fill the disk.
const KEPT_OF_INCOMPLETE: u64 = 1024 * 1024;
/// How much of a reply is shown to people.
const SHOWN: usize = 200;

/// A reply that came whole and is in the archive, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawReply {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`; empty if there was none.
    pub content_type: String,
    /// When the vendor wants to be asked again, if it says so.
    pub retry_after: Option<RetryAfter>,
    /// Its name in the archive.
    pub sha256: String,
    /// Bytes of the body in the archive, before compression.
    pub bytes: u64,
    /// The first 200 bytes, printable, without secrets.
    pub beginning: String,
    /// The address of this machine from which it was asked for, if it can be found out.
    pub our_address: Option<IpAddr>,
    /// When the answer began to come.
    pub fetched_at: DateTime<Utc>,
}

/// Takes the body of an answer into the archive. `record` says all but what the answer says itself;
/// `progress` is told the bytes received so far, after decompression.
///
/// # Errors
/// The reply did not come whole: its beginning is in the archive then, marked as incomplete.
pub(super) async fn keep(
    mut answer: Answer,
    archive: &Archive,
    redactor: &Redactor,
    mut record: ReplyRecord,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<RawReply, FetchError> {
    let mut writer = archive.begin().await?;
    let mut stream = redactor.stream();
    let (mut out, mut beginning, mut received) = (Vec::new(), Vec::new(), 0);
    let problem = loop {
        match answer.next().await {
            Ok(Some(piece)) => {
                received += piece.len() as u64;
                stream.push(piece, &mut out);
            }
            Ok(None) => {
                stream.finish(&mut out);
                take(&mut writer, &out, &mut beginning).await?;
                break None;
            }
            // What the redactor still holds may be the first half of a secret, so it is dropped.
            Err(problem) => break Some(problem.redacted(redactor)),
        }
        take(&mut writer, &out, &mut beginning).await?;
        out.clear();
        progress(received);
    };
    record.complete = problem.is_none();
    if let Some(problem) = &problem {
        record.problem = problem.to_string();
        writer.truncate(KEPT_OF_INCOMPLETE).await?;
    }
    let (status, fetched_at) = (record.status, record.fetched_at);
    let archived = writer.finish(record).await?;
    match problem {
        Some(problem) => Err(problem),
        None => Ok(RawReply {
            status,
            content_type: redactor.text(&answer.content_type()),
            retry_after: answer.retry_after(),
            sha256: archived.sha256,
            bytes: archived.bytes,
            beginning: printable(&beginning),
            our_address: answer.peer.and_then(address_towards),
            fetched_at,
        }),
    }
}

async fn take(writer: &mut crate::archive::Writer, out: &[u8], beginning: &mut Vec<u8>) -> Result<(), FetchError> {
    beginning.extend(out.iter().take(SHOWN.saturating_sub(beginning.len())));
    Ok(writer.write(out).await?)
}

/// The first 200 bytes as one line of text.
pub(super) fn printable(bytes: &[u8]) -> String {
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let text = String::from_utf8_lossy(shown);
    // The cut may have gone through a character.
    let text = if shown.len() == SHOWN { text.trim_end_matches('\u{fffd}') } else { &text };
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
