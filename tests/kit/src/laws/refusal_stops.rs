//! `refusal-stops`: a refused request never reaches the inner service, and its body is dropped unread.
//!
//! ```text
//! call(refused) ── a response, or an error ──▶ the probe saw nothing; nobody polled the body; it is dropped
//! ```
//!
//! **Why.** It is what a guard is for. And a body that nobody will read must be dropped by the time the answer is
//! there, for only then can the server stop reading it from the network.
//!
//! **How it is broken.** The inner service is called first and its answer thrown away; the body is drained "to be
//! polite"; the request is kept in the future or in the response.
//!
//! **How to keep it.** Decide on the head, answer, drop the request. Name the requests that your layer must refuse
//! with [`Laws::refused`](super::Laws::refused); without one this law is not asked.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//! use http::Request;
//!
//! let laws = Laws::of(Mutant::AsksAfterwards).refused("without a key", || Request::post("/"));
//! let laws = laws.request(|| Request::post("/").header("x-key", "1"));
//! assert_eq!(laws.check().broken(), [Law::RefusalStops]);
//! ```

use http::Request;

use super::{
    bell::eventually,
    case::{Case, Checked, Subject},
};
use crate::{Probe, ProbeBody};

pub(super) async fn check(subject: &Subject) -> Checked {
    for index in 0..subject.refused.len() {
        stops(subject, index).await?;
    }
    Ok(())
}

async fn stops(subject: &Subject, index: usize) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.ready(&mut a).await?;
    let (name, request) = case.refused(index, ProbeBody::new().data("one").data("two"));
    let (head, body) = request.into_parts();
    let (body, watch) = body.watched();
    case.did(format!("a request {name}, with a body:"));
    let flight = case.call(&mut a, Request::from_parts(head, body));
    let answered = case.answer(flight).await?;
    let reached = case.probe.requests().len();
    case.expect(reached == 0, "a refusal, and nothing at the probe", || {
        format!("{reached} requests at the probe")
    })?;
    case.expect(watch.polls() == 0, "the body is not polled", || format!("{} polls", watch.polls()))?;
    let dropped = eventually(|| watch.alive() == 0).await;
    case.expect(dropped, "the body is dropped once the answer is there", || "it is still alive".to_owned())?;
    drop(answered);
    case.at_rest().await
}
