//! What is remembered of a token, and what is asked again on every request.

use std::time::Duration;

use enfilade_auth::{
    Revocations,
    jwt::{Algorithm, Keys, SigningKey, Verifier},
    revocation::RevocationCheck,
};
use enfilade_test::TestClock;
use serde_json::json;

use crate::{ISSUER, NOW, claims, honest, settings, verdict, verifier, without};

#[test]
fn what_is_remembered_is_judged_again_on_every_request() {
    let clock = TestClock::at(NOW);
    let (key, next) = (SigningKey::generate(Algorithm::Hs256), SigningKey::generate(Algorithm::Hs256));
    let keys = Keys::new(key.verifying_key());
    let revocations = Revocations::with_clock(10, clock.clock());
    let verifier = settings(keys.clone(), &clock).with_revocation(revocations.clone()).build().unwrap();
    let token = key.sign("JWT", &claims(json!({"nbf": NOW - 100})));
    let brief = key.sign("JWT", &claims(json!({"jti": "t2", "exp": NOW + 30})));
    for _ in 0..3 {
        assert_eq!(verdict(&verifier, &token), "ok");
        assert_eq!(verdict(&verifier, &brief), "ok");
    }
    clock.advance(Duration::from_secs(30 + 60));
    assert_eq!(verdict(&verifier, &brief), "expired");
    clock.set_unix(NOW - 200);
    assert_eq!(verdict(&verifier, &token), "not-yet-valid", "the clock was set back");
    clock.set_unix(NOW);
    assert_eq!(verdict(&verifier, &brief), "ok", "and forward again");

    revocations.revoke(&verifier.verify(&token).unwrap()).unwrap();
    assert_eq!(verdict(&verifier, &token), "revoked");
    assert_eq!(verdict(&verifier, &brief), "ok");

    keys.replace(next.verifying_key());
    assert_eq!(verdict(&verifier, &brief), "signature", "its key is trusted no more");
    keys.replace(key.verifying_key());
    assert_eq!(verdict(&verifier, &brief), "ok");
}

#[test]
fn what_one_verifier_remembers_another_does_not() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let shop = verifier(key.verifying_key(), &clock);
    let bank = Verifier::builder(key.verifying_key()).with_issuer(ISSUER).with_audience("bank");
    let bank = bank.with_clock(clock.clock()).build().unwrap();
    let token = key.sign("JWT", &honest());
    for _ in 0..2 {
        assert_eq!((verdict(&shop, &token), verdict(&bank, &token)), ("ok", "audience"));
    }
}

#[test]
fn many_tokens_stay_within_the_bytes_and_right() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    for bytes in [0, 1, 10_000, 1 << 20] {
        let verifier = settings(key.verifying_key(), &clock).with_cache_bytes(bytes).build().unwrap();
        for round in 0..2 {
            for id in 0..200 {
                let sub = format!("user-{id}");
                let token = key.sign("JWT", &claims(json!({"sub": sub, "jti": id.to_string()})));
                assert_eq!(verifier.verify(&token).unwrap().subject(), sub, "{bytes} bytes, round {round}");
            }
        }
    }
}

#[test]
fn a_token_without_an_id_is_named_by_what_was_signed() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Es256);
    let revocations = Revocations::with_clock(10, clock.clock());
    let verifier =
        settings(key.verifying_key(), &clock).with_revocation(revocations.clone()).build().unwrap();
    let claims = without("jti");
    // ECDSA signs with a fresh random number: two tokens, one content.
    let (one, two) = (key.sign("JWT", &claims), key.sign("JWT", &claims));
    assert_ne!(one, two);
    revocations.revoke(&verifier.verify(&one).unwrap()).unwrap();
    assert_eq!((verdict(&verifier, &one), verdict(&verifier, &two)), ("revoked", "revoked"));
    let long = key.sign("JWT", &self::claims(json!({"jti": "x".repeat(200)})));
    assert_eq!(verifier.verify(&long).unwrap().credential_id().unwrap().len(), 22, "a hash");
}

#[test]
fn the_same_id_of_another_issuer_is_another_token() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let revocations = Revocations::with_clock(10, clock.clock());
    let verifier = settings(key.verifying_key(), &clock)
        .with_issuer("https://other.example")
        .with_revocation(revocations.clone())
        .build()
        .unwrap();
    let ours = key.sign("JWT", &honest());
    let other = key.sign("JWT", &claims(json!({"iss": "https://other.example"})));
    revocations.revoke(&verifier.verify(&ours).unwrap()).unwrap();
    assert_eq!((verdict(&verifier, &ours), verdict(&verifier, &other)), ("revoked", "ok"));
}

#[test]
fn an_operators_own_check_is_asked_too() {
    struct Fired;
    impl RevocationCheck for Fired {
        fn is_revoked(&self, who: &enfilade_auth::Principal) -> bool {
            who.subject() == "eve"
        }
    }
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let verifier = settings(key.verifying_key(), &clock).with_revocation(Fired).build().unwrap();
    assert_eq!(verdict(&verifier, &key.sign("JWT", &honest())), "ok");
    assert_eq!(verdict(&verifier, &key.sign("JWT", &claims(json!({"sub": "eve"})))), "revoked");
}
