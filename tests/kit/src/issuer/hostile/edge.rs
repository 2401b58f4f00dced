//! What looks strange and is right. A verifier that refuses one of these is too strict for real issuers.
//!
//! ```text
//! times just inside the leeway · claims that may be absent, or written otherwise · members that nobody knows
//! ```

use serde_json::{Value, json};

use super::{EdgeCase, Forge, Target, shape::split};
use crate::issuer::{Alg, Issuer, Token};

const LEEWAY: &str = "clocks differ (RFC 7519 §4.1.4)";
const FRACTION: &str = "a time may have a fraction (RFC 7519 §2)";
const UNKNOWN: &str = "what is not understood is ignored (RFC 7519 §4, RFC 7515 §4)";
const JSON: &str = "JSON has many ways to write the same";
const OPTIONAL: &str = "this is optional (RFC 7519 §4.1)";
const ARRAY: &str = "`aud` is a string or an array of strings (RFC 7519 §4.1.3)";

pub(super) fn all(issuer: &Issuer, target: &Target) -> Vec<EdgeCase> {
    let forge = Forge { issuer, target, list: Vec::new() };
    let mut tokens = times(&forge);
    tokens.extend(claims(&forge));
    tokens.extend(headers(&forge));
    let mut list: Vec<_> =
        tokens.into_iter().map(|(name, why, token)| EdgeCase { name, why, token: token.sign() }).collect();
    let twice = forge.good();
    let (one, two) = (twice.sign(), twice.sign());
    if split(&one) != split(&two) {
        let why = "a signature with a random number is another one each time, and as good";
        list.push(EdgeCase { name: "signature/another-of-the-same", why, token: two });
    }
    list
}

type Case = (&'static str, &'static str, Token);

fn times(forge: &Forge<'_>) -> Vec<Case> {
    let good = || forge.good();
    let (now, leeway, margin) = (forge.issuer.now(), forge.target.leeway.as_secs(), forge.issuer.margin);
    let last = now.saturating_sub(leeway) + margin;
    let first = (now + leeway).saturating_sub(margin - 1);
    vec![
        ("exp/just-inside-the-leeway", LEEWAY, good().expires_at(last)),
        ("exp/with-fraction", FRACTION, good().without("exp").raw_claim("exp", &format!("{last}.5"))),
        ("exp/with-exponent", FRACTION, good().without("exp").raw_claim("exp", "2.5e11")),
        ("exp/year-9999", "a long life is the issuer's to choose", good().expires_at(253_402_300_799)),
        ("nbf/just-inside-the-leeway", LEEWAY, good().claim("nbf", first)),
        ("nbf/with-fraction", FRACTION, good().without("nbf").raw_claim("nbf", "0.5")),
        ("nbf/1970", OPTIONAL, good().claim("nbf", 0)),
        ("iat/just-inside-the-leeway", LEEWAY, good().claim("iat", first)),
        ("iat/1970", "how old a token may be is what `exp` says", good().claim("iat", 0)),
        ("iat/absent", OPTIONAL, good().without("iat")),
        ("auth_time/with-fraction", FRACTION, good().without("auth_time").raw_claim("auth_time", "1.5")),
    ]
}

fn claims(forge: &Forge<'_>) -> Vec<Case> {
    let good = || forge.good();
    let audience = forge.issuer.audience();
    let nested = json!({"a": [{"b": null}, 1.5, "\u{1f511}"], "c": {}});
    let pretty = good().claims_text().replace(",\"", " ,\r\n\t\"").replace("\":", "\" : ");
    let backwards = reversed(&good());
    let [longest, _] = forge.around(forge.target.max_bytes);
    vec![
        ("aud/one-in-an-array", ARRAY, good().claim("aud", json!([audience]))),
        ("aud/among-others", ARRAY, good().claim("aud", json!(["bank", audience, "mail"]))),
        ("jti/absent", OPTIONAL, good().without("jti")),
        ("jti/long", OPTIONAL, good().claim("jti", "x".repeat(300))),
        ("sub/not-ascii", JSON, good().claim("sub", "Ada Łovelace \u{1f511}")),
        ("sub/written-with-escapes", JSON, good().without("sub").raw_claim("s\\u0075b", r#""\u0061da""#)),
        (
            "sub/long",
            "an opaque string of any length (RFC 7519 §4.1.2)",
            good().claim("sub", "x".repeat(500)),
        ),
        ("scope/empty", "no scope is no fault", good().scope("")),
        ("scope/many-blanks", "words between blanks", good().scope(" read  write ")),
        ("scope/array", "some issuers write an array", good().claim("scope", json!(["read", "write"]))),
        ("roles/one-word", "some issuers write a single word", good().claim("roles", "clerk")),
        (
            "payload/unknown-claims",
            UNKNOWN,
            good().claim("x", nested).claim("https://example/y", Value::Null),
        ),
        ("payload/claims-of-another-case", UNKNOWN, good().claim("EXP", 1).claim("Sub", "eve")),
        ("payload/blanks-and-line-breaks", JSON, good().payload_bytes(pretty)),
        ("payload/another-order", JSON, good().payload_bytes(backwards)),
        ("huge/as-long-as-may-be", "the limit itself is allowed", longest),
    ]
}

fn headers(forge: &Forge<'_>) -> Vec<Case> {
    let good = || forge.good();
    let address = "https://evil.example/";
    let theirs = forge.issuer.impostor().key().jwk();
    let media = format!("application/{}", forge.issuer_type());
    let ignored = "what the token says of keys is not read, right or wrong: the issuer's own key signed it";
    let mut cases = vec![
        ("header/unknown-members", UNKNOWN, good().header("x", json!([1])).header("y", Value::Null)),
        ("header/another-order", JSON, good().header_bytes(reversed_header(&good()))),
        ("header/blanks", JSON, good().header_bytes(good().header_text().replace(',', " ,\n "))),
        ("embedded/jwk-of-a-stranger", ignored, good().header("jwk", theirs)),
        ("embedded/addresses-of-a-stranger", ignored, good().header("jku", address).header("x5u", address)),
        ("typ/as-media-type", "`application/` may be left out (RFC 7515 §4.1.9)", good().typ(&media)),
        (
            "typ/in-upper-case",
            "types do not differ by case (RFC 2045 §5.1)",
            good().typ(&media.to_uppercase()),
        ),
        ("alg/written-with-escapes", JSON, escaped_alg(&good(), forge.issuer.key().alg())),
    ];
    if forge.target.untyped {
        cases.push(("typ/absent", "`typ` is optional (RFC 7519 §5.1)", good().without_header("typ")));
    }
    if forge.target.accepts_type("JWT") {
        cases.push(("typ/jwt", "the usual type (RFC 7519 §5.1)", good().typ("JWT")));
    }
    let alg = forge.issuer.key().alg();
    if forge.has_one_key() {
        let only = "`kid` is optional, and there is one key for this algorithm (RFC 7515 §4.1.4)";
        cases.push(("kid/absent", only, good().without_header("kid")));
    }
    if alg == Alg::EdDsa {
        cases.push(("alg/ed25519", "the newer name (RFC 9864)", good().header("alg", "Ed25519")));
    }
    for key in forge.issuer.keys().into_iter().filter(|key| key.id() != forge.issuer.key().id()) {
        cases.push(("kid/another-published-key", "whatever is published signs", good().key(&key)));
    }
    cases
}

fn escaped_alg(token: &Token, alg: Alg) -> Token {
    token.clone().without_header("alg").raw_header("al\\u0067", &format!("\"{alg}\""))
}

fn reversed(token: &Token) -> String {
    turned(&token.claims_text())
}

fn reversed_header(token: &Token) -> String {
    turned(&token.header_text())
}

/// The members in the opposite order. Good tokens of ours have no comma inside a value.
fn turned(object: &str) -> String {
    let members: Vec<_> = object[1..object.len() - 1].split(',').rev().collect();
    format!("{{{}}}", members.join(","))
}
