//! Every link and every kind of credentials keeps the laws of a tower HTTP layer, with each way to be refused.
//!
//! ```text
//! Auth(Bearer · Basic · ApiKey · CookieToken · FrontProxy · AllOf · SlowDown …) · Require(each policy) ──▶ Laws
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use enfilade_auth::{
    AllOf, ApiKey, Auth, Authenticator, Basic, Bearer, CookieToken, FrontProxy, HashPool, Htpasswd, KeyFile,
    MadeKey, NewKey, Pass, Policy, Principal, Revocations, SlowDown, StoreError, StripIdentity, User,
    UserStore,
    jwt::{Issuers, KeySet, Verifier, VerifierBuilder},
    policy::{anyone, authenticated, from_network, policy_fn, role, scope, subject},
    require,
};
use enfilade_cookie::{Cookies, Jar, KeyRing};
use enfilade_core::{Canonical, ClientAddr, Gate, Gates, RequestContext, gate_fn};
use enfilade_test::{Law, Laws, TestClock, issuer::Issuer};
use http::{HeaderValue, Request, Response, request, uri::Scheme};

const NOW: u64 = 1_800_000_000;
const PEER: &str = "10.0.0.7:4711";
/// The pairs `ada:secret` and `ada:wrong`.
const RIGHT: &str = "Basic YWRhOnNlY3JldA==";
const WRONG: &str = "Basic YWRhOndyb25n";

/// A POST with this header.
fn with(name: &'static str, value: &str) -> impl Fn() -> request::Builder + Clone + use<> {
    let value = value.to_owned();
    move || Request::post("/").header(name, value.as_str())
}

fn authorized(value: &str) -> impl Fn() -> request::Builder + Clone + use<> {
    with("authorization", value)
}

fn nothing() -> request::Builder {
    Request::post("/")
}

/// What every `Auth` refuses that is not optional.
fn guarded(laws: Laws) -> Laws {
    shown_wrong(laws).refused("nothing", nothing)
}

/// What every `Auth` refuses.
fn shown_wrong(laws: Laws) -> Laws {
    laws.refused("a scheme that nobody reads", authorized("Unheard of"))
        .refused("two of them", || nothing().header("authorization", "A b").header("authorization", "A b"))
}

/// The server's door, as far as links behind it ask it.
fn door() -> impl Gate {
    gate_fn("door", |req| {
        let peer = ClientAddr::Tcp(PEER.parse().unwrap());
        let canonical = Canonical::new(Scheme::HTTPS, None, Some(peer)).with_peer(peer);
        RequestContext::begin(&mut req.extensions, canonical);
        Ok(Pass::Now)
    })
}

struct Tokens {
    clock: TestClock,
    issuer: Issuer,
}

impl Tokens {
    fn new() -> Self {
        let clock = TestClock::at(NOW);
        Self { issuer: Issuer::new().with_clock(clock.clock()), clock }
    }

    fn trusting(&self) -> VerifierBuilder {
        Verifier::builder(KeySet::from_jwks(&self.issuer.jwks().to_string()).unwrap())
            .with_issuer(self.issuer.name())
            .with_audience(self.issuer.audience())
            .with_clock(self.clock.clock())
    }

    fn bearer(&self) -> Bearer {
        Bearer::new(self.trusting().build().unwrap())
    }

    fn header(&self) -> String {
        format!("Bearer {}", self.issuer.token("ada").scope("read").roles(["clerk"]).sign())
    }

    fn forged(&self) -> String {
        format!("Bearer {}", self.issuer.impostor().token("ada").sign())
    }
}

fn users() -> Htpasswd {
    use argon2::{Algorithm, Argon2, Params, Version};
    use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
    let mut hash = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, Some(32)).unwrap())
        .hash_password_into(b"secret", b"saltsalt", &mut hash)
        .unwrap();
    let (salt, hash) = (BASE64_STANDARD_NO_PAD.encode("saltsalt"), BASE64_STANDARD_NO_PAD.encode(hash));
    Htpasswd::parse(&format!("ada:$argon2id$v=19$m=8,t=1,p=1${salt}${hash}")).unwrap()
}

/// Each request is hashed, on one thread, and only four may wait: a place that is kept by mistake is soon missed.
fn few_places() -> Basic<Htpasswd> {
    let pool = HashPool::new(NonZeroUsize::MIN, 4);
    Basic::new(users()).with_pool(pool).with_remember(Duration::ZERO).unwrap()
}

fn api_key() -> (ApiKey, MadeKey) {
    let made = NewKey::new("ada").make().unwrap();
    (ApiKey::new(KeyFile::parse(made.line()).unwrap()).with_scheme(), made)
}

/// Sessions of the cookie `__Host-session`, and the `Cookie` header of one who is signed in.
fn sessions(clock: &TestClock) -> (CookieToken, String) {
    let ring = KeyRing::generate().with_clock(clock.clock());
    let sessions = CookieToken::builder(ring)
        .with_clock(clock.clock())
        .with_revocations(Revocations::with_clock(100, clock.clock()))
        .build()
        .unwrap();
    let cookie = sign_in(&sessions, "ada");
    (sessions, cookie)
}

fn sign_in(sessions: &CookieToken, subject: &str) -> String {
    let (mut req, ()) = Request::new(()).into_parts();
    let (jar, emit) = Jar::enter(&mut req);
    sessions.sign_in(&jar, &Principal::new(subject)).unwrap();
    let (mut res, ()) = Response::new(()).into_parts();
    emit.unwrap().run(&mut res);
    res.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn every_bad_token_of_the_list_is_refused_by_the_laws() {
    let tokens = Tokens::new();
    let laws = guarded(Laws::of(Auth::new(tokens.bearer())).request(authorized(&tokens.header())));
    let (mut count, mut laws) = (0, laws);
    for hostile in tokens.issuer.hostile() {
        let header = format!("Bearer {}", hostile.token);
        // What no header can carry was refused at the door.
        if HeaderValue::from_str(&header).is_ok() {
            laws = laws.refused(&hostile.name, authorized(&header));
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
    laws.assert();
}

#[test]
fn tokens_keep_them_remembered_or_not_of_one_issuer_or_two_and_when_revoked() {
    let tokens = Tokens::new();
    let revoked = tokens.issuer.token("eve").claim("jti", "gone").sign();
    let revocations = Revocations::with_clock(8, tokens.clock.clock());
    revocations.revoke_id(Some(tokens.issuer.name()), "gone", Some(NOW + 3600)).unwrap();
    let builder = || tokens.trusting().with_revocation(revocations.clone());
    let other = Tokens { issuer: Issuer::named("https://other.example"), clock: tokens.clock.clone() };
    let both = [builder().build().unwrap(), other.trusting().build().unwrap()];
    for bearer in [
        Bearer::new(builder().build().unwrap()),
        Bearer::new(builder().with_cache_bytes(0).build().unwrap()),
        Bearer::of_issuers(Issuers::new(both).unwrap()),
    ] {
        guarded(Laws::of(Auth::new(bearer)))
            .request(authorized(&tokens.header()))
            .refused("a forged token", authorized(&tokens.forged()))
            .refused("a revoked one", authorized(&format!("Bearer {revoked}")))
            .refused("no token at all", authorized("Bearer"))
            .assert();
    }
}

#[test]
fn passwords_keep_them_and_no_place_for_a_hash_is_lost() {
    guarded(Laws::of(Auth::new(few_places())))
        .request(authorized(RIGHT))
        .refused("a wrong password", authorized(WRONG))
        .refused("what is no pair", authorized("Basic !"))
        .assert();
}

/// A store that needs time, and fails for some.
struct Slow(Htpasswd);

impl UserStore for Slow {
    async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
        tokio::task::yield_now().await;
        if name == "down" { Err(StoreError::new("no connection")) } else { self.0.find(name).await }
    }
}

#[test]
fn a_store_that_waits_keeps_them_and_one_that_is_down_refuses() {
    let basic = Basic::new(Slow(users())).with_remember(Duration::ZERO).unwrap();
    guarded(Laws::of(Auth::new(basic)))
        .request(authorized(RIGHT))
        .refused("a wrong password", authorized(WRONG))
        .refused("whom the store cannot find", authorized("Basic ZG93bjp4"))
        .assert();
}

#[test]
fn keys_for_programs_keep_them_in_either_header() {
    let (kind, made) = api_key();
    let scheme = format!("ApiKey {}", made.key());
    for request in
        [Box::new(with("x-api-key", made.key())) as Box<dyn Fn() -> _>, Box::new(authorized(&scheme))]
    {
        guarded(Laws::of(Auth::new(kind.clone())))
            .request(request)
            .refused("half a key", with("x-api-key", &made.key()[..20]))
            .refused("another key", with("x-api-key", NewKey::new("ada").make().unwrap().key()))
            .assert();
    }
}

#[test]
fn sessions_in_a_cookie_keep_them_alone_and_on_either_side_of_the_jar() {
    let clock = TestClock::at(NOW);
    let (sessions, cookie) = sessions(&clock);
    let ended = sign_in(&sessions, "eve");
    let (mut req, ()) = with("cookie", &ended)().body(()).unwrap().into_parts();
    sessions.sign_out(&Jar::enter(&mut req).0).unwrap();
    let auth = Auth::new(sessions);
    let laws = |gates: Gates| {
        guarded(Laws::of(gates))
            .refused("one that has ended", with("cookie", &ended))
            .refused("one that cannot be opened", with("cookie", "__Host-session=x"))
            .refused("a socket that another site opens", {
                let cookie = cookie.clone();
                move || {
                    let req = Request::get("/").header("cookie", cookie.as_str()).header("host", "a.example");
                    req.header("upgrade", "websocket").header("origin", "https://b.example")
                }
            })
    };
    laws(Gates::of(auth.clone())).request(with("cookie", &cookie)).assert();
    laws(Gates::of(auth.clone()).gate(Cookies::new())).request(with("cookie", &cookie)).assert();
    laws(Gates::of(Cookies::new()).gate(auth.clone())).request(with("cookie", &cookie)).assert();
    // A reserved cookie is the links' own, and taken out of the request on its way.
    let reserving = Cookies::new().reserve(["__Host-session"]).unwrap();
    laws(Gates::of(auth.optional()).gate(reserving).gate(require(authenticated())))
        .request(with("cookie", &cookie))
        .except(Law::RequestUnchanged, "the app never sees a reserved cookie")
        .assert();
}

#[test]
fn credentials_together_and_side_by_side_keep_them() {
    let tokens = Tokens::new();
    let (sessions, cookie) = sessions(&tokens.clock);
    let (key, made) = api_key();
    let kinds: [Arc<dyn Authenticator>; 4] = [
        Arc::new(tokens.bearer()),
        Arc::new(few_places()),
        Arc::new(key.clone()),
        Arc::new(sessions.clone()),
    ];
    let any = Auth::any_of(kinds);
    let other = sign_in(&sessions, "bob");
    for request in
        [with("authorization", &tokens.header()), with("authorization", RIGHT), with("cookie", &cookie)]
    {
        let token = tokens.header();
        let other = other.clone();
        guarded(Laws::of(any.clone()).request(request))
            .refused("a forged token", authorized(&tokens.forged()))
            .refused("a wrong password", authorized(WRONG))
            .refused("two users", move || {
                nothing().header("authorization", token.as_str()).header("cookie", other.as_str())
            })
            .assert();
    }
    let (pair, token) = (made.key().to_owned(), tokens.header());
    guarded(Laws::of(Auth::new(AllOf::of(key).and(few_places()))))
        .request(move || nothing().header("x-api-key", pair.as_str()).header("authorization", RIGHT))
        .refused("a key without a password", with("x-api-key", made.key()))
        .refused("a password without a key", authorized(RIGHT))
        .refused("a token", authorized(&token))
        .assert();
}

#[test]
fn an_optional_auth_and_one_with_a_sign_in_page_keep_them() {
    let tokens = Tokens::new();
    let optional = Auth::new(tokens.bearer()).optional();
    shown_wrong(Laws::of(optional)).refused("a forged token", authorized(&tokens.forged())).assert();
    let page = Auth::new(tokens.bearer()).with_login("/sign-in").unwrap();
    guarded(Laws::of(page))
        .request(authorized(&tokens.header()))
        .refused("a page load", || Request::get("/orders").header("sec-fetch-mode", "navigate"))
        .assert();
}

#[test]
fn whom_a_front_proxy_names_keeps_them() {
    let proxy = |peer| FrontProxy::from_peers([peer]).unwrap().with_user_header("x-user").unwrap();
    let link = |peer| {
        let strip = StripIdentity::new().keep("x-user").unwrap();
        Gates::of(door()).gate(strip).gate(Auth::new(proxy(peer))).gate(require(authenticated()))
    };
    let named = with("x-user", "ada");
    guarded(Laws::of(link("10.0.0.0/8")))
        .request(named.clone())
        .refused("two users", || nothing().header("x-user", "ada").header("x-user", "bob"))
        .except(Law::RequestUnchanged, "the identity header is judged and taken out")
        .assert();
    let stranger = Laws::of(link("10.1.0.0/16")).refused("an identity from a stranger", named).check();
    assert!(!stranger.broken().contains(&Law::RefusalStops), "{stranger}");
}

#[tokio::test(start_paused = true)]
async fn guessing_is_slow_by_the_laws() {
    let slow = SlowDown::new()
        .with_user_limit(1, Duration::from_secs(30))
        .with_network_limit(1000, Duration::from_secs(1));
    let guarded_by = Gates::of(door()).gate(Auth::new(slow.around(few_places())));
    guarded(Laws::of(guarded_by))
        .request(authorized(RIGHT))
        .refused("a wrong password", authorized(WRONG))
        .assert_async()
        .await;
}

#[test]
fn every_policy_keeps_them() {
    let tokens = Tokens::new();
    let link = |policy: Policy| {
        let auth = Auth::new(tokens.bearer()).optional();
        Laws::of(Gates::of(door()).gate(auth).gate(require(policy))).request(authorized(&tokens.header()))
    };
    let passing = [
        anyone(),
        authenticated(),
        scope("read"),
        role("clerk"),
        subject("ada"),
        from_network("10.0.0.0/8".parse().unwrap()),
        policy_fn("short", |who, _| who.subject().len() < 4),
        scope("read") & (role("x") | subject("ada")) & !role("guest"),
    ];
    for policy in passing {
        shown_wrong(link(policy)).assert();
    }
    let eve = authorized(&format!("Bearer {}", tokens.issuer.token("eve").sign()));
    for policy in [scope("read"), role("clerk"), subject("ada"), authenticated() & !subject("eve")] {
        link(policy).refused("nobody", nothing).refused("somebody else", eve.clone()).assert();
    }
    let bare = Laws::of(require(anyone())).refused("what no Auth has judged", nothing).check();
    assert!(!bare.broken().contains(&Law::RefusalStops), "{bare}");
}
