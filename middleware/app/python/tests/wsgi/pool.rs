//! Threads, places, deadlines, and what waits.

use std::time::Duration;

use enfilade_python::{WsgiApp, WsgiBody};
use enfilade_test::{Drive, ProbeBody, assert_body, assert_passed, assert_refused};
use http::{Request, Response};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::kit::{app, app_of, foreign, inline, module, until, value};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

const GATED: &str = "
import threading
go, inside, most = threading.Event(), 0, 0
lock = threading.Lock()
seen = []
def app(environ, start):
    global inside, most
    with lock:
        inside += 1
        most = max(most, inside)
    seen.append(environ['PATH_INFO'])
    go.wait()
    with lock:
        inside -= 1
    text(start)
    return [b'done']
";

async fn ask(app: WsgiApp, path: &'static str) -> Response<WsgiBody> {
    let request = Request::get(path).body(ProbeBody::new()).expect("a request");
    app.oneshot(request).await.expect("infallible")
}

fn asked(app: &WsgiApp, path: &'static str) -> JoinHandle<Response<WsgiBody>> {
    tokio::spawn(ask(app.clone(), path))
}

#[test]
fn as_many_run_at_once_as_there_are_threads_and_the_others_wait() {
    foreign(async {
        let module = module(GATED);
        let app = app_of(&module).with_threads(3);
        let asked: Vec<_> = (0..8).map(|_| asked(&app, "/")).collect();
        until("three are inside", || value(&module, "inside") == "3").await;
        value(&module, "go.set()");
        for request in asked {
            assert_passed!(request.await.expect("an answer"));
        }
        assert_eq!(value(&module, "most"), "3");
    });
}

#[test]
fn who_finds_no_place_is_told_to_come_again() {
    foreign(async {
        let module = module(GATED);
        let app = app_of(&module).with_queue(1, LONG);
        let first = asked(&app, "/first");
        until("one is inside", || value(&module, "inside") == "1").await;
        let second = asked(&app, "/second");
        tokio::task::yield_now().await;
        let mut third = Drive::service(app.clone());
        let reply = third.get("/third").send_async().await;
        assert_refused!(reply, 503, "wsgi.busy");
        assert_eq!(reply.header("retry-after"), Some("1"));
        value(&module, "go.set()");
        assert_passed!(first.await.expect("an answer"));
        assert_passed!(second.await.expect("an answer"));
        assert_eq!(value(&module, "seen"), "['/first', '/second']");
    });
}

#[test]
fn who_leaves_the_queue_starts_no_app_and_leaves_a_place() {
    foreign(async {
        let module = module(GATED);
        let app = app_of(&module).with_queue(1, LONG);
        let first = asked(&app, "/first");
        until("one is inside", || value(&module, "inside") == "1").await;
        let second = asked(&app, "/second");
        tokio::task::yield_now().await;
        second.abort();
        assert!(second.await.is_err());
        let third = asked(&app, "/third");
        tokio::task::yield_now().await;
        value(&module, "go.set()");
        assert_passed!(first.await.expect("an answer"));
        assert_passed!(third.await.expect("an answer"));
        assert_eq!(value(&module, "seen"), "['/first', '/third']");
    });
}

#[test]
fn who_waits_too_long_for_a_thread_is_told_so_and_the_app_never_sees_it() {
    foreign(async {
        let module = module(GATED);
        let app = app_of(&module).with_queue(9, Duration::from_secs(5)).with_deadline(LONG);
        let first = asked(&app, "/first");
        until("one is inside", || value(&module, "inside") == "1").await;
        tokio::time::pause();
        assert_refused!(ask(app.clone(), "/second").await, 503, "wsgi.busy");
        tokio::time::resume();
        value(&module, "go.set()");
        assert_passed!(first.await.expect("an answer"));
        assert_passed!(ask(app, "/third").await);
        assert_eq!(value(&module, "seen"), "['/first', '/third']");
    });
}

#[test]
fn an_app_that_does_not_answer_in_time_is_given_up_and_its_thread_goes_on() {
    foreign(async {
        let module = module(GATED);
        let app = app_of(&module).with_deadline(Duration::from_secs(60));
        let first = asked(&app, "/first");
        until("one is inside", || value(&module, "inside") == "1").await;
        tokio::time::pause();
        assert_refused!(first.await.expect("an answer"), 504, "wsgi.timeout");
        tokio::time::resume();
        value(&module, "go.set()");
        assert_passed!(ask(app, "/second").await);
    });
}

#[test]
fn a_thread_keeps_what_python_keeps_for_it() {
    foreign(async {
        let module = module(
            "
import threading
local = threading.local()
def app(environ, start):
    local.count = getattr(local, 'count', 0) + 1
    text(start)
    return [str(local.count).encode()]
",
        );
        let mut app = Drive::service(app_of(&module));
        for count in 1..5 {
            assert_body!(app.get("/").send_async().await, count.to_string());
        }
    });
}

#[test]
fn inline_the_app_runs_on_the_reactors_own_thread() {
    let source = "
import threading
def app(environ, start):
    text(start)
    return [str(threading.get_native_id()).encode()]
";
    let here = rustix::thread::gettid().as_raw_nonzero().to_string();
    inline(async { assert_body!(Drive::service(app(source)).get("/").send_async().await, here) });
    inline(async {
        let reply = Drive::service(app(source).with_threads(2)).get("/").send_async().await;
        assert_ne!(reply.text(), here);
    });
}

#[test]
fn threads_end_with_the_last_clone() {
    foreign(async {
        let module = module(
            "
import threading, weakref
class Kept: pass
ended = []
local = threading.local()
def app(environ, start):
    local.kept = Kept()
    weakref.finalize(local.kept, ended.append, 1)
    text(start)
    return []
",
        );
        let app = app_of(&module);
        assert_passed!(ask(app.clone(), "/").await);
        assert_eq!(value(&module, "ended"), "[]");
        drop(app);
        until("the thread has ended", || value(&module, "ended") == "[1]").await;
    });
}
