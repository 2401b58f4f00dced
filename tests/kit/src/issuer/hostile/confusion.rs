//! Algorithms: the public key as a secret, the key under another algorithm's name, `none`, and names that are none.
//!
//! ```text
//! confusion/…   a signature that is right by an algorithm which the key is not for
//! none/…        no signature at all, in every spelling
//! alg/…         names that are not registered, or not for signatures; values that are no names
//! ```

use super::{Forge, code};
use crate::issuer::{Alg, Key};

const BOUND: &str = "a key is for one algorithm, and the header does not choose it (RFC 8725 §3.1)";
const PUBLIC_AS_SECRET: &str =
    "everybody knows the public key: it is no secret (RFC 8725 §2.1, CVE-2015-9235)";
const NONE: &str = "`none` proves nothing (RFC 8725 §3.2, CVE-2022-23540)";
const NO_NAME: &str =
    "this is the name of no signature algorithm; names are compared by bytes (RFC 7515 §4.1.1)";
const NO_STRING: &str = "`alg` is a string, and there once (RFC 7515 §4.1.1)";

pub(super) fn all(forge: &mut Forge<'_>) {
    let key = forge.issuer.key();
    if key.alg().is_shared_secret() {
        weak_secrets(forge, &key);
    } else {
        public_key_as_secret(forge, &key);
    }
    siblings(forge, &key);
    other_names(forge, &key);
    none(forge);
    no_names(forge, &key);
}

fn public_key_as_secret(forge: &mut Forge<'_>, key: &Key) {
    let pem = key.public_pem().expect("not a shared secret");
    let jwk = key.jwk();
    let number = jwk["n"].as_str().or(jwk["x"].as_str()).unwrap_or_default().to_owned();
    let secrets = [
        ("pem", pem.clone().into_bytes()),
        ("pem-without-its-last-line-break", pem.trim_end().as_bytes().to_vec()),
        ("pem-with-crlf", pem.replace('\n', "\r\n").into_bytes()),
        ("der", key.public_der().expect("not a shared secret")),
        ("bare-key", key.public_bytes().expect("not a shared secret")),
        ("jwk", jwk.to_string().into_bytes()),
        ("jwk-number", number.into_bytes()),
        ("jwk-set", forge.issuer.jwks().to_string().into_bytes()),
        ("nothing", Vec::new()),
    ];
    for (what, secret) in &secrets {
        let forged = Key::from_secret(Alg::Hs256, secret.as_slice()).with_id(key.id());
        let token = forge.good().key(&forged).sign();
        forge.refuse(code::ALGORITHM, format!("confusion/hs256-by-{what}"), PUBLIC_AS_SECRET, token);
    }
    let forged = Key::from_secret(Alg::Hs256, pem.clone());
    let token = forge.good().key(&forged).without_header("kid").sign();
    forge.refuse(code::ALGORITHM, "confusion/hs256-by-pem-without-kid", PUBLIC_AS_SECRET, token);
    for (alg, name) in [(Alg::Hs384, "confusion/hs384-by-pem"), (Alg::Hs512, "confusion/hs512-by-pem")] {
        let forged = Key::from_secret(alg, pem.clone()).with_id(key.id());
        let token = forge.good().key(&forged).sign();
        forge.refuse(code::ALGORITHM, name, PUBLIC_AS_SECRET, token);
    }
}

fn weak_secrets(forge: &mut Forge<'_>, key: &Key) {
    for (name, secret) in [
        ("confusion/no-secret", ""),
        ("confusion/the-word-secret", "secret"),
        ("confusion/your-256-bit-secret", "your-256-bit-secret"),
        ("confusion/zero-bytes", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("confusion/the-key-id-as-secret", key.id()),
    ] {
        let forged = Key::from_secret(key.alg(), secret).with_id(key.id());
        let token = forge.good().key(&forged).sign();
        forge.refuse(code::SIGNATURE, name, "a secret that can be guessed is none (RFC 8725 §2.2)", token);
    }
}

/// Signed by the issuer's key, and right, by an algorithm that the key could be used for and is not meant for.
fn siblings(forge: &mut Forge<'_>, key: &Key) {
    let is_sibling = |alg: &Alg| {
        let both_secret = alg.is_shared_secret() && key.alg().is_shared_secret();
        *alg != key.alg() && (both_secret || (alg.is_rsa() && key.alg().is_rsa()))
    };
    for alg in Alg::ALL.into_iter().filter(is_sibling) {
        let token = forge.good().key(&key.clone().as_alg(alg)).sign();
        forge.refuse(code::ALGORITHM, format!("confusion/own-key-signs-{}", lower(alg)), BOUND, token);
    }
}

fn other_names(forge: &mut Forge<'_>, key: &Key) {
    for alg in Alg::ALL.into_iter().filter(|alg| *alg != key.alg()) {
        let token = forge.good().header("alg", alg.as_str()).sign();
        let name = format!("confusion/own-signature-called-{}", lower(alg));
        forge.refuse(code::ALGORITHM, name, BOUND, token);
    }
}

fn none(forge: &mut Forge<'_>) {
    for (what, spelling) in [
        ("lower-case", "none"),
        ("capital", "None"),
        ("upper-case", "NONE"),
        ("mixed-case", "nOnE"),
        ("with-blank", "none "),
        ("with-nul", "none\0"),
        ("with-line-break", "none\n"),
        ("full-width", "ｎｏｎｅ"),
    ] {
        let none = forge.good().header("alg", spelling);
        forge.refuse(code::ALGORITHM, format!("none/{what}"), NONE, none.unsigned());
        forge.refuse(code::ALGORITHM, format!("none/{what}-and-a-signature"), NONE, none.sign());
    }
    let none = forge.good().header("alg", "none");
    forge.refuse(code::MALFORMED, "none/two-parts", NONE, none.signing_input());
    let bare = none.clone().without_header("kid").without_header("typ");
    forge.refuse(code::ALGORITHM, "none/alone-in-the-header", NONE, bare.unsigned());
    forge.refuse(code::ALGORITHM, "none/a-dot-as-signature", NONE, none.sign_with(|_| b".".to_vec()));
    let escaped = forge.good().without_header("alg").raw_header("\\u0061lg", r#""\u006eone""#);
    forge.refuse(code::ALGORITHM, "none/written-with-escapes", NONE, escaped.unsigned());
}

fn no_names(forge: &mut Forge<'_>, key: &Key) {
    let own = key.alg().as_str();
    let spelled = [
        ("alg/lower-case", own.to_lowercase()),
        ("alg/with-blank", format!("{own} ")),
        ("alg/with-nul", format!("{own}\0")),
        ("alg/with-another-behind-it", format!("{own},none")),
        ("alg/empty", String::new()),
        ("alg/sha-1", "RS1".to_owned()),
        ("alg/curve-448", "Ed448".to_owned()),
        ("alg/of-a-jwe", "RSA-OAEP-256".to_owned()),
        ("alg/direct-encryption", "dir".to_owned()),
        ("alg/password-based", "PBES2-HS256+A128KW".to_owned()),
        ("alg/path", "../../dev/null".to_owned()),
    ];
    for (name, alg) in spelled {
        let token = forge.good().header("alg", alg).sign();
        forge.refuse(code::ALGORITHM, name, NO_NAME, token);
    }
    let quoted = format!("\"{own}\"");
    for (name, json) in [
        ("alg/null", "null"),
        ("alg/number", "0"),
        ("alg/boolean", "true"),
        ("alg/object", "{}"),
        ("alg/empty-array", "[]"),
        ("alg/array", &*format!("[{quoted}]")),
        ("alg/array-with-none", &*format!("[{quoted},\"none\"]")),
    ] {
        let token = forge.good().without_header("alg").raw_header("alg", json).sign();
        forge.refuse(code::MALFORMED, name, NO_STRING, token);
    }
    let absent = forge.good().without_header("alg");
    forge.refuse(code::MALFORMED, "alg/absent", NO_STRING, absent.sign());
    forge.refuse(code::MALFORMED, "alg/absent-and-unsigned", NO_STRING, absent.unsigned());
    let upper = absent.raw_header("ALG", &quoted);
    forge.refuse(
        code::MALFORMED,
        "alg/name-in-upper-case",
        "names of members are compared by bytes",
        upper.sign(),
    );
}

fn lower(alg: Alg) -> String {
    alg.as_str().to_lowercase()
}
