//! `pending-wakes`: whatever is pending wakes its newest waker once it can go on.
//!
//! ```text
//! poll(old waker) ── Pending    poll(new waker) ── Pending    the inner service goes on ──▶ the new waker is woken
//! ```
//!
//! **Why.** `Pending` is a promise to call back. A layer that returns it without having polled what it waits for, or
//! that keeps only the first waker, hangs: a future may move to another task between two polls, and the old waker is
//! then nobody's.
//!
//! **How it is broken.** A `poll_ready` that returns `Pending` of its own accord; a waker that is stored once and not
//! replaced; a lock that is tried and given up without a place in its queue; a body that
//! forgets its reader while it waits for the trailers.
//!
//! **How to keep it.** Return `Pending` only where something you polled with this very context did; `ready!` helps.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::KeepsTheFirstWaker).check();
//! assert_eq!(report.broken(), [Law::PendingWakes]);
//! ```

use super::{
    bell::{Bell, rings_meanwhile, settle},
    case::{Checked, Subject},
    waits::{Wait, Waiting},
};

/// How often a layer may go on by itself before it waits.
const TURNS: usize = 8;

pub(super) async fn check(subject: &Subject) -> Checked {
    for wait in Wait::ALL {
        if let Some(waiting) = Waiting::start(subject, wait).await? {
            newest_is_woken(waiting).await?;
        }
    }
    Ok(())
}

async fn newest_is_woken(mut waiting: Waiting<'_>) -> Checked {
    waiting.case.did("with an old waker:");
    if waiting.poll(&Bell::default()).is_ready() {
        return Ok(());
    }
    for _ in 0..TURNS {
        settle().await;
        waiting.case.did("with a new waker:");
        let newest = Bell::default();
        if waiting.poll(&newest).is_ready() {
            return Ok(());
        }
        settle().await;
        if newest.rings() == 0 {
            waiting.release();
            let woken = rings_meanwhile(&newest).await;
            return waiting.case.expect(woken, "the new waker is woken", || "it is not".to_owned());
        }
    }
    // It is never quiet, so nothing can be said of what wakes it: that is a matter of `no-spinning`.
    Ok(())
}
