//! A tokio runtime on one thread that holds Python's lock (the GIL) whenever it works, and lets go of it only to wait.
//!
//! ```text
//! task ─ task ─ task ─ park: let go ── wait for events ── take it back ─ task …
//! ```
//!
//! A task that calls Python on this thread pays no hand-over, and other Python threads run while nothing is to do here;
//! while something is, Python's own switch interval lets them in, as under any event loop.
//!
//! ```
//! use enfilade_python::{Interpreter, PythonRuntime};
//! use pyo3::{Python, types::PyAnyMethods};
//!
//! Interpreter::new().start()?;
//! let runtime = PythonRuntime::new()?;
//! let four: u8 = runtime.block_on(async {
//!     tokio::task::yield_now().await;
//!     Python::attach(|py| py.eval(c"2 + 2", None, None)?.extract())
//! })?;
//! assert_eq!(four, 4);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::{cell::Cell, fmt, io, ptr};

use pyo3::{Python, ffi};
use tokio::runtime::{Builder, EnterGuard, Runtime};

thread_local! {
    /// Whether this thread holds the lock for a runtime that is to let go of it when it parks.
    static HOLDS: Cell<bool> = const { Cell::new(false) };
    /// What this thread does whenever it has waited and has the lock again.
    static AFTER: Cell<Option<fn()>> = const { Cell::new(None) };
    static SAVED: Cell<*mut ffi::PyThreadState> = const { Cell::new(ptr::null_mut()) };
}

/// See the [module docs](self).
pub struct PythonRuntime(Runtime);

impl PythonRuntime {
    /// With I/O and time.
    ///
    /// # Errors
    ///
    /// When the system gives no descriptors for it.
    pub fn new() -> io::Result<Self> {
        Builder::new_current_thread()
            .enable_all()
            .on_thread_park(release)
            .on_thread_unpark(take_back)
            .build()
            .map(Self)
    }

    /// Runs a future and all tasks of this runtime until the future is done; with Python's lock, save while it waits.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        Python::attach(|_| self.turn(future))
    }

    /// The same for a thread that holds the lock already.
    pub(crate) fn turn<F: Future>(&self, future: F) -> F::Output {
        let outer = Holding(HOLDS.replace(true));
        let output = self.0.block_on(future);
        drop(outer);
        output
    }

    /// Lets what runs between two turns use timers, sockets and tasks of this runtime.
    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.0.enter()
    }
}

/// Whether the caller runs on a thread that such a runtime drives, and so holds Python's lock.
#[inline]
pub(crate) fn holds() -> bool {
    HOLDS.get()
}

/// Lets this thread do something whenever it has waited and has the lock again.
pub(crate) fn after_each_wait(work: fn()) {
    AFTER.set(Some(work));
}

struct Holding(bool);

impl Drop for Holding {
    fn drop(&mut self) {
        HOLDS.set(self.0);
    }
}

fn release() {
    if HOLDS.get() && SAVED.get().is_null() {
        // SAFETY: this thread holds the lock: `turn` is entered with it, and `take_back` follows each `release` before
        // the next task runs. Between the two only the driver runs, which wakes tasks and neither polls nor drops one.
        SAVED.set(unsafe { ffi::PyEval_SaveThread() });
    }
}

fn take_back() {
    let saved = SAVED.replace(ptr::null_mut());
    if !saved.is_null() {
        // SAFETY: it is what `release` on this thread was given, and it is taken once.
        unsafe { ffi::PyEval_RestoreThread(saved) };
        if let Some(after) = AFTER.get() {
            after();
        }
    }
}

impl fmt::Debug for PythonRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PythonRuntime")
    }
}
