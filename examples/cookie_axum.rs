//! One layer adds cookies to an axum router: a theme in the open, a visit counter that nobody can read or forge.
//!
//! ```text
//! cargo run -p enfilade-cookie --example cookie_axum
//! curl -c jar -b jar localhost:3000                    # again and again: the counter grows
//! curl -c jar -b jar localhost:3000/theme/dark
//! ```
//!
//! curl and Chromium keep `Secure` cookies from `localhost`; Safari needs TLS.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use enfilade_cookie::{Cookies, Jar, KeyRing, Profile, Rejection, SetCookie};

#[derive(Clone)]
struct App {
    ring: KeyRing,
    visits: Arc<Profile>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 3000)).await?;
    axum::serve(listener, app(KeyRing::generate())).await
}

fn app(ring: KeyRing) -> Router {
    let year = Profile::host().with_max_age(Duration::from_secs(365 * 24 * 3600));
    Router::new()
        .route("/", get(count))
        .route("/theme/{theme}", get(set_theme))
        .route("/forget", get(forget))
        .layer(Cookies::new())
        .with_state(App { ring, visits: Arc::new(year) })
}

async fn count(jar: Jar, State(app): State<App>) -> Result<String, Rejection> {
    let visits = jar.private(&app.ring, "visits").with_profile(&app.visits);
    let before = visits.get("__Host-visits").and_then(|value| value.text()?.parse().ok());
    let count = before.unwrap_or(0_u64).saturating_add(1);
    visits.add("__Host-visits", count.to_string())?;
    Ok(format!("visit {count}, theme {}\n", jar.text("__Host-theme").unwrap_or("light")))
}

async fn set_theme(jar: Jar, Path(theme): Path<String>) -> Result<&'static str, Rejection> {
    // What is no cookie value is refused here, not written: `/theme/x;%20Domain=evil` is a 500 and sets nothing.
    jar.add(SetCookie::new("__Host-theme", theme))?;
    Ok("it is yours\n")
}

async fn forget(jar: Jar, State(app): State<App>) -> Result<&'static str, Rejection> {
    jar.private(&app.ring, "visits").with_profile(&app.visits).remove("__Host-visits")?;
    Ok("forgotten\n")
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, response::Response};
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn send(app: &Router, path: &str, cookie: &str) -> (Response, Option<String>) {
        let request = Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let line = response.headers().get("set-cookie").map(|line| line.to_str().unwrap().to_owned());
        (response, line)
    }

    #[tokio::test]
    async fn the_counter_grows_and_a_changed_cookie_starts_afresh() {
        let app = app(KeyRing::generate());
        let mut cookie = String::new();
        for count in 1..4 {
            let (response, line) = send(&app, "/", &cookie).await;
            let text = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
            assert_eq!(text, format!("visit {count}, theme light\n"));
            cookie = line.unwrap().split(';').next().unwrap().to_owned();
        }
        cookie.truncate(cookie.len() - 1);
        let (response, _) = send(&app, "/", &cookie).await;
        let text = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
        assert_eq!(text, "visit 1, theme light\n");
    }

    #[tokio::test]
    async fn nothing_is_injected() {
        let (response, line) = send(&app(KeyRing::generate()), "/theme/x;%20Domain=evil", "").await;
        assert_eq!((response.status().as_u16(), line), (500, None));
    }
}
