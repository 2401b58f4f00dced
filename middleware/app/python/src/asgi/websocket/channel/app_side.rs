//! The app's end of a channel: what it receives, what it sends, how it ends.
//!
//! ```text
//! take ─▶ the next message, or a future of it          accept · write · close · deny ─▶ raises where it does not fit
//! returned ─▶ a close with 1000      raised ─▶ 1011      before it has accepted ─▶ 500
//! ```

use std::sync::Arc;

use bytes::Bytes;
use enfilade_core::Rejection;
use http::{HeaderMap, StatusCode};
use pyo3::{
    exceptions::{PyRuntimeError, PyValueError},
    prelude::*,
};

use super::{Channel, HIGH, Phase, State};
use crate::asgi::{
    app::App,
    exchange::{Head, Outgoing},
    leave::{client_gone as gone, settle},
    message::Message,
    reason,
    task::Conversation,
    websocket::{connection, deflate::Agreed, encode, message},
};

/// What there is to receive.
pub(in crate::asgi::websocket) enum Taken {
    Message(Py<PyAny>),
    Later(Py<PyAny>),
}

impl Channel {
    /// The next message.
    pub(in crate::asgi::websocket) fn take(&self, py: Python<'_>) -> PyResult<Taken> {
        let mut state = self.lock();
        match state.phase {
            Phase::Connect => {
                state.phase = Phase::Asked;
                drop(state);
                return message::connect(py).map(Taken::Message);
            }
            Phase::Asked | Phase::Denied => {
                drop(state);
                return self.wait_for_the_end(py);
            }
            Phase::Open | Phase::Closing | Phase::Ended => {}
        }
        if let Some(item) = state.queue.pop_front() {
            let was_full = state.is_full();
            state.queued -= item.cost;
            if was_full && !state.is_full() {
                state.wake();
            }
            drop(state);
            return message::receive(py, item.text, &item.payload).map(Taken::Message);
        }
        if let Some(end) = state.end.clone() {
            drop(state);
            self.wake_receivers(py);
            return message::disconnect(py, end.code, &end.reason).map(Taken::Message);
        }
        drop(state);
        let future = self.future(py)?;
        self.lock().receivers.push_back(future.clone_ref(py));
        Ok(Taken::Later(future))
    }

    /// While a handshake is not answered, or is answered by a response, there is its end to hear of.
    fn wait_for_the_end(&self, py: Python<'_>) -> PyResult<Taken> {
        let exchange = self.exchange();
        let gone = {
            let state = exchange.lock();
            state.gone || matches!(state.outgoing, Outgoing::Refused(_) | Outgoing::Done)
        };
        if gone {
            self.wake_receivers(py);
            return message::disconnect(py, 1006, "").map(Taken::Message);
        }
        let future = self.future(py)?;
        exchange.lock().receiving.push(future.clone_ref(py));
        Ok(Taken::Later(future))
    }

    /// One that was woken goes away without the message: another is woken for it.
    pub(in crate::asgi::websocket) fn pass_on(&self, py: Python<'_>) {
        let state = self.lock();
        let waits = !state.queue.is_empty() || state.end.is_some();
        drop(state);
        if waits {
            self.wake_receiver(py);
        }
    }

    pub(in crate::asgi::websocket) fn accept(
        &self,
        py: Python<'_>,
        subprotocol: Option<&str>,
        extra: HeaderMap,
    ) -> PyResult<()> {
        let mut state = self.lock();
        state.expect("websocket.accept", &[Phase::Connect, Phase::Asked])?;
        let Some(opening) = state.opening.take() else { return Err(no_more("websocket.accept")) };
        let offered = &opening.handshake.subprotocols;
        if let Some(name) = subprotocol
            && !offered.iter().any(|offered| offered == name)
        {
            state.opening = Some(opening);
            return Err(PyValueError::new_err(format!(
                "the client has not offered the subprotocol {name:?}"
            )));
        }
        let head = opening.handshake.response(subprotocol, extra);
        let mut answer = self.exchange().lock();
        answer.send(Message::Start(Head { parts: Box::new(head), trailers: false }))?;
        answer.send(Message::Body { data: Bytes::new(), more: false })?;
        let waiting = std::mem::take(&mut answer.receiving);
        drop(answer);
        let agreed = opening.handshake.agreed;
        state.encoder.deflater = agreed.map(Agreed::deflater);
        state.phase = Phase::Open;
        drop(state);
        let inflater = agreed.map(Agreed::inflater);
        let run = connection::run(
            self.clone(),
            self.0.settings,
            opening.handshake.upgrade,
            inflater,
            opening.ending,
        );
        self.app().remote.spawn(run);
        // They look again, now for messages.
        for waiting in waiting {
            settle(waiting.bind(py), Ok(py.None()));
        }
        self.wake_receivers(py);
        Ok(())
    }

    /// A future, where the client is slower than the app.
    pub(in crate::asgi::websocket) fn write(
        &self,
        py: Python<'_>,
        text: bool,
        payload: &[u8],
    ) -> PyResult<Option<Py<PyAny>>> {
        let mut state = self.lock();
        state.expect("websocket.send", &[Phase::Open])?;
        let State { encoder, out, .. } = &mut *state;
        encoder.message(text, payload, out);
        state.wake();
        if state.unwritten() < HIGH {
            return Ok(None);
        }
        drop(state);
        let future = self.future(py)?;
        self.lock().senders.push(future.clone_ref(py));
        Ok(Some(future))
    }

    pub(in crate::asgi::websocket) fn close(&self, code: u16, reason: &str) -> PyResult<()> {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Connect | Phase::Asked) {
            state.phase = Phase::Denied;
            state.opening = None;
            let mut answer = self.exchange().lock();
            if answer.gone {
                return Err(gone());
            }
            answer.outgoing = Outgoing::Refused(Box::new(refused()));
            answer.wake();
            return Ok(());
        }
        state.expect("websocket.close", &[Phase::Open])?;
        state.say_goodbye(code, reason);
        Ok(())
    }

    /// A part of a response instead of a handshake.
    pub(in crate::asgi::websocket) fn deny(
        &self,
        py: Python<'_>,
        message: Message,
    ) -> PyResult<Option<Py<PyAny>>> {
        let mut state = self.lock();
        state.expect("websocket.http.response", &[Phase::Connect, Phase::Asked, Phase::Denied])?;
        let mut answer = self.exchange().lock();
        answer.send(message)?;
        state.phase = Phase::Denied;
        state.opening = None;
        drop(state);
        if !answer.is_full() {
            return Ok(None);
        }
        drop(answer);
        let future = self.future(py)?;
        self.exchange().lock().sending.push(future.clone_ref(py));
        Ok(Some(future))
    }

    fn forget_task(&self) {
        // Dropped when nothing is locked any more.
        drop(self.exchange().ended());
    }

    fn is_unanswered(&self) -> bool {
        matches!(self.lock().phase, Phase::Connect | Phase::Asked | Phase::Denied)
    }
}

impl Conversation for Channel {
    fn app(&self) -> &Arc<App> {
        self.0.exchange.app()
    }

    fn returned(&self) {
        if self.is_unanswered() {
            return self.exchange().returned();
        }
        self.forget_task();
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.say_goodbye(1000, "");
        }
    }

    fn failed(&self, traceback: Option<String>) {
        if self.is_unanswered() {
            return self.exchange().failed(|| traceback);
        }
        self.forget_task();
        let mut state = self.lock();
        let phase = state.phase;
        if phase == Phase::Open {
            state.say_goodbye(1011, "");
        }
        drop(state);
        let Some(said) = traceback else { return };
        if phase == Phase::Ended {
            // Frameworks raise when they hear that the client has gone: no fault of the app's.
            tracing::debug!(target: "enfilade::asgi", "{said}");
        } else {
            reason::log("asgi.app-failed", &said);
        }
    }
}

impl State {
    fn expect(&self, what: &str, phases: &[Phase]) -> PyResult<()> {
        if phases.contains(&self.phase) {
            return Ok(());
        }
        Err(match self.phase {
            Phase::Ended => gone(),
            // It was not the app that has closed.
            Phase::Closing if self.end.is_some() => gone(),
            Phase::Connect | Phase::Asked => {
                PyRuntimeError::new_err(format!("`{what}` before `websocket.accept`"))
            }
            Phase::Denied | Phase::Closing => no_more(what),
            Phase::Open => PyRuntimeError::new_err(format!("`{what}` after `websocket.accept`")),
        })
    }

    pub(super) fn say_goodbye(&mut self, code: u16, reason: &str) {
        encode::close(Some(code), reason, &mut self.out);
        self.phase = Phase::Closing;
        self.wake();
    }
}

fn no_more(what: &str) -> PyErr {
    PyRuntimeError::new_err(format!("`{what}` after `websocket.close` or a response"))
}

fn refused() -> Rejection {
    Rejection::new(StatusCode::FORBIDDEN, "asgi.websocket-refused")
        .with_detail("the app takes no WebSocket here")
}
