//! The response bodies that a refusal needs: an empty one of the app's type, or one of ours beside it.
//!
//! ```text
//! Gate, any link      refuses with R::empty()              body type unchanged
//! AsBody              Response<R> → Response<Body<R>>      for bodies that have no empty value
//! RenderRejections    Response<R> → Response<Body<R>>      writes refusals' bodies
//! ```
//!
//! ```
//! use enfilade_core::{Body, EmptyBody};
//! use http_body::Body as _;
//!
//! type Full = http_body_util::Full<bytes::Bytes>;
//! assert!(Body::<Full>::empty().is_end_stream());
//! assert_eq!(Body::<Full>::from("no").size_hint().exact(), Some(2));
//! ```

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// A body that has an empty value: whatever is `Default`.
#[diagnostic::on_unimplemented(
    message = "a refusal needs an empty body, and `{Self}` has none",
    note = "put `enfilade_core::AsBody` between this gate and the service below it, or build with `Chain`, which does"
)]
pub trait EmptyBody: Sized {
    /// The empty body.
    fn empty() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> EmptyBody for T {
    fn empty() -> Self {
        T::default()
    }
}

pin_project! {
    /// The app's body frame by frame, or a whole one of ours.
    #[derive(Debug)]
    pub struct Body<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = KindProj]
    enum Kind<B> {
        App { #[pin] body: B },
        Full { data: Option<Bytes> },
    }
}

impl<B> Body<B> {
    /// Wraps the app's body.
    pub fn app(body: B) -> Self {
        Self { kind: Kind::App { body } }
    }
}

impl<B> Default for Body<B> {
    fn default() -> Self {
        Self { kind: Kind::Full { data: None } }
    }
}

impl<B, T: Into<Bytes>> From<T> for Body<B> {
    fn from(data: T) -> Self {
        let data = data.into();
        Self { kind: Kind::Full { data: (!data.is_empty()).then_some(data) } }
    }
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for Body<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProj::App { body } => body.poll_frame(cx),
            KindProj::Full { data } => Poll::Ready(data.take().map(|data| Ok(Frame::data(data)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::App { body } => body.is_end_stream(),
            Kind::Full { data } => data.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::App { body } => body.size_hint(),
            Kind::Full { data } => SizeHint::with_exact(data.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}

/// A layer that gives the response body below it an empty value: `Response<R>` becomes `Response<Body<R>>`.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct AsBody;

impl<S> Layer<S> for AsBody {
    type Service = WithBody<S>;

    fn layer(&self, inner: S) -> WithBody<S> {
        WithBody { inner }
    }
}

/// The service of [`AsBody`].
#[derive(Clone, Copy, Debug)]
pub struct WithBody<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for WithBody<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = WithBodyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        WithBodyFuture { future: self.inner.call(req) }
    }
}

pin_project! {
    /// The future of [`WithBody`].
    #[derive(Debug)]
    pub struct WithBodyFuture<F> {
        #[pin]
        future: F,
    }
}

impl<F, R, E> Future for WithBodyFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<Body<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().future.poll(cx))?;
        Poll::Ready(Ok(response.map(Body::app)))
    }
}
