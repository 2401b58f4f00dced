//! Every way to keep a connection without using it ends, in virtual time.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use enfilade_server::{Limits, RequestBody};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tower::service_fn;

use crate::kit::{Log, PREFACE, connect, curt, echo, hear, say};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

/// Whole seconds until the server closes.
async fn seconds_until_closed(client: &mut DuplexStream) -> u64 {
    let start = Instant::now();
    let heard = hear(client, Duration::from_secs(3600)).await;
    assert!(heard.closed, "the connection hangs: {heard:?}");
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn whoever_sends_no_request_is_cut_after_the_head_timeout() {
    let preface_and_settings = [PREFACE, SETTINGS].concat();
    let half_headers = [PREFACE, SETTINGS, &[0, 0, 9, 1, 4, 0, 0, 0, 1, 0x82]].concat();
    let silences: &[(&str, &[u8])] = &[
        ("nothing", b""),
        ("one byte of either version", b"P"),
        ("half a preface", &PREFACE[..12]),
        ("a preface only", PREFACE),
        ("a preface and settings", &preface_and_settings),
        ("half a HEADERS frame", &half_headers),
        ("half a head", b"GET / HTTP/1.1\r\nHost: a\r\n"),
        ("empty lines", b"\r\n\r\n\r\n"),
    ];
    for (name, sent) in silences {
        let log = Log::capture();
        let mut client = connect(Limits::default(), service_fn(echo));
        client.write_all(sent).await.unwrap();
        assert_eq!(seconds_until_closed(&mut client).await, 10, "{name}");
        assert_eq!(log.codes(), ["http.timeout"], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_trickle_moves_no_deadline_of_the_first_head() {
    for preface in [b"GET / HTTP/1.1\r\nX: ".to_vec(), [PREFACE, SETTINGS].concat()] {
        let client = connect(Limits::default(), service_fn(echo));
        let (mut read, mut write) = tokio::io::split(client);
        let start = Instant::now();
        let drip = if preface[0] == b'G' { b"x" } else { PING };
        write.write_all(&preface).await.unwrap();
        let dripping = tokio::spawn(async move {
            while write.write_all(drip).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        assert!(hear(&mut read, Duration::from_secs(3600)).await.closed);
        assert_eq!(start.elapsed().as_secs(), 10);
        dripping.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_resting_connection_is_closed_after_the_idle_timeout_without_a_word() {
    let log = Log::capture();
    let mut client = connect(Limits::default(), service_fn(echo));
    for _ in 0..3 {
        assert_eq!(say(&mut client, GET).await.statuses(), [200]);
        sleep(Duration::from_secs(50)).await;
    }
    // The last answer came 51 seconds ago: the listening took one.
    assert_eq!(seconds_until_closed(&mut client).await, 9);
    assert_eq!(log.codes(), [""; 0]);
}

/// A body of `words` words that are there already, in a channel: each costs the task a part of its budget.
struct Hasty(mpsc::UnboundedReceiver<Bytes>);

impl Hasty {
    fn new(words: usize) -> Self {
        let (send, receive) = mpsc::unbounded_channel();
        (0..words).for_each(|_| send.send(Bytes::from_static(b"word")).expect("the receiver is here"));
        Self(receive)
    }
}

impl Body for Hasty {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|word| word.map(|word| Ok(Frame::data(word))))
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_the_tasks_whole_budget_leaves_no_connection_without_a_deadline() {
    // From none to several budgets, so that one of them is spent at any place where a timer is looked at.
    for words in (0..20).chain(100..150).chain([255, 256, 400, 1000]) {
        let app = service_fn(move |_: Request<RequestBody>| async move {
            Ok::<_, Infallible>(Response::new(Hasty::new(words)))
        });
        let mut client = connect(Limits::default(), app);
        client.write_all(GET).await.unwrap();
        assert_eq!(seconds_until_closed(&mut client).await, 60, "{words} words");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_head_has_the_head_timeout_from_its_first_byte() {
    let mut client = connect(Limits::default(), service_fn(echo));
    assert_eq!(say(&mut client, GET).await.statuses(), [200]);
    sleep(Duration::from_secs(30)).await;
    client.write_all(b"GET / HT").await.unwrap();
    assert_eq!(seconds_until_closed(&mut client).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_request_may_take_as_long_as_the_app_wants() {
    let slow = service_fn(async |_: Request<RequestBody>| {
        sleep(Duration::from_secs(900)).await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("late")))
    });
    let mut client = connect(Limits::default(), slow);
    client.write_all(GET).await.unwrap();
    let heard = hear(&mut client, Duration::from_secs(1000)).await;
    assert!(heard.text.ends_with("late"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_resting_http2_connection_is_told_goodbye() {
    let client = connect(Limits::default(), service_fn(echo));
    let (mut send, connection) = h2::client::handshake(client).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::get("http://a/").body(()).unwrap();
    let (response, _) = send.send_request(request.clone(), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    let start = Instant::now();
    // A client that answers pings closes when it is told to; the error would be a cut connection.
    connection.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn pings_keep_no_http2_connection_alive() {
    // GET http://a/ from the static table, the authority as a literal.
    let headers = [&[0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 1][..], b"a"].concat();
    let client = connect(Limits::default(), service_fn(curt));
    let (mut read, mut write) = tokio::io::split(client);
    write.write_all(&[PREFACE, SETTINGS, &headers].concat()).await.unwrap();
    let start = Instant::now();
    tokio::spawn(async move {
        while write.write_all(PING).await.is_ok() {
            sleep(Duration::from_secs(5)).await;
        }
    });
    let mut heard = Vec::new();
    timeout(Duration::from_secs(3600), read.read_to_end(&mut heard)).await.expect("it ends").ok();
    assert!((60..=70).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_coming_is_answered_408_and_the_connection_closed() {
    for framing in ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
        let log = Log::capture();
        let mut client = connect(Limits::default(), service_fn(echo));
        let start = Instant::now();
        client.write_all(format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}").as_bytes()).await.unwrap();
        let heard = hear(&mut client, Duration::from_secs(3600)).await;
        assert_eq!((heard.statuses(), heard.closed, start.elapsed().as_secs()), (vec![408], true, 30));
        assert_eq!(log.codes(), ["http.body-timeout"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_slowly_but_comes_is_read() {
    let mut client = connect(Limits::default(), service_fn(echo));
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 102400\r\n\r\n").await.unwrap();
    for _ in 0..5 {
        sleep(Duration::from_secs(20)).await;
        client.write_all(&b"x".repeat(20 << 10)).await.unwrap();
    }
    let heard = hear(&mut client, Duration::from_secs(1)).await;
    assert!(heard.text.ends_with("xxx>"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_answered_408_unless_no_rate_is_asked_for() {
    for (rate, statuses) in [(1 << 10, vec![408]), (0, vec![200])] {
        let client = connect(Limits::default().with_min_body_rate(rate), service_fn(echo));
        let (mut read, mut write) = tokio::io::split(client);
        let start = Instant::now();
        write.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n").await.unwrap();
        tokio::spawn(async move {
            while write.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(20)).await;
            }
        });
        let heard = hear(&mut read, Duration::from_secs(100)).await;
        let heard = if rate == 0 { hear(&mut read, Duration::from_secs(3600)).await } else { heard };
        assert_eq!(heard.statuses(), statuses);
        let took = start.elapsed().as_secs();
        assert!((rate == 0) != (30..=31).contains(&took), "{took}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_reads_slowly_is_not_taken_for_a_slow_client() {
    let slow = service_fn(async |req: Request<RequestBody>| {
        let mut body = req.into_body();
        while let Some(frame) = body.frame().await {
            frame.expect("the client sent all of it");
            sleep(Duration::from_secs(50)).await;
        }
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("read")))
    });
    let mut client = connect(Limits::default(), slow);
    let chunks = b"1\r\nx\r\n".repeat(20);
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.write_all(&[&head[..], &chunks, b"0\r\n\r\n"].concat()).await.unwrap();
    let answer = hear(&mut client, Duration::from_secs(3600)).await;
    assert_eq!(answer.statuses(), [200]);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_does_not_read_blames_no_client() {
    let slow = service_fn(async |_: Request<RequestBody>| {
        sleep(Duration::from_secs(100)).await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("late")))
    });
    let mut client = connect(Limits::default(), slow);
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").await.unwrap();
    let heard = hear(&mut client, Duration::from_secs(200)).await;
    assert_eq!(heard.statuses(), [200]);
}
