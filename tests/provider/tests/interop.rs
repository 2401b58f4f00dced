//! Tokens go both ways between enfilade-auth and jsonwebtoken with the backend that shares no code with ours.

use enfilade_auth::jwt::{Algorithm as Ours, SigningKey};
use enfilade_test_provider::{claims, verifier};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto::rust_crypto::DEFAULT_PROVIDER, decode,
    encode, jwk::Jwk,
};
use serde_json::Value;

#[test]
fn tokens_go_both_ways() {
    DEFAULT_PROVIDER.install_default().expect("the first to install one");
    let secret = [7; 64];
    for (ours, theirs) in
        [(Ours::Hs256, Algorithm::HS256), (Ours::Hs384, Algorithm::HS384), (Ours::Hs512, Algorithm::HS512)]
    {
        let key = SigningKey::from_secret(ours, &secret).unwrap();
        let token = encode(&Header::new(theirs), &claims(), &EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(verifier(key.verifying_key()).verify(&token).unwrap().subject(), "ada");
        they_accept(&key.sign("JWT", &claims().to_string()), &DecodingKey::from_secret(&secret), theirs);
    }
    for (ours, theirs) in [
        (Ours::Es256, Algorithm::ES256),
        (Ours::Es384, Algorithm::ES384),
        (Ours::EdDsa, Algorithm::EdDSA),
        (Ours::Rs256, Algorithm::RS256),
        (Ours::Rs512, Algorithm::RS512),
        (Ours::Ps256, Algorithm::PS256),
        (Ours::Ps512, Algorithm::PS512),
    ] {
        let key = SigningKey::generate(ours);
        let jwk: Jwk = serde_json::from_str(&key.to_jwk().unwrap()).unwrap();
        they_accept(&key.sign("JWT", &claims().to_string()), &DecodingKey::from_jwk(&jwk).unwrap(), theirs);
    }
}

fn they_accept(token: &str, key: &DecodingKey, algorithm: Algorithm) {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&["shop"]);
    let data =
        decode::<Value>(token, key, &validation).unwrap_or_else(|error| panic!("{algorithm:?}: {error}"));
    assert_eq!(data.claims["sub"], "ada");
}
