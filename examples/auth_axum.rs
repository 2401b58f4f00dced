//! Run with `cargo run -p enfilade-auth --example auth_axum`, test with `cargo test -p enfilade-auth --examples`.
//!
//! Bearer tokens before an axum router: extractors say who it is, and a route requires a scope.

use axum::{Router, routing::get};
use enfilade_auth::{
    Auth, Bearer, Principal,
    jwt::{Algorithm, NewToken, SigningKey, Verifier},
    policy::{require, scope},
};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "orders";

/// Anybody may say hello, somebody has a name, and orders need a scope.
fn app(key: &SigningKey) -> Router {
    let verifier = Verifier::builder(key.verifying_key()).with_issuer(ISSUER).with_audience(AUDIENCE);
    let verifier = verifier.build().expect("issuer and audience are set");
    Router::new()
        .route("/orders", get(async || "no orders yet"))
        .route_layer(require(scope("orders:read")))
        .route("/me", get(async |who: Principal| who.subject().to_owned()))
        .route("/", get(hello))
        .layer(Auth::new(Bearer::new(verifier)).with_realm("orders").optional())
}

async fn hello(who: Option<Principal>) -> String {
    format!("hello {}", who.as_ref().map_or("stranger", Principal::subject))
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout)] // an example shows what it does
async fn main() -> std::io::Result<()> {
    let key = SigningKey::generate(Algorithm::EdDsa);
    let token = NewToken::new(ISSUER, AUDIENCE, "ada").with_scopes(["orders:read"]).sign(&key);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("curl -i localhost:3000/me\ncurl -i localhost:3000/orders -H 'Authorization: Bearer {token}'");
    axum::serve(listener, app(&key)).await
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn extractors_and_scopes_decide() {
        let key = SigningKey::generate(Algorithm::EdDsa);
        let token = NewToken::new(ISSUER, AUDIENCE, "ada");
        let (plain, scoped) = (token.clone().sign(&key), token.with_scopes(["orders:read"]).sign(&key));
        let forged = NewToken::new(ISSUER, AUDIENCE, "ada").sign(&SigningKey::generate(Algorithm::EdDsa));
        let bearer = r#"Bearer realm="orders""#;
        for (path, token, status, challenge) in [
            ("/", None, 200, ""),
            ("/me", None, 401, bearer),
            ("/orders", None, 401, bearer),
            ("/", Some(&forged), 401, r#"Bearer realm="orders", error="invalid_token""#),
            ("/me", Some(&plain), 200, ""),
            ("/orders", Some(&plain), 403, r#"Bearer error="insufficient_scope""#),
            ("/orders", Some(&scoped), 200, ""),
        ] {
            let mut req = Request::get(path);
            if let Some(token) = token {
                req = req.header("authorization", format!("Bearer {token}"));
            }
            let res = app(&key).oneshot(req.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(res.status(), status, "{path}");
            let shown = res.headers().get("www-authenticate").map_or("", |value| value.to_str().unwrap());
            assert!(
                shown.starts_with(challenge) && shown.is_empty() == challenge.is_empty(),
                "{path}: {shown}"
            );
        }
    }

    #[tokio::test]
    async fn without_an_auth_link_the_extractors_are_a_500() {
        for path in ["/me", "/maybe"] {
            let app = Router::new()
                .route("/me", get(async |_: Principal| ()))
                .route("/maybe", get(async |_: Option<Principal>| ()));
            let res = app.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(res.status(), 500, "{path}");
        }
    }
}
