//! The future of a request: its response's head, and the body that follows.
//!
//! ```text
//! a body ─▶ its first part, if it is there ─▶ the app is called      no body ─▶ it was called before
//! Whole ─▶ head and body at once      Stream ─▶ head, and a body that comes      Refused ─▶ a Rejection
//! ```

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Response, StatusCode, header::CONTENT_LENGTH, request, response};

use super::{
    body::{AsgiBody, Running},
    exchange::{Answer, Exchange},
    service,
};

/// The future of an [`AsgiApp`](crate::AsgiApp); dropped, it tells the app that its client has gone.
#[must_use = "futures do nothing unless polled"]
pub struct AsgiFuture {
    /// Dropped first: what was never begun is nothing to be let go of.
    early: Option<Box<Early>>,
    running: Option<Running>,
}

/// A request whose app is called when the first part of its body is there, or cannot be had at once: an app that finds it
/// there runs through, and one that does not has to be woken by its loop.
struct Early {
    exchange: Exchange,
    /// Until the app is called.
    head: Option<request::Parts>,
    looked: bool,
}

impl AsgiFuture {
    pub(super) fn new(running: Running) -> Self {
        Self { early: None, running: Some(running) }
    }

    pub(super) fn early(running: Running, head: request::Parts) -> Self {
        let early = Early { exchange: running.exchange().clone(), head: Some(head), looked: false };
        Self { early: Some(Box::new(early)), running: Some(running) }
    }
}

impl Early {
    /// Done when the app was called. A server hands over what it has read of a body when it is polled once more.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.exchange.poll_first(cx).is_pending() && !std::mem::replace(&mut self.looked, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(head) = self.head.take() {
            service::start(&self.exchange, head);
        }
        Poll::Ready(())
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        if self.head.is_some() {
            self.exchange.never_called();
        }
    }
}

impl Future for AsgiFuture {
    type Output = Result<Response<AsgiBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(early) = &mut self.early {
            ready!(early.poll(cx));
            self.early = None;
        }
        let running = self.running.as_ref().expect("a future is not polled after it is done");
        let answer = ready!(running.exchange().poll_head(cx));
        let exchange = running.exchange();
        let debug = if exchange.app().settings.debug { exchange.lock().debug.take() } else { None };
        let running = self.running.take();
        let mut response = match answer {
            Answer::Whole(head, body) => respond(*head, AsgiBody::whole(body)),
            Answer::File(head, file) => respond(*head, AsgiBody::file(file)),
            Answer::Stream(head) => {
                let length = length(&head);
                respond(
                    *head,
                    running.map_or_else(AsgiBody::default, |running| AsgiBody::stream(running, length)),
                )
            }
            Answer::Refused(rejection) => rejection.into_response(),
        };
        if let Some(debug) = debug {
            response.extensions_mut().insert(debug);
        }
        Poll::Ready(Ok(response))
    }
}

fn respond(mut head: response::Parts, body: AsgiBody) -> Response<AsgiBody> {
    // RFC 9110 §8.6: a 204 has no length, and a 205 none but 0.
    if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT) {
        head.headers.remove(CONTENT_LENGTH);
    }
    Response::from_parts(head, body)
}

fn length(head: &response::Parts) -> Option<u64> {
    head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
}

impl fmt::Debug for AsgiFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsgiFuture")
    }
}
