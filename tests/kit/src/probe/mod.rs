//! A [`Probe`] stands where the app would: it answers by script and records what reaches it.
//!
//! ```text
//! Probe (the test's handle) ── service() ──▶ ProbeService (under the layer, cloned at will)
//!   respond(…)  the script         requests(), last(), reached(), never_reached()
//!   hold() / release()  readiness  clones(), ready(), in_flight(), faults()
//! ```
//!
//! 1. Answers come in the order in which they were scripted; the last one is repeated. Without a script: 200.
//! 2. A call without readiness is a fault of the layer under test, so the probe panics and says so; so is a poll of
//!    an answer that was given already. Both are kept in [`Probe::faults`] too, for a layer that swallows panics.
//! 3. Readiness is counted like a permit: taken by `poll_ready`, given back by `call` or by dropping the instance.
//!
//! ```
//! use enfilade_test::{Answer, Drive, Probe};
//!
//! let probe = Probe::ok().respond(Answer::status(201).header("location", "/7")).respond(404);
//! let mut app = Drive::service(probe.service());
//! assert_eq!(app.post("/orders").body("tea").send().header("location"), Some("/7"));
//! assert_eq!(app.get("/orders/8").send().status(), 404);
//! assert_eq!(app.get("/orders/9").send().status(), 404);
//! assert_eq!(probe.requests().len(), 3);
//! ```

mod answer;
mod infallible;
mod service;

pub use self::answer::Answer;
pub use self::infallible::{InfallibleFuture, InfallibleProbe};
pub use self::service::{ProbeFuture, ProbeService};

use std::{
    collections::HashMap,
    fmt, mem,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use bytes::Bytes;
use http::request;

use crate::Trace;

/// The test's handle on a scripted inner service. Cheap to clone; see the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Probe(Arc<Mutex<State>>);

/// What a probe and its services share.
#[derive(Debug, Default)]
struct State {
    script: Vec<Answer>,
    seen: Vec<Seen>,
    held: bool,
    waiting: HashMap<usize, Waker>,
    broken: Option<String>,
    read_bodies: bool,
    clones: usize,
    instances: usize,
    ready: usize,
    in_flight: usize,
    lenient: bool,
    faults: Vec<Fault>,
}

/// What no layer may do to the service under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// `call` on an instance that was not ready.
    CalledUnready,
    /// A poll of an answer that was given already.
    PolledAfterAnswer,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CalledUnready => {
                "the layer called its inner service without `poll_ready`: call the instance that was polled, not a fresh clone"
            }
            Self::PolledAfterAnswer => "the layer polled the inner answer again after it was given",
        })
    }
}

/// A request as it reached the probe.
#[derive(Clone, Debug)]
pub struct Seen {
    parts: request::Parts,
    body: Option<Trace>,
}

impl Probe {
    /// A probe that answers 200 with an empty body until a script says otherwise.
    pub fn ok() -> Self {
        Self::default()
    }

    /// Adds an answer to the script: a status, a `Response` or an [`Answer`].
    pub fn respond(self, answer: impl Into<Answer>) -> Self {
        self.state().script.push(answer.into());
        self
    }

    /// Adds an answer that is made from the request.
    pub fn respond_with(self, answer: impl Fn(&request::Parts) -> Answer + Send + Sync + 'static) -> Self {
        self.respond(Answer::with(answer))
    }

    /// Reads each request's body to its end before answering, and records it.
    pub fn read_bodies(self) -> Self {
        self.state().read_bodies = true;
        self
    }

    /// The service to put under a layer.
    pub fn service(&self) -> ProbeService {
        ProbeService::new(self.clone())
    }

    /// Makes every service of this probe wait in `poll_ready`, until [`release`](Self::release).
    pub fn hold(&self) {
        self.state().held = true;
    }

    /// Makes the services ready and wakes whoever waits.
    pub fn release(&self) {
        let waiting = {
            let mut state = self.state();
            state.held = false;
            mem::take(&mut state.waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }

    /// Makes every `poll_ready` fail from now on, as a service does whose backend is gone.
    pub fn fail_readiness(&self, message: impl Into<String>) {
        self.state().broken = Some(message.into());
    }

    /// Every request that reached the probe, in order.
    pub fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// The last request that reached the probe.
    ///
    /// # Panics
    ///
    /// If none did.
    #[track_caller]
    pub fn last(&self) -> Seen {
        let last = self.state().seen.last().cloned();
        last.expect("no request reached the probe")
    }

    /// Asserts that at least one request reached the probe.
    ///
    /// # Panics
    ///
    /// If none did.
    #[track_caller]
    pub fn reached(&self) {
        assert!(!self.state().seen.is_empty(), "no request reached the probe");
    }

    /// Asserts that no request reached the probe.
    ///
    /// # Panics
    ///
    /// If one did; the message names them.
    #[track_caller]
    pub fn never_reached(&self) {
        let seen = self.requests();
        let lines: Vec<_> = seen.iter().map(|seen| format!("{} {}", seen.method, seen.uri)).collect();
        assert!(seen.is_empty(), "the probe should not have been reached, but saw {}", lines.join(", "));
    }

    /// How often a service of this probe was cloned.
    pub fn clones(&self) -> usize {
        self.state().clones
    }

    /// How many instances are ready now: polled, and neither called nor dropped since.
    pub fn ready(&self) -> usize {
        self.state().ready
    }

    /// How many answers are in flight: called, and neither finished nor dropped.
    pub fn in_flight(&self) -> usize {
        self.state().in_flight
    }

    /// What the layer did that no service may do; empty for one that keeps the contract.
    pub fn faults(&self) -> Vec<Fault> {
        self.state().faults.clone()
    }

    /// Records faults without a panic, so that one fault does not hide what else a layer does.
    pub fn lenient(self) -> Self {
        self.state().lenient = true;
        self
    }

    fn fault(&self, fault: Fault) {
        let lenient = {
            let mut state = self.state();
            state.faults.push(fault);
            state.lenient
        };
        assert!(lenient, "{fault}");
    }

    /// A panic that a script asked for must not spoil later calls.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// A header's value as text; `None` when it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The whole body, if the probe was told to [read it](Probe::read_bodies) and it has ended.
    pub fn body(&self) -> Option<Bytes> {
        self.body.as_ref().map(Trace::data)
    }

    /// The body frame by frame, under the same conditions.
    pub fn trace(&self) -> Option<&Trace> {
        self.body.as_ref()
    }
}

/// Method, URI, headers and extensions.
impl Deref for Seen {
    type Target = request::Parts;

    fn deref(&self) -> &request::Parts {
        &self.parts
    }
}
