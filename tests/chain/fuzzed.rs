//! Any request at the demo's whole chain: always an answer, never a 500, never a panic, and never ada without proof.
//!
//! ```text
//! strategies::hostile_request() ─▶ strict link ▸ the chain ▸ the app ─▶ a status below 500, or 503, with one reason
//! ```

use std::{cell::RefCell, collections::BTreeSet};

use enfilade::server::PathRules;
use enfilade_test::{ProbeBody, Reply, strategies};
use http::{HeaderValue, Request};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};

use crate::kit::Demo;

/// A name that the demo answers to.
const HOST: &str = "localhost:8080";

proptest! {
    #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_request_gets_an_answer_that_is_no_fault_of_ours(request in strategies::hostile_request_to(HOST)) {
        judge(&answer(request))?;
    }

    #[test]
    fn any_request_with_a_host_that_is_ours_gets_one_too(request in addressed()) {
        judge(&answer(request))?;
    }

    #[test]
    fn a_good_request_is_never_refused_as_malformed_unless_two_could_read_its_path_differently(
        request in strategies::request_to(HOST),
    ) {
        let odd = PathRules::new().canonical(request.uri().path()).err().map(|rejection| rejection.code());
        let reply = answer(request);
        judge(&reply)?;
        prop_assert_eq!(reply.code().filter(|code| code.starts_with("http.")), odd, "{:?}", reply);
    }

    #[test]
    fn nobody_gets_in_with_made_up_credentials(request in addressed()) {
        let asked_for_the_page = request.uri().path() == "/";
        let reply = answer(request);
        prop_assert!(!(asked_for_the_page && String::from_utf8_lossy(reply.body()).contains("You are ada")), "{:?}", reply);
    }
}

/// A property that only ever sees the door would hold for any chain behind it.
#[test]
fn the_requests_reach_every_room() {
    let (hostile, addressed) = (strategies::hostile_request_to(HOST), addressed());
    let mut runner = TestRunner::deterministic();
    let mut said = BTreeSet::new();
    for _ in 0..400 {
        for tree in [
            hostile.new_tree(&mut runner).unwrap().current(),
            addressed.new_tree(&mut runner).unwrap().current(),
        ] {
            let reply = answer(tree);
            said.insert(reply.code().map_or(reply.status().to_string(), str::to_owned));
        }
    }
    let rooms = [
        "http.host-mismatch",
        "http.transfer-coding",
        "csrf.cross-site",
        "auth.missing",
        "auth.credentials-repeated",
        "auth.token-algorithm",
        "auth.bad-credentials",
        "sign-in.method",
        "200 OK",
    ];
    let missed: Vec<_> = rooms.iter().filter(|room| !said.contains(**room)).collect();
    assert!(missed.is_empty(), "never seen: {missed:?} in {said:?}");
}

/// A hostile request that comes past the door: one host, which is the demo's, and a target at that.
fn addressed() -> impl Strategy<Value = Request<ProbeBody>> {
    let target = prop_oneof![
        2 => strategies::target().boxed(),
        3 => prop::sample::select(vec!["/", "/sign-in", "/sign-out", "/check", "/sign-in?next=//evil.example"])
            .prop_map(|target| target.parse().expect("a target"))
            .boxed(),
    ];
    (strategies::hostile_request_to(HOST), strategies::method(), target).prop_map(
        |(mut request, method, target)| {
            *request.method_mut() = method;
            *request.uri_mut() = target;
            *request.version_mut() = http::Version::HTTP_11;
            request.headers_mut().insert("host", HeaderValue::from_static(HOST));
            for name in ["transfer-encoding", "content-length", "expect", "upgrade", "connection"] {
                request.headers_mut().remove(name);
            }
            request
        },
    )
}

/// One demo for each test's thread: its users' passwords are hashed once.
fn answer(request: Request<ProbeBody>) -> Reply {
    thread_local! {
        static DEMO: RefCell<Demo> = RefCell::new(Demo::start(&[]));
    }
    DEMO.with_borrow_mut(|demo| demo.door.given(request).send())
}

fn judge(reply: &Reply) -> Result<(), TestCaseError> {
    let status = reply.status().as_u16();
    // A full pool of password hashes is a refusal with its reason; any other 5xx is a fault of ours.
    prop_assert!(status < 500 || (status == 503 && reply.code() == Some("auth.busy")), "{:?}", reply);
    prop_assert!(
        status < 400 || reply.code().is_some() || [404, 405].contains(&status),
        "no reason: {:?}",
        reply
    );
    Ok(())
}
