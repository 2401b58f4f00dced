//! How connections and the server end: drain, grace period, second signal; and how many there may be.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use bytes::Bytes;
use enfilade_server::{Connections, Limits, RequestBody, Server};
use http::{Request, Response};
use http_body_util::Full;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tower::service_fn;

use crate::kit::{Log, hear};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

type Answer = Result<Response<Full<Bytes>>, Infallible>;

/// Answers after as many seconds as the path says.
async fn slow(req: Request<RequestBody>) -> Answer {
    let seconds = req.uri().path().trim_start_matches('/').parse().unwrap_or(0);
    sleep(Duration::from_secs(seconds)).await;
    Ok(Response::new(Full::from("done")))
}

fn pipe(connections: &Connections) -> DuplexStream {
    let (client, server) = duplex(1 << 16);
    tokio::spawn(connections.serve(server, None, service_fn(slow)));
    client
}

#[tokio::test(start_paused = true)]
async fn a_drain_closes_what_rests_and_lets_what_runs_end() {
    let connections = Connections::new(Limits::default()).unwrap();
    let (mut silent, mut resting, mut busy, mut speaking) =
        (pipe(&connections), pipe(&connections), pipe(&connections), pipe(&connections));
    resting.write_all(GET).await.unwrap();
    assert_eq!(hear(&mut resting, Duration::from_secs(1)).await.statuses(), [200]);
    busy.write_all(b"GET /5 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    speaking.write_all(b"GET /0 HTTP/1.1\r\n").await.unwrap();
    sleep(Duration::from_millis(10)).await;

    let start = Instant::now();
    connections.drain();
    assert!(hear(&mut silent, Duration::from_secs(60)).await.closed);
    assert!(hear(&mut resting, Duration::from_secs(60)).await.closed);
    assert_eq!(start.elapsed(), Duration::ZERO);
    speaking.write_all(b"Host: a\r\n\r\n").await.unwrap();
    let heard = hear(&mut speaking, Duration::from_secs(60)).await;
    assert!(
        heard.statuses() == [200] && heard.closed && heard.text.contains("connection: close"),
        "{heard:?}"
    );
    let heard = hear(&mut busy, Duration::from_secs(60)).await;
    assert!(heard.text.ends_with("done") && heard.closed, "{heard:?}");
    connections.done().await;
    assert_eq!(start.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_drain_says_goaway_and_lets_streams_end() {
    let connections = Connections::new(Limits::default()).unwrap();
    let (mut send, connection) = h2::client::handshake(pipe(&connections)).await.unwrap();
    let connection = tokio::spawn(connection);
    let (response, _) = send.send_request(Request::get("http://a/5").body(()).unwrap(), true).unwrap();
    sleep(Duration::from_secs(1)).await;
    connections.drain();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    drop(response);
    connection.await.unwrap().unwrap();
    timeout(Duration::from_secs(1), connections.done()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_cuts_what_still_runs() {
    let connections = Connections::new(Limits::default()).unwrap();
    let mut busy = pipe(&connections);
    busy.write_all(b"GET /5000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    connections.drain();
    assert!(!hear(&mut busy, Duration::from_secs(60)).await.closed);
    assert!(connections.stop(), "one is left");
    assert!(hear(&mut busy, Duration::from_secs(60)).await.closed);
    connections.done().await;
    assert_eq!(connections.in_flight(), 0);
}

/// A server on a port of its own, how to drain it and how to stop it.
async fn server(
    limits: Limits,
    grace: Duration,
) -> (SocketAddr, oneshot::Sender<()>, oneshot::Sender<()>, JoinHandle<()>) {
    let (drain, drained) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let server = Server::bind("127.0.0.1:0")
        .await
        .unwrap()
        .with_limits(limits)
        .with_grace_period(grace)
        .with_graceful_shutdown(async { drained.await.unwrap_or_default() })
        .with_immediate_shutdown(async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        });
    let addr = server.local_addrs()[0];
    let serving = tokio::spawn(async { server.serve(service_fn(slow)).await.unwrap() });
    (addr, drain, stop, serving)
}

/// Sends one request and reads one whole answer, over a real socket: virtual time does not work there.
async fn get(client: &mut TcpStream) -> String {
    client.write_all(GET).await.unwrap();
    let mut text = String::new();
    while !text.ends_with("done") {
        let mut buf = [0; 1024];
        let read = client.read(&mut buf).await.unwrap();
        assert!(read > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&buf[..read]));
    }
    text
}

#[tokio::test]
async fn a_server_that_drains_accepts_no_more_and_ends() {
    let (addr, drain, _stop, serving) = server(Limits::default(), Duration::from_secs(60)).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    get(&mut client).await;
    drain.send(()).unwrap();
    serving.await.unwrap();
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0, "the resting connection is closed");
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn a_server_that_is_stopped_without_a_drain_ends_at_once() {
    let (addr, _drain, stop, serving) = server(Limits::default(), Duration::from_secs(60)).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    client.write_all(b"GET /5000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut other = TcpStream::connect(addr).await.unwrap();
    get(&mut other).await;
    stop.send(()).unwrap();
    serving.await.unwrap();
    assert_eq!(client.read(&mut [0; 8]).await.unwrap_or(0), 0, "the busy connection is cut");
}

#[tokio::test]
async fn what_is_not_done_after_the_grace_period_is_cut() {
    let log = Log::capture();
    let (addr, drain, _stop, serving) = server(Limits::default(), Duration::from_millis(50)).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    client.write_all(b"GET /5000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut other = TcpStream::connect(addr).await.unwrap();
    get(&mut other).await;
    drain.send(()).unwrap();
    serving.await.unwrap();
    assert_eq!(client.read(&mut [0; 8]).await.unwrap_or(0), 0);
    assert!(log.codes().contains(&"server.cut".to_owned()));
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let (addr, drain, stop, serving) = server(Limits::default(), Duration::from_secs(3600)).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    client.write_all(b"GET /5000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut other = TcpStream::connect(addr).await.unwrap();
    get(&mut other).await;
    drain.send(()).unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn connections_over_the_limit_wait_until_one_ends() {
    let (addr, _drain, _stop, _serving) =
        server(Limits::default().with_max_connections(1), Duration::ZERO).await;
    let mut first = TcpStream::connect(addr).await.unwrap();
    get(&mut first).await;
    let mut second = TcpStream::connect(addr).await.unwrap();
    second.write_all(GET).await.unwrap();
    assert!(timeout(Duration::from_millis(100), second.read(&mut [0; 8])).await.is_err(), "it waits");
    drop(first);
    assert_eq!(second.read(&mut [0; 8]).await.unwrap(), 8);
}

#[tokio::test(start_paused = true)]
async fn requests_over_the_limit_are_503_and_resting_connections_do_not_count() {
    let connections = Connections::new(Limits::default().with_max_in_flight(1)).unwrap();
    let mut resting = Vec::new();
    for _ in 0..4 {
        let mut client = pipe(&connections);
        client.write_all(GET).await.unwrap();
        assert_eq!(hear(&mut client, Duration::from_secs(1)).await.statuses(), [200]);
        resting.push(client);
    }
    let mut busy = pipe(&connections);
    busy.write_all(b"GET /30 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(connections.in_flight(), 1);

    let log = Log::capture();
    resting[0].write_all(GET).await.unwrap();
    let heard = hear(&mut resting[0], Duration::from_secs(1)).await;
    assert!(
        heard.statuses() == [503] && heard.text.contains("retry-after: 1\r\n") && !heard.closed,
        "{heard:?}"
    );
    assert_eq!(log.codes(), ["server.busy"]);

    assert_eq!(hear(&mut busy, Duration::from_secs(40)).await.statuses(), [200]);
    resting[1].write_all(GET).await.unwrap();
    assert_eq!(hear(&mut resting[1], Duration::from_secs(1)).await.statuses(), [200]);
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_for_an_app_that_is_not_ready_count_as_well() {
    let app = tower::ServiceBuilder::new().concurrency_limit(1).service(service_fn(slow));
    let connections = Connections::new(Limits::default().with_max_in_flight(2)).unwrap();
    let (answers, mut answered) = mpsc::unbounded_channel();
    for _ in 0..3 {
        let (mut client, server) = duplex(1 << 16);
        tokio::spawn(connections.serve(server, None, app.clone()));
        let answers = answers.clone();
        tokio::spawn(async move {
            client.write_all(b"GET /5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
            answers.send(hear(&mut client, Duration::from_secs(60)).await.statuses()[0]).unwrap();
        });
    }
    let start = Instant::now();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push((answered.recv().await.unwrap(), start.elapsed().as_secs()));
    }
    assert_eq!(statuses, [(503, 0), (200, 5), (200, 10)]);
}

#[tokio::test]
async fn a_busy_port_is_an_error_that_names_it() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let addr = server.local_addrs()[0];
    let error = Server::bind(addr).await.unwrap_err();
    assert_eq!((error.addr(), error.kind()), (Some(addr), std::io::ErrorKind::AddrInUse));
    assert!(error.to_string().starts_with(&format!("cannot listen on {addr}: ")));
    assert!(Server::bind("no.such.host.invalid:1").await.unwrap_err().addr().is_none());
}

#[tokio::test]
async fn several_addresses_are_one_server() {
    let addrs: Vec<SocketAddr> = ["127.0.0.1:0", "127.0.0.2:0"].map(|addr| addr.parse().unwrap()).into();
    let server = Server::bind(&addrs[..]).await.unwrap();
    let bound = server.local_addrs();
    let serving = tokio::spawn(server.serve(service_fn(slow)));
    for addr in bound {
        get(&mut TcpStream::connect(addr).await.unwrap()).await;
    }
    serving.abort();
}

#[tokio::test]
async fn limits_that_cannot_work_are_refused_before_serving() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let error = server
        .with_limits(Limits::default().with_max_header_size(1))
        .serve(service_fn(slow))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "`max_header_size` is 1: set 1024 to 1048576");
}
