//! [`Guarded`]: a kind of credentials whose wrong guesses are counted.
//!
//! ```text
//! absent ──▶ absent      too fast ──▶ 429, unjudged      else ── delay ──▶ the kind's own word, counted
//! ```

use enfilade_core::{About, Challenge};
use http::request;

use super::SlowDown;
use crate::{Attempt, Authenticator, Carrier, WayBack};

/// A kind of credentials, slowed down; made by [`SlowDown::around`].
#[derive(Clone, Debug)]
#[must_use = "a kind of credentials does nothing until an Auth link asks it"]
pub struct Guarded<A> {
    slow_down: SlowDown,
    kind: A,
}

impl<A> Guarded<A> {
    pub(super) fn new(slow_down: SlowDown, kind: A) -> Self {
        Self { slow_down, kind }
    }
}

impl<A: Authenticator> Authenticator for Guarded<A> {
    fn carriers(&self) -> Vec<Carrier> {
        self.kind.carriers()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        // What waits for I/O has not begun before it is polled, so asking first costs no hash.
        let attempt = self.kind.authenticate(req);
        if matches!(attempt, Attempt::Absent) {
            return attempt;
        }
        let name = self.kind.claimed_name(req);
        let trial = match self.slow_down.admit(req, name.as_deref()) {
            Ok(trial) => trial,
            Err(rejection) => return Attempt::Refused(rejection),
        };
        match attempt {
            Attempt::Later(later) => Attempt::later(async move {
                trial.wait().await;
                let attempt = later.wait().await;
                trial.note(&attempt);
                attempt
            }),
            attempt if trial.is_delayed() => Attempt::later(async move {
                trial.wait().await;
                trial.note(&attempt);
                attempt
            }),
            attempt => {
                trial.note(&attempt);
                attempt
            }
        }
    }

    fn claimed_name(&self, req: &request::Parts) -> Option<String> {
        self.kind.claimed_name(req)
    }

    fn challenges(&self) -> Vec<Challenge> {
        self.kind.challenges()
    }

    fn way_back(&self, req: &request::Parts) -> Option<WayBack> {
        self.kind.way_back(req)
    }

    fn about(&self) -> About {
        self.kind.about()
    }
}
