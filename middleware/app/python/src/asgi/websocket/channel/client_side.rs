//! The connection's end of a channel: what the client says, what it is to be sent, how it ends.
//!
//! ```text
//! event ─▶ the queue, a pong, the closing handshake        take_out ─▶ bytes to write ─▶ written
//! lost, failed ─▶ the app is told, waited for, and cancelled unless it was done
//! ```

use pyo3::{
    prelude::*,
    types::{PyBytes, PyString},
};

use super::{Channel, End, HIGH, ITEM, Item, Phase};
use crate::asgi::{
    leave::Unless,
    websocket::{
        decode::{Event, Fault},
        encode,
    },
};

/// What the client's word means for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::asgi::websocket) enum Next {
    Go,
    /// So much is on its way that nothing more is read.
    Pause,
    /// Both sides have said their last.
    Over,
}

impl Channel {
    pub(in crate::asgi::websocket) fn event(&self, event: Event<'_>) -> Next {
        match event {
            Event::Text(text) => {
                Python::attach(|py| self.message(py, true, text.len(), || PyString::new(py, text).into_any()))
            }
            Event::Binary(data) => {
                Python::attach(|py| self.message(py, false, data.len(), || PyBytes::new(py, data).into_any()))
            }
            Event::Ping(payload) => {
                let mut state = self.lock();
                // RFC 6455 §5.5.2: no pong once a close frame was sent.
                if state.phase == Phase::Open {
                    encode::pong(payload, &mut state.out);
                }
                if state.is_full() { Next::Pause } else { Next::Go }
            }
            Event::Pong => Next::Go,
            Event::Close(said) => {
                self.closed(said);
                Next::Over
            }
        }
    }

    fn message<'py>(
        &self,
        py: Python<'py>,
        text: bool,
        length: usize,
        payload: impl FnOnce() -> Bound<'py, PyAny>,
    ) -> Next {
        // Whoever has said goodbye listens for nothing but the answer.
        if self.lock().phase != Phase::Open {
            return Next::Go;
        }
        let payload = payload().unbind();
        let cost = length + ITEM;
        let mut state = self.lock();
        state.queue.push_back(Item { text, payload, cost });
        state.queued += cost;
        let next = if state.is_full() { Next::Pause } else { Next::Go };
        drop(state);
        self.wake_receiver(py);
        next
    }

    /// The client's close frame: answered by one with the same code, unless ours was first.
    fn closed(&self, said: Option<(u16, &str)>) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            encode::close(said.map(|(code, _)| code), "", &mut state.out);
        }
        drop(state);
        let (code, reason) = said.unwrap_or((1005, ""));
        self.end(code, reason);
    }

    /// The connection broke, or its client is as good as gone.
    pub(in crate::asgi::websocket) fn lost(&self) {
        self.end(1006, "");
    }

    /// The client has broken the rules.
    pub(in crate::asgi::websocket) fn fault(&self, fault: Fault) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            encode::close(Some(fault.code()), fault.reason(), &mut state.out);
        }
        drop(state);
        self.end(fault.code(), fault.reason());
    }

    /// The server ends.
    pub(in crate::asgi::websocket) fn going_away(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.say_goodbye(1001, "");
            state.end = Some(End { code: 1001, reason: String::new() });
        }
        drop(state);
        Python::attach(|py| {
            self.wake_receivers(py);
            self.wake_senders(py);
        });
    }

    fn end(&self, code: u16, reason: &str) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.phase, Phase::Ended) == Phase::Ended {
            return;
        }
        state.end.get_or_insert_with(|| End { code, reason: reason.to_owned() });
        drop(state);
        Python::attach(|py| {
            self.wake_receivers(py);
            self.wake_senders(py);
        });
        self.exchange().cancel_later(Unless::Ended);
    }

    /// Whether a close frame of ours is on its way and the client's has not come.
    pub(in crate::asgi::websocket) fn is_closing(&self) -> bool {
        self.lock().phase == Phase::Closing
    }

    /// Whether so much is on its way that nothing more is to be read.
    pub(in crate::asgi::websocket) fn is_full(&self) -> bool {
        let state = self.lock();
        match state.phase {
            Phase::Open => state.is_full(),
            _ => false,
        }
    }

    pub(in crate::asgi::websocket) fn ping(&self) {
        encode::ping(&mut self.lock().out);
    }

    /// Exchanges what is to be written for memory that is empty.
    pub(in crate::asgi::websocket) fn take_out(&self, empty: &mut Vec<u8>) {
        let mut state = self.lock();
        std::mem::swap(&mut state.out, empty);
        state.taken = empty.len();
    }

    /// So many bytes of what was taken out are written.
    pub(in crate::asgi::websocket) fn written(&self, bytes: usize) {
        let mut state = self.lock();
        state.taken -= bytes;
        let resume = !state.senders.is_empty() && state.unwritten() < HIGH / 2;
        drop(state);
        if resume {
            Python::attach(|py| self.wake_senders(py));
        }
    }
}
