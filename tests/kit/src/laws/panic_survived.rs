//! `panic-survived`: after a panic inside, later calls work as before.
//!
//! ```text
//! call ── the inner service panics ──▶ the next call, on the same instance and on a clone, is answered
//! ```
//!
//! **Why.** One request that meets a bug must not take the others down. hyper loses the connection, the process lives
//! on, and every clone of the layer shares what it shared before.
//!
//! **How it is broken.** `self.shared.lock().unwrap()` around anything that can panic: the lock is poisoned, and from
//! then on each request panics. A worker task that dies with the request and is not started again.
//!
//! **How to keep it.** Do not hold a lock while you call the inner service or a closure of the user. Where a lock
//! guards data that is valid after any panic, `unwrap_or_else(PoisonError::into_inner)`. Give back in `Drop`.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::PoisonsItsLock).check();
//! assert_eq!(report.broken(), [Law::PanicSurvived]);
//! ```

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

use super::{
    bell::until,
    case::{Case, Checked, Subject, panic_text},
};
use crate::{Answer, Probe};

pub(super) async fn check(subject: &Subject) -> Checked {
    // As a future first: a layer that runs its inner service in a task survives one and not the other.
    for panics in
        [Answer::panic("scripted panic in the answer"), Answer::panic_on_call("scripted panic in the call")]
    {
        survives(subject, panics).await?;
    }
    Ok(())
}

async fn survives(subject: &Subject, panics: Answer) -> Checked {
    let case = Case::new(subject, Probe::ok().respond(panics.clone()).respond(200));
    let mut a = case.instance();
    let b = case.clone_of(&a);
    case.ready(&mut a).await?;
    case.did(format!("the probe's next answer is {panics:?}"));
    let request = case.request("");
    if let Some(mut flight) = case.call_caught(&mut a, request) {
        let polled = until(|cx| {
            let caught = catch_unwind(AssertUnwindSafe(|| flight.as_mut().poll(cx)));
            caught.unwrap_or_else(|panic| {
                case.did(format!("the answer panics: {}", panic_text(&*panic)));
                // Nobody polls it again: what is left is to drop it.
                Poll::Ready(Err("it panicked".into()))
            })
        });
        polled
            .await
            .ok_or_else(|| case.broken("an answer, an error or a panic", "pending, and nothing wakes it"))?
            .ok();
    }
    case.at_rest().await?;
    for mut instance in b.into_iter().chain([a]) {
        let passed = Box::pin(case.passes(&mut instance));
        caught(passed)
            .await
            .map_err(|panic| case.broken("200, as the probe answers", format!("a panic: {panic}")))??;
    }
    Ok(())
}

/// Waits for a future that may panic.
async fn caught<F: Future + Unpin>(mut future: F) -> Result<F::Output, String> {
    std::future::poll_fn(|cx| {
        let poll = catch_unwind(AssertUnwindSafe(|| std::pin::Pin::new(&mut future).poll(cx)));
        match poll {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic_text(&*panic))),
        }
    })
    .await
}
