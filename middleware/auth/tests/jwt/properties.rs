//! Properties: no text panics, and a token is accepted exactly when a second, plainer judge would accept it.

use enfilade_auth::{
    Attempt, Authenticator, Bearer,
    jwt::{Algorithm, KeySet, SigningKey, Verifier, VerifyingKey},
};
use enfilade_test::TestClock;
use http::{HeaderValue, Request};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

const NOW: u64 = 1_800_000_000;
const LEEWAY: f64 = 60.0;

fn key() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).expect("long enough")
}

fn verifier() -> Verifier {
    let settings = Verifier::builder(key().verifying_key()).with_issuer("i").with_audience("a");
    settings.with_clock(TestClock::at(NOW).clock()).build().expect("good settings")
}

/// The members of a claims object as they are written, doubled ones included.
fn members() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let texts = select(vec![r#""i""#, r#""a""#, r#""ada""#, r#""""#, r#""a\u0000""#, r#""x y""#])
        .prop_map(str::to_owned);
    let numbers = prop_oneof![
        (-200i64..200).prop_map(|off| NOW.saturating_add_signed(off).to_string()),
        (-200.0..200.0f64).prop_map(|off| (1.8e9 + off).to_string()),
        any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
    ];
    let odd =
        select(vec!["null", "true", "{}", "[]", r#"["a"]"#, r#"["b","a"]"#, r#"["a",1]"#, r#"[["a"]]"#]);
    let value = prop_oneof![texts, numbers, odd.prop_map(str::to_owned)];
    let names =
        vec!["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "amr", "acr", "roles", "x", ""];
    let good: Vec<(&str, String)> =
        [("iss", r#""i""#), ("sub", r#""ada""#), ("aud", r#"["a"]"#), ("exp", "1800000100")]
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec();
    (Just(good), vec((select(names), value), 0..3), any::<u8>()).prop_map(|(mut good, more, drop)| {
        if usize::from(drop) < good.len() {
            good.remove(usize::from(drop));
        }
        // Half of the time a member replaces the honest one, else it stands beside it.
        if drop % 2 == 0 {
            good.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        }
        good.into_iter().chain(more).collect()
    })
}

/// Whether every rule holds, by a judge that shares no code with ours.
fn is_good(members: &[(&str, String)]) -> bool {
    let get = |name: &str| members.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let value = |name: &str| get(name).map(|text| serde_json::from_str::<Value>(text).unwrap_or(Value::Null));
    let unique = members
        .iter()
        .enumerate()
        .all(|(at, (name, _))| members[..at].iter().all(|(other, _)| other != name));
    let text = |name: &str| {
        value(name).is_none_or(|v| v.as_str().is_some_and(|t| !t.is_empty() && !t.contains(char::is_control)))
    };
    let strings = |v: &Value| v.as_array().is_some_and(|words| words.iter().all(Value::is_string));
    let time = |name: &str| value(name).map(|v| v.as_f64().filter(|t| *t >= 0.0 && !t.is_sign_negative()));
    let times_fit = ["exp", "nbf", "iat"].iter().all(|name| match time(name) {
        None => true,
        Some(None) => false,
        Some(Some(t)) => (if *name == "exp" { t.floor() } else { t.ceil() }) <= 253_402_300_799.0,
    });
    let now = 1.8e9;
    unique
        && ["iss", "sub", "jti", "acr"].iter().all(|name| text(name))
        && value("iss") == Some("i".into())
        && value("sub").is_some()
        && value("aud").is_some_and(|v| {
            v == "a" || (strings(&v) && v.as_array().is_some_and(|w| w.contains(&"a".into())))
        })
        && value("amr").is_none_or(|v| strings(&v))
        && value("roles").is_none_or(|v| v.is_string() || strings(&v))
        && value("scope")
            .is_none_or(|v| (v.is_string() && !get("scope").is_some_and(|t| t.contains('\\'))) || strings(&v))
        && times_fit
        && time("exp").flatten().is_some_and(|t| now < t.floor() + LEEWAY)
        && time("nbf").flatten().is_none_or(|t| t.ceil() <= now + LEEWAY)
        && time("iat").flatten().is_none_or(|t| t.ceil() <= now + LEEWAY)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_token_is_accepted_exactly_when_every_rule_holds(members in members()) {
        let text: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let claims = format!("{{{}}}", text.join(","));
        let verifier = verifier();
        let token = key().sign("JWT", &claims);
        let verdict = verifier.verify(&token);
        prop_assert_eq!(verdict.is_ok(), is_good(&members), "{}: {:?}", claims, verdict);
        prop_assert_eq!(verifier.verify(&token).is_ok(), verdict.is_ok(), "the second time");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_payload_is_judged_without_a_panic(payload in "\\PC{0,80}|[{}\\[\\]\",:0-9a-z\\\\.eE+-]{0,80}") {
        let _ = verifier().verify(&key().sign("JWT", &payload));
    }

    #[test]
    fn any_header_is_judged_without_a_panic(header in "\\PC{0,80}|\\{(\"(alg|kid|typ|crit)\":(\"HS256\"|null|1|\\[\\]),?){0,4}\\}") {
        let _ = verifier().verify(&key().sign_raw(&header, "{}"));
    }

    #[test]
    fn any_bytes_in_authorization_are_judged_without_a_panic(tail in vec(any::<u8>(), 0..200)) {
        let bytes: Vec<u8> = b"Bearer ".iter().chain(&tail).copied().collect();
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let (mut req, ()) = Request::new(()).into_parts();
            req.headers.insert("authorization", value);
            let refused = matches!(Bearer::new(verifier()).authenticate(&mut req), Attempt::Refused(_));
            prop_assert!(refused);
        }
    }

    /// A good token with one byte changed, added or taken away is another token, and not a good one.
    #[test]
    fn no_neighbour_of_a_good_token_is_good(at in any::<prop::sample::Index>(), byte in 0x20u8..0x7f, how in 0..3) {
        let token = key().sign("JWT", r#"{"iss":"i","aud":"a","sub":"ada","exp":1800000100}"#);
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => { bytes.remove(at); }
        }
        let other = String::from_utf8(bytes).unwrap();
        prop_assume!(other != token);
        prop_assert!(verifier().verify(&other).is_err(), "{}", other);
    }

    #[test]
    fn any_text_is_read_as_keys_without_a_panic(text in "\\PC{0,80}|\\{\"keys\":\\[(\\{(\"(kty|alg|use|k|n|e|x|y|crv)\":\"[A-Za-z0-9-]{0,8}\",?){0,5}\\},?){0,2}\\]\\}") {
        let _ = (KeySet::from_jwks(&text), VerifyingKey::from_jwk(&text), VerifyingKey::from_pem(&text));
    }

    #[test]
    fn any_der_is_read_without_a_panic(der in vec(any::<u8>(), 0..120), prefix in select(vec![0, 4, 30])) {
        const SPKI: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA";
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}{}\n-----END PUBLIC KEY-----", &SPKI[..prefix / 4 * 4], base64(&der));
        prop_assert!(VerifyingKey::from_pem(&pem).is_err());
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.chunks_exact(3).map(|c| u32::from_be_bytes([0, c[0], c[1], c[2]]));
    whole
        .flat_map(|bits| [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift) as usize & 63])))
        .collect()
}
