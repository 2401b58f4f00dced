//! `clones-independent`: a clone neither uses up the readiness of another nor waits for its answer.
//!
//! ```text
//! a ready, b = a.clone(), b ready, b.call ✓ ──▶ a.call ✓ without a new poll_ready
//! a.call … waits                             ──▶ b ready, b.call ✓ meanwhile
//! ```
//!
//! **Why.** Servers clone the service for each connection, some for each request. tower's contract gives every clone a
//! readiness of its own. Where clones share one inner service behind a lock, one slow request stops all.
//!
//! **How it is broken.** `Arc<Mutex<S>>` around the inner service, held across the answer; one `ready` flag for all.
//!
//! **How to keep it.** Clone the inner service with the outer. Share counters and caches, not the service.
//! A limit of one request at a time breaks this law on purpose: test such a layer with a limit of two or more.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::OneAtATime).check();
//! assert_eq!(report.broken(), [Law::ClonesIndependent]);
//! ```

use super::{
    bell::{Bell, rings_meanwhile, settle},
    case::{Case, Checked, Subject},
    subject::Flight,
};
use crate::{Answer, Latch, Probe};

/// How often a request may be polled before it has reached the probe.
const TURNS: usize = 8;

pub(super) async fn check(subject: &Subject) -> Checked {
    readiness_is_each_ones_own(subject, true).await?;
    readiness_is_each_ones_own(subject, false).await?;
    one_answer_does_not_hold_up_another(subject).await
}

/// `b` is called, or only dropped; `a`, which was ready before, stays so.
async fn readiness_is_each_ones_own(subject: &Subject, called: bool) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.ready(&mut a).await?;
    let Some(mut b) = case.clone_of(&a) else { return Ok(()) };
    if called {
        case.passes(&mut b).await?;
    } else {
        case.ready(&mut b).await?;
    }
    case.drop_instance(b);
    let before = case.probe.faults().len();
    let request = case.request("");
    let flight = case.call(&mut a, request);
    case.response(flight).await?;
    // A layer that calls unready instances anyway breaks another law, and is not judged again here.
    let kept = case.probe.faults().len() == before || before > 0 || calls_unready(subject).await?;
    case.expect(kept, "a is still ready", || "a's inner service was called unready".to_owned())
}

async fn calls_unready(subject: &Subject) -> Checked<bool> {
    let case = Case::new(subject, Probe::ok());
    case.passes(&mut case.instance()).await?;
    Ok(!case.probe.faults().is_empty())
}

async fn one_answer_does_not_hold_up_another(subject: &Subject) -> Checked {
    let latch = Latch::shut();
    let case = Case::new(subject, Probe::ok().respond(Answer::ok().wait(&latch)).respond(200));
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.did("the probe's first answer is held back");
    let request = case.request("");
    let mut flight = case.call(&mut a, request);
    reach_the_probe(&case, &mut flight).await;
    let Some(mut b) = case.clone_of(&a) else { return Ok(()) };
    case.passes(&mut b).await?;
    case.open("the first answer", &latch);
    case.response(flight).await.map(drop)
}

/// Until then the first answer is anybody's. What waits for a thread, as a password hash does, needs real time.
async fn reach_the_probe(case: &Case<'_>, flight: &mut Flight) {
    let reached = || !case.probe.requests().is_empty();
    for _ in 0..TURNS {
        settle().await;
        let bell = Bell::default();
        if reached() || case.poll(flight, &bell).is_ready() || reached() || !rings_meanwhile(&bell).await {
            return;
        }
    }
}
