//! The one service that walks a run of gates.
//!
//! ```text
//! Gates ── layer(app) ──▶ Gated { gates, inner } ── call ──▶ GateFuture
//! ```
//!
//! 1. `poll_ready` asks the inner service; `call` walks the gates on the request's head.
//! 2. All pass: the readied inner service is called at once, nothing is boxed.
//! 3. One refuses, or panics: the readied inner service is given back (dropped for a fresh clone), or a refused idle
//!    connection would keep, say, a concurrency permit that nobody uses.
//! 4. One waits: head, body, the readied service and the place in the walk go into one box.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, request};
use smallvec::SmallVec;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    Gate, GateFuture, Pass, Verdict,
    future::Entering,
    verdict::{LaterEntry, Leave},
};
use crate::{EmptyBody, Rejection, chain::returning::note_call};

/// A run of gates as one tower layer, walked in order by one service.
///
/// ```
/// use enfilade_core::{Gates, Pass, gate_fn};
/// use enfilade_test::{Probe, assert_passed, drive};
///
/// let gates = Gates::of(gate_fn("one", |_| Ok(Pass::Now))).gate(gate_fn("two", |_| Ok(Pass::Now)));
/// assert_passed!(drive(gates, &Probe::ok()).get("/").send());
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct Gates(Arc<[Arc<dyn Gate>]>);

impl Gates {
    /// The gates in the order in which a request meets them.
    pub fn new(gates: impl IntoIterator<Item = Arc<dyn Gate>>) -> Self {
        Self(gates.into_iter().collect())
    }

    /// A run of one gate.
    pub fn of(gate: impl Gate) -> Self {
        Self(Arc::new([Arc::new(gate)]))
    }

    /// Adds a gate behind the others.
    pub fn gate(self, gate: impl Gate) -> Self {
        Self(self.0.iter().cloned().chain([Arc::new(gate) as Arc<dyn Gate>]).collect())
    }
}

impl<S> Layer<S> for Gates {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gates: self.0.clone(), inner }
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|gate| gate.about().name().to_owned())).finish()
    }
}

/// The service of [`Gates`].
#[derive(Clone)]
pub struct Gated<S> {
    gates: Arc<[Arc<dyn Gate>]>,
    inner: S,
}

impl<S> Gated<S> {
    /// The service behind the gates.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the gates, unguarded.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for Gated<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: EmptyBody,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = GateFuture<S, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        note_call();
        // Between two layers that follow each other a chain has an empty run.
        if self.gates.is_empty() {
            return GateFuture::app(self.inner.call(req), Leaves::new());
        }
        let readied = Readied(Some(&mut self.inner));
        let (mut parts, body) = req.into_parts();
        let mut leaves = Leaves::new();
        match walk(&self.gates, 0, &mut parts, &mut leaves) {
            Walk::Through => GateFuture::app(readied.lend().call(Request::from_parts(parts, body)), leaves),
            Walk::Refused(rejection) => GateFuture::refused(rejection, leaves),
            Walk::Waits { at, later } => {
                // The clone was never polled ready; the readied one is the one that must be called.
                let inner = readied.lend();
                let clone = inner.clone();
                let service = mem::replace(inner, clone);
                let gates = self.gates.clone();
                GateFuture::entering(Box::new(Entering { gates, at, later, parts, body, service }), leaves)
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Gated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated")
            .field("gates", &Gates(self.gates.clone()))
            .field("inner", &self.inner)
            .finish()
    }
}

/// The readied inner service while the gates are asked: given back unless it is lent, so a gate that panics keeps
/// no permit either.
struct Readied<'a, S: Clone>(Option<&'a mut S>);

impl<'a, S: Clone> Readied<'a, S> {
    fn lend(mut self) -> &'a mut S {
        self.0.take().expect("lending consumes it")
    }
}

impl<S: Clone> Drop for Readied<'_, S> {
    fn drop(&mut self) {
        if let Some(inner) = self.0.take() {
            *inner = inner.clone();
        }
    }
}

/// The ways back of the gates entered so far, outermost first. Most chains have few: four need no allocation.
pub(super) type Leaves = SmallVec<[Leave; 4]>;

/// Where a walk ended.
pub(super) enum Walk {
    Through,
    Refused(Rejection),
    Waits { at: usize, later: LaterEntry },
}

/// Enters the gates from index `from` on.
pub(super) fn walk(
    gates: &[Arc<dyn Gate>],
    from: usize,
    parts: &mut request::Parts,
    leaves: &mut Leaves,
) -> Walk {
    for (at, gate) in gates.iter().enumerate().skip(from) {
        match gate.enter(parts) {
            // What most gates say most of the time, told apart here: the call below is not inlined.
            Ok(Pass::Now) => {}
            verdict => {
                if let Some(end) = judge(verdict, at, leaves) {
                    return end;
                }
            }
        }
    }
    Walk::Through
}

/// Notes a verdict's way back; `Some` when the walk ends here.
pub(super) fn judge(verdict: Verdict, at: usize, leaves: &mut Leaves) -> Option<Walk> {
    match verdict {
        Ok(Pass::Now) => None,
        Ok(Pass::Then(leave)) => {
            leaves.push(leave);
            None
        }
        Ok(Pass::Later(later)) => Some(Walk::Waits { at, later }),
        Err(rejection) => Some(Walk::Refused(rejection)),
    }
}
