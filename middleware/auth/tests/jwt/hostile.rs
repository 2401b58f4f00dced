//! The issuer's whole list of bad tokens, and of strange good ones, for every algorithm, bare and through `Auth`.

use std::time::Duration;

use enfilade_auth::{
    Auth, Bearer, Gate, Principal,
    jwt::{Algorithm, KeySet, Keys, Verifier},
};
use enfilade_test::{
    TestClock,
    issuer::{Alg, Issuer, Target},
};
use http::{HeaderValue, Request};

use crate::{NOW, keys_of, trusting};

/// The algorithms that are offered here.
fn offered() -> impl Iterator<Item = Alg> {
    Alg::ALL.into_iter().filter(|alg| Algorithm::parse(alg.as_str()).is_some())
}

fn code(verifier: &Verifier, token: &str) -> Option<&'static str> {
    verifier.verify(token).err().map(|error| error.fault().code())
}

#[test]
fn every_hostile_token_is_refused_with_its_code_and_every_strange_good_one_passes() {
    let clock = TestClock::at(NOW);
    for alg in offered() {
        let issuer = Issuer::new().with_clock(clock.clock()).with_alg(alg);
        let verifier = trusting(&issuer, &clock).build().unwrap();
        issuer.assert_refuses_hostile(|token| {
            let judged = code(&verifier, token);
            assert_eq!(code(&verifier, token), judged, "the second time, when what was good is remembered");
            judged
        });
    }
}

#[test]
fn through_the_link_each_is_a_401_with_the_same_code() {
    let clock = TestClock::at(NOW);
    let issuer = Issuer::new().with_clock(clock.clock());
    let verifier = trusting(&issuer, &clock).build().unwrap();
    let auth = Auth::new(Bearer::new(verifier.clone()));
    let mut through = 0;
    issuer.assert_refuses_hostile(|token| {
        // What no HTTP/1 header can carry was refused at the door; the verifier is asked all the same.
        let Ok(value) = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()) else {
            return code(&verifier, token);
        };
        through += 1;
        let (mut req, ()) = Request::new(()).into_parts();
        req.headers.insert("authorization", value);
        let Err(refused) = auth.enter(&mut req) else {
            assert!(!Principal::of(&req.extensions).unwrap().is_anonymous());
            return None;
        };
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.challenges()[0].param("error"), Some("invalid_token"));
        Some(refused.code())
    });
    assert!(through > 300, "{through}");
}

#[test]
fn stricter_settings_refuse_more() {
    let clock = TestClock::at(NOW);
    let issuer = Issuer::new().with_clock(clock.clock());
    for (target, builder) in [
        (Target::new().with_types(["at+jwt"]), trusting(&issuer, &clock).with_types(["application/at+jwt"])),
        (Target::new().with_leeway(Duration::ZERO), trusting(&issuer, &clock).with_leeway(Duration::ZERO)),
        (
            Target::new().with_leeway(Duration::from_secs(300)),
            trusting(&issuer, &clock).with_leeway(Duration::from_secs(300)).with_cache_bytes(0),
        ),
    ] {
        let verifier = builder.build().unwrap();
        issuer.assert_refuses_hostile_for(&target, |token| code(&verifier, token));
    }
}

#[test]
fn an_algorithm_that_is_not_offered_is_refused_by_its_name() {
    let clock = TestClock::at(NOW);
    let issuer = Issuer::new().with_clock(clock.clock());
    let verifier = trusting(&issuer, &clock).build().unwrap();
    let mut others = Alg::ALL.into_iter().filter(|alg| Algorithm::parse(alg.as_str()).is_none());
    for alg in others.by_ref() {
        let strange = issuer.clone().with_alg(alg);
        assert_eq!(code(&verifier, &strange.token("ada").sign()), Some("auth.token-algorithm"), "{alg}");
        let set = KeySet::from_jwks(&issuer.clone().and_alg(alg).jwks().to_string()).unwrap();
        assert_eq!((set.len(), set.left_out().len()), (1, 1), "{alg} is left out of a set");
    }
}

#[test]
fn an_issuer_that_publishes_many_keys_is_judged_by_the_one_that_is_named() {
    let clock = TestClock::at(NOW);
    let several = offered().filter(|alg| !alg.is_shared_secret() && *alg != Alg::Es256);
    let issuer = several.fold(Issuer::new().with_clock(clock.clock()), Issuer::and_alg);
    issuer.rotate();
    let verifier = trusting(&issuer, &clock).build().unwrap();
    issuer.assert_refuses_hostile(|token| code(&verifier, token));
    for key in issuer.keys() {
        for other in issuer.keys().iter().filter(|other| other.alg() != key.alg()) {
            let token = issuer.token("ada").key(&key).header("kid", other.id()).sign();
            assert_eq!(code(&verifier, &token), Some("auth.token-algorithm"), "{key:?} as {other:?}");
        }
    }
    let nameless = issuer.token("ada").without_header("kid").sign();
    assert_eq!(
        code(&verifier, &nameless),
        Some("auth.token-key-unknown"),
        "two of them: never tried in turn"
    );
}

#[test]
fn a_key_that_was_retired_signs_no_more() {
    let clock = TestClock::at(NOW);
    let issuer = Issuer::new().with_clock(clock.clock());
    let before = issuer.token("ada").sign();
    let keys = Keys::from(keys_of(&issuer));
    let verifier = crate::verifier(keys.clone(), &clock);
    let reload = || keys.replace(keys_of(&issuer));
    assert_eq!(code(&verifier, &before), None);

    issuer.rotate();
    let after = issuer.token("ada").sign();
    assert_eq!(code(&verifier, &after), Some("auth.token-key-unknown"), "not read yet");
    reload();
    assert_eq!((code(&verifier, &before), code(&verifier, &after)), (None, None));

    issuer.retire();
    reload();
    assert_eq!(code(&verifier, &before), Some("auth.token-key-unknown"));
    assert_eq!(code(&verifier, &after), None);
    issuer.assert_refuses_hostile(|token| code(&verifier, token));
}

/// A verifier may refuse these; ours does not look at them.
#[test]
fn nothing_that_a_token_brings_along_says_how_it_is_judged_right_or_wrong() {
    let clock = TestClock::at(NOW);
    let issuer = Issuer::new().with_clock(clock.clock());
    let verifier = trusting(&issuer, &clock).build().unwrap();
    for (name, json) in
        [("jwk", "null"), ("jwk", "17"), ("x5c", "17"), ("jku", "[]"), ("cty", "{}"), ("zip", "1")]
    {
        assert_eq!(
            code(&verifier, &issuer.token("ada").raw_header(name, json).sign()),
            None,
            "{name}: {json}"
        );
    }
}
