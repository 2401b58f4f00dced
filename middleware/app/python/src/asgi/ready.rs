//! An awaitable that is done: what `send` returns when nobody waits, and a lifespan's `receive` when a message is there.
//!
//! ```text
//! await Ready(message) ─▶ message, without a turn of the loop        await Ready() ─▶ None, as often as one likes
//! ```
//!
//! It has a coroutine's methods, so that `asyncio.create_task` takes it.

use std::ffi::CStr;

use pyo3::{prelude::*, types::PyTuple};

use crate::{
    awaitable::{Awaitable, Step, TypeOf, thrown},
    native::Slot,
};

struct Ready(Slot);

static TYPE: TypeOf<Ready> = TypeOf::new();

/// One that holds a value, or is `None`.
pub(super) fn ready(py: Python<'_>, value: Option<Py<PyAny>>) -> PyResult<Bound<'_, PyAny>> {
    TYPE.object(py, Ready(value.map_or_else(Slot::empty, Slot::of)))
}

impl Awaitable for Ready {
    const NAME: &'static CStr = c"enfilade.ready";

    fn step<'py>(&self, object: &Bound<'py, PyAny>, _: &Bound<'py, PyAny>) -> PyResult<Step<'py>> {
        let py = object.py();
        Ok(Step::Done(self.0.take(py).unwrap_or_else(|| py.None().into_bound(py))))
    }

    fn throw<'py>(&self, _: Python<'py>, error: &Bound<'py, PyTuple>) -> PyResult<Step<'py>> {
        Err(thrown(error))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        drop(self.0.take(py));
        Ok(())
    }
}
