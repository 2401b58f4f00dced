//! Which of Python's two interfaces an app speaks, found by looking at it.
//!
//! ```text
//! a coroutine function, or an object whose `__call__` is one ─▶ ASGI
//! three required positional parameters ──────────────────────▶ ASGI   scope, receive, send
//! anything else ─────────────────────────────────────────────▶ WSGI   environ, start_response
//! ```
//!
//! ```
//! use enfilade_python::{Interface, Interpreter};
//! use pyo3::{Python, types::PyAnyMethods};
//!
//! Interpreter::new().start()?;
//! Python::attach(|py| {
//!     let app = py.eval(c"lambda environ, start_response: []", None, None)?;
//!     assert_eq!(Interface::of(py, &app), Interface::Wsgi);
//!     let app = py.eval(c"lambda scope, receive, send: None", None, None)?;
//!     assert_eq!(Interface::of(py, &app), Interface::Asgi);
//!     Ok::<_, pyo3::PyErr>(())
//! })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use pyo3::{prelude::*, types::PyType};

/// Which interface an app speaks. See the [module docs](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// PEP 3333.
    Wsgi,
    /// ASGI 3.
    Asgi,
}

impl Interface {
    /// Looks at an app; one that cannot be looked at (a built-in without a signature) counts as WSGI.
    pub fn of(py: Python<'_>, app: &Bound<'_, PyAny>) -> Self {
        let asgi = is_coroutine(py, app) || three_parameters(py, app).unwrap_or(false);
        if asgi { Self::Asgi } else { Self::Wsgi }
    }
}

fn is_coroutine(py: Python<'_>, app: &Bound<'_, PyAny>) -> bool {
    // Of a class, `__call__` is what its instances are called by; the class itself is called by its parameters.
    let called = if app.is_instance_of::<PyType>() { None } else { app.getattr("__call__").ok() };
    let asked = |object: &Bound<'_, PyAny>| {
        // Before Python 3.12 the mark that asgiref and others leave is seen by asyncio's function alone.
        let module = if py.version_info() < (3, 12) { "asyncio" } else { "inspect" };
        py.import(module)?.call_method1("iscoroutinefunction", (object,))?.is_truthy()
    };
    asked(app).unwrap_or(false) || called.is_some_and(|called| asked(&called).unwrap_or(false))
}

/// Whether an app is one of ASGI 2, which is called twice: `app(scope)`, and what that returns.
pub(crate) fn is_double(py: Python<'_>, app: &Bound<'_, PyAny>) -> bool {
    !is_coroutine(py, app)
        && parameters(py, app).is_ok_and(|(required, most)| required == 1 && most == Some(1))
}

fn three_parameters(py: Python<'_>, app: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(parameters(py, app)?.0 == 3)
}

/// How many positional parameters it requires, and how many it takes at most, if there is a most.
fn parameters(py: Python<'_>, app: &Bound<'_, PyAny>) -> PyResult<(usize, Option<usize>)> {
    let inspect = py.import("inspect")?;
    let parameters =
        inspect.call_method1("signature", (app,))?.getattr("parameters")?.call_method0("values")?;
    let kind = inspect.getattr("Parameter")?;
    let (only, either) = (kind.getattr("POSITIONAL_ONLY")?, kind.getattr("POSITIONAL_OR_KEYWORD")?);
    let (mut required, mut most) = (0, Some(0));
    for parameter in parameters.try_iter()? {
        let parameter = parameter?;
        let how = parameter.getattr("kind")?;
        if how.eq(kind.getattr("VAR_POSITIONAL")?)? {
            most = None;
        } else if how.eq(&only)? || how.eq(&either)? {
            most = most.map(|most| most + 1);
            required += usize::from(parameter.getattr("default")?.is(kind.getattr("empty")?));
        }
    }
    Ok((required, most))
}
