//! Good credentials of each kind get in, and no way to write them twice, half or elsewhere does.

use std::sync::Arc;

use enfilade_auth::{
    AllOf, ApiKey, Auth, Authenticator, Basic, Bearer, Htpasswd, KeyFile, MadeKey, NewKey,
    jwt::{KeySet, Verifier},
    policy::scope,
    require,
};
use enfilade_test::issuer::Issuer;

use crate::kit::{BOTH, Site, Wire, gate};

/// `ada:secret`, by a cheap hash.
const USERS: &str = "ada:$2y$10$KH61y1gdM/IG8GSr0tiC3u.zNJcTO6IvGILKq3dx5UlxoVfY6dbXK";

pub(crate) fn verifier(issuer: &Issuer) -> Verifier {
    let keys = KeySet::from_jwks(&issuer.jwks().to_string()).unwrap();
    Verifier::builder(keys).with_issuer(issuer.name()).with_audience(issuer.audience()).build().unwrap()
}

fn key_of(subject: &str) -> (MadeKey, ApiKey) {
    let made = NewKey::new(subject).make().unwrap();
    let key = ApiKey::new(KeyFile::parse(made.line()).unwrap()).with_scheme();
    (made, key)
}

/// The fields of a request, and what becomes of it.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn credentials_are_judged_alike_over_both_protocols() {
    let issuer = Issuer::new();
    let (made, key) = key_of("ada");
    let (of_bob, _) = key_of("bob");
    let kinds: [Arc<dyn Authenticator>; 3] = [
        Arc::new(Bearer::new(verifier(&issuer))),
        Arc::new(key),
        Arc::new(Basic::new(Htpasswd::parse(USERS).unwrap())),
    ];
    let site = Site::of([gate(Auth::any_of(kinds))]);
    let token = issuer.token("ada").sign();
    let other = issuer.token("bob").sign();
    let bearer = format!("Bearer {token}");
    let (cut, half) = (&bearer[..bearer.len() - 1], bearer.rsplit_once('.').unwrap().0);
    let both_in_one = format!("{bearer}, Bearer {other}");
    let (shouted, spaced) = (format!("BEARER {token}"), format!("bearer   {token}"));
    let colon = format!("Bearer: {token}");
    let (mine, scheme) = (made.key(), format!("ApiKey {}", made.key()));
    let (short, foreign) = (&mine[..mine.len() - 1], of_bob.key());
    let basic_in_bearer = format!("Bearer {token} Basic YWRhOnNlY3JldA==");
    let table: &[Case<'_>] = &[
        (&[], 401, "auth.missing"),
        (&[("authorization", &bearer)], 200, "ada"),
        (&[("authorization", &shouted)], 200, "ada"),
        (&[("authorization", &spaced)], 200, "ada"),
        (&[("authorization", cut)], 401, "auth.token-malformed"),
        (&[("authorization", half)], 401, "auth.token-malformed"),
        (&[("authorization", &colon)], 401, "auth.scheme-unsupported"),
        (&[("authorization", "Bearer")], 401, "auth.token-malformed"),
        (&[("authorization", "")], 401, "auth.scheme-unsupported"),
        (&[("authorization", "Digest username=ada")], 401, "auth.scheme-unsupported"),
        (&[("authorization", &both_in_one)], 401, "auth.token-malformed"),
        (&[("authorization", &basic_in_bearer)], 401, "auth.token-malformed"),
        (&[("authorization", &bearer), ("authorization", &bearer)], 400, "auth.credentials-repeated"),
        (&[("authorization", &bearer), ("authorization", "")], 400, "auth.credentials-repeated"),
        (&[("authorization", &bearer), ("authorization", &scheme)], 400, "auth.credentials-repeated"),
        (&[("x-api-key", mine)], 200, "ada"),
        (&[("authorization", &scheme)], 200, "ada"),
        (&[("x-api-key", mine), ("x-api-key", mine)], 400, "auth.credentials-repeated"),
        (&[("x-api-key", mine), ("authorization", &scheme)], 400, "auth.credentials-repeated"),
        (&[("x-api-key", short)], 401, "auth.key-malformed"),
        (&[("x-api-key", foreign)], 401, "auth.bad-credentials"),
        (&[("x-api-key", "")], 401, "auth.key-malformed"),
        (&[("x_api_key", mine)], 401, "auth.missing"),
        (&[("x-api-key", mine), ("authorization", &bearer)], 200, "ada"),
        (&[("x-api-key", short), ("authorization", &bearer)], 401, "auth.key-malformed"),
        (&[("authorization", "Basic YWRhOnNlY3JldA")], 401, "auth.credentials-malformed"),
        (
            &[("cookie", &bearer), ("x-access-token", &token), ("proxy-authorization", &bearer)],
            401,
            "auth.missing",
        ),
    ];
    for wire in BOTH {
        for (fields, status, word) in table {
            let answer = site.ask(wire, fields).await;
            assert_eq!((answer.status, &*answer.word()), (*status, *word), "{wire:?}: {fields:?}");
            assert!(!answer.body.contains(&token) && !answer.body.contains(mine), "{wire:?}: {fields:?}");
            assert_eq!(answer.status == 401, answer.headers.contains_key("www-authenticate"), "{fields:?}");
        }
    }
}

#[tokio::test]
async fn two_users_are_a_conflict_and_no_query_is_read() {
    let issuer = Issuer::new();
    let (made, key) = key_of("bob");
    let site = Site::of([gate(Auth::new(Bearer::new(verifier(&issuer))).or(key))]);
    let (token, mine) = (issuer.token("ada").sign(), made.key());
    let bearer = format!("Bearer {token}");
    for wire in BOTH {
        let answer = site.ask(wire, &[("authorization", &bearer), ("x-api-key", mine)]).await;
        assert_eq!((answer.status, &*answer.word()), (401, "auth.credentials-conflict"), "{wire:?}");
        for query in ["access_token", "bearer_token", "token", "api_key", "x-api-key"] {
            let value = if query.contains("key") { mine } else { &token };
            let answer = site.ask_at(wire, &format!("/?{query}={value}"), &[]).await;
            assert_eq!((answer.status, &*answer.word()), (401, "auth.missing"), "{wire:?}: {query}");
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_prove_nothing() {
    let issuer = Issuer::new();
    let (_, key) = key_of("ada");
    let site = Site::of([gate(Auth::new(Bearer::new(verifier(&issuer))).or(key))]);
    for field in [
        &b"authorization: Bearer \xff\xfe.a.b"[..],
        b"x-api-key: enf_\xc3\xa4",
        b"authorization: B\xe9arer x",
    ] {
        let mut request =
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\naccept: application/json\r\n".to_vec();
        request.extend_from_slice(field);
        request.extend_from_slice(b"\r\n\r\n");
        let answer = site.send(&request).await;
        assert_eq!(answer.status, 401, "{}: {}", field.escape_ascii(), answer.body);
    }
}

#[tokio::test]
async fn key_and_token_together_are_needed_together() {
    let issuer = Issuer::new();
    let (made, key) = key_of("till-7");
    let both = AllOf::of(key).and(Bearer::new(verifier(&issuer))).with_principal_of(1);
    let site = Site::of([gate(Auth::new(both))]);
    let bearer = format!("Bearer {}", issuer.token("ada").sign());
    for wire in BOTH {
        let (key, token) = (("x-api-key", made.key()), ("authorization", &*bearer));
        for (fields, word) in [
            (vec![key, token], "ada"),
            (vec![token, key], "ada"),
            (vec![key], "auth.credentials-incomplete"),
            (vec![token], "auth.credentials-incomplete"),
            (vec![], "auth.missing"),
        ] {
            assert_eq!(site.ask(wire, &fields).await.word(), word, "{wire:?}: {fields:?}");
        }
    }
}

/// What was remembered of a token is who it is, never what it may do where.
#[tokio::test]
async fn a_token_that_was_let_in_on_a_wide_route_is_refused_on_a_narrow_one() {
    let issuer = Issuer::new();
    let auth = Auth::new(Bearer::new(verifier(&issuer)));
    let wide = Site::of([gate(auth.clone()), gate(require(scope("read")))]);
    let narrow = Site::of([gate(auth), gate(require(scope("write")))]);
    let bearer = format!("Bearer {}", issuer.token("ada").scope("read").sign());
    for wire in [Wire::Http1, Wire::Http2, Wire::Http1] {
        assert_eq!(wide.ask(wire, &[("authorization", &bearer)]).await.word(), "ada");
        let refused = narrow.ask(wire, &[("authorization", &bearer)]).await;
        assert_eq!((refused.status, &*refused.word()), (403, "auth.insufficient-scope"));
    }
}
