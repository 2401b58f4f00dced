//! Tokens, judged: the honest ones pass, and each trick that a token was ever refused for is refused.

use std::time::Duration;

use enfilade_auth::{
    Attempt, Authenticator, Bearer, Principal, Rejection, Revocations,
    jwt::{Algorithm, KeySet, Keys, NewToken, SigningKey, Verifier, VerifierBuilder, VerifyingKey},
};
use enfilade_test::TestClock;
use http::{HeaderValue, Request};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://id.example";

/// An honest set of claims in which `change` was done.
fn claims(change: Value) -> String {
    let mut claims = json!({
        "iss": ISSUER, "aud": "shop", "sub": "ada", "exp": NOW + 600, "iat": NOW, "jti": "t1",
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.to_string()
}

/// The same without one of them.
fn without(name: &str) -> String {
    let mut claims: Value = serde_json::from_str(&claims(json!({}))).unwrap();
    claims.as_object_mut().unwrap().remove(name);
    claims.to_string()
}

fn settings(keys: impl Into<Keys>, clock: &TestClock) -> VerifierBuilder {
    Verifier::builder(keys).with_issuer(ISSUER).with_audience("shop").with_clock(clock.clock())
}

fn verdict(verifier: &Verifier, token: &str) -> &'static str {
    match verifier.verify(token) {
        Ok(_) => "ok",
        Err(error) => error.fault().code().strip_prefix("auth.token-").unwrap(),
    }
}

#[test]
fn each_algorithm_signs_and_verifies_and_a_changed_claim_is_seen() {
    let clock = TestClock::at(NOW);
    for algorithm in [
        Algorithm::Hs256,
        Algorithm::Hs384,
        Algorithm::Hs512,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
    ] {
        let key = SigningKey::generate(algorithm).with_id("k");
        let verifier = settings(key.verifying_key(), &clock).build().unwrap();
        let token = key.sign("JWT", &claims(json!({})));
        assert_eq!(verdict(&verifier, &token), "ok", "{algorithm}");
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = head.split_once('.').unwrap();
        let other = key.sign("JWT", &claims(json!({"sub": "eve"})));
        let payload = other.split('.').nth(1).unwrap();
        assert_eq!(verdict(&verifier, &format!("{header}.{payload}.{signature}")), "signature");
        if let Some(jwk) = key.to_jwk() {
            let verifier = settings(VerifyingKey::from_jwk(&jwk).unwrap(), &clock).build().unwrap();
            assert_eq!(verdict(&verifier, &token), "ok", "{algorithm} from its JWK");
        }
    }
}

#[test]
fn a_principal_holds_what_the_token_says() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Es256);
    let verifier =
        settings(key.verifying_key(), &clock).with_roles_claim(["realm_access", "roles"]).build().unwrap();
    let token = claims(json!({
        "scope": "a b", "amr": ["pwd", "otp"], "acr": "gold", "auth_time": 1_799_999_999.5,
        "realm_access": {"roles": ["admin", "ops"]}, "email": "ada@example.com",
    }));
    let who = verifier.verify(&key.sign("at+jwt", &token)).unwrap();
    assert_eq!((who.subject(), who.issuer(), who.credential_id()), ("ada", Some(ISSUER), Some("t1")));
    assert_eq!(who.scopes().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(who.roles().collect::<Vec<_>>(), ["admin", "ops"]);
    assert_eq!(who.amr().collect::<Vec<_>>(), ["pwd", "otp"]);
    assert_eq!((who.acr(), who.auth_time()), (Some("gold"), Some(1_799_999_999)));
    assert_eq!(who.expires(), Some(NOW + 600));
    assert_eq!(who.claims::<Value>().unwrap()["email"], "ada@example.com");
}
