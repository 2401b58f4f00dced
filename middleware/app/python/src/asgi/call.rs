//! The two callables that an app is given, and what they return.
//!
//! ```text
//! receive() ─▶ a Ready that holds the message, or a future of asyncio's
//! send(m) ───▶ the one Ready that holds None,  or a future of asyncio's
//! ```
//!
//! A `Ready` is awaited without a turn of the loop. It has a coroutine's methods, so that `asyncio.create_task` takes it.

use std::sync::Mutex;

use pyo3::{exceptions::PyStopIteration, prelude::*, types::PyTuple};

use super::{
    exchange::Exchange,
    message::Message,
    receive::{Received, receive},
};

/// `receive`.
#[pyclass(frozen, module = "enfilade", name = "receive")]
pub(super) struct Receive(pub(super) Exchange);

#[pymethods]
impl Receive {
    fn __call__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match receive(py, &self.0)? {
            Received::Now(message) => Ok(Py::new(py, Ready::new(Some(message)))?.into_any()),
            Received::Later(future) => Ok(future),
        }
    }
}

/// `send`.
#[pyclass(frozen, module = "enfilade", name = "send")]
pub(super) struct Send(pub(super) Exchange);

#[pymethods]
impl Send {
    fn __call__(&self, py: Python<'_>, message: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let message = Message::of(&message)?;
        let mut state = self.0.lock();
        state.send(message)?;
        let waits = state.throttle(py, &self.0.app().event_loop)?;
        drop(state);
        Ok(waits.unwrap_or_else(|| self.0.app().done.clone_ref(py).into_any()))
    }
}

/// An awaitable that is done.
#[pyclass(frozen, module = "enfilade")]
pub(super) struct Ready(Mutex<Option<Py<PyAny>>>);

impl Ready {
    /// Without a value it is `None` as often as it is awaited.
    pub(super) fn new(value: Option<Py<PyAny>>) -> Self {
        Self(Mutex::new(value))
    }

    fn end(&self) -> Option<Py<PyAny>> {
        self.0.lock().ok().and_then(|mut value| value.take())
    }
}

#[pymethods]
impl Ready {
    fn send(&self, _value: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Err(PyStopIteration::new_err((self.end(),)))
    }

    #[pyo3(signature = (*error))]
    #[allow(clippy::unused_self, reason = "a coroutine has this method")]
    fn throw(&self, error: Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        let error = error.get_item(0)?;
        let error = if error.is_instance_of::<pyo3::types::PyType>() { error.call0()? } else { error };
        Err(PyErr::from_value(error))
    }

    fn close(&self) {
        drop(self.end());
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> PyResult<Option<Py<PyAny>>> {
        match self.end() {
            Some(value) => Err(PyStopIteration::new_err((value,))),
            None => Ok(None),
        }
    }
}
