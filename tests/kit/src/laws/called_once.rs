//! `called-once`: one request that passes is one call of the inner service.
//!
//! ```text
//! call ──▶ inner call ──▶ answer, polled until it is there and never again
//! ```
//!
//! **Why.** A request is an order, a payment, a sign-in: what is sent twice happens twice. And a future that has given
//! its answer must not be polled again; most panic.
//!
//! **How it is broken.** A copy of the request to warm a cache or to ask twice; a hand-written future that does not
//! remember that its inner one is done.
//!
//! **How to keep it.** Repeat only what the author of the chain allowed to be repeated, and only after a failure.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::CallsTwice).check();
//! assert_eq!(report.broken(), [Law::CalledOnce]);
//! ```

use super::{
    bell::settle,
    case::{Case, Checked, Subject},
};
use crate::{Probe, probe::Fault};

pub(super) async fn check(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.passes(&mut a).await?;
    settle().await;
    let calls = case.probe.requests().len();
    case.expect(calls == 1, "one call of the probe", || format!("{calls} calls"))?;
    let again = case.probe.faults().contains(&Fault::PolledAfterAnswer);
    case.expect(!again, "the inner answer is polled until it is there", || "it was polled again".to_owned())
}
