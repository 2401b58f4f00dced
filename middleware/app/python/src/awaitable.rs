//! Awaitables that are made by hand: what a task awaits with every request ends without a `StopIteration`.
//!
//! ```text
//! TypeOf<T> ── object(T) ─▶ an object that is its own iterator and has a coroutine's methods
//! send(value), am_send, next ─▶ T::step ─┬─ Waits(future) ─▶ yielded
//!                                        └─ Done(value) ───▶ returned
//! throw ─▶ T::throw        close ─▶ T::close
//! ```

use std::{
    ffi::{CStr, c_void},
    marker::PhantomData,
    ptr,
};

use pyo3::{
    Borrowed,
    exceptions::PyStopIteration,
    ffi,
    prelude::*,
    sync::PyOnceLock,
    types::{PyTuple, PyType},
};

use crate::native::{self, Definition, guarded};

/// What an awaitable does.
pub(crate) trait Awaitable: Send + Sync + Sized + 'static {
    /// Its type's name.
    const NAME: &'static CStr;

    /// Goes on; `object` is what holds this, `value` what it is given for what it has waited for.
    fn step<'py>(&self, object: &Bound<'py, PyAny>, value: &Bound<'py, PyAny>) -> PyResult<Step<'py>>;

    /// Goes on with an exception; `error` is the arguments of `throw`.
    fn throw<'py>(&self, py: Python<'py>, error: &Bound<'py, PyTuple>) -> PyResult<Step<'py>>;

    /// Is given up.
    fn close(&self, py: Python<'_>) -> PyResult<()>;
}

/// What a step comes to.
pub(crate) enum Step<'py> {
    /// A future, which the task is to wait for.
    Waits(Bound<'py, PyAny>),
    Done(Bound<'py, PyAny>),
}

/// The exception that `throw` was given: one, or a type of some.
pub(crate) fn thrown(arguments: &Bound<'_, PyTuple>) -> PyErr {
    let raised = || {
        let error = arguments.get_item(0)?;
        if error.is_instance_of::<PyType>() { error.call0() } else { Ok(error) }
    };
    raised().map_or_else(|error| error, PyErr::from_value)
}

/// The Python type of the awaitables that hold a `T`, made when it is needed first.
pub(crate) struct TypeOf<T>(PyOnceLock<Py<PyType>>, PhantomData<fn() -> T>);

impl<T: Awaitable> TypeOf<T> {
    pub(crate) const fn new() -> Self {
        Self(PyOnceLock::new(), PhantomData)
    }

    /// An awaitable.
    pub(crate) fn object<'py>(&self, py: Python<'py>, value: T) -> PyResult<Bound<'py, PyAny>> {
        let of = self.0.get_or_try_init(py, || define::<T>(py))?;
        // SAFETY: nothing but `define` fills the cell, and it has made the type for `T`.
        unsafe { native::object(py, of, value) }
    }
}

fn define<T: Awaitable>(py: Python<'_>) -> PyResult<Py<PyType>> {
    let definition = Definition {
        name: T::NAME,
        methods: vec![
            native::with_one(c"send", send::<T>),
            native::with_many(c"throw", throw::<T>),
            native::without_arguments(c"close", close::<T>),
        ],
        slots: vec![
            (ffi::Py_am_await, native::itself as *mut c_void),
            (ffi::Py_tp_iter, native::itself as *mut c_void),
            (ffi::Py_tp_iternext, next::<T> as *mut c_void),
            (ffi::Py_am_send, am_send::<T> as *mut c_void),
        ],
    };
    // SAFETY: the functions below have the signatures of their slots, and take objects of this type.
    unsafe { definition.make::<T>(py) }
}

/// # Safety
///
/// `object` is an awaitable that holds a `T`; both pointers are objects that live through the call.
unsafe fn step<T: Awaitable>(
    py: Python<'_>,
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> PyResult<Step<'_>> {
    // SAFETY: as the caller says.
    let (awaitable, object, value) = unsafe {
        (native::value::<T>(object), Borrowed::from_ptr(py, object), Borrowed::from_ptr(py, value))
    };
    awaitable.step(&object, &value)
}

/// As Python has it where there is no `am_send`.
fn yielded(step: Step<'_>) -> PyResult<*mut ffi::PyObject> {
    match step {
        Step::Waits(future) => Ok(future.into_ptr()),
        Step::Done(value) => Err(PyStopIteration::new_err((value.unbind(),))),
    }
}

unsafe extern "C" fn am_send<T: Awaitable>(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    guarded(ffi::PySendResult::PYGEN_ERROR, |py| {
        // SAFETY: Python gives an object of this type, and what is sent into it.
        let (sent, told) = match unsafe { step::<T>(py, object, value) }? {
            Step::Waits(future) => (ffi::PySendResult::PYGEN_NEXT, future),
            Step::Done(value) => (ffi::PySendResult::PYGEN_RETURN, value),
        };
        // SAFETY: Python gives room for the result, and owns it.
        unsafe { *result = told.into_ptr() };
        Ok(sent)
    })
}

unsafe extern "C" fn send<T: Awaitable>(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: Python gives an object of this type, and what is sent into it.
    guarded(ptr::null_mut(), |py| unsafe { step::<T>(py, object, value) }.and_then(yielded))
}

unsafe extern "C" fn next<T: Awaitable>(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as above; `None` lives for ever.
    unsafe { send::<T>(object, ffi::Py_None()) }
}

unsafe extern "C" fn throw<T: Awaitable>(
    object: *mut ffi::PyObject,
    error: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives an object of this type, and the tuple of the arguments.
        let (awaitable, error) = unsafe { (native::value::<T>(object), Bound::from_borrowed_ptr(py, error)) };
        awaitable.throw(py, &error.cast_into()?).and_then(yielded)
    })
}

unsafe extern "C" fn close<T: Awaitable>(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives an object of this type.
        unsafe { native::value::<T>(object) }.close(py)?;
        Ok(py.None().into_ptr())
    })
}
