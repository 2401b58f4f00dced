//! What is remembered of a token, and what is asked again on every request.

use std::time::Duration;

use enfilade_auth::{
    Principal, Revocations,
    jwt::{Keys, Verifier},
    revocation::RevocationCheck,
};
use enfilade_test::{TestClock, issuer::Issuer};

use crate::{NOW, issuer, keys_of, settings, trusting, verdict};

#[test]
fn what_is_remembered_is_judged_again_on_every_request() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let keys = Keys::new(keys_of(&issuer));
    let revocations = Revocations::with_clock(10, clock.clock());
    let verifier = settings(keys.clone(), &clock).with_revocation(revocations.clone()).build().unwrap();
    let token = issuer.token("ada").claim("nbf", NOW - 100).sign();
    let brief = issuer.token("ada").expires_at(NOW + 30).sign();
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

    keys.replace(keys_of(&issuer.impostor()));
    assert_eq!(verdict(&verifier, &brief), "signature", "its key is trusted no more");
    keys.replace(keys_of(&issuer));
    assert_eq!(verdict(&verifier, &brief), "ok");
}

#[test]
fn what_one_verifier_remembers_another_does_not() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let shop = trusting(&issuer, &clock).build().unwrap();
    let bank = Verifier::builder(keys_of(&issuer)).with_issuer(issuer.name()).with_audience("bank");
    let bank = bank.with_clock(clock.clock()).build().unwrap();
    let token = issuer.token("ada").sign();
    for _ in 0..2 {
        assert_eq!((verdict(&shop, &token), verdict(&bank, &token)), ("ok", "audience"));
    }
}

#[test]
fn many_tokens_stay_within_the_bytes_and_right() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let tokens: Vec<_> =
        (0..200).map(|id| format!("user-{id}")).map(|sub| (issuer.token(&sub).sign(), sub)).collect();
    for bytes in [0, 1, 10_000, 1 << 20] {
        let verifier = trusting(&issuer, &clock).with_cache_bytes(bytes).build().unwrap();
        for round in 0..2 {
            for (token, sub) in &tokens {
                assert_eq!(verifier.verify(token).unwrap().subject(), sub, "{bytes} bytes, round {round}");
            }
        }
    }
}

#[test]
fn a_token_without_an_id_is_named_by_what_was_signed() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let revocations = Revocations::with_clock(10, clock.clock());
    let verifier = trusting(&issuer, &clock).with_revocation(revocations.clone()).build().unwrap();
    // ECDSA signs with a fresh random number: two tokens, one content.
    let nameless = issuer.token("ada").without("jti");
    let (one, two) = (nameless.sign(), nameless.sign());
    assert_ne!(one, two);
    revocations.revoke(&verifier.verify(&one).unwrap()).unwrap();
    assert_eq!((verdict(&verifier, &one), verdict(&verifier, &two)), ("revoked", "revoked"));
    let long = issuer.token("ada").claim("jti", "x".repeat(200)).sign();
    assert_eq!(verifier.verify(&long).unwrap().credential_id().unwrap().len(), 22, "a hash");
}

#[test]
fn the_same_id_of_another_issuer_is_another_token() {
    let clock = TestClock::at(NOW);
    let (issuer, other) = (issuer(&clock), Issuer::named("https://other.example"));
    let revocations = Revocations::with_clock(10, clock.clock());
    let verifier = trusting(&issuer, &clock)
        .with_issuer(other.name())
        .with_revocation(revocations.clone())
        .build()
        .unwrap();
    let token = issuer.token("ada").claim("jti", "1");
    let (ours, theirs) = (token.sign(), token.claim("iss", other.name()).sign());
    revocations.revoke(&verifier.verify(&ours).unwrap()).unwrap();
    assert_eq!((verdict(&verifier, &ours), verdict(&verifier, &theirs)), ("revoked", "ok"));
}

#[test]
fn an_operators_own_check_is_asked_too() {
    struct Fired;
    impl RevocationCheck for Fired {
        fn is_revoked(&self, who: &Principal) -> bool {
            who.subject() == "eve"
        }
    }
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let verifier = trusting(&issuer, &clock).with_revocation(Fired).build().unwrap();
    assert_eq!(verdict(&verifier, &issuer.token("ada").sign()), "ok");
    assert_eq!(verdict(&verifier, &issuer.token("eve").sign()), "revoked");
}
