//! Programs at the door: tokens, names and passwords, host names, identity headers.

use enfilade::core::trail::Word;
use enfilade_test::{assert_passed, assert_refused};
use http::Method;

use crate::kit::Demo;

#[test]
fn nobody_gets_a_401_with_both_challenges() {
    let mut demo = Demo::start(&[]);
    let reply = demo.get(&[]);
    assert_refused!(reply, 401, "auth.missing");
    let challenges = reply.header_all("www-authenticate");
    assert!(
        challenges[0].starts_with("Bearer realm=") && challenges[1].starts_with("Basic realm="),
        "{challenges:?}"
    );
}

#[test]
fn a_token_gets_in_and_a_tampered_one_does_not_fall_back_to_the_cookie() {
    let mut demo = Demo::start(&[]);
    let token = demo.token();
    let reply = demo.get(&[("authorization", &format!("Bearer {token}"))]);
    assert_passed!(reply);
    assert!(reply.text().contains("\"subject\": \"robot\""), "{}", reply.text());

    let tampered = format!("{}A", &token[..token.len() - 1]);
    let tampered = if tampered == token { format!("{}B", &token[..token.len() - 1]) } else { tampered };
    let reply = demo.get(&[("authorization", &format!("Bearer {tampered}"))]);
    assert!(
        matches!(reply.code(), Some("auth.token-signature" | "auth.token-malformed")),
        "{:?}",
        reply.code()
    );
    assert_eq!(reply.status(), 401);
}

#[test]
fn a_token_ends_when_it_says() {
    let mut demo = Demo::start(&[]);
    let bearer = format!("Bearer {}", demo.token());
    assert_passed!(demo.get(&[("authorization", &bearer)]));
    demo.clock.advance(std::time::Duration::from_secs(2 * 3600));
    assert_refused!(demo.get(&[("authorization", &bearer)]), 401, "auth.token-expired");
}

#[test]
fn a_token_that_signed_out_is_refused_as_revoked_though_it_was_remembered() {
    let mut demo = Demo::start(&[]);
    let bearer = format!("Bearer {}", demo.token());
    assert_passed!(demo.get(&[("authorization", &bearer)]));
    let reply = demo.ask(Method::POST, "/sign-out", &[("authorization", &bearer)]);
    assert_eq!(reply.status(), 303);
    assert_refused!(demo.get(&[("authorization", &bearer)]), 401, "auth.token-revoked");
}

#[test]
fn name_and_password_get_in_by_basic() {
    let mut demo = Demo::start(&[]);
    let (name, password) = demo.user();
    let sending = demo.door.get("/").header("host", "localhost").basic(name, &password);
    assert_passed!(sending.send());
    let sending = demo.door.get("/").header("host", "localhost").basic(name, "wrong");
    assert_refused!(sending.send(), 401, "auth.bad-credentials");
}

#[test]
fn a_strangers_name_is_misdirected() {
    let mut demo = Demo::start(&[]);
    for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.2"] {
        let reply = demo.door.get("/sign-in").header("host", host).send();
        assert_refused!(reply, 421, "http.host-unknown");
    }
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080"] {
        assert_passed!(demo.door.get("/sign-in").header("host", host).send());
    }
}

#[test]
fn an_identity_header_is_not_believed() {
    let mut demo = Demo::start(&[]);
    for name in ["remote-user", "x-forwarded-user", "remote_user", "x-remote-user"] {
        assert_refused!(demo.get(&[(name, "ada")]), 401, "auth.missing");
    }
}

#[test]
fn the_trail_of_a_refusal_ends_at_the_link_that_refused() {
    let mut demo = Demo::start(&[]);
    let reply = demo.get(&[("authorization", "Digest x")]);
    assert_refused!(reply, 401, "auth.scheme-unsupported");
    let timing = reply.header("server-timing").unwrap();
    assert!(
        timing.contains(&format!("auth;desc=\"{} auth.scheme-unsupported\"", Word::Refused("").as_str()))
    );
    assert!(!timing.contains("app;"), "{timing}");
}

#[test]
fn the_apps_own_answers_are_left_alone() {
    let mut demo = Demo::start(&[]);
    let bearer = format!("Bearer {}", demo.token());
    let reply = demo.ask(Method::GET, "/missing", &[("authorization", &bearer)]);
    assert_eq!((reply.status().as_u16(), reply.code(), reply.text()), (404, None, "not found\n"));
    let reply = demo.ask(Method::DELETE, "/", &[("authorization", &bearer)]);
    assert_eq!((reply.status().as_u16(), reply.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn the_plan_names_the_links_in_order() {
    let demo = Demo::start(&[]);
    let names: Vec<_> = demo.plan.links().iter().map(|link| link.name().to_owned()).collect();
    let expected =
        ["allowed-hosts", "strip-identity", "csrf", "auth", "cookies", "sign-in", "require", "app"];
    assert_eq!(names, expected);
    assert!(demo.plan.warnings().is_empty());
}

/// `ENFILADE_UPDATE=1 cargo test --test chain` draws it anew.
#[test]
fn the_readme_shows_the_plans_own_drawing() {
    let demo = Demo::start(&[]);
    let drawing = demo.plan.to_svg(&enfilade::core::plan::Marks::default());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.github/chain.svg");
    if std::env::var_os("ENFILADE_UPDATE").is_some() {
        std::fs::write(path, &drawing).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept == drawing, "draw it anew: ENFILADE_UPDATE=1 cargo test --test chain");
}
