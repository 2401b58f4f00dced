//! `readiness-returned`: readiness that is not used is given back when the instance is dropped.
//!
//! ```text
//! poll_ready(a) ── Ready ──▶ drop(a) ──▶ as many inner instances are ready as before
//! ```
//!
//! **Why.** A caller that was told *ready* may change its mind: a client hangs up, another backend was faster. tower's
//! rule is that it then drops the service, and what `poll_ready` reserved is free again. A layer that keeps the
//! reservation somewhere else makes the service smaller with each such caller, until nothing is left.
//!
//! **How it is broken.** The readied inner service is moved where dropping the layer's own does not reach: into a
//! shared slot, a cache, a task.
//!
//! **How to keep it.** Let the layer's service own its inner service, and `derive(Clone)`.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::HoardsReadiness).check();
//! assert_eq!(report.broken(), [Law::ReadinessReturned]);
//! ```

use super::{
    bell::{Bell, eventually},
    case::{Case, Checked, Subject},
};
use crate::Probe;

pub(super) async fn check(subject: &Subject) -> Checked {
    dropped_ready(subject).await?;
    dropped_clone(subject).await?;
    dropped_waiting(subject).await
}

async fn dropped_ready(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.drop_instance(a);
    ready_at_most(&case, 0).await
}

async fn dropped_clone(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.ready(&mut a).await?;
    let before = case.probe.ready();
    let Some(mut b) = case.clone_of(&a) else { return Ok(()) };
    case.ready(&mut b).await?;
    case.drop_instance(b);
    ready_at_most(&case, before).await?;
    case.passes(&mut a).await?;
    case.drop_instance(a);
    ready_at_most(&case, 0).await
}

async fn dropped_waiting(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.probe.hold();
    case.did("the probe is not ready");
    let _ = case.poll_ready(&mut a, &Bell::default());
    case.drop_instance(a);
    case.did("the probe is ready");
    case.probe.release();
    ready_at_most(&case, 0).await
}

async fn ready_at_most(case: &Case<'_>, most: usize) -> Checked {
    let returned = eventually(|| case.probe.ready() <= most).await;
    case.expect(returned, &format!("{most} inner instances ready"), || {
        format!("{} ready", case.probe.ready())
    })
}
