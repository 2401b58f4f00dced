//! The service: an app on a loop; each request is a task of that loop.
//!
//! ```text
//! called on the loop's thread ─▶ the task is made at once       elsewhere ─▶ it is made there, and the answer comes back
//!                               └─ with a body: when the future is polled, and has looked for its first part
//! ```

use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, header::EXPECT, request};
use http_body::Body;
use tokio::sync::{oneshot, watch};
use tower_service::Service;

use super::{
    app::App,
    body::{AsgiBody, Running},
    call,
    exchange::Exchange,
    future::AsgiFuture,
    reason,
    receive::Incoming,
    settings::Settings,
    websocket::{self, WebSocketSettings},
};
use crate::{BoxError, ConfigError};

/// An ASGI app as a tower service. Cheap to clone. See the [module docs](super).
#[derive(Clone)]
#[must_use = "a service does nothing until it is called"]
pub struct AsgiApp {
    pub(super) app: Arc<App>,
    keep: Option<Arc<Keep>>,
}

/// Ends the loop of a thread of its own when it is dropped, with the last clone of the app and the last of its answers:
/// what else a task of the app's does ends with the loop.
pub(super) struct Keep {
    pub(super) _end: oneshot::Sender<()>,
    pub(super) ended: watch::Receiver<()>,
}

impl AsgiApp {
    pub(super) fn new(app: Arc<App>, keep: Option<Keep>) -> Self {
        Self { app, keep: keep.map(Arc::new) }
    }

    /// The path below which it answers, as `root_path` and decoded: `/shop`. Others are 404 `asgi.not-here`; `path`
    /// stays whole, as the specification has it.
    ///
    /// # Errors
    ///
    /// Unless it is empty, or begins with `/` and does not end with one.
    pub fn with_root_path(self, path: &str) -> Result<Self, ConfigError> {
        let mut settings = self.app.settings.clone();
        settings.mount.set_script_name(path)?;
        Ok(self.with(settings))
    }

    /// How long the app may take to the head of its response; a minute unless set. 504 `asgi.timeout`, and the app is
    /// told as if its client had gone. A response that has begun may take as long as it likes.
    pub fn with_deadline(self, span: Duration) -> Self {
        self.edit(|settings| settings.deadline = span)
    }

    /// How long an app goes on after it was told that its client has gone, until its task is cancelled; 5 seconds unless
    /// set.
    pub fn with_grace(self, span: Duration) -> Self {
        self.edit(|settings| settings.grace = span)
    }

    /// Requests whose apps may be at work at once, background work after their responses included; 10,000 unless set.
    /// Others are 503 `asgi.busy`.
    pub fn with_max_in_flight(self, requests: usize) -> Self {
        self.edit(|settings| settings.max_in_flight = requests)
    }

    /// Announces the extension `http.response.debug`, which is for tests: what an app tells is an
    /// [`AsgiDebug`](crate::asgi::AsgiDebug) in the extensions of its response.
    pub fn with_debug(self) -> Self {
        self.edit(|settings| settings.debug = true)
    }

    /// Limits and deadlines of its WebSockets.
    pub fn with_websockets(self, websockets: WebSocketSettings) -> Self {
        self.edit(|settings| settings.websocket = websockets)
    }

    /// Waits until the loop has ended, which a loop on a thread of its own does once every other clone is gone too: the
    /// app's shutdown is over then. At once where the loop is this thread's.
    pub async fn closed(self) {
        let ended = self.keep.as_ref().map(|keep| keep.ended.clone());
        drop(self);
        if let Some(mut ended) = ended {
            while ended.changed().await.is_ok() {}
        }
    }

    fn running(&self, exchange: Exchange) -> AsgiFuture {
        AsgiFuture::new(Running::new(exchange, self.keep.clone()))
    }

    fn edit(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.app.settings.clone();
        change(&mut settings);
        self.with(settings)
    }

    fn with(self, settings: Settings) -> Self {
        Self { app: Arc::new(self.app.with(settings)), keep: self.keep }
    }
}

impl fmt::Debug for AsgiApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsgiApp").field("settings", &self.app.settings).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for AsgiApp
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<AsgiBody>;
    type Error = Infallible;
    type Future = AsgiFuture;

    /// Always ready: one request too many is told so by a 503.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> AsgiFuture {
        let (head, body) = request.into_parts();
        if websocket::is_handshake(&head) {
            return self.running(websocket::call(&self.app, head, !body.is_end_stream()));
        }
        let incoming = Incoming::of(body);
        let is_empty = matches!(incoming, Incoming::Empty);
        let exchange = Exchange::new(self.app.clone(), incoming, head.method == Method::HEAD);
        // Who waits for 100 (Continue) is told to go on when the app reads, and not before.
        if !is_empty && self.app.is_here() && !head.headers.contains_key(EXPECT) {
            return AsgiFuture::early(Running::new(exchange, self.keep.clone()), head);
        }
        if self.app.is_here() {
            call::start(&exchange, &head);
        } else {
            start(&exchange, head);
        }
        self.running(exchange)
    }
}

/// Calls the app on its loop's thread, whichever this is.
pub(super) fn start(exchange: &Exchange, head: request::Parts) {
    let app = exchange.app();
    if app.is_here() {
        return call::start(exchange, &head);
    }
    let start = Start::new(exchange);
    app.remote.spawn(async move { start.now(|exchange| call::start(exchange, &head)) });
}

/// A request on its way to the loop's thread; one that never gets there is refused.
pub(super) struct Start {
    exchange: Exchange,
    started: bool,
}

impl Start {
    pub(super) fn new(exchange: &Exchange) -> Self {
        Self { exchange: exchange.clone(), started: false }
    }

    pub(super) fn now(mut self, start: impl FnOnce(&Exchange)) {
        self.started = true;
        start(&self.exchange);
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        if !self.started {
            self.exchange.refuse(reason::ended());
        }
    }
}
