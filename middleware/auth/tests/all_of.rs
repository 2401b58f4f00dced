//! Credentials that must all be there: by the table, with the principal that was said, and challenges of all.
//!
//! ```text
//! x-api-key NAME · Authorization: Bearer NAME · cookie NAME ── AllOf ── Auth ──▶ who, or which code
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use enfilade_auth::{
    AllOf, Attempt, Auth, AuthMethod, Authenticator, Carrier, Challenge, Gate, Pass, Principal, Rejection,
    WayBack,
};
use http::{HeaderName, Request, StatusCode, request};

fn word(req: &request::Parts, name: &str) -> Option<String> {
    let value = req.headers.get(name)?.to_str().ok()?;
    Some(value.trim_start_matches("Bearer ").to_owned())
}

fn judged(name: &str, method: &'static str) -> Attempt {
    match name {
        "bad" => Attempt::Refused(
            Rejection::new(StatusCode::UNAUTHORIZED, "auth.bad-credentials")
                .with_challenge(Challenge::bearer()),
        ),
        "nobody" => Attempt::Proved(Principal::anonymous()),
        _ => {
            let (name, issuer) =
                name.split_once('@').map_or((name, None), |(name, issuer)| (name, Some(issuer)));
            let who = Principal::new(name).with_method(AuthMethod::Other(method));
            Attempt::Proved(issuer.map_or(who.clone(), |issuer| who.with_issuer(issuer)))
        }
    }
}

struct Key;

impl Authenticator for Key {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Header(HeaderName::from_static("x-api-key"))]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        word(req, "x-api-key").map_or(Attempt::Absent, |name| judged(&name, "key"))
    }
}

/// `later-NAME` is known after I/O; each time counts as a hash.
#[derive(Default)]
struct Token(Arc<AtomicUsize>);

impl Authenticator for Token {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Scheme("Bearer")]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let Some(name) = word(req, "authorization") else { return Attempt::Absent };
        let Some(later) = name.strip_prefix("later-").map(str::to_owned) else {
            return judged(&name, "token");
        };
        let hashes = self.0.clone();
        Attempt::later(async move {
            hashes.fetch_add(1, Ordering::Relaxed);
            judged(&later, "token")
        })
    }

    fn challenges(&self) -> Vec<Challenge> {
        vec![Challenge::bearer()]
    }
}

/// `stale` is void.
struct Tab;

impl Authenticator for Tab {
    fn carriers(&self) -> Vec<Carrier> {
        Vec::new()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        match word(req, "cookie").as_deref() {
            None => Attempt::Absent,
            Some("stale") => Attempt::Void(Rejection::new(StatusCode::UNAUTHORIZED, "cookie.stale")),
            Some(name) => Attempt::Proved(Principal::new(name).with_ambient(true)),
        }
    }

    fn challenges(&self) -> Vec<Challenge> {
        vec![Challenge::new("Tab")]
    }

    fn way_back(&self, _: &request::Parts) -> Option<WayBack> {
        Some(WayBack::new(|res| {
            res.headers.append("x-way", "tab".parse().unwrap());
        }))
    }
}

async fn ask(auth: &Auth, headers: &[(&str, &str)]) -> (String, Option<Principal>) {
    let mut req = Request::get("/");
    for (name, value) in headers {
        req = req.header(*name, *value);
    }
    let (mut req, ()) = req.body(()).unwrap().into_parts();
    let verdict = match auth.enter(&mut req) {
        Ok(Pass::Later(later)) => later.enter(&mut req).await,
        verdict => verdict,
    };
    if let Err(refused) = verdict {
        return (refused.code().to_owned(), None);
    }
    let who = Principal::of(&req.extensions).unwrap().clone();
    (if who.is_anonymous() { "anonymous".to_owned() } else { who.subject().to_owned() }, Some(who))
}

type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

const KEY: &str = "x-api-key";
const TOKEN: &str = "authorization";

#[tokio::test]
async fn key_and_token_are_judged_by_the_table() {
    let (incomplete, conflict, bad) =
        ("auth.credentials-incomplete", "auth.credentials-conflict", "auth.bad-credentials");
    let table: &[Row<'_>] = &[
        // What is sent, the word where the subjects must agree, and where the token's counts.
        (&[], "anonymous", "anonymous"),
        (&[(KEY, "ada"), (TOKEN, "Bearer ada")], "ada", "ada"),
        (&[(KEY, "ada"), (TOKEN, "Bearer later-ada")], "ada", "ada"),
        (&[(KEY, "till"), (TOKEN, "Bearer ada")], conflict, "ada"),
        (&[(KEY, "till"), (TOKEN, "Bearer later-ada")], conflict, "ada"),
        (&[(KEY, "ada@a"), (TOKEN, "Bearer ada@b")], conflict, "ada"),
        (&[(KEY, "ada")], incomplete, incomplete),
        (&[(TOKEN, "Bearer ada")], incomplete, incomplete),
        (&[(TOKEN, "Bearer later-ada")], incomplete, incomplete),
        (&[(TOKEN, "Bearer later-bad")], incomplete, incomplete),
        (&[(KEY, "bad"), (TOKEN, "Bearer ada")], bad, bad),
        (&[(KEY, "bad"), (TOKEN, "Bearer later-ada")], bad, bad),
        (&[(KEY, "ada"), (TOKEN, "Bearer bad")], bad, bad),
        (&[(KEY, "ada"), (TOKEN, "Bearer later-bad")], bad, bad),
        (&[(KEY, "bad")], bad, bad),
        (
            &[(KEY, "ada"), (KEY, "ada"), (TOKEN, "Bearer ada")],
            "auth.credentials-repeated",
            "auth.credentials-repeated",
        ),
        (&[(KEY, "ada"), (TOKEN, "Basic YTpi")], "auth.scheme-unsupported", "auth.scheme-unsupported"),
        // A kind that proves nobody does not hide behind another.
        (&[(KEY, "nobody"), (TOKEN, "Bearer ada")], "auth.proved-nobody", "auth.proved-nobody"),
    ];
    for (headers, same, token_counts) in table {
        let both = || AllOf::of(Key).and(Token::default());
        assert_eq!(ask(&Auth::new(both()).optional(), headers).await.0, *same, "{headers:?}");
        let of_token = Auth::new(both().with_principal_of(1)).optional();
        let (found, who) = ask(&of_token, headers).await;
        assert_eq!(found, *token_counts, "the token's counts: {headers:?}");
        if let Some(who) = who.filter(|who| !who.is_anonymous()) {
            assert_eq!(who.method(), AuthMethod::Other("token"));
        }
    }
}

#[tokio::test]
async fn what_is_missing_or_refused_already_costs_no_hash() {
    let token = Token::default();
    let hashes = token.0.clone();
    let auth = Auth::new(AllOf::of(Key).and(token));
    for headers in [&[(TOKEN, "Bearer later-ada")][..], &[(KEY, "bad"), (TOKEN, "Bearer later-ada")]] {
        ask(&auth, headers).await;
    }
    assert_eq!(hashes.load(Ordering::Relaxed), 0);
    assert_eq!(ask(&auth, &[(KEY, "ada"), (TOKEN, "Bearer later-ada")]).await.0, "ada");
    assert_eq!(hashes.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn with_a_cookie_among_them_the_explicit_one_decides_what_is_forgeable() {
    let auth = Auth::new(AllOf::of(Tab).and(Token::default())).optional();
    let both = [("cookie", "ada"), (TOKEN, "Bearer ada")];
    let (found, who) = ask(&auth, &both).await;
    assert_eq!(found, "ada");
    assert!(!who.unwrap().is_ambient(), "no other site's page can send the token");
    // A browser sends the cookie by itself: alone it counts as absent, and locks nobody out.
    assert_eq!(ask(&auth, &[("cookie", "ada")]).await.0, "anonymous");
    assert_eq!(ask(&auth, &[("cookie", "stale")]).await.0, "anonymous");
    // The token is explicit: what it lacks is a refusal.
    assert_eq!(ask(&auth, &[(TOKEN, "Bearer ada")]).await.0, "auth.credentials-incomplete");
    assert_eq!(
        ask(&auth, &[("cookie", "stale"), (TOKEN, "Bearer ada")]).await.0,
        "auth.credentials-incomplete"
    );
    assert_eq!(ask(&auth, &[("cookie", "bob"), (TOKEN, "Bearer ada")]).await.0, "auth.credentials-conflict");

    let only_cookies = Auth::new(AllOf::of(Tab).and(Tab)).optional();
    assert!(ask(&only_cookies, &[("cookie", "ada")]).await.1.unwrap().is_ambient());
}

#[tokio::test]
async fn one_without_an_issuer_does_not_join_two_of_different_issuers() {
    let auth = Auth::new(AllOf::of(Key).and(Tab).and(Token::default()));
    let headers = [(KEY, "ada@a"), ("cookie", "ada"), (TOKEN, "Bearer ada@b")];
    assert_eq!(ask(&auth, &headers).await.0, "auth.credentials-conflict");
}

#[tokio::test]
async fn beside_another_kind_half_of_it_is_not_enough() {
    let auth = Auth::new(AllOf::of(Key).and(Token::default())).or(Tab);
    assert_eq!(ask(&auth, &[("cookie", "ada")]).await.0, "ada");
    assert_eq!(ask(&auth, &[("cookie", "ada"), (KEY, "ada")]).await.0, "auth.credentials-incomplete");
    let all = [("cookie", "bob"), (KEY, "ada"), (TOKEN, "Bearer ada")];
    assert_eq!(ask(&auth, &all).await.0, "auth.credentials-conflict");
}

#[tokio::test]
async fn a_401_offers_all_challenges_and_the_ways_back_are_all_gone() {
    let auth = Auth::new(AllOf::of(Tab).and(Token::default()));
    let (mut req, ()) = Request::get("/").body(()).unwrap().into_parts();
    let refused = auth.enter(&mut req).unwrap_err();
    let schemes: Vec<_> = refused.challenges().iter().map(Challenge::scheme).collect();
    assert_eq!(schemes, ["Tab", "Bearer"]);
    assert_eq!(refused.headers()["x-way"], "tab");
}

#[test]
#[should_panic(expected = "add that kind first")]
fn a_principal_of_a_kind_that_is_not_there_is_a_fault_of_the_program() {
    let _ = AllOf::of(Key).with_principal_of(1);
}
