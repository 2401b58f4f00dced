//! Listeners of several kinds at once: each by its own rules, all under the same limits, drained together.
//!
//! ```text
//! TCP ──────┐
//! TLS ──────┼──▶ one Server ──▶ one app
//! Unix ─────┘
//! ```

#![cfg(all(unix, feature = "tls"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

#[allow(dead_code, clippy::unused_async, reason = "shared with the tests of plain connections")]
#[path = "server/kit.rs"]
mod kit;
#[allow(dead_code, reason = "shared with the tests of TLS")]
#[path = "tls/pki.rs"]
mod pki;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use enfilade_core::RequestContext;
use enfilade_server::{Draining, Limits, Listener, RequestBody, Server, Trust, tls::Tls};
use http::{Request, Response};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tower::service_fn;

use self::pki::{Client, Folder};

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A server on all three, and how to reach it.
struct House {
    folder: Folder,
    plain: SocketAddr,
    tls: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl House {
    async fn open(limits: Limits) -> Self {
        let folder = Folder::new();
        let (certificate, key) = folder.issue("one", &["shop.example"]);
        let tls = Tls::open(certificate, key).unwrap();
        let loopback = || Trust::x_forwarded(["127.0.0.1"]).unwrap();
        let server = Server::bind("127.0.0.1:0")
            .await
            .unwrap()
            .with_listener(Listener::tcp("127.0.0.1:0").await.unwrap().with_tls(tls).with_trust(loopback()))
            .with_listener(Listener::unix(folder.at("s"), 0o600).unwrap())
            .with_limits(limits);
        let [plain, tls] = server.local_addrs()[..] else { panic!("two addresses") };
        let (stop, stopped) = oneshot::channel::<()>();
        let server = server.with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let serving = tokio::spawn(async { server.serve(service_fn(app)).await.unwrap() });
        Self { folder, plain, tls, stop, serving }
    }

    async fn reach(&self, kind: &str) -> Box<dyn Io> {
        match kind {
            "tcp" => Box::new(TcpStream::connect(self.plain).await.unwrap()),
            "unix" => Box::new(UnixStream::connect(self.folder.at("s")).await.unwrap()),
            _ => {
                let io = TcpStream::connect(self.tls).await.unwrap();
                let connector = TlsConnector::from(Arc::new(Client::new(&["http/1.1"]).config));
                let name = ServerName::try_from("shop.example").unwrap();
                Box::new(connector.connect(name, io).await.unwrap())
            }
        }
    }

    async fn close(self) {
        self.stop.send(()).unwrap();
        timeout(Duration::from_secs(10), self.serving).await.expect("it drains").unwrap();
    }
}

const KINDS: [&str; 3] = ["tcp", "tls", "unix"];

/// Says what the request is; on `/socket` it becomes an echo of its own.
async fn app(mut req: Request<RequestBody>) -> Result<Response<String>, Infallible> {
    let canonical = RequestContext::of(req.extensions()).and_then(RequestContext::canonical).unwrap();
    let client =
        canonical.client().map(|client| client.ip().map_or_else(|| "unix".into(), |ip| ip.to_string()));
    let said = format!("<{} {}>", canonical.scheme(), client.unwrap_or_default());
    if req.uri().path() != "/socket" {
        return Ok(Response::new(said));
    }
    let draining = Draining::of(req.extensions()).unwrap();
    assert!(!draining.has_begun());
    let upgrade = hyper::upgrade::on(&mut req);
    tokio::spawn(async move {
        let mut io = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
        let mut byte = [0; 1];
        loop {
            let read = tokio::select! {
                read = io.read(&mut byte) => read,
                () = draining.begun() => break,
            };
            if !read.is_ok_and(|read| read == 1) {
                return;
            }
            io.write_all(&byte).await.unwrap();
            io.flush().await.unwrap();
        }
        io.write_all(b"goodbye").await.unwrap();
        io.shutdown().await.unwrap();
    });
    let answer =
        Response::builder().status(101).header("connection", "upgrade").header("upgrade", "websocket");
    Ok(answer.body(String::new()).unwrap())
}

async fn ask(io: &mut (impl AsyncRead + AsyncWrite + Unpin), lines: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{lines}\r\n");
    io.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(Duration::from_secs(10), io.read_to_string(&mut answer)).await.expect("an answer").unwrap();
    answer
}

#[tokio::test]
async fn each_listener_has_its_own_rules() {
    let house = House::open(Limits::default()).await;
    let forwarded = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\n";
    for (kind, alone, with) in [
        ("tcp", "<http 127.0.0.1>", "<http 127.0.0.1>"),
        ("tls", "<https 127.0.0.1>", "<http 203.0.113.9>"),
        ("unix", "<http unix>", "<http unix>"),
    ] {
        for (lines, expected) in [("", alone), (forwarded, with)] {
            let answer = ask(&mut house.reach(kind).await, lines).await;
            assert!(answer.contains(expected), "{kind} {expected}: {answer}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn a_trusted_peer_answers_for_the_host_itself_and_a_stranger_must_be_on_the_certificate() {
    let house = House::open(Limits::default()).await;
    // 127.0.0.1 is trusted by the TLS listener: a proxy that asks by a name of the inside.
    let mut io = house.reach("tls").await;
    io.write_all(b"GET / HTTP/1.1\r\nHost: inner.example\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    house.close().await;
}

#[tokio::test]
async fn the_connections_of_all_are_counted_together() {
    let house = House::open(Limits::default().with_max_connections(1)).await;
    for (first, second) in [("tcp", "unix"), ("unix", "tls"), ("tls", "tcp")] {
        let mut held = house.reach(first).await;
        held.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").await.unwrap();
        let mut read = [0; 15];
        held.read_exact(&mut read).await.unwrap();
        let waiting = async {
            let mut io = house.reach(second).await;
            ask(&mut io, "").await
        };
        let mut waiting = Box::pin(waiting);
        let early = timeout(Duration::from_millis(50), &mut waiting).await;
        assert!(early.is_err(), "{second} waits for {first}");
        drop(held);
        assert!(timeout(Duration::from_secs(10), waiting).await.expect("its turn").contains("200 OK"));
    }
    house.close().await;
}

/// What a browser asks a WebSocket by; what follows the head before the 101 belongs to what comes after it.
const HANDSHAKE: &[u8] =
    b"GET /socket HTTP/1.1\r\nHost: shop.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly";

async fn upgraded(house: &House, kind: &str) -> Box<dyn Io> {
    let mut io = house.reach(kind).await;
    io.write_all(HANDSHAKE).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nearly") {
        let read =
            timeout(Duration::from_secs(10), io.read_buf(&mut answer)).await.expect("an answer").unwrap();
        assert_ne!(read, 0, "{kind}: {}", String::from_utf8_lossy(&answer));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{kind}: {}", String::from_utf8_lossy(&answer));
    io
}

#[tokio::test]
async fn what_a_connection_was_upgraded_to_is_told_of_a_drain_and_waited_for() {
    let house = House::open(Limits::default()).await;
    let mut open = Vec::new();
    for kind in KINDS {
        open.push(upgraded(&house, kind).await);
    }
    house.stop.send(()).unwrap();
    timeout(Duration::from_secs(10), house.serving).await.expect("it drains").unwrap();
    // The server has ended, and the last word of each was on its way before that.
    for mut io in open {
        let mut last = Vec::new();
        io.read_to_end(&mut last).await.unwrap();
        assert_eq!(last, b"goodbye");
    }
}

#[tokio::test]
async fn an_upgrade_passes_every_link_untouched_over_each() {
    let house = House::open(Limits::default()).await;
    for kind in KINDS {
        let mut io = upgraded(&house, kind).await;
        io.write_all(b"\x81\x00\xff late").await.unwrap();
        let mut echo = [0; 8];
        io.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo, b"\x81\x00\xff late", "{kind}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_drain_ends_all_of_them() {
    let house = House::open(Limits::default()).await;
    let mut resting = Vec::new();
    for kind in KINDS {
        let mut io = house.reach(kind).await;
        io.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").await.unwrap();
        let mut read = [0; 15];
        io.read_exact(&mut read).await.unwrap();
        resting.push(io);
    }
    let (plain, path) = (house.plain, house.folder.at("s"));
    house.close().await;
    for mut io in resting {
        let mut rest = Vec::new();
        timeout(Duration::from_secs(10), io.read_to_end(&mut rest)).await.expect("it is closed").unwrap();
    }
    assert!(TcpStream::connect(plain).await.is_err() && !path.exists());
}

#[tokio::test]
async fn what_stalls_on_one_listener_does_not_hold_the_others() {
    let house = House::open(Limits::default()).await;
    // Handshakes that never go on.
    let stalled: Vec<_> = futures(50, || TcpStream::connect(house.tls)).await;
    for kind in KINDS {
        assert!(ask(&mut house.reach(kind).await, "").await.contains("200 OK"), "{kind}");
    }
    drop(stalled);
    house.close().await;
}

async fn futures<F: Future<Output = std::io::Result<TcpStream>>>(
    count: usize,
    make: impl Fn() -> F,
) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(make().await.unwrap());
    }
    all
}
