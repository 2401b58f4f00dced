//! The service: an app and its settings.
//!
//! ```text
//! Request<B> ─▶ WsgiApp ─┬─ threads = 1, on a PythonRuntime's thread ─▶ called right there
//!                        └─ otherwise ─▶ a pool of threads            ─▶ Response<WsgiBody>
//! ```

use std::{
    convert::Infallible,
    fmt, io,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use enfilade_core::Rejection;
use http::{Request, Response};
use http_body::Body;
use pyo3::{prelude::*, sync::PyOnceLock};
use tower_service::Service;

use super::{
    body::WsgiBody,
    environ::{Entity, Template},
    future::WsgiFuture,
    inline,
    pool::{self, Patience, Threads},
    spool,
};
use crate::{
    BoxError, ConfigError, ImportError, Interface, Interpreter, PythonApp, import::import, request::Mount,
    runtime,
};

/// A WSGI app as a tower service. Cheap to clone; clones share their threads. See the [module docs](super).
#[derive(Clone)]
#[must_use = "a service does nothing until it is called"]
pub struct WsgiApp(Arc<Inner>);

#[derive(Clone)]
struct Settings {
    mount: Mount,
    threads: usize,
    max_body: u64,
    max_waiting: usize,
    patience: Patience,
}

pub(super) struct Inner {
    app: Arc<Py<PyAny>>,
    settings: Settings,
    template: PyOnceLock<Template>,
    threads: OnceLock<Threads>,
}

impl WsgiApp {
    /// The app that a name means, `shop.wsgi`, `shop:app` or `shop:create_app()`; Python is started if nothing has.
    ///
    /// # Errors
    ///
    /// When Python does not start, when there is no such app, or when it is an ASGI app.
    pub fn import(target: &str) -> Result<Self, ImportError> {
        Interpreter::new().start().map_err(|error| ImportError::unfit(target, error.to_string()))?;
        Python::attach(|py| {
            let app = import(py, target)?;
            if Interface::of(py, app.bind(py)) == Interface::Asgi {
                return Err(ImportError::unfit(target, "it is an ASGI app, not a WSGI app: use `AsgiApp`"));
            }
            Ok(Self::new(app))
        })
    }

    /// A callable, as PEP 3333 has it.
    pub fn new(app: Py<PyAny>) -> Self {
        let settings = Settings {
            mount: Mount::new(),
            threads: 1,
            max_body: 1 << 30,
            max_waiting: 256,
            patience: Patience { queue: Duration::from_secs(10), answer: Duration::from_secs(60) },
        };
        Self(Arc::new(Inner::new(Arc::new(app), settings)))
    }

    /// Threads that call the app; 1 unless set, which on a [`PythonRuntime`](crate::PythonRuntime) is the thread of the
    /// reactor itself. More is for apps that wait: for a database, for another server.
    pub fn with_threads(self, count: usize) -> Self {
        self.edit(|settings| settings.threads = count.max(1))
    }

    /// The path below which it answers, as `SCRIPT_NAME` and decoded: `/shop`. Others are 404 `wsgi.not-here`.
    ///
    /// # Errors
    ///
    /// Unless it is empty, or begins with `/` and does not end with one.
    pub fn with_script_name(self, name: &str) -> Result<Self, ConfigError> {
        self.try_edit(|settings| settings.mount.set_script_name(name))
    }

    /// `SERVER_NAME` for requests that name no host (HTTP/1.0); `localhost` unless set.
    ///
    /// # Errors
    ///
    /// If it is no host name or address.
    pub fn with_server_name(self, name: &str) -> Result<Self, ConfigError> {
        self.try_edit(|settings| settings.mount.set_server_name(name))
    }

    /// The largest request body, in bytes; 1 GiB unless set. Others are 413 `wsgi.body-too-large`.
    pub fn with_max_body(self, bytes: u64) -> Self {
        self.edit(|settings| settings.max_body = bytes)
    }

    /// Requests that may wait for a thread, and how long; 256 for 10 seconds unless set. Others are 503 `wsgi.busy`.
    pub fn with_queue(self, requests: usize, span: Duration) -> Self {
        self.edit(|settings| {
            settings.max_waiting = requests;
            settings.patience.queue = span;
        })
    }

    /// How long the app may take until it answers; a minute unless set. 504 `wsgi.timeout`, though the thread goes on:
    /// Python cannot be interrupted. Called on the reactor's own thread an app has no deadline, since nothing else runs
    /// there meanwhile; and an answer that has begun may take as long as it likes.
    pub fn with_deadline(self, span: Duration) -> Self {
        self.edit(|settings| settings.patience.answer = span)
    }

    fn edit(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.0.settings.clone();
        change(&mut settings);
        Self(Arc::new(Inner::new(self.0.app.clone(), settings)))
    }

    fn try_edit(
        self,
        change: impl FnOnce(&mut Settings) -> Result<(), ConfigError>,
    ) -> Result<Self, ConfigError> {
        let mut changed = Ok(());
        let this = self.edit(|settings| changed = change(settings));
        changed.map(|()| this)
    }
}

impl Inner {
    /// What is made from the settings is made anew when they change.
    fn new(app: Arc<Py<PyAny>>, settings: Settings) -> Self {
        Self { app, settings, template: PyOnceLock::new(), threads: OnceLock::new() }
    }

    pub(super) fn app(&self) -> &Py<PyAny> {
        &self.app
    }

    pub(super) fn mount(&self) -> &Mount {
        &self.settings.mount
    }

    pub(super) fn max_body(&self) -> u64 {
        self.settings.max_body
    }

    pub(super) fn patience(&self) -> Patience {
        self.settings.patience
    }

    pub(super) fn template(&self, py: Python<'_>) -> PyResult<&Template> {
        let multithread = self.settings.threads > 1;
        self.template.get_or_try_init(py, || Template::new(py, &self.settings.mount, multithread))
    }

    /// The pool, started when it is first needed.
    pub(super) fn threads(&self) -> io::Result<&Threads> {
        if let Some(threads) = self.threads.get() {
            return Ok(threads);
        }
        // Of two that start it at once, one pool is dropped again before it has work.
        let started = Threads::start(self.settings.threads, self.settings.max_waiting)?;
        Ok(self.threads.get_or_init(|| started))
    }

    fn is_inline(&self) -> bool {
        self.settings.threads == 1 && runtime::holds()
    }
}

/// An app that was imported before; whether it is one for WSGI is the caller's to know ([`PythonApp::interface`]).
impl From<PythonApp> for WsgiApp {
    fn from(app: PythonApp) -> Self {
        Self::new(app.into_callable())
    }
}

impl fmt::Debug for WsgiApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsgiApp").field("threads", &self.0.settings.threads).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for WsgiApp
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<WsgiBody>;
    type Error = Infallible;
    type Future = WsgiFuture;

    /// Always ready: who waits is told so in time, by a 503.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> WsgiFuture {
        let (head, body) = request.into_parts();
        if !self.0.is_inline() {
            return WsgiFuture::waiting(pool::answer(self.0.clone(), head, body));
        }
        let length = match spool::said(&head.headers) {
            Ok(length) => length,
            Err(rejection) => return WsgiFuture::ready(rejection.into_response()),
        };
        if body.is_end_stream() && length.unwrap_or(0) == 0 {
            return WsgiFuture::ready(inline::answer(&self.0, &head, Entity { length, source: None }));
        }
        let app = self.0.clone();
        WsgiFuture::waiting(async move {
            match spool::read(length, body, app.max_body()).await {
                Ok(entity) => inline::answer(&app, &head, entity),
                Err(rejection) => Rejection::into_response(rejection),
            }
        })
    }
}
