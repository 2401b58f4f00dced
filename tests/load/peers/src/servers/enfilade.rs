//! Ours: links on hyper, and the same links behind the whole server.
//!
//! ```text
//!                        nothing          8 gates           StripIdentity ▸ Auth ▸ Cookies ▸ read ▸ require
//! hyper, HyperService    adapter          adapter-gates     adapter-chain, StrictRequest before it
//! Server                 enfilade-bare    enfilade-gates    enfilade
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
    core::{Chain, Gated, Pass, Principal, body::WithBody, gate_fn},
    server::{HyperService, Server, StrictRequest},
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
};
use hyper_util::rt::TokioIo;
use tower::{Layer, Service};

use super::{HELLO, look_up, ready, strangers_headers};
use crate::peer::Failed;

type Hello = Result<Response<Full<Bytes>>, Infallible>;

pub async fn adapter(listener: TcpListener) -> Result<(), Failed> {
    ready(listener.local_addr()?, &strangers_headers())?;
    on_hyper(listener, tower::service_fn(hello)).await
}

pub async fn adapter_gates(listener: TcpListener) -> Result<(), Failed> {
    ready(listener.local_addr()?, &strangers_headers())?;
    on_hyper(listener, eight_gates(tower::service_fn(hello))?).await
}

pub async fn adapter_chain(listener: TcpListener) -> Result<(), Failed> {
    let (service, headers) = whole_chain(tower::service_fn(ada))?;
    ready(listener.local_addr()?, &headers)?;
    on_hyper(listener, StrictRequest::new().layer(service)).await
}

pub async fn bare(listener: TcpListener) -> Result<(), Failed> {
    ready(listener.local_addr()?, &strangers_headers())?;
    Ok(Server::from_listeners([listener])?.serve(tower::service_fn(hello)).await?)
}

pub async fn gates(listener: TcpListener) -> Result<(), Failed> {
    ready(listener.local_addr()?, &strangers_headers())?;
    Ok(Server::from_listeners([listener])?.serve(eight_gates(tower::service_fn(hello))?).await?)
}

pub async fn chain(listener: TcpListener) -> Result<(), Failed> {
    let (service, headers) = whole_chain(tower::service_fn(ada))?;
    ready(listener.local_addr()?, &headers)?;
    Ok(Server::from_listeners([listener])?.serve(service).await?)
}

/// Connections as the first peer serves them, with our adapter in the place of hyper's `service_fn`.
async fn on_hyper<S, R>(listener: TcpListener, service: S) -> Result<(), Failed>
where
    S: Service<Request<Incoming>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    R: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = HyperService::new(service.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn eight_gates<S>(app: S) -> Result<Gated<WithBody<S>>, Failed> {
    Ok((0..8).fold(Chain::new(), |chain, _| chain.gate(look_up())).build(app)?.0)
}

/// The chain, and the headers that it lets pass.
fn whole_chain<S>(app: S) -> Result<(Gated<WithBody<S>>, Vec<String>), Failed> {
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
        .build(app)?;
    Ok((service, vec![format!("authorization: Bearer {token}"), sealed(&ring)]))
}

async fn hello<B>(_: Request<B>) -> Hello {
    Ok(Response::new(Full::new(Bytes::from_static(HELLO.as_bytes()))))
}

async fn ada<B>(req: Request<B>) -> Hello {
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
