//! A request's host and the certificate of the connection that it came over.

use enfilade_core::{Canonical, RequestContext};
use enfilade_server::tls::Tls;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::duplex;
use tower::service_fn;

use crate::{
    kit::{Log, say},
    pki::{Client, Folder, server, tls},
};

fn get(host: &str) -> Vec<u8> {
    format!("GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

const NAMES: [&str; 4] = ["shop.example", "*.shop.example", "192.0.2.7", "2001:db8::7"];

#[tokio::test(start_paused = true)]
async fn a_host_that_is_not_on_the_certificate_is_misdirected() {
    let server = server(tls(&NAMES));
    for (host, status) in [
        ("shop.example", 200),
        ("SHOP.example:8443", 200),
        ("shop.example.", 200),
        ("www.shop.example", 200),
        ("192.0.2.7", 200),
        ("[2001:db8::7]", 200),
        ("[2001:DB8:0::7]:443", 200),
        ("a.b.shop.example", 421),
        ("evil.example", 421),
        ("shop.example.evil.example", 421),
        ("192.0.2.8", 421),
        ("[2001:db8::8]", 421),
        ("*.shop.example", 421),
        ("shop_.example", 421),
    ] {
        let mut stream = Client::new(&[]).connect(&server, Some("shop.example")).await.unwrap();
        assert_eq!(say(&mut stream, &get(host)).await.statuses(), [status], "{host}");
    }
}

/// Whoever read names as C does has let `shop.example\0.evil.example` speak for `shop.example`.
#[tokio::test(start_paused = true)]
async fn a_nul_on_the_certificate_ends_no_name() {
    let server = server(tls(&["shop.example\0.evil.example"]));
    assert!(Client::new(&[]).connect(&server, Some("shop.example")).await.is_err());
    for host in ["shop.example", "evil.example", "x.evil.example"] {
        let mut stream = Client::new(&[]).connect(&server, None).await.unwrap();
        assert_eq!(say(&mut stream, &get(host)).await.statuses(), [421], "{host}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_request_of_a_connection_is_judged_as_the_first() {
    let log = Log::capture();
    let server = server(tls(&NAMES));
    let mut stream = Client::new(&[]).connect(&server, Some("shop.example")).await.unwrap();
    let both = [get("shop.example"), get("www.shop.example"), get("evil.example")].concat();
    assert_eq!(say(&mut stream, &both).await.statuses(), [200, 200, 421]);
    assert_eq!(log.codes(), ["http.host-uncovered"]);
}

#[tokio::test(start_paused = true)]
async fn over_http2_a_stream_for_another_host_is_misdirected_alone() {
    let server = server(tls(&NAMES));
    let stream = Client::new(&["h2"]).connect(&server, Some("shop.example")).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for (host, status) in [("shop.example", 200), ("evil.example", 421), ("www.shop.example", 200)] {
        let request = Request::get(format!("https://{host}/")).body(Empty::<bytes::Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
        let _ = answer.into_body().collect().await;
    }
}

#[tokio::test(start_paused = true)]
async fn any_host_is_answered_only_when_that_is_asked_for_by_its_dangerous_name() {
    let folder = Folder::new();
    let (certificate, key) = folder.issue("one", &["shop.example"]);
    let log = Log::capture();
    let open = Tls::builder().with_certificate(certificate, key).insecure_any_host().open().unwrap();
    assert!(log.text().contains("insecure_any_host"), "{}", log.text());
    let mut stream = Client::new(&[]).connect(&server(open), None).await.unwrap();
    assert_eq!(say(&mut stream, &get("10.0.0.9")).await.statuses(), [200]);
}

#[tokio::test(start_paused = true)]
async fn the_canonical_request_is_https_whatever_the_client_calls_it() {
    let server = server(tls(&["shop.example"]));
    let (client, io) = duplex(1 << 16);
    tokio::spawn(server.serve(
        io,
        None,
        service_fn(async |req: Request<enfilade_server::RequestBody>| {
            let canonical = RequestContext::of(req.extensions()).and_then(RequestContext::canonical);
            let scheme = canonical.map(Canonical::scheme).map(ToString::to_string);
            Ok::<_, std::convert::Infallible>(http::Response::new(scheme.unwrap_or_default()))
        }),
    ));
    let config = std::sync::Arc::new(Client::new(&["http/1.1"]).config);
    let name = rustls::pki_types::ServerName::try_from("shop.example").unwrap();
    let mut stream = tokio_rustls::TlsConnector::from(config).connect(name, client).await.unwrap();
    let asked = b"GET http://shop.example/ HTTP/1.1\r\nHost: shop.example\r\n\r\n";
    assert!(say(&mut stream, asked).await.text.ends_with("https"));
}
