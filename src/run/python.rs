//! An app in Python: found, asked which kind it is, and served on the thread that runs it.
//!
//! ```text
//! --venv, --app-dir ─▶ Python ─▶ import MODULE:ATTR ─┬─ ASGI ─▶ asyncio's loop, tokio inside: the gateway on it
//!                                                    └─ WSGI ─▶ one thread: the app on the gateway's
//!                                                               --threads N: the app on a pool of its own
//! drained ─▶ what the app has left for the end of the program
//! ```
//!
//! Signals: handlers of the app's own are kept, those of SIGINT and SIGTERM too, which run beside the drain if they were
//! there before the first request. An app that hangs on the gateway's thread cannot keep the program: see [`PATIENCE`].

use std::{io, process, sync::mpsc, thread, time::Duration};

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
    let served = on(&python, args, target, gateway);
    let over = watch_the_last();
    python.finish();
    drop(over);
    served
}

/// How long the gateway may take to end once it was told so twice; then another thread ends the program.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long threads that the app has left, and functions of `atexit`, may take once nothing is served any more.
const LAST: Duration = Duration::from_secs(30);

/// Python would wait for a thread that never ends as long as it is let. Dropped, what it gives ends the watch.
fn watch_the_last() -> mpsc::Sender<()> {
    let (over, is_over) = mpsc::channel();
    let watch = move || {
        if is_over.recv_timeout(LAST) == Err(mpsc::RecvTimeoutError::Timeout) {
            tracing::error!(target: "enfilade", "threads of the app, or functions of atexit, do not end: they are cut off");
            process::exit(1);
        }
    };
    // Without it the program ends as Python has it.
    let _ = thread::Builder::new().name("enfilade-last".into()).spawn(watch);
    over
}

/// The app may hold the thread on which the gateway hears of signals.
fn watch_the_end() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (_, second) = {
        let _entered = runtime.enter();
        enfilade_server::signals()?
    };
    let watch = move || {
        runtime.block_on(async {
            second.await;
            tokio::time::sleep(PATIENCE).await;
        });
        tracing::error!(target: "enfilade", "the app does not end: it is cut off");
        process::exit(1);
    };
    thread::Builder::new().name("enfilade-end".into()).spawn(watch).map(drop)
}

/// Python, with the folders where the app and its packages are.
fn start(args: &PythonArgs) -> Result<Started, BoxError> {
    let interpreter = match &args.venv {
        Some(folder) => Interpreter::new().with_venv(folder),
        None => Interpreter::new(),
    };
    let python = interpreter.start()?;
    python.add_app_dir(args.folder()?)?;
    Ok(python)
}

fn on(python: &Started, args: &RunArgs, target: &str, gateway: Gateway) -> Result<(), BoxError> {
    let app = PythonApp::import(target).map_err(RunError::Import)?;
    let interface = match args.python.interface {
        None => app.interface(),
        Some(InterfaceArg::Asgi) => Interface::Asgi,
        Some(InterfaceArg::Wsgi) => Interface::Wsgi,
    };
    match interface {
        Interface::Asgi if args.python.threads.is_some() => Err(RunError::Threads.into()),
        Interface::Asgi => asgi(args, &app, gateway, python.version()),
        Interface::Wsgi => wsgi(args, app, gateway, python),
    }
}

fn asgi(args: &RunArgs, app: &PythonApp, gateway: Gateway, version: &str) -> Result<(), BoxError> {
    let what = format!("{} (ASGI on Python {version})", app.target());
    let (path, deadline) = (args.script_name.clone(), args.deadline);
    let served = |app: AsgiApp| async move {
        // Here, and not before: its startup is over, and so its own handlers are there.
        watch_the_end()?;
        let mut app = app.with_root_path(&path).map_err(RunError::Python)?;
        if let Some(seconds) = deadline {
            app = app.with_deadline(Duration::from_secs(seconds));
        }
        gateway.serve(app, &what).await
    };
    AsgiApp::run_imported(app, served).map_err(RunError::Import)?
}

fn wsgi(args: &RunArgs, app: PythonApp, gateway: Gateway, python: &Started) -> Result<(), BoxError> {
    let threads = args.python.threads.unwrap_or(1);
    let count = if threads == 1 { String::new() } else { format!(", {threads} threads") };
    let what = format!("{} (WSGI on Python {}{count})", app.target(), python.version());
    let mut app = WsgiApp::from(app)
        .with_threads(threads.into())
        .with_max_body(args.max_body)
        .with_script_name(&args.script_name)
        .map_err(RunError::Python)?;
    if let Some(seconds) = args.deadline {
        app = app.with_deadline(Duration::from_secs(seconds));
    }
    watch_the_end()?;
    let served = async {
        // In this order: once the address is printed, whoever reads it may send signals.
        tokio::select! {
            biased;
            Err(error) = python.run_signal_handlers() => Err(error.into()),
            served = gateway.serve(app, &what) => served,
        }
    };
    if threads == 1 {
        return PythonRuntime::new()?.block_on(served);
    }
    // Not Python's: its lock is for the threads of the pool, and whoever holds it must not keep a socket waiting.
    Builder::new_multi_thread().enable_all().build()?.block_on(served)
}
