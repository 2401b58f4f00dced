//! Virtual time: it moves only when the test says so.
//!
//! ```text
//! TestClock ── clock() ──▶ enfilade_core::Clock ──▶ the link under test
//!     └─ advance(…): wall and monotonic    └─ set_unix(…): the wall clock jumps
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use enfilade_test::TestClock;
//!
//! let time = TestClock::at(1_800_000_000);
//! let clock = time.clock();
//! time.advance(Duration::from_secs(90));
//! assert_eq!(clock.unix_seconds(), 1_800_000_090);
//! assert_eq!(clock.monotonic(), Duration::from_secs(90));
//!
//! time.set_unix(5);
//! assert_eq!(clock.unix_seconds(), 5);
//! assert_eq!(clock.monotonic(), Duration::from_secs(90));
//! ```

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use enfilade_core::{Clock, TimeSource};

/// A clock that the test moves by hand; clones are the same clock.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Mutex<Now>>);

#[derive(Debug)]
struct Now {
    wall: SystemTime,
    monotonic: Duration,
}

impl TestClock {
    /// A clock whose wall shows `unix` seconds since 1970; its monotonic side starts at zero.
    pub fn at(unix: u64) -> Self {
        Self(Arc::new(Mutex::new(Now { wall: after_epoch(unix), monotonic: Duration::ZERO })))
    }

    /// What the code under test takes.
    pub fn clock(&self) -> Clock {
        Clock::from_source(self.clone())
    }

    /// Lets time pass on both sides.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now();
        now.wall += by;
        now.monotonic += by;
    }

    /// Sets the wall clock, as an administrator or NTP does; the monotonic side stays.
    pub fn set_unix(&self, unix: u64) {
        self.now().wall = after_epoch(unix);
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TimeSource for TestClock {
    fn wall(&self) -> SystemTime {
        self.now().wall
    }

    fn monotonic(&self) -> Duration {
        self.now().monotonic
    }
}

fn after_epoch(unix: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(unix)
}
