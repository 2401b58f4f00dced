//! Run with `cargo run -p enfilade-auth --example auth_tonic`, test with `cargo test -p enfilade-auth --examples`.
//!
//! Bearer tokens before a tonic server: here the health service that tonic-health brings.

use enfilade_auth::{
    Auth, Bearer,
    jwt::{Algorithm, NewToken, SigningKey, Verifier},
    policy::{Require, role},
    require,
};
use tonic::transport::Server;
use tonic_health::server::health_reporter;
use tower::ServiceBuilder;
use tower::layer::util::{Identity, Stack};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "health";

/// Who it is, and then whether the role will do.
fn guard(key: &SigningKey) -> ServiceBuilder<Stack<Require, Stack<Auth, Identity>>> {
    let verifier = Verifier::builder(key.verifying_key()).with_issuer(ISSUER).with_audience(AUDIENCE);
    let verifier = verifier.build().expect("issuer and audience are set");
    ServiceBuilder::new().layer(Auth::new(Bearer::new(verifier))).layer(require(role("operator")))
}

fn token(key: &SigningKey, role: &str) -> String {
    NewToken::new(ISSUER, AUDIENCE, "ada").with_roles([role]).sign(key)
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout)] // an example shows what it does
async fn main() -> Result<(), tonic::transport::Error> {
    let key = SigningKey::generate(Algorithm::Es256);
    let (_, health) = health_reporter();
    println!("grpcurl -plaintext localhost:3000 grpc.health.v1.Health/Check   # Unauthenticated");
    println!("… -H 'authorization: Bearer {}'", token(&key, "operator"));
    let address = ([127, 0, 0, 1], 3000).into();
    Server::builder().layer(guard(&key)).add_service(health).serve(address).await
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Request, service::Routes};
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;

    #[tokio::test]
    async fn a_token_with_the_role_is_served_and_the_others_hear_why_not() {
        let key = SigningKey::generate(Algorithm::Es256);
        let forged = token(&SigningKey::generate(Algorithm::Es256), "operator");
        for (token, expected) in [
            (None, Err(Code::Unauthenticated)),
            (Some(forged), Err(Code::Unauthenticated)),
            (Some(token(&key, "reader")), Err(Code::PermissionDenied)),
            (Some(token(&key, "operator")), Ok(())),
        ] {
            let (_, health) = health_reporter();
            let service = guard(&key).service(Routes::new(health).prepare());
            let mut request = Request::new(HealthCheckRequest::default());
            if let Some(token) = token {
                request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
            }
            let answer = HealthClient::new(service).check(request).await;
            assert_eq!(answer.map(drop).map_err(|status| status.code()), expected);
        }
    }
}
