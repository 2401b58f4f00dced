//! The future of a run of gates: named and unboxed, so that a chain of gates costs no allocation by itself.
//!
//! ```text
//! App ─────────────┐                         ┌──▶ Ready
//! Entering ─▶ App ─┼──▶ leaves, innermost ───┤
//! (refused) ───────┘    first                └──▶ Leaving (a leave waits) ──▶ more leaves ──▶ Ready
//! ```

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response, request, response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    Exit, Gate,
    gated::{Leaves, Walk, judge, walk},
    verdict::{EntryFn, LaterEntry, LaterExit},
};
use crate::{EmptyBody, Rejection};

pin_project! {
    /// The future of [`Gated`](super::Gated).
    #[must_use = "futures do nothing unless polled"]
    pub struct GateFuture<S, B, R>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, R>,
        leaves: Leaves,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, R>
    where
        S: Service<Request<B>>,
    {
        App { #[pin] future: S::Future },
        Entering { waiting: Option<Box<Entering<S, B>>> },
        Leaving { waiting: Option<Box<Leaving<R>>> },
        Refused { rejection: Option<Rejection> },
    }
}

/// A walk that waits at gate `at` on its way in.
pub(super) struct Entering<S, B> {
    pub(super) gates: Arc<[Arc<dyn Gate>]>,
    pub(super) at: usize,
    pub(super) later: LaterEntry,
    pub(super) parts: request::Parts,
    pub(super) body: B,
    pub(super) service: S,
}

/// A response that waits for a leave on its way out.
struct Leaving<R> {
    exit: LaterExit,
    head: response::Parts,
    body: Option<R>,
}

impl<S: Service<Request<B>>, B, R> GateFuture<S, B, R> {
    pub(super) fn app(future: S::Future, leaves: Leaves) -> Self {
        Self { state: State::App { future }, leaves }
    }

    pub(super) fn entering(waiting: Box<Entering<S, B>>, leaves: Leaves) -> Self {
        Self { state: State::Entering { waiting: Some(waiting) }, leaves }
    }

    pub(super) fn refused(rejection: Rejection, leaves: Leaves) -> Self {
        Self { state: State::Refused { rejection: Some(rejection) }, leaves }
    }
}

impl<S, B, R> Future for GateFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: EmptyBody,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                // Nothing to do on the way back: the response is handed on where it is.
                StateProj::App { future } if this.leaves.is_empty() => return future.poll(cx),
                StateProj::App { future } => {
                    let (head, body) = ready!(future.poll(cx))?.into_parts();
                    go_out(head, Some(body), this.leaves)
                }
                StateProj::Refused { rejection } => {
                    let rejection = rejection.take().expect(ONCE);
                    go_out(rejection.into_parts(), None, this.leaves)
                }
                StateProj::Leaving { waiting } => {
                    let apply = ready!(waiting.as_mut().expect(ONCE).exit.0.as_mut().poll(cx));
                    let Leaving { mut head, mut body, .. } = *waiting.take().expect(ONCE);
                    match settle(apply(&mut head), &mut head, &mut body) {
                        Some(exit) => Out::Waits(Box::new(Leaving { exit, head, body })),
                        None => go_out(head, body, this.leaves),
                    }
                }
                StateProj::Entering { waiting } => {
                    let apply = ready!(waiting.as_mut().expect(ONCE).later.0.as_mut().poll(cx));
                    let waiting = waiting.take().expect(ONCE);
                    let next = waiting.resume(apply, this.leaves);
                    this.state.set(next);
                    continue;
                }
            };
            match next {
                Out::Done(response) => return Poll::Ready(Ok(response)),
                Out::Waits(waiting) => this.state.set(State::Leaving { waiting: Some(waiting) }),
            }
        }
    }
}

const ONCE: &str = "a future is not polled after it is done";

impl<S: Service<Request<B>>, B> Entering<S, B> {
    /// Applies what the I/O found and walks on.
    fn resume<R>(mut self: Box<Self>, apply: EntryFn, leaves: &mut Leaves) -> State<S, B, R> {
        let verdict = apply(&mut self.parts);
        let end = judge(verdict, self.at, leaves)
            .unwrap_or_else(|| walk(&self.gates, self.at + 1, &mut self.parts, leaves));
        match end {
            Walk::Through => {
                let Self { parts, body, mut service, .. } = *self;
                State::App { future: service.call(Request::from_parts(parts, body)) }
            }
            Walk::Refused(rejection) => State::Refused { rejection: Some(rejection) },
            Walk::Waits { at, later } => {
                (self.at, self.later) = (at, later);
                State::Entering { waiting: Some(self) }
            }
        }
    }
}

enum Out<R> {
    Done(Response<R>),
    Waits(Box<Leaving<R>>),
}

/// Runs the ways back, innermost first, until one waits or none is left. No body means an empty one.
fn go_out<R: EmptyBody>(mut head: response::Parts, mut body: Option<R>, leaves: &mut Leaves) -> Out<R> {
    while let Some(leave) = leaves.pop() {
        if let Some(exit) = settle(leave.run(&mut head), &mut head, &mut body) {
            return Out::Waits(Box::new(Leaving { exit, head, body }));
        }
    }
    Out::Done(Response::from_parts(head, body.unwrap_or_else(R::empty)))
}

/// Applies what a way back said: a refusal replaces head and body, so nothing of the app's answer leaks out.
fn settle<R>(exit: Exit, head: &mut response::Parts, body: &mut Option<R>) -> Option<LaterExit> {
    match exit {
        Exit::Done => None,
        Exit::Refuse(rejection) => {
            *head = rejection.into_parts();
            *body = None;
            None
        }
        Exit::Later(later) => Some(later),
    }
}

impl<S: Service<Request<B>>, B, R> fmt::Debug for GateFuture<S, B, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateFuture").field("leaves", &self.leaves.len()).finish_non_exhaustive()
    }
}
