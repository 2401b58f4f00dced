//! The service side of a [`Probe`]: what stands under the layer.
//!
//! ```text
//! poll_ready (held? wait) ──▶ call ──▶ record ──▶ read the body, if told to ──▶ the next scripted answer
//! ```

use std::{
    fmt, future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{Probe, Seen, answer::Act};
use crate::{ProbeBody, ProbeError, body::read_whole};

/// A scripted service; made by [`Probe::service`]. A clone is not ready until it was polled ready itself.
#[must_use]
pub struct ProbeService {
    probe: Probe,
    ready: bool,
}

impl ProbeService {
    pub(super) fn new(probe: Probe) -> Self {
        Self { probe, ready: false }
    }
}

impl<B> Service<Request<B>> for ProbeService
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<ProbeBody>;
    type Error = ProbeError;
    type Future = ProbeFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ProbeError>> {
        let mut state = self.probe.state();
        if state.held {
            state.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Request<B>) -> ProbeFuture {
        assert!(
            std::mem::take(&mut self.ready),
            "the layer called its inner service without `poll_ready`: call the instance that was polled, not a fresh clone"
        );
        let (parts, body) = req.into_parts();
        let (index, answer, read_body) = {
            let mut state = self.probe.state();
            let index = state.seen.len();
            let answer = state.script.get(index).or(state.script.last()).cloned().unwrap_or_default();
            state.seen.push(Seen { parts: parts.clone(), body: None });
            (index, answer, state.read_bodies)
        };
        let act = answer.resolve(&parts);
        let probe = self.probe.clone();
        ProbeFuture(Box::pin(async move {
            if read_body {
                let (bytes, _, end) = read_whole(body).await;
                end.map_err(|_| ProbeError::new("the request's body broke off"))?;
                probe.state().seen[index].body = Some(bytes);
            }
            match act {
                Act::Finish(result) => result,
                Act::Hang => future::pending().await,
                Act::Panic(message) => panic!("{message}"),
            }
        }))
    }
}

impl Clone for ProbeService {
    fn clone(&self) -> Self {
        self.probe.state().clones += 1;
        Self::new(self.probe.clone())
    }
}

impl fmt::Debug for ProbeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeService").field("ready", &self.ready).finish_non_exhaustive()
    }
}

/// The future of [`ProbeService`].
#[must_use = "futures do nothing unless polled"]
pub struct ProbeFuture(Pin<Box<dyn Future<Output = Result<Response<ProbeBody>, ProbeError>> + Send>>);

impl Future for ProbeFuture {
    type Output = Result<Response<ProbeBody>, ProbeError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ProbeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProbeFuture(..)")
    }
}
