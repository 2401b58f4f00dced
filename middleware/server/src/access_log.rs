//! One line for each request, whatever became of it.
//!
//! ```text
//! target `access`: method path status bytes ms client id trace subject code
//! ```
//!
//! 1. The path has no query, and what a client writes is escaped: a line stays a line. It is the one that was asked for,
//!    not the canonical one: what is refused has no other, `/a%2Fb` and `/a/b` stay two, and it is what a proxy's line says.
//! 2. The line is written when the response's body is dropped, so it knows how many bytes were taken. `complete` is false
//!    when the client went away or the body failed; there is no status when no answer had begun.
//! 3. Who was proved and which rejection was answered is read from what the links further in left behind.
//! 4. While nobody listens to `access` at level `info`, a request costs one test, and the clock is not asked.
//! 5. Who listens to [`SPAN_TARGET`] at level `debug` finds the app's own lines in a span with the request's id and trace:
//!    `RUST_LOG=info,enfilade::request=debug`.
//!
//! ```
//! use enfilade_server::AccessLog;
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = AccessLog::new().layer(service_fn(async |_: Request<()>| {
//!     Ok::<_, std::convert::Infallible>(Response::new("hello".to_owned()))
//! }));
//! assert_eq!(app.oneshot(Request::new(())).await.unwrap().status(), 200);
//! # }
//! ```

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Buf;
use enfilade_core::{
    About, Canonical, ClientAddr, Clock, Link, Principal, Rejection, RequestContext, RequestId, TraceContext,
};
use http::{Extensions, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::{Level, Span, field};

use crate::log::Escaped;

/// The target of the span that a request is answered in.
pub const SPAN_TARGET: &str = "enfilade::request";

/// The layer that writes the access log. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct AccessLog {
    clock: Clock,
    client: Option<ClientAddr>,
}

impl AccessLog {
    /// Timed by the machine's clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// Timed by another clock.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Who is at the other end of this connection: logged when the request was refused before its context knew.
    pub fn with_client(mut self, client: Option<ClientAddr>) -> Self {
        self.client = client;
        self
    }
}

impl AccessLog {
    /// The line to be of a request, while anybody listens.
    #[inline]
    pub(crate) fn line<B>(&self, req: &Request<B>) -> Option<Box<Line>> {
        tracing::enabled!(target: "access", Level::INFO).then(|| Line::begin(req, self))
    }
}

impl Link for AccessLog {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for AccessLog {
    type Service = Logging<S>;

    fn layer(&self, inner: S) -> Logging<S> {
        Logging { log: self.clone(), inner }
    }
}

/// The service of [`AccessLog`].
#[derive(Clone, Debug)]
pub struct Logging<S> {
    log: AccessLog,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Logging<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<Logged<R>>;
    type Error = S::Error;
    type Future = LoggingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<B>) -> Self::Future {
        let mut line = self.log.line(&req);
        if let Some(line) = &mut line {
            line.knows(RequestContext::ensure(req.extensions_mut()).clone());
        }
        let context = RequestContext::of(req.extensions());
        let ids = (context.and_then(RequestContext::request_id), context.and_then(RequestContext::trace));
        let span = span(ids.0, ids.1);
        let future = {
            let _entered = span.as_deref().map(Span::enter);
            self.inner.call(req)
        };
        LoggingFuture { future, line, span }
    }
}

/// The span that a request is answered in, while anybody listens to it.
#[inline]
pub(crate) fn span(id: Option<RequestId>, trace: Option<TraceContext>) -> Option<Box<Span>> {
    tracing::enabled!(target: SPAN_TARGET, Level::DEBUG).then(|| Box::new(heard(id, trace)))
}

#[cold]
fn heard(id: Option<RequestId>, trace: Option<TraceContext>) -> Span {
    let trace = trace.map(|trace| trace.trace_id());
    tracing::debug_span!(target: SPAN_TARGET, "request", id = id.map(field::display), trace = trace.map(field::display))
}

/// One line to be; written when dropped.
#[derive(Debug)]
pub(crate) struct Line {
    clock: Clock,
    client: Option<ClientAddr>,
    begun: Duration,
    method: Method,
    // A copy: the request's own would keep hyper's read buffer until the response is sent.
    path: Box<str>,
    context: Option<RequestContext>,
    status: Option<StatusCode>,
    code: Option<&'static str>,
    bytes: u64,
    complete: bool,
}

impl Line {
    #[cold]
    fn begin<B>(req: &Request<B>, log: &AccessLog) -> Box<Self> {
        Box::new(Self {
            begun: log.clock.monotonic(),
            clock: log.clock.clone(),
            client: log.client,
            method: req.method().clone(),
            path: req.uri().path().into(),
            context: None,
            status: None,
            code: None,
            bytes: 0,
            complete: false,
        })
    }

    /// Says where what links further in find out is written down.
    pub(crate) fn knows(&mut self, context: RequestContext) {
        self.context = Some(context);
    }

    pub(crate) fn answered(&mut self, status: StatusCode, extensions: &Extensions, body: &impl Body) {
        self.status = Some(status);
        self.code = extensions.get().map(Rejection::code);
        // A 304 has no body, whatever its head says about one.
        self.complete = is_over(body) || status == StatusCode::NOT_MODIFIED;
    }

    /// Notes what was taken of `body`, and whether that was the rest.
    pub(crate) fn took<D: Buf, E>(&mut self, frame: Option<&Result<Frame<D>, E>>, body: &impl Body) {
        match frame {
            Some(Ok(frame)) => {
                self.bytes += frame.data_ref().map_or(0, Buf::remaining) as u64;
                self.complete = is_over(body);
            }
            Some(Err(_)) => self.complete = false,
            None => self.complete = true,
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let spent = self.clock.monotonic().saturating_sub(self.begun);
        let context = self.context.as_ref();
        let client = context.and_then(RequestContext::canonical).and_then(Canonical::client).or(self.client);
        let principal = context.and_then(RequestContext::principal);
        let subject = principal.map(Principal::subject).filter(|subject| !subject.is_empty());
        tracing::info!(
            target: "access",
            method = %self.method,
            path = %Escaped(&self.path),
            status = self.status.map(|status| status.as_u16()),
            bytes = self.bytes,
            ms = (spent.as_secs_f64() * 1e6).round() / 1e3,
            client = client.map(|client| field::display(Shown(client))),
            id = context.and_then(RequestContext::request_id).map(field::display),
            trace = context.and_then(RequestContext::trace).map(|trace| field::display(trace.trace_id())),
            subject = subject.map(|subject| field::display(Escaped(subject))),
            code = self.code,
            complete = self.complete,
        );
    }
}

/// A client's address without its port, or what else is known of it.
struct Shown(ClientAddr);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.ip() {
            Some(ip) => ip.fmt(f),
            None => self.0.fmt(f),
        }
    }
}

pin_project! {
    /// The future of [`Logging`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct LoggingFuture<F> {
        #[pin]
        future: F,
        line: Option<Box<Line>>,
        span: Option<Box<Span>>,
    }
}

impl<F, R, E> Future for LoggingFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<Logged<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = this.span.as_deref().map(Span::enter);
        let response = ready!(this.future.poll(cx))?;
        drop(entered);
        let mut line = this.line.take();
        if let Some(line) = &mut line {
            line.answered(response.status(), response.extensions(), response.body());
        }
        Poll::Ready(Ok(response.map(|inner| Logged { inner, line })))
    }
}

pin_project! {
    /// A response body that knows how much of it was taken.
    #[derive(Debug)]
    pub struct Logged<R> {
        #[pin]
        inner: R,
        line: Option<Box<Line>>,
    }
}

impl<R: Body> Body for Logged<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if let Some(line) = this.line {
            line.took(frame.as_ref(), &*this.inner);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// hyper asks a body for no more once it has sent the length that it announced.
fn is_over(body: &impl Body) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}
