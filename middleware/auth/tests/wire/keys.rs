//! An issuer's keys by URL, behind the real server: rotated, withdrawn, not to be had; and three issuers at once.

use std::time::Duration;

use enfilade_auth::{
    Auth, Bearer,
    jwt::{Issuers, JwksUrl, Verifier},
};
use enfilade_test::issuer::{Alg, Endpoint, Issuer, Served, Trouble};

use crate::{
    kit::{BOTH, Site, gate},
    still::Still,
};

/// How long after a fetch no unknown key causes another.
const COOL_DOWN: Duration = Duration::from_secs(30);

async fn verifier_of(served: &Served) -> Verifier {
    let keys = JwksUrl::openid(served.issuer().name()).with_cool_down(COOL_DOWN).start().await.unwrap();
    Verifier::builder(&keys).with_issuer(served.issuer().name()).with_audience("shop").build().unwrap()
}

fn bearer(issuer: &Issuer) -> String {
    format!("Bearer {}", issuer.token("ada").sign())
}

#[tokio::test]
async fn a_key_that_was_published_a_moment_ago_gets_in_and_a_strangers_does_not() {
    let _still = Still::hold();
    for wire in BOTH {
        let served = Issuer::new().serve();
        let site = Site::of([gate(Auth::new(Bearer::new(verifier_of(&served).await)))]);
        assert_eq!(
            site.ask(wire, &[("authorization", &bearer(served.issuer()))]).await.word(),
            "ada",
            "{wire:?}"
        );
        served.issuer().rotate();
        tokio::time::advance(COOL_DOWN + Duration::from_millis(1)).await;
        assert_eq!(
            site.ask(wire, &[("authorization", &bearer(served.issuer()))]).await.word(),
            "ada",
            "{wire:?}"
        );
        let stranger = bearer(&served.issuer().impostor());
        let refused = site.ask(wire, &[("authorization", &stranger)]).await;
        assert_eq!(refused.status, 401, "{wire:?}: {}", refused.body);
    }
}

#[tokio::test]
async fn while_the_issuer_is_down_known_keys_count_and_unknown_ones_are_a_503() {
    let _still = Still::hold();
    for wire in BOTH {
        let served = Issuer::new().serve();
        let site = Site::of([gate(Auth::new(Bearer::new(verifier_of(&served).await)))]);
        let known = bearer(served.issuer());
        served.trouble(Endpoint::Jwks, Trouble::Status(500));
        served.issuer().rotate();
        tokio::time::advance(COOL_DOWN + Duration::from_millis(1)).await;
        assert_eq!(site.ask(wire, &[("authorization", &known)]).await.word(), "ada", "{wire:?}");
        let later = site.ask(wire, &[("authorization", &bearer(served.issuer()))]).await;
        assert_eq!((later.status, &*later.word()), (503, "auth.keys-unavailable"), "{wire:?}");
        assert!(later.headers.contains_key("retry-after") && !later.headers.contains_key("www-authenticate"));
    }
}

#[tokio::test]
async fn each_of_three_issuers_speaks_for_itself_alone() {
    let _still = Still::hold();
    let served = [Alg::Es256, Alg::EdDsa, Alg::Rs256].map(|alg| Issuer::new().with_alg(alg).serve());
    let mut verifiers = Vec::new();
    for issuer in &served {
        verifiers.push(verifier_of(issuer).await);
    }
    let site = Site::of([gate(Auth::new(Bearer::of_issuers(Issuers::new(verifiers).unwrap())))]);
    for wire in BOTH {
        for issuer in &served {
            let issuer = issuer.issuer();
            for _ in 0..2 {
                assert_eq!(
                    site.ask(wire, &[("authorization", &bearer(issuer))]).await.word(),
                    "ada",
                    "{wire:?}"
                );
            }
            for other in served.iter().map(Served::issuer).filter(|other| other.name() != issuer.name()) {
                let posing = issuer.token("ada").claim("iss", other.name()).sign();
                let answer = site.ask(wire, &[("authorization", &format!("Bearer {posing}"))]).await;
                assert_eq!(answer.status, 401, "{wire:?}: {}", answer.body);
            }
        }
        let unlisted = bearer(&Issuer::named("https://evil.example"));
        assert_eq!(
            site.ask(wire, &[("authorization", &unlisted)]).await.word(),
            "auth.token-issuer",
            "{wire:?}"
        );
    }
}
