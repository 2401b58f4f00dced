//! The demo's cookies attacked: planted, tossed from a subdomain, forged, mixed, piled up, and looked for in errors.

use enfilade::cookie::{Jar, KeyRing};
use enfilade_test::{Reply, assert_header, assert_passed, assert_refused, browser::Browser};
use http::{Method, Request};

use crate::{
    browser::{HERE, open, sign_in},
    kit::Demo,
};

/// The pairs that a browser sends back, the session's first: its value is the longer one.
fn pairs(browser: &Browser) -> Vec<String> {
    let cookies = browser.cookies();
    let mut pairs: Vec<_> = cookies.iter().map(|it| format!("{}={}", it.name(), it.value())).collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.len()));
    pairs
}

fn signed_in(demo: &mut Demo) -> (Browser, Vec<String>) {
    let mut browser = open(demo);
    assert_passed!(sign_in(&mut browser, demo));
    let pairs = pairs(&browser);
    assert!(pairs.len() == 2 && pairs[0].starts_with("__Host-"), "a session and a counter");
    (browser, pairs)
}

fn by(demo: &mut Demo, cookie: &str) -> Reply {
    demo.get(&[("cookie", cookie)])
}

fn split(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap()
}

/// N29 of the research: what an attacker planted before is not what the user is signed in by, and is worth nothing then.
#[test]
fn a_session_that_was_planted_before_sign_in_is_replaced_and_ended() {
    for mut demo in Demo::each_way() {
        let (_, planted) = signed_in(&mut demo);
        let mut victim = open(&mut demo);
        victim.set_cookie(HERE, &format!("{}; Path=/; Secure; HttpOnly", planted[0])).unwrap();
        assert_passed!(by(&mut demo, &planted[0]));
        let (name, password) = demo.user();
        victim.visit("/");
        assert_passed!(victim.post("/sign-in", &[("name", name), ("password", &password)]));
        let own = pairs(&victim);
        assert_ne!(own[0], planted[0]);
        assert_passed!(by(&mut demo, &own[0]));
        assert_refused!(by(&mut demo, &planted[0]), 401, "auth.missing");
    }
}

/// N36: a subdomain cannot set `__Host-` names, but older browsers let it set other spellings, and more than one.
#[test]
fn a_session_tossed_from_a_subdomain_signs_nobody_in() {
    for mut demo in Demo::each_way() {
        let (_, own) = signed_in(&mut demo);
        let (_, attackers) = signed_in(&mut demo);
        for spelling in [
            "__host-",
            "__HOST-",
            "__hOsT-",
            "\u{2000}__Host-",
            "%5f_Host-",
            "__Host-[",
            "$Version=1; \"__Host-",
        ] {
            let tossed = attackers[0].replacen("__Host-", spelling, 1);
            assert_refused!(by(&mut demo, &tossed), 401, "auth.missing");
            assert_passed!(by(&mut demo, &format!("{tossed}; {}", own[0])));
        }
        for both in [[&own[0], &attackers[0]], [&attackers[0], &own[0]]] {
            assert_refused!(by(&mut demo, &format!("{}; {}", both[0], both[1])), 401, "auth.missing");
            let crumbs = [("cookie", both[0].as_str()), ("cookie", both[1].as_str())];
            assert_refused!(demo.get(&crumbs), 401, "auth.missing");
        }
    }
}

/// N35: each forgery is answered as no cookie is: never a 500, never another word.
#[test]
fn a_forged_session_is_answered_as_none() {
    for mut demo in Demo::each_way() {
        let (_, own) = signed_in(&mut demo);
        let ((session, seal), (counter, count)) = (split(&own[0]), split(&own[1]));
        let (half, cut) = (seal.len() / 2, seal.len() - 1);
        let strangers = {
            let (mut req, ()) = Request::new(()).into_parts();
            let (jar, emit) = Jar::enter(&mut req);
            jar.private(&KeyRing::generate(), "enfilade-session-token").add(session, "x").unwrap();
            let (mut head, ()) = http::Response::new(()).into_parts();
            emit.unwrap().run(&mut head);
            head.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
        };
        let forged = [
            format!("{session}="),
            format!("{session}=x"),
            format!("{session}={}", &seal[1..]),
            format!("{session}={}", &seal[..cut]),
            format!("{session}={seal}A"),
            format!("{session}={seal}="),
            format!("{session}=\"{seal}\""),
            format!("{session}={}{}", &seal[..half], &count[..count.len() / 2]),
            format!("{session}={count}"),
            format!("{counter}={seal}"),
            format!("{session}={}", "A".repeat(4000)),
            format!("{session}=${{SECRET}}"),
            strangers,
        ];
        let told = |reply: &Reply| {
            // The server names each request anew.
            let text = reply.text().split(r#","request_id""#).next().map(str::to_owned);
            (reply.status(), reply.code().map(str::to_owned), text)
        };
        let none = demo.get(&[]);
        for forged in forged {
            let reply = by(&mut demo, &forged);
            assert_eq!(told(&reply), told(&none), "{forged}");
        }
    }
}

/// N34, and oauth2-proxy#2383: what nobody asks for leaves no cookie, however often.
#[test]
fn two_hundred_requests_by_nobody_set_no_cookie() {
    for mut demo in Demo::each_way() {
        for _ in 0..100 {
            let reply = demo.get(&[("sec-fetch-mode", "cors"), ("x-requested-with", "XMLHttpRequest")]);
            assert_refused!(reply, 401, "auth.missing");
            assert_header!(reply, "set-cookie" absent);
            let page = demo.ask(Method::GET, "/", &[("sec-fetch-mode", "navigate"), ("accept", "text/html")]);
            assert_refused!(page, 303, "auth.login-required");
            assert_header!(page, "set-cookie" absent);
        }
    }
}

/// N52: a refusal repeats no cookie, neither one that opens nor one that does not.
#[test]
fn no_refusal_repeats_a_cookie() {
    for mut demo in Demo::each_way() {
        let (_, own) = signed_in(&mut demo);
        let (session, seal) = split(&own[0]);
        let forged = format!("{session}={}B", &seal[..seal.len() - 2]);
        let asked = [
            (Method::GET, "/missing", "a=s3cr3t; "),
            (Method::POST, "/sign-in", "a=s3cr3t; "),
            (Method::DELETE, "/", "a=s3cr3t; "),
            (Method::GET, "/%2e%2e/a", "a=s3cr3t; "),
            (Method::GET, "/", "__Host-a=s3cr3t; __Host-a=t; "),
        ];
        for (method, target, more) in asked {
            for cookie in [&own[0], &forged] {
                let cookie = format!("{more}{cookie}");
                for accept in ["text/html", "application/json", "*/*"] {
                    let headers = [("cookie", cookie.as_str()), ("accept", accept)];
                    let reply = demo.ask(method.clone(), target, &headers);
                    let shown = format!("{:?} {}", reply.headers(), reply.text());
                    assert!(
                        !shown.contains("s3cr3t") && !shown.contains(&seal[..20]),
                        "{method} {target}: {shown}"
                    );
                }
            }
        }
    }
}

/// N47: a jar that is full, or too full to be read whole, shuts nobody in: sign-out still works.
#[test]
fn a_crowd_of_cookies_hides_the_session_and_breaks_nothing() {
    let mut demo = Demo::start(&[]);
    let (_, own) = signed_in(&mut demo);
    let crowd = "a=1; ".repeat(10_000);
    assert_passed!(by(&mut demo, &format!("{}; {crowd}", own[0])));
    assert_refused!(by(&mut demo, &format!("{crowd}{}", own[0])), 401, "auth.missing");
    let page = [("accept", "text/html")];
    let first = demo.ask(Method::GET, "/", &[page[0], ("cookie", &format!("{}; {crowd}", own[0]))]);
    assert_passed!(first);

    let cookie = format!("{crowd}{}", own[0]);
    let sign_out = [("cookie", cookie.as_str()), ("origin", HERE), ("sec-fetch-site", "same-origin")];
    assert_eq!(demo.ask(Method::POST, "/sign-out", &sign_out).status(), 303);
    assert_refused!(by(&mut demo, &own[0]), 401, "auth.missing");
}
