//! The server: addresses, limits and a service; it serves until it is told to stop.
//!
//! ```text
//! Server::bind, Server::on ── with_limits ── with_signals ── serve(app) ──▶ accepts ─▶ drains ─▶ done
//! ```
//!
//! ```no_run
//! use enfilade_server::Server;
//! use http::{Request, Response};
//! use tower::service_fn;
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let server = Server::bind("localhost:8080").await?.with_signals()?;
//! println!("listening on {:?}", server.local_addrs());
//! server.serve(service_fn(async |_: Request<_>| {
//!     Ok::<_, std::convert::Infallible>(Response::new("hello\n".to_owned()))
//! })).await?;
//! # Ok(()) }
//! ```

use std::{
    fmt,
    future::poll_fn,
    io,
    net::{SocketAddr, TcpListener as StdListener},
    pin::{Pin, pin},
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use enfilade_core::{Clock, RenderRejections};
use http::{Request, Response};
use http_body::Body;
use tokio::{net::ToSocketAddrs, sync::Semaphore, time::timeout};
use tower_service::Service;

use crate::{
    BindError, BoxError, ConfigError, Connections, Limits, Listener, PathRules, RequestBody, RequestIds,
    SecurityHeaders,
    drain::signals,
    listen::{Accepted, Listeners},
    log,
};

/// Serves a tower service over HTTP/1.1 and HTTP/2. See the [module docs](self).
#[must_use = "a server does nothing until it serves"]
pub struct Server {
    listeners: Listeners,
    limits: Limits,
    grace: Duration,
    clock: Clock,
    render: Option<RenderRejections>,
    paths: PathRules,
    ids: RequestIds,
    headers: Option<SecurityHeaders>,
    drain: Signal,
    stop: Signal,
}

type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Server {
    /// Listens on every address that is named; `localhost:8080` may be two, one of each family.
    ///
    /// # Errors
    ///
    /// When one of them cannot be listened on: then on none.
    pub async fn bind(addrs: impl ToSocketAddrs) -> Result<Self, BindError> {
        Listener::tcp(addrs).await.map(|listener| Self::on([listener]))
    }

    /// Serves on these, each by its own rules; limits and drain are one for all.
    pub fn on(listeners: impl IntoIterator<Item = Listener>) -> Self {
        listeners.into_iter().fold(Self::new(), Self::with_listener)
    }

    /// Serves on one more.
    pub fn with_listener(mut self, listener: Listener) -> Self {
        self.listeners.add(listener);
        self
    }

    /// Serves on sockets that something else has bound, such as a supervisor that keeps them over restarts.
    ///
    /// # Errors
    ///
    /// When a socket cannot be made non-blocking.
    pub fn from_listeners(listeners: impl IntoIterator<Item = StdListener>) -> io::Result<Self> {
        Listener::from_tcp(listeners).map(|listener| Self::on([listener]))
    }

    fn new() -> Self {
        Self {
            listeners: Listeners::default(),
            limits: Limits::default(),
            grace: Duration::from_secs(30),
            clock: Clock::system(),
            render: None,
            paths: PathRules::new(),
            ids: RequestIds::new(),
            headers: None,
            drain: Box::pin(std::future::pending()),
            stop: Box::pin(std::future::pending()),
        }
    }

    /// The limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long requests in flight may take to end once a drain has begun. Default 30 s.
    pub fn with_grace_period(mut self, span: Duration) -> Self {
        self.grace = span;
        self
    }

    /// The clock of the access log. Deadlines are tokio's, which tests can pause.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Tells refusals in another way, such as with pages of your own. Without it: by `Accept`, with a plain page.
    pub fn with_renderer(mut self, render: RenderRejections) -> Self {
        self.render = Some(render);
        self
    }

    /// Lets unusual paths in, for apps that need them: those of the most generous app. Without it: none.
    pub fn with_paths(mut self, rules: PathRules) -> Self {
        self.paths = rules;
        self
    }

    /// Adds what a browser should know to every answer, refusals too. Without it: nothing.
    pub fn with_security_headers(mut self, headers: SecurityHeaders) -> Self {
        self.headers = Some(headers);
        self
    }

    /// Names requests in another way, or believes others' traces. Client and peers are those of each connection.
    pub fn with_request_ids(mut self, ids: RequestIds) -> Self {
        self.ids = ids;
        self
    }

    /// Drains once `signal` is done: nothing is accepted any more, idle connections close, requests in flight end.
    pub fn with_graceful_shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.drain = Box::pin(signal);
        self
    }

    /// Ends at once when `signal` is done, grace period or not.
    pub fn with_immediate_shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = lasting(signal);
        self
    }

    /// Drains on the first SIGTERM or SIGINT, ends at once on the second.
    ///
    /// # Errors
    ///
    /// When the system refuses to install the handlers.
    pub fn with_signals(self) -> io::Result<Self> {
        let (first, second) = signals()?;
        Ok(self.with_graceful_shutdown(first).with_immediate_shutdown(second))
    }

    /// Where it listens over TCP: with port 0 in the address, the port that the system chose.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners.local_addrs()
    }

    /// Serves until it is told to stop, with the links of the [crate docs](crate) around `service`.
    ///
    /// # Errors
    ///
    /// When the limits cannot work.
    pub async fn serve<S, B>(self, service: S) -> Result<(), ConfigError>
    where
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Send,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let Self { mut listeners, limits, grace, clock, render, paths, ids, headers, drain, mut stop } = self;
        let permits = Arc::new(Semaphore::new(limits.max_connections));
        let mut connections = Connections::with_clock(limits, clock)?.with_paths(paths).with_request_ids(ids);
        if let Some(headers) = headers {
            connections = connections.with_security_headers(headers);
        }
        if let Some(render) = render {
            connections = connections.with_renderer(render);
        }
        {
            let accepting = pin!(accept(&mut listeners, &permits, &connections, service));
            let told = pin!(either(drain, stop.as_mut()));
            either(accepting, told).await;
        }
        drop(listeners);
        end(&connections, grace, stop).await;
        Ok(())
    }
}

/// Accepts for ever, and leaves each connection to a task.
async fn accept<S, B>(
    listeners: &mut Listeners,
    permits: &Arc<Semaphore>,
    connections: &Connections,
    service: S,
) where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let doors: Vec<_> =
        listeners.doors().iter().map(|door| connections.clone().with_door(door.clone())).collect();
    loop {
        // Before accepting: who cannot be served waits in the system's queue, not in ours.
        let permit = permits.clone().acquire_owned().await.ok();
        let Accepted { io, client, door } = listeners.accept().await;
        tokio::spawn(doors[door].serve_permitted(io, client, service.clone(), permit));
    }
}

/// Drains for the grace period or until `stop`, then cuts what is left.
async fn end(connections: &Connections, grace: Duration, stop: Signal) {
    connections.drain();
    let drained = pin!(timeout(grace, connections.done()));
    either(drained, stop).await;
    if connections.stop() {
        log::fault("server.cut", &"what was not done when the server ended was cut");
        // An app that never yields must not keep the program.
        let _ = timeout(FAREWELL, connections.done()).await;
    }
}

/// How long connections that were cut may take to notice.
const FAREWELL: Duration = Duration::from_secs(1);

/// Done once, done for ever: asked while serving, and again while draining.
fn lasting(signal: impl Future<Output = ()> + Send + 'static) -> Signal {
    let mut waited_for = Some(Box::pin(signal));
    Box::pin(poll_fn(move |cx| {
        if let Some(signal) = &mut waited_for {
            ready!(signal.as_mut().poll(cx));
            waited_for = None;
        }
        Poll::Ready(())
    }))
}

/// Whichever is done first.
async fn either(one: impl Future, other: impl Future) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx| {
        if one.as_mut().poll(cx).is_ready() || other.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listeners", &self.listeners)
            .field("limits", &self.limits)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
