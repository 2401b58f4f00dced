//! Header fields: those that clients send, and every byte that a field may hold.
//!
//! ```text
//! accept: text/html │ x-ab12: some words        hostile: transfer-encoding: gzip │ x-a: caf\xe9\t\x80
//! ```

use http::{HeaderName, HeaderValue};
use proptest::{collection::vec, prelude::*, sample::select};

/// A header field.
pub type Field = (HeaderName, HeaderValue);

/// A field that any client may send.
pub fn header() -> impl Strategy<Value = Field> {
    let known = select(KNOWN.to_vec()).prop_map(of_static);
    prop_oneof![3 => known, 1 => (header_name(), header_value())]
}

/// A field that means something to a server, with a value that it does not expect; or any name with any bytes.
pub fn hostile_header() -> impl Strategy<Value = Field> {
    let known = select(HOSTILE.to_vec()).prop_map(of_static);
    let odd_value = select(KNOWN.to_vec()).prop_map(|(name, _)| HeaderName::from_static(name));
    prop_oneof![
        2 => known,
        2 => (odd_value, hostile_header_value()),
        1 => (hostile_name(), hostile_header_value()),
    ]
}

/// A name of the reader's own: `x-…`.
pub fn header_name() -> impl Strategy<Value = HeaderName> {
    "x-[a-z][a-z0-9-]{0,10}".prop_filter_map("a header name", |name| name.parse().ok())
}

/// Visible ASCII and inner blanks.
pub fn header_value() -> impl Strategy<Value = HeaderValue> {
    "([!-~]{1,10}( [!-~]{1,10}){0,3})?".prop_filter_map("a header value", |value| value.parse().ok())
}

/// Every byte that a value may hold (RFC 9110 §5.5): 0x80 to 0xff, tabs and blanks among them, at the ends too.
pub fn hostile_header_value() -> impl Strategy<Value = HeaderValue> {
    let byte = prop_oneof![
        4 => b'!'..=b'~',
        1 => Just(b' '),
        1 => Just(b'\t'),
        2 => 0x80..=0xff_u8,
        2 => select(b"\",;=\\%()<>@:/?".to_vec()),
    ];
    let long = (b'!'..=b'~', 100..5000_usize).prop_map(|(byte, length)| vec![byte; length]);
    prop_oneof![12 => vec(byte, 0..40), 1 => long]
        .prop_filter_map("a header value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn hostile_name() -> impl Strategy<Value = HeaderName> {
    // Names that differ from a trusted one by a sign that CGI and WSGI fold into `_`.
    let known =
        select(vec!["remote_user", "x_forwarded_for", "x-remote-user", "x-user", "x-original-url", "proxy"]);
    prop_oneof![known.prop_map(str::to_owned), "[!#$%&'*+.^_`|~0-9a-z-]{1,60}"]
        .prop_filter_map("a header name", |name| name.parse().ok())
}

fn of_static((name, value): (&'static str, &'static str)) -> Field {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

const KNOWN: [(&str, &str); 20] = [
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("accept", "application/json"),
    ("accept", "*/*"),
    ("accept-encoding", "gzip, br"),
    ("accept-language", "de-CH, en;q=0.5"),
    ("cache-control", "no-cache"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-type", "application/json"),
    ("content-type", "application/grpc"),
    ("if-none-match", "\"abc\""),
    ("if-modified-since", "Tue, 24 Nov 2026 08:00:00 GMT"),
    ("origin", "https://shop.example"),
    ("range", "bytes=0-99"),
    ("referer", "https://shop.example/"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-site", "same-origin"),
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("user-agent", "Mozilla/5.0"),
    ("x-request-id", "7"),
];

const HOSTILE: [(&str, &str); 30] = [
    ("transfer-encoding", "chunked"),
    ("transfer-encoding", "gzip, chunked"),
    ("transfer-encoding", "identity"),
    ("content-length", "0"),
    ("content-length", "18446744073709551616"),
    ("content-length", "-1"),
    ("content-length", "1, 2"),
    ("connection", "close, host, authorization"),
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("upgrade", "h2c"),
    ("te", "trailers, deflate"),
    ("trailer", "authorization"),
    ("expect", "100-continue"),
    ("expect", "the unexpected"),
    ("range", "bytes=0-,0-,0-,0-,0-"),
    ("if-none-match", "*"),
    ("if-modified-since", "yesterday"),
    ("accept", "text/html;q=2,,;,*/*;q=x"),
    ("accept", ""),
    ("content-type", "application/x-www-form-urlencoded;charset=utf-7"),
    ("content-type", "multipart/form-data"),
    ("origin", "null"),
    ("origin", "https://evil.example"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "websocket"),
    ("max-forwards", "0"),
    ("traceparent", "ff-0-0-0"),
    ("x-request-id", "a\tb\"c\\d<e>"),
    ("x-http-method-override", "DELETE"),
];
