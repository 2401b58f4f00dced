//! An app's coroutine inside an `asyncio.Task`, watched from here: what it returns or raises decides the exchange.
//!
//! ```text
//! asyncio.Task ── send(None) ──▶ Run ── send(None) ──▶ the app's coroutine
//!                                 └─ returned, raised ──▶ Exchange
//! ```
//!
//! A done callback would tell the same one loop turn later, at the price of a callback for each request.

use std::ptr;

use pyo3::{exceptions::PyStopIteration, ffi, intern, prelude::*, types::PyTuple};

use super::{
    body::AsgiError,
    exchange::{Exchange, Outgoing},
    reason,
};
use crate::traceback;

/// What a task runs.
#[pyclass(frozen, module = "enfilade")]
pub(super) struct Run {
    coroutine: Py<PyAny>,
    exchange: Exchange,
}

impl Run {
    pub(super) fn new(coroutine: Py<PyAny>, exchange: Exchange) -> Self {
        Self { coroutine, exchange }
    }

    /// One step of the coroutine: what it waits for, or `None` at its end.
    fn step(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let mut result = ptr::null_mut();
        // SAFETY: both objects live through the call; a result is owned by us unless the step failed.
        let sent = unsafe { ffi::PyIter_Send(self.coroutine.as_ptr(), value.as_ptr(), &raw mut result) };
        match sent {
            ffi::PySendResult::PYGEN_NEXT => {
                // SAFETY: `PyIter_Send` has given a new reference.
                Ok(Some(unsafe { Bound::from_owned_ptr(py, result) }.unbind()))
            }
            ffi::PySendResult::PYGEN_RETURN => {
                // SAFETY: as above; what an app returns is nobody's.
                drop(unsafe { Bound::from_owned_ptr(py, result) });
                self.exchange.returned();
                Ok(None)
            }
            ffi::PySendResult::PYGEN_ERROR => self.raised(py, PyErr::fetch(py)).map(|()| None),
        }
    }

    /// A cancellation is the task's to know; everything else ends here.
    fn raised(&self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        let cancelled = py.import(intern!(py, "asyncio"))?.getattr(intern!(py, "CancelledError"))?;
        if error.is_instance(py, &cancelled) {
            self.exchange.failed(|| None);
            return Err(error);
        }
        self.exchange.failed(|| Some(traceback::of(py, &error)));
        Ok(())
    }
}

#[pymethods]
impl Run {
    fn send(&self, py: Python<'_>, value: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.step(py, &value)?.ok_or_else(|| PyStopIteration::new_err(()))
    }

    #[pyo3(signature = (*error))]
    fn throw(&self, py: Python<'_>, error: Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        match self.coroutine.call_method1(py, intern!(py, "throw"), error) {
            Ok(waits) => Ok(waits),
            Err(end) if end.is_instance_of::<PyStopIteration>(py) => {
                self.exchange.returned();
                Err(PyStopIteration::new_err(()))
            }
            Err(error) => {
                self.raised(py, error)?;
                Err(PyStopIteration::new_err(()))
            }
        }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.exchange.failed(|| None);
        self.coroutine.call_method0(py, intern!(py, "close")).map(drop)
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.step(py, &py.None().into_bound(py))
    }
}

impl Exchange {
    /// The app has returned.
    fn returned(&self) {
        let mut state = self.lock();
        state.task = None;
        let code = match &mut state.outgoing {
            Outgoing::Waiting => "asgi.no-response",
            Outgoing::Started(_) => "asgi.no-body",
            Outgoing::Streaming(stream) if stream.end.is_none() => {
                stream.end = Some(Err(AsgiError("returned before the end of its response")));
                reason::log("asgi.no-end", &"the app returned before the end of its response");
                return state.wake();
            }
            _ => return,
        };
        state.outgoing =
            Outgoing::Refused(Box::new(reason::app(code, "the app returned without a response")));
        state.wake();
    }

    /// The app has raised, with a traceback unless it was told to end.
    pub(super) fn failed(&self, traceback: impl FnOnce() -> Option<String>) {
        let mut state = self.lock();
        state.task = None;
        if state.gone {
            return;
        }
        let said = traceback();
        match &mut state.outgoing {
            Outgoing::Waiting | Outgoing::Started(_) => {
                let said = said.unwrap_or_else(|| "the app's task was cancelled".to_owned());
                state.outgoing = Outgoing::Refused(Box::new(reason::app("asgi.app-failed", said)));
            }
            Outgoing::Streaming(stream) if stream.end.is_none() => {
                stream.end = Some(Err(AsgiError("failed in the middle of its response")));
                reason::log("asgi.app-failed", &said.unwrap_or_default());
            }
            _ => {
                if let Some(said) = said {
                    reason::log("asgi.app-failed", &said);
                }
            }
        }
        state.wake();
    }
}

/// What keeps an app's request: dropped before the end, it tells the app so, waits, and cancels.
pub(super) struct Running(Exchange);

impl Running {
    pub(super) fn new(exchange: Exchange) -> Self {
        Self(exchange)
    }

    pub(super) fn exchange(&self) -> &Exchange {
        &self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.let_go();
    }
}
