//! What apps say about a response's length, and what the client gets: never two responses mixed up.

use std::{convert::Infallible, io};

use bytes::Bytes;
use enfilade_server::{Limits, RequestBody};
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_LENGTH};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper_util::rt::TokioIo;
use tower::service_fn;

use crate::kit::{Heard, Log, connect, say};

type Body = UnsyncBoxBody<Bytes, io::Error>;

fn whole(text: &'static str) -> Body {
    Full::from(text).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// A body whose length nobody knows, in frames of these texts; `!` fails, `?` panics.
fn stream(texts: &'static [&'static str]) -> Body {
    let mut texts = texts.iter();
    StreamBody::new(Frames(move || match *texts.next()? {
        "!" => Some(Err(io::Error::other("the app's body failed"))),
        "?" => panic!("a secret"),
        text => Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))),
    }))
    .boxed_unsync()
}

struct Frames<F>(F);

impl<F: FnMut() -> Option<Result<Frame<Bytes>, io::Error>> + Unpin> futures_core::Stream for Frames<F> {
    type Item = Result<Frame<Bytes>, io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready((self.0)())
    }
}

/// Asks twice on one connection; the app answers the first with `make`, the second with `after`.
async fn ask_twice(method: &str, make: fn() -> Response<Body>) -> (Heard, Vec<String>) {
    let log = Log::capture();
    let app = service_fn(move |req: Request<RequestBody>| async move {
        Ok::<_, Infallible>(match req.uri().path() {
            "/first" => make(),
            _ => Response::new(whole("after")),
        })
    });
    let mut client = connect(Limits::default(), app);
    let raw = format!("{method} /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    let heard = say(&mut client, raw.as_bytes()).await;
    (heard, log.codes())
}

fn with_length(length: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static(length));
    response
}

fn with_status(status: StatusCode, mut response: Response<Body>) -> Response<Body> {
    *response.status_mut() = status;
    response
}

#[tokio::test(start_paused = true)]
async fn a_length_that_is_true_is_kept() {
    for make in [
        (|| with_length("3", whole("xyz"))) as fn() -> _,
        || with_length("3", stream(&["x", "", "yz"])),
        || Response::new(whole("xyz")),
    ] {
        let (heard, codes) = ask_twice("GET", make).await;
        assert_eq!(heard.statuses(), [200, 200]);
        assert!(
            heard.text.contains("content-length: 3\r\n") && heard.text.contains("\r\n\r\nxyzHTTP/1.1"),
            "{heard:?}"
        );
        assert!(codes.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_length_that_is_known_to_be_wrong_is_a_500() {
    for make in [
        (|| with_length("10", whole("xyz"))) as fn() -> _,
        || with_length("2", whole("xyz")),
        || with_length("0", whole("xyz")),
        || with_length("3", whole("")),
        || with_length("+3", whole("xyz")),
        || with_length("xyz", whole("xyz")),
        || with_length("", whole("xyz")),
        || with_length("3, 3", whole("xyz")),
        || with_length("99999999999999999999", stream(&["xyz"])),
        || {
            let mut response = with_length("3", whole("xyz"));
            response.headers_mut().append(CONTENT_LENGTH, HeaderValue::from_static("3"));
            response
        },
    ] {
        let (heard, codes) = ask_twice("GET", make).await;
        assert_eq!(heard.statuses(), [500, 200], "{heard:?}");
        assert!(!heard.text.contains("xyz") && heard.text.ends_with("after"), "{heard:?}");
        assert_eq!(codes, ["server.length-mismatch"; 2], "one line of the fault, one of the access log");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_early_or_late_or_fails_cuts_the_connection() {
    for (make, code) in [
        ((|| with_length("10", stream(&["xyz"]))) as fn() -> _, "server.length-mismatch"),
        (|| with_length("2", stream(&["xyz"])), "server.length-mismatch"),
        (|| with_length("10", stream(&["xyz", "!"])), "server.app-error"),
        (|| with_length("10", stream(&["xyz", "?"])), "server.panic"),
        (|| Response::new(stream(&["xyz", "!"])), "server.app-error"),
        (|| Response::new(stream(&["xyz", "?"])), "server.panic"),
    ] {
        let (heard, codes) = ask_twice("GET", make).await;
        assert!(heard.closed && !heard.text.contains("after"), "{heard:?}");
        assert!(!heard.text.ends_with("0\r\n\r\n"), "a chunked body that failed has no end: {heard:?}");
        assert!(codes.iter().any(|logged| logged == code), "{codes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_after_the_announced_end_are_never_sent() {
    let (heard, _) = ask_twice("GET", || with_length("3", stream(&["xyz", "def"]))).await;
    assert!(!heard.text.contains("def"), "{heard:?}");
    assert!(heard.text.ends_with("after") || heard.closed, "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn head_and_304_keep_the_length_and_send_no_body() {
    for (method, status) in
        [("HEAD", StatusCode::OK), ("GET", StatusCode::NOT_MODIFIED), ("HEAD", StatusCode::NOT_MODIFIED)]
    {
        let make: fn(StatusCode) -> Response<Body> =
            |status| with_status(status, with_length("1234", whole("")));
        let app = service_fn(move |_: Request<RequestBody>| async move { Ok::<_, Infallible>(make(status)) });
        let mut client = connect(Limits::default(), app);
        let raw = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n").repeat(2);
        let heard = say(&mut client, raw.as_bytes()).await;
        assert_eq!(heard.statuses(), [status.as_u16(); 2], "{heard:?}");
        assert_eq!(heard.text.matches("content-length: 1234").count(), 2, "{method} {status} {heard:?}");
        assert!(heard.text.ends_with("\r\n\r\n") && !heard.closed);
    }
    let (heard, _) = ask_twice("HEAD", || Response::new(whole("xyz"))).await;
    assert!(heard.text.contains("content-length: 3\r\n") && !heard.text.contains("xyz"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_status_without_content_has_none() {
    for status in [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT] {
        let app = service_fn(move |_: Request<RequestBody>| async move {
            Ok::<_, Infallible>(with_status(status, with_length("3", whole("xyz"))))
        });
        let mut client = connect(Limits::default(), app);
        let heard = say(&mut client, &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2)).await;
        assert_eq!(heard.statuses(), [status.as_u16(); 2]);
        assert!(!heard.text.contains("xyz") && !heard.text.contains("content-length: 3"), "{heard:?}");
        assert_eq!(heard.text.contains("content-length: 0"), status == StatusCode::RESET_CONTENT);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interim_status_as_an_answer_is_a_500() {
    for status in [100, 101, 103, 199] {
        let app = service_fn(move |req: Request<RequestBody>| async move {
            assert_eq!(req.method(), Method::GET);
            Ok::<_, Infallible>(with_status(
                StatusCode::from_u16(status).unwrap(),
                Response::new(whole("xyz")),
            ))
        });
        let log = Log::capture();
        let mut client = connect(Limits::default(), app);
        let heard = say(&mut client, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(heard.statuses(), [500], "{status} {heard:?}");
        assert_eq!(log.codes()[0], "server.status-unsupported", "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_apps_transfer_encoding_is_not_its_business() {
    let (heard, _) = ask_twice("GET", || {
        let mut response = with_length("3", whole("xyz"));
        response.headers_mut().insert("transfer-encoding", HeaderValue::from_static("chunked"));
        response
    })
    .await;
    assert_eq!(heard.statuses(), [200, 200]);
    assert!(!heard.text.contains("transfer-encoding") && heard.text.contains("\r\n\r\nxyzHTTP"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_was_asked_for_becomes_a_tunnel() {
    let app = service_fn(async |mut req: Request<RequestBody>| {
        let upgraded = hyper::upgrade::on(&mut req);
        tokio::spawn(async move {
            let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
            tokio::io::copy(&mut read, &mut write).await
        });
        Response::builder()
            .status(101)
            .header("connection", "upgrade")
            .header("upgrade", "echo")
            .body(whole(""))
    });
    let mut client = connect(Limits::default(), app);
    let raw = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    let heard = say(&mut client, raw).await;
    assert!(heard.text.starts_with("HTTP/1.1 101 ") && !heard.closed, "{heard:?}");
    assert_eq!(say(&mut client, b"to and fro").await.text, "to and fro");
}
