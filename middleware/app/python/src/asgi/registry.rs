//! The requests whose apps are still at work: who is counted, who is timed, and who is told that the server ends.
//!
//! ```text
//! an app that answers in its first step ─▶ never here
//! else: in ── deadline ── drain ── the task's end ─▶ out
//! ```
//!
//! One look a second over all of them takes the place of a timer for each.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::task::Whose;

/// See the [module docs](self).
#[derive(Default)]
pub(super) struct Registry {
    inner: Mutex<Inner>,
    emptied: Notify,
}

#[derive(Default)]
struct Inner {
    places: Vec<Option<Whose>>,
    free: Vec<usize>,
    /// Whether somebody looks at the clock.
    watched: bool,
}

impl Inner {
    fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

impl Registry {
    /// How many are at work.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Puts one in; its place, and whether nobody looks at the clock yet.
    pub(super) fn enter(&self, whose: Whose) -> (usize, bool) {
        let mut inner = self.lock();
        let place = if let Some(place) = inner.free.pop() {
            inner.places[place] = Some(whose);
            place
        } else {
            inner.places.push(Some(whose));
            inner.places.len() - 1
        };
        let unwatched = !std::mem::replace(&mut inner.watched, true);
        (place, unwatched)
    }

    pub(super) fn leave(&self, place: usize) {
        let mut inner = self.lock();
        let left = inner.places[place].take();
        inner.free.push(place);
        let empty = inner.len() == 0;
        drop(inner);
        drop(left);
        if empty {
            self.emptied.notify_waiters();
        }
    }

    /// Those that are at work now.
    pub(super) fn all(&self) -> Vec<Whose> {
        self.lock().places.iter().flatten().cloned().collect()
    }

    /// Looks at the clock until nobody is at work.
    pub(super) async fn watch(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let now = Instant::now();
            let all = {
                let mut inner = self.lock();
                if inner.len() == 0 {
                    inner.watched = false;
                    return;
                }
                inner.places.iter().flatten().cloned().collect::<Vec<_>>()
            };
            for whose in all {
                if let Whose::Http(exchange) = whose {
                    exchange.look_at_the_clock(now);
                }
            }
        }
    }

    /// Done when nobody is at work.
    pub(super) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
