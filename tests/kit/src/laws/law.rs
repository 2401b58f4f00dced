//! The laws by name; each has a page of its own.
//!
//! ```text
//! Law::ALL ── name() "ready-before-call" ── says() one sentence ── the page: laws::ready_before_call
//! ```

use std::fmt;

/// One law; its page says what it asks, why, who broke it, and how to keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Law {
    /// [Page](super::ready_before_call)
    ReadyBeforeCall,
    /// [Page](super::readiness_returned)
    ReadinessReturned,
    /// [Page](super::pending_wakes)
    PendingWakes,
    /// [Page](super::no_spinning)
    NoSpinning,
    /// [Page](super::clones_independent)
    ClonesIndependent,
    /// [Page](super::hang_up_clean)
    HangUpClean,
    /// [Page](super::panic_survived)
    PanicSurvived,
    /// [Page](super::called_once)
    CalledOnce,
    /// [Page](super::request_unchanged)
    RequestUnchanged,
    /// [Page](super::body_untouched)
    BodyUntouched,
    /// [Page](super::errors_unchanged)
    ErrorsUnchanged,
    /// [Page](super::response_unchanged)
    ResponseUnchanged,
    /// [Page](super::frames_survive)
    FramesSurvive,
    /// [Page](super::refusal_stops)
    RefusalStops,
    /// [Page](super::refusal_returns_readiness)
    RefusalReturnsReadiness,
}

impl Law {
    /// Every law, in the order in which they are told: the panic last, for its damage would show in the others.
    pub const ALL: [Self; 15] = [
        Self::ReadyBeforeCall,
        Self::ReadinessReturned,
        Self::PendingWakes,
        Self::NoSpinning,
        Self::ClonesIndependent,
        Self::HangUpClean,
        Self::CalledOnce,
        Self::RequestUnchanged,
        Self::BodyUntouched,
        Self::ErrorsUnchanged,
        Self::ResponseUnchanged,
        Self::FramesSurvive,
        Self::RefusalStops,
        Self::RefusalReturnsReadiness,
        Self::PanicSurvived,
    ];

    /// The law's name, as reports and tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadyBeforeCall => "ready-before-call",
            Self::ReadinessReturned => "readiness-returned",
            Self::PendingWakes => "pending-wakes",
            Self::NoSpinning => "no-spinning",
            Self::ClonesIndependent => "clones-independent",
            Self::HangUpClean => "hang-up-clean",
            Self::PanicSurvived => "panic-survived",
            Self::CalledOnce => "called-once",
            Self::RequestUnchanged => "request-unchanged",
            Self::BodyUntouched => "body-untouched",
            Self::ErrorsUnchanged => "errors-unchanged",
            Self::ResponseUnchanged => "response-unchanged",
            Self::FramesSurvive => "frames-survive",
            Self::RefusalStops => "refusal-stops",
            Self::RefusalReturnsReadiness => "refusal-returns-readiness",
        }
    }

    /// What the law asks, in one sentence.
    pub fn says(self) -> &'static str {
        match self {
            Self::ReadyBeforeCall => {
                "The inner service is polled ready before every call, on the instance that is called."
            }
            Self::ReadinessReturned => {
                "Readiness that is not used is given back when the instance is dropped."
            }
            Self::PendingWakes => "Whatever is pending wakes its newest waker once it can go on.",
            Self::NoSpinning => "What waits does not wake itself over and over.",
            Self::ClonesIndependent => {
                "A clone neither uses up the readiness of another nor waits for its answer."
            }
            Self::HangUpClean => {
                "Dropping the answer at any await point drops the inner one, and leaves nothing behind."
            }
            Self::PanicSurvived => "After a panic inside, later calls work as before.",
            Self::CalledOnce => "One request that passes is one call of the inner service.",
            Self::RequestUnchanged => {
                "Method, target, headers, extensions and body reach the inner service as they came."
            }
            Self::BodyUntouched => "The request's body is not polled before the inner service is called.",
            Self::ErrorsUnchanged => "An inner error comes out as an error that still holds it.",
            Self::ResponseUnchanged => {
                "Status, headers and extensions of the inner response come out as they were."
            }
            Self::FramesSurvive => {
                "The response's frames, trailers, size hint, end and error come out as they were."
            }
            Self::RefusalStops => {
                "A refused request never reaches the inner service, and its body is dropped unread."
            }
            Self::RefusalReturnsReadiness => {
                "A layer that refuses gives back the readiness that it did not use."
            }
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
