//! A Python exception as the text that Python would print, for the log.
//!
//! ```text
//! PyErr ──▶ traceback.format_exception ──▶ "Traceback (most recent call last): …"
//! ```

use pyo3::prelude::*;

/// The whole traceback; what Python cannot format is told by its type and message alone.
#[cold]
pub(crate) fn of(py: Python<'_>, error: &PyErr) -> String {
    let lines = || -> PyResult<Vec<String>> {
        // All three: before Python 3.12 the exception itself need not know where it was raised.
        let raised = (error.get_type(py), error.value(py), error.traceback(py));
        py.import("traceback")?.call_method1("format_exception", raised)?.extract()
    };
    lines().map_or_else(|_| error.to_string(), |lines| lines.concat().trim_end().to_owned())
}
