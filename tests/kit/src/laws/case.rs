//! One case of a law: a new service over a new probe, and the steps taken so far, which become the script.
//!
//! ```text
//! Case::new ──▶ instance ── ready ──▶ call ──▶ flight ── finish ──▶ response        each step is written down
//! ```

use std::{
    any::Any,
    cell::RefCell,
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

use http::{Request, Response};

use super::{
    Break,
    bell::{Bell, eventually, until},
    subject::{Answered, BoxError, Flight, Outer, OuterBody},
};
use crate::{Latch, Probe, ProbeBody, ProbeError, ProbeService};

pub(super) type Checked<T = ()> = Result<T, Break>;
pub(super) type MakeRequest = Box<dyn Fn() -> Request<()>>;
/// A request that is refused, with the body that it is refused for, if it is.
pub(super) type MakeRefused = Box<dyn Fn() -> Request<Option<ProbeBody>>>;
pub(super) type FindError = Box<dyn for<'a> Fn(&'a (dyn Error + 'static)) -> Option<&'a ProbeError>>;

/// What the author said of the layer under test.
pub(super) struct Subject {
    pub(super) build: Box<dyn Fn(ProbeService) -> Box<dyn Outer>>,
    pub(super) request: MakeRequest,
    /// Requests of other kinds that pass too.
    pub(super) also: Vec<MakeRequest>,
    pub(super) refused: Vec<(String, MakeRefused)>,
    pub(super) invariants: Vec<(String, Box<dyn Fn() -> bool>)>,
    pub(super) inner_error: FindError,
    pub(super) clones: bool,
    pub(super) fails: bool,
}

/// One run of a law.
pub(super) struct Case<'a> {
    pub(super) probe: Probe,
    subject: &'a Subject,
    steps: RefCell<Vec<String>>,
}

/// An instance of the service under test.
pub(super) struct Instance {
    outer: Box<dyn Outer>,
    name: &'static str,
}

impl<'a> Case<'a> {
    pub(super) fn new(subject: &'a Subject, probe: Probe) -> Self {
        Self { probe: probe.lenient(), subject, steps: RefCell::default() }
    }

    /// Writes a step down.
    pub(super) fn did(&self, step: impl Into<String>) {
        self.steps.borrow_mut().push(step.into());
    }

    pub(super) fn broken(&self, expected: impl Into<String>, found: impl Into<String>) -> Break {
        Break { expected: expected.into(), found: found.into(), script: self.steps.borrow().clone() }
    }

    /// Breaks the law unless `holds`.
    pub(super) fn expect(&self, holds: bool, expected: &str, found: impl FnOnce() -> String) -> Checked {
        if holds { Ok(()) } else { Err(self.broken(expected, found())) }
    }

    pub(super) fn instance(&self) -> Instance {
        self.did("a = the layer over the probe");
        Instance { outer: (self.subject.build)(self.probe.service()), name: "a" }
    }

    /// `None` if the service cannot be cloned.
    pub(super) fn clone_of(&self, instance: &Instance) -> Option<Instance> {
        let outer = instance.outer.boxed_clone()?;
        let name = if instance.name == "a" { "b" } else { "c" };
        self.did(format!("{name} = {}.clone()", instance.name));
        Some(Instance { outer, name })
    }

    pub(super) fn drop_instance(&self, instance: Instance) {
        self.did(format!("drop {}", instance.name));
        drop(instance);
    }

    /// A request that passes, with this body.
    pub(super) fn request(&self, body: impl Into<ProbeBody>) -> Request<ProbeBody> {
        (self.subject.request)().map(|()| body.into())
    }

    /// One of the requests that are refused, with this body unless it has its own, and its name.
    pub(super) fn refused(&self, index: usize, body: ProbeBody) -> (&'a str, Request<ProbeBody>) {
        let (name, make) = &self.subject.refused[index];
        (name, make().map(|own| own.unwrap_or(body)))
    }

    /// How the author finds the inner error in one of the layer's own.
    pub(super) fn inner_error(&self) -> &FindError {
        &self.subject.inner_error
    }

    /// Polls readiness once.
    pub(super) fn poll_ready(&self, instance: &mut Instance, bell: &Bell) -> Poll<Result<(), BoxError>> {
        let poll = bell.poll(|cx| instance.outer.poll_ready(cx));
        self.did(format!("{}.poll_ready → {}", instance.name, word(&poll)));
        poll
    }

    /// Waits until the instance is ready.
    pub(super) async fn ready(&self, instance: &mut Instance) -> Checked {
        let ready = until(|cx| instance.outer.poll_ready(cx)).await;
        let poll = ready.map_or(Poll::Pending, Poll::Ready);
        self.did(format!("{}.poll_ready → {}", instance.name, word(&poll)));
        let expected = "readiness, for the probe is ready";
        let Poll::Ready(ready) = poll else {
            return Err(self.broken(expected, "pending, and nothing wakes it"));
        };
        ready.map_err(|error| self.broken(expected, format!("the error `{error}`")))
    }

    pub(super) fn call(&self, instance: &mut Instance, request: Request<ProbeBody>) -> Flight {
        self.did(format!("{}.call({} {})", instance.name, request.method(), request.uri()));
        instance.outer.call(request)
    }

    /// A call that may panic; `None` if it did.
    pub(super) fn call_caught(&self, instance: &mut Instance, request: Request<ProbeBody>) -> Option<Flight> {
        catch_unwind(AssertUnwindSafe(|| self.call(instance, request))).ok()
    }

    /// Polls the answer once.
    pub(super) fn poll(&self, flight: &mut Flight, bell: &Bell) -> Poll<Answered> {
        let poll = bell.poll(|cx| flight.as_mut().poll(cx));
        self.did(format!("poll the answer → {}", word(&poll)));
        poll
    }

    /// Waits for the answer.
    pub(super) async fn answer(&self, mut flight: Flight) -> Checked<Answered> {
        let Some(answered) = until(|cx| flight.as_mut().poll(cx)).await else {
            self.did("the answer → Pending");
            return Err(self.broken("an answer", "pending, and nothing wakes it"));
        };
        self.did(format!("the answer → {}", said(&answered)));
        Ok(answered)
    }

    /// Waits for the answer, which must be a response.
    pub(super) async fn response(&self, flight: Flight) -> Checked<Response<OuterBody>> {
        let answered = self.answer(flight).await?;
        answered.map_err(|error| self.broken("a response", format!("the error `{error}`")))
    }

    /// One whole request that passes.
    pub(super) async fn passes(&self, instance: &mut Instance) -> Checked {
        self.ready(instance).await?;
        let flight = self.call(instance, self.request("later"));
        let response = self.response(flight).await?;
        self.expect(response.status() == 200, "200, as the probe answers", || response.status().to_string())
    }

    pub(super) fn open(&self, what: &str, latch: &Latch) {
        self.did(format!("{what} may go on"));
        latch.open();
    }

    /// What the author named is as it was, and nothing is in flight any more.
    pub(super) async fn at_rest(&self) -> Checked {
        let at_rest = eventually(|| self.probe.in_flight() == 0).await;
        self.expect(at_rest, "no inner answer in flight", || {
            format!("{} in flight", self.probe.in_flight())
        })?;
        for (name, holds) in &self.subject.invariants {
            let kept = eventually(holds).await;
            self.expect(kept, &format!("the invariant ({name}) holds"), || "it does not".to_owned())?;
        }
        Ok(())
    }
}

/// The text of a panic.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

fn word<T, E>(poll: &Poll<Result<T, E>>) -> &'static str {
    match poll {
        Poll::Pending => "Pending",
        Poll::Ready(Ok(_)) => "Ready",
        Poll::Ready(Err(_)) => "an error",
    }
}

fn said(answered: &Answered) -> String {
    match answered {
        Ok(response) => response.status().as_u16().to_string(),
        Err(error) => format!("the error `{error}`"),
    }
}
