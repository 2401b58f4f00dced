//! Feature unification has given a program both backends, and nobody has installed one (Keats/jsonwebtoken#540).

use std::panic::catch_unwind;

use enfilade_auth::jwt::{Algorithm, KeySet, SigningKey, VerifyingKey};
use enfilade_test_provider::{claims, verifier};
use jsonwebtoken::{EncodingKey, Header, encode};

#[test]
fn enfilade_auth_asks_for_no_process_wide_provider() {
    let theirs = catch_unwind(|| encode(&Header::default(), &claims(), &EncodingKey::from_secret(&[7; 32])));
    assert!(theirs.is_err(), "jsonwebtoken no longer panics here: then this test proves nothing");

    for algorithm in
        [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps384]
    {
        let key = SigningKey::generate(algorithm).with_id("k");
        let token = key.sign("JWT", &claims().to_string());
        assert_eq!(verifier(key.verifying_key()).verify(&token).unwrap().subject(), "ada");
        if let Some(jwk) = key.to_jwk() {
            assert!(verifier(VerifyingKey::from_jwk(&jwk).unwrap()).verify(&token).is_ok());
            assert!(KeySet::from_jwks(&format!(r#"{{"keys":[{jwk}]}}"#)).is_ok());
        }
    }
}
