//! Claims: of the wrong type, missing, there twice, for others, from others, bound to a sender; payloads that are none.
//!
//! ```text
//! every registered claim is absent or valid, and what is neither refuses the token, wanted or not (CVE-2026-25537)
//! ```

use serde_json::json;

use super::{Forge, code};
use crate::issuer::Issuer;

const WRONG: &str = "a claim of the wrong type is not an absent claim (RFC 7519 §4.1, CVE-2026-25537)";
const MISSING: &str = "what is expected must be there (RFC 9068 §4)";
const TWICE: &str = "names are unique: parsers differ on which of two counts (RFC 7519 §4)";
const ISSUER: &str = "issuers are compared whole and by bytes (RFC 8725 §3.8)";
const AUDIENCE: &str = "it is for somebody else (RFC 8725 §3.9)";
const BOUND: &str = "it is bound to its sender, and nobody checks the sender (RFC 7800, RFC 9449 §7.2)";
const NO_CLAIMS: &str = "the payload is one JSON object in UTF-8, and nothing else (RFC 7519 §7.2)";
const NO_SCOPE: &str =
    "words between blanks, or one word each, of the characters of a scope token (RFC 6749 §3.3)";

/// What no name is: for `iss`, `sub`, `jti` and `acr`.
const NO_NAMES: &[(&str, &str)] = &[
    ("null", "null"),
    ("number", "1"),
    ("boolean", "true"),
    ("empty-array", "[]"),
    ("array", r#"["ada"]"#),
    ("object", r#"{"$ne":null}"#),
    ("empty", r#""""#),
    ("with-nul", r#""ada\u0000""#),
    ("with-line-break", r#""ada\r\nx-role: admin""#),
    ("half-a-surrogate", r#""\ud800""#),
];

/// Claim, what it is instead, its JSON.
const WRONG_TYPES: &[(&str, &str, &str)] = &[
    ("aud", "null", "null"),
    ("aud", "number", "1"),
    ("aud", "boolean", "true"),
    ("aud", "object", r#"{"shop":true}"#),
    ("aud", "nested-array", r#"[["shop"]]"#),
    ("aud", "array-with-number", r#"["shop",1]"#),
    ("aud", "array-with-null", r#"["shop",null]"#),
    ("roles", "null", "null"),
    ("roles", "number", "1"),
    ("roles", "object", r#"{"admin":true}"#),
    ("roles", "array-with-number", r#"["clerk",1]"#),
    ("amr", "null", "null"),
    ("amr", "string", r#""pwd""#),
    ("amr", "object", "{}"),
    ("amr", "array-with-number", "[1]"),
];

/// What no scopes are: for `scope` and for `scp`, which some issuers write instead.
const NO_SCOPES: &[(&str, &str)] = &[
    ("null", "null"),
    ("number", "1"),
    ("object", r#"{"read":true}"#),
    ("array-with-number", r#"["read",1]"#),
    ("tab", r#""read\twrite""#),
    ("line-break", r#""read\nwrite""#),
    ("quote", r#""read\"""#),
    ("not-ascii", r#""léger""#),
    ("blank-inside-one-word", r#"["read write"]"#),
    ("empty-word", r#"[""]"#),
];

pub(super) fn all(forge: &mut Forge<'_>) {
    for claim in ["iss", "sub", "jti", "acr"] {
        wrong(forge, claim, NO_NAMES, WRONG);
    }
    for claim in ["scope", "scp"] {
        wrong(forge, claim, NO_SCOPES, NO_SCOPE);
    }
    for (claim, what, json) in WRONG_TYPES {
        wrong(forge, claim, &[(*what, *json)], WRONG);
    }
    for claim in ["iss", "sub", "aud", "exp"] {
        let token = forge.good().without(claim).sign();
        forge.refuse(code::CLAIMS, format!("{claim}/absent"), MISSING, token);
    }
    let upper = forge.good().without("sub").raw_claim("Sub", r#""ada""#).sign();
    forge.refuse(code::CLAIMS, "sub/name-in-upper-case", "names of members are compared by bytes", upper);
    from_others(forge);
    for_others(forge);
    doubled(forge);
    bound(forge);
    no_claims(forge);
}

fn wrong(forge: &mut Forge<'_>, claim: &str, values: &[(&str, &str)], why: &'static str) {
    for (what, json) in values {
        let token = forge.good().without(claim).raw_claim(claim, json).sign();
        forge.refuse(code::CLAIMS, format!("{claim}/{what}"), why, token);
    }
}

fn from_others(forge: &mut Forge<'_>) {
    let name = forge.issuer.name().to_owned();
    for (what, other) in [
        ("another", "https://other.example".to_owned()),
        ("with-slash", format!("{name}/")),
        ("with-path", format!("{name}/tenant")),
        ("with-suffix", format!("{name}.evil.example")),
        ("as-userinfo", format!("{name}@evil.example")),
        ("in-upper-case", name.to_uppercase()),
        ("with-blank", format!(" {name}")),
        ("without-scheme", name.split("://").last().unwrap_or_default().to_owned()),
        ("self-issued", "https://self-issued.me".to_owned()),
    ] {
        // A name without a scheme may be the whole name already.
        if other != name {
            let token = forge.good().claim("iss", other).sign();
            forge.refuse(code::ISSUER, format!("iss/{what}"), ISSUER, token);
        }
    }
}

fn for_others(forge: &mut Forge<'_>) {
    let audience = forge.issuer.audience().to_owned();
    for (what, other) in [
        ("another", json!("bank")),
        ("others-only", json!(["bank", "mail"])),
        ("empty", json!("")),
        ("empty-array", json!([])),
        ("two-words-in-one", json!(format!("{audience} bank"))),
        ("with-comma", json!(format!("{audience},bank"))),
        ("with-suffix", json!(format!("{audience}.evil.example"))),
        ("with-prefix", json!(format!("evil-{audience}"))),
        ("cut", json!(audience[..audience.len() - 1])),
        ("wildcard", json!("*")),
        ("the-issuer-itself", json!(forge.issuer.name())),
    ] {
        let token = forge.good().claim("aud", other).sign();
        forge.refuse(code::AUDIENCE, format!("aud/{what}"), AUDIENCE, token);
    }
    let id_token = forge.issuer.id_token("client-4711", "ada");
    // Where no `JWT` is accepted, the type is what is looked at first.
    let code = if forge.target.accepts_type("JWT") { code::AUDIENCE } else { code::TYPE };
    let why = "an ID token is for the client that asked for it (OpenID Connect Core §2, RFC 8725 §2.8)";
    forge.refuse(code, "aud/id-token-as-access-token", why, id_token.sign());
}

fn doubled(forge: &mut Forge<'_>) {
    let far = forge.issuer.now() + 500_000;
    for (claim, json) in [
        ("iss", r#""https://other.example""#),
        ("sub", r#""eve""#),
        ("aud", r#""bank""#),
        ("exp", &*far.to_string()),
        ("iat", "1"),
        ("jti", r#""another""#),
        ("x", "1"),
    ] {
        let (first, last) =
            (forge.good().claim("x", 0).raw_claim_first(claim, json), forge.good().claim("x", 0));
        forge.refuse(code::MALFORMED, format!("duplicate/{claim}-first"), TWICE, first.sign());
        forge.refuse(
            code::MALFORMED,
            format!("duplicate/{claim}-last"),
            TWICE,
            last.raw_claim(claim, json).sign(),
        );
    }
    for (name, token) in [
        ("duplicate/exp-with-escapes", forge.good().raw_claim("\\u0065xp", &far.to_string())),
        ("duplicate/sub-with-escapes", forge.good().raw_claim_first("s\\u0075b", r#""eve""#)),
        ("duplicate/nbf", forge.good().raw_claim("nbf", "1").raw_claim("nbf", "1")),
        ("duplicate/scope", forge.good().scope("read").raw_claim("scope", r#""admin""#)),
        ("duplicate/empty-name", forge.good().raw_claim("", "1").raw_claim("", "1")),
    ] {
        forge.refuse(code::MALFORMED, name, TWICE, token.sign());
    }
}

fn bound(forge: &mut Forge<'_>) {
    let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    for (name, cnf) in [
        ("bound/dpop", json!({"jkt": thumbprint})),
        ("bound/certificate", json!({"x5t#S256": thumbprint})),
        ("bound/key", json!({"jwk": Issuer::named("https://client.example").key().jwk()})),
        ("bound/key-id", json!({"kid": "device-1"})),
        ("bound/empty", json!({})),
        ("bound/null", json!(null)),
        ("bound/string", json!(thumbprint)),
    ] {
        let token = forge.good().claim("cnf", cnf).sign();
        forge.refuse(code::BOUND, name, BOUND, token);
    }
}

fn no_claims(forge: &mut Forge<'_>) {
    let text = forge.good().claims_text();
    let open = &text[..text.len() - 1];
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let payloads: Vec<(&str, Vec<u8>)> = vec![
        ("payload/empty", Vec::new()),
        ("payload/array", format!("[{text}]").into_bytes()),
        ("payload/string", br#""ada""#.to_vec()),
        ("payload/null", b"null".to_vec()),
        ("payload/number", b"1".to_vec()),
        ("payload/not-closed", open.as_bytes().to_vec()),
        ("payload/two-objects", format!("{text}{text}").into_bytes()),
        ("payload/something-behind-it", format!("{text}x").into_bytes()),
        ("payload/nul-behind-it", format!("{text}\0").into_bytes()),
        ("payload/comma-at-the-end", format!("{open},}}").into_bytes()),
        ("payload/comment", format!("{open}/**/}}").into_bytes()),
        ("payload/byte-order-mark", format!("\u{feff}{text}").into_bytes()),
        ("payload/utf-16", utf16),
        ("payload/not-utf-8", [open.as_bytes(), b",\"x\":\"\xff\"}"].concat()),
        ("payload/overlong-utf-8", [open.as_bytes(), b",\"x\":\"\xc0\x80\"}"].concat()),
        ("payload/control-character", format!("{open},\"x\":\"\u{1}\"}}").into_bytes()),
        ("payload/nan", format!("{open},\"x\":NaN}}").into_bytes()),
        ("payload/leading-zero", format!("{open},\"x\":01}}").into_bytes()),
        ("payload/form", b"iss=https://id.example&sub=ada".to_vec()),
    ];
    for (name, bytes) in payloads {
        let token = forge.good().payload_bytes(bytes).sign();
        forge.refuse(code::MALFORMED, name, NO_CLAIMS, token);
    }
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for claim in ["aud", "scope", "exp"] {
        let token = forge.good().without(claim).raw_claim(claim, &deep(2000)).sign();
        forge.refuse(code::CLAIMS, format!("payload/deep-nesting-in-{claim}"), WRONG, token);
    }
    let nested = forge.good().header("cty", "JWT").payload_bytes(forge.good().sign()).sign();
    forge.refuse(
        code::MALFORMED,
        "payload/nested-token",
        "a token in a token is not unwrapped (RFC 7519 §5.2)",
        nested,
    );
    let inner = forge.issuer.impostor().token("ada").sign();
    let nested = forge.good().header("cty", "JWT").payload_bytes(inner).sign();
    forge.refuse(
        code::MALFORMED,
        "payload/nested-token-of-a-stranger",
        "a token in a token is not unwrapped (RFC 7519 §5.2)",
        nested,
    );
}
