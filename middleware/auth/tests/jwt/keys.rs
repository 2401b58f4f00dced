//! Keys: each algorithm, sets, JWKS files, and which keys are refused.

use std::{fs, time::Duration};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use base64::Engine;
use enfilade_auth::{
    Clock, ConfigError,
    jwt::{Algorithm, JwksFile, KeySet, Keys, SigningKey, VerifyingKey},
};
use enfilade_test::TestClock;

use crate::{NOW, honest, issuer, openssl, parts, verdict, verifier};

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
        let other = key.sign("JWT", &honest().replace("\"ada\"", "\"eve\""));
        let payload = parts(&other)[1];
        assert_eq!(verdict(&by_key, &format!("{header}.{payload}.{signature}")), "signature");
        if let Some(jwk) = key.to_jwk() {
            let by_jwk = verifier(VerifyingKey::from_jwk(&jwk).unwrap(), &clock);
            assert_eq!(verdict(&by_jwk, &token), "ok", "{algorithm} from its JWK");
        }
    }
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
    let unknown = key(Algorithm::Rs256, "third").sign("JWT", &honest());
    assert_eq!(
        verdict(&all, &unknown),
        "key-unknown",
        "the key says which algorithm, so the key comes first"
    );
    assert_eq!(verdict(&all, &key(Algorithm::EdDsa, "old").sign("JWT", &honest())), "algorithm");
}

#[test]
fn a_jwks_file_is_read_again_and_a_bad_one_keeps_the_old_keys() {
    let clock = TestClock::at(NOW);
    let path = std::env::temp_dir().join(format!("enfilade-jwks-{}.json", std::process::id()));
    let issuer = issuer(&clock);
    let write = || fs::write(&path, issuer.jwks().to_string()).unwrap();
    assert!(matches!(JwksFile::open(&path).unwrap_err(), ConfigError::File { .. }), "unreadable at start");
    write();
    let file = JwksFile::open(&path).unwrap();
    let verifier = verifier(&file, &clock);
    let by_old = issuer.token("ada").sign();
    issuer.rotate();
    let by_new = issuer.token("ada").sign();
    let both = || (verdict(&verifier, &by_old), verdict(&verifier, &by_new));
    assert_eq!(both(), ("ok", "key-unknown"));
    assert!(!file.reload().unwrap(), "nothing changed");

    write();
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

    issuer.retire();
    write();
    assert!(file.reload().unwrap());
    assert_eq!(both(), ("key-unknown", "ok"), "the withdrawn key counts no more, remembered or not");
    fs::write(&path, " ".repeat(2000)).unwrap();
    let small = JwksFile::builder(&path).with_max_file_size(1000).open().unwrap_err();
    assert!(small.to_string().contains("1000 bytes"), "{small}");
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_watched_file_is_read_again_by_itself() {
    let path = std::env::temp_dir().join(format!("enfilade-jwks-watched-{}.json", std::process::id()));
    let write = |id: &str| {
        let key = SigningKey::generate(Algorithm::Es256).with_id(id).to_jwk().unwrap();
        let next = path.with_extension("next");
        fs::write(&next, format!(r#"{{"keys":[{key}]}}"#)).unwrap();
        fs::rename(&next, &path).unwrap();
    };
    write("1");
    let keys: Keys = JwksFile::open(&path).unwrap().watched(Duration::ZERO).unwrap().into();
    write("2");
    let clock = Clock::system();
    let deadline = clock.monotonic() + Duration::from_secs(10);
    while keys.generation() == 0 {
        assert!(clock.monotonic() < deadline, "the new file was not read");
        std::thread::yield_now();
    }
    assert!(keys.current().find(Some("2"), Algorithm::Es256).is_some());
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
    for quoted in [r#""hunter2""#, r#"{"keys":"hunter2"}"#, r#"{"keys":[{"kty":"oct","key_ops":"hunter2"}]}"#]
    {
        let error = KeySet::from_jwks(quoted).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "a secret in the wrong place: {error}");
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
fn openssls_keys_and_signatures_are_understood() {
    let clock = TestClock::at(NOW);
    for (algorithm, pem, token) in openssl::TOKENS {
        let key = VerifyingKey::from_pem_for(algorithm, pem).unwrap();
        assert_eq!(verdict(&verifier(key, &clock), token), "ok", "{algorithm}");
        let plain = VerifyingKey::from_pem(pem).unwrap();
        let expected = if algorithm == Algorithm::Ps256 { "algorithm" } else { "ok" };
        assert_eq!(verdict(&verifier(plain, &clock), token), expected, "an RSA key is bound to RS256");
        let windows = format!("a note\r\n{}\r\n", pem.replace('\n', "\r\n"));
        assert!(VerifyingKey::from_pem(&windows).is_ok(), "{algorithm}");
    }
}

#[test]
fn pem_that_is_no_single_public_key_is_refused() {
    let good = openssl::RSA;
    for bad in [
        String::new(),
        good.replace("PUBLIC", "PRIVATE"),
        good.replace("BEGIN PUBLIC", "BEGIN RSA PUBLIC"),
        good.replace("-----END PUBLIC KEY-----", ""),
        format!("{good}\n{}", openssl::ED),
        good.replacen('M', "?", 1),
        good.replacen("MII", "MIA", 1),
        good.replacen("AQEF", "AQEG", 1),
        openssl::P256.replacen("MF", "MG", 1),
        openssl::ED.replacen("MCo", "MCs", 1),
    ] {
        assert!(VerifyingKey::from_pem(&bad).is_err(), "{bad}");
    }
    assert!(VerifyingKey::from_pem_for(Algorithm::Es384, openssl::P256).is_err());
    assert!(VerifyingKey::from_pem_for(Algorithm::Hs256, good).is_err());
    assert!(VerifyingKey::from_pem_for(Algorithm::Rs256, openssl::ED).is_err());
}

#[test]
fn private_keys_in_pkcs8_sign() {
    let clock = TestClock::at(NOW);
    let pem = |der: &[u8]| {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    };
    let rng = SystemRandom::new();
    let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    let ed = Ed25519KeyPair::generate_pkcs8(&rng).unwrap();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa = AsDer::<Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
    let keys = [
        (Algorithm::Es256, p256.as_ref()),
        (Algorithm::EdDsa, ed.as_ref()),
        (Algorithm::Rs256, rsa.as_ref()),
        (Algorithm::Ps512, rsa.as_ref()),
    ];
    for (algorithm, der) in keys {
        let key = SigningKey::from_pkcs8_pem(algorithm, &pem(der)).unwrap();
        assert_eq!(verdict(&verifier(key.verifying_key(), &clock), &key.sign("JWT", &honest())), "ok");
        let wrong = if algorithm == Algorithm::EdDsa { Algorithm::Rs256 } else { Algorithm::EdDsa };
        assert!(SigningKey::from_pkcs8_pem(wrong, &pem(der)).is_err());
        assert!(SigningKey::from_pkcs8_pem(algorithm, &pem(&der[..der.len() - 1])).is_err());
    }
    assert!(SigningKey::from_pkcs8_pem(Algorithm::Hs256, &pem(&[0; 64])).is_err());
}
