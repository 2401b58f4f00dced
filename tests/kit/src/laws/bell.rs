//! The waker of the laws: it counts its rings, and who waits for one learns of it.
//!
//! ```text
//! poll(with bell) ── Pending ──▶ settle: let others run ──▶ rung? ── no ──▶ wait, not for ever ──▶ poll again
//! ```
//!
//! It asks nothing of the executor: [`settle`] yields to whichever polls the laws, so background tasks of a runtime run.

use std::{
    future::poll_fn,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

/// How long something that must come may take. Real time, and only spent by a layer that breaks a law.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often others may run before the laws look again: more steps than any chain of background tasks has.
const YIELDS: usize = 32;

/// A waker that counts.
#[derive(Clone, Default)]
pub(super) struct Bell(Arc<Inner>);

#[derive(Default)]
struct Inner {
    rings: AtomicUsize,
    listener: Mutex<Option<Waker>>,
}

impl Bell {
    /// Polls something with this bell as its waker.
    pub(super) fn poll<T>(&self, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let waker = Waker::from(self.0.clone());
        poll(&mut Context::from_waker(&waker))
    }

    /// How often it rang.
    pub(super) fn rings(&self) -> usize {
        self.0.rings.load(Ordering::SeqCst)
    }

    /// Waits until it has rung more than `before` times; `false` if that does not come.
    pub(super) async fn rung_since(&self, before: usize) -> bool {
        for _ in 0..YIELDS {
            if self.rings() > before {
                return true;
            }
            yield_now().await;
        }
        let patience = Patience::start();
        poll_fn(|cx| {
            *self.0.listener() = Some(cx.waker().clone());
            patience.listen(cx.waker());
            match (self.rings() > before, patience.is_over()) {
                (true, _) => Poll::Ready(true),
                (false, true) => Poll::Ready(false),
                (false, false) => Poll::Pending,
            }
        })
        .await
    }
}

impl Inner {
    fn listener(&self) -> MutexGuard<'_, Option<Waker>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, Ordering::SeqCst);
        let listener = self.listener().take();
        if let Some(listener) = listener {
            listener.wake();
        }
    }
}

/// Whether a bell that was silent rings; others run meanwhile, but a paused clock does not move on.
///
/// Who only waits lets tokio's paused clock jump to the next timer, and a timeout's ring is not the one asked for.
pub(super) async fn rings_meanwhile(bell: &Bell) -> bool {
    settle().await;
    if bell.rings() > 0 {
        return true;
    }
    let patience = Patience::start();
    while bell.rings() == 0 && !patience.is_over() {
        yield_now().await;
    }
    bell.rings() > 0
}

/// Lets everybody else on this executor run for a while.
pub(super) async fn settle() {
    for _ in 0..YIELDS {
        yield_now().await;
    }
}

/// Polls until it is ready; `None` when it waits and nothing wakes it.
pub(super) async fn until<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
    let bell = Bell::default();
    loop {
        // A runtime gives each task a budget of polls; yielding renews it.
        yield_now().await;
        let before = bell.rings();
        if let Poll::Ready(output) = bell.poll(&mut poll) {
            return Some(output);
        }
        if !bell.rung_since(before).await {
            return None;
        }
    }
}

/// Waits until the condition holds; `false` if it never does.
pub(super) async fn eventually(condition: impl Fn() -> bool) -> bool {
    for _ in 0..YIELDS {
        settle().await;
        if condition() {
            return true;
        }
    }
    false
}

async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A deadline that needs no runtime: a thread, which ends with it.
struct Patience(Arc<Deadline>);

#[derive(Default)]
struct Deadline {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    over: bool,
    listener: Option<Waker>,
}

impl Patience {
    fn start() -> Self {
        let deadline = Arc::new(Deadline::default());
        let watched = deadline.clone();
        thread::spawn(move || {
            let state = watched.state();
            let waited = watched.changed.wait_timeout_while(state, PATIENCE, |state| !state.over);
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.over = true;
            let listener = state.listener.take();
            drop(state);
            if let Some(listener) = listener {
                listener.wake();
            }
        });
        Self(deadline)
    }

    fn listen(&self, waker: &Waker) {
        self.0.state().listener = Some(waker.clone());
    }

    fn is_over(&self) -> bool {
        self.0.state().over
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.over = true;
        state.listener = None;
        drop(state);
        self.0.changed.notify_all();
    }
}

impl Deadline {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
