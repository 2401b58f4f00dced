//! An app in Python: found, asked which kind it is, and served on the thread that runs it.
//!
//! ```text
//! --venv, --app-dir ─▶ Python ─▶ import MODULE:ATTR ─┬─ ASGI ─▶ asyncio's loop, tokio inside: the gateway on it
//!                                                    └─ WSGI ─▶ one thread: the app on the gateway's
//!                                                               --threads N: the app on a pool of its own
//! ```

use enfilade_python::{AsgiApp, Interface, Interpreter, PythonApp, PythonRuntime, Started, WsgiApp};
use tokio::runtime::Builder;
use tower::BoxError;

use super::{Gateway, RunError};
use crate::cli::{InterfaceArg, PythonArgs, RunArgs};

/// Serves the app until it is told to stop.
///
/// # Errors
///
/// When Python or the app cannot be used, and whatever [`Gateway::serve`] says.
pub(super) fn serve(args: &RunArgs, target: &str) -> Result<(), BoxError> {
    // Before Python: a port that is taken is told at once.
    let gateway = Gateway::bind(args)?;
    let python = start(&args.python)?;
    let app = PythonApp::import(target).map_err(RunError::Import)?;
    let interface = match args.python.interface {
        InterfaceArg::Auto => app.interface(),
        InterfaceArg::Asgi => Interface::Asgi,
        InterfaceArg::Wsgi => Interface::Wsgi,
    };
    let on = python.version();
    match interface {
        Interface::Asgi => {
            let what = format!("{target} (ASGI on Python {on})");
            let served = |app| async move { gateway.serve(app, &what).await };
            AsgiApp::run_imported(&app, served).map_err(RunError::Import)?
        }
        Interface::Wsgi => wsgi(args, app, gateway, on),
    }
}

/// Python, with the folders where the app and its packages are.
fn start(args: &PythonArgs) -> Result<Started, BoxError> {
    let interpreter = match &args.venv {
        Some(folder) => Interpreter::new().with_venv(folder),
        None => Interpreter::new(),
    };
    let python = interpreter.start()?;
    python.add_app_dir(std::path::absolute(&args.app_dir)?)?;
    Ok(python)
}

fn wsgi(args: &RunArgs, app: PythonApp, gateway: Gateway, on: &str) -> Result<(), BoxError> {
    let threads = args.python.threads;
    let what = match threads {
        1 => format!("{} (WSGI on Python {on})", app.target()),
        _ => format!("{} (WSGI on Python {on}, {threads} threads)", app.target()),
    };
    let app = WsgiApp::from(app).with_threads(threads.into()).with_max_body(args.max_body);
    let served = gateway.serve(app, &what);
    if threads == 1 {
        return PythonRuntime::new()?.block_on(served);
    }
    // Not Python's: its lock is for the threads of the pool, and whoever holds it must not keep a socket waiting.
    Builder::new_multi_thread().enable_all().build()?.block_on(served)
}
