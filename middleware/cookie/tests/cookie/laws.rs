//! The cookie link keeps the laws of a tower HTTP layer, whatever is read from the jar and written to it, and when.
//!
//! ```text
//! Cookies (plain, reserving, limited) ▸ a gate that reads and writes: on the way in, on the way back, later ──▶ Laws
//! ```

use std::time::Duration;

use enfilade_cookie::{Cookies, Jar, KeyRing, Profile, SetCookie};
use enfilade_core::{Exit, Gate, Gates, Pass, Rejection, gate_fn};
use enfilade_test::{Law, Laws, TestClock, assert_laws};
use http::{Request, StatusCode, response};
use tokio::task::yield_now;

fn profiles() -> [Profile; 5] {
    [
        Profile::host(),
        Profile::secure().with_path("/shop"),
        Profile::host().with_max_age(Duration::from_secs(60)),
        Profile::host().partitioned(),
        Profile::insecure_plain(),
    ]
}

/// Refuses what says `x-shut`, behind whoever has written to the jar.
fn shut() -> impl Gate {
    gate_fn("shut", |req| match req.headers.get("x-shut") {
        Some(_) => Err(Rejection::new(StatusCode::FORBIDDEN, "test.refused")),
        None => Ok(Pass::Now),
    })
}

fn refusing(gates: Gates) -> Laws {
    let gates = gates.gate(shut());
    Laws::of(gates).refused("what an inner gate refuses", || Request::post("/").header("x-shut", "1"))
}

#[test]
fn alone_it_keeps_them_with_every_setting() {
    assert_laws!(Cookies::new());
    assert_laws!(Cookies::new().reserve(["__Host-sid"]).unwrap());
    assert_laws!(Cookies::new().with_header_limit(4096));
    Laws::of(Cookies::new().reserve(["__Host-sid"]).unwrap())
        .request(|| Request::post("/").header("cookie", "__Host-sid=1; theme=dark"))
        .except(Law::RequestUnchanged, "the app never sees a reserved cookie")
        .assert();
}

#[test]
fn cookies_of_every_profile_are_written_by_the_laws() {
    for profile in profiles() {
        let theme = SetCookie::new(profile.name("theme"), "dark").with_profile(profile);
        let writing = gate_fn("writing", move |req| {
            Jar::require(&req.extensions)?.add(theme.clone())?;
            Ok(Pass::Now)
        });
        refusing(Gates::of(Cookies::new()).gate(writing)).assert();
    }
}

#[test]
fn sealed_views_that_write_on_the_way_back_keep_them() {
    for profile in profiles() {
        for is_private in [false, true] {
            let ring = KeyRing::generate().with_clock(TestClock::at(1_800_000_000).clock());
            let profile = profile.clone();
            let counting = gate_fn("counting", move |req| {
                let (jar, ring, profile) = (Jar::require(&req.extensions)?, ring.clone(), profile.clone());
                Ok(Pass::then(move |_| {
                    let view = if is_private { jar.private(&ring, "law") } else { jar.signed(&ring, "law") };
                    let view = view.with_profile(&profile);
                    assert!(view.get(&profile.name("visits")).is_none(), "nobody has sealed one");
                    view.add(&profile.name("visits"), "1").unwrap();
                }))
            });
            refusing(Gates::of(Cookies::new()).gate(counting)).assert();
        }
    }
}

#[test]
fn a_cookie_that_is_written_after_io_on_the_way_back_keeps_them() {
    let ring = KeyRing::generate();
    let saving = gate_fn("saving", move |req| {
        let (jar, ring) = (Jar::require(&req.extensions)?, ring.clone());
        Ok(Pass::then(move |_| {
            Exit::later(async move {
                yield_now().await;
                move |_: &mut response::Parts| {
                    jar.private(&ring, "law").add("__Host-saved", "1").unwrap();
                    Exit::Done
                }
            })
        }))
    });
    let reserving = Cookies::new().reserve(["__Host-sid"]).unwrap();
    refusing(Gates::of(reserving).gate(saving)).assert();
}
