//! The rows of the table: each link alone, then the chain.
//!
//! ```text
//! context · one gate · eight · security headers · StripIdentity · jar · private cookie · each kind of credentials · require · the chain
//! ```
//!
//! Every request but the first row's comes as from the server's door: with the context that the door makes.

use std::{
    convert::Infallible,
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
};

use bytes::Bytes;
use enfilade_auth::{
    AllOf, ApiKey, Auth, Authenticator, Basic, FrontProxy, Htpasswd, KeyFile, NewKey, SlowDown,
    StripIdentity,
    jwt::{Algorithm, Bearer, Issuers, NewToken, SigningKey, Verifier},
    policy::scope,
    require,
};
use enfilade_cookie::{Cookies, Jar, KeyRing};
use enfilade_core::{Canonical, ClientAddr, Gate, Gates, Pass, RequestContext, gate_fn};
use enfilade_server::SecurityHeaders;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header::CONTENT_TYPE, uri::Scheme};
use http_body_util::Empty;
use tower::{Layer as _, Service, service_fn};

use crate::measure::Pair;

const ISSUER: &str = "https://id.example";

/// One line of a table.
pub(crate) trait Row {
    /// Does it under valgrind.
    fn count(self);
    /// Its line, with what was counted.
    fn line(self, counted: Option<(u64, u64)>) -> String;
}

/// One link, and the request that it gets.
pub(crate) struct Link {
    name: &'static str,
    pair: Pair,
}

impl Row for Link {
    fn count(self) {
        self.pair.count();
    }

    fn line(self, counted: Option<(u64, u64)>) -> String {
        let costs = self.pair.costs();
        let ns = (costs.ns[1] - costs.ns[0]).max(0.0);
        let counted = counted.map(|(base, whole)| whole.saturating_sub(base).to_string()).unwrap_or_default();
        let allocations = costs.allocations[1].saturating_sub(costs.allocations[0]);
        format!("| {} | {ns:.0} | {counted} | {allocations} |", self.name)
    }
}

/// Every row.
pub(crate) fn all() -> Vec<Link> {
    let ring = KeyRing::generate();
    let sealed = [("cookie", sealed(&ring))];
    let jar = || [Arc::new(Cookies::new()) as Arc<dyn Gate>, Arc::new(reader(&ring)) as _];
    let mut rows = vec![
        link("the context, where no server of ours stands before", Door::Foreign, [], [gate(context())]),
        link("one gate that looks up a header", Door::Ours, [], [gate(lookup())]),
        link("eight of them, one slice", Door::Ours, [], (0..8).map(|_| gate(lookup()))),
        security_headers(),
        link("StripIdentity, six headers", Door::Ours, browser(), [gate(StripIdentity::new())]),
        link("Cookies, nothing read", Door::Ours, [], [gate(Cookies::new())]),
        link("Cookies and a private cookie read, seen before", Door::Ours, sealed.clone(), jar()),
        unseen("Cookies and a private cookie read, seen for the first time", &ring, jar()),
    ];
    rows.extend(kinds());
    let (bearer, token) = bearer(Algorithm::Es256);
    let chain = [gate(StripIdentity::new()), gate(Auth::new(bearer))].into_iter().chain(jar());
    rows.push(link(
        "all: StripIdentity, Auth (ES256, seen before), Cookies, private cookie, require(scope)",
        Door::Ours,
        sealed.into_iter().chain([("authorization", token)]),
        chain.chain([gate(require(scope("orders:read")))]),
    ));
    rows
}

/// Each kind of credentials in an Auth link of its own; what can be remembered is.
fn kinds() -> Vec<Link> {
    let mut rows = Vec::new();
    let mut add = |name, headers: Vec<(&'static str, String)>, kind: Arc<dyn Authenticator>| {
        rows.push(link(name, Door::Ours, headers, [gate(Auth::any_of([kind]))]));
    };
    for (name, algorithm) in [
        ("Auth: HS256 token seen before", Algorithm::Hs256),
        ("Auth: ES256 token seen before", Algorithm::Es256),
        ("Auth: RS256 token seen before", Algorithm::Rs256),
    ] {
        let (bearer, token) = bearer(algorithm);
        add(name, vec![("authorization", token)], Arc::new(bearer));
    }
    let (issuers, token) = issuers();
    add("Auth: the third of three `Issuers`, token seen before", vec![("authorization", token)], issuers);
    let (key, sent) = api_key();
    add("Auth: API key", vec![("x-api-key", sent.clone())], Arc::new(key.clone()));
    add(
        "Auth: API key, `SlowDown` around it, nobody guessing",
        vec![("x-api-key", sent.clone())],
        Arc::new(SlowDown::new().around(key.clone())),
    );
    let (token_too, token) = bearer(Algorithm::Es256);
    let both = AllOf::of(token_too).and(key).with_principal_of(0);
    add(
        "Auth: `AllOf`, token seen before and API key",
        vec![("authorization", token), ("x-api-key", sent)],
        Arc::new(both),
    );
    add(
        "Auth: Basic, right within the last minute",
        vec![("authorization", PASSWORD.to_owned())],
        Arc::new(basic()),
    );
    add(
        "Auth: Basic, the same with `SlowDown`",
        vec![("authorization", PASSWORD.to_owned())],
        Arc::new(SlowDown::new().around(basic())),
    );
    let proxy =
        FrontProxy::from_peers(["127.0.0.1"]).and_then(|proxy| proxy.with_user_header("x-auth-request-user"));
    let proxy = proxy.expect("a network and a name");
    add("Auth: FrontProxy, one header", vec![("x-auth-request-user", "ada".to_owned())], Arc::new(proxy));
    rows
}

/// Who makes the context of a request.
#[derive(Clone, Copy, PartialEq)]
enum Door {
    Ours,
    Foreign,
}

fn gate(gate: impl Gate) -> Arc<dyn Gate> {
    Arc::new(gate)
}

fn link(
    name: &'static str,
    door: Door,
    headers: impl IntoIterator<Item = (&'static str, String)>,
    gates: impl IntoIterator<Item = Arc<dyn Gate>>,
) -> Link {
    let requests = vec![request(headers)];
    let base = asking(name, door, requests.clone(), Gates::new([]).layer(app()));
    let whole = asking(name, door, requests, Gates::new(gates).layer(app()));
    Link { name, pair: Pair { base, whole } }
}

/// With so many cookies in turn that none is still known when it comes again.
fn unseen(name: &'static str, ring: &KeyRing, gates: impl IntoIterator<Item = Arc<dyn Gate>>) -> Link {
    let requests: Vec<_> = (0..4096).map(|_| request([("cookie", sealed(ring))])).collect();
    let base = asking(name, Door::Ours, requests.clone(), Gates::new([]).layer(app()));
    let whole = asking(name, Door::Ours, requests, Gates::new(gates).layer(app()));
    Link { name, pair: Pair { base, whole } }
}

fn request(headers: impl IntoIterator<Item = (&'static str, String)>) -> HeaderMap {
    let host = ("host", "shop.example".to_owned());
    let headers = [host].into_iter().chain(headers).map(|(name, value)| {
        (HeaderName::from_static(name), HeaderValue::try_from(value).expect("visible ASCII"))
    });
    headers.collect()
}

/// The three that it sends by default, on an answer that has a header.
fn security_headers() -> Link {
    let name = "SecurityHeaders, three of them";
    let requests = vec![request([])];
    let base = asking(name, Door::Ours, requests.clone(), app());
    let whole = asking(name, Door::Ours, requests, SecurityHeaders::new().layer(app()));
    Link { name, pair: Pair { base, whole } }
}

/// Its answer is empty, and says of what type.
fn app() -> impl Asked {
    service_fn(async |_: Request<Empty<Bytes>>| {
        let mut response = Response::new(Empty::<Bytes>::new());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        Ok::<_, Infallible>(response)
    })
}

/// What can be asked.
trait Asked:
    Service<Request<Empty<Bytes>>, Response = Response<Empty<Bytes>>, Error = Infallible> + Clone + 'static
{
}

impl<S> Asked for S where
    S: Service<Request<Empty<Bytes>>, Response = Response<Empty<Bytes>>, Error = Infallible>
        + Clone
        + 'static
{
}

/// Asks once with each call, with these requests in turn. The first answer may take a while, and no other.
fn asking(
    name: &'static str,
    door: Door,
    requests: Vec<HeaderMap>,
    mut service: impl Asked,
) -> Box<dyn FnMut()> {
    let mut at = 0;
    Box::new(move || {
        let mut request = Request::new(Empty::new());
        request.headers_mut().clone_from(&requests[at]);
        at = (at + 1) % requests.len();
        if door == Door::Ours {
            let peer = ClientAddr::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
            let canonical = Canonical::new(Scheme::HTTP, None, Some(peer)).with_peer(peer);
            RequestContext::begin(request.extensions_mut(), canonical);
        }
        let response = wait(service.call(request));
        assert!(response.is_ok_and(|response| response.status().is_success()), "{name}: refused");
    })
}

/// Nothing here waits but for another thread, and that once.
fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::yield_now(),
        }
    }
}

fn lookup() -> impl Gate {
    gate_fn("lookup", |req| {
        std::hint::black_box(req.headers.get("x-none"));
        Ok(Pass::Now)
    })
}

fn context() -> impl Gate {
    gate_fn("context", |req| {
        RequestContext::ensure(&mut req.extensions);
        Ok(Pass::Now)
    })
}

/// What a browser sends, about.
fn browser() -> [(&'static str, String); 5] {
    [
        ("user-agent", "Mozilla/5.0".to_owned()),
        ("accept", "*/*".to_owned()),
        ("accept-encoding", "gzip, br".to_owned()),
        ("authorization", "Bearer x".to_owned()),
        ("cookie", "theme=dark".to_owned()),
    ]
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

fn verifier(algorithm: Algorithm, issuer: &str) -> (Verifier, String) {
    let key = SigningKey::generate(algorithm).with_id("2026-11");
    let builder = Verifier::builder(key.verifying_key()).with_issuer(issuer).with_audience("shop");
    let token = NewToken::new(issuer, "shop", "ada").with_scopes(["orders:read", "orders:write"]).sign(&key);
    (builder.build().expect("all that is required is named"), format!("Bearer {token}"))
}

fn bearer(algorithm: Algorithm) -> (Bearer, String) {
    let (verifier, token) = verifier(algorithm, ISSUER);
    (Bearer::new(verifier), token)
}

fn issuers() -> (Arc<dyn Authenticator>, String) {
    let (one, _) = verifier(Algorithm::Es256, "https://one.example");
    let (two, _) = verifier(Algorithm::Es256, "https://two.example");
    let (three, token) = verifier(Algorithm::Es256, "https://three.example");
    let issuers = Issuers::new([one, two, three]).expect("three names");
    (Arc::new(Bearer::of_issuers(issuers)), token)
}

fn api_key() -> (ApiKey, String) {
    let made = NewKey::new("ci").with_scopes(["deploy"]).make().expect("a good name");
    let key = ApiKey::new(KeyFile::parse(made.line()).expect("a line made just before"));
    (key, made.key().to_owned())
}

/// `ada:secret`
const PASSWORD: &str = "Basic YWRhOnNlY3JldA==";

fn basic() -> Basic<Htpasswd> {
    let hash = enfilade_auth::hash_password("secret").expect("short enough");
    Basic::new(Htpasswd::parse(&format!("ada:{hash}")).expect("one line"))
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
