//! Python types made by hand, where the objects of every request are: no argument tuples, no exceptions for an end.
//!
//! ```text
//! Object<T> = PyObject_HEAD + T        am_send ─▶ (PYGEN_NEXT, value) · (PYGEN_RETURN, value) · PYGEN_ERROR
//! ```
//!
//! `#[pyclass]` has neither `am_send`, by which a coroutine ends without a `StopIteration`, nor callables without an
//! argument tuple.

use std::{
    ffi::{CStr, c_int, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::atomic::{AtomicPtr, Ordering::AcqRel, Ordering::Acquire},
};

use pyo3::{exceptions::PyRuntimeError, ffi, prelude::*, types::PyType};

/// An object that holds a value of Rust's.
#[repr(C)]
pub(crate) struct Object<T> {
    head: ffi::PyObject,
    value: T,
}

/// What a type is made of.
pub(crate) struct Definition {
    pub(crate) name: &'static CStr,
    pub(crate) methods: Vec<ffi::PyMethodDef>,
    pub(crate) slots: Vec<(c_int, *mut c_void)>,
}

impl Definition {
    /// Makes the type of objects that hold a `T`: once in a process, since what it names must stay.
    ///
    /// # Safety
    ///
    /// Every function of the slots and methods has the signature that Python calls it by, and takes an `Object<T>`.
    pub(crate) unsafe fn make<T: Send + Sync>(mut self, py: Python<'_>) -> PyResult<Py<PyType>> {
        self.methods.push(ffi::PyMethodDef::zeroed());
        let methods: &'static mut [ffi::PyMethodDef] = Vec::leak(self.methods);
        self.slots.push((ffi::Py_tp_methods, methods.as_mut_ptr().cast()));
        self.slots.push((ffi::Py_tp_dealloc, dealloc::<T> as *mut c_void));
        let mut slots: Vec<_> =
            self.slots.into_iter().map(|(slot, pfunc)| ffi::PyType_Slot { slot, pfunc }).collect();
        slots.push(ffi::PyType_Slot { slot: 0, pfunc: ptr::null_mut() });
        let flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION;
        let mut spec = ffi::PyType_Spec {
            name: self.name.as_ptr(),
            basicsize: c_int::try_from(size_of::<Object<T>>()).expect("a small type"),
            itemsize: 0,
            flags: u32::try_from(flags).expect("the low flags"),
            slots: slots.as_mut_ptr(),
        };
        // SAFETY: the specification is whole and ends with a null slot; the caller answers for its functions.
        let made = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec)) }?;
        Ok(made.cast_into::<PyType>()?.unbind())
    }
}

/// An object of a type that [`Definition::make`] has made for `T`.
///
/// # Safety
///
/// The type was made for `T`.
pub(crate) unsafe fn object<'py, T: Send + Sync>(
    py: Python<'py>,
    of: &Py<PyType>,
    value: T,
) -> PyResult<Bound<'py, PyAny>> {
    let of: *mut ffi::PyTypeObject = of.as_ptr().cast();
    // SAFETY: the type is a heap type without variable part: it gives room for one object, with a reference to its type.
    let object = unsafe { ffi::PyType_GenericAlloc(of, 0) };
    if object.is_null() {
        return Err(PyErr::fetch(py));
    }
    // SAFETY: the room is as large as `Object<T>`, and the value in it is written before anything can see it.
    unsafe {
        ptr::write(&raw mut (*object.cast::<Object<T>>()).value, value);
        Ok(Bound::from_owned_ptr(py, object))
    }
}

/// The value of an object.
///
/// # Safety
///
/// The object is of a type that was made for `T`, and outlives the use of the value.
pub(crate) unsafe fn value<'a, T>(object: *mut ffi::PyObject) -> &'a T {
    // SAFETY: as the caller says.
    unsafe { &(*object.cast::<Object<T>>()).value }
}

unsafe extern "C" fn dealloc<T>(object: *mut ffi::PyObject) {
    // SAFETY: Python calls it once, for an object of its type, when nothing refers to it any more. A heap type's object
    // holds a reference to its type.
    unsafe {
        let of = ffi::Py_TYPE(object);
        ptr::drop_in_place(&raw mut (*object.cast::<Object<T>>()).value);
        ffi::PyObject_Free(object.cast());
        ffi::Py_DECREF(of.cast());
    }
}

/// A reference that is taken out once, by whoever comes first.
pub(crate) struct Slot(AtomicPtr<ffi::PyObject>);

impl Slot {
    pub(crate) fn empty() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn of(object: Py<PyAny>) -> Self {
        Self(AtomicPtr::new(object.into_ptr()))
    }

    pub(crate) fn put(&self, py: Python<'_>, object: Py<PyAny>) {
        let before = self.0.swap(object.into_ptr(), AcqRel);
        // SAFETY: what the slot held it owned.
        drop(unsafe { Bound::from_owned_ptr_or_opt(py, before) });
    }

    pub(crate) fn take<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: what the slot held it owned.
        unsafe { Bound::from_owned_ptr_or_opt(py, self.0.swap(ptr::null_mut(), AcqRel)) }
    }

    pub(crate) fn look<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: what the slot holds lives, and whoever takes it out needs the lock that this thread has.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, self.0.load(Acquire)) }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let held = *self.0.get_mut();
        if !held.is_null() {
            Python::attach(|py| {
                // SAFETY: what the slot holds it owns.
                drop(unsafe { Bound::from_owned_ptr(py, held) });
            });
        }
    }
}

/// Runs what Python calls: an error is raised there, and a panic becomes one.
pub(crate) fn guarded<T>(failed: T, work: impl FnOnce(Python<'_>) -> PyResult<T>) -> T {
    Python::attach(|py| {
        let done = catch_unwind(AssertUnwindSafe(|| work(py)));
        let done =
            done.unwrap_or_else(|_| Err(PyRuntimeError::new_err("a fault of the server, see its log")));
        done.unwrap_or_else(|error| {
            error.restore(py);
            failed
        })
    })
}

/// A method that takes no argument.
pub(crate) const fn without_arguments(name: &'static CStr, function: ffi::PyCFunction) -> ffi::PyMethodDef {
    method(name, ffi::PyMethodDefPointer { PyCFunction: function }, ffi::METH_NOARGS)
}

/// A method that takes one.
pub(crate) const fn with_one(name: &'static CStr, function: ffi::PyCFunction) -> ffi::PyMethodDef {
    method(name, ffi::PyMethodDefPointer { PyCFunction: function }, ffi::METH_O)
}

/// A method that takes any number, as a tuple.
pub(crate) const fn with_many(name: &'static CStr, function: ffi::PyCFunction) -> ffi::PyMethodDef {
    method(name, ffi::PyMethodDefPointer { PyCFunction: function }, ffi::METH_VARARGS)
}

/// A method that takes any number and keywords, without a tuple or a dict.
pub(crate) const fn with_keywords(
    name: &'static CStr,
    function: ffi::PyCFunctionFastWithKeywords,
) -> ffi::PyMethodDef {
    let pointer = ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function };
    method(name, pointer, ffi::METH_FASTCALL | ffi::METH_KEYWORDS)
}

/// The definition of a function, which does not change.
pub(crate) struct Method(pub(crate) ffi::PyMethodDef);

// SAFETY: Python reads it, and nobody writes.
unsafe impl Sync for Method {}

/// A function that has an object for its `self`.
///
/// # Safety
///
/// The function takes such an object.
pub(crate) unsafe fn function<'py>(
    of: &Bound<'py, PyAny>,
    method: &'static Method,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the definition lives for ever and is only read; the object is kept by the function.
    unsafe {
        let function = ffi::PyCFunction_New((&raw const method.0).cast_mut(), of.as_ptr());
        Bound::from_owned_ptr_or_err(of.py(), function)
    }
}

const fn method(name: &'static CStr, pointer: ffi::PyMethodDefPointer, how: c_int) -> ffi::PyMethodDef {
    ffi::PyMethodDef { ml_name: name.as_ptr(), ml_meth: pointer, ml_flags: how, ml_doc: ptr::null() }
}

/// What every awaitable of ours has: it is its own iterator.
pub(crate) unsafe extern "C" fn itself(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: Python calls it with an object that lives.
    unsafe { ffi::Py_NewRef(object) }
}
