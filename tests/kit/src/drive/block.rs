//! Waits for a future on this thread: polls it, and parks until something wakes it.
//!
//! ```text
//! poll ── Pending ──▶ park until woken ──▶ poll …      nobody woke it for long: fail, and say why
//! ```

use std::{
    pin::pin,
    sync::{Arc, Condvar, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// How long nothing may happen. Long enough for a password hash on a busy machine, short enough to be noticed.
const PATIENCE: Duration = Duration::from_secs(10);

#[track_caller]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        assert!(
            bell.wait(),
            "still pending after {PATIENCE:?}, and nothing woke it. Does it wait for a timer or a socket? \
             Then use `send_async` inside a runtime. Is the probe held, or its answer `hang`? Then use `start`."
        );
    }
}

/// A bell that stays rung until somebody heard it.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    /// Waits for the bell; `false` when it did not ring in time.
    fn wait(&self) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ring.wait_timeout_while(rung, PATIENCE, |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ring.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, thread};

    use super::*;

    #[test]
    fn a_wake_from_another_thread_is_heard() {
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            polls += 1;
            let waker = cx.waker().clone();
            if polls == 1 {
                thread::spawn(move || waker.wake());
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        assert_eq!(polls, 2);
    }
}
