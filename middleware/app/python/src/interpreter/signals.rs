//! Handlers of signals that an app has set, run while Python's main thread waits for a reactor and not for Python.
//!
//! ```text
//! signal ─▶ Python's own handler in C ─▶ signal.set_wakeup_fd ─▶ a socket ─▶ this future ─▶ the app's handler
//! ```
//!
//! asyncio's loop does this by itself; a WSGI app has none.

use std::{
    io,
    net::Shutdown,
    os::{fd::AsRawFd as _, unix::net::UnixStream as StdStream},
};

use pyo3::{
    exceptions::{PyKeyboardInterrupt, PySystemExit},
    prelude::*,
};
use tokio::net::UnixStream;

use super::Started;

impl Started {
    /// Runs the app's signal handlers for as long as it is polled, which must be on the thread that started Python: no other
    /// may run them. It ends only when something fails, or when somebody else wants to be told of signals.
    ///
    /// In a tokio runtime with I/O. What a handler raises is written to standard error; an exception that ends programs
    /// (`sys.exit`) ends nothing here.
    pub async fn run_signal_handlers(&self) -> io::Result<()> {
        let (ours, python) = StdStream::pair()?;
        for socket in [&ours, &python] {
            socket.set_nonblocking(true)?;
        }
        let ours = UnixStream::from_std(ours)?;
        // Dropped with this future, whose end Python is told of first.
        let _told = Told::by(python)?;
        // Those that came before.
        Python::attach(handle);
        loop {
            ours.readable().await?;
            match ours.try_read(&mut [0; 64]) {
                Ok(0) => return Ok(()),
                Ok(_) => Python::attach(handle),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn handle(py: Python<'_>) {
    if let Err(error) = py.check_signals() {
        let ends =
            error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py);
        if !ends {
            error.write_unraisable(py, None);
        }
    }
}

/// The socket that Python writes the numbers of signals to.
struct Told(StdStream);

impl Told {
    fn by(socket: StdStream) -> io::Result<Self> {
        wakeup(socket.as_raw_fd())?;
        Ok(Self(socket))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // Somebody else's would be taken away too, but then nothing is served any more.
        let _ = wakeup(-1);
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

fn wakeup(fd: i32) -> io::Result<()> {
    let set = |py: Python<'_>| py.import("signal")?.call_method1("set_wakeup_fd", (fd,)).map(drop);
    Ok(Python::attach(set)?)
}
