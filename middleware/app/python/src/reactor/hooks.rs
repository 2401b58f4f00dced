//! What of the loop is ours beside its selector: whatever gives Python something to do ends the turn that runs.
//!
//! ```text
//! call_soon ──┬── a task that is being started: its first step is kept, and run at once
//!             └── else: a handle in the loop's queue, as asyncio does it, and the turn ends
//! call_at, stop ── asyncio's own, and the turn ends
//! ```
//!
//! An app's first step runs inside a turn, before the loop has counted what is ready and when the next timer is due.

use std::{ffi::c_int, ptr, slice};

use pyo3::{
    Borrowed,
    exceptions::{PyRuntimeError, PyTypeError},
    ffi,
    prelude::*,
    types::{PyDict, PyString, PyTuple},
};

use super::{Local, first_steps};
use crate::native::{self, Method, guarded};

/// Puts them into a loop, as attributes of this one.
pub(super) fn install(py: Python<'_>, event_loop: &Bound<'_, PyAny>, number: usize) -> PyResult<()> {
    let hooks = Hooks {
        number,
        event_loop: event_loop.clone().unbind(),
        handle: py.import("asyncio")?.getattr("Handle")?.unbind(),
        append: event_loop.getattr("_ready")?.getattr("append")?.unbind(),
        call_at: event_loop.getattr("call_at")?.unbind(),
        stop: event_loop.getattr("stop")?.unbind(),
    };
    let hooks = Bound::new(py, hooks)?;
    for name in ["call_at", "stop"] {
        event_loop.setattr(name, hooks.getattr(name)?)?;
    }
    // SAFETY: the function takes an object of `Hooks`.
    event_loop.setattr("call_soon", unsafe { native::function(hooks.as_any(), &CALL_SOON) }?)
}

/// Takes them out again: a loop that is closed says so by itself.
pub(super) fn remove(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    NAMES.into_iter().try_for_each(|name| event_loop.delattr(name))
}

const NAMES: [&str; 3] = ["call_soon", "call_at", "stop"];

#[pyclass(frozen, module = "enfilade")]
struct Hooks {
    /// Which loop it is.
    number: usize,
    event_loop: Py<PyAny>,
    handle: Py<PyAny>,
    append: Py<PyAny>,
    call_at: Py<PyAny>,
    stop: Py<PyAny>,
}

#[pymethods]
impl Hooks {
    #[pyo3(signature = (*args, **options))]
    fn call_at(
        &self,
        py: Python<'_>,
        args: Bound<'_, PyTuple>,
        options: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let timer = self.call_at.call(py, args, options.as_ref())?;
        self.ready();
        Ok(timer)
    }

    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        self.stop.call0(py)?;
        self.ready();
        Ok(())
    }
}

static CALL_SOON: Method = Method(native::with_keywords(c"call_soon", call_soon));

/// `call_soon(callback, *args, context=None)`: tasks and futures call it all the time.
unsafe extern "C" fn call_soon(
    hooks: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives the function's `self` and a tuple of names or none, all alive through the call.
        let (hooks, names) = unsafe { (Borrowed::from_ptr(py, hooks), Borrowed::from_ptr_or_opt(py, names)) };
        let names = names.map(Borrowed::cast::<PyTuple>).transpose()?;
        let positional = usize::try_from(count).unwrap_or_default();
        let all = positional + names.map_or(0, |names| names.len());
        let all: &[Borrowed<'_, '_, PyAny>] = if all == 0 {
            &[]
        } else {
            // SAFETY: so many arguments, positional ones first, alive through the call; what is borrowed is a pointer that
            // is not null.
            unsafe { slice::from_raw_parts(arguments.cast(), all) }
        };
        let (positional, values) = all.split_at(positional);
        let context = match (names, values) {
            (None, _) | (_, []) => None,
            (Some(names), [context]) if is_context(&names)? => Some(&**context),
            _ => return Err(PyTypeError::new_err("call_soon takes one keyword, `context`")),
        };
        let [callback, arguments @ ..] = positional else {
            return Err(PyTypeError::new_err("call_soon needs a callback"));
        };
        let context = context.filter(|context| !context.is_none());
        hooks.cast::<Hooks>()?.get().soon(py, callback, arguments, context)
    })
}

/// asyncio's own word is another object than ours: their characters are compared.
fn is_context(names: &Bound<'_, PyTuple>) -> PyResult<bool> {
    Ok(names.get_borrowed_item(0)?.cast::<PyString>()?.to_str()? == "context")
}

impl Hooks {
    fn soon<'py>(
        &self,
        py: Python<'py>,
        callback: &Bound<'py, PyAny>,
        arguments: &[Borrowed<'_, 'py, PyAny>],
        context: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<*mut ffi::PyObject> {
        let Some(local) = Local::of(self.number) else {
            let why = "call_soon from another thread: use call_soon_threadsafe";
            return Err(PyRuntimeError::new_err(why));
        };
        // A finalizer of the app's, which Python may run while a task is made, has more to say than a first step.
        let first_step = arguments.is_empty() && context.is_some();
        if first_step && local.capturing.take() {
            let context = context.map(|context| context.clone().unbind());
            *local.captured.borrow_mut() = Some((callback.clone().unbind(), context));
            return Ok(py.None().into_ptr());
        }
        let arguments = PyTuple::new(py, arguments)?;
        let handle = self.handle.bind(py).call1((callback, arguments, &self.event_loop, context))?;
        self.append.bind(py).call1((&handle,))?;
        local.python_ready();
        Ok(handle.into_ptr())
    }
}

impl Hooks {
    fn ready(&self) {
        if let Some(local) = Local::of(self.number) {
            local.python_ready();
        }
    }
}

impl Local {
    /// Runs `make`, in which one task is made, and that task's first step at once; `ended` says whether it was the last.
    ///
    /// It is what `asyncio.Task(eager_start=True)` does from Python 3.12 on, for every version: the step finds its loop
    /// running and itself as the current task. What the step raises is a fault of the loop, never of the app, whose
    /// exceptions its task keeps.
    pub(crate) fn eagerly<'py>(
        &self,
        py: Python<'py>,
        make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
        ended: impl FnOnce() -> bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.capturing.set(true);
        self.making.set(true);
        let task = make();
        self.capturing.set(false);
        self.making.set(false);
        let captured = self.captured.borrow_mut().take();
        let task = task?;
        let stepped = match captured {
            Some((step, Some(context))) => within(context.bind(py), || step.call0(py)),
            Some((step, None)) => step.call0(py).map(drop),
            None => Ok(()),
        };
        first_steps::over(py, &task, ended())?;
        stepped.map(|()| task)
    }
}

/// What `context.run` does.
fn within(context: &Bound<'_, PyAny>, step: impl FnOnce() -> PyResult<Py<PyAny>>) -> PyResult<()> {
    let enter = |done: c_int| if done == 0 { Ok(()) } else { Err(PyErr::fetch(context.py())) };
    // SAFETY: an object, which is looked at before it is entered; it is left once for each time that it is entered.
    enter(unsafe { ffi::PyContext_Enter(context.as_ptr()) })?;
    let stepped = step();
    // SAFETY: as above.
    enter(unsafe { ffi::PyContext_Exit(context.as_ptr()) })?;
    stepped.map(drop)
}
