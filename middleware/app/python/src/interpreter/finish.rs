//! What `python` does when a program is over, without taking Python down: threads may still hold what is its own.
//!
//! ```text
//! threads that are no daemons are waited for ─▶ atexit's functions ─▶ what was printed is written
//! SIGINT, SIGTERM ─▶ end it all at once
//! ```

use pyo3::{prelude::*, types::PyModule};

use super::Started;

impl Started {
    /// Ends what an app has left for the end of the program, as `python` does: waits for threads that are no daemons, runs
    /// the functions of `atexit`, and writes what was printed. Whoever waits for it no longer sends SIGINT or SIGTERM, which
    /// end the program at once.
    ///
    /// To be called on the thread that started Python, once nothing is served any more.
    pub fn finish(self) {
        Python::attach(|py| {
            let steps: [fn(Python<'_>) -> PyResult<()>; 4] = [default_signals, threads, atexit, flush];
            for step in steps {
                if let Err(error) = step(py) {
                    // As `python` does: there is nothing that it could stop.
                    error.write_unraisable(py, None);
                }
            }
        });
    }
}

fn default_signals(py: Python<'_>) -> PyResult<()> {
    let signal = py.import("signal")?;
    for name in ["SIGINT", "SIGTERM"] {
        signal.call_method1("signal", (signal.getattr(name)?, signal.getattr("SIG_DFL")?))?;
    }
    Ok(())
}

/// Also what ends executors of `concurrent.futures`, as `Py_FinalizeEx` does it.
fn threads(py: Python<'_>) -> PyResult<()> {
    py.import("threading")?.call_method0("_shutdown").map(drop)
}

fn atexit(py: Python<'_>) -> PyResult<()> {
    py.import("atexit")?.call_method0("_run_exitfuncs").map(drop)
}

fn flush(py: Python<'_>) -> PyResult<()> {
    let sys: Bound<'_, PyModule> = py.import("sys")?;
    for name in ["stdout", "stderr"] {
        let stream = sys.getattr(name)?;
        // None in a program without one.
        if !stream.is_none() {
            stream.call_method0("flush")?;
        }
    }
    Ok(())
}
