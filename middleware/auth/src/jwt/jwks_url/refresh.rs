//! The task that keeps keys fresh: when it fetches, when it holds back, and when it gives the keys up.
//!
//! ```text
//! good     ── refresh (less up to a tenth) ──▶ fetch       on demand: sooner, but not before the cool-down is over
//! trouble  ── cool-down × 1, 2, 4 … ≤ refresh ──▶ fetch    the old keys stay
//! no good answer for as long as keys may last: no keys any more, and every token is 503 auth.keys-unavailable
//! ```
//!
//! The task ends when nobody uses the keys; when its runtime ends before that, the keys end with it.

use std::{future::pending, pin::pin, sync::Arc, time::Duration};

use aws_lc_rs::rand;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    demand::Rounds,
    fetch::{Fetcher, Trouble},
    source::{Digest, Source},
};
use crate::jwt::{Algorithm, KeySet, Keys, key_set::WeakKeys};

/// When the task does what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) refresh: Duration,
    pub(super) cool_down: Duration,
    pub(super) max_age: Duration,
    pub(super) timeout: Duration,
}

/// What is fetched, and how.
pub(super) struct Work {
    pub(super) source: Source,
    pub(super) fetcher: Fetcher,
    pub(super) rsa: Algorithm,
    pub(super) pace: Pace,
}

impl Work {
    /// Fetches once, within the deadline.
    pub(super) async fn once(&self) -> Result<(KeySet, Digest), Trouble> {
        let fetch = self.source.fetch(&self.fetcher, self.rsa);
        let fetched = timeout(self.pace.timeout, fetch).await;
        let (set, digest) =
            fetched.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.pace.timeout)))?;
        for key in set.left_out() {
            tracing::debug!(target: "enfilade::auth", url = self.source.url().as_str(), key, "a key is left out");
        }
        Ok((set, digest))
    }
}

/// The state of the task.
pub(super) struct Refresher {
    pub(super) work: Work,
    pub(super) keys: WeakKeys,
    pub(super) rounds: watch::Sender<Rounds>,
    pub(super) wake: Arc<Notify>,
    /// When keys were last got, and of which document; never, or they were given up: none.
    pub(super) got: Option<(Instant, Digest)>,
}

impl Refresher {
    pub(super) async fn run(mut self) {
        let mut failures = 0;
        let mut due = match self.got {
            Some((got, _)) => got + shortened(self.work.pace.refresh),
            None => Instant::now(),
        };
        while self.wait(due).await {
            self.rounds.send_modify(|rounds| rounds.is_running = true);
            let Some(fetched) = self.fetch().await else { return };
            failures = if fetched { 0 } else { failures + 1 };
            let now = Instant::now();
            due = now + shortened(self.pause(failures));
            self.rounds.send_modify(|rounds| {
                *rounds = Rounds {
                    ended: rounds.ended + 1,
                    is_running: false,
                    is_good: fetched,
                    cool_until: now + self.work.pace.cool_down,
                };
            });
        }
    }

    /// Until there is something to fetch; `false`, when nobody uses the keys any more.
    async fn wait(&mut self, due: Instant) -> bool {
        while Instant::now() < due {
            let end = self.end();
            tokio::select! {
                () = self.rounds.closed() => return false,
                () = self.wake.notified() => {
                    // Asked for a moment before the last fetch had ended.
                    if Instant::now() >= self.rounds.borrow().cool_until {
                        return true;
                    }
                }
                () = sleep_until(due) => {}
                () = maybe(end) => self.give_up(),
            }
        }
        true
    }

    /// Whether keys came; `None`, when nobody uses them any more.
    async fn fetch(&mut self) -> Option<bool> {
        let end = self.end();
        let mut given_up = false;
        let fetched = {
            let mut fetch = pin!(self.work.once());
            loop {
                tokio::select! {
                    () = self.rounds.closed() => return None,
                    fetched = &mut fetch => break fetched,
                    () = maybe(end), if !given_up => {
                        withdraw(&self.keys, &self.work.source);
                        given_up = true;
                    }
                }
            }
        };
        if given_up {
            self.got = None;
        }
        Some(self.take(fetched, self.keys.upgrade()?))
    }

    fn take(&mut self, fetched: Result<(KeySet, Digest), Trouble>, keys: Keys) -> bool {
        let url = self.work.source.url().as_str();
        match fetched {
            Ok((set, digest)) => {
                // What verifiers remember counts as long as the keys are the same.
                if self.got.is_none_or(|(_, known)| known != digest) {
                    tracing::info!(target: "enfilade::auth", url, keys = set.len(), "the issuer's keys have changed");
                    keys.replace(set);
                }
                self.got = Some((Instant::now(), digest));
                true
            }
            Err(error) => {
                let old_keys_stay = self.got.is_some();
                tracing::warn!(target: "enfilade::auth", url, error, old_keys_stay, "cannot fetch the issuer's keys");
                false
            }
        }
    }

    fn pause(&self, failures: u32) -> Duration {
        let Pace { refresh, cool_down, .. } = self.work.pace;
        match failures {
            0 => refresh,
            _ => cool_down.saturating_mul(1 << (failures - 1).min(16)).min(refresh),
        }
    }

    /// When the keys that are there count no more.
    fn end(&self) -> Option<Instant> {
        self.got.map(|(got, _)| got + self.work.pace.max_age)
    }

    fn give_up(&mut self) {
        self.got = None;
        withdraw(&self.keys, &self.work.source);
    }
}

impl Drop for Refresher {
    /// A runtime that is shut down drops its tasks: keys that nobody refreshes must not count for ever.
    fn drop(&mut self) {
        if self.got.take().is_some() {
            withdraw(&self.keys, &self.work.source);
        }
    }
}

fn withdraw(keys: &WeakKeys, source: &Source) {
    let Some(keys) = keys.upgrade() else { return };
    keys.replace(KeySet::none());
    let url = source.url().as_str();
    tracing::error!(target: "enfilade::auth", url, "the issuer's keys are too old: no token of it is accepted");
}

async fn maybe(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => pending().await,
    }
}

/// A tenth less at most, so that the machines of a cluster do not ask in step.
fn shortened(span: Duration) -> Duration {
    let mut byte = [0];
    rand::fill(&mut byte).expect("the system gives random bytes");
    span.saturating_sub(span / 10 * u32::from(byte[0]) / 255)
}
