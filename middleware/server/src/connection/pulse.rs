//! What a connection is doing, and how long it may go on doing that.
//!
//! ```text
//! First ──request──▶ Busy ──last response done──▶ Idle ──bytes (HTTP/1)──▶ Head ──request──▶ Busy
//!  head_timeout       see `stall`                  idle_timeout             head_timeout
//! ```
//!
//! 1. `First` counts from accept and covers TLS, version and head: one deadline, set once, moved by nothing.
//! 2. hyper has one timer for rest and head; it is off, and these two are told apart here.
//! 3. Over HTTP/2 bytes between requests may be a ping or a window update, so `Idle` stays `Idle`.
//! 4. A busy connection is looked at again now and then: a stream may end on another thread after the last wake-up.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

/// Counters of one connection: written by its I/O and its requests, read by its task.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    begun: AtomicU64,
    ended: AtomicU64,
    reads: AtomicU64,
    writes: AtomicU64,
    turns: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beat {
    pub(super) begun: u64,
    pub(super) ended: u64,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

impl Pulse {
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, Relaxed);
    }

    pub(crate) fn end(&self) {
        self.ended.fetch_add(1, Relaxed);
    }

    /// The connection's task begins a turn.
    pub(super) fn turn(&self) {
        self.turns.store(self.turns.load(Relaxed) + 1, Relaxed);
    }

    /// How many turns it has begun.
    pub(crate) fn turns(&self) -> u64 {
        self.turns.load(Relaxed)
    }

    // Whoever has the socket counts these two, one task at a time: no need to lock the word.
    pub(super) fn read(&self) {
        self.reads.store(self.reads.load(Relaxed) + 1, Relaxed);
    }

    pub(super) fn wrote(&self) {
        self.writes.store(self.writes.load(Relaxed) + 1, Relaxed);
    }

    pub(super) fn beat(&self) -> Beat {
        // `ended` first: a request that ends meanwhile counts as running, and is seen at the next look.
        let ended = self.ended.load(Relaxed);
        Beat {
            begun: self.begun.load(Relaxed),
            ended,
            reads: self.reads.load(Relaxed),
            writes: self.writes.load(Relaxed),
        }
    }
}

/// The spans that the phases may last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    /// Whether bytes between requests belong to a request: not so over HTTP/2.
    pub(super) http1: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    First,
    Busy,
    Idle,
    Head,
}

/// Follows one connection from phase to phase.
#[derive(Debug)]
pub(super) struct Watch {
    spans: Spans,
    phase: Phase,
    until: Instant,
    seen: Beat,
}

impl Watch {
    /// `first` is when the first request must have come.
    pub(super) fn new(spans: Spans, first: Instant) -> Self {
        Self { spans, phase: Phase::First, until: first, seen: Beat::default() }
    }

    /// Takes note of what happened. `now` is asked for only when something did that counts; then it is returned.
    pub(super) fn observe(&mut self, beat: Beat, now: impl FnOnce() -> Instant) -> Option<Instant> {
        if beat == self.seen {
            return None;
        }
        let seen = std::mem::replace(&mut self.seen, beat);
        let came = beat.begun != seen.begun;
        let (phase, span) = match self.phase {
            Phase::First if beat.begun == 0 => return None,
            _ if beat.begun != beat.ended => (Phase::Busy, self.spans.idle),
            Phase::First | Phase::Busy => (Phase::Idle, self.spans.idle),
            _ if came => (Phase::Idle, self.spans.idle),
            Phase::Idle if beat.reads != seen.reads && self.spans.http1 => (Phase::Head, self.spans.head),
            // The end of the last response is still being sent. Over HTTP/2 it may be the answer to a ping.
            Phase::Idle if beat.writes != seen.writes && self.spans.http1 => (Phase::Idle, self.spans.idle),
            Phase::Idle | Phase::Head => return None,
        };
        let now = now();
        self.phase = phase;
        self.until = now + span;
        Some(now)
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// When to look again.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Looks again later at a busy connection.
    pub(super) fn snooze(&mut self, now: Instant) {
        self.until = now + self.spans.idle;
    }

    /// Leaves a resting connection, which was told goodbye, some time to close.
    pub(super) fn farewell(&mut self, now: Instant) {
        self.until = now + self.spans.head;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(http1: bool) -> (Watch, Instant) {
        let start = Instant::now();
        let spans = Spans { head: Duration::from_secs(10), idle: Duration::from_secs(60), http1 };
        (Watch::new(spans, start + Duration::from_secs(10)), start)
    }

    fn beat(begun: u64, ended: u64, reads: u64, writes: u64) -> Beat {
        Beat { begun, ended, reads, writes }
    }

    /// Beats, one a second, and the phase and the deadline after each.
    #[track_caller]
    fn follow(http1: bool, steps: &[(Beat, Phase, u64)]) {
        let (mut watch, start) = watch(http1);
        for (second, (beat, phase, until)) in (0..).zip(steps) {
            watch.observe(*beat, || start + Duration::from_secs(second));
            let left = (watch.until() - start).as_secs();
            assert_eq!((watch.phase(), left), (*phase, *until), "at second {second}: {beat:?}");
        }
    }

    #[test]
    fn bytes_of_the_first_head_move_no_deadline() {
        follow(
            true,
            &[
                (beat(0, 0, 1, 0), Phase::First, 10),
                (beat(0, 0, 2, 0), Phase::First, 10),
                (beat(0, 0, 9, 0), Phase::First, 10),
                (beat(1, 0, 10, 0), Phase::Busy, 63),
            ],
        );
    }

    #[test]
    fn rest_and_head_have_deadlines_of_their_own_over_http1() {
        follow(
            true,
            &[
                (beat(1, 1, 1, 1), Phase::Idle, 60),
                (beat(1, 1, 2, 1), Phase::Head, 11),
                (beat(1, 1, 3, 1), Phase::Head, 11),
                (beat(2, 2, 4, 2), Phase::Idle, 63),
                (beat(2, 2, 4, 3), Phase::Idle, 64),
            ],
        );
    }

    #[test]
    fn pings_are_no_head_and_no_request_over_http2() {
        follow(
            false,
            &[
                (beat(1, 0, 1, 1), Phase::Busy, 60),
                (beat(2, 1, 2, 1), Phase::Busy, 61),
                (beat(2, 2, 3, 1), Phase::Idle, 62),
                (beat(2, 2, 4, 2), Phase::Idle, 62),
            ],
        );
    }

    #[test]
    fn the_clock_is_not_asked_when_nothing_happened() {
        let (mut watch, _) = watch(true);
        watch.observe(Beat::default(), || unreachable!("nothing happened"));
    }
}
