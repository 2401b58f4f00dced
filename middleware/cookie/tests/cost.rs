//! What reading costs in allocations, so that a change which adds one is seen.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use allocation_counter::measure;
use enfilade_cookie::{Jar, KeyRing};
use http::Request;

fn jar(cookie: &str) -> Jar {
    let (mut req, ()) = Request::get("/").header("cookie", cookie).body(()).unwrap().into_parts();
    Jar::enter(&mut req).0
}

fn allocations(f: impl FnOnce()) -> u64 {
    measure(f).count_total
}

#[test]
fn reading_up_to_eight_cookies_allocates_nothing() {
    let jar = jar("a=1; b=2; c=3; d=4; e=5; f=6; g=7; h=8");
    assert_eq!(allocations(|| assert_eq!(jar.text("h"), Some("8"))), 0);
}

#[test]
fn a_sealed_value_costs_its_own_allocation_and_no_key_derivation() {
    let ring = KeyRing::generate();
    let (mut req, ()) = Request::new(()).into_parts();
    let (made, emit) = Jar::enter(&mut req);
    made.private(&ring, "p").add("__Host-a", "value").unwrap();
    made.signed(&ring, "p").add("__Host-b", "value").unwrap();
    let (mut res, ()) = http::Response::new(()).into_parts();
    emit.unwrap().run(&mut res);
    let lines = res.headers.get_all("set-cookie").iter();
    let cookies: Vec<_> = lines.map(|line| line.to_str().unwrap().split(';').next().unwrap()).collect();

    let jar = jar(&cookies.join("; "));
    assert_eq!(allocations(|| assert!(jar.private(&ring, "p").get("__Host-a").is_some())), 1);
    assert_eq!(allocations(|| assert!(jar.signed(&ring, "p").get("__Host-b").is_some())), 1);
}
