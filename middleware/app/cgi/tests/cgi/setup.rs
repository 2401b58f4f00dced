//! Settings that cannot work, and the service in a chain and in a router.

use std::fs;

use axum::{Router, body::Body};
use enfilade_cgi::{CgiService, ConfigError};
use enfilade_core::{Chain, Principal, Rejection, gate_fn};
use enfilade_test::{Drive, assert_body, assert_passed, assert_refused};
use http::{HeaderValue, StatusCode};

use crate::kit::Dir;

#[test]
fn a_script_that_cannot_run_is_a_fault_of_the_setup() {
    let dir = Dir::new();
    let missing = CgiService::new(dir.path("missing.cgi")).expect_err("a fault");
    assert!(matches!(missing, ConfigError::Unreadable(..)) && missing.to_string().contains("missing.cgi"));
    assert!(matches!(CgiService::new(dir.path("")), Err(ConfigError::NotAFile(_))));
    fs::write(dir.path("plain.cgi"), "#!/bin/sh\n").expect("a file");
    let plain = CgiService::new(dir.path("plain.cgi")).expect_err("a fault");
    assert!(matches!(plain, ConfigError::NotExecutable(_)) && plain.to_string().contains("chmod +x"));
}

#[test]
fn settings_that_no_script_could_be_given_are_refused() {
    let dir = Dir::new();
    let cgi = dir.cgi(":");
    for name in ["here", "/here/", "/", "/a\0b"] {
        assert!(matches!(cgi.clone().with_script_name(name), Err(ConfigError::ScriptName(_))), "{name:?}");
    }
    assert!(matches!(cgi.clone().with_document_root("www"), Err(ConfigError::RelativeRoot(_))));
    for name in ["", "a b", "a:80"] {
        assert!(matches!(cgi.clone().with_server_name(name), Err(ConfigError::ServerName(_))), "{name:?}");
    }
    for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0")] {
        assert!(matches!(cgi.clone().with_env(name, value), Err(ConfigError::Variable(_))), "{name:?}");
    }
    for name in ["REMOTE_USER", "HTTP_PROXY", "HTTPS", "CONTENT_LENGTH", "REMOTE_IDENT"] {
        assert!(matches!(cgi.clone().with_env(name, "x"), Err(ConfigError::Reserved(_))), "{name:?}");
    }
}

#[tokio::test]
async fn variables_of_the_operator_reach_the_script_and_the_last_word_counts() {
    let dir = Dir::new();
    let cgi = dir.cgi(r#"printf 'Content-Type: text/plain\n\n'; echo "$GREETING $PATH ${HOME-homeless}""#);
    let cgi = cgi.with_env("GREETING", "no").and_then(|cgi| cgi.with_env("GREETING", "yes"));
    let cgi = cgi.and_then(|cgi| cgi.with_env("PATH", "/bin")).expect("variables");
    assert_body!(Drive::service(cgi).get("/").send_async().await, "yes /bin homeless\n");
}

#[tokio::test]
async fn in_a_chain_a_refusal_starts_nothing_and_the_user_is_the_one_that_was_proved() {
    let dir = Dir::new();
    let cgi = dir.cgi(r#"echo >> started; printf 'Content-Type: text/plain\n\n'; echo "$REMOTE_USER""#);
    let gate = gate_fn("door", |head| {
        if head.headers.get("key") != Some(&HeaderValue::from_static("right")) {
            return Err(Rejection::new(StatusCode::UNAUTHORIZED, "door.shut"));
        }
        Principal::new("ada").put(&mut head.extensions);
        Ok(enfilade_core::Pass::Now)
    });
    let (chain, _plan) = Chain::new().gate(gate).build(cgi).expect("an order that works");
    let mut app = Drive::service(chain);
    assert_refused!(app.get("/").header("remote-user", "root").send_async().await, 401, "door.shut");
    assert_eq!(dir.started(), 0);
    let reply = app.get("/").header("key", "right").header("remote-user", "root").send_async().await;
    assert_passed!(reply);
    assert_body!(reply, "ada\n");
}

#[tokio::test]
async fn in_an_axum_router_it_is_a_service_of_its_path() {
    let dir = Dir::new();
    let cgi = dir.cgi(r#"printf 'Content-Type: text/plain\n\n'; echo "$SCRIPT_NAME $PATH_INFO""#);
    let cgi = cgi.with_script_name("/old").expect("a path");
    let router = Router::<()>::new().route_service("/old", cgi.clone()).route_service("/old/{*path}", cgi);
    let mut app = Drive::service(router).with_body::<Body>();
    assert_body!(app.get("/old/a%20b").body(Body::empty()).send_async().await, "/old /a b\n");
    assert_body!(app.get("/old").body(Body::empty()).send_async().await, "/old \n");
    assert_eq!(app.get("/new").body(Body::empty()).send_async().await.status(), 404);
}
