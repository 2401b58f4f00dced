//! Every bad token of the kit's list, over the wire; and what a good one says, handed on as it is.

use enfilade_auth::{Auth, Bearer, Gate};
use enfilade_test::issuer::Issuer;
use serde_json::json;

use crate::{
    credentials::verifier,
    kit::{BOTH, Site, Wire, gate},
};

#[tokio::test]
async fn every_bad_token_of_the_list_is_refused_over_both_protocols() {
    let issuer = Issuer::new();
    let site = Site::of([gate(Auth::new(Bearer::new(verifier(&issuer))))]);
    let mut sent = 0;
    for hostile in issuer.hostile() {
        // What no header can carry is for the verifier alone to refuse; what is longer than a head, for the server.
        let bytes = hostile.token.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        let token = &hostile.token;
        if !bytes || token.is_empty() || token.len() > 12_000 || token.trim() != token {
            continue;
        }
        for wire in BOTH {
            let answer = site.ask(wire, &[("authorization", &format!("Bearer {}", hostile.token))]).await;
            assert_eq!(answer.status, 401, "{wire:?}: {}: {}", hostile.name, hostile.why);
            assert_eq!(answer.word(), hostile.code, "{wire:?}: {}", hostile.name);
            sent += 1;
        }
    }
    assert!(sent > 500, "{sent}");
}

#[tokio::test]
async fn a_token_that_is_longer_than_a_head_may_be_does_not_even_reach_auth() {
    let issuer = Issuer::new();
    let site = Site::of([gate(Auth::new(Bearer::new(verifier(&issuer))))]);
    // Over HTTP/2 the longer one is more frames than a head may have: the connection ends (`tests/floods` of the server).
    for (wire, bytes) in [(Wire::Http1, 13 * 1024), (Wire::Http1, 64 * 1024), (Wire::Http2, 13 * 1024)] {
        let long = issuer.token("ada").claim("note", "x".repeat(bytes)).sign();
        let answer = site.ask(wire, &[("authorization", &format!("Bearer {long}"))]).await;
        assert_eq!(answer.status, 431, "{bytes}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_name_that_would_break_a_header_or_a_log_line_names_nobody() {
    let issuer = Issuer::new();
    let site = Site::of([gate(Auth::new(Bearer::new(verifier(&issuer))))]);
    for subject in ["ada\r\nx-admin: 1", "ada\n", "\0", "a\u{85}b", "a\u{1b}[2J", ""] {
        let bearer = format!("Bearer {}", issuer.token(subject).sign());
        for wire in BOTH {
            let answer = site.ask(wire, &[("authorization", &bearer)]).await;
            assert_eq!((answer.status, &*answer.word()), (401, "auth.token-claims"), "{wire:?}: {subject:?}");
        }
    }
}

#[tokio::test]
async fn nothing_in_a_claim_is_ever_expanded() {
    let issuer = Issuer::new();
    let site = Site::of([gate(Auth::new(Bearer::new(verifier(&issuer))))]);
    for subject in
        ["{env.HOME}", "${HOME}", "$(id)", "%(home)s", "{{7*7}}", "%24%7BHOME%7D", "<b>ada</b>", "../../etc"]
    {
        let bearer = format!("Bearer {}", issuer.token(subject).sign());
        for wire in BOTH {
            assert_eq!(site.ask(wire, &[("authorization", &bearer)]).await.word(), subject, "{wire:?}");
        }
    }
}

/// Where exactly the limit stands is `serde_json`'s to say; that both agree on it is what counts.
#[test]
fn whatever_depth_is_accepted_can_be_read() {
    let issuer = Issuer::new();
    let verifier = verifier(&issuer);
    for depth in 120..=132 {
        let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let token = issuer.token("ada").raw_claim("x", &nested).sign();
        if let Ok(who) = verifier.verify(&token) {
            assert!(who.claims::<serde_json::Value>().is_ok(), "{depth}");
        } else {
            assert!(depth > 125, "{depth}");
        }
    }
}

/// Whoever reads the claims as a value must be able to: else the first who does so answers 500.
#[test]
fn claims_that_a_reader_would_choke_on_are_no_claims() {
    let issuer = Issuer::new();
    let verifier = verifier(&issuer);
    let auth = Auth::new(Bearer::new(verifier.clone()));
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    for (json, is_good) in [
        (nested(100), true),
        (nested(200), false),
        (nested(5000), false),
        (objects(100), true),
        (objects(2000), false),
        ("1e308".to_owned(), true),
        ("1e400".to_owned(), false),
        ("-1e400".to_owned(), false),
        ("9".repeat(300), true),
        ("9".repeat(400), false),
        ("123456789012345678901234567890".to_owned(), true),
        (r#""\ud83d\ude00""#.to_owned(), true),
        (r#""\ud83d""#.to_owned(), false),
        (r#"{"\udc00":1}"#.to_owned(), false),
        (r#"["a",{"b":[1.5e3,true,null,"\u0041"]}]"#.to_owned(), true),
    ] {
        let token = issuer.token("ada").raw_claim("x", &json).sign();
        let (mut req, ()) = http::Request::new(()).into_parts();
        req.headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        let shown = &json[..json.len().min(40)];
        if let Err(refused) = auth.enter(&mut req) {
            assert_eq!((refused.code(), is_good), ("auth.token-malformed", false), "{shown}");
            continue;
        }
        assert!(is_good, "{shown}");
        let who = enfilade_auth::Principal::of(&req.extensions).unwrap();
        assert_eq!(who.claims::<serde_json::Value>().unwrap()["sub"], json!("ada"), "{shown}");
    }
}
