//! Whatever can be read in two ways is refused at the door; what passes has one host, one path, one framing.
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
//! | `http.path-…` | [paths](path) with dot segments, `%2F`, `//`, `;` and others | RFC 3986 §3.3, §6.2.2 |
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
//!    The dot that may end a name goes there too: `shop.example.` is `shop.example`.
//! 3. The path is percent-decoded once: [`Canonical::path`]. The target stays as the client wrote it.
//! 4. After a chunked request over HTTP/1 the connection is closed. hyper reads a body that ends in `0` CRLF LF as if
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
//!     assert_eq!(RequestContext::path(req.extensions()).unwrap(), "/café".as_bytes());
//!     Ok::<_, std::convert::Infallible>(Response::new(String::new()))
//! }));
//! let good = Request::get("/caf%c3%a9").header("host", "Shop.Example:8080").body(String::new()).unwrap();
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
pub mod path;
mod rewrite;

pub use self::{body::CleanBody, future::StrictFuture, path::PathRules};

pub(crate) use self::judge::{Fields, Head, Judged, judge};

use self::judge::Named;

#[cfg(feature = "tls")]
use std::sync::Arc;
use std::task::{Context, Poll};

use enfilade_core::{
    About, Canonical, ClientAddr, EmptyBody, Host, Link, Rejection, RequestContext, TlsSession,
};
#[cfg(feature = "tls")]
use http::StatusCode;
use http::{Request, Response, Version, request::Parts, uri::Scheme};
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "tls")]
use crate::tls::Certificate;
use crate::{Trust, connection::Facts};

/// The layer that refuses what can be read in two ways. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct StrictRequest {
    scheme: Scheme,
    paths: PathRules,
    client: Option<ClientAddr>,
    trust: Option<Trust>,
    #[cfg(feature = "tls")]
    certificate: Option<Arc<Certificate>>,
    tls: Option<TlsSession>,
}

impl StrictRequest {
    /// For plain `http` from a client that is not known.
    pub fn new() -> Self {
        Self {
            scheme: Scheme::HTTP,
            paths: PathRules::new(),
            client: None,
            trust: None,
            #[cfg(feature = "tls")]
            certificate: None,
            tls: None,
        }
    }

    /// For a connection of the server's.
    pub(crate) fn on(facts: Facts) -> Self {
        Self {
            scheme: facts.scheme,
            paths: PathRules::new(),
            client: facts.client,
            trust: facts.trust,
            #[cfg(feature = "tls")]
            certificate: facts.certificate,
            tls: facts.tls,
        }
    }

    /// Says which scheme this connection speaks.
    pub fn with_scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Says which unusual paths are let in. Without it: none.
    pub fn with_paths(mut self, rules: PathRules) -> Self {
        self.paths = rules;
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
        let head = Head::from(parts);
        let judged = judge(head, &Fields::of(head), self.paths, None)?;
        let mut last = None;
        let own = self.own(judged.host, &mut last)?;
        let canonical = if judged.forwarding { self.believe(head, own)? } else { own.another() };
        Ok(canonical.with_path(head.path(judged.path.as_deref())))
    }

    /// The request as the connection and the head say it; of `last`, where the host is still that one.
    #[inline]
    fn own<'a>(&self, host: Named, last: &'a mut Option<Canonical>) -> Result<&'a Canonical, Rejection> {
        match host {
            Named::Last => Ok(last.as_ref().expect("there is one that it was compared with")),
            Named::Nobody => self.other(None).map(|own| &*last.insert(own)),
            Named::Other(host) => self.other(Some(*host)).map(|own| &*last.insert(own)),
        }
    }

    #[cold]
    fn other(&self, host: Option<Host>) -> Result<Canonical, Rejection> {
        if self.trusted().is_none() {
            self.check_certificate(host.as_ref())?;
        }
        let canonical = Canonical::new(self.scheme.clone(), host, self.client);
        Ok(self.of_this_connection(canonical))
    }

    /// The request as a trusted peer says it, or as it is.
    fn believe(&self, head: Head<'_>, own: &Canonical) -> Result<Canonical, Rejection> {
        let Some((peer, trust)) = self.trusted() else { return Ok(own.another()) };
        let word = trust.judge(peer, head.headers)?;
        let scheme = word.scheme.as_ref().unwrap_or(own.scheme());
        let host = word.host.as_ref().or(own.host());
        Ok(self.of_this_connection(Canonical::new(scheme.clone(), host.cloned(), Some(word.client))))
    }

    fn of_this_connection(&self, mut canonical: Canonical) -> Canonical {
        if let Some(peer) = self.client {
            canonical = canonical.with_peer(peer);
        }
        if let Some(session) = self.tls {
            canonical = canonical.with_tls(session);
        }
        canonical
    }

    /// Makes the canonical request of what was judged, and the request agree with it. `last`: the request before on the
    /// same connection, as the connection said it.
    #[inline]
    pub(crate) fn admit<B>(
        &self,
        judged: Judged,
        last: &mut Option<Canonical>,
        req: &mut Request<B>,
    ) -> Result<Admitted, Rejection> {
        let head = Head::from(&*req);
        let own = self.own(judged.host, last)?;
        let path = head.path(judged.path.as_deref());
        let canonical = if judged.forwarding { self.believe(head, own)? } else { own.another() };
        let canonical = canonical.with_path(path);
        if judged.forwarding {
            aliases::remove(req.headers_mut(), aliases::is_forwarding);
        }
        let other_host = judged.dotted || judged.forwarding && own.host() != canonical.host();
        let target = judged.path.as_ref().and_then(|spelled| spelled.target.as_deref());
        rewrite::as_canonical(req, other_host, target, &canonical);
        Ok(Admitted { canonical, close: judged.chunked && req.version() <= Version::HTTP_11 })
    }

    pub(crate) fn paths(&self) -> PathRules {
        self.paths
    }

    /// The peer, where it is believed, and what of it.
    fn trusted(&self) -> Option<(ClientAddr, &Trust)> {
        self.client.zip(self.trust.as_ref()).filter(|(peer, trust)| trust.trusts(*peer))
    }

    #[cfg(feature = "tls")]
    fn check_certificate(&self, host: Option<&Host>) -> Result<(), Rejection> {
        match (&self.certificate, host) {
            (Some(certificate), Some(host)) if !certificate.covers(host) => {
                Err(Rejection::new(StatusCode::MISDIRECTED_REQUEST, "http.host-uncovered")
                    .with_detail("this connection's certificate is for other names: connect again"))
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same as with TLS")]
    fn check_certificate(&self, _: Option<&Host>) -> Result<(), Rejection> {
        Ok(())
    }
}

/// A request that can be read in one way only.
pub(crate) struct Admitted {
    pub(crate) canonical: Canonical,
    /// Whether the connection ends with it.
    pub(crate) close: bool,
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
    /// The request before, as the connection said it: many that follow ask for the same host, which is parsed once.
    last: Option<Canonical>,
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

    fn call(&mut self, mut req: Request<B>) -> Self::Future {
        let version = req.version();
        let head = Head::from(&req);
        let last = self.last.as_ref().and_then(Canonical::host);
        let judged = judge(head, &Fields::of(head), self.settings.paths, last);
        let admitted = judged.and_then(|judged| self.settings.admit(judged, &mut self.last, &mut req));
        let Admitted { canonical, close } = match admitted {
            Ok(admitted) => admitted,
            Err(rejection) => return self.refuse(rejection, version),
        };
        RequestContext::begin(req.extensions_mut(), canonical);
        StrictFuture::app(self.inner.call(req.map(CleanBody::new)), close)
    }
}

impl<S: Clone> Strict<S> {
    #[cold]
    fn refuse<F>(&mut self, rejection: Rejection, version: Version) -> StrictFuture<F> {
        // The readied one holds a place that is not used.
        self.inner = self.inner.clone();
        StrictFuture::refused(rejection, version <= Version::HTTP_11)
    }
}
