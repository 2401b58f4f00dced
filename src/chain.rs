//! The demo's chain on one screen: which links, in which order, and why each stands where it does. The chain of
//! `enfilade run` is [`run::chain`](crate::run::chain).
//!
//! ```text
//! request ─▶ allowed-hosts ▸ strip-identity ▸ csrf ▸ auth ▸ cookies ▸ sign-in ▸ require ▸ app
//! ```
//!
//! The server's own links (request id, access log, security headers, the one renderer of refusals, limits, strict
//! validation) stand before all of them: see [`enfilade_server`].

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use enfilade_auth::{Auth, StripIdentity, policy::authenticated, require};
use enfilade_cookie::{Cookies, Jar};
use enfilade_core::{Chain, ChainError, Clock, EmptyBody, Plan, Principal, Rejection, from_fn_with};
use enfilade_server::AllowedHosts;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{BoxError, Service};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::demo::{App, Door, sign_in};

/// What the links are made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The names that the demo answers to.
    pub hosts: AllowedHosts,
    /// Bearer, Basic, or the session cookie.
    pub auth: Auth,
    /// The jar.
    pub cookies: Cookies,
    /// Sign-in and sign-out.
    pub door: Arc<Door>,
    /// The web app.
    pub app: Arc<App>,
    /// The time that the trail is kept in.
    pub clock: Clock,
}

/// Puts the chain together, for any request body: a server's, or a test's.
///
/// # Errors
///
/// When a link needs what no link before it gives.
pub fn build<B>(parts: Parts) -> Result<(impl DemoService<B>, Plan), ChainError>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let app = parts.app.clone();
    let answer = tower::service_fn(move |req: Request<B>| {
        let response = app.answer(&req.into_parts().0).map(Full::new);
        async { Ok::<_, Infallible>(response) }
    });
    let app = parts.app.clone();
    let (service, plan) = around(parts, answer)?;
    app.set_plan(plan.clone());
    Ok((service, plan))
}

/// Puts the chain around any app: another one, or what a test puts in its place.
///
/// # Errors
///
/// When a link needs what no link before it gives.
pub fn around<B, S, R>(
    parts: Parts,
    app: S,
) -> Result<(impl Chained<B, S::Error, R::Error>, Plan), ChainError>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    S: Service<Request<B>, Response = Response<R>, Error: Send, Future: Send> + Clone + Send + Sync + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
{
    Chain::new()
        // Outermost, before anything is believed: a stranger's name that points here must not reach a page (DNS rebinding).
        .gate(parts.hosts)
        // Before Auth: who somebody is, is said by Auth alone, never by a header that anyone can send.
        .gate(StripIdentity::new())
        // Before sign-in and sign-out, which change state for whoever holds a cookie.
        .layer("csrf", CsrfLayer::new().with_rejection_response(cross_site))
        // Optional: the sign-in page is for those whom nothing proves. What is shown and wrong is refused here.
        .gate(parts.auth)
        // Behind Auth, which opens the session cookie by a ring that it holds; links behind it write cookies.
        .gate(parts.cookies)
        // Behind both: it asks who is signed in, and writes the session cookie.
        .layer("sign-in", from_fn_with(parts.door, sign_in))
        .requires::<Principal>()
        .requires::<Jar>()
        // Right before the app: behind this line there is always somebody.
        .gate(require(authenticated()))
        .with_server_timing(parts.clock)
        .build(app)
}

/// What [`build`] gives: an HTTP service that never fails, ready for a server.
pub trait DemoService<B>: Chained<B, Infallible, Infallible> {}

impl<S: Chained<B, Infallible, Infallible>, B> DemoService<B> for S {}

/// What [`around`] gives: an HTTP service whose errors are the app's, and whose body's errors are its body's.
pub trait Chained<B, E, F>:
    Service<Request<B>, Response = Response<Self::Body>, Error = E, Future: Send> + Clone + Send + Sync + 'static
{
    /// The response body.
    type Body: http_body::Body<Data = Bytes, Error = F> + Send + 'static;
}

impl<S, B, R, E, F> Chained<B, E, F> for S
where
    S: Service<Request<B>, Response = Response<R>, Error = E, Future: Send> + Clone + Send + Sync + 'static,
    R: http_body::Body<Data = Bytes, Error = F> + Send + 'static,
{
    type Body = R;
}

/// tower-http judges; the refusal is one of ours, so that it is rendered, logged and counted as all are.
pub(crate) fn cross_site<R: EmptyBody>(why: ProtectionError) -> Response<R> {
    Rejection::new(StatusCode::FORBIDDEN, "csrf.cross-site")
        .with_detail("this form was sent from another site: open the page here and try again")
        .with_log(why.to_string())
        .into_response()
}
