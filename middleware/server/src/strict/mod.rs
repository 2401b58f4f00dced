//! Whatever can be read in two ways is refused at the door; what passes has one host, one framing, one target.
//!
//! ```text
//! request ── judge ──┬── RequestContext with its Canonical, forwarding fields removed, trailers cleaned ──▶ next
//!                    └── 400 or 405 with a reason code; over HTTP/1 the connection is closed
//! ```
//!
//! | code | refused | clause |
//! |---|---|---|
//! | `http.host-missing` | no `Host` over HTTP/1.1, neither it nor `:authority` over HTTP/2 | RFC 9112 §3.2 |
//! | `http.host-repeated` | `Host` twice | RFC 9112 §3.2 |
//! | `http.host-invalid` | empty, userinfo, anything but `uri-host [":" port]` | RFC 9110 §4.2.4, §7.2 |
//! | `http.host-uncovered` | a host that is not on the connection's certificate (421) | RFC 9110 §15.5.20 |
//! | `http.forwarded-invalid` | a trusted peer's forwarding fields that cannot be understood | RFC 7239 §4 |
//! | `http.host-mismatch` | target or `:authority` and `Host` disagree | RFC 9113 §8.3.1 |
//! | `http.target-form` | authority-form, a bare word, `*` without OPTIONS, a foreign scheme | RFC 9112 §3.2 |
//! | `http.target-not-ascii` | raw bytes beyond ASCII | RFC 3986 §2 |
//! | `http.transfer-coding` | anything but one `chunked` | RFC 9112 §6.1 |
//! | `http.content-length` | not digits, or twice (HTTP/2; hyper judges it over HTTP/1) | RFC 9110 §8.6 |
//! | `http.field-blank` | a blank around a value over HTTP/2 | RFC 9113 §8.2.1 |
//! | `http.connect-refused` | CONNECT (405) | |
//!
//! 1. The client is the socket's peer, or whom a [trusted](crate::forwarded) peer names. Every forwarding field is
//!    removed, in every spelling: what was believed stands in the [`Canonical`], and an app that finds none cannot
//!    believe another.
//! 2. The scheme is the connection's or a trusted peer's word, never the client's. Where target or `Host` say something
//!    else than the canonical request, they are made to agree: an app reads one host and one scheme, wherever it looks.
//! 3. After a chunked request over HTTP/1 the connection is closed. hyper reads a body that ends in `0` CRLF LF as if
//!    trailers followed, so that it would drop the next request; a browser never sends a chunked request.
//!
//! ```
//! use enfilade_core::{Rejection, RequestContext};
//! use enfilade_server::StrictRequest;
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = StrictRequest::new().layer(service_fn(async |req: Request<_>| {
//!     let context = RequestContext::of(req.extensions()).expect("begun at the door");
//!     assert_eq!(context.canonical().unwrap().host().unwrap().name(), "shop.example");
//!     Ok::<_, std::convert::Infallible>(Response::new(String::new()))
//! }));
//! let good = Request::get("/").header("host", "Shop.Example:8080").body(String::new()).unwrap();
//! assert_eq!(app.clone().oneshot(good).await.unwrap().status(), 200);
//!
//! let bad = Request::get("/").header("host", "a@b").body(String::new()).unwrap();
//! let refused = app.oneshot(bad).await.unwrap();
//! assert_eq!(refused.extensions().get::<Rejection>().unwrap().code(), "http.host-invalid");
//! # }
//! ```

pub(crate) mod aliases;
mod body;
mod future;
mod judge;
mod rewrite;

pub use self::{body::CleanBody, future::StrictFuture};

use self::judge::{Judged, judge};

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use enfilade_core::{About, Canonical, ClientAddr, EmptyBody, Host, Link, Rejection, RequestContext};
#[cfg(feature = "tls")]
use http::StatusCode;
use http::{Request, Response, Version, request::Parts, uri::Scheme};
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "tls")]
use crate::tls::Certificate;
use crate::{Trust, connection::Facts, drain::Drain};

/// The layer that refuses what can be read in two ways. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct StrictRequest {
    scheme: Scheme,
    client: Option<ClientAddr>,
    trust: Option<Trust>,
    drain: Option<Arc<Drain>>,
    #[cfg(feature = "tls")]
    certificate: Option<Arc<Certificate>>,
}

impl StrictRequest {
    /// For plain `http` from a client that is not known.
    pub fn new() -> Self {
        Self {
            scheme: Scheme::HTTP,
            client: None,
            trust: None,
            drain: None,
            #[cfg(feature = "tls")]
            certificate: None,
        }
    }

    /// For a connection of the server's.
    pub(crate) fn on(facts: Facts) -> Self {
        Self {
            scheme: facts.scheme,
            client: facts.client,
            trust: facts.trust,
            drain: Some(facts.drain),
            #[cfg(feature = "tls")]
            certificate: facts.certificate,
        }
    }

    /// Says which scheme this connection speaks.
    pub fn with_scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Says who is at the other end of this connection.
    pub fn with_client(mut self, client: ClientAddr) -> Self {
        self.client = Some(client);
        self
    }

    /// Says who is believed when they speak for another. Without it: nobody.
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// The decision alone: the canonical request, or why there is none.
    ///
    /// # Errors
    ///
    /// A rejection with one of the codes in the [module docs](self).
    pub fn judge(&self, parts: &Parts) -> Result<Canonical, Rejection> {
        judge(parts, None).and_then(|judged| self.canonical(parts, &judged, None))
    }

    /// The canonical request, from what its head says and what the peer is believed.
    fn canonical(&self, parts: &Parts, judged: &Judged, last: Option<&Host>) -> Result<Canonical, Rejection> {
        let host = judged.host.clone();
        let scheme = self.scheme.clone();
        let Some(peer) = self.client else {
            self.check_certificate(host.as_ref(), last)?;
            return Ok(Canonical::new(scheme, host, None));
        };
        let Some(trust) = self.trust.as_ref().filter(|trust| trust.trusts(peer)) else {
            self.check_certificate(host.as_ref(), last)?;
            return Ok(Canonical::new(scheme, host, Some(peer)).with_peer(peer));
        };
        if !judged.forwarding {
            return Ok(Canonical::new(scheme, host, Some(peer)).with_peer(peer));
        }
        let word = trust.judge(peer, &parts.headers)?;
        let (scheme, host) = (word.scheme.unwrap_or(scheme), word.host.or(host));
        Ok(Canonical::new(scheme, host, Some(word.client)).with_peer(peer))
    }

    /// `last` was found to be covered.
    #[cfg(feature = "tls")]
    fn check_certificate(&self, host: Option<&Host>, last: Option<&Host>) -> Result<(), Rejection> {
        match (&self.certificate, host) {
            (Some(certificate), Some(host)) if last != Some(host) && !certificate.covers(host) => {
                Err(Rejection::new(StatusCode::MISDIRECTED_REQUEST, "http.host-uncovered")
                    .with_detail("this connection's certificate is for other names: connect again"))
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same as with TLS")]
    fn check_certificate(&self, _: Option<&Host>, _: Option<&Host>) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Default for StrictRequest {
    fn default() -> Self {
        Self::new()
    }
}

impl Link for StrictRequest {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for StrictRequest {
    type Service = Strict<S>;

    fn layer(&self, inner: S) -> Strict<S> {
        Strict { settings: self.clone(), last: None, inner }
    }
}

/// The service of [`StrictRequest`].
#[derive(Clone, Debug)]
pub struct Strict<S> {
    settings: StrictRequest,
    /// A connection asks for one host again and again: parsed and copied once.
    last: Option<Host>,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Strict<S>
where
    S: Service<Request<CleanBody<B>>, Response = Response<R>> + Clone,
    R: EmptyBody,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = StrictFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let (mut parts, body) = req.into_parts();
        let http1 = parts.version <= Version::HTTP_11;
        let judged = judge(&parts, self.last.as_ref()).and_then(|judged| {
            let canonical = self.settings.canonical(&parts, &judged, self.last.as_ref())?;
            Ok((judged, canonical))
        });
        match judged {
            Ok((judged, canonical)) => {
                if judged.forwarding {
                    aliases::remove(&mut parts.headers, aliases::is_forwarding);
                }
                rewrite::as_canonical(&mut parts, judged.host.as_ref(), &canonical);
                if self.last != judged.host {
                    self.last = judged.host;
                }
                RequestContext::begin(&mut parts.extensions, canonical);
                if let Some(drain) = &self.settings.drain {
                    RequestContext::carry(&mut parts.extensions, drain.clone());
                }
                let req = Request::from_parts(parts, CleanBody::new(body));
                StrictFuture::app(self.inner.call(req), http1 && judged.chunked)
            }
            Err(rejection) => {
                self.inner = self.inner.clone();
                StrictFuture::refused(rejection, http1)
            }
        }
    }
}
