//! An awaitable that is done: what `send` returns when nobody waits, and a lifespan's `receive` when a message is there.
//!
//! ```text
//! await Ready(message) ─▶ message, without a turn of the loop        await Ready() ─▶ None, as often as one likes
//! ```
//!
//! It has a coroutine's methods, so that `asyncio.create_task` takes it.

use std::{ffi::c_void, ptr};

use pyo3::{
    exceptions::PyStopIteration,
    ffi,
    prelude::*,
    sync::PyOnceLock,
    types::{PyTuple, PyType},
};

use crate::native::{self, Definition, Slot, guarded};

type Ready = Slot;

static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// One that holds a value, or is `None`.
pub(super) fn ready(py: Python<'_>, value: Option<Py<PyAny>>) -> PyResult<Bound<'_, PyAny>> {
    let of = TYPE.get_or_try_init(py, || define(py))?;
    // SAFETY: the type was made for `Ready`.
    unsafe { native::object::<Ready>(py, of, value.map_or_else(Slot::empty, Slot::of)) }
}

fn define(py: Python<'_>) -> PyResult<Py<PyType>> {
    let definition = Definition {
        name: c"enfilade.ready",
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
    unsafe { definition.make::<Ready>(py) }
}

unsafe extern "C" fn step(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    guarded(ffi::PySendResult::PYGEN_ERROR, |py| {
        // SAFETY: Python gives an object of this type, and room for the result.
        unsafe { *result = take(py, object).into_ptr() };
        Ok(ffi::PySendResult::PYGEN_RETURN)
    })
}

unsafe extern "C" fn next(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: Python gives an object of this type.
    guarded(ptr::null_mut(), |py| Err(PyStopIteration::new_err((unsafe { take(py, object) }.unbind(),))))
}

unsafe extern "C" fn send(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { next(object) }
}

unsafe extern "C" fn close(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives an object of this type.
        drop(unsafe { take(py, object) });
        Ok(py.None().into_ptr())
    })
}

unsafe extern "C" fn throw(_: *mut ffi::PyObject, error: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives the tuple of the arguments.
        let arguments = unsafe { Bound::from_borrowed_ptr(py, error) }.cast_into::<PyTuple>()?;
        Err(thrown(&arguments))
    })
}

/// What a coroutine's `throw` was given: an exception, or a type of some.
pub(super) fn thrown(arguments: &Bound<'_, PyTuple>) -> PyErr {
    let raised = || {
        let error = arguments.get_item(0)?;
        if error.is_instance_of::<PyType>() { error.call0() } else { Ok(error) }
    };
    raised().map_or_else(|error| error, PyErr::from_value)
}

/// # Safety
///
/// The object is of this type.
unsafe fn take(py: Python<'_>, object: *mut ffi::PyObject) -> Bound<'_, PyAny> {
    // SAFETY: as the caller says.
    let slot: &Ready = unsafe { native::value(object) };
    slot.take(py).unwrap_or_else(|| py.None().into_bound(py))
}
