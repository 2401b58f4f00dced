//! Handshakes: which certificate, which protocol, how long, and how they end.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use enfilade_core::{Canonical, RequestContext};
use enfilade_server::{Limits, RequestBody, tls::Tls};
use http::{Request, Response};
use http_body_util::Full;
use rustls::{ProtocolVersion, pki_types::ServerName, version};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::Instant,
};
use tokio_rustls::TlsConnector;
use tower::service_fn;

use crate::{
    kit::{Log, PREFACE, connect, hear, say},
    pki::{Client, Folder, pipe, server, shown, tls},
};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn both_versions_and_both_protocols_are_spoken() {
    let server = server(tls(&["shop.example"]));
    for (asked, spoken) in
        [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        for (offered, chosen) in [
            (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
            (&["http/1.1", "h2"], Some(b"h2")),
            (&["http/1.1"], Some(b"http/1.1")),
            (&["http/1.0", "http/1.1"], Some(b"http/1.1")),
            (&[], None),
        ] {
            let client = Client::of(offered, &[asked]);
            let mut stream = client.connect(&server, Some("shop.example")).await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
            assert_eq!(stream.get_ref().1.alpn_protocol(), chosen);
            if chosen == Some(b"h2") {
                stream.write_all(PREFACE).await.unwrap();
                stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
                let mut settings = [0; 9];
                stream.read_exact(&mut settings).await.unwrap();
                assert_eq!(settings[3], 4, "the first frame is SETTINGS");
            } else {
                let heard = say(&mut stream, GET).await;
                assert!(heard.text.contains("<GET /a >"), "{heard:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_is_told_what_was_agreed_on_and_without_tls_nothing() {
    let told = service_fn(async |request: Request<RequestBody>| {
        let context = RequestContext::of(request.extensions()).expect("the door has begun it");
        let session = context.canonical().and_then(Canonical::tls);
        let text = session.map(|session| (session.version, session.cipher_suite));
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("<{text:?}>"))))
    });
    let server = server(tls(&["shop.example"]));
    for (asked, version) in [(&version::TLS12, 0x0303), (&version::TLS13, 0x0304)] {
        let (client, inner) = duplex(1 << 16);
        tokio::spawn(server.serve(inner, None, told));
        let config = Arc::new(Client::of(&["http/1.1"], &[asked]).config);
        let name = ServerName::try_from("shop.example").unwrap();
        let mut stream = TlsConnector::from(config).connect(name, client).await.unwrap();
        let suite = u16::from(stream.get_ref().1.negotiated_cipher_suite().unwrap().suite());
        let heard = say(&mut stream, GET).await;
        assert!(heard.text.contains(&format!("<Some(({version}, {suite}))>")), "{heard:?}");
    }
    let mut plain = connect(Limits::default(), told);
    let heard = say(&mut plain, GET).await;
    assert!(heard.text.contains("<None>"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn protocols_that_have_nothing_in_common_are_refused() {
    let server = server(tls(&["shop.example"]));
    let error =
        Client::new(&["spdy/3", "acme-tls/1"]).connect(&server, Some("shop.example")).await.unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_preface_of_http2_where_http1_was_agreed_is_not_http2() {
    let server = server(tls(&["shop.example"]));
    for protocols in [&["http/1.1"][..], &[]] {
        let mut stream = Client::new(protocols).connect(&server, Some("shop.example")).await.unwrap();
        let heard = say(&mut stream, PREFACE).await;
        assert!(heard.closed && !heard.text.starts_with('\0'), "{heard:?}");
    }
    // And the other way round.
    let mut stream = Client::new(&["h2"]).connect(&server, Some("shop.example")).await.unwrap();
    let heard = say(&mut stream, GET).await;
    assert!(heard.closed && !heard.text.contains("<GET"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn the_name_chooses_the_certificate() {
    let folder = Folder::new();
    let add = |tls: enfilade_server::tls::TlsBuilder, stem: &str, names: &[&str]| {
        let (certificate, key) = folder.issue(stem, names);
        tls.with_certificate(certificate, key)
    };
    let tls = add(Tls::builder(), "first", &["first.example"]);
    let tls = add(tls, "wild", &["*.shop.example"]);
    let tls = add(tls, "exact", &["api.shop.example", "Upper.Example"]);
    let again = add(tls.clone(), "again", &["first.example", "again.example"]);
    let (certificate, key) = folder.issue("default", &["default.example"]);
    let strict = server(tls.open().unwrap());
    let lenient = server(again.with_default(certificate, key).open().unwrap());
    let client = Client::new(&[]);
    for (asked, by_strict, by_lenient) in [
        (Some("first.example"), Some("first.example"), "first.example"),
        (Some("FIRST.example"), Some("first.example"), "first.example"),
        (Some("first.example."), Some("first.example"), "first.example"),
        (Some("upper.example"), Some("api.shop.example"), "api.shop.example"),
        (Some("api.shop.example"), Some("api.shop.example"), "api.shop.example"),
        (Some("www.shop.example"), Some("*.shop.example"), "*.shop.example"),
        (Some("a.b.shop.example"), None, "default.example"),
        (Some("shop.example"), None, "default.example"),
        (Some("evil.example"), None, "default.example"),
        (Some("example"), None, "default.example"),
        (None, Some("first.example"), "default.example"),
        // Addresses are no names for SNI: rustls sends none.
        (Some("192.0.2.1"), Some("first.example"), "default.example"),
    ] {
        let connected = client.connect(&strict, asked).await;
        assert_eq!(connected.ok().map(|stream| shown(&stream).remove(0)).as_deref(), by_strict, "{asked:?}");
        let connected = client.connect(&lenient, asked).await.unwrap();
        assert_eq!(shown(&connected)[0], by_lenient, "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn plain_http_on_the_tls_port_gets_no_answer_and_one_line() {
    let log = Log::capture();
    let mut client = pipe(&server(tls(&["shop.example"])));
    let heard = say(&mut client, GET).await;
    assert!(heard.closed && !heard.text.contains("HTTP/1."), "{heard:?}");
    assert_eq!(log.codes(), ["tls.handshake"]);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stalls_anywhere_ends_at_the_one_deadline() {
    let hello = hello();
    let log = Log::capture();
    for sent in [&hello[..0], &hello[..1], &hello[..40], &hello[..hello.len() - 1], &hello[..]] {
        let start = Instant::now();
        let mut client = pipe(&server(tls(&["shop.example"])));
        client.write_all(sent).await.unwrap();
        let heard = hear(&mut client, Duration::from_secs(60)).await;
        assert!(heard.closed, "{} bytes", sent.len());
        assert_eq!(start.elapsed().as_secs(), 10, "{} bytes", sent.len());
    }
    assert_eq!(log.codes(), ["http.timeout"; 5]);
}

#[tokio::test(start_paused = true)]
async fn the_handshake_and_the_first_head_share_one_deadline() {
    for protocols in [&["http/1.1"][..], &["h2"]] {
        let server = server(tls(&["shop.example"]));
        let start = Instant::now();
        let config = Arc::new(Client::new(protocols).config);
        let io = pipe(&server);
        tokio::time::sleep(Duration::from_secs(6)).await;
        let name = ServerName::try_from("shop.example").unwrap();
        let mut stream = TlsConnector::from(config).connect(name, io).await.unwrap();
        let heard = hear(&mut stream, Duration::from_secs(60)).await;
        assert!(heard.closed);
        assert_eq!(start.elapsed().as_secs(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_who_has_said_nothing_and_lets_a_handshake_be_used() {
    let server = server(tls(&["shop.example"]));
    let mut silent = pipe(&server);
    let mut resting = Client::new(&[]).connect(&server, Some("shop.example")).await.unwrap();
    assert_eq!(say(&mut resting, GET).await.statuses(), [200]);
    let start = Instant::now();
    server.drain();
    assert!(hear(&mut silent, Duration::from_secs(60)).await.closed);
    assert!(hear(&mut resting, Duration::from_secs(60)).await.closed);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_server_says_goodbye_before_it_closes() {
    let server = server(tls(&["shop.example"]));
    let mut stream = Client::new(&[]).connect(&server, Some("shop.example")).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut all = Vec::new();
    // Without `close_notify` this is an error: a client could not tell the end from a cut.
    stream.read_to_end(&mut all).await.unwrap();
    assert!(String::from_utf8(all).unwrap().contains("<GET / >"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_without_goodbye_is_no_fault_and_a_body_cut_off_is_no_end() {
    let log = Log::capture();
    let server = server(tls(&["shop.example"]));
    let mut stream = Client::new(&[]).connect(&server, Some("shop.example")).await.unwrap();
    assert_eq!(say(&mut stream, GET).await.statuses(), [200]);
    drop(stream);
    server.drain();
    server.done().await;
    assert!(!log.text().contains("http.connection"), "{}", log.text());

    let server = crate::pki::server(tls(&["shop.example"]));
    let mut stream = Client::new(&[]).connect(&server, Some("shop.example")).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 9\r\n\r\nhalf")
        .await
        .unwrap();
    stream.flush().await.unwrap();
    assert!(!hear(&mut stream, Duration::from_secs(1)).await.closed, "it waits for the rest");
    let log = Log::capture();
    drop(stream);
    server.drain();
    server.done().await;
    assert!(log.codes().contains(&"http.body-broken".to_owned()), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn early_data_is_never_taken() {
    let server = server(tls(&["shop.example"]));
    let mut client = Client::new(&["http/1.1"]);
    client.config.enable_early_data = true;
    // The first connection brings tickets; the second could send early data by them.
    let mut first = client.connect(&server, Some("shop.example")).await.unwrap();
    assert_eq!(say(&mut first, GET).await.statuses(), [200]);
    let config = Arc::new(client.config);
    let name = ServerName::try_from("shop.example").unwrap();
    let mut session = rustls::ClientConnection::new(config, name).unwrap();
    assert!(session.early_data().is_none(), "the tickets allow none");
}

/// A client's first message, whole.
fn hello() -> Vec<u8> {
    let name = ServerName::try_from("shop.example").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(Client::new(&[]).config), name).unwrap();
    let mut bytes = Vec::new();
    session.write_tls(&mut bytes).unwrap();
    bytes
}
