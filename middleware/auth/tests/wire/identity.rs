//! Headers by which a client claims to be somebody: gone, or believed from the one peer that may say so.

use enfilade_auth::{Auth, Bearer, FrontProxy, StripIdentity};
use enfilade_test::issuer::Issuer;

use crate::{
    credentials::verifier,
    kit::{BOTH, Site, Wire, gate},
};

/// The fields of a request, and what becomes of it from a peer that is listed, and from another.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

const NAMES: [&str; 10] = [
    "remote-user",
    "x-remote-user",
    "x-auth-request-email",
    "x-forwarded-user",
    "x-authenticated-userid",
    "x-goog-authenticated-user-email",
    "x-webauth-user",
    "x-user-id",
    "x-groups",
    "auth-type",
];

#[tokio::test]
async fn no_identity_header_of_a_client_reaches_the_app() {
    let issuer = Issuer::new();
    let site =
        Site::of([gate(StripIdentity::new()), gate(Auth::new(Bearer::new(verifier(&issuer))).optional())]);
    let bearer = format!("Bearer {}", issuer.token("ada").sign());
    for wire in BOTH {
        for name in NAMES {
            for spelling in
                [name.to_owned(), name.replace('-', "_"), name.replacen('-', "_", 1), name.replace('-', ".")]
            {
                let (spelling, capitals) = (&*spelling, spelling.to_uppercase());
                // A capital is malformed in HTTP/2 (RFC 9113 §8.2.1).
                let second = if wire == Wire::Http1 { &*capitals } else { spelling };
                let fields =
                    [(spelling, "root"), (second, "root,admin"), (spelling, ""), ("x-request-note", "1")];
                let answer = site.ask(wire, &fields).await;
                let seen = answer.seen();
                assert_eq!((answer.status, &*answer.word()), (200, ""), "{wire:?}: {spelling}");
                assert!(seen.iter().any(|name| name == "x-request-note"), "{seen:?}");
                assert!(
                    !seen
                        .iter()
                        .any(|name| name.replace(['_', '.'], "-") == spelling.replace(['_', '.'], "-")),
                    "{seen:?}"
                );
            }
            let known = site.ask(wire, &[("authorization", &bearer), (name, "root")]).await;
            assert_eq!(known.word(), "ada", "{wire:?}: {name}");
        }
    }
}

#[tokio::test]
async fn a_header_that_connection_names_is_not_taken_from_behind_us() {
    let site = Site::of([gate(StripIdentity::new())]);
    for (sent, kept) in [
        ("X-Remote-User, close", "close"),
        ("close, x_remote_user", "close"),
        ("x-auth-user,X-AUTH-USER , close", "close"),
        ("close", "close"),
    ] {
        let request =
            format!("GET / HTTP/1.1\r\nhost: a\r\nx-remote-user: root\r\nconnection: {sent}\r\n\r\n");
        let answer = site.send(request.as_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.contains(&format!(r#""connection":"{kept}""#)), "{sent}: {}", answer.body);
        assert!(!answer.body.contains("user"), "{sent}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_proxy_that_is_listed_is_believed_and_no_other_peer_is() {
    let proxy = |peer: &str| {
        let proxy = FrontProxy::from_peers([peer]).unwrap();
        gate(Auth::new(proxy.with_user_header("x-auth-request-user").unwrap()))
    };
    let (trusted, stranger) = (Site::of([proxy("127.0.0.0/8")]), Site::of([proxy("10.0.0.7")]));
    let table: &[Case<'_>] = &[
        (&[("x-auth-request-user", "ada")], "ada", "auth.proxy-untrusted"),
        (&[], "auth.missing", "auth.missing"),
        (&[("x-auth-request-user", "")], "auth.credentials-malformed", "auth.proxy-untrusted"),
        (&[("x_auth_request_user", "ada")], "auth.credentials-malformed", "auth.proxy-untrusted"),
        (
            &[("x-auth-request-user", "ada"), ("x_auth_request_user", "root")],
            "auth.credentials-repeated",
            "auth.proxy-untrusted",
        ),
        (
            &[("x-auth-request-user", "ada"), ("x-auth-request-user", "root")],
            "auth.credentials-repeated",
            "auth.proxy-untrusted",
        ),
        // The client that a proxy names is not the peer.
        (&[("x-auth-request-user", "ada"), ("x-forwarded-for", "10.0.0.7")], "ada", "auth.proxy-untrusted"),
        (&[("x-auth-request-user", "ada"), ("forwarded", "for=10.0.0.7")], "ada", "auth.proxy-untrusted"),
    ];
    for wire in BOTH {
        for (fields, from_trusted, from_stranger) in table {
            assert_eq!(trusted.ask(wire, fields).await.word(), *from_trusted, "{wire:?}: {fields:?}");
            assert_eq!(stranger.ask(wire, fields).await.word(), *from_stranger, "{wire:?}: {fields:?}");
        }
    }
}
