//! [`FetchError`]: why nothing usable came back, told apart by what to do about it.
//!
//! No text here holds an address beyond the host's name, nor a secret.

use std::error::Error;
use std::io;

use reqwest::Url;

use super::redact::Redactor;
use crate::archive::ArchiveError;

/// Why a vendor gave no whole reply.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The configured address cannot be asked.
    #[error("the address of the source {what}")]
    Address {
        /// What is wrong with it and what to do.
        what: String,
    },
    /// The host's name is not known.
    #[error("{host}: the name cannot be found ({cause}); check the address of the source, and this machine's DNS")]
    Dns {
        /// The host.
        host: String,
        /// What the system said.
        cause: String,
    },
    /// Nobody answers there.
    #[error("{host}: cannot be reached ({cause})")]
    Unreachable {
        /// The host and port.
        host: String,
        /// What the system said.
        cause: String,
    },
    /// No safe connection: most often the certificate.
    #[error("{host}: no safe connection ({cause}); nothing was sent")]
    Tls {
        /// The host and port.
        host: String,
        /// What is wrong.
        cause: String,
    },
    /// It took too long.
    #[error("{host}: {what} within {seconds} s")]
    Timeout {
        /// The host and port.
        host: String,
        /// What did not happen (`no answer`).
        what: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// The connection ended before the reply did.
    #[error("{host}: the connection ended in the middle of the reply, after {received} bytes ({cause})")]
    Cut {
        /// The host and port.
        host: String,
        /// Bytes received, after decompression.
        received: u64,
        /// What was seen of it.
        cause: String,
    },
    /// More than is allowed.
    #[error("{host}: the reply is larger than {limit} bytes after decompression; if that is right, raise max_report_size")]
    TooLarge {
        /// The host and port.
        host: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// It sends us to somebody else, who is given nothing.
    #[error(
        "{host} sends us on to {other}, which was not asked, since it would get our credentials; if that is right, make it the address of the source"
    )]
    OtherHost {
        /// Who was asked.
        host: String,
        /// Scheme, host and port that it names.
        other: String,
    },
    /// It sends us in circles.
    #[error("{host} sends us from one address to the next, more than {times} times")]
    Redirects {
        /// The host and port.
        host: String,
        /// How often it was followed.
        times: usize,
    },
    /// What came is not what `Content-Encoding` says.
    #[error("{host}: the reply cannot be decompressed ({cause})")]
    Decompression {
        /// The host and port.
        host: String,
        /// What is wrong.
        cause: String,
    },
    /// It does not speak HTTP properly.
    #[error("{host}: not a proper HTTP reply ({cause})")]
    Protocol {
        /// The host and port.
        host: String,
        /// What is wrong.
        cause: String,
    },
    /// No token was given to us.
    #[error("{host}: no token was given ({said}); check client id and client secret, and token_url and scope in auth")]
    Token {
        /// Who gives tokens.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What was said.
        said: String,
    },
    /// Pages that cannot be followed to their end.
    #[error("{host}: {what}")]
    Pages {
        /// The host and port.
        host: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A workbook that repeats a secret cannot be kept.
    #[error(
        "{host}: the workbook repeats our credentials, which cannot be taken out of it; nothing was kept. Ask the vendor for another format"
    )]
    Echo {
        /// The host and port.
        host: String,
    },
    /// The reply could not be kept.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl FetchError {
    /// Whether asking again, as things are, cannot help.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::Address { .. }
                | Self::Tls { .. }
                | Self::TooLarge { .. }
                | Self::OtherHost { .. }
                | Self::Redirects { .. }
                | Self::Token { status: 400..=428 | 430..=499, .. }
                | Self::Pages { .. }
                | Self::Echo { .. }
                | Self::Archive(_)
        )
    }

    /// Whether nobody is there at all, so that asking for something else there is of no use either.
    #[must_use]
    pub fn is_of_host(&self) -> bool {
        matches!(self, Self::Dns { .. } | Self::Unreachable { .. })
    }

    /// The same with secrets taken out of what others said.
    pub(super) fn redacted(mut self, redactor: &Redactor) -> Self {
        match &mut self {
            Self::Dns { cause, .. }
            | Self::Unreachable { cause, .. }
            | Self::Tls { cause, .. }
            | Self::Cut { cause, .. }
            | Self::Decompression { cause, .. }
            | Self::Protocol { cause, .. } => *cause = redactor.text(cause),
            Self::OtherHost { other, .. } => *other = redactor.text(other),
            Self::Token { said, .. } => *said = redactor.text(said),
            Self::Address { .. }
            | Self::Timeout { .. }
            | Self::TooLarge { .. }
            | Self::Redirects { .. }
            | Self::Pages { .. }
            | Self::Echo { .. }
            | Self::Archive(_) => {}
        }
        self
    }

    /// A failure before the head of the reply was there.
    pub(super) fn sending(error: reqwest::Error, host: String, seconds: u64) -> Self {
        let error = error.without_url();
        let cause = deepest(&error);
        if error.is_builder() {
            return Self::Address { what: format!("cannot be asked: {cause}") };
        }
        if chain(&error).any(is_tls) {
            return Self::Tls { host, cause };
        }
        if error.is_timeout() {
            return Self::Timeout { host, what: "no connection", seconds };
        }
        if error.is_connect() {
            let unknown = chain(&error).any(|error| error.to_string().contains("dns error"));
            return if unknown { Self::Dns { host, cause } } else { Self::Unreachable { host, cause } };
        }
        if chain(&error).any(is_cut) { Self::Cut { host, received: 0, cause } } else { Self::Protocol { host, cause } }
    }

    /// A failure while the body came: whatever the network does then, the reply is cut.
    pub(super) fn reading(error: reqwest::Error, host: String, received: u64) -> Self {
        Self::Cut { host, received, cause: deepest(&error.without_url()) }
    }
}

/// Scheme, host and port: all of an address that may be told. The host alone where the rest goes without saying.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("(no host)");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An error and its causes, also those that an I/O error has wrapped.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    fn next<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => (*error).source(),
        }
    }
    std::iter::successors(Some(error), next)
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<rustls::Error>()
}

fn is_cut(error: &(dyn Error + 'static)) -> bool {
    let broken = error.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::NotConnected
        )
    });
    // The HTTP library keeps this one to itself, but for its text.
    broken || error.to_string().contains("closed before message completed")
}

/// What the innermost cause says: the others only say that something went wrong.
pub(super) fn deepest(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}
