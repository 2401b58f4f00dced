//! What a token says: each claim absent or valid, times to the second, issuer and audience by bytes.

use std::time::Duration;

use enfilade_auth::jwt::{Algorithm, SigningKey, Verifier};
use enfilade_test::TestClock;
use serde_json::{Value, json};

use crate::{NOW, claims, honest, settings, verdict, verifier, without};

#[test]
fn each_registered_claim_is_absent_or_valid_and_anything_else_is_refused() {
    let text = [
        json!(null),
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!(["ada"]),
        json!(""),
        json!("a\u{0}b"),
    ];
    for name in ["iss", "sub", "jti", "acr"] {
        refused(name, &text);
    }
    let times = [
        json!(null),
        json!("1800000600"),
        json!(""),
        json!(true),
        json!([]),
        json!([1_800_000_600]),
        json!({}),
        json!(-1),
        json!(-0.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(1_800_000_600_000_u64),
        json!(253_402_300_800_u64),
    ];
    for name in ["exp", "nbf", "iat", "auth_time"] {
        refused(name, &times);
    }
    let scopes = [
        json!(null),
        json!(1),
        json!({"a": 1}),
        json!(["a", 1]),
        json!("a\tb"),
        json!("a\"b"),
        json!("é"),
        json!(["a b"]),
        json!([""]),
    ];
    for name in ["scope", "scp"] {
        refused(name, &scopes);
    }
    let one = json!({"shop": 1});
    refused(
        "aud",
        &[json!(null), json!(1), one, json!(["shop", 1]), json!(["shop", null]), json!([["shop"]])],
    );
    refused("amr", &[json!(null), json!("pwd"), json!([1]), json!({})]);
    refused("roles", &[json!(null), json!(1), json!([1]), json!({"admin": true})]);
}

/// An honest token with any of these values in that claim is refused for it.
fn refused(name: &str, values: &[Value]) {
    let key = SigningKey::generate(Algorithm::Hs256);
    let verifier = verifier(key.verifying_key(), &TestClock::at(NOW));
    for value in values {
        let token = key.sign("JWT", &claims(json!({name: value})));
        assert_eq!(verdict(&verifier, &token), "claims", "{name}: {value}");
    }
}

#[test]
fn scopes_are_words_in_one_text_or_one_word_each() {
    let key = SigningKey::generate(Algorithm::Hs256);
    let verifier = verifier(key.verifying_key(), &TestClock::at(NOW));
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
        let who = verifier.verify(&key.sign("JWT", &claims(change.clone()))).unwrap();
        assert_eq!(who.scopes().collect::<Vec<_>>(), *scopes, "{change}");
    }
}

#[test]
fn what_must_be_there_must_be_there() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let plain = verifier(key.verifying_key(), &clock);
    for name in ["iss", "aud", "exp", "sub"] {
        assert_eq!(verdict(&plain, &key.sign("JWT", &without(name))), "claims", "{name}");
    }
    for name in ["iat", "jti"] {
        assert_eq!(verdict(&plain, &key.sign("JWT", &without(name))), "ok", "{name}");
        let strict = settings(key.verifying_key(), &clock).with_required_claims([name]).build().unwrap();
        assert_eq!(verdict(&strict, &key.sign("JWT", &without(name))), "claims", "{name}");
        assert_eq!(verdict(&strict, &key.sign("JWT", &honest())), "ok", "{name}");
    }
    let lax = Verifier::builder(key.verifying_key())
        .insecure_any_issuer()
        .insecure_any_audience()
        .insecure_without_expiry()
        .with_clock(clock.clock())
        .build()
        .unwrap();
    assert_eq!(verdict(&lax, &key.sign("JWT", r#"{"sub":"ada"}"#)), "ok");
    for wrong in [r#"{"sub":"ada","iss":1}"#, r#"{"sub":"ada","aud":1}"#, r#"{"sub":"ada","exp":"1"}"#] {
        assert_eq!(verdict(&lax, &key.sign("JWT", wrong)), "claims", "malformed, wanted or not: {wrong}");
    }
}

#[test]
fn a_name_that_is_there_twice_refuses_the_token() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let verifier = verifier(key.verifying_key(), &clock);
    let honest = honest();
    for doubled in [
        r#""exp":1800000600"#,
        r#""exp":1"#,
        r#""\u0065xp":1800000600"#,
        r#""sub":"eve""#,
        r#""aud":"shop""#,
        r#""nbf":1,"nbf":1"#,
        r#""any":1,"any":2"#,
        r#""":1,"":1"#,
    ] {
        let token = honest.replacen('{', &format!("{{{doubled},"), 1);
        assert_eq!(verdict(&verifier, &key.sign("JWT", &token)), "malformed", "{doubled}");
    }
    let nested = honest.replacen('{', r#"{"realm_access":{"roles":["a"],"roles":["admin"]},"#, 1);
    let by_path =
        settings(key.verifying_key(), &clock).with_roles_claim(["realm_access", "roles"]).build().unwrap();
    assert_eq!(verdict(&by_path, &key.sign("JWT", &nested)), "claims", "doubled where the roles are read");
    for payload in
        ["", "{}x", "[]", "null", "\"\"", "{", "{\"sub\":\"ada\"", "\u{feff}{}", "{\"a\":\"\u{1}\"}"]
    {
        assert_eq!(verdict(&verifier, &key.sign("JWT", payload)), "malformed", "{payload:?}");
    }
    let deep = format!(r#"{{"x":{}1{},"#, "[".repeat(5000), "]".repeat(5000));
    let deep = honest.replacen('{', &deep, 1);
    assert!(["malformed", "ok"].contains(&verdict(&verifier, &key.sign("JWT", &deep))), "and no overflow");
}

#[test]
fn times_are_judged_to_the_second() {
    let key = SigningKey::generate(Algorithm::Hs256);
    let table: &[(Value, i64, &str)] = &[
        (json!({"exp": NOW}), 59, "ok"),
        (json!({"exp": NOW}), 60, "expired"),
        (json!({"exp": NOW}), -1, "ok"),
        (json!({"exp": 1_800_000_000.9}), 59, "ok"),
        (json!({"exp": 1_800_000_000.9}), 60, "expired"),
        (json!({"exp": 0}), 0, "expired"),
        (json!({"exp": 1e3}), 0, "expired"),
        (json!({"exp": 253_402_300_799_u64}), 0, "ok"),
        (json!({"nbf": NOW + 60}), 0, "ok"),
        (json!({"nbf": NOW + 61}), 0, "not-yet-valid"),
        (json!({"nbf": 1_800_000_060.1}), 0, "not-yet-valid"),
        (json!({"nbf": 0}), 0, "ok"),
        (json!({"iat": NOW + 60}), 0, "ok"),
        (json!({"iat": NOW + 61}), 0, "not-yet-valid"),
        (json!({"iat": 0}), 0, "ok"),
    ];
    for (change, shift, expected) in table {
        let clock = TestClock::at(NOW.saturating_add_signed(*shift));
        let verifier = verifier(key.verifying_key(), &clock);
        let mut change = change.clone();
        if change.get("iat").is_none() {
            change["iat"] = json!(1);
        }
        assert_eq!(
            verdict(&verifier, &key.sign("JWT", &claims(change.clone()))),
            *expected,
            "{change} {shift}"
        );
    }
    // The last of the times, and a clock that was never set.
    let clock = TestClock::at(0);
    let verifier = settings(key.verifying_key(), &clock).with_leeway(Duration::ZERO).build().unwrap();
    assert_eq!(verdict(&verifier, &key.sign("JWT", &honest())), "not-yet-valid");
    clock.set_unix(NOW);
    assert_eq!(verdict(&verifier, &key.sign("JWT", &honest())), "ok");
    clock.set_unix(NOW + 600);
    assert_eq!(verdict(&verifier, &key.sign("JWT", &honest())), "expired");
}

#[test]
fn issuer_and_audience_are_compared_whole_and_by_bytes() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let verifier = settings(key.verifying_key(), &clock).with_audience("api").build().unwrap();
    for issuer in [
        "https://id.example/",
        "HTTPS://id.example",
        "https://id.example.evil",
        "id.example",
        " https://id.example",
    ] {
        assert_eq!(
            verdict(&verifier, &key.sign("JWT", &claims(json!({"iss": issuer})))),
            "issuer",
            "{issuer}"
        );
    }
    let table = [
        (json!("shop"), "ok"),
        (json!("api"), "ok"),
        (json!(["bank", "api"]), "ok"),
        (json!([]), "audience"),
        (json!(""), "audience"),
        (json!("shop api"), "audience"),
        (json!("shop,api"), "audience"),
        (json!("Shop"), "audience"),
        (json!("sho"), "audience"),
        (json!(["bank"]), "audience"),
        // An ID token is for the client that asked for it (OpenID Connect Core §2), and so not for us.
        (json!("client-4711"), "audience"),
    ];
    for (audience, expected) in table {
        let token = key.sign("JWT", &claims(json!({"aud": audience, "nonce": "n"})));
        assert_eq!(verdict(&verifier, &token), expected, "{audience}");
    }
    let strict = settings(key.verifying_key(), &clock).with_types(["application/at+jwt"]).build().unwrap();
    assert_eq!(verdict(&strict, &key.sign("JWT", &honest())), "type", "an ID token, by its type");
    assert_eq!(verdict(&strict, &key.sign_raw(r#"{"alg":"HS256"}"#, &honest())), "type", "no type at all");
    assert_eq!(verdict(&strict, &key.sign("at+jwt", &honest())), "ok");
}

#[test]
fn a_token_that_is_bound_to_its_sender_is_no_bearer_token() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let verifier = verifier(key.verifying_key(), &clock);
    for cnf in [
        json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
        json!({"x5t#S256": "A"}),
        json!({}),
        json!(null),
    ] {
        assert_eq!(verdict(&verifier, &key.sign("at+jwt", &claims(json!({"cnf": cnf})))), "bound");
    }
}
