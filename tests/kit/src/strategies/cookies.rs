//! `Cookie` fields, whole and in crumbs, and `Set-Cookie` lines.
//!
//! ```text
//! Cookie: a=1; b="two"        Cookie: a=1 ↵ Cookie: b=2  (HTTP/2)       hostile: a=1;;=x;b;a=2,c="\xff
//! Set-Cookie: a=1; Path=/; HttpOnly; SameSite=Lax                       hostile: a=1; path; max-age=-9e9; ;=
//! ```

use http::{HeaderValue, header as names};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{Field, hostile_header_value};

/// A name of a cookie: a token (RFC 6265 §4.1.1), prefixes among them.
pub fn cookie_name() -> impl Strategy<Value = String> {
    let known = select(vec!["sid", "__Host-sid", "__Secure-sid", "theme", "JSESSIONID"]);
    prop_oneof![known.prop_map(str::to_owned), "[A-Za-z0-9_-]{1,12}"]
}

/// A value of a cookie: what RFC 6265 §4.1.1 allows, plain or in quotes.
pub fn cookie_value() -> impl Strategy<Value = String> {
    prop_oneof!["[!#-+./0-9:<-@A-Z\\[\\]-~-]{0,20}", "\"[a-z0-9]{0,8}\""]
}

/// The `Cookie` fields of one request: one field, or a field for each cookie, as HTTP/2 clients may (RFC 9113 §8.2.3).
pub fn cookies() -> impl Strategy<Value = Vec<Field>> {
    let pair =
        (cookie_name(), cookie_value()).prop_map(|(name, value)| format!("{name}={value}").into_bytes());
    fields(vec(pair, 1..5), Just("; "))
}

/// `Cookie` fields of doubled names, empty names, missing signs, raw bytes, broken quotes, thousands of pairs.
pub fn hostile_cookies() -> impl Strategy<Value = Vec<Field>> {
    let pair = prop_oneof![
        2 => (cookie_name(), cookie_value()).prop_map(|(name, value)| format!("{name}={value}").into_bytes()),
        2 => select(ODD_PAIRS.to_vec()).prop_map(|pair| pair.as_bytes().to_vec()),
        1 => (cookie_name(), hostile_header_value())
            .prop_map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat()),
        1 => hostile_header_value().prop_map(|value| value.as_bytes().to_vec()),
    ];
    let some = fields(vec(pair, 0..8), select(vec!["; ", ";", ", ", " ;\t", ";;"]));
    let many = (1..2000_usize).prop_map(|count| vec![(names::COOKIE, value(&vec!["a=1"; count].join("; ")))]);
    prop_oneof![15 => some, 1 => many]
}

/// A `Set-Cookie` line as servers write it.
pub fn set_cookie() -> impl Strategy<Value = HeaderValue> {
    (cookie_name(), cookie_value(), vec(select(ATTRIBUTES.to_vec()), 0..5))
        .prop_map(|(name, of, attributes)| value(&line(&format!("{name}={of}"), &attributes)))
}

/// A `Set-Cookie` line that only a tolerant reader understands, or none.
pub fn hostile_set_cookie() -> impl Strategy<Value = HeaderValue> {
    let pair = prop_oneof![
        1 => (cookie_name(), cookie_value()).prop_map(|(name, value)| format!("{name}={value}")),
        1 => select(ODD_PAIRS.to_vec()).prop_map(str::to_owned),
    ];
    let attribute = prop_oneof![select(ATTRIBUTES.to_vec()), select(ODD_ATTRIBUTES.to_vec())];
    let lines = (pair, vec(attribute, 0..8)).prop_map(|(pair, attributes)| value(&line(&pair, &attributes)));
    prop_oneof![3 => lines, 1 => hostile_header_value()]
}

fn fields(
    pairs: impl Strategy<Value = Vec<Vec<u8>>>,
    divider: impl Strategy<Value = &'static str>,
) -> impl Strategy<Value = Vec<Field>> {
    (pairs, divider, any::<bool>()).prop_filter_map("a cookie field", |(pairs, divider, crumbs)| {
        let lines = if crumbs { pairs } else { vec![pairs.join(divider.as_bytes())] };
        let field = |line: Vec<u8>| Some((names::COOKIE, HeaderValue::from_bytes(&line).ok()?));
        lines.into_iter().map(field).collect()
    })
}

fn line(pair: &str, attributes: &[&str]) -> String {
    attributes.iter().fold(pair.to_owned(), |line, attribute| format!("{line}; {attribute}"))
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).expect("made of what a header value may hold")
}

const ODD_PAIRS: [&str; 14] = [
    "",
    "=",
    "a",
    "a=",
    "=a",
    "a==b",
    "a=1",
    "a=2",
    "a b=c",
    "a=\"",
    "a=\"b;c\"",
    "__host-sid=1",
    "sid=\u{e9}",
    "$Version=1",
];

const ATTRIBUTES: [&str; 12] = [
    "Path=/",
    "Path=/in",
    "Domain=shop.example",
    "Max-Age=3600",
    "Max-Age=0",
    "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "Expires=Tue, 24 Nov 2026 08:00:00 GMT",
    "HttpOnly",
    "Secure",
    "SameSite=Lax",
    "SameSite=None",
    "Partitioned",
];

const ODD_ATTRIBUTES: [&str; 14] = [
    "",
    "=",
    "path",
    "PATH=in",
    "domain=.com",
    "Domain=..",
    "max-age=-9999999999999999999",
    "Max-Age=1.5",
    "Expires=soon",
    "Expires=Thu, 99 Foo 9999999 99:99:99",
    "HTTPONLY=no",
    "samesite=whatever",
    "  Secure  ",
    "unknown=\"a",
];
