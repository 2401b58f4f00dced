//! One timer for all that a run waits for, touched only when the run has to wait.
//!
//! ```text
//! every sign of life ─▶ `until` moves on         a number: the timer stays where it is
//! nothing to do ──────▶ the timer, moved if it is too late; too early, it is moved when it fires
//! ```

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::process::later;

/// How long nothing may happen.
pub(super) struct Patience {
    until: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) fn new(span: Duration) -> Self {
        Self { until: later(Instant::now(), span), timer: None }
    }

    /// Begins anew.
    pub(super) fn wait(&mut self, span: Duration) {
        self.until = later(Instant::now(), span);
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    pub(super) fn is_over(&self) -> bool {
        self.until <= Instant::now()
    }

    /// Waits for a moment, and for no other.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if at <= Instant::now() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(at);
        }
    }
}
