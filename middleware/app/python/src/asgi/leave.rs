//! How an exchange ends before its time: by the clock, by a client that goes, by a server that ends.
//!
//! ```text
//! no head by the deadline ─▶ 504 asgi.timeout ─┐
//! future or body dropped ──────────────────────┴▶ receive: http.disconnect, send: OSError ── grace ─▶ task.cancel()
//! the server drains ─▶ who streams: http.disconnect ── grace, if its stream is of events ─▶ its end
//! ```

use pyo3::{exceptions::PyOSError, intern, prelude::*};
use tokio::time::Instant;

use super::{
    exchange::{Exchange, Outgoing},
    reason,
    receive::Incoming,
};

impl Exchange {
    /// Refuses by 504 what has no head in time; its app is told as if its client had gone.
    pub(super) fn look_at_the_clock(&self, now: Instant) {
        let mut state = self.lock();
        let late = state.since().is_some_and(|since| now - since >= self.app().settings.deadline);
        if late
            && matches!(state.outgoing, Outgoing::Waiting | Outgoing::Started(_) | Outgoing::Opening(_))
            && !state.gone
        {
            state.outgoing = Outgoing::Refused(Box::new(reason::timeout()));
            state.wake();
        }
    }

    /// Nobody waits for the response any more: the app is told, waited for, and cancelled unless it was done.
    pub(super) fn let_go(&self) {
        let mut state = self.lock();
        let sink = matches!(state.outgoing, Outgoing::Sink);
        // The rest of a body that nobody gets is taken and thrown away.
        state.gone = !state.complete && !sink;
        if !sink {
            state.outgoing = Outgoing::Done;
        }
        let body = std::mem::replace(&mut state.incoming, Incoming::Over);
        let cancel = !state.complete && !state.task_ended;
        state.draining = true;
        let receiving = std::mem::take(&mut state.receiving);
        let sending = std::mem::take(&mut state.sending);
        let reader = state.reader.take();
        drop(state);
        drop(body);
        // It would wait for ever for a body that is dropped.
        if let Some(reader) = reader {
            reader.abort();
        }
        self.settle_all(receiving, |py| Ok(py.None()));
        self.settle_all(sending, if sink { |py| Ok(py.None()) } else { |_| Err(client_gone()) });
        if cancel {
            self.cancel_later(Unless::Complete);
        }
    }

    /// Cancels the app's task when its grace has passed.
    pub(super) fn cancel_later(&self, unless: Unless) {
        let exchange = self.clone();
        self.app().remote.spawn(async move {
            tokio::time::sleep(exchange.app().settings.grace).await;
            let mut state = exchange.lock();
            let task = if state.complete && unless == Unless::Complete { None } else { state.take_task() };
            drop(state);
            if let Some(task) = task {
                Python::attach(|py| task.call_method0(py, intern!(py, "cancel")).map(drop)).ok();
            }
        });
    }

    /// The server drains: an app that streams, or will, hears that its client is to go; what it still sends arrives.
    pub(super) fn drain(&self) {
        let mut state = self.lock();
        state.draining = true;
        let streams = matches!(state.outgoing, Outgoing::Streaming(_));
        let receiving = if streams { std::mem::take(&mut state.receiving) } else { Vec::new() };
        let events = matches!(&state.outgoing, Outgoing::Streaming(stream) if stream.events);
        drop(state);
        self.settle_all(receiving, |py| Ok(py.None()));
        if events {
            self.end_events_later();
        }
    }

    /// A stream of events goes on for ever: it ends in peace, and its client comes back to another server.
    fn end_events_later(&self) {
        let exchange = self.clone();
        self.app().remote.spawn(async move {
            tokio::time::sleep(exchange.app().settings.grace).await;
            let mut state = exchange.lock();
            let Outgoing::Streaming(stream) = &mut state.outgoing else { return };
            if stream.end.is_none() {
                stream.end = Some(Ok(()));
                state.gone = true;
                state.wake();
            }
        });
    }

    /// Sets the result of futures of Python's, on the loop's thread.
    pub(super) fn settle_all(&self, futures: Vec<Py<PyAny>>, outcome: fn(Python<'_>) -> PyResult<Py<PyAny>>) {
        if futures.is_empty() {
            return;
        }
        let settle = move || {
            Python::attach(|py| {
                for future in futures {
                    settle(future.bind(py), outcome(py));
                }
            });
        };
        if self.app().is_here() {
            settle();
        } else {
            self.app().remote.spawn(async move { settle() });
        }
    }
}

/// What saves a task from its cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unless {
    /// Its end, or the end of its response: what it still does is its own.
    Complete,
    Ended,
}

/// What `send` raises since version 2.4 of the specification.
pub(super) fn client_gone() -> PyErr {
    PyOSError::new_err("the client has gone")
}

/// Ends a future unless it is done: one that the app has cancelled is. Whether somebody waited for it.
pub(super) fn settle(future: &Bound<'_, PyAny>, outcome: PyResult<Py<PyAny>>) -> bool {
    if is_done(future) {
        return false;
    }
    let py = future.py();
    let set = match outcome {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,)),
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error.into_value(py),)),
    };
    set.is_ok()
}

/// Whether a future has a result, or was cancelled.
pub(super) fn is_done(future: &Bound<'_, PyAny>) -> bool {
    let done = future.call_method0(intern!(future.py(), "done"));
    done.and_then(|done| done.is_truthy()).unwrap_or(true)
}
