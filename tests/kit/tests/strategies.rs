//! The strategies: what they promise holds, what they should reach is reached, and what fails shrinks.

use std::collections::BTreeSet;

use enfilade_test::{Probe, ProbeBody, assert::offers, assert_passed, drive, strategies};
use http::{HeaderMap, Request, Version, header};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use tower_layer::Identity;

proptest! {
    #[test]
    fn a_good_request_names_its_host_once(request in strategies::request()) {
        let hosts = request.headers().get_all("host").iter().count();
        let authority = request.uri().authority().is_some();
        prop_assert_eq!((hosts, authority), if request.version() == Version::HTTP_2 { (0, true) } else { (1, false) });
        prop_assert!(request.headers().get_all("authorization").iter().count() <= 1);
    }

    #[test]
    fn any_request_passes_a_layer_that_does_nothing(request in strategies::hostile_request()) {
        let (method, target, headers) =
            (request.method().clone(), request.uri().clone(), request.headers().clone());
        let probe = Probe::ok();
        assert_passed!(drive(Identity::new(), &probe).given(request).send());
        let seen = probe.last();
        prop_assert_eq!((&seen.method, &seen.uri, &seen.headers), (&method, &target, &headers));
    }

    #[test]
    fn good_cookies_are_read_back(fields in strategies::cookies()) {
        let lines = fields.iter().map(|(_, line)| line.to_str().expect("visible ASCII"));
        for pair in lines.flat_map(|line| line.split("; ")) {
            let (name, value) = pair.split_once('=').expect("a pair");
            prop_assert!(!name.is_empty() && !value.contains([';', ',', ' ']), "{}", pair);
        }
    }

    #[test]
    fn any_challenge_field_is_read_or_refused_and_never_panics(value in strategies::hostile_header_value()) {
        let _ = offers(&HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]));
    }

    #[test]
    fn any_set_cookie_line_is_read(line in strategies::hostile_set_cookie()) {
        let response = http::Response::builder().header("set-cookie", line).body(()).expect("a response");
        enfilade_test::assert_set_cookie!(response, "never-drawn" not set);
    }

    #[test]
    fn a_good_set_cookie_line_sets_its_cookie(line in strategies::set_cookie()) {
        let text = line.to_str().expect("visible ASCII").to_owned();
        prop_assume!(!text.contains("Max-Age=0") && !text.contains("1970"));
        let name = text.split('=').next().expect("a name").to_owned();
        let response = http::Response::builder().header("set-cookie", line).body(()).expect("a response");
        enfilade_test::assert_set_cookie!(response, name);
    }
}

#[test]
fn hostile_requests_reach_what_parsers_fall_over() {
    let seen: BTreeSet<_> = drawn(strategies::hostile_request(), 1000).iter().flat_map(marks).collect();
    let wanted = [
        "no host",
        "two hosts",
        "raw bytes",
        "a tab",
        "two authorizations",
        "crumbs",
        "absolute",
        "authority",
        "asterisk",
        "dot segments",
        "an escaped slash",
        "an escaped nul",
        "raw path",
        "CONNECT",
        "HTTP/2",
        "HTTP/1.0",
        "a large field",
    ];
    let missing: Vec<_> = wanted.iter().filter(|mark| !seen.contains(**mark)).collect();
    assert!(missing.is_empty(), "never drawn: {missing:?}");
}

fn marks(request: &Request<ProbeBody>) -> Vec<&'static str> {
    let (headers, target, path) = (request.headers(), request.uri(), request.uri().path());
    let count = |name: &str| headers.get_all(name).iter().count();
    let values = |test: fn(&[u8]) -> bool| headers.values().any(|value| test(value.as_bytes()));
    let all = [
        ("no host", count("host") == 0),
        ("two hosts", count("host") == 2),
        ("raw bytes", values(|value| value.iter().any(|byte| *byte >= 0x80))),
        ("a tab", values(|value| value.contains(&b'\t'))),
        ("two authorizations", count("authorization") == 2),
        ("crumbs", count("cookie") > 1),
        ("absolute", target.scheme().is_some()),
        ("authority", target.scheme().is_none() && target.authority().is_some()),
        ("asterisk", path == "*"),
        ("dot segments", path.contains("/../")),
        ("an escaped slash", path.contains("%2f")),
        ("an escaped nul", path.contains("%00")),
        ("raw path", !path.is_ascii()),
        ("CONNECT", request.method() == "CONNECT"),
        ("HTTP/2", request.version() == Version::HTTP_2),
        ("HTTP/1.0", request.version() == Version::HTTP_10),
        ("a large field", values(|value| value.len() > 3000)),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect()
}

fn drawn<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a value").current()).collect()
}

#[test]
fn what_fails_shrinks_to_the_part_that_fails() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let found = runner.run(&strategies::hostile_request(), |request| {
        prop_assert!(request.headers().values().all(|value| value.as_bytes().is_ascii()));
        Ok(())
    });
    let Err(TestError::Fail(_, smallest)) = found else {
        panic!("hostile requests have raw bytes: {found:?}")
    };
    let (parts, _) = smallest.into_parts();
    let raw = parts.headers.iter().filter(|(_, value)| !value.as_bytes().is_ascii());
    let raw: Vec<_> = raw.map(|(_, value)| value.as_bytes()).collect();
    assert!(matches!(raw[..], [value] if value.len() <= 8), "one short value is left: {parts:?}");
    assert!(parts.headers.len() <= 3, "the other fields are gone: {parts:?}");
    assert_eq!((parts.method.as_str(), parts.uri.path()), ("GET", "/"), "the rest is plain: {parts:?}");
}
