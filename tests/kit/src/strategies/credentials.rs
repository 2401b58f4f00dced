//! `Authorization` values: Basic, Bearer, and what only looks like one.
//!
//! ```text
//! Basic YWRhOnB3 │ Bearer eyJhbGciOi….….…          hostile: bearer  x │ Basic ==: │ Bearer a.b │ Digest … │ \xff
//! ```

use base64::{Engine as _, prelude::*};
use http::HeaderValue;
use proptest::{collection::vec, prelude::*, sample::select};

use super::hostile_header_value;

/// Well-formed credentials of people who do not exist: Basic (RFC 7617), or Bearer with a word or a JWT (RFC 6750).
pub fn authorization() -> impl Strategy<Value = HeaderValue> {
    let basic = ("[a-z]{1,8}", "\\PC{0,12}").prop_map(|(user, password)| {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
    });
    let opaque = "[A-Za-z0-9._~+/-]{1,40}={0,2}".prop_map(|token| format!("Bearer {token}"));
    let jwt = jwt(select(HEADERS[..3].to_vec()), select(CLAIMS[..2].to_vec()));
    prop_oneof![basic, opaque, jwt].prop_map(|text| value(text.as_bytes()))
}

/// Schemes in any case, missing or doubled blanks, base64 that is none, JWTs of every broken shape, raw bytes.
pub fn hostile_authorization() -> impl Strategy<Value = HeaderValue> {
    let scheme = select(SCHEMES.to_vec());
    let blanks = select(vec![" ", "", "  ", "\t", " , "]);
    let rest = prop_oneof![
        2 => vec(any::<u8>(), 0..30).prop_map(|bytes| BASE64_STANDARD.encode(bytes)),
        2 => jwt(select(HEADERS.to_vec()), select(CLAIMS.to_vec())).prop_map(|jwt| jwt["Bearer ".len()..].to_owned()),
        2 => "[A-Za-z0-9_-]{0,10}(\\.[A-Za-z0-9_-]{0,10}){0,5}",
        1 => select(vec!["", "=", "====", ":", "Og==", "Og", "YTpi Yzpk", "realm=\"x\"", "null", "undefined"])
            .prop_map(str::to_owned),
    ];
    let shaped = (scheme, blanks, rest)
        .prop_map(|(scheme, blanks, rest)| value(format!("{scheme}{blanks}{rest}").as_bytes()));
    prop_oneof![5 => shaped, 1 => hostile_header_value()]
}

/// A token of three parts whose signature nobody made.
fn jwt(
    header: impl Strategy<Value = &'static str>,
    claims: impl Strategy<Value = &'static str>,
) -> impl Strategy<Value = String> {
    (header, claims, vec(any::<u8>(), 0..70)).prop_map(|(header, claims, signature)| {
        let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        format!("Bearer {header}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    })
}

fn value(bytes: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(bytes).expect("made of what a header value may hold")
}

const SCHEMES: [&str; 10] =
    ["Basic", "Bearer", "basic", "BEARER", "Digest", "Negotiate", "DPoP", "Token", "", "Basic Bearer"];

const HEADERS: [&str; 11] = [
    r#"{"alg":"RS256","typ":"JWT","kid":"1"}"#,
    r#"{"alg":"ES256"}"#,
    r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
    r#"{"alg":"none"}"#,
    r#"{"alg":"HS256","kid":"../../dev/null"}"#,
    r#"{"alg":"RS256","crit":["exp"],"exp":1}"#,
    r#"{"alg":"RS256","jku":"https://evil.example/keys"}"#,
    r#"{"alg":["RS256"]}"#,
    r#"{"alg":"RS256","alg":"none"}"#,
    "{}",
    "[[[[[[[[",
];

const CLAIMS: [&str; 9] = [
    r#"{"sub":"ada","iss":"https://issuer.example","aud":"shop","exp":4102444800}"#,
    r#"{"sub":"ada","exp":4102444800,"scope":"read write"}"#,
    r#"{"sub":7,"exp":"soon"}"#,
    r#"{"exp":1e400}"#,
    r#"{"exp":-1,"nbf":99999999999999999999}"#,
    r#"{"sub":null,"aud":[],"iss":{}}"#,
    r#"{"sub":"a","sub":"b"}"#,
    "null",
    "\u{0}",
];
