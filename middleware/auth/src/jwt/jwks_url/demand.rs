//! What a request may do about a key that is not known: ask for a fetch, once for all requests, and wait a little.
//!
//! ```text
//! a fetch is running        wait for it              no fetch, cooled down    wake the task, wait for it
//! no fetch, still cooling   answer at once           too many wait already    answer at once
//! ```
//!
//! No lock is held while anybody waits: requests look at a number that counts the fetches.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, Semaphore, watch},
    time::{Instant, timeout},
};

use super::FetchStatus;

/// How many requests wait at once; the next is answered without waiting.
const MOST_WAITING: usize = 256;

/// What the task tells: how many fetches have ended, and how it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounds {
    pub(super) ended: u64,
    pub(super) is_running: bool,
    /// Whether the last one brought keys.
    pub(super) is_good: bool,
    /// Before this no request causes another.
    pub(super) cool_until: Instant,
}

/// The requests' side.
pub(in crate::jwt) struct Demand {
    rounds: watch::Receiver<Rounds>,
    wake: Arc<Notify>,
    waiting: Semaphore,
    patience: Duration,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jwt) enum Renewed {
    /// The keys are as fresh as they get: judge by them.
    Fresh,
    /// Nobody can say now whether the issuer has that key.
    Unknown,
}

impl Demand {
    pub(super) fn new(rounds: watch::Receiver<Rounds>, wake: Arc<Notify>, patience: Duration) -> Self {
        Self { rounds, wake, waiting: Semaphore::new(MOST_WAITING), patience }
    }

    pub(super) fn status(&self) -> FetchStatus {
        let Rounds { ended, is_running, is_good, .. } = *self.rounds.borrow();
        FetchStatus { fetches: ended, is_good, is_running }
    }

    pub(in crate::jwt) async fn renewed(&self) -> Renewed {
        let mut rounds = self.rounds.clone();
        let before = *rounds.borrow();
        if !before.is_running && Instant::now() < before.cool_until {
            return before.outcome();
        }
        let Ok(_place) = self.waiting.try_acquire() else { return Renewed::Unknown };
        if !before.is_running {
            self.wake.notify_one();
        }
        let ended = timeout(self.patience, rounds.wait_for(|now| now.ended > before.ended)).await;
        match ended {
            Ok(Ok(now)) => now.outcome(),
            _ => Renewed::Unknown,
        }
    }
}

impl Rounds {
    fn outcome(self) -> Renewed {
        if self.is_good { Renewed::Fresh } else { Renewed::Unknown }
    }
}
