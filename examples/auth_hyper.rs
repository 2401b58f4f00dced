//! Run with `cargo run -p enfilade-auth --example auth_hyper`, test with `cargo test -p enfilade-auth --examples`.
//!
//! Names and passwords before a plain hyper service, from lines as `htpasswd -B` writes them.

use std::convert::Infallible;

use enfilade_auth::{Auth, Basic, ConfigError, Htpasswd, Principal, hash_password};
use http_body_util::Full;
use hyper::{Request, Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tower::{Service, ServiceBuilder, ServiceExt};

/// The app: it knows who is asking from the request's extensions.
async fn app<B>(req: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let name = Principal::of(req.extensions()).map_or("nobody", Principal::subject);
    Ok(Response::new(Full::from(format!("hello {name}\n"))))
}

/// The app behind its one layer.
fn guarded<B: Send + 'static>(
    users: Htpasswd,
) -> impl Service<Request<B>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone {
    ServiceBuilder::new().layer(Auth::new(Basic::new(users)).with_realm("hello")).service_fn(app::<B>)
}

/// In a program of yours: `Htpasswd::open("/etc/shop/users")?.watched(Duration::from_secs(5))?`.
fn users() -> Result<Htpasswd, ConfigError> {
    Htpasswd::parse(&format!("ada:{}", hash_password("correct horse")?))
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout)] // an example shows what it does
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = guarded(users()?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("curl -i localhost:3000\ncurl -i localhost:3000 -u 'ada:correct horse'");
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        let answer = service_fn(move |req| service.clone().oneshot(req));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn the_right_password_lets_in_and_a_wrong_one_is_challenged() {
        let service = guarded(users().unwrap());
        for (pair, status, body) in [
            ("ada:correct horse", 200, "hello ada\n"),
            ("ada:wrong", 401, ""),
            ("bob:correct horse", 401, ""),
        ] {
            let pair = BASE64_STANDARD.encode(pair);
            let req = Request::get("/").header("authorization", format!("Basic {pair}")).body(()).unwrap();
            let res = service.clone().oneshot(req).await.unwrap();
            assert_eq!(res.status(), status);
            let challenge = res.headers().get("www-authenticate").cloned();
            let expected = (status == 401).then_some(r#"Basic realm="hello", charset="UTF-8""#);
            assert_eq!(challenge.as_ref().map(|value| value.to_str().unwrap()), expected);
            assert_eq!(res.into_body().collect().await.unwrap().to_bytes(), body);
        }
    }
}
