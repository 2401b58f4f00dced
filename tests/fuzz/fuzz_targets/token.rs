//! Nothing passes for a token but what its issuer signed, and of that only what keeps every rule.
//!
//! ```text
//! 0  input as a token                       never proved
//! 1  a good token, changed by input         proved only with the same header and claims, to the byte
//! 2  input as claims, rightly signed        proved only if issuer, audience, subject and expiry are there and right
//! 3  input as a header, rightly signed      proved only if it names algorithm and type, and nothing critical
//! ```
#![no_main]

use std::sync::LazyLock;

use enfilade_auth::{Verifier, jwt::KeySet};
use enfilade_test::{TestClock, issuer::Issuer};
use serde_json::Value;

const NOW: u64 = 1_800_000_000;

struct World {
    issuer: Issuer,
    verifier: Verifier,
    good: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let time = TestClock::at(NOW);
    let issuer = Issuer::new().with_clock(time.clock());
    let keys = KeySet::from_jwks(&issuer.jwks().to_string()).expect("the issuer's keys");
    let settings = Verifier::builder(keys).with_issuer(issuer.name()).with_audience(issuer.audience());
    let verifier = settings.with_clock(time.clock()).build().expect("good settings");
    let good = issuer.token("ada").scope("read").sign();
    World { issuer, verifier, good }
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((way, rest)) = data.split_first() else { return };
    let World { issuer, verifier, good } = &*WORLD;
    match way % 4 {
        0 => {
            if let Ok(text) = str::from_utf8(rest) {
                // libFuzzer learns from comparisons, and so may have found the good one.
                assert!(verifier.verify(text).is_err() || signed(text) == signed(good), "{text}");
            }
        }
        1 => {
            let Ok(text) = String::from_utf8(fuzz::changed(good.as_bytes(), rest)) else { return };
            match verifier.verify(&text) {
                Ok(who) => assert!(signed(&text) == signed(good) && who.subject() == "ada", "{text}"),
                Err(_) => assert_ne!(text, *good),
            }
        }
        2 => {
            let Ok(who) = verifier.verify(&issuer.token("ada").payload_bytes(rest).sign()) else { return };
            let claims: Value = who.claims().expect("what was believed can be read");
            assert_eq!(claims["iss"], issuer.name());
            assert_eq!(claims["sub"], who.subject());
            let audience = issuer.audience();
            let listed = claims["aud"].as_array().is_some_and(|all| all.iter().any(|one| one == audience));
            assert!(claims["aud"] == audience || listed);
            assert!(claims["exp"].as_f64().is_some_and(|exp| exp + 300.0 > NOW as f64));
            assert!(who.claims_json().is_some_and(|json| json.as_bytes() == rest));
        }
        _ => {
            if verifier.verify(&issuer.token("ada").header_bytes(rest).sign()).is_ok() {
                let Some(header) = json(rest) else { return };
                assert_eq!(header["alg"], "ES256");
                // Without `with_types`, a token may have no type.
                let typ = header.get("typ").map(|typ| typ.as_str().expect("text").to_ascii_lowercase());
                let short = typ.as_ref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
                assert!(matches!(short, None | Some("at+jwt" | "jwt")), "{typ:?}");
                assert!(header.get("crit").is_none());
            }
        }
    }
});

/// All but the signature; ES256 has two for each signing, and both are good.
fn signed(token: &str) -> Option<&str> {
    token.rsplit_once('.').map(|(signed, _)| signed)
}

/// A header that was believed is JSON; only a number may be too large for `serde_json`, in a member that nobody reads.
fn json(text: &[u8]) -> Option<Value> {
    let read = serde_json::from_slice(text);
    read.map_err(|error| assert!(error.to_string().starts_with("number out of range"), "{error}")).ok()
}
