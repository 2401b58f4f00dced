//! An app in Python: found, asked which kind it is, and served on the thread that runs it.
//!
//! ```text
//! --venv, --app-dir ─▶ Python ─▶ import MODULE:ATTR ─┬─ ASGI ─▶ asyncio's loop, tokio inside: the gateway on it
//!                                                    └─ WSGI ─▶ one thread: the app on the gateway's
//!                                                               --threads N: the app on a pool of its own
//! ```

use enfilade_python::{AsgiApp, Interface, Interpreter, PythonRuntime, WsgiApp};
use tower::BoxError;

use super::{Gateway, RunError};
use crate::cli::{InterfaceArg, RunArgs};

/// Serves the app until it is told to stop.
///
/// # Errors
///
/// When Python or the app cannot be used, and whatever [`Gateway::serve`] says.
pub(super) fn serve(args: &'static RunArgs, target: &str) -> Result<(), BoxError> {
    // Before Python: a port that is taken is told at once.
    let gateway = Gateway::bind(args)?;
    let settings = &args.python;
    let interpreter = match &settings.venv {
        Some(folder) => Interpreter::new().with_venv(folder),
        None => Interpreter::new(),
    };
    let python = interpreter.start()?;
    python.add_app_dir(std::path::absolute(&settings.app_dir)?)?;
    let app = enfilade_python::import::load(target).map_err(RunError::Import)?;
    let interface = match settings.interface {
        InterfaceArg::Auto => app.interface(),
        InterfaceArg::Asgi => Interface::Asgi,
        InterfaceArg::Wsgi => Interface::Wsgi,
    };
    let what = format!("{target} ({interface} on Python {})", python.version());
    match interface {
        Interface::Asgi => AsgiApp::run(app, |app| async move { gateway.serve(app, &what).await })
            .map_err(RunError::Import)?,
        _ => {
            let app = WsgiApp::new(app).with_threads(settings.threads);
            PythonRuntime::new()?.block_on(gateway.serve(app, &what))
        }
    }
}
