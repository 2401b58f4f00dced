//! An app and its loop: on this thread for as long as something is served, or on a thread of its own.
//!
//! ```text
//! run(target, |app| serve)   the loop's thread is this one: a server on its runtime pays no hand-over
//! import(target)             a thread of its own, for programs that have their own runtime
//!
//! import ─▶ lifespan.startup ─▶ serve ─▶ requests that are left ─▶ lifespan.shutdown ─▶ tasks cancelled, loop closed
//! ```

use std::{sync::Arc, thread, time::Duration};

use pyo3::prelude::*;
use tokio::sync::{oneshot, watch};

use super::{
    app::App,
    lifespan::Lifespan,
    service::{AsgiApp, Keep},
};
use crate::{ImportError, PythonApp, import::import, reactor::Reactor, request::is_double, traceback};

/// How long what the app has left behind may take to its end.
const PATIENCE: Duration = Duration::from_secs(5);

const SECOND: &str = "it is an app of ASGI version 2, which is called twice: wrap it in \
                      asgiref.compatibility.guarantee_single_callable";

impl AsgiApp {
    /// Imports an app, and runs `main` on the runtime inside its loop, on this thread, until it is done. `main` is polled
    /// once the app's startup is over, and its shutdown follows.
    ///
    /// # Errors
    ///
    /// When there is no such app, when its startup fails, or when it ends the loop.
    pub fn run<F, Fut>(target: &str, main: F) -> Result<Fut::Output, ImportError>
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output: Send> + Send + 'static,
    {
        run_with(target, |py| import(py, target), main)
    }

    /// The same for an app that was imported before there was a loop.
    ///
    /// # Errors
    ///
    /// When its startup fails, or when it ends the loop.
    pub fn run_imported<F, Fut>(app: &PythonApp, main: F) -> Result<Fut::Output, ImportError>
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output: Send> + Send + 'static,
    {
        run_with(app.target(), |py| Ok(app.callable().clone_ref(py)), main)
    }

    /// Imports an app, and runs its loop on a thread of its own until the last clone is dropped; see
    /// [`closed`](Self::closed).
    ///
    /// # Errors
    ///
    /// When there is no such app, or when its startup fails.
    pub fn import(target: &str) -> Result<Self, ImportError> {
        let target: Arc<str> = target.into();
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let name = target.clone();
        thread::Builder::new()
            .name("enfilade-asgi".into())
            .spawn(move || {
                let (alive, ended) = watch::channel(());
                let told = answer.clone();
                let run = Self::run(&name, |app| {
                    let (end, kept) = oneshot::channel();
                    let app = Self::new(app.app, Some(Keep { _end: end, ended }));
                    async move {
                        let _ = told.send(Ok(app));
                        drop(kept.await);
                    }
                });
                if let Err(error) = run {
                    let _ = answer.send(Err(error));
                }
                drop(alive);
            })
            .map_err(|error| ImportError::unfit(&target, error.to_string()))?;
        // A thread that holds Python's lock would keep the other from it.
        let answer = Python::attach(|py| py.detach(move || answered.recv()));
        answer.map_err(|_| ImportError::unfit(&target, "its thread has ended"))?
    }
}

fn run_with<F, Fut>(
    target: &str,
    callable: impl FnOnce(Python<'_>) -> Result<Py<PyAny>, ImportError>,
    main: F,
) -> Result<Fut::Output, ImportError>
where
    F: FnOnce(AsgiApp) -> Fut,
    Fut: Future<Output: Send> + Send + 'static,
{
    Python::attach(|py| {
        let raised = |error: PyErr| ImportError::unfit(target, traceback::of(py, &error));
        let reactor = Reactor::new(py).map_err(raised)?;
        let ran = run_on(py, &reactor, target, callable, main);
        let closed = reactor.close(py, PATIENCE).map_err(raised);
        let output = ran?;
        closed.map(|()| output)
    })
}

fn run_on<F, Fut>(
    py: Python<'_>,
    reactor: &Reactor,
    target: &str,
    callable: impl FnOnce(Python<'_>) -> Result<Py<PyAny>, ImportError>,
    main: F,
) -> Result<Fut::Output, ImportError>
where
    F: FnOnce(AsgiApp) -> Fut,
    Fut: Future<Output: Send> + Send + 'static,
{
    let raised = |error: PyErr| ImportError::unfit(target, traceback::of(py, &error));
    let callable = callable(py)?;
    if is_double(py, callable.bind(py)) {
        return Err(ImportError::unfit(target, SECOND));
    }
    let entered = reactor.enter();
    let app = App::new(py, callable, reactor.event_loop().clone_ref(py)).map_err(raised)?;
    let app = Arc::new(app);
    let main = main(AsgiApp::new(app.clone(), None));
    let output = reactor.run(py, serve(app, main)).map_err(raised)?;
    drop(entered);
    output.map_err(|why| ImportError::unfit(target, why))
}

/// The app's whole life, on its loop.
async fn serve<Fut: Future>(app: Arc<App>, main: Fut) -> Result<Fut::Output, String> {
    let lifespan = Python::attach(|py| Lifespan::begin(py, &app).map_err(|error| traceback::of(py, &error)))?;
    lifespan.started().await.map_err(|why| format!("its startup failed: {why}"))?;
    let output = main.await;
    // Background work of requests that are answered.
    let _ = tokio::time::timeout(app.settings.grace, app.registry.empty()).await;
    lifespan.stop().await;
    Ok(output)
}
