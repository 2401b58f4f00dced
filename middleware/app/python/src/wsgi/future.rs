//! The future of a [`WsgiApp`](super::WsgiApp): there already, where the app was called at once.
//!
//! ```text
//! no body, called inline ─▶ ready      otherwise ─▶ boxed: it reads a body, or waits for a thread
//! ```

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;

use super::WsgiBody;

/// The future of [`WsgiApp`](super::WsgiApp). Dropped, it takes its request out of the queue; an app that is called
/// already goes on, and finds nobody to answer.
#[must_use = "futures do nothing unless polled"]
pub struct WsgiFuture(State);

enum State {
    Ready(Option<Response<WsgiBody>>),
    Waiting(Pin<Box<dyn Future<Output = Response<WsgiBody>> + Send>>),
}

impl WsgiFuture {
    pub(super) fn ready(response: Response<WsgiBody>) -> Self {
        Self(State::Ready(Some(response)))
    }

    pub(super) fn waiting(answer: impl Future<Output = Response<WsgiBody>> + Send + 'static) -> Self {
        Self(State::Waiting(Box::pin(answer)))
    }
}

impl Future for WsgiFuture {
    type Output = Result<Response<WsgiBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(response) => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after it is done")))
            }
            State::Waiting(answer) => answer.as_mut().poll(cx).map(Ok),
        }
    }
}

impl fmt::Debug for WsgiFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WsgiFuture")
    }
}
