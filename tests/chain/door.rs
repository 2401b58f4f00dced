//! Browsers at the door: sign-in, the counter, sign-out, replay, restart, other sites' forms.

use std::time::Duration;

use enfilade_test::{assert_header, assert_passed, assert_refused, assert_set_cookie};
use http::Method;

use crate::{
    browser::{HERE, open, sign_in, way},
    kit::Demo,
};

#[test]
fn a_page_load_by_nobody_goes_to_the_sign_in_page_and_back() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    let page = browser.visit("/?x=1");
    assert_passed!(page);
    assert_refused!(page.redirects()[0], 303, "auth.login-required");
    assert_eq!(way(&page), ["/?x=1", "/sign-in?next=/%3Fx%3D1"]);
    assert_header!(page, "cache-control" = "no-store");
    assert_header!(page, "referrer-policy" = "same-origin");
    assert_header!(page, "x-content-type-options" = "nosniff");
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

    let (name, password) = demo.user();
    let page = browser.form("/sign-in").fill("name", name).fill("password", &password).submit();
    assert_passed!(page);
    assert_eq!(way(&page), ["/sign-in", "/check?next=%2F%3Fx%3D1", "/?x=1"]);
}

#[test]
fn sign_in_shows_the_page_and_counts_visits() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    let mut page = sign_in(&mut browser, &demo);
    assert_eq!(way(&page), ["/sign-in", "/check?next=%2F", "/"]);
    assert!(page.redirects().iter().all(|page| page.status() == 303 && page.dropped().is_empty()));
    for visit in 1..=3 {
        assert_passed!(page);
        assert!(page.text().contains("You are ada") && page.text().contains(&format!("<b>{visit}</b>")));
        assert!(page.text().contains("<svg"), "the picture of this request's way");
        page = browser.reload();
    }
}

#[test]
fn no_script_reads_a_cookie_and_no_other_host_gets_one() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    sign_in(&mut browser, &demo);
    assert_eq!(browser.script_cookies(), "");
    let cookies = browser.cookies();
    assert!(!cookies.is_empty());
    for cookie in cookies {
        assert!(cookie.name().starts_with("__Host-") && cookie.is_http_only(), "{cookie:?}");
        assert!(cookie.is_secure() && cookie.is_host_only() && cookie.path() == "/", "{cookie:?}");
        assert!(cookie.same_site().is_some(), "{cookie:?}");
    }
}

#[test]
fn a_browser_that_drops_the_cookie_is_told_why() {
    let mut demo = Demo::start(&[]);
    let page = open(&mut demo).visit("/check?next=%2F");
    assert_passed!(page);
    assert!(
        page.text().contains("--insecure-plain-cookies")
            && page.text().contains("If you have just signed in")
    );
    let mut plain = Demo::start(&["--insecure-plain-cookies"]);
    let mut browser = open(&mut plain);
    assert_passed!(sign_in(&mut browser, &plain));
    let cookies = browser.cookies();
    assert!(cookies.iter().all(|it| !it.name().starts_with("__") && !it.is_secure()), "{cookies:?}");
}

#[test]
fn a_wrong_password_shows_the_form_again_and_keeps_the_name() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    browser.visit("/desk");
    let page = browser.form("/sign-in").fill("name", "<ada>").fill("password", "wrong").submit();
    assert_refused!(page, 403, "auth.bad-credentials");
    assert!(page.text().contains("role=\"alert\""));
    assert!(!page.text().contains("wrong\""), "a password is never sent back");
    assert!(browser.cookies().is_empty());
    let again = browser.form("/sign-in").entries();
    assert!(again.contains(&("name".to_owned(), "<ada>".to_owned())), "{again:?}");
    assert!(again.contains(&("next".to_owned(), "/desk".to_owned())), "{again:?}");
}

#[test]
fn a_copied_cookie_is_absent_after_sign_out() {
    for mut demo in Demo::each_way() {
        let (mut browser, mut thief) = (open(&mut demo), open(&mut demo));
        sign_in(&mut browser, &demo);
        thief.copy_cookies(&browser);
        assert_passed!(thief.visit("/"));

        let page = browser.form("/sign-out").submit();
        assert_eq!(way(&page), ["/sign-out", "/sign-in"]);
        let stolen = browser.cookies().len();
        let fetched = thief.fetch("/").send();
        assert_refused!(fetched, 401, "auth.missing");
        let removed = fetched.reply().header_all("set-cookie").join("\n");
        let name = removed.split('=').next().unwrap().to_owned();
        assert_set_cookie!(fetched, (name) removed);
        assert!(thief.cookie(&name).is_none() && stolen == browser.cookies().len());
        thief.copy_cookies(&browser);
        assert_refused!(thief.visit("/").redirects()[0], 303, "auth.login-required");
    }
}

#[test]
fn after_sign_out_back_shows_nothing_private() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    sign_in(&mut browser, &demo);
    browser.visit("/?again");
    browser.form("/sign-out").submit();
    for _ in 0..2 {
        let page = browser.back();
        assert!(!page.text().contains("You are ada") && page.path().starts_with("/sign-in"), "{page:?}");
    }
}

#[test]
fn after_a_restart_an_old_tab_gets_the_sign_in_page() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    sign_in(&mut browser, &demo);
    let mut restarted = Demo::start(&[]);
    browser.serve(HERE, restarted.door.service_mut().clone());
    let page = browser.reload();
    assert_passed!(page);
    assert_refused!(page.redirects()[0], 303, "auth.login-required");
    assert!(sign_in(&mut browser, &restarted).text().contains("You are ada"));
}

#[test]
fn a_session_ends_after_an_hour() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    sign_in(&mut browser, &demo);
    demo.clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(way(&browser.visit("/")), ["/"]);
    demo.clock.advance(Duration::from_secs(10 * 60));
    assert_refused!(browser.visit("/").redirects()[0], 303, "auth.login-required");
}

/// Another port of `localhost` is the same site, so a browser sends the cookie along.
#[test]
fn another_sites_form_signs_nobody_in_or_out() {
    for mut demo in Demo::each_way() {
        let mut browser = open(&mut demo);
        let (name, password) = demo.user();
        sign_in(&mut browser, &demo);
        for site in ["http://localhost:9999/", "http://127.0.0.1:9999/", "https://evil.example/"] {
            browser.show(site, "");
            let page = browser.post(&format!("{HERE}/sign-out"), &[]);
            assert_refused!(page, 403, "csrf.cross-site");
            assert_eq!(page.sent().headers.contains_key("cookie"), site.contains("localhost"), "{page:?}");
            browser.show(site, "");
            let page = browser.post(&format!("{HERE}/sign-in"), &[("name", name), ("password", &password)]);
            assert_refused!(page, 403, "csrf.cross-site");
            browser.show(site, "");
            let fetched = browser.fetch(&format!("{HERE}/sign-out")).form(&[]).with_credentials().send();
            assert_refused!(fetched, 403, "csrf.cross-site");
            assert!(fetched.blocked().is_some(), "{fetched:?}");
        }
        assert!(browser.visit(HERE).text().contains("You are ada"));
    }
}

#[test]
fn a_handshake_from_another_origin_by_cookie_is_refused() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    let page = sign_in(&mut browser, &demo);
    let sending = demo.door.get("/").header("host", "localhost:8080").header("upgrade", "websocket");
    let sending = sending.header("connection", "Upgrade").header("origin", "http://evil.example");
    let sending = sending.header("cookie", page.sent_header("cookie").unwrap());
    assert_refused!(sending.send(), 403, "csrf.cross-site-websocket");
}

#[test]
fn a_session_token_is_no_bearer_token_and_a_bearer_token_no_session() {
    for mut demo in Demo::each_way() {
        let mut browser = open(&mut demo);
        sign_in(&mut browser, &demo);
        let token = demo.token();
        let names: Vec<_> = browser.cookies().iter().map(|cookie| cookie.name().into_owned()).collect();
        for name in names {
            browser
                .set_cookie(HERE, &format!("{name}={token}; Path=/; Secure; HttpOnly; SameSite=Lax"))
                .unwrap();
        }
        assert_refused!(browser.visit("/").redirects()[0], 303, "auth.login-required");
    }
}

#[test]
fn the_way_back_never_leaves_this_site() {
    for mut demo in Demo::each_way() {
        let mut browser = open(&mut demo);
        sign_in(&mut browser, &demo);
        for next in
            ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aset-cookie:x", "evil"]
        {
            let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            // The browser would fail the test if it were led to where nobody answers.
            let page = browser.visit(&format!("/sign-in?next={encoded}"));
            assert!(page.url().starts_with(HERE) && page.redirects().len() == 1, "{page:?}");
        }
        assert_eq!(browser.visit("/sign-in?next=%2Fa&next=%2Fb").path(), "/");
    }
}

#[test]
fn odd_requests_to_the_door_get_their_reason() {
    let mut demo = Demo::start(&[]);
    let mut browser = open(&mut demo);
    assert_refused!(browser.visit("/sign-out"), 405, "sign-in.method");
    assert_refused!(browser.post("/sign-in", &[("name", "ada")]), 400, "sign-in.form-malformed");
    browser.visit("/sign-in");
    let form = browser.form("/sign-in").fill("name", "ada").fill("password", &"x".repeat(9000));
    assert_refused!(form.submit(), 413, "sign-in.form-too-large");
    assert_refused!(browser.fetch("/sign-in").json("{}").send(), 415, "sign-in.not-a-form");
}

#[test]
fn an_exposed_demo_has_no_users_and_no_token() {
    let mut demo = Demo::start_at("10.0.0.7:80", &["--insecure-listen"]);
    assert!(demo.identity.printed.is_empty() && demo.identity.token.is_none());
    assert_passed!(demo.door.get("/sign-in").header("host", "10.0.0.7").send());
    assert!(Demo::start(&["--insecure-listen"]).identity.token.is_some(), "loopback is not exposed");
}

#[test]
fn every_link_reads_the_same_path() {
    let mut demo = Demo::start(&[]);
    let mut status = |target| demo.ask(Method::GET, target, &[]).status().as_u16();
    assert_eq!((status("/sign-in"), status("/%73ign%2Din"), status("/SIGN-IN")), (200, 200, 401));
    for odd in [
        "//sign-in",
        "/./sign-in",
        "/x/../sign-in",
        "/sign-in;x",
        "/%2fsign-in",
        "/sign-in%00",
        "/sign-in%3f",
    ] {
        assert_eq!(status(odd), 400, "{odd}");
    }
}
