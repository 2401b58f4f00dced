//! The one Python interpreter of this process, and how it finds an app's packages.
//!
//! ```text
//! --venv, VIRTUAL_ENV ──▶ DIR/pyvenv.cfg: made by this Python? ──▶ executable = DIR/bin/python ──▶ its site-packages
//! neither             ──▶ python3 of PATH
//! ```
//!
//! ```
//! use enfilade_python::Interpreter;
//!
//! let interpreter = Interpreter::new().start()?;
//! assert!(interpreter.version().starts_with("3."));
//! # Ok::<_, enfilade_python::StartError>(())
//! ```

mod config;
mod finish;
mod signals;
mod start_error;
mod venv;

pub use self::start_error::StartError;

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use pyo3::{PyResult, Python, ffi, types::PyAnyMethods as _};

use self::venv::Venv;

/// Where Python finds its packages, before it starts. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use = "it starts when it is told to"]
pub struct Interpreter {
    venv: Option<PathBuf>,
}

impl Interpreter {
    /// That of `VIRTUAL_ENV`, or `python3`.
    pub fn new() -> Self {
        Self::default()
    }

    /// That of a virtual environment, such as `.venv`.
    pub fn with_venv(self, folder: impl Into<PathBuf>) -> Self {
        Self { venv: Some(folder.into()) }
    }

    /// Starts it, if nothing in this process has: there is one, and the first to start it decides about its packages.
    ///
    /// The thread that starts it is Python's main thread: signal handlers of an app work only there.
    ///
    /// # Errors
    ///
    /// [`StartError`], when the virtual environment cannot be used, or when another one is in use already.
    pub fn start(self) -> Result<Started, StartError> {
        static STARTED: Mutex<Option<Started>> = Mutex::new(None);

        let venv = match self.venv {
            Some(folder) => Some(Venv::open(folder)?),
            None => Venv::of_environment()?,
        };
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = &*started {
            let same = venv.is_none() || venv == started.venv;
            return if same {
                Ok(started.clone())
            } else {
                Err(StartError::Another(started.venv.clone().map(Into::into)))
            };
        }
        // SAFETY: it may be asked at any time.
        let ours = unsafe { ffi::Py_IsInitialized() } == 0;
        if ours {
            config::initialize(venv.as_ref())?;
        }
        let first = Python::attach(|py| {
            // The thread that imports it first is the main thread to Python.
            py.import("threading")?;
            if ours { no_interrupt(py) } else { Ok(()) }
        });
        first.map_err(|error| StartError::Python(error.to_string()))?;
        Ok(started.insert(Started { venv }).clone())
    }
}

/// `signal` brings a handler of SIGINT with it, whether handlers were asked for or not: `KeyboardInterrupt` would break into
/// the request that is answered just then.
fn no_interrupt(py: Python<'_>) -> PyResult<()> {
    let signal = py.import("signal")?;
    let interrupt = signal.getattr("SIGINT")?;
    let handler = signal.call_method1("getsignal", (&interrupt,))?;
    if handler.is(signal.getattr("default_int_handler")?) {
        signal.call_method1("signal", (interrupt, signal.getattr("SIG_DFL")?))?;
    }
    Ok(())
}

/// A Python that runs.
#[derive(Clone, Debug)]
pub struct Started {
    venv: Option<Venv>,
}

impl Started {
    /// Its version, such as `3.11.7`.
    pub fn version(&self) -> &'static str {
        let whole = Python::version_str();
        whole.split(' ').next().unwrap_or(whole)
    }

    /// Lets `import` look into a folder before any other.
    ///
    /// # Errors
    ///
    /// When `sys.path` is no list.
    pub fn add_app_dir(&self, folder: impl Into<PathBuf>) -> Result<(), StartError> {
        let folder = folder.into();
        let added = Python::attach(|py| {
            // As a string: entries of another type, such as a path object, are not looked into.
            py.import("sys")?.getattr("path")?.call_method1("insert", (0, folder.as_os_str())).map(drop)
        });
        added.map_err(|error| StartError::Python(error.to_string()))
    }
}
