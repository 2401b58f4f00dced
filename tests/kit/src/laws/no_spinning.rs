//! `no-spinning`: what waits does not wake itself over and over.
//!
//! ```text
//! poll ── Pending, woken at once ──▶ poll ── Pending, woken at once ──▶ …     a core at 100 % for nothing
//! ```
//!
//! **Why.** A request that waits should cost nothing. One that wakes its own task with each poll keeps a core busy for
//! as long as the slowest backend takes, and virtual time in tests never moves on.
//!
//! **How it is broken.** `cx.waker().wake_by_ref(); return Poll::Pending;` where nobody would wake the task otherwise.
//!
//! **How to keep it.** Wait for something that wakes: a channel, a semaphore, `Notify`.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::WakesItself).check();
//! assert_eq!(report.broken(), [Law::NoSpinning]);
//! ```

use super::{
    bell::{Bell, settle},
    case::{Checked, Subject},
    waits::{Wait, Waiting},
};

/// A wake for nothing now and then is allowed; a wake after each of so many polls is a loop.
const TOO_MANY: usize = 16;

pub(super) async fn check(subject: &Subject) -> Checked {
    for wait in Wait::ALL {
        if let Some(waiting) = Waiting::start(subject, wait).await? {
            falls_quiet(waiting).await?;
        }
    }
    Ok(())
}

async fn falls_quiet(mut waiting: Waiting<'_>) -> Checked {
    let bell = Bell::default();
    for _ in 0..TOO_MANY {
        let before = bell.rings();
        if waiting.poll(&bell).is_ready() {
            return Ok(());
        }
        settle().await;
        if bell.rings() == before {
            return Ok(());
        }
    }
    Err(waiting
        .case
        .broken("quiet, until the inner service goes on", format!("{TOO_MANY} polls, and a wake after each")))
}
