//! Nothing of a request stays when it is over, however it ended.

use std::{future::poll_fn, task::Poll};

use enfilade_python::WsgiApp;
use enfilade_test::ProbeBody;
use http::Request;
use http_body_util::BodyExt as _;
use tower::Service as _;

use crate::kit::{app_of, foreign, inline, module, until, value};

const SOURCE: &str = "
import gc
def environs():
    gc.collect()
    return sum(1 for found in gc.get_objects() if type(found) is dict and found.get('test.mark') is mark)
mark = object()
closed = 0
class Chunks:
    def __init__(self, environ):
        self.environ = environ
    def __iter__(self):
        self.environ['wsgi.input'].read(10)
        while True:
            yield b'x' * 1000
    def close(self):
        global closed
        closed += 1
def app(environ, start):
    environ['test.mark'] = mark
    environ['test.cycle'] = environ
    text(start)
    return Chunks(environ)
";

/// Asks, reads so many frames, and leaves.
async fn leave(mut app: WsgiApp, frames: usize) {
    let body = ProbeBody::new().data("tea");
    let request = Request::post("/").header("content-length", "3").header("x", "y").body(body);
    let answer = app.call(request.expect("a request"));
    let mut answer = Box::pin(answer);
    if frames == 0 {
        // Left while it waits: polled once, then dropped.
        poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx).is_ready())).await;
        return;
    }
    let mut response = answer.await.expect("infallible");
    for _ in 1..frames {
        response.frame().await.expect("a frame").expect("data");
    }
}

#[test]
fn a_thousand_clients_that_hang_up_leave_no_environ() {
    for pooled in [false, true] {
        let test = async || {
            let module = module(SOURCE);
            let app = app_of(&module);
            for number in 0..1000 {
                leave(app.clone(), number % 4).await;
            }
            until("every environ is gone", || value(&module, "environs()") == "0").await;
            assert!(value(&module, "closed").parse::<u32>().expect("a number") >= 750);
        };
        if pooled { foreign(test()) } else { inline(test()) }
    }
}
