//! A CGI script beside Rust handlers in an axum router: `/old` is the script, the rest is Rust.
//!
//! ```text
//! cargo run -p enfilade-cgi --example cgi -- ./report.cgi
//! curl -i 'localhost:3000/old/2026/may?x=1' --data tea
//! ```
//!
//! Without an argument it serves a script of its own, which shows what it was given. In a chain, put the links before
//! it as before any app: who they prove is `REMOTE_USER`.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use axum::{Router, routing::get};
use enfilade_cgi::{CgiService, ConfigError, ProcessLimits};

const SHOW: &str = r#"#!/bin/sh
printf 'Content-Type: text/plain\n\n'
echo "$REQUEST_METHOD $SCRIPT_NAME, then $PATH_INFO, for ${REMOTE_USER-nobody}"
exec cat
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let script = std::env::args_os().nth(1).map(PathBuf::from).map_or_else(show, Ok)?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 3000)).await?;
    axum::serve(listener, app(script)?).await?;
    Ok(())
}

fn app(script: PathBuf) -> Result<Router, ConfigError> {
    let cgi = CgiService::new(script)?
        .with_script_name("/old")?
        .with_max_silence(Duration::from_secs(20))
        .with_limits(ProcessLimits::new().with_cpu(Duration::from_secs(10)).with_memory(1 << 30));
    Ok(Router::new()
        .route("/", get(async || "the new pages\n"))
        .route_service("/old", cgi.clone())
        .route_service("/old/{*path}", cgi))
}

fn show() -> std::io::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("show-{}.cgi", std::process::id()));
    fs::write(&path, SHOW)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn the_script_answers_below_its_path() {
        let script = show().unwrap();
        let app = app(script.clone()).unwrap();
        let request = Request::post("/old/may").body(Body::from("tea")).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let said = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(said, "POST /old, then /may, for nobody\ntea");
        fs::remove_file(script).unwrap();
    }
}
