//! Tokens, judged: the honest ones pass, and each trick that a token was ever refused for is refused.

use std::{fs, time::Duration};

use enfilade_auth::{
    Attempt, AuthMethod, Authenticator, Bearer, ConfigError, Rejection, Revocations,
    jwt::{Algorithm, JwksFile, KeySet, Keys, NewToken, SigningKey, Verifier, VerifierBuilder, VerifyingKey},
    revocation::RevocationCheck,
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
    let Value::Object(change) = change else { panic!("a change is an object") };
    claims.as_object_mut().expect("an object").extend(change);
    claims.to_string()
}

fn honest() -> String {
    claims(json!({}))
}

/// The same without one of them.
fn without(name: &str) -> String {
    let mut claims: Value = serde_json::from_str(&honest()).expect("JSON");
    claims.as_object_mut().expect("an object").remove(name);
    claims.to_string()
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
        let by_key = verifier(key.verifying_key(), &clock);
        let token = key.sign("JWT", &honest());
        assert_eq!(verdict(&by_key, &token), "ok", "{algorithm}");
        let [header, _, signature] = parts(&token);
        let other = key.sign("JWT", &claims(json!({"sub": "eve"})));
        let payload = parts(&other)[1];
        assert_eq!(verdict(&by_key, &format!("{header}.{payload}.{signature}")), "signature");
        if let Some(jwk) = key.to_jwk() {
            let by_jwk = verifier(VerifyingKey::from_jwk(&jwk).unwrap(), &clock);
            assert_eq!(verdict(&by_jwk, &token), "ok", "{algorithm} from its JWK");
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
    assert_eq!((who.expires(), who.method()), (Some(NOW + 600), AuthMethod::Bearer));
    assert!(!who.is_ambient());
    assert_eq!(who.claims::<Value>().unwrap()["email"], "ada@example.com");
}

#[test]
fn hostile_headers_are_refused_though_the_signature_be_good() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Es256).with_id("k");
    let stranger = SigningKey::generate(Algorithm::Es256).with_id("k");
    let verifier = verifier(key.verifying_key(), &clock);
    let embedded = format!(r#"{{"alg":"ES256","jwk":{}}}"#, stranger.to_jwk().unwrap());
    let table: &[(&str, &str)] = &[
        (r#"{"alg":"ES256"}"#, "ok"),
        (r#"{"alg":"ES256","kid":"k"}"#, "ok"),
        (r#"{"alg":"ES256","typ":"JWT"}"#, "ok"),
        (r#"{"alg":"ES256","typ":"jwt"}"#, "ok"),
        (r#"{"alg":"ES256","typ":"at+jwt"}"#, "ok"),
        (r#"{"alg":"ES256","typ":"application/at+JWT"}"#, "ok"),
        (r#" { "alg" : "ES256" } "#, "ok"),
        // Nothing that a token brings along says how it is judged, right or wrong.
        (r#"{"alg":"ES256","jku":"https://evil.example/","x5u":"https://evil.example/","x5c":["AA"]}"#, "ok"),
        (r#"{"alg":"ES256","jwk":null,"x5c":17,"cty":{}}"#, "ok"),
        (&embedded, "ok"),
        (r#"{"alg":"ES256","typ":"logout+jwt"}"#, "type"),
        (r#"{"alg":"ES256","typ":"dpop+jwt"}"#, "type"),
        (r#"{"alg":"ES256","typ":"enfilade-session+jwt"}"#, "type"),
        (r#"{"alg":"ES256","typ":"application/x/JWT"}"#, "type"),
        (r#"{"alg":"ES256","typ":""}"#, "type"),
        (r#"{"alg":"ES256","typ":" JWT"}"#, "type"),
        (r#"{"alg":"ES256","typ":null}"#, "malformed"),
        (r#"{"alg":"ES256","typ":1}"#, "malformed"),
        (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, "critical"),
        (r#"{"alg":"ES256","crit":["urn:x"]}"#, "critical"),
        (r#"{"alg":"ES256","crit":[]}"#, "critical"),
        (r#"{"alg":"ES256","crit":null}"#, "critical"),
        (r#"{"alg":"ES256","\u0063rit":["urn:x"]}"#, "critical"),
        (r#"{"alg":"ES256","b64":false,"crit":["b64"]}"#, "critical"),
        (r#"{"alg":"ES256","b64":true}"#, "critical"),
        (r#"{"alg":"none"}"#, "algorithm"),
        (r#"{"alg":"None"}"#, "algorithm"),
        (r#"{"alg":"nOnE"}"#, "algorithm"),
        (r#"{"alg":""}"#, "algorithm"),
        (r#"{"alg":"es256"}"#, "algorithm"),
        (r#"{"alg":"ES256K"}"#, "algorithm"),
        (r#"{"alg":"ES512"}"#, "algorithm"),
        (r#"{"alg":"HS256"}"#, "algorithm"),
        (r#"{"alg":"RS256","kid":"k"}"#, "algorithm"),
        (r#"{"alg":"ES256 "}"#, "algorithm"),
        (r#"{"alg":null}"#, "malformed"),
        (r#"{"alg":["ES256"]}"#, "malformed"),
        (r"{}", "malformed"),
        (r#"{"ALG":"ES256"}"#, "malformed"),
        (r#"{"alg":"ES256","alg":"ES256"}"#, "malformed"),
        (r#"{"alg":"ES256","al\u0067":"none"}"#, "malformed"),
        (r#"{"alg":"ES256","x":1,"x":1}"#, "malformed"),
        (r#"{"alg":"ES256","kid":7}"#, "malformed"),
        (r#"{"alg":"ES256","kid":null}"#, "malformed"),
        (r#"{"alg":"ES256","kid":"../../dev/null"}"#, "key-unknown"),
        (r#"{"alg":"ES256","kid":"k' OR '1'='1"}"#, "key-unknown"),
        (r#"{"alg":"ES256","kid":""}"#, "key-unknown"),
        (r#"{"alg":"ES256","kid":"K"}"#, "key-unknown"),
        (r#"{"alg":"ES256"}{"alg":"none"}"#, "malformed"),
        (r#"{"alg":"ES256"},"#, "malformed"),
        (r#"["ES256"]"#, "malformed"),
        (r#""ES256""#, "malformed"),
        ("null", "malformed"),
        ("", "malformed"),
        ("\u{feff}{\"alg\":\"ES256\"}", "malformed"),
        (r#"{"alg":"ES256",}"#, "malformed"),
        (r#"{"alg":'ES256'}"#, "malformed"),
        (r#"{alg:"ES256"}"#, "malformed"),
        (r#"{"alg":"ES256"/**/}"#, "malformed"),
    ];
    for (header, expected) in table {
        assert_eq!(verdict(&verifier, &key.sign_raw(header, &honest())), *expected, "{header}");
    }
    // The stranger's own key in the header, and the stranger's signature: judged by our key.
    assert_eq!(verdict(&verifier, &stranger.sign_raw(&embedded, &honest())), "signature");
    assert_eq!(verdict(&verifier, &stranger.sign("JWT", &honest())), "signature");
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let clock = TestClock::at(NOW);
    let rsa = SigningKey::generate(Algorithm::Rs256).with_id("k");
    let verifier = verifier(rsa.verifying_key(), &clock);
    for secret in [rsa.to_jwk().unwrap().into_bytes(), b"-----BEGIN PUBLIC KEY-----\nMIIB...".repeat(2)] {
        let forged = SigningKey::from_secret(Algorithm::Hs256, &secret).unwrap().with_id("k");
        assert_eq!(verdict(&verifier, &forged.sign("JWT", &honest())), "algorithm");
    }
    // PS256 by the RSA key that is bound to RS256.
    let [_, payload, signature] = parts(&rsa.sign("JWT", &honest())).map(str::to_owned);
    let header = parts(&rsa.sign_raw(r#"{"alg":"PS256","kid":"k"}"#, "")).map(str::to_owned)[0].clone();
    assert_eq!(verdict(&verifier, &format!("{header}.{payload}.{signature}")), "algorithm");
}

#[test]
fn each_registered_claim_is_absent_or_valid_and_anything_else_is_refused() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let verifier = verifier(key.verifying_key(), &clock);
    let wrong_for_text =
        [json!(null), json!(1), json!(true), json!([]), json!({}), json!(["ada"]), json!("")];
    for name in ["iss", "sub", "jti", "acr"] {
        for value in &wrong_for_text {
            let token = key.sign("JWT", &claims(json!({name: value})));
            assert_eq!(verdict(&verifier, &token), "claims", "{name}: {value}");
        }
        let token = key.sign("JWT", &claims(json!({name: "a\u{0}b"})));
        assert_eq!(verdict(&verifier, &token), "claims", "{name} with a control character");
    }
    let wrong_for_times = [
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
        for value in &wrong_for_times {
            let token = key.sign("JWT", &claims(json!({name: value})));
            assert_eq!(verdict(&verifier, &token), "claims", "{name}: {value}");
        }
    }
    for value in [
        json!(null),
        json!(1),
        json!({"shop": 1}),
        json!(["shop", 1]),
        json!(["shop", null]),
        json!([["shop"]]),
    ] {
        let token = key.sign("JWT", &claims(json!({"aud": value})));
        assert_eq!(verdict(&verifier, &token), "claims", "aud: {value}");
    }
    for name in ["scope", "scp"] {
        for value in [
            json!(null),
            json!(1),
            json!({"a": 1}),
            json!(["a", 1]),
            json!("a\tb"),
            json!("a\"b"),
            json!("é"),
        ] {
            let token = key.sign("JWT", &claims(json!({name: value})));
            assert_eq!(verdict(&verifier, &token), "claims", "{name}: {value}");
        }
    }
    for value in [json!(null), json!("pwd"), json!([1]), json!({})] {
        assert_eq!(
            verdict(&verifier, &key.sign("JWT", &claims(json!({"amr": value})))),
            "claims",
            "amr: {value}"
        );
    }
    for value in [json!(null), json!(1), json!([1]), json!({"admin": true})] {
        assert_eq!(
            verdict(&verifier, &key.sign("JWT", &claims(json!({"roles": value})))),
            "claims",
            "roles: {value}"
        );
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
        (json!({"exp": NOW + 0}), -1, "ok"),
        (json!({"exp": (NOW as f64) + 0.9}), 59, "ok"),
        (json!({"exp": (NOW as f64) + 0.9}), 60, "expired"),
        (json!({"exp": 0}), 0, "expired"),
        (json!({"exp": 1e3}), 0, "expired"),
        (json!({"exp": 253_402_300_799_u64}), 0, "ok"),
        (json!({"nbf": NOW + 60}), 0, "ok"),
        (json!({"nbf": NOW + 61}), 0, "not-yet-valid"),
        (json!({"nbf": (NOW as f64) + 60.1}), 0, "not-yet-valid"),
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
fn broken_shapes_are_refused_and_nothing_panics() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Es256);
    let verifier = verifier(key.verifying_key(), &clock);
    let token = key.sign("JWT", &honest());
    for end in 0..token.len() {
        assert_ne!(verdict(&verifier, &token[..end]), "ok", "cut at {end}");
    }
    let [header, payload, signature] = parts(&token);
    // `=` and `A` are what lax decoders drop or ignore; the last character of 64 bytes has four bits left over.
    let last = signature.chars().last().unwrap();
    let twin =
        ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).position(|c| c == last).unwrap() + 1;
    let twin = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().nth(twin).unwrap();
    for broken in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token}=="),
        format!("{token} "),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}.{payload}.{signature}.{header}.{payload}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}\t.{signature}"),
        format!("{header}.{payload}.{}{twin}", &signature[..signature.len() - 1]),
        format!("{header}.{payload}.{}+/", &signature[..signature.len() - 2]),
        token.replace('.', ","),
        "é.é.é".to_owned(),
        "A".repeat(100_000),
        ".".repeat(100_000),
        format!("{header}.{}.{signature}", "A".repeat(20_000)),
    ] {
        let short: String = broken.chars().take(60).collect();
        assert_eq!(verdict(&verifier, &broken), "malformed", "{short:?}");
    }
    assert_eq!(verdict(&verifier, &format!("{header}.{payload}.")), "signature", "no signature");
    let zeros = format!("{header}.{payload}.{}", "A".repeat(86));
    assert_eq!(verdict(&verifier, &zeros), "signature", "CVE-2022-21449");
    assert_eq!(verdict(&verifier, &format!("{header}.{payload}.{signature}AA")), "signature", "too long");
}

#[test]
fn keys_are_found_by_id_or_where_there_is_no_choice() {
    let clock = TestClock::at(NOW);
    let key = |algorithm, id: &str| SigningKey::generate(algorithm).with_id(id);
    let (old, new) = (key(Algorithm::Es256, "old"), key(Algorithm::Es256, "new"));
    let (curve, nameless) = (key(Algorithm::EdDsa, "curve"), SigningKey::generate(Algorithm::Es384));
    let other = SigningKey::generate(Algorithm::Es384);
    let all = [&old, &new, &curve, &nameless].map(SigningKey::verifying_key);
    let all = verifier(KeySet::new(all).unwrap(), &clock);
    assert_eq!(verdict(&all, &old.sign("JWT", &honest())), "ok");
    assert_eq!(verdict(&all, &new.sign("JWT", &honest())), "ok");
    let anonymous = |key: &SigningKey, alg| key.sign_raw(&format!(r#"{{"alg":"{alg}"}}"#), &honest());
    assert_eq!(verdict(&all, &anonymous(&curve, "EdDSA")), "ok", "the only one of its algorithm");
    assert_eq!(verdict(&all, &anonymous(&curve, "Ed25519")), "ok", "RFC 9864's name");
    assert_eq!(verdict(&all, &anonymous(&old, "ES256")), "key-unknown", "two of them: never tried in turn");
    let named = nameless.sign_raw(r#"{"alg":"ES384","kid":"whatever"}"#, &honest());
    assert_eq!(verdict(&all, &named), "ok", "the key has no id to compare");
    assert_eq!(verdict(&all, &other.sign("JWT", &honest())), "signature");
    assert_eq!(verdict(&all, &key(Algorithm::EdDsa, "old").sign("JWT", &honest())), "algorithm");
}

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
fn bearer_reads_authorization_by_the_grammar_and_nothing_else() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Hs256);
    let bearer = Bearer::new(verifier(key.verifying_key(), &clock));
    let token = key.sign("JWT", &honest());
    let judge = |value: &[u8]| {
        let (mut req, ()) = Request::get(format!("/?access_token={token}")).body(()).unwrap().into_parts();
        req.headers.insert("authorization", HeaderValue::from_bytes(value).unwrap());
        match bearer.authenticate(&mut req) {
            Attempt::Absent => "absent".to_owned(),
            Attempt::Proved(who) => who.subject().to_owned(),
            Attempt::Refused(rejection) => rejection.code().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    for good in ["Bearer ", "bearer ", "BEARER ", "bEaReR   "] {
        assert_eq!(judge(format!("{good}{token}").as_bytes()), "ada", "{good:?}");
    }
    for malformed in [
        "Bearer",
        "Bearer ",
        "Bearer\tx",
        "Bearer x y",
        "Bearer x,y",
        "Bearer \"x\"",
        "Bearer é",
        "Bearer =",
        "Bearer \u{1f511}",
    ] {
        assert_eq!(judge(malformed.as_bytes()), "auth.token-malformed", "{malformed:?}");
    }
    assert_eq!(judge(b"Bearer \xff.\xff.\xff"), "auth.token-malformed");
    assert_eq!(judge(format!("Bearer {token} ").as_bytes()), "auth.token-malformed");
    assert_eq!(judge(format!("Bearer {token}, Bearer {token}").as_bytes()), "auth.token-malformed");
    for absent in ["", "Basic YTpi", "Bearerx y", "Bear", "Token x"] {
        assert_eq!(judge(absent.as_bytes()), "absent", "{absent:?}");
    }
    let (mut req, ()) = Request::get(format!("/?access_token={token}")).body(()).unwrap().into_parts();
    assert!(matches!(bearer.authenticate(&mut req), Attempt::Absent), "never from the query");
}

#[test]
fn a_refusal_says_why_in_words_that_give_nothing_away() {
    let clock = TestClock::at(NOW + 5000);
    let key = SigningKey::generate(Algorithm::Hs256);
    let verifier = verifier(key.verifying_key(), &clock);
    let token = key.sign("JWT", &claims(json!({"sub": "secret-subject"})));
    let refused = Rejection::from(verifier.verify(&token).unwrap_err());
    let [challenge] = refused.challenges() else { panic!("one challenge") };
    assert_eq!(
        challenge.to_string(),
        r#"Bearer error="invalid_token", error_description="the token has expired""#
    );
    let shown = format!("{refused:?} {refused} {verifier:?} {key:?} {:?}", key.verifying_key());
    for secret in ["secret-subject", parts(&token)[2]] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let nasty = "a\r\nx-evil: 1\u{1b}[31m".to_owned() + &"k".repeat(5000);
    let header = json!({"alg": nasty}).to_string();
    let error = verifier.verify(&key.sign_raw(&header, &honest())).unwrap_err();
    let log = error.log().unwrap();
    assert!(log.len() < 200 && !log.contains(['\r', '\n', '\u{1b}']), "{log:?}");
}

#[test]
fn a_jwks_file_is_read_again_and_a_bad_one_keeps_the_old_keys() {
    let clock = TestClock::at(NOW);
    let path = std::env::temp_dir().join(format!("enfilade-jwks-{}.json", std::process::id()));
    let write = |keys: &[&SigningKey]| {
        let keys: Vec<_> = keys.iter().map(|key| key.to_jwk().unwrap()).collect();
        fs::write(&path, format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap();
    };
    let (old, new) = (
        SigningKey::generate(Algorithm::Es256).with_id("1"),
        SigningKey::generate(Algorithm::Es256).with_id("2"),
    );
    assert!(matches!(JwksFile::open(&path).unwrap_err(), ConfigError::File { .. }), "unreadable at start");
    write(&[&old]);
    let file = JwksFile::open(&path).unwrap();
    let verifier = verifier(&file, &clock);
    let (by_old, by_new) = (old.sign("JWT", &honest()), new.sign("JWT", &honest()));
    let both = || (verdict(&verifier, &by_old), verdict(&verifier, &by_new));
    assert_eq!(both(), ("ok", "key-unknown"));
    assert!(!file.reload().unwrap(), "nothing changed");

    write(&[&old, &new]);
    assert!(file.reload().unwrap());
    assert_eq!(both(), ("ok", "ok"));
    for bad in [
        "",
        "{",
        "{}",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        fs::write(&path, bad).unwrap();
        let error = file.reload().unwrap_err().to_string();
        assert!(error.contains("enfilade-jwks"), "{error}");
        assert_eq!(both(), ("ok", "ok"), "{bad:?}");
    }
    fs::remove_file(&path).unwrap();
    assert!(file.reload().is_err());
    assert_eq!(both(), ("ok", "ok"), "the file is gone");

    write(&[&new]);
    assert!(file.reload().unwrap());
    assert_eq!(both(), ("key-unknown", "ok"), "the withdrawn key counts no more, remembered or not");
    fs::write(&path, " ".repeat(2000)).unwrap();
    let small = JwksFile::builder(&path).with_max_file_size(1000).open().unwrap_err();
    assert!(small.to_string().contains("1000 bytes"), "{small}");
    fs::remove_file(&path).unwrap();
}

#[test]
fn keys_that_are_not_meant_for_it_are_left_out_and_wrong_ones_refused() {
    let rsa = SigningKey::generate(Algorithm::Rs256).to_jwk().unwrap();
    let secret = r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
    let curve = SigningKey::generate(Algorithm::Es256).to_jwk().unwrap();
    let ok = |keys: &[&str]| KeySet::from_jwks(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")));
    let set = ok(&[
        &rsa,
        r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#,
        r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#,
        r#"{"kty":"AKP","alg":"ML-DSA-44"}"#,
        r#"{"kty":"RSA","use":"enc"}"#,
        r#"{"kty":"RSA","key_ops":["sign"],"kid":"s"}"#,
        r#"{"kty":"RSA","alg":"RSA-OAEP"}"#,
        r#"{"kty":"oct","alg":"A128KW","k":"AA"}"#,
    ])
    .unwrap();
    assert_eq!((set.len(), set.left_out().len()), (1, 7));
    assert_eq!(set.left_out()[4], "keys[5] (\"s\"): `key_ops` lacks \"verify\"");
    for wrong in [
        r#"{"kty":null}"#,
        r#"{"use":"sig"}"#,
        r#"{"kty":"oct"}"#,
        r#"{"kty":"oct","k":null}"#,
        r#"{"kty":"oct","k":"AAAA"}"#,
        r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}"#,
        r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":null}"#,
        r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"RS256"}"#,
        r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","kid":1}"#,
        r#"{"kty":"oct","k":"AA","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        r#"{"kty":"EC","x":"AA","y":"AA"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#,
        r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
        &rsa.replace("AQAB", "AQ"),
        &rsa.replace("AQAB", "AAEAAQ"),
        &rsa.replace("RS256", "ES256"),
        &curve.replace("P-256", "P-384"),
        &curve.replace(r#""x":""#, r#""x":"AAAA"#),
    ] {
        assert!(ok(&[wrong]).is_err(), "{wrong}");
        assert!(ok(&[&rsa, wrong]).is_err(), "beside a good one: {wrong}");
    }
    assert!(ok(&[secret]).is_ok());
    assert!(ok(&[secret, &rsa]).is_err(), "secrets beside public keys");
    let twice = rsa.replacen('{', r#"{"kid":"a","#, 1);
    assert!(ok(&[&twice, &twice]).is_err(), "one id, two keys");
    let without_alg = rsa.replace(r#","alg":"RS256""#, "");
    assert_ne!(without_alg, rsa);
    assert_eq!(VerifyingKey::from_jwk(&without_alg).unwrap().algorithm(), Algorithm::Rs256);
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
