//! What Auth decides: explicit against ambient credentials, challenges, sign-in pages, handshakes, ways back.
//!
//! ```text
//! Token (Bearer, explicit) · Key (x-api-key, explicit) · Tab (a cookie, ambient) ── Auth ── who, or which code
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::sync::Arc;

use enfilade_auth::{
    Attempt, Auth, AuthMethod, Authenticator, Carrier, Challenge, ConfigError, Gate, Principal, Rejection,
    WayBack,
};
use enfilade_core::{Canonical, Chain, Host, Pass, RequestContext, Verdict};
use enfilade_server::StrictRequest;
use enfilade_test::{Answer, Drive, Probe, assert_passed, assert_refused, drive};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header, request, uri::Scheme};
use proptest::prelude::*;

/// `Authorization: Bearer NAME`; `bad` is refused, `later-NAME` is known after I/O, `other` is not its business.
struct Token;

impl Authenticator for Token {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Scheme("Bearer")]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let Some(value) = req.headers.get(header::AUTHORIZATION) else { return Attempt::Absent };
        match value.to_str().unwrap_or_default().split_once(' ').map(|(_, name)| name) {
            None | Some("other") => Attempt::Absent,
            Some("bad") => Attempt::Refused(refusal("auth.token-expired")),
            Some(name) => match name.strip_prefix("later-") {
                Some("bad") => Attempt::later(async { Attempt::Refused(refusal("auth.token-expired")) }),
                Some(name) => {
                    let who = Principal::new(name).with_method(AuthMethod::Bearer);
                    Attempt::later(async { Attempt::later(async { Attempt::Proved(who) }) })
                }
                None => Attempt::Proved(Principal::new(name).with_method(AuthMethod::Bearer)),
            },
        }
    }

    fn challenges(&self) -> Vec<Challenge> {
        vec![Challenge::bearer()]
    }
}

fn refusal(code: &'static str) -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, code)
        .with_challenge(Challenge::bearer().with_error("invalid_token", "it has expired"))
}

/// `x-api-key: NAME`.
struct Key;

impl Authenticator for Key {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Header(HeaderName::from_static("x-api-key"))]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        match req.headers.get("x-api-key").and_then(|key| key.to_str().ok()) {
            Some(name) => Attempt::Proved(Principal::new(name).with_method(AuthMethod::Other("key"))),
            None => Attempt::Absent,
        }
    }
}

/// `cookie: NAME`; `stale` proves nothing and is removed.
struct Tab;

impl Authenticator for Tab {
    fn carriers(&self) -> Vec<Carrier> {
        Vec::new()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        match req.headers.get(header::COOKIE).and_then(|name| name.to_str().ok()) {
            None => Attempt::Absent,
            Some("stale") => Attempt::Void(Rejection::new(StatusCode::UNAUTHORIZED, "auth.token-revoked")),
            Some(name) => {
                Attempt::Proved(Principal::new(name).with_ambient(true).with_method(AuthMethod::Cookie))
            }
        }
    }

    fn way_back(&self, req: &request::Parts) -> Option<WayBack> {
        req.headers.get(header::COOKIE).filter(|name| *name == "stale")?;
        Some(WayBack::new(|res| {
            res.headers.append(header::SET_COOKIE, HeaderValue::from_static("tab=; Max-Age=0"));
        }))
    }
}

/// Offers Basic, and never finds any.
struct Dialog;

impl Authenticator for Dialog {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Scheme("Basic")]
    }

    fn authenticate(&self, _: &mut request::Parts) -> Attempt {
        Attempt::Absent
    }

    fn challenges(&self) -> Vec<Challenge> {
        vec![Challenge::new("Basic").with_param("charset", "UTF-8")]
    }
}

fn parts(headers: &[(&str, &str)]) -> request::Parts {
    let mut req = Request::get("/orders?page=2");
    for (name, value) in headers {
        req = req.header(*name, *value);
    }
    req.body(()).unwrap().into_parts().0
}

/// What came of it in one word: the subject, `anonymous`, or the reason code.
fn outcome(auth: &Auth, req: &mut request::Parts) -> String {
    let mut verdict: Verdict = auth.enter(req);
    while let Ok(Pass::Later(later)) = verdict {
        verdict = block_on(later.enter(req));
    }
    match verdict {
        Err(rejection) => rejection.code().to_owned(),
        Ok(_) => match Principal::of(&req.extensions) {
            Some(who) if who.is_anonymous() => "anonymous".to_owned(),
            Some(who) => who.subject().to_owned(),
            None => "no principal".to_owned(),
        },
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn all_kinds() -> Auth {
    Auth::new(Token).or(Key).or(Tab)
}

#[test]
fn explicit_and_ambient_credentials_are_judged_by_the_table() {
    const AUTHORIZATION: &str = "authorization";
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[], "auth.missing"),
        (&[(AUTHORIZATION, "Bearer ada")], "ada"),
        (&[(AUTHORIZATION, "bEaReR ada")], "ada"),
        (&[(AUTHORIZATION, "Bearer later-ada")], "ada"),
        (&[(AUTHORIZATION, "Bearer bad")], "auth.token-expired"),
        (&[(AUTHORIZATION, "Bearer later-bad")], "auth.token-expired"),
        (&[("x-api-key", "ada")], "ada"),
        (&[("cookie", "ada")], "ada"),
        (&[("cookie", "stale")], "auth.missing"),
        // Explicit and ambient together.
        (&[(AUTHORIZATION, "Bearer ada"), ("cookie", "ada")], "ada"),
        (&[(AUTHORIZATION, "Bearer ada"), ("cookie", "stale")], "ada"),
        (&[(AUTHORIZATION, "Bearer ada"), ("cookie", "bob")], "auth.credentials-conflict"),
        (&[(AUTHORIZATION, "Bearer later-ada"), ("cookie", "bob")], "auth.credentials-conflict"),
        (&[(AUTHORIZATION, "Bearer ada"), ("x-api-key", "ada")], "ada"),
        (&[(AUTHORIZATION, "Bearer ada"), ("x-api-key", "bob")], "auth.credentials-conflict"),
        // A refusal never falls back.
        (&[(AUTHORIZATION, "Bearer bad"), ("cookie", "ada")], "auth.token-expired"),
        (&[(AUTHORIZATION, "Bearer bad"), ("x-api-key", "ada")], "auth.token-expired"),
        // Nor does what no kind reads.
        (&[(AUTHORIZATION, "Bearer other"), ("cookie", "ada")], "auth.bad-credentials"),
        (&[(AUTHORIZATION, "Bearer other"), ("x-api-key", "ada")], "auth.bad-credentials"),
        (&[("x-api-key", "\u{fc}"), ("cookie", "ada")], "auth.bad-credentials"),
        (&[(AUTHORIZATION, "Basic YTpi")], "auth.scheme-unsupported"),
        (&[(AUTHORIZATION, "Basic YTpi"), ("x-api-key", "ada")], "auth.scheme-unsupported"),
        (&[(AUTHORIZATION, ""), ("cookie", "ada")], "auth.scheme-unsupported"),
        (&[(AUTHORIZATION, "\u{fc}"), ("cookie", "ada")], "auth.scheme-unsupported"),
        (&[(AUTHORIZATION, "Bearerada")], "auth.scheme-unsupported"),
        (&[(AUTHORIZATION, "Bearer\tada")], "auth.scheme-unsupported"),
        // Twice is once too many, the same twice too.
        (&[(AUTHORIZATION, "Bearer ada"), (AUTHORIZATION, "Bearer ada")], "auth.credentials-repeated"),
        (&[(AUTHORIZATION, "Bearer ada"), (AUTHORIZATION, "Basic YTpi")], "auth.credentials-repeated"),
        (&[("x-api-key", "ada"), ("x-api-key", "bob")], "auth.credentials-repeated"),
    ];
    for (headers, expected) in table {
        let as_it_is = outcome(&all_kinds(), &mut parts(headers));
        assert_eq!(as_it_is, *expected, "{headers:?}");
        let optional = outcome(&all_kinds().optional(), &mut parts(headers));
        let expected = if *expected == "auth.missing" { "anonymous" } else { expected };
        assert_eq!(optional, expected, "optional, {headers:?}");
    }
}

#[test]
fn tokens_in_the_query_are_never_read() {
    let (mut req, ()) = Request::get("/?access_token=ada&token=ada").body(()).unwrap().into_parts();
    assert_eq!(outcome(&all_kinds(), &mut req), "auth.missing");
}

#[test]
fn no_header_of_a_client_stands_for_credentials() {
    for (name, value) in
        [("user-agent", "kube-probe/1.30"), ("x-forwarded-user", "ada"), ("remote-user", "ada")]
    {
        assert_eq!(outcome(&all_kinds(), &mut parts(&[(name, value)])), "auth.missing", "{name}");
    }
}

#[test]
fn subjects_of_two_issuers_are_two_users() {
    struct Issued(&'static str, &'static str, bool);
    impl Authenticator for Issued {
        fn carriers(&self) -> Vec<Carrier> {
            Vec::new()
        }
        fn authenticate(&self, _: &mut request::Parts) -> Attempt {
            Attempt::Proved(Principal::new(self.0).with_issuer(self.1).with_ambient(self.2))
        }
    }
    let both = |issuer| Auth::new(Issued("1", "a", false)).or(Issued("1", issuer, true));
    assert_eq!(outcome(&both("a"), &mut parts(&[])), "1");
    assert_eq!(outcome(&both("b"), &mut parts(&[])), "auth.credentials-conflict");
}

#[test]
fn a_kind_that_proves_nobody_opens_no_door() {
    struct Nobody;
    impl Authenticator for Nobody {
        fn carriers(&self) -> Vec<Carrier> {
            Vec::new()
        }
        fn authenticate(&self, _: &mut request::Parts) -> Attempt {
            Attempt::Proved(Principal::anonymous())
        }
    }
    assert_refused!(Auth::new(Nobody).enter(&mut parts(&[])), 500, "auth.proved-nobody");
}

#[test]
fn without_kinds_everybody_is_refused() {
    let none = Auth::any_of(std::iter::empty::<Arc<dyn Authenticator>>());
    assert_refused!(none.enter(&mut parts(&[])), 401, "auth.missing");
    assert_refused!(none.enter(&mut parts(&[("authorization", "Bearer x")])), 401, "auth.scheme-unsupported");
}

#[test]
fn a_refusal_offers_every_kind_and_its_own_error_first() {
    let auth = Auth::new(Token).or(Dialog).or(Key).or(Tab).with_realm("shop");
    let challenges = |headers: &[(&str, &str)]| -> Vec<String> {
        let mut verdict = auth.enter(&mut parts(headers));
        if let Ok(Pass::Later(later)) = verdict {
            verdict = block_on(later.enter(&mut parts(headers)));
        }
        verdict.unwrap_err().challenges().iter().map(ToString::to_string).collect()
    };
    let bearer = r#"Bearer realm="shop""#;
    let basic = r#"Basic realm="shop", charset="UTF-8""#;
    let failed = r#"Bearer realm="shop", error="invalid_token", error_description="it has expired""#;
    assert_eq!(challenges(&[]), [bearer, basic]);
    assert_eq!(challenges(&[("authorization", "Digest x")]), [bearer, basic]);
    assert_eq!(challenges(&[("authorization", "Bearer bad")]), [failed, basic]);
    assert_eq!(challenges(&[("authorization", "Bearer later-bad")]), [failed, basic]);
    assert!(challenges(&[("x-api-key", "a"), ("x-api-key", "a")]).is_empty(), "a 400 has no challenge");

    let page = ("sec-fetch-mode", "navigate");
    assert_eq!(challenges(&[page]), [bearer], "Basic would cover the page with a dialog");
    assert_eq!(challenges(&[page, ("authorization", "Bearer bad")]), [failed]);
    let html = ("accept", "text/html,*/*;q=0.8");
    assert_eq!(challenges(&[html]), [bearer]);
    assert_eq!(challenges(&[html, ("x-requested-with", "XMLHttpRequest")]), [bearer, basic]);

    let only_basic = Auth::new(Dialog).enter(&mut parts(&[page])).unwrap_err();
    assert_eq!(only_basic.challenges().len(), 1, "where Basic is the only way in, the dialog is the way in");
    let asked_for = Auth::new(Token).or(Dialog).with_dialog().enter(&mut parts(&[page])).unwrap_err();
    assert_eq!(asked_for.challenges().len(), 2, "and where it is asked for");
}

#[test]
fn a_401_has_a_challenge_though_no_kind_has_a_scheme() {
    let refused = Auth::new(Tab).with_realm("shop").enter(&mut parts(&[])).unwrap_err();
    assert_eq!(refused.challenges()[0].to_string(), r#"Unspecified realm="shop""#);
}

#[test]
fn credentials_are_not_in_what_debug_shows() {
    for (name, value) in [("authorization", "Bearer ada"), ("x-api-key", "ada")] {
        let mut req = parts(&[(name, value)]);
        assert_passed!(all_kinds().enter(&mut req));
        assert!(req.headers[name].is_sensitive(), "{name}");
        assert!(!format!("{:?}", req.headers).contains("ada"), "{name}");
    }
}

#[test]
fn the_trail_says_who_it_was_and_why_a_cookie_was_void() {
    let probe = Probe::ok();
    let chain = Chain::new().gate(all_kinds().optional()).with_server_timing(enfilade_auth::Clock::system());
    let (service, _) = chain.build(probe.service()).unwrap();
    let mut app = Drive::service(service);
    let mut timing = |cookie: &str| {
        let reply = app.get("/").header("cookie", cookie).send();
        reply.header("server-timing").unwrap().to_owned()
    };
    let who = timing("ada");
    assert!(who.contains("auth") && who.contains("'ada' by cookie"), "{who}");
    let void = timing("stale");
    assert!(void.contains("auth.token-revoked"), "{void}");
}

#[test]
fn a_login_page_takes_page_loads_and_scripts_get_the_401() {
    let auth = all_kinds().with_login("/sign-in").unwrap();
    let sent = |auth: &Auth, method: Method, target: &str, headers: &[(&str, &str)]| {
        let mut req = parts(headers);
        (req.method, req.uri) = (method, target.parse().unwrap());
        let rejection = auth.enter(&mut req).unwrap_err();
        let location = rejection.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        (rejection.code(), rejection.status().as_u16(), location)
    };
    let page = [("sec-fetch-mode", "navigate")];
    let to = |location: &str| ("auth.login-required", 303, Some(location.to_owned()));
    let refused = ("auth.missing", 401, None);

    assert_eq!(sent(&auth, Method::GET, "/orders?page=2", &page), to("/sign-in?next=/orders%3Fpage%3D2"));
    assert_eq!(sent(&auth, Method::GET, "/", &page), to("/sign-in"));
    assert_eq!(sent(&auth, Method::GET, "//evil.example", &page), to("/sign-in"));
    assert_eq!(sent(&auth, Method::GET, "https://evil.example/a", &page), to("/sign-in?next=/a"));
    assert_eq!(sent(&auth, Method::POST, "/orders", &page), to("/sign-in"), "a form is not posted again");
    assert_eq!(sent(&auth, Method::GET, "/sign-in?next=/a", &page), refused, "or it would redirect for ever");
    assert_eq!(sent(&auth, Method::GET, "/orders", &[]), refused);
    assert_eq!(sent(&auth, Method::GET, "/orders", &[("sec-fetch-mode", "cors")]), refused);
    let bad = [page[0], ("authorization", "Bearer bad")];
    assert_eq!(sent(&auth, Method::GET, "/orders", &bad), ("auth.token-expired", 401, None));

    for wrong in
        ["sign-in", "/#sign-in", "https://id.example/", "//id.example/", "/\\id.example", "", "/a//b"]
    {
        assert!(matches!(all_kinds().with_login(wrong), Err(ConfigError::Path { .. })), "{wrong:?}");
    }
}

#[test]
fn the_login_page_is_known_in_every_spelling_by_the_path_that_the_door_judged() {
    let auth = all_kinds().with_login("/sign-in/caf%c3%a9?lang=en").unwrap();
    let code = |target: &str, judged: bool| {
        let mut req = parts(&[("sec-fetch-mode", "navigate"), ("host", "a")]);
        req.uri = target.parse().unwrap();
        if judged {
            let canonical = StrictRequest::new().judge(&req).unwrap();
            RequestContext::begin(&mut req.extensions, canonical);
        }
        auth.enter(&mut req).unwrap_err().code()
    };
    for spelling in ["/sign-in/caf%c3%a9", "/sign-in/caf%C3%A9?next=/a", "/%73ign-in/%63af%c3%a9"] {
        assert_eq!(code(spelling, true), "auth.missing", "{spelling} would redirect for ever");
    }
    assert_eq!(code("/sign-in/cafe", true), "auth.login-required");
    assert_eq!(code("/sign-in/caf%c3%a9", false), "auth.missing", "no door: by the target as it stands");
    assert_eq!(code("/%73ign-in/caf%c3%a9", false), "auth.login-required");
}

#[test]
fn what_needs_somebody_behind_an_optional_link_refuses_as_that_link_would() {
    let auth = Auth::new(Token).or(Tab).with_realm("shop").with_login("/sign-in").unwrap().optional();
    let mut script = parts(&[]);
    assert_passed!(auth.enter(&mut script));
    let refused = Principal::require(&script).unwrap_err();
    assert_eq!((refused.code(), refused.challenges().len()), ("auth.missing", 1));

    let mut page = parts(&[("sec-fetch-mode", "navigate")]);
    assert_passed!(auth.enter(&mut page));
    assert_refused!(Err(Principal::require(&page).unwrap_err()), 303, "auth.login-required");
}

#[test]
fn a_websocket_that_a_cookie_proves_must_come_from_a_page_of_ours() {
    let auth = all_kinds().with_trusted_origins(["https://app.example", "http://localhost:3000"]).unwrap();
    let ours = "https://shop.example";
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("origin", ours)], "ada"),
        (&[("origin", "https://shop.example:443")], "ada"),
        (&[("origin", "https://app.example")], "ada"),
        (&[("origin", "http://localhost:3000")], "ada"),
        (&[], "csrf.cross-site-websocket"),
        (&[("origin", "null")], "csrf.cross-site-websocket"),
        (&[("origin", "")], "csrf.cross-site-websocket"),
        (&[("origin", "https://evil.example")], "csrf.cross-site-websocket"),
        (&[("origin", "http://shop.example")], "csrf.cross-site-websocket"),
        (&[("origin", "https://shop.example:8443")], "csrf.cross-site-websocket"),
        (&[("origin", "https://shop.example.evil.example")], "csrf.cross-site-websocket"),
        (&[("origin", "https://shop.example@evil.example")], "csrf.cross-site-websocket"),
        (&[("origin", "https://evil.example/https://shop.example")], "csrf.cross-site-websocket"),
        (&[("origin", "http://localhost:3001")], "csrf.cross-site-websocket"),
        (&[("origin", "wss://shop.example")], "csrf.cross-site-websocket"),
        (&[("origin", ours), ("origin", "https://evil.example")], "csrf.cross-site-websocket"),
    ];
    for (headers, expected) in table {
        for handshake in [Method::GET, Method::CONNECT] {
            let mut req = parts(headers);
            req.headers.insert(header::COOKIE, HeaderValue::from_static("ada"));
            let host = Host::parse(&HeaderValue::from_static("shop.example"));
            RequestContext::begin(&mut req.extensions, Canonical::new(Scheme::HTTPS, host, None));
            if handshake == Method::GET {
                req.headers.insert(header::UPGRADE, HeaderValue::from_static("h2c, WebSocket"));
            }
            req.method = handshake;
            assert_eq!(outcome(&auth, &mut req), *expected, "{} {headers:?}", req.method);
        }
    }
}

#[test]
fn a_handshake_is_judged_by_its_host_where_the_door_is_not_ours() {
    let socket = |headers: &[(&str, &str)]| {
        let mut req = parts(headers);
        req.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        outcome(&all_kinds(), &mut req)
    };
    let cookie = ("cookie", "ada");
    assert_eq!(socket(&[cookie, ("host", "shop.example"), ("origin", "https://shop.example")]), "ada");
    assert_eq!(
        socket(&[cookie, ("host", "shop.example:8080"), ("origin", "http://Shop.example:8080")]),
        "ada"
    );
    let refused = "csrf.cross-site-websocket";
    assert_eq!(socket(&[cookie, ("host", "shop.example"), ("origin", "https://evil.example")]), refused);
    assert_eq!(socket(&[cookie, ("origin", "https://shop.example")]), refused);
    let two_hosts =
        [cookie, ("host", "shop.example"), ("host", "evil.example"), ("origin", "https://evil.example")];
    assert_eq!(socket(&two_hosts), refused);
    // Nobody can make a browser send these.
    assert_eq!(socket(&[("authorization", "Bearer ada"), ("origin", "https://evil.example")]), "ada");
    assert_eq!(socket(&[("x-api-key", "ada")]), "ada");
}

/// `Authorization: Basic NAME`, as far as a handshake is judged by it.
struct Password;

impl Authenticator for Password {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Scheme("Basic")]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let value = req.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match value.and_then(|value| value.strip_prefix("Basic ")) {
            Some(name) => Attempt::Proved(Principal::new(name)),
            None => Attempt::Absent,
        }
    }
}

#[test]
fn a_websocket_with_a_password_that_the_browser_keeps_must_come_from_a_page_of_ours() {
    let auth = Auth::new(Password).or(Tab).with_trusted_origins(["https://app.example"]).unwrap();
    let refused = "csrf.cross-site-websocket";
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[], "ada"),
        (&[("origin", "https://shop.example")], "ada"),
        (&[("origin", "https://app.example")], "ada"),
        (&[("origin", "https://evil.example")], refused),
        (&[("origin", "null")], refused),
        (&[("origin", "")], refused),
        (&[("origin", "https://shop.example"), ("origin", "https://evil.example")], refused),
        (&[("origin", "https://evil.example"), ("cookie", "ada")], refused),
    ];
    for (headers, expected) in table {
        for handshake in [Method::GET, Method::CONNECT] {
            let mut req = parts(headers);
            req.headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic ada"));
            req.headers.insert(header::HOST, HeaderValue::from_static("shop.example"));
            if handshake == Method::GET {
                req.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            }
            req.method = handshake;
            assert_eq!(outcome(&auth, &mut req), *expected, "{} {headers:?}", req.method);
        }
        let mut plain = parts(headers);
        plain.headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic ada"));
        assert_eq!(outcome(&auth, &mut plain), "ada", "no handshake, {headers:?}");
    }
}

#[test]
fn trusted_origins_that_are_none_do_not_build() {
    for wrong in ["app.example", "https://", "https://app.example/", "ftp://app.example", "*", "null", ""] {
        let error = all_kinds().with_trusted_origins([wrong]).unwrap_err();
        assert!(error.to_string().contains("https://app.example.com"), "{wrong:?}: {error}");
    }
}

#[test]
fn the_way_back_runs_on_answers_and_on_refusals_of_auth_itself() {
    let probe = Probe::ok().respond(Answer::status(204).header("set-cookie", "app=1"));
    let mut strict = drive(all_kinds(), &probe);
    let refused = strict.get("/").header("cookie", "stale").send();
    assert_refused!(refused, 401, "auth.missing");
    assert_eq!(refused.header_all("set-cookie"), ["tab=; Max-Age=0"]);
    let refused = strict.get("/").header("cookie", "stale").bearer("bad").send();
    assert_eq!(refused.code(), Some("auth.token-expired"));
    assert_eq!(refused.header_all("set-cookie"), ["tab=; Max-Age=0"]);
    probe.never_reached();

    let passed = strict.get("/").header("cookie", "stale").bearer("later-ada").send();
    assert_passed!(passed);
    assert_eq!(passed.header_all("set-cookie"), ["app=1", "tab=; Max-Age=0"]);
}

#[test]
fn two_hundred_scripts_get_two_hundred_401s_and_no_cookie() {
    let probe = Probe::ok();
    let mut strict = drive(all_kinds().with_login("/sign-in").unwrap(), &probe);
    for _ in 0..200 {
        let reply = strict.get("/api").header("sec-fetch-mode", "cors").send();
        assert_refused!(reply, 401, "auth.missing");
        assert!(reply.header("set-cookie").is_none());
    }
    probe.never_reached();
}

#[test]
fn auth_says_what_it_gives_and_what_its_kinds_are() {
    let about = all_kinds().about();
    assert_eq!(about.name(), "auth");
    assert_eq!(about.provided()[0].name(), "the principal");
    assert!(format!("{:?}", all_kinds()).contains(r#"["token", "key", "tab"]"#));
    let probe = Probe::ok();
    let (service, _) = Chain::new().gate(all_kinds()).build(probe.service()).unwrap();
    assert_refused!(Drive::service(service).get("/").send(), 401, "auth.missing");
}

/// What one kind finds, by script.
#[derive(Clone, Debug)]
struct Scripted {
    is_explicit: bool,
    is_later: bool,
    finds: Finds,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Finds {
    Nothing,
    Somebody(&'static str),
    Rubbish,
}

impl Authenticator for Scripted {
    fn carriers(&self) -> Vec<Carrier> {
        Vec::new()
    }

    fn authenticate(&self, _: &mut request::Parts) -> Attempt {
        let found = match (self.finds, self.is_explicit) {
            (Finds::Nothing, _) => Attempt::Absent,
            (Finds::Somebody(name), is_explicit) => {
                Attempt::Proved(Principal::new(name).with_ambient(!is_explicit))
            }
            (Finds::Rubbish, true) => Attempt::Refused(refusal("auth.token-expired")),
            (Finds::Rubbish, false) => Attempt::Void(refusal("auth.token-expired")),
        };
        if self.is_later { Attempt::later(async { found }) } else { found }
    }
}

/// The same decision in the words of the design, on all answers at once.
fn expected(kinds: &[Scripted], is_optional: bool) -> String {
    let explicit = || kinds.iter().filter(|kind| kind.is_explicit);
    let mut proved =
        explicit().chain(kinds.iter().filter(|kind| !kind.is_explicit)).filter_map(|kind| match kind.finds {
            Finds::Somebody(name) => Some(name),
            _ => None,
        });
    let first = proved.next();
    let conflict = proved.any(|name| Some(name) != first);
    let refused = explicit().any(|kind| kind.finds == Finds::Rubbish);
    match first {
        // Which of the two a request hears that is wrong in both ways depends on the order of the kinds.
        _ if refused && conflict => "either".to_owned(),
        _ if refused => "auth.token-expired".to_owned(),
        _ if conflict => "auth.credentials-conflict".to_owned(),
        Some(name) => name.to_owned(),
        None if is_optional => "anonymous".to_owned(),
        None => "auth.missing".to_owned(),
    }
}

proptest! {
    #[test]
    fn any_kinds_in_any_order_decide_as_the_design_says(
        kinds in prop::collection::vec(
            (any::<bool>(), any::<bool>(), prop_oneof![
                3 => Just(Finds::Nothing), 2 => Just(Finds::Somebody("ada")), 1 => Just(Finds::Somebody("bob")), 1 => Just(Finds::Rubbish),
            ]).prop_map(|(is_explicit, is_later, finds)| Scripted { is_explicit, is_later, finds }),
            0..5,
        ),
        is_optional: bool,
    ) {
        let auth = Auth::any_of(kinds.iter().map(|kind| Arc::new(kind.clone()) as Arc<dyn Authenticator>));
        let auth = if is_optional { auth.optional() } else { auth };
        let outcome = outcome(&auth, &mut parts(&[]));
        match &*expected(&kinds, is_optional) {
            "either" => prop_assert!(["auth.token-expired", "auth.credentials-conflict"].contains(&&*outcome)),
            expected => prop_assert_eq!(outcome, expected),
        }
    }
}
