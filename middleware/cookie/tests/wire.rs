//! Cookies as attackers put them on the wire, over HTTP/1 and over HTTP/2: what the app is told of each.
//!
//! ```text
//! fields ── HTTP/1: raw lines ── HTTP/2: a crumb each ──▶ hyper ── Cookies ──▶ app: "value|hidden|doubled|truncated"
//! ```

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;

use enfilade_cookie::{Cookies, Jar};
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tower::{Layer as _, ServiceExt as _};

/// What it is, its `Cookie` fields, and what the app is told of `__Host-sid`.
type Case = (&'static str, &'static [&'static [u8]], &'static str);

const CASES: [Case; 24] = [
    ("what a browser sends", &[b"a=1; __Host-sid=ours; b=2"], "ours|0|false|false"),
    ("crumbs", &[b"a=1", b"__Host-sid=ours", b"b=2"], "ours|0|false|false"),
    ("a prefix in another case", &[b"__hOsT-sid=forged"], "nobody|1|false|false"),
    ("a prefix in another case beside ours", &[b"__HOST-sid=forged; __Host-sid=ours"], "ours|1|false|false"),
    ("tossed from a subdomain, first", &[b"__Host-sid=forged; __Host-sid=ours"], "nobody|0|true|false"),
    ("tossed from a subdomain, last", &[b"__Host-sid=ours", b"__Host-sid=forged"], "nobody|0|true|false"),
    ("the same twice", &[b"__Host-sid=ours; __Host-sid=ours"], "ours|0|true|false"),
    ("no name, ours as its value", &[b"=__Host-sid=forged"], "nobody|1|false|false"),
    ("no name and no value", &[b"=; __Host-sid=ours"], "ours|1|false|false"),
    ("a name alone", &[b"__Host-sid; b=2"], "nobody|1|false|false"),
    ("an empty value beside ours", &[b"__Host-sid=; __Host-sid=ours"], "nobody|0|true|false"),
    ("the attributes of RFC 2965", &[b"$Version=1; __Host-sid=ours; $Path=\"/x\""], "ours|0|false|false"),
    ("a quoted value keeps its quotes", &[b"__Host-sid=\"forged\""], "\\\"forged\\\"|0|false|false"),
    (
        "a sandwich of quotes around ours",
        &[b"$Version=1; a=\"x; __Host-sid=ours; b=y\""],
        "ours|0|false|false",
    ),
    ("a comma is no separator", &[b"a=1,__Host-sid=forged"], "nobody|0|false|false"),
    ("a blank of Unicode before it", &[b"\xe2\x80\x80__Host-sid=forged"], "nobody|1|false|false"),
    (
        "a blank of Latin-1 before it",
        &[b"\x85__Host-sid=forged; \xa0__Host-sid=forged"],
        "nobody|2|false|false",
    ),
    ("a form feed's octets after it", &[b"__Host-sid\xc2\x85=forged"], "nobody|1|false|false"),
    (
        "a name that is percent-encoded",
        &[b"%5f_Host-sid=forged; __Host-%73id=forged"],
        "nobody|0|false|false",
    ),
    ("a name that PHP takes for it", &[b"__Host-sid[x]=forged; ..Host-sid=forged"], "nobody|0|false|false"),
    ("octets that are no text hide nobody else", &[b"a=\xff\xfe; __Host-sid=ours"], "ours|0|false|false"),
    ("octets that are no text stay as they are", &[b"__Host-sid=\xff%20+"], "\\xff%20+|0|false|false"),
    ("a tab within", &[b"__Host-sid=a\tb; c=3"], "nobody|1|false|false"),
    ("a tab as a blank", &[b"a=1;\t__Host-sid=ours\t; b=2"], "ours|0|false|false"),
];

#[tokio::test]
async fn over_http1_no_spelling_passes_for_ours() {
    for (name, fields, expected) in CASES {
        assert_eq!(over_http1(fields).await, (200, expected.to_owned()), "{name}");
    }
}

#[tokio::test]
async fn over_http2_no_spelling_passes_for_ours() {
    for (name, fields, expected) in CASES {
        assert_eq!(over_http2(fields).await, (200, expected.to_owned()), "{name}");
        let crumbs: Vec<_> =
            fields.iter().flat_map(|field| field.split(|b| *b == b';')).map(trimmed).collect();
        assert_eq!(over_http2(&crumbs).await, (200, expected.to_owned()), "{name}, a crumb each");
    }
}

/// N47 of the research. Over HTTP/2 they do not fit into the header list that hyper takes: first that is an answer, far
/// beyond it the end of the connection.
#[tokio::test]
async fn ten_thousand_cookies_cost_no_more_than_256_and_hide_what_follows() {
    let crowd = "a=1; ".repeat(10_000);
    let (before, after) = (format!("__Host-sid=ours; {crowd}"), format!("{crowd}__Host-sid=ours"));
    assert_eq!(over_http1(&[before.as_bytes()]).await, (200, "ours|0|false|true".to_owned()));
    assert_eq!(over_http1(&[after.as_bytes()]).await, (200, "nobody|0|false|true".to_owned()));
    let crumbs = vec![b"a=1".as_slice(); 10_000];
    assert_eq!(over_http1(&crumbs).await.0, 431);
    assert_eq!(over_http2(&crumbs[..1000]).await.0, 431);
    let (ended, why) = over_http2(&crumbs).await;
    assert!(ended == 0 && why.contains("excessive load"), "{why}");
    let crumbs: Vec<_> =
        std::iter::repeat_n(b"a=1".as_slice(), 300).chain([&b"__Host-sid=ours"[..]]).collect();
    assert_eq!(over_http2(&crumbs).await, (200, "nobody|0|false|true".to_owned()));
}

#[tokio::test]
async fn a_cookie_that_is_over_long_hides_itself_and_what_follows() {
    let long = |bytes: usize| format!("a=1; __Host-sid={}; b=2", "x".repeat(bytes));
    let (status, told) = over_http1(&[long(20_000).as_bytes()]).await;
    assert!(status == 200 && told.starts_with("xxx") && told.ends_with("|0|false|false"));
    assert_eq!(over_http1(&[long(33_000).as_bytes()]).await, (200, "nobody|0|false|true".to_owned()));
    assert_eq!(over_http2(&[long(17_000).as_bytes()]).await.0, 431);
}

/// What would end a field is refused before any link: it cannot be smuggled in by a cookie.
#[tokio::test]
async fn over_http1_controls_in_a_cookie_are_no_request() {
    for octet in [b"\0".as_slice(), b"\x01", b"\x7f", b"\x1b"] {
        let field = [b"a=1; __Host-sid=x", octet, b"y"].concat();
        assert_eq!(over_http1(&[&field]).await.0, 400, "{}", octet.escape_ascii());
    }
}

async fn app(req: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let jar = Jar::of(req.extensions()).expect("the link made it");
    let value = jar.get("__Host-sid").map_or("nobody".to_owned(), |value| value.escape_ascii().to_string());
    let told = [
        jar.hidden().to_string(),
        jar.is_duplicated("__Host-sid").to_string(),
        jar.is_truncated().to_string(),
    ];
    Ok(Response::new(format!("{value}|{}", told.join("|")).into()))
}

fn client(http2: bool) -> DuplexStream {
    let (client, server) = tokio::io::duplex(1 << 20);
    let service = Cookies::new().layer(tower::service_fn(app));
    let service = service_fn(move |req| service.clone().oneshot(req));
    tokio::spawn(async move {
        let io = TokioIo::new(server);
        let _ = if http2 {
            http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await
        } else {
            http1::Builder::new().serve_connection(io, service).await
        };
    });
    client
}

async fn over_http1(fields: &[&[u8]]) -> (u16, String) {
    let mut request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".to_vec();
    for field in fields {
        request.extend([b"Cookie: ", *field, b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    let mut io = client(false);
    io.write_all(&request).await.unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// Status and body, or 0 and why the connection was ended.
async fn over_http2(fields: &[&[u8]]) -> (u16, String) {
    let (send, connection) = h2::client::handshake(client(true)).await.unwrap();
    tokio::spawn(async { connection.await.ok() });
    let mut request = Request::get("http://a/").body(()).unwrap();
    for field in fields {
        request.headers_mut().append("cookie", HeaderValue::from_bytes(field).unwrap());
    }
    let (response, _) = send.ready().await.unwrap().send_request(request, true).unwrap();
    let response = match response.await {
        Ok(response) => response,
        Err(ended) => return (0, ended.to_string()),
    };
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(data) = body.data().await {
        text.extend(data.unwrap());
    }
    (status, String::from_utf8(text).unwrap())
}

fn trimmed(crumb: &[u8]) -> &[u8] {
    crumb.strip_prefix(b" ").unwrap_or(crumb)
}
