//! One layer adds cookies to a plain hyper service: a signed language choice that the page's scripts may read.
//!
//! ```text
//! cargo run -p enfilade-cookie --example cookie_hyper
//! curl -i -b jar -c jar 'localhost:3000/?de'
//! curl -i -b jar -c jar localhost:3000
//! ```

use std::convert::Infallible;

use enfilade_cookie::{Cookies, Jar, KeyRing, Profile};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tower::{Service, ServiceBuilder, ServiceExt as _};

const LANGUAGES: [&str; 3] = ["en", "de", "fr"];

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let service = app(KeyRing::generate());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 3000)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        let serve = service_fn(move |req| service.clone().oneshot(req));
        let connection =
            http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), serve);
        // A connection that a client breaks off is nothing to tell anyone.
        tokio::spawn(async { connection.await.ok() });
    }
}

fn app<B: Send + 'static>(
    ring: KeyRing,
) -> impl Service<Request<B>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone {
    let readable = Profile::host().insecure_readable_by_scripts();
    ServiceBuilder::new().layer(Cookies::new()).service_fn(move |req: Request<B>| {
        let response = answer(&req, &ring, &readable);
        async move { Ok(response) }
    })
}

fn answer<B>(req: &Request<B>, ring: &KeyRing, profile: &Profile) -> Response<Full<Bytes>> {
    let jar = Jar::of(req.extensions()).expect("`Cookies` stands before this service");
    let language = jar.signed(ring, "language").with_profile(profile);
    let mut response = Response::new(Full::default());
    let chosen = LANGUAGES.into_iter().find(|known| req.uri().query() == Some(known));
    let known = language.get("__Host-lang");
    let text = match chosen {
        Some(chosen) => match language.add("__Host-lang", chosen) {
            Ok(()) => chosen,
            Err(error) => {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                error.code()
            }
        },
        None => known.as_ref().and_then(|value| value.text()).unwrap_or("en"),
    };
    *response.body_mut() = Full::from(format!("{text}\n"));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn the_choice_is_kept_and_cannot_be_forged() {
        let app = app(KeyRing::generate());
        let ask = async |target: &str, cookie: &str| {
            let request = Request::get(target).header("cookie", cookie).body(()).unwrap();
            let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
            (head, body.collect().await.unwrap().to_bytes())
        };
        let (head, _) = ask("/?de", "").await;
        let line = head.headers["set-cookie"].to_str().unwrap();
        assert!(line.starts_with("__Host-lang=de.") && !line.contains("HttpOnly"), "{line}");

        let cookie = line.split(';').next().unwrap();
        assert_eq!(ask("/", cookie).await.1, "de\n");
        assert_eq!(ask("/", &cookie.replace("=de", "=fr")).await.1, "en\n");
    }
}
