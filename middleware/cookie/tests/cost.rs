//! What the link and reading cost in allocations, so that a change which adds one is seen.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use allocation_counter::measure;
use enfilade_cookie::{Cookies, Gate as _, Jar, KeyRing};
use enfilade_core::{Exit, RequestContext};
use http::Request;

fn jar(cookie: &str) -> Jar {
    let (mut req, ()) = Request::get("/").header("cookie", cookie).body(()).unwrap().into_parts();
    Jar::enter(&mut req).0
}

fn allocations(f: impl FnOnce()) -> u64 {
    measure(f).count_total
}

/// What a browser sends back of what `write` sets.
fn brought(write: impl FnOnce(&Jar)) -> String {
    let (mut req, ()) = Request::new(()).into_parts();
    let (jar, emit) = Jar::enter(&mut req);
    write(&jar);
    let (mut res, ()) = http::Response::new(()).into_parts();
    emit.unwrap().run(&mut res);
    let lines = res.headers.get_all("set-cookie").iter();
    let cookies: Vec<_> = lines.map(|line| line.to_str().unwrap().split(';').next().unwrap()).collect();
    cookies.join("; ")
}

#[test]
fn the_link_allocates_its_jar_which_is_its_way_back_too() {
    let (mut req, ()) = Request::get("/").header("cookie", "a=1; b=2").body(()).unwrap().into_parts();
    RequestContext::ensure(&mut req.extensions);
    // A server's fields are parts of what it read, and so are shared already.
    let _shared = req.headers["cookie"].clone();
    let (mut res, ()) = http::Response::new(()).into_parts();
    let link = Cookies::new();
    let through = || {
        let pass = link.enter(&mut req).unwrap();
        assert!(matches!(pass.leave(&mut res), Exit::Done));
    };
    assert_eq!(allocations(through), 1);
}

#[test]
fn reading_allocates_nothing() {
    let jar = jar(&"a=1; b=2; c=3; ".repeat(60));
    assert_eq!(allocations(|| assert_eq!(jar.text("c"), Some("3"))), 0);
    assert_eq!(allocations(|| assert_eq!(jar.iter().count(), 180)), 0);
}

#[test]
fn a_sealed_value_costs_one_allocation_if_it_is_long_and_no_key_derivation() {
    let ring = KeyRing::generate();
    let long = "x".repeat(600);
    let brought = brought(|jar| {
        for (name, value) in [("__Host-a", "value"), ("__Host-b", &long)] {
            jar.private(&ring, "p").add(name, value).unwrap();
            jar.signed(&ring, "p").add(&format!("{name}s"), value).unwrap();
        }
    });
    let jar = jar(&brought);
    for (name, expected) in [("__Host-a", 0), ("__Host-b", 1)] {
        assert_eq!(allocations(|| assert!(jar.private(&ring, "p").get(name).is_some())), expected, "{name}");
        let name = format!("{name}s");
        assert_eq!(allocations(|| assert!(jar.signed(&ring, "p").get(&name).is_some())), expected, "{name}");
    }
}
