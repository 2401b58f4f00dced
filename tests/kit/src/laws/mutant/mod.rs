//! Broken layers, one or more for each law: they show that the laws catch what they say.
//!
//! ```text
//! Mutant ── layer() ──▶ MutantLayer over the probe ──▶ MutantService: right in all but one thing
//! ```

mod body;
mod service;
mod turn;

pub use self::{
    body::MutantBody,
    service::{MutantLayer, MutantService},
};

use tower_layer::Layer;

use crate::ProbeService;

/// A layer made to break a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mutant {
    /// Calls a fresh clone of its inner service instead of the instance that is ready.
    CallsAFreshClone,
    /// Keeps the inner service of an instance that is dropped while it is ready.
    HoardsReadiness,
    /// Polls the inner answer with the waker of the first poll for ever.
    KeepsTheFirstWaker,
    /// Polls the rest of a body, once it has the first frame, without a waker.
    SleepsThroughTrailers,
    /// Wakes its own task whenever it is pending.
    WakesItself,
    /// Lets one request in at a time, whichever clone it came to.
    OneAtATime,
    /// Lets the inner answer live on when its own is dropped.
    LetsTheAnswerLiveOn,
    /// Counts a request in before an await, and out after it.
    LeaksItsCount,
    /// Calls the inner service under a lock, and takes a poisoned lock for a bug.
    PoisonsItsLock,
    /// Sends a copy of each request after it.
    CallsTwice,
    /// Polls the inner answer once more after it was given.
    PollsOnceMore,
    /// Makes a new request out of method, target, headers and body.
    RebuildsTheRequest,
    /// Lets the request's body end where it fails.
    SwallowsTheBreak,
    /// Passes on the path of the target, without its query.
    ForgetsTheQuery,
    /// Collects the request's body before it calls the inner service.
    ReadsTheBodyFirst,
    /// Turns each error into its text.
    ForgetsTheError,
    /// Makes an error a 500.
    AnswersForTheError,
    /// Makes a new response out of status, headers and body, and inserts where it should append.
    RebuildsTheResponse,
    /// Sets `content-length` from the body that it sees, also when that is none because the request was HEAD.
    CountsTheLength,
    /// Passes on the data frames of a body, and nothing else.
    DropsTrailers,
    /// Wraps the body without its size hint and its end.
    ForgetsTheSize,
    /// Collects the response's body before it answers.
    CollectsTheResponse,
    /// Refuses, but only after the inner service has answered.
    AsksAfterwards,
    /// Refuses, and stays ready for a call that may never come.
    KeepsThePermit,
}

impl Mutant {
    /// Every mutant, in the order of the laws that they break.
    pub const ALL: [Self; 24] = [
        Self::CallsAFreshClone,
        Self::HoardsReadiness,
        Self::KeepsTheFirstWaker,
        Self::SleepsThroughTrailers,
        Self::WakesItself,
        Self::OneAtATime,
        Self::LetsTheAnswerLiveOn,
        Self::LeaksItsCount,
        Self::PoisonsItsLock,
        Self::CallsTwice,
        Self::PollsOnceMore,
        Self::RebuildsTheRequest,
        Self::SwallowsTheBreak,
        Self::ForgetsTheQuery,
        Self::ReadsTheBodyFirst,
        Self::ForgetsTheError,
        Self::AnswersForTheError,
        Self::RebuildsTheResponse,
        Self::CountsTheLength,
        Self::DropsTrailers,
        Self::ForgetsTheSize,
        Self::CollectsTheResponse,
        Self::AsksAfterwards,
        Self::KeepsThePermit,
    ];

    /// Whether it refuses requests without `x-key`; the others let everything pass.
    pub fn refuses(self) -> bool {
        matches!(self, Self::AsksAfterwards | Self::KeepsThePermit)
    }

    /// The layer, with a state of its own.
    pub fn layer(self) -> MutantLayer {
        MutantLayer::new(self)
    }

    /// Why this mutant breaks more than one law; `None` if it breaks one.
    pub fn explained(self) -> Option<&'static str> {
        match self {
            Self::LeaksItsCount => {
                Some("a panic ends an answer as early as a hang-up does, so the count stays up after both")
            }
            _ => None,
        }
    }
}

impl Layer<ProbeService> for Mutant {
    type Service = MutantService;

    fn layer(&self, inner: ProbeService) -> MutantService {
        Self::layer(*self).layer(inner)
    }
}
