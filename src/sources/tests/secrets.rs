//! Our secrets go to the vendor that they are for, and nowhere else.

use std::convert::Infallible;

use axum::body::{Body, Bytes};

use super::*;

fn redirect(status: u16, to: &str) -> Response {
    Response::builder().status(status).header("Location", to).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn another_host_that_we_are_sent_to_is_not_asked_at_all() {
    let simulator = vendors(&[("other", Behaviour::Normal), ("v", Behaviour::Normal)]).await;
    let elsewhere = format!("{}/reports/tr", simulator.url("other"));
    simulator.set_behaviour("v", Behaviour::RedirectElsewhere(elsewhere));
    let ours = Ours::new();
    let error = ours.fetch(&simulator.url("v")).await.unwrap_err();
    assert!(matches!(error, FetchError::OtherHost { .. }), "{error:?}");
    assert!(error.needs_a_person());
    assert_eq!((simulator.requests("v").len(), simulator.requests("other").len()), (1, 0));
    assert_no_secret(&format!("{error} {error:?} {}", ours.everything()));
}

#[tokio::test]
async fn no_kind_of_redirect_leads_to_another_origin() {
    let (other, elsewhere) = Server::start(|_| Response::new(Body::empty())).await;
    let port = elsewhere.rsplit_once(':').unwrap().1.to_owned();
    for (status, to) in [
        (301, format!("{elsewhere}/a")),
        (302, format!("//127.0.0.1:{port}/b")),
        (303, format!("http://localhost:{port}/c")),
        (307, format!("http://{REQUESTOR}@127.0.0.1:{port}/d")),
        (308, format!("HTTP://127.0.0.1:{port}/?requestor_id={REQUESTOR}")),
        (307, format!("http://{REQUESTOR}.example.org/e")),
        (302, format!("https://127.0.0.1:{port}/f")),
    ] {
        let location = to.clone();
        let (_, url) = Server::start(move |_| redirect(status, &location)).await;
        let error = Ours::new().fetch(&url).await.unwrap_err();
        assert!(matches!(error, FetchError::OtherHost { .. }), "{to}: {error:?}");
        assert_no_secret(&format!("{error} {error:?}"));
    }
    assert!(other.seen().is_empty(), "{:?}", other.seen());
}

#[tokio::test]
async fn a_redirect_of_the_same_host_is_followed_without_a_referer() {
    let (server, url) = Server::start(|uri| match uri {
        "/there" => Response::new(Body::from("{}")),
        _ => redirect(302, "/there"),
    })
    .await;
    let ours = Ours::new();
    assert_eq!(ours.fetch(&url).await.unwrap().bytes, 2);
    assert_eq!(ours.record().url, format!("{url}/there"));
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[0].uri.contains(REQUESTOR));
    // What goes along is no more than the address that we were sent to.
    assert_no_secret(&format!("{:?}", seen[1]));
    assert!(seen.iter().flat_map(|seen| &seen.headers).all(|(name, _)| name != "referer" && name != "cookie"));
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let (server, url) = Server::start(|uri| redirect(307, uri)).await;
    let error = Ours::new().fetch(&url).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirects { .. }), "{error:?}");
    assert!(error.needs_a_person());
    assert!((2..20).contains(&server.seen().len()));
    assert_no_secret(&format!("{error} {error:?}"));
}

#[tokio::test]
async fn a_vendor_that_says_our_secrets_back_leaves_none_in_the_archive() {
    let (ours, simulator) = (Ours::new(), vendor(Behaviour::Echo).await);
    let reply = ours.fetch(&simulator.url("v")).await.unwrap();
    assert_eq!(reply.status, 400);
    // It did say them: the request is there, with masks in it, and what is no secret has stayed.
    let body = String::from_utf8(ours.body(&reply.sha256)).unwrap();
    assert!(body.contains("customer_id=c&requestor_id=***&api_key=***&begin_date=2024-01"), "{body}");
    assert_no_secret(&format!("{reply:?}"));
    assert_no_secret(&ours.everything());
    // But it was asked with them.
    assert!(simulator.requests("v")[0].authorised);
}

#[tokio::test]
async fn secrets_in_headers_and_cookies_are_not_recorded() {
    let (_, url) = Server::start(|uri| {
        let query = uri.split_once('?').unwrap().1;
        let response = Response::builder().header("X-Asked", query).header("Set-Cookie", "session=a1b2c3; Path=/");
        response.header("Content-Type", format!("text/plain; key={REQUESTOR}")).body(Body::from("{}")).unwrap()
    })
    .await;
    let ours = Ours::new();
    let reply = ours.fetch(&url).await.unwrap();
    let record = ours.record();
    let header = |name: &str| record.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap();
    assert_eq!(header("set-cookie"), "***");
    assert!(header("x-asked").contains("customer_id=c&requestor_id=***&api_key=***"), "{}", header("x-asked"));
    assert_eq!(reply.content_type, "text/plain; key=***");
    assert!(record.url.contains("requestor_id=***&api_key=***"), "{}", record.url);
    assert_no_secret(&ours.everything());
}

/// A body in these pieces, each sent on its own.
fn in_pieces(text: &str, size: usize) -> Response {
    let pieces: Vec<Vec<u8>> = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
    let pieces = pieces.into_iter().map(|piece| async {
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(Bytes::from(piece))
    });
    Response::new(Body::from_stream(futures_util::StreamExt::then(futures_util::stream::iter(pieces), |piece| piece)))
}

#[tokio::test]
async fn a_secret_is_found_wherever_the_pieces_of_the_reply_end() {
    let text = format!("{{\"Message\":\"{KEY} and {REQUESTOR}, in capitals {}\"}}", REQUESTOR.to_uppercase());
    for size in [1, 2, 3, 7, 1000] {
        let sent = text.clone();
        let (_, url) = Server::start(move |_| in_pieces(&sent, size)).await;
        let ours = Ours::new();
        let reply = ours.fetch(&url).await.unwrap();
        assert_eq!(String::from_utf8(ours.body(&reply.sha256)).unwrap(), "{\"Message\":\"*** and ***, in capitals ***\"}");
        assert_no_secret(&ours.everything());
    }
}

#[tokio::test]
async fn half_a_secret_at_the_end_of_a_broken_reply_is_not_kept() {
    let (_, url) = Server::start(|_| {
        let text = format!("The key {}", &KEY[..9]);
        let pieces = [Ok(Bytes::from(text)), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
        let pieces = futures_util::StreamExt::then(futures_util::stream::iter(pieces), |piece| async {
            tokio::task::yield_now().await;
            piece
        });
        Response::new(Body::from_stream(pieces))
    })
    .await;
    let ours = Ours::new();
    assert!(matches!(ours.fetch(&url).await, Err(FetchError::Cut { .. })));
    assert_no_secret(&ours.everything());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_request() {
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    let ours = Ours::new();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handshake = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.map(|_| ())
    });
    let error = ours.fetch(&format!("https://{address}")).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    assert!(error.needs_a_person() && error.to_string().contains("nothing was sent"));
    assert_no_secret(&format!("{error} {error:?}"));
    assert!(ours.records().is_empty());
    // A machine that trusts nobody does not even try; so that the server has something to accept, it gets this.
    drop(tokio::net::TcpStream::connect(address).await);
    assert!(handshake.await.unwrap().is_err(), "the connection must not have come about");
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let error = Ours::new().fetch("http://192.0.2.1/r51").await.unwrap_err();
    assert!(matches!(error, FetchError::Address { .. }), "{error:?}");
    assert_no_secret(&format!("{error} {error:?}"));
}

#[test]
fn credentials_and_requests_do_not_show_their_secrets() {
    assert_no_secret(&format!("{:?}", Ours::new().credentials));
}
