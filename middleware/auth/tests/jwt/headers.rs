//! What a token says about itself: its header, and the key that it names.

use enfilade_auth::jwt::{Algorithm, SigningKey};
use enfilade_test::TestClock;

use crate::{NOW, honest, parts, verdict, verifier};

/// A header that our own key signed, and the verdict.
const HEADERS: &[(&str, &str)] = &[
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

#[test]
fn hostile_headers_are_refused_though_the_signature_be_good() {
    let clock = TestClock::at(NOW);
    let key = SigningKey::generate(Algorithm::Es256).with_id("k");
    let stranger = SigningKey::generate(Algorithm::Es256).with_id("k");
    let verifier = verifier(key.verifying_key(), &clock);
    let embedded = format!(r#"{{"alg":"ES256","jwk":{}}}"#, stranger.to_jwk().unwrap());
    assert_eq!(verdict(&verifier, &key.sign_raw(&embedded, &honest())), "ok");
    for (header, expected) in HEADERS {
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
