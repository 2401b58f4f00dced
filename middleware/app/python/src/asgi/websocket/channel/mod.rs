//! What an app and its WebSocket's connection share: messages on the way in, bytes on the way out, how far both are.
//!
//! ```text
//! Connect ─ receive ─▶ Asked ─┬─ accept ──▶ Open ──┬─ close, the app's end, drain ─▶ Closing ──▶ Ended
//!                             ├─ response ▶ Denied └─ the client's close, its end ────────────▶ Ended
//!                             └─ close ───▶ Denied
//! ```
//!
//! Python is called while nothing is locked: a collection of its garbage may run code that comes back here.

mod app_side;
mod client_side;

pub(super) use self::{app_side::Taken, client_side::Next};

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use pyo3::prelude::*;

use super::{WebSocketSettings, encode::Encoder, handshake::Handshake, lifetime::Ending};
use crate::{
    asgi::{app::App, exchange::Exchange, leave::settle},
    reactor::Local,
};

/// Bytes on their way, in each direction, before whoever makes more must wait.
pub(super) const HIGH: usize = 64 << 10;

/// What a message costs beside its bytes.
const ITEM: usize = 64;

/// See the [module docs](self).
#[derive(Clone)]
pub(in crate::asgi) struct Channel(Arc<Shared>);

struct Shared {
    exchange: Exchange,
    settings: WebSocketSettings,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// Until the app has answered.
    opening: Option<Opening>,
    queue: VecDeque<Item>,
    queued: usize,
    /// Why there will be no more messages.
    end: Option<End>,
    encoder: Encoder,
    out: Vec<u8>,
    /// Bytes that the connection has taken out of `out` and not yet written.
    taken: usize,
    receivers: VecDeque<Py<PyAny>>,
    senders: Vec<Py<PyAny>>,
    waker: Option<Waker>,
}

struct Opening {
    handshake: Handshake,
    ending: Option<Ending>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connect,
    Asked,
    /// Answered by a response that is no handshake.
    Denied,
    Open,
    /// A close frame is on its way to the client.
    Closing,
    Ended,
}

struct Item {
    text: bool,
    payload: Py<PyAny>,
    cost: usize,
}

#[derive(Clone)]
struct End {
    code: u16,
    reason: String,
}

impl Channel {
    pub(super) fn new(
        exchange: Exchange,
        settings: WebSocketSettings,
        handshake: Handshake,
        ending: Option<Ending>,
    ) -> Self {
        let state = State {
            phase: Phase::Connect,
            opening: Some(Opening { handshake, ending }),
            queue: VecDeque::new(),
            queued: 0,
            end: None,
            encoder: Encoder::default(),
            out: Vec::new(),
            taken: 0,
            receivers: VecDeque::new(),
            senders: Vec::new(),
            waker: None,
        };
        Self(Arc::new(Shared { exchange, settings, state: Mutex::new(state) }))
    }

    pub(super) fn exchange(&self) -> &Exchange {
        &self.0.exchange
    }

    pub(super) fn app(&self) -> &Arc<App> {
        self.0.exchange.app()
    }

    pub(super) fn subprotocols(&self) -> Vec<String> {
        self.lock().opening.as_ref().map(|opening| opening.handshake.subprotocols.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn future(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.app().create_future(py).map(Bound::unbind)
    }

    /// Wakes the first that waits for a message and was not cancelled.
    fn wake_receiver(&self, py: Python<'_>) {
        loop {
            let Some(receiver) = self.lock().receivers.pop_front() else { return };
            if settle(receiver.bind(py), Ok(py.None())) {
                return;
            }
        }
    }

    fn wake_receivers(&self, py: Python<'_>) {
        let receivers = std::mem::take(&mut self.lock().receivers);
        for receiver in receivers {
            settle(receiver.bind(py), Ok(py.None()));
        }
    }

    fn wake_senders(&self, py: Python<'_>) {
        let senders = std::mem::take(&mut self.lock().senders);
        for sender in senders {
            settle(sender.bind(py), Ok(py.None()));
        }
    }

    /// The connection's task is woken by what the app does from now on.
    pub(super) fn listen(&self, cx: &Context<'_>) {
        let mut state = self.lock();
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
    }
}

impl State {
    /// Bytes that the client has not taken.
    fn unwritten(&self) -> usize {
        self.out.len() + self.taken
    }

    fn is_full(&self) -> bool {
        self.queued >= HIGH || self.unwritten() >= HIGH
    }

    /// Tells the connection that there is something new.
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            match Local::current() {
                Some(local) => local.wake(waker),
                None => waker.wake(),
            }
        }
    }
}
