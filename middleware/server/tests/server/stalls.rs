//! A client that takes no response keeps no place; an app that has nothing to say yet keeps its own.
//!
//! ```text
//! window 0, or a socket not read ──▶ the stream is reset, the connection cut
//! long poll, events ───────────────▶ never
//! ```

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use enfilade_core::ClientAddr;
use enfilade_server::{Connections, Limits, RequestBody};
use http::{Request, Response};
use http_body::{Body, Frame};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{Instant, Sleep, sleep},
};
use tokio_util::task::AbortOnDropHandle;
use tower::{Service, service_fn};

use crate::kit::{Log, PREFACE, curt, hear};

/// `SETTINGS_INITIAL_WINDOW_SIZE` 0.
const NO_WINDOW: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A GET on a stream, fields from the static table, the authority as a literal.
fn get(stream: u8) -> Vec<u8> {
    [&[0, 0, 6, 1, 5, 0, 0, 0, stream, 0x82, 0x86, 0x84, 0x41, 1][..], b"a"].concat()
}

/// A client's end of a connection of `connections`, through a pipe of so many bytes.
fn client<S, B>(connections: &Connections, pipe: usize, app: S) -> DuplexStream
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let (client, server) = duplex(pipe);
    let peer = ClientAddr::Tcp("192.0.2.1:5000".parse().unwrap());
    tokio::spawn(connections.serve(server, Some(peer), app));
    client
}

/// A body of `words` words of `size` bytes, one every `pause`.
struct Talk {
    pause: Duration,
    size: usize,
    words: u32,
    sleep: Pin<Box<Sleep>>,
}

impl Body for Talk {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.words == 0 {
            return Poll::Ready(None);
        }
        ready!(self.sleep.as_mut().poll(cx));
        let next = Instant::now() + self.pause;
        self.sleep.as_mut().reset(next);
        self.words -= 1;
        Poll::Ready(Some(Ok(Frame::data("x".repeat(self.size).into()))))
    }
}

/// An app that answers at once and then talks.
fn talker(
    pause: Duration,
    size: usize,
    words: u32,
) -> impl Service<Request<RequestBody>, Response = Response<Talk>, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ 'static {
    service_fn(move |_: Request<RequestBody>| async move {
        Ok(Response::new(Talk { pause, size, words, sleep: Box::pin(sleep(pause)) }))
    })
}

#[tokio::test(start_paused = true)]
async fn streams_without_a_window_keep_no_place_whatever_else_the_client_sends() {
    let log = Log::capture();
    let connections = Connections::new(Limits::default().with_max_in_flight(8)).unwrap();
    let mut attacker = client(&connections, 1 << 20, service_fn(curt));
    let gets: Vec<u8> = (0..20).flat_map(|n| get(2 * n + 1)).collect();
    attacker.write_all(&[PREFACE, NO_WINDOW, &gets].concat()).await.unwrap();
    let start = Instant::now();
    let (mut read, mut write) = tokio::io::split(attacker);
    let pings = AbortOnDropHandle::new(tokio::spawn(async move {
        while write.write_all(PING).await.is_ok() {
            sleep(Duration::from_secs(5)).await;
        }
    }));
    sleep(Duration::from_secs(29)).await;
    assert_eq!(connections.in_flight(), 8, "the refusals of the other twelve hold no place");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(connections.in_flight(), 0);
    assert!(log.codes().iter().filter(|code| *code == "http.timeout").count() >= 20, "{:?}", log.codes());
    let mut heard = Vec::new();
    read.read_to_end(&mut heard).await.ok();
    assert!(start.elapsed() < Duration::from_secs(180), "the connection ends too: {:?}", start.elapsed());
    drop(pings);
}

#[tokio::test(start_paused = true)]
async fn refusals_that_are_not_taken_keep_nobody_out() {
    let connections = Connections::new(Limits::default().with_max_in_flight(1)).unwrap();
    let mut busy = client(&connections, 1 << 20, talker(Duration::from_secs(5), 1, 1));
    busy.write_all(GET).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let mut attacker = client(&connections, 1 << 20, service_fn(curt));
    attacker.write_all(&[PREFACE, NO_WINDOW, &get(1), &get(3), &get(5)].concat()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(connections.in_flight(), 1);
    assert_eq!(hear(&mut busy, Duration::from_secs(20)).await.statuses(), [200]);
    assert_eq!(connections.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_stream_takes_no_other_along() {
    let connections = Connections::new(Limits::default()).unwrap();
    let io = client(&connections, 1 << 20, talker(Duration::from_secs(1), 1000, 100));
    let mut builder = h2::client::Builder::new();
    let wide = builder.initial_connection_window_size(1 << 20);
    let (mut send, connection) = wide.handshake::<_, Bytes>(io).await.unwrap();
    tokio::spawn(connection);
    let get = || Request::get("http://a/").body(()).unwrap();
    let (stalled, _) = send.send_request(get(), true).unwrap();
    let mut stalled = stalled.await.unwrap().into_body();
    let (read, _) = send.send_request(get(), true).unwrap();
    let mut read = read.await.unwrap().into_body();
    // The first is never given a window again.
    let mut bytes = 0;
    while let Some(data) = read.data().await {
        let data = data.expect("a stream that is read goes on");
        bytes += data.len();
        read.flow_control().release_capacity(data.len()).unwrap();
    }
    assert_eq!(bytes, 100_000);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(connections.in_flight(), 0);
    let mut end = stalled.data().await;
    while let Some(Ok(_)) = end {
        end = stalled.data().await;
    }
    assert_eq!(end.unwrap().unwrap_err().reason(), Some(h2::Reason::CANCEL));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_not_read_is_cut_over_http1() {
    let log = Log::capture();
    let connections = Connections::new(Limits::default()).unwrap();
    let mut client = client(&connections, 1024, talker(Duration::ZERO, 8 << 10, 1000));
    client.write_all(GET).await.unwrap();
    sleep(Duration::from_secs(29)).await;
    assert_eq!(connections.in_flight(), 1);
    // Eight KiB more than the timeout have eight seconds more.
    sleep(Duration::from_secs(11)).await;
    assert_eq!(connections.in_flight(), 0);
    assert_eq!(log.codes().last().map(String::as_str), Some("http.timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_but_reads_gets_all_of_it() {
    let connections = Connections::new(Limits::default()).unwrap();
    let mut client = client(&connections, 1024, talker(Duration::ZERO, 64 << 10, 4));
    client.write_all(GET).await.unwrap();
    let (mut all, mut chunk) = (0, vec![0; 4 << 10]);
    while all < 256 << 10 {
        sleep(Duration::from_secs(2)).await;
        all += client.read_exact(&mut chunk).await.expect("it is not cut");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_has_nothing_to_say_yet_is_waited_for() {
    let connections = Connections::new(Limits::default()).unwrap();
    let mut one = client(&connections, 1 << 20, talker(Duration::from_secs(900), 1, 3));
    one.write_all(GET).await.unwrap();
    let heard = hear(&mut one, Duration::from_secs(1000)).await;
    assert!(heard.text.ends_with("x\r\n0\r\n\r\n"), "{heard:?}");

    let io = client(&connections, 1 << 20, talker(Duration::from_secs(900), 1, 3));
    let (mut send, connection) = h2::client::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let (events, _) = send.send_request(Request::get("http://a/").body(()).unwrap(), true).unwrap();
    let mut body = events.await.unwrap().into_body();
    let mut words = 0;
    while let Some(word) = body.data().await {
        words += word.expect("it is not cut").len();
    }
    assert_eq!(words, 3);
}
