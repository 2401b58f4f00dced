//! The service of [`SecurityHeaders`](super::SecurityHeaders) and its future, unboxed.
//!
//! ```text
//! call ─▶ inner ─▶ https, by connection or by canonical request? ─▶ Settings::apply ─▶ response
//! ```

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use enfilade_core::{Canonical, RequestContext};
use http::{Request, Response, uri::Scheme};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::settings::Settings;

/// Whether clients speak https.
#[derive(Clone, Copy, Debug)]
pub(super) enum Https {
    Known(bool),
    /// As the canonical request says, which a link further in may find.
    Ask,
}

/// The service of [`SecurityHeaders`](super::SecurityHeaders).
#[derive(Clone, Debug)]
pub struct Secured<S> {
    settings: Arc<Settings>,
    https: Https,
    inner: S,
}

impl<S> Secured<S> {
    pub(super) fn new(settings: Arc<Settings>, https: Https, inner: S) -> Self {
        Self { settings, https, inner }
    }
}

impl<S, B, R> Service<Request<B>> for Secured<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = SecuredFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<B>) -> Self::Future {
        let settings = self.settings.clone();
        let asks = settings.hsts.is_some();
        let by = match self.https {
            Https::Known(https) => By::Connection(https),
            Https::Ask if asks => By::Request(RequestContext::ensure(req.extensions_mut()).clone()),
            Https::Ask => By::Connection(false),
        };
        SecuredFuture { future: self.inner.call(req), settings, by }
    }
}

/// What says whether the client speaks https.
#[derive(Debug)]
enum By {
    Connection(bool),
    Request(RequestContext),
}

impl By {
    fn https(&self) -> bool {
        match self {
            Self::Connection(https) => *https,
            Self::Request(context) => {
                context.canonical().map(Canonical::scheme).is_some_and(|scheme| *scheme == Scheme::HTTPS)
            }
        }
    }
}

pin_project! {
    /// The future of [`Secured`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct SecuredFuture<F> {
        #[pin]
        future: F,
        settings: Arc<Settings>,
        by: By,
    }
}

impl<F, R, E> Future for SecuredFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        this.settings.answer(response.status(), response.headers_mut(), this.by.https());
        Poll::Ready(Ok(response))
    }
}
