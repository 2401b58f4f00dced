//! The settings of HTTP/2: each as a client sees it that writes its frames by hand, and what cannot work is refused.

use std::{
    convert::Infallible,
    future::{pending, ready},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use enfilade_server::{ConfigError, Http2Limits, Limits, RequestBody};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    time::{Instant, sleep},
};
use tower::service_fn;

use crate::{
    http2::{SETTINGS, headers},
    kit::connect,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const ACK: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

/// A client by hand.
struct Client(DuplexStream);

/// What came: its kind, flags, and payload.
type Raw = (u8, u8, Vec<u8>);

impl Client {
    /// Of an app that never answers.
    async fn new(http2: Http2Limits) -> Self {
        Self::of(http2, |_| pending::<Result<Response<Full<Bytes>>, Infallible>>()).await
    }

    async fn of<A, F, B>(http2: Http2Limits, app: A) -> Self
    where
        A: Fn(Request<RequestBody>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
        B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        let mut client = Self(connect(Limits::default().with_http2(http2), service_fn(app)));
        client.send(&[PREFACE, SETTINGS].concat()).await;
        client
    }

    /// What a server that has hung up makes of it, its frames say.
    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.ok();
    }

    async fn get(&mut self, stream: u8, path: &str) {
        let fields = [
            (":method", &b"GET"[..]),
            (":scheme", b"http"),
            (":path", path.as_bytes()),
            (":authority", b"a"),
        ];
        self.send(&headers(stream, &fields)).await;
    }

    async fn frame(&mut self) -> Option<Raw> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((head[3], head[4], payload))
    }

    async fn next(&mut self, kind: u8) -> Option<Raw> {
        loop {
            let frame = self.frame().await?;
            if frame.0 == kind {
                return Some(frame);
            }
        }
    }
}

fn settings(payload: &[u8]) -> Vec<(u16, u32)> {
    let (all, _) = payload.as_chunks::<6>();
    all.iter()
        .map(|[a, b, c, d, e, f]| (u16::from_be_bytes([*a, *b]), u32::from_be_bytes([*c, *d, *e, *f])))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn windows_frames_and_the_table_of_heads_are_told_to_the_client() {
    const TABLE: u16 = 1;
    const WINDOW: u16 = 4;
    const FRAME: u16 = 5;
    let http2 = Http2Limits::default()
        .with_stream_window(70_000)
        .with_connection_window(300_000)
        .with_max_frame(20_000)
        .with_header_table(512);
    let mut client = Client::new(http2).await;
    let (_, _, told) = client.next(SETTINGS[3]).await.unwrap();
    for setting in [(TABLE, 512), (WINDOW, 70_000), (FRAME, 20_000)] {
        assert!(settings(&told).contains(&setting), "{setting:?}: {:?}", settings(&told));
    }
    let (_, _, raised) = client.next(WINDOW_UPDATE).await.unwrap();
    assert_eq!(u32::from_be_bytes(raised.try_into().unwrap()), 300_000 - 65_535);

    let mut plain = Client::new(Http2Limits::default()).await;
    let (_, _, told) = plain.next(SETTINGS[3]).await.unwrap();
    assert!(settings(&told).iter().all(|(id, _)| *id != TABLE), "what HTTP/2 begins with is not said");
}

/// One burst: streams that are reset before the server has looked at them.
async fn burst(most: usize) -> bool {
    let mut client = Client::new(Http2Limits::default().with_max_pending_resets(most)).await;
    let path = (":path", &b"/"[..]);
    let fields = [(":method", &b"GET"[..]), (":scheme", b"http"), path, (":authority", b"a")];
    let all = (0..10).flat_map(|n| {
        let stream = 2 * n + 1;
        [headers(stream, &fields), vec![0, 0, 4, RST_STREAM, 0, 0, 0, 0, stream, 0, 0, 0, 8]].concat()
    });
    client.send(&all.collect::<Vec<_>>()).await;
    client.send(&[0, 0, 8, PING, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).await;
    loop {
        match client.frame().await {
            Some((PING, ACK, _)) => return true,
            Some((GOAWAY, ..)) | None => return false,
            Some(_) => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn so_many_streams_that_were_reset_unseen_end_the_connection() {
    assert!(burst(10).await);
    assert!(!burst(5).await);
}

#[tokio::test(start_paused = true)]
async fn so_many_streams_that_broke_a_rule_end_the_connection() {
    for (most, ends) in [(3, true), (4, false)] {
        let mut client = Client::new(Http2Limits::default().with_max_error_resets(most)).await;
        for stream in [1, 3, 5, 7] {
            client.get(stream, "/").await;
            // The window of the stream would be larger than HTTP/2 has numbers (RFC 9113 §6.9.1).
            client.send(&[0, 0, 4, WINDOW_UPDATE, 0, 0, 0, 0, stream, 0x7f, 0xff, 0xff, 0xff]).await;
            tokio::task::yield_now().await;
        }
        client.send(&[0, 0, 8, PING, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).await;
        let end = loop {
            match client.frame().await {
                Some((PING, ACK, _)) => break false,
                Some((GOAWAY, ..)) | None => break true,
                Some(_) => {}
            }
        };
        assert_eq!(end, ends, "{most}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_ping_is_let_go_and_one_that_does_is_kept() {
    let http2 = || Http2Limits::default().with_keep_alive(Duration::from_secs(20), Duration::from_secs(5));
    let mut gone = Client::new(http2()).await;
    let begun = Instant::now();
    gone.get(1, "/").await;
    while gone.frame().await.is_some() {}
    let lasted = begun.elapsed();
    assert!((25..=46).contains(&lasted.as_secs()), "{lasted:?}");

    let mut there = Client::new(http2()).await;
    there.get(1, "/").await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(600) {
        let (_, _, ping) = there.next(PING).await.expect("a client that answers is kept");
        there.send(&[&[0, 0, 8, PING, ACK, 0, 0, 0, 0][..], &ping].concat()).await;
    }
}

/// A body without an end, a KiB at a time, that counts what was taken of it.
struct Endless(Arc<AtomicUsize>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.fetch_add(1, Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1 << 10])))))
    }
}

#[tokio::test(start_paused = true)]
async fn so_much_of_a_response_is_kept_for_a_client_that_does_not_take_it() {
    let mut all = Vec::new();
    for kept in [8 << 10, 400 << 10] {
        let taken = Arc::new(AtomicUsize::new(0));
        let body = taken.clone();
        let http2 = Http2Limits::default().with_max_send_buffer(kept);
        let app = move |_| ready(Ok(Response::new(Endless(body.clone()))));
        let mut client = Client::of(http2, app).await;
        // Windows of 16 MiB, and a client that reads nothing of the pipe.
        client.send(&[0, 0, 6, SETTINGS[3], 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0]).await;
        client.send(&[0, 0, 4, WINDOW_UPDATE, 0, 0, 0, 0, 0, 1, 0, 0, 0]).await;
        client.get(1, "/").await;
        sleep(Duration::from_secs(1)).await;
        all.push(taken.load(Relaxed));
    }
    let more = all[1] - all[0];
    assert!((350..=450).contains(&more), "what 392 KiB more of it take: {all:?}");
}

#[test]
fn what_cannot_work_is_refused_and_named() {
    let check = |http2| Limits::default().with_http2(http2).check();
    let http2 = Http2Limits::default;
    assert_eq!(check(http2()), Ok(()));
    for (http2, named) in [
        (http2().with_max_pending_resets(0), "http2.max_pending_resets"),
        (http2().with_max_error_resets(0), "http2.max_error_resets"),
        (http2().with_stream_window(0), "http2.stream_window"),
        (http2().with_stream_window(1 << 31), "http2.stream_window"),
        (http2().with_connection_window(65_534), "http2.connection_window"),
        (http2().with_max_frame(16_383), "http2.max_frame"),
        (http2().with_max_frame(1 << 24), "http2.max_frame"),
        (http2().with_header_table((1 << 20) + 1), "http2.header_table"),
        (http2().with_max_send_buffer(0), "http2.max_send_buffer"),
    ] {
        match check(http2) {
            Err(ConfigError::OutOfRange { setting, .. }) => assert_eq!(setting, named),
            other => panic!("{named}: {other:?}"),
        }
    }
    let never = http2().with_keep_alive(Duration::ZERO, Duration::from_secs(1));
    assert_eq!(check(never), Err(ConfigError::Timeout { setting: "http2.keep_alive" }));
}
