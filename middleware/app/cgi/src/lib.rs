//! The last link of a chain as a process for each request: CGI (RFC 3875) as a tower service.
//!
//! ```text
//! … ── Auth ── Cookie ── CgiService ── stdin ──▶ report.cgi       its own group, its own directory,
//!                                  ◀── stdout ──                  an environment of the request only
//!                               log ◀── stderr ──
//! ```
//!
//! A request that is refused before this service starts no process. Who it is proved to be is `REMOTE_USER`, which no
//! header field reaches: those are all `HTTP_*`.
//!
//! - [`service`]: [`CgiService`], the script and its settings
//! - [`environment`]: every variable, where it comes from, and what is refused
//! - [`head`]: what a script may say before its body
//! - [`limits`]: [`ProcessLimits`], what its process may use
//!
//! ```
//! use enfilade_cgi::CgiService;
//! use http::Request;
//! use http_body_util::{BodyExt, Empty};
//! use tower::ServiceExt;
//! # use std::os::unix::fs::PermissionsExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = std::env::temp_dir().join(format!("enfilade-doc-{}.cgi", std::process::id()));
//! # std::fs::write(&script, "#!/bin/sh\necho 'Content-Type: text/plain'\necho\necho \"$PATH_INFO\"\n")?;
//! # std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
//! let service = CgiService::new(&script)?.with_script_name("/report.cgi")?;
//! let request = Request::get("/report.cgi/may").body(Empty::<bytes::Bytes>::new())?;
//! let response = service.oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.into_body().collect().await?.to_bytes(), "/may\n");
//! # std::fs::remove_file(&script)?;
//! # Ok(())
//! # }
//! ```
//!
//! In an axum router, name the script's path twice: `.route_service("/report.cgi", cgi.clone())` and
//! `.route_service("/report.cgi/{*path}", cgi)`. `nest_service` cuts the path before any service sees it.
//!
//! # A process and its end
//!
//! It ends by itself, or its group gets SIGTERM, a grace, SIGKILL: when the client goes away, when the deadline or the
//! longest silence passes. It is reaped by its request or, where that goes first, by a task, so nothing is left behind,
//! whatever becomes of the request. Children that it leaves running are not killed after an end in peace, but they do not hold the answer open.
//!
//! A script that was killed, or that says less than its `Content-Length`, breaks the response off; an exit status other
//! than 0 is only logged, since many a script ends with whatever its last command did.
//!
//! Its descriptors are the three pipes: whatever Rust code opens is closed on exec. What a C library in the same program
//! opens without that flag is inherited.
//!
//! It needs a tokio runtime with I/O and time, and Linux 5.10 or newer: pidfds that do not block, and `prlimit`.

mod body;
mod config_error;
mod entity;
pub mod environment;
pub mod head;
pub mod limits;
mod process;
mod queue;
mod reason;
mod redirect;
mod run;
mod serve;
pub mod service;

pub use self::{
    body::{CgiBody, CgiError},
    config_error::ConfigError,
    entity::Unsized,
    limits::ProcessLimits,
    service::{CgiFuture, CgiService},
};

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
