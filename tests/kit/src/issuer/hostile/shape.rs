//! The outer shape: parts that are missing or too many, cut at every part, JWE, JSON serialization, too long.
//!
//! ```text
//! header . payload . signature      exactly this (RFC 7515 §7.1), and no longer than the limit
//! ```

use super::{Forge, code};
use crate::issuer::jws::base64url;

const PARTS: &str = "a token has three parts (RFC 7515 §7.1)";
const CUT: &str = "a token that was cut is another token";
const JWE: &str = "an encrypted token has five parts, and is none that was signed (RFC 7516 §3)";
const JSON: &str = "the JSON serialization is not for tokens (RFC 7519 §1, CVE-2022-39227)";
const LONG: &str = "it is longer than what is read";

pub(super) fn all(forge: &mut Forge<'_>) {
    parts(forge);
    cut(forge);
    other_serializations(forge);
    too_long(forge);
}

fn parts(forge: &mut Forge<'_>) {
    let token = forge.good().sign();
    let [header, payload, signature] = split(&token);
    for (name, broken) in [
        ("parts/none", String::new()),
        ("parts/one-dot", ".".to_owned()),
        ("parts/two-dots", "..".to_owned()),
        ("parts/three-dots", "...".to_owned()),
        ("parts/many-dots", ".".repeat(1000)),
        ("parts/a-word", "token".to_owned()),
        ("parts/header-only", header.to_owned()),
        ("parts/header-and-dot", format!("{header}.")),
        ("parts/header-and-payload", format!("{header}.{payload}")),
        ("parts/without-header", format!(".{payload}.{signature}")),
        ("parts/dot-in-front", format!(".{token}")),
        ("parts/dot-behind", format!("{token}.")),
        ("parts/signature-twice", format!("{token}.{signature}")),
        ("parts/four-with-an-empty-one", format!("{header}..{payload}.{signature}")),
        ("parts/commas", token.replace('.', ",")),
        ("parts/two-tokens", format!("{token}.{token}")),
        ("parts/two-tokens-with-comma", format!("{token},{token}")),
    ] {
        forge.refuse(code::MALFORMED, name, PARTS, broken);
    }
    forge.refuse(code::SIGNATURE, "parts/empty-payload", PARTS, format!("{header}..{signature}"));
    forge.refuse(code::SIGNATURE, "parts/empty-signature", PARTS, format!("{header}.{payload}."));
    let swapped = format!("{payload}.{header}.{signature}");
    forge.refuse(code::MALFORMED, "parts/swapped", PARTS, swapped);
}

/// Cut where the base64url is still right, so the part itself is what is wrong.
fn cut(forge: &mut Forge<'_>) {
    let token = forge.good().sign();
    let [header, payload, signature] = split(&token);
    let half = |part: &str| part[..part.len() / 8 * 4].to_owned();
    let (h, p, s) = (half(header), half(payload), half(signature));
    for (expected, name, broken) in [
        (code::MALFORMED, "cut/header", format!("{h}.{payload}.{signature}")),
        (code::SIGNATURE, "cut/payload", format!("{header}.{p}.{signature}")),
        (code::SIGNATURE, "cut/signature", format!("{header}.{payload}.{s}")),
        (code::MALFORMED, "cut/within-the-header", h.clone()),
        (code::MALFORMED, "cut/within-the-payload", format!("{header}.{p}")),
    ] {
        forge.refuse(expected, name, CUT, broken);
    }
}

fn other_serializations(forge: &mut Forge<'_>) {
    let token = forge.good();
    let signed = token.sign();
    let [header, payload, signature] = split(&signed);
    let part = |bytes: &[u8]| base64url(bytes);
    let id = forge.issuer.key().id().to_owned();
    for (name, header) in [
        ("jwe/rsa-oaep", format!(r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{id}"}}"#)),
        ("jwe/direct", r#"{"alg":"dir","enc":"A128CBC-HS256"}"#.to_owned()),
        ("jwe/compressed", r#"{"alg":"dir","enc":"A256GCM","zip":"DEF"}"#.to_owned()),
        (
            "jwe/password-with-endless-rounds",
            r#"{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2s":"AAAA","p2c":2147483647}"#.to_owned(),
        ),
        (
            "jwe/invalid-curve",
            r#"{"alg":"ECDH-ES","enc":"A128GCM","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}"#
                .to_owned(),
        ),
        ("jwe/none", r#"{"alg":"none","enc":"none"}"#.to_owned()),
    ] {
        let five = [
            part(header.as_bytes()),
            part(&[1; 32]),
            part(&[2; 12]),
            part(signed.as_bytes()),
            part(&[3; 16]),
        ];
        forge.refuse(code::MALFORMED, name, JWE, five.join("."));
    }
    let five = format!("{signed}.{}.{}", part(&[1; 12]), part(&[2; 16]));
    forge.refuse(code::MALFORMED, "jwe/with-the-header-of-a-jws", JWE, five);
    let flat = format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#);
    forge.refuse(code::MALFORMED, "json/flattened", JSON, flat);
    let general = format!(
        r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
    );
    forge.refuse(code::MALFORMED, "json/general", JSON, general);
    // CVE-2022-39227: one library checks the compact token, another reads the JSON around it.
    let both = format!(
        r#"{{"  {header}.":"","protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#
    );
    forge.refuse(code::MALFORMED, "json/polyglot", JSON, both);
}

fn too_long(forge: &mut Forge<'_>) {
    let max = forge.target.max_bytes;
    let [_, longer] = forge.around(max);
    forge.refuse(code::MALFORMED, "huge/just-too-long", LONG, longer.sign());
    let token = forge.good().claim("x", "x".repeat(4 * max)).sign();
    forge.refuse(code::MALFORMED, "huge/claim", LONG, token);
    let token = forge.good().header("kid", "k".repeat(4 * max)).sign();
    forge.refuse(code::MALFORMED, "huge/kid", LONG, token);
    forge.refuse(code::MALFORMED, "huge/one-part", LONG, "A".repeat(4 * max));
    let token = forge.good().sign();
    let [header, payload, _] = split(&token);
    let long = format!("{header}.{payload}.{}", "A".repeat(4 * max));
    forge.refuse(code::MALFORMED, "huge/signature", LONG, long);
}

pub(super) fn split(token: &str) -> [&str; 3] {
    let mut parts = token.splitn(3, '.');
    [(); 3].map(|()| parts.next().expect("a signed token has three parts"))
}
