//! Both ways at once, and no more than is asked for.

use std::{
    fs,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use enfilade_cgi::{CgiService, Unsized};
use enfilade_test::{Drive, Latch, ProbeBody, ProbeError, assert_body, assert_passed, assert_refused};
use http::Request;
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::kit::{Dir, drive, gone};

const HEAD: &str = r"printf 'Content-Type: text/plain\n\n'";

#[tokio::test]
async fn a_body_larger_than_both_pipes_comes_back_as_it_was() {
    let dir = Dir::new();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[at as usize % 3]).collect();
    let reply = drive(&dir, &format!("{HEAD}; exec cat")).post("/").body(sent.clone()).send_async().await;
    assert_passed!(reply);
    assert!(reply.body() == &sent, "{} bytes came back", reply.body().len());
}

#[tokio::test]
async fn output_comes_when_it_is_written_and_not_when_the_script_has_ended() {
    let dir = Dir::new();
    let app = dir.cgi(&format!("{HEAD}; printf one; while [ ! -e go ]; do sleep 0.01; done; printf two"));
    let request = Request::get("/").body(ProbeBody::new()).expect("a request");
    let mut response = app.oneshot(request).await.expect("infallible");
    let mut said = Vec::new();
    while said != b"one" {
        said.extend(next(&mut response).await.expect("more"));
    }
    fs::write(dir.path("go"), "").expect("a file");
    while let Some(data) = next(&mut response).await {
        said.extend(data);
    }
    assert_eq!(said, b"onetwo");
}

/// The kernel closes what a process has open before it says that it has ended: now and then the answer is in between.
#[tokio::test]
async fn an_answer_that_is_all_there_before_its_head_is_sent_has_a_length() {
    let dir = Dir::new();
    let app = dir.cgi(&format!("{HEAD}; printf done"));
    let mut length = None;
    for _ in 0..1_000 {
        let request = Request::get("/").body(ProbeBody::new()).expect("a request");
        let response = app.clone().oneshot(request).await.expect("infallible");
        length = response.body().size_hint().exact();
        assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), "done");
        if length.is_some() {
            break;
        }
    }
    assert_eq!(length, Some(4));
}

#[tokio::test]
async fn input_comes_when_it_is_sent_and_not_when_it_has_ended() {
    let dir = Dir::new();
    let app = dir.cgi(&format!("read first; {HEAD}; echo \"$first\"; exec cat"));
    let latch = Latch::shut();
    let body = ProbeBody::new().data("one\n").wait(&latch).data("two\n");
    let request = Request::post("/").header("content-length", "8").body(body).expect("a request");
    let mut response = app.oneshot(request).await.expect("infallible");
    assert_eq!(next(&mut response).await.expect("more"), "one\n");
    latch.open();
    assert_eq!(next(&mut response).await.expect("more"), "two\n");
    assert_eq!(next(&mut response).await, None);
}

#[tokio::test]
async fn a_script_that_never_reads_its_input_answers_all_the_same() {
    let dir = Dir::new();
    for lines in [format!("{HEAD}; printf done"), format!("exec <&-; {HEAD}; printf done")] {
        let whole = drive(&dir, &lines).post("/").body(vec![0; 1_000_000]).send_async().await;
        assert_body!(whole, "done");
        let hangs = ProbeBody::new().data("some").hang();
        let reply =
            drive(&dir, &lines).post("/").header("content-length", "9").body(hangs).send_async().await;
        assert_body!(reply, "done");
    }
}

#[tokio::test]
async fn a_script_reads_an_end_where_there_is_no_body() {
    let dir = Dir::new();
    let lines = format!("{HEAD}; cat; echo \"[${{CONTENT_LENGTH-absent}}]\"");
    assert_body!(drive(&dir, &lines).get("/").send_async().await, "[absent]\n");
    let empty = drive(&dir, &lines).post("/").header("content-length", "0").send_async().await;
    assert_body!(empty, "[0]\n");
}

#[tokio::test]
async fn nothing_is_read_ahead_of_who_asks() {
    let dir = Dir::new();
    let app = dir.cgi(&format!("echo $$ > pid; {HEAD}; exec yes"));
    let request = Request::get("/").body(ProbeBody::new()).expect("a request");
    let mut response = app.oneshot(request).await.expect("infallible");
    for _ in 0..100 {
        let data = next(&mut response).await.expect("there is always more");
        assert!(data.len() <= 64 << 10, "{} bytes in one frame", data.len());
    }
    drop(response);
    gone(&dir.told("pid").await).await;
}

/// A body that does not say how long it is, as hyper's does not when it is chunked.
#[derive(Default)]
struct Chunked(ProbeBody);

impl Body for Chunked {
    type Data = Bytes;
    type Error = ProbeError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ProbeError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

async fn post_chunked(app: CgiService) -> enfilade_test::Reply {
    let body = Chunked(ProbeBody::new().data("fo").data("").data("ur").trailer("x", "1"));
    let request = Request::post("/").body(body).expect("a request");
    Drive::service(app).with_body().given(request).send_async().await
}

#[tokio::test]
async fn a_body_of_unknown_length_is_buffered_refused_or_handed_on() {
    let dir = Dir::new();
    let lines = format!("echo >> started; {HEAD}; cat; echo \"[${{CONTENT_LENGTH-absent}}]\"");
    let post = async |rule| post_chunked(dir.cgi(&lines).with_unsized(rule)).await;
    assert_body!(post_chunked(dir.cgi(&lines)).await, "four[4]\n");
    assert_body!(post(Unsized::Buffer(4)).await, "four[4]\n");
    assert_body!(post(Unsized::Stream).await, "four[absent]\n");
    assert_eq!(dir.started(), 3);
    assert_refused!(post(Unsized::Buffer(3)).await, 411, "cgi.length-required");
    assert_refused!(post(Unsized::Refuse).await, 411, "cgi.length-required");
    assert_eq!(dir.started(), 3);
}

#[tokio::test]
async fn a_body_that_is_not_what_was_said_is_no_answer_and_no_script_takes_a_part_for_the_whole() {
    let dir = Dir::new();
    let lines = format!("echo $$ > pid; cat > got; echo end > got-all; {HEAD}; printf done");
    for body in [
        ProbeBody::new().data("some").error("reset"),
        ProbeBody::new().data("some"),
        ProbeBody::new().data("more than was said"),
    ] {
        fs::remove_file(dir.path("pid")).ok();
        let app = dir.cgi(&lines).with_grace(Duration::ZERO);
        let reply = Drive::service(app).post("/").header("content-length", "9").body(body).send_async().await;
        assert_refused!(reply, 400, "cgi.body-broken");
    }
}

#[tokio::test]
async fn a_length_that_is_no_number_starts_nothing() {
    let dir = Dir::new();
    let mut app = drive(&dir, "echo >> started");
    for (length, code) in
        [("+1", "cgi.length-unclear"), ("a", "cgi.length-unclear"), ("", "cgi.length-unclear")]
    {
        let reply = app.post("/").header("content-length", length).body("x").send_async().await;
        assert_refused!(reply, 400, code);
    }
    let twice = app.post("/").header("content-length", "1").header("content-length", "1").body("x");
    assert_refused!(twice.send_async().await, 400, "cgi.header-repeated");
    assert_eq!(dir.started(), 0);
}

async fn next(response: &mut http::Response<enfilade_cgi::CgiBody>) -> Option<Bytes> {
    let frame = response.body_mut().frame().await?;
    Some(frame.expect("a frame").into_data().expect("data"))
}
