//! One app on one loop: the objects that all its requests share.

use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyTuple},
};
use tokio::runtime::Handle;

use super::call::Ready;

/// See the [module docs](self).
pub(super) struct App {
    pub(super) callable: Py<PyAny>,
    pub(super) event_loop: Py<PyAny>,
    /// The runtime inside the loop: what it spawns runs on the loop's thread.
    pub(super) remote: Handle,
    pub(super) task: Py<PyAny>,
    /// `("loop",)`, the keyword of the call that makes a task.
    pub(super) task_keywords: Py<PyTuple>,
    pub(super) scope: Py<PyDict>,
    pub(super) state: Py<PyDict>,
    pub(super) done: Py<Ready>,
}

impl App {
    /// On the loop's thread.
    pub(super) fn new(py: Python<'_>, callable: Py<PyAny>, event_loop: Py<PyAny>) -> PyResult<Self> {
        let asgi = PyDict::new(py);
        asgi.set_item("version", "3.0")?;
        asgi.set_item("spec_version", "2.5")?;
        let scope = PyDict::new(py);
        scope.set_item(intern!(py, "type"), intern!(py, "http"))?;
        scope.set_item("asgi", asgi)?;
        scope.set_item("root_path", "")?;
        Ok(Self {
            callable,
            event_loop,
            remote: Handle::current(),
            task: py.import("asyncio")?.getattr("Task")?.unbind(),
            task_keywords: PyTuple::new(py, ["loop"])?.unbind(),
            scope: scope.unbind(),
            state: PyDict::new(py).unbind(),
            done: Py::new(py, Ready::new(None))?,
        })
    }
}
