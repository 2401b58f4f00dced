//! The two callables that a WebSocket's app is given.
//!
//! ```text
//! receive() ─▶ Receiving: the message, when it is awaited; a future of asyncio's, while there is none
//! send(m) ───▶ done, or a future of asyncio's while the client is slower than the app
//! ```
//!
//! A message leaves the queue when the app has it in hand: a task that is cancelled while it waits loses none.

use std::ffi::CStr;

use pyo3::{intern, prelude::*, types::PyTuple};

use super::{
    channel::{Channel, Taken},
    message::send,
};
use crate::awaitable::{Awaitable, Step, TypeOf, thrown};

/// `receive`.
#[pyclass(frozen, module = "enfilade", name = "receive")]
pub(super) struct Receive(pub(super) Channel);

#[pymethods]
impl Receive {
    fn __call__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        TYPE.object(py, Receiving(self.0.clone()))
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
struct Receiving(Channel);

static TYPE: TypeOf<Receiving> = TypeOf::new();

impl Awaitable for Receiving {
    const NAME: &'static CStr = c"enfilade.receiving";

    fn step<'py>(&self, object: &Bound<'py, PyAny>, _: &Bound<'py, PyAny>) -> PyResult<Step<'py>> {
        let py = object.py();
        match self.0.take(py)? {
            Taken::Message(message) => Ok(Step::Done(message.into_bound(py))),
            Taken::Later(future) => {
                // What a future's own `__await__` does before it yields itself.
                future.setattr(py, intern!(py, "_asyncio_future_blocking"), true)?;
                Ok(Step::Waits(future.into_bound(py)))
            }
        }
    }

    fn throw<'py>(&self, py: Python<'py>, error: &Bound<'py, PyTuple>) -> PyResult<Step<'py>> {
        // It may have been woken for a message that another may have now.
        self.0.pass_on(py);
        Err(thrown(error))
    }

    fn close(&self, _: Python<'_>) -> PyResult<()> {
        Ok(())
    }
}
