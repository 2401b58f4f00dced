//! No spelling of an identity header reaches the app, and nothing else is touched.
//!
//! ```text
//! names × (as it is, `_`, `.`, capitals, doubled, empty) ──▶ StripIdentity ──▶ none of them
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use enfilade_auth::{ConfigError, StripIdentity};
use enfilade_test::{Ask, Probe, assert_header, assert_laws, assert_passed, drive, enter, strategies};
use http::{HeaderName, request};
use proptest::prelude::*;

const IDENTITY: [&str; 44] = [
    "remote-user",
    "remote-groups",
    "remote-email",
    "remote-name",
    "x-remote-user",
    "x-remote-group",
    "x-remote-extra-scopes",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-forwarded-access-token",
    "x-forwarded-client-cert",
    "x-auth-user",
    "x-auth-request-user",
    "x-auth-request-email",
    "auth-type",
    "auth-user",
    "x-authenticated-user",
    "x-authenticated-userid",
    "x-authentik-username",
    "x-consumer-username",
    "x-goog-authenticated-user-email",
    "x-amzn-oidc-identity",
    "x-ms-client-principal-name",
    "cf-access-authenticated-user-email",
    "client-cert",
    "ssl-client-s-dn",
    "x-ssl-client-verify",
    "x-webauth-user",
    "x-pomerium-claim-email",
    "tailscale-user-login",
    "x-amzn-mtls-clientcert",
    "x-arr-clientcert",
    "x-client-dn",
    "x-client-verify",
    "x-email",
    "x-groups",
    "x-roles",
    "x-ssl-cert",
    "x-user",
    "x-user-email",
    "x-user-id",
    "x-username",
];

const OTHERS: [&str; 25] = [
    "accept",
    "authorization",
    "content-type",
    "cookie",
    "forwarded",
    "host",
    "origin",
    "referer",
    "sec-fetch-mode",
    "te",
    "user-agent",
    "x-api-key",
    "x-client-version",
    "x-emails-per-page",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-real-ip",
    "x-remote",
    "x-request-id",
    "x-ssl",
    "x-user-agent",
    "x-user-timezone",
];

fn stripped(strip: &StripIdentity, headers: &[(&str, &str)]) -> request::Parts {
    enter(strip, Ask::get("/").without("host").headers(headers.iter().copied())).passed().request().clone()
}

fn names(req: &request::Parts) -> Vec<&str> {
    let mut names: Vec<_> = req.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn no_spelling_of_an_identity_header_gets_through() {
    let strip = StripIdentity::new();
    for name in IDENTITY {
        let spellings =
            [name.to_owned(), name.replace('-', "_"), name.replace('-', "."), name.to_uppercase()];
        let mixed: String =
            name.char_indices().map(|(at, c)| if c == '-' && at % 2 == 0 { '_' } else { c }).collect();
        for name in spellings.iter().chain([&mixed]) {
            let req = stripped(&strip, &[(name, "root"), (name, "ada"), (name, ""), ("accept", "*/*")]);
            assert_eq!(req.headers.keys().collect::<Vec<_>>(), ["accept"], "{name}");
        }
    }
}

#[test]
fn all_of_them_at_once_go_and_nothing_else_does() {
    let headers: Vec<_> = IDENTITY.iter().chain(&OTHERS).map(|name| (*name, "1")).collect();
    let req = stripped(&StripIdentity::new(), &headers);
    assert_eq!(names(&req), OTHERS);
}

#[test]
fn a_nominated_identity_header_is_not_nominated_any_more() {
    let table: &[(&[&str], Option<&str>)] = &[
        (&["X-Auth-User"], None),
        (&["x-auth-user, close"], Some("close")),
        (&["keep-alive, X_Remote_User ,Upgrade"], Some("keep-alive, Upgrade")),
        (&["close", "remote-user"], Some("close")),
        (&["x-forwarded-for, close"], Some("x-forwarded-for, close")),
        (&["close,,"], Some("close,,")),
    ];
    for (values, expected) in table {
        let headers: Vec<_> = values.iter().map(|value| ("connection", *value)).collect();
        let req = stripped(&StripIdentity::new(), &headers);
        match expected {
            Some(left) => assert_header!(req, "connection" = *left),
            None => assert_header!(req, "connection" absent),
        }
    }
}

#[test]
fn the_list_is_yours_to_extend_and_to_cut() {
    let strip = StripIdentity::new()
        .with_prefix("X-Tenant")
        .unwrap()
        .keep("X-Auth-Token")
        .unwrap()
        .keep("x-user-id")
        .unwrap();
    let req = stripped(
        &strip,
        &[
            ("x_tenant_id", "1"),
            ("x-auth-token", "k"),
            ("x_auth_token", "k"),
            ("x-auth-token-2", ""),
            ("x-user-id", "1"),
        ],
    );
    assert_eq!(names(&req), ["x-auth-token", "x-user-id", "x_auth_token"]);
    for wrong in ["", "x auth", "x:auth", "ä"] {
        assert!(
            matches!(StripIdentity::new().with_prefix(wrong), Err(ConfigError::HeaderName { .. })),
            "{wrong:?}"
        );
        assert!(matches!(StripIdentity::new().keep(wrong), Err(ConfigError::HeaderName { .. })), "{wrong:?}");
    }
}

#[test]
fn the_app_sees_only_what_is_left() {
    let probe = Probe::ok();
    assert_passed!(
        drive(StripIdentity::new(), &probe).get("/").header("Remote_User", "root").header("x-a", "1").send()
    );
    assert_eq!(probe.last().header("remote_user"), None);
    assert_eq!(probe.last().header("x-a"), Some("1"));
}

#[test]
fn the_link_keeps_the_laws_of_a_layer() {
    assert_laws!(StripIdentity::new());
}

proptest! {
    /// What CGI makes of a name: capitals, and `_` for whatever is neither letter nor digit.
    #[test]
    fn no_name_becomes_an_identity_variable(name in "[xXrRaA][-_.!#a-zA-Z0-9]{0,24}") {
        let req = stripped(&StripIdentity::new(), &[(&name, "root")]);
        for name in req.headers.keys() {
            let variable: String =
                name.as_str().chars().map(|c| if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
            for identity in IDENTITY {
                prop_assert_ne!(&variable, &identity.to_uppercase().replace('-', "_"));
            }
        }
    }

    /// Whatever else a request brings, and in whatever order.
    #[test]
    fn no_request_brings_one_in_and_what_is_none_stays(request in strategies::hostile_request()) {
        let before: Vec<_> = request.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let passed = enter(&StripIdentity::new(), request).passed();
        let left = &passed.request().headers;
        for name in left.keys() {
            let variable = name.as_str().replace(|c: char| !c.is_alphanumeric(), "-");
            prop_assert!(!IDENTITY.contains(&&*variable), "{}", name);
        }
        for name in ["host", "cookie", "accept", "authorization", "forwarded", "x-forwarded-for"] {
            let values: Vec<_> = before.iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect();
            prop_assert_eq!(left.get_all(name).iter().collect::<Vec<_>>(), values, "{}", name);
        }
    }
}
