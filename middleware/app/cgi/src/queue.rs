//! So many processes at once, so many requests that wait for one, and no more.
//!
//! ```text
//! request ──┬── a place is free ─────────▶ process … until it is reaped
//!           ├── the queue has room ──────▶ waits its turn, not for ever
//!           └── neither, or waited long ─▶ 503 cgi.busy, Retry-After: 1
//! ```

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use enfilade_core::Rejection;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::reason;

/// The places, shared by clones.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    pub(crate) max_waiting: usize,
    pub(crate) max_wait: Duration,
}

/// A place; free again when dropped.
pub(crate) type Place = OwnedSemaphorePermit;

impl Queue {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            waiting: Arc::default(),
            max_waiting: 256,
            max_wait: Duration::from_secs(10),
        }
    }

    /// The same queue with other places.
    pub(crate) fn with_places(&self, places: usize) -> Self {
        Self { max_waiting: self.max_waiting, max_wait: self.max_wait, ..Self::new(places) }
    }

    /// Waits for a place.
    pub(crate) async fn enter(&self) -> Result<Place, Rejection> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Ok(place);
        }
        let room = |waiting| (waiting < self.max_waiting).then_some(waiting + 1);
        self.waiting.fetch_update(Relaxed, Relaxed, room).map_err(|_| reason::busy())?;
        let _waiter = Waiter(&self.waiting);
        match timeout(self.max_wait, self.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(reason::busy()),
        }
    }
}

struct Waiter<'a>(&'a AtomicUsize);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
