//! Tokens that are cut, the grammar of `Authorization: Bearer`, and the words of a refusal.

use enfilade_auth::{Attempt, Authenticator, Bearer, Rejection};
use enfilade_test::{TestClock, issuer::Alg};
use http::{HeaderValue, Request};

use crate::{NOW, issuer, parts, trusting, verdict};

#[test]
fn a_token_that_is_cut_anywhere_is_refused() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let verifier = trusting(&issuer, &clock).build().unwrap();
    let token = issuer.token("ada").sign();
    assert_eq!(verdict(&verifier, &token), "ok");
    for end in 0..token.len() {
        assert_ne!(verdict(&verifier, &token[..end]), "ok", "cut at {end}");
    }
    // Behind `Bearer` the grammar allows more blanks than one; a token has none.
    assert_eq!(verdict(&verifier, &format!(" {token}")), "malformed");
}

#[test]
fn bearer_reads_authorization_by_the_grammar_and_nothing_else() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let bearer = Bearer::new(trusting(&issuer, &clock).build().unwrap());
    let token = issuer.token("ada").sign();
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
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock).with_alg(Alg::Hs256);
    let verifier = trusting(&issuer, &clock).build().unwrap();
    let token = issuer.token("secret-subject").sign();
    clock.set_unix(NOW + 5000);
    let refused = Rejection::from(verifier.verify(&token).unwrap_err());
    let [challenge] = refused.challenges() else { panic!("one challenge") };
    assert_eq!(
        challenge.to_string(),
        r#"Bearer error="invalid_token", error_description="the token has expired""#
    );
    let shown = format!("{refused:?} {refused} {verifier:?}");
    for secret in ["secret-subject", parts(&token)[2], issuer.key().jwk()["k"].as_str().unwrap()] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let nasty = "a\r\nx-evil: 1\u{1b}[31m".to_owned() + &"k".repeat(5000);
    let error = verifier.verify(&issuer.token("ada").header("alg", nasty).sign()).unwrap_err();
    let log = error.log().unwrap();
    assert!(log.len() < 200 && !log.contains(['\r', '\n', '\u{1b}']), "{log:?}");
}
