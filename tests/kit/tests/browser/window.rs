//! The window: pages, links, history, cookies over a restart, and failures that say what to do.

use std::time::Duration;

use enfilade_core::{Gates, Rejection, gate_fn};
use enfilade_test::{
    Answer, Probe, TestClock, assert_passed, assert_refused, assert_set_cookie, browser::Browser,
};
use http::StatusCode;
use tower_layer::Layer as _;

const SHOP: &str = "https://shop.example";

fn html(text: &str) -> Answer {
    Answer::ok().header("content-type", "text/html").body(text.to_owned())
}

#[test]
fn a_page_is_judged_like_a_reply() {
    let shut = Gates::of(gate_fn("shut", |req| match req.uri.path() {
        "/shut" => Err(Rejection::new(StatusCode::FORBIDDEN, "shut.always")),
        _ => Ok(enfilade_core::Pass::Now),
    }));
    let probe = Probe::ok().respond(Answer::ok().header("set-cookie", "sid=7"));
    let mut browser = Browser::new().at(SHOP, shut.layer(probe.service()));
    assert_refused!(browser.visit("/shut"), 403, "shut.always");
    let page = browser.visit("/");
    assert_passed!(page);
    assert_set_cookie!(page, "sid" = "7");
    probe.reached();
}

#[test]
fn links_are_found_by_id_text_and_address() {
    let page = "<a id=one href=/1>First <b>page</b></a><a href='/2?a=1&amp;b=2'>Second</a><a rel='x noreferrer' href=/3>Third</a>";
    let mut browser = Browser::new().at(SHOP, Probe::ok().respond(html(page)).service());
    browser.visit("/");
    for (link, path) in
        [("#one", "/1"), ("First page", "/1"), ("/2?a=1&b=2", "/2?a=1&b=2"), ("Second", "/2?a=1&b=2")]
    {
        let page = browser.click(link);
        assert_eq!((page.path(), page.sent_header("sec-fetch-site")), (path, Some("same-origin")), "{link}");
        assert!(page.sent_header("referer").is_some());
    }
    assert_eq!(browser.click("Third").sent_header("referer"), None);
}

#[test]
fn a_restart_ends_the_session_and_keeps_what_lasts() {
    let time = TestClock::at(1_800_000_000);
    let answer =
        Answer::ok().header("set-cookie", "session=1").header("set-cookie", "lasting=1; Max-Age=3600");
    let probe = Probe::ok().respond(answer).respond(200);
    let mut browser = Browser::new().with_clock(time.clock()).at(SHOP, probe.service());
    browser.visit("/");
    browser.restart();
    assert_eq!(browser.visit("/").sent_header("cookie"), Some("lasting=1"));
    assert_eq!(
        format!("{:?}", browser.cookies()),
        "[lasting=1; host shop.example; Path=/; until 1800003600]"
    );
    time.advance(Duration::from_secs(3600));
    assert_eq!(browser.visit("/").sent_header("cookie"), None);
    assert!(browser.cookies().is_empty());
}

#[test]
fn lax_by_default_lasts_two_minutes_for_another_sites_post() {
    let time = TestClock::at(1_800_000_000);
    let mut browser = Browser::new().with_clock(time.clock()).at(SHOP, Probe::ok().service());
    browser.set_cookie(SHOP, "sid=1; Secure").unwrap();
    let attack = |browser: &mut Browser| {
        browser.show("https://evil.example/", "");
        browser.post(SHOP, &[]).sent_header("cookie").map(str::to_owned)
    };
    time.advance(Duration::from_secs(120));
    assert_eq!(attack(&mut browser).as_deref(), Some("sid=1"));
    time.advance(Duration::from_secs(1));
    assert_eq!(attack(&mut browser), None);
}

#[test]
fn back_shows_what_was_kept_and_asks_for_what_was_not() {
    let probe =
        Probe::ok().respond(html("one")).respond(html("two").header("cache-control", "private, no-store"));
    let probe = probe.respond(html("three"));
    let mut browser = Browser::new().at(SHOP, probe.service());
    for path in ["/1", "/2", "/3"] {
        browser.visit(path);
    }
    assert_eq!((browser.back().text(), probe.requests().len()), ("three", 4), "asked again");
    assert_eq!((browser.back().text(), probe.requests().len()), ("one", 4));
}

#[test]
fn a_cookie_that_is_not_kept_says_why() {
    let answer = Answer::ok()
        .header("set-cookie", "__Host-a=1; Path=/")
        .header("set-cookie", "b=1; Domain=evil.example")
        .header("set-cookie", "c=1; Partitioned; Secure");
    let mut browser = Browser::new().at(SHOP, Probe::ok().respond(answer).service());
    let page = browser.visit("/");
    let reasons: Vec<_> = page.dropped().iter().map(|dropped| dropped.reason).collect();
    assert_eq!(
        reasons,
        [
            "a prefix that asks for Secure",
            "a Domain that is not the host's own",
            "Partitioned is not modelled"
        ]
    );
}

#[test]
fn a_public_suffix_of_a_tests_own_divides_sites() {
    let mut browser = Browser::new()
        .with_public_suffix("pages.example")
        .at("https://a.pages.example", Probe::ok().service());
    assert!(browser.set_cookie("https://a.pages.example", "x=1; Domain=pages.example").is_err());
    browser.set_cookie("https://a.pages.example", "x=1; Secure; SameSite=Lax").unwrap();
    browser.show("https://b.pages.example/", "");
    assert_eq!(browser.image("https://a.pages.example/").sent_header("cookie"), None);
}

#[test]
fn only_as_many_redirects_as_asked_for_are_followed() {
    let answer = Answer::status(302).header("location", "/on");
    let mut browser = Browser::new().with_redirects(1).at(SHOP, Probe::ok().respond(answer).service());
    let page = browser.visit("/");
    assert_eq!((page.status().as_u16(), page.redirects().len(), page.path()), (302, 1, "/on"));
}

#[test]
#[should_panic(expected = "more than 20 redirects")]
fn a_redirect_that_never_ends_fails_the_test() {
    let answer = Answer::status(302).header("location", "/on");
    Browser::new().at(SHOP, Probe::ok().respond(answer).service()).visit("/");
}

#[test]
#[should_panic(
    expected = "nothing answers at https://evil.example/x: give the browser a service there with `at`"
)]
fn a_way_to_where_nobody_answers_fails_the_test() {
    let answer = Answer::status(302).header("location", "/\\evil.example/x");
    Browser::new().at(SHOP, Probe::ok().respond(answer).service()).visit("/");
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_runtime_is_waited_for_there() {
    let slow = enfilade_core::from_fn(async |req, next| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        next.run(req).await
    });
    let form = html("<a href=/x>x</a><form id=f><input name=a value=1></form>");
    let mut browser = Browser::new().at(SHOP, slow.layer(Probe::ok().respond(form).service()));
    browser.visit_async("/").await;
    assert_eq!(browser.click_async("x").await.path(), "/x");
    assert_eq!(browser.form("#f").submit_async().await.path(), "/x?a=1");
    assert_eq!(browser.fetch("/api").send_async().await.path(), "/api");
    assert_eq!(browser.back_async().await.path(), "/x");
}
