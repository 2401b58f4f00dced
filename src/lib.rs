//! **One straight chain from the web server to the web app, every link a tower `Layer`.**
//!
//! ```text
//!           request ──▶                                                     ──▶
//!  client ── Web Server ── Auth ── Cookie ── (session, limits, yours …) ── Web App
//!           ◀── response                                                    ◀──
//! ```
//!
//! This crate is the front door: each link under its name, and the command that runs them together. A link
//! alone is a crate alone: depend on `enfilade-auth` or `enfilade-cookie` to add one to a service you have.
//!
//! - [`core`]: the words that links share: `Gate`, `Rejection`, `Principal`, `Chain`, `Plan`
//! - [`server`]: the first link: listeners, HTTP/1 and 2, limits, strict validation, drain
//! - [`auth`]: credentials → `Principal`, and who may do what
//! - [`cookie`]: the jar: plain, signed, private
//! - [`cgi`]: the last link as a process for each request
//! - `python`: the last link as a WSGI or ASGI app in this process, with the feature of that name
//!
//! ```
//! use enfilade::core::{Chain, Pass, gate_fn};
//!
//! let app = tower::service_fn(async |_: http::Request<()>| {
//!     Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
//! });
//! let (_service, plan) = Chain::new().gate(gate_fn("yours", |_| Ok(Pass::Now))).build(app)?;
//! println!("{plan}");
//! # Ok::<(), enfilade::core::ChainError>(())
//! ```

#[cfg(feature = "auth")]
#[doc(inline)]
pub use enfilade_auth as auth;
#[cfg(feature = "cgi")]
#[doc(inline)]
pub use enfilade_cgi as cgi;
#[cfg(feature = "cookie")]
#[doc(inline)]
pub use enfilade_cookie as cookie;
#[doc(inline)]
pub use enfilade_core as core;
#[cfg(feature = "python")]
#[doc(inline)]
pub use enfilade_python as python;
#[cfg(feature = "server")]
#[doc(inline)]
pub use enfilade_server as server;

#[cfg(feature = "gateway")]
pub mod chain;
#[cfg(feature = "gateway")]
pub mod cli;
#[cfg(feature = "gateway")]
pub mod demo;
#[cfg(feature = "gateway")]
pub mod run;

/// The README's example compiles and runs.
#[cfg(all(doctest, feature = "gateway"))]
#[doc = include_str!("../README.md")]
struct Readme;
