//! Broken shapes: cut, padded, doubled, too long; and the words of a refusal.

use enfilade_auth::{
    Attempt, Authenticator, Bearer, Rejection,
    jwt::{Algorithm, SigningKey},
};
use enfilade_test::TestClock;
use http::{HeaderValue, Request};
use serde_json::json;

use crate::{NOW, claims, honest, parts, verdict, verifier};

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
