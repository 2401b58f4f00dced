//! An app by its name: `module:attribute`, as every Python server takes it.
//!
//! ```text
//! shop.asgi             the attribute `application`, or `app`
//! shop.asgi:app         the attribute
//! shop:site.wsgi        … of an attribute
//! shop:create_app()     what it returns
//! ```

use std::{error, fmt};

use pyo3::{
    prelude::*,
    types::{PyModule, PyString},
};

use crate::{Interface, traceback};

/// The app that a target names.
///
/// # Errors
///
/// [`ImportError`], with the traceback where Python has one.
pub(crate) fn import(py: Python<'_>, target: &str) -> Result<Py<PyAny>, ImportError> {
    let (module, attribute) = match target.split_once(':') {
        Some((module, attribute)) => (module, Some(attribute)),
        None => (target, None),
    };
    let names =
        |part: &str| part.split('.').all(|name| !name.is_empty() && !name.contains(['/', ' ', '(', ')']));
    if !names(module) || attribute.is_some_and(|attribute| !names(attribute.trim_end_matches("()"))) {
        return Err(ImportError::target(target));
    }
    let raised = |error: PyErr| ImportError::raised(py, target, &error);
    let module = py.import(module).map_err(raised)?;
    let found = match attribute {
        None => usual(&module).ok_or_else(|| ImportError::no_attribute(target)),
        Some(attribute) => walk(&module, attribute.trim_end_matches("()")).map_err(raised),
    }?;
    let found = if target.ends_with("()") { found.call0().map_err(raised)? } else { found };
    if found.is_callable() { Ok(found.unbind()) } else { Err(ImportError::not_callable(target)) }
}

fn usual<'py>(module: &Bound<'py, PyModule>) -> Option<Bound<'py, PyAny>> {
    ["application", "app"].into_iter().find_map(|name| module.getattr(name).ok())
}

fn walk<'py>(module: &Bound<'py, PyModule>, attribute: &str) -> PyResult<Bound<'py, PyAny>> {
    attribute
        .split('.')
        .try_fold(module.clone().into_any(), |object, name| object.getattr(PyString::new(object.py(), name)))
}

/// An app that was imported before it is known which interface it has.
#[derive(Debug)]
pub struct PythonApp {
    target: Box<str>,
    callable: Py<PyAny>,
}

impl PythonApp {
    /// Imports it; [`Interpreter::start`](crate::Interpreter::start) comes before.
    ///
    /// # Errors
    ///
    /// When there is no such app.
    pub fn import(target: &str) -> Result<Self, ImportError> {
        let callable = Python::attach(|py| import(py, target))?;
        Ok(Self { target: target.into(), callable })
    }

    /// Its name.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Which interface it has, by its looks.
    pub fn interface(&self) -> Interface {
        Python::attach(|py| Interface::of(py, self.callable.bind(py)))
    }

    /// The callable.
    pub fn callable(&self) -> &Py<PyAny> {
        &self.callable
    }

    /// The callable, without its name.
    pub fn into_callable(self) -> Py<PyAny> {
        self.callable
    }
}

/// Why there is no app.
#[derive(Debug)]
pub struct ImportError {
    target: String,
    why: String,
    traceback: Option<String>,
}

impl ImportError {
    /// Python's traceback, where the import, the attribute or the factory raised.
    pub fn traceback(&self) -> Option<&str> {
        self.traceback.as_deref()
    }

    fn new(target: &str, why: impl Into<String>) -> Self {
        Self { target: target.to_owned(), why: why.into(), traceback: None }
    }

    fn target(target: &str) -> Self {
        Self::new(target, "write MODULE:APP, such as shop.asgi:app, or MODULE:FACTORY()")
    }

    fn no_attribute(target: &str) -> Self {
        Self::new(target, "the module has neither `application` nor `app`: name it after a colon")
    }

    fn not_callable(target: &str) -> Self {
        Self::new(target, "it is no app: it cannot be called")
    }

    fn raised(py: Python<'_>, target: &str, error: &PyErr) -> Self {
        Self { traceback: Some(traceback::of(py, error)), ..Self::new(target, error.to_string()) }
    }

    /// For an app that cannot be what was asked for.
    pub(crate) fn unfit(target: &str, why: impl Into<String>) -> Self {
        Self::new(target, why)
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.target, self.why)
    }
}

impl error::Error for ImportError {}
