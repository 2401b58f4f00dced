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
mod first_steps;
mod hooks;
mod late;
mod selector;
mod turn;

use std::{
    cell::{Cell, RefCell},
    io,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use pyo3::{
    exceptions::{PyKeyboardInterrupt, PyRuntimeError, PySystemExit},
    intern,
    prelude::*,
    types::{PyDict, PySet},
};

use self::selector::Selector;
use crate::{PythonRuntime, runtime, traceback};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

/// What the loop's thread knows about the loop.
#[derive(Default)]
pub(crate) struct Local {
    /// Which loop of this process it is.
    number: usize,
    /// Whether Python has something to run that it had not when the turn began.
    ready: Cell<bool>,
    /// The waker of the turn that runs.
    turn: RefCell<Option<Waker>>,
    woken: RefCell<Vec<Waker>>,
    /// Whether the next `call_soon` is the first step of a task that is to run at once; and that step with its context.
    capturing: Cell<bool>,
    captured: RefCell<Option<Captured>>,
    /// Whether the next task that enters itself among all tasks is that one.
    making: Cell<bool>,
    /// What a signal's handler in Python has raised while the thread waited.
    raised: Cell<Option<PyErr>>,
}

/// A callback and the context that it is to run in.
type Captured = (Py<PyAny>, Option<Py<PyAny>>);

impl Local {
    fn new() -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        Self { number: LAST.fetch_add(1, Relaxed) + 1, ..Self::default() }
    }

    /// Which loop of this process it is.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// That of a loop, if it is this thread's.
    pub(crate) fn of(number: usize) -> Option<Rc<Self>> {
        Self::current().filter(|local| local.number == number)
    }

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

    /// Runs Python's handlers of signals that came while the thread waited, which is where Python has none to run them;
    /// what one raises ends the turn.
    fn signals(&self) {
        // SAFETY: the thread holds the lock again.
        if unsafe { pyo3::ffi::PyErr_CheckSignals() } != 0 {
            Python::attach(|py| self.raised.set(PyErr::take(py)));
            self.python_ready();
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
        let local = Rc::new(Local::new());
        let runtime = Arc::new(PythonRuntime::new()?);
        let selector = Py::new(py, Selector::new(py, local.clone(), runtime.clone())?)?;
        let asyncio = late::asyncio(py)?;
        let event_loop = asyncio.call_method1("SelectorEventLoop", (&selector,))?;
        asyncio.call_method1("set_event_loop", (&event_loop,))?;
        hooks::install(py, &event_loop, local.number())?;
        first_steps::install(py);
        runtime::after_each_wait(|| {
            if let Some(local) = Local::current() {
                local.signals();
            }
        });
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
    ///
    /// # Errors
    ///
    /// When the app stops the loop before.
    pub(crate) fn run<F>(&self, py: Python<'_>, main: F) -> PyResult<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _entered = self.runtime.enter();
        let stop = Stop(self.event_loop.clone_ref(py));
        let mut main = tokio::spawn(async move {
            let _stop = stop;
            main.await
        });
        loop {
            let stopped = self.event_loop.call_method0(py, intern!(py, "run_forever"));
            if let Poll::Ready(output) = Pin::new(&mut main).poll(&mut Context::from_waker(Waker::noop())) {
                return output.map_err(|error| io::Error::other(error).into());
            }
            let Err(error) = stopped else {
                return Err(PyRuntimeError::new_err("the app has stopped the event loop"));
            };
            // asyncio lets these two out of its loop, whichever callback or task of an app raises them: they end that
            // task, and no server.
            if !error.is_instance_of::<PySystemExit>(py) && !error.is_instance_of::<PyKeyboardInterrupt>(py) {
                return Err(error);
            }
            tracing::error!(target: "enfilade::asgi", code = "asgi.app-failed", "{}", traceback::of(py, &error));
        }
    }

    /// Ends what the app has left behind, as `asyncio.run` does: its tasks, its generators, its threads.
    ///
    /// What does not end when it is told to is waited for so long and left: a task, a generator, the threads of the default
    /// executor.
    pub(crate) fn close(&self, py: Python<'_>, patience: Duration) -> PyResult<()> {
        let _entered = self.runtime.enter();
        let event_loop = self.event_loop.bind(py);
        let asyncio = py.import("asyncio")?;
        let wait_for = |tasks: &Bound<'_, PyAny>| {
            let options = PyDict::new(py);
            options.set_item("timeout", patience.as_secs_f64())?;
            let waits = asyncio.call_method("wait", (tasks,), Some(&options))?;
            event_loop.call_method1("run_until_complete", (waits,)).map(drop)
        };
        let tasks = asyncio.call_method1("all_tasks", (event_loop,))?;
        if tasks.is_truthy()? {
            for task in tasks.try_iter()? {
                task?.call_method0("cancel")?;
            }
            wait_for(&tasks)?;
        }
        for last in ["shutdown_asyncgens", "shutdown_default_executor"] {
            let task = event_loop.call_method1("create_task", (event_loop.call_method0(last)?,))?;
            wait_for(PySet::new(py, [&task])?.as_any())?;
            if task.call_method0("done")?.is_truthy()? {
                task.call_method0("result")?;
            } else {
                tracing::error!(target: "enfilade::asgi", code = "asgi.left-behind", "{last} does not end");
            }
        }
        hooks::remove(event_loop)?;
        asyncio.call_method1("set_event_loop", (py.None(),))?;
        event_loop.call_method0("close").map(drop)
    }
}

/// Stops the loop when the task that it runs for is over, by a panic as well.
struct Stop(Py<PyAny>);

impl Drop for Stop {
    fn drop(&mut self) {
        // A loop that is closed needs no end.
        Python::attach(|py| self.0.call_method0(py, intern!(py, "stop")).map(drop)).ok();
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}
