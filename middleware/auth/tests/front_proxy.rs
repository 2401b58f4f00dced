//! Identity by a front proxy's headers: only from listed peers, in one spelling, once, and never silently nobody.
//!
//! ```text
//! peer 10.0.0.7 (listed) · 10.0.0.8 (not) ── headers ──▶ Auth(FrontProxy) ──▶ subject, or which code
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use enfilade_auth::{
    Attempt, Auth, Authenticator, Carrier, ConfigError, FrontProxy, Gate, Principal, StripIdentity,
};
use enfilade_core::{Canonical, ClientAddr, RequestContext, UnixPeer};
use enfilade_test::assert_passed;
use http::{HeaderName, HeaderValue, Request, header, request, uri::Scheme};

const TRUSTED: &str = "10.0.0.7:4000";
const STRANGER: &str = "10.0.0.8:4000";

fn proxy() -> FrontProxy {
    let proxy = FrontProxy::from_peers(["10.0.0.7", "192.168.0.0/24", "fd00::/64"]).unwrap();
    let proxy = proxy.with_user_header("x-auth-request-user").unwrap();
    proxy
        .with_roles_header("x-auth-request-groups")
        .unwrap()
        .with_scopes_header("x-auth-request-scopes")
        .unwrap()
}

/// A request that a peer sent; the client is whom that peer names.
fn from(peer: &str, client: &str, headers: &[(&str, &str)]) -> request::Parts {
    let (mut req, ()) = Request::get("/").body(()).unwrap().into_parts();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        req.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let (peer, client) = (ClientAddr::Tcp(peer.parse().unwrap()), ClientAddr::Tcp(client.parse().unwrap()));
    let canonical = Canonical::new(Scheme::HTTPS, None, Some(client)).with_peer(peer);
    RequestContext::begin(&mut req.extensions, canonical);
    req
}

fn outcome(auth: &Auth, req: &mut request::Parts) -> String {
    match auth.enter(req) {
        Err(refused) => refused.code().to_owned(),
        Ok(_) => match Principal::of(&req.extensions).unwrap() {
            who if who.is_anonymous() => "anonymous".to_owned(),
            who => who.subject().to_owned(),
        },
    }
}

/// Peer, headers, word.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn identity_headers_are_judged_by_the_table() {
    let user = "x-auth-request-user";
    let (malformed, repeated, untrusted) =
        ("auth.credentials-malformed", "auth.credentials-repeated", "auth.proxy-untrusted");
    let long = "a".repeat(256);
    let table: &[Row<'_>] = &[
        (TRUSTED, &[(user, "ada")], "ada"),
        (TRUSTED, &[(user, "Ada Lovelace")], "Ada Lovelace"),
        (TRUSTED, &[(user, "ädä")], "ädä"),
        ("192.168.0.99:1", &[(user, "ada")], "ada"),
        ("[::ffff:10.0.0.7]:1", &[(user, "ada")], "ada"),
        ("[fd00::1]:1", &[(user, "ada")], "ada"),
        (TRUSTED, &[], "anonymous"),
        (STRANGER, &[], "anonymous"),
        // Not from everybody, in no spelling, with no other header of these.
        (STRANGER, &[(user, "ada")], untrusted),
        ("[fd00:0:0:1::1]:1", &[(user, "ada")], untrusted),
        (STRANGER, &[("x_auth_request_user", "ada")], untrusted),
        (STRANGER, &[("x.auth.request.user", "ada")], untrusted),
        (STRANGER, &[("x-auth-request_user", "ada")], untrusted),
        (STRANGER, &[("x-auth-request-groups", "admin")], untrusted),
        (STRANGER, &[("connection", "close, X-Auth-Request-User")], untrusted),
        (STRANGER, &[(user, "")], untrusted),
        // From the proxy: one spelling, once.
        (TRUSTED, &[("x_auth_request_user", "root")], malformed),
        (TRUSTED, &[("x.auth.request-user", "root")], malformed),
        (TRUSTED, &[(user, "ada"), (user, "root")], repeated),
        (TRUSTED, &[(user, "ada"), (user, "ada")], repeated),
        (TRUSTED, &[(user, "ada"), ("x_auth_request_user", "root")], repeated),
        (TRUSTED, &[("x_auth_request_user", "root"), (user, "ada")], repeated),
        (TRUSTED, &[(user, "ada, root")], repeated),
        (TRUSTED, &[(user, "ada,root")], repeated),
        (TRUSTED, &[(user, "ada"), ("connection", "x-auth-request-user")], malformed),
        (TRUSTED, &[(user, "ada"), ("connection", "close, X_Auth_Request_User")], malformed),
        (TRUSTED, &[(user, "ada"), ("connection", "x-auth-request-groups")], malformed),
        // Well-formed.
        (TRUSTED, &[(user, "")], malformed),
        (TRUSTED, &[(user, " ")], malformed),
        (TRUSTED, &[(user, " ada")], malformed),
        (TRUSTED, &[(user, "a\tb")], malformed),
        (TRUSTED, &[(user, &long)], malformed),
        (TRUSTED, &[(user, "a\u{85}b")], malformed),
        (TRUSTED, &[("x-auth-request-groups", "staff")], malformed),
        (TRUSTED, &[(user, "ada"), ("x-auth-request-groups", "staff,,admin")], malformed),
        (TRUSTED, &[(user, "ada"), ("x-auth-request-groups", "")], malformed),
        (
            TRUSTED,
            &[(user, "ada"), ("x-auth-request-groups", "a"), ("x-auth-request-groups", "admin")],
            repeated,
        ),
        (
            TRUSTED,
            &[(user, "ada"), ("x-auth-request-groups", "a"), ("x_auth_request_groups", "admin")],
            repeated,
        ),
    ];
    let auth = Auth::new(proxy()).optional();
    for (peer, headers, expected) in table {
        assert_eq!(outcome(&auth, &mut from(peer, peer, headers)), *expected, "{peer} {headers:?}");
    }
    let mut req = from(TRUSTED, TRUSTED, &[]);
    req.headers.insert(user, HeaderValue::from_bytes(b"ad\xffa").unwrap());
    assert_eq!(outcome(&auth, &mut req), malformed, "not UTF-8");
}

#[test]
fn the_peer_of_the_connection_counts_and_not_whom_it_names() {
    let auth = Auth::new(proxy());
    let headers = [("x-auth-request-user", "root")];
    assert_eq!(outcome(&auth, &mut from(STRANGER, TRUSTED, &headers)), "auth.proxy-untrusted");
    assert_eq!(outcome(&auth, &mut from(TRUSTED, STRANGER, &headers)), "root");
}

#[test]
fn a_door_that_does_not_say_who_the_peer_is_is_no_reason_to_believe_it() {
    let auth = Auth::new(proxy());
    let req = || Request::get("/").header("x-auth-request-user", "root").body(()).unwrap().into_parts().0;
    assert_eq!(outcome(&auth, &mut req()), "auth.no-peer");
    let mut without_peer = req();
    let client = ClientAddr::Tcp(TRUSTED.parse().unwrap());
    RequestContext::begin(&mut without_peer.extensions, Canonical::new(Scheme::HTTPS, None, Some(client)));
    assert_eq!(outcome(&auth, &mut without_peer), "auth.no-peer");
}

#[test]
fn roles_and_scopes_come_with_the_user_and_all_headers_are_taken_out() {
    let mut req = from(
        TRUSTED,
        TRUSTED,
        &[
            ("x-auth-request-user", "ada"),
            ("x-auth-request-groups", "staff, clerk"),
            ("x-auth-request-scopes", "read, write admin"),
            ("x-forwarded-for", "203.0.113.9"),
        ],
    );
    assert_eq!(outcome(&Auth::new(proxy().with_issuer("https://sso.example")), &mut req), "ada");
    let who = Principal::of(&req.extensions).unwrap();
    assert_eq!(who.roles().collect::<Vec<_>>(), ["staff", "clerk"]);
    assert_eq!(who.scopes().collect::<Vec<_>>(), ["read", "write", "admin"]);
    assert_eq!(who.issuer(), Some("https://sso.example"));
    assert!(who.is_ambient(), "pages of other sites can cause such requests");
    assert_eq!(req.headers.keys().collect::<Vec<_>>(), ["x-forwarded-for"]);
}

/// `Authorization: Bearer NAME`.
struct Token;

impl Authenticator for Token {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Scheme("Bearer")]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let value = req.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        value.map_or(Attempt::Absent, |value| Attempt::Proved(Principal::new(&value[7..])))
    }
}

#[test]
fn a_token_of_another_user_beside_it_is_a_conflict() {
    let auth = Auth::new(proxy()).or(Token);
    let user = ("x-auth-request-user", "ada");
    assert_eq!(outcome(&auth, &mut from(TRUSTED, TRUSTED, &[user, ("authorization", "Bearer ada")])), "ada");
    let conflict = outcome(&auth, &mut from(TRUSTED, TRUSTED, &[user, ("authorization", "Bearer bob")]));
    assert_eq!(conflict, "auth.credentials-conflict");
    // A good token does not make a forged header good.
    let forged = outcome(&auth, &mut from(STRANGER, STRANGER, &[user, ("authorization", "Bearer ada")]));
    assert_eq!(forged, "auth.proxy-untrusted");
}

#[test]
fn a_websocket_of_another_site_is_refused_as_with_a_cookie() {
    let handshake = [
        ("x-auth-request-user", "ada"),
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("origin", "https://evil.example"),
    ];
    let code = outcome(&Auth::new(proxy()), &mut from(TRUSTED, TRUSTED, &handshake));
    assert_eq!(code, "csrf.cross-site-websocket");
    assert_eq!(outcome(&Auth::new(proxy().explicit()), &mut from(TRUSTED, TRUSTED, &handshake)), "ada");
}

#[test]
fn strip_identity_before_it_leaves_nothing_to_believe_unless_it_keeps_the_name() {
    let headers = [("x-auth-request-user", "ada"), ("x-remote-user", "root")];
    let auth = Auth::new(proxy());
    let mut req = from(TRUSTED, TRUSTED, &headers);
    assert_passed!(StripIdentity::new().enter(&mut req));
    assert_eq!(outcome(&auth, &mut req), "auth.missing");
    let mut req = from(TRUSTED, TRUSTED, &headers);
    assert_passed!(StripIdentity::new().keep("x-auth-request-user").unwrap().enter(&mut req));
    assert_eq!(outcome(&auth, &mut req), "ada");
    assert!(req.headers.is_empty());
}

#[test]
fn peers_have_no_default_and_everybody_is_no_peer() {
    for wrong in [
        &[][..],
        &["0.0.0.0/0"],
        &["::/0"],
        &["10.0.0.7", "0.0.0.0/0"],
        &["10.0.0.0/33"],
        &["::ffff:10.0.0.0/104"],
        &["localhost"],
        &["unix"],
        &["*"],
        &[""],
    ] {
        let error = FrontProxy::from_peers(wrong.iter().copied());
        assert!(matches!(error, Err(ConfigError::Peer { .. })), "{wrong:?}");
    }
    assert!(FrontProxy::from_peers(["unix:"]).is_ok());
    for name in ["authorization", "cookie", "host", "x user", ""] {
        let error = FrontProxy::from_peers(["10.0.0.7"]).unwrap().with_user_header(name);
        assert!(matches!(error, Err(ConfigError::HeaderName { .. })), "{name}");
    }
    // The door takes these out: whoever named one here would find nobody, ever.
    for name in ["x-forwarded-user", "X_Forwarded_User", "x-original-user"] {
        let error = FrontProxy::from_peers(["10.0.0.7"]).unwrap().with_user_header(name).unwrap_err();
        assert!(error.to_string().contains("x-auth-request-user"), "{error}");
    }
    // A Unix peer is trusted only when listed.
    let only_unix =
        FrontProxy::from_peers(["unix:"]).unwrap().with_user_header("x-auth-request-user").unwrap();
    let only_unix = Auth::new(only_unix);
    let mut req = from("127.0.0.1:1", "127.0.0.1:1", &[("x-auth-request-user", "ada")]);
    assert_eq!(outcome(&only_unix, &mut req), "auth.proxy-untrusted");
    let socket = ClientAddr::Unix(UnixPeer::new(1000, 1000));
    for (peer, auth, expected) in [
        (socket, &only_unix, "ada"),
        (socket, &Auth::new(proxy()), "auth.proxy-untrusted"),
        (ClientAddr::Hidden, &only_unix, "auth.proxy-untrusted"),
    ] {
        let (mut req, ()) =
            Request::get("/").header("x-auth-request-user", "ada").body(()).unwrap().into_parts();
        let canonical = Canonical::new(Scheme::HTTPS, None, Some(peer)).with_peer(peer);
        RequestContext::begin(&mut req.extensions, canonical);
        assert_eq!(outcome(auth, &mut req), expected, "{peer:?}");
    }
}
