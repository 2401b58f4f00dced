//! Programs at the door: tokens, names and passwords, host names, identity headers.

use clap::Parser as _;
use enfilade::{auth::NewKey, cli::Args, core::trail::Word};
use enfilade_test::{assert_passed, assert_refused, issuer::Issuer};
use http::Method;

use crate::kit::{Demo, NOW};

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

/// A file of this test's own, gone with it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("enfilade-chain-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_program_gets_in_by_a_key_of_the_file_that_was_named() {
    let (made, other) = (NewKey::new("ci").make().unwrap(), NewKey::new("ci").make().unwrap());
    let file = Scratch::new("keys", made.line());
    let mut demo = Demo::start(&["--api-keys", file.path()]);
    for field in [("x-api-key", made.key().to_owned()), ("authorization", format!("ApiKey {}", made.key()))] {
        let reply = demo.get(&[(field.0, &field.1)]);
        assert_passed!(reply);
        assert!(reply.text().contains(r#""subject": "ci""#), "{}", reply.text());
    }
    assert_refused!(demo.get(&[("x-api-key", other.key())]), 401, "auth.bad-credentials");
    assert_refused!(Demo::start(&[]).get(&[("x-api-key", made.key())]), 401, "auth.missing");
}

#[test]
fn tokens_of_another_issuer_get_in_by_the_keys_in_a_file_under_the_name_and_audience_that_were_said() {
    let demo = Demo::start(&[]);
    let issuer = |name: &str| Issuer::named(name).with_clock(demo.clock.clock());
    let bearer = |token: String| format!("Bearer {token}");
    let (usual, named) =
        (issuer("https://issuer.example").with_audience("enfilade-demo"), issuer("https://id.example"));
    for (issuer, more) in
        [(&usual, &[][..]), (&named, &["--issuer", "https://id.example", "--audience", "shop"])]
    {
        let file = Scratch::new("jwks", &issuer.jwks().to_string());
        let mut demo = Demo::start(&[&["--jwks", file.path()], more].concat());
        assert_passed!(demo.get(&[("authorization", &bearer(issuer.token("grace").sign()))]));
        let own = bearer(demo.token());
        assert_passed!(demo.get(&[("authorization", &own)]));
        for other in [&usual, &named].into_iter().filter(|other| other.name() != issuer.name()) {
            let token = bearer(other.token("grace").sign());
            assert_refused!(demo.get(&[("authorization", &token)]), 401, "auth.token-issuer");
        }
        let posing =
            issuer.token("grace").claim("iss", "http://localhost:8080").claim("aud", "enfilade-demo");
        assert_eq!(demo.get(&[("authorization", &bearer(posing.sign()))]).status(), 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_another_issuer_get_in_by_keys_from_its_address() {
    let served = Issuer::new().with_audience("enfilade-demo").serve();
    let (url, name) = (served.jwks_url(), served.issuer().name().to_owned());
    let mut demo = Demo::start(&["--jwks-url", &url, "--issuer", &name]);
    // Its clock is the real one, and the demo's another: tokens that last from one to the other.
    let bearer = |issuer: &Issuer| {
        let token = issuer.token("grace").claim("iat", NOW).claim("nbf", NOW).expires_at(NOW + 600);
        format!("Bearer {}", token.sign())
    };
    assert_passed!(demo.get(&[("authorization", &bearer(served.issuer()))]));
    assert_passed!(demo.get(&[("authorization", &format!("Bearer {}", demo.token()))]));
    let stranger = bearer(&served.issuer().impostor());
    assert_eq!(demo.get(&[("authorization", &stranger)]).status(), 401);
}

#[test]
fn an_address_of_keys_without_an_issuer_is_no_command() {
    for options in [
        &["--jwks-url", "https://id.example/jwks.json"][..],
        &["--jwks-url", "https://id.example/jwks.json", "--issuer", "https://id.example", "--jwks", "file"],
    ] {
        assert!(Args::try_parse_from([&["enfilade"], options].concat()).is_err(), "{options:?}");
    }
}
