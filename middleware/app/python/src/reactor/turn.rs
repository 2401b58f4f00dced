//! One turn of tokio, as `select` needs it: a future that is done when Python has something to do.
//!
//! ```text
//! timeout 0   once through the tasks that are ready and the events that have come
//! else        until python_ready, a descriptor, or the timeout
//! ```

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Sleep;

use super::{Local, descriptors::Descriptors};

/// How long a turn may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wait {
    Not,
    For(Duration),
    Forever,
}

impl Wait {
    /// As asyncio says it, in seconds: none is for ever.
    pub(super) fn of(seconds: Option<f64>) -> Self {
        match seconds {
            None => Self::Forever,
            Some(seconds) if seconds <= 0.0 => Self::Not,
            Some(seconds) => Duration::try_from_secs_f64(seconds).map_or(Self::Forever, Self::For),
        }
    }
}

/// The root future of a turn.
pub(super) struct Turn<'a> {
    local: &'a Local,
    descriptors: &'a Descriptors,
    wait: Wait,
    sleep: Option<Pin<&'a mut Sleep>>,
    begun: bool,
}

impl<'a> Turn<'a> {
    pub(super) fn new(local: &'a Local, descriptors: &'a Descriptors, wait: Wait) -> Self {
        // What was put into the loop outside a turn, asyncio has seen: its timeout is 0 then.
        local.ready.set(false);
        Self { local, descriptors, wait, sleep: None, begun: false }
    }

    pub(super) fn with_sleep(self, sleep: Pin<&'a mut Sleep>) -> Self {
        Self { sleep: Some(sleep), ..self }
    }

    fn begin(&mut self, waker: &Waker) {
        *self.local.turn.borrow_mut() = Some(waker.clone());
        for woken in self.local.woken.borrow_mut().drain(..) {
            woken.wake();
        }
        if self.wait == Wait::Not {
            waker.wake_by_ref();
        }
    }
}

impl Future for Turn<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.begun {
            self.begun = true;
            self.begin(cx.waker());
        } else if self.wait == Wait::Not || self.local.ready.get() {
            return Poll::Ready(());
        }
        if self.descriptors.poll_ready(cx).is_ready() {
            return Poll::Ready(());
        }
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.local.turn.take();
    }
}
