//! The whole door before an ASGI app: a token says who it is, a private cookie which visit, and the app hears of both.
//!
//! ```text
//! PYTHONPATH=examples/apps cargo run --features python --example door -- jwks.json hello:app
//!
//! token ─▶ Auth ─▶ require ─▶ Cookies ─▶ visit ─▶ app: state["principal"], the header x-visit
//! ```
//!
//! Keys are read from `jwks.json` (RFC 7517); tokens must be of `https://id.example` for `shop`. A visitor without the
//! cookie is given one, which neither scripts nor the visitor can read or make up. `PORT` is another port than 3000.

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use enfilade::{
    auth::{
        Auth, StripIdentity,
        jwt::{Bearer, JwksFile, Verifier},
        policy::authenticated,
        require,
    },
    cookie::{Cookies, Jar, KeyRing},
    core::{Chain, Gate, Pass, gate_fn},
    python::{AsgiApp, Interpreter},
    server::{BoxError, Server},
};
use http::HeaderValue;

const COOKIE: &str = "__Host-visit";
const HEADER: &str = "x-visit";

fn main() -> Result<(), BoxError> {
    let [jwks, target] = env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "door JWKS APP")?;
    let keys = JwksFile::open(jwks)?.watched(Duration::from_secs(10))?;
    let tokens = Verifier::builder(keys).with_issuer("https://id.example").with_audience("shop").build()?;
    Interpreter::new().start()?;
    AsgiApp::run(&target, |app| async move {
        let (service, _plan) = Chain::new()
            .gate(StripIdentity::new())
            .gate(Auth::new(Bearer::new(tokens)))
            .gate(require(authenticated()))
            .gate(Cookies::new())
            .gate(visit(KeyRing::generate()))
            .build(app)?;
        let port = env::var("PORT").unwrap_or_else(|_| "3000".into());
        Server::bind(format!("localhost:{port}")).await?.with_signals()?.serve(service).await?;
        Ok(())
    })?
}

/// Tells the app which visit this is, and begins one where there is none.
fn visit(ring: KeyRing) -> impl Gate {
    let next = AtomicU64::new(1);
    gate_fn("visit", move |req| {
        let jar = Jar::require(&req.extensions)?;
        let sealed = jar.private(&ring, "visit");
        let known = sealed.get(COOKIE).and_then(|opened| HeaderValue::from_bytes(opened.bytes()).ok());
        let visit = if let Some(visit) = known {
            visit
        } else {
            let visit = HeaderValue::from(next.fetch_add(1, Relaxed));
            sealed.add(COOKIE, &visit)?;
            visit
        };
        // In the place of whatever the client says under this name.
        req.headers.insert(HEADER, visit);
        Ok(Pass::Now)
    })
}
