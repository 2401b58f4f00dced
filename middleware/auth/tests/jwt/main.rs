//! Tokens, judged: the honest ones pass, and each trick that a token was ever refused for is refused.

mod claims;
mod cookie;
mod cost;
mod hostile;
mod keys;
mod openssl;
mod properties;
mod remembered;
mod revocation;
mod shapes;
mod vectors;

use std::time::Duration;

use enfilade_auth::{
    AuthMethod,
    jwt::{Algorithm, KeySet, Keys, NewToken, SigningKey, Verifier, VerifierBuilder},
};
use enfilade_test::{TestClock, issuer::Issuer};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://id.example";

/// Whose tokens last ten minutes.
fn issuer(clock: &TestClock) -> Issuer {
    Issuer::new().with_lifetime(Duration::from_secs(600)).with_clock(clock.clock())
}

/// Claims that pass, as text: for what signs here.
fn honest() -> String {
    issuer(&TestClock::at(NOW)).token("ada").claims_text()
}

/// Trusts the issuer's keys as they are now.
fn trusting(issuer: &Issuer, clock: &TestClock) -> VerifierBuilder {
    settings(keys_of(issuer), clock)
}

fn keys_of(issuer: &Issuer) -> KeySet {
    KeySet::from_jwks(&issuer.jwks().to_string()).expect("sound keys")
}

fn settings(keys: impl Into<Keys>, clock: &TestClock) -> VerifierBuilder {
    Verifier::builder(keys).with_issuer(ISSUER).with_audience("shop").with_clock(clock.clock())
}

fn verifier(keys: impl Into<Keys>, clock: &TestClock) -> Verifier {
    settings(keys, clock).build().expect("good settings")
}

/// `ok`, or the last part of the reason code.
fn verdict(verifier: &Verifier, token: &str) -> &'static str {
    match verifier.verify(token) {
        Ok(_) => "ok",
        Err(error) => error.fault().code().strip_prefix("auth.token-").expect("a token's code"),
    }
}

#[test]
fn a_principal_holds_what_the_token_says() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let verifier = trusting(&issuer, &clock).with_roles_claim(["realm_access", "roles"]).build().unwrap();
    let token = issuer.token("ada").scope("a b").claims(&json!({
        "jti": "t1", "amr": ["pwd", "otp"], "acr": "gold", "auth_time": 1_799_999_999.5,
        "realm_access": {"roles": ["admin", "ops"]}, "email": "ada@example.com",
    }));
    let who = verifier.verify(&token.sign()).unwrap();
    assert_eq!((who.subject(), who.issuer(), who.credential_id()), ("ada", Some(ISSUER), Some("t1")));
    assert_eq!(who.scopes().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(who.roles().collect::<Vec<_>>(), ["admin", "ops"]);
    assert_eq!(who.amr().collect::<Vec<_>>(), ["pwd", "otp"]);
    assert_eq!((who.acr(), who.auth_time()), (Some("gold"), Some(1_799_999_999)));
    assert_eq!((who.expires(), who.method()), (Some(NOW + 600), AuthMethod::Bearer));
    assert!(!who.is_ambient());
    assert_eq!(who.claims::<Value>().unwrap()["email"], "ada@example.com");
}

#[test]
fn settings_that_cannot_be_meant_are_refused_with_the_fix() {
    let key = || SigningKey::generate(Algorithm::Hs256).verifying_key();
    let named = || Verifier::builder(key()).with_issuer("i").with_audience("a");
    let table = [
        (Verifier::builder(key()), "with_issuer"),
        (Verifier::builder(key()).with_audience("a"), "with_issuer"),
        (Verifier::builder(key()).with_issuer("i"), "with_audience"),
        (named().insecure_any_issuer(), "contradict"),
        (named().insecure_any_audience(), "contradict"),
        (named().with_issuer(""), "empty"),
        (named().with_types([""; 0]), "at+jwt"),
        (named().with_types([""]), "empty"),
        (named().with_leeway(Duration::from_secs(301)), "300 s"),
    ];
    for (builder, fix) in table {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(fix), "{error}");
    }
}

#[test]
fn a_token_that_is_made_here_passes_here() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::EdDsa);
    let strict = settings(key.verifying_key(), &clock)
        .with_types(["at+jwt"])
        .with_required_claims(["jti", "iat"])
        .build()
        .unwrap();
    let token = || NewToken::new(ISSUER, "shop", "ada").with_clock(clock.clock());
    let who = strict.verify(&token().with_scopes(["a", "b"]).with_roles(["r"]).sign(&key)).unwrap();
    assert!(who.has_scope("b") && who.has_role("r"));
    assert_eq!(who.expires(), Some(NOW + 3600));
    let brief = token().with_lifetime(Duration::from_secs(5)).with_claim("exp", 1).sign(&key);
    assert_eq!(strict.verify(&brief).unwrap().expires(), Some(NOW + 5), "set last");
}

fn parts(token: &str) -> [&str; 3] {
    let mut parts = token.split('.');
    [(); 3].map(|()| parts.next().expect("three parts"))
}
