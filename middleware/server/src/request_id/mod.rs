//! Every request gets an id: in its context, in the log, and in the response's head.
//!
//! ```text
//! x-request-id: 9f2c61d07ab3e415-1c      random when the process starts, then the number of the request
//!
//! RequestContext::request_id ──▶ a Rust app, the log, refusals      x-request-id ──▶ the client
//! ```
//!
//! 1. What a client sends under that name, in any spelling, is removed first: an id that it can choose is one that it can
//!    repeat. An id of the proxy in front of us is taken [when asked for](RequestIds::with_ids_of_peers), if it comes from
//!    a peer that a [`Trust`] names and has one of the forms of [`RequestId`].
//! 2. The app finds it in the [`RequestContext`], which costs a copy of three words. An app that looks for the field gets
//!    it [when asked for](RequestIds::with_request_field); links that lead to apps in other languages write it themselves.
//! 3. The response has the field always; an app's own of that name would be another request's in the log.
//! 4. Numbers are drawn sixteen at a time, so those of one connection follow each other, and their texts share one
//!    allocation.
//! 5. In the same walk over the fields a request's [trace](crate::trace_context) is checked, if it has one.
//!
//! ```
//! use enfilade_core::RequestContext;
//! use enfilade_server::RequestIds;
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = service_fn(async |req: Request<()>| {
//!     let id = RequestContext::of(req.extensions()).and_then(RequestContext::request_id);
//!     Ok::<_, std::convert::Infallible>(Response::new(id.unwrap().to_string()))
//! });
//! let request = Request::get("/").header("x-request-id", "mine").body(()).unwrap();
//! let response = RequestIds::new().layer(app).oneshot(request).await.unwrap();
//! assert_eq!(response.headers()["x-request-id"], response.body());
//! assert_ne!(response.body(), "mine");
//! # }
//! ```

mod given;
mod numbers;

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use enfilade_core::{About, ClientAddr, Link, RequestContext, RequestId, TraceContext};
use http::{HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

pub(crate) use self::given::may_be as may_name;

use self::numbers::Numbers;
use crate::{Trust, trace_context::TraceSource};

/// The header's name.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layer that gives ids. Clones count on together. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RequestIds {
    numbers: Numbers,
    ids_of_peers: bool,
    field: bool,
    traces: TraceSource,
    client: Option<ClientAddr>,
    trust: Option<Trust>,
}

impl RequestIds {
    /// Ids with a new random prefix, and anyone's traces.
    pub fn new() -> Self {
        Self {
            numbers: Numbers::new(),
            ids_of_peers: false,
            field: false,
            traces: TraceSource::default(),
            client: None,
            trust: None,
        }
    }

    /// Takes the ids that trusted peers send, instead of giving new ones: a UUID, 32 hexadecimal digits, or one of ours.
    ///
    /// Only for proxies that set the field on every request. Many hand on what a client sent.
    pub fn with_ids_of_peers(mut self) -> Self {
        self.ids_of_peers = true;
        self
    }

    /// Writes the id into the request's head too, for an app that looks for it there.
    pub fn with_request_field(mut self) -> Self {
        self.field = true;
        self
    }

    /// Whose traces are believed; by default anyone's.
    pub fn with_traces(mut self, source: TraceSource) -> Self {
        self.traces = source;
        self
    }

    /// Says who is at the other end of this connection. A [`Server`](crate::Server) knows it.
    pub fn with_client(mut self, client: ClientAddr) -> Self {
        self.client = Some(client);
        self
    }

    /// Says which peers are trusted. A [`Server`](crate::Server) takes those of the listener. Without it: nobody.
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// For one connection.
    pub(crate) fn on(&self, client: Option<ClientAddr>, trust: Option<&Trust>) -> Self {
        Self { client, trust: trust.cloned(), ..self.clone() }
    }

    /// What names the requests of one connection.
    pub(crate) fn naming(&self) -> Naming {
        let trusted = self.trusted();
        Naming {
            numbers: self.numbers.clone(),
            take_ids: self.ids_of_peers && trusted,
            take_traces: self.traces.believes(trusted),
            field: self.field,
        }
    }

    fn trusted(&self) -> bool {
        self.trust.as_ref().zip(self.client).is_some_and(|(trust, client)| trust.trusts(client))
    }
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

impl Link for RequestIds {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for RequestIds {
    type Service = WithRequestId<S>;

    fn layer(&self, inner: S) -> WithRequestId<S> {
        WithRequestId { naming: self.naming(), inner }
    }
}

/// An id, its text, and the trace that is believed.
pub(crate) type Name = (RequestId, HeaderValue, Option<TraceContext>);

/// What names the requests of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Naming {
    numbers: Numbers,
    take_ids: bool,
    take_traces: bool,
    field: bool,
}

impl Naming {
    /// Whether a request must be read or written to be named; `brings`: whether it has a field that counts.
    #[inline]
    pub(crate) fn minds(&self, brings: bool) -> bool {
        brings || self.field
    }

    /// The name of a request that need not be minded.
    #[inline]
    pub(crate) fn next(&mut self) -> Name {
        let (id, text) = self.numbers.next();
        (id, text, None)
    }

    /// Names a request by what it brings, is called already, or by the next number.
    pub(crate) fn name<B>(&mut self, req: &mut Request<B>) -> Name {
        let given = given::look(req.headers()).then(|| given::take(req, self.take_ids, self.take_traces));
        let (id, trace) = given.unwrap_or_default();
        let known = RequestContext::of(req.extensions()).and_then(RequestContext::request_id);
        let (id, text) = match known.or(id) {
            Some(id) => (id, numbers::value(id)),
            None => self.numbers.next(),
        };
        if self.field {
            req.headers_mut().insert(X_REQUEST_ID, text.clone());
        }
        (id, text, trace)
    }
}

/// The service of [`RequestIds`].
#[derive(Clone, Debug)]
pub struct WithRequestId<S> {
    naming: Naming,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for WithRequestId<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = WithRequestIdFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<B>) -> Self::Future {
        let (id, text, trace) = self.naming.name(&mut req);
        RequestContext::identify(req.extensions_mut(), id, trace);
        WithRequestIdFuture { future: self.inner.call(req), id: Some(text) }
    }
}

pin_project! {
    /// The future of [`WithRequestId`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct WithRequestIdFuture<F> {
        #[pin]
        future: F,
        id: Option<HeaderValue>,
    }
}

impl<F, R, E> Future for WithRequestIdFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        if let Some(id) = this.id.take() {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        Poll::Ready(Ok(response))
    }
}
