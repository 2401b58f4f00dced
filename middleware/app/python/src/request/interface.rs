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

use pyo3::{
    ffi,
    prelude::*,
    types::{PyFunction, PyType},
};

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
    if let Ok(Some(plain)) = Plain::of(app) {
        return plain.is_coroutine;
    }
    let called = called(app);
    if let Some(called) = &called
        && let Ok(Some(plain)) = Plain::of(called)
        && (plain.is_coroutine || !is_marked(app))
    {
        return plain.is_coroutine;
    }
    let asked = |object: &Bound<'_, PyAny>| {
        // Before Python 3.12 the mark that asgiref and others leave is seen by asyncio's function alone.
        let module = if py.version_info() < (3, 12) { "asyncio" } else { "inspect" };
        py.import(module)?.call_method1("iscoroutinefunction", (object,))?.is_truthy()
    };
    asked(app).unwrap_or(false) || called.is_some_and(|called| asked(&called).unwrap_or(false))
}

/// What an object is called by. Of a class, `__call__` is what its instances are called by; the class itself is called by its
/// parameters.
fn called<'py>(app: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    if app.is_instance_of::<PyType>() { None } else { app.getattr("__call__").ok() }
}

/// Whether something says that it gives a coroutine, whatever it looks like: asyncio's mark, and since Python 3.12 inspect's.
fn is_marked(app: &Bound<'_, PyAny>) -> bool {
    ["_is_coroutine", "_is_coroutine_mark"].iter().any(|mark| app.hasattr(*mark).unwrap_or(true))
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
    for object in [Some(app.clone()), called(app)].into_iter().flatten() {
        if let Some(plain) = Plain::of(&object)? {
            return Ok((plain.required, plain.most));
        }
    }
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

/// What a function in Python says of itself, where nothing was hung on it that says otherwise: most apps are known so, and
/// neither `asyncio` nor `inspect` is imported for one that needs neither.
struct Plain {
    is_coroutine: bool,
    required: usize,
    most: Option<usize>,
}

impl Plain {
    /// Of a function, or a method that is bound to its object.
    fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let inner = object.getattr_opt("__func__")?;
        let bound = inner.is_some() && object.hasattr("__self__")?;
        let function = inner.filter(|_| bound).unwrap_or_else(|| object.clone());
        if !function.is_exact_instance_of::<PyFunction>() || !function.getattr("__dict__")?.is_empty()? {
            return Ok(None);
        }
        let code = function.getattr("__code__")?;
        let flags: i32 = code.getattr("co_flags")?.extract()?;
        let all: usize = code.getattr("co_argcount")?.extract()?;
        let optional = function.getattr("__defaults__")?.len().unwrap_or(0);
        let own = usize::from(bound);
        Ok(Some(Self {
            is_coroutine: flags & ffi::CO_COROUTINE != 0,
            required: all.saturating_sub(optional).saturating_sub(own),
            most: (flags & ffi::CO_VARARGS == 0).then(|| all.saturating_sub(own)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use pyo3::types::PyDict;

    use super::*;
    use crate::Interpreter;

    const APPS: &std::ffi::CStr = c"
import asyncio, functools
async def coroutine(*args): pass
def three(scope, receive, send): pass
def two(environ, start_response): pass
def one(scope): pass
def defaults(a, b, c=None): pass
def any(*args): pass
class Asgi:
    async def __call__(self, scope, receive, send): pass
class Three:
    def __call__(self, scope, receive, send): pass
class Wsgi:
    def __call__(self, environ, start_response): pass
class Marked(Wsgi):
    _is_coroutine = asyncio.coroutines._is_coroutine if hasattr(asyncio.coroutines, '_is_coroutine') else None
class Double:
    def __init__(self, scope): pass
class Lazy:
    def __init__(self, environ, start_response): pass
class Methods:
    async def asgi(self, scope, receive, send): pass
    def wsgi(self, environ, start_response): pass
    @staticmethod
    def three(scope, receive, send): pass
@functools.wraps(three)
def wrapped(*args): return three(*args)
@functools.wraps(two)
async def wrapped_coroutine(*args): pass
";

    #[test]
    fn an_app_shows_its_interface() {
        Interpreter::new().start().expect("Python starts");
        let table = "coroutine asgi, three asgi, two wsgi, one double, defaults wsgi, any wsgi, Asgi() asgi, Three() asgi, \
                     Wsgi() wsgi, Double double, Lazy wsgi, Methods().asgi asgi, Methods().wsgi wsgi, Methods.three asgi, \
                     wrapped asgi, wrapped_coroutine asgi, functools.partial(coroutine) asgi, \
                     functools.partial(three,1) wsgi, len double, lambda:0 wsgi";
        Python::attach(|py| {
            let names = PyDict::new(py);
            py.run(APPS, Some(&names), None).expect("it runs");
            for line in table.split(", ") {
                let (app, expected) = line.rsplit_once(' ').expect("two words");
                let app = py.eval(&CString::new(app).expect("no NUL"), Some(&names), None).expect("an app");
                let found = match Interface::of(py, &app) {
                    Interface::Asgi => "asgi",
                    Interface::Wsgi if is_double(py, &app) => "double",
                    Interface::Wsgi => "wsgi",
                };
                assert_eq!(found, expected, "{line}");
            }
            let marked = py.eval(c"Marked()", Some(&names), None).expect("an app");
            let is_seen = py.version_info() < (3, 12);
            assert_eq!(Interface::of(py, &marked) == Interface::Asgi, is_seen);
        });
    }
}
