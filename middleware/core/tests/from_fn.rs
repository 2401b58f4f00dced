//! `from_fn`: closures as links, the readied service, and messages that a person can act on.
//!
//! ```text
//! drive(from_fn(…), &probe)  ·  trybuild: tests/compile_fail/*.rs
//! ```

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use enfilade_core::{Next, Rejection, from_fn, from_fn_with};
use enfilade_test::{Probe, ProbeBody, assert_passed, assert_refused, drive};
use http::{Request, Response, StatusCode};
use tower_service::Service;

#[test]
fn a_closure_may_change_the_request_and_the_response() {
    let layer = from_fn(async |mut req: Request<_>, next| {
        req.headers_mut().insert("x-in", http::HeaderValue::from_static("1"));
        let mut res = next.run(req).await?;
        res.headers_mut().insert("x-out", http::HeaderValue::from_static("1"));
        Ok(res)
    });
    let probe = Probe::ok();
    let reply = drive(layer, &probe).get("/").send();
    assert_eq!(reply.header("x-out"), Some("1"));
    assert_eq!(probe.last().headers["x-in"], "1");
}

#[test]
fn a_closure_refuses_with_a_response_and_the_app_is_not_reached() {
    let layer = from_fn(async |req: Request<_>, next| {
        if req.headers().contains_key("please") {
            return next.run(req).await;
        }
        Ok(Rejection::new(StatusCode::FORBIDDEN, "closed").into_response())
    });
    let probe = Probe::ok();
    let mut door = drive(layer, &probe);
    assert_refused!(door.get("/").send(), 403, "closed");
    probe.never_reached();
    assert_eq!(probe.ready(), 0, "who does not call the rest gives it back");
}

#[test]
fn state_is_an_argument() {
    let count = Arc::new(AtomicUsize::new(0));
    let layer = from_fn_with(count.clone(), async |count: Arc<AtomicUsize>, req, next| {
        count.fetch_add(1, Ordering::Relaxed);
        next.run(req).await
    });
    let probe = Probe::ok();
    let mut door = drive(layer, &probe);
    assert_passed!(door.get("/").send());
    assert_passed!(door.get("/").send());
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[test]
fn a_generic_async_function_is_a_link() {
    async fn pass<S>(req: Request<ProbeBody>, next: Next<S>) -> Result<Response<ProbeBody>, S::Error>
    where
        S: Service<Request<ProbeBody>, Response = Response<ProbeBody>>,
    {
        next.run(req).await
    }
    assert_passed!(drive(from_fn(pass), &Probe::ok()).get("/").send());
}

#[test]
fn next_owns_the_service_that_was_polled_ready() {
    let probe = Probe::ok();
    let mut door = drive(from_fn(async |req, next| next.run(req).await), &probe);
    for clones in 1..3 {
        assert_passed!(door.get("/").send());
        assert_eq!((probe.clones(), probe.ready()), (clones, 0), "the clone is for the next request");
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn misuse_gets_a_message_that_says_what_to_do() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
}
