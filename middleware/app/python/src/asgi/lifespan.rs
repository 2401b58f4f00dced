//! The lifespan of an app: one task that is told when serving begins and when it ends.
//!
//! ```text
//! startup ─┬─ startup.complete ─▶ Up ── serve ── shutdown ─┬─ shutdown.complete ─▶ over
//!          │                                               └─ shutdown.failed, raised ─▶ the log, over
//!          ├─ startup.failed ─▶ nothing is served
//!          └─ raised, returned ─▶ Without: the app has no lifespan, which the specification allows
//! ```
//!
//! What it puts into `scope["state"]` each request finds in its own, in a copy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::{
    exceptions::{PyRuntimeError, PyValueError},
    intern,
    prelude::*,
    types::{PyDict, PyString},
};
use tokio::sync::Notify;

use super::{
    app::App,
    leave::{is_done, settle},
    message::wrong,
    ready::ready,
    task::{self, Conversation, Whose},
};

/// See the [module docs](self).
#[derive(Clone)]
pub(super) struct Lifespan(Arc<Shared>);

struct Shared {
    app: Arc<App>,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    phase: Phase,
    /// The futures that `receive` has given to the app, until there is something to receive.
    receiving: Vec<Py<PyAny>>,
    /// Messages that the app has received.
    received: u8,
    why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    Up,
    Stopping,
    Over,
    /// The app has none.
    Without,
    /// It could not start.
    Failed,
}

impl Lifespan {
    /// Begins it, on the loop's thread.
    pub(super) fn begin(py: Python<'_>, app: &Arc<App>) -> PyResult<Self> {
        let state = State { phase: Phase::Starting, receiving: Vec::new(), received: 0, why: String::new() };
        let lifespan =
            Self(Arc::new(Shared { app: app.clone(), state: Mutex::new(state), changed: Notify::new() }));
        let scope = PyDict::new(py);
        scope.set_item(intern!(py, "type"), intern!(py, "lifespan"))?;
        scope.set_item(intern!(py, "asgi"), &app.asgi)?;
        scope.set_item(intern!(py, "state"), &app.state)?;
        let receive = Bound::new(py, Receive(lifespan.clone()))?;
        let send = Bound::new(py, Send(lifespan.clone()))?;
        let whose = Whose::Other(Arc::new(lifespan.clone()));
        let arguments = (scope, receive, send).into_pyobject(py)?;
        task::start(py, app, whose, arguments.into_any().unbind())?;
        Ok(lifespan)
    }

    /// Waits until the app is up.
    ///
    /// # Errors
    ///
    /// What the app says why it cannot start.
    pub(super) async fn started(&self) -> Result<(), String> {
        match self.until(|phase| phase != Phase::Starting).await {
            Phase::Failed => Err(std::mem::take(&mut self.lock().why)),
            _ => Ok(()),
        }
    }

    /// Tells the app that the end has come, and waits for its.
    pub(super) async fn stop(&self) {
        if self.tell() {
            self.until(|phase| phase == Phase::Over).await;
        }
    }

    /// Whether there is an end to wait for.
    fn tell(&self) -> bool {
        let mut state = self.lock();
        if state.phase != Phase::Up {
            return false;
        }
        state.phase = Phase::Stopping;
        let receiving = std::mem::take(&mut state.receiving);
        drop(state);
        Python::attach(|py| {
            for future in receiving {
                // One that was cancelled is asked for nothing, and takes nothing.
                if is_done(future.bind(py)) {
                    continue;
                }
                let told = self.take(py).and_then(|told| told.ok_or_else(too_many));
                settle(future.bind(py), told);
            }
        });
        true
    }

    async fn until(&self, done: impl Fn(Phase) -> bool) -> Phase {
        loop {
            let changed = self.0.changed.notified();
            let phase = self.lock().phase;
            if done(phase) {
                return phase;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn become_(&self, phase: Phase) {
        self.lock().phase = phase;
        self.0.changed.notify_waiters();
    }

    /// The next message, if its time has come.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let mut state = self.lock();
        let kind = match (state.phase, state.received) {
            (Phase::Starting, 0) => intern!(py, "lifespan.startup"),
            (Phase::Stopping, 1) => intern!(py, "lifespan.shutdown"),
            _ => return Ok(None),
        };
        state.received += 1;
        drop(state);
        let message = PyDict::new(py);
        message.set_item(intern!(py, "type"), kind)?;
        Ok(Some(message.into_any().unbind()))
    }

    fn send(&self, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = message.py();
        let dict = message.cast::<PyDict>().map_err(|_| wrong("a message", "a dict", message))?;
        let Some(kind) = dict.get_item(intern!(py, "type"))? else {
            return Err(PyValueError::new_err("the message has no `type`"));
        };
        let name = kind.cast::<PyString>().map_err(|_| wrong("`type`", "a str", &kind))?.to_str()?;
        let phase = self.lock().phase;
        match (phase, name) {
            (Phase::Starting, "lifespan.startup.complete") => self.become_(Phase::Up),
            (Phase::Starting, "lifespan.startup.failed") => {
                self.lock().why = said(dict)?;
                self.become_(Phase::Failed);
            }
            (Phase::Stopping, "lifespan.shutdown.complete") => self.become_(Phase::Over),
            (Phase::Stopping, "lifespan.shutdown.failed") => {
                tracing::error!(target: "enfilade::asgi", code = "asgi.shutdown-failed", "{}", said(dict)?);
                self.become_(Phase::Over);
            }
            _ => return Err(PyRuntimeError::new_err(format!("`{name}` is not what the lifespan waits for"))),
        }
        Ok(())
    }
}

/// `message` of a failure.
fn said(message: &Bound<'_, PyDict>) -> PyResult<String> {
    let Some(text) = message.get_item(intern!(message.py(), "message"))? else { return Ok(String::new()) };
    Ok(text.cast::<PyString>().map_err(|_| wrong("`message`", "a str", &text))?.to_string())
}

fn too_many() -> PyErr {
    PyRuntimeError::new_err("another `receive` has this message of the lifespan")
}

impl Conversation for Lifespan {
    fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    fn returned(&self) {
        self.ended(None);
    }

    fn failed(&self, traceback: Option<String>) {
        self.ended(Some(traceback.unwrap_or_default()));
    }
}

impl Lifespan {
    fn ended(&self, raised: Option<String>) {
        let phase = self.lock().phase;
        let raised = raised.filter(|raised| !raised.is_empty());
        match phase {
            Phase::Starting => {
                if let Some(raised) = raised {
                    tracing::debug!(target: "enfilade::asgi", "the app has no lifespan: {raised}");
                }
                self.become_(Phase::Without);
            }
            Phase::Up | Phase::Stopping => {
                if let Some(raised) = raised {
                    tracing::error!(target: "enfilade::asgi", code = "asgi.lifespan-failed", "{raised}");
                }
                self.become_(Phase::Over);
            }
            Phase::Over | Phase::Without | Phase::Failed => {}
        }
    }
}

#[pyclass(frozen, module = "enfilade", name = "receive")]
struct Receive(Lifespan);

#[pymethods]
impl Receive {
    fn __call__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(message) = self.0.take(py)? {
            return ready(py, Some(message));
        }
        let future = self.0.0.app.create_future(py)?;
        self.0.lock().receiving.push(future.clone().unbind());
        Ok(future)
    }
}

#[pyclass(frozen, module = "enfilade", name = "send")]
struct Send(Lifespan);

#[pymethods]
impl Send {
    fn __call__(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.0.send(message)?;
        Ok(self.0.0.app.done.clone_ref(py))
    }
}
