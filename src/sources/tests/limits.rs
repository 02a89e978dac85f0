//! Replies that do not come, or do not end.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;

use super::*;

const MIB: u64 = 1 << 20;

/// What is kept of a reply that did not come whole is the beginning, marked as such.
fn assert_only_the_beginning_is_kept(ours: &Ours, error: &FetchError) {
    let record = ours.record();
    assert!(!record.complete);
    assert_eq!(record.problem, error.to_string());
    assert!(record.bytes <= MIB, "{}", record.bytes);
    assert_eq!(ours.body(&record.sha256).len() as u64, record.bytes);
}

#[tokio::test]
async fn a_reply_without_end_is_stopped_at_the_limit() {
    let (ours, simulator) = (Ours::new().taking_at_most(3 * MIB), vendor(Behaviour::Endless).await);
    let most = Mutex::new(0);
    let error = ours.fetch_with(&simulator.url("v"), &|bytes| *most.lock().unwrap() = bytes).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit, .. } if limit == 3 * MIB), "{error:?}");
    assert!(error.needs_a_person() && error.to_string().contains("max_report_size"));
    let most = most.into_inner().unwrap();
    assert!(most > MIB && most <= 3 * MIB, "{most}");
    assert_only_the_beginning_is_kept(&ours, &error);
    assert_eq!(ours.record().bytes, MIB);
}

#[tokio::test]
async fn a_small_reply_that_inflates_without_end_is_stopped_at_the_limit() {
    let (ours, simulator) = (Ours::new().taking_at_most(3 * MIB), vendor(Behaviour::GzipBomb).await);
    let error = ours.fetch(&simulator.url("v")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
    assert_only_the_beginning_is_kept(&ours, &error);
}

#[tokio::test]
async fn a_reply_of_just_the_limit_is_whole_and_one_byte_more_is_too_large() {
    let (_, url) = Server::start(|_| Response::new(Body::from(vec![b' '; 1000]))).await;
    assert_eq!(Ours::new().taking_at_most(1000).fetch(&url).await.unwrap().bytes, 1000);
    assert!(matches!(Ours::new().taking_at_most(999).fetch(&url).await, Err(FetchError::TooLarge { limit: 999, .. })));
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_is_told_and_the_beginning_kept() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::Dropped).await);
    let error = ours.fetch(&simulator.url("v")).await.unwrap_err();
    let FetchError::Cut { received, .. } = &error else { panic!("{error:?}") };
    assert!(*received > 0 && !error.needs_a_person());
    assert_only_the_beginning_is_kept(&ours, &error);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let ours = Ours::new();
    let error = ours.fetch(&format!("http://{address}")).await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&address.to_string()) && !error.needs_a_person());
    assert!(ours.records().is_empty());
    assert_no_secret(&format!("{error} {error:?}"));
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    // Connections are made, and lie there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = Ours::new().impatient();
    let error = ours.fetch(&format!("http://{}", listener.local_addr().unwrap())).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { what: "no answer", .. }), "{error:?}");
    assert!(ours.records().is_empty());
    assert_no_secret(&format!("{error} {error:?}"));
}

#[tokio::test]
async fn a_reply_that_falls_silent_is_given_up() {
    let (ours, simulator) = (Ours::new().impatient(), vendor(Behaviour::Silent).await);
    let error = ours.fetch(&simulator.url("v")).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { what: "nothing more came", .. }), "{error:?}");
    assert_only_the_beginning_is_kept(&ours, &error);
}

#[tokio::test]
async fn a_reply_that_drips_for_ever_is_given_up_in_the_end() {
    let (_, url) = Server::start(|_| {
        let drops = futures_util::stream::unfold(tokio::time::interval(Duration::from_millis(5)), |mut interval| async {
            interval.tick().await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), interval))
        });
        Response::new(Body::from_stream(drops.boxed()))
    })
    .await;
    let ours = Ours::new().impatient();
    let error = tokio::time::timeout(Duration::from_mins(1), ours.fetch(&url)).await.expect("given up by then").unwrap_err();
    assert!(matches!(error, FetchError::Timeout { what: "the reply did not end", .. }), "{error:?}");
    assert_only_the_beginning_is_kept(&ours, &error);
    assert!(ours.record().bytes > 0);
}

#[tokio::test]
async fn what_is_not_http_is_said_to_be_no_reply() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"220 mail.example.org ESMTP\r\n\r\n").await;
    });
    let error = Ours::new().fetch(&url).await.unwrap_err();
    assert!(matches!(error, FetchError::Protocol { .. }), "{error:?}");
    assert_no_secret(&format!("{error} {error:?}"));
}
