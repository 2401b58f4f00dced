//! A token seen for the first time: judged whole, its claims read, and remembered.
//!
//! ```text
//! base    aws-lc: the key parsed before, the signature decoded before
//! whole   Verifier::verify, each token once
//! ```

use aws_lc_rs::{
    encoding::AsDer as _,
    hmac,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair,
    },
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use enfilade_auth::jwt::{Algorithm, NewToken, SigningKey, Verifier};

use crate::{measure::Pair, rows::Row};

const ISSUER: &str = "https://id.example";

/// So many that no round of any kind sees one twice.
const TOKENS: u32 = 400;

/// Every algorithm that the issue of a token is likely to use.
pub(crate) fn all() -> Vec<First> {
    let secret = [7; 32];
    let secret_key = SigningKey::from_secret(Algorithm::Hs256, &secret).expect("long enough");
    let shared = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let es = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("random numbers");
    let on_p256 = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, es.public_key().as_ref());
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("random numbers");
    let of_rsa = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa.public_key().as_ref());
    let ed = Ed25519KeyPair::generate().expect("random numbers");
    let on_25519 = ParsedPublicKey::new(&ED25519, ed.public_key().as_ref());
    let es = pem(Algorithm::Es256, es.to_pkcs8v1().expect("a whole key").as_ref());
    let rsa = pem(Algorithm::Rs256, rsa.as_der().expect("a whole key").as_ref());
    let ed = pem(Algorithm::EdDsa, ed.to_pkcs8v1().expect("a whole key").as_ref());
    vec![
        First::new("HS256", secret_key, move |message, tag| hmac::verify(&shared, message, tag).is_ok()),
        First::new("ES256", es, by(on_p256)),
        First::new("RS256", rsa, by(of_rsa)),
        First::new("EdDSA", ed, by(on_25519)),
    ]
}

/// One algorithm.
pub(crate) struct First {
    name: &'static str,
    pair: Pair,
}

impl First {
    fn new(name: &'static str, key: SigningKey, check: impl Fn(&[u8], &[u8]) -> bool + 'static) -> Self {
        let key = key.with_id("2026-11");
        let signed: Vec<_> = (0..TOKENS).map(|at| token(&key, at)).collect();
        let parts: Vec<_> = signed.iter().map(|token| split(token)).collect();
        let mut at = 0;
        let base = move || {
            let (message, signature) = &parts[at];
            assert!(check(message.as_bytes(), signature), "signed just before");
            at = (at + 1) % parts.len();
        };
        let fresh = move || {
            let keys = key.verifying_key();
            let settings = Verifier::builder(keys).with_issuer(ISSUER).with_audience("shop");
            settings.build().expect("all that is required is named")
        };
        let (mut verifier, mut at) = (fresh(), 0);
        let whole = move || {
            if at == signed.len() {
                (verifier, at) = (fresh(), 0);
            }
            assert!(verifier.verify(&signed[at]).is_ok(), "signed just before");
            at += 1;
        };
        Self { name, pair: Pair { base: Box::new(base), whole: Box::new(whole) } }
    }
}

impl Row for First {
    fn count(self) {
        self.pair.count();
    }

    fn line(self, counted: Option<(u64, u64)>) -> String {
        let costs = self.pair.costs();
        let [raw, ours] = costs.ns;
        let counted = counted
            .map_or_else(|| "| |".to_owned(), |(raw, ours)| format!("{ours} | {:.2} |", ratio(ours, raw)));
        format!(
            "| {} | {ours:.0} (+ {:.0}) | {:.2} | {counted} {} |",
            self.name,
            ours - raw,
            ours / raw,
            costs.allocations[1].saturating_sub(costs.allocations[0]),
        )
    }
}

fn by(key: Result<ParsedPublicKey, aws_lc_rs::error::KeyRejected>) -> impl Fn(&[u8], &[u8]) -> bool {
    let key = key.expect("a key that was made just before");
    move |message, signature| key.verify_sig(message, signature).is_ok()
}

fn token(key: &SigningKey, at: u32) -> String {
    NewToken::new(ISSUER, "shop", &format!("user-{at}"))
        .with_scopes(["orders:read", "orders:write"])
        .sign(key)
}

fn split(token: &str) -> (String, Vec<u8>) {
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    (message.to_owned(), BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64url"))
}

fn pem(algorithm: Algorithm, der: &[u8]) -> SigningKey {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    SigningKey::from_pkcs8_pem(algorithm, &pem).expect("a key that was made just before")
}

#[expect(clippy::cast_precision_loss, reason = "instructions of one verification: far below 2⁵²")]
fn ratio(ours: u64, raw: u64) -> f64 {
    ours as f64 / raw as f64
}
