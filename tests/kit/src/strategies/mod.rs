//! Requests for property tests: good ones as clients send them, hostile ones as attackers do. Feature `proptest`.
//!
//! ```text
//! request()          method · target · host · headers · cookies · credentials · body          what must work
//! hostile_request()  each part drawn anew: good, odd, or made to break a parser                what must be survived
//!     ├ method, target         ├ authorization, cookies, forwarding       ├ body
//!     └ hostile_method, …      └ hostile_authorization, …                 └ hostile_body
//! ```
//!
//! 1. A hostile value is still one that the crate `http` can hold: raw bytes 0x80–0xff, tabs, lone `%`, empty names of
//!    cookies. What it cannot hold never reaches a layer.
//! 2. They are composed of proptest's own strategies, so a failure shrinks: to fewer headers, shorter values, and from
//!    a hostile part to a good one.
//! 3. No body hangs, so a request that is not answered is a fault of the service. Bodies may break off.
//!
//! ```
//! use enfilade_core::{Gates, Pass, Rejection, gate_fn};
//! use enfilade_test::{Probe, drive, strategies};
//! use http::StatusCode;
//! use proptest::prelude::*;
//!
//! proptest!(|(request in strategies::hostile_request())| {
//!     let gate = gate_fn("utf8", |req| match req.headers.values().all(|value| value.to_str().is_ok()) {
//!         true => Ok(Pass::Now),
//!         false => Err(Rejection::new(StatusCode::BAD_REQUEST, "utf8.missing")),
//!     });
//!     let reply = drive(Gates::of(gate), &Probe::ok()).given(request).send();
//!     prop_assert!(!reply.status().is_server_error());
//! });
//! ```

mod bodies;
mod cookies;
mod credentials;
mod forwarding;
mod headers;
mod target;

pub use self::bodies::{body, hostile_body};
pub use self::cookies::{
    cookie_name, cookie_value, cookies, hostile_cookies, hostile_set_cookie, set_cookie,
};
pub use self::credentials::{authorization, hostile_authorization};
pub use self::forwarding::{forwarding, hostile_forwarding};
pub use self::headers::{Field, header, header_name, header_value, hostile_header, hostile_header_value};
pub use self::target::{hostile_method, hostile_target, method, target};

use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version, header as names};
use proptest::{collection::vec, option, prelude::*};

use crate::ProbeBody;

/// A request as a well-behaved client sends it: HTTP/1.1 with one host, or HTTP/2 with an authority.
///
/// ```
/// use enfilade_test::strategies;
/// use proptest::prelude::*;
///
/// proptest!(|(request in strategies::request())| {
///     let (hosts, authority) = (request.headers().get_all("host").iter().count(), request.uri().authority());
///     prop_assert!(hosts == 1 || authority.is_some());
/// });
/// ```
pub fn request() -> impl Strategy<Value = Request<ProbeBody>> {
    request_to("shop.example")
}

/// The same to a host of yours: `localhost:8080`.
pub fn request_to(host: &'static str) -> impl Strategy<Value = Request<ProbeBody>> {
    let fields = (
        vec(header(), 0..6),
        option::of(cookies()),
        option::weighted(0.3, authorization()),
        option::weighted(0.2, forwarding()),
    );
    (method(), target(), any::<bool>(), fields, body()).prop_map(
        move |(method, target, http2, fields, body)| {
            let (headers, cookies, authorization, forwarding) = fields;
            let mut all = HeaderMap::new();
            let special = [cookies, forwarding].into_iter().flatten().flatten();
            for (name, value) in headers.into_iter().chain(special) {
                all.append(name, value);
            }
            if let Some(value) = authorization {
                all.insert(names::AUTHORIZATION, value);
            }
            let (target, version) = if http2 {
                let target = format!("https://{host}{}", path_and_query(&target));
                (target.parse().expect("a path after a host"), Version::HTTP_2)
            } else {
                all.insert(names::HOST, HeaderValue::from_static(host));
                (target, Version::HTTP_11)
            };
            assemble(method, target, version, all, body)
        },
    )
}

/// A request of which each part may be good, odd or hostile; fields of one name may come several times.
pub fn hostile_request() -> impl Strategy<Value = Request<ProbeBody>> {
    hostile_request_to("shop.example")
}

/// The same, most of them to a host of yours.
pub fn hostile_request_to(host: &'static str) -> impl Strategy<Value = Request<ProbeBody>> {
    let field = prop_oneof![
        3 => header().prop_map(|field| vec![field]),
        3 => hostile_header().prop_map(|field| vec![field]),
        2 => cookies(),
        2 => hostile_cookies(),
        1 => authorization().prop_map(|value| vec![(names::AUTHORIZATION, value)]),
        3 => hostile_authorization().prop_map(|value| vec![(names::AUTHORIZATION, value)]),
        1 => forwarding(),
        2 => hostile_forwarding(),
        1 => odd_host().prop_map(|value| vec![(names::HOST, value)]),
    ];
    let method = prop_oneof![3 => method(), 2 => hostile_method()];
    let target = prop_oneof![2 => target(), 3 => hostile_target()];
    let version = prop::sample::select(vec![
        Version::HTTP_11,
        Version::HTTP_2,
        Version::HTTP_10,
        Version::HTTP_09,
        Version::HTTP_3,
    ]);
    let body = prop_oneof![2 => body(), 1 => hostile_body()];
    let host = option::weighted(0.8, Just(HeaderValue::from_static(host)));
    (method, target, version, host, vec(field, 0..8), body).prop_map(
        |(method, target, version, host, fields, body)| {
            let mut all = HeaderMap::new();
            all.extend(host.map(|host| (names::HOST, host)));
            for (name, value) in fields.into_iter().flatten() {
                all.append(name, value);
            }
            assemble(method, target, version, all, body)
        },
    )
}

/// What a `Host` field may hold, right and wrong.
fn odd_host() -> impl Strategy<Value = HeaderValue> {
    let known = [
        "shop.example",
        "localhost:8080",
        "[::1]:80",
        "",
        "a@b",
        "a:b:c",
        "shop.example:99999",
        "shop.example.",
        "SHOP.EXAMPLE",
        "evil.example, shop.example",
        "shop.example/path",
        "[::1",
        "%00",
        " ",
    ];
    prop_oneof![prop::sample::select(known.map(HeaderValue::from_static).to_vec()), hostile_header_value(),]
}

fn path_and_query(target: &Uri) -> &str {
    target.path_and_query().map_or("/", |path| path.as_str())
}

fn assemble(
    method: Method,
    target: Uri,
    version: Version,
    headers: HeaderMap,
    body: ProbeBody,
) -> Request<ProbeBody> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = target;
    *request.version_mut() = version;
    *request.headers_mut() = headers;
    request
}
