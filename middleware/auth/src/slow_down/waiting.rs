//! How many requests wait at once, in all and of one network.
//!
//! ```text
//! enter(network) ──▶ Seat, until it is dropped      None: no place left
//! ```

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::table::Place;

pub(super) struct Waiting {
    most: usize,
    most_of_one: usize,
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    taken: usize,
    of: HashMap<Option<Place>, usize>,
}

/// A place to wait in; given back when it is dropped, so also by a client that hangs up.
pub(super) struct Seat {
    waiting: Arc<Waiting>,
    network: Option<Place>,
}

impl Waiting {
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, seats: Mutex::default() })
    }

    /// Clients without an address count as one network, with all the places.
    pub(super) fn enter(self: &Arc<Self>, network: Option<Place>) -> Option<Seat> {
        let mut seats = self.seats();
        let of_one = seats.of.get(&network).copied().unwrap_or_default();
        if seats.taken >= self.most || (network.is_some() && of_one >= self.most_of_one) {
            return None;
        }
        seats.taken += 1;
        seats.of.insert(network, of_one + 1);
        Some(Seat { waiting: self.clone(), network })
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.waiting.seats();
        seats.taken -= 1;
        let left = seats.of.get(&self.network).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            seats.of.remove(&self.network);
        } else {
            seats.of.insert(self.network, left);
        }
    }
}
