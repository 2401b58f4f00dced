//! Core's links keep the laws of a tower HTTP layer, alone and in both kinds of chain.
//!
//! ```text
//! Gates · from_fn · AsBody · RenderRejections · a chain of them all ── with and without a trail ──▶ assert_laws
//! ```

use enfilade_core::{
    AsBody, Chain, Clock, Exit, Gate, Gates, Pass, Rejection, RenderRejections, RuntimeChain, from_fn,
    gate_fn,
};
use enfilade_test::{Laws, ProbeBody, ProbeError, assert_laws};
use http::{Request, StatusCode, request, response};
use tokio::task::yield_now;

fn judge(known: bool) -> Result<(), Rejection> {
    if known { Ok(()) } else { Err(Rejection::new(StatusCode::FORBIDDEN, "key.missing")) }
}

/// Refuses whoever has no key.
fn key() -> impl Gate {
    gate_fn("key", |req| {
        judge(req.headers.contains_key("x-key"))?;
        Ok(Pass::then(|_| {}))
    })
}

/// The same, with I/O both ways.
fn slow() -> impl Gate {
    gate_fn("slow", |req| {
        let known = req.headers.contains_key("x-key");
        Ok(Pass::later(async move {
            yield_now().await;
            move |_: &mut request::Parts| {
                judge(known)?;
                Ok(Pass::then(|_| {
                    Exit::later(async {
                        yield_now().await;
                        |_: &mut response::Parts| Exit::Done
                    })
                }))
            }
        }))
    })
}

fn guarded(laws: Laws) -> Laws {
    laws.request(|| Request::post("/").header("x-key", "1")).refused("without a key", || Request::post("/"))
}

#[test]
fn gates_keep_them() {
    assert_laws!(Gates::new([]));
    guarded(Laws::of(Gates::of(key()))).assert();
    guarded(Laws::of(Gates::of(slow()))).assert();
    guarded(Laws::of(Gates::of(key()).gate(slow()).gate(key()))).assert();
}

#[test]
fn closures_keep_them() {
    assert_laws!(from_fn(async |req, next| next.run(req).await));
}

#[test]
fn as_body_keeps_them() {
    assert_laws!(AsBody);
}

#[test]
fn the_renderer_keeps_them() {
    assert_laws!(RenderRejections::new());
}

/// `$new` filled with links of every kind, held against the laws.
macro_rules! all_links {
    ($new:expr) => {
        guarded(Laws::service(|probe| {
            let chain = $new
                .link(RenderRejections::new())
                .gate(key())
                .layer("pass", from_fn(async |req, next| next.run(req).await))
                .gate(slow())
                .layer("other", AsBody)
                .gate(key());
            chain.build(probe).expect("an order that works").0
        }))
        .assert()
    };
}

#[test]
fn a_chain_in_code_keeps_them() {
    all_links!(Chain::new());
    all_links!(Chain::new().with_trail(Clock::system()));
}

#[test]
fn a_chain_at_run_time_keeps_them() {
    all_links!(RuntimeChain::<ProbeBody, ProbeError>::new());
    all_links!(RuntimeChain::<ProbeBody, ProbeError>::new().with_trail(Clock::system()));
}
