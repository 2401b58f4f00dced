//! The chain before an app that was not written in Rust, on one screen: which links, and why each stands where it does.
//!
//! ```text
//! --auth     request ─▶ allowed-hosts ▸ strip-identity ▸ csrf ▸ auth ▸ require ▸ app      csrf: where Basic is asked for
//! without    request ─▶ allowed-hosts ▸ strip-identity ▸ anonymous ▸ app
//! ```
//!
//! The server's own links (request id, access log, security headers, the one renderer of refusals, limits, strict
//! validation) stand before all of them: see [`enfilade_server`]. No jar: the app's cookies are its own affair.

use bytes::Bytes;
use enfilade_auth::{Auth, StripIdentity, policy::authenticated, require};
use enfilade_core::{
    ChainError, Gate, Gated, Pass, Plan, Principal, RuntimeChain,
    chain::{Boxable, BoxedService},
    gate_fn,
};
use enfilade_server::AllowedHosts;
use tower::BoxError;
use tower_http::csrf::CsrfLayer;

use crate::chain::cross_site;

/// What the links are made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The names that are answered to.
    pub hosts: AllowedHosts,
    /// Who may come in; everybody, where there is none.
    pub auth: Option<Auth>,
    /// Whether browsers send some of what it asks for by themselves.
    pub ambient: bool,
}

/// What [`around`] gives: which links there are is known only when the program starts.
pub type Service<B, E> = Gated<BoxedService<B, E>>;

/// Puts the chain around an app, for any request body: a server's, or a test's.
///
/// # Errors
///
/// When a link needs what no link before it gives.
pub fn around<B, E, S>(parts: Parts, app: S) -> Result<(Service<B, E>, Plan), ChainError>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    E: Send + Sync + 'static,
    S: Boxable<B, E>,
{
    let mut chain = RuntimeChain::new()
        // Outermost, before anything is believed: a stranger's name that points here must not reach the app (DNS rebinding).
        .gate(parts.hosts)
        // Before Auth: who somebody is, is said by Auth alone, never by a header that the app would read as its word.
        .gate(StripIdentity::new());
    if parts.ambient {
        // Before Auth: a browser adds the password that it keeps to any site's form; asked for nothing, it is not there.
        chain = chain.layer("csrf", CsrfLayer::new().with_rejection_response(cross_site));
    }
    chain = match parts.auth {
        // Right before the app: behind `require` there is always somebody.
        Some(auth) => chain.gate(auth).gate(require(authenticated())),
        // In the place of Auth, so that an app always finds somebody, and the picture shows that nobody was asked.
        None => chain.gate(anonymous()).provides::<Principal>(),
    };
    chain.build(app)
}

/// Everybody is nobody.
fn anonymous() -> impl Gate {
    gate_fn("anonymous", |req| {
        Principal::anonymous().put(&mut req.extensions);
        Ok(Pass::Now)
    })
}
