//! The service of [`RenderRejections`](super::RenderRejections) and its future, unboxed.
//!
//! ```text
//! call ─▶ Asked ─▶ inner ─▶ a refusal not told yet? ─▶ answer::write ─▶ Response<Body<R>>
//! ```

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Extensions, Request, Response, header::CONTENT_TYPE, response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Settings, answer, asked::Asked, log};
use crate::{Body, Rejection};

/// The service of [`RenderRejections`](super::RenderRejections).
#[derive(Clone)]
pub struct Rendered<S> {
    pub(super) settings: Arc<Settings>,
    pub(super) inner: S,
}

impl<S, B, R> Service<Request<B>> for Rendered<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = RenderFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let asked = Asked::of(&req);
        RenderFuture { inner: self.inner.call(req), asked, settings: self.settings.clone() }
    }
}

impl<S: fmt::Debug> fmt::Debug for Rendered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").field("inner", &self.inner).finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Rendered`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RenderFuture<F> {
        #[pin]
        inner: F,
        asked: Asked,
        settings: Arc<Settings>,
    }
}

impl<F, R, E> Future for RenderFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<Body<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        if !is_untold(response.extensions()) {
            return Poll::Ready(Ok(response.map(Body::app)));
        }
        let asked = this.asked;
        let (mut head, body) = response.into_parts();
        let body = tell(&mut head, asked, this.settings).map_or_else(|| Body::app(body), Body::from);
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }
}

/// Marks a refusal that was rendered and logged, for a renderer further out.
#[derive(Clone, Copy)]
struct Told;

/// Whether a response is a refusal that no renderer has told yet.
#[inline]
pub fn is_untold(extensions: &Extensions) -> bool {
    extensions.get::<Rejection>().is_some() && extensions.get::<Told>().is_none()
}

/// Logs a refusal and writes its head; gives the body, where the response shall have another.
#[cold]
pub(super) fn tell(head: &mut response::Parts, asked: &mut Asked, settings: &Settings) -> Option<Bytes> {
    asked.add_id(&head.headers);
    head.extensions.insert(Told);
    let rejection = head.extensions.get::<Rejection>().cloned()?;
    log::write(settings, &rejection, &asked.context(&head.extensions));
    // A link further out has made it a response of its own, say a redirect to the sign-in page.
    let replaced = head.status != rejection.status();
    if replaced || head.headers.contains_key(CONTENT_TYPE) {
        return None;
    }
    Some(answer::write(head, &rejection, asked, settings.page.as_deref()))
}

impl<F> fmt::Debug for RenderFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderFuture").field("asked", &self.asked).finish_non_exhaustive()
    }
}
