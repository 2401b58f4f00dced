//! An app's coroutine inside an `asyncio.Task`, watched from here: what it returns or raises decides the conversation.
//!
//! ```text
//! asyncio.Task ── send(None) ──▶ run ── send(None) ──▶ the app's coroutine
//!                                 └─ returned, raised ──▶ Whose
//! ```
//!
//! A done callback would tell the same one loop turn later, at the price of a callback for each request. The same object
//! is `self` of the two functions that an app is given: one object less for each request.

use std::{ffi::c_void, ptr, sync::Arc};

use pyo3::{
    exceptions::{PyGeneratorExit, PyStopIteration},
    ffi, intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyTuple, PyType},
};

use super::{app::App, call, exchange::Exchange, ready::thrown};
use crate::{
    native::{self, Definition, Slot, guarded},
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
    let of = TYPE.get_or_try_init(py, || define(py))?;
    let value = Run { arguments: Slot::of(arguments), coroutine: Slot::empty(), whose };
    // SAFETY: the type was made for `Run`.
    let run = unsafe { native::object(py, of, value) }?;
    let make = || {
        let arguments = PyTuple::new(py, [&run])?;
        // SAFETY: a tuple, a dict and a type, alive through the call; it gives a new reference, or none and an exception.
        unsafe {
            let task = ffi::PyObject_Call(app.task.as_ptr(), arguments.as_ptr(), app.task_keywords.as_ptr());
            Bound::from_owned_ptr_or_err(py, task)
        }
    };
    match Local::current() {
        Some(local) if !app.eager => local.eagerly(py, make),
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

static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn define(py: Python<'_>) -> PyResult<Py<PyType>> {
    let definition = Definition {
        name: c"enfilade.request",
        methods: vec![
            native::with_one(c"send", send),
            native::with_many(c"throw", throw),
            native::without_arguments(c"close", close),
        ],
        slots: vec![
            (ffi::Py_am_await, native::itself as *mut c_void),
            (ffi::Py_tp_iter, native::itself as *mut c_void),
            (ffi::Py_tp_iternext, next as *mut c_void),
            (ffi::Py_am_send, step as *mut c_void),
        ],
    };
    // SAFETY: the functions below have the signatures of their slots, and take objects of this type.
    unsafe { definition.make::<Run>(py) }
}

impl Run {
    /// Calls the app; `object` is the object that holds this.
    fn call(&self, object: &Bound<'_, PyAny>, arguments: Bound<'_, PyAny>) -> PyResult<()> {
        let py = object.py();
        let app = self.whose.app();
        let coroutine = match &self.whose {
            Whose::Http(_) => call::call(py, app, object, &arguments)?,
            Whose::Other(_) => app.callable.bind(py).call1(arguments.cast_into::<PyTuple>()?)?,
        };
        self.coroutine.put(py, coroutine.unbind());
        Ok(())
    }

    /// One step of the coroutine: what it waits for, or `None` at its end.
    fn step<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        value: *mut ffi::PyObject,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = object.py();
        if let Some(arguments) = self.arguments.take(py)
            && let Err(error) = self.call(object, arguments)
        {
            return self.raised(py, error).map(|()| None);
        }
        let Some(coroutine) = self.coroutine.look(py) else { return Ok(None) };
        let mut result = ptr::null_mut();
        // SAFETY: both objects live through the call; a result is owned by us unless the step failed.
        let sent = unsafe { ffi::PyIter_Send(coroutine.as_ptr(), value, &raw mut result) };
        match sent {
            // SAFETY: `PyIter_Send` has given a new reference.
            ffi::PySendResult::PYGEN_NEXT => Ok(Some(unsafe { Bound::from_owned_ptr(py, result) })),
            ffi::PySendResult::PYGEN_RETURN => {
                // SAFETY: as above; what an app returns is nobody's.
                drop(unsafe { Bound::from_owned_ptr(py, result) });
                self.returned(py);
                Ok(None)
            }
            ffi::PySendResult::PYGEN_ERROR => self.raised(py, PyErr::fetch(py)).map(|()| None),
        }
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

    fn throw<'py>(&self, py: Python<'py>, error: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let ended = || PyStopIteration::new_err(());
        if self.arguments.take(py).is_some() {
            return self.raised(py, thrown(error)).and_then(|()| Err(ended()));
        }
        let coroutine = self.coroutine.look(py).ok_or_else(ended)?;
        match coroutine.call_method1(intern!(py, "throw"), error) {
            Ok(waits) => Ok(waits),
            Err(end) if end.is_instance_of::<PyStopIteration>(py) => {
                self.returned(py);
                Err(ended())
            }
            Err(error) => self.raised(py, error).and_then(|()| Err(ended())),
        }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let begun = self.coroutine.take(py);
        if begun.is_none() && self.arguments.take(py).is_none() {
            return Ok(());
        }
        self.whose.failed(None);
        let Some(coroutine) = begun else { return Ok(()) };
        coroutine.call_method0(intern!(py, "close")).map(drop)
    }
}

/// # Safety
///
/// The object is of this type.
unsafe fn run<'a>(object: *mut ffi::PyObject) -> &'a Run {
    // SAFETY: as the caller says.
    unsafe { native::value(object) }
}

unsafe extern "C" fn step(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    guarded(ffi::PySendResult::PYGEN_ERROR, |py| {
        // SAFETY: Python gives an object of this type, and room for the result.
        let waits = unsafe { run(object).step(&Bound::from_borrowed_ptr(py, object), value) }?;
        let (sent, waits) = match waits {
            Some(waits) => (ffi::PySendResult::PYGEN_NEXT, waits.into_ptr()),
            None => (ffi::PySendResult::PYGEN_RETURN, py.None().into_ptr()),
        };
        // SAFETY: as above.
        unsafe { *result = waits };
        Ok(sent)
    })
}

unsafe extern "C" fn send(object: *mut ffi::PyObject, value: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives an object of this type.
        let waits = unsafe { run(object).step(&Bound::from_borrowed_ptr(py, object), value) }?;
        waits.map(Bound::into_ptr).ok_or_else(|| PyStopIteration::new_err(()))
    })
}

unsafe extern "C" fn next(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as above; `None` lives for ever.
    unsafe { send(object, ffi::Py_None()) }
}

unsafe extern "C" fn throw(object: *mut ffi::PyObject, error: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives the tuple of the arguments, and an object of this type.
        let error = unsafe { Bound::from_borrowed_ptr(py, error) }.cast_into::<PyTuple>()?;
        // SAFETY: as above.
        unsafe { run(object) }.throw(py, &error).map(Bound::into_ptr)
    })
}

unsafe extern "C" fn close(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives an object of this type.
        unsafe { run(object) }.close(py)?;
        Ok(py.None().into_ptr())
    })
}
