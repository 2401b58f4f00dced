//! The service side of a [`Probe`]: what stands under the layer.
//!
//! ```text
//! poll_ready (held? wait) ──▶ call ──▶ record ──▶ read the body, if told to ──▶ wait at latches ──▶ the scripted answer
//! ```

use std::{
    fmt, future,
    future::poll_fn,
    mem, panic,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    Fault, InfallibleProbe, Probe, Seen,
    answer::{Act, Plan},
};
use crate::{Latch, ProbeBody, ProbeError, Trace, latch::Waiter};

/// A scripted service; made by [`Probe::service`]. A clone is not ready until it was polled ready itself.
#[must_use]
pub struct ProbeService {
    probe: Probe,
    id: usize,
    ready: bool,
}

impl ProbeService {
    pub(super) fn new(probe: Probe) -> Self {
        let id = {
            let mut state = probe.state();
            state.instances += 1;
            state.instances
        };
        Self { probe, id, ready: false }
    }

    /// The same service with an error type that has no values, for layers that ask for one, as axum's do.
    ///
    /// # Panics
    ///
    /// Its future, or `poll_ready`, if an error was scripted.
    pub fn infallible(self) -> InfallibleProbe {
        InfallibleProbe::new(self)
    }

    /// Readiness is a permit: whoever calls or drops the instance gives it back.
    fn take_ready(&mut self) -> bool {
        let was = mem::take(&mut self.ready);
        if was {
            self.probe.state().ready -= 1;
        }
        was
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
        if let Some(message) = &state.broken {
            return Poll::Ready(Err(ProbeError::new(message)));
        }
        if state.held {
            // Only the newest waker of an instance is woken, as the contract allows.
            state.waiting.insert(self.id, cx.waker().clone());
            return Poll::Pending;
        }
        if !mem::replace(&mut self.ready, true) {
            state.ready += 1;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Request<B>) -> ProbeFuture {
        if !self.take_ready() {
            self.probe.fault(Fault::CalledUnready);
        }
        let (parts, body) = req.into_parts();
        let (index, answer, read_body) = {
            let mut state = self.probe.state();
            let index = state.seen.len();
            let answer = state.script.get(index).or(state.script.last()).cloned().unwrap_or_default();
            state.seen.push(Seen { parts: parts.clone(), body: None });
            (index, answer, state.read_bodies)
        };
        let plan = answer.resolve(&parts);
        let flight = Flight::new(self.probe.clone());
        ProbeFuture {
            state: Some(Box::pin(run(flight, index, read_body.then_some(body), plan))),
            probe: self.probe.clone(),
        }
    }
}

async fn run<B: Body>(flight: Flight, index: usize, body: Option<B>, plan: Plan) -> Answered {
    if let Some(body) = body {
        let (trace, end) = Trace::read(body).await;
        end.map_err(|_| ProbeError::new("the request's body broke off"))?;
        flight.0.state().seen[index].body = Some(trace);
    }
    for latch in plan.wait {
        Waiting::at(latch).await;
    }
    match plan.act {
        Act::Finish(result) => result,
        Act::Hang => future::pending().await,
        // Scripted, so nobody needs the hook's message and backtrace in the output of a test that passes.
        Act::Panic(message) => panic::resume_unwind(Box::new(message)),
    }
}

impl Clone for ProbeService {
    fn clone(&self) -> Self {
        self.probe.state().clones += 1;
        Self::new(self.probe.clone())
    }
}

impl Drop for ProbeService {
    fn drop(&mut self) {
        self.take_ready();
        self.probe.state().waiting.remove(&self.id);
    }
}

impl fmt::Debug for ProbeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeService").field("ready", &self.ready).finish_non_exhaustive()
    }
}

/// The future of [`ProbeService`].
#[must_use = "futures do nothing unless polled"]
pub struct ProbeFuture {
    state: Option<Pin<Box<dyn Future<Output = Answered> + Send>>>,
    probe: Probe,
}

type Answered = Result<Response<ProbeBody>, ProbeError>;

impl Future for ProbeFuture {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        let Some(running) = &mut self.state else {
            self.probe.fault(Fault::PolledAfterAnswer);
            return Poll::Pending;
        };
        let poll = running.as_mut().poll(cx);
        if poll.is_ready() {
            self.state = None;
        }
        poll
    }
}

impl fmt::Debug for ProbeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProbeFuture(..)")
    }
}

/// Counts one answer for as long as it is in flight.
struct Flight(Probe);

impl Flight {
    fn new(probe: Probe) -> Self {
        probe.state().in_flight += 1;
        Self(probe)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}

/// One wait at a latch; dropping it gives up.
struct Waiting {
    latch: Latch,
    waiter: Waiter,
}

impl Waiting {
    async fn at(latch: Latch) {
        let mut waiting = Self { latch, waiter: Waiter::default() };
        poll_fn(|cx| {
            let Self { latch, waiter } = &mut waiting;
            latch.poll(waiter, cx)
        })
        .await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.latch.forget(&mut self.waiter);
    }
}
