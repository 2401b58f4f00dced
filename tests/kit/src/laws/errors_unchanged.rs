//! `errors-unchanged`: an inner error comes out as an error that still holds it.
//!
//! ```text
//! inner Err(e) ──▶ outer Err(e), or an error whose `source` leads to e        never a response made up of it
//! ```
//!
//! **Why.** Whoever stands further out decides what becomes of an error: retry it, count it, hide it. It can do so
//! only if it can still find out which error it was.
//!
//! **How it is broken.** `Err(e) => Ok(internal_server_error())` in a layer whose purpose that is not;
//! `.map_err(|e| e.to_string())`.
//!
//! **How to keep it.** Keep the error type, or box it (`Into<BoxError>`), or keep it as `source`. An error type of the
//! layer's own that holds it in a variant keeps the law too, as those of tower-resilience do: say where with
//! [`Laws::inner_error`](super::Laws::inner_error). A layer whose purpose is to turn errors into responses excepts
//! this law. A service that cannot fail, as axum's, is not asked.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::ForgetsTheError).check();
//! assert_eq!(report.broken(), [Law::ErrorsUnchanged]);
//! ```

use std::{error::Error, task::Poll};

use super::{
    bell::{Bell, settle},
    case::{Case, Checked, FindError, Subject},
    subject::{Answered, BoxError},
};
use crate::{Answer, Probe, ProbeError};

const TEXT: &str = "the scripted error";

pub(super) async fn check(subject: &Subject) -> Checked {
    of_the_answer(subject).await?;
    of_readiness(subject).await
}

async fn of_the_answer(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok().respond(Answer::error(TEXT)).respond(200));
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.did("the probe's next answer is an error");
    let request = case.request("");
    let flight = case.call(&mut a, request);
    let answered = case.answer(flight).await?;
    holds_it(&case, answered)?;
    case.did("the answer after it is 200");
    case.passes(&mut a).await
}

/// Told in `poll_ready`, or by the answer of a layer that is always ready.
async fn of_readiness(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    let mut a = case.instance();
    case.probe.fail_readiness(TEXT);
    case.did("the probe's `poll_ready` is an error");
    settle().await;
    match case.poll_ready(&mut a, &Bell::default()) {
        Poll::Ready(Err(error)) => holds_it(&case, Err(error)),
        Poll::Pending => Err(case.broken("the error", "pending")),
        Poll::Ready(Ok(())) => {
            let request = case.request("");
            let flight = case.call(&mut a, request);
            let answered = case.answer(flight).await?;
            holds_it(&case, answered)
        }
    }
}

fn holds_it(case: &Case<'_>, answered: Answered) -> Checked {
    match answered {
        Ok(response) => Err(case.broken("the error", format!("a response: {}", response.status()))),
        Err(error) => case.expect(
            is_scripted(&error, case.inner_error()),
            "the probe's error, or one whose source leads to it",
            || format!("another error: `{error}`"),
        ),
    }
}

fn is_scripted(error: &BoxError, inner: &FindError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(&**error);
    while let Some(error) = next {
        let found = error.downcast_ref::<ProbeError>().or_else(|| inner(error));
        if found.is_some_and(|error| error.to_string() == TEXT) {
            return true;
        }
        next = error.source();
    }
    false
}
