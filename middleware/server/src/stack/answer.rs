//! The way back: the app's answer, or a refusal, with a true length, told, counted and logged.
//!
//! ```text
//! app ─▶ panic, error? ─▶ length ─▶ body at fault? ─▶ close? ─▶ told ─▶ headers ─▶ logged ─▶ id
//! ```

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use enfilade_core::{Body as Whole, Rejection, render};
use http::{HeaderValue, Response, StatusCode, header::CONNECTION, response::Parts};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tracing::Span;

use super::Seat;
use crate::{
    BoxError,
    access_log::Line,
    body_limit::Fault,
    connection::Noted,
    length::{self, LengthError, Measured},
    request_id::X_REQUEST_ID,
    rescue,
};

pin_project! {
    /// The future of [`Door`](super::Door).
    pub(crate) struct Answering<F> {
        #[pin]
        app: App<F>,
        rest: Option<Rest>,
        span: Option<Box<Span>>,
    }
}

pin_project! {
    /// The app's answer to be, or why there will be none of its.
    #[project = AppProj]
    pub(super) enum App<F> {
        Running { #[pin] future: F },
        Refused { rejection: Option<Rejection> },
    }
}

impl<F> App<F> {
    pub(super) fn running(future: F) -> Self {
        Self::Running { future }
    }

    #[cold]
    pub(super) fn refused(rejection: Rejection) -> Self {
        Self::Refused { rejection: Some(rejection) }
    }
}

/// What the links know of the request once it is the app's.
pub(super) struct Rest {
    pub(super) asked: render::Asked,
    pub(super) length: length::Asked,
    pub(super) http1: bool,
    /// Whether the connection ends with this answer.
    pub(super) close: bool,
    /// Whether the client speaks https.
    pub(super) secure: bool,
    pub(super) fault: Option<Arc<Fault>>,
    pub(super) id: HeaderValue,
    pub(super) seat: Seat,
    pub(super) line: Option<Box<Line>>,
}

impl<F> Answering<F> {
    #[inline]
    pub(super) fn new(app: App<F>, rest: Rest, span: Option<Box<Span>>) -> Self {
        Self { app, rest: Some(rest), span }
    }
}

impl<F, R, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<Noted<Answer<R>>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = this.span.as_deref().map(Span::enter);
        let answered = ready!(this.app.answered(cx));
        let mut rest = this.rest.take().expect("a future is not polled after it is done");
        let (mut head, body, told) = rest.settle(answered);
        drop(entered);
        let Rest { id, seat, mut line, .. } = rest;
        if let Some(line) = &mut line {
            line.answered(head.status, &head.extensions, &body);
        }
        head.headers.insert(X_REQUEST_ID, id);
        // A refusal that is still being sent does not count.
        let seat = (!told).then_some(seat);
        Poll::Ready(Ok(Response::from_parts(head, Noted::new(Answer { body, seat, line }))))
    }
}

impl Rest {
    /// Head and body as the client shall see them, and whether that is a refusal told just now.
    #[inline]
    fn settle<R>(&mut self, answered: Result<Response<R>, Rejection>) -> (Parts, Whole<Measured<R>>, bool)
    where
        R: Body<Data = Bytes>,
        R::Error: Into<BoxError>,
    {
        let mut answered = answered.and_then(|response| {
            let (mut head, body) = response.into_parts();
            let exact = body.size_hint().exact();
            let length = self.length.reconcile(head.status, &mut head.headers, exact)?;
            Ok((head, length.of(body)))
        });
        // An app that could not read its body may have failed because of it: the cause is the better answer.
        if let Some(rejection) = self.fault.as_ref().and_then(|fault| fault.rejection()) {
            // The rest of the body is never read, so nothing can follow it (RFC 9110 §15.5.9 for 408).
            self.close |= self.http1;
            answered = Err(rejection);
        }
        let (mut head, body) = answered.unwrap_or_else(|rejection| rejection.into_response().into_parts());
        if self.close && head.status != StatusCode::SWITCHING_PROTOCOLS {
            head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let site = &self.seat.site;
        let (body, told) = match site.render.tell(&mut head, &mut self.asked) {
            Some(data) => (Whole::from(data), true),
            None => (Whole::app(body), false),
        };
        if let Some(headers) = &site.headers {
            headers.apply(&mut head, self.secure);
        }
        (head, body, told)
    }
}

impl<F, R, E> App<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    /// The app's answer; a panic or an error is a refusal.
    #[inline]
    fn answered(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response<R>, Rejection>> {
        let future = match self.as_mut().project() {
            AppProj::Running { future } => future,
            AppProj::Refused { rejection } => return Poll::Ready(Err(refused_once(rejection))),
        };
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(response))) => Poll::Ready(Ok(response)),
            Ok(Poll::Ready(Err(error))) => Poll::Ready(Err(rescue::failed(error.into()))),
            Err(_payload) => {
                // What is left of it is dropped here, where a second panic is caught as well.
                let _ = catch_unwind(AssertUnwindSafe(|| self.set(Self::Refused { rejection: None })));
                Poll::Ready(Err(rescue::panicked()))
            }
        }
    }
}

#[cold]
fn refused_once(rejection: &mut Option<Rejection>) -> Rejection {
    rejection.take().expect("a future is not polled after it is done")
}

pin_project! {
    /// A response's body: measured or ours, counted until it is dropped, logged then.
    pub(crate) struct Answer<R> {
        #[pin]
        body: Whole<Measured<R>>,
        seat: Option<Seat>,
        line: Option<Box<Line>>,
    }
}

impl<R> Body for Answer<R>
where
    R: Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = LengthError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, LengthError>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        if let Some(line) = this.line {
            line.took(frame.as_ref(), &*this.body);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
