//! What proxies tell about the way so far, and what a client writes to look like one.
//!
//! ```text
//! Forwarded: for=192.0.2.7;proto=https │ X-Forwarded-For: 192.0.2.7, 10.0.0.1     hostile: for="[::1", X-Real-Ip: é
//! ```

use http::{HeaderName, HeaderValue};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{Field, hostile_header_value};

/// The fields of one honest proxy: `Forwarded` (RFC 7239), or the three of `X-Forwarded-*`.
pub fn forwarding() -> impl Strategy<Value = Vec<Field>> {
    (any::<[u8; 4]>(), select(vec!["http", "https"]), any::<bool>()).prop_map(
        |([a, b, c, d], scheme, standard)| {
            if standard {
                return vec![field(
                    "forwarded",
                    &format!("for={a}.{b}.{c}.{d};proto={scheme};host=shop.example"),
                )];
            }
            vec![
                field("x-forwarded-for", &format!("{a}.{b}.{c}.{d}, 10.0.0.1")),
                field("x-forwarded-proto", scheme),
                field("x-forwarded-host", "shop.example"),
            ]
        },
    )
}

/// Fields of both families at once, doubled, malformed, with addresses that are none, in every spelling.
pub fn hostile_forwarding() -> impl Strategy<Value = Vec<Field>> {
    let value = prop_oneof![
        3 => select(VALUES.to_vec()).prop_map(HeaderValue::from_static),
        1 => hostile_header_value(),
    ];
    let field = (select(NAMES.to_vec()).prop_map(HeaderName::from_static), value);
    vec(field, 1..5)
}

fn field(name: &'static str, value: &str) -> Field {
    (HeaderName::from_static(name), value.parse().expect("visible ASCII"))
}

const NAMES: [&str; 14] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x_forwarded_for",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "via",
    "x-forwarded",
    "x-original-host",
];

const VALUES: [&str; 20] = [
    "127.0.0.1",
    "127.0.0.1, 127.0.0.1, 127.0.0.1, 127.0.0.1, 127.0.0.1, 127.0.0.1, 127.0.0.1",
    "::1",
    "[::1]:80",
    "\"[::1",
    "0x7f.1",
    "017700000001",
    "999.1.1.1",
    "::ffff:127.0.0.1",
    "unknown",
    "_hidden",
    ",,,",
    "",
    "for=127.0.0.1",
    "for=127.0.0.1;for=127.0.0.2",
    "for=\"_gazonk\";proto=gopher",
    "for=\"unclosed",
    "proto=https;host=evil.example;by=;",
    "javascript",
    "65536",
];
