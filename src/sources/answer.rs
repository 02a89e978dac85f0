//! [`Answer`]: the reply to one request, its body decompressed as it is read, within limits of time and size.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use futures_util::StreamExt as _;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, Url};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::time::Instant;
use tokio_util::io::StreamReader;

use super::RetryAfter;
use super::error::{FetchError, host_of};
use super::http::SILENCES;

/// Windows above 8 MiB are not allowed in HTTP (RFC 9659), and would let a vendor decide how much memory we use.
const ZSTD_WINDOW: u32 = 23;
/// More codings one over the other than anybody uses.
const MOST_CODINGS: usize = 3;
/// A payload that is gzip in itself, if it is: some vendors send a page without it where something is wrong.
const GZIP_PAYLOAD: &str = " gzip payload";
/// How much is read at a time.
const PIECE: usize = 64 * 1024;

/// How long and how large a reply may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The longest silence.
    pub silence: Duration,
    /// When it must be there.
    pub overall: Instant,
    /// The largest body after decompression, in bytes.
    pub max_size: u64,
}

/// The head of a reply, and the body as it comes.
pub(super) struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers, as they came.
    pub headers: HeaderMap,
    /// Who answered in the end; it holds secrets.
    pub url: Url,
    /// What was sent.
    pub request_headers: HeaderMap,
    /// Who was connected to: the host, or a proxy on the way there.
    pub peer: Option<SocketAddr>,
    body: Body,
}

type Reader = Box<dyn AsyncBufRead + Send + Unpin>;

struct Body {
    /// The bytes as they come; nothing once they are being decoded, or have ended.
    reader: Option<Reader>,
    /// `Content-Encoding`, the outermost last; empty once it is being decoded.
    codings: Vec<String>,
    host: String,
    limits: Limits,
    received: u64,
    buffer: Vec<u8>,
}

impl Answer {
    pub(super) fn new(response: Response, url: Url, request_headers: HeaderMap, limits: Limits) -> Self {
        let (status, headers, host) = (response.status().as_u16(), response.headers().clone(), host_of(&url));
        let peer = response.remote_addr();
        let codings = codings(&headers);
        let (from, most) = (host.clone(), limits.max_size);
        let compressed = Arc::new(AtomicU64::new(0));
        // No encoding makes a body much larger, so that many bytes mean that it is too large, or empty wrapping for ever.
        let most_compressed = most.saturating_add(most / 8).saturating_add(1 << 16);
        let stream = response.bytes_stream().map(move |piece| {
            let piece = piece.map_err(|error| std::io::Error::other(FetchError::reading(error, from.clone(), 0)))?;
            let length = piece.len() as u64;
            if compressed.fetch_add(length, Ordering::Relaxed) + length > most_compressed {
                return Err(std::io::Error::other(FetchError::TooLarge { host: from.clone(), limit: most }));
            }
            Ok(piece)
        });
        let reader: Reader = Box::new(StreamReader::new(Box::pin(stream)));
        let body = Body { reader: Some(reader), codings, host, limits, received: 0, buffer: vec![0; PIECE] };
        Self { status, headers, url, request_headers, peer, body }
    }

    /// `Content-Type`, or nothing.
    pub(super) fn content_type(&self) -> String {
        self.headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    /// `Retry-After`, if it is there and can be understood.
    pub(super) fn retry_after(&self) -> Option<RetryAfter> {
        self.headers.get(RETRY_AFTER)?.to_str().ok().and_then(RetryAfter::parse)
    }

    /// The payload is gzip in itself, within what `Content-Encoding` says; to be said before anything is read.
    pub(super) fn unpack_gzip(&mut self) {
        self.body.codings.insert(0, GZIP_PAYLOAD.to_owned());
    }

    /// The next piece of the body, decompressed; nothing at its end. After an error the connection is closed.
    ///
    /// # Errors
    /// [`FetchError::Timeout`], [`FetchError::Cut`], [`FetchError::TooLarge`], [`FetchError::Decompression`].
    pub(super) async fn next(&mut self) -> Result<Option<&[u8]>, FetchError> {
        self.body.next().await
    }
}

impl Body {
    async fn next(&mut self) -> Result<Option<&[u8]>, FetchError> {
        let (silence, overall) = (self.limits.silence, self.limits.overall);
        let patience = overall.min(Instant::now() + silence);
        let outcome = match tokio::time::timeout_at(patience, self.read()).await {
            Ok(outcome) => outcome,
            Err(_) if patience == overall => {
                Err(FetchError::Timeout { host: self.host.clone(), what: "the reply did not end", seconds: (silence * SILENCES).as_secs() })
            }
            Err(_) => Err(FetchError::Timeout { host: self.host.clone(), what: "nothing more came", seconds: silence.as_secs() }),
        };
        match outcome {
            Ok(0) => {
                self.reader = None;
                Ok(None)
            }
            Ok(n) => Ok(self.buffer.get(..n)),
            Err(error) => {
                self.reader = None;
                Err(error)
            }
        }
    }

    async fn read(&mut self) -> Result<usize, FetchError> {
        if !self.codings.is_empty()
            && let Some(reader) = self.reader.take()
        {
            let codings = std::mem::take(&mut self.codings);
            self.reader = Some(decoded(reader, &codings).await.map_err(|error| self.failed(error))?);
        }
        let Some(reader) = &mut self.reader else { return Ok(0) };
        // One byte more than allowed shows that there is more.
        let left = usize::try_from(self.limits.max_size - self.received).unwrap_or(PIECE).saturating_add(1).min(PIECE);
        let Some(buffer) = self.buffer.get_mut(..left) else { return Ok(0) };
        match reader.read(buffer).await {
            Ok(n) if self.received + n as u64 > self.limits.max_size => {
                Err(FetchError::TooLarge { host: self.host.clone(), limit: self.limits.max_size })
            }
            Ok(n) => {
                self.received += n as u64;
                Ok(n)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// A failure of the network as it was understood there; anything else is a failure of decoding.
    fn failed(&self, error: std::io::Error) -> FetchError {
        let (host, kind, cause) = (self.host.clone(), error.kind(), error.to_string());
        match error.into_inner().map(<dyn std::error::Error + Send + Sync>::downcast::<FetchError>) {
            Some(Ok(error)) => match *error {
                FetchError::Cut { host, cause, .. } => FetchError::Cut { host, received: self.received, cause },
                other => other,
            },
            _ if kind == ErrorKind::UnexpectedEof => {
                FetchError::Cut { host, received: self.received, cause: "the compressed data ends too early".into() }
            }
            _ => FetchError::Decompression { host, cause },
        }
    }
}

/// `Content-Encoding`, in the order in which they were applied, without those that change nothing.
fn codings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase());
    names.filter(|name| !matches!(name.as_str(), "" | "identity" | "none" | "utf-8")).collect()
}

/// The reader with all codings taken off.
async fn decoded(mut reader: Reader, codings: &[String]) -> std::io::Result<Reader> {
    if codings.iter().filter(|coding| *coding != GZIP_PAYLOAD).count() > MOST_CODINGS {
        return Err(std::io::Error::new(ErrorKind::InvalidData, "too many encodings over one another"));
    }
    for coding in codings.iter().rev() {
        // A reply without a body says how the body would have been encoded.
        let beginning = reader.fill_buf().await?;
        if beginning.is_empty() {
            return Ok(reader);
        }
        if coding == GZIP_PAYLOAD && beginning.first() != Some(&0x1f) {
            continue;
        }
        reader = match coding.as_str() {
            "gzip" | "x-gzip" | GZIP_PAYLOAD => {
                let mut decoder = GzipDecoder::new(reader);
                decoder.multiple_members(true);
                buffered(decoder)
            }
            "deflate" => buffered(DeflateDecoder::new(without_zlib_header(reader).await?)),
            "br" => buffered(BrotliDecoder::new(reader)),
            "zstd" => {
                let mut decoder = ZstdDecoder::with_params(reader, &[DParameter::window_log_max(ZSTD_WINDOW)]);
                decoder.multiple_members(true);
                buffered(decoder)
            }
            other => {
                let shown: String = other.chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(std::io::Error::new(ErrorKind::InvalidData, format!("Content-Encoding '{shown}' is not known")));
            }
        };
    }
    Ok(reader)
}

fn buffered(reader: impl AsyncRead + Send + Unpin + 'static) -> Reader {
    Box::new(BufReader::new(reader))
}

/// By `deflate` the standard means zlib (RFC 9110 section 8.4.1.2), but some send it without the header
/// (RFC 1950 section 2.2) by which the other is known: method 8, no dictionary, and a check of both bytes.
async fn without_zlib_header(mut reader: Reader) -> std::io::Result<Reader> {
    let mut head = [0; 2];
    let mut length = 0;
    while let Some(rest) = head.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest).await? {
            0 => break,
            n => length += n,
        }
    }
    let [first, second] = head;
    let zlib = length == 2 && first & 0x0f == 8 && second & 0x20 == 0 && u16::from_be_bytes(head).is_multiple_of(31);
    if zlib {
        return Ok(reader);
    }
    let head = head.get(..length).unwrap_or_default().to_vec();
    Ok(Box::new(std::io::Cursor::new(head).chain(reader)))
}
