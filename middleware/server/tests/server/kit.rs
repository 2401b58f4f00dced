//! What these tests share: a server on a pipe, raw bytes to it, and the answers and log lines that came of them.

use std::{
    cell::RefCell,
    convert::Infallible,
    io::Write,
    sync::{Mutex, Once, PoisonError},
    thread,
    time::Duration,
};

use bytes::Bytes;
use enfilade_core::ClientAddr;
use enfilade_server::{BoxError, Connections, Limits, RequestBody};
use enfilade_test::Probe;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    time::{sleep, timeout},
};
use tower::Service;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The app of most tests: reads the whole body, says what it was asked.
pub(crate) async fn echo(req: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let line = format!("{} {}", req.method(), req.uri());
    let body = match req.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => Bytes::from(format!("unreadable: {error}")),
    };
    let text = String::from_utf8_lossy(&body).into_owned();
    Ok(Response::new(Full::from(format!("<{line} {text}>"))))
}

/// An app that answers without reading.
pub(crate) async fn curt(_: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("no")))
}

/// A client's end of a connection to `app`.
pub(crate) fn connect<S, B>(limits: Limits, app: S) -> DuplexStream
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    connect_to(&Connections::new(limits).expect("limits that work"), app)
}

/// The same, to a server with settings of its own.
pub(crate) fn connect_to<S, B>(connections: &Connections, app: S) -> DuplexStream
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    install();
    let (client, server) = duplex(1 << 20);
    let peer = ClientAddr::Tcp("192.0.2.1:5000".parse().expect("an address"));
    tokio::spawn(connections.serve(server, Some(peer), app));
    client
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) text: String,
    /// Whether the server closed the connection.
    pub(crate) closed: bool,
}

impl Heard {
    /// The statuses of the answers, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let lines = self.text.split("HTTP/1.").skip(1);
        lines.filter_map(|line| line.get(2..5)?.parse().ok()).filter(|status| *status != 100).collect()
    }
}

/// Listens until the server closes, or says nothing for `quiet`; virtual time makes that no time at all.
pub(crate) async fn hear(client: &mut (impl AsyncRead + Unpin), quiet: Duration) -> Heard {
    let mut all = Vec::new();
    let closed = loop {
        match timeout(quiet, client.read_buf(&mut all)).await {
            Err(_) => break false,
            Ok(Ok(0) | Err(_)) => break true,
            Ok(Ok(_)) => {}
        }
    };
    Heard { text: String::from_utf8_lossy(&all).into_owned(), closed }
}

/// Sends `raw` to the echo app and listens for a second.
pub(crate) async fn ask(raw: &[u8]) -> Heard {
    say(&mut connect(Limits::default(), tower::service_fn(echo)), raw).await
}

/// Sends `raw` and listens for a second.
pub(crate) async fn say(client: &mut (impl AsyncRead + AsyncWrite + Unpin), raw: &[u8]) -> Heard {
    // The server may be gone already; what it said before counts.
    let _ = client.write_all(raw).await;
    hear(client, Duration::from_secs(1)).await
}

/// Waits until so many requests came and none is on its way any more.
pub(crate) async fn rested(probe: &Probe, requests: usize) {
    let rests = async {
        while probe.requests().len() < requests || probe.in_flight() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(1), rests).await.expect("what was given up ends");
}

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// This thread's log; each test has a thread and a runtime of its own.
///
/// One subscriber for the process: tracing's cache of who listens does not follow many that come and go.
pub(crate) struct Log(&'static thread::LocalKey<RefCell<Vec<u8>>>);

impl Log {
    /// Captures from now on.
    pub(crate) fn capture() -> Self {
        install();
        LINES.take();
        Self(&LINES)
    }

    pub(crate) fn text(&self) -> String {
        self.0.with_borrow(|lines| String::from_utf8_lossy(lines).into_owned())
    }

    /// The reason codes in lines of the access log and of faults, in order.
    pub(crate) fn codes(&self) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter(|line| !line.contains("enfilade::refused"));
        let codes = lines.filter_map(|line| line.split("code=\"").nth(1));
        codes.filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
    }
}

/// What threads of the server's own have said, for all tests of the process.
static BACKGROUND: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// What stands in [`BACKGROUND`]; from the first call on, for a test may be alone in its process.
#[allow(dead_code, reason = "not every test program has such threads")]
pub(crate) fn background() -> String {
    install();
    String::from_utf8_lossy(&BACKGROUND.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(|| ThisThread).init();
    });
}

struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        if thread::current().name().is_some_and(|name| name.starts_with("enfilade-")) {
            BACKGROUND.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(buf);
        }
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(buf));
        Ok(buf.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
