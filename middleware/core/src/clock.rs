//! Where every link of ours gets the time from: a [`Clock`] given when the chain is built.
//!
//! ```text
//! Clock::system()      the machine's wall clock and monotonic clock
//! Clock::from_source   yours: tests step it by hand, so no test of a link ever sleeps
//! ```
//!
//! ```
//! use enfilade_core::Clock;
//!
//! let clock = Clock::system();
//! let start = clock.monotonic();
//! assert!(clock.monotonic() >= start);
//! assert!(clock.unix_seconds() > 1_700_000_000);
//! ```

#![expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A source of time, for tests and simulations.
pub trait TimeSource: Send + Sync + 'static {
    /// The wall clock: may jump.
    fn wall(&self) -> SystemTime;
    /// Time since some fixed moment: never goes back.
    fn monotonic(&self) -> Duration;
}

/// The wall clock and the monotonic clock that a link judges by. Cheap to clone.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn TimeSource>>);

impl Clock {
    /// The machine's own clocks.
    pub fn system() -> Self {
        Self(None)
    }

    /// Another source of time.
    pub fn from_source(source: impl TimeSource) -> Self {
        Self(Some(Arc::new(source)))
    }

    /// The wall clock: for what other machines wrote (`exp`, `iat`, cookie dates).
    pub fn wall(&self) -> SystemTime {
        match &self.0 {
            None => SystemTime::now(),
            Some(source) => source.wall(),
        }
    }

    /// The wall clock in whole seconds since 1970; 0 before that.
    pub fn unix_seconds(&self) -> u64 {
        self.wall().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// Time since a fixed moment: for spans that this process measures itself.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            None => Instant::now().saturating_duration_since(origin()),
            Some(source) => source.monotonic(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_none() { "Clock(system)" } else { "Clock(given)" })
    }
}

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}
