//! A latch that the test opens by hand: until then an answer or a body waits at it.
//!
//! ```text
//! Latch::shut() ── Answer::wait(&latch) / ProbeBody::wait(&latch) ──▶ Pending … latch.open() ──▶ woken, goes on
//! ```
//!
//! Of each waiter only the newest waker is kept, as the contract of futures allows: a layer that polls with an old
//! task's waker and counts on it is found out.
//!
//! ```
//! use enfilade_test::{Answer, Drive, Latch, Probe};
//!
//! let latch = Latch::shut();
//! let probe = Probe::ok().respond(Answer::ok().wait(&latch));
//! let mut app = Drive::service(probe.service());
//! let mut flight = app.get("/").start();
//! assert!(flight.is_pending());
//! latch.open();
//! assert_eq!(flight.woken(), 1);
//! assert!(!flight.is_pending());
//! ```

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Shut until somebody opens it; clones are the same latch.
#[derive(Clone, Default)]
pub struct Latch(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    open: bool,
    waiting: HashMap<u64, Waker>,
    next: u64,
}

/// Who waits at a latch; a clone is another waiter.
#[derive(Default)]
pub(crate) struct Waiter(Option<u64>);

impl Latch {
    /// A latch that is shut.
    pub fn shut() -> Self {
        Self::default()
    }

    /// Opens the latch and wakes whoever waits.
    pub fn open(&self) {
        let waiting = {
            let mut state = self.state();
            state.open = true;
            mem::take(&mut state.waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }

    /// Shuts the latch again: whoever comes now waits.
    pub fn close(&self) {
        self.state().open = false;
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    pub(crate) fn poll(&self, waiter: &mut Waiter, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.open {
            return Poll::Ready(());
        }
        let key = *waiter.0.get_or_insert_with(|| {
            state.next += 1;
            state.next
        });
        state.waiting.insert(key, cx.waker().clone());
        Poll::Pending
    }

    /// Whoever gives up no longer waits.
    pub(crate) fn forget(&self, waiter: &mut Waiter) {
        if let Some(key) = waiter.0.take() {
            self.state().waiting.remove(&key);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Waiter {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Latch").field("open", &state.open).field("waiting", &state.waiting.len()).finish()
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiter(..)")
    }
}
