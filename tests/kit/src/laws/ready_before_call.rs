//! `ready-before-call`: the inner service is polled ready before every call, on the instance that is called.
//!
//! ```text
//! poll_ready(a) ── Ready ──▶ call(a)   kept            poll_ready(a) ── Ready ──▶ call(a.clone())   broken
//! ```
//!
//! **Why.** `Service::poll_ready` reserves what `call` uses up: a permit, a connection, a slot of a buffer. It belongs
//! to the instance that was polled; a clone has none. tower says that a service may panic when it is called unready,
//! and `Buffer` and `ConcurrencyLimit` do.
//!
//! **How it is broken.** `let mut inner = self.inner.clone(); async move { inner.call(req).await }`: the clone that is
//! called was never polled. A whole family of published layers did this.
//!
//! **How to keep it.** `let clone = self.inner.clone(); let mut inner = mem::replace(&mut self.inner, clone);` takes the
//! instance that is ready and leaves a fresh one; `oneshot` polls the clone that it calls; a `Gate` and the `Next` of
//! `from_fn` cannot be written otherwise.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::CallsAFreshClone).check();
//! assert_eq!(report.broken(), [Law::ReadyBeforeCall]);
//! ```

use super::{
    bell::Bell,
    case::{Case, Checked, Subject},
};
use crate::{Probe, probe::Fault};

/// How often one instance is called: more than a layer that is right for the first calls alone.
const CALLS: usize = 5;

pub(super) async fn check(subject: &Subject) -> Checked {
    one_after_the_other(subject).await?;
    after_waiting(subject).await?;
    on_a_clone_of_a_ready_one(subject).await
}

async fn one_after_the_other(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    for _ in 0..CALLS {
        case.passes(&mut a).await?;
        never_unready(&case)?;
    }
    Ok(())
}

/// Asked twice before one call, as a caller does that was woken for nothing.
async fn after_waiting(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.probe.hold();
    case.did("the probe is not ready");
    let _ = case.poll_ready(&mut a, &Bell::default());
    case.did("the probe is ready");
    case.probe.release();
    case.ready(&mut a).await?;
    case.passes(&mut a).await?;
    never_unready(&case)
}

async fn on_a_clone_of_a_ready_one(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.ready(&mut a).await?;
    let Some(mut b) = case.clone_of(&a) else { return Ok(()) };
    case.passes(&mut b).await?;
    never_unready(&case)?;
    // As a server does that clones for each connection, and a router for each request.
    let Some(mut c) = case.clone_of(&b) else { return Ok(()) };
    case.passes(&mut c).await?;
    never_unready(&case)
}

fn never_unready(case: &Case<'_>) -> Checked {
    let unready = case.probe.faults().contains(&Fault::CalledUnready);
    case.expect(!unready, "`poll_ready` → Ready on the inner instance before its call", || {
        "a call on an instance that was not ready".to_owned()
    })
}
