//! Keys by address: rotation, withdrawal, floods, trouble of every kind, and what a request waits for.
//!
//! ```text
//! kit's Issuer ── serve() ──▶ loopback ◀── the task ── Keys ── Verifier ── Bearer ── Auth
//! time: tokio's, paused, moved by hand
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

mod still;

use std::time::Duration;

use enfilade_auth::{
    Auth, Bearer, ConfigError, Gate, Pass, Principal,
    jwt::{JwksUrl, JwksUrlBuilder, TokenFault, Verifier},
};
use enfilade_test::issuer::{Alg, Endpoint, Issuer, Served, Trouble};
use http::Request;

use self::still::Still;

const REFRESH: Duration = Duration::from_secs(300);
const COOL_DOWN: Duration = Duration::from_secs(30);
const MAX_AGE: Duration = Duration::from_secs(3600);

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3_000_000 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never: {what}");
}

/// Lets time pass in steps, so that every timer on the way is heard; and a millisecond more, for tokio rounds each
/// timer up to the next one, and the refresh may draw the whole of its span.
async fn pass(span: Duration) {
    pass_and(span, async || ()).await;
}

/// The same; a fetch that begins on the way has all the real time that it needs.
async fn pass_with(span: Duration, keys: &JwksUrl, served: &Served) {
    pass_and(span, async || until("settled", || !keys.status().is_running || served.held() > 0).await).await;
}

async fn pass_and(span: Duration, settle: impl AsyncFn()) {
    let mut left = span + Duration::from_millis(1);
    settle().await;
    while !left.is_zero() {
        let by = left.min(Duration::from_secs(5));
        tokio::time::advance(by).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        settle().await;
        left -= by;
    }
}

async fn fetched(served: &Served, count: usize) {
    until("a fetch", || served.count(Endpoint::Jwks) >= count).await;
}

async fn changed(keys: &JwksUrl, generation: u64) {
    until("other keys", || keys.keys().generation() >= generation).await;
}

fn verifier(keys: &JwksUrl, served: &Served) -> Verifier {
    let issuer = served.issuer();
    Verifier::builder(keys).with_issuer(issuer.name()).with_audience(issuer.audience()).build().unwrap()
}

/// The subject, or the reason code, as Auth says it.
async fn ask(verifier: &Verifier, token: &str) -> String {
    let auth = Auth::new(Bearer::new(verifier.clone()));
    let req = Request::get("/").header("authorization", format!("Bearer {token}"));
    let (mut req, ()) = req.body(()).unwrap().into_parts();
    let verdict = match auth.enter(&mut req) {
        Ok(Pass::Later(later)) => later.enter(&mut req).await,
        verdict => verdict,
    };
    match verdict {
        Ok(_) => Principal::of(&req.extensions).unwrap().subject().to_owned(),
        Err(refused) => refused.code().to_owned(),
    }
}

async fn start(served: &Served) -> (JwksUrl, Verifier) {
    let keys = JwksUrl::at(served.jwks_url()).start().await.unwrap();
    let verifier = verifier(&keys, served);
    (keys, verifier)
}

fn sign(served: &Served) -> String {
    served.issuer().token("ada").sign()
}

/// A token under an id that the issuer never had.
fn unknown(served: &Served, number: usize) -> String {
    let key = served.issuer().impostor().key().with_id(format!("unknown-{number}"));
    Issuer::named(served.issuer().name()).with_key(key).token("eve").sign()
}

#[tokio::test]
async fn a_rotated_key_is_known_at_its_first_token_and_costs_one_fetch() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (_keys, verifier) = start(&served).await;
    let old = sign(&served);
    assert_eq!(ask(&verifier, &old).await, "ada");
    served.issuer().rotate();
    pass(COOL_DOWN).await;
    assert_eq!(ask(&verifier, &sign(&served)).await, "ada");
    assert_eq!(ask(&verifier, &sign(&served)).await, "ada");
    assert_eq!(ask(&verifier, &old).await, "ada", "the old key is published still");
    assert_eq!(served.count(Endpoint::Jwks), 2);
}

#[tokio::test]
async fn a_flood_of_unknown_kids_costs_one_fetch_for_each_cool_down() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (_keys, verifier) = start(&served).await;
    for fetches in 1..4 {
        // Within the cool-down nobody waits, and nobody fetches.
        for number in 0..50 {
            assert_eq!(ask(&verifier, &unknown(&served, number)).await, "auth.token-key-unknown");
        }
        assert_eq!(served.count(Endpoint::Jwks), fetches);
        pass(COOL_DOWN).await;
        let flood: Vec<_> = (0..200)
            .map(|number| {
                let (verifier, token) = (verifier.clone(), unknown(&served, number));
                tokio::spawn(async move { ask(&verifier, &token).await })
            })
            .collect();
        for one in flood {
            assert_eq!(one.await.unwrap(), "auth.token-key-unknown");
        }
        assert_eq!(served.count(Endpoint::Jwks), fetches + 1, "single flight");
    }
}

#[tokio::test]
async fn a_flood_while_the_issuer_is_down_does_not_wake_it_more_often() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (_keys, verifier) = start(&served).await;
    served.trouble(Endpoint::Jwks, Trouble::Status(500));
    pass(COOL_DOWN).await;
    for number in 0..50 {
        assert_eq!(ask(&verifier, &unknown(&served, number)).await, "auth.keys-unavailable");
    }
    assert_eq!(served.count(Endpoint::Jwks), 2);
    assert_eq!(ask(&verifier, &sign(&served)).await, "ada", "a known key is not asked for");
}

#[tokio::test]
async fn a_withdrawn_key_goes_with_the_refresh_also_for_remembered_tokens() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (keys, verifier) = start(&served).await;
    let old = sign(&served);
    assert_eq!(ask(&verifier, &old).await, "ada");
    served.issuer().rotate();
    served.issuer().retire();
    pass_with(REFRESH, &keys, &served).await;
    changed(&keys, 1).await;
    assert_eq!(ask(&verifier, &old).await, "auth.token-key-unknown");
    assert_eq!(ask(&verifier, &sign(&served)).await, "ada");
}

#[tokio::test]
async fn the_same_keys_again_forget_nothing() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (keys, _verifier) = start(&served).await;
    for fetches in 2..5 {
        pass_with(REFRESH, &keys, &served).await;
        fetched(&served, fetches).await;
    }
    assert_eq!(keys.keys().generation(), 0);
}

fn troubles() -> Vec<(Trouble, &'static str)> {
    let json = "application/json".to_owned();
    vec![
        (Trouble::Status(500), "status 500"),
        (Trouble::Status(404), "status 404"),
        (Trouble::Status(204), "status 204"),
        (Trouble::Close, "keys: "),
        (Trouble::Truncate, "keys: "),
        (Trouble::Oversize(10 << 20), "longer than 262144 bytes"),
        (Trouble::Endless, "longer than 262144 bytes"),
        (Trouble::Redirect("/elsewhere".to_owned()), "status 302"),
        (Trouble::Redirect("http://169.254.169.254/".to_owned()), "status 302"),
        (Trouble::Body("text/html".to_owned(), b"{}".to_vec()), "content type"),
        (Trouble::Body("application/jsonp".to_owned(), b"{\"keys\":[]}".to_vec()), "content type"),
        (Trouble::Body(json.clone(), b"<h1>".to_vec()), "not the JSON of a JWK set"),
        (Trouble::Body(json.clone(), b"{}".to_vec()), "not the JSON of a JWK set"),
        (Trouble::Body(json.clone(), b"{\"keys\":{}}".to_vec()), "not the JSON of a JWK set"),
        (Trouble::Body(json.clone(), b"{\"keys\":[]} x".to_vec()), "not the JSON of a JWK set"),
        (Trouble::Body(json.clone(), b"{\"keys\":[],\"keys\":[]}".to_vec()), "not the JSON of a JWK set"),
        (Trouble::Body(json.clone(), b"\xff".to_vec()), "not UTF-8"),
        (Trouble::Body(json, b"[".repeat(100_000)), "not the JSON of a JWK set"),
    ]
}

#[tokio::test]
async fn keys_that_cannot_be_had_stop_the_start_and_say_why() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    for (trouble, expected) in troubles() {
        served.trouble(Endpoint::Jwks, trouble.clone());
        let error = JwksUrl::at(served.jwks_url()).start().await.unwrap_err().to_string();
        assert!(error.contains(expected) && error.starts_with(&served.jwks_url()), "{trouble:?}: {error}");
    }
    assert_eq!(served.count(Endpoint::Other), 0, "no redirect was followed");
    served.trouble(Endpoint::Jwks, Trouble::Body("application/json".to_owned(), b"{\"keys\":[]}".to_vec()));
    assert!(
        JwksUrl::at(served.jwks_url())
            .start()
            .await
            .unwrap_err()
            .to_string()
            .contains("none is for checking")
    );
}

#[tokio::test]
async fn trouble_at_a_refresh_keeps_the_old_keys() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (keys, verifier) = start(&served).await;
    for (trouble, _) in troubles() {
        served.recover();
        pass_with(REFRESH, &keys, &served).await;
        assert!(keys.status().is_good, "recovered");
        served.trouble(Endpoint::Jwks, trouble.clone());
        pass_with(REFRESH, &keys, &served).await;
        assert!(!keys.status().is_good, "{trouble:?}");
        assert_eq!(ask(&verifier, &sign(&served)).await, "ada", "{trouble:?}");
    }
    assert_eq!(keys.keys().generation(), 0);
}

#[tokio::test]
async fn keys_that_nobody_could_refresh_end_with_their_age_and_come_back() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (keys, verifier) = start(&served).await;
    let token = sign(&served);
    assert_eq!(ask(&verifier, &token).await, "ada");
    served.trouble(Endpoint::Jwks, Trouble::Close);
    pass_with(MAX_AGE.saturating_sub(Duration::from_secs(10)), &keys, &served).await;
    assert_eq!(ask(&verifier, &token).await, "ada", "stale, and still good");
    pass_with(Duration::from_secs(20), &keys, &served).await;
    changed(&keys, 1).await;
    assert_eq!(ask(&verifier, &token).await, "auth.keys-unavailable", "also the remembered token");
    served.recover();
    pass_with(REFRESH, &keys, &served).await;
    changed(&keys, 2).await;
    assert_eq!(ask(&verifier, &token).await, "ada");
}

#[tokio::test]
async fn an_issuer_that_hangs_does_not_keep_old_keys_alive() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let keys = JwksUrl::at(served.jwks_url())
        .with_refresh(Duration::from_secs(100))
        .with_max_age(Duration::from_secs(110))
        .with_timeout(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    served.trouble(Endpoint::Jwks, Trouble::Hold);
    pass(Duration::from_secs(100)).await;
    until("held", || served.held() == 1).await;
    pass(Duration::from_secs(15)).await;
    changed(&keys, 1).await;
    assert!(keys.keys().current().is_empty(), "though the fetch has not ended");
}

#[tokio::test]
async fn a_request_waits_for_a_running_fetch_but_not_for_ever_and_no_other_waits_at_all() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (_keys, verifier) = start(&served).await;
    let old = sign(&served);
    served.issuer().rotate();
    let new = sign(&served);
    served.trouble(Endpoint::Jwks, Trouble::Hold);
    pass(COOL_DOWN).await;
    let waiting = |token: String| {
        let verifier = verifier.clone();
        tokio::spawn(async move { ask(&verifier, &token).await })
    };
    let first = waiting(new.clone());
    until("held", || served.held() == 1).await;
    assert_eq!(ask(&verifier, &old).await, "ada", "no lock is held while a fetch runs");
    pass(Duration::from_secs(3)).await;
    assert_eq!(first.await.unwrap(), "auth.keys-unavailable", "two seconds, and no more");

    let second = waiting(new);
    served.recover();
    served.release();
    assert_eq!(second.await.unwrap(), "ada", "the fetch that it found running brought its key");
    assert_eq!(served.count(Endpoint::Jwks), 2);
}

#[tokio::test]
async fn more_requests_than_may_wait_are_answered_at_once() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (_keys, verifier) = start(&served).await;
    served.trouble(Endpoint::Jwks, Trouble::Hold);
    pass(COOL_DOWN).await;
    let waiting: Vec<_> = (0..256)
        .map(|number| {
            let (verifier, token) = (verifier.clone(), unknown(&served, number));
            tokio::spawn(async move { ask(&verifier, &token).await })
        })
        .collect();
    until("held", || served.held() == 1).await;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&verifier, &unknown(&served, 999)).await, "auth.keys-unavailable");
    served.recover();
    served.release();
    for one in waiting {
        assert_eq!(one.await.unwrap(), "auth.token-key-unknown");
    }
}

#[tokio::test]
async fn a_fetch_that_takes_too_long_is_trouble() {
    let served = Issuer::new().serve();
    for trouble in [Trouble::Hold, Trouble::HoldBody] {
        let still = Still::hold();
        served.trouble(Endpoint::Jwks, trouble);
        let builder = JwksUrl::at(served.jwks_url());
        let start = tokio::spawn(builder.start());
        until("held", || served.held() == 1).await;
        pass(Duration::from_secs(11)).await;
        let error = start.await.unwrap().unwrap_err().to_string();
        assert!(error.contains("no answer within 10s"), "{error}");
        served.release();
        until("let go", || served.held() == 0).await;
        drop(still);
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_service_may_start_while_its_issuer_is_down() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    served.trouble(Endpoint::Jwks, Trouble::Close);
    let keys = JwksUrl::at(served.jwks_url()).start_without_keys().unwrap();
    let verifier = verifier(&keys, &served);
    fetched(&served, 1).await;
    assert_eq!(ask(&verifier, &sign(&served)).await, "auth.keys-unavailable");
    assert_eq!(ask(&verifier, "no.token").await, "auth.token-malformed");
    served.recover();
    pass_with(COOL_DOWN, &keys, &served).await;
    changed(&keys, 1).await;
    assert_eq!(ask(&verifier, &sign(&served)).await, "ada");
}

/// Publishes this list of keys beside the issuer's own.
fn publish(served: &Served, others: &[serde_json::Value]) {
    let mut jwks = served.issuer().jwks();
    jwks["keys"].as_array_mut().unwrap().extend(others.iter().cloned());
    served.trouble(
        Endpoint::Jwks,
        Trouble::Body("application/jwk-set+json".to_owned(), jwks.to_string().into()),
    );
}

#[tokio::test]
async fn a_published_secret_signs_nothing_and_a_bad_key_spoils_no_other() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let secret = Issuer::named(served.issuer().name()).with_alg(Alg::Hs256);
    let twin = served.issuer().impostor().key();
    publish(
        &served,
        &[
            secret.key().jwk(),
            serde_json::json!({"kty": "EC", "crv": "P-256", "kid": "broken", "x": "AA", "y": "AA"}),
            serde_json::json!({"kty": 5}),
            serde_json::json!("key"),
            twin.clone().with_id("twice").jwk(),
            served.issuer().key().with_id("twice").jwk(),
        ],
    );
    let (keys, verifier) = start(&served).await;
    assert_eq!(keys.keys().current().len(), 1, "{:?}", keys.keys().current().left_out());
    assert_eq!(keys.keys().current().left_out().len(), 5);
    assert_eq!(ask(&verifier, &sign(&served)).await, "ada");
    let forged = secret.token("eve").sign();
    assert_ne!(ask(&verifier, &forged).await, "eve");

    // The issuer withdraws its key, and publishes rubbish beside the new one.
    let old = sign(&served);
    served.issuer().rotate();
    served.issuer().retire();
    publish(&served, &[serde_json::json!({"kty": null})]);
    pass_with(REFRESH, &keys, &served).await;
    changed(&keys, 1).await;
    assert_eq!(ask(&verifier, &old).await, "auth.token-key-unknown");
}

#[tokio::test]
async fn an_issuer_that_publishes_no_key_any_more_has_withdrawn_them_all() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (keys, verifier) = start(&served).await;
    served.trouble(Endpoint::Jwks, Trouble::Body("application/json".to_owned(), b"{\"keys\":[]}".to_vec()));
    pass_with(REFRESH, &keys, &served).await;
    changed(&keys, 1).await;
    assert_eq!(ask(&verifier, &sign(&served)).await, "auth.keys-unavailable");
}

#[tokio::test]
async fn the_task_ends_when_nobody_uses_the_keys() {
    let _still = Still::hold();
    let served = Issuer::new().serve();
    let (keys, verifier) = start(&served).await;
    drop((keys, verifier));
    pass(REFRESH * 3).await;
    assert_eq!(served.count(Endpoint::Jwks), 1);
}

#[test]
fn keys_end_with_the_runtime_that_kept_them_fresh() {
    let served = Issuer::new().serve();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (keys, verifier) = runtime.block_on(start(&served));
    let token = sign(&served);
    assert!(verifier.verify(&token).is_ok());
    drop(runtime);
    assert!(keys.keys().current().is_empty());
    assert_eq!(verifier.verify(&token).unwrap_err().fault(), TokenFault::KeysUnavailable);
}

#[tokio::test]
async fn addresses_and_settings_that_are_no_good_are_refused_before_anything_is_fetched() {
    let served = Issuer::new().serve();
    let secs = Duration::from_secs;
    let good = || JwksUrl::at(served.jwks_url());
    let table: Vec<(JwksUrlBuilder, &str)> = vec![
        (JwksUrl::at("http://id.example/jwks.json"), "https only"),
        (JwksUrl::at("https://ada:pw@id.example/"), "a name or a password"),
        (JwksUrl::at("ftp://127.0.0.1/"), "https://"),
        (JwksUrl::openid("https://id.example/?tenant=1"), "no query"),
        (JwksUrl::oauth("https://id.example/#x"), "fragment"),
        (good().with_cool_down(Duration::ZERO), "flood"),
        (good().with_refresh(secs(10)), "cool-down"),
        (good().with_max_age(secs(10)), "longer than a refresh"),
        (good().with_max_age(secs(u64::MAX)), "for a week"),
        (good().with_timeout(Duration::ZERO), "some time"),
    ];
    for (builder, expected) in table {
        let error = builder.start_without_keys().unwrap_err();
        assert!(matches!(error, ConfigError::KeySource { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
    let no_file = good().with_ca_file("/nowhere/ca.pem").start_without_keys();
    assert!(matches!(no_file, Err(ConfigError::File { .. })));
    assert!(served.requests().is_empty());
}

#[tokio::test]
async fn what_is_sent_says_no_more_than_it_must() {
    let served = Issuer::new().serve();
    start(&served).await;
    let head = served.requests()[0].head.to_ascii_lowercase();
    assert!(head.starts_with("get /jwks.json http/1.1"), "{head}");
    for never in ["cookie", "authorization", "accept-encoding", "referer", "proxy"] {
        assert!(!head.contains(never), "{never}: {head}");
    }
}
