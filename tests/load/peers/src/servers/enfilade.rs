//! Ours: the server alone, the server and eight gates, and the whole chain.
//!
//! ```text
//! Server                Server ── 8 × lookup            Server ── StripIdentity ── Auth ── Cookies ── read ── require
//! ```

use std::{convert::Infallible, net::TcpListener};

use bytes::Bytes;
use enfilade::{
    auth::{
        Auth, StripIdentity,
        jwt::{Algorithm, Bearer, NewToken, SigningKey, Verifier},
        policy::scope,
        require,
    },
    cookie::{Cookies, Jar, KeyRing},
    core::{Chain, Pass, Principal, gate_fn},
    server::{RequestBody, Server},
};
use http::{Request, Response};
use http_body_util::Full;

use super::{HELLO, ready, strangers_headers};
use crate::peer::Failed;

type Hello = Result<Response<Full<Bytes>>, Infallible>;

pub async fn bare(listener: TcpListener) -> Result<(), Failed> {
    ready(listener.local_addr()?, &strangers_headers())?;
    Ok(Server::from_listeners([listener])?.serve(tower::service_fn(hello)).await?)
}

pub async fn gates(listener: TcpListener) -> Result<(), Failed> {
    let mut chain = Chain::new();
    for _ in 0..8 {
        chain = chain.gate(gate_fn("lookup", |req| {
            std::hint::black_box(req.headers.get("x-none"));
            Ok(Pass::Now)
        }));
    }
    let (service, _) = chain.build(tower::service_fn(hello))?;
    ready(listener.local_addr()?, &strangers_headers())?;
    Ok(Server::from_listeners([listener])?.serve(service).await?)
}

pub async fn chain(listener: TcpListener) -> Result<(), Failed> {
    let ring = KeyRing::generate();
    let key = SigningKey::generate(Algorithm::Es256).with_id("2026-11");
    let verifier = Verifier::builder(key.verifying_key())
        .with_issuer("https://id.example")
        .with_audience("shop")
        .build()?;
    let token = NewToken::new("https://id.example", "shop", "ada")
        .with_scopes(["orders:read", "orders:write"])
        .sign(&key);
    let reader = ring.clone();
    let (service, _) = Chain::new()
        .gate(StripIdentity::new())
        .gate(Auth::new(Bearer::new(verifier)))
        .gate(Cookies::new())
        .gate(gate_fn("read", move |req| {
            let jar = Jar::require(&req.extensions)?;
            let read = jar
                .private(&reader, "price")
                .get("__Host-id")
                .is_some_and(|opened| opened.text() == Some("42"));
            assert!(read, "it was sealed by this process");
            Ok(Pass::Now)
        }))
        .gate(require(scope("orders:read")))
        .build(tower::service_fn(ada))?;
    ready(listener.local_addr()?, &[format!("authorization: Bearer {token}"), sealed(&ring)])?;
    Ok(Server::from_listeners([listener])?.serve(service).await?)
}

async fn hello(_: Request<RequestBody>) -> Hello {
    Ok(Response::new(Full::new(Bytes::from_static(HELLO.as_bytes()))))
}

async fn ada(req: Request<RequestBody>) -> Hello {
    assert!(Principal::of(req.extensions()).is_some_and(|who| who.subject() == "ada"));
    Ok(Response::new(Full::new(Bytes::from_static(HELLO.as_bytes()))))
}

/// A `Cookie` header with a private cookie among others.
fn sealed(ring: &KeyRing) -> String {
    let (mut parts, ()) = Request::new(()).into_parts();
    let (jar, emit) = Jar::enter(&mut parts);
    jar.private(ring, "price").add("__Host-id", "42").expect("a short value");
    let (mut head, ()) = Response::new(()).into_parts();
    emit.expect("made just before").run(&mut head);
    let line = head.headers["set-cookie"].to_str().expect("ASCII").to_owned();
    format!("cookie: theme=dark; {}; lang=en", line.split(';').next().unwrap_or_default())
}
