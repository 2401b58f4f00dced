//! `refusal-returns-readiness`: a layer that refuses gives back the readiness that it did not use.
//!
//! ```text
//! poll_ready ── Ready ──▶ call(refused) ──▶ answer      and no inner instance is ready any more
//! ```
//!
//! **Why.** Readiness is a reservation. Under a concurrency limit it is a permit: a connection whose last request was
//! refused, and that now idles in keep-alive, holds a place for as long as it idles. So many guesses at a password as
//! there are places, and nobody is served.
//!
//! **How it is broken.** By most layers that refuse in `call`: `poll_ready` reserved, `call` returned early, and
//! nobody thought of the reservation. It costs something only above a layer that reserves, and where the service
//! outlives the request (a server that keeps one instance a connection), so it is the mildest law.
//!
//! Who does not ask for `S: Clone` has no second instance, cannot keep it, and excepts it. Of the published layers that
//! refuse, those that ask for `Clone` keep it, and no other can: the [table](super#layers-of-others) does not count
//! that as a fault.
//!
//! **How to keep it.** On a refusal, replace the inner service by a clone of itself, and drop the one that was ready. A
//! `Gate` does so, and enfilade-core's `Chain` does it for every layer in it. Elsewhere put limits outside of such a layer.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//! use http::Request;
//!
//! let laws = Laws::of(Mutant::KeepsThePermit).refused("without a key", || Request::post("/"));
//! let laws = laws.request(|| Request::post("/").header("x-key", "1"));
//! assert_eq!(laws.check().broken(), [Law::RefusalReturnsReadiness]);
//! ```

use super::{
    bell::eventually,
    case::{Case, Checked, Subject},
};
use crate::Probe;

pub(super) async fn check(subject: &Subject) -> Checked {
    for index in 0..subject.refused.len() {
        returns(subject, index).await?;
    }
    Ok(())
}

async fn returns(subject: &Subject, index: usize) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.ready(&mut a).await?;
    let (name, request) = case.refused(index, "".into());
    case.did(format!("a request {name}:"));
    let flight = case.call(&mut a, request);
    drop(case.answer(flight).await?);
    case.did("drop the answer; a idles");
    let returned = eventually(|| case.probe.ready() == 0).await;
    case.expect(returned, "no inner instance is ready", || format!("{} ready", case.probe.ready()))?;
    case.passes(&mut a).await
}
