//! How many scripts at once, and with what limits.

use std::{fs, time::Duration};

use enfilade_cgi::{CgiBody, CgiService, ProcessLimits};
use enfilade_test::{Drive, ProbeBody, assert_body, assert_header, assert_refused};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::{
    task::{JoinHandle, yield_now},
    time,
};
use tower::ServiceExt as _;

use crate::kit::{Dir, LONG};

const HELD: &str = r"echo >> started; printf 'Content-Type: text/plain\n\n'; while [ ! -e go ]; do sleep 0.01; done; printf done";

async fn ask(app: &CgiService) -> Response<CgiBody> {
    let request = Request::get("/").body(ProbeBody::new()).expect("a request");
    app.clone().oneshot(request).await.expect("infallible")
}

async fn asked(app: &CgiService) -> JoinHandle<Response<CgiBody>> {
    let app = app.clone();
    let task = tokio::spawn(async move { ask(&app).await });
    yield_now().await;
    task
}

async fn text(response: Response<CgiBody>) -> String {
    let body = response.into_body().collect().await.expect("whole").to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

#[tokio::test]
async fn one_too_many_is_told_when_to_come_again_and_starts_nothing() {
    let dir = Dir::new();
    let app = dir.cgi(HELD).with_max_running(1).with_queue(0, LONG);
    let first = ask(&app).await;
    let second = ask(&app).await;
    assert_header!(second, "retry-after" = "1");
    assert_refused!(second, 503, "cgi.busy");
    fs::write(dir.path("go"), "").expect("a file");
    assert_eq!(text(first).await, "done");
    assert_eq!(dir.started(), 1);
}

#[tokio::test]
async fn so_many_wait_for_their_turn_and_no_more() {
    let dir = Dir::new();
    let app = dir.cgi(HELD).with_max_running(1).with_queue(1, LONG);
    let first = ask(&app).await;
    let second = asked(&app).await;
    assert_refused!(ask(&app).await, 503, "cgi.busy");
    assert_eq!(dir.started(), 1);
    fs::write(dir.path("go"), "").expect("a file");
    assert_eq!(text(first).await, "done");
    assert_eq!(text(second.await.expect("an answer")).await, "done");
    assert_eq!(dir.started(), 2);
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let dir = Dir::new();
    let app = dir.cgi(HELD).with_max_running(1).with_queue(1, LONG).with_deadline(2 * LONG);
    let _first = ask(&app).await;
    let second = asked(&app).await;
    time::pause();
    assert_refused!(second.await.expect("an answer"), 503, "cgi.busy");
}

#[tokio::test]
async fn who_leaves_the_queue_makes_room_in_it() {
    let dir = Dir::new();
    let app = dir.cgi(HELD).with_max_running(1).with_queue(1, LONG);
    let first = ask(&app).await;
    let second = asked(&app).await;
    second.abort();
    assert!(second.await.is_err());
    let third = asked(&app).await;
    fs::write(dir.path("go"), "").expect("a file");
    assert_eq!(text(first).await, "done");
    assert_eq!(text(third.await.expect("an answer")).await, "done");
}

#[tokio::test]
async fn a_place_is_free_again_once_a_killed_script_is_reaped() {
    let dir = Dir::new();
    let app = dir.cgi(HELD).with_max_running(1).with_queue(1, LONG).with_grace(Duration::ZERO);
    for _ in 0..3 {
        drop(ask(&app).await);
    }
    fs::write(dir.path("go"), "").expect("a file");
    assert_eq!(text(ask(&app).await).await, "done");
}

#[tokio::test]
async fn limits_hold_for_the_script() {
    let dir = Dir::new();
    let limits = ProcessLimits::new()
        .with_cpu(Duration::from_secs(7))
        .with_memory(512 << 20)
        .with_file_size(1 << 20)
        .with_open_files(32);
    // Who waits for input is under its limits by then: the window after the start is over.
    let lines = r"read go; printf 'Content-Type: text/plain\n\n'; ulimit -t; ulimit -v; ulimit -f; ulimit -n; ulimit -c";
    let mut app = Drive::service(dir.cgi(lines).with_limits(limits));
    assert_body!(app.post("/").body("go\n").send_async().await, "7\n524288\n2048\n32\n0\n");
}

#[tokio::test]
async fn what_is_refused_for_its_head_starts_nothing() {
    let dir = Dir::new();
    let app = dir.cgi("echo >> started").with_script_name("/here").expect("a path");
    let mut app = Drive::service(app);
    assert_refused!(app.get("/here/%2e%2e/x").send_async().await, 400, "cgi.path-unclear");
    assert_refused!(app.get("/there").send_async().await, 404, "cgi.not-here");
    let twins = app.get("/here").header("x_user", "1").header("x-user", "2");
    assert_refused!(twins.send_async().await, 400, "cgi.header-collision");
    assert_eq!(dir.started(), 0);
}
