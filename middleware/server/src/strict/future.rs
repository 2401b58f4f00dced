//! The future of the strict link: the app's response or the refusal, with `Connection: close` where it must be.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use enfilade_core::{EmptyBody, Rejection};
use http::{HeaderValue, Response, StatusCode, header::CONNECTION};
use pin_project_lite::pin_project;

pin_project! {
    /// The future of [`Strict`](super::Strict).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct StrictFuture<F> {
        #[pin]
        kind: Kind<F>,
        close: bool,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = KindProj]
    enum Kind<F> {
        App { #[pin] future: F },
        Refused { rejection: Option<Rejection> },
    }
}

impl<F> StrictFuture<F> {
    pub(super) fn app(future: F, close: bool) -> Self {
        Self { kind: Kind::App { future }, close }
    }

    pub(super) fn refused(rejection: Rejection, close: bool) -> Self {
        Self { kind: Kind::Refused { rejection: Some(rejection) }, close }
    }
}

impl<F, R, E> Future for StrictFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: EmptyBody,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.kind.project() {
            KindProj::App { future } if !*this.close => return future.poll(cx),
            KindProj::App { future } => ready!(future.poll(cx))?,
            KindProj::Refused { rejection } => {
                rejection.take().expect("a future is not polled after it is done").into_response()
            }
        };
        if *this.close && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response))
    }
}
