//! A service whose type is forgotten: what stands between the layers of a chain put together at run time.
//!
//! ```text
//! BoxedService<B, E> ── clone ──▶ one allocation        ── call ──▶ one for the future, one for the body
//! ```
//!
//! tower has this as `BoxCloneSyncService`, behind its feature `util`. Core does without: whoever depends on core,
//! or on the kit that does, would have that feature switched on in their own build, and a missing feature of
//! theirs would be seen only by their users.
//!
//! ```
//! use enfilade_core::chain::{Boxable as _, BoxedService};
//! use enfilade_test::{Drive, Probe, ProbeBody, ProbeError, assert_passed};
//!
//! let probe = Probe::ok();
//! let service: BoxedService<ProbeBody, ProbeError> = probe.service().boxed();
//! assert_passed!(Drive::service(service.clone()).get("/").send());
//! ```

use std::{
    any::Any,
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::returning::Returning;

type BoxError = Box<dyn Error + Send + Sync>;

/// The response body of a [`RuntimeChain`](super::RuntimeChain).
pub type BoxedBody = UnsyncBoxBody<Bytes, BoxError>;

/// The future of a [`BoxedService`].
pub type BoxedFuture<E> = Pin<Box<dyn Future<Output = Result<Response<BoxedBody>, E>> + Send>>;

/// A boxed service of a [`RuntimeChain`](super::RuntimeChain); made by [`Boxable::boxed`].
pub struct BoxedService<B, E>(Box<dyn Erased<B, E>>);

impl<B, E> Clone for BoxedService<B, E> {
    fn clone(&self) -> Self {
        Self(self.0.clone_box())
    }
}

impl<B, E> Service<Request<B>> for BoxedService<B, E> {
    type Response = Response<BoxedBody>;
    type Error = E;
    type Future = BoxedFuture<E>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> BoxedFuture<E> {
        self.0.call(req)
    }
}

impl<B, E> fmt::Debug for BoxedService<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxedService(..)")
    }
}

/// A service that a [`RuntimeChain`](super::RuntimeChain) can box: an HTTP service that is
/// `Clone + Send + Sync + 'static`, with a `Send` future and a response body of [`Bytes`]. Implemented for all
/// that are.
pub trait Boxable<B, E> {
    /// Boxes it.
    fn boxed(self) -> BoxedService<B, E>;

    /// Boxes a layer's service: one that calls nothing keeps nothing ready, as in a [`Chain`](super::Chain).
    fn boxed_layer(self) -> BoxedService<B, E>;
}

impl<S, B, R, E> Boxable<B, E> for S
where
    S: Service<Request<B>, Response = Response<R>, Error = E, Future: Send> + Clone + Send + Sync + 'static,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    B: 'static,
    E: 'static,
{
    fn boxed(self) -> BoxedService<B, E> {
        BoxedService(Box::new(self))
    }

    fn boxed_layer(self) -> BoxedService<B, E> {
        BoxedService(Box::new(Returning::new(self)))
    }
}

/// `Service` and `Clone` as one object-safe trait; `Clone` alone is not.
trait Erased<B, E>: Send + Sync {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>>;
    fn call(&mut self, req: Request<B>) -> BoxedFuture<E>;
    fn clone_box(&self) -> Box<dyn Erased<B, E>>;
}

impl<S, B, R, E> Erased<B, E> for S
where
    S: Service<Request<B>, Response = Response<R>, Error = E, Future: Send> + Clone + Send + Sync + 'static,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    B: 'static,
    E: 'static,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        Service::poll_ready(self, cx)
    }

    fn call(&mut self, req: Request<B>) -> BoxedFuture<E> {
        Box::pin(BoxBody { future: Service::call(self, req) })
    }

    fn clone_box(&self) -> Box<dyn Erased<B, E>> {
        Box::new(self.clone())
    }
}

pin_project! {
    // Named: an `async` block that awaits what it captured holds it twice.
    struct BoxBody<F> {
        #[pin]
        future: F,
    }
}

impl<F, R, E> Future for BoxBody<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<BoxedBody>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().future.poll(cx))?;
        Poll::Ready(Ok(response.map(boxed_body)))
    }
}

/// Boxes a body, unless a layer handed on one that is boxed already.
fn boxed_body<R>(body: R) -> BoxedBody
where
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let mut body = Some(body);
    if let Some(boxed) = (&mut body as &mut dyn Any).downcast_mut::<Option<BoxedBody>>() {
        return boxed.take().expect("filled just above");
    }
    body.expect("not taken by the other branch").map_err(Into::into).boxed_unsync()
}
