//! `PyConfig`: what Python is told before it starts.
//!
//! ```text
//! executable               the venv's, beside whose folder Python finds pyvenv.cfg
//! install_signal_handlers  off: this program's own handlers begin a drain
//! parse_argv               off: this program's arguments are not Python's
//! environment              read: PYTHONPATH, PYTHONUNBUFFERED and others work as they do for `python`
//! ```

use std::{ffi::CStr, mem::MaybeUninit, os::unix::ffi::OsStrExt as _};

use pyo3::ffi;

use super::{StartError, venv::Venv};

/// Starts Python, and lets go of the lock that the start leaves with this thread.
pub(super) fn initialize(venv: Option<&Venv>) -> Result<(), StartError> {
    let mut config = Config::new();
    if let Some(venv) = venv {
        config.set_executable(venv)?;
    }
    config.start()
}

struct Config(ffi::PyConfig);

impl Config {
    fn new() -> Self {
        let mut config = MaybeUninit::uninit();
        // SAFETY: it fills the whole structure, which is what it is for.
        let mut config = unsafe {
            ffi::PyConfig_InitPythonConfig(config.as_mut_ptr());
            config.assume_init()
        };
        config.install_signal_handlers = 0;
        config.parse_argv = 0;
        Self(config)
    }

    fn set_executable(&mut self, venv: &Venv) -> Result<(), StartError> {
        let mut path = venv.executable().as_os_str().as_bytes().to_vec();
        path.push(0);
        let path = CStr::from_bytes_with_nul(&path).map_err(|_| StartError::NoVenv(venv.clone().into()))?;
        let config = &raw mut self.0;
        // SAFETY: `config` is initialized and holds its own strings; both fields are among those that it owns.
        let status = unsafe {
            let status = ffi::PyConfig_SetBytesString(config, &raw mut (*config).program_name, path.as_ptr());
            match ffi::PyStatus_Exception(status) {
                0 => ffi::PyConfig_SetBytesString(config, &raw mut (*config).executable, path.as_ptr()),
                _ => status,
            }
        };
        check(status)
    }

    fn start(mut self) -> Result<(), StartError> {
        // SAFETY: Python does not run yet: the caller asked, under a lock. The lock on its objects that comes back with
        // the start is let go of, so that `Python::attach` works on every thread.
        unsafe {
            check(ffi::Py_InitializeFromConfig(&raw const self.0))?;
            ffi::PyEval_SaveThread();
        }
        // SAFETY: nothing reads it any more, and it is cleared once.
        unsafe { ffi::PyConfig_Clear(&raw mut self.0) };
        Ok(())
    }
}

fn check(status: ffi::PyStatus) -> Result<(), StartError> {
    // SAFETY: it reads the value that it is given.
    if unsafe { ffi::PyStatus_Exception(status) } == 0 {
        return Ok(());
    }
    let said = if status.err_msg.is_null() {
        "no reason".to_owned()
    } else {
        // SAFETY: messages are static strings of C.
        unsafe { CStr::from_ptr(status.err_msg) }.to_string_lossy().into_owned()
    };
    Err(StartError::Python(said))
}
