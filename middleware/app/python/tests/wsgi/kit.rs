//! An app from a text, and the two ways to call it: inline on a Python runtime, and on a pool from a foreign one.

use std::{
    ffi::CString,
    future::Future,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use enfilade_python::{Interpreter, PythonRuntime, WsgiApp};
use enfilade_test::{Drive, Reply};
use pyo3::{prelude::*, types::PyModule};

/// The names that the texts of tests may use.
const PRELUDE: &str = "
def text(start, status='200 OK', *more):
    start(status, [('Content-Type', 'text/plain'), *more])
";

/// A module of its own, in which `app` is the app.
pub(crate) fn module(source: &str) -> Py<PyModule> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    Interpreter::new().start().expect("Python starts");
    let name = CString::new(format!("app{}", NUMBER.fetch_add(1, Relaxed))).expect("no NUL");
    let source = CString::new(format!("{PRELUDE}\n{source}")).expect("no NUL");
    Python::attach(|py| match PyModule::from_code(py, &source, c"app.py", &name) {
        Ok(module) => module.unbind(),
        Err(error) => panic!("{error}"),
    })
}

/// Its app.
pub(crate) fn app_of(module: &Py<PyModule>) -> WsgiApp {
    Python::attach(|py| WsgiApp::new(module.bind(py).getattr("app").expect("an app").unbind()))
}

/// The app of a text.
pub(crate) fn app(source: &str) -> WsgiApp {
    app_of(&module(source))
}

/// What an expression is in a module.
pub(crate) fn value(module: &Py<PyModule>, expression: &str) -> String {
    Python::attach(|py| {
        let expression = CString::new(expression).expect("no NUL");
        py.eval(&expression, Some(&module.bind(py).dict()), None).expect("a value").to_string()
    })
}

/// Runs a test where apps are called inline.
pub(crate) fn inline<T>(test: impl Future<Output = T>) -> T {
    Interpreter::new().start().expect("Python starts");
    PythonRuntime::new().expect("a runtime").block_on(test)
}

/// Runs a test where they are called on a pool.
pub(crate) fn foreign<T>(test: impl Future<Output = T>) -> T {
    Interpreter::new().start().expect("Python starts");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

/// Asks an app both ways; the answers must not differ.
pub(crate) fn both(source: &str, ask: impl AsyncFn(&mut Drive<WsgiApp>) -> Reply) -> Reply {
    let called = inline(async { ask(&mut Drive::service(app(source))).await });
    let pooled = foreign(async { ask(&mut Drive::service(app(source))).await });
    let told = |reply: &Reply| {
        (
            reply.status(),
            reply.headers().clone(),
            reply.body().clone(),
            reply.code(),
            reply.body_error().map(str::to_owned),
        )
    };
    assert_eq!(told(&called), told(&pooled), "inline and pool differ");
    called
}

/// A GET, both ways.
pub(crate) fn get(source: &str) -> Reply {
    both(source, async |app| app.get("/").send_async().await)
}

/// Waits for something that a thread does; fails only where it never comes.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}
