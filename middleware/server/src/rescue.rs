//! An app that panics or fails answers 500; the connection and the server go on.
//!
//! ```text
//! app ──┬── Ok(response) ──▶ as it is
//!       ├── Err(error) ────▶ 500 server.app-error   the error in the log, with what caused it
//!       └── panic ─────────▶ 500 server.panic       the message is not ours to log: it may hold a secret
//! ```
//!
//! ```
//! use enfilade_core::Rejection;
//! use enfilade_server::Rescue;
//! use http::{Request, Response};
//! use tower::{Service, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = service_fn(async |_: Request<()>| Err::<Response<()>, _>("no database"));
//! let response = Rescue::new(app).oneshot(Request::new(())).await.unwrap();
//! assert_eq!(response.extensions().get::<Rejection>().unwrap().code(), "server.app-error");
//! # }
//! ```

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use enfilade_core::{EmptyBody, Rejection};
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{BoxError, log};

/// The service that turns panics and errors of the one inside into responses. See the [module docs](self).
#[derive(Clone, Copy, Debug)]
pub struct Rescue<S> {
    inner: S,
}

impl<S> Rescue<S> {
    /// Wraps a service.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B, R> Service<Request<B>> for Rescue<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: EmptyBody,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = RescueFuture<S::Future>;

    /// Ready, whatever the inner service says: [`Patient`](crate::Patient) stands between.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A failure shows again, and is answered, in the call.
        let _ = ready!(self.inner.poll_ready(cx));
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let state = match catch_unwind(AssertUnwindSafe(|| self.inner.call(req))) {
            Ok(future) => State::Running { future },
            Err(_payload) => State::Panicked,
        };
        RescueFuture { state }
    }
}

pin_project! {
    /// The future of [`Rescue`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct RescueFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProj]
    enum State<F> {
        Running { #[pin] future: F },
        Panicked,
    }
}

impl<F, R, E> Future for RescueFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: EmptyBody,
{
    type Output = Result<Response<R>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        let polled = match state.as_mut().project() {
            StateProj::Running { future } => catch_unwind(AssertUnwindSafe(|| future.poll(cx))).ok(),
            StateProj::Panicked => None,
        };
        let Some(polled) = polled else {
            // What is left of it is dropped here, where a second panic is caught as well.
            let _ = catch_unwind(AssertUnwindSafe(|| state.set(State::Panicked)));
            return Poll::Ready(Ok(panicked().into_response()));
        };
        Poll::Ready(Ok(match ready!(polled) {
            Ok(response) => response,
            Err(error) => failed(error.into()).into_response(),
        }))
    }
}

#[cold]
pub(crate) fn panicked() -> Rejection {
    log::fault("server.panic", &"the app panicked");
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "server.panic")
}

#[cold]
pub(crate) fn failed(error: BoxError) -> Rejection {
    let text = log::Causes(&*error).to_string();
    log::fault("server.app-error", &text);
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "server.app-error").with_log(text)
}
