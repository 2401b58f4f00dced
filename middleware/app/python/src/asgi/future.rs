//! The future of a request: its response's head, and the body that follows.
//!
//! ```text
//! Whole ─▶ head and body at once      Stream ─▶ head, and a body that comes      Refused ─▶ a Rejection
//! ```

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Response, StatusCode, header::CONTENT_LENGTH, response};

use super::{
    body::{AsgiBody, Running},
    exchange::Answer,
};

/// The future of an [`AsgiApp`](crate::AsgiApp); dropped, it tells the app that its client has gone.
#[must_use = "futures do nothing unless polled"]
pub struct AsgiFuture(Option<Running>);

impl AsgiFuture {
    pub(super) fn new(running: Running) -> Self {
        Self(Some(running))
    }
}

impl Future for AsgiFuture {
    type Output = Result<Response<AsgiBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let running = self.0.as_ref().expect("a future is not polled after it is done");
        let answer = ready!(running.exchange().poll_head(cx));
        let exchange = running.exchange();
        let debug = if exchange.app().settings.debug { exchange.lock().debug.take() } else { None };
        let running = self.0.take();
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
