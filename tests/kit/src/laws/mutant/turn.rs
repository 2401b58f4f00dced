//! The turnstile of a mutant that lets one request in at a time.
//!
//! ```text
//! Turn::take(&turnstile).await ──▶ Turn (until it is dropped) ──▶ the next one is woken
//! ```

use std::{
    future::poll_fn,
    mem,
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
};

#[derive(Clone, Default)]
pub(super) struct Turnstile(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    taken: bool,
    waiting: Vec<Waker>,
}

pub(super) struct Turn(Turnstile);

impl Turn {
    pub(super) async fn take(turnstile: &Turnstile) -> Self {
        poll_fn(|cx| {
            let mut state = turnstile.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !mem::replace(&mut state.taken, true) {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
        Self(turnstile.clone())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.taken = false;
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}
