//! `body-untouched`: the request's body is not polled before the inner service is called.
//!
//! ```text
//! call ── (decide on the head alone) ──▶ inner call ──▶ whoever wants the body polls it
//! ```
//!
//! **Why.** Who decides on the head can refuse before a byte of the body is read; a client that sends
//! `Expect: 100-continue` then never sends it. A layer that reads first holds as many bodies in memory as there are
//! clients, and waits for the slowest.
//!
//! **How it is broken.** Collecting the body in front of the inner call, for a log or a signature.
//!
//! **How to keep it.** Wrap the body and watch the frames go by. A layer that must read it first (a form token)
//! excepts this law, and limits what it reads.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::ReadsTheBodyFirst).check();
//! assert_eq!(report.broken(), [Law::BodyUntouched]);
//! ```

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::case::{Case, Checked, MakeRequest, Subject};
use crate::{Answer, Probe, ProbeBody};

pub(super) async fn check(subject: &Subject) -> Checked {
    for request in [&subject.request].into_iter().chain(&subject.also) {
        is_untouched(subject, request).await?;
    }
    Ok(())
}

async fn is_untouched(subject: &Subject, head: &MakeRequest) -> Checked {
    let (body, watch) = ProbeBody::new().data("one").data("two").watched();
    let polls = Arc::new(AtomicUsize::new(0));
    let probe = Probe::ok().respond_with({
        let (polls, watch) = (polls.clone(), watch.clone());
        move |_| {
            polls.store(watch.polls(), Ordering::SeqCst);
            Answer::ok()
        }
    });
    let case = Case::new(subject, probe);
    let mut a = case.instance();
    case.ready(&mut a).await?;
    let request = head().map(|()| body);
    let flight = case.call(&mut a, request);
    case.response(flight).await?;
    let polls = polls.load(Ordering::SeqCst);
    case.expect(polls == 0, "no poll of the request's body before the inner call", || {
        format!("{polls} polls")
    })
}
