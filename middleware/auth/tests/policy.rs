//! Policies: who passes, who is refused and with which code, and that unknown is never a yes.
//!
//! ```text
//! policy × (anonymous, ada, bob) × (10.1.2.3, 192.0.2.1, no address) ──▶ pass · 401 · 403 · 500
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use enfilade_auth::{
    Gate, Principal,
    policy::{
        Policy, anyone, authenticated, from_network, policy_fn, require, role, scope, subject, try_scope,
    },
};
use enfilade_core::{Canonical, Chain, ClientAddr, RequestContext};
use enfilade_test::{Probe, assert_challenge, assert_passed, assert_refused, drive};
use http::{Request, request, uri::Scheme};
use proptest::prelude::*;

const INSIDE: &str = "10.1.2.3:4000";
const OUTSIDE: &str = "192.0.2.1:4000";

fn ada() -> Principal {
    Principal::new("ada").with_scopes(["orders:read"]).with_roles(["clerk"])
}

fn request(who: Option<Principal>, client: Option<&str>) -> request::Parts {
    let (mut req, ()) = Request::new(()).into_parts();
    let client = client.map(|text| ClientAddr::Tcp(text.parse().unwrap()));
    RequestContext::begin(&mut req.extensions, Canonical::new(Scheme::HTTPS, None, client));
    if let Some(who) = who {
        who.put(&mut req.extensions);
    }
    req
}

/// `"pass"`, or the reason code.
fn judged(policy: &Policy, who: &Principal, client: Option<&str>) -> &'static str {
    match require(policy.clone()).enter(&mut request(Some(who.clone()), client)) {
        Ok(_) => "pass",
        Err(rejection) => rejection.code(),
    }
}

fn inside() -> Policy {
    from_network("10.0.0.0/8".parse().unwrap())
}

#[test]
fn every_policy_is_judged_by_the_table() {
    const MISSING: &str = "auth.missing";
    const FORBIDDEN: &str = "auth.forbidden";
    const SCOPE: &str = "auth.insufficient-scope";
    let (nobody, ada, bob) = (Principal::anonymous(), ada(), Principal::new("bob"));
    let table: [(Policy, &str, &str, &str); 23] = [
        (anyone(), "pass", "pass", "pass"),
        (!anyone(), FORBIDDEN, FORBIDDEN, FORBIDDEN),
        (authenticated(), MISSING, "pass", "pass"),
        (!authenticated(), "pass", FORBIDDEN, FORBIDDEN),
        (scope("orders:read"), MISSING, "pass", SCOPE),
        (scope("orders"), MISSING, SCOPE, SCOPE),
        (!scope("orders:read"), MISSING, FORBIDDEN, "pass"),
        (role("clerk"), MISSING, "pass", FORBIDDEN),
        (!role("clerk"), MISSING, FORBIDDEN, "pass"),
        (subject("bob"), MISSING, FORBIDDEN, "pass"),
        (subject(""), MISSING, FORBIDDEN, FORBIDDEN),
        (scope("orders:read") & (role("clerk") | subject("carl")), MISSING, "pass", FORBIDDEN),
        (scope("orders:write") & role("clerk"), MISSING, SCOPE, FORBIDDEN),
        (role("admin") | scope("orders:write"), MISSING, SCOPE, SCOPE),
        (role("clerk") | !role("clerk"), MISSING, "pass", "pass"),
        (inside(), FORBIDDEN, FORBIDDEN, FORBIDDEN),
        (!inside(), "pass", "pass", "pass"),
        (inside() | authenticated(), MISSING, "pass", "pass"),
        (inside() & authenticated(), FORBIDDEN, FORBIDDEN, FORBIDDEN),
        (!inside() & scope("a") & scope("b"), MISSING, SCOPE, SCOPE),
        (policy_fn("short", |who, _| who.subject().len() == 3), MISSING, "pass", "pass"),
        (policy_fn("nobody", |who, _| who.is_anonymous()), "pass", FORBIDDEN, FORBIDDEN),
        (policy_fn("get", |_, req| req.method == "GET") & subject("ada"), MISSING, "pass", FORBIDDEN),
    ];
    for (policy, for_nobody, for_ada, for_bob) in table {
        for (who, expected) in [(&nobody, for_nobody), (&ada, for_ada), (&bob, for_bob)] {
            assert_eq!(judged(&policy, who, Some(OUTSIDE)), expected, "{who:?} under {policy}");
        }
    }
}

#[test]
fn a_client_without_an_address_is_in_no_network_and_out_of_none() {
    for policy in [inside(), !inside(), !!inside(), inside() | !inside()] {
        assert_eq!(judged(&policy, &ada(), None), "auth.forbidden", "{policy}");
        let (mut no_door, ()) = Request::new(()).into_parts();
        ada().put(&mut no_door.extensions);
        assert_refused!(require(policy).enter(&mut no_door), 403, "auth.forbidden");
    }
    assert_eq!(judged(&(inside() | authenticated()), &ada(), None), "pass");
}

#[test]
fn networks_know_an_address_in_every_form() {
    let nobody = Principal::anonymous();
    let table = [
        ("10.0.0.0/8", INSIDE, true),
        ("10.0.0.0/8", "[::ffff:10.1.2.3]:1", true),
        ("::ffff:10.0.0.0/104", INSIDE, true),
        ("::ffff:10.0.0.0/104", "[::ffff:10.1.2.3]:1", true),
        ("10.0.0.0/8", "[::a01:203]:1", false),
        ("0.0.0.0/0", "[::1]:1", false),
        ("::/0", INSIDE, false),
        ("2001:db8::/32", "[2001:db8::1]:1", true),
        ("2001:db8::/32", "[2001:db9::1]:1", false),
    ];
    for (network, client, expected) in table {
        let policy = from_network(network.parse().unwrap());
        assert_eq!(judged(&policy, &nobody, Some(client)) == "pass", expected, "{client} in {network}");
    }
}

#[test]
fn a_missing_scope_is_named_in_the_challenge() {
    for (policy, needed, why) in [
        (scope("orders:write"), "orders:write", "the one"),
        (scope("orders:read") & scope("orders:write"), "orders:read orders:write", "all that it takes"),
        (scope("a") & scope("b") | scope("c"), "c", "the way that asks for least"),
        (scope("a") | scope("b"), "a", "the first of equals"),
        (scope("a") & (role("clerk") | scope("b")), "a", "the rest is given"),
    ] {
        let refused = require(policy).enter(&mut request(Some(ada()), Some(OUTSIDE)));
        assert_refused!(refused, 403, "auth.insufficient-scope");
        assert_challenge!(
            refused,
            "Bearer",
            error = "insufficient_scope",
            scope = needed,
            error_description = "the token does not grant what this needs",
        );
        assert_eq!(refused.unwrap_err().challenges().len(), 1, "{why}");
    }
}

#[test]
fn without_an_auth_link_before_nothing_passes() {
    for policy in [anyone(), !authenticated(), policy_fn("all", |_, _| true), authenticated()] {
        assert_refused!(require(policy).enter(&mut request(None, Some(INSIDE))), 500, "auth.no-auth-link");
    }
    let probe = Probe::ok();
    assert_refused!(drive(require(anyone()), &probe).get("/").send(), 500, "auth.no-auth-link");
    probe.never_reached();
    let unbuilt = Chain::new().gate(require(anyone())).build(probe.service()).err().unwrap().to_string();
    assert!(unbuilt.contains("the principal") && unbuilt.contains("Auth"), "{unbuilt}");
}

#[test]
fn a_policy_is_written_as_it_was_put_together() {
    let policy = scope("a") & (role("b") | !subject("c")) & !(inside() | policy_fn("weekday", |_, _| true));
    assert_eq!(
        policy.to_string(),
        r#"scope("a") & (role("b") | !subject("c")) & !(from_network(10.0.0.0/8) | weekday())"#
    );
    let refused = require(policy).enter(&mut request(Some(Principal::new("b\nob")), None)).unwrap_err();
    let log = refused.log().unwrap();
    assert!(log.contains(r#""b\nob""#) && log.contains("weekday()"), "{log}");
    assert_eq!(refused.detail(), "you may not do this");
}

#[test]
fn a_scope_that_no_token_could_grant_does_not_build() {
    for wrong in ["", "a b", "a\tb", "\"a\"", "a\\b", "ä", "a\n"] {
        try_scope(wrong).unwrap_err();
    }
    assert!(try_scope("https://example.com/orders.read").is_ok());
}

#[test]
fn a_policy_lets_the_app_be_reached_and_a_refusal_does_not() {
    let probe = Probe::ok();
    let mut app = drive(require(role("clerk")), &probe);
    assert_refused!(
        app.get("/").edit(|req| Principal::new("bob").put(&mut req.extensions)).send(),
        403,
        "auth.forbidden"
    );
    probe.never_reached();
    assert_passed!(app.get("/").edit(|req| ada().put(&mut req.extensions)).send());
    probe.reached();
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let words = prop_oneof![
        Just(anyone()),
        Just(authenticated()),
        Just(scope("orders:read")),
        Just(scope("orders:write")),
        Just(role("clerk")),
        Just(subject("ada")),
        Just(inside()),
    ];
    words.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a & b),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a | b),
            inner.prop_map(|a| !a),
        ]
    })
}

fn anybody() -> impl Strategy<Value = Principal> {
    prop_oneof![Just(Principal::anonymous()), Just(ada()), Just(Principal::new("bob"))]
}

proptest! {
    #[test]
    fn no_policy_passes_together_with_its_negation(
        policy in any_policy(), who in anybody(), client in prop::option::of(prop_oneof![Just(INSIDE), Just(OUTSIDE)]),
    ) {
        let (yes, no) = (judged(&policy, &who, client), judged(&!policy.clone(), &who, client));
        prop_assert!(!(yes == "pass" && no == "pass"), "{}", policy);
        if !who.is_anonymous() && client.is_some() {
            prop_assert!(yes == "pass" || no == "pass", "all is known, so one must hold: {}", policy);
        }
        prop_assert_eq!(judged(&!!policy, &who, client), yes);
    }

    #[test]
    fn the_scopes_that_are_named_would_be_enough(policy in any_policy()) {
        let rejection = require(policy.clone()).enter(&mut request(Some(ada()), Some(OUTSIDE)));
        let named = rejection.err().and_then(|r| Some(r.challenges().first()?.param("scope")?.to_owned()));
        if let Some(scopes) = named {
            // Granting more may break a negation, which is not the client's to know: only without one it is enough.
            let granted = ada().with_scopes(scopes.split(' ').chain(["orders:read"]));
            if !policy.to_string().contains('!') {
                prop_assert_eq!(judged(&policy, &granted, Some(OUTSIDE)), "pass", "{}", policy);
            }
        }
    }

    #[test]
    fn signing_in_is_asked_for_only_where_it_could_help(policy in any_policy()) {
        if judged(&policy, &Principal::anonymous(), Some(OUTSIDE)) == "auth.forbidden" {
            for who in [ada(), Principal::new("bob"), ada().with_scopes(["orders:read", "orders:write"])] {
                prop_assert_ne!(judged(&policy, &who, Some(OUTSIDE)), "pass", "{:?} under {}", who, policy);
            }
        }
    }
}
