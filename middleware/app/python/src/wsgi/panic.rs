//! A panic on the way through Python, as an exception: a thread of a pool must not end with it.
//!
//! ```text
//! app ─▶ a module in Rust panics ─▶ PanicException ─▶ PyO3 panics again where it is fetched ─▶ RuntimeError here
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::{PyResult, exceptions::PyRuntimeError};

/// What the job gives; a panic of it is an exception.
///
/// # Errors
///
/// The job's own, or `RuntimeError`.
pub(super) fn caught<T>(job: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // What it has left half done is this request's alone, which ends.
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default();
        Err(PyRuntimeError::new_err(format!("a panic: {text}")))
    })
}
