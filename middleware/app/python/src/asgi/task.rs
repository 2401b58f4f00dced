//! An app's coroutine inside an `asyncio.Task`, watched from here: what it returns or raises decides the conversation.
//!
//! ```text
//! asyncio.Task ── send(None) ──▶ run ── send(None) ──▶ the app's coroutine
//!                                 └─ returned, raised ──▶ Whose
//!   any other awaitable, such as a future, goes on by what its `__await__` gives
//! ```
//!
//! A done callback would tell the same one loop turn later, at the price of a callback for each request. The same object
//! is `self` of the two functions that an app is given: one object less for each request.

use std::{ffi::CStr, ptr, sync::Arc};

use pyo3::{
    exceptions::{PyGeneratorExit, PyStopIteration},
    ffi, intern,
    prelude::*,
    types::PyTuple,
};

use super::{app::App, call, exchange::Exchange, message::wrong};
use crate::{
    awaitable::{Awaitable, Step, TypeOf, thrown},
    native::{self, Slot},
    reactor::Local,
    traceback,
};

/// Who is told how a task ends.
#[derive(Clone)]
pub(super) enum Whose {
    Http(Exchange),
    Other(Arc<dyn Conversation>),
}

/// What is not a request and its response: a WebSocket.
pub(super) trait Conversation: Send + Sync {
    fn app(&self) -> &Arc<App>;
    /// The app has returned.
    fn returned(&self);
    /// The app has raised, with a traceback unless it was told to end.
    fn failed(&self, traceback: Option<String>);
}

impl Whose {
    fn app(&self) -> &App {
        match self {
            Self::Http(exchange) => exchange.app(),
            Self::Other(other) => other.app(),
        }
    }

    fn returned(&self) {
        match self {
            Self::Http(exchange) => exchange.returned(),
            Self::Other(other) => other.returned(),
        }
    }

    fn failed(&self, traceback: Option<String>) {
        match self {
            Self::Http(exchange) => exchange.failed(|| traceback),
            Self::Other(other) => other.failed(traceback),
        }
    }
}

/// What a task runs.
pub(super) struct Run {
    /// What the app is called with, until it is: a request's scope, or the arguments of another conversation.
    arguments: Slot,
    coroutine: Slot,
    whose: Whose,
}

/// Makes a task of the app's loop, and runs its first step, in which the app is called: what a function that gives a
/// coroutine does, such as one around an app, it does in its own task and context.
///
/// `arguments` is the scope of a request, or a tuple of all three arguments.
pub(super) fn start<'py>(
    py: Python<'py>,
    app: &App,
    whose: Whose,
    arguments: Py<PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let run = TYPE.object(py, Run { arguments: Slot::of(arguments), coroutine: Slot::empty(), whose })?;
    let make = || {
        let arguments = PyTuple::new(py, [&run])?;
        // SAFETY: a tuple, a dict and a type, alive through the call; it gives a new reference, or none and an exception.
        unsafe {
            let task = ffi::PyObject_Call(app.task.as_ptr(), arguments.as_ptr(), app.task_keywords.as_ptr());
            Bound::from_owned_ptr_or_err(py, task)
        }
    };
    match Local::current() {
        Some(local) if !app.eager => local.eagerly(py, make, || {
            // SAFETY: the object was made above, and holds a `Run`.
            unsafe { native::value::<Run>(run.as_ptr()) }.has_ended(py)
        }),
        _ => make(),
    }
}

/// The exchange of an object that [`start`] has made.
///
/// # Safety
///
/// The object is one of those.
pub(super) unsafe fn exchange<'a>(run: *mut ffi::PyObject) -> Option<&'a Exchange> {
    // SAFETY: as the caller says.
    match unsafe { &native::value::<Run>(run).whose } {
        Whose::Http(exchange) => Some(exchange),
        Whose::Other(_) => None,
    }
}

static TYPE: TypeOf<Run> = TypeOf::new();

impl Run {
    /// Calls the app; `object` is the object that holds this.
    fn call(&self, object: &Bound<'_, PyAny>, arguments: Bound<'_, PyAny>) -> PyResult<()> {
        let py = object.py();
        let app = self.whose.app();
        let coroutine = match &self.whose {
            Whose::Http(_) => call::call(py, app, object, &arguments)?,
            Whose::Other(_) => app.callable.bind(py).call1(arguments.cast_into::<PyTuple>()?)?,
        };
        self.coroutine.put(py, awaited(coroutine)?.unbind());
        Ok(())
    }

    fn has_ended(&self, py: Python<'_>) -> bool {
        self.coroutine.look(py).is_none() && self.arguments.look(py).is_none()
    }

    fn returned(&self, py: Python<'_>) {
        drop(self.coroutine.take(py));
        self.whose.returned();
    }

    /// A cancellation is the task's to know; everything else ends here, `SystemExit` as well.
    #[cold]
    fn raised(&self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        drop(self.coroutine.take(py));
        let cancelled = py.import(intern!(py, "asyncio"))?.getattr(intern!(py, "CancelledError"))?;
        if error.is_instance(py, &cancelled) || error.is_instance_of::<PyGeneratorExit>(py) {
            self.whose.failed(None);
            return Err(error);
        }
        self.whose.failed(Some(traceback::of(py, &error)));
        Ok(())
    }
}

/// What an awaitable goes on by.
fn awaited(given: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: both look at the type of an object that lives.
    let itself =
        unsafe { ffi::PyCoro_CheckExact(given.as_ptr()) != 0 || ffi::PyGen_CheckExact(given.as_ptr()) != 0 };
    if itself {
        return Ok(given);
    }
    match given.getattr_opt(intern!(given.py(), "__await__"))? {
        Some(awaits) => awaits.call0(),
        None => Err(wrong("what the app returns", "an awaitable", &given)),
    }
}

impl Awaitable for Run {
    const NAME: &'static CStr = c"enfilade.request";

    /// What an app returns is nobody's.
    fn step<'py>(&self, object: &Bound<'py, PyAny>, value: &Bound<'py, PyAny>) -> PyResult<Step<'py>> {
        let py = object.py();
        let ended = || Step::Done(py.None().into_bound(py));
        if let Some(arguments) = self.arguments.take(py)
            && let Err(error) = self.call(object, arguments)
        {
            return self.raised(py, error).map(|()| ended());
        }
        let Some(coroutine) = self.coroutine.look(py) else { return Ok(ended()) };
        let mut result = ptr::null_mut();
        // SAFETY: both objects live through the call; a result is owned by us unless the step failed.
        let sent = unsafe { ffi::PyIter_Send(coroutine.as_ptr(), value.as_ptr(), &raw mut result) };
        match sent {
            // SAFETY: `PyIter_Send` has given a new reference.
            ffi::PySendResult::PYGEN_NEXT => Ok(Step::Waits(unsafe { Bound::from_owned_ptr(py, result) })),
            ffi::PySendResult::PYGEN_RETURN => {
                // SAFETY: as above.
                drop(unsafe { Bound::from_owned_ptr(py, result) });
                self.returned(py);
                Ok(ended())
            }
            ffi::PySendResult::PYGEN_ERROR => self.raised(py, PyErr::fetch(py)).map(|()| ended()),
        }
    }

    fn throw<'py>(&self, py: Python<'py>, error: &Bound<'py, PyTuple>) -> PyResult<Step<'py>> {
        let ended = || Step::Done(py.None().into_bound(py));
        if self.arguments.take(py).is_some() {
            return self.raised(py, thrown(error)).map(|()| ended());
        }
        let Some(coroutine) = self.coroutine.look(py) else { return Ok(ended()) };
        // An iterator need not have it: `await` raises then where it stands.
        let Some(throw) = coroutine.getattr_opt(intern!(py, "throw"))? else {
            return self.raised(py, thrown(error)).map(|()| ended());
        };
        match throw.call1(error) {
            Ok(waits) => Ok(Step::Waits(waits)),
            Err(end) if end.is_instance_of::<PyStopIteration>(py) => {
                self.returned(py);
                Ok(ended())
            }
            Err(error) => self.raised(py, error).map(|()| ended()),
        }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let begun = self.coroutine.take(py);
        if begun.is_none() && self.arguments.take(py).is_none() {
            return Ok(());
        }
        self.whose.failed(None);
        let Some(coroutine) = begun else { return Ok(()) };
        match coroutine.getattr_opt(intern!(py, "close"))? {
            Some(close) => close.call0().map(drop),
            None => Ok(()),
        }
    }
}
