//! So many log lines that a client can cause, and no more: a [`LogLimit`] says how many were left out.
//!
//! ```text
//! span 1: line line line ·····   span 2: line (left out: 5) line …
//! ```
//!
//! One atomic word holds the span and the lines written in it, so a flood costs no lock.
//!
//! ```
//! use enfilade_core::{Clock, LogLimit};
//! use std::time::Duration;
//!
//! let limit = LogLimit::new(2, Duration::from_secs(3600));
//! let clock = Clock::system();
//! let written = (0..5).filter_map(|_| limit.admit(&clock)).count();
//! assert!(written <= 4, "two in a span; the test may stand on the border of two spans");
//! ```

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use crate::Clock;

/// Admits a number of log lines per span of time and counts the others. See the [module docs](self).
#[derive(Debug)]
pub struct LogLimit {
    lines: u32,
    span: Duration,
    /// The number of the span in the upper half, the lines written in it in the lower.
    now: AtomicU64,
    left_out: AtomicU64,
}

impl LogLimit {
    /// At most `lines` lines in each `span`; a span shorter than a millisecond counts as one.
    pub const fn new(lines: u32, span: Duration) -> Self {
        Self { lines, span, now: AtomicU64::new(0), left_out: AtomicU64::new(0) }
    }

    /// `Some` when a line may be written, with the number of lines left out since the last one.
    pub fn admit(&self, clock: &Clock) -> Option<u64> {
        let spans = clock.monotonic().as_millis() / self.span.as_millis().max(1);
        // One is added so that no line was written in span 0, the value at the start.
        let span = (u64::try_from(spans).unwrap_or(u64::MAX).saturating_add(1)) & u64::from(u32::MAX);
        let admitted = self.now.fetch_update(Relaxed, Relaxed, |now| {
            let written = if now >> 32 == span { now & u64::from(u32::MAX) } else { 0 };
            (written < u64::from(self.lines)).then_some(span << 32 | (written + 1))
        });
        if admitted.is_err() {
            self.left_out.fetch_add(1, Relaxed);
            return None;
        }
        Some(self.left_out.swap(0, Relaxed))
    }
}
