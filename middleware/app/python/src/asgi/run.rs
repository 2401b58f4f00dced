//! An app and its loop: on this thread for as long as something is served, or on a thread of its own.
//!
//! ```text
//! run(target, |app| serve)   the loop's thread is this one: a server on its runtime pays no hand-over
//! import(target)             a thread of its own, for programs that have their own runtime
//! ```

use std::{sync::Arc, thread};

use pyo3::prelude::*;
use tokio::sync::oneshot;

use super::{app::App, service::AsgiApp};
use crate::{ImportError, PythonApp, import::import, reactor::Reactor, traceback};

impl AsgiApp {
    /// Imports an app, and runs `main` on the runtime inside its loop, on this thread, until it is done.
    ///
    /// # Errors
    ///
    /// When there is no such app, or when it ends the loop.
    pub fn run<F, Fut>(target: &str, main: F) -> Result<Fut::Output, ImportError>
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output: Send> + Send + 'static,
    {
        Self::run_with(target, |py| import(py, target), main)
    }

    /// The same for an app that was imported before there was a loop.
    ///
    /// # Errors
    ///
    /// When it ends the loop.
    pub fn run_imported<F, Fut>(app: &PythonApp, main: F) -> Result<Fut::Output, ImportError>
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output: Send> + Send + 'static,
    {
        Self::run_with(app.target(), |py| Ok(app.callable().clone_ref(py)), main)
    }

    fn run_with<F, Fut>(
        target: &str,
        callable: impl FnOnce(Python<'_>) -> Result<Py<PyAny>, ImportError>,
        main: F,
    ) -> Result<Fut::Output, ImportError>
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output: Send> + Send + 'static,
    {
        Python::attach(|py| {
            let raised = |error: PyErr| ImportError::unfit(target, traceback::of(py, &error));
            let reactor = Reactor::new(py).map_err(raised)?;
            let callable = callable(py)?;
            let entered = reactor.enter();
            let app = App::new(py, callable, reactor.event_loop().clone_ref(py)).map_err(raised)?;
            let output = reactor.run(py, main(Self(Arc::new(app)))).map_err(raised);
            drop(entered);
            reactor.close(py).map_err(raised)?;
            output
        })
    }

    /// Imports an app, and runs its loop on a thread of its own until the last clone is dropped.
    ///
    /// # Errors
    ///
    /// When there is no such app.
    pub fn import(target: &str) -> Result<Self, ImportError> {
        let target: Arc<str> = target.into();
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let name = target.clone();
        thread::Builder::new()
            .name("enfilade-asgi".into())
            .spawn(move || {
                let told = answer.clone();
                let run = Self::run(&name, |app| {
                    let (keep, kept) = oneshot::channel::<()>();
                    let _ = told.send(Ok((app, keep)));
                    async move { drop(kept.await) }
                });
                if let Err(error) = run {
                    let _ = answer.send(Err(error));
                }
            })
            .map_err(|error| ImportError::unfit(&target, error.to_string()))?;
        let ended = || ImportError::unfit(&target, "its thread has ended");
        let (app, keep) = answered.recv().map_err(|_| ended())??;
        std::mem::forget(keep);
        Ok(app)
    }
}
