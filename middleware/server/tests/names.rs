//! By which names a request is found again, over real sockets: in the answer, the app, its log lines and ours.
//!
//! ```text
//! traceparent ──▶ app's header · TraceContext ──▶ the app's line, in the request's span ──▶ the access log's line
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

use std::{
    cell::RefCell, convert::Infallible, fmt::Write as _, io, net::SocketAddr, sync::Once, thread::LocalKey,
};

use bytes::Bytes;
use enfilade_core::{RequestContext, TraceContext};
use enfilade_server::{RequestBody, Server};
use http::{Request, Response};
use http_body_util::Full;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};
use tower::service_fn;
use tracing_subscriber::fmt;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const STATE: &str = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7";

/// Says what it was told, in its answer and in a line of its own.
async fn app(req: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    tokio::task::yield_now().await;
    let field =
        |name: &str| req.headers().get(name).map_or("none", |value| value.to_str().unwrap()).to_owned();
    let id = RequestContext::of(req.extensions()).and_then(RequestContext::request_id).unwrap();
    let trace = TraceContext::of(req.extensions());
    let trace = trace.map_or_else(|| "none".to_owned(), |trace| trace.trace_id().to_string());
    tracing::info!(target: "shop", "sold");
    let text = format!("<{id} {trace} {} {}>", field("traceparent"), field("tracestate"));
    Ok(Response::new(Full::from(text)))
}

/// A server on a socket; it drains when `stop` is dropped, and is over then.
async fn open() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let addr = server.local_addrs()[0];
    let (stop, stopped) = oneshot::channel::<()>();
    let server = server.with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    (addr, stop, tokio::spawn(async { server.serve(service_fn(app)).await.unwrap() }))
}

/// `id` of the answer and its body, over HTTP/1.1.
async fn http1(addr: SocketAddr, fields: &[(&str, &str)]) -> (String, String) {
    let mut raw = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".to_owned();
    for (name, value) in fields {
        write!(raw, "{name}: {value}\r\n").unwrap();
    }
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(format!("{raw}\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    (id.to_owned(), body.to_owned())
}

/// The same over HTTP/2.
async fn http2(addr: SocketAddr, fields: &[(&str, &str)]) -> (String, String) {
    let socket = TcpStream::connect(addr).await.unwrap();
    let (mut send, connection) = h2::client::handshake(socket).await.unwrap();
    let driver = tokio::spawn(connection);
    let mut request = Request::get("http://a/");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let (answer, _) = send.send_request(request.body(()).unwrap(), true).unwrap();
    let (head, mut body) = answer.await.unwrap().into_parts();
    let mut text = Vec::new();
    while let Some(data) = body.data().await {
        text.extend_from_slice(&data.unwrap());
    }
    drop((send, body));
    driver.abort();
    let id = head.headers["x-request-id"].to_str().unwrap().to_owned();
    (id, String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn a_trace_and_an_id_reach_app_answer_and_log_over_both_versions() {
    let log = Log::capture();
    let (addr, stop, serving) = open().await;
    let fields = [("traceparent", PARENT), ("tracestate", STATE), ("x-request-id", "mine")];
    let answers = [http1(addr, &fields).await, http2(addr, &fields).await];
    drop(stop);
    serving.await.unwrap();
    for (id, body) in &answers {
        assert_eq!(body, &format!("<{id} {TRACE} {PARENT} {STATE}>"));
        let own = log.lines(" shop: sold", id);
        assert!(own.len() == 1 && own[0].contains(&format!("request{{id={id} trace={TRACE}}}:")), "{own:?}");
        let access = log.lines(" access: ", id);
        assert!(access.len() == 1 && access[0].contains(&format!(" id={id} trace={TRACE} ")), "{access:?}");
    }
    assert_ne!(answers[0].0, answers[1].0);
    assert!(log.lines("mine", "").is_empty());
}

#[tokio::test]
async fn what_is_no_trace_reaches_none_of_them_over_both_versions() {
    let log = Log::capture();
    let (addr, stop, serving) = open().await;
    let none =
        [("tracestate", STATE), ("traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")];
    let twice = [("traceparent", PARENT), ("traceparent", PARENT), ("tracestate", STATE)];
    let mut answers = Vec::new();
    for fields in [&none[..], &twice[..], &[]] {
        answers.push(http1(addr, fields).await);
        answers.push(http2(addr, fields).await);
    }
    drop(stop);
    serving.await.unwrap();
    for (id, body) in &answers {
        assert_eq!(body, &format!("<{id} none none none>"));
        let own = log.lines(" shop: sold", id);
        assert!(own.len() == 1 && own[0].contains(&format!("request{{id={id}}}:")), "{own:?}");
        let access = log.lines(" access: ", id);
        assert!(access.len() == 1 && !access[0].contains("trace="), "{access:?}");
    }
}

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// This thread's log, with the spans that are off unless somebody asks for them.
struct Log(&'static LocalKey<RefCell<Vec<u8>>>);

impl Log {
    fn capture() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let lines = fmt().with_max_level(tracing::Level::DEBUG).with_writer(|| ThisThread);
            lines.with_ansi(false).without_time().init();
        });
        LINES.take();
        Self(&LINES)
    }

    fn lines(&self, one: &str, other: &str) -> Vec<String> {
        self.0.with_borrow(|lines| {
            let text = String::from_utf8_lossy(lines);
            text.lines()
                .filter(|line| line.contains(one) && line.contains(other))
                .map(str::to_owned)
                .collect()
        })
    }
}

struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(buf));
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
