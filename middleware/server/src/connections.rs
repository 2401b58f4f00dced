//! Connections from anywhere, served with the server's links and limits: what [`Server`](crate::Server) does after
//! it has accepted.
//!
//! ```text
//! Connections::new(limits) ── serve(io, client, app) ──▶ one future a connection
//!                          └─ drain · stop · done
//! ```
//!
//! A socket of a kind of your own, or a pipe in a test with virtual time:
//!
//! ```
//! use enfilade_server::{Connections, Limits};
//! use http::{Request, Response};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
//! use tower::service_fn;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let connections = Connections::new(Limits::default()).unwrap();
//! let app = service_fn(async |_: Request<_>| {
//!     Ok::<_, std::convert::Infallible>(Response::new("hello".to_owned()))
//! });
//! let (mut client, server) = duplex(1024);
//! tokio::spawn(connections.serve(server, None, app));
//!
//! client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
//! let mut answer = String::new();
//! client.read_to_string(&mut answer).await.unwrap();
//! assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"));
//! # }
//! ```

use std::sync::Arc;

use bytes::Bytes;
use enfilade_core::{ClientAddr, Clock, RenderRejections};
use http::{Request, Response};
use http_body::Body;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OwnedSemaphorePermit,
};
use tokio_util::task::TaskTracker;
use tower_service::Service;

#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::{
    BoxError, ConfigError, Limits, PathRules, RequestBody, RequestIds, SecurityHeaders, Trust,
    connection::{self, Accepted, Door, Pulse, Shared},
    drain::{Drain, Stage},
    log::ClientFaults,
    stack::Links,
};

/// Serves connections that something else accepts; clones are the same server. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Connections {
    shared: Arc<Shared>,
    links: Links,
    door: Door,
}

impl Connections {
    /// Connections with these limits; how many there may be is for whoever accepts them to say.
    ///
    /// # Errors
    ///
    /// When the limits cannot work.
    pub fn new(limits: Limits) -> Result<Self, ConfigError> {
        Self::with_clock(limits, Clock::system())
    }

    /// The same with the clock of the access log. Deadlines are tokio's, which tests can pause.
    ///
    /// # Errors
    ///
    /// When the limits cannot work.
    pub fn with_clock(limits: Limits, clock: Clock) -> Result<Self, ConfigError> {
        limits.check()?;
        let links = Links::new(&limits, clock.clone());
        let (drain, tasks, faults) = (Arc::<Drain>::default(), TaskTracker::new(), ClientFaults::new(clock));
        let shared = Arc::new(Shared { limits, drain, tasks, faults });
        Ok(Self { shared, links, door: Door::default() })
    }

    /// Tells refusals in another way, such as with pages of your own.
    #[must_use]
    pub fn with_renderer(mut self, render: RenderRejections) -> Self {
        self.links.render(render);
        self
    }

    /// Lets unusual paths in. Without it: none.
    #[must_use]
    pub fn with_paths(mut self, rules: PathRules) -> Self {
        rules.warn();
        self.links.paths(rules);
        self
    }

    /// Adds what a browser should know to every answer, refusals too. Without it: nothing.
    #[must_use]
    pub fn with_security_headers(mut self, headers: SecurityHeaders) -> Self {
        self.links.headers(headers);
        self
    }

    /// Names requests in another way, or believes others' traces. Client and peers are those of each connection.
    #[must_use]
    pub fn with_request_ids(mut self, ids: RequestIds) -> Self {
        self.links.ids(ids);
        self
    }

    /// Believes these peers when they speak for others, on connections of this clone; other clones believe whom they did.
    #[must_use]
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.door.trust = Some(trust);
        self
    }

    /// Begins connections of this clone with a TLS handshake; other clones keep their own ways.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.door.tls = Some(tls);
        self
    }

    /// The same server by another listener's rules.
    pub(crate) fn with_door(mut self, door: Door) -> Self {
        self.door = door;
        self
    }

    /// Serves one connection; `client` is who is at its other end.
    pub fn serve<IO, S, B>(
        &self,
        io: IO,
        client: Option<ClientAddr>,
        service: S,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Send,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.serve_permitted(io, client, service, None)
    }

    /// The same, holding a permit for as long as the socket lives.
    pub(crate) fn serve_permitted<IO, S, B>(
        &self,
        io: IO,
        client: Option<ClientAddr>,
        service: S,
        permit: Option<OwnedSemaphorePermit>,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Send,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let pulse = Arc::new(Pulse::default());
        let links = self.links.clone();
        let accepted = Accepted { io, client, pulse: pulse.clone(), permit };
        let stack = move |facts| links.around(service, facts, pulse);
        let connection = connection::serve(accepted, self.door.clone(), stack, self.shared.clone());
        self.shared.tasks.track_future(connection)
    }

    /// How many requests are being answered now.
    pub fn in_flight(&self) -> usize {
        self.links.in_flight()
    }

    /// Begins to drain: idle connections close, requests in flight end.
    pub fn drain(&self) {
        self.shared.drain.reach(Stage::Draining);
        self.shared.tasks.close();
    }

    /// Cuts every connection; `true` when there was one.
    pub fn stop(&self) -> bool {
        self.shared.drain.reach(Stage::Stopped);
        self.shared.tasks.close();
        !self.shared.tasks.is_empty()
    }

    /// Done when a drain or a stop has begun and every connection and stream is over.
    pub async fn done(&self) {
        self.shared.tasks.wait().await;
    }
}
