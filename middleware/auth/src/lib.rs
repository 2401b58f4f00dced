//! Authentication and authorization as tower layers: credentials → [`Principal`] → yes or no.
//!
//! ```text
//!          StripIdentity ──▶ Auth ──────────────────────▶ Require ──▶ app
//!  headers that claim      Bearer · Basic · cookie ·       a Policy     Principal::of(…),
//!  to be somebody: gone    yours ──▶ Principal             says yes     the axum extractors
//! ```
//!
//! - [`auth`]: [`Auth`], the link that asks every kind of credentials, and what follows from their answers
//! - [`authenticate`]: [`Authenticator`], one kind of credentials; write your own in ten lines
//! - [`jwt`]: bearer tokens, verified; [`revocation`]: tokens that are none any more
//! - [`basic`]: names and passwords, from an htpasswd file or a store of yours
//! - [`api_key`]: keys for programs, from a file of hashes
//! - [`all_of`]: credentials that must all be there; [`slow_down`]: who guesses has to wait
//! - [`front_proxy`]: whom a trusted proxy names
//! - [`policy`]: [`require`]`(scope("a") & (role("b") | subject("c")))`
//! - [`strip_identity`]: no client says by a header who it is
//!
//! ```
//! use enfilade_auth::{Auth, Basic, Chain, Htpasswd, StripIdentity, policy::{from_network, require, role}};
//! use http::{Request, Response};
//!
//! let users = Htpasswd::parse("ada:$2y$10$KH61y1gdM/IG8GSr0tiC3u.zNJcTO6IvGILKq3dx5UlxoVfY6dbXK")?;
//! # type Full = http_body_util::Full<hyper::body::Bytes>;
//! let app = tower::service_fn(async |_: Request<()>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::from("orders")))
//! });
//! let (service, plan) = Chain::new()
//!     .gate(StripIdentity::new())
//!     .gate(Auth::new(Basic::new(users)).with_realm("shop"))
//!     .gate(require(role("clerk") & from_network("10.0.0.0/8".parse()?)))
//!     .build(app)?;
//! # let _ = (tower::ServiceExt::<Request<()>>::ready_oneshot(service), plan);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On one service without a chain each of them is a tower layer: `router.layer(auth)`, `route_layer(require(…))`.
//!
//! # Reason codes
//!
//! | code | status | when |
//! |---|---|---|
//! | `auth.missing` | 401 | nobody is proved, and somebody is needed |
//! | `auth.login-required` | 303 | the same for a page load, with [`Auth::with_login`] |
//! | `auth.credentials-repeated` | 400 | a credential header is there twice |
//! | `auth.scheme-unsupported` | 401 | `Authorization` has a scheme that no kind reads |
//! | `auth.credentials-conflict` | 401 | two credentials prove two users |
//! | `auth.credentials-incomplete` | 401 | of several credentials that are needed together, one is not there |
//! | `auth.slow-down` | 429 | too many wrong guesses came from this network |
//! | `auth.bad-credentials` | 401 | name or password is wrong; or no kind would have them |
//! | `auth.credentials-malformed` | 401 | `Basic` that is not RFC 7617 |
//! | `auth.token-…` | 401 | a token is no good: see [`jwt::fault`] |
//! | `auth.keys-unavailable` | 503 | the keys of a token's issuer cannot be had now (feature `jwks-url`) |
//! | `auth.proxy-untrusted` | 401 | an identity header comes from a peer that is not listed |
//! | `auth.key-malformed` | 401 | an API key is not whole |
//! | `auth.key-disabled`, `auth.key-expired` | 401 | an API key is right, and has ended |
//! | `auth.insufficient-scope` | 403 | a policy asks for a scope that was not granted |
//! | `auth.forbidden` | 403 | a policy says no |
//! | `csrf.cross-site-websocket` | 403 | a page of another site opens a WebSocket with a cookie or a kept password of ours |
//! | `auth.busy` | 503 | too many passwords to hash |
//! | `auth.store-failed` | 503 | the user store cannot say |
//! | `auth.sessions-full` | 503 | nobody more can sign in until a session expires (feature `cookie`) |
//! | `auth.sessions-of-one-user` | 429 | this user has signed in too often (feature `cookie`) |
//! | `cookie.jar-full` | 431 | other cookies leave no room for a session (feature `cookie`) |
//! | `auth.hash-failed`, `auth.no-client-address`, `auth.no-peer`, `auth.proved-nobody`, `auth.no-auth-link` | 500 | a fault of ours or of the chain |

pub mod all_of;
pub mod api_key;
pub mod auth;
pub mod authenticate;
pub mod basic;
mod config_error;
pub mod front_proxy;
pub mod jwt;
mod page;
pub mod policy;
mod return_path;
pub mod revocation;
mod shown;
pub mod slow_down;
pub mod strip_identity;
mod watch;
mod websocket;

#[cfg(feature = "cookie")]
pub use self::jwt::{CookieToken, SessionError};
pub use self::{
    all_of::AllOf,
    api_key::{ApiKey, KeyFile, MadeKey, NewKey},
    auth::Auth,
    authenticate::{Attempt, Authenticator, Carrier, LaterAttempt, WayBack},
    basic::{Basic, HashPool, Htpasswd, PasswordHash, StoreError, User, UserStore, hash_password},
    config_error::ConfigError,
    front_proxy::FrontProxy,
    jwt::{Bearer, Verifier},
    policy::{Policy, Require, require},
    return_path::ReturnPath,
    revocation::Revocations,
    slow_down::SlowDown,
    strip_identity::StripIdentity,
};
pub use enfilade_core::{AuthMethod, Chain, Challenge, Clock, Gate, Pass, Principal, Rejection, Verdict};
