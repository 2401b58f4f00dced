//! What depends on a verifier's settings: claims wanted or not, several audiences, where the roles stand, its clock.
//!
//! What no verifier accepts, and what each must, is in the kit's list: `hostile.rs` goes through it.

use std::time::Duration;

use enfilade_auth::jwt::Verifier;
use enfilade_test::TestClock;
use serde_json::{Value, json};

use crate::{NOW, issuer, keys_of, trusting, verdict};

#[test]
fn scopes_are_words_in_one_text_or_one_word_each() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let verifier = trusting(&issuer, &clock).build().unwrap();
    let table: &[(Value, &[&str])] = &[
        (json!({"scope": "a b"}), &["a", "b"]),
        (json!({"scope": " a  b "}), &["a", "b"]),
        (json!({"scope": ""}), &[]),
        (json!({"scope": []}), &[]),
        (json!({"scope": ["a", "b:c/d"]}), &["a", "b:c/d"]),
        (json!({"scp": "a b"}), &["a", "b"]),
        (json!({"scp": ["a", "b"]}), &["a", "b"]),
        (json!({"scope": "a", "scp": "admin"}), &["a"]),
        (json!({"scope": "", "scp": "admin"}), &[]),
    ];
    for (change, scopes) in table {
        let who = verifier.verify(&issuer.token("ada").claims(change).sign()).unwrap();
        assert_eq!(who.scopes().collect::<Vec<_>>(), *scopes, "{change}");
    }
}

#[test]
fn what_must_be_there_must_be_there() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    for name in ["iat", "jti"] {
        let strict = trusting(&issuer, &clock).with_required_claims([name]).build().unwrap();
        assert_eq!(verdict(&strict, &issuer.token("ada").without(name).sign()), "claims", "{name}");
        assert_eq!(verdict(&strict, &issuer.token("ada").sign()), "ok", "{name}");
    }
    let lax = Verifier::builder(keys_of(&issuer))
        .insecure_any_issuer()
        .insecure_any_audience()
        .insecure_without_expiry()
        .with_clock(clock.clock())
        .build()
        .unwrap();
    let of = |claims: &str| issuer.token("ada").payload_bytes(claims).sign();
    assert_eq!(verdict(&lax, &of(r#"{"sub":"ada"}"#)), "ok");
    for wrong in [r#"{"sub":"ada","iss":1}"#, r#"{"sub":"ada","aud":1}"#, r#"{"sub":"ada","exp":"1"}"#] {
        assert_eq!(verdict(&lax, &of(wrong)), "claims", "malformed, wanted or not: {wrong}");
    }
}

#[test]
fn roles_are_read_where_they_stand_and_nowhere_doubled() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let by_path = trusting(&issuer, &clock).with_roles_claim(["realm_access", "roles"]).build().unwrap();
    let nested = |json: &str| issuer.token("ada").raw_claim("realm_access", json).sign();
    assert_eq!(verdict(&by_path, &nested(r#"{"roles":["a"],"x":1}"#)), "ok");
    for wrong in [r#"{"roles":["a"],"roles":["admin"]}"#, r#"{"roles":null}"#, "[]", "null"] {
        assert_eq!(verdict(&by_path, &nested(wrong)), "claims", "{wrong}");
    }
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let token = issuer.token("ada").raw_claim("x", &deep).sign();
    assert!(["malformed", "ok"].contains(&verdict(&by_path, &token)), "and no overflow");
}

#[test]
fn a_clock_that_was_never_set_accepts_nothing() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let verifier = trusting(&issuer, &clock).with_leeway(Duration::ZERO).build().unwrap();
    let token = issuer.token("ada").sign();
    clock.set_unix(0);
    assert_eq!(verdict(&verifier, &token), "not-yet-valid");
    clock.set_unix(NOW);
    assert_eq!(verdict(&verifier, &token), "ok");
    clock.set_unix(NOW + 599);
    assert_eq!(verdict(&verifier, &token), "ok", "its last second");
    clock.set_unix(NOW + 600);
    assert_eq!(verdict(&verifier, &token), "expired");
}

#[test]
fn each_audience_that_is_named_is_accepted() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let verifier = trusting(&issuer, &clock).with_audience("api").build().unwrap();
    for (audience, expected) in [
        (json!("shop"), "ok"),
        (json!("api"), "ok"),
        (json!(["bank", "api"]), "ok"),
        (json!("shop api"), "audience"),
        (json!(["bank"]), "audience"),
    ] {
        let token = issuer.token("ada").claim("aud", audience.clone()).sign();
        assert_eq!(verdict(&verifier, &token), expected, "{audience}");
    }
}
