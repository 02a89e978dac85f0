//! Bodies of replies as streams: whole, cut, slow, endless, compressed. Nothing is held whole in memory.
//!
//! Each function gives [`Pieces`]; [`counted`] ties them to the request that they answer.

use std::time::Duration;

use async_compression::tokio::bufread::GzipEncoder;
use bytes::Bytes;
use chrono::NaiveDate;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::watch;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::model::Release;

use super::server::InFlight;
use super::text::ReportText;

/// A body, piece by piece.
pub(super) type Pieces = BoxStream<'static, std::io::Result<Bytes>>;

/// The size at which [`endless`] ends after all.
const TEN_GIB: u64 = 10 << 30;

/// What [`spaces`] inflates to.
const FIVE_GIB: u64 = 5 << 30;

/// A short text.
pub(super) fn whole(text: String) -> Pieces {
    stream::iter((!text.is_empty()).then(|| Ok(Bytes::from(text)))).boxed()
}

/// The report as it is.
pub(super) fn plain(text: ReportText) -> Pieces {
    stream::iter(text.map(|piece| Ok(Bytes::from(piece)))).boxed()
}

/// Never anything.
pub(super) fn silence() -> Pieces {
    stream::pending().boxed()
}

/// The report without its last piece's second half.
pub(super) fn cut(text: ReportText) -> Pieces {
    let mut text = text.peekable();
    let pieces = std::iter::from_fn(move || {
        let mut piece = text.next()?.into_bytes();
        if text.peek().is_none() {
            piece.truncate(piece.len() / 2);
        }
        Some(Ok(Bytes::from(piece)))
    });
    stream::iter(pieces).boxed()
}

/// The header of the report, and then the connection breaks.
pub(super) fn dropped(mut text: ReportText) -> Pieces {
    let head = text.next().unwrap_or_default();
    let broken = async {
        // What was written so far is only sent when the next piece is not there at once.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    };
    stream::iter([Ok(Bytes::from(head))]).chain(stream::once(broken)).boxed()
}

/// The report in pieces of 40 bytes, the first two hundred of them with a pause of a millisecond.
pub(super) fn slow(text: ReportText) -> Pieces {
    let small = text.flat_map(|piece| {
        let piece = Bytes::from(piece);
        (0..piece.len()).step_by(40).map(move |at| piece.slice(at..piece.len().min(at + 40)))
    });
    let paced = |(number, piece): (usize, Bytes)| async move {
        if number < 200 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(piece)
    };
    stream::iter(small.enumerate()).then(paced).boxed()
}

/// A valid beginning, and items for as long as anybody reads.
pub(super) fn endless(head: String, release: Release) -> Pieces {
    let performance = match release {
        Release::R51 => r#""Attribute_Performance":[{"Data_Type":"Book","Performance":{"Total_Item_Requests":{"2024-01":1}}}]"#,
        Release::R4 | Release::R5 => {
            r#""Data_Type":"Book","Performance":[{"Period":{"Begin_Date":"2024-01-01","End_Date":"2024-01-31"},"Instance":[{"Metric_Type":"Total_Item_Requests","Count":1}]}]"#
        }
    };
    let (mut sent, mut number) = (0_u64, 0_u64);
    let items = std::iter::from_fn(move || {
        if sent >= TEN_GIB {
            return None;
        }
        let mut piece = String::with_capacity(40_000);
        while piece.len() < 32 * 1024 {
            let comma = if number == 0 { "" } else { "," };
            piece.push_str(&format!("{comma}\n{{\"Title\":\"Endless {number}\",\"Platform\":\"Endless\",{performance}}}"));
            number += 1;
        }
        sent += piece.len() as u64;
        Some(piece)
    });
    let end = std::iter::once("]}".to_owned());
    stream::iter(std::iter::once(head).chain(items).chain(end).map(|piece| Ok(Bytes::from(piece)))).boxed()
}

/// A valid report that is nearly all spaces.
pub(super) fn spaces(head: String) -> Pieces {
    const BLANK: &[u8] = &[b' '; 64 * 1024];
    let times = usize::try_from(FIVE_GIB / BLANK.len() as u64).unwrap_or(usize::MAX);
    let blanks = std::iter::repeat_n(Bytes::from_static(BLANK), times);
    let pieces = std::iter::once(Bytes::from(head)).chain(blanks).chain([Bytes::from_static(b"]}")]);
    stream::iter(pieces.map(Ok)).boxed()
}

/// The same, compressed as it goes.
pub(super) fn gzip(pieces: Pieces) -> Pieces {
    ReaderStream::new(GzipEncoder::new(StreamReader::new(pieces))).boxed()
}

/// The same, tied to the request: it counts as being answered until just before the client can see the end,
/// and stops when the simulator does.
pub(super) fn counted(
    pieces: Pieces,
    in_flight: InFlight,
    stopped: watch::Receiver<NaiveDate>,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    let gone = async move {
        let mut stopped = stopped;
        while stopped.changed().await.is_ok() {}
    };
    // The state, and with it `in_flight`, is dropped when the pieces end; only then is the end of the body written.
    stream::unfold((pieces.take_until(Box::pin(gone)), in_flight), |(mut pieces, in_flight)| async move {
        let piece = pieces.next().await?;
        Some((piece, (pieces, in_flight)))
    })
}
