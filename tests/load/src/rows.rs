//! The rows of the table: each link alone, then the chain.
//!
//! ```text
//! bare · one gate · eight gates · strip-identity · bearer seen before · jar · private cookie · require · chain
//! ```

use std::sync::Arc;

use enfilade_auth::{
    Auth, StripIdentity,
    jwt::{Algorithm, Bearer, NewToken, SigningKey, Verifier},
    policy::scope,
    require,
};
use enfilade_cookie::{Cookies, Jar, KeyRing};
use enfilade_core::{Gate, Gates, Pass, gate_fn};
use http::{Request, Response};

use crate::Row;

const ISSUER: &str = "https://id.example";

/// Every row.
pub(crate) fn all() -> Vec<Row> {
    let ring = KeyRing::generate();
    let cookie = vec![("cookie", sealed(&ring))];
    let mut rows = vec![
        row("one gate that looks up a header", [], [Arc::new(lookup()) as Arc<dyn Gate>]),
        row("eight of them, one slice", [], (0..8).map(|_| Arc::new(lookup()) as Arc<dyn Gate>)),
        row("StripIdentity", [], [Arc::new(StripIdentity::new()) as _]),
        row("Cookies, nothing read", [], [Arc::new(Cookies::new()) as _]),
        row(
            "Cookies and a private cookie read",
            cookie.clone(),
            [Arc::new(Cookies::new()) as _, Arc::new(reader(&ring)) as _],
        ),
    ];
    for (name, algorithm) in [
        ("Auth: HS256 token seen before", Algorithm::Hs256),
        ("Auth: ES256 token seen before", Algorithm::Es256),
    ] {
        let (auth, token) = bearer(algorithm, true);
        rows.push(row(name, [("authorization", token)], [Arc::new(auth) as _]));
    }
    for (name, algorithm) in [
        ("Auth: HS256 token, verified each time", Algorithm::Hs256),
        ("Auth: ES256 token, verified each time", Algorithm::Es256),
        ("Auth: RS256 token, verified each time", Algorithm::Rs256),
        ("Auth: EdDSA token, verified each time", Algorithm::EdDsa),
    ] {
        let (auth, token) = bearer(algorithm, false);
        rows.push(row(name, [("authorization", token)], [Arc::new(auth) as _]));
    }
    let (auth, token) = bearer(Algorithm::Es256, true);
    let headers = cookie.into_iter().chain([("authorization", token)]);
    let chain: [Arc<dyn Gate>; 5] = [
        Arc::new(StripIdentity::new()),
        Arc::new(auth),
        Arc::new(Cookies::new()),
        Arc::new(reader(&ring)),
        Arc::new(require(scope("orders:read"))),
    ];
    rows.push(row(
        "all: StripIdentity, Auth (seen before), Cookies, private cookie, require(scope)",
        headers,
        chain,
    ));
    rows
}

fn row(
    name: &'static str,
    headers: impl IntoIterator<Item = (&'static str, String)>,
    gates: impl IntoIterator<Item = Arc<dyn Gate>>,
) -> Row {
    Row { name, headers: headers.into_iter().collect(), gates: Gates::new(gates) }
}

fn lookup() -> impl Gate {
    gate_fn("lookup", |req| {
        std::hint::black_box(req.headers.get("x-none"));
        Ok(Pass::Now)
    })
}

fn reader(ring: &KeyRing) -> impl Gate {
    let ring = ring.clone();
    gate_fn("reader", move |req| {
        let jar = Jar::require(&req.extensions)?;
        let opened = jar.private(&ring, "price").get("__Host-id");
        assert!(opened.is_some_and(|opened| opened.text() == Some("42")), "sealed just before");
        Ok(Pass::Now)
    })
}

fn bearer(algorithm: Algorithm, remember: bool) -> (Auth, String) {
    let key = SigningKey::generate(algorithm).with_id("2026-11");
    let builder = Verifier::builder(key.verifying_key()).with_issuer(ISSUER).with_audience("shop");
    let builder = if remember { builder } else { builder.with_cache_bytes(0) };
    let verifier = builder.build().expect("all that is required is named");
    let token = NewToken::new(ISSUER, "shop", "ada").with_scopes(["orders:read", "orders:write"]).sign(&key);
    (Auth::new(Bearer::new(verifier)), format!("Bearer {token}"))
}

/// A `Cookie` header with a private cookie among others.
fn sealed(ring: &KeyRing) -> String {
    let (mut parts, ()) = Request::new(()).into_parts();
    let (jar, emit) = Jar::enter(&mut parts);
    jar.private(ring, "price").add("__Host-id", "42").expect("a short value");
    let (mut head, ()) = Response::new(()).into_parts();
    emit.expect("made just before").run(&mut head);
    let line = head.headers["set-cookie"].to_str().expect("ASCII").to_owned();
    let pair = line.split(';').next().unwrap_or_default();
    format!("theme=dark; {pair}; lang=en")
}
