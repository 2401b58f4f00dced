//! How an app is called for a request: its scope, the two functions that it is given, and its task.
//!
//! ```text
//! app(scope, receive, send) ─▶ coroutine ─▶ asyncio.Task, whose first step runs at once
//! ```
//!
//! `receive` and `send` are functions of C: of all callables they are called with the least ado.

use std::{borrow::Cow, ptr, sync::Arc};

use enfilade_core::Rejection;
use http::request;
use pyo3::{ffi, prelude::*};

use super::{
    app::App,
    exchange::Exchange,
    reason,
    receive::receive,
    scope,
    send::send,
    task::{self, Whose},
};
use crate::native::{self, Method, function, guarded};

/// Makes the task, on the loop's thread.
pub(super) fn start(exchange: &Exchange, head: &request::Parts) {
    let app = exchange.app();
    let path = match admit(app, head) {
        Ok(path) => path,
        Err(rejection) => return exchange.refuse(rejection),
    };
    Python::attach(|py| match task(py, app, exchange, head, &path) {
        Ok(task) => exchange.started(task.unbind()),
        Err(error) => exchange.failed(|| Some(crate::traceback::of(py, &error))),
    });
}

/// The path, if the app is to be called at all.
pub(super) fn admit<'h>(app: &App, head: &'h request::Parts) -> Result<Cow<'h, str>, Rejection> {
    if app.registry.len() >= app.settings.max_in_flight {
        return Err(reason::busy());
    }
    let path = scope::path(head).ok_or_else(reason::path)?;
    app.settings.mount.path_info(path.as_bytes()).ok_or_else(reason::not_here)?;
    app.core().hear_of_drain(&head.extensions);
    Ok(path)
}

fn task<'py>(
    py: Python<'py>,
    app: &Arc<App>,
    exchange: &Exchange,
    head: &request::Parts,
    path: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let scope = scope::scope(py, app, head, path)?;
    task::start(py, app, Whose::Http(exchange.clone()), scope.into_any().unbind())
}

/// Calls the app for a request, of whose two functions `run` is the `self`; it gives a coroutine.
pub(super) fn call<'py>(
    py: Python<'py>,
    app: &App,
    run: &Bound<'py, PyAny>,
    scope: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: both functions take the object that `task::start` has made.
    let (receive, send) = unsafe { (function(run, &RECEIVE)?, function(run, &SEND)?) };
    let arguments = [scope.as_ptr(), receive.as_ptr(), send.as_ptr()];
    // SAFETY: three positional arguments, all alive through the call; it gives a new reference, or none and an
    // exception.
    unsafe {
        let coroutine =
            ffi::PyObject_Vectorcall(app.callable.as_ptr(), arguments.as_ptr(), 3, ptr::null_mut());
        Bound::from_owned_ptr_or_err(py, coroutine)
    }
}

static RECEIVE: Method = Method(native::without_arguments(c"receive", call_receive));
static SEND: Method = Method(native::with_one(c"send", call_send));

unsafe extern "C" fn call_receive(run: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives the function's `self`, which `task::start` has made.
        let exchange = unsafe { task::exchange(run) }.ok_or_else(reason::no_request)?;
        receive(py, exchange).map(Bound::into_ptr)
    })
}

unsafe extern "C" fn call_send(run: *mut ffi::PyObject, message: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: as above; Python keeps the message alive through the call.
        let (exchange, message) = unsafe { (task::exchange(run), Bound::from_borrowed_ptr(py, message)) };
        send(py, exchange.ok_or_else(reason::no_request)?, &message).map(Bound::into_ptr)
    })
}
