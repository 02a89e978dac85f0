//! Replies that come whole.

use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZstdEncoder};
use axum::body::Body;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use super::*;

/// All of a metric in a report of release 5.1.
fn total(report: &Value, metric: &str) -> u64 {
    let rows = report["Report_Items"].as_array().unwrap().iter().flat_map(|item| item["Attribute_Performance"].as_array().unwrap());
    let months = rows.filter_map(|row| row["Performance"].get(metric)).flat_map(|months| months.as_object().unwrap().values());
    months.map(|count| count.as_u64().unwrap()).sum()
}

#[tokio::test]
async fn a_report_comes_whole_and_is_archived_with_what_was_asked() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::Normal).await);
    let received = Mutex::new(Vec::new());
    let reply = ours.fetch_with(&simulator.url("v"), &|bytes| received.lock().unwrap().push(bytes)).await.unwrap();

    let body = ours.body(&reply.sha256);
    let report: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(report["Report_Header"]["Report_ID"], "TR");
    let of_month = |month: u32| simulator.book("v", "c", "TR", format!("2024-{month:02}").parse().unwrap());
    let books = (1..=12).flat_map(of_month).filter(|((metric, ..), _)| metric == "Total_Item_Requests").map(|(_, count)| count);
    let expected: u64 = books.sum();
    assert!(expected > 0);
    assert_eq!(total(&report, "Total_Item_Requests"), expected);

    assert_eq!((reply.status, reply.content_type.as_str(), reply.retry_after), (200, "application/json", None));
    assert_eq!(reply.bytes, body.len() as u64);
    assert!(reply.beginning.starts_with('{') && body.starts_with(reply.beginning.split(' ').next().unwrap().as_bytes()));
    let received = received.into_inner().unwrap();
    assert!(received.is_sorted() && received.last() == Some(&reply.bytes), "{received:?}");

    let record = ours.record();
    assert_eq!((record.source.as_str(), record.account.as_str(), record.report.as_str()), ("source", "account", "TR"));
    assert_eq!((record.release.as_str(), record.method.as_str(), record.status), ("5.1", "GET", 200));
    assert_eq!((record.begin, record.end), ("2024-01".parse().ok(), "2024-12".parse().ok()));
    assert_eq!((record.sha256, record.bytes, record.fetched_at), (reply.sha256, reply.bytes, clock().now()));
    assert!(record.complete && record.problem.is_empty());

    let [request] = &simulator.requests("v")[..] else { panic!("one request") };
    assert!(request.authorised && request.referer.is_none());
    assert_eq!((request.report.as_str(), request.begin.as_str(), request.end.as_str()), ("TR", "2024-01", "2024-12"));
    assert!(request.user_agent.contains("avling/") && request.user_agent.contains("drift@example.org"));
}

#[tokio::test]
async fn a_compressed_report_is_the_same_report() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::Normal).await);
    let plain = ours.fetch(&simulator.url("v")).await.unwrap();
    simulator.set_behaviour("v", Behaviour::Gzip);
    let zipped = ours.fetch(&simulator.url("v")).await.unwrap();
    assert_eq!((plain.sha256, plain.bytes), (zipped.sha256, zipped.bytes));
}

#[tokio::test]
async fn a_report_in_many_small_pieces_is_the_same_report() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::Normal).await);
    let plain = ours.fetch(&simulator.url("v")).await.unwrap();
    simulator.set_behaviour("v", Behaviour::ChunkedSlow);
    assert_eq!(ours.fetch(&simulator.url("v")).await.unwrap().sha256, plain.sha256);
}

/// The text in an encoding of HTTP; several with commas between are applied in their order.
async fn encoded(text: &[u8], codings: &str) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for coding in codings.split(',') {
        macro_rules! with {
            ($encoder:ident) => {{
                let mut encoder = $encoder::new(Vec::new());
                encoder.write_all(&bytes).await.unwrap();
                encoder.shutdown().await.unwrap();
                encoder.into_inner()
            }};
        }
        bytes = match coding.trim() {
            "gzip" | "x-gzip" => with!(GzipEncoder),
            "br" => with!(BrotliEncoder),
            "zstd" => with!(ZstdEncoder),
            "deflate" => {
                let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| ((a + u32::from(*byte)) % 65521, (b + a + u32::from(*byte)) % 65521));
                // Around the same data, zlib has a head and a checksum (RFC 1950).
                [&[0x78, 0x9c], with!(DeflateEncoder).as_slice(), &(b << 16 | a).to_be_bytes()].concat()
            }
            "deflate without header" => with!(DeflateEncoder),
            _ => bytes,
        };
    }
    bytes
}

#[tokio::test]
async fn every_encoding_of_http_is_taken_off_also_one_over_another() {
    let text = "{\"Report_Items\":[]} ".repeat(10_000);
    for coding in ["identity", "gzip", "X-GZIP", "br", "zstd", "deflate", "deflate without header", "gzip, br", "none"] {
        let bytes = encoded(text.as_bytes(), &coding.to_lowercase()).await;
        let header = coding.replace(" without header", "");
        let (_, url) =
            Server::start(move |_| Response::builder().header("Content-Encoding", &header).body(Body::from(bytes.clone())).unwrap()).await;
        let ours = Ours::new();
        let reply = ours.fetch(&url).await.unwrap_or_else(|error| panic!("{coding}: {error}"));
        assert_eq!(ours.body(&reply.sha256), text.as_bytes(), "{coding}");
    }
}

#[tokio::test]
async fn an_encoding_that_is_unknown_or_wrong_is_refused_and_said() {
    for (coding, body) in [("compress", "abc"), ("gzip", "no gzip at all, but some text"), ("gzip,gzip,gzip,gzip", "abc")] {
        let (_, url) = Server::start(move |_| Response::builder().header("Content-Encoding", coding).body(Body::from(body)).unwrap()).await;
        let ours = Ours::new();
        let error = ours.fetch(&url).await.unwrap_err();
        assert!(matches!(error, FetchError::Decompression { .. }), "{coding}: {error:?}");
        let record = ours.record();
        assert!(!record.complete, "{coding}");
        assert_eq!(record.problem, error.to_string());
    }
}

#[tokio::test]
async fn a_compressed_reply_that_ends_too_early_is_cut() {
    let mut bytes = encoded("text ".repeat(10_000).as_bytes(), "gzip").await;
    bytes.truncate(bytes.len() / 2);
    let (_, url) =
        Server::start(move |_| Response::builder().header("Content-Encoding", "gzip").body(Body::from(bytes.clone())).unwrap()).await;
    let error = Ours::new().fetch(&url).await.unwrap_err();
    assert!(matches!(error, FetchError::Cut { .. }), "{error:?}");
    assert!(!error.needs_a_person());
}

#[tokio::test]
async fn a_refusal_is_a_reply_too_and_is_kept() {
    for (behaviour, status, said) in [
        (Behaviour::Unauthorized, 401, "2010"),
        (Behaviour::NotFound, 404, "Not Found"),
        (Behaviour::ServerError, 500, "Internal Server Error"),
        (Behaviour::Html, 200, "log in"),
    ] {
        let (ours, simulator) = (Ours::new(), vendor(behaviour).await);
        let reply = ours.fetch(&simulator.url("v")).await.unwrap();
        assert_eq!(reply.status, status);
        assert!(reply.beginning.contains(said), "{}", reply.beginning);
        assert_eq!((ours.record().status, ours.record().complete), (status, true));
    }
}

#[tokio::test]
async fn when_to_ask_again_is_told() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::TooManyRequests { retry_after_s: 90 }).await);
    let reply = ours.fetch(&simulator.url("v")).await.unwrap();
    assert_eq!((reply.status, reply.retry_after), (429, Some(RetryAfter::Seconds(90))));
    simulator.set_behaviour("v", Behaviour::Queued { times: 1 });
    let queued = ours.fetch(&simulator.url("v")).await.unwrap();
    assert_eq!((queued.status, queued.retry_after), (202, Some(RetryAfter::Seconds(1))));
    assert_eq!(ours.fetch(&simulator.url("v")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_reply_without_a_body_is_kept_as_nothing() {
    let (_, url) = Server::start(|_| Response::builder().status(204).header("Content-Encoding", "gzip").body(Body::empty()).unwrap()).await;
    let ours = Ours::new();
    let reply = ours.fetch(&url).await.unwrap();
    assert_eq!((reply.status, reply.bytes, reply.beginning.as_str()), (204, 0, ""));
    assert!(ours.body(&reply.sha256).is_empty());
}
