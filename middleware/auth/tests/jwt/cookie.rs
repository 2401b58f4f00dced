//! Sign-in by a token in a private cookie: what it keeps, what ends it, and what is never taken for it.

use std::time::Duration;

use enfilade_auth::{
    Attempt, Auth, AuthMethod, Authenticator, Bearer, CookieToken, Gate, Pass, Principal, Rejection,
    Revocations, SessionError,
    jwt::{Algorithm, SigningKey, Verifier, VerifierBuilder, VerifyingKey},
};
use enfilade_cookie::{Cookies, Jar, KeyRing, Profile};
use enfilade_test::{
    TestClock,
    issuer::{Alg, Issuer, Key},
};
use http::{Request, Response, request};

const NOW: u64 = 1_800_000_000;

struct Site {
    clock: TestClock,
    ring: KeyRing,
    sessions: CookieToken,
}

impl Site {
    fn new() -> Self {
        Self::with_room_for(100)
    }

    fn with_room_for(capacity: usize) -> Self {
        Self::with(capacity, Profile::host())
    }

    fn with(capacity: usize, profile: Profile) -> Self {
        let clock = TestClock::at(NOW);
        let ring = KeyRing::generate().with_clock(clock.clock());
        let sessions = CookieToken::builder(ring.clone())
            .with_clock(clock.clock())
            .with_profile(profile)
            .with_revocations(Revocations::with_clock(capacity, clock.clock()))
            .build()
            .expect("good settings");
        Self { clock, ring, sessions }
    }

    /// Signs in, perhaps over a session that the browser has, and returns the cookie that it then brings.
    fn sign_in(&self, who: &Principal, before: Option<&str>) -> Result<String, SessionError> {
        let mut req = request(before);
        let (jar, emit) = Jar::enter(&mut req);
        self.sessions.sign_in(&jar, who)?;
        let (mut res, ()) = Response::new(()).into_parts();
        emit.expect("the first to ask").run(&mut res);
        let line = res.headers["set-cookie"].to_str().expect("text").to_owned();
        Ok(line.split(';').next().expect("a pair").to_owned())
    }

    fn sign_out(&self, cookie: &str) -> Result<(), SessionError> {
        let mut req = request(Some(cookie));
        let (jar, _emit) = Jar::enter(&mut req);
        self.sessions.sign_out(&jar)
    }

    /// The subject, or the reason why the cookie is void.
    fn ask(&self, cookie: &str) -> Result<String, &'static str> {
        match self.sessions.authenticate(&mut request(Some(cookie))) {
            Attempt::Proved(who) => Ok(who.subject().to_owned()),
            Attempt::Absent => Err("absent"),
            Attempt::Void(reason) => Err(reason.code()),
            other => panic!("{other:?}"),
        }
    }
}

fn request(cookie: Option<&str>) -> request::Parts {
    let mut req = Request::get("/");
    if let Some(cookie) = cookie {
        req = req.header("cookie", cookie);
    }
    req.body(()).expect("a request").into_parts().0
}

fn ada() -> Principal {
    Principal::new("ada")
}

#[test]
fn a_session_keeps_who_it_is() {
    let site = Site::new();
    let who = ada()
        .with_issuer("https://id.example")
        .with_scopes(["a", "b"])
        .with_roles(["clerk"])
        .with_amr(["pwd"])
        .with_acr("gold")
        .with_auth_time(NOW - 50);
    let cookie = site.sign_in(&who, None).unwrap();
    assert!(cookie.starts_with("__Host-session=") && !cookie.contains("eyJ"), "private: {cookie}");
    let Attempt::Proved(back) = site.sessions.authenticate(&mut request(Some(&cookie))) else {
        panic!("signed in")
    };
    assert_eq!((back.subject(), back.issuer()), ("ada", Some("https://id.example")));
    assert_eq!(back.scopes().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(back.roles().collect::<Vec<_>>(), ["clerk"]);
    assert_eq!(back.amr().collect::<Vec<_>>(), ["pwd"]);
    assert_eq!((back.acr(), back.auth_time()), (Some("gold"), Some(NOW - 50)));
    assert_eq!((back.method(), back.is_ambient()), (AuthMethod::Cookie, true));
    assert_eq!(back.expires(), Some(NOW + 3600));
    let plain = site.sign_in(&ada(), None).unwrap();
    let Attempt::Proved(back) = site.sessions.authenticate(&mut request(Some(&plain))) else {
        panic!("signed in")
    };
    assert_eq!(
        (back.issuer(), back.auth_time()),
        (None, Some(NOW)),
        "as Basic proves her: no conflict with it"
    );
}

#[test]
fn a_copied_cookie_is_void_after_sign_out() {
    let site = Site::new();
    let (cookie, other) = (site.sign_in(&ada(), None).unwrap(), site.sign_in(&ada(), None).unwrap());
    assert_eq!((site.ask(&cookie), site.ask(&cookie)), (Ok("ada".into()), Ok("ada".into())));
    site.sign_out(&cookie).unwrap();
    assert_eq!(site.ask(&cookie), Err("auth.token-revoked"));
    assert_eq!(site.ask(&other), Ok("ada".into()), "her other browser");
    site.sign_out(&cookie).unwrap();
    site.sign_out("__Host-session=oops").unwrap();
    site.sign_out("a=b").unwrap();
    assert_eq!(site.sessions.revocations().len(), 2);
}

#[test]
fn a_sign_out_counts_although_the_clock_says_not_now() {
    let site = Site::with_room_for(1);
    let cookie = site.sign_in(&ada(), None).unwrap();
    site.clock.set_unix(NOW - 30);
    assert_eq!(site.ask(&cookie), Err("auth.token-not-yet-valid"));
    site.sign_out(&cookie).unwrap();
    site.clock.set_unix(NOW);
    assert_eq!(site.ask(&cookie), Err("auth.token-revoked"));
    site.clock.advance(Duration::from_secs(3600 + 302));
    let next = site.sign_in(&ada(), None).unwrap();
    site.sign_out(&cookie).expect("long over, and no room is needed for it");
    assert_eq!(site.ask(&next), Ok("ada".into()));
}

#[test]
fn who_signs_in_over_a_session_ends_it() {
    let site = Site::new();
    let first = site.sign_in(&ada(), None).unwrap();
    let second = site.sign_in(&Principal::new("bob"), Some(&first)).unwrap();
    assert_eq!((site.ask(&first), site.ask(&second)), (Err("auth.token-revoked"), Ok("bob".into())));
}

/// Cookie headers in which one session does not stand alone.
fn hidden_among_others(cookie: &str) -> Vec<Vec<String>> {
    let name = cookie.split('=').next().expect("a name");
    let small = |count: usize| "a=1; ".repeat(count);
    vec![
        vec![format!("{cookie}; {name}=x")],
        vec![format!("{name}=x; {cookie}")],
        vec![format!("{name}=x"), cookie.to_owned(), format!("{name}=")],
        vec![format!("{cookie}; {cookie}")],
        vec![format!("{}{cookie}", small(260))],
        vec![format!("{name}=x; {}{cookie}", small(260))],
        vec![format!("b={}; {cookie}", "x".repeat(33_000))],
        [vec!["a=1".to_owned(); 300], vec![cookie.to_owned()]].concat(),
    ]
}

fn jar_of(headers: &[String]) -> Jar {
    let mut req = request(None);
    for header in headers {
        req.headers.append("cookie", header.parse().expect("a header"));
    }
    let (jar, _emit) = Jar::enter(&mut req);
    jar
}

#[test]
fn no_cookie_around_it_keeps_a_session_from_being_ended() {
    for profile in [Profile::host(), Profile::insecure_plain()] {
        let site = Site::with(100, profile);
        let count = hidden_among_others("session=").len();
        for at in 0..count {
            let cookie = site.sign_in(&ada(), None).unwrap();
            let headers = hidden_among_others(&cookie).swap_remove(at);
            site.sessions.sign_out(&jar_of(&headers)).unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(site.ask(&cookie), Err("auth.token-revoked"), "signed out, {at}: {cookie}");

            let first = site.sign_in(&ada(), None).unwrap();
            let mut req = request(None);
            for header in &hidden_among_others(&first)[at] {
                req.headers.append("cookie", header.parse().unwrap());
            }
            let (jar, _emit) = Jar::enter(&mut req);
            // A jar that is too full for another cookie refuses, and then the first session stays.
            match site.sessions.sign_in(&jar, &Principal::new("bob")) {
                Ok(_) => assert_eq!(site.ask(&first), Err("auth.token-revoked"), "signed in over it, {at}"),
                Err(error) => assert_eq!(Rejection::from(error).code(), "cookie.jar-full", "{at}"),
            }
        }
    }
}

#[test]
fn a_sign_out_ends_every_session_that_came() {
    let site = Site::new();
    let mine = [(); 3].map(|()| site.sign_in(&ada(), None).unwrap());
    let other = site.sign_in(&ada(), None).unwrap();
    site.sign_out(&mine.join("; ")).unwrap();
    for cookie in &mine {
        assert_eq!(site.ask(cookie), Err("auth.token-revoked"));
    }
    assert_eq!(site.ask(&other), Ok("ada".into()));
}

#[test]
fn a_session_lasts_an_hour() {
    let site = Site::new();
    let cookie = site.sign_in(&ada(), None).unwrap();
    site.clock.advance(Duration::from_secs(3600));
    assert_eq!(site.ask(&cookie), Ok("ada".into()), "clocks may be off by five seconds");
    site.clock.advance(Duration::from_secs(5));
    assert_eq!(site.ask(&cookie), Err("auth.token-expired"));
    let cookie = site.sign_in(&ada(), None).unwrap();
    site.clock.set_unix(NOW + 3600);
    assert_eq!(site.ask(&cookie), Ok("ada".into()), "set back by five seconds");
}

#[test]
fn a_session_does_not_outlive_what_it_began_with() {
    let site = Site::new();
    let cookie = site.sign_in(&ada().with_expires(NOW + 100), None).unwrap();
    site.clock.advance(Duration::from_secs(99));
    assert_eq!(site.ask(&cookie), Ok("ada".into()));
    site.clock.advance(Duration::from_secs(6));
    assert_eq!(site.ask(&cookie), Err("auth.token-expired"));
    let late = site.sign_in(&ada().with_expires(NOW + 100), None).unwrap_err();
    assert_eq!(Rejection::from(late).code(), "auth.session-unfit");
}

#[test]
fn where_no_sign_out_could_be_kept_nobody_signs_in() {
    let site = Site::with_room_for(2);
    let cookies = [(); 2].map(|()| site.sign_in(&ada(), None).unwrap());
    let full = site.sign_in(&ada(), None).unwrap_err();
    assert!(matches!(full, SessionError::Full { .. }));
    let rejection = Rejection::from(full);
    assert_eq!((rejection.status().as_u16(), rejection.code()), (503, "auth.sessions-full"));
    // An hour, five minutes for clocks that differ, and the second in which it ends.
    assert_eq!(rejection.headers()["retry-after"], "3901");
    site.clock.advance(Duration::from_secs(100));
    let later = Rejection::from(site.sign_in(&ada(), None).unwrap_err());
    assert_eq!(later.headers()["retry-after"], "3801");
    for cookie in &cookies {
        site.sign_out(cookie).unwrap();
        assert_eq!(site.ask(cookie), Err("auth.token-revoked"));
    }
    assert!(site.sign_in(&ada(), None).is_err(), "and nothing was forgotten to make room");
    site.clock.advance(Duration::from_secs(3600 + 302));
    assert!(site.sign_in(&ada(), None).is_ok());
}

#[test]
fn one_user_cannot_take_the_place_of_all() {
    let site = Site::with_room_for(1000);
    let mut cookie = site.sign_in(&ada(), None).unwrap();
    site.clock.advance(Duration::from_secs(100));
    for at in 1..64 {
        // Over the one before, after a sign-out, or beside it: each takes a place until it expires.
        if at % 2 == 0 {
            site.sign_out(&cookie).unwrap();
        }
        cookie = site.sign_in(&ada(), (at % 3 == 0).then_some(&*cookie)).unwrap();
    }
    let refused = site.sign_in(&ada(), Some(&cookie)).unwrap_err();
    assert!(matches!(refused, SessionError::OfOneUser { .. }));
    let refused = Rejection::from(refused);
    assert_eq!((refused.status().as_u16(), refused.code()), (429, "auth.sessions-of-one-user"));
    assert_eq!(refused.headers()["retry-after"], "3801");
    assert_eq!(site.ask(&cookie), Ok("ada".into()), "and she stays signed in");
    site.sign_in(&Principal::new("bob"), None).expect("another user");
    site.sign_in(&ada().with_issuer("https://id.example"), None).expect("another issuer's ada");
    assert_eq!(site.sessions.revocations().len(), 66);

    site.clock.advance(Duration::from_secs(3800));
    assert!(site.sign_in(&ada(), None).is_err(), "a second too early");
    site.clock.advance(Duration::from_secs(1));
    site.sign_in(&ada(), None).expect("the first place is free");
    let refused = Rejection::from(site.sign_in(&ada(), None).unwrap_err());
    assert_eq!(refused.headers()["retry-after"], "100");
}

#[test]
fn a_jar_that_is_full_of_other_cookies_says_what_to_do() {
    let site = Site::new();
    let others: Vec<_> = (0..25).map(|at| format!("c{at}={}", "x".repeat(300))).collect();
    let refused = Rejection::from(site.sign_in(&ada(), Some(&others.join("; "))).unwrap_err());
    assert_eq!((refused.status().as_u16(), refused.code()), (431, "cookie.jar-full"));
    assert_eq!(refused.detail(), "remove cookies of this site and try again");
    assert!(site.sessions.revocations().is_empty());
}

#[test]
fn a_sign_in_that_fails_takes_no_place() {
    let site = Site::with_room_for(1);
    let long = ada().with_roles(["r".repeat(4000)]);
    let scope = ada().with_scopes(["two words"]);
    let table = [
        (long, "cookie.too-long"),
        (scope, "auth.session-unfit"),
        (Principal::new(""), "auth.session-unfit"),
    ];
    for (who, code) in table {
        let refused = Rejection::from(site.sign_in(&who, None).unwrap_err());
        assert_eq!(refused.code(), code);
        assert_eq!(site.sessions.revocations().len(), 0);
    }
    assert!(matches!(site.sign_in(&Principal::anonymous(), None), Err(SessionError::Anonymous)));
    assert!(site.sign_in(&ada(), None).is_ok());
}

#[test]
fn a_restart_signs_everybody_out_and_says_why_to_the_log_only() {
    let (before, after) = (Site::new(), Site::new());
    let cookie = before.sign_in(&ada(), None).unwrap();
    assert_eq!(after.ask(&cookie), Err("cookie.seal-key-unknown"));
    // The ring outlived the process, the signing key did not: no signed-out session comes back.
    let again = CookieToken::builder(before.ring.clone()).with_clock(before.clock.clock()).build().unwrap();
    let Attempt::Void(reason) = again.authenticate(&mut request(Some(&cookie))) else { panic!("void") };
    assert_eq!(reason.code(), "auth.token-signature");

    let key = VerifyingKey::from_jwk(&api(&before).key().jwk().to_string()).unwrap();
    let verifier = api_verifier(key, &before).build().unwrap();
    let auth = Auth::new(again).or(Bearer::new(verifier)).optional();
    let mut req = request(Some(&cookie));
    let pass = auth.enter(&mut req).unwrap();
    assert!(Principal::of(&req.extensions).unwrap().is_anonymous());
    let (mut res, ()) = Response::new(()).into_parts();
    let _ = pass.leave(&mut res);
    let line = res.headers["set-cookie"].to_str().unwrap();
    assert!(line.starts_with("__Host-session=;") && line.contains("Max-Age=0"), "removed: {line}");
}

#[test]
fn a_required_principal_is_missing_and_the_void_cookie_is_removed_on_the_refusal() {
    let site = Site::new();
    let cookie = site.sign_in(&ada(), None).unwrap();
    site.sign_out(&cookie).unwrap();
    let refused = Auth::new(site.sessions.clone()).enter(&mut request(Some(&cookie))).unwrap_err();
    assert_eq!(refused.code(), "auth.missing");
    let head = refused.into_parts();
    assert!(head.headers["set-cookie"].to_str().unwrap().starts_with("__Host-session=;"));
}

#[test]
fn both_orders_of_auth_and_cookies_emit_each_cookie_once() {
    let site = Site::new();
    for auth_first in [true, false] {
        let cookie = site.sign_in(&ada(), None).unwrap();
        let mut req = request(Some(&cookie));
        let (auth, cookies) = (Auth::new(site.sessions.clone()), Cookies::new());
        let gates: [&dyn Gate; 2] = if auth_first { [&auth, &cookies] } else { [&cookies, &auth] };
        let passes: Vec<Pass> = gates.iter().map(|gate| gate.enter(&mut req).unwrap()).collect();
        assert_eq!(Principal::of(&req.extensions).unwrap().subject(), "ada");
        site.sessions.sign_in(&Jar::of(&req.extensions).unwrap(), &ada()).unwrap();
        let (mut res, ()) = Response::new(()).into_parts();
        for pass in passes.into_iter().rev() {
            let _ = pass.leave(&mut res);
        }
        assert_eq!(res.headers.get_all("set-cookie").iter().count(), 1, "auth first: {auth_first}");
    }
}

/// Whose tokens are for an API beside the site.
fn api(site: &Site) -> Issuer {
    Issuer::new().with_audience("api").with_clock(site.clock.clock())
}

/// Expects the same.
fn api_verifier(key: VerifyingKey, site: &Site) -> VerifierBuilder {
    let api = api(site);
    Verifier::builder(key)
        .with_issuer(api.name())
        .with_audience(api.audience())
        .with_clock(site.clock.clock())
}

#[test]
fn neither_token_passes_for_the_other() {
    let site = Site::new();
    let seal = |token: &str| {
        let mut req = request(None);
        let (jar, emit) = Jar::enter(&mut req);
        jar.private(&site.ring, "enfilade-session-token").add("__Host-session", token).unwrap();
        let (mut res, ()) = Response::new(()).into_parts();
        emit.unwrap().run(&mut res);
        res.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    };
    assert_eq!(site.ask(&seal(&api(&site).token("ada").sign())), Err("auth.token-type"));

    // Even with one key for both, which nobody should do.
    let shared = || SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap();
    let sessions = CookieToken::builder(site.ring.clone())
        .with_clock(site.clock.clock())
        .with_signing_key(shared())
        .build()
        .unwrap();
    let verifier = api_verifier(shared().verifying_key(), &site).build().unwrap();
    let mut req = request(None);
    let (jar, emit) = Jar::enter(&mut req);
    sessions.sign_in(&jar, &ada()).unwrap();
    let (mut res, ()) = Response::new(()).into_parts();
    emit.unwrap().run(&mut res);
    let cookie = res.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut req = request(Some(&cookie));
    let (jar, _emit) = Jar::enter(&mut req);
    let opened = jar.private(&site.ring, "enfilade-session-token").open("__Host-session").unwrap();
    let session_token = opened.text().unwrap();
    assert_eq!(verifier.verify(session_token).unwrap_err().fault().code(), "auth.token-type");
    let by_type = api_verifier(shared().verifying_key(), &site);
    let by_type = by_type.with_types(["enfilade-session+jwt"]).build().unwrap();
    assert_eq!(by_type.verify(session_token).unwrap_err().fault().code(), "auth.token-issuer");
    let secret = Key::from_secret(Alg::Hs256, [7; 32]);
    let as_session = api(&site).token("ada").key(&secret).without_header("kid").typ("enfilade-session+jwt");
    let cookie = seal(&as_session.sign());
    let Attempt::Void(reason) = sessions.authenticate(&mut request(Some(&cookie))) else { panic!("void") };
    assert_eq!(reason.code(), "auth.token-issuer");
}

#[test]
fn a_cookie_that_is_tampered_with_is_void() {
    let site = Site::new();
    let cookie = site.sign_in(&ada(), None).unwrap();
    let (name, value) = cookie.split_once('=').unwrap();
    for void in [
        format!("{name}="),
        format!("{name}={value}x"),
        format!("{name}={}", &value[1..]),
        format!("{name}=eyJ.eyJ.x"),
    ] {
        let code = site.ask(&void).unwrap_err();
        assert!(code.starts_with("cookie."), "{void}: {code}");
    }
    assert_eq!(site.ask(&format!("{cookie}; {name}=forged")), Err("cookie.duplicated"));
    assert_eq!(site.ask(&format!("session={value}")), Err("absent"), "the name without its prefix");
    assert_eq!(site.ask(&format!("__host-session={value}")), Err("absent"));
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let ring = KeyRing::generate;
    for (builder, setting) in [
        (CookieToken::builder(ring()).with_name("a;b"), "cookie"),
        (CookieToken::builder(ring()).with_profile(Profile::host().with_path("/x")), "cookie"),
        (CookieToken::builder(ring()).with_lifetime(Duration::ZERO), "lifetime"),
        (CookieToken::builder(ring()).with_lifetime(Duration::from_secs(86_401)), "lifetime"),
    ] {
        assert!(builder.build().unwrap_err().to_string().contains(setting));
    }
    let plain = CookieToken::builder(ring()).with_profile(Profile::insecure_plain()).build().unwrap();
    assert_eq!(plain.cookie_name(), "session");
}
