//! The two callables that a WebSocket's app is given.
//!
//! ```text
//! receive() ─▶ Receiving: the message, when it is awaited; a future of asyncio's, while there is none
//! send(m) ───▶ done, or a future of asyncio's while the client is slower than the app
//! ```
//!
//! A message leaves the queue when the app has it in hand: a task that is cancelled while it waits loses none.

use pyo3::{exceptions::PyStopIteration, intern, prelude::*, types::PyTuple};

use super::{
    channel::{Channel, Taken},
    message::send,
};

/// `receive`.
#[pyclass(frozen, module = "enfilade", name = "receive")]
pub(super) struct Receive(pub(super) Channel);

#[pymethods]
impl Receive {
    fn __call__(&self) -> Receiving {
        Receiving(self.0.clone())
    }
}

/// `send`.
#[pyclass(frozen, module = "enfilade", name = "send")]
pub(super) struct Send(pub(super) Channel);

#[pymethods]
impl Send {
    fn __call__(&self, py: Python<'_>, message: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let waits = send(&self.0, &message)?;
        Ok(waits.unwrap_or_else(|| self.0.app().done.clone_ref(py).into_any()))
    }
}

/// What `receive` returns: it has a coroutine's methods, so that `asyncio.create_task` takes it.
#[pyclass(frozen, module = "enfilade")]
pub(super) struct Receiving(Channel);

impl Receiving {
    fn step(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.0.take(py)? {
            Taken::Message(message) => Err(PyStopIteration::new_err((message,))),
            Taken::Later(future) => {
                // What a future's own `__await__` does before it yields itself.
                future.setattr(py, intern!(py, "_asyncio_future_blocking"), true)?;
                Ok(future)
            }
        }
    }
}

#[pymethods]
impl Receiving {
    fn send(&self, py: Python<'_>, _value: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.step(py)
    }

    #[pyo3(signature = (*error))]
    fn throw(&self, py: Python<'_>, error: Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        // It may have been woken for a message that another may have now.
        self.0.pass_on(py);
        let error = error.get_item(0)?;
        let error = if error.is_instance_of::<pyo3::types::PyType>() { error.call0()? } else { error };
        Err(PyErr::from_value(error))
    }

    #[allow(clippy::unused_self, reason = "a coroutine has this method")]
    fn close(&self) {}

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.step(py)
    }
}
