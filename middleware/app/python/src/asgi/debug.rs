//! What an app tells those who test it: the templates that it has used, its context.
//!
//! ```text
//! send({"type": "http.response.debug", "info": {…}}) ─▶ the response's extensions: AsgiDebug
//! ```
//!
//! The extension is for tests, and so announced only after [`with_debug`](crate::AsgiApp::with_debug).

use std::{fmt, sync::Arc};

use pyo3::{prelude::*, types::PyDict};

/// The `info` of an app's `http.response.debug`, in the extensions of its response.
#[derive(Clone)]
pub struct AsgiDebug(Arc<Py<PyDict>>);

impl AsgiDebug {
    pub(super) fn new(info: Py<PyDict>) -> Self {
        Self(Arc::new(info))
    }

    /// The dict.
    pub fn info(&self) -> &Py<PyDict> {
        &self.0
    }
}

impl fmt::Debug for AsgiDebug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsgiDebug")
    }
}
