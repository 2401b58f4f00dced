//! A WebSocket through the whole chain: the handshake is judged like any request, and then every byte passes untouched.
//!
//! ```text
//! GET, Upgrade: websocket ─▶ server ▸ hosts ▸ strip-identity ▸ csrf ▸ auth ▸ cookies ▸ sign-in ▸ require ▸ app: 101
//! bytes ◀─────────────────────────────────────────────────────────────────────────────────────────────────▶ bytes
//! ```

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use clap::Parser as _;
use enfilade::{
    chain,
    cli::Args,
    core::Principal,
    demo::{self, Identity},
    server::{Connections, Limits, RequestBody},
};
use enfilade_test::TestClock;
use http::{Request, Response, StatusCode, header};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use crate::kit::NOW;

/// The sample of RFC 6455 §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A server with the demo's chain around an app that sends back what it gets, byte by byte.
struct House {
    connections: Connections,
    parts: chain::Parts,
    identity: Identity,
    asked: Arc<AtomicUsize>,
}

impl House {
    fn open() -> Self {
        let args = Args::parse_from(["enfilade"]);
        let clock = TestClock::at(NOW).clock();
        let (parts, identity) = demo::parts(&args, &["127.0.0.1:8080".parse().unwrap()], &clock).unwrap();
        let connections = Connections::new(Limits::default()).unwrap();
        Self { connections, parts, identity, asked: Arc::default() }
    }

    fn connect(&self) -> DuplexStream {
        let asked = self.asked.clone();
        let app = tower::service_fn(move |mut req: Request<RequestBody>| {
            asked.fetch_add(1, SeqCst);
            let who = Principal::of(req.extensions()).unwrap().subject().to_owned();
            let upgraded = hyper::upgrade::on(&mut req);
            tokio::spawn(async move {
                let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
                tokio::io::copy(&mut read, &mut write).await
            });
            async move {
                Ok::<_, Infallible>(
                    Response::builder()
                        .status(StatusCode::SWITCHING_PROTOCOLS)
                        .header(header::CONNECTION, "Upgrade")
                        .header(header::UPGRADE, "websocket")
                        .header(header::SEC_WEBSOCKET_ACCEPT, ACCEPT)
                        .header("x-who", who)
                        .body(Empty::<Bytes>::new())
                        .unwrap(),
                )
            }
        });
        let (service, _) = chain::around(self.parts.clone(), app).unwrap();
        let (client, server) = duplex(1 << 16);
        tokio::spawn(self.connections.serve(server, None, service));
        client
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

fn handshake(fields: &str) -> String {
    format!(
        "GET /socket HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{fields}\r\n"
    )
}

/// A head in lower case, and nothing behind it.
async fn head(io: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.expect("an answer"));
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

/// Every byte there is, and more than any buffer holds, both ways at once.
async fn bytes_pass(io: DuplexStream) {
    let sent: Vec<u8> = (0..=u8::MAX).cycle().take(300_000).collect();
    let (mut read, mut write) = tokio::io::split(io);
    let sending = sent.clone();
    tokio::spawn(async move {
        write.write_all(&sending).await.unwrap();
        write
    });
    let mut came = vec![0; sent.len()];
    read.read_exact(&mut came).await.unwrap();
    assert!(came == sent, "a byte was changed");
}

#[tokio::test]
async fn a_websocket_with_a_token_passes_every_link_untouched() {
    let house = House::open();
    let mut io = house.connect();
    let token = house.identity.token.clone().unwrap();
    io.write_all(handshake(&format!("Authorization: Bearer {token}\r\n")).as_bytes()).await.unwrap();
    let head = head(&mut io).await;
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains(&format!("sec-websocket-accept: {}\r\n", ACCEPT.to_ascii_lowercase())), "{head}");
    assert!(head.contains("upgrade: websocket\r\n") && head.contains("x-who: "), "{head}");
    assert!(!head.contains("content-") && !head.contains("transfer-encoding"), "{head}");
    bytes_pass(io).await;
}

/// A frame that came together with the handshake is the socket's first.
#[tokio::test]
async fn bytes_behind_the_handshake_are_the_sockets() {
    let house = House::open();
    let mut io = house.connect();
    let token = house.identity.token.clone().unwrap();
    let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    let both = [handshake(&format!("Authorization: Bearer {token}\r\n")).as_bytes(), frame].concat();
    io.write_all(&both).await.unwrap();
    assert!(head(&mut io).await.starts_with("http/1.1 101 "));
    let mut came = [0; 11];
    io.read_exact(&mut came).await.unwrap();
    assert_eq!(&came, frame);
}

#[tokio::test]
async fn a_websocket_with_a_cookie_passes_from_a_page_of_ours_and_from_no_other() {
    let house = House::open();
    let user = &house.identity.printed[0];
    let form = format!("name={}&password={}", user.name, user.password);
    let mut io = house.connect();
    let post = format!(
        "POST /sign-in HTTP/1.1\r\nHost: localhost:8080\r\nOrigin: http://localhost:8080\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    );
    io.write_all(post.as_bytes()).await.unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    let cookie =
        answer.split("set-cookie: ").nth(1).and_then(|rest| rest.split(';').next()).expect("a session");

    for (origin, status, asked) in [
        ("http://localhost:8080", "101", 1),
        ("http://evil.example", "403", 0),
        ("null", "403", 0),
        ("http://localhost:8081", "403", 0),
    ] {
        let before = house.asked();
        let mut io = house.connect();
        let fields = format!("Cookie: {cookie}\r\nOrigin: {origin}\r\n");
        io.write_all(handshake(&fields).as_bytes()).await.unwrap();
        let head = head(&mut io).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{origin}: {head}");
        assert_eq!(house.asked() - before, asked, "{origin}");
        if asked == 1 {
            bytes_pass(io).await;
        }
    }
}

/// The refusal is an answer like any other: what follows it is a request, and no frame of a socket.
#[tokio::test]
async fn a_websocket_of_nobody_is_refused_and_no_byte_of_it_reaches_the_app() {
    let house = House::open();
    let mut io = house.connect();
    let next = "GET /next HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n";
    io.write_all((handshake("Origin: http://localhost:8080\r\n") + next).as_bytes()).await.unwrap();
    let mut answers = String::new();
    io.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1 401 ").count(), 2, "{answers}");
    assert!(answers.contains("auth.missing"), "{answers}");
    assert_eq!(house.asked(), 0);
}
