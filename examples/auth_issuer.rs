//! Run with `cargo run -p enfilade-auth --features jwks-url --example auth_issuer -- https://id.example`, test with
//! `cargo test -p enfilade-auth --examples`.
//!
//! Tokens of identity providers: keys found by discovery and kept fresh, several issuers at once.

use std::env;

use enfilade_auth::{
    Auth, Bearer, ConfigError,
    jwt::{Issuers, JwksUrl, Verifier},
};

/// Accepts tokens for `shop` of these issuers, each by its own keys.
async fn auth_for(issuers: &[String]) -> Result<Auth, ConfigError> {
    let mut verifiers = Vec::new();
    for issuer in issuers {
        // Fetched now, and every five minutes; a new key is fetched when its first token comes.
        let keys = JwksUrl::openid(issuer).start().await?;
        verifiers.push(Verifier::builder(keys).with_issuer(issuer.as_str()).with_audience("shop").build()?);
    }
    Ok(Auth::new(Bearer::of_issuers(Issuers::new(verifiers)?)).with_realm("shop"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let issuers: Vec<_> = env::args().skip(1).collect();
    match auth_for(&issuers).await {
        Ok(auth) => show(&format!("ready: {auth:?}")),
        Err(error) => show(&format!("cannot start: {error}")),
    }
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn show(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use enfilade_auth::{Gate, Pass, Principal};
    use enfilade_test::issuer::Issuer;

    use super::*;

    async fn ask(auth: &Auth, token: &str) -> String {
        let req = http::Request::get("/").header("authorization", format!("Bearer {token}"));
        let (mut req, ()) = req.body(()).unwrap().into_parts();
        let verdict = match auth.enter(&mut req) {
            Ok(Pass::Later(later)) => later.enter(&mut req).await,
            verdict => verdict,
        };
        match verdict {
            Ok(_) => Principal::of(&req.extensions).unwrap().subject().to_owned(),
            Err(refused) => refused.code().to_owned(),
        }
    }

    #[tokio::test]
    async fn tokens_of_listed_issuers_are_accepted_and_of_no_other() {
        let (staff, guests) = (Issuer::named("staff").serve(), Issuer::named("guests").serve());
        let names = [&staff, &guests].map(|served| served.issuer().name().to_owned());
        let auth = auth_for(&names).await.unwrap();
        assert_eq!(ask(&auth, &staff.issuer().token("ada").sign()).await, "ada");
        assert_eq!(ask(&auth, &guests.issuer().token("bob").sign()).await, "bob");
        assert_eq!(ask(&auth, &Issuer::new().token("eve").sign()).await, "auth.token-issuer");
        assert!(auth_for(&["http://id.example".to_owned()]).await.is_err());
    }
}
