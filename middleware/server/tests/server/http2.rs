//! HTTP/2: streams that are reset, and an app's failure that costs one stream; odd requests are asked in `tests/raw`.

use std::time::Duration;

use bytes::Bytes;
use enfilade_server::Limits;
use enfilade_test::{Answer, Latch, Probe, ProbeBody, assert_header};
use h2::client::SendRequest;
use http::{Request, StatusCode, Version};
use tokio::time::{Instant, sleep};
use tower::service_fn;

use crate::kit::{Log, connect, echo, rested};

pub(crate) const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A HEADERS frame that ends the stream, every field a literal.
pub(crate) fn headers(stream: u8, fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        let len =
            |bytes: &[u8]| u8::try_from(bytes.len()).ok().filter(|len| *len < 127).expect("a short field");
        block.extend([0, len(name.as_bytes())]);
        block.extend(name.as_bytes());
        block.push(len(value));
        block.extend(*value);
    }
    let length = u8::try_from(block.len()).expect("a small head");
    [&[0, 0, length, 1, 5, 0, 0, 0, stream][..], &block].concat()
}

/// An h2 client on a pipe to `app`.
macro_rules! client {
    ($limits:expr, $app:expr) => {{
        let (send, connection) = h2::client::handshake(connect($limits, $app)).await.unwrap();
        tokio::spawn(connection);
        send
    }};
}

fn request(path: &str) -> Request<()> {
    Request::get(format!("http://a{path}")).version(Version::HTTP_2).body(()).unwrap()
}

async fn status(send: &mut SendRequest<Bytes>, path: &str) -> StatusCode {
    send.send_request(request(path), true).unwrap().0.await.unwrap().status()
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_one_stream_and_is_a_500() {
    let log = Log::capture();
    let probe = Probe::ok()
        .respond(Answer::panic("a secret"))
        .respond(Answer::panic_on_call("a secret"))
        .respond(200);
    let mut send = client!(Limits::default(), probe.service());
    for expected in [500, 500, 200] {
        assert_eq!(status(&mut send, "/").await, expected);
    }
    assert_eq!(log.codes()[0], "server.panic");
    assert!(!log.text().contains("secret"), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_app_is_a_500_with_its_causes_in_the_log() {
    let log = Log::capture();
    let probe = Probe::ok().respond(Answer::error("no database\nat all"));
    let mut send = client!(Limits::default(), probe.service());
    assert_eq!(status(&mut send, "/").await, 500);
    assert!(log.text().contains(r"no database\nat all"), "{}", log.text());
    assert!(log.codes().iter().all(|code| code == "server.app-error"));
}

#[tokio::test(start_paused = true)]
async fn a_reset_stream_is_noticed_by_the_app_and_by_nobody_else() {
    let probe = Probe::ok().read_bodies();
    let mut send = client!(Limits::default(), probe.service());
    let post = Request::post("http://a/").body(()).unwrap();
    let (_response, mut stream) = send.send_request(post, false).unwrap();
    stream.send_data(Bytes::from_static(b"half"), false).unwrap();
    tokio::task::yield_now().await;
    stream.send_reset(h2::Reason::CANCEL);
    assert_eq!(status(&mut send, "/").await, 200);
    rested(&probe, 2).await;
    assert_eq!(
        probe.requests()[0].body(),
        None,
        "the app was not left waiting, nor told that it had the whole"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_is_413_and_costs_one_stream() {
    let log = Log::capture();
    let mut send = client!(Limits::default().with_max_body_size(4), service_fn(echo));
    for declared in [false, true] {
        let mut post = Request::post("http://a/");
        if declared {
            post = post.header("content-length", "5");
        }
        let (response, mut stream) = send.send_request(post.body(()).unwrap(), false).unwrap();
        stream.send_data(Bytes::from_static(b"fives"), true).unwrap();
        assert_eq!(response.await.unwrap().status(), 413);
    }
    assert_eq!(status(&mut send, "/").await, 200);
    assert_eq!(log.codes(), ["http.body-too-large"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_coming_is_408_and_costs_one_stream() {
    let mut send = client!(Limits::default(), service_fn(echo));
    let post = Request::post("http://a/").body(()).unwrap();
    let (response, mut stream) = send.send_request(post, false).unwrap();
    stream.send_data(Bytes::from_static(b"half"), false).unwrap();
    assert_eq!(response.await.unwrap().status(), 408);
    assert_eq!(status(&mut send, "/").await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_408_and_costs_one_stream() {
    let mut send = client!(Limits::default(), service_fn(echo));
    let post = Request::post("http://a/").body(()).unwrap();
    let (response, mut stream) = send.send_request(post, false).unwrap();
    let start = Instant::now();
    tokio::spawn(async move {
        while stream.send_data(Bytes::from_static(b"x"), false).is_ok() {
            sleep(Duration::from_secs(20)).await;
        }
    });
    assert_eq!(response.await.unwrap().status(), 408);
    assert_eq!(start.elapsed().as_secs(), 30);
    assert_eq!(status(&mut send, "/").await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_head_over_16_kib_is_431_and_ten_thousand_cookie_crumbs_are_too() {
    let mut send = client!(Limits::default().with_max_header_size(1 << 20), service_fn(echo));
    let crumbs = |count: usize| {
        let mut request = request("/");
        for _ in 0..count {
            request.headers_mut().append("cookie", http::HeaderValue::from_static("a=b"));
        }
        request
    };
    let (few, _) = send.send_request(crumbs(100), true).unwrap();
    assert_eq!(few.await.unwrap().status(), 200);
    let (many, _) = send.send_request(crumbs(1000), true).unwrap();
    assert_eq!(many.await.unwrap().status(), 431);
    assert_eq!(status(&mut send, "/").await, 200);
}

#[tokio::test(start_paused = true)]
async fn head_keeps_its_length_and_has_no_body() {
    let probe = Probe::ok().respond(Answer::ok().body("xyz"));
    let mut send = client!(Limits::default(), probe.service());
    let head = Request::head("http://a/").body(()).unwrap();
    let response = send.send_request(head, true).unwrap().0.await.unwrap();
    assert_header!(response, "content-length" = "3");
    assert!(response.into_body().is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn a_response_shorter_than_its_length_is_refused_or_resets_the_stream() {
    let broken = |body: ProbeBody| Answer::ok().header("content-length", "10").body(body);
    let latch = Latch::shut();
    let probe = Probe::ok()
        .respond(broken("xyz".into()))
        .respond(broken(ProbeBody::new().data("xyz").wait(&latch).error("no more")))
        .respond(200);
    let mut send = client!(Limits::default(), probe.service());
    // Of known length, so it is refused before anything is sent.
    assert_eq!(status(&mut send, "/").await, 500);
    let response = send.send_request(request("/"), true).unwrap().0.await.unwrap();
    let mut body = response.into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "xyz");
    // A reset overtakes what was not sent yet.
    latch.open();
    assert!(body.data().await.unwrap().unwrap_err().is_reset());
    assert_eq!(status(&mut send, "/").await, 200);
}
