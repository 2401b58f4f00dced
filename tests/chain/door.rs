//! Browsers at the door: sign-in, the counter, sign-out, replay, restart, other sites' forms.

use enfilade_test::{assert_passed, assert_refused};

use crate::{browser::Browser, kit::Demo};

#[test]
fn a_page_load_by_nobody_goes_to_the_sign_in_page_and_back() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    let reply = browser.load(&mut demo, "/?x=1");
    assert_eq!((reply.status().as_u16(), reply.code()), (303, Some("auth.login-required")));
    let location = reply.header("location").unwrap().to_owned();
    assert_eq!(location, "/sign-in?next=/%3Fx%3D1");

    let page = browser.load(&mut demo, &location);
    assert_passed!(page);
    assert!(page.text().contains("name=\"next\" value=\"/?x=1\""), "{}", page.text());
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    for word in [
        "default-src 'none'",
        "style-src 'sha256-",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(word), "{policy}");
    }
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn sign_in_shows_the_page_and_counts_visits() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    let reply = browser.sign_in(&mut demo);
    assert_eq!((reply.status().as_u16(), reply.header("location")), (303, Some("/check?next=%2F")));
    assert!(browser.cookies.keys().any(|name| name.starts_with("__Host-")), "{:?}", browser.cookies.keys());
    let checked = browser.load(&mut demo, "/check?next=%2F");
    assert_eq!((checked.status().as_u16(), checked.header("location")), (303, Some("/")));
    for visit in 1..=3 {
        let page = browser.load(&mut demo, "/");
        assert_passed!(page);
        assert!(page.text().contains("You are ada") && page.text().contains(&format!("<b>{visit}</b>")));
        assert!(page.text().contains("<svg"), "the picture of this request's way");
    }
}

#[test]
fn a_browser_that_drops_the_cookie_is_told_why() {
    let mut demo = Demo::start(&[]);
    let page = Browser::default().load(&mut demo, "/check?next=%2F");
    assert_passed!(page);
    assert!(
        page.text().contains("--insecure-plain-cookies")
            && page.text().contains("If you have just signed in")
    );
    let mut plain = Demo::start(&["--insecure-plain-cookies"]);
    let mut browser = Browser::default();
    browser.sign_in(&mut plain);
    assert!(browser.cookies.keys().all(|name| !name.starts_with("__")), "{:?}", browser.cookies.keys());
    assert_passed!(browser.load(&mut plain, "/"));
}

#[test]
fn a_wrong_password_shows_the_form_again_and_keeps_the_name() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    let reply = browser.submit(&mut demo, "/sign-in", "name=%3Cada%3E&password=wrong&next=%2Fdesk");
    assert_eq!(reply.status(), 403);
    assert!(reply.text().contains("value=\"&lt;ada&gt;\"") && reply.text().contains("role=\"alert\""));
    assert!(!reply.text().contains("wrong\""), "a password is never sent back");
    assert!(browser.cookies.is_empty());
}

#[test]
fn a_copied_cookie_is_absent_after_sign_out() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    browser.sign_in(&mut demo);
    let mut thief = browser.clone();
    assert_passed!(thief.load(&mut demo, "/"));

    let reply = browser.submit(&mut demo, "/sign-out", "");
    assert_eq!((reply.status().as_u16(), reply.header("location")), (303, Some("/sign-in")));
    let mut again = thief.clone();
    let fetched = thief.fetch(&mut demo, "/");
    assert_refused!(fetched, 401, "auth.missing");
    assert!(
        fetched.header_all("set-cookie").iter().any(|line| line.contains("Max-Age=0")),
        "the cookie is removed"
    );
    assert_eq!(again.load(&mut demo, "/").code(), Some("auth.login-required"));
}

#[test]
fn after_a_restart_an_old_tab_gets_the_sign_in_page() {
    let mut browser = Browser::default();
    browser.sign_in(&mut Demo::start(&[]));
    let mut restarted = Demo::start(&[]);
    let reply = browser.load(&mut restarted, "/");
    assert_eq!((reply.status().as_u16(), reply.code()), (303, Some("auth.login-required")));
    assert_passed!(browser.load(&mut restarted, "/sign-in"));
}

#[test]
fn a_session_ends_after_an_hour() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    browser.sign_in(&mut demo);
    demo.clock.advance(std::time::Duration::from_secs(59 * 60));
    assert_passed!(browser.load(&mut demo, "/"));
    demo.clock.advance(std::time::Duration::from_secs(10 * 60));
    assert_eq!(browser.load(&mut demo, "/").code(), Some("auth.login-required"));
}

#[test]
fn another_sites_form_signs_nobody_in_or_out() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    let (name, password) = demo.user();
    let form = format!("name={name}&password={password}");
    let reply = browser.submit_from(&mut demo, "cross-site", "/sign-in", &form);
    assert_refused!(reply, 403, "csrf.cross-site");
    browser.sign_in(&mut demo);
    assert_refused!(browser.submit_from(&mut demo, "cross-site", "/sign-out", ""), 403, "csrf.cross-site");
    assert_passed!(browser.load(&mut demo, "/"));
}

#[test]
fn a_handshake_from_another_origin_by_cookie_is_refused() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    browser.sign_in(&mut demo);
    let sending = demo.door.get("/").header("host", "localhost:8080").header("upgrade", "websocket");
    let sending = sending.header("connection", "Upgrade").header("origin", "http://evil.example");
    let sending = browser.cookies.iter().fold(sending, |sending, (name, value)| sending.cookie(name, value));
    assert_refused!(sending.send(), 403, "csrf.cross-site-websocket");
}

#[test]
fn a_session_token_is_no_bearer_token_and_a_bearer_token_no_session() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    browser.sign_in(&mut demo);
    let token = demo.token();
    for value in browser.cookies.values_mut() {
        value.clone_from(&token);
    }
    assert_eq!(browser.load(&mut demo, "/").code(), Some("auth.login-required"));
}

#[test]
fn the_way_back_never_leaves_this_site() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    browser.sign_in(&mut demo);
    for next in ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aset-cookie:x", "evil"] {
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let reply = browser.load(&mut demo, &format!("/sign-in?next={encoded}"));
        let location = reply.header("location").unwrap();
        assert!(
            location.starts_with('/')
                && !location.starts_with("//")
                && !location.contains(['\\', '\r', '\n']),
            "{location}"
        );
    }
    let reply = browser.load(&mut demo, "/sign-in?next=%2Fa&next=%2Fb");
    assert_eq!(reply.header("location"), Some("/"));
}

#[test]
fn odd_requests_to_the_door_get_their_reason() {
    let mut demo = Demo::start(&[]);
    let mut browser = Browser::default();
    assert_refused!(browser.load(&mut demo, "/sign-out"), 405, "sign-in.method");
    assert_refused!(browser.submit(&mut demo, "/sign-in", "name=ada"), 400, "sign-in.form-malformed");
    let large = format!("name=ada&password={}", "x".repeat(9000));
    assert_refused!(browser.submit(&mut demo, "/sign-in", &large), 413, "sign-in.form-too-large");
    let json =
        demo.door.post("/sign-in").header("host", "localhost").header("content-type", "application/json");
    assert_refused!(json.body("{}").send(), 415, "sign-in.not-a-form");
}

#[test]
fn an_exposed_demo_has_no_users_and_no_token() {
    let mut demo = Demo::start_at("10.0.0.7:80", &["--insecure-listen"]);
    assert!(demo.identity.printed.is_empty() && demo.identity.token.is_none());
    assert_passed!(demo.door.get("/sign-in").header("host", "10.0.0.7").send());
    assert!(Demo::start(&["--insecure-listen"]).identity.token.is_some(), "loopback is not exposed");
}

#[test]
fn a_failed_sign_in_has_its_reason_for_the_log() {
    let mut demo = Demo::start(&[]);
    let reply = Browser::default().submit(&mut demo, "/sign-in", "name=ada&password=wrong");
    assert_eq!((reply.status().as_u16(), reply.code()), (403, Some("auth.bad-credentials")));
}
