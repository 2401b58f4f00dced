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

use http::{Request, Response, header::CONTENT_TYPE};
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
        let asked = Some(Asked::of(&req));
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
        asked: Option<Asked>,
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
        let extensions = response.extensions();
        if extensions.get::<Rejection>().is_none() || extensions.get::<Told>().is_some() {
            return Poll::Ready(Ok(response.map(Body::app)));
        }
        let asked = this.asked.take().expect("a future is not polled after it is done");
        Poll::Ready(Ok(render(response, asked, this.settings)))
    }
}

/// Marks a refusal that was rendered and logged, for a renderer further out.
#[derive(Clone, Copy)]
struct Told;

#[cold]
fn render<R>(response: Response<R>, asked: Asked, settings: &Settings) -> Response<Body<R>> {
    let (mut head, body) = response.into_parts();
    let asked = asked.or_id_of(&head.headers);
    head.extensions.insert(Told);
    let Some(rejection) = head.extensions.get::<Rejection>().cloned() else {
        return Response::from_parts(head, Body::app(body));
    };
    log::write(settings, &rejection, &asked.context(&head.extensions));
    // A link further out has made it a response of its own, say a redirect to the sign-in page.
    let replaced = head.status != rejection.status();
    if replaced || head.headers.contains_key(CONTENT_TYPE) {
        return Response::from_parts(head, Body::app(body));
    }
    let body = answer::write(&mut head, &rejection, &asked, settings.page.as_deref());
    Response::from_parts(head, Body::from(body))
}

impl<F> fmt::Debug for RenderFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderFuture").field("asked", &self.asked).finish_non_exhaustive()
    }
}
