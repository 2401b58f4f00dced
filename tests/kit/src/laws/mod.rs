//! The laws of a tower HTTP layer, each with a name, a page and a mutant: hold any layer against them.
//!
//! ```text
//! assert_laws!(layer) ──▶ for each law: the layer over a hostile probe, driven by hand
//!                     ──▶ Report: kept │ BROKEN, with the script │ excepted │ not asked
//! ```
//!
//! A layer of requests that need nothing, and cannot fail to keep the laws:
//!
//! ```
//! use enfilade_test::assert_laws;
//!
//! assert_laws!(tower_layer::Identity::new());
//! ```
//!
//! A guard says which requests pass and which are refused; a layer that counts says what must be as it was:
//!
//! ```
//! use enfilade_core::{Gates, Pass, Rejection, gate_fn};
//! use enfilade_test::Laws;
//! use http::{Request, StatusCode};
//!
//! let guard = Gates::of(gate_fn("key", |req| match req.headers.contains_key("x-key") {
//!     true => Ok(Pass::Now),
//!     false => Err(Rejection::new(StatusCode::FORBIDDEN, "key.missing")),
//! }));
//! Laws::of(guard)
//!     .request(|| Request::post("/").header("x-key", "1"))
//!     .refused("without a key", || Request::post("/"))
//!     .assert();
//! ```
//!
//! # The laws
//!
#![doc = include_str!("laws.md")]
//!
//! # What catches what
//!
//! For each law there is a [`Mutant`]: a layer made to break it. A mark says that the mutant breaks the law of that
//! number; the rows are what the kit's own tests find.
//!
#![doc = include_str!("mutants.md")]
//!
//! # How a layer is driven
//!
//! 1. Each case has a new service over a new probe. The probe counts readiness like permits, wakes only the newest
//!    waker, and notes every fault of whoever calls it.
//! 2. Readiness, request body, answer and response body are held back one by one, and let go by hand.
//! 3. No runtime is needed, none is started. A layer that needs one is held against the laws inside it, with
//!    [`check_async`](Laws::check_async); on tokio a current-thread runtime with paused time is best.
//! 4. A law that a layer breaks on purpose is [excepted](Laws::except) with the reason, and still run: an exception
//!    that is no longer true is a failure too.
//!
//! # Layers of others
//!
//! What the laws find of layers that others publish, in the newest versions of 2026-11-24. `cargo test -p
//! enfilade-others` holds them against the laws and keeps these tables; it reads the versions from the lock file. The
//! last table is a check of the laws: versions whose fault was found by their users, and mended.
//!
//! Columns are the laws by number, as above. ✓ kept, ✗ a fault, – broken by purpose, · not asked.
//!
#![doc = include_str!("others.md")]

mod bell;
pub mod body_untouched;
pub mod called_once;
mod case;
pub mod clones_independent;
pub mod errors_unchanged;
pub mod frames_survive;
pub mod hang_up_clean;
mod law;
mod mutant;
pub mod no_spinning;
pub mod panic_survived;
pub mod pending_wakes;
pub mod readiness_returned;
pub mod ready_before_call;
pub mod refusal_returns_readiness;
pub mod refusal_stops;
mod report;
pub mod request_unchanged;
pub mod response_unchanged;
mod subject;
mod waits;

pub use self::{
    law::Law,
    mutant::{Mutant, MutantBody, MutantLayer, MutantService},
    report::{Break, Finding, Report},
};

use std::{
    any::TypeId,
    convert::Infallible,
    error::Error,
    fmt,
    future::poll_fn,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::pin,
    task::Poll,
};

use http::{Request, Response, request};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use self::{
    case::{Case, Checked, MakeRequest, Subject, panic_text},
    subject::{BoxError, erase},
};
use crate::{Probe, ProbeBody, ProbeError, ProbeService, drive::block::block_on};

/// Asserts that a layer keeps every law; see [`Laws`] for one that needs more than its name.
///
/// # Panics
///
/// If it breaks one; the message is the whole [`Report`].
///
/// ```
/// enfilade_test::assert_laws!(tower_layer::Identity::new());
/// ```
#[macro_export]
macro_rules! assert_laws {
    ($layer:expr $(,)?) => {
        $crate::Laws::of($layer).assert()
    };
}

/// A layer under test, and what its author says of it. See the [module docs](self).
#[must_use = "nothing is checked until `check` or `assert`"]
pub struct Laws {
    subject: Subject,
    exceptions: Vec<(Law, String)>,
}

impl Laws {
    /// Holds a layer over any service against the laws.
    pub fn of<L, R>(layer: L) -> Self
    where
        L: Layer<ProbeService> + 'static,
        L::Service: Service<Request<ProbeBody>, Response = Response<R>, Error: Into<BoxError>, Future: 'static>
            + Clone
            + 'static,
        R: Body<Error: Into<BoxError>> + 'static,
    {
        Self::service(move |probe| layer.layer(probe))
    }

    /// Holds a service that is built over the probe against the laws: a stack, a chain.
    pub fn service<S, R>(build: impl Fn(ProbeService) -> S + 'static) -> Self
    where
        S: Service<Request<ProbeBody>, Response = Response<R>, Error: Into<BoxError>, Future: 'static>
            + Clone
            + 'static,
        R: Body<Error: Into<BoxError>> + 'static,
    {
        Self::service_with_body(|body| body, build)
    }

    /// The same for a service with another request body: `service_with_body(axum::body::Body::new, …)`.
    pub fn service_with_body<S, B, R>(
        wrap: fn(ProbeBody) -> B,
        build: impl Fn(ProbeService) -> S + 'static,
    ) -> Self
    where
        S: Service<Request<B>, Response = Response<R>, Error: Into<BoxError>, Future: 'static>
            + Clone
            + 'static,
        B: 'static,
        R: Body<Error: Into<BoxError>> + 'static,
    {
        Self::erased(wrap, Some(S::clone), build)
    }

    /// The same for a service that cannot be cloned: what asks for two instances is left out.
    pub fn service_without_clone<S, R>(build: impl Fn(ProbeService) -> S + 'static) -> Self
    where
        S: Service<Request<ProbeBody>, Response = Response<R>, Error: Into<BoxError>, Future: 'static>
            + 'static,
        R: Body<Error: Into<BoxError>> + 'static,
    {
        Self::erased(|body| body, None, build)
    }

    fn erased<S, B, R>(
        wrap: fn(ProbeBody) -> B,
        copy: Option<fn(&S) -> S>,
        build: impl Fn(ProbeService) -> S + 'static,
    ) -> Self
    where
        S: Service<Request<B>, Response = Response<R>, Error: Into<BoxError>, Future: 'static> + 'static,
        B: 'static,
        R: Body<Error: Into<BoxError>> + 'static,
    {
        let subject = Subject {
            fails: TypeId::of::<S::Error>() != TypeId::of::<Infallible>(),
            clones: copy.is_some(),
            build: Box::new(move |probe| erase(build(probe), wrap, copy)),
            request: make(|| Request::post("/").header("host", "localhost")),
            also: unlike_the_first(),
            refused: Vec::new(),
            invariants: Vec::new(),
            inner_error: Box::new(|_| None),
        };
        Self { subject, exceptions: Vec::new() }
    }

    /// A request that the layer lets pass.
    ///
    /// Without this it is `POST /` to `localhost`, and for the laws about what arrives also a `GET` with a query, a
    /// `HEAD` and a `PUT`; of a layer that has its own request those are asked that it names with [`also`](Self::also).
    pub fn request(mut self, request: impl Fn() -> request::Builder + 'static) -> Self {
        self.subject.request = make(request);
        self.subject.also.clear();
        self
    }

    /// A request of another kind that passes too: another method, a query.
    pub fn also(mut self, request: impl Fn() -> request::Builder + 'static) -> Self {
        self.subject.also.push(make(request));
        self
    }

    /// A request that the layer must refuse, and what it is: `"without a token"`.
    pub fn refused(mut self, name: &str, request: impl Fn() -> request::Builder + 'static) -> Self {
        let request = make(request);
        self.subject.refused.push((name.to_owned(), Box::new(move || request().map(|()| None))));
        self
    }

    /// The same for a request that is refused for its body: `"a body too long"`.
    ///
    /// `|| Request::new(ProbeBody::from(vec![0; 65]))`
    pub fn refused_with_body(
        mut self,
        name: &str,
        request: impl Fn() -> Request<ProbeBody> + 'static,
    ) -> Self {
        self.subject.refused.push((name.to_owned(), Box::new(move || request().map(Some))));
        self
    }

    /// What must hold whenever no request is on its way: `|| semaphore.available_permits() == 8`.
    #[track_caller]
    pub fn invariant(mut self, holds: impl Fn() -> bool + 'static) -> Self {
        let place = Location::caller();
        self.subject.invariants.push((format!("{}:{}", place.file(), place.line()), Box::new(holds)));
        self
    }

    /// Where an error of the layer's own holds the inner one, if its `source` does not lead there.
    ///
    /// `.inner_error(|error: &MyError<ProbeError>| match error { MyError::Inner(error) => Some(error), _ => None })`
    pub fn inner_error<E: Error + 'static>(
        mut self,
        inner: impl for<'a> Fn(&'a E) -> Option<&'a ProbeError> + 'static,
    ) -> Self {
        self.subject.inner_error = Box::new(move |error| error.downcast_ref().and_then(&inner));
        self
    }

    /// A law that this layer breaks on purpose, and why that is right.
    pub fn except(mut self, law: Law, why: &str) -> Self {
        self.exceptions.push((law, why.to_owned()));
        self
    }

    /// Checks every law on this thread, without a runtime.
    pub fn check(&self) -> Report {
        block_on(self.check_async())
    }

    /// Checks every law inside a runtime.
    pub async fn check_async(&self) -> Report {
        let mut findings = Vec::new();
        for law in self.order() {
            findings.push((law, self.find(law).await));
        }
        findings.sort_by_key(|(law, _)| Law::ALL.iter().position(|known| known == law));
        let report = Report::new(findings);
        let mut hint = None;
        if !report.is_good() {
            let asked = async {
                hint = self.hint().await;
                Ok(())
            };
            // A panic here is one that the laws have told already.
            caught(asked).await.ok();
        }
        report.with_hint(hint)
    }

    /// An invariant that another law's hang-up broke would be told with the wrong steps, so its own law goes first.
    fn order(&self) -> Vec<Law> {
        let mut order = Law::ALL.to_vec();
        if !self.subject.invariants.is_empty() {
            order.sort_by_key(|law| *law != Law::HangUpClean);
        }
        order
    }

    /// What to say first if the request that should pass does not.
    async fn hint(&self) -> Option<String> {
        let case = Case::new(&self.subject, Probe::ok());
        let mut a = case.instance();
        case.ready(&mut a).await.ok()?;
        let request = case.request("");
        let what = format!("{} {}", request.method(), request.uri());
        let flight = case.call(&mut a, request);
        let response = case.response(flight).await.ok()?;
        case.probe.requests().is_empty().then(|| {
            format!(
                "First: the layer answers `{what}` itself, with {}, and the laws need a request that passes.\n\
                 Describe one with `Laws::request`. If one did pass, and a shared cache or limit answers now,\n\
                 make the layer anew for each case: `Laws::service(|probe| …)`.",
                response.status()
            )
        })
    }

    /// Asserts that every law is kept, on this thread.
    ///
    /// # Panics
    ///
    /// If one is broken, or excepted without need.
    #[track_caller]
    pub fn assert(&self) {
        assert_good(&self.check());
    }

    /// Asserts that every law is kept, inside a runtime.
    ///
    /// # Panics
    ///
    /// If one is broken, or excepted without need.
    pub async fn assert_async(&self) {
        assert_good(&self.check_async().await);
    }

    async fn find(&self, law: Law) -> Finding {
        let excepted = self.exceptions.iter().find(|(excepted, _)| *excepted == law);
        if let (None, Some(why)) = (excepted, self.not_asked(law)) {
            return Finding::NotAsked(why);
        }
        match (caught(run(law, &self.subject)).await, excepted) {
            (Ok(()), None) => Finding::Kept,
            (Ok(()), Some(_)) => Finding::NeedlesslyExcepted,
            (Err(_), Some((_, why))) => Finding::Excepted(why.clone()),
            (Err(fault), None) => Finding::Broken(fault),
        }
    }

    /// Why a law cannot be asked of this layer.
    fn not_asked(&self, law: Law) -> Option<&'static str> {
        let Subject { refused, clones, fails, .. } = &self.subject;
        match law {
            Law::RefusalStops | Law::RefusalReturnsReadiness if refused.is_empty() => {
                Some("no request that the layer refuses was named")
            }
            Law::ClonesIndependent if !clones => Some("the service cannot be cloned"),
            Law::ErrorsUnchanged if !fails => Some("the service cannot fail"),
            _ => None,
        }
    }
}

impl fmt::Debug for Laws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Laws").field("exceptions", &self.exceptions).finish_non_exhaustive()
    }
}

async fn run(law: Law, subject: &Subject) -> Checked {
    match law {
        Law::ReadyBeforeCall => ready_before_call::check(subject).await,
        Law::ReadinessReturned => readiness_returned::check(subject).await,
        Law::PendingWakes => pending_wakes::check(subject).await,
        Law::NoSpinning => no_spinning::check(subject).await,
        Law::ClonesIndependent => clones_independent::check(subject).await,
        Law::HangUpClean => hang_up_clean::check(subject).await,
        Law::PanicSurvived => panic_survived::check(subject).await,
        Law::CalledOnce => called_once::check(subject).await,
        Law::RequestUnchanged => request_unchanged::check(subject).await,
        Law::BodyUntouched => body_untouched::check(subject).await,
        Law::ErrorsUnchanged => errors_unchanged::check(subject).await,
        Law::ResponseUnchanged => response_unchanged::check(subject).await,
        Law::FramesSurvive => frames_survive::check(subject).await,
        Law::RefusalStops => refusal_stops::check(subject).await,
        Law::RefusalReturnsReadiness => refusal_returns_readiness::check(subject).await,
    }
}

/// A layer that panics breaks the law that was being checked, and no other.
async fn caught(check: impl Future<Output = Checked>) -> Checked {
    let mut check = pin!(check);
    poll_fn(|cx| {
        let poll = catch_unwind(AssertUnwindSafe(|| check.as_mut().poll(cx)));
        poll.unwrap_or_else(|panic| {
            let found = format!("a panic: {}", panic_text(&*panic));
            Poll::Ready(Err(Break {
                expected: "no panic of the layer".to_owned(),
                found,
                script: Vec::new(),
            }))
        })
    })
    .await
}

#[track_caller]
fn assert_good(report: &Report) {
    assert!(
        report.is_good(),
        "the layer breaks a law; each has a page in the docs of `enfilade_test::laws`\n\n{report}"
    );
}

fn unlike_the_first() -> Vec<MakeRequest> {
    vec![
        make(|| Request::get("/Law/%41?Query=a%20b&empty=").header("host", "localhost")),
        make(|| Request::head("/").header("host", "localhost")),
        make(|| Request::put("/law").header("host", "localhost")),
    ]
}

fn make(request: impl Fn() -> request::Builder + 'static) -> MakeRequest {
    Box::new(move || request().body(()).expect("the request that the test describes is a request"))
}
