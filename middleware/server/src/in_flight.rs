//! So many requests at once and no more; whoever comes too late is told when to come again.
//!
//! ```text
//! request ──┬── below the limit ──▶ inner … until the response's body is done
//!           └── at the limit ─────▶ 503 server.busy, Retry-After: 1
//! ```
//!
//! A request counts from its head to the end of its response's body. An idle connection never counts, nor does a
//! refusal that is still being sent.
//!
//! ```
//! use enfilade_server::InFlight;
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let limit = InFlight::new(1);
//! let app = limit.layer(service_fn(async |_: Request<()>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(()))
//! }));
//! let first = app.clone().oneshot(Request::new(())).await.unwrap();
//! assert_eq!(app.clone().oneshot(Request::new(())).await.unwrap().status(), 503);
//! drop(first);
//! assert_eq!(app.oneshot(Request::new(())).await.unwrap().status(), 200);
//! # }
//! ```

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use enfilade_core::{About, EmptyBody, Link, Rejection};
use http::{HeaderValue, Request, Response, StatusCode, header::RETRY_AFTER};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// The layer that counts requests; clones count together. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct InFlight {
    gauge: Arc<Gauge>,
}

#[derive(Debug)]
struct Gauge {
    now: AtomicUsize,
    max: usize,
}

impl InFlight {
    /// At most `max` requests at once.
    pub fn new(max: usize) -> Self {
        Self { gauge: Arc::new(Gauge { now: AtomicUsize::new(0), max }) }
    }

    /// How many there are now.
    pub fn now(&self) -> usize {
        self.gauge.now.load(Relaxed)
    }

    /// Counts one request; `false` when that is one too many.
    #[inline]
    pub(crate) fn enter(&self) -> bool {
        let admit = |now| (now < self.gauge.max).then_some(now + 1);
        self.gauge.now.fetch_update(Relaxed, Relaxed, admit).is_ok()
    }

    /// Counts off one that was admitted.
    #[inline]
    pub(crate) fn leave(&self) {
        self.gauge.now.fetch_sub(1, Relaxed);
    }
}

impl Link for InFlight {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for InFlight {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { limit: self.clone(), inner }
    }
}

/// The service of [`InFlight`].
#[derive(Clone, Debug)]
pub struct Counted<S> {
    limit: InFlight,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Counted<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: EmptyBody,
{
    type Response = Response<Held<R>>;
    type Error = S::Error;
    type Future = CountedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        if !self.limit.enter() {
            self.inner = self.inner.clone();
            return CountedFuture { future: None, guard: None };
        }
        let guard = Some(Guard(self.limit.clone()));
        CountedFuture { future: Some(self.inner.call(req)), guard }
    }
}

/// Stands for one request; counts it off when dropped. A client that does not take a refusal must not keep others out by
/// it: a refused one has none.
struct Guard(InFlight);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

pin_project! {
    /// The future of [`Counted`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct CountedFuture<F> {
        #[pin]
        future: Option<F>,
        guard: Option<Guard>,
    }
}

impl<F, R, E> Future for CountedFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: EmptyBody,
{
    type Output = Result<Response<Held<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.future.as_pin_mut() {
            Some(future) => ready!(future.poll(cx))?,
            None => busy().into_response(),
        };
        let guard = this.guard.take();
        Poll::Ready(Ok(response.map(|inner| Held { inner, guard })))
    }
}

#[cold]
pub(crate) fn busy() -> Rejection {
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "server.busy")
        .with_detail("too many requests at once; try again")
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

pin_project! {
    /// A response body whose request counts until it is dropped.
    #[derive(Debug, Default)]
    pub struct Held<R> {
        #[pin]
        inner: R,
        guard: Option<Guard>,
    }
}

impl<R: Body> Body for Held<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
