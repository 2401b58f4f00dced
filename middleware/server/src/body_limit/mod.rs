//! A request's body is no larger, and no slower, than the server allows.
//!
//! ```text
//! content-length says too much ─────────▶ 413 http.body-too-large, the app is not asked
//! more comes than allowed ──────────────▶ the app's read fails; its answer, if it comes, becomes the 413
//! nothing comes while the app waits ────▶ the app's read fails; its answer becomes 408 http.body-timeout
//! too little comes in all ──────────────▶ the same: one byte now and then keeps no request for ever
//! it cannot be read, or breaks off ─────▶ the app's read fails; its answer becomes 400 http.body-broken
//! ```
//!
//! The error of the read is a [`BodyError`] that carries the rejection, so an app may also answer with it itself. Once
//! an answer has begun, the failed read is all that can be said: the connection ends with it.
//!
//! A request without a body costs nothing here; one with a body costs one small allocation.
//!
//! ```
//! use enfilade_core::Rejection;
//! use enfilade_server::BodyLimit;
//! use http::{Request, Response};
//! use http_body_util::BodyExt;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = service_fn(async |req: Request<enfilade_server::LimitedBody<String>>| {
//!     let read = req.into_body().collect().await;
//!     Ok::<_, std::convert::Infallible>(Response::new(read.map_or(0, |body| body.to_bytes().len()).to_string()))
//! });
//! let app = BodyLimit::new().with_max_size(4).layer(app);
//! assert_eq!(app.clone().oneshot(Request::new("four".to_owned())).await.unwrap().body(), "4");
//! assert_eq!(app.oneshot(Request::new("fives".to_owned())).await.unwrap().status(), 413);
//! # }
//! ```

mod body;
mod future;

pub(crate) use self::body::Fault;
pub use self::{
    body::{BodyError, LimitedBody},
    future::BodyLimitFuture,
};

use std::{
    num::NonZeroU64,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use enfilade_core::{About, EmptyBody, Link, Rejection};
use http::{Request, Response, StatusCode, Version};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

/// The layer that limits request bodies. See the [module docs](self).
#[derive(Clone, Copy, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct BodyLimit {
    max_size: u64,
    timeout: Option<Duration>,
    min_rate: Option<NonZeroU64>,
}

impl BodyLimit {
    /// At most 2 MiB, and no deadline.
    pub fn new() -> Self {
        Self { max_size: 2 << 20, timeout: None, min_rate: None }
    }

    /// Bytes of a body, at most.
    pub fn with_max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// How long the app may wait for the next bytes; measured by tokio's clock.
    pub fn with_timeout(mut self, span: Duration) -> Self {
        self.timeout = Some(span);
        self
    }

    /// How many bytes a second must come, besides: the app waits in all no longer than the timeout, and a second for
    /// each such share that came. 0 asks for none; without a timeout it does nothing.
    pub fn with_min_rate(mut self, bytes_per_second: u64) -> Self {
        self.min_rate = NonZeroU64::new(bytes_per_second);
        self
    }
}

impl BodyLimit {
    /// Whether a body says itself that it is larger.
    #[inline]
    pub(crate) fn refuses(&self, body: &impl Body) -> bool {
        body.size_hint().lower() > self.max_size
    }

    /// The limited body, and what will be wrong with it.
    #[inline]
    pub(crate) fn limit<B: Body>(&self, body: B) -> (LimitedBody<B>, Option<Arc<Fault>>) {
        let body = LimitedBody::new(body, *self);
        let fault = body.fault();
        (body, fault)
    }
}

impl Default for BodyLimit {
    fn default() -> Self {
        Self::new()
    }
}

impl Link for BodyLimit {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for BodyLimit {
    type Service = BodyLimited<S>;

    fn layer(&self, inner: S) -> BodyLimited<S> {
        BodyLimited { limit: *self, inner }
    }
}

/// The service of [`BodyLimit`].
#[derive(Clone, Copy, Debug)]
pub struct BodyLimited<S> {
    limit: BodyLimit,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for BodyLimited<S>
where
    S: Service<Request<LimitedBody<B>>, Response = Response<R>> + Clone,
    B: Body,
    R: EmptyBody,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BodyLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let http1 = req.version() <= Version::HTTP_11;
        if self.limit.refuses(req.body()) {
            self.inner = self.inner.clone();
            return BodyLimitFuture::refused(http1);
        }
        let (head, body) = req.into_parts();
        let (body, fault) = self.limit.limit(body);
        BodyLimitFuture::app(self.inner.call(Request::from_parts(head, body)), fault, http1)
    }
}

#[cold]
pub(crate) fn too_large() -> Rejection {
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "http.body-too-large")
        .with_detail("send a smaller body, or several")
}

#[cold]
pub(super) fn timed_out() -> Rejection {
    Rejection::new(StatusCode::REQUEST_TIMEOUT, "http.body-timeout").with_detail("the body came too slowly")
}

#[cold]
pub(super) fn broken() -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "http.body-broken")
        .with_detail("the body's framing is wrong, or it broke off")
}
