//! One app on one loop: the objects that all its requests share, and what is set.
//!
//! ```text
//! App ─┬─ Core       the callable, the loop, its runtime, the lifespan's state: once
//!      └─ Settings   a copy for each clone that sets something else
//! ```

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use enfilade_server::Draining;
use http::Extensions;
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyTuple},
};
use tokio::runtime::Handle;

use super::{
    ready,
    registry::Registry,
    scope::{Template, asgi},
    settings::Settings,
    task::Whose,
};
use crate::reactor::Local;

/// See the [module docs](self).
pub(super) struct App {
    core: Arc<Core>,
    pub(super) settings: Settings,
    pub(super) template: Template,
}

impl Deref for App {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

/// What does not change with the settings.
pub(super) struct Core {
    pub(super) callable: Py<PyAny>,
    pub(super) event_loop: Py<PyAny>,
    /// Which loop it is.
    reactor: usize,
    /// The runtime inside the loop: what it spawns runs on the loop's thread.
    pub(super) remote: Handle,
    pub(super) task: Py<PyAny>,
    /// `loop`, `name` and, where Python has it, `eager_start`. As a dict: a type that is called with keywords makes one.
    pub(super) task_keywords: Py<PyDict>,
    /// Python makes a task's first step at once (from 3.12 on); else it is done for it.
    pub(super) eager: bool,
    future: Py<PyAny>,
    /// `("loop",)`.
    future_keywords: Py<PyTuple>,
    /// `{"version": "3.0", …}`.
    pub(super) asgi: Py<PyDict>,
    /// The lifespan's, with room for the principal; each request has a copy.
    pub(super) state: Py<PyDict>,
    /// What `send` returns unless it waits.
    pub(super) done: Py<PyAny>,
    /// `{"type": "http.request", "body": b"", "more_body": False}`.
    pub(super) no_body: Py<PyDict>,
    pub(super) registry: Registry,
    /// Whether somebody waits for the server's drain.
    watches_drain: AtomicBool,
}

impl App {
    /// On the loop's thread.
    pub(super) fn new(py: Python<'_>, callable: Py<PyAny>, event_loop: Py<PyAny>) -> PyResult<Self> {
        let asyncio = py.import("asyncio")?;
        let no_body = PyDict::new(py);
        no_body.set_item(intern!(py, "type"), intern!(py, "http.request"))?;
        no_body.set_item(intern!(py, "body"), intern!(py, "").call_method0("encode")?)?;
        no_body.set_item(intern!(py, "more_body"), false)?;
        let eager = py.version_info() >= (3, 12);
        let task_keywords = PyDict::new(py);
        task_keywords.set_item("loop", &event_loop)?;
        task_keywords.set_item("name", "enfilade-request")?;
        if eager {
            task_keywords.set_item("eager_start", true)?;
        }
        let state = PyDict::new(py);
        state.set_item(intern!(py, "principal"), py.None())?;
        let core = Core {
            callable,
            event_loop,
            reactor: Local::current().map_or(0, |local| local.number()),
            remote: Handle::current(),
            task: asyncio.getattr("Task")?.unbind(),
            task_keywords: task_keywords.unbind(),
            eager,
            future: asyncio.getattr("Future")?.unbind(),
            future_keywords: PyTuple::new(py, ["loop"])?.unbind(),
            state: state.unbind(),
            asgi: asgi(py)?.unbind(),
            done: ready::ready(py, None)?.unbind(),
            no_body: no_body.unbind(),
            registry: Registry::default(),
            watches_drain: AtomicBool::new(false),
        };
        let settings = Settings::new();
        let template = Template::new(py, &settings, &core.asgi)?;
        Ok(Self { core: Arc::new(core), settings, template })
    }

    /// The same app with other settings.
    pub(super) fn with(&self, settings: Settings) -> Self {
        let template = Python::attach(|py| Template::new(py, &settings, &self.asgi));
        let template = template.expect("a dict of strings needs memory and nothing else");
        Self { core: self.core.clone(), settings, template }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl Core {
    /// Whether this is the loop's thread.
    pub(super) fn is_here(&self) -> bool {
        Local::of(self.reactor).is_some()
    }

    /// A future of the loop.
    pub(super) fn create_future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let arguments = [self.event_loop.as_ptr()];
        // SAFETY: no positional argument and one for the one keyword, alive through the call; it gives a new reference,
        // or none and an exception.
        unsafe {
            let future = pyo3::ffi::PyObject_Vectorcall(
                self.future.as_ptr(),
                arguments.as_ptr(),
                0,
                self.future_keywords.as_ptr(),
            );
            Bound::from_owned_ptr_or_err(py, future)
        }
    }

    /// Waits for the drain of the server that a request came in by, once for all of its requests.
    pub(super) fn hear_of_drain(self: &Arc<Self>, extensions: &Extensions) {
        if self.watches_drain.load(Relaxed) {
            return;
        }
        let Some(draining) = Draining::of(extensions) else { return };
        self.watches_drain.store(true, Relaxed);
        let core = self.clone();
        self.remote.spawn(async move {
            draining.begun().await;
            core.drain();
            // A server that is started after this one has a drain of its own.
            core.watches_drain.store(false, Relaxed);
        });
    }

    /// Tells whoever streams that the server ends.
    pub(super) fn drain(&self) {
        for whose in self.registry.all() {
            if let Whose::Http(exchange) = whose {
                exchange.drain();
            }
        }
    }
}
