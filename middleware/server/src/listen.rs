//! TCP listeners: bound all or none, accepted from in turn.
//!
//! ```text
//! "localhost:8080" ──▶ [::1]:8080, 127.0.0.1:8080 ──▶ one accept for both
//! ```

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    io,
    net::{SocketAddr, TcpListener as StdListener},
    task::Poll,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::log;

/// How many connections the system keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// How long accepting rests when the system has no more descriptors or memory.
const RECOVERY: Duration = Duration::from_millis(500);

/// The listeners of one server.
#[derive(Debug)]
pub(crate) struct Listeners {
    all: Vec<TcpListener>,
    /// Which is asked first: a busy one must not starve the others.
    first: usize,
}

impl Listeners {
    pub(crate) fn bind(addrs: &[SocketAddr]) -> Result<Self, BindError> {
        if addrs.is_empty() {
            return Err(BindError { addr: None, source: io::Error::other("the name has no address") });
        }
        // Beside an IPv4 address an IPv6 one is for IPv6 only, or `0.0.0.0` and `[::]` would not go together.
        let only_v6 = addrs.iter().any(SocketAddr::is_ipv4);
        let bind_one = |&addr| {
            bind(addr, only_v6)
                .and_then(Self::listener)
                .map_err(|source| BindError { addr: Some(addr), source })
        };
        Ok(Self { all: addrs.iter().map(bind_one).collect::<Result<_, _>>()?, first: 0 })
    }

    pub(crate) fn from_std(listeners: impl IntoIterator<Item = StdListener>) -> io::Result<Self> {
        let all = listeners.into_iter().map(Self::listener).collect::<io::Result<_>>()?;
        Ok(Self { all, first: 0 })
    }

    fn listener(listener: StdListener) -> io::Result<TcpListener> {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    }

    pub(crate) fn local_addrs(&self) -> Vec<SocketAddr> {
        self.all.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// The next connection, from whichever has one. Errors are logged, and waited out where waiting helps.
    pub(crate) async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.accept_once().await {
                Ok(accepted) => return accepted,
                // It was gone before it was accepted: the next one may be waiting.
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    log::fault("server.accept", &error);
                    tokio::time::sleep(RECOVERY).await;
                }
            }
        }
    }

    async fn accept_once(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let count = self.all.len();
        self.first = (self.first + 1) % count.max(1);
        poll_fn(|cx| {
            for at in 0..count {
                if let Poll::Ready(accepted) = self.all[(self.first + at) % count].poll_accept(cx) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

fn bind(addr: SocketAddr, only_v6: bool) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() && only_v6 {
        socket.set_only_v6(true)?;
    }
    // Unix: a restart need not wait for the last connections' TIME_WAIT; two servers on one port still collide.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// An address that cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    addr: Option<SocketAddr>,
    source: io::Error,
}

impl BindError {
    /// Which; `None` when the name could not be resolved.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.addr
    }

    /// What the system says, such as `AddrInUse`.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    pub(crate) fn unresolved(source: io::Error) -> Self {
        Self { addr: None, source }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr {
            Some(addr) => write!(f, "cannot listen on {addr}: {}", self.source),
            None => write!(f, "cannot find out which address to listen on: {}", self.source),
        }
    }
}

impl Error for BindError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
