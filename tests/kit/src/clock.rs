//! Virtual time for everything of ours: it moves only when the test says so.
//!
//! ```text
//! TestClock ── clock() ──▶ enfilade_core::Clock ──▶ the link under test
//!     ├─ advance(…): wall and monotonic    time passes
//!     └─ set_unix(…), jump_ahead(…), jump_back(…): the wall clock alone    NTP, an administrator, a suspended laptop
//! ```
//!
//! 1. Whatever of ours judges by time is given a `Clock` when it is built, and reads nothing else: the wall for what
//!    other machines wrote (`exp`, cookie dates), the monotonic side for spans of its own. One `TestClock` moves them
//!    all; clones are the same clock.
//!
//!    | takes `time.clock()` | and judges by it |
//!    |---|---|
//!    | auth: `Verifier::builder().with_clock`, `CookieToken`'s builder, `NewToken` | `exp`, `nbf`, `iat`, the leeway, the cache |
//!    | auth: `Basic::with_clock`, `Revocations::with_clock` | how long a pair or a revocation is remembered |
//!    | cookie: `KeyRing::with_clock` | when a seal was made, and ends |
//!    | core: `Chain::with_trail`, `with_server_timing` | how long each link took |
//!    | core: `RenderRejections`, auth: `Auth`, server: `Server` (each `with_clock`) | the log: how often, how long |
//!
//! 2. Tasks that *wait* use tokio's timers: the server's deadlines, rates and grace period, your own `sleep` and
//!    `timeout`. `tokio::time::pause()`, or `#[tokio::test(start_paused = true)]`, makes those virtual. The two do not
//!    know of each other. A test that has both moves both:
//!    `time.advance(by); tokio::time::advance(by).await;`
//! 3. Paused tokio jumps to its next timer by itself when every task waits; a `TestClock` never does.
//! 4. No clock at all is read by the jar, policies and the hash pool. Two log lines that clients can cause (the
//!    server's faults, reserved cookies) are limited by the machine's own clock: the limit outlives any one chain.
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
//! time.jump_back(Duration::from_secs(3600));
//! assert_eq!(clock.unix_seconds(), 1_799_996_490);
//! assert_eq!(clock.monotonic(), Duration::from_secs(90), "spans go on");
//! ```
//!
//! Beside tokio's paused time:
//!
//! ```
//! use std::time::Duration;
//!
//! use enfilade_core::from_fn_with;
//! use enfilade_test::{Probe, TestClock, assert_header, drive};
//! use http::HeaderValue;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let time = TestClock::at(1_800_000_000);
//! let slow = from_fn_with(time.clock(), async |clock, req, next| {
//!     let start = clock.monotonic();
//!     tokio::time::sleep(Duration::from_secs(5)).await;
//!     let mut res = next.run(req).await?;
//!     res.headers_mut().insert("x-took", HeaderValue::from((clock.monotonic() - start).as_secs()));
//!     Ok(res)
//! });
//! let mut door = drive(slow, &Probe::ok());
//! let pass = async |by| {
//!     time.advance(by);
//!     tokio::time::advance(by).await;
//! };
//! let (reply, ()) = tokio::join!(door.get("/").send_async(), pass(Duration::from_secs(5)));
//! assert_header!(reply, "x-took" = "5");
//! # }
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

    /// Moves the wall clock ahead alone: a machine that slept.
    pub fn jump_ahead(&self, by: Duration) {
        self.now().wall += by;
    }

    /// Moves the wall clock back alone: what was issued a moment ago lies in the future now.
    pub fn jump_back(&self, by: Duration) {
        self.now().wall -= by;
    }

    /// What the wall clock shows, in seconds since 1970.
    pub fn unix_seconds(&self) -> u64 {
        self.clock().unix_seconds()
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<&TestClock> for Clock {
    fn from(time: &TestClock) -> Self {
        time.clock()
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
