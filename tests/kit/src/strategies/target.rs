//! Methods and request targets, in all four forms of RFC 9112 §3.2.
//!
//! ```text
//! /a/b%20c?x=1  │  http://shop.example/a  │  shop.example:443  │  *        hostile: /..%2f%00//é;a\b?%zz
//! ```

use http::{Method, Uri};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// The methods of RFC 9110 and RFC 5789, but for CONNECT and TRACE.
pub fn method() -> impl Strategy<Value = Method> {
    use Method as M;
    select(vec![M::GET, M::HEAD, M::POST, M::PUT, M::PATCH, M::DELETE, M::OPTIONS])
}

/// CONNECT and TRACE, lower case, and whatever token one can make up.
pub fn hostile_method() -> impl Strategy<Value = Method> {
    let known = select(vec!["CONNECT", "TRACE", "get", "Get", "PRI", "QUERY", "M-SEARCH", "GET!"]);
    prop_oneof![known.prop_map(str::to_owned), "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}"]
        .prop_filter_map("a method", |name| name.parse().ok())
}

/// A path and query in origin form, percent-encoded where it has to be.
pub fn target() -> impl Strategy<Value = Uri> {
    let segment = vec(prop_oneof![6 => "[a-z0-9._~-]{1,6}".boxed(), 1 => escaped().boxed()], 0..3);
    let path = vec(segment.prop_map(|parts| parts.concat()), 0..4);
    let pair = ("[a-z]{1,4}", prop_oneof!["[a-z0-9+-]{0,6}".boxed(), escaped().boxed()]);
    let query = vec(pair.prop_map(|(name, value)| format!("{name}={value}")), 0..3);
    (path, option::of(query)).prop_filter_map("a target", |(path, query)| {
        let query = query.map_or(String::new(), |query| format!("?{}", query.join("&")));
        // Two slashes at the front are the good target's only trap: they read as an authority.
        let path = path.join("/");
        format!("/{}{query}", path.trim_start_matches('/')).parse().ok()
    })
}

/// A target of any form, made of what path checks, routers and decoders fall over.
pub fn hostile_target() -> impl Strategy<Value = Uri> {
    let piece = prop_oneof![
        2 => "[a-z0-9]{1,4}".prop_map(String::into_bytes),
        4 => select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| format!("%{byte:02X}").into_bytes()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
        1 => "\\PC{1,3}".prop_map(String::into_bytes),
    ];
    let rest = vec(piece, 0..10).prop_map(|pieces| pieces.concat());
    (select(FRONTS.to_vec()), rest).prop_map(|(front, rest)| {
        let whole = [front.as_bytes(), &rest].concat();
        // Some bytes can stand in no target: leaving them out loses less than drawing again.
        Uri::try_from(whole.as_slice()).unwrap_or_else(|_| only_possible(front, &rest))
    })
}

fn escaped() -> impl Strategy<Value = String> {
    any::<u8>().prop_map(|byte| format!("%{byte:02X}"))
}

const FRONTS: [&str; 12] = [
    "/",
    "/",
    "/",
    "//",
    "/../",
    "/admin/..;/",
    "http://shop.example/",
    "https://evil.example:99/",
    "HTTP://SHOP.EXAMPLE",
    "http://user:pw@shop.example/",
    "shop.example:443",
    "*",
];

const PIECES: [&str; 28] = [
    "/", "//", ".", "..", "/../", "/./", "%2e", "%2E%2e", "%2f", "%5c", "\\", "%00", "%0d%0a", "%", "%z",
    "%c0%af", "%ff", "%25", "%252e", ";", ";a=b", "?", "??", "&", "=", "+", "\"", "é",
];

fn only_possible(front: &str, rest: &[u8]) -> Uri {
    let possible =
        rest.iter().copied().filter(|byte| byte.is_ascii_alphanumeric() || b"/.%;?&=+".contains(byte));
    let whole: Vec<u8> = front.bytes().chain(possible).collect();
    Uri::try_from(whole.as_slice()).unwrap_or_default()
}
