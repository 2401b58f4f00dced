//! The server's links as one service say, log and count what they do as layers around each other.
//!
//! ```text
//! any requests on a connection ──┬─▶ Connections ───────────────────┐
//!                                └─▶ eleven layers, plain hyper ────┴─▶ same bytes, same lines, all counted off?
//! ```
//!
//! A process of its own: so many faults are told that other tests would miss the lines of theirs.

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

#[allow(dead_code, clippy::unused_async, reason = "shared with the tests of the server")]
#[path = "server/kit.rs"]
mod kit;

use std::time::Duration;

use bytes::Bytes;
use enfilade_core::{ClientAddr, Rejection, RenderRejections, RequestContext};
use enfilade_server::{
    AccessLog, BodyLimit, Connections, HyperService, InFlight, Limits, Patient, RequestBody, RequestIds,
    Rescue, SecurityHeaders, StrictRequest, TrueLength, Trust, security_headers::Hsts,
};
use enfilade_test::ProbeBody;
use h2::client::SendRequest;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use proptest::{prelude::*, sample::select};
use tokio::{
    io::{AsyncWriteExt, DuplexStream, duplex},
    runtime,
    time::{sleep, timeout},
};
use tower::{ServiceBuilder, service_fn};

use kit::{Log, hear};

const MAX_BODY: u64 = 64;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

fn peer() -> ClientAddr {
    ClientAddr::Tcp("192.0.2.1:5000".parse().unwrap())
}

fn headers() -> SecurityHeaders {
    SecurityHeaders::new().with_hsts(Hsts::new(Duration::from_secs(60))).unwrap()
}

/// Answers by its path, and says what it sees.
async fn app(req: Request<RequestBody>) -> Result<Response<ProbeBody>, String> {
    let (head, body) = req.into_parts();
    let mut body = Some(body);
    let context = RequestContext::of(&head.extensions).unwrap();
    let canonical = context.canonical().unwrap();
    let trace = context.trace().map(|trace| trace.trace_id().to_string());
    let mut fields: Vec<_> = head.headers.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    fields.sort_unstable();
    let seen = format!(
        "{} {} {:?} {:?} {canonical:?} {trace:?} {fields:?}",
        head.method,
        head.uri,
        head.version,
        context.request_id().map(|id| format!(" id={id} "))
    );
    let mut read = async || {
        let collected = body.take().unwrap().collect().await.map_err(|error| error.to_string())?;
        let trailers = format!("{:?}", collected.trailers());
        Ok::<_, String>(format!("{seen} {:?} {trailers}", collected.to_bytes()))
    };
    let status = |status: u16| Response::builder().status(status);
    let response = match canonical.path().map_or("", |path| str::from_utf8(path).unwrap()) {
        "/read" => Response::new(ProbeBody::from(read().await?)),
        "/late-panic" => {
            sleep(Duration::from_secs(1)).await;
            panic!("late")
        }
        "/read-panic" => panic!("{:?}", read().await),
        "/error" => return Err("failed".to_owned()),
        "/late" => {
            sleep(Duration::from_secs(1)).await;
            Response::new(ProbeBody::from(seen))
        }
        "/hang" => std::future::pending().await,
        "/refuse" => Rejection::new(StatusCode::FORBIDDEN, "app.no").with_detail("no").into_response(),
        "/304" => status(304).header("content-length", "7").body(ProbeBody::new()).unwrap(),
        "/204" => status(204).body(ProbeBody::from("nothing")).unwrap(),
        "/101" => {
            status(101).header("upgrade", "x").header("connection", "upgrade").body(ProbeBody::new()).unwrap()
        }
        "/102" => status(102).body(ProbeBody::new()).unwrap(),
        "/false" => status(200).header("content-length", "9").body(ProbeBody::from("false")).unwrap(),
        "/twice" => {
            let twice = status(200).header("content-length", "4").header("content-length", "4");
            twice.body(ProbeBody::from("four")).unwrap()
        }
        "/stream" => Response::new(ProbeBody::new().data("one").data("two")),
        "/broken" => Response::new(ProbeBody::new().data("one").error("cut off")),
        "/own" => {
            let own = status(200).header("x-request-id", "mine").header("server", "mine");
            own.header("x-content-type-options", "mine").body(ProbeBody::from("own")).unwrap()
        }
        _ => Response::new(ProbeBody::from(seen)),
    };
    Ok(response)
}

/// The app, which panics in its call where the path says so.
fn service() -> impl tower::Service<
    Request<RequestBody>,
    Response = Response<ProbeBody>,
    Error = String,
    Future: Send + 'static,
> + Clone
+ Send
+ 'static {
    service_fn(|req: Request<RequestBody>| {
        assert_ne!(req.uri().path(), "/panic");
        app(req)
    })
}

/// What a server may be told of its peers.
#[derive(Clone, Debug)]
struct Told {
    trust: Option<Trust>,
    ids: RequestIds,
}

fn told() -> impl Strategy<Value = Told> {
    let whom = select(&["192.0.2.1", "198.51.100.7"][..]);
    (prop::option::of((whom, any::<bool>())), any::<[bool; 2]>()).prop_map(|(trust, [of_peers, field])| {
        let by =
            |(whom, forwarded)| if forwarded { Trust::forwarded([whom]) } else { Trust::x_forwarded([whom]) };
        let trust = trust.map(|trust| by(trust).unwrap());
        let ids = RequestIds::new();
        let ids = if of_peers { ids.with_ids_of_peers() } else { ids };
        Told { trust, ids: if field { ids.with_request_field() } else { ids } }
    })
}

/// A client's end of a connection to the layers.
fn layered(limit: &InFlight, told: &Told, http2: bool) -> DuplexStream {
    let (client, server) = duplex(1 << 20);
    let (mut ids, mut strict) =
        (told.ids.clone().with_client(peer()), StrictRequest::new().with_client(peer()));
    if let Some(trust) = &told.trust {
        (ids, strict) = (ids.with_trust(trust.clone()), strict.with_trust(trust.clone()));
    }
    let stack = ServiceBuilder::new()
        .layer(ids)
        .layer(AccessLog::new())
        .layer(headers())
        .layer(RenderRejections::new())
        .layer(limit.clone())
        .layer(strict)
        .layer(BodyLimit::new().with_max_size(MAX_BODY).with_timeout(BODY_TIMEOUT))
        .layer(TrueLength::new())
        .layer_fn(Rescue::new)
        .layer_fn(Patient::new)
        .service(service());
    let service = HyperService::new(stack);
    if http2 {
        let http = http2::Builder::new(TokioExecutor::new());
        let connection = http.serve_connection(TokioIo::new(server), service);
        tokio::spawn(async move { connection.await.ok() });
        return client;
    }
    let mut http = http1::Builder::new();
    http.header_read_timeout(None);
    let connection = http.serve_connection(TokioIo::new(server), service).with_upgrades();
    tokio::spawn(async move { connection.await.ok() });
    client
}

/// A client's end of a connection to the server.
fn served(connections: &Connections) -> DuplexStream {
    let (client, server) = duplex(1 << 20);
    tokio::spawn(connections.serve(server, Some(peer()), service()));
    client
}

/// What came of `raw`: answers, whether it was the last, lines of the log; without what differs each time.
async fn heard(mut client: DuplexStream, raw: &[u8]) -> (String, bool, Vec<String>) {
    let log = Log::capture();
    client.write_all(raw).await.unwrap();
    let heard = hear(&mut client, BODY_TIMEOUT + Duration::from_secs(15)).await;
    drop(client);
    sleep(Duration::from_secs(1)).await;
    let (text, lines) = cleaned(heard.text, &log);
    (text, heard.closed, lines)
}

/// The same over HTTP/2, one request after the other.
async fn heard_over_http2(client: DuplexStream, requests: &[String]) -> (String, Vec<String>) {
    let log = Log::capture();
    let (mut send, connection) = h2::client::handshake(client).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut text = String::new();
    for request in requests {
        if send.clone().ready().await.is_err() {
            break;
        }
        let answer = timeout(BODY_TIMEOUT + Duration::from_secs(15), asked_over_http2(&mut send, request));
        let answer = answer.await.unwrap_or_else(|_| Ok("nothing".to_owned()));
        text += &answer.unwrap_or_else(|error| error.to_string());
        text += "\r\n";
    }
    drop(send);
    sleep(Duration::from_secs(1)).await;
    connection.abort();
    cleaned(text, &log)
}

/// Sends what `raw` says, as far as HTTP/2 has words for it; a body that is too short stays open.
async fn asked_over_http2(send: &mut SendRequest<Bytes>, raw: &str) -> Result<String, h2::Error> {
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let target = if target.starts_with('/') { format!("http://a{target}") } else { target.to_owned() };
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if !["Connection", "Upgrade", "Transfer-Encoding"].contains(&name) {
            request = request.header(name, value);
        }
    }
    let Ok(request) = request.body(()) else { return Ok("no request".to_owned()) };
    let (answer, mut stream) = send.send_request(request, body.is_empty())?;
    if !body.is_empty() {
        stream.send_data(Bytes::copy_from_slice(body.as_bytes()), !head.contains("Length: 9"))?;
    }
    let (head, mut body) = answer.await?.into_parts();
    let mut fields: Vec<_> =
        head.headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap())).collect();
    fields.sort_unstable();
    let mut text = format!("{}\r\n{}\r\n", head.status, fields.concat());
    while let Some(data) = body.data().await {
        text +=
            &data.map_or_else(|error| error.to_string(), |data| String::from_utf8_lossy(&data).into_owned());
    }
    Ok(text)
}

/// Answers and lines without what differs each time.
fn cleaned(mut text: String, log: &Log) -> (String, Vec<String>) {
    let mut lines = log.text();
    for (before, after) in [("x-request-id: ", "\r\n"), (" id=", " ")] {
        let both = text.clone() + &lines;
        for id in both.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(id, _)| id) {
            text = text.replace(id, "ID");
            lines = lines.replace(id, "ID");
        }
    }
    let text = text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect();
    // A layer alone knows no client; faults are the connection's to tell, or told seldom when there are many.
    let is_links = |line: &&str| !line.contains("enfilade::server");
    let word = |word: &&str| !word.starts_with("ms=") && !word.starts_with("client=");
    let line = |line: &str| line.split(' ').filter(word).collect::<Vec<_>>().join(" ");
    (text, lines.lines().filter(is_links).map(line).collect())
}

/// Fields that some link reads.
fn field() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "Accept: text/html\r\n",
            "Accept: application/json\r\n",
            "Content-Type: application/grpc\r\n",
            "X-Request-Id: 0123456789abcdef\r\n",
            "x_request_id: other\r\n",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
            "tracestate: a=1\r\n",
            "Upgrade: x\r\nConnection: upgrade\r\n",
            "Connection: close\r\n",
            "Connection: keep-alive\r\n",
            "Forwarded: for=1.2.3.4;host=evil\r\n",
            "X-Forwarded-Host: evil\r\n",
            "Forwarded: for=1.2.3.4;host=good;proto=https\r\n",
            "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n",
            "X_Forwarded_For: 1.2.3.4\r\n",
            "Remote-User: root\r\n",
            "Expect: 100-continue\r\n",
        ][..],
    )
}

/// The fields that frame a body, and the body.
fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("\r\n".to_owned()),
        1 => Just("Content-Length: 3\r\n\r\nabc".to_owned()),
        1 => Just("Content-Length: 9\r\n\r\nabc".to_owned()),
        1 => Just(format!("Content-Length: 65\r\n\r\n{}", "x".repeat(65))),
        1 => Just("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_owned()),
        1 => Just("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n".to_owned()),
        1 => Just("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nRemote-User: root\r\nx-sum: 1\r\n\r\n".to_owned()),
        1 => Just(format!("Transfer-Encoding: chunked\r\n\r\n41\r\n{}\r\n0\r\n\r\n", "x".repeat(65))),
        1 => Just("Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n".to_owned()),
    ]
}

fn request() -> impl Strategy<Value = String> {
    let method = select(
        &["GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "POST", "POST", "PUT", "OPTIONS", "CONNECT"][..],
    );
    let target = select(
        &[
            "/ok",
            "/ok?q=1",
            "/read",
            "/read",
            "/panic",
            "/late-panic",
            "/read-panic",
            "/error",
            "/late",
            "/refuse",
            "/304",
            "/204",
            "/101",
            "/102",
            "/false",
            "/twice",
            "/stream",
            "/broken",
            "/own",
            "/a/%2e%2e/ok",
            "//x",
            "/a%2fb",
            "*",
            "http://a/ok",
            "http://b/read",
            "a:80",
        ][..],
    );
    let version = prop_oneof![5 => Just("1.1"), 1 => Just("1.0")];
    let host = select(
        &[
            "Host: a\r\n",
            "Host: a\r\n",
            "Host: a\r\n",
            "Host: a\r\n",
            "Host: a\r\n",
            "Host: a\r\n",
            "Host: a\r\n",
            "Host: a\r\n",
            "Host: A.:80\r\n",
            "Host: a@b\r\n",
            "Host: a\r\nHost: b\r\n",
            "",
        ][..],
    );
    (method, target, version, host, prop::collection::vec(field(), 0..4), body()).prop_map(
        |(method, target, version, host, fields, body)| {
            format!("{method} {target} HTTP/{version}\r\n{host}{}{body}", fields.concat())
        },
    )
}

/// Sends the same to both, and holds what came of it against each other.
async fn assert_alike(requests: &[String], full: bool, told: &Told, http2: bool) {
    let limits = Limits::default().with_max_body_size(MAX_BODY).with_max_in_flight(2).with_min_body_rate(0);
    let limits = limits.with_body_timeout(BODY_TIMEOUT).with_head_timeout(Duration::from_secs(600));
    let limits = limits.with_idle_timeout(Duration::from_secs(900));
    let connections = Connections::new(limits).unwrap().with_security_headers(headers());
    let mut connections = connections.with_request_ids(told.ids.clone());
    if let Some(trust) = &told.trust {
        connections = connections.with_trust(trust.clone());
    }
    let limit = InFlight::new(2);
    let mut busy = Vec::new();
    for _ in 0..if full { 2 } else { 0 } {
        for mut client in [served(&connections), layered(&limit, told, false)] {
            client.write_all(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            busy.push(client);
        }
    }
    sleep(Duration::from_secs(1)).await;
    let (ours, theirs) = (served(&connections), layered(&limit, told, http2));
    if http2 {
        assert_eq!(heard_over_http2(ours, requests).await, heard_over_http2(theirs, requests).await);
    } else {
        let raw = requests.concat();
        assert_eq!(heard(ours, raw.as_bytes()).await, heard(theirs, raw.as_bytes()).await);
    }
    drop(busy);
    sleep(Duration::from_secs(1)).await;
    assert_eq!((connections.in_flight(), limit.now()), (0, 0));
}

proptest! {
    // What goes on is rare among so many ways to be refused.
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..ProptestConfig::default() })]
    #[test]
    fn one_service_says_what_the_layers_say(
        requests in prop::collection::vec(request(), 1..4),
        full in prop::bool::weighted(0.1),
        told in told(),
        http2 in any::<bool>(),
    ) {
        let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(assert_alike(&requests, full, &told, http2));
    }
}
