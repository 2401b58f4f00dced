//! Cookies as a tower layer: one jar over bytes, with plain, signed and private views, and keys that rotate.
//!
//! ```text
//! Cookie: a=1; b=2 ──▶ [ Cookies ] ── Jar ──▶ get · signed(ring, …) · private(ring, …) ──▶ app
//! Set-Cookie: …    ◀── [ Cookies ] ◀── add · remove · re-sealed by a newer key          ◀──
//! ```
//!
//! - [`cookies`]: the link; a [`Gate`] and a tower layer
//! - [`jar`]: what the request brought, what the response sets
//! - [`sealed`]: the signed and the private view
//! - [`key_ring`]: the keys; the first seals, every one opens
//! - [`profile`]: attributes that fit together; `__Host-` unless you say otherwise
//! - [`set_cookie`]: one cookie on its way out, checked before it leaves
//!
//! ```
//! use enfilade_cookie::{Cookies, Jar, SetCookie};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let app = tower::service_fn(|req: Request<()>| async move {
//!     let jar = Jar::of(req.extensions()).expect("`Cookies` stands before this service");
//!     assert_eq!(jar.get("__Host-theme"), Some(&b"light"[..]));
//!     jar.add(SetCookie::new("__Host-theme", "dark")).expect("a name and a value that may stand in a cookie");
//!     Ok::<_, std::convert::Infallible>(Response::new(()))
//! });
//!
//! let request = Request::get("/").header("cookie", "__Host-theme=light").body(()).unwrap();
//! let response = Cookies::new().layer(app).oneshot(request).await.unwrap();
//! assert_eq!(
//!     response.headers()["set-cookie"],
//!     "__Host-theme=dark; Path=/; Secure; HttpOnly; SameSite=Lax",
//! );
//! # });
//! ```
//!
//! The `cookie` crate is not used. It parses `str`, so that one byte that is no UTF-8 hides every cookie; it
//! validates nothing on the way out (a `;` in a value becomes an attribute); its jar is keyed by name alone. What
//! would remain is a formatter of twenty lines, for which it brings `time` along.

#[cfg(feature = "axum")]
mod axum;
mod config_error;
pub mod cookies;
pub mod jar;
pub mod key_ring;
mod prefix;
pub mod profile;
mod seal;
pub mod sealed;
pub mod set_cookie;

pub use enfilade_core::{Clock, Gate, Gated, Pass, Rejection};

pub use self::{
    config_error::ConfigError,
    cookies::Cookies,
    jar::{Emit, Jar},
    key_ring::{Key, KeyRing},
    profile::{Profile, SameSite},
    seal::Unopened,
    sealed::{Opened, Sealed},
    set_cookie::{CookieError, SetCookie},
};
