//! An app from a text, and the two ways to call it: on its loop's own thread, and from a foreign runtime.

use std::{
    ffi::CString,
    future::Future,
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use enfilade_python::{AsgiApp, Interpreter};
use enfilade_test::{Drive, Reply};
use pyo3::{
    prelude::*,
    types::{PyCFunction, PyModule},
};
use tokio::time::Instant;

/// The names that the texts of tests may use.
const PRELUDE: &str = "
import asyncio

async def start(send, status=200, headers=(), **more):
    await send({'type': 'http.response.start', 'status': status, 'headers': list(headers), **more})

async def part(send, body=b'', more=True):
    await send({'type': 'http.response.body', 'body': body, 'more_body': more})

async def respond(send, body=b'', status=200, headers=()):
    await start(send, status, headers)
    await part(send, body if isinstance(body, bytes) else str(body).encode(), False)

async def sent(send, message):
    await send(message)

async def raised(awaitable):
    try:
        await awaitable
    except BaseException as error:
        return f'{type(error).__name__}: {error}'
    return 'nothing'

async def body_of(receive):
    body, more = b'', True
    while more:
        message = await receive()
        assert message['type'] == 'http.request', message
        body, more = body + message['body'], message['more_body']
    return body

async def without_lifespan(scope):
    assert scope['type'] != 'lifespan'
";

/// A module under a name that can be imported, in which `app` is the app.
pub(crate) struct Module {
    name: String,
    module: Py<PyModule>,
}

impl Module {
    pub(crate) fn new(source: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        Interpreter::new().start().expect("Python starts");
        let name = format!("app{}", NUMBER.fetch_add(1, Relaxed));
        let text = |text: &str| CString::new(text).expect("no NUL");
        let source = text(&format!("{PRELUDE}\n{source}"));
        Python::attach(|py| match PyModule::from_code(py, &source, c"app.py", &text(&name)) {
            Ok(module) => Self { name, module: module.unbind() },
            Err(error) => panic!("{error}"),
        })
    }

    pub(crate) fn target(&self) -> String {
        format!("{}:app", self.name)
    }

    /// What an expression is in it.
    pub(crate) fn value(&self, expression: &str) -> String {
        Python::attach(|py| {
            let expression = CString::new(expression).expect("no NUL");
            let value = py.eval(&expression, Some(&self.module.bind(py).dict()), None);
            value.unwrap_or_else(|error| panic!("{error}")).to_string()
        })
    }

    /// Waits for something that the loop, or another thread, does; fails only where it never comes.
    pub(crate) async fn until(&self, expression: &str) {
        for _ in 0..12_000 {
            if self.value(expression) == "True" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never: {expression}");
    }
}

/// Runs a test on the app's own loop.
pub(crate) fn run<T, Fut>(source: &str, test: impl FnOnce(AsgiApp, Module) -> Fut) -> T
where
    T: Send + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    let module = Module::new(source);
    let ran = AsgiApp::run(&module.target(), move |app| {
        let test = test(app, module);
        async { tokio::spawn(test).await }
    });
    ran.expect("the app runs").unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

/// Runs a test in a runtime of its own, for an app whose loop is on another thread.
pub(crate) fn foreign<T>(source: &str, test: impl AsyncFnOnce(AsgiApp, Module) -> T) -> T {
    let module = Module::new(source);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let app = AsgiApp::import(&module.target()).expect("the app starts");
        let closed = app.clone();
        let told = test(app, module).await;
        closed.closed().await;
        told
    })
}

/// Asks an app both ways; the answers must not differ.
pub(crate) fn both<Fut>(source: &str, ask: impl Fn(Drive<AsgiApp>) -> Fut) -> Reply
where
    Fut: Future<Output = Reply> + Send + 'static,
{
    let here = run(source, |app, _| ask(Drive::service(app)));
    let there = foreign(source, async |app, _| ask(Drive::service(app)).await);
    let told = |reply: &Reply| {
        (
            reply.status(),
            reply.headers().clone(),
            reply.body().clone(),
            reply.trailers().cloned(),
            reply.code(),
            reply.body_error().map(str::to_owned),
        )
    };
    assert_eq!(told(&here), told(&there), "its own thread and another differ");
    here
}

/// A GET, both ways.
pub(crate) fn get(source: &str) -> Reply {
    both(source, |mut app| async move { app.get("/").send_async().await })
}

/// Lets time stand still, for tokio and for asyncio, until nothing else is left to do: then it goes to what is due next.
pub(crate) fn virtual_time() {
    tokio::time::pause();
    let begin = Instant::now();
    let clock = |py: Python<'_>| -> PyResult<()> {
        let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
        let clock = PyCFunction::new_closure(py, None, None, move |_, _| begin.elapsed().as_secs_f64())?;
        event_loop.setattr("time", clock)
    };
    Python::attach(clock).expect("a loop runs on this thread");
}

/// Lets the loop and the runtime do what there is to do.
pub(crate) async fn turns() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
