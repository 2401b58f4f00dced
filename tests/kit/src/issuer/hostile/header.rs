//! The rest of the header: extensions that are not understood, types, names that are there twice, JSON that is none.
//!
//! ```text
//! crit/… b64/…   whoever does not understand it refuses it (RFC 7515 §4.1.11, RFC 7797)
//! typ/…          a token for another purpose (RFC 8725 §3.11)
//! header/…       a header that two parsers read differently, or one cannot read
//! ```

use super::{Forge, code};

const CRITICAL: &str = "an extension that is not understood refuses the token (RFC 7515 §4.1.11)";
const TYPE: &str = "a token for another purpose (RFC 8725 §3.11)";
const TYPE_IS_A_STRING: &str = "`typ` is a string (RFC 7515 §4.1.9)";
const TWICE: &str = "names are unique: parsers differ on which of two counts (RFC 7515 §4)";
const NO_JSON: &str = "the header is one JSON object in UTF-8, and nothing else (RFC 7515 §3)";

/// Values of `crit`.
const CRIT: &[(&str, &str)] = &[
    ("crit/unknown", r#"["urn:example:x"]"#),
    ("crit/exp", r#"["exp"]"#),
    ("crit/b64", r#"["b64"]"#),
    ("crit/registered-name", r#"["alg"]"#),
    ("crit/itself", r#"["crit"]"#),
    ("crit/empty", "[]"),
    ("crit/empty-name", r#"[""]"#),
    ("crit/same-twice", r#"["urn:x","urn:x"]"#),
    ("crit/null", "null"),
    ("crit/null-inside", "[null]"),
    ("crit/string", r#""exp""#),
    ("crit/object", r#"{"exp":true}"#),
    ("crit/number", "1"),
    ("crit/false", "false"),
];

/// Values of `typ`, besides those that depend on what is accepted.
const TYPES: &[(&str, &str, &str)] = &[
    ("typ/logout-token", r#""logout+jwt""#, code::TYPE),
    ("typ/security-event", r#""secevent+jwt""#, code::TYPE),
    ("typ/dpop-proof", r#""dpop+jwt""#, code::TYPE),
    ("typ/authorization-request", r#""oauth-authz-req+jwt""#, code::TYPE),
    ("typ/client-authentication", r#""client-authentication+jwt""#, code::TYPE),
    ("typ/introspection", r#""token-introspection+jwt""#, code::TYPE),
    ("typ/entity-statement", r#""entity-statement+jwt""#, code::TYPE),
    ("typ/key-binding", r#""kb+jwt""#, code::TYPE),
    ("typ/enfilade-session", r#""enfilade-session+jwt""#, code::TYPE),
    ("typ/jose-json", r#""JOSE+JSON""#, code::TYPE),
    ("typ/empty", r#""""#, code::TYPE),
    ("typ/with-blank", r#"" at+jwt""#, code::TYPE),
    ("typ/with-nul", "\"at+jwt\\u0000\"", code::TYPE),
    ("typ/with-parameter", r#""at+jwt; charset=utf-8""#, code::TYPE),
    ("typ/two-slashes", r#""application/x/at+jwt""#, code::TYPE),
    ("typ/another-tree", r#""text/at+jwt""#, code::TYPE),
    ("typ/null", "null", code::MALFORMED),
    ("typ/number", "1", code::MALFORMED),
    ("typ/array", r#"["at+jwt"]"#, code::MALFORMED),
];

pub(super) fn all(forge: &mut Forge<'_>) {
    critical(forge);
    types(forge);
    doubled(forge);
    no_json(forge);
}

fn critical(forge: &mut Forge<'_>) {
    for (name, json) in CRIT {
        let token = forge.good().header("exp", 1).raw_header("crit", json).sign();
        forge.refuse(code::CRITICAL, *name, CRITICAL, token);
    }
    let escaped = forge.good().raw_header("\\u0063rit", r#"["urn:x"]"#).sign();
    forge.refuse(code::CRITICAL, "crit/written-with-escapes", CRITICAL, escaped);
    let unencoded = "an unencoded payload is an extension (RFC 7797)";
    for (name, value, crit) in [
        ("b64/false-and-critical", "false", Some(r#"["b64"]"#)),
        ("b64/false-alone", "false", None),
        ("b64/true", "true", None),
        ("b64/null", "null", None),
    ] {
        let token = forge.good().raw_header("b64", value);
        let token = if let Some(crit) = crit { token.raw_header("crit", crit) } else { token };
        forge.refuse(code::CRITICAL, name, unencoded, token.sign());
    }
    let token = forge.good().raw_header("b64", "false").raw_header("crit", r#"["b64"]"#);
    let input = token.signing_input();
    let header = input.split('.').next().unwrap_or_default();
    let raw = format!("{header}.{}", token.claims_text());
    let signature = super::super::jws::base64url(&forge.issuer.key().sign(raw.as_bytes()));
    forge.refuse(code::MALFORMED, "b64/payload-in-plain-text", unencoded, format!("{raw}.{signature}"));
}

fn types(forge: &mut Forge<'_>) {
    for (name, json, code) in TYPES {
        let token = forge.good().without_header("typ").raw_header("typ", json).sign();
        let why = if *code == code::TYPE { TYPE } else { TYPE_IS_A_STRING };
        forge.refuse(code, *name, why, token);
    }
    if !forge.target.untyped {
        let token = forge.good().without_header("typ").sign();
        forge.refuse(code::TYPE, "typ/absent", TYPE, token);
    }
    if !forge.target.accepts_type("JWT") {
        let token = forge.good().typ("JWT").sign();
        forge.refuse(code::TYPE, "typ/any-jwt", TYPE, token);
        let token = forge.issuer.id_token(forge.issuer.audience(), "ada").sign();
        forge.refuse(code::TYPE, "typ/id-token-for-the-same-audience", TYPE, token);
    }
}

fn doubled(forge: &mut Forge<'_>) {
    let own = format!("\"{}\"", forge.issuer.key().alg());
    let good = || forge.good();
    let tokens = [
        ("header/alg-twice", good().raw_header("alg", &own)),
        ("header/alg-none-first", good().raw_header_first("alg", r#""none""#)),
        ("header/alg-none-last", good().raw_header("alg", r#""none""#)),
        ("header/alg-twice-with-escapes", good().raw_header("al\\u0067", r#""none""#)),
        ("header/kid-twice", good().raw_header("kid", r#""other""#)),
        ("header/kid-twice-the-other-first", good().raw_header_first("kid", r#""other""#)),
        ("header/typ-twice", good().raw_header("typ", r#""JWT""#)),
        ("header/unknown-name-twice", good().raw_header("x", "1").raw_header("x", "1")),
        ("header/empty-name-twice", good().raw_header("", "1").raw_header("", "1")),
    ];
    for (name, token) in tokens {
        forge.refuse(code::MALFORMED, name, TWICE, token.sign());
    }
}

fn no_json(forge: &mut Forge<'_>) {
    let text = forge.good().header_text();
    let open = &text[..text.len() - 1];
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let headers: Vec<(&str, Vec<u8>)> = vec![
        ("header/empty", Vec::new()),
        ("header/empty-object", b"{}".to_vec()),
        ("header/array", format!("[{text}]").into_bytes()),
        ("header/string", br#""ES256""#.to_vec()),
        ("header/null", b"null".to_vec()),
        ("header/not-closed", open.as_bytes().to_vec()),
        ("header/two-objects", format!("{text}{text}").into_bytes()),
        ("header/something-behind-it", format!("{text},").into_bytes()),
        ("header/nul-behind-it", format!("{text}\0").into_bytes()),
        ("header/comma-at-the-end", format!("{open},}}").into_bytes()),
        ("header/comment", format!("{open}/**/}}").into_bytes()),
        ("header/single-quotes", text.replace('"', "'").into_bytes()),
        ("header/names-without-quotes", text.replace("\"alg\"", "alg").into_bytes()),
        ("header/byte-order-mark", format!("\u{feff}{text}").into_bytes()),
        ("header/utf-16", utf16),
        ("header/not-utf-8", [open.as_bytes(), b",\"x\":\"\xff\"}"].concat()),
        ("header/overlong-utf-8", [open.as_bytes(), b",\"x\":\"\xc1\x81\"}"].concat()),
        ("header/half-a-surrogate", text.replace("\"kid\":\"", "\"kid\":\"\\ud800").into_bytes()),
        ("header/control-character", format!("{open},\"x\":\"\u{1}\"}}").into_bytes()),
        ("header/nan", format!("{open},\"x\":NaN}}").into_bytes()),
        ("header/base64-of-base64", super::super::jws::base64url(text.as_bytes()).into_bytes()),
    ];
    for (name, bytes) in headers {
        let token = forge.good().header_bytes(bytes).sign();
        forge.refuse(code::MALFORMED, name, NO_JSON, token);
    }
    // Not a fault by itself, so it is somebody else's: a parser that recurses dies before it sees that.
    let deep = format!("{open},\"x\":{}1{}}}", "[".repeat(2000), "]".repeat(2000));
    let token = forge.good().header_bytes(deep).forged_by(&forge.issuer.impostor().key()).sign();
    forge.refuse(
        code::SIGNATURE,
        "header/deep-nesting",
        "it must not overflow the stack before the signature is judged",
        token,
    );
}
