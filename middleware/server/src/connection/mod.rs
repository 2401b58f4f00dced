//! One connection from its first byte to its last.
//!
//! ```text
//! accept ── open: TLS, version ──▶ hyper HTTP/1 or HTTP/2 ── drive ──▶ over
//!           └──── one deadline over all of it ────┘           └ drain: no more requests · stop: cut
//! ```

mod drive;
mod io;
mod open;
mod pulse;
mod stall;
mod stream;
mod version;

pub(crate) use self::{
    open::{Door, Facts},
    pulse::Pulse,
    stall::{Noted, handed_over},
};

use std::{pin::pin, sync::Arc};

use bytes::Bytes;
use enfilade_core::ClientAddr;
use http::{Request, Response};
use http_body::Body;
use hyper::server::conn;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OwnedSemaphorePermit,
    time::Instant,
};
use tokio_util::task::TaskTracker;
use tower_service::Service;

use self::{
    drive::{End, drive},
    io::{Held, Watched},
    open::{Opened, open},
    pulse::{Spans, Watch},
    stall::{Spawn, Stall},
    version::Version,
};
use crate::{
    BoxError, RequestBody,
    drain::Drain,
    limits::{Limits, MAX_HEADER_LIST},
    log::{Causes, ClientFaults},
    stack::{self, Eager},
};

/// Smaller buffers than hyper's 400 KiB: a head that never ends costs so much, times all connections.
const BUFFER: usize = 64 << 10;

/// What every connection of a server shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) drain: Arc<Drain>,
    pub(crate) tasks: TaskTracker,
    pub(crate) faults: ClientFaults,
}

/// One connection that was accepted.
pub(crate) struct Accepted<IO> {
    pub(crate) io: IO,
    pub(crate) client: Option<ClientAddr>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// Serves a connection until it is over, and logs why when that was nobody's wish.
///
/// The service is made once it is known what the connection is.
pub(crate) async fn serve<IO, S, B>(
    accepted: Accepted<IO>,
    door: Door,
    service: impl FnOnce(Facts) -> stack::Door<S>,
    shared: Arc<Shared>,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let Accepted { io, client, pulse, permit } = accepted;
    let first = Instant::now() + shared.limits.head_timeout;
    let end = match open(io, &door, client, first, &shared.drain).await {
        Err(end) => end,
        Ok(Opened { stream, begun, version, facts }) => {
            // What the connection is upgraded to outlives its task, and is waited for and counted all the same.
            let held = Held { _permit: permit, _token: shared.tasks.token() };
            let io = TokioIo::new(Watched::new(stream, begun, pulse.clone(), held));
            let service = service(facts);
            let limits = &shared.limits;
            let http1 = version == Version::Http1;
            let spans = Spans { head: limits.head_timeout, idle: limits.idle_timeout, http1 };
            let watch = Watch::new(spans, first);
            let stall = Stall::new(limits.write_timeout);
            if http1 {
                let service = Eager::new(service);
                let conn = pin!(http1_builder(limits).serve_connection(io, service).with_upgrades());
                drive(conn, &pulse, watch, stall, &shared.drain).await
            } else {
                let executor =
                    Spawn { shared: shared.clone(), client: client.and_then(|client| client.ip()) };
                let conn = pin!(http2_builder(limits, executor).serve_connection(io, service));
                drive(conn, &pulse, watch, stall, &shared.drain).await
            }
        }
    };
    report(&end, client, &shared.faults);
}

fn http1_builder(limits: &Limits) -> conn::http1::Builder {
    let mut builder = conn::http1::Builder::new();
    // `max_headers` stays unset: setting it moves hyper's header array to the heap.
    builder
        .max_header_size(limits.max_header_size)
        .max_buf_size(BUFFER.max(limits.max_header_size))
        .header_read_timeout(None);
    builder
}

fn http2_builder(limits: &Limits, executor: Spawn) -> conn::http2::Builder<Spawn> {
    let mut builder = conn::http2::Builder::new(executor);
    let header_list = limits.max_header_size.min(MAX_HEADER_LIST);
    builder
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(u32::try_from(header_list).unwrap_or(u32::MAX));
    limits.http2.apply(&mut builder);
    builder
}

fn report(end: &End, client: Option<ClientAddr>, faults: &ClientFaults) {
    let client = client.and_then(|client| client.ip());
    match end {
        End::Over => {}
        End::TooSlow(what) => faults.report("http.timeout", client, what),
        #[cfg(feature = "tls")]
        End::NoHandshake(error) => faults.report("tls.handshake", client, &Causes(error)),
        End::Failed(error) => {
            let parse = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
            let code = if parse { "http.parse" } else { "http.connection" };
            faults.report(code, client, &Causes(&**error));
        }
    }
}
