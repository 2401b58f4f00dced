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
use tracing::{Span, span::Entered};

use super::Seat;
use crate::{
    BoxError,
    access_log::Line,
    body_limit::Fault,
    connection::{Noted, handed_over},
    length::{self, LengthError, Measured},
    request_id::X_REQUEST_ID,
    rescue,
};

pin_project! {
    /// The future of [`Door`](super::Door).
    pub(crate) struct Answering<F> {
        #[pin]
        app: App<F>,
        rest: Rest,
    }
}

pin_project! {
    /// The app's answer to be, or why there will be none of its.
    #[project = AppProj]
    pub(crate) enum App<F> {
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
pub(crate) struct Rest {
    pub(super) asked: render::Asked,
    pub(super) length: length::Asked,
    pub(super) http1: bool,
    /// Whether the connection ends with this answer.
    pub(super) close: bool,
    /// Whether the client speaks https.
    pub(super) secure: bool,
    pub(super) fault: Option<Arc<Fault>>,
    pub(super) id: Option<HeaderValue>,
    pub(super) seat: Option<Seat>,
    pub(super) line: Option<Box<Line>>,
    pub(super) span: Option<Box<Span>>,
}

pub(super) const OVER: &str = "a future is not polled after it is done";

impl<F> Answering<F> {
    pub(super) fn new(app: App<F>, rest: Rest) -> Self {
        Self { app, rest }
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
        let answered = {
            let _entered = this.rest.enter();
            ready!(this.app.answered(cx))
        };
        let answer = this.rest.finish(answered);
        // Behind all that may drop a body of the app's, which may be another server's.
        handed_over();
        Poll::Ready(Ok(answer))
    }
}

impl Rest {
    /// The span that the app is polled in, while anybody listens.
    #[inline]
    pub(super) fn enter(&self) -> Option<Entered<'_>> {
        self.span.as_deref().map(Span::enter)
    }

    /// The turn of the connection's task that this is.
    pub(super) fn turn(&self) -> u64 {
        self.seat.as_ref().map_or(0, |seat| seat.site.pulse.turns())
    }

    /// The response as the client shall see it.
    #[inline]
    pub(super) fn finish<R>(&mut self, answered: Result<Response<R>, Rejection>) -> Response<Noted<Answer<R>>>
    where
        R: Body<Data = Bytes>,
        R::Error: Into<BoxError>,
    {
        let span = self.span.take();
        let _entered = span.as_deref().map(Span::enter);
        let mut response = match answered {
            Ok(response) => response,
            Err(rejection) => return self.refuse(rejection),
        };
        let (status, exact) = (response.status(), response.body().size_hint().exact());
        let length = match self.length.reconcile(status, response.headers_mut(), exact) {
            Ok(length) => length,
            Err(rejection) => return self.refuse(rejection),
        };
        if self.close || self.fault.is_some() || render::is_untold(response.extensions()) {
            let (head, body) = response.into_parts();
            return self.mind(head, length.of(body));
        }
        let (seat, mut line) = (self.seat.take().expect(OVER), self.line.take());
        if let Some(headers) = &seat.site.headers {
            headers.apply(status, response.headers_mut(), self.secure);
        }
        if let Some(id) = self.id.take() {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        let (head, body) = response.into_parts();
        let body = Whole::app(length.of(body));
        if let Some(line) = &mut line {
            line.answered(status, &head.extensions, &body);
        }
        Response::from_parts(head, Noted::new(Answer { body, seat: Some(seat), line }))
    }

    #[cold]
    fn refuse<R>(&mut self, rejection: Rejection) -> Response<Noted<Answer<R>>>
    where
        R: Body<Data = Bytes>,
        R::Error: Into<BoxError>,
    {
        let (head, body) = rejection.into_response().into_parts();
        self.mind(head, body)
    }

    /// The response where it may be a refusal, or the last one of its connection.
    #[inline(never)]
    fn mind<R>(&mut self, mut head: Parts, mut body: Measured<R>) -> Response<Noted<Answer<R>>>
    where
        R: Body<Data = Bytes>,
        R::Error: Into<BoxError>,
    {
        // An app that could not read its body may have failed because of it: the cause is the better answer.
        if let Some(rejection) = self.fault.as_ref().and_then(|fault| fault.rejection()) {
            // The rest of the body is never read, so nothing can follow it (RFC 9110 §15.5.9 for 408).
            self.close |= self.http1;
            (head, body) = rejection.into_response().into_parts();
        }
        if self.close && head.status != StatusCode::SWITCHING_PROTOCOLS {
            head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let (seat, mut line) = (self.seat.take().expect(OVER), self.line.take());
        let told = seat.site.render.tell(&mut head, &mut self.asked);
        if let Some(headers) = &seat.site.headers {
            headers.apply(head.status, &mut head.headers, self.secure);
        }
        // A refusal that is still being sent does not count.
        let (body, seat) = match told {
            Some(data) => (Whole::from(data), None),
            None => (Whole::app(body), Some(seat)),
        };
        if let Some(line) = &mut line {
            line.answered(head.status, &head.extensions, &body);
        }
        if let Some(id) = self.id.take() {
            head.headers.insert(X_REQUEST_ID, id);
        }
        Response::from_parts(head, Noted::new(Answer { body, seat, line }))
    }
}

impl<F, R, E> App<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    /// The app's answer; a panic or an error is a refusal.
    #[inline]
    pub(super) fn answered(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<R>, Rejection>> {
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
    rejection.take().expect(OVER)
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
