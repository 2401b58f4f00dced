//! The future of the body limit: the app's answer, unless the body was at fault.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use enfilade_core::{EmptyBody, Rejection};
use http::{HeaderValue, Response, header::CONNECTION};
use pin_project_lite::pin_project;

use super::{body::Fault, too_large};

pin_project! {
    /// The future of [`BodyLimited`](super::BodyLimited).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct BodyLimitFuture<F> {
        // `None`: refused before the app was asked.
        #[pin]
        app: Option<F>,
        fault: Option<Arc<Fault>>,
        http1: bool,
    }
}

impl<F> BodyLimitFuture<F> {
    pub(super) fn app(future: F, fault: Option<Arc<Fault>>, http1: bool) -> Self {
        Self { app: Some(future), fault, http1 }
    }

    pub(super) fn refused(http1: bool) -> Self {
        Self { app: None, fault: None, http1 }
    }
}

impl<F, R, E> Future for BodyLimitFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: EmptyBody,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(app) = this.app.as_pin_mut() else {
            return Poll::Ready(Ok(refuse(too_large(), *this.http1)));
        };
        let Some(fault) = this.fault else { return app.poll(cx) };
        let answer = ready!(app.poll(cx));
        // An app that could not read its body may have failed because of it: the cause is the better answer.
        match fault.rejection() {
            Some(rejection) => Poll::Ready(Ok(refuse(rejection, *this.http1))),
            None => Poll::Ready(answer),
        }
    }
}

fn refuse<R: EmptyBody>(rejection: Rejection, http1: bool) -> Response<R> {
    let mut response = rejection.into_response();
    if http1 {
        // The rest of the body is never read, so nothing can follow it (RFC 9110 §15.5.9 for 408).
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
