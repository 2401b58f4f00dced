//! One asyncio loop whose selector is a tokio runtime: sockets, timers, Python's callbacks and Rust's tasks on one
//! thread, with no hand-over between them.
//!
//! ```text
//! loop.run_forever()                                   asyncio's own SelectorEventLoop
//!   ├─ run what is ready: tasks, callbacks             Python
//!   └─ selector.select(timeout) ── a turn of tokio     Rust: accept, read, call the app, write
//!        returns when: Python has something to run · a descriptor of Python's is ready · the timeout has passed
//! ```
//!
//! 1. Whatever Rust puts into the loop (a new task, a future's result) calls [`Local::python_ready`], or the turn would
//!    wait on.
//! 2. What Python does to Rust's futures wakes them in the next turn ([`Local::wake`]): a waker that is called outside a
//!    turn costs a system call each.

mod descriptors;
mod selector;
mod turn;

use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
    sync::Arc,
    task::Waker,
};

use pyo3::{intern, prelude::*, types::PyDict};
use tokio::task::JoinHandle;

use self::selector::Selector;
use crate::PythonRuntime;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

/// What the loop's thread knows about the loop.
#[derive(Default)]
pub(crate) struct Local {
    /// Whether Python has something to run that it had not when the turn began.
    ready: Cell<bool>,
    /// The waker of the turn that runs.
    turn: RefCell<Option<Waker>>,
    woken: RefCell<Vec<Waker>>,
}

impl Local {
    /// That of this thread, if it has a loop.
    pub(crate) fn current() -> Option<Rc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Ends the turn that runs, so that Python runs what it was given.
    pub(crate) fn python_ready(&self) {
        if !self.ready.replace(true)
            && let Some(turn) = &*self.turn.borrow()
        {
            turn.wake_by_ref();
        }
    }

    /// Wakes a task of the runtime: now if a turn runs, else when the next one begins.
    pub(crate) fn wake(&self, waker: Waker) {
        if self.turn.borrow().is_some() {
            waker.wake();
        } else {
            self.woken.borrow_mut().push(waker);
        }
    }
}

/// An asyncio loop on this thread. It ends with its value.
pub(crate) struct Reactor {
    event_loop: Py<PyAny>,
    runtime: Arc<PythonRuntime>,
}

impl Reactor {
    /// Makes the loop and makes it this thread's.
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        let local = Rc::new(Local::default());
        let runtime = Arc::new(PythonRuntime::new()?);
        let selector = Py::new(py, Selector::new(py, local.clone(), runtime.clone())?)?;
        let asyncio = py.import("asyncio")?;
        let event_loop = asyncio.call_method1("SelectorEventLoop", (&selector,))?;
        asyncio.call_method1("set_event_loop", (&event_loop,))?;
        CURRENT.set(Some(local));
        Ok(Self { event_loop: event_loop.unbind(), runtime })
    }

    /// Lets what is made now use the runtime inside.
    pub(crate) fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime.enter()
    }

    pub(crate) fn event_loop(&self) -> &Py<PyAny> {
        &self.event_loop
    }

    /// Runs a task on the runtime inside, and the loop until that task is done.
    pub(crate) fn run<F>(&self, py: Python<'_>, main: F) -> PyResult<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _entered = self.runtime.enter();
        let stop = self.event_loop.clone_ref(py);
        let main = tokio::spawn(async move {
            let output = main.await;
            Python::attach(|py| {
                // A loop that is closed needs no end.
                let _ = stop.call_method0(py, intern!(py, "stop"));
                if let Some(local) = Local::current() {
                    local.python_ready();
                }
            });
            output
        });
        self.event_loop.call_method0(py, intern!(py, "run_forever"))?;
        outcome(&self.runtime, main)
    }

    /// Ends what the app has left behind, as `asyncio.run` does: its tasks, its generators, its threads.
    pub(crate) fn close(&self, py: Python<'_>) -> PyResult<()> {
        let _entered = self.runtime.enter();
        let event_loop = self.event_loop.bind(py);
        let asyncio = py.import("asyncio")?;
        let tasks = asyncio.call_method1("all_tasks", (event_loop,))?;
        let tasks: Vec<Bound<'_, PyAny>> = tasks.try_iter()?.collect::<PyResult<_>>()?;
        for task in &tasks {
            task.call_method0("cancel")?;
        }
        if !tasks.is_empty() {
            let options = PyDict::new(py);
            options.set_item("return_exceptions", true)?;
            let all =
                asyncio.getattr("gather")?.call(pyo3::types::PyTuple::new(py, &tasks)?, Some(&options))?;
            event_loop.call_method1("run_until_complete", (all,))?;
        }
        for last in ["shutdown_asyncgens", "shutdown_default_executor"] {
            event_loop.call_method1("run_until_complete", (event_loop.call_method0(last)?,))?;
        }
        asyncio.call_method1("set_event_loop", (py.None(),))?;
        event_loop.call_method0("close").map(drop)
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

fn outcome<T>(runtime: &PythonRuntime, main: JoinHandle<T>) -> PyResult<T> {
    if !main.is_finished() {
        return Err(pyo3::exceptions::PyRuntimeError::new_err("the app has stopped the event loop"));
    }
    runtime.turn(main).map_err(|error| io::Error::other(error).into())
}
